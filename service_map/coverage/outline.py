"""The outline of reached ground: tips of rays in their order, joined to rings and these to polygons.

A ray ends where nothing is left of the walk, or where another way is as near; there the ray straight out from that way
meets it. Its tip is put into both fans, so that the outline goes over from one to the other at a corner of both.
"""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from service_map.coverage._given import Floats, Whole
from service_map.coverage.fans import Fans, lay_out
from service_map.coverage.inland import inland, near
from service_map.coverage.rays import Flags, Pieces, Rays, changes, joined, spread

# Where the outline bends off the line between two tips by so much, a ray is put in between.
_BEND_M = 0.4
_HALVINGS = 12
_ROUNDS = 3
_HERE_M = 1e-3
_LEAST_M2 = 0.01
_STRAIGHT_M = 0.02


@dataclass(frozen=True, slots=True)
class _Line:
    """Rays, their tips, and whether each is there because it meets another."""

    rays: Rays
    tip: Floats
    meets: Flags

    def take(self, rows: Whole | Flags | slice) -> "_Line":
        return _Line(self.rays.take(rows), self.tip[rows], self.meets[rows])


def _both(*some: _Line) -> _Line:
    return _Line(
        joined(*(line.rays for line in some)),
        np.concatenate([line.tip for line in some]),
        np.concatenate([line.meets for line in some]),
    )


def reached(pieces: Pieces, limit: float) -> BaseGeometry:
    """Draw the ground whose people reach a facility.

    Parameters
    ----------
    pieces
        All ways that somebody in the ground might step onto; some are reached.
    limit
        Metres beyond which nobody steps onto a way.

    Returns
    -------
    BaseGeometry
        Polygons in the plane of the pieces.
    """
    edge = (pieces.left.max(axis=1) > 0) & ~inland(pieces, limit)
    kept = near(pieces, edge, 2 * limit)
    fans, rays = lay_out(pieces.take(kept), edge[kept], limit)
    line = _followed(fans, _line(fans, rays))
    spot, run = _runs(line)
    if not len(run):
        return shapely.Polygon()
    opens = np.flatnonzero(changes(run))
    closes = np.append(opens[1:], len(run)) - 1
    order, ring = _cycles(_onward(spot[closes], spot[opens]))
    of, step = spread((closes - opens + 1)[order])
    return _nested(*_rings(spot[opens[order][of] + step], ring[of]))


def _line(fans: Fans, rays: Rays) -> _Line:
    return _Line(rays, fans.tips(rays), np.zeros(len(rays.fan), dtype=np.bool_))


def _followed(fans: Fans, known: _Line) -> _Line:
    """Put rays in wherever the outline needs them, going over from fan to fan as it does."""
    open_ = np.zeros(fans.sides + len(fans.turns.corner), dtype=np.bool_)
    open_[known.rays.fan[~known.rays.shared]] = True
    ends = np.zeros(len(fans.pieces.length), dtype=np.bool_)
    strip = known.rays.fan[~known.rays.shared & (known.rays.fan < fans.sides)] // 2
    ends[fans.strips.piece[strip]] = True
    line, fresh = _sorted(fans, known.take(open_[known.rays.fan])), None
    for _ in range(_ROUNDS):
        line = _sorted(fans, line, *_between(fans, line, fresh, ends))
        met = _meeting(fans, line)
        if not len(met.tip):
            break
        entered = np.zeros(len(open_), dtype=np.bool_)
        entered[met.rays.fan] = True
        entered &= ~open_
        open_ |= entered
        line, fresh = _sorted(fans, line, known.take(entered[known.rays.fan]), met), np.unique(_key(met.tip))
    return line


def _sorted(fans: Fans, *some: _Line) -> _Line:
    """Put rays in the order in which their tips are passed with the ground on the left hand."""
    line = _both(*some)
    fan, place = line.rays.fan, line.rays.place
    # The left side of a way is passed against its direction. No place is beyond a whole turn.
    onward = np.where((fan < fans.sides) & (fan % 2 == 0), 1 - place, place)
    return line.take(np.argsort(8.0 * fan + onward, kind="stable"))


