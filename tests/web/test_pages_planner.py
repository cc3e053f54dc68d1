"""The planner's page says what the interface says; a base map opens the policy for its own hosts alone."""

import base64
import html
import io
import json
import math
import re
import tempfile

import html5lib
import openpyxl
import pytest
from werkzeug import formparser

from service_map import settings, store
from service_map.errors import SettingsError
from service_map.store import queries
from service_map.web import create_app

HTML = "{http://www.w3.org/1999/xhtml}"
ASKED = {"area": "140213", "category": "primary_school", "metres": "500"}
UNTOLD = "&".join(f"{name}={said}" for name, said in ASKED.items())
QUESTION = f"{UNTOLD}&as_recorded=true"
RECORDED = ASKED | {"as_recorded": "true"}


@pytest.fixture(scope="module")
def database(shipped_database):
    return shipped_database


@pytest.fixture(scope="module")
def make(geodata, database):
    def client(**environment):
        base = {"DATABASE_URL": f"sqlite:///{database}", "GEODATA_DIR": str(geodata), "COMPUTE_PROCESSES": "0"}
        return create_app(settings.load(base | environment)).test_client()

    return client


@pytest.fixture(scope="module")
def client(make):
    return make()


def _figures(text):
    """The tiles by their words; where a figure has bounds they stand under the same words in `_bounds`."""
    return {what: told.strip() for what, told in re.findall(r'<div class="figure"><dt>([^<]+)</dt><dd>([^<]+)', text)}


def _bounds(text):
    return dict(re.findall(r'<dt>([^<]+)</dt><dd>[^<]+<span class="bounds">([^<]+)</span>', text))


def _percent(share):
    return f"{100 * share:.2f}%" if 0 < share < 0.001 else f"{100 * share:.1f}%"


NOW, BUILT = "现有 · 按在册", "规划全部建成后 · 按在册"


@pytest.mark.parametrize(
    ("question", "when", "mark"),
    [
        (QUESTION, "规划全部建成后", " · 按在册"),
        ("area=140521&rule=gb50180-kindergarten-5&complete=kindergarten", "规划全部建成后", ""),
        (f"{QUESTION}&year=2025", "到 2025 年", " · 按在册"),
        (f"{QUESTION}&by=homes", "规划全部建成后", " · 按在册"),
    ],
)
def test_the_page_tells_what_exists_covers_and_then_what_the_plans_would(client, question, when, mark):
    text = client.get(f"/planner?{question}").text
    api = question.replace("&by=homes", "")
    told = client.get(f"/api/coverage?{api}&by_year=true").get_json(force=True)["coverage"]
    figures, bounds = _figures(text), _bounds(text)
    for horizon, row in (("现有", told["years"][0]), (when, told)):
        said = f"{horizon}{mark}"
        assert figures[f"覆盖的土地 · {said}"] == _percent(row["share"])
        low, high = _percent(row["share_low"]), _percent(row["share_high"])
        assert bounds[f"覆盖的土地 · {said}"] == f"至少 {low}，至多 {high}"
        assert figures[f"算进去的设施 · {said}"] == f"{row['facilities']:,}"
        assert figures[f"缺口，平方公里 · {said}"] == f"{told['area_km2'] * (1 - row['share']):,.1f}"
        assert (f"走得到的（小区） · {said}" in figures) is ("homes" in question)
    assert [what for what in figures if when in what or "现有" in what] == list(figures)
    assert next(iter(figures)).endswith(f"现有{mark}")
    for limit in told["limits"]:
        assert html.escape(limit, quote=False) in html.unescape(text) or limit in html.unescape(text)


