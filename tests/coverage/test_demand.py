"""Demand says what it stands on, and loses nobody silently."""

import numpy as np
import pytest
import shapely
from town import place

from service_map.coverage import (
    along,
    candidates,
    gap,
    land,
    nearest,
    points,
    rank,
    served,
    spread,
    square_km,
    standard_error,
)
from service_map.errors import InvalidParameterError

COUNTY = shapely.box(112.2, 35.4, 112.6, 35.9)


def test_census_figures_are_spread_over_the_points_of_their_zone():
    demand = spread(
        place([(0, 0), (1, 0), (2, 0)]), [0, 0, 2], [100, 40, 30], weight=[1, 3, 5], groups={"60+": [20, 9, 3]}
    )
    assert demand.amount.tolist() == [25, 75, 30]
    assert demand.groups["60+"].tolist() == [5, 15, 3]
    assert demand.basis == "census_spread"
    assert "40 人未计入" in demand.told.zh
    assert "40 people" in demand.told.en


def test_without_people_the_demand_is_land_that_adds_up():
    demand = land(COUNTY, cells=5_000)
    assert demand.unit == "km2"
    assert demand.total == pytest.approx(square_km(COUNTY))
    assert 4_000 < len(demand.amount) < 6_000
    # Judged by cells, the share is that of the polygons.
    supply = np.random.default_rng(1).uniform((112.2, 35.4), (112.6, 35.9), (200, 2))
    by_cells = served(land(COUNTY, cells=200_000), candidates(supply, ["trail"] * 200), 1_000)
    assert by_cells.share() == pytest.approx(gap(COUNTY, supply, 1_000).share, abs=0.002)
    assert len(land(shapely.box(112.2, 35.4, 112.2001, 35.4001), cells=1).amount) == 1


def test_cells_are_as_fine_as_the_smallest_circle_asks_and_no_finer():
    area = shapely.box(112.2, 35.4, 112.25, 35.45)
    side = np.sqrt(square_km(area) / len(land(area, cells=100_000, radius=300).amount)) * 1_000
    assert side == pytest.approx(75, rel=0.02)
    assert len(land(area, cells=500, radius=300).amount) == pytest.approx(500, rel=0.1)


@pytest.mark.parametrize("metres", [300, 1_000])
def test_a_share_of_cells_is_within_three_standard_errors_of_the_polygons(metres):
    area = shapely.box(112.2, 35.4, 112.3, 35.5)
    off = []
    for seed in range(40):
        supply = np.random.default_rng(seed).uniform((112.2, 35.4), (112.3, 35.5), (12, 2))
        cells = land(area, cells=3_000, radius=metres)
        found = served(cells, candidates(supply, ["trail"] * 12), metres).share()
        off.append((found - gap(area, supply, metres).share) / standard_error(found, len(cells.amount)))
    assert max(np.abs(off)) < 3
    # What nobody saw is not known to be nothing.
    assert standard_error(0.0, 1_000) == pytest.approx(0.001, rel=0.01)


def test_gaps_are_ranked_by_the_people_in_them():
    supply = np.column_stack((np.full(60, 112.4), np.linspace(35.39, 35.91, 60)))  # a wall of facilities
    people = points(
        [[112.25, 35.6], [112.3, 35.6], [112.55, 35.6], [112.4, 35.6]],
        [10, 20, 100, 1_000],
        groups={"60+": [1, 2, 3, 4]},
    )
    coverage = gap(COUNTY, supply, 1_000)
    east, west = rank(coverage, supply, demand=people)
    assert (east.people, west.people) == (100, 30)
    assert (east.groups, west.groups) == ({"60+": 3}, {"60+": 3})
    assert east.lon > 112.4 > west.lon
    assert east.km2 + west.km2 == pytest.approx(coverage.gap_km2)
    assert west.metres == pytest.approx(
        (nearest(supply, [[112.25, 35.6]])[0][0] * 10 + nearest(supply, [[112.3, 35.6]])[0][0] * 20) / 30
    )
    by_area = rank(coverage, supply)
    assert [piece.people for piece in by_area] == [None, None]
    assert by_area[0].km2 >= by_area[1].km2
    assert rank(gap(COUNTY, [], 500), [])[0].metres is None


def test_nobody_on_the_line_between_two_gaps_is_counted_twice():
    halves = shapely.MultiPolygon([shapely.box(112.2, 35.4, 112.4, 35.9), shapely.box(112.41, 35.4, 112.6, 35.9)])
    coverage = gap(halves, [], 500)
    pieces = rank(coverage, [], demand=points([[112.4, 35.5], [112.41, 35.5]], [5, 6]))
    assert sorted(piece.people for piece in pieces) == [5, 6]


def test_a_park_is_measured_from_its_edge_and_a_trail_from_its_line():
    # A park of 2 km across: 900 m from its centre is inside, 1,300 m east of its centre is 300 m from its edge.
    corner = place([(-1_000, -1_000), (1_000, -1_000), (1_000, 1_000), (-1_000, 1_000)])
    supply, owner = along([shapely.Polygon(corner), shapely.LineString(place([(5_000, 0), (6_000, 0)]))])
    metres, index = nearest(supply, place([(1_300, 0), (5_500, 200)]))
    np.testing.assert_allclose(metres, [300, 200], atol=1.5)
    assert owner[index].tolist() == [0, 1]
    fine, _ = along([shapely.LineString(place([(0, 0), (1_000, 0)]))], spacing=50)
    assert np.diff(np.sort(fine[:, 0])).max() * 111_320 * np.cos(np.radians(35.3)) <= 50
    with pytest.raises(InvalidParameterError):
        along([shapely.Polygon()])


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: points(place([(0, 0)]), -1), "people"),
        (lambda: points(place([(0, 0)]), [1, 2]), "people"),
        (lambda: points(place([(0, 0)]), 1, groups={"60+": [np.nan]}), "60+"),
        (lambda: spread(place([(0, 0)]), [1], [5]), "zone"),
        (lambda: spread(place([(0, 0)]), [0], [5], weight=0), "weight"),
        (lambda: land(shapely.Point(0, 0)), "area"),
        (lambda: land(COUNTY, cells=0), "cells"),
    ],
)
def test_demand_that_cannot_be_used_is_refused(call, field):
    with pytest.raises(InvalidParameterError) as error:
        call()
    assert error.value.field == field
