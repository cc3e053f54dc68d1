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


WHOLE = {
    "title": "'t'", "period": "[2021, 2025]", "adcode": "'140500'", "file": "'f'", "sha256": "'" + "0" * 64 + "'",
}  # fmt: skip


def listed(tmp_path, **changes):
    entry = {**WHOLE, **changes}
    lines = [f"{key} = {value}" for key, value in entry.items() if value is not None]
    (tmp_path / "plans.toml").write_text("\n".join(["[some-2021]", *lines]), encoding="utf-8")
    return load_plans(tmp_path)


def test_a_plan_needs_title_period_area_file_and_checksum_only(tmp_path):
    plan = listed(tmp_path)["some-2021"]
    assert (plan.title, plan.period, plan.issuer, plan.date) == ("t", (2021, 2025), None, None)
    assert listed(tmp_path, date="'2021-10'")["some-2021"].date == "2021-10"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", None),
        ("title", "3"),
        ("title", "''"),
        ("period", None),
        ("period", "[2025, 2021]"),
        ("period", "[2021]"),
        ("period", "['2021', '2025']"),
        ("period", "[true, false]"),
        ("adcode", "'1405'"),
        ("adcode", "140500"),
        ("sha256", "'abc'"),
        ("date", "'October'"),
        ("issuer", "3"),
        ("titel", "'t'"),
    ],
)
def test_a_faulty_plan_list_is_refused_by_the_name_of_its_key(tmp_path, key, value):
    with pytest.raises(GeodataError) as caught:
        listed(tmp_path, **{key: value})
    for told in (caught.value.zh, caught.value.en):
        assert told.startswith("plans.toml some-2021")
        assert key in told


@pytest.mark.parametrize("text", ["a = 3\n", "[a\n"])
def test_a_plan_list_of_another_form_is_refused_by_its_name(tmp_path, text):
    (tmp_path / "plans.toml").write_text(text, encoding="utf-8")
    with pytest.raises(GeodataError, match=r"plans\.toml"):
        load_plans(tmp_path)


def test_a_missing_plan_list_is_refused_by_its_name(tmp_path):
    with pytest.raises(GeodataError, match=r"plans\.toml"):
        load_plans(tmp_path)
