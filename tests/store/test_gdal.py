"""The GeoPackage as GIS tools see it: GDAL's own programs, GDAL's validator, pyogrio and GeoPandas."""

import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

import geopandas
import pyogrio
import pytest
import shapely
from gpkg_validator import validate

from service_map import catalogue, store
from service_map.store import FacilityFilter, gap_layer, queries
from service_map.store.database import locate
from service_map.store.geometry import Geometry
from service_map.store.models import DOMAINS, TABLES

pytestmark = pytest.mark.gdal

# GDAL declares a GeoPackage's types so.
OGR_TYPES = {"TEXT": "String", "DOUBLE": "Real", "INTEGER": "Integer64", "BOOLEAN": "Integer"}


def ogr(program, *arguments):
    if shutil.which(program) is None:
        pytest.skip(f"GDAL's {program} is not installed: apt-get install gdal-bin")
    done = subprocess.run([program, *map(str, arguments)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout


@pytest.fixture
def built(gpkg_url):
    return locate(gpkg_url).path


@pytest.fixture
def path(built, tmp_path):
    """A copy that GDAL may edit."""
    return Path(shutil.copy(built, tmp_path / "map.gpkg"))


def test_gdals_validator_finds_nothing_even_with_its_extra_checks(built):
    validate(built)


def test_gdals_validator_can_find_something(path):
    """The check above would be worth nothing if it never failed."""
    with sqlite3.connect(path) as file:
        file.execute("DELETE FROM gpkg_extensions WHERE extension_name = 'gpkg_rtree_index'")
    file.close()
    with pytest.raises(AssertionError, match="RTree"):
        validate(path)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_ogr_sees_every_column_of_the_model_with_its_type(built, table):
    seen = ogr("ogrinfo", "-ro", "-so", built, table.name)
    declared = {column.name: column for column in table.columns}
    with sqlite3.connect(built) as file:
        types = {row[1]: row[2] for row in file.execute(f'PRAGMA table_info("{table.name}")')}
    file.close()
    assert types.keys() == declared.keys()
    for name, column in declared.items():
        if column.primary_key:
            assert f"FID Column = {name}" in seen
        elif isinstance(column.type, Geometry):
            assert f"= {name}\n" in seen
        else:
            assert f"\n{name}: {OGR_TYPES[types[name]]}" in seen, name


def test_the_layers_are_found_with_their_description_and_extent(built):
    listed = ogr("ogrinfo", "-ro", built)
    for table in TABLES:
        # Of a layer that holds lines and polygons alike GDAL names no type.
        assert f": {table.name} (" in listed or f": {table.name}\n" in listed
    facilities = ogr("ogrinfo", "-ro", "-so", built, "facilities")
    assert "DESCRIPTION=规划设施与现状设施 / promised and existing facilities" in facilities
    assert "Extent: (112.187200, 35.490800) - (112.851400, 35.700000)" in facilities
    assert 'ID["EPSG",4326]' in facilities


def test_the_closed_sets_are_told_as_field_domains(built):
    seen = ogr("ogrinfo", "-ro", "-so", built, "facilities")
    for name in ("status", "precision", "action", "basis"):
        assert f"domain name={name}" in seen
    told = ogr("ogrinfo", "-ro", "-fielddomain", "status", built)
    for value, meaning in DOMAINS["status"].items():
        assert f"{value}: {meaning}" in told


def test_every_column_has_a_chinese_and_an_english_name_in_the_data_dictionary(built):
    with sqlite3.connect(built) as file:
        rows = file.execute("SELECT table_name, column_name, title, description FROM gpkg_data_columns").fetchall()
    file.close()
    described = {(table, column) for table, column, _, _ in rows}
    for table in TABLES:
        for column in table.columns:
            if not column.primary_key and not isinstance(column.type, Geometry):
                assert (table.name, column.name) in described
    for _, column, zh, description in rows:
        assert any("一" <= letter <= "鿿" for letter in zh), column
        assert description.startswith(f"{zh} / ")
        assert description.removeprefix(f"{zh} / ").isascii()


def test_every_domain_of_the_model_is_one_that_the_data_uses():
    named = {column.info["domain"] for table in TABLES for column in table.columns if "domain" in column.info}
    assert named == DOMAINS.keys()


def test_the_metadata_say_what_the_file_is_and_where_it_comes_from(built):
    with sqlite3.connect(built) as file:
        kind, document = file.execute("SELECT mime_type, metadata FROM gpkg_metadata").fetchone()
    file.close()
    dataset = json.loads(document)
    assert (kind, dataset["@type"]) == ("application/ld+json", "Dataset")
    assert [plan["name"] for plan in dataset["isBasedOn"]] == ["沁水县虚构公共服务规划", "晋城市虚构规划"]
    assert "试验: CC0-1.0" in dataset["creditText"]


def test_geopandas_reads_the_same_facilities_as_the_store(built, gpkg_url):
    frame = geopandas.read_file(built, layer="facilities").set_index("id")
    engine = store.open_readonly(gpkg_url)
    with engine.connect() as conn:
        records = queries.facilities(conn).items
    engine.dispose()
    assert len(frame) == len(records)
    assert frame.crs.to_epsg() == 4326
    for record in records:
        row = frame.loc[record.id]
        assert (row.geometry.x, row.geometry.y) == (record.lon, record.lat)
        assert (row["name"], row["count"], row.area_name, row.plan_title) == (
            record.name, record.count, record.area_name, record.plan_title,
        )  # fmt: skip
        assert bool(row.name_given) is record.name_given


def test_pyogrio_finds_by_box_through_our_index(built):
    frame = pyogrio.read_dataframe(built, layer="facilities", bbox=(112.195, 35.695, 112.21, 35.71))
    assert frame["id"].tolist() == ["f000000000003"]
    assert len(pyogrio.read_dataframe(built, layer="areas", where="level = 'city'")) == 1


def test_a_file_that_gdal_edits_stays_valid_and_is_served_on(path):
    """Moved, added and deleted by GDAL; our index, our reader and GDAL's validator all follow."""
    url = f"sqlite:///{path}"
    engine = store.open_readonly(url)
    with engine.connect() as conn:
        assert queries.facilities(conn, FacilityFilter(bbox=(113, 36, 114, 37))).matched == 0
        before = store.stamp(conn)
    ogr("ogrinfo", path, "-sql", "DELETE FROM citations WHERE facility = 'f000000000005'")
    ogr("ogrinfo", path, "-sql", "DELETE FROM facilities WHERE id = 'f000000000005'")
    ogr(
        "ogr2ogr", "-f", "GPKG", "-update", "-append", path, path, "-nln", "facilities", "-unsetFid", "-dialect", "SQLite",
        "-sql", "SELECT *, 'f00000000000a' AS id, MakePoint(113.5, 36.5, 4326) AS geom FROM (SELECT name, name_given, category,"
        " category_zh, category_en, family, family_zh, family_en, status, basis, action, count, unit, at_least, year, adcode,"
        " area_name, plan, plan_title, section, line, precision, uncertainty_m, point_source, point_licence, located_by"
        " FROM facilities WHERE id = 'f000000000001')",
    )  # fmt: skip
    validate(path)
    with engine.connect() as conn:
        assert store.stamp(conn) != before
        moved = queries.facilities(conn, FacilityFilter(bbox=(113, 36, 114, 37))).items
        assert [(item.id, item.lon, item.lat, item.citations) for item in moved] == [("f00000000000a", 113.5, 36.5, ())]
        assert queries.facilities(conn).matched == 5
    engine.dispose()
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT rtreecheck('rtree_facilities_geom')").fetchone() == ("ok",)
        assert file.execute("SELECT count(*) FROM rtree_facilities_geom").fetchone() == (5,)
    file.close()


# Run by Debian's own Python, which has QGIS; QGIS without a screen falls over at its own exit, hence os._exit.
QGIS = """
import json, os, sys
from qgis.core import QgsApplication, QgsVectorLayer
app = QgsApplication([], False)
app.initQgis()
told = {}
for name in ("facilities", "areas", "gaps", "communities", "ranked_areas"):
    layer = QgsVectorLayer(sys.argv[1] + "|layername=" + name, name, "ogr")
    told[name] = {"valid": layer.isValid(), "count": layer.featureCount(), "crs": layer.crs().authid(),
                  "fields": [field.name() for field in layer.fields()], "renderer": layer.renderer().type()}
    if name == "gaps":
        told["legend"] = [item.label() for item in layer.renderer().legendSymbolItems()]
        told["gaps drawn"] = {rule.label(): [feature["record"] for feature in layer.getFeatures(rule.filterExpression())]
                              for rule in layer.renderer().rootRule().children()}
        told["brushes"] = [int(rule.symbol().symbolLayer(0).brushStyle()) for rule in layer.renderer().rootRule().children()]
    if name == "facilities":
        told["rules"] = [[rule.filterExpression(), rule.symbol().color().name(), rule.symbol().color().alpha(),
                          rule.symbol().symbolLayer(0).strokeColor().name(), int(rule.symbol().symbolLayer(0).shape())]
                         for rule in layer.renderer().rootRule().children()]
        told["drawn"] = [sum(1 for _ in layer.getFeatures(rule[0])) for rule in told["rules"]]
print(json.dumps(told), flush=True)
os._exit(0)
"""


def in_qgis(path):
    if subprocess.run(["/usr/bin/python3", "-c", "import qgis.core"], check=False, capture_output=True).returncode:
        pytest.skip("QGIS is not installed: apt-get install python3-qgis")
    environment = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(path.parent), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["/usr/bin/python3", "-c", QGIS, path], check=True, capture_output=True, text=True, env=environment
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_qgis_draws_gaps_of_the_record_only_apart_from_true_ones_and_says_so(world, tmp_path):
    geodata = world.changed(tmp_path / "geodata")
    square = shapely.MultiPolygon([shapely.box(112.1, 35.6, 112.2, 35.7)])
    records = ("complete", "partial", "none")
    rows = [
        {"id": f"gap-{number}", "rank": number, "area_km2": 1.0, "category_name": "幼儿园", "method": "straight_line",
         "record": record, "data_version": "abc", "geom": square}
        for number, record in enumerate(records)
    ]  # fmt: skip
    gap_layer.write_gaps(geodata / gap_layer.FILE, rows)
    store.build(f"sqlite:///{tmp_path}/map.gpkg", geodata=geodata)
    told = in_qgis(tmp_path / "map.gpkg")
    true, only = told["gaps drawn"]
    assert told["gaps drawn"] == {true: ["complete"], only: ["partial", "none"]}
    assert told["legend"] == [true, only]
    assert "不是真的缺口" in only
    assert "no true gap" in only
    assert told["brushes"][0] != told["brushes"][1]


def test_qgis_opens_the_layers_in_the_colours_of_the_catalogue(path, geodata):
    told = in_qgis(path)
    families = catalogue.families(geodata)
    known, vague, existing = (told["rules"][start::3] for start in range(3))
    assert [colour for _rule, colour, alpha, _line, _shape in known if alpha == 255] == [
        family.colour for family in families.values()
    ]
    # What is known to its township, county or city alone is drawn hollow, and what stands already in a shape of its own.
    assert [line for _rule, _fill, alpha, line, _shape in vague if alpha == 0] == [
        family.colour for family in families.values()
    ]
    assert {rule[-1] for rule in existing}.isdisjoint({rule[-1] for rule in (*known, *vague)})
    assert sum(told["drawn"]) == told["facilities"]["count"]
    assert told["communities"]["renderer"] == told["ranked_areas"]["renderer"] == "singleSymbol"
    for table in TABLES:
        if table.name in told:
            layer = told[table.name]
            assert (layer["valid"], layer["crs"]) == (True, "EPSG:4326")
            assert layer["fields"] == [column.name for column in table.columns if column.name != "geom"]
    assert (told["facilities"]["count"], told["areas"]["renderer"]) == (5, "singleSymbol")
    # QGIS may switch the file's journal while it is open; it is valid and served afterwards all the same.
    validate(path)
    engine = store.open_readonly(f"sqlite:///{path}")
    with engine.connect() as conn:
        assert queries.facilities(conn).matched == 5
    engine.dispose()


def test_ogr2ogr_carries_every_facility_and_field_to_geojson(built, tmp_path):
    ogr("ogr2ogr", tmp_path / "out.geojson", built, "facilities")
    features = json.loads((tmp_path / "out.geojson").read_text())["features"]
    assert len(features) == 5
    columns = {column.name for column in next(table for table in TABLES if table.name == "facilities").columns}
    assert features[0]["properties"].keys() == columns - {"fid", "geom"}
