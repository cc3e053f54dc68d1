"""How fast OGC API – Features, vector tiles and downloads answer, beside pygeoapi and tipg over the same data.

Run ``python benchmarks/ogc.py --peers FOLDER`` where FOLDER is a virtual environment of the peers' own::

    python -m venv FOLDER && FOLDER/bin/pip install pygeoapi geoalchemy2 psycopg2-binary psycopg tipg uvicorn gunicorn

pygeoapi is asked over the same GeoPackage (its SQLiteGPKG provider, which needs Debian's libsqlite3-mod-spatialite and
a Python whose SQLite loads extensions, as Debian's does) and over the same PostGIS, tipg over the latter. Each server
runs two worker processes on loopback and is asked in turn, three rounds, by ``wrk`` with eight connections; the figure
is the median of the rounds, and the ratio is to the slower of our two. A peer that is missing or does not start is
named with the reason.
"""

import argparse
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Self
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "store"), str(ROOT / "benchmarks")]

import postgres_cluster  # noqa: E402
from store import invent  # noqa: E402

from service_map import store as database  # noqa: E402

HOST = "127.0.0.1"
SECONDS, CONNECTIONS, ROUNDS = 4, 8, 3
LEAST_RATIO, MOST_P99_MS, MOST_MB, MOST_TILE_MS = 1.5, 100, 200, 50
LUA = """
local paths = {}
for line in io.lines("PATHS") do paths[#paths + 1] = line end
local at = 0
request = function() at = at % #paths + 1; return wrk.format("GET", paths[at]) end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %f %f %f %d\\n", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""
PYGEOAPI = """
server:
  bind: {{host: 127.0.0.1, port: {port}}}
  url: http://127.0.0.1:{port}
  mimetype: application/json; charset=UTF-8
  encoding: utf-8
  languages: [en-US]
  limits: {{default_items: 100, max_items: 1000}}
  map: {{url: "", attribution: ""}}
