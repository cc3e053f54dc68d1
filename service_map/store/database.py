"""Where the data stands and how it is opened: a GeoPackage file or a PostGIS schema, named by one URL.

A published database is never written to. A build puts a finished one in its place, and a running reader takes it up
at its next checkout from the pool: on SQLite by the identity of the file, on PostgreSQL by the lock on ``meta`` (see
`_server_engine`). Within one transaction a reader therefore sees the old data or the new, never both. A file that
comes into the place of another is opened and asked first; one that is not whole is not taken up (see `refusal`).
"""

import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, column, create_engine, event, make_url, select, table
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from service_map import settings
from service_map.errors import StoreError
from service_map.store.geometry import add_functions
from service_map.store.geopackage import APPLICATION_ID
from service_map.store.models import SCHEMA_VERSION, TABLES, Meta

SCHEMA = "service_map"
"""Schema of the published tables on PostgreSQL."""

_HEADER = b"SQLite format 3\x00"
_STAMP = "service_map_stamp"
_DAY = "service_map_day"
_REFUSED = "service_map_refused"

_log = logging.getLogger(__name__)

POSTGIS_SCHEMA = (
    "SELECT nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'postgis'"
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a database stands: a file's absolute path, or the URL of a server; exactly one of the two is set."""

    path: Path | None
    url: URL | None

    def __str__(self) -> str:
        """Name it to a user, without a password."""
        return str(self.path) if self.url is None else self.url.render_as_string(hide_password=True)


def locate(database_url: str) -> Target:
    """Read a database URL.

    Parameters
    ----------
    database_url
        ``sqlite:///relative/path.gpkg``, ``sqlite:////absolute/path.gpkg`` or ``postgresql://user@host/name``.

    Raises
    ------
    StoreError
        When it cannot be read, or names another kind of database, or no file.
    """
    try:
        url = make_url(database_url)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError) as error:
        raise _bad_url(database_url) from error
    if backend == "sqlite":
        if not url.database or url.database == ":memory:" or url.query:
            raise _bad_url(database_url)
        return Target(Path(url.database).absolute(), None)
    if backend in {"postgresql", "postgres"}:
        return Target(None, url.set(drivername="postgresql+psycopg"))
    raise _bad_url(url.render_as_string(hide_password=True))


def _bad_url(shown: str) -> StoreError:
    return StoreError(
        f"DATABASE_URL 应为 sqlite:///路径.gpkg 或 postgresql+psycopg://主机/库名，现为 {shown!r}",
        f"DATABASE_URL takes sqlite:///path.gpkg or postgresql+psycopg://host/name, not {shown!r}",
    )


def open_readonly(database_url: str, today: Callable[[], date] = settings.today) -> Engine:
    """Open the published database for reading, after checking that it is whole and of this program's schema.

    Parameters
    ----------
    database_url
        As for `locate`.
    today
        Gives the day on which states are told (`day_of`), asked once for each transaction.

    Returns
    -------
    Engine
        Pooled and safe to share between threads. It cannot write. A rebuilt database is taken up at the next connect.

    Raises
    ------
    StoreError
        When the database is missing, damaged, of another schema version, or its server does not answer; one sentence
        that names the command that rebuilds it.
    """
    target = locate(database_url)
    if target.path is not None:
        _check_file(target.path)
        engine = _file_engine(target.path)
    else:
        engine = _server_engine(target)
    try:
        event.listen(engine, "begin", lambda connection: connection.info.update({_DAY: today()}))
        with engine.connect() as connection:
            read_meta(connection)
    except StoreError:
        engine.dispose()
        raise
    except SQLAlchemyError as error:
        engine.dispose()
        raise _damaged(target.path) if target.path else _unreachable(target, error) from error
    return engine


def stamp(connection: Connection) -> str:
    """Name the state of the data behind a connection: changes whenever the data may have changed, and with the day.

    Parameters
    ----------
    connection
        From an engine of `open_readonly`.

    Returns
    -------
    str
        Good as a cache key or as part of an ETag.
    """
    if not connection.in_transaction():
        # The state is that of a transaction; a connection from the pool still carries that of the last one.
        connection.begin()
    state = connection.info.get(_STAMP)
    return f"{state}-{day_of(connection)}" if state else ""


def day_of(connection: Connection) -> date:
    """Give the day on which a transaction tells what is due and what has become of it.

    Parameters
    ----------
    connection
        From an engine of `open_readonly`; of any other it is the present day.
    """
    if not connection.in_transaction():
        connection.begin()
    found: date = connection.info.get(_DAY) or settings.today()
    return found


