"""Layers of points and polygons in the forms that GIS people hand over, read in batches so that size does not matter.

==================  ==========================================================================================
form                how it is read
==================  ==========================================================================================
``.csv``            UTF-8 (with or without a mark) or GB18030, longitude and latitude in columns
``.xlsx``           first sheet, its first row the heading, longitude and latitude in columns
``.geojson``        RFC 7946; ``.json`` too
``.gpkg``           first layer, turned into degrees by its own CRS
``.shp``            UTF-8 or GB18030, by its ``.cpg`` or else by what its table holds; by its own CRS
``.osm.pbf``        OpenStreetMap extract, nodes and areas that bear one of `OSM_KEYS`; ``.osm`` too
==================  ==========================================================================================

CSV and XLSX are read as a stream, the others by GDAL, which comes with pyogrio.
"""

import codecs
import csv
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import islice
from pathlib import Path
from typing import Any, TextIO
from xml.etree import ElementTree as ET

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from service_map.errors import InvalidParameterError

Floats = NDArray[np.float64]

LAYER_FORMATS = (".csv", ".xlsx", ".geojson", ".json", ".gpkg", ".shp", ".pbf", ".osm")

LAYER_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("osm_id", "id", "编号", "标识"),
    "class": ("fclass", "class", "category", "type", "类别", "类型", "设施类别"),
    "name": ("name", "名称", "设施名称"),
    "area": ("adcode", "county", "area", "行政区划代码", "区划代码", "县区", "区县", "行政区"),
    "lon": ("lon", "lng", "longitude", "lon_wgs84", "经度", "x"),
    "lat": ("lat", "latitude", "lat_wgs84", "纬度", "y"),
    "uncertainty_m": ("uncertainty_m", "误差", "定位误差"),
    "date": ("date", "日期"),
    "status": ("status", "状态", "建设状态", "建设进度"),
    "year": ("year", "完成年份", "建成年份", "计划建成年份"),
}
"""What a column may be called, first come first served; other columns are not read."""

OSM_KEYS = ("amenity", "healthcare", "social_facility", "leisure", "tourism", "historic", "shop", "landuse", "office")
"""OpenStreetMap keys whose value is a feature's class, the first that it bears."""

