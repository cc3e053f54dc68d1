"""The pages as Flask answers them: complete without JavaScript, in both languages, honest about what is not known."""

import html
import re
import shutil
from urllib.parse import parse_qs, urlsplit

import html5lib
import pytest

from service_map import settings, store
from service_map.store import queries
from service_map.web import create_app

HTML = "{http://www.w3.org/1999/xhtml}"
CJK = re.compile(r"[\u4e00-\u9fff]")
QINSHUI = "lon=112.187&lat=35.69"
PROMISED = queries.FacilityFilter(promised=True)


def _app(geodata, database):
    return create_app(
        settings.load({"DATABASE_URL": f"sqlite:///{database}", "GEODATA_DIR": str(geodata), "COMPUTE_PROCESSES": "0"})
    )


@pytest.fixture(scope="module")
def database(shipped_database):
    return shipped_database


@pytest.fixture(scope="module")
def browser(geodata, database):
    return _app(geodata, database).test_client()


@pytest.fixture(scope="module")
def conn(database):
    engine = store.open_readonly(f"sqlite:///{database}")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="module")
def some_facility(conn):
    return queries.facilities(conn, PROMISED, limit=1).items[0]


@pytest.fixture(scope="module")
def addresses(conn, some_facility):
    """One address of each kind of page; facilities of several kinds, because each says other things."""
    every = queries.facilities(conn, PROMISED, limit=queries.MAX_LIMIT).items
    kinds = {(item.precision, item.basis, item.name_given, len(item.citations) > 1): item.id for item in every}
    return (
        "/", "/?family=elderly", "/?q=殡仪馆", "/?area=140521&status=planned&year=2025", "/about", "/plans",
        f"/plan/{some_facility.plan}", "/areas", "/area/140500", "/area/140521", f"/circle?{QINSHUI}",
        *(f"/facility/{facility_id}" for facility_id in kinds.values()), "/?status=all", "/?status=existing",
        f"/facility/{queries.facilities(conn, queries.FacilityFilter(status='existing'), limit=1).items[0].id}",
        "/?q=平城区幼儿园", "/area/140213", f"/requirement/{queries.requirements(conn, limit=1).items[0].id}",
        f"/quota/{queries.quotas(conn, limit=1).items[0].id}",
    )  # fmt: skip


def _with(address, query):
    return f"{address}{'&' if '?' in address else '?'}{query}" if query else address


def _text(response):
    assert response.status_code == 200, response.get_data(as_text=True)[:500]
    return response.get_data(as_text=True)


def _tree(text):
    return html5lib.HTMLParser(strict=True).parse(text)


def _matched(text):
    return int(re.search(r"找到 ([\d,]+) 处", text)[1].replace(",", ""))


def _listed(text):
    return re.findall(r'class="name"[^>]*href="[^"]*/facility/(f[0-9a-f]{12})', text)


def _all_listed(client, address):
    """Follow the link to the next page to the end, as a reader without JavaScript would."""
    found = []
    while address:
        text = _text(client.get(address))
        found += _listed(text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        address = html.unescape(following[1]) if following else None
    return found


def test_home_lists_every_facility_without_a_script_and_without_the_map(browser, conn):
    found = _all_listed(browser, "/")
    total = queries.facilities(conn, PROMISED, limit=1).matched
    assert len(found) == len(set(found)) == total > 100


def test_home_offers_all_five_plans_and_each_has_facilities(browser, conn):
    text = _text(browser.get("/"))
    for plan in queries.plans(conn):
        assert f'value="{plan.id}"' in text
        assert _matched(_text(browser.get(f"/?plan={plan.id}"))) > 0


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("family=funeral", lambda item: item.family == "funeral"),
        ("category=kindergarten", lambda item: item.category == "kindergarten"),
        ("area=140521", lambda item: item.adcode.startswith("140521")),
        ("area=140500", lambda item: item.adcode.startswith("1405")),
        ("plan=qinshui-2021", lambda item: any(cite.plan == "qinshui-2021" for cite in item.citations)),
        ("year=2023", lambda item: item.year is not None and item.year <= 2023),
        ("status=planned", lambda item: item.status == "planned"),
        ("precision=county", lambda item: item.precision == "county"),
        ("family=elderly&area=140800", lambda item: item.family == "elderly" and item.adcode.startswith("1408")),
    ],
)
def test_a_choice_in_the_address_filters_the_list(browser, conn, query, holds):
    every = queries.facilities(conn, PROMISED, limit=queries.MAX_LIMIT).items
    assert set(_all_listed(browser, f"/?{query}")) == {item.id for item in every if holds(item)}


