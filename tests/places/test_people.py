"""The people of areas come from a small table, whose faults are told by row and column."""

import pytest

from service_map.errors import GeodataError
from service_map.places import load_people

HEADING = "adcode,people,date,source,people_60\n"


def test_older_people_may_be_given_beside_all_and_left_empty(tmp_path):
    rows = "140802,680036,2020-11-01,普查,120000\n140821,40000,2020,年鉴,\n"
    (tmp_path / "people.csv").write_text(HEADING + rows, encoding="utf-8")
    found = load_people(tmp_path)
    assert (found["140802"].people, found["140802"].people_60) == (680_036, 120_000)
    assert found["140821"].people_60 is None


@pytest.mark.parametrize("older", ["many", "-3", "680037"])
def test_more_older_people_than_people_or_no_number_is_refused_by_row_and_column(tmp_path, older):
    (tmp_path / "people.csv").write_text(f"{HEADING}140802,680036,2020,普查,{older}\n", encoding="utf-8")
    with pytest.raises(GeodataError, match="row 2, people_60"):
        load_people(tmp_path)
