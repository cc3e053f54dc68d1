"""Counting for maps and charts: grid clusters, tallies, and the order that puts the surest first."""

from collections import Counter

import pytest

from service_map.errors import InvalidParameterError
from service_map.store import FacilityFilter, pinyin, queries


def _all(conn, wanted=None):
    return queries.facilities(conn, wanted, limit=queries.MAX_LIMIT).items


@pytest.mark.parametrize("cell", [0.00317, 0.107, 1.7, 10])
def test_clusters_count_every_facility_once_in_its_own_cell(conn, cell):
    every = _all(conn)
    expected = Counter((int((item.lat + 90) / cell), int((item.lon + 180) / cell)) for item in every)
    found = queries.clusters(conn, cell_degrees=cell)
    assert [cluster.count for cluster in found] == [expected[key] for key in sorted(expected)]
    for cluster in found:
        assert sum(number for _family, number in cluster.families) == cluster.count
        assert [number for _family, number in cluster.families] == sorted(
            (number for _family, number in cluster.families), reverse=True
        )


def test_clusters_keep_to_the_filter_and_their_middle_lies_among_them(conn):
    every = _all(conn)
    family = every[0].family
    inside = [item for item in every if item.family == family]
    (whole,) = queries.clusters(conn, FacilityFilter(families=(family,)), cell_degrees=10) or (None,)
    assert whole.count == len(inside)
    assert whole.lon == pytest.approx(sum(item.lon for item in inside) / len(inside), abs=1e-4)
    assert whole.lat == pytest.approx(sum(item.lat for item in inside) / len(inside), abs=1e-4)


@pytest.mark.parametrize("cell", [0, -1, 11, float("nan")])
def test_a_cell_of_no_size_is_refused(conn, cell):
    with pytest.raises(InvalidParameterError, match="cell_degrees"):
        queries.clusters(conn, cell_degrees=cell)


def test_a_tally_adds_up_to_the_facilities(conn):
    every = _all(conn)
    expected = Counter((item.adcode[:6], item.family, item.precision, item.status, item.due) for item in every)
    found = {
        (part.adcode, part.family, part.precision, part.status, part.due): part.count for part in queries.tally(conn)
    }
    assert found == expected


def test_the_surest_come_first_on_all_pages_together(conn):
    found, cursor = [], None
    while True:
        page = queries.facilities(conn, limit=2, cursor=cursor, surest_first=True)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    ranks = [{"county": 1, "city": 2}.get(item.precision, 0) for item in found]
    assert ranks == sorted(ranks)
    assert sorted(item.id for item in found) == sorted(item.id for item in _all(conn))


def test_what_stands_already_is_left_out_where_promises_are_asked_for(conn):
    promised = _all(conn, FacilityFilter(promised=True))
    assert {item.id for item in promised} == {item.id for item in _all(conn) if item.status != "existing"}


@pytest.mark.parametrize(
    ("name", "spelt", "other"),
    [
        ("沁水县", ("qinshui", "qinsh", "shuixian", "qsx"), ("inshui", "shuiq", "q")),
        ("重庆路幼儿园", ("chongqinglu", "youeryuan", "yey"), ("zhongqing",)),
        ("第三中学A区", ("disanzhongxuea", "zhongxue"), ("isan",)),
    ],
)
def test_a_name_is_found_by_its_syllables_and_their_first_letters(name, spelt, other):
    heard = pinyin.sound(name)
    assert all(heard.holds(word) for word in spelt)
    assert not any(pinyin.is_spelt(word) and heard.holds(word) for word in other)


def test_a_search_in_pinyin_finds_what_the_name_in_chinese_finds(conn):
    found = {item.id for item in _all(conn, FacilityFilter(q="yanglaoyuan"))}
    assert {item.id for item in _all(conn) if "养老院" in item.name} <= found
    assert found
    assert {item.id for item in _all(conn, FacilityFilter(q="沁水"))} <= {
        item.id for item in _all(conn, FacilityFilter(q="qinshui"))
    }
    assert _all(conn, FacilityFilter(q="xyzxyz")) == ()
