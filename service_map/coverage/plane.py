"""Ways in a plane, between corners, and what is left of a walk on them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from service_map.coverage._given import Floats, Whole

Flags = NDArray[np.bool_]


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
        east, north = (self.end - self.start).T
        length: Floats = np.sqrt(east * east + north * north)
        return length

    @cached_property
    def along(self) -> Floats:
        """Direction from start to end, shape (p, 2)."""
        along: Floats = (self.end - self.start) / self.length[:, None]
        return along

    def take(self, rows: Whole | Flags) -> "Pieces":
        """Give some of the pieces."""
        return Pieces(self.start[rows], self.end[rows], self.corner[rows], self.left[rows], self.cost[rows])

    def left_halfway(self) -> Floats:
        """Tell what is left in the middle of each piece, shape (p,)."""
        left: Floats = np.maximum(self.left[:, 0] - self.cost[:, 1] / 2, self.left[:, 1] - self.cost[:, 0] / 2)
        return left


def spread(count: Whole) -> tuple[Whole, Whole]:
    """Give the rows 0 … count - 1 of each group one after the other: the group of each, and the row in it."""
    group = np.repeat(np.arange(len(count)), count)
    return group, np.arange(len(group)) - np.repeat(np.cumsum(count) - count, count)


def changes(*columns: NDArray[np.generic]) -> Flags:
    """Flag the rows at which any of the columns is not what it was the row before, the first among them."""
    fresh = np.ones(len(columns[0]), dtype=np.bool_)
    if len(columns) == 1:
        np.not_equal(columns[0][1:], columns[0][:-1], out=fresh[1:])
    else:
        fresh[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return fresh


def swapped(some: Flags, *columns: Floats) -> Iterator[Floats]:
    """Give columns, two by two, with some of the rows of the one in the other."""
    # Faster by much than `numpy.where`, whose every choice the processor has to guess.
    at = np.arange(len(some))
    first, second = at + len(some) * some, at + len(some) * ~some
    for one, other in zip(columns[::2], columns[1::2], strict=True):
        both = np.concatenate((one, other))
        yield both.take(first)
        yield both.take(second)
