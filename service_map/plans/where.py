"""Where a facility is to stand, in the plan's own words: the narrowest place, and the locality inside it.

A place is an administrative or geographic name (某镇, 某社区, 某湖); a locality is what says more narrowly where: road
corners, sides, what stands beside, old premises, the county town as such.
"""

import re
from typing import NamedTuple

from service_map.plans.lexicon import CJK

MAX_LOCALITY = 30
_ADMIN = re.compile(
    rf"{CJK}{{1,7}}?(?:自治县|县(?!城|人民|政府|委)|区(?![域位内间])|(?<![城都超夜集])市(?!场|民|政|第|人民)|镇(?!政府|中心|区)|乡(?!政府|村)|街道|苏木|嘎查|林场|农场|社区|小区|村(?!委)|片区|新区|新城|组团|开发区|园区|产业园|度假区|示范区|高新区|经开区)"
)
SURE_SIDE = (
    r"(?:[以之][东南西北]{1,2}[侧面]?|[东南西北]{1,2}[侧面角端岸麓邻])(?:\d+米)?|两侧|两岸|沿线|沿岸|[左右]岸|旁(?:边|侧|\d+米)?|"
    r"附近|(?:[东南西北正大]{0,2}门)?(?:对面|斜对面|外侧)|[东南西北正大]{0,2}门外|(?:[楼院园场区墓]|大院|单元)内|周边|一带|后方|前方|"
    r"交叉(?:路)?口(?:[东南西北]{1,2}角)?|(?:交[汇叉会]|相[交接会汇]|夹角|[拐转]角)处?(?:[东南西北]{1,2}[角侧]?)?|"
    r"预留地块?|空地|外围|[前后]街|所在地|三角地|[东南西北]?(?:出入口|入口)处?|交口|路口|丁字(?:路)?口|十字(?:路口)?(?:[东南西北]{1,2}角)?|"
    r"旧址|原址|地块|地段|桥头|门口"
)
"""What says that the words before it are beside, inside or between what they name."""
SIDE = rf"{SURE_SIDE}|(?<![年月期天])内|(?:以|之)?[东南西北]{{1,2}}(?:\d+米)?"
BESIDE = "紧邻|毗邻|临近|邻近|靠近|紧靠|紧挨着?|紧贴|比邻|贴邻"
_SIDED = re.compile(rf"(?:{SIDE})(?:地块|处)?$")
_BESIDE = re.compile(f"^(?:{BESIDE}|依托|临)")
_ONE_FEATURE = re.compile(
    rf"({CJK}{{1,8}}?(?:大街|大道|公园|广场|水库|林场|农场|湿地|[路街巷河江湖山溪海库]))(?:{SIDE}|段)$"
)
_GEOGRAPHIC = re.compile(rf"{CJK}{{1,6}}[山岭岗坡梁沟湾河湖坪塬峪坳冲垭岛屯庄寨堡]")
_TOWN = re.compile("(?:县城|老城区?|城中心|旧城|老县城|城关)(?:[东南西北]部|周边|范围内)?")
_SAID = re.compile(
    rf"(?<!{CJK}{{2}})原{CJK}{{2,10}}(?:院|楼|厂|站|所|校|址|大院)|{CJK}*(?:旧址|原址|腾退|废弃|闲置){CJK}*|{CJK}*(?:旧{CJK}{{1,6}}|办公楼|校舍|厂房|仓库)|\d+号|"
    rf"[路街道巷].{{0,12}}(?:{SIDE})|(?:{SIDE})$|^(?:{BESIDE}|临)|桥头$"
)


class Site(NamedTuple):
    """A place, the words that narrow it, and where both begin in the words they were read from (-1: not there)."""

    place: str | None
    locality: str | None
    place_at: int = -1
    locality_at: int = -1


def is_town(text: str) -> bool:
    """Tell whether words name the town as such (县城, 老城区), which is a locality and no place."""
    return bool(_TOWN.fullmatch(text))


def tells_where(text: str) -> bool:
    """Tell whether words have the form of a locality: a side, a corner, old premises, a door number."""
    return len(text) <= 60 and bool(_SAID.search(text))


def read_site(words: str) -> Site:
    """Read an address as plans write it: 某镇某路以东、某街以南; 某河右岸; 县城; 某社区，某路与某巷丁字路口.

    Parameters
    ----------
    words
        The address.

    Returns
    -------
    Site
    """
    if words in ("新址", "现址"):
        return Site(None, None)
    start, end = _area_at_head(words)
    place = words[start:end] if start >= 0 else None
    at = end
    while at < len(words) and words[at] in "，、的":
        at += 1
    rest = words[at:].rstrip("，、。；")
    if not rest:
        return Site(place, None, start)
    if place and re.fullmatch(SIDE, rest):
        # 某林场内: the side belongs to the place's own words.
        return Site(place, words[start:][:MAX_LOCALITY].rstrip("，、。；"), start, start)
    feature = _ONE_FEATURE.fullmatch(rest)
    if feature and not re.search("[与和及、]", rest):
        return Site(place or feature[1], rest[:MAX_LOCALITY], start if place else at, at)
    if place:
        narrower = _GEOGRAPHIC.fullmatch(rest) and not _SIDED.search(rest)
    else:
        narrower = re.fullmatch(rf"{CJK}{{2,12}}", rest) and not tells_where(rest) and not _BESIDE.match(rest)
    if narrower and not _TOWN.fullmatch(rest):
        return Site(rest, None, at)
    return Site(place, rest[:MAX_LOCALITY], start, at)


def _area_at_head(words: str) -> tuple[int, int]:
    """Return the span of the narrowest of the areas that words begin with (某县|某镇), from -1 where there is none."""
    start, end = -1, 0
    if re.match(BESIDE, words):
        return start, end
    while match := _ADMIN.match(words, end):
        old = len(match[0]) == 2 and match[0][0] in "原老旧本该新"
        if old or re.search("[与和及、]", match[0]):
            break
        start, end = match.span()
    return start, end
