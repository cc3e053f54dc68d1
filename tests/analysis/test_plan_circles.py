"""A plan that nobody has seen is held to the circles that it promises, by the same questions as the shipped ones."""

import dataclasses
from pathlib import Path

import pytest
import shapely
from invented_world import CENTRE, write_world

from service_map import analysis, plans, store

TEXT = (
    "虚构县公共服务规划\n"
    "第一章 总则\n"
    "坚持以人为本。\n"
    "第二章 一老一小\n"
    "到2025年，全面建成城区15分钟居家养老服务圈。\n"
    "打造农村6公里文体活动圈，建设十分钟托育服务圈。\n"
    "急救站点服务半径不超过4公里，形成20—40分钟院前急救圈。\n"
)


@pytest.fixture(scope="module")
def unseen(geodata, tmp_path_factory):
    """The invented world, whose county's plan promises these circles."""
    home = tmp_path_factory.mktemp("unseen")
    folder = write_world(home / "geodata", geodata)
    found = plans.extract_circles(TEXT, plan="county")
    plans.write_circles(folder / "plan_circles.toml", found)
    url = f"sqlite:///{home}/world.gpkg"
    store.build(url, geodata=folder)
    engine = store.open_readonly(url)
    with engine.connect() as conn:
        yield analysis.open_ground(conn, geodata=Path(folder), language="en"), found
    engine.dispose()


def test_each_circle_of_the_text_is_a_rule_with_its_line_and_the_hash_of_its_passage(unseen):
    ground, _ = unseen
    rules = {rule.id: rule for rule in ground.plan_rules}
    lines = TEXT.split("\n")
    assert {rule.line for rule in rules.values()} == {5, 6, 7}
    for rule in rules.values():
        assert rule.plan == "county"
        assert rule.passage_sha256 == plans.passage_sha256(lines[rule.line - 1])
    care = rules["county-home-care-5"]
    assert (care.category, care.minutes, care.scope, care.year) == ("elderly_community", 15, "urban", 2025)
    assert {(rule.line, rule.metres, rule.minutes, rule.mode) for rule in rules.values() if rule.line > 5} == {
        (6, 6_000, None, "distance"),
        (6, None, 10, "walk"),
        (7, 4_000, None, "distance"),
        (7, None, 40, "vehicle"),
    }


def test_the_check_of_a_point_judges_them_with_their_citation(unseen):
    ground, found = unseen
    nursery = shapely.Point(CENTRE)
    mine = analysis.with_own(ground, [analysis.Own(geometry=nursery)], category="nursery")
    rows = {row["rule"]["id"]: row for row in analysis.check_point(mine, *CENTRE).summary["plan_circles"]}
    assert set(rows) == {row.id for row in found}
    kept = next(row for row in rows.values() if row["category"] == "nursery")
    assert (kept["verdict"], kept["line"], kept["plan"]) == ("met", 6, "county")
    vehicle = next(row for row in rows.values() if row["rule"]["mode"] == "vehicle")
    assert vehicle["verdict"] == "cannot_say"
    assert len(kept["passage_sha256"]) == 64


def test_each_that_is_walked_or_has_a_distance_is_used_by_its_name_in_every_question(unseen):
    ground, _ = unseen
    where = analysis.region(ground, None, shapely.Point(CENTRE).buffer(0.02))
    for rule in ground.plan_rules:
        if rule.mode == "vehicle":
            continue
        asked = analysis.reach(ground, rule=rule.id)
        for summary in (
            analysis.covered_share(ground, asked, where).summary,
            analysis.gap_pieces(ground, asked, where).summary,
            analysis.choose_sites(ground, asked, where, count=1).summary,
        ):
            cited = summary["rule"]
            assert (cited["id"], cited["plan"], cited["line"]) == (rule.id, "county", rule.line)
            assert cited["passage_sha256"] == rule.passage_sha256
        index = analysis.completeness_index(ground, where, rules=[rule.id], cells=20)
        assert index.summary["rules"][0]["rule"]["id"] == rule.id


def test_the_same_circle_in_a_later_edition_of_the_text_keeps_its_figures(unseen):
    _, found = unseen
    moved = plans.extract_circles("前言\n" + TEXT, plan="county")
    assert [dataclasses.replace(row, line=row.line - 1, id="") for row in moved] == [
        dataclasses.replace(row, id="") for row in found
    ]
