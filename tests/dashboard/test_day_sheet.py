"""The canteen's day: to the minute, gaps as gaps, what was done beside it; page, PDF and XLSX."""

import dataclasses
import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from pypdf import PdfReader

from alerts.model import AlertState, Ending
from collectors.store import Store
from dashboard.sheets.day import Standard, UnitDay, Verdict, unit_day
from devices.model import NodeId, Origin, Quality, Reading
from tests.support.clock import FakeClock
from tests.support.dashboards import FRIDGE, Dashboard, csrf_of

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 23, tzinfo=ZONE)
END = START + timedelta(days=1)
COLD = Standard(0.0, 8.0, timedelta(minutes=15))


def at(clock: str) -> datetime:
    hour, minute, *second = map(int, clock.split(":"))
    return START.replace(hour=hour, minute=minute, second=second[0] if second else 0)


def day_of(
    *, without: tuple[str, str] = ("", ""), warm: tuple[str, str] = ("", ""),
    broken: tuple[str, str] = ("", ""), peak: float = 9.5,
) -> list[Reading]:  # fmt: skip
    """A reading a minute, 20 s after the minute; `warm` up to `peak`, `broken` says 85 °C."""

    def inside(span: tuple[str, str], when: datetime) -> bool:
        return bool(span[0]) and at(span[0]) <= when < at(span[1])

    readings = []
    for minute in range(1440):
        when = START + timedelta(minutes=minute)
        if inside(without, when):
            continue
        value, quality = 4.0, Quality.GOOD
        if inside(warm, when):
            value = peak if when == at(warm[0]) + timedelta(minutes=2) else 8.5
        if inside(broken, when):
            value, quality = 85.0, Quality.ERROR_VALUE
        source = (when + timedelta(seconds=20)).astimezone(UTC)
        readings.append(
            Reading(FRIDGE, source, value, Origin(NodeId("canteen-pi"), "b", 1), quality)
        )
    return readings


