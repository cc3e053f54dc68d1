"""The kinds of facility and the standards: what is shipped holds together, and a damaged file is refused clearly."""

import hashlib
import itertools
import re
import shutil
import tomllib
from dataclasses import replace

import numpy as np
import pytest

from service_map.catalogue import (
    categories,
    circles,
    distinct,
    edge_categories,
    families,
    indicator_kind,
    indicator_kinds,
    inventories,
    plan_rules,
    rules,
    terms,
    usual,
)
from service_map.errors import GeodataError

CODES = {
    "preschool": "kindergarten nursery",
    "elderly": "elderly_institution elderly_day_care elderly_community elderly_medical wellness_base",
    "sports": "trail sports_park fitness_center football_field stadium fitness_square",
    "funeral": "funeral_home columbarium_cemetery",
    "school": "primary_school middle_school nine_year_school high_school complete_middle_school vocational_school"
    " college special_school school_other training_base",
    "health": "hospital tcm_hospital maternal_child_hospital infectious_hospital township_health_centre"
    " community_health cdc_emergency health_other",
    "culture": "library museum cultural_centre theatre culture_square heritage_tourism culture_other",
    "welfare": "rescue_station child_welfare disability martyrs military_cemetery veterans_home mental_welfare"
    " welfare_other",
    "housing": "public_rental renovation",
    "service": "gov_service employment legal market_commerce parking_charging park_green shelter_fire transport"
    " service_other",
}

# Severe dichromacy after Machado, Oliveira and Fernandes (IEEE TVCG 15, 2009), on linear RGB.
VISIONS = {
    "full": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(colour):
    values = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    cones = np.cbrt(
        np.array(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ]
        )
        @ np.clip(rgb, 0, 1)
    )
    return (
        np.array(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ]
        )
        @ cones
    )


def test_every_family_and_category_of_the_label_table_is_there_in_order(geodata):
    assert list(families(geodata)) == list(CODES)
    by_family = {code: [] for code in CODES}
    for category in categories(geodata).values():
        by_family[category.family].append(category.code)
    assert {family: " ".join(codes) for family, codes in by_family.items()} == CODES


def test_categories_match_the_labels_beside_the_project(shared, geodata):
    table = (
        (shared / "labels" / "LABELS.md").read_text(encoding="utf-8").split("## Category codes")[1].split("\n## ")[0]
    )
    named = set(re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", table)) - set(CODES)
    assert named == set(categories(geodata))


def test_the_first_four_families_are_the_core(geodata):
    assert [family.code for family in families(geodata).values() if family.core] == list(CODES)[:4]


def test_every_name_stands_in_chinese_and_english(geodata):
    for record in (*families(geodata).values(), *categories(geodata).values()):
        assert re.search(r"[一-鿿]", record.zh), record
        assert re.fullmatch(r"[A-Z][a-zA-Z ,'-]+", record.en), record


def test_words_come_longest_first_and_name_one_category_each(geodata):
    seen = {}
    for category in categories(geodata).values():
        assert category.words, category.code
        assert list(category.words) == sorted(category.words, key=len, reverse=True)
        for word in category.words:
            assert seen.setdefault(word, category.code) == category.code


def test_family_colours_stand_out_on_white(geodata):
    for family in families(geodata).values():
        luminance = linear(family.colour) @ [0.2126, 0.7152, 0.0722]
        assert 1.05 / (luminance + 0.05) >= 3, family


@pytest.mark.parametrize("vision", VISIONS)
def test_family_colours_can_be_told_apart_with_any_colour_vision(geodata, vision):
    seen = {family.code: oklab(VISIONS[vision] @ linear(family.colour)) for family in families(geodata).values()}
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) >= 0.08, (one, other)


def test_a_category_has_its_familys_colour_unless_the_file_gives_another(geodata, tmp_path):
    copied = copy(geodata, tmp_path)
    edit(copied / "categories.toml", 'icon = "幼"', 'icon = "幼"\ncolour = "#123456"')
    assert categories(copied)["kindergarten"].colour == "#123456"
    assert categories(copied)["nursery"].colour == families(copied)["preschool"].colour


