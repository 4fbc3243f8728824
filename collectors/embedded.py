"""The program that the embedded broker runs in: rumqttd from the iotcore wheel, loopback only."""

import logging
import sys
from pathlib import Path

# A segment is the unit in which rumqttd lets go of old messages of one filter; a subscriber that
# stays away longer than all segments loses some, and the nodes' outboxes send them again.
CONFIGURATION = """\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 1000
max_segment_size = 1048576
max_segment_count = 8

[v5.1]
name = "campus"
listen = "{host}:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 10000
max_payload_size = 16777216
max_inflight_count = 1000
dynamic_filters = true
"""


def write_configuration(path: Path, host: str, port: int) -> None:
    """Write the TOML file that makes rumqttd speak MQTT 5 on `host` and `port`."""
    shown = f"[{host}]" if ":" in host else host
    path.write_text(CONFIGURATION.format(host=shown, port=port), encoding="utf-8")


def main() -> None:
    """Serve by the configuration file named on the command line until a signal ends us."""
    from iotcore import IotCoreBroker

    logging.basicConfig(level=logging.WARNING)
    # rumqttd reports every packet it routes as an error span; only its silence is readable.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    IotCoreBroker(config_path=sys.argv[1]).run_forever()


if __name__ == "__main__":
    main()
