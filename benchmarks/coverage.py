"""Coverage analysis against the libraries that do parts of it, on one made-up city, in one run and on one thread.

The city: 1,000,000 cells of 45 m with 12 million people, 10,000 facilities in clusters, and a jittered street grid of
200,704 nodes of which a tenth of the streets is missing. Each line gives the median of the runs in seconds of processor
time (what the clock shows on a machine that does nothing else), the target where there is one, and a peer beside it
where it is installed (``pip install 'service-map[bench]'``).

A target missed is printed with its ratio and fails nothing, for another process on the machine can cost a tenth of a
second; a wrong answer does.
"""

import importlib
import importlib.metadata
import os
import platform
import re
import resource
import statistics
import sys
import tempfile
import time
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402 - the number of threads has to be set before
import shapely  # noqa: E402

from service_map import settings, store  # noqa: E402
from service_map.catalogue import rules  # noqa: E402
from service_map.coverage import (  # noqa: E402
    candidates,
    cells,
    check,
    completeness,
    covered,
    gap,
    gap_on_foot,
    hexagons,
    metres_between,
    nearest,
    network,
    open_places,
    pairs,
    points,
    rank,
    served,
    site,
    site_land,
    snap,
    two_step,
    walk,
    walk_pairs,
)
from service_map.coverage.snapping import on_edges  # noqa: E402
from service_map.web import create_app  # noqa: E402

warnings.simplefilter("ignore")  # peers warn of what other peers change
SIDE_M, CELLS, FACILITIES, BLOCKS = 45.0, 1_000, 10_000, 448
WEST, SOUTH = 112.5, 35.3
MISSED, WRONG = [], []


def degrees(xy):
    return np.column_stack((WEST + xy[:, 0] / 111_320 / np.cos(np.radians(SOUTH + 0.2)), SOUTH + xy[:, 1] / 111_000))


def timed(call, runs=5):
    taken, answer = [], None
    for _ in range(runs):
        start = time.process_time()
        answer = call()
        taken.append(time.process_time() - start)
    return statistics.median(taken), answer


def line(what, seconds, target=None, note=""):
    verdict = ""
    if target is not None:
        verdict = f"  target {target:g} s {'kept' if seconds <= target else f'MISSED, {seconds / target:.2f} of it'}"
        if seconds > target:
            MISSED.append(what)
    print(f"  {what:<62} {seconds:9.4f} s{verdict}  {note}")


def at_least(what, ratio, wanted):
    print(f"  {what:<62} {ratio:8.1f} x  target {wanted:g} x {'kept' if ratio >= wanted else 'MISSED'}")
    if ratio < wanted:
        MISSED.append(what)


def peer(name):
    """The library, or None with the reason printed."""
    try:
        return importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - whatever keeps a peer from importing is worth a line, not the run
        print(f"  peer {name} left out: {type(error).__name__}: {error}")
        return None


def city():
    rng = np.random.default_rng(1)
    x, y = np.meshgrid(np.arange(CELLS) * SIDE_M, np.arange(CELLS) * SIDE_M)
    demand = degrees(np.column_stack((x.ravel(), y.ravel())))
    people = rng.gamma(0.5, 24, CELLS**2)
    centres = rng.uniform(0, CELLS * SIDE_M, (300, 2))
    spots = (centres[rng.integers(0, 300, FACILITIES)] + rng.normal(0, 1_500, (FACILITIES, 2))) % (CELLS * SIDE_M)
    return points(demand, people, cells=True), degrees(spots)


def street_grid(blocks=BLOCKS):
    rng = np.random.default_rng(2)
    x, y = np.meshgrid(np.arange(blocks), np.arange(blocks))
    nodes = degrees(np.column_stack((x.ravel(), y.ravel())) * 100.0 + rng.normal(0, 12, (blocks**2, 2)))
    number = np.arange(blocks**2).reshape(blocks, blocks)
    edges = np.concatenate(
        (
            np.column_stack((number[:, :-1].ravel(), number[:, 1:].ravel())),
            np.column_stack((number[:-1].ravel(), number[1:].ravel())),
        )
    )
    return nodes, edges[rng.random(len(edges)) >= 0.1]