def refusal(connection: Connection) -> StoreError | None:
    """Tell why the data behind a connection is not that which stands in its place now.

    Parameters
    ----------
    connection
        From an engine of `open_readonly`.

    Returns
    -------
    StoreError or None
        What is wrong with the file that came into the place of the one that is read on; None where none was refused.
    """
    found: StoreError | None = connection.info.get(_REFUSED)
    return found


def read_meta(connection: Connection) -> dict[str, str]:
    """Read ``meta``: what the database says of itself.

    Parameters
    ----------
    connection
        To a built database.
    """
    return dict(connection.execute(select(Meta.key, Meta.value)).all())


def refuse_other_schema(version: str | None, target: Target) -> None:
    """Refuse a database that another version of the program built.

    Parameters
    ----------
    version
        Its ``schema_version``; None where it has none.
    target
        Where it stands.

    Raises
    ------
    StoreError
        Unless the version is this program's.
    """
    if version != str(SCHEMA_VERSION):
        raise StoreError(
            f"数据库 {target} 的结构版本是 {version or '未知'}，本程序要求 {SCHEMA_VERSION}；"
            "请运行 service-map build 重建",
            f"the database {target} has schema version {version or 'unknown'}, this program needs {SCHEMA_VERSION};"
            " rebuild it with: service-map build",
        )


def _check_file(path: Path) -> None:
    """Judge a file by its header and size, in constant time."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        raise StoreError(
            f"数据库 {path} 不存在；请运行 service-map build 建立",
            f"the database {path} does not exist; build it with: service-map build",
        ) from None
    except OSError as error:
        raise StoreError(
            f"数据库 {path} 无法读取：{error.strerror}；请检查路径和权限，或运行 service-map build 重建",
            f"the database {path} cannot be read: {error.strerror}; check the path, or rebuild with: service-map build",
        ) from error
    if len(header) < 100 or not header.startswith(_HEADER) or int.from_bytes(header[68:72]) != APPLICATION_ID:
        raise _damaged(path)
    # Bytes 16–17 hold the page size (1 means 65536) and 28–31 the number of pages: a cut copy is shorter than they say.
    page = int.from_bytes(header[16:18])
    if size < (65536 if page == 1 else page) * int.from_bytes(header[28:32]):
        raise _damaged(path)


def _damaged(path: Path) -> StoreError:
    return StoreError(
        f"数据库 {path} 已损坏或不是本程序的 GeoPackage；请运行 service-map build 重建",
        f"the database {path} is damaged or not a GeoPackage of this program; rebuild it with: service-map build",
    )


def _unreachable(target: Target, error: SQLAlchemyError) -> StoreError:
    reason = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()
    return StoreError(
        f"数据库 {target} 无法连接：{reason[0] if reason else ''}",
        f"the database {target} cannot be reached: {reason[0] if reason else ''}",
    )


class FileConnection(sqlite3.Connection):
    """A SQLite connection that remembers which file it opened: device, inode, size, time of change."""

    file_stamp: tuple[int, ...] | None = None


def file_connection(path: Path, mode: str) -> FileConnection:
    """Open a SQLite file by path, whatever characters the path holds, with the functions that geometry needs.

    Parameters
    ----------
    path
        Absolute.
    mode
        ``ro``, ``rw`` or ``rwc`` as in SQLite's URI file names.
    """
    # Taken before opening: a file replaced in between then looks older than it is, and the next checkout reopens it.
    stamp = _file_stamp(path)
    # quote: a path may hold ? # % and Chinese, all of which mean something in a URI.
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        check_same_thread=False,
        isolation_level=None,
        timeout=5,
        factory=FileConnection,
    )
    connection.file_stamp = stamp
    add_functions(connection)
    return connection


def _file_stamp(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    stamp: tuple[int, ...] = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    # A desktop program's edits may stand in the log beside the file for a while.
    with contextlib.suppress(OSError):
        log = path.with_name(f"{path.name}-wal").stat()
        stamp += (log.st_size, log.st_mtime_ns)
    return stamp


class _Judge:
    """Opens and asks a file before anybody reads it, once for each state of the file.

    Parameters
    ----------
    path
        Where it stands.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._judged: tuple[tuple[int, ...] | None, StoreError | None] = (None, None)

    def fault(self, stamp: tuple[int, ...] | None) -> StoreError | None:
        """Return what is wrong with the file, None where nothing is."""
        with self._lock:
            if stamp is None or stamp != self._judged[0]:
                self._judged = (stamp, _fault(self._path))
            return self._judged[1]

    def refused(self, stamp: tuple[int, ...]) -> StoreError | None:
        """Return why a file that came into the place of another is not taken up; said in the log once."""
        before = self._judged
        fault = self.fault(stamp)
        if fault is not None and before[0] != stamp:
            _log.error("not taken up, the data of before is served on: %s", fault.en)
        return fault


