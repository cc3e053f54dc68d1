"""Facilities as vector tiles (Mapbox Vector Tile 2.1, web Mercator): PostGIS cuts its own, the file is cut here.

A tile holds each facility once: those whose point lies in it, its west and north edge included. Below `ALL_FROM` only
the facility of the smallest id in each cell of a grid of 64 by 64 stands in the tile, with ``point_count``, the number
that it stands for; so a tile never holds more than 4,096.
"""

import math
from dataclasses import replace
from typing import Any

import mapbox_vector_tile
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Integer, func, literal_column, select
from sqlalchemy import cast as as_type
from sqlalchemy.types import LargeBinary, NullType

from service_map.errors import InvalidParameterError
from service_map.store.clusters import TILE_CELLS, TILE_ZOOM, is_fresh
from service_map.store.conditions import facility_conditions, once
from service_map.store.database import day_of
from service_map.store.geometry import Box, lonlat, point_in_box
from service_map.store.models import Facility, TileCell
from service_map.store.records import FacilityFilter
from service_map.store.state import state_at

LAYER = "facilities"
EXTENT = 4096
MAX_ZOOM = 18
ALL_FROM = 12
"""Zoom from which every facility stands in its tile."""

CELL = 64
"""Units of the tile's extent along one side of a cell."""

FIELDS = (
    "id",
    "name",
    "category",
    "category_zh",
    "category_en",
    "family",
    "status",
    "precision",
    "uncertainty_m",
    "state",
)
# Half the equator of the sphere of EPSG:3857, metres.
_HALF = math.pi * 6378137.0
_STORED = tuple(getattr(Facility, name) for name in FIELDS[:-1])


def _columns(connection: Connection) -> tuple[Any, ...]:
    return *_STORED, state_at(day_of(connection)).label("state")


def tile(connection: Connection, z: int, x: int, y: int, wanted: FacilityFilter | None = None) -> bytes:
    """Cut a tile.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    z, x, y
        Zoom 0 to `MAX_ZOOM`, column from the west and row from the north.
    wanted
        The filter; None for all.

    Returns
    -------
    bytes
        The tile; nothing where no facility lies in it.

    Raises
    ------
    InvalidParameterError
        When there is no such tile, or as for `service_map.store.queries.check_filter`.
    """
    if not (0 <= z <= MAX_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise InvalidParameterError(
            "z", f"z 应在 0 到 {MAX_ZOOM} 之间，x、y 小于 2^z", f"z is 0 to {MAX_ZOOM}, x and y are below 2^z"
        )
    wanted = wanted or FacilityFilter()
    if connection.dialect.name == "postgresql":
        return _cut_by_postgis(connection, z, x, y, wanted)
    return _cut_here(connection, z, x, y, wanted)


def bounds(z: int, x: int, y: int) -> Box:
    """Give west, south, east, north of a tile in WGS 84 degrees."""

    def lat(row: int) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / 2**z))))

    return (x / 2**z * 360 - 180, lat(y + 1), (x + 1) / 2**z * 360 - 180, lat(y))


def _cut_by_postgis(connection: Connection, z: int, x: int, y: int, wanted: FacilityFilter) -> bytes:
    if z <= TILE_ZOOM and replace(wanted, promised=False) == FacilityFilter() and is_fresh(connection):
        return _prepared_by_postgis(connection, z, x, y, wanted)
    size = 2 * _HALF / 2**z
    west, north = -_HALF + x * size, _HALF - y * size
    place = func.ST_Transform(Facility.geom, 3857, type_=NullType())
    column = func.floor((func.ST_X(place) - west) / size * EXTENT)
    row = func.floor((north - func.ST_Y(place)) / size * EXTENT)
    inside = (
        select(*_columns(connection), place.label("place"), column.label("tile_x"), row.label("tile_y"))
        .where(point_in_box(Facility.geom, bounds(z, x, y)), *facility_conditions(connection, wanted))
        .subquery("inside")
    )
    cell: list[ColumnElement[Any]] = [func.floor(inside.c.tile_x / _cell(z)), func.floor(inside.c.tile_y / _cell(z))]
    if z >= ALL_FROM:
        cell = [inside.c.id]
    ranked = (
        select(
            inside,
            func.count().over(partition_by=cell).label("point_count"),
            func.row_number().over(partition_by=cell, order_by=inside.c.id).label("rank"),
        )
        .where(inside.c.tile_x.between(0, EXTENT - 1), inside.c.tile_y.between(0, EXTENT - 1))
        .subquery("ranked")
    )
    envelope = func.ST_TileEnvelope(z, x, y, type_=NullType())
    shown = (
        select(
            *(ranked.c[name] for name in FIELDS),
            ranked.c.point_count,
            func.ST_AsMVTGeom(ranked.c.place, envelope, EXTENT, 0, False, type_=NullType()).label("geom"),
        )
        .where(ranked.c.rank == 1)
        .order_by(ranked.c.id)
        .subquery("shown")
    )
    cut = func.ST_AsMVT(literal_column("shown"), LAYER, EXTENT, "geom", type_=LargeBinary())
    return bytes(connection.scalar(select(cut).select_from(shown)) or b"")


