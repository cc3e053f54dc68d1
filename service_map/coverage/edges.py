"""Parks and trails are measured from their edge or line, never from their centre."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from service_map.catalogue.degrees import MOST_DEGREE_M
from service_map.coverage import _given
from service_map.coverage._given import Floats, Whole
from service_map.coverage.catchment import Pairs, pairs
from service_map.coverage.distance import nearest
from service_map.coverage.snapping import SNAP_M
from service_map.coverage.straight import Cells, along_curve
from service_map.coverage.streets import Network
from service_map.coverage.supply import Candidates
from service_map.coverage.walking import walk_pairs
from service_map.errors import InvalidParameterError

Flags = NDArray[np.bool_]

SPACING_M = 10.0
"""Metres between the points that stand for an edge."""


def along(geometries: Sequence[BaseGeometry], *, spacing: float = SPACING_M) -> tuple[Floats, Whole]:
    """Lay points along lines and edges, so that distances are measured from there.

    Parameters
    ----------
    geometries
        Points, lines and polygons in WGS 84. Who stands inside a polygon is a distance from its edge away all the same;
        test that apart (`shapely.contains_xy`).
    spacing
        Most metres from one point to the next. A distance d comes out too long by at most spacing² / 8d, and by at
        most half the spacing beside the line itself.

    Returns
    -------
    lonlat : ndarray of float64, shape (n, 2)
        WGS 84 degrees.
    owner : ndarray of int64, shape (n,)
        Row of the geometry each belongs to.

    Raises
    ------
    InvalidParameterError
        When a geometry is empty, a coordinate or `spacing` cannot be used.
    """
    step = _given.radius(spacing, "spacing") / MOST_DEGREE_M
    shapes = np.asarray(geometries, dtype=object)
    if len(shapes) and (shapely.is_missing(shapes) | shapely.is_empty(shapes)).any():
        raise InvalidParameterError("geometries", "含有空几何", "holds an empty geometry")
    lonlat, owner = shapely.get_coordinates(shapely.segmentize(shapes, step), return_index=True)
    return _given.lonlat(lonlat, "geometries"), owner.astype(np.int64)


@dataclass(frozen=True, slots=True)
class LaidOut:
    """Facilities as the points that they are measured from.

    Attributes
    ----------
    lonlat
        WGS 84 degrees, shape (p, 2): the point of a facility without a shape, points along the edge of one with.
    owner
        Row of the facility that each belongs to, shape (p,).
    surfaces
        Polygons among the shapes: who stands inside is there already.
    surface_owner
        Row of the facility of each.
    """

    lonlat: Floats
    owner: Whole
    surfaces: NDArray[np.object_]
    surface_owner: Whole


def lay_out(candidates: Candidates, *, spacing: float = SPACING_M) -> LaidOut:
    """Give the points that facilities are measured from.

    Parameters
    ----------
    candidates
        Facilities, n of them.
    spacing
        As in `along`.

    Returns
    -------
    LaidOut
    """
    count = len(candidates.lonlat)
    nothing, whole = np.empty(0, dtype=np.object_), np.arange(count)
    if not len(candidates.shape) or (plain := shapely.is_missing(candidates.shape)).all():
        return LaidOut(candidates.lonlat, whole, nothing, np.empty(0, dtype=np.int64))
    drawn = np.flatnonzero(~plain)
    edge, owner = along(candidates.shape[drawn].tolist(), spacing=spacing)
    flat = drawn[shapely.get_dimensions(candidates.shape[drawn]) == 2]
    return LaidOut(
        lonlat=np.concatenate((candidates.lonlat[plain], edge)),
        owner=np.concatenate((whole[plain], drawn[owner])),
        surfaces=candidates.shape[flat],
        surface_owner=flat,
    )


def inside(laid: LaidOut, lonlat: Floats, *, among: Flags | None = None) -> Flags:
    """Tell which points lie in the surface of a facility.

    Parameters
    ----------
    laid
        From `lay_out`.
    lonlat
        WGS 84 degrees, shape (n, 2), longitude first.
    among
        Flags of the facilities that count, None for all.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    flags = np.zeros(len(lonlat), dtype=np.bool_)
    for surface, owner in zip(laid.surfaces, laid.surface_owner.tolist(), strict=True):
        if among is None or among[owner]:
            flags |= _contains(surface, lonlat)
    return flags