def _fault(path: Path) -> StoreError | None:
    """Open a file, ask every table for what the program reads of it, and look at every page."""
    try:
        _check_file(path)
        with contextlib.closing(file_connection(path, "ro")) as connection:
            meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
            refuse_other_schema(meta.get("schema_version"), Target(path, None))
            for each in TABLES:
                fields: list[Any] = [column(field.name) for field in each.columns]
                asked = select(*fields).select_from(table(each.name))
                connection.execute(f"{asked} LIMIT 1").fetchone()
            # Catches a page that a failing disk or a half-finished copy has spoilt, before a reader meets it.
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                return _damaged(path)
    except StoreError as error:
        return error
    except sqlite3.Error:
        return _damaged(path)
    return None


def _file_engine(path: Path) -> Engine:
    judge = _Judge(path)

    def connect() -> FileConnection:
        fault = judge.fault(_file_stamp(path))
        if fault is not None:
            raise fault
        connection = file_connection(path, "ro")
        connection.execute("PRAGMA query_only = ON")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=8, max_overflow=24)

    @event.listens_for(engine, "connect")
    def _adopt(connection: FileConnection, entry: ConnectionPoolEntry) -> None:
        try:
            meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        except sqlite3.DatabaseError as error:
            raise _damaged(path) from error
        refuse_other_schema(meta.get("schema_version"), Target(path, None))
        entry.info[_STAMP] = f"{meta.get('data_version', '')}-{connection.file_stamp}"

    @event.listens_for(engine, "checkout")
    def _renew(connection: FileConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        entry.info.pop(_REFUSED, None)
        now, before = _file_stamp(path), connection.file_stamp
        # A file that is gone for the moment leaves the open one readable: the last good data is better than none.
        if now is None or now == before:
            return
        # One that was written to in its own place is no longer there to be read on.
        refused = judge.refused(now) if before is not None and now[:2] != before[:2] else None
        if refused is None:
            raise DisconnectionError("the database file was replaced")
        entry.info[_REFUSED] = refused

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # The driver begins no transaction for a SELECT; one snapshot must hold for all statements of a request.
        connection.exec_driver_sql("BEGIN")

    return engine


def _server_engine(target: Target) -> Engine:
    assert target.url is not None  # noqa: S101 - the caller chose by it
    engine = server_engine(target.url, SCHEMA, read_only=True)

    @event.listens_for(engine, "begin")
    def _begin_schema(connection: Connection) -> None:
        # Reading ``meta`` first takes a lock that the swap of a build waits for, and it asks for that lock before any
        # other: so a transaction sees one state throughout, and the two cannot block each other.
        try:
            meta: dict[str, str] = dict(connection.exec_driver_sql("SELECT key, value FROM meta").all())
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) in {"42P01", "3F000"}:
                raise StoreError(
                    f"数据库 {target} 里还没有数据；请运行 service-map build 建立",
                    f"the database {target} holds no data yet; build it with: service-map build",
                ) from error
            raise
        refuse_other_schema(meta.get("schema_version"), target)
        connection.info[_STAMP] = f"{meta.get('data_version', '')}-{meta.get('built_at', '')}"

    return engine


def server_engine(url: URL, schema: str, *, read_only: bool) -> Engine:
    """Make an engine on a PostgreSQL server whose unqualified names mean the tables of one schema.

    Parameters
    ----------
    url
        With the driver psycopg.
    schema
        Comes first in the search path, before the schema that PostGIS was installed in.
    read_only
        Every transaction is read-only, whatever the role may do.
    """
    options = " -c default_transaction_read_only=on" if read_only else ""
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=24,
        connect_args={"connect_timeout": 5, "options": f"-c timezone=UTC{options}", "application_name": "service-map"},
    )

    @event.listens_for(engine, "connect")
    def _search(connection: Any, _entry: ConnectionPoolEntry) -> None:
        with connection.cursor() as cursor:
            row = cursor.execute(POSTGIS_SCHEMA).fetchone()
            if row is None:
                raise StoreError(
                    "PostgreSQL 库中没有 PostGIS 扩展；请由管理员运行 CREATE EXTENSION postgis",
                    "the PostgreSQL database lacks PostGIS; let an administrator run CREATE EXTENSION postgis",
                )
            cursor.execute(
                "SELECT set_config('search_path', quote_ident(%s) || ', ' || quote_ident(%s), false)", (schema, row[0])
            )
        connection.commit()

    return engine


def sync(path: Path) -> None:
    """Make a file or folder survive a power cut before what depends on it is done.

    Parameters
    ----------
    path
        Of a file, or of the folder whose entries have changed.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        # Some network file systems cannot sync a folder; the rename is then as safe as that system makes it.
        with contextlib.suppress(OSError) if path.is_dir() else contextlib.nullcontext():
            os.fsync(handle)
    finally:
        os.close(handle)
