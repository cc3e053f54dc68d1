"""The answer is one and the same, however it is computed."""

import json
import math

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from service_map import coverage, national
from service_map.national import part, population, supply, ways
from service_map.places import load_gazetteer


def _column(out, code, name):
    return pq.ParquetFile(out / "cells" / f"adcode={code}" / "cells.parquet").read([name])[name]


def test_two_worker_processes_answer_bit_for_bit_as_one_process(country, alone, cluster, prints, tmp_path):
    found = country.run(tmp_path, workers=None, scheduler=cluster)
    assert len(found.done) == 40
    assert prints(tmp_path) == prints(alone)


# The finer the parts, the fewer counties show it.
@pytest.mark.parametrize("most", [1, 37, 150])
def test_the_size_of_the_partitions_changes_no_bit(country, alone, prints, tmp_path, most):
    codes = country.codes[: {1: 1, 37: 12}.get(most)]
    country.run(tmp_path, counties=codes, most_cells=most)
    mine, whole = prints(tmp_path), prints(alone)
    mine.pop("run.json")
    assert mine == {name: digest for name, digest in whole.items() if any(code in name for code in codes)}


def test_large_counties_are_split_over_the_workers_with_the_same_answer(country, alone, cluster, prints, tmp_path):
    country.run(tmp_path, workers=None, scheduler=cluster, most_cells=100)
    assert prints(tmp_path) == prints(alone)


def test_forty_counties_answer_as_if_there_were_no_county_lines(country, alone, china):
    """All people, all facilities and all streets at once, by `coverage` alone, without partition or halo."""
    net = china.streets(country.codes, 300)
    everyone = [china.people(code, 300) for code in country.codes]
    lonlat = np.concatenate([of.lonlat for of in everyone])
    laid = supply.lay(str(country.home / "facilities.parquet"), country.kinds, country.home / "laid")
    candidates = supply.take(laid, (70.0, 0.0, 140.0, 60.0)).candidates
    for target in country.question.targets:
        placed = coverage.placed(candidates)
        mine = coverage.choose(candidates, (candidates.category == target.category) & placed)
        away = coverage.walk(net, mine.lonlat, lonlat, metres=600.0).metres
        told = [_column(alone, code, f"metres_{target.category}") for code in country.codes]
        metres = np.concatenate([column.to_numpy(zero_copy_only=False) for column in told])
        assert np.array_equal(np.isfinite(away), np.isfinite(metres))
        assert np.array_equal(np.ceil(away[np.isfinite(away)]), metres[np.isfinite(metres)])
        assert np.isfinite(away).sum() > 100


def test_without_streets_too_there_are_no_county_lines(country, china, tmp_path):
    country.run(tmp_path, networks=None)
    lonlat = np.concatenate([china.people(code, 300).lonlat for code in country.codes])
    laid = supply.lay(str(country.home / "facilities.parquet"), country.kinds, tmp_path / "laid")
    candidates = supply.take(laid, (70.0, 0.0, 140.0, 60.0)).candidates
    for target in country.question.targets:
        placed = coverage.placed(candidates)
        mine = coverage.choose(candidates, (candidates.category == target.category) & placed)
        away, _ = coverage.nearest(mine.lonlat, lonlat, metres=600.0)
        told = [_column(tmp_path, code, f"metres_{target.category}") for code in country.codes]
        metres = np.concatenate([column.to_numpy(zero_copy_only=False) for column in told])
        assert np.array_equal(np.where(np.isfinite(away), np.ceil(away), np.nan), metres, equal_nan=True)


