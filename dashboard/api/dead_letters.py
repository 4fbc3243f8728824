"""GET /api/v1/dead-letters: what could not be stored, and why."""

from flask import Response

from dashboard.api.answers import json_answer
from dashboard.api.parameters import number
from dashboard.roles import Permission
from dashboard.section import Section, parts
from devices.model import to_ms

section = Section("api_dead_letters", __name__, "/api/v1/dead-letters")
SHOWN_BYTES = 400


@section.path("", Permission.REPAIR, query={"limit": "the newest so many, 1 to 1000"})
def dead_letters() -> Response:
    """Refused batches and readings with their reason, newest first; `raw` is how they began."""
    letters = parts().ledger.dead_letters(number("limit", 100, 1, 1000))
    return json_answer({"dead_letters": [
        {"at": to_ms(letter.at), "node": letter.node, "reason": letter.reason,
         "raw": letter.raw[:SHOWN_BYTES].decode("utf-8", "replace")}
        for letter in letters
    ]})  # fmt: skip
