"""Devices of other makers on MQTT: what each of their messages comes to; pure."""
