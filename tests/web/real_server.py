"""Servers as they are started by an operator, each a process of its own, and what is asked of them byte by byte."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
PATIENCE_S = 300
COMMANDS = {
    "serve": [PROGRAMS / "service-map", "serve"],
    "deploy": [PROGRAMS / "gunicorn", "-c", ROOT / "deploy" / "gunicorn.conf.py", "service_map.web:create_app()"],
}


@contextlib.contextmanager
def serving(command, *, ready, **options):
    """A server while it serves; its words where it does not."""
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    try:
        for _ in range(20 * PATIENCE_S):
            with contextlib.suppress(OSError), urlopen(ready, timeout=120) as answer:  # noqa: S310 - our own loopback
                assert answer.status == 200
                break
            assert server.poll() is None, server.stdout.read()
            time.sleep(0.05)
        else:
            pytest.fail("it does not serve")
        yield server
    finally:
        server.terminate()
        server.communicate(timeout=300)


@contextlib.contextmanager
def site(invented, way="serve", **environment):
    """The site of the invented world, started as ``serve`` or as ``deploy``; gives its port and its process."""
    port = free_port()
    environment = {
        **os.environ, "DATABASE_URL": invented.url, "GEODATA_DIR": str(invented.geodata), "HOST": "127.0.0.1",
        "PORT": str(port), **environment,
    }  # fmt: skip
    with serving(COMMANDS[way], ready=f"http://127.0.0.1:{port}/readyz", env=environment, cwd=ROOT) as process:
        yield port, process


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(address, **headers):
    request = Request(address, headers=headers)  # noqa: S310 - our own loopback
    with contextlib.closing(urlopen(request, timeout=300)) as answer:  # noqa: S310 - as above
        return answer.read(), answer.headers


def connect(port, sent=b""):
    """A connection on which something was sent."""
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
    connection.sendall(sent)
    return connection


def rest(connection):
    """What comes until the other side closes."""
    pieces = []
    with connection, contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces)


def ask(port, sent):
    """Status, header fields in lower case and body of the answer to some bytes."""
    head, _, body = rest(connect(port, sent)).partition(b"\r\n\r\n")
    first, *fields = head.decode("latin-1").split("\r\n")
    return (
        int(first.split(" ")[1]),
        {name.lower(): value for name, _, value in (f.partition(": ") for f in fields)},
        body,
    )
