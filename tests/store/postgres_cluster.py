"""A private PostgreSQL cluster from Debian's packages, for tests and benchmarks: own folder, own port, gone afterwards."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# The newest server of Debian's that has PostGIS: one without it is of no use here.
_VERSIONS = sorted(
    (path.parents[1].name for path in Path("/usr/share/postgresql").glob("*/extension/postgis.control")), key=float
)
PROGRAMS = Path("/usr/lib/postgresql") / (_VERSIONS[-1] if _VERSIONS else "none") / "bin"


LACKING = "PostgreSQL with PostGIS is not installed: apt-get install postgresql postgresql-15-postgis-3"


@dataclass(frozen=True)
class Cluster:
    url: str
    map: str
    sql: Callable[[str, str], str]
    kill: Callable[[], None]
    start: Callable[[], None]


def installed() -> bool:
    return (PROGRAMS / "initdb").exists()


@contextmanager
def running() -> Iterator[Cluster]:
    """Start a cluster that trusts everybody on this machine.

    ``url`` lacks only the database's name; ``map`` is that of an empty one with PostGIS.
    """
    # Not under pytest's own folder, which no other user may enter.
    home = Path(tempfile.mkdtemp(prefix="service-map-postgres-"))
    as_server = {}
    if os.geteuid() == 0:
        # The server refuses to run as root; Debian's package brings this user.
        owner = pwd.getpwnam("postgres")
        os.chown(home, owner.pw_uid, owner.pw_gid)
        as_server = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = ["-h", "127.0.0.1", "-p", str(port)]
    options = ["-A", "trust", "-U", "owner", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
    initdb = [PROGRAMS / "initdb", "-D", home / "data", *options]
    subprocess.run(initdb, check=True, capture_output=True, cwd=home, **as_server)
    with (home / "log").open("wb") as log:
        servers: list[subprocess.Popen[bytes]] = []

        def start() -> None:
            command = [PROGRAMS / "postgres", "-D", home / "data", *address, "-k", home, "-c", "fsync=off"]
            servers.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=home, **as_server))
            _wait(address)

        def kill() -> None:
            """Stop it at once, as a lost machine does: every connection breaks where it is."""
            servers[-1].send_signal(signal.SIGQUIT)
            servers[-1].wait(timeout=300)

        def sql(database: str, statement: str) -> str:
            target = ["-U", "owner", "-d", database, "-v", "ON_ERROR_STOP=1", "-At", "-c", statement]
            psql = [PROGRAMS / "psql", *address, *target]
            return subprocess.run(psql, check=True, capture_output=True, text=True, cwd=home).stdout.strip()

        try:
            start()
            sql("postgres", "CREATE DATABASE map")
            sql("map", "CREATE EXTENSION postgis")
            url = f"postgresql://owner@127.0.0.1:{port}"
            yield Cluster(url=url, map=f"{url}/map", sql=sql, kill=kill, start=start)
        finally:
            if servers[-1].poll() is None:
                # At once: what is left of a reader would keep a gentle stop waiting.
                servers[-1].send_signal(signal.SIGINT)
                servers[-1].wait(timeout=300)
            shutil.rmtree(home)


def _wait(address: list[str]) -> None:
    for _ in range(1_800):
        done = subprocess.run([PROGRAMS / "pg_isready", *address], check=False, capture_output=True)
        if done.returncode == 0:
            return
        time.sleep(0.1)
    message = "PostgreSQL did not start within three minutes"
    raise RuntimeError(message)
