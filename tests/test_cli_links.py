"""Confirming by the program what stands already: pairs out, decisions in."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from program import run

from service_map import io, places


@pytest.fixture
def data(geodata, tmp_path):
    """A copy of the open data that a test may change."""
    return Path(shutil.copytree(geodata, tmp_path / "geodata"))


def refused(answer, *names):
    assert answer.returncode == 2, answer.stderr
    assert "Traceback" not in answer.stderr
    for name in names:
        assert name in answer.stderr
    return answer


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_pairs_go_out_undecided_and_come_back_as_links_and_refusals(tmp_path, data, form):
    # As if nobody had decided anything yet.
    (data / "statuses.csv").unlink()
    facilities = places.apply_statuses(
        [replace(one, same_as=None, status="planned", status_date=None, status_source=None)
         for one in places.load_facilities(data / "facilities.geojson")], [],
    )  # fmt: skip
    places.write_facilities(data / "facilities.geojson", facilities)
    where = {"cwd": tmp_path, "GEODATA_DIR": str(data)}
    answer = run("export", "matches", f"pairs.{form}", **where)
    assert answer.returncode == 0, answer.stderr
    columns = {name: name for name in ("id", "existing", "name", "existing_name", "accept", "date", "source", "status")}
    (batch,) = io.read(tmp_path / f"pairs.{form}", columns, io.Asked(columns=columns), place=False)
    pairs = list(zip(batch.column("id"), batch.column("existing"), strict=True))
    assert len(pairs) > 3
    assert set(batch.column("accept")) == {""}
    assert answer.stderr.startswith(f"{len(pairs)} ")
    before = (data / "facilities.geojson").read_bytes()

    def bring(*rows, extra=()):
        lines = [",".join(row) for row in (("id", "existing", "accept", "date", "source"), *rows)]
        (tmp_path / "filled.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return run("import", "matches", "filled.csv", *extra, **where)

    (one, there), (two, other), *_ = pairs
    good, no = (one, there, "是", "", ""), (two, other, "否", "2026-02", "县府")
    assert "row 3, accept" in refused(bring(good, (two, other, "maybe", "", "")), "1 of 2").stdout
    assert (data / "facilities.geojson").read_bytes() == before
    assert not (data / "statuses.csv").exists()
    tried = bring(good, no, extra=("--dry-run",))
    assert tried.returncode == 0
    assert f"{two} ≠ {other}" in tried.stdout
    assert not (data / "statuses.csv").exists()

    assert bring(good, no).returncode == 0
    kept = {one.id: one for one in places.load_facilities(data / "facilities.geojson")}
    assert (kept[one].same_as, kept[two].same_as) == (there, None)
    run("export", "matches", "left.csv", **where)
    left = (tmp_path / "left.csv").read_text(encoding="utf-8-sig")
    assert one not in left
    assert f"{two},{other}" not in left
    assert left.count("\n") == len(pairs) - 1

    assert bring((one, there, "否", "2026-03", "县府"), (two, other, "是", "2026-03", "县府")).returncode == 0
    kept = {one.id: one for one in places.load_facilities(data / "facilities.geojson")}
    assert (kept[one].same_as, kept[two].same_as) == (None, other)
    assert len(places.load_statuses(data / "statuses.csv")) == 4
    assert run("check", **where).returncode == 0


def test_a_list_of_another_form_is_refused_before_anything_is_written(tmp_path, data):
    refused(run("export", "matches", "pairs.pdf", cwd=tmp_path, GEODATA_DIR=str(data)), ".xlsx")
    assert list(tmp_path.glob("pairs*")) == []


def test_every_shipped_report_fits_and_the_shipped_facilities_bear_them(data):
    statuses = places.load_statuses(data / "statuses.csv")
    facilities = places.load_facilities(data / "facilities.geojson")
    assert len(statuses) >= 7
    assert places.apply_statuses(facilities, statuses) == facilities
    known = {one.id for one in facilities}
    others = {one.id for one in (*places.load_existing(data), *places.load_listed(data))}
    retired = places.load_retired(data / "retired.csv")
    assert places.idle_rows(data / "statuses.csv", known=known, existing=others, retired=retired) == []
