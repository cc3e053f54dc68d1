"""The outline of reached ground beside ways.

Along a straight way, the radius at which a circle that stands on it touches a point (x, y) beside it is
((s - x)² + y²) / 2y, a parabola of where it stands, s. That at which it touches a line is a line; its slope is the
tangent of half the angle between the two.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from service_map.coverage._given import Floats, Whole
from service_map.coverage.isochrone.fans import BEND_M, HERE_M, LINE, OWN, POINT, TIE_M, Ends, Line, Ways, together
from service_map.coverage.isochrone.segments import Parts
from service_map.coverage.plane import Flags, Pieces, changes, spread, swapped

_LEAST_M = 1e-4
# What rises more steeply beside a way is beside it for a few centimetres.
_STEEPEST = 2_000.0
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Stretches:
    """Parts of a piece that are reached one after the other.

    Attributes
    ----------
    piece
        Rows of the pieces, shape (n,).
    begin, finish
        Metres from the start of the piece, shape (n,).
    first, count
        Rows of the parts, shape (n,).
    width
        The greatest of the parts, shape (n,).
    """

    piece: Whole
    begin: Floats
    finish: Floats
    first: Whole
    count: Whole
    width: Floats

    @classmethod
    def of(cls, parts: Parts) -> "Stretches":
        """Find those of parts."""
        rows = np.flatnonzero(parts.reached)
        fresh = changes(parts.piece[rows], rows - np.arange(len(rows)))
        opens = np.flatnonzero(fresh)
        count = np.diff(np.append(opens, len(rows)))
        first = rows[opens]
        width = np.maximum.reduceat(np.maximum(*parts.width.T)[rows], opens) if len(rows) else np.empty(0)
        return cls(parts.piece[first], parts.low[first], parts.high[first + count - 1], first, count, width)

    def take(self, rows: Whole | Flags | slice) -> "Stretches":
        """Give some of them."""
        return Stretches(*(getattr(self, name)[rows] for name in self.__slots__))


def beside(pieces: Pieces, ways: Ways, mine: Stretches, sides: Flags, most: float) -> tuple[Line, Flags]:
    """Follow the outline beside stretches of ways.

    Parameters
    ----------
    pieces
        All.
    ways
        Their parts and corners.
    mine
        The stretches.
    sides
        Flags of their left sides and right sides that are asked about, shape (n, 2).
    most
        Circles are followed until they are so large.

    Returns
    -------
    line : Line
    far : ndarray of bool, shape (n, 2)
        Flags of sides of which nothing is told, for a circle is larger.
    """
    row, side = np.nonzero(sides)
    fan = np.full(sides.shape, -1)
    fan[row, side] = np.arange(len(row))
    begin, finish, widest = mine.begin[row], mine.finish[row], np.minimum(mine.width, most)
    others = _others(pieces, ways, mine, fan, widest)
    ends = together(*_own(ways.parts, mine, fan), *others).lowest(begin, finish, _LEAST_M)
    far = np.zeros(sides.shape, dtype=np.bool_)
    beyond = ends.fan[np.maximum(ends.at(ends.low), ends.at(ends.high)) > most + 2 * TIE_M]
    far[row[beyond], side[beyond]] = True
    ends = ends.take(np.flatnonzero(~far[row[ends.fan], side[ends.fan]]))
    return _drawn(pieces, mine.piece[row], side, ends.outside(*_shared(ends))), far


def _own(parts: Parts, mine: Stretches, fan: Whole) -> Iterator[Ends]:
    """Give the functions that the walk ends rays by, of left sides and of right sides."""
    of, step = spread(mine.count)
    part = mine.first[of] + step
    low, high, none = parts.low[part], parts.high[part], np.zeros(len(part))
    slope = (parts.width[part, 1] - parts.width[part, 0]) / (high - low)
    curve = np.stack((none, slope, parts.width[part, 0] - slope * low + TIE_M, low, high))
    for number in fan[of].T:
        asked = np.flatnonzero(number >= 0)
        yield Ends.of(OWN, number[asked], curve[:, asked], np.zeros((2, len(asked))))


def _others(pieces: Pieces, ways: Ways, mine: Stretches, fan: Whole, widest: Floats) -> list[Ends]:
    """Find what circles may touch beside stretches."""
    origin, along = pieces.start[mine.piece], pieces.along[mine.piece]
    normal = np.column_stack((-along[:, 1], along[:, 0]))
    reach = widest[:, None]
    foot, top = (origin + at[:, None] * along for at in (mine.begin - widest, mine.finish + widest))
    up, down = (2 * reach * normal * sign * (fan[:, at] >= 0)[:, None] for at, sign in ((0, 1), (1, -1)))
    box = np.stack((foot + up, foot + down, top + up, top + down))
    (one, part), (two, corner) = ways.within(box.min(axis=0), box.max(axis=0))

    x, y = along.take(one, axis=0).T
    east, north = origin.take(one, axis=0).T
    spots = []
    for spot in (ways.parts.start.take(part, axis=0), ways.parts.end.take(part, axis=0)):
        dx, dy = spot[:, 0] - east, spot[:, 1] - north
        spots += [dx * x + dy * y, dy * x - dx * y]
    ax, ay, bx, by = spots
    begin, finish = mine.begin, mine.finish
    level = np.maximum(np.maximum(begin.take(one) - np.maximum(ax, bx), np.minimum(ax, bx) - finish.take(one)), 0.0)
    squared, wide = level * level, 2 * widest.take(one)
    found: list[Ends] = []
    for number, sign in zip(fan.T, (1.0, -1.0), strict=True):
        low, high = np.minimum(sign * ay, sign * by), np.maximum(sign * ay, sign * by)
        # No circle touches anything of this with a smaller radius than one that stands where it is nearest.
        height = np.clip(level, low, high)
        some = (squared + height * height <= height * wide) & (high > HERE_M) & (number >= 0).take(one)
        kept = np.flatnonzero(some)
        at = one.take(kept)
        lines = _Lines(
            fan=number.take(at), ax=ax.take(kept), ay=sign * ay.take(kept), bx=bx.take(kept), by=sign * by.take(kept),
            width=ways.parts.width.take(part.take(kept), axis=0),
            begin=begin.take(at), finish=finish.take(at), widest=widest.take(at),
        )  # fmt: skip
        found += _lines(lines)

    spot = ways.corners.spot[corner] - origin[two]
    x, y = along[two].T
    x, y = spot[:, 0] * x + spot[:, 1] * y, spot[:, 1] * x - spot[:, 0] * y
    number = fan[two, (y < 0).astype(np.int64)]
    away = np.clip(x, begin[two], finish[two]) - x
    y, low = np.abs(y), away * away
    kept = np.flatnonzero((y > HERE_M) & (number >= 0) & (low + y * y <= 2 * y * (widest[two] + TIE_M)))
    x, y, none = x[kept], y[kept], np.zeros(len(kept))
    curve = np.stack((0.5 / y, -x / y, (x * x / y + y) / 2, none - np.inf, none + np.inf))
    return [*found, Ends.of(POINT, number[kept], curve, np.stack((ways.corners.width[corner[kept]], none)))]


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines from (ax, ay) to (bx, by) beside stretches, by fan, and the stretches' ends and widths; shape (n,) each.

    The width of the lines, at either end, has the shape (n, 2).
    """

    fan: Whole
    ax: Floats
    ay: Floats
    bx: Floats
    by: Floats
    width: Floats
    begin: Floats
    finish: Floats
    widest: Floats


