"""A million facilities of a made-up country in PostGIS: how fast pages, neighbours, tiles and clusters are answered.

Run ``python benchmarks/million.py`` (some minutes, most of them the build), or with ``--facilities 100000`` for less.
``--gpkg`` asks the same of a GeoPackage. Questions come through the site itself, each at many places, towns more often
than the country, as readers ask; the first of each kind is told apart, for it reads what the later ones find kept.
"""

import argparse
import csv
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import china
import numpy as np
import shapely

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "store"))

import postgres_cluster  # noqa: E402

from service_map import settings, store, web  # noqa: E402
from service_map.places.existing import EXISTING_COLUMNS  # noqa: E402

GEODATA = ROOT / "geodata"
ASKED = 60
MISSED = []


def invent(folder, number):
    """Write the shipped open data with so many existing facilities all over the country."""
    shutil.copytree(GEODATA, folder)
    (folder / "osm_places.csv").unlink(missing_ok=True)
    codes = china.codes(1000)
    kinds = china.kinds(30)
    each = -(-number // (len(codes) * len(kinds)))
    left, towns = number, []
    with (folder / "existing.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(EXISTING_COLUMNS)
        for code in codes:
            found = china.facilities(code, 50_000, kinds, each, existing=True)
            lonlat = shapely.get_coordinates(np.asarray(found.geometry.array))
            rows = zip(found["category"], lonlat.tolist(), range(left), strict=False)
            for kind, (lon, lat), row in rows:
                writer.writerow([code, kind, f"f{int(code):06x}{row % 2**24:06x}", f"设施{row}", f"{lon:.7f}",
                                 f"{lat:.7f}", 10, "", "", "2024", "invented", "CC0-1.0"])  # fmt: skip
            towns.append(lonlat[0])
            left -= min(left, len(found))
            if not left:
                break
    return np.array(towns)


def clock(client, what, addresses, target, *, kilobytes=None):
    """Ask every address once; print the first, the median, the slowest twentieth and the size."""
    times, sizes = [], []
    for address in addresses:
        start = time.perf_counter()
        answer = client.get(address)
        body = answer.get_data()
        times.append((time.perf_counter() - start) * 1000)
        sizes.append(len(body) / 1000)
        if answer.status_code not in {200, 204}:
            raise SystemExit(f"{address}: {answer.status_code} {body[:200]!r}")
    median, late = statistics.median(times[1:]), statistics.quantiles(times[1:], n=20)[-1]
    verdict = f"target ≤ {target} ms {'kept' if median <= target else 'MISSED'}"
    if median > target:
        MISSED.append(what)
    size = f"{statistics.median(sizes):6.1f} kB"
    if kilobytes is not None:
        size += f" (≤ {kilobytes} kB {'kept' if max(sizes) <= kilobytes else 'MISSED'})"
        if max(sizes) > kilobytes:
            MISSED.append(f"{what}: size")
    print(
        f"  {what:<44} first {times[0]:8.1f}  median {median:7.1f}  p95 {late:7.1f} ms  {verdict}  {size}", flush=True
    )


def ask(url, geodata, towns):
    client = web.create_app(settings.load({"DATABASE_URL": url, "GEODATA_DIR": str(geodata)})).test_client()
    rng = np.random.default_rng(5)
    places = towns[rng.integers(0, len(towns), ASKED)]

    def box(place, side):
        return ",".join(f"{edge:.5f}" for edge in (*(place - side / 2), *(place + side / 2)))

    for side in (0.05, 0.2, 1.0):
        addresses = [f"/api/facilities?status=all&limit=100&bbox={box(place, side)}" for place in places]
        clock(client, f"bbox page of 100, {side}° wide", addresses, 50)
    near = [f"/api/facilities/nearby?status=all&metres=1000&lon={lon:.5f}&lat={lat:.5f}" for lon, lat in places]
    clock(client, "nearby 1 km", near, 50)
    for zoom in (4, 6, 8, 10, 12, 14):
        x = ((places[:, 0] / 360 + 0.5) * 2**zoom).astype(int)
        lat = np.radians(places[:, 1])
        y = ((0.5 - np.arcsinh(np.tan(lat)) / (2 * np.pi)) * 2**zoom).astype(int)
        tiles = [f"/tiles/{zoom}/{a}/{b}.mvt?status=all" for a, b in zip(x.tolist(), y.tolist(), strict=True)]
        clock(client, f"tile, zoom {zoom}", tiles, 50)
    country = [f"/points.json?status=all&zoom={zoom}&bbox=73,18,135,54" for zoom in (4, 4, 5, 5, 4, 5)]
    clock(client, "clusters of the whole country", country, 300, kilobytes=60)
    views = [f"/points.json?status=all&zoom=8&bbox={box(place, 5.0)}" for place in places]
    clock(client, "clusters of a view, zoom 8", views, 300)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facilities", type=int, default=1_000_000)
    parser.add_argument("--gpkg", action="store_true", help="a GeoPackage instead of PostGIS")
    asked = parser.parse_args()
    machine = platform.processor() or platform.machine()
    print(f"{machine}, {os.cpu_count()} processors, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as home:
        geodata = Path(home) / "geodata"
        start = time.perf_counter()
        towns = invent(geodata, asked.facilities)
        print(f"  invented {asked.facilities:,} facilities in {time.perf_counter() - start:.0f} s (not counted)")
        if asked.gpkg:
            url = f"sqlite:///{home}/map.gpkg"
            print(f"  built a GeoPackage in {store.build(url, geodata=geodata).seconds:.0f} s")
            ask(url, geodata, towns)
        elif not postgres_cluster.installed():
            print(f"  left out: {postgres_cluster.LACKING}")
        else:
            with postgres_cluster.running() as server:
                print(f"  built PostGIS in {store.build(server.map, geodata=geodata).seconds:.0f} s")
                ask(server.map, geodata, towns)
    for what in MISSED:
        print(f"MISSED: {what}")


if __name__ == "__main__":
    main()
