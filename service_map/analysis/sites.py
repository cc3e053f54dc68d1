"""Where n more would cover the most who are not covered, and how far that is from the best there can be."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from service_map import coverage
from service_map.analysis import answer_form, answers
from service_map.analysis.answer_form import Feature, Report, percent, share
from service_map.analysis.area_coverage import kinds, limits, served
from service_map.analysis.context import FEWEST_HOMES, Ground, Region, choose
from service_map.analysis.inputs import clip
from service_map.analysis.record import AS_RECORDED, HOW, record_member, record_of, record_properties
from service_map.analysis.stock import (
    Stock,
    border_of,
    count_reaching,
    cut_by,
    measured_from,
    possible_cut,
    stand,
)
from service_map.analysis.threshold import Reach, reach_member
from service_map.catalogue.messages import message
from service_map.coverage import Demand
from service_map.errors import InvalidParameterError, NotFoundError, UnanswerableError
from service_map.store import CommitmentFilter, CommitmentRecord, queries

MOST_SITES = 500
MOST_PLACES = 20_000

HOME_M = 200.0
"""Land so near to a residential community on record is taken for residential: the ground of a few thousand people."""

MOST_PAIRS = 2_000_000
"""Pairs of a place and demand within reach of each other that one question may take: a third of a gigabyte."""

PLACE_SOURCES = ("grid", "communities")
"""Where candidate places come from when the caller brings none."""

_UNSEEN = message(
    "没有收录的现有设施不知道在哪里，所以新址可能离它们很近；added、gain 只是比在册的和有落点的承诺多出来的"
)
_UNCERTAIN = message(
    "定位误差超过服务半径的设施（uncertain）不知在哪里，选址时不当作已覆盖，already、share_before 不含它们；"
    "before、after 与覆盖率的算法一致，含它们"
)
_TIES = message("名次相同的各处新增一样多，先后没有意义")
_GRID = 2_000
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
    stock = stand(ground, asked, year)
    stands = choose(stock.supply, stock.does)
    record = record_of(ground, asked.categories, region)
    measured = measured_from(ground, asked, region, stands)
    # A facility that may stand anywhere in its county serves nobody for certain: it must not keep a site away.
    sure = (stands.candidates.uncertainty_m <= asked.metres) & coverage.placed(stands.candidates)
    question = _Question(
        asked, region, year, stock, border_of(ground, asked, region, record), coverage.choose(stands.candidates, sure),
        count, spacing, None if places is None else _within(places, region),
    )  # fmt: skip
    if demand is None:
        if capacity is not None:
            raise InvalidParameterError(
                "capacity",
                "容量是人数，按土地选址用不上；请同时给出人口",
                "counts people, and by land there are none; give people too",
            )
        told = _on_land(ground, question)
    else:
        told = _among_people(ground, question, demand, capacity=capacity, exact_seconds=exact_seconds)
    found, chosen = told.found, told.where[told.found.chosen]
    away, _ = coverage.nearest_edge(question.located, chosen)
    summary: answers.Sites = {
        "area": {"adcode": region.adcode, "name": region.name},
        "mended": region.mended,
        **reach_member(ground, asked),
        **record_member(ground, record, kinds(ground, asked), region.name),
        "year": year,
        "count": count,
        "commitment": None if commitment is None else _quota(commitment),
        "spacing_m": spacing,
        "capacity": capacity,
        "places": len(told.where),
        "places_from": places_from if places is not None else "grid",
        "unit": told.unit,
        "ground": told.ground,
        "basis": told.basis,
        "facilities": count_reaching(asked, region, question.located),
        "uncertain": int((~sure).sum()),
        "total": round(found.total, 4),
        "added": round(found.added, 4),
        **_stages(found, told, told=record.told),
        "bound": None if found.bound is None else round(found.bound, 4),
        "gap": share(found.gap),
        "proven": found.proven,
        "algorithm": found.method,
        "solver": found.solver,
        "limits": [
            *(said for said in limits(ground, asked, region, record, measured, year=year, demand=demand)
              if told.ground["kind"] != "homes" or said != ground.say(answer_form.LAND)),
            *([ground.say(_UNCERTAIN)] if not sure.all() else []),
            *([] if record.state == "complete" else [ground.say(_UNSEEN)]),
        ],
        "data_version": ground.data_version(),
    }  # fmt: skip
    gains = [round(gain, 4) for gain in found.gain.tolist()]
    features = tuple(
        Feature(
            id=f"site-{number}",
            geometry=shapely.Point(lon, lat),
            properties={
                "rank": gains.index(gain) + 1,
                **record_properties(record),
                "gain": gain,
                "unit": told.unit,
                "nearest_existing_m": round(metres, 1) if np.isfinite(metres) else None,
                "lon": round(lon, 7),
                "lat": round(lat, 7),
            },
        )
        for number, ((lon, lat), gain, metres) in enumerate(zip(chosen.tolist(), gains, away.tolist(), strict=True), 1)
    )
    lines = _said(ground, asked, summary, len(features))
    if len(set(gains)) < len(gains):
        lines = (*lines, ground.say(_TIES))
    return Report(kind="sites", summary=summary, features=features, lines=lines)


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, of which stock: the facilities that are `located` are those that keep sites away."""

    asked: Reach
    region: Region
    year: int | None
    stock: Stock
    border: BaseGeometry | None
    located: coverage.Candidates
    count: int
    spacing: float | None
    places: NDArray[np.float64] | None

    @property
    def standing(self) -> NDArray[np.float64]:
        return coverage.lay_out(self.located).lonlat

    def cut(self, land: BaseGeometry, candidates: coverage.Candidates, grow: int = 0) -> coverage.Coverage:
        return cut_by(land, self.asked, candidates, grow=grow)


