"""What stands already is stored beside what is promised, and ids that went leave a trace."""

import csv

import pytest

from service_map import store
from service_map.errors import GeodataError, GoneError, InvalidParameterError, NotFoundError
from service_map.places import Retired, write_retired
from service_map.places.existing import EXISTING_COLUMNS
from service_map.store import FacilityFilter, queries

SCHOOL = ("140521", "primary_school", "f0000000000a1", "端氏小学", "112.5119", "35.6674", "100", "school", "7", "2024",
          "OpenStreetMap", "ODbL 1.0")  # fmt: skip
UNNAMED = ("140502", "park_green", "f0000000000a2", "", "112.8513", "35.5002", "300", "park", "", "2024-06",
           "某局", "CC0")  # fmt: skip
HOMES = ("140521", "residential", "f0000000000a3", "梅苑小区", "112.1810", "35.6910", "300", "residential", "8", "2024",
         "OpenStreetMap", "ODbL 1.0")  # fmt: skip
GONE, MOVED = "f00000000dead", "f00000000feed"


def write_tables(folder, *rows, retired=()):
    with (folder / "existing.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([EXISTING_COLUMNS, *rows])
    write_retired(folder / "retired.csv", retired)
    return folder


def merged(world):
    return [
        Retired(id=GONE, successor="", date="2025-01-01", reason="dropped"),
        Retired(id=MOVED, successor=world.facilities[0].id, date="2025-01-01", reason="merged"),
    ]


@pytest.fixture(params=["gpkg", pytest.param("postgis", marks=pytest.mark.postgis)])
def conn(request, world, tmp_path):
    """A connection to each kind of database in turn, built from the invented world and what stands in it."""
    folder = write_tables(world.changed(tmp_path / "geodata"), SCHOOL, UNNAMED, HOMES, retired=merged(world))
    url = f"sqlite:///{tmp_path}/map.gpkg" if request.param == "gpkg" else request.getfixturevalue("postgres").other
    report = store.build(url, geodata=folder)
    assert (report.rows["facilities"], report.rows["communities"], report.rows["retired"]) == (
        len(world.facilities) + 2, 1, 2,
    )  # fmt: skip
    engine = store.open_readonly(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_an_existing_facility_has_a_source_and_no_citation(conn):
    school = queries.facility(conn, "f0000000000a1")
    assert (school.status, school.plan, school.plan_title, school.citations) == ("existing", None, None, ())
    assert (school.point_source, school.point_licence) == ("OpenStreetMap", "ODbL 1.0")
    assert (school.status_date, school.status_source, school.basis) == ("2024", "OpenStreetMap", "record")
    assert (school.category_zh, school.area_name) == ("小学", "沁水县")


def test_one_without_a_name_is_called_by_place_and_category(conn):
    park = queries.facility(conn, "f0000000000a2")
    assert (park.name, park.name_given) == ("城区公园绿地", False)


def test_promised_ones_can_be_asked_for_alone(conn, world):
    everything = queries.facilities(conn)
    promised = queries.facilities(conn, FacilityFilter(promised=True))
    assert {item.id for item in promised.items} == {facility.id for facility in world.facilities}
    assert all(item.citations for item in promised.items)
    assert everything.matched == promised.matched + 2
    assert queries.facilities(conn, FacilityFilter(status="existing")).matched == 2


def test_counts_of_areas_are_of_what_is_promised(conn, world):
    county = queries.area(conn, "140521")
    assert county.facilities == sum(facility.adcode == "140521" for facility in world.facilities)


def test_what_stands_already_stands_by_any_year(conn):
    found = {item.id for item in queries.facilities(conn, FacilityFilter(year=2020)).items}
    assert found == {"f0000000000a1", "f0000000000a2"}


def test_analyses_see_both(conn, world):
    points = queries.facility_points(conn)
    assert len(points.id) == len(world.facilities) + 2
    assert (points.status == "existing").sum() == 2


def test_communities_are_demand_points_and_no_facilities(conn):
    (homes,) = queries.communities(conn)
    assert (homes.name, homes.adcode, homes.source, homes.licence) == (
        "梅苑小区", "140521", "OpenStreetMap", "ODbL 1.0",
    )  # fmt: skip
    assert (homes.lon, homes.lat) == pytest.approx((112.1810, 35.6910))
    assert queries.communities(conn, area="140500") == (homes,)
    assert queries.communities(conn, area="140502") == ()
    with pytest.raises(InvalidParameterError):
        queries.communities(conn, area="999999")
    with pytest.raises(NotFoundError):
        queries.facility(conn, homes.id)


def test_an_id_that_went_says_so_and_leads_to_its_successor(conn, world):
    with pytest.raises(GoneError) as gone:
        queries.facility(conn, GONE)
    assert gone.value.successor is None
    assert "2025-01-01" in gone.value.en
    with pytest.raises(GoneError) as moved:
        queries.facility(conn, MOVED)
    assert moved.value.successor == world.facilities[0].id
    with pytest.raises(NotFoundError):
        queries.facility(conn, "f0000000beef")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((*SCHOOL[:1], "castle", *SCHOOL[2:]), "castle"),
        (("999999", *SCHOOL[1:]), "999999"),
        ((*SCHOOL[:2], "f000000000001", *SCHOOL[3:]), "f000000000001"),
    ],
)
def test_a_row_that_contradicts_the_data_stops_the_build_and_the_old_database_stands(world, tmp_path, row, words):
    url = f"sqlite:///{tmp_path}/map.gpkg"
    folder = write_tables(world.changed(tmp_path / "geodata"), SCHOOL)
    store.build(url, geodata=folder)
    good = (tmp_path / "map.gpkg").read_bytes()
    write_tables(folder, UNNAMED, row)
    with pytest.raises(GeodataError, match=words):
        store.build(url, geodata=folder)
    assert (tmp_path / "map.gpkg").read_bytes() == good


@pytest.mark.parametrize(
    "entry",
    [
        Retired(id="f000000000001", successor="", date="2025-01-01", reason="dropped"),
        Retired(id=MOVED, successor="f00000000cafe", date="2025-01-01", reason="merged"),
    ],
)
def test_a_retired_id_in_use_or_leading_nowhere_stops_the_build(world, tmp_path, entry):
    folder = write_tables(world.changed(tmp_path / "geodata"), SCHOOL, retired=[entry])
    with pytest.raises(GeodataError, match=r"retired\.csv"):
        store.build(f"sqlite:///{tmp_path}/map.gpkg", geodata=folder)


def test_a_new_table_of_what_exists_makes_the_database_stale(world, tmp_path):
    url = f"sqlite:///{tmp_path}/map.gpkg"
    folder = world.changed(tmp_path / "geodata")
    store.build(url, geodata=folder)
    assert store.is_current(url, folder)
    write_tables(folder, SCHOOL)
    assert not store.is_current(url, folder)
