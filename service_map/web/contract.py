"""What the interfaces answer with, as types: records and answers, each in the envelope that the web puts around it.

The members of a facility, a requirement, a quota, an area, a plan and a commitment are those that
`service_map.store.records` declares as listed; those of an analysis stand in `service_map.analysis.answers`. `ANSWERS`
has the type of every answer by its name in the OpenAPI document; the document is written from it, and a test converts
what is answered into it.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, TypedDict, get_type_hints

import msgspec
from msgspec import Meta

from service_map.analysis import answers
from service_map.catalogue import terms
from service_map.catalogue.fields import (
    Adcode,
    Amount,
    CategoryCode,
    Colour,
    FamilyCode,
    From1,
    Metres,
    Sha256,
    Whole,
    fields_of,
    keyed,
    one_of,
)
from service_map.store import (
    AreaRecord,
    CommitmentRecord,
    FacilityRecord,
    IndicatorRecord,
    PlanChangeRecord,
    PlanRecord,
    ProgressRecord,
    QuotaRecord,
    ReleaseChangeRecord,
    ReleaseRecord,
    RequirementRecord,
    RequirementUnit,
    ranks,
)

UriReference = Annotated[str, Meta(extra_json_schema={"format": "uri-reference"})]


def _type(name: str, members: Mapping[str, Any], *, optional: Iterable[str] = ()) -> Any:
    """Make a closed type of members by name."""
    left_out = set(optional)
    needed: list[Any] = [(member, hint) for member, hint in members.items() if member not in left_out]
    rest = [(member, hint | msgspec.UnsetType, msgspec.UNSET) for member, hint in members.items() if member in left_out]
    return msgspec.defstruct(name, [*needed, *rest], kw_only=True, forbid_unknown_fields=True)


@cache
def _hints(record: Any) -> dict[str, Any]:
    return get_type_hints(record, include_extras=True)


@cache
def listed(record: Any, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Give the members that a record declares as listed, in the order of files."""
    hints = _hints(record)
    return {field.name: hints[field.name] for field in fields_of(record) if field.listed and field.name not in without}


def _several(kind: Any) -> Any:
    return list[kind]


def _feature(name: str, geometry: Any, properties: Any) -> Any:
    """Make a Feature of RFC 7946."""
    return _type(name, {"type": Literal["Feature"], "id": str, "geometry": geometry, "properties": properties})


def _collection(title: str, feature: Any, /, **members: Any) -> Any:
    """Make a FeatureCollection of RFC 7946 with foreign members."""
    return _type(title, {"type": Literal["FeatureCollection"], **members, "features": _several(feature)})


# --- geometry and paging ----------------------------------------------------------------------------------------------

Position = Annotated[
    list[float],
    Meta(
        min_length=2,
        max_length=2,
        extra_json_schema={
            "prefixItems": [
                {"type": "number", "minimum": -180, "maximum": 180},
                {"type": "number", "minimum": -90, "maximum": 90},
            ]
        },
    ),
]


class Point(TypedDict):
    """A point, WGS 84, longitude first."""

    type: Literal["Point"]
    coordinates: Position


class Surface(TypedDict):
    """A polygon or several, WGS 84."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: Annotated[list[Any], Meta(min_length=1)]


class Link(TypedDict):
    """Where else to go."""

    rel: Literal["self", "next"]
    href: UriReference
    type: str


class Problem(TypedDict):
    """An error, by RFC 9457."""

    type: UriReference
    title: str
    status: int
    detail: str
    instance: UriReference
    field: NotRequired[str]
    allowed: NotRequired[list[str]]
    successor: NotRequired[str]
    area: NotRequired[Adcode]
    reason: NotRequired[Annotated[str, one_of(terms.REASON)]]


class About(TypedDict):
    """What a download is, as schema.org's Dataset (JSON-LD); it may say more."""

    name: str
    license: list[str]
    citation: str
    dateModified: str