def test_rules_differ_for_one_category_and_are_kept_apart(geodata):
    everywhere = [rule for rule in rules(geodata) if rule.area is None]
    found = {rule.standard: (rule.metres_low, rule.metres) for rule in everywhere if rule.category == "kindergarten"}
    assert found == {"GB 50180": (None, 300), "JGJ 39": (300, 500)}


def test_what_nobody_read_in_the_clause_is_marked_unverified(geodata):
    rows = (*rules(geodata), *circles(geodata))
    unread = [row for row in rows if row.confidence in {"secondary", "memory"}]
    assert len(unread) >= 20
    assert not any(row.verified for row in unread)


def test_a_clause_says_how_binding_it_is(geodata):
    by_id = {rule.id: rule for rule in rules(geodata)}
    kindergarten = by_id["jgj39-kindergarten"]
    assert (kindergarten.edition, kindergarten.clause) == ("2016（2019年版）", "3.1.3")
    assert (kindergarten.force, kindergarten.minutes) == ("advisory", None)
    assert by_id["gb50437-elderly-service-centre-15"].force == "advisory"
    assert by_id["gb55014-park-coverage-city"].force == "mandatory"
    drafts = {rule.standard for rule in by_id.values() if rule.status == "draft"}
    assert drafts == {"GB 50442", "安徽省 托育设施规定"}


def test_a_radius_is_never_turned_into_minutes_nor_minutes_into_a_radius(geodata):
    both = {rule.id for rule in rules(geodata) if rule.metres is not None and rule.minutes is not None}
    # These two clauses give both themselves.
    assert both == {"gb50442-primary-school-10", "mohurd-2022-greenway-city"}
    walks = [rule for rule in rules(geodata) if rule.standard == "TD/T 1063" and rule.mode == "walk"]
    assert {(rule.category, rule.minutes) for rule in walks} >= {("elderly_community", 5), ("park_green", 5)}
    assert all(rule.metres is None and rule.level == "city" for rule in walks)


def test_parks_are_told_apart_by_size_and_the_large_ones_judge_no_point(geodata):
    parks = [rule for rule in rules(geodata) if rule.clause.startswith("表4.4.7")]
    assert [(rule.size_low, rule.size_high, rule.metres, rule.mode) for rule in parks] == [
        (1, 5, 500, "walk"),
        (0.4, 1, 300, "walk"),
        (5, 10, 1000, "none"),
        (10, 20, 2000, "none"),
        (20, 50, 3000, "none"),
        (50, None, None, "none"),
    ]


def test_a_covered_share_names_its_denominator(geodata):
    by_id = {rule.id: rule for rule in rules(geodata)}
    city = by_id["gbt51346-park-coverage-city"]
    assert (city.share, city.share_new, city.share_old) == (0.9, 1.0, 0.8)
    assert (city.denominator, city.metres, city.also) == ("residential_land", 500, ("culture_square",))
    # The mandatory code gives the share alone: neither a distance nor of what.
    green = by_id["gb55014-park-coverage-city"]
    assert (green.share, green.denominator, green.metres, green.mode) == (0.8, "unstated", None, "none")


def test_where_no_rule_is_named_a_clause_that_was_read_and_is_in_force_is_taken(geodata):
    first = usual(rules(geodata))
    assert first["kindergarten"].id == "jgj39-kindergarten"
    assert first["park_green"].id == "gbt51346-park-1-5ha"
    assert first["elderly_day_care"].id == "gb50437-day-care-5"
    assert "columbarium_cemetery" not in first
    assert all(rule.area is None and rule.level in terms.POINT_LEVELS for rule in first.values())

    def like(**changed):
        return replace(first["park_green"], **changed)

    read, advised = like(id="read"), like(id="advised", force="advisory")
    draft, unread = like(id="draft", status="draft"), like(id="unread", confidence="memory", verified=False)
    superseded, local = like(id="old", status="superseded"), like(id="local", area="310000")
    row = [superseded, local, unread, draft, advised, read]
    while len(row) > 2:
        assert usual(row)["park_green"] is row[-1]
        assert usual(reversed(row))["park_green"] is row.pop()
    assert usual(row) == {}


