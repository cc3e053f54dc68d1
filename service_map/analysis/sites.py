"""Where n more would cover the most who are not covered, and how far that is from the best there can be."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from service_map import coverage
from service_map.analysis.area import kinds, limits, stock_of
from service_map.analysis.asked import Reach, reach_member
from service_map.analysis.given import clip
from service_map.analysis.ground import Ground, Region
from service_map.analysis.record import record_member, record_of, record_properties
from service_map.analysis.report import Feature, Report, percent, share
from service_map.coverage import Demand
from service_map.errors import InvalidParameterError, NotFoundError, UnanswerableError
from service_map.store import CommitmentFilter, CommitmentRecord, queries

MOST_SITES = 500
MOST_PLACES = 20_000
MOST_PAIRS = 3_000_000
"""Pairs of a place and demand within reach of each other that one question may take: half a gigabyte, five seconds."""

PLACE_SOURCES = ("grid", "communities")
"""Where candidate places come from when the caller brings none."""

_UNCERTAIN = (
    "定位误差超过服务半径的设施（uncertain）不知在哪里，不当作已覆盖",
    "facilities whose location is less sure than the service radius (uncertain) are not taken to cover anything",
)
_GRID = 2_000
_LAND_CELLS = 20_000
_COARSEST = 1 / 64


def choose_sites(
    ground: Ground,
    asked: Reach,
    region: Region,
    *,
    count: int,
    year: int | None = None,
    demand: Demand | None = None,
    places: NDArray[np.float64] | None = None,
    places_from: str = "grid",
    spacing: float | None = None,
    capacity: float | None = None,
    exact_seconds: float = 0.0,
    commitment: CommitmentRecord | None = None,
) -> Report:
    """Propose places for new facilities; those on record stay as they are.

    Parameters
    ----------
    ground, asked, region, year, demand
        As in `service_map.analysis.covered_share`; without people the land itself is to be covered.
    count
        How many, 1 to `MOST_SITES`.
    places
        WGS 84 degrees of where one may be, shape (p, 2); None for a grid over the region. Those outside are left out.
    places_from
        ``grid``, ``given`` or ``communities``: what the answer calls them.
    spacing
        Least metres between new ones, and from a new one to those on record.
    capacity
        People that one can take.
    exact_seconds
        Let HiGHS try so long to prove the best.
    commitment
        The plan's quota that asks for them, to be cited.

    Returns
    -------
    Report
        A feature a proposed site, best first.

    Raises
    ------
    InvalidParameterError
        When a value cannot be used, or no place lies in the region.
    """
    if not 1 <= count <= MOST_SITES:
        raise InvalidParameterError("count", f"应为 1 到 {MOST_SITES}", f"takes 1 to {MOST_SITES}")
    stock = stock_of(ground, asked, year)
    record = record_of(ground, asked.categories, region)
    # A facility that may stand anywhere in its county serves nobody for certain: it must not keep a site away.
    sure = (stock.candidates.uncertainty_m <= asked.metres) & coverage.placed(stock.candidates)
    standing = coverage.choose(stock.candidates, sure)
    existing = coverage.lay_out(standing).lonlat
    people, where = _ground_of(region, demand, places, asked.metres)
    before = coverage.served(people, stock.candidates, asked.metres, network=asked.network)
    reached = coverage.served(people, standing, asked.metres, network=asked.network).located
    walked = None
    if asked.network is not None:
        walked = coverage.walk_pairs(asked.network, where, people.lonlat, metres=asked.metres)

    def choose(seconds: float) -> coverage.Siting:
        return coverage.site(
            people, existing, where, count, asked.metres, spacing=spacing, capacity=capacity, exact_seconds=seconds,
            reach=walked, reached=reached,
        )  # fmt: skip

    found = choose(0)
    if exact_seconds > 0 and not found.proven and spacing is None and capacity is None:
        better = choose(exact_seconds)
        found = better if better.proven or better.added > found.added else found
    chosen = where[found.chosen]
    away, _ = coverage.nearest_edge(standing, chosen)
    after = _after(asked, people, chosen, before, reached)
    summary = {
        "area": {"adcode": region.adcode, "name": region.name},
        "mended": region.mended,
        **reach_member(ground, asked),
        **record_member(ground, record, kinds(ground, asked), region.name),
        "year": year,
        "count": count,
        "commitment": None if commitment is None else _quota(commitment),
        "spacing_m": spacing,
        "capacity": capacity,
        "places": len(where),
        "places_from": places_from if places is not None else "grid",
        "unit": people.unit,
        "basis": ground.say(people.zh, people.en),
        "facilities": len(standing.lonlat),
        "uncertain": int((~sure).sum()),
        "total": round(found.total, 4),
        "added": round(found.added, 4),
        **_stages(found, before, after, told=record.told),
        "bound": None if found.bound is None else round(found.bound, 4),
        "gap": share(found.gap),
        "proven": found.proven,
        "algorithm": found.method,
        "solver": found.solver,
        "limits": [
            *limits(ground, asked, region, record, year=year, demand=demand),
            *([ground.say(*_UNCERTAIN)] if not sure.all() else []),
        ],
        "data_version": ground.data_version(),
    }
    features = tuple(
        Feature(
            id=f"site-{rank}",
            geometry=shapely.Point(lon, lat),
            properties={
                "rank": rank,
                **record_properties(record),
                "gain": round(gain, 4),
                "unit": people.unit,
                "nearest_existing_m": round(metres, 1) if np.isfinite(metres) else None,
                "lon": round(lon, 7),
                "lat": round(lat, 7),
            },
        )
        for rank, ((lon, lat), gain, metres) in enumerate(
            zip(chosen.tolist(), found.gain.tolist(), away.tolist(), strict=True), 1
        )
    )
    return Report(kind="sites", summary=summary, features=features, lines=_said(ground, asked, summary, len(features)))


def _stages(found: coverage.Siting, before: coverage.Served, after: dict[str, float], *, told: bool) -> dict[str, Any]:
    """Give what is covered before and after, which is a share of what exists, only where the record allows it."""
    if not told:
        return dict.fromkeys(("already", "share_before", "share_after", "before", "after"))
    return {
        "already": round(found.already, 4),
        "share_before": share(found.already / found.total) if found.total > 0 else None,
        "share_after": share((found.already + found.added) / found.total) if found.total > 0 else None,
        "before": _bounds_member(before.covered, found.already),
        "after": after,
    }


def _after(
    asked: Reach,
    people: Demand,
    chosen: NDArray[np.float64],
    before: coverage.Served,
    reached: NDArray[np.bool_],
) -> dict[str, float]:
    """Bound what is covered once the new ones stand: they stand where they are put, the others as surely as before."""
    new = coverage.candidates(chosen, ["new"] * len(chosen))
    flags = coverage.served(people, new, asked.metres, network=asked.network).located
    amounts = [float(people.amount[flags | old].sum()) for old in (before.certain, reached, before.possible)]
    return {name: round(value, 4) for name, value in zip(("certain", "located", "possible"), amounts, strict=True)}


def _bounds_member(bounds: coverage.Bounds, located: float) -> dict[str, float]:
    return {
        "certain": round(bounds.certain, 4),
        "located": round(located, 4),
        "possible": round(bounds.possible, 4),
    }


def quota(ground: Ground, name: str) -> CommitmentRecord:
    """Find the plan's quota that asks for new facilities.

    Parameters
    ----------
    ground
        What the answer rests on.
    name
        Id of a commitment.

    Returns
    -------
    CommitmentRecord
        With a whole number to build.

    Raises
    ------
    NotFoundError
        When there is none.
    UnanswerableError
        When it counts nothing that can be sited one by one.
    """
    plan = next((plan.id for plan in ground.plans() if name.startswith(f"{plan.id}-")), None)
    cursor, found = None, None
    while plan is not None and found is None:
        page = queries.commitments(ground.conn, CommitmentFilter(plans=(plan,)), limit=1000, cursor=cursor)
        found = next((record for record in page.items if record.id == name), None)
        cursor = page.next_cursor
        if cursor is None:
            break
    if found is None:
        raise NotFoundError("commitment", f"没有任务 {name[:40]!r}", f"there is no commitment {name[:40]!r}")
    if found.count is None or found.count < 1 or found.count != int(found.count) or found.count > MOST_SITES:
        raise UnanswerableError(
            "commitment",
            f"任务 {found.id} 没有可逐处选址的数量",
            f"the commitment {found.id} counts nothing that can be sited one by one",
        )
    return found


def _quota(commitment: CommitmentRecord) -> dict[str, Any]:
    return {
        "id": commitment.id,
        "plan": commitment.plan,
        "line": commitment.line,
        "label": commitment.label,
        "count": commitment.count,
        "passage_sha256": commitment.passage_sha256,
    }


def _ground_of(
    region: Region, demand: Demand | None, places: NDArray[np.float64] | None, radius: float
) -> tuple[Demand, NDArray[np.float64]]:
    """Give who is to be covered and from where; a grid of our own is as fine as the work allows."""
    given = None if demand is None else clip(demand, region.shape)
    kept = None if places is None else _within(places, region)
    finer = 1.0
    while True:
        people = coverage.land(region.shape, cells=int(_LAND_CELLS * finer)) if given is None else given
        where = coverage.land(region.shape, cells=int(_GRID * finer)).lonlat if kept is None else kept
        count = coverage.count_pairs(where, people.lonlat, radius)
        if count <= MOST_PAIRS:
            return people, where
        if (given is None or kept is None) and finer > _COARSEST:
            finer /= 2
            continue
        raise InvalidParameterError(
            "metres",
            f"半径内有 {count} 对候选点与需求点，超过 {MOST_PAIRS}；请减小半径、候选点或区域",
            f"{count} pairs of places and demand lie within it, over {MOST_PAIRS}; take a smaller radius or area",
        )


def _within(places: NDArray[np.float64], region: Region) -> NDArray[np.float64]:
    if len(places) > MOST_PLACES:
        raise InvalidParameterError("places", f"至多 {MOST_PLACES} 个", f"takes at most {MOST_PLACES}")
    shapely.prepare(region.shape)
    inside = places[shapely.intersects_xy(region.shape, places[:, 0], places[:, 1])] if len(places) else places
    if not len(inside):
        raise InvalidParameterError("places", "没有候选点在区域内", "no place lies in the area")
    return inside


def _said(ground: Ground, asked: Reach, summary: dict[str, Any], placed: int) -> tuple[str, ...]:
    unit = ground.say("人", "people") if summary["unit"] == "people" else "km²"
    what = f"{summary['area']['name']} {ground.named(asked.categories[0])} {asked.metres:.0f} m"
    if not summary["total"] > 0:
        return (
            what,
            ground.say("区域内没有人口，无从选址", "nobody lives in the area, so there is nothing to site for"),
        )
    words = summary["record_basis"]["words"]
    sure = ground.say("已证明最优", "proven best") if summary["proven"] else ground.say(
        f"与上界差至多 {percent(summary['gap'])}", f"at most {percent(summary['gap'])} below the bound"
    )  # fmt: skip
    if summary["share_before"] is None:
        return (
            words,
            ground.say(
                f"{what}：新选 {placed} 处，比在册的和有落点的承诺多覆盖 {summary['added']:.1f} {unit}（{sure}）",
                f"{what}: {placed} new sites reach {summary['added']:.1f} {unit} more than what is on record or"
                f" promised with a place ({sure})",
            ),
            summary["basis"],
            *summary["limits"],
        )
    return (
        words,
        ground.say(
            f"{what}：新选 {placed} 处，覆盖由 {percent(summary['share_before'])}"
            f" 到 {percent(summary['share_after'])}，新增 {summary['added']:.0f} {unit}（{sure}）",
            f"{what}: {placed} new sites, coverage from {percent(summary['share_before'])} to"
            f" {percent(summary['share_after'])}, {summary['added']:.0f} {unit} more ({sure})",
        ),
        summary["basis"],
        *summary["limits"],
    )
