"""The same rule on every answer and page, with the data that ships: no share, gap or certainty without a record."""

import csv
import html
import re
import shutil

import pytest
from invented_world import make_app

from service_map import catalogue, store

COUNTIES = ("140213", "140521", "140802", "140702", "140581")
KINDS = ("kindergarten", "elderly_institution", "elderly_community", "trail", "primary_school")
ASKED = [(county, kind) for county in COUNTIES for kind in KINDS]
HOMES = [(113.30, 40.08), (112.187, 35.690), (110.998, 35.015), (112.752, 37.698), (112.93, 35.80)]


@pytest.fixture(scope="module")
def bare(geodata, tmp_path_factory):
    """The site over the shipped data without any facility that exists."""
    home = tmp_path_factory.mktemp("bare")
    folder = home / "geodata"
    shutil.copytree(geodata, folder)
    table = folder / "osm_places.csv"
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    kinds = catalogue.categories(geodata)
    left = [row for row in rows if row["category"] not in kinds]
    assert 0 < len(left) < len(rows)
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(left)
    url = f"sqlite:///{home}/bare.gpkg"
    store.build(url, geodata=folder)
    return make_app(url, folder)


def ask(app, path, **query):
    answer = app.test_client().get(path, query_string=query)
    assert answer.status_code == 200, answer.text[:500]
    return answer


def summary(app, question, **query):
    body = ask(app, f"/api/{question}", **query).get_json(force=True)
    return body if question == "circle" else body[question]


def promises(told):
    basis = told["record_basis"]["promised"]
    return basis["placed"], basis["wide"], [one["id"] for one in basis["named"]], told["unlocated"]


@pytest.mark.parametrize(("area", "category"), ASKED)
def test_an_answer_and_its_page_say_the_same_of_the_record_and_claim_nothing(shipped_app, area, category):
    query = {"area": area, "category": category, "metres": 300}
    told = summary(shipped_app, "coverage", **query)
    gaps = summary(shipped_app, "gaps", **query)
    sites = summary(shipped_app, "sites", count=1, **query)
    assert told["record"] == gaps["record"] == sites["record"] in ("partial", "none")
    assert (told["record"] == "none") is (told["record_basis"]["existing"] == 0)
    figures = [told[name] for name in ("share", "share_low", "share_high", "gap_km2", "zones")]
    figures += [gaps[name] for name in ("gap_km2", "gap_share", "pieces", "zones")]
    figures += [sites[name] for name in ("already", "share_before", "share_after", "before", "after")]
    assert set(figures) == {None}
    page = html.unescape(ask(shipped_app, "/planner", **query).text)
    assert told["record_basis"]["words"] in page
    for claim in ("一定走得到", "都走不到", "一定走不到"):
        assert claim not in page
    assert not re.search(r">[^<]*\d%", page.split('id="answer"')[1])


@pytest.mark.parametrize(("area", "category"), ASKED)
def test_without_any_existing_facility_no_share_is_higher_and_no_promise_is_lost(shipped_app, bare, area, category):
    for more in ({}, {"as_recorded": "true"}, {"complete": category}):
        query = {"area": area, "category": category, "metres": 500, **more}
        full, empty = (summary(app, "coverage", **query) for app in (shipped_app, bare))
        assert promises(empty) == promises(full)
        for name in ("share", "share_low", "share_high", "covered_km2"):
            assert (full[name] is None) is (empty[name] is None) is (not more)
            assert not more or empty[name] <= full[name]
        if more:
            assert empty["zones"]["certain"]["share"] <= full["zones"]["certain"]["share"]
        else:
            assert empty["record"] == "none"
            assert empty["zones"] is None


