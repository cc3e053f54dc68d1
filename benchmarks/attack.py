"""What the site answers while it is attacked: one machine, loopback only, each attack bounded in count and time.

``python benchmarks/attack.py`` builds a database from ``geodata/`` in a temporary folder, serves it by ``service-map
serve`` (``--deploy``: by gunicorn with ``deploy/gunicorn.conf.py``), and while each attack goes on asks ``/healthz``
ten times a second over new connections. Printed are its longest wait, how many of its askings failed, the most memory
that a worker process took so far, and what the attack was answered; at the end, what each process holds and how many
answers were of status 500. ``--only WORD`` runs the attacks whose name holds it; ``--soak SECONDS`` (at most an hour)
ends with ordinary questions and some that compute for so long.
"""

import argparse
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random

from service_map import settings, store

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
# Longer than a header may take, and than a connection may be idle.
SLOW_S, IDLE_S = 14, 34
HEAD = f"Host: {HOST}\r\n".encode()
POST = b"POST /api/coverage?area=140521&category=kindergarten&metres=300 HTTP/1.1\r\n" + HEAD
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
HALF_HEADER = b"GET / HTTP/1.1\r\n" + HEAD + b"X: "
HALF_BODY = POST + b"Content-Length: 100000\r\n\r\n{"
ALMOST = HALF_BODY.replace(b"100000", b"5000000") + b" " * 4_999_000
DATABASE = b"GET /download/service_map.gpkg HTTP/1.1\r\n" + HEAD + b"\r\n"
NO_REQUESTS = (
    b"hello\r\n\r\n",
    b"GET /?q=" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"GET / HTTP/1.1\r\n" + HEAD + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HEAD + b"no colon\r\n\r\n",
    POST + b"Content-Length: 6000000\r\n\r\n" + b" " * 6_000_000,
    POST + b"Transfer-Encoding: gzip\r\n\r\n",
    *(CHUNKED + bad for bad in (
        b"zz\r\nab\r\n0\r\n\r\n", b"-5\r\nab\r\n0\r\n\r\n", b"2\r\nabcd\r\n0\r\n\r\n", b"\r\nab\r\n0\r\n\r\n",
        b"2\nab\n0\n\n", b"2;\x00=\r\nab\r\n0\r\n\r\n", b"0" * 5_000_000,
    )),
)  # fmt: skip

Attack = Callable[[int], Counter[object]]


def hanging(count: int, sent: bytes, more: bytes, seconds: float) -> Attack:
    """Make an attack of connections that send something, then a little each second, and never read."""

    def attack(port: int) -> Counter[object]:
        told: Counter[object] = Counter()
        with contextlib.ExitStack() as stack:
            held = [stack.enter_context(_connect(port, sent)) for _ in range(count)]
            until = time.monotonic() + seconds
            while held and time.monotonic() < until:
                time.sleep(1)
                open_still = [each for each in held if _is_open(each, more)]
                told["closed"] += len(held) - len(open_still)
                held = open_still
            told["open"] = len(held)
        return told

    return attack


def deaf(count: int) -> Attack:
    """Make an attack of readers who ask for the database and take none of it."""

    def attack(port: int) -> Counter[object]:
        with contextlib.ExitStack() as stack:
            for _ in range(count):
                reader = stack.enter_context(socket.socket())
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                reader.connect((HOST, port))
                reader.sendall(DATABASE * 8)
            time.sleep(SLOW_S)
        return Counter({"readers": count})

    return attack


def malformed(port: int) -> Counter[object]:
    """Send what is no request; count the statuses."""
    return Counter(_status(port, sent) for sent in NO_REQUESTS * 5)


def typed(port: int) -> Counter[object]:
    """Send addresses in UTF-8 as they are typed, and Range with a thousand ranges."""
    ranges = b",".join(b"%d-%d" % (3 * i, 3 * i + 1) for i in range(1000))
    asked = [
        "GET /api/facilities?q=幼儿园 HTTP/1.1\r\n".encode() + HEAD + b"Connection: close\r\n\r\n",
        DATABASE[:-2] + b"Range: bytes=" + ranges + b"\r\nConnection: close\r\n\r\n",
        b"GET /static/map.js HTTP/1.1\r\n" + HEAD + b"Range: bytes=0-,0-,0-\r\nConnection: close\r\n\r\n",
    ]
    return Counter(_status(port, sent) for sent in asked * 5)


