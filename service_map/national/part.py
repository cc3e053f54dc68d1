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
from service_map.national.people import Cells
from service_map.national.question import Question, Target

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

KINDS = ("certain", "located", "possible")

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
    sums
        Exact figures, see `Sums`.
    """

    cells: Cells
    metres: NDArray[np.int32]
    reached: NDArray[np.uint64]
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
        Shape (h, k, 3, 1 + g): horizon, target, `KINDS`, group.
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
    search = _Search(question, cells, network)
    groups = tuple(cells.groups)
    # Whole numbers below 2^53 are exact in float64, and so is every sum of a county's millionths.
    weights = np.column_stack([cells.people, *(cells.groups[name] for name in groups)]).astype(np.float64)
    horizons, targets = question.horizons, question.targets
    covered = np.zeros((len(horizons), len(targets), 3, weights.shape[1]), dtype=np.int64)
    metres = np.full((len(targets), len(cells)), -1, dtype=np.int32)
    reached = np.zeros(len(cells), dtype=np.uint64)
    counts = np.zeros((len(horizons), 3, len(cells)), dtype=np.uint8)
    squares, square = np.unique(_keys(cells.lonlat), return_inverse=True)
    square = square.ravel()
    far = np.zeros((len(targets), 2), dtype=np.int64)
    gap = np.zeros((len(targets), len(squares)), dtype=np.int64)
    for row, target in enumerate(targets):
        mine = coverage.choose(candidates, np.isin(candidates.category, target.codes))
        known: dict[tuple[bytes, bytes], tuple[tuple[Flags, ...], Floats, Whole]] = {}
        flags: tuple[Flags, ...] = ()
        away = np.empty(0)
        for number, horizon in enumerate(horizons):
            may, does = coverage.horizon(mine, horizon.year)
            if horizon.kind == "existing":
                may = does = coverage.in_place(mine) & may
            key = (may.tobytes(), does.tobytes())
            if key not in known:
                found, away = search.flags(target, coverage.choose(mine, may), coverage.choose(mine, does))
                known[key] = found, away, np.array([flag @ weights for flag in found]).astype(np.int64)
            flags, away, covered[number, row] = known[key]
            for kind, flag in enumerate(flags):
                counts[number, kind] += flag
        located = flags[1]
        metres[row] = _whole(away, located, target.reach(network=network is not None))
        reached |= located.astype(np.uint64) << np.uint64(row)
        near = metres[row] >= 0
        far[row] = (cells.people[near] @ metres[row, near].astype(np.int64), cells.people[near].sum())
        gap[row] = np.bincount(square, weights[:, 0] * ~located, minlength=len(squares)).astype(np.int64)
    whole = counts == len(targets)
    complete = np.stack(((whole @ weights[:, 0]), (counts @ weights[:, 0])), axis=-1).astype(np.int64)
    sums_of = Sums(
        cells=len(cells),
        people=weights.sum(axis=0).astype(np.int64),
        groups=groups,
        covered=covered,
        far=far,
        complete=complete,
        squares=squares.astype(np.int64),
        gap=gap,
        bounds=_bounds(cells.lonlat),
    )
    return Judged(cells=cells, metres=metres, reached=reached, sums=sums_of)


class _Search:
    """The people of a part, made ready to be asked about many kinds of facility."""

    def __init__(self, question: Question, cells: Cells, network: Network | None) -> None:
        self._question, self._cells, self._network = question, cells, network
        self._farthest = question.farthest(network=network is not None)
        self._ready = coverage.cells(cells.lonlat)
        self._snapped = None if network is None else coverage.snap(network, cells.lonlat, limit=question.snap_m)

    def flags(self, target: Target, may: Candidates, does: Candidates) -> tuple[tuple[Flags, Flags, Flags], Floats]:
        """Say who is certainly, as located, and possibly within reach, as `coverage.served` does, and how far."""
        radius = target.reach(network=self._network is not None)
        possible = coverage.covered(may.lonlat, self._ready, _capped(radius + may.uncertainty_m))
        if self._network is None or self._snapped is None:
            away, _ = coverage.nearest(does.lonlat, self._cells.lonlat, metres=self._farthest)
            located = coverage.covered(does.lonlat, self._ready, radius)
            if not does.uncertainty_m.any():
                return (located, located, possible), away
            certain = coverage.covered(does.lonlat, self._ready, radius - does.uncertainty_m)
            return (certain, located, possible), away
        snapped = coverage.snap(self._network, does.lonlat, limit=self._question.snap_m)
        away = coverage.walk(self._network, snapped, self._snapped, metres=self._farthest).metres
        located = away <= radius
        certain = np.zeros(len(located), dtype=np.bool_)
        near = does.uncertainty_m[does.uncertainty_m <= min(SITE_M, radius / coverage.DETOUR)]
        for uncertainty in np.unique(near):
            left = radius - uncertainty * coverage.DETOUR
            group = does.uncertainty_m == uncertainty
            if left > 0 and group.all():
                certain |= away <= left
            elif left > 0:
                some = coverage.Snapped(node=snapped.node[group], metres=snapped.metres[group])
                certain |= np.isfinite(coverage.walk(self._network, some, self._snapped, metres=left).metres)
        return (certain, located, possible), away


def _whole(away: Floats, located: Flags, radius: float) -> NDArray[np.int32]:
    """Round metres up, so that a whole number within the radius is within it, and never across it."""
    found = np.isfinite(away)
    whole = np.full(len(away), -1, dtype=np.int32)
    whole[found] = np.ceil(away[found]).astype(np.int32)
    whole[located] = np.minimum(whole[located], np.int32(np.ceil(radius)))
    beyond = found & ~located
    whole[beyond] = np.maximum(whole[beyond], np.int32(np.floor(radius)) + 1)
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
    low, high = lonlat.min(axis=0), lonlat.max(axis=0)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


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
