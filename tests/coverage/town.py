"""A small town made of numbers, shared by the tests of this folder."""

import numpy as np
from pyproj import Geod

GEOD = Geod(ellps="WGS84")
WEST, SOUTH = 112.5, 35.3


def place(xy):
    """Degrees of points given in metres east and north of the town's corner, near enough for a made-up town."""
    xy = np.asarray(xy, dtype=float).reshape(-1, 2)
    return np.column_stack((WEST + xy[:, 0] / 111_320 / np.cos(np.radians(SOUTH)), SOUTH + xy[:, 1] / 111_000))


def geodesic(one, other):
    """Metres of all pairs, (len(one), len(other))."""
    one, other = np.asarray(one), np.asarray(other)
    a, b = np.repeat(one, len(other), axis=0), np.tile(other, (len(one), 1))
    return GEOD.inv(a[:, 0], a[:, 1], b[:, 0], b[:, 1])[2].reshape(len(one), len(other))


def streets(rows, columns, *, step=100.0, missing=0.1, seed=0):
    """Nodes and edges of a jittered street grid, some streets missing."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(columns), np.arange(rows))
    nodes = place(np.column_stack((x.ravel(), y.ravel())) * step + rng.normal(0, step / 8, (rows * columns, 2)))
    number = np.arange(rows * columns).reshape(rows, columns)
    edges = np.concatenate(
        (
            np.column_stack((number[:, :-1].ravel(), number[:, 1:].ravel())),
            np.column_stack((number[:-1].ravel(), number[1:].ravel())),
        )
    )
    return nodes, edges[rng.random(len(edges)) >= missing]
