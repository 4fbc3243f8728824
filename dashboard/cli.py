"""The `campus` command: reads the words, then hands over to the verb's own module."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from dashboard.commands import (
    backup,
    bridge,
    doctor,
    exporting,
    faults,
    nodes,
    people,
    plan,
    replay,
    services,
    simulate,
    site,
    up,
)
from devices.errors import CampusError, ConfigError

EXIT_TROUBLE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

VERBS = (
    up,
    services,
    site,
    doctor,
    plan,
    nodes,
    people,
    replay,
    simulate,
    bridge,
    faults,
    exporting,
    backup,
)
"""The modules of the verbs; they import what does the work only when it is asked for."""


def parser() -> argparse.ArgumentParser:
    """Every verb with its options; the documentation is held to it by a test."""
    top = argparse.ArgumentParser(prog="campus", description="A school's facilities monitor.")
    top.add_argument("--verbose", action="store_true", help="log details too")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for module in VERBS:
        module.add(verbs)
    return top


def main(words: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 trouble in the running system, 2 mistake in configuration or words."""
    args = parser().parse_args(words)
    logging.basicConfig(
        level=logging.DEBUG if args.verbose else logging.INFO,
        format="%(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        return int(args.run(args) or 0)
    except ConfigError as error:
        count = len(error.problems)
        print(f"{count} mistake{'s' if count > 1 else ''} in the configuration:", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        return EXIT_USAGE
    except BrokenPipeError:
        # Whoever read us, such as head, has seen enough; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except CampusError as error:
        print(f"campus {args.verb}: {error}", file=sys.stderr)
        return EXIT_TROUBLE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
