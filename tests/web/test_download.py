"""Every download opens in the tools of GIS teams with the same facilities, fields and coordinates, and says what it is."""

import base64
import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import time
import zipfile

import geopandas
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
from click.testing import CliRunner
from gpkg_validator import validate
from invented_world import make_app
from pyarrow import parquet
from sqlalchemy.exc import OperationalError

from service_map.cli import main
from service_map.errors import OutputError
from service_map.places import gcj02_to_wgs84
from service_map.store import data_dictionary, export
from service_map.web import download
from service_map.web.report import spreadsheet

PLAIN = [suffix for suffix, chosen in export.FORMATS.items() if chosen.systems == ("4326",)]
TABLES = [suffix for suffix in export.FORMATS if "geojson" not in suffix]
NAMES = [field.name for field in data_dictionary.FIELDS]


def fetch(api, folder, suffix, **query):
    """Download into a file of the name that the site gives it."""
    with api.get(f"/download/facilities.{suffix}", query_string=query) as answer:
        assert answer.status_code == 200, answer.text
        name = answer.headers["Content-Disposition"].partition("filename=")[2]
        path = folder / name
        path.write_bytes(answer.data)
        assert answer.headers["Content-Type"].startswith(export.FORMATS[suffix].media_type)
    return path


def frame(path):
    """Read a file by GeoPandas as a GIS user would; one row a facility, by id, with its place as x and y."""
    if path.name.endswith(".parquet"):
        found = geopandas.read_parquet(path)
    elif path.name.endswith(".csv"):
        table = pd.read_csv(path, dtype={"adcode": str, "status_date": str})
        found = geopandas.GeoDataFrame(table, geometry=geopandas.GeoSeries.from_wkt(table.wkt))
    elif path.name.endswith(".xlsx"):
        table = pd.read_excel(path, dtype={"adcode": str, "status_date": str})
        places = (table.lon, table.lat) if "lon" in table else (table.x, table.y)
        found = geopandas.GeoDataFrame(table, geometry=geopandas.points_from_xy(*places))
    else:
        source = f"zip://{path}" if path.name.endswith(".zip") else path
        layer = None if path.name.endswith((".geojson", ".geojsonl")) else path.name.partition(".")[0]
        layer = "facilities_gcj02" if layer == "facilities_gcj02" else layer and "facilities"
        found = geopandas.read_file(source, layer=layer)
    if path.suffix == ".kml":
        found = found.drop(columns="id").rename(columns={"facility_id": "id"})
    if "Name" in found:
        found = found.rename(columns={"Name": "name"})
    return found.set_index("id").sort_index()


@pytest.fixture(scope="module")
def expected(shipped_app):
    """The facilities as the API gives them."""
    features = shipped_app.test_client().get("/download/facilities.geojson").get_json(force=True)["features"]
    return {feature["id"]: feature for feature in features}


@pytest.mark.parametrize("suffix", export.FORMATS)
def test_every_format_holds_the_same_facilities_at_the_same_places(shipped_app, tmp_path, expected, suffix):
    found = frame(fetch(shipped_app.test_client(), tmp_path, suffix))
    assert list(found.index) == sorted(expected)
    wanted = np.array([expected[name]["geometry"]["coordinates"] for name in found.index])
    assert np.abs(np.column_stack([found.geometry.x, found.geometry.y]) - wanted).max() <= 1e-7
    if suffix not in {"csv", "xlsx"}:
        assert found.crs.to_epsg() == 4326


@pytest.mark.parametrize("suffix", TABLES)
def test_every_table_has_the_same_fields_with_the_same_values(shipped_app, tmp_path, expected, suffix):
    found = frame(fetch(shipped_app.test_client(), tmp_path, suffix))
    short = suffix == "shp.zip"
    for field in data_dictionary.FIELDS[1:]:
        column = field.short if short else field.name
        assert column in found, field.name
        for name, value in found[column].items():
            wanted = _wanted(expected[name], field.name)
            if wanted is Ellipsis:
                continue
            if wanted is None or wanted == "":
                assert pd.isna(value) or value == "", (name, field.name)
            elif isinstance(wanted, bool):
                assert str(value).lower() in ({"true", "1", "t"} if wanted else {"false", "0", "f"}), (name, column)
            elif isinstance(wanted, (int, float)):
                assert float(value) == pytest.approx(wanted, abs=0.05 if field.name == "uncertainty_m" else 1e-9)
            elif short and len(wanted.encode()) > 254:
                assert wanted.startswith(value), (name, column)  # as long as a Shapefile's text can be
            else:
                assert value == wanted, (name, column)


