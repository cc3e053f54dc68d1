"""What a caller brings: people at points or in cells, census figures, a polygon, places for new ones, ways to walk.

Every reader refuses what no honest answer can come from, in words that name the field and the row, and every demand
says in a sentence what it stands on and what was left out or assumed.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from service_map import coverage, io
from service_map.analysis.scenario import CAPACITIES, Own, mend
from service_map.catalogue.adcode import prefix
from service_map.catalogue.messages import Sentence, message, sentence
from service_map.coverage import Demand, Network
from service_map.errors import Fault, GeodataError, InvalidParameterError
from service_map.io import Asked, Batch, Source
from service_map.io.text import text_rows
from service_map.places.planned_list import STATUS_WORDS, is_year, status_of

Floats = NDArray[np.float64]
_Made = TypeVar("_Made")

MOST_ROWS = 5_000_000
"""Most points of a demand file."""

RASTERS = (".tif", ".tiff", ".vrt", ".img", ".asc")
NETWORKS = (".pbf", ".osm", ".npz", ".csv", ".parquet")

_OWN = {
    column: column for column in ("category", "name", "status", "year", "uncertainty_m", *CAPACITIES)
}  # fmt: skip
_LONGEST_NAME = 200


def read_demand(
    given: Path | Source,
    asked: Asked | None = None,
    *,
    area: BaseGeometry | None = None,
    band: int | None = None,
    most: int = MOST_ROWS,
    called: str = "demand",
) -> Demand:
    """Read who is to be served from a file.

    Parameters
    ----------
    given
        A population raster (`RASTERS`, needs rasterio), or points or polygons (`service_map.io.FORMS`); a polygon's
        people live at a point on it. Columns ``people``, and ``people_NAME`` for age groups; without people each point
        counts one person.
    asked
        What is said of a table or layer; without a datum WGS 84 is taken, and the demand says so.
    area
        Polygon in WGS 84; what lies outside is left out, and the demand says how much.
    band
        Of a raster; None for the only one.
    most
        Most rows of a table or layer.
    called
        What the user calls the file, for errors.

    Returns
    -------
    Demand

    Raises
    ------
    InvalidParameterError
        When the file is none of the forms, a column is missing, or a row cannot be used; the message names the row.
    GeodataError
        When a raster cannot be read or has no CRS, or rasterio is not installed.
    """
    if isinstance(given, Path) and given.suffix.lower() in RASTERS:
        _there(given, RASTERS, called)
        return coverage.raster(given, area=area, band=band)
    batches = _batches(given, {"people": "people"}, asked, families=("people",), most=most, called=called)
    for batch in batches:
        lines: NDArray[np.int64] = np.flatnonzero(
            shapely.get_dimensions(() if batch.shapes is None else batch.shapes) == 1
        )
        if len(lines):
            zh, en = Fault("应为点或面，不是线", "takes a point or polygon, no line")
            raise batch.refuse(int(lines[0]), "geometry", zh, en, field=called)
    counted = "people" in batches[0].cells
    names = [name for name in batches[0].cells if name.startswith("people_")]
    found = coverage.points(
        np.concatenate([batch.lonlat for batch in batches]),
        _column(batches, "people", called) if counted else 1.0,
        groups={name.removeprefix("people_"): _column(batches, name, called) for name in names},
    )
    if not counted:
        found = noted(found, sentence("没有人口列，每点按 1 人计"))
    found = noted(found, batches[0].frame.told)
    return found if area is None else clip(found, area)


def clip(demand: Demand, area: BaseGeometry) -> Demand:
    """Keep the demand that lies in an area; its sentence says what was left out.

    Parameters
    ----------
    demand
        Who is to be served.
    area
        Valid polygon in WGS 84.

    Returns
    -------
    Demand

    Raises
    ------
    InvalidParameterError
        When there was demand and all of it lies outside.
    """
    if not len(demand.lonlat):
        return demand
    shapely.prepare(area)
    inside = shapely.intersects_xy(area, demand.lonlat[:, 0], demand.lonlat[:, 1])
    if not inside.any():
        raise InvalidParameterError(
            "demand",
            f"{len(inside)} 个需求点都不在所问的区域内",
            f"all {len(inside)} demand points lie outside the area asked about",
        )
    kept = replace(
        demand,
        lonlat=demand.lonlat[inside],
        amount=demand.amount[inside],
        groups={name: of[inside] for name, of in demand.groups.items()},
    )
    out = int((~inside).sum())
    if not out:
        return kept
    lost = float(demand.amount[~inside].sum())
    return noted(kept, sentence("区域外的 %(count)d 点（%(people).0f 人）未计入", count=out, people=lost))


def read_census(
    given: Path | Source,
    zones: Mapping[str, BaseGeometry],
    *,
    homes: Mapping[str, Floats] | None = None,
    built: BaseGeometry | None = None,
    seats: Mapping[str, tuple[float, float]] | None = None,
    asked: Asked | None = None,
) -> Demand:
    """Read census figures by county or township and spread them.

    Parameters
    ----------
    given
        A table of one of `service_map.io.FORMS` with the columns ``adcode`` and ``people``, and ``people_NAME`` for age
        groups.
    zones
        Boundary of each area by its code, WGS 84.
    homes
        WGS 84 degrees of residential communities by code, shape (n, 2).
    built
        Built-up land, WGS 84 (`read_built`).
    seats
        WGS 84 degrees of the seat of areas without a boundary (townships), by code.
    asked
        Which sheet or column is meant, where that is open.

    Returns
    -------
    Demand
        People of an area are spread over its built-up land in proportion to the land where `built` has some in it; else
        evenly over its communities; else evenly over its land, by cells; those of an area without a boundary stand at
        its seat. Age groups are spread alike. The sentence says how many areas were spread in which way, and how many
        people live in areas that are not known here, who are left out.

    Raises
    ------
    InvalidParameterError
        When the file cannot be read, a column is missing, a row cannot be used, or one area of it holds another.
    """
    batches = _batches(
        given, {"adcode": "code", "people": "people"}, asked, required=("adcode", "people"), families=("people",),
        place=False, called="census",
    )  # fmt: skip
    codes = [code for batch in batches for code in batch.cells["adcode"]]
    _refuse_overlap(codes)
    counted = _column(batches, "people", "census")
    names = [name for name in batches[0].cells if name.startswith("people_")]
    groups = {name.removeprefix("people_"): _column(batches, name, "census") for name in names}
    lonlat, zone, weight, unknown = [], [], [], 0.0
    ways = dict.fromkeys(_SPREADS, 0)
    for row, value in enumerate(codes):
        found_at = _lived_in(value, zones, homes or {}, built, seats or {})
        if found_at is None:
            unknown += counted[row]
            continue
        way, points, share = found_at
        ways[way] += 1
        lonlat.append(points)
        weight.append(share)
        zone.append(np.full(len(points), row))
    if not lonlat:
        raise InvalidParameterError(
            "census", "其中的代码都不是所问区域的行政区", "none of its codes is an area of the question"
        )
    found = coverage.spread(
        np.concatenate(lonlat), np.concatenate(zone), counted, weight=np.concatenate(weight), groups=groups
    )
    done = [sentence(_SPREADS[way], count=count) for way, count in ways.items() if count]
    listed = reduce(lambda first, then: sentence("%(first)s、%(then)s", first=first, then=then), done)
    told = sentence("普查人口分到各处：%(ways)s", ways=listed)
    if unknown:
        told = told.also(sentence("不在区域内的 %(people).0f 人未计入", people=unknown))
    return replace(found, told=told)


_SPREADS: Mapping[str, str] = {
    "built": message("%(count)d 个行政区按建成区面积分摊"),
    "homes": message("%(count)d 个行政区平均分到在册居住小区"),
    "land": message("%(count)d 个行政区平均铺在土地上"),
    "seat": message("%(count)d 个没有边界的行政区放在驻地"),
}


def _refuse_overlap(codes: Sequence[str]) -> None:
    seen: set[str] = set()
    for value in codes:
        if value in seen:
            raise InvalidParameterError("census", f"{value} 出现两次", f"{value} stands twice")
        seen.add(value)
    starts = {prefix(value): value for value in codes}
    for value in codes:
        own = prefix(value)
        around = (own[:length] for length in (2, 4, 6) if length < len(own))
        outer = next((starts[start] for start in around if start in starts), None)
        if outer is not None:
            raise InvalidParameterError(
                "census", f"{outer} 已含 {value}，人口会算两遍", f"{outer} holds {value}: people would count twice"
            )


def _lived_in(
    code: str,
    zones: Mapping[str, BaseGeometry],
    homes: Mapping[str, Floats],
    built: BaseGeometry | None,
    seats: Mapping[str, tuple[float, float]],
) -> tuple[str, Floats, Floats] | None:
    """Say how an area's people are spread, over which points, and the share of each."""
    zone = zones.get(code)
    if zone is None:
        return ("seat", np.array([seats[code]], dtype=np.float64), np.ones(1)) if code in seats else None
    if built is not None:
        ground = shapely.intersection(built, zone)
        parts = shapely.get_parts(ground)
        ground = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
        if not ground.is_empty:
            cells = coverage.land(ground, cells=2_000)
            return "built", cells.lonlat, cells.amount
    known = homes.get(code)
    if known is not None and len(known):
        return "homes", known, np.ones(len(known))
    cells = coverage.land(zone, cells=2_000)
    return "land", cells.lonlat, cells.amount


