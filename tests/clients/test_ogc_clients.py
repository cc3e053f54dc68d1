"""OGC API – Features as its clients use it: GDAL's driver, old and new, and OWSLib, against the running site."""

import json
import re
import shutil
import subprocess
import sys
from urllib.request import urlopen

import geopandas
import numpy as np
import pytest
from owslib.ogcapi.features import Features

from service_map import store
from service_map.store import features


@pytest.fixture(scope="module")
def ogc(live_site):
    return f"{live_site}/ogc"


@pytest.fixture(scope="module")
def layers(shipped_database):
    """Every collection with its number of features and the ids of them all, straight from the database."""
    engine = store.open_readonly(f"sqlite:///{shipped_database}")
    with engine.connect() as conn:
        found = {}
        for name, layer in features.collections(conn).items():
            page = features.page(conn, layer, features.FeatureQuery(), limit=features.MAX_LIMIT)
            found[name] = {item.id: item for item in page.items}
    engine.dispose()
    return found


def ogr(program, *arguments):
    if shutil.which(program) is None:
        pytest.skip(f"GDAL's {program} is not installed: apt-get install gdal-bin")
    done = subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, text=True)
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.gdal
def test_gdal_lists_every_layer_and_counts_its_features(ogc, layers):
    listed = ogr("ogrinfo", "-ro", f"OAPIF:{ogc}")
    for name, items in layers.items():
        assert f": {name} (title: " in listed
        assert f"Feature Count: {len(items)}\n" in ogr("ogrinfo", "-ro", "-so", f"OAPIF:{ogc}", name)


@pytest.mark.gdal
def test_a_field_is_of_one_type_in_every_layer_whatever_its_first_features_hold(ogc, layers):
    kinds = {"string": "String", "integer": "Integer", "number": "Real", "boolean": "Integer(Boolean)"}
    with urlopen(f"{ogc}/collections/facilities/queryables?f=json") as answer:  # noqa: S310 - our own loopback
        wanted = {name: kinds[item["type"]] for name, item in json.load(answer)["properties"].items()}
    for name in layers:
        if name.startswith(("facilities", "existing")):
            told = ogr("ogrinfo", "-ro", "-so", f"OAPIF:{ogc}", name)
            found = dict(re.findall(r"^(\w+): (\w+(?:\(\w+\))?) \(", told, re.MULTILINE))
            assert {field: found[field] for field in wanted if field in found} == wanted, name


@pytest.mark.gdal
@pytest.mark.parametrize("name", ["facilities", "facilities_elderly", "commitments", "areas", "plans"])
def test_ogr2ogr_carries_every_feature_of_a_layer_over_many_pages(ogc, layers, tmp_path, name):
    ogr("ogr2ogr", "-oo", "PAGE_SIZE=50", tmp_path / "out.geojson", f"OAPIF:{ogc}", name)
    got = json.loads((tmp_path / "out.geojson").read_text("utf-8"))["features"]
    key = "adcode" if name == "areas" else "id"
    assert sorted(item["properties"][key] for item in got) == sorted(layers[name])
    if name == "facilities":
        for item in got:
            there = layers[name][item["properties"]["id"]]
            assert item["geometry"]["coordinates"] == pytest.approx(there.geometry, abs=1e-7)
            assert item["properties"]["name"] == there.properties["name"]


@pytest.mark.gdal
@pytest.mark.parametrize(
    ("arguments", "keep"),
    [
        (["-where", "category = 'kindergarten'"], lambda item: item.properties["category"] == "kindergarten"),
        (["-where", "uncertainty_m < 50000 AND family = 'elderly'"],
         lambda item: item.properties["uncertainty_m"] < 50000 and item.properties["family"] == "elderly"),
        (["-spat", "112", "35", "113", "36"],
         lambda item: 112 <= item.geometry[0] <= 113 and 35 <= item.geometry[1] <= 36),
    ],
)  # fmt: skip
def test_gdal_filters_as_the_database_does(ogc, layers, arguments, keep):
    wanted = sum(keep(item) for item in layers["facilities"].values())
    assert wanted
    assert f"Feature Count: {wanted}\n" in ogr("ogrinfo", "-ro", "-al", "-so", *arguments, f"OAPIF:{ogc}", "facilities")


# In a process of its own: pyogrio keeps Python's lock while GDAL waits for the site, which runs in this process.
READ = """
import json, sys, pyogrio
url, layer, system, box, out = sys.argv[1:]
options = {"CRS": system} if system else {}
pyogrio.read_dataframe("OAPIF:" + url, layer=layer, bbox=json.loads(box) and tuple(json.loads(box)), **options).to_parquet(out)
"""


def read(folder, url, layer, system="", box=None):
    out = folder / "read.parquet"
    command = [sys.executable, "-c", READ, url, layer, system, json.dumps(box), out]
    subprocess.run(command, check=True, timeout=300)
    return geopandas.read_parquet(out)


@pytest.mark.parametrize("system", ["EPSG:4326", "EPSG:4490", "EPSG:3857"])
def test_a_new_gdal_asks_in_any_reference_system_and_finds_the_same_places(ogc, layers, tmp_path, system):
    frame = read(tmp_path, ogc, "facilities", system).set_index("id")
    assert len(frame) == len(layers["facilities"])
    # GDAL says CRS84 of what it turned into longitude first.
    assert (frame.crs.to_epsg() or 4326) == int(system[5:])
    back = frame.to_crs(4326).geometry
    wanted = np.array([layers["facilities"][name].geometry for name in frame.index])
    assert np.abs(np.column_stack([back.x, back.y]) - wanted).max() < 1e-7


