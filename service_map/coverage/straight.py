"""Who lies within reach in a straight line, where every facility may have a radius of its own.

Facility i covers a point when their distance d is at most its radius r_i. With R the greatest radius, that is
d² + (R² - r_i²) ≤ R²: the distance, in a fourth dimension, to the facility lifted by √(R² - r_i²). So one k-d tree in
four dimensions answers for all radii at once, and the certain and the possible reach of imprecise locations (r - u,
r + u) cost no more than the plain one. Whole blocks of neighbouring points are decided together where the triangle
inequality allows; what stands within a millimetre of a radius is decided by the geodesic.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from service_map.coverage import _given
from service_map.coverage._given import Floats, Whole
from service_map.coverage.distance import MEAN_RADIUS_M, ecef, metres_between, nearest

Flags = NDArray[np.bool_]

_BLOCKS = (256, 32)
# How many facilities a block's points are held against before the tree is asked point by point.
_RIVALS = 4
_DOUBT_M = 0.001
_MOST_EAST, _MOST_NORTH = 2**20 - 1, 2**32 - 1


@dataclass(frozen=True, slots=True)
class Cells:
    """Points laid out tile by tile and gathered in blocks, ready for many questions.

    Attributes
    ----------
    lonlat
        WGS 84 degrees, shape (n, 2), in the caller's order.
    xyz
        Earth-centred metres, shape (n, 3), in the caller's order.
    order
        Rows of `lonlat`, tile by tile.
    axes
        Earth-centred x, y and z in metres in that order, a block a row; the last point is repeated until the blocks
        are full.
    blocks
        For each block size the centre and the radius of every block.
    """

    lonlat: Floats
    xyz: Floats
    order: Whole
    axes: tuple[Floats, ...]
    blocks: tuple[tuple[Floats, Floats], ...]


def cells(lonlat: ArrayLike) -> Cells:
    """Prepare demand points for `covered`.

    Parameters
    ----------
    lonlat
        WGS 84 degrees, shape (n, 2), longitude first.

    Returns
    -------
    Cells

    Raises
    ------
    InvalidParameterError
        When a coordinate cannot be used.
    """
    points = _given.lonlat(lonlat, "demand")
    order = _tiled(points)
    xyz = ecef(points)
    laid = xyz[order]
    if len(laid):
        laid = np.concatenate((laid, np.broadcast_to(laid[-1], (-len(laid) % _BLOCKS[0], 3))))
    axes = tuple(np.ascontiguousarray(laid[:, axis]).reshape(-1, _BLOCKS[1]) for axis in range(3))
    return Cells(points, xyz, order, axes, tuple(_block(laid, size) for size in _BLOCKS))


def _tiled(points: Floats) -> Whole:
    """Order points so that each run of a block's size lies close together, full blocks first.

    Strips of equal number from south to north, each from west to east (Leutenegger, Lopez and Edgington, STR: a simple
    and efficient algorithm for R-tree packing, ICDE 1997), and each half of a block once more from south to north.
    """
    count = len(points)
    if not count:
        return np.empty(0, dtype=np.int64)
    east, north = (_scaled(points[:, axis], most) for axis, most in enumerate((_MOST_EAST, _MOST_NORTH)))
    strips = max(1, round(np.sqrt(count / _BLOCKS[0])))
    strip = np.empty(count, dtype=np.uint32)
    strip[np.argsort(north)] = (np.arange(count) // (-(-count // (strips * _BLOCKS[0])) * _BLOCKS[0])).astype(np.uint32)
    order = np.argsort(strip << np.uint32(20) | east)
    half = _BLOCKS[0] // 2
    # What fills the last block up goes to its very end, behind whatever lies farthest north.
    filled = np.concatenate((north[order], np.full(-count % half, _MOST_NORTH, dtype=np.uint32))).reshape(-1, half)
    inner = np.argsort(filled, axis=1, kind="stable")
    inner += np.arange(len(inner))[:, None] * half
    return order[inner.ravel()[:count]].astype(np.int64)


def _scaled(values: Floats, most: int) -> NDArray[np.uint32]:
    low = values.min()
    scaled: NDArray[np.uint32] = ((values - low) * (most / max(values.max() - low, 1e-12))).astype(np.uint32)
    return scaled


def _block(xyz: Floats, size: int) -> tuple[Floats, Floats]:
    members = xyz.reshape(-1, size, 3)
    centre = np.einsum("ijk->ik", members) / size
    away = members - centre[:, None]
    return centre, np.sqrt(np.einsum("ijk,ijk->ij", away, away).max(axis=1, initial=0.0))


def covered(facilities: ArrayLike, demand: ArrayLike | Cells, metres: ArrayLike) -> Flags:
    """Tell for every demand point whether some facility reaches it in a straight line.

    Parameters
    ----------
    facilities
        WGS 84 degrees, shape (m, 2), longitude first.
    demand
        WGS 84 degrees, shape (n, 2), or `Cells` made of them, which spares the preparation when asked again.
    metres
        One radius, or one for each facility, shape (m,); a facility of radius 0 or less reaches nobody.

    Returns
    -------
    ndarray of bool, shape (n,)
        In the order of the demand; exactly what the geodesic says.

    Raises
    ------
    InvalidParameterError
        When a coordinate or a radius cannot be used.
    """
    prepared = demand if isinstance(demand, Cells) else cells(demand)
    answer = np.empty(len(prepared.lonlat), dtype=np.bool_)
    answer[prepared.order] = along_curve(facilities, prepared, metres)
    return answer


def along_curve(facilities: ArrayLike, prepared: Cells, metres: ArrayLike) -> Flags:
    """Tell the same as `covered`, in the order of `Cells.order`.

    Parameters
    ----------
    facilities, metres
        As in `covered`.
    prepared
        From `cells`.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    InvalidParameterError
        As in `covered`.
    """
    supply = _given.lonlat(facilities, "facilities")
    radii = np.asarray(metres, dtype=np.float64)
    radii = np.broadcast_to(radii, (len(supply),)) if radii.ndim == 0 else radii
    if radii.shape != (len(supply),):
        _given.amounts(radii, len(supply), "metres")
    if len(radii):
        _given.radius(max(float(np.max(radii)), 1.0) if np.isfinite(radii).all() else np.nan)
    kept = np.flatnonzero(radii > 0)
    if not len(kept) or not len(prepared.lonlat):
        return np.zeros(len(prepared.lonlat), dtype=np.bool_)
    return _covered(supply[kept], np.asarray(radii[kept]), prepared)


def nearest_cells(facilities: ArrayLike, prepared: Cells, metres: float) -> tuple[Floats, Whole]:
    """Find the nearest facility of points made ready, as `nearest` does, leaving out whole blocks beyond the bound.

    Parameters
    ----------
    facilities
        WGS 84 degrees, shape (m, 2), longitude first.
    prepared
        From `cells`.
    metres
        Look no farther than this.

    Returns
    -------
    metres : ndarray of float64, shape (n,)
    index : ndarray of int64, shape (n,)
        In the order of the demand, to the last bit those of `nearest`.

    Raises
    ------
    InvalidParameterError
        When a coordinate or `metres` cannot be used.
    """
    supply, limit = _given.lonlat(facilities, "facilities"), _given.radius(metres)
    away, index = np.full(len(prepared.lonlat), np.inf), np.full(len(prepared.lonlat), -1, dtype=np.int64)
    if not len(supply) or not len(away):
        return away, index
    tree = cKDTree(ecef(supply))
    near = np.zeros(1, dtype=np.int64)
    parts = len(prepared.blocks[0][0])
    for level, (centre, spread) in enumerate(prepared.blocks):
        near = (near[:, None] * parts + np.arange(parts)).ravel()
        # A chord is never longer than its arc: what lies beyond the bound by its chord lies beyond it.
        bound = limit + _DOUBT_M + float(spread[near].max(initial=0.0))
        chord, _ = tree.query(centre[near], distance_upper_bound=bound)
        near = near[chord - spread[near] <= limit + _DOUBT_M]
        parts = _BLOCKS[level] // _BLOCKS[level + 1] if level + 1 < len(_BLOCKS) else _BLOCKS[level]
    place = (near[:, None] * parts + np.arange(parts)).ravel()
    rows = prepared.order[place[place < len(prepared.order)]]
    away[rows], index[rows] = nearest(supply, prepared.lonlat[rows], metres=limit)
    return away, index


def _covered(supply: Floats, radii: Floats, prepared: Cells) -> Flags:
    # The chord of an arc on a sphere: the curvature of the ellipsoid differs by at most 0.7 %, and the arc exceeds the
    # chord by r³/24R², so the chord is right to 0.0003 r³/R² (0.06 mm at 20 km); three times that is in doubt.
    chords = 2 * MEAN_RADIUS_M * np.sin(radii / 2 / MEAN_RADIUS_M)
    greatest = float(chords.max())
    lifted = np.column_stack((ecef(supply), np.sqrt(np.maximum(greatest**2 - chords**2, 0))))
    if (chords == greatest).all():
        lifted = lifted[:, :3]  # one radius for all needs no fourth dimension
    slack = _DOUBT_M + 0.001 * greatest * (greatest / MEAN_RADIUS_M) ** 2
    known = np.zeros(prepared.axes[0].size, dtype=np.bool_)
    search = _Search(cKDTree(lifted), lifted, greatest, slack, known)
    coarse, _, _ = _sift(search, prepared, 0, np.arange(len(prepared.blocks[0][0])))
    finer = _BLOCKS[0] // _BLOCKS[1]
    fine = (coarse[:, None] * finer + np.arange(finer)).ravel()
    doubtful = _by_rivals(search, prepared, *_sift(search, prepared, 1, fine))
    known = known[: len(prepared.order)]
    for row in doubtful[doubtful < len(known)]:
        known[row] = bool((metres_between(prepared.lonlat[prepared.order[row]][None], supply) <= radii).any())
    return known


@dataclass(frozen=True, slots=True)
class _Search:
    tree: cKDTree
    lifted: Floats
    greatest: float
    slack: float
    known: Flags  # filled as blocks and points are decided, in the order of the curve

    def flat(self, xyz: Floats) -> Floats:
        return xyz if self.lifted.shape[1] == 3 else np.column_stack((xyz, np.zeros(len(xyz))))


def _sift(search: _Search, prepared: Cells, level: int, blocks: Whole) -> tuple[Whole, Floats, Whole]:
    """Mark the blocks that lie inside whole; give the others, with their nearest facilities and how near they are."""
    centre, spread = prepared.blocks[level]
    rivals = list(range(1, _RIVALS + 1)) if level == len(_BLOCKS) - 1 else [1]
    limit = search.greatest + search.slack + (float(spread[blocks].max()) if len(blocks) else 0.0)
    lift, index = search.tree.query(search.flat(centre[blocks]), k=rivals, distance_upper_bound=limit)
    inside = lift[:, 0] + spread[blocks] < search.greatest - search.slack
    unsure = (lift[:, 0] - spread[blocks] <= search.greatest + search.slack) & ~inside
    search.known.reshape(-1, _BLOCKS[level])[blocks[inside]] = True
    return blocks[unsure], lift[unsure] - spread[blocks[unsure], None], index[unsure]


def _by_rivals(search: _Search, prepared: Cells, blocks: Whole, near: Floats, index: Whole) -> Whole:
    """Decide points against the few facilities that may reach their block; give the rows still in doubt."""
    size = _BLOCKS[-1]
    x, y, z = (axis[blocks] for axis in prepared.axes)
    best = np.full(x.shape, np.inf)
    for rank in range(_RIVALS):
        rows = np.flatnonzero(near[:, rank] <= search.greatest + search.slack)
        if not len(rows):
            break
        every = len(rows) == len(blocks)
        away = search.lifted[index[rows, rank]]
        square = np.zeros((len(rows), size)) if away.shape[1] == 3 else np.repeat(away[:, 3:] ** 2, size, axis=1)
        for axis, values in enumerate((x, y, z)):
            step = (values if every else values[rows]) - away[:, axis, None]
            step *= step
            square += step
        if every:
            np.minimum(best, square, out=best)
        else:
            best[rows] = np.minimum(best[rows], square)
    lift = np.sqrt(best, out=best)
    # Where even the last rival asked for may reach the block, others may too: ask the tree for those still open.
    crowded = (near[:, -1] <= search.greatest + search.slack)[:, None] & (lift > search.greatest - search.slack)
    if crowded.any():
        asked = np.stack((x[crowded], y[crowded], z[crowded]), axis=1)
        lift[crowded], _ = search.tree.query(search.flat(asked))
    search.known.reshape(-1, size)[blocks] = lift <= search.greatest
    at, member = np.nonzero(np.abs(lift - search.greatest) <= search.slack)
    return blocks[at] * size + member
