"""Connections have bounds: who sends or reads slowly holds no thread, is closed, and what is no request is told so."""

import contextlib
import json
import os
import signal
import socket
import threading
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
from real_server import ask, connect, fetch, rest, site
from waitress import wasyncore

from service_map.settings import ConnectionBounds
from service_map.web import connections, problems
from service_map.web.connections import Server

HOST = b"Host: map.example\r\n"
ALIVE = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
HALF = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Accept: "
POSTED = b"POST /api/coverage?area=140521&category=kindergarten&metres=300 HTTP/1.1\r\n" + HOST
SLOW = POSTED + b"Content-Length: 50000\r\n\r\n{"
CHUNKED = POSTED + b"Transfer-Encoding: chunked\r\n\r\n"
PATIENT = ConnectionBounds(header_seconds=600, body_bytes_per_second=1, idle_seconds=3600)
LARGE = b"x" * 12_000_000


def small(environ, start_response):
    """An application that answers with what it was sent."""
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def large(_environ, start_response):
    start_response("200 OK", [("Content-Length", str(len(LARGE)))])
    return [LARGE]


@contextlib.contextmanager
def served(application, *, bounds=PATIENT, threads=2, others=False, **computing):
    """The connections of an application, in this process; gives the port and the server."""
    listener, channels, stop = socket.create_server(("127.0.0.1", 0), backlog=512), {}, threading.Event()
    server = Server(
        application, listener, channels, threads=threads, bounds=bounds, others=others, count=lambda: None, **computing
    )

    def loop():
        while not stop.is_set():
            wasyncore.loop(0.05, True, channels, 1)
            server.tend()

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield listener.getsockname()[1], server
    finally:
        stop.set()
        thread.join()
        server.task_dispatcher.shutdown()
        wasyncore.close_all(channels, ignore_all=True)


@pytest.mark.parametrize("sent", [b"", b"G", HALF, SLOW, CHUNKED + b"5\r\nab", ALIVE.replace(b"close", b"keep-alive")])
def test_whoever_sends_too_slowly_or_nothing_is_closed(sent):
    hasty = ConnectionBounds(header_seconds=1, body_bytes_per_second=1000, idle_seconds=1)
    with served(small, bounds=hasty) as (port, _):
        told = rest(connect(port, sent))
        assert told.startswith(b"HTTP/1.1 200") == (b"keep-alive" in sent)


def test_a_body_earns_its_time_by_what_it_sends():
    bounds = ConnectionBounds(header_seconds=1, body_bytes_per_second=1000, idle_seconds=1)
    request = connections._Request(None)
    request._began = request._header_ended = 0.0
    assert [request.is_late(now, bounds) for now in (1.0, 1.1)] == [False, True]
    request.body_bytes_received = 5000
    assert [request.is_late(now, bounds) for now in (6.0, 6.1)] == [False, True]


@pytest.mark.parametrize("sent", [b"", HALF, SLOW], ids=["idle", "half a header", "half a body"])
def test_two_hundred_that_hang_keep_nobody_from_an_answer(sent):
    with served(small) as (port, server), contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(connect(port, sent))
        while len(server.active_channels) < 200:
            assert rest(connect(port, ALIVE)).startswith(b"HTTP/1.1 200")
        assert rest(connect(port, ALIVE)).startswith(b"HTTP/1.1 200")


def test_whoever_reads_nothing_holds_no_thread_and_is_closed():
    hasty = ConnectionBounds(header_seconds=60, body_bytes_per_second=1, idle_seconds=1)
    with served(large, bounds=hasty, threads=1) as (port, server), contextlib.ExitStack() as stack:
        for _ in range(4):
            deaf = stack.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", port))
            deaf.sendall(ALIVE)
        assert len(rest(connect(port, ALIVE))) > len(LARGE)
        while server.active_channels:
            time.sleep(0.05)
        assert len(rest(deaf)) < len(LARGE)


