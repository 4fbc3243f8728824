"""Told again, higher, together, by another way; kept quiet with a reason; never forgotten."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from alerts.model import Alert, AlertState
from devices.catalog import Site
from devices.model import NodeState
from tests.support.clock import FakeClock
from tests.support.post_office import PostOffice, post_office
from tests.support.waiting import eventually
from tests.support.watch import FRIDGE, GATE, LEAK, PANIC, PLAN, Watch

QUICK = """
[[rule]]
id = "FOOD-99"
kind = "threshold"
title = "试验"
title_en = "Test"
area = "food"
severity = "warning"
select = { kinds = ["temperature-cold"] }
options = { above = 8.0 }
text = "{point} {value}"
text_en = "{point} {value}"
effective_from = 2020-01-01
basis = [{ about = "8 ℃", standing = "own-default" }]

[[rule]]
id = "FOOD-98"
kind = "threshold"
title = "试验二"
title_en = "Second test"
area = "food"
severity = "warning"
select = { kinds = ["temperature-cold"] }
options = { above = 20.0 }
text = "{point} {value}"
text_en = "{point} {value}"
effective_from = 2020-01-01
basis = [{ about = "20 ℃", standing = "own-default" }]

[[rule]]
id = "TELL-01"
kind = "unreached"
title = "没有通知到人"
title_en = "Nobody reached"
area = "network"
severity = "major"
select = { nodes = ["*"] }
text = "{node} 有 {value} 条告警没有通知到任何人"
text_en = "{value} alerts of {node} reached nobody"
effective_from = 2020-01-01
basis = [{ about = "3 分钟", standing = "own-default" }]
"""

ROUTES = """
[[route]]
channel = "guard-post"
to = ["own"]
areas = ["person"]

[[route]]
channel = "screen"
to = ["duty"]
areas = ["food", "network", "person", "lab"]

"""

Begin = Callable[[str], Watch]


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as office:
        yield office


@pytest.fixture
def begin(tmp_path: Path, site: Site, clock: FakeClock, office: PostOffice) -> Iterator[Begin]:
    """The engine with more in its plan, at 10:00."""
    begun: list[Watch] = []

    def begin(more: str) -> Watch:
        (tmp_path / "zhang.url").write_text(f"json://127.0.0.1:{office.port}/zhang")
        (tmp_path / "hook.key").write_text("k3y")
        plan = PLAN.replace('phone = "分机 8010"', 'phone = "8010", apprise = ["file:zhang.url"]')
        hook = f"""
[[webhook]]
id = "hook"
url = "{office.address}/hook"
secret = "file:hook.key"
"""
        first, rule, rest = plan.partition("\n[[rule]]")
        text = re.sub(r"route = \[.*?\n\]", "", first, flags=re.S) + ROUTES + more + hook
        text += rule + rest
        begun.append(Watch(tmp_path, site, clock, text + QUICK))
        return begun[-1]

    yield begin
    for watch in begun:
        watch.close()


def told(watch: Watch, alert: Alert) -> list[tuple[str, str, str, str]]:
    return [(d.why, d.channel, d.receiver, d.state) for d in watch.book.deliveries(alert.id)]


def deeds(watch: Watch, alert: Alert) -> list[str]:
    """But for data that stay away, as they do when a test lets time go by."""
    return [deed for deed in watch.deeds(alert) if deed != "no-data"]


def ends(watch: Watch, alert: Alert, ending: str, note: str = "看过") -> dict[str, Any]:
    wish = orjson.dumps({"ending": ending, "note": note}).decode()
    return watch.asks("end", alert.id, note=wish, id=f"{alert.id}{ending}{note}")


def mutes(watch: Watch, **wish: Any) -> dict[str, Any]:
    return watch.asks("mute", note=orjson.dumps(wish).decode(), id=str(wish))


def ms(watch: Watch, seconds: float) -> int:
    return int((watch.clock.now().timestamp() + seconds) * 1000)


CLIMB = """
[[route]]
channel = "webhook"
to = ["hook"]
areas = ["lab"]

[[escalation]]
areas = ["lab"]
step = [
  { after_s = 60, channel = "screen", to = ["duty"] },
  { after_s = 120, channel = "webhook", to = ["hook"] },
]

