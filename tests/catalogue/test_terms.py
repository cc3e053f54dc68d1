"""Closed sets of words, the arithmetic of codes and the length of a degree are each stated once."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from pyproj import Geod

import service_map
from service_map.catalogue import terms
from service_map.catalogue.adcode import (
    ancestors,
    city_of,
    county_of,
    covers,
    prefix,
    province_of,
    related,
    township_of,
)
from service_map.catalogue.degrees import DEGREE_M, LEAST_DEGREE_M, MOST_DEGREE_M

HOME = Path(service_map.__file__).parent
# The page of planners names promises without a place in an order of its own.
OWN_ORDER = ("web/pages/planner.py", "KIND")
# Names of a commitment's fields, which many files list among others.
FIELDS = ("DIFFERS",)
SETS = {name: value for name, value in vars(terms).items() if isinstance(value, terms.Terms)}


def test_every_code_of_every_set_is_called_something_in_chinese_and_in_english():
    assert len(SETS) > 15
    for name, of in SETS.items():
        for code, term in of.items():
            # A datum is called by its own name.
            assert name == "DATUM" or re.search("[\u4e00-\u9fff]", term.zh + term.meaning_zh), (name, code)
            for english in (term.en, term.meaning.partition(" / ")[2]):
                assert re.search("[A-Za-z]", english), (name, code)
                assert not re.search("[\u4e00-\u9fff]", english), (name, code)


def test_codes_keep_their_order_and_nobody_adds_one():
    assert (
        terms.PRECISION.codes == tuple(terms.PRECISION) == ("site", "street", "village", "township", "county", "city")
    )
    assert (*terms.PLACED, *terms.WIDE) == terms.PRECISION.codes
    assert {*terms.IN_PLACE, *terms.AHEAD, "cancelled"} == {*terms.STATUS}
    assert {*terms.MAPPED} < {*terms.KIND}
    assert {*terms.MAPPED} < {*terms.BASIS}
    with pytest.raises(TypeError):
        terms.STATUS["demolished"] = terms.STATUS["open"]


def _listed(tree):
    """Every row of texts that a file writes out: tuples, lists, sets and the arguments of calls."""
    for node in ast.walk(tree):
        parts = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else getattr(node, "args", None)
        if isinstance(parts, list):
            yield getattr(node, "lineno", 0), {part.value for part in parts if isinstance(part, ast.Constant)}


def test_no_other_file_writes_out_a_set():
    again = [
        f"{path.relative_to(HOME)}:{line} {name}"
        for path in sorted(HOME.rglob("*.py"))
        if path.name != "terms.py"
        for line, texts in _listed(ast.parse(path.read_text(encoding="utf-8")))
        for name, of in SETS.items()
        if len(of) > 2 and name not in FIELDS and {*of} <= texts and (str(path.relative_to(HOME)), name) != OWN_ORDER
    ]
    assert again == []


def test_a_code_says_which_areas_lie_around_it():
    assert [prefix(code) for code in ("140000", "140500", "140521", "140521104")] == [
        "14",
        "1405",
        "140521",
        "140521104",
    ]
    assert (county_of("140521104"), city_of("140521104"), province_of("140521104")) == ("140521", "140500", "140000")
    assert [township_of(code) for code in ("140521104201", "140521000", "140521")] == ["140521104", "140521", "140521"]
    assert ancestors("140521104") == ("140521", "140500", "140000")
    assert ancestors("140000") == ()
    assert covers("100000", "140521")
    assert covers("140500", "140521104")
    assert covers("140521", "140521")
    assert not covers("140521", "140500")
    # Nine digits that end with noughts are a township all the same.
    assert not covers("140520000", "140521")
    assert related("140500", "140521") == related("140521", "140500") is True
    assert not related("140521", "140522")


def test_no_degree_is_shorter_or_longer_than_is_said():
    geod = Geod(ellps="WGS84")
    south = np.linspace(-89.5, 88.5, 179)
    north = geod.inv(0 * south, south, 0 * south, south + 1)[2]
    east = geod.inv(0 * south, south, 0 * south + 0.01, south)[2] * 100 / np.cos(np.radians(south))
    for metres in (north, east):
        assert metres.min() > LEAST_DEGREE_M
        assert metres.max() < MOST_DEGREE_M
        assert abs(metres / DEGREE_M - 1).max() < 0.006
