"""A plane in squares, and boxes found by the square that the middle of each lies in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service_map.coverage._given import Floats, Whole
from service_map.coverage.plane import Flags, spread

_MOST = 40_000_000


@dataclass(frozen=True, slots=True)
class Squares:
    """Square cells over some ground: the south-western corner, metres, the length of a side, and how many each way."""

    corner: Floats
    side: float
    shape: tuple[int, int]

    @classmethod
    def over(cls, spots: Floats, side: float) -> "Squares":
        """Lay them over spots, shape (n, 2)."""
        low, high = (np.array([edge(of) for of in spots.T]) for edge in (np.min, np.max))
        # Large ground is marked in larger cells: more is then taken for near.
        side = max(side, float(np.sqrt(np.prod(high - low + 1) / _MOST)))
        columns, rows = np.ceil((high - low) / side).astype(int) + 1
        return cls(low, side, (int(columns), int(rows)))

    def of(self, spots: Floats) -> Whole:
        """Give the column and row of the cell of each spot, shape (n, 2); spots beyond are of the nearest cell."""
        cell: Whole = ((spots - self.corner) / self.side).astype(np.int64)
        return np.clip(cell, 0, np.array(self.shape) - 1, out=cell)

    def marked(self, spots: Floats) -> NDArray[np.bool_]:
        """Mark the cells that hold a spot."""
        cells = np.zeros(self.shape, dtype=np.bool_)
        cells[tuple(self.of(spots).T)] = True
        return cells


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes in a plane, made ready to be found; a tree would need each as an object.

    Attributes
    ----------
    row
        Of each, in the order of the others, shape (n,).
    west, south, east, north
        Their edges, metres, shape (n,).
    squares
        By which they are found.
    first
        The first of each square, by row and in it by column, and how many there are.
    half
        The greatest of half their widths and of half their heights, shape (2,).
    """

    row: Whole
    west: Floats
    south: Floats
    east: Floats
    north: Floats
    squares: Squares
    first: Whole
    half: Floats

    @classmethod
    def of(cls, low: Floats, high: Floats, side: float) -> "Boxes":
        """Make them of their corners, shape (n, 2), with squares of so many metres."""
        middle = (low + high) / 2
        squares = Squares.over(middle, side)
        column, row = squares.of(middle).T
        columns, rows = squares.shape
        square = row * columns + column
        order = np.argsort(square)
        first = np.concatenate(([0], np.cumsum(np.bincount(square, minlength=columns * rows))))
        half = ((high - low) / 2).max(axis=0)
        (west, south), (east, north) = np.ascontiguousarray(low[order].T), np.ascontiguousarray(high[order].T)
        return cls(order, west, south, east, north, squares, first, half)

    def meeting(self, low: Floats, high: Floats) -> tuple[Whole, Whole]:
        """Find those that meet others, shape (m, 2): the row of the other, ascending, and the row of each."""
        (from_column, from_row), (to_column, to_row) = (
            self.squares.of(low - self.half).T,
            self.squares.of(high + self.half).T,
        )
        other, step = spread(to_row - from_row + 1)
        line = (from_row[other] + step) * self.squares.shape[0]
        first = self.first[line + from_column[other]]
        found, step = spread(self.first[line + to_column[other] + 1] - first)
        at, other = first[found] + step, other[found]
        (west, south), (east, north) = low.T, high.T
        kept = (self.west[at] <= east[other]) & (self.east[at] >= west[other])
        kept &= (self.south[at] <= north[other]) & (self.north[at] >= south[other])
        return other[kept], self.row[at[kept]]


def holding(spots: Floats, low: Floats, far: Floats, side: float) -> Flags:
    """Flag boxes that may hold a spot."""
    cells = Squares.over(np.concatenate((spots, low, far)), side)
    # Sums over all cells to the south-west tell how many are marked in a box.
    sums = np.zeros((cells.shape[0] + 1, cells.shape[1] + 1), dtype=np.int32)
    np.cumsum(cells.marked(spots), axis=0, out=sums[1:, 1:])
    np.cumsum(sums, axis=1, out=sums)
    (west, south), (east, north) = cells.of(low).T, cells.of(far).T + 1
    held: Flags = (sums[east, north] - sums[west, north] - sums[east, south] + sums[west, south]) > 0
    return held
