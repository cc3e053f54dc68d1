"""A few processes that answer requests for a web process: bounded in time, memory and number, and ended with it.

Each runs the application itself; a request goes to it and the answer comes back as bytes. It holds an answer to a time
and a memory, and works for nobody who has left.
"""

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.abc import MetaPathFinder
from io import BytesIO
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from queue import SimpleQueue
from resource import RLIMIT_DATA, getrlimit, setrlimit
from threading import Condition, Lock, Thread
from typing import Any
from weakref import finalize

from flask import Flask
from werkzeug.test import run_wsgi_app

from service_map.errors import BusyError
from service_map.settings import Settings

WAIT_S = 10.0
"""How long a question waits for a process before it is told to come back."""

Answer = tuple[str, list[tuple[str, str]], bytes]
"""Status, headers and body."""

Order = tuple[dict[str, str], bytes]
"""The texts of a WSGI environment, and the body."""

_LOOK_S = 0.25  # how often whoever waits looks whether its own reader still does
_START_S = 60  # for loading the program, on a busy machine too
_GRACE_S = 5  # after which a process ends itself that nobody has ended
_PLACES = 16  # for each process: the one that it works for, and who waits
_NICE = 10  # pages first
_MB = 1 << 20


class ReaderGoneError(Exception):
    """Nobody waits for the answer."""


class LostError(Exception):
    """The process ended, or had to be ended, before it answered."""


# --- in a web process -------------------------------------------------------------------------------------------------


