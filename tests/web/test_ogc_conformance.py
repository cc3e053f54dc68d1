"""What OGC 17-069r4 (Features, part 1, 1.0.1) and 18-058r1 (part 2) require of ``bbox``, ``bbox-crs`` and ``datetime``.

Each test replays one abstract test of the standards over every collection and each kind of database. What a request
must give is found here from all features of the collection, as the standard words it, and not by the product.
"""

import math
from functools import cache

import pyproj
import pytest
import shapely

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
SYSTEMS = [CRS84, *(f"{EPSG}{code}" for code in (4326, 4490, 3857))]
TIMES = {"indicators": ("due", "due"), "plans": ("period_start", "period_end"), "areas": None}
BOXES = [
    (112.15, 35.6, 112.3045, 35.71),
    (113.0, 36.5, 114.0, 40.5),
    (170.0, -90.0, 112.1889, 90.0),
    (0.0, 0.0, 1.0, 1.0),
]
MOMENTS = [
    ("2024-06-01T12:00:00Z", 2024, 2024), ("2025-06-01", 2025, 2025), ("2030-12-31T23:59:59.5+08:00", 2030, 2030),
    ("2024-06-01T00:00:00Z/2030-01-01T00:00:00Z", 2024, 2030), ("../2024-06-01T00:00:00Z", None, 2024),
    ("/2024-06-01T00:00:00Z", None, 2024), ("2025-01-01T00:00:00Z/..", 2025, None), ("2025-01-01T00:00:00Z/", 2025, None),
    ("1950-01-01T00:00:00Z", 1950, 1950),
]  # fmt: skip


@pytest.fixture(scope="module", params=["shipped_app", pytest.param("shipped_postgis_app", marks=pytest.mark.postgis)])
def api(request):
    """A client of the site over the shipped data in each kind of database in turn."""
    return request.getfixturevalue(request.param).test_client()


@pytest.fixture(scope="module")
def layers(api):
    """Every collection with all of its features."""
    return [
        (layer, get(api, f"/ogc/collections/{layer['id']}/items", limit=10_000)["features"])
        for layer in get(api, "/ogc/collections")["collections"]
    ]


def get(api, address, **query):
    answer = api.get(address, query_string=query or None)
    assert answer.status_code == 200, answer.text
    return answer.get_json(force=True)


def found(api, layer, *, pages=3, **query):
    """Ids on all pages of an answer; they are as many as each page says that match."""
    address, names, told = f"/ogc/collections/{layer['id']}/items", [], set()
    size = get(api, address, limit=1, **query)["numberMatched"] // pages + 1
    page = get(api, address, limit=size, **query)
    while True:
        names += [feature["id"] for feature in page["features"]]
        told.add(page["numberMatched"])
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            break
        page = get(api, following[0].removeprefix("http://localhost"))
    assert told == {len(names)} == {len(set(names))}
    return set(names)


def timeless(layer, feature):
    names = TIMES.get(layer["id"], ("year", "year"))
    return names is None or all(feature["properties"][name] is None for name in names)


def in_time(layer, feature, first, last):
    """Whether a feature has no time, or one that touches the years."""
    if timeless(layer, feature):
        return True
    begins, ends = (feature["properties"][name] for name in TIMES.get(layer["id"], ("year", "year")))
    return (first is None or ends is None or ends >= first) and (last is None or begins is None or begins <= last)


def in_box(feature, box):
    """Whether a feature has no geometry, or one that touches the box."""
    if feature["geometry"] is None:
        return True
    west, south, east, north = box
    parts = [box] if west <= east else [(west, south, 180.0, north), (-180.0, south, east, north)]
    shape = shapely.geometry.shape(feature["geometry"])
    return any(shape.intersects(shapely.box(*part)) for part in parts)


@cache
def into(system):
    return pyproj.Transformer.from_crs("OGC:CRS84", pyproj.CRS.from_user_input(system))


