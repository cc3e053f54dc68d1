"""From commitments to facilities: where each promise stands, and which promises are one thing.

==============  ======================================================================================
kind            facilities
==============  ======================================================================================
``site``        one
``allotment``   one at the place it names, with its number; none where that place is not known
``coverage``    none: a requirement of every county or the like (`service_map.places.promises`)
``quota``       none: the plan says how many, not where (`service_map.places.promises`)
``intent``      none
==============  ======================================================================================

Two promises are one facility when the plan says that one repeats the other, when they give one name (white space,
quotation marks, the area's name in front, ``项目`` behind and the spellings of ``place_aliases.toml`` aside) to one
family of facility in one county, or when neither is named more closely than its category and place and their numbers
and actions do not contradict. What a plan promises that follows another (`service_map.places.succession`) is said by
the plan whose word holds; the id rests on the plan that promised it first, and every citation stays.
"""

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from service_map.catalogue import Category, categories, terms
from service_map.catalogue.adcode import county_of, covers
from service_map.errors import GeodataError
from service_map.places.facility import Facility
from service_map.places.gazetteer import Gazetteer, short_name, spell
from service_map.places.resolve import Ambiguity, Place, find, place
from service_map.plans import LAST, Commitment, Plan, before, ranks

WHOLE_AREA = "规划范围"
"""What ``located_by`` says where a plan gives no place narrower than its own area."""

LONGEST_NAME = 30
TELLING = frozenset("0123456789一二三四五六七八九十东西南北中上下前后左右新老大小内外甲乙丙丁")
"""Letters that tell two things of nearly one name apart."""
_BEHIND = re.compile(r"(?:(?:新建|改扩建|扩建|改建|迁建|重建|建设|改造|提升|提质)?(?:工程|项目)|建设|片区)+$")
# 新建市中医院 is 市中医院, and 新建东路 is a street.
BEFORE = re.compile(r"^(?:新建|续建|改扩建|扩建|改建|迁建|重建|调整)(?![东西南北中]?[路街巷村])")
_OWN = {
    "city": re.compile(r"^市(?!场|民|政|容|域|城|区|级|属|县|直)"),
    "county": re.compile(r"^县(?!域|城|区|级|乡|镇|直|属|内|道)"),
}
# 两馆, 三院, 五所: a number of things and no noun of one.
_COUNTS_ALONE = re.compile(r"^[两二三四五六七八九十]\S?[馆院所校园场]?$")
# 榆社县 before it says already whose it is: 县级殡仪馆 of one county is its 殡仪馆.
_LEVEL_WORDS = {
    "city": re.compile(r"^市级(?=..)"),
    "county": re.compile(r"^(?:县（市、区）|县（区）|[县区市]级(?:行政区域)?)(?=..)"),
    "township": re.compile(r"^(?:乡镇（街道）|街道（乡镇）|乡镇级?|镇级|街道级?)(?=..)"),
    "community": re.compile(r"^(?:城市)?社区(?=..)"),
    "village": re.compile(r"^(?:村（社区）|村级)(?=..)"),
}
# What names have in every city beside the word for the kind of thing.
_EVERYWHERE = re.compile(r"^(?:第[一二三四五六七八九十]+)?(?:人民|中心|实验|示范|综合|公共|公办|新|老)*")
_MARKS = re.compile(r"[\s\"'“”‘’《》「」()（）【】\[\]·,，、.。:：;；]")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """A place that a commitment names and the gazetteer cannot tell.

    Attributes
    ----------
    commitment
        Id of the commitment.
    words
        The place as the plan has it.
    candidates
        Codes of the areas it could be; empty where none is known.
    fallback
        Code of the area that the facility is put in instead.
    """

    commitment: str
    words: str
    candidates: tuple[str, ...]
    fallback: str


@dataclass(frozen=True, slots=True)
class _Promise:
    """One commitment at one place."""

    commitment: Commitment
    place: Place
    located_by: str
    category: Category
    plain: str  # the name that identity rests on; empty where only category and place identify it
    generic: bool  # the name says no more than what kind of thing it is

    @property
    def county(self) -> str:
        """Code of the county, or of the city where only that is known."""
        return county_of(self.place.adcode)