def judged(readings: list[Reading], **more: object) -> UnitDay:
    return unit_day(
        readings, START, END, period=timedelta(minutes=1), standard=COLD,
        spots=[at("06:30"), at("13:30")], **more,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_whole_day_is_complete_and_in_order() -> None:
    day = judged(day_of())
    assert (day.verdict, day.received, day.expected) == (Verdict.GOOD, 1440, 1440)
    assert (day.gaps, day.excursions, day.mean) == ((), (), 4.0)
    assert day.spots[0] is not None and day.spots[0].at == at("06:30:20")


def test_a_gap_is_told_to_the_minute_and_nothing_is_filled_in() -> None:
    day = judged(day_of(without=("13:21", "13:45")))
    assert [(gap.start, gap.end, gap.minutes) for gap in day.gaps] == [
        (at("13:21"), at("13:45"), 24)
    ]
    assert (day.received, day.verdict) == (1416, Verdict.INCOMPLETE)
    # The scheduled entry takes the nearest value within ten minutes, with its own time.
    assert day.spots[1] is not None and day.spots[1].at == at("13:20:20")
    assert judged(day_of(without=("13:10", "13:50"))).spots[1] is None


def test_one_late_reading_is_no_gap() -> None:
    readings = day_of()
    del readings[700]
    assert judged(readings).gaps == ()


def test_the_edges_of_the_day_are_gaps_too() -> None:
    readings = [r for r in day_of() if at("00:10") <= r.at < at("23:50")]
    gaps = judged(readings).gaps
    assert [(gap.start, gap.end) for gap in gaps] == [
        (START, at("00:10")), (at("23:50"), END)
    ]  # fmt: skip


def test_an_excursion_has_its_minutes_and_its_worst_value() -> None:
    day = judged(day_of(warm=("09:12", "10:40")))
    (excursion,) = day.excursions
    assert (excursion.start, excursion.end) == (at("09:12:20"), at("10:40:20"))
    assert (excursion.minutes, excursion.worst.value) == (88, 9.5)
    assert excursion.worst.at == at("09:14:20") and not excursion.open
    assert day.verdict is Verdict.BREACHED


def test_a_short_one_is_tolerated_by_the_plan_and_still_told() -> None:
    day = judged(day_of(warm=("09:12", "09:20")))
    assert (day.excursions, day.verdict) == ((), Verdict.GOOD)
    assert [brief.minutes for brief in day.brief] == [8]


def test_an_excursion_that_data_cut_off_is_left_open() -> None:
    day = judged(day_of(warm=("09:00", "10:00"), without=("09:30", "12:00")))
    assert [(e.start, e.end, e.open) for e in day.excursions] == [
        (at("09:00:20"), at("09:29:20"), True)
    ]
    assert len(day.gaps) == 1


def test_what_a_broken_sensor_says_is_neither_value_nor_excursion() -> None:
    day = judged(day_of(broken=("11:00", "11:30")))
    assert (day.excursions, day.most and day.most.value) == ((), 4.0)
    assert [(gap.minutes, gap.sensor) for gap in day.gaps] == [(30, True)]


def test_outside_of_the_hours_that_count_nothing_is_judged() -> None:
    readings = day_of(warm=("02:00", "04:00"))
    day = judged(readings, judged=[(at("11:00"), at("12:40"))])
    assert (day.verdict, day.most and day.most.value) == (Verdict.GOOD, 4.0)
    assert judged(readings, judged=[]).verdict is Verdict.UNUSED


@pytest.mark.parametrize("readings", [[], day_of(broken=("00:00", "23:59"))[:1439]])
def test_a_day_without_a_usable_value_says_so(readings: list[Reading]) -> None:
    day = judged(readings)
    assert (day.verdict, day.received, day.least) == (Verdict.NO_DATA, 0, None)


# --- page, PDF, XLSX ---------------------------------------------------------------------------


@pytest.fixture
def bad_day(dashboard: Dashboard, clock: FakeClock) -> Dashboard:
    """23 November: warm from 09:12 to 10:40, without data from 14:07 to 14:31; it is the 24th."""
    fill(dashboard.store, day_of(warm=("09:12", "10:40"), without=("14:07", "14:31")))
    clock.set("2026-11-24T08:00:00+08:00")
    made = dashboard.alert(raised_at=at("09:27:20"))
    dashboard.book.kept["a1"] = dataclasses.replace(
        made, state=AlertState.CLOSED, active=False, returned_at=at("10:40:20"),
        ending=Ending.HANDLED, ended_by="李师傅", ended_at=at("10:50"),
    )  # fmt: skip
    dashboard.book.noted["a1"] = (at("09:40"), "李师傅", "送货时柜门没关严")
    clock.set("2026-11-23T10:05:00+08:00")
    dashboard.canteen.write(
        date(2026, 11, 23), FRIDGE, "王师傅", action="=HYPERLINK(1) 移到2号柜",
        disposal="continue",
    )  # fmt: skip
    clock.set("2026-11-24T08:00:00+08:00")
    return dashboard


def fill(store: Store, readings: list[Reading]) -> None:
    store.write(readings)


def test_the_page_tells_gap_excursion_and_what_was_done(bad_day: Dashboard) -> None:
    page = bad_day.browser("viewer").get("/canteen/sheet/2026-11-23").text
    said_there = (
        "09:12–10:40", "88 分钟", "9.5 ℃", "14:07–14:31", "24 分钟", "1416/1440", "不合格",
        "送货时柜门没关严", "移到2号柜", "继续使用", "已处理", "2026年11月23日 周一",
    )  # fmt: skip
    for said in said_there:
        assert said in page, said


@pytest.mark.parametrize(("language", "words"), [
    ("zh", ("食堂温度记录表", "09:12–10:40", "14:07–14:31", "1416/1440", "移到2号柜", "记录人")),
    ("en", ("Canteen temperature sheet", "09:12–10:40", "14:07–14:31", "not in order")),
])  # fmt: skip
def test_the_pdf_is_one_a4_page_with_the_same_words(
    bad_day: Dashboard, language: str, words: tuple[str, ...]
) -> None:
    answer = bad_day.browser("viewer", language).get("/canteen/sheet/2026-11-23.pdf")
    assert answer.content_type == "application/pdf"
    reader = PdfReader(io.BytesIO(answer.data))
    assert len(reader.pages) == 1
    box = reader.pages[0].mediabox
    assert (round(float(box.width)), round(float(box.height))) == (595, 842)
    text = reader.pages[0].extract_text().replace("\n", "")
    for word in words:
        assert word in text, (word, text)


def test_the_workbook_has_numbers_as_numbers_and_no_formula(bad_day: Dashboard) -> None:
    answer = bad_day.browser("viewer").get("/canteen/sheet/2026-11-23.xlsx")
    assert "attachment" in answer.headers["Content-Disposition"]
    page = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert page is not None
    rows = [[cell.value for cell in row] for row in page.iter_rows()]
    fridge = next(row for row in rows if row[0] == "1号冷藏柜" and row[1] == "≤ 8 ℃")
    assert fridge[8:13] == [9.5, "09:14", fridge[10], 1440, 1416]
    assert isinstance(fridge[10], float) and fridge[14] == "不合格"
    incidents = [row for row in rows if row[0] == "1号冷藏柜" and row[1] != "≤ 8 ℃"]
    assert [row[1:4] for row in incidents] == [["09:12", "10:40", 88], ["14:07", "14:31", 24]]
    assert "=HYPERLINK(1) 移到2号柜" in str(incidents[0][6])
    assert {cell.data_type for row in page.iter_rows() for cell in row} <= {"s", "n"}


def test_today_ends_now_and_cannot_be_signed(dashboard: Dashboard, clock: FakeClock) -> None:
    clock.set("2026-11-23T09:00:00+08:00")
    fill(dashboard.store, [r for r in day_of() if r.at <= clock.now()])
    browser = dashboard.browser("canteen")
    page = browser.get("/canteen/sheet", follow_redirects=True).text
    assert "截至 09:00" in page and "540/540" in page and "当天结束后才能签名" in page
    form = {"csrf_token": csrf_of(page), "part": "recorder"}
    answer = browser.post("/canteen/sheet/2026-11-23/sign", data=form, follow_redirects=True)
    assert "当天结束后才能签名" in answer.text
    assert dashboard.canteen.signatures(date(2026, 11, 23)) == []


def test_two_persons_sign_and_what_they_wrote_stays(bad_day: Dashboard) -> None:
    sheet = "/canteen/sheet/2026-11-23"
    cook, chief = bad_day.browser("canteen"), bad_day.browser("admin")
    for browser, part in ((cook, "recorder"), (cook, "reviewer"), (chief, "reviewer")):
        token = csrf_of(browser.get(sheet).text)
        browser.post(f"{sheet}/sign", data={"csrf_token": token, "part": part})
    signed = bad_day.canteen.signatures(date(2026, 11, 23))
    assert [(s.part.value, s.who) for s in signed] == [
        ("recorder", "canteen"), ("reviewer", "admin"),
    ]  # fmt: skip
    token = csrf_of(cook.get(sheet).text)
    form = {"csrf_token": token, "point": FRIDGE, "cause": "<b>压缩机</b>", "shown": "−3,5"}
    cook.post(f"{sheet}/entries", data=form)
    page = cook.get(sheet).text
    assert "&lt;b&gt;压缩机&lt;/b&gt;" in page and "−3.5" in page


@pytest.mark.parametrize("form", [
    {"point": "nowhere", "action": "x"}, {"point": FRIDGE}, {"point": FRIDGE, "shown": "nan"},
    {"point": FRIDGE, "disposal": "eat"}, {"point": FRIDGE, "shown": "400"},
])  # fmt: skip
def test_what_cannot_be_written_down_is_refused_in_words(
    bad_day: Dashboard, form: dict[str, str]
) -> None:
    browser, sheet = bad_day.browser("canteen"), "/canteen/sheet/2026-11-23"
    before = len(bad_day.canteen.entries(date(2026, 11, 23)))
    token = csrf_of(browser.get(sheet).text)
    answer = browser.post(f"{sheet}/entries", data={"csrf_token": token, **form},
                          follow_redirects=True)  # fmt: skip
    assert 'class="notice error"' in answer.text
    assert len(bad_day.canteen.entries(date(2026, 11, 23))) == before


@pytest.mark.parametrize("day", ["2026-11-25", "yesterday", "2026-13-01", "0001-01-01"])
def test_a_day_that_has_no_sheet_is_not_found(dashboard: Dashboard, day: str) -> None:
    browser = dashboard.browser("viewer")
    for ending in ("", ".pdf", ".xlsx"):
        assert browser.get(f"/canteen/sheet/{day}{ending}").status_code == 404


def test_only_those_of_the_canteen_may_write(bad_day: Dashboard) -> None:
    guard, sheet = bad_day.browser("guard"), "/canteen/sheet/2026-11-23"
    token = csrf_of(guard.get("/maintenance").text)
    form = {"csrf_token": token, "part": "recorder"}
    assert guard.post(f"{sheet}/sign", data=form).status_code == 403