def _wanted(feature, name):
    properties = feature["properties"]
    if name in properties:
        return properties[name]
    if name in {"category_zh", "family_zh"}:
        return properties[name.replace("_zh", "_name")]
    if name == "commitments":
        return ";".join(citation["commitment"] for citation in properties["citations"])
    return (properties["citation"] or {}).get(name, ...)


def test_the_names_of_a_shapefile_are_short_and_no_two_are_alike():
    shorts = [field.short for field in (*data_dictionary.FIELDS, data_dictionary.DATUM_FIELD)]
    assert len(set(shorts)) == len(shorts)
    assert all(len(short) <= 10 and short.isascii() for short in shorts)


def test_the_fields_are_those_of_the_published_geopackage(api, invented, tmp_path):
    columns = pyogrio.read_info(invented.url.removeprefix("sqlite:///"), layer="facilities")["fields"].tolist()
    assert [*columns, "state", "state_as_of", "passage_sha256", "commitments"] == NAMES
    assert pyogrio.read_info(fetch(api, tmp_path, "gpkg"), layer="facilities")["fields"].tolist() == NAMES


@pytest.mark.parametrize("suffix", [suffix for suffix in export.FORMATS if suffix not in PLAIN])
@pytest.mark.parametrize("system", ["4490", "3857"])
def test_every_format_that_can_say_its_reference_system_comes_in_the_others_too(api, tmp_path, suffix, system):
    plain, other = frame(fetch(api, tmp_path, suffix)), frame(fetch(api, tmp_path, suffix, crs=system))
    if suffix in {"csv", "xlsx"}:
        (said,) = set(other.datum)
        other = other.set_crs(re.search(r"\((EPSG:\d+)\)", said)[1])
        assert "datum" not in plain
    else:
        assert "datum" not in other
    assert other.crs.to_epsg() == int(system)
    back = other.to_crs(4326).geometry
    away = np.hypot(back.x - plain.geometry.x, back.y - plain.geometry.y)
    # A millimetre, which is what three decimals of a metre leave.
    assert away.max() < 1e-7


@pytest.mark.parametrize("suffix", [suffix for suffix in export.FORMATS if suffix not in PLAIN])
def test_shifted_coordinates_say_so_in_the_files_name_the_layer_and_every_row(api, tmp_path, suffix):
    path = fetch(api, tmp_path, suffix, crs="gcj02")
    assert path.name == f"facilities_gcj02.{suffix}"
    plain, shifted = frame(fetch(api, tmp_path, suffix)), frame(path)
    assert set(shifted.datum) == {"GCJ-02"}
    assert "datum" not in plain
    lon, lat = gcj02_to_wgs84(shifted.geometry.x.to_numpy(), shifted.geometry.y.to_numpy())
    assert np.abs(lon - plain.geometry.x).max() < 1e-6
    assert np.abs(lat - plain.geometry.y).max() < 1e-6
    assert np.hypot(shifted.geometry.x - plain.geometry.x, shifted.geometry.y - plain.geometry.y).min() > 0.001
    if suffix in {"gpkg", "fgb", "shp.zip", "parquet"}:
        assert "GCJ-02" in shifted.crs.name
        assert shifted.crs.to_epsg() is None


CARRIERS = ["CSV", "GeoPackage", "Excel", "GeoParquet", "FlatGeobuf", "Shapefile"]


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-9"}, {"Want-Repr-Digest": "sha-256=1"}])
@pytest.mark.parametrize("system", ["4490", "3857", "gcj02"])
@pytest.mark.parametrize("suffix", ["geojson", "geojsonl", "kml"])
def test_a_file_that_cannot_say_its_reference_system_is_refused_with_those_that_can(api, suffix, system, headers):
    for language, said in (("zh", "没有地方注明坐标系"), ("en", "cannot say its reference system")):
        answer = api.get(f"/download/facilities.{suffix}?crs={system}&lang={language}", headers=headers)
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
        problem = answer.get_json(force=True)
        assert (problem["field"], problem["allowed"]) == ("crs", ["4326"])
        assert said in problem["detail"]
        assert (
            re.findall(r"CSV|Excel|Geo[A-Z]\w+|Flat\w+|Shapefile|KML", problem["detail"].split(system)[1]) == CARRIERS
        )
    with api.get(f"/download/facilities.{suffix}?crs=4326") as answer:
        assert answer.status_code == 200


