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
    ladder = [
        [one["id"] for rung in ("required", "quotas") for one in kind[rung]]
        + [one["id"] for rung in ("named", "allotted") for one in kind[rung]["facilities"]]
        + [one["id"] for one in kind["intents"]["commitments"]]
        for kind in told["promised"]
    ]
    return basis["placed"], basis["wide"], [one["id"] for one in basis["named"]], ladder


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
    # What share of its units a plan asks something of is no share that anything covers.
    figures = page.split('id="answer"')[1]
    for kind in told["promised"]:
        for one in kind["required"]:
            figures = figures.replace(one["words"], "")
    assert not re.search(r">[^<]*\d%", figures)


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


def test_a_card_that_names_none_of_a_kind_says_what_plans_promise_of_it_and_leads_there(shipped_app):
    told = summary(shipped_app, "circle", lon=113.30, lat=40.08)
    assert told["promised_in"]["adcode"] == "140213"
    page = html.unescape(ask(shipped_app, "/circle", lon=113.30, lat=40.08).text)
    named = {row["category"] for row in (*told["verdicts"], *told["apart"]) if not row["facility"]}
    assert named
    area = ask(shipped_app, "/area/140213").text
    for kind in told["promised"]:
        if kind["category"] in named:
            assert all(said in page for said in kind["words"])
            assert f'/area/140213#k-{kind["category"]}"' in page
            assert f'id="k-{kind["category"]}"' in area


def _entry(app, name, **query):
    """What a card says of a kind, its last entry there."""
    page = html.unescape(ask(app, "/circle", **query).text)
    return page.split(f"<strong>{name}</strong>")[-1].split("</li>")[0]


def test_a_card_tells_the_promises_of_the_city_beside_a_facility_that_it_names(shipped_app):
    page = html.unescape(ask(shipped_app, "/circle", lon=113.30, lat=40.08).text)
    entry = page.split("<strong>幼儿园</strong>")[1].split("</li>")[0]
    asked = {"area": "140213", "category": "kindergarten"}
    told = ask(shipped_app, "/api/promised", **asked).get_json(force=True)["kinds"][0]
    sentences = [one["words"] for rung in ("quotas", "required") for one in told[rung]]
    assert len(sentences) == 3
    places = [entry.index(said) for said in sentences]
    assert places == sorted(places)
    assert f"还有 {len(told['words']) - 3} 条" in entry
    funeral = _entry(shipped_app, "殡仪馆", lon=112.84, lat=35.50)
    assert "沁水县殡仪馆" in funeral
    assert "晋城市要求每个县（市、区）都有殡仪馆" in funeral


def test_a_card_names_nothing_beyond_50_kilometres_but_what_bounds_how_far_the_nearest_may_be(shipped_app):
    told = summary(shipped_app, "circle", lon=112.84, lat=35.50)
    rows = {row["category"]: row for row in told["apart"]}
    cemetery = _entry(shipped_app, "公墓与骨灰堂", lon=112.84, lat=35.50)
    assert rows["columbarium_cemetery"]["distance_low_m"] > 50_000
    assert rows["columbarium_cemetery"]["facility"]["name"] not in cemetery
    assert "50 公里以内没有收录这一类" in cemetery
    assert "晋城市要求每个县（市、区）都有公益性骨灰堂" in cemetery
    funeral = rows["funeral_home"]
    assert funeral["nearest_within_m"] == funeral["standing"]["distance_high_m"] < funeral["distance_high_m"]
    entry = _entry(shipped_app, "殡仪馆", lon=112.84, lat=35.50)
    assert funeral["standing"]["facility"]["name"] in entry.split("现有在册最近的一处")[1]
    assert re.search(r"最近的一处在 \d+ 公里到 106 公里之间", entry)


def test_what_is_promised_in_another_county_is_no_nearer_than_that_county(shipped_app):
    told = summary(shipped_app, "circle", lon=112.84, lat=35.50)
    (funeral,) = [row for row in told["apart"] if row["category"] == "funeral_home"]
    # The western border of Jincheng's city ring is some 20 km from its middle.
    assert "沁水县" in funeral["facility"]["name"]
    assert 15_000 < funeral["distance_low_m"] < 25_000
    seat = summary(shipped_app, "circle", lon=112.18041, lat=35.69024)
    (own,) = [row for row in seat["apart"] if row["category"] == "funeral_home"]
    assert own["distance_low_m"] == 0


