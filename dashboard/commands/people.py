"""`campus user` and `campus token`: who may log in, and which programs may ask."""

import argparse
import contextlib
import getpass
import json
import os
import secrets
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dashboard.commands.place import add_place_options, workplace
from devices.service import Clock

if TYPE_CHECKING:
    from dashboard.records.accounts import Accounts

ROLES = ("viewer", "guard", "canteen", "maintainer", "admin")


def add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    user = verbs.add_parser("user", help="people who may log in").add_subparsers(
        dest="what", required=True, metavar="add|list|disable"
    )
    new = _verb(user, "add", run_user_add)
    new.add_argument("name")
    new.add_argument("--role", choices=ROLES, required=True)
    new.add_argument("--generate", action="store_true", help="make a password and print it once")
    _verb(user, "list", run_user_list)
    _verb(user, "disable", run_user_disable).add_argument("name")
    token = verbs.add_parser("token", help="programs that may ask the API").add_subparsers(
        dest="what", required=True, metavar="add|list|revoke"
    )
    new = _verb(token, "add", run_token_add)
    new.add_argument("name")
    new.add_argument("--role", choices=ROLES, required=True)
    _verb(token, "list", run_token_list)
    _verb(token, "revoke", run_token_revoke).add_argument("name")


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: object
) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name)
    add_place_options(verb)
    verb.add_argument("--json", action="store_true", help="JSON, for programs")
    verb.set_defaults(run=run, demo=True)
    return verb


def _told(args: argparse.Namespace, deed: str, about: str) -> None:
    """Into the trail, by the name of this machine's account."""
    from dashboard.records.trail import Did, Trail

    place = workplace(args)
    days = place.site.records.trail_days
    with contextlib.closing(Trail(place.register, Clock.from_environment(), days)) as trail:
        trail.note(f"命令行 campus（{_account()}）", Did(deed), about)


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


@contextlib.contextmanager
def _accounts(args: argparse.Namespace) -> "Iterator[Accounts]":
    from dashboard.records.accounts import Accounts

    with contextlib.closing(Accounts(workplace(args).register)) as accounts:
        yield accounts


def _new_password(generate: bool) -> str:
    """From the terminal, from standard input, or made here; never from the command line."""
    if generate:
        return secrets.token_urlsafe(12)
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\n")


def run_user_add(args: argparse.Namespace) -> None:
    password = _new_password(args.generate)
    with _accounts(args) as accounts:
        accounts.add_user(args.name, password, args.role)
    _told(args, "user", f"{args.name} + {args.role}")
    shown = {"password": password} if args.generate else {}
    if args.json:
        print(json.dumps({"name": args.name, "role": args.role, **shown}))
    else:
        print(
            f"{args.name} may log in as {args.role}."
            + "".join(f" Password: {p}" for p in shown.values())
        )


def run_user_list(args: argparse.Namespace) -> None:
    with _accounts(args) as accounts:
        rows = [
            {"name": user.name, "role": str(user.role), "disabled": user.disabled}
            for user in accounts.list_users()
        ]
    _print_rows(rows, args.json)


def run_user_disable(args: argparse.Namespace) -> None:
    with _accounts(args) as accounts:
        accounts.disable_user(args.name)
    _told(args, "user", f"{args.name} disable")
    print(
        json.dumps({"name": args.name, "disabled": True})
        if args.json
        else f"{args.name} may not log in any more."
    )


def run_token_add(args: argparse.Namespace) -> None:
    with _accounts(args) as accounts:
        secret = accounts.add_token(args.name, args.role)
    _told(args, "token", f"{args.name} + {args.role}")
    if args.json:
        print(json.dumps({"name": args.name, "role": args.role, "token": secret}))
    else:
        print(f"Token {args.name} ({args.role}), shown once: {secret}")


def run_token_list(args: argparse.Namespace) -> None:
    with _accounts(args) as accounts:
        rows = [
            {"name": token.name, "role": str(token.role), "revoked": token.revoked}
            for token in accounts.tokens()
        ]
    _print_rows(rows, args.json)


def run_token_revoke(args: argparse.Namespace) -> None:
    with _accounts(args) as accounts:
        accounts.revoke_token(args.name)
    _told(args, "token", f"{args.name} revoke")
    print(
        json.dumps({"name": args.name, "revoked": True})
        if args.json
        else f"Token {args.name} is revoked."
    )


def _print_rows(rows: list[dict[str, object]], as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        marks = [key for key, value in row.items() if value is True]
        print(f"  {row['name']!s:24} {row['role']!s:12} {' '.join(marks)}")
