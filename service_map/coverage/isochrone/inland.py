"""Ways deep inside reached ground, told from the others without a ray, by the blocks on either side of them."""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from service_map.coverage._given import Floats, Whole
from service_map.coverage.plane import Flags, Pieces, changes
from service_map.coverage.squares import Squares

# Half as wide, at the most, are the blocks that are looked at; as a share of the limit.
_NARROW = 0.7
# A piece is asked for at so many places, and the ground marked in squares as far apart as these may be.
_PLACES = np.linspace(0.0, 1.0, 5)
_LEAST_ANGLE = 1e-9


def near(pieces: Pieces, some: Flags, metres: float) -> Flags:
    """Flag pieces that may lie within some metres of some of them, and those themselves.

    Parameters
    ----------
    pieces
        All.
    some
        Flags of some, shape (p,).
    metres
        How near.

    Returns
    -------
    ndarray of bool, shape (p,)
    """
    spots = np.stack((pieces.start, (pieces.start + pieces.end) / 2, pieces.end))
    cells = Squares.over(spots.reshape(-1, 2), metres / 2)
    # A spot stands within a quarter of its piece's length of all of it.
    reach = metres + float(pieces.length.max(initial=0.0)) / 2
    marked = cells.marked(spots[:, some].reshape(-1, 2), reach)
    column, row = np.moveaxis(cells.of(spots.reshape(-1, 2)).reshape(3, -1, 2), -1, 0)
    flags: Flags = np.logical_or.reduce(marked[column, row])
    return flags


def inland(pieces: Pieces, limit: float) -> Flags:
    """Flag the sides of pieces on which no reached ground ends.

    Parameters
    ----------
    pieces
        All ways.
    limit
        Metres beyond which nobody steps onto a way.

    Returns
    -------
    ndarray of bool, shape (p, 2)
        Left and right. Not all that there are: those of a block, closed by ways, whose box is narrow and holds no way
        of which less is left than it is wide. An empty circle that touches a way from within a block lies in the block.
    """
    room = _NARROW * limit
    lowest = _lowest(pieces)
    high, flags = np.flatnonzero(lowest >= room), np.zeros((len(lowest), 2), dtype=np.bool_)
    if not len(high):
        return flags
    block, low, far, inside = _blocks(pieces, high)
    narrow = inside & (np.minimum(*(far - low).T) <= 2 * room)
    above = np.zeros(len(lowest), dtype=np.bool_)
    above[high] = True
    others = np.flatnonzero(near(pieces, above, 2 * room) & ~above)
    start, step = pieces.start[others], (pieces.end - pieces.start)[others]
    spots = (start[:, None, :] + _PLACES[:, None] * step[:, None, :]).reshape(-1, 2)
    apart = float(pieces.length.max()) / (len(_PLACES) - 1)
    narrow &= ~_holding(spots, low - apart / 2, far + apart / 2, apart)
    flags[high] = narrow[block]
    return flags


def _lowest(pieces: Pieces) -> Floats:
    """Tell the least that is left anywhere on each piece: where those who come from either end meet."""
    (start, end), (forth, back) = pieces.left.T, pieces.cost.T
    with np.errstate(invalid="ignore"):
        meeting = np.clip((start - end + forth) / (forth + back), 0.0, 1.0)
        lowest = np.maximum(start - meeting * back, end - (1 - meeting) * forth)
        lowest = np.where(np.isinf(back), end - forth, np.where(np.isinf(forth), start - back, lowest))
    return np.where(np.isnan(lowest), -np.inf, lowest)


def _blocks(pieces: Pieces, rows: Whole) -> tuple[Whole, Floats, Floats, Flags]:
    """Follow the ways around the blocks that they close.

    Returns the block on the left and on the right of each piece, shape (r, 2); and of each block its box, shape (b, 2)
    each, and whether it is within its ways and not around them.
    """
    # Way 2i leads along the i-th piece and way 2i + 1 back; each has a block on its left.
    count = 2 * len(rows)
    spot = np.stack((pieces.start[rows], pieces.end[rows]), axis=1).reshape(-1, 2)
    along = pieces.along[rows]
    corner = pieces.corner[rows].ravel()
    angle = np.arctan2(*np.stack((along, -along), axis=1).reshape(-1, 2).T[::-1])
    order = np.argsort(8.0 * corner + angle)
    opens = np.flatnonzero(changes(corner[order]))
    before = np.arange(count) - 1
    before[opens] = np.append(opens[1:], count) - 1
    clockwise = np.empty(count, dtype=np.int64)
    clockwise[order] = order[before]
    back = np.arange(count) ^ 1
    onward = clockwise[back]
    links = csr_array((np.ones(count, dtype=np.int8), onward, np.arange(count + 1)), shape=(count, count))
    blocks, block = connected_components(links, directed=True, connection="weak")
    low, far = np.full((blocks, 2), np.inf), np.full((blocks, 2), -np.inf)
    np.minimum.at(low, block, spot)
    np.maximum.at(far, block, spot)
    x, y = (spot - spot.mean(axis=0)).T
    area = np.bincount(block, x * y[back] - x[back] * y, minlength=blocks)
    # Around what lies within them ways turn once; where they cross each other, or lie on one another, they do not.
    corner_angle = np.mod(angle[back] - angle[onward], 2 * np.pi)
    corner_angle[corner_angle < _LEAST_ANGLE] = 2 * np.pi
    turned = np.bincount(block, np.pi - corner_angle, minlength=blocks)
    inside = (area > 0) & (np.abs(turned - 2 * np.pi) < 1.0)
    return block.reshape(-1, 2).astype(np.int64), low, far, inside


def _holding(spots: Floats, low: Floats, far: Floats, side: float) -> Flags:
    """Flag boxes that may hold a spot."""
    cells = Squares.over(np.concatenate((spots, low, far)), side)
    # Sums over all cells to the south-west tell how many are marked in a box.
    sums = np.zeros((cells.shape[0] + 1, cells.shape[1] + 1), dtype=np.int32)
    np.cumsum(cells.marked(spots), axis=0, out=sums[1:, 1:])
    np.cumsum(sums, axis=1, out=sums)
    (west, south), (east, north) = cells.of(low).T, cells.of(far).T + 1
    held: Flags = (sums[east, north] - sums[west, north] - sums[east, south] + sums[west, south]) > 0
    return held
