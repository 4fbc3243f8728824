"""Every row of the recorded vectors gives the right reading, or a refusal with its reason."""

import json
from typing import Any

import pytest

from collectors.vitals import UNKNOWN, throttled
from devices.drivers import onewire, sht3x, wiegand
from tests.support.outside import DATA

VECTORS = DATA / "sensors" / "vectors.jsonl"
ROWS: list[dict[str, Any]] = (
    [json.loads(line) for line in VECTORS.read_text("utf-8").splitlines()]
    if VECTORS.exists()
    else []
)


def w1_slave(row: dict[str, Any]) -> None:
    text = f"{row['bytes']} : crc={row['bytes'][-2:]} {row['flag']}\n{row['bytes']} t={row['t']}\n"
    if not row["crc_ok"]:
        with pytest.raises(ValueError, match=f"checksum {row['crc_calc']} is not"):
            onewire.scratchpad(text)
    elif set(row["bytes"]) == {"0", " "}:
        with pytest.raises(ValueError, match="all bytes are zero"):
            onewire.scratchpad(text)
    else:
        assert onewire.celsius(onewire.scratchpad(text)) == row["decoded_12bit"]


def wiegand26(row: dict[str, Any]) -> None:
    card = wiegand.decode(row["bits"])
    assert (card.facility, card.serial) == (row["fc"], row["cn"])


def sht(row: dict[str, Any]) -> None:
    frame = bytes.fromhex(row["frame"])
    if "temp" in row:
        warm, damp = sht3x.decode(frame)
        assert (round(warm, 2), round(damp, 2)) == (row["temp"], row["rh"])
    else:
        with pytest.raises(ValueError, match="checksum"):
            sht3x.word(frame + bytes.fromhex(row["crc_not"]))


def vcgencmd(row: dict[str, Any]) -> None:
    key, _, field = row["text"].partition("=")
    assert throttled(row["text"]) == (field if key == "throttled" and field else UNKNOWN)


FAMILIES = {
    "ds18b20_w1_slave": w1_slave, "wiegand26": wiegand26, "sht3x": sht, "vcgencmd": vcgencmd,
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[f"{n}-{row['kind']}" for n, row in enumerate(ROWS)])
def test_a_recorded_row_is_read_or_refused(row: dict[str, Any]) -> None:
    FAMILIES[row["kind"]](row)
