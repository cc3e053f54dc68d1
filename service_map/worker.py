"""The processes of a site: gunicorn keeps them, waitress their connections.

Gunicorn's first process loads this file and answers nothing; what only a worker needs is imported when that runs.
"""

import logging
import mmap
import os
import time
from types import FrameType
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.workers.base import Worker as BaseWorker
from waitress import wasyncore

from service_map import settings

if TYPE_CHECKING:
    from flask import Flask

    from service_map.web.connections import Server

# How long a stopping process keeps connections without a request, for one that a client may be sending already.
_LINGER_S = 2.0

# Shared by the first process with all that it forks: the ages of the newest process that was started, and that serves.
_AGES = mmap.mmap(-1, 16)
_STARTED, _SERVING = slice(0, 8), slice(8, 16)


class Worker(BaseWorker):  # type: ignore[misc]  # gunicorn has no types
    """A process that reads requests in a loop of its own and answers them in threads.

    Of gunicorn's settings ``threads``, ``max_requests`` and ``graceful_timeout`` are followed; how slow a client may
    be is said by `service_map.settings.connection_bounds`.
    """

    age: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _AGES[_STARTED] = self.age.to_bytes(8)
        self._servers: list[Server] = []
        self._channels: dict[int, Any] = {}

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop gracefully, at once and not when the loop next wakes up by itself."""
        super().handle_exit(sig, frame)
        for server in self._servers:
            server.pull_trigger()

    def run(self) -> None:
        """Serve until told to stop."""
        from service_map.web.connections import Server, allow_files
        from service_map.web.site import EXTENSION

        allow_files()
        # That requests wait for a thread is no news under load, and none of its lines would name a cause.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        bounds = settings.connection_bounds()
        pool = self.wsgi.extensions[EXTENSION].pool
        pool.prepare()
        self._servers = [
            Server(
                self.wsgi, listener.sock, self._channels, threads=self.cfg.threads, more=pool.threads, bounds=bounds,
                others=self.cfg.workers > 1, count=self._count, away=lambda: pool.taken,
            )
            for listener in self.sockets
        ]  # fmt: skip
        _AGES[_SERVING] = max(self.age.to_bytes(8), _AGES[_SERVING])
        while self.alive and self.ppid == os.getppid():
            self._turn(1.0)
        self._finish()

    def _count(self) -> None:
        self.nr += 1
        if self.nr >= self.max_requests:
            self.alive = False

    def _turn(self, seconds: float) -> None:
        from service_map.web.connections import LEAVES_S

        self.notify()
        if any(server.is_busy() for server in self._servers):
            seconds = min(seconds, LEAVES_S)
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._channels, count=1)
        for server in self._servers:
            server.tend()

    def _awaits_others(self) -> bool:
        """Say whether those that come in place of this one, after a reload, were started and do not serve yet."""
        theirs = (self.age + self.cfg.workers).to_bytes(8)
        return bool(_AGES[_STARTED] >= theirs > _AGES[_SERVING])

    def _finish(self) -> None:
        began = time.monotonic()
        while self._awaits_others() and time.monotonic() - began < self.cfg.graceful_timeout:
            self._turn(0.2)
        for server in self._servers:
            server.stop()
        began = time.monotonic()
        while any(server.active_channels for server in self._servers):
            waited = time.monotonic() - began
            if waited > self.cfg.graceful_timeout:
                return
            if waited > _LINGER_S:
                for server in self._servers:
                    server.close_waiting()
            self._turn(0.2)


def serve(config: settings.Settings, *, bind: str) -> None:
    """Serve the site of some settings by one process with the settings' threads, until told to stop.

    Parameters
    ----------
    config
        What to serve.
    bind
        Address to listen at, as ``127.0.0.1:8000``.
    """
    _Gunicorn(config, bind).run()


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, config: settings.Settings, bind: str) -> None:
        self._settings, self._bind = config, bind
        super().__init__()

    def load_config(self) -> None:
        for key, value in {"bind": self._bind, "worker_class": Worker, "threads": self._settings.threads,
                           "loglevel": "warning", "control_socket_disable": True}.items():  # fmt: skip
            self.cfg.set(key, value)

    def load(self) -> "Flask":
        from service_map import web

        return web.create_app(self._settings)
