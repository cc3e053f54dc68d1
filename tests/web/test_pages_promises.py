"""The pages of a requirement and of a quota, and of an id that was drawn as a facility and was none."""

import csv
import html
import re

import pytest

from service_map import store
from service_map.catalogue import terms
from service_map.store import queries


@pytest.fixture(scope="module")
def conn(shipped_database):
    engine = store.open_readonly(f"sqlite:///{shipped_database}")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="module")
def reader(shipped_app):
    return shipped_app.test_client()


def shown(page):
    return html.unescape(re.sub(r"<[^>]+>", "", page))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_requirement_says_of_whom_it_is_asked_what_is_known_of_each_and_who_says_so(reader, conn, language):
    every = queries.requirements(conn, limit=queries.MAX_LIMIT).items
    assert len(every) > 40
    for rule in every:
        page = reader.get(f"/requirement/{rule.id}?lang={language}")
        assert page.status_code == 200
        units = [unit for unit in rule.units if not unit.whole]
        assert all(f"/area/{unit.adcode}" in page.text for unit in units)
        if units:
            known = shown(page.text.split('class="facts')[1].split("</dl>")[0])
            assert all(re.search(rf"\D{getattr(rule, state)}(\D|$)", known) for state in terms.PROMISE_STATE)
        assert all(unit.facility is None or f"/facility/{unit.facility}" in page.text for unit in units)
        assert all(cite.passage_sha256 in page.text for cite in rule.citations)
        # What is asked of every unit stands nowhere: no page of it draws a map.
        assert 'id="map"' not in page.text


def test_a_long_list_of_units_is_folded_with_its_numbers_said_first(reader, conn):
    every = queries.requirements(conn, limit=queries.MAX_LIMIT).items
    longest = max(every, key=lambda rule: len(rule.units))
    page = reader.get(f"/requirement/{longest.id}").text
    if len(longest.units) > 20:
        assert page.index('class="facts') < page.index("<details>")
        assert page.count("<details>") == len({unit.adcode[:6] for unit in longest.units})
    else:
        assert "<details>" not in page


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_quota_says_its_parts_what_of_it_is_named_and_who_says_so(reader, conn, language):
    every = {quota.id: quota for quota in queries.quotas(conn, limit=queries.MAX_LIMIT).items}
    assert len(every) > 40
    for quota in every.values():
        page = reader.get(f"/quota/{quota.id}?lang={language}").text
        assert all(f"/quota/{part}" in page for part in quota.parts)
        assert quota.part_of is None or f"/quota/{quota.part_of}" in page
        assert all(f"/facility/{name}" in page for name in quota.facilities)
        assert all(cite.passage_sha256 in page for cite in quota.citations)
        told = shown(page.split('class="facts')[1].split("</dl>")[0])
        cannot = {"zh": "说不清", "en": "Cannot be told"}[language]
        assert told.count(cannot) == [quota.named, quota.left_over].count(None)


def test_an_id_that_was_a_rule_and_no_facility_says_where_it_went_and_what_the_place_gets(reader, geodata):
    with (geodata / "retired.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["reason"] == "rule"]
    assert len(rows) > 200
    for row in rows[::10]:
        page = reader.get(f"/facility/{row['id']}")
        assert page.status_code == 410
        assert f"/requirement/{row['successor']}" in page.text
        assert "规划没有点名这一处" in page.text
        assert f"/area/{row['area']}" in page.text
        assert reader.get(f"/requirement/{row['successor']}").status_code == 200


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_id_that_was_an_intention_or_nothing_says_what_it_was_and_what_its_area_gets(reader, geodata, language):
    with (geodata / "retired.csv").open(encoding="utf-8", newline="") as file:
        known = [row for row in csv.DictReader(file) if row["reason"] in {"intent", "dropped"}]
    assert known
    for was in known:
        page = reader.get(f"/facility/{was['id']}?lang={language}")
        body = page.text.partition("<main")[2].partition("</main>")[0]
        assert page.status_code == 410
        assert was["name"] in body
        assert f"/area/{was['area'][:6]}" in body
        assert f'id="k-{was["category"]}"' in body
        assert "410" not in shown(body)
        assert was["id"] not in shown(body)


def test_an_id_that_nobody_ever_gave_is_not_found(reader):
    assert reader.get("/requirement/r000000000000").status_code == 404
    assert reader.get("/quota/q000000000000").status_code == 404


@pytest.mark.parametrize("adcode", ["140213", "140521", "140802"])
def test_what_most_people_ask_for_is_answered_before_anything_else_on_the_page_of_an_area(reader, adcode):
    page = reader.get(f"/area/{adcode}").text
    first = page.split('id="gets"')[1].split("</section>")[0]
    for kind in ("kindergarten", "elderly_institution", "trail", "funeral_home"):
        told = reader.get(f"/api/promised?area={adcode}&category={kind}").get_json(force=True)["kinds"][0]
        firm = [one["words"] for one in (*told["quotas"], *told["required"])]
        assert any(
            said in shown(first)
            for said in (*told["named"]["words"], *told["allotted"]["words"], *(firm or told["words"]))
        )
        assert f"#k-{kind}" in first
    # Figures, downloads and lists come behind it.
    assert page.index('id="gets"') < page.index('class="figures"') < page.index('id="families"')
