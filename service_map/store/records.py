"""What the store gives to those who ask: frozen records, and the filters they ask with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon

from service_map.catalogue import terms
from service_map.catalogue.fields import (
    Adcode,
    Amount,
    CategoryCode,
    FamilyCode,
    From1,
    Latitude,
    Longitude,
    Sha256,
    Whole,
    Year,
    means,
    one_of,
)
from service_map.places import Facility, Promise, Quota, Requirement
from service_map.store.geometry import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityFilter:
    """Which facilities are asked for; every given condition must hold.

    Attributes
    ----------
    bbox
        West, south, east, north in WGS 84 degrees; edges belong to it.
    categories, families, plans
        Codes or ids, any of which may hold; empty for all. A facility belongs to each plan that promises it.
    status, precision
        One value of `service_map.catalogue.terms.STATUS` and ``PRECISION``.
    states
        Values of `service_map.catalogue.terms.STATE` on the day of the transaction, any of which may hold.
    area
        Code of an area; the facilities in it and in everything under it.
    year
        Due by the end of this year, or standing already.
    q
        Words that must all be found in the name, the area, the category (in Chinese or English) or the plan's title.
    precisions
        Values of `service_map.catalogue.terms.PRECISION`, any of which may hold; empty for all.
    promised
        Leaves out what stands already (status ``existing``), which no plan promises.
    """

    bbox: Box | None = None
    categories: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    area: str | None = None
    plans: tuple[str, ...] = ()
    status: str | None = None
    states: tuple[str, ...] = ()
    year: int | None = None
    precision: str | None = None
    q: str | None = None
    precisions: tuple[str, ...] = ()
    promised: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentFilter:
    """Which commitments are asked for; every given condition must hold.

    Attributes
    ----------
    plans, categories, families
        Codes or ids, any of which may hold; empty for all.
    kind
        One value of `service_map.catalogue.terms.KIND`.
    area
        Code of an area; what plans of it or within it promise, and what stands on the map within it.
    year
        Due by the end of this year.
    q
        Words that must all be found in the label, the place, the section, the category or the plan's title.
    """

    plans: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    kind: str | None = None
    area: str | None = None
    year: int | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseFilter:
    """Which requirements or quotas are asked for; every given condition must hold.

    Attributes
    ----------
    area
        Code of an area; what holds in it, in an area around it, and in everything under it.
    categories, families, plans
        Codes or ids, any of which may hold; empty for all.
    per, state
        Of requirements: one value of `service_map.catalogue.terms.PER`, and of ``PROMISE_STATE`` for one of its units
        (within ``area``, where that is given).
    year
        Due by the end of this year.
    q
        Words that must all be found in the name, the plan's own place, the area, the category or the plan's title.
    """

    area: str | None = None
    categories: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    per: str | None = None
    state: str | None = None
    year: int | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorFilter:
    """Which indicators are asked for; every given condition must hold.

    Attributes
    ----------
    area
        Code of an area; what plans of it, of an area around it, or of one within it want to reach.
    plans, categories, families
        Codes or ids, any of which may hold; empty for all.
    binding, form
        One value of `service_map.catalogue.terms.BINDING` and ``FORM``.
    year
        To be reached by the end of this year.
    q
        Words that must all be found in the name, the section, the category or the plan's title.
    """

    area: str | None = None
    plans: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    binding: str | None = None
    form: str | None = None
    year: int | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where a plan promises a thing.

    Attributes
    ----------
    plan, plan_title, url
        The plan; ``url`` None where none is known.
    section
        Nearest heading above, as the plan has it.
    line, passage_sha256
        1-based line of the plan's text and SHA-256 (hex) of that line's UTF-8 bytes.
    passage
        The line itself, where the operator has the text; else None.
    commitment, label
        Id of the commitment, and at most 30 characters that name and count it.
    """

    plan: str
    plan_title: str
    section: str | None
    line: int
    passage_sha256: str
    passage: str | None
    commitment: str
    label: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityRecord(Facility):
    """One facility with the names of what it refers to.

    ``plan``, ``plan_title``, ``section``, ``line`` and ``passage_sha256`` are those of the primary citation, the first
    of ``citations``. What no plan promises has none: its ``point_source`` is its source; ``source_title`` and
    ``source_row`` say where in a file one is listed as planned.
    """

    category_zh: Annotated[str, means("类别", after="category", short="categ_zh")]
    category_en: Annotated[str, means("类别英文名", after="category", short="categ_en")]
    family: Annotated[FamilyCode, means("大类代码", after="category")]
    family_zh: Annotated[str, means("大类", after="category")]
    family_en: Annotated[str, means("大类英文名", after="category")]
    area_name: Annotated[str, means("行政区", after="adcode")]
    due: Annotated[Year | None, means("到期年份：规划写明的，没有写明的按规划期末", after="year")] = None
    due_basis: Annotated[
        Annotated[str, one_of(terms.DUE_BASIS)] | None, means("到期年份是规划写明的还是规划期末", after="due")
    ] = None
    state: Annotated[str, one_of(terms.STATE), means("截至 state_as_of 的状态", after="status", stored=False)] = (
        "undated"
    )
    state_as_of: Annotated[str, means("状态截至哪一天", after="state", stored=False, short="state_date")] = ""
    plan: Annotated[
        str | None,
        means("主要出处的规划标识", after="adcode", to="plans.id"),
    ] = None
    plan_title: Annotated[str | None, means("主要出处", after="adcode")] = None
    section: Annotated[str | None, means("章节", after="adcode")] = None
    line: Annotated[From1 | None, means("文本行号", after="adcode")] = None
    passage_sha256: Annotated[
        Sha256 | None,
        means(
            "主要出处原文行的 SHA-256", after="located_by",
            short="psg_sha256", stored=False,
        ),
    ] = None  # fmt: skip
    reviewed: Annotated[str | None, means("对照原文核对的日期，没有核对则空", after="line")] = None
    citations: Annotated[tuple[Citation, ...], means("各项出处", stored=False, listed=False)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityPage:
    """Some facilities, in the order of area, category and id.

    Attributes
    ----------
    items
        At most as many as were asked for.
    next_cursor
        Asks for the next page; None on the last.
    matched
        How many facilities the filter meets on all pages together.
    """

    items: tuple[FacilityRecord, ...]
    next_cursor: str | None
    matched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The facilities in one cell of a grid, for a map that cannot show each.

    Attributes
    ----------
    lon, lat
        Their middle, WGS 84 degrees.
    count
        How many they are.
    families
        Code and number of each family among them, the largest first.
    """

    lon: float
    lat: float
    count: int
    families: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many facilities of one family and precision an area has.

    Attributes
    ----------
    adcode
        Of the county (six digits), or of the city where only the city is known.
    family, precision, status, state, due, due_basis
        What is counted; ``due`` None for what nobody says when it is due.
    count
        Places on the map.
    """

    adcode: str
    family: str
    precision: str
    status: str
    state: str
    due: int | None
    due_basis: str | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityPoints:
    """Facilities as arrays of one length n, in the order of their ids, for the analyses.

    Attributes
    ----------
    lonlat
        Shape (n, 2), float64, WGS 84 degrees.
    uncertainty_m
        Shape (n,), metres within which the real site lies.
    category, status, id
        Shape (n,), str.
    year
        Shape (n,), float64: by whose end it is due; NaN where nobody says when.
    count, unit, at_least
        Shape (n,): how many stand there, of what ("" for plain pieces), and whether it may be more.
    wide
        Shape (n,), bool: known to its county or city only.
    code
        Shape (n,), int64: code of the narrowest area that holds it, nine digits.
    source
        Shape (n,), int64: row of `sources` that says it stands; -1 for what does not stand.
    sources
        Who says so, under which licence, and of when ("" where unknown), each once.
    """

    lonlat: NDArray[np.float64]
    uncertainty_m: NDArray[np.float64]
    category: NDArray[np.str_]
    status: NDArray[np.str_]
    year: NDArray[np.float64]
    id: NDArray[np.str_]
    count: NDArray[np.float64]
    unit: NDArray[np.str_]
    at_least: NDArray[np.bool_]
    wide: NDArray[np.bool_]
    code: NDArray[np.int64]
    source: NDArray[np.int64]
    sources: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRecord:
    """One category as a map layer.

    Attributes
    ----------
    code, zh, en, colour, icon
        Of the category.
    family, family_zh, family_en, family_colour, core
        Of its family.
    facilities
        Places on the map.
    planned
        How many the plans promise at those places, by their numbers.
    """

    code: str
    zh: str
    en: str
    colour: str
    icon: str
    family: str
    family_zh: str
    family_en: str
    family_colour: str
    core: bool
    facilities: int
    planned: int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRecord:
    """One area (行政区).

    Attributes
    ----------
    adcode, name, name_en, level, parent
        ``name_en`` is the name in pinyin with the word for its level; ``level`` is ``city``, ``county`` or
        ``township``; ``parent`` the code of the area around it.
    lon, lat
        Its seat, WGS 84 degrees; None where unknown.
    source, licence
        Whose boundary and seat these are.
    facilities
        Places on the map inside it.
    townships, townships_source
        How many townships, towns and streets it has and who says so; None where unknown.
    geometry
        Its boundary, WGS 84; None where unknown or not asked for.
    """

    adcode: Annotated[Adcode, means("行政区划代码")]
    name: Annotated[str, means("名称")]
    name_en: Annotated[str, means("英文名：专名的拼音加通名")]
    level: Annotated[str, one_of(terms.LEVEL), means("级别")]
    parent: Annotated[str | None, means("上级代码")]
    lon: Annotated[Longitude | None, means("驻地经度，WGS 84 度")]
    lat: Annotated[Latitude | None, means("驻地纬度，WGS 84 度")]
    source: Annotated[str, means("界线与驻地的来源")]
    licence: Annotated[str, means("来源的许可")]
    facilities: Annotated[Whole, means("辖区内地图上的处数", stored=False)]
    townships: Annotated[Whole | None, means("所辖乡、镇、街道的个数，不知道则空", after="licence")] = None
    townships_source: Annotated[str | None, means("乡镇个数的来源", after="licence")] = None
    geometry: Annotated[MultiPolygon | None, means("界线", stored=False, listed=False)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityRecord:
    """One residential community (居民小区): a point where people live, WGS 84 degrees, good to ``uncertainty_m``."""

    id: str
    name: str
    adcode: str
    lon: float
    lat: float
    uncertainty_m: float
    source: str
    licence: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRecord:
    """One plan (规划); what its text does not state is None; the last five count what it promises."""

    id: Annotated[str, means("规划标识")]
    title: Annotated[str, means("标题")]
    issuer: Annotated[str | None, means("发布机关")]
    number: Annotated[str | None, means("文号")]
    date: Annotated[str | None, means("日期")]
    period_start: Annotated[int, means("规划期首年")]
    period_end: Annotated[int, means("规划期末年")]
    adcode: Annotated[Adcode, means("行政区划代码")]
    area_name: Annotated[str, means("行政区")]
    file: Annotated[str, means("文本文件名", listed=False)]
    sha256: Annotated[Sha256, means("文本的 SHA-256")]
    url: Annotated[str | None, means("网址")]
    note: Annotated[str | None, means("说明")]
    note_en: Annotated[str | None, means("英文说明", listed=False)]
    kind: Annotated[str, one_of(terms.PLAN_KIND), means("规划文件的种类", after="title")]
    succeeds: Annotated[str | None, means("它接续的各规划的标识，分号隔开", after="period_end")]
    commitments: Annotated[Whole, means("规划任务数", stored=False)]
    facilities: Annotated[Whole, means("设施数", stored=False)]
    requirements: Annotated[Whole, means("普遍要求数", stored=False)]
    quotas: Annotated[Whole, means("数量承诺数，分项不另计", stored=False)]
    intents: Annotated[Whole, means("意向数", stored=False)]

    @property
    def period(self) -> tuple[int, int]:
        """First and last year of its term."""
        return self.period_start, self.period_end

    @property
    def follows(self) -> list[str]:
        """Ids of the plans that it follows."""
        return self.succeeds.split(";") if self.succeeds else []


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentRecord:
    """One commitment (规划任务), the names of what it refers to, and the facilities that stand for it."""

    id: Annotated[str, means("任务标识")]
    plan: Annotated[str, means("规划标识", to="plans.id")]
    plan_title: Annotated[str, means("规划标题", stored=False)]
    line: Annotated[From1, means("文本行号")]
    section: Annotated[str | None, means("章节")]
    passage_sha256: Annotated[Sha256, means("原文行的 SHA-256")]
    passage: Annotated[str | None, means("原文行，有文本时才有")]
    label: Annotated[str, means("摘要")]
    category: Annotated[CategoryCode, means("类别代码", to="categories.code")]
    category_zh: Annotated[str, means("类别", stored=False, listed=False)]
    category_en: Annotated[str, means("类别英文名", stored=False, listed=False)]
    family: Annotated[FamilyCode, means("大类代码", stored=False)]
    kind: Annotated[str, one_of(terms.KIND), means("任务类型")]
    name: Annotated[str | None, means("名称")]
    noun: Annotated[str | None, means("规划所用的设施词")]
    count: Annotated[float | None, means("数量")]
    unit: Annotated[str | None, means("单位名称")]
    at_least: Annotated[bool, means("是否为下限")]
    action: Annotated[str, one_of(terms.ACTION), means("建设方式")]
    place: Annotated[str | None, means("地点")]
    place_level: Annotated[str, means("地点级别")]
    per: Annotated[str | None, means("每个什么")]
    year: Annotated[Year | None, means("完成年份")]
    due: Annotated[Year, means("到期年份：规划写明的，没有写明的按规划期末")]
    due_basis: Annotated[str, one_of(terms.DUE_BASIS), means("到期年份是规划写明的还是规划期末")]
    repeats: Annotated[str | None, means("重申的任务")]
    note: Annotated[str | None, means("备注")]
    facilities: Annotated[tuple[str, ...], means("地图上的设施", stored=False)]
    promises: Annotated[tuple[str, ...], means("它说的普遍要求或数量承诺", stored=False)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentPage:
    """Some commitments, in the order of plan and line; as `FacilityPage`."""

    items: tuple[CommitmentRecord, ...]
    next_cursor: str | None
    matched: int


# Without slots: a record below has two bases, and only one of them may have slots of its own.
@dataclass(frozen=True, kw_only=True)
class PromiseRecord(Promise):
    """What requirements and quotas have in common, with the names of what they refer to.

    ``plan_title``, ``section`` and ``line`` are of the primary citation, the first of ``citations``.
    """

    plan_title: Annotated[str, means("规划标题", after="plan")]
    section: Annotated[str | None, means("章节", after="plan")]
    line: Annotated[From1, means("文本行号", after="plan")]
    category_zh: Annotated[str, means("类别", after="category", short="categ_zh")]
    category_en: Annotated[str, means("类别英文名", after="category", short="categ_en")]
    family: Annotated[FamilyCode, means("大类代码", after="category")]
    family_zh: Annotated[str, means("大类", after="category")]
    family_en: Annotated[str, means("大类英文名", after="category")]
    area_name: Annotated[str, means("行政区", after="adcode")]
    reviewed: Annotated[str | None, means("对照原文核对的日期，没有核对则空", after="line")] = None
    due: Annotated[Year, means("到期年份：规划写明的，没有写明的按规划期末", after="year")]
    due_basis: Annotated[str, one_of(terms.DUE_BASIS), means("到期年份是规划写明的还是规划期末", after="due")]
    citations: Annotated[tuple[Citation, ...], means("各项出处", stored=False, listed=False)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementUnit:
    """What is known of a requirement in one of its units; in an area that stands for them where ``whole``."""

    id: Annotated[str, means("要求与单位的标识")]
    requirement: Annotated[str, means("要求的标识", to="requirements.id")]
    adcode: Annotated[Adcode, means("单位的行政区划代码")]
    area_name: Annotated[str, means("单位名称")]
    whole: Annotated[bool, means("是否代表其中没有名单的各单位")]
    state: Annotated[str, one_of(terms.PROMISE_STATE), means("情况")]
    facility: Annotated[str | None, means("据以判断的设施", to="facilities.id")]
    standing: Annotated[Whole, means("在册的同类现有设施")]
    promised: Annotated[Whole, means("点名或分到这里的同类设施")]
    people: Annotated[Whole | None, means("人口，条件问到且有数时才有")]
    people_source: Annotated[str | None, means("人口的来源", short="people_src")]
    condition_met: Annotated[
        bool | None,
        means("是否合乎限定条件，无条件或不知道则空"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementRecord(PromiseRecord, Requirement):
    """One requirement with its units.

    ``kept``, ``promised`` and ``unknown`` count all its units by what is known of them; ``units`` are those within the
    area that was asked for, or around it, and all of them where none was.
    """

    kept: Annotated[Whole, means("已有的单位数")]
    promised: Annotated[Whole, means("有点名或分到的单位数")]
    unknown: Annotated[Whole, means("不清楚的单位数")]
    units: Annotated[tuple[RequirementUnit, ...], means("各单位", stored=False, listed=False)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaRecord(PromiseRecord, Quota):
    """One quota with its parts, the ids of the quotas that are parts of it.

    ``built``, ``under_construction``, ``not_built`` and ``cancelled`` count how many of it are verified to be so on the
    day: what was reported of the quota itself or, where those are more, its named facilities. ``state`` is ``open``
    where all of it is built, ``cancelled`` where all of it is, else whether it is due.
    """

    state: Annotated[str, one_of(terms.STATE), means("截至 state_as_of 的状态", after="due_basis", stored=False)]
    state_as_of: Annotated[str, means("状态截至哪一天", after="state", stored=False)]
    built: Annotated[float, means("其中核实已建成的", after="state_as_of", stored=False)]
    under_construction: Annotated[float, means("其中核实已开工的", after="built", stored=False)]
    not_built: Annotated[float, means("其中核实未建的", after="under_construction", stored=False)]
    cancelled: Annotated[float, means("其中核实取消的", after="not_built", stored=False)]
    parts: Annotated[tuple[str, ...], means("各分项", stored=False, listed=False)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementPage:
    """Some requirements, in the order of area, category and id; as `FacilityPage`."""

    items: tuple[RequirementRecord, ...]
    next_cursor: str | None
    matched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaPage:
    """Some quotas, in the order of area, category and id; as `FacilityPage`."""

    items: tuple[QuotaRecord, ...]
    next_cursor: str | None
    matched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorRecord:
    """One indicator (指标) of a plan with the names of what it refers to.

    ``due`` is the year of the target, or the last of the plan's term where the plan says none. ``conflicts`` are the
    ids of those that give the same thing another figure in the same plan, parted by semicolons.
    """

    id: Annotated[str, means("指标标识")]
    plan: Annotated[str, means("规划标识", to="plans.id")]
    plan_title: Annotated[str, means("规划标题", stored=False)]
    adcode: Annotated[Adcode, means("行政区划代码")]
    area_name: Annotated[str, means("行政区")]
    form: Annotated[str, one_of(terms.FORM), means("出自指标表还是正文")]
    section: Annotated[str | None, means("章节")]
    line: Annotated[From1, means("文本行号")]
    passage_sha256: Annotated[Sha256, means("原文行的 SHA-256")]
    passage: Annotated[str | None, means("原文行，有文本时才有")]
    name: Annotated[str, means("指标名称")]
    unit: Annotated[str | None, means("单位")]
    base: Annotated[float | None, means("基期值")]
    base_year: Annotated[Year | None, means("基期年份")]
    base_words: Annotated[str | None, means("基期值的原话")]
    target: Annotated[float | None, means("目标值")]
    target_year: Annotated[Year | None, means("规划写明的目标年份")]
    target_words: Annotated[str | None, means("目标值的原话")]
    due: Annotated[Year, means("应达到的年份：没有写明的，按规划期末")]
    bound: Annotated[Annotated[str, one_of(terms.TARGET_BOUND)] | None, means("目标是下限还是上限")]
    binding: Annotated[Annotated[str, one_of(terms.BINDING)] | None, means("约束性或预期性，没有写明则空")]
    note: Annotated[str | None, means("表下注释")]
    kind: Annotated[str | None, means("指标的种类，见 indicator_kinds.toml")]
    category: Annotated[CategoryCode | None, means("所涉设施类别的代码", to="categories.code")]
    category_zh: Annotated[str | None, means("所涉设施类别", stored=False, listed=False)]
    category_en: Annotated[str | None, means("所涉设施类别的英文名", stored=False, listed=False)]
    family: Annotated[FamilyCode | None, means("所涉大类的代码")]
    conflicts: Annotated[str | None, means("同一规划里与此不同的说法")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChangeRecord:
    """What a plan does with one promise of the plans that it follows, with the names of what it refers to.

    ``former_plan`` to ``due_before`` are of the earlier plan's commitment, ``commitment`` to ``due`` of this plan's;
    ``due`` is the year that is stated, or the last of the plan's term.
    """

    id: Annotated[str, means("变化的标识")]
    plan: Annotated[str, means("规划标识", to="plans.id")]
    change: Annotated[str, one_of(terms.CHANGE), means("怎样对待前一规划的这一项")]
    sort: Annotated[str, one_of(terms.PROMISE_SORT), means("承诺的种类")]
    item: Annotated[str | None, means("设施、普遍要求或数量承诺的标识，存疑的没有")]
    name: Annotated[str, means("名称")]
    category: Annotated[CategoryCode, means("类别代码", to="categories.code")]
    category_zh: Annotated[str, means("类别")]
    category_en: Annotated[str, means("类别英文名")]
    family: Annotated[FamilyCode, means("大类代码")]
    adcode: Annotated[Adcode, means("行政区划代码")]
    area_name: Annotated[str, means("行政区")]
    differs: Annotated[str | None, means("哪些不同，分号隔开")]
    former_plan: Annotated[str | None, means("前一规划的标识", to="plans.id")]
    former: Annotated[str | None, means("前一规划任务的标识", to="commitments.id")]
    former_line: Annotated[From1 | None, means("前一规划的文本行号")]
    count_before: Annotated[float | None, means("前一规划的数量")]
    capacity_before: Annotated[float | None, means("前一规划的容量")]
    action_before: Annotated[Annotated[str, one_of(terms.ACTION)] | None, means("前一规划的建设方式")]
    year_before: Annotated[Year | None, means("前一规划写明的年份")]
    due_before: Annotated[Year | None, means("按前一规划到期的年份")]
    commitment: Annotated[str | None, means("本规划任务的标识", to="commitments.id")]
    line: Annotated[From1 | None, means("文本行号")]
    count: Annotated[float | None, means("数量")]
    unit: Annotated[str | None, means("单位")]
    capacity: Annotated[float | None, means("容量（床位、学位等）")]
    capacity_unit: Annotated[str | None, means("容量单位")]
    action: Annotated[Annotated[str, one_of(terms.ACTION)] | None, means("建设方式")]
    year: Annotated[Year | None, means("写明的年份")]
    due: Annotated[Year | None, means("到期的年份")]
    candidates: Annotated[str | None, means("存疑的可能是哪几项，标识以分号隔开")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChangeFilter:
    """Which changes of one plan are asked for; every given condition must hold.

    Attributes
    ----------
    plan
        Id of the plan that follows.
    change
        One value of `service_map.catalogue.terms.CHANGE`.
    area
        Code of an area; what lies in it and in everything under it.
    categories, families
        Codes, any of which may hold; empty for all.
    """

    plan: str
    change: str | None = None
    area: str | None = None
    categories: tuple[str, ...] = ()
    families: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChangePage:
    """Some changes, in the order of what is done, area, category and id; as `FacilityPage`.

    ``counts`` has how many of each of `service_map.catalogue.terms.CHANGE` the filter meets, whichever is asked for.
    """

    items: tuple[PlanChangeRecord, ...]
    next_cursor: str | None
    matched: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRecord:
    """One release of the data (发布): its name, its place among the others, and how much it published."""

    release: Annotated[str, means("发布的名称")]
    position: Annotated[From1, means("第几次发布", listed=False)]
    date: Annotated[str, means("日期")]
    facilities: Annotated[Whole, means("设施数")]
    requirements: Annotated[Whole, means("普遍要求数")]
    quotas: Annotated[Whole, means("数量承诺数，分项也计")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseChangeRecord:
    """What one release changed of one thing; ``release`` is None for what no release has published yet."""

    id: Annotated[str, means("变化的标识")]
    position: Annotated[From1, means("第几次发布", listed=False)]
    release: Annotated[str | None, means("哪次发布，尚未发布的为空")]
    change: Annotated[str, one_of(terms.RELEASE_CHANGE), means("变化")]
    item: Annotated[str, means("设施、普遍要求或数量承诺的永久标识")]
    sort: Annotated[str, one_of(terms.PROMISE_SORT), means("承诺的种类")]
    name: Annotated[str, means("名称")]
    category: Annotated[str, means("类别代码")]
    category_zh: Annotated[str, means("类别")]
    category_en: Annotated[str, means("类别英文名")]
    family: Annotated[str | None, means("大类代码")]
    adcode: Annotated[Adcode, means("行政区划代码")]
    area_name: Annotated[str, means("行政区")]
    before: Annotated[str | None, means("原来的：行政区与点位、状态、年份或数量")]
    after: Annotated[str | None, means("现在的；不再列出的是去向的标识")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseChangeFilter:
    """Which changes are asked for; every given condition must hold.

    Attributes
    ----------
    since
        Name of a release, or a day: what has changed after it.
    change
        One value of `service_map.catalogue.terms.RELEASE_CHANGE`.
    area
        Code of an area; what lies in it and in everything under it.
    categories, families
        Codes, any of which may hold; empty for all.
    """

    since: str | None = None
    change: str | None = None
    area: str | None = None
    categories: tuple[str, ...] = ()
    families: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseChangePage:
    """Some changes, the newest first; as `PlanChangePage`, ``counts`` by ``RELEASE_CHANGE``."""

    items: tuple[ReleaseChangeRecord, ...]
    next_cursor: str | None
    matched: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFigureRecord:
    """How many of one kind a plan says stand in its whole area (现状数), with the names of what it refers to."""

    id: Annotated[str, means("现状数标识")]
    plan: Annotated[str, means("规划标识", to="plans.id")]
    plan_title: Annotated[str, means("规划标题")]
    adcode: Annotated[Adcode, means("行政区划代码")]
    area_name: Annotated[str, means("行政区")]
    line: Annotated[From1, means("文本行号")]
    passage_sha256: Annotated[Sha256, means("原文行的 SHA-256")]
    category: Annotated[CategoryCode, means("类别代码", to="categories.code")]
    noun: Annotated[str, means("规划所用的设施词")]
    count: Annotated[float, means("规划所说的数量")]
    unit: Annotated[str, means("单位")]
    measure: Annotated[str, one_of(terms.MEASURE), means("数的是设施还是床位")]
    year: Annotated[Year | None, means("哪一年年末的数，规划没有写则空")]
    cumulated: Annotated[bool, means("是否累计建成数，可能含已停办的")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressRecord:
    """How much of one kind is promised in one area, how much of it is due, and what became of it on a day.

    ``promised`` is the sum of all states; ``due`` is what was due by the day, whatever its state. Facilities count as
    places, quotas by their numbers in ``unit``.
    """

    sort: Annotated[str, one_of(terms.PROMISED_AS), means("数的是设施还是数量承诺")]
    adcode: Annotated[Adcode, means("行政区划代码")]
    area_name: Annotated[str, means("行政区")]
    category: Annotated[CategoryCode, means("类别代码", to="categories.code")]
    category_zh: Annotated[str, means("类别")]
    category_en: Annotated[str, means("类别英文名")]
    family: Annotated[FamilyCode, means("大类代码")]
    unit: Annotated[str | None, means("单位，数量承诺才有")]
    promised: Annotated[Amount, means("规划提出的")]
    due: Annotated[Amount, means("其中已到期的")]
    open: Annotated[Amount, means("核实已建成的")]
    under_construction: Annotated[Amount, means("核实已开工的")]
    not_built: Annotated[Amount, means("核实未建的")]
    cancelled: Annotated[Amount, means("核实取消的")]
    overdue: Annotated[Amount, means("期满未核实的")]
    not_due: Annotated[Amount, means("未到期的")]
    undated: Annotated[Amount, means("没有期限的")]
    state_as_of: Annotated[str, means("状态截至哪一天")]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorPage:
    """Some indicators, in the order of plan and line; as `FacilityPage`."""

    items: tuple[IndicatorRecord, ...]
    next_cursor: str | None
    matched: int