def read_built(given: Path | Source, asked: Asked | None = None) -> BaseGeometry:
    """Read built-up land.

    Parameters
    ----------
    given
        A layer of polygons.
    asked
        As for `read_demand`.

    Returns
    -------
    Polygon or MultiPolygon
        Valid; what crosses itself is mended.

    Raises
    ------
    InvalidParameterError
        When the file cannot be read or holds no polygon.
    """
    return shapely.union_all([coverage.usable_area(part)[0] for part in _surfaces(given, asked, "built")])


def read_polygon(given: Path | Source, asked: Asked | None = None) -> BaseGeometry:
    """Read where a question is asked.

    Parameters
    ----------
    given
        A layer of polygons.
    asked
        As for `read_demand`.

    Returns
    -------
    Polygon or MultiPolygon
        As it is given; `service_map.analysis.region` mends what crosses itself and says so.

    Raises
    ------
    InvalidParameterError
        When the file cannot be read or holds no polygon.
    """
    parts = _surfaces(given, asked, "polygon")
    return parts[0] if len(parts) == 1 else shapely.union_all([coverage.usable_area(part)[0] for part in parts])


def _surfaces(given: Path | Source, asked: Asked | None, called: str) -> list[BaseGeometry]:
    batches = _batches(given, {}, asked, called=called)
    shapes = [batch.shape(index) for batch in batches for index in range(len(batch))]
    found = [one for one in shapes if one is not None and shapely.get_dimensions(one) == 2]
    if not found:
        where = batches[0].where
        raise InvalidParameterError(called, f"{where} 中没有多边形", f"{where} holds no polygon")
    return found


