"""A second, invented plan of 2026–2030 for 晋中, taken in end to end behind the shipped one, and what it changes."""

import hashlib
import shutil
from types import SimpleNamespace

import program
import pytest
from invented_world import make_app

from service_map import places

TEXT = """晋中市“十五五”公共服务规划（虚构）
第一章 托育和教育
新建普惠性托育机构：榆次5个、平遥6个、介休5个、太谷4个。
新建公办幼儿园30所。新增托位3000个。
新建晋中理工学院，2029年建成。
新建榆次区第九中学、太谷区实验小学。
每个县（市、区）办好1所中等职业学校。
第二章 医疗卫生
续建晋中市中医院，2028年建成。
扩建晋中市第四人民医院。
续建山医大二院南院，2027年建成。
新建昔阳县中医院、和顺县疾控中心。
改扩建和顺妇幼保健机构。
每个县（市、区）建成1所标准化妇幼保健机构。
第三章 养老服务
改造提升区域养老服务中心50个。新建农村老年人日间照料中心120个。
新建榆次区老年养护院、平遥县老年养护院。
第四章 殡葬服务
续建灵石县殡仪馆，2030年建成。取消祁县殡仪馆建设。
新建榆社县殡仪馆。不再建设左权县殡仪馆。
续建殡仪馆1座，2029年建成。
新建县级城市公益性骨灰堂（公墓）11个。
第五章 文化体育
新建何泽慧科普教育基地，2028年建成。
建成晋中军人公墓。
新建体育公园8个、全民健身中心2个、足球场6个。新建健身步道400公里。
新建介休市图书馆、介休市文化馆、平遥县体育馆、寿阳县体育场。
取消省中西医结合医院晋中院区建设。
"""
PLAN = """
[jinzhong-2026]
title = "晋中市“十五五”公共服务规划（虚构）"
date = "2026-03"
period = [2026, 2030]
adcode = "140700"
file = "jinzhong-2026.txt"
sha256 = "{digest}"
succeeds = "jinzhong-2021"
"""
LINGSHI, QIXIAN = "灵石县殡仪馆", "祁县殡仪馆"


@pytest.fixture(scope="module")
def taken_in(geodata, tmp_path_factory):
    """The shipped data with the invented plan, read and built by the program's own commands."""
    home = tmp_path_factory.mktemp("following")
    shutil.copytree(geodata, home / "geodata")
    (home / "texts").mkdir()
    (home / "texts" / "jinzhong-2026.txt").write_text(TEXT, encoding="utf-8")
    with (home / "geodata" / "plans.toml").open("a", encoding="utf-8") as file:
        file.write(PLAN.format(digest=hashlib.sha256(TEXT.encode()).hexdigest()))
    url = f"sqlite:///{home}/map.gpkg"
    where = {"GEODATA_DIR": str(home / "geodata"), "DATABASE_URL": url}
    for command in (("refresh", "--plans", "texts", "--keep"), ("check",), ("build", "--plans", "texts")):
        done = program.run(*command, cwd=home, **where)
        assert done.returncode == 0, done.stderr
    return SimpleNamespace(client=make_app(url, home / "geodata").test_client(), where=where, home=home)


@pytest.fixture(scope="module")
def before(shipped_app):
    """A client of the data without the invented plan."""
    return shipped_app.test_client()


def all_changes(client, **query):
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return client.get(f"/api/plans/jinzhong-2026/changes?limit=1000&{asked}").json


def of(answer, change):
    return {one["name"]: one for one in answer["changes"] if one["change"] == change}