def _contains(surface: BaseGeometry, lonlat: Floats) -> Flags:
    west, south, east, north = shapely.bounds(surface)
    flags = (lonlat[:, 0] >= west) & (lonlat[:, 0] <= east) & (lonlat[:, 1] >= south) & (lonlat[:, 1] <= north)
    near = np.flatnonzero(flags)
    shapely.prepare(surface)
    flags[near] = shapely.intersects_xy(surface, lonlat[near, 0], lonlat[near, 1])
    return np.asarray(flags)


def reached(candidates: Candidates, prepared: Cells, metres: Floats | float) -> Flags:
    """Tell, tile by tile, whether some facility reaches a point in a straight line from its edge or its point.

    Parameters
    ----------
    candidates
        Facilities, m of them.
    prepared
        From `service_map.coverage.cells`.
    metres
        One radius, or one for each facility, shape (m,); one of 0 or less reaches nobody.

    Returns
    -------
    ndarray of bool, shape (n,)
        In the order of `Cells.order`.

    Raises
    ------
    InvalidParameterError
        When a radius cannot be used.
    """
    radii = np.broadcast_to(np.asarray(metres, dtype=np.float64), (len(candidates.lonlat),))
    laid = lay_out(candidates)
    if laid.lonlat is candidates.lonlat:
        return along_curve(candidates.lonlat, prepared, metres)
    flags = along_curve(laid.lonlat, prepared, radii[laid.owner])
    return flags | inside(laid, prepared.lonlat, among=radii > 0)[prepared.order]


def nearest_edge(candidates: Candidates, demand: Floats, *, metres: float | None = None) -> tuple[Floats, Whole]:
    """Find the nearest facility of every demand point, measured from its edge or its point.

    Parameters
    ----------
    candidates
        Facilities, m of them.
    demand
        WGS 84 degrees, shape (n, 2), longitude first.
    metres
        As in `service_map.coverage.nearest`.

    Returns
    -------
    metres, index
        As `service_map.coverage.nearest` gives them; 0 metres for who stands inside.

    Raises
    ------
    InvalidParameterError
        When a coordinate or `metres` cannot be used.
    """
    laid = lay_out(candidates)
    away, index = nearest(laid.lonlat, demand, metres=metres)
    index = np.where(index >= 0, laid.owner[index], -1) if len(laid.owner) else index
    for surface, owner in zip(laid.surfaces, laid.surface_owner.tolist(), strict=True):
        rows = _contains(surface, demand)
        away[rows], index[rows] = 0.0, owner
    return away, index


def closest(laid: LaidOut, metres: Floats, count: int) -> Floats:
    """Give each facility the least of the distances of its points.

    Parameters
    ----------
    laid
        From `lay_out`.
    metres
        Of each of its points, shape (p,).
    count
        How many facilities there are.

    Returns
    -------
    ndarray of float64, shape (count,)
    """
    least = np.full(count, np.inf)
    np.minimum.at(least, laid.owner, metres)
    return least


def edge_pairs(
    candidates: Candidates, demand: ArrayLike, metres: float, *, network: Network | None = None, limit: float = SNAP_M
) -> Pairs:
    """List all pairs of a facility and a demand point within reach, measured from the facility's edge or its point.

    Parameters
    ----------
    candidates
        Facilities, m of them.
    demand
        WGS 84 degrees, shape (n, 2), longitude first.
    metres
        Radius; a walk where a network is given.
    network, limit
        As in `service_map.coverage.walk_pairs`.

    Returns
    -------
    Pairs

    Raises
    ------
    InvalidParameterError
        As in `service_map.coverage.pairs`.
    """
    laid = lay_out(candidates)
    wanted = _given.lonlat(demand, "demand")
    if network is None:
        found = pairs(laid.lonlat, wanted, metres)
    else:
        found = walk_pairs(network, laid.lonlat, wanted, metres=metres, limit=limit, owner=laid.owner)
    if laid.lonlat is candidates.lonlat:
        return found
    owners = laid.owner[found.facility] if network is None else found.facility
    facility, row, away = [owners], [found.demand], [found.metres]
    for surface, owner in zip(laid.surfaces, laid.surface_owner.tolist(), strict=True):
        there = np.flatnonzero(_contains(surface, wanted))
        facility.append(np.full(len(there), owner))
        row.append(there)
        away.append(np.zeros(len(there)))
    one, other, length = np.concatenate(facility), np.concatenate(row), np.concatenate(away)
    order = np.lexsort((length, other, one))
    one, other, length = one[order], other[order], length[order]
    first = np.ones(len(one), dtype=np.bool_)
    first[1:] = (one[1:] != one[:-1]) | (other[1:] != other[:-1])
    return Pairs(facility=one[first].astype(np.int64), demand=other[first].astype(np.int64), metres=length[first])