def _between(fans: Fans, line: _Line, fresh: NDArray[np.complex128] | None, ends: Flags) -> list[_Line]:
    """Put rays between those, next to given tips if any, that no straight outline joins.

    `ends` flags the pieces beside which reached ground ends: where two grounds touch, their line is drawn no finer
    but near these.
    """
    one, other = line.take(slice(None, -1)), line.take(slice(1, None))
    every = []
    for number in range(_HALVINGS):
        bent = _bent(one.rays, other.rays, ends, one.rays.fan >= fans.sides)
        if number == 0:
            # Where the outline enters a fan from another it goes on.
            bent |= one.meets | other.meets
            near = np.ones(len(line.tip), dtype=np.bool_) if fresh is None else np.isin(_key(line.tip), fresh)
            bent &= near[:-1] | near[1:]
        bent &= (one.rays.fan == other.rays.fan) & (np.abs(one.tip - other.tip).max(axis=1) > 2 * _BEND_M)
        rows = np.flatnonzero(bent)
        if not len(rows):
            break
        one, other = one.take(rows), other.take(rows)
        turns, place = _turning(one.rays, other.rays, halve=number % 2 == 1)
        rays, tip = fans.sent(one.rays.fan, place)
        kept = turns | (_aside(tip, one.tip, other.tip) > _BEND_M)
        kept |= ~rays.shared & one.rays.shared & other.rays.shared
        rows = np.flatnonzero(kept)
        middle = _Line(rays.take(rows), tip[rows], np.zeros(len(rows), dtype=np.bool_))
        one, other = one.take(rows), other.take(rows)
        every.append(middle)
        one, other = _both(one, middle), _both(middle, other)
    return every


def _bent(one: Rays, other: Rays, ends: Flags, arcs: Flags) -> Flags:
    """Flag the intervals whose line may not be straight."""
    bent: Flags = ~(one.shared & other.shared) | ((one.other != other.other) & (ends[one.other] | ends[other.other]))
    # As far as the walk alone allows both, the line is straight but for arcs: a dip that rays miss is shallower than
    # a metre.
    straight = (one.metres > one.width) & (other.metres > other.width) & ~arcs
    bent[straight] = False
    return bent


def _turning(one: Rays, other: Rays, *, halve: bool) -> tuple[Flags, Floats]:
    """Flag the intervals in which the outline leaves or enters the fan, not yet found; tell where to look in each."""
    leaves = one.shared & ~other.shared
    inner = np.where(leaves, one.spare, other.spare)
    turns = (leaves | (other.shared & ~one.shared)) & (inner > _BEND_M)
    # What is to spare runs straight between two rays that end at one piece; a little of it is aimed at.
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip((one.spare - _BEND_M / 2) / (one.spare - other.spare), 0.02, 0.98)
    share = np.where(turns & np.isfinite(share) & (not halve), share, 0.5)
    return turns, one.place + share * (other.place - one.place)


def _aside(point: Floats, start: Floats, end: Floats) -> Floats:
    """Metres from points to the straight lines between two others."""
    step, to = end - start, point - start
    share = np.clip(np.einsum("nx,nx->n", step, to) / np.einsum("nx,nx->n", step, step), 0.0, 1.0)
    aside: Floats = np.hypot(*(to - share[:, None] * step).T)
    return aside