def test_as_recorded_figures_say_so_where_they_stand(client):
    question = f"{QUESTION}&by=homes&count=2"
    answer = html.unescape(client.get(f"/planner?{question}").text.split('id="answer"')[1])
    assert _figures(answer)
    assert all(what.endswith(" · 按在册") for what in _figures(answer))
    captions = re.findall(r"<caption>(.*?)</caption>", answer)
    assert len(captions) == 4
    assert all("按在册。" in caption for caption in captions)
    assert all(
        "按在册" in head
        for head in re.findall(r"<h3>(三种地方|最大的缺口|逐年)(.*?)</h3>", answer)
        for head in head[1:]
    )
    assert "比在册的多覆盖" in answer
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/planner?{question}&as=xlsx").data))
    assert [sheet.title for sheet in book][:-1] == [
        f"{name} · 按在册" for name in ("概况", "逐年", "缺口", "建议的新址")
    ]
    assert next(book.worksheets[3].values)[1] == "比在册的多覆盖"
    book.close()
    sure = client.get(f"/planner?{UNTOLD}&complete=primary_school&count=2").text.split('id="answer"')[1]
    assert "按在册" not in sure
    assert ">多覆盖<" in sure
    assert "比在册的多覆盖" in client.get(f"/planner?{UNTOLD}&count=2").text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_map_is_announced_as_what_it_shows(client, language):
    asked = {"withheld": UNTOLD, "recorded": QUESTION, "complete": f"{UNTOLD}&complete=primary_school&year=2024"}
    said = {}
    for case, question in asked.items():
        text = client.get(f"/planner?{question}&lang={language}").text
        said[case] = json.loads(html.unescape(re.search(r'data-words="([^"]+)"', text)[1]))["planner_label"]
    wanted = {
        "zh": {"withheld": "没有算", "recorded": "按在册", "complete": "到 2024 年"},
        "en": {"withheld": "not drawn", "recorded": "as recorded", "complete": "2024"},
    }[language]
    assert all(words in said[case] for case, words in wanted.items())
    assert ("一定走得到" in said["complete"], "surely" in said["complete"]) == (language == "zh", language == "en")
    assert not any(sure in said[case] for sure in ("一定", "surely") for case in ("withheld", "recorded"))


def test_where_nobody_says_that_the_record_is_complete_the_page_says_what_is_known_and_no_share(client):
    text = client.get(f"/planner?{UNTOLD}&count=2").text
    told = client.get(f"/api/coverage?{UNTOLD}").get_json(force=True)["coverage"]
    assert told["record"] == "partial"
    assert told["record_basis"]["words"] in html.unescape(text)
    figures = _figures(text)
    assert figures["在册的现有设施"] == f"{told['record_basis']['existing']:,}"
    assert not any(what.startswith(("覆盖的土地", "缺口", "走得到")) for what in figures)
    assert not re.search(r">[^<]*\d%", text.split('id="answer"')[1])
    for word in ("一定走得到", "都走不到", "最大的缺口"):
        assert word not in text
    ways = [html.unescape(link) for link in re.findall(r'href="([^"]+)#answer"', text)]
    assert [next(name for name in ("as_recorded", "complete") if name in way) for way in ways] == [
        "as_recorded",
        "complete",
    ]
    assert "只供核对记录" in client.get(ways[0]).text
    assert "提问者说已收全" in client.get(ways[1]).text
    body = client.get(f"/planner?{UNTOLD}&as=geojson").get_json(force=True)
    assert (body["features"], body["gaps"]["zones"]) == ([], None)
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/planner?{UNTOLD}&as=xlsx").data))
    summary = dict(list(book.worksheets[0].values)[1:])
    assert summary["现有设施的收录"] == told["record_basis"]["words"]
    assert summary["在册的现有设施"] == told["record_basis"]["existing"]
    assert not any(what.startswith("覆盖的土地") for what in summary)
    book.close()


def test_the_page_ranks_the_gaps_and_suggests_sites(client):
    text = client.get(f"/planner?{QUESTION}&count=3").text
    sites = client.get(f"/api/sites?{QUESTION}&count=3").get_json(force=True)
    gaps = client.get(f"/api/gaps?{QUESTION}").get_json(force=True)
    for feature in [*sites["features"], *gaps["features"][:10]]:
        place = feature["properties"]
        assert f"{place['lon']:.5f}, {place['lat']:.5f}" in text
    assert _percent(sites["sites"]["share_after"]) in text


