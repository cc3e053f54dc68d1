"""The lowest of many parabolas and lines is found wherever it changes."""

import numpy as np
import pytest

from service_map.coverage.isochrone.envelope import Curves, lowest

LEAST = 1e-4


def curves(rng, fans, each):
    """Parabolas and lines over parts of 0 to 100, and in each fan one that is there all along."""
    fan = np.repeat(np.arange(fans), each)
    middle, height = rng.uniform(-50, 150, len(fan)), rng.uniform(1, 80, len(fan))
    a = np.where(rng.random(len(fan)) < 0.6, 0.5 / height, 0.0)
    slope = rng.uniform(-2, 2, len(fan))
    b = np.where(a > 0, -2 * a * middle, slope)
    c = np.where(a > 0, a * middle**2 + height / 2, height - slope * middle / 2)
    low, high = np.sort(rng.uniform(-30, 130, (2, len(fan))), axis=0)
    always = np.arange(0, len(fan), each)
    a[always], b[always], c[always], low[always], high[always] = 0, 0, 60, -np.inf, np.inf
    return Curves(fan, a, b, c, low, high)


def values(of, rows, x):
    value = (of.a[rows] * x + of.b[rows]) * x + of.c[rows]
    return np.where((of.low[rows] <= x) & (x <= of.high[rows]), value, np.inf)


@pytest.mark.parametrize("each", [1, 3, 25])
def test_at_every_place_the_one_that_is_told_is_the_lowest(each):
    rng = np.random.default_rng(each)
    fans = 200
    some = curves(rng, fans, each)
    begin = rng.uniform(0, 40, fans)
    finish = begin + rng.uniform(1, 60, fans)
    row, low, high = lowest(some, begin, finish, LEAST)
    fan = some.fan[row]
    # They follow each other without a gap from one end to the other.
    first = np.flatnonzero(np.append(True, fan[1:] != fan[:-1]))
    np.testing.assert_array_equal(low[first], begin)
    np.testing.assert_array_equal(high[np.append(first[1:], len(row)) - 1], finish)
    inner = fan[1:] == fan[:-1]
    np.testing.assert_array_equal(high[:-1][inner], low[1:][inner])
    for share in (0.01, 0.3, 0.5, 0.8, 0.99):
        at = low + share * (high - low)
        every = values(some, np.arange(len(some.fan)).reshape(fans, each)[fan], at[:, None])
        np.testing.assert_allclose(values(some, row, at), every.min(axis=1), atol=0.02)


def test_a_line_that_begins_where_it_touches_a_parabola_is_found():
    # Circles on the way y = 0 touch the line y = 50 from x = 40 on, and before it its end.
    point = (1 / 100, -80 / 100, (40**2 / 50 + 50) / 2, -np.inf, np.inf)
    line = (0.0, 0.0, 25.0, 40.0, 400.0)
    a, b, c, low, high = np.array([point, line]).T
    row, start, stop = lowest(Curves(np.zeros(2, dtype=int), a, b, c, low, high), np.zeros(1), np.full(1, 100.0), LEAST)
    assert row.tolist() == [0, 1]
    assert stop[0] == pytest.approx(40.0, abs=1e-3)
    assert (start[0], stop[1]) == (0.0, 100.0)
