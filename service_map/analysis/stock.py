"""The facilities that a question is about: which stand by its horizon, how far they reach, what they cut of an area."""

import math
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Proj
from shapely.geometry.base import BaseGeometry

from service_map import coverage
from service_map.analysis import answers
from service_map.analysis.context import Ground, Region, Supply, choose
from service_map.analysis.record import Record
from service_map.analysis.threshold import Reach
from service_map.catalogue.adcode import COUNTRY

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_FARTHEST_M = 500_000.0
_KM = "公里"


@dataclass(frozen=True, slots=True)
class Stock:
    """The facilities of the kinds asked about that may stand by the horizon."""

    supply: Supply
    may: Flags
    does: Flags

    @property
    def located(self) -> coverage.Candidates:
        """Give what stands by the horizon and has a place of its own."""
        return coverage.choose(self.supply.candidates, self.does & coverage.placed(self.supply.candidates))


def stand(ground: Ground, asked: Reach, year: int | None) -> Stock:
    """Give the facilities of the kinds asked about, with what may stand by a year, and does if the plans are kept."""
    mine = ground.supply_of(asked.categories)
    may, does = coverage.horizon(mine.candidates, year)
    return Stock(mine, may, does)


def stock_of(ground: Ground, asked: Reach, year: int | None) -> Supply:
    """Give the facilities of the kinds asked about that stand by a year, if the plans are kept."""
    stock = stand(ground, asked, year)
    return choose(stock.supply, stock.does)


def cut_by(shape: BaseGeometry, asked: Reach, candidates: coverage.Candidates, *, grow: int = 0) -> coverage.Coverage:
    """Cut the area by what the facilities cover: as located, or wherever (-1) or somewhere (1) within uncertainty."""
    if grow > 0 and asked.network is not None:
        return _anywhere(shape, asked, asked.network, candidates)
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
    radii = radii_of(asked, candidates, grow)
    grounds = laid.surfaces[radii[laid.surface_owner] > 0]
    alike = grow == 0 and coverage.placed(candidates).all()
    cut = coverage.gap(shape, laid.lonlat, asked.metres if alike else radii[laid.owner], surfaces=grounds.tolist())
    return replace(cut, metres=asked.metres)


def _anywhere(
    shape: BaseGeometry, asked: Reach, network: coverage.Network, candidates: coverage.Candidates
) -> coverage.Coverage:
    """Cut the area by what facilities may cover on foot, wherever they stand: `coverage.may_walk` for land."""
    doubt = candidates.uncertainty_m
    exact = (doubt == 0) & coverage.placed(candidates)
    drawn = ~shapely.is_missing(candidates.shape) if len(candidates.shape) else np.zeros(len(doubt), dtype=np.bool_)
    near = ~exact & ~drawn & (doubt <= asked.metres)
    if network.sloped:
        near[:] = False
    known = [cut_by(shape, asked, coverage.choose(candidates, exact)).covered]
    rows = np.flatnonzero(near & coverage.may_reach(shape, candidates.lonlat, radii_of(asked, candidates, 1)))
    if len(rows):
        known.append(coverage.ground_anywhere(shape, candidates.lonlat[rows], doubt[rows], asked.metres, network))
    others = coverage.choose(candidates, ~exact & ~near)
    laid, radii = coverage.lay_out(others), radii_of(asked, others, 1)
    grounds = [*known, *laid.surfaces[radii[laid.surface_owner] > 0].tolist()]
    cut = coverage.gap(shape, laid.lonlat, radii[laid.owner], surfaces=[part for part in grounds if not part.is_empty])
    return replace(cut, metres=asked.metres)


def farthest(asked: Reach) -> float:
    """Give the farthest in a straight line that a facility serves, metres."""
    # No walk leads farther than its straight line, but for one downhill, which takes the time of a shorter one.
    return asked.metres * (coverage.DOWNHILL if asked.network is not None and asked.network.sloped else 1.0)