def test_what_is_on_the_screen_can_be_downloaded(client):
    question = f"{QUESTION}&count=2"
    text = client.get(f"/planner?{question}").text
    links = [html.unescape(link) for link in re.findall(r'href="([^"]+)" download="service-map-coverage', text)]
    assert len(links) == 2
    body = client.get(links[0]).get_json(force=True)
    kinds = [feature["id"].split("-")[0] for feature in body["features"]]
    assert (kinds.count("covered"), kinds.count("zone"), kinds.count("site")) == (1, 3, 2)
    assert kinds.count("gap") > 1
    for name, address in (("coverage", "coverage"), ("gaps", "gaps"), ("sites", "sites")):
        said = client.get(f"/api/{address}?{question if name == 'sites' else QUESTION}").get_json(force=True)[name]
        assert body[name]["metres"] == said["metres"]
    assert (
        body["coverage"]["share"] == client.get(f"/api/coverage?{QUESTION}").get_json(force=True)["coverage"]["share"]
    )
    book = openpyxl.load_workbook(io.BytesIO(client.get(links[1]).data))
    summary = dict(list(book.worksheets[0].values)[1:])
    assert summary[f"覆盖的土地 · {BUILT}"] == body["coverage"]["share"]
    assert summary[f"覆盖的土地 · {NOW}"] == body["coverage"]["years"][0]["share"]
    book.close()


def test_the_three_zones_part_the_land_and_bound_the_covered_share(client):
    body = client.get(f"/planner?{QUESTION}&as=geojson").get_json(force=True)
    zones = {feature["properties"]["zone"]: feature for feature in body["features"] if feature["id"].startswith("zone")}
    areas = {zone: feature["properties"]["area_km2"] for zone, feature in zones.items()}
    whole = body["coverage"]["area_km2"]
    assert sum(areas.values()) == pytest.approx(whole, rel=1e-3)
    assert areas["certain"] / whole == pytest.approx(body["coverage"]["share_low"], abs=2e-3)
    assert areas["gap"] < body["coverage"]["gap_km2"] < whole - areas["certain"]
    assert {zone["geometry"]["type"] for zone in zones.values()} <= {"Polygon", "MultiPolygon"}
    text = client.get(f"/planner?{QUESTION}").text
    drawn = json.loads(re.search(r'id="drawn">(.*?)</script>', text)[1])
    assert {zone["id"] for zone in drawn["zones"]["features"]} == set(zones)
    for area in areas.values():
        assert f'<td class="number">{area:,.1f}</td>' in text


def test_the_three_zones_tell_their_people(client, database):
    text = client.get(f"/planner?{QUESTION}&by=homes").text
    rows = re.findall(
        r'<th scope="row">(在册的走得到|说不准|在册的都走不到)</th>.*?<td class="number">([\d,]+)</td></tr>', text
    )
    engine = store.open_readonly(f"sqlite:///{database}")
    with engine.connect() as conn:
        homes = len(queries.communities(conn, area="140213"))
    engine.dispose()
    assert [name for name, _people in rows] == ["在册的走得到", "说不准", "在册的都走不到"]
    assert sum(int(people.replace(",", "")) for _name, people in rows) == homes


@pytest.mark.parametrize(
    ("question", "metres", "speed"),
    [
        ("category=primary_school&minutes=10", 10 * 60 * 1.2 / 1.3, "1.2"),
        ("category=primary_school&minutes=10&profile=elderly", 10 * 60 * 0.8 / 1.3, "0.8"),
        ("category=primary_school&metres=500&way=walk", 500 / 1.3, "1.2"),
    ],
)
def test_minutes_on_foot_are_told_with_their_speed(client, question, metres, speed):
    text = client.get(f"/planner?area=140213&{question}").text
    assert f"{metres:,.0f} 米" in text
    assert f"步速 {speed} 米/秒" in text


def test_metres_are_a_straight_line_and_the_page_says_so(client):
    assert "直线 500 米" in client.get(f"/planner?{QUESTION}").text


