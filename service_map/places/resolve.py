"""What a name means: a code, a full, former or short name, or the words of a plan that hold one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from service_map.catalogue.adcode import COUNTY_DIGITS, county_of, covers, township_of
from service_map.errors import GeodataError, NotFoundError
from service_map.places.gazetteer import (
    AREA_LEVELS,
    COMMON,
    PLACE_LEVELS,
    Gazetteer,
    NamedPlace,
    Names,
    plain,
    reach,
    short_name,
    spell,
)

_TOWNSHIP_SUFFIX = re.compile(r"(?:街道办事处|办事处|街道|镇|乡)$")
# Words that mean "the built-up part of the city", which no boundary gives: only the city itself is certain.
_CITY_WORDS = frozenset(
    {
        "市区",
        "市城区",
        "城区",
        "中心城区",
        "主城区",
        "中心市区",
        "市中心",
        "市本级",
        "市级",
        "本市",
        "全市",
        "市直",
        "市域",
    }
)
_COUNTY_WORDS = frozenset({"县域", "全县", "本县", "县级", "县本级", "县直", "全区", "本区", "区级"})
_TOWN_WORDS = ("县城城区", "县城区", "县城", "城关镇", "城关")
# What follows a short name and makes it another thing's: 平城镇 is no part of 平城区, 青龙湖 need not be at 青龙村.
_OTHER_KIND = re.compile(r"[省市县区旗镇乡村路街河湖山水岭沟峪川线桥站]|社区|办事处")
# What may follow a village's short name at the start of a facility's name, and a township's that no county precedes.
_AFTER_HAMLET = re.compile(
    r"第|中心|片区|城中村|棚户区|幼儿园|小学|中学|初[级中]|敬老院|养老|日间|卫生|健身|文化|公园|古[堡镇村]|康养|殡|公墓"
)
_STRETCH = re.compile(r"[一-鿿]{2,}(?:至|到|[-—–~～])[一-鿿]{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a name means: a point, how sure it is, and the area that certainly holds it.

    Attributes
    ----------
    name, adcode, level
        Present name; the narrowest area's code; one of `PLACE_LEVELS`.
    lon, lat
        WGS 84 degrees.
    precision
        What the point stands for, one of `service_map.catalogue.terms.PRECISION`.
    uncertainty_m
        Metres around the point within which anything in this place lies.
    source, licence
        Of the point.
    matched
        How the name was found: ``code``, ``name``, ``former name``, ``short name``, ``former short name`` or ``words``.
    """

    name: str
    adcode: str
    level: str
    lon: float
    lat: float
    precision: str
    uncertainty_m: float
    source: str
    licence: str
    matched: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguity:
    """A name that fits several places equally well.

    Attributes
    ----------
    name
        As it was asked for.
    candidates
        The places it could be, in order of their codes.
    """

    name: str
    candidates: tuple[Place, ...]


def resolve(
    gazetteer: Gazetteer, name: str, *, within: str | None = None, level: str | None = None
) -> Place | Ambiguity | None:
    """Find what a name or code means, looking inside one area first.

    A name is looked up as a code, then as a full name, a former name, a short name (at least two characters), and at
    last as words that hold such a name: 嘉峰镇豆庄村 means 嘉峰镇 where the village is not known, 端氏第二中心幼儿园
    means 端氏镇. What is not found inside ``within`` is looked up in the areas around it, then in the whole country.

    Parameters
    ----------
    gazetteer
        What `load_gazetteer` returned.
    name
        As a plan writes it.
    within
        Code of the area to look in first, such as the plan's.
    level
        What the plan says it is, in the words of `service_map.plans.Commitment.place_level`, where that is known:
        a short name of a township is not looked up for a village or a landmark.

    Returns
    -------
    Place, Ambiguity or None
        None when no such name is known.

    Raises
    ------
    NotFoundError
        When ``within`` is not a known area.
    """
    scope = "" if within is None else gazetteer.former_codes.get(within, within)
    if scope and scope not in gazetteer.rows:
        raise NotFoundError("within", f"没有代码为 {within} 的行政区", f"no area has the code {within}")
    found = find(gazetteer, name, scope, level)
    # 矿区 means one's own or none: another city's is not looked for.
    while found is None and scope and spell(gazetteer, plain(name)) not in COMMON:
        scope = gazetteer.rows[scope].parent
        found = find(gazetteer, name, scope, level, exact=True)
    return found