def test_more_than_a_process_may_hold_closes_the_largest(monkeypatch):
    monkeypatch.setattr(connections, "MOST_HELD_BYTES", 200_000)
    with served(small) as (port, _):
        heavy = connect(port, POSTED + b"Content-Length: 5000000\r\n\r\n" + b"x" * 300_000)
        light = connect(port, POSTED + b"Content-Length: 5\r\n\r\nab")
        assert rest(heavy) == b""
        with light:
            light.sendall(b"cde")
            assert light.recv(9).startswith(b"HTTP/1.1")


def test_at_the_most_connections_those_that_wait_longest_make_room(monkeypatch):
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 40)
    with served(small) as (port, _), contextlib.ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(connect(port))
        assert rest(connect(port, ALIVE)).startswith(b"HTTP/1.1 200")


def test_requests_for_which_other_processes_compute_hold_no_thread_of_the_others():
    entered, leave = threading.Semaphore(0), threading.Event()

    def waiting(environ, start_response):
        if environ["PATH_INFO"] == "/compute":
            entered.release()
            leave.wait(300)
        return small(environ, start_response)

    asked = ALIVE.replace(b"/healthz", b"/compute")
    with served(waiting, threads=1, more=2, away=lambda: 2) as (port, server), contextlib.ExitStack() as stack:
        held = [stack.enter_context(connect(port, asked)) for _ in range(2)]
        for _ in held:
            assert entered.acquire(timeout=300)
        assert not server.is_busy()
        assert rest(connect(port, ALIVE)).startswith(b"HTTP/1.1 200")
        leave.set()
        assert all(rest(each).startswith(b"HTTP/1.1 200") for each in held)


def test_a_process_whose_threads_are_all_busy_leaves_new_connections_to_the_others(monkeypatch):
    monkeypatch.setattr(connections, "LEAVES_S", 1e9)
    entered, leave = threading.Semaphore(0), threading.Event()

    def busy(environ, start_response):
        entered.release()
        leave.wait(300)
        return small(environ, start_response)

    with served(busy, threads=2, others=True) as (port, server):
        idle = connect(port)
        first = connect(port, ALIVE)
        assert entered.acquire(timeout=300)
        assert server.readable()
        second = connect(port, ALIVE)
        assert entered.acquire(timeout=300)
        assert not server.readable()
        leave.set()
        assert all(rest(each).startswith(b"HTTP/1.1 200") for each in (first, second))
        idle.close()


@pytest.mark.parametrize("others", [False, True])
def test_connections_that_never_rest_keep_no_new_one_out(others):
    with served(small, threads=1, others=others) as (port, _), connect(port) as restless:
        stop = threading.Event()

        def ask_on():
            while not stop.is_set():
                restless.sendall(ALIVE.replace(b"close", b"keep-alive") * 50)
                restless.recv(65_536)

        asking = threading.Thread(target=ask_on)
        asking.start()
        try:
            for _ in range(5):
                assert rest(connect(port, ALIVE)).startswith(b"HTTP/1.1 200")
        finally:
            stop.set()
            asking.join()


def test_the_loop_waits_for_a_thread_that_sends_and_does_not_turn_round_it(monkeypatch):
    monkeypatch.setattr(connections, "_SENDS_S", 300)
    held, channel, sent = threading.Event(), connections._Connection.__new__(connections._Connection), []
    channel.outbuf_lock, channel.total_outbufs_len, channel.adj = threading.Condition(), 0, connections.Adjustments()
    monkeypatch.setattr(channel, "_flush_some", lambda **_: sent.append(True), raising=False)

    def send():
        with channel.outbuf_lock:
            held.set()
            time.sleep(0.1)

    thread = threading.Thread(target=send)
    thread.start()
    held.wait(300)
    channel._flush_some_if_lockable()
    thread.join()
    assert sent


