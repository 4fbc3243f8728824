"""InfluxDB 1.x, 2.x, and what speaks their API: the only module that knows influxdb-client."""

import base64
import logging
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from collectors.store import Bucket, EventQuery, Refused, SeriesQuery, Written
from collectors.store.line import encode, series_of
from devices.catalog import Site, StoreSettings
from devices.errors import StoreMisconfigured, StoreUnavailable
from devices.model import (
    NodeId,
    Origin,
    PointId,
    Quality,
    Reading,
    Value,
    ValueType,
    from_ms,
    to_ms,
)
from devices.service import Health

log = logging.getLogger(__name__)

LINES = 5000
"""Lines of one request, as InfluxData advises."""
TIMEOUT_MS = 10_000
TOGETHER = 50
"""Statements of one query."""
_OWN = {"time", "value", "text", "quality", "building", "campus", "node", "point", "room"}
_REFUSED_WHOLE = (400, 422)


def settings_url(settings: StoreSettings) -> str:
    """The address: the site file's, or INFLUXDB_V2_URL where that says `influxdb`."""
    if settings.url != "influxdb":
        return settings.url
    url = os.environ.get("INFLUXDB_V2_URL", "")
    if not url:
        raise StoreMisconfigured("store.url is `influxdb`, but INFLUXDB_V2_URL is not set")
    return url