def straight(demand, supply):
    print("straight line, 1,000,000 demand points x 10,000 facilities")
    ours = {}
    for radius in (300, 1_000):
        ours[radius], flags = timed(lambda radius=radius: covered(supply, demand.lonlat, radius))
        line(f"covered within {radius} m", ours[radius], 0.5, f"{flags.mean():.1%} of cells")
    spent, _ = timed(lambda: nearest(supply, demand.lonlat, metres=1_000))
    line("nearest within 1000 m, with metres and index", spent, 0.5)
    _, index = nearest(supply, demand.lonlat)
    truth = metres_between(demand.lonlat, supply[index])
    for radius in (300, 1_000):
        wrong = int((covered(supply, demand.lonlat, radius) != (truth <= radius)).sum())
        print(f"  cells judged otherwise than by pyproj.Geod at {radius} m: {wrong}")
        if wrong:
            WRONG.append("geodesic")
    return ours, truth


def straight_peer(demand, supply, ours, truth):
    geopandas = peer("geopandas")
    if geopandas is None:
        return
    for radius in (300, 1_000):
        spots = geopandas.GeoSeries(shapely.points(supply), crs=4326).to_crs(32649)
        homes = geopandas.GeoDataFrame(
            geometry=geopandas.GeoSeries(shapely.points(demand.lonlat), crs=4326).to_crs(32649)
        )

        def joined(spots=spots, homes=homes, radius=radius):
            union = shapely.union_all(spots.buffer(radius, 16).to_numpy())
            parts = geopandas.GeoDataFrame(geometry=shapely.get_parts(union), crs=32649)
            flags = np.zeros(len(homes), dtype=bool)
            flags[geopandas.sjoin(homes, parts, predicate="within").index] = True
            return flags

        spent, flags = timed(joined, 3)
        line(
            f"geopandas buffer + union + sjoin, {radius} m (projection not counted)",
            spent,
            note=f"{(flags != (truth <= radius)).sum()} wrong cells",
        )
        at_least(f"ours is faster than geopandas at {radius} m", spent / ours[radius], 1.5)


def bounds(demand, supply):
    print("people covered with bounds (certain, located, possible; built and promised), 1,000,000 cells")
    rng = np.random.default_rng(3)
    stock = candidates(
        supply,
        ["kindergarten"] * len(supply),
        uncertainty_m=rng.choice([0, 50, 300, 2_000], len(supply)),
        status=rng.choice(["existing", "planned"], len(supply)).tolist(),
    )
    ready = cells(demand.lonlat)
    spent, answer = timed(lambda: served(demand, stock, 500, prepared=ready), 3)
    total = answer.total
    shares = " <= ".join(f"{getattr(answer.covered, kind) / total:.1%}" for kind in ("certain", "located", "possible"))
    line("six reaches at 500 m, facilities of four precisions", spent, note=shares)


def all_kinds(demand, supply):
    print("completeness, 30 categories over 1,000,000 cells")
    walked = [rule for rule in rules() if rule.mode == "walk" and rule.metres][:1]
    template = walked[0]
    thirty = [
        type(template)(
            **{
                **{name: getattr(template, name) for name in template.__slots__},
                "id": f"k{k}",
                "category": f"k{k}",
                "metres": 1_000.0,
            }
        )
        for k in range(30)
    ]
    stock = candidates(supply, [f"k{k % 30}" for k in range(len(supply))])
    spent, answer = timed(lambda: completeness(demand, stock, thirty), 5)
    line("straight line, 1000 m", spent, 1.0, f"mean {answer.mean:.2f} of 30")
    # The same by the nearest facility of each kind, which the geodesic decides: no cell may differ.
    truth = np.zeros(len(demand.lonlat), dtype=np.uint8)
    for k in range(30):
        truth += nearest(supply[k::30], demand.lonlat, metres=1_000)[1] >= 0
    wrong = int((truth != answer.count).sum())
    print(f"  cells counted otherwise than by the geodesic: {wrong}")
    if wrong:
        WRONG.append("completeness")


