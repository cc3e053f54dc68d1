"""Who reaches whom, which choice of places covers the most of it, and what none can exceed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from service_map.coverage._given import Floats, Whole
from service_map.coverage.distance import ecef
from service_map.coverage.straight import covered

LEAST_GAIN = 1e-9
"""Below this a gain is the noise of adding floating-point numbers, and chasing it would never end."""

_LAGRANGE_STEPS = 150
_SWAP_ROUNDS = 50


class Crowd:
    """Which places stand too near to what is there or chosen."""

    def __init__(self, places: Floats, existing: Floats, spacing: float | None) -> None:
        self.spacing = spacing
        self._xyz = ecef(places)
        self.barred = np.zeros(len(places), dtype=np.bool_)
        if spacing is not None:
            self.barred = covered(existing, places, spacing)

    def around(self, place: int) -> NDArray[np.bool_]:
        """Flag the places that this one keeps out, itself among them."""
        if self.spacing is None:
            flags = np.zeros(len(self._xyz), dtype=np.bool_)
            flags[place] = True
            return flags
        near: NDArray[np.bool_] = np.linalg.norm(self._xyz - self._xyz[place], axis=1) < self.spacing
        near[place] = True
        return near


@dataclass(frozen=True, slots=True)
class Cover:
    """Who reaches whom; demand points reached by the very same places are one."""

    by_place: csr_array  # (p, d) of ones
    by_demand: csr_array  # (d, p)
    amount: Floats

    @classmethod
    def of(cls, place: Whole, row: Whole, amount: Floats, places: int) -> "Cover":
        # Two rows reached by the same places have the same sum of random marks (2^-64 to be wrong, and checked by
        # the number of places as well).
        marks = np.random.default_rng(0).integers(1, 2**63, places, dtype=np.uint64)
        order = np.argsort(row, kind="stable")
        place, row = place[order], row[order]
        if not len(row):
            empty = csr_array((places, 0), dtype=np.float64)
            return cls(empty, csr_array((0, places), dtype=np.float64), np.empty(0))
        first = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
        mark = np.add.reduceat(marks[place], first)
        size = np.diff(np.r_[first, len(row)]).astype(np.uint64)
        _, example, group = np.unique(np.stack((mark, size), axis=1), axis=0, return_index=True, return_inverse=True)
        merged = np.bincount(group.ravel(), amount[row[first]]).astype(np.float64)
        length = size[example].astype(np.int64)
        starts = np.r_[0, np.cumsum(length)]
        taken = np.repeat(first[example] - starts[:-1], length) + np.arange(starts[-1])
        by_demand = csr_array(
            (np.ones(len(taken)), place[taken].astype(np.int32), starts.astype(np.int32)), shape=(len(merged), places)
        )
        return cls(by_demand.T.tocsr(), by_demand, merged)

    def reached(self, place: int) -> Whole:
        return np.asarray(self.by_place.indices[self.by_place.indptr[place] : self.by_place.indptr[place + 1]])

    def gains(self, rows: Whole) -> Floats:
        """Sum what each place would gain from these rows of demand."""
        flags = np.zeros(len(self.amount))
        flags[rows] = self.amount[rows]
        return np.asarray(self.by_place @ flags)

    def times(self, chosen: Whole) -> Whole:
        counts = np.zeros(len(self.amount), dtype=np.int64)
        for place in chosen:
            counts[self.reached(int(place))] += 1
        return counts

    def value(self, chosen: Whole) -> float:
        return float(self.amount[self.times(chosen) > 0].sum())

    def ranked(self, chosen: Whole) -> tuple[Whole, Floats]:
        """Order them so that each gains the most after those before it."""
        rows = self.by_place[chosen]
        few = Cover(rows, rows.T.tocsr(), self.amount)
        each = few.gains(np.arange(len(self.amount)))
        free = np.ones(len(self.amount), dtype=np.bool_)
        order: list[int] = []
        gain: list[float] = []
        for _ in chosen:
            best = int(np.argmax(each))
            gain.append(max(float(each[best]), 0.0))
            order.append(best)
            new = few.reached(best)
            new = new[free[new]]
            free[new] = False
            each -= sum_over(few, new)
            each[best] = -np.inf
        return chosen[np.array(order, dtype=np.int64)], np.array(gain)


def greedy(cover: Cover, count: int, crowd: Crowd) -> Whole:
    gain = cover.gains(np.arange(len(cover.amount)))
    free = np.ones(len(cover.amount), dtype=np.bool_)
    barred = crowd.barred.copy()
    chosen: list[int] = []
    while len(chosen) < count and not barred.all():
        best = int(np.argmax(np.where(barred, -1.0, gain)))
        if gain[best] <= LEAST_GAIN:
            break
        chosen.append(best)
        barred |= crowd.around(best)
        rows = cover.reached(best)
        new = rows[free[rows]]
        free[new] = False
        gain -= sum_over(cover, new)
    return np.array(chosen, dtype=np.int64)


def sum_over(cover: Cover, rows: Whole) -> Floats:
    """Sum what these rows of demand are worth to each place, touching only the pairs they are in."""
    start, end = cover.by_demand.indptr[rows], cover.by_demand.indptr[rows + 1]
    length = end - start
    offsets = np.repeat(start - np.r_[0, np.cumsum(length)[:-1]], length) + np.arange(length.sum())
    places = cover.by_demand.indices[offsets]
    worth = np.repeat(cover.amount[rows], length)
    return np.bincount(places, worth, minlength=cover.by_demand.shape[1]).astype(np.float64)


def swap(cover: Cover, chosen: Whole, crowd: Crowd) -> Whole:
    """Exchange one chosen place for another as long as that covers more."""
    taken = chosen.copy()
    if not len(taken):
        return taken
    times = cover.times(taken)
    gain = cover.gains(np.flatnonzero(times == 0))
    around = {int(place): crowd.around(int(place)) for place in taken}
    kept_out = crowd.barred.astype(np.int64) + np.sum([around[int(place)] for place in taken], axis=0)
    for _ in range(_SWAP_ROUNDS):
        improved = False
        for slot, old in enumerate(taken.tolist()):
            rows = cover.reached(old)
            lonely = rows[times[rows] == 1]
            loss = float(cover.amount[lonely].sum())
            worth = gain + sum_over(cover, lonely)
            worth[(kept_out - around[old]) > 0] = -1.0
            new = int(np.argmax(worth))
            if worth[new] <= loss + LEAST_GAIN * max(1.0, loss):
                continue
            improved = True
            gain += sum_over(cover, lonely)
            times[rows] -= 1
            fresh = cover.reached(new)
            gain -= sum_over(cover, fresh[times[fresh] == 0])
            times[fresh] += 1
            taken[slot] = new
            around[new] = crowd.around(new)
            kept_out += around[new].astype(np.int64) - around.pop(old)
        if not improved:
            break
    return taken


def lagrange_bound(cover: Cover, count: int, known: float) -> float:
    """Price each demand point at λ ≤ its worth: what places earn at these prices, and what is left, bounds the best.

    Held, Wolfe and Crowder, Mathematical Programming 6 (1974) 62–88: subgradient steps towards the lowest bound.
    """
    amount = cover.amount
    price = amount / 2
    lowest, step = np.inf, 1.0
    since = 0
    for _ in range(_LAGRANGE_STEPS):
        earned = np.asarray(cover.by_place @ price)
        best = np.argpartition(-earned, min(count, len(earned)) - 1)[:count]
        value = float((amount - price).sum() + earned[best].sum())
        if value < lowest - 1e-9 * abs(value):
            lowest, since = value, 0
        else:
            since += 1
            if since == 8:
                step, since = step / 2, 0
        if lowest <= known * (1 + 1e-12):
            break
        chosen = np.zeros(len(earned))
        chosen[best] = 1.0
        # A point reached by more than one chosen place is priced too high, one reached by none too low.
        slope = np.asarray(cover.by_demand @ chosen) - 1.0
        slope[(price >= amount) & (slope < 0)] = 0.0
        norm = float(slope @ slope)
        if norm == 0:
            break
        price = np.clip(price - step * (value - known) / norm * slope, 0.0, amount)
    return lowest
