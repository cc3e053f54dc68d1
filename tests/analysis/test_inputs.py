"""What a caller brings is read with its datum, its people and its faults; nothing is guessed in silence."""

import json

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra

from service_map import analysis, coverage
from service_map.analysis import request_body as body_module
from service_map.coverage import ellipsoid
from service_map.errors import GeodataError, InvalidParameterError
from service_map.io import Asked
from service_map.places import wgs84_to_gcj02

HERE = (112.19, 35.69)
BOX = shapely.box(112.1, 35.6, 112.3, 35.8)
CSV = "经度,纬度,人口,people_60+\n112.19,35.69,30,4\n112.2,35.7,12.5,1\n"


def refused(call, field, *says):
    with pytest.raises(InvalidParameterError) as error:
        call()
    assert error.value.field == field
    for text in says:
        assert text in str(error.value)
    return error.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_of_people_is_read_with_its_age_groups_whatever_its_encoding(tmp_path, encoding):
    path = tmp_path / "people.csv"
    path.write_bytes(CSV.encode(encoding))
    demand = analysis.read_demand(path)
    assert demand.amount.tolist() == [30, 12.5]
    assert {name: of.tolist() for name, of in demand.groups.items()} == {"60+": [4, 1]}
    assert "taken as WGS 84" in demand.told.en
    assert "当作 WGS 84" in demand.told.zh


def test_a_table_without_people_counts_one_a_point_and_says_so(tmp_path):
    path = tmp_path / "homes.csv"
    path.write_text("lon,lat\n112.19,35.69\n", encoding="utf-8")
    demand = analysis.read_demand(path)
    assert demand.total == 1
    assert "each point counts one person" in demand.told.en


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".shp"])
def test_a_layer_is_read_by_its_own_crs(tmp_path, suffix):
    layer = geopandas.GeoDataFrame({"pop": [7.0]}, geometry=[shapely.Point(HERE)], crs=4326)
    path = tmp_path / f"people{suffix}"
    (layer if suffix == ".geojson" else layer.to_crs(32649)).to_file(path)
    demand = analysis.read_demand(path)
    np.testing.assert_allclose(demand.lonlat, [HERE], atol=1e-7)
    assert demand.total == 7


def test_the_people_of_a_polygon_live_at_a_point_on_it(tmp_path):
    path = tmp_path / "blocks.geojson"
    ring = shapely.Polygon([(112.1, 35.6), (112.3, 35.6), (112.3, 35.8)])
    geopandas.GeoDataFrame({"people": [50]}, geometry=[ring], crs=4326).to_file(path)
    demand = analysis.read_demand(path)
    assert ring.contains(shapely.Point(demand.lonlat[0]))
    assert demand.total == 50