def locate(commitments: Iterable[Commitment], plans: Mapping[str, Plan], gazetteer: Gazetteer) -> list[Facility]:
    """Put every site and allotment on the map, each thing once.

    Parameters
    ----------
    commitments
        In any order; the result does not depend on it.
    plans
        The plans they belong to, by id: their areas are looked in first.
    gazetteer
        What `load_gazetteer` returned.

    Returns
    -------
    list of Facility
        In order of id. Coordinates are WGS 84 degrees, of a seat or an office, never a polygon's centre.

    Raises
    ------
    GeodataError
        When a commitment's plan or category is not known.
    """
    promises = [
        promise for commitment in sorted(commitments, key=_order) for promise in _promises(commitment, plans, gazetteer)
    ]
    groups = _merge(promises, plans)
    found = _name_apart([_facility(group, plans, gazetteer) for group in groups])
    return sorted((facility for facility, _ in found), key=lambda facility: facility.id)


def unresolved(commitments: Iterable[Commitment], plans: Mapping[str, Plan], gazetteer: Gazetteer) -> list[Unresolved]:
    """List the places that commitments name and that stay at a wider area, unknown or ambiguous; else as `locate`.

    Intentions are left out: they stand nowhere, wherever their words point.
    """
    found = []
    for commitment in sorted(commitments, key=_order):
        if commitment.kind == "intent" or commitment.place is None or commitment.place_level == "plan":
            continue
        answer = find(gazetteer, commitment.place, _plan_area(commitment, plans), commitment.place_level)
        if answer is None or isinstance(answer, Ambiguity):
            codes = tuple(candidate.adcode for candidate in answer.candidates) if answer is not None else ()
            fallback, located_by = locate_commitment(commitment, plans, gazetteer)
            if located_by == WHOLE_AREA:  # else the facility's own name told more than its place
                found.append(
                    Unresolved(
                        commitment=commitment.id, words=commitment.place, candidates=codes, fallback=fallback.adcode
                    )
                )
    return found


def locate_commitment(commitment: Commitment, plans: Mapping[str, Plan], gazetteer: Gazetteer) -> tuple[Place, str]:
    """Find the narrowest place that a commitment's own words give, inside its plan's area.

    Parameters
    ----------
    commitment
        Of any kind.
    plans, gazetteer
        As for `locate`.

    Returns
    -------
    place : Place
    located_by : str
        The words that gave it, or `WHOLE_AREA`.
    """
    area = _plan_area(commitment, plans)
    best, words = place(gazetteer, area, "words"), WHOLE_AREA
    if commitment.place is not None:
        level = None if commitment.place_level == "plan" else commitment.place_level
        answer = find(gazetteer, commitment.place, area, level)
        if isinstance(answer, Place):
            best, words = answer, commitment.place[:LONGEST_NAME]
    if commitment.kind == "site" and commitment.name is not None:
        # Cut as it is shipped, so that the shipped commitments are located like those of the texts.
        name = commitment.name[:LONGEST_NAME]
        answer = find(gazetteer, name, best.adcode if best.adcode in gazetteer.rows else area, "landmark")
        if isinstance(answer, Place) and _rank(answer) < _rank(best):
            best, words = answer, name
    return best, words


def suspected_duplicates(facilities: Iterable[Facility]) -> list[tuple[str, str]]:
    """List pairs of facilities that may be one: one category and county, and names one character apart.

    Parameters
    ----------
    facilities
        As `locate` returns them.

    Returns
    -------
    list of (str, str)
        Ids, each pair once. Names that differ in a numeral or a direction (第一, 第二; 东, 西) are not suspected, nor
        those that one passage lists side by side (和园幼儿园、桃园幼儿园).
    """
    near: dict[tuple[str, str], list[Facility]] = defaultdict(list)
    for facility in facilities:
        if facility.name_given:
            near[facility.category, county_of(facility.adcode)].append(facility)
    pairs = []
    for group in near.values():
        for i, a in enumerate(group):
            for b in group[i + 1 :]:
                different = [(x, y) for x, y in zip(a.name, b.name, strict=False) if x != y]
                alike = len(a.name) == len(b.name) >= 4 and len(different) == 1 and not TELLING & set(different[0])
                if alike and not _passages(a) & _passages(b):
                    pairs.append((a.id, b.id))
    return sorted(pairs)


def _passages(facility: Facility) -> set[str]:
    """Name the passages by plan and line, as the commitments' ids do."""
    return {commitment.rpartition("-")[0] for commitment in facility.commitments}


def _order(commitment: Commitment) -> tuple[str, int, str]:
    return commitment.plan, commitment.line, commitment.id


def _plan_area(commitment: Commitment, plans: Mapping[str, Plan]) -> str:
    if commitment.plan not in plans:
        raise GeodataError(
            f"plans.toml 中没有规划 {commitment.plan}，无从得知其范围",
            f"the plan {commitment.plan} is not in plans.toml, so its area is not known",
        )
    return plans[commitment.plan].adcode


