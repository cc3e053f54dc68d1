"""What the five questions answer with, declared once: members, types, bounds and closed sets.

The analyses fill these in and mypy checks them; the schemas of the API are written from them, and a test converts every
answer that the API's tests see into them, so that a declaration which lies is found. A name that begins with an
underscore stands within another member and has no schema of its own.
"""

from typing import Annotated, Literal, TypedDict

from msgspec import Meta

from service_map.catalogue import terms
from service_map.catalogue.fields import (
    Adcode,
    Amount,
    CategoryCode,
    FamilyCode,
    From1,
    Km2,
    Metres,
    Sha256,
    Share,
    Whole,
    Year,
    keyed,
    one_of,
)

RecordState = Annotated[str, one_of(terms.RECORD)]
Method = Annotated[str, one_of(terms.METHOD)]
Walked = Annotated[str, one_of(("straight_line", "network"))]
Minutes = Annotated[int, Meta(extra={"terms": (5, 10, 15)})]
Unit = Annotated[str, one_of(("people", "km2"))]
Groups = dict[str, Amount]


class AreaName(TypedDict):
    """The area that is asked about; no code for a polygon of one's own."""

    adcode: Adcode | None
    name: str


class Walking(TypedDict):
    """The assumptions of a walk."""

    profile: Annotated[str, one_of(terms.PROFILE)]
    profile_name: str
    speed_m_s: float
    detour: Annotated[float, Meta(ge=1)]


class Rule(TypedDict):
    """What a clause asks, as `service_map.catalogue.Rule` has it, with its citation."""

    id: str
    category: CategoryCode
    also: list[CategoryCode]
    level: Annotated[str, one_of(terms.RULE_LEVEL)]
    metres: Metres | None
    metres_low: Metres | None
    minutes: float | None
    minutes_low: float | None
    mode: Annotated[str, one_of(terms.MODE)]
    measured_from: Annotated[str, one_of(terms.RULE_MEASURED_FROM)]
    size_low: float | None
    size_high: float | None
    share: float | None
    share_new: float | None
    share_old: float | None
    denominator: Annotated[str, one_of(terms.DENOMINATOR)] | None
    scope: Annotated[str, one_of(terms.SCOPE)]
    standard: str
    edition: str
    clause: str
    status: Annotated[str, one_of(terms.RULE_STATUS)]
    force: Annotated[str, one_of(terms.FORCE)] | None
    confidence: Annotated[str, one_of(terms.CONFIDENCE)]
    verified: bool
    note: str | None
    plan: str | None
    line: From1 | None
    passage_sha256: Sha256 | None
    year: Year | None
    area: Adcode | None
    source: str | None
    read_on: Annotated[str, Meta(extra_json_schema={"format": "date"})] | None


# --- what is on record ------------------------------------------------------------------------------------------------


class Source(TypedDict):
    """Who says that so many stand, under which licence, and of when."""

    title: str
    licence: str | None
    date: str | None
    count: Whole


class Stated(TypedDict):
    """How many a plan says stand in its whole area, beside how many of the kind are on record there."""

    id: str
    area: Adcode
    area_name: str
    category: CategoryCode
    noun: str
    count: float
    unit: str
    measure: Annotated[str, one_of(terms.MEASURE)]
    year: Year | None
    cumulated: bool
    plan: str
    plan_title: str
    line: From1
    on_record: Whole


class OnRecord(TypedDict):
    """What is on record of a kind, who says so, and how many plans say there are."""

    record: RecordState
    on_record: Whole
    sources: list[Source]
    stated: list[Stated]


class OfRecord(TypedDict):
    """What each feature says of its record, so that a file cut in pieces still says it."""

    record: RecordState
    as_recorded: bool


class Inventory(TypedDict):
    """A statement that a record is complete."""

    area: Adcode
    categories: list[CategoryCode]
    source: str
    date: str


Nearest = TypedDict(
    "Nearest", {"id": str, "name": str, "metres": Amount, "from": Annotated[str, one_of(("seat", "middle"))]}
)
"""The nearest on record, and from where it is that far."""


class Named(TypedDict):
    """A promised facility by its name."""

    id: str
    name: str
    year: Year | None