def at_corners(net):
    """Every node of a network as a place: at an end of one of its edges, or nowhere if it has none."""
    edge, share = np.full(len(net.lonlat), -1), np.zeros(len(net.lonlat))
    for end in (0, 1):
        edge[net.ways.ends[:, end]], share[net.ways.ends[:, end]] = np.arange(len(net.ways.ends)), end
    return on_edges(net, edge, share, np.where(edge >= 0, 0.0, np.inf))


def on_foot(demand, supply):
    nodes, edges = street_grid()
    print(f"walking, {len(nodes):,} nodes, {len(edges):,} edges, 10,000 facilities, 1000 m")
    built, net = timed(lambda: network(nodes, edges), 3)
    line("network from a table of edges", built)
    spent, _ = timed(lambda: replace(net).ways, 3)
    line("its edges made ready to be found (once)", spent)
    spent, stock = timed(lambda: snap(net, supply), 3)
    homes = at_corners(net)
    ours, answer = timed(lambda: walk(net, stock, homes, metres=1_000))
    line("nearest facility of every node", ours, 0.1, f"{np.isfinite(answer.metres).mean():.1%} reached")
    ready = cells(demand.lonlat)
    spent, cells_on = timed(lambda: snap(net, ready), 3)
    line("put 1,000,000 cells on the nearest edge (once)", spent)
    spent, _ = timed(lambda: walk(net, stock, cells_on, metres=1_000), 3)
    line("nearest facility of 1,000,000 snapped cells", spent)
    return nodes, edges, net, stock, ours


def on_foot_peers(nodes, edges, net, stock, ours):
    length = metres_between(nodes[edges[:, 0]], nodes[edges[:, 1]])
    starts = np.unique(stock.ends[stock.edge >= 0, 0])
    corners = at_corners(net)
    mine = walk(net, corners.take(starts), corners, metres=1_000).metres
    networkx = peer("networkx")
    if networkx is not None:
        graph = networkx.Graph()
        graph.add_weighted_edges_from(zip(edges[:, 0].tolist(), edges[:, 1].tolist(), length.tolist(), strict=True))
        sources = {int(node) for node in starts if node in graph}
        spent, found = timed(lambda: networkx.multi_source_dijkstra_path_length(graph, sources, cutoff=1_000), 1)
        theirs = np.array([found.get(node, np.inf) for node in range(len(nodes))])
        both = np.isfinite(theirs) & np.isfinite(mine)
        line(
            "networkx multi-source Dijkstra",
            spent,
            note=f"greatest difference {np.abs(theirs[both] - mine[both]).max():.1e} m",
        )
        at_least("ours is faster than networkx", spent / ours, 10)
    igraph = peer("igraph")
    if igraph is not None:
        # igraph has no search from many sources: one more node, joined to all of them, stands in.
        extra = [(len(nodes), int(node)) for node in starts]
        graph = igraph.Graph(n=len(nodes) + 1, edges=edges.tolist() + extra)
        weight = length.tolist() + [0.0] * len(extra)
        spent, found = timed(lambda: graph.distances([len(nodes)], weights=weight), 1)
        theirs = np.array(found[0][:-1])
        both = np.isfinite(mine)
        line(
            "igraph, one added source (no limit)",
            spent,
            note=f"greatest difference {np.abs(theirs[both] - mine[both]).max():.1e} m",
        )
    on_foot_pandana()


