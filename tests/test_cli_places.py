"""What users bring in, through the program: a bad row is named, nothing is half imported, nothing else is touched."""

import csv
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from service_map import store
from service_map.cli import main
from service_map.places import load_gazetteer, wgs84_to_gcj02

SAID = ("--source", "某局", "--licence", "CC0")
COMMANDS = {
    "places": (*SAID,),
    "locations": (),
    "facilities": (*SAID, "--date", "2024", "--classes", "osm_classes.toml"),
}
TABLES = ("places.csv", "locations.csv", "existing.csv", "planned.csv", "facilities.geojson", "shapes.csv")
HEADINGS = {
    "places": ("code", "name"),
    "locations": ("id", "source", "date"),
    "facilities": ("id", "class", "name", "county"),
}


@pytest.fixture(scope="module")
def built(geodata, tmp_path_factory):
    """A copy of the open data, and the database that was built of it."""
    home = tmp_path_factory.mktemp("bad")
    data = Path(shutil.copytree(geodata, home / "geodata"))
    url = f"sqlite:///{home}/map.gpkg"
    store.build(url, geodata=data)
    features = json.loads((data / "facilities.geojson").read_text(encoding="utf-8"))["features"]
    ids = [feature["id"] for feature in features if feature["properties"]["adcode"][:6] == "140521"]
    return data, url, home / "map.gpkg", ids


@pytest.fixture
def bring(built, tmp_path):
    """Run an import and check that a refused one leaves every table and the database as they were."""
    data, url, database, _ = built

    def run(command, file, *options, datum="WGS84"):
        said = [str(data / word) if word.endswith(".toml") else word for word in COMMANDS[command]]
        before = {name: (data / name).read_bytes() for name in TABLES if (data / name).exists()}
        good = database.read_bytes()
        given = ["--datum", datum] if datum else []
        environment = {"GEODATA_DIR": str(data), "DATABASE_URL": url}
        answer = CliRunner().invoke(main, ["import", command, str(file), *given, *said, *options], env=environment)
        assert answer.exit_code == 2, answer.output
        assert "Traceback" not in answer.output
        assert {name: (data / name).read_bytes() for name in TABLES if (data / name).exists()} == before
        assert not list(data.glob("*.new"))
        assert database.read_bytes() == good
        assert store.is_current(url, data)
        return answer

    return run


@pytest.fixture
def rows(built):
    """Make rows of each command's table: good ones, with the point and the id asked for."""
    ids = built[3]

    def make(command, number, lon, lat, *, mark=None):
        match command:
            case "places":
                return [mark or f"1405211{number + 10:02d}", f"某{number}镇", str(lon), str(lat)]
            case "locations":
                return [mark or ids[number], "某局", "2025-01-01", str(lon), str(lat)]
        return [mark or str(number + 1), "school", f"某{number}小学", "沁水县", str(lon), str(lat)]

    return make


def write_csv(path, command, *rows, encoding="utf-8"):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([[*HEADINGS[command], "lon", "lat"], *rows])
    return path


