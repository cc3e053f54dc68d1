"""What the site answers while what it stands on fails: one machine, loopback only, each fault for a minute at most.

``python benchmarks/faults.py`` serves the shipped data and reads ordinary pages while a server of PostgreSQL is stopped
and started again, a disk is full, the site is told to reload (``SIGHUP``), and while the checkout and everything in it
can only be read. Printed are the longest wait of ``/healthz``, how many of its askings failed, the most memory of a
process, and what the readers were answered, before ``|``, during and after the fault. ``--only WORD`` as for
``attack.py``. What needs root (to mount a file system in memory) or PostgreSQL with PostGIS is left out without it,
which is said.
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import attack

from service_map import settings, store

sys.path.insert(0, str(attack.ROOT / "tests" / "store"))

import postgres_cluster

PHASE_S = 8.0
PATHS = (
    "/", "/api/facilities?limit=100", "/area/140521", "/circle?lon=112.18&lat=35.69", "/download/facilities.csv",
    "/download/facilities.xlsx", "/api/coverage?area=140521&category=kindergarten&metres=300", "/static/map.js",
)  # fmt: skip

Change = Callable[[], object]


def reading(port: int, server: int, name: str, *changes: Change) -> None:
    """Read pages, and between spans of `PHASE_S` change something; print what was answered in each span."""
    told: list[Counter[object]] = [Counter()]
    done = threading.Event()

    def read(path: str) -> None:
        year = 1990
        while not done.is_set():
            year += 1
            # Each time another question, so that no answer is one that is kept.
            status = attack.get(port, f"{path}&year={1991 + year % 100}" if path.startswith("/api/coverage") else path)
            told[-1][status] += 1
            time.sleep(0.05)

    with attack.watched(port) as seen:
        readers = [threading.Thread(target=read, args=(path,)) for path in PATHS]
        for reader in readers:
            reader.start()
        for change in (*changes, None):
            time.sleep(PHASE_S)
            if change is not None:
                told.append(Counter())
                change()
        done.set()
        for reader in readers:
            reader.join()
    line = attack.row(name, seen, max(attack.memory(server).values(), default=(0.0, ""))[0], Counter())
    spans = (", ".join(f"{status}: {count}" for status, count in sorted(each.items(), key=str)) for each in told)
    print(line + " | ".join(spans), flush=True)


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Path | None]:
    """Mount a file system of so many megabytes in memory; None where that is not allowed."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "service-map", folder]
        if subprocess.run(["mount", *options], check=False, capture_output=True).returncode:
            yield None
            return
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=False)


def build(folder: Path) -> str:
    """Build the shipped data in a folder."""
    url = f"sqlite:///{folder}/service_map.gpkg"
    store.build(url, geodata=settings.load().geodata_dir)
    return url


def database_server(name: str) -> None:
    """Stop the database server as a lost machine does, and start it again."""
    if not postgres_cluster.installed():
        print(f"{name}: left out, {postgres_cluster.LACKING}")
        return
    with postgres_cluster.running() as cluster:
        store.build(cluster.map, geodata=settings.load().geodata_dir)
        with attack.started(cluster.map) as (port, server):
            reading(port, server, name, cluster.kill, cluster.start)


def full_disk(name: str) -> None:
    """Fill the disk that the database and the temporary files stand on, and empty it again."""
    with small_disk(16) as folder:
        if folder is None:
            print(f"{name}: left out, mounting a small disk needs root")
            return
        filler = folder / "filler"

        def fill() -> None:
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while True:
                    file.write(b"0" * 4096)

        with attack.started(build(folder), environment={"TMPDIR": str(folder)}) as (port, server):
            reading(port, server, name, fill, filler.unlink)


def reload(name: str) -> None:
    """Tell the site to reload, twice."""
    with tempfile.TemporaryDirectory() as folder, attack.started(build(Path(folder))) as (port, server):
        reading(port, server, name, *[lambda: os.kill(server, signal.SIGHUP)] * 2)


def read_only(name: str) -> None:
    """Serve from a checkout in which nothing can be written, the database in it."""
    with small_disk(256) as folder:
        if folder is None:
            print(f"{name}: left out, mounting a small disk needs root")
            return
        for part in ("service_map", "static", "templates", "geodata", "deploy"):
            shutil.copytree(attack.ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        url = build(folder)
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        with attack.started(url, root=folder) as (port, server):
            reading(port, server, name)


FAULTS: list[tuple[str, Callable[[str], None]]] = [
    ("PostgreSQL stopped and started", database_server),
    ("disk full and emptied", full_disk),
    ("SIGHUP twice", reload),
    ("a read-only checkout", read_only),
]


def main() -> int:
    """Serve, break, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    print(f"{'fault':<42}{'/healthz s':>11}{'failed':>8}{'MB':>6}  answers")
    for name, fault in FAULTS:
        if asked.only in name:
            fault(name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
