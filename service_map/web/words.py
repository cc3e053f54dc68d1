"""What the codes of the data are called on the pages: precision, status, action, kind of commitment, verdict, rule.

Every function answers in the language of the request. Distances are in metres, rounded as far as the data can bear.
"""

import math

import flask_babel
from flask_babel import lazy_gettext as _later

from service_map.catalogue import Rule

PRECISION = {
    "site": _later("知道具体地点"),
    "street": _later("约在这条路一带"),
    "village": _later("约在此村（社区）范围"),
    "township": _later("约在此镇（街道）范围"),
    "county": _later("约在此县（市、区）范围"),
    "city": _later("约在此市范围"),
}
SURENESS = {
    "placed": _later("知道地点或乡镇的"),
    "county": _later("只知道在哪个县（市、区）的"),
    "city": _later("只知道在哪个市的"),
}
STATUS = {
    "existing": _later("现有"),
    "planned": _later("规划提出"),
    "under_construction": _later("在建"),
    "open": _later("已开放"),
    "cancelled": _later("已取消"),
}
UNVERIFIED = _later("规划提出，是否建成未核实")
"""What a promise is called once its time is over and nobody has reported what became of it."""

EVENT = STATUS | {
    "promised": _later("规划答应"),
    "located": _later("找到更准的位置"),
}
ACTION = {
    "new": _later("新建"),
    "expand": _later("改扩建"),
    "relocate": _later("迁建"),
    "upgrade": _later("改造提升"),
    "mixed": _later("新建和改扩建"),
    "unspecified": _later("建设（没有说新建还是改造）"),
}
BASIS = {
    "site": "",
    "record": "",
    "allotment": _later("规划给这个地方定了数量，没有点名是哪一处"),
    "rule": _later("规划要求每个这样的地方都有，所以这里也算一处"),
}
KIND = {
    "site": _later("具体设施"),
    "allotment": _later("分到各地的数量"),
    "quota": _later("只有总数"),
    "coverage": _later("覆盖要求"),
    "intent": _later("意向"),
}
RECORD = {
    "complete": _later("已收全"),
    "partial": _later("没有说收全"),
    "none": _later("没有收录"),
}
PROFILE = {
    "adult": _later("成年人（1.2 米/秒）"),
    "elderly": _later("老年人（0.8 米/秒）"),
    "child": _later("儿童，有人陪（1.0 米/秒）"),
}
DATUM = {
    "WGS84": _later("WGS 84（GPS）"),
    "CGCS2000": _later("CGCS 2000（天地图）"),
    "GCJ02": _later("GCJ-02（高德、腾讯地图）"),
    "BD09": _later("BD-09（百度地图）"),
}
VERDICT = {
    "met": _later("满足"),
    "met_if_built": _later("建成后满足"),
    "not_met": _later("不满足"),
    "cannot_say": _later("无法判断"),
}
VERDICT_MEANING = {
    "met": _later("现在就走得到。"),
    "met_if_built": _later("规划答应的设施如果建成，就走得到。"),
    "not_met": _later("走不到。"),
    "cannot_say": _later("设施的位置不够准，或者现有设施没有收全，说不准走不走得到。"),
}


def _(message: str, **values: object) -> str:
    return str(flask_babel.gettext(message, **values))


def status(code: str, *, over: bool) -> str:
    """Say in which state a facility is; ``over`` where the time by which it was promised has ended."""
    return str(UNVERIFIED if over and code == "planned" else STATUS[code])


_LEVEL = {
    "15": _later("15 分钟生活圈"),
    "10": _later("10 分钟生活圈"),
    "5": _later("5 分钟生活圈"),
    "block": _later("居住街坊"),
    "city": _later("全市"),
    "county": _later("全县"),
}
_SCOPE = {"urban": _later("城镇"), "rural": _later("农村")}
_UNITS_EN = {
    "公里": "km",
    "千米": "km",
    "平方米": "m²",
    "万平方米": "× 10,000 m²",
    "亩": "mu",
    "张": "beds",
    "套": "homes",
}
# In English the category already names the thing, so a Chinese measure word has nothing to add.
_MEASURE_WORDS = frozenset("所个座处家片块条项户")
_KILOMETRE = 1000.0
# How the standards' table says that an edition is a draft, and that a clause is not stated.
_DRAFT, _UNSTATED = "征求意见稿", "未注明"


