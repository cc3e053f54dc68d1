"""Connections bounded in time and in what they hold: waitress reads requests and sends answers, threads only answer.

Waitress takes a request whole before a thread sees it, and hands the answer over to its loop, so that whoever sends or
reads slowly holds no thread. What it leaves open is said here: how long a request may take to arrive, how long a
connection may say nothing, how much all of them may hold, and in which words a request is refused that is none.
"""

import re
import resource
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from waitress.adjustments import Adjustments
from waitress.buffers import ReadOnlyFileBasedBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask
from waitress.utilities import BadRequest, Error, RequestHeaderFieldsTooLarge

from service_map.catalogue.messages import sentence
from service_map.settings import ConnectionBounds
from service_map.web import problems, security

MOST_CONNECTIONS = 1000
"""Connections that a process holds; at more, those that have waited longest without a request are closed."""

MOST_HELD_BYTES = 128_000_000
"""Bodies under way and answers not yet taken, of all connections of a process; above it the largest is closed."""

MOST_HEADER_BYTES = 32_768

LEAVES_S = 0.05
"""How long a process whose threads are all busy leaves new connections to the others."""

# All of it lies in memory, so that a full disk stops no answer; waitress would write what is larger to a file.
_IN_MEMORY_BYTES = 1 << 40
# After so many bytes it is asked anew how much is held, if a second has not yet gone by.
_ASK_EACH_BYTES = 16_777_216
# An answer larger than this that is made as it is read keeps its thread until the reader has taken the rest.
_AHEAD_BYTES = 16_777_216
_CHUNK_LINE_BYTES = 4096
_TAKEN_AT_ONCE = 64
_HELD_FOR_ONE_MORE = 32
_LINGER_S = 5.0
_SENDS_S = 0.002
_NOT_ASCII = re.compile(rb"[\x80-\xff]")


class _LineTooLong(RequestHeaderFieldsTooLarge):  # type: ignore[misc]  # waitress has no types
    code, reason = 414, "URI Too Long"


_TOLD = {
    400: ("bad-request", sentence("这不是 HTTP 请求，或分块有误")),
    413: ("too-large", sentence("请求体过大：至多 5 MB")),
    414: ("address-too-long", sentence("网址过长，请缩短查询参数")),
    431: ("header-too-large", sentence("请求头过大：至多 32 kB")),
    500: ("internal", sentence("服务器出现意外错误，已记入日志")),
    501: ("not-supported", sentence("不支持这种传输编码，只支持 chunked")),
}


class _Refusal:
    """The answer to what is no request: there is no route and often no header that would say the reader's language."""

    def __init__(self, error: Error) -> None:
        kind, self._told = _TOLD.get(error.code, _TOLD[400])
        self._kind = kind
        self._reason = error.reason

    def to_response(self, _ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        kind = problems.KINDS[self._kind]
        body = {
            "type": f"/api/problems/{self._kind}",
            "title": f"{kind.title.zh} {kind.title.en}",
            "status": kind.status,
            "detail": self._told.both,
        }
        headers = [
            ("Content-Type", problems.MEDIA_TYPE), ("Content-Language", "zh-CN, en"), ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"), ("Access-Control-Allow-Origin", "*"),
        ]  # fmt: skip
        return f"{kind.status} {self._reason}", headers, orjson.dumps(body)


class _Refuse(ErrorTask):  # type: ignore[misc]
    def execute(self) -> None:
        self.request.error = _Refusal(self.request.error)
        self.channel.refused = True
        super().execute()


class _Answer(WSGITask):  # type: ignore[misc]
    def build_response_header(self) -> bytes:
        if self.channel.server.stopping:
            # The next request must go to another process, so the client is told before it sends one.
            self.request.headers["CONNECTION"] = "close"
        header: bytes = super().build_response_header()
        return header


class _Request(HTTPRequestParser):  # type: ignore[misc]
    """A request while it arrives."""

    completed: bool
    error: Error | None

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self._began = time.time()
        self._header_ended: float | None = None

    def received(self, data: bytes) -> int:
        if self.chunked and self._has_no_size(data):
            self.error, self.completed = BadRequest("a chunk without a size"), True
            return len(data)
        taken: int = super().received(data)
        if isinstance(self.error, RequestHeaderFieldsTooLarge) and b"\r\n" not in self.header_plus:
            self.error = _LineTooLong(self.error.body)
        if self.chunked and not self.completed and self._has_no_end():
            self.error, self.completed = BadRequest("a line of the chunks without an end"), True
        if self.headers_finished and self._header_ended is None:
            self._header_ended = time.time()
        return taken

    def _has_no_size(self, data: bytes) -> bool:
        chunks = self.body_rcv
        at_size = not (chunks.chunk_remainder or chunks.validate_chunk_end or chunks.all_chunks_received)
        return at_size and not chunks.control_line and data.startswith(b"\r\n")

    def _has_no_end(self) -> bool:
        # Waitress looks through these from their start at every piece that arrives.
        line, trailer = self.body_rcv.control_line, self.body_rcv.trailer
        return b"\n" in line or len(line) > _CHUNK_LINE_BYTES or len(trailer) > MOST_HEADER_BYTES

    def parse_header(self, header_plus: bytes) -> None:
        """Take an address in UTF-8 as it is typed, which RFC 3986 wants percent-encoded; refuse what means two things.

        Two hosts (RFC 9112 section 3.2) and two ways to tell a body's length (section 6.1) are read differently by
        different servers in a row.
        """
        line, end, rest = header_plus.partition(b"\r\n")
        try:
            super().parse_header(_NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], line) + end + rest)
        except ValueError as error:  # an address that urllib.parse takes for none
            raise ParsingError(str(error)) from error
        if "," in self.headers.get("HOST", "") or (self.chunked and "CONTENT_LENGTH" in self.headers):
            raise ParsingError("more than one host or length")

    def is_late(self, now: float, bounds: ConnectionBounds) -> bool:
        if self._header_ended is None:
            return now - self._began > bounds.header_seconds
        earned: float = bounds.header_seconds + self.body_bytes_received / bounds.body_bytes_per_second
        return now - self._header_ended > earned


