"""The ground drawn within a walk is where those live who walk no farther, whatever the ways are like."""

import numpy as np
import pytest
import shapely
from town import place, streets
from truth import flat

from service_map.coverage import gap_on_foot, ground_anywhere, network, square_km, walk_metres

HOMES = 8_000


def by_a_river(rng):
    """A town on two banks of a river with one bridge; every third street is missing, so that many are dead ends."""
    nodes, edges = streets(24, 24, seed=5, missing=0.33)
    across = (edges[:, 0] // 24 == 11) & (edges[:, 1] // 24 == 12)
    bridge = np.array([[11 * 24 + 4, 12 * 24 + 4]])
    return nodes, np.concatenate((edges[~across], bridge)), {}


def with_bridges_over_streets(rng):
    """Ways that cross each other without meeting."""
    xy = rng.uniform(0, 2_300, (160, 2))
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    near = np.argsort(apart, axis=1)[:, 1:5]
    edges = np.sort(np.column_stack((np.repeat(np.arange(160), 4), near.ravel())), axis=1)
    return place(xy), np.unique(edges, axis=0), {}


def along_winding_lanes(rng):
    """Lanes of short straight pieces that branch off each other, and end."""
    xy, edges = [np.array([1_200.0, 1_200.0])], []
    for _ in range(30):
        last, heading = int(rng.integers(len(xy))), rng.uniform(0, 2 * np.pi)
        for _ in range(40):
            heading += rng.normal(0, 0.25)
            edges.append((last, len(xy)))
            xy.append(xy[last] + 15 * np.array([np.cos(heading), np.sin(heading)]))
            last = len(xy) - 1
    return place(np.array(xy)), np.array(edges), {}


def of_long_blocks(rng):
    """Blocks so wide that nobody steps onto a way from their middles."""
    nodes, edges = streets(9, 9, step=280, seed=2, missing=0.1)
    return nodes, edges, {}


def one_way(rng):
    nodes, edges = streets(24, 24, seed=7, missing=0.2)
    return nodes, edges, {"oneway": rng.random(len(edges)) < 0.5}


def up_and_down(rng):
    nodes, edges = streets(24, 24, seed=8, missing=0.2)
    return nodes, edges, {"heights": rng.normal(0, 8, len(nodes))}


def drawn_with_a_ruler(rng):
    """Right angles and straight lines only, so that many ways are equally near."""
    x, y = np.meshgrid(np.arange(24), np.arange(24))
    _, edges = streets(24, 24, seed=9, missing=0.15)
    return place(np.column_stack((x.ravel(), y.ravel())) * 100.0), edges, {}


TOWNS = [by_a_river, with_bridges_over_streets, along_winding_lanes, of_long_blocks, one_way, up_and_down]
AREA = shapely.box(*place([(-150, -150)])[0], *place([(2_450, 2_450)])[0])


@pytest.mark.parametrize("metres", [350, 1_100])
@pytest.mark.parametrize("town", [*TOWNS, drawn_with_a_ruler], ids=lambda town: town.__name__)
def test_nobody_is_misjudged_who_lives_a_metre_from_the_line(town, metres):
    rng = np.random.default_rng(11)
    nodes, edges, more = town(rng)
    net, stock = network(nodes, edges, **more), place(rng.uniform(0, 2_300, (5, 2)))
    answer = gap_on_foot(AREA, stock, metres, net)
    homes = place(rng.uniform(-140, 2_440, (HOMES, 2)))
    reached = np.isfinite(walk_metres(net, stock, homes, metres=metres))
    wrong = homes[reached != shapely.contains_xy(answer.covered, homes[:, 0], homes[:, 1])]
    line = shapely.transform(shapely.boundary(answer.covered), flat)
    assert 0 < reached.sum() < HOMES
    assert len(wrong) < HOMES / 500
    assert not (shapely.distance(line, shapely.points(flat(wrong))) > 1).any() if len(wrong) else True
    assert shapely.is_valid(answer.covered)


@pytest.mark.parametrize("seed", range(20, 26))
def test_of_half_the_streets_one_way_neither_slivers_nor_lost_corners_spoil_the_drawing(seed):
    rng = np.random.default_rng(seed)
    nodes, edges = streets(30, 30, seed=seed, missing=0.25)
    net, stock = network(nodes, edges, oneway=rng.random(len(edges)) < 0.5), place(rng.uniform(0, 2_900, (6, 2)))
    homes = place(rng.uniform(-190, 3_190, (2 * HOMES, 2)))
    area = shapely.box(*place([(-200, -200)])[0], *place([(3_200, 3_200)])[0])
    for metres in (300, 800):
        answer = gap_on_foot(area, stock, metres, net)
        reached = np.isfinite(walk_metres(net, stock, homes, metres=metres))
        wrong = homes[reached != shapely.contains_xy(answer.covered, homes[:, 0], homes[:, 1])]
        line = shapely.transform(shapely.boundary(answer.covered), flat)
        assert not (shapely.distance(line, shapely.points(flat(wrong))) > 1).any()


def lane(*metres):
    return network(place([(x, 0) for x in metres]), [(row, row + 1) for row in range(len(metres) - 1)], island=2)


def around(metres):
    return shapely.box(*place([(-metres, -metres)])[0], *place([(metres, metres)])[0])


def test_beside_one_way_it_is_as_wide_as_what_is_left_of_the_walk():
    # 150 m from the door: within 100 m of the way for 50 m, and then narrower by a metre every metre.
    answer = gap_on_foot(around(1_000), place([(0, 0)]), 150, lane(-400, 400))
    assert answer.covered_km2 * 1e6 == pytest.approx(4 * (50 * 100 + 100 * 100 / 2), rel=0.001)


def test_beyond_a_dead_end_it_is_round():
    # What is left at the end, 50 m from the door, is 100 m.
    answer = gap_on_foot(around(1_000), place([(0, 0)]), 150, lane(-400, 50))
    band = 2 * (50 * 100 + 100 * 100 / 2) + 2 * 50 * 100
    assert answer.covered_km2 * 1e6 == pytest.approx(band + np.pi * 100**2 / 2, rel=0.001)


@pytest.mark.parametrize("away", [(200, 0), (0, 200), (-120, 160)])
def test_at_a_corner_that_a_one_way_street_leads_away_from_it_ends_where_that_street_begins(away):
    # 50 m are left at the corner (0, 0); who steps onto the street there can only walk on, away from the door.
    nodes = place([(-200, 0), (0, 0), away])
    net = network(nodes, [(0, 1), (1, 2)], oneway=[False, True], island=2)
    answer = gap_on_foot(around(1_000), place([(-100, 0)]), 150, net)
    lane, street = (shapely.linestrings([(0, 0), end]) for end in ((-200, 0), away))
    spots = np.random.default_rng(2).uniform((-320, -120), (120, 120), (4_000, 2))
    homes = place(spots)
    reached = np.isfinite(walk_metres(net, place([(-100, 0)]), homes, metres=150))
    wrong = reached != shapely.contains_xy(answer.covered, homes[:, 0], homes[:, 1])
    line = shapely.transform(shapely.boundary(answer.covered), flat)
    assert not (shapely.distance(line, shapely.points(flat(homes[wrong]))) > 1).any()
    beside = shapely.distance(shapely.points(spots), street) < shapely.distance(shapely.points(spots), lane) - 1
    assert not shapely.contains_xy(answer.covered, *homes[beside].T).any()


def test_what_lies_farther_from_any_way_than_anybody_steps_is_a_hole():
    ring = [(0, 0), (1_000, 0), (1_000, 1_000), (0, 1_000), (0, 0)]
    nodes = place(np.array(ring[:4], dtype=float))
    net = network(nodes, [(0, 1), (1, 2), (2, 3), (3, 0)], island=2)
    answer = gap_on_foot(around(3_000), nodes[:1], 5_000, net)
    side = shapely.transform(shapely.Polygon(place(np.array(ring, dtype=float))), flat)
    expected = (shapely.buffer(side, 100, quad_segs=64).area - shapely.buffer(side, -100).area) / 1e6
    assert answer.covered_km2 == pytest.approx(expected, rel=0.001)
    assert len(shapely.get_parts(answer.covered)) == 1
    assert not answer.covered.covers(shapely.Point(place([(500, 500)])[0]))


def test_two_maps_of_one_street_laid_on_each_other_leave_the_rest_of_the_town_as_it_is():
    rng = np.random.default_rng(3)
    nodes, edges = streets(20, 20, seed=4, missing=0.2)
    twice = rng.choice(len(edges), 30, replace=False)
    copies = np.arange(60).reshape(30, 2) + len(nodes)
    both = np.concatenate((nodes, nodes[edges[twice].ravel()]))
    joined = np.concatenate((edges, copies, np.column_stack((edges[twice, 0], copies[:, 0]))))
    net, stock = network(both, joined), place(rng.uniform(0, 1_900, (4, 2)))
    answer = gap_on_foot(AREA, stock, 900, net)
    homes = place(rng.uniform(-140, 2_040, (HOMES, 2)))
    reached = np.isfinite(walk_metres(net, stock, homes, metres=900))
    wrong = homes[reached != shapely.contains_xy(answer.covered, homes[:, 0], homes[:, 1])]
    # Of two ways equally near anybody may step onto either.
    street = shapely.transform(shapely.multilinestrings(list(nodes[edges[twice]])), flat)
    line = shapely.transform(shapely.boundary(answer.covered), flat)
    spots = shapely.points(flat(wrong))
    assert not ((shapely.distance(spots, street) > 100) & (shapely.distance(spots, line) > 1)).any()
    assert square_km(answer.covered) == pytest.approx(answer.covered_km2, rel=1e-9)


@pytest.mark.parametrize("oneway", [0.0, 0.3])
def test_nobody_who_walks_to_a_place_where_it_may_stand_lives_outside_the_ground_of_what_may_be_reached(oneway):
    rng = np.random.default_rng(6)
    nodes, edges = streets(22, 22, seed=6, missing=0.25)
    net = network(nodes, edges, oneway=rng.random(len(edges)) < oneway if oneway else None)
    stock, doubt = rng.uniform(300, 1_800, (4, 2)), np.array([0.0, 40.0, 120.0, 250.0])
    ground = ground_anywhere(AREA, place(stock), doubt, 400, net)
    homes = place(rng.uniform(-140, 2_340, (HOMES, 2)))
    inside = shapely.contains_xy(ground, homes[:, 0], homes[:, 1])
    met = np.zeros(HOMES, dtype=bool)
    for _ in range(60):
        angle, far = rng.uniform(0, 2 * np.pi, 4), doubt * np.sqrt(rng.uniform(0, 1, 4))
        moved = place(stock + 0.999 * np.column_stack((far * np.cos(angle), far * np.sin(angle))))
        met |= np.isfinite(walk_metres(net, moved, homes, metres=400))
    line = shapely.transform(shapely.boundary(ground), flat)
    lost = shapely.points(flat(homes[met & ~inside]))
    assert not (shapely.distance(line, lost) > 1).any()
    circles = shapely.union_all(
        [shapely.Point(spot).buffer(402 + far) for spot, far in zip(flat(place(stock)), doubt, strict=True)]
    )
    assert shapely.covers(circles, shapely.transform(ground, flat))
    # And it says something: much of what the straight line allows is not reached from anywhere.
    assert inside.sum() < 0.85 * shapely.contains_xy(circles, *flat(homes).T).sum()
    assert inside.sum() < 2 * met.sum()