def find(
    gazetteer: Gazetteer, name: str, scope: str, level: str | None, *, exact: bool = False
) -> Place | Ambiguity | None:
    """Look a name up inside one area only (``""``: the whole country); ``exact``: not by words that it holds."""
    text = spell(gazetteer, plain(name))
    # 老马岭至里必段 is a stretch between two places, and neither of them.
    if not text or _STRETCH.search(text):
        return None
    if re.fullmatch(r"\d{2,12}", text):
        return _by_code(gazetteer, text, scope)
    if scope and (known := _by_word(gazetteer, text, scope)) is not None:
        return known
    names = gazetteer.names(scope)
    for keys, how in ((names.full.get(text, ()), "name"), (names.short.get(text, ()), "short name")):
        usable = [key for key in keys if how == "name" or _may_be_short(gazetteer, key, scope, level)]
        if usable:
            return _pick(gazetteer, text, usable, how)
    if (match := _TOWNSHIP_SUFFIX.search(text)) is not None:
        stem = text[: match.start()]
        usable = [key for key in names.short.get(stem, ()) if gazetteer.rows[key].level == "township"]
        if usable:  # 演礼乡 has become 演礼镇
            return _pick(gazetteer, text, usable, "former name")
    return None if exact else _by_words(gazetteer, text, scope, names)


def _by_code(gazetteer: Gazetteer, text: str, scope: str) -> Place | None:
    code = township_of(text).ljust(COUNTY_DIGITS, "0")
    code = gazetteer.former_codes.get(code, code)
    inside = code in gazetteer.rows and (not scope or covers(scope, code))
    return place(gazetteer, code, "code") if inside else None


def _by_word(gazetteer: Gazetteer, text: str, scope: str) -> Place | None:
    here = gazetteer.rows[scope]
    if here.level == "city" and text in _CITY_WORDS and text not in gazetteer.names(scope).full:
        return place(gazetteer, scope, "words")
    if here.level == "county":
        if text in _COUNTY_WORDS:
            return place(gazetteer, scope, "words")
        if text in _TOWN_WORDS:
            return place(gazetteer, _town(gazetteer, scope), "words")
    return None


def _by_words(gazetteer: Gazetteer, text: str, scope: str, names: Names) -> Place | Ambiguity | None:
    """Find the narrowest area whose full name the words hold, or whose short name they begin with."""
    rest, holder = _strip_leading(gazetteer, text, scope)
    hits: dict[str, tuple[str, ...]] = {}
    for match in names.full_form.finditer(rest):
        word = match[0]
        if match.start() == 0 or (word not in COMMON and len(word) > 2):
            hits[word] = names.full[word]
    keys = {key for found in hits.values() for key in found}
    if keys:
        # 嘉峰镇 rather than the county that the words name too; but two towns side by side are no single place.
        narrow = [key for key in keys if not any(other != key and _holds(gazetteer, key, other) for other in keys)]
        consistent = [
            key for key in narrow if all(_holds(gazetteer, other, key) for other in keys if other not in narrow)
        ]
        if len(narrow) > 1 and len(consistent) == 1:
            narrow = consistent
        if len(narrow) > 1:
            return _ambiguity(gazetteer, text, narrow) if len(hits) == 1 else None
        holder, tail = narrow[0], rest[max(rest.rfind(word) + len(word) for word in hits) :]
        return place(gazetteer, _narrower(gazetteer, holder, tail) or holder, "words")
    if (start := names.short_form.match(rest)) is not None and rest[start.end() :]:
        near = holder or gazetteer.is_county(scope)
        usable = _may_begin(gazetteer, names.short[start[0]], rest[start.end() :], near=bool(near))
        if usable:
            return _pick(gazetteer, text, usable, "words", tail=rest[start.end() :])
    if holder:
        return place(gazetteer, _narrower(gazetteer, holder, rest) or holder, "words")
    return place(gazetteer, _town(gazetteer, scope), "words") if scope and _starts_with_town(rest) else None


def _strip_leading(gazetteer: Gazetteer, text: str, scope: str) -> tuple[str, str]:
    """Cut the names of the area itself and of those around it off the front; say whether its own was there."""
    rest, holder, code = text, "", scope
    above = []
    while code:
        above.append(code)
        code = gazetteer.rows[code].parent
    inside = gazetteer.names(scope).full_form
    for outer in reversed(above):
        name = gazetteer.rows[outer].name
        for form in (name, short_name(name, gazetteer.nations)):
            # 大同县 begins with the short name of 大同市 and is another place.
            other = inside.match(rest)
            if rest.startswith(form) and len(rest) > len(form) and (other is None or len(other[0]) <= len(form)):
                rest, holder = rest[len(form) :], outer if outer == scope else holder
                break
    return rest, holder


def _narrower(gazetteer: Gazetteer, holder: str, tail: str) -> str | None:
    """Key of the place inside an area that the following words begin with, if there is exactly one."""
    if gazetteer.rows[holder].level not in AREA_LEVELS or not tail:
        return None
    if gazetteer.rows[holder].level == "county" and (tail in ("城", "城区") or _starts_with_town(tail)):
        return _town(gazetteer, holder)
    names = gazetteer.names(holder)
    for form, keys in ((names.full_form, names.full), (names.short_form, names.short)):
        if (match := form.match(tail)) is not None:
            inside = [key for key in keys[match[0]] if key != holder]
            if form is names.short_form:
                inside = _may_begin(gazetteer, inside, tail[match.end() :], near=gazetteer.is_county(holder))
            levels = [PLACE_LEVELS.index(gazetteer.rows[key].level) for key in inside]
            widest = [key for key, level in zip(inside, levels, strict=True) if level == min(levels)]
            if len(widest) == 1:
                return widest[0]
    return None


