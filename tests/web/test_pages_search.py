"""What a search on the front page understands, over the data that the product ships."""

import re

import pytest


@pytest.fixture(scope="module")
def found(shipped_app):
    """Ask the front page, and give the ids that it lists and its text."""

    def ask(query):
        html = shipped_app.test_client().get(f"/?{query}").text
        results = html.partition('id="results"')[2].partition('class="map-side"')[0]
        return re.findall(r'href="/facility/(f[0-9a-f]{12})', results), html

    return ask


@pytest.mark.parametrize(
    "words",
    ["晋城殡仪馆", "殡仪馆晋城", "晋城 殡仪馆", "晋城市殡仪馆", "funeral home Jincheng", "funeral homes in Jincheng"],
)
def test_a_short_name_and_a_kind_find_what_the_chosen_area_and_kind_find(found, words):
    chosen, _ = found("area=140500&category=funeral_home")
    assert chosen
    assert found(f"q={words}")[0] == chosen


def test_an_area_and_a_family_in_one_word_list_all_that_the_words_mean_and_say_so(found):
    chosen, _ = found("area=140521&family=elderly")
    listed, html = found("q=沁水县养老")
    assert set(chosen) <= set(listed)
    assert "没有哪处的名称正是这些词" in html
    assert "没有符合" not in html


def test_the_map_and_the_download_of_an_understood_search_hold_what_the_list_holds(found, shipped_app):
    listed, html = found("q=晋城殡仪馆")
    address = re.search(r'class="download" href="([^"]*)"', html)[1].replace("&amp;", "&")
    features = shipped_app.test_client().get(address).get_json()["features"]
    assert [one["id"] for one in features] == listed
    assert 'data-area="140500"' in html


@pytest.mark.parametrize("words", ["平城幼儿园", "幼儿园平城区", "kindergarten Pingcheng"])
def test_where_no_facility_is_the_plans_of_the_area_answer(found, words):
    listed, html = found(f"q={words}")
    assert not listed
    assert "/area/140213" in html.partition('class="nothing"')[2]


def test_words_that_are_not_understood_wholly_list_nothing_else_instead(found):
    listed, html = found("q=晋城市第一殡仪馆")
    assert not listed
    assert "没有哪处的名称正是这些词" not in html


def test_the_front_page_counts_what_plans_promise_apart_from_what_only_a_list_tells(found, shipped_app):
    client = shipped_app.test_client()
    _, html = found("")
    intro = html.partition('class="counts"')[2].partition("</p>")[0]
    promised, alone = re.search(r"点名或分到的 (\d+) 处.*在建的另有 (\d+) 处", intro).groups()
    listed = re.search(r"找到 (\d+) 处", html)[1]
    assert int(promised) + int(alone) == int(listed)
    assert f"连同分项 {client.get('/api/quotas?limit=1').get_json()['numberMatched']} 项" in intro