GOOD = (112.1804, 35.6902)
SWAPPED, OUTSIDE, ABROAD = (35.6902, 112.1804), (113.9, 39.9), (2.35, 48.85)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "case",
    [(SWAPPED, "swapped"), (OUTSIDE, "outside 沁水县"), (ABROAD, "outside China"), (("x", "y"), "row 3")],
    ids=["swapped", "outside its area", "outside China", "no number"],
)
def test_a_row_at_a_wrong_point_is_named_and_nothing_is_imported(bring, rows, tmp_path, command, case):
    point, words = case
    path = write_csv(tmp_path / "t.csv", command, rows(command, 0, *GOOD), rows(command, 1, *point))
    answer = bring(command, path)
    assert words in answer.stdout
    assert "第 3 行" in answer.stdout
    assert "row 3" in answer.stdout
    assert "1 of 2 rows" in answer.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_an_id_that_stands_twice_is_named_with_the_row_that_has_it(bring, rows, tmp_path, command):
    first = rows(command, 0, *GOOD)
    again = rows(command, 1, 112.19, 35.70, mark=first[0])
    answer = bring(command, write_csv(tmp_path / "t.csv", command, first, again))
    assert "row 3" in answer.stdout
    assert "row 2" in answer.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_table_that_does_not_say_its_datum_is_refused_on_one_line(bring, rows, tmp_path, command):
    path = write_csv(tmp_path / "t.csv", command, rows(command, 0, *GOOD))
    for datum in (None, "EPSG:3857"):
        answer = bring(command, path, datum=datum)
        assert len(answer.stderr.splitlines()) == 1
        assert "datum" in answer.stderr
        assert "GCJ02" in answer.stderr


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("encoding", ["big5", "binary"])
def test_a_table_in_a_wrong_encoding_is_refused_on_one_line(bring, rows, tmp_path, command, encoding):
    path = tmp_path / "t.csv"
    if encoding == "binary":
        path.write_bytes(bytes(range(256)) * 9)
    else:
        # In Big5 the first character of 樂 is no GB18030 lead byte pair that ends the line well.
        write_csv(path, command, rows(command, 0, *GOOD), encoding="utf-8")
        text = path.read_text(encoding="utf-8").replace("某", "樂").replace("县", "縣")
        path.write_bytes(text.encode(encoding, "replace") + (b"\xff\xff" if encoding == "big5" else b""))
    answer = bring(command, path)
    assert len(answer.stderr.splitlines()) == 1
    assert "UTF-8" in answer.stderr
    assert "GB18030" in answer.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_an_empty_geometry_is_named_by_its_feature(bring, rows, tmp_path, command):
    features = []
    for number, geometry in enumerate(
        ({"type": "Point", "coordinates": GOOD}, None, {"type": "Point", "coordinates": []})
    ):
        properties = dict(zip(HEADINGS[command], rows(command, number, *GOOD), strict=False))
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    path = tmp_path / "t.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    answer = bring(command, path)
    assert "2 of 3 rows" in answer.stderr
    for number in (2, 3):
        assert f"row {number}, lon, lat" in answer.stdout


@pytest.mark.parametrize("command", ["places", "facilities"])
def test_the_one_bad_row_of_very_many_is_found(bring, tmp_path, command):
    """The benchmark asks the same of a million rows."""
    count = 20_000
    made = [
        [f"1405211{number:05d}", f"某{number}村", "112.1804", "35.6902"]
        if command == "places"
        else [str(number), "school", f"某{number}小学", "沁水县", "112.1804", "35.6902"]
        for number in range(count)
    ]
    made[-1][-2:] = ["35.6902", "112.1804"]
    answer = bring(command, write_csv(tmp_path / "t.csv", command, *made))
    assert f"row {count + 1}" in answer.stdout
    assert f"1 of {count} rows" in answer.stderr


