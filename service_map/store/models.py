"""The tables, once, for both databases.

Declared types are only those of the GeoPackage standard (``TEXT``, ``DOUBLE``, ``INTEGER``, ``BOOLEAN``, ``BLOB`` and
the geometry types): OGR drops a column of any other type without a word. Facilities repeat the names of their category,
area and plan, because one table is all that most GIS users open. Each column's comment, Chinese then English, is the
data dictionary that both databases carry; ``domain`` names the closed set of `DOMAINS` that its values come from.
"""

from typing import Annotated, Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Double, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from service_map.store.geometry import Geometry

SCHEMA_VERSION = 2
"""Goes up with every change of a table below; a database of another version is refused and rebuilt."""

DOMAINS: dict[str, dict[str, str]] = {
    "status": {
        "existing": "已有 / existing",
        "planned": "规划 / planned",
        "under_construction": "在建 / under construction",
        "open": "建成开放 / open",
        "cancelled": "取消 / cancelled",
    },
    "precision": {
        "site": "具体地点 / the site itself",
        "street": "街道或道路 / street",
        "village": "村或社区 / village",
        "township": "乡镇 / township",
        "county": "县区 / county",
        "city": "市 / city",
    },
    "action": {
        "new": "新建 / build",
        "expand": "改扩建 / expand",
        "relocate": "迁建 / relocate",
        "upgrade": "改造提升 / upgrade",
        "mixed": "新建与改扩建 / build and expand",
        "unspecified": "未说明 / not said",
    },
    "basis": {
        "site": "单个设施 / one facility",
        "allotment": "分到各地的数量 / a number for each of several places",
        "rule": "对每个县区等的要求 / a rule for every county or the like",
        "record": "现状资料，不是规划 / a record of what exists, not a plan",
    },
    "reason": {
        "merged": "与另一处是同一设施 / is the same as another",
        "dropped": "规划文本不再支持 / no plan's text promises it",
    },
    "kind": {
        "site": "单个设施 / one facility",
        "allotment": "分到各地的数量 / a number for each of several places",
        "quota": "总数 / a number for the whole area",
        "coverage": "对每个县区等的要求 / a rule for every county or the like",
        "intent": "建设意向 / an intention",
    },
    "level": {
        "province": "省 / province",
        "city": "市 / city",
        "county": "县区 / county",
        "township": "乡镇 / township",
    },
}
"""Closed sets of values with their meaning; they go into the data dictionary."""

# PostgreSQL would sort by the server's locale: both databases must give the same order, that of the code points.
Word = Text().with_variant(Text(collation="C"), "postgresql")

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


class Meta(Base):
    """What this database is: ``schema_version``, ``data_version``, ``built_at`` (ISO 8601, UTC)."""

    __tablename__ = "meta"
    fid: Mapped[Fid]
    key: Mapped[str] = _of("名称", "name", unique=True)
    value: Mapped[str] = _of("值", "value")
    __table_args__ = ({"comment": "数据库信息 / about this database"},)