def distance(metres: float) -> str:
    """Say a distance: metres below a kilometre, kilometres above."""
    if metres < _KILOMETRE:
        step = 10 if metres >= 100 else 1
        return _("%(number)s 米", number=f"{round(metres / step) * step:d}")
    kilometres = metres / _KILOMETRE
    return _("%(number)s 公里", number=f"{kilometres:.1f}" if kilometres < 10 else f"{kilometres:,.0f}")


def bounds(metres: float, low: float, high: float) -> str:
    """Say a distance with the bounds that an imprecise location leaves; the bounds only where they say something."""
    if low <= 0:
        return _("说不准有多远，最远 %(high)s", high=distance(high))
    about = distance(metres)
    if high - low < max(20.0, 0.05 * metres):
        return about
    return _("约 %(about)s（%(low)s 到 %(high)s）", about=about, low=distance(low), high=distance(high))


def apart(metres: float, uncertainty_m: float) -> str:
    """Say how far a facility is, in a straight line, or that its location is too coarse to say."""
    if uncertainty_m >= metres:
        return _("说不准有多远")
    return _("直线 %(distance)s", distance=bounds(metres, metres - uncertainty_m, metres + uncertainty_m))


def precision(code: str, uncertainty_m: float) -> str:
    """Say what a point stands for, and the radius around it where that is narrower than a county."""
    said = str(PRECISION[code])
    if code in {"county", "city"} or uncertainty_m < 1:
        return said
    return _("%(words)s，误差 %(radius)s以内", words=said, radius=distance(uncertainty_m))


def count(number: float | None, unit: str | None, *, at_least: bool, english: bool) -> str:
    """Say how many, or nothing where it is a single thing that needs no number."""
    if number is None or (number == 1 and not at_least and (unit is None or unit in _MEASURE_WORDS)):
        return ""
    figure = f"{number:,.0f}" if math.isclose(number, round(number)) else f"{number:,g}"
    if not english:
        said = f"{figure} {unit or '处'}"
    elif unit is None or unit in _MEASURE_WORDS:
        said = f"× {figure}"
    else:
        said = f"{figure} {_UNITS_EN.get(unit, unit)}"
    return _("至少 %(number)s", number=said) if at_least else said


def rule(asked: Rule) -> str:
    """Say what a rule asks: its life circle, whom and which size it means, its radius or minutes, and the share."""
    parts = [str(_LEVEL[asked.level])] if asked.level in _LEVEL else []
    if asked.scope in _SCOPE:
        parts.append(str(_SCOPE[asked.scope]))
    low, high = asked.size_low, asked.size_high
    if low is not None and high is not None:
        parts.append(_("%(low)g–%(high)g 公顷", low=low, high=high))
    elif low is not None:
        parts.append(_("%(low)g 公顷以上", low=low))
    if asked.metres is not None:
        low = asked.metres_low
        if low is not None and low != asked.metres:
            parts.append(_("服务半径 %(low)g–%(high)g 米", low=low, high=asked.metres))
        else:
            parts.append(_("服务半径 %(metres)g 米", metres=asked.metres))
    elif asked.minutes is not None:
        parts.append(_way(asked.mode, asked.minutes))
    if asked.share is not None:
        parts.append(_("覆盖至少 %(share)s", share=f"{asked.share:.0%}"))
    return " · ".join(parts)


def _way(mode: str, minutes: float) -> str:
    if mode == "vehicle":
        return _("车辆 %(minutes)g 分钟", minutes=minutes)
    if mode == "walk_or_cycle":
        return _("步行或骑行 %(minutes)g 分钟", minutes=minutes)
    return _("步行 %(minutes)g 分钟", minutes=minutes)


def clause(asked: Rule) -> str:
    """Name the standard, its edition and clause, and whether it is in force."""
    # "Draft" stands in the reader's language behind it all, not within.
    parts = (asked.standard, asked.edition.replace(_DRAFT, "").strip(), asked.clause)
    named = " ".join(dict.fromkeys(part for part in parts if part and part != _UNSTATED))
    if asked.status == "draft":
        return _("%(clause)s（征求意见稿）", clause=named)
    return _("%(clause)s（已被取代）", clause=named) if asked.status == "superseded" else named


def marks(asked: Rule) -> list[str]:
    """Say what must not be overlooked beside a clause: that it only advises, that nobody has read it.

    That it is a draft stands in `clause`.
    """
    said = [_("建议性条款")] if asked.force == "advisory" else []
    return said if asked.verified else [*said, _("未核对原文")]


def cited(asked: Rule) -> str:
    """Say what a rule asks, by which clause, and how that is to be taken."""
    return " · ".join(part for part in (rule(asked), clause(asked), *marks(asked)) if part)
