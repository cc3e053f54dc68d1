"""Opening the database: what is refused and how, and how a rebuilt one is taken up."""

import os
import shutil
import sqlite3
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy.exc import DBAPIError

from service_map import store
from service_map.errors import StoreError
from service_map.store import queries
from service_map.store.database import file_connection, locate

REBUILD = "service-map build"


@pytest.fixture
def path(gpkg_url, tmp_path):
    """A copy of the built database that a test may spoil."""
    return Path(shutil.copy(locate(gpkg_url).path, tmp_path / "map.gpkg"))


def refusal(url):
    with pytest.raises(StoreError) as error:
        store.open_readonly(url)
    assert "\n" not in str(error.value)
    return error.value


def test_a_missing_file_is_named_with_the_command_that_builds_it(tmp_path):
    error = refusal(f"sqlite:///{tmp_path}/nothing.gpkg")
    assert "nothing.gpkg" in error.zh
    assert REBUILD in error.zh
    assert REBUILD in error.en
    assert not (tmp_path / "nothing.gpkg").exists(), "looking must not create the file"


@pytest.mark.parametrize(
    "content", [b"", b"SQLite format 3\0", b"hello, world" * 1000, b"\0" * 100_000, os.urandom(5000)]
)
def test_a_file_that_is_no_database_is_refused(tmp_path, content):
    path = tmp_path / "map.gpkg"
    path.write_bytes(content)
    assert REBUILD in refusal(f"sqlite:///{path}").en
    assert path.read_bytes() == content


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(path, share):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    assert REBUILD in refusal(f"sqlite:///{path}").en


def test_a_file_with_a_spoilt_page_is_refused(path):
    content = bytearray(path.read_bytes())
    size = int.from_bytes(content[16:18])
    # Every interior or leaf page of a table begins with its kind; spoil one in the middle of the file.
    pages = [start for start in range(size, len(content), size) if content[start] in {5, 13}]
    start = pages[len(pages) // 2]
    content[start : start + 64] = b"\xff" * 64
    path.write_bytes(content)
    assert REBUILD in refusal(f"sqlite:///{path}").en


def test_another_programs_database_is_refused(tmp_path):
    path = tmp_path / "map.gpkg"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE meta (key TEXT, value TEXT)")
    other.close()
    assert REBUILD in refusal(f"sqlite:///{path}").en


def test_a_geopackage_of_another_kind_is_refused(path):
    with sqlite3.connect(path) as other:
        other.execute("DROP TABLE meta")
    other.close()
    assert REBUILD in refusal(f"sqlite:///{path}").en


@pytest.mark.parametrize("version", ["0", "1", "999", "one"])
def test_a_database_of_another_schema_version_is_refused_with_both_versions(path, version):
    with sqlite3.connect(path) as other:
        other.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (version,))
    other.close()
    error = refusal(f"sqlite:///{path}")
    assert f"schema version {version}" in error.en
    assert f"needs {store.SCHEMA_VERSION}" in error.en
    assert REBUILD in error.zh


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path):
    (tmp_path / "map.gpkg").mkdir()
    assert REBUILD in refusal(f"sqlite:///{tmp_path}/map.gpkg").en


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///a.gpkg?mode=rw",
        "mysql://u:secret@h/d",
        "http://[",
        "foo://x",
    ],
)
def test_an_address_that_names_no_database_is_refused_without_telling_a_password(url):
    error = refusal(url)
    assert "DATABASE_URL" in error.en
    assert "secret" not in str(error)


@pytest.mark.postgis
def test_a_server_that_does_not_answer_is_named_without_its_password():
    error = refusal("postgresql://reader:secret@127.0.0.1:1/map")
    assert "127.0.0.1" in error.en
    assert "secret" not in str(error)


@pytest.mark.postgis
def test_a_server_without_data_names_the_command_that_builds_it(postgres):
    assert REBUILD in refusal(postgres.empty).en


@pytest.mark.postgis
def test_a_server_without_postgis_says_what_is_lacking(postgres, world):
    assert "CREATE EXTENSION postgis" in refusal(postgres.bare).en
    with pytest.raises(StoreError, match="CREATE EXTENSION postgis"):
        store.build(postgres.bare, geodata=world.geodata)


