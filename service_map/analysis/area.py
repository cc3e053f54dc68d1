"""Coverage of an area and its gaps: by land, and by people where the caller brings some."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from service_map import coverage
from service_map.analysis import report
from service_map.analysis.asked import Reach, reach_member
from service_map.analysis.catchment import catchment
from service_map.analysis.given import clip
from service_map.analysis.ground import Ground, Region, Supply
from service_map.analysis.record import (
    AS_RECORDED,
    HOW,
    Record,
    record_limits,
    record_member,
    record_of,
    record_properties,
    unlocated_member,
)
from service_map.analysis.report import Feature, Report, percent, rule_member, share
from service_map.analysis.zones import BY_NAMES, zones_of
from service_map.coverage import Demand
from service_map.store.adcode import prefix

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MOST_YEARS = 15

_NOT_ADDED = (
    "各块至少要几处是分别算的，一处可能同时服务相邻两块，不能相加",
    "what each piece needs is counted by itself: one new facility may serve two neighbours, so they do not add up",
)
_FARTHEST_WALK_M = 50_000.0
_FARTHEST_M = 500_000.0
_KM = "公里"


@dataclass(frozen=True, slots=True)
class _Stock:
    """The facilities of the kinds asked about that may stand by the horizon."""

    supply: Supply
    may: Flags
    does: Flags

    @property
    def located(self) -> coverage.Candidates:
        """Give what stands by the horizon and has a place of its own."""
        return coverage.choose(self.supply.candidates, self.does & coverage.placed(self.supply.candidates))


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
    record = record_of(ground, asked.categories, region)
    summary = {
        **_where(region),
        **reach_member(ground, asked),
        **record_member(ground, record, kinds(ground, asked), region.name),
        "year": year,
        "denominator": "land_area",
        "facilities": _count_reaching(asked, region, stock),
        "area_km2": round(coverage.square_km(region.shape), 4),
        **dict.fromkeys(("covered_km2", "gap_km2", "share", "share_low", "share_high", "zones")),
        "people": None if people is None else _crowd(ground, people),
        "measured_from": measured_from(ground, asked, region, choose(stock.supply, stock.does)),
        "years": _years(ground, asked, region, people, told=record.told) if by_year else None,
        "unlocated": unlocated_member(record),
        "rules": [
            rule_member(ground, rule)
            for rule in ground.rules_in(() if region.adcode is None else (region.adcode,))
            if rule.category in asked.categories
        ],
        "limits": limits(ground, asked, region, record, year=year, demand=people),
        "data_version": ground.data_version(),
    }
    if not record.told:
        return Report(kind="coverage", summary=summary, features=(), lines=_said(ground, asked, region, summary))
    cut = cut_by(region.shape, asked, coverage.choose(stock.supply.candidates, stock.does))
    low, high, anywhere = _bounds(region.shape, asked, stock, cut)
    found = _served(asked, stock, people, year)
    summary |= {
        "facilities": cut.facilities,
        "covered_km2": round(cut.covered_km2, 4),
        "gap_km2": round(cut.gap_km2, 4),
        "share": share(cut.share),
        "share_low": share(low),
        "share_high": share(high),
        "people": _people(ground, asked, region, stock, people, found=found),
        "zones": _zones(cut, low, anywhere, people, found),
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
                    **record_properties(record),
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
    zones: bool = False,
    by: str | None = None,
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
    zones
        Give three more features: what is covered wherever within its uncertainty each facility stands (``certain``),
        what none can cover wherever it stands (``gap``), and what lies between (``uncertain``).
    by
        What the gap is cut by, one of `service_map.analysis.BY`; None takes townships where their boundaries are known,
        else H3 cells about as large as a service circle.

    Returns
    -------
    Report
        A feature a piece, as the facilities are located, ranked by people, where none are given by homes on record,
        else by land; ``people`` is None where no people are given.
        ``people_certain`` and ``certain_km2`` are the part of the piece that no facility can cover. The figures of the
        three zones stand in the summary in any case.

    Raises
    ------
    InvalidParameterError
        As in `covered_share`, and when there is no such `by`.
    UnanswerableError
        When the data has nothing to cut by.
    """
    people = _inside(demand, region)
    stock = _stock(ground, asked, year)
    record = record_of(ground, asked.categories, region)
    summary = {
        **_where(region),
        **reach_member(ground, asked),
        **record_member(ground, record, kinds(ground, asked), region.name),
        "year": year,
        "facilities": _count_reaching(asked, region, stock),
        "area_km2": round(coverage.square_km(region.shape), 4),
        "gap_km2": None,
        "gap_share": None,
        "people_total": None if people is None else round(people.total, 1),
        "people_in_gaps": None,
        "basis": None if people is None else ground.say(people.zh, people.en),
        "pieces": None,
        **dict.fromkeys(("by", "h3_resolution", "ranked_by")),
        "numberReturned": 0,
        "zones": None,
        "measured_from": measured_from(ground, asked, region, choose(stock.supply, stock.does)),
        "unlocated": unlocated_member(record),
        "limits": limits(ground, asked, region, record, year=year, demand=people),
        "data_version": ground.data_version(),
    }
    if not record.told:
        said = (_what(ground, asked, region), summary["record_basis"]["words"], ground.say(*HOW), *summary["limits"])
        return Report(kind="gaps", summary=summary, features=(), lines=said)
    by, parts = zones_of(ground, asked, region, by)
    candidates = stock.supply.candidates
    sure = coverage.choose(candidates, stock.does)
    cut = cut_by(region.shape, asked, coverage.choose(stock.supply.candidates, stock.does))
    certain = cut_by(region.shape, asked, sure, grow=-1) if sure.uncertainty_m.any() else cut
    possible = cut_by(region.shape, asked, coverage.choose(candidates, stock.may), grow=1)
    found = _served(asked, stock, people, year)
    homes = np.array([(home.lon, home.lat) for home in ground.homes_in(region.shape)], dtype=np.float64)
    pieces = coverage.rank(
        cut, coverage.lay_out(stock.located).lonlat, demand=people, least_km2=least_km2, zones=parts,
        homes=homes if len(homes) else None, widest=_farthest(asked),
    )  # fmt: skip
    shown = pieces[:limit]
    never = _never(shown, possible, people, found)
    summary |= {
        "facilities": cut.facilities,
        "gap_km2": round(cut.gap_km2, 4),
        "gap_share": share(1 - cut.share),
        "people_in_gaps": None if people is None else round(sum(piece.people or 0.0 for piece in pieces), 1),
        "pieces": len(pieces),
        "by": by,
        "h3_resolution": parts.resolution,
        "ranked_by": pieces[0].ranked_by[0] if pieces else None,
        "numberReturned": len(shown),
        "zones": _zones(cut, certain.share, possible.share, people, found),
    }
    features = tuple(
        Feature(
            id=f"gap-{number}",
            geometry=piece.polygon,
            properties={
                "rank": piece.rank,
                "zone": None,
                "name": piece.name,
                **record_properties(record),
                "area_km2": round(piece.km2, 4),
                "certain_km2": round(min(never[number - 1][0], piece.km2), 4),
                "people_certain": None if piece.people is None else round(never[number - 1][1], 1),
                "people": None if piece.people is None else round(piece.people, 1),
                "groups": {name: round(of, 1) for name, of in piece.groups.items()},
                "homes": piece.homes,
                "needs_at_least": piece.needs,
                "needs_by": piece.needs_by,
                "nearest_m": None if piece.metres is None else round(piece.metres, 1),
                "lon": round(piece.lon, 7),
                "lat": round(piece.lat, 7),
            },
        )
        for number, piece in enumerate(shown, 1)
    )
    if zones:
        features += _zone_features(summary["zones"], certain, possible, record)
    what, cut_how = _what(ground, asked, region), ground.say(*BY_NAMES[by])
    lines = [
        summary["record_basis"]["words"],
        *([ground.say(*AS_RECORDED)] if record.as_recorded else []),
        ground.say(
            f"{what}：缺口 {cut.gap_km2:.2f} km²（{percent(1 - cut.share)}），{cut_how} {len(pieces)} 块",
            f"{what}: a gap of {cut.gap_km2:.2f} km² ({percent(1 - cut.share)}), {cut_how}, in {len(pieces)} pieces",
        ),
        *(_first_said(ground, pieces[0]) if pieces else ()),
    ]
    if people is not None:
        inside = summary["people_in_gaps"]
        lines.append(ground.say(f"缺口内 {inside:.0f} 人", f"{inside:.0f} people in the gaps"))
        lines.append(summary["basis"])
    lines.append(_zones_said(ground, summary["zones"]))
    return Report(kind="gaps", summary=summary, features=features, lines=(*lines, *summary["limits"]))


