"""What is known to an area only is as near as that area at its nearest point: not as its seat less a radius."""

from functools import cache

import pytest
import shapely
from pyproj import Geod, Transformer

from service_map.analysis import least_away
from service_map.store import FacilityFilter, queries

GEOD = Geod(ellps="WGS84")
QINSHUI = (112.1867, 35.6899)  # in its county town
BORDER_M = 1_000.0
EAST = (112.80, 35.69)  # 泽州县, some kilometres beyond the border


@cache
def _plane(point):
    return Transformer.from_crs(4326, f"+proj=aeqd +lon_0={point[0]} +lat_0={point[1]} +ellps=WGS84", always_xy=True)


def to_polygon(shape, point):
    """Metres from a point to a polygon, in a plane that keeps distances from that point."""
    return shapely.distance(shapely.Point(0, 0), shapely.transform(shape, _plane(point).transform, interleaved=False))


def in_county(ground, point, adcode="140521"):
    found = queries.facilities(ground.conn, FacilityFilter(area=adcode, precision="county"), limit=20).items
    return [(item, GEOD.inv(*point, item.lon, item.lat)[2]) for item in found]


def test_within_its_county_it_may_stand_right_here(ground):
    found = in_county(ground, QINSHUI)
    assert found
    assert least_away(ground, *QINSHUI, found) == [0.0] * len(found)


def test_beyond_the_border_it_is_as_far_as_the_border(ground):
    found = in_county(ground, EAST)
    edge = to_polygon(ground.ground_of(("140521",)), EAST)
    assert edge > 5_000
    by_radius = max(max(metres - item.uncertainty_m, 0) for item, metres in found)
    for low in least_away(ground, *EAST, found):
        assert max(by_radius, 0.95 * (edge - BORDER_M)) <= low <= edge


def test_what_has_a_place_is_bounded_by_its_own_uncertainty_alone(ground):
    placed = queries.facilities(ground.conn, FacilityFilter(precision="site"), limit=20).items
    found = [(item, GEOD.inv(*EAST, item.lon, item.lat)[2]) for item in placed]
    assert found
    assert least_away(ground, *EAST, found) == pytest.approx(
        [max(metres - item.uncertainty_m, 0) for item, metres in found]
    )
