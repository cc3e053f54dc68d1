"""How long the API takes to answer, through gunicorn on loopback, with the shipped data.

``python benchmarks/api.py`` builds a database from ``geodata/`` in a temporary folder, serves it by
``service-map serve`` and asks each question again and again over one kept connection. Answers are read whole; none
comes from a cache of the client. A median over its target is printed with its ratio and fails nothing, for another
process on the machine can cost it; an answer that is none does.
"""

import http.client
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from urllib.parse import urlencode

from service_map import settings, store

ROUNDS = 200
WARM_UP = 20
HOST = "127.0.0.1"
# Points in the counties of 沁水, 晋城城区, 榆次, 盐湖, 平城: where people live, and where facilities are promised.
POINTS = ((112.187, 35.690), (112.851, 35.500), (112.752, 37.698), (110.998, 35.015), (113.298, 40.075))

_COVERAGE = "/api/coverage?area=140521&category=elderly_institution&metres=1000"

Question = tuple[str, float | None, list[str]]


def questions(random: Random) -> list[Question]:
    """Name, target of the median in milliseconds where there is one, and addresses to ask in turn."""

    def near(path: str, **more: object) -> list[str]:
        asked = []
        for lon, lat in POINTS * (ROUNDS // len(POINTS) + 1):
            here = {"lon": round(lon + random.gauss(0, 0.01), 5), "lat": round(lat + random.gauss(0, 0.01), 5)}
            asked.append(f"{path}?{urlencode(here | more)}")
        return asked

    def boxes() -> list[str]:
        asked = []
        for lon, lat in POINTS * (ROUNDS // len(POINTS) + 1):
            west, south = lon - random.uniform(0.05, 0.5), lat - random.uniform(0.05, 0.5)
            asked.append(f"/api/facilities?bbox={west:.4f},{south:.4f},{west + 0.6:.4f},{south + 0.6:.4f}")
        return asked

    word = urlencode({"q": "养老"})
    return [
        ("facilities, first page of 100", 20, ["/api/facilities"]),
        ("facilities, a box", 20, boxes()),
        ("facilities, one category", 20, ["/api/facilities?category=elderly_institution"]),
        ("facilities, one county", 20, ["/api/facilities?area=140521"]),
        ("facilities, a word", 20, [f"/api/facilities?{word}"]),
        ("facilities, limit=1000", None, ["/api/facilities?limit=1000"]),
        ("nearby, 3 km", 20, near("/api/facilities/nearby", metres=3000)),
        ("circle, 15 minutes", 30, near("/api/circle")),
        ("circle, by 2025", 30, near("/api/circle", year=2025)),
        ("coverage of a county", 200, [_COVERAGE]),
        ("coverage of a city", None, ["/api/coverage?area=140500&category=kindergarten&metres=300"]),
        ("coverage of a county, by year", None, [f"{_COVERAGE}&by_year=true"]),
        ("gaps of a county", None, ["/api/gaps?area=140521&category=elderly_institution&metres=1000"]),
        ("completeness of a county", None, ["/api/completeness?area=140521"]),
        ("ten sites in a county", None, ["/api/sites?area=140521&category=kindergarten&metres=1000&count=10"]),
        ("layers", None, ["/api/layers"]),
        ("boundaries", None, ["/api/areas/boundaries"]),
        ("openapi", None, ["/api/openapi.json"]),
    ]


def main() -> int:
    """Serve, ask, print."""
    geodata = settings.load().geodata_dir
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/service_map.gpkg"
        report = store.build(url, geodata=geodata)
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = probe.getsockname()[1]
        program = Path(sys.executable).with_name("service-map")
        environment = os.environ | {"DATABASE_URL": url, "HOST": HOST, "PORT": str(port)}
        server = subprocess.Popen([program, "serve"], env=environment, stderr=subprocess.DEVNULL)
        try:
            _wait(port)
            print(f"{_machine()}; {report.rows['facilities']} facilities, {ROUNDS} requests each, gzip accepted")
            print(f"{'question':<32}{'median ms':>10}{'p95 ms':>9}{'kB sent':>9}  target")
            asked_in_turn = questions(Random(8))  # noqa: S311  (places on a map, not secrets)
            missed = [name for name, target, asked in asked_in_turn if not _measure(port, name, target, asked)]
        finally:
            server.terminate()
            server.wait(10)
    print("missed: " + ", ".join(missed) if missed else "every target met")
    return 0


def _measure(port: int, name: str, target: float | None, asked: list[str]) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    took, size = [], 0
    for turn in range(WARM_UP + ROUNDS):
        address = asked[turn % len(asked)]
        start = time.perf_counter()
        connection.request("GET", address, headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        body = answer.read()
        elapsed = time.perf_counter() - start
        if answer.status != 200:
            raise SystemExit(f"{address} answered {answer.status}: {body[:200]!r}")
        if turn >= WARM_UP:
            took.append(elapsed * 1000)
            size += len(body)
    connection.close()
    median, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
    kept = "ok" if target is None or median < target else f"MISSED, {median / target:.2f} of it"
    goal = "" if target is None else f"  < {target:g} {kept}"
    print(f"{name:<32}{median:>10.1f}{p95:>9.1f}{size / len(took) / 1000:>9.1f}{goal}")
    return target is None or median < target


def _wait(port: int) -> None:
    for _ in range(150):
        try:
            connection = http.client.HTTPConnection(HOST, port, timeout=5)
            connection.request("GET", "/api/layers")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


def _machine() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


if __name__ == "__main__":
    raise SystemExit(main())