def _prepared_by_postgis(connection: Connection, z: int, x: int, y: int, wanted: FacilityFilter) -> bytes:
    """Cut a wide tile from what the build counted: the facilities of a country are not looked through for each."""
    query = select(func.sum(TileCell.count).label("point_count"), func.min(TileCell.facility).label("facility")).where(
        TileCell.zoom == z,
        TileCell.col.between(x * TILE_CELLS, (x + 1) * TILE_CELLS - 1),
        TileCell.row.between(y * TILE_CELLS, (y + 1) * TILE_CELLS - 1),
    )
    if wanted.promised:
        query = query.where(TileCell.promised.is_(True))
    cells = query.group_by(TileCell.col, TileCell.row).subquery("cells")
    envelope = func.ST_TileEnvelope(z, x, y, type_=NullType())
    place = func.ST_Transform(Facility.geom, 3857, type_=NullType())
    shown = (
        select(
            *_columns(connection),
            as_type(cells.c.point_count, Integer).label("point_count"),
            func.ST_AsMVTGeom(place, envelope, EXTENT, 0, False, type_=NullType()).label("geom"),
        )
        .join(cells, cells.c.facility == Facility.id)
        .order_by(Facility.id)
        .subquery("shown")
    )
    cut = func.ST_AsMVT(literal_column("shown"), LAYER, EXTENT, "geom", type_=LargeBinary())
    return bytes(connection.scalar(select(cut).select_from(shown)) or b"")


def _cell(z: int) -> float:
    return float(CELL) if z < ALL_FROM else 1.0


def _cut_here(connection: Connection, z: int, x: int, y: int, wanted: FacilityFilter) -> bytes:
    if wanted == FacilityFilter() and z < ALL_FROM:
        # A wide tile without a filter would read most of the table: it is kept once for each state of the data.
        rows, world = once(connection, "tiles", lambda: _read(connection, wanted, None))
    else:
        rows, world = _read(connection, wanted, bounds(z, x, y))
    if not rows:
        return b""
    units = np.floor((world * 2**z - (x, y)) * EXTENT)
    inside = np.flatnonzero(((units >= 0) & (units < EXTENT)).all(axis=1))
    if not inside.size:
        return b""
    units = units[inside].astype(np.int64)
    if z < ALL_FROM:
        cells = units // CELL
        # Rows are in the order of their ids, so the first of a cell is the smallest.
        _, first, counts = np.unique(cells[:, 0] * EXTENT + cells[:, 1], return_index=True, return_counts=True)
        order = np.argsort(first)
        chosen, counts = first[order], counts[order]
    else:
        chosen, counts = np.arange(inside.size), np.ones(inside.size, dtype=np.int64)
    features = []
    for index, count, point in zip(chosen.tolist(), counts.tolist(), shapely.points(units[chosen]), strict=True):
        values = dict(zip(FIELDS, rows[inside[index]], strict=True))
        features.append({"geometry": point, "properties": {**values, "point_count": count}})
    encoded: bytes = mapbox_vector_tile.encode(
        {"name": LAYER, "features": features}, default_options={"y_coord_down": True, "extents": EXTENT}
    )
    return encoded


def _read(connection: Connection, wanted: FacilityFilter, box: Box | None) -> tuple[list[Any], NDArray[np.float64]]:
    """Read facilities by id, with their place as parts of the world from its north-west corner, shape (n, 2)."""
    query = select(lonlat(Facility.geom), *_columns(connection)).where(*facility_conditions(connection, wanted))
    if box is not None:
        query = query.where(point_in_box(Facility.geom, box))
    found = connection.execute(query.order_by(Facility.id)).all()
    places = np.radians(np.array([row[0] for row in found], dtype=np.float64).reshape(-1, 2))
    world = np.column_stack([places[:, 0] / (2 * np.pi) + 0.5, 0.5 - np.arcsinh(np.tan(places[:, 1])) / (2 * np.pi)])
    return [row[1:] for row in found], world