class _Promised(TypedDict):
    placed: Whole
    wide: Whole
    around: Whole
    named: list[Named]


class RecordBasis(TypedDict):
    """What an answer rests on."""

    existing: Whole
    sources: list[Source]
    stated: list[Stated]
    stated_by: Annotated[str, one_of(("inventory", "question", "given"))] | None
    inventories: list[Inventory]
    as_recorded: bool
    nearest: Nearest | None
    promised: _Promised
    words: str


# --- what the plans give to an area -----------------------------------------------------------------------------------


class PromisedFacility(TypedDict):
    """A facility that a plan names, or of which it says how many a place gets."""

    id: str
    name: str
    adcode: Adcode
    area_name: str
    status: Annotated[str, one_of(terms.STATUS)]
    action: Annotated[str, one_of(terms.ACTION)]
    number: float | None
    unit: str | None
    at_least: bool
    year: Year | None
    due: Year | None
    due_basis: Annotated[str, one_of(terms.DUE_BASIS)] | None
    state: Annotated[str, one_of(terms.STATE)]
    plan: str | None
    plan_title: str | None
    line: From1 | None
    commitment: str | None


class NamedHere(TypedDict):
    """How many are named, or allotted, here, the first of them, and how many are known only to an area around."""

    matched: Whole
    around: Whole
    facilities: list[PromisedFacility]
    words: list[str]


class _Cited(TypedDict):
    id: str
    plan: str
    plan_title: str
    line: From1
    commitments: list[str]
    area: AreaName
    above: bool
    noun: str | None
    number: float | None
    unit: str | None
    at_least: bool
    year: Year | None
    due: Year
    due_basis: Annotated[str, one_of(terms.DUE_BASIS)]
    words: str


class RequirementHere(_Cited):
    """What every unit of an area must have, and what is known of those units that lie here, or around here.

    ``units`` is None where no list of such units is on record; ``condition_met`` and ``facility`` are of a single one.
    """

    per: Annotated[str, one_of(terms.PER)]
    share: Share | None
    condition: str | None
    condition_met: bool | None
    units: Whole | None
    states: Annotated[dict[str, Whole], keyed(terms.PROMISE_STATE)]
    facility: str | None


class _QuotaPart(TypedDict):
    id: str
    noun: str | None
    number: float | None
    unit: str | None
    year: Year | None
    due: Year
    due_basis: Annotated[str, one_of(terms.DUE_BASIS)]


class QuotaHere(_Cited):
    """A number for this area, for one around it (``above``) or within it; what of it is named, and what is left."""

    number_max: float | None
    every_year: bool
    capacity: float | None
    capacity_unit: str | None
    action: Annotated[str, one_of(terms.ACTION)]
    named: Amount | None
    left_over: Amount | None
    state: Annotated[str, one_of(terms.STATE)]
    built: Amount
    under_construction: Amount
    not_built: Amount
    cancelled: Amount
    facilities: list[str]
    part_of: str | None
    parts: list[_QuotaPart]


class _Intent(TypedDict):
    id: str
    plan: str
    plan_title: str
    above: bool
    line: From1
    label: str
    noun: str | None
    year: Year | None
    due: Year
    due_basis: Annotated[str, one_of(terms.DUE_BASIS)]


class Intents(TypedDict):
    """What is only intended: how much, how much of that by plans for the area around, and the first of it."""

    matched: Whole
    above: Whole
    commitments: list[_Intent]
    words: list[str]


class InCounty(AreaName):
    """How many are named and allotted in a county, or known to its city only."""

    named: Whole
    allotted: Whole


class KindPromised(TypedDict):
    """What the plans give to an area of one kind, the surest first."""

    category: CategoryCode
    category_name: str
    family: FamilyCode
    named: NamedHere
    allotted: NamedHere
    required: list[RequirementHere]
    quotas: list[QuotaHere]
    intents: Intents
    counties: list[InCounty]
    words: list[str]


class Brief(TypedDict):
    """What the plans give to an area of one kind, in sentences, and the ids of what they rest on."""

    category: CategoryCode
    words: list[str]
    facilities: list[str]
    requirements: list[str]
    quotas: list[str]


