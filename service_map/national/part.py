"""One county, or a part of one: people, facilities and ways in, distances and exact sums out.

Everything is computed by `service_map.coverage` as it is; here only its answers are added up, in whole numbers, so that
parts of a county add up to exactly what the county undivided would give.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service_map import coverage
from service_map.coverage import Candidates, Network
from service_map.coverage.card import SITE_M
from service_map.coverage.straight import along_curve
from service_map.national.population import Cells
from service_map.national.question import Horizon, Question, Target

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


SQUARE_DEGREES = 0.01
"""Side of the squares that gaps are made of; they begin at longitude and latitude 0, whatever county they lie in."""

_COLUMNS = 36_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a part of a county says.

    Attributes
    ----------
    cells
        The people.
    metres
        To the nearest facility of each target by the last horizon, whole metres rounded up, shape (k, n); -1 where none
        is reached within the farthest reach asked about.
    reached
        Bits: target number i is within its reach, shape (n,), by the last horizon.
    count
        How many targets are, shape (n,).
    sums
        Exact figures, see `Sums`.
    """

    cells: Cells
    metres: NDArray[np.int32]
    reached: NDArray[np.uint64]
    count: NDArray[np.uint8]
    sums: "Sums"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Figures that add up over the parts of a county; people in millionths.

    Attributes
    ----------
    cells
        How many.
    people
        All, shape (1 + g,): everybody, then each age group.
    groups
        Names of the age groups.
    covered
        Shape (h, k, 3, 1 + g): horizon, target, `service_map.catalogue.terms.BOUND`, group.
    far
        People times metres to the nearest facility and people who have one, of the last horizon, shape (k, 2).
    complete
        People for whom every target is within reach, and people times targets within reach, shape (h, 3, 2).
    squares
        Keys of the squares that people live in, ascending, shape (s,).
    gap
        People not covered (as located) by the last horizon, shape (k, s).
    bounds
        West, south, east, north of the cells.
    """

    cells: int
    people: Whole
    groups: tuple[str, ...]
    covered: Whole
    far: Whole
    complete: Whole
    squares: Whole
    gap: Whole
    bounds: tuple[float, float, float, float]


def judge(question: Question, cells: Cells, candidates: Candidates, network: Network | None) -> Judged:
    """Judge the people of a part.

    Parameters
    ----------
    question
        What is asked.
    cells
        The people.
    candidates
        The facilities of the county and its halo.
    network
        Ways to walk in that box, or None for straight lines.

    Returns
    -------
    Judged

    Raises
    ------
    InvalidParameterError
        When a coordinate cannot be used.
    """
    search = _Search(question, cells, candidates, network)
    groups = tuple(cells.groups)
    # Whole numbers below 2^53 are exact in float64, and so is every sum of a county's millionths.
    weights = np.array([cells.people, *(cells.groups[name] for name in groups)], dtype=np.float64)
    everybody = weights[0]
    horizons, targets = question.horizons, question.targets
    covered = np.zeros((len(horizons), len(targets), 3, len(weights)), dtype=np.int64)
    metres = np.empty((len(targets), len(cells)), dtype=np.int32)
    reached = np.zeros(len(cells), dtype=np.uint64)
    counts = np.zeros((len(horizons), 3, len(cells)), dtype=np.uint8)
    squares, square = np.unique(_keys(cells.lonlat), return_inverse=True)
    square = square.ravel()
    far = np.zeros((len(targets), 2), dtype=np.int64)
    gap = np.zeros((len(targets), len(squares)), dtype=np.int64)
    lived_in = np.bincount(square, everybody, minlength=len(squares))
    stands = [_standing(candidates, horizon) for horizon in horizons]
    for row, target in enumerate(targets):
        mine = np.isin(candidates.category, target.codes)
        known: dict[tuple[bytes, bytes], tuple[tuple[Whole, Whole, Whole], Floats, Floats]] = {}
        away, located = np.empty(0), np.empty(0, dtype=np.int64)
        for number, (standing, kept) in enumerate(stands):
            may, does = mine & standing, mine & kept
            key = (may.tobytes(), does.tobytes())
            if key not in known:
                found, away = search.reached(target, np.flatnonzero(may), np.flatnonzero(does))
                people = {id(rows): [of[rows].sum() for of in weights] for rows in found}
                known[key] = found, away, np.array([people[id(rows)] for rows in found])
            (certain, located, possible), away, covered[number, row] = known[key]
            for kind, rows in enumerate((certain, located, possible)):
                counts[number, kind, rows] += 1
        reached[located] |= np.uint64(1 << row)
        metres[row] = _whole(away, located, target.reach(network=network is not None))
        near = np.flatnonzero(metres[row] >= 0)
        far[row] = (cells.people[near] @ metres[row, near].astype(np.int64), cells.people[near].sum())
        gap[row] = lived_in - np.bincount(square[located], everybody[located], minlength=len(squares))
    whole = counts == len(targets)
    complete = np.stack(((whole @ everybody), (counts @ everybody)), axis=-1).astype(np.int64)
    sums_of = Sums(
        cells=len(cells),
        people=weights.sum(axis=1).astype(np.int64),
        groups=groups,
        covered=covered,
        far=far,
        complete=complete,
        squares=squares.astype(np.int64),
        gap=gap,
        bounds=_bounds(cells.lonlat),
    )
    return Judged(cells=cells, metres=metres, reached=reached, count=counts[-1, 1], sums=sums_of)


def _standing(candidates: Candidates, horizon: Horizon) -> tuple[Flags, Flags]:
    """Tell which facilities may stand by a horizon, and which do if the plans are kept."""
    may, does = coverage.horizon(candidates, horizon.year)
    if horizon.kind == "existing":
        may = does = coverage.in_place(candidates) & may
    return may, does


class _Search:
    """The people and facilities of a part, made ready to be asked about many kinds of facility."""

    def __init__(self, question: Question, cells: Cells, candidates: Candidates, network: Network | None) -> None:
        self._candidates, self._network, self._placed = candidates, network, coverage.placed(candidates)
        self._farthest = question.farthest(network=network is not None)
        self._ready = coverage.cells(cells.lonlat)
        if network is not None:
            self._limit = question.snap_m
            self._homes = coverage.snap(network, self._ready, limit=question.snap_m)
            self._doors = coverage.snap(network, candidates.lonlat, limit=question.snap_m)

    def reached(self, target: Target, may: Whole, does: Whole) -> tuple[tuple[Whole, Whole, Whole], Floats]:
        """List who is certainly, as located, and possibly within reach, as `coverage.served` does, and how far all are.

        Facilities are given by their rows: those that may stand, and of them those that do if the plans are kept. Most
        kinds reach few of a county's cells, so the answers are rows too, in any order.
        """
        radius = target.reach(network=self._network is not None)
        unsure = self._candidates.uncertainty_m
        if self._network is not None:
            certain, located, away = self._walked(radius, does)
            return (certain, located, self._may_walk(radius, may, does, located)), away
        possible = self._straight(may, radius + unsure[may])
        here = does[self._placed[does]]
        away, _ = coverage.nearest_cells(self._candidates.lonlat[here], self._ready, self._farthest)
        if len(may) == len(here) and not unsure[may].any():
            return (possible, possible, possible), away
        located = self._straight(here, np.full(len(here), radius))
        if not unsure[does].any():
            return (located, located, possible), away
        certain = self._straight(does, radius - unsure[does])
        return (certain, _either(located, certain, sure=len(here) == len(does)), possible), away

    def _straight(self, facilities: Whole, radii: Floats) -> Whole:
        flags = along_curve(self._candidates.lonlat[facilities], self._ready, _capped(radii))
        return self._ready.order[np.flatnonzero(flags)]

    def _walked(self, radius: float, does: Whole) -> tuple[Whole, Whole, Floats]:
        """List who certainly, and as located, walks no farther than so many metres, and say how far all walk."""
        here = does[self._placed[does]]
        away = self._walk(here, self._farthest)
        located = np.flatnonzero(away <= radius)
        unsure = self._candidates.uncertainty_m[does]
        sure = len(here) == len(does)
        if sure and not unsure.any():
            return located, located, away
        certain = np.zeros(len(away), dtype=np.bool_)
        for uncertainty in np.unique(unsure[unsure <= min(SITE_M, radius / coverage.DETOUR)]):
            left = radius - uncertainty * coverage.DETOUR
            group = unsure == uncertainty
            if left > 0:
                certain |= (away if sure and group.all() else self._walk(does[group], left)) <= left
        rows = np.flatnonzero(certain)
        return rows, _either(located, rows, sure=sure), away

    def _may_walk(self, radius: float, may: Whole, does: Whole, located: Whole) -> Whole:
        """List who possibly walks no farther than so many metres."""
        if len(may) == len(does) and self._placed[may].all() and not self._candidates.uncertainty_m[may].any():
            return located
        assert self._network is not None  # noqa: S101 - asked only where there is one
        some = coverage.choose(self._candidates, may)
        flags = coverage.may_walk(self._network, some, self._ready, self._homes, metres=radius, limit=self._limit)
        flags[located] = True
        return np.flatnonzero(flags)

    def _walk(self, facilities: Whole, metres: float) -> Floats:
        assert self._network is not None  # noqa: S101 - asked only where there is one
        return coverage.walk_metres(self._network, self._doors.take(facilities), self._homes, metres=metres)


def _either(located: Whole, certain: Whole, *, sure: bool) -> Whole:
    """Count who is certainly reached among those located; where all have a place of their own, they are already."""
    return located if sure else np.union1d(located, certain)


def _whole(away: Floats, located: Whole, radius: float) -> NDArray[np.int32]:
    """Round metres up, so that a whole number within the radius is within it, and never across it."""
    whole = np.full(len(away), -1, dtype=np.int32)
    found = np.flatnonzero(np.isfinite(away))
    whole[found] = np.maximum(np.ceil(away[found]), np.floor(radius) + 1)
    within = located[np.isfinite(away[located])]
    whole[within] = np.minimum(np.ceil(away[within]), np.ceil(radius))
    return whole


def _capped(radii: Floats) -> Floats:
    return np.minimum(radii, 500_000.0)


def _keys(lonlat: Floats) -> Whole:
    column = np.floor((lonlat[:, 0] + 180.0) / SQUARE_DEGREES).astype(np.int64)
    row = np.floor((lonlat[:, 1] + 90.0) / SQUARE_DEGREES).astype(np.int64)
    return row * _COLUMNS + column


def corners(keys: Whole) -> tuple[Whole, Whole]:
    """Give row and column of squares, counted from 90° south and 180° west."""
    return keys // _COLUMNS, keys % _COLUMNS


def _bounds(lonlat: Floats) -> tuple[float, float, float, float]:
    if not len(lonlat):
        return (np.inf, np.inf, -np.inf, -np.inf)
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    return (float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))


def add(parts: Iterable[Sums]) -> Sums:
    """Add the parts of a county up.

    Parameters
    ----------
    parts
        At least one; their age groups must be the same.

    Returns
    -------
    Sums
    """
    found = list(parts)
    squares = np.unique(np.concatenate([part.squares for part in found]))
    gap = np.zeros((found[0].gap.shape[0], len(squares)), dtype=np.int64)
    for part in found:
        gap[:, np.searchsorted(squares, part.squares)] += part.gap
    edges = np.array([part.bounds for part in found])
    return Sums(
        cells=sum(part.cells for part in found),
        people=np.sum([part.people for part in found], axis=0),
        groups=found[0].groups,
        covered=np.sum([part.covered for part in found], axis=0),
        far=np.sum([part.far for part in found], axis=0),
        complete=np.sum([part.complete for part in found], axis=0),
        squares=squares,
        gap=gap,
        bounds=(
            float(edges[:, 0].min()),
            float(edges[:, 1].min()),
            float(edges[:, 2].max()),
            float(edges[:, 3].max()),
        ),
    )


def arrays(sums: Sums) -> Mapping[str, NDArray[np.generic]]:
    """Give the figures as arrays by name, for `numpy.savez`."""
    return {
        "cells": np.array(sums.cells),
        "people": sums.people,
        "groups": np.array(sums.groups, dtype=np.str_),
        "covered": sums.covered,
        "far": sums.far,
        "complete": sums.complete,
        "squares": sums.squares,
        "gap": sums.gap,
        "bounds": np.array(sums.bounds),
    }


def from_arrays(given: Mapping[str, NDArray[np.generic]]) -> Sums:
    """Read what `arrays` gave."""
    west, south, east, north = (float(edge) for edge in given["bounds"].astype(np.float64))
    whole = {name: given[name].astype(np.int64) for name in ("people", "covered", "far", "complete", "squares", "gap")}
    return Sums(
        cells=int(given["cells"].astype(np.int64)),
        groups=tuple(str(name) for name in given["groups"]),
        bounds=(west, south, east, north),
        **whole,
    )
