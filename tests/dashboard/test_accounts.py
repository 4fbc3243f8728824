"""The register: users, sessions and tokens outlive a restart, and only hashes are kept."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from alerts.database import RecordsError
from dashboard.records.accounts import AccountError, Accounts
from dashboard.roles import Role
from tests.support.clock import FakeClock

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def accounts(tmp_path: Path, clock: FakeClock) -> Iterator[Accounts]:
    with closing(Accounts(f"sqlite:///{tmp_path / 'register.db'}", clock, CHEAP)) as accounts:
        yield accounts


def test_users_and_tokens_are_there_after_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'register.db'}"
    with closing(Accounts(url, hasher=CHEAP)) as first:
        first.add_user("li", "secret-pass", Role.GUARD, "李师傅")
        token = first.add_token("wall", Role.VIEWER)
    with closing(Accounts(url, hasher=CHEAP)) as second:
        user = second.check_password("li", "secret-pass")
        assert user is not None and user.shown == "李师傅" and user.role is Role.GUARD
        found = second.check_token(token)
        assert found is not None and found.role is Role.VIEWER


def test_no_secret_stands_in_the_file(tmp_path: Path, accounts: Accounts) -> None:
    user = accounts.add_user("li", "secret-pass", Role.GUARD)
    session, token = accounts.open_session(user), accounts.add_token("wall", Role.VIEWER)
    accounts.close()
    everything = b"".join(file.read_bytes() for file in tmp_path.glob("register.db*"))
    for secret in ("secret-pass", session, token.split("_", 2)[2]):
        assert secret.encode() not in everything


@pytest.mark.parametrize(
    "wrong",
    ["", "campus", "campus_", "campus_1", "campus_1_", "campus_x_y", "campus_999_abc", "_1_",
     "campus_1_x" * 50, "campus_١_abc"],
)  # fmt: skip
def test_a_token_that_is_empty_cut_or_made_up_is_refused(accounts: Accounts, wrong: str) -> None:
    token = accounts.add_token("wall", Role.VIEWER)
    assert accounts.check_token(wrong) is None
    assert accounts.check_token(token[:-1]) is None
    assert accounts.check_token(token + "x") is None
    assert accounts.check_token(token) is not None


@pytest.mark.parametrize(
    ("name", "password", "role", "said"),
    [("", "long-enough", "viewer", "user name"), ("a b", "long-enough", "viewer", "user name"),
     ("li", "short", "viewer", "password"), ("li", "x" * 300, "viewer", "password"),
     ("li", "long-enough", "boss", "no role"), ("taken", "long-enough", "viewer", "already")],
)  # fmt: skip
def test_a_user_that_cannot_be_made_is_refused_with_the_reason(
    accounts: Accounts, name: str, password: str, role: str, said: str
) -> None:
    accounts.add_user("taken", "long-enough", "viewer")
    with pytest.raises(AccountError, match=said):
        accounts.add_user(name, password, role)
    assert [user.name for user in accounts.list_users()] == ["taken"]


def test_a_new_password_ends_every_session(accounts: Accounts) -> None:
    user = accounts.add_user("li", "secret-pass", "guard")
    session = accounts.open_session(user)
    accounts.set_password("li", "another-pass")
    assert accounts.session_user(session) is None
    assert accounts.check_password("li", "secret-pass") is None
    assert accounts.check_password("li", "another-pass") is not None


def test_unknown_names_are_named_in_the_error(accounts: Accounts) -> None:
    with pytest.raises(AccountError, match="'wang'"):
        accounts.disable_user("wang")
    with pytest.raises(AccountError, match="'wall'"):
        accounts.revoke_token("wall")


def test_the_command_line_may_write_while_the_dashboard_runs(
    tmp_path: Path, accounts: Accounts
) -> None:
    with closing(Accounts(f"sqlite:///{tmp_path / 'register.db'}", hasher=CHEAP)) as other:
        other.add_user("li", "secret-pass", "guard")
    assert accounts.check_password("li", "secret-pass") is not None


@pytest.mark.parametrize("url", ["nonsense", "mysteries://x/y", "sqlite:////no/such/folder/r.db"])
def test_a_register_that_cannot_be_opened_says_what_to_do(url: str) -> None:
    with pytest.raises(RecordsError, match=r"use sqlite|folder can be written"):
        Accounts(url)