def projected(box, system, decimals=None):
    """A box of degrees, longitude first, as ``bbox`` in a reference system with its own axes."""
    west, south, east, north = box
    corners = [*into(system).transform(west, south), *into(system).transform(east, north)]
    return ",".join(repr(edge if decimals is None else round(edge, decimals)) for edge in corners)


@pytest.mark.parametrize(("moment", "first", "last"), MOMENTS)
def test_req_core_fc_time_response_a_c_only_what_touches_the_time_and_all_that_has_none(
    api, layers, moment, first, last
):
    """/req/core/fc-time-response, parts A and C; abstract test /conf/core/fc-time-response."""
    for layer, features in layers:
        wanted = {feature["id"] for feature in features if in_time(layer, feature, first, last)}
        assert found(api, layer, datetime=moment) == wanted, layer["id"]


def test_req_core_fc_time_response_c_is_met_by_layers_that_hold_both_kinds_of_features(api, layers):
    """The test above would say nothing if no feature lacked a year, or none had one."""
    kinds = {layer["id"]: {timeless(layer, feature) for feature in features} for layer, features in layers}
    # The plans that ship name no year with any facility of theirs; with numbers and other promises they do.
    assert kinds["quotas"] == kinds["commitments"] == {True, False}
    assert kinds["areas"] == {True}
    assert kinds["plans"] == {False}


def test_req_core_fc_time_definition_takes_small_letters_as_rfc_3339_does(api, layers):
    """/req/core/fc-time-definition, part C: RFC 3339, 5.6, notes that T and Z may be written small."""
    (layer, _), *_ = layers
    assert found(api, layer, datetime="2024-06-01t00:00:00z") == found(api, layer, datetime="2024-06-01T00:00:00Z")


@pytest.mark.parametrize("box", BOXES)
def test_req_core_fc_bbox_response_a_c_only_what_touches_the_box_and_all_that_has_no_geometry(api, layers, box):
    """/req/core/fc-bbox-response, parts A and C; abstract test /conf/core/fc-bbox-response."""
    for layer, features in layers:
        wanted = {feature["id"] for feature in features if in_box(feature, box)}
        assert found(api, layer, bbox=",".join(map(str, box))) == wanted, layer["id"]


def test_req_core_fc_bbox_response_c_is_met_by_layers_that_hold_both_kinds_of_features(api, layers):
    """The test above would say nothing if no feature lacked a geometry, or none had one."""
    kinds = {layer["id"]: {feature["geometry"] is None for feature in features} for layer, features in layers}
    assert kinds["areas"] == {True, False}
    assert kinds["commitments"] == kinds["plans"] == {True}
    assert kinds["facilities"] == {False}


def test_req_core_fc_bbox_response_c_holds_together_with_time_filter_properties_and_order(api, layers):
    """/req/core/fc-bbox-response and fc-time-response with /req/features-filter: all that is asked holds at once."""
    by_name = {layer["id"]: (layer, features) for layer, features in layers}
    layer, features = by_name["areas"]
    asked = {"bbox": "0,0,1,1", "datetime": "2025-06-01", "filter": "level <> 'county'", "sortby": "-name"}
    wanted = {item["id"] for item in features if item["geometry"] is None and item["properties"]["level"] != "county"}
    assert found(api, layer, **asked) == wanted != set()
    assert found(api, layer, bbox="0,0,1,1", level="county") == {
        item["id"] for item in features if item["geometry"] is None and item["properties"]["level"] == "county"
    }
    layer, features = by_name["facilities"]
    asked = {"bbox": "112,35.6,113,36", "datetime": "../2024-12-31", "filter": "category <> 'sports_park'"}
    wanted = {
        item["id"]
        for item in features
        if in_box(item, (112, 35.6, 113, 36)) and in_time(layer, item, None, 2024)
        and item["properties"]["category"] != "sports_park"
    }  # fmt: skip
    assert found(api, layer, **asked) == wanted
    # What a filter itself says of a year is the filter's own: a year that is not stated is not 2025.
    assert found(api, layer, datetime="2025-06-01", filter="year = 2024") == set()


