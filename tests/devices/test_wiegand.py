"""Badge readers: frames from pulses, cards as tokens, and the list of those that may pass."""

import hashlib
import hmac
from pathlib import Path
from random import Random
from typing import Any

import pytest

from devices.drivers.cards import AllowList, card_token
from devices.drivers.frames import Assembler, Card, Edge, Lines, Pulse, Reject, parse
from devices.drivers.wiegand import decode
from devices.errors import DeviceError
from devices.service import Clock
from devices.simulation.parts import frame_bits
from tests.support.bench import KEY, Lab, Told, driver_for, point_for
from tests.support.outside import sensor_vectors
from tests.support.waiting import eventually

D0, D1 = 23, 24
VECTORS = sensor_vectors("wiegand26")
FASTEST = (220e-6, 300e-6)
"""Seconds between the pulses of the fastest legal reader: 20 µs low, then 200 µs, with jitter."""


def card(number: int) -> Card:
    return Card(26, number)


def bits(text: str) -> list[int]:
    return [int(bit) for bit in text]


def token(number: int) -> str:
    return card_token(KEY.encode(), card(number))


@pytest.fixture(autouse=True)
def calm_lines(lab: Lab) -> None:
    for gpio in (D0, D1):
        lab.bench.set_pin(gpio, True)


@pytest.mark.parametrize("row", VECTORS, ids=[row["bits"] for row in VECTORS])
def test_each_recorded_frame_gives_its_facility_and_card(row: dict[str, Any]) -> None:
    found = parse(bits(row["bits"]))
    assert isinstance(found, Card)
    assert (found.facility, found.serial) == (row["fc"], row["cn"])
    assert frame_bits(found) == row["bits"]


def test_the_frame_of_the_safety_notes_is_facility_90_card_324() -> None:
    found = parse(bits("00101101000000001010001000"))
    assert isinstance(found, Card)
    assert (found.facility, found.serial) == (90, 324)


def test_a_34_bit_frame_is_read_too() -> None:
    found = parse(bits(frame_bits(Card(34, 0xDEADBEEF))))
    assert found == Card(34, 0xDEADBEEF)


@pytest.mark.parametrize("row", VECTORS, ids=[row["bits"] for row in VECTORS])
def test_any_single_wrong_bit_is_refused(row: dict[str, Any]) -> None:
    for place in range(26):
        wrong = bits(row["bits"])
        wrong[place] ^= 1
        assert parse(wrong) == Reject("parity", 26)


@pytest.mark.parametrize("length", [1, 4, 25, 27, 32, 33, 35, 37])
def test_any_other_length_is_refused(length: int) -> None:
    assert parse([0] * length) == Reject("length", length)


def test_silence_ends_a_frame_also_within_one_batch_of_pulses() -> None:
    assembler = Assembler()
    pulses = []
    for start, number in ((1.0, 1), (1.05, 2)):
        frame = bits(frame_bits(card(number)))
        pulses += [Pulse(start + n * 0.0005, bit) for n, bit in enumerate(frame)]
    found = [*assembler.add(pulses), *assembler.end()]
    assert found == [card(1), card(2)]


def test_noise_without_a_pause_is_one_refusal_and_bounded() -> None:
    assembler = Assembler()
    noise = [Pulse(n * 0.0001, n & 1) for n in range(100_000)]
    found = [*assembler.add(noise), *assembler.end()]
    assert found == [Reject("length", 100_000)]
    assert not assembler.waiting


LOW_S = 20e-6
"""The shortest legal pulse, of 20 to 100 µs; its gap is 0.2 to 20 ms (safety notes §7)."""


class Line:
    """A reader whose pulses carry stamps of their own, so that seconds pass at once."""

    def __init__(self, lab: Lab, random: Random) -> None:
        self._bench = lab.bench
        self._random = random
        self.at = Clock().monotonic()

    def frame(self, text: str) -> None:
        """A frame, then silence; `x` in place of a bit pulls both lines low at once."""
        self.run(text)
        self.at += self._random.uniform(0.026, 0.06)

    def run(self, text: str) -> None:
        """Pulses at the fastest legal timing, with jitter, and no silence after them."""
        for bit in text:
            lines = {"0": (D0,), "1": (D1,), "x": (D0, D1)}[bit]
            for gpio in lines:
                self._bench.edge(gpio, False, self.at)
            for gpio in lines:
                self._bench.edge(gpio, True, self.at + LOW_S)
            self.at += self._random.uniform(*FASTEST)


def rejects_of(driver: Any) -> dict[str, int]:
    return dict(driver.rejects)


