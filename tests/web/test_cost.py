"""What an answer will cost is told from its parameters: over what one may take it is refused, with the limit, at once."""

import json
from urllib.parse import parse_qsl

import numpy as np
import pytest
from invented_world import make_app

from service_map import analysis

REACH = {"area": "140521", "category": "kindergarten", "metres": "500", "complete": "kindergarten", "lang": "en"}


@pytest.fixture(scope="module")
def hasty(invented):
    """A client of a site where an answer may take a second."""
    return make_app(invented.url, invented.geodata, DEADLINE_S="1").test_client()


def facilities(count, **properties):
    spots = (np.random.default_rng(1).random((count, 2)) * 0.2 + (112.1, 35.6)).round(5).tolist()
    return json.dumps({
        "type": "FeatureCollection", "features": [
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": spot},
             "properties": {"role": "facility", **properties}} for spot in spots
        ],
    })  # fmt: skip


@pytest.mark.parametrize("path", ["/api/coverage", "/api/gaps", "/api/sites?count=2"])
def test_facilities_times_bounds_are_refused_before_anything_is_computed(hasty, path, monkeypatch):
    computed = []
    for question in ("covered_share", "gap_pieces", "choose_sites"):
        monkeypatch.setattr(analysis, question, lambda *given, **_more: computed.append(given))
    path, _, more = path.partition("?")
    answer = hasty.post(path, query_string=REACH | dict(parse_qsl(more)), data=facilities(2_000))
    told = answer.get_json(force=True)
    assert (answer.status_code, told["field"]) == (400, "body")
    assert "at most 5000" in told["detail"]
    assert not computed


def test_years_count_only_where_they_are_asked_for_and_differ(hasty):
    few = facilities(800)
    assert hasty.post("/api/coverage", query_string=REACH, data=few).status_code == 200
    refused = hasty.post("/api/coverage", query_string=REACH | {"by_year": "true"}, data=few).get_json(force=True)
    assert "by_year" in refused["detail"]
    # Without a complete record nothing is drawn, so nothing is refused.
    counted = {name: value for name, value in REACH.items() if name != "complete"}
    assert hasty.post("/api/coverage", query_string=counted | {"by_year": "true"}, data=few).status_code == 200


def test_places_times_rules_are_refused_before_anything_is_computed(hasty, monkeypatch):
    few = hasty.get("/api/completeness?area=140521&as_recorded=true&rule=jgj39-kindergarten&cells=100")
    assert few.status_code == 200
    computed = []
    monkeypatch.setattr(analysis, "completeness_index", lambda *given, **_more: computed.append(given))
    refused = hasty.get("/api/completeness?area=140500&as_recorded=true&lang=en")
    told = refused.get_json(force=True)
    assert (refused.status_code, told["field"], computed) == (400, "area", [])
    assert "at most 8333333" in told["detail"]
    assert "(rule)" in told["detail"]
    assert hasty.get("/api/completeness?area=140521&minutes=7").get_json(force=True)["field"] == "minutes"


def test_a_table_of_too_many_rows_is_refused_and_the_streams_are_not(hasty, monkeypatch):
    monkeypatch.setattr("service_map.web.cost.A_ROW_S", 0.5)
    refused = hasty.get("/download/facilities.xlsx?lang=en")
    assert (refused.status_code, refused.get_json(force=True)["field"]) == (400, "format")
    assert "at most 2 facilities" in refused.get_json(force=True)["detail"]
    assert hasty.get("/download/facilities.csv").status_code == 200