@dataclass(frozen=True, slots=True)
class _Told:
    """What was chosen, of which places, of which ground, and what is covered before and after."""

    found: coverage.Siting
    where: NDArray[np.float64]
    unit: str
    ground: answers.SiteGround
    basis: str
    before: answers.PeopleBounds
    after: answers.PeopleBounds


# --- by land ----------------------------------------------------------------------------------------------------------


def _on_land(ground: Ground, of: _Question) -> _Told:
    """Choose by the land near homes on record, or by all land where too few are."""
    homes = np.array([(home.lon, home.lat) for home in ground.homes_in(of.region.shape)], dtype=np.float64)
    metres, land, near = of.asked.metres, of.region.shape, of.region.shape
    if len(homes):
        land, near = (_around(of.region, homes, wide) for wide in (HOME_M, HOME_M + metres / 2))
    cut = of.cut(land, of.located)
    where = of.places
    if where is None:
        where = coverage.open_places(near, cut.gap, of.count, metres, most=_GRID, spacing=of.spacing)
    if of.asked.network is None:
        found = coverage.site_land(
            land, cut.gap, of.count, metres, places=where, existing=of.standing, spacing=of.spacing
        )
    else:
        found = _walked(of, of.asked.network, land, cut, where)
    new = of.cut(land, _new(where[found.chosen])).covered
    every = coverage.choose(of.stock.supply.candidates, of.stock.does)
    bounds = (of.cut(land, every, -1), of.cut(land, every), possible_cut(land, of.asked, of.stock, of.border))
    more = [coverage.square_km(shapely.intersection(new, bound.gap)) for bound in bounds]
    member: answers.SiteGround = {
        "kind": "homes" if len(homes) else "land",
        "homes": len(homes) or None,
        "within_m": HOME_M if len(homes) else None,
        "km2": round(found.total, 4),
    }
    return _Told(
        found=found,
        where=where,
        unit="km2",
        ground=member,
        basis=ground.say(
            "没有人口数据：按 %(homes)s 个在册居住小区周围 %(HOME_M)s 米以内的土地选，小区未必收全",
            homes=len(homes),
            HOME_M=f"{HOME_M:.0f}",
        )
        if len(homes)
        else ground.say(
            "没有人口数据，在册居住小区不足 %(FEWEST_HOMES)s 个：按全部土地选，不知道哪里住人；请带上人口点或栅格再选",
            FEWEST_HOMES=FEWEST_HOMES,
        ),
        before=_rounded(*(bound.covered_km2 for bound in bounds)),
        after=_rounded(*(bound.covered_km2 + km2 for bound, km2 in zip(bounds, more, strict=True))),
    )


