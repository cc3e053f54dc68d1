"""What the pages say of distances, counts, locations and rules."""

from dataclasses import replace

import pytest
from flask import Flask

from service_map import catalogue
from service_map.catalogue import terms
from service_map.web import labels
from service_map.web.language import init_language


@pytest.fixture(scope="module")
def app():
    made = Flask(__name__)
    init_language(made)
    return made


@pytest.fixture(params=["zh", "en"])
def language(request, app):
    with app.test_request_context(f"/?lang={request.param}"):
        yield request.param


@pytest.fixture
def rule(geodata):
    return catalogue.rules(geodata)[0]


@pytest.mark.parametrize(
    ("metres", "zh", "en"),
    [
        (0, "0 米", "0 m"),
        (47.4, "47 米", "47 m"),
        (456, "460 米", "460 m"),
        (1234, "1.2 公里", "1.2 km"),
        (64_321, "64 公里", "64 km"),
    ],
)
def test_a_distance_is_rounded_as_far_as_it_is_known(app, metres, zh, en):
    with app.test_request_context("/"):
        assert labels.distance(metres) == zh
    with app.test_request_context("/?lang=en"):
        assert labels.distance(metres) == en


def test_a_distance_that_may_be_nothing_is_not_told_as_a_figure(language):
    assert labels.distance(600) not in labels.bounds(600, 0, 64_000)
    assert labels.distance(64_000) in labels.bounds(600, 0, 64_000)
    assert not any(mark.isdigit() for mark in labels.apart(0, 64_000))


def test_bounds_are_told_where_they_matter_and_only_there(language):
    assert labels.bounds(1000, 995, 1005) == labels.distance(1000)
    told = labels.bounds(1000, 400, 1600)
    assert all(labels.distance(metres) in told for metres in (1000, 400, 1600))


@pytest.mark.parametrize(
    ("number", "unit", "at_least", "zh", "en"),
    [
        (1, "所", False, "", ""), (None, None, False, "", ""), (3, "所", False, "3 所", "× 3"),
        (20, "公里", False, "20 公里", "20 km"), (2, "个", True, "至少 2 个", "at least × 2"),
        (1200, "张", False, "1,200 张", "1,200 beds"), (1.5, "万平方米", False, "1.5 万平方米", "1.5 × 10,000 m²"),
    ],
)  # fmt: skip
def test_a_count_is_told_with_its_unit(app, number, unit, *, at_least, zh, en):
    with app.test_request_context("/"):
        assert labels.count(number, unit, at_least=at_least, english=False) == zh
    with app.test_request_context("/?lang=en"):
        assert labels.count(number, unit, at_least=at_least, english=True) == en


def test_every_code_of_the_data_has_words(language):
    assert tuple(labels.PRECISION) == terms.PRECISION.codes
    assert tuple(labels.STATUS) == terms.STATUS.codes
    for table in (labels.PRECISION, labels.STATUS, labels.ACTION, labels.KIND, labels.VERDICT, labels.VERDICT_MEANING):
        assert all(str(said).strip() for said in table.values())
        assert all((not str(said).isascii()) == (language == "zh") for said in table.values())


def test_a_county_is_not_given_a_radius_as_if_it_were_a_place(language):
    assert labels.precision("county", 64_000) == str(labels.PRECISION["county"])
    assert labels.distance(15_000) in labels.precision("township", 15_000)


def test_every_rule_is_told_with_its_radius_and_clause(language, geodata):
    for asked in catalogue.rules(geodata):
        if asked.metres is not None:
            assert f"{asked.metres:g}" in labels.rule(asked)
        assert asked.standard in labels.clause(asked)
        assert "未注明" not in labels.clause(asked)


def test_a_draft_is_called_a_draft_in_the_readers_language(language, rule):
    told = labels.clause(replace(rule, edition="20XX 征求意见稿", status="draft"))
    assert ("征求意见稿" in told, "draft" in told) == ((True, False) if language == "zh" else (False, True))
    assert told.count("征求意见稿") == (language == "zh")


def test_advice_and_what_nobody_read_are_marked_beside_the_clause(app, rule):
    asked = replace(rule, force="advisory", verified=False, status="draft")
    with app.test_request_context("/"):
        assert labels.marks(asked) == ["建议性条款", "未核对原文"]
        assert labels.cited(asked).endswith("（征求意见稿） · 建议性条款 · 未核对原文")
        assert labels.marks(replace(asked, force="mandatory", verified=True)) == []
    with app.test_request_context("/?lang=en"):
        assert labels.marks(asked) == ["advisory", "not verified"]


def test_a_rule_is_told_with_its_size_its_scope_and_its_share(app, rule):
    asked = replace(rule, size_low=0.4, size_high=1, scope="urban", share=0.9)
    with app.test_request_context("/"):
        told = labels.rule(asked)
        assert [part in told for part in ("城镇", "0.4–1 公顷", "覆盖至少 90%")] == [True] * 3
        assert "50 公顷以上" in labels.rule(replace(asked, size_low=50, size_high=None))
    with app.test_request_context("/?lang=en"):
        told = labels.rule(asked)
        assert [part in told for part in ("urban", "0.4–1 ha", "at least 90% covered")] == [True] * 3


def test_minutes_are_told_with_the_way_they_are_meant_for(app, rule):
    asked = replace(rule, metres=None, metres_low=None, minutes=15)
    with app.test_request_context("/"):
        told = [labels.rule(replace(asked, mode=mode)) for mode in ("walk", "walk_or_cycle", "vehicle")]
        assert told == ["步行 15 分钟", "步行或骑行 15 分钟", "车辆 15 分钟"]
    with app.test_request_context("/?lang=en"):
        assert labels.rule(replace(asked, mode="vehicle")) == "15 minutes by vehicle"
