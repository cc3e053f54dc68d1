"""Pairs within reach, and places a person."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import geodesic, place

from service_map.coverage import catchment, count_within, pairs, two_step
from service_map.errors import InvalidParameterError


def test_all_pairs_within_the_radius_are_listed_with_their_distance():
    rng = np.random.default_rng(1)
    supply, demand = place(rng.uniform(0, 9_000, (60, 2))), place(rng.uniform(0, 9_000, (500, 2)))
    for radius in (300, 1_000, 6_000):
        found, truth = pairs(supply, demand, radius), geodesic(supply, demand)
        expected = np.argwhere(truth <= radius)
        np.testing.assert_array_equal(np.column_stack((found.facility, found.demand)), expected)
        np.testing.assert_allclose(found.metres, truth[truth <= radius], atol=1e-6)
        np.testing.assert_array_equal(count_within(found, 500), (truth <= radius).sum(axis=0))


# access 1.1.10 changes frames in place and meets columns of another type, which pandas 3.1 warns of.
@pytest.mark.filterwarnings("ignore")
def test_the_two_steps_equal_those_of_pysal_access():
    access = pytest.importorskip("access", reason="access is not installed (pip install 'service-map[bench]')")
    rng = np.random.default_rng(2)
    supply, demand = place(rng.uniform(0, 9_000, (40, 2))), place(rng.uniform(0, 9_000, (700, 2)))
    people, beds = rng.integers(1, 90, 700).astype(float), rng.integers(10, 300, 40).astype(float)
    found = pairs(supply, demand, 1_200)
    mine = two_step(found, people, beds)
    model = access.Access(
        demand_df=pd.DataFrame({"id": np.arange(700), "people": people}),
        demand_index="id",
        demand_value="people",
        supply_df=pd.DataFrame({"id": np.arange(40), "beds": beds}),
        supply_index="id",
        supply_value=["beds"],
        cost_df=pd.DataFrame({"home": found.demand, "site": found.facility, "metres": found.metres}),
        cost_origin="home",
        cost_dest="site",
        cost_name="metres",
    )
    theirs = model.two_stage_fca(name="a", max_cost=1_200)["a_beds"].reindex(np.arange(700)).fillna(0).to_numpy()
    np.testing.assert_allclose(mine.places, theirs, rtol=1e-12, atol=1e-12)


@given(
    st.lists(st.tuples(st.floats(0, 3_000), st.floats(0, 3_000), st.floats(0, 500)), min_size=1, max_size=30),
    st.lists(st.tuples(st.floats(0, 3_000), st.floats(0, 3_000), st.floats(0, 500)), min_size=1, max_size=10),
)
@settings(max_examples=60, deadline=None)
def test_no_place_is_lost_or_given_twice(homes, sites):
    homes, sites = np.array(homes), np.array(sites)
    answer = two_step(pairs(place(sites[:, :2]), place(homes[:, :2]), 700), homes[:, 2], sites[:, 2])
    assert float(answer.places @ homes[:, 2]) + answer.idle == pytest.approx(sites[:, 2].sum())


def test_a_question_that_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(catchment, "MOST_PAIRS", 10)
    crowd = place(np.zeros((4, 2)))
    with pytest.raises(InvalidParameterError, match="16 pairs"):
        pairs(crowd, crowd, 100)


def test_nothing_in_reach_gives_no_pairs():
    found = pairs([], place([(0, 0)]), 100)
    assert (len(found.metres), count_within(found, 1).tolist()) == (0, [0])
    assert two_step(found, [3.0], []).places.tolist() == [0]
    with pytest.raises(InvalidParameterError):
        two_step(pairs(place([(0, 0)]), place([(0, 0)] * 2), 100), [1.0], [1.0])