def test_the_table_gives_the_clause_that_is_taken_before_the_others_of_its_category(geodata):
    for code, taken in usual(rules(geodata)).items():
        judged = [row for row in rules(geodata) if row.category == code and row.mode in terms.JUDGED]
        assert next(row.id for row in judged if row.level in terms.POINT_LEVELS and row.area is None) == taken.id


def test_two_standards_that_ask_the_same_count_once(geodata):
    every = rules(geodata)
    kept = distinct(every)
    assert {"gb50442-primary-school-10", "gb50437-day-care-5"} <= {rule.id for rule in kept}
    assert not {"gb50180-primary-school-10", "gb50180-day-care-5"} & {rule.id for rule in kept}
    assert distinct(reversed(kept)) == list(reversed(kept))


def test_figures_from_memory_are_marked_unverified(geodata):
    remembered = [rule for rule in rules(geodata) if rule.confidence == "memory"]
    assert len(remembered) >= 10
    assert not any(rule.verified for rule in remembered)
    assert not any(circle.verified for circle in circles(geodata) if circle.confidence == "memory")


def test_funeral_facilities_have_no_walking_radius(geodata):
    funeral = [rule for rule in rules(geodata) if categories(geodata)[rule.category].family == "funeral"]
    assert {(rule.category, rule.standard) for rule in funeral} == {
        ("funeral_home", "JGJ 124"),
        ("columbarium_cemetery", "JGJ/T 397"),
        ("columbarium_cemetery", "建标 182"),
    }
    assert all(rule.mode == "none" and rule.metres is None and rule.minutes is None for rule in funeral)


def test_the_life_circles_of_gb_50180_are_there(geodata):
    assert {circle.level: (circle.minutes, circle.metres) for circle in circles(geodata)} == {
        "15": (15, 1000),
        "10": (10, 500),
        "5": (5, 300),
        "block": (None, None),
    }


def test_a_trail_is_reached_on_foot_or_by_bicycle_and_has_no_invented_metres(geodata):
    (trail,) = [rule for rule in rules(geodata) if rule.category == "trail" and rule.level == "15"]
    assert (trail.metres, trail.minutes, trail.mode) == (None, 15, "walk_or_cycle")


def test_a_caller_cannot_change_what_the_next_caller_gets(geodata):
    categories(geodata).clear()
    assert len(categories(geodata)) == 59


def copy(geodata, folder):
    for name in ("categories.toml", "standards.toml", "plan_circles.toml", "indicator_kinds.toml"):
        shutil.copy(geodata / name, folder / name)
    return folder


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("core = true", 'core = "yes"', ["families.preschool", "core", "true or false"]),
        ("core = true", "", ["families.preschool", "core", "missing"]),
        ('colour = "#', 'colour = "red#', ["families.preschool", "#rrggbb"]),
        ('icon = "幼"', 'icon = "幼"\nshape = "round"', ["categories.kindergarten", "shape", "icon"]),
        ('icon = "幼"', 'icon = "托"', ["categories.nursery", "kindergarten"]),
        ('icon = "幼"', 'icon = "a very long name of an icon"', ["categories.kindergarten", "16"]),
        ('family = "preschool"', 'family = "infants"', ["categories.kindergarten", "infants", "preschool"]),
        ('"幼稚园"', '"托儿所"', ["categories.nursery", "托儿所", "kindergarten"]),
        ('"幼稚园"', "7", ["categories.kindergarten", "words", "a list"]),
        ("[categories.kindergarten]", "[categories.Kinder-garten]", ["Kinder-garten", "lower-case"]),
        ("[families.preschool]", "[families.preschool", ["categories.toml", "TOML"]),
        ("[families.preschool]", "[extra]\n[families.preschool]", ["categories.toml", "extra", "families"]),
    ],
)
def test_a_damaged_category_file_is_refused_with_the_place(geodata, tmp_path, old, new, says):
    copied = copy(geodata, tmp_path)
    edit(copied / "categories.toml", old, new)
    with pytest.raises(GeodataError) as error:
        categories(copied)
    assert all(word in str(error.value) for word in says), str(error.value)
    assert error.value.zh != error.value.en