def test_homes_on_record_are_counted_where_they_are_asked_for(client):
    text = client.get(f"/planner?{QUESTION}&by=homes").text
    assert f"走得到的（小区） · {NOW}" in text
    assert "按在册居住小区计" in text


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("own", [False, True])
def test_where_no_home_is_on_record_land_is_counted_and_the_page_says_so(client, language, *, own):
    asked = {"area": "140521", "category": "kindergarten", "metres": "300", "by": "homes", "complete": "kindergarten"}
    query = "&".join(f"{name}={said}" for name, said in asked.items())
    files = {"facilities": ("own.csv", b"lon,lat\n112.18,35.69\n")}

    def get(more=""):
        if own:
            return _post(client, files, asked=asked, query=f"?lang={language}", **({"as": "xlsx"} if more else {}))
        return client.get(f"/planner?{query}&lang={language}{more}")

    answer = get()
    assert answer.status_code == 200
    said = {"zh": "没有在册的居住小区，下面按土地计", "en": "No residential community of this area is on record"}[
        language
    ]
    assert said in re.findall(r'<p class="notice">([^<]+)</p>', answer.text)[-1]
    assert '<option value="homes" selected>' in answer.text
    assert {"zh": "覆盖的土地 · 现有", "en": "Land covered · existing"}[language] in _figures(answer.text)
    book = openpyxl.load_workbook(io.BytesIO(get("&as=xlsx").data))
    assert any(said in str(row[0]) for row in book.worksheets[-1].values)
    book.close()


# ---------------------------------------------------------------- the reader's own points

PEOPLE_CSV = "name,lon,lat,people\n甲,113.30,40.09,500\n乙,113.31,40.07,1500\n丙,113.25,40.07,1000\n"


def _body(fields, files):
    """A form as a browser sends it; the test client's own would open files for it."""
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{said}\r\n' for name, said in fields.items()
    ]
    packed = "".join(parts).encode()
    for name, (title, body) in files.items():
        head = f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="{title}"\r\n\r\n'
        packed += head.encode() + body + b"\r\n"
    return packed + b"--edge--\r\n"


def _post(client, files, asked=RECORDED, query="", **more):
    body = _body({**asked, **more}, files)
    return client.post(f"/planner{query}", data=body, content_type="multipart/form-data; boundary=edge")


def _geojson(points):
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "properties": properties, "geometry": {"type": "Point", "coordinates": place}}
                for place, properties in points
            ],
        }
    ).encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_people_that_a_reader_uploads_are_counted(client, encoding):
    answer = _post(client, {"people": ("人口.csv", PEOPLE_CSV.encode(encoding))}, count="2")
    assert answer.status_code == 200
    points = [((113.30, 40.09), 500), ((113.31, 40.07), 1500), ((113.25, 40.07), 1000)]
    body = _geojson([(place, {"people": people}) for place, people in points])
    told = client.post(f"/api/coverage?{QUESTION}", data=body, content_type="application/geo+json").get_json(
        force=True
    )["coverage"]["people"]
    figures = _figures(answer.text)
    assert figures[f"走得到的（人） · {BUILT}"] == _percent(told["share"])
    assert figures[f"缺口里的（人） · {BUILT}"] == f"{told['total'] - told['covered']['located']:,.0f}"
    assert "人口.csv" in answer.text
    assert "3 个点" in answer.text
    assert "再建 2 处" in answer.text


def test_people_as_geojson_are_counted_like_people_as_csv(client):
    rows = [
        ((113.30, 40.09), {"people": 500}),
        ((113.31, 40.07), {"people": 1500}),
        ((113.25, 40.07), {"people": 1000}),
    ]
    by_csv = _figures(_post(client, {"people": ("a.csv", PEOPLE_CSV.encode())}).text)
    assert by_csv == _figures(_post(client, {"people": ("a.geojson", _geojson(rows))}).text)


def test_facilities_that_a_reader_uploads_cover_too_or_alone(client):
    without = _figures(client.get(f"/planner?{QUESTION}").text)
    own = b"lon,lat\n113.25,40.10\n113.33,40.085\n"
    added = _figures(_post(client, {"facilities": ("own.csv", own)}).text)
    alone = _post(client, {"facilities": ("own.csv", own)}, alone="1").text
    for when in (NOW, BUILT):
        assert int(added[f"算进去的设施 · {when}"]) == int(without[f"算进去的设施 · {when}"]) + 2
        assert float(added[f"缺口，平方公里 · {when}"]) < float(without[f"缺口，平方公里 · {when}"])
    # Two circles of 500 m, whole and sure; a list that stands alone is complete, and not as recorded.
    area = client.get(f"/api/coverage?{QUESTION}").get_json(force=True)["coverage"]["area_km2"]
    share = _percent(2 * math.pi * 0.25 / area)
    for when in ("现有", "规划全部建成后"):
        assert _figures(alone)[f"算进去的设施 · {when}"] == "2"
        assert _figures(alone)[f"覆盖的土地 · {when}"] == share
        assert _bounds(alone)[f"覆盖的土地 · {when}"] == f"至少 {share}，至多 {share}"


