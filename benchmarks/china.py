"""A made-up China of any size on its real counties: people in cells, ages, facilities in towns, streets to walk.

Every county comes from its code alone, so the same county is the same in a run of 3 and in one of 2,800, and streets
meet at county lines. Run ``python benchmarks/china.py OUT --counties 40 --cells 5000`` to have a look at one.

============  ========================================================================================================
towns         a county's towns lie in its boundary, the first the largest (sizes fall by rank, as Zipf found)
cells         those of a grid of 3 arc seconds that are nearest to a town, for its size; people fall with the distance
ages          shares of the young and the old, which differ by town
facilities    in towns, by size, clustered about their centres; a tenth in no town; some promised, some vague, some
              known to their county only
streets       a jittered grid of 6 arc seconds around the towns, a tenth of the streets missing
============  ========================================================================================================
"""

import argparse
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import shapely

from service_map import catalogue, coverage, national
from service_map.places import load_gazetteer

SEED = 20261122
PER_DEGREE = 1200
"""Cells a degree: 3 arc seconds, as WorldPop has."""

STREETS = 600
"""Street corners a degree."""

GROUPS = {"0-9": 0.11, "60+": 0.19}
HALO_DEGREES = 0.04


@cache
def gazetteer():
    return load_gazetteer()


@cache
def county(adcode):
    return national.counties(gazetteer(), [adcode])[0]


@cache
def shape(adcode):
    found = county(adcode).shape
    shapely.prepare(found)
    return found


@cache
def codes(cells):
    """Every county with room for so many cells, Shanxi's first: neighbours stand together however few are taken."""
    every = [item.adcode for item in national.counties(gazetteer(), [national.ALL])]
    large = [code for code in every if shape(code).area * PER_DEGREE**2 >= 3 * cells]
    return sorted(large, key=lambda code: (code[:2] != "14", code))


def chance(adcode, what):
    return np.random.default_rng([SEED, int(adcode), sum(map(ord, what))])


@dataclass(frozen=True)
class Town:
    lon: float
    lat: float
    size: float  # degrees of latitude


@cache
def towns(adcode, cells):
    """Towns large enough, together, for so many cells."""
    rng, whole = chance(adcode, "towns"), shape(adcode)
    number = 12
    west, south, east, north = shapely.bounds(whole)
    points = []
    while len(points) < number:
        tried = np.column_stack((rng.uniform(west, east, 64), rng.uniform(south, north, 64)))
        points += tried[shapely.contains_xy(whole, tried[:, 0], tried[:, 1])].tolist()
    weight = 1 / np.arange(1, number + 1)
    cosine = math.cos(math.radians((south + north) / 2))
    # Each town is a disc: the sum of their cells is what is asked for, with a third to spare for what overlaps.
    area = 1.33 * cells / PER_DEGREE**2 * cosine * weight / weight.sum()
    sizes = np.sqrt(area / math.pi).tolist()
    return tuple(Town(lon=lon, lat=lat, size=size) for (lon, lat), size in zip(points, sizes, strict=False))


def _near(town, reach, per_degree):
    """Corners of a grid around a town: column, row, and how far they are in sizes of the town."""
    cosine = math.cos(math.radians(town.lat))
    west, east = town.lon - reach / cosine, town.lon + reach / cosine
    columns = np.arange(math.floor(west * per_degree), math.ceil(east * per_degree))
    rows = np.arange(math.floor((town.lat - reach) * per_degree), math.ceil((town.lat + reach) * per_degree))
    column, row = (part.ravel() for part in np.meshgrid(columns, rows))
    lon, lat = (column + 0.5) / per_degree, (row + 0.5) / per_degree
    away = np.hypot((lon - town.lon) * cosine, lat - town.lat) / town.size
    inside = away * town.size <= reach
    return column[inside], row[inside], away[inside]


@dataclass(frozen=True)
class People:
    column: np.ndarray
    row: np.ndarray
    people: np.ndarray
    groups: dict

    @property
    def lonlat(self):
        return np.column_stack(((self.column + 0.5) / PER_DEGREE, (self.row + 0.5) / PER_DEGREE))


def people(adcode, cells):
    """Exactly so many cells of a county, from the north, then from the west."""
    whole, rng = shape(adcode), chance(adcode, "people")
    stretch = 1.0
    while True:
        parts = [_near(town, town.size * 1.4 * stretch, PER_DEGREE) for town in towns(adcode, cells)]
        column, row, away = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.lexsort((away, column, row))
        column, row, away = column[order], row[order], away[order]
        first = np.concatenate(([True], (column[1:] != column[:-1]) | (row[1:] != row[:-1])))
        column, row, away = column[first], row[first], away[first]
        inside = shapely.contains_xy(whole, (column + 0.5) / PER_DEGREE, (row + 0.5) / PER_DEGREE)
        # A county has room for three times as many, so this ends.
        if inside.sum() >= cells:
            break
        stretch *= 1.3
    column, row, away = column[inside], row[inside], away[inside]
    kept = np.argsort(away, kind="stable")[:cells]
    kept = kept[np.lexsort((column[kept], -row[kept]))]
    column, row, away = column[kept], row[kept], away[kept]
    count = np.round(rng.gamma(1.2, 1.0, len(kept)) * (2 + 40 * np.exp(-2.5 * np.minimum(away, 4))), 3) + 0.001
    groups = {
        name: np.round(count * np.clip(share * rng.normal(1, 0.15) + 0.02 * np.sin(column / 40), 0, 1), 3)
        for name, share in GROUPS.items()
    }
    return People(column=column, row=row, people=count, groups=groups)


