"""The form of an answer: figures, features and a few sentences, the same for the web, the command line and a file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shapely.geometry.base import BaseGeometry

from service_map.analysis import answers
from service_map.analysis.ground import Ground
from service_map.catalogue import Rule

SHARE_DECIMALS = 9
"""A circle of 300 m is 0.00001 of a large county: fewer digits would lose it."""

STRAIGHT = ("距离为直线距离，不是步行路线", "distances are straight lines, not walking routes")
DETOUR = (
    "没有路网：步行按直线距离乘绕行系数估算",
    "there is no network of ways: a walk is taken as the straight line times the detour factor",
)
NETWORK = ("步行按路网计", "walks follow the network of ways")
PARTIAL = (
    "数据含规划承诺的设施和来源所列的现有设施；没有收全的类别（record 不是 complete），数据中没有，不等于当地没有",
    (
        "the data holds what plans promise and the existing facilities that its sources list; of kinds whose record is"
        " not complete (record), absent here does not mean absent on the ground"
    ),
)
IMPRECISE = (
    "点位按规划用语定位，真实位置在 uncertainty_m 米之内；上下限已计入",
    "points are located by the plan's words, the real site lies within uncertainty_m metres; the bounds allow for it",
)
LAND = (
    "土地的比例是本站自己的量法，不是官方覆盖率：分母是行政区的全部土地，官方的分母是居住用地",
    (
        "shares of land are this product's own measure and not the official rate: their denominator is all land of the"
        " area, the official one is residential land"
    ),
)
PEOPLE = (
    "按人口或小区算的比例是本站自己的量法，不是官方覆盖率：官方的分母是居住用地",
    (
        "shares of people or communities are this product's own measure and not the official rate, whose denominator"
        " is residential land"
    ),
)
PACE = (
    "所给的是步行时间，按步速（walking）换算成路程；标准没有规定步速，这不是服务半径",
    (
        "minutes on foot are turned into a way at a stated pace (walking); no standard gives the pace, and this is not"
        " a service radius"
    ),
)
WALKED_RADIUS = (
    "所给的是服务半径（直线），这里按要求改用步行路程来量，比条文严",
    (
        "what is given is a service radius, a straight line; as asked, it is measured along the way on foot instead,"
        " which is stricter"
    ),
)
SIZES = (
    "条文按设施面积分级；收录的设施大多不知面积，凡同类的都算在内，结果偏宽",
    (
        "the clause means facilities of a certain size; of most on record the size is not known and all of the kind"
        " count, so the figures err on the generous side"
    ),
)
YEARS = (
    "规划多未写明建成年份；限定 year 时，未写年份的不能算作已建成",
    "plans often give no year; with year set, a facility without one cannot be counted on",
)
AROUND_WAYS = (
    "覆盖面是步行可达的路口、路段两侧 100 米以内、离别处更远的地面；离路 100 米以外不算覆盖",
    (
        "the covered ground is what lies within 100 m of a reached point of the ways and nearer to it than to any"
        " other; ground farther than 100 m from any way is not covered"
    ),
)
SLOPED = (
    "已按高程计坡度（Tobler 步速），米数为等效平路米数",
    "slopes are counted by Tobler's hiking function; metres are flat metres of equal effort",
)
FROM_EDGE = ("从设施的边界或线路量起", "measured from the edge or line of the facilities")
FROM_POINT = (
    "这类设施应从边界或线路量起；只有点位的（measured_from.point）从点位量起，实际更近",
    (
        "such facilities are entered along their edge or line; those known only as a point (measured_from.point) are"
        " measured from the point, and really lie nearer"
    ),
)
MENDED = ("所给多边形自相交，已先修复", "the polygon given crossed itself and was mended first")
UNLOCATED = (
    "没有落点的指标（unlocated）列在一旁，不计入覆盖",
    "promises without a site (unlocated) stand beside the figures and are never counted as coverage",
)


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
        "note": ground.say(rule.note_zh or "", rule.note_en or "") or None,
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
        marks.append(ground.say("征求意见稿", "draft"))
    if member["force"] == "advisory":
        marks.append(ground.say("建议性条款", "advisory"))
    if not member["verified"]:
        marks.append(ground.say("未核对原文", "not verified"))
    return marks


def sizes(rules: Iterable[Rule]) -> list[tuple[str, str]]:
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
