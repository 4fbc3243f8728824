"""A node's own count of time, over boots without a clock, jumps and a server that knows better."""

from datetime import UTC, datetime, timedelta

from collectors.timekeeping import Timekeeper, duration
from devices.model import ClockState

TRUE = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
SET, UNSET = ClockState.SYNCED, ClockState.UNSYNCED


class Machine:
    """A machine whose wall clock is `off` by some time, and its node's count."""

    def __init__(self, kernel: ClockState, off: timedelta = timedelta(), floor: datetime = TRUE):
        self.mono, self.off, self.kernel = 1000.0, off, kernel
        self.keeper = Timekeeper(self.wall, self.mono, kernel, floor - timedelta(days=1))

    @property
    def true(self) -> datetime:
        return TRUE + timedelta(seconds=self.mono - 1000)

    @property
    def wall(self) -> datetime:
        return self.true + self.off

    def passes(self, seconds: float) -> bool:
        self.mono += seconds
        return self.keeper.look(self.wall, self.mono, self.kernel)

    @property
    def error(self) -> timedelta:
        return self.keeper.at(self.mono) - self.true

    @property
    def state(self) -> ClockState:
        return self.keeper.state(self.mono)

    def reasons(self) -> list[str]:
        return [fault.reason for fault in self.keeper.faults(self.mono)]


def test_a_clock_that_ntp_holds_is_followed_through_small_steps() -> None:
    pi = Machine(SET)
    for off in (0.0, 0.004, -0.3, 2.0):
        pi.off = timedelta(seconds=off)
        assert not pi.passes(1)
        assert abs(pi.error - pi.off) <= timedelta(milliseconds=5)
        assert (pi.state, pi.reasons()) == (SET, [])


def test_after_a_power_cut_it_counts_on_from_the_newest_time_it_knows() -> None:
    pi = Machine(UNSET, off=-YEAR)
    assert pi.keeper.at(pi.mono) == TRUE - timedelta(days=1)
    assert pi.state is UNSET
    assert not pi.passes(30)
    assert pi.keeper.at(pi.mono) == TRUE - timedelta(days=1) + timedelta(seconds=30)


def test_when_ntp_sets_the_clock_the_count_is_right_and_what_was_taken_is_to_be_mended() -> None:
    pi = Machine(UNSET, off=-YEAR)
    pi.passes(30)
    pi.off, pi.kernel = timedelta(), SET
    assert pi.passes(1)
    assert pi.error == timedelta()
    assert (pi.state, pi.reasons()) == (SET, [])
    assert not pi.passes(1)


def test_a_jump_of_a_year_forward_and_back_changes_nothing_but_is_told() -> None:
    pi = Machine(SET)
    pi.off = YEAR
    pi.passes(1)
    assert pi.error == timedelta()
    assert pi.state is UNSET
    (fault,) = pi.keeper.faults(pi.mono)
    assert fault.reason == "clock-jumped"
    assert "put forward by 365 d at 2026-11-24 02:00 UTC" in fault.text
    pi.passes(100)
    assert pi.error == timedelta()
    pi.off = timedelta()
    assert pi.passes(1), "what was marked meanwhile is sure now"
    assert (pi.error, pi.state) == (timedelta(), SET)
    assert "it is clear again" in pi.keeper.faults(pi.mono)[0].text
    pi.passes(3700)
    assert pi.reasons() == []


def test_a_clock_set_by_hand_without_ntp_is_not_believed() -> None:
    pi = Machine(SET)
    pi.kernel, pi.off = UNSET, -timedelta(hours=3)
    pi.passes(1)
    assert (pi.error, pi.state, pi.reasons()) == (timedelta(), UNSET, ["clock-jumped"])


def test_a_jump_that_ntp_holds_to_for_ten_minutes_is_believed() -> None:
    pi = Machine(SET)
    pi.off = timedelta(hours=2)
    pi.passes(1)
    assert not pi.passes(590)
    assert pi.passes(15)
    assert (pi.error, pi.state) == (timedelta(hours=2), SET)


def test_the_server_says_which_is_right_after_a_jump() -> None:
    stayed, moved = Machine(SET), Machine(SET)
    for pi in (stayed, moved):
        pi.off = timedelta(hours=2)
        pi.passes(1)
    assert stayed.keeper.server_says(stayed.true, stayed.mono)
    assert (stayed.error, stayed.state) == (timedelta(), SET)
    stayed.passes(700)
    assert stayed.error == timedelta(), "the server's word counts more than patience"
    assert moved.keeper.server_says(moved.wall, moved.mono)
    assert (moved.error, moved.state) == (timedelta(hours=2), SET)


def test_the_server_sets_the_time_of_a_node_that_no_ntp_reaches() -> None:
    pi = Machine(UNSET, off=-YEAR)
    pi.passes(10)
    assert pi.keeper.server_says(pi.true, pi.mono)
    assert (pi.error, pi.state) == (timedelta(), SET)
    pi.passes(3500)
    assert pi.state is SET
    pi.passes(200)
    assert pi.state is UNSET, "what the server said an hour ago is no comparison any more"
    assert pi.error == timedelta()


def test_an_offset_to_the_server_over_5_s_is_told_and_over_60_s_not_believed() -> None:
    pi = Machine(SET)
    pi.keeper.server_says(pi.true - timedelta(seconds=4), pi.mono)
    assert (pi.state, pi.reasons()) == (SET, [])
    pi.keeper.server_says(pi.true - timedelta(seconds=12), pi.mono)
    assert (pi.state, pi.reasons()) == (SET, ["clock-offset"])
    assert "12 s apart" in pi.keeper.faults(pi.mono)[0].text
    pi.keeper.server_says(pi.true - timedelta(seconds=61), pi.mono)
    assert (pi.state, pi.reasons()) == (UNSET, ["clock-offset"])
    assert pi.error == timedelta()


def test_lengths_of_time_are_told_in_words() -> None:
    spans = (12_000, -65_000, 3_900_000, 86_400_000, 31_536_000_000, 90_000_000)
    assert [duration(span) for span in spans] == [
        "12 s", "1 min 5 s", "1 h 5 min", "1 d", "365 d", "1 d 1 h",
    ]  # fmt: skip