def test_a_stated_datum_is_turned_into_wgs_84(tmp_path):
    path = tmp_path / "people.csv"
    lon, lat = wgs84_to_gcj02(*HERE)
    path.write_text(f"lon,lat,people\n{lon:.9f},{lat:.9f},1\n", encoding="utf-8")
    np.testing.assert_allclose(analysis.read_demand(path, Asked(datum="GCJ02")).lonlat, [HERE], atol=2e-7)
    assert abs(analysis.read_demand(path).lonlat[0, 0] - HERE[0]) > 0.003
    refused(lambda: analysis.read_demand(path, Asked(datum="NAD27")), "datum", "GCJ02")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lon,lat,people\n112.1,35.6,nan\n", "row 2"),
        ("lon,lat,people\n112.1,35.6,1\n112.2,,1\n", "row 3"),
        ("lon,lat,people\n112.1,35.6,-1\n", "row 2, people: is a number of at least 0"),
        ("lon,lat,people\n35.6,112.1,1\n", "swapped"),
        ("lon,lat,people\n1e9,35.6,1\n", "look projected"),
        ("a,b\n1,2\n", "there is no column lon"),
        ("", "people.csv is empty"),
        ("lon,lat\n", "holds no rows"),
        ("lon,lat,people\n112.1,35.6,many\n", "not 'many'"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_by_its_row(tmp_path, text, says):
    path = tmp_path / "people.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidParameterError, match=says):
        analysis.read_demand(path)


def test_a_missing_an_unknown_and_a_damaged_file_are_refused(tmp_path):
    refused(lambda: analysis.read_demand(tmp_path / "nowhere.csv"), "demand", "no such file")
    refused(lambda: analysis.read_demand(tmp_path / "people.docx"), "demand", ".gpkg")
    (tmp_path / "broken.gpkg").write_bytes(b"no database")
    refused(lambda: analysis.read_demand(tmp_path / "broken.gpkg"), "demand", "broken.gpkg")
    (tmp_path / "wrong.csv").write_text(CSV, encoding="utf-8")
    refused(
        lambda: analysis.read_demand(tmp_path / "wrong.csv", Asked(columns={"people": "居民"})),
        "demand",
        "居民",
        "人口",
    )


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_layer_without_a_crs_is_refused(tmp_path):
    path = tmp_path / "nowhere.gpkg"
    geopandas.GeoDataFrame({"people": [1]}, geometry=[shapely.Point(HERE)]).to_file(path)
    refused(lambda: analysis.read_demand(path), "demand", "no coordinate reference system", "--crs")


def test_an_empty_geometry_is_refused_by_its_number(tmp_path):
    path = tmp_path / "holes.gpkg"
    layer = geopandas.GeoDataFrame({"people": [1, 2]}, geometry=[shapely.Point(HERE), shapely.Point()], crs=4326)
    layer.to_file(path)
    refused(lambda: analysis.read_demand(path), "demand", "holes.gpkg", "row 2", "geometry is empty")


def test_demand_outside_the_area_is_left_out_and_said_and_all_of_it_outside_is_refused():
    demand = coverage.points([HERE, (100.0, 30.0)], [5, 7])
    kept = analysis.clip(demand, BOX)
    assert kept.total == 5
    assert "1 points outside the area (7 people)" in kept.told.en
    refused(lambda: analysis.clip(coverage.points([(100.0, 30.0)], 1), BOX), "demand", "all 1 demand points")
    assert len(analysis.clip(coverage.points([], []), BOX).lonlat) == 0


class TestCensus:
    ZONES = {"140521": BOX, "140502": shapely.box(113, 35, 114, 36)}  # noqa: RUF012 - never changed

    def read(self, tmp_path, text, **more):
        path = tmp_path / "census.csv"
        path.write_text(text, encoding="utf-8")
        return analysis.read_census(path, self.ZONES, **more)

    def test_people_are_shared_by_the_communities_on_record_else_by_the_land(self, tmp_path):
        homes = {"140521": np.array([HERE, (112.2, 35.7)])}
        text = "adcode,people,people_60+\n140521,1000,200\n140502,500,90\n999999,70,9\n"
        demand = self.read(tmp_path, text, homes=homes)
        assert demand.total == pytest.approx(1500)
        assert demand.amount[:2].tolist() == [500, 500]
        assert demand.groups["60+"].sum() == pytest.approx(290)
        assert shapely.contains_xy(self.ZONES["140502"], demand.lonlat[2:, 0], demand.lonlat[2:, 1]).all()
        assert "communities on record in 1 areas, evenly over the land in 1 areas" in demand.told.en
        assert "70 people elsewhere are left out" in demand.told.en
        assert demand.basis == "census_spread"

    def test_people_are_spread_over_the_built_up_land_in_proportion_to_it(self, tmp_path):
        towns = [shapely.box(112.12, 35.62, 112.14, 35.64), shapely.box(112.2, 35.7, 112.24, 35.72)]
        path = tmp_path / "built.gpkg"
        geopandas.GeoDataFrame(geometry=towns, crs=4326).to_crs(32649).to_file(path)
        built = analysis.read_built(path)
        homes = {"140521": np.array([HERE])}
        text = "adcode,people,people_0-9\n140521,900,90\n140502,500,50\n"
        demand = self.read(tmp_path, text, homes=homes, built=built)
        first, second = (shapely.contains_xy(town, *demand.lonlat.T) for town in towns)
        assert demand.amount[first].sum() == pytest.approx(300, rel=0.02)
        assert demand.amount[second].sum() == pytest.approx(600, rel=0.02)
        assert demand.groups["0-9"][second].sum() == pytest.approx(60, rel=0.02)
        # Nothing is built in the other county on record, so its people stand on its land.
        assert demand.total == pytest.approx(1400)
        assert "over the built-up land in 1 areas, evenly over the land in 1 areas" in demand.told.en
        assert "按建成区面积分摊" in demand.told.zh
        refused(lambda: analysis.read_built(tmp_path / "built.tif"), "built")

    def test_a_township_without_a_boundary_has_its_people_at_its_seat_and_says_so(self, tmp_path):
        text = "adcode,people\n140521100,70\n140521101,30\n"
        demand = self.read(tmp_path, text, seats={"140521100": HERE, "140521101": (112.25, 35.7)})
        assert demand.lonlat.tolist() == [list(HERE), [112.25, 35.7]]
        assert demand.amount.tolist() == [70, 30]
        assert "at the seat, for want of a boundary, in 2 areas" in demand.told.en

    @pytest.mark.parametrize("text", ["140521,9\n140521100,3\n", "140500,9\n140521,3\n", "140521,9\n140521,3\n"])
    def test_areas_that_hold_each_other_are_refused_for_people_would_count_twice(self, tmp_path, text):
        refused(lambda: self.read(tmp_path, "adcode,people\n" + text), "census", "twice")

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("adcode\n140521\n", "no column people"),
            ("adcode,people\n140521,1\n140521,2\n", "twice"),
            ("adcode,people\n999999,5\n", "none of its codes"),
            ("adcode,people\n140521,x\n", "row 2"),
        ],
    )
    def test_a_census_that_cannot_be_used_is_refused(self, tmp_path, text, says):
        with pytest.raises(InvalidParameterError, match=says):
            self.read(tmp_path, text)


