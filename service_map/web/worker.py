"""The worker process of a site with several: gunicorn's threads, taking no more connections than they can work on.

A connection stays with the process that took it. Left to itself the first one awake takes all that come at once, and
the others idle while it is busy.
"""

from gunicorn.workers.gthread import ThreadWorker


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Leaves new connections to the other processes while every thread of its own is busy."""

    @property
    def worker_connections(self) -> int:
        """Connections that it may hold: as configured, or none further while no thread is free."""
        busy = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        return self._configured if busy < self.cfg.threads else 0

    @worker_connections.setter
    def worker_connections(self, most: int) -> None:
        self._configured = most
