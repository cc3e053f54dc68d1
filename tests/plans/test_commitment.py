"""The two written forms of a commitment."""

import json
from dataclasses import replace

import pytest

from service_map.errors import GeodataError
from service_map.plans import (
    extract,
    label,
    label_record,
    load_commitments,
    passage_sha256,
    passages,
    read_text,
    write_commitments,
)

TEXT = "第一节 体育\n每个县区至少建成1条健身步道，新建云岭体育公园。\r\n"


def test_the_shipped_form_comes_back_as_it_was_but_for_the_words_of_the_plan(tmp_path):
    path = tmp_path / "commitments.jsonl"
    records = extract(TEXT, plan="p")
    write_commitments(path, records)
    back = load_commitments(path)
    assert [(item.id, item.category, item.count, item.name) for item in back] == [
        (item.id, item.category, item.count, item.name) for item in records
    ]
    assert {item.quote for item in back} == {""}
    first = path.read_bytes()
    write_commitments(path, records)
    assert path.read_bytes() == first


def test_a_label_names_and_counts_the_thing():
    assert [label(item) for item in extract(TEXT, plan="p")] == ["健身步道 每县区1条以上", "云岭体育公园"]


def test_a_citation_vouches_for_the_source_line():
    item = extract(TEXT, plan="p")[0]
    assert item.passage_sha256 == passage_sha256(TEXT.split("\n")[1])
    assert passages(TEXT) == {1: "第一节 体育", 2: TEXT.split("\n")[1].removesuffix("\r")}


def test_the_full_form_says_whether_the_family_is_read_first():
    record = label_record(extract(TEXT, plan="p")[0])
    assert record["core"] is True
    assert json.loads(json.dumps(record))["quote"]


@pytest.mark.parametrize("line", ["{", "[]", '{"id": 1}', '{"label": ""}'])
def test_a_damaged_file_is_refused_by_its_line(tmp_path, line):
    path = tmp_path / "commitments.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(GeodataError, match="line 1"):
        load_commitments(path)


@pytest.mark.plans
def test_no_run_of_a_plan_stands_in_the_shipped_form(plan_texts, tmp_path):
    path = tmp_path / "commitments.jsonl"
    for plan in plan_texts.values():
        text = read_text(plan)
        write_commitments(path, extract(text, plan=plan.stem))
        shipped = path.read_text(encoding="utf-8")
        runs = {text[index : index + 32] for index in range(len(text) - 31)}
        assert not any(shipped[index : index + 32] in runs for index in range(len(shipped) - 31))


def test_a_label_counts_in_pieces_what_the_plan_counts_without_a_measure_word():
    (one,) = extract("第一节 体育\n每个县区至少建成1条健身步道。\r\n", plan="p")
    assert label(replace(one, unit=None)) == "健身步道 每县区1个以上"
