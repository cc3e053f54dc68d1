"""What a web process holds of memory: never what only a few requests need, and nothing that a finished file left."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from service_map.store import apart, export

HEAVY = ("pandas", "geopandas", "pyogrio", "pyarrow", "openpyxl", "xlsxwriter", "pypinyin", "folium", "rasterio")
MOST_MB = 200

# A process of its own, as a worker is: it answers each address whole and says what it holds then.
WORKER = """
import sys
from service_map import settings
from service_map.web import create_app, warm
app = create_app(settings.load())
warm(app)
client = app.test_client()
for path in sys.argv[1:]:
    with client.get(path, buffered=False) as answer:
        assert answer.status_code == 200, (path, answer.text)
        assert sum(len(block) for block in answer.response) > 0
held = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(held.split()[1]) // 1024, *sorted(sys.modules))
"""


def worker(url, geodata, *paths):
    environment = {**os.environ, "DATABASE_URL": url, "GEODATA_DIR": str(geodata)}
    command = [sys.executable, "-c", WORKER, *paths]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    megabytes, *modules = done.stdout.split()
    return int(megabytes), set(modules)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_a_worker_stays_small_through_every_page_and_every_download(invented):
    paths = [
        "/", "/api/facilities", "/api/layers", "/api/facilities/nearby?lon=112.19&lat=35.69&metres=1000", "/ogc/collections",
        "/ogc/collections/facilities/items", "/tiles/tilejson.json", "/catalog.jsonld",
        *(f"/download/facilities.{suffix}" for suffix in export.FORMATS),
    ]  # fmt: skip
    megabytes, modules = worker(invented.url, invented.geodata, *paths)
    assert megabytes < MOST_MB
    assert modules.isdisjoint(HEAVY), modules & set(HEAVY)


# Told by the process that writes a table, as it ends.
WRITER = """
import runpy, sys
try:
    runpy.run_module("service_map.store.apart", run_name="__main__")
finally:
    held = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(int(held.split()[1]) // 1024, file=sys.stderr)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("suffix", [suffix for suffix, chosen in export.FORMATS.items() if not chosen.streamed])
def test_a_process_that_writes_a_table_stays_small_too(invented, tmp_path, suffix, monkeypatch):
    from service_map import store

    told = []
    run = subprocess.run

    def watched(command, **options):
        done = run([sys.executable, "-c", WRITER], **options)
        told.append(done)
        return done

    monkeypatch.setattr(apart.subprocess, "run", watched)
    engine = store.open_readonly(invented.url)
    with engine.connect() as conn:
        count = apart.write(tmp_path / "out", conn, invented.url, store.FacilityFilter(), suffix=suffix)
        assert count == store.queries.facilities(conn, limit=1).matched
    engine.dispose()
    assert int(told[0].stderr.split()[-1]) < MOST_MB


def test_an_order_for_data_that_was_replaced_meanwhile_is_refused(invented, tmp_path):
    from service_map import store
    from service_map.errors import StoreError

    url = invented.build(tmp_path / "changing.gpkg")
    engine = store.open_readonly(url)
    with engine.connect() as conn:
        store.stamp(conn)
        invented.build(tmp_path / "changing.gpkg")
        with pytest.raises(StoreError, match="ask again"):
            apart.write(tmp_path / "out.fgb", conn, url, store.FacilityFilter(), suffix="fgb")
    engine.dispose()
    assert not (tmp_path / "out.fgb").exists()


def test_a_table_that_cannot_be_written_is_told_in_one_sentence(invented, tmp_path):
    from service_map import store
    from service_map.errors import StoreError

    engine = store.open_readonly(invented.url)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    with engine.connect() as conn:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, limit[1]))
        try:
            with pytest.raises(StoreError) as told:
                apart.write(tmp_path / "out.gpkg", conn, invented.url, store.FacilityFilter(), suffix="gpkg")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    engine.dispose()
    assert "\n" not in told.value.en
    assert not (tmp_path / "out.gpkg").exists()