def _token(settings: StoreSettings) -> str:
    if settings.token_file:
        try:
            return Path(settings.token_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise StoreMisconfigured(
                f"store.token_file {settings.token_file} cannot be read ({error.strerror})"
            ) from None
    return os.environ.get("INFLUXDB_V2_TOKEN", "")


class InfluxStore:
    """Writes are synchronous with millisecond precision; queries are InfluxQL.

    An absent server is StoreUnavailable and never stops a start. A line that the server refuses is
    found by halving and comes back in `Written.refused`; the others are stored.
    """

    def __init__(self, site: Site) -> None:
        settings = site.store
        self._site = site
        self._series = series_of(site)
        self._settings = settings
        self._old = settings.mode == "1.x"
        self._org = settings.org or os.environ.get("INFLUXDB_V2_ORG", "")
        self._url = settings_url(settings)
        self._headers = _authorization(_token(settings), self._old)
        self._lock = threading.Lock()
        self._trouble = ""
        self._client = InfluxDBClient(
            self._url, token="", org=self._org, timeout=TIMEOUT_MS, retries=False,
            ssl_ca_cert=settings.ca_file or None,
        )  # fmt: skip

    def write(self, readings: Sequence[Reading]) -> Written:
        refused: list[Refused] = []
        with self._lock:
            for start in range(0, len(readings), LINES):
                self._write(readings[start : start + LINES], refused)
            self._trouble = ""
        return Written(refused)

    def _write(self, readings: Sequence[Reading], refused: list[Refused]) -> None:
        body = "\n".join(encode(reading, self._series) for reading in readings)
        try:
            self._send(body.encode())
        except ApiException as error:
            status = error.status or 0
            if len(readings) > 1 and status in (*_REFUSED_WHOLE, 413):
                # 422 and a 1.x 400 may have stored a part: writing it again changes nothing.
                half = len(readings) // 2
                self._write(readings[:half], refused)
                self._write(readings[half:], refused)
            elif status in (*_REFUSED_WHOLE, 413):
                refused.append(Refused(readings[0], f"the store refuses it: {_reason(error)}"))
            elif self._old and status == 404:
                self._create_database()
                self._send(body.encode())
            else:
                raise self._failure(error) from None

    def _send(self, body: bytes) -> None:
        if self._old:
            path = "/write"
            query = [("db", self._settings.bucket), ("precision", "ms")]
        else:
            path = "/api/v2/write"
            query = [("org", self._org), ("bucket", self._settings.bucket), ("precision", "ms")]
        self._call(path, "POST", query, body)

    def _call(
        self, path: str, method: str, query: list[tuple[str, str]], body: bytes | None = None
    ) -> Any:
        """The decoded answer. Raises ApiException for a status of trouble, StoreUnavailable."""
        headers = {**self._headers, "Content-Type": "text/plain; charset=utf-8"}
        if method == "GET":
            headers["Accept"] = "application/json"
        try:
            answer = self._client.api_client.call_api(
                path, method, query_params=query, header_params=headers, body=body,
                response_type="object" if method == "GET" else None, auth_settings=[],
            )  # fmt: skip
        except (HTTPError, OSError) as error:
            self._trouble = (
                f"InfluxDB at {self._url} does not answer ({type(error).__name__}): is it running?"
            )
            raise StoreUnavailable(self._trouble) from None
        return answer[0]

    def _create_database(self) -> None:
        name = self._settings.bucket
        log.warning("InfluxDB has no database %s: it is made now", name)
        query = [("q", f'CREATE DATABASE "{_name(name)}"')]
        self._call("/query", "POST", query, b"")

    def _failure(self, error: ApiException) -> Exception:
        """What a status means, with the remedy; never the token."""
        bucket, status = self._settings.bucket, error.status or 0
        if status in (401, 403):
            remedy = "put a token that may read and write it into INFLUXDB_V2_TOKEN or the file"
            text = f"InfluxDB refuses our token for bucket {bucket} ({status}): {remedy}"
            kind: type[Exception] = StoreMisconfigured
        elif status == 404:
            remedy = f"check store.org and store.bucket, or: influx bucket create -n {bucket}"
            text = f"InfluxDB knows no bucket {bucket} of organisation {self._org!r}: {remedy}"
            kind = StoreMisconfigured
        else:
            text = f"InfluxDB at {self._url} has trouble ({status} {_reason(error)})"
            kind = StoreUnavailable
        self._trouble = text
        return kind(text)

    def _query(self, statements: Sequence[str]) -> list[list[dict[str, Any]]]:
        """For each statement the rows of its series, as dicts with time in ms."""
        query = [("db", self._settings.bucket), ("q", ";".join(statements)), ("epoch", "ms")]
        with self._lock:
            try:
                answer = cast(dict[str, Any], self._call("/query", "GET", query))
            except ApiException as error:
                raise self._failure(error) from None
        found: list[list[dict[str, Any]]] = []
        for result in answer.get("results", []):
            if "error" in result and "not found" not in result["error"]:
                raise StoreUnavailable(f"InfluxDB could not answer: {result['error']}")
            rows = []
            for series in result.get("series", []):
                rows += [dict(zip(series["columns"], v, strict=True)) for v in series["values"]]
            found.append(rows)
        return found

    def latest(self, points: Iterable[PointId]) -> Mapping[PointId, Reading]:
        wanted = [point for point in points if point in self._series]
        found: dict[PointId, Reading] = {}
        for start in range(0, len(wanted), TOGETHER):
            some = wanted[start : start + TOGETHER]
            rows = self._query(
                [f"SELECT * FROM {self._measurement(p)} WHERE {_is(p)} ORDER BY time DESC LIMIT 1"
                 for p in some]
            )  # fmt: skip
            found.update({p: self._reading(r[0]) for p, r in zip(some, rows, strict=True) if r})
        return found

    def series(self, query: SeriesQuery) -> list[Bucket]:
        start, end = to_ms(query.start), to_ms(query.end)
        width = max(1, -(-(end - start) // max(1, query.buckets)))
        usable = " OR ".join(f"\"quality\"='{q}'" for q in Quality if q.usable)
        (rows,) = self._query(
            [f'SELECT min("value"),mean("value"),max("value"),count("value")'
             f" FROM {self._measurement(query.point)} WHERE {_is(query.point)} AND ({usable})"
             f" AND time>={start}ms AND time<{end}ms"
             f" GROUP BY time({width}ms,{start % width}ms) fill(none)"]
        )  # fmt: skip
        return [
            Bucket(from_ms(r["time"]), r["min"], r["mean"], r["max"], int(r["count"]))
            for r in rows
            if r["count"]
        ]

    def events(self, query: EventQuery) -> list[Reading]:
        by_measurement: dict[str, list[PointId]] = {}
        for point in query.points:
            if point in self._series:
                by_measurement.setdefault(self._measurement(point), []).append(point)
        found: list[Reading] = []
        for measurement, points in by_measurement.items():
            places = " OR ".join(_is(point) for point in points)
            (rows,) = self._query(
                [f"SELECT * FROM {measurement} WHERE ({places})"
                 f" AND time>={to_ms(query.start)}ms AND time<{to_ms(query.end)}ms"
                 f" ORDER BY time DESC LIMIT {int(query.limit)}"]
            )  # fmt: skip
            found += [self._reading(row) for row in rows]
        found.sort(key=lambda reading: reading.at)
        return found[-query.limit :]

    def _measurement(self, point: PointId) -> str:
        return f'"{_name(self._site.kinds[point].measurement)}"'

    def _reading(self, row: Mapping[str, Any]) -> Reading:
        point = PointId(row["point"])
        text = self._site.kinds[point].value_type is ValueType.TEXT
        value: Value = row["text"] if text else row["value"]
        if self._site.kinds[point].value_type is ValueType.NUMBER:
            value = float(value)
        detail = {k: v for k, v in row.items() if k not in _OWN and v is not None}
        origin = Origin(NodeId(row["node"]), "", 0)
        return Reading(point, from_ms(row["time"]), value, origin, Quality(row["quality"]), detail)

    def health(self) -> Health:
        return Health(not self._trouble, self._trouble)

    def close(self) -> None:
        self._client.close()


def _authorization(token: str, old: bool) -> dict[str, str]:
    if not token:
        return {}
    if old:
        return {"Authorization": "Basic " + base64.b64encode(token.encode()).decode()}
    return {"Authorization": f"Token {token}"}


def _reason(error: ApiException) -> str:
    """The server's own words, on one line; a refused line is told by its error alone."""
    return " ".join(str(getattr(error, "message", None) or error.reason or "").split())[:300]


def _name(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _is(point: PointId) -> str:
    text = point.replace("\\", "\\\\").replace("'", "\\'")
    return f"\"point\"='{text}'"
