"""Tables of places that a user brings: CSV, GeoJSON or GeoPackage, of a stated datum, checked row by row.

Nothing is guessed: a table says its datum, each row that cannot be used is reported by its number, and what comes back
is either every row or the list of what is wrong.
"""

import csv
import io
import json
import math
import re
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from shapely.geometry.base import BaseGeometry

from service_map.errors import InvalidParameterError
from service_map.io.datum import DATUMS, to_wgs84, wgs84_to_gcj02
from service_map.places.extent import cell_radii, farthest, within_radius
from service_map.places.gazetteer import Gazetteer, NamedPlace

FORMATS = (".csv", ".geojson", ".json", ".gpkg")

COLUMN_NAMES: Mapping[str, tuple[str, ...]] = {
    "code": ("code", "adcode", "code2023", "区划代码", "行政区划代码", "代码"),
    "name": ("name", "名称", "地名", "乡镇名称", "村名"),
    "level": ("level", "级别"),
    "radius_m": ("radius_m", "半径"),
    "lon": ("lon", "lng", "longitude", "lon_wgs84", "经度", "x"),
    "lat": ("lat", "latitude", "lat_wgs84", "纬度", "y"),
}
"""What a column may be called, first come first served."""

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
class Problem:
    """What is wrong with one row.

    Attributes
    ----------
    row
        Its number: in a CSV file that of the line a spreadsheet shows (the heading is row 1), else the feature's from
        1; 0 for the table as a whole.
    column
        The column at fault, or empty.
    zh, en
        What is wrong and what is allowed.
    """

    row: int
    column: str
    zh: str
    en: str

    def __str__(self) -> str:
        """Both languages on one line."""
        zh = f"第 {self.row} 行 {self.column} {self.zh}" if self.row else self.zh
        en = f"row {self.row}, {self.column}: {self.en}" if self.row else self.en
        return f"{zh} / {en}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table: its number, its cells, and its point and its line or polygon, WGS 84, where it has them."""

    number: int
    cells: Mapping[str, str]
    lon: float | None
    lat: float | None
    shape: BaseGeometry | None = None


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
    path: Path, *, datum: str | None, columns: Mapping[str, str] | None = None, shapes: bool = False
) -> tuple[list[Row], list[Problem]]:
    """Read a table of points, or of lines and polygons too.

    Parameters
    ----------
    path
        One of `FORMATS`. CSV is UTF-8 (with or without a mark) or GB18030. A GeoPackage's first layer is read, and
        turned into WGS 84 by its own CRS.
    datum
        What the coordinates are in, one of `service_map.io.datum.DATUMS`; it must be said.
    columns
        Which column is which, such as ``{"lon": "经度"}``, where the names are not among `COLUMN_NAMES`.
    shapes
        Take lines and polygons; the point of such a row is that of its own columns, or none. Otherwise they are
        problems of their rows.

    Returns
    -------
    rows : list of Row
        In the file's order; cells under their own names and, where found, under those of `COLUMN_NAMES`. A row whose
        point is wrong has none.
    problems : list of Problem

    Raises
    ------
    InvalidParameterError
        When the datum is not stated or not known, or the file cannot be read at all.
    """
    if datum not in DATUMS:
        zh, en = f"应说明坐标系，可为 {'、'.join(DATUMS)}", f"must be stated: one of {', '.join(DATUMS)}"
        raise InvalidParameterError("datum", zh, en, DATUMS)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InvalidParameterError(
            "file", f"应为 {'、'.join(FORMATS)} 之一：{path}", f"must be one of {', '.join(FORMATS)}: {path}", FORMATS
        )
    if not path.is_file():
        raise InvalidParameterError("file", f"没有这个文件：{path}", f"no such file: {path}")
    raw = list(reader(path, dict(columns or {})))
    problems: list[Problem] = []
    good: list[int] = []
    drawn: dict[int, BaseGeometry] = {}
    for index, (number, _, lon, lat, shape) in enumerate(raw):
        if shapes and shape is not None:
            drawn[index] = shapely.transform(
                shapely.force_2d(shape), lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], datum=str(datum)))
            )
            if lon is None and lat is None:
                continue
        if (problem := _point_problem(number, lon, lat)) is None:
            good.append(index)
        else:
            problems.append(problem)
    points: dict[int, tuple[float, float]] = {}
    if good:
        given = np.array([[raw[index][2], raw[index][3]] for index in good], dtype=np.float64)
        lons, lats = to_wgs84(given[:, 0], given[:, 1], datum=datum)
        points = dict(zip(good, zip(np.asarray(lons).tolist(), np.asarray(lats).tolist(), strict=True), strict=True))
    rows = [
        Row(number=number, cells=cells, lon=lon, lat=lat, shape=drawn.get(index))
        for index, (number, cells, *_) in enumerate(raw)
        for lon, lat in (points.get(index, (None, None)),)
    ]
    return rows, problems


