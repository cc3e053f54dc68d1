"""When promises are due, and in which state they are on a day: by what was verified until then, else by the year."""

from datetime import date
from functools import partial

import invention
import pytest

from service_map import places, store
from service_map.errors import InvalidParameterError
from service_map.places.status import Status
from service_map.store import CommitmentFilter, FacilityFilter, PromiseFilter, features, queries
from service_map.store.state import due, is_over, state_on

# The county's plan ends with 2025, the city's with 2030; line 2 of the county's is promised by both.
SCHOOL, HOME, BOTH = (f"f{number:012x}" for number in (0xD01, 0xD02, 0xD03))
DAYS = ("2024-06-30", "2025-12-31", "2026-12-01", "2031-01-01")


def promises(texts):
    made = partial(invention.commitment, texts)
    return [
        made("county", 2, 0xD1, name="甲幼儿园", year=2023),
        made("county", 4, 0xD2, category="elderly_institution", name="乙养老院"),
        made("county", 5, 0xD3, category="trail", name="丙步道"),
        made("city", 4, 0xD4, category="trail", name="丙步道"),
        made("county", 5, 0xD5, kind="quota", category="library", count=5, unit="个", noun="书房", action="new"),
    ]


FACILITIES = [
    invention.facility(0xD01, ["county-2-0000d1"], name="甲幼儿园", year=2023),
    invention.facility(0xD02, ["county-4-0000d2"], name="乙养老院", category="elderly_institution"),
    invention.facility(0xD03, ["county-5-0000d3", "city-4-0000d4"], name="丙步道", category="trail"),
]


@pytest.fixture(scope="module", params=["gpkg", pytest.param("postgis", marks=pytest.mark.postgis)])
def told(request, world, tmp_path_factory):
    """Ask each kind of database on a day, with reports of some promises."""
    home = tmp_path_factory.mktemp("state")
    url = f"sqlite:///{home}/map.gpkg" if request.param == "gpkg" else request.getfixturevalue("postgres").dated
    folder = world.changed(home / "geodata", commitments=promises(world.texts), facilities=FACILITIES)
    store.build(url, geodata=folder)
    engine = store.open_readonly(url)
    with engine.connect() as connection:
        quota = queries.quotas(connection).items[0].id
    engine.dispose()
    reports = [
        Status(facility=SCHOOL, date="2024-03", status="under_construction", source="县教育局"),
        Status(facility=SCHOOL, date="2026-02-10", status="open", source="县教育局", link="https://example.org/a"),
        Status(facility=BOTH, date="2026-05", status="not_built", source="县体育局"),
        Status(facility=quota, date="2025", status="open", source="县文旅局", count=2),
        Status(facility=quota, date="2026-08", status="open", source="县文旅局", count=3),
        Status(facility=quota, date="2026-08", status="not_built", source="县文旅局", count=1),
    ]
    places.write_statuses(folder / "statuses.csv", reports)
    places.write_facilities(folder / "facilities.geojson", places.apply_statuses(FACILITIES, reports))
    store.build(url, geodata=folder)
    engines = {day: store.open_readonly(url, partial(date.fromisoformat, day)) for day in DAYS}

    def on(day, ask):
        with engines[day].connect() as connection:
            return ask(connection)

    yield on
    for engine in engines.values():
        engine.dispose()


@pytest.mark.parametrize(
    ("stated", "ends", "expected"),
    [(2023, [2025], (2023, "stated")), (None, [2025, 2030], (2030, "term")), (None, [], (None, None))],
)
def test_due_is_the_year_that_a_plan_states_else_the_end_of_the_last_term(stated, ends, expected):
    assert due(stated, ends) == expected


@pytest.mark.parametrize(
    ("year", "day", "over"),
    [(2025, date(2025, 12, 31), False), (2025, date(2026, 1, 1), True), (None, date(2100, 1, 1), False)],
)
def test_a_year_is_over_when_its_last_day_is(year, day, over):
    assert is_over(year, day) is over
    assert state_on("planned", year, day) == ("undated" if year is None else "overdue" if over else "not_due")
    assert state_on("open", year, day) == "open"