@pytest.mark.parametrize(("lon", "lat"), HOMES)
def test_without_any_existing_facility_no_verdict_of_a_card_is_surer(shipped_app, bare, lon, lat):
    rank = {"met": 2, "met_if_built": 1, "cannot_say": 0}
    full, empty = (summary(app, "circle", lon=lon, lat=lat)["verdicts"] for app in (shipped_app, bare))
    for before, after in zip(full, empty, strict=True):
        assert after["rule"]["id"] == before["rule"]["id"]
        assert after["record"] == "none"
        assert rank[after["verdict"]] <= rank[before["verdict"]]
        assert "not_met" not in (before["verdict"], after["verdict"])


def test_a_card_bounds_the_nearest_by_every_facility_and_names_the_nearest_that_stands(shipped_app):
    told = summary(shipped_app, "circle", lon=113.30, lat=40.08)
    rows = [row for row in (*told["verdicts"], *told["apart"]) if row["facility"]]
    for row in rows:
        assert row["nearest_within_m"] <= row["distance_high_m"]
        assert row["standing"] is None or row["nearest_within_m"] <= row["standing"]["distance_high_m"]
        assert row["standing"] is None or row["standing"]["facility"]["status"] in ("existing", "open")
    kindergarten = next(row for row in rows if row["category"] == "kindergarten")
    assert kindergarten["verdict"] == "cannot_say"
    assert kindergarten["standing"]["facility"]["id"] != kindergarten["facility"]["id"]
    page = html.unescape(ask(shipped_app, "/circle", lon=113.30, lat=40.08).text)
    entry = page.split("<strong>幼儿园</strong>")[1].split("</li>")[0]
    assert kindergarten["facility"]["name"] in entry
    assert kindergarten["standing"]["facility"]["name"] in entry.split("现有在册最近的一处")[1]


def test_a_card_that_names_none_of_a_kind_counts_the_promises_without_a_place_and_leads_to_them(shipped_app):
    page = html.unescape(ask(shipped_app, "/circle", lon=113.30, lat=40.08).text)
    told = re.findall(r'<a href="(/planner\?[^"]+)">[^<]*另有 (\d+) 条承诺没有写明地点', page)
    assert told
    for address, count in told:
        query = dict(pair.split("=") for pair in address.split("?")[1].split("&"))
        assert summary(shipped_app, "coverage", **query)["unlocated"]["matched"] == int(count) > 0
        assert shipped_app.test_client().get(address).status_code == 200


def test_a_card_at_the_seat_of_a_county_names_the_funeral_home_of_that_county(shipped_app):
    told = summary(shipped_app, "circle", lon=112.18041, lat=35.69024)
    (funeral,) = [row for row in told["apart"] if row["category"] == "funeral_home"]
    assert "沁水" in funeral["facility"]["name"]


@pytest.mark.parametrize("area", COUNTIES)
def test_a_facility_that_exists_takes_no_promise_from_a_list(shipped_app, bare, area):
    def listed(app):
        body = ask(app, "/api/facilities", area=area, limit=1000).get_json(force=True)
        assert body["numberReturned"] == body["numberMatched"]
        return {row["id"]: row["properties"]["same_as"] for row in body["features"]}

    full, empty = listed(shipped_app), listed(bare)
    assert empty.keys() <= full.keys()
    # What was found to be an existing facility stands where that stands, and nowhere nearer without its record.
    assert all(full[name] for name in full.keys() - empty.keys())


@pytest.mark.parametrize("area", COUNTIES)
def test_an_area_page_ranks_nothing_that_is_not_on_record(shipped_app, area):
    section = ask(shipped_app, f"/area/{area}").text.split('<section id="coverage">')[1].split("</section>")[0]
    assert "没有说收全的类别" in section
    assert not re.search(r">[^<]*(\d%|\d / \d)|平方公里", section)