class Existing(OnRecord):
    """What exists on record, and the nearest of it to the seat of the area."""

    nearest: Nearest | None
    words: list[str]


class KindHere(KindPromised):
    """The same with what exists on record; None for an area without a boundary."""

    existing: Existing | None


class Promised(TypedDict):
    """What an area gets, kind by kind."""

    area: AreaName
    kinds: list[KindHere]
    numberReturned: Whole
    limits: list[str]
    data_version: str


# --- what several answers say -----------------------------------------------------------------------------------------


class Where(TypedDict):
    """Where it is asked."""

    area: AreaName
    mended: bool


class OfReach(TypedDict):
    """What is asked of which kinds, and how far."""

    category: CategoryCode
    category_name: str
    categories: list[CategoryCode]
    metres: Metres
    method: Method
    walking: Walking | None
    rule: Rule | None


class RecordMember(TypedDict):
    """What is on record of what is asked."""

    record: RecordState
    record_basis: RecordBasis


class _Asked(Where, OfReach, RecordMember):
    year: Year | None


class _End(TypedDict):
    limits: list[str]
    data_version: str


class PeopleBounds(TypedDict):
    """Of people or land: the least, that of the points, the most."""

    certain: Amount
    located: Amount
    possible: Amount


class MeasuredFrom(TypedDict):
    """How many facilities are measured from their edge, and how many from their point."""

    edge: Whole
    point: Whole


class Zone(TypedDict):
    """One of the three zones of an area."""

    km2: Km2
    share: Share
    people: Amount | None
    groups: Groups


Zones = Annotated[dict[str, Zone], keyed(terms.ZONE)]
"""What is surely covered, what nobody can tell, and what none reaches."""

# --- coverage ---------------------------------------------------------------------------------------------------------


class Shares(TypedDict):
    """The least, that of the points, the most."""

    share_low: Share | None
    share: Share | None
    share_high: Share | None


class _Group(Shares):
    total: Amount
    covered: PeopleBounds | None


class NearestMetres(TypedDict):
    """How far people have it to the nearest, and the tenth that has it farthest."""

    mean: Metres | None
    median: Metres | None
    worst_tenth: Metres | None
    worst_from: Metres | None
    unreached: Amount
    groups: dict[str, Metres | None]


class Catchment(TypedDict):
    """What facilities within reach offer to each thousand people."""

    method: Method
    within_mean: Amount
    of: Annotated[str, one_of(("beds", "places", "facilities"))]
    per_1000_mean: Amount
    idle: Amount
    without_capacity: Whole
    unplaced: Whole
    said: str


class People(TypedDict):
    """Who lives there, and whom the facilities reach."""

    unit: Annotated[str, one_of(("people",))]
    basis: str
    points: Whole
    total: Amount
    covered: PeopleBounds | None
    built: PeopleBounds | None
    share_low: Share | None
    share: Share | None
    share_high: Share | None
    groups: dict[str, _Group]
    nearest_m: NearestMetres | None
    catchment: Catchment | None
    said: str


class YearFigures(Shares):
    """Coverage by some of the facilities."""

    facilities: Whole
    people: PeopleBounds | None
    people_share_low: Share | None
    people_share: Share | None
    people_share_high: Share | None


class YearOfCoverage(YearFigures):
    """Coverage at the end of a year, of what exists, or of everything promised."""

    year: Year | None
    horizon: Annotated[str, one_of(terms.HORIZON)]


class Coverage(_Asked, _End):
    """Which part of an area is covered; no shares where the record is not complete."""

    denominator: Literal["land_area"]
    facilities: Whole
    area_km2: Km2
    covered_km2: Km2 | None
    gap_km2: Km2 | None
    share: Share | None
    share_low: Share | None
    share_high: Share | None
    people: People | None
    zones: Zones | None
    measured_from: MeasuredFrom | None
    years: list[YearOfCoverage] | None
    promised: list[KindPromised] | None
    rules: list[Rule]


class CoverageProperties(OfRecord):
    """Of the covered part, or of the gap."""

    part: Annotated[str, one_of(("covered", "gap"))]
    name: str
    area_km2: Km2
    share: Share


# --- gaps -------------------------------------------------------------------------------------------------------------


