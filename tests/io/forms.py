"""Files of every form that is read, made of the same rows."""

import csv
import json
import warnings
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from pyproj import CRS, Transformer

METRES = 4546
"""CGCS2000 / 3-degree Gauss-Kruger CM 111E, in whose zone the rows lie."""


def write(path, columns, points, *, crs=4326, layer=None, encoding=None):
    """Write rows as the form that the path's ending says.

    Parameters
    ----------
    columns
        Heading to texts, those of the place left out.
    points
        Longitude and latitude of each row in WGS 84, or None for a row without a place.
    crs
        EPSG code; tables are given its coordinates in ``lon`` and ``lat``, or ``x`` and ``y``.
    layer
        Name of the sheet or layer; it is added to a file that is there.
    encoding
        Of the texts of a CSV or Shapefile.
    """
    form = path.suffix.lower()
    turned = [None if point is None else _turned(point, crs) for point in points]
    match form:
        case ".csv" | ".tsv" | ".xlsx":
            axes = ("lon", "lat") if CRS(crs).is_geographic else ("x", "y")
            lines = list(
                zip(*columns.values(), *zip(*[point or ("", "") for point in turned], strict=True), strict=True)
            )
            rows = [[*columns, *axes], *lines]
            if form == ".xlsx":
                return workbook(path, {layer or "Sheet": rows})
            with path.open("w", encoding=encoding or "utf-8", newline="") as file:
                csv.writer(file, delimiter="\t" if form == ".tsv" else ",").writerows(rows)
        case ".parquet":
            _parquet(path, columns, turned, crs)
        case ".kml":
            _kml(path, columns, points, layer)
        case _:
            _ogr(path, columns, turned, crs, layer=layer, encoding=encoding)
    return path


def workbook(path, sheets):
    """Write a workbook of sheets by name, or add them to one that is there."""
    book = openpyxl.load_workbook(path) if path.exists() else openpyxl.Workbook()
    if not path.exists():
        book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([None if cell == "" else cell for cell in row])
    book.save(path)
    return path


def zipped(path, folder):
    """Pack all of a folder, with the names of its own folders."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, str(file.relative_to(folder)))
    return path


def _turned(point, crs):
    return point if CRS(crs).is_geographic else Transformer.from_crs(4490, crs, always_xy=True).transform(*point)


def _kml(path, columns, points, layer):
    marks = []
    for point, *texts in zip(points, *columns.values(), strict=True):
        data = "".join(
            f'<Data name="{name}"><value>{text}</value></Data>' for name, text in zip(columns, texts, strict=True)
        )
        place = "" if point is None else f"<Point><coordinates>{point[0]},{point[1]}</coordinates></Point>"
        marks.append(f"<Placemark><ExtendedData>{data}</ExtendedData>{place}</Placemark>")
    folder = f"<Folder><name>{layer or path.stem}</name>{''.join(marks)}</Folder>"
    before = path.read_text(encoding="utf-8").split("</Document>")[0] if path.exists() else (
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    )  # fmt: skip
    path.write_text(f"{before}{folder}</Document></kml>", encoding="utf-8")


def _ogr(path, columns, points, crs, *, layer, encoding):
    driver = {
        ".geojson": "GeoJSON", ".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".fgb": "FlatGeobuf", ".gdb": "OpenFileGDB",
    }[path.suffix.lower()]  # fmt: skip
    more = {"SPATIAL_INDEX": "NO"} if driver == "FlatGeobuf" else {}  # with an index it has an order of its own
    if encoding:
        more["encoding"] = encoding
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a Shapefile cuts the names of its fields
        pyogrio.raw.write(
            path, shapely.to_wkb([None if point is None else shapely.Point(point) for point in points]),
            [np.array(texts, dtype=object) for texts in columns.values()], list(columns), geometry_type="Point",
            crs=f"EPSG:{crs}", driver=driver, layer=layer or (None if driver == "GeoJSON" else path.stem),
            append=path.exists(), **more,
        )  # fmt: skip


def _parquet(path, columns, points, crs):
    shapes = [None if point is None else shapely.to_wkb(shapely.Point(point)) for point in points]
    about = {"encoding": "WKB", "geometry_types": ["Point"], "crs": json.loads(CRS(crs).to_json())}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": about}}
    table = pa.table(
        {**{name: pa.array(texts) for name, texts in columns.items()}, "geometry": pa.array(shapes, pa.binary())}
    )
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)


FORMS = ("csv", "xlsx", "geojson", "gpkg", "shp", "shp.zip", "fgb", "parquet", "kml", "gdb", "gdb.zip")
"""Endings of one file of each form."""

SHEETED = ("xlsx", "gpkg", "shp.zip", "kml", "gdb", "gdb.zip")
"""Those that hold several sheets or layers."""


def made(folder: Path, form: str, columns, points, **options):
    """Write rows as a form by its ending, and give the path; a sheet or layer is added to a file that is there."""
    folder.mkdir(exist_ok=True)
    inner, _, packed = form.partition(".")
    if not packed:
        return write(folder / f"rows.{form}", columns, points, **options)
    inside = folder / "packed" / "数据"
    inside.mkdir(parents=True, exist_ok=True)
    name = options.get("layer") if inner == "shp" else None
    write(inside / f"{name or 'rows'}.{inner}", columns, points, **options)
    return zipped(folder / "rows.zip", inside.parent)
