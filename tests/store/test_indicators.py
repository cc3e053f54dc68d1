"""The plans' indicators are found by every filter, with what contradicts them, in both kinds of database."""

from dataclasses import replace

import pytest
from invention import indicator

from service_map import store
from service_map.errors import GeodataError, InvalidParameterError
from service_map.store import IndicatorFilter, queries

TEXTS = {"county": "一\n二\n三\n四\n五\n", "city": "一\n二\n三\n四\n五\n"}


def found(conn, **wanted):
    return [one.id for one in queries.indicators(conn, IndicatorFilter(**wanted)).items]


def test_an_indicator_has_its_figures_its_citation_and_what_it_concerns(conn):
    one = next(one for one in queries.indicators(conn).items if one.id == "county-3-indicator-1")
    assert (one.base, one.base_year, one.target, one.target_year, one.due) == (0.99, 2020, 4.5, 2025, 2025)
    assert (one.plan, one.plan_title, one.line, one.adcode) == ("county", one.plan_title, 3, "140521")
    assert (one.kind, one.category, one.family, one.category_zh) == (
        "nursery_places",
        "nursery",
        "preschool",
        "托育机构",
    )
    assert one.passage is not None


def test_a_target_without_a_year_is_due_at_the_end_of_its_plan(conn):
    one = next(one for one in queries.indicators(conn).items if one.id == "city-4-indicator-1")
    assert (one.target, one.target_words, one.target_year, one.due) == (None, "完成上级任务", None, 2030)
    assert (one.kind, one.category, one.category_zh) == (None, None, None)


def test_two_figures_of_one_plan_for_one_thing_name_each_other(conn):
    apart = {one.id: one.conflicts for one in queries.indicators(conn).items}
    assert apart["county-3-indicator-1"] == "county-5-indicator-1"
    assert apart["county-5-indicator-1"] == "county-3-indicator-1"
    assert apart["county-3-indicator-2"] is None


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, ["city-4-1", "county-3-1", "county-3-2", "county-5-1"]),
        ({"plans": ("county",)}, ["county-3-1", "county-3-2", "county-5-1"]),
        ({"categories": ("nursery",)}, ["county-3-1", "county-5-1"]),
        ({"families": ("elderly",)}, ["county-3-2"]),
        ({"binding": "binding"}, ["county-3-2"]),
        ({"form": "sentence"}, ["county-5-1"]),
        ({"year": 2024}, []),
        ({"q": "托位 3岁"}, ["county-5-1"]),
        ({"q": "护理"}, ["county-3-2"]),
        ({"area": "140521"}, ["city-4-1", "county-3-1", "county-3-2", "county-5-1"]),
        ({"area": "140500"}, ["city-4-1", "county-3-1", "county-3-2", "county-5-1"]),
        ({"area": "140502"}, ["city-4-1"]),
    ],
)
def test_indicators_are_filtered_and_an_area_counts_upward_and_downward(conn, wanted, expected):
    assert [name.replace("indicator-", "") for name in found(conn, **wanted)] == expected


def test_pages_follow_one_another_and_hold_everything_once(conn):
    first = queries.indicators(conn, limit=3)
    rest = queries.indicators(conn, limit=3, cursor=first.next_cursor)
    assert (first.matched, rest.matched, rest.next_cursor) == (4, 4, None)
    assert [one.id for one in (*first.items, *rest.items)] == [
        one.id for one in queries.every_indicator(conn, IndicatorFilter())
    ]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"plans": ("none",)}, "plan"),
        ({"categories": ("none",)}, "category"),
        ({"families": ("none",)}, "family"),
        ({"binding": "maybe"}, "binding"),
        ({"form": "rumour"}, "form"),
        ({"area": "999999"}, "area"),
        ({"year": 3}, "year"),
    ],
)
def test_what_there_is_none_of_is_refused_by_its_name(conn, wanted, field):
    with pytest.raises(InvalidParameterError) as caught:
        queries.indicators(conn, IndicatorFilter(**wanted))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([replace(indicator(TEXTS, "county", 2, 1), plan="nowhere")], "nowhere"),
        ([indicator(TEXTS, "county", 2, 1), indicator(TEXTS, "county", 2, 1)], "stands twice"),
    ],
)
def test_a_build_refuses_indicators_of_no_plan_and_ids_that_stand_twice(world, tmp_path, rows, says):
    folder = world.changed(tmp_path / "geodata", indicators=rows)
    with pytest.raises(GeodataError, match=says):
        store.build(f"sqlite:///{tmp_path}/map.gpkg", geodata=folder)


def test_without_the_files_there_are_no_indicators_or_they_concern_nothing(world, tmp_path):
    folder = world.changed(tmp_path / "geodata")
    (folder / "indicator_kinds.toml").unlink()
    url = f"sqlite:///{tmp_path}/map.gpkg"
    store.build(url, geodata=folder)
    engine = store.open_readonly(url)
    with engine.connect() as conn:
        assert {one.kind for one in queries.indicators(conn).items} == {None}
    engine.dispose()
    (folder / "indicators.csv").unlink()
    assert store.build(f"sqlite:///{tmp_path}/none.gpkg", geodata=folder).rows["indicators"] == 0
