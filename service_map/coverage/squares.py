"""A plane in squares, and boxes found by the square that the middle of each lies in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service_map.coverage._given import Floats, Whole
from service_map.coverage.plane import spread

_MOST = 40_000_000
_MOST_KEPT = 4_000_000


@dataclass(frozen=True, slots=True)
class Squares:
    """Square cells over some ground: the south-western corner, metres, the length of a side, and how many each way."""

    corner: Floats
    side: float
    shape: tuple[int, int]

    @classmethod
    def over(cls, spots: Floats, side: float, most: int = _MOST) -> "Squares":
        """Lay them over spots, shape (n, 2), but no more than a number."""
        low, high = (np.array([edge(of) for of in spots.T]) for edge in (np.min, np.max))
        # Large ground is marked in larger cells: more is then taken for near.
        side = max(side, float(np.sqrt(np.prod(high - low + side) / most)))
        columns, rows = np.ceil((high - low) / side).astype(int) + 1
        return cls(low, side, (int(columns), int(rows)))

    def of(self, spots: Floats) -> Whole:
        """Give the column and row of the cell of each spot, shape (n, 2); spots beyond are of the nearest cell."""
        cell: Whole = ((spots - self.corner) / self.side).astype(np.int64)
        return np.clip(cell, 0, np.array(self.shape) - 1, out=cell)

    def marked(self, spots: Floats, reach: float = 0.0) -> NDArray[np.bool_]:
        """Mark the cells that hold a spot, and those as near to them as that, each way."""
        cells = np.zeros(self.shape, dtype=np.bool_)
        cells[tuple(self.of(spots).T)] = True
        for axis in (0, 1):
            cells = np.swapaxes(cells, 0, axis)
            grown = cells.copy()
            for step in range(1, int(np.ceil(reach / self.side)) + 1):
                grown[step:] |= cells[:-step]
                grown[:-step] |= cells[step:]
            cells = np.swapaxes(grown, 0, axis)
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
        squares = Squares.over(middle, side, _MOST_KEPT)
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
        line = (from_row.take(other) + step) * self.squares.shape[0]
        first = self.first.take(line + from_column.take(other))
        found, step = spread(self.first.take(line + to_column.take(other) + 1) - first)
        at, other = first.take(found) + step, other.take(found)
        (west, south), (east, north) = low.T, high.T
        some = (self.west.take(at) <= east.take(other)) & (self.east.take(at) >= west.take(other))
        some &= (self.south.take(at) <= north.take(other)) & (self.north.take(at) >= south.take(other))
        kept = np.flatnonzero(some)
        return other.take(kept), self.row.take(at.take(kept))
