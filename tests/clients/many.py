"""Invented facilities by the ten thousand, spread over the counties of the data, to measure the site with."""

import tomllib
from shutil import copytree

import invention
import numpy as np
import shapely

from service_map import catalogue, places, plans, store
from service_map.store import queries

PRECISIONS = (("site", 50.0), ("site", 0.0), ("village", 2_000.0), ("township", 6_000.0), ("county", 40_000.0))


def build_many(number, *, geodata, folder, around):
    """Build a database of so many invented facilities.

    ``around`` is a database whose counties they are spread over. Gives the path and the folder of its open data.
    """
    engine = store.open_readonly(f"sqlite:///{around}")
    with engine.connect() as conn:
        counties = [area for area in queries.areas(conn, level="county", with_geometry=True) if area.lon]
    engine.dispose()
    random = np.random.default_rng(20221)
    kinds = list(catalogue.categories(geodata))
    home = copytree(geodata, folder / "geodata", dirs_exist_ok=True)
    for name in (places.LISTED_FILE, "retired.csv"):  # others would be counted beside, and successors are not there
        (home / name).unlink(missing_ok=True)
    # Each stands where its plan may promise: a city's plan anywhere in the city.
    where = {
        name: plan["adcode"][:4]
        for name, plan in tomllib.loads((home / "plans.toml").read_text(encoding="utf-8")).items()
        if plan["adcode"].endswith("00")
    }
    promises = {}
    for commitment in plans.load_commitments(home / "commitments.jsonl"):
        if commitment.plan in where:
            promises.setdefault(where[commitment.plan], []).append(commitment.id)
    counties = [county for county in counties if county.adcode[:4] in promises]
    facilities = []
    for row in range(number):
        county = counties[int(random.integers(len(counties)))]
        precision, uncertainty = PRECISIONS[int(random.integers(len(PRECISIONS)))]
        east, north = random.normal(0, 0.09, 2) if precision != "county" else (0.0, 0.0)
        middle = shapely.point_on_surface(county.geometry)
        lon, lat = middle.x + float(east), middle.y + float(north)
        while not shapely.contains_xy(county.geometry, lon, lat):
            lon, lat = (lon + middle.x) / 2, (lat + middle.y) / 2
        facilities.append(
            invention.facility(
                row + 1_000,
                [promises[county.adcode[:4]][row % len(promises[county.adcode[:4]])]],
                name=f"虚构设施{row}",
                category=kinds[int(random.integers(len(kinds)))],
                adcode=county.adcode,
                lon=lon,
                lat=lat,
                precision=precision,
                uncertainty_m=uncertainty,
                year=int(random.integers(2021, 2031)) if row % 3 == 0 else None,
            )
        )
    places.write_facilities(home / "facilities.geojson", facilities)
    path = folder / "many.gpkg"
    store.build(f"sqlite:///{path}", geodata=home)
    return path, home
