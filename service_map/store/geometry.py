"""Geometry columns that are shapely on our side and native on the database's.

On SQLite a value is the binary of the GeoPackage 1.3 standard (clause 2.1.3, ``GeoPackageBinary``) and a box is looked
up in the R*Tree of the standard's extension F.3; on PostgreSQL it is a PostGIS ``geometry``, looked up with ``&&``.
Values and boxes are always bound, never written into the statement, so that SQLAlchemy's statement cache holds.
Coordinates are WGS 84 degrees, longitude first, unless a column says otherwise.
"""

import math
import sqlite3
import struct
from collections.abc import Callable
from typing import Any, Literal, cast

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Column, ColumnElement, Double, bindparam, type_coerce
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, UserDefinedType

from service_map.errors import StoreError

Kind = Literal["Point", "MultiPolygon", "Geometry"]
Box = tuple[float, float, float, float]
"""West, south, east, north in degrees, as in RFC 7946."""

_MAGIC = b"GP"
_LITTLE_ENDIAN = 0b00001
_EMPTY = 0b10000
# Doubles of the envelope for each indicator code of clause 2.1.3.1.1.
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
# A little-endian WKB point: byte order, type 1, then x and y.
_WKB_POINT = b"\x01\x01\x00\x00\x00"
# The same in PostGIS's EWKB, as hexadecimal text, with SRID 4326.
_EWKB_POINT = "0101000020E6100000"
_TWO_DOUBLES = struct.Struct("<2d")


def to_gpkg(geometry: BaseGeometry, srid: int = 4326) -> bytes:
    """Encode a geometry as GeoPackage binary.

    Parameters
    ----------
    geometry
        Two-dimensional shapely geometry.
    srid
        Code of its CRS in ``gpkg_spatial_ref_sys``.

    Returns
    -------
    bytes
        Header, XY envelope, and ISO WKB, all little-endian. A point carries no envelope: the standard allows that and
        every reader takes it from the point itself, at half the size.
    """
    wkb: bytes = shapely.to_wkb(geometry, byte_order=1, output_dimension=2)
    if geometry.is_empty:
        return struct.pack("<2sBBi", _MAGIC, 0, _LITTLE_ENDIAN | _EMPTY, srid) + wkb
    if geometry.geom_type == "Point":
        return struct.pack("<2sBBi", _MAGIC, 0, _LITTLE_ENDIAN, srid) + wkb
    west, south, east, north = geometry.bounds
    return struct.pack("<2sBBi4d", _MAGIC, 0, _LITTLE_ENDIAN | 0b00010, srid, west, east, south, north) + wkb


def from_gpkg(blob: bytes) -> BaseGeometry:
    """Decode GeoPackage binary, whoever wrote it.

    Parameters
    ----------
    blob
        Header with any of the standard's five envelopes in either byte order, then WKB.

    Returns
    -------
    shapely geometry

    Raises
    ------
    StoreError
        When the value is not GeoPackage binary.
    """
    try:
        return shapely.from_wkb(blob[_header_length(blob) :])
    except (shapely.errors.GEOSException, struct.error, IndexError) as error:
        raise StoreError(
            f"数据库中的几何值已损坏：{error}", f"a geometry in the database is damaged: {error}"
        ) from error


def _header_length(blob: bytes) -> int:
    code = (blob[3] >> 1) & 0b111
    if blob[:2] != _MAGIC or code >= len(_ENVELOPE_BYTES):
        raise StoreError("数据库中的几何值不是 GeoPackage 格式", "a geometry in the database is not GeoPackage binary")
    return 8 + _ENVELOPE_BYTES[code]


def _bounds(blob: bytes) -> Box | None:
    """Bounds of GeoPackage binary without decoding it where the header or a plain point gives them."""
    length = _header_length(blob)
    if length > 8:
        west, east, south, north = struct.unpack_from(("<" if blob[3] & 1 else ">") + "4d", blob, 8)
        return (west, south, east, north)
    if blob[8:13] == _WKB_POINT:
        x, y = _TWO_DOUBLES.unpack_from(blob, 13)
        return None if math.isnan(x) else (x, y, x, y)
    bounds: Box = from_gpkg(blob).bounds
    return None if math.isnan(bounds[0]) else bounds