def test_a_county_is_told_what_the_plan_of_its_city_promises_without_saying_where(shipped_app):
    query = {"category": "kindergarten", "metres": 300}
    county = summary(shipped_app, "coverage", area="140213", **query)
    city = summary(shipped_app, "coverage", area="140200", **query)
    above = {one["id"]: one for one in county["unlocated"]["commitments"] if one["above"]}
    assert len(above) == county["unlocated"]["above"] > 0 == city["unlocated"]["above"]
    assert above.keys() <= {one["id"] for one in city["unlocated"]["commitments"]}
    assert "上级规划" in county["record_basis"]["words"]
    page = html.unescape(ask(shipped_app, "/planner", area="140213", **query).text)
    assert "没说多少落在这里" in page
    assert any(one["label"] in page for one in above.values())
    # The number that the plan gives is named before its mere intentions.
    numbers = [one["label"] for one in above.values() if one["kind"] == "quota"]
    assert any(label in county["record_basis"]["words"] for label in numbers)


@pytest.mark.parametrize("status", [None, "existing", "all"])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("area", "category"), [("140213", "kindergarten"), ("140802", "trail")])
def test_an_empty_list_of_one_kind_in_one_area_says_what_is_known_of_it(shipped_app, area, category, language, status):
    query = {"area": area, "category": category, "lang": language} | ({"status": status} if status else {})
    page = ask(shipped_app, "/", **query).text.split('<div class="nothing">')[1].split("</div>")[0]
    known = summary(shipped_app, "coverage", area=area, category=category, metres=500, lang=language)
    assert known["unlocated"]["matched"]
    assert known["record_basis"]["words"] in html.unescape(re.sub(r"<[^>]+>", "", page))
    assert ("规划设施。" in page) is (status is None and language == "zh")


def test_an_area_page_tells_what_is_promised_of_kinds_that_no_clause_measures(shipped_app):
    section = ask(shipped_app, "/area/140802").text.split('<section id="coverage">')[1].split("</section>")[0]
    row = next(one for one in section.split("<li>") if "category=trail" in one)
    told = summary(shipped_app, "coverage", area="140802", category="trail", metres=500)["unlocated"]
    assert f"{told['matched']} 项" in row
    assert any(one["label"] in html.unescape(row) for one in told["commitments"])


def test_an_area_page_names_the_nearest_of_a_kind_that_it_has_nothing_of(shipped_app):
    section = ask(shipped_app, "/area/140213").text.split('<section id="coverage">')[1].split("</section>")[0]
    unnamed = section.split("规划也没有提到的类别：")[1].split("。")[0]
    near = summary(shipped_app, "coverage", area="140213", category="middle_school", metres=500)["record_basis"]
    assert not near["existing"]
    assert f"/facility/{near['nearest']['id']}" in unnamed
    assert near["nearest"]["name"] in html.unescape(unnamed)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_promise_without_a_place_leads_to_its_line_in_the_plan(shipped_app, language):
    query = {"area": "140213", "category": "kindergarten", "metres": 300, "lang": language}
    told = summary(shipped_app, "coverage", **query)["unlocated"]
    page = ask(shipped_app, "/planner", **query).text
    addresses = {html.unescape(one) for one in re.findall(r'href="(/plan/[^"]+#[^"]+)"', page)}
    led = {address.partition("#")[2] for address in addresses}
    assert led == {one["id"] for one in told["commitments"]}
    assert len(led) == told["matched"] > 10
    for address in addresses:
        path, _, anchor = address.partition("#")
        assert f'id="{anchor}"' in shipped_app.test_client().get(path).text
    for one in told["commitments"]:
        assert (f"第 {one['line']} 行" if language == "zh" else f"line {one['line']}") in page


def test_what_a_plan_places_in_a_city_only_is_no_promise_of_the_county_where_its_seat_lies(shipped_app):
    def promised(area):
        told = summary(shipped_app, "coverage", area=area, category="college", metres=500)["record_basis"]["promised"]
        return told["wide"], told["around"]

    city, *counties = (promised(area) for area in ("140200", "140213", "140214", "140221"))
    assert city[0] > 0 == city[1]
    assert {around for _wide, around in counties} == {city[0] - sum(wide for wide, _around in counties)}