def test_10000_cards_at_the_fastest_timing_with_jitter_and_noise_and_none_is_wrong(
    lab: Lab,
) -> None:
    """Between a tenth of the frames a cable picks something up: a spike, a burst, both lines."""
    random = Random(20261125)
    numbers = random.sample(range(1 << 24), 10_000)
    driver, told = lab.open("wiegand")
    line, noises = Line(lab, random), 0
    for number in numbers:
        line.frame(frame_bits(card(number)))
        if random.random() < 0.1:
            noises += 1
            burst = random.choices("01x", k=random.randrange(1, 20))
            line.frame("".join(burst))
    eventually(lambda: len(told.samples) >= len(numbers), within=60, what="all cards")
    eventually(lambda: sum(rejects_of(driver).values()) >= noises, what="all noise")
    assert [sample.detail["card"] for sample in told.samples] == [token(n) for n in numbers]
    assert sum(rejects_of(driver).values()) == noises
    assert set(rejects_of(driver)) == {"length", "overlap"}


def broken(text: str, how: str, random: Random) -> str:
    """A frame with one fault; the pulses of it, as they come down the lines."""
    place = random.randrange(len(text))
    match how:
        case "wrong bit":
            return text[:place] + ("0" if text[place] == "1" else "1") + text[place + 1 :]
        case "missing bit":
            return text[:place] + text[place + 1 :]
        case "extra bit":
            return text[:place] + random.choice("01") + text[place:]
        case "both lines at once":
            return text[:place] + "x" + text[place + 1 :]
        case "run together":
            return text + frame_bits(card(random.randrange(1 << 24)))
    raise AssertionError(how)


FAULTS = {
    "wrong bit": "parity", "missing bit": "length", "extra bit": "length",
    "both lines at once": "overlap", "run together": "length",
}  # fmt: skip


@pytest.mark.parametrize("length", [26, 34])
@pytest.mark.parametrize(("how", "reason"), FAULTS.items(), ids=list(FAULTS))
def test_a_frame_with_a_fault_among_good_ones_is_counted_and_never_guessed(
    lab: Lab, how: str, reason: str, length: int
) -> None:
    random = Random(f"{how} {length}")
    driver, told = lab.open("wiegand")
    line, good, refused = Line(lab, random), [], 0
    for number in random.sample(range(1 << 24), 400):
        whole = Card(length, number)
        if random.random() < 0.5:
            good.append(card_token(KEY.encode(), whole))
            line.frame(frame_bits(whole))
        else:
            refused += 1
            line.frame(broken(frame_bits(whole), how, random))
    eventually(lambda: sum(rejects_of(driver).values()) >= refused, what="all refusals")
    eventually(lambda: len(told.samples) >= len(good), what="all good cards")
    assert [sample.detail["card"] for sample in told.samples] == good
    assert rejects_of(driver) == {reason: refused}
    assert "no cards" in driver.health()
    assert f"{refused} by {reason}" in driver.health()


def test_noise_before_a_frame_spoils_that_frame_and_no_other(lab: Lab) -> None:
    driver, told = lab.open("wiegand")
    line = Line(lab, Random(9))
    line.frame(frame_bits(card(1)))
    line.run("1")
    line.at += 0.01
    line.frame(frame_bits(card(2)))
    line.frame(frame_bits(card(3)))
    eventually(lambda: len(told.samples) >= 2)
    assert [sample.detail["card"] for sample in told.samples] == [token(1), token(3)]
    assert rejects_of(driver) == {"length": 1}


def test_a_reader_of_one_length_never_takes_noise_and_a_frame_for_the_other(lab: Lab) -> None:
    """Eight pulses before a 26-bit frame have the length of a 34-bit one, and may its parity."""
    driver, told = lab.open("wiegand", bits="26")
    line = Line(lab, Random(10))
    for number in range(200):
        line.frame(f"{number:08b}" + frame_bits(card(number)))
    eventually(lambda: sum(rejects_of(driver).values()) >= 200)
    assert told.samples == []


def test_a_rise_that_was_never_seen_does_not_spoil_the_next_frame() -> None:
    lines = Lines()
    assert lines.pulses([Edge(1.0, 0, False)]) == [Pulse(1.0, 0)]
    assert lines.pulses([Edge(1.0005, 1, False)]) == [Pulse(1.0005, 1)]