class Gaps(_Asked, _End):
    """What nothing covers, in pieces."""

    facilities: Whole
    area_km2: Km2
    gap_km2: Km2 | None
    gap_share: Share | None
    people_total: Amount | None
    people_in_gaps: Amount | None
    basis: str | None
    pieces: Whole | None
    by: Annotated[str, one_of(terms.CUT_BY)] | None
    h3_resolution: Annotated[int, Meta(ge=0, le=15)] | None
    ranked_by: Annotated[str, one_of(("people", "homes", "land"))] | None
    numberReturned: Whole
    zones: Zones | None
    measured_from: MeasuredFrom | None
    promised: list[KindPromised] | None


class GapProperties(OfRecord):
    """Of a piece of a gap; ``name`` is a township's, that of the nearest community, or the index of an H3 cell."""

    rank: From1 | None
    zone: Annotated[str, one_of(terms.ZONE)] | None
    name: str | None
    area_km2: Km2
    certain_km2: Km2 | None
    people_certain: Amount | None
    people: Amount | None
    groups: Groups
    homes: Whole | None
    needs_at_least: Whole | None
    needs_by: Annotated[str, one_of(("people", "land"))] | None
    nearest_m: Metres | None
    lon: float | None
    lat: float | None


# --- sites ------------------------------------------------------------------------------------------------------------


class Quota(TypedDict):
    """The commitment that says how many."""

    id: str
    plan: str
    line: From1
    label: str
    count: float
    passage_sha256: Sha256


class SiteGround(TypedDict):
    """What is to be covered: people, the land near homes on record, or all land."""

    kind: Annotated[str, one_of(("people", "homes", "land"))]
    homes: From1 | None
    within_m: Metres | None
    km2: Km2 | None


class Stages(TypedDict):
    """What is covered before and after; None where the record is not complete."""

    already: Amount | None
    share_before: Share | None
    share_after: Share | None
    before: PeopleBounds | None
    after: PeopleBounds | None


class Sites(_Asked, Stages, _End):
    """Where so many more would cover the most."""

    count: From1
    commitment: Quota | None
    spacing_m: Metres | None
    capacity: Amount | None
    places: Whole
    places_from: Annotated[str, one_of(("grid", "communities", "given"))]
    unit: Unit
    ground: SiteGround
    basis: str
    facilities: Whole
    uncertain: Whole
    total: Amount
    added: Amount
    bound: Amount | None
    gap: Share | None
    proven: bool
    algorithm: Annotated[str, one_of(("greedy_swap", "greedy_capacity", "highs", "disjoint"))]
    solver: str


class SiteProperties(OfRecord):
    """Of one site, the one that gains most first."""

    rank: From1
    gain: Amount
    unit: Unit
    nearest_existing_m: Metres | None
    lon: float
    lat: float


# --- completeness -----------------------------------------------------------------------------------------------------


class RuleKept(OnRecord):
    """How many have what one rule asks."""

    rule: Rule
    category_name: str
    share: Share | None
    share_low: Share | None
    share_high: Share | None
    standard_error: Share | None


class Completeness(Where, _End):
    """How many rules are kept at each place; what is sampled is None where people are given or nothing is judged."""

    minutes: Minutes | None
    year: Year | None
    kind: Annotated[str, one_of(terms.BOUND)]
    method: Walked
    walking: Walking
    unit: Unit
    basis: str
    total: Amount
    record: RecordState
    as_recorded: bool
    asked: Whole
    judged: Whole
    mean: Amount | None
    complete: Share | None
    mean_bounds: Annotated[dict[str, Amount | None], keyed(terms.BOUND)] | None
    complete_bounds: Annotated[dict[str, Share | None], keyed(terms.BOUND)] | None
    distribution: list[Amount]
    rules: list[RuleKept]
    cells: Whole
    sampled_cells: From1 | None
    cell_m: Metres | None
    complete_error: Share | None


class CompletenessProperties(TypedDict):
    """Of one place."""

    kept: Whole
    kept_low: Whole
    kept_high: Whole
    asked: Whole
    as_recorded: bool
    amount: Amount
    unit: Unit


# --- the life circle of a point ---------------------------------------------------------------------------------------