def test_an_area_without_any_of_a_kind_is_told_the_nearest_or_that_none_is_near(shipped_app):
    kinds = ask(shipped_app, "/api/promised", area="140500").get_json(force=True)["kinds"]
    assert {kind["existing"]["record"] for kind in kinds} >= {"none"}
    for kind in kinds:
        if kind["existing"]["record"] == "none":
            words = "".join(kind["existing"]["words"])
            assert ("50 公里以内也没有在册的" in words) == (kind["existing"]["nearest"] is None)
            assert "最近的一处在册" in words or kind["existing"]["nearest"] is None


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
    page = ask(shipped_app, f"/area/{area}").text
    assert 'id="coverage"' not in page
    # What a plan wants to reach, or asks of a share of its units, is no figure of what is covered.
    page = re.sub(r'<section id="targets">.*?</section>', "", page, flags=re.DOTALL)
    for kind in ask(shipped_app, "/api/promised", area=area).get_json(force=True)["kinds"]:
        for one in kind["required"]:
            page = page.replace(html.escape(one["words"]), "")
    # What a plan wants to reach is its own figure, told as such.
    page = re.sub(r'<section id="targets">.*?</section>', "", page, flags=re.DOTALL)
    assert not re.search(r">[^<]*(\d%|\d / \d)|平方公里", page)
    assert "没有收录" in page or "没有说收全" in page


@pytest.mark.parametrize("area", [*COUNTIES, "140200"])
def test_an_area_page_tells_every_rung_of_every_kind_that_any_plan_mentions(shipped_app, area):
    page = html.unescape(re.sub(r"<(?!/?a\b)[^>]+>", "", ask(shipped_app, f"/area/{area}").text))
    client = shipped_app.test_client()
    for kind in ask(shipped_app, "/api/promised", area=area).get_json(force=True)["kinds"]:
        for one in kind["required"]:
            assert one["words"] in page
            assert f"/requirement/{one['id']}" in page
        for one in kind["quotas"]:
            assert one["words"] in page
            assert f"/quota/{one['id']}" in page
        for rung in ("named", "allotted"):
            assert all(f"/facility/{one['id']}" in page for one in kind[rung]["facilities"])
        assert all(f"#{one['id']}" in page for one in kind["intents"]["commitments"])
        for one in kind["required"][:1]:
            assert client.get(f"/requirement/{one['id']}").status_code == 200
        for one in kind["quotas"][:1]:
            assert client.get(f"/quota/{one['id']}").status_code == 200


def test_a_county_is_told_what_the_plan_of_its_city_promises_without_saying_where(shipped_app):
    query = {"category": "kindergarten", "metres": 300}
    (county,) = summary(shipped_app, "coverage", area="140213", **query)["promised"]
    (city,) = summary(shipped_app, "coverage", area="140200", **query)["promised"]
    assert county["quotas"]
    assert all(one["above"] for one in county["quotas"])
    assert not any(one["above"] for one in city["quotas"])
    assert {one["id"] for one in county["quotas"]} <= {one["id"] for one in city["quotas"]}
    assert county["intents"]["above"] == county["intents"]["matched"] > 0 == city["intents"]["above"]
    page = html.unescape(ask(shipped_app, "/planner", area="140213", **query).text)
    assert all(one["words"] in page for one in (*county["quotas"], *county["required"]))
    assert all("平城区" in one["words"] for one in county["quotas"])


@pytest.mark.parametrize("status", [{}, {"status": "existing"}, {"status": "all"}])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "asked",
    [
        {"area": "140213", "category": "kindergarten"},
        {"area": "140213", "category": "kindergarten", "q": "平城区 幼儿园"},
        {"area": "140802", "category": "trail"},
    ],
)
def test_an_empty_list_says_what_plans_promise_there_and_what_exists(shipped_app, asked, language, status):
    area, category = asked["area"], asked["category"]
    found = ask(shipped_app, "/api/promised", area=area, category=category, lang=language).get_json(force=True)
    kind = found["kinds"][0]
    # What is typed says the same as what is chosen.
    query = ({"q": asked["q"]} if "q" in asked else asked) | {"lang": language} | status
    page = ask(shipped_app, "/", **query).text.split('<div class="nothing">')[1].split('<section class="map-side')[0]
    said = html.unescape(re.sub(r"<[^>]+>", "", page))
    assert any(sentence in said for sentence in kind["words"])
    assert all(sentence in said for sentence in kind["existing"]["words"])
    assert f"/area/{area}" in page
    assert ("规划设施。" in page) is (not status and language == "zh")


@pytest.mark.parametrize("query", [{"q": "平城区幼儿园"}, {"area": "140213", "category": "kindergarten"}])
def test_an_empty_answer_of_the_interface_says_what_plans_promise_there(shipped_app, query):
    body = ask(shipped_app, "/api/facilities", **query).get_json(force=True)
    assert body["features"] == []
    (kind,) = body["promised"]
    known = ask(shipped_app, "/api/promised", area="140213", category="kindergarten").get_json(force=True)["kinds"][0]
    assert (kind["category"], kind["words"]) == ("kindergarten", known["words"])
    assert kind["quotas"]


