"""Answers that cost more than a page: made in processes of their own, bounded in number, time and memory."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from invented_world import make_app

from service_map.web import pool as pool_module
from service_map.web.site import EXTENSION

COVERAGE = "/api/coverage?area=140521&category=kindergarten&metres=1000"
PAGES = ("/healthz", "/", "/api/facilities", "/static/site.css", "/area/140521", "/planner")


@pytest.fixture(scope="module")
def loaded():
    """What the processes are forked from, loaded once for every site here with the settings of `app`."""
    kept = []
    yield kept
    for process in kept:
        process.kill()


@pytest.fixture
def app(invented, loaded):
    """The site with one computing process, which does not run yet."""
    app = make_app(invented.url, invented.geodata, COMPUTE_PROCESSES="1", DEADLINE_S="3600")
    processes = app.extensions[EXTENSION].pool
    processes._nursery += loaded
    yield app
    for process in list(processes._running):
        processes._end(process)
    loaded[:] = processes._nursery
    processes._nursery.clear()


@pytest.fixture
def processes(app):
    return app.extensions[EXTENSION].pool


def hang(processes):
    """Stop the one process where it stands."""
    (pid,) = processes.pids()
    os.kill(pid, signal.SIGSTOP)
    return pid


def statuses(client):
    """Ask what answers at once."""
    found = set()
    for path in PAGES:
        with client.get(path) as answer:
            found.add(answer.status_code)
    return found


def problem(answer):
    return answer.status_code, answer.mimetype, answer.get_json(force=True)["type"].rpartition("/")[2]


def test_an_answer_is_the_same_wherever_it_is_made(api, app):
    body = json.dumps({"type": "MultiPoint", "coordinates": [[112.19, 35.69], [112.2, 35.7]]})
    client = app.test_client()
    for path in (
        COVERAGE, f"{COVERAGE}&lang=en", "/api/gaps?area=140521&category=kindergarten&minutes=15",
        "/api/completeness?area=140521", "/api/sites?area=140521&category=kindergarten&metres=1000&count=2",
        "/planner?area=140521&category=kindergarten&metres=1000", "/area/140521/report.html", "/area/140521?lang=en",
        "/api/circle?lon=112.19&lat=35.69", "/circle?lon=112.19&lat=35.69", "/circle?lon=0&lat=0",
        "/download/facilities.gpkg", "/download/facilities.xlsx", "/api/coverage?area=999999&category=x", "/area/1/report.html",
        "/download/facilities.xlsx?category=x",
    ):  # fmt: skip
        with (
            api.get(path, headers={"Accept-Encoding": "gzip"}) as here,
            client.get(path, headers={"Accept-Encoding": "gzip"}) as there,
        ):
            assert here.data == there.data, path
        assert there.status_code == here.status_code, path
        names = {name for name, _value in (*here.headers, *there.headers)} - {"X-Request-ID", "Date", "Last-Modified"}
        for name in names:
            assert {*there.headers[name].split(", ")} == {*here.headers[name].split(", ")}, (path, name)
    for path in (COVERAGE, "/api/circle", "/api/coverage?category=x"):
        here, there = (asked.post(path, data=body) for asked in (api, client))
        assert (there.status_code, there.data) == (here.status_code, here.data)
    with client.get("/download/facilities.geojson", headers={"Range": "bytes=0-9"}) as part:
        assert (part.status_code, part.data) == (206, api.get("/download/facilities.geojson").data[:10])


def test_what_the_browser_has_still_is_not_computed_again(app, processes):
    tag = app.test_client().get(COVERAGE).headers["ETag"]
    hang(processes)
    assert app.test_client().get(COVERAGE, headers={"If-None-Match": tag}).status_code == 304


def test_when_every_place_is_taken_the_next_is_told_at_once_and_pages_are_answered(app, processes):
    client = app.test_client()
    with ExitStack() as places:
        for _ in range(processes.places):
            places.enter_context(processes.place())
        for path in (COVERAGE, "/download/facilities.xlsx", "/api/circle?lon=112.19&lat=35.69"):
            answer = client.get(path)
            assert problem(answer) == (429, "application/problem+json", "busy"), path
            assert int(answer.headers["Retry-After"]) > 0
        assert problem(client.post(COVERAGE, data=b"{"))[0] == 429
        page = client.get("/planner?area=140521&category=kindergarten&metres=1000")
        assert (page.status_code, page.mimetype) == (429, "text/html")
        assert statuses(client) == {200}
    assert not processes.pids()  # whoever was refused started nothing
    assert client.get(COVERAGE).status_code == 200


def test_the_page_of_an_area_stands_without_its_figures_and_has_them_when_they_can_be_computed(app, processes):
    client = app.test_client()
    with ExitStack() as places:
        for _ in range(processes.places):
            places.enter_context(processes.place())
        page = client.get("/area/140521?lang=en")
        assert (page.status_code, "existing on record" in page.text) == (200, False)
        assert 'id="gets"' in page.text
        assert "could not be computed now" in page.text
    tag = page.headers["ETag"]
    page = client.get("/area/140521?lang=en", headers={"If-None-Match": tag})
    assert (page.status_code, "existing on record" in page.text) == (200, True)
    assert "could not be computed now" not in page.text
    hang(processes)  # what was computed is kept: nobody is asked again
    assert client.get("/area/140521?lang=en").text == page.text
    assert client.head("/area/140521?lang=en").headers["ETag"] == page.headers["ETag"]


def test_a_long_stream_takes_a_place_of_those_that_may_wait_and_gives_it_back(app, processes, monkeypatch):
    client, path = app.test_client(), "/download/facilities.csv"
    whole = client.get(path).data
    with ExitStack() as places:
        for _ in range(processes.places):
            places.enter_context(processes.place())
        assert client.get(path).data == whole
        monkeypatch.setattr("service_map.web.download.MOST_AT_ONCE", 1_000)
        assert problem(client.get(path)) == (429, "application/problem+json", "busy")
    with client.get(path, buffered=False) as answer:
        assert processes.taken == 1
        assert answer.data == whole
    assert processes.taken == 0


def test_words_are_looked_for_elsewhere_where_there_is_much_to_look_through(app, processes, monkeypatch):
    searched = (
        "/api/facilities?q=园", "/tiles/8/207/100.mvt?q=园", "/points.json?q=园", "/?q=园", "/feed.atom?q=园",
        "/ogc/collections/facilities/items?filter=name%20LIKE%20%27%25园%27&filter-lang=cql2-text",
        "/ogc/collections/facilities/items?sortby=name",
    )  # fmt: skip
    client = app.test_client()
    here = [client.get(path) for path in searched]
    assert {answer.status_code for answer in here} <= {200, 204}
    assert not processes.pids()
    monkeypatch.setattr("service_map.web.cost.SEARCHED_AT_ONCE", 3)
    assert [client.get(path).data for path in searched] == [answer.data for answer in here]
    assert processes.pids()
    with ExitStack() as places:
        for _ in range(processes.places):
            places.enter_context(processes.place())
        assert [client.get(path).status_code for path in searched] == [429] * len(searched)
        assert statuses(client) == {200}


def test_what_no_page_of_the_data_needs_is_loaded_by_no_web_process(app):
    for path in ("/area/140521", "/api/circle?lon=112.19&lat=35.69", "/circle?lon=112.19&lat=35.69"):
        assert app.test_client().get(path).status_code == 200
    with app.extensions[EXTENSION].database.reading() as data:
        made = []
        data.keep(("analysis", "supply"), made.append)
    assert made  # so nobody has made it before


def test_a_process_that_hangs_is_ended_at_its_deadline_and_another_answers(invented):
    app = make_app(invented.url, invented.geodata, COMPUTE_PROCESSES="1", DEADLINE_S="8")
    client, processes = app.test_client(), app.extensions[EXTENSION].pool
    assert client.get(COVERAGE).status_code == 200
    pid = hang(processes)
    answer = client.get(COVERAGE)
    assert problem(answer) == (503, "application/problem+json", "overrun")
    assert int(answer.headers["Retry-After"]) > 0
    assert pid not in processes.pids()
    assert client.get(COVERAGE).status_code == 200
    assert pid not in processes.pids()
    hang(processes)
    page = client.get("/planner?area=140521&category=kindergarten&metres=1000&lang=en")
    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert "8 seconds" in page.text


def test_the_queue_is_bounded_and_goes_on_when_a_process_is_free_again(app, processes):
    got = []

    def ask():
        got.append(app.test_client().get(COVERAGE).status_code)

    ask()
    pid = hang(processes)
    threads = [Thread(target=ask, daemon=True) for _ in range(processes.places)]
    for thread in threads:
        thread.start()
    while processes.taken < processes.places:
        time.sleep(0.01)
    ask()
    assert got == [200, 429]
    assert statuses(app.test_client()) == {200}
    os.kill(pid, signal.SIGCONT)
    for thread in threads:
        thread.join()
    assert got == [200, 429, *[200] * processes.places]


def test_a_process_that_ends_by_itself_is_told_as_overrun_and_replaced(app, processes):
    client = app.test_client()
    client.get(COVERAGE)
    os.kill(processes.pids()[0], signal.SIGKILL)
    first, second = client.get(COVERAGE), client.get(COVERAGE)
    assert first.status_code in {200, 503}  # noticed before it was asked, or while
    assert second.status_code == 200


def test_the_work_of_a_reader_who_has_left_is_ended(app, processes):
    client = app.test_client()
    client.get(COVERAGE)
    ours, theirs = socket.socketpair()
    with ours:
        assert client.get(COVERAGE, environ_overrides={"werkzeug.socket": ours}).status_code == 200
        pid = hang(processes)
        theirs.close()
        assert client.get(COVERAGE, environ_overrides={"werkzeug.socket": ours}).status_code == 499
    assert pid not in processes.pids()
    assert client.get(COVERAGE).status_code == 200


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux holds a process to its memory")
def test_an_answer_that_takes_too_much_memory_is_refused_in_words(invented):
    app = make_app(invented.url, invented.geodata, COMPUTE_PROCESSES="1", COMPUTE_MB="20")
    client = app.test_client()
    assert client.get(COVERAGE).status_code == 200
    spots = (np.random.default_rng(3).random((50_000, 2)) * 0.4 + (112.0, 35.5)).round(6).tolist()
    feature = {
        "type": "Feature", "geometry": {"type": "MultiPoint", "coordinates": spots},
        "properties": {f"people_{age}": 1 for age in range(20)},
    }  # fmt: skip
    answer = client.post(f"{COVERAGE}&complete=kindergarten", data=json.dumps(feature))
    assert problem(answer) == (503, "application/problem+json", "overrun")
    assert "20 MB" in answer.get_json(force=True)["detail"]
    assert client.get(COVERAGE).status_code == 200


# Asks, says that it has been answered, and waits to be killed.
SERVER = """
import sys
from service_map import settings
from service_map.web import create_app
app = create_app(settings.load())
assert app.test_client().get(sys.argv[1]).status_code == 200
print("answered", flush=True)
if len(sys.argv) > 2:
    sys.exit()