def test_what_stands_already_is_listed_only_for_who_asks(browser, conn):
    standing = queries.facilities(conn, queries.FacilityFilter(status="existing"), limit=1).matched
    promised = queries.facilities(conn, PROMISED, limit=1).matched
    assert standing > 0
    assert _matched(_text(browser.get("/"))) == promised
    assert _matched(_text(browser.get("/?status=all"))) == promised + standing
    assert _matched(_text(browser.get("/?status=existing"))) == standing
    assert browser.get("/points.json").get_json()["matched"] == promised
    assert browser.get("/points.json?status=all").get_json()["matched"] == promised + standing


def test_the_page_of_what_stands_already_names_its_source_and_no_plan(browser, conn):
    found = queries.facilities(conn, queries.FacilityFilter(status="existing"), limit=1).items[0]
    text = _text(browser.get(f"/facility/{found.id}"))
    assert "谁答应的" not in text
    assert found.point_source in text
    assert found.point_licence in text
    assert "OpenStreetMap" in _text(browser.get("/about"))


def test_a_search_finds_a_facility_by_its_name(browser):
    assert "沁水县殡仪馆" in _text(browser.get("/?q=沁水县殡仪馆"))


@pytest.mark.parametrize("q", ["绿地世纪城", "世纪城", "lvdi shijicheng", "LDSJC"])
def test_a_search_finds_a_residential_community_and_leads_to_what_is_near_it(browser, conn, q):
    text = browser.get(f"/?q={q}").text
    assert "绿地世纪城" in text
    home = next(home for home in queries.communities(conn) if home.name == "绿地世纪城")
    near = f"/?near={home.lon:.4f},{home.lat:.4f}"
    assert near in html.unescape(text).replace("%2C", ",")
    assert "由近到远" in browser.get(near).text
    assert "附近有什么" not in browser.get("/?q=没有这样的小区").text


def test_the_number_on_a_chip_is_what_its_link_shows(browser):
    text = _text(browser.get("/?area=140500"))
    chips = re.findall(r'class="chip" href="([^"]+)"[^>]*>.*?<b>(\d+)</b>', text)
    assert len(chips) > 4
    for address, number in chips:
        assert _matched(_text(browser.get(html.unescape(address)))) == int(number)


def test_a_chosen_family_offers_its_categories_and_a_link_that_gives_it_up(browser):
    text = _text(browser.get("/?family=elderly&area=140500"))
    current = re.findall(r'class="chip" href="([^"]+)" aria-current="true"', text)
    assert [parse_qs(urlsplit(html.unescape(address)).query) for address in current] == [{"area": ["140500"]}]
    assert "category=elderly_institution" in text


def test_an_empty_result_says_so_and_offers_a_way_on(browser):
    text = _text(browser.get("/?q=没有这样的设施"))
    assert "没有符合这些条件的规划设施" in text
    assert _listed(text) == []


@pytest.mark.parametrize("query", ["", "lang=en", "big=1"])
def test_every_page_is_valid_html_without_inline_script_or_style(browser, addresses, query):
    for address in addresses:
        tree = _tree(_text(browser.get(_with(address, query))))
        for element in tree.iter():
            if not isinstance(element.tag, str):
                continue
            assert "style" not in element.attrib, (address, element.tag)
            assert not [name for name in element.attrib if str(name).startswith("on")], (address, element.tag)
            assert element.tag != f"{HTML}style"
            if element.tag == f"{HTML}script" and element.get("type") != "application/ld+json":
                assert element.get("src", "").startswith("/"), address
            for name in ("src", "action"):
                assert not urlsplit(element.get(name, "")).netloc, (address, element.get(name))


def test_no_page_sets_a_cookie(browser, addresses):
    for address in addresses:
        assert "Set-Cookie" not in browser.get(address).headers


MACHINES = ("/api", "/download", "/ogc", "/tiles", "/catalog.jsonld")


@pytest.mark.parametrize(
    ("query", "kept"), [("lang=en", {"lang": ["en"]}), ("lang=en&big=1", {"lang": ["en"], "big": ["1"]})]
)
def test_every_link_to_another_page_keeps_the_language_and_the_type_size(browser, addresses, query, kept):
    for address in addresses:
        for link in _tree(_text(browser.get(_with(address, query)))).iter(f"{HTML}a"):
            target = urlsplit(link.get("href"))
            switches = link.get("hreflang") or "type" in (link.text or "")
            if target.netloc or not target.path or target.path.startswith(MACHINES) or switches:
                continue
            asked = parse_qs(target.query)
            assert {name: asked.get(name) for name in kept} == kept, (address, link.get("href"))


