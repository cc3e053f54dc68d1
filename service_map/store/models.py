"""The tables, once, for both databases.

Declared types are only those of the GeoPackage standard (``TEXT``, ``DOUBLE``, ``INTEGER``, ``BOOLEAN``, ``BLOB`` and
the geometry types): OGR drops a column of any other type without a word. Facilities repeat the names of their category,
area and plan, because one table is all that most GIS users open. Each column's comment, Chinese then English, is the
data dictionary that both databases carry; ``domain`` names the closed set of `DOMAINS` that its values come from. The
tables of facilities, areas, plans and commitments are made from the records that `service_map.store.records` declares.
"""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, Table, Text, UniqueConstraint
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement
from sqlalchemy.types import TypeEngine

from service_map.catalogue import terms
from service_map.catalogue.fields import fields_of
from service_map.catalogue.messages import both, meaning
from service_map.store.geometry import Geometry
from service_map.store.records import (
    AreaRecord,
    CommitmentRecord,
    FacilityRecord,
    IndicatorRecord,
    PlanChangeRecord,
    PlanRecord,
    QuotaRecord,
    ReleaseChangeRecord,
    ReleaseRecord,
    RequirementRecord,
    RequirementUnit,
    StockFigureRecord,
)

_SETS = {
    "status": terms.STATUS,
    "due_basis": terms.DUE_BASIS,
    "precision": terms.PRECISION,
    "action": terms.ACTION,
    "basis": terms.BASIS,
    "record": terms.RECORD,
    "reason": terms.REASON,
    "kind": terms.KIND,
    "horizon": terms.HORIZON,
    "level": terms.LEVEL,
    "per": terms.PER,
    "promise_state": terms.PROMISE_STATE,
    "binding": terms.BINDING,
    "target_bound": terms.TARGET_BOUND,
    "form": terms.FORM,
    "measure": terms.MEASURE,
    "plan_kind": terms.PLAN_KIND,
    "change": terms.CHANGE,
    "release_change": terms.RELEASE_CHANGE,
    "promise_sort": terms.PROMISE_SORT,
}
DOMAINS: dict[str, dict[str, str]] = {name: of.meanings() for name, of in _SETS.items()}
"""Closed sets of values with their meaning; they go into the data dictionary."""

# PostgreSQL would sort by the server's locale: both databases must give the same order, that of the code points.
Word = Text().with_variant(Text(collation="C"), "postgresql")

_TYPES: dict[Any, TypeEngine[Any]] = {str: Word, int: Integer(), float: Double(), bool: Boolean()}

Fid = Annotated[int, mapped_column(primary_key=True, autoincrement=True, comment=both("行号"))]


def _means(zh: str, *, domain: str | None = None, unique: bool = False) -> Any:
    return mapped_column(
        comment=meaning(zh).both, unique=unique or None,
        info={} if domain is None else {"domain": domain},
    )  # fmt: skip


def _refers(zh: str, target: str) -> Any:
    return mapped_column(ForeignKey(target), comment=meaning(zh).both)


class Base(DeclarativeBase):
    """Common ground of the tables below."""

    type_annotation_map = {str: Word, float: Double()}  # noqa: RUF012 - SQLAlchemy reads it, nobody writes it


def _table(
    name: str,
    record: type,
    about: str,
    *indexes: Index,
    unique: str,
    geometry: Geometry | None = None,
) -> Table:
    """Make the table of what a record declares as stored (`service_map.catalogue.fields.means`)."""
    domains = {id(of): name for name, of in _SETS.items()}
    fid: Column[Any] = Column("fid", Integer, primary_key=True, autoincrement=True, comment=both("行号"))
    columns = [fid] + [
        Column(
            field.name,
            _TYPES[field.kind],
            *([] if field.to is None else [ForeignKey(field.to)]),
            nullable=field.optional,
            unique=field.name == unique or None,
            comment=field.about.both,
            info={} if field.terms is None else {"domain": domains[id(field.terms)]},
        )
        for field in fields_of(record)
        if field.stored
    ]
    if geometry is not None:
        # A facility is a point; a boundary may be unknown.
        point = geometry.kind == "Point"
        columns.append(Column("geom", geometry, nullable=not point, comment=both("点位") if point else both("界线")))
        indexes = (*indexes, Index(f"{name}_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"))
    return Table(name, Base.metadata, *columns, *indexes, comment=about)


def _mapped(name: str, table: Table) -> Any:
    """Map a table that a record declares: its columns are attributes, as with the classes below."""
    return type(name, (Base,), {"__table__": table})


