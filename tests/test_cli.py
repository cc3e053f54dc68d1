"""The program as a user runs it."""

import csv
import json
import shutil
import socket
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from program import installed, run

PLAN = "第一章 养老服务\n新建甲镇敬老院建设项目。到2025年，每个乡镇至少建成1所养老服务中心。\n"


def refused(answer, *names):
    assert answer.returncode == 2, answer.stderr
    assert "Traceback" not in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
    for name in names:
        assert name in answer.stderr
    return answer


@pytest.fixture
def data(geodata, tmp_path):
    """A copy of the open data that a test may damage."""
    return Path(shutil.copytree(geodata, tmp_path / "geodata"))


def test_extract_writes_one_record_a_line_with_its_citation(tmp_path):
    (tmp_path / "plan.txt").write_text(PLAN, encoding="utf-8")
    answer = run("extract", "plan.txt", "-o", "out.jsonl", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    rule = next(record for record in records if record["kind"] == "coverage")
    assert (rule["line"], rule["per"], rule["count"], rule["year"]) == (2, "township", 1, 2025)
    assert all(record["quote"] in PLAN.splitlines()[record["line"] - 1] for record in records)


def test_extract_without_an_output_file_prints_the_records(tmp_path):
    (tmp_path / "plan.txt").write_text(PLAN, encoding="utf-8")
    answer = run("extract", "plan.txt", cwd=tmp_path)
    assert [json.loads(line)["plan"] for line in answer.stdout.splitlines()]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.txt", b""),
        ("blank.txt", b" \n\n"),
        ("binary.txt", bytes(range(256)) * 40),
        ("other.txt", b"\xff\xfe\xff\xd8\xff" * 99),
    ],
)
def test_an_unreadable_plan_is_one_line_that_names_it_and_no_file_is_written(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    refused(run("extract", name, "-o", "out.jsonl", cwd=tmp_path), name)
    assert not (tmp_path / "out.jsonl").exists()


def test_a_missing_plan_is_one_line_that_names_it(tmp_path):
    refused(installed("extract", "nowhere.txt", cwd=tmp_path), "nowhere.txt")


def test_one_bad_plan_does_not_stop_the_others_and_the_exit_code_says_so(tmp_path):
    (tmp_path / "plan.txt").write_text(PLAN, encoding="utf-8")
    (tmp_path / "bad.txt").write_bytes(b"")
    refused(run("extract", "bad.txt", "plan.txt", "-o", "out.jsonl", cwd=tmp_path), "bad.txt")
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8")


def test_an_output_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "plan.txt").write_text(PLAN, encoding="utf-8")
    refused(run("extract", "plan.txt", "-o", "no/such/folder.jsonl", cwd=tmp_path), "-o")


def test_build_makes_the_database_and_a_second_build_has_nothing_to_do(tmp_path):
    assert installed("build", cwd=tmp_path).returncode == 0
    made = (tmp_path / "var" / "service_map.gpkg").stat()
    assert installed("build", cwd=tmp_path).returncode == 0
    assert (tmp_path / "var" / "service_map.gpkg").stat().st_mtime_ns == made.st_mtime_ns