def on_foot_pandana():
    """Preparing the whole grid would take pandana minutes, so both are asked of a corner of it."""
    pandana, pandas = peer("pandana"), peer("pandas")
    if pandana is None or pandas is None:
        return
    side = 100
    rng = np.random.default_rng(7)
    number = np.arange(side**2).reshape(side, side)
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    nodes = degrees(np.column_stack((x.ravel(), y.ravel())) * 100.0 + rng.normal(0, 12, (side**2, 2)))
    across = np.column_stack((number[:, :-1].ravel(), number[:, 1:].ravel()))
    edges = np.concatenate((across, np.column_stack((number[:-1].ravel(), number[1:].ravel()))))
    length = metres_between(nodes[edges[:, 0]], nodes[edges[:, 1]])
    starts = np.sort(rng.choice(side**2, 1_000, replace=False))
    prepared, theirs = timed(
        lambda: pandana.Network(
            pandas.Series(nodes[:, 0]), pandas.Series(nodes[:, 1]), pandas.Series(edges[:, 0]),
            pandas.Series(edges[:, 1]), pandas.DataFrame({"metres": length}), twoway=True,
        ),
        1,
    )  # fmt: skip
    theirs.set_pois("stock", 1_000, 1, pandas.Series(nodes[starts, 0]), pandas.Series(nodes[starts, 1]))
    spent, table = timed(lambda: theirs.nearest_pois(1_000, "stock", num_pois=1), 3)
    found = table[1].to_numpy()
    built, net = timed(partial(network, nodes, edges), 3)
    homes = at_corners(net)
    plain = homes.take(starts)
    ours, answer = timed(lambda: walk(net, plain, homes, metres=1_000))
    near = np.where(np.isfinite(answer.metres), answer.metres, 1_000)
    apart = np.abs(found - near).max()
    line(f"pandana nearest, {side**2:,} nodes (prepared in {prepared:.1f} s)", spent, note=f"differs by {apart:.1e} m")
    line(f"ours, the same (prepared in {built:.2f} s)", ours)
    at_least("ours is faster than pandana's query", spent / ours, 10)
    if apart > 0.02:
        WRONG.append("pandana")


def gaps(demand, supply):
    print("gap polygons, 10,000 facilities")
    area = shapely.box(*demand.lonlat.min(axis=0), *demand.lonlat.max(axis=0))
    for radius in (300, 1_000):
        spent, answer = timed(lambda radius=radius: gap(area, supply, radius), 3)
        line(
            f"gap at {radius} m", spent, 1.0, f"{answer.share:.2%} covered, {len(shapely.get_parts(answer.gap))} pieces"
        )
    spent, _ = timed(lambda: gap(area, supply[:300], 1_000))
    line("gap of a county, 300 facilities", spent, 0.05)
    nodes, edges = street_grid()
    net = network(nodes, edges)
    spent, answer = timed(lambda: gap_on_foot(area, supply[:300], 1_000, net), 1)
    line("gap on foot, 200,704 nodes, 300 facilities, 1000 m", spent, 1.5, f"{answer.share:.2%} covered")
    rng = np.random.default_rng(7)
    homes = rng.uniform(*np.array(shapely.bounds(area)).reshape(2, 2), (200_000, 2))
    reached = np.isfinite(walk(net, supply[:300], homes, metres=1_000).metres)
    wrong = homes[reached != shapely.contains_xy(answer.covered, homes[:, 0], homes[:, 1])]
    away = shapely.distance(shapely.boundary(answer.covered), shapely.points(wrong)) * 111_000
    print(f"  of 200,000 homes misjudged: {len(wrong)}, at most {away.max(initial=0.0):.1f} m from the line")
    if (away > 1).any():
        WRONG.append("gap on foot")
    nodes, edges = street_grid(141)
    county, net = shapely.box(*nodes.min(axis=0), *nodes.max(axis=0)), network(nodes, edges)
    beside = nodes[rng.choice(len(nodes), 30, replace=False)]
    spent, answer = timed(lambda: gap_on_foot(county, beside, 1_000, net), 3)
    line("gap on foot of a county, 19,881 nodes, 30 facilities, 1000 m", spent, 0.2, f"{answer.share:.2%} covered")

    left = gap(area, supply[:300], 300)
    spent, pieces = timed(lambda: rank(left, supply[:300], zones=hexagons(area, 300)), 3)
    line("gap of a county in H3 cells, 300 facilities, 300 m", spent, 1.0, f"{len(pieces)} pieces")


def card(supply):
    print("15-minute check of a point, 300 facilities, all rules")
    rng = np.random.default_rng(4)
    every = rules()
    kinds = sorted({rule.category for rule in every})
    stock = candidates(
        supply[:300],
        rng.choice(kinds, 300).tolist(),
        uncertainty_m=rng.choice([50, 1_500, 20_000], 300),
        status="planned",
    )
    spent, _ = timed(lambda: check(supply[0], stock, every), 50)
    line("check", spent, 0.005)


