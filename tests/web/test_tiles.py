"""Vector tiles over the web: tile, TileJSON, style."""

import mapbox_vector_tile
import pytest


@pytest.fixture
def api(either):
    """A client of the site over each kind of database in turn: every test here holds for both."""
    return either


def test_a_tile_is_a_vector_tile_and_an_unchanged_one_costs_a_304(api):
    answer = api.get("/tiles/3/6/3.mvt")
    assert answer.mimetype == "application/vnd.mapbox-vector-tile"
    layer = mapbox_vector_tile.decode(answer.data)["facilities"]
    assert sum(item["properties"]["point_count"] for item in layer["features"]) == 17
    assert api.get("/tiles/3/6/3.mvt", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_an_empty_tile_is_no_content_and_a_filter_holds(api):
    assert api.get("/tiles/6/0/0.mvt").status_code == 204
    layer = mapbox_vector_tile.decode(api.get("/tiles/3/6/3.mvt?category=trail").data)["facilities"]
    assert [item["properties"]["id"] for item in layer["features"]] == ["f000000000003"]


@pytest.mark.parametrize("address", ["/tiles/99/0/0.mvt", "/tiles/1/7/0.mvt", "/tiles/3/6/3.mvt?nothing=1"])
def test_a_wrong_tile_is_told_so(api, address):
    answer = api.get(address)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


def test_tilejson_and_style_lead_to_the_tiles_of_this_host(api, invented_app):
    told = api.get("/tiles/tilejson.json?family=sports", headers={"Host": "map.example"}).get_json()
    assert told["tiles"] == ["http://map.example/tiles/{z}/{x}/{y}.mvt?family=sports"]
    style = api.get("/tiles/style.json").get_json()
    assert style["layers"][0]["source-layer"] == told["vector_layers"][0]["id"]
    assert style["sources"]["service-map"]["url"] == "http://localhost/tiles/tilejson.json"