@pytest.mark.parametrize("name", ["t.gpkg", "t.geojson", "t.xlsx", "t.shp", "t.osm.pbf"])
def test_a_damaged_file_of_any_form_is_refused_on_one_line(bring, tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04 not what its name says")
    answer = bring("facilities", tmp_path / name)
    assert len(answer.stderr.splitlines()) == 1
    assert name in answer.stderr


def test_a_table_of_gcj02_that_calls_itself_wgs84_is_warned_of(built, geodata, tmp_path):
    data = Path(shutil.copytree(geodata, tmp_path / "geodata"))
    known = load_gazetteer(geodata)
    counties = [
        code for code, row in known.rows.items() if row.level == "county" and code[:4] in ("1402", "1407", "1408")
    ]
    features = json.loads((data / "facilities.geojson").read_text(encoding="utf-8"))["features"]
    first = {}
    for feature in features:
        first.setdefault(feature["properties"]["adcode"][:6], feature["id"])
    for command, options in COMMANDS.items():
        table = []
        for number, code in enumerate(counties):
            lon, lat = (round(value, 6) for value in wgs84_to_gcj02(*known.point(code)))
            if command == "places":
                table.append([f"{code}{number + 900}", f"某{number}镇", lon, lat])
            elif command == "facilities":
                table.append([number, "school", f"某{number}小学", "", lon, lat])
            elif code in first:
                table.append([first[code], "某局", "2025-01-01", lon, lat])
        path = write_csv(tmp_path / f"{command}.csv", command, *table)
        said = [str(data / word) if word.endswith(".toml") else word for word in options]
        for datum, warned in (("WGS84", True), ("GCJ02", False)):
            answer = CliRunner().invoke(
                main,
                ["import", command, str(path), "--datum", datum, *said, "--dry-run"],
                env={"GEODATA_DIR": str(data)},
            )
            assert answer.exit_code == 0, answer.output
            assert ("datum may be GCJ02" in answer.output) == warned, (command, datum, answer.output)


def test_a_planned_list_goes_from_a_workbook_to_the_database_with_its_row(geodata, tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["编号", "类别", "名称", "县区", "经度", "纬度", "状态", "计划建成年份"])
    book.active.append([1, "幼儿园", "城西幼儿园", "沁水县", 112.1804, 35.6902, "在建", 2027])
    book.active.append([2, "图书馆", "县图书馆", "沁水县", 112.1810, 35.6910, "现状", None])
    book.save(tmp_path / "projects.xlsx")
    data = Path(shutil.copytree(geodata, tmp_path / "geodata"))
    environment = {"GEODATA_DIR": str(data), "DATABASE_URL": f"sqlite:///{tmp_path}/map.gpkg"}
    given = ["import", "facilities", str(tmp_path / "projects.xlsx"), "--datum", "WGS84", *SAID, "--date", "2026-01",
             "--title", "2026年重点项目表"]  # fmt: skip
    looked = CliRunner().invoke(main, [*given, "--dry-run"], env=environment)
    assert "under_construction" in looked.stdout
    assert (data / "planned.csv").read_bytes() == (geodata / "planned.csv").read_bytes()
    answer = CliRunner().invoke(main, given, env=environment)
    assert answer.exit_code == 0, answer.output
    assert "planned.csv" in answer.stderr
    assert CliRunner().invoke(main, ["build"], env=environment).exit_code == 0
    checked = CliRunner().invoke(main, ["check"], env=environment)
    assert checked.exit_code == 0, checked.output
    assert "2026年重点项目表（某局） 1" in checked.stdout
    out = tmp_path / "all.csv"
    exported = CliRunner().invoke(
        main, ["export", "facilities", str(out), "-w", "status=under_construction"], env=environment
    )
    assert exported.exit_code == 0, exported.output
    rows = csv.DictReader(out.read_text(encoding="utf-8").splitlines())
    (row,) = [row for row in rows if row["point_source"] == "某局"]
    assert (row["name"], row["year"], row["source_title"], row["source_row"]) == (
        "城西幼儿园", "2027", "2026年重点项目表", "2",
    )  # fmt: skip


def test_a_register_of_another_city_comes_in_where_that_city_is_named(geodata, tmp_path):
    data = Path(shutil.copytree(geodata, tmp_path / "geodata"))
    environment = {"GEODATA_DIR": str(data), "DATABASE_URL": f"sqlite:///{tmp_path}/map.gpkg"}
    path = write_csv(tmp_path / "t.csv", "facilities", ["1", "library", "首都图书馆", "朝阳区", "116.4573", "39.8702"])
    given = ["import", "facilities", str(path), "--datum", "WGS84", *SAID, "--date", "2024"]
    refused = CliRunner().invoke(main, given, env=environment)
    assert refused.exit_code == 2
    assert "朝阳区" in refused.stdout
    answer = CliRunner().invoke(main, [*given, "--within", "110000"], env=environment)
    assert answer.exit_code == 0, answer.output
    assert "110105,library" in (data / "existing.csv").read_text(encoding="utf-8")
    assert CliRunner().invoke(main, ["build"], env=environment).exit_code == 0
    nowhere = CliRunner().invoke(main, [*given, "--within", "990000"], env=environment)
    assert nowhere.exit_code == 2
    assert "within" in nowhere.stderr


def test_a_village_table_makes_promises_surer_and_a_street_comes_by_a_location(geodata, tmp_path):
    data = Path(shutil.copytree(geodata, tmp_path / "geodata"))
    environment = {"GEODATA_DIR": str(data)}
    (tmp_path / "villages.csv").write_text(
        "code,name,lon,lat\n140521104216,豆庄村,112.5551,35.6203\n", encoding="utf-8"
    )
    answer = CliRunner().invoke(
        main, ["import", "places", str(tmp_path / "villages.csv"), "--datum", "WGS84", *SAID], env=environment
    )
    assert answer.exit_code == 0, answer.output
    assert any(row.startswith("豆庄村,140521104,village,140521,112.5551,35.6203") for row in
               (data / "places.csv").read_text(encoding="utf-8").splitlines())  # fmt: skip
    features = json.loads((data / "facilities.geojson").read_text(encoding="utf-8"))["features"]
    first = next(feature["id"] for feature in features if feature["properties"]["adcode"] == "140521")
    (tmp_path / "t.csv").write_text(
        f"id,lon,lat,precision,source,date\n{first},112.1804,35.6902,street,某局,2025-01-01\n", encoding="utf-8"
    )
    answer = CliRunner().invoke(
        main, ["import", "locations", str(tmp_path / "t.csv"), "--datum", "WGS84"], env=environment
    )
    assert answer.exit_code == 0, answer.output
    features = json.loads((data / "facilities.geojson").read_text(encoding="utf-8"))["features"]
    (street,) = [feature["properties"] for feature in features if feature["id"] == first]
    assert (street["precision"], street["uncertainty_m"]) == ("street", 1000)


def test_check_tells_the_share_at_each_precision(built):
    data, url, _, _ = built
    answer = CliRunner().invoke(main, ["check"], env={"GEODATA_DIR": str(data), "DATABASE_URL": url})
    assert answer.exit_code == 0, answer.output
    shares = [line for line in answer.stdout.splitlines() if "%" in line]
    assert [line.split()[0] for line in shares] == ["site", "street", "village", "township", "county", "city"]
    assert sum(float(line.split()[2].strip("%（）()")) for line in shares) == pytest.approx(100, abs=0.5)


def test_a_report_of_very_many_bad_rows_lists_the_first_and_counts_the_rest(bring, rows, tmp_path):
    made = [rows("places", number % 80, *SWAPPED, mark=f"1405211{number:05d}") for number in range(1500)]
    answer = bring("places", write_csv(tmp_path / "t.csv", "places", *made))
    assert len(answer.stdout.splitlines()) == 1001
    assert "500 more rows" in answer.stdout
    assert "1500 of 1500 rows" in answer.stderr


@pytest.mark.parametrize(
    ("command", "body", "words"),
    [
        ("amap", {"status": "0", "info": "INVALID_USER_KEY", "infocode": "10001"}, "INVALID_USER_KEY"),
        ("amap", {"status": "0", "info": "USER_DAILY_QUERY_OVER_LIMIT", "infocode": "10003"}, "OVER_LIMIT"),
        ("tianditu", {"code": "300001", "msg": "非法Key", "resolve": "请使用正确的Key"}, "非法Key"),
        ("tianditu", 500, "HTTP 500"),
    ],
)
def test_a_geocoder_that_refuses_is_one_line_without_the_key(geodata, tmp_path, command, body, words):
    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(body if isinstance(body, int) else 200)
            self.end_headers()
            self.wfile.write(b"oops" if isinstance(body, int) else json.dumps(body, ensure_ascii=False).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url, key = f"{command.upper()}_URL", f"{command.upper()}_KEY"
    environment = {"GEODATA_DIR": str(geodata), key: "s3cret", url: f"http://127.0.0.1:{server.server_port}/"}
    try:
        answer = CliRunner().invoke(
            main, ["geocode", "--geocoder", command, "-o", str(tmp_path / "found.csv")], env=environment
        )
    finally:
        server.shutdown()
        server.server_close()
    assert answer.exit_code == 2, answer.output
    assert words in answer.stderr
    assert "s3cret" not in answer.output
    assert "Traceback" not in answer.output
