"""How many are covered: by people or area, by age group, by year, and by how many kinds at once.

A location that is known only within u metres gives three answers: *certain* counts who lies within r - u of it,
*located* who lies within r of the point that stands for it, *possible* who lies within r + u. The truth is never below
the first nor above the last, and each is at most the next. What is known to its county or city only is never located.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from service_map.catalogue import Rule, terms
from service_map.catalogue.messages import Sentence, sentence
from service_map.coverage import _given
from service_map.coverage._given import Floats
from service_map.coverage.around import walk_at_least
from service_map.coverage.card import SITE_M
from service_map.coverage.demand import Demand
from service_map.coverage.edges import inside, lay_out, reached
from service_map.coverage.snapping import SNAP_M, Snapped, snap
from service_map.coverage.straight import Cells, cells
from service_map.coverage.streets import DOWNHILL, Network
from service_map.coverage.supply import Candidates, choose, horizon, in_place, placed
from service_map.coverage.walking import DETOUR, SPEEDS, walk_metres
from service_map.errors import InvalidParameterError

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bounds:
    """An amount from below, as located, and from above."""

    certain: float
    located: float
    possible: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Who is covered by one category within one radius.

    Attributes
    ----------
    unit
        ``people`` or ``km2``.
    total
        All the demand.
    covered
        Of it, what is covered when every promise asked about is kept.
    built
        Of it, what is covered by what stands already.
    groups
        For each age group, all of it and what is covered of it.
    certain, located, possible
        Flags of the demand points, shape (n,), each within the next.
    metres
        Radius.
    method
        ``straight_line`` or ``network``.
    year
        Horizon, None for everything promised.
    facilities, sites
        How many facilities were counted, and of them how many are known to `SITE_M` metres.
    basis
        What the demand stands on, one of `service_map.coverage.demand.BASES`.
    told
        What the reader must know of method and demand.
    """

    unit: str
    total: float
    covered: Bounds
    built: Bounds
    groups: Mapping[str, tuple[float, Bounds]]
    certain: Flags
    located: Flags
    possible: Flags
    metres: float
    method: str
    year: int | None
    facilities: int
    sites: int
    basis: str
    told: Sentence

    def share(self, kind: str = "located") -> float | None:
        """Give the covered share of the demand, 0–1.

        Parameters
        ----------
        kind
            ``certain``, ``located`` or ``possible``.

        Returns
        -------
        float or None
            None where there is no demand, of which no share can be covered.
        """
        return float(getattr(self.covered, kind)) / self.total if self.total > 0 else None


def served(
    demand: Demand,
    candidates: Candidates,
    metres: float,
    *,
    year: int | None = None,
    network: Network | None = None,
    limit: float = SNAP_M,
    prepared: Cells | None = None,
    homes: Snapped | None = None,
) -> Served:
    """Count who is within reach of a facility.

    Parameters
    ----------
    demand
        Who is to be served.
    candidates
        Facilities of one category (or of several that serve alike).
    metres
        Service radius; over the network where one is given, else in a straight line.
    year
        What stands by the end of this year: a promise for a later year does not count, one without a year counts as
        possible only. None asks for everything promised.
    network
        Ways to walk; `limit` as in `service_map.coverage.walking.snap`.
    prepared
        `cells` of the demand's points, where several questions are asked of them.
    homes
        Where those points stand on the network, by `snap`, where several questions are asked of them.

    Returns
    -------
    Served

    Raises
    ------
    InvalidParameterError
        When `metres` cannot be used, or `prepared` belongs to other points.
    """
    radius = _given.radius(metres)
    ready = _prepared(demand, prepared)
    may, does = horizon(candidates, year)
    standing = in_place(candidates) & may
    stand = homes if homes is not None or network is None else snap(network, ready, limit=limit)
    promised = _flags(ready, candidates, may, does, radius, network=network, homes=stand, limit=limit)
    today = _flags(ready, candidates, standing, standing, radius, network=network, homes=stand, limit=limit)
    way = sentence("按直线距离，未用路网") if network is None else sentence("按路网步行距离")
    return Served(
        unit=demand.unit,
        total=demand.total,
        covered=_bounds(promised, demand.amount),
        built=_bounds(today, demand.amount),
        groups={name: (float(of.sum()), _bounds(promised, of)) for name, of in demand.groups.items()},
        certain=promised[0],
        located=promised[1],
        possible=promised[2],
        metres=radius,
        method="straight_line" if network is None else "network",
        year=year,
        facilities=int(may.sum()),
        sites=int((may & (candidates.uncertainty_m <= SITE_M)).sum()),
        basis=demand.basis,
        told=sentence("%(way)s；%(people)s", way=way, people=demand.told),
    )


