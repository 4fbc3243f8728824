"""Reporting by QR code: no log-in, from the school's network only, no flood, nothing of others."""

import io
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from PIL import Image

from dashboard.doorstep import Doorstep, at_home
from tests.support.clock import FakeClock
from tests.support.dashboards import FRIDGE, Dashboard, csrf_of


def hidden(page: str) -> dict[str, str]:
    stamp = page.split('name="stamp" value="', 1)[1].split('"', 1)[0]
    return {"csrf_token": csrf_of(page), "stamp": stamp}


def send(client: FlaskClient, id: str, **form: Any) -> Any:
    page = client.get(f"/r/{id}").text
    return client.post(f"/r/{id}", data={**hidden(page), "title": "不制冷", **form})


@pytest.mark.parametrize("id", ["CQ-LC-001", FRIDGE])
def test_anybody_reports_a_fault_from_the_code_on_the_device(dashboard: Dashboard, id: str) -> None:
    client = dashboard.browser()
    page = client.get(f"/r/{id}")
    assert page.status_code == 200
    assert "1号冷藏柜" in page.text and "操作间" in page.text
    out = io.BytesIO()
    Image.new("RGB", (64, 48)).save(out, "JPEG")
    done = send(client, id, name="陈老师", photo=(io.BytesIO(out.getvalue()), "a.jpg"))
    assert done.status_code == 200 and "已收到" in done.text
    (command,) = dashboard.engine.commands
    assert (command.verb, command.who) == ("work-order", "扫码报修 陈老师")
    wish = orjson.loads(command.note)
    assert (wish["do"], wish["title"], wish["place"]) == ("report", "不制冷", "kitchen")
    assert len(wish["photo"]) == 64
    assert wish.get("asset", wish.get("point")) == id


def test_the_page_shows_nothing_of_other_people_or_values(dashboard: Dashboard) -> None:
    dashboard.says(FRIDGE, 4.2)
    dashboard.order("o1", title="压缩机坏", reported_by="赵师傅", phone="13800000000")
    text = dashboard.browser().get("/r/CQ-LC-001").text
    for secret in ("4.2", "压缩机坏", "赵师傅", "13800000000", "data-live", "o1"):
        assert secret not in text


def test_what_is_no_device_of_ours_has_no_page(dashboard: Dashboard) -> None:
    client = dashboard.browser()
    for id in ("NO-SUCH", "canteen/none", "../etc/passwd", "<script>"):
        assert client.get(f"/r/{id}").status_code == 404


def test_a_forged_or_old_form_or_one_that_a_machine_filled_is_not_taken(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    client = dashboard.browser()
    assert client.post("/r/CQ-LC-001", data={"title": "x"}).status_code == 400
    fields = hidden(client.get("/r/CQ-LC-001").text)
    for wrong in ({"stamp": "x"}, {"website": "spam.example"}, {"title": " "}):
        answer = client.post("/r/CQ-LC-001", data={**fields, "title": "x", **wrong})
        assert answer.status_code == 400
    clock.move(7 * 3600)
    answer = client.post("/r/CQ-LC-001", data={**fields, "title": "x"})
    assert answer.status_code == 400 and "页面已过期" in answer.text
    assert dashboard.engine.commands == []


def test_a_flood_is_held_back_and_told_when_to_try_again(
    dashboard: Dashboard, clock: FakeClock
) -> None:
    client = dashboard.browser()
    codes = [send(client, "CQ-LC-001").status_code for _ in range(6)]
    assert codes == [200] * 4 + [429] * 2
    held = send(client, "CQ-LC-001")
    assert int(held.headers["Retry-After"]) > 3000
    assert len(dashboard.engine.commands) == 4
    clock.move(3601)
    assert send(client, "CQ-LC-001").status_code == 200


def test_only_the_schools_own_network_may_report(dashboard: Dashboard) -> None:
    outside = dashboard.app.test_client().get(
        "/r/CQ-LC-001", environ_overrides={"REMOTE_ADDR": "8.8.8.8"}
    )
    assert outside.status_code == 403
    for address, ours in (
        ("192.168.1.20", True), ("10.0.0.3", True), ("fd00::1", True), ("fe80::1%eth0", True),
        ("::ffff:192.168.0.9", True), ("::ffff:8.8.8.8", False), ("1.2.3.4", False), ("", False),
    ):  # fmt: skip
        assert at_home(address) is ours, address


def test_nothing_is_claimed_while_the_engine_is_away(dashboard: Dashboard) -> None:
    dashboard.engine.silent = True
    answer = send(dashboard.browser(), "CQ-LC-001")
    assert answer.status_code == 503 and "没有送到" in answer.text


def test_a_page_that_is_no_photo_is_said_and_what_was_written_stays(dashboard: Dashboard) -> None:
    photo = (io.BytesIO(b"<svg/>"), "x.svg")
    answer = send(dashboard.browser(), "CQ-LC-001", description="响得厉害", photo=photo)
    assert answer.status_code == 400 and "JPEG" in answer.text and "响得厉害" in answer.text
    assert dashboard.engine.commands == []


def test_the_doorstep_forgets_and_never_grows_without_end() -> None:
    door = Doorstep()
    for number in range(20_000):
        door.wait(f"10.0.{number // 250}.{number % 250}", f"d{number}", number * 100.0)
    assert len(door._seen) <= 5000


def test_labels_lead_to_the_page_of_each_device_once(dashboard: Dashboard) -> None:
    client = dashboard.browser("viewer")
    page = client.get("/labels?base=192.168.1.10:8000").text
    assert page.count("<svg") > 5 and "CQ-LC-001" in page
    assert page.count(f">{FRIDGE}<") == 0, "its asset has the label"
    assert "只有本机能打开" not in page
    assert "只有本机能打开" in client.get("/labels?base=http://127.0.0.1:8000").text
    for bad in ("javascript:alert(1)", "http://x/?q=1", '"><script>'):
        assert "<script>" not in client.get("/labels", query_string={"base": bad}).text