def test_what_a_file_says_of_its_facilities_counts(client):
    rows = [("甲园", "现状", 2010, 0), ("乙园", "规划", 2024, 100), ("丙园", "取消", "", ""), ("丁园", "", "", "")]
    table = "lon,lat,名称,状态,完成年份,误差\n" + "".join(
        f"113.{25 + number},40.10,{','.join(str(cell) for cell in row)}\n" for number, row in enumerate(rows)
    )
    codes = {"现状": "existing", "规划": "planned", "取消": "cancelled", "": None}
    points = [
        (
            (113.25 + number / 100, 40.10),
            {"name": name, "status": codes[status], "year": year or None, "uncertainty_m": metres or 0},
        )
        for number, (name, status, year, metres) in enumerate(rows)
    ]
    told = [_post(client, {"facilities": file}, alone="1").text for file in (
        ("own.csv", table.encode()), ("own.geojson", _geojson(points)),
    )]  # fmt: skip
    assert _figures(told[0]) == _figures(told[1])
    assert _bounds(told[0]) == _bounds(told[1])
    figures, bounds = _figures(told[0]), _bounds(told[0])
    counted = [figures[f"算进去的设施 · {when}"] for when in ("现有", "规划全部建成后")]
    assert counted == ["2", "3"]
    assert len(set(re.findall(r"[\d.]+%", bounds["覆盖的土地 · 规划全部建成后"]))) == 2
    drawn = json.loads(re.search(r'id="drawn">(.*?)</script>', told[0])[1])["facilities"]
    assert [place[2] for place in drawn] == [
        "甲园 · 到 2010 年",
        "乙园 · 规划提出 · 到 2024 年",
        "丙园 · 已取消",
        "丁园",
    ]
    early = _figures(_post(client, {"facilities": ("own.csv", table.encode())}, alone="1", year="2023").text)
    assert early["算进去的设施 · 到 2023 年"] == "2"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_reader_may_say_that_file_and_record_hold_all_that_exists(client, language):
    own = {"facilities": ("own.csv", b"lon,lat\n113.25,40.10\n")}
    unsure = _post(client, own, asked=ASKED, query=f"?lang={language}").text
    sure = _post(client, own, asked=ASKED, query=f"?lang={language}", sure="1").text
    land = {"zh": "覆盖的土地 · 现有", "en": "Land covered · existing"}[language]
    assert land not in _figures(unsure)
    assert land in _figures(sure)
    assert re.search(r'name="sure" value="1" checked', sure)
    assert not re.search(r'name="sure" value="1" checked', unsure)
    assert {"zh": "提问者说已收全", "en": "complete, as the asker says"}[language] in sure


@pytest.mark.parametrize("language", ["zh", "en"])
def test_beds_and_places_that_a_reader_uploads_are_shared_and_the_page_says_so(client, language):
    people = ("p.csv", b"lon,lat,people\n113.25,40.10,500\n113.33,40.085,500\n")

    def said(name, own):
        files = {"people": people, "facilities": (name, own)}
        return html.unescape(_post(client, files, query=f"?lang={language}", alone="1").text)

    wanted = {"zh": "2 处设施都有床位数，每千人平均 50 张床位", "en": "say their beds, 50 beds for every 1,000 people"}
    assert wanted[language] in said("own.csv", "lon,lat,床位数\n113.25,40.10,40\n113.33,40.085,10\n".encode())
    places = [((113.25, 40.10), {"beds": 40, "note": 1}), ((113.33, 40.085), {"beds": 10})]
    assert wanted[language] in said("own.geojson", _geojson(places))
    lacks = {"zh": "2 处设施中 1 处没有容量（学位、座位）", "en": "of 2, 1 are without a capacity"}
    assert lacks[language] in said("own.csv", b"lon,lat,capacity\n113.25,40.10,40\n113.33,40.085,\n")


