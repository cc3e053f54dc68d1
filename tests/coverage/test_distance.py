"""Straight-line reach agrees with the geodesic, pair by pair."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from service_map.coverage import away_at_least, nearest, to_ecef, within
from service_map.errors import InvalidParameterError

GEOD = Geod(ellps="WGS84")


def scatter(seed, demand, facilities, *, box=(110.2, 34.6, 114.6, 40.8)):
    rng = np.random.default_rng(seed)
    west, south, east, north = box
    points = np.column_stack((rng.uniform(west, east, demand), rng.uniform(south, north, demand)))
    return points, points[rng.integers(0, demand, facilities)] + rng.normal(0, 0.01, (facilities, 2))


def test_ecef_agrees_with_proj():
    points, _ = scatter(1, 1000, 1)
    theirs = np.column_stack(
        Transformer.from_crs(4979, 4978, always_xy=True).transform(points[:, 0], points[:, 1], np.zeros(1000))
    )
    np.testing.assert_allclose(to_ecef(points), theirs, atol=1e-6)


@pytest.mark.parametrize("radius", [300, 500, 1000, 10_000])
def test_a_million_points_have_no_cell_that_the_geodesic_would_judge_otherwise(radius):
    points, supply = scatter(2, 1_000_000, 10_000, box=(112.4, 35.2, 113.6, 36.2))
    metres, index = nearest(supply, points, metres=radius)
    free, chosen = nearest(supply, points)
    truth = GEOD.inv(points[:, 0], points[:, 1], supply[chosen, 0], supply[chosen, 1])[2]
    assert np.abs(free - truth).max() < 1e-6
    assert ((truth <= radius) == (index >= 0)).all()
    assert (np.isfinite(metres) == (index >= 0)).all()
    assert (index >= 0).mean() > 0.001


def test_the_nearest_is_the_nearest_of_all_pairs_by_geodesic():
    points, supply = scatter(3, 200, 300)
    metres, index = nearest(supply, points)
    pairs = [np.repeat(a, n, axis=0) if a is points else np.tile(a, (n, 1)) for a, n in ((points, 300), (supply, 200))]
    truth = GEOD.inv(pairs[0][:, 0], pairs[0][:, 1], pairs[1][:, 0], pairs[1][:, 1])[2].reshape(200, 300)
    np.testing.assert_allclose(metres, truth.min(axis=1), atol=1e-5)
    np.testing.assert_array_equal(index, truth.argmin(axis=1))


def test_a_facility_exactly_on_the_radius_is_within_it():
    lon, lat, _ = GEOD.fwd(112.9, 35.5, 37, 1000)
    exact = GEOD.inv(112.9, 35.5, lon, lat)[2]
    assert nearest([[lon, lat]], [[112.9, 35.5]], metres=exact)[1][0] == 0
    assert nearest([[lon, lat]], [[112.9, 35.5]], metres=exact - 1e-6)[1][0] == -1
    assert within([[lon, lat]], (112.9, 35.5), exact)[0].tolist() == [0]
    assert within([[lon, lat]], (112.9, 35.5), exact - 1e-6)[0].tolist() == []


@given(
    st.floats(-179, 179),
    st.floats(-88, 88),
    st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=20),
    st.floats(1, 100_000),
)
@settings(max_examples=150, deadline=None)
def test_within_lists_exactly_what_the_geodesic_finds_nearest_first(lon, lat, offsets, radius):
    supply = np.array([(lon + dx, lat + dy) for dx, dy in offsets])
    index, metres = within(supply, (lon, lat), radius)
    truth = GEOD.inv(np.full(len(supply), lon), np.full(len(supply), lat), supply[:, 0], supply[:, 1])[2]
    assert set(index) == set(np.flatnonzero(truth <= radius))
    assert (np.diff(metres) >= 0).all()
    np.testing.assert_array_equal(metres, truth[index])


def test_without_facilities_or_demand_the_answer_is_empty_not_wrong():
    metres, index = nearest([], [[112.9, 35.5]])
    assert metres.tolist() == [np.inf]
    assert index.tolist() == [-1]
    assert nearest([[112.9, 35.5]], [])[0].shape == (0,)
    assert within([], (112.9, 35.5), 100)[0].shape == (0,)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([[35.5, 112.9]], "swapped"),
        ([[np.nan, 35.5]], "finite"),
        ([[112.9, np.inf]], "finite"),
        ([[112.9, 35.5, 800.0]], "shape"),
        ([112.9, 35.5], "shape"),
        ([["east", "north"]], "numbers"),
    ],
)
def test_coordinates_that_cannot_be_used_are_refused_by_name(values, says):
    with pytest.raises(InvalidParameterError, match=says) as error:
        nearest(values, [[112.9, 35.5]])
    assert error.value.field == "facilities"


@pytest.mark.parametrize("radius", [0, -1, 1e9, np.nan, np.inf, "far"])
def test_a_radius_that_is_no_service_radius_is_refused(radius):
    with pytest.raises(InvalidParameterError, match="500000") as error:
        within([[112.9, 35.5]], (112.9, 35.5), radius)
    assert error.value.field == "metres"


@given(
    st.tuples(st.floats(-170, 170), st.floats(-75, 75)),
    st.tuples(st.floats(0, 360), st.floats(0, 400_000)),
    st.tuples(st.floats(1_000, 60_000), st.integers(3, 12)),
)
def test_no_point_of_an_area_is_nearer_than_its_bound_and_the_bound_is_close_to_the_nearest(here, there, size):
    (lon, lat), (azimuth, metres), (radius, corners) = here, there, size
    centre = GEOD.fwd(lon, lat, azimuth, metres)[:2]
    assume(abs(centre[0]) < 170 and abs(centre[1]) < 78 and abs(centre[0] - lon) < 90)
    ring = [GEOD.fwd(*centre, 360 * corner / corners, radius)[:2] for corner in range(corners)]
    area = shapely.Polygon(ring)
    least = away_at_least((lon, lat), area)
    if shapely.intersects_xy(area, lon, lat):
        assert least == 0
        return
    edge = shapely.get_coordinates(shapely.segmentize(area.exterior, 0.002))
    true = GEOD.inv(np.full(len(edge), lon), np.full(len(edge), lat), edge[:, 0], edge[:, 1])[2].min()
    assert least <= true + 1e-6
    if abs(lat) < 45 and abs(centre[1]) < 45:
        assert least > 0.93 * true - 300