class _Connection(HTTPChannel):  # type: ignore[misc]
    parser_class = _Request
    task_class = _Answer
    error_task_class = _Refuse

    refused = False
    _lingers_until: float | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether no request of it is at work and no answer is on its way."""
        return not self.requests and not self.total_outbufs_len

    def is_overdue(self, now: float, bounds: ConnectionBounds) -> bool:
        if self._lingers_until is not None:
            return now > self._lingers_until
        if self.requests and not self.total_outbufs_len:
            return False
        if self.request is not None and self.is_waiting:
            late: bool = self.request.is_late(now, bounds)
            return late
        # Nobody sends, or nobody reads.
        return bool(now - self.last_activity > bounds.idle_seconds)

    def received(self, data: bytes) -> bool:
        self.server.taken += len(data)
        return bool(super().received(data))

    def held_bytes(self) -> int:
        """Count what lies in memory for it; a file that is sent as it is takes nothing."""
        requests = [*self.requests, *([self.request] if self.request is not None else [])]
        out = sum(len(buffer) for buffer in list(self.outbufs) if not isinstance(buffer, ReadOnlyFileBasedBuffer))
        return int(out + sum(request.body_bytes_received for request in requests))

    def readable(self) -> bool:
        return self._lingers_until is not None or bool(super().readable())

    def writable(self) -> bool:
        return self._lingers_until is None and bool(super().writable())

    def _flush_some_if_lockable(self, do_close: bool = True) -> None:
        # While a thread sends, the socket takes more and waitress's loop would turn without end, at the thread's cost.
        if self.outbuf_lock.acquire(timeout=_SENDS_S):
            try:
                super()._flush_some_if_lockable(do_close)
            finally:
                self.outbuf_lock.release()

    def handle_read(self) -> None:
        if self._lingers_until is None:
            super().handle_read()
        else:
            self.recv(self.adj.recv_bytes)  # which closes when the client has

    def handle_close(self) -> None:
        """Close; whoever is refused while still sending must be let finish, or the refusal is lost in a reset."""
        if self.refused and self._lingers_until is None and self.connected and not self.total_outbufs_len:
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            else:
                self._lingers_until = time.time() + _LINGER_S
                self.will_close = False
                return
        if self.request is not None:
            self.request.close()
        super().handle_close()


class Server(TcpWSGIServer):  # type: ignore[misc]
    """The connections of one listening socket.

    Parameters
    ----------
    application
        WSGI application.
    listener
        Bound already, shared with the other processes of the site.
    channels
        Waitress's sockets by their number, shared by the servers of a process.
    threads
        How many requests are answered at once, besides those for which other processes compute.
    more
        Threads for these.
    bounds
        How slow a client may be.
    others
        Whether other processes listen too.
    count
        Called for each request that is handed to a thread.
    away
        Says for how many requests other processes compute.

    Attributes
    ----------
    stopping
        Takes no more connections.
    taken
        Bytes of requests since it was last asked how much is held.
    """

    channel_class = _Connection

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        listener: socket.socket,
        channels: dict[int, Any],
        *,
        threads: int,
        bounds: ConnectionBounds,
        others: bool,
        count: Callable[[], None],
        more: int = 0,
        away: Callable[[], int] = int,
    ) -> None:
        self.stopping = False
        self.taken = 0
        self._busy_since: float | None = None
        self._bounds, self._threads, self._others, self._count, self._away = bounds, threads, others, count, away
        self._tended = 0.0
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(threads + more)
        super().__init__(
            application, channels, True, listener, dispatcher=dispatcher, bind_socket=False, adj=_adjusted(listener),
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        )  # fmt: skip

    def readable(self) -> bool:
        """Say whether to take new connections: one that comes while every thread is busy is left to the others a while.

        A connection stays with the process that took it. Left to itself the first one awake takes all that come at
        once, and the others idle while it is busy. Where all are busy, it must not wait until one of them is not:
        connections that are kept could go on asking for ever.
        """
        now = time.monotonic()
        self._busy_since = (self._busy_since or now) if self.is_busy() else None
        leaves = self._others and self._busy_since is not None and now - self._busy_since < LEAVES_S
        return bool(super().readable()) and not self.stopping and not leaves

    def handle_accept(self) -> None:
        """Take what waits: a few for each pass of the loop where others may take them too, else many at once.

        A pass looks at every connection that is held: with many of them one new one a pass would wait for its turn
        behind hundreds of others.
        """
        few = 1 + len(self.active_channels) // _HELD_FOR_ONE_MORE
        for _ in range(few if self._others else _TAKEN_AT_ONCE):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before:
                return

    def is_busy(self) -> bool:
        """Say whether every thread has a request, those apart for which other processes compute."""
        busy = sum(1 for channel in self.active_channels.values() if channel.requests)
        return busy - self._away() >= self._threads

    def add_task(self, task: _Connection) -> None:
        """Hand a request that has wholly arrived to a thread."""
        self._count()
        super().add_task(task)

    def maintenance(self, now: float) -> None:
        """Do nothing while the loop goes through the connections; `tend` closes them between two passes."""

    def tend(self) -> None:
        """Close what is overdue and what is too much; between two passes of the loop."""
        now = time.time()
        if len(self.active_channels) > MOST_CONNECTIONS:
            self._make_room()
        if 0 <= now - self._tended < 1 and self.taken < _ASK_EACH_BYTES:
            return
        self._tended, self.taken = now, 0
        for channel in list(self.active_channels.values()):
            if channel.is_overdue(now, self._bounds):
                channel.handle_close()
        held = {channel: channel.held_bytes() for channel in list(self.active_channels.values())}
        while sum(held.values()) > MOST_HELD_BYTES:
            largest = max(held, key=lambda channel: held[channel])
            del held[largest]
            largest.handle_close()

    def _make_room(self) -> None:
        waiting = [channel for channel in self.active_channels.values() if channel.is_waiting]
        waiting.sort(key=lambda channel: channel.last_activity)
        for channel in waiting[: len(self.active_channels) - MOST_CONNECTIONS]:
            channel.handle_close()

    def stop(self) -> None:
        """Take no more connections; what is at work is finished, and its clients are told to come anew."""
        self.stopping = True

    def close_waiting(self) -> None:
        """Close the connections on which nothing is at work."""
        for channel in list(self.active_channels.values()):
            if channel.is_waiting:
                channel.handle_close()


def allow_files() -> None:
    """Let this process open as many files as that many connections need, with those that they are sent."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 3 * MOST_CONNECTIONS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _adjusted(listener: socket.socket) -> Adjustments:
    # Which proxy is believed is TRUSTED_PROXIES' alone to say: its headers go through, and the application decides.
    return Adjustments(
        ident=None,
        server_name=str(listener.getsockname()[0]),
        clear_untrusted_proxy_headers=False,
        backlog=2048,
        connection_limit=2 * MOST_CONNECTIONS,  # never reached while some can make room
        max_request_header_size=MOST_HEADER_BYTES,
        max_request_body_size=security.MAX_ANALYSIS_BYTES + 1,
        inbuf_overflow=_IN_MEMORY_BYTES,
        outbuf_overflow=_IN_MEMORY_BYTES,
        outbuf_high_watermark=_AHEAD_BYTES,
        # So that a client is seen to leave while its request is at work: environ["waitress.client_disconnected"]().
        channel_request_lookahead=1,
    )
