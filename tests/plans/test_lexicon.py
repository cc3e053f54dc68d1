"""The small grammars of plans: numbers, quantities, years, levels, names."""

import pytest

from service_map.errors import GeodataError
from service_map.plans.lexicon import Wording, load_wording, number, years


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), ("1.5", 1.5), ("1.5万", 15000), ("2百", 200), ("六", 6), ("两", 2), ("十", 10), ("十二", 12), ("三十", 30),
        ("二十五", 25), ("一百", 100), ("两百零六", 206), ("一千二百", 1200), ("三万", 30000), ("", None), ("百里", None),
    ],
)  # fmt: skip
def test_numbers_are_read_in_arabic_and_chinese_figures(text, value):
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5个以上", (5, "个", True)),
        ("至少办好一所", (1, "所", True)),
        ("不少于120公里", (120, "公里", True)),
        ("3—4所".replace("—", "-"), (3, "所", False)),
        ("1至2个", (1, "个", False)),
        ("12+36个", (48, "个", False)),
        ("8+N", (8, None, True)),
        ("约2000套", (2000, "套", False)),
        ("1万套", (10000, "套", False)),
        ("2万平方米", (20000, "平方米", False)),
        ("六所", (6, "所", False)),
    ],
)
def test_a_range_takes_its_lower_end_and_above_is_at_least(text, expected):
    quantity = next(load_wording().quantities(text))
    assert (quantity.count, quantity.unit, quantity.at_least) == expected


def test_a_yearly_number_is_marked_as_one():
    assert next(load_wording().quantities("每年完成20公里")).yearly


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("到2025年", [2025]),
        ("力争2022年底", [2022]),
        ("到“十四五”末", [2025]),
        ("“十四五”期末", [2025]),
        ("“十五五”末", [2030]),
        ("“十四五”期间", [None]),
        ("“十四五”时期，到2023年", [None, 2023]),
        ("2000年以前建成的", []),
        ("从2021年起", []),
        ("较2022年增长", []),
        ("2019年", []),
    ],
)
def test_years_are_those_by_which_something_is_due(text, expected):
    assert [year for _, year in years(text)] == expected


@pytest.mark.parametrize(
    ("text", "per"),
    [
        ("每个县（市、区）至少", "county"),
        ("各乡镇", "township"),
        ("每个街道", "township"),
        ("所有社区", "community"),
        ("50%以上的行政村", "village"),
        ("新建住宅小区按标准", "residential_compound"),
        ("以12个乡镇为单位", "township"),
        ("县区均有", "county"),
    ],
)
def test_words_for_every_unit_of_a_kind_are_told_apart(text, per):
    assert next(load_wording().levels(text)).per == per


def test_type_words_leave_nothing_and_names_leave_their_proper_part():
    wording = load_wording()
    assert not wording.residue("标准化公办")
    assert wording.residue("云岭示范") == "云岭"


def test_word_lists_that_are_missing_or_broken_are_named(tmp_path):
    with pytest.raises(GeodataError, match=r"lexicon\.toml"):
        Wording(tmp_path)
    (tmp_path / "lexicon.toml").write_text("verbs = [", encoding="utf-8")
    with pytest.raises(GeodataError, match="TOML"):
        Wording(tmp_path)


@pytest.mark.parametrize(
    ("figures", "value"),
    [
        ("一百五", 150),
        ("一百零五", 105),
        ("三万五", 35000),
        ("廿五", 25),
        ("伍拾", 50),
        ("一万二千", 12000),
        ("两三", 2),
    ],
)
def test_numbers_are_read_as_they_are_said_and_as_banks_write_them(figures, value):
    assert number(figures) == value