def _rank(where: Place) -> int:
    return terms.PRECISION.codes.index(where.precision)


def _promises(commitment: Commitment, plans: Mapping[str, Plan], gazetteer: Gazetteer) -> Iterator[_Promise]:
    kinds = categories()
    if commitment.category not in kinds:
        raise GeodataError(
            f"规划任务 {commitment.id} 的类别 {commitment.category} 不在 categories.toml 中",
            f"commitment {commitment.id}: the category {commitment.category} is not in categories.toml",
        )
    if commitment.action == "cancel":
        # What a plan takes back is no facility that it promises.
        return
    kind = kinds[commitment.category]
    where, words = locate_commitment(commitment, plans, gazetteer)
    if commitment.kind == "site":
        name = (commitment.name or "")[:LONGEST_NAME]
        identity = plain_name(name, where.adcode, gazetteer)
        generic = identity in kind.words or len(identity) < 4
        yield _Promise(commitment, where, words, kind, "" if identity == kind.zh else identity, generic)
    elif commitment.kind == "allotment" and words != WHOLE_AREA:
        yield _Promise(commitment, where, words, kind, "", generic=True)


def plain_name(name: str, adcode: str, gazetteer: Gazetteer) -> str:
    """Reduce a name to what tells the thing apart inside its county.

    Parameters
    ----------
    name
        As somebody wrote it.
    adcode
        Code of the area that holds the thing.
    gazetteer
        What `load_gazetteer` returned: the names of the areas around are cut off.

    Returns
    -------
    str
        Empty only where the name is.
    """
    text = spell(gazetteer, _MARKS.sub("", unicodedata.normalize("NFKC", name)))
    text = _BEHIND.sub("", text) or text
    text = BEFORE.sub("", text) or text
    above = []
    code = county_of(adcode)
    while code:
        above.append(code)
        code = gazetteer.rows[code].parent
    for area in reversed(above):
        names = (gazetteer.rows[area].name, *gazetteer.former_names.get(area, ()))
        for form in (*names, *(short_name(name, gazetteer.nations) for name in names)):
            if len(form) >= 2 and text.startswith(form) and len(text) > len(form) + 1:
                text = text[len(form) :]
                break
    # 市妇幼保健院 in a city's plan is the city's.
    own = _OWN.get(gazetteer.rows[county_of(adcode)].level)
    return own.sub("", text) if own is not None else text


