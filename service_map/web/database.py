"""The web's hold on the database: opened read-only at the first request, followed when a build replaces the data."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import TypeVar

from sqlalchemy import Connection, Engine

from service_map.store import open_readonly, stamp
from service_map.store.database import locate

T = TypeVar("T")

# Connections that are opened before they are needed: once a damaged file stands in the place of the one that they have
# open, no further one can be.
_HELD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One transaction on one version of the data.

    Attributes
    ----------
    conn
        For `service_map.store.queries`.
    version
        Names the data and the day: equal names, equal answers. Goes into the ETag.
    """

    conn: Connection
    version: str
    _kept: dict[Hashable, object] = field(repr=False)

    def keep(self, key: Hashable, make: Callable[[Connection], T]) -> T:
        """Compute once for each version of the data what many requests need.

        Parameters
        ----------
        key
            Names what is kept; from a small fixed set, never from a user's text.
        make
            Computes it from the connection.
        """
        if key not in self._kept:
            # Two threads may both compute it; the results are equal, so a lock would only make one of them wait.
            self._kept[key] = make(self.conn)
        return self._kept[key]  # type: ignore[return-value]  # one key always holds one type


class Database:
    """The database of one application, shared by its threads.

    Parameters
    ----------
    url
        SQLAlchemy's address of the database. Nothing is opened before the first request, so that the site can say in
        words that the database is missing, and serve as soon as it is there.
    today
        Gives the day on which answers are given; with the data it is their version.
    """

    def __init__(self, url: str, today: Callable[[], date]) -> None:
        self.url, self._today = url, today
        self._engine: Engine | None = None
        self._lock = Lock()
        self._kept: tuple[str, dict[Hashable, object]] = ("", {})

    @property
    def file(self) -> Path | None:
        """The GeoPackage file, or None where the data stands on a server."""
        return locate(self.url).path

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Give one transaction, for one request.

        Raises
        ------
        StoreError
            When the database is missing, damaged or of another schema version.
        """
        with self._open().connect() as conn:
            version = blake2b(stamp(conn).encode(), digest_size=8).hexdigest()
            yield Reading(conn=conn, version=version, _kept=self._keeper(version))

    def _open(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = open_readonly(self.url, self._today)
            return self._engine

    def _hold(self, engine: Engine) -> None:
        if self.file is not None:
            with ExitStack() as held:
                for _ in range(_HELD):
                    held.enter_context(engine.connect())

    def _keeper(self, version: str) -> dict[Hashable, object]:
        # A slow request that still reads the old data may put its own dict back for a moment: that costs a little work
        # and never mixes versions.
        kept = self._kept
        if kept[0] != version:
            kept = self._kept = (version, {})
            self._hold(self._open())
        return kept[1]