def test_a_request_learns_that_its_reader_has_left():
    entered, seen = threading.Semaphore(0), threading.Semaphore(0)

    def waiting(environ, start_response):
        entered.release()
        while not environ["waitress.client_disconnected"]():
            pass
        seen.release()
        return small(environ, start_response)

    with served(waiting) as (port, _):
        reader = connect(port, ALIVE)
        assert entered.acquire(timeout=300)
        reader.close()
        assert seen.acquire(timeout=300)


def test_bodies_come_whole_in_pieces_and_in_chunks_over_one_connection():
    body = bytes(range(256)) * 1000
    with served(small) as (port, _), connect(port) as connection:
        chunks = b"".join(
            b"%x;a=b\r\n%b\r\n" % (len(body[i : i + 999]), body[i : i + 999]) for i in range(0, 256_000, 999)
        )
        for sent in (
            SLOW.replace(b"50000", b"256000")[:-1] + body,
            CHUNKED + chunks + b"0\r\n\r\n",
            CHUNKED + chunks + b"0\r\nX-Trailer: 1\r\n\r\n",
        ):
            sender = threading.Thread(target=connection.sendall, args=(sent,))
            sender.start()
            with connection.makefile("rb") as answer:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += answer.readline()
                assert head.startswith(b"HTTP/1.1 200")
                assert answer.read(len(body)) == body
            sender.join()


@pytest.fixture(scope="module")
def running(invented):
    with site(invented, "serve", COMPUTE_PROCESSES="0") as (port, _):
        yield port


NO_REQUESTS = {
    b"hello\r\n\r\n": 400,
    b"get / HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"GET http://[ HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"GET / HTTP/1.1\r\n" + HOST + b"no colon\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n": 400,
    b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n": 400,
    b"\x16\x03\x01\x02\x00\x01" + b"x" * 60 + b"\r\n\r\n": 400,
    b"GET /?q=" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n": 414,
    b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 100_000 + b"\r\n\r\n": 431,
    POSTED + b"Content-Length: abc\r\n\r\n": 400,
    POSTED + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 400,
    POSTED + b"Content-Length: 6000000\r\n\r\n" + b" " * 6_000_000: 413,
    POSTED + b"Transfer-Encoding: gzip\r\n\r\n": 501,
    POSTED + b"Transfer-Encoding: gzip, chunked\r\n\r\n": 501,
    CHUNKED + b"zz\r\nab\r\n0\r\n\r\n": 400,
    CHUNKED + b"-5\r\nab\r\n0\r\n\r\n": 400,
    CHUNKED + b"2\r\nabcd\r\n0\r\n\r\n": 400,
    CHUNKED + b"\r\nab\r\n0\r\n\r\n": 400,
    CHUNKED + b"2\nab\n0\n\n": 400,
    CHUNKED + b"2;\x00=\r\nab\r\n0\r\n\r\n": 400,
    CHUNKED + b"0" * 100_000: 400,
    CHUNKED + b"0\r\n" + b"X" * 100_000: 400,
    CHUNKED + b"100000\r\n" + b" " * 0x100000 + b"\r\n" + (b"100000\r\n" + b" " * 0x100000 + b"\r\n") * 5: 413,
}


@pytest.mark.parametrize("sent", NO_REQUESTS, ids=[f"{sent[:60]!r}" for sent in NO_REQUESTS])
def test_what_is_no_request_is_told_so_in_both_languages(running, sent):
    status, headers, body = ask(running, sent)
    told = json.loads(body)
    assert (status, told["status"]) == (NO_REQUESTS[sent], NO_REQUESTS[sent])
    assert headers["content-type"] == problems.MEDIA_TYPE
    kind = problems.KINDS[told["type"].removeprefix("/api/problems/")]
    assert told["title"] == f"{kind.title.zh} {kind.title.en}"
    zh, _, en = told["detail"].partition(" / ")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in zh)
    assert en.isascii()
    assert fetch(f"http://127.0.0.1:{running}{told['type']}")


