"""Building: what is put in, what is checked, and that the old database outlives every failure."""

import fcntl
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import builder
import pytest
from invention import LARGE
from program import forked
from sqlalchemy import Column, Engine, Index, Integer, MetaData, Text, event

from service_map import store
from service_map.catalogue.adcode import ancestors, prefix
from service_map.errors import GeodataError, ServiceMapError, StoreError
from service_map.store import queries
from service_map.store.models import SCHEMA_VERSION, TABLES, Meta, digest


def matched(url):
    engine = store.open_readonly(url)
    with engine.connect() as conn:
        number = queries.facilities(conn).matched
    engine.dispose()
    return number


def left_behind(folder):
    """What a build has left beside the database, but for the empty lock file."""
    return sorted(path.name for path in folder.iterdir() if path.name not in {"map.gpkg", ".map.gpkg.lock", "geodata"})


@pytest.fixture
def url(tmp_path):
    """Where a test may build."""
    return f"sqlite:///{tmp_path}/map.gpkg"


def test_a_build_reports_what_it_put_in(world, url):
    said = []
    report = store.build(url, geodata=world.geodata, plans_dir=world.plans_dir, progress=said.append)
    assert (report.rows["facilities"], report.rows["commitments"], report.rows["citations"]) == (5, 6, 6)
    assert (report.rows["plans"], report.rows["areas"], report.passages, report.missing_texts) == (2, 7, 6, ())
    assert said


def test_building_makes_the_folder_and_leaves_nothing_else_in_it(world, tmp_path):
    store.build(f"sqlite:///{tmp_path}/var/deep/map.gpkg", geodata=world.geodata)
    assert left_behind(tmp_path / "var" / "deep") == []


def test_equal_inputs_give_equal_files_but_for_the_time(world, url, tmp_path):
    dumps = []
    for _ in range(2):
        store.build(url, geodata=world.geodata)
        with sqlite3.connect(tmp_path / "map.gpkg") as file:
            file.execute("UPDATE meta SET value = '' WHERE key = 'built_at'")
            file.execute("UPDATE gpkg_contents SET last_change = ''")
            rows = [
                file.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()  # noqa: S608
                for table in (
                    "meta",
                    "categories",
                    "plans",
                    "areas",
                    "commitments",
                    "facilities",
                    "citations",
                    "gpkg_contents",
                )
            ]
        file.close()
        dumps.append(rows)
    assert dumps[0] == dumps[1]


def test_a_database_is_current_until_an_input_changes(world, url, tmp_path):
    assert not store.is_current(url, world.geodata)
    store.build(url, geodata=world.geodata)
    assert store.is_current(url, world.geodata)
    assert not store.is_current(url, world.geodata, world.plans_dir)
    store.build(url, geodata=world.geodata, plans_dir=world.plans_dir)
    assert store.is_current(url, world.geodata, world.plans_dir)
    assert not store.is_current(url, world.geodata)
    changed = world.changed(tmp_path / "geodata", facilities=world.facilities[:4])
    assert not store.is_current(url, changed, world.plans_dir)
    shutil.copytree(world.plans_dir, tmp_path / "texts")
    (tmp_path / "texts" / "city.txt").write_text("别的文字")
    assert not store.is_current(url, world.geodata, tmp_path / "texts")


@pytest.mark.postgis
def test_a_server_is_current_in_the_same_sense(world, postgres, tmp_path):
    store.build(postgres.other, geodata=world.geodata)
    assert store.is_current(postgres.other, world.geodata)
    assert not store.is_current(postgres.other, world.geodata, world.plans_dir)


def test_telling_that_a_database_is_current_costs_the_same_however_much_is_in_it(world, large, tmp_path, calls_of):
    small, big = f"sqlite:///{tmp_path}/small.gpkg", f"sqlite:///{tmp_path}/big.gpkg"
    store.build(small, geodata=world.geodata)
    store.build(big, geodata=large)
    asked = []
    note = lambda _conn, _cursor, statement, *_rest: asked.append(statement)  # noqa: E731
    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert store.is_current(small, world.geodata)
        few = calls_of(lambda: store.is_current(small, world.geodata))
        assert calls_of(lambda: store.is_current(big, large)) < 1.1 * few
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert store.is_current(big, large)
    assert asked
    assert not [statement for statement in asked if "facilities" in statement]


