"""A figure for so many people is held against what its plan promises, and what is missing is said."""

import shutil
from types import SimpleNamespace

import invention
import pytest

from service_map import analysis, store
from service_map.store import IndicatorFilter, queries

TEXTS = {"county": "一\n二\n三\n四\n五\n六\n", "city": "一\n二\n三\n四\n五\n六\n"}
HEADING = "adcode,people,date,source,people_60\n"
PEOPLE = HEADING + "140521,200000,2020-11-01,普查,40000\n"


def indicator(plan, line, number, **fields):
    return invention.indicator(TEXTS, plan, line, number, **fields)


def quota(line, number, **fields):
    defaults = {"kind": "quota", "category": "nursery", "count": None, "unit": None, "noun": "托位"}
    return invention.commitment(TEXTS, fields.pop("plan", "county"), line, number, **(defaults | fields))


INDICATORS = [
    indicator("county", 2, 1, base=1, base_year=2020, base_words="1", target=4.5, target_words="4.5"),
    indicator("county", 3, 1, name="每千名老年人拥有养老床位数", unit="张", base=30, target=35),
    indicator("county", 3, 2, name="人均体育场地面积", unit="平方米", target=2.6),
    indicator("county", 3, 3, name="每万人拥有足球场数量", unit="块", target=1),
    indicator("county", 3, 4, name="城市每万人拥有足球场数量", unit="块", target=1),
    indicator("county", 3, 5, name="养老机构护理型床位占比", unit="%", target=55),
    indicator("county", 4, 1, name="每千人口拥有3岁以下婴幼儿托位数", target=4.5, form="sentence"),
    indicator("city", 2, 1, base=2, target=5),
    indicator("city", 3, 1, name="每千人口医疗卫生机构床位数", unit="张", base=5, target=None, target_words="完成上级任务"),
]  # fmt: skip
COMMITMENTS = [
    quota(5, 1, capacity=500, capacity_unit="托位"),
    quota(6, 2, category="football_field", count=5, unit="块", noun="足球场"),
    quota(6, 3, category="elderly_institution", count=100, unit="张", noun="床位", action="upgrade"),
]


@pytest.fixture(scope="module")
def held(geodata, tmp_path_factory):
    """Ask of indicators in a small world, with the people that are given."""
    home = tmp_path_factory.mktemp("targets")
    folder = invention.write(
        home / "geodata", geodata, TEXTS, commitments=COMMITMENTS, facilities=[], indicators=INDICATORS
    )
    url = f"sqlite:///{home}/map.gpkg"
    store.build(url, geodata=folder)
    engine = store.open_readonly(url)

    def ask(people=PEOPLE, language="zh", stock=""):
        given = home / "given"
        shutil.rmtree(given, ignore_errors=True)
        shutil.copytree(folder, given)
        if people:
            (given / "people.csv").write_text(people, encoding="utf-8")
        if stock:
            (given / "stock_figures.csv").write_text(stock, encoding="utf-8")
        basis = analysis.read_basis(given)
        with engine.connect() as conn:
            ground = analysis.open_ground(conn, geodata=folder)
            rows = queries.every_indicator(conn, IndicatorFilter())
            found = {
                one.id.replace("-indicator", ""): analysis.held(one, basis, keep=ground.keep, language=language)
                for one in rows
            }
        return SimpleNamespace(**{name.replace("-", "_"): value for name, value in found.items()})

    yield ask
    engine.dispose()


def test_the_base_and_what_is_promised_over_the_people_is_what_the_plan_comes_to(held):
    told = held().county_2_1
    assert (told["base"], told["promised"], told["people"], told["per"]) == (1, 500, 200_000, 1000)
    assert (told["added"], told["reached"], told["share"]) == (2.5, 3.5, round(3.5 / 4.5, 4))
    assert (told["needed"], told["short"]) == (700, 200)
    assert told["formula"] == "(1 × 200,000 ÷ 1,000 + 500) ÷ 200,000 × 1,000 = 3.50"
    assert (told["people_date"], told["people_source"], told["missing"]) == ("2020-11-01", "普查", [])
    assert len(told["promises"]) == 1


def test_the_same_figure_in_a_sentence_starts_from_the_base_of_the_table(held):
    told = held().county_4_1
    assert (told["base"], told["base_from"], told["base_line"], told["reached"]) == (1, "indicator", 2, 3.5)


def test_beds_for_older_people_are_counted_over_people_of_sixty_and_more(held):
    told = held().county_3_1
    assert (told["people_group"], told["people"], told["needed"]) == ("older", 40_000, 200)
    # Beds that are only upgraded add none.
    assert (told["promised"], told["reached"], told["missing"]) == (None, None, ["规划没有说一共新增多少"])
    bare = held("adcode,people,date,source\n140521,200000,2020,普查\n").county_3_1
    assert bare["people"] is None
    assert any("people_60" in why for why in bare["missing"])


def test_promises_without_a_base_say_what_they_add(held):
    told = held().county_3_3
    assert (told["base"], told["added"], told["reached"]) == (None, 0.25, None)
    assert told["formula"] == "5 ÷ 200,000 × 10,000 = 0.25"
    assert told["missing"] == ["没有基期值，规划也没有说现有多少"]


def test_what_a_plan_says_stands_takes_the_place_of_a_base(held):
    row = "x,county,2,{sha},stadium,体育场地,300000,平方米,places,,false\n".format(sha="0" * 64)
    heading = "id,plan,line,passage_sha256,category,noun,count,unit,measure,year,cumulated\n"
    told = held(stock=heading + row).county_3_2
    assert (told["base"], told["base_from"], told["base_line"], told["per"]) == (1.5, "stock_figure", 2, 1)
    assert told["needed"] == 220_000
    twice = held(stock=heading + row + row.replace("x,", "y,", 1)).county_3_2
    assert twice["base"] is None


def test_without_people_nothing_is_computed_and_the_file_that_brings_them_is_named(held):
    told = held(people="").county_2_1
    assert (told["people"], told["reached"], told["formula"], told["needed"]) == (None, None, None, None)
    assert told["missing"] == ["没有当地的人口；geodata/people.csv 写明以后就能算"]
    english = held(people="", language="en").county_2_1
    assert "geodata/people.csv" in english["missing"][0]
    assert english["kind_name"] == "nursery places per 1,000 people"


def test_the_people_of_a_city_are_those_of_all_its_counties_or_unknown(held):
    counties = {"140502", "140521", "140522", "140524", "140525", "140581"}
    rows = "".join(f"{code},100000,2020-11-01,普查,\n" for code in sorted(counties))
    told = held(HEADING + rows).city_2_1
    assert (told["people"], told["people_source"]) == (600_000, "6 个县（市、区）之和：普查")
    some = held(HEADING + rows.replace("140581,100000,2020-11-01,普查,\n", "")).city_2_1
    assert some["people"] is None
    assert held(HEADING + rows + "140500,700000,2021,年鉴,\n").city_2_1["people"] == 700_000


def test_a_share_and_a_figure_for_towns_alone_are_held_against_nothing(held):
    told = held()
    assert told.county_3_5 is None
    assert told.county_3_4 is None


def test_a_target_in_words_is_said_to_be_no_number(held):
    told = held(HEADING + "140500,700000,2021,年鉴,\n").city_3_1
    assert (told["target"], told["share"]) == (None, None)
    assert "规划的目标不是一个数" in told["missing"]
