"""Rays from ways: how far it is straight out from a way until another way is as near.

From a point of a way a ray goes out at right angles to it. A circle that touches the way at that point and grows, its
middle moving along the ray, is empty of ways until it touches another: up to there whoever lives on the ray steps onto
the way at that very point, and beyond nobody does. A circle through the origin with its middle on the unit normal n
touches a point q at the radius q² / 2 (q · n), and a line m · q = c, c ≥ 0, at c / (1 + m · n).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from service_map.coverage._given import Floats, Whole

Flags = NDArray[np.bool_]

STRAIGHT = 1e-3
"""Two pieces that go on straight but for this, in radians, do not bound each other: 100 m out it is 10 cm."""

PLACES = np.linspace(0.0, 1.0, 7)
"""Shares of a piece from which rays go out at first."""

_HERE_M = 1e-6
_EDGE = 1e-9
_SPOT = 1e-9
# So many pieces, or rays, at a time stay in the processor's cache.
_PIECES_AT_ONCE = 512
_RAYS_AT_ONCE = 8_192
# Most circles stay this small, as a share of the limit: other ways are looked for farther away only where one does not.
_NARROW = 0.65


@dataclass(frozen=True)
class Pieces:
    """Ways in a plane, between corners.

    Attributes
    ----------
    start, end
        Metres east and north, shape (p, 2).
    corner
        Numbers of the corners at either end, shape (p, 2).
    left
        What is left of the walk at either end, shape (p, 2).
    cost
        Metres that the piece costs forth and back, shape (p, 2); ``inf`` where it is not walked so.
    """

    start: Floats
    end: Floats
    corner: Whole
    left: Floats
    cost: Floats

    @cached_property
    def length(self) -> Floats:
        """Metres from end to end, shape (p,)."""
        length: Floats = np.hypot(*(self.end - self.start).T)
        return length

    @cached_property
    def along(self) -> Floats:
        """Direction from start to end, shape (p, 2)."""
        along: Floats = (self.end - self.start) / self.length[:, None]
        return along

    @cached_property
    def tree(self) -> shapely.STRtree:
        """The boxes about the pieces."""
        low, high = np.minimum(self.start, self.end), np.maximum(self.start, self.end)
        return shapely.STRtree(shapely.box(*low.T, *high.T))

    def take(self, rows: Whole | Flags) -> "Pieces":
        """Give some of the pieces."""
        return Pieces(self.start[rows], self.end[rows], self.corner[rows], self.left[rows], self.cost[rows])

    def left_at(self, piece: Whole, share: Floats) -> Floats:
        """Tell what is left at a share of each piece; at its very ends is the corner, whichever way it leads."""
        (start, end), (forth, back) = self.left[piece].T, self.cost[piece].T
        with np.errstate(invalid="ignore"):
            backward = start - np.where(share > 0, share * back, 0.0)
            onward = end - np.where(share < 1, (1 - share) * forth, 0.0)
        left: Floats = np.fmax(backward, onward)
        return left


@dataclass(frozen=True, slots=True)
class Rays:
    """Rays that went out.

    Attributes
    ----------
    fan, place
        Which fan each belongs to and where in it, shape (r,): the share of a piece, or radians of a turn.
    metres
        How far it is until another way is as near, ``inf`` where none is before the walk ends.
    other, share
        The piece that then is, and the share along it; -1 where none is.
    width
        Metres that the walk allows, the limit at most; below 0 where the origin itself is not reached.
    spare
        Metres that whoever stands where it ends has to spare there, whichever of the two ways is walked; below 0 where
        it ends at nobody's ground, or at its own.
    """

    fan: Whole
    place: Floats
    metres: Floats
    other: Whole
    share: Floats
    width: Floats
    spare: Floats

    @property
    def shared(self) -> Flags:
        """Flags of rays beyond whose end another way's ground begins."""
        return self.spare >= 0

    def take(self, rows: Whole | Flags | slice) -> "Rays":
        """Give some of the rays."""
        return Rays(*(getattr(self, name)[rows] for name in self.__slots__))


