"""How a service logs in at the broker: by the environment, never by the site file."""

import os
from pathlib import Path

from devices.catalog import Site
from devices.errors import ConfigError, Problem


def broker_login() -> tuple[str, str]:
    """CAMPUS_MQTT_USER with CAMPUS_MQTT_PASSWORD, or what CAMPUS_MQTT_PASSWORD_FILE names.

    Empty texts where they are not set. Raises ConfigError where that file cannot be read.
    """
    user = os.environ.get("CAMPUS_MQTT_USER", "")
    named = os.environ.get("CAMPUS_MQTT_PASSWORD_FILE", "")
    if not named:
        return user, os.environ.get("CAMPUS_MQTT_PASSWORD", "")
    try:
        return user, Path(named).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(named, "", f"cannot be read ({error})", "mend CAMPUS_MQTT_PASSWORD_FILE")
        raise ConfigError([problem]) from None


def broker_authority(site: Site) -> str:
    """The file of the broker's certificate authority, or "". Raises ConfigError if it is none."""
    named = site.services.mqtt_ca_file
    if not named:
        return ""
    path = site.path.parent / named
    if not path.is_file():
        remedy = "give the certificate authority's PEM file"
        where = "services.mqtt_ca_file"
        raise ConfigError([Problem(site.path.name, where, f"{path} is no file", remedy)])
    return str(path)
