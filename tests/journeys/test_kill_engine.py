"""kill -9 of the alarm engine at any step of 500 alerts: each told, none forgotten or doubled."""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import orjson
import pytest

from alerts.book import Book
from alerts.model import Alert, AlertState, Deed
from collectors.mqtt import connect_to
from collectors.requests import Requester
from collectors.store import open_store
from devices import wire
from devices.catalog import Site
from devices.errors import TransportError
from devices.model import ClockState, NodeId, Origin, PointId, Reading
from devices.sitefile import load_site
from tests.support.mosquitto import bare_mosquitto
from tests.support.post_office import PostOffice, post_office
from tests.support.waiting import eventually

ALERTS = 500
KILLS = 14
NODE = NodeId("canteen-pi")
SITE = """
school.id = "test"
school.name = "测试小学"
services.mqtt = "mqtt://127.0.0.1:{port}"
store.url = "sqlite:telemetry.db"
building = [{{ id = "canteen", name = "食堂" }}]
room = [{{ id = "kitchen", name = "操作间", building = "canteen", type = "canteen" }}]
node = [{{ id = "canteen-pi", name = "食堂节点", room = "kitchen" }}]
point = [
{points}]
"""
POINT = (
    '  {{ id = "f/{n}/t", kind = "temperature-cold", node = "canteen-pi", room = "kitchen",'
    ' name = "冷藏柜{n}" }},\n'
)
PLAN = """
role = [{{ id = "it", name = "信息中心" }}]

[telling]
repeat_s = {{}}
acknowledge_expires_s = {{}}

[[webhook]]
id = "hook"
url = "{address}/told"
secret = "env:HOOK_SECRET"

[[route]]
channel = "webhook"
to = ["hook"]

[[escalation]]
step = [{{ after_s = 5, channel = "screen", to = ["it"] }}]

[[rule]]
id = "WARM"
kind = "threshold"
title = "太热"
title_en = "Too warm"
area = "food"
severity = "critical"
select = {{ kinds = ["temperature-cold"] }}
options = {{ above = 8.0, hold_s = 2.0 }}
text = "{{point}} {{value}}"
text_en = "{{point}} {{value}}"
effective_from = 2020-01-01
basis = [{{ about = "8 ℃", standing = "own-default" }}]
"""


