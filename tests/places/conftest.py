"""Commitments to locate: made by hand, and those of the labelled plans where they stand beside the project."""

import json
from dataclasses import replace

import pytest

from service_map.places import gather_places, load_gazetteer, write_places
from service_map.plans import Commitment, load_plans

LABELLED = {"jinzhong-2021": "jinzhong.jsonl", "qinshui-2021": "qinshui.jsonl"}


@pytest.fixture(scope="session")
def plans(geodata):
    return load_plans(geodata)


@pytest.fixture(scope="session")
def gazetteer(geodata):
    """Names of the whole country and the shipped places."""
    return load_gazetteer(geodata)


@pytest.fixture(scope="session")
def labelled(shared):
    """Every commitment that careful readers found in the labelled plans."""
    found = []
    for plan, file in LABELLED.items():
        rows = [json.loads(line) for line in (shared / "labels" / file).read_text(encoding="utf-8").splitlines()]
        marks = [f"{plan}-{row['line']}-{number:06x}" for number, row in enumerate(rows)]
        fields = ("line", "quote", "category", "kind", "name", "count", "unit", "at_least", "action", "place",
                  "place_level", "per", "year", "section", "noun", "count_max", "capacity", "capacity_unit", "locality",
                  "condition", "share")  # fmt: skip
        for mark, row in zip(marks, rows, strict=True):
            made = Commitment(
                id=mark, plan=plan, passage_sha256="0" * 64, **{field: row.get(field) for field in fields}
            )
            earlier = row.get("repeats")
            found.append(replace(made, repeats=None if earlier is None else marks[earlier]))
    return found


@pytest.fixture(scope="session")
def townships(shared):
    """The table of township offices that an operator would give."""
    return shared / "places" / "townships_wgs84.csv"


@pytest.fixture(scope="session")
def full_gazetteer(labelled, plans, townships, geodata, tmp_path_factory):
    """The gazetteer that the labelled plans need."""
    path = tmp_path_factory.mktemp("places") / "named.csv"
    write_places(path, gather_places(labelled, plans, townships, geodata=geodata))
    return load_gazetteer(geodata, tables=[path])
