"""What the codes of the data are called on the pages: precision, status, action, kind of commitment, verdict, rule.

Every function answers in the language of the request. Distances are in metres, rounded as far as the data can bear.
"""

import math

import flask_babel
from flask_babel import lazy_gettext as _later
from flask_babel.speaklater import LazyString

from service_map import coverage
from service_map.catalogue import Rule, terms
from service_map.web.language import language


def _said(pair: str) -> str:
    zh, _, en = pair.partition(" / ")
    return zh if language() == "zh" else en


def _called(of: terms.Terms, *, listed: bool = False) -> dict[str, LazyString]:
    """Give what the codes of a set are called in the reader's language; `listed` where a name stands by itself."""

    def name(code: str) -> str:
        said = of[code].zh if language() == "zh" else of[code].en
        return said[:1].upper() + said[1:] if listed else said

    return {code: LazyString(name, code) for code in of}


def _walker(code: str) -> str:
    who = str(_WALKERS[code])
    return _("%(who)s（%(speed)s 米/秒）", who=who, speed=f"{coverage.SPEEDS[code]:.1f}")


_WALKERS = _called(terms.PROFILE, listed=True)
PRECISION = _called(terms.PRECISION, listed=True)
SURENESS = {
    "placed": _later("知道地点或乡镇的"),
    "county": _later("只知道在哪个县（市、区）的"),
    "city": _later("只知道在哪个市的"),
}
STATUS = _called(terms.STATUS)
STATE = _called(terms.STATE)
DUE_BASIS = _called(terms.DUE_BASIS)

STANDS = _later("已有，规划的建设是否完成未核实")
"""What a promise is called of which somebody found that it is about something that stands."""

EVENT = STATUS | {
    "stands": _later("查到这处设施已有"),
    "promised": _later("规划答应"),
    "located": _later("找到更准的位置"),
}
ACTION = _called(terms.ACTION, listed=True)
BASIS = {
    "site": "",
    "record": "",
    "allotment": _later("规划给这个地方定了数量，没有点名是哪一处"),
}
KIND = _called(terms.KIND)
PLAN_KIND = _called(terms.PLAN_KIND, listed=True)
CHANGE = _called(terms.CHANGE, listed=True)
RELEASE_CHANGE = _called(terms.RELEASE_CHANGE, listed=True)
CHANGE_MEANING = {code: LazyString(lambda code: _said(terms.CHANGE[code].meaning), code) for code in terms.CHANGE}
DIFFERS = _called(terms.DIFFERS)
BINDING = _called(terms.BINDING, listed=True)
PROMISE_STATE = _called(terms.PROMISE_STATE, listed=True)
DOUBT = _called(terms.DOUBT, listed=True)
RECORD = _called(terms.RECORD, listed=True)
PROFILE = {code: LazyString(_walker, code) for code in terms.PROFILE}
DATUM = _called(terms.DATUM)
VERDICT = _called(terms.VERDICT, listed=True)
VERDICT_MEANING = {
    "met": _later("现在就走得到。"),
    "met_if_built": _later("规划答应的设施如果建成，就走得到。"),
    "not_met": _later("走不到。"),
    "cannot_say": _later("设施的位置不够准，或者现有设施没有收全，说不准走不走得到。"),
}


def _(message: str, **values: object) -> str:
    return str(flask_babel.gettext(message, **values))


def state(code: str, *, stands: bool = False) -> str:
    """Say in which state a facility is.

    Parameters
    ----------
    code
        Of `service_map.catalogue.terms.STATE`.
    stands
        It is about something that is on record as standing.
    """
    return str(STANDS if stands and code in terms.UNVERIFIED else STATE[code])


def due(year: int | None, basis: str | None) -> str:
    """Say by the end of which year something is due, and whether the plan states it or its term ends then."""
    if year is None or basis is None:
        return ""
    return _("规划写明 %(year)s 年", year=year) if basis == "stated" else _("规划期末 %(year)s 年", year=year)


_LEVEL = _called(terms.RULE_LEVEL)
_SCOPE = _called(terms.SCOPE)
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


def apart(metres: float, uncertainty_m: float, low: float | None = None) -> str:
    """Say how far a facility is, in a straight line, or that its location is too coarse to say.

    ``low`` is how far it is at least, where that is more than the uncertainty says.
    """
    least = metres - uncertainty_m if low is None else low
    if least <= 0:
        return _("说不准有多远")
    return _("直线 %(distance)s", distance=bounds(metres, least, metres + uncertainty_m))


def precision(code: str, uncertainty_m: float) -> str:
    """Say what a point stands for, and the radius around it where that is narrower than a county."""
    said = str(PRECISION[code])
    if code in {"county", "city"} or uncertainty_m < 1:
        return said
    return _("%(words)s，误差 %(radius)s以内", words=said, radius=distance(uncertainty_m))


def count(number: float | None, unit: str | None, *, at_least: bool, english: bool) -> str:
    """Say how many, or nothing where it is a single thing that needs no number."""
    if number is None or (number == 1 and not at_least and (unit is None or unit in terms.MEASURE_WORDS)):
        return ""
    figure = f"{number:,.0f}" if math.isclose(number, round(number)) else f"{number:,g}"
    if not english:
        said = f"{figure} {unit or '处'}"
    elif unit is None or unit in terms.MEASURE_WORDS:
        said = f"× {figure}"
    else:
        said = f"{figure} {terms.UNIT_EN.get(unit, unit)}"
    return _("至少 %(number)s", number=said) if at_least else said


def rule(asked: Rule) -> str:
    """Say what a rule asks: its life circle, whom and which size it means, its radius or minutes, and the share."""
    parts = [str(_LEVEL[asked.level])] if asked.level != "none" else []
    if asked.scope != "all":
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
