"""A small school without hardware, for tests that need a site but no drivers."""

from pathlib import Path

from devices.catalog import Site
from devices.sitefile import load_site

SMALL = """
school.id = "test"
school.name = "测试小学"
school.name_en = "Test school"
services.mqtt = "mqtt://127.0.0.1:{mqtt}"
store.url = "{store}"
{extra}
building = [
  {{ id = "canteen", name = "食堂", name_en = "Canteen" }},
  {{ id = "teach", name = "教学楼", name_en = "Teaching building" }},
  {{ id = "grounds", name = "校园", name_en = "Grounds" }},
]
room = [
  {{ id = "kitchen", name = "操作间", name_en = "Kitchen", building = "canteen", type = "canteen" }},
  {{ id = "class-1", name = "一(1)班", name_en = "Class 1(1)", building = "teach" }},
  {{ id = "server-room", name = "机房", name_en = "Server room", building = "teach", type = "server-room" }},
]
gate = [
  {{ id = "gate-east", name = "东门", name_en = "East gate", building = "grounds", type = "pedestrian-gate" }},
]
node = [
  {{ id = "canteen-pi", name = "食堂节点", room = "kitchen" }},
  {{ id = "gate-east-pi", name = "东门节点", room = "gate-east" }},
  {{ id = "teach-pi", name = "教学楼节点", room = "class-1" }},
]
point = [
  {{ id = "canteen/fridge-1/temperature", kind = "temperature-cold", node = "canteen-pi", room = "kitchen", name = "1号冷藏柜", name_en = "Fridge 1", asset = "CQ-LC-001" }},
  {{ id = "canteen/fridge-1/door", kind = "contact", node = "canteen-pi", room = "kitchen", name = "1号冷藏柜门", name_en = "Fridge 1 door" }},
  {{ id = "class-1/power", kind = "power", node = "teach-pi", room = "class-1", name = "一(1)班 班班通", name_en = "Class 1(1) equipment" }},
  {{ id = "class-1/temperature", kind = "temperature-room", node = "teach-pi", room = "class-1", name = "一(1)班 室温", name_en = "Class 1(1) temperature" }},
  {{ id = "server-room/leak", kind = "water-leak", node = "teach-pi", room = "server-room", name = "机房漏水", name_en = "Server room leak" }},
  {{ id = "gate-east/gate", kind = "gate", node = "gate-east-pi", room = "gate-east", name = "东门", name_en = "East gate" }},
  {{ id = "gate-east/access", kind = "access", node = "gate-east-pi", room = "gate-east", name = "东门 刷卡", name_en = "East gate badge" }},
  {{ id = "gate-east/acknowledge", kind = "acknowledge-button", node = "gate-east-pi", room = "gate-east", name = "东门 确认按钮", name_en = "East gate acknowledge" }},
  {{ id = "gate-east/panic", kind = "panic", node = "gate-east-pi", room = "gate-east", name = "东门 一键报警", name_en = "East gate panic" }},
  {{ id = "gate-east/beacon", kind = "beacon", node = "gate-east-pi", room = "gate-east", name = "东门 声光报警器", name_en = "East gate beacon" }},
]
"""  # noqa: E501


def small_site(
    folder: Path, *, mqtt: int = 1883, store: str = "sqlite:telemetry.db", extra: str = ""
) -> Site:
    """Writes `campus.toml` into `folder` and loads it."""
    path = folder / "campus.toml"
    path.write_text(SMALL.format(mqtt=mqtt, store=store, extra=extra), encoding="utf-8")
    return load_site(path)
