"""What a web process holds of memory: never what only a few requests need, and nothing that a finished file left."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import forms
import pytest
from invented_world import CENTRE, make_app

from service_map.store import export

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


def worker(url, geodata, *paths, program=WORKER):
    environment = {**os.environ, "DATABASE_URL": url, "GEODATA_DIR": str(geodata)}
    command = [sys.executable, "-c", program, *paths]
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


# Each table is written by a process that has written no other, which says what it held while it did.
WRITERS = """
import sys
from service_map import settings
from service_map.web import create_app
from service_map.web.site import EXTENSION
app = create_app(settings.load())
pool = app.extensions[EXTENSION].pool
held = []
for path in sys.argv[1:]:
    for asked in (path, "/healthz"):
        with app.test_client().get(asked) as answer:
            assert answer.status_code == 200, (asked, answer.text)
    (pid,) = pool.pids()
    most = next(line for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM"))
    held.append(int(most.split()[1]) // 1024)
    pool._end(pool._idle.pop())
print(max(held), *sorted(sys.modules))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_a_process_that_writes_a_table_stays_small_too(invented):
    paths = [f"/download/facilities.{suffix}" for suffix, chosen in export.FORMATS.items() if not chosen.streamed]
    assert len(paths) > 4
    megabytes, modules = worker(invented.url, invented.geodata, *paths, program=WRITERS)
    assert megabytes < MOST_MB
    assert modules.isdisjoint(HEAVY), modules & set(HEAVY)


# What a reader brings is read in the processes that compute, GDAL's forms too.
UPLOADS = """
import sys
from pathlib import Path
from service_map import settings
from service_map.web import create_app
app = create_app(settings.load())
for path in map(Path, sys.argv[1:]):
    asked = {"area": "140521", "category": "kindergarten", "metres": "500", "as_recorded": "true"}
    with path.open("rb") as file:
        answer = app.test_client().post("/planner?lang=en", data={**asked, "people": (file, path.name)})
    assert answer.status_code == 200 and "1 point" in answer.text, (path, answer.text)
    answer.close()
print(0, *sorted(sys.modules))
"""


def test_a_web_process_leaves_every_form_that_a_reader_brings_to_the_others(invented, tmp_path):
    paths = [
        str(forms.made(tmp_path, form, {"people": ["30"]}, [CENTRE]))
        for form in ("csv", "xlsx", "geojson", "gpkg", "parquet", "kml", "gdb.zip")
    ]
    _, modules = worker(invented.url, invented.geodata, *paths, program=UPLOADS)
    assert modules.isdisjoint(HEAVY), modules & set(HEAVY)


def test_a_file_of_data_that_was_replaced_meanwhile_is_refused(invented, tmp_path):
    app = make_app(invented.build(tmp_path / "changing.gpkg"), invented.geodata)
    told = {"service_map.file": str(tmp_path / "out.fgb"), "service_map.version": "another"}
    answer = app.test_client().get("/download/facilities.fgb?lang=en", environ_overrides=told)
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
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
                export.write(tmp_path / "out.gpkg", conn, suffix="gpkg", feature=lambda _record: {})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    engine.dispose()
    assert "\n" not in told.value.en
    assert not (tmp_path / "out.gpkg").exists()
