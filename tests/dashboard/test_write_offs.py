"""Writing off: no step skipped, three different signatures, the asset keeps its history."""

from typing import Any

import pytest

from dashboard.records.assets import AssetStatus
from dashboard.records.fields import BadField, NotNow
from tests.support.dashboards import Dashboard, csrf_of

CARD = {"number": "CQ-PC-7", "name": "旧电脑", "category": "computer"}
DRAFT = {"asset": "CQ-PC-7", "reason": "uneconomic", "detail": "主板坏，修不值"}


def test_a_case_goes_its_way_without_skipping_and_the_card_is_closed(dashboard: Dashboard) -> None:
    upkeep = dashboard.upkeep
    upkeep.assets.save(CARD, "王")
    case = upkeep.write_offs.begin(DRAFT, "王")
    step = upkeep.write_offs.step

    def status() -> AssetStatus:
        card = upkeep.assets.get("CQ-PC-7")
        assert card is not None
        return card.status

    assert status() is AssetStatus.TO_SCRAP
    for early in ("approve", "dispose", "close"):
        with pytest.raises(NotNow):
            step(case.id, early, {"approval": "x", "disposal": "recycled", "data_wiped": "1",
                                  "proceeds": "0"}, "王")  # fmt: skip
    for signer in ("张", "李"):
        assert step(case.id, "sign", {"signer": signer, "note": "同意"}, "王").state == "draft"
    with pytest.raises(NotNow, match="已签过"):
        step(case.id, "sign", {"signer": "李", "note": "同意"}, "王")
    assert step(case.id, "sign", {"signer": "赵", "note": "同意"}, "王").state == "appraised"
    assert step(case.id, "approve", {"approval": "教育局〔2026〕3号"}, "校长").state == "approved"
    with pytest.raises(BadField, match="data_wiped"):
        step(case.id, "dispose", {"disposal": "recycled"}, "王")
    step(case.id, "dispose", {"disposal": "recycled", "data_wiped": "on"}, "王")
    assert status() is AssetStatus.DISPOSED
    closed = step(case.id, "close", {"proceeds": "35"}, "王")
    assert (closed.state, closed.proceeds, closed.signers) == ("closed", 35.0, ("张", "李", "赵"))
    assert len(closed.events) == 7
    assert [e.what for e in upkeep.assets.events("CQ-PC-7")] == ["created", "status", "status"]
    with pytest.raises(NotNow):
        upkeep.write_offs.begin(DRAFT, "王")


def test_a_case_needs_a_card_a_reason_and_no_other_open_case(dashboard: Dashboard) -> None:
    upkeep = dashboard.upkeep
    with pytest.raises(BadField, match="没有这张卡片"):
        upkeep.write_offs.begin(DRAFT, "王")
    upkeep.assets.save(CARD, "王")
    with pytest.raises(BadField, match="detail"):
        upkeep.write_offs.begin({**DRAFT, "detail": ""}, "王")
    case = upkeep.write_offs.begin(DRAFT, "王")
    with pytest.raises(NotNow, match="open case"):
        upkeep.write_offs.begin(DRAFT, "王")
    upkeep.write_offs.step(case.id, "withdraw", {"note": "还能修"}, "王")
    card = upkeep.assets.get("CQ-PC-7")
    assert card is not None and card.status is AssetStatus.IDLE
    assert upkeep.write_offs.begin(DRAFT, "王").state == "draft"


def test_the_page_and_the_api_do_the_same_and_only_administrators_approve(
    dashboard: Dashboard,
) -> None:
    dashboard.upkeep.assets.save(CARD, "王")
    client = dashboard.browser("maintainer")
    form: dict[str, Any] = {"csrf_token": csrf_of(client.get("/write-offs").text)}
    client.post("/write-offs", data={**form, **DRAFT})
    (case,) = dashboard.upkeep.write_offs.every()
    for signer in ("张", "李", "赵"):
        client.post(f"/write-offs/{case.id}/sign", data={**form, "signer": signer, "note": "同意"})
    assert "待审批" in client.get("/write-offs").text
    program = dashboard.app.test_client()
    path = f"/api/v1/write-offs/{case.id}"
    body = {"approval": "教育局"}
    maintainer, admin = dashboard.token("maintainer"), dashboard.token("admin")
    assert program.post(f"{path}/approve", json=body, headers=maintainer).status_code == 403
    assert program.post(f"{path}/close", json={"proceeds": 0}, headers=admin).status_code == 409
    assert program.post(f"{path}/approve", json=body, headers=admin).status_code == 200
    found = program.get("/api/v1/write-offs", headers=maintainer).json or {}
    assert found["write_offs"][0]["state"] == "approved"
