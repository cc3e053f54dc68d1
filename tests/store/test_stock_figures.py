"""What plans say stands already is found for an area, for those around it and within it, in both kinds of database."""

from dataclasses import replace

import pytest
from invention import stock

from service_map import store
from service_map.errors import GeodataError
from service_map.store import queries

TEXTS = {"county": "一\n二\n三\n四\n五\n", "city": "一\n二\n三\n四\n五\n"}


@pytest.mark.parametrize(
    ("area", "expected"),
    [
        ("140521", ["city-2-kindergarten", "county-3-elderly_institution", "county-2-kindergarten"]),
        ("140500", ["city-2-kindergarten", "county-3-elderly_institution", "county-2-kindergarten"]),
        ("140502", ["city-2-kindergarten"]),
    ],
)
def test_an_area_is_told_its_own_figures_and_those_around_and_within(conn, area, expected):
    assert [one.id for one in queries.stock_figures(conn, area=area)] == expected


def test_a_figure_has_its_citation_and_what_it_counts(conn):
    told = {one.id: one for one in queries.stock_figures(conn, area="140521")}
    one = told["county-2-kindergarten"]
    assert (one.plan, one.line, one.adcode, one.noun, one.count, one.unit, one.year) == (
        "county", 2, "140521", "幼儿园", 26, "所", 2020,
    )  # fmt: skip
    assert (told["county-3-elderly_institution"].measure, told["city-2-kindergarten"].cumulated) == ("places", True)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([replace(stock(TEXTS, "county", 2, "kindergarten"), plan="nowhere")], "nowhere"),
        ([stock(TEXTS, "county", 2, "castle")], "castle"),
        ([stock(TEXTS, "county", 2, "kindergarten"), stock(TEXTS, "county", 2, "kindergarten")], "stands twice"),
    ],
)
def test_a_build_refuses_figures_of_what_is_not_known_and_ids_that_stand_twice(world, tmp_path, rows, says):
    folder = world.changed(tmp_path / "geodata", stock_figures=rows)
    with pytest.raises(GeodataError, match=says):
        store.build(f"sqlite:///{tmp_path}/map.gpkg", geodata=folder)
