"""How a service logs in at the broker: by the environment, never by the site file."""

import os
from pathlib import Path

from devices.catalog import Site
from devices.errors import ConfigError, Problem


def broker_login() -> tuple[str, str]:
    """CAMPUS_MQTT_USER with CAMPUS_MQTT_PASSWORD, or what CAMPUS_MQTT_PASSWORD_FILE names.

    Empty texts where they are not set. Raises ConfigError where that file cannot be read.
    """
    return _login("CAMPUS_MQTT_USER", "CAMPUS_MQTT_PASSWORD", "CAMPUS_MQTT_PASSWORD_FILE")


def foreign_login() -> tuple[str, str]:
    """The same for the broker of foreign devices, where it is another than ours."""
    return _login(
        "CAMPUS_BRIDGE_MQTT_USER", "CAMPUS_BRIDGE_MQTT_PASSWORD", "CAMPUS_BRIDGE_MQTT_PASSWORD_FILE"
    )


def _login(user_variable: str, password_variable: str, file_variable: str) -> tuple[str, str]:
    user = os.environ.get(user_variable, "")
    named = os.environ.get(file_variable, "")
    if not named:
        return user, os.environ.get(password_variable, "")
    try:
        return user, Path(named).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(named, "", f"cannot be read ({error})", f"mend {file_variable}")
        raise ConfigError([problem]) from None


def broker_authority(site: Site) -> str:
    """The file of the broker's certificate authority, or "". Raises ConfigError if it is none."""
    return authority(site, site.services.mqtt_ca_file, "services.mqtt_ca_file")


def authority(site: Site, named: str, where: str) -> str:
    """The PEM file that the setting `where` names beside the site file, or ""."""
    if not named:
        return ""
    path = site.path.parent / named
    if not path.is_file():
        remedy = "give the certificate authority's PEM file"
        raise ConfigError([Problem(site.path.name, where, f"{path} is no file", remedy)])
    return str(path)