def questions():
    """The two questions of the interface, asked of the shipped data without a network in between."""
    print("the shipped data, one question at a time")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/map.gpkg"
        store.build(url, geodata=settings.load({}).geodata_dir)
        client = create_app(settings.load({"DATABASE_URL": url})).test_client()
        points = ((112.187, 35.690), (112.851, 35.500), (112.752, 37.698), (110.998, 35.015), (113.298, 40.075))
        cards = [f"/api/circle?lon={lon}&lat={lat}" for lon, lat in points]
        counties = [
            f"/api/coverage?area={area}&category={category}&metres={metres}"
            for area in ("140521", "140213", "140802")
            for category, metres in (("kindergarten", 300), ("elderly_community", 1_000), ("park_green", 500))
        ]
        for what, target, asked in (("/api/circle", 0.03, cards), ("/api/coverage of a county", 0.2, counties)):
            for address in asked:
                answer = client.get(address)
                if answer.status_code != 200:
                    WRONG.append(address)
            taken = []
            for address in asked * 10:
                start = time.process_time()
                client.get(address)
                taken.append(time.process_time() - start)
            line(f"{what}, median of {len(taken)}", statistics.median(taken), target, f"longest {max(taken):.4f} s")


def choose_sites():
    print("siting")
    rng = np.random.default_rng(5)
    centres = rng.uniform(0, CELLS * SIDE_M, (60, 2))
    homes = centres[rng.integers(0, 60, 20_000)] + rng.normal(0, 2_500, (20_000, 2))
    demand = points(degrees(homes), rng.integers(1, 600, 20_000).astype(float))
    places = degrees(homes[rng.integers(0, 20_000, 2_000)] + rng.normal(0, 300, (2_000, 2)))
    for radius, count in ((1_000, 20), (1_000, 50), (1_000, 100), (300, 100)):
        spent, _ = timed(lambda radius=radius, count=count: site(demand, [], places, count, radius, bound="none"), 3)
        bound, answer = timed(lambda radius=radius, count=count: site(demand, [], places, count, radius, bound="lp"), 1)
        quick, fast = timed(lambda radius=radius, count=count: site(demand, [], places, count, radius), 1)
        share = answer.added / answer.bound
        line(
            f"20,000 x 2,000, {count} sites within {radius} m",
            spent,
            0.1,
            f"{share:.2%} of the LP bound ({bound:.1f} s), {fast.added / fast.bound:.2%} of Lagrange ({quick:.1f} s)",
        )
        if share < 0.96:
            WRONG.append("LP bound")
    for side, count in ((45_000, 38), (5_000, 38), (5_000, 100)):
        town = shapely.box(*degrees(np.array([[0.0, 0.0], [side, side]])).ravel())

        def by_land(town=town, count=count):
            return site_land(town, town, count, 300, places=open_places(town, town, count, 300, most=2_000))

        spent, answer = timed(by_land, 1)
        note = f"{answer.added:.2f} of at most {answer.bound:.2f} km²{', proven' if answer.proven else ''}"
        line(f"by land: {count} sites within 300 m in {(side / 1000) ** 2:,.0f} km²", spent, 3.0, note)
    nodes, edges = street_grid()
    net = network(nodes, edges)
    spent, reach = timed(lambda: walk_pairs(net, places, demand.lonlat, metres=1_000), 1)
    line(f"who walks where: {len(reach.metres):,} pairs of 20,000 x 2,000 over 200,704 nodes", spent)
    none = np.zeros(len(demand.amount), dtype=bool)
    spent, _ = timed(lambda: site(demand, [], places, 100, 1_000, bound="none", reach=reach, reached=none), 3)
    line("20,000 x 2,000, 100 sites within a walk of 1000 m", spent, 0.1)
    return demand, places