logging: {{level: ERROR}}
metadata:
  identification:
    title: {{en: t}}
    description: {{en: t}}
    keywords: {{en: [t]}}
    keywords_type: theme
    terms_of_service: ""
    url: http://127.0.0.1
  license: {{name: t, url: http://127.0.0.1}}
  provider: {{name: t, url: http://127.0.0.1}}
  contact: {{name: t}}
resources:
  facilities:
    type: collection
    title: facilities
    description: facilities
    keywords: [t]
    links: []
    extents: {{spatial: {{bbox: [110, 34, 115, 41], crs: http://www.opengis.net/def/crs/OGC/1.3/CRS84}}}}
    providers:
      - type: feature
        id_field: id
        table: facilities
{provider}
"""
PROVIDERS = {
    "PostGIS": """
        name: PostgreSQL
        data:
          {{host: 127.0.0.1, port: {pg_port}, dbname: map, user: owner, password: x,
            search_path: [service_map, public]}}
        geom_field: geom
""",
    "GeoPackage": """
        name: SQLiteGPKG
        data: {file}
""",
}
DEBIANS_PYTHON = Path("/usr/bin/python3")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@contextmanager
def running(command: list[object], environment: dict[str, str], ready: str, log: Path) -> Iterator[subprocess.Popen]:
    with log.open("wb") as out:
        server = subprocess.Popen(
            [str(part) for part in command], env=os.environ | environment, stdout=out, stderr=out, cwd=ROOT
        )
        try:
            for _ in range(300):
                try:
                    with urlopen(ready, timeout=5) as answer:  # noqa: S310 - our own loopback
                        answer.read()
                    break
                except (URLError, OSError):
                    if server.poll() is not None:
                        break
                    time.sleep(0.1)
            else:
                server.terminate()
            if server.poll() is not None:
                reason = (log.read_text(errors="replace").strip().splitlines() or ["no word"])[-1]
                raise RuntimeError(reason)
            yield server
        finally:
            server.terminate()
            server.wait(20)


def ours(url: str, port: int) -> tuple[list[object], dict[str, str]]:
    program = Path(sys.executable).with_name("gunicorn")
    command = [program, "-c", ROOT / "deploy" / "gunicorn.conf.py", "service_map.web:create_app()"]
    return command, {"DATABASE_URL": url, "PORT": str(port), "HOST": HOST, "WEB_CONCURRENCY": "2"}


def wrk(base: str, paths: list[str], folder: Path) -> tuple[float, float, float, int]:
    (folder / "paths").write_text("\n".join(paths))
    script = folder / "wrk.lua"
    script.write_text(LUA.replace("PATHS", str(folder / "paths")))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), base]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate, p50, p99, errors = next(line for line in said.splitlines() if line.startswith("RESULT")).split()[1:]
    return float(rate), float(p50), float(p99), int(errors)


def boxes() -> list[str]:
    random = Random(7)  # noqa: S311 - places on a map
    corners = [(random.uniform(110.8, 113.6), random.uniform(35, 40)) for _ in range(200)]
    return [f"{west:.4f},{south:.4f},{west + 0.25:.4f},{south + 0.25:.4f}" for west, south in corners]


class Memory:
    """The most that any one process under another holds, watched while it works: those that write a file soon end."""

    def __init__(self, pid: int) -> None:
        self.most = 0.0
        self._pid, self._over = pid, Event()
        self._watcher = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            parents, held = {}, {}
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    lines = (folder / "status").read_text().splitlines()
                    begun = (folder / "cmdline").read_bytes()
                except OSError:
                    continue
                fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
                parents[int(fields["Pid"])] = int(fields["PPid"])
                held[int(fields["Pid"])] = int(fields.get("VmRSS", "0 kB").split()[0]) / 1024 if begun else 0.0
            for pid, megabytes in held.items():
                above = pid
                while above > 1 and above != self._pid:
                    above = parents.get(above, 0)
                if above == self._pid:
                    self.most = max(self.most, megabytes)


def features(
    number: int, peers: Path | None, folder: Path, geodata: Path, cluster: postgres_cluster.Cluster | None
) -> None:
    servers: dict[str, tuple[str, str]] = {}
    with ExitStack() as stack:
        file = f"sqlite:///{folder}/map.gpkg"
        began = time.perf_counter()
        database.build(file, geodata=geodata)
        print(f"built the GeoPackage in {time.perf_counter() - began:.1f} s")
        port = free_port()
        command, environment = ours(file, port)
        started = stack.enter_context(
            running(command, environment, f"http://{HOST}:{port}/readyz", folder / "ours.log")
        )
        servers["service map, GeoPackage"] = (f"http://{HOST}:{port}", "/ogc/collections/facilities/items")
        own = started.pid, f"http://{HOST}:{port}"
        if cluster is None:
            print(f"left out: PostGIS and the peers over it, because {postgres_cluster.LACKING}")
        else:
            url = cluster.map
            began = time.perf_counter()
            database.build(url, geodata=geodata)
            print(f"built PostGIS in {time.perf_counter() - began:.1f} s")
            port = free_port()
            command, environment = ours(url, port)
            stack.enter_context(running(command, environment, f"http://{HOST}:{port}/readyz", folder / "pg.log"))
            servers["service map, PostGIS"] = (f"http://{HOST}:{port}", "/ogc/collections/facilities/items")
        pg_port = None if cluster is None else urlsplit(cluster.url).port or 5432
        for name, start, needs in (
            ("pygeoapi, GeoPackage", partial(pygeoapi, provider="GeoPackage"), False),
            ("pygeoapi, PostGIS", partial(pygeoapi, provider="PostGIS"), True),
            ("tipg, PostGIS", tipg, True),
        ):
            try:
                if pg_port is not None or not needs:
                    servers[name] = start(stack, peers, folder, pg_port or 0)
            except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
                print(f"left out: {name}, because {error}")
        questions = {
            "page of 100": ["?limit=100&f={json}"],
            "bbox 0.25°": [f"?limit=100&bbox={box}&f={{json}}" for box in boxes()],
        }
        print(f"{'':<16}{'server':<26}{'requests/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}{'ours is ×':>11}")
        for question, queries in questions.items():
            rates: dict[str, list[tuple[float, float, float, int]]] = {name: [] for name in servers}
            for _ in range(ROUNDS):
                for name, (base, path) in servers.items():
                    form = "geojson" if name == "tipg" else "json"
                    rates[name].append(wrk(base, [path + query.format(json=form) for query in queries], folder))
            own_rate = min(
                statistics.median(rate for rate, *_ in found)
                for name, found in rates.items() if name.startswith("service map")
            )  # fmt: skip
            for name, found in rates.items():
                rate, p50, p99 = (statistics.median(row[part] for row in found) for part in range(3))
                errors = sum(row[3] for row in found)
                judged = "" if not name.startswith("service map") else "  ok" if p99 < MOST_P99_MS else "  MISSED: p99"
                if not name.startswith("service map"):
                    judged = "  ok" if own_rate / rate >= LEAST_RATIO else "  MISSED: ratio"
                print(f"{question:<16}{name:<26}{rate:>11.0f}{p50:>9.1f}{p99:>9.1f}{errors:>8}{own_rate / rate:>11.2f}"
                      + judged)  # fmt: skip
        tiles_and_downloads(*own, number)


def pygeoapi(stack: ExitStack, peers: Path | None, folder: Path, pg_port: int, *, provider: str) -> tuple[str, str]:
    python, environment = _peers_python(peers, loads_extensions=provider == "GeoPackage")
    port = free_port()
    config, definition = folder / f"pygeoapi-{provider}.yml", folder / f"openapi-{provider}.yml"
    chosen = PROVIDERS[provider].format(pg_port=pg_port, file=folder / "map.gpkg").strip("\n")
    config.write_text(PYGEOAPI.format(port=port, provider=chosen))
    environment |= {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(definition)}
    made = subprocess.run(
        [python, "-c", "from pygeoapi import cli; cli()", "openapi", "generate", config, "--output-file", definition],
        env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        raise RuntimeError((made.stderr.strip().splitlines() or ["openapi generate failed"])[-1])
    command = [python, "-m", "gunicorn", "-w", "2", "-b", f"{HOST}:{port}", "pygeoapi.flask_app:APP"]
    ready = f"http://{HOST}:{port}/collections/facilities/items?limit=1&f=json"
    stack.enter_context(running(command, environment, ready, folder / f"pygeoapi-{provider}.log"))
    return f"http://{HOST}:{port}", "/collections/facilities/items"


def tipg(stack: ExitStack, peers: Path | None, folder: Path, pg_port: int) -> tuple[str, str]:
    port = free_port()
    environment = {
        "DATABASE_URL": f"postgresql://owner@{HOST}:{pg_port}/map", "TIPG_DB_SCHEMAS": '["service_map"]',
    }  # fmt: skip
    command = [_peer(peers, "uvicorn"), "tipg.main:app", "--workers", "2", "--host", HOST, "--port", port]
    command += ["--log-level", "error"]
    ready = f"http://{HOST}:{port}/collections/service_map.facilities/items?limit=1&f=geojson"
    stack.enter_context(running(command, environment, ready, folder / "tipg.log"))
    return f"http://{HOST}:{port}", "/collections/service_map.facilities/items"


def _peer(peers: Path | None, program: str) -> Path:
    if peers is None:
        raise RuntimeError("no --peers FOLDER was given")
    found = peers / "bin" / program
    if not found.exists():
        raise RuntimeError(f"{program} is not installed in {peers.name}")
    return found


def _peers_python(peers: Path | None, *, loads_extensions: bool) -> tuple[Path, dict[str, str]]:
    python = _peer(peers, "python")
    asked = "import sqlite3; sqlite3.connect('').enable_load_extension(True)"
    if not loads_extensions or not subprocess.run([python, "-c", asked], capture_output=True, check=False).returncode:
        return python, {}
    told = [
        subprocess.run([program, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, check=False)
        for program in (python, DEBIANS_PYTHON)
    ]
    if told[0].stdout != told[1].stdout:
        raise RuntimeError("its Python's SQLite loads no extensions, and Debian's Python is of another version")
    packages = next((python.parents[1] / "lib").glob("python*/site-packages"))
    return DEBIANS_PYTHON, {"PYTHONPATH": str(packages)}


def tiles_and_downloads(pid: int, base: str, number: int) -> None:
    addresses = [
        (z, int((112.5 + 180) / 360 * 2**z) + dx, int((0.5 - 0.6876 / 6.2832) * 2**z) + dy)
        for z in range(15) for dx in (0, 1) for dy in (0, 1)
    ]  # fmt: skip
    times, sizes = [], []
    for z, x, y in [address for address in addresses if max(address[1:]) < 2 ** address[0]] * 3:
        began = time.perf_counter()
        with urlopen(f"{base}/tiles/{z}/{x}/{y}.mvt", timeout=60) as answer:  # noqa: S310
            sizes.append(len(answer.read()))
        times.append((time.perf_counter() - began) * 1000)
    median = statistics.median(times)
    print(f"tiles, z 0–14: median {median:.1f} ms, most {max(times):.0f} ms, {max(sizes) / 1000:.0f} kB;"
          f" {'ok' if median <= MOST_TILE_MS else 'MISSED'}: median ≤ {MOST_TILE_MS} ms")  # fmt: skip
    for suffix in ("geojson", "geojsonl", "csv", "gpkg", "fgb", "parquet", "shp.zip", "kml", "xlsx"):
        began = time.perf_counter()
        with Memory(pid) as memory, urlopen(f"{base}/download/facilities.{suffix}", timeout=600) as answer:  # noqa: S310
            answer.read(1)
            first = time.perf_counter() - began
            size = 1
            while block := answer.read(1 << 20):
                size += len(block)
        seconds = time.perf_counter() - began
        judged = "ok" if memory.most < MOST_MB else f"MISSED: < {MOST_MB} MB"
        print(f"{suffix:<9}{number} facilities: first byte {first:.2f} s, whole {seconds:.1f} s, {size / 1e6:.1f} MB;"
              f" largest process {memory.most:.0f} MB, {judged}")  # fmt: skip


def main() -> int:
    """Build, serve, ask, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--facilities", type=int, nargs="+", default=[10_000, 100_000])
    options.add_argument("--peers", type=Path, help="virtual environment with pygeoapi and tipg")
    given = options.parse_args()
    if shutil.which("wrk") is None:
        print("left out: everything, because wrk is not installed: apt-get install wrk")
        return 0
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for number in given.facilities:
        print(f"\n== {number} facilities; two worker processes each, wrk with {CONNECTIONS} connections")
        with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
            folder = Path(name)
            geodata = invent(folder / "geodata", number)
            cluster = None
            if postgres_cluster.installed():
                cluster = stack.enter_context(postgres_cluster.running())
            features(number, given.peers, folder, geodata, cluster)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