def test_the_definition_offers_each_format_its_own_reference_systems(api):
    paths = api.get("/api/openapi.json").get_json(force=True)["paths"]
    for suffix, chosen in export.FORMATS.items():
        parameters = paths[f"/download/facilities.{suffix}"]["get"]["parameters"]
        (offered,) = (item["schema"]["enum"] for item in parameters if item["name"] == "crs")
        assert offered == list(chosen.systems)
        for system in data_dictionary.SYSTEMS:
            with api.get(f"/download/facilities.{suffix}?crs={system}") as answer:
                assert answer.status_code == (200 if system in offered else 400)


def test_accept_leads_to_a_format_that_can_say_the_reference_system(api):
    def asked(accept):
        return api.get("/download/facilities?crs=3857", headers={"Accept": accept} if accept else {})

    for accept in ("", "*/*", "application/geo+json, text/csv;q=0.5"):
        assert asked(accept).headers["Location"] == "/download/facilities.csv?crs=3857"
    refusal = asked("application/geo+json")
    assert (refusal.status_code, refusal.get_json(force=True)["field"]) == (400, "crs")
    assert asked("image/png").status_code == 406


@pytest.mark.parametrize("system", ["4490", "3857", "gcj02"])
def test_what_the_field_datum_means_is_said_in_the_workbook_and_beside_the_table(api, tmp_path, system):
    book = openpyxl.load_workbook(fetch(api, tmp_path, "xlsx", crs=system))
    assert [row[0].value for row in book["字段 fields"].rows][1:] == [*NAMES, "datum"]
    told = api.get(f"/download/about.json?crs={system}").get_json(force=True)
    assert [field["name"] for field in told["variableMeasured"]] == [*NAMES, "datum"]


@pytest.mark.parametrize("suffix", export.FORMATS)
def test_a_filter_of_the_api_holds_in_every_format_also_where_nothing_is_left(api, tmp_path, suffix):
    assert list(frame(fetch(api, tmp_path, suffix, category="trail")).index) == ["f000000000003"]
    if suffix in {"geojsonl", "kml"}:
        assert b"Point" not in fetch(api, tmp_path, suffix, bbox="0,0,1,1").read_bytes()
        return
    empty = fetch(api, tmp_path, suffix, bbox="0,0,1,1")
    if suffix == "geojson":
        assert json.loads(empty.read_bytes())["features"] == []
    else:
        assert frame_is_empty(empty)


@pytest.mark.parametrize("suffix", ["geojson", "geojsonl"])
def test_features_hold_every_field_of_the_tables_under_its_name(shipped_app, tmp_path, expected, suffix):
    found = frame(fetch(shipped_app.test_client(), tmp_path, suffix))
    table = frame(fetch(shipped_app.test_client(), tmp_path, "parquet"))
    for field in data_dictionary.FIELDS[1:]:
        mine, theirs = found[field.name], table.loc[found.index, field.name]
        assert mine.isna().equals(theirs.isna()), field.name
        if field.name == "uncertainty_m":
            assert (mine - theirs).abs().max() <= 0.05
        else:
            assert (mine.dropna() == theirs.dropna()).all(), field.name


@pytest.mark.parametrize("suffix", [suffix for suffix, chosen in export.FORMATS.items() if not chosen.streamed])
def test_every_worker_writes_the_same_bytes_whenever_it_is_asked(invented, tmp_path, suffix, monkeypatch):
    """One state of the data, one checksum: a range taken from another worker's file must fit."""
    digests = set()
    for moment in range(2):
        with make_app(invented.url, invented.geodata).test_client().get(f"/download/facilities.{suffix}") as answer:
            digests.add((answer.headers["Repr-Digest"], answer.headers["ETag"]))
        if not moment:
            time.sleep(1.1)  # a file that holds the time of its writing holds it to the second
    assert len(digests) == 1


@pytest.mark.parametrize(("suffix", "names"), [("csv", ["x", "y"]), ("xlsx", ["x", "y"])])
def test_metres_are_not_called_degrees(api, tmp_path, suffix, names):
    path = fetch(api, tmp_path, suffix, crs="3857")
    table = pd.read_csv(path) if suffix == "csv" else pd.read_excel(path)
    assert set(names) <= set(table.columns)
    assert not {"lon", "lat"} & set(table.columns)