@pytest.mark.parametrize("name", ["categories.toml", "plans.toml", "facilities.geojson", "commitments.jsonl"])
def test_damaged_open_data_is_refused_by_file_and_the_last_good_database_stays(tmp_path, data, name):
    assert run("build", cwd=tmp_path, GEODATA_DIR=str(data)).returncode == 0
    good = (tmp_path / "var" / "service_map.gpkg").read_bytes()
    text = (data / name).read_text(encoding="utf-8")
    (data / name).write_text(text[: len(text) // 2] + '"\n[', encoding="utf-8")
    answer = run("build", cwd=tmp_path, GEODATA_DIR=str(data))
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    assert name in answer.stderr.strip().splitlines()[-1]
    assert (tmp_path / "var" / "service_map.gpkg").read_bytes() == good
    assert {path.suffix for path in (tmp_path / "var").iterdir()} <= {".gpkg", ".lock"}


DATA = ["categories.toml", "changes.csv", "circle_kinds.toml", "columns.toml", "commitments.jsonl", "corrections.csv", "facilities.geojson",
        "indicator_kinds.toml", "indicators.csv", "inventories.toml", "lexicon.toml", "osm_classes.toml", "osm_places.csv",
        "people.csv", "place_aliases.toml", "places.csv", "plan_circles.toml", "planned.csv",
        "plans.toml", "released.csv", "releases.csv", "retired.csv", "reviewed.csv", "standards.toml", "statuses.csv",
        "stock_figures.csv", "townships.csv"]  # fmt: skip


def test_every_data_file_that_ships_is_named_here(geodata):
    assert sorted(path.name for path in geodata.iterdir() if path.suffix != ".txt") == DATA


@pytest.mark.parametrize("name", DATA)
def test_a_file_of_the_open_data_that_was_cut_is_refused_by_build_and_by_check(tmp_path, data, name):
    whole = (data / name).read_bytes()
    # What ships states no inventory, so that half of it is comments.
    kept = len(whole) // 2 - 3 if name != "inventories.toml" else len(whole)
    if name.endswith(".csv"):
        # In the first field of a row: a row that is cut in its last one may be whole by chance.
        kept = whole.rfind(b"\n", 0, kept) + 4
    (data / name).write_bytes(whole[:kept] + (b'[[inventory]]\narea = "1405' if name == "inventories.toml" else b""))
    for command in ("build", "check"):
        answer = run(command, cwd=tmp_path, GEODATA_DIR=str(data))
        # What a build says of its steps begins with spaces.
        answer.stderr = "\n".join(line for line in answer.stderr.splitlines() if not line.startswith("  "))
        refused(answer, name)
    assert not (tmp_path / "var" / "service_map.gpkg").exists()


def test_a_database_that_is_up_to_date_does_not_hide_a_damaged_standard(tmp_path, data):
    assert run("build", cwd=tmp_path, GEODATA_DIR=str(data)).returncode == 0
    good = (tmp_path / "var" / "service_map.gpkg").read_bytes()
    text = (data / "standards.toml").read_text(encoding="utf-8")
    (data / "standards.toml").write_text(text[: len(text) // 2], encoding="utf-8")
    refused(run("build", cwd=tmp_path, GEODATA_DIR=str(data)), "standards.toml", "at end of document")
    assert (tmp_path / "var" / "service_map.gpkg").read_bytes() == good


def test_serving_a_missing_database_is_one_line_that_says_how_to_build_it(tmp_path):
    refused(run("serve", cwd=tmp_path), "service-map build")


def test_serving_a_damaged_database_is_one_line_that_says_how_to_build_it(tmp_path):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "service_map.gpkg").write_bytes(b"not a database" * 999)
    refused(run("serve", cwd=tmp_path), "service-map build")


def test_serving_another_schema_version_is_one_line_that_says_how_to_build_it(tmp_path):
    assert run("build", cwd=tmp_path).returncode == 0
    with sqlite3.connect(tmp_path / "var" / "service_map.gpkg") as connection:
        connection.execute("UPDATE meta SET value = '0' WHERE key = 'schema_version'")
    connection.close()
    refused(run("serve", cwd=tmp_path), "service-map build")


def test_a_port_in_use_is_one_line_that_names_it(tmp_path):
    assert run("build", cwd=tmp_path).returncode == 0
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused(run("serve", cwd=tmp_path, PORT=str(taken.getsockname()[1])), "PORT")


@pytest.mark.plans
def test_the_shipped_commitments_and_facilities_are_what_the_plans_give_byte_for_byte(data, geodata, shared, tmp_path):
    for name in ("commitments.jsonl", "facilities.geojson"):
        (data / name).unlink()
    answer = run("refresh", "--plans", shared / "plans", cwd=tmp_path, GEODATA_DIR=str(data))
    assert answer.returncode == 0, answer.stderr
    for name in ("commitments.jsonl", "facilities.geojson"):
        assert (data / name).read_bytes() == (geodata / name).read_bytes(), f"{name}: run service-map refresh"


@pytest.mark.plans
def test_refresh_refuses_a_text_that_is_not_the_listed_one_and_writes_nothing(data, shared, tmp_path):
    texts = tmp_path / "texts"
    texts.mkdir()
    for path in (shared / "plans").glob("*.txt"):
        (texts / path.name).write_bytes(path.read_bytes())
    changed = texts / "qinshui.txt"
    changed.write_text(changed.read_text(encoding="utf-8") + "补一句。\n", encoding="utf-8")
    before = (data / "commitments.jsonl").read_bytes()
    refused(run("refresh", "--plans", texts, cwd=tmp_path, GEODATA_DIR=str(data)), "qinshui-2021", "sha256")
    assert (data / "commitments.jsonl").read_bytes() == before


# --- what others know -------------------------------------------------------------------------------------------------

POINTS = "id,class,name,lon,lat\n1,school,端氏小学,112.511949,35.667467\n2,residential,梅苑小区,112.1810,35.6910\n"
SAID = ("--source", "某局", "--licence", "CC0", "--date", "2024")


def points(tmp_path, text=POINTS):
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_importing_facilities_writes_the_open_table(tmp_path, data):
    files = points(tmp_path)
    answer = run("import", "facilities", files, "--datum", "WGS84", "--classes", data / "osm_classes.toml", *SAID,
                 cwd=tmp_path, GEODATA_DIR=str(data))  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert "existing.csv" in answer.stderr
    assert "端氏小学" in (data / "existing.csv").read_text(encoding="utf-8")


def test_a_dry_run_reports_each_row_and_writes_nothing(tmp_path, data):
    files = points(tmp_path, POINTS + "3,volcano,某山,112.18,35.69\n")
    answer = run("import", "facilities", files, "--datum", "WGS84", "--classes", data / "osm_classes.toml", *SAID,
                 "--dry-run", cwd=tmp_path, GEODATA_DIR=str(data))  # fmt: skip
    assert [line.split(",")[:2] for line in answer.stdout.splitlines()] == [
        ["row", "result"], ["2", "taken"], ["3", "taken"], ["4", "problem"],
    ]  # fmt: skip
    assert not (data / "existing.csv").exists()


def test_one_bad_row_stops_an_import_and_is_named_on_standard_output(tmp_path, data):
    files = points(tmp_path, POINTS + "3,school,某小学,35.69,112.18\n")
    given = ("import", "facilities", files, "--datum", "WGS84", "--classes", data / "osm_classes.toml", *SAID)
    answer = refused(run(*given, cwd=tmp_path, GEODATA_DIR=str(data)), "1 of 3 rows")
    assert "row 4" in answer.stdout
    assert "swapped" in answer.stdout
    assert not (data / "existing.csv").exists()
    assert run(*given, "--skip-bad", cwd=tmp_path, GEODATA_DIR=str(data)).returncode == 0
    assert (data / "existing.csv").exists()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (SAID, "datum"),
        (("--datum", "EPSG:3857", *SAID), "datum"),
        (("--datum", "WGS84"), "source"),
        (("--datum", "WGS84", "--source", "x", "--licence", "y"), "date"),
        (("--datum", "WGS84", *SAID, "--column", "class"), "--column"),
        (("--datum", "WGS84", *SAID, "--column", "class=种类"), "种类"),
        (("--datum", "WGS84", "--source", "OpenStreetMap", "--licence", "x", "--date", "2024"), "osm_places.csv"),
    ],
)
def test_what_an_import_does_not_say_is_asked_for_on_one_line(tmp_path, data, options, name):
    refused(run("import", "facilities", points(tmp_path), *options, cwd=tmp_path, GEODATA_DIR=str(data)), name)
    assert not (data / "existing.csv").exists()


def test_a_file_of_no_known_form_is_refused_on_one_line(tmp_path, data):
    (tmp_path / "points.doc").write_bytes(b"x")
    for command in ("facilities", "places"):
        refused(run("import", command, "points.doc", "--datum", "WGS84", *SAID[: 4 if command == "places" else 6],
                    cwd=tmp_path, GEODATA_DIR=str(data)), "points.doc")  # fmt: skip


def test_importing_places_adds_them_to_the_open_table(tmp_path, data):
    table = tmp_path / "townships.csv"
    table.write_text("code,name,lon,lat\n140522100,凤城镇,112.41,35.48\n", encoding="utf-8")
    before = (data / "places.csv").read_text(encoding="utf-8").splitlines()
    given = ("import", "places", table, "--datum", "WGS84", "--source", "某局", "--licence", "CC0")
    assert run(*given, "--dry-run", cwd=tmp_path, GEODATA_DIR=str(data)).returncode == 0
    assert (data / "places.csv").read_text(encoding="utf-8").splitlines() == before
    answer = run(*given, cwd=tmp_path, GEODATA_DIR=str(data))
    assert answer.returncode == 0, answer.stderr
    now = (data / "places.csv").read_text(encoding="utf-8").splitlines()
    assert set(before) < set(now)
    assert "凤城镇" in "".join(set(now) - set(before))
    table.write_text("code,name,lon,lat\n140522100,凤城镇,35.48,112.41\n", encoding="utf-8")
    assert "row 2" in refused(run(*given, cwd=tmp_path, GEODATA_DIR=str(data)), "1 of 1").stdout


def test_a_location_goes_out_imprecise_and_comes_back_surer(tmp_path, data):
    answer = run("export", "locations", "todo.csv", cwd=tmp_path, GEODATA_DIR=str(data))
    assert answer.returncode == 0, answer.stderr
    with (tmp_path / "todo.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    row = next(row for row in rows if row["adcode"].startswith("140521"))
    # The seat of 沁水县.
    row.update(lon="112.1804", lat="35.6902", source="某局", date="2025-01-01")
    with (tmp_path / "todo.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    answer = run("import", "locations", "todo.csv", "--datum", "WGS84", cwd=tmp_path, GEODATA_DIR=str(data))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    features = json.loads((data / "facilities.geojson").read_text(encoding="utf-8"))["features"]
    (surer,) = [feature for feature in features if feature["id"] == row["id"]]
    assert surer["properties"]["precision"] == "site"
    assert surer["geometry"]["coordinates"] == [112.1804, 35.6902]
    assert run("export", "locations", cwd=tmp_path, GEODATA_DIR=str(data)).stdout.count("\n") == len(rows)


def test_a_location_of_an_unknown_facility_changes_nothing(tmp_path, data):
    before = (data / "facilities.geojson").read_bytes()
    (tmp_path / "t.csv").write_text("id,lon,lat,source,date\nf000000000000,112,35,x,2025-01-01\n", encoding="utf-8")
    answer = run("import", "locations", "t.csv", "--datum", "WGS84", cwd=tmp_path, GEODATA_DIR=str(data))
    assert "row 2" in refused(answer, "1 of 1").stdout
    assert (data / "facilities.geojson").read_bytes() == before
    assert not (data / "locations.csv").exists()


def test_a_reported_status_reaches_the_facility_and_a_wrong_one_changes_nothing(tmp_path, data):
    first = json.loads((data / "facilities.geojson").read_text(encoding="utf-8"))["features"][0]["id"]
    (tmp_path / "s.csv").write_text(f"id,status,date,source\n{first},open,2025-09,教育局\n", encoding="utf-8")
    answer = run("import", "statuses", "s.csv", cwd=tmp_path, GEODATA_DIR=str(data))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    text = (data / "facilities.geojson").read_text(encoding="utf-8")
    shown = json.loads(text)["features"][0]["properties"]
    assert (shown["status"], shown["status_date"], shown["status_source"]) == ("open", "2025-09", "教育局")
    (tmp_path / "s.csv").write_text(f"id,status,date,source\n{first},lost,2025,x\n", encoding="utf-8")
    refused(run("import", "statuses", "s.csv", cwd=tmp_path, GEODATA_DIR=str(data)), "1 of 1")
    assert (data / "facilities.geojson").read_text(encoding="utf-8") == text


@pytest.mark.plans
def test_refresh_lays_locations_and_statuses_over_again_and_retires_released_ids(tmp_path, data, geodata, shared):
    refresh = ("refresh", "--plans", shared / "plans")
    assert run(*refresh, "--release", cwd=tmp_path, GEODATA_DIR=str(data)).returncode == 0
    features = json.loads((data / "facilities.geojson").read_text(encoding="utf-8"))["features"]
    released = [line[0] for line in (data / "released.csv").read_text(encoding="utf-8").splitlines()[1:]]
    assert released.count("f") == len(features)
    assert released.count("r") > 10 < released.count("q")
    first = next(feature for feature in features if feature["properties"]["adcode"].startswith("140521"))["id"]
    (tmp_path / "t.csv").write_text(
        f"id,lon,lat,source,date\n{first},112.1804,35.6902,x,2025-01-01\n", encoding="utf-8"
    )
    (tmp_path / "s.csv").write_text(f"id,status,date,source\n{first},open,2025,x\n", encoding="utf-8")
    for table in ("locations", "statuses"):
        datum = ("--datum", "WGS84") if table == "locations" else ()
        answer = run("import", table, f"{table[0].replace('l', 't')}.csv", *datum, cwd=tmp_path, GEODATA_DIR=str(data))
        assert answer.returncode == 0, answer.stdout + answer.stderr
    laid = (data / "facilities.geojson").read_bytes()
    with (data / "released.csv").open("a", encoding="utf-8") as file:
        file.write("f00000000000a,某小学,140521,primary_school,nowhere-1\n")
    answer = run(*refresh, cwd=tmp_path, GEODATA_DIR=str(data))
    assert answer.returncode == 0, answer.stderr
    assert (data / "facilities.geojson").read_bytes() == laid
    assert b'"open"' in laid
    shipped = (geodata / "retired.csv").read_text(encoding="utf-8").splitlines()
    (row,) = set((data / "retired.csv").read_text(encoding="utf-8").splitlines()) - set(shipped)
    assert row.startswith("f00000000000a,,")
    kept = (data / "retired.csv").read_bytes()
    assert run(*refresh, cwd=tmp_path, GEODATA_DIR=str(data)).returncode == 0
    assert (data / "retired.csv").read_bytes() == kept


def test_a_geocoder_is_off_without_its_key_and_an_unknown_one_is_named(tmp_path):
    refused(run("geocode", "--geocoder", "amap", "-o", "x.csv", cwd=tmp_path, AMAP_KEY=""), "AMAP_KEY")
    refused(run("geocode", "--geocoder", "oracle", "-o", "x.csv", cwd=tmp_path), "oracle", "amap")
    assert not (tmp_path / "x.csv").exists()


def test_check_tells_the_state_of_the_data(tmp_path, data):
    answer = run("check", cwd=tmp_path, GEODATA_DIR=str(data))
    assert answer.returncode == 0, answer.stdout
    for words in ("qinshui-2021 site", "township", "unresolved", "suspected duplicates", "OpenStreetMap", "broken: 0"):
        assert words in answer.stdout


def test_check_fails_with_one_where_a_citation_is_broken(tmp_path, data):
    text = (data / "facilities.geojson").read_text(encoding="utf-8")
    first = json.loads(text)["features"][0]["properties"]["commitments"][0]
    (data / "facilities.geojson").write_text(text.replace(first, "nowhere-1-aaaaaa"), encoding="utf-8")
    answer = run("check", cwd=tmp_path, GEODATA_DIR=str(data))
    assert answer.returncode == 1
    assert "nowhere-1-aaaaaa" in answer.stdout


def test_an_inventory_of_no_area_fails_the_check_and_is_one_line_of_a_build_that_goes_on(tmp_path, data):
    row = '[[inventory]]\narea = "{}"\ncategories = ["kindergarten"]\nsource = "某局"\ndate = "2025"\n'
    (data / "inventories.toml").write_text(row.format("140521") + row.format("999999"), encoding="utf-8")
    where = {"GEODATA_DIR": str(data), "DATABASE_URL": f"sqlite:///{tmp_path}/map.gpkg"}
    answer = run("check", cwd=tmp_path, **where)
    assert answer.returncode == 1
    assert "broken: 1" in answer.stdout
    assert "inventory 2, area 999999: there is no such area" in answer.stdout
    for _ in range(2):  # made, then found up to date
        answer = run("build", cwd=tmp_path, **where)
        assert answer.returncode == 0, answer.stderr
        assert len([line for line in answer.stderr.splitlines() if "999999" in line]) == 1


def test_check_compares_the_citations_with_the_texts(tmp_path, data):
    texts = tmp_path / "texts"
    texts.mkdir()
    answer = run("check", "--plans", texts, cwd=tmp_path, GEODATA_DIR=str(data))
    assert answer.returncode == 1
    assert "qinshui.txt" in answer.stdout


@pytest.mark.plans
def test_a_correction_is_respected_and_one_that_no_longer_applies_is_told(data, shared, tmp_path):
    first = json.loads((data / "commitments.jsonl").read_text(encoding="utf-8").splitlines()[0])
    rows = [
        "do,plan,line,category,name,set,reason",
        f"drop,{first['plan']},{first['line']},{first['category']},,,no facility",
        f"drop,{first['plan']},1,stadium,,,nothing there",
    ]
    (data / "corrections.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    answer = run("refresh", "--plans", shared / "plans", cwd=tmp_path, GEODATA_DIR=str(data))
    assert answer.returncode == 0, answer.stderr
    assert "第 3 行" in answer.stderr
    assert "第 2 行" not in answer.stderr
    left = [json.loads(line) for line in (data / "commitments.jsonl").read_text(encoding="utf-8").splitlines()]
    place = (first["plan"], first["line"], first["category"])
    assert place not in {(record["plan"], record["line"], record["category"]) for record in left}


class Amap(BaseHTTPRequestHandler):
    """Answers as 高德 does: the middle of 沁水 for a school, nothing for the rest."""

    def do_GET(self):
        words = parse_qs(urlsplit(self.path).query)["address"][0]
        found = [{"location": "112.1865,35.6910", "level": "兴趣点", "adcode": "140521", "formatted_address": words}]
        body = {"status": "1", "infocode": "10000", "geocodes": found if "中学" in words else []}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


def test_a_geocoder_that_is_turned_on_writes_a_table_that_can_be_imported(tmp_path, data):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Amap)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        answer = run("geocode", "--geocoder", "amap", "-o", "found.csv", "--area", "140521", cwd=tmp_path, AMAP_KEY="k",
                     AMAP_URL=f"http://127.0.0.1:{server.server_port}/", GEODATA_DIR=str(data))  # fmt: skip
    finally:
        server.shutdown()
        server.server_close()
    assert answer.returncode == 0, answer.stderr
    with (tmp_path / "found.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert {row["source"] for row in rows} == {"高德地理编码"}
    answer = run("import", "locations", "found.csv", "--datum", "WGS84", cwd=tmp_path, GEODATA_DIR=str(data))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    refused(
        run("geocode", "--geocoder", "amap", "-o", "x.csv", "--area", "999999", cwd=tmp_path, AMAP_KEY="k"), "--area"
    )


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, data):
    (data / "existing.csv").mkdir()
    refused(run("import", "facilities", points(tmp_path), "--datum", "WGS84", "--classes", data / "osm_classes.toml", *SAID,
                cwd=tmp_path, GEODATA_DIR=str(data)), "existing.csv")  # fmt: skip