def _around(region: Region, homes: NDArray[np.float64], metres: float) -> BaseGeometry:
    circles = shapely.disjoint_subset_union_all(coverage.circles(homes, metres))
    return coverage.usable_area(shapely.intersection(region.shape, circles))[0]


def _new(lonlat: NDArray[np.float64]) -> coverage.Candidates:
    return coverage.candidates(lonlat, ["new"] * len(lonlat))


def _walked(
    of: _Question, network: coverage.Network, land: BaseGeometry, cut: coverage.Coverage, where: NDArray[np.float64]
) -> coverage.Siting:
    """Choose by the cells that can be walked to, and measure the ground that these walks reach."""
    cells = coverage.cells_within(cut.gap, where, of.asked.metres)
    pairs = coverage.walk_pairs(network, where, cells.lonlat, metres=of.asked.metres)
    found = coverage.site(
        cells, of.standing, where, of.count, of.asked.metres, spacing=of.spacing, reach=pairs,
        reached=np.zeros(len(cells.amount), dtype=np.bool_),
    )  # fmt: skip
    new = of.cut(land, _new(where[found.chosen])).covered
    added = coverage.square_km(shapely.intersection(new, cut.gap))
    discs = of.count * np.pi * (of.asked.metres / 1000) ** 2
    bound = max(added, min(found.bound or 0.0, cut.gap_km2, discs))
    return replace(
        found,
        gain=found.gain * (added / found.added if found.added > 0 else 1.0),
        added=added,
        already=cut.covered_km2,
        total=cut.area_km2,
        bound=bound,
        gap=1 - added / bound if bound > 0 else 0.0,
        proven=bound <= 0,
    )


# --- by people --------------------------------------------------------------------------------------------------------


def _among_people(
    ground: Ground, of: _Question, demand: Demand, *, capacity: float | None, exact_seconds: float
) -> _Told:
    metres, network = of.asked.metres, of.asked.network
    people, where = _who_and_where(of.region, demand, of.places, metres)
    before = served(of.asked, of.stock, people, of.year, of.border)
    reached = coverage.served(people, of.located, metres, network=network).located
    walked = None if network is None else coverage.walk_pairs(network, where, people.lonlat, metres=metres)

    def choose(seconds: float) -> coverage.Siting:
        return coverage.site(
            people, of.standing, where, of.count, metres, spacing=of.spacing, capacity=capacity, exact_seconds=seconds,
            reach=walked, reached=reached,
        )  # fmt: skip

    found = choose(0)
    if exact_seconds > 0 and not found.proven and of.spacing is None and capacity is None:
        better = choose(exact_seconds)
        found = better if better.proven or better.added > found.added else found
    # The new ones stand where they are put, the others as surely as before.
    flags = coverage.served(people, _new(where[found.chosen]), metres, network=network).located
    return _Told(
        found=found,
        where=where,
        unit=people.unit,
        ground={"kind": "people", "homes": None, "within_m": None, "km2": None},
        basis=ground.say(people.told),
        before=_rounded(before.covered.certain, before.covered.located, before.covered.possible),
        after=_rounded(
            *(float(people.amount[flags | old].sum()) for old in (before.certain, before.located, before.possible))
        ),
    )


