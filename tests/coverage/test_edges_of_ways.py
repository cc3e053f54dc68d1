"""Homes and facilities stand at the nearest point of a way; every walk is that of a graph which has them as nodes."""

import numpy as np
import pytest
from town import place, streets
from truth import on_streets, walks

from service_map.coverage import metres_between, network, snap, walk, walk_from, walk_metres, walk_pairs

networkx = pytest.importorskip("networkx", reason="networkx is not installed (pip install 'service-map[bench]')")

CENTIMETRE = 0.01


def tobler(rise, metres):
    return metres * np.exp(3.5 * (np.abs(rise / metres + 0.05) - 0.05))


def town(seed):
    """A town with one-way streets, slopes, parallel and longer edges, a long road uncut, and an island."""
    rng = np.random.default_rng(seed)
    nodes, edges = streets(18, 18, missing=0.2, seed=seed)
    far = place([(3_400, 900), (800, 822), (806, 828)])
    nodes = np.vstack((nodes, far))
    number = len(nodes) - 3
    edges = np.vstack((edges, [(number, 17 * 18 + 17), (number, 17)], edges[:30, ::-1], [(number + 1, number + 2)]))
    straight = metres_between(nodes[edges[:, 0]], nodes[edges[:, 1]])
    metres = straight * np.where(rng.random(len(edges)) < 0.3, rng.uniform(1, 1.6, len(edges)), 1.0)
    oneway = rng.random(len(edges)) < 0.2
    rise = rng.uniform(-6, 6, len(edges))
    homes, stock = place(rng.uniform(-150, 3_500, (400, 2)) * (0.7, 0.55)), place(rng.uniform(0, 1_800, (14, 2)))
    # Some along one street, some on the corner itself, one on the island, one where nothing is near.
    homes[:40] = nodes[number] + rng.uniform(0, 1, (40, 1)) * (nodes[17] - nodes[number]) + rng.normal(0, 3e-4, (40, 2))
    homes[40:50], homes[50], homes[51] = nodes[100:110], far[1], place([(20_000, 0)])[0]
    stock[:3] = nodes[number] + np.array([[0.2], [0.5], [0.51]]) * (nodes[17] - nodes[number]) + 1e-4
    stock[3], stock[4] = nodes[44], place([(0, 20_000)])[0]
    return nodes, edges, metres, oneway, rise, homes, stock, (number + 1, number + 2)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sloped", [False, True])
def test_every_walk_is_that_of_a_graph_with_homes_and_facilities_on_their_streets(seed, sloped):
    nodes, edges, metres, oneway, rise, homes, stock, island = town(seed)
    forth, back = (tobler(rise, metres), tobler(-rise, metres)) if sloped else (metres, metres)
    streets_ = nodes, edges, forth, np.where(oneway, np.inf, back)
    truth = walks(networkx, streets_, stock, homes, islands=island)
    net = network(nodes, edges, metres=metres, oneway=oneway, rise=rise if sloped else None)
    far = 30_000.0
    nearest = truth.min(axis=1)
    answer = walk(net, stock, homes, metres=far)
    np.testing.assert_array_equal(np.isfinite(answer.metres), np.isfinite(nearest))
    reached = np.isfinite(nearest)
    assert 250 < reached.sum() < len(homes)
    np.testing.assert_allclose(answer.metres[reached], nearest[reached], atol=CENTIMETRE)
    np.testing.assert_allclose(truth[np.flatnonzero(reached), answer.index[reached]], nearest[reached], atol=CENTIMETRE)
    np.testing.assert_array_equal(walk_metres(net, stock, homes, metres=far), answer.metres)
    for home in (0, 7, 45, 50, 51, 200):
        each = walk_from(net, homes[home], stock, metres=far)
        np.testing.assert_array_equal(np.isfinite(each), np.isfinite(truth[home]))
        np.testing.assert_allclose(each[np.isfinite(each)], truth[home][np.isfinite(each)], atol=CENTIMETRE)
    for most in (150.0, 700.0):
        pairs = walk_pairs(net, stock, homes, metres=most)
        table = np.full(truth.T.shape, np.inf)
        table[pairs.facility, pairs.demand] = pairs.metres
        clear = np.abs(truth.T - most) > CENTIMETRE
        np.testing.assert_array_equal(np.isfinite(table)[clear], (most >= truth.T)[clear])
        np.testing.assert_allclose(pairs.metres, truth.T[pairs.facility, pairs.demand], atol=CENTIMETRE)
        assert len(pairs.metres) > most / 15


