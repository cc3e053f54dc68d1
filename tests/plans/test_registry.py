import hashlib

import pytest

from service_map.errors import GeodataError
from service_map.plans.registry import LAST, before, load_plans, plan_for_file, ranks


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


def following(tmp_path, *tables):
    """Write plans of one area by id, period and what they follow, with further lines."""
    text = "".join(
        f"[{name}]\ntitle = 't'\nadcode = '140500'\nfile = 'f'\nsha256 = '{'0' * 64}'\n{lines}\n"
        for name, lines in tables
    )
    (tmp_path / "plans.toml").write_text(text, encoding="utf-8")
    return load_plans(tmp_path)


OLD = ("old", "period = [2021, 2025]")


def test_a_plan_says_its_kind_and_which_plans_it_follows(tmp_path):
    plans = following(
        tmp_path, OLD, ("new", "period = [2026, 2030]\nsucceeds = 'old'"),
        ("year", "period = [2027, 2027]\nsucceeds = ['new']\nkind = 'yearly'"),
        ("draft", "period = [2026, 2030]\nsucceeds = 'old'\nkind = 'draft'"),
    )  # fmt: skip
    assert {name: (plan.kind, plan.succeeds) for name, plan in plans.items()} == {
        "old": ("plan", ()), "new": ("plan", ("old",)), "year": ("yearly", ("new",)), "draft": ("draft", ("old",)),
    }  # fmt: skip
    assert before("year", plans) == ("new", "old")
    assert ranks(plans, plans) == {"old": 2, "new": 1, "year": 0, "draft": LAST}
    assert ranks(("old", "draft"), plans) == {"old": 0, "draft": LAST}
    assert ranks(("draft",), plans) == {"draft": 0}


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ([("new", "period = [2026, 2030]\nsucceeds = 'new'")], ["new", "itself"]),
        ([("a", "period = [2021, 2025]\nsucceeds = 'b'"), ("b", "period = [2021, 2025]\nsucceeds = 'a'")],
         ["a follows b", "b follows a"]),
        ([OLD, ("new", "period = [2026, 2030]\nsucceeds = 'gone'")], ["new", "'gone'", "old, new"]),
        ([("old", "period = [2021]"), ("new", "period = [2026, 2030]\nsucceeds = 'old'")], ["old", "period"]),
        ([("new", "period = [2026, 2030]\nsucceeds = 'old'"), ("old", "period = [2021]")],
         ["new", "'old'", "first and last year", "[2021]"]),
        ([("old", "period = [2026, 2030]"), ("new", "period = [2021, 2025]\nsucceeds = 'old'")],
         ["new", "2021–2025", "old", "2026–2030"]),
        ([OLD, ("new", "period = [2026, 2030]\nsucceeds = 'old'\nkind = 'idea'")], ["new", "plan, draft, yearly"]),
        ([OLD, ("new", "period = [2026, 2030]\nsucceeds = 3")], ["new", "succeeds"]),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_follow_is_refused_with_both_sides(tmp_path, tables, told):
    with pytest.raises(GeodataError) as caught:
        following(tmp_path, *tables)
    assert all(words in caught.value.en for words in told), caught.value.en


def test_a_plan_follows_none_of_another_area(tmp_path):
    following(tmp_path, OLD, ("new", "period = [2026, 2030]\nsucceeds = 'old'"))
    path = tmp_path / "plans.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("140500", "140700", 1), encoding="utf-8")
    with pytest.raises(GeodataError, match=r"new of 140500, old of 140700"):
        load_plans(tmp_path)


@pytest.mark.parametrize("text", ["a = 3\n", "[a\n"])
def test_a_plan_list_of_another_form_is_refused_by_its_name(tmp_path, text):
    (tmp_path / "plans.toml").write_text(text, encoding="utf-8")
    with pytest.raises(GeodataError, match=r"plans\.toml"):
        load_plans(tmp_path)


def test_a_missing_plan_list_is_refused_by_its_name(tmp_path):
    with pytest.raises(GeodataError, match=r"plans\.toml"):
        load_plans(tmp_path)