def test_every_promise_says_when_it_is_due_and_whence(told):
    def ask(connection):
        found = {one.id: (one.due, one.due_basis, one.year) for one in queries.facilities(connection).items}
        (quota,) = queries.quotas(connection).items
        said = {(one.due, one.due_basis) for one in queries.every_commitment(connection, CommitmentFilter())}
        return found, (quota.due, quota.due_basis), said

    found, quota, said = told("2024-06-30", ask)
    assert found == {SCHOOL: (2023, "stated", 2023), HOME: (2025, "term", None), BOTH: (2030, "term", None)}
    assert quota == (2025, "term")
    assert said == {(2023, "stated"), (2025, "term"), (2030, "term")}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024-06-30", {SCHOOL: "under_construction", HOME: "not_due", BOTH: "not_due"}),
        ("2025-12-31", {SCHOOL: "under_construction", HOME: "not_due", BOTH: "not_due"}),
        ("2026-12-01", {SCHOOL: "open", HOME: "overdue", BOTH: "not_built"}),
        ("2031-01-01", {SCHOOL: "open", HOME: "overdue", BOTH: "not_built"}),
    ],
)
def test_a_state_is_what_was_verified_until_the_day_else_whether_it_is_due(told, day, expected):
    def ask(connection):
        items = queries.facilities(connection).items
        asked = {
            state: {one.id for one in queries.facilities(connection, FacilityFilter(states=(state,))).items}
            for state in set(expected.values())
        }
        layer = features.collection(connection, "facilities")
        drawn = features.page(connection, layer, features.FeatureQuery(), limit=10).items
        filtered = features.page(
            connection, layer, features.FeatureQuery(filter="state = 'overdue' OR state = 'open'", sortby=(("state", True),)),
            limit=1,
        )  # fmt: skip
        return items, asked, {one.id: one.properties for one in drawn}, filtered

    items, asked, drawn, filtered = told(day, ask)
    assert {one.id: one.state for one in items} == expected
    assert {one.state_as_of for one in items} == {day}
    assert asked == {state: {one for one in expected if expected[one] == state} for state in asked}
    assert {name: one["state"] for name, one in drawn.items()} == expected
    assert {one["state_as_of"] for one in drawn.values()} == {day}
    assert filtered.matched == sum(state in {"overdue", "open"} for state in expected.values())


@pytest.mark.parametrize(
    ("day", "counts", "state"),
    [
        ("2024-06-30", (0, 0), "not_due"), ("2025-12-31", (2, 0), "not_due"), ("2026-12-01", (3, 1), "overdue"),
    ],
)  # fmt: skip
def test_a_quota_says_how_many_of_it_are_verified(told, day, counts, state):
    (quota,) = told(day, lambda connection: queries.quotas(connection).items)
    assert (quota.built, quota.not_built) == counts
    assert (quota.count, quota.state, quota.state_as_of) == (5, state, day)


def test_the_year_of_a_filter_is_the_year_when_it_is_due(told):
    def ask(connection, year):
        return (
            [one.id for one in queries.facilities(connection, FacilityFilter(year=year)).items],
            queries.quotas(connection, PromiseFilter(year=year)).matched,
            queries.commitments(connection, CommitmentFilter(year=year)).matched,
        )

    assert told("2026-12-01", partial(ask, year=2022)) == ([], 0, 0)
    assert told("2026-12-01", partial(ask, year=2024)) == ([SCHOOL], 0, 1)
    assert told("2026-12-01", partial(ask, year=2025)) == ([HOME, SCHOOL], 1, 4)
    assert len(told("2026-12-01", partial(ask, year=2030))[0]) == 3


def test_what_is_kept_for_one_day_is_not_told_on_another(told):
    names = {day: told(day, store.stamp) for day in DAYS}
    assert len(set(names.values())) == len(DAYS)
    counted = {day: told(day, lambda connection: queries.states(connection, FacilityFilter())) for day in DAYS}
    assert counted["2024-06-30"] == {("under_construction", True): 1, ("not_due", False): 2}
    assert counted["2026-12-01"] == {("open", True): 1, ("overdue", False): 1, ("not_built", True): 1}


def test_a_state_that_there_is_none_of_is_refused(told):
    with pytest.raises(InvalidParameterError, match="finished"):
        told("2026-12-01", lambda connection: queries.facilities(connection, FacilityFilter(states=("finished",))))