@pytest.mark.parametrize(
    ("own", "words"),
    [(b"lon,lat,beds\n113.25,40.10,4\n113.25,40.10,-4\n", "第 3 行 beds 应为不小于 0 的数，而不是 '-4'"),
     ("lon,lat,学位\n113.25,40.10,many\n".encode(), "第 2 行 capacity 应为不小于 0 的数，而不是 'many'"),
     (b"lon,lat,uncertainty_m\n113.25,40.10,-1\n", "第 2 行 uncertainty_m 应为不小于 0 的数"),
     (b"lon,lat,status\n113.25,40.10,existing\n113.25,40.10,gone\n",
      "第 3 行 status 应为 existing、planned、under_construction、cancelled 之一：'gone'"),
     (b"lon,lat,year\n113.25,40.10,25\n", "第 2 行 year 应为 1900 到 2199 的年份：'25'"),
     (b'{"type":"Feature","properties":{"status":"gone"},"geometry":{"type":"Point","coordinates":[113,40]}}',
      "第 1 行 status 应为 existing、planned、under_construction、cancelled 之一：'gone'"),
     (b'{"type":"Feature","properties":{"year":"25"},"geometry":{"type":"Point","coordinates":[113,40]}}',
      "第 1 行 year 应为 1900 到 2199 的年份")],
)  # fmt: skip
def test_what_a_facility_cannot_be_is_told_by_its_row_and_field(client, own, words):
    name = "own.geojson" if own.startswith(b"{") else "own.csv"
    answer = _post(client, {"facilities": (name, own)})
    assert answer.status_code == 400
    assert words in html.unescape(answer.text)
    assert name in answer.text
    # What is to be mended is the file; no address holds it.
    assert "再上传" in answer.text
    assert "网址里" not in answer.text


def test_a_stated_datum_moves_the_points(client):
    own = b"lon,lat\n113.2265,40.0312\n"
    drawn = {}
    for datum in ("WGS84", "GCJ02"):
        text = _post(client, {"facilities": ("own.csv", own)}, datum=datum).text
        drawn[datum] = json.loads(re.search(r'id="drawn">(.*?)</script>', text)[1])["facilities"][0]
    assert drawn["WGS84"] == [113.2265, 40.0312]
    assert 0.003 < abs(drawn["GCJ02"][0] - drawn["WGS84"][0]) < 0.01


def test_an_answer_to_own_points_is_downloaded_from_the_page_itself(client):
    text = _post(client, {"people": ("a.csv", PEOPLE_CSV.encode())}).text
    links = re.findall(r'href="data:([^;]+);base64,([^"]+)" download="([^"]+)"', html.unescape(text))
    assert [name for _kind, _body, name in links] == ["service-map-coverage.geojson", "service-map-coverage.xlsx"]
    body = json.loads(base64.b64decode(links[0][1]))
    assert body["coverage"]["people"]["total"] == 3000
    openpyxl.load_workbook(io.BytesIO(base64.b64decode(links[1][1]))).close()
    straight = _post(client, {"people": ("a.csv", PEOPLE_CSV.encode())}, **{"as": "geojson"})
    assert straight.get_json(force=True) == body


def test_nothing_of_an_upload_is_kept(client, monkeypatch):
    # Above the size at which files of a form go to the disk.
    table = b"lon,lat,note\n" + b"".join(b"113.%d,40.09,%s\n" % (2000 + row, b"-" * 1000) for row in range(1_000))
    assert len(table) > 900_000

    def refuse(*_args, **_named):
        raise AssertionError("a file was opened for what a reader uploaded")

    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, refuse)
    monkeypatch.setattr(formparser, "default_stream_factory", refuse)
    answer = _post(client, {"people": ("own.csv", table)})
    assert answer.status_code == 200
    assert "1,000 个点" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_facilities_as_geojson_may_be_uncertain_and_polygons(client):
    park = {"type": "Polygon", "coordinates": [[[113.25, 40.1], [113.26, 40.1], [113.26, 40.11], [113.25, 40.1]]]}
    features = [
        {"type": "Feature", "properties": {"category": "甲类", "uncertainty_m": 200}, "geometry": park},
        {"type": "Feature", "properties": None, "geometry": {"type": "Point", "coordinates": [113.33, 40.085]}},
    ]
    body = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    text = _post(client, {"facilities": ("own.geojson", body)}, alone="1").text
    low, high = (float(part) for part in re.findall(r"([\d.]+)%", _bounds(text)["覆盖的土地 · 现有"]))
    assert _figures(text)["算进去的设施 · 现有"] == "2"
    assert low < high