def test_edges_of_the_same_moment_are_ordered_and_overlaps_seen_over_batches() -> None:
    lines = Lines()
    assert lines.pulses([Edge(1.0, 0, False)]) == [Pulse(1.0, 0)]
    assert lines.pulses([Edge(1.00001, 1, False)]) == [Pulse(1.00001, 1, alone=False)]
    handed_over = [Edge(2.0001, 1, False), Edge(2.0001, 0, True), Edge(2.0, 0, False)]
    assert Lines().pulses(handed_over) == [Pulse(2.0, 0), Pulse(2.0001, 1)]


def test_decode_gives_the_card_or_the_reason() -> None:
    found = decode("00101101000000001010001000")
    assert (found.facility, found.serial, found.length) == (90, 324, 26)
    with pytest.raises(ValueError, match="25 bits are no frame"):
        decode("0" * 25)
    with pytest.raises(ValueError, match="parity is wrong"):
        decode("10101101000000001010001000")
    with pytest.raises(ValueError, match="bits 0 and 1"):
        decode("0010110100000000101000100x")


def test_a_card_is_granted_denied_or_unknown_by_the_list(lab: Lab) -> None:
    lab.allowed.write_text(f"# pupils\n{token(1)}\n{token(2)} denied  # lost\n")
    _, told = lab.open("wiegand", direction="out")
    for number in (1, 2, 3):
        lab.bench.pulse(D0, D1, frame_bits(card(number)))
    told.eventually("granted", "denied", "unknown")
    assert told.samples[0].detail == {"card": token(1), "direction": "out"}


def test_a_changed_list_counts_from_the_next_card(lab: Lab) -> None:
    _, told = lab.open("wiegand")
    lab.bench.pulse(D0, D1, frame_bits(card(1)))
    told.eventually("unknown")
    lab.allowed.write_text(f"{token(2)}\n")
    lab.bench.pulse(D0, D1, frame_bits(card(2)))
    told.eventually("unknown", "granted")


def test_a_list_that_is_gone_lets_nobody_pass_and_is_told(lab: Lab) -> None:
    lab.allowed.write_text(f"{token(1)}\n")
    driver, told = lab.open("wiegand")
    lab.allowed.unlink()
    lab.bench.pulse(D0, D1, frame_bits(card(1)))
    told.eventually("unknown")
    assert "list of cards cannot be read" in driver.health()


def test_the_same_card_again_within_two_seconds_is_told_once(lab: Lab) -> None:
    _, told = lab.open("wiegand")
    clock, times = Clock(), list[float]()

    def hold_it_there() -> bool:
        lab.bench.pulse(D0, D1, frame_bits(card(7)))
        if len(told.values) > len(times):
            times.append(clock.monotonic())
        return len(times) == 2

    eventually(hold_it_there, within=10)
    assert times[1] - times[0] > 1.8


def test_a_token_is_a_keyed_hash_and_shows_no_number() -> None:
    message = b"wiegand26:65537"
    wanted = hmac.new(KEY.encode(), message, hashlib.sha256).hexdigest()[:32]
    assert token(65537) == f"h:{wanted}"
    assert card_token(b"another key of a term", card(65537)) != token(65537)
    assert "65537" not in repr(card(65537))


def test_the_key_may_stand_in_a_file(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    monkeypatch.delenv("CAMPUS_CARD_KEY")
    monkeypatch.setenv("CAMPUS_CARD_KEY_FILE", str(file))
    _, told = lab.open("wiegand")
    lab.bench.pulse(D0, D1, frame_bits(card(1)))
    told.eventually("unknown")
    assert told.samples[0].detail["card"] == token(1)


@pytest.mark.parametrize("key", ["", "short"])
def test_a_missing_or_short_key_is_refused_with_the_remedy(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("CAMPUS_CARD_KEY", key)
    with pytest.raises(DeviceError, match="set CAMPUS_CARD_KEY_FILE"):
        driver_for(point_for("wiegand")).start(Told())


def test_without_a_list_every_card_is_unknown() -> None:
    assert AllowList(None).verdict(token(1)) == "unknown"


def test_an_absent_list_at_start_is_named(lab: Lab) -> None:
    driver = driver_for(point_for("wiegand", allow_file="/nowhere/cards.txt"))
    with pytest.raises(DeviceError, match=r"/nowhere/cards\.txt cannot be read"):
        driver.start(Told())


def test_a_half_opened_reader_gives_its_pin_back(lab: Lab) -> None:
    lab.open("button", gpio=D1)
    reader = driver_for(point_for("wiegand"))
    with pytest.raises(DeviceError, match=f"GPIO{D1}"):
        reader.start(Told())
    lab.open("contact", gpio=D0)
