"""Facilities counted by the cells of nested grids while a build writes them, so that a map of a million waits for none.

A grid of step k has cells of 112.5 / 2^k degrees that begin at longitude 180° west and latitude 90° south; four cells
of a step lie in one of the step before. What the prepared counts cannot tell apart is counted from the facilities.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, func, select

from service_map.catalogue import terms
from service_map.store import queries
from service_map.store.conditions import check_box, check_filter, once
from service_map.store.geometry import Box
from service_map.store.models import Cluster as Prepared
from service_map.store.models import Facility
from service_map.store.records import Cluster, FacilityFilter

WIDEST_DEGREES = 112.5
"""Side of the cells of step 0; 80 pixels of a map at zoom 3 are as wide at step 3."""

STEPS = 10
"""The finest step that is prepared: cells of 0.11 degrees, some ten kilometres."""

TILE_ZOOM = 8
"""The closest zoom whose tiles are prepared; one of zoom 9 is seldom more than some ten thousand facilities."""

TILE_CELLS = 64
"""Cells along one side of a tile."""

_Key = tuple[int, int, str, bool, bool]
_TileKey = tuple[int, int, bool]
_MICRO = 1_000_000


def cell_degrees(step: int) -> float:
    """Give the side of a cell of a step, in degrees."""
    return math.ldexp(WIDEST_DEGREES, -step)


def step_of(degrees: float) -> int:
    """Give the finest step whose cells are at least so large, from 0."""
    return max(0, math.floor(math.log2(WIDEST_DEGREES / degrees) + 1e-9))


class Tally:
    """Counts facilities as a build writes them."""

    def __init__(self) -> None:
        self._count: Counter[_Key] = Counter()
        self._lon: Counter[_Key] = Counter()
        self._lat: Counter[_Key] = Counter()
        self._tiles: dict[_TileKey, tuple[int, str]] = {}

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Count rows of the table ``facilities``."""
        cell = cell_degrees(STEPS)
        for row in rows:
            lon, lat = row["geom"].x, row["geom"].y
            key = (
                math.floor((lat + 90.0) / cell), math.floor((lon + 180.0) / cell), row["family"],
                row["status"] != "existing", row["precision"] not in terms.WIDE,
            )  # fmt: skip
            self._count[key] += 1
            # Whole millionths of a degree: their sums are exact in any order.
            self._lon[key] += round(lon * _MICRO)
            self._lat[key] += round(lat * _MICRO)
            side = TILE_CELLS << TILE_ZOOM
            column = math.floor((lon / 360 + 0.5) * side)
            mercator = math.asinh(math.tan(math.radians(max(-85.06, min(85.06, lat)))))
            here = (math.floor((0.5 - mercator / (2 * math.pi)) * side), column, key[3])
            number, smallest = self._tiles.get(here, (0, row["id"]))
            self._tiles[here] = (number + 1, min(smallest, row["id"]))

    def tile_rows(self) -> list[dict[str, Any]]:
        """Give the rows of the table ``tile_cells``, every zoom of them, numbered."""
        found: list[dict[str, Any]] = []
        cells = self._tiles
        for zoom in range(TILE_ZOOM, -1, -1):
            found += [
                {"zoom": zoom, "row": row, "col": column, "promised": promised, "count": number, "facility": smallest}
                for (row, column, promised), (number, smallest) in sorted(cells.items())
            ]
            wider: dict[_TileKey, tuple[int, str]] = {}
            for (row, column, promised), (number, smallest) in cells.items():
                here = (row // 2, column // 2, promised)
                held = wider.get(here)
                wider[here] = (number, smallest) if held is None else (held[0] + number, min(held[1], smallest))
            cells = wider
        return [{**row, "fid": number} for number, row in enumerate(found, 1)]

    def rows(self) -> list[dict[str, Any]]:
        """Give the rows of the table ``clusters``, every step of them, numbered."""
        found: list[dict[str, Any]] = []
        count, lon, lat = self._count, self._lon, self._lat
        for step in range(STEPS, -1, -1):
            found += [
                {"step": step, "row": key[0], "col": key[1], "family": key[2], "promised": key[3], "placed": key[4],
                 "count": number, "lon": lon[key] / number / _MICRO, "lat": lat[key] / number / _MICRO}
                for key, number in sorted(count.items())
            ]  # fmt: skip
            count, lon, lat = (_coarser(each) for each in (count, lon, lat))
        return [{**row, "fid": number} for number, row in enumerate(found, 1)]


def _coarser(counted: Counter[_Key]) -> Counter[_Key]:
    found: Counter[_Key] = Counter()
    for (row, column, family, promised, placed), number in counted.items():
        found[row // 2, column // 2, family, promised, placed] += number
    return found


def clusters(
    connection: Connection, wanted: FacilityFilter, *, degrees: float, view: Box | None = None
) -> tuple[Cluster, ...]:
    """Count facilities by the cells of a grid, for a map that cannot show each.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter, without a box.
    degrees
        Side that a cell is to have at least; the next larger step is taken.
    view
        West, south, east, north: only clusters whose middle lies there. None for all.

    Returns
    -------
    tuple of Cluster
        By row and column: read where the build prepared them, else counted now.

    Raises
    ------
    InvalidParameterError
        As for `service_map.store.queries.clusters`.
    """
    step = step_of(degrees)
    if view is not None:
        check_box(view)
    if step <= STEPS and _is_prepared(wanted) and is_fresh(connection):
        check_filter(connection, wanted)
        if view is None or _widely(view):
            found = once(connection, ("prepared", wanted, step), lambda: _prepared(connection, wanted, step, None))
        else:
            found = _prepared(connection, wanted, step, view)
    elif step <= STEPS:
        found = queries.clusters(connection, wanted, cell_degrees=min(cell_degrees(step), 10.0))
    else:
        found = queries.clusters(connection, replace(wanted, bbox=view), cell_degrees=max(cell_degrees(step), 1e-4))
    if view is None:
        return found
    west, south, east, north = view
    return tuple(item for item in found if west <= item.lon <= east and south <= item.lat <= north)


def is_fresh(connection: Connection) -> bool:
    """Say whether the prepared counts are still those of the facilities, looked up once for each state of the data.

    A desktop program may have added to the file or taken from it since it was built.
    """

    def compare() -> tuple[bool]:
        counted = connection.scalar(select(func.sum(Prepared.count)).where(Prepared.step == 0)) or 0
        return (int(counted) == connection.scalar(select(func.count()).select_from(Facility)),)

    return once(connection, "clusters-fresh", compare)[0]


def _is_prepared(wanted: FacilityFilter) -> bool:
    plain = replace(wanted, families=(), promised=False, precisions=())
    return plain == FacilityFilter() and wanted.precisions in {(), terms.PLACED}


def _widely(view: Box) -> bool:
    return (view[2] - view[0]) * (view[3] - view[1]) > 100.0


def _prepared(connection: Connection, wanted: FacilityFilter, step: int, view: Box | None) -> tuple[Cluster, ...]:
    number = func.sum(Prepared.count)
    query = (
        select(
            Prepared.row, Prepared.col, Prepared.family, number,
            func.sum(Prepared.lon * Prepared.count) / number, func.sum(Prepared.lat * Prepared.count) / number,
        )
        .where(Prepared.step == step)
        .group_by(Prepared.row, Prepared.col, Prepared.family)
        .order_by(Prepared.row, Prepared.col, number.desc(), Prepared.family)
    )  # fmt: skip
    if wanted.families:
        query = query.where(Prepared.family.in_(wanted.families))
    if wanted.promised:
        query = query.where(Prepared.promised.is_(True))
    if wanted.precisions:
        query = query.where(Prepared.placed.is_(True))
    if view is not None:
        cell = cell_degrees(step)
        west, south, east, north = view
        query = query.where(
            Prepared.row.between(math.floor((south + 90) / cell), math.floor((north + 90) / cell)),
            Prepared.col.between(math.floor((west + 180) / cell), math.floor((east + 180) / cell)),
        )
    return queries.gathered(connection.execute(query).all())