def _first_said(ground: Ground, piece: coverage.Gap) -> tuple[str, ...]:
    name, least = piece.name or "", piece.needs
    by = ground.say(*{"people": ("按人口", "by its people"), "land": ("按面积", "by its land")}[piece.needs_by])
    return (
        ground.say(
            f"排第一的 {name} {piece.km2:.2f} km²，{by}至少还要 {least} 处才够",
            f"first comes {name} of {piece.km2:.2f} km², which needs {least} more at least, {by}",
        ),
        ground.say(*_NOT_ADDED),
    )


def limits(
    ground: Ground, asked: Reach, region: Region, record: Record, *, year: int | None, demand: Demand | None
) -> list[str]:
    """Say what the figures rest on and what they cannot say."""
    way = {"straight_line": report.STRAIGHT, "detour": report.DETOUR, "network": report.NETWORK}[asked.method]
    said = [way, *record_limits(record), report.IMPRECISE, report.UNLOCATED]
    if asked.method == "network":
        said.append(report.AROUND_WAYS)
        if asked.network is not None and asked.network.sloped:
            said.append(report.SLOPED)
    measured = measured_from(ground, asked, region, stock_of(ground, asked, year))
    if measured is not None:
        said.append(report.FROM_POINT if measured["point"] else report.FROM_EDGE)
    said += _own_measure(asked, demand)
    if year is not None:
        said.append(report.YEARS)
    if region.mended:
        said.append(report.MENDED)
    return [ground.say(*pair) for pair in said]