def test_an_answer_around_a_point_says_what_plans_promise_to_its_county(shipped_app):
    body = ask(shipped_app, "/api/facilities/nearby", lon=113.30, lat=40.08, metres=500, category="trail").get_json(
        force=True
    )
    (kind,) = body["promised"]
    assert kind["category"] == "trail"
    assert any("平城区" in said for said in kind["words"])


def test_an_area_page_names_the_nearest_of_a_kind_that_it_has_nothing_of(shipped_app):
    page = ask(shipped_app, "/area/140213").text
    near = summary(shipped_app, "coverage", area="140213", category="middle_school", metres=500)["record_basis"]
    assert not near["existing"]
    kind = page.split('id="k-middle_school"')[1].split("</li>")[0]
    assert f"/facility/{near['nearest']['id']}" in page.split('id="k-middle_school"')[1].split('id="k-')[0] + kind


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_intention_leads_to_its_line_in_the_plan(shipped_app, language):
    query = {"area": "140213", "category": "kindergarten", "metres": 300, "lang": language}
    (told,) = summary(shipped_app, "coverage", **query)["promised"]
    page = ask(shipped_app, "/planner", **query).text
    addresses = {html.unescape(one) for one in re.findall(r'href="(/plan/[^"]+#[^"]+)"', page)}
    led = {address.partition("#")[2] for address in addresses}
    assert led == {one["id"] for one in told["intents"]["commitments"]}
    assert len(led) == told["intents"]["matched"] > 3
    for address in addresses:
        path, _, anchor = address.partition("#")
        assert f'id="{anchor}"' in shipped_app.test_client().get(path).text
    for one in told["intents"]["commitments"]:
        assert (f"第 {one['line']} 行" if language == "zh" else f"line {one['line']}") in page


def test_what_a_plan_places_in_a_city_only_is_no_promise_of_the_county_where_its_seat_lies(shipped_app):
    def promised(area):
        told = summary(shipped_app, "coverage", area=area, category="college", metres=500)["record_basis"]["promised"]
        return told["wide"], told["around"]

    city, *counties = (promised(area) for area in ("140200", "140213", "140214", "140221"))
    assert city[0] > 0 == city[1]
    assert {around for _wide, around in counties} == {city[0] - sum(wide for wide, _around in counties)}


def test_an_area_page_opens_with_what_stands_beside_what_is_promised(shipped_app):
    for area in ("140521", "140213"):
        kinds = ask(shipped_app, "/api/promised", area=area).get_json(force=True)["kinds"]
        existing = {kind["category"]: kind["existing"] for kind in kinds}
        first = html.unescape(ask(shipped_app, f"/area/{area}").text).split('id="gets"')[1].split("</section>")[0]
        rows = {re.search(r"#k-(\w+)", row)[1]: re.sub("<[^>]+>", "", row) for row in first.split("<dt>")[1:]}
        assert "kindergarten" in rows
        for code, row in rows.items():
            stated = [one for one in existing[code]["stated"] if one["measure"] != "places"]
            if stated:
                assert f"{stated[0]['count']:,} {stated[0]['unit']}" in row.split("规划写明")[1]
                assert f"本站收录 {stated[0]['on_record']} 处" in row
            else:
                assert re.search(rf"在册\D*{existing[code]['on_record']} 处", row)
    assert "26 所（2020 年末）" in html.unescape(ask(shipped_app, "/area/140521").text).split("</section>")[0]


def test_a_requirement_without_a_noun_of_its_own_does_not_say_its_kind_twice(shipped_app):
    kinds = ask(shipped_app, "/api/promised", area="140200").get_json(force=True)["kinds"]
    asked = [(kind["category_name"], one["id"]) for kind in kinds for one in kind["required"]]
    assert asked
    for name, key in asked:
        assert f'>{name}</a> · <span lang="zh-Hans">{name}</span>' not in ask(shipped_app, f"/requirement/{key}").text


def test_who_reads_english_is_told_the_kind_beside_the_plan_s_own_noun(shipped_app):
    (kind,) = ask(shipped_app, "/api/promised", area="140213", category="kindergarten", lang="en").get_json(force=True)[
        "kinds"
    ]
    said = [one for rung in ("quotas", "required") for one in kind[rung]]
    assert {one["noun"] for one in said} >= {"普惠性幼儿园", "公办园"}
    assert all(f"kindergarten ({one['noun']})" in one["words"] for one in said)