def facilities(adcode, cells, kinds, each, *, existing=False):
    """So many facilities of each kind in a county; a fifth of them promised, unless only what exists is wanted."""
    rng, whole = chance(adcode, "facilities"), shape(adcode)
    known = towns(adcode, cells)
    weight = np.array([town.size**2 for town in known])
    number = each * len(kinds)
    of = rng.choice(len(known), number, p=weight / weight.sum())
    middle = np.array([(town.lon, town.lat, town.size) for town in known])[of]
    spread = middle[:, 2:] * np.where(rng.random((number, 1)) < 0.1, 3.0, 0.5)
    lonlat = middle[:, :2] + rng.normal(0, 1, (number, 2)) * spread
    outside = ~shapely.contains_xy(whole, lonlat[:, 0], lonlat[:, 1])
    lonlat[outside] = middle[outside, :2]
    promised = (rng.random(number) < 0.2) & (not existing)
    vague = promised & (rng.random(number) < 0.5)
    wide = vague & (rng.random(number) < 0.5)
    return geopandas.GeoDataFrame(
        {
            "id": [f"{adcode}-{row}" for row in range(number)],
            "adcode": adcode,
            "category": np.tile(np.array(kinds), each),
            "status": np.where(promised, "planned", "existing"),
            "year": np.where(promised, rng.integers(2021, 2026, number), 0),
            "uncertainty_m": np.where(wide, 15_000.0, np.where(vague, 800.0, np.where(promised, 50.0, 0.0))),
            "point_source": np.where(
                promised, None, np.where(rng.random(number) < 0.7, "invented map", "invented register")
            ),
            "precision": np.where(wide, "county", np.where(vague, "township", "site")),
        },
        geometry=shapely.points(np.round(lonlat, 7)),
        crs=4326,
    )


