"""Pairs within reach, and the two-step floating catchment (两步移动搜索法): places a person has, not only whether."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from service_map.coverage import _given
from service_map.coverage._given import Floats, Whole
from service_map.coverage.distance import MEAN_RADIUS_M, ecef, metres_between
from service_map.errors import InvalidParameterError

MOST_PAIRS = 60_000_000
"""More pairs than this would take over a gigabyte; the question has to be asked of a part, or of a smaller radius."""

_DOUBT_M = 0.001
# Fewer people than this are the noise of adding and subtracting shares of people.
_NOBODY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Every facility and demand point within reach of each other, sorted by facility, then demand.

    Attributes
    ----------
    facility, demand
        Row numbers, shape (p,).
    metres
        Straight line between them, shape (p,), within 0.001 mm of the geodesic up to 5 km.
    """

    facility: Whole
    demand: Whole
    metres: Floats


def count_pairs(facilities: ArrayLike, demand: ArrayLike, metres: float) -> int:
    """Count the pairs within a straight-line radius without listing them.

    Parameters
    ----------
    facilities, demand
        WGS 84 degrees, shape (m, 2) and (n, 2), longitude first.
    metres
        Radius.

    Returns
    -------
    int
        Never fewer than `pairs` would list, and at most those within a metre more.

    Raises
    ------
    InvalidParameterError
        When a coordinate or `metres` cannot be used.
    """
    supply, wanted = _given.lonlat(facilities, "facilities"), _given.lonlat(demand, "demand")
    radius = _given.radius(metres)
    if not len(supply) or not len(wanted):
        return 0
    return int(cKDTree(ecef(supply)).count_neighbors(cKDTree(ecef(wanted)), min(radius + 1.0, 2 * MEAN_RADIUS_M)))


def pairs(facilities: ArrayLike, demand: ArrayLike, metres: float) -> Pairs:
    """List all pairs within a straight-line radius.

    Parameters
    ----------
    facilities, demand
        WGS 84 degrees, shape (m, 2) and (n, 2), longitude first.
    metres
        Radius.

    Returns
    -------
    Pairs

    Raises
    ------
    InvalidParameterError
        When a coordinate or `metres` cannot be used, or there are more than `MOST_PAIRS`.
    """
    supply, wanted = _given.lonlat(facilities, "facilities"), _given.lonlat(demand, "demand")
    radius = _given.radius(metres)
    if not len(supply) or not len(wanted):
        nothing = np.empty(0, dtype=np.int64)
        return Pairs(facility=nothing, demand=nothing, metres=np.empty(0))
    one, other = cKDTree(ecef(supply)), cKDTree(ecef(wanted))
    chord = 2 * MEAN_RADIUS_M * np.sin(radius / 2 / MEAN_RADIUS_M)
    slack = _DOUBT_M + 0.001 * radius * (radius / MEAN_RADIUS_M) ** 2
    count = one.count_neighbors(other, chord + slack)
    if count > MOST_PAIRS:
        raise InvalidParameterError(
            "metres",
            f"半径内有 {count} 对，超过 {MOST_PAIRS}；请减小半径或分区计算",
            f"{count} pairs lie within it, over {MOST_PAIRS}; take a smaller radius or a part of the area",
        )
    found = one.sparse_distance_matrix(other, chord + slack, output_type="ndarray")
    order = np.lexsort((found["j"], found["i"]))
    facility, row, away = found["i"][order], found["j"][order], found["v"][order]
    arc = away + away**3 / (24 * MEAN_RADIUS_M**2)
    doubtful = np.flatnonzero((np.abs(arc - radius) <= slack) | (away > 5_000))
    if len(doubtful):
        arc[doubtful] = metres_between(supply[facility[doubtful]], wanted[row[doubtful]])
    kept = arc <= radius
    return Pairs(facility=facility[kept].astype(np.int64), demand=row[kept].astype(np.int64), metres=arc[kept])


def count_within(found: Pairs, demand: int) -> Whole:
    """Count the facilities that each demand point has within reach.

    Parameters
    ----------
    found
        From `pairs`.
    demand
        How many demand points there are.

    Returns
    -------
    ndarray of int64, shape (demand,)
    """
    return np.bincount(found.demand, minlength=demand).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catchment:
    """The answer of the two steps.

    Attributes
    ----------
    ratio
        Places a person at each facility, shape (m,); 0 where nobody is within reach of it.
    places
        Places a person at each demand point, shape (n,), summed over what it reaches.
    idle
        Places of facilities that nobody reaches.
    """

    ratio: Floats
    places: Floats
    idle: float


def two_step(found: Pairs, people: ArrayLike, capacity: ArrayLike) -> Catchment:
    """Share the places of each facility among all who reach it, then add up what each person gets.

    Parameters
    ----------
    found
        Who reaches what, from `pairs`.
    people
        At each demand point, shape (n,).
    capacity
        Places of each facility (beds, seats), shape (m,).

    Returns
    -------
    Catchment
        ``places @ people + idle`` is all the capacity.

    Raises
    ------
    InvalidParameterError
        When an amount cannot be used, or there are fewer than `found` names.

    Notes
    -----
    Luo and Wang, Environment and Planning B 30 (2003) 865–884: R_j = S_j / Σ P_k over k within reach of j;
    A_i = Σ R_j over j within reach of i.
    """
    living = _given.amounts(people, np.size(people), "people")
    offered = _given.amounts(capacity, np.size(capacity), "capacity")
    if len(found.demand) and (found.demand.max() >= len(living) or found.facility.max() >= len(offered)):
        raise InvalidParameterError("people", "比配对的点少", "has fewer values than the pairs have points")
    asked = np.bincount(found.facility, living[found.demand], minlength=len(offered))
    ratio = np.divide(offered, asked, out=np.zeros_like(offered), where=asked > _NOBODY)
    places = np.bincount(found.demand, ratio[found.facility], minlength=len(living)).astype(np.float64)
    return Catchment(ratio=ratio, places=places, idle=float(offered[asked <= _NOBODY].sum()))