class Meta(Base):
    """What this database is: ``schema_version``, ``data_version``, ``built_at`` (ISO 8601, UTC)."""

    __tablename__ = "meta"
    fid: Mapped[Fid]
    key: Mapped[str] = _means("名称", unique=True)
    value: Mapped[str] = _means("值")
    __table_args__ = ({"comment": both("数据库信息")},)


Area = _mapped("Area", _table("areas", AreaRecord, both("行政区"), unique="adcode", geometry=Geometry("MultiPolygon")))
"""行政区: a city, county or township. ``lon``, ``lat`` are its seat in WGS 84; ``geom`` its boundary, if known."""


class Category(Base):
    """设施类别, with its family; ``position`` is its place in the catalogue, ``words`` its Chinese names."""

    __tablename__ = "categories"
    fid: Mapped[Fid]
    code: Mapped[str] = _means("类别代码", unique=True)
    position: Mapped[int] = _means("次序")
    zh: Mapped[str] = _means("中文名")
    en: Mapped[str] = _means("英文名")
    colour: Mapped[str] = _means("颜色")
    icon: Mapped[str] = _means("图标字")
    words: Mapped[str] = _means("规划中的称呼")
    family: Mapped[str] = _means("大类代码")
    family_zh: Mapped[str] = _means("大类中文名")
    family_en: Mapped[str] = _means("大类英文名")
    family_colour: Mapped[str] = _means("大类颜色")
    core: Mapped[bool] = _means("是否核心大类")
    __table_args__ = ({"comment": both("设施类别")},)


Plan = _mapped("Plan", _table("plans", PlanRecord, both("规划文件"), unique="id"))
"""规划: one published document; what its text does not state is NULL."""

Commitment = _mapped(
    "Commitment",
    _table(
        "commitments",
        CommitmentRecord,
        both("规划任务"),
        Index("commitments_order", "plan", "line", "id"),
        Index("commitments_category", "category"),
        unique="id",
    ),
)
"""规划任务: one promise of one plan. ``passage`` is the plan's line, only where the operator has the very text."""

Facility = _mapped(
    "Facility",
    _table(
        "facilities",
        FacilityRecord,
        both("规划设施与现状设施"),
        Index("facilities_order", "adcode", "category", "id"),
        Index("facilities_category", "category", "adcode", "id"),
        unique="id",
        geometry=Geometry("Point"),
    ),
)
"""规划设施与现状设施: one promised place, or one that stands already.

``plan``, ``plan_title``, ``section``, ``line`` are of the primary citation; NULL for one that no plan promises: its
``point_source`` is its source, and for one that a file lists as planned ``source_title`` and ``source_row`` say where.
"""


