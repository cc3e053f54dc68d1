"""Who reads no Chinese reads the names of areas: spelt in pinyin, with the word for what they are."""

import pytest

from service_map import store
from service_map.store import pinyin, queries


@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        ("沁水县", "Qinshui County"),
        ("晋城市", "Jincheng City"),
        ("平城区", "Pingcheng District"),
        ("城区", "Cheng District"),
        ("西安市", "Xi'an City"),
        ("吕梁市", "Lüliang City"),
        ("龙港镇", "Longgang Town"),
        ("土沃乡", "Tuwo Township"),
        ("连南瑶族自治县", "Liannanyaozu Autonomous County"),
        ("丹河新城", "Danhexincheng"),
    ],
)
def test_an_area_is_spelt_with_the_word_for_its_level(name, spelt):
    assert pinyin.romanised(name) == spelt


def test_every_area_of_the_data_has_a_name_in_latin_letters(shipped_database):
    engine = store.open_readonly(f"sqlite:///{shipped_database}")
    with engine.connect() as conn:
        areas = queries.areas(conn)
    engine.dispose()
    assert len(areas) > 40
    assert all(area.name_en.replace("ü", "u").replace("'", "").replace(" ", "").isascii() for area in areas)
    assert all(area.name_en.endswith((" County", " City", " District", " Town", " Township")) for area in areas)