_BATCH = 50_000
# GDAL reads a GeoJSON file from its start for each batch, and the others from where the batch begins.
_GDAL_BATCHES = {".geojson": 250_000, ".json": 250_000}
_GDAL_BATCH = 100_000
_METRES_PER_DEGREE = 111_320.0
_TAG = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some rows of a layer, n of them.

    Attributes
    ----------
    numbers
        Row numbers as a spreadsheet shows them (the heading is row 1), or the features' from 1.
    cells
        The known columns (keys of `LAYER_COLUMNS`) that the layer has, each n texts without white space around them.
    lonlat
        Shape (n, 2), degrees of the datum that the user states; NaN where the geometry is empty or no number.
    reach_m
        Shape (n,), metres within which all of a polygon lies round its point; 0 for a point.
    shapes
        Shape (n,), lines and polygons in degrees of that datum, None for a point; None where the layer holds no shape.
    """

    numbers: list[int]
    cells: Mapping[str, list[str]]
    lonlat: Floats
    reach_m: Floats
    shapes: NDArray[Any] | None = None


def read_layer(path: Path, *, columns: Mapping[str, str] | None = None) -> Iterator[Batch]:
    """Read a layer, a batch at a time.

    Parameters
    ----------
    path
        A file of one of `LAYER_FORMATS`.
    columns
        Which column is which, such as ``{"class": "设施种类"}``, where the names are not among `LAYER_COLUMNS`; an
        empty name says that the layer has no such column, whatever its columns are called.

    Yields
    ------
    Batch
        In the file's order. A polygon is represented by a point on it.

    Raises
    ------
    InvalidParameterError
        When the file cannot be read at all, or has no class or no place in its rows.
    """
    if path.suffix.lower() not in LAYER_FORMATS:
        allowed = "、".join(LAYER_FORMATS)
        raise InvalidParameterError(
            "file", f"应为 {allowed} 之一：{path}", f"must be one of {', '.join(LAYER_FORMATS)}: {path}", LAYER_FORMATS
        )
    if not path.is_file():
        raise InvalidParameterError("file", f"没有这个文件：{path}", f"no such file: {path}")
    asked = dict(columns or {})
    if unknown := sorted(set(asked) - set(LAYER_COLUMNS)):
        zh, en = f"没有 {unknown[0]} 这种列", f"there is no column {unknown[0]}"
        raise InvalidParameterError("columns", zh, en, LAYER_COLUMNS)
    match path.suffix.lower():
        case ".csv":
            yield from _read_csv(path, asked)
        case ".xlsx":
            yield from _read_sheet(path, asked)
        case ".pbf" | ".osm":
            yield from _read_osm(path)
        case _:
            yield from _read_features(path, asked)


# --- tables -----------------------------------------------------------------------------------------------------------


def _read_csv(path: Path, asked: Mapping[str, str]) -> Iterator[Batch]:
    try:
        with path.open(encoding=text_encoding(path), newline="") as file:
            yield from _csv_batches(file, asked)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(path, error) from error


def _csv_batches(file: TextIO, asked: Mapping[str, str]) -> Iterator[Batch]:
    reader = csv.reader(file)
    names = next(reader, [])
    found = _find_columns(names, asked, required=("class", "lon", "lat"))
    order = {column: names.index(name) for column, name in found.items()}
    start, width = 2, len(names)
    while rows := list(islice(reader, _BATCH)):
        # A short row is filled up, so that what it lacks is reported by its own number.
        full = [row if len(row) >= width else [*row, *[""] * (width - len(row))] for row in rows]
        columns = {column: [row[index].strip() for row in full] for column, index in order.items()}
        yield _table_batch(start, columns)
        start += len(rows)


def _read_sheet(path: Path, asked: Mapping[str, str]) -> Iterator[Batch]:
    # GDAL would hold the whole sheet, and read it again from the start for each batch; this reads it once, row by row.
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of styles and the like that only Excel needs
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                yield from _sheet_batches(book.worksheets[0], asked)
            finally:
                book.close()
    # A damaged workbook raises whatever its damage leads to inside the archive, the XML or a cell.
    except (OSError, zipfile.BadZipFile, zlib.error, ET.ParseError, LookupError, ValueError, TypeError) as error:
        if isinstance(error, InvalidParameterError):
            raise
        raise _unreadable(path, error) from error


def _sheet_batches(sheet: Any, asked: Mapping[str, str]) -> Iterator[Batch]:
    sheet.reset_dimensions()  # other makers write a size that is too small
    rows = sheet.iter_rows(values_only=True)
    names = ["" if cell is None else str(cell).strip() for cell in next(rows, ())]
    found = _find_columns(names, asked, required=("class", "lon", "lat"))
    order = {column: names.index(name) for column, name in found.items()}
    start = 2
    while some := list(islice(rows, _BATCH)):
        columns = {
            column: [_cell(row[index]) if index < len(row) else "" for row in some] for column, index in order.items()
        }
        # A sheet may go on with rows that were formatted and never filled.
        filled = len(some)
        while filled and not any(texts[filled - 1] for texts in columns.values()):
            filled -= 1
        if filled:
            yield _table_batch(start, {column: texts[:filled] for column, texts in columns.items()})
        start += len(some)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    return str(value).strip()


def _table_batch(start: int, columns: dict[str, list[str]]) -> Batch:
    lon, lat = _numbers(columns.pop("lon")), _numbers(columns.pop("lat"))
    count = len(lon)
    return Batch(
        numbers=list(range(start, start + count)),
        cells=columns,
        lonlat=np.column_stack([lon, lat]),
        reach_m=np.zeros(count),
    )


def text_encoding(path: Path) -> str:
    """Tell UTF-8 from GB18030 by reading the file once, in pieces."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=encoding, newline="") as file:
                while piece := file.read(1 << 20):
                    if "\0" in piece:
                        break
                else:
                    return encoding
        except UnicodeDecodeError:
            continue
    raise InvalidParameterError("file", f"编码应为 UTF-8 或 GB18030：{path}", f"must be in UTF-8 or GB18030: {path}")


# --- features by GDAL -------------------------------------------------------------------------------------------------


def _read_features(path: Path, asked: Mapping[str, str]) -> Iterator[Batch]:
    size = _GDAL_BATCHES.get(path.suffix.lower(), _GDAL_BATCH)
    options = {"encoding": encoding} if (encoding := _shapefile_encoding(path)) is not None else {}
    for start, crs, names, fields, shapes in _gdal(path, geometry=True, size=size, **options):
        found = _find_columns(names, asked, required=("class",))
        turn = _to_degrees(crs, path)
        given = shapely.from_wkb(shapes, on_invalid="ignore")
        lonlat, reach = _place(given, turn)
        yield Batch(
            numbers=list(range(start, start + len(lonlat))),
            cells={
                column: _texts(fields[names.index(name)])
                for column, name in found.items()
                if column not in ("lon", "lat")
            },
            lonlat=lonlat,
            reach_m=reach,
            shapes=_drawn(given, turn),
        )