@pytest.mark.parametrize("system", ["EPSG:4326", "EPSG:4490", "EPSG:3857"])
@pytest.mark.parametrize("name", ["facilities", "existing"])
def test_a_new_gdal_finds_all_of_a_layer_in_the_box_around_what_it_read(ogc, layers, tmp_path, name, system):
    bounds = read(tmp_path, ogc, name, system).total_bounds.tolist()
    assert set(read(tmp_path, ogc, name, system, bounds)["id"]) == set(layers[name])


@pytest.mark.gdal
def test_gdal_finds_all_of_a_layer_in_its_published_extent(ogc, layers):
    with urlopen(f"{ogc}/collections/facilities?f=json") as answer:  # noqa: S310 - our own loopback
        (box,) = json.load(answer)["extent"]["spatial"]["bbox"]
    told = ogr("ogrinfo", "-ro", "-al", "-so", "-spat", *map(repr, box), f"OAPIF:{ogc}", "facilities")
    assert f"Feature Count: {len(layers['facilities'])}\n" in told


def test_owslib_gets_what_has_no_year_at_any_time_and_what_has_no_geometry_in_any_box(ogc, layers):
    client = Features(ogc)
    years = [item.properties["year"] for item in layers["facilities"].values()]
    for moment, fitting in (("2025-06-01", {2025}), ("2025-06-01T00:00:00Z", {2025}), ("../2023-12-31", range(2024))):
        wanted = sum(year is None or year in fitting for year in years)
        assert years.count(None) <= wanted
        assert client.collection_items("facilities", limit=1, datetime_=moment)["numberMatched"] == wanted
    wanted = {name for name, item in layers["areas"].items() if item.geometry is None}
    page = client.collection_items("areas", limit=100, bbox=[0, 0, 1, 1])
    assert {item["id"] for item in page["features"]} == wanted != set()


def test_geopandas_reads_boundaries_whole(ogc, layers, tmp_path):
    frame = read(tmp_path, ogc, "areas").set_index("adcode")
    assert len(frame) == len(layers["areas"])
    for code, item in layers["areas"].items():
        if item.geometry is not None:
            assert frame.geometry[code].symmetric_difference(item.geometry).area < 1e-6


def test_owslib_reads_conformance_collections_queryables_items_and_an_item(ogc, layers):
    client = Features(ogc)
    assert any("ogcapi-features-1/1.0/conf/core" in name for name in client.conformance()["conformsTo"])
    assert client.feature_collections() == list(layers)
    assert "category" in client.collection_queryables("facilities")["properties"]
    page = client.collection_items("facilities", limit=7, filter="category = 'kindergarten'")
    assert page["numberReturned"] == 7
    name = page["features"][0]["id"]
    assert client.collection_item("facilities", name)["properties"]["category"] == "kindergarten"


# Run by Debian's own Python, which has QGIS; QGIS without a screen falls over at its own exit, hence os._exit.
QGIS = """
import json, os, sys
from qgis.core import QgsApplication, QgsFeatureRequest, QgsProviderRegistry, QgsRectangle, QgsVectorLayer
app = QgsApplication([], False)
app.initQgis()
assert "OAPIF" in QgsProviderRegistry.instance().providerList(), "this QGIS has no OAPIF provider"
told = {}
for name in json.loads(sys.argv[2]):
    layer = QgsVectorLayer(f"url='{sys.argv[1]}' typename='{name}' pageSize='500'", name, "OAPIF")
    if not layer.isValid():
        raise SystemExit(layer.error().message())
    places = {}
    for feature in layer.getFeatures():
        shape = feature.geometry()
        places[feature["id"] if name != "areas" else feature["adcode"]] = (
            [shape.asPoint().x(), shape.asPoint().y()] if name != "areas" else shape.area()
        )
    box = QgsRectangle(112.0, 35.0, 113.0, 36.0)
    told[name] = {
        "crs": layer.crs().authid(), "fields": [field.name() for field in layer.fields()], "places": places,
        "boxed": sum(1 for _ in layer.getFeatures(QgsFeatureRequest().setFilterRect(box))),
    }
print(json.dumps(told), flush=True)
os._exit(0)
"""


def test_qgis_opens_every_feature_by_its_own_ogc_api_provider(ogc, layers, tmp_path):
    if subprocess.run(["/usr/bin/python3", "-c", "import qgis.core"], check=False, capture_output=True).returncode:
        pytest.skip("QGIS is not installed: apt-get install python3-qgis")
    environment = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    command = ["/usr/bin/python3", "-c", QGIS, ogc, json.dumps(["facilities", "areas"])]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    facilities = told["facilities"]
    assert facilities["crs"] in {"OGC:CRS84", "EPSG:4326"}  # as its version calls longitude first
    assert facilities["places"].keys() == layers["facilities"].keys()
    for name, place in facilities["places"].items():
        assert np.abs(np.subtract(place, layers["facilities"][name].geometry)).max() < 1e-7
    inside = [item.geometry for item in layers["facilities"].values()]
    assert facilities["boxed"] == sum(112 <= x <= 113 and 35 <= y <= 36 for x, y in inside)
    assert {"name", "category", "precision", "uncertainty_m"} <= set(facilities["fields"])
    bounded = {name for name, item in layers["areas"].items() if item.geometry is not None}
    assert {name for name, area in told["areas"]["places"].items() if area > 0} == bounded