def _hashed(column, row, salt):
    """Numbers from 0 to 1 that a street corner keeps, whichever county draws it (splitmix64)."""
    value = (column.astype(np.int64) * 1_000_003 + row.astype(np.int64) * 7_919 + salt).astype(np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        value = (value ^ (value >> np.uint64(shift))) * np.uint64(factor)
    return (value >> np.uint64(11)).astype(np.float64) / 2.0**53


def _touches(town, box):
    across = town.size * 1.2 / math.cos(math.radians(town.lat))
    north = town.lat + town.size * 1.2 >= box[1] and town.lat - town.size * 1.2 <= box[3]
    return north and town.lon + across >= box[0] and town.lon - across <= box[2]


def streets(adcodes, cells, box=None):
    """The streets around the towns of some counties, within a box of degrees."""
    columns, rows = [], []
    for adcode in adcodes:
        for town in towns(adcode, cells):
            if box is not None and not _touches(town, box):
                continue
            column, row, _ = _near(town, town.size * 1.15, STREETS)
            columns.append(column)
            rows.append(row)
    corner = np.unique(np.column_stack((np.concatenate(columns), np.concatenate(rows))), axis=0)
    jitter = np.column_stack([_hashed(corner[:, 0], corner[:, 1], salt) - 0.5 for salt in (1, 2)])
    lonlat = (corner + 0.5 + 0.4 * jitter) / STREETS
    if box is not None:
        west, south, east, north = box
        inside = (lonlat[:, 0] >= west) & (lonlat[:, 0] <= east) & (lonlat[:, 1] >= south) & (lonlat[:, 1] <= north)
        corner, lonlat = corner[inside], lonlat[inside]
    key = corner[:, 0].astype(np.int64) * 1_000_000 + corner[:, 1]
    edges = []
    for salt, step in ((3, 1_000_000), (4, 1)):
        other = np.searchsorted(key, key + step)
        joined = (other < len(key)) & (key[np.minimum(other, len(key) - 1)] == key + step)
        joined &= _hashed(corner[:, 0], corner[:, 1], salt) >= 0.1
        edges.append(np.column_stack((np.flatnonzero(joined), other[joined])))
    return coverage.network(lonlat, np.concatenate(edges))


def neighbours(adcode, adcodes):
    """Counties of a list whose box comes near another's."""
    west, south, east, north = shapely.bounds(shape(adcode))
    near = []
    for code in adcodes:
        left, bottom, right, top = shapely.bounds(shape(code))
        if left <= east + 0.3 and right >= west - 0.3 and bottom <= north + 0.3 and top >= south - 0.3:
            near.append(code)
    return near


def kinds(number):
    """The first so many categories of the catalogue."""
    return list(catalogue.categories())[:number]


def write_people(folder, adcodes, cells):
    """Write people as Parquet by area code."""
    for code in adcodes:
        found = people(code, cells)
        into = folder / f"adcode={code}"
        into.mkdir(parents=True, exist_ok=True)
        columns = {"lon": found.lonlat[:, 0], "lat": found.lonlat[:, 1], "people": found.people}
        columns |= {f"people_{name}": of for name, of in found.groups.items()}
        pa.parquet.write_table(pa.table(columns), into / "people.parquet")


def write_raster(path, adcodes, cells, *, groups=()):
    """Write people as a sparse GeoTIFF, and one for each age group beside it."""
    import rasterio

    bounds = np.array([shapely.bounds(shape(code)) for code in adcodes])
    left, top = math.floor(bounds[:, 0].min() * PER_DEGREE), math.ceil(bounds[:, 3].max() * PER_DEGREE)
    width = math.ceil(bounds[:, 2].max() * PER_DEGREE) - left
    height = top - math.floor(bounds[:, 1].min() * PER_DEGREE)
    profile = {
        "driver": "GTiff", "width": width, "height": height, "count": 1, "dtype": "float32", "crs": "EPSG:4326",
        "transform": rasterio.Affine(1 / PER_DEGREE, 0, left / PER_DEGREE, 0, -1 / PER_DEGREE, top / PER_DEGREE),
        "nodata": -99999.0,
        "tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate", "SPARSE_OK": True, "BIGTIFF": "YES",
    }  # fmt: skip
    names = {"": path, **{name: path.with_name(f"{path.stem}_{name}.tif") for name in groups}}
    opened = {name: rasterio.open(of, "w+", **profile) for name, of in names.items()}
    for code in adcodes:
        found = people(code, cells)
        column, row = found.column - left, top - 1 - found.row
        # In strips: a county of the west is larger than memory.
        for start in range(int(row.min()), int(row.max()) + 1, 1024):
            mine = (row >= start) & (row < start + 1024)
            if not mine.any():
                continue
            c0, c1 = int(column[mine].min()), int(column[mine].max()) + 1
            window = rasterio.windows.Window(c0, start, c1 - c0, min(1024, height - start))
            for name, source in opened.items():
                grid = source.read(1, window=window)
                grid[row[mine] - start, column[mine] - c0] = (found.groups[name] if name else found.people)[mine]
                source.write(grid, 1, window=window)
    for source in opened.values():
        source.close()
    return names


def write_facilities(path, adcodes, cells, categories, each, *, existing=False):
    """Write facilities as one GeoParquet."""
    import pandas as pd

    frames = [facilities(code, cells, kinds(categories), each, existing=existing) for code in adcodes]
    pd.concat(frames, ignore_index=True).to_parquet(path, row_group_size=50_000)


def write_networks(folder, adcodes, cells, *, among=None):
    """Write each county's streets, with those of its halo; `among` are the counties that there are."""
    folder.mkdir(parents=True, exist_ok=True)
    for code in adcodes:
        west, south, east, north = shapely.bounds(shape(code))
        box = (west - HALO_DEGREES, south - HALO_DEGREES, east + HALO_DEGREES, north + HALO_DEGREES)
        coverage.save_network(folder / f"{code}.npz", streets(neighbours(code, among or adcodes), cells, box))


def write(folder, *, counties=40, cells=50_000, categories=30, each=20, raster=False, networks=True):
    """Write a country of so many counties; give their codes."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = codes(cells)[:counties]
    if raster:
        write_raster(folder / "people.tif", chosen, cells, groups=tuple(GROUPS))
    else:
        write_people(folder / "people", chosen, cells)
    write_facilities(folder / "facilities.parquet", chosen, cells, categories, each)
    if networks:
        write_networks(folder / "networks", chosen, cells)
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--counties", type=int, default=40)
    parser.add_argument("--cells", type=int, default=50_000, help="of each county")
    parser.add_argument("--categories", type=int, default=30)
    parser.add_argument("--each", type=int, default=20, help="facilities of each kind in each county")
    parser.add_argument("--raster", action="store_true", help="people as a GeoTIFF instead of Parquet")
    parser.add_argument("--no-networks", action="store_true")
    asked = parser.parse_args()
    chosen = write(
        asked.out, counties=asked.counties, cells=asked.cells, categories=asked.categories, each=asked.each,
        raster=asked.raster, networks=not asked.no_networks,
    )  # fmt: skip
    print(f"{len(chosen)} counties, {asked.cells} cells each → {asked.out}")


if __name__ == "__main__":
    main()