@pytest.mark.parametrize("name", ["with space.gpkg", "地图 数据.gpkg", "a?b#c%20d&e.gpkg", "quote'.gpkg"])
def test_any_characters_may_stand_in_the_path(world, tmp_path, name):
    url = f"sqlite:///{tmp_path}/库/{quote(name)}"
    store.build(url, geodata=world.geodata)
    assert (tmp_path / "库" / name).is_file()
    engine = store.open_readonly(url)
    with engine.connect() as conn:
        assert queries.facilities(conn).matched == 5
    engine.dispose()


def test_a_relative_path_is_read_from_the_working_folder_even_if_it_changes_later(world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store.build("sqlite:///var/map.gpkg", geodata=world.geodata)
    assert (tmp_path / "var" / "map.gpkg").is_file()
    engine = store.open_readonly("sqlite:///var/map.gpkg")
    monkeypatch.chdir("/")
    with engine.connect() as conn:
        assert queries.facilities(conn).matched == 5
    engine.dispose()


def test_nothing_can_be_written_through_the_readers_connection(conn):
    for statement in ("DELETE FROM citations", "CREATE TABLE x (y INTEGER)", "UPDATE meta SET value = 'x'"):
        with pytest.raises(DBAPIError, match=r"readonly|read-only"):
            conn.exec_driver_sql(statement)
        conn.rollback()


def test_a_file_in_a_folder_that_cannot_be_written_is_served(path):
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        engine = store.open_readonly(f"sqlite:///{path}")
        with engine.connect() as conn:
            assert queries.facilities(conn).matched == 5
        engine.dispose()
    finally:
        path.parent.chmod(0o755)


def test_a_rebuilt_database_is_taken_up_without_reopening(world, tmp_path, url_for_rebuild):
    store.build(url_for_rebuild, geodata=world.geodata)
    engine = store.open_readonly(url_for_rebuild)
    with engine.connect() as conn:
        assert queries.facilities(conn).matched == 5
        before = store.stamp(conn)
    with engine.connect() as conn:
        assert store.stamp(conn) == before, "the stamp holds while the data does"
    smaller = world.changed(tmp_path / "geodata", facilities=world.facilities[:3])
    store.build(url_for_rebuild, geodata=smaller)
    with engine.connect() as conn:
        assert queries.facilities(conn).matched == 3
        assert store.stamp(conn) != before
    engine.dispose()


@pytest.fixture(params=["gpkg", pytest.param("postgis", marks=pytest.mark.postgis)])
def url_for_rebuild(request, tmp_path):
    """A database of each kind that a test may rebuild."""
    if request.param == "gpkg":
        return f"sqlite:///{tmp_path}/rebuilt.gpkg"
    return request.getfixturevalue("postgres").other


def test_a_reader_keeps_its_state_until_its_transaction_ends(world, tmp_path):
    url = f"sqlite:///{tmp_path}/map.gpkg"
    store.build(url, geodata=world.geodata)
    engine = store.open_readonly(url)
    with engine.connect() as conn:
        assert queries.facilities(conn).matched == 5
        store.build(url, geodata=world.changed(tmp_path / "geodata", facilities=world.facilities[:2]))
        assert len(queries.facility_points(conn).id) == 5
        assert queries.facilities(conn, limit=1).matched == 5
    with engine.connect() as conn:
        assert queries.facilities(conn, limit=1).matched == 2
    engine.dispose()


def test_a_deleted_file_is_served_on_by_a_reader_that_had_it_open(path):
    engine = store.open_readonly(f"sqlite:///{path}")
    path.unlink()
    with engine.connect() as conn:
        assert queries.facilities(conn).matched == 5
    engine.dispose()


def edited(statement):
    """Spoil a copy by one statement of SQL."""

    def spoil(path):
        with sqlite3.connect(path) as changed:
            changed.execute("PRAGMA foreign_keys = OFF")
            changed.execute(statement)
        changed.close()

    return spoil


def page_spoilt(path):
    content = bytearray(path.read_bytes())
    size = int.from_bytes(content[16:18])
    pages = [start for start in range(size, len(content), size) if content[start] in {5, 13}]
    start = pages[len(pages) // 2]
    content[start : start + 64] = b"\xff" * 64
    path.write_bytes(content)


REPLACEMENTS = {
    "another schema": edited("UPDATE meta SET value = '999' WHERE key = 'schema_version'"),
    "no schema": edited("DELETE FROM meta"),
    "a table less": edited("DROP TABLE communities"),
    "a column less": edited("ALTER TABLE gaps RENAME COLUMN category TO kind"),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "a page spoilt": page_spoilt,
    "text": lambda path: path.write_text("hello, world" * 1000),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("spoil", REPLACEMENTS.values(), ids=REPLACEMENTS.keys())
def test_a_file_replaced_by_one_that_is_not_whole_is_read_on_and_the_next_good_one_is_taken_up(
    world, path, tmp_path, spoil, caplog
):
    url = f"sqlite:///{path}"
    engine = store.open_readonly(url)
    other = path.with_name("other.gpkg")
    shutil.copy(path, other)
    spoil(other)
    other.replace(path)
    for _ in range(3):
        with engine.connect() as conn:
            assert queries.facilities(conn).matched == 5
            assert REBUILD in store.refusal(conn).en
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "served on" in caplog.text
    refusal(url)
    store.build(url, geodata=world.changed(tmp_path / "geodata", facilities=world.facilities[:2]))
    with engine.connect() as conn:
        assert queries.facilities(conn).matched == 2
        assert store.refusal(conn) is None
    engine.dispose()


def test_a_file_that_a_desktop_program_has_open_is_served_with_its_edits(path):
    """QGIS switches a GeoPackage to a write-ahead log while it is open."""
    engine = store.open_readonly(f"sqlite:///{path}")
    with engine.connect() as conn:
        assert queries.facilities(conn).matched == 5
    editor = file_connection(path, "rw")
    assert editor.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    editor.execute("DELETE FROM citations WHERE facility = 'f000000000005'")
    editor.execute("DELETE FROM facilities WHERE id = 'f000000000005'")
    with engine.connect() as conn:
        assert queries.facilities(conn, limit=1).matched == 4
    editor.close()
    with engine.connect() as conn:
        assert queries.facilities(conn, limit=1).matched == 4
    engine.dispose()


def test_readers_see_the_old_data_or_the_new_never_a_mixture(world, tmp_path, url_for_rebuild):
    """Builds of 2 and of 5 facilities take turns while readers ask two questions in each transaction."""
    few = world.changed(tmp_path / "few", facilities=world.facilities[:2])
    store.build(url_for_rebuild, geodata=few)
    engine = store.open_readonly(url_for_rebuild)
    stop = threading.Event()
    seen, faults = Counter(), []

    def read():
        while not stop.is_set():
            try:
                with engine.connect() as conn:
                    points = len(queries.facility_points(conn).id)
                    page = queries.facilities(conn)
                    layers = sum(layer.facilities for layer in queries.layers(conn))
                    cited = sum(len(item.citations) for item in page.items)
                    seen[points, page.matched, layers, cited] += 1
            except Exception as error:  # noqa: BLE001 - any error at all is a failure of the swap
                faults.append(error)
                return

    two, five = (2, 2, 2, 3), (5, 5, 5, 6)
    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for turn in range(5):
            store.build(url_for_rebuild, geodata=few if turn % 2 else world.geodata)
            new, before = (two, five)[turn % 2 == 0], dict(seen)
            while seen[new] == before.get(new, 0) and not faults:
                time.sleep(0.01)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
        engine.dispose()
    assert faults == []
    assert set(seen) == {two, five}


@pytest.mark.postgis
def test_a_server_that_goes_away_and_comes_back_is_used_again(world, postgres):
    store.build(postgres.other, geodata=world.geodata)
    engine = store.open_readonly(postgres.other)
    with engine.connect() as conn:
        assert queries.facilities(conn).matched == 5
    postgres.sql("map", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'other'")
    with engine.connect() as conn:
        assert queries.facilities(conn).matched == 5
    engine.dispose()
