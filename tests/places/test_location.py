"""Locations that people supply: a template out, a filled table in, and facilities that become surer."""

import csv

import pytest
from promises import commitment

from service_map.errors import InvalidParameterError
from service_map.places import locate, wgs84_to_gcj02
from service_map.places.location import (
    LOCATION_COLUMNS,
    apply_locations,
    export_locations,
    import_locations,
    write_locations,
)

QINSHUI = "qinshui-2021"


@pytest.fixture
def facilities(plans, gazetteer):
    return locate(
        [
            commitment(QINSHUI, 5, name="沁水县殡仪馆", category="funeral_home"),
            commitment(QINSHUI, 6, name="和园幼儿园"),
            commitment("jincheng-2021", 7, name="市传染病医院", category="infectious_hospital"),
        ],
        plans,
        gazetteer,
    )


@pytest.fixture
def template(tmp_path, facilities):
    path = tmp_path / "template.csv"
    export_locations(path, facilities)
    return path


def fill(path, **cells):
    """Fill the cells of the row of one facility, by its name."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.update(cells.get(row["name"], {}))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


POINT = {"lon": "112.2", "lat": "35.7", "source": "县民政局", "date": "2026-03-01"}


@pytest.fixture
def take(facilities, gazetteer):
    def run(path, datum="WGS84"):
        return import_locations(path, facilities, datum=datum, gazetteer=gazetteer)

    return run


def test_the_template_lists_what_is_imprecise_the_least_sure_first(template, facilities):
    with template.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert set(LOCATION_COLUMNS) <= set(rows[0])
    assert {row["id"] for row in rows} == {facility.id for facility in facilities}
    assert rows[0]["name"] == "晋城市传染病医院"
    assert all(row["lon"] == row["lat"] == "" for row in rows)


def test_an_empty_template_imports_nothing_and_complains_of_nothing(template, take):
    found = take(template)
    assert (found.read, found.blank, found.locations, found.problems) == (3, 3, (), ())


def test_a_filled_row_makes_its_facility_surer_and_keeps_its_id(template, take, facilities, gazetteer):
    found = take(fill(template, 沁水县殡仪馆=POINT))
    assert (found.problems, len(found.locations)) == ((), 1)
    after = {facility.id: facility for facility in apply_locations(facilities, found.locations)}
    assert set(after) == {facility.id for facility in facilities}
    before = next(facility for facility in facilities if facility.name == "沁水县殡仪馆")
    moved = after[before.id]
    assert (moved.lon, moved.lat, moved.precision, moved.uncertainty_m) == (112.2, 35.7, "site", 100.0)
    assert moved.point_source == "县民政局（2026-03-01）"
    assert moved.commitments == before.commitments
    assert sum(facility == after[facility.id] for facility in facilities) == 2


def test_a_gcj02_point_is_turned_into_wgs84(template, take):
    lon, lat = wgs84_to_gcj02(112.2, 35.7)
    filled = fill(template, 沁水县殡仪馆={**POINT, "lon": repr(lon), "lat": repr(lat)})
    (location,) = take(filled, datum="GCJ02").locations
    assert (location.lon, location.lat) == pytest.approx((112.2, 35.7), abs=1e-7)


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"lon": "35.7", "lat": "112.2"}, "lon, lat"),
        ({"lon": "116.4", "lat": "39.9"}, "lon, lat"),
        ({"lon": "112.2", "lat": ""}, "lon, lat"),
        ({"source": ""}, "source"),
        ({"date": "2026-02-30"}, "date"),
        ({"date": "March"}, "date"),
        ({"precision": "exact"}, "precision"),
        ({"uncertainty_m": "near"}, "uncertainty_m"),
        ({"id": "f000000000000"}, "id"),
    ],
)
def test_a_wrong_row_is_reported_by_number_and_nothing_is_half_imported(template, take, cells, column):
    found = take(fill(template, 沁水县殡仪馆={**POINT, **cells}, 和园幼儿园=POINT))
    assert [problem.column for problem in found.problems] == [column]
    assert found.problems[0].row in (2, 3, 4)
    assert found.locations == ()


def test_one_facility_twice_is_reported(template, take, facilities):
    twin = next(facility.id for facility in facilities if facility.name == "和园幼儿园")
    found = take(fill(template, 沁水县殡仪馆={**POINT, "id": twin}, 和园幼儿园=POINT))
    assert [(problem.column, "too" in problem.en) for problem in found.problems] == [("id", True)]


def test_a_table_without_a_stated_datum_is_refused(template, take):
    with pytest.raises(InvalidParameterError, match="datum"):
        take(template, datum=None)


def test_written_locations_come_back(template, take, tmp_path):
    found = take(fill(template, 沁水县殡仪馆={**POINT, "precision": "street", "uncertainty_m": "450"}))
    write_locations(tmp_path / "kept.csv", found.locations)
    again = take(tmp_path / "kept.csv")
    assert again.locations == found.locations
    assert again.locations[0].uncertainty_m == 450


def test_what_is_sure_already_is_not_asked_for_again(template, take, facilities, tmp_path):
    surer = apply_locations(facilities, take(fill(template, 沁水县殡仪馆=POINT)).locations)
    assert export_locations(tmp_path / "next.csv", surer) == 2
