"""Stopped, killed, damaged: what was computed stands, what was not is computed or named."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import geopandas
import pyarrow.parquet as pq
import pytest

from service_map import national
from service_map.errors import InvalidParameterError, SettingsError
from service_map.national import output, survey, work

# What Dask leaves to the collector when a process of it was killed.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

PROGRAM = Path(sys.executable).with_name("service-map")


def command(country, out, *more, areas=("140400", "140500"), networks=True):
    given = [PROGRAM, "national", *areas, "--facilities", country.home / "facilities.parquet", "--demand",
             country.home / "people", "--metres", "600", "--out", out, "--skip-empty"]  # fmt: skip
    given += [part for kind in country.kinds for part in ("--category", kind)]
    given += ["--networks", country.home / "networks"] if networks else []
    return [str(part) for part in (*given, "--year", "2022", "--year", "2024", *more)]


def test_a_killed_worker_leaves_the_same_files(country, alone, prints, tmp_path):
    import distributed

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit="2GB"
    ) as cluster:
        with distributed.Client(cluster) as client:
            pids = sorted(client.run(os.getpid).values())
        killed = []

        def kill(done, _all, _code):
            if done == 5 and not killed:
                os.kill(pids[0], signal.SIGKILL)
                killed.append(pids[0])

        found = country.run(tmp_path, workers=None, scheduler=cluster.scheduler_address, progress=kill)
    assert killed
    assert len(found.done) == 40
    assert not found.failed
    assert prints(tmp_path) == prints(alone)


def test_a_run_killed_in_the_middle_goes_on_where_it_stopped(country, prints, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run(command(country, whole, "--workers", "0"), check=True, capture_output=True)
    running = subprocess.Popen(
        command(country, broken, "--workers", "2"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    while len(list((broken / "manifests").glob("*.json"))) < 3 and running.poll() is None:
        time.sleep(0.005)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    stood = {path.name for path in (broken / "manifests").glob("*.json")}
    assert len(stood) >= 3
    again = subprocess.run(command(country, broken, "--workers", "0"), check=True, capture_output=True, text=True)
    assert f"{len(stood)} 个原已算好 kept" in again.stderr
    assert prints(broken) == prints(whole)


def test_a_second_run_computes_nothing_again(country, alone, prints, tmp_path):
    shutil.copytree(alone, tmp_path / "copy")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "copy").rglob("cells.parquet")}
    found = country.run(tmp_path / "copy")
    assert (len(found.done), len(found.kept)) == (0, 40)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert prints(tmp_path / "copy") == prints(alone)


def test_another_question_is_answered_anew(country, china, tmp_path):
    country.run(tmp_path, counties=country.codes[:2])
    other = national.Question(targets=country.question.targets[:2], horizons=country.question.horizons)
    found = country.run(tmp_path, counties=country.codes[:2], question=other)
    assert len(found.done) == 2


def test_a_new_facility_asks_only_for_the_counties_that_it_may_serve(country, alone, tmp_path):
    shutil.copytree(alone, tmp_path / "copy")
    given = geopandas.read_parquet(country.home / "facilities.parquet")
    given.loc[len(given)] = given.iloc[-1]
    given.to_parquet(tmp_path / "more.parquet")
    found = country.run(tmp_path / "copy", facilities=str(tmp_path / "more.parquet"))
    assert given["adcode"].iloc[-1] in found.done
    assert len(found.kept) >= 30


def test_half_an_answer_is_none(country, alone, prints, tmp_path):
    shutil.copytree(alone, tmp_path / "copy")
    one, two, three = country.codes[:3]
    cells = output.file_of(tmp_path / "copy", "cells", one)
    cells.write_bytes(cells.read_bytes()[:-100])
    output.manifest_of(tmp_path / "copy", two).unlink()
    output.file_of(tmp_path / "copy", "gaps", three).unlink()
    found = country.run(tmp_path / "copy")
    assert found.done == tuple(sorted((one, two, three)))
    assert prints(tmp_path / "copy") == prints(alone)


@pytest.mark.parametrize("what", ["network", "people"])
def test_a_damaged_input_of_one_county_costs_that_county_alone(country, alone, prints, tmp_path, what):
    home = tmp_path / "home"
    shutil.copytree(country.home, home, copy_function=shutil.copy2)
    bad = country.codes[7]
    path = (
        home / "networks" / f"{bad}.npz" if what == "network" else home / "people" / f"adcode={bad}" / "people.parquet"
    )
    path.write_bytes(path.read_bytes()[:200])
    found = country.run(tmp_path / "out", home=home)
    assert [failure.adcode for failure in found.failed] == [bad]
    assert path.name in found.failed[0].zh
    assert found.failed[0].name
    mine, whole = prints(tmp_path / "out"), prints(alone)
    assert mine.pop("run.json") != whole.pop("run.json")
    assert mine == {name: digest for name, digest in whole.items() if bad not in name}
    told = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert [row["adcode"] for row in told["failed"]] == [bad]


def test_the_command_names_a_failed_county_and_ends_with_1(country, tmp_path):
    home = tmp_path / "networks"
    shutil.copytree(country.home / "networks", home)
    (home / "140521.npz").write_bytes(b"no arrays")
    given = command(country, tmp_path / "out", "--workers", "0", networks=False)
    answer = subprocess.run([*given, "--networks", home], check=False, capture_output=True, text=True)
    assert answer.returncode == 1
    assert "140521 沁水县" in answer.stderr
    assert "1 个失败 failed" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_county_is_tried_three_times_and_one_that_comes_back_is_done(country, monkeypatch, tmp_path):
    tried = []
    real = work._judged

    def failing(job, inputs, rows):
        tried.append(job.county.adcode)
        if len(tried) < 3:
            raise OSError(5, "Input/output error")
        return real(job, inputs, rows)

    monkeypatch.setattr(work, "_judged", failing)
    found = country.run(tmp_path, counties=country.codes[:1])
    assert len(tried) == 3
    assert len(found.done) == 1


def test_an_old_answer_of_a_county_that_fails_now_is_taken_away(country, tmp_path):
    code = country.codes[0]
    country.run(tmp_path / "out", counties=[code])
    home = tmp_path / "networks"
    home.mkdir()
    (home / f"{code}.npz").write_bytes(b"")
    found = country.run(tmp_path / "out", counties=[code], networks=home)
    assert len(found.failed) == 1
    assert output.manifest(tmp_path / "out", code) is None
    assert not list((tmp_path / "out").rglob("*.parquet"))


def test_nothing_half_written_is_seen_under_its_own_name(country, tmp_path):
    """Whoever looks while a run writes finds whole Parquet files only."""
    seen, stop = [], threading.Event()

    def look():
        while not stop.is_set():
            with contextlib.suppress(FileNotFoundError):  # the work folder goes at the end
                seen.extend(
                    pq.ParquetFile(path).metadata.num_rows for path in tmp_path.glob("out/*/adcode=*/*.parquet")
                )

    looker = threading.Thread(target=look)
    looker.start()
    try:
        country.run(tmp_path / "out", counties=country.codes[:10])
    finally:
        stop.set()
        looker.join()
    assert seen


def test_two_runs_do_not_write_one_folder_at_once(country, tmp_path):
    (tmp_path / ".work").mkdir()
    with (
        survey._alone(tmp_path),
        pytest.raises(InvalidParameterError, match="another run"),
        survey._alone(tmp_path),
    ):
        pass


def test_a_disk_that_fills_up_stops_the_run_and_keeps_what_is_done(country, monkeypatch, tmp_path):
    real, written = output.write_cells, []

    def full(path, tables, schema):
        written.append(path)
        if len(written) > 2:
            raise OSError(28, "No space left on device", str(path))
        real(path, tables, schema)

    monkeypatch.setattr(output, "write_cells", full)
    with pytest.raises(SettingsError, match="磁盘已满") as error:
        country.run(tmp_path)
    assert "2 counties" in error.value.en
    assert len(written) == 3
    monkeypatch.undo()
    found = country.run(tmp_path)
    assert (len(found.kept), len(found.done)) == (2, 38)


@pytest.mark.skipif(os.geteuid() != 0, reason="a file system of its own can be mounted by root alone")
def test_a_really_full_disk_is_named(country, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", small], check=False, capture_output=True)
    if made.returncode:
        pytest.skip("no file system can be mounted here: " + made.stderr.decode().strip())
    try:

        def fill(done, _all, _code):
            if done == 3:
                with contextlib.suppress(OSError), (small / "ballast").open("wb", buffering=0) as ballast:
                    while True:
                        ballast.write(b"0" * 4096)

        with pytest.raises(SettingsError, match="is full; the 3 counties done stay"):
            country.run(small / "out", progress=fill)
        (small / "ballast").unlink()
        found = country.run(small / "out")
        assert (len(found.kept), len(found.done)) == (3, 37)
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_lost_scheduler_costs_no_county_its_answer(country, alone, prints, tmp_path):
    """Whoever hands the counties out dies: what stood stays, and the error names the scheduler and no county."""
    import distributed

    shutil.copytree(alone, tmp_path / "copy")
    for code in country.codes[:6]:
        output.manifest_of(tmp_path / "copy", code).unlink()
    port = 18_786 + os.getpid() % 1000
    programs = [
        subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", str(port), "--no-dashboard"],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL),
    ]  # fmt: skip
    address = f"tcp://127.0.0.1:{port}"
    try:
        with distributed.Client(address, timeout=300):
            pass
        programs.append(
            subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_worker", address, "--nworkers", "1",
                              "--nthreads", "1", "--no-dashboard"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )  # fmt: skip
        killed = []

        def kill(_done, _all, _code):
            if not killed:
                programs[0].kill()
                killed.append(True)

        with pytest.raises(SettingsError, match="scheduler"):
            country.run(tmp_path / "copy", workers=None, scheduler=address, progress=kill)
        assert killed
    finally:
        for program in programs:
            program.kill()
            program.wait()
    assert len(list((tmp_path / "copy" / "manifests").glob("*.json"))) >= 34
    country.run(tmp_path / "copy")
    assert prints(tmp_path / "copy") == prints(alone)


def test_answers_to_another_question_do_not_stay_beside_those_of_this_one(country, alone, tmp_path):
    shutil.copytree(alone, tmp_path / "copy")
    other = national.Question(targets=country.question.targets[:2], horizons=country.question.horizons)
    country.run(tmp_path / "copy", counties=country.codes[:2], question=other)
    assert {path.stem for path in (tmp_path / "copy" / "manifests").glob("*.json")} == set(country.codes[:2])
    assert len(list((tmp_path / "copy").glob("cells/*/cells.parquet"))) == 2


def test_answers_of_other_counties_to_the_same_question_stay(country, alone, tmp_path):
    shutil.copytree(alone, tmp_path / "copy")
    country.run(tmp_path / "copy", counties=country.codes[:2])
    assert len(list((tmp_path / "copy" / "manifests").glob("*.json"))) == 40


def test_a_fault_that_cannot_travel_is_told_once_and_in_its_own_words(country, cluster, tmp_path):
    home = tmp_path / "networks"
    home.mkdir()
    code = country.codes[0]
    (home / f"{code}.osm.pbf").write_bytes(b"no extract" * 20)
    found = country.run(tmp_path / "out", counties=[code], networks=home, workers=None, scheduler=cluster)
    assert found.failed[0].en.startswith(f"cannot read the ways of {code}.osm.pbf")
    assert "Error" not in found.failed[0].en
