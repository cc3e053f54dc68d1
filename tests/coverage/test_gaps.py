"""Gap polygons have the true circles' area, add up to the area, and shrink with every facility."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from town import place, streets
from truth import flat

from service_map.coverage import circles, ellipsoid, gap, gap_on_foot, joined_circles, nearest, network, square_km, walk
from service_map.errors import InvalidParameterError

GEOD = Geod(ellps="WGS84")
COUNTY = shapely.box(112.2, 35.4, 112.6, 35.9)
spots = st.lists(st.tuples(st.floats(112.0, 112.8), st.floats(35.3, 36.0)), max_size=12)


@pytest.mark.parametrize("latitude", [-60, 0, 20, 35.5, 53])
@pytest.mark.parametrize("radius", [1, 300, 1000, 4999, 5001, 100_000])
def test_a_circle_stands_at_its_radius_on_the_ellipsoid_and_has_its_area(latitude, radius):
    (circle,) = circles([[112.9, latitude]], radius)
    corners = np.asarray(circle.exterior.coords)
    metres = GEOD.inv(np.full(len(corners), 112.9), np.full(len(corners), latitude), corners[:, 0], corners[:, 1])[2]
    # Each corner stands 0.02 % outside, so that the polygon has the circle's area.
    np.testing.assert_allclose(metres, radius * 1.000201, rtol=2e-6, atol=1e-6)
    assert square_km(circle) == pytest.approx(np.pi * radius**2 / 1e6, rel=3e-5)
    assert circle.exterior.is_ccw


def test_areas_agree_with_the_geodesic_polygon():
    ring = shapely.segmentize(COUNTY, 0.001)
    assert square_km(COUNTY) == pytest.approx(abs(GEOD.geometry_area_perimeter(ring)[0]) / 1e6, rel=1e-9)


def test_a_single_circle_inside_the_area_covers_its_own_area():
    answer = gap(COUNTY, [[112.4, 35.6]], 1000)
    assert answer.covered_km2 == pytest.approx(np.pi, rel=1e-6)
    assert answer.gap_km2 == pytest.approx(answer.area_km2 - np.pi, rel=1e-9)
    assert answer.share == pytest.approx(np.pi / answer.area_km2, rel=1e-6)
    assert (answer.facilities, answer.mended, answer.metres) == (1, False, 1000)


def test_the_covered_share_is_that_of_points_judged_by_the_geodesic():
    rng = np.random.default_rng(5)
    supply = rng.uniform((112.15, 35.35), (112.65, 35.95), (400, 2))
    answer = gap(COUNTY, supply, 1000)
    # Equal-area sample: uniform in longitude and in the sine of the latitude.
    low, high = np.sin(np.radians((35.4, 35.9)))
    points = np.column_stack(
        (rng.uniform(112.2, 112.6, 400_000), np.degrees(np.arcsin(rng.uniform(low, high, 400_000))))
    )
    inside = nearest(supply, points, metres=1000)[1] >= 0
    assert answer.share == pytest.approx(inside.mean(), abs=0.003)
    drawn = shapely.contains_xy(answer.covered, points[:, 0], points[:, 1])
    assert (drawn != inside).mean() < 0.001


def test_thousands_of_circles_are_drawn_coarser_but_cover_the_same_share():
    rng = np.random.default_rng(6)
    supply = rng.uniform((112.15, 35.35), (112.65, 35.95), (3_000, 2))
    answer = gap(COUNTY, supply, 500)
    fine = shapely.intersection(COUNTY, shapely.union_all(circles(supply, 500, vertices=512)))
    assert answer.share == pytest.approx(square_km(fine) / square_km(COUNTY), abs=0.0002)


def test_a_facility_outside_reaches_in_over_the_edge():
    lon, lat, _ = GEOD.fwd(112.2, 35.6, 270, 400)
    answer = gap(COUNTY, [[lon, lat]], 500)
    assert answer.facilities == 1
    assert 0 < answer.covered_km2 < np.pi * 0.25
    assert gap(COUNTY, [[lon, lat]], 399).covered_km2 == 0


def test_without_facilities_the_gap_is_the_whole_area():
    answer = gap(COUNTY, [], 1000)
    assert answer.share == 0
    assert answer.covered.is_empty
    assert answer.gap.equals(COUNTY)


def test_a_radius_wider_than_the_area_leaves_no_gap():
    answer = gap(COUNTY, [[112.4, 35.6]], 100_000)
    assert answer.share == 1
    assert answer.gap.is_empty
    assert answer.covered.equals(COUNTY)


@given(spots, spots, st.floats(50, 30_000))
@settings(max_examples=60, deadline=None)
def test_parts_add_up_and_more_facilities_never_cover_less(some, more, radius):
    first, second = gap(COUNTY, some, radius), gap(COUNTY, some + more, radius)
    for answer in (first, second):
        assert 0 <= answer.share <= 1
        assert square_km(answer.covered) + square_km(answer.gap) == pytest.approx(answer.area_km2, rel=1e-9)
    assert second.covered_km2 >= first.covered_km2 - 1e-6


@given(spots, st.floats(50, 5_000))
@settings(max_examples=30, deadline=None)
def test_tiles_of_an_area_add_up_to_the_untiled_answer(some, radius):
    whole = gap(COUNTY, some, radius)
    edges_x, edges_y = np.linspace(112.2, 112.6, 9), np.linspace(35.4, 35.9, 9)
    tiles = [
        gap(shapely.box(edges_x[i], edges_y[j], edges_x[i + 1], edges_y[j + 1]), some, radius).covered_km2
        for i in range(8)
        for j in range(8)
    ]
    assert sum(tiles) == pytest.approx(whole.covered_km2, abs=1e-6)


def test_a_polygon_that_crosses_itself_is_mended_and_the_answer_says_so():
    bow = shapely.Polygon([(112.2, 35.4), (112.6, 35.9), (112.6, 35.4), (112.2, 35.9)])
    answer = gap(bow, [[112.25, 35.6]], 1000)
    assert answer.mended
    assert answer.area_km2 == pytest.approx(square_km(COUNTY) / 2, rel=0.01)


@pytest.mark.parametrize(
    ("area", "says"),
    [
        (shapely.Polygon(), "not empty"),
        (shapely.Point(112.4, 35.6), "polygon"),
        (shapely.box(35.4, 112.2, 35.9, 112.6), "swapped"),
        (shapely.Polygon([(112.2, 35.4), (112.3, 35.4), (112.2, 35.4)]), "surface"),
    ],
)
def test_an_area_that_cannot_be_used_is_refused(area, says):
    with pytest.raises(InvalidParameterError, match=says) as error:
        gap(area, [[112.4, 35.6]], 1000)
    assert error.value.field == "area"


def test_circles_over_a_pole_or_the_antimeridian_are_refused():
    for centre in ((0, 89.999), (179.999, 0)):
        with pytest.raises(InvalidParameterError, match="antimeridian"):
            circles([centre], 1000)


@pytest.fixture(scope="module")
def walked_town():
    nodes, edges = streets(30, 30, seed=3, missing=0.2)
    rng = np.random.default_rng(1)
    area = shapely.box(*place([(-200, -200)])[0], *place([(3_200, 3_200)])[0])
    homes = place(rng.uniform(-190, 3_190, (40_000, 2)))
    return network(nodes, edges), area, place(rng.uniform(0, 2_900, (6, 2))), homes


class TestOnFoot:
    def test_the_covered_ground_is_that_whose_people_are_reached(self, walked_town):
        net, area, stock, homes = walked_town
        answer = gap_on_foot(area, stock, 700, net)
        reached = np.isfinite(walk(net, stock, homes, metres=700).metres)
        drawn = shapely.contains_xy(answer.covered, homes[:, 0], homes[:, 1])
        wrong = np.flatnonzero(reached != drawn)
        # Half discs of 12 corners and a seam of a centimetre: nobody is misjudged who lives a metre from the line, but
        # for those who live between two ways, of whom a few are given to the other.
        far = shapely.distance(shapely.boundary(answer.covered), shapely.points(homes[wrong])) * 111_320 >= 1
        assert len(wrong) < 80
        ways = shapely.linestrings(flat(net.lonlat)[net.ways.ends])
        away = np.sort(shapely.distance(shapely.points(flat(homes[wrong[far]]))[:, None], ways[None, :]), axis=1)
        assert (away[:, 1] - away[:, 0] < 20).all()
        assert answer.share == pytest.approx(reached.mean(), abs=0.01)
        assert square_km(answer.covered) + square_km(answer.gap) == pytest.approx(answer.area_km2, rel=1e-9)

    def test_it_lies_within_the_straight_line_and_grows_with_the_walk(self, walked_town):
        net, area, stock, _ = walked_town
        before = None
        for metres in (200, 500, 900):
            answer = gap_on_foot(area, stock, metres, net)
            straight = gap(area, stock, metres)
            assert square_km(shapely.difference(answer.covered, straight.covered)) < 1e-3
            if before is not None:
                assert square_km(shapely.difference(before.covered, answer.covered)) < 1e-6
            before = answer

    def test_a_place_known_less_well_covers_what_is_reached_wherever_it_stands(self, walked_town):
        net, area, stock, _ = walked_town
        answer = gap_on_foot(area, stock, 700, net, ahead=[300.0] * len(stock))
        assert answer.share == pytest.approx(gap_on_foot(area, stock, 400, net).share, abs=1e-9)
        assert gap_on_foot(area, stock, 700, net, ahead=[701.0] * len(stock)).share == 0

    def test_over_a_river_without_a_bridge_the_far_bank_is_not_covered(self):
        # Two streets 80 m apart that do not meet.
        near, far = ([(metres, y) for metres in range(0, 501, 20)] for y in (0, 80))
        nodes = place([*near, *far])
        edges = [(row + start, row + start + 1) for start in (0, 26) for row in range(25)]
        area = shapely.box(*place([(-100, -100)])[0], *place([(600, 200)])[0])
        answer = gap_on_foot(area, place([(0, 0)]), 400, network(nodes, edges))
        assert answer.covered.covers(shapely.Point(place([(200, 38)])[0]))
        assert not answer.covered.covers(shapely.Point(place([(200, 42)])[0]))

    def test_grounds_are_covered_themselves_and_without_ways_nothing_is(self, walked_town):
        net, area, stock, _ = walked_town
        park = shapely.Point(stock[0]).buffer(0.001)
        alone = gap_on_foot(area, [], 500, net, surfaces=[park])
        assert alone.covered_km2 == pytest.approx(square_km(park), rel=1e-6)
        nothing = gap_on_foot(area, stock, 500, network([], []))
        assert (nothing.share, nothing.covered.is_empty) == (0, True)


def test_each_facility_may_reach_by_a_radius_of_its_own():
    stock = [[112.3, 35.6], [112.5, 35.6], [112.4, 35.8]]
    answer = gap(COUNTY, stock, [1_000, 500, -3])
    assert answer.covered_km2 == pytest.approx(np.pi * 1.25, rel=1e-4)
    assert (answer.facilities, answer.metres) == (2, 1_000)
    for radii in ([1, 2], [1, 2, np.nan]):
        with pytest.raises(InvalidParameterError) as error:
            gap(COUNTY, stock, radii)
        assert error.value.field == "metres"


@pytest.mark.parametrize(("count", "metres"), [(0, 300.0), (1, 300.0), (400, 300.0), (400, 3000.0), (1_500, 1000.0)])
def test_circles_joined_by_squares_are_the_union_of_all_of_them(count, metres):
    centres = np.random.default_rng(count).random((count, 2)) * (0.4, 0.5) + (112.2, 35.4)
    joined = joined_circles(centres, np.full(count, metres))
    drawn = circles(centres, metres, vertices=ellipsoid.corners_of(count))
    assert shapely.area(shapely.symmetric_difference(joined, shapely.union_all(drawn))) < 1e-12
    assert shapely.is_valid(joined)


def test_one_circle_more_joins_its_own_square_alone():
    centres = np.random.default_rng(5).random((400, 2)) * (0.4, 0.5) + (112.2, 35.4)
    radii = np.full(len(centres), 300.0)
    joined_circles(centres, radii)
    before = ellipsoid._joined.cache_info().misses
    joined_circles(centres, radii)
    assert ellipsoid._joined.cache_info().misses == before
    joined_circles(np.vstack((centres, centres.mean(axis=0))), np.append(radii, 300.0))
    assert ellipsoid._joined.cache_info().misses == before + 1
