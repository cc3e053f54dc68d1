"""The pages of plans and areas show what plans set themselves, and where they contradict themselves."""

import html
import re

import pytest
from invented_world import make_app


def section(app, address):
    page = app.test_client().get(address).get_data(as_text=True)
    found = re.search(r'<section id="targets">.*?</section>', page, re.DOTALL)
    return found[0] if found else None


def words(markup):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", markup)))


def rows(markup):
    return [words(row) for row in re.findall(r"<tr id=.*?</tr>", markup, re.DOTALL)]


def test_a_plan_shows_from_where_to_what_by_when_and_which_line_says_it(invented_app):
    shown = section(invented_app, "/plan/county")
    first = rows(shown)[0]
    for said in ("每千人口托位数", "0.99", "2020", "4.5", "2025", "预期性", "第 2 行"):
        assert said in first
    assert "indicators.csv?plan=county" in shown
    assert "Expected" in section(invented_app, "/plan/county?lang=en")


def test_two_figures_for_one_thing_stand_beside_each_other_and_are_said_to_differ(invented_app):
    shown = rows(section(invented_app, "/plan/county"))
    at = next(place for place, row in enumerate(shown) if "规划里有 2 个不同的数" in row)
    assert "4.5" in shown[at]
    assert "第 4 行" in shown[at + 1]
    assert "期末" in shown[at + 1]


def test_an_area_shows_its_own_plan_first_then_those_around_it_and_leads_to_the_lines(invented_app):
    shown = section(invented_app, "/area/140521")
    titles = re.findall(r'<h3 lang="zh-Hans"><a href="([^"]*)"', shown)
    assert titles == ["/plan/county", "/plan/city"]
    assert "/plan/county#county-2-indicator-1" in shown
    assert re.findall(r"<h3", section(invented_app, "/area/140502") or "") == ["<h3"]


def test_core_kinds_come_first_and_a_long_list_is_folded(shipped_app):
    shown = section(shipped_app, "/plan/jinzhong-2021")
    opened, folded = shown.split("<details><summary>其余", 1)
    assert "每千人口拥有3岁以下婴幼儿托位数" in rows(opened)[0]
    assert len(rows(opened)) == 12
    assert any("人均预期寿命" in row for row in rows(folded))
    assert "看全部" in section(shipped_app, "/area/140700")


def test_what_a_plan_repeats_alike_is_one_row_with_both_lines(shipped_app):
    row = next(row for row in rows(section(shipped_app, "/plan/jinzhong-2021")) if "人均体育场地面积" in row)
    assert "第 255 行" in row
    assert "第 364 行" in row


def test_without_people_the_page_says_which_file_brings_them_and_with_them_what_the_promises_come_to(
    shipped_app, geodata, shipped_database, tmp_path
):
    for path in geodata.iterdir():
        if path.name != "people.csv":
            (tmp_path / path.name).symlink_to(path)
    bare = make_app(f"sqlite:///{shipped_database}", tmp_path)
    assert "people.csv" in words(section(bare, "/plan/jinzhong-2021"))
    told = words(section(shipped_app, "/plan/jinzhong-2021"))
    assert "(0.99 × 3,379,498 ÷ 1,000 + 5,000) ÷ 3,379,498 × 1,000 = 2.47" in told
    assert "是目标的 55%" in told
    assert "人口普查公报（第二号） 2020-11-01" in told
    assert "55% of the target" in words(section(shipped_app, "/plan/jinzhong-2021?lang=en"))


@pytest.mark.parametrize(
    "address", ["/plan/jincheng-2021", "/plan/datong-2021", "/area/140200", "/area/140521?lang=en"]
)
def test_ids_on_a_page_are_unique(shipped_app, address):
    page = shipped_app.test_client().get(address).get_data(as_text=True)
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
