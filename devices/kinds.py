"""KINDS: everything that can be measured, with its unit, plausible range and expected rhythm.

Ranges are what the sensor or the room can physically show, not limits of the safety plan. Sampling
periods follow the sampling table of the safety notes (fridges 60 s, hot holding 30 s, power 10 s,
server room 30 s); they are the school's own defaults, not regulation.
"""

from devices.model import Kind, ValueType

_N, _T = ValueType.NUMBER, ValueType.TEXT
_DS18B20 = (85.0, -127.0)
"""DS18B20: 85.0 is the power-on register, -127 what libraries return for a lost sensor."""

_ALL = (
    Kind("temperature-cold", "temperature", _N, "冷藏温度", "Refrigerated temperature", "°C",
         -30, 60, 0.0625, 60, 300, "canteen", error_values=_DS18B20),
    Kind("temperature-frozen", "temperature", _N, "冷冻温度", "Frozen temperature", "°C",
         -50, 60, 0.0625, 60, 300, "canteen", error_values=_DS18B20),
    Kind("temperature-sample", "temperature", _N, "留样温度", "Sample fridge temperature", "°C",
         -30, 60, 0.0625, 60, 300, "canteen", error_values=_DS18B20),
    Kind("temperature-hot", "temperature", _N, "热藏温度", "Hot holding temperature", "°C",
         -10, 120, 0.0625, 30, 180, "canteen", error_values=(-127.0,)),
    Kind("temperature-room", "temperature", _N, "室温", "Room temperature", "°C",
         -30, 60, 0.0625, 60, 300, "environment", error_values=_DS18B20),
    Kind("temperature-rack", "temperature", _N, "机房进风温度", "Server room inlet temperature",
         "°C", -10, 70, 0.0625, 30, 180, "server-room", error_values=_DS18B20),
    Kind("humidity", "humidity", _N, "相对湿度", "Relative humidity", "%",
         0, 100, 0.1, 60, 300, "environment"),
    Kind("power", "power", _N, "用电功率", "Electric power", "W",
         -5, 5000, 1, 10, 120, "equipment"),
    Kind("voltage", "voltage", _N, "电压", "Voltage", "V", 0, 300, 0.1, 30, 180, "equipment"),
    Kind("gas", "gas", _N, "燃气浓度", "Gas concentration", "ppm",
         0, 10000, 1, 5, 60, "canteen"),
    Kind("temperature-disinfection", "temperature", _N, "消毒柜温度",
         "Disinfection cabinet temperature", "°C", -10, 200, 0.0625, 10, 120, "canteen",
         error_values=(-127.0,)),
    Kind("temperature-cable", "temperature", _N, "电缆温度", "Cable temperature", "°C",
         -30, 150, 0.0625, 30, 180, "electricity", error_values=_DS18B20),
    Kind("residual-current", "residual_current", _N, "剩余电流", "Residual current", "mA",
         0, 2000, 1, 10, 120, "electricity"),
    Kind("temperature-intake", "temperature", _N, "设备进风温度", "Equipment intake temperature",
         "°C", -10, 100, 0.1, 60, 300, "equipment"),
    Kind("temperature-exhaust", "temperature", _N, "设备出风温度", "Equipment exhaust temperature",
         "°C", -10, 150, 0.1, 60, 300, "equipment"),
    Kind("lamp-hours", "lamp_hours", _N, "灯泡已用时间", "Lamp hours", "h",
         0, 100000, 1, 3600, 90000, "equipment"),
    Kind("co2", "co2", _N, "二氧化碳", "Carbon dioxide", "ppm",
         0, 10000, 1, 60, 300, "environment"),
    Kind("formaldehyde", "formaldehyde", _N, "甲醛", "Formaldehyde", "mg/m³",
         0, 5, 0.001, 60, 300, "environment"),
    Kind("battery-charge", "battery_charge", _N, "UPS 电量", "UPS battery charge", "%",
         0, 100, 1, 60, 300, "server-room"),
    Kind("backup-age", "backup_age", _N, "距上次备份", "Time since the last backup", "h",
         0, 10000, 0.1, 3600, 10800, "server-room"),
    Kind("ups", "ups", _T, "UPS 供电", "UPS supply", "", period=60, stale_after=300,
         group="server-room", values=("mains", "battery")),
    Kind("link", "link", _T, "网络连接", "Network link", "", period=60, stale_after=300,
         group="equipment", values=("up", "down")),
    Kind("patrol", "patrol", _T, "巡更点", "Patrol point", "", period=0, stale_after=0,
         group="gate", values=("pressed", "released")),
    Kind("passage", "passage", _T, "通行光电", "Passage beam", "", period=0, stale_after=0,
         group="gate", values=("passed", "clear")),
    Kind("contact", "contact", _T, "门磁", "Door contact", "", period=60, stale_after=300,
         group="door", values=("open", "closed")),
    Kind("gate", "contact", _T, "校门", "Gate", "", period=60, stale_after=300,
         group="gate", values=("open", "closed")),
    Kind("access", "access", _T, "刷卡", "Badge", "", period=0, stale_after=0,
         group="gate"),
    Kind("exit-button", "button", _T, "出门按钮", "Exit button", "", period=0, stale_after=0,
         group="gate", values=("pressed", "released")),
    Kind("acknowledge-button", "button", _T, "确认按钮", "Acknowledge button", "", period=0,
         stale_after=0, group="post", values=("pressed", "released")),
    Kind("panic", "panic", _T, "一键报警", "Panic button", "", period=60, stale_after=300,
         group="post", values=("pressed", "released")),
    Kind("water-leak", "leak", _T, "漏水", "Water leak", "", period=60, stale_after=300,
         group="server-room", values=("dry", "wet")),
    Kind("beacon", "beacon", _T, "声光报警器", "Beacon", "", period=60, stale_after=300,
         group="post", values=("off", "on", "silent"), output=True),
)  # fmt: skip

KINDS: dict[str, Kind] = {kind.key: kind for kind in _ALL}