RULE = 'id = "gb50180-kindergarten-5"\ncategory = "kindergarten"\nlevel = "5"\nmetres = 300'
READ = 'source = "github.com/ChenYanjun-hub/arch-norm-rag-assistant@646a822"\nread_on = "2026-11-30"'
COVERAGE = 'denominator = "residential_land"\nstandard = "GB/T 51346"'


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (RULE, RULE.replace("kindergarten-5", "Kindergarten 5"), ["lower-case"]),
        (RULE, RULE.replace("gb50180-kindergarten-5", "jgj39-kindergarten"), ["jgj39-kindergarten", "twice"]),
        (RULE, RULE.replace('"kindergarten"', '"creche"'), ["gb50180-kindergarten-5", "creche"]),
        (RULE, RULE.replace('"5"', '"7"'), ["gb50180-kindergarten-5", "level", "block"]),
        (RULE, RULE.replace("300", "-300"), ["gb50180-kindergarten-5", "metres", "above 0"]),
        (RULE, RULE.replace("300", "inf"), ["gb50180-kindergarten-5", "metres"]),
        (RULE, RULE.replace("300", '"300"'), ["gb50180-kindergarten-5", "metres", "a number"]),
        (RULE, RULE + "\nmeters = 300", ["gb50180-kindergarten-5", "meters", "metres"]),
        (RULE, RULE + "\nmetres_low = 300", ["gb50180-kindergarten-5", "metres_low"]),
        (RULE, RULE + "\nshare = 80", ["gb50180-kindergarten-5", "share"]),
        (RULE + '\nmode = "walk"', RULE + '\nmode = "none"', ["gb50180-kindergarten-5", "mode"]),
        (RULE, RULE.replace("metres = 300", ""), ["gb50180-kindergarten-5", "mode"]),
        (RULE, RULE + "\nsize_low = 5\nsize_high = 1", ["gb50180-kindergarten-5", "size_low"]),
        (RULE, RULE + "\nshare = 0.8", ["gb50180-kindergarten-5", "denominator"]),
        (RULE, RULE + '\nalso = ["creche"]', ["gb50180-kindergarten-5", "creche"]),
        (RULE, RULE + '\nmeasured_from = "door"', ["gb50180-kindergarten-5", "measured_from", "entrance"]),
        (COVERAGE, COVERAGE.replace("residential_land", "land"), ["park-coverage-city", "denominator", "residential"]),
        ('force = "advisory"', 'force = "must"', ["jgj39-kindergarten", "force", "mandatory"]),
        (READ, 'read_on = "2026-11-30"', ["jgj39-kindergarten", "read_on", "source"]),
        (READ, READ.replace("-11-30", ""), ["jgj39-kindergarten", "read_on", "a day"]),
        ('confidence = "memory"\nverified = false', 'confidence = "memory"\nverified = true', ["nursery-5", "memory"]),
        ('"secondary"\nverified = false', '"secondary"\nverified = true', ["circle 10", "told by others"]),
        (
            '"funeral_home"\nlevel = "county"\nmode = "none"',
            '"funeral_home"\nlevel = "county"\nmode = "walk"\nmetres = 9',
            ["jgj124-funeral-home-county", "funeral"],
        ),
        ('[[circle]]\nlevel = "15"', '[[circle]]\nlevel = "10"', ["circle 10", "twice"]),
    ],
)
def test_a_damaged_standards_file_is_refused_with_the_row(geodata, tmp_path, old, new, says):
    copied = copy(geodata, tmp_path)
    edit(copied / "standards.toml", old, new)
    with pytest.raises(GeodataError) as error:
        rules(copied)
    assert all(word in str(error.value) for word in says), str(error.value)