class Pool:
    """The computing processes of one web process, started as they are needed and ended with it.

    Parameters
    ----------
    settings
        Say how many, and what an answer may take.
    make_app
        Makes the application; it is called in each process.

    Attributes
    ----------
    size
        Most processes; 0 where the web process computes by itself.
    places
        Requests that may be computed or wait for it at once.
    threads
        Threads that a server needs for these, besides those for what answers at once.
    """

    def __init__(self, settings: Settings, make_app: Callable[[Settings], Flask]) -> None:
        self.size = settings.compute_processes
        self.places = self.size * _PLACES if self.size else max(1, settings.threads // 2)
        self.threads = self.places if self.size else 0
        self._settings, self._make_app = settings, make_app
        self._running: list[_Process] = []
        self._idle: list[_Process] = []
        self._count = self._taken = 0
        self._turn, self._starting = Condition(), Lock()
        self._nursery: list[_Nursery] = []
        finalize(self, _end_all, self._running, self._nursery)

    def prepare(self) -> None:
        """Begin to load the program, so that the first question does not wait for it."""
        with self._starting:
            if self.size and not self._nursery:
                self._nursery.append(_Nursery(self._settings, self._make_app))

    @property
    def taken(self) -> int:
        """How many places are taken."""
        return self._taken

    def refuse_if_full(self) -> None:
        """Raise `BusyError` where every place is taken, before a body is read."""
        if self._taken >= self.places:
            raise _busy()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take one of the places.

        Raises
        ------
        BusyError
            At once, when none is left.
        """
        with self._turn:
            self.refuse_if_full()
            self._taken += 1
        try:
            yield
        finally:
            with self._turn:
                self._taken -= 1

    def pids(self) -> list[int]:
        """Give the ids of the processes that run."""
        return [process.pid for process in list(self._running)]

    def ask(self, order: Order, *, reader: Mapping[str, Any]) -> Answer:
        """Have an order answered.

        Parameters
        ----------
        order
            The texts of a WSGI environment, and the body.
        reader
            The WSGI environment of who asks; see `_left`.
        """
        self._wait_for_turn(reader)
        process, fit = None, False
        try:
            process = self._free()
            answer, fit = process.ask(order, reader, self._settings.deadline_s)
        finally:
            if process is not None and not fit:
                self._end(process)
            with self._turn:
                self._count -= 1
                if process is not None and fit:
                    self._idle.append(process)
                self._turn.notify()
        return answer

    def _wait_for_turn(self, reader: Mapping[str, Any]) -> None:
        until = time.monotonic() + WAIT_S
        with self._turn:
            while self._count >= self.size:
                if time.monotonic() >= until:
                    raise _busy()
                self._turn.wait(_LOOK_S)
                if _left(reader):
                    raise ReaderGoneError
            self._count += 1

    def _free(self) -> "_Process":
        while self._idle:
            process = self._idle.pop()
            if process.lives():
                return process
            self._end(process)
        self.prepare()
        with self._starting:
            try:
                process = self._nursery[0].bear()
            except LostError:
                self._nursery.pop().kill()  # the next who asks tries again
                raise
        self._running.append(process)
        return process

    def _end(self, process: "_Process") -> None:
        process.kill()
        self._running.remove(process)


def _busy() -> BusyError:
    return BusyError("正在计算的问题太多，请稍后再试", "too many questions are being worked on, please try again later")


def _end_all(processes: "list[_Process]", nursery: "list[_Nursery]") -> None:
    for process in processes:
        process.kill()
    for loaded in nursery:
        loaded.kill()


class _Nursery:
    """A process that has loaded the application, has no threads, and forks itself whenever a computing one is needed.

    This one has threads and cannot be forked; one started afresh would take seconds, and share no memory.
    """

    def __init__(self, settings: Settings, make_app: Callable[[Settings], Flask]) -> None:
        self._pipe, theirs = Pipe()
        here = Path(__file__).resolve().parents[2]
        self._process = subprocess.Popen(  # noqa: S603 - this very Python, and the program below
            [sys.executable, "-c", "from service_map.web.pool import main; main()", str(theirs.fileno())],
            pass_fds=[theirs.fileno()], start_new_session=True, stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(here), *filter(None, sys.path)])},
        )  # fmt: skip
        theirs.close()
        # What was settled of a request on its way there holds: proxies are believed once.
        told = replace(settings, compute_processes=0, trusted_proxies=0, metrics=False, access_log=False)
        with suppress(OSError):  # one that has ended already says nothing either, when it is asked
            self._pipe.send((told, make_app))

    def bear(self) -> "_Process":
        """Give a new process."""
        ours, theirs = Pipe()
        with theirs:
            try:
                send_handle(self._pipe, theirs.fileno(), self._process.pid)
                if not self._pipe.poll(_START_S):
                    raise LostError("the processes that compute do not start")
                return _Process(self._pipe.recv(), ours)
            except (EOFError, OSError) as error:
                ours.close()
                raise LostError("the processes that compute do not start") from error

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._pipe.close()


class _Process:
    """One computing process, as the web process holds it."""

    def __init__(self, pid: int, pipe: "Connection[Any, Any]") -> None:
        self.pid, self._pipe = pid, pipe

    def lives(self) -> bool:
        """Say whether it waits for an order: an answer that nobody asked for is its end."""
        return not self._pipe.poll()

    def ask(self, order: Order, reader: Mapping[str, Any], seconds: float) -> tuple[Answer, bool]:
        """Give the answer, and whether the process is fit for another."""
        until = time.monotonic() + seconds
        try:
            self._pipe.send(order)
            while not self._pipe.poll(_LOOK_S):
                if time.monotonic() >= until:
                    raise LostError(f"no answer within {seconds} s")
                if _left(reader):
                    raise ReaderGoneError
            found: tuple[Answer, bool] = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise LostError("the process ended before it answered") from error
        return found

    def kill(self) -> None:
        """End it, and what it has started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._pipe.close()


def _left(reader: Mapping[str, Any]) -> bool:
    """Say whether who asked has closed the connection, as far as the server lets an application see that."""
    told = reader.get("waitress.client_disconnected")
    if callable(told):
        return bool(told())
    connection = reader.get("werkzeug.socket")
    if not isinstance(connection, socket.socket):
        return False
    try:
        # Nothing is taken from it: the next request on it may lie there already.
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        return True


# --- in a computing process -------------------------------------------------------------------------------------------


def main() -> None:
    """Load the application that is told on the pipe of that number, and fork whenever another pipe comes."""
    control: Connection[Any, Any] = Connection(int(sys.argv[1]))
    os.nice(_NICE)
    sys.meta_path.insert(0, _Unneeded())
    settings, make_app = control.recv()
    app = make_app(settings)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # none is waited for
    while True:
        try:
            number = recv_handle(control)
        except (EOFError, OSError, RuntimeError):
            os._exit(0)
        pid = os.fork()
        if not pid:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _serve(Connection(number), app, settings)
        os.close(number)
        control.send(pid)


def _serve(pipe: "Connection[Any, Any]", app: Flask, settings: Settings) -> None:
    """Answer one order after the other until the web process ends."""
    os.setsid()
    orders: SimpleQueue[Order] = SimpleQueue()
    Thread(target=_listen, args=(pipe, orders), daemon=True).start()
    bound = _Bound(settings.compute_mb * _MB)
    while True:
        environ, body = orders.get()
        # The web process ends one that is late; this, one whose web process was killed and that hears of nothing.
        signal.setitimer(signal.ITIMER_REAL, settings.deadline_s + _GRACE_S)
        answer = _answer(app, environ, body)
        signal.setitimer(signal.ITIMER_REAL, 0)
        pipe.send((answer, bound.is_kept()))


class _Unneeded(MetaPathFinder):
    """Hides what GDAL's, Arrow's and folium's packages load wherever it is installed, 80 MB that no answer needs."""

    def find_spec(self, name: str, _path: object, _target: object = None) -> None:
        if name in {"geopandas", "pandas"}:
            raise ModuleNotFoundError(name)


def _listen(pipe: Connection, orders: "SimpleQueue[Order]") -> None:
    try:
        while True:
            orders.put(pipe.recv())
    except (EOFError, OSError, pickle.UnpicklingError):
        os.killpg(0, signal.SIGKILL)


def _answer(app: Flask, texts: Mapping[str, str], body: bytes) -> Answer:
    environ = {
        **texts, "wsgi.version": (1, 0), "wsgi.input": BytesIO(body), "wsgi.errors": sys.stderr,
        "wsgi.multithread": False, "wsgi.multiprocess": True, "wsgi.run_once": False,
    }  # fmt: skip
    blocks, status, headers = run_wsgi_app(app, environ, buffered=True)
    return status, list(headers), b"".join(blocks)


@dataclass(slots=True)
class _Bound:
    """Holds this process to so many bytes beyond what it has now, where the system can (Linux, not macOS)."""

    most: int
    begun: int = 0

    def __post_init__(self) -> None:
        self.begun = _held()
        _soft, hard = getrlimit(RLIMIT_DATA)
        if self.begun:
            setrlimit(RLIMIT_DATA, (self.begun + self.most, hard))

    def is_kept(self) -> bool:
        """Say whether an answer has left enough for the next."""
        return _held() - self.begun <= self.most // 2


def _held() -> int:
    """Give the bytes of private, writable memory of this process; 0 where nobody says."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
