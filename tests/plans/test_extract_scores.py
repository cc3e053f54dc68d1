"""How far the extractor is from labels made by hand: the plans, the forms, and passages of our own; no floor may fall."""

import importlib.util
import json
from pathlib import Path

import pytest

from service_map.plans import extract, label_record, read_text

OWN = Path(__file__).with_name("passages")
"""Invented passages, labelled before they were read for the first time."""

FLOORS = {
    # plan: (core, all) of lenient F1, strict F1, whole
    "jinzhong": ({"f1": 1.0, "strict": 1.0, "whole": 0.97}, {"f1": 0.98, "strict": 0.965, "whole": 0.895}),
    "qinshui": ({"f1": 1.0, "strict": 0.955, "whole": 0.885}, {"f1": 0.99, "strict": 0.975, "whole": 0.89}),
}
FORMS = ({"f1": 0.999, "strict": 0.999, "whole": 0.99}, {"f1": 0.999, "strict": 0.999, "whole": 0.98})
MEASURES = ("f1", "strict", "whole")
CELLS = ("kind", "count", "place", "year", "action")


def loaded(folder, name):
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def scorer(shared):
    return loaded(shared / "labels", "score")


def read(path):
    return [json.loads(json.dumps(label_record(item))) for item in extract(read_text(path), plan=path.stem)]


def chosen(scorer, records, scope):
    core = {code for code, family in scorer.FAMILY.items() if family in scorer.CORE}
    return [record for record in records if scope == "all" or record["category"] in core]


@pytest.mark.plans
@pytest.mark.parametrize("plan", sorted(FLOORS))
def test_extraction_agrees_with_careful_readers_as_well_as_it_ever_did(plan, scorer, shared, plan_texts, tell):
    labels, found = scorer.load(shared / "labels" / f"{plan}.jsonl"), read(plan_texts[f"{plan}.txt"])
    for scope, floor in zip(("core", "all"), FLOORS[plan], strict=True):
        result = scorer.score(chosen(scorer, labels, scope), chosen(scorer, found, scope))
        told = " ".join(f"{key}={result[key]}" for key in ("precision", "recall", *MEASURES, *CELLS))
        tell(f"{plan} {scope}: {told}")
        for measure, least in floor.items():
            assert result[measure] >= least, (plan, scope, measure, result[measure])


def together(scorer, folder, scope):
    """Score a folder of passages, each record counting once."""
    total = dict.fromkeys(("labels", "extracted", "hit", "right", "strict", "whole"), 0)
    for path in sorted(folder.glob("*.jsonl")):
        found = chosen(scorer, read(path.with_suffix(".txt")), scope)
        got = scorer.score(chosen(scorer, scorer.load(path), scope), found)
        counted = {
            "labels": got["labels"],
            "extracted": got["extracted"],
            "hit": got["labels"] - len(got["missed"]),
            "right": got["extracted"] - len(got["wrong"]),
            "strict": got["strict_hits"],
            "whole": round(got["whole"] * got["labels"]),
        }
        for key, value in counted.items():
            total[key] += value
    labels, extracted = total["labels"], total["extracted"]
    return {
        "f1": scorer.f1(total["right"] / extracted, total["hit"] / labels),
        "strict": scorer.f1(total["strict"] / extracted, total["strict"] / labels),
        "whole": total["whole"] / labels,
    }


@pytest.mark.plans
@pytest.mark.parametrize(
    ("name", "floors"),
    [
        ("forms", FORMS),
        ("own", ({"f1": 0.963, "strict": 0.957, "whole": 0.952}, {"f1": 0.969, "strict": 0.964, "whole": 0.955})),
    ],
)
def test_passages_by_form_are_read_as_well_as_they_ever_were(name, floors, scorer, shared, tell):
    folder = shared / "labels" / "forms" if name == "forms" else OWN
    for scope, floor in zip(("core", "all"), floors, strict=True):
        result = together(scorer, folder, scope)
        tell(f"{name} {scope}: " + " ".join(f"{key}={result[key]:.4f}" for key in MEASURES))
        for measure, least in floor.items():
            assert result[measure] >= least, (name, scope, measure, result[measure])


FIELDS = (
    "category", "kind", "name", "count", "count_max", "capacity", "action", "place", "locality", "condition", "share",
    "per", "year",
)  # fmt: skip


@pytest.mark.parametrize("path", sorted(OWN.glob("*.jsonl")), ids=lambda path: path.stem)
def test_what_a_passage_promises_is_found_with_its_number_its_place_and_its_year(path):
    labels = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    found = read(path.with_suffix(".txt"))
    firm = [label for label in labels if label["kind"] != "intent" and not (label.get("note") or "").startswith("BORD")]
    met = [
        label
        for label in firm
        if any(all(record[field] == label[field] for field in FIELDS if field in label) for record in found)
    ]
    assert len(met) >= 0.6 * len(firm), [label["quote"] for label in firm if label not in met]


@pytest.mark.plans
def test_every_record_quotes_its_own_line_and_has_an_id_of_its_own(plan_texts):
    for path in plan_texts.values():
        text = read_text(path)
        lines = text.split("\n")
        found = extract(text, plan=path.stem)
        assert found
        assert len({item.id for item in found}) == len(found)
        for item in found:
            assert item.quote
            assert item.quote in lines[item.line - 1]
            assert len(item.quote) <= 120
        assert [item.line for item in found] == sorted(item.line for item in found)