def _may_begin(gazetteer: Gazetteer, keys: Iterable[str], tail: str, *, near: bool) -> list[str]:
    """Keep the places whose short name may stand in front of some words; ``near``: one county is looked in."""
    if _OTHER_KIND.match(tail):
        return []
    if _AFTER_HAMLET.match(tail):
        return list(keys)
    # 长城国家文化公园 need not be in the one 长城乡 of a whole city.
    free = (*AREA_LEVELS, "town", "landmark") if near else ("province", "city", "county", "landmark")
    return [key for key in keys if gazetteer.rows[key].level in free]


def _starts_with_town(text: str) -> bool:
    # 县城周边 is outside the town, and 县城西部 may be.
    return re.match(r"县城(?!周边|附近|外围|[东南西北]部|至|到)", text) is not None


def _town(gazetteer: Gazetteer, county: str) -> str:
    """Key of a county's seat town where that is known, else of the county."""
    name = f"{gazetteer.rows[county].name.removesuffix('县')}县城"
    towns = [key for key in gazetteer.names(county).full.get(name, ()) if gazetteer.rows[key].level == "town"]
    return towns[0] if gazetteer.rows[county].level == "county" and towns else county


def _may_be_short(gazetteer: Gazetteer, key: str, scope: str, level: str | None) -> bool:
    # In a whole city a landmark called 长城 is hardly in 长城乡; in one county 新城 is 新城镇 or what lies in it.
    loose = level not in ("village_or_street", "landmark") or gazetteer.is_county(scope)
    return loose or gazetteer.rows[key].level != "township"


def _holds(gazetteer: Gazetteer, outer: str, inner: str) -> bool:
    """Say whether one key's area holds another key's place and is not the same."""
    a, b = gazetteer.rows[outer], gazetteer.rows[inner]
    if outer == inner or a.level not in AREA_LEVELS:
        return False
    return covers(a.adcode, b.adcode) and (b.level not in AREA_LEVELS or a.adcode != b.adcode)


def _pick(gazetteer: Gazetteer, text: str, keys: list[str], how: str, *, tail: str = "") -> Place | Ambiguity:
    """Choose the widest level among the keys (和顺 is a county before it is a village); several there are ambiguous."""
    level = min(PLACE_LEVELS.index(gazetteer.rows[key].level) for key in keys)
    top = [key for key in keys if PLACE_LEVELS.index(gazetteer.rows[key].level) == level]
    if len(top) > 1:
        return _ambiguity(gazetteer, text, top)
    row = gazetteer.rows[top[0]]
    if how in ("name", "short name") and text not in (row.name, short_name(row.name, gazetteer.nations)):
        how = f"former {how}" if how == "short name" or text in gazetteer.former_names.get(top[0], ()) else how
    return place(gazetteer, _narrower(gazetteer, top[0], tail) or top[0], how)


def _ambiguity(gazetteer: Gazetteer, text: str, keys: Iterable[str]) -> Ambiguity:
    return Ambiguity(name=text, candidates=tuple(place(gazetteer, key, "name") for key in sorted(keys)))


def place(gazetteer: Gazetteer, key: str, matched: str) -> Place:
    """Make the `Place` of one row; where it has no point, that of the nearest area around it that has one.

    None is vaguer than its county.
    """
    row = standing = gazetteer.rows[key]
    while (point := gazetteer.point(key)) is None:
        key = standing.parent
        if not key:
            raise GeodataError(f"{row.name}没有可用的坐标", f"no point is known for {row.name}")
        standing = gazetteer.rows[key]
    extent = gazetteer.extent(key)
    if standing is not row and row.radius_m is None and (geometry := gazetteer.geometry(row.adcode)) is not None:
        # From the seat of the area around it: all of its own area lies within this.
        extent = reach(point, geometry)
    county = gazetteer.rows.get(county_of(row.adcode))
    if county is not None and county is not row and county.level == "county" and extent is not None:
        # Whatever lies in a township lies in its county: where that says more, it is what is known.
        seat, widest = gazetteer.point(county.adcode), gazetteer.extent(county.adcode)
        if seat is not None and widest is not None and extent > widest:
            point, extent, standing = seat, widest, county
    return Place(
        name=row.name,
        adcode=row.adcode,
        level=row.level,
        lon=point[0],
        lat=point[1],
        precision=_precision(standing),
        uncertainty_m=0.0 if extent is None else extent,
        source=standing.source,
        licence=standing.licence,
        matched=matched,
    )


def _precision(row: NamedPlace) -> str:
    if row.level in ("province", "city"):
        return "city"
    if row.level == "county" or (row.level == "village" and row.kind == "seat"):
        return "county"
    if row.level in ("village", "street") and row.kind == "site":
        return row.level
    return "site" if row.level == "landmark" and row.kind == "site" else "township"
