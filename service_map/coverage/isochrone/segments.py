"""Ways in a plane cut so that what is left of the walk runs straight on each part, and the corners they turn about."""

from dataclasses import dataclass

import numpy as np

from service_map.coverage._given import Floats, Whole
from service_map.coverage.plane import Flags, Pieces, changes

NOT_REACHED = -1.0
"""The width of what nobody reaches from."""

# Two ways that go on straight but for this, in radians, do not bound each other: what there is to tell is told by rays.
_STRAIGHT = 1e-3
_SHORTEST_M = 1e-3
_LEAST_TURN = 1e-9


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts of pieces, each reached all along or nowhere; by piece and along it.

    Attributes
    ----------
    piece
        Rows of the pieces, shape (p,).
    low, high
        Metres from the start of the piece, shape (p,).
    start, end
        Metres east and north, shape (p, 2).
    width
        How far from it live those who step onto it, at most, at either end of what is between the ends, shape (p, 2):
        what is left of the walk, and no more than the limit.
    """

    piece: Whole
    low: Floats
    high: Floats
    start: Floats
    end: Floats
    width: Floats

    @property
    def reached(self) -> Flags:
        """Flags of those that are reached, shape (p,)."""
        return self.width[:, 0] >= 0


def cut_even(pieces: Pieces, limit: float) -> Parts:
    """Cut pieces where what is left of the walk bends, ends, or falls below a limit."""
    bent, share = _bends(pieces, limit)
    count = 1 + np.bincount(bent, minlength=len(pieces.length))
    piece = np.repeat(np.arange(len(count)), count)
    opens = changes(piece)
    one = np.zeros(len(piece))
    one[~opens] = share
    whole = np.append(opens[1:], True)
    other = np.where(whole, 1.0, np.append(one[1:], 1.0))
    (start, end), (forth, back), size = pieces.left[piece].T, pieces.cost[piece].T, pieces.length[piece]
    with np.errstate(invalid="ignore"):
        # The end of a one-way piece itself is left of both ways, but nothing beyond.
        begin, middle, finish = (
            np.fmax(np.fmax(start - at * back, end - (1 - at) * forth), NOT_REACHED)
            for at in (one, (one + other) / 2, other)
        )
    width = np.clip(np.column_stack((begin, finish)), 0.0, limit)
    width[middle <= 0] = NOT_REACHED
    low, high = one * size, other * size
    spots = [pieces.start[piece] + at[:, None] * pieces.along[piece] for at in (low, high)]
    return Parts(piece, low, high, spots[0], np.where(whole[:, None], pieces.end[piece], spots[1]), width)


def _bends(pieces: Pieces, limit: float) -> tuple[Whole, Floats]:
    """Give the pieces and the shares of them where they are cut, by piece and share."""
    one, other = pieces.left.T
    lowest = (one + other - np.maximum(*pieces.cost.T)) / 2
    mixed = np.flatnonzero((np.maximum(one, other) > 0) & ~(lowest >= limit))
    (start, end), (forth, back) = pieces.left[mixed].T, pieces.cost[mixed].T
    with np.errstate(divide="ignore", invalid="ignore"):
        meeting = (start - end + forth) / (forth + back)
        share = np.stack((meeting, start / back, (start - limit) / back, 1 - end / forth, 1 - (end - limit) / forth))
        backward, onward = start - share * back, end - (1 - share) * forth
    shortest = _SHORTEST_M / pieces.length[mixed]
    inner = (share > shortest) & (share < 1 - shortest)
    inner[0] &= (backward[0] > 0) & (backward[0] < limit)
    # What ends or falls below the limit from one end only is that no more where more is left from the other.
    inner[1:3] &= ~(onward[1:3] > backward[1:3])
    inner[3:] &= ~(backward[3:] > onward[3:])
    at, row = np.nonzero(inner)
    share = share[at, row]
    order = np.argsort(2.0 * row + share)
    row, share = row[order], share[order]
    apart = changes(row)
    apart[1:] |= share[1:] - share[:-1] > shortest[row[1:]]
    return mixed[row[apart]], share[apart]


@dataclass(frozen=True, slots=True)
class Turns:
    """Corners about which there is room between two ways, beyond right angles to both; by corner.

    Attributes
    ----------
    corner
        Numbers of the corners, shape (t,).
    spot
        Where they are, shape (t, 2).
    middle
        Direction of the ray in the middle, shape (t, 2).
    half
        Radians from there to the first ray and to the last, shape (t,).
    width
        How far from it live those who step onto a way at the corner, at most, shape (t,).
    beside
        The same of the two ways beside at their ends there, the first counter-clockwise first, shape (t, 2).
    """

    corner: Whole
    spot: Floats
    middle: Floats
    half: Floats
    width: Floats
    beside: Floats

    def take(self, rows: Whole | Flags | slice) -> "Turns":
        """Give some of the turns."""
        return Turns(*(getattr(self, name)[rows] for name in self.__slots__))


def turns_of(pieces: Pieces, parts: Parts, limit: float) -> Turns:
    """Find the turns about the corners of pieces that were cut into parts."""
    opens = np.flatnonzero(changes(parts.piece))
    closes = np.append(opens[1:], len(parts.piece)) - 1
    beside = np.concatenate((parts.width[opens, 0], parts.width[closes, 1]))
    outward = np.concatenate((pieces.along, -pieces.along))
    corner, left = pieces.corner.T.ravel(), pieces.left.T.ravel()
    angle = np.arctan2(outward[:, 1], outward[:, 0])
    order = np.argsort(8.0 * corner + angle)
    corner, angle = corner[order], angle[order]
    opens = np.flatnonzero(changes(corner))
    closes = np.append(opens[1:], len(corner)) - 1
    onward, gap = np.arange(1, len(corner) + 1), np.append(np.diff(angle), 0.0)
    onward[closes] = opens
    gap[closes] = 2 * np.pi - (angle[closes] - angle[opens])
    row = np.flatnonzero(gap > np.pi - _STRAIGHT)
    middle, one = angle[row] + gap[row] / 2, order[row]
    width = np.minimum(left[one], limit)
    return Turns(
        corner=corner[row],
        spot=np.concatenate((pieces.start, pieces.end))[one],
        middle=np.column_stack((np.cos(middle), np.sin(middle))),
        half=np.maximum(gap[row] - np.pi, _LEAST_TURN) / 2,
        width=np.where(width > 0, width, NOT_REACHED),
        beside=np.column_stack((beside[one], beside[order[onward[row]]])),
    )