def _own_measure(asked: Reach, demand: Demand | None) -> list[tuple[str, str]]:
    """Say in what the figures differ from what a standard or an official rate would give."""
    said = [report.LAND, *([report.PEOPLE] if demand is not None and demand.unit == "people" else [])]
    if asked.minutes is not None:
        said.append(report.PACE)
    if asked.rule is not None:
        if asked.walking is not None and asked.rule.metres is not None:
            said.append(report.WALKED_RADIUS)
        said += report.sizes([asked.rule])
    return said


def _what(ground: Ground, asked: Reach, region: Region) -> str:
    return f"{region.name} {ground.named(asked.categories[0])} {asked.metres:.0f} m"


def kinds(ground: Ground, asked: Reach) -> str:
    """Name the kinds asked about."""
    return ground.say("、", ", ").join(ground.named(code) for code in asked.categories)


def _count_reaching(asked: Reach, region: Region, stock: _Stock) -> int:
    return int(_reaching(region.shape, stock.located, _radii(asked, stock.located, 0)).sum())


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
        beds=supply.beds[rows],
        places=supply.places[rows],
        source=supply.source[rows],
        sources=supply.sources,
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


def cut_by(shape: BaseGeometry, asked: Reach, candidates: coverage.Candidates, *, grow: int = 0) -> coverage.Coverage:
    """Cut the area by what the facilities cover: as located, or wherever (-1) or somewhere (1) within uncertainty."""
    if grow > 0 and _exact_on_foot(asked, candidates):
        grow = 0
    if asked.network is not None and grow <= 0:
        known = candidates.uncertainty_m <= coverage.SITE_M if grow else coverage.placed(candidates)
        candidates = coverage.choose(candidates, known)
    laid = coverage.lay_out(candidates)
    if asked.network is not None and grow <= 0:
        ahead = -grow * coverage.DETOUR * candidates.uncertainty_m
        grounds = laid.surfaces[ahead[laid.surface_owner] < asked.metres]
        return coverage.gap_on_foot(
            shape, laid.lonlat, asked.metres, asked.network, ahead=ahead[laid.owner], surfaces=grounds.tolist()
        )
    radii = _radii(asked, candidates, grow)
    grounds = laid.surfaces[radii[laid.surface_owner] > 0]
    alike = grow == 0 and coverage.placed(candidates).all()
    cut = coverage.gap(shape, laid.lonlat, asked.metres if alike else radii[laid.owner], surfaces=grounds.tolist())
    return replace(cut, metres=asked.metres)