class Area(Base):
    """行政区: a city, county or township. ``lon``, ``lat`` are its seat in WGS 84; ``geom`` its boundary, if known."""

    __tablename__ = "areas"
    fid: Mapped[Fid]
    adcode: Mapped[str] = _of("行政区划代码", "code of the area", unique=True)
    name: Mapped[str] = _of("名称", "name")
    level: Mapped[str] = _of("级别", "level", domain="level")
    parent: Mapped[str | None] = _of("上级代码", "code of the area around it")
    lon: Mapped[float | None] = _of("驻地经度，WGS 84 度", "longitude of its seat, WGS 84 degrees")
    lat: Mapped[float | None] = _of("驻地纬度，WGS 84 度", "latitude of its seat, WGS 84 degrees")
    source: Mapped[str] = _of("界线与驻地的来源", "source of boundary and seat")
    licence: Mapped[str] = _of("来源的许可", "licence of the source")
    geom: Mapped[BaseGeometry | None] = mapped_column(Geometry("MultiPolygon"), comment="界线 / boundary")
    __table_args__ = (
        Index("areas_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        {"comment": "行政区 / areas"},
    )


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


class Plan(Base):
    """规划: one published document; what its text does not state is NULL."""

    __tablename__ = "plans"
    fid: Mapped[Fid]
    id: Mapped[str] = _of("规划标识", "id of the plan", unique=True)
    title: Mapped[str] = _of("标题", "title")
    issuer: Mapped[str | None] = _of("发布机关", "issuer")
    number: Mapped[str | None] = _of("文号", "document number")
    date: Mapped[str | None] = _of("日期", "date")
    period_start: Mapped[int] = _of("规划期首年", "first year of its term")
    period_end: Mapped[int] = _of("规划期末年", "last year of its term")
    adcode: Mapped[str] = _of("行政区划代码", "code of its area")
    area_name: Mapped[str] = _of("行政区", "name of its area")
    file: Mapped[str] = _of("文本文件名", "name of the text file")
    sha256: Mapped[str] = _of("文本的 SHA-256", "SHA-256 of the text")
    url: Mapped[str | None] = _of("网址", "address")
    note: Mapped[str | None] = _of("说明", "note in Chinese")
    note_en: Mapped[str | None] = _of("英文说明", "note in English")
    __table_args__ = ({"comment": "规划 / plans"},)


class Commitment(Base):
    """规划任务: one promise of one plan. ``passage`` is the plan's line, only where the operator has the very text."""

    __tablename__ = "commitments"
    fid: Mapped[Fid]
    id: Mapped[str] = _of("任务标识", "id of the commitment", unique=True)
    plan: Mapped[str] = _to("plans.id", "规划标识", "id of the plan")
    line: Mapped[int] = _of("文本行号", "line of the text, from 1")
    section: Mapped[str | None] = _of("章节", "section")
    passage_sha256: Mapped[str] = _of("原文行的 SHA-256", "SHA-256 of that line")
    passage: Mapped[str | None] = _of("原文行，有文本时才有", "that line, where the text is at hand")
    label: Mapped[str] = _of("摘要", "what it promises, in short")
    category: Mapped[str] = _to("categories.code", "类别代码", "code of the category")
    kind: Mapped[str] = _of("任务类型", "kind of commitment", domain="kind")
    name: Mapped[str | None] = _of("名称", "name")
    count: Mapped[float | None] = _of("数量", "number")
    unit: Mapped[str | None] = _of("单位", "unit of the number")
    at_least: Mapped[bool] = _of("是否为下限", "whether the number is a minimum")
    action: Mapped[str] = _of("建设方式", "what is to be done", domain="action")
    place: Mapped[str | None] = _of("地点", "place as the plan names it")
    place_level: Mapped[str] = _of("地点级别", "level of that place")
    per: Mapped[str | None] = _of("每个什么", "for every what")
    year: Mapped[int | None] = _of("完成年份", "year by which")
    repeats: Mapped[str | None] = _of("重申的任务", "commitment that it states again")
    note: Mapped[str | None] = _of("备注", "note")
    __table_args__ = (
        Index("commitments_order", "plan", "line", "id"),
        Index("commitments_category", "category"),
        {"comment": "规划任务 / commitments"},
    )


class Facility(Base):
    """规划设施与现状设施: one promised place, or one that stands already.

    ``plan``, ``plan_title``, ``section``, ``line`` are of the primary citation; NULL for one that stands already, which
    no plan promises: its ``point_source`` is its source.
    """

    __tablename__ = "facilities"
    fid: Mapped[Fid]
    id: Mapped[str] = _of("永久标识", "permanent id", unique=True)
    name: Mapped[str] = _of("名称", "name")
    name_given: Mapped[bool] = _of("名称是否规划所写", "whether the plan gives the name")
    category: Mapped[str] = _to("categories.code", "类别代码", "code of the category")
    category_zh: Mapped[str] = _of("类别", "category in Chinese")
    category_en: Mapped[str] = _of("类别英文名", "category in English")
    family: Mapped[str] = _of("大类代码", "code of the family")
    family_zh: Mapped[str] = _of("大类", "family in Chinese")
    family_en: Mapped[str] = _of("大类英文名", "family in English")
    status: Mapped[str] = _of("状态", "status", domain="status")
    status_date: Mapped[str | None] = _of("状态日期", "since when, or when seen")
    status_source: Mapped[str | None] = _of("状态来源", "who says so; NULL where only the plan does")
    same_as: Mapped[str | None] = _of("已建成为哪处现状设施", "id of the existing facility that it has become")
    basis: Mapped[str] = _of("依据", "kind of commitment behind it, or a record", domain="basis")
    action: Mapped[str] = _of("建设方式", "what is to be done", domain="action")
    count: Mapped[float] = _of("数量", "number planned at this place")
    unit: Mapped[str | None] = _of("单位", "unit of the number")
    at_least: Mapped[bool] = _of("是否为下限", "whether the number is a minimum")
    year: Mapped[int | None] = _of("完成年份", "year by which")
    adcode: Mapped[str] = _of("行政区划代码", "code of the narrowest area that holds it")
    area_name: Mapped[str] = _of("行政区", "name of that area")
    plan: Mapped[str | None] = _to("plans.id", "主要出处的规划标识", "id of the plan of the primary citation")
    plan_title: Mapped[str | None] = _of("主要出处", "title of that plan")
    section: Mapped[str | None] = _of("章节", "section of that plan")
    line: Mapped[int | None] = _of("文本行号", "line of that plan's text, from 1")
    precision: Mapped[str] = _of("定位精度：点代表什么", "what the point stands for", domain="precision")
    uncertainty_m: Mapped[float] = _of("定位误差，米", "metres within which the real site lies")
    point_source: Mapped[str] = _of("点位来源", "source of the point")
    point_licence: Mapped[str] = _of("点位来源的许可", "licence of that source")
    located_by: Mapped[str] = _of("据以定位的文字", "words that located it")
    geom: Mapped[shapely.Point] = mapped_column(Geometry("Point"), comment="点位 / point")
    __table_args__ = (
        Index("facilities_order", "adcode", "category", "id"),
        Index("facilities_category", "category", "adcode", "id"),
        Index("facilities_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        {"comment": "规划设施与现状设施 / planned and existing facilities"},
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


TABLES: tuple[Any, ...] = tuple(
    model.__table__ for model in (Meta, Category, Plan, Area, Commitment, Facility, Citation, Community, Retired)
)
"""Every table, each after those it refers to."""
