"""JSON objects: what is common to all payloads."""

from collections.abc import Mapping
from typing import Any

import orjson

from devices.errors import WireError

MAX_PAYLOAD = 1024 * 1024
"""Bytes of the largest batch that is decoded; a larger one is refused whole, with its reason."""
MAX_TEXT = 1024
"""Characters of the longest text value or detail value."""
MAX_DETAIL = 16
"""Keys of the largest detail."""
EARLIEST_MS = 946_684_800_000
"""2000-01-01; an earlier source time means a clock that was never set."""
LATEST_MS = 4_102_444_800_000
"""2100-01-01."""


def decode_object(payload: bytes) -> dict[str, Any]:
    """A JSON object. Raises WireError with a reason for people."""
    if len(payload) > MAX_PAYLOAD:
        raise WireError(
            f"the payload has {len(payload):,} bytes, over the limit of {MAX_PAYLOAD:,}"
        )
    try:
        data = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise WireError(f"not JSON: {error}") from None
    if not isinstance(data, dict):
        raise WireError("not a JSON object")
    return data


def encode_object(data: Mapping[str, Any]) -> bytes:
    """Any other object: an alert as the HTTP API gives it, the answer to a command."""
    return orjson.dumps(dict(data), option=orjson.OPT_UTC_Z)
