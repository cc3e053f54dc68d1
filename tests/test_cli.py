"""The program as a user runs it."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("service-map")
PLAN = "第一章 养老服务\n新建甲镇敬老院建设项目。到2025年，每个乡镇至少建成1所养老服务中心。\n"


def run(*args, cwd, **environment):
    return subprocess.run([PROGRAM, *map(str, args)], cwd=cwd, env={**os.environ, **environment}, capture_output=True,
                          text=True, check=False, timeout=120)  # fmt: skip


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
    refused(run("extract", "nowhere.txt", cwd=tmp_path), "nowhere.txt")


def test_one_bad_plan_does_not_stop_the_others_and_the_exit_code_says_so(tmp_path):
    (tmp_path / "plan.txt").write_text(PLAN, encoding="utf-8")
    (tmp_path / "bad.txt").write_bytes(b"")
    refused(run("extract", "bad.txt", "plan.txt", "-o", "out.jsonl", cwd=tmp_path), "bad.txt")
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8")


def test_an_output_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "plan.txt").write_text(PLAN, encoding="utf-8")
    refused(run("extract", "plan.txt", "-o", "no/such/folder.jsonl", cwd=tmp_path), "-o")


def test_build_makes_the_database_and_a_second_build_has_nothing_to_do(tmp_path):
    assert run("build", cwd=tmp_path).returncode == 0
    made = (tmp_path / "var" / "service_map.gpkg").stat()
    assert run("build", cwd=tmp_path).returncode == 0
    assert (tmp_path / "var" / "service_map.gpkg").stat().st_mtime_ns == made.st_mtime_ns


@pytest.mark.parametrize("name", ["categories.toml", "plans.toml", "facilities.geojson", "commitments.jsonl"])
def test_damaged_open_data_is_refused_by_file_and_the_last_good_database_stays(tmp_path, data, name):
    assert run("build", cwd=tmp_path, GEODATA_DIR=str(data)).returncode == 0
    good = (tmp_path / "var" / "service_map.gpkg").read_bytes()
    text = (data / name).read_text(encoding="utf-8")
    (data / name).write_text(text[: len(text) // 2] + '"', encoding="utf-8")
    answer = run("build", cwd=tmp_path, GEODATA_DIR=str(data))
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    assert name in answer.stderr.strip().splitlines()[-1]
    assert (tmp_path / "var" / "service_map.gpkg").read_bytes() == good
    assert {path.suffix for path in (tmp_path / "var").iterdir()} <= {".gpkg", ".lock"}


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
