"""Fans: the rays of ways laid side by side, and those that turn about their corners.

Within a fan the tips of neighbouring rays follow the outline of the ground whose people step onto a way there.
"""

from dataclasses import dataclass, replace

import numpy as np
import shapely

from service_map.coverage._given import Floats, Whole
from service_map.coverage.rays import STRAIGHT, Flags, Near, Pieces, Rays, cast, changes, joined, spread, survey

# So close the arc between two rays bends off its chord by less than the outline may.
_TURN = np.pi / 24
_WIDE = np.pi / 8
# What ends within this of a piece, beside it, is asked for by a ray of its own.
_CLOSE_M = 12.5
_SHORTEST_M = 0.1
_HERE_M = 1e-3
_BESIDE = 1e-6
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class _Strips:
    """What is reached of pieces, between the ways that cross them, by piece and along it.

    Attributes
    ----------
    piece
        Rows of the pieces, shape (s,).
    begin, finish
        Shares of these, shape (s,).
    """

    piece: Whole
    begin: Floats
    finish: Floats

    def holding(self, piece: Whole, share: Floats) -> Whole:
        """Give the row of the strip that holds each share of a piece, -1 where none does."""
        if not len(self.piece):
            return np.full(len(piece), -1)
        share = np.where(np.isfinite(share), share, -1.0)
        row = np.maximum(np.searchsorted(self.piece + self.begin, piece + share, side="right") - 1, 0)
        # A piece's last share is the next one's first by that sum.
        row -= (row > 0) & (self.piece[row] != piece) & (share == 1)
        held = (self.piece[row] == piece) & (share >= self.begin[row]) & (share <= self.finish[row])
        return np.where(held, row, -1)