def add_functions(connection: sqlite3.Connection) -> None:
    """Give a SQLite connection the five functions that the R*Tree triggers of the GeoPackage standard call.

    Parameters
    ----------
    connection
        Gets ``ST_MinX``, ``ST_MinY``, ``ST_MaxX``, ``ST_MaxY`` and ``ST_IsEmpty``, each over GeoPackage binary or NULL.
    """

    def edge(index: int) -> Callable[[bytes | None], float | None]:
        def value(blob: bytes | None) -> float | None:
            bounds = _bounds(blob) if blob is not None else None
            return bounds[index] if bounds else None

        return value

    for index, name in enumerate(("ST_MinX", "ST_MinY", "ST_MaxX", "ST_MaxY")):
        connection.create_function(name, 1, edge(index), deterministic=True)
    connection.create_function(
        "ST_IsEmpty", 1, lambda blob: None if blob is None else int(_bounds(blob) is None), deterministic=True
    )


class Geometry(UserDefinedType[BaseGeometry]):
    """Column type: shapely in and out, GeoPackage binary on SQLite, PostGIS ``geometry`` on PostgreSQL.

    Parameters
    ----------
    kind
        ``Point``, ``MultiPolygon``, or ``Geometry`` for lines and polygons alike.
    srid
        EPSG code of the CRS of every value.
    """

    cache_ok = True

    def __init__(self, kind: Kind = "Point", srid: int = 4326) -> None:
        self.kind = kind
        self.srid = srid

    def get_col_spec(self, **_kw: Any) -> str:
        """Declare the column for PostGIS; SQLite has its own form below."""
        return f"geometry({self.kind},{self.srid})"

    def bind_processor(self, dialect: Dialect) -> Callable[[BaseGeometry | None], Any]:
        """Turn shapely into what the database takes: GeoPackage binary, or EWKB as hexadecimal text."""
        srid = self.srid
        if dialect.name == "sqlite":
            return lambda value: None if value is None else to_gpkg(value, srid)

        def ewkb(value: BaseGeometry | None) -> str | None:
            if value is None:
                return None
            return str(shapely.to_wkb(shapely.set_srid(value, srid), hex=True, output_dimension=2, include_srid=True))

        return ewkb

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], BaseGeometry | None]:  # noqa: ARG002
        """Turn what the database gives into shapely."""
        read = from_gpkg if dialect.name == "sqlite" else shapely.from_wkb
        return lambda value: None if value is None else read(value)


@compiles(Geometry, "sqlite")
def _gpkg_type(element: Geometry, compiler: Any, **_kw: Any) -> str:  # noqa: ARG001
    return element.kind.upper()


class _Coordinates(UserDefinedType[tuple[float, float]]):
    """Reads a point as plain numbers: a page of facilities needs no shapes, and making them takes the longest."""

    cache_ok = True

    def get_col_spec(self, **_kw: Any) -> str:
        return "geometry(Point,4326)"

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], tuple[float, float]]:  # noqa: ARG002
        if dialect.name == "sqlite":

            def from_blob(blob: bytes) -> tuple[float, float]:
                if len(blob) == 29 and blob[8:13] == _WKB_POINT:
                    return cast("tuple[float, float]", _TWO_DOUBLES.unpack_from(blob, 13))
                return cast("tuple[float, float]", from_gpkg(blob).coords[0])

            return from_blob

        def from_ewkb(text: str) -> tuple[float, float]:
            if len(text) == 50 and text.startswith(_EWKB_POINT):
                return cast("tuple[float, float]", _TWO_DOUBLES.unpack(bytes.fromhex(text[18:])))
            return cast("tuple[float, float]", shapely.from_wkb(text).coords[0])

        return from_ewkb


def lonlat(column: Any) -> ColumnElement[tuple[float, float]]:
    """Select a point column as the pair of its longitude and latitude.

    Parameters
    ----------
    column
        A `Geometry` column of points, none of them NULL.
    """
    return type_coerce(column, _Coordinates())


class _InBox(FunctionElement[bool]):
    # Not Boolean: SQLAlchemy would write ``… = 1`` for SQLite, and the index would no longer serve the condition.
    type = NullType()  # type: ignore[assignment]  # see above
    inherit_cache = True

    def __init__(self, column: Any, box: Box) -> None:
        super().__init__(column, *(bindparam(None, edge, type_=Double()) for edge in box))


class point_in_box(_InBox):  # noqa: N801
    """Whether a point column lies in a box, edges included, exactly.

    Both indexes keep 32-bit boxes, up to a metre too large here; only the points in that sliver are read to decide.

    Parameters
    ----------
    column
        A `Geometry` column of points.
    box
        West, south, east, north.
    """

    name = "point_in_box"
    inherit_cache = True


class overlaps_box(_InBox):  # noqa: N801
    """Whether the envelope of a geometry column touches a box, by the index alone (up to a metre generous).

    Parameters
    ----------
    column
        A `Geometry` column.
    box
        West, south, east, north.
    """

    name = "overlaps_box"
    inherit_cache = True


