"""The lowest of many parabolas and lines over an interval, for many intervals at a time."""

from dataclasses import dataclass

import numpy as np

from service_map.coverage._given import Floats, Whole
from service_map.coverage.plane import changes

_MOST_ROUNDS = 400
_SOON = 100.0


@dataclass(frozen=True, slots=True)
class Curves:
    """Functions a x² + b x + c, each over a domain, gathered by the fan that it belongs to; fans ascend.

    Attributes
    ----------
    fan
        From 0, every number there is, shape (f,).
    a, b, c
        Coefficients, shape (f,).
    low, high
        Domain, shape (f,).
    """

    fan: Whole
    a: Floats
    b: Floats
    c: Floats
    low: Floats
    high: Floats


def lowest(curves: Curves, begin: Floats, finish: Floats, least: float) -> tuple[Whole, Floats, Floats]:
    """Follow the lowest function of each fan over its interval.

    Parameters
    ----------
    curves
        At least one of each fan is there all over its interval.
    begin, finish
        Of the intervals, shape (n,), the one below the other.
    least
        What is lowest for less than this may be passed over.

    Returns
    -------
    row : ndarray of int64, shape (s,)
        Of the functions that are lowest, by fan and in their order.
    low, high : ndarray of float64, shape (s,)
        Where each is.
    """
    rows, at, end = np.arange(len(curves.fan)), begin.copy(), finish
    fan, a, b, c = curves.fan, curves.a, curves.b, curves.c
    low, high = np.maximum(curves.low, begin[fan]), np.minimum(curves.high, finish[fan])
    # Fans are numbered anew whenever some are done.
    found: list[tuple[Whole, Floats, Floats]] = []
    for _ in range(_MOST_ROUNDS):
        if not len(at):
            break
        probe = np.minimum(at + least, (at + end) / 2)
        x = probe[fan]
        value = (a * x + b) * x + c
        value[(low > x) | (high < x)] = np.inf
        opens = np.flatnonzero(changes(fan))
        best = np.flatnonzero(value == np.minimum.reduceat(value, opens)[fan])
        best = best[changes(fan[best])]
        until = high[best]
        # Where another one less this one passes from above nothing to below: of two roots the falling one.
        da, db, dc = a - a[best][fan], b - b[best][fan], c - c[best][fan]
        with np.errstate(divide="ignore", invalid="ignore"):
            root = np.sqrt(db * db - 4 * da * dc)
            cross = np.where(db > 0, (-db - root) / (2 * da), 2 * dc / (root - db))
        # A line begins where it is tangent to the parabola of its end: no root tells that, but what comes after.
        soon = np.minimum(low + _SOON * least, (low + high) / 2)
        cross = np.where((low > x) & ((da * soon + db) * soon + dc < 0), low, cross)
        ahead = (cross > x) & (cross >= low) & (cross <= high)
        ahead[best] = False
        cross[~ahead] = np.inf
        onward = np.minimum(np.minimum.reduceat(cross, opens), until)
        done = onward >= end - least
        onward[done] = end[done]
        found.append((rows[best], at, onward))
        # What is above this one as long as it is there, and no longer there than it is, is never lowest.
        open_ = ahead | (high > until[fan])
        open_[best] = True
        kept = np.flatnonzero(open_ & (high > onward[fan]) & ~done[fan])
        at, end = onward[~done], end[~done]
        number = np.cumsum(~done) - 1
        fan = number[fan.take(kept)]
        rows, (a, b, c, low, high) = rows.take(kept), (of.take(kept) for of in (a, b, c, low, high))
    row, start, stop = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(curves.fan[row], kind="stable")
    return row[order], start[order], stop[order]