def test_a_file_that_cannot_be_written_is_told_without_the_servers_own_paths(invented, monkeypatch):
    app = make_app(invented.url, invented.geodata)

    def full(path, *_given, **_more):
        raise OutputError(
            f"文件 {path} 未能写出：INSERT INTO …", f"the file {path} could not be written: INSERT INTO …"
        )

    monkeypatch.setattr(download.export, "write", full)
    answer = app.test_client().get("/download/facilities.fgb")
    assert answer.status_code == 503
    assert not re.search("INSERT|tmp", answer.text)


def test_the_whole_database_is_away_in_words_while_its_file_is(invented, tmp_path):
    url = invented.build(tmp_path / "away.gpkg")
    client = make_app(url, invented.geodata).test_client()
    with client.get("/download/service_map.gpkg") as answer:
        assert answer.status_code == 200
    (tmp_path / "away.gpkg").rename(tmp_path / "elsewhere.gpkg")
    assert client.get("/api/facilities").status_code == 200
    assert client.get("/download/service_map.gpkg").status_code == 503


def frame_is_empty(path):
    if path.suffix == ".csv":
        return path.read_text("utf-8").count("\n") == 1
    if path.suffix == ".xlsx":
        return pd.read_excel(path).empty
    if path.suffix == ".parquet":
        return geopandas.read_parquet(path).empty
    return pyogrio.read_dataframe(f"/vsizip/{path}" if path.suffix == ".zip" else path, layer="facilities").empty


def test_a_csv_for_excel_begins_with_the_byte_order_mark_and_no_other_does(api, tmp_path):
    assert fetch(api, tmp_path, "csv", bom="1").read_bytes().startswith(b"\xef\xbb\xbfid,")
    assert fetch(api, tmp_path, "csv").read_bytes().startswith(b"id,")


def test_licence_citation_date_and_dictionary_stand_in_the_file_or_beside_it(api, tmp_path):
    told = api.get("/download/about.json").get_json(force=True)
    assert {"虚构: CC0-1.0", "别处: MIT"} <= set(told["license"])
    assert "沁水县虚构公共服务规划" in told["citation"]
    assert told["dateModified"].startswith("20")
    assert [field["name"] for field in told["variableMeasured"]] == NAMES
    assert all(field["description"] and field["descriptionEn"] for field in told["variableMeasured"])

    assert json.loads(fetch(api, tmp_path, "geojson").read_bytes())["metadata"] == told
    assert json.loads(parquet.read_schema(fetch(api, tmp_path, "parquet")).metadata[b"about"]) == told
    assert told["citation"] in str(pyogrio.read_info(fetch(api, tmp_path, "fgb"))["layer_metadata"])
    package = fetch(api, tmp_path, "gpkg")
    rows = pyogrio.read_dataframe(package, layer="about").set_index("key")["value"]
    assert rows["citation"] == told["citation"]
    assert pyogrio.read_dataframe(package, layer="data_dictionary")["field"].tolist() == NAMES
    book = openpyxl.load_workbook(fetch(api, tmp_path, "xlsx"))
    assert book.sheetnames == ["facilities", "字段 fields", "说明 about"]
    assert told["citation"] in [row[1].value for row in book["说明 about"].rows]
    with zipfile.ZipFile(fetch(api, tmp_path, "shp.zip")) as archive:
        assert json.loads(archive.read("about.json")) == told
        assert archive.read("facilities.cpg") == b"UTF-8"
        table = list(csv.DictReader(io.StringIO(archive.read("fields.csv").decode("utf-8-sig"))))
        assert [row["field"] for row in table] == NAMES


@pytest.mark.parametrize("suffix", export.FORMATS)
def test_every_download_leads_to_what_describes_it(api, suffix):
    with api.get(f"/download/facilities.{suffix}?category=trail&lang=en") as answer:
        address = answer.headers["Link"].partition(">")[0].removeprefix("<")
        assert 'rel="describedby"' in answer.headers["Link"]
    assert api.get(address).get_json(force=True)["filter"] == {"categories": ["trail"], "promised": True}


@pytest.mark.parametrize("suffix", export.FORMATS)
def test_a_finished_file_has_a_checksum_and_ranges(api, suffix):
    address = f"/download/facilities.{suffix}"
    asked = {"Want-Repr-Digest": "sha-256=1", "Accept-Encoding": "gzip"}
    with api.get(address, headers=asked) as whole:
        digest = base64.b64encode(hashlib.sha256(whole.data).digest()).decode()
        assert whole.headers["Repr-Digest"] == f"sha-256=:{digest}:"
        assert "Content-Encoding" not in whole.headers
        tag = whole.headers["ETag"]
        content = whole.data
    with api.get(address, headers={"Range": "bytes=10-29", "If-Range": tag}) as part:
        assert (part.status_code, part.data) == (206, content[10:30])
        assert part.headers["Content-Range"] == f"bytes 10-29/{len(content)}"
    with api.get(address, headers={**asked, "If-None-Match": tag}) as again:
        assert again.status_code == 304
    with api.get(address, headers={"Range": f"bytes={len(content)}-"}) as beyond:
        assert beyond.status_code == 416


