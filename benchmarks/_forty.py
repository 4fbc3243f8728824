"""`campus node` on a bench of mock hardware, all in one process: 40 points, one sample a second.

What is measured is the command itself; before it starts, the bench takes the place of the pins.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from devices.service import Clock
from devices.simulation.bench import Bench

NODE = "forty-pi"
CONTACTS = (2, 3, 4, 5, 6, 12, 13, 14, 15, 16, 17, 24)
BUTTONS = (18, 19)
READER = (20, 21)
BEACON = (22, 23)
PROBES = 8
CHANNELS = [(chip, channel) for chip in (0, 1) for channel in range(8)]


def _point(name: str, kind: str, driver: str, options: str) -> str:
    return (
        f'  {{ id = "forty/{name}", kind = "{kind}", node = "{NODE}", room = "class-1",'
        f' name = "{name}", driver = "{driver}", period = 1, options = {{ {options} }} }},\n'
    )


def points() -> str:
    """The lines of 40 points for the list `point` of a site file."""
    rows = [_point(f"contact-{n}", "contact", "contact", f"gpio = {n}") for n in CONTACTS]
    rows += [_point(f"button-{n}", "panic", "button", f"gpio = {n}") for n in BUTTONS]
    rows += [_point("reader", "access", "wiegand", f"d0 = {READER[0]}, d1 = {READER[1]}")]
    rows += [_point("beacon", "beacon", "beacon", f"lamp = {BEACON[0]}, buzzer = {BEACON[1]}")]
    rows += [
        _point(f"probe-{n}", "temperature-cold", "onewire", f'address = "{probe(n)}"')
        for n in range(PROBES)
    ]
    for chip, channel in CHANNELS:
        options = f"chip = {chip}, channel = {channel}, low = 0.0, high = 100.0"
        rows.append(_point(f"analog-{chip}-{channel}", "humidity", "analog", options))
    return "".join(rows)


def probe(number: int) -> str:
    """The address of a 1-Wire sensor of the bench."""
    return f"28-0000000000{number:02x}"


def main() -> None:
    """SITE_FILE DATA_FOLDER: runs the node until SIGTERM."""
    site_file, data = sys.argv[1:3]
    bench = Bench(Path(data), Clock())
    bench.install("a key of the benchmark", "")
    for gpio in (*CONTACTS, *BUTTONS, *READER):
        bench.set_pin(gpio, gpio in BUTTONS or gpio in READER)
    for number in range(PROBES):
        bench.show_temperature(probe(number), 4.0 + number / 16)
    for chip, channel in CHANNELS:
        bench.set_channel(chip, channel, 400 + 8 * channel)

    from dashboard.cli import main as campus

    sys.exit(campus(["node", NODE, "--config", site_file, "--data", data]))


if __name__ == "__main__":
    main()
