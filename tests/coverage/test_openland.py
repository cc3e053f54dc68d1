"""Siting by land says the area of the union of its circles, and no more than so many circles can have."""

import itertools

import numpy as np
import pytest
import shapely
from town import geodesic, place

from service_map.coverage import circles, gap, land, lattice, open_places, openland, site_land, square_km
from service_map.coverage.ellipsoid import equal_area
from service_map.errors import InvalidParameterError

COUNTY = shapely.box(112.2, 35.4, 112.6, 35.9)


def invented(seed):
    """A town with a crooked border, some facilities, a radius and a number."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(4, 10)
    turn, away = np.sort(rng.uniform(0, 2 * np.pi, corners)), rng.uniform(400, 1_500, corners)
    border = 2_000 + np.column_stack((away * np.cos(turn), away * np.sin(turn)))
    town = shapely.make_valid(shapely.Polygon(place(border)))
    stock = place(rng.uniform(800, 3_200, (rng.integers(0, 5), 2)))
    return town, stock, float(rng.choice([150, 250, 400, 700])), int(rng.integers(1, 12))


def union_km2(uncovered, places, metres):
    """The true area, in the plane of the ellipsoid's areas."""
    if not len(places):
        return 0.0
    discs = shapely.union_all([equal_area(disc) for disc in circles(places, metres)])
    return shapely.area(shapely.intersection(discs, equal_area(uncovered))) / 1e6


@pytest.mark.parametrize("tens", range(10))
def test_what_is_added_is_the_true_union_and_within_its_bounds_in_a_hundred_towns(tens):
    for seed in range(10 * tens, 10 * tens + 10):
        town, stock, metres, count = invented(seed)
        cut = gap(town, stock, metres)
        places = open_places(town, cut.gap, count, metres, most=150)
        answer = site_land(town, cut.gap, count, metres, places=places)
        whole, disc = union_km2(cut.gap, places[answer.chosen], metres), np.pi * (metres / 1000) ** 2
        # A circle drawn with corners has its area to a hundred-thousandth.
        assert answer.added == pytest.approx(whole, rel=3e-5, abs=1e-9)
        assert answer.added <= min(count * disc, cut.gap_km2) * (1 + 1e-12)
        assert answer.gain.sum() == pytest.approx(answer.added, rel=1e-12)
        assert (np.diff(answer.gain) <= 1e-12).all()
        assert len(answer.chosen) <= count
        for number in range(1, len(answer.chosen) + 1):
            upto = union_km2(cut.gap, places[answer.chosen[:number]], metres)
            assert answer.gain[:number].sum() == pytest.approx(upto, rel=3e-5, abs=1e-9)
        assert answer.bound >= answer.added
        assert answer.bound <= min(count * disc, cut.gap_km2) * (1 + 1e-12)
        assert answer.gap == pytest.approx(1 - answer.added / answer.bound if answer.bound else 0, abs=1e-12)
        if answer.proven:
            assert answer.added == pytest.approx(answer.bound, rel=1e-9)
            assert answer.bound == pytest.approx(min(len(answer.chosen) * disc, cut.gap_km2), rel=1e-9)
        assert answer.already + square_km(cut.gap) == pytest.approx(answer.total)


def test_on_open_land_so_many_circles_have_so_many_circles_area():
    places = open_places(COUNTY, COUNTY, 38, 300, most=2_000)
    answer = site_land(COUNTY, COUNTY, 38, 300, places=places)
    assert answer.added == pytest.approx(38 * np.pi * 0.3**2, rel=1e-12)
    assert (answer.proven, answer.gap, answer.method) == (True, 0, "disjoint")
    apart = geodesic(places[answer.chosen], places[answer.chosen])
    assert apart[~np.eye(38, dtype=bool)].min() >= 600
    # They stand all over the county, not in a corner of it.
    assert np.ptp(places[answer.chosen], axis=0) == pytest.approx([0.4, 0.5], abs=0.1)


def test_circles_that_just_fit_are_found_to_fit():
    # Two circles side by side in a square that is a hundredth wider; three fit too, but only in one way.
    square = shapely.box(*place([(0, 0)])[0], *place([(2_010, 2_010)])[0])
    for count in (1, 2):
        answer = site_land(square, square, count, 500, places=open_places(square, square, count, 500, most=2_000))
        assert answer.proven
        assert answer.added == pytest.approx(count * np.pi * 0.25)
    three = site_land(square, square, 3, 500, places=open_places(square, square, 3, 500, most=2_000))
    assert three.added >= 0.98 * three.bound
    crowded = site_land(square, square, 9, 500, places=open_places(square, square, 9, 500, most=2_000))
    assert crowded.added <= square_km(square)
    assert crowded.added >= 0.95 * crowded.bound