def test_the_database_has_a_checksum_too(api):
    with api.get("/download/service_map.gpkg") as answer:
        digest = base64.b64encode(hashlib.sha256(answer.data).digest()).decode()
        assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"


@pytest.mark.parametrize("chosen", export.FORMATS.values(), ids=export.FORMATS)
def test_accept_leads_to_its_format(api, chosen):
    answer = api.get("/download/facilities?category=trail", headers={"Accept": chosen.media_type})
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/download/facilities.{chosen.suffix}?category=trail"
    assert "Accept" in answer.headers["Vary"]


def test_what_nobody_writes_is_not_acceptable(api):
    answer = api.get("/download/facilities", headers={"Accept": "image/png"})
    assert (answer.status_code, answer.mimetype) == (406, "application/problem+json")
    assert api.get("/download/facilities").headers["Location"] == "/download/facilities.geojson"


def test_a_name_that_begins_with_an_equals_sign_is_no_formula(invented, tmp_path):
    from invented_world import FACILITIES, make_app

    changed = [FACILITIES[0].__class__(**{**_as_dict(FACILITIES[0]), "name": "=1+1"})]
    url = invented.build(tmp_path / "formula.gpkg", facilities=changed)
    api = make_app(url, invented.geodata).test_client()
    book = openpyxl.load_workbook(fetch(api, tmp_path, "xlsx"))
    cell = book["facilities"]["B2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


@pytest.mark.parametrize("lead", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_a_spreadsheet_would_run_is_held_back_in_the_csv_for_excel_alone(invented, tmp_path, lead):
    from invented_world import FACILITIES, make_app

    name = f"{lead}1+1幼儿园"
    changed = [FACILITIES[0].__class__(**{**_as_dict(FACILITIES[0]), "name": name})]
    api = make_app(invented.build(tmp_path / "formula.gpkg", facilities=changed), invented.geodata).test_client()

    def names(**asked):
        text = fetch(api, tmp_path, "csv", **asked).read_bytes().decode("utf-8-sig")
        return [row["name"] for row in csv.DictReader(io.StringIO(text, newline=""))]

    assert names(bom="1") == [f"'{name}"]
    assert names() == [name]
    (feature,) = json.loads(fetch(api, tmp_path, "geojson").read_bytes())["features"]
    assert feature["properties"]["name"] == name
    cell = openpyxl.load_workbook(fetch(api, tmp_path, "xlsx"))["facilities"]["B2"]
    assert cell.data_type == "s"
    # XML reads a carriage return as the end of a line.
    assert cell.value.replace("\r", "\n").replace("_x000D_", "\n") == name.replace("\r", "\n")


def test_the_workbook_of_a_report_holds_every_text_as_it_is_and_no_formula(invented_app):
    rows = [["=1+1幼儿园"], ["==x"], ["+86"], ["@a"], ["a\x01b"], [3]]
    with invented_app.test_request_context():
        packed = spreadsheet([("甲", ["=名称"], rows)], notes=["=2"])
    book = openpyxl.load_workbook(io.BytesIO(packed))
    cells = [row[0] for row in book["甲"].rows]
    assert [cell.value for cell in cells] == [
        "=名称",
        "=1+1幼儿园",
        "==x",
        "+86",
        "@a",
        "a\N{REPLACEMENT CHARACTER}b",
        3,
    ]
    assert [cell.data_type for cell in cells] == [*"ssssss", "n"]
    assert (book.worksheets[1]["A1"].value, book.worksheets[1]["A1"].data_type) == ("=2", "s")


def _as_dict(record):
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


@pytest.mark.gdal
@pytest.mark.parametrize("suffix", ["gpkg", "fgb", "geojson", "geojsonl", "csv", "kml", "shp.zip"])
def test_debians_gdal_opens_every_format_without_a_warning(shipped_app, tmp_path, expected, suffix):
    if shutil.which("ogrinfo") is None:
        pytest.skip("GDAL's ogrinfo is not installed: apt-get install gdal-bin")
    path = fetch(shipped_app.test_client(), tmp_path, suffix)
    source = f"/vsizip/{path}" if suffix == "shp.zip" else str(path)
    done = subprocess.run(["ogrinfo", "-ro", "-so", "-al", source], check=True, capture_output=True, text=True)
    assert done.stderr == ""
    assert "Layer name: facilities" in done.stdout
    assert f"Feature Count: {len(expected)}" in done.stdout


@pytest.mark.gdal
@pytest.mark.parametrize("system", ["4326", "4490", "3857", "gcj02"])
def test_gdals_validator_finds_nothing_in_a_downloaded_geopackage(shipped_app, tmp_path, system):
    validate(fetch(shipped_app.test_client(), tmp_path, "gpkg", crs=system))


@pytest.mark.gdal
def test_gdals_validator_finds_nothing_in_the_published_database(shipped_app, tmp_path):
    with shipped_app.test_client().get("/download/service_map.gpkg") as answer:
        (tmp_path / "service_map.gpkg").write_bytes(answer.data)
    validate(tmp_path / "service_map.gpkg")


class TestCommand:
    """``service-map export facilities`` writes what the site hands out."""

    @pytest.fixture
    def run(self, invented, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", invented.url)
        monkeypatch.setenv("GEODATA_DIR", str(invented.geodata))
        return lambda *arguments: CliRunner().invoke(main, ["export", "facilities", *map(str, arguments)])

    @pytest.mark.parametrize("suffix", export.FORMATS)
    def test_it_writes_the_format_of_the_suffix_and_a_description_beside(self, run, api, tmp_path, suffix):
        done = run(tmp_path / f"out.{suffix}", "-w", "category=trail")
        assert done.exit_code == 0, done.output
        assert frame(rename(tmp_path / f"out.{suffix}", suffix)).index.tolist() == ["f000000000003"]
        told = json.loads((tmp_path / f"out.{suffix}.about.json").read_bytes())
        assert told == api.get("/download/about.json?category=trail").get_json(force=True)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["out.dwg"], "format"),
            (["out.csv", "-w", "category=nothing"], "category"),
            (["out.csv", "-w", "category"], "--where"),
            (["out.csv", "-w", "limit=3"], "limit"),
            (["out.kml", "--crs", "3857"], "GeoPackage"),
            (["out.geojson", "--crs", "gcj02"], "GeoPackage"),
            (["out.geojsonl", "--crs", "4490"], "GeoPackage"),
            (["missing/out.gpkg"], "missing"),
        ],
    )
    def test_a_mistake_is_one_line_and_leaves_nothing_behind(self, run, tmp_path, arguments, said):
        name, *rest = arguments
        done = run(tmp_path / name, *rest)
        assert done.exit_code == 2
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
        assert list(tmp_path.iterdir()) == []