sys.stdin.read()
"""


@pytest.mark.parametrize("end", ["killed", "exits"])
def test_no_process_outlives_its_server(invented, end):
    environment = {**os.environ, "DATABASE_URL": invented.url, "GEODATA_DIR": str(invented.geodata)}
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, COVERAGE, *([end] if end == "exits" else [])],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout.readline() == "answered\n"
    if end == "killed":
        server.kill()
    # The output ends when the last process has gone that can write to it.
    assert server.stdout.read() == ""
    server.wait()
    server.stdin.close()
    server.stdout.close()


def test_where_the_processes_do_not_start_it_is_told_and_tried_again(invented, monkeypatch):
    client = make_app(invented.url, invented.geodata, COMPUTE_PROCESSES="1").test_client()
    monkeypatch.setattr(pool_module.sys, "executable", "/bin/false")
    assert problem(client.get(COVERAGE)) == (503, "application/problem+json", "overrun")
    monkeypatch.undo()
    assert client.get(COVERAGE).status_code == 200


def test_without_processes_the_places_are_bounded_too(invented):
    app = make_app(invented.url, invented.geodata, THREADS="2")
    with app.extensions[EXTENSION].pool.place():
        assert app.test_client().get(COVERAGE).status_code == 429
    assert app.test_client().get(COVERAGE).status_code == 200