@pytest.mark.parametrize("walking", [True, False])
def test_the_figures_are_those_of_the_planners_questions(country, alone, china, tmp_path, walking):
    """People within reach, by kind of bound, age group and year: as `coverage.served` and `completeness` count them."""
    code = country.codes[3]
    out = alone
    if not walking:
        out = tmp_path
        country.run(out, counties=[code], networks=None)
    county = china.county(code)
    cells = population.read(population.Source(path=str(country.home / "people")), county, (0, 10_000))
    laid = supply.lay(str(country.home / "facilities.parquet"), country.kinds, tmp_path / "laid")
    candidates = supply.take(laid, county.box(country.question.halo)).candidates
    assert candidates.wide.any()
    net = coverage.load_network(country.home / "networks" / f"{code}.npz") if walking else None
    demand = coverage.points(
        cells.lonlat, cells.people / 1e6, groups={name: of / 1e6 for name, of in cells.groups.items()}
    )
    rows = pq.ParquetFile(out / "summary" / f"adcode={code}" / "summary.parquet").read().to_pylist()
    seen = 0
    for row in rows:
        if row["category"] == "all":
            continue
        mine = coverage.choose(candidates, candidates.category == row["category"])
        found = coverage.served(demand, mine, 600.0, year=row["year"], network=net)
        bounds = found.built if row["horizon"] == "existing" else found.covered
        for kind in ("certain", "located", "possible"):
            assert math.isclose(row[kind], getattr(bounds, kind), rel_tol=1e-12, abs_tol=1e-9)
        if row["horizon"] != "existing":
            groups = {name: [total, *vars_of(of)] for name, (total, of) in found.groups.items()}
            for name, figures in json.loads(row["groups"]).items():
                assert np.allclose(figures, groups[name], rtol=1e-12)
        assert row["certain"] <= row["located"] <= row["possible"] <= row["people"]
        assert row["method"] == ("network" if walking else "straight_line")
        seen += 1
    assert seen == 6 * 4


def vars_of(bounds):
    return bounds.certain, bounds.located, bounds.possible


def test_all_kinds_together_are_counted_as_completeness_counts_them(country, alone, china, tmp_path):
    code = country.codes[5]
    cells = pq.ParquetFile(alone / "cells" / f"adcode={code}" / "cells.parquet").read()
    people_of, reached = cells["people"].to_numpy(), cells["reached"].to_numpy()
    bits = cells["categories"].to_numpy()
    assert np.array_equal(reached, [value.bit_count() for value in bits.tolist()])
    rows = pq.ParquetFile(alone / "summary" / f"adcode={code}" / "summary.parquet").read().to_pylist()
    last = next(row for row in rows if row["category"] == "all" and row["horizon"] == "promised")
    assert math.isclose(last["kinds_located"], people_of @ reached / people_of.sum(), rel_tol=1e-9)
    assert math.isclose(last["located"], people_of[reached == 6].sum(), rel_tol=1e-9, abs_tol=1e-9)


def test_a_facility_just_over_the_county_line_serves_this_side_of_it(china, country, tmp_path):
    one, other = china.shape("140524"), china.shape("140525")
    line = shapely.get_parts(shapely.line_merge(shapely.intersection(one, other)))[0]
    middle = shapely.line_interpolate_point(line, 0.5, normalized=True)
    inside, beyond = _sides(middle, one, other)
    home = tmp_path / "home"
    (home / "people" / "adcode=140524").mkdir(parents=True)
    pq.write_table(
        pa.table({"lon": [inside.x], "lat": [inside.y], "people": [10.0]}),
        home / "people" / "adcode=140524" / "people.parquet",
    )
    geopandas.GeoDataFrame({"category": ["kindergarten"]}, geometry=[beyond], crs=4326).to_parquet(
        home / "facilities.parquet"
    )
    country.run(tmp_path / "out", home=home, counties=["140524"], networks=None)
    rows = pq.ParquetFile(tmp_path / "out" / "summary" / "adcode=140524" / "summary.parquet").read().to_pylist()
    row = next(row for row in rows if row["category"] == "kindergarten" and row["horizon"] == "promised")
    assert not one.contains(beyond)
    assert row["located"] == 10.0


@pytest.mark.parametrize("walking", [True, False])
@pytest.mark.parametrize("precision", ["county", "city", "township", None])
def test_what_is_known_to_its_county_only_is_possible_and_never_located(china, country, tmp_path, precision, walking):
    located = 0.0 if precision in {"county", "city"} else 10.0
    code = country.codes[0]
    net = coverage.load_network(country.home / "networks" / f"{code}.npz")
    home = next(corner for corner in net.lonlat[net.snappable] if china.shape(code).contains(shapely.Point(corner)))
    table = pa.table({"lon": home[:1], "lat": home[1:], "people": [10.0]})
    (tmp_path / "people" / f"adcode={code}").mkdir(parents=True)
    pq.write_table(table, tmp_path / "people" / f"adcode={code}" / "people.parquet")
    geopandas.GeoDataFrame(
        {"category": ["kindergarten"], "uncertainty_m": [9_000.0], "precision": [precision]},
        geometry=[shapely.Point(home)], crs=4326,
    ).to_parquet(tmp_path / "facilities.parquet")  # fmt: skip
    networks = country.home / "networks" if walking else None
    country.run(tmp_path / "out", home=tmp_path, counties=[code], networks=networks)
    rows = pq.ParquetFile(tmp_path / "out" / "summary" / f"adcode={code}" / "summary.parquet").read().to_pylist()
    row = next(row for row in rows if row["category"] == "kindergarten" and row["horizon"] == "existing")
    assert (row["certain"], row["located"], row["possible"]) == (0.0, located, 10.0)
    metres = _column(tmp_path / "out", code, "metres_kindergarten").to_pylist()
    assert (metres == [None]) == (not located)


