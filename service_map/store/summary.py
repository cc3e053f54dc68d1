"""The summary of a national run: imported into ``geodata/``, built into the database, ranked by area.

``service-map national`` leaves a folder; an operator imports its summary, which stands in ``geodata/summary.parquet``
until another is imported. A build makes two tables of it: ``summary``, a row for each county, kind and year, and
``ranked_areas``, the counties with their cities and provinces, their boundaries simplified for a map.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import shapely
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, func, select

from service_map.errors import GeodataError, InvalidParameterError, NotFoundError
from service_map.places import Gazetteer
from service_map.store.conditions import once
from service_map.store.models import RankedArea, Summary

FILE = "summary.parquet"
"""Name of the file under ``geodata/``."""

ALL = "all"
"""Stands for the category in the rows on all kinds together."""

COUNTRY = "100000"
"""Code under which the provinces stand, as GB/T 2260 has it."""

LEVELS = ("province", "city", "county")
HORIZONS = ("existing", "by_year", "promised")
BOUNDS = ("certain", "located", "possible")

ORDERS = ("share", "gap_people", "people", "kinds", "adcode")
"""What a ranking can be ordered by; all but the code from the most, with the least covered first for ``-share``."""

COLUMNS = pa.schema(
    [
        pa.field("adcode", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("city", pa.string()),
        pa.field("city_name", pa.string()),
        pa.field("province", pa.string(), nullable=False),
        pa.field("province_name", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("rule", pa.string()),
        pa.field("metres", pa.float64()),
        pa.field("method", pa.string(), nullable=False),
        pa.field("fallback", pa.bool_(), nullable=False),
        pa.field("horizon", pa.string(), nullable=False),
        pa.field("year", pa.int16()),
        pa.field("cells", pa.int64(), nullable=False),
        pa.field("people", pa.float64(), nullable=False),
        pa.field("certain", pa.float64(), nullable=False),
        pa.field("located", pa.float64(), nullable=False),
        pa.field("possible", pa.float64(), nullable=False),
        pa.field("gap_people", pa.float64(), nullable=False),
        pa.field("gaps", pa.int32()),
        pa.field("metres_mean", pa.float64()),
        pa.field("kinds_certain", pa.float64()),
        pa.field("kinds_located", pa.float64()),
        pa.field("kinds_possible", pa.float64()),
        pa.field("groups", pa.string(), nullable=False),
    ]
)
"""Columns of a summary. ``certain``, ``located``, ``possible`` are people within reach; of the rows whose category is
`ALL`, people who have every kind within reach, and ``kinds_…`` how many kinds a person has on average."""

# About a pixel where a province fills a screen.
_SIMPLIFY_DEGREES = 0.01


# --- from a run to the open data --------------------------------------------------------------------------------------


def read_run(folder: Path) -> tuple[pa.Table, tuple[str, ...]]:
    """Read the summary that a national run left.

    Parameters
    ----------
    folder
        The run's ``--out``.

    Returns
    -------
    table : pyarrow.Table
        `COLUMNS`, by county, as the run wrote them.
    failed : tuple of str
        Codes of counties that the run could not compute.

    Raises
    ------
    GeodataError
        When the folder is no finished run, or a county's file is not what its manifest says.
    """
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        counties, failed = list(run["counties"]), [row["adcode"] for row in run["failed"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GeodataError(
            f"{folder} 不是 service-map national 算完的结果：{error}",
            f"{folder} is not the answer of a service-map national that ended: {error}",
        ) from error
    if not counties:
        raise GeodataError(f"{folder} 中没有算好的县", f"{folder} holds no county")
    return pa.concat_tables([_county(folder, code) for code in counties]), tuple(failed)


def _county(folder: Path, code: str) -> pa.Table:
    path = folder / "summary" / f"adcode={code}" / "summary.parquet"
    try:
        told = json.loads((folder / "manifests" / f"{code}.json").read_text(encoding="utf-8"))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if told["files"]["summary"]["sha256"] != digest:
            raise GeodataError(
                f"{code} 的 summary.parquet 与其清单不符", f"summary.parquet of {code} is not what its manifest says"
            )
        table = pa.parquet.ParquetFile(path).read()
        table = table.append_column("adcode", pa.array([code] * table.num_rows)).select(COLUMNS.names).cast(COLUMNS)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        if isinstance(error, GeodataError):
            raise
        raise GeodataError(f"{code} 的汇总读不出：{error}", f"cannot read the summary of {code}: {error}") from error
    return table


def write_summary(path: Path, table: pa.Table) -> None:
    """Write a summary to the file that a build reads; a reader sees the old file or the new one, whole.

    Parameters
    ----------
    path
        ``geodata/summary.parquet``.
    table
        From `read_run`.
    """
    part = path.with_name(f".{path.name}.new")
    pa.parquet.write_table(table, part, compression="zstd")
    part.replace(path)


def load_summary(path: Path) -> Iterator[dict[str, Any]]:
    """Give the rows of the table ``summary``, numbered, a few thousand at a time from the file; none without a file.

    Raises
    ------
    GeodataError
        When the file is damaged.
    """
    if not path.exists():
        return
    number = 0
    try:
        with pa.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=10_000, columns=COLUMNS.names):
                for row in batch.to_pylist():
                    number += 1
                    yield {**row, "fid": number}
    except (OSError, pa.ArrowException, ValueError) as error:
        raise GeodataError(f"{path.name} 读不出：{error}", f"cannot read {path.name}: {error}") from error


def ranked_areas(path: Path, gazetteer: Gazetteer) -> list[dict[str, Any]]:
    """Give the rows of the table ``ranked_areas``: the counties of a summary and what is around them.

    Parameters
    ----------
    path
        ``geodata/summary.parquet``.
    gazetteer
        For boundaries.

    Raises
    ------
    GeodataError
        When the file is damaged or a county has no boundary.
    """
    if not path.exists():
        return []
    columns = ["adcode", "name", "city", "city_name", "province", "province_name"]
    try:
        listed = pa.parquet.read_table(path, columns=columns).group_by(columns).aggregate([]).to_pylist()
    except (OSError, pa.ArrowException, ValueError) as error:
        raise GeodataError(f"{path.name} 读不出：{error}", f"cannot read {path.name}: {error}") from error
    counties = sorted(listed, key=lambda row: str(row["adcode"]))
    shapes: list[BaseGeometry] = []
    for row in counties:
        shape = gazetteer.geometry(row["adcode"])
        if shape is None:
            raise GeodataError(
                f"{path.name}：{row['adcode']} 没有边界", f"{path.name}: {row['adcode']} has no boundary"
            )
        shapes.append(shape)
    # Together, so that neighbours still share their border.
    simple = shapely.coverage_simplify(shapes, _SIMPLIFY_DEGREES).tolist() if shapes else []
    found = [
        {"adcode": row["adcode"], "name": row["name"], "level": "county", "parent": row["city"] or row["province"],
         "geom": _multi(shape)}
        for row, shape in zip(counties, simple, strict=True)
    ]  # fmt: skip
    for level, around in (("city", "province"), ("province", None)):
        members: dict[str, list[BaseGeometry]] = {}
        for row, shape in zip(counties, simple, strict=True):
            if row[level]:
                members.setdefault(row[level], []).append(shape)
        names = {row[level]: row for row in counties}
        found += [
            {"adcode": code, "name": names[code][f"{level}_name"], "level": level,
             "parent": names[code][around] if around else COUNTRY, "geom": _multi(shapely.union_all(parts))}
            for code, parts in sorted(members.items())
        ]  # fmt: skip
    return [{**row, "fid": number} for number, row in enumerate(sorted(found, key=lambda row: row["adcode"]), 1)]


def _multi(shape: BaseGeometry) -> MultiPolygon:
    return shape if isinstance(shape, MultiPolygon) else MultiPolygon([shape])


# --- ranking ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One area in a ranking.

    Attributes
    ----------
    adcode, name, level, parent
        The area, and the code of the one around it.
    rank
        1 for the first; areas of the same figure share a rank.
    counties
        Counties that its figures are summed over.
    people
        All.
    certain, located, possible
        People within reach: wherever the facilities stand within what is known of them, as they are located, at best.
    gap_people
        People not within reach, as located.
    gaps
        Pieces in which they live; None where they were not counted for that year.
    kinds_certain, kinds_located, kinds_possible
        Kinds within a person's reach on average; None but for all kinds together.
    methods
        How distances were measured, each once.
    fallback
        Counties that have no network although others of the run have one; straight lines stand for it.
    """

    adcode: str
    name: str
    level: str
    parent: str
    rank: int
    counties: int
    people: float
    certain: float
    located: float
    possible: float
    gap_people: float
    gaps: int | None
    kinds_certain: float | None
    kinds_located: float | None
    kinds_possible: float | None
    methods: tuple[str, ...]
    fallback: int

    def share(self, bound: str = "located") -> float | None:
        """Give the covered share of the people, 0 to 1; None where there is nobody."""
        return float(getattr(self, bound)) / self.people if self.people > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a summary can be asked for.

    Attributes
    ----------
    categories
        Codes, `ALL` first.
    horizons
        Pairs of horizon and year (None but for ``by_year``), in the order of time.
    provinces
        Code and name of each.
    counties
        How many.
    """

    categories: tuple[str, ...]
    horizons: tuple[tuple[str, int | None], ...]
    provinces: tuple[tuple[str, str], ...]
    counties: int


def offered(connection: Connection) -> Offered | None:
    """Say what the summary can be asked for, found once for each state of the data; None where none was imported.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    """
    return once(connection, "summary-offered", lambda: (_offered(connection),))[0]


def _offered(connection: Connection) -> Offered | None:
    codes = list(connection.execute(select(Summary.category, func.min(Summary.fid)).group_by(Summary.category)).all())
    if not codes:
        return None
    order = sorted(codes, key=lambda row: (row[0] != ALL, row[1]))
    pairs = connection.execute(select(Summary.horizon, Summary.year).distinct()).all()
    provinces = select(RankedArea.adcode, RankedArea.name).where(RankedArea.level == "province")
    return Offered(
        categories=tuple(code for code, _ in order),
        horizons=tuple(
            sorted(((kind, year) for kind, year in pairs), key=lambda pair: (HORIZONS.index(pair[0]), pair[1] or 0))
        ),
        provinces=tuple((code, name) for code, name in connection.execute(provinces.order_by(RankedArea.adcode))),
        counties=connection.scalar(select(func.count(Summary.adcode.distinct()))) or 0,
    )


def ranked_area(connection: Connection, adcode: str) -> tuple[str, str, str, str]:
    """Give code, name, level and parent of an area of the summary.

    Raises
    ------
    NotFoundError
        When there is none of that code.
    """
    found = _known(connection).get(adcode)
    if found is None:
        raise NotFoundError("area", f"汇总中没有行政区 {adcode[:20]!r}", f"the summary has no area {adcode[:20]!r}")
    return (adcode, *found)


def _known(connection: Connection) -> dict[str, tuple[str, str, str]]:
    def find() -> dict[str, tuple[str, str, str]]:
        columns = (RankedArea.adcode, RankedArea.name, RankedArea.level, RankedArea.parent)
        return {code: (name, level, parent) for code, name, level, parent in connection.execute(select(*columns))}

    return once(connection, "summary-areas", find)


def codes(connection: Connection) -> frozenset[str]:
    """Give the codes of every area of the summary."""
    return frozenset(_known(connection))


def ranking(
    connection: Connection,
    *,
    area: str | None = None,
    level: str | None = None,
    category: str = ALL,
    horizon: str = "promised",
    year: int | None = None,
    order: str = "share",
) -> tuple[Ranked, ...]:
    """Rank the areas within one.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    area
        Code of a province or city; None for the whole of the summary.
    level
        One of `LEVELS`; None for the next below `area`, or the provinces.
    category
        Code, or `ALL` for all kinds together.
    horizon, year
        One of the pairs of `Offered.horizons`.
    order
        One of `ORDERS`; with ``-`` before it the least first. ``kinds`` needs `ALL`.

    Returns
    -------
    tuple of Ranked

    Raises
    ------
    InvalidParameterError
        When a value is none of what the summary offers.
    NotFoundError
        When no summary was imported, or it does not hold the area.
    """
    has = offered(connection)
    if has is None:
        raise NotFoundError("summary", "还没有导入全国汇总", "no summary of a national run was imported")
    _among("category", category, has.categories)
    _among("horizon", horizon, HORIZONS)
    if (horizon, year) not in has.horizons:
        years = [str(found) for kind, found in has.horizons if kind == "by_year"]
        raise InvalidParameterError(
            "year", f"汇总中没有 {horizon} {year}", f"the summary has no {horizon} {year}", years
        )
    _among("order", order.removeprefix("-"), ORDERS)
    if order.removeprefix("-") == "kinds" and category != ALL:
        raise InvalidParameterError("order", f"kinds 只用于 category={ALL}", f"kinds is for category={ALL}")
    if area is not None:
        ranked_area(connection, area)
    if level is not None:
        _among("level", level, LEVELS)
    rows = once(
        connection, ("ranking", area, level, category, horizon, year),
        lambda: _ranking(connection, area=area, level=level, category=category, horizon=horizon, year=year),
    )  # fmt: skip
    return _ordered(rows, order)


def _among(field: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise InvalidParameterError(field, f"没有 {value[:40]!r}", f"there is no {value[:40]!r}", allowed)


def _ranking(
    connection: Connection, *, area: str | None, level: str | None, category: str, horizon: str, year: int | None
) -> tuple[Ranked, ...]:
    known = _known(connection)
    query = select(Summary).where(Summary.category == category, Summary.horizon == horizon)
    query = query.where(Summary.year.is_(None) if year is None else Summary.year == year)
    inside = known[area][1] if area is not None else None
    if inside is not None:
        column = {"province": Summary.province, "city": Summary.city, "county": Summary.adcode}[inside]
        query = query.where(column == area)
    wanted = level or {None: "province", "province": "city", "city": "county", "county": "county"}[inside]
    groups: dict[str, list[Any]] = {}
    for row in connection.execute(query.with_only_columns(*Summary.__table__.columns).order_by(Summary.adcode)):
        # A county that stands directly under its province is ranked among the cities.
        code = {"province": row.province, "city": row.city or row.adcode, "county": row.adcode}[wanted]
        groups.setdefault(code, []).append(row)
    return tuple(_sum(code, known[code], rows) for code, rows in sorted(groups.items()))


def _sum(code: str, named: tuple[str, str, str], rows: Sequence[Any]) -> Ranked:
    people = math.fsum(row.people for row in rows)

    def mean(name: str) -> float | None:
        values = [(getattr(row, name), row.people) for row in rows]
        if any(value is None for value, _ in values) or people <= 0:
            return None
        return math.fsum(value * weight for value, weight in values) / people

    def total(name: str) -> float:
        return math.fsum(getattr(row, name) for row in rows)

    gaps = [row.gaps for row in rows]
    return Ranked(
        adcode=code, name=named[0], level=named[1], parent=named[2], rank=0, counties=len(rows), people=people,
        certain=total("certain"), located=total("located"), possible=total("possible"), gap_people=total("gap_people"),
        gaps=None if any(gap is None for gap in gaps) else sum(gaps), kinds_certain=mean("kinds_certain"),
        kinds_located=mean("kinds_located"), kinds_possible=mean("kinds_possible"),
        methods=tuple(sorted({row.method for row in rows})), fallback=sum(bool(row.fallback) for row in rows),
    )  # fmt: skip


def _ordered(rows: Iterable[Ranked], order: str) -> tuple[Ranked, ...]:
    name = order.removeprefix("-")
    figures: Mapping[str, Any] = {
        "share": Ranked.share,
        "gap_people": lambda row: row.gap_people,
        "people": lambda row: row.people,
        "kinds": lambda row: row.kinds_located,
        "adcode": lambda row: row.adcode,
    }
    figure = figures[name]
    known = [row for row in rows if figure(row) is not None]
    ascending = order.startswith("-") != (name == "adcode")
    # Sorted twice: areas of the same figure keep the order of their codes either way.
    ordered = sorted(sorted(known, key=lambda row: row.adcode), key=figure, reverse=not ascending)
    ranked: list[Ranked] = []
    for place, row in enumerate(ordered, 1):
        same = bool(ranked) and figure(ranked[-1]) == figure(row)
        ranked.append(replace(row, rank=ranked[-1].rank if same else place))
    last = len(ranked) + 1
    return (*ranked, *(replace(row, rank=last) for row in rows if figure(row) is None))


def shapes(connection: Connection, codes: Iterable[str]) -> dict[str, BaseGeometry]:
    """Give the simplified boundaries of areas of the summary, WGS 84 degrees, by code.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    codes
        Which.
    """
    wanted = tuple(codes)
    query = select(RankedArea.adcode, RankedArea.geom).where(RankedArea.adcode.in_(wanted))
    return {code: shape for code, shape in connection.execute(query) if shape is not None}