@dataclass(frozen=True, slots=True)
class _Turns:
    """Corners about which there is room between two ways, beyond right angles to both; by corner.

    Attributes
    ----------
    corner
        Numbers of the corners, shape (t,).
    spot
        Where they are, shape (t, 2).
    first, last
        Directions of the first ray and the last, shape (t, 2).
    angle
        Radians from the one to the other.
    left
        What is left of the walk.
    beside
        The pieces that the two ways begin with, shape (t, 2).
    """

    corner: Whole
    spot: Floats
    first: Floats
    last: Floats
    angle: Floats
    left: Floats
    beside: Whole

    def take(self, rows: Whole | Flags) -> "_Turns":
        return _Turns(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Fans:
    """Strips, each with its left side (fan 2i) and its right, and the turns after them.

    Attributes
    ----------
    pieces
        All ways.
    strips, turns
        Where rays go out from.
    near
        What the rays of each fan might end at.
    limit
        Metres beyond which nobody steps onto a way.
    """

    pieces: Pieces
    strips: _Strips
    turns: _Turns
    near: Near
    limit: float

    @property
    def sides(self) -> int:
        """How many fans are sides of strips; the others are turns."""
        return 2 * len(self.strips.piece)

    def sent(self, fan: Whole, place: Floats) -> tuple[Rays, Floats]:
        """Send rays out from places in fans; give also where they end, metres, shape (r, 2)."""
        strip, turn = self._parted(fan)
        width = np.empty(len(fan))
        width[strip] = self.pieces.left_at(self.strips.piece[fan[strip] // 2], place[strip])
        width[turn] = self.turns.left[fan[turn] - self.sides]
        origin, normal = self._aim(fan, place)
        width = np.minimum(width, self.limit)
        rays = cast(self.pieces, self.near, fan, place, origin=origin, normal=normal, width=width)
        return rays, self._tips(rays, origin, normal)

    def _aim(self, fan: Whole, place: Floats) -> tuple[Floats, Floats]:
        """Tell where rays go out from, metres, and in which direction; shape (r, 2) each."""
        strip, turn = self._parted(fan)
        origin, normal = np.empty((len(fan), 2)), np.empty((len(fan), 2))
        piece, share = self.strips.piece[fan[strip] // 2], place[strip][:, None]
        along = self.pieces.along[piece]
        origin[strip] = self.pieces.start[piece] + share * self.pieces.length[piece][:, None] * along
        turned = np.where(fan[strip] % 2, -1.0, 1.0)
        normal[strip, 0], normal[strip, 1] = -along[:, 1] * turned, along[:, 0] * turned
        row, angle = fan[turn] - self.sides, place[turn]
        origin[turn] = self.turns.spot[row]
        cosine, sine = np.cos(angle), np.sin(angle)
        x, y = self.turns.first[row].T
        turned = np.column_stack((cosine * x - sine * y, sine * x + cosine * y))
        # The first and the last go as the rays of the ways beside do, to the last bit.
        normal[turn] = np.where((angle == self.turns.angle[row])[:, None], self.turns.last[row], turned)
        return origin, normal

    def tips(self, rays: Rays) -> Floats:
        """Tell where rays end, metres, shape (r, 2)."""
        return self._tips(rays, *self._aim(rays.fan, rays.place))

    def _tips(self, rays: Rays, origin: Floats, normal: Floats) -> Floats:
        reach = np.clip(rays.width, 0.0, rays.metres)
        # An arc is drawn by few tips: between its ends they stand a little outside, so that it has its area.
        arc = np.flatnonzero((rays.fan >= self.sides) & (rays.width < rays.metres))
        angle = self.turns.angle[rays.fan[arc] - self.sides]
        step = angle / np.maximum(np.ceil(angle / _TURN), 1)
        inner = (rays.place[arc] > 0) & (rays.place[arc] < angle)
        arc, step = arc[inner], step[inner]
        reach[arc] *= np.sqrt(step / np.sin(step))
        tips: Floats = (origin + reach[:, None] * normal).round(_DIGITS)
        return tips

    def meeting(self, rays: Rays, tip: Floats) -> tuple[Whole, Whole, Floats]:
        """Find the rays that meet others at their tips.

        Parameters
        ----------
        rays
            That end at other ways.
        tip
            Where, shape (r, 2).

        Returns
        -------
        row : ndarray of int64, shape (m,)
            Of the ray that is met; not every way has a fan.
        fan, place : ndarray
            Of the one that meets it.
        """
        pieces, turns = self.pieces, self.turns
        start, end = pieces.start[rays.other], pieces.end[rays.other]
        (x, y), (dx, dy) = (tip - start - rays.share[:, None] * (end - start)).T, (end - start).T
        at_end = (rays.share == 0) | (rays.share == 1)
        strip = np.where(at_end, -1, self.strips.holding(rays.other, rays.share))
        row = np.flatnonzero(strip >= 0)
        found = [(row, (2 * strip + (dx * y < dy * x))[row], rays.share[row])]
        corner = np.where(rays.share == 0, pieces.corner[rays.other, 0], pieces.corner[rays.other, 1])
        first = np.searchsorted(turns.corner, corner)
        # Where a way goes straight through a corner there is a turn on either side.
        for turn in (first, first + 1):
            row = np.flatnonzero(at_end & (turn < len(turns.corner)))
            row = row[turns.corner[turn[row]] == corner[row]]
            of = turn[row]
            angle = np.arctan2(y[row], x[row]) - np.arctan2(turns.first[of, 1], turns.first[of, 0])
            angle = np.mod(angle + STRAIGHT, 2 * np.pi) - STRAIGHT
            held = angle <= turns.angle[of] + STRAIGHT
            found.append((row[held], self.sides + of[held], np.clip(angle, 0.0, turns.angle[of])[held]))
        rows, fans, places = (np.concatenate(column) for column in zip(*found, strict=True))
        return rows, fans, places

    def _parted(self, fan: Whole) -> tuple[Whole, Whole]:
        strip = fan < self.sides
        return np.flatnonzero(strip), np.flatnonzero(~strip)


def lay_out(pieces: Pieces, some: Flags, limit: float) -> tuple[Fans, Rays]:
    """Lay out the fans at which reached ground ends, and those beside them.

    Parameters
    ----------
    pieces
        All that somebody might step onto.
    some
        Flags of those that are reached and may have reached ground end beside them, shape (p,).
    limit
        Metres beyond which nobody steps onto a way.

    Returns
    -------
    fans : Fans
    rays : Rays
        The first of them.
    """
    piece, near, seen = survey(pieces, np.flatnonzero(some), limit)
    turns = _turns(pieces, some)
    drawn = some & _at_edge(pieces, piece[seen.fan // 2], seen, turns, limit)
    at_corner = np.zeros(int(pieces.corner.max()) + 1, dtype=np.bool_)
    at_corner[pieces.corner[drawn]] = True
    turns = turns.take(at_corner[turns.corner])
    kept = drawn[piece]
    side = np.full(len(drawn), -1)
    side[piece] = 2 * np.arange(len(piece))
    strips, places = _strips(pieces, np.flatnonzero(drawn), near, side, limit)
    two = (side[strips.piece][:, None] + (0, 1)).ravel()
    about = _about(pieces, turns, limit)
    beside = Near(
        np.concatenate((near.first[two], len(near.piece) + about.first)),
        np.concatenate((near.count[two], about.count)),
        np.concatenate((near.piece, about.piece)),
    )
    fans = Fans(pieces, strips, turns, beside, limit)
    seen = seen.take(kept[seen.fan // 2])
    strip = strips.holding(piece[seen.fan // 2], seen.place)
    seen = replace(seen, fan=2 * strip + seen.fan % 2).take(strip >= 0)
    turned = _turned(turns)
    about_corners = fans.sent(fans.sides + turned[0], turned[1])[0]
    return fans, joined(seen, fans.sent(*places)[0], about_corners, _back_to_corners(fans))


def _at_edge(pieces: Pieces, piece: Whole, seen: Rays, turns: _Turns, limit: float) -> Flags:
    """Flag the pieces beside which reached ground ends, by the rays of all pieces, and those next to them."""
    drawn = np.zeros(len(pieces.length), dtype=np.bool_)
    drawn[piece[~seen.shared]] = True
    # Narrower turns end as the rays of the pieces beside them do.
    wide = turns.take(turns.angle > _WIDE)
    none = _Strips(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))
    about = Fans(pieces, none, wide, _about(pieces, wide, limit), limit).sent(*_turned(wide))[0]
    drawn[wide.beside[about.fan[~about.shared]].ravel()] = True
    drawn[seen.other[seen.shared & drawn[piece]]] = True
    drawn[about.other[about.shared]] = True
    return drawn


def _turns(pieces: Pieces, some: Flags) -> _Turns:
    """Find the turns about corners of some pieces that are reached."""
    reached = np.zeros(int(pieces.corner.max()) + 1, dtype=np.bool_)
    reached[pieces.corner[(pieces.left > 0) & some[:, None]]] = True
    piece, end = np.nonzero(reached[pieces.corner])
    outward = pieces.along[piece] * np.where(end == 0, 1.0, -1.0)[:, None]
    angle, corner = np.arctan2(outward[:, 1], outward[:, 0]), pieces.corner[piece, end]
    order = np.lexsort((angle, corner))
    piece, end, outward, angle, corner = piece[order], end[order], outward[order], angle[order], corner[order]
    opens = np.flatnonzero(changes(corner))
    closes = np.append(opens[1:], len(corner)) - 1
    onward, gap = np.arange(1, len(corner) + 1), np.append(np.diff(angle), 0.0)
    onward[closes] = opens
    gap[closes] = 2 * np.pi - (angle[closes] - angle[opens])
    row = np.flatnonzero(gap > np.pi - STRAIGHT)
    one, other = row, onward[row]
    return _Turns(
        corner=corner[one],
        spot=np.where((end[one] == 0)[:, None], pieces.start[piece[one]], pieces.end[piece[one]]),
        first=np.column_stack((-outward[one, 1], outward[one, 0])),
        last=np.column_stack((outward[other, 1], -outward[other, 0])),
        # Never none, so that the first place differs from the last.
        angle=np.maximum(gap[one] - np.pi, _BESIDE),
        left=pieces.left[piece[one], end[one]],
        beside=np.column_stack((piece[one], piece[other])),
    )


def _turned(turns: _Turns) -> tuple[Whole, Floats]:
    """Give the turn and the angle of the rays to begin with about corners."""
    parts = np.maximum(1, np.ceil(turns.angle / _TURN)).astype(np.int64)
    turn, step = spread(parts + 1)
    return turn, np.where(step == parts[turn], turns.angle[turn], turns.angle[turn] * step / parts[turn])


def _back_to_corners(fans: Fans) -> Rays:
    """Give a ray of no length before the first of a turn, or after the last, where the way beside it is not reached.

    So it is at a corner that one may only walk away from along that way; elsewhere the outline goes on beside the way.
    """
    turns, pieces = fans.turns, fans.pieces
    parts = []
    for column, place in enumerate((np.full(len(turns.corner), -_BESIDE), turns.angle + _BESIDE)):
        piece = turns.beside[:, column]
        share = np.minimum(_SHORTEST_M / pieces.length[piece], 0.5)
        share = np.where(pieces.corner[piece, 0] == turns.corner, share, 1 - share)
        lost = np.flatnonzero((pieces.left_at(piece, share) <= 0) & (turns.left > 0))
        parts.append((fans.sides + lost, place[lost]))
    fan, place = (np.concatenate(column) for column in zip(*parts, strict=True))
    none = np.zeros(len(fan))
    beyond = np.full(len(fan), np.inf)
    return Rays(fan, place, beyond, np.full(len(fan), -1), none, none, -beyond)


def _about(pieces: Pieces, turns: _Turns, limit: float) -> Near:
    """Find the pieces that the rays of turns might end at."""
    reach = 2 * np.minimum(limit, turns.left)[:, None]
    turn, piece = pieces.tree.query(shapely.box(*(turns.spot - reach).T, *(turns.spot + reach).T))
    return Near.of(turn, piece, len(turns.left))


def _strips(
    pieces: Pieces, rows: Whole, near: Near, first_side: Whole, limit: float
) -> tuple[_Strips, tuple[Whole, Floats]]:
    """Cut pieces into what is reached of them, and give the fan and place of the rays that the survey did not send."""
    (left, right), (forth, back) = pieces.left[rows].T, pieces.cost[rows].T
    with np.errstate(divide="ignore", invalid="ignore"):
        last = np.where(left > 0, np.minimum(left / back, 1.0), 0.0)
        first = np.where(right > 0, np.maximum(1 - right / forth, 0.0), 1.0)
        bends = [(left - right + forth) / (forth + back), (left - limit) / back, 1 - (right - limit) / forth]
    # From a corner that a one-way piece leads away from, only the corner itself is left of.
    bends += [np.where(np.isinf(back), _BESIDE, np.nan), np.where(np.isinf(forth), 1 - _BESIDE, np.nan)]
    whole = last >= first
    piece = np.concatenate((rows, rows[~whole]))
    begin = np.concatenate((np.zeros(len(rows)), first[~whole]))
    finish = np.concatenate((np.where(whole, 1.0, last), np.ones(int((~whole).sum()))))
    kept = (finish - begin) * pieces.length[piece] > _SHORTEST_M
    side = (first_side[rows][:, None] + (0, 1)).ravel()
    one, row = spread(near.count[side])
    one, other = rows[one // 2], near.piece[near.first[side][one] + row]
    crossed, close = _met(pieces, one, other)
    strips = _split(piece[kept], begin[kept], finish[kept], *crossed)
    at = np.concatenate((*[rows] * len(bends), close[0])), np.concatenate((*bends, close[1]))
    strip = strips.holding(*at)
    inner, every = strip >= 0, np.arange(len(strips.piece))
    opened, closed = strips.begin > 0, strips.finish < 1
    strip = np.concatenate((strip[inner], every[opened], every[closed]))
    share = np.concatenate((at[1][inner], strips.begin[opened], strips.finish[closed]))
    return strips, (np.concatenate((2 * strip, 2 * strip + 1)), np.tile(share, 2))


def _met(pieces: Pieces, one: Whole, other: Whole) -> tuple[tuple[Whole, Floats], tuple[Whole, Floats]]:
    """Tell where along pieces others cross them, and where others end so near beside them that rays might miss it."""
    origin, size, along = pieces.start[one], pieces.length[one], pieces.along[one]
    (a, s), (b, e) = (
        (x * along[:, 0] + y * along[:, 1], y * along[:, 0] - x * along[:, 1])
        for x, y in ((pieces.start[other] - origin).T, (pieces.end[other] - origin).T)
    )
    on = (np.abs(s) < _HERE_M) != (np.abs(e) < _HERE_M)
    through = np.flatnonzero(((s < 0) != (e < 0)) | on)
    one_, other_ = np.abs(s[through]), np.abs(e[through])
    with np.errstate(divide="ignore", invalid="ignore"):
        at = (a[through] * other_ + b[through] * one_) / (one_ + other_)
    inner = (at > _HERE_M) & (at < size[through] - _HERE_M)
    crossed = through[inner]
    close = [np.flatnonzero((np.abs(y) < _CLOSE_M) & (x > _HERE_M) & (x < size - _HERE_M)) for x, y in ((a, s), (b, e))]
    share = np.concatenate([x[near] / size[near] for x, near in zip((a, b), close, strict=True)])
    return (one[crossed], at[inner] / size[crossed]), (one[np.concatenate(close)], share)


def _split(piece: Whole, begin: Floats, finish: Floats, at: Whole, share: Floats) -> _Strips:
    """Split strips at shares of their pieces."""
    order = np.lexsort((begin, piece))
    whole = _Strips(piece[order], begin[order], finish[order])
    strip = whole.holding(at, share)
    rows = np.arange(len(piece))
    owner = np.concatenate((rows, rows, strip[strip >= 0]))
    bound = np.concatenate((whole.begin, whole.finish, share[strip >= 0]))
    order = np.lexsort((bound, owner))
    owner, bound = owner[order], bound[order]
    fresh = changes(owner, bound)
    owner, bound = owner[fresh], bound[fresh]
    inner = np.flatnonzero(owner[1:] == owner[:-1])
    return _Strips(whole.piece[owner[inner]], bound[inner], bound[inner + 1])
