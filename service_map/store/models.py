"""The tables, once, for both databases.

Declared types are only those of the GeoPackage standard (``TEXT``, ``DOUBLE``, ``INTEGER``, ``BOOLEAN``, ``BLOB`` and
the geometry types): OGR drops a column of any other type without a word. Facilities repeat the names of their category,
area and plan, because one table is all that most GIS users open. Each column's comment, Chinese then English, is the
data dictionary that both databases carry; ``domain`` names the closed set of `DOMAINS` that its values come from. The
tables of facilities, areas, plans and commitments are made from the records that `service_map.store.records` declares.
"""

from typing import Annotated, Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, Table, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from service_map.catalogue import terms
from service_map.catalogue.fields import fields_of
from service_map.store.geometry import Geometry
from service_map.store.records import AreaRecord, CommitmentRecord, FacilityRecord, PlanRecord

SCHEMA_VERSION = 6
"""Goes up with every change of a table below; a database of another version is refused and rebuilt."""

_SETS = {
    "status": terms.STATUS,
    "precision": terms.PRECISION,
    "action": terms.ACTION,
    "basis": terms.BASIS,
    "record": terms.RECORD,
    "reason": terms.REASON,
    "kind": terms.KIND,
    "horizon": terms.HORIZON,
    "level": terms.LEVEL,
}
DOMAINS: dict[str, dict[str, str]] = {name: of.meanings() for name, of in _SETS.items()}
"""Closed sets of values with their meaning; they go into the data dictionary."""

# PostgreSQL would sort by the server's locale: both databases must give the same order, that of the code points.
Word = Text().with_variant(Text(collation="C"), "postgresql")

_TYPES: dict[Any, TypeEngine[Any]] = {str: Word, int: Integer(), float: Double(), bool: Boolean()}

Fid = Annotated[int, mapped_column(primary_key=True, autoincrement=True, comment="行号 / row number")]


def _of(zh: str, en: str, *, domain: str | None = None, unique: bool = False) -> Any:
    return mapped_column(
        comment=f"{zh} / {en}", unique=unique or None, info={} if domain is None else {"domain": domain}
    )


def _to(target: str, zh: str, en: str) -> Any:
    return mapped_column(ForeignKey(target), comment=f"{zh} / {en}")


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
    fid: Column[Any] = Column("fid", Integer, primary_key=True, autoincrement=True, comment="行号 / row number")
    columns = [fid] + [
        Column(
            field.name,
            _TYPES[field.kind],
            *([] if field.to is None else [ForeignKey(field.to)]),
            nullable=field.optional,
            unique=field.name == unique or None,
            comment=f"{field.zh} / {field.en}",
            info={} if field.terms is None else {"domain": domains[id(field.terms)]},
        )
        for field in fields_of(record)
        if field.stored
    ]
    if geometry is not None:
        # A facility is a point; a boundary may be unknown.
        point = geometry.kind == "Point"
        columns.append(
            Column("geom", geometry, nullable=not point, comment="点位 / point" if point else "界线 / boundary")
        )
        indexes = (*indexes, Index(f"{name}_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"))
    return Table(name, Base.metadata, *columns, *indexes, comment=about)


def _mapped(name: str, table: Table) -> Any:
    """Map a table that a record declares: its columns are attributes, as with the classes below."""
    return type(name, (Base,), {"__table__": table})


class Meta(Base):
    """What this database is: ``schema_version``, ``data_version``, ``built_at`` (ISO 8601, UTC)."""

    __tablename__ = "meta"
    fid: Mapped[Fid]
    key: Mapped[str] = _of("名称", "name", unique=True)
    value: Mapped[str] = _of("值", "value")
    __table_args__ = ({"comment": "数据库信息 / about this database"},)


Area = _mapped(
    "Area", _table("areas", AreaRecord, "行政区 / areas", unique="adcode", geometry=Geometry("MultiPolygon"))
)
"""行政区: a city, county or township. ``lon``, ``lat`` are its seat in WGS 84; ``geom`` its boundary, if known."""