def test_every_promise_of_the_new_plan_is_told_as_what_it_is(taken_in):
    told = all_changes(taken_in.client)
    assert told["succeeds"] == ["jinzhong-2021"]
    assert set(of(told, "carried")) >= {"榆次区普惠性托育机构", "晋中市中医院", "榆社县殡仪馆", "何泽慧科普教育基地"}
    assert set(of(told, "changed")) >= {
        "平遥县普惠性托育机构",
        "太谷区普惠性托育机构",
        "公办幼儿园30所",
        "健身步道400公里",
    }
    assert set(of(told, "cancelled")) == {QIXIAN, "左权县殡仪馆", "省中西医结合医院晋中院区"}
    assert set(of(told, "new")) >= {"榆次区第九中学", "榆次区老年养护院", "昔阳县中医院", "寿阳县体育场"}
    assert set(of(told, "silent")) >= {"晋中职教港", "榆社县普惠性托育机构", "祁县光荣院"}
    assert [one["category"] for one in told["changes"] if one["change"] == "doubtful"] == ["funeral_home"]
    assert told["counts"] == {code: len(of(told, code)) for code in told["counts"]}
    assert told["numberMatched"] == sum(told["counts"].values())


def test_a_change_has_both_sides_with_their_lines(taken_in):
    changed = of(all_changes(taken_in.client), "changed")["平遥县普惠性托育机构"]
    assert (changed["count_before"], changed["count"], changed["differs"]) == (5, 6, ["count"])
    assert (changed["due_before"], changed["due"], changed["line"]) == (2025, 2030, 3)
    cited = taken_in.client.get(f"/api/facilities/{changed['item']}").json["properties"]["citations"]
    assert [cite["commitment"] for cite in cited] == [changed["commitment"], changed["former"]]
    assert cited[0]["passage"].startswith("新建普惠性托育机构")


def test_ids_survive_the_new_plan(taken_in, before):
    were = {one["id"] for one in before.get("/api/facilities?area=140700&limit=1000").json["features"]}
    are = {one["id"] for one in taken_in.client.get("/api/facilities?area=140700&limit=1000").json["features"]}
    new = {one["item"] for one in of(all_changes(taken_in.client), "new").values()}
    assert were <= are
    assert are - were == new
    for sort in ("quotas", "requirements"):
        ids = {one["id"] for one in before.get(f"/api/{sort}?area=140700&limit=1000").json[sort]}
        assert ids <= {one["id"] for one in taken_in.client.get(f"/api/{sort}?area=140700&limit=1000").json[sort]}


def test_the_later_year_is_shown_and_the_cancelled_one_says_by_whom(taken_in):
    told = all_changes(taken_in.client)
    again, gone = of(told, "carried")[LINGSHI], of(told, "cancelled")[QIXIAN]
    page = taken_in.client.get(f"/facility/{again['item']}").text
    assert "2030 年" in page
    now = taken_in.client.get(f"/api/facilities/{again['item']}").json["properties"]
    assert (now["year"], now["due"], now["due_basis"]) == (2030, 2030, "stated")
    assert page.count("十五五") >= 2
    assert "十四五" in page
    timeline = (
        taken_in.client.get(f"/facility/{gone['item']}").text.partition('class="timeline"')[2].partition("</ol>")[0]
    )
    events = [line.partition("<strong>")[2].partition("</strong>")[0] for line in timeline.split("<li>")[1:]]
    assert events[:2] == ["规划答应", "已取消"]
    shown = taken_in.client.get(f"/api/facilities/{gone['item']}").json["properties"]
    assert (shown["status"], shown["status_source"]) == ("cancelled", "晋中市“十五五”公共服务规划（虚构）")


def test_what_is_in_doubt_is_promised_once(taken_in):
    (doubt,) = of(all_changes(taken_in.client), "doubtful").values()
    assert doubt["item"] is None
    assert len(doubt["candidates"]) > 1
    for one in doubt["candidates"]:
        assert taken_in.client.get(f"/api/facilities/{one}").status_code == 200
    numbers = taken_in.client.get("/api/quotas?category=funeral_home&area=140700").json["quotas"]
    assert numbers == []