def read_places(given: Path | Source, asked: Asked | None = None) -> Floats:
    """Read where a new facility may be.

    Parameters
    ----------
    given
        Points or polygons (`service_map.io.FORMS`); a point on a polygon stands for it.
    asked
        As for `read_demand`.

    Returns
    -------
    ndarray of float64, shape (p, 2)
        WGS 84 degrees.

    Raises
    ------
    InvalidParameterError
        As for `read_demand`.
    """
    return np.concatenate([batch.lonlat for batch in _batches(given, {}, asked, called="places")])


def read_facilities(
    given: Path | Source, asked: Asked | None = None, *, most: int = MOST_ROWS, called: str = "facilities"
) -> tuple[Own, ...]:
    """Read a caller's own facilities.

    Parameters
    ----------
    given
        Points, lines or polygons (`service_map.io.FORMS`), with the columns ``category`` (a code), ``name``,
        ``status`` (a word of `service_map.places.planned_list.STATUS_WORDS`), ``year``, ``uncertainty_m``, ``capacity``
        (places or seats) and ``beds`` where they are known; an empty cell says nothing.
    asked
        As for `read_demand`.
    most, called
        Most rows, and what the user calls the file.

    Returns
    -------
    tuple of Own
        `service_map.analysis.with_own` makes a ground of them.

    Raises
    ------
    InvalidParameterError
        When the file or a row cannot be used.
    """
    found: list[Own] = []
    for batch in _batches(given, _OWN, asked, most=most, called=called):
        doubts, *held = (_amounts(batch, name, called) for name in ("uncertainty_m", *CAPACITIES))
        statuses = _words(batch, "status", status_of, *_STATUS_IS, called=called)
        years = _words(batch, "year", lambda text: int(text) if is_year(text) else None, *_YEAR_IS, called=called)
        for index, (category, name) in enumerate(zip(batch.column("category"), batch.column("name"), strict=True)):
            drawn = batch.shape(index)
            found.append(
                Own(
                    geometry=shapely.Point(batch.lonlat[index]) if drawn is None else mend(drawn),
                    category=category,
                    name=name[:_LONGEST_NAME],
                    status=statuses[index] or "existing",
                    year=years[index],
                    uncertainty_m=(doubts[index] or 0.0) + math.ceil(batch.accuracy_m[index]),
                    **{field: amounts[index] for field, amounts in zip(CAPACITIES, held, strict=True)},
                )
            )
    return tuple(found)


