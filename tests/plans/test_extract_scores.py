"""How far the extractor is from labels made by hand, on the plans that are labelled; the floors may never fall."""

import importlib.util
import json

import pytest

from service_map.plans import extract, label_record, read_text

FLOORS = {
    # plan: (core, all) of f1, kind, count, place, year, action
    "jinzhong": (
        {"f1": 0.99, "kind": 0.99, "count": 0.99, "place": 0.99, "year": 0.99, "action": 0.99},
        {"f1": 0.985, "kind": 0.96, "count": 0.97, "place": 0.97, "year": 0.99, "action": 0.97},
    ),
    "qinshui": (
        {"f1": 0.97, "kind": 0.97, "count": 0.99, "place": 0.945, "year": 0.99, "action": 0.97},
        {"f1": 0.97, "kind": 0.975, "count": 0.98, "place": 0.93, "year": 0.99, "action": 0.97},
    ),
}


@pytest.fixture(scope="session")
def scorer(shared):
    spec = importlib.util.spec_from_file_location("score", shared / "extraction" / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.plans
@pytest.mark.parametrize("plan", sorted(FLOORS))
def test_extraction_agrees_with_careful_readers_as_well_as_it_ever_did(plan, scorer, shared, plan_texts, tell):
    labels = scorer.load(shared / "extraction" / f"{plan}.jsonl")
    text = read_text(plan_texts[f"{plan}.txt"])
    found = [json.loads(json.dumps(label_record(item))) for item in extract(text, plan=plan)]
    core = {code for code, family in scorer.FAMILY.items() if family in scorer.CORE}
    for scope, floor in zip(("core", "all"), FLOORS[plan], strict=True):
        chosen = [
            [record for record in records if scope == "all" or record["category"] in core]
            for records in (labels, found)
        ]
        result = scorer.score(*chosen)
        told = " ".join(f"{key}={result[key]}" for key in ("precision", "recall", *floor))
        tell(f"{plan} {scope}: {told}")
        for measure, least in floor.items():
            assert result[measure] >= least, (plan, scope, measure, result[measure])


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