def _shapefile_encoding(path: Path) -> str | None:
    """Say how the table of a shapefile without a ``.cpg`` is encoded: GDAL would take it for Latin."""
    if path.suffix.lower() != ".shp" or any(path.with_suffix(suffix).is_file() for suffix in (".cpg", ".CPG")):
        return None
    table = next((path.with_suffix(suffix) for suffix in (".dbf", ".DBF") if path.with_suffix(suffix).is_file()), None)
    if table is None:
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with table.open("rb") as file:
            heading = file.read(32)
            names = file.read(max(int.from_bytes(heading[8:10], "little") - 32, 0))
            for at in range(0, len(names) - 1, 32):
                names[at : at + 11].split(b"\0")[0].decode("utf-8")
            while piece := file.read(1 << 20):
                decoder.decode(piece)
    except UnicodeDecodeError:
        return "GB18030"
    except OSError as error:
        raise _unreadable(table, error) from error
    return "UTF-8"


def _read_osm(path: Path) -> Iterator[Batch]:
    number = 1
    for layer in ("points", "multipolygons"):
        # Of an extract only what bears one of the keys is taken into memory: houses and crossings are most of it.
        options = {"layer": layer, "where": _osm_wanted(path, layer)}
        for _, _, names, fields, shapes in _gdal(path, geometry=True, size=None, **options):
            columns = dict(zip(names, (_texts(values) for values in fields), strict=True))
            count = len(shapes)
            blank = [""] * count
            more = [dict(_TAG.findall(text)) for text in columns.get("other_tags", blank)]
            classes = _osm_classes(columns, more)
            ids = [way or node for way, node in zip(columns.get("osm_way_id", blank), columns["osm_id"], strict=True)]
            given = shapely.from_wkb(shapes, on_invalid="ignore")
            lonlat, reach = _place(given, _as_is)
            kept = [index for index, kind in enumerate(classes) if kind]
            if kept:
                yield Batch(
                    numbers=[number + index for index in kept],
                    cells={
                        "id": [ids[index] for index in kept],
                        "class": [classes[index] for index in kept],
                        "name": [more[index].get("name:zh") or columns["name"][index] for index in kept],
                    },
                    lonlat=lonlat[kept],
                    reach_m=reach[kept],
                    shapes=_drawn(given[kept], _as_is),
                )
            number += count


def _osm_wanted(path: Path, layer: str) -> str:
    """Say in GDAL's own words which features bear one of the keys, in a column or among the other tags."""
    import pyogrio

    try:
        columns = {str(name) for name in pyogrio.read_info(path, layer=layer)["fields"]}
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise _unreadable(path, error) from error
    return " OR ".join(
        f"{key} IS NOT NULL" if key in columns else f"other_tags LIKE '%\"{key}\"=>%'" for key in OSM_KEYS
    )


def _osm_classes(columns: Mapping[str, list[str]], more: Sequence[Mapping[str, str]]) -> list[str]:
    classes = []
    for index, tags in enumerate(more):
        values = ((columns[key][index] if key in columns else "") or tags.get(key, "") for key in OSM_KEYS)
        classes.append(next((value for value in values if value), ""))
    return classes


def _gdal(
    path: Path, *, geometry: bool, size: int | None, **options: Any
) -> Iterator[tuple[int, str | None, list[str], list[Any], Any]]:
    """Read a layer in pieces: number of the first feature from 1, CRS, column names, columns, WKB."""
    import pyogrio

    start = 0
    while True:
        try:
            with warnings.catch_warnings():
                # GDAL remarks on files of other makers; what cannot be read is an error of its own.
                warnings.simplefilter("ignore", RuntimeWarning)
                warnings.simplefilter("ignore", UserWarning)
                info, _, shapes, fields = pyogrio.raw.read(
                    path, read_geometry=geometry, skip_features=start, max_features=size, **options
                )
        except (
            pyogrio.errors.DataSourceError,
            pyogrio.errors.DataLayerError,
            pyogrio.errors.GeometryError,
            pyogrio.errors.FeatureError,
            UnicodeDecodeError,
            RuntimeError,
            ValueError,
        ) as error:
            raise _unreadable(path, error) from error
        names = [str(name) for name in info["fields"]]
        count = len(shapes) if shapes is not None else len(fields[0]) if len(fields) else 0
        if geometry and shapes is None:
            raise InvalidParameterError("file", f"图层没有几何：{path}", f"the layer has no geometry: {path}")
        if count or not start:
            yield start + 1, info.get("crs"), names, list(fields), shapes
        start += count
        if size is None or count < size:
            return


