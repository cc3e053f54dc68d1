"""An answer as a file: GeoJSON, GeoPackage, CSV or XLSX, by its name."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from service_map.analysis.answer_form import Feature, Report
from service_map.errors import InvalidParameterError
from service_map.store.cells import no_formula, writable

FORMATS = (".geojson", ".json", ".gpkg", ".csv", ".xlsx")

_DECIMALS = 7
_FIRST = ("record", "record_basis_words")


def geometry_member(geometry: BaseGeometry | None) -> dict[str, Any] | None:
    """Write a geometry by RFC 7946: seven decimals, outer rings counter-clockwise; None for none or an empty one."""
    if geometry is None or geometry.is_empty:
        return None
    # transform() keeps every vertex where set_precision() would also repair and merge.
    rounded = shapely.transform(geometry, lambda lonlat: lonlat.round(_DECIMALS))
    return dict(orjson.loads(shapely.to_geojson(shapely.orient_polygons(rounded))))


def collection(report: Report) -> dict[str, Any]:
    """Write an answer as a FeatureCollection whose figures are a foreign member of the report's kind."""
    return {
        "type": "FeatureCollection",
        report.kind: dict(report.summary),
        "features": [
            {
                "type": "Feature",
                "id": feature.id,
                "geometry": geometry_member(feature.geometry),
                "properties": dict(feature.properties),
            }
            for feature in report.features
        ],
    }


def check_format(path: Path) -> None:
    """Refuse a name that is none of `FORMATS`, before any work is done.

    Raises
    ------
    InvalidParameterError
        Field ``-o``.
    """
    if path.suffix.lower() not in FORMATS:
        raise InvalidParameterError(
            "-o", f"文件名应以 {'、'.join(FORMATS)} 结尾", f"a file name ends with {', '.join(FORMATS)}", FORMATS
        )


def write_report(report: Report, path: Path) -> None:
    """Write an answer; a reader sees the old file or the new one, whole.

    Parameters
    ----------
    report
        The answer.
    path
        One of `FORMATS`. GeoJSON holds the figures as a foreign member; GeoPackage and XLSX as a table ``summary`` of
        names and values; CSV (UTF-8 with a mark, for spreadsheets) the features alone, polygons by a point on them. An
        answer without a feature, such as one that withholds its figures, is that table of names and values in CSV too.

    Raises
    ------
    InvalidParameterError
        When the name is none of `FORMATS` or the file cannot be written.
    """
    check_format(path)
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    import pyogrio.errors

    try:
        part.unlink(missing_ok=True)
        match path.suffix.lower():
            case ".gpkg":
                _write_layers(report, part, driver="GPKG")
            case ".xlsx":
                _write_layers(report, part, driver="XLSX")
            case ".csv":
                _write_csv(report, part)
            case _:
                part.write_bytes(orjson.dumps(collection(report)))
        part.replace(path)
    except (OSError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, RuntimeError) as error:
        part.unlink(missing_ok=True)
        raise InvalidParameterError("-o", f"无法写入 {path}：{error}", f"cannot write {path}: {error}") from error


def _flat(properties: Mapping[str, Any], lead: str = "") -> dict[str, Any]:
    """Give nested values names of their own: walking.speed_m_s becomes walking_speed_m_s; lists become JSON text."""
    found: dict[str, Any] = {}
    for name, value in properties.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{lead}{name}_")
        elif isinstance(value, list | tuple):
            found[f"{lead}{name}"] = orjson.dumps(value).decode()
        else:
            found[f"{lead}{name}"] = value
    return found


def _rows(report: Report, *, place: bool) -> tuple[list[str], list[dict[str, Any]]]:
    rows = []
    for feature in report.features:
        row = {"id": feature.id, **_flat(feature.properties)}
        if place and not {"lon", "lat"} <= row.keys():
            row |= _place(feature)
        rows.append(row)
    names = list(dict.fromkeys(name for row in rows for name in row))
    return names or ["id"], rows


def _place(feature: Feature) -> dict[str, float | None]:
    if feature.geometry is None or feature.geometry.is_empty:
        return {"lon": None, "lat": None}
    point = shapely.point_on_surface(feature.geometry)
    return {"lon": round(point.x, _DECIMALS), "lat": round(point.y, _DECIMALS)}


def _figures(report: Report) -> dict[str, Any]:
    """Give the summary by name, first of all what it rests on."""
    found = _flat(report.summary)
    return {name: found[name] for name in _FIRST if name in found} | found


def _write_csv(report: Report, path: Path) -> None:
    names, rows = _rows(report, place=True)
    if not rows:
        names = ["name", "value"]
        rows = [{"name": name, "value": _text(value)} for name, value in _figures(report).items()]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(no_formula, names))
        for row in rows:
            writer.writerow(["" if row.get(name) is None else no_formula(row[name]) for name in names])


def _write_layers(report: Report, path: Path, *, driver: str) -> None:
    import pyogrio.raw

    drawn = driver == "GPKG"
    names, rows = _rows(report, place=not drawn)
    # GDAL writes texts as texts into a workbook, whatever they begin with: none is a formula there.
    columns = [_column([row.get(name) for row in rows], cells=not drawn) for name in names]
    kept = [name if name not in ("fid", "geom", "id") else f"{name}_" for name in names]
    shapes = [feature.geometry for feature in report.features]
    flat = any(shape is not None and shapely.get_dimensions(shape) == 2 for shape in shapes)
    if drawn:
        wkb = np.array([_wkb(shape, flat=flat) for shape in shapes], dtype=object)
        pyogrio.raw.write(
            path, wkb, columns, kept, layer=report.kind, driver=driver,
            geometry_type="MultiPolygon" if flat else "Point", crs="EPSG:4326",
        )  # fmt: skip
    elif rows:
        pyogrio.raw.write(path, None, columns, kept, layer=report.kind, driver=driver, geometry_type=None)
    figures = _figures(report)
    pyogrio.raw.write(
        path,
        None,
        [_column(list(figures)), _column([_text(value) for value in figures.values()], cells=not drawn)],
        ["name", "value"],
        layer="summary",
        driver=driver,
        geometry_type=None,
        append=path.exists(),
    )


def _wkb(shape: BaseGeometry | None, *, flat: bool) -> bytes | None:
    if shape is None or shape.is_empty:
        return None
    if flat and shape.geom_type == "Polygon":
        shape = shapely.MultiPolygon([shape])
    return bytes(shapely.to_wkb(shape))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _column(values: list[Any], *, cells: bool = False) -> np.ndarray:
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known) and len(known) == len(values):
        return np.array(values, dtype=np.bool_)
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        if len(known) == len(values) and all(isinstance(value, int) for value in known):
            return np.array(values, dtype=np.int64)
        return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    texts = [_text(value) for value in values]
    return np.array([None if text is None else writable(text) if cells else text for text in texts], dtype=object)