class OpenApi(TypedDict):
    """An OpenAPI document."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]


class ProblemKind(TypedDict):
    """What a kind of problem means."""

    type: str
    status: int
    title: str


_PAGING = {"numberMatched": Whole, "numberReturned": Whole, "links": list[Link]}

# --- what stands where ------------------------------------------------------------------------------------------------

ByPrecision = Annotated[dict[str, Whole], keyed(terms.PRECISION)]


class LayerCategory(TypedDict):
    """One category, with how many facilities it has, and how much is promised without a place."""

    code: CategoryCode
    name: str
    zh: str
    en: str
    colour: Colour
    icon: str
    planned: Amount
    facilities: Whole
    requirements: Whole
    quotas: Whole
    intents: Whole
    precision: ByPrecision


class LayerFamily(TypedDict):
    """One family of categories."""

    code: FamilyCode
    name: str
    zh: str
    en: str
    colour: Colour
    core: bool
    facilities: Whole
    requirements: Whole
    quotas: Whole
    intents: Whole
    precision: ByPrecision
    categories: list[LayerCategory]


class Layers(TypedDict):
    """Families and categories."""

    families: list[LayerFamily]
    facilities: Whole
    requirements: Whole
    quotas: Whole
    intents: Whole
    precision: ByPrecision
    data_version: str


class Citation(TypedDict):
    """Where a plan promises a thing; its words only where the operator holds them."""

    plan: str
    plan_title: str
    section: str | None
    line: From1
    passage_sha256: Sha256
    commitment: str
    label: str
    url: str | None
    passage: NotRequired[str]


class _Near(TypedDict):
    distance_m: Metres
    distance_low_m: Metres
    distance_high_m: Metres
    within: Literal["certain", "possible"]


class Search(TypedDict):
    """What was looked for around a point."""

    lon: float
    lat: float
    metres: Metres
    minutes: float | None
    walking: answers.Walking | None
    method: Literal["straight_line"]
    limits: list[str]


class _Licensed(TypedDict):
    source: str
    licence: str


_FACILITY = {
    **listed(FacilityRecord, without=frozenset({"id"})),
    "category_name": str,
    "family_name": str,
    "commitments": str,
    "citation": Citation | None,
    "citations": list[Citation],
}
FacilityFeature = _feature("FacilityFeature", Point, _type("_Facility", _FACILITY))
NearbyFeature = _feature("NearbyFeature", Point, _type("_Nearby", _FACILITY | _hints(_Near)))

# --- areas, plans, commitments ----------------------------------------------------------------------------------------

Area = _type("Area", listed(AreaRecord))
AreaFeature = _feature("AreaFeature", Surface | None, Area)
Plan = _type("Plan", {**listed(PlanRecord), "kind_name": str, "succeeds": list[str]})
PlanChange = _type(
    "PlanChange",
    {
        **listed(PlanChangeRecord), "change_name": str, "category_name": str,
        "differs": list[Annotated[str, one_of(terms.DIFFERS)]], "candidates": list[str],
    },
)  # fmt: skip
Release = _type("Release", listed(ReleaseRecord))
Change = _type("Change", {**listed(ReleaseChangeRecord), "change_name": str, "category_name": str})
Commitment = _type(
    "Commitment",
    {**listed(CommitmentRecord), "category_name": str, "facilities": list[str], "promises": list[str], "passage": str},
    optional={"passage"},
)

Progress = _type("ProgressOfKind", {**listed(ProgressRecord), "category_name": str})
Indicator = _type(
    "Indicator",
    {
        **listed(IndicatorRecord), "category_name": str | None, "conflicts": list[str], "held": answers.Held | None,
        "passage": str,
    },
    optional={"passage"},
)  # fmt: skip
_UNIT = {**listed(RequirementUnit), "state_name": str}
_PROMISE = {
    "category_name": str,
    "family_name": str,
    "commitments": list[str],
    "doubts": list[Annotated[str, one_of(terms.DOUBT)]],
    "doubts_words": list[str],
    "citations": list[Citation],
}
Requirement = _type(
    "RequirementItem",
    {**listed(RequirementRecord), **_PROMISE, "per_name": str, "units": _several(_type("RequirementUnit", _UNIT))},
)
RequirementFeature = _feature(
    "RequirementFeature",
    Surface | None,
    _type(
        "_RequirementRow",
        {**listed(RequirementRecord), "commitments": str}
        | {f"unit_{name}": hint for name, hint in listed(RequirementUnit, without=frozenset({"requirement"})).items()},
    ),
)
QuotaFeature = _feature("QuotaFeature", Surface | None, _type("_QuotaRow", {**listed(QuotaRecord), "commitments": str}))
Quota = _type("QuotaItem", {**listed(QuotaRecord), **_PROMISE, "facilities": list[str], "parts": list[str]})

# --- the national ranking ---------------------------------------------------------------------------------------------

_Level = Annotated[str, Meta(pattern=f"^(?:{'|'.join(ranks.LEVELS)})$", extra={"terms": ranks.LEVELS})]
_Horizon = Annotated[str, one_of(terms.HORIZON)]
_RankedShare = Annotated[float, Meta(ge=0, le=1.000001)]


class Ranked(TypedDict):
    """An area in its place; without figures and rank where the record of what exists is not stated to be complete."""

    rank: From1 | None
    adcode: Adcode
    name: str
    level: _Level
    parent: Adcode
    counties: Whole
    people: Amount
    record: answers.RecordState
    as_recorded: bool
    counties_complete: Whole
    on_record: Whole
    promised: Whole
    record_sources: list[str]
    certain: Amount | None
    located: Amount | None
    possible: Amount | None
    share_low: _RankedShare | None
    share: _RankedShare | None
    share_high: _RankedShare | None
    gap_people: Amount | None
    gaps: int | None
    kinds_low: Amount | None
    kinds: Amount | None
    kinds_high: Amount | None
    methods: list[answers.Method]
    fallback: Whole
    metres: list[Amount]
    rules: list[str]


class _Around(TypedDict):
    adcode: Adcode
    name: str
    level: _Level
    parent: Adcode


class _OfferedHorizon(TypedDict):
    horizon: _Horizon
    year: int | None


class _Offered(TypedDict):
    categories: list[str]
    horizons: list[_OfferedHorizon]
    counties: Whole


class Ranking(TypedDict):
    """Areas in their order."""

    ranking: list[Ranked]
    numberReturned: Whole
    area: _Around | None
    category: str
    category_name: str
    horizon: _Horizon
    year: int | None
    order: str
    as_recorded: bool
    offered: _Offered
    limits: list[str]
    data_version: str


RankingFeature = _feature("RankingFeature", Surface | None, Ranked)

# --- the analyses -----------------------------------------------------------------------------------------------------

CoverageFeature = _feature("CoverageFeature", Surface | None, answers.CoverageProperties)
GapFeature = _feature("GapFeature", Surface | None, answers.GapProperties)
SiteFeature = _feature("SiteFeature", Point, answers.SiteProperties)
CompletenessFeature = _feature("CompletenessFeature", Point, answers.CompletenessProperties)

# --- everything -------------------------------------------------------------------------------------------------------

ANSWERS: Mapping[str, Any] = {
    kind.__name__: kind
    for kind in (
        Problem,
        ProblemKind,
        Layers,
        FacilityFeature,
        _collection("FacilityCollection", FacilityFeature, **_PAGING, promised=list[answers.Brief]),
        _collection("NearbyCollection", NearbyFeature, **_PAGING, search=Search, promised=list[answers.Brief]),
        _collection(
            "FacilityDownload",
            FacilityFeature,
            name=str,
            numberMatched=Whole,
            data_version=str,
            attribution=str,
            limits=list[str],
            metadata=About,
            sources=list[_Licensed],
        ),
        answers.Promised,
        answers.Circle,
        answers.Circles,
        _collection("CoverageCollection", CoverageFeature, coverage=answers.Coverage),
        _collection("GapCollection", GapFeature, gaps=answers.Gaps),
        _collection("SiteCollection", SiteFeature, sites=answers.Sites),
        _collection("CompletenessCollection", CompletenessFeature, completeness=answers.Completeness),
        _type("Areas", {"areas": _several(Area), "numberReturned": Whole}),
        AreaFeature,
        _collection("AreaCollection", AreaFeature, numberReturned=Whole),
        Plan,
        _type("Plans", {"plans": _several(Plan), "numberReturned": Whole}),
        _type(
            "PlanChanges",
            {
                "plan": str, "succeeds": list[str], "counts": Annotated[dict[str, Whole], keyed(terms.CHANGE)],
                "changes": _several(PlanChange), **_PAGING,
            },
        ),
        _type(
            "Changes",
            {
                "since": str | None, "release": str | None, "releases": _several(Release),
                "counts": Annotated[dict[str, Whole], keyed(terms.RELEASE_CHANGE)],
                "changes": _several(Change), **_PAGING,
            },
        ),
        _type("Commitments", {"commitments": _several(Commitment), **_PAGING}),
        _type("Indicators", {"indicators": _several(Indicator), **_PAGING}),
        _type("Progress", {"progress": _several(Progress), "numberReturned": Whole}),
        Requirement,
        _type("Requirements", {"requirements": _several(Requirement), **_PAGING}),
        Quota,
        _collection("RequirementCollection", RequirementFeature, numberReturned=Whole),
        _collection("QuotaCollection", QuotaFeature, numberReturned=Whole),
        _type("Quotas", {"quotas": _several(Quota), **_PAGING}),
        Ranking,
        _collection(
            "RankingCollection", RankingFeature, numberReturned=Whole, category=str, horizon=_Horizon, year=int | None,
            as_recorded=bool, boundaries=str,
        ),
        About,
        OpenApi,
    )
}  # fmt: skip
"""The type of every answer by its name in the OpenAPI document."""
