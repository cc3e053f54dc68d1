"""The form of an answer: figures, features and a few sentences, the same for the web, the command line and a file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shapely.geometry.base import BaseGeometry

from service_map.analysis import answers
from service_map.analysis.context import Ground
from service_map.catalogue import Rule
from service_map.catalogue.messages import message

SHARE_DECIMALS = 9
"""A circle of 300 m is 0.00001 of a large county: fewer digits would lose it."""

STRAIGHT = message("距离为直线距离，不是步行路线")
DETOUR = message("没有路网：步行按直线距离乘绕行系数估算")
NETWORK = message("步行按路网计")
PARTIAL = message(
    "数据含规划承诺的设施和来源所列的现有设施；没有收全的类别（record 不是 complete），数据中没有，不等于当地没有"
)
IMPRECISE = message("点位按规划用语定位，真实位置在 uncertainty_m 米之内；上下限已计入")
LAND = message("土地的比例是本站自己的量法，不是官方覆盖率：分母是行政区的全部土地，官方的分母是居住用地")
PEOPLE = message("按人口或小区算的比例是本站自己的量法，不是官方覆盖率：官方的分母是居住用地")
PACE = message("所给的是步行时间，按步速（walking）换算成路程；标准没有规定步速，这不是服务半径")
WALKED_RADIUS = message("所给的是服务半径（直线），这里按要求改用步行路程来量，比条文严")
SIZES = message("条文按设施面积分级；收录的设施大多不知面积，凡同类的都算在内，结果偏宽")
YEARS = message("规划没有写明年份的，按规划期末到期；到期不等于建成")
AROUND_WAYS = message("覆盖面是步行可达的路口、路段两侧 100 米以内、离别处更远的地面；离路 100 米以外不算覆盖")
SLOPED = message("已按高程计坡度（Tobler 步速），米数为等效平路米数")
FROM_EDGE = message("从设施的边界或线路量起")
FROM_POINT = message("这类设施应从边界或线路量起；只有点位的（measured_from.point）从点位量起，实际更近")
MENDED = message("所给多边形自相交，已先修复")
UNLOCATED = message("没有落点的承诺（promised：普遍要求、数量承诺、意向）列在一旁，不计入覆盖")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature of an answer.

    Attributes
    ----------
    id
        Its name within the answer.
    geometry
        WGS 84; None or empty where there is nothing to draw.
    properties
        Plain values that JSON can hold.
    """

    id: str
    geometry: BaseGeometry | None
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One answer.

    Attributes
    ----------
    kind
        ``coverage``, ``circle``, ``gaps``, ``sites`` or ``completeness``.
    summary
        Its figures, as plain values that JSON can hold, with the rule, the method and the limits they rest on.
    features
        What a map or a table shows.
    lines
        What a person reads first, in the ground's language.
    """

    kind: str
    summary: Mapping[str, Any]
    features: tuple[Feature, ...]
    lines: tuple[str, ...]


def rule_member(ground: Ground, rule: Rule) -> answers.Rule:
    """Write a rule with its clause, its confidence and, for a plan's own circle, its citation."""
    return {
        "id": rule.id,
        "category": rule.category,
        "also": list(rule.also),
        "level": rule.level,
        "metres": rule.metres,
        "metres_low": rule.metres_low,
        "minutes": rule.minutes,
        "minutes_low": rule.minutes_low,
        "mode": rule.mode,
        "measured_from": rule.measured_from,
        "size_low": rule.size_low,
        "size_high": rule.size_high,
        "share": rule.share,
        "share_new": rule.share_new,
        "share_old": rule.share_old,
        "denominator": rule.denominator,
        "scope": rule.scope,
        "standard": rule.standard,
        "edition": rule.edition,
        "clause": rule.clause,
        "status": rule.status,
        "force": rule.force,
        "confidence": rule.confidence,
        "verified": rule.verified,
        "note": ground.choose(rule.note_zh or "", rule.note_en or "") or None,
        "plan": rule.plan,
        "line": rule.line,
        "passage_sha256": rule.passage_sha256,
        "year": rule.year,
        "area": rule.area,
        "source": rule.source,
        "read_on": rule.read_on,
    }


def rule_marks(ground: Ground, member: answers.Rule) -> list[str]:
    """Say of a rule as written by `rule_member` what a reader must not overlook: a draft, mere advice, unread."""
    marks = []
    if member["status"] == "draft":
        marks.append(ground.say("征求意见稿"))
    if member["force"] == "advisory":
        marks.append(ground.say("建议性条款"))
    if not member["verified"]:
        marks.append(ground.say("未核对原文"))
    return marks


def sizes(rules: Iterable[Rule]) -> list[str]:
    """Say that sizes are not compared, where a rule means facilities of a certain size."""
    return [SIZES] if any(rule.size_low or rule.size_high for rule in rules) else []


def share(value: float | None) -> float | None:
    """Round a share."""
    return None if value is None else round(value, SHARE_DECIMALS)


def percent(value: float | None) -> str:
    """Write a share for a person."""
    if value is None:
        return "—"
    return f"{value:.2%}" if 0 < value < 0.01 else f"{value:.1%}"
