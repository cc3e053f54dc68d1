"""Where to put n more (选址): the places that reach the most people whom nothing reaches yet.

Greedy with swaps on the lists of who reaches whom, a bound from the linear program or its Lagrangian beside it, and
the proven optimum where HiGHS finds it in the time given. The answer always says how far from the best it can be.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, eye_array, hstack, vstack

from service_map.coverage import _given
from service_map.coverage._cover import LEAST_GAIN, Cover, Crowd, greedy, lagrange_bound, swap
from service_map.coverage._given import Floats, Whole
from service_map.coverage.catchment import Pairs, pairs
from service_map.coverage.demand import Demand
from service_map.coverage.straight import covered
from service_map.errors import InvalidParameterError

BOUNDS = ("lagrange", "lp", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Siting:
    """Places proposed, best first, and how good they are.

    Attributes
    ----------
    chosen
        Rows of the places given, shape (k,); fewer than asked for where no more place reaches anybody new.
    gain
        Demand that each newly covers after those before it, shape (k,).
    added
        Demand newly covered by all of them.
    already
        Demand covered before.
    total
        All the demand.
    bound
        No choice whatever adds more than this; None where none was asked for.
    gap
        ``1 - added / bound``: at most this share of the best is missed; None without a bound.
    method
        ``greedy_swap``, ``greedy_capacity`` or ``highs``.
    proven
        True where the choice is proven best.
    solver
        What HiGHS reported, "" where it was not asked.
    """

    chosen: Whole
    gain: Floats
    added: float
    already: float
    total: float
    bound: float | None
    gap: float | None
    method: str
    proven: bool
    solver: str


def site(
    demand: Demand,
    existing: ArrayLike,
    places: ArrayLike,
    count: int,
    metres: float,
    *,
    spacing: float | None = None,
    capacity: ArrayLike | None = None,
    bound: str = "lagrange",
    exact_seconds: float = 0.0,
    reach: Pairs | None = None,
    reached: ArrayLike | None = None,
) -> Siting:
    """Choose places for new facilities so that they cover the most demand not covered yet.

    Parameters
    ----------
    demand
        Who is to be served.
    existing
        WGS 84 degrees of facilities that stay, shape (e, 2), longitude first.
    places
        WGS 84 degrees of where a new one may be, shape (p, 2).
    count
        How many new ones, at least 1 (a plan's quota).
    metres
        Service radius; a straight line unless `reach` is given.
    spacing
        Least metres between two new ones, and between a new one and an existing one.
    capacity
        Demand that each place can take, one number or shape (p,); the nearest are taken first.
    bound
        ``lagrange`` (fast, a little above the linear program's), ``lp`` (the linear program, by HiGHS) or ``none``.
    exact_seconds
        Let HiGHS try for so long to prove the optimum; 0 does not ask it. Not with `spacing` or `capacity`.
    reach
        Which places (`Pairs.facility`) reach which demand (`Pairs.demand`), where that is not a straight line: what
        `service_map.coverage.walk_pairs` gives over a network. None for all pairs within `metres`.
    reached
        Flags, shape (n,), of the demand covered already, where that is not a straight line from `existing`.

    Returns
    -------
    Siting

    Raises
    ------
    InvalidParameterError
        When a value cannot be used.

    Notes
    -----
    Church and ReVelle, The maximal covering location problem, Papers in Regional Science 32 (1974) 101–118; swaps
    after Teitz and Bart, Operations Research 16 (1968) 955–961. Greedy alone reaches at least 1 - 1/e of the best.
    """
    radius, where = _given.radius(metres), _given.lonlat(places, "places")
    kept = _given.lonlat(existing, "existing")
    counted(count)
    if bound not in BOUNDS:
        raise InvalidParameterError("bound", f"没有 {bound!r}", f"no {bound!r}", BOUNDS)
    most = None if capacity is None else _given.amounts(capacity, len(where), "capacity")
    distance = None if spacing is None else _given.radius(spacing, "spacing")
    done = covered(kept, demand.lonlat, radius) if reached is None else _flags(reached, len(demand.amount))
    already = float(demand.amount[done].sum())
    open_ = np.flatnonzero(~done & (demand.amount > 0))
    found = pairs(where, demand.lonlat[open_], radius) if reach is None else _among(reach, open_, demand, len(where))
    crowd = Crowd(where, kept, distance)
    solver = ""
    proven = False
    cover = Cover.of(found.facility, found.demand, demand.amount[open_], len(where))
    top: float | None = None
    if most is not None:
        chosen, gain = _greedy_capacity(found, demand.amount[open_], most, int(count), crowd)
        method = "greedy_capacity"
        if bound != "none":
            # What the greatest places can take bounds it, and so does what could be had without limits.
            top = min(_bound(cover, bound, chosen, int(count)), float(np.sort(most)[::-1][: int(count)].sum()))
    else:
        chosen = swap(cover, greedy(cover, int(count), crowd), crowd)
        method = "greedy_swap"
        if exact_seconds > 0 and distance is None:
            better, proven, solver = _exact(cover, int(count), exact_seconds)
            if better is not None and (proven or cover.value(better) > cover.value(chosen)):
                chosen, method = better, "highs"
        chosen, gain = cover.ranked(chosen)
        if proven:
            top = float(gain.sum())
        elif bound != "none":
            top = _bound(cover, bound, chosen, int(count))
    added = float(gain.sum())
    if top is not None:
        top = max(top, added)
    return Siting(
        chosen=chosen,
        gain=gain,
        added=added,
        already=already,
        total=demand.total,
        bound=top,
        gap=None if top is None else (1 - added / top if top > 0 else 0.0),
        method=method,
        proven=proven or (top is not None and added >= top * (1 - 1e-12)),
        solver=solver,
    )


def counted(count: int) -> int:
    """Give how many to choose, refusing what is no whole number of at least 1."""
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise InvalidParameterError("count", "应为正整数", "takes a whole number of at least 1")
    return int(count)


def _flags(values: ArrayLike, count: int) -> NDArray[np.bool_]:
    flags = np.asarray(values)
    if flags.shape != (count,) or flags.dtype != np.bool_:
        raise InvalidParameterError("reached", f"应为 {count} 个真假值", f"takes {count} flags")
    return flags


def _among(reach: Pairs, open_: Whole, demand: Demand, places: int) -> Pairs:
    """Keep the pairs of the demand still open, counted among it."""
    count = len(demand.amount)
    if len(reach.facility) and (
        min(reach.facility.min(), reach.demand.min()) < 0
        or reach.facility.max() >= places
        or reach.demand.max() >= count
    ):
        raise InvalidParameterError("reach", "有对不上的候选点或需求点", "names a place or demand that is not given")
    row = np.full(count, -1, dtype=np.int64)
    row[open_] = np.arange(len(open_))
    kept = row[reach.demand] >= 0
    return Pairs(facility=reach.facility[kept], demand=row[reach.demand[kept]], metres=reach.metres[kept])


def _greedy_capacity(found: Pairs, amount: Floats, capacity: Floats, count: int, crowd: Crowd) -> tuple[Whole, Floats]:
    order = np.lexsort((found.metres, found.facility))
    place, row = found.facility[order], found.demand[order]
    bounds = np.searchsorted(place, np.arange(len(capacity) + 1))
    left = amount.copy()
    barred = crowd.barred.copy()
    chosen: list[int] = []
    gain: list[float] = []
    while len(chosen) < count and not barred.all():
        worth = np.minimum(np.bincount(place, left[row], minlength=len(capacity)), capacity)
        best = int(np.argmax(np.where(barred, -1.0, worth)))
        if worth[best] <= LEAST_GAIN:
            break
        chosen.append(best)
        gain.append(float(worth[best]))
        barred |= crowd.around(best)
        rows = row[bounds[best] : bounds[best + 1]]
        left[rows] -= np.diff(np.minimum(np.r_[0, np.cumsum(left[rows])], capacity[best]))
    return np.array(chosen, dtype=np.int64), np.array(gain)


def _bound(cover: Cover, kind: str, chosen: Whole, count: int) -> float:
    reachable = float(cover.amount.sum())
    if not len(cover.amount):
        return 0.0
    if kind == "lp":
        return min(reachable, _linear_bound(cover, count))
    return min(reachable, lagrange_bound(cover, count, cover.value(chosen)))


def _program(cover: Cover) -> tuple[Floats, csr_array, csr_array]:
    places, rows = cover.by_place.shape
    worth = np.concatenate((np.zeros(places), -cover.amount))
    reach = csr_array(hstack((-cover.by_demand, eye_array(rows)), format="csr"))
    limit = csr_array((np.ones(places), np.arange(places), [0, places]), shape=(1, places + rows))
    return worth, reach, limit


def _linear_bound(cover: Cover, count: int) -> float:
    from scipy.optimize import linprog  # few ask for a bound, or an exact answer, and loading it takes a while

    worth, reach, limit = _program(cover)
    answer = linprog(
        worth,
        A_ub=vstack((reach, limit), format="csr"),
        b_ub=np.concatenate((np.zeros(reach.shape[0]), [float(count)])),
        bounds=(0, 1),
        method="highs",
    )
    return float(-answer.fun) if answer.status == 0 else float(cover.amount.sum())


def _exact(cover: Cover, count: int, seconds: float) -> tuple[Whole | None, bool, str]:
    from scipy.optimize import Bounds, LinearConstraint, milp

    if not len(cover.amount):
        return np.empty(0, dtype=np.int64), True, "nothing to cover"
    worth, reach, limit = _program(cover)
    places = cover.by_place.shape[0]
    whole = np.concatenate((np.ones(places), np.zeros(len(cover.amount))))
    answer = milp(
        worth,
        constraints=(LinearConstraint(reach, -np.inf, 0), LinearConstraint(limit, -np.inf, count)),
        integrality=whole,
        bounds=Bounds(0, 1),
        options={"time_limit": float(seconds), "mip_rel_gap": 0.0},
    )
    if answer.x is None:
        return None, False, str(answer.message)
    chosen = np.flatnonzero(answer.x[:places] > 0.5).astype(np.int64)
    # A status of success alone is not trusted: solvers have said "optimal" at a time limit. The gap must be closed too.
    closed = answer.status == 0 and answer.mip_gap is not None and answer.mip_gap <= 1e-9
    return chosen, bool(closed), str(answer.message)
