"""The outline of reached ground about corners.

About a corner it is 1 / radius that is simple: a circle in the direction n touches a point q where it is 2 q · n / q²,
and a line m · q = c where it is (1 + m · n) / c. Either times 1 + u², u the tangent of half the angle of n, is a
parabola of u. It touches the line c tan(ψ / 2) beside the foot of the perpendicular, ψ being the angle from m to n.
"""

from collections.abc import Sequence

import numpy as np

from service_map.coverage._given import Floats, Whole
from service_map.coverage.isochrone.fans import (
    BEND_M,
    HERE_M,
    LINE,
    OWN,
    POINT,
    TIE_M,
    Ends,
    Line,
    Ways,
    strung,
    together,
)
from service_map.coverage.isochrone.segments import Turns
from service_map.coverage.plane import Flags, Pieces, changes, spread, swapped

_LEAST = 1e-6
_APART_M = 1e-4
# So close the arc between two rays bends off its chord by less than the outline may.
_TURN = np.pi / 24


def about(pieces: Pieces, ways: Ways, mine: Turns, most: float) -> tuple[Line, Flags]:
    """Follow the outline about corners.

    Parameters
    ----------
    pieces
        All.
    ways
        Their parts and corners.
    mine
        Turns about the corners asked about, all reached.
    most
        Circles are followed until they are so large.

    Returns
    -------
    line : Line
    far : ndarray of bool, shape (t, 1)
        Flags of turns of which nothing is told, for a circle is larger.
    """
    widest, bound, none = np.minimum(mine.width, most), np.tan(mine.half / 2), np.zeros(len(mine.width))
    inverse = -1 / (mine.width + TIE_M)
    curve = np.stack((inverse, none, inverse, -bound, bound))
    own = Ends.of(OWN, np.arange(len(bound)), curve, np.zeros((4, len(bound))))
    ends = together(own, *_others(pieces, ways, mine, widest)).lowest(-bound, bound, _LEAST)
    radius = _radius(ends, np.stack((ends.low, ends.high)))
    far = np.zeros(len(bound), dtype=np.bool_)
    far[ends.fan[radius.max(axis=0) > most + 2 * TIE_M]] = True
    told = np.flatnonzero(~far[ends.fan])
    ends, radius = ends.take(told), np.minimum(radius, mine.width[ends.fan])[:, told]
    return strung(_drawn(mine, ends.outside(*_shared(ends))), _rays(mine, ends.fan, radius)), far[:, None]


def _radius(ends: Ends, place: Floats) -> Floats:
    """Tell how long rays are."""
    radius: Floats = -(1 + place * place) / ends.at(place)
    return radius


def _level(mine: Turns) -> Floats:
    return np.column_stack((-mine.middle[:, 1], mine.middle[:, 0]))


def _others(pieces: Pieces, ways: Ways, mine: Turns, widest: Floats) -> tuple[Ends, Ends]:
    """Find what circles may touch about corners."""
    level = _level(mine)
    sine, cosine = (of(mine.half)[:, None] for of in (np.sin, np.cos))
    rays = np.stack((mine.middle, cosine * mine.middle + sine * level, cosine * mine.middle - sine * level))
    tips = mine.spot + widest[:, None] * rays
    # Between three rays the middles of circles bulge by so much.
    margin = (widest * (2 - np.cos(mine.half / 2)))[:, None]
    (one, part), (two, corner) = ways.within(tips.min(axis=0) - margin, tips.max(axis=0) + margin)
    ends, corner_ = pieces.corner.take(ways.parts.piece[part], axis=0), mine.corner[one]
    apart = np.flatnonzero((ends[:, 0] != corner_) & (ends[:, 1] != corner_))
    one, part = one[apart], part[apart]
    spots = [
        np.einsum("nx,nx->n", spot, axis)
        for spot in (ways.parts.start[part] - mine.spot[one], ways.parts.end[part] - mine.spot[one])
        for axis in (mine.middle[one], level[one])
    ]
    lines = _lines(one, spots, ways.parts.width[part], mine.half, widest)
    apart = ways.corners.corner[corner] != mine.corner[two]
    two, corner = two[apart], corner[apart]
    spot = ways.corners.spot[corner] - mine.spot[two]
    x, y = np.einsum("nx,nx->n", spot, mine.middle[two]), np.einsum("nx,nx->n", spot, level[two])
    away, heading = x * x + y * y, np.arctan2(y, x)
    nearest = np.clip(heading, -mine.half[two], mine.half[two])
    toward = np.sqrt(away) * np.cos(heading - nearest)
    kept = np.flatnonzero((away > HERE_M**2) & (toward > 0) & (away <= 2 * toward * (widest[two] + TIE_M)))
    x, y, away = x[kept], y[kept], away[kept]
    none = np.zeros(len(kept))
    curve = np.stack((2 * x / away, -4 * y / away, -2 * x / away, none - np.inf, none + np.inf))
    theirs = np.stack((heading[kept], np.sqrt(away), ways.corners.width[corner[kept]], none))
    return lines, Ends.of(POINT, two[kept], curve, theirs)