def joined(*some: Rays) -> Rays:
    """Put rays together."""
    return Rays(*(np.concatenate([getattr(rays, name) for rays in some]) for name in Rays.__slots__))


@dataclass(frozen=True, slots=True)
class Near:
    """Pieces that rays might end at, by the side or corner that the rays go out from.

    Attributes
    ----------
    first, count
        Rows of `piece` for each side or corner, shape (s,).
    piece
        Rows of the pieces, shape (e,).
    """

    first: Whole
    count: Whole
    piece: Whole

    @classmethod
    def of(cls, side: Whole, piece: Whole, sides: int) -> "Near":
        """Gather pieces by side; the sides ascend."""
        count = np.bincount(side, minlength=sides)
        return cls(np.cumsum(count) - count, count, piece)


def spread(count: Whole) -> tuple[Whole, Whole]:
    """Give the rows 0 … count - 1 of each group one after the other: the group of each, and the row in it."""
    group = np.repeat(np.arange(len(count)), count)
    return group, np.arange(len(group)) - np.repeat(np.cumsum(count) - count, count)


def changes(*columns: NDArray[np.generic]) -> Flags:
    """Flag the rows at which any of the columns is not what it was the row before, the first among them."""
    fresh = np.ones(len(columns[0]), dtype=np.bool_)
    fresh[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return fresh


def _judged(pieces: Pieces, found: tuple[Whole, Floats, Floats, Whole, Floats], width: Floats) -> Rays:
    fan, place, metres, other, share = found
    spare = np.minimum(width, pieces.left_at(other, share)) - metres
    return Rays(fan, place, metres, np.where(metres <= width, other, -1), share, width, spare)


# --- from every piece, at the same places -----------------------------------------------------------------------------


def survey(pieces: Pieces, rows: Whole, limit: float) -> tuple[Whole, Near, Rays]:
    """Send rays out from both sides of pieces, at `PLACES`.

    Parameters
    ----------
    pieces
        All.
    rows
        Those that are reached.
    limit
        Metres beyond which nobody steps onto a way.

    Returns
    -------
    piece : ndarray of int64, shape (k,)
        The rows, in another order.
    near : Near
        What the rays of both sides of these might end at, left before right.
    rays : Rays
        `Rays.fan` is the row of the side.
    """
    parts, known = [], 0
    for first in range(0, len(rows), _PIECES_AT_ONCE):
        for part in _looked(pieces, rows[first : first + _PIECES_AT_ONCE], limit):
            side, fan = part.side + 2 * known, part.rays.fan + 2 * known
            parts.append(replace(part, side=side, rays=replace(part.rays, fan=fan)))
            known += len(part.piece)
    piece, side, other = (np.concatenate([getattr(part, of) for part in parts]) for of in ("piece", "side", "other"))
    return piece, Near.of(side, other, 2 * known), joined(*(part.rays for part in parts))


@dataclass(frozen=True, slots=True)
class _Looked:
    """Pieces, what is beside them (the side of each, ascending, and the other piece), and the rays of their sides."""

    piece: Whole
    side: Whole
    other: Whole
    rays: Rays

    def some(self, kept: Flags) -> "_Looked":
        """Give some of the pieces, and their sides."""
        number = np.cumsum(kept) - 1
        beside, own = kept[self.side // 2], kept[self.rays.fan // 2]
        side, rays = self.side[beside], self.rays.take(own)
        fan = 2 * number[rays.fan // 2] + rays.fan % 2
        return _Looked(
            self.piece[kept], 2 * number[side // 2] + side % 2, self.other[beside], replace(rays, fan=fan)
        )  # fmt: skip


def _looked(pieces: Pieces, rows: Whole, limit: float) -> Iterator[_Looked]:
    """Send rays out from both sides of pieces: first those that end near by, then the others."""
    widest = np.clip(pieces.left[rows].max(axis=1), 0.0, limit)
    for share in (_NARROW, 1.0):
        radius = np.minimum(widest, share * limit)
        side, other, ends = _beside(pieces, rows, radius)
        look = _Looked(rows, side, other, _seen(pieces, rows, (side, other, ends), limit))
        far = np.zeros(len(rows), dtype=np.bool_)
        beyond = np.minimum(look.rays.metres, look.rays.width) > radius[look.rays.fan // 2] + _HERE_M
        far[look.rays.fan[beyond] // 2] = True
        yield look.some(~far)
        rows, widest = rows[far], widest[far]


def _beside(pieces: Pieces, rows: Whole, radius: Floats) -> tuple[Whole, Whole, Floats]:
    """Find what circles of a radius might touch on either side of pieces.

    Returns the side (2i is the left of the i-th piece, 2i + 1 its right), ascending, the other piece, and how far along
    and out from the side that starts and ends, shape (4, e).
    """
    origin, along = pieces.start[rows], pieces.along[rows]
    low, high = np.minimum(origin, pieces.end[rows]), np.maximum(origin, pieces.end[rows])
    reach = 2 * radius[:, None]
    one, other = pieces.tree.query(shapely.box(*(low - reach).T, *(high + reach).T))
    apart = rows[one] != other
    one, other = one[apart], other[apart]
    x, y = along[one].T
    ends = np.empty((4, len(one)))
    for number, of in enumerate((pieces.start, pieces.end)):
        east, north = (of[other] - origin[one]).T
        ends[2 * number] = east * x + north * y
        ends[2 * number + 1] = north * x - east * y
    wide, size = radius[one], pieces.length[rows][one]
    inside = (np.minimum(ends[0], ends[2]) <= size + wide) & (np.maximum(ends[0], ends[2]) >= -wide)
    least, most = np.minimum(ends[1], ends[3]), np.maximum(ends[1], ends[3])
    # What goes straight on from its end is beside a piece no more than what lies on its line.
    slack = np.where(np.abs(ends[1::2]).min(axis=0) < _HERE_M, STRAIGHT * pieces.length[other], _HERE_M)
    left = np.flatnonzero(inside & (most > slack) & (least <= 2 * wide))
    right = np.flatnonzero(inside & (least < -slack) & (most >= -2 * wide))
    side = np.concatenate((2 * one[left], 2 * one[right] + 1))
    order = np.argsort(side, kind="stable")
    row = np.concatenate((left, right))[order]
    side, ends = side[order], ends[:, row]
    ends[1::2] *= np.where(side % 2, -1.0, 1.0)
    return side, other[row], ends


def _seen(pieces: Pieces, rows: Whole, beside: tuple[Whole, Whole, Floats], limit: float) -> Rays:
    """Let circles grow at `PLACES` of both sides of pieces."""
    side, other, ends = beside
    sides, places = 2 * len(rows), len(PLACES)
    least, near, share = np.full((places, sides), np.inf), np.full((places, sides), -1), np.zeros((places, sides))
    if len(side):
        circles = _circles(ends, PLACES[:, None] * pieces.length[rows][side // 2])
        opens = changes(side)
        least[:, side[opens]] = np.minimum.reduceat(circles.radius, np.flatnonzero(opens), axis=1)
        row, entry = np.nonzero((circles.radius == least[:, side]) & np.isfinite(circles.radius))
        fresh = changes(row, side[entry])
        row, entry = row[fresh], entry[fresh]
        near[row, side[entry]] = other[entry]
        share[row, side[entry]] = circles.share(row, entry)
    fan: Whole = np.tile(np.arange(sides), places)
    place: Floats = np.repeat(PLACES, sides)
    width = np.minimum(limit, pieces.left_at(rows[fan // 2], place))
    metres: Floats = least.ravel()
    piece: Whole = near.ravel()
    return _judged(pieces, (fan, place, metres, piece, share.ravel()), width)


@dataclass(frozen=True, slots=True)
class _Circles:
    """Circles that grew upward from a straight way until they touched pieces, by place on the way and piece, (k, e).

    Attributes
    ----------
    radius
        Metres, ``inf`` where one never touches.
    by_line, along
        Radius at which it touches the piece between its ends, ``inf`` where it does not, and the share along it.
    later
        Flags of those that touch the end of the piece before its start.
    """

    radius: Floats
    by_line: Floats
    along: Floats
    later: Flags

    def share(self, row: Whole, entry: Whole) -> Floats:
        """Tell how far along pieces they are touched."""
        on_line = self.by_line[row, entry] == self.radius[row, entry]
        return np.where(on_line, self.along[row, entry], self.later[row, entry])


def _circles(ends: Floats, place: Floats) -> _Circles:
    """Let circles grow from places, metres along a way, shape (k, e) or less.

    `ends` says how far along and above the way the pieces start and end, shape (4, e).
    """
    ax, ay, bx, by = ends
    # A piece that leads upward from the way touches every circle there, be it a rounding off.
    ay, by = (np.where(np.abs(y) < _HERE_M, _SPOT, y) for y in (ay, by))
    dx, dy = bx - ax, by - ay
    length = np.hypot(dx, dy)
    dx, dy = dx / length, dy / length
    with np.errstate(divide="ignore", invalid="ignore"):
        radius, by_end = (
            ((x - place) ** 2 + y * y) * np.where(y > 0, 0.5 / y, np.inf) for x, y in ((ax, ay), (bx, by))
        )
        later = by_end < radius
        np.minimum(radius, by_end, out=radius)
        away = place * dy + (ay * dx - ax * dy)
        by_line = np.abs(away) * np.where(away < 0, 1 / (1 - dx), 1 / (1 + dx))
        along = by_line * (dy / length) + place * (dx / length) - (ax * dx + ay * dy) / length
        by_line[~((along > _EDGE) & (along < 1 - _EDGE))] = np.inf
        np.minimum(radius, by_line, out=radius)
    return _Circles(radius, by_line, along, later)


# --- from anywhere ----------------------------------------------------------------------------------------------------


def cast(
    pieces: Pieces, near: Near, fan: Whole, place: Floats, *, origin: Floats, normal: Floats, width: Floats
) -> Rays:
    """Send rays out from anywhere.

    Parameters
    ----------
    pieces
        All.
    near
        What the rays of each fan might end at.
    fan, place
        Which fan each ray belongs to and where in it, shape (r,).
    origin, normal
        Metres from where, and the direction, shape (r, 2).
    width
        Metres that the walk allows, shape (r,).

    Returns
    -------
    Rays
    """
    metres, other, share = np.full(len(fan), np.inf), np.full(len(fan), -1), np.zeros(len(fan))
    some = np.flatnonzero((near.count[fan] > 0) & (width > 0))
    for first in range(0, len(some), _RAYS_AT_ONCE):
        rows = some[first : first + _RAYS_AT_ONCE]
        metres[rows], other[rows], share[rows] = _touched(pieces, near, fan[rows], origin[rows], normal[rows])
    return _judged(pieces, (fan, place, metres, other, share), width)


def _touched(pieces: Pieces, near: Near, fan: Whole, origin: Floats, normal: Floats) -> tuple[Floats, Whole, Floats]:
    """Let circles grow from origins along normals; each has something near."""
    count = near.count[fan]
    ray, row = spread(count)
    found = near.piece[np.repeat(near.first[fan], count) + row]
    nx, ny = (part[ray] for part in normal.T)
    ends = np.empty((4, len(ray)))
    for number, of in enumerate((pieces.start, pieces.end)):
        east, north = (of[found] - origin[ray]).T
        ends[2 * number] = east * ny - north * nx
        ends[2 * number + 1] = east * nx + north * ny
    # What leads away downward, or level, from the origin is no bound.
    slack = np.where(np.abs(ends[1::2]).min(axis=0) < _HERE_M, STRAIGHT * pieces.length[found], _HERE_M)
    level = np.maximum(ends[1], ends[3]) <= slack
    circles = _circles(ends, np.zeros((1, 1)))
    radius = circles.radius[0]
    radius[level] = np.inf
    first = np.cumsum(count) - count
    least = np.minimum.reduceat(radius, first)
    hit = np.flatnonzero(radius == least[ray])
    hit = hit[changes(ray[hit])]
    return least, found[hit], circles.share(np.zeros(len(hit), dtype=np.int64), hit)