_STATUS_IS = Fault(f"应为 {'、'.join(STATUS_WORDS)} 之一", f"is one of {', '.join(STATUS_WORDS)}")
_YEAR_IS = Fault("应为 1900 到 2199 的年份", "takes a year from 1900 to 2199")


def _batches(
    given: Path | Source,
    columns: Mapping[str, str],
    asked: Asked | None,
    *,
    called: str,
    required: Sequence[str] = (),
    families: Sequence[str] = (),
    place: bool = True,
    most: int = MOST_ROWS,
) -> list[Batch]:
    """Read all of a file that has no bad row, or refuse it by the first."""
    found: list[Batch] = []
    rows = 0
    for batch in io.read(
        given, columns, asked or Asked(), required=required, families=families, place=place, must=False, called=called
    ):
        rows += len(batch)
        if rows > most:
            raise InvalidParameterError(
                called, f"{batch.where} 超过 {most} 行", f"{batch.where} has more than {most} rows"
            )
        for index in range(len(batch)) if batch.nested else sorted(batch.faults):
            fault = batch.fault(index)
            if fault is not None:
                raise batch.refuse(index, fault.column, fault.zh, fault.en, field=called)
        found.append(batch)
    return found


def _column(batches: Iterable[Batch], name: str, called: str) -> Floats:
    """Give a column of amounts, none of which may be missing."""
    found = []
    for batch in batches:
        values = io.numbers(batch.column(name))
        bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
        if len(bad):
            raise _no_amount(batch, int(bad[0]), name, called)
        found.append(values)
    return np.concatenate(found)


def _amounts(batch: Batch, name: str, called: str) -> list[float | None]:
    """Give a column of amounts, None where a cell is empty."""
    found: list[float | None] = []
    for index, text in enumerate(batch.column(name)):
        value = io.number(text) if text else None
        if value is not None and not 0 <= value < math.inf:
            raise _no_amount(batch, index, name, called)
        found.append(value)
    return found


def _no_amount(batch: Batch, index: int, name: str, called: str) -> InvalidParameterError:
    told = batch.column(name)[index][:20]
    zh, en = Fault(f"应为不小于 0 的数，而不是 {told!r}", f"is a number of at least 0, not {told!r}")
    return batch.refuse(index, name, zh, en, field=called)


def _words(
    batch: Batch, name: str, read: Callable[[str], _Made | None], zh: str, en: str, *, called: str
) -> list[_Made | None]:
    """Give what each cell of a column means, None where it is empty."""
    found: list[_Made | None] = []
    for index, text in enumerate(batch.column(name)):
        value = read(text) if text else None
        if text and value is None:
            told = text[:20]
            raise batch.refuse(index, name, f"{zh}：{told!r}", f"{en}, not {told!r}", field=called)
        found.append(value)
    return found


def read_network(path: Path, *, elevation: Path | None = None) -> Network:
    """Read the ways to walk, keeping an extract's as arrays beside it, which load in a fraction of the time.

    Parameters
    ----------
    path
        An OpenStreetMap extract (``.osm.pbf``, ``.osm``), arrays (``.npz``), or a table of edges (``.csv``,
        ``.parquet``) with the columns ``from_lon, from_lat, to_lon, to_lat`` and, where known, ``metres``, ``oneway``
        (1 or 0), and heights: ``from_z`` and ``to_z`` (metres above the sea) or ``rise`` (metres gained from the first
        end to the second). Ends of the same coordinates are one node.
    elevation
        A raster of heights (GeoTIFF; metres), read at the ends of every edge: for an extract, and for a table that has
        no heights itself.

    Returns
    -------
    Network
        Sloped, by Tobler's hiking function, where heights are known.

    Raises
    ------
    InvalidParameterError
        When it is none of these, or a row of the table cannot be used.
    GeodataError
        When it cannot be read.
    """
    _there(path, NETWORKS, "network")
    suffix = path.suffix.lower()
    if elevation is not None:
        _there(elevation, RASTERS, "elevation")
    if suffix == ".npz":
        if elevation is not None:
            raise InvalidParameterError(
                "elevation", "arrays（.npz）已定，不能再加高程", "arrays (.npz) are settled; give it with the extract"
            )
        return coverage.load_network(path)
    if suffix in (".csv", ".parquet"):
        return _edge_table(path, elevation)
    mark = "" if elevation is None else f".{elevation.stem}"
    kept = path.with_name(f"{path.name}{mark}.npz")
    newest = max(file.stat().st_mtime_ns for file in (path, elevation) if file is not None)
    if kept.exists() and kept.stat().st_mtime_ns >= newest:
        try:
            return coverage.load_network(kept)
        except GeodataError:
            kept.unlink(missing_ok=True)  # a damaged copy is made again
    made = coverage.read_osm(path, elevation=elevation)
    try:
        part = kept.with_name(kept.name + ".part.npz")
        coverage.save_network(part, made)
        part.replace(kept)
    except OSError:  # a folder that cannot be written costs only the time saved
        return made
    return made