def _exact_on_foot(asked: Reach, candidates: coverage.Candidates) -> bool:
    """Tell whether the ways bound what may be covered: over a network, where every place is exact."""
    sure = coverage.placed(candidates) & (candidates.uncertainty_m == 0)
    return asked.network is not None and bool(sure.all())


def _farthest(asked: Reach) -> float:
    # No walk leads farther than its straight line, but for one downhill, which takes the time of a shorter one.
    return asked.metres * (coverage.DOWNHILL if asked.network is not None and asked.network.sloped else 1.0)


def _radii(asked: Reach, candidates: coverage.Candidates, grow: int) -> Floats:
    radii: Floats = _farthest(asked) + grow * candidates.uncertainty_m
    if grow == 0:
        # What is known to its county only is located nowhere: it covers what it covers wherever it stands.
        radii = radii - np.where(coverage.placed(candidates), 0.0, candidates.uncertainty_m)
    return np.minimum(radii, _FARTHEST_M)


def _bounds(shape: BaseGeometry, asked: Reach, stock: _Stock, cut: coverage.Coverage) -> tuple[float, float, float]:
    """Bound the covered share, given that each facility may stand anywhere within its uncertainty.

    At least what every position covers: the circle less the uncertainty. At most what any position covers, and no more
    than the circles' own surface, for a facility stands in one place only; and, third, what any position covers.
    """
    candidates = stock.supply.candidates
    reach_in = _reaching(shape, candidates, _radii(asked, candidates, 1))
    if asked.network is not None:
        certain = cut_by(shape, asked, coverage.choose(candidates, stock.does & reach_in), grow=-1).share
    else:
        certain = _circled(shape, asked, coverage.choose(candidates, stock.does & reach_in), cut, grow=-1)
    some = coverage.choose(candidates, stock.may & reach_in)
    if _exact_on_foot(asked, some):
        anywhere = max(cut_by(shape, asked, some).share, cut.share)
    else:
        anywhere = max(_circled(shape, asked, some, cut, grow=1), cut.share)
    possible = np.flatnonzero(stock.may & reach_in)
    highest = anywhere
    if candidates.uncertainty_m[possible].any() and not (len(candidates.shape) and candidates.shape[possible].any()):
        most = _farthest(asked)
        highest = min(anywhere, sum(_surface_km2(stock.supply, row, most) for row in possible.tolist()) / cut.area_km2)
    # The circles are drawn with corners: rounding must not put a bound on the wrong side of the figure it bounds.
    return min(certain, cut.share), max(highest, cut.share), anywhere


def _circled(
    shape: BaseGeometry, asked: Reach, candidates: coverage.Candidates, cut: coverage.Coverage, *, grow: int
) -> float:
    """Give the share of the area within straight-line reach."""
    laid = coverage.lay_out(candidates)
    radii = _radii(asked, candidates, grow)
    around, grounds = radii[laid.owner] > 0, laid.surfaces[radii[laid.surface_owner] > 0]
    if not around.any() and not len(grounds):
        return 0.0
    union = shapely.union_all([*coverage.circles(laid.lonlat[around], radii[laid.owner][around]), *grounds])
    return min(1.0, coverage.square_km(shapely.intersection(shape, union)) / cut.area_km2)


def _surface_km2(supply: Supply, row: int, metres: float) -> float:
    """Most land that one record can cover: so many circles, or a strip along a trail; unbounded for "at least"."""
    if supply.at_least[row]:
        return math.inf
    disc, count = math.pi * (metres / 1000) ** 2, float(supply.count[row])
    if supply.unit[row] == _KM:
        return disc + 2 * metres / 1000 * count
    return disc * max(1.0, count)


def _reaching(shape: BaseGeometry, candidates: coverage.Candidates, radii: Floats) -> Flags:
    laid = coverage.lay_out(candidates)
    flags = np.zeros(len(candidates.lonlat), dtype=np.bool_)
    flags[laid.owner[_near_box(shape, laid.lonlat, radii[laid.owner])]] = True
    # An area wholly inside a park lies far from its edge.
    flags[laid.surface_owner[shapely.intersects(laid.surfaces, shape)]] = True
    return flags