def test_a_missing_or_undecodable_file_is_refused(geodata, tmp_path):
    with pytest.raises(GeodataError, match=r"categories\.toml is missing"):
        families(tmp_path)
    (tmp_path / "categories.toml").write_bytes(b"\xff\xfe\x00broken")
    with pytest.raises(GeodataError, match=r"cannot read categories\.toml"):
        categories(tmp_path)


def test_the_circles_that_plans_promise_are_rules_with_their_citation(geodata):
    found = {(rule.plan, rule.line) for rule in plan_rules(geodata)}
    assert found == {
        ("jincheng-2021", 383),
        ("jincheng-2021", 629),
        ("jincheng-2021", 701),
        ("yuncheng-2021", 484),
        ("qinshui-2021", 395),
        ("qinshui-2021", 435),
        ("datong-2021", 469),
        ("datong-2021", 511),
        ("datong-2021", 783),
        ("datong-2021", 835),
    }
    by_id = {rule.id: rule for rule in plan_rules(geodata)}
    station = by_id["qinshui-2021-first-aid-station-435"]
    assert (station.metres, station.minutes, station.mode) == (3500, None, "distance")
    circle = by_id["qinshui-2021-first-aid-circle-435"]
    assert (circle.metres, circle.minutes_low, circle.minutes, circle.mode) == (None, 15, 30, "vehicle")
    country = by_id["datong-2021-culture-rural-835"]
    assert (country.metres, country.minutes, country.scope) == (10_000, None, "rural")
    assert all(rule.minutes == 15 for rule in by_id.values() if rule.level == "15")


@pytest.mark.plans
def test_the_line_that_each_circle_cites_is_the_plans_own(geodata, plan_texts):
    with (geodata / "plans.toml").open("rb") as file:
        plans = tomllib.load(file)
    for rule in plan_rules(geodata):
        text = plan_texts[plans[rule.plan]["file"]].read_text(encoding="utf-8").split("\n")[rule.line - 1]
        assert hashlib.sha256(text.encode()).hexdigest() == rule.passage_sha256, rule.id
        figure = f"{rule.metres / 1000:g}" if rule.metres else f"{rule.minutes:g}"
        assert figure in text or "十" in text, rule.id


PLAN_RULE = 'plan = "jincheng-2021"\nline = 383'


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (PLAN_RULE, PLAN_RULE.replace("383", "0"), ["home-care-383", "line"]),
        (PLAN_RULE, PLAN_RULE.replace("383", '"383"'), ["home-care-383", "a whole number"]),
        (PLAN_RULE, PLAN_RULE + "\npage = 12", ["home-care-383", "page"]),
        ('passage_sha256 = "', 'passage_sha256 = "x', ["home-care-383", "passage_sha256"]),
        ('also = ["elderly_day_care"]', 'also = ["day_care"]', ["home-care-383", "day_care"]),
        ('also = ["elderly_day_care"]', 'also = ["funeral_home"]', ["home-care-383", "funeral"]),
        ("minutes_low = 15", "minutes_low = 45", ["first-aid-circle-435", "minutes_low"]),
        ('scope = "all"', 'scope = "here"', ["home-care-383", "scope", "urban"]),
    ],
)
def test_a_damaged_file_of_plan_circles_is_refused_with_the_row(geodata, tmp_path, old, new, says):
    copied = copy(geodata, tmp_path)
    edit(copied / "plan_circles.toml", old, new)
    with pytest.raises(GeodataError) as error:
        plan_rules(copied)
    assert all(word in str(error.value) for word in says), str(error.value)


def test_parks_trails_and_squares_are_measured_from_their_edge(geodata, tmp_path):
    assert {"park_green", "trail"} <= edge_categories(geodata) <= set(categories(geodata))
    assert not {"kindergarten", "primary_school", "hospital"} & edge_categories(geodata)
    copied = copy(geodata, tmp_path)
    edit(copied / "standards.toml", 'edge = ["park_green"', 'edge = ["castle"')
    with pytest.raises(GeodataError, match="castle"):
        edge_categories(copied)


