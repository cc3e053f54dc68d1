"""What plans promise without a place: requirements of every unit of an area, and numbers for an area.

==============  ======================================================================================
kind            becomes
==============  ======================================================================================
``coverage``    a requirement (普遍要求) of each county, township, community … of an area
``quota``       a quota (数量承诺): so many in an area, the plan says not where
==============  ======================================================================================

Neither is ever a point. What the same plan says again is one promise with several citations, and so is what a plan
says that follows another (`service_map.places.succession`): the number and the year are those of the plan whose word
holds, the id is the one that the promise had first. Whatever cannot be told of one is left open and named by a code of
`service_map.catalogue.terms.DOUBT`.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from msgspec import Meta

from service_map.catalogue import categories, terms
from service_map.catalogue.adcode import covers
from service_map.catalogue.fields import Adcode, CategoryCode, Share, Year, means, one_of
from service_map.places.facility import Facility
from service_map.places.gazetteer import Gazetteer
from service_map.places.locate import LONGEST_NAME, WHOLE_AREA, locate_commitment, without_level
from service_map.plans import LAST, Commitment, Plan, before, ranks

PromiseId = Annotated[str, Meta(pattern="^[rq][0-9a-f]{12}$")]

UNIT_LEVELS = {"county": "county", "district": "county", "city": "city", "township": "township"}
"""Units of `service_map.catalogue.terms.PER` that are areas, each with its level; the others are on no list."""

PIECES = frozenset("个所处座家条块片间栋幢支")
"""Words that count facilities: what has another unit (套, 公里, 万平方米) is not so many facilities."""

_VAGUE = ("unspecified", "mixed")
# 30万以上人口的县（市、区）, 人口30万人以上的县, 不足10万人口的县: nothing else may stand beside it.
_PEOPLE = re.compile(
    r"(?:常住)?(?:总?人口)?(?P<below>不足|低于|少于)?(?:达到|超过)?(?P<number>\d+(?:\.\d+)?)万"
    r"(?:人口|人)?(?P<side>及?以上|以下)?(?:常住)?(?:人口|人)?的?(?:各|每个?)?(?:县区|县（市、区）|县（区）|县|市|区)?"
)
_TEN_THOUSAND = 10_000
# Words that say nothing of what kind of thing it is.
_COMMON_WORDS = re.compile(
    r"[省市县区乡镇村国]级|标准化|高标准|公办|公立|公共|公益性?|普惠性?|综合性?|优质|示范|典型|重点|区域|基层|全民|专业"
    r"|服务|设施|机构|组织|中心|学校|园区|基地|站点|建设|项目|[（）()、]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What requirements and quotas have in common; fields of one name mean what a commitment's do."""

    id: Annotated[PromiseId, means("永久标识")]
    name: Annotated[str, means("名称：多少什么")]
    plan: Annotated[str, means("规划标识", to="plans.id")]
    category: Annotated[CategoryCode, means("类别代码", to="categories.code")]
    noun: Annotated[str | None, means("规划所用的设施词")]
    count: Annotated[float | None, means("数量")]
    count_max: Annotated[float | None, means("数量上限")]
    unit: Annotated[str | None, means("单位")]
    at_least: Annotated[bool, means("是否为下限")]
    every_year: Annotated[bool, means("是否每年的数量")]
    capacity: Annotated[float | None, means("容量（床位、学位等）")]
    capacity_unit: Annotated[str | None, means("容量单位", short="cap_unit")]
    action: Annotated[str, one_of(terms.ACTION), means("建设方式")]
    year: Annotated[Year | None, means("完成年份")]
    cancelled_by: Annotated[str | None, means("写明不再建设的规划", to="plans.id")] = None
    place: Annotated[str | None, means("规划所写的地点")]
    adcode: Annotated[Adcode, means("行政区划代码")]
    doubts: Annotated[
        str | None,
        means(
            "说不清之处的代码，分号隔开",
        ),
    ]  # fmt: skip
    commitments: Annotated[
        tuple[str, ...],
        means(
            "各项任务的标识，分号隔开，首个为主要出处", short="commitmts",
            stored=False,
        ),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement(Promise):
    """One requirement (普遍要求): something that every unit of an area must have.

    Attributes
    ----------
    id
        Permanent: ``r`` and 12 hex digits of SHA-256 over plan, category, unit (``per``), area and noun, and an ordinal
        where that is shared; lines do not count.
    count
        How many each unit must have; None where the plan gives no number.
    per
        Of what it asks it of every one, one of `service_map.catalogue.terms.PER`.
    share
        The fraction of the units that it asks it of, None for all.
    condition
        The plan's words that restrict the units.
    """

    per: Annotated[str, one_of(terms.PER), means("对每个什么的要求", after="name")]
    share: Annotated[Share | None, means("应有的比例", after="unit")]
    condition: Annotated[str | None, means("限定条件", after="unit")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota(Promise):
    """One quota (数量承诺): so many of a kind in an area.

    Attributes
    ----------
    id
        Permanent: ``q`` and 12 hex digits of SHA-256 over plan, category, area, noun and year, and an ordinal where
        that is shared; lines do not count.
    part_of
        Id of the quota whose number holds this one's: by kind, by place or by year.
    named
        How many of it the plan itself names or allots, None where that cannot be told.
    left_over
        How many the plan leaves without a place: the number less those named. None where that cannot be told.
    facilities
        Ids of those named or allotted.
    """

    part_of: Annotated[str | None, means("所属总数的标识", after="name")]
    named: Annotated[float | None, means("其中规划已点名或分到各地的", after="unit")]
    left_over: Annotated[float | None, means("其余规划没有说在哪里的", after="unit")]
    facilities: Annotated[tuple[str, ...], means("点名或分到的设施", stored=False, listed=False)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What is known of a requirement in one of its units.

    Attributes
    ----------
    adcode
        The unit, or the area that holds the units where ``whole``.
    whole
        The units have no list on record, and the area stands for all of them.
    state, facility
        One of `service_map.catalogue.terms.PROMISE_STATE`, and the id of the first facility that it rests on.
    standing, promised
        Facilities of the kind that stand there on record, and that plans name or allot there.
    people, people_source
        People of the unit by whom, where the requirement's condition asks for them and they are on record.
    condition_met
        Whether the condition holds there; None where there is none or where nobody can tell.
    """

    adcode: str
    whole: bool
    state: str = "unknown"
    facility: str | None = None
    standing: int = 0
    promised: int = 0
    people: int | None = None
    people_source: str | None = None
    condition_met: bool | None = None


# --- from commitments -------------------------------------------------------------------------------------------------


def requirements(
    commitments: Iterable[Commitment], plans: Mapping[str, Plan], gazetteer: Gazetteer
) -> list[Requirement]:
    """Give the requirements that plans make, each once.

    Parameters
    ----------
    commitments
        Of any kind and in any order.
    plans, gazetteer
        As for `service_map.places.locate`.

    Returns
    -------
    list of Requirement
        In order of id. ``doubts`` names what the words alone leave open; what `units_of` and a build find comes on top.
    """
    found = []
    seen: Counter[tuple[str, ...]] = Counter()
    for group in _same(commitments, "coverage", plans, gazetteer, _same_rule):
        first = group[0]
        asked = first.commitment.per or ""
        per = asked if asked in terms.PER else "community"
        key = (first.commitment.plan, first.commitment.category, per, first.adcode, first.commitment.noun or "")
        holding = _holding(group, plans)
        common, doubts = _common(holding, group, plans, _identity("r", key, seen))
        share, condition = _first(holding, "share"), _first(holding, "condition")
        if share is not None and share < 1:
            doubts.append("share_open")
        found.append(
            Requirement(
                **{**common, "name": _rule_name(per, share, common)}, per=per, share=share, condition=condition,
                doubts=_joined(doubts),
            )
        )  # fmt: skip
    return sorted(found, key=lambda item: item.id)


def quotas(
    commitments: Iterable[Commitment],
    facilities: Iterable[Facility],
    plans: Mapping[str, Plan],
    gazetteer: Gazetteer,
) -> list[Quota]:
    """Give the quotas that plans promise, each once, with what of them is named.

    Parameters
    ----------
    commitments
        Of any kind and in any order.
    facilities
        As `service_map.places.locate` made them of the same commitments.
    plans, gazetteer
        As for `service_map.places.locate`.

    Returns
    -------
    list of Quota
        In order of id. Quotas of the years of one passage are parts of that passage's total where they add up to it.
    """
    every = list(commitments)
    groups = _same(every, "quota", plans, gazetteer, _same_number)
    seen: Counter[tuple[str, ...]] = Counter()
    made: list[Quota] = []
    for group in groups:
        first = group[0]
        year = _first([said for said in group if said.commitment.plan == first.commitment.plan], "year")
        key = (
            first.commitment.plan, first.commitment.category, first.adcode, first.commitment.noun or "",
            "" if year is None else str(year),
        )  # fmt: skip
        common, doubts = _common(_holding(group, plans), group, plans, _identity("q", key, seen))
        made.append(Quota(**common, part_of=None, named=None, left_over=None, doubts=_joined(doubts)))
    whole = _wholes(made, groups)
    made = [replace(quota, part_of=whole.get(quota.id)) for quota in made]
    by_id = {commitment.id: commitment for commitment in every}
    return sorted(_counted(made, list(facilities), by_id), key=lambda item: item.id)


@dataclass(frozen=True, slots=True)
class _Said:
    """One commitment, the area in which it holds, and whether the place that it names is known."""

    commitment: Commitment
    adcode: str
    known: bool


def _same(
    commitments: Iterable[Commitment],
    kind: str,
    plans: Mapping[str, Plan],
    gazetteer: Gazetteer,
    alike: Callable[[_Said, _Said], bool],
) -> list[list[_Said]]:
    """Group the commitments of one kind that say one thing, the first citation first, in the order of the texts."""
    ordered = sorted(
        (item for item in commitments if item.kind == kind and item.action != "cancel"),
        key=lambda item: (len(before(item.plan, plans)), item.plan, item.line, item.id),
    )
    groups: list[list[_Said]] = []
    where: dict[str, list[_Said]] = {}
    for commitment in ordered:
        found, words = locate_commitment(commitment, plans, gazetteer)
        named = commitment.place is not None and commitment.place_level != "plan"
        said = _Said(commitment, found.adcode, known=not named or words != WHOLE_AREA)
        group = where.get(commitment.repeats or "")
        own = group and _first_of(group, commitment.plan)
        if not group or (own and not alike(own, said)):
            group = next((other for other in groups if _is_said_in(other, said, alike)), None)
        if group is None:
            group = []
            groups.append(group)
        group.append(said)
        where[commitment.id] = group
    return groups


def _first_of(group: Sequence[_Said], plan: str) -> _Said | None:
    return next((said for said in group if said.commitment.plan == plan), None)


def _is_said_in(group: Sequence[_Said], said: _Said, alike: Callable[[_Said, _Said], bool]) -> bool:
    own = _first_of(group, said.commitment.plan)
    return own is not None and _says_it_again(own, said) and alike(own, said)


def _says_it_again(one: _Said, other: _Said) -> bool:
    """Say whether two of one plan are word for word one promise, although the reader linked them not."""
    a, b = one.commitment, other.commitment
    return (
        (a.plan, a.category, a.noun, a.per, a.count, a.unit, a.year, a.part_of)
        == (b.plan, b.category, b.noun, b.per, b.count, b.unit, b.year, b.part_of)
        and a.line != b.line
        and a.noun is not None
    )  # fmt: skip


def _same_rule(one: _Said, other: _Said) -> bool:
    a, b = one.commitment, other.commitment
    units = (a.plan, a.per, one.adcode, a.condition, a.share) == (b.plan, b.per, other.adcode, b.condition, b.share)
    return units and _alike_nouns(a, b) and _agree(a.count, b.count)


def _same_number(one: _Said, other: _Said) -> bool:
    a, b = one.commitment, other.commitment
    numbers = all(_agree(getattr(a, name), getattr(b, name)) for name in ("count", "year", "unit", "capacity"))
    return _alike_nouns(a, b) and numbers and a.plan == b.plan and one.adcode == other.adcode


def _alike_nouns(a: Commitment, b: Commitment) -> bool:
    return a.noun is None or b.noun is None or a.noun in b.noun or b.noun in a.noun


def _agree(one: object, other: object) -> bool:
    return one is None or other is None or one == other


def _first(group: Sequence[_Said], name: str) -> Any:
    return next((value for said in group if (value := getattr(said.commitment, name)) is not None), None)


def _identity(letter: str, key: tuple[str, ...], seen: Counter[tuple[str, ...]]) -> str:
    seen[key] += 1
    ordinal = (str(seen[key]),) if seen[key] > 1 else ()
    return letter + hashlib.sha256("\n".join((letter, *key, *ordinal)).encode()).hexdigest()[:12]


def _holding(group: Sequence[_Said], plans: Mapping[str, Plan]) -> list[_Said]:
    """Give the commitments of a group by the plans whose word holds."""
    weight = ranks({said.commitment.plan for said in group}, plans)
    return [said for said in group if weight[said.commitment.plan] == 0]


def _common(
    holding: Sequence[_Said], group: Sequence[_Said], plans: Mapping[str, Plan], identity: str
) -> tuple[dict[str, Any], list[str]]:
    """Give the fields of `Promise` that a group of commitments says, by those that hold, and its doubts."""
    first = holding[0].commitment
    every_year = any(said.commitment.note == "per year" for said in holding)
    actions = [said.commitment.action for said in holding if said.commitment.action not in _VAGUE]
    said_first = ("noun", "count", "count_max", "unit", "capacity", "capacity_unit", "year", "place")
    fields: dict[str, Any] = {name: _first(holding, name) for name in said_first}
    if fields["year"] is None:
        fields["year"] = _year_before(group, plans, first.plan)
    if first.place_level == "plan":
        fields["place"] = None
    noun = fields["noun"]
    fields["noun"] = noun[:LONGEST_NAME] if isinstance(noun, str) else None
    order = [*holding, *(said for said in reversed(group) if said not in holding)]
    fields |= {
        "id": identity, "plan": first.plan, "category": first.category, "adcode": holding[0].adcode,
        "at_least": any(said.commitment.at_least for said in holding), "every_year": every_year,
        "action": actions[0] if actions else first.action,
        "commitments": tuple(said.commitment.id for said in order),
    }  # fmt: skip
    fields["name"] = _number_name(fields)
    doubts = [] if all(said.known for said in holding) else ["place_unresolved"]
    return fields, [*doubts, *(["every_year"] if every_year else [])]


def _year_before(group: Sequence[_Said], plans: Mapping[str, Plan], plan: str) -> int | None:
    """Give the year that an earlier plan states, where it lies in the term of the one that holds and says none."""
    weight, term = ranks({said.commitment.plan for said in group}, plans), plans[plan].period
    years = [said.commitment.year for said in group if weight[said.commitment.plan] < LAST]
    return next((year for year in reversed(years) if year is not None and term[0] <= year <= term[1]), None)


def _noun(fields: Mapping[str, Any]) -> str:
    return str(fields["noun"] or categories()[str(fields["category"])].zh)


def _number(fields: Mapping[str, Any]) -> str:
    count, most = fields["count"], fields["count_max"]
    if count is None:
        return ""
    number = f"{count:g}" if most is None else f"{count:g}—{most:g}"
    return f"{number}{fields['unit'] or '个'}{'以上' if fields['at_least'] else ''}"


def _number_name(fields: Mapping[str, Any]) -> str:
    """Call a quota: 普惠性幼儿园100所, 托育机构5000托位, 文化站8个以上."""
    if fields["count"] is None and fields["capacity"] is not None:
        unit = str(fields["capacity_unit"] or "")
        noun = _noun(fields) if fields["noun"] != unit else categories()[str(fields["category"])].zh
        return f"{noun}{fields['capacity']:g}{unit}"
    return f"{'每年' if fields['every_year'] else ''}{_noun(fields)}{_number(fields)}"


def _rule_name(per: str, share: object, fields: Mapping[str, Any]) -> str:
    """Call a requirement: 每个县（市、区）：1所以上供养服务设施; 60%的乡镇（街道）：区域养老服务中心."""
    unit = terms.PER[per]
    whom = unit.meaning_zh if not isinstance(share, float) or share >= 1 else f"{share:.0%}的{unit.zh}"
    noun = without_level(_noun(fields), UNIT_LEVELS.get(per, per))
    return f"{whom}：{'每年' if fields['every_year'] else ''}{_number(fields)}{noun}"


def _joined(doubts: Iterable[str]) -> str | None:
    order = terms.DOUBT.codes
    return ";".join(sorted(set(doubts), key=order.index)) or None


def with_doubts(promise: Promise, more: Iterable[str]) -> str | None:
    """Give the doubts of a promise with further ones among them."""
    return _joined([*(promise.doubts.split(";") if promise.doubts else ()), *more])


# --- quotas: parts, and what is named ---------------------------------------------------------------------------------


def _wholes(quotas: Sequence[Quota], groups: Sequence[Sequence[_Said]]) -> dict[str, str]:
    """Find of which quota each is a part: by the plan's own list, or as one of the years that add up to a total."""
    holder = {said.commitment.id: quota.id for quota, group in zip(quotas, groups, strict=True) for said in group}
    found: dict[str, str] = {}
    lines: dict[tuple[str, str], list[Quota]] = defaultdict(list)
    for quota, group in zip(quotas, groups, strict=True):
        whole = next((holder.get(said.commitment.part_of or "") for said in group if said.commitment.part_of), None)
        if whole is not None and whole != quota.id:
            found[quota.id] = whole
        lines[group[0].commitment.id.rpartition("-")[0], quota.adcode].append(quota)
    for beside in lines.values():
        for category in {quota.category for quota in beside}:
            found |= _years([quota for quota in beside if quota.category == category], found)
        found |= {name: whole for name, whole in _years(beside, found).items() if name not in found}
    return found


def _years(beside: Sequence[Quota], parts: Mapping[str, str]) -> dict[str, str]:
    """Find the quotas of the years of one passage that add up to its one total without a year, and so are its parts."""
    by_year = [quota for quota in beside if quota.year is not None]
    total, within = sum(quota.count or 0 for quota in by_year), {quota.id for quota in by_year}
    wholes = [
        quota for quota in beside if quota.year is None and quota.count == total and parts.get(quota.id) not in within
    ]
    if len({quota.year for quota in by_year}) < 2 or len(wholes) != 1:
        return {}
    return {quota.id: wholes[0].id for quota in by_year if quota.id not in parts}


def _counted(quotas: Sequence[Quota], facilities: Sequence[Facility], by_id: Mapping[str, Commitment]) -> list[Quota]:
    """Set what is named of each quota and what is left over, or say why that cannot be told."""
    parts: dict[str, list[Quota]] = defaultdict(list)
    known = {quota.id: quota for quota in quotas}
    for quota in quotas:
        if quota.part_of is not None:
            parts[quota.part_of].append(quota)
    found = []
    for quota in quotas:
        more: list[str] = []
        # A list of one year has so many of a number that the plan itself may part otherwise.
        below = [part for part in parts[quota.id] if part.count is not None and part.plan == quota.plan]
        if _exceed(quota, below):
            more.append("parts_exceed")
        whole = None if quota.part_of is None else known[quota.part_of]
        if whole is not None and whole.category == quota.category:
            found.append(replace(quota, doubts=with_doubts(quota, [*more, "within_whole"])))
            continue
        rivals = [other for other in quotas if _rivals(quota, other)]
        found.append(_named(quota, rivals, facilities, by_id, more))
    return found


def _exceed(quota: Quota, parts: Sequence[Quota]) -> bool:
    """Say whether parts are more than their whole, which may be parted twice: by kind and by year."""
    if quota.count is None or quota.at_least:
        return False
    dated = [part.year is not None for part in parts]
    sums = (sum(part.count or 0 for part, by in zip(parts, dated, strict=True) if by is side) for side in (True, False))
    return max(sums) > (quota.count_max or quota.count)


def _rivals(quota: Quota, other: Quota) -> bool:
    """Say whether what is named could belong to another quota as well."""
    same = (quota.plan, quota.category) == (other.plan, other.category) and other.id != quota.id
    near = covers(quota.adcode, other.adcode) or covers(other.adcode, quota.adcode)
    return same and near and quota.id != other.part_of and _goes_with(quota.action, other.action)


def _goes_with(one: str, other: str) -> bool:
    return one == other or one in _VAGUE or other in _VAGUE


def _named(
    quota: Quota,
    rivals: Sequence[Quota],
    facilities: Sequence[Facility],
    by_id: Mapping[str, Commitment],
    more: list[str],
) -> Quota:
    """Find what of a quota is named: what the plan lists under it, else what it names of the kind in the area."""
    own = set(quota.commitments)
    passages, others = _passages(own), _passages(name for other in rivals for name in other.commitments)
    of_kind = [
        facility
        for facility in facilities
        if facility.category == quota.category
        and facility.basis in terms.MAPPED
        and covers(quota.adcode, facility.adcode)
        and _goes_with(quota.action, facility.action)
        and any(by_id[name].plan == quota.plan for name in facility.commitments if name in by_id)
        # What is named in the passage of another number belongs to that one.
        and not (_passages(facility.commitments) & others - passages)
    ]
    listed = [
        facility
        for facility in of_kind
        if any(by_id[name].part_of in own for name in facility.commitments if name in by_id)
    ] or [facility for facility in of_kind if _passages(facility.commitments) & passages - others]
    named = listed or [facility for facility in of_kind if alike(quota.noun, facility.name)]
    ids = tuple(sorted(facility.id for facility in named))
    if named and not listed and any(other.part_of != quota.id for other in rivals):
        return replace(quota, facilities=ids, doubts=with_doubts(quota, [*more, "named_shared"]))
    if not listed and len(named) < len(of_kind):
        return replace(quota, facilities=ids, doubts=with_doubts(quota, [*more, "named_unsure"]))
    pieces = quota.unit is None or quota.unit in PIECES
    fit = all(facility.unit is None or facility.unit in PIECES for facility in named)
    if quota.count is None or not pieces or not fit:
        return replace(quota, facilities=ids, doubts=with_doubts(quota, [*more, "not_countable"]))
    number = float(sum(facility.count for facility in named))
    if number > (quota.count_max or quota.count) and not quota.at_least:
        more.append("named_exceed")
    return replace(
        quota, named=number, left_over=max(0.0, quota.count - number), facilities=ids,
        doubts=with_doubts(quota, more),
    )  # fmt: skip


def _passages(commitments: Iterable[str]) -> set[str]:
    return {name.rpartition("-")[0] for name in commitments}


def alike(noun: str | None, name: str) -> bool:
    """Say whether a thing of the same category, by its name, may be what a noun means.

    Parameters
    ----------
    noun
        The plan's own; None means any of the category.
    name
        Of the thing: 沁水县殡仪馆 is a 县级殡仪馆, 峪都养老园区 no 县级供养服务设施.

    Returns
    -------
    bool
        They share two letters side by side, words that fit every thing aside.
    """
    if noun is None:
        return True
    telling, said = _COMMON_WORDS.sub("\n", noun), _COMMON_WORDS.sub("\t", name)
    pairs = {telling[at : at + 2] for at in range(len(telling) - 1)}
    return noun in name or any(pair in said for pair in pairs if "\n" not in pair)


# --- requirements: units, and what is known of each -------------------------------------------------------------------


def units_of(requirement: Requirement, gazetteer: Gazetteer) -> tuple[list[str], list[str]]:
    """List the units of a requirement.

    Parameters
    ----------
    requirement
        From `requirements`.
    gazetteer
        What `load_gazetteer` returned. It holds every city and county; of townships those of the tables of places.

    Returns
    -------
    codes : list of str
        In order; empty where the units are on no list (communities, villages, schools …): the area stands for all.
    doubts : list of str
        What is to be said of the list.
    """
    level = UNIT_LEVELS.get(requirement.per)
    if level is None:
        return [], ["units_unlisted"]
    codes = sorted(
        code for code, row in gazetteer.rows.items() if row.level == level and covers(requirement.adcode, code)
    )
    if requirement.per == "district":
        codes = [code for code in codes if gazetteer.rows[code].name.endswith("区")]
    if not codes:
        return [], ["units_unlisted"]
    return codes, ["units_partly"] if level == "township" else []


def condition_holds(condition: str, people: int | None) -> bool | None:
    """Say whether a condition on the number of people holds; None where it asks something else, or nobody knows.

    Parameters
    ----------
    condition
        The plan's words: ``30万以上人口的县（市、区）``. 以上 takes the number itself in, 以下 does too, 不足 does not.
    people
        Of the unit; None where that is not on record.
    """
    asked = _PEOPLE.fullmatch(condition)
    if asked is None or people is None or not (asked["side"] or asked["below"]):
        return None
    number = float(asked["number"]) * _TEN_THOUSAND
    if asked["below"]:
        return people < number
    return people >= number if asked["side"].endswith("以上") else people <= number


def judge(requirement: Requirement, unit: Unit, there: Iterable[Facility]) -> Unit:
    """Say what is known of a requirement in a unit.

    Parameters
    ----------
    requirement
        From `requirements`.
    unit
        One of its units, its state still unknown.
    there
        Facilities of the requirement's category in the unit, or anything that has their fields ``id``, ``adcode``,
        ``name``, ``status``, ``action``, ``count`` and ``unit``.

    Returns
    -------
    Unit
        ``kept`` where as many as are asked for stand on record: built since the plan, or, where the plan does not ask
        for new ones, standing already. ``promised`` where plans name or allot as many. Those whose names share
        no telling word with the plan's noun (`alike`) are counted and not relied on. An area that stands for units
        without a list is never judged.
    """
    rows = sorted((row for row in there if covers(unit.adcode, row.adcode)), key=lambda row: row.id)
    standing = [row for row in rows if row.status in terms.IN_PLACE]
    ahead = [row for row in rows if row.status in terms.AHEAD]
    found = replace(unit, standing=_pieces(standing), promised=_pieces(ahead))
    standing, ahead = ([row for row in some if alike(requirement.noun, row.name)] for some in (standing, ahead))
    if unit.whole:
        return found
    asked = requirement.count or 1
    # An old school keeps no promise to build a new one.
    keeping = standing if requirement.action == "unspecified" else [row for row in standing if row.status == "open"]
    if requirement.unit is not None and requirement.unit not in PIECES:
        return found
    if _pieces(keeping) >= asked:
        return replace(found, state="kept", facility=keeping[0].id)
    fitting = [row for row in ahead if _goes_with(requirement.action, row.action)]
    if fitting and _pieces([*keeping, *fitting]) >= asked:
        return replace(found, state="promised", facility=fitting[0].id)
    return found


def _pieces(rows: Iterable[Facility]) -> int:
    return sum(int(row.count) if row.unit is None or row.unit in PIECES else 1 for row in rows)
