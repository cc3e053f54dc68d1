"""Parks and trails are measured from their edge or line, never from their centre."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from service_map.coverage import _given
from service_map.coverage._given import Floats, Whole
from service_map.errors import InvalidParameterError

SPACING_M = 10.0
"""Metres between the points that stand for an edge."""

# Metres of a degree of latitude at its longest and of longitude at the equator: no step comes out longer than asked.
_DEGREE_M = 111_700.0


def along(geometries: Sequence[BaseGeometry], *, spacing: float = SPACING_M) -> tuple[Floats, Whole]:
    """Lay points along lines and edges, so that distances are measured from there.

    Parameters
    ----------
    geometries
        Points, lines and polygons in WGS 84. Who stands inside a polygon is a distance from its edge away all the same;
        test that apart (`shapely.contains_xy`).
    spacing
        Most metres from one point to the next. A distance d comes out too long by at most spacing² / 8d, and by at
        most half the spacing beside the line itself.

    Returns
    -------
    lonlat : ndarray of float64, shape (n, 2)
        WGS 84 degrees.
    owner : ndarray of int64, shape (n,)
        Row of the geometry each belongs to.

    Raises
    ------
    InvalidParameterError
        When a geometry is empty, a coordinate or `spacing` cannot be used.
    """
    step = _given.radius(spacing, "spacing") / _DEGREE_M
    shapes = np.asarray(geometries, dtype=object)
    if len(shapes) and (shapely.is_missing(shapes) | shapely.is_empty(shapes)).any():
        raise InvalidParameterError("geometries", "含有空几何", "holds an empty geometry")
    lonlat, owner = shapely.get_coordinates(shapely.segmentize(shapes, step), return_index=True)
    return _given.lonlat(lonlat, "geometries"), owner.astype(np.int64)
