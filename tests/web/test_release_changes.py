"""What a build changed can be asked: since a release, by area and kind, as JSON and as a feed; ids of old releases answer."""

import json
import shutil
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import program
import pytest
from invented_world import make_app

from service_map import places

ATOM = "{http://www.w3.org/2005/Atom}"


def edit(home, change):
    path = home / "geodata" / "commitments.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in change(rows)), encoding="utf-8")


@pytest.fixture(scope="module")
def released(geodata, tmp_path_factory):
    """Two releases of the shipped data, the second without a promise of the first; then a report that none has published."""
    home = tmp_path_factory.mktemp("released")
    shutil.copytree(geodata, home / "geodata")
    (home / "texts").mkdir()
    where = {"GEODATA_DIR": str(home / "geodata"), "DATABASE_URL": f"sqlite:///{home}/map.gpkg"}

    def run(*command):
        done = program.run(*command, cwd=home, **where)
        assert done.returncode == 0, done.stderr
        return done

    def names():
        return [one.release for one in places.load_releases(home / "geodata" / "releases.csv")]

    refresh = ("refresh", "--plans", "texts", "--keep", "--release")
    run(*refresh)
    first = names()[-1]
    kept = {one.id: one for one in places.load_released(home / "geodata" / "released.csv")}
    gone = next(one for one in kept.values() if one.category == "primary_school" and len(one.passages) == 1)
    (passage,) = gone.passages
    edit(home, lambda rows: [row for row in rows if not row["id"].startswith(f"{passage}-")])
    run(*refresh)
    second = names()[-1]
    # A third release, so that the second one's list of ids no longer knows the one that went.
    run(*refresh)
    stands = next(one for one in kept.values() if one.id.startswith("f") and one.adcode.startswith("140521"))
    (home / "s.csv").write_text(f"id,status,date,source\n{stands.id},open,2026-06,县教育局\n", encoding="utf-8")
    run("import", "statuses", "s.csv")
    run("build")
    client = make_app(where["DATABASE_URL"], home / "geodata").test_client()
    return SimpleNamespace(
        client=client, first=first, second=second, third=names()[-1], gone=gone, stands=stands, kept=kept, home=home
    )


def asked(released, **query):
    told = "&".join(f"{name}={value}" for name, value in query.items())
    return released.client.get(f"/api/changes?limit=1000&{told}").json


def test_a_client_asks_what_has_changed_since_the_release_that_it_has(released):
    told = asked(released, since=released.first)
    assert told["release"] == released.third
    assert [one["release"] for one in told["releases"]][:3] == [released.third, released.second, released.first]
    retired = [one for one in told["changes"] if one["change"] == "retired"]
    assert released.gone.id in {one["item"] for one in retired}
    assert {one["release"] for one in retired} == {released.second}
    assert asked(released, since=released.second, change="retired")["changes"] == []
    assert told["counts"] == {
        code: sum(one["change"] == code for one in told["changes"]) for code in told["counts"]
    }  # fmt: skip


def test_what_no_release_has_published_yet_is_told_first(released):
    told = asked(released, since=released.third)["changes"]
    mine = [one for one in told if one["item"] == released.stands.id]
    assert [(one["change"], one["before"], one["after"], one["release"]) for one in mine] == [
        ("status", "planned", "open", None)
    ]  # fmt: skip
    assert asked(released)["changes"][0]["release"] is None


def test_changes_are_asked_by_area_and_kind_and_page_by_page(released):
    told = asked(released, area="140521")["changes"]
    assert told
    assert {one["adcode"][:6] for one in told} == {"140521"}
    kind = asked(released, category=released.gone.category, change="retired")["changes"]
    assert released.gone.id in {one["item"] for one in kind}
    assert {one["category"] for one in kind} == {released.gone.category}
    page = released.client.get("/api/changes?limit=3").json
    following = next(link["href"] for link in page["links"] if link["rel"] == "next")
    assert {one["id"] for one in page["changes"]}.isdisjoint(
        one["id"] for one in released.client.get(following).json["changes"]
    )


@pytest.mark.parametrize("since", ["2026-13-01", "soon", "1999-01-01.7"])
def test_a_release_that_never_was_is_refused_by_name(released, since):
    answer = released.client.get(f"/api/changes?since={since}")
    assert (answer.status_code, answer.json["field"]) == (400, "since")


def test_a_day_stands_for_the_last_release_by_then(released):
    assert asked(released, since="1999-01-01")["numberMatched"] == asked(released)["numberMatched"]
    later = asked(released, since="2099-12-31")["changes"]
    assert {one["release"] for one in later} == {None}


@pytest.mark.parametrize(("language", "words"), [("zh", "状态变了"), ("en", "State changed")])
def test_the_feed_tells_the_same_in_words(released, language, words):
    answer = released.client.get(f"/changes.atom?area=140521&since={released.third}&lang={language}")
    assert answer.mimetype == "application/atom+xml"
    feed = ET.fromstring(answer.text)  # noqa: S314 - our own
    titles = [entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")]
    assert f"{words} · {released.stands.name}" in titles
    links = [entry.find(f"{ATOM}link").get("href") for entry in feed.iter(f"{ATOM}entry")]
    assert any(released.stands.id in link for link in links)
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry")]
    assert len(ids) == len(set(ids)) <= 100
    assert not any(" " in one for one in ids)


def test_the_page_of_an_area_leads_to_its_changes(released):
    assert "/changes.atom?area=140521" in released.client.get("/area/140521").text


def test_every_id_of_an_old_release_still_answers_by_name(released):
    page = released.client.get(f"/facility/{released.gone.id}")
    assert page.status_code in {301, 410}
    if page.status_code == 410:
        assert released.gone.name in page.text
    retired = {one.id: one for one in places.load_retired(released.home / "geodata" / "retired.csv")}
    assert retired[released.gone.id].name == released.gone.name
    assert released.gone.id not in {
        one.id for one in places.load_released(released.home / "geodata" / "released.csv")
    }  # fmt: skip
    sorts = {"f": "facilities", "r": "requirements", "q": "quotas"}
    for name in list(released.kept)[::25]:
        assert released.client.get(f"/api/{sorts[name[0]]}/{name}").status_code in {200, 301, 410}
