"""The outline of reached ground beside ways.

Along a straight way, the radius at which a circle that stands on it touches a point (x, y) beside it is
((s - x)² + y²) / 2y, a parabola of where it stands, s. That at which it touches a line is a line; its slope is the
tangent of half the angle between the two.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from service_map.coverage._given import Floats, Whole
from service_map.coverage.fans import BEND_M, HERE_M, LINE, OWN, POINT, TIE_M, Ends, Line, Ways, together
from service_map.coverage.parts import Parts
from service_map.coverage.plane import Flags, Pieces, changes, spread, swapped

_LEAST_M = 1e-4
# What rises more steeply beside a way is beside it for a few centimetres.
_STEEPEST = 2_000.0


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
        width = np.maximum.reduceat(parts.width.max(axis=1)[rows], opens) if len(rows) else np.empty(0)
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
    others = [_pruned(ends, begin, finish, widest[row]) for ends in _others(pieces, ways, mine, fan, widest)]
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


def _others(pieces: Pieces, ways: Ways, mine: Stretches, fan: Whole, widest: Floats) -> tuple[Ends, Ends]:
    """Find what circles may touch beside stretches."""
    origin, along = pieces.start[mine.piece], pieces.along[mine.piece]
    normal = np.column_stack((-along[:, 1], along[:, 0]))
    reach = widest[:, None]
    foot, top = (origin + at[:, None] * along for at in (mine.begin - widest, mine.finish + widest))
    up, down = (2 * reach * normal * sign * (fan[:, at] >= 0)[:, None] for at, sign in ((0, 1), (1, -1)))
    box = np.stack((foot + up, foot + down, top + up, top + down))
    (one, part), (two, corner) = ways.within(box.min(axis=0), box.max(axis=0))

    apart = ways.parts.piece[part] != mine.piece[one]
    one, part = one[apart], part[apart]
    x, y = along[one].T
    east, north = origin[one].T
    ax, ay, bx, by = (
        value
        for spot in (ways.parts.start[part], ways.parts.end[part])
        for value in (
            (spot[:, 0] - east) * x + (spot[:, 1] - north) * y,
            (spot[:, 1] - north) * x - (spot[:, 0] - east) * y,
        )
    )
    level = np.maximum(np.maximum(mine.begin[one] - np.maximum(ax, bx), np.minimum(ax, bx) - mine.finish[one]), 0.0)
    found = []
    wide = widest[one]
    for at, low, high in ((0, np.minimum(ay, by), np.maximum(ay, by)), (1, -np.maximum(ay, by), -np.minimum(ay, by))):
        # No circle touches anything of this with a smaller radius than one that stands where it is nearest.
        height = np.clip(level, low, high)
        kept = np.flatnonzero(
            (fan[one, at] >= 0) & (high > HERE_M) & (level * level + height * height <= 2 * height * wide)
        )
        sign = 1.0 if at == 0 else -1.0
        found.append((fan[one[kept], at], part[kept], ax[kept], sign * ay[kept], bx[kept], sign * by[kept]))
    number, part, *spots = (np.concatenate(column) for column in zip(*found, strict=True))
    lines = _lines(number, spots, ways.parts.width[part])
    spot = ways.corners.spot[corner] - origin[two]
    x, y = along[two].T
    x, y = spot[:, 0] * x + spot[:, 1] * y, spot[:, 1] * x - spot[:, 0] * y
    number = fan[two, (y < 0).astype(np.int64)]
    kept = np.flatnonzero((np.abs(y) > HERE_M) & (number >= 0))
    x, y, number, width = x[kept], np.abs(y[kept]), number[kept], ways.corners.width[corner[kept]]
    none = np.zeros(len(kept))
    curve = np.stack((0.5 / y, -x / y, (x * x / y + y) / 2, none - np.inf, none + np.inf))
    return lines, Ends.of(POINT, number, curve, np.stack((width, none)))


def _lines(fan: Whole, spots: Sequence[Floats], width: Floats) -> Ends:
    """Give the functions that lines from (ax, ay) to (bx, by) end rays by, as far as they are above the way."""
    ax, ay, bx, by = spots
    turned = (by < ay) | ((by == ay) & (bx < ax))
    ax, bx, ay, by, wa, wb = swapped(turned, ax, bx, ay, by, *width.T)
    length = np.hypot(bx - ax, by - ay)
    dx, dy = (bx - ax) / length, (by - ay) / length
    with np.errstate(divide="ignore", invalid="ignore"):
        below = np.where(ay < 0, np.minimum(-ay / dy, length), 0.0)
        # The tangent of half the angle between the line and the way, either way.
        rise = np.where(dx > 0, dy / (1 + dx), (1 - dx) / dy)
        fall = 1 / rise
    ax, ay, wa = ax + below * dx, np.where(ay < 0, 0.0, ay), wa + below / length * (wb - wa)
    bound = length - below
    found = []
    for slope, sign in ((rise, 1.0), (fall, -1.0)):
        kept = np.flatnonzero((slope < _STEEPEST) & (bound > HERE_M))
        k, x, y, size, one, other = (of[kept] for of in (slope, ax, ay, bound, wa, wb))
        # A circle touches the line as far along as it stands from where it touches the line's end.
        at = x + sign * k * y
        gain = sign * (other - one) / size
        far = at + sign * size
        curve = np.stack(
            (0 * k, sign * k, y * (1 + k * k) / 2 - sign * k * at, np.minimum(at, far), np.maximum(at, far))
        )
        found.append(Ends.of(LINE, fan[kept], curve, np.stack((one - gain * at, gain))))
    return Ends(*(np.concatenate([getattr(e, name) for e in found], axis=-1) for name in Ends.__slots__))


def _pruned(ends: Ends, begin: Floats, finish: Floats, widest: Floats) -> Ends:
    """Leave out what is nowhere low enough, or nowhere beside the way."""
    a, b, _, low, high = ends.curve
    low, high = np.maximum(low, begin[ends.fan]), np.minimum(high, finish[ends.fan])
    with np.errstate(divide="ignore", invalid="ignore"):
        least = np.clip(np.where(a > 0, -b / (2 * a), np.where(b > 0, low, high)), low, high)
    return ends.take(np.flatnonzero((low < high) & (ends.at(least) <= widest[ends.fan] + TIE_M)))


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