def _place(shapes: NDArray[Any], turn: Callable[[Floats], Floats]) -> tuple[Floats, Floats]:
    """Give each shape a point on it, and how far the shape reaches from there at most."""
    count = len(shapes)
    lonlat, reach = np.full((count, 2), np.nan), np.zeros(count)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    points = there & (shapely.get_type_id(shapes) == shapely.GeometryType.POINT)
    lonlat[points] = turn(shapely.get_coordinates(shapes[points]))
    others = np.flatnonzero(there & ~points)
    if len(others):
        lonlat[others] = turn(shapely.get_coordinates(shapely.point_on_surface(shapes[others])))
        edges = shapely.bounds(shapes[others])
        west_south, east_north = turn(edges[:, :2]), turn(edges[:, 2:])
        wide = (east_north[:, 0] - west_south[:, 0]) * np.cos(np.radians(west_south[:, 1]))
        # No two points of a shape are farther apart than the diagonal of its box.
        reach[others] = np.hypot(wide, east_north[:, 1] - west_south[:, 1]) * _METRES_PER_DEGREE
    return lonlat, reach


def _drawn(shapes: NDArray[Any], turn: Callable[[Floats], Floats]) -> NDArray[Any] | None:
    """Keep the lines and polygons, in degrees."""
    lines = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes)) & (shapely.get_dimensions(shapes) > 0)
    if not lines.any():
        return None
    drawn = np.full(len(shapes), None, dtype=object)
    kept = shapes[lines]
    if shapely.has_z(kept).any():
        kept = shapely.force_2d(kept)
    # Degrees stay the objects that they are: a batch may hold a quarter of a million grounds.
    drawn[lines] = kept if turn is _as_is else shapely.transform(kept, turn)
    return drawn


def _as_is(lonlat: Floats) -> Floats:
    return lonlat


def _to_degrees(crs: str | None, path: Path) -> Callable[[Floats], Floats]:
    if not crs:
        raise InvalidParameterError("file", f"图层没有坐标参考系：{path}", f"the layer has no CRS: {path}")
    known = CRS.from_user_input(crs)
    if known.is_geographic:
        return _as_is
    turn = Transformer.from_crs(known, 4326, always_xy=True)
    return lambda xy: np.column_stack(turn.transform(xy[:, 0], xy[:, 1])).reshape(-1, 2)


# --- common ground ----------------------------------------------------------------------------------------------------


def _find_columns(names: Sequence[str], asked: Mapping[str, str], *, required: Sequence[str]) -> dict[str, str]:
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(name.strip().lower(), name)
    found = {}
    for column, usual in LAYER_COLUMNS.items():
        wanted = asked.get(column)
        if wanted == "":
            continue
        if wanted is not None and wanted not in names:
            zh, en = f"没有名为 {wanted} 的列：{'、'.join(names)}", f"no column is called {wanted}: {', '.join(names)}"
            raise InvalidParameterError("columns", zh, en, names)
        match = wanted or next((plain[name] for name in usual if name in plain), None)
        if match is not None:
            found[column] = match
    for column in required:
        if column not in found:
            usual = LAYER_COLUMNS[column]
            zh = f"没有 {column} 列（可名为 {'、'.join(usual)}），现有：{'、'.join(names)}"
            en = f"there is no column {column} (it may be called {', '.join(usual)}), only: {', '.join(names)}"
            raise InvalidParameterError("columns", zh, en, usual)
    return found


def _texts(values: NDArray[Any]) -> list[str]:
    """Turn a column into texts; whole numbers lose the ``.0`` that a column with gaps has got."""
    if values.dtype.kind == "f":
        return ["" if np.isnan(value) else f"{value:.15g}" for value in values.tolist()]
    return ["" if value is None else str(value).strip() for value in values.tolist()]


def _numbers(texts: Sequence[str]) -> Floats:
    try:
        return np.array(texts, dtype=np.float64)
    except ValueError:
        return np.array([_number(text) for text in texts], dtype=np.float64)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _unreadable(path: Path, error: Exception) -> InvalidParameterError:
    return InvalidParameterError("file", f"无法读取：{path}（{error}）", f"cannot be read: {path} ({error})")
