"""How fast the database is built and asked, on a GeoPackage and on PostGIS, beside GeoPandas and plain sqlite3.

Run ``python benchmarks/store.py`` (about two minutes), or ``--facilities 10000`` for less. The facilities are invented:
spread over the county areas by a fixed seed, each with one citation; the rest of the open data is the shipped one.
"""

import argparse
import os
import platform
import resource
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import shapely
import sqlalchemy

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "store"))

import postgres_cluster  # noqa: E402

from service_map import catalogue, places, plans, store  # noqa: E402
from service_map.store import FacilityFilter, queries  # noqa: E402

GEODATA = ROOT / "geodata"
BOX = (112.6, 35.3, 113.1, 35.7)
CENTRE = (112.85, 35.5)
ROUNDS = 60
MOST_BUILD_S, MOST_NEARBY_MS = 15.0, 5.0


def invent(folder: Path, number: int) -> Path:
    """Write open data with `number` facilities, spread evenly over the counties of the four cities."""
    folder.mkdir(parents=True)
    for name in ("categories.toml", "standards.toml", "place_aliases.toml", "plans.toml"):
        shutil.copy(GEODATA / name, folder / name)
    cities = {plan.adcode: plan for plan in plans.load_plans(GEODATA).values() if plan.adcode.endswith("00")}
    rng = np.random.default_rng(20221122)
    kinds = list(catalogue.categories(GEODATA))
    counties = [area for area in places.areas(cities) if area.level == "county" and area.geometry is not None]
    by_city = {adcode: plan.id for adcode, plan in cities.items()}
    commitments = [
        plans.Commitment(
            id=f"{plan}-{line}-{line:06x}", plan=plan, line=line, quote="", passage_sha256=f"{line:064x}",
            category=kinds[line % len(kinds)], kind="site", name=f"甲{line}", count=1, unit="所", at_least=False,
            action="new", place=None, place_level="plan", per=None, year=2021 + line % 5, section="一",
        )
        for plan in by_city.values()
        for line in range(1, number // 40 + 1)
    ]  # fmt: skip
    of_plan = {plan: [item for item in commitments if item.plan == plan] for plan in by_city.values()}
    found: list[places.Facility] = []
    while len(found) < number:
        county = counties[len(found) // 50 % len(counties)]
        promised = of_plan[by_city[f"{county.adcode[:4]}00"]]
        west, south, east, north = county.geometry.bounds
        crowd = np.column_stack([rng.uniform(west, east, 200), rng.uniform(south, north, 200)])
        for lon, lat in crowd[shapely.contains_xy(county.geometry, crowd)][: min(50, number - len(found))]:
            commitment = promised[len(found) % len(promised)]
            found.append(
                places.Facility(
                    id=f"f{len(found):012x}", name=f"设施{len(found)}", name_given=True, category=commitment.category,
                    status="planned", basis="site", action="new", count=1, unit="所", at_least=False,
                    year=commitment.year, adcode=county.adcode, lon=round(float(lon), 7), lat=round(float(lat), 7),
                    precision="site", uncertainty_m=50.0, point_source="invented", point_licence="CC0-1.0",
                    located_by="甲", commitments=(commitment.id,),
                )
            )  # fmt: skip
    plans.write_commitments(folder / "commitments.jsonl", commitments)
    places.write_facilities(folder / "facilities.geojson", found)
    return folder


def clock(ask: Callable[[], object]) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds, after a warm-up."""
    ask()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        ask()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def show(what: str, ask: Callable[[], object], *, target: float | None = None) -> None:
    median, late = clock(ask)
    goal = "" if target is None else f"   ≤ {target:g}: {'ok' if median <= target else 'MISSED'}"
    print(f"  {what:<58} median {median:8.2f} ms   p95 {late:8.2f} ms{goal}")


def ask_store(name: str, url: str, geodata: Path) -> None:
    engine = store.open_readonly(url)
    page = {"limit": 100}

    def on(question: Callable[[sqlalchemy.Connection], object]) -> Callable[[], object]:
        def ask() -> object:
            # A connection from the pool for each question, as each request of the site does.
            with engine.connect() as connection:
                return question(connection)

        return ask

    with engine.connect() as connection:
        cursor = queries.facilities(connection, limit=5000).next_cursor
        inside = queries.facilities(connection, FacilityFilter(bbox=BOX), limit=1).matched
        near = len(queries.nearby(connection, *CENTRE, 1000))
    print(f" {name}: {inside} facilities in the box, {near} within 1 km")
    show("is_current", lambda: store.is_current(url, geodata), target=100.0)
    show("page of 100", on(lambda c: queries.facilities(c, **page)))
    show("page of 100 after 5,000", on(lambda c: queries.facilities(c, cursor=cursor, **page)))
    show("page of 100 in a box", on(lambda c: queries.facilities(c, FacilityFilter(bbox=BOX), **page)))
    show(
        "page of 100 by family and area",
        on(lambda c: queries.facilities(c, FacilityFilter(families=("elderly",), area="140525"), **page)),
    )
    show("page of 100 by words", on(lambda c: queries.facilities(c, FacilityFilter(q="泽州 养老"), **page)))
    show("page of 1,000 in a box", on(lambda c: queries.facilities(c, FacilityFilter(bbox=BOX), limit=1000)))
    show("one facility", on(lambda c: queries.facility(c, "f000000000123")))
    show("nearby 1 km", on(lambda c: queries.nearby(c, *CENTRE, 1000)), target=MOST_NEARBY_MS)
    show("layers with counts", on(queries.layers))
    show("all points as arrays", on(queries.facility_points))
    engine.dispose()


def ask_peers(path: Path) -> None:
    print(" peers on the same GeoPackage, without citations")
    show(
        "pyogrio: features in the box to GeoPandas", lambda: pyogrio.read_dataframe(path, layer="facilities", bbox=BOX)
    )
    frame = geopandas.read_file(path, layer="facilities")
    frame.sindex  # noqa: B018 - built before the clock starts
    show("GeoPandas in memory: features in the box", lambda: frame.cx[BOX[0] : BOX[2], BOX[1] : BOX[3]])
    plain = sqlite3.connect(path)
    sql = (
        "SELECT f.* FROM facilities f JOIN rtree_facilities_geom r ON r.id = f.fid"
        " WHERE r.minx <= ? AND r.maxx >= ? AND r.miny <= ? AND r.maxy >= ? LIMIT 100"
    )
    show(
        "sqlite3 by hand: 100 in the box, unordered, uncounted",
        lambda: plain.execute(sql, (BOX[2], BOX[0], BOX[3], BOX[1])).fetchall(),
    )
    plain.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facilities", type=int, nargs="+", default=[10_000, 100_000])
    numbers = parser.parse_args().facilities
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
    print(f"SQLite {sqlite3.sqlite_version}, SQLAlchemy {sqlalchemy.__version__}")
    home = Path(tempfile.mkdtemp(prefix="service-map-bench-"))
    try:
        for number in numbers:
            print(f"{number:,} facilities")
            geodata = invent(home / f"geodata-{number}", number)
            path = home / f"{number}.gpkg"
            build("GeoPackage", f"sqlite:///{path}", geodata)
            print(f"  file {path.stat().st_size / 1e6:.1f} MB, {path.stat().st_size / number:.0f} bytes a facility")
            ask_store("GeoPackage", f"sqlite:///{path}", geodata)
            ask_peers(path)
            if not postgres_cluster.installed():
                print(f" PostGIS left out: {postgres_cluster.LACKING}")
                continue
            with postgres_cluster.running() as cluster:
                build("PostGIS", cluster.map, geodata)
                ask_store("PostGIS", cluster.map, geodata)
        print(f"most memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    finally:
        shutil.rmtree(home)


def build(name: str, url: str, geodata: Path) -> None:
    start = last = time.perf_counter()
    steps = []

    def step(_line: str) -> None:
        nonlocal last
        now = time.perf_counter()
        steps.append(f"{now - last:.1f}")
        last = now

    store.build(url, geodata=geodata, progress=step)
    seconds = time.perf_counter() - start
    judged = "ok" if seconds <= MOST_BUILD_S else f"MISSED: ≤ {MOST_BUILD_S:g} s"
    print(f"  built on {name} in {seconds:.1f} s, {judged} (seconds before each step: {' '.join(steps)})")


if __name__ == "__main__":
    main()