class EngineProcess:
    """`campus engine` in a process of its own, killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._command = [
            sys.executable, "-m", "dashboard", "engine", "--config", str(folder / "campus.toml"),
            "--data", str(folder),
        ]  # fmt: skip
        self.start()

    def start(self) -> None:
        with (self._folder / "engine.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command, stdout=log, stderr=log, env={**os.environ, "HOOK_SECRET": "k3y"}
            )

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    @property
    def said(self) -> str:
        return (self._folder / "engine.log").read_text("utf-8", errors="replace")


class School:
    """500 fridges that are in the store as they are published, as ingest would see to."""

    def __init__(self, folder: Path, port: int, office: PostOffice, opened: ExitStack) -> None:
        points = "".join(POINT.format(n=number) for number in range(ALERTS))
        (folder / "campus.toml").write_text(SITE.format(port=port, points=points), "utf-8")
        plan = PLAN.format(address=office.address)
        (folder / "safety_plan.toml").write_text(plan, "utf-8")
        self.site: Site = load_site(folder / "campus.toml")
        self.store = opened.enter_context(closing(open_store(self.site, folder)))
        self.transport = connect_to(self.site, "world")
        self.requester = Requester(self.transport, "world")
        opened.callback(self.transport.close)
        self.transport.start()
        self.transport.wait_connected(10)
        self._seq = 0

    def says(self, *values: tuple[int, float]) -> None:
        self._seq += 1
        origin = Origin(NODE, "b", self._seq)
        now = datetime.now(UTC)
        at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        readings = [Reading(PointId(f"f/{n}/t"), at, value, origin) for n, value in values]
        self.store.write(readings)
        batch = wire.Batch(origin, ClockState.SYNCED, readings)
        self.transport.publish(wire.up_topic(NODE), wire.encode_batch(batch))

    def acknowledges(self, alert: str) -> bool:
        """True where the engine says that it is done."""
        command = wire.Command("acknowledge", f"c-{alert}", alert, "王老师")
        try:
            answer = self.requester.ask(
                wire.command_topic("acknowledge"), wire.encode_command(command), 0.3
            )
        except (TimeoutError, TransportError):
            return False
        return bool(wire.decode_object(answer).get("ok"))


@pytest.fixture
def school(tmp_path: Path) -> Iterator[tuple[School, PostOffice]]:
    with ExitStack() as opened:
        office = opened.enter_context(post_office())
        extra = "allow_anonymous true\nmax_queued_messages 0\n"
        port = opened.enter_context(bare_mosquitto(tmp_path, extra))
        yield School(tmp_path, port, office, opened), office


def told(office: PostOffice) -> Counter[str]:
    """How often a message about each alert came."""
    found = [orjson.loads(letter.body) for letter in list(office.letters)]
    return Counter(str(each["alert"]["id"]) for each in found)


def test_killed_at_any_step_of_500_alerts_it_tells_each_and_forgets_none(
    school: tuple[School, PostOffice], tmp_path: Path
) -> None:
    world, office = school
    random = Random(20261124)
    engine = EngineProcess(tmp_path)
    acknowledged: set[str] = set()
    try:
        eventually(lambda: (tmp_path / "book.db").exists(), within=30)
        world.says(*((n, 4.0) for n in range(ALERTS)))
        share = -(-ALERTS // KILLS)
        for kill in range(KILLS):
            some = range(kill * share, min(ALERTS, (kill + 1) * share))
            world.says(*((n, 9.0) for n in some))
            before = len(office.letters)
            # From "not even started" to "in the middle of telling": each kill at another step.
            wanted = before + random.randrange(0, len(some))
            eventually(lambda wanted=wanted: len(office.letters) >= wanted, within=60)
            for id in random.sample(sorted(told(office)), min(3, len(office.letters))):
                if world.acknowledges(id):
                    acknowledged.add(id)
            engine.kill()
            engine.start()
        with closing(Book(f"sqlite:///{tmp_path / 'book.db'}", readonly=True)) as book:
            _all_is_told(book, office, acknowledged)
    finally:
        engine.stop()
    assert "Traceback" not in engine.said, re.findall(r"Traceback.*?\n\S.*", engine.said, re.DOTALL)


def _all_is_told(book: Book, office: PostOffice, acknowledged: set[str]) -> None:
    def alerts() -> dict[str, Alert]:
        return {alert.id: alert for alert in book.alerts(limit=10_000)}

    eventually(lambda: len(alerts()) >= ALERTS, within=60, what="every alert is raised")
    eventually(lambda: set(told(office)) >= set(alerts()), within=60, what="every alert is told")
    assert len(alerts()) == ALERTS, "none twice"
    assert {alert.key for alert in alerts().values()} == {f"f/{n}/t" for n in range(ALERTS)}
    assert acknowledged
    kept = {id for id, alert in alerts().items() if alert.state is AlertState.ACKNOWLEDGED}
    assert acknowledged <= kept

    def climbed() -> bool:
        waiting = [a for a in alerts().values() if a.state is AlertState.UNACKNOWLEDGED]
        return all(alert.escalated == 1 for alert in waiting)

    eventually(climbed, within=60, what="every unanswered alert has climbed")
    for alert in alerts().values():
        deeds = [step.why for step in book.transitions(alert.id)]
        assert deeds.count(Deed.RAISED) == 1
        assert deeds.count(Deed.ESCALATED) <= 1, "no step is taken twice"
    again = sum(count - 1 for count in told(office).values())
    assert again <= ALERTS // 5, f"{again} messages came again: only what was on its way may"
