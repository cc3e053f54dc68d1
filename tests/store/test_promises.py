"""Requirements and quotas in the database: built from the commitments, asked by area upward and downward."""

from functools import partial

import invention
import pytest

from service_map import store
from service_map.errors import GoneError, InvalidParameterError, NotFoundError
from service_map.store import PromiseFilter, queries

RULE = {"kind": "coverage", "category": "elderly_institution", "noun": "养老院", "action": "unspecified"}
GONE = "f00000000dead"


def promises(texts):
    """Write what the world promises without places: three requirements of the city's, a quota of each plan."""
    made = partial(invention.commitment, texts)
    return [
        made("city", 4, 10, per="county", **RULE),
        made("city", 4, 11, per="community", **{**RULE, "category": "library", "noun": "书房"}),
        made("city", 4, 12, per="county", condition="30万以上人口的县", **{**RULE, "category": "special_school",
                                                                                 "noun": "特殊教育学校"}),
        made("city", 5, 13, kind="quota", category="kindergarten", count=7, noun="幼儿园", action="new"),
        made("county", 5, 14, kind="quota", category="trail", count=3, unit="条", noun="步道", action="new"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def promised(world, tmp_path_factory, request):
    """Build both kinds of database of a world that also promises without places."""
    folder = world.changed(
        tmp_path_factory.mktemp("promised") / "geodata", commitments=[*world.commitments, *promises(world.texts)]
    )
    (folder / "people.csv").write_text(
        "adcode,people,date,source\n140522,350000,2020-11-01,普查\n140581,200000,2020-11-01,普查\n", encoding="utf-8"
    )

    def build(url):
        store.build(url, geodata=folder, plans_dir=world.plans_dir)
        engine = store.open_readonly(url)
        with engine.connect() as connection:
            first = queries.requirements(connection).items[0].id
        engine.dispose()
        (folder / "retired.csv").write_text(
            f"id,successor,date,reason,area\n{GONE},{first},2026-01-02,rule,140521\n", encoding="utf-8"
        )
        store.build(url, geodata=folder, plans_dir=world.plans_dir)
        engine = store.open_readonly(url)
        request.addfinalizer(engine.dispose)
        return engine

    return build


@pytest.fixture(scope="module", params=["gpkg", pytest.param("postgis", marks=pytest.mark.postgis)])
def engine(request, promised, tmp_path_factory):
    """Give each kind of database in turn."""
    if request.param == "gpkg":
        return promised(f"sqlite:///{tmp_path_factory.mktemp('gpkg') / 'map.gpkg'}")
    return promised(request.getfixturevalue("postgres").other)


@pytest.fixture
def conn(engine):
    """Connect for one test."""
    with engine.connect() as connection:
        yield connection


def rule(conn, category, **wanted):
    (found,) = queries.requirements(conn, PromiseFilter(categories=(category,), **wanted)).items
    return found


def test_a_requirement_has_its_counties_as_units_each_with_its_state_and_its_citation(conn, world):
    found = rule(conn, "elderly_institution")
    assert (found.adcode, found.area_name, found.per, found.plan) == ("140500", "晋城市", "county", "city")
    assert {unit.adcode: unit.state for unit in found.units} == {
        "140502": "unknown", "140521": "promised", "140522": "unknown", "140524": "unknown", "140525": "unknown",
        "140581": "unknown",
    }  # fmt: skip
    assert (found.kept, found.promised, found.unknown) == (0, 1, 5)
    (here,) = (unit for unit in found.units if unit.state == "promised")
    assert (here.facility, here.area_name, here.whole) == (world.facilities[0].id, "沁水县", False)
    assert found.citations[0].passage == world.texts["city"].split("\r\n")[3]
    assert (found.line, found.commitments) == (4, (promises(world.texts)[0].id,))


def test_a_county_is_told_what_its_city_asks_of_every_county_and_only_of_itself(conn):
    found = rule(conn, "elderly_institution", area="140521")
    assert [unit.adcode for unit in found.units] == ["140521"]
    assert found.unknown == 5  # the counts are of all its units
    assert rule(conn, "library", area="140521").units[0].whole
    everything = queries.requirements(conn, PromiseFilter(area="140500"))
    assert everything.matched == 3


def test_a_quota_of_the_city_answers_for_its_county_and_the_countys_for_the_city(conn):
    up = queries.quotas(conn, PromiseFilter(area="140521")).items
    assert {quota.adcode for quota in up} == {"140500", "140521"}
    assert {quota.id for quota in queries.quotas(conn, PromiseFilter(area="140500")).items} == {q.id for q in up}
    assert [quota.adcode for quota in queries.quotas(conn, PromiseFilter(area="140522")).items] == ["140500"]


def test_a_quota_leads_to_what_the_plan_names_of_it(conn, world):
    kindergartens, trails = queries.quotas(conn).items
    assert (kindergartens.name, kindergartens.named, kindergartens.left_over) == ("幼儿园7所", 0, 7)
    assert (trails.facilities, trails.doubts) == ((world.facilities[2].id,), "not_countable")  # so many kilometres
    assert queries.quota(conn, trails.id) == trails


def test_a_condition_is_held_against_the_people_on_record_and_said_to_be_unknown_elsewhere(conn):
    found = rule(conn, "special_school")
    met = {unit.adcode: (unit.condition_met, unit.people) for unit in found.units}
    assert met["140522"] == (True, 350_000)
    assert met["140581"] == (False, 200_000)
    assert met["140521"] == (None, None)
    assert found.doubts == "condition_untold"


@pytest.mark.parametrize(
    ("wanted", "categories"),
    [
        ({"state": "promised"}, ["elderly_institution"]),
        ({"state": "kept"}, []),
        ({"state": "promised", "area": "140522"}, []),
        ({"per": "community"}, ["library"]),
        ({"families": ("elderly",)}, ["elderly_institution"]),
        ({"plans": ("county",)}, []),
        ({"q": "书房"}, ["library"]),
        ({"q": "晋城 图书"}, ["library"]),
    ],
)
def test_requirements_are_filtered(conn, wanted, categories):
    page = queries.requirements(conn, PromiseFilter(**wanted))
    assert [item.category for item in page.items] == categories
    assert page.matched == len(categories)


@pytest.mark.parametrize(
    ("field", "wanted"),
    [("area", {"area": "999999"}), ("per", {"per": "galaxy"}), ("state", {"state": "broken"}),
     ("category", {"categories": ("castle",)}), ("year", {"year": 3000})],
)  # fmt: skip
def test_what_the_data_does_not_know_is_refused_by_name(conn, field, wanted):
    with pytest.raises(InvalidParameterError) as refused:
        queries.requirements(conn, PromiseFilter(**wanted))
    assert refused.value.field == field


def test_requirements_are_paged_by_key(conn):
    every = queries.requirements(conn)
    seen, cursor = [], None
    while True:
        page = queries.requirements(conn, limit=1, cursor=cursor)
        assert page.matched == every.matched == 3
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert tuple(seen) == every.items


def test_a_facility_that_was_a_rule_says_which_requirement_it_is_and_where(conn):
    with pytest.raises(GoneError) as gone:
        queries.facility(conn, GONE)
    assert (gone.value.reason, gone.value.area) == ("rule", "140521")
    assert queries.requirement(conn, gone.value.successor).per in {"county", "community"}
    with pytest.raises(NotFoundError):
        queries.requirement(conn, "r0000000000ff")
