"""Every answer that these tests see is converted into its declared type (`declared.check_response`); a lie is found."""

import msgspec
import pytest
from declared import check

from service_map.catalogue.fields import fields_of
from service_map.store import AreaRecord, CommitmentRecord, FacilityRecord, IndicatorRecord, PlanRecord
from service_map.store.data_dictionary import FIELDS, dictionary
from service_map.store.models import TABLES


def test_a_member_that_is_not_declared_is_found_and_so_is_a_value_that_is_not(api):
    told = api.get("/api/facilities?limit=1").get_json(force=True)
    check("FacilityCollection", told)
    properties = told["features"][0]["properties"]
    for name, value in (("status", "demolished"), ("year", "2024"), ("uncertainty_m", -1), ("colour", "red")):
        told["features"][0]["properties"] = properties | {name: value}
        with pytest.raises(msgspec.ValidationError, match=name):
            check("FacilityCollection", told)
    told["features"][0]["properties"] = {name: value for name, value in properties.items() if name != "basis"}
    with pytest.raises(msgspec.ValidationError, match="basis"):
        check("FacilityCollection", told)


def test_a_member_that_a_nested_answer_does_not_declare_is_found(api):
    told = api.get("/api/circle?lon=112.1872&lat=35.6903").get_json(force=True)
    check("Circle", told)
    told["verdicts"][0]["mood"] = "good"
    with pytest.raises(AssertionError):
        check("Circle", told)


@pytest.mark.parametrize(
    ("table", "record"),
    [
        ("facilities", FacilityRecord),
        ("areas", AreaRecord),
        ("plans", PlanRecord),
        ("commitments", CommitmentRecord),
        ("indicators", IndicatorRecord),
    ],
)
def test_the_database_and_the_layers_have_what_a_record_declares_and_say_what_it_means(api, table, record):
    stored = {field.name: field.about.both for field in fields_of(record) if field.stored}
    columns = {column.name: column.comment for made in TABLES if made.name == table for column in made.columns}
    assert {name: columns[name] for name in columns if name not in {"fid", "geom"}} == stored
    shown = api.get(f"/ogc/collections/{table}/schema?lang=en").get_json(force=True)["properties"]["properties"]
    # The state is derived for the day, and stands in no column.
    derived = {"state", "state_as_of"} if record is FacilityRecord else set()
    meant = {
        field.name: field.about.en
        for field in fields_of(record)
        if (field.stored or field.name in derived) and field.name != "id"
    }
    assert {name: of["title"] for name, of in shown["properties"].items()} == meant


def test_downloads_and_their_dictionary_have_what_a_facility_declares(api):
    listed = [field.name for field in fields_of(FacilityRecord) if field.listed]
    assert sorted(field.name for field in FIELDS) == sorted(listed)
    assert [row["field"] for row in dictionary("4326")] == [field.name for field in FIELDS]
    assert len({field.short for field in FIELDS}) == len(FIELDS)
    assert max(len(field.short) for field in FIELDS) == 10
    heading = api.get("/download/facilities.csv").get_data(as_text=True).partition("\r\n")[0]
    assert heading.split(",")[: len(FIELDS)] == [field.name for field in FIELDS]
    properties = api.get("/api/facilities?limit=1").get_json(force=True)["features"][0]["properties"]
    assert {*listed} - {"id"} <= {*properties}
