"""Coordinates that come in shifted, and the shift taken off."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from service_map.errors import InvalidParameterError
from service_map.io.datum import (
    DATUMS,
    bd09_to_wgs84,
    gcj02_to_wgs84,
    to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

GEOD = Geod(ellps="WGS84")
PAIRS = {"GCJ-02": (wgs84_to_gcj02, gcj02_to_wgs84), "BD-09": (wgs84_to_bd09, bd09_to_wgs84)}


@pytest.fixture(scope="module")
def points():
    """20,000 points all over China."""
    random = np.random.default_rng(20260101)
    return random.uniform(73.7, 134.9, 20_000), random.uniform(18.3, 53.4, 20_000)


@pytest.mark.parametrize("datum", PAIRS)
def test_a_round_trip_comes_back_to_within_a_centimetre(datum, points):
    forth, back = PAIRS[datum]
    again = back(*forth(*points))
    assert GEOD.inv(*points, *again)[2].max() < 0.01


def test_a_shanxi_point_moves_by_what_chinese_maps_are_shifted(points):
    lon, lat = wgs84_to_gcj02(112.1804, 35.6902)
    assert 450 < GEOD.inv(112.1804, 35.6902, lon, lat)[2] < 700


def test_a_seat_of_the_published_table_comes_to_the_known_wgs84_point():
    lon, lat = gcj02_to_wgs84(112.186738, 35.690141)
    assert GEOD.inv(lon, lat, 112.1804, 35.6902)[2] < 10


@given(st.floats(110, 115), st.floats(34, 41))
def test_scalars_and_arrays_give_the_same(lon, lat):
    one = gcj02_to_wgs84(lon, lat)
    many = gcj02_to_wgs84([[lon]], [[lat]])
    assert isinstance(one[0], float)
    assert many[0].shape == (1, 1)
    assert one == (many[0][0, 0], many[1][0, 0])


def test_points_outside_china_have_no_shift_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gcj02_to_wgs84(24.94, 60.17) == (24.94, 60.17)
        assert bd09_to_wgs84(24.94, 60.17) == (24.94, 60.17)


@pytest.mark.parametrize(("lon", "lat", "field"), [(181, 0, "lon"), (112, 91, "lat"), (float("nan"), 35, "lon")])
def test_what_is_no_longitude_or_latitude_is_refused_by_name(lon, lat, field):
    with pytest.raises(InvalidParameterError, match=rf"^{field}") as caught:
        gcj02_to_wgs84(lon, lat)
    assert caught.value.field == field


def test_arrays_of_different_shape_are_refused():
    with pytest.raises(InvalidParameterError):
        gcj02_to_wgs84([112.0, 113.0], [35.0])


def test_each_stated_datum_is_turned_into_wgs84(points):
    lon, lat = points[0][:100], points[1][:100]
    shifted = {
        "WGS84": (lon, lat),
        "CGCS2000": (lon, lat),
        "GCJ02": wgs84_to_gcj02(lon, lat),
        "BD09": wgs84_to_bd09(lon, lat),
    }
    assert set(shifted) == set(DATUMS)
    for datum, given_points in shifted.items():
        assert GEOD.inv(lon, lat, *to_wgs84(*given_points, datum=datum))[2].max() < 0.01, datum


def test_an_unknown_datum_is_refused_with_the_allowed_ones():
    with pytest.raises(InvalidParameterError) as caught:
        to_wgs84(112.0, 35.0, datum="Beijing54")
    assert caught.value.allowed == DATUMS