def by_year(
    demand: Demand,
    candidates: Candidates,
    metres: float,
    *,
    years: Iterable[int] = (2021, 2022, 2023, 2024, 2025),
    network: Network | None = None,
    limit: float = SNAP_M,
) -> dict[int | None, Served]:
    """Count who is within reach year by year.

    Parameters
    ----------
    demand, candidates, metres, network, limit
        As in `served`.
    years
        Horizons.

    Returns
    -------
    dict of int to Served
        One a year, and None for everything promised. What stands already is `Served.built` of each. No bound of a
        later year is below that of an earlier one.

    Raises
    ------
    InvalidParameterError
        As in `served`.
    """
    ready = cells(demand.lonlat)
    homes = None if network is None else snap(network, ready, limit=limit)
    return {
        year: served(demand, candidates, metres, year=year, network=network, limit=limit, prepared=ready, homes=homes)
        for year in (*sorted(set(years)), None)
    }


def _prepared(demand: Demand, prepared: Cells | None) -> Cells:
    if prepared is None:
        return cells(demand.lonlat)
    if prepared.lonlat.shape != demand.lonlat.shape:
        raise InvalidParameterError("prepared", "不是这些需求点的", "was made of other points")
    return prepared


def _flags(
    ready: Cells,
    candidates: Candidates,
    may: Flags,
    does: Flags,
    radius: float,
    *,
    network: Network | None,
    homes: Snapped | None,
    limit: float,
) -> tuple[Flags, Flags, Flags]:
    sure, all_ = choose(candidates, does), choose(candidates, may)
    here = sure if placed(sure).all() else choose(sure, placed(sure))
    if network is None or homes is None:
        possible = _in_order(reached(all_, ready, _capped(radius + all_.uncertainty_m)), ready)
        located = _in_order(reached(here, ready, radius), ready)
        if not sure.uncertainty_m.any():
            return located, located, possible
        certain = _in_order(reached(sure, ready, radius - sure.uncertainty_m), ready)
        return certain, located | certain, possible
    located = _walked(network, here, ready, homes, metres=radius, limit=limit)
    certain = np.zeros(len(located), dtype=np.bool_)
    for uncertainty in np.unique(sure.uncertainty_m[sure.uncertainty_m <= min(SITE_M, radius / DETOUR)]):
        left = radius - uncertainty * DETOUR
        if left > 0:
            group = choose(sure, sure.uncertainty_m == uncertainty)
            certain |= _walked(network, group, ready, homes, metres=left, limit=limit)
    located |= certain
    if len(all_.lonlat) == len(here.lonlat) and not all_.uncertainty_m.any():
        return certain, located, located
    return certain, located, located | may_walk(network, all_, ready, homes, metres=radius, limit=limit)


def may_walk(
    network: Network, candidates: Candidates, ready: Cells, homes: Snapped, *, metres: float, limit: float = SNAP_M
) -> Flags:
    """Tell who may be within a walk, wherever each facility stands within its uncertainty.

    Exact where it is known exactly; by `walk_at_least` where it is known within the walk; where it is known less well,
    in a straight line for whoever is on the network; and where it is a ground or a line that lies only about so, in a
    straight line, for who stands on the ground needs no way.

    Parameters
    ----------
    network
        The network.
    candidates
        The facilities.
    ready
        The people, as `service_map.coverage.cells` gives them.
    homes
        Where they stand on the network, as `service_map.coverage.snap` gives it.
    metres
        Longest walk.
    limit
        As in `service_map.coverage.snap`.

    Returns
    -------
    ndarray of bool, shape (n,)
        Everybody within the walk of some place where a facility may stand; never anybody beyond the straight line.
    """
    # No way over a network is shorter than the straight line; where heights are known, a way downhill may be walked in
    # the time of a shorter one.
    farthest = metres * (DOWNHILL if network.sloped else 1)
    doubt = candidates.uncertainty_m
    drawn = ~shapely.is_missing(candidates.shape) if len(candidates.shape) else np.zeros(len(doubt), dtype=np.bool_)
    exact = (doubt == 0) & placed(candidates)
    drawn &= ~exact
    near = ~exact & ~drawn & (doubt <= metres)

    def straight(some: Flags) -> Flags:
        mine = choose(candidates, some)
        return _in_order(reached(mine, ready, _capped(farthest + mine.uncertainty_m)), ready)

    found = _walked(network, choose(candidates, exact), ready, homes, metres=metres, limit=limit)
    if near.any():
        some = choose(candidates, near)
        least = walk_at_least(network, some.lonlat, some.uncertainty_m, homes, metres=metres, limit=limit)
        found |= np.isfinite(least) & straight(near)
    found |= straight(~exact & ~drawn & ~near) & (homes.edge >= 0)
    return found | straight(drawn)