@pytest.mark.parametrize("seed", range(12))
def test_the_bound_is_never_below_the_best_of_all_choices(seed):
    town, stock, metres, _ = invented(seed)
    uncovered = gap(town, stock, metres).gap
    rng = np.random.default_rng(seed)
    spots = place(2_000 + rng.normal(0, 500, (7, 2)))
    for count in (1, 2, 3):
        best = max(
            union_km2(uncovered, spots[list(chosen)], metres) for chosen in itertools.combinations(range(7), count)
        )
        answer = site_land(town, uncovered, count, metres, places=spots)
        assert answer.bound >= best * (1 - 3e-5)
        assert answer.added <= best * (1 + 3e-5)
        assert answer.added >= 0.9 * best
        if answer.proven:
            assert answer.added == pytest.approx(best, rel=3e-5)


def test_new_ones_keep_their_distance_on_land_too():
    town = shapely.box(*place([(0, 0)])[0], *place([(3_000, 3_000)])[0])
    stock = place([(1_500, 1_500)])
    uncovered = gap(town, stock, 400).gap
    places = open_places(town, uncovered, 6, 400, most=400, spacing=1_100)
    answer = site_land(town, uncovered, 6, 400, places=places, existing=stock, spacing=1_100)
    apart = geodesic(places[answer.chosen], np.vstack((stock, places[answer.chosen])))
    assert apart[apart > 0].min() >= 1_100
    assert 1 <= len(answer.chosen) <= 6


def test_where_nothing_is_left_uncovered_nothing_is_proposed():
    answer = site_land(COUNTY, shapely.Polygon(), 3, 300, places=open_places(COUNTY, shapely.Polygon(), 3, 300, most=9))
    assert (len(answer.chosen), answer.added, answer.bound, answer.proven) == (0, 0, 0, True)
    assert answer.already == answer.total


def test_one_circle_that_reaches_all_that_is_left_is_enough():
    town = shapely.box(*place([(0, 0)])[0], *place([(300, 300)])[0])
    answer = site_land(town, town, 5, 700, places=open_places(town, town, 5, 700, most=100))
    assert len(answer.chosen) == 1
    assert answer.proven
    assert answer.added == pytest.approx(square_km(town), rel=1e-9)


@pytest.mark.parametrize("pitch", [300, 5_000])
@pytest.mark.parametrize("latitude", [0, 35, 53])
def test_points_of_a_lattice_stand_apart_and_fill_the_area(pitch, latitude):
    area = shapely.box(112, latitude, 112 + pitch / 10_000, latitude + pitch / 10_000)
    points = lattice(area, pitch, shift=(0.5, 0.25))
    apart = geodesic(points, points)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() >= pitch
    assert len(points) == pytest.approx(square_km(area) * 1e6 / (pitch**2 * np.sqrt(3) / 2), rel=0.1)
    assert shapely.contains_xy(area, points[:, 0], points[:, 1]).all()


def test_questions_about_land_that_make_no_sense_are_refused():
    for change, field in (({"count": 0}, "count"), ({"metres": -1}, "metres"), ({"spacing": 0}, "spacing")):
        usual = {"count": 1, "metres": 300, "places": place([(0, 0)])} | change
        with pytest.raises(InvalidParameterError) as error:
            site_land(COUNTY, COUNTY, usual.pop("count"), usual.pop("metres"), **usual)
        assert error.value.field == field


def test_a_strip_across_the_country_is_looked_at_in_no_more_points_than_fit_in_memory():
    # A decimetre wide: the grid around it that is fine enough for it would have a thousand million points and more.
    strip = shapely.Polygon([(112, 35), (115, 38), (115.000001, 38), (112.000001, 35)])
    cells = land(strip, cells=20_000)
    assert cells.total == pytest.approx(square_km(strip))
    assert 1 <= len(cells.lonlat) <= 20_000
    assert 1 <= len(lattice(strip, 1.0)) <= 20_000


def test_the_bound_does_not_depend_on_how_many_pairs_are_taken_at_once(monkeypatch):
    places = np.random.default_rng(2).random((60, 2)) * 0.05 + (112.4, 35.5)

    def bound():
        return site_land(COUNTY, COUNTY, 40, 900.0, places=places).bound

    whole = bound()
    monkeypatch.setattr(openland, "_PAIRS_AT_ONCE", 101)
    assert bound() == whole
    assert whole < 40 * np.pi * 0.81
