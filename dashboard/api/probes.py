"""/healthz, /metrics and /live: what monitors and open pages ask for."""

from collections.abc import Iterator

from flask import Response, request
from werkzeug.exceptions import ServiceUnavailable

from dashboard.api.answers import json_answer
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.streams import StreamsFull
from devices.model import NodeState

section = Section("probes", __name__)
METRIC_PREFIX = "campus_"


@section.path("/healthz", None)
def healthz() -> Response:
    """200 only when broker, store, engine and ingest answer; says which does not."""
    hub, now = parts().hub, parts().clock.now()
    store = parts().store.health()
    found: dict[str, dict[str, object]] = {
        "broker": {"ok": hub.connected, "text": "" if hub.connected else "no connection"},
        "store": {"ok": store.ok, "text": store.text},
    }
    services = hub.now.services()
    for name in ("ingest", "engine"):
        alive = hub.alive(name)
        said = services[name].text if name in services else "has not said anything yet"
        silent = f"silent since {services[name].at.isoformat()}" if name in services else ""
        text = "" if alive else said or silent
        found[name] = {"ok": alive, "text": text}
    ok = all(part["ok"] for part in found.values())
    return json_answer(
        {"ok": ok, "failing": [name for name, part in found.items() if not part["ok"]],
         "at": now.isoformat(), "parts": found}, 200 if ok else 503,
    )  # fmt: skip


@section.path("/metrics", Permission.VIEW)
def metrics() -> Response:
    """Prometheus text: values and ages of points, nodes, alerts, counters of the services."""
    return Response("\n".join(_metrics()) + "\n", content_type="text/plain; version=0.0.4")


def _metrics() -> Iterator[str]:
    here, now = parts(), parts().clock.now()
    picture = here.hub.now
    readings = picture.readings()
    yield f"# TYPE {METRIC_PREFIX}point_value gauge"
    for id, reading in readings.items():
        if isinstance(reading.value, float):
            yield f'{METRIC_PREFIX}point_value{{point="{id}"}} {reading.value:g}'
    yield f"# TYPE {METRIC_PREFIX}point_age_seconds gauge"
    for id, reading in readings.items():
        age = (now - reading.at).total_seconds()
        yield f'{METRIC_PREFIX}point_age_seconds{{point="{id}"}} {age:.3f}'
    yield f"# TYPE {METRIC_PREFIX}node_online gauge"
    for node, status in picture.nodes().items():
        online = int(status.state is NodeState.ONLINE)
        yield f'{METRIC_PREFIX}node_online{{node="{node}"}} {online}'
        yield f'{METRIC_PREFIX}node_outbox{{node="{node}"}} {status.outbox}'
    yield f"# TYPE {METRIC_PREFIX}open_alerts gauge"
    severities = [str(alert.get("severity")) for alert in picture.alerts()]
    for severity in ("critical", "major", "warning", "info"):
        yield f'{METRIC_PREFIX}open_alerts{{severity="{severity}"}} {severities.count(severity)}'
    for name, presence in picture.services().items():
        yield f'{METRIC_PREFIX}service_alive{{service="{name}"}} {int(here.hub.alive(name))}'
        for counter, value in presence.counters.items():
            if counter.isidentifier():
                yield f"{METRIC_PREFIX}{name.replace('-', '_')}_{counter} {value:g}"
    for counter, value in here.hub.counters().items():
        yield f"{METRIC_PREFIX}web_{counter} {value:g}"


@section.path("/live", Permission.WATCH,
              query={"last": "the last event's id, where the header cannot be sent"})  # fmt: skip
def live() -> Response:
    """Server-sent events reading, alert, node, heartbeat; Last-Event-ID resumes."""
    last = request.headers.get("Last-Event-ID") or request.args.get("last", "")
    try:
        stream = parts().hub.stream(last[:64])
    except StreamsFull as error:
        raise ServiceUnavailable(str(error), retry_after=10) from error
    stream.gone = request.environ.get("waitress.client_disconnected", stream.gone)
    answer = Response(iter(stream), content_type="text/event-stream; charset=utf-8")
    answer.headers["X-Accel-Buffering"] = "no"
    answer.headers["Cache-Control"] = "no-store"
    answer.call_on_close(stream.close)
    return answer
