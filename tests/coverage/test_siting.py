"""Siting covers at least what is known to be good, and says how far from the best it can be."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import geodesic, place, streets

from service_map.coverage import covered, network, points, site, walk, walk_pairs
from service_map.errors import InvalidParameterError

spot = st.tuples(st.floats(0, 3_000), st.floats(0, 3_000))


def city(demand, places, seed=1, side=45_000):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, side, (60, 2))
    homes = centres[rng.integers(0, 60, demand)] + rng.normal(0, side / 18, (demand, 2))
    spots = homes[rng.integers(0, demand, places)] + rng.normal(0, 300, (places, 2))
    return points(place(homes), rng.integers(1, 600, demand).astype(float)), place(spots)


def worth(demand, existing, chosen, radius):
    return float(demand.amount[covered(np.vstack((existing.reshape(-1, 2), chosen)), demand.lonlat, radius)].sum())


@given(
    st.lists(spot, min_size=1, max_size=25),
    st.lists(spot, min_size=1, max_size=7),
    st.integers(1, 3),
    st.floats(200, 1_500),
)
@settings(max_examples=60, deadline=None)
def test_the_bound_is_never_below_the_best_and_highs_proves_it(homes, spots, count, radius):
    demand, places = points(place(homes), np.arange(1.0, len(homes) + 1)), place(spots)
    near = geodesic(demand.lonlat, places) <= radius
    best = max(
        demand.amount[near[:, list(chosen)].any(axis=1)].sum()
        for chosen in itertools.combinations(range(len(spots)), min(count, len(spots)))
    )
    for kind in ("lagrange", "lp"):
        answer = site(demand, [], places, count, radius, bound=kind)
        assert answer.added <= best + 1e-6
        assert answer.bound >= best - 1e-6
        assert answer.added == pytest.approx(worth(demand, np.empty((0, 2)), places[answer.chosen], radius))
    exact = site(demand, [], places, count, radius, exact_seconds=20)
    assert exact.proven
    assert exact.added == pytest.approx(best)
    assert exact.gap == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("radius", "count"), [(1_000, 20), (1_000, 100), (300, 100)])
def test_greedy_with_swaps_reaches_96_hundredths_of_the_linear_bound(radius, count):
    demand, places = city(20_000, 2_000)
    answer = site(demand, [], places, count, radius, bound="lp")
    assert answer.added >= 0.96 * answer.bound
    assert answer.method == "greedy_swap"
    assert (np.diff(answer.gain) <= 1e-6).all()
    assert site(demand, [], places, count, radius).bound >= answer.bound * (1 - 1e-9)


def test_what_stands_already_stays_and_is_not_served_twice():
    demand, places = city(3_000, 200, seed=4)
    existing = places[:20]
    answer = site(demand, existing, places, 10, 1_000)
    assert answer.already == pytest.approx(worth(demand, existing, np.empty((0, 2)), 1_000))
    assert answer.already + answer.added == pytest.approx(worth(demand, existing, places[answer.chosen], 1_000))
    assert not set(answer.chosen) & set(range(20))


def test_swaps_mend_what_greed_gets_wrong():
    # The middle place takes most at first, but the two beside it together cover everyone.
    homes = place([(0, 0)] * 3 + [(900, 0)] * 4 + [(1_100, 0)] * 4 + [(2_000, 0)] * 3)
    places = place([(1_000, 0), (450, 0), (1_550, 0)])
    answer = site(points(homes, 1), [], places, 2, 500)
    assert sorted(answer.chosen) == [1, 2]
    assert answer.added == 14


def test_new_ones_keep_their_distance():
    demand, places = city(5_000, 400, seed=2, side=8_000)
    existing = places[:3]
    answer = site(demand, existing, places, 15, 500, spacing=900)
    apart = geodesic(places[answer.chosen], places[answer.chosen])
    assert apart[~np.eye(len(answer.chosen), dtype=bool)].min() >= 900
    assert geodesic(places[answer.chosen], existing).min() >= 900
    assert answer.added <= site(demand, existing, places, 15, 500).added + 1e-6


def test_a_place_takes_no_more_than_it_has_room_for():
    demand, places = city(5_000, 100, seed=3)
    answer = site(demand, [], places, 5, 1_000, capacity=2_000)
    assert answer.method == "greedy_capacity"
    assert (answer.gain <= 2_000 + 1e-6).all()
    assert answer.bound <= 10_000
    roomy = site(demand, [], places, 5, 1_000, capacity=1e12)
    assert roomy.added == pytest.approx(worth(demand, np.empty((0, 2)), places[roomy.chosen], 1_000))


def test_no_place_is_proposed_that_reaches_nobody_new():
    demand = points(place([(0, 0), (10, 0)]), 5)
    answer = site(demand, [], place([(0, 0), (5, 0), (9_000, 0)]), 3, 300)
    assert len(answer.chosen) == 1
    assert (answer.added, answer.bound, answer.gap) == (10, 10, 0)
    assert len(site(demand, demand.lonlat, place([(0, 0)]), 1, 300).chosen) == 0
    assert len(site(demand, [], [], 1, 300).chosen) == 0
    assert len(site(points([], []), [], place([(0, 0)]), 1, 300, exact_seconds=1).chosen) == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # spopt builds its variables the way PuLP is leaving
def test_siting_is_never_below_spopt():
    spopt = pytest.importorskip("spopt.locate", reason="spopt is not installed (pip install 'service-map[bench]')")
    pulp = pytest.importorskip("pulp", reason="pulp is not installed (pip install 'service-map[bench]')")
    demand, places = city(1_500, 120, seed=6)
    cost = geodesic(demand.lonlat, places)
    problem = spopt.MCLP.from_cost_matrix(cost, demand.amount, service_radius=1_000, p_facilities=10)
    solved = problem.solve(pulp.PULP_CBC_CMD(msg=False))
    theirs = [j for j, variable in enumerate(solved.fac_vars) if variable.value() > 0.5]
    mine = site(demand, [], places, 10, 1_000, exact_seconds=60)
    assert mine.added >= worth(demand, np.empty((0, 2)), places[theirs], 1_000) - 1e-6
    assert mine.proven


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"count": 0}, "count"),
        ({"count": 1.5}, "count"),
        ({"count": True}, "count"),
        ({"metres": 0}, "metres"),
        ({"spacing": -1}, "spacing"),
        ({"capacity": [-1.0]}, "capacity"),
        ({"bound": "best"}, "bound"),
    ],
)
def test_questions_that_make_no_sense_are_refused(change, field):
    usual = {"count": 1, "metres": 300}
    with pytest.raises(InvalidParameterError) as error:
        site(points(place([(0, 0)]), 1), [], place([(0, 0)]), **(usual | change))
    assert error.value.field == field


@pytest.fixture(scope="module")
def walked_town():
    nodes, edges = streets(40, 40, seed=7, missing=0.2)
    rng = np.random.default_rng(7)
    demand = points(place(rng.uniform(0, 3_900, (1_500, 2))), rng.integers(1, 50, 1_500).astype(float))
    return network(nodes, edges), demand, place(rng.uniform(0, 3_900, (120, 2))), place(rng.uniform(0, 3_900, (4, 2)))


class TestOnFoot:
    def test_sites_cover_those_who_walk_there(self, walked_town):
        net, demand, places, existing = walked_town
        before = np.isfinite(walk(net, existing, demand.lonlat, metres=500).metres)
        reach = walk_pairs(net, places, demand.lonlat, metres=500)
        answer = site(demand, existing, places, 8, 500, reach=reach, reached=before, bound="lp")
        after = walk(net, np.vstack((existing, places[answer.chosen])), demand.lonlat, metres=500).metres
        assert answer.already == pytest.approx(demand.amount[before].sum())
        assert answer.already + answer.added == pytest.approx(demand.amount[np.isfinite(after)].sum())
        assert answer.added >= 0.96 * answer.bound
        assert answer.added < site(demand, existing, places, 8, 500).added

    def test_the_best_is_proven_over_a_network_too(self, walked_town):
        net, demand, places, _ = walked_town
        reach = walk_pairs(net, places[:12], demand.lonlat, metres=500)
        none = np.zeros(len(demand.amount), dtype=bool)
        answer = site(demand, [], places[:12], 3, 500, reach=reach, reached=none, exact_seconds=30)
        best = 0.0
        for chosen in itertools.combinations(range(12), 3):
            rows = np.unique(reach.demand[np.isin(reach.facility, chosen)])
            best = max(best, float(demand.amount[rows].sum()))
        assert answer.proven
        assert answer.added == pytest.approx(best)

    def test_pairs_and_flags_that_do_not_fit_are_refused(self, walked_town):
        net, demand, places, _ = walked_town
        reach = walk_pairs(net, places, demand.lonlat, metres=300)
        for change, field in (
            ({"reached": [True]}, "reached"),
            ({"reached": np.zeros(len(demand.amount))}, "reached"),
            ({"reach": reach, "places": places[:2]}, "reach"),
        ):
            usual = {"places": places, "reached": None, "reach": None} | change
            with pytest.raises(InvalidParameterError) as error:
                site(demand, [], usual["places"], 1, 300, reach=usual["reach"], reached=usual["reached"])
            assert error.value.field == field
