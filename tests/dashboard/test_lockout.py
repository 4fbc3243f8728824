"""The back-off after wrong passwords."""

from dashboard.lockout import LONGEST_WAIT_S, MOST_KEYS, Lockout


def fail(lockout: Lockout, times: int, now: float = 0.0, name: str = "li", at: str = "a") -> None:
    for _ in range(times):
        lockout.failed(name, at, now)


def test_each_further_failure_doubles_the_wait_up_to_a_limit() -> None:
    lockout = Lockout()
    fail(lockout, 4)
    assert lockout.wait("li", "a", 0) == 0
    waits = []
    for _ in range(8):
        fail(lockout, 1)
        waits.append(lockout.wait("li", "a", 0))
    assert waits[:5] == [30, 60, 120, 240, 480]
    assert waits[-1] == LONGEST_WAIT_S


def test_the_right_password_clears_the_name_at_that_address() -> None:
    lockout = Lockout()
    fail(lockout, 5)
    lockout.succeeded("li", "a")
    assert lockout.wait("li", "a", 0) == 0


def test_a_guard_is_not_locked_out_by_somebody_elses_few_mistakes() -> None:
    lockout = Lockout()
    fail(lockout, 10, at="other")
    assert lockout.wait("li", "a", 0) == 0
    assert lockout.wait("LI", "other", 0) > 0


def test_one_address_that_tries_many_names_waits() -> None:
    lockout = Lockout()
    for number in range(30):
        lockout.failed(f"name-{number}", "a", 0)
    assert lockout.wait("quite-new", "a", 0) > 0


def test_an_hour_later_all_is_forgotten() -> None:
    lockout = Lockout()
    fail(lockout, 9)
    assert lockout.wait("li", "a", 3601) == 0


def test_a_flood_of_names_does_not_fill_the_memory() -> None:
    lockout = Lockout()
    for number in range(MOST_KEYS):
        lockout.failed(f"name-{number}", f"address-{number}", 0)
    assert len(lockout._failures) <= MOST_KEYS