def _edge_table(path: Path, elevation: Path | None) -> Network:
    columns = _edge_columns(path)
    wanted = ("from_lon", "from_lat", "to_lon", "to_lat")
    missing = [name for name in wanted if name not in columns]
    if missing or not len(columns[wanted[0]]):
        raise InvalidParameterError(
            "network",
            f"路网表缺少列或没有行：{'、'.join(missing)}",
            f"the table of edges lacks {', '.join(missing) or 'rows'}",
        )

    def numbers(name: str) -> Floats | None:
        return _numbers(columns[name], name, "network") if name in columns else None

    ends = np.column_stack([_numbers(columns[name], name, "network") for name in wanted])
    nodes, number = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
    edges = number.ravel().reshape(-1, 2)
    oneway = numbers("oneway")
    lower, upper, rise = numbers("from_z"), numbers("to_z"), numbers("rise")
    if (lower is None) != (upper is None):
        raise InvalidParameterError("network", "from_z 与 to_z 应同时给", "from_z and to_z come together")
    if lower is not None and upper is not None:
        rise = upper - lower
    heights = None
    if rise is None and elevation is not None:
        heights = coverage.sample_heights(elevation, nodes)
    one_way_only = None if oneway is None else oneway > 0
    return coverage.network(nodes, edges, metres=numbers("metres"), oneway=one_way_only, rise=rise, heights=heights)


def _edge_columns(path: Path) -> dict[str, Sequence[Any]]:
    if path.suffix.lower() == ".csv":
        names, rows = _csv_rows(path, "network")
        return dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        _not_too_many(table.num_rows, path, "network")
        plain = [field.name for field in table.schema if not pa.types.is_nested(field.type)]
        return {name: table[name].to_numpy() for name in plain}
    except (OSError, pa.ArrowException) as error:
        raise InvalidParameterError(
            "network", f"{path.name} 读不出：{error}", f"cannot read {path.name}: {error}"
        ) from error


def _there(path: Path, suffixes: Sequence[str], name: str) -> None:
    if path.suffix.lower() not in suffixes:
        raise InvalidParameterError(
            name,
            f"{path.name} 应为 {'、'.join(suffixes)} 之一",
            f"{path.name} must be one of {', '.join(suffixes)}",
            suffixes,
        )
    if not path.is_file():
        raise InvalidParameterError(name, f"没有这个文件：{path}", f"no such file: {path}")


def _csv_rows(path: Path, name: str) -> tuple[list[str], list[list[str]]]:
    """Read a table of edges whole: its heading, and its rows filled up to it."""
    source = Source(name=path.name, path=path)
    with text_rows(source, name, len) as numbered:
        names = [heading.strip() for heading in next(numbered, (1, []))[1]]
        rows = []
        for _, row in numbered:
            rows.append([*row[: len(names)], *[""] * (len(names) - len(row))])
            _not_too_many(len(rows), path, name)
    while rows and not any(cell.strip() for cell in rows[-1]):
        rows.pop()
    return names, rows


def _not_too_many(count: int, path: Path, name: str) -> None:
    if count > MOST_ROWS:
        raise InvalidParameterError(
            name, f"{path.name} 超过 {MOST_ROWS} 行", f"{path.name} has more than {MOST_ROWS} rows"
        )


def _numbers(values: Sequence[Any], column: str, name: str) -> Floats:
    try:
        found = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.array([_number(value) for value in values], dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(found))
    if len(bad):
        raise InvalidParameterError(
            name,
            f"第 {bad[0] + 2} 行的 {column} 不是数：{str(values[bad[0]])[:20]!r}",
            f"row {bad[0] + 2}: {column} is no number: {str(values[bad[0]])[:20]!r}",
        )
    return found


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def noted(demand: Demand, more: Sentence) -> Demand:
    """Add to what a demand says of itself."""
    return replace(demand, told=demand.told.also(more))