def _untranslated(element, language):
    """Give the Chinese words that stand in a part of the page which says it is English."""
    language = element.get("lang", language)
    spoken = [element.text or ""] + [
        element.get(name, "") for name in ("aria-label", "placeholder", "alt", "title", "data-words")
    ]
    found = [words for words in spoken if language == "en" and CJK.search(words)]
    for child in element:
        if isinstance(child.tag, str) and child.tag != f"{HTML}title":
            found += _untranslated(child, language)
        if language == "en" and CJK.search(child.tail or ""):
            found.append(child.tail)
    return found


def test_the_english_pages_are_english_but_for_names_marked_as_chinese(browser, addresses):
    # Names of sources and of clauses are told as their owners write them.
    allowed = re.compile(r"天地图|天地圖")
    for address in addresses:
        tree = _tree(_text(browser.get(_with(address, "lang=en"))))
        assert tree.get("lang") == "en"
        left = [words for words in _untranslated(tree.find(f"{HTML}body"), "en") if CJK.search(allowed.sub("", words))]
        assert left == [], address


def test_chinese_pages_say_that_they_are_chinese_and_link_to_english(browser):
    tree = _tree(_text(browser.get("/?area=140521")))
    assert tree.get("lang") == "zh-Hans"
    switch = [link for link in tree.iter(f"{HTML}a") if link.get("hreflang") == "en"]
    assert parse_qs(urlsplit(switch[0].get("href")).query) == {"area": ["140521"], "lang": ["en"]}