def test_a_passage_is_stored_only_where_its_text_is_at_hand_and_the_very_one(world, url, tmp_path):
    def passages():
        engine = store.open_readonly(url)
        with engine.connect() as conn:
            found = {item.id: item.passage for item in queries.commitments(conn).items}
        engine.dispose()
        return found

    store.build(url, geodata=world.geodata)
    assert set(passages().values()) == {None}

    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "county.txt").write_text(
        "第一章 老有所养\n新建虚构养老院2所。\n第二章 幼有所育\n到2024年在每个县新建幼儿园2所。\n"
    )
    report = store.build(url, geodata=world.geodata, plans_dir=texts)
    found = passages()
    assert found["county-4-000002"] == "到2024年在每个县新建幼儿园2所。"
    assert found["county-2-000001"] is None, "a line that reads otherwise is not the passage"
    assert found["city-4-000004"] is None
    assert report.missing_texts == ("county", "city")
    assert report.passages == 1


def test_an_empty_folder_of_texts_gives_no_passages_and_no_error(world, url, tmp_path):
    (tmp_path / "none").mkdir()
    report = store.build(url, geodata=world.geodata, plans_dir=tmp_path / "none")
    assert (report.passages, report.missing_texts) == (0, ("county", "city"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"commitments": ()}, "commitments"),
        ({"commitments": ("county-9-ffffff",)}, "county-9-ffffff"),
        ({"category": "moon_base"}, "moon_base"),
        ({"adcode": "140502"}, "140521"),  # the county's own plan promises it in another county
        ({"adcode": "110101"}, "110101"),
        ({"lon": 116.39, "lat": 39.91}, "outside"),
    ],
)
def test_a_facility_that_contradicts_the_rest_stops_the_build_and_the_old_database_stays(
    world, url, tmp_path, change, message
):
    store.build(url, geodata=world.geodata)
    before = (tmp_path / "map.gpkg").read_bytes()
    spoilt = [*world.facilities[:1], world.facility(9, change.pop("commitments", ("county-2-000001",)), **change)]
    with pytest.raises(GeodataError) as error:
        store.build(url, geodata=world.changed(tmp_path / "geodata", facilities=spoilt))
    assert message in error.value.en
    assert "\n" not in str(error.value)
    assert (tmp_path / "map.gpkg").read_bytes() == before
    assert left_behind(tmp_path) == []


def test_a_point_beyond_the_border_is_taken_as_far_as_its_own_uncertainty_reaches(world, url, tmp_path):
    # Some 4 km west of the county's western border.
    for uncertainty, fits in ((60_000.0, True), (100.0, False)):
        facility = world.facility(9, ("county-2-000001",), lon=111.85, lat=35.7, uncertainty_m=uncertainty)
        geodata = world.changed(tmp_path / "geodata", facilities=[facility])
        if fits:
            assert store.build(url, geodata=geodata).rows["facilities"] == 1
        else:
            with pytest.raises(GeodataError, match="outside"):
                store.build(url, geodata=geodata)


@pytest.mark.parametrize(
    "name", ["categories.toml", "plans.toml", "commitments.jsonl", "facilities.geojson", "place_aliases.toml"]
)
@pytest.mark.parametrize("fault", ["missing", "empty", "binary", "folder"])
def test_a_missing_or_damaged_file_of_the_open_data_is_named(world, url, tmp_path, name, fault):
    store.build(url, geodata=world.geodata)
    before = (tmp_path / "map.gpkg").read_bytes()
    folder = world.changed(tmp_path / "geodata")
    (folder / name).unlink()
    if fault == "empty":
        (folder / name).write_bytes(b"")
    elif fault == "binary":
        (folder / name).write_bytes(bytes(range(256)) * 20)
    elif fault == "folder":
        (folder / name).mkdir()
    with pytest.raises(ServiceMapError) as error:
        store.build(url, geodata=folder)
    assert isinstance(error.value, GeodataError)
    assert (tmp_path / "map.gpkg").read_bytes() == before
    assert left_behind(tmp_path) == []