@pytest.mark.parametrize(
    "bad",
    [
        ("photo.png", b"\x89PNG\r\n\x1a\n\x00\x00", 400, "XLSX"), ("a.geojson", b"{not json", 400, "JSON"),
        ("a.csv", b"", 400, "空"), ("a.csv", b"a,b\n1,2\n", 400, "经度"), ("a.csv", b"lon,lat\n", 400, "没有行"),
        ("a.csv", "lon,lat\n113,四十\n".encode(), 400, "第 2 行"), ("a.csv", b"lon,lat\n40,113\n", 400, "写反"),
        ("a.csv", b"lon,lat,people\n113.3,40.09,-1\n", 400, "第 2 行"),
        ("a.json", b'{"type":"FeatureCollection","features":[]}', 400, "没有行"),
        ("a.json", b'{"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]}}', 400,
         "第 1 行"),
        ("a.json", b"[1,2]", 400, "GeoJSON"), ("far.csv", b"lon,lat\n2.35,48.85\n", 400, "区域内"),
        ("many.csv", b"lon,lat\n" + b"113,40\n" * 50_001, 400, "50000"),
        ("huge.csv", b"lon,lat\n" + b"113.0000000000,40.0000000000\n" * 180_000, 413, "5 MB"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_upload_that_cannot_be_read_is_told_in_plain_words(client, bad, language):
    title, body, status, words = bad
    answer = _post(client, {"people": (title, body)}, query=f"?lang={language}")
    assert answer.status_code == status
    text = html.unescape(re.sub(r"<[^>]+>", " ", answer.text))
    if language == "zh":
        assert words in text
        assert "接下来可以" in text
    else:
        assert "What you can do next" in text
        assert not re.search(r"[\u4e00-\u9fff]", re.sub(r"中文|四十", "", text))
    assert "Traceback" not in text


def test_more_facilities_than_can_be_joined_in_time_are_refused(client):
    body = b"lon,lat\n" + b"113.3,40.09\n" * 2_001
    answer = _post(client, {"facilities": ("many.csv", body)})
    assert answer.status_code == 400
    assert "2000" in answer.text
    assert "service-map coverage" in answer.text


def test_a_form_without_a_file_asks_for_one(client):
    answer = _post(client, {})
    assert answer.status_code == 400
    assert "没有选文件" in answer.text


def test_a_file_name_cannot_carry_script_into_the_page(client):
    nasty = "<script>alert(1)</script>.csv"
    for body in (PEOPLE_CSV.encode(), b"nonsense"):
        assert "<script>alert" not in _post(client, {"people": (nasty, body)}).text


@pytest.mark.parametrize("query", ["", "lang=en", "big=1", QUESTION, f"{QUESTION}&lang=en&count=1"])
def test_the_page_is_valid_html_without_inline_script_or_style(client, query):
    answer = client.get(f"/planner?{query}")
    assert answer.status_code == 200
    for element in html5lib.HTMLParser(strict=True).parse(answer.text).iter():
        if isinstance(element.tag, str):
            assert "style" not in element.attrib
            assert element.tag != f"{HTML}style"


def test_an_area_alone_opens_the_form_with_the_area_chosen(client):
    text = client.get("/planner?area=140521").text
    assert re.search(r'<option value="140521"[^>]* selected>', text)
    assert 'id="answer"' not in text


def test_a_form_sent_with_both_rule_and_own_distance_goes_by_the_rule(client):
    both = client.get("/planner?area=140521&rule=gb50180-kindergarten-5&category=museum&metres=9000&count=").text
    alone = client.get("/planner?area=140521&rule=gb50180-kindergarten-5").text
    assert _figures(both) == _figures(alone)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("area=140521&category=kindergarten", "metres"), ("area=1&category=museum&metres=5", "area"),
        ("area=140521&metres=500", "category"), ("area=140521&category=museum&metres=500&count=9999", "count"),
        ("area=140521&rule=none", "rule"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_question_that_is_none_is_refused_in_words(client, query, field, language):
    answer = client.get(f"/planner?{query}&lang={language}")
    assert answer.status_code == 400
    assert field in answer.text
    assert ("接下来可以" if language == "zh" else "What you can do next") in answer.text


# ---------------------------------------------------------------- base maps


def _images(answer):
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    return set(policy["img-src"].split()) - {"'self'", "data:"}


def test_without_a_base_map_no_other_host_may_be_asked(client):
    for address in ("/", "/embed", f"/planner?{QUESTION}", "/api/layers"):
        answer = client.get(address)
        assert _images(answer) == set()
        assert "data-base" not in answer.text


def test_tiles_open_the_policy_for_their_own_host_alone(make):
    client = make(BASEMAP_URL="https://tiles.example.gov:8443/{z}/{x}/{y}.png", BASEMAP_ATTRIBUTION="某市测绘院")
    for address in ("/", "/embed", f"/planner?{QUESTION}"):
        answer = client.get(address)
        assert _images(answer) == {"https://tiles.example.gov:8443"}
        assert "某市测绘院" in answer.get_data(as_text=True).encode().decode("unicode_escape", "ignore") or (
            "某市测绘院" in html.unescape(answer.text)
        )


@pytest.mark.parametrize(
    ("url", "drawn"),
    [
        (
            "https://wmts.example.gov/rest/{TileMatrix}/{TileRow}/{TileCol}.png",
            "https://wmts.example.gov/rest/{z}/{y}/{x}.png",
        ),
        (
            "https://wmts.example.gov/?SERVICE=WMTS&REQUEST=GetTile&LAYER=vec&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}",
            "https://wmts.example.gov/?SERVICE=WMTS&REQUEST=GetTile&LAYER=vec&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}",
        ),
    ],
)
def test_any_wmts_is_drawn_by_its_template(make, url, drawn):
    answer = make(BASEMAP_URL=url, BASEMAP_GRID="degrees", BASEMAP_ATTRIBUTION="© 某省测绘院").get("/")
    base = json.loads(html.unescape(re.search(r'data-base="([^"]+)"', answer.text)[1]))
    assert base["layers"] == [drawn]
    assert base["grid"] == "degrees"
    assert base["attribution"] == "© 某省测绘院"
    assert _images(answer) == {"https://wmts.example.gov"}


def test_a_key_of_tianditu_draws_its_two_layers(make):
    client = make(TIANDITU_KEY="0123abcd")
    answer = client.get("/")
    assert _images(answer) == {f"https://t{number}.tianditu.gov.cn" for number in range(8)}
    assert "LAYER=vec" in html.unescape(answer.text).replace("\\u0026", "&")
    assert "LAYER=cva" in html.unescape(answer.text).replace("\\u0026", "&")
    assert "天地图" in answer.text


@pytest.mark.parametrize(
    "environment",
    [
        {"BASEMAP_URL": "https://tiles.example/{z}/{x}.png"}, {"BASEMAP_URL": "javascript:{x}{y}{z}"},
        {"BASEMAP_URL": "https://tiles.example; script-src */{z}/{x}/{y}"}, {"BASEMAP_URL": "//tiles.example/{z}/{x}/{y}"},
        {"BASEMAP_URL": "https://tiles.example/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}"}, {"BASEMAP_GRID": "utm"},
        {"REPORT_URL": "javascript:alert(1)"}, {"REPORT_URL": "nobody"},
        {"TIANDITU_KEY": "a b"}, {"TIANDITU_KEY": "k;script-src *"},
    ],
)  # fmt: skip
def test_a_base_map_that_cannot_be_used_is_refused_by_the_name_of_its_variable(environment):
    with pytest.raises(SettingsError, match=next(iter(environment))):
        settings.load(environment)