def radii_of(asked: Reach, candidates: coverage.Candidates, grow: int) -> Floats:
    """Give how far each serves: as located, or wherever (-1) or somewhere (1) within its uncertainty it stands."""
    radii: Floats = farthest(asked) + grow * candidates.uncertainty_m
    if grow == 0:
        # What is known to its county only is located nowhere: it covers what it covers wherever it stands.
        radii = radii - np.where(coverage.placed(candidates), 0.0, candidates.uncertainty_m)
    return np.minimum(radii, _FARTHEST_M)


def border_of(ground: Ground, asked: Reach, region: Region, record: Record) -> BaseGeometry | None:
    """Give the strip of a region that what stands over the border may serve: nobody states that it is on record.

    None where nobody's word ends at a border: the asker's own holds for whatever may matter to the question.
    """
    if record.by != "inventory" or not record.inventories:
        return None
    lands = []
    for code in sorted(set(asked.categories) - set(ground.complete)):
        areas = {one.area for one in record.inventories if code in one.categories}
        if COUNTRY in areas:
            continue
        lands.append(ground.ground_of(tuple(sorted(areas))))
    held = [land for land in lands if land is not None]
    if not held:
        return None
    stated = shapely.intersection_all(held)
    west, south, east, north = region.shape.bounds
    plane = Proj(proj="aeqd", lon_0=(west + east) / 2, lat_0=(south + north) / 2, ellps="WGS84")
    flat = shapely.transform(stated, lambda lonlat: np.column_stack(plane(lonlat[:, 0], lonlat[:, 1])))
    # Lengths in the plane are right to a thousandth within 500 km of its middle: a little more is taken off.
    inner = shapely.buffer(flat, -1.001 * farthest(asked))
    back = shapely.transform(inner, lambda xy: np.column_stack(plane(xy[:, 0], xy[:, 1], inverse=True)))
    strip = shapely.difference(region.shape, back)
    return None if strip.is_empty else strip


def possible_cut(shape: BaseGeometry, asked: Reach, stock: Stock, border: BaseGeometry | None) -> coverage.Coverage:
    """Cut an area by what may cover it wherever it stands, what stands unrecorded over its border included."""
    cut = cut_by(shape, asked, coverage.choose(stock.supply.candidates, stock.may), grow=1)
    if border is None:
        return cut
    gap = coverage.surface(shapely.difference(cut.gap, border))
    gap_km2 = coverage.square_km(gap)
    return replace(
        cut, gap=gap, covered=coverage.surface(shapely.difference(shape, gap)), gap_km2=gap_km2,
        covered_km2=cut.area_km2 - gap_km2, share=min(1.0, max(0.0, 1 - gap_km2 / cut.area_km2)),
    )  # fmt: skip


def bounds_of(
    shape: BaseGeometry, asked: Reach, stock: Stock, cut: coverage.Coverage, border: BaseGeometry | None = None
) -> tuple[float, float, float]:
    """Bound the covered share, given that each facility may stand anywhere within its uncertainty.

    At least what every position covers: the circle less the uncertainty. At most what any position covers, and no more
    than the circles' own surface, for a facility stands in one place only; and, third, what any position covers.
    """
    candidates = stock.supply.candidates
    reach_in = reaching(shape, candidates, radii_of(asked, candidates, 1))
    if asked.network is not None:
        certain = cut_by(shape, asked, coverage.choose(candidates, stock.does & reach_in), grow=-1).share
    else:
        certain = _circled(shape, asked, coverage.choose(candidates, stock.does & reach_in), cut, grow=-1)
    some = coverage.choose(candidates, stock.may & reach_in)
    if asked.network is not None:
        anywhere = max(cut_by(shape, asked, some, grow=1).share, cut.share)
    else:
        anywhere = max(_circled(shape, asked, some, cut, grow=1), cut.share)
    possible = np.flatnonzero(stock.may & reach_in)
    highest = anywhere
    if candidates.uncertainty_m[possible].any() and not (len(candidates.shape) and candidates.shape[possible].any()):
        most = farthest(asked)
        highest = min(anywhere, sum(_surface_km2(stock.supply, row, most) for row in possible.tolist()) / cut.area_km2)
    if border is not None:
        open_ = coverage.square_km(shapely.intersection(possible_cut(shape, asked, stock, None).gap, border))
        anywhere = min(1.0, anywhere + open_ / cut.area_km2)
        highest = min(anywhere, highest + open_ / cut.area_km2)
    # The circles are drawn with corners: rounding must not put a bound on the wrong side of the figure it bounds.
    return min(certain, cut.share), max(highest, cut.share), anywhere


