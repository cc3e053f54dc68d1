"""Fans of rays: what the sides of ways and the corners between them have in common.

From a point of a way a ray goes out at right angles to it. A circle that touches the way at that point and grows, its
middle moving along the ray, is empty of ways until it touches another: up to there whoever lives on the ray steps onto
the way at that very point, and beyond nobody does. The rays of one side of a way, or about one corner, are a fan.
"""

from dataclasses import dataclass

import numpy as np

from service_map.coverage._given import Floats, Whole
from service_map.coverage.isochrone.envelope import Curves, lowest
from service_map.coverage.isochrone.segments import Parts, Turns
from service_map.coverage.plane import changes
from service_map.coverage.squares import Boxes

OWN, POINT, LINE = 0, 1, 2
"""What ends a ray: the walk, a corner that another way turns about, or another way between its ends."""

TIE_M = 1e-5
"""Where two ways are as near as the walk is long to this, the other way it is that ends the ray, on both sides."""

HERE_M = 1e-6
"""What is nearer to a line is on it."""

BEND_M = 0.1
"""Where the outline bends off the line between two of its corners by so much, there is one in between."""

_DIGITS = 4
_SQUARE_M = 64.0


@dataclass(frozen=True, slots=True)
class Ways:
    """What circles may touch.

    Attributes
    ----------
    parts
        Ways between their ends.
    corners
        Those that ways turn about, each once.
    boxes
        About the ones and then the others.
    """

    parts: Parts
    corners: Turns
    boxes: Boxes

    @classmethod
    def of(cls, parts: Parts, turns: Turns) -> "Ways":
        """Make them ready to be found."""
        corners = turns.take(changes(turns.corner))
        low, high = (np.concatenate((edge(parts.start, parts.end), corners.spot)) for edge in (np.minimum, np.maximum))
        return cls(parts, corners, Boxes.of(low, high, _SQUARE_M))

    def within(self, low: Floats, high: Floats) -> tuple[tuple[Whole, Whole], tuple[Whole, Whole]]:
        """Find what is in boxes, shape (n, 2): the box and row of each part, and the box and row of each corner."""
        box, found = self.boxes.meeting(low, high)
        corner = found >= len(self.parts.piece)
        return (box[~corner], found[~corner]), (box[corner], found[corner] - len(self.parts.piece))


@dataclass(frozen=True, slots=True)
class Ends:
    """What the rays of fans may end at, as functions of where in the fan a ray is.

    Attributes
    ----------
    fan, kind
        Number of the fan, and one of `OWN`, `POINT` and `LINE`, shape (e,).
    curve
        Coefficients and domain as in `Curves`, shape (5, e).
    theirs
        What tells whose the ground beyond is, shape (k, e).
    """

    fan: Whole
    kind: Whole
    curve: Floats
    theirs: Floats

    @classmethod
    def of(cls, kind: int, fan: Whole, curve: Floats, theirs: Floats) -> "Ends":
        """Make those of one kind."""
        return cls(fan, np.full(len(fan), kind), curve, theirs)

    @property
    def low(self) -> Floats:
        """Where each begins, shape (e,)."""
        low: Floats = self.curve[3]
        return low

    @property
    def high(self) -> Floats:
        """Where each ends, shape (e,)."""
        high: Floats = self.curve[4]
        return high

    def take(self, rows: Whole) -> "Ends":
        """Give some of them."""
        return Ends(
            self.fan.take(rows), self.kind.take(rows), self.curve.take(rows, axis=1), self.theirs.take(rows, axis=1)
        )

    def between(self, rows: Whole, low: Floats, high: Floats) -> "Ends":
        """Give some of them, each over a part of its domain."""
        some = self.take(rows)
        return Ends(some.fan, some.kind, np.concatenate((some.curve[:3], low[None], high[None])), some.theirs)

    def at(self, place: Floats) -> Floats:
        """Give the value of each function at a place."""
        a, b, c = self.curve[:3]
        value: Floats = (a * place + b) * place + c
        return value

    def lowest(self, begin: Floats, finish: Floats, least: float) -> "Ends":
        """Give what the rays of each fan end at, one after the other, as `envelope.lowest` finds it."""
        return self.between(*lowest(Curves(self.fan, *self.curve), begin, finish, least))

    def outside(self, first: Floats, last: Floats) -> "Ends":
        """Cut intervals out of their domains, nan where there is none."""
        low, high = self.low, self.high
        none = ~(first <= last)
        until, again = np.where(none, high, np.minimum(high, first)), np.where(none, high, np.maximum(low, last))
        before, after = np.flatnonzero(until > low), np.flatnonzero(again < high)
        rows = np.concatenate((before, after))
        return self.between(
            rows, np.concatenate((low[before], again[after])), np.concatenate((until[before], high[after]))
        )

    def runs(self, begin: Floats, finish: Floats) -> Whole:
        """Tell runs apart: those that follow each other in a fan, passed from where to where, have one number."""
        fresh = np.ones(len(begin), dtype=np.bool_)
        fresh[1:] = (self.fan[1:] != self.fan[:-1]) | (begin[1:] != finish[:-1])
        run: Whole = np.cumsum(fresh) - 1
        return run


def together(*some: Ends) -> Ends:
    """Put ends together, by fan."""
    order = np.argsort(np.concatenate([ends.fan for ends in some]), kind="stable")
    return Ends(*(np.concatenate([getattr(e, name) for e in some], axis=-1) for name in Ends.__slots__)).take(order)


@dataclass(frozen=True, slots=True)
class Line:
    """Parts of an outline with the ground on the left hand.

    Attributes
    ----------
    spot
        Metres east and north of its corners, shape (n, 2).
    run
        Number of the part that each belongs to, ascending from 0, shape (n,).
    """

    spot: Floats
    run: Whole

    @classmethod
    def of(cls, spot: Floats, run: Whole) -> "Line":
        """Make one, of corners that differ."""
        spot = spot.round(_DIGITS)
        fresh = changes(run, *spot.T)
        spot, run = spot[fresh], run[fresh]
        kept = np.bincount(run)[run] > 1 if len(run) else fresh
        return cls(spot[kept], np.cumsum(changes(run[kept])) - 1 if kept.any() else run[kept])


def strung(*lines: Line) -> Line:
    """Put parts of an outline together."""
    known = np.cumsum([0] + [int(line.run[-1]) + 1 if len(line.run) else 0 for line in lines])
    run = [line.run + first for line, first in zip(lines, known[:-1].tolist(), strict=True)]
    return Line(np.concatenate([line.spot for line in lines]), np.concatenate(run))
