"""What an area gets, rung by rung, told upward and downward, in an invented city of six counties."""

import re
import sys
from functools import partial
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "store"))

import invention

from service_map import analysis, store

CITY_TEXT = "一\n新建普惠性幼儿园100所\n每个县有1所以上敬老院\n建养老院\n各类学校\n健身步道\n"
COUNTY_TEXT = "一\n新建虚构幼儿园\n足球场\n托育\n公园\n"
commitment = partial(invention.commitment, {"city": CITY_TEXT, "county": COUNTY_TEXT})
quota = partial(commitment, kind="quota")

CITY, COUNTY, OTHER, TOWNSHIP = "140500", "140521", "140522", "140521001"
COMMITMENTS = [
    quota("city", 2, 1, count=100, noun="普惠性幼儿园"),
    quota("city", 2, 2, count=1, year=2024, noun="普惠性幼儿园", part_of="city-2-000001"),
    quota("city", 2, 3, count=4, year=2025, noun="普惠性幼儿园", part_of="city-2-000001"),
    commitment("city", 3, 4, category="elderly_institution", kind="coverage", per="county", at_least=True, noun="敬老院",
               action="unspecified"),
    commitment("city", 4, 5, category="elderly_day_care", kind="intent", count=None, unit=None),
    commitment("city", 4, 6, category="elderly_day_care", kind="intent", count=None, unit=None, place="阳城县",
               place_level="county"),
    quota("city", 5, 7, category="school_other", count=9, noun="学校"),
    quota("city", 5, 8, category="school_other", count=3, noun="中小学", part_of="city-5-000007"),
    quota("city", 5, 9, category="vocational_school", count=6, noun="技校", part_of="city-5-000007"),
    quota("city", 6, 10, category="trail", count=20, unit="公里", noun="健身步道", note="per year"),
    commitment("county", 2, 11, name="虚构幼儿园"),
    quota("county", 3, 12, category="football_field", count=5, unit="个", noun="足球场"),
    commitment("county", 4, 13, category="nursery", kind="allotment", count=5, unit="个"),
    commitment("city", 6, 14, category="library", name="市图书馆"),
    commitment("county", 5, 15, category="sports_park", name="停建的公园"),
    commitment("city", 6, 16, name="他县幼儿园", place="阳城县", place_level="county"),
]  # fmt: skip
FACILITIES = [
    invention.facility(1, ["county-2-00000b"], name="虚构幼儿园", year=2024, adcode=TOWNSHIP, precision="township",
                       uncertainty_m=5000.0),
    invention.facility(2, ["county-4-00000d"], name="沁水县托育机构", category="nursery", basis="allotment", count=5,
                       unit="个", precision="county", uncertainty_m=60_000.0),
    invention.facility(3, ["city-6-00000e"], name="市图书馆", category="library", adcode=CITY, precision="city",
                       uncertainty_m=90_000.0),
    invention.facility(4, ["city-6-000010"], name="他县幼儿园", adcode=OTHER, precision="county",
                       uncertainty_m=60_000.0),
    invention.facility(5, ["city-3-000004"], name="阳城敬老院", category="elderly_institution", adcode=OTHER,
                       status="open", lon=112.41, lat=35.49),
    invention.facility(6, ["county-5-00000f"], name="停建的公园", category="sports_park", status="cancelled"),
]  # fmt: skip

stock = partial(invention.stock, {"city": CITY_TEXT, "county": COUNTY_TEXT})
STOCK = [
    stock("city", 4, "elderly_institution", noun="养老机构", count=13, unit="个", year=None, cumulated=True),
    stock("county", 4, "elderly_institution", noun="养老床位", count=447, unit="张", measure="places"),
    stock("county", 3, "kindergarten"),
]


