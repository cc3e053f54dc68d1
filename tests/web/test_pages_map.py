"""The map's data when there are too many facilities to draw each: clusters by view, small and soon counted.

How long a view takes stands in ``benchmarks/browser.py``.
"""

import gzip

import pytest
from invented_world import CENTRE, make_app
from many import build_many
from sqlalchemy import Engine, event

MANY = 20_000
VIEW_BYTES = 50_000
VIEW_CALLS, VIEW_STEPS = 120_000, 10 * MANY
PAGE_CALLS, PAGE_STEPS = 100_000, 40 * MANY
# As the map asks: a desktop's screen at each zoom, around the county's seat.
ZOOMS = (5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)


@pytest.fixture(scope="module")
def crowded(geodata, shipped_database, tmp_path_factory):
    """A site with twenty thousand places, thick around the counties' middles, built as any data is."""
    home = tmp_path_factory.mktemp("crowd")
    path, folder = build_many(MANY, geodata=geodata, folder=home, around=shipped_database)
    return make_app(f"sqlite:///{path}", folder).test_client()


def _box(zoom, shift=0.0):
    width, height = 1.4 * 800 * 360 / 256 / 2**zoom, 1.4 * 720 * 290 / 256 / 2**zoom
    lon, lat = CENTRE[0] + shift * width, CENTRE[1]
    return f"{lon - width / 2:.4f},{max(lat - height / 2, -90):.4f},{lon + width / 2:.4f},{lat + height / 2:.4f}"


@pytest.fixture(scope="module")
def steps_of():
    """Count the steps of SQLite's machine that a piece of work takes, to the hundred: a clock that only queries move."""

    def count(work):
        taken, asked = 0, []

        def tick():
            nonlocal taken
            taken += 100
            return 0

        def watch(conn, *_given):
            asked.append(conn.connection.dbapi_connection)
            asked[-1].set_progress_handler(tick, 100)

        event.listen(Engine, "before_cursor_execute", watch)
        try:
            work()
        finally:
            event.remove(Engine, "before_cursor_execute", watch)
            for connection in asked:
                connection.set_progress_handler(None, 0)
        assert asked
        return taken

    return count


def test_twenty_thousand_facilities_are_asked_for_by_view(crowded):
    body = crowded.get("/points.json").get_json()
    assert (body["matched"], body["by_view"]) == (MANY, True)
    assert "rows" not in body


@pytest.mark.parametrize("zoom", ZOOMS)
def test_a_view_is_small_and_a_move_costs_little(crowded, zoom, calls_of, steps_of):
    def move(step):
        answers.append(crowded.get(f"/points.json?bbox={_box(zoom, step / 7)}&zoom={zoom}"))

    answers = []
    move(0)
    assert calls_of(lambda: move(1)) <= VIEW_CALLS
    assert steps_of(lambda: move(2)) <= VIEW_STEPS
    for answer in answers:
        assert len(answer.data) <= VIEW_BYTES * 4
        assert len(gzip.compress(answer.data, 5)) <= VIEW_BYTES


def test_a_view_of_everything_counts_everything_once(crowded):
    body = crowded.get("/points.json?bbox=100,25,125,50&zoom=5").get_json()
    told = sum(number for _lon, _lat, number in body["clusters"])
    told += sum(number for _code, parts in body["rings"] for _colour, number in parts)
    assert told == MANY


def test_from_near_the_facilities_stand_one_by_one(crowded):
    body = crowded.get(f"/points.json?bbox={_box(16)}&zoom=16").get_json()
    assert "clusters" not in body
    west, south, east, north = map(float, _box(16).split(","))
    lon, lat = body["columns"].index("lon"), body["columns"].index("lat")
    assert all(west <= row[lon] <= east and south <= row[lat] <= north for row in body["rows"])


def test_the_filter_holds_in_a_view_too(crowded):
    body = crowded.get("/points.json?bbox=100,25,125,50&zoom=5&family=culture").get_json()
    told = sum(number for _lon, _lat, number in body["clusters"])
    told += sum(number for _code, parts in body["rings"] for _colour, number in parts)
    layers = crowded.get("/api/layers").get_json()["families"]
    assert [told] == [
        sum(kind["facilities"] for kind in family["categories"]) for family in layers if family["code"] == "culture"
    ]
    assert told > MANY / 100


def test_the_first_page_of_twenty_thousand_costs_little(crowded, calls_of, steps_of):
    # What the first question of its form costs once is no page's.
    assert crowded.get("/?family=health").status_code == 200
    assert calls_of(lambda: crowded.get("/?family=culture")) <= PAGE_CALLS
    assert steps_of(lambda: crowded.get("/?family=sports")) <= PAGE_STEPS


@pytest.mark.parametrize("query", ["bbox=1,2,3", "bbox=112,35,113,36&zoom=99", "bbox=112,35,113,36&zoom=x"])
def test_a_view_that_is_none_is_refused_in_words(crowded, query):
    assert crowded.get(f"/points.json?{query}").status_code == 400