def _meeting(fans: Fans, line: _Line) -> _Line:
    """Give the rays that meet those at which the outline leaves a fan, and are not there yet."""
    fan, free = line.rays.fan, ~line.rays.shared
    beside = np.zeros(len(fan), dtype=np.bool_)
    beside[:-1] = free[1:] & (fan[1:] == fan[:-1])
    beside[1:] |= free[:-1] & (fan[1:] == fan[:-1])
    leaving = np.flatnonzero(beside & ~free & ~line.meets & (line.rays.metres > _HERE_M))
    leaving = leaving[~np.isin(_key(line.tip[leaving]), _key(line.tip[line.meets]))]
    some = line.take(leaving)
    row, fan, place = fans.meeting(some.rays, some.tip)
    from_ = some.rays.fan[row]
    own = np.where(
        from_ < fans.sides,
        fans.strips.piece[np.minimum(from_, fans.sides - 1) // 2],
        fans.turns.beside[np.maximum(from_ - fans.sides, 0), 0] if len(fans.turns.corner) else -1,
    )
    rays = replace(some.rays.take(row), fan=fan, place=place, other=own)
    return _Line(rays, some.tip[row], np.ones(len(row), dtype=np.bool_))


def _key(tip: Floats) -> NDArray[np.complex128]:
    return np.ascontiguousarray(tip).view(np.complex128).ravel()


def _runs(line: _Line) -> tuple[Floats, Whole]:
    """Give the corners of the parts of the outline within one fan each, and which part each corner belongs to."""
    fan, free = line.rays.fan, ~line.rays.shared
    drawn = np.zeros(len(fan), dtype=np.bool_)
    drawn[1:] = (fan[1:] == fan[:-1]) & (free[1:] | free[:-1])
    rows = np.flatnonzero(drawn | np.append(drawn[1:], False))
    run: Whole = np.cumsum(~drawn[rows])
    spot = line.tip[rows]
    fresh = changes(run, *spot.T)
    run, spot = run[fresh], spot[fresh]
    kept = np.bincount(run)[run] > 1
    return spot[kept], run[kept]


def _onward(end: Floats, start: Floats) -> Whole:
    """Tell which run follows each: the one that starts where it ends, else the nearest start that is left."""
    count = len(end)
    onward = np.full(count, -1)
    every = np.concatenate((end, start))
    _, place = np.unique(every.view(np.complex128).ravel(), return_inverse=True)
    ends, starts = np.argsort(place[:count], kind="stable"), np.argsort(place[count:], kind="stable")
    of_ends, of_starts = _numbered(place[:count][ends]), _numbered(place[count:][starts])
    _, one, other = np.intersect1d(of_ends, of_starts, assume_unique=True, return_indices=True)
    onward[ends[one]] = starts[other]
    loose = np.flatnonzero(onward < 0)
    spare = np.setdiff1d(np.arange(count), onward)
    while len(loose):
        _, found = cKDTree(start[spare]).query(end[loose])
        _, back = cKDTree(end[loose]).query(start[spare])
        mutual = np.flatnonzero(back[found] == np.arange(len(loose)))
        onward[loose[mutual]] = spare[found[mutual]]
        loose, spare = np.delete(loose, mutual), np.delete(spare, found[mutual])
    return onward


def _numbered(place: Whole) -> Whole:
    """Make sorted numbers that repeat distinct, alike for the same repetition of the same number."""
    opens = np.flatnonzero(changes(place))
    repeated = np.arange(len(place)) - np.repeat(opens, np.diff(np.append(opens, len(place))))
    return place * (int(repeated.max(initial=0)) + 1_000) + repeated


def _cycles(onward: Whole) -> tuple[Whole, Whole]:
    """Give the runs in the order in which they follow each other, and the number of the ring of each."""
    follows, seen = onward.tolist(), [False] * len(onward)
    order: list[int] = []
    ring: list[int] = []
    for first in range(len(follows)):
        at = first
        while not seen[at]:
            seen[at] = True
            order.append(at)
            ring.append(first)
            at = follows[at]
    return np.array(order), np.array(ring)


def _rings(spot: Floats, ring: Whole) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Make rings, of corners that are not in a straight line: those about ground, and those about gaps."""
    fresh = changes(ring, *spot.T)
    spot, ring = spot[fresh], ring[fresh]
    opens = np.flatnonzero(changes(ring))
    closes = np.append(opens[1:], len(ring)) - 1
    same = (spot[opens] == spot[closes]).all(axis=1)
    spot, ring = np.delete(spot, closes[same], axis=0), np.delete(ring, closes[same])
    size = np.bincount(ring)
    kept = size[ring] > 2
    _, number = np.unique(ring[kept], return_inverse=True)
    spot = spot[kept]
    rings = shapely.linearrings(spot, indices=number)
    # By the shoelace: a ring that touches itself has no side that could be told from one of its corners.
    opens = np.flatnonzero(changes(number))
    onward = np.arange(1, len(spot) + 1)
    onward[np.append(opens[1:], len(spot)) - 1] = opens
    x, y = (spot - spot[opens[number]]).T
    area = np.add.reduceat(x * y[onward] - x[onward] * y, opens) / 2
    rings = shapely.simplify(rings, _STRAIGHT_M, preserve_topology=False)
    # What is no wider than that is no ring any more.
    kept = (np.abs(area) > _LEAST_M2) & (shapely.get_type_id(rings) == shapely.GeometryType.LINEARRING)
    return shapely.polygons(rings[kept & (area > 0)]), shapely.polygons(rings[kept & (area < 0)])


def _nested(shells: NDArray[np.object_], holes: NDArray[np.object_]) -> BaseGeometry:
    """Cut each hole out of the smallest shell that it lies in."""
    hole, shell = shapely.STRtree(shells).query(shapely.point_on_surface(holes), predicate="within")
    order = np.lexsort((shapely.area(shells)[shell], hole))
    order = order[changes(hole[order])]
    hole, shell = hole[order], shell[order]
    inner = shapely.get_exterior_ring(holes[hole[np.argsort(shell, kind="stable")]])
    cut = np.split(inner, np.cumsum(np.bincount(shell, minlength=len(shells)))[:-1])
    rings = shapely.get_exterior_ring(shells)
    parts = np.array([shapely.polygons(ring, some) for ring, some in zip(rings, cut, strict=True)])
    # Where an outline crosses itself by a rounding, what it goes around once is kept.
    crossed = np.flatnonzero(~shapely.is_valid(parts))
    parts[crossed] = shapely.make_valid(parts[crossed])
    parts = shapely.get_parts(shapely.get_parts(parts))
    parts = parts[shapely.get_dimensions(parts) == 2]
    ground = shapely.multipolygons(parts)
    return ground if shapely.is_valid(ground) else shapely.disjoint_subset_union_all(parts)
