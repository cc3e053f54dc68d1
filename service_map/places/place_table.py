"""Tables and layers of places that a user brings, of a stated datum, checked row by row.

Nothing is guessed: a table says its datum, each row that cannot be used is reported by its number, and what comes back
is either every row or the list of what is wrong.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from service_map import io
from service_map.catalogue.adcode import county_of, township_of
from service_map.errors import Fault, InvalidParameterError
from service_map.io import Asked, Batch, Problem, wgs84_to_gcj02
from service_map.places.extent import cell_radii, farthest, within_radius
from service_map.places.gazetteer import Gazetteer, NamedPlace

COLUMNS = {column: column for column in ("code", "name", "level", "radius_m")}
"""The columns of a table of places, and their entries in ``columns.toml``."""

LEVEL_WORDS: Mapping[str, tuple[str, ...]] = {
    "township": ("township", "乡镇", "镇", "乡", "街道", "街道办事处"),
    "village": ("village", "村", "社区", "行政村", "自然村"),
    "street": ("street", "道路", "路", "街"),
    "landmark": ("landmark", "地标", "片区"),
}
"""Levels of place that a table may hold, and what it may call them."""

# Coordinates of China, with a margin: what lies outside it but inside when turned round was swapped.
CHINA = (72.0, 138.0, 0.8, 56.0)
# Boundaries are generalised by up to this much, so a point so near the boundary is let in with a warning.
BOUNDARY_M = 1000.0
_NEAR_SEAT_M = 3000.0
# A landmark that reaches no farther than this is a spot that stands for what is at it.
_SPOT_M = 300.0
_LEAST_KNOWN, _LEAST_SEATS = 3, 20
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table or layer.

    Attributes
    ----------
    number, where
        Its number, and the file, with its sheet or layer.
    cells
        Its texts, by column.
    lon, lat, shape
        Its point and its line or polygon, WGS 84 degrees, where it has them.
    accuracy_m
        Metres by which the turning into WGS 84 may be wrong.
    """

    number: int
    cells: Mapping[str, str]
    lon: float | None
    lat: float | None
    shape: BaseGeometry | None = None
    accuracy_m: float = 0.0
    where: str = ""

    def problem(self, column: str, zh: str, en: str) -> Problem:
        """Make what is wrong with it."""
        return Problem(row=self.number, column=column, zh=zh, en=en, where=self.where)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceImport:
    """What `import_places` found.

    Attributes
    ----------
    read
        Rows in the table.
    places
        The rows as named places; none when there is a problem, because nothing is half imported, unless bad rows
        were to be skipped.
    problems
        Rows that cannot be used.
    warnings
        What may be wrong and does not stop the import.
    """

    read: int
    places: tuple[NamedPlace, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def read_rows(
    path: Path,
    columns: Mapping[str, str],
    asked: Asked,
    *,
    required: Sequence[str] = (),
    shapes: bool = False,
    blank: bool = False,
) -> tuple[list[Row], list[Problem], list[Problem]]:
    """Read a table of points, or of lines and polygons too.

    Parameters
    ----------
    path, columns, asked, required
        As for `service_map.io.read`; a datum must be known.
    shapes
        Take lines and polygons; the point of such a row is that of its own columns, or none. Otherwise they are
        problems of their rows.
    blank
        Take a table without a row.

    Returns
    -------
    rows : list of Row
        In the file's order. A row whose point is wrong has none.
    problems : list of Problem
    warnings : list of Problem
        What is unsure about the whole of it.

    Raises
    ------
    InvalidParameterError
        When the datum is not stated or not known, or the file cannot be read at all.
    """
    rows: list[Row] = []
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for batch in io.read(path, columns, asked, required=required, rows=not blank):
        if not rows and (doubt := unsure(batch)) is not None:
            warnings.append(doubt)
        faults = place_faults(batch)
        for index, number in enumerate(batch.numbers):
            lon, lat = batch.lonlat[index].tolist()
            shape, fault = batch.shape(index), faults[index]
            if shape is not None and not shapes:
                fault = batch.problem(index, "lon, lat", "应为点，不是线或面", "takes a point, no line or polygon")
            elif shape is not None and fault is None:
                lon, lat = (math.nan, math.nan) if batch.said is None else batch.said[index].tolist()
            there = fault is None and math.isfinite(lon) and math.isfinite(lat)
            problems += [fault] if fault is not None else []
            rows.append(
                Row(
                    number=number, cells={column: texts[index] for column, texts in batch.cells.items()},
                    lon=lon if there else None, lat=lat if there else None, shape=shape,
                    accuracy_m=float(batch.accuracy_m[index]), where=batch.where,
                )
            )  # fmt: skip
    return rows, problems, warnings


def place_faults(batch: Batch) -> list[Problem | None]:
    """Say what is wrong with the place of each row of a batch, which must lie in China."""
    faults: list[Problem | None] = [None] * len(batch)
    west, east, south, north = CHINA
    fine: NDArray[np.bool_] = np.all((batch.lonlat >= (west, south)) & (batch.lonlat <= (east, north)), axis=1)
    for index in range(len(batch)) if batch.nested else np.flatnonzero(~fine).tolist():
        lon, lat = batch.lonlat[index].tolist()
        faults[index] = batch.fault(index)
        if faults[index] is None and not fine[index]:
            turned = west <= lat <= east and south <= lon <= north
            zh, en = Fault(f"不在中国范围内：{lon:g}, {lat:g}", f"lies outside China: {lon:g}, {lat:g}")
            if turned:
                zh, en = Fault("经纬度写反了", "longitude and latitude are swapped")
            faults[index] = batch.problem(index, "lon, lat", zh, en)
    for index in batch.faults:
        faults[index] = batch.fault(index)
    return faults


def unsure(batch: Batch) -> Problem | None:
    """Say that the turning into WGS 84 is only roughly known, where it is."""
    if not batch.accuracy_m.any():
        return None
    return Problem(row=0, column="", zh=batch.frame.told.zh, en=batch.frame.told.en, where=batch.where)


def import_places(
    path: Path,
    *,
    datum: str | None,
    source: str,
    licence: str,
    gazetteer: Gazetteer,
    columns: Mapping[str, str] | None = None,
    crs: str | None = None,
    layer: str | None = None,
    skip_bad: bool = False,
) -> PlaceImport:
    """Check a table of townships, villages, streets or landmarks: rows of `service_map.places.gazetteer.read_places`.

    ==============  ============================================  ==================================================
    level           code                                          point and radius
    ==============  ============================================  ==================================================
    ``township``    nine digits                                   its office; a polygon brings its true reach from
                                                                  there, and may leave the office to what is known
    ``village``     twelve digits, or the township's or county's  a point, or a polygon
    ``street``      the township's or county's                    a line, or a point and ``radius_m``
    ``landmark``    the township's or county's                    a polygon, or a point and ``radius_m``
    ==============  ============================================  ==================================================

    Parameters
    ----------
    path
        As for `read_rows`, shapes too. ``level`` is one of the words of `LEVEL_WORDS`; where a row says none, a code of
        nine digits is a township's and one of twelve a village's. ``radius_m`` goes before any estimate. A place
        without a code that is no township lies in the county that holds its point.
    datum, crs, layer, columns
        As `service_map.io.Asked` has them.
    source, licence
        Whose table it is and under what terms; shown beside every point.
    gazetteer
        What `load_gazetteer` returned: the counties that the places must lie in.
    skip_bad
        Import the other rows although some cannot be used.

    Returns
    -------
    PlaceImport
        A township or village without a polygon has the reach that `service_map.places.extent.cell_radii` estimates
        from its neighbours in the table.

    Raises
    ------
    InvalidParameterError
        As `read_rows`, and when source or licence is empty.
    """
    for field, value in (("source", source), ("licence", licence)):
        if not value.strip():
            raise InvalidParameterError(field, "应说明", "must be stated")
    asked = Asked(datum=datum, crs=crs, layer=layer, columns=columns or {})
    rows, problems, remarks = read_rows(path, COLUMNS, asked, required=("name",), shapes=True)
    bad = {problem.row for problem in problems}
    seen: dict[str, int] = {}
    found: list[_Found] = []
    for given in rows:
        row = _with_county(given, gazetteer)
        made = _found(row, seen, gazetteer)
        if isinstance(made, _Found) and row.number not in bad:
            problem, warning = outside(replace(row, lon=made.lon, lat=made.lat), county_of(made.code), gazetteer)
            remarks += [warning] if warning is not None else []
            if problem is None:
                found.append(made)
            else:
                made = problem
        if isinstance(made, Problem):
            problems.append(made)
            bad.add(row.number)
    shift = detect_shift([(made.code, made.lon, made.lat) for made in found], gazetteer)
    remarks += [shift] if shift is not None else []
    places = () if problems and not skip_bad else tuple(_named_places(found, source, licence, gazetteer))
    problems.sort(key=lambda problem: (problem.row, problem.column))
    return PlaceImport(read=len(rows), places=places, problems=tuple(problems), warnings=tuple(remarks))


def detect_shift(points: Sequence[tuple[str, float, float]], gazetteer: Gazetteer) -> Problem | None:
    """Notice coordinates that are all shifted like GCJ-02, or all shifted back.

    Where the table holds three or more areas whose point is known already, their displacements are compared with the
    shift at each; else, in 20 or more counties, the point nearest the county's seat, whose displacements scatter round
    zero when the datum is right. The warning is given when the median displacement along the shift is over half of it.

    Parameters
    ----------
    points
        Code, longitude and latitude of each, as WGS 84 degrees.
    gazetteer
        Known points and seats.

    Returns
    -------
    Problem or None
        With row 0.
    """
    known = [(gazetteer.point(code), (lon, lat)) for code, lon, lat in points if code in gazetteer.rows]
    pairs = [(reference, point) for reference, point in known if reference is not None]
    if len(pairs) < _LEAST_KNOWN:
        return shift_warning(nearest_to_seats(points, gazetteer))
    return _shift(pairs)


def shift_warning(pairs: Sequence[tuple[tuple[float, float], tuple[float, float]]]) -> Problem | None:
    """Notice a shift from pairs of a county's seat and the table's point nearest to it; None from under 20 counties."""
    return _shift(pairs) if len(pairs) >= _LEAST_SEATS else None


def _shift(pairs: Iterable[tuple[tuple[float, float], tuple[float, float]]]) -> Problem | None:
    along = float(np.median(_along_shift(pairs)))
    if along > 0.5:
        return Problem(
            row=0,
            column="",
            zh="全表的点都向 GCJ-02 的方向偏移：坐标系可能是 GCJ02，而不是所声明的",
            en="all points are shifted the way GCJ-02 is: the datum may be GCJ02 and not what was stated",
        )
    if along < -0.5:
        return Problem(
            row=0,
            column="",
            zh="全表的点都向 GCJ-02 的反方向偏移：坐标可能本来就是 WGS84",
            en="all points are shifted against the way GCJ-02 is: the coordinates may have been WGS84 already",
        )
    return None


def nearest_to_seats(
    points: Iterable[tuple[str, float, float]], gazetteer: Gazetteer
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Pair the seat of each county with the point nearest to it, where that is near; points as for `detect_shift`."""
    inside: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for code, lon, lat in points:
        inside[county_of(code)].append((lon, lat))
    pairs = []
    for county, found in inside.items():
        seat = gazetteer.point(county) if county in gazetteer.rows else None
        if seat is not None:
            metres = [_GEOD.inv(*seat, *point)[2] for point in found]
            nearest = int(np.argmin(metres))
            if metres[nearest] <= _NEAR_SEAT_M:
                pairs.append((seat, found[nearest]))
    return pairs


def _along_shift(pairs: Iterable[tuple[tuple[float, float], tuple[float, float]]]) -> NDArray[np.float64]:
    """Displacement of each point from its reference, along the GCJ-02 shift there, as a share of that shift."""
    shares = []
    for reference, point in pairs:
        azimuth, _, shift = _GEOD.inv(*reference, *wgs84_to_gcj02(*reference))
        toward, _, metres = _GEOD.inv(*reference, *point)
        shares.append(metres * math.cos(math.radians(toward - azimuth)) / shift)
    return np.array(shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A row that is sound: what it is, where it stands, and how far it reaches as far as the row says."""

    name: str
    code: str
    level: str
    lon: float
    lat: float
    radius_m: float | None

    @property
    def area(self) -> str:
        """Code of the narrowest area that certainly holds it: its township, or its county where no code says which."""
        return township_of(self.code)


def _named_places(found: Iterable[_Found], source: str, licence: str, gazetteer: Gazetteer) -> Iterator[NamedPlace]:
    beside: dict[tuple[str, str], list[_Found]] = defaultdict(list)
    for made in found:
        beside[made.level, county_of(made.code)].append(made)
    for (level, county), group in beside.items():
        reaches = [made.radius_m for made in group]
        if None in reaches:
            lonlat = np.array([[made.lon, made.lat] for made in group], dtype=np.float64)
            cells = cell_radii(lonlat, gazetteer.geometry(county)).tolist()
            reaches = [cell if reach is None else reach for reach, cell in zip(reaches, cells, strict=True)]
        for made, reach in zip(group, reaches, strict=True):
            if level == "village" and made.radius_m is None and made.area in gazetteer.rows:
                office, around = gazetteer.point(made.area), gazetteer.extent(made.area)
                if office is not None and around is not None:
                    reach = within_radius((made.lon, made.lat), reach or 0.0, office, around)  # noqa: PLW2901
            metres = math.ceil((reach or 0.0) / 100.0) * 100.0
            # A quarter is no spot: what is said to be in it may be anywhere in it.
            wide = level == "landmark" and metres > _SPOT_M
            yield NamedPlace(
                name=made.name, adcode=made.area, level=level, parent=county, lon=round(made.lon, 7),
                lat=round(made.lat, 7), radius_m=metres,
                kind="office" if level == "township" else "approximate" if wide else "site", source=source,
                licence=licence,
            )  # fmt: skip


def _with_county(row: Row, gazetteer: Gazetteer) -> Row:
    """Give a place without a code the county of its point; a township's own code is nobody's guess."""
    if row.cells.get("code") or row.cells.get("level", "") in ("", *LEVEL_WORDS["township"]):
        return row
    lon, lat = row.lon, row.lat
    if lon is None or lat is None:
        lon, lat = (math.nan, math.nan) if row.shape is None else _on(row.shape)
    county = gazetteer.county_at(lon, lat) if math.isfinite(lon) and math.isfinite(lat) else None
    return row if county is None else replace(row, cells={**row.cells, "code": county})


def _found(row: Row, seen: dict[str, int], gazetteer: Gazetteer) -> _Found | Problem:
    """Check a row but for whether its point lies in its county."""
    code, name, reach = (row.cells.get(column, "") for column in ("code", "name", "radius_m"))
    words = row.cells.get("level", "")
    usual = {9: "township", 12: "village"}.get(len(code), "")
    level = next((level for level, known in LEVEL_WORDS.items() if words in known), "") if words else usual
    lengths = {"township": (9,), "village": (6, 9, 12), "": (9, 12)}.get(level, (6, 9))
    digits = tuple(map(str, lengths))
    checks = (
        ("level", bool(level) or not words, *Fault(f"应为 {'、'.join(LEVEL_WORDS)}，现为 {words[:20]!r}",
         f"must be one of {', '.join(LEVEL_WORDS)}, not {words[:20]!r}")),
        ("code", bool(level) and code.isascii() and code.isdigit() and len(code) in lengths,
         *Fault(f"应为 {'、'.join(digits)} 位代码，现为 {code[:20]!r}",
         f"must have {' or '.join(digits)} digits, not {code[:20]!r}")),
        ("name", bool(name), *Fault("为空", "is empty")),
        ("radius_m", not reach or re.fullmatch(r"\d{1,6}(?:\.\d+)?", reach),
         *Fault("应为米数", "must be a number of metres")),
        ("code", gazetteer.geometry(county_of(code)) is not None, *Fault(f"没有代码为 {county_of(code)} 的县区",
         f"no county has the code {county_of(code)}")),
    )  # fmt: skip
    fault = next(((column, zh, en) for column, fine, zh, en in checks if not fine), None)
    if fault is not None:
        return row.problem(*fault)
    mark = code if level == "township" else f"{level}:{code}:{name}"
    first = seen.setdefault(mark, row.number)
    if first != row.number:
        zh, en = Fault(f"与第 {first} 行重复：{mark}", f"stands in row {first} too: {mark}")
        return row.problem("code", zh, en)
    return _placed(row, level, gazetteer)


def _placed(row: Row, level: str, gazetteer: Gazetteer) -> _Found | Problem:
    """Give a sound row its point and its reach."""
    code, shape = row.cells["code"], row.shape
    point = None if row.lon is None or row.lat is None else (row.lon, row.lat)
    if point is None and shape is not None:
        # A township's office, where one is known: a polygon's own middle is no seat.
        office = gazetteer.point(code) if code in gazetteer.rows else None
        point = office if level == "township" else _on(shape)
        if point is None:
            zh, en = Fault(
                "乡镇的面没有驻地：请加经度、纬度两列，或先导入驻地",
                "has no office: add columns lon and lat, or import offices",
            )
            return row.problem("lon, lat", zh, en)
    lon, lat = point or (0.0, 0.0)  # a row without either is a problem already
    said = row.cells.get("radius_m", "")
    reach = float(said) if said else None
    if reach is None and shape is not None:
        reach = farthest((lon, lat), shape)
    if reach is None and level in ("street", "landmark"):
        zh, en = Fault("应写明半径，或以线、面给出", "must be stated, or the place be given as a line or polygon")
        return row.problem("radius_m", zh, en)
    reach = reach if reach is None else reach + math.ceil(row.accuracy_m)
    return _Found(name=row.cells["name"], code=code, level=level, lon=lon, lat=lat, radius_m=reach)


def _on(shape: BaseGeometry) -> tuple[float, float]:
    line = shape.geom_type == "LineString"
    middle = shape.interpolate(0.5, normalized=True) if line else shapely.point_on_surface(shape)
    return middle.x, middle.y


def outside(row: Row, area: str, gazetteer: Gazetteer) -> tuple[Problem | None, Problem | None]:
    """Say whether a row's point lies outside the area it belongs to.

    Parameters
    ----------
    row
        With a point.
    area
        Code of the area; of a township its county is taken, because its own boundary is not known.
    gazetteer
        What `load_gazetteer` returned.

    Returns
    -------
    problem, warning
        At most one of them: a problem when the point is over 1 km outside, a warning when it is nearer, because the
        boundaries are generalised by so much.
    """
    metres = metres_outside(row.lon or 0.0, row.lat or 0.0, area, gazetteer)
    if metres == 0:
        return None, None
    name = gazetteer.rows[county_of(area)].name
    found = row.problem(
        "lon, lat", f"点在 {name} 之外 {metres:.0f} 米", f"the point lies {metres:.0f} m outside {name}"
    )
    return (found, None) if metres > BOUNDARY_M else (None, found)


def metres_outside(lon: float, lat: float, adcode: str, gazetteer: Gazetteer) -> float:
    """Measure how far a point lies outside an area.

    Parameters
    ----------
    lon, lat
        WGS 84 degrees.
    adcode
        Code of an area; of a township its county is taken, because its own boundary is not known.
    gazetteer
        What `load_gazetteer` returned.

    Returns
    -------
    float
        Geodesic metres to the boundary, 0 inside.
    """
    boundary = gazetteer.geometry(county_of(adcode))
    if boundary is None:
        return 0.0
    shapely.prepare(boundary)
    if shapely.intersects_xy(boundary, lon, lat):
        return 0.0
    nearest = shapely.get_coordinates(shapely.shortest_line(shapely.Point(lon, lat), boundary))[1]
    return float(_GEOD.inv(lon, lat, *nearest)[2])
