"""What plans want to reach is answered, downloaded and laid out as a layer, each figure with its citation."""

import csv
import io

import openpyxl
import pytest


def get(api, address, **query):
    answer = api.get(address, query_string=query or None)
    assert answer.status_code == 200, answer.text
    return answer.get_json(force=True)


def test_an_indicator_is_answered_with_figures_citation_and_kind_in_the_readers_language(api):
    first = get(api, "/api/indicators", plan="county", lang="en")["indicators"][0]
    assert (first["base"], first["base_year"], first["target"], first["due"]) == (0.99, 2020, 4.5, 2025)
    assert (first["unit"], first["binding"], first["line"]) == ("个", "expected", 2)
    assert (first["category"], first["category_name"]) == ("nursery", "Nursery")
    assert get(api, "/api/indicators", plan="county")["indicators"][0]["category_name"] == "托育机构"
    assert first["conflicts"] == ["county-4-indicator-1"]
    assert "passage" not in first


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, 4), ({"area": "140502"}, 1), ({"area": "140521"}, 4), ({"family": "preschool"}, 2),
        ({"binding": "binding"}, 1), ({"form": "sentence"}, 1), ({"q": "寿命"}, 1), ({"year": "2020"}, 0),
    ],
)  # fmt: skip
def test_indicators_are_filtered_alike_in_answers_and_downloads(api, query, expected):
    assert get(api, "/api/indicators", **query)["numberMatched"] == expected
    table = api.get("/download/indicators.csv", query_string=query).get_data(as_text=True)
    assert len(list(csv.reader(io.StringIO(table)))) == expected + 1


def test_pages_lead_to_the_next_and_a_wrong_value_says_what_is_allowed(api):
    first = get(api, "/api/indicators", limit=3)
    following = next(link["href"] for link in first["links"] if link["rel"] == "next")
    assert len(get(api, following)["indicators"]) == 1
    refused = api.get("/api/indicators?binding=maybe")
    assert (refused.status_code, refused.get_json(force=True)["field"]) == (400, "binding")
    assert "expected" in refused.get_data(as_text=True)


def test_a_workbook_has_the_rows_and_what_each_column_means_and_no_formula(api):
    answer = api.get("/download/indicators.xlsx")
    assert "indicators.xlsx" in answer.headers["Content-Disposition"]
    rows, fields = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets
    names = [cell.value for cell in rows[1]]
    told = [dict(zip(names, [cell.value for cell in row], strict=True)) for row in rows.iter_rows(min_row=2)]
    assert len(told) == 4
    assert {one["target_words"] for one in told} >= {"=完成上级任务", "4.5"}
    assert {cell.data_type for row in rows.iter_rows() for cell in row} <= {"s", "n"}
    assert [row[0].value for row in fields.iter_rows(min_row=2)] == names
    table = api.get("/download/indicators.csv").get_data(as_text=True)
    assert table.startswith("\ufeff")
    assert "'=完成上级任务" in table


def test_the_layer_of_indicators_is_filtered_by_its_fields_and_dated_by_what_is_due(api):
    found = get(api, "/ogc/collections/indicators/items", f="json", filter="base IS NOT NULL")
    assert [item["properties"]["name"] for item in found["features"]] == ["每千人口托位数"]
    assert found["features"][0]["geometry"] is None
    extent = get(api, "/ogc/collections/indicators", f="json")["extent"]["temporal"]["interval"]
    assert extent[0][0].startswith("2025")


def test_the_shipped_plans_show_where_they_contradict_themselves(shipped_app):
    api = shipped_app.test_client()
    every = get(api, "/api/indicators", limit=1000)["indicators"]
    apart = {one["id"]: one for one in every if one["conflicts"]}
    sports = sorted(one["target"] for one in apart.values() if one["kind"] == "sports_ground")
    assert sports == [2.5, 2.6]
    assert {one["kind"] for one in apart.values() if one["plan"] == "datong-2021"} == {
        "employment", "public_rental", "exercise",
    }  # fmt: skip
    for one in apart.values():
        assert all(one["id"] in apart[other]["conflicts"] for other in one["conflicts"])


def test_a_figure_for_so_many_people_says_what_its_plan_comes_to_or_which_file_is_missing(api):
    nursery, share = get(api, "/api/indicators", plan="county", lang="en")["indicators"][:2]
    assert nursery["held"]["kind"] == "nursery_places"
    assert nursery["held"]["reached"] is None
    assert any("people.csv" in why for why in nursery["held"]["missing"])
    assert share["held"] is None