def test_a_home_stands_at_the_foot_of_the_perpendicular_on_the_nearest_edge():
    nodes, edges, _, _, _, homes, _, island = town(11)
    found = snap(network(nodes, edges), homes)
    for row, told in enumerate(on_streets(nodes, edges, homes, islands=island)):
        assert (found.edge[row] >= 0) == (told is not None)
        if told is not None:
            assert found.metres[row] == pytest.approx(told[2], abs=0.002)
    on = found.edge >= 0
    assert on.mean() > 0.7
    assert np.isinf(found.metres[~on]).all()


def test_a_road_of_five_kilometres_without_a_bend_is_met_where_it_is_nearest():
    # A geodesic bulges 0.5 m above its chord here, and leaves the straight line of degrees by a third of a metre.
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    start, end = np.array([112.5, 35.3]), np.array([112.55, 35.3])
    bearing, _, whole = geod.inv(*start, *end)
    net = network(np.array([start, end]), [(0, 1)], island=1)
    for along in (100.0, 1_234.5, whole / 2, whole - 77.0):
        lon, lat, back = geod.fwd(*start, bearing, along)
        for aside in (0.0, 3.0, 80.0):
            home = np.array([geod.fwd(lon, lat, back + 90, aside)[:2]])
            found = snap(net, home)
            assert found.metres[0] == pytest.approx(aside, abs=0.001)
            assert found.leave[0, 0] - found.metres[0] == pytest.approx(along, abs=CENTIMETRE)
            assert walk(net, start[None], home, metres=9_000).metres[0] == pytest.approx(along + aside, abs=CENTIMETRE)


def test_points_of_one_facility_are_one_facility_in_pairs():
    nodes, edges, metres, oneway, _, homes, stock, _ = town(3)
    net = network(nodes, edges, metres=metres, oneway=oneway)
    owner = np.arange(len(stock)) % 4
    each, together = (walk_pairs(net, stock, homes, metres=900, owner=of) for of in (None, owner))
    least = {}
    for facility, home, way in zip(each.facility.tolist(), each.demand.tolist(), each.metres.tolist(), strict=True):
        key = (int(owner[facility]), home)
        least[key] = min(least.get(key, np.inf), way)
    found = dict(
        zip(zip(together.facility.tolist(), together.demand.tolist(), strict=True), together.metres, strict=True)
    )
    assert found.keys() == least.keys()
    np.testing.assert_allclose([found[key] for key in least], list(least.values()), atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("limit", [0.5, 100.0, 1_000.0])
def test_few_points_stand_where_they_stand_among_many(seed, limit):
    nodes, edges, _, _, _, homes, _, _ = town(seed)
    few = homes[[3, 51, 60, 120, 300]]
    some = snap(network(nodes, edges), few, limit=limit)
    many = snap(network(nodes, edges), np.concatenate((few, homes)), limit=limit).take(np.arange(len(few)))
    np.testing.assert_array_equal(some.edge, many.edge)
    np.testing.assert_allclose(some.share, many.share, atol=1e-12)
    np.testing.assert_array_equal(some.metres, many.metres)


def test_for_few_points_few_edges_are_made_ready_to_be_found():
    nodes, edges = streets(40, 40)
    net = network(nodes, edges)
    pieces = net.ways.pieces_for(nodes[:3], 100.0)
    assert len(pieces.rows) < len(net.ways.ends) / 20
    assert net.ways.pieces_for(nodes, 100.0) is net.ways.pieces
