"""Secrets that the plan and the site file name: by environment or file, never in them."""

import os
from pathlib import Path

from devices.errors import CampusError


class SecretMissing(CampusError):
    """Names the variable or file and never what is in it."""


def reveal(secret: str, folder: Path) -> str:
    """What `env:NAME` or `file:PATH` holds; a relative path counts from `folder`.

    Raises SecretMissing.
    """
    what, _, name = secret.partition(":")
    if what == "env":
        found = os.environ.get(name, "").strip()
        if not found:
            raise SecretMissing(
                f"the environment variable {name} is empty: set it for this service"
            )
        return found
    path = folder / Path(name).expanduser()
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretMissing(f"the secret in {path} cannot be read ({error}): write it there") from (
            error
        )
    if not found:
        raise SecretMissing(f"{path} is empty: write the secret into it")
    return found
