"""How many townships an area has: by county, of a city only where every county is known, damage named by row."""

import pytest

from service_map.errors import GeodataError
from service_map.places import load_townships, townships_in

HEAD = "adcode,townships,date,source\n"


def write(folder, *rows):
    (folder / "townships.csv").write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return load_townships(folder)


def test_a_county_has_its_number_and_a_city_the_sum_where_all_its_counties_are_known(tmp_path, gazetteer):
    codes = ["140502", "140521", "140522", "140524", "140525", "140581"]
    known = write(tmp_path, *(f"{code},{number},2023,代码表" for number, code in enumerate(codes, start=7)))
    county, city = townships_in("140521", known, gazetteer), townships_in("140500", known, gazetteer)
    assert (county.count, county.source) == (8, "代码表，2023")
    assert city.count == sum(range(7, 13))
    del known["140581"]
    assert townships_in("140500", known, gazetteer) is None
    assert townships_in("140521100", known, gazetteer) is None


def test_the_shipped_numbers_are_no_smaller_than_what_is_on_record(geodata, gazetteer):
    known = load_townships(geodata)
    for code, of in known.items():
        listed = [row for row in gazetteer.rows.values() if row.level == "township" and row.parent == code]
        assert len(listed) <= of.count


def test_without_the_file_nobody_knows(tmp_path, gazetteer):
    assert load_townships(tmp_path) == {}
    assert townships_in("140521", {}, gazetteer) is None


@pytest.mark.parametrize(
    "row",
    [
        "14052,8,2023,x",
        "140521,eight,2023,x",
        "140521,8,soon,x",
        "140521,8,2023,",
        "140521,8,2023",
        "140522,8,2023,x\n140522,9,2023,x",
    ],
)
def test_a_wrong_row_is_named(tmp_path, row):
    with pytest.raises(GeodataError, match=r"row [23]"):
        write(tmp_path, row)