def rename(path, suffix):
    """Give a file the name by which `frame` knows its layer."""
    return path.rename(path.with_name(f"facilities.{suffix}"))


def test_the_catalogue_record_leads_to_every_distribution(api):
    answer = api.get("/catalog.jsonld")
    assert answer.mimetype == "application/ld+json"
    dataset, *others = answer.get_json(force=True)["dcat:dataset"]
    assert [other["@id"].rpartition("#")[2] for other in others] == ["requirements", "quotas"]
    assert dataset["dct:temporal"]["dcat:startDate"] == "2021"
    assert "虚构: CC0-1.0" in dataset["dct:rights"]
    addresses = [item["dcat:accessURL"]["@id"] for item in dataset["dcat:distribution"]]
    assert len(addresses) == len(export.FORMATS) + 5
    for item in (item for told in (dataset, *others) for item in told["dcat:distribution"]):
        with api.get(item["dcat:accessURL"]["@id"].removeprefix("http://localhost")) as found:
            assert found.status_code == 200
            if "dcat:mediaType" in item:
                assert item["dcat:mediaType"]["@id"].endswith(found.mimetype)
    assert api.get("/catalog.jsonld?nothing=1").status_code == 400


@pytest.mark.parametrize("suffix", ["csv", "geojsonl"])
def test_a_stream_that_fails_before_its_first_rows_are_there_is_told_in_words(api, monkeypatch, suffix):
    def gone(*_given, **_more):
        raise OperationalError("select", {}, ConnectionError("gone"))

    monkeypatch.setattr(data_dictionary.queries, "facilities", gone)
    answer = api.get(f"/download/facilities.{suffix}")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.headers["Retry-After"]