def _stages(found: coverage.Siting, of: _Told, *, told: bool) -> answers.Stages:
    """Give what is covered before and after, which is a share of what exists, only where the record allows it."""
    if not told:
        return {"already": None, "share_before": None, "share_after": None, "before": None, "after": None}
    return {
        "already": round(found.already, 4),
        "share_before": share(found.already / found.total) if found.total > 0 else None,
        "share_after": share((found.already + found.added) / found.total) if found.total > 0 else None,
        "before": of.before,
        "after": of.after,
    }


def _rounded(certain: float, located: float, possible: float) -> answers.PeopleBounds:
    return {"certain": round(certain, 4), "located": round(located, 4), "possible": round(possible, 4)}


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
    every = () if plan is None else queries.every_commitment(ground.conn, CommitmentFilter(plans=(plan,)))
    found = next((record for record in every if record.id == name), None)
    if found is None:
        raise NotFoundError("commitment", f"没有任务 {name[:40]!r}", f"there is no commitment {name[:40]!r}")
    if found.count is None or found.count < 1 or found.count != int(found.count) or found.count > MOST_SITES:
        raise UnanswerableError(
            "commitment",
            f"任务 {found.id} 没有可逐处选址的数量",
            f"the commitment {found.id} counts nothing that can be sited one by one",
        )
    return found


def _quota(commitment: CommitmentRecord) -> answers.Quota:
    return {
        "id": commitment.id,
        "plan": commitment.plan,
        "line": commitment.line,
        "label": commitment.label,
        "count": commitment.count or 0,
        "passage_sha256": commitment.passage_sha256,
    }


def _who_and_where(
    region: Region, demand: Demand, places: NDArray[np.float64] | None, radius: float
) -> tuple[Demand, NDArray[np.float64]]:
    """Give who is to be covered and from where; a grid of our own is as fine as the work allows."""
    people = clip(demand, region.shape)
    finer = 1.0
    while True:
        where = coverage.land(region.shape, cells=int(_GRID * finer)).lonlat if places is None else places
        count = coverage.count_pairs(where, people.lonlat, radius)
        if count <= MOST_PAIRS:
            return people, where
        if places is None and finer > _COARSEST:
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


def _said(ground: Ground, asked: Reach, summary: answers.Sites, placed: int) -> tuple[str, ...]:
    unit = ground.say("人") if summary["unit"] == "people" else "km²"
    what = f"{summary['area']['name']} {ground.named(asked.categories[0])} {asked.metres:.0f} m"
    if not summary["total"] > 0:
        return (
            what,
            ground.say("区域内没有人口，无从选址"),
        )
    words = summary["record_basis"]["words"]
    sure = ground.say("已证明最优")
    if not summary["proven"]:
        sure = ground.say("与上界差至多 %(gap)s", gap=percent(summary["gap"]))
    if summary["share_before"] is None:
        return (
            words,
            ground.say(
                "%(what)s：新选 %(placed)s 处，比在册的和有落点的承诺多覆盖 %(added)s %(unit)s（%(sure)s）",
                what=what,
                placed=placed,
                added=f"{summary['added']:.1f}",
                unit=unit,
                sure=sure,
            ),
            ground.say(HOW),
            summary["basis"],
            *summary["limits"],
        )
    label = [ground.say(AS_RECORDED)] if summary["record_basis"]["as_recorded"] else []
    return (
        *label,
        words,
        ground.say(
            "%(what)s：新选 %(placed)s 处，覆盖由 %(share_before)s 到 %(share_after)s，"
            "新增 %(added)s %(unit)s（%(sure)s）",
            what=what,
            placed=placed,
            share_before=percent(summary["share_before"]),
            share_after=percent(summary["share_after"]),
            added=f"{summary['added']:.0f}",
            unit=unit,
            sure=sure,
        ),
        summary["basis"],
        *summary["limits"],
    )
