"""A park is measured from its edge and a trail from its line, by every question alike."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from town import geodesic, place, streets

from service_map.catalogue import rules
from service_map.coverage import (
    along,
    candidates,
    cells,
    check,
    completeness,
    edge_pairs,
    gap,
    inside,
    lay_out,
    nearest_edge,
    network,
    points,
    served,
    square_km,
)
from service_map.errors import InvalidParameterError

# A park of 600 by 400 m, and a trail of 1 km.
PARK = shapely.Polygon(place([(1_000, 1_000), (1_600, 1_000), (1_600, 1_400), (1_000, 1_400)]))
TRAIL = shapely.LineString(place([(3_000, 0), (4_000, 0)]))
STOCK = candidates(
    place([(1_300, 1_200), (3_500, 0), (0, 0)]), ["park_green", "trail", "park_green"], shape=[PARK, TRAIL, None],
    id=["park", "trail", "point"],
)  # fmt: skip


def from_edge(demand):
    """Metres to each of the three, by the geodesic to points a metre apart; 0 inside the park."""
    each = []
    for shape in (PARK.exterior, TRAIL):
        edge = shapely.get_coordinates(shapely.segmentize(shape, 1 / 111_700))
        each.append(geodesic(demand, edge).min(axis=1))
    each[0][shapely.contains_xy(PARK, demand[:, 0], demand[:, 1])] = 0
    return np.stack([*each, geodesic(demand, STOCK.lonlat[2:])[:, 0]], axis=1)


@pytest.fixture(scope="module")
def crowd():
    return place(np.random.default_rng(4).uniform((-500, -500), (5_000, 2_500), (800, 2)))


@pytest.fixture(scope="module")
def truth(crowd):
    return from_edge(crowd)


def test_the_nearest_is_measured_from_edge_line_or_point(crowd, truth):
    away, index = nearest_edge(STOCK, crowd)
    np.testing.assert_allclose(away, truth.min(axis=1), atol=5)
    assert (index == truth.argmin(axis=1)).mean() > 0.99
    assert (away[shapely.contains_xy(PARK, crowd[:, 0], crowd[:, 1])] == 0).all()


@pytest.mark.parametrize("radius", [100, 300, 1_000])
def test_who_is_served_is_who_lives_within_the_radius_of_the_edge(crowd, truth, radius):
    truth = truth.min(axis=1)
    flags = served(points(crowd, 1), STOCK, radius).located
    wrong = flags != (truth <= radius)
    # Points ten metres apart stand for an edge: what they miss lies within 10²/8r of the radius.
    assert (np.abs(truth[wrong] - radius) <= 100 / 8 / radius + 0.02).all()
    assert not (flags & (truth > radius + 0.02)).any()
    assert (
        flags.sum() > served(points(crowd, 1), candidates(STOCK.lonlat, STOCK.category.tolist()), radius).located.sum()
    )


def test_a_ground_farther_across_than_the_radius_covers_its_middle_too():
    heart = place([(1_300, 1_200)])
    assert served(points(heart, 1), STOCK, 100).located.tolist() == [True]
    assert inside(lay_out(STOCK), heart).tolist() == [True]
    assert inside(lay_out(STOCK), heart, among=np.array([False, True, True])).tolist() == [False]


def test_the_edge_has_an_uncertainty_of_its_own():
    stock = candidates(place([(1_300, 1_200)]), ["park_green"], uncertainty_m=50, shape=[PARK])
    homes = points(place([(1_300, 1_400 + metres) for metres in (240, 270, 340, 370)]), 1)
    answer = served(homes, stock, 300)
    assert answer.certain.tolist() == [True, False, False, False]
    assert answer.located.tolist() == [True, True, False, False]
    assert answer.possible.tolist() == [True, True, True, False]


def test_the_gap_leaves_the_park_and_what_lies_about_it():
    area = shapely.box(*place([(0, 0)])[0], *place([(2_600, 2_400)])[0])
    laid = lay_out(candidates(place([(1_300, 1_200)]), ["park_green"], shape=[PARK]))
    answer = gap(area, laid.lonlat, 100, surfaces=laid.surfaces)
    # The park, a strip of 100 m along its sides and a quarter circle at each corner.
    expected = square_km(PARK) + 2 * 0.1 * (0.6 + 0.4) + np.pi * 0.01
    assert answer.covered_km2 == pytest.approx(expected, rel=0.003)
    assert answer.covered.contains(shapely.Point(place([(1_300, 1_200)])[0]))


def test_the_check_of_a_point_says_that_it_measured_from_the_edge(geodata):
    (small,) = [rule for rule in rules(geodata) if rule.id == "gbt51346-park-small"]
    (answer,) = check(place([(1_300, 1_500)])[0], STOCK, [small], show=2)
    assert answer.verdict == "met"
    assert answer.nearest[0].measured_from == "edge"
    assert answer.nearest[0].metres == pytest.approx(100, abs=1)
    assert answer.nearest[1].measured_from == "point"
    (within,) = check(place([(1_300, 1_200)])[0], STOCK, [small])
    assert within.nearest[0].metres == 0
    from_centre = candidates(STOCK.lonlat, STOCK.category.tolist())
    (centre,) = check(place([(1_300, 1_500)])[0], from_centre, [small])
    assert centre.nearest[0].metres == pytest.approx(300, abs=1)


def test_completeness_measures_from_the_edge(geodata):
    (small,) = [rule for rule in rules(geodata) if rule.id == "gbt51346-park-small"]
    homes = points(place([(1_300, 1_690), (1_300, 1_720)]), 1)
    assert completeness(homes, STOCK, [small]).count.tolist() == [1, 0]


def test_pairs_take_the_nearest_point_of_a_shape_once(crowd, truth):
    found = edge_pairs(STOCK, crowd, 400)
    pairs = set(zip(found.facility.tolist(), found.demand.tolist(), strict=True))
    assert len(pairs) == len(found.metres)
    near = {(facility, row) for row, facility in np.argwhere(truth <= 399.9)}
    far = {(facility, row) for row, facility in np.argwhere(truth <= 400.1)}
    assert near <= pairs <= far
    np.testing.assert_allclose(found.metres, truth[found.demand, found.facility], atol=5)


def test_over_a_network_a_trail_is_entered_anywhere():
    nodes, edges = streets(30, 30, missing=0.1, seed=2)
    net = network(nodes, edges)
    line = shapely.LineString(place([(200, 500), (2_400, 500)]))
    stock = candidates(place([(1_300, 500)]), ["trail"], shape=[line])
    homes = points(place(np.random.default_rng(5).uniform(0, 2_900, (2_000, 2))), 1)
    walked = served(homes, stock, 400, network=net)
    assert walked.located.sum() > 2 * served(homes, candidates(stock.lonlat, ["trail"]), 400, network=net).located.sum()
    assert not (walked.located & ~served(homes, stock, 400).located).any()
    assert not (walked.certain & ~walked.located).any()
    pairs = edge_pairs(stock, homes.lonlat, 400, network=net)
    np.testing.assert_array_equal(np.sort(pairs.demand), np.flatnonzero(walked.located))


rectangles = st.builds(
    lambda x, y, wide, high: shapely.box(*place([(x, y)])[0], *place([(x + wide, y + high)])[0]),
    st.floats(0, 3_000), st.floats(0, 3_000), st.floats(20, 900), st.floats(20, 900),
)  # fmt: skip


@given(
    st.lists(st.tuples(rectangles, st.sampled_from([0.0, 60.0, 700.0])), min_size=1, max_size=5),
    st.sampled_from([150.0, 500.0]),
)
@settings(max_examples=40, deadline=None)
def test_bounds_are_nested_and_an_edge_covers_all_that_its_points_do(parks, radius):
    shapes = [park for park, _ in parks]
    middle = shapely.get_coordinates(shapely.point_on_surface(shapes))
    unsure = [metres for _, metres in parks]
    homes = points(place(np.random.default_rng(6).uniform(-500, 4_500, (400, 2))), 1)
    stock = candidates(middle, ["park_green"] * len(parks), uncertainty_m=unsure, shape=shapes)
    answer = served(homes, stock, radius)
    assert not (answer.certain & ~answer.located).any()
    assert not (answer.located & ~answer.possible).any()
    edge, _ = along(shapes)
    assert not (served(homes, candidates(edge, ["park_green"] * len(edge)), radius).located & ~answer.located).any()


def test_cells_prepared_once_serve_shapes_too(crowd):
    ready = cells(crowd)
    demand = points(crowd, 1)
    np.testing.assert_array_equal(
        served(demand, STOCK, 300, prepared=ready).located, served(demand, STOCK, 300).located
    )


@pytest.mark.parametrize(
    "shape", [[shapely.Point(112, 35)], [shapely.Polygon()], [PARK, PARK], [shapely.box(35, 112, 36, 113)]]
)
def test_shapes_that_cannot_be_used_are_refused(shape):
    with pytest.raises(InvalidParameterError) as error:
        candidates(place([(0, 0)]), ["park_green"], shape=shape)
    assert error.value.field == "shape"