def _merge(promises: list[_Promise], plans: Mapping[str, Plan]) -> list[list[_Promise]]:
    """Group the promises of one thing; groups and members in an order that does not depend on the input's."""
    root = list(range(len(promises)))

    def top(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    def join(i: int, j: int) -> None:
        a, b = sorted((top(i), top(j)))
        root[b] = a

    indexes = range(len(promises))
    stated: dict[str, list[int]] = _by(indexes, lambda i: promises[i].commitment.id)
    for i in indexes:
        for j in stated.get(promises[i].commitment.repeats or "", ()):
            # An allotment repeated is repeated place by place, a site wherever the plan puts it the second time.
            sites = "site" in (promises[i].commitment.kind, promises[j].commitment.kind)
            if sites or promises[i].place.adcode == promises[j].place.adcode:
                join(i, j)
    named = [i for i in indexes if promises[i].plain]
    for same in _by(named, lambda i: (promises[i].county, promises[i].category.family, promises[i].plain)).values():
        _join_named(promises, same, join)
    _join_unnamed(promises, [i for i in indexes if not promises[i].plain], join)
    found = [
        sorted((promises[i] for i in members), key=_prominence) for members in _by(indexes, top).values()
    ]  # fmt: skip

    def order(group: list[_Promise]) -> tuple[object, ...]:
        # What a following plan adds comes behind: an ordinal that somebody has must not go to another thing.
        first = _founders(group, plans)[0]
        return len(before(first.commitment.plan, plans)), *_prominence(first)

    return sorted(found, key=order)


def _founders(group: list[_Promise], plans: Mapping[str, Plan]) -> list[_Promise]:
    """Give the promises of a group by plans that follow none of its others."""
    among = {promise.commitment.plan for promise in group}
    return [promise for promise in group if not among.intersection(before(promise.commitment.plan, plans))]


def _weighed(group: list[_Promise], plans: Mapping[str, Plan]) -> list[tuple[int, _Promise]]:
    """Order the promises of a group by the weight of their plans (`service_map.plans.ranks`)."""
    counts = {
        promise.commitment.count for promise in group if plans[promise.commitment.plan].kind != "yearly"
    }  # fmt: skip

    def is_part(promise: _Promise) -> bool:
        # A list of one year has so many of a number; it does not change the number.
        said = promise.commitment
        return plans[said.plan].kind == "yearly" and said.kind == "allotment" and bool(counts - {said.count})

    weight = ranks({promise.commitment.plan for promise in group if not is_part(promise)}, plans)
    found = [(LAST if is_part(one) else weight[one.commitment.plan], one) for one in group]
    return sorted(found, key=lambda pair: (pair[0], *_prominence(pair[1])))


def _year(weighed: list[tuple[int, _Promise]], plans: Mapping[str, Plan]) -> int | None:
    """Give the year that the plan states whose word holds; else one stated before that lies in its term."""
    term = plans[weighed[0][1].commitment.plan].period
    for weight, promise in weighed:
        year = promise.commitment.year
        if year is not None and (weight == 0 or (weight < LAST and term[0] <= year <= term[1])):
            return year
    return None


def _join_named(promises: list[_Promise], same: list[int], join: Callable[[int, int], None]) -> None:
    """Join promises of one name in one county, but 中心幼儿园 of two townships, and two items of one list."""
    places = _by(same, lambda i: promises[i].place.adcode)
    if len({code for code in places if len(code) > 6}) == 1 and not promises[same[0]].generic:
        places = {"": same}
    for together in places.values():
        for position, i in enumerate(together):
            for j in together[:position]:
                a, b = promises[i].commitment, promises[j].commitment
                if not (promises[i].generic and (a.plan, a.line) == (b.plan, b.line)):
                    join(i, j)
                    break


def _join_unnamed(promises: list[_Promise], unnamed: list[int], join: Callable[[int, int], None]) -> None:
    for same in _by(unnamed, lambda i: (promises[i].place.adcode, promises[i].category.code)).values():
        for position, i in enumerate(same):
            for j in same[:position]:
                a, b = promises[i].commitment, promises[j].commitment
                # Two that are called by the area and the category are one whatever is done to it.
                if a.kind == b.kind == "site" or _compatible(a, b):
                    join(i, j)
                    break


def _compatible(a: Commitment, b: Commitment) -> bool:
    years = a.year is None or b.year is None or a.year == b.year
    vague = ("unspecified", "mixed")
    actions = a.action == b.action or a.action in vague or b.action in vague
    return years and actions and (a.count or 1) == (b.count or 1)


def _prominence(promise: _Promise) -> tuple[object, ...]:
    """Order of citations in one facility: a site before a number, the surest place first."""
    commitment = promise.commitment
    return (
        terms.MAPPED.index(commitment.kind), _rank(promise.place), commitment.repeats is not None, commitment.plan,
        commitment.line, promise.category.code, promise.plain, promise.place.adcode, commitment.id,
    )  # fmt: skip


def _facility(
    group: list[_Promise], plans: Mapping[str, Plan], gazetteer: Gazetteer
) -> tuple[Facility, tuple[str, ...]]:
    """Make the facility of one group, its id still unset, and the words that its id is made of."""
    weighed = _weighed(group, plans)
    ranked = [promise for _, promise in weighed]
    holding = [promise for weight, promise in weighed if weight == 0]
    first = ranked[0]
    commitment = first.commitment
    # What an earlier plan knew more narrowly counts, unless the place is another now.
    lead = _surest(holding).place
    where = _surest([promise for promise in ranked if covers(lead.adcode, promise.place.adcode)])
    given = next((promise.commitment.name for promise in ranked if promise.commitment.name), None)
    counts = [promise.commitment.count for promise in ranked if promise.commitment.count is not None]
    actions = [promise.commitment.action for promise in ranked if promise.commitment.action != "unspecified"]
    spot = where.place
    noun = next((promise.commitment.noun for promise in ranked if promise.commitment.noun), None)
    name = _called(given, noun, first, spot, gazetteer)
    return Facility(
        id="",
        name=name,
        name_given=given is not None,
        noun=noun[:LONGEST_NAME] if noun and not given else None,
        category=first.category.code,
        status="planned",
        basis=commitment.kind,
        action=actions[0] if actions else "unspecified",
        count=1 if commitment.kind == "site" else (counts[0] if counts else 1),
        unit=next((promise.commitment.unit for promise in ranked if promise.commitment.unit), None),
        at_least=any(promise.commitment.at_least for promise in holding),
        year=_year(weighed, plans),
        adcode=spot.adcode,
        lon=spot.lon,
        lat=spot.lat,
        precision=spot.precision,
        uncertainty_m=spot.uncertainty_m,
        point_source=spot.source,
        point_licence=spot.licence,
        located_by=where.located_by,
        commitments=tuple(dict.fromkeys(promise.commitment.id for promise in ranked)),
    ), _identity(_founders(group, plans))


def _surest(group: list[_Promise]) -> _Promise:
    """Give the promise whose place is known most narrowly, the first of several."""
    return min(group, key=lambda promise: _rank(promise.place))


def _identity(founders: list[_Promise]) -> tuple[str, ...]:
    """Give the words that an id is made of: those of the plan that promised the thing first."""
    spot = _surest(founders).place
    known_as = min((promise.plain for promise in founders if promise.plain), default="")
    # The id rests on the county, so that a surer place inside it keeps the id; but a name that says no more than what
    # kind of thing it is needs its township.
    township = f"@{spot.adcode}" if len(spot.adcode) > 6 and (not known_as or founders[0].generic) else ""
    return (min(promise.category.code for promise in founders), county_of(spot.adcode), f"{known_as}{township}")


def _called(given: str | None, noun: str | None, first: _Promise, spot: Place, gazetteer: Gazetteer) -> str:
    """Call a facility as its plan does, so that nobody takes it for another place's."""
    if given is None:
        # 两馆 counts what it does not name.
        plain = noun if noun and not _COUNTS_ALONE.match(noun) else first.category.zh
        around = _area_name(spot, gazetteer)
        rest = without_level(plain.removeprefix(around), spot.level)
        # 榆社县城供热站, not 榆社县县城供热站.
        if around.endswith("县") and rest.startswith("县城"):
            rest = rest.removeprefix("县")
        return f"{around}{rest}"[:LONGEST_NAME]
    if first.commitment.noun and given == first.commitment.place and noun and not given.endswith(noun):
        # 小岭、火车站等棚户区: a list that gives the places alone has the noun at its end.
        return f"{given}{noun}"[:LONGEST_NAME]
    name = given[:LONGEST_NAME]
    area = gazetteer.rows[county_of(spot.adcode)]
    own = _OWN.get(area.level)
    if own is not None and own.match(name):
        # 市中医院 is 大同市中医院, 县医院 is 沁水县医院.
        whose = area.name if name[0] == area.name[-1] else short_name(area.name, gazetteer.nations)
        return f"{whose}{name.removeprefix(area.name[-1])}"[:LONGEST_NAME]
    bare = _EVERYWHERE.sub("", name)
    if bare == "" or bare in first.category.words or bare == first.category.zh:
        return f"{_area_name(spot, gazetteer)}{name}"[:LONGEST_NAME]
    return name


def without_level(noun: str, level: str) -> str:
    """Take the word for a unit's level off the front of a noun that stands behind the unit's own name or kind.

    Parameters
    ----------
    noun
        The plan's, such as 县级殡仪馆, 乡镇文化站, 社区养老服务设施.
    level
        Of the unit: ``city``, ``county``, ``township``, ``village`` or ``community``; any other takes nothing off.
    """
    words = _LEVEL_WORDS.get(level)
    return words.sub("", noun) if words is not None else noun


def _area_name(spot: Place, gazetteer: Gazetteer) -> str:
    county = gazetteer.rows.get(county_of(spot.adcode))
    # 城区 alone would be any city's.
    if county is not None and spot.level == "county" and len(county.name) == 2 and county.name.endswith("区"):
        return f"{gazetteer.rows[county.parent].name}{county.name}"
    return spot.name


def _name_apart(found: list[tuple[Facility, tuple[str, ...]]]) -> list[tuple[Facility, tuple[str, ...]]]:
    """Give each its permanent id; several that only an ordinal tells apart are numbered in reading order."""
    seen: Counter[tuple[str, ...]] = Counter()
    result = []
    for facility, identity in found:
        seen[identity] += 1
        ordinal = (str(seen[identity]),) if seen[identity] > 1 else ()
        digest = hashlib.sha256("\n".join((*identity, *ordinal)).encode()).hexdigest()
        result.append((replace(facility, id=f"f{digest[:12]}"), identity))
    return result


def _by(items: Iterable[int], key: Callable[[int], _T]) -> dict[_T, list[int]]:
    groups: dict[_T, list[int]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups
