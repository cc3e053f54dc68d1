"""Names and imports: the gazetteer loaded, all five plans located, a million rows brought in, beside GeoPandas.

Run by ``make bench`` (about three minutes), or ``python benchmarks/places.py --rows 100000`` for less; ``--forms`` adds
the other file forms. The rows are invented: spread over the counties by a fixed seed. The plans' own commitments are
the shipped ones.
"""

import argparse
import csv
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyogrio
import shapely

from service_map import places, plans

GEODATA = Path(__file__).resolve().parents[1] / "geodata"
PROGRAM = Path(sys.executable).with_name("service-map")
CITIES = ("140200", "140500", "140700", "140800")
KINDS = (
    ("school", "第一小学"), ("kindergarten", "第二幼儿园"), ("hospital", "人民医院"), ("clinic", "诊所"),
    ("park", "公园"), ("library", "图书馆"), ("museum", "博物馆"), ("nursing_home", "敬老院"), ("residential", "小区"),
    ("pitch", "足球场"), ("bank", "银行"), ("restaurant", "饭店"), ("community_centre", "文化站"),
    ("bus_station", "汽车站"), ("supermarket", "超市"),
)  # fmt: skip
COLUMNS = ("osm_id", "fclass", "name", "county")
LOAD = """
import time
from service_map import places
begun = time.perf_counter()
places.load_gazetteer()
print(time.perf_counter() - begun)
"""


def invent(count):
    """Give the columns and the points of `count` rows."""
    rng = np.random.default_rng(20261122)
    counties = [area for area in places.areas(CITIES) if area.level == "county"]
    names, points = [], []
    for county in counties:
        wanted = count // len(counties) + (len(names) < count % len(counties))
        shapely.prepare(county.geometry)
        found = np.empty((0, 2))
        while len(found) < wanted:
            west, south, east, north = county.geometry.bounds
            tried = rng.uniform((west, south), (east, north), (wanted * 2, 2))
            found = np.vstack([found, tried[shapely.contains_xy(county.geometry, tried)]])
        names += [county.name] * wanted
        points.append(found[:wanted].round(6))
    lonlat = np.vstack(points)[:count]
    kinds = rng.integers(len(KINDS), size=len(lonlat)).tolist()
    columns = (
        [str(1000 + number) for number in range(len(lonlat))],
        [KINDS[kind][0] for kind in kinds],
        [f"{name}{number}{KINDS[kind][1]}" for number, (name, kind) in enumerate(zip(names, kinds, strict=False))],
        names[: len(lonlat)],
    )
    return columns, lonlat


def write(path, columns, lonlat):
    """Write the rows in the form that the file's name asks for."""
    rows = zip(*columns, *lonlat.T.tolist(), strict=True)
    match path.suffix:
        case ".csv":
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow((*COLUMNS, "lon", "lat"))
                writer.writerows(rows)
        case ".xlsx":
            import openpyxl

            book = openpyxl.Workbook(write_only=True)
            sheet = book.create_sheet()
            sheet.append((*COLUMNS, "lon", "lat"))
            for row in rows:
                sheet.append(row)
            book.save(path)
        case suffix:
            drivers = {".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON"}
            options = {"encoding": "GB18030"} if suffix == ".shp" else {}
            pyogrio.raw.write(
                path, shapely.to_wkb(shapely.points(lonlat)), [np.array(column, dtype=object) for column in columns],
                list(COLUMNS), geometry_type="Point", crs="EPSG:4326", driver=drivers[suffix], **options,
            )  # fmt: skip


def run(*arguments, **environment):
    """Seconds and the peak memory in MB of one run of the program."""
    begun = time.perf_counter()
    with subprocess.Popen(arguments, env={**os.environ, **environment}, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as process:  # fmt: skip
        told = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(told)
    return time.perf_counter() - begun, used.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--forms", action="store_true", help="GeoJSON, Shapefile and XLSX too")
    given = asked.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    spent = [
        float(subprocess.run([sys.executable, "-c", LOAD], capture_output=True, check=True).stdout) for _ in range(3)
    ]
    print(f"gazetteer of all China loaded: {statistics.median(spent):.2f} s (target 1)")
    gazetteer, listed = places.load_gazetteer(GEODATA), plans.load_plans(GEODATA)
    commitments = plans.load_commitments(GEODATA / "commitments.jsonl")
    spent = []
    for _ in range(3):
        begun = time.perf_counter()
        located = places.locate(commitments, listed, gazetteer)
        spent.append(time.perf_counter() - begun)
    print(f"{len(listed)} plans located, {len(located)} facilities of {len(commitments)} commitments: "
          f"{statistics.median(spent):.2f} s (target 2)")  # fmt: skip

    columns, lonlat = invent(given.rows)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for name in ("a.gpkg", "a.csv", *(("a.geojson", "a.shp", "a.xlsx") if given.forms else ())):
            path, data = home / name, Path(shutil.copytree(GEODATA, home / f"geodata-{name}"))
            write(path, columns, lonlat)
            seconds, peak = run(
                PROGRAM, "import", "facilities", path, "--datum", "WGS84", "--classes", data / "osm_classes.toml",
                "--source", "invented", "--licence", "CC0", "--date", "2024", GEODATA_DIR=str(data),
            )  # fmt: skip
            print(f"import of {len(lonlat):,} rows, {path.suffix}: {seconds:.0f} s (target 120), "
                  f"{peak:.0f} MB (target 1024)")  # fmt: skip
            if name == "a.gpkg":
                peer = "import geopandas, sys; geopandas.read_file(sys.argv[1])"
                seconds, peak = run(sys.executable, "-c", peer, path)
                print(f"  GeoPandas reads the same file, without looking at it: {seconds:.0f} s, {peak:.0f} MB")
            if name == "a.csv":
                seconds, peak = run(
                    PROGRAM, "build", GEODATA_DIR=str(data), DATABASE_URL=f"sqlite:///{home}/map.gpkg"
                )  # fmt: skip
                print(f"  then the build of the database: {seconds:.0f} s, {peak:.0f} MB")
            path.unlink()
            shutil.rmtree(data)


if __name__ == "__main__":
    main()
