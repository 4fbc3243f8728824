"""Bare values on topics of no known family, as ESPEasy and OpenBeken publish them."""

from devices.foreign.esphome import read_named
from devices.foreign.names import unit_by_name
from devices.foreign.payload import absent, number, text_of
from devices.foreign.said import Family, Findings, Outcome, ignored, judged
from devices.foreign.units import state

_ONLINE = {"connected": True, "online": True, "connection lost": False, "offline": False}
_STATES = {
    "on": ("binary", True), "off": ("binary", False), "true": ("binary", True),
    "false": ("binary", False), "open": ("contact", True), "closed": ("contact", False),
}  # fmt: skip


def read(topic: str, payload: bytes) -> Outcome:
    """What a message came to; every topic may be one of these. Raises Unreadable."""
    if not payload.strip():
        return ignored("an empty payload")
    text = text_of(payload).strip()
    device, _, name = topic.rpartition("/")
    if name in ("set", "cmd", "command", "cmnd", "action") or "/cmnd/" in topic:
        return ignored("a command to a device")
    if name == "get" and device:
        device, _, name = device.rpartition("/")
    will = name == "LWT" or name in ("connected", "status")
    if will and text.lower() in _ONLINE:
        return _will(device.removesuffix("/status"), _ONLINE[text.lower()])
    if not device.strip("/"):
        return ignored("a topic of no known family")
    findings = Findings(Family.MQTT, device)
    if number(text) is not None or (absent(text) and text.lower() != "unknown"):
        read_named(name, name, text, findings, unit_by_name(name))
    elif text.lower() in _STATES:
        quantity, on = _STATES[text.lower()]
        findings.values.append(state(name, quantity, on, declared=False))
    elif text.startswith(("{", "[")):
        return ignored("JSON on a topic of no known family: name its fields in the site file")
    else:
        return ignored("text on a topic of no known family")
    return judged(findings.heard(), f"{name[:60]}: no reading")


def _will(device: str, available: bool) -> Outcome:
    findings = Findings(Family.MQTT, device)
    findings.available = available
    word = "online" if available else "offline"
    return ignored(f"availability: {word}", findings.heard())