class NearestFacility(TypedDict):
    """A facility near a point."""

    id: str
    name: str
    lon: float
    lat: float
    status: Annotated[str, one_of(terms.STATUS)]
    year: Year | None
    due: Year | None
    due_basis: Annotated[str, one_of(terms.DUE_BASIS)] | None
    state: Annotated[str, one_of(terms.STATE)]
    precision: Annotated[str, one_of(terms.PRECISION)]
    uncertainty_m: Metres
    plan: str | None
    plan_title: str | None


class Away(TypedDict):
    """How far it is; a distance that nobody walks has no minutes."""

    distance_m: Metres
    distance_low_m: Metres
    distance_high_m: Metres
    walk_m: Metres | None
    walk_minutes: float | None
    measured_from: Annotated[str, one_of(terms.MEASURED_FROM)]


class NearFacility(Away):
    """A facility with how far it is."""

    facility: NearestFacility


class Closest(TypedDict):
    """The nearest facility, if there is one, and the next ones.

    Where places are known to their county only, the nearest may be any of several: it surely lies within
    `nearest_within_m`, and `standing` is the nearest that stands already and whose place is known.
    """

    distance_m: Metres | None
    distance_low_m: Metres | None
    distance_high_m: Metres | None
    walk_m: Metres | None
    walk_minutes: float | None
    measured_from: Annotated[str, one_of(terms.MEASURED_FROM)] | None
    facility: NearestFacility | None
    nearest: list[NearFacility]
    nearest_within_m: Metres | None
    standing: NearFacility | None


class Subject(TypedDict):
    """What a rule is about."""

    category: CategoryCode
    category_name: str
    family: FamilyCode
    rule: Rule


class Judged(Subject, Closest):
    """What a rule says of a point."""

    verdict: Annotated[str, one_of(terms.VERDICT)]
    verdict_name: str
    text: str
    method: Walked | None
    radius_m: Metres | None
    radius_from: Annotated[str, one_of(("rule", "minutes"))] | None
    speed_m_s: float | None
    certain: Whole
    located: Whole
    possible: Whole


class Verdict(Judged, OnRecord):
    """What is judged by a clause."""


class PlanCitation(TypedDict):
    """Where a plan promises its own circle."""

    plan: str
    plan_title: str
    line: From1
    passage_sha256: Sha256
    scope: Annotated[str, one_of(terms.SCOPE)]


class CircleOfPlan(Judged, PlanCitation):
    """What a plan's own circle says of a point."""


class PlanCircle(CircleOfPlan, OnRecord):
    """What is judged by a plan's own circle."""


class Apart(Subject, Closest, OnRecord):
    """A kind that no clause judges at a point."""

    text: str


class Circle(TypedDict):
    """The life circle of a point."""

    lon: float
    lat: float
    minutes: Minutes
    year: Year | None
    method: Walked
    area: AreaName
    walking: Walking
    apart: list[Apart]
    summary: Annotated[dict[str, Whole], keyed(terms.VERDICT)]
    verdicts: list[Verdict]
    plan_circles: list[PlanCircle]
    promised_in: AreaName
    promised: list[Brief]
    inventories: list[Inventory]
    limits: list[str]
    data_version: str


class Circles(TypedDict):
    """The life circles of a caller's points."""

    circles: list[Circle]
    numberReturned: Whole


class Held(TypedDict):
    """A figure that a plan sets for so many people, held against what it promises over the people of its area.

    ``needed`` are the places, beds or square metres from the base to the target, ``added`` what the promises add to the
    base, ``reached`` where both lead, ``short`` what is lacking then; None what cannot be told: ``missing`` says why.
    """

    kind: str
    kind_name: str
    per: From1
    unit: str | None
    base: Amount | None
    base_from: Annotated[str, one_of(("indicator", "stock_figure"))] | None
    base_line: From1 | None
    people: Whole | None
    people_group: Annotated[str, one_of(("all", "older"))]
    people_date: str | None
    people_source: str | None
    promised: Amount | None
    promises: list[str]
    added: Amount | None
    reached: Amount | None
    target: Amount | None
    share: Amount | None
    needed: Amount | None
    short: Amount | None
    formula: str | None
    missing: list[str]