def _in_order(flags: Flags, ready: Cells) -> Flags:
    """Put what stands tile by tile back into the caller's order."""
    back = np.empty_like(flags)
    back[ready.order] = flags
    return back


def _walked(
    network: Network, candidates: Candidates, ready: Cells, homes: Snapped, *, metres: float, limit: float
) -> Flags:
    laid = lay_out(candidates)
    found: Flags = np.isfinite(walk_metres(network, laid.lonlat, homes, metres=metres, limit=limit))
    return found | inside(laid, ready.lonlat)


def _capped(radii: Floats) -> Floats:
    return np.minimum(radii, _given.LONGEST_RADIUS_M)


def _bounds(flags: Sequence[Flags], amount: Floats) -> Bounds:
    return Bounds(*(float(amount[flag].sum()) for flag in flags))


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """How many kinds each place has within reach (配套完善度).

    Attributes
    ----------
    rules
        The rules judged, k of them.
    count
        Rules kept at each demand point, shape (n,), 0–k.
    distribution
        Amount of demand by number of rules kept, shape (k + 1,).
    share
        Covered share of the demand by rule id; None where there is no demand.
    mean
        Mean number of rules kept, weighted by the demand; None where there is no demand.
    complete
        Share of the demand for which every rule is kept; None where there is no demand.
    kind
        ``certain``, ``located`` or ``possible``.
    method
        ``straight_line`` or ``network``.
    """

    rules: tuple[Rule, ...]
    count: NDArray[np.uint8]
    distribution: Floats
    share: Mapping[str, float | None]
    mean: float | None
    complete: float | None
    kind: str
    method: str


def completeness(
    demand: Demand,
    candidates: Candidates,
    rules: Iterable[Rule],
    *,
    kind: str = "located",
    year: int | None = None,
    network: Network | None = None,
    speed: float = SPEEDS["adult"],
    limit: float = SNAP_M,
) -> Completeness:
    """Count at every demand point how many rules are kept.

    Parameters
    ----------
    demand
        Who is to be served.
    candidates
        Facilities of all categories.
    rules
        Rule rows with a distance or minutes on foot; others are left out.
    kind
        Which reach to count by: ``certain``, ``located`` or ``possible``.
    year, network, limit
        As in `served`.
    speed
        Metres a second, for rules in minutes; without a network the way is `DETOUR` times the straight line.

    Returns
    -------
    Completeness

    Raises
    ------
    InvalidParameterError
        When `kind` is none of the three, no rule is left to judge by, or there are more than 255.
    """
    if kind not in terms.BOUND:
        raise InvalidParameterError("kind", f"没有 {kind!r}", f"no {kind!r}", terms.BOUND.codes)
    judged = tuple(rule for rule in rules if rule.mode in terms.JUDGED)
    if not 1 <= len(judged) <= 255:
        raise InvalidParameterError(
            "rules", "应有 1 到 255 条可按距离评价的规则", "takes 1 to 255 rules with a distance"
        )
    ready = cells(demand.lonlat)
    homes = None if network is None else snap(network, ready, limit=limit)
    may, does = horizon(candidates, year)
    # Counted along the curve and put back into the caller's order once, not once a rule.
    amount = demand.amount[ready.order]
    count = np.zeros(len(amount), dtype=np.uint8)
    shares: dict[str, float | None] = {}
    total = demand.total
    known: dict[tuple[tuple[str, ...], str, float], Flags] = {}
    for rule in judged:
        radius = rule.metres or (rule.minutes or 0) * 60 * speed / (DETOUR if network is None else 1)
        level = rule.level if rule.level in {"15", "10", "5"} and len(candidates.level) else ""
        asked = ((rule.category, *rule.also), level, radius)
        if asked not in known:
            mine = np.isin(candidates.category, (rule.category, *rule.also))
            if level:
                mine &= (candidates.level == level) | (candidates.level == "")
            known[asked] = _one(
                ready, candidates, mine & may, mine & does, radius, kind=kind, network=network, homes=homes, limit=limit
            )
        kept = known[asked]
        count += kept
        shares[rule.id] = float(amount @ kept) / total if total > 0 else None
    distribution = np.bincount(count, amount, minlength=len(judged) + 1).astype(np.float64)
    counted = np.empty_like(count)
    counted[ready.order] = count
    return Completeness(
        rules=judged,
        count=counted,
        distribution=distribution,
        share=shares,
        mean=float(distribution @ np.arange(len(judged) + 1)) / total if total > 0 else None,
        complete=float(distribution[-1]) / total if total > 0 else None,
        kind=kind,
        method="straight_line" if network is None else "network",
    )


