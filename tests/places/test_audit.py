"""The state of the data is told, and what is broken is found."""

from dataclasses import replace

import pytest

from service_map.catalogue import Inventory, terms
from service_map.places import Retired, audit, load_facilities, unknown_areas
from service_map.plans import load_commitments, load_plans


@pytest.fixture(scope="module")
def world(geodata):
    return (
        load_commitments(geodata / "commitments.jsonl"),
        load_facilities(geodata / "facilities.geojson"),
        load_plans(geodata),
    )


def look(world, gazetteer, geodata, **changes):
    commitments, facilities, plans = world
    given = {"commitments": commitments, "facilities": facilities, "plans": plans, **changes}
    return audit(given.pop("commitments"), given.pop("facilities"), given.pop("plans"), gazetteer,
                 **{"geodata": geodata, **given})  # fmt: skip


def test_the_shipped_data_is_whole_and_counted_whole(world, gazetteer, geodata):
    found = look(world, gazetteer, geodata)
    assert found.broken == ()
    assert sum(found.kinds.values()) == len(world[0])
    assert list(found.precisions) == list(terms.PRECISION.codes)
    assert sum(found.precisions.values()) == sum(found.statuses.values()) == len(world[1])
    assert sum(number for (_, what), number in found.four.items() if what == "facilities") == len(world[1])
    assert {what for _, what in found.four} == {"facilities", "requirements", "quotas", "intents"}
    assert found.four["qinshui-2021", "intents"] == found.kinds["qinshui-2021", "intent"]
    assert found.demand > 400
    assert found.existing["OpenStreetMap"] > 500


@pytest.mark.plans
def test_every_shipped_citation_is_the_passage_of_its_text(world, gazetteer, geodata, shared):
    found = look(world, gazetteer, geodata, plans_dir=shared / "plans")
    assert found.broken == ()
    assert set(found.texts) == set(world[2])


def test_a_changed_text_breaks_the_citations_of_its_changed_lines_only(world, gazetteer, geodata, tmp_path):
    commitments, _, plans = world
    plan = plans["qinshui-2021"]
    mine = [item for item in commitments if item.plan == plan.id][:1]
    lines = [f"第{number}行" for number in range(1, mine[0].line + 1)]
    (tmp_path / plan.file).write_text("\n".join(lines), encoding="utf-8")
    found = look(world, gazetteer, geodata, commitments=mine, facilities=[], plans={plan.id: plan}, plans_dir=tmp_path)
    assert len(found.broken) == 2  # the text is another one, and so is the cited line
    assert mine[0].id in found.broken[1]
    found = look(world, gazetteer, geodata, commitments=mine, facilities=[], plans={plan.id: plan},
                 plans_dir=tmp_path / "nowhere")  # fmt: skip
    assert plan.file in found.broken[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"commitments": ("nowhere-1-aaaaaa",)}, "nowhere-1-aaaaaa"),
        ({"category": "castle"}, "castle"),
        ({"adcode": "999999"}, "999999"),
        ({"same_as": "f0000000000aa"}, "f0000000000aa"),
    ],
)
def test_a_facility_that_points_at_nothing_is_broken(world, gazetteer, geodata, change, words):
    damaged = [replace(world[1][0], **change), *world[1][1:]]
    (sentence,) = look(world, gazetteer, geodata, facilities=damaged).broken
    assert words in sentence


@pytest.mark.parametrize("change", [{"plan": "atlantis-2021"}, {"repeats": "nowhere-1-aaaaaa"}, {"category": "castle"}])
def test_a_commitment_that_points_at_nothing_is_broken(world, gazetteer, geodata, change):
    (field, value), *_ = change.items()
    lone = replace(next(item for item in world[0] if item.place is None), **change)
    found = look(world, gazetteer, geodata, commitments=[lone], facilities=[])
    assert any(value in sentence for sentence in found.broken), field


@pytest.mark.parametrize(
    "area", ["140000", "140500", "140521", "140521100", "110100", "419000", "419001", "100000", "460400", "441900003"]
)
def test_an_inventory_may_speak_of_any_area_at_any_level(gazetteer, area):
    row = Inventory(area=area, categories=("kindergarten",), source="名录", date="2025")
    assert unknown_areas([row], gazetteer) == []


@pytest.mark.parametrize(
    ("area", "says"),
    [("999999", "没有"), ("990000", "没有"), ("149900", "没有"), ("140599", "没有"), ("999999001", "没有"), ("130223", "现为 130284")],
)  # fmt: skip
def test_an_inventory_of_an_area_there_is_not_is_named_by_its_row(gazetteer, area, says):
    sound, wrong = (
        Inventory(area=code, categories=("kindergarten",), source="名录", date="2025") for code in ("140521", area)
    )
    (sentence,) = unknown_areas([sound, wrong], gazetteer)
    assert all(words in sentence for words in (f"第 2 条 area {area}", f"inventory 2, area {area}", says))


def test_a_retired_id_must_be_out_of_use_and_lead_somewhere(world, gazetteer, geodata):
    used, nowhere = world[1][0].id, "f0000000000aa"
    entries = [
        Retired(id=used, successor="", date="2025-01-01", reason="dropped"),
        Retired(id="f0000000000bb", successor=nowhere, date="2025-01-01", reason="merged"),
        Retired(id="f0000000000cc", successor=used, date="2025-01-01", reason="merged"),
    ]
    found = look(world, gazetteer, geodata, retired=entries)
    assert len(found.broken) == 2
    assert all(any(name in sentence for sentence in found.broken) for name in (used, nowhere))