def at_once(requests: list[tuple[str, bytes | None]], *, patience_s: float = 40) -> Attack:
    """Make an attack of questions asked all at once; a body is POSTed."""

    def attack(port: int) -> Counter[object]:
        told: Counter[object] = Counter()
        took: list[float] = []

        def ask(path: str, body: bytes | None) -> None:
            began = time.perf_counter()
            told[_ask(port, path, body, patience_s)] += 1
            took.append(time.perf_counter() - began)

        threads = [threading.Thread(target=ask, args=each) for each in requests]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told[f"worst {max(took):.2f} s"] = len(took)
        return told

    return attack


def repeated(times: int, attack: Attack) -> Attack:
    """Make an attack again and again."""

    def again(port: int) -> Counter[object]:
        told: Counter[object] = Counter()
        for _ in range(times):
            told.update(attack(port))
        return told

    return again


def left(requests: list[tuple[str, bytes | None]]) -> Attack:
    """Make an attack of questions whose askers leave at once; then one is asked that stays."""

    def attack(port: int) -> Counter[object]:
        for path, body in requests:
            head = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\n".encode() + HEAD
            head += b"" if body is None else b"Content-Length: %d\r\n" % len(body)
            _connect(port, head + b"\r\n" + (body or b"")).close()
        time.sleep(1)
        return at_once([(requests[0][0], b'{"type":"Point","coordinates":[112.19,35.69]}')])(port)

    return attack


def _feature(kind: str, coordinates: object, **properties: object) -> bytes:
    geometry = {"type": kind, "coordinates": coordinates}
    return json.dumps({"type": "Feature", "geometry": geometry, "properties": properties}).encode()


def _spots(count: int, spread: float) -> list[tuple[float, float]]:
    rng = Random(7)  # noqa: S311 - places on a map
    return [
        (round(112.2 + rng.uniform(-spread, spread), 5), round(35.7 + rng.uniform(-spread, spread), 5))
        for _ in range(count)
    ]


