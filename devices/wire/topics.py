"""The topics of the contract."""

from devices.errors import WireError
from devices.model import NodeId

ROOT = "campus/v1"
UP_FILTER = f"{ROOT}/node/+/up"
STATUS_FILTER = f"{ROOT}/node/+/status"
ALERT_FILTER = f"{ROOT}/alert/+"
COMMAND_FILTER = f"{ROOT}/command/+"
SERVICE_FILTER = f"{ROOT}/service/+/status"
REPLY_ROOT = f"{ROOT}/reply/"
ALERT_EVENT_TOPIC = f"{ROOT}/alert-event"
"""Each telling of an alert once, for Home Assistant (an addition of ours)."""
ALERT_EVENT_CONFIG_TOPIC = "homeassistant/event/campus_alerts/config"


def up_topic(node: str) -> str:
    return f"{ROOT}/node/{node}/up"


def ack_topic(node: str) -> str:
    return f"{ROOT}/node/{node}/ack"


def status_topic(node: str) -> str:
    return f"{ROOT}/node/{node}/status"


def state_topic(node: str, point: str) -> str:
    return f"{ROOT}/node/{node}/state/{point}"


def service_topic(service: str) -> str:
    """Where a service of the server says, retained, whether it works (an addition of ours)."""
    return f"{ROOT}/service/{service}/status"


def reply_topic(client: str) -> str:
    """Where the client `client` waits for answers to its questions (an addition of ours)."""
    return f"{REPLY_ROOT}{client}"


def config_topic(node: str) -> str:
    """Where a node's part of the site file stands, retained (an addition of ours)."""
    return f"{ROOT}/node/{node}/config"


def node_command_topic(node: str) -> str:
    return f"{ROOT}/node/{node}/command"


def devices_topic(node: str) -> str:
    """Where the bridge is asked to give found devices a place (an addition of ours)."""
    return f"{ROOT}/node/{node}/devices"


def alert_topic(alert: str) -> str:
    return f"{ROOT}/alert/{alert}"


def command_topic(verb: str) -> str:
    return f"{ROOT}/command/{verb}"


def node_of(topic: str) -> NodeId:
    """The node of a `campus/v1/node/<node>/…` topic. Raises WireError."""
    parts = topic.split("/")
    if len(parts) < 5 or parts[:3] != ["campus", "v1", "node"]:
        raise WireError(f"{topic} is no topic of a node")
    return NodeId(parts[3])


def last_part(topic: str) -> str:
    """What stands after the last slash: an alert's id, a command's verb."""
    return topic.rpartition("/")[2]
