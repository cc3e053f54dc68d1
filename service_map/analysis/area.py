"""Coverage of an area and its gaps: by land, and by people where the caller brings some."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from service_map import coverage
from service_map.analysis import report
from service_map.analysis.asked import Reach, reach_member
from service_map.analysis.given import clip
from service_map.analysis.ground import Ground, Region, Supply
from service_map.analysis.report import Feature, Report, percent, rule_member, share
from service_map.coverage import Demand
from service_map.store import CommitmentFilter, queries
from service_map.store.adcode import prefix

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MOST_LISTED = 50
"""Promises without a site that an answer lists; all are counted."""

MOST_YEARS = 15

_MOST_PAIRS = 5_000_000
_FARTHEST_WALK_M = 50_000.0
_BEDS = "张"
_KM = "公里"
_BY_CELLS = 20_000


@dataclass(frozen=True, slots=True)
class _Stock:
    """The facilities of the kinds asked about that may stand by the horizon."""

    supply: Supply
    may: Flags
    does: Flags


def covered_share(
    ground: Ground,
    asked: Reach,
    region: Region,
    *,
    year: int | None = None,
    demand: Demand | None = None,
    by_year: bool = False,
) -> Report:
    """Say which part of an area is covered.

    Parameters
    ----------
    ground
        What the answer rests on.
    asked
        Which kinds, and how far.
    region
        Where.
    year
        What stands by the end of this year; None for everything promised.
    demand
        People; what lies outside the region is left out, and the answer says so.
    by_year
        Answer for every year of the plans too, for what exists already, and for everything promised.

    Returns
    -------
    Report
        Features ``covered`` and ``gap``.

    Raises
    ------
    InvalidParameterError
        When the reach cannot be used or all demand lies outside.
    """
    people = _inside(demand, region)
    stock = _stock(ground, asked, year)
    cut = _cut(region.shape, asked, stock.supply.candidates.lonlat[stock.does])
    low, high = _bounds(region.shape, asked, stock, cut)
    served = _people(ground, asked, stock, people, year)
    summary = {
        **_where(region),
        **reach_member(ground, asked),
        "year": year,
        "denominator": "land_area",
        "facilities": cut.facilities,
        "area_km2": round(cut.area_km2, 4),
        "covered_km2": round(cut.covered_km2, 4),
        "gap_km2": round(cut.gap_km2, 4),
        "share": share(cut.share),
        "share_low": share(low),
        "share_high": share(high),
        "people": served,
        "years": _years(ground, asked, region, people) if by_year else None,
        "unlocated": _unlocated(ground, asked, region),
        "rules": [rule_member(ground, rule) for rule in ground.rules if rule.category in asked.categories],
        "limits": limits(ground, asked, region, stock.supply, year=year, demand=people),
        "data_version": ground.data_version(),
    }
    names = {"covered": ("已覆盖", "covered"), "gap": ("缺口", "gap")}
    parts = (("covered", cut.covered, cut.covered_km2, cut.share), ("gap", cut.gap, cut.gap_km2, 1 - cut.share))
    return Report(
        kind="coverage",
        summary=summary,
        features=tuple(
            Feature(
                id=part,
                geometry=geometry,
                properties={
                    "part": part,
                    "name": ground.say(*names[part]),
                    "area_km2": round(km2, 4),
                    "share": share(of),
                },
            )
            for part, geometry, km2, of in parts
        ),
        lines=_said(ground, asked, region, summary),
    )


def gap_pieces(
    ground: Ground,
    asked: Reach,
    region: Region,
    *,
    year: int | None = None,
    demand: Demand | None = None,
    least_km2: float = 0.01,
    limit: int = 100,
) -> Report:
    """Give the pieces of an area that nothing covers, the one that most people live in first.

    Parameters
    ----------
    ground, asked, region, year, demand
        As in `covered_share`.
    least_km2
        Smallest piece without people that is listed.
    limit
        Most pieces listed.

    Returns
    -------
    Report
        A feature a piece; ``people`` is None where no people are given.

    Raises
    ------
    InvalidParameterError
        As in `covered_share`.
    """
    people = _inside(demand, region)
    stock = _stock(ground, asked, year)
    supply = stock.supply.candidates.lonlat[stock.does]
    cut = _cut(region.shape, asked, supply)
    pieces = coverage.rank(cut, supply, demand=people, least_km2=least_km2)
    shown = pieces[:limit]
    summary = {
        **_where(region),
        **reach_member(ground, asked),
        "year": year,
        "facilities": cut.facilities,
        "area_km2": round(cut.area_km2, 4),
        "gap_km2": round(cut.gap_km2, 4),
        "gap_share": share(1 - cut.share),
        "people_total": None if people is None else round(people.total, 1),
        "people_in_gaps": None if people is None else round(sum(piece.people or 0.0 for piece in pieces), 1),
        "basis": None if people is None else ground.say(people.zh, people.en),
        "pieces": len(pieces),
        "numberReturned": len(shown),
        "unlocated": _unlocated(ground, asked, region),
        "limits": limits(ground, asked, region, stock.supply, year=year, demand=people),
        "data_version": ground.data_version(),
    }
    features = tuple(
        Feature(
            id=f"gap-{rank}",
            geometry=piece.polygon,
            properties={
                "rank": rank,
                "area_km2": round(piece.km2, 4),
                "people": None if piece.people is None else round(piece.people, 1),
                "groups": {name: round(of, 1) for name, of in piece.groups.items()},
                "nearest_m": None if piece.metres is None else round(piece.metres, 1),
                "lon": round(piece.lon, 7),
                "lat": round(piece.lat, 7),
            },
        )
        for rank, piece in enumerate(shown, 1)
    )
    what = f"{region.name} {ground.named(asked.categories[0])} {asked.metres:.0f} m"
    lines = [
        ground.say(
            f"{what}：缺口 {cut.gap_km2:.2f} km²（{percent(1 - cut.share)}），{len(pieces)} 块",
            f"{what}: a gap of {cut.gap_km2:.2f} km² ({percent(1 - cut.share)}) in {len(pieces)} pieces",
        )
    ]
    if people is not None:
        inside = summary["people_in_gaps"]
        lines.append(ground.say(f"缺口内 {inside:.0f} 人", f"{inside:.0f} people in the gaps"))
    return Report(kind="gaps", summary=summary, features=features, lines=(*lines, *summary["limits"]))


def limits(
    ground: Ground, asked: Reach, region: Region, supply: Supply, *, year: int | None, demand: Demand | None
) -> list[str]:
    """Say what the figures rest on and what they cannot say."""
    way = {"straight_line": report.STRAIGHT, "detour": report.DETOUR, "network": report.NETWORK}[asked.method]
    said = [way, stock_limit(supply), report.IMPRECISE, report.UNLOCATED]
    if demand is None or demand.unit != "people":
        said.append(report.LAND)
    if year is not None:
        said.append(report.YEARS)
    if region.mended:
        said.append(report.MENDED)
    return [ground.say(*pair) for pair in said]


def stock_limit(supply: Supply) -> tuple[str, str]:
    """Say whether the data knows what exists already."""
    known = bool(np.isin(supply.candidates.status, ("existing",)).any())
    return report.PROMISED_AND_EXISTING if known else report.PROMISED_ONLY


def _inside(demand: Demand | None, region: Region) -> Demand | None:
    return None if demand is None else clip(demand, region.shape)


def _where(region: Region) -> dict[str, Any]:
    return {"area": {"adcode": region.adcode, "name": region.name}, "mended": region.mended}


# --- facilities -------------------------------------------------------------------------------------------------------


def choose(supply: Supply, rows: Flags) -> Supply:
    """Keep some of the facilities."""
    return Supply(
        candidates=coverage.choose(supply.candidates, rows),
        count=supply.count[rows],
        unit=supply.unit[rows],
        at_least=supply.at_least[rows],
    )


def _stock(ground: Ground, asked: Reach, year: int | None) -> _Stock:
    everything = ground.supply()
    mine = choose(everything, np.isin(everything.candidates.category, asked.categories))
    may, does = coverage.horizon(mine.candidates, year)
    return _Stock(mine, may, does)


def stock_of(ground: Ground, asked: Reach, year: int | None) -> Supply:
    """Give the facilities of the kinds asked about that stand by a year, if the plans are kept."""
    stock = _stock(ground, asked, year)
    return choose(stock.supply, stock.does)


# --- land -------------------------------------------------------------------------------------------------------------


def _cut(shape: BaseGeometry, asked: Reach, facilities: Floats) -> coverage.Coverage:
    if asked.network is not None:
        return coverage.gap_on_foot(shape, facilities, asked.metres, asked.network, cells=_BY_CELLS)
    return coverage.gap(shape, facilities, asked.metres)


def _bounds(shape: BaseGeometry, asked: Reach, stock: _Stock, cut: coverage.Coverage) -> tuple[float, float]:
    """Bound the covered share, given that each facility may stand anywhere within its uncertainty.

    At least what every position covers: the circle less the uncertainty. At most what any position covers, and no more
    than the circles' own surface, for a facility stands in one place only.
    """
    candidates = stock.supply.candidates
    reach_in = _reaching(shape, candidates.lonlat, asked.metres + candidates.uncertainty_m)
    if asked.network is not None:
        cells = coverage.land(shape, cells=_BY_CELLS)
        certain, anywhere = (
            coverage.served(
                cells, coverage.choose(candidates, rows & reach_in), asked.metres, network=asked.network
            ).share(kind) or 0.0
            for rows, kind in ((stock.does, "certain"), (stock.may, "possible"))
        )  # fmt: skip
    else:
        certain = _circled(shape, candidates, stock.does & reach_in, asked.metres, cut, grow=-1)
        anywhere = _circled(shape, candidates, stock.may & reach_in, asked.metres, cut, grow=1)
    possible = np.flatnonzero(stock.may & reach_in)
    highest = anywhere
    if candidates.uncertainty_m[possible].any():
        highest = min(
            anywhere, sum(_surface_km2(stock.supply, row, asked.metres) for row in possible.tolist()) / cut.area_km2
        )
    # The circles are drawn with corners: rounding must not put a bound on the wrong side of the figure it bounds.
    return min(certain, cut.share), max(highest, cut.share)


def _circled(
    shape: BaseGeometry,
    candidates: coverage.Candidates,
    rows: Flags,
    metres: float,
    cut: coverage.Coverage,
    *,
    grow: int,
) -> float:
    radii = metres + grow * candidates.uncertainty_m
    rows = rows & (radii > 0)
    if not rows.any():
        return 0.0
    union = shapely.union_all(coverage.circles(candidates.lonlat[rows], radii[rows]))
    return min(1.0, coverage.square_km(shapely.intersection(shape, union)) / cut.area_km2)


def _surface_km2(supply: Supply, row: int, metres: float) -> float:
    """Most land that one record can cover: so many circles, or a strip along a trail; unbounded for "at least"."""
    if supply.at_least[row]:
        return math.inf
    disc, count = math.pi * (metres / 1000) ** 2, float(supply.count[row])
    if supply.unit[row] == _KM:
        return disc + 2 * metres / 1000 * count
    return disc * max(1.0, count)


def _reaching(shape: BaseGeometry, lonlat: Floats, radii: Floats) -> Flags:
    west, south, east, north = shapely.bounds(shape)
    # A degree of latitude is nowhere shorter than 110.5 km; of longitude, 111.3 km times the cosine of the latitude.
    margin = radii / 110_500
    cosine = np.cos(np.radians(np.minimum(89.0, max(abs(south), abs(north)) + margin)))
    sideways = margin / np.maximum(cosine, 0.01)
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    inside: Flags = (
        (lon >= west - sideways) & (lon <= east + sideways) & (lat >= south - margin) & (lat <= north + margin)
    )
    return inside


# --- people -----------------------------------------------------------------------------------------------------------


def _people(
    ground: Ground, asked: Reach, stock: _Stock, demand: Demand | None, year: int | None
) -> dict[str, Any] | None:
    if demand is None:
        return None
    candidates = stock.supply.candidates
    found = coverage.served(demand, candidates, asked.metres, year=year, network=asked.network)
    sure = coverage.choose(candidates, stock.does)
    if asked.network is not None:
        away = coverage.walk(asked.network, sure.lonlat, demand.lonlat, metres=_FARTHEST_WALK_M).metres
    else:
        away, _ = coverage.nearest(sure.lonlat, demand.lonlat)
    fair = coverage.equity(demand, away)
    return {
        "unit": found.unit,
        "basis": demand.basis,
        "points": len(demand.lonlat),
        "total": round(found.total, 1),
        "covered": _bounds_member(found.covered),
        "built": _bounds_member(found.built),
        "share_low": share(found.share("certain")),
        "share": share(found.share()),
        "share_high": share(found.share("possible")),
        "groups": {
            name: {"total": round(total, 1), "covered": _bounds_member(bounds)}
            for name, (total, bounds) in found.groups.items()
        },
        "nearest_m": {
            "mean": _metres(fair.mean),
            "median": _metres(fair.median),
            "worst_tenth": _metres(fair.worst_tenth),
            "worst_from": _metres(fair.worst_from),
            "unreached": round(fair.unreached, 1),
            "groups": {name: _metres(of) for name, of in fair.groups.items()},
        },
        "catchment": _catchment(asked, choose(stock.supply, stock.does), demand),
        "said": ground.say(found.zh, found.en),
    }


def _catchment(asked: Reach, supply: Supply, demand: Demand) -> dict[str, Any] | None:
    """Count what each person has within reach, and share the places of each facility among all who reach it."""
    facilities = supply.candidates.lonlat
    radius = asked.metres / (coverage.DETOUR if asked.network else 1)
    # More would take memory and seconds that the rest of the answer does not need.
    if demand.total <= 0 or coverage.count_pairs(facilities, demand.lonlat, radius) > _MOST_PAIRS:
        return None
    found = coverage.pairs(facilities, demand.lonlat, radius)
    within = coverage.count_within(found, len(demand.lonlat))
    beds = len(supply.unit) > 0 and bool((supply.unit == _BEDS).all())
    places = coverage.two_step(found, demand.amount, supply.count if beds else np.ones(len(facilities)))
    return {
        "method": "straight_line" if asked.network is None else "detour",
        "within_mean": round(float(within @ demand.amount / demand.total), 4),
        "of": "beds" if beds else "facilities",
        "per_1000_mean": round(float(places.places @ demand.amount / demand.total) * 1000, 6),
        "idle": round(places.idle, 4),
    }


def _bounds_member(bounds: coverage.Bounds) -> dict[str, float]:
    return {
        "certain": round(bounds.certain, 1),
        "located": round(bounds.located, 1),
        "possible": round(bounds.possible, 1),
    }


def _metres(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


# --- years ------------------------------------------------------------------------------------------------------------


def _years(ground: Ground, asked: Reach, region: Region, demand: Demand | None) -> list[dict[str, Any]]:
    """Answer for what exists already, for each year of the plans, and for everything promised."""
    known: dict[bytes, tuple[float, float, float]] = {}
    found = []
    for year in ("existing", *_plan_years(ground, region), "promised"):
        horizon = year if isinstance(year, int) else None
        stock = _stock(ground, asked, horizon)
        if year == "existing":
            standing = coverage.in_place(stock.supply.candidates) & stock.may
            stock = _Stock(stock.supply, standing, standing)
        key = stock.may.tobytes() + stock.does.tobytes()
        if key not in known:
            cut = _cut(region.shape, asked, stock.supply.candidates.lonlat[stock.does])
            low, high = _bounds(region.shape, asked, stock, cut)
            known[key] = (low, cut.share, high)
        low, located, high = known[key]
        row: dict[str, Any] = {
            "year": year if isinstance(year, int) else None,
            "horizon": "by_year" if isinstance(year, int) else year,
            "facilities": int(stock.does.sum()),
            "share_low": share(low),
            "share": share(located),
            "share_high": share(high),
            "people": None,
        }
        if demand is not None:
            served = coverage.served(demand, stock.supply.candidates, asked.metres, year=horizon, network=asked.network)
            row["people"] = _bounds_member(served.built if year == "existing" else served.covered)
        found.append(row)
    return found


def _plan_years(ground: Ground, region: Region) -> Sequence[int]:
    start = "" if region.adcode is None else prefix(region.adcode)
    plans = [
        plan
        for plan in ground.plans()
        if start.startswith(prefix(plan.adcode)) or prefix(plan.adcode).startswith(start)
    ]
    if not plans:
        return range(0)
    first, last = min(plan.period[0] for plan in plans), max(plan.period[1] for plan in plans)
    return range(max(first, last - MOST_YEARS + 1), last + 1)


# --- promises without a site ------------------------------------------------------------------------------------------


def _unlocated(ground: Ground, asked: Reach, region: Region) -> dict[str, Any] | None:
    if region.adcode is None:
        return None
    wanted = CommitmentFilter(categories=asked.categories, area=region.adcode)
    found = []
    cursor = None
    while True:
        page = queries.commitments(ground.conn, wanted, limit=1000, cursor=cursor)
        found += [record for record in page.items if not record.facilities and record.repeats is None]
        cursor = page.next_cursor
        if cursor is None:
            break
    return {
        "matched": len(found),
        "commitments": [
            {
                "id": record.id,
                "plan": record.plan,
                "line": record.line,
                "label": record.label,
                "kind": record.kind,
                "count": record.count,
                "unit": record.unit,
                "at_least": record.at_least,
                "year": record.year,
            }
            for record in found[:MOST_LISTED]
        ],
    }


# --- words ------------------------------------------------------------------------------------------------------------


def _said(ground: Ground, asked: Reach, region: Region, summary: dict[str, Any]) -> tuple[str, ...]:
    what = f"{region.name} {ground.named(asked.categories[0])} {asked.metres:.0f} m"
    low, at, high = (percent(summary[name]) for name in ("share_low", "share", "share_high"))
    lines = [
        ground.say(
            f"{what}：面积覆盖 {at}（至少 {low}，至多 {high}），{summary['facilities']} 处设施",
            f"{what}: {at} of the land (at least {low}, at most {high}), {summary['facilities']} facilities",
        )
    ]
    people = summary["people"]
    if people is not None:
        if people["total"] <= 0:
            lines.append(
                ground.say(
                    "区域内没有人口，无从计算人口覆盖率", "nobody lives in the area, so there is no share of people"
                )
            )
        else:
            covered = people["covered"]
            lines.append(
                ground.say(
                    f"人口覆盖 {percent(people['share'])}：{covered['located']:.0f} / {people['total']:.0f} 人"
                    f"（至少 {covered['certain']:.0f}，至多 {covered['possible']:.0f}）",
                    f"{percent(people['share'])} of the people: {covered['located']:.0f} of {people['total']:.0f}"
                    f" (at least {covered['certain']:.0f}, at most {covered['possible']:.0f})",
                )
            )
    for row in summary["years"] or ():
        name = row["year"] or ground.say(
            *{"existing": ("现有", "existing"), "promised": ("全部承诺", "all promised")}[row["horizon"]]
        )
        lines.append(f"  {name}: {percent(row['share'])} ({percent(row['share_low'])} – {percent(row['share_high'])})")
    if summary["unlocated"]:
        count = summary["unlocated"]["matched"]
        lines.append(
            ground.say(f"另有 {count} 项没有落点的任务，不计入", f"{count} promises without a site are not counted")
        )
    return (*lines, *summary["limits"])
