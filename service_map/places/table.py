"""Tables of points that a user brings: CSV, GeoJSON or GeoPackage, of a stated datum, checked row by row.

Nothing is guessed: a table says its datum, each row that cannot be used is reported by its number, and what comes back
is either every row or the list of what is wrong.
"""

import csv
import io
import json
import math
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

from service_map.errors import InvalidParameterError
from service_map.places.datum import DATUMS, to_wgs84, wgs84_to_gcj02
from service_map.places.extent import cell_radii
from service_map.places.gazetteer import Gazetteer, NamedPlace

FORMATS = (".csv", ".geojson", ".json", ".gpkg")

COLUMN_NAMES: Mapping[str, tuple[str, ...]] = {
    "code": ("code", "adcode", "code2023", "区划代码", "行政区划代码", "代码"),
    "name": ("name", "名称", "地名", "乡镇名称"),
    "lon": ("lon", "lng", "longitude", "lon_wgs84", "经度", "x"),
    "lat": ("lat", "latitude", "lat_wgs84", "纬度", "y"),
}
"""What a column may be called, first come first served."""

# Coordinates of China, with a margin: what lies outside it but inside when turned round was swapped.
CHINA = (72.0, 138.0, 0.8, 56.0)
# Boundaries are generalised by up to this much, so a point so near the boundary is let in with a warning.
BOUNDARY_M = 1000.0
_NEAR_SEAT_M = 3000.0
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
    """One row of a table: its number, its cells, and its point in WGS 84 degrees where it has one."""

    number: int
    cells: Mapping[str, str]
    lon: float | None
    lat: float | None


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
    path: Path, *, datum: str | None, columns: Mapping[str, str] | None = None
) -> tuple[list[Row], list[Problem]]:
    """Read a table of points.

    Parameters
    ----------
    path
        One of `FORMATS`. CSV is UTF-8 (with or without a mark) or GB18030. A GeoPackage's first layer of points is
        read, and turned into WGS 84 by its own CRS.
    datum
        What the coordinates are in, one of `service_map.places.datum.DATUMS`; it must be said.
    columns
        Which column is which, such as ``{"lon": "经度"}``, where the names are not among `COLUMN_NAMES`.

    Returns
    -------
    rows : list of Row
        In the file's order; cells under their own names and, where found, under ``code`` and ``name``. A row whose
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
    for index, (number, _, lon, lat) in enumerate(raw):
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
        Row(
            number=number,
            cells=cells,
            lon=points[index][0] if index in points else None,
            lat=points[index][1] if index in points else None,
        )
        for index, (number, cells, _, _) in enumerate(raw)
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
    """Check a table of townships and make it rows of `service_map.places.gazetteer.read_places`.

    Parameters
    ----------
    path, datum, columns
        As for `read_rows`; the table has a nine-digit code, a name and a point in each row.
    source, licence
        Whose table it is and under what terms; shown beside every point.
    gazetteer
        What `load_gazetteer` returned: the counties that the townships must lie in.
    skip_bad
        Import the other rows although some cannot be used.

    Returns
    -------
    PlaceImport
        Each township with the reach that `service_map.places.extent.cell_radii` estimates.

    Raises
    ------
    InvalidParameterError
        As `read_rows`, and when source or licence is empty.
    """
    for field, value in (("source", source), ("licence", licence)):
        if not value.strip():
            raise InvalidParameterError(field, "应说明", "must be stated")
    rows, problems = read_rows(path, datum=datum, columns=columns)
    remarks: list[Problem] = []
    bad = {problem.row for problem in problems}
    seen: dict[str, int] = {}
    for row in rows:
        found = _township_problem(row, seen, gazetteer)
        if found is None and row.number not in bad:
            found, warning = outside(row, row.cells["code"][:6], gazetteer)
            remarks += [warning] if warning is not None else []
        if found is not None:
            problems.append(found)
            bad.add(row.number)
    good = [row for row in rows if row.number not in bad]
    shift = detect_shift([(row.cells["code"], row.lon or 0.0, row.lat or 0.0) for row in good], gazetteer)
    remarks += [shift] if shift is not None else []
    places = () if problems and not skip_bad else tuple(_townships(good, source, licence, gazetteer))
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
        return shift_warning(_nearest_to_seats(points, gazetteer))
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


def _nearest_to_seats(
    points: Iterable[tuple[str, float, float]], gazetteer: Gazetteer
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
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


def _townships(rows: Iterable[Row], source: str, licence: str, gazetteer: Gazetteer) -> Iterator[NamedPlace]:
    inside: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        inside[row.cells["code"][:6]].append(row)
    for county, found in inside.items():
        boundary = gazetteer.geometry(county)
        radii = cell_radii(np.array([[row.lon, row.lat] for row in found], dtype=np.float64), boundary)
        for row, radius in zip(found, np.ceil(radii / 100.0) * 100.0, strict=True):
            yield NamedPlace(
                name=row.cells["name"], adcode=row.cells["code"], level="township", parent=county, lon=row.lon,
                lat=row.lat, radius_m=float(radius), kind="office", source=source, licence=licence,
            )  # fmt: skip


def _township_problem(row: Row, seen: dict[str, int], gazetteer: Gazetteer) -> Problem | None:
    code = row.cells.get("code", "")
    if len(code) != 9 or not code.isdigit():
        return Problem(
            row=row.number, column="code", zh=f"应为 9 位代码，现为 {code!r}", en=f"must have nine digits, not {code!r}"
        )
    if not row.cells.get("name"):
        return Problem(row=row.number, column="name", zh="为空", en="is empty")
    if code in seen:
        return Problem(
            row=row.number,
            column="code",
            zh=f"与第 {seen[code]} 行重复：{code}",
            en=f"stands in row {seen[code]} too: {code}",
        )
    seen[code] = row.number
    if gazetteer.geometry(code[:6]) is None:
        return Problem(
            row=row.number, column="code", zh=f"没有代码为 {code[:6]} 的县区", en=f"no county has the code {code[:6]}"
        )
    return None


def outside(row: Row, area: str, gazetteer: Gazetteer) -> tuple[Problem | None, Problem | None]:
    """Say whether a row's point lies outside the area it belongs to.

    Parameters
    ----------
    row
        With a point.
    area
        Code of the area.
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
    name = gazetteer.rows[area].name
    found = Problem(
        row=row.number,
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
    point = shapely.Point(lon, lat)
    if boundary is None or boundary.covers(point):
        return 0.0
    nearest = shapely.get_coordinates(shapely.shortest_line(point, boundary))[1]
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


_Raw = tuple[int, Mapping[str, str], float | None, float | None]


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
        yield number, _named(cells, found), _number(cells[found["lon"]]), _number(cells[found["lat"]])


def _read_geojson(path: Path, columns: dict[str, str]) -> Iterator[_Raw]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        features = document["features"]
        for number, feature in enumerate(features, start=1):
            cells = {
                str(key): "" if value is None else str(value) for key, value in (feature["properties"] or {}).items()
            }
            geometry = feature["geometry"] or {}
            point = geometry["coordinates"] if geometry.get("type") == "Point" else []
            lon, lat = (float(point[0]), float(point[1])) if len(point) > 1 else (None, None)
            yield number, _named(cells, _find_columns(tuple(cells), columns)), lon, lat
    except (
        OSError,
        UnicodeDecodeError,
        json.JSONDecodeError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
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
    points = shapely.from_wkb(shapes)
    turn = _to_degrees(info["crs"], path)
    names = [str(name) for name in info["fields"]]
    found = _find_columns(tuple(names), columns)
    for number, point in enumerate(points, start=1):
        cells = {
            name: "" if values[number - 1] is None else str(values[number - 1])
            for name, values in zip(names, fields, strict=True)
        }
        usable = point is not None and point.geom_type == "Point" and not point.is_empty
        lon, lat = turn(point.x, point.y) if usable else (None, None)
        yield number, _named(cells, found), lon, lat


_READERS: Mapping[str, Callable[[Path, dict[str, str]], Iterator[_Raw]]] = {
    ".csv": _read_csv,
    ".geojson": _read_geojson,
    ".json": _read_geojson,
    ".gpkg": _read_geopackage,
}


def _to_degrees(crs: str | None, path: Path) -> Callable[[float, float], tuple[float, float]]:
    if not crs:
        raise InvalidParameterError("file", f"图层没有坐标参考系：{path}", f"the layer has no CRS: {path}")
    known = CRS.from_user_input(crs)
    if known.is_geographic:
        return lambda x, y: (x, y)
    turn: Callable[[float, float], tuple[float, float]] = Transformer.from_crs(known, 4326, always_xy=True).transform
    return turn


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
    return {**cells, **{column: cells[name] for column, name in found.items() if column in ("code", "name")}}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
