"""Lines and grounds of facilities: parks and trails are measured from their edge or line, not from a point.

They stand in ``shapes.csv`` beside the tables of what exists and what is listed, by the facility's id, in WGS 84.
"""

import csv
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from service_map.catalogue import csvfile
from service_map.errors import GeodataError

SHAPES_FILE = "shapes.csv"
"""The table in ``geodata/``; it may be missing."""

SHAPE_COLUMNS = ("id", "uncertainty_m", "source", "shape")

_DECIMALS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The line or ground of one facility.

    Attributes
    ----------
    id
        Of the facility.
    uncertainty_m
        Metres within which the edge lies.
    source
        Who drew it.
    geometry
        Line or polygon in WGS 84.
    """

    id: str
    uncertainty_m: float
    source: str
    geometry: BaseGeometry


def read_shapes(path: Path) -> Iterator[Shape]:
    """Read a table of shapes.

    Parameters
    ----------
    path
        CSV file (UTF-8, columns `SHAPE_COLUMNS`, the shape as WKT in WGS 84 degrees).

    Yields
    ------
    Shape
        In the file's order.

    Raises
    ------
    GeodataError
        When the file cannot be read or a row is wrong; the message names the row, counting the heading as row 1.
    """
    before = csv.field_size_limit(sys.maxsize)  # a ground of many corners is longer than the module's limit
    try:
        for number, row in csvfile.rows(path, SHAPE_COLUMNS):
            yield _shape(path, number, row)
    finally:
        csv.field_size_limit(before)


def load_shapes(geodata: Path) -> dict[str, Shape]:
    """Give the shapes of the open data by the facility's id; none where there is no table. Errors as `read_shapes`."""
    path = geodata / SHAPES_FILE
    return {shape.id: shape for shape in read_shapes(path)} if path.exists() else {}


def shape_row(shape: Shape) -> list[str]:
    """Write a shape as `read_shapes` reads it: degrees to 7 decimals (about 1 cm), metres whole."""
    wkt = shapely.to_wkt(shape.geometry, rounding_precision=_DECIMALS, output_dimension=2)
    return [shape.id, f"{math.ceil(shape.uncertainty_m)}", shape.source, wkt]


def mended(geometry: BaseGeometry) -> BaseGeometry:
    """Mend a ground that crosses itself; lines, and what is sound, stay as they are.

    Parameters
    ----------
    geometry
        Line or polygon.

    Returns
    -------
    shapely geometry
        Of the same dimension; empty where nothing of it has a surface.
    """
    if shapely.is_valid(geometry) or shapely.get_dimensions(geometry) < 2:
        return geometry
    parts = shapely.get_parts(shapely.make_valid(geometry))
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def _shape(path: Path, number: int, row: Sequence[str]) -> Shape:
    try:
        identity, metres, source, text = row
        geometry, uncertainty = mended(shapely.from_wkt(text)), float(metres)
    except (ValueError, shapely.errors.GEOSException):
        geometry, uncertainty, identity, source = None, math.nan, "", ""
    drawn = geometry is not None and not geometry.is_empty and shapely.get_dimensions(geometry) > 0
    if not (drawn and identity and source and 0 <= uncertainty < math.inf):
        raise GeodataError(f"{path} 第 {number} 行写法不对", f"{path}, row {number}: is malformed")
    west, south, east, north = shapely.bounds(geometry)
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise GeodataError(f"{path} 第 {number} 行坐标超出范围", f"{path}, row {number}: coordinates out of range")
    return Shape(id=identity, uncertainty_m=uncertainty, source=source, geometry=geometry)
