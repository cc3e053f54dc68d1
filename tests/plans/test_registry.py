import hashlib

import pytest

from service_map.errors import GeodataError
from service_map.plans.registry import load_plans, plan_for_file


def test_the_five_shipped_plans_are_listed_with_area_and_period(geodata):
    plans = load_plans(geodata)
    assert {plan.adcode for plan in plans.values()} == {"140500", "140700", "140800", "140200", "140521"}
    assert all(plan.period == (2021, 2025) for plan in plans.values())


def test_each_listed_checksum_is_that_of_the_text(geodata, plan_texts):
    for plan in load_plans(geodata).values():
        assert hashlib.sha256(plan_texts[plan.file].read_bytes()).hexdigest() == plan.sha256


def test_a_text_file_belongs_to_the_plan_that_names_it_or_to_its_own_stem(geodata, tmp_path):
    plans = load_plans(geodata)
    assert plan_for_file(plans, tmp_path / "qinshui.txt") == "qinshui-2021"
    assert plan_for_file(plans, tmp_path / "else.txt") == "else"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[a]\ntitle='t'\n", "a.period"),
        ("[a]\ntitle='t'\nperiod=[2025, 2021]\nadcode='140500'\nfile='f'\nsha256='" + "0" * 64 + "'", "a.period"),
        ("[a]\ntitle='t'\nperiod=[2021, 2025]\nadcode='1405'\nfile='f'\nsha256='" + "0" * 64 + "'", "a.adcode"),
        ("[a]\ntitel='t'\n", "a.titel"),
        ("[a]\ntitle=3\n", "a.title"),
        ("a = 3\n", "a "),
        ("[a\n", "plans.toml"),
    ],
)
def test_a_faulty_plan_list_is_refused_by_the_name_of_its_key(tmp_path, text, named):
    (tmp_path / "plans.toml").write_text(text, encoding="utf-8")
    with pytest.raises(GeodataError, match=named.replace(".", r"\.")):
        load_plans(tmp_path)


def test_a_missing_plan_list_is_refused_by_its_name(tmp_path):
    with pytest.raises(GeodataError, match=r"plans\.toml"):
        load_plans(tmp_path)
