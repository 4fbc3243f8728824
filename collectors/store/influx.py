"""InfluxDB 1.x, 2.x and 3 as the store: the only module that knows influxdb-client.

Writes are synchronous line protocol with precision ms; questions are InfluxQL at `/query`, the one
language that all three answer.
"""

# Over 300 lines, because no other module may know influxdb-client.

import ipaddress
import logging
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import urllib3
from influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException

from collectors.store import (
    Bucket,
    EventQuery,
    Refused,
    SeriesQuery,
    Written,
    influxql,
)
from collectors.store.grid import grid_of
from collectors.store.line import Encoder, Line
from devices.catalog import Site, StoreSettings, split_address
from devices.errors import StoreError, StoreMisconfigured, StoreUnavailable
from devices.model import (
    Fact,
    PointId,
    Quality,
    Reading,
    ValueType,
    fact_of,
    from_ms,
    reading_of,
    to_ms,
)
from devices.service import Health

log = logging.getLogger(__name__)

LINES_A_REQUEST = 10_000
TIMEOUT_MS = 10_000
MOST_AROUND = 20_000
"""Readings looked at, to find uncertain ones."""
_ANSWER = 300
"""Characters of a server's answer that go into our errors."""


class _Answer(Exception):
    """A status that is no success, with what the server said about it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}" if text else str(status))
        self.status = status


class InfluxStore:
    """A Store in the bucket (1.x: database) of the site file.

    The address is `store.url`, or INFLUXDB_V2_URL where that says `influxdb`; the organisation
    `store.org` or INFLUXDB_V2_ORG; the token (1.x: `name:password`) is in `store.token_file` or
    INFLUXDB_V2_TOKEN. An absent server never fails the start. Writing nothing checks all of these.
    A second reading of a point at the same time takes the place of the first. `series` leaves out
    what no alarm may use (error values, out of range, frozen); `events` and `latest` show it. Only
    points of the site file are written and found. Raises StoreMisconfigured where a setting is
    missing or names a file that cannot be read.
    """

    lanes = 2

    def __init__(self, site: Site) -> None:
        settings = site.store
        self._url = _address(settings)
        self._org = settings.org or os.environ.get("INFLUXDB_V2_ORG", "")
        self._bucket = settings.bucket
        self._kinds = site.kinds
        self._timezone = site.timezone
        self._old = settings.mode == "1.x"
        self._encoder = Encoder(site)
        self._lock = threading.Lock()
        self._trouble = ""
        token = _token(settings, site.path.parent)
        self._client = InfluxDBClient(
            self._url,
            token,
            org=self._org,
            timeout=TIMEOUT_MS,
            # Compressing costs more than it saves where nothing lies between.
            enable_gzip=not self._old and not _is_loopback(self._url),
            auth_basic=self._old and bool(token),
            ssl_ca_cert=_authority(settings, site.path.parent),
        )

    # --- writing -----------------------------------------------------------------------------

    def write(self, readings: Sequence[Reading]) -> Written:
        return self.put([fact_of(reading) for reading in readings])

    def put(self, facts: Sequence[Fact]) -> Written:
        if not facts:
            self._check()
        refused: list[Refused] = []
        lines = self._encoder.lines(self._without_those_in_the_way(facts), refused)
        for start in range(0, len(lines), LINES_A_REQUEST):
            self._write(lines[start : start + LINES_A_REQUEST], refused)
        self._trouble = ""
        return Written(refused)

    def tend(self, now: datetime) -> bool:
        """Nothing: InfluxDB looks after itself."""
        return False

    def forget(self, moved: Sequence[tuple[PointId, int]]) -> None:
        uncertain = {
            (reading.point, to_ms(reading.at)) for reading in self._around(moved)
            if reading.quality is Quality.CLOCK
        }  # fmt: skip
        for point, at in uncertain.intersection(moved):
            try:
                self._forget(self._kinds[point].measurement, point, from_ms(at))
            except _Answer as answer:
                if answer.status not in (404, 405, 501):
                    raise self._failure(answer) from None
                # InfluxDB 3 removes nothing: the reading stays beside its mended self, marked.
                log.warning("the store at %s cannot remove readings (%s)", self._url, answer)
                return

    def _forget(self, measurement: str, point: PointId, at: datetime) -> None:
        if self._old:
            question = influxql.forget(measurement, point, to_ms(at))
            self._call("/query", "POST", [("db", self._bucket), ("q", question)])
            return
        end = at + timedelta(milliseconds=1)
        body = {
            "start": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}",
            "stop": f"{end:%Y-%m-%dT%H:%M:%S.%fZ}",
            "predicate": influxql.predicate(measurement, point),
        }
        query = [("org", self._org), ("bucket", self._bucket)]
        self._call("/api/v2/delete", "POST", query, orjson.dumps(body).decode())

    def _around(self, places: Sequence[tuple[PointId, int]]) -> list[Reading]:
        """What is stored of these points in the span of these times."""
        if not places:
            return []
        times = [from_ms(at) for _, at in places]
        points = sorted({point for point, _ in places})
        end = max(times) + timedelta(milliseconds=1)
        return self.events(EventQuery(points, min(times), end, MOST_AROUND))

    def _without_those_in_the_way(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        """All but the uncertain ones that would take the place of a good one."""
        uncertain = [(f[0], f[1]) for f in facts if f[3] is Quality.CLOCK]
        if not uncertain:
            return facts
        sure = {
            (r.point, to_ms(r.at))
            for r in self._around(uncertain)
            if r.quality is not Quality.CLOCK
        }
        return [f for f in facts if f[3] is not Quality.CLOCK or (f[0], f[1]) not in sure]

    def _write(self, lines: Sequence[Line], refused: list[Refused]) -> None:
        """Have all of `lines` stored or refused one by one: a bad one never takes others along."""
        waiting = [lines]
        while waiting:
            part = waiting.pop()
            try:
                self._post("\n".join([line for line, _ in part]))
            except _Answer as answer:
                if answer.status not in (400, 413, 422):
                    raise self._failure(answer) from None
                if len(part) == 1:
                    reason = f"InfluxDB refuses it ({answer})"
                    refused.append(Refused(reading_of(part[0][1]), reason))
                    continue
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]

    def _check(self) -> None:
        """Ask for a write of nothing: it finds out about everything but the lines."""
        try:
            self._post("")
        except _Answer as answer:
            if answer.status not in (400, 422):  # that there are no lines
                raise self._failure(answer) from None

    def _post(self, body: str) -> None:
        if self._old:
            query = [("db", self._bucket), ("precision", "ms")]
        else:
            query = [("org", self._org), ("bucket", self._bucket), ("precision", "ms")]
        path = "/write" if self._old else "/api/v2/write"
        try:
            status = self._call(path, "POST", query, body)[1]
        except _Answer as answer:
            if not (self._old and answer.status == 404 and "database not found" in str(answer)):
                raise
            self._create_database()
            status = self._call(path, "POST", query, body)[1]
        if status != 204:  # a web server at this address would say 200 to anything
            raise _Answer(status, "that is not how InfluxDB confirms a write")

    def _create_database(self) -> None:
        log.warning("the database %s is not at %s: creating it", self._bucket, self._url)
        question = f"CREATE DATABASE {influxql.quoted(self._bucket)}"
        answer = self._call("/query", "POST", [("q", question)])[0]
        for result in answer.get("results", ()):
            if "error" in result:
                raise _Answer(403, result["error"])

    # --- reading -----------------------------------------------------------------------------

    def latest(self, points: Iterable[PointId]) -> Mapping[PointId, Reading]:
        wanted = set(points)
        found: dict[PointId, Reading] = {}
        for within in ("1d", ""):  # most have spoken today, and that is answered at once
            missing = [point for point in wanted if point not in found]
            for measurement, named in influxql.by_measurement(missing, self._kinds):
                for reading in self._readings(influxql.latest(measurement, named, within)):
                    known = found.get(reading.point)
                    if known is None or known.at < reading.at:
                        found[reading.point] = reading
        return found

    def series(self, query: SeriesQuery) -> list[Bucket]:
        kind = self._kinds.get(query.point)
        grid = grid_of(query, self._timezone)
        if kind is None or kind.value_type is not ValueType.NUMBER or grid is None:
            return []
        question = influxql.series(query.point, kind.measurement, grid)
        return [influxql.bucket(row, grid) for row in self._ask(question)]

    def events(self, query: EventQuery) -> list[Reading]:
        start, end = to_ms(query.start), to_ms(query.end)
        found: list[Reading] = []
        if query.limit < 1:  # which InfluxDB would take for no limit
            return found
        for measurement, points in influxql.by_measurement(query.points, self._kinds):
            question = influxql.events(measurement, points, start, end, query.limit)
            found += self._readings(question)
        found.sort(key=lambda reading: (reading.at, reading.point))
        return found[-query.limit :]

    def _readings(self, question: str) -> list[Reading]:
        found = (influxql.reading(row, self._kinds) for row in self._ask(question))
        return [reading for reading in found if reading is not None]

    def _ask(self, question: str) -> list[dict[str, Any]]:
        query = [("db", self._bucket), ("q", question), ("epoch", "ms")]
        try:
            answer = self._call("/query", "GET", query)[0]
        except _Answer as failure:
            raise self._failure(failure) from None
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list):
            raise self._failure(_Answer(404, "what answers there is not InfluxDB's /query"))
        for result in results:
            if "error" in result:
                if self._old and "database not found" in result["error"]:
                    return []  # nothing was written yet
                raise self._failure(_Answer(404, result["error"]))
        self._trouble = ""
        return [row for result in results for row in influxql.rows(result)]

    # --- talking -----------------------------------------------------------------------------

    def _call(
        self, path: str, method: str, query: list[tuple[str, str]], body: str = ""
    ) -> tuple[Any, int]:
        """The parsed answer and the status. Raises _Answer or StoreUnavailable."""
        try:
            answer, status, _ = self._client.api_client.call_api(
                path, method, query_params=query, body=body.encode(),
                header_params={"Content-Type": "text/plain; charset=utf-8"},
                response_type="object" if path == "/query" else None, auth_settings=[],
            )  # fmt: skip
        except ApiException as error:
            if not error.status:  # how influxdb-client passes on that TLS failed
                raise self._failure(_Answer(0, str(error.reason))) from None
            raise _Answer(error.status, _said(error.body)) from None
        except (urllib3.exceptions.HTTPError, OSError, UnicodeDecodeError) as error:
            reason = "no answer in time" if "timed out" in str(error) else type(error).__name__
            self._trouble = f"the store at {self._url} does not answer ({reason}): is it running?"
            raise StoreUnavailable(self._trouble) from None
        return answer, status

    def _failure(self, answer: _Answer) -> StoreError:
        """The error for an answer that concerns all lines; it also shows in `health`."""
        says = f"the store at {self._url} says {answer}"
        match answer.status:
            case 401 | 403:
                form = " with name:password" if self._old else ""
                remedy = (
                    f"give a token{form} that may write and read {self._bucket!r}: "
                    "INFLUXDB_V2_TOKEN or store.token_file"
                )
            case 404:
                make = f"influx -execute 'CREATE DATABASE \"{self._bucket}\"'"
                if not self._old:
                    make = f"influx bucket create --name {self._bucket} --org {self._org or 'ORG'}"
                remedy = f"mend store.bucket, org, url and mode, or make it: {make}"
            case 0:
                remedy = "check the certificate; store.ca_file names your own authority"
            case status if status in (408, 429) or status >= 500:
                self._trouble = f"{says}: it is tried again"
                return StoreUnavailable(self._trouble)
            case _:
                remedy = "check store.url and store.mode in the site file"
        self._trouble = f"{says}: {remedy}"
        return StoreMisconfigured(self._trouble)

    def health(self) -> Health:
        return Health(not self._trouble, self._trouble)

    def close(self) -> None:
        self._client.close()


def _said(body: str | None) -> str:
    """What a server says of an error, from 1.x's, 2.x's and 3's forms or any other text."""
    try:
        told = orjson.loads(body or "")
    except orjson.JSONDecodeError:
        return " ".join((body or "").split())[:_ANSWER]
    if not isinstance(told, dict):
        return ""
    return str(told.get("message") or told.get("error") or "")[:_ANSWER]


def _address(settings: StoreSettings) -> str:
    if settings.url != "influxdb":
        return settings.url
    url = os.environ.get("INFLUXDB_V2_URL", "")
    if not url.startswith(("http://", "https://")):
        raise StoreMisconfigured(
            "store.url is `influxdb`, but INFLUXDB_V2_URL is not set to http://HOST:8086"
        )
    return url


def _token(settings: StoreSettings, folder: Path) -> str | None:
    if not settings.token_file:
        return os.environ.get("INFLUXDB_V2_TOKEN", "").strip() or None
    path = folder / settings.token_file
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreMisconfigured(
            f"store.token_file: {path} cannot be read ({type(error).__name__}): mend the setting"
        ) from None


def _authority(settings: StoreSettings, folder: Path) -> str | None:
    if not settings.ca_file:
        return None
    path = folder / settings.ca_file
    if not path.is_file():
        raise StoreMisconfigured(
            f"store.ca_file: {path} is no file: give the certificate authority's PEM file"
        )
    return str(path)


def _is_loopback(url: str) -> bool:
    host = split_address(url.rstrip("/"), 8086)[0]
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