@pytest.fixture(scope="module")
def told(geodata, tmp_path_factory):
    """What an area gets of a kind, by the invented plans."""
    home = tmp_path_factory.mktemp("promised")
    texts = {"city": CITY_TEXT, "county": COUNTY_TEXT}
    folder = invention.write(
        home / "geodata", geodata, texts, commitments=COMMITMENTS, facilities=FACILITIES, stock_figures=STOCK
    )
    url = f"sqlite:///{home}/promised.gpkg"
    store.build(url, geodata=folder)
    engine = store.open_readonly(url)
    with engine.connect() as conn:

        def ask(area, *kinds, language="zh"):
            ground = analysis.open_ground(conn, geodata=folder, language=language)
            return analysis.promised(ground, area, kinds)

        def one(area, kind, **more):
            (found,) = ask(area, kind, **more)["kinds"]
            return found

        ask.one = one
        ask.ground = lambda: analysis.open_ground(conn, geodata=folder)
        yield ask
    engine.dispose()


@pytest.fixture(scope="module")
def one(told):
    return told.one


def test_a_county_is_told_the_number_of_its_city_and_that_nobody_says_how_many_fall_here(one):
    for area, name in ((COUNTY, "沁水县"), (TOWNSHIP, TOWNSHIP)):
        (number,) = one(area, "kindergarten")["quotas"]
        assert (number["number"], number["above"], number["area"]["adcode"]) == (100, True, CITY)
        assert "晋城市共新建 100 所普惠性幼儿园" in number["words"]
        assert f"规划没有说多少在{name}" in number["words"] or f"其余没有说多少在{name}" in number["words"]


def test_a_number_is_told_with_its_years_and_they_are_not_told_again(one):
    (number,) = one(COUNTY, "kindergarten")["quotas"]
    assert [(part["year"], part["number"]) for part in number["parts"]] == [(2024, 1), (2025, 4)]
    assert "（2024 年 1、2025 年 4）" in number["words"]


def test_a_number_of_several_kinds_stands_behind_the_part_that_is_of_this_kind_and_says_so(one):
    part, whole = one(CITY, "school_other")["quotas"]
    assert (part["number"], whole["number"]) == (3, 9)
    assert "几类合计" in whole["words"]
    assert "几类合计" not in part["words"]
    assert [of["number"] for of in one(CITY, "vocational_school")["quotas"]] == [6]


def test_a_number_of_each_year_says_so(one):
    (number,) = one(COUNTY, "trail")["quotas"]
    assert number["every_year"]
    assert "每年新建 20 公里健身步道" in number["words"]


def test_the_areas_own_number_is_not_called_its_citys(one):
    (own,) = one(COUNTY, "football_field")["quotas"]
    assert not own["above"]
    assert "规划没有说建在哪里" in own["words"]
    assert one(OTHER, "football_field")["quotas"] == []
    assert [of["number"] for of in one(CITY, "football_field")["quotas"]] == [5]


def test_a_city_is_told_the_sum_of_its_counties_and_which(one):
    city = one(CITY, "kindergarten")
    assert city["named"]["matched"] == 2
    assert {(of["adcode"], of["named"]) for of in city["counties"]} == {(COUNTY, 1), (OTHER, 1)}
    assert "沁水县 1" in city["named"]["words"][0]
    county = one(COUNTY, "kindergarten")
    assert [of["name"] for of in county["named"]["facilities"]] == ["虚构幼儿园"]
    assert "虚构幼儿园（到 2024 年）" in county["named"]["words"][0]
    assert county["counties"] == []


def test_a_township_is_told_what_is_named_in_it_and_a_county_what_is_in_its_townships(one):
    assert one(TOWNSHIP, "kindergarten")["named"]["matched"] == 1
    assert one(COUNTY, "kindergarten")["named"]["matched"] == 1


def test_what_is_known_to_the_city_only_may_lie_in_a_county_and_is_not_counted_there(one):
    county = one(COUNTY, "library")["named"]
    assert (county["matched"], county["around"]) == (0, 1)
    assert "是否落在这里不知道" in county["words"][0]
    assert (one(CITY, "library")["named"]["matched"], one(CITY, "library")["named"]["around"]) == (1, 0)


