"""What all rooms' tests share: the open data, the plan texts where they stand beside the project, a count of work."""

import fcntl
import os
import sys
from pathlib import Path

import postgres_cluster
import pytest
import slow
from hypothesis import HealthCheck, settings

from service_map import store

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

# An example that takes long on a busy machine is no fault.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


# What a test needs beside the program follows from what it asks for, or from the folder that it stands in.
NEEDS = {"chromium": "browser", "postgres_server": "postgis", "cluster": "dask"}
FOLDERS = {"clients": "client", "national": "dask"}
# Whose files take longest begin first, so that no process works on alone at the end.
LONG = {"clients", "national", "tools"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    costly = slow.listed()
    for item in items:
        if slow.name_of(item.nodeid) in costly:
            item.add_marker("slow")
        for fixture, mark in NEEDS.items():
            if fixture in item.fixturenames:
                item.add_marker(mark)
        if (room := item.path.parent.name) in FOLDERS:
            item.add_marker(FOLDERS[room])
    items.sort(key=lambda item: item.path.parent.name not in LONG)


@pytest.fixture(scope="session")
def geodata():
    """The shipped open data."""
    return ROOT / "geodata"


@pytest.fixture(scope="session")
def shared():
    """The folder beside the project with the plan texts, the labels and the place tables."""
    if not SHARED.is_dir():
        pytest.skip("the plan texts and place tables do not stand beside the project (../shared)")
    return SHARED


@pytest.fixture(scope="session")
def plan_texts(shared):
    """Path of each of the five plan texts by its file name."""
    return {path.name: path for path in sorted((shared / "plans").glob("*.txt"))}


@pytest.fixture(scope="session")
def shipped_database(geodata, tmp_path_factory):
    """The shipped data, built once for all the processes that the tests run in; to be read only."""
    base = tmp_path_factory.getbasetemp()
    # Under pytest-xdist each process has a folder of its own in the one of the run.
    path = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shipped" / "service_map.gpkg"
    path.parent.mkdir(exist_ok=True)
    url = f"sqlite:///{path}"
    with (path.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not store.is_current(url, geodata):
            store.build(url, geodata=geodata)
    return path


@pytest.fixture(scope="session")
def postgres_server():
    """A private PostgreSQL cluster; its database ``map`` is empty and has PostGIS."""
    if not postgres_cluster.installed():
        pytest.skip(postgres_cluster.LACKING)
    with postgres_cluster.running() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def calls_of():
    """Count the function calls, Python's and C's, of a piece of work: what no other program on the machine changes.

    What one call does inside C (a pattern over a long line, a query) is not seen; ``benchmarks/`` has the seconds.
    """

    def count(work):
        made = 0

        def note(_frame, event, _what):
            nonlocal made
            made += event in {"call", "c_call"}

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            work()
        finally:
            sys.setprofile(before)
        return made

    return count