def test_an_address_may_be_typed_in_utf_8(running):
    end = b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    address = "/api/facilities?q=幼儿园&limit=3"
    raw = ask(running, b"GET " + address.encode() + end)
    encoded = ask(running, b"GET " + quote(address, safe="/?=&").encode() + end)
    assert (raw[0], raw[2]) == (200, encoded[2])
    assert ask(running, b"GET /api/facilities?q=\xff\xfe" + end)[0] == 400
    assert ask(running, "GET /没有 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())[0] == 404


def test_a_reload_loses_no_request(invented):
    with site(invented, "deploy", WEB_CONCURRENCY="2") as (port, process):
        before, stop, failed, answered = children(process.pid), threading.Event(), [], []

        def ask_on():
            while not stop.is_set():
                try:
                    body, _ = fetch(f"http://127.0.0.1:{port}/api/layers")
                    answered.append(len(body))
                except OSError as error:
                    failed.append(error)

        asking = [threading.Thread(target=ask_on) for _ in range(3)]
        for thread in asking:
            thread.start()
        os.kill(process.pid, signal.SIGHUP)
        while before & children(process.pid) or len(children(process.pid)) < 2:
            assert process.poll() is None
            time.sleep(0.05)
        count = len(answered)
        while len(answered) < count + 20 and not failed:
            assert process.poll() is None
            time.sleep(0.05)
        stop.set()
        for thread in asking:
            thread.join()
        assert failed == []
    assert process.returncode == 0


def test_a_reload_is_served_by_the_old_process_until_the_new_one_is_ready(invented):
    with site(invented, COMPUTE_PROCESSES="0") as (port, process):
        before = children(process.pid)
        os.kill(process.pid, signal.SIGHUP)
        while not (new := children(process.pid) - before):
            assert process.poll() is None
            time.sleep(0.05)
        for pid in new:
            os.kill(pid, signal.SIGSTOP)
        for _ in range(5):
            assert fetch(f"http://127.0.0.1:{port}/healthz")
        for pid in new:
            os.kill(pid, signal.SIGCONT)
        while before & children(process.pid):
            assert process.poll() is None
            assert fetch(f"http://127.0.0.1:{port}/healthz")
            time.sleep(0.05)
        assert fetch(f"http://127.0.0.1:{port}/healthz")
    assert process.returncode == 0


def children(pid):
    return {child.pid for child in psutil.Process(pid).children()}


def test_the_site_reads_its_bounds_from_its_settings(invented):
    with site(invented, "serve", HEADER_SECONDS="3", IDLE_SECONDS="3", COMPUTE_PROCESSES="0") as (port, _):
        for silent in [connect(port, sent) for sent in (b"", HALF, SLOW)]:
            assert rest(silent) == b""
        assert rest(connect(port, ALIVE)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("path", ["/download/service_map.gpkg", "/download/facilities.csv", "/static/map.js"])
def test_many_ranges_are_answered_whole(api, path):
    with api.get(path) as whole:
        content = whole.data
    many = ",".join(f"{3 * i}-{3 * i + 1}" for i in range(700))
    for asked in (f"bytes={many}", "bytes=0-,0-,0-", "lines=1-2", "bytes=a-b", "bytes="):
        with api.get(path, headers={"Range": asked}) as answer:
            assert (answer.status_code, answer.data) == (200, content), asked
    with api.get(path, headers={"Range": "bytes=2-5"}) as part:
        assert (part.status_code, part.data) == (206, content[2:6])


def test_the_files_beside_it_say_the_same_bounds():
    nginx = (Path(__file__).resolve().parents[2] / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for line in (
        "client_header_timeout 10s;",
        "client_body_timeout 10s;",
        "keepalive_timeout 30s;",
        "send_timeout 30s;",
    ):
        assert line in nginx