class TestBody:
    def read(self, *features, **more):
        return analysis.read_body(json.dumps({"type": "FeatureCollection", "features": features}).encode(), **more)

    def feature(self, geometry, **properties):
        return {"type": "Feature", "geometry": shapely.geometry.mapping(geometry), "properties": properties}

    def test_points_are_people_places_are_candidates_and_polygons_the_area(self):
        found = self.read(
            self.feature(shapely.Point(HERE), **{"people": 30, "people_60+": 4}),
            self.feature(shapely.MultiPoint([HERE, (112.2, 35.7)])),
            self.feature(shapely.Point(112.25, 35.7), role="place"),
            self.feature(BOX),
        )
        assert found.demand.amount.tolist() == [30, 0.5, 0.5]
        assert found.demand.groups["60+"].tolist() == [4, 0, 0]
        assert "1 points without people" in found.demand.told.en
        assert found.places.tolist() == [[112.25, 35.7]]
        assert found.polygon.equals(BOX)

    def test_a_bare_geometry_or_feature_will_do(self):
        assert analysis.read_body(json.dumps(shapely.geometry.mapping(BOX)).encode()).polygon.equals(BOX)
        assert analysis.read_body(json.dumps(self.feature(shapely.Point(HERE))).encode()).demand.total == 1

    def test_a_stated_datum_is_turned_into_wgs_84(self):
        shifted = wgs84_to_gcj02(*HERE)
        found = self.read(self.feature(shapely.Point(shifted)), datum="GCJ02")
        np.testing.assert_allclose(found.demand.lonlat, [HERE], atol=2e-7)

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            (b"", "not valid JSON"),
            (b"{", "not valid JSON"),
            (b"[]", "GeoJSON object"),
            (b'{"type":"FeatureCollection"}', "no list of features"),
            (b'{"type":"FeatureCollection","features":[]}', "neither points nor polygons"),
            (b'{"type":"FeatureCollection","features":[5]}', "feature 1 is no object"),
            (b'{"type":"Feature","geometry":null,"properties":{}}', "no geometry"),
            (b'{"type":"LineString","coordinates":[[1,2],[3,4]]}', "Polygon"),
            (b'{"type":"Point","coordinates":[NaN,1]}', "not valid JSON"),
            (b'{"type":"Point","coordinates":["112",35]}', "malformed"),
            (b'{"type":"Point","coordinates":[112]}', "malformed"),
            (b'{"type":"Point","coordinates":{}}', "malformed"),
            (b'{"type":"Point","coordinates":[true,false]}', "malformed"),
            (b'{"type":"MultiPoint","coordinates":[]}', "empty"),
            (b'{"type":"Point","coordinates":[35.69,112.19]}', "swapped"),
            (b'{"type":"Point","coordinates":[1e400,35]}', "body"),
            (b'{"type":"Polygon","coordinates":[[[112,35],[112,36]]]}', "no polygon"),
            (b'{"type":"Polygon","coordinates":[5]}', "malformed"),
            (b'{"type":"Feature","geometry":{"type":"Point","coordinates":[112,35]},"properties":{"people":-1}}', "people"),
            (b'{"type":"Feature","geometry":{"type":"Point","coordinates":[112,35]},"properties":{"people":"7"}}', "people"),
            (b'{"type":"Feature","geometry":{"type":"Point","coordinates":[112,35]},"properties":{"role":"x"}}', "role"),
        ],
    )  # fmt: skip
    def test_a_body_that_cannot_be_used_is_refused_by_its_feature(self, body, says):
        refused(lambda: analysis.read_body(body), "body", says)

    def test_more_points_or_bytes_than_the_limit_are_refused(self):
        many = {"type": "MultiPoint", "coordinates": [[112.0, 35.0]] * (analysis.MOST_POINTS + 1)}
        refused(lambda: analysis.read_body(json.dumps(many).encode()), "body", str(analysis.MOST_POINTS))
        refused(lambda: analysis.read_body(b" " * (analysis.MOST_BYTES + 1)), "body", str(analysis.MOST_BYTES))

    def test_points_times_groups_have_a_limit_that_the_refusal_names(self):
        many = shapely.MultiPoint([HERE] * 20_001)
        groups = {f"people_{age}": 1 for age in range(50)}
        says = ("20001", "50", "1000050", str(body_module.MOST_GROUPED), "people_")
        refused(lambda: self.read(self.feature(many, **groups)), "body", *says)
        split = [self.feature(shapely.Point(HERE), **{f"people_{age}": 1}) for age in range(101)]
        refused(lambda: self.read(*split), "body", str(body_module.MOST_GROUPS), "people_")
        few = self.read(self.feature(shapely.MultiPoint([HERE] * 20_000), **groups))
        assert len(few.demand.groups) == 50
        assert few.demand.groups["7"].sum() == pytest.approx(1)

    @pytest.mark.parametrize("role", [None, "facility"])
    @pytest.mark.parametrize("corners", [400, 49_000])
    def test_a_polygon_that_crosses_itself_everywhere_is_refused_and_not_mended(self, role, corners):
        scattered = shapely.Polygon(np.random.default_rng(5).random((corners, 2)) * 0.1 + HERE)
        asked = self.feature(scattered, **({"role": role} if role else {}))
        says = str(ellipsoid.MOST_CROSSINGS if corners == 400 else ellipsoid.MOST_NEAR)
        refused(lambda: self.read(asked), "body", says, "first")

    def test_polygons_that_cross_themselves_and_each_other_are_counted_together(self):
        def star(turn):
            around = np.arange(31) * 14 * 2 * np.pi / 31 + turn
            return self.feature(shapely.Polygon(np.column_stack((np.cos(around), np.sin(around))) / 10 + HERE))

        assert self.read(star(0)).polygon is not None
        refused(lambda: self.read(star(0), star(0.01)), "body", str(ellipsoid.MOST_CROSSINGS))

    def test_a_comb_of_slanting_teeth_is_refused_before_anybody_looks_whether_it_is_valid(self):
        row = np.arange(2_000)[:, None] * np.array([1e-6, -1e-6])
        teeth = np.stack((row, row + np.array([0.5 + 3e-7, 0.5 - 3e-7])), axis=1).reshape(-1, 2)
        comb = shapely.Polygon(np.vstack((teeth, [[0.002, -0.002], [-0.1, -0.102]])) + HERE)
        refused(lambda: self.read(self.feature(comb)), "body", str(ellipsoid.MOST_NEAR))

    def test_a_long_boundary_is_no_tangle(self):
        around = np.linspace(0, 2 * np.pi, 49_000, endpoint=False)
        far = 0.3 + np.random.default_rng(5).normal(0, 0.001, 49_000).cumsum() / 100
        coast = shapely.Polygon(np.column_stack((far * np.cos(around), far * np.sin(around))) + HERE)
        assert self.read(self.feature(coast)).polygon.equals(coast)

    @given(st.binary(max_size=60) | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8)
        | st.sampled_from(["Point", "Polygon", "Feature", "FeatureCollection"]),
        lambda inner: st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["type", "coordinates", "features", "geometry", "properties", "people", "role"]),
                          inner, max_size=5),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode()))  # fmt: skip
    @settings(max_examples=300, deadline=None, derandomize=True)
    def test_no_body_whatever_makes_the_reader_stumble(self, body):
        fields = []
        try:
            analysis.read_body(body)
        except InvalidParameterError as error:
            fields.append(error.field)
        assert fields in ([], ["body"])