class Category(Base):
    """设施类别, with its family; ``position`` is its place in the catalogue, ``words`` its Chinese names."""

    __tablename__ = "categories"
    fid: Mapped[Fid]
    code: Mapped[str] = _of("类别代码", "code of the category", unique=True)
    position: Mapped[int] = _of("次序", "place in the catalogue")
    zh: Mapped[str] = _of("中文名", "name in Chinese")
    en: Mapped[str] = _of("英文名", "name in English")
    colour: Mapped[str] = _of("颜色", "colour")
    icon: Mapped[str] = _of("图标字", "glyph that marks it")
    words: Mapped[str] = _of("规划中的称呼", "what plans call it")
    family: Mapped[str] = _of("大类代码", "code of the family")
    family_zh: Mapped[str] = _of("大类中文名", "family in Chinese")
    family_en: Mapped[str] = _of("大类英文名", "family in English")
    family_colour: Mapped[str] = _of("大类颜色", "colour of the family")
    core: Mapped[bool] = _of("是否核心大类", "whether the family is read first")
    __table_args__ = ({"comment": "设施类别 / categories of facility"},)


Plan = _mapped("Plan", _table("plans", PlanRecord, "规划 / plans", unique="id"))
"""规划: one published document; what its text does not state is NULL."""

Commitment = _mapped(
    "Commitment",
    _table(
        "commitments",
        CommitmentRecord,
        "规划任务 / commitments",
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
        "规划设施与现状设施 / promised and existing facilities",
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
    facility: Mapped[str] = _to("facilities.id", "设施标识", "id of the facility")
    uncertainty_m: Mapped[float] = _of("边线误差，米", "metres within which the edge lies")
    source: Mapped[str] = _of("来源", "source")
    geom: Mapped[BaseGeometry] = mapped_column(Geometry("Geometry"), comment="线或面 / line or polygon")
    __table_args__ = (
        UniqueConstraint("facility", name="shapes_facility"),
        Index("shapes_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        {"comment": "设施的线和面 / lines and grounds of facilities"},
    )


class Citation(Base):
    """Which commitments promise a facility; ``position`` 0 is the primary one."""

    __tablename__ = "citations"
    fid: Mapped[Fid]
    facility: Mapped[str] = _to("facilities.id", "设施标识", "id of the facility")
    position: Mapped[int] = _of("次序，0 为主要出处", "order, 0 for the primary citation")
    commitment: Mapped[str] = _to("commitments.id", "任务标识", "id of the commitment")
    __table_args__ = (
        UniqueConstraint("facility", "position", name="citations_order"),
        Index("citations_commitment", "commitment", "facility"),
        {"comment": "设施的出处 / citations of facilities"},
    )


class Community(Base):
    """居民小区: where people live, as demand points; from the tables of what exists."""

    __tablename__ = "communities"
    fid: Mapped[Fid]
    id: Mapped[str] = _of("永久标识", "permanent id", unique=True)
    name: Mapped[str] = _of("名称", "name")
    adcode: Mapped[str] = _of("行政区划代码", "code of the county that holds it")
    uncertainty_m: Mapped[float] = _of("点位误差，米", "metres within which it lies")
    source: Mapped[str] = _of("来源", "source")
    licence: Mapped[str] = _of("来源的许可", "licence of the source")
    date: Mapped[str] = _of("日期", "of when")
    geom: Mapped[shapely.Point] = mapped_column(Geometry("Point"), comment="点位 / point")
    __table_args__ = (
        Index("communities_adcode", "adcode", "id"),
        Index("communities_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        {"comment": "居民小区 / residential communities"},
    )


class Retired(Base):
    """Ids that were published and stand no more; ``successor`` is NULL where nothing took the place."""

    __tablename__ = "retired"
    fid: Mapped[Fid]
    id: Mapped[str] = _of("曾用的永久标识", "id that stood here", unique=True)
    successor: Mapped[str | None] = _to("facilities.id", "现在的标识", "id that stands for it now")
    date: Mapped[str] = _of("日期", "since when")
    reason: Mapped[str] = _of("原因", "why", domain="reason")
    __table_args__ = ({"comment": "不再使用的标识 / retired ids"},)


class Gap(Base):
    """服务缺口: a piece of land that no facility in question reaches, of the analysis that was imported last."""

    __tablename__ = "gaps"
    fid: Mapped[Fid]
    id: Mapped[str] = _of("标识，只在这次分析中有效", "id within this analysis", unique=True)
    rank: Mapped[int] = _of(
        "名次，人多、小区多或面积大者在前", "rank, most people, homes or land first; equal ones share it"
    )
    name: Mapped[str | None] = _of("乡镇、最近的居住小区或 H3 格", "its township, nearest community or H3 cell")
    area_km2: Mapped[float] = _of("面积，平方公里", "square kilometres")
    certain_km2: Mapped[float | None] = _of(
        "其中在册的和有落点的承诺都够不到的面积",
        "of them what neither those on record nor promises with a place can reach",
    )
    people: Mapped[float | None] = _of("人口，未给人口则空", "people in it; NULL where none were given")
    people_certain: Mapped[float | None] = _of(
        "其中在册的和有落点的承诺都够不到的人口",
        "of them whom neither those on record nor promises with a place can reach",
    )
    homes: Mapped[int | None] = _of("其中在册的居住小区", "residential communities on record in it")
    needs_at_least: Mapped[int | None] = _of("至少还要几处", "new ones that it needs at least")
    needs_by: Mapped[str | None] = _of("至少几处按什么算：people 人口，land 面积", "what shows that: people or land")
    nearest_m: Mapped[float | None] = _of("到最近设施的距离，米", "metres to the nearest facility")
    category: Mapped[str | None] = _of("类别代码", "code of the category in question")
    category_name: Mapped[str] = _of("类别", "its name")
    rule: Mapped[str | None] = _of("依据的规则", "rule that the question rests on")
    metres: Mapped[float | None] = _of("服务半径，米", "service radius in metres")
    method: Mapped[str] = _of("距离算法", "how distances were measured")
    year: Mapped[int | None] = _of("只算到哪一年", "counts what stands by the end of this year")
    record: Mapped[str] = _of(
        "现有设施的收录：complete 已收全，partial、none 未收全，缺口只是按在册记录算的",
        "record of what exists: complete; or partial or none, of which this is a gap as recorded only",
        domain="record",
    )
    as_recorded: Mapped[bool] = _of(
        "是否只是按在册记录算的，不是真的缺口：现有设施没有收全",
        "whether it is a gap of the record only and no true one, for what exists is not stated to be all on record",
    )
    data_version: Mapped[str] = _of("分析所用数据的版本", "version of the data that was analysed")
    adcode: Mapped[str | None] = _of("行政区划代码", "code of the area analysed; NULL for a polygon of one's own")
    area_name: Mapped[str | None] = _of("行政区", "name of that area")
    geom: Mapped[BaseGeometry] = mapped_column(Geometry("MultiPolygon"), comment="缺口 / the gap")
    __table_args__ = (
        Index("gaps_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        {
            "comment": "服务缺口；as_recorded 为真的只是按在册记录算的，不是真的缺口"
            " / gaps of the last analysis; those with as_recorded are gaps of the record only and no true ones"
        },
    )


class Summary(Base):
    """分县汇总: what a national run says of a county, a kind of facility and a year (`service_map.store.summary`)."""

    __tablename__ = "summary"
    fid: Mapped[Fid]
    adcode: Mapped[str] = _of("县级行政区划代码", "code of the county")
    name: Mapped[str] = _of("县级行政区", "name of the county")
    city: Mapped[str | None] = _of("地级代码", "code of its city")
    city_name: Mapped[str | None] = _of("地级名称", "name of its city")
    province: Mapped[str] = _of("省级代码", "code of its province")
    province_name: Mapped[str] = _of("省级名称", "name of its province")
    category: Mapped[str] = _of("类别代码，all 为各类合计", "code of the category, all for all kinds together")
    rule: Mapped[str | None] = _of("依据的规则", "rule that the question rests on")
    metres: Mapped[float | None] = _of("服务半径，米", "service radius in metres")
    method: Mapped[str] = _of("距离算法", "how distances were measured")
    fallback: Mapped[bool] = _of("本应按路网而没有路网", "whether it has no network although others have")
    horizon: Mapped[str] = _of("时点", "which facilities count", domain="horizon")
    year: Mapped[int | None] = _of("到这一年年底", "by the end of this year")
    cells: Mapped[int] = _of("人口格数", "cells with people")
    people: Mapped[float] = _of("人口", "people")
    certain: Mapped[float] = _of("一定走得到的人", "people surely within reach")
    located: Mapped[float] = _of("按点位走得到的人", "people within reach as located")
    possible: Mapped[float] = _of("可能走得到的人", "people possibly within reach")
    gap_people: Mapped[float] = _of("缺口中的人", "people not within reach as located")
    gaps: Mapped[int | None] = _of("缺口块数", "pieces of the gap")
    metres_mean: Mapped[float | None] = _of("到最近设施的平均距离，米", "mean metres to the nearest facility")
    kinds_certain: Mapped[float | None] = _of("一定走得到的平均类数", "kinds surely within reach, on average")
    kinds_located: Mapped[float | None] = _of("按点位走得到的平均类数", "kinds within reach as located, on average")
    kinds_possible: Mapped[float | None] = _of("可能走得到的平均类数", "kinds possibly within reach, on average")
    groups: Mapped[str] = _of("各年龄组的人数，JSON", "people of age groups, JSON: total, certain, located, possible")
    record: Mapped[str] = _of(
        "现有设施的收录：complete 已收全；partial、none 未收全，这一行的数只是按在册记录算的，不是覆盖率",
        "record of what exists: complete; or partial or none, of which the figures of this row are as recorded only",
        domain="record",
    )
    on_record: Mapped[int] = _of("县内在册的现有设施", "existing facilities on record in the county")
    promised: Mapped[int] = _of("县内规划提出、到这一时点应有的", "those in the county that plans promise by then")
    sources: Mapped[str] = _of("在册的出自谁，JSON：来源、处数", "who says that these stand, JSON: source, how many")
    record_source: Mapped[str | None] = _of("谁说已收全", "who states that the record is complete")
    record_date: Mapped[str | None] = _of("截至何时收全", "of when it is complete")
    __table_args__ = (
        Index("summary_asked", "category", "horizon", "year", "adcode"),
        {"comment": "全国分县汇总 / national summary by county"},
    )


class RankedArea(Base):
    """A county of the summary, or the city or province around it, with a boundary simplified for a map."""

    __tablename__ = "ranked_areas"
    fid: Mapped[Fid]
    adcode: Mapped[str] = _of("行政区划代码", "code of the area", unique=True)
    name: Mapped[str] = _of("名称", "name")
    level: Mapped[str] = _of("级别", "level", domain="level")
    parent: Mapped[str] = _of("上级代码", "code of the area around it")
    geom: Mapped[BaseGeometry | None] = mapped_column(
        Geometry("MultiPolygon"), comment="简化的界线 / simplified boundary"
    )
    __table_args__ = (
        Index("ranked_areas_parent", "parent"),
        Index("ranked_areas_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        {"comment": "汇总所及的行政区 / areas of the summary"},
    )


class Cluster(Base):
    """Facilities counted by the cells of a grid, for maps from afar; see `service_map.store.clusters`."""

    __tablename__ = "clusters"
    fid: Mapped[Fid]
    step: Mapped[int] = _of("网格级，每级边长减半", "level of the grid, each of half the side")
    row: Mapped[int] = _of("行，自南纬 90 度起", "row from 90 degrees south")
    col: Mapped[int] = _of("列，自西经 180 度起", "column from 180 degrees west")
    family: Mapped[str] = _of("大类代码", "code of the family")
    promised: Mapped[bool] = _of("是否规划所承诺", "whether plans promise them")
    placed: Mapped[bool] = _of("是否知道乡镇或更准", "whether they are known to a township or closer")
    count: Mapped[int] = _of("处数", "how many")
    lon: Mapped[float] = _of("平均经度", "mean longitude")
    lat: Mapped[float] = _of("平均纬度", "mean latitude")
    __table_args__ = (
        Index("clusters_asked", "step", "row", "col"),
        {"comment": "按网格预先统计的设施 / facilities counted by grid"},
    )


class TileCell(Base):
    """Facilities counted by the cells of vector tiles that hold too many to be looked through for every reader."""

    __tablename__ = "tile_cells"
    fid: Mapped[Fid]
    zoom: Mapped[int] = _of("瓦片级别", "zoom of the tile")
    row: Mapped[int] = _of("行，每瓦片 64 行，自北起", "row from the north, 64 a tile")
    col: Mapped[int] = _of("列，每瓦片 64 列，自西经 180 度起", "column from 180 degrees west, 64 a tile")
    promised: Mapped[bool] = _of("是否规划所承诺", "whether plans promise them")
    count: Mapped[int] = _of("处数", "how many")
    facility: Mapped[str] = _of("其中标识最小的一处", "the one of them of the smallest id")
    __table_args__ = (
        Index("tile_cells_asked", "zoom", "col", "row"),
        {"comment": "按瓦片网格预先统计的设施 / facilities counted by the cells of tiles"},
    )


TABLES: tuple[Any, ...] = tuple(
    model.__table__
    for model in (
        Meta, Category, Plan, Area, Commitment, Facility, Shape, Citation, Community, Retired, Gap, Summary, RankedArea,
        Cluster, TileCell,
    )
)  # fmt: skip
"""Every table, each after those it refers to."""