def test_what_a_plan_gives_a_place_by_number_is_no_named_facility(one):
    nursery = one(COUNTY, "nursery")
    assert (nursery["named"]["matched"], nursery["allotted"]["matched"]) == (0, 1)
    assert "5 个" in nursery["allotted"]["words"][0]


def test_what_is_given_up_is_not_coming(one):
    assert one(COUNTY, "sports_park")["named"]["matched"] == 0


def test_a_rule_for_every_county_is_told_to_each_with_what_is_known_of_it_there(one):
    (here,) = one(COUNTY, "elderly_institution")["required"]
    assert here["above"]
    assert (here["units"], here["states"]["unknown"], here["facility"]) == (1, 1, None)
    assert "晋城市要求每个县（市、区）都有至少 1 所敬老院" in here["words"]
    assert "沁水县有没有，不知道" in here["words"]
    (there,) = one(OTHER, "elderly_institution")["required"]
    assert there["states"]["kept"] == 1
    assert there["facility"] == FACILITIES[4].id
    (city,) = one(CITY, "elderly_institution")["required"]
    assert city["units"] == sum(city["states"].values()) == 6
    assert city["states"]["kept"] == 1
    assert "已有 1、不清楚 5" in city["words"]


def test_an_intention_for_another_county_by_name_does_not_concern_this_one(one):
    assert (
        one(COUNTY, "elderly_day_care")["intents"]["matched"],
        one(COUNTY, "elderly_day_care")["intents"]["above"],
    ) == (
        1,
        1,
    )
    city = one(CITY, "elderly_day_care")["intents"]
    assert (city["matched"], city["above"]) == (2, 0)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("area", [TOWNSHIP, COUNTY, OTHER, CITY, None])
def test_no_kind_in_no_area_is_ever_without_an_answer(told, area, language):
    found = told(area, language=language)
    assert len(found["kinds"]) == found["numberReturned"] > 40
    for kind in found["kinds"]:
        assert kind["words"], kind["category"]
        assert all(said.strip() for said in kind["words"])
        if language == "en":
            # Names and nouns of the plans are all that stays Chinese.
            left = re.sub(r"[\u4e00-\u9fff（）]{2,}", "", " ".join(kind["words"]))
            assert not re.search(r"[\u4e00-\u9fff，。；：]", left), kind["words"]


def test_what_exists_is_told_where_the_area_has_a_boundary_and_everywhere_else_not_guessed(told, one):
    stands = one(OTHER, "elderly_institution")["existing"]
    assert (stands["record"], stands["on_record"], stands["nearest"]["name"]) == ("partial", 1, "阳城敬老院")
    assert one(None, "elderly_institution")["existing"] is None


def test_everything_together_counts_each_promise_once(told, one):
    whole, parts = one(None, "kindergarten"), [one(area, "kindergarten") for area in (COUNTY, OTHER)]
    assert whole["named"]["matched"] == sum(part["named"]["matched"] for part in parts)
    assert len(whole["quotas"]) == 1


def test_an_area_or_a_kind_that_is_unknown_is_named(told):
    from service_map.errors import InvalidParameterError

    with pytest.raises(InvalidParameterError, match="area"):
        told("999999")
    with pytest.raises(InvalidParameterError, match="category"):
        told(COUNTY, "castle")


