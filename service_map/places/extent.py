"""How far an area reaches from the point that stands for it: the uncertainty of everything known only to that area."""

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

_GEOD = Geod(ellps="WGS84")
CELL_FACTOR = 1.75
"""What a Voronoi cell's reach is multiplied by, because an area is rarely its cell. Measured where the truth is known,
on 2,703 counties among their city's counties: the true reach is within 1.75 times the cell's in 97 of 100 (median
1.0)."""


def farthest(point: tuple[float, float], geometry: BaseGeometry) -> float:
    """Measure the geodesic distance from a point to the farthest point of an area.

    Distance from a fixed point is convex along an edge, so the farthest point of a polygon is one of its vertices.

    Parameters
    ----------
    point
        Longitude and latitude, WGS 84 degrees.
    geometry
        Polygon or multipolygon, WGS 84 degrees, not empty.

    Returns
    -------
    float
        Metres on the WGS 84 ellipsoid.
    """
    vertices = shapely.get_coordinates(geometry)
    n = len(vertices)
    metres = _GEOD.inv(np.full(n, point[0]), np.full(n, point[1]), vertices[:, 0], vertices[:, 1])[2]
    return float(np.max(metres))


def cell_radii(lonlat: NDArray[np.float64], area: BaseGeometry) -> NDArray[np.float64]:
    """Estimate how far each of several neighbouring areas without a boundary reaches from its own seat.

    Each seat's Voronoi cell among all seats, clipped to the area that holds them, stands for its unknown boundary; the
    estimate is `CELL_FACTOR` times the distance from the seat to the farthest point of its cell.

    Parameters
    ----------
    lonlat
        Seats, WGS 84 degrees, shape (n, 2), all inside the area.
    area
        The area that the n areas fill together, WGS 84 degrees.

    Returns
    -------
    numpy.ndarray
        Metres, shape (n,). No estimate is larger than the distance from the seat to the farthest point of the area.
    """
    # Squeezed longitudes make the cells' edges the true perpendicular bisectors to within this area's height.
    squeeze = float(np.cos(np.radians(lonlat[:, 1].mean())))
    seats = lonlat * [squeeze, 1.0]
    outline = shapely.transform(area, lambda xy: xy * [squeeze, 1.0])
    reach = np.array([farthest((x, y), area) for x, y in lonlat.tolist()])
    if len(seats) == 1:
        return reach
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seats), extend_to=outline))
    tree = shapely.STRtree(cells)
    estimates = np.empty(len(seats))
    for i, seat in enumerate(seats):
        cell = cells[tree.nearest(shapely.Point(seat))]
        clipped = shapely.transform(shapely.intersection(cell, outline), lambda xy: xy / [squeeze, 1.0])
        estimates[i] = farthest((float(lonlat[i, 0]), float(lonlat[i, 1])), clipped)
    reached: NDArray[np.float64] = np.minimum(estimates * CELL_FACTOR, reach)
    return reached
