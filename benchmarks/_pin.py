"""A node on mock pins in a process of its own, whose gate opens and closes at a steady rate.

Reads, one a line, how many edges to make; prints, one a line, when each was settled: the monotonic
clock in ns, which all processes of a machine share. The contact's settling time itself (1 ms here,
50 and 500 ms at a school) is no latency of ours and is left out.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from collectors.mqtt import connect_to
from collectors.node import NodeAgent, node_will
from collectors.outbox import new_boot
from devices.model import NodeId
from devices.service import Clock
from devices.sitefile import load_site

NODE = NodeId("gate-east-pi")
GPIO = 17
SETTLES_S = 0.001


def main() -> None:
    site_file, folder, rate = sys.argv[1:4]
    Device.pin_factory = MockFactory()
    site, clock, boot = load_site(Path(site_file)), Clock(), new_boot()
    transport = connect_to(site, f"campus-node-{NODE}", node_will(NODE, clock, boot))
    agent = NodeAgent(site, NODE, Path(folder), transport, clock, boot=boot)
    transport.start()
    agent.start()
    transport.wait_connected(10)
    print("ready", flush=True)
    pin = Device.pin_factory.pin(GPIO)
    try:
        for line in sys.stdin:
            due = time.monotonic()
            for number in range(int(line)):
                (pin.drive_low if number % 2 else pin.drive_high)()
                print(time.monotonic_ns() + int(SETTLES_S * 1e9), flush=True)
                due += 1 / float(rate)
                time.sleep(max(0.0, due - time.monotonic()))
            print("over", flush=True)
    finally:
        agent.close()
        transport.close()


if __name__ == "__main__":
    main()