@pytest.mark.parametrize(
    ("asked", "area", "kinds"),
    [
        ({"q": "沁水县 幼儿园"}, COUNTY, ("kindergarten",)),
        ({"q": "沁水县幼儿园"}, COUNTY, ("kindergarten",)),
        ({"q": "沁水"}, COUNTY, ()),
        ({"q": "沁水 敬老院"}, COUNTY, ("elderly_institution",)),
        ({"q": "晋城市"}, CITY, ()),
        ({"q": "晋城殡仪馆"}, CITY, ("funeral_home",)),
        ({"q": "沁水敬老院"}, COUNTY, ("elderly_institution",)),
        ({"q": "幼儿园沁水县"}, COUNTY, ("kindergarten",)),
        ({"q": "殡仪馆晋城"}, CITY, ("funeral_home",)),
        ({"q": "晋城市沁水县殡仪馆"}, COUNTY, ("funeral_home",)),
        ({"q": "晋城沁水殡仪馆"}, COUNTY, ("funeral_home",)),
        ({"q": "晋城 沁水县 殡仪馆"}, COUNTY, ("funeral_home",)),
        ({"q": "沁水幼儿园", "area": CITY}, COUNTY, ("kindergarten",)),
        ({"q": "kindergarten Qinshui"}, COUNTY, ("kindergarten",)),
        ({"q": "Funeral home Jincheng"}, CITY, ("funeral_home",)),
        ({"q": "fitness trails in Qinshui County"}, COUNTY, ("trail",)),
        ({"q": "qinshuixian 幼儿园"}, COUNTY, ("kindergarten",)),
        ({"q": "幼儿园", "area": OTHER}, OTHER, ("kindergarten",)),
        ({"q": "沁水县", "categories": ["trail"]}, COUNTY, ("trail",)),
        ({"families": ["preschool"]}, None, ("kindergarten", "nursery")),
        ({"q": "不知所云"}, None, ()),
        ({"q": "县"}, None, ()),
        ({}, None, ()),
    ],
)
def test_words_of_a_search_are_understood_as_an_area_and_a_kind(told, asked, area, kinds):
    found = analysis.looked_for(told.ground(), **asked)
    assert (found.area, found.kinds) == (area, kinds)
    assert found.something is bool(area or kinds)


@pytest.mark.parametrize(
    ("asked", "unknown"),
    [
        ({"q": "沁水县第一幼儿园"}, ("第一幼儿园",)),
        ({"q": "晋城殡仪馆"}, ()),
        ({"q": "fitness trail in Qinshui County"}, ()),
        ({"q": "沁水 幼儿园 不知所云"}, ("不知所云",)),
        ({"q": "阳城县幼儿园", "area": COUNTY}, ("阳城县幼儿园",)),
    ],
)
def test_words_that_name_neither_an_area_nor_a_kind_are_told_apart(told, asked, unknown):
    assert analysis.looked_for(told.ground(), **asked).unknown == unknown


def test_a_ladder_is_found_once_for_each_state_of_the_data(told, calls_of):
    ground = told.ground()

    def ask():
        analysis.ladder(ground, COUNTY, ("kindergarten", "trail"))

    first, again = calls_of(ask), calls_of(ask)
    assert again < first / 5


def test_what_a_plan_says_stands_is_told_beside_what_is_on_record_in_its_area(one):
    kept = one(COUNTY, "elderly_institution")["existing"]
    beds, homes = kept["stated"]
    assert (beds["area"], beds["count"], beds["unit"], beds["on_record"]) == (COUNTY, 447, "张", 0)
    assert (homes["area"], homes["count"], homes["line"], homes["on_record"]) == (CITY, 13, 4, 1)
    assert "规划写明沁水县有养老床位 447 张（2020 年末）。" in kept["words"]
    assert "规划写明晋城市有养老机构 13 个（累计建成），本站收录 1 处。" in kept["words"]
    schools = one(COUNTY, "kindergarten")["existing"]
    assert "规划写明沁水县有幼儿园 26 所（2020 年末），本站收录 0 处。" in schools["words"]


def test_a_city_is_not_told_the_number_of_one_of_its_counties_as_its_own(one):
    assert [one_["area"] for one_ in one(CITY, "elderly_institution")["existing"]["stated"]] == [CITY]
    assert one(CITY, "kindergarten")["existing"]["stated"] == []


def test_a_county_beside_is_not_told_the_numbers_of_its_neighbour(one):
    assert one(OTHER, "kindergarten")["existing"]["stated"] == []