@pytest.mark.parametrize("language", ["", "?lang=en"])
def test_the_page_of_changes_links_both_plans_and_every_promise(taken_in, language):
    page = taken_in.client.get(f"/plan/jinzhong-2026/changes{language}")
    assert page.status_code == 200
    told = all_changes(taken_in.client)
    for one in [*of(told, "changed").values(), *of(told, "cancelled").values()]:
        assert one["name"] in page.text
        assert f"/{one['sort']}/{one['item']}" in page.text
        assert f"#{one['former']}" in page.text
        assert f"#{one['commitment']}" in page.text
    for plan, other in (("jinzhong-2021", "jinzhong-2026"), ("jinzhong-2026", "jinzhong-2021")):
        linked = taken_in.client.get(f"/plan/{plan}{language}").text
        assert f"/plan/{other}" in linked
        assert "/plan/jinzhong-2026/changes" in linked


def test_the_page_and_the_answer_are_bounded_and_filtered(taken_in):
    first = all_changes(taken_in.client) | taken_in.client.get("/api/plans/jinzhong-2026/changes?limit=5").json
    assert (first["numberReturned"], len(first["changes"])) == (5, 5)
    following = next(link["href"] for link in first["links"] if link["rel"] == "next")
    second = taken_in.client.get(following).json
    assert not {one["id"] for one in first["changes"]} & {one["id"] for one in second["changes"]}
    county = all_changes(taken_in.client, area="140728")
    assert {one["adcode"] for one in county["changes"]} == {"140728"}
    kind = all_changes(taken_in.client, category="funeral_home", change="cancelled")
    assert {one["name"] for one in kind["changes"]} == {QIXIAN, "左权县殡仪馆"}
    only = taken_in.client.get("/plan/jinzhong-2026/changes?change=cancelled").text
    assert QIXIAN in only
    assert LINGSHI not in only


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/plans/nowhere/changes", 404), ("/plan/nowhere/changes", 404),
        ("/api/plans/jinzhong-2026/changes?change=gone", 400), ("/api/plans/jinzhong-2026/changes?cursor=x", 400),
        ("/plan/datong-2021/changes", 200), ("/api/plans/datong-2021/changes", 200),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said(taken_in, address, status):
    assert taken_in.client.get(address).status_code == status


def test_the_plan_says_its_kind_and_what_it_follows(taken_in):
    told = {plan["id"]: plan for plan in taken_in.client.get("/api/plans").json["plans"]}
    assert (told["jinzhong-2026"]["kind"], told["jinzhong-2026"]["succeeds"]) == ("plan", ["jinzhong-2021"])
    assert (told["qinshui-2021"]["kind"], told["qinshui-2021"]["kind_name"]) == ("draft", "草案")
    assert "草案" in taken_in.client.get("/plan/qinshui-2021").text
    (drafted,) = taken_in.client.get("/api/facilities?plan=qinshui-2021&limit=1").json["features"]
    assert "草案" in taken_in.client.get(f"/facility/{drafted['id']}").text
    assert "Draft" in taken_in.client.get(f"/facility/{drafted['id']}?lang=en").text
    assert "/plan/jinzhong-2026/changes" in taken_in.client.get("/sitemap/0.xml").text


def test_the_earlier_plan_keeps_what_it_promised(taken_in, before):
    (was,), (is_now,) = (
        [plan for plan in client.get("/api/plans").json["plans"] if plan["id"] == "jinzhong-2021"]
        for client in (before, taken_in.client)
    )
    assert is_now == was


def test_a_cancellation_outlives_an_import_of_reports(taken_in):
    gone = of(all_changes(taken_in.client), "cancelled")[QIXIAN]["item"]
    again = of(all_changes(taken_in.client), "carried")[LINGSHI]["item"]
    (taken_in.home / "s.csv").write_text(
        f"id,status,date,source\n{again},under_construction,2026-09,县民政局\n{gone},under_construction,2024-09,县民政局\n",
        encoding="utf-8",
    )
    done = program.run("import", "statuses", "s.csv", cwd=taken_in.home, **taken_in.where)
    assert done.returncode == 0, done.stderr
    kept = places.load_facilities(taken_in.home / "geodata" / "facilities.geojson")
    states = {one.id: one.status for one in kept if one.id in {gone, again}}
    assert states == {gone: "cancelled", again: "under_construction"}