def _near_box(shape: BaseGeometry, lonlat: Floats, radii: Floats) -> Flags:
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


def _served(asked: Reach, stock: _Stock, demand: Demand | None, year: int | None) -> coverage.Served | None:
    if demand is None:
        return None
    return coverage.served(demand, stock.supply.candidates, asked.metres, year=year, network=asked.network)


def _near(asked: Reach, region: Region, stock: _Stock) -> Supply:
    """Give what stands by the horizon and may reach into the region."""
    every = stock.supply.candidates
    return choose(stock.supply, stock.does & _reaching(region.shape, every, _radii(asked, every, 1)))


def _crowd(ground: Ground, demand: Demand) -> dict[str, Any]:
    """Say who lives there, and nothing of what reaches them."""
    return {
        "unit": demand.unit,
        "basis": demand.basis,
        "points": len(demand.lonlat),
        "total": round(demand.total, 1),
        **dict.fromkeys(("covered", "built", "share_low", "share", "share_high")),
        "groups": {
            name: {"total": round(float(of.sum()), 1), **dict.fromkeys(("covered", "share_low", "share", "share_high"))}
            for name, of in demand.groups.items()
        },
        "nearest_m": None,
        "catchment": None,
        "said": ground.say(demand.zh, demand.en),
    }


def _people(
    ground: Ground,
    asked: Reach,
    region: Region,
    stock: _Stock,
    demand: Demand | None,
    *,
    found: coverage.Served | None,
) -> dict[str, Any] | None:
    if demand is None or found is None:
        return None
    sure = stock.located
    if asked.network is not None:
        laid = coverage.lay_out(sure)
        away = coverage.walk_metres(asked.network, laid.lonlat, demand.lonlat, metres=_FARTHEST_WALK_M)
        away[coverage.inside(laid, demand.lonlat)] = 0.0
    else:
        away, _ = coverage.nearest_edge(sure, demand.lonlat)
    fair = coverage.equity(demand, away)
    return {
        **_crowd(ground, demand),
        "covered": _bounds_member(found.covered),
        "built": _bounds_member(found.built),
        "share_low": share(found.share("certain")),
        "share": share(found.share()),
        "share_high": share(found.share("possible")),
        "groups": {
            name: {"total": round(total, 1), "covered": _bounds_member(bounds), **_shares(total, bounds)}
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
        "catchment": catchment(ground, asked, _near(asked, region, stock), demand),
        "said": ground.say(found.zh, found.en),
    }


# --- zones ------------------------------------------------------------------------------------------------------------

_ZONES: dict[str, tuple[str, str]] = {
    "certain": ("一定已覆盖", "certainly covered"),
    "uncertain": ("位置不准，说不定", "uncertain"),
    "gap": ("都未覆盖", "reached by none"),
}


def _zones(
    cut: coverage.Coverage, low: float, high: float, demand: Demand | None, found: coverage.Served | None
) -> dict[str, Any]:
    """Give land and people of what is certainly covered, of what certainly is not, and of what lies between."""
    least, most = min(low, cut.share), max(high, cut.share)
    shares = {"certain": least, "uncertain": most - least, "gap": 1 - most}
    flags: dict[str, Flags] = {}
    if found is not None:
        flags = {"certain": found.certain, "uncertain": found.possible & ~found.certain, "gap": ~found.possible}
    return {
        name: {
            "km2": round(of * cut.area_km2, 4),
            "share": share(max(0.0, of)),
            "people": None if demand is None else round(float(demand.amount[flags[name]].sum()), 1),
            "groups": {}
            if demand is None
            else {group: round(float(people[flags[name]].sum()), 1) for group, people in demand.groups.items()},
        }
        for name, of in shares.items()
    }


def _zones_said(ground: Ground, zones: dict[str, Any]) -> str:
    def told(name: str) -> str:
        people = zones[name]["people"]
        held = "" if people is None else ground.say(f"、{people:.0f} 人", f", {people:.0f} people")
        return f"{ground.say(*_ZONES[name])} {percent(zones[name]['share'])}{held}"

    return ground.say("；", "; ").join(told(name) for name in _ZONES)


def _zone_features(
    zones: dict[str, Any], certain: coverage.Coverage, possible: coverage.Coverage, record: Record
) -> tuple[Feature, ...]:
    between = shapely.difference(possible.covered, certain.covered)
    parts = shapely.get_parts(between)
    shapes = {
        "certain": certain.covered,
        "uncertain": shapely.union_all(parts[shapely.get_dimensions(parts) == 2]),
        "gap": possible.gap,
    }
    features = []
    for name, geometry in shapes.items():
        inside = None if geometry.is_empty else shapely.point_on_surface(geometry)
        features.append(
            Feature(
                id=f"zone-{name}",
                geometry=geometry,
                properties={
                    "rank": None,
                    "zone": name,
                    "name": None,
                    **record_properties(record),
                    "area_km2": zones[name]["km2"],
                    "certain_km2": None,
                    "people_certain": None,
                    "people": zones[name]["people"],
                    "groups": zones[name]["groups"],
                    **dict.fromkeys(("homes", "needs_at_least", "needs_by")),
                    "nearest_m": None,
                    "lon": None if inside is None else round(inside.x, 7),
                    "lat": None if inside is None else round(inside.y, 7),
                },
            )
        )
    return tuple(features)


def _never(
    pieces: Sequence[coverage.Gap], possible: coverage.Coverage, demand: Demand | None, found: coverage.Served | None
) -> list[tuple[float, float]]:
    """Square kilometres and people of each piece that no facility can cover, wherever it stands."""
    shapes = np.array([piece.polygon for piece in pieces], dtype=object)
    if not len(shapes):
        return []
    lands = [coverage.square_km(part) for part in shapely.intersection(shapes, possible.gap)]
    if demand is None or found is None:
        return [(land, 0.0) for land in lands]
    rows = np.flatnonzero(~found.possible)
    point, piece = shapely.STRtree(shapes).query(shapely.points(demand.lonlat[rows]), predicate="intersects")
    _, first = np.unique(point, return_index=True)
    held = np.bincount(piece[first], demand.amount[rows][point[first]], minlength=len(shapes))
    return list(zip(lands, held.tolist(), strict=True))


def measured_from(ground: Ground, asked: Reach, region: Region, supply: Supply) -> dict[str, int] | None:
    """Count the facilities measured from their edge or line and from a point, of kinds that are entered anywhere.

    None for other kinds; of these, only what may reach into the region counts.
    """
    if not set(asked.categories) & ground.edges:
        return None
    every = supply.candidates
    near = coverage.choose(every, _reaching(region.shape, every, _radii(asked, every, 1)))
    edge = int((~shapely.is_missing(near.shape)).sum()) if len(near.shape) else 0
    return {"edge": edge, "point": len(near.lonlat) - edge}


def _shares(total: float, bounds: coverage.Bounds) -> dict[str, float | None]:
    amounts = {"share_low": bounds.certain, "share": bounds.located, "share_high": bounds.possible}
    return {name: share(amount / total) if total > 0 else None for name, amount in amounts.items()}


def _bounds_member(bounds: coverage.Bounds) -> dict[str, float]:
    return {
        "certain": round(bounds.certain, 1),
        "located": round(bounds.located, 1),
        "possible": round(bounds.possible, 1),
    }


def _metres(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


# --- years ------------------------------------------------------------------------------------------------------------


def _years(ground: Ground, asked: Reach, region: Region, demand: Demand | None, *, told: bool) -> list[dict[str, Any]]:
    """Answer for what exists already, for each year of the plans, and for everything promised.

    What is counted is what reaches into the region; shares, of land and of people, only where they may be `told`.
    """
    known: dict[bytes, dict[str, Any]] = {}
    found = []
    for year in ("existing", *_plan_years(ground, region), "promised"):
        horizon = year if isinstance(year, int) else None
        stock = _stock(ground, asked, horizon)
        if year == "existing":
            standing = coverage.in_place(stock.supply.candidates) & stock.may
            stock = _Stock(stock.supply, standing, standing)
        key = stock.may.tobytes() + stock.does.tobytes()
        if key not in known:
            known[key] = _horizon(asked, region, stock, demand, horizon, told=told)
        row = {"year": horizon, "horizon": "by_year" if isinstance(year, int) else year, **known[key]}
        found.append(row)
    return found


def _horizon(
    asked: Reach, region: Region, stock: _Stock, demand: Demand | None, year: int | None, *, told: bool
) -> dict[str, Any]:
    if not told:
        names = ("share_low", "share", "share_high", "people", "people_share_low", "people_share", "people_share_high")
        return {"facilities": _count_reaching(asked, region, stock), **dict.fromkeys(names)}
    cut = cut_by(region.shape, asked, coverage.choose(stock.supply.candidates, stock.does))
    low, high, _ = _bounds(region.shape, asked, stock, cut)
    row: dict[str, Any] = {
        "facilities": cut.facilities,
        "share_low": share(low),
        "share": share(cut.share),
        "share_high": share(high),
        "people": None,
        **{f"people_{name}": None for name in ("share_low", "share", "share_high")},
    }
    if demand is not None:
        counted = coverage.choose(stock.supply.candidates, stock.may)
        covered = coverage.served(demand, counted, asked.metres, year=year, network=asked.network).covered
        row["people"] = _bounds_member(covered)
        row |= {f"people_{name}": of for name, of in _shares(demand.total, covered).items()}
    return row


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


# --- words ------------------------------------------------------------------------------------------------------------


def _said(ground: Ground, asked: Reach, region: Region, summary: dict[str, Any]) -> tuple[str, ...]:
    what = _what(ground, asked, region)
    lines = [what, summary["record_basis"]["words"]]
    if summary["share"] is None:
        lines.append(ground.say(*HOW))
    else:
        lines += _said_figures(ground, summary)
    for row in summary["years"] or ():
        name = row["year"] or ground.say(
            *{"existing": ("现有", "existing"), "promised": ("全部承诺", "all promised")}[row["horizon"]]
        )
        lead, unit = ("people_", ground.say("人口", "people")) if row["people"] else ("", ground.say("面积", "land"))
        of = ground.say(f"{row['facilities']} 处设施", f"{row['facilities']} facilities")
        if row["share"] is None:
            lines.append(f"  {name}: {of}")
            continue
        low, at, high = (percent(row[f"{lead}{bound}"]) for bound in ("share_low", "share", "share_high"))
        lines.append(f"  {name}: {of}, {unit} {at} ({low} – {high})")
    if summary["unlocated"]:
        count = summary["unlocated"]["matched"]
        lines.append(
            ground.say(f"另有 {count} 项没有落点的任务，不计入", f"{count} promises without a site are not counted")
        )
    return (*lines, *summary["limits"])


def _said_figures(ground: Ground, summary: dict[str, Any]) -> list[str]:
    low, at, high = (percent(summary[name]) for name in ("share_low", "share", "share_high"))
    lines = [ground.say(*AS_RECORDED)] if summary["record_basis"]["as_recorded"] else []
    lines.append(
        ground.say(
            f"面积覆盖 {at}（至少 {low}，至多 {high}），{summary['facilities']} 处设施",
            f"{at} of the land (at least {low}, at most {high}), {summary['facilities']} facilities",
        )
    )
    people = summary["people"]
    if people is None:
        return lines
    if people["total"] <= 0:
        return [
            *lines,
            ground.say(
                "区域内没有人口，无从计算人口覆盖率", "nobody lives in the area, so there is no share of people"
            ),
            people["said"],
        ]
    covered = people["covered"]
    lines.append(
        ground.say(
            f"人口覆盖 {percent(people['share'])}：{covered['located']:.0f} / {people['total']:.0f} 人"
            f"（至少 {covered['certain']:.0f}，至多 {covered['possible']:.0f}）",
            f"{percent(people['share'])} of the people: {covered['located']:.0f} of {people['total']:.0f}"
            f" (at least {covered['certain']:.0f}, at most {covered['possible']:.0f})",
        )
    )
    lines += [
        f"  {name}: {percent(of['share'])} ({percent(of['share_low'])} – {percent(of['share_high'])})"
        for name, of in people["groups"].items()
    ]
    return [*lines, people["said"], *([people["catchment"]["said"]] if people["catchment"] else [])]
