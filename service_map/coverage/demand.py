"""Who is to be served (需求点): people at points or in cells, or plain area where nothing better is known.

A demand always says what it stands on, so that an answer can: cells of a population raster, points with counted
people, census figures spread by a stated method, or square kilometres.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely.geometry.base import BaseGeometry

from service_map.catalogue.messages import Sentence, sentence
from service_map.coverage import _given, population_grid
from service_map.coverage._given import Floats
from service_map.coverage.ellipsoid import square_km, usable_area
from service_map.errors import GeodataError, InvalidParameterError

UNITS = ("people", "km2")
BASES = ("cells", "points", "census_spread", "area")

_LAND_CELLS = 20_000
_CELLS_A_RADIUS = 4
_MOST_RASTER_CELLS = 50_000_000

MOST_GRID = 4_000_000
"""Points of a grid around an area that are looked at for those in it: 64 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Places with an amount each.

    Attributes
    ----------
    lonlat
        WGS 84 degrees, shape (n, 2), longitude first.
    amount
        People, or square kilometres, at each place, shape (n,).
    unit
        ``people`` or ``km2``.
    groups
        People of an age group at each place, by its name (e.g. ``0-9``, ``60+``).
    basis
        One of `BASES`.
    told
        One sentence that says where the amounts come from.
    """

    lonlat: Floats
    amount: Floats
    unit: str
    basis: str
    told: Sentence
    groups: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """All of it together."""
        return float(self.amount.sum())


def points(
    lonlat: ArrayLike, people: ArrayLike, *, groups: Mapping[str, ArrayLike] | None = None, cells: bool = False
) -> Demand:
    """Make a demand of counted people.

    Parameters
    ----------
    lonlat
        WGS 84 degrees, shape (n, 2), longitude first.
    people
        At each point, shape (n,), or one number for all.
    groups
        People of age groups, by name.
    cells
        True where the points are the centres of a raster's cells.

    Returns
    -------
    Demand

    Raises
    ------
    InvalidParameterError
        When an array cannot be used.
    """
    place = _given.lonlat(lonlat, "lonlat")
    return Demand(
        lonlat=place,
        amount=_given.amounts(people, len(place), "people"),
        unit="people",
        basis="cells" if cells else "points",
        told=sentence("按人口栅格计") if cells else sentence("按给定的人口点计"),
        groups=_groups(groups, len(place)),
    )


def spread(
    lonlat: ArrayLike,
    zone: ArrayLike,
    people: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    groups: Mapping[str, ArrayLike] | None = None,
) -> Demand:
    """Spread census figures of zones over points that lie in them.

    Parameters
    ----------
    lonlat
        WGS 84 degrees of points that stand for where people live (communities, villages, cells of built area), shape
        (n, 2), longitude first.
    zone
        Row of the zone in which each point lies, shape (n,).
    people
        Of each zone, shape (z,).
    weight
        Share of each point in its zone, in any unit (households, built area), shape (n,); None for equal shares.
    groups
        People of age groups in each zone, by name.

    Returns
    -------
    Demand
        Its sentence says the method and how many people live in zones without any point, who are left out.

    Raises
    ------
    InvalidParameterError
        When an array cannot be used, or the weights of a zone are all 0.
    """
    place = _given.lonlat(lonlat, "lonlat")
    zones = np.asarray(people, dtype=np.float64)
    counted = _given.amounts(zones, len(zones), "people")
    member = np.asarray(zone)
    if member.shape != (len(place),) or (len(member) and (member.min() < 0 or member.max() >= len(counted))):
        raise InvalidParameterError(
            "zone",
            f"应为每点一个 0 到 {len(counted) - 1} 的整数",
            f"takes one number from 0 to {len(counted) - 1} a point",
        )
    member = member.astype(np.int64)
    weights = _given.amounts(1.0 if weight is None else weight, len(place), "weight")
    whole = np.bincount(member, weights, minlength=len(counted))
    if (whole[member] <= 0).any():
        raise InvalidParameterError("weight", "一个分区的权重不能全为 0", "the weights of a zone cannot all be 0")
    share = weights / whole[member]
    lost = float(counted[np.bincount(member, minlength=len(counted)) == 0].sum())
    if weight is None:
        told = sentence("普查人口平均分到区内 %(count)d 个点", count=len(place))
    else:
        told = sentence("普查人口按权重分到区内 %(count)d 个点", count=len(place))
    if lost:
        told = told.also(sentence("无点的区共 %(people).0f 人未计入", people=lost))
    return Demand(
        lonlat=place,
        amount=counted[member] * share,
        unit="people",
        basis="census_spread",
        told=told,
        groups={
            name: _given.amounts(values, len(counted), name)[member] * share for name, values in (groups or {}).items()
        },
    )


def land(area: BaseGeometry, *, cells: int = _LAND_CELLS, radius: float | None = None) -> Demand:
    """Take plain area as the demand, where nobody knows where the people are.

    Parameters
    ----------
    area
        Polygon or MultiPolygon in WGS 84.
    cells
        About how many cells to cut it into.
    radius
        Metres of the smallest circle that will be judged by: a quarter of it is fine enough, and fewer cells than
        `cells` are then made where they are.

    Returns
    -------
    Demand
        Square kilometres of equal cells that stand for the part of the area about their centre and add up to it.

    Raises
    ------
    InvalidParameterError
        When the area cannot be used.
    """
    usable, _ = usable_area(area)
    if not 1 <= cells <= _MOST_RASTER_CELLS:
        raise InvalidParameterError("cells", "应为正整数", f"takes a whole number from 1 to {_MOST_RASTER_CELLS}")
    whole = square_km(usable)
    if radius is not None:
        cells = min(cells, land_cells(usable, radius))
    west, south, east, north = shapely.bounds(usable)
    middle = np.cos(np.radians((south + north) / 2))
    # Of a strip across a whole country most of the grid around it lies outside: so wide, its cells are fewer.
    side = max(np.sqrt(whole / cells) / 111.2, np.sqrt((east - west) * middle * (north - south) / MOST_GRID))
    lon = np.arange(west + side / middle / 2, east, side / middle)
    lat = np.arange(south + side / 2, north, side)
    grid = np.stack(np.meshgrid(lon, lat), axis=-1).reshape(-1, 2)
    shapely.prepare(usable)
    inside = grid[shapely.contains_xy(usable, grid[:, 0], grid[:, 1])]
    if not len(inside):
        inside = np.array(shapely.point_on_surface(usable).coords)
    # Cells of one step in degrees shrink towards the pole with the cosine of the latitude.
    weight = np.cos(np.radians(inside[:, 1]))
    return Demand(
        lonlat=inside,
        amount=weight / weight.sum() * whole,
        unit="km2",
        basis="area",
        told=sentence("没有人口数据，按面积计"),
    )


def land_cells(area: BaseGeometry, radius: float) -> int:
    """Say into how many cells `land` cuts an area that is judged by circles of so many metres, if it may."""
    return int(np.ceil(square_km(area) * (_CELLS_A_RADIUS * 1000 / _given.radius(radius, "radius")) ** 2))


def standard_error(share: float, cells: int) -> float:
    """Say how far a share of land that was sampled at cells may be off.

    Parameters
    ----------
    share
        0–1.
    cells
        How many equal cells it was counted over.

    Returns
    -------
    float
        Standard error, 0–1, of so many cells drawn at random; of cells that lie in a grid it is no more, but where
        borders run along the grid. Never below that of one cell: what lies between them is not seen.

    Notes
    -----
    √(p (1 - p) / n); Cochran, Sampling Techniques (3rd edition, 1977), 3.2 and, for grids, 8.
    """
    seen = min(max(share, 1 / cells), 1 - 1 / cells) if cells > 1 else 0.5
    return float(np.sqrt(seen * (1 - seen) / cells))


def raster(path: Path, *, area: BaseGeometry | None = None, band: int | None = None) -> Demand:
    """Read people from a population raster (WorldPop, GHSL …), only the window that the area needs.

    Parameters
    ----------
    path
        GeoTIFF or anything else that GDAL reads; people a cell, by the band's scale and offset, whichever way up it
        lies. Cells without data or below 0 hold nobody.
    area
        Polygon in WGS 84; None for the whole raster. A cell counts where its centre lies inside.
    band
        1-based band; None for the only one.

    Returns
    -------
    Demand
        Cells with people only.

    Raises
    ------
    GeodataError
        When the file cannot be read, has no coordinate reference system or one that its coordinates do not fit, a cell
        holds more people than any can (no data that nobody declared), or the window is too large for memory.
    InvalidParameterError
        When the area or the band cannot be used, or none was named of several.
    """
    rasterio = population_grid.rasterio()
    usable = None if area is None else usable_area(area)[0]
    try:
        with rasterio.open(path) as source:
            place, people = _cells_of(rasterio, source, path, usable, band)
    except rasterio.errors.RasterioIOError as error:
        raise GeodataError(
            f"栅格 {path.name} 读不出：{error}", f"cannot read the raster {path.name}: {error}"
        ) from error
    return points(place, people, cells=True)


def _cells_of(
    rasterio: Any, source: Any, path: Path, area: BaseGeometry | None, band: int | None
) -> tuple[Floats, Floats]:
    population_grid.extent(source, path)
    number = population_grid.chosen_band(source, path, band)
    window = rasterio.windows.Window(0, 0, source.width, source.height)
    if area is not None:
        window = population_grid.window_of(source, area)
        if window is None:
            return np.empty((0, 2)), np.empty(0)
    if window.width * window.height > _MOST_RASTER_CELLS:
        raise GeodataError(
            f"栅格 {path.name} 的范围有 {window.width * window.height:.0f} 格，超过 {_MOST_RASTER_CELLS}；请缩小区域",
            f"the window of {path.name} has {window.width * window.height:.0f} cells, over {_MOST_RASTER_CELLS};"
            " give a smaller area",
        )
    values = population_grid.people_in(source, path, number, window)
    cells = np.nonzero(values > 0)
    place, people = population_grid.centres_of(source, window, cells), values[cells]
    if area is None:
        return place, people
    shapely.prepare(area)
    inside = shapely.contains_xy(area, place[:, 0], place[:, 1])
    return place[inside], people[inside]


def _groups(groups: Mapping[str, ArrayLike] | None, count: int) -> dict[str, Floats]:
    return {name: _given.amounts(values, count, name) for name, values in (groups or {}).items()}