def _sides(point, one, other):
    """A point on each side of a line between two counties, some hundred metres apart."""
    for angle in np.linspace(0, 2 * np.pi, 72):
        step = np.array([np.cos(angle), np.sin(angle)]) * 0.001
        here, there = (
            shapely.Point(point.x + step[0], point.y + step[1]),
            shapely.Point(point.x - step[0], point.y - step[1]),
        )
        if one.contains(here) and other.contains(there):
            return here, there
    raise AssertionError("no such place on the line")


def test_a_county_of_a_provinces_network_walks_as_over_its_own(country, alone, china, prints, tmp_path):
    networks = tmp_path / "networks"
    networks.mkdir()
    coverage.save_network(networks / "140000.npz", china.streets(country.codes, 300))
    codes = [code for code in country.codes if code.startswith("14")][:8]
    country.run(tmp_path / "out", counties=codes, networks=networks)
    for code in codes:
        for table in ("cells", "gaps", "summary"):
            name = f"{table}/adcode={code}/{table}.parquet"
            assert (tmp_path / "out" / name).read_bytes() == (alone / name).read_bytes()


def test_cutting_a_network_keeps_its_islands_and_its_long_pieces(china):
    net = china.streets(["140521"], 300)
    west, south = net.lonlat.min(axis=0)
    east, north = net.lonlat.max(axis=0)
    box = (west, south, float(np.quantile(net.lonlat[:, 0], 0.4)), north)
    cut = ways.cut(net, box)
    # Whoever lives in the box, farther from its line than a step to a way may be, finds the same way as near as before,
    # be its ends in the box or beyond.
    step = 300.0 / 90_000
    homes = np.repeat(net.lonlat, 10, axis=0) + np.random.default_rng(6).normal(0, 0.002, (10 * len(net.lonlat), 2))
    homes = homes[((homes > np.add(box[:2], step)) & (homes < np.subtract(box[2:], step))).all(axis=1)]
    whole, part_ = (coverage.snap(of, homes, limit=300.0) for of in (net, cut))
    assert np.array_equal(whole.metres, part_.metres)
    on = whole.edge >= 0
    assert 50 < on.sum() < len(homes)
    assert np.array_equal(net.lonlat[whole.ends[on]], cut.lonlat[part_.ends[on]])
    assert np.array_equal(whole.share[on], part_.share[on])
    assert len(cut.lonlat) < len(net.lonlat) / 2
    assert ways.cut(net, (west, south, east, north)) is net


def test_parts_add_up_to_the_whole(country, china, tmp_path):
    code = country.codes[0]
    county = china.county(code)
    source = population.Source(path=str(country.home / "people"))
    laid = supply.lay(str(country.home / "facilities.parquet"), country.kinds, tmp_path / "laid")
    candidates = supply.take(laid, county.box(country.question.halo)).candidates
    whole = part.judge(country.question, population.read(source, county, (0, 300)), candidates, None).sums
    pieces = [
        part.judge(country.question, population.read(source, county, rows), candidates, None).sums
        for rows in population.parts(source, county, 77)
    ]
    assert len(pieces) == 4
    added = part.add(reversed(pieces))
    for name in ("cells", "people", "covered", "far", "complete", "squares", "gap", "bounds"):
        assert np.array_equal(getattr(added, name), getattr(whole, name)), name


def test_the_order_of_a_raster_or_table_of_facilities_means_nothing(country, tmp_path):
    given = geopandas.read_parquet(country.home / "facilities.parquet")
    given.sample(frac=1, random_state=3).to_parquet(tmp_path / "shuffled.parquet", row_group_size=100)
    box = national.counties(load_gazetteer(), ["140521"])[0].box(800)
    one = supply.take(supply.lay(str(country.home / "facilities.parquet"), country.kinds, tmp_path / "a"), box)
    other = supply.take(supply.lay(str(tmp_path / "shuffled.parquet"), country.kinds, tmp_path / "b"), box)
    assert one.digest == other.digest
    assert np.array_equal(one.candidates.lonlat, other.candidates.lonlat)
