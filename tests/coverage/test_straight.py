"""Reach with a radius for each facility is what the geodesic says, however many points there are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import geodesic, place

from service_map.coverage import cells, covered, nearest, nearest_cells
from service_map.errors import InvalidParameterError

spot = st.tuples(st.floats(0, 20_000), st.floats(0, 20_000))


@pytest.mark.parametrize("radius", [300, 1000, 20_000])
def test_a_million_cells_are_judged_as_the_geodesic_judges_them(radius):
    rng = np.random.default_rng(7)
    x, y = np.meshgrid(np.arange(1000) * 45.0, np.arange(1000) * 45.0)
    demand = place(np.column_stack((x.ravel(), y.ravel())))
    supply = place(rng.uniform(0, 45_000, (2_000 if radius < 20_000 else 3, 2)))
    flags = covered(supply, demand, radius)
    metres, _ = nearest(supply, demand)
    assert (flags == (metres <= radius)).all()
    assert 0.05 < flags.mean() < 1


@given(st.lists(spot, min_size=1, max_size=80), st.lists(st.tuples(spot, st.floats(-50, 25_000)), max_size=12))
@settings(max_examples=150, deadline=None)
def test_each_facility_reaches_by_its_own_radius(homes, stock):
    demand = place(homes)
    supply, radii = place([where for where, _ in stock]), np.array([radius for _, radius in stock])
    truth = (geodesic(demand, supply) <= radii).any(axis=1) & True if len(stock) else np.zeros(len(homes), dtype=bool)
    near_zero = radii <= 0
    if near_zero.any() and (~near_zero).any():
        truth = (geodesic(demand, supply[~near_zero]) <= radii[~near_zero]).any(axis=1)
    elif near_zero.all():
        truth = np.zeros(len(homes), dtype=bool)
    np.testing.assert_array_equal(covered(supply, demand, radii), truth)


def test_many_rivals_about_one_block_do_not_hide_each_other():
    # More facilities of different radii about one cluster of homes than a block looks at by itself.
    rng = np.random.default_rng(11)
    demand = place(rng.normal(5_000, 150, (5_000, 2)))
    supply, radii = place(rng.normal(5_000, 400, (60, 2))), rng.uniform(20, 120, 60)
    truth = (geodesic(demand, supply) <= radii).any(axis=1)
    np.testing.assert_array_equal(covered(supply, demand, radii), truth)
    assert 0.2 < truth.mean() < 0.999


def test_sixty_four_tiles_give_the_untiled_answer():
    rng = np.random.default_rng(3)
    demand, supply = place(rng.uniform(0, 8_000, (20_000, 2))), place(rng.uniform(0, 8_000, (60, 2)))
    whole = covered(supply, demand, 500)
    edges = np.linspace(demand.min(axis=0) - 1e-9, demand.max(axis=0) + 1e-9, 9)
    column, row = (np.searchsorted(edges[:, axis], demand[:, axis]) - 1 for axis in (0, 1))
    halo = np.array([500 / 110_500 / np.cos(np.radians(35.5)), 500 / 110_500])
    for i in range(8):
        for j in range(8):
            mine = (column == i) & (row == j)
            low, high = edges[[i, j], [0, 1]] - halo, edges[[i + 1, j + 1], [0, 1]] + halo
            near = ((supply >= low) & (supply <= high)).all(axis=1)
            np.testing.assert_array_equal(covered(supply[near], demand[mine], 500), whole[mine])


def test_the_order_of_the_demand_is_kept():
    demand = place([(0, 0), (9_000, 9_000), (10, 10), (9_010, 9_000)])
    assert covered(place([(0, 0)]), demand, 50).tolist() == [True, False, True, False]
    assert covered(place([(0, 0)]), cells(demand[::-1]), 50).tolist() == [False, True, False, True]


def test_nobody_is_covered_by_nothing():
    demand = place([(0, 0)])
    assert covered([], demand, 500).tolist() == [False]
    assert covered(demand, demand, [0]).tolist() == [False]
    assert covered(demand, demand, [-5]).tolist() == [False]
    assert covered(demand, [], 500).shape == (0,)


@pytest.mark.parametrize("radius", [1e9, np.nan, [1, 2], np.inf])
def test_radii_that_cannot_be_used_are_refused(radius):
    with pytest.raises(InvalidParameterError) as error:
        covered(place([(0, 0)]), place([(0, 0)]), radius)
    assert error.value.field == "metres"


@given(
    st.lists(spot, min_size=1, max_size=400),
    st.lists(spot, max_size=9),
    st.sampled_from([1.0, 400.0, 9_000.0, 60_000.0]),
)
@settings(max_examples=150, deadline=None)
def test_points_made_ready_find_the_very_nearest_that_points_as_they_stand_do(homes, stock, bound):
    demand, supply = place(homes), place(stock)
    metres, index = nearest_cells(supply, cells(demand), bound)
    told, row = nearest(supply, demand, metres=bound)
    np.testing.assert_array_equal(metres, told)
    np.testing.assert_array_equal(index, row)


def test_a_bound_leaves_out_whole_blocks_and_nobody_within_it():
    rng = np.random.default_rng(21)
    # Towns far apart, so that some blocks reach from one to the next.
    towns = rng.uniform(0, 90_000, (12, 2))
    demand = place(towns[rng.integers(0, 12, 30_000)] + rng.normal(0, 900, (30_000, 2)))
    supply = place(towns[rng.integers(0, 12, 25)] + rng.normal(0, 700, (25, 2)))
    metres, index = nearest_cells(supply, cells(demand), 800.0)
    told, row = nearest(supply, demand, metres=800.0)
    np.testing.assert_array_equal(metres, told)
    np.testing.assert_array_equal(index, row)
    assert 0.1 < np.isfinite(metres).mean() < 0.9
