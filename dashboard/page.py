"""What every page has: names in the reader's language, times, ages, and the words."""

from datetime import datetime
from typing import Any

import orjson
from flask import Flask, g, request
from flask_babel import get_locale
from flask_login import current_user

from alerts.faultlore import fault_of
from dashboard import words
from dashboard.fitted import overdue
from dashboard.present import (
    Named,
    age_text,
    date_text,
    day_text,
    listed,
    name_in,
    span_text,
    text_in,
    time_text,
)
from dashboard.roles import Permission
from dashboard.section import parts
from devices.model import NodeId, PlaceId, PointId, to_ms


def language() -> str:
    """`zh` or `en`, of the request that is being answered."""
    found: str | None = g.get("page_language")
    if found is None:
        found = g.page_language = "en" if str(get_locale()).startswith("en") else "zh"
    return found


def name_of(thing: Named) -> str:
    return name_in(thing, language())


def text_of(thing: Any, key: str = "text") -> str:
    """A text of an alert or order in the reader's language."""
    return text_in(thing, key, language())


def _word(table: str, key: object) -> str:
    return words.word(getattr(words, table), str(key))


def _scripts_words() -> str:
    """Words for the page's own scripts, as JSON for an attribute."""
    tables = {"ui": words.BROWSER, "states": words.STATES, "values": words.VALUES}
    return orjson.dumps(
        {name: {k: str(v) for k, v in table.items()} for name, table in tables.items()}
    ).decode()


def evidence_text(value: object) -> str:
    """A piece of evidence: times as people read them, numbers short, the rest as it is."""
    if isinstance(value, float):
        return f"{value:g}"
    here = parts()
    at = parse_time(value) if isinstance(value, str) and "T" in value else None
    if at is not None and at.tzinfo is not None:
        return time_text(at, here.clock.now(), here.site.timezone)
    return str(value)


def fault_name(key: object) -> str:
    """A fault's name in the reader's language; any other text as it is."""
    return name_of(fault_of(str(key)))


def receiver_name(id: str) -> str:
    """Who was told: a gate's post, a role or a person, by its name in the reader's language."""
    site, plan = parts().site, parts().plan
    place = site.places.get(PlaceId(id))
    if place is not None:
        return name_of(place)
    if id in plan.contacts:
        return name_of(plan.contacts[id])
    return plan.role_name(id)[language() == "en"]


def thing_name(id: object) -> str:
    """A point, node or place by its name in the reader's language, else the id itself."""
    site, key = parts().site, str(id)
    thing = (
        site.points.get(PointId(key)) or site.nodes.get(NodeId(key))
        or site.places.get(PlaceId(key))
    )  # fmt: skip
    return name_of(thing) if thing is not None else key


def prepare(app: Flask) -> None:
    """Make all of it known to the templates."""

    def globals_() -> dict[str, Any]:
        here = parts()
        now, zone = here.clock.now(), here.site.timezone
        return {
            "site": here.site,
            "now": now,
            "now_ms": to_ms(now),
            "language": language(),
            "theme": theme(),
            "me": current_user if current_user.is_authenticated else None,
            "Permission": Permission,
            "scripts_words": _scripts_words(),
            "hub": here.hub,
            "position": g.get("position", ""),
            "ms": to_ms,
            "listed": listed,
            "clock_text": lambda at: f"{at.astimezone(zone):%H:%M:%S}",
            "time_text": lambda at: time_text(at, now, zone),
            "date_text": lambda at: date_text(at, now, zone),
            "day_text": lambda at: day_text(at, zone),
            "age_text": lambda at: age_text((now - at).total_seconds()),
            "span_words": span_text,
            "since_text": lambda at: span_text((now - at).total_seconds()),
            "parse_time": parse_time,
            "calibration_overdue": overdue,
        }

    def note_position() -> None:
        # Before the view looks at the picture: what comes until the page is connected is sent then.
        g.position = parts().hub.position

    app.before_request(note_position)
    app.context_processor(globals_)
    app.add_template_filter(name_of, "name")
    app.add_template_filter(text_of, "text_in")
    app.add_template_filter(evidence_text, "evidence")
    app.add_template_filter(receiver_name, "receiver")
    app.add_template_filter(fault_name, "fault")
    app.add_template_filter(thing_name, "thing")
    app.add_template_filter(lambda key, table: _word(table, key), "word")


def theme() -> str:
    """`light`, `dark`, or `auto` where the browser decides."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in ("light", "dark") else "auto"


def parse_time(text: object) -> datetime | None:
    """A time of an alert's JSON; None where it has none."""
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