def test_a_polygon_that_crosses_itself_is_mended_and_the_region_says_so(ground, tmp_path):
    bow = shapely.Polygon([(112.1, 35.6), (112.3, 35.8), (112.3, 35.6), (112.1, 35.8)])
    path = tmp_path / "bow.geojson"
    geopandas.GeoDataFrame(geometry=[bow], crs=4326).to_file(path)
    where = analysis.region(ground, None, analysis.read_polygon(path))
    assert where.mended
    assert where.shape.is_valid
    flat = shapely.Polygon([(112, 35.5), (112.5, 36), (112.25, 35.75)])
    refused(lambda: analysis.region(ground, None, flat), "area", "no surface")
    refused(lambda: analysis.region(ground, "140521", bow), "area", "leave area out")
    refused(lambda: analysis.region(ground, None), "area", "required")
    refused(lambda: analysis.region(ground, "999999"), "area", "there is no area")


def way(net, start, end):
    """Metres from node to node."""
    return dijkstra(net.graph, indices=start)[end]


class TestNetwork:
    EDGES = "from_lon,from_lat,to_lon,to_lat,metres,oneway\n112,35,112.001,35,95,0\n112.001,35,112.002,35,,0\n"

    def test_a_table_of_edges_is_a_network(self, tmp_path):
        path = tmp_path / "edges.csv"
        path.write_text(self.EDGES.replace(",,", ",120,"), encoding="utf-8")
        net = analysis.read_network(path)
        assert way(net, 0, 1) == pytest.approx(95)
        assert way(net, 0, 2) == way(net, 2, 0) == pytest.approx(215)

    def test_a_table_that_cannot_be_used_is_refused_by_its_row(self, tmp_path):
        path = tmp_path / "edges.csv"
        path.write_text(self.EDGES, encoding="utf-8")
        refused(lambda: analysis.read_network(path), "network", "row 3", "metres")
        path.write_text("a,b\n1,2\n", encoding="utf-8")
        refused(lambda: analysis.read_network(path), "network", "from_lon")

    def test_a_damaged_extract_is_refused(self, tmp_path):
        path = tmp_path / "town.osm.pbf"
        path.write_bytes(b"\0\0\0\x0d nothing")
        with pytest.raises(GeodataError, match="town"):
            analysis.read_network(path)

    def test_an_extract_is_kept_as_arrays_and_read_from_there_until_it_changes(self, tmp_path, monkeypatch):
        path = tmp_path / "town.osm"
        path.write_text(
            '<osm version="0.6"><node id="1" version="1" lat="35" lon="112"/><node id="2" version="1" lat="35" lon="112.001"/>'
            '<way id="3" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way></osm>',
            encoding="utf-8",
        )
        first = analysis.read_network(path)
        kept = tmp_path / "town.osm.npz"
        assert kept.is_file()
        monkeypatch.setattr(coverage, "read_osm", lambda _path, **_more: pytest.fail("read again"))
        again = analysis.read_network(path)
        np.testing.assert_array_equal(first.lonlat, again.lonlat)
        monkeypatch.undo()
        kept.write_bytes(b"damaged")
        np.testing.assert_array_equal(first.lonlat, analysis.read_network(path).lonlat)

    HEIGHTS = "from_lon,from_lat,to_lon,to_lat,from_z,to_z\n112,35,112.001,35,700,712\n112.001,35,112.002,35,712,705\n"

    def test_a_table_with_heights_is_a_sloped_network(self, tmp_path):
        (tmp_path / "z.csv").write_text(self.HEIGHTS, encoding="utf-8")
        net = analysis.read_network(tmp_path / "z.csv")
        assert net.sloped
        rows = self.HEIGHTS.replace("from_z,to_z", "rise").replace("700,712", "12").replace("712,705", "-7")
        (tmp_path / "rise.csv").write_text(rows, encoding="utf-8")
        same = analysis.read_network(tmp_path / "rise.csv")
        np.testing.assert_allclose(net.graph.toarray(), same.graph.toarray(), atol=1e-9)
        length = coverage.metres_between([(112, 35)], [(112.001, 35)])[0]
        assert way(net, 0, 1) == pytest.approx(length * np.exp(3.5 * 12 / length))
        (tmp_path / "half.csv").write_text(self.HEIGHTS.replace("to_z", "z"), encoding="utf-8")
        refused(lambda: analysis.read_network(tmp_path / "half.csv"), "network", "come together")

    def test_a_parquet_table_gives_the_network_of_its_csv(self, tmp_path):
        (tmp_path / "z.csv").write_text(self.HEIGHTS, encoding="utf-8")
        pd.read_csv(tmp_path / "z.csv").to_parquet(tmp_path / "z.parquet")
        one, other = (analysis.read_network(tmp_path / name) for name in ("z.csv", "z.parquet"))
        np.testing.assert_array_equal(one.lonlat, other.lonlat)
        np.testing.assert_array_equal(one.graph.toarray(), other.graph.toarray())
        (tmp_path / "broken.parquet").write_bytes(b"PAR1 nothing")
        refused(lambda: analysis.read_network(tmp_path / "broken.parquet"), "network", "broken.parquet")
        pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
        refused(lambda: analysis.read_network(tmp_path / "other.parquet"), "network", "from_lon")

    # The transforms that rasterio multiplies by itself warn in affine 3.1; nothing of this project does.
    @pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")
    def test_a_raster_of_heights_slopes_a_table_and_an_extract(self, tmp_path):
        rasterio = pytest.importorskip(
            "rasterio", reason="rasterio is not installed (pip install 'service-map[raster]')"
        )
        pytest.importorskip("rasterio.transform")
        options = {"driver": "GTiff", "height": 40, "width": 40, "count": 1, "dtype": "float32", "crs": "EPSG:4326",
                   "transform": rasterio.transform.from_origin(111.999, 35.002, 0.0001, 0.0001)}  # fmt: skip
        with rasterio.open(tmp_path / "dem.tif", "w", **options) as target:
            target.write(np.tile(np.arange(40, dtype="float32"), (40, 1)), 1)
        table = tmp_path / "edges.csv"
        table.write_text("from_lon,from_lat,to_lon,to_lat\n112,35,112.001,35\n", encoding="utf-8")
        flat, sloped = analysis.read_network(table), analysis.read_network(table, elevation=tmp_path / "dem.tif")
        length = way(flat, 0, 1)
        assert way(sloped, 0, 1) == pytest.approx(length * np.exp(3.5 * 10 / length), rel=1e-3)
        extract = tmp_path / "town.osm"
        extract.write_text(
            '<osm version="0.6"><node id="1" version="1" lat="35" lon="112"/><node id="2" version="1" lat="35" lon="112.001"/>'
            '<way id="3" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way></osm>',
            encoding="utf-8",
        )
        assert analysis.read_network(extract, elevation=tmp_path / "dem.tif").sloped
        assert not analysis.read_network(extract).sloped
        # What was made with heights stands beside it as arrays, which the server takes as they are.
        assert analysis.read_network(tmp_path / "town.osm.dem.npz").sloped
        refused(
            lambda: analysis.read_network(tmp_path / "town.osm.dem.npz", elevation=tmp_path / "dem.tif"), "elevation"
        )
        refused(lambda: analysis.read_network(table, elevation=tmp_path / "none.tif"), "elevation", "no such file")
