"""The indicators of a plan that give one thing two figures: 人均体育场地面积 2.6 in the table, 2.5 in a sentence."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from service_map.plans.indicators import Indicator

_ALIKE = (
    (re.compile(r"（[^（）]*）"), ""),
    (re.compile(r"体育场[地馆]"), "体育场"),
    (re.compile(r"每([千万百])(?:名)?老年?(?:人口|人)?的?"), r"每\1老人"),
    (re.compile(r"每([千万百])(?:名)?(?:常住)?人口?的?"), r"每\1人"),
    (re.compile(r"公租房"), "公共租赁住房"),
    (re.compile(r"公共租赁住房"), "公租"),
    (re.compile(r"的?人数?(?:比例|占比)?$|人口占比$"), ""),
    (re.compile(r"总量$|总数$|数量?$|占比$|比例$|的|拥有|住房|基本|总体|平均|有需求"), ""),
    (re.compile(r"3岁以下(?:婴幼儿|儿童)?|婴幼儿|医疗卫生机构|医院和卫生院|托育机构"), ""),
)  # fmt: skip
_SCALED = re.compile(r"^([千万亿])(.+)$")
_SCALES = {"千": 1_000, "万": 10_000, "亿": 100_000_000}


def measure(value: float, unit: str | None) -> tuple[float, str | None]:
    """Return a number in its plain unit: 500 万平方米 is 5,000,000 平方米."""
    match = _SCALED.match(unit or "")
    return (value * _SCALES[match[1]], match[2]) if match else (value, unit)


def disagreements(found: Iterable[Indicator], ends: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """Find the figures of one plan for one thing and one year that are not the same.

    Parameters
    ----------
    found
        Indicators of any plans.
    ends
        Last year of each plan's term: the year of a target without one.

    Returns
    -------
    dict of str to tuple of str
        Id of each such indicator to those of the others, in reading order.
    """
    groups: dict[tuple[str, str, int | None], list[Indicator]] = defaultdict(list)
    for one in found:
        if one.target is not None:
            groups[one.plan, indicator_key(one.name), one.target_year or ends.get(one.plan)].append(one)
    result: dict[str, tuple[str, ...]] = {}
    for group in groups.values():
        for one in group:
            others = tuple(other.id for other in group if _differ(one, other))
            if others:
                result[one.id] = others
    return result


def indicator_key(name: str) -> str:
    """Return what two names of one thing share: 人均体育场地面积 and 人均体育场面积 have one key."""
    for pattern, instead in _ALIKE:
        name = pattern.sub(instead, name)
    return name


def _differ(one: Indicator, other: Indicator) -> bool:
    if one.target is None or other.target is None:
        return False
    mine, yours = measure(one.target, one.unit), measure(other.target, other.unit)
    comparable = mine[1] == yours[1] or mine[1] is None or yours[1] is None
    return comparable and abs(mine[0] - yours[0]) > abs(mine[0]) * 1e-9