def test_no_facilities_at_all_still_make_a_database(world, url, tmp_path):
    store.build(url, geodata=world.changed(tmp_path / "geodata", facilities=[]))
    engine = store.open_readonly(url)
    with engine.connect() as conn:
        assert queries.facilities(conn).items == ()
        assert queries.nearby(conn, 112, 35, 1000) == []
        assert sum(layer.facilities for layer in queries.layers(conn)) == 0
    engine.dispose()


def test_a_rebuilt_file_keeps_its_permissions_and_a_new_one_follows_the_umask(world, url, tmp_path):
    path = tmp_path / "map.gpkg"
    mask = os.umask(0o027)
    try:
        store.build(url, geodata=world.geodata)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o664)
    store.build(url, geodata=world.geodata)
    assert stat.S_IMODE(path.stat().st_mode) == 0o664


def test_a_link_to_the_database_stays_a_link(world, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "map.gpkg").symlink_to(tmp_path / "disk" / "real.gpkg")
    url = f"sqlite:///{tmp_path}/map.gpkg"
    for _ in range(2):
        store.build(url, geodata=world.geodata)
        assert (tmp_path / "map.gpkg").is_symlink()
        assert matched(url) == 5


# An editor that is killed: after its commit to the log, or before it ends its transaction.
EDIT = """
import os, sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute('PRAGMA journal_mode = MODE')
file.execute('PRAGMA cache_size = 1')
file.execute('BEGIN')
file.execute('UPDATE commitments SET note = hex(randomblob(20000))')
END
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_an_unfinished_journal_beside_the_old_file_does_not_reach_the_new_one(world, url, tmp_path, mode):
    """A desktop program that was killed in the middle of an edit leaves a journal; SQLite plays it into what it finds."""
    store.build(url, geodata=world.geodata)
    edit = EDIT.replace("MODE", mode).replace("END", "file.execute('COMMIT')" if mode == "WAL" else "pass")
    subprocess.run([sys.executable, "-c", edit, tmp_path / "map.gpkg"], check=False)
    assert left_behind(tmp_path), "the edit has left its journal"
    store.build(url, geodata=world.changed(tmp_path / "geodata", facilities=world.facilities[:2]))
    assert left_behind(tmp_path) == []
    assert matched(url) == 2
    with sqlite3.connect(tmp_path / "map.gpkg") as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert file.execute("SELECT max(length(note)) FROM commitments").fetchone() == (None,)
    file.close()


def test_what_a_killed_build_left_is_cleared_by_the_next(world, url, tmp_path):
    for name in (".map.gpkg.1-aaaa.new", ".map.gpkg.1-aaaa.new-journal"):
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / ".other.gpkg.1-aaaa.new").write_bytes(b"another database's")
    store.build(url, geodata=world.geodata)
    assert left_behind(tmp_path) == [".other.gpkg.1-aaaa.new"]


@pytest.fixture(scope="module")
def whole_build(large, tmp_path_factory):
    """How many statements a whole build of the large data asks of each kind of database, from writing on."""
    told = {}

    def count(url):
        kind = url.partition(":")[0]
        if kind not in told:
            done = forked(builder.build, url, str(large))
            assert done.returncode == 0, done.stderr
            told[kind] = int(done.stdout.splitlines()[-1])
        return told[kind]

    return count


@pytest.fixture
def build_until(large, whole_build):
    """Build in a process that is killed at a step, or at a share of the statements of a whole build to `of`."""

    def run(moment, url, *, of):
        if not isinstance(moment, str):
            moment = str(round(moment * whole_build(of)))
        assert forked(builder.build, url, str(large), moment).returncode == -signal.SIGKILL

    return run


@pytest.mark.parametrize("moment", ["读取", "写入", "检查", "换入", 0.1, 0.3, 0.5, 0.7])
def test_a_build_killed_in_the_middle_leaves_the_old_database_in_service(world, build_until, url, tmp_path, moment):
    """Killed at each step, and at shares of the statements between writing and putting in place."""
    store.build(url, geodata=world.geodata)
    before = (tmp_path / "map.gpkg").read_bytes()
    build_until(moment, url, of=f"sqlite:///{tmp_path}/whole/map.gpkg")
    assert (tmp_path / "map.gpkg").read_bytes() == before
    assert matched(url) == 5
    shutil.rmtree(tmp_path / "whole", ignore_errors=True)
    store.build(url, geodata=world.geodata)
    assert left_behind(tmp_path) == []


@pytest.mark.postgis
@pytest.mark.parametrize("moment", ["写入", "检查", "换入", 0.2, 0.5])
def test_a_build_killed_in_the_middle_leaves_the_old_schema_in_service(world, build_until, postgres, moment):
    store.build(postgres.other, geodata=world.geodata)
    build_until(moment, postgres.other, of=postgres.whole)
    assert matched(postgres.other) == 5
    store.build(postgres.other, geodata=world.geodata)
    schemas = postgres.sql("other", "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'service_map%'")
    assert schemas.split() == ["service_map"]


def test_a_full_disk_is_told_in_one_sentence_and_the_old_database_stays(world, large, url, tmp_path):
    """The limit on a file's size fails the same write that a full disk fails, wherever the tests run."""
    store.build(url, geodata=world.geodata)
    before = (tmp_path / "map.gpkg").read_bytes()
    done = forked(builder.build, url, str(large), "", 1_000_000)
    assert done.returncode == 2, done.stderr
    assert "could not be built" in done.stderr
    assert "unchanged" in done.stderr
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "map.gpkg").read_bytes() == before
    assert left_behind(tmp_path) == []