def _lines(fan: Whole, spots: Sequence[Floats], width: Floats, half: Floats, widest: Floats) -> Ends:
    """Give the functions that lines from (ax, ay) to (bx, by) end rays by."""
    ax, ay, bx, by = spots
    ax, bx, ay, by, wa, wb = swapped(ax * by < ay * bx, ax, bx, ay, by, *width.T)
    length = np.hypot(bx - ax, by - ay)
    dx, dy = (bx - ax) / length, (by - ay) / length
    away = ax * dy - ay * dx
    kept = np.flatnonzero((away > HERE_M) & (away < 2 * widest[fan]))
    fan, length = fan[kept], length[kept]
    dx, dy, away, wa, wb, first = (of[kept] for of in (dx, dy, away, wa, wb, ax * dx + ay * dy))
    gain = (wb - wa) / length
    farthest = np.sqrt((2 * (widest[fan] + TIE_M) - away) / away)
    low, high = np.maximum(first / away, -farthest), np.minimum((first + length) / away, farthest)
    heading = np.arctan2(-dx, dy)
    one, other = heading + 2 * np.arctan(low), heading + 2 * np.arctan(high)
    round_ = 2 * np.pi * np.round((one + other) / (4 * np.pi))
    one, other = np.maximum(one - round_, -half[fan]), np.minimum(other - round_, half[fan])
    kept = np.flatnonzero((low < high) & (one < other))
    theirs = np.stack((heading - round_, away, wa - gain * first, gain))[:, kept]
    dx, dy, away = dx[kept], dy[kept], away[kept]
    curve = np.stack(((dy - 1) / away, 2 * dx / away, -(dy + 1) / away, np.tan(one[kept] / 2), np.tan(other[kept] / 2)))
    return Ends.of(LINE, fan[kept], curve, theirs)


def _shared(ends: Ends) -> tuple[Floats, Floats]:
    """Tell from where to where those live beyond who reach a facility by the other way, nan where nobody does."""
    heading, away, width, gain = ends.theirs
    width = width + TIE_M
    with np.errstate(divide="ignore", invalid="ignore"):
        of_point = np.where(width > 0, np.sqrt((2 * width - away) / (2 * width + away)), np.nan)
        of_line = np.sqrt(gain * gain - 1 + 2 * width / away)
        spread_ = np.where(ends.kind == POINT, of_point, np.where(ends.kind == LINE, of_line, np.nan))
        middle = np.where(ends.kind == LINE, gain, 0.0)
        first, last = (
            np.tan(np.clip(heading + 2 * np.arctan(middle + side), -np.pi, np.pi) / 2) for side in (-spread_, spread_)
        )
    return first, last


def _rays(mine: Turns, fan: Whole, radius: Floats) -> Line:
    """Draw the first and the last rays as far as the way beside is not reached from as far away.

    So it is where one may only walk away from the corner along that way.
    """
    opens = np.flatnonzero(changes(fan))
    closes = np.append(opens[1:], len(fan))[: len(opens)] - 1
    some = []
    for column, at, turn in ((0, opens, -1.0), (1, closes, 1.0)):
        row, tip = fan[at], radius[column, at]
        foot = np.maximum(mine.beside[row, column], 0.0)
        lost = tip > foot + _APART_M
        row, tip, foot = row[lost], tip[lost], foot[lost]
        angle = turn * mine.half[row]
        ray = np.cos(angle)[:, None] * mine.middle[row] + np.sin(angle)[:, None] * _level(mine)[row]
        ends = [mine.spot[row] + metres[:, None] * ray for metres in (foot, tip)]
        some.append(np.stack(ends if column == 0 else ends[::-1], axis=1).reshape(-1, 2))
    spot = np.concatenate(some)
    return Line.of(spot, np.arange(len(spot)) // 2)


def _drawn(mine: Turns, ends: Ends) -> Line:
    """Draw what is left."""
    ends = ends.take(np.lexsort((ends.low, ends.fan)))
    one, other = 2 * np.arctan(ends.low), 2 * np.arctan(ends.high)
    heading, away = ends.theirs[:2]
    with np.errstate(divide="ignore", invalid="ignore"):
        wide = away * (np.tan((other - heading) / 2) - np.tan((one - heading) / 2)) / np.sqrt(8 * away * BEND_M)
    count = np.where(ends.kind == OWN, (other - one) / _TURN, np.where(ends.kind == LINE, wide, 1.0))
    count = np.maximum(np.ceil(count - 1e-9), 1).astype(np.int64)
    of, step = spread(count + 1)
    share = step / count[of]
    turned = np.tan((one[of] + share * (other - one)[of]) / 2)
    place = np.where(share == 0, ends.low[of], np.where(share == 1, ends.high[of], turned))
    run, turn, ends = ends.runs(ends.low, ends.high)[of], ((other - one) / count)[of], ends.take(of)
    radius = _radius(ends, place) - np.where(ends.kind == OWN, TIE_M, 0.0)
    # An arc is drawn by few corners: between its ends they stand a little outside, so that it has its area.
    arc = (ends.kind == OWN) & (share > 0) & (share < 1)
    radius[arc] *= np.sqrt(turn[arc] / np.sin(turn[arc]))
    x, y = radius * (1 - place * place) / (1 + place * place), radius * 2 * place / (1 + place * place)
    spot = mine.spot[ends.fan] + x[:, None] * mine.middle[ends.fan] + y[:, None] * _level(mine)[ends.fan]
    return Line.of(spot, run)