def _lines(of: _Lines) -> Iterator[Ends]:
    """Give the functions that lines end rays by, as far as they are above the way and low enough."""
    turned = (of.by < of.ay) | ((of.by == of.ay) & (of.bx < of.ax))
    ax, bx, ay, by, wa, wb = swapped(turned, of.ax, of.bx, of.ay, of.by, *of.width.T)
    dx, dy = bx - ax, by - ay
    length = np.sqrt(dx * dx + dy * dy)
    below = np.minimum(np.maximum(-ay, 0.0) * length / np.maximum(dy, _TINY), length)
    share = below / length
    ax, ay, wa, length = ax + share * dx, np.maximum(ay, 0.0), wa + share * (wb - wa), length - below
    gain = (wb - wa) / np.maximum(length, HERE_M)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # The tangent of half the angle between the line and the way, either way.
        half = dy / (np.sqrt(dx * dx + dy * dy) + np.abs(dx))
        rise, fall = swapped(dx < 0, half, 1 / half)
        for slope, sign in ((rise, 1.0), (fall, -1.0)):
            # A circle touches the line as far along as it stands from where it touches the line's end.
            at, least = ax + sign * slope * ay, ay * (1 + slope * slope) / 2
            far = at + sign * length
            low, high = (at, far) if sign > 0 else (far, at)
            first, last = np.maximum(low, of.begin), np.minimum(high, of.finish)
            nearest = (first - at) if sign > 0 else (at - last)
            some = (
                (least + slope * nearest <= of.widest + TIE_M)
                & (first < last)
                & (slope < _STEEPEST)
                & (length > HERE_M)
            )
            kept = np.flatnonzero(some)
            at, k = at.take(kept), sign * slope.take(kept)
            more = sign * gain.take(kept)
            curve = np.stack((0 * k, k, least.take(kept) - k * at, low.take(kept), high.take(kept)))
            yield Ends.of(LINE, of.fan.take(kept), curve, np.stack((wa.take(kept) - more * at, more)))


def _shared(ends: Ends) -> tuple[Floats, Floats]:
    """Tell from where to where those live beyond who reach a facility by the other way, nan where nobody does."""
    (a, b, c), (width, gain) = ends.curve[:3], ends.theirs
    b, c = b - gain, c - width - TIE_M
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(b * b - 4 * a * c)
        straight = np.where(c <= 0, np.inf, np.nan)
        first = np.where(a > 0, (-b - root) / (2 * a), np.where(b < 0, -c / b, np.where(b > 0, -np.inf, -straight)))
        last = np.where(a > 0, (-b + root) / (2 * a), np.where(b > 0, -c / b, np.where(b < 0, np.inf, straight)))
    return np.where(ends.kind == OWN, np.nan, first), last


def _drawn(pieces: Pieces, piece: Whole, side: Whole, ends: Ends) -> Line:
    """Draw what is left."""
    # The left side of a way is passed against its direction.
    onward = side[ends.fan] == 1
    order = np.lexsort((np.where(onward, ends.low, -ends.low), ends.fan))
    ends, onward = ends.take(order), onward[order]
    one, other = swapped(~onward, ends.low, ends.high)
    count = np.ceil((ends.high - ends.low) * np.sqrt(ends.curve[0] / (4 * BEND_M)))
    count = np.where(ends.kind == POINT, np.maximum(count, 1), 1).astype(np.int64)
    of, step = spread(count + 1)
    share = step / count[of]
    place = np.where(share == 1, other[of], one[of] + share * (other - one)[of])
    run, ends = ends.runs(one, other)[of], ends.take(of)
    height = ends.at(place) - np.where(ends.kind == OWN, TIE_M, 0.0)
    along, out = pieces.along[piece[ends.fan]], np.where(onward[of], -height, height)
    spot = place[:, None] * along + out[:, None] * np.column_stack((-along[:, 1], along[:, 0]))
    return Line.of(pieces.start[piece[ends.fan]] + spot, run)
