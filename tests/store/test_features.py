"""The layers of the GIS interfaces give equal answers on both databases, by page, filter, order and box."""

from contextlib import contextmanager

import pytest

from service_map import store
from service_map.errors import InvalidParameterError
from service_map.store import features
from service_map.store.features import FeatureQuery

QUERIES = [
    FeatureQuery(),
    FeatureQuery(sortby=(("year", True), ("name", False))),
    FeatureQuery(sortby=(("section", False), ("count", True))),
    FeatureQuery(boxes=((112.15, 35.6, 112.195, 35.71),)),
    FeatureQuery(boxes=((170.0, -90.0, 180.0, 90.0), (-180.0, -90.0, 112.2, 90.0))),
    FeatureQuery(years=(2023, 2024)),
    FeatureQuery(equals=(("status", "planned"), ("at_least", False))),
    *(
        FeatureQuery(filter=text)
        for text in (
            "name LIKE '百分1%'", "name LIKE '百分100\\%%'", "name LIKE '%[%' OR name LIKE '%*%'", "CASEI(name) LIKE '百分100\\%\\_公园'",
            "category_en LIKE 'K%'", "category_en LIKE 'k%'", "year IS NULL OR count > 2.5", "NOT (year = 2024)",
            "uncertainty_m BETWEEN 1 AND 40000 AND name_given", "name > '百分1' AND name <= '设施'", "year IN (2023, 2024, 1e300)",
        )
    ),
]  # fmt: skip


@contextmanager
def closing(engine):
    try:
        yield
    finally:
        engine.dispose()


def answers(url, name, wanted, size):
    engine = store.open_readonly(url)
    found, cursor = [], None
    with closing(engine), engine.connect() as conn:
        layer = features.collection(conn, name)
        while True:
            page = features.page(conn, layer, wanted, limit=size, cursor=cursor)
            found += [(item.id, item.geometry and str(item.geometry), item.properties) for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return found, page.matched


@pytest.mark.postgis
@pytest.mark.parametrize("wanted", QUERIES, ids=[str(number) for number in range(len(QUERIES))])
def test_both_databases_give_the_same_features_in_the_same_order(gpkg_url, postgis_url, wanted):
    file, server = (answers(url, "facilities", wanted, 2) for url in (gpkg_url, postgis_url))
    assert file == server
    assert file[1] == len(file[0])


@pytest.mark.postgis
@pytest.mark.parametrize("name", ["facilities_elderly", "commitments", "areas", "plans"])
def test_both_databases_give_the_same_layers(gpkg_url, postgis_url, name):
    file, server = (answers(url, name, FeatureQuery(), 3) for url in (gpkg_url, postgis_url))
    assert [(key, properties) for key, _, properties in file[0]] == [(key, p) for key, _, p in server[0]]
    assert file[0]


def test_a_filter_tells_small_letters_from_capitals(url):
    assert len(answers(url, "facilities", FeatureQuery(filter="category_en LIKE 'K%'"), 9)[0]) + len(
        answers(url, "facilities", FeatureQuery(filter="category_en LIKE 'k%'"), 9)[0]
    ) == len(answers(url, "facilities", FeatureQuery(filter="CASEI(category_en) LIKE 'k%'"), 9)[0])


def test_a_row_that_comes_or_goes_shifts_no_other(url):
    """The second page follows the last key of the first, wherever that stands now."""
    engine = store.open_readonly(url)
    with closing(engine), engine.connect() as conn:
        layer = features.collection(conn, "facilities")
        first = features.page(conn, layer, FeatureQuery(), limit=2)
        fewer = features.page(
            conn, layer, FeatureQuery(filter="id <> 'f000000000001'"), limit=9, cursor=first.next_cursor
        )
        assert [item.id for item in fewer.items] == ["f000000000003", "f000000000004", "f000000000005"]


def test_a_filter_that_nests_too_deep_is_refused_before_it_is_parsed(conn):
    layer = features.collection(conn, "facilities")
    deep = (
        ("(" * 1000 + "year = 1" + ")" * 1000, "cql2-text"),
        ("NOT " * 1000 + "year = 1", "cql2-text"),
        ("[" * 1000 + "]" * 1000, "cql2-json"),
        ('{"op":"not","args":[' * 1000 + "true" + "]}" * 1000, "cql2-json"),
        ('{"op":"and","args":[true,' * 1000 + "true" + "]}" * 1000, "cql2-json"),
    )
    for text, language in deep:
        with pytest.raises(InvalidParameterError, match="filter"):
            features.page(conn, layer, FeatureQuery(filter=text, language=language), limit=1)