def _circled(
    shape: BaseGeometry, asked: Reach, candidates: coverage.Candidates, cut: coverage.Coverage, *, grow: int
) -> float:
    """Give the share of the area within straight-line reach."""
    laid = coverage.lay_out(candidates)
    radii = radii_of(asked, candidates, grow)
    around, grounds = radii[laid.owner] > 0, laid.surfaces[radii[laid.surface_owner] > 0]
    if not around.any() and not len(grounds):
        return 0.0
    union = coverage.joined_circles(laid.lonlat[around], radii[laid.owner][around])
    union = shapely.union_all([union, *grounds]) if len(grounds) else union
    return min(1.0, coverage.square_km(shapely.intersection(shape, union)) / cut.area_km2)


def _surface_km2(supply: Supply, row: int, metres: float) -> float:
    """Most land that one record can cover: so many circles, or a strip along a trail; unbounded for "at least"."""
    if supply.at_least[row]:
        return math.inf
    disc, count = math.pi * (metres / 1000) ** 2, float(supply.count[row])
    if supply.unit[row] == _KM:
        return disc + 2 * metres / 1000 * count
    return disc * max(1.0, count)


def reaching(shape: BaseGeometry, candidates: coverage.Candidates, radii: Floats) -> Flags:
    """Tell which facilities reach into an area, by the circle of each; one of radius 0 or less reaches nothing."""
    laid = coverage.lay_out(candidates)
    flags = np.zeros(len(candidates.lonlat), dtype=np.bool_)
    far = radii[laid.owner]
    near = np.flatnonzero((far > 0) & coverage.may_reach(shape, laid.lonlat, far))
    shapely.prepare(shape)
    inside = shapely.intersects_xy(shape, laid.lonlat[near, 0], laid.lonlat[near, 1])
    beyond = near[~inside]
    touching = beyond[shapely.intersects(coverage.circles(laid.lonlat[beyond], far[beyond]), shape)]
    flags[laid.owner[near[inside]]] = flags[laid.owner[touching]] = True
    # An area wholly inside a park lies far from its edge.
    flags[laid.surface_owner[shapely.intersects(laid.surfaces, shape)]] = True
    return flags


def near(asked: Reach, region: Region, stock: Stock) -> Supply:
    """Give what stands by the horizon and may reach into the region."""
    every = stock.supply.candidates
    return choose(stock.supply, stock.does & reaching(region.shape, every, radii_of(asked, every, 1)))


def count_reaching(asked: Reach, region: Region, candidates: coverage.Candidates) -> int:
    """Count the facilities with a place of their own that reach into a region in a straight line."""
    located = coverage.choose(candidates, coverage.placed(candidates))
    return int(reaching(region.shape, located, radii_of(asked, located, 0)).sum())


def count_circles(ground: Ground, asked: Reach, region: Region, *, by_year: bool) -> int:
    """Count the circles that an answer about land would draw: as located, at least and at most, for each horizon.

    What stands changes only with a year that a facility in reach is promised by; what exists, and everything
    promised, are two more.
    """
    candidates = stand(ground, asked, None).supply.candidates
    in_reach = reaching(region.shape, candidates, radii_of(asked, candidates, 1))
    horizons = 1 + (len(np.unique(candidates.year[in_reach])) + 2 if by_year else 0)
    return 3 * horizons * int(in_reach.sum())


def measured_from(ground: Ground, asked: Reach, region: Region, supply: Supply) -> answers.MeasuredFrom | None:
    """Count the facilities measured from their edge or line and from a point, of kinds that are entered anywhere.

    None for other kinds; of these, only what may reach into the region counts.
    """
    if not set(asked.categories) & ground.edges:
        return None
    every = supply.candidates
    here = coverage.choose(every, reaching(region.shape, every, radii_of(asked, every, 1)))
    edge = int((~shapely.is_missing(here.shape)).sum()) if len(here.shape) else 0
    return {"edge": edge, "point": len(here.lonlat) - edge}