class _Ordinate(FunctionElement[float]):
    type = Double()
    inherit_cache = True


class index_x(_Ordinate):  # noqa: N801
    """Longitude of a point column as the index has it: in SQLite without reading the value, to a metre (32 bits).

    Parameters
    ----------
    column
        A `Geometry` column of points.
    """

    name = "index_x"
    inherit_cache = True


class index_y(_Ordinate):  # noqa: N801
    """Latitude of a point column, as `index_x`."""

    name = "index_y"
    inherit_cache = True


def rtree_name(column: Any) -> str:
    """Name of the R*Tree of a geometry column, as the GeoPackage standard composes it."""
    return f"rtree_{column.table.name}_{column.name}"


def _parts(element: _InBox, compiler: SQLCompiler, kw: dict[str, Any]) -> tuple["Column[Any]", str, list[str]]:
    column, *edges = element.clauses
    assert isinstance(column, Column)  # noqa: S101 - the types above say so; mypy cannot see through clauses
    return column, compiler.process(column, **kw), [compiler.process(edge, **kw) for edge in edges]


@compiles(overlaps_box)
def _overlaps(element: overlaps_box, compiler: SQLCompiler, **kw: Any) -> str:
    _, name, (west, south, east, north) = _parts(element, compiler, kw)
    return f"{name} && ST_MakeEnvelope({west}, {south}, {east}, {north}, 4326)"


@compiles(point_in_box)
def _in_box(element: point_in_box, compiler: SQLCompiler, **kw: Any) -> str:
    _, name, (west, south, east, north) = _parts(element, compiler, kw)
    return (
        f"({name} && ST_MakeEnvelope({west}, {south}, {east}, {north}, 4326)"
        f" AND ST_X({name}) BETWEEN {west} AND {east} AND ST_Y({name}) BETWEEN {south} AND {north})"
    )


@compiles(overlaps_box, "sqlite")
def _overlaps_gpkg(element: overlaps_box, compiler: SQLCompiler, **kw: Any) -> str:
    column, _, (west, south, east, north) = _parts(element, compiler, kw)
    return (
        f"{column.table.name}.fid IN (SELECT r.id FROM {rtree_name(column)} AS r"  # noqa: S608 - names and binds only
        f" WHERE r.minx <= {east} AND r.maxx >= {west} AND r.miny <= {north} AND r.maxy >= {south})"
    )


@compiles(point_in_box, "sqlite")
def _in_box_gpkg(element: point_in_box, compiler: SQLCompiler, **kw: Any) -> str:
    column, _, (west, south, east, north) = _parts(element, compiler, kw)
    table, geom = column.table.name, column.name
    # The index's box contains the point, so a box wholly inside proves the point; OR stops there, the row unread.
    return (
        f"{table}.fid IN (SELECT r.id FROM {rtree_name(column)} AS r"  # noqa: S608 - names and binds only
        f" WHERE r.minx <= {east} AND r.maxx >= {west} AND r.miny <= {north} AND r.maxy >= {south}"
        f" AND ((r.minx >= {west} AND r.maxx <= {east} AND r.miny >= {south} AND r.maxy <= {north})"
        f" OR (SELECT ST_MinX(g.{geom}) BETWEEN {west} AND {east} AND ST_MinY(g.{geom}) BETWEEN {south} AND {north}"
        f" FROM {table} AS g WHERE g.fid = r.id)))"
    )


@compiles(index_x)
def _x(element: index_x, compiler: SQLCompiler, **kw: Any) -> str:
    return f"ST_X({compiler.process(element.clauses, **kw)})"


@compiles(index_y)
def _y(element: index_y, compiler: SQLCompiler, **kw: Any) -> str:
    return f"ST_Y({compiler.process(element.clauses, **kw)})"


def _from_index(element: _Ordinate, bound: str) -> str:
    (column,) = element.clauses
    assert isinstance(column, Column)  # noqa: S101 - as in _parts
    return f"(SELECT r.{bound} FROM {rtree_name(column)} AS r WHERE r.id = {column.table.name}.fid)"  # noqa: S608


@compiles(index_x, "sqlite")
def _x_gpkg(element: index_x, _compiler: SQLCompiler, **_kw: Any) -> str:
    return _from_index(element, "minx")


@compiles(index_y, "sqlite")
def _y_gpkg(element: index_y, _compiler: SQLCompiler, **_kw: Any) -> str:
    return _from_index(element, "miny")