def test_a_really_full_file_system_is_told_the_same_way(world, large, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        url = f"sqlite:///{disk}/map.gpkg"
        store.build(url, geodata=world.geodata)
        with pytest.raises(StoreError, match="full"):
            store.build(url, geodata=large)
        assert matched(url) == 5
        assert left_behind(disk) == []
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.postgis
def test_a_server_whose_disk_is_full_is_told_the_same_way_and_keeps_the_old_schema(world, large, postgres, tmp_path):
    disk = Path(tempfile.mkdtemp(prefix="service-map-disk-"))  # where the server's own user may enter
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32m,mode=0777", "tmpfs", disk], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        disk.rmdir()
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        (disk / "space").mkdir()
        if os.geteuid() == 0:
            shutil.chown(disk / "space", "postgres", "postgres")
        postgres.sql("postgres", f"CREATE TABLESPACE small LOCATION '{disk}/space'")
        postgres.sql("postgres", "CREATE DATABASE small TABLESPACE small")
        postgres.sql("small", "CREATE EXTENSION postgis")
        url = f"{postgres.cluster.url}/small"
        store.build(url, geodata=world.geodata)
        (disk / "ballast").write_bytes(b"0" * (shutil.disk_usage(disk).free - 2_000_000))
        with pytest.raises(StoreError, match="No space left on device"):
            store.build(url, geodata=large)
        assert matched(url) == 5
        schemas = postgres.sql("small", "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'service_map%'")
        assert schemas.split() == ["service_map"]
        (disk / "ballast").unlink()
        store.build(url, geodata=large)
        assert matched(url) == LARGE
    finally:
        postgres.sql("postgres", "DROP DATABASE IF EXISTS small WITH (FORCE)")
        postgres.sql("postgres", "DROP TABLESPACE IF EXISTS small")
        subprocess.run(["umount", disk], check=True)
        disk.rmdir()


def test_a_place_that_cannot_be_written_is_told_in_one_sentence(world, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="could not be built"):
        store.build(f"sqlite:///{tmp_path}/file/map.gpkg", geodata=world.geodata)
    with pytest.raises(StoreError, match="could not be built"):
        store.build("sqlite:////proc/nowhere/map.gpkg", geodata=world.geodata)
    (tmp_path / "map.gpkg").mkdir()
    with pytest.raises(StoreError, match="could not be built"):
        store.build(f"sqlite:///{tmp_path}/map.gpkg", geodata=world.geodata)
    assert (tmp_path / "map.gpkg").is_dir()


def test_builds_at_the_same_time_wait_for_each_other_and_none_is_lost(world, large, url, tmp_path):
    # Held here until all four say that they wait, so that they surely meet.
    lock = os.open(tmp_path / ".map.gpkg.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    children = [
        subprocess.Popen([sys.executable, builder.__file__, url, geodata], stdout=subprocess.PIPE, text=True)
        for geodata in (large, world.geodata, large, world.geodata)
    ]
    for child in children:
        assert any("另一次建库" in line for line in child.stdout)
    os.close(lock)
    for child in children:
        child.communicate()
    assert [child.returncode for child in children] == [0, 0, 0, 0]
    assert matched(url) in {5, LARGE}
    assert left_behind(tmp_path) == []
    with sqlite3.connect(tmp_path / "map.gpkg") as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    file.close()


@pytest.mark.postgis
def test_builds_on_a_server_at_the_same_time_wait_for_each_other(world, postgres):
    faults = []

    def build():
        try:
            store.build(postgres.other, geodata=world.geodata)
        except Exception as error:  # noqa: BLE001
            faults.append(error)

    builders = [threading.Thread(target=build) for _ in range(4)]
    for one in builders:
        one.start()
    for one in builders:
        one.join()
    assert faults == []
    assert matched(postgres.other) == 5


@pytest.mark.postgis
def test_a_failed_build_on_a_server_leaves_the_old_schema_and_nothing_else(world, postgres, tmp_path):
    store.build(postgres.other, geodata=world.geodata)
    spoilt = world.changed(tmp_path / "geodata", facilities=[world.facility(9, ("county-2-000001",), adcode="140502")])
    with pytest.raises(GeodataError):
        store.build(postgres.other, geodata=spoilt)
    assert matched(postgres.other) == 5
    schemas = postgres.sql("other", "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'service_map%'")
    assert schemas.split() == ["service_map"]


@pytest.mark.postgis
@pytest.mark.parametrize("step", ["写入", "换入"])
def test_a_server_that_is_lost_between_two_steps_of_a_build_is_reached_again(world, postgres, step):
    store.build(postgres.other, geodata=world.geodata)

    def cut(line):
        if step in line:
            postgres.sql("map", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'other'")

    store.build(postgres.other, geodata=world.geodata, plans_dir=world.plans_dir, progress=cut)
    assert store.is_current(postgres.other, world.geodata, world.plans_dir)
    schemas = postgres.sql("other", "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'service_map%'")
    assert schemas.split() == ["service_map"]


@pytest.mark.postgis
def test_a_server_that_is_lost_while_it_is_filled_is_told_in_one_sentence_and_keeps_the_old_schema(world, postgres):
    store.build(postgres.other, geodata=world.geodata)

    def cut(line):
        if "检查" in line:
            postgres.sql("map", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'other'")

    with pytest.raises(StoreError) as error:
        store.build(postgres.other, geodata=world.geodata, plans_dir=world.plans_dir, progress=cut)
    assert "could not be built" in error.value.en
    assert "\n" not in str(error.value)
    assert matched(postgres.other) == 5
    assert not store.is_current(postgres.other, world.geodata, world.plans_dir)


@pytest.mark.postgis
def test_a_read_only_role_keeps_its_sight_through_a_rebuild(world, postgres):
    store.build(postgres.other, geodata=world.geodata)
    postgres.sql("other", 'CREATE ROLE "map Reader" LOGIN')
    postgres.sql("other", 'GRANT USAGE ON SCHEMA service_map TO "map Reader"')
    postgres.sql("other", 'GRANT SELECT ON ALL TABLES IN SCHEMA service_map TO "map Reader"')
    store.build(postgres.other, geodata=world.geodata)
    reader = postgres.other.replace("owner@", "map%20Reader@")
    assert matched(reader) == 5
    with pytest.raises(StoreError, match="permission denied"):
        store.build(reader, geodata=world.geodata)
    assert matched(reader) == 5


@pytest.mark.postgis
def test_a_swap_gives_way_to_a_long_reader_and_happens_after_it(world, postgres, tmp_path):
    store.build(postgres.other, geodata=world.geodata)
    engine = store.open_readonly(postgres.other)
    few = world.changed(tmp_path / "geodata", facilities=world.facilities[:2])
    builder = threading.Thread(target=lambda: store.build(postgres.other, geodata=few))
    with engine.connect() as conn:
        assert queries.facilities(conn).matched == 5
        builder.start()
        time.sleep(3)
        assert len(queries.facility_points(conn).id) == 5
    builder.join(timeout=300)
    assert not builder.is_alive()
    with engine.connect() as conn:
        assert queries.facilities(conn).matched == 2
    engine.dispose()


@pytest.mark.parametrize(
    ("adcode", "digits"), [("140000", "14"), ("140500", "1405"), ("140521", "140521"), ("140521101", "140521101")]
)
def test_the_digits_of_a_code_tell_what_lies_inside(adcode, digits):
    assert prefix(adcode) == digits


def test_the_areas_around_an_area_are_given_narrowest_first():
    assert ancestors("140521101") == ("140521", "140500", "140000")
    assert ancestors("140521") == ("140500", "140000")
    assert ancestors("140500") == ("140000",)
    assert ancestors("140000") == ()


def test_the_shipped_data_builds_and_every_facility_leads_to_its_plan(geodata, tmp_path):
    for name in ("commitments.jsonl", "facilities.geojson"):
        if not (geodata / name).is_file():
            pytest.skip(f"geodata/{name} has not been made yet")
    url = f"sqlite:///{tmp_path}/map.gpkg"
    report = store.build(url, geodata=geodata)
    engine = store.open_readonly(url)
    with engine.connect() as conn:
        page = queries.facilities(conn, limit=queries.MAX_LIMIT)
        assert page.matched == len(page.items) == report.rows["facilities"]
        # What no plan promises is listed by a file, which is its citation.
        ahead = [item for item in page.items if item.status != "existing"]
        promised = [item for item in ahead if item.source_title is None]
        assert {item.plan for item in promised} == {plan.id for plan in queries.plans(conn)}
        assert all(item.citations and item.citations[0].plan == item.plan for item in promised)
        assert all(citation.passage is None for item in page.items for citation in item.citations)
    engine.dispose()


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.append_column(Column("noun", Text)),
        lambda table: setattr(table.c.key, "nullable", True),
        lambda table: setattr(table.c.value, "type", Integer()),
        lambda table: Index("meta_value", table.c.value),
    ],
    ids=["another column", "a column that may be empty", "a column of another type", "an index"],
)
def test_a_table_that_changes_makes_another_schema_version(change):
    """A change of the tables must be seen by old databases, also where nobody thought of them."""
    table = Meta.__table__.to_metadata(MetaData())
    assert digest([table]) == digest([Meta.__table__])
    change(table)
    assert digest([table]) != digest([Meta.__table__])


def test_the_schema_version_is_that_of_every_table():
    assert digest(TABLES) == SCHEMA_VERSION != digest(TABLES[1:])


def test_the_lock_file_is_where_it_is_said_to_be(world, url, tmp_path):
    store.build(url, geodata=world.geodata)
    assert Path(tmp_path / ".map.gpkg.lock").stat().st_size == 0
