"""A real PostgreSQL from Debian's package, in a temporary folder, on a free loopback port."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port
from tests.support.waiting import eventually


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert found, "these tests need Debian's package postgresql: run make packages"
    return found[-1].parent


def _owner() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root, so root lends it to the package's own user."""
    return pwd.getpwnam("postgres") if os.getuid() == 0 else None


def _run(words: Sequence[str | Path], **more: object) -> "subprocess.Popen[bytes]":
    owner = _owner()
    identity = {"user": owner.pw_uid, "group": owner.pw_gid} if owner else {}
    return subprocess.Popen(
        [str(word) for word in words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        cwd="/", **identity, **more,  # type: ignore[arg-type,call-overload]
    )  # fmt: skip


@contextmanager
def running_postgres() -> Iterator[str]:
    """The SQLAlchemy address of a server with an empty database."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    if (owner := _owner()) is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    programs, data, port = _programs(), folder / "data", free_port()
    made = _run([programs / "initdb", "-D", data, "-U", "campus", "-A", "trust", "-E", "UTF8",
                 "--no-sync"])  # fmt: skip
    assert made.wait(60) == 0, "initdb failed"
    server = _run(
        [programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder]
    )
    try:
        ready = [str(programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-q"]
        eventually(lambda: subprocess.run(ready, check=False).returncode == 0, within=30)
        yield f"postgresql+psycopg://campus@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)  # a fast shutdown
        server.wait(30)
        shutil.rmtree(folder)