def _ring(spots: list[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    return [[*spots, spots[0]]]


def _comb(teeth: int) -> list[list[tuple[float, float]]]:
    """Draw a polygon that is valid, of slanting teeth: whether it is valid costs the square of them."""
    spots = []
    for tooth in range(teeth):
        x, y = 112 + tooth * 1e-6, 35.4 - tooth * 1e-6
        spots += [(x, y), (x + 0.5 + 3e-7, y + 0.5 - 3e-7)]
    return _ring([*spots, (112 + teeth * 1e-6, 35.4 - teeth * 1e-6), (111.9, 35.3)])


def _strip(degrees: float) -> list[list[tuple[float, float]]]:
    """Draw a decimetre wide strip: of the grid that is fine enough for it nearly all lies outside."""
    return _ring(
        [(112, 35.5), (112 + degrees, 35.5 + degrees), (112 + degrees + 1e-6, 35.5 + degrees), (112 + 1e-6, 35.5)]
    )


POLYGON = "/api/coverage?category=kindergarten&metres=300&complete=kindergarten"
AREA = "/api/coverage?area=140521&category=kindergarten&metres=300&complete=kindergarten"
UPLOAD = (
    b'--b\r\nContent-Disposition: form-data; name="facilities"; filename="f.csv"\r\n\r\nlon,lat\n'
    + b"".join(b"%f,%f\n" % spot for spot in _spots(2_000, 0.3)) + b"\r\n"
    + b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in
        {"area": "140521", "category": "kindergarten", "metres": "300", "complete": "kindergarten"}.items()
    ) + b"--b--\r\n"
)  # fmt: skip
CITY = "/api/completeness?area=140500&as_recorded=true"
PRODUCT = _feature("MultiPoint", _spots(50_000, 0.3), **{f"people_{age}": 1 for age in range(1_500)})
TANGLE = _feature("Polygon", _ring(_spots(400, 0.3)))

PLACES = _feature("MultiPoint", _spots(20_000, 0.2), role="place")
SITES = "/api/sites?area=140521&category=kindergarten&complete=kindergarten"

ATTACKS: list[tuple[str, Attack]] = [
    ("4 half-sent headers", hanging(4, HALF_HEADER, b"", SLOW_S)),
    ("4 slow bodies", hanging(4, HALF_BODY, b"", SLOW_S)),
    ("200 idle connections", hanging(200, b"", b"", IDLE_S)),
    ("200 headers, a byte a second", hanging(200, HALF_HEADER, b"a", SLOW_S)),
    ("200 bodies, a byte a second", hanging(200, HALF_BODY, b"a", SLOW_S)),
    ("100 bodies of 5 MB without their end", hanging(100, ALMOST, b"", SLOW_S)),
    ("1500 idle connections", hanging(1500, b"", b"", SLOW_S)),
    ("50 readers who take nothing", deaf(50)),
    ("what is no request", malformed),
    ("addresses in UTF-8, many ranges", typed),
    ("50,000 points with 1,500 groups", at_once([(AREA, PRODUCT)] * 4)),
    ("6 polygons of 400 random corners", at_once([(POLYGON, TANGLE)] * 6)),
    ("6 valid combs of 700 teeth", at_once([(POLYGON, _feature("Polygon", _comb(700)))] * 6)),
    ("6 combs of 20,000 teeth", at_once([(POLYGON, _feature("Polygon", _comb(20_000)))] * 6)),
    ("6 strips across the country", at_once([
        (f"/api/{question}&complete=kindergarten", _feature("Polygon", _strip(3))) for question in (
            "sites?category=kindergarten&metres=300&count=9", "gaps?category=kindergarten&metres=300",
            "completeness?as_recorded=true",
        )
    ] * 2)),
    ("6 times 500 of 20,000 places", at_once([
        (f"{SITES}&metres={1_000 + 500 * n}&count=500", PLACES) for n in range(6)
    ])),
    ("6 completeness questions of a city", at_once([(f"{CITY}&year={2020 + n}", None) for n in range(6)])),
    ("8 different tables", at_once([
        (f"/download/facilities.xlsx?category={kind}&crs={system}", None)
        for kind in ("kindergarten", "elderly_institution") for system in ("4326", "4490", "3857", "gcj02")
    ])),
    ("8 different reports", at_once([
        (f"/area/{area}/report.{form}", None) for area in ("140500", "140521", "140522", "140524")
        for form in ("html", "xlsx")
    ])),
    ("16 pages of areas", at_once([
        (f"/area/{area}?lang={language}", None) for language in ("zh", "en")
        for area in ("140500", "140521", "140522", "140524", "140525", "140581", "140502", "140200")
    ])),
    ("100 life circles, 20 at once", repeated(5, at_once([
        (f"{path}?lon={112.1 + n / 1000}&lat=35.69", None) for n in range(10) for path in ("/circle", "/api/circle")
    ]))),
    ("6 uploads of 2,000 facilities", at_once([("/planner", UPLOAD)] * 6)),
    ("30 questions whose askers leave", left([(AREA, _feature("MultiPoint", _spots(40_000, 0.3)))] * 30)),
    ("100 small questions, 10 at once", repeated(10, at_once([
        (AREA.replace("300", str(300 + n)), None) for n in range(10)
    ]))),
]  # fmt: skip
"""Name and attack; each is run once, in this order."""


def main() -> int:
    """Serve, attack, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deploy", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--soak", type=float, default=0)
    asked = parser.parse_args()
    attacks = [(name, attack) for name, attack in ATTACKS if asked.only in name]
    if asked.soak:
        attacks.append((f"ordinary questions for {asked.soak:g} s", soaking(min(asked.soak, LONGEST_SOAK_S))))
    bad = 0
    with serving(deploy=asked.deploy) as (port, server):
        print(f"{'attack':<42}{'/healthz s':>11}{'failed':>8}{'MB':>6}  answers")
        for name, attack in attacks:
            with watched(port) as seen:
                told = attack(port)
            bad += told[http.HTTPStatus.INTERNAL_SERVER_ERROR]
            print(row(name, seen, max(memory(server).values(), default=(0.0, ""))[0], told), flush=True)
        for process, (most, what) in sorted(memory(server).items()):
            print(f"  process {process}: at most {most:.0f} MB, {what}")
    print(f"answers of status 500: {bad}")
    return 0


PATIENCE_S = 60.0
LONGEST_SOAK_S = 3600.0


def row(name: str, seen: list[float], megabytes: float, told: Counter[object]) -> str:
    """Write the line of an attack."""
    worst, failed = max(seen, default=0.0), sum(each == PATIENCE_S for each in seen)
    answers = ", ".join(f"{what}: {count}" for what, count in sorted(told.items(), key=str))
    return f"{name:<42}{worst:>11.2f}{failed:>8}{megabytes:>6.0f}  {answers}"


@contextlib.contextmanager
def watched(port: int) -> Iterator[list[float]]:
    """Ask for ``/healthz`` while something goes on; gives the seconds of each answer, `PATIENCE_S` for none."""
    seen: list[float] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            began = time.perf_counter()
            answered = get(port, "/healthz") == http.HTTPStatus.OK
            seen.append(time.perf_counter() - began if answered else PATIENCE_S)
            done.wait(0.1)

    watcher = threading.Thread(target=ask)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def soaking(seconds: float) -> Attack:
    """Make a crowd of ordinary readers."""
    paths = (
        "/", "/api/facilities?limit=1000", "/api/circle?lon=112.18&lat=35.69", "/tiles/8/207/100.mvt",
        "/ogc/collections", "/download/facilities.geojson", "/static/map.js",
        "/api/coverage?area=140521&category=kindergarten&metres=300", "/area/140521", "/download/facilities.xlsx",
        "/planner?area=140521&metres=500&category=kindergarten", "/ogc/collections/facilities/items?limit=1000",
    )  # fmt: skip

    def attack(port: int) -> Counter[object]:
        told: Counter[object] = Counter()
        until = time.monotonic() + seconds

        def read(path: str) -> None:
            while time.monotonic() < until:
                told[get(port, path)] += 1

        readers = [threading.Thread(target=read, args=(path,)) for path in paths]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        return told

    return attack


@contextlib.contextmanager
def serving(*, deploy: bool) -> Iterator[tuple[int, int]]:
    """Serve the shipped data; gives the port and the number of the first process."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/service_map.gpkg"
        store.build(url, geodata=settings.load().geodata_dir)
        with started(url, deploy=deploy) as found:
            yield found


@contextlib.contextmanager
def started(
    url: str, *, deploy: bool = False, root: Path = ROOT, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[int, int]]:
    """Serve a database from a checkout; gives the port and the number of the first process."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    programs = Path(sys.executable).parent
    command = [programs / "service-map", "serve"]
    if deploy:
        command = [programs / "gunicorn", "-c", root / "deploy" / "gunicorn.conf.py", "service_map.web:create_app()"]
    told = {"DATABASE_URL": url, "HOST": HOST, "PORT": str(port), "PYTHONPATH": str(root), **(environment or {})}
    server = subprocess.Popen(command, env=os.environ | told, stderr=subprocess.DEVNULL, cwd=root)
    try:
        for _ in range(600):
            if get(port, "/readyz") == http.HTTPStatus.OK:
                break
            time.sleep(0.1)
        else:
            raise SystemExit("the server did not start")
        get(port, AREA)  # when the processes that compute have loaded the program
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(60)


def get(port: int, path: str) -> int | str:
    return _ask(port, path, None, PATIENCE_S)


def _ask(port: int, path: str, body: bytes | None, patience_s: float) -> int | str:
    connection = http.client.HTTPConnection(HOST, port, timeout=patience_s)
    kind = {"Content-Type": "multipart/form-data; boundary=b"} if path == "/planner" and body else {}
    try:
        connection.request("GET" if body is None else "POST", path, body, {"Connection": "close", **kind})
        answer = connection.getresponse()
        answer.read()
    except OSError as error:
        return type(error).__name__
    else:
        return answer.status
    finally:
        connection.close()


def _connect(port: int, sent: bytes) -> socket.socket:
    connection = socket.create_connection((HOST, port), PATIENCE_S)
    with contextlib.suppress(OSError):  # closed while it sends
        connection.sendall(sent)
    return connection


def _is_open(connection: socket.socket, more: bytes) -> bool:
    connection.setblocking(False)
    try:
        if more:
            connection.send(more)
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def _status(port: int, sent: bytes) -> int | str:
    answer = b""
    with _connect(port, sent) as connection, contextlib.suppress(OSError):
        while b"\r\n" not in answer and (piece := connection.recv(4096)):
            answer += piece
    return int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/") else "closed without an answer"


def memory(first: int) -> dict[int, tuple[float, str]]:
    """Give the most resident megabytes of each process that descends from the first one, and what it is; Linux only."""
    held, parents = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            lines = (folder / "status").read_text().splitlines()
            values = {name: value for name, _, value in (line.partition(":\t") for line in lines)}
            held[int(folder.name)] = float(values["VmHWM"].split()[0]) / 1024
            parents[int(folder.name)] = int(values["PPid"])

    def descends(process: int) -> bool:
        return process in parents and (parents[process] == first or descends(parents[process]))

    nurseries = {process for process in held if descends(process) and parents[process] != first}
    names = {process: "computes or starts what does" if process in nurseries else "web process" for process in held}
    return {process: (most, names[process]) for process, most in held.items() if descends(process)}


if __name__ == "__main__":
    raise SystemExit(main())
