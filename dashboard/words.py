"""Words for what the machines say: states, severities, values; looked up in the reader's language.

Chinese is the source; the English catalogue is in translations/.
"""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _

Words = Mapping[str, Any]

STATES: Words = {
    "critical": _("紧急"),
    "major": _("重要"),
    "warning": _("警告"),
    "fault": _("传感器故障"),
    "info": _("提示"),
    "no-data": _("无数据"),
    "shelved": _("已屏蔽"),
    "normal": _("正常"),
}
ALERT_STATES: Words = {
    "unacknowledged": _("未确认"),
    "acknowledged": _("已确认"),
    "returned": _("已恢复，待确认"),
    "latched": _("已恢复，待现场检查"),
    "shelved": _("已屏蔽"),
    "suppressed": _("已抑制"),
    "out-of-service": _("已停用"),
    "closed": _("已关闭"),
}
ENDINGS: Words = {
    "handled": _("已处理"),
    "false-alarm": _("误报"),
    "to-repair": _("转维修"),
    "to-hazard": _("转隐患"),
    "watching": _("观察"),
}
FAULT_REASONS: Words = {
    "device": _("硬件读不到"),
    "driver": _("驱动程序出错"),
    "stuck": _("驱动程序没有响应，已重新启动"),
    "offline": _("设备不在线"),
    "doubtful": _("设备工作不正常"),
    "value": _("数值类型不对"),
    "outbox-corrupt": _("待传数据库损坏，已另存"),
    "outbox-memory": _("存储卡写不了，数据暂存内存"),
    "outbox-damaged": _("一批待传数据损坏"),
    "outbox-full": _("待传数据已满，旧数据被丢弃"),
    "outbox-unwritable": _("待传数据写不了"),
    "outbox-old": _("数据等待上传过久"),
    "clock-back": _("时钟被拨回"),
    "clock-jumped": _("时钟跳变"),
    "clock-offset": _("时钟与服务器不一致"),
    "clock-future": _("旧数据的时间在将来"),
    "under-voltage": _("电源异常：电压过低"),
    "under-voltage-before": _("电源异常：曾经电压过低"),
    "throttled": _("过热或供电不足，已降速"),
    "throttled-unknown": _("电源状态未知"),
    "read-only": _("存储卡只读，须立即更换"),
    "disk-low": _("存储空间不足"),
    "card-worn": _("存储卡寿命将尽"),
    "config": _("新配置未被采用"),
}
MUTE_KINDS: Words = {
    "out-of-service": _("停用"),
    "maintenance": _("检修"),
}
ORDER_STATES: Words = {
    "reported": _("已报修"),
    "accepted": _("已受理"),
    "assigned": _("已派工"),
    "doing": _("处理中"),
    "done": _("已修好，待验收"),
    "verified": _("已验收"),
    "closed": _("已关闭"),
}
QUEUES: Words = {
    "it": _("信息中心"),
    "logistics": _("后勤"),
}
URGENCIES: Words = {
    "urgent": _("紧急"),
    "normal": _("普通"),
    "low": _("不急"),
}
HANDOVER_CHECKS: Words = {
    "radio": _("对讲机"),
    "fork": _("钢叉"),
    "shield": _("盾牌"),
    "helmet": _("头盔"),
    "vest": _("防刺服"),
    "extinguisher": _("灭火器"),
    "keys": _("钥匙"),
    "video": _("监控"),
    "panic": _("一键报警"),
    "access": _("门禁"),
}
CHECKED: Words = {
    "good": _("正常"),
    "wrong": _("异常"),
    "none": _("没有"),
}
WAITINGS: Words = {
    "parts": _("待件"),
    "external": _("外修"),
}
TASK_CADENCES: Words = {
    "week": _("每周"),
    "month": _("每月"),
    "quarter": _("每季"),
    "term": _("每学期开学前"),
    "half-year": _("每半年"),
    "year": _("每年"),
}
WRITE_OFF_STATES: Words = {
    "draft": _("待鉴定"),
    "appraised": _("待审批"),
    "approved": _("待处置"),
    "disposed": _("待销卡"),
    "closed": _("已结束"),
}
WRITE_OFF_REASONS: Words = {
    "worn": _("超过年限且不能用"),
    "uneconomic": _("没有维修价值"),
    "obsolete": _("技术淘汰"),
    "unsafe": _("不安全"),
}
WRITE_OFF_DEEDS: Words = {
    "draft": _("申请"),
    "sign": _("鉴定签字"),
    "approve": _("审批"),
    "dispose": _("处置"),
    "close": _("销卡"),
    "withdraw": _("撤回"),
}
DISPOSAL_WAYS: Words = {
    "recycled": _("回收"),
    "auctioned": _("拍卖"),
    "destroyed": _("销毁"),
}
TASK_STATES: Words = {
    "overdue": _("到期"),
    "working": _("已开单"),
    "soon": _("两周内"),
    "later": _("未到期"),
    "stopped": _("已停止"),
}
ASSET_STATES: Words = {
    "in-use": _("在用"),
    "idle": _("闲置"),
    "repair": _("待修"),
    "to-scrap": _("待报废"),
    "disposed": _("已处置"),
}
CATEGORIES: Words = {
    "computer": _("计算机设备"),
    "office": _("办公设备"),
    "projector": _("投影和电视"),
    "sound": _("音响"),
    "communication": _("通信和网络"),
    "electrical": _("电气设备"),
    "instrument": _("仪器和传感器"),
    "kitchen": _("食堂设备"),
    "machinery": _("机械设备"),
    "furniture": _("家具"),
    "other": _("其他"),
}
ACQUIRED: Words = {
    "bought": _("购置"),
    "allotted": _("调拨"),
    "donated": _("捐赠"),
    "built": _("自建"),
    "other": _("其他"),
}
ASSET_EVENTS: Words = {
    "created": _("建卡"),
    "changed": _("更正"),
    "status": _("状态变动"),
    "swap": _("设备更换"),
    "calibrated": _("校准"),
    "write-off": _("报废"),
}
DIRECTIONS: Words = {
    "in": _("入库"),
    "out": _("领用"),
    "back": _("退回"),
    "count": _("盘点"),
    "scrap": _("报废"),
}
RESULTS: Words = {
    "fixed": _("修复"),
    "no-fault": _("检查无故障"),
    "scrapped": _("报废"),
    "recovered": _("自行恢复"),
    "merged": _("并入另一张单"),
}
QUALITIES: Words = {
    "good": _("可信"),
    "out-of-range": _("超出量程"),
    "error-value": _("传感器报错值"),
    "frozen": _("数值不变"),
    "spike": _("尖峰"),
    "noise": _("噪声过大"),
    "jump": _("突跳"),
    "drift": _("漂移"),
    "bias": _("偏离同室"),
    "warming": _("预热中"),
    "clock": _("时钟未校准"),
}
VALUES: Words = {
    "open": _("打开"),
    "closed": _("关闭"),
    "pressed": _("按下"),
    "released": _("未按"),
    "dry": _("干燥"),
    "wet": _("漏水"),
    "on": _("开"),
    "off": _("关"),
    "silent": _("静音"),
    "motion": _("有人"),
    "clear": _("无人"),
    "running": _("运行"),
    "stopped": _("停止"),
    "granted": _("放行"),
    "denied": _("拒绝"),
    "warming": _("预热中"),
    "cooling": _("冷却中"),
    "no-answer": _("无应答"),
    "ok": _("正常"),
    "warning": _("有警告"),
    "error": _("有故障"),
    "up": _("在线"),
    "down": _("离线"),
    "mains": _("市电"),
    "battery": _("电池"),
    "hot": _("过热"),
    "throttled": _("已降频"),
    "under-voltage": _("欠压"),
    "synced": _("已同步"),
    "unsynced": _("未同步"),
    "true": _("是"),
    "false": _("否"),
}
FAMILIES: Words = {
    "tasmota": "Tasmota",
    "zigbee2mqtt": "Zigbee2MQTT",
    "shelly": "Shelly",
    "esphome": "ESPHome",
    "ha-discovery": _("Home Assistant 自动发现"),
    "mqtt": _("普通 MQTT 主题"),
}
MESSAGE_ENDS: Words = {
    "reading": _("有读数"),
    "discovery": _("设备登记"),
    "ignored": _("略过"),
    "refused": _("已拒收"),
}
ROLES: Words = {
    "viewer": _("查看"),
    "guard": _("门卫"),
    "canteen": _("食堂"),
    "maintainer": _("信息中心"),
    "admin": _("管理员"),
    "wall": _("墙屏"),
}
VERDICTS: Words = {
    "good": _("合格"),
    "breached": _("不合格"),
    "incomplete": _("数据不全"),
    "no-data": _("无数据"),
    "unused": _("未使用"),
}
CANTEEN_REFUSALS: Words = {
    "disposal": _("请从列表里选择食品处置方式"),
    "empty": _("请写明情况或采取的措施"),
    "point": _("请选择设备"),
    "degrees": _("柜显温度请填 −60 到 150 之间的数"),
    "part": _("请选择记录人或复核人"),
    "signed": _("已经有人签过名"),
    "same-person": _("记录人和复核人必须是两个人"),
    "not-over": _("当天结束后才能签名。"),
    "dish": _("请填写餐次和菜名"),
    "grams": _("每样食品留样不少于 125 克"),
    "destroyed": _("这份留样已经销样"),
    "sealed": _("这份留样已封存，不得销样"),
    "too-early": _("留样满 48 小时后才能销样"),
    "unknown": _("没有这份留样"),
}
CYCLES: Words = {
    "valid": _("有效"),
    "too-short": _("时间不够"),
    "too-cool": _("温度不够"),
    "running": _("正在进行"),
    "unknown": _("数据中断，无法判断"),
}
DISPOSALS: Words = {
    "continue": _("继续使用"),
    "reheat": _("重新加热"),
    "discard": _("废弃"),
}
DELIVERY_STATES: Words = {
    "sending": _("发送中"),
    "sent": _("已送达"),
    "failed": _("没有送达"),
    "held": _("没有发送"),
}
SERVICE_STATES: Words = {
    "starting": _("正在启动"),
    "running": _("运行中"),
    "restarting": _("正在重启"),
    "stopped": _("已停止"),
}
SERVICES: Words = {
    "broker": _("消息服务"),
    "ingest": _("数据入库"),
    "engine": _("告警引擎"),
    "store": _("数据库"),
    "web": _("网页服务"),
}
DEEDS: Words = {
    "raised": _("发生"),
    "acknowledged": _("已确认"),
    "returned": _("恢复"),
    "shelved": _("屏蔽"),
    "unshelved": _("屏蔽到期"),
    "again": _("再次发生"),
    "risen": _("级别升高"),
    "no-data": _("数据中断"),
    "data-back": _("数据恢复"),
    "note": _("备注"),
    "suppressed": _("被抑制"),
    "unsuppressed": _("不再抑制"),
    "out-of-service": _("停用"),
    "in-service": _("恢复使用"),
    "expired": _("确认过期"),
    "resumed": _("检修结束"),
    "reminded": _("再次提醒"),
    "escalated": _("升级"),
    "ended": _("填写处理结果"),
}
TRAIL: Words = {
    "log-in": _("登录"),
    "log-out": _("退出登录"),
    "user": _("用户"),
    "token": _("程序令牌"),
    "wall": _("墙屏链接"),
    "setting": _("设置"),
    "record": _("填写记录"),
    "export": _("导出文件"),
    "print": _("打印"),
    "alert": _("告警处理"),
    "order": _("维修单"),
    "mute": _("停用与检修静默"),
    "purge": _("清除过期记录"),
}
ORDER_DEEDS: Words = {
    "fault": _("发现故障"),
    "again": _("再次故障"),
    "recovered": _("数据恢复"),
    "report": _("已报修"),
    "merged": _("再次报修，并入本单"),
    "accept": _("受理"),
    "assign": _("派工"),
    "start": _("开始处理"),
    "wait": _("等待"),
    "resume": _("继续处理"),
    "done": _("修好"),
    "verify": _("验收"),
    "close": _("关闭"),
    "reopen": _("重开"),
    "note": _("备注"),
    "photo": _("照片"),
    "edit": _("更正"),
    "rate": _("评价"),
}
CHANNELS: Words = {
    "guard-post": _("门卫岗"),
    "screen": _("监测页面"),
    "apprise": _("手机消息"),
    "webhook": _("对接程序"),
    "home-assistant": "Home Assistant",
    "-": "—",
}
HOLDS: Words = {
    "nobody": _("预案此刻没有通知对象，只显示在页面上"),
    "shelved": _("告警已屏蔽"),
    "returned": _("通知前已经恢复"),
    "over": _("通知前告警已经结束"),
    "no-channel": _("预案里已没有这个通知方式"),
    "suppressed": _("原因已另行通知"),
    "out-of-service": _("测点已停用"),
    "maintenance": _("正在检修，结束后再通知"),
    "chatter": _("反复出现，改为定时提醒"),
    "no-address": _("通知对象没有填写这种方式的地址"),
}
EVIDENCE: Words = {
    "value": _("数值"),
    "at": _("时间"),
    "last_good": _("最近一次正常值"),
    "last_good_at": _("最近一次正常的时间"),
    "last_value": _("最近一次数值"),
    "last_at": _("最近一次的时间"),
    "since": _("从何时起"),
    "count": _("次数"),
    "node": _("节点"),
    "low": _("量程下限"),
    "high": _("量程上限"),
    "reason": _("判断依据"),
    "battery": _("电池"),
    "voltage": _("电压"),
    "signal": _("信号"),
    "rssi": _("信号"),
    "link_quality": _("信号"),
    "alert": _("告警"),
    "online": _("节点在线"),
    "heard": _("最近一次消息"),
    "clock": _("时钟"),
    "outbox": _("待发数据"),
    "cpu_c": _("处理器温度"),
    "disk_free": _("磁盘剩余"),
    "throttled": _("供电和降频"),
    "version": _("程序版本"),
    "faults": _("节点自报故障"),
}
CADENCES: Words = {
    "day": _("每天"),
    "week": _("每周"),
    "month": _("每月"),
    "term": _("每学期"),
    "year": _("每年"),
}
STANDINGS: Words = {
    "regulation": _("法规"),
    "standard": _("标准"),
    "practice": _("通行做法"),
    "own-default": _("本校默认值，不是法规"),
}
WEEKDAYS: tuple[Any, ...] = (
    _("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"),
)  # fmt: skip
BROWSER: Words = {
    "now": _("刚刚"),
    "seconds": _("{n} 秒前"),
    "minutes": _("{n} 分钟前"),
    "hours": _("{n} 小时前"),
    "days": _("{n} 天前"),
    "ahead": _("时钟偏快"),
    "online": _("在线"),
    "connecting": _("正在连接"),
    "cut": _("画面已断开"),
    "cutSince": _("最后更新 {time}，正在自动重新连接"),
    "broker": _("消息服务中断，数值不再更新"),
    "ingest": _("数据入库中断，历史数据暂停记录"),
    "engine": _("告警引擎中断，此刻不会产生新告警"),
    "stale": _("旧数据"),
    "sending": _("正在发送"),
    "failed": _("没有成功"),
    "noAnswer": _("服务器没有应答，操作未确认，请再试一次"),
    "soundOn": _("声音已开"),
    "soundOff": _("声音未开，点这里打开"),
    "notProven": _("连接未证实，不能说明一切正常"),
    "gateOld": _("本门的数据已过时"),
    "nodeOff": _("本门的采集节点离线"),
    "min": _("最低"),
    "mean": _("平均"),
    "max": _("最高"),
    "time": _("时间"),
    "noData": _("这段时间没有数据"),
}
"""What the pages' own scripts say; handed over in an attribute of the page."""


def word(words: Words, key: str) -> str:
    """The word for `key`, or the key itself where there is none."""
    return str(words[key]) if key in words else key
