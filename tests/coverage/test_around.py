"""Who may be within a walk of a facility that stands somewhere near its point: never too few, never beyond the line."""

import numpy as np
import pytest
from town import place, streets
from truth import walks

from service_map.coverage import candidates, metres_between, network, points, served, walk, walk_from
from service_map.coverage.around import walk_from_at_least

networkx = pytest.importorskip("networkx", reason="networkx is not installed (pip install 'service-map[bench]')")


def town(seed):
    nodes, edges = streets(20, 20, missing=0.25, seed=seed)
    rng = np.random.default_rng(seed)
    longer = metres_between(nodes[edges[:, 0]], nodes[edges[:, 1]]) * rng.uniform(1, 1.3, len(edges))
    far = place([(3_000, 950)])
    nodes, edges = np.vstack((nodes, far)), np.vstack((edges, [(400, 19 * 20 // 2 + 9)]))
    longer = np.append(longer, metres_between(nodes[400:], nodes[[199]]) * 1.2)
    return nodes, edges, longer, rng.random(len(edges)) < 0.15, place(rng.uniform(-100, 2_300, (1_500, 2))), rng


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sloped", [False, True])
def test_whoever_walks_to_a_place_where_it_may_stand_is_counted_among_the_possible(seed, sloped):
    nodes, edges, longer, oneway, homes, rng = town(seed)
    rise = rng.uniform(-4, 4, len(edges)) if sloped else None
    net = network(nodes, edges, metres=longer, oneway=oneway, rise=rise)
    stock = place(rng.uniform(0, 1_900, (5, 2)))
    doubt = np.array([30.0, 80.0, 80.0, 150.0, 0.0])
    answer = served(points(homes, 1), candidates(stock, ["library"] * 5, uncertainty_m=doubt), 500, network=net)
    line = served(points(homes, 1), candidates(stock, ["library"] * 5, uncertainty_m=doubt), 500)
    anywhere = np.zeros(len(homes), dtype=bool)
    for _ in range(60):
        angle, far = rng.uniform(0, 2 * np.pi, 5), doubt * np.sqrt(rng.uniform(0, 1, 5))
        moved = stock + (place(np.column_stack((far * np.cos(angle), far * np.sin(angle)))) - place([(0, 0)])) * 0.999
        anywhere |= np.isfinite(walk(net, moved, homes, metres=500).metres)
    assert not (anywhere & ~answer.possible).any()
    assert (answer.certain <= answer.located).all()
    assert (answer.located <= answer.possible).all()
    if not sloped:
        assert not (answer.possible & ~line.possible).any()
    # And it says something: far fewer than the straight line allows, not many more than were met with.
    assert answer.possible.sum() < 0.8 * line.possible.sum()
    assert answer.possible.sum() < 1.8 * anywhere.sum()


def test_where_every_place_is_exact_nobody_is_doubtful():
    nodes, edges, longer, oneway, homes, rng = town(9)
    stock = place(rng.uniform(0, 1_900, (8, 2)))
    net = network(nodes, edges, metres=longer, oneway=oneway)
    answer = served(points(homes, 1), candidates(stock, ["library"] * 8), 500, network=net)
    assert (answer.certain == answer.located).all()
    assert (answer.located == answer.possible).all()
    streets_ = nodes, edges, longer, np.where(oneway, np.inf, longer)
    truth = walks(networkx, streets_, stock, homes).min(axis=1)
    clear = np.abs(truth - 500) > 0.01
    np.testing.assert_array_equal(answer.possible[clear], (truth <= 500)[clear])


def test_along_a_long_road_the_bound_is_that_of_the_road():
    ends = place([(0, 0), (3_000, 0)])
    net = network(ends, [(0, 1)], island=1)
    homes = place([(x, 20) for x in range(0, 3_000, 10)])
    stock = candidates(place([(2_000, 0)]), ["library"], uncertainty_m=100)
    answer = served(points(homes, 1), stock, 400, network=net)
    x = np.arange(0, 3_000, 10)
    # 400 m less the 20 m to the road, and 100 m of doubt, to within half a piece of a way.
    assert answer.possible[np.abs(x - 2_000) <= 475].all()
    assert not answer.possible[np.abs(x - 2_000) >= 525].any()


def test_what_is_known_less_well_than_the_radius_is_bounded_by_the_straight_line():
    nodes, edges, longer, _, homes, _ = town(2)
    net = network(nodes, edges, metres=longer)
    stock = candidates(place([(900, 900)]), ["library"], uncertainty_m=600)
    answer = served(points(homes, 1), stock, 500, network=net)
    line = served(points(homes, 1), stock, 500)
    on = walk(net, nodes[:1], homes, metres=1).on_network
    np.testing.assert_array_equal(answer.possible, line.possible & on)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sloped", [False, True])
def test_from_one_point_no_way_to_a_place_where_it_may_stand_is_shorter_than_the_bound(seed, sloped):
    nodes, edges, longer, oneway, homes, rng = town(seed)
    rise = rng.uniform(-4, 4, len(edges)) if sloped else None
    net = network(nodes, edges, metres=longer, oneway=oneway, rise=rise)
    stock = np.vstack((place(rng.uniform(0, 1_900, (11, 2))), place([(9_000, 9_000)])))
    doubt = np.array([30.0, 80.0, 150.0, 400.0] * 3)
    stock[3] = homes[7]
    bound = np.array([walk_from_at_least(net, home, stock, doubt, metres=900) for home in homes[:25]])
    least = np.full(bound.shape, np.inf)
    for _ in range(40):
        angle, far = rng.uniform(0, 2 * np.pi, 12), doubt * np.sqrt(rng.uniform(0, 1, 12))
        moved = stock + (place(np.column_stack((far * np.cos(angle), far * np.sin(angle)))) - place([(0, 0)])) * 0.999
        least = np.minimum(least, [walk_from(net, home, moved, metres=900) for home in homes[:25]])
    assert (bound <= least).all()
    assert (bound[:, -1] == 0).all()
    # And it says something: more than half of what is out of reach is known to be.
    out = np.isinf(least[:, :-1])
    assert np.isinf(bound[:, :-1]).sum() > out.sum() / 2
    found = np.isfinite(least[:, :-1]) & (least[:, :-1] > 0)
    assert np.median(least[:, :-1][found] - bound[:, :-1][found]) < 150