def _one(
    ready: Cells,
    candidates: Candidates,
    may: Flags,
    does: Flags,
    radius: float,
    *,
    kind: str,
    network: Network | None,
    homes: Snapped | None,
    limit: float,
) -> Flags:
    if network is not None:
        flags = _flags(ready, candidates, may, does, radius, network=network, homes=homes, limit=limit)
        return flags[terms.BOUND.codes.index(kind)][ready.order]
    counted = choose(candidates, may if kind == "possible" else does)
    if kind == "possible":
        return reached(counted, ready, _capped(radius + counted.uncertainty_m))
    certain = reached(counted, ready, radius - counted.uncertainty_m)
    if kind == "certain":
        return certain
    return certain | reached(choose(counted, placed(counted)), ready, radius)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equity:
    """How unequal the way to the nearest facility is.

    Attributes
    ----------
    mean, median
        Metres, weighted by the demand.
    worst_tenth
        Mean metres of the tenth of the demand that has farthest to go.
    worst_from
        Metres from which that tenth starts.
    unreached
        Amount of the demand that reaches none; it is left out of the others.
    groups
        Mean metres of each age group.
    """

    mean: float | None
    median: float | None
    worst_tenth: float | None
    worst_from: float | None
    unreached: float
    groups: Mapping[str, float | None]


def equity(demand: Demand, metres: Floats) -> Equity:
    """Compare those who have farthest to go with the others.

    Parameters
    ----------
    demand
        Who is to be served.
    metres
        To each one's nearest facility, shape (n,); ``inf`` where none is reached.

    Returns
    -------
    Equity
        None for each figure where nobody reaches any.

    Raises
    ------
    InvalidParameterError
        When `metres` has another length than the demand.
    """
    way = np.asarray(metres, dtype=np.float64)
    if way.shape != demand.amount.shape:
        raise InvalidParameterError("metres", f"应有 {len(demand.amount)} 个", f"takes {len(demand.amount)} values")
    reached = np.isfinite(way) & (demand.amount > 0)
    unreached = float(demand.amount[~np.isfinite(way)].sum())
    if not reached.any():
        return Equity(
            mean=None,
            median=None,
            worst_tenth=None,
            worst_from=None,
            unreached=unreached,
            groups=dict.fromkeys(demand.groups),
        )
    order = np.argsort(way[reached], kind="stable")
    sorted_way, amount = way[reached][order], demand.amount[reached][order]
    upto = np.cumsum(amount)
    # The person who stands on the border of the tenth belongs to it with the part that lies beyond it.
    beyond = np.clip(upto - 0.9 * upto[-1], 0, amount)
    return Equity(
        mean=float(sorted_way @ amount / upto[-1]),
        median=float(sorted_way[np.searchsorted(upto, upto[-1] / 2)]),
        worst_tenth=float(sorted_way @ beyond / beyond.sum()),
        worst_from=float(sorted_way[np.flatnonzero(beyond)[0]]),
        unreached=unreached,
        groups={name: _mean(way, of) for name, of in demand.groups.items()},
    )


def _mean(way: Floats, amount: Floats) -> float | None:
    reached = np.isfinite(way) & (amount > 0)
    return float(way[reached] @ amount[reached] / amount[reached].sum()) if reached.any() else None