@pytest.mark.parametrize(
    "attack", ['<script>alert("x")</script>', '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "'--"]
)
def test_script_in_a_search_is_shown_as_text(browser, attack):
    text = _text(browser.get("/", query_string={"q": attack}))
    box = [field for field in _tree(text).iter(f"{HTML}input") if field.get("name") == "q"]
    assert [field.get("value") for field in box] == [attack]
    assert attack not in text or not set(attack) & set("<>")


def test_parameters_that_chat_programs_append_do_not_stop_a_shared_link(browser):
    text = _text(browser.get("/?area=140521&from=singlemessage&isappinstalled=0"))
    assert _matched(text) > 0
    assert "isappinstalled" not in text


def test_a_facility_page_names_plan_section_line_and_digest(browser, conn):
    found = queries.facilities(conn, queries.FacilityFilter(q="沁水县殡仪馆"), limit=1).items[0]
    text = _text(browser.get(f"/facility/{found.id}"))
    for cite in found.citations:
        for words in (cite.plan_title, cite.section, str(cite.line), cite.passage_sha256):
            assert html.escape(words) in text or words in text
    assert f"/api/facilities/{found.id}" in text


def test_a_facility_page_says_in_words_how_sure_its_location_is(browser, conn):
    for code, words in (("county", "约在此县"), ("township", "约在此镇")):
        found = queries.facilities(conn, queries.FacilityFilter(precision=code), limit=1).items[0]
        text = _text(browser.get(f"/facility/{found.id}"))
        assert words in text
        assert "真正的位置在这个点周围" in text


def test_a_facility_page_shows_the_passage_where_the_operator_has_the_text(geodata, shared, tmp_path):
    database = tmp_path / "with-passages.gpkg"
    store.build(f"sqlite:///{database}", geodata=geodata, plans_dir=shared / "plans")
    engine = store.open_readonly(f"sqlite:///{database}")
    with engine.connect() as connection:
        found = queries.facilities(connection, PROMISED, limit=1).items[0]
    engine.dispose()
    passage = found.citations[0].passage
    assert passage
    quotes = list(
        _tree(_text(_app(geodata, database).test_client().get(f"/facility/{found.id}"))).iter(f"{HTML}blockquote")
    )
    assert passage.strip() in "".join(quotes[0].itertext())


def test_a_plan_page_gives_every_commitment_in_the_order_of_the_text(browser, conn):
    for plan in queries.plans(conn):
        address, rows = f"/plan/{plan.id}", []
        while address:
            text = _text(browser.get(address))
            rows += re.findall(rf'<li id="({plan.id}-(\d+)-[0-9a-f]+)"', text)
            following = re.search(r'rel="next" href="([^"]+)"', text)
            address = html.unescape(following[1]) if following else None
        assert len({code for code, _line in rows}) == plan.commitments
        lines = [int(line) for _code, line in rows]
        assert lines == sorted(lines)


def test_an_area_page_counts_what_the_list_counts(browser):
    text = _text(browser.get("/area/140521"))
    shown = [int(number.replace(",", "")) for number in re.findall(r"<dd>([\d,]+)</dd>", text)]
    told = browser.get("/api/promised?area=140521").get_json(force=True)["kinds"]
    counts = (sum(len(kind[rung]) for kind in told) for rung in ("required", "quotas"))
    assert shown[:4] == [
        _matched(_text(browser.get("/?area=140521"))),
        *counts,
        sum(kind["intents"]["matched"] for kind in told),
    ]


def test_the_card_of_a_point_gives_verdict_rule_and_clause_and_says_straight_line(browser):
    text = _text(browser.get(f"/circle?{QINSHUI}"))
    assert "沁水县" in text
    assert "直线距离" in text
    assert "GB 50180" in text
    said = re.findall(r'<span class="verdict v-(\w+)">', text)
    assert said
    assert set(said) <= {"met", "met_if_built", "not_met", "cannot_say"}


def test_the_card_shows_a_category_once_and_of_clauses_that_ask_the_same_the_best_known(browser):
    text = _text(browser.get(f"/circle?{QINSHUI}"))
    groups = text.split("规划自己答应的服务圈")[0]
    named = re.findall(r"<strong>([^<]+)</strong>", groups)
    assert len(named) == len(set(named)) > 10
    school = groups.split("<strong>小学</strong>")[1].split("</li>")[0]
    assert "GB 50442" in school
    assert "GB 50180" not in school
    # They ask different radii, so both stand.
    kindergarten = groups.split("<strong>幼儿园</strong>")[1].split("</li>")[0]
    assert "JGJ 39" in kindergarten.split("另有规定")[0]
    assert "建议性条款" in kindergarten.split("另有规定")[0]
    assert "GB 50180" in kindergarten.split("另有规定")[1]
    assert "未核对原文" in kindergarten.split("另有规定")[1]


def test_the_card_never_gives_a_county_level_facility_a_distance_it_does_not_have(browser, conn):
    # At the county seat every county-level facility of the county has distance 0 on the map, and none in truth.
    area = queries.area(conn, "140521")
    text = _text(browser.get(f"/circle?lon={area.lon}&lat={area.lat}"))
    assert not re.search(r"(?<![\d.])0 米", text)
    assert "说不准有多远" in text


def test_a_point_outside_the_data_gets_no_card_and_is_told_why(browser):
    answer = browser.get("/circle?lon=2.35&lat=48.85")
    assert answer.status_code == 422
    assert "不在数据所及的行政区内" in answer.text
    assert "接下来可以" in answer.text


@pytest.mark.parametrize(
    ("query", "speed"), [("", "1.2"), ("&profile=elderly", "0.8"), ("&profile=child", "1"), ("&minutes=5", "1.2")]
)
def test_the_card_says_what_the_interface_says_and_at_whose_pace(browser, query, speed):
    told = browser.get(f"/api/circle?{QINSHUI}{query}").get_json(force=True)
    text = _text(browser.get(f"/circle?{QINSHUI}{query}"))
    first = {}
    for row in told["verdicts"]:
        first.setdefault(row["category_name"], row["verdict_name"])
    for verdict in set(first.values()):
        assert f"{verdict} {sum(said == verdict for said in first.values())}" in text
    assert re.search(rf"步速 {speed}(\.0)? 米/秒", text)
    for row in told["plan_circles"]:
        assert row["plan_title"] in text


def test_the_card_of_a_site_with_ways_to_walk_says_that_it_walked(geodata, database, tmp_path):
    edges = tmp_path / "ways.csv"
    edges.write_text(
        "from_lon,from_lat,to_lon,to_lat\n112.185,35.690,112.187,35.690\n112.187,35.690,112.189,35.690\n",
        encoding="utf-8",
    )
    environment = {
        "DATABASE_URL": f"sqlite:///{database}",
        "GEODATA_DIR": str(geodata),
        "COMPUTE_PROCESSES": "0",
        "NETWORK": str(edges),
    }
    walked = create_app(settings.load(environment)).test_client().get(f"/circle?{QINSHUI}")
    assert "距离沿路网步行量得" in _text(walked)
    assert "按直线距离" not in _text(walked)


@pytest.mark.parametrize(
    ("address", "status", "field"),
    [
        ("/nowhere", 404, ""), ("/facility/f000000000000", 404, "f000000000000"), ("/plan/no-such", 404, "no-such"),
        ("/area/999999", 404, "999999"), ("/?category=no_such", 400, "category"), ("/?year=soon", 400, "year"),
        ("/?area=999999", 400, "area"), ("/?plan=x", 400, "plan"), ("/?cursor=x", 400, "cursor"), ("/circle", 400, "lon"),
        ("/circle?lon=200&lat=1", 400, "lon"), ("/circle?lon=1&lat=nan", 400, "lat"), ("/vendor/leaflet/../x", 404, ""),
        ("/vendor/leaflet/none.js", 404, ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_bad_address_is_answered_in_plain_words_with_a_way_on(browser, address, status, field, language):
    response = browser.get(_with(address, f"lang={language}"))
    text = response.get_data(as_text=True)
    assert response.status_code == status
    assert response.mimetype == "text/html"
    assert field in text
    assert ("接下来可以" if language == "zh" else "What you can do next") in text
    assert "Traceback" not in text
    _tree(text)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_missing_database_is_told_with_what_to_do(geodata, tmp_path, language):
    client = _app(geodata, tmp_path / "none.gpkg").test_client()
    for address in ("/", "/about", f"/circle?{QINSHUI}"):
        response = client.get(_with(address, f"lang={language}"))
        assert response.status_code == 503
        assert "service-map build" in response.get_data(as_text=True)
        assert response.headers["Retry-After"]


def test_a_damaged_database_is_told_and_not_a_traceback(geodata, database, tmp_path):
    broken = tmp_path / "broken.gpkg"
    shutil.copy(database, broken)
    broken.write_bytes(broken.read_bytes()[:5000])
    response = _app(geodata, broken).test_client().get("/")
    assert response.status_code == 503
    assert "service-map build" in response.get_data(as_text=True)


def test_points_for_the_map_are_those_of_the_list(browser):
    body = browser.get("/points.json?area=140521&family=culture").get_json()
    ids = [row[body["columns"].index("id")] for row in body["rows"]]
    assert set(ids) == set(_all_listed(browser, "/?area=140521&family=culture"))
    assert body["matched"] == len(ids) > 0


def test_boundaries_for_the_map_cover_every_county_without_gaps(browser, conn):
    body = browser.get("/boundaries.json").get_json()
    codes = {feature["properties"]["adcode"] for feature in body["features"]}
    assert {area.adcode for area in queries.areas(conn) if area.level in {"city", "county"}} <= codes


def test_a_page_is_sent_again_only_when_it_has_changed(browser):
    first = browser.get("/plans")
    again = browser.get("/plans", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert browser.get("/plans?lang=en", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_files_with_a_stamp_in_their_address_may_be_kept_for_good(browser):
    stamped = re.findall(r'(?:src|href)="(/(?:static|vendor)/[^"]+[?&]v=[^"]+)"', _text(browser.get("/")))
    assert len(stamped) >= 5
    for address in stamped:
        with browser.get(html.unescape(address)) as response:
            assert response.status_code == 200
            assert "immutable" in response.headers["Cache-Control"]


def test_leaflet_comes_from_the_installed_package(browser):
    with browser.get("/vendor/leaflet/leaflet.js") as response:
        assert b"Leaflet 1.9" in response.data[:300]


def test_the_choices_made_are_shown_in_the_form_and_each_can_be_taken_back(browser):
    text = _text(browser.get("/?plan=qinshui-2021&area=140521&year=2025&status=planned&precision=county&q=沁水"))
    chosen = {
        select.get("name"): option.get("value")
        for select in _tree(text).iter(f"{HTML}select")
        for option in select.iter(f"{HTML}option")
        if "selected" in option.attrib
    }
    assert chosen == {
        "plan": "qinshui-2021", "area": "140521", "year": "2025", "status": "planned", "precision": "county",
    }  # fmt: skip
    taken = re.search(r'<ul class="chips taken".*?</ul>', text, re.DOTALL)[0]
    back = [set(parse_qs(urlsplit(html.unescape(address)).query)) for address in re.findall(r'href="([^"]+)"', taken)]
    assert [({*chosen, "q"} - left) for left in back] == [{"area"}, {"plan"}, {"year"}, {"status"}, {"precision"}]