class Shape(Base):
    """设施的线和面: the trail or the ground of a facility, where it is known; distances are measured from there."""

    __tablename__ = "shapes"
    fid: Mapped[Fid]
    facility: Mapped[str] = _refers("设施标识", "facilities.id")
    uncertainty_m: Mapped[float] = _means("边线误差，米")
    source: Mapped[str] = _means("来源")
    geom: Mapped[BaseGeometry] = mapped_column(Geometry("Geometry"), comment=both("线或面"))
    __table_args__ = (
        UniqueConstraint("facility", name="shapes_facility"),
        Index("shapes_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        {"comment": both("设施的线和面")},
    )


class Citation(Base):
    """Which commitments promise a facility; ``position`` 0 is the primary one."""

    __tablename__ = "citations"
    fid: Mapped[Fid]
    facility: Mapped[str] = _refers("设施标识", "facilities.id")
    position: Mapped[int] = _means("次序，0 为主要出处")
    commitment: Mapped[str] = _refers("任务标识", "commitments.id")
    __table_args__ = (
        UniqueConstraint("facility", "position", name="citations_order"),
        Index("citations_commitment", "commitment", "facility"),
        {"comment": both("设施的出处")},
    )


class Report(Base):
    """状态记录: what somebody reported of a facility or a quota; the latest until a day is its state on that day."""

    __tablename__ = "reports"
    fid: Mapped[Fid]
    promise: Mapped[str] = _means("设施或数量承诺的标识")
    since: Mapped[str] = _means("从哪一天起算，YYYY-MM-DD")
    date: Mapped[str] = _means("状态日期")
    status: Mapped[str] = _means("状态", domain="status")
    count: Mapped[float | None] = _means("其中有几处，数量承诺才有")
    source: Mapped[str | None] = _means("状态来源")
    link: Mapped[str | None] = _means("佐证的网址")
    __table_args__ = (
        Index("reports_promise", "promise", "since"),
        {"comment": both("状态记录：谁在什么时候说一项承诺怎么样了")},
    )


Requirement = _mapped(
    "Requirement",
    _table(
        "requirements",
        RequirementRecord,
        both("普遍要求：每个县区、乡镇、社区等都要有的"),
        Index("requirements_order", "adcode", "category", "id"),
        unique="id",
    ),
)
"""普遍要求: something that every unit of an area must have; an area each, never a point."""

Unit = _mapped(
    "Unit",
    _table(
        "requirement_units",
        RequirementUnit,
        both("普遍要求在各单位的情况"),
        Index("requirement_units_requirement", "requirement", "adcode"),
        Index("requirement_units_adcode", "adcode", "requirement"),
        unique="id",
    ),
)
"""What is known of a requirement in one of its units."""

Quota = _mapped(
    "Quota",
    _table(
        "quotas",
        QuotaRecord,
        both("数量承诺：一个地方共多少，规划没有说在哪里"),
        Index("quotas_order", "adcode", "category", "id"),
        unique="id",
    ),
)
"""数量承诺: so many of a kind in an area."""


class PromiseCitation(Base):
    """Which commitments say a requirement or a quota; ``position`` 0 is the primary one."""

    __tablename__ = "promise_citations"
    fid: Mapped[Fid]
    promise: Mapped[str] = _means("普遍要求或数量承诺的标识")
    position: Mapped[int] = _means("次序，0 为主要出处")
    commitment: Mapped[str] = _refers("任务标识", "commitments.id")
    __table_args__ = (
        UniqueConstraint("promise", "position", name="promise_citations_order"),
        Index("promise_citations_commitment", "commitment", "promise"),
        {"comment": both("普遍要求和数量承诺的出处")},
    )


class QuotaFacility(Base):
    """Which facilities a plan names or allots of a quota."""

    __tablename__ = "quota_facilities"
    fid: Mapped[Fid]
    quota: Mapped[str] = _refers("数量承诺的标识", "quotas.id")
    facility: Mapped[str] = _refers("设施标识", "facilities.id")
    __table_args__ = (
        UniqueConstraint("quota", "facility", name="quota_facilities_order"),
        {"comment": both("数量承诺中已点名或分到各地的设施")},
    )


Indicator = _mapped(
    "Indicator",
    _table(
        "indicators",
        IndicatorRecord,
        both("规划指标"),
        Index("indicators_order", "plan", "line", "id"),
        Index("indicators_category", "category"),
        unique="id",
    ),
)
"""规划指标: a figure that a plan sets itself, with the one that it starts from."""

StockFigure = _mapped(
    "StockFigure",
    _table(
        "stock_figures",
        StockFigureRecord,
        both("规划所说的现状数"),
        Index("stock_figures_order", "adcode", "category", "id"),
        unique="id",
    ),
)
"""现状数: how many of a kind a plan says stand in its whole area; no place of any of them."""


PlanChange = _mapped(
    "PlanChange",
    _table(
        "plan_changes",
        PlanChangeRecord,
        both("后一规划怎样对待前一规划的承诺"),
        Index("plan_changes_order", "plan", "fid"),
        Index("plan_changes_item", "item", "plan"),
        unique="id",
    ),
)
"""规划的变化: what a plan does with the promises of the plan that it follows, in the order in which they are told."""


Release = _mapped("Release", _table("releases", ReleaseRecord, both("数据的各次发布"), unique="release"))
"""发布: a release of the data, by which others ask what has changed since."""

ReleaseChange = _mapped(
    "ReleaseChange",
    _table(
        "release_changes",
        ReleaseChangeRecord,
        both("各次发布改动了什么"),
        Index("release_changes_area", "adcode", "category"),
        Index("release_changes_position", "position"),
        unique="id",
    ),
)
"""发布的变化: what a release added, retired, moved or found in another state, in the order in which it is told."""


class Community(Base):
    """居民小区: where people live, as demand points; from the tables of what exists."""

    __tablename__ = "communities"
    fid: Mapped[Fid]
    id: Mapped[str] = _means("永久标识", unique=True)
    name: Mapped[str] = _means("名称")
    adcode: Mapped[str] = _means("所在县区的代码")
    uncertainty_m: Mapped[float] = _means("点位误差，米")
    source: Mapped[str] = _means("来源")
    licence: Mapped[str] = _means("来源的许可")
    date: Mapped[str] = _means("日期")
    geom: Mapped[shapely.Point] = mapped_column(Geometry("Point"), comment=both("点位"))
    __table_args__ = (
        Index("communities_adcode", "adcode", "id"),
        Index("communities_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        {"comment": both("居民小区")},
    )


class Retired(Base):
    """Ids that were published and stand no more; ``successor`` is NULL where nothing took the place."""

    __tablename__ = "retired"
    fid: Mapped[Fid]
    id: Mapped[str] = _means("曾用的永久标识", unique=True)
    successor: Mapped[str | None] = _means("现在的标识：设施 f、普遍要求 r 或数量承诺 q")
    adcode: Mapped[str | None] = _means("原设施所在行政区划代码")
    name: Mapped[str | None] = _means("名称")
    category: Mapped[str | None] = _means("类别代码")
    date: Mapped[str] = _means("何时起")
    reason: Mapped[str] = _means("原因", domain="reason")
    __table_args__ = ({"comment": both("不再使用的标识")},)


class Gap(Base):
    """服务缺口: a piece of land that no facility in question reaches, of the analysis that was imported last."""

    __tablename__ = "gaps"
    fid: Mapped[Fid]
    id: Mapped[str] = _means("标识，只在这次分析中有效", unique=True)
    rank: Mapped[int] = _means("名次，人多、小区多或面积大者在前")
    name: Mapped[str | None] = _means("乡镇、最近的居住小区或 H3 格")
    area_km2: Mapped[float] = _means("面积，平方公里")
    certain_km2: Mapped[float | None] = _means(
        "其中在册的和有落点的承诺都够不到的面积",
    )
    people: Mapped[float | None] = _means("人口，未给人口则空")
    people_certain: Mapped[float | None] = _means(
        "其中在册的和有落点的承诺都够不到的人口",
    )
    homes: Mapped[int | None] = _means("其中在册的居住小区")
    needs_at_least: Mapped[int | None] = _means("至少还要几处")
    needs_by: Mapped[str | None] = _means("至少几处按什么算：people 人口，land 面积")
    nearest_m: Mapped[float | None] = _means("到最近设施的距离，米")
    category: Mapped[str | None] = _means("所涉类别的代码")
    category_name: Mapped[str] = _means("所涉类别的名称")
    rule: Mapped[str | None] = _means("依据的规则")
    metres: Mapped[float | None] = _means("服务半径，米")
    method: Mapped[str] = _means("距离算法")
    year: Mapped[int | None] = _means("只算到哪一年")
    record: Mapped[str] = _means(
        "现有设施的收录：complete 已收全，partial、none 未收全，缺口只是按在册记录算的",
        domain="record",
    )
    as_recorded: Mapped[bool] = _means(
        "是否只是按在册记录算的，不是真的缺口：现有设施没有收全",
    )
    data_version: Mapped[str] = _means("分析所用数据的版本")
    adcode: Mapped[str | None] = _means("所分析行政区的代码；自绘范围为空")
    area_name: Mapped[str | None] = _means("所分析行政区的名称")
    geom: Mapped[BaseGeometry] = mapped_column(Geometry("MultiPolygon"), comment=both("缺口"))
    __table_args__ = (
        Index("gaps_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        {"comment": both("服务缺口；as_recorded 为真的只是按在册记录算的，不是真的缺口")},
    )


class Summary(Base):
    """分县汇总: what a national run says of a county, a kind of facility and a year (`service_map.store.summary`)."""

    __tablename__ = "summary"
    fid: Mapped[Fid]
    adcode: Mapped[str] = _means("县级行政区划代码")
    name: Mapped[str] = _means("县级行政区")
    city: Mapped[str | None] = _means("地级代码")
    city_name: Mapped[str | None] = _means("地级名称")
    province: Mapped[str] = _means("省级代码")
    province_name: Mapped[str] = _means("省级名称")
    category: Mapped[str] = _means("类别代码，all 为各类合计")
    rule: Mapped[str | None] = _means("依据的规则")
    metres: Mapped[float | None] = _means("服务半径，米")
    method: Mapped[str] = _means("距离算法")
    fallback: Mapped[bool] = _means("本应按路网而没有路网")
    horizon: Mapped[str] = _means("时点", domain="horizon")
    year: Mapped[int | None] = _means("到这一年年底")
    cells: Mapped[int] = _means("人口格数")
    people: Mapped[float] = _means("人口")
    certain: Mapped[float] = _means("一定走得到的人")
    located: Mapped[float] = _means("按点位走得到的人")
    possible: Mapped[float] = _means("可能走得到的人")
    gap_people: Mapped[float] = _means("缺口中的人")
    gaps: Mapped[int | None] = _means("缺口块数")
    metres_mean: Mapped[float | None] = _means("到最近设施的平均距离，米")
    kinds_certain: Mapped[float | None] = _means("一定走得到的平均类数")
    kinds_located: Mapped[float | None] = _means("按点位走得到的平均类数")
    kinds_possible: Mapped[float | None] = _means("可能走得到的平均类数")
    groups: Mapped[str] = _means("各年龄组的人数，JSON")
    record: Mapped[str] = _means(
        "现有设施的收录：complete 已收全；partial、none 未收全，这一行的数只是按在册记录算的，不是覆盖率",
        domain="record",
    )
    on_record: Mapped[int] = _means("县内在册的现有设施")
    promised: Mapped[int] = _means("县内规划提出、到这一时点应有的")
    sources: Mapped[str] = _means("在册的出自谁，JSON：来源、处数")
    record_source: Mapped[str | None] = _means("谁说已收全")
    record_date: Mapped[str | None] = _means("截至何时收全")
    __table_args__ = (
        Index("summary_asked", "category", "horizon", "year", "adcode"),
        {"comment": both("全国分县汇总")},
    )


class RankedArea(Base):
    """A county of the summary, or the city or province around it, with a boundary simplified for a map."""

    __tablename__ = "ranked_areas"
    fid: Mapped[Fid]
    adcode: Mapped[str] = _means("行政区划代码", unique=True)
    name: Mapped[str] = _means("名称")
    level: Mapped[str] = _means("级别", domain="level")
    parent: Mapped[str] = _means("上级代码")
    geom: Mapped[BaseGeometry | None] = mapped_column(Geometry("MultiPolygon"), comment=both("简化的界线"))
    __table_args__ = (
        Index("ranked_areas_parent", "parent"),
        Index("ranked_areas_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        {"comment": both("汇总所及的行政区")},
    )


class Cluster(Base):
    """Facilities counted by the cells of a grid, for maps from afar; see `service_map.store.clusters`."""

    __tablename__ = "clusters"
    fid: Mapped[Fid]
    step: Mapped[int] = _means("网格级，每级边长减半")
    row: Mapped[int] = _means("行，自南纬 90 度起")
    col: Mapped[int] = _means("列，自西经 180 度起")
    family: Mapped[str] = _means("大类代码")
    promised: Mapped[bool] = _means("是否规划所承诺")
    placed: Mapped[bool] = _means("是否知道乡镇或更准")
    count: Mapped[int] = _means("处数")
    lon: Mapped[float] = _means("平均经度")
    lat: Mapped[float] = _means("平均纬度")
    __table_args__ = (
        Index("clusters_asked", "step", "row", "col"),
        {"comment": both("按网格预先统计的设施")},
    )


class TileCell(Base):
    """Facilities counted by the cells of vector tiles that hold too many to be looked through for every reader."""

    __tablename__ = "tile_cells"
    fid: Mapped[Fid]
    zoom: Mapped[int] = _means("瓦片级别")
    row: Mapped[int] = _means("行，每瓦片 64 行，自北起")
    col: Mapped[int] = _means("列，每瓦片 64 列，自西经 180 度起")
    promised: Mapped[bool] = _means("是否规划所承诺")
    count: Mapped[int] = _means("处数")
    facility: Mapped[str] = _means("其中标识最小的一处")
    __table_args__ = (
        Index("tile_cells_asked", "zoom", "col", "row"),
        {"comment": both("按瓦片网格预先统计的设施")},
    )


TABLES: tuple[Any, ...] = tuple(
    model.__table__
    for model in (
        Meta, Category, Plan, Area, Commitment, Facility, Report, Shape, Citation, Requirement, Unit, Quota,
        PromiseCitation, QuotaFacility, Indicator, StockFigure, PlanChange, Community, Retired, Release,
        ReleaseChange, Gap, Summary, RankedArea, Cluster, TileCell,
    )
)  # fmt: skip
"""Every table, each after those it refers to."""


def digest(tables: Iterable[Table]) -> str:
    """Tell tables from others by 12 hex digits of SHA-256 over what makes them in both databases."""
    statements: list[ExecutableDDLElement] = []
    for table in tables:
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        statements += [CreateTable(table), *(CreateIndex(index) for index in indexes)]
    dialects = (sqlite.dialect(), postgresql.dialect())  # type: ignore[no-untyped-call]
    made = [str(statement.compile(dialect=dialect)) for dialect in dialects for statement in statements]
    return hashlib.sha256("".join(made).encode()).hexdigest()[:12]


SCHEMA_VERSION = digest(TABLES)
"""Another with every change of a table above; a database of another version is refused and rebuilt."""