def test_a_local_rule_names_where_it_is_in_force(geodata, tmp_path):
    local = {rule.area for rule in rules(geodata)}
    assert local == {None, "310000", "330000", "340000", "370000"}
    copied = copy(geodata, tmp_path)
    edit(copied / "standards.toml", 'area = "310000"', 'area = "上海"')
    with pytest.raises(GeodataError, match="six digits"):
        rules(copied)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("每千人口拥有3岁以下婴幼儿托位数", "nursery_places"), ("每千名老年人拥有养老床位数", "elderly_beds"),
        ("养老机构护理型床位占比", "care_beds"), ("每千人口医疗卫生机构床位数", "health_beds"),
        ("人均体育场地面积", "sports_ground"), ("残疾幼儿入园率", "special_school"), ("学前三年毛入园率", "preschool"),
        ("人均预期寿命", None), ("乡镇卫生院床位使用率", "health_centre_use"),
    ],
)  # fmt: skip
def test_an_indicator_is_known_by_the_words_of_its_name(name, kind):
    found = indicator_kind(name, indicator_kinds())
    assert (found.code if found else None) == kind


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('category = "nursery"', 'category = "castle"', ["nursery_places", "castle"]),
        ('categories = ["nursery", "kindergarten"]', 'categories = ["castle"]', ["nursery_places", "castle"]),
        ('counted = ["托位"]\n', "", ["nursery_places", "given together"]),
        ('people = "older"', 'people = "young"', ["elderly_beds", "young"]),
        ('words = ["托位"]', "words = []\nsize = 3", ["nursery_places", "size"]),
        ('zh = "每千人口托位"\n', "", ["nursery_places", "zh"]),
    ],
)
def test_a_damaged_file_of_kinds_of_indicators_is_refused_with_the_entry(geodata, tmp_path, old, new, says):
    copied = copy(geodata, tmp_path)
    edit(copied / "indicator_kinds.toml", old, new)
    with pytest.raises(GeodataError) as error:
        indicator_kinds(copied)
    assert all(word in str(error.value) for word in says), str(error.value)


def test_the_shipped_data_states_no_inventory_to_be_complete(geodata, tmp_path):
    assert (geodata / "inventories.toml").is_file()
    assert inventories(geodata) == ()
    assert inventories(copy(geodata, tmp_path)) == ()


INVENTORY = '[[inventory]]\narea = "140213"\ncategories = ["kindergarten"]\nsource = "某局"\ndate = "2025-09"\n'


def test_an_operator_states_which_inventory_is_complete(geodata, tmp_path):
    copied = copy(geodata, tmp_path)
    (copied / "inventories.toml").write_text(INVENTORY, encoding="utf-8")
    (found,) = inventories(copied)
    assert (found.area, found.categories, found.source, found.date) == ("140213", ("kindergarten",), "某局", "2025-09")


@pytest.mark.parametrize("date", ["2025", "2025-12", "2024-02-29", "2999-01-01"])
def test_an_inventory_is_of_a_year_a_month_or_a_day(geodata, tmp_path, date):
    copied = copy(geodata, tmp_path)
    (copied / "inventories.toml").write_text(INVENTORY.replace("2025-09", date), encoding="utf-8")
    assert inventories(copied)[0].date == date


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"140213"', '"平城区"', "area"),
        ('"kindergarten"', '"castle"', "castle"),
        ('["kindergarten"]', "[]", "categories"),
        ('source = "某局"\n', "", "source"),
        ("date", "day", "day"),
        ("2025-09", "someday", "2025-09-30"),
        ("2025-09", "2025-9", "2025-09-30"),
        ("2025-09", "2025-13", "calendar"),
        ("2025-09", "2025-02-29", "calendar"),
        ("2025-09", "0000", "calendar"),
        ("2025-09", "２０２５", "2025-09-30"),
    ],
)
def test_a_damaged_inventory_is_refused_with_the_row(geodata, tmp_path, old, new, says):
    copied = copy(geodata, tmp_path)
    (copied / "inventories.toml").write_text(INVENTORY.replace(old, new), encoding="utf-8")
    with pytest.raises(GeodataError, match="inventory 1") as error:
        inventories(copied)
    assert says in str(error.value)