[telling]
repeat_s = { critical = 300 }
acknowledge_expires_s = { critical = 600 }
"""


def test_an_unanswered_alert_climbs_step_by_step_and_is_told_again(begin: Begin) -> None:
    watch = begin(CLIMB)
    watch.says(LEAK, "wet")
    alert = watch.one()
    watch.passes(60)
    assert watch.deeds(alert) == ["raised", "escalated"]
    watch.passes(60)
    assert watch.deeds(alert) == ["raised", "escalated", "escalated"]
    watch.passes(600)
    assert deeds(watch, alert) == ["raised", "escalated", "escalated", "reminded"]
    now = watch.book.alert(alert.id)
    assert now is not None and now.escalated == 2


def test_escalation_and_reminders_go_on_after_a_restart_where_they_stood(begin: Begin) -> None:
    watch = begin(CLIMB)
    watch.says(LEAK, "wet")
    alert = watch.one()
    watch.passes(60)
    watch.stop()
    watch.clock.move(55)
    watch.start()
    assert watch.deeds(alert) == ["raised", "escalated"]
    watch.passes(5)
    assert watch.deeds(alert) == ["raised", "escalated", "escalated"]


def test_an_answer_ends_the_climb_and_expires_while_it_is_still_so(begin: Begin) -> None:
    watch = begin(CLIMB)
    watch.says(LEAK, "wet")
    alert = watch.one()
    watch.asks("acknowledge", alert.id)
    watch.passes(590)
    assert deeds(watch, alert) == ["raised", "acknowledged"]
    watch.passes(15)
    assert deeds(watch, alert) == ["raised", "acknowledged", "expired"]
    watch.passes(60)
    assert deeds(watch, alert)[-2:] == ["expired", "escalated"]


def test_maintenance_stops_all_of_it_and_what_still_stands_calls_at_its_end(begin: Begin) -> None:
    watch = begin(CLIMB)
    answer = mutes(
        watch, kind="maintenance", targets=["room:server-room"], end=ms(watch, 900), reason="换泵"
    )
    assert answer["ok"], answer
    watch.says(LEAK, "wet")
    alert = watch.one()
    assert {d[3] for d in told(watch, alert)} == {"held"}
    assert {d.reason for d in watch.book.deliveries(alert.id)} == {"maintenance"}
    watch.passes(400)
    watch.restart()
    watch.passes(400)
    assert deeds(watch, alert) == ["raised"]
    watch.passes(120)
    assert deeds(watch, alert) == ["raised", "resumed"]
    eventually(lambda: ("resumed", "webhook", "hook", "sent") in told(watch, alert))


def test_a_step_that_fell_due_during_maintenance_counts_anew_from_its_end(begin: Begin) -> None:
    watch = begin(CLIMB)
    watch.says(LEAK, "wet")
    alert = watch.one()
    watch.passes(30)
    mutes(watch, kind="maintenance", targets=["*"], end=ms(watch, 300), reason="换泵")
    watch.passes(200)
    watch.restart()
    watch.passes(95)
    assert deeds(watch, alert) == ["raised"]
    watch.passes(15)
    assert deeds(watch, alert) == ["raised", "resumed"], "who was called first is called anew"
    watch.passes(40)
    assert deeds(watch, alert) == ["raised", "resumed"], "the climb counts from the end"
    watch.passes(30)
    assert deeds(watch, alert) == ["raised", "resumed", "escalated"]


def test_a_step_that_would_fall_due_after_maintenance_keeps_its_time(begin: Begin) -> None:
    watch = begin(CLIMB)
    watch.says(LEAK, "wet")
    alert = watch.one()
    mutes(watch, kind="maintenance", targets=["*"], end=ms(watch, 40), reason="换泵")
    watch.passes(50)
    assert deeds(watch, alert) == ["raised"]
    watch.passes(15)
    assert deeds(watch, alert) == ["raised", "escalated"]


def test_maintenance_that_ended_while_the_engine_was_away_calls_when_it_is_back(
    begin: Begin,
) -> None:
    watch = begin(CLIMB)
    mutes(watch, kind="maintenance", targets=["*"], end=ms(watch, 100), reason="停电检修")
    watch.says(LEAK, "wet")
    alert = watch.one()
    watch.stop()
    watch.clock.move(200)
    watch.start()
    assert "resumed" in watch.deeds(alert)


def test_maintenance_can_be_ended_early_and_an_endless_one_is_refused(begin: Begin) -> None:
    watch = begin(CLIMB)
    refused = mutes(watch, kind="maintenance", targets=["*"], reason="x")
    assert "within 7 days" in refused["error"]
    assert "nothing on this site" in mutes(
        watch, kind="out-of-service", targets=["room:moon"], reason="x"
    )["error"]  # fmt: skip
    assert "reason" in mutes(watch, kind="out-of-service", targets=["*"])["error"]
    made = mutes(watch, kind="maintenance", targets=["*"], end=ms(watch, 900), reason="换泵")
    watch.says(LEAK, "wet")
    ended = watch.asks("mute", made["mute"]["id"], note='{"do":"end"}', id="e1")
    assert ended["ok"]
    watch.passes(2)
    assert "resumed" in watch.deeds(watch.one())
    assert "over already" in watch.asks("mute", made["mute"]["id"], note='{"do":"end"}', id="e2")[
        "error"
    ]  # fmt: skip


def test_a_fridge_out_of_service_raises_nothing_and_speaks_again_when_it_is_back(
    begin: Begin,
) -> None:
    watch = begin("")
    watch.says(FRIDGE, 9.0)
    alert = watch.one()
    made = mutes(
        watch, kind="out-of-service", targets=["canteen/fridge-1/*"], reason="寒假清空停用"
    )
    watch.passes(2)
    assert watch.one().state is AlertState.OUT_OF_SERVICE
    assert "out of service" in watch.asks("acknowledge", alert.id)["error"]
    watch.restart()
    watch.says(FRIDGE, 12.0)
    assert watch.one().state is AlertState.OUT_OF_SERVICE
    watch.asks("mute", made["mute"]["id"], note='{"do":"end"}')
    watch.passes(2)
    assert watch.one().state is AlertState.UNACKNOWLEDGED
    assert watch.deeds(alert)[-1] == "in-service"


def test_what_is_out_of_service_and_back_to_normal_is_over(begin: Begin) -> None:
    watch = begin("")
    watch.says(FRIDGE, 9.0)
    mutes(watch, kind="out-of-service", targets=["canteen/fridge-1/*"], reason="停用")
    watch.passes(2)
    watch.says(FRIDGE, 4.0)
    assert watch.alerts() == []
    watch.says(FRIDGE, 9.5)
    assert watch.one().state is AlertState.OUT_OF_SERVICE


def test_every_alert_ends_with_a_word_a_person_and_a_time(begin: Begin) -> None:
    watch = begin("")
    watch.says(FRIDGE, 9.0)
    alert = watch.one()
    assert "needs a reason" in ends(watch, alert, "false-alarm", "")["error"]
    assert "use one of these" in ends(watch, alert, "forgotten")["error"]
    answer = ends(watch, alert, "watching", "门没关严")
    assert (answer["alert"]["ending"], answer["alert"]["ended_by"]) == ("watching", "王老师")
    assert watch.one().state is AlertState.ACKNOWLEDGED
    watch.says(FRIDGE, 4.0)
    assert watch.alerts() == []
    closed = watch.book.alert(alert.id)
    assert closed is not None and closed.ended_at is not None
    assert ends(watch, alert, "handled", "已关门")["alert"]["ending"] == "handled"
    assert watch.deeds(alert) == ["raised", "ended", "returned", "ended"]


@pytest.mark.parametrize(("ending", "fault"), [("to-repair", "reported"), ("to-hazard", "hazard")])
def test_an_alert_that_becomes_a_repair_or_a_hazard_opens_its_entry(
    begin: Begin, ending: str, fault: str
) -> None:
    watch = begin("")
    watch.says(FRIDGE, 9.0)
    alert = watch.one()
    order = ends(watch, alert, ending, "压缩机不转")["work_order"]
    assert (order["fault"], order["point"]) == (fault, FRIDGE)
    assert order["evidence"]["alert"] == alert.id
    ends(watch, alert, ending, "再说一次")
    assert len(watch.book.work_orders()) == 1


def test_a_leak_is_over_only_once_somebody_has_been_there(begin: Begin) -> None:
    watch = begin("")
    plan = watch.folder / "plan.toml"
    text = plan.read_text("utf-8").replace('title = "机房漏水"', 'latch = true\ntitle = "机房漏水"')
    watch.stop()
    plan.write_text(text, "utf-8")
    watch.start()
    watch.says(LEAK, "wet")
    alert = watch.one()
    watch.asks("acknowledge", alert.id)
    watch.says(LEAK, "dry")
    assert watch.one().state is AlertState.LATCHED
    watch.says(LEAK, "wet")
    assert watch.one().state is AlertState.UNACKNOWLEDGED
    watch.says(LEAK, "dry")
    watch.asks("acknowledge", alert.id, id="again")
    assert watch.one().state is AlertState.LATCHED
    ends(watch, alert, "handled", "擦干，管子已紧")
    assert watch.alerts() == []


def test_what_comes_and_goes_is_not_told_each_time(begin: Begin) -> None:
    watch = begin("")
    for _ in range(5):
        watch.says(FRIDGE, 9.0)
        watch.says(FRIDGE, 4.0)
    alert = watch.one()
    assert alert.occurrences == 5
    reasons = [d.reason for d in watch.book.deliveries(alert.id)]
    assert reasons.count("chatter") == 3
    assert [d.state for d in watch.book.deliveries(alert.id)].count("sent") == 2


def test_a_panic_button_is_never_taken_for_chatter(tmp_path: Path, night: Watch) -> None:
    for _ in range(5):
        night.says(GATE, "open")
        night.says(GATE, "closed")
    alert = night.one()
    assert "chatter" in [d.reason for d in night.book.deliveries(alert.id)]
    assert PANIC in night.site.points


def test_messages_that_are_not_critical_are_gathered_into_one(
    begin: Begin, office: PostOffice
) -> None:
    watch = begin('[[route]]\nchannel = "apprise"\nto = ["duty"]\nareas = ["food"]\n')
    watch.says(FRIDGE, 21.0)
    assert len(watch.alerts()) == 2
    assert office.letters == []
    watch.passes(25)
    office.has(1)
    letter = orjson.loads(office.letters[0].body)
    assert letter["title"].startswith("2 条告警")
    eventually(lambda: [d for a in watch.alerts() for d in told(watch, a)].count(
        ("raised", "apprise", "zhang", "sent")) == 2)  # fmt: skip


def test_a_flood_comes_as_few_messages(begin: Begin, office: PostOffice) -> None:
    watch = begin(
        '[[route]]\nchannel = "apprise"\nto = ["duty"]\nareas = ["food"]\n'
        "[telling]\ngroup_wait_s = 1.0\nflood_alerts = 2\nchatter_times = 100\n"
    )
    for count in range(1, 3):
        watch.says(FRIDGE, 9.0)
        watch.ticks(3)
        office.has(count)
        watch.says(FRIDGE, 4.0)
    for _ in range(6):
        watch.says(FRIDGE, 9.0)
        watch.says(FRIDGE, 4.0)
    assert len(office.letters) == 2
    watch.passes(310)
    office.has(3)
    watch.ticks(3)
    assert len(office.letters) == 3


def test_a_hook_that_hangs_holds_up_nobody_else(begin: Begin, office: PostOffice) -> None:
    watch = begin(CLIMB)
    office.answers = [0]
    watch.says(LEAK, "wet")
    office.has(1)
    watch.says(FRIDGE, 9.0)
    (fridge,) = [alert for alert in watch.alerts() if alert.rule == "FOOD-99"]
    assert ("raised", "screen", "duty", "sent") in told(watch, fridge)
    office.released.set()
    (leak,) = [alert for alert in watch.alerts() if alert.rule == "IT-03"]
    eventually(lambda: ("raised", "webhook", "hook", "sent") in told(watch, leak))


def test_a_hook_that_fails_is_tried_again_under_the_same_id(
    begin: Begin, office: PostOffice
) -> None:
    watch = begin(CLIMB)
    office.answers = [503, 500]
    watch.says(LEAK, "wet")
    office.has(1)
    for _ in range(20):
        watch.ticks()
    office.has(3)
    ids = {letter.headers["Campus-Delivery"] for letter in office.letters}
    assert len(ids) == 1
    alert = watch.one()
    eventually(lambda: ("raised", "webhook", "hook", "sent") in told(watch, alert))


def test_a_way_that_is_refused_for_good_is_replaced_by_the_fallback(
    begin: Begin, office: PostOffice
) -> None:
    watch = begin(
        '[[route]]\nchannel = "webhook"\nto = ["hook"]\nareas = ["lab"]\n'
        'fallback = { channel = "guard-post", to = ["gate-east"] }\n'
    )
    office.answer = 404
    watch.says(LEAK, "wet")
    alert = watch.one()
    eventually(lambda: ("raised", "webhook", "hook", "failed") in told(watch, alert))
    assert ("raised", "guard-post", "gate-east", "sent") in told(watch, alert)
    eventually(lambda: watch.lamp() == "on")
    assert office.letters[0].path == "/hook"


def test_nobody_reached_is_an_alarm_in_itself_and_clears_when_somebody_is(
    begin: Begin, office: PostOffice
) -> None:
    watch = begin('[[route]]\nchannel = "apprise"\nto = ["duty"]\nrules = ["FOOD-99"]\n')
    watch.stop()
    plan = watch.folder / "plan.toml"
    text = plan.read_text("utf-8")
    screen = 'rules = ["FOOD-01", "FOOD-98", "IT-*", "NODE-*", "TELL-*", "GATE*"]'
    plan.write_text(text.replace('areas = ["food", "network", "person", "lab"]', screen), "utf-8")
    watch.start()
    office.answer = 503
    watch.says(FRIDGE, 9.0)
    for _ in range(200):
        watch.ticks()
    found = {alert.rule: alert for alert in watch.alerts()}
    assert found["TELL-01"].value == 1
    assert ("raised", "screen", "duty", "sent") in told(watch, found["TELL-01"])
    office.answer = 204
    for _ in range(70):
        watch.ticks()
    eventually(lambda: told(watch, found["FOOD-99"])[0][3] == "sent")
    watch.ticks(8)
    again = watch.book.alert(found["TELL-01"].id)
    assert again is not None and not again.active


def test_what_time_says_of_a_dead_nodes_points_is_suppressed_until_they_speak(
    begin: Begin,
) -> None:
    watch = begin("")
    watch.all_nodes_live()
    watch.says(FRIDGE, 21.0)
    for alert in watch.alerts():
        ends(watch, alert, "handled")
    watch.clock.move(100)
    watch.all_nodes_live()
    watch.says(FRIDGE, 4.0)
    watch.says(FRIDGE, 9.0)  # FOOD-01 waits a quarter of an hour
    watch.asks("acknowledge", watch.one().id, id="a2")
    for _ in range(3):
        watch.clock.move(250)
        watch.status("gate-east-pi")
        watch.says(FRIDGE, 9.0)
    watch.status("canteen-pi", NodeState.OFFLINE)
    watch.passes(200)
    found = {alert.rule: alert for alert in watch.alerts()}
    assert found["FOOD-01"].state is AlertState.SUPPRESSED
    assert found["FOOD-01"].suppressed_by == "node:canteen-pi"
    assert {d[3] for d in told(watch, found["FOOD-01"])} <= {"held"}
    assert "NODE-01" in found
    watch.status("canteen-pi")
    watch.says(FRIDGE, 9.0)
    watch.ticks(2)
    again = watch.book.alert(found["FOOD-01"].id)
    assert again is not None and again.state is AlertState.UNACKNOWLEDGED
    assert ("unsuppressed", "screen", "duty", "sent") in told(watch, again)


def test_a_changed_plan_is_at_work_without_a_restart_and_a_bad_one_never(begin: Begin) -> None:
    watch = begin("")
    plan = watch.folder / "plan.toml"
    first = watch.engine.plan.version
    watch.says(FRIDGE, 7.0)
    assert watch.alerts() == []
    good = plan.read_text("utf-8")
    plan.write_text(good.replace("options = { above = 8.0 }", "options = { above = 6.0 }"), "utf-8")
    watch.passes(4)
    assert watch.engine.plan.version != first
    watch.says(FRIDGE, 7.1)
    alert = watch.one()
    assert alert.plan_version == watch.engine.plan.version
    plan.write_text(good.replace('kind = "threshold"', 'kind = "treshold"'), "utf-8")
    watch.passes(4)
    assert watch.engine.plan.version == alert.plan_version
    assert not watch.engine.plan_health().ok
    assert "is not at work" in watch.engine.plan_health().text
    assert watch.engine.health().ok
    plan.write_text(good.split('[[rule]]\nid = "FOOD-99"')[0], "utf-8")
    watch.passes(4)
    assert watch.engine.plan_health().ok
    assert watch.one().state is AlertState.RETURNED, "its rule is gone"
    versions = [version.version for version in watch.book.plans()]
    assert len(versions) == 3 and first in versions
    plan.write_text(good, "utf-8")
    watch.passes(4)
    watch.says(FRIDGE, 9.0)
    assert watch.one().state is AlertState.UNACKNOWLEDGED, "a rule that is put in again tells again"