def choose_sites_peer(demand, places):
    spopt, pulp = peer("spopt.locate"), peer("pulp")
    if spopt is None or pulp is None:
        return
    some, few = points(demand.lonlat[::10], demand.amount[::10]), places[::10]
    cost = np.stack([metres_between(place[None], some.lonlat) for place in few], axis=1)

    def theirs():
        problem = spopt.MCLP.from_cost_matrix(cost, some.amount, service_radius=1_000, p_facilities=20)
        solved = problem.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=60))
        return [row for row, variable in enumerate(solved.fac_vars) if variable.value() > 0.5]

    spent, chosen = timed(theirs, 1)
    mine, answer = timed(lambda: site(some, [], few, 20, 1_000), 1)
    exact, proven = timed(lambda: site(some, [], few, 20, 1_000, exact_seconds=30), 1)
    worth = float(some.amount[covered(few[chosen], some.lonlat, 1_000)].sum())
    line("spopt MCLP, 2,000 x 200, 20 sites (matrix not counted)", spent, note=f"covers {worth:,.0f}")
    line(
        "ours with the Lagrangian bound, the same", mine, note=f"covers {answer.added:,.0f}, bound {answer.bound:,.0f}"
    )
    line("ours, proven by HiGHS, the same", exact, note=f"covers {proven.added:,.0f}, proven {proven.proven}")
    if max(answer.added, proven.added) < worth * (1 - 1e-9):
        WRONG.append("siting below spopt")


def catchments(demand, supply):
    print("two-step floating catchment, 100,000 homes x 10,000 facilities, 1000 m")
    rng = np.random.default_rng(6)
    rows = rng.choice(len(demand.amount), 100_000, replace=False)
    homes, people, beds = demand.lonlat[rows], demand.amount[rows], rng.integers(10, 300, len(supply)).astype(float)
    spent, found = timed(lambda: pairs(supply, homes, 1_000), 3)
    line(f"{len(found.metres):,} pairs", spent)
    ours, answer = timed(lambda: two_step(found, people, beds))
    line("two steps", ours)
    return found, people, beds, answer, ours


def catchments_peer(found, people, beds, answer, ours):
    access, pandas = peer("access"), peer("pandas")
    if access is None or pandas is None:
        return
    model = access.Access(
        demand_df=pandas.DataFrame({"id": np.arange(len(people)), "people": people}),
        demand_index="id",
        demand_value="people",
        supply_df=pandas.DataFrame({"id": np.arange(len(beds)), "beds": beds}),
        supply_index="id",
        supply_value=["beds"],
        cost_df=pandas.DataFrame({"home": found.demand, "site": found.facility, "metres": found.metres}),
        cost_origin="home",
        cost_dest="site",
        cost_name="metres",
    )
    spent, theirs = timed(lambda: model.two_stage_fca(name="a", max_cost=1_000), 1)
    theirs = theirs["a_beds"].reindex(np.arange(len(people))).fillna(0).to_numpy()
    line(
        "PySAL access, the same pairs",
        spent,
        note=f"greatest difference {np.abs(theirs - answer.places).max():.1e}, {spent / ours:.0f} x ours",
    )


def main():
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else []
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scipy", "shapely"))
    machine = names[0] if names else platform.processor()
    print(f"{platform.platform()}, {machine}, {os.cpu_count()} cores, one thread used")
    print(f"Python {platform.python_version()}, {versions}")
    demand, supply = city()
    ours, truth = straight(demand, supply)
    bounds(demand, supply)
    all_kinds(demand, supply)
    streets = on_foot(demand, supply)
    gaps(demand, supply)
    card(supply)
    questions()
    wanted = choose_sites()
    found = catchments(demand, supply)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"peak memory of all the above: {peak:.2f} GB  target 1 GB {'kept' if peak < 1 else 'MISSED'}")
    if peak >= 1:
        MISSED.append("memory")
    print("peers, in the same run")
    straight_peer(demand, supply, ours, truth)
    on_foot_peers(*streets)
    choose_sites_peer(*wanted)
    catchments_peer(*found)
    print("missed: " + ", ".join(MISSED) if MISSED else "every target kept")
    print("wrong: " + ", ".join(WRONG) if WRONG else "no answer is wrong")
    return 1 if WRONG else 0


if __name__ == "__main__":
    sys.exit(main())