@pytest.mark.parametrize("decimals", [None, 7])
@pytest.mark.parametrize("system", SYSTEMS[:3])
def test_conf_crs_bbox_crs_parameter_the_published_extent_finds_everything_in_degrees(api, layers, system, decimals):
    """/conf/crs/bbox-crs-parameter: the extent, in each system of the collection's list, gives the same features."""
    _everything(api, layers, system, decimals)


@pytest.mark.parametrize("decimals", [None, 3, 2])
def test_conf_crs_bbox_crs_parameter_the_published_extent_finds_everything_in_metres(api, layers, decimals):
    """/conf/crs/bbox-crs-parameter, in EPSG:3857 as exact as doubles are and rounded to a millimetre or a centimetre."""
    _everything(api, layers, SYSTEMS[3], decimals)


def _everything(api, layers, system, decimals):
    tried = 0
    for layer, features in layers:
        if layer.get("extent", {}).get("spatial"):
            assert system in layer["crs"], layer["id"]
            (box,) = layer["extent"]["spatial"]["bbox"]
            asked = {"bbox": projected(box, system, decimals), "bbox-crs": system}
            assert found(api, layer, **asked) == {feature["id"] for feature in features}, layer["id"]
            tried += 1
    assert tried > 10


@pytest.mark.parametrize("system", SYSTEMS)
def test_conf_crs_bbox_crs_parameter_gives_the_features_of_the_same_box_in_the_default_system(api, layers, system):
    """/conf/crs/bbox-crs-parameter for a part of the extent; layers without a geometry are offered CRS84 alone."""
    box = BOXES[0]
    for layer, _ in layers:
        plain = found(api, layer, bbox=",".join(map(str, box)))
        assert found(api, layer, **{"bbox": projected(box, system), "bbox-crs": system}) == plain, layer["id"]


@pytest.mark.parametrize("system", SYSTEMS)
def test_conf_crs_bbox_crs_parameter_a_point_as_it_was_answered_is_a_box_that_finds_it(api, system):
    """A client that asks again, in the same system, for where it was told that a feature stands."""
    address = "/ogc/collections/facilities/items"
    for feature in get(api, address, crs=system, limit=1000)["features"][::17]:
        x, y = feature["geometry"]["coordinates"]
        again = get(api, address, **{"bbox": f"{x},{y},{x},{y}", "bbox-crs": system, "limit": 1000})["features"]
        assert feature["id"] in [item["id"] for item in again]


def test_req_core_fc_bbox_response_a_leaves_out_what_is_a_metre_away(api, layers):
    """The centimetre by which an edge may be rounded lets nothing in that stands outside."""
    metre = 360 / (2 * math.pi * 6_378_137)
    (layer, features), *_ = layers
    for feature in features[::97]:
        lon, lat = feature["geometry"]["coordinates"]
        for box in ((lon + metre, lat - 1, lon + 1, lat + 1), (lon - 1, lat - 1, lon + 1, lat - metre)):
            names = found(api, layer, bbox=",".join(map(str, box)))
            assert feature["id"] not in names
            assert names == {item["id"] for item in features if in_box(item, box)}


def test_a_page_for_people_says_what_a_box_and_a_time_leave_in(api):
    """HTML lists the same features, and says why some of them have no year or no place."""
    for language, words in (
        ("zh", ("没有年份的要素", "没有几何的要素")),
        ("en", ("without a year", "without a geometry")),
    ):
        query = {"f": "html", "lang": language, "limit": 1000}
        plain = api.get("/ogc/collections/areas/items", query_string=query).text
        asked = api.get(
            "/ogc/collections/areas/items", query_string={**query, "bbox": "0,0,1,1", "datetime": "2025"}
        ).text
        assert all(word in asked and word not in plain for word in words)
        features = get(api, "/ogc/collections/areas/items", limit=1000)["features"]
        for item in features:
            assert (f"/items/{item['id']}?f=html" in asked) == (item["geometry"] is None)