def import_places(
    path: Path,
    *,
    datum: str | None,
    source: str,
    licence: str,
    gazetteer: Gazetteer,
    columns: Mapping[str, str] | None = None,
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
    path, datum, columns
        As for `read_rows`, shapes too. ``level`` is one of the words of `LEVEL_WORDS`; where a row says none, a code of
        nine digits is a township's and one of twelve a village's. ``radius_m`` goes before any estimate.
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
    rows, problems = read_rows(path, datum=datum, columns=columns, shapes=True)
    remarks: list[Problem] = []
    bad = {problem.row for problem in problems}
    seen: dict[str, int] = {}
    found: list[_Found] = []
    for row in rows:
        made = _found(row, seen, gazetteer)
        if isinstance(made, _Found) and row.number not in bad:
            problem, warning = _beyond(row.number, made.lon, made.lat, made.code[:6], gazetteer)
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
        inside[code[:6]].append((lon, lat))
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
        return self.code[:9] if len(self.code) >= 9 and self.code[6:9] != "000" else self.code[:6]


def _named_places(found: Iterable[_Found], source: str, licence: str, gazetteer: Gazetteer) -> Iterator[NamedPlace]:
    beside: dict[tuple[str, str], list[_Found]] = defaultdict(list)
    for made in found:
        beside[made.level, made.code[:6]].append(made)
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


def _found(row: Row, seen: dict[str, int], gazetteer: Gazetteer) -> _Found | Problem:
    """Check a row but for whether its point lies in its county."""
    code, name, reach = (row.cells.get(column, "") for column in ("code", "name", "radius_m"))
    words = row.cells.get("level", "")
    usual = {9: "township", 12: "village"}.get(len(code), "")
    level = next((level for level, known in LEVEL_WORDS.items() if words in known), "") if words else usual
    lengths = {"township": (9,), "village": (6, 9, 12), "": (9, 12)}.get(level, (6, 9))
    digits = tuple(map(str, lengths))
    checks = (
        ("level", bool(level) or not words, f"应为 {'、'.join(LEVEL_WORDS)}，现为 {words[:20]!r}",
         f"must be one of {', '.join(LEVEL_WORDS)}, not {words[:20]!r}"),
        ("code", bool(level) and code.isascii() and code.isdigit() and len(code) in lengths,
         f"应为 {'、'.join(digits)} 位代码，现为 {code[:20]!r}",
         f"must have {' or '.join(digits)} digits, not {code[:20]!r}"),
        ("name", bool(name), "为空", "is empty"),
        ("radius_m", not reach or re.fullmatch(r"\d{1,6}(?:\.\d+)?", reach), "应为米数", "must be a number of metres"),
        ("code", gazetteer.geometry(code[:6]) is not None, f"没有代码为 {code[:6]} 的县区",
         f"no county has the code {code[:6]}"),
    )  # fmt: skip
    fault = next(((column, zh, en) for column, fine, zh, en in checks if not fine), None)
    if fault is not None:
        return Problem(row=row.number, column=fault[0], zh=fault[1], en=fault[2])
    mark = code if level == "township" else f"{level}:{code}:{name}"
    first = seen.setdefault(mark, row.number)
    if first != row.number:
        zh, en = f"与第 {first} 行重复：{mark}", f"stands in row {first} too: {mark}"
        return Problem(row=row.number, column="code", zh=zh, en=en)
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
            zh, en = (
                "乡镇的面没有驻地：请加经度、纬度两列，或先导入驻地",
                "has no office: add columns lon and lat, or import offices",
            )
            return Problem(row=row.number, column="lon, lat", zh=zh, en=en)
    lon, lat = point or (0.0, 0.0)  # a row without either is a problem already
    reach = _number(row.cells.get("radius_m", ""))
    if reach is None and shape is not None:
        reach = farthest((lon, lat), shape)
    if reach is None and level in ("street", "landmark"):
        zh, en = "应写明半径，或以线、面给出", "must be stated, or the place be given as a line or polygon"
        return Problem(row=row.number, column="radius_m", zh=zh, en=en)
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
    return _beyond(row.number, row.lon or 0.0, row.lat or 0.0, area, gazetteer)


def _beyond(
    number: int, lon: float, lat: float, area: str, gazetteer: Gazetteer
) -> tuple[Problem | None, Problem | None]:
    metres = metres_outside(lon, lat, area, gazetteer)
    if metres == 0:
        return None, None
    name = gazetteer.rows[area[:6]].name
    found = Problem(
        row=number,
        column="lon, lat",
        zh=f"点在 {name} 之外 {metres:.0f} 米",
        en=f"the point lies {metres:.0f} m outside {name}",
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
    boundary = gazetteer.geometry(adcode[:6])
    if boundary is None:
        return 0.0
    shapely.prepare(boundary)
    if shapely.intersects_xy(boundary, lon, lat):
        return 0.0
    nearest = shapely.get_coordinates(shapely.shortest_line(shapely.Point(lon, lat), boundary))[1]
    return float(_GEOD.inv(lon, lat, *nearest)[2])


def _point_problem(number: int, lon: float | None, lat: float | None) -> Problem | None:
    if lon is None or lat is None or not math.isfinite(lon) or not math.isfinite(lat):
        return Problem(row=number, column="lon, lat", zh="缺少坐标或不是数", en="is missing or not a number")
    west, east, south, north = CHINA
    if west <= lon <= east and south <= lat <= north:
        return None
    if west <= lat <= east and south <= lon <= north:
        return Problem(row=number, column="lon, lat", zh="经纬度写反了", en="longitude and latitude are swapped")
    zh, en = f"不在中国范围内：{lon}, {lat}", f"lies outside China: {lon}, {lat}"
    return Problem(row=number, column="lon, lat", zh=zh, en=en)


_Raw = tuple[int, Mapping[str, str], float | None, float | None, BaseGeometry | None]


def _read_csv(path: Path, columns: dict[str, str]) -> Iterator[_Raw]:
    reader = csv.DictReader(io.StringIO(_decode(path)))
    names = tuple(reader.fieldnames or ())
    found = _find_columns(names, columns)
    for column in ("lon", "lat"):
        if column not in found:
            zh, en = (
                f"表头中没有 {column} 列：{'、'.join(names)}",
                f"no column {column} in the heading: {', '.join(names)}",
            )
            raise InvalidParameterError("columns", zh, en, COLUMN_NAMES[column])
    for number, row in enumerate(reader, start=2):
        cells = {str(key): (value or "").strip() for key, value in row.items() if key is not None}
        yield number, _named(cells, found), _number(cells[found["lon"]]), _number(cells[found["lat"]]), None


def _read_geojson(path: Path, columns: dict[str, str]) -> Iterator[_Raw]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        features = document["features"]
        for number, feature in enumerate(features, start=1):
            cells = {
                str(key): "" if value is None else str(value) for key, value in (feature["properties"] or {}).items()
            }
            geometry = feature["geometry"]
            shape = None if geometry is None else shapely.from_geojson(json.dumps(geometry))
            found = _find_columns(tuple(cells), columns)
            yield number, _named(cells, found), *_where(shape, cells, found)
    except (
        OSError,
        UnicodeDecodeError,
        json.JSONDecodeError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        shapely.errors.GEOSException,
    ) as error:
        raise InvalidParameterError(
            "file", f"不是 GeoJSON：{path}（{error}）", f"is not GeoJSON: {path} ({error})"
        ) from error


def _read_geopackage(path: Path, columns: dict[str, str]) -> Iterator[_Raw]:
    import pyogrio

    try:
        with warnings.catch_warnings():
            # GDAL remarks on files of other makers; what cannot be read is an error of its own.
            warnings.simplefilter("ignore", RuntimeWarning)
            info, _, shapes, fields = pyogrio.raw.read(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise InvalidParameterError(
            "file", f"无法读取：{path}（{error}）", f"cannot be read: {path} ({error})"
        ) from error
    turn = _to_degrees(info["crs"], path)
    names = [str(name) for name in info["fields"]]
    found = _find_columns(tuple(names), columns)
    for number, shape in enumerate(shapely.from_wkb(shapes, on_invalid="ignore"), start=1):
        cells = {
            name: "" if values[number - 1] is None else str(values[number - 1])
            for name, values in zip(names, fields, strict=True)
        }
        turned = None if shape is None else shapely.transform(shapely.force_2d(shape), turn)
        yield number, _named(cells, found), *_where(turned, cells, found)


_READERS: Mapping[str, Callable[[Path, dict[str, str]], Iterator[_Raw]]] = {
    ".csv": _read_csv,
    ".geojson": _read_geojson,
    ".json": _read_geojson,
    ".gpkg": _read_geopackage,
}


def _where(
    shape: BaseGeometry | None, cells: Mapping[str, str], found: Mapping[str, str]
) -> tuple[float | None, float | None, BaseGeometry | None]:
    """Give a feature's point, and its line or polygon; the point of these is in the feature's columns, if anywhere."""
    if shape is None or shape.is_empty:
        return None, None, None
    if shape.geom_type == "Point":
        return shape.x, shape.y, None
    if "lon" in found and "lat" in found:
        return _number(cells[found["lon"]]), _number(cells[found["lat"]]), shape
    return None, None, shape


def _to_degrees(crs: str | None, path: Path) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    if not crs:
        raise InvalidParameterError("file", f"图层没有坐标参考系：{path}", f"the layer has no CRS: {path}")
    known = CRS.from_user_input(crs)
    if known.is_geographic:
        return lambda xy: xy
    turn = Transformer.from_crs(known, 4326, always_xy=True)
    return lambda xy: np.column_stack(turn.transform(xy[:, 0], xy[:, 1])).reshape(-1, 2)


def _decode(path: Path) -> str:
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise InvalidParameterError("file", f"编码应为 UTF-8 或 GB18030：{path}", f"must be in UTF-8 or GB18030: {path}")


def _find_columns(names: tuple[str, ...], columns: dict[str, str]) -> dict[str, str]:
    plain = {name.strip().lower(): name for name in names}
    found = {}
    for column, usual in COLUMN_NAMES.items():
        asked = columns.get(column)
        if asked is not None and asked not in names:
            zh, en = f"没有名为 {asked} 的列：{'、'.join(names)}", f"no column is called {asked}: {', '.join(names)}"
            raise InvalidParameterError("columns", zh, en, names)
        match = asked or next((plain[name] for name in usual if name in plain), None)
        if match is not None:
            found[column] = match
    return found


def _named(cells: dict[str, str], found: Mapping[str, str]) -> Mapping[str, Any]:
    return {**cells, **{column: cells[name] for column, name in found.items() if column not in ("lon", "lat")}}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
