"""What is on record, who says so, and of what it is stated that all that stands is: in every file of a run."""

import json
from dataclasses import replace

import click.testing
import geopandas
import pandas as pd
import pyarrow.parquet as pq
import pytest

from service_map import cli
from service_map.catalogue import Inventory
from service_map.national.record import stated


def summary(out, code):
    return pq.ParquetFile(out / "summary" / f"adcode={code}" / "summary.parquet").read().to_pylist()


def one(out, code, category="kindergarten", horizon="promised"):
    return next(row for row in summary(out, code) if (row["category"], row["horizon"]) == (category, horizon))


def test_a_row_counts_what_stands_in_the_county_and_what_plans_promise_there(country, alone, china):
    given = geopandas.read_parquet(country.home / "facilities.parquet")
    for code in country.codes:
        mine = given[given.within(china.shape(code))]
        for row in summary(alone, code):
            kinds = country.kinds if row["category"] == "all" else [row["category"]]
            asked = mine[mine["category"].isin(kinds)]
            stands = asked[asked["status"] == "existing"]
            promised = asked[asked["status"] == "planned"]
            if row["year"]:
                promised = promised[promised["year"] <= row["year"]]
            assert row["on_record"] == len(stands)
            assert row["promised"] == (0 if row["horizon"] == "existing" else len(promised))
            counts = stands["point_source"].value_counts().to_dict()
            assert dict(json.loads(row["sources"])) == counts


def test_a_row_says_whether_the_record_is_stated_to_be_complete_and_by_whom(country, alone):
    for code in country.codes:
        for row in summary(alone, code):
            told = (row["record"], row["record_source"], row["record_date"])
            if code.startswith("1405"):
                assert told == ("complete", "晋城名录", "2026-09")
            elif code == country.codes[0] and row["category"] == "kindergarten":
                assert told == ("complete", "教育局名录", "2026-06")
            else:
                assert told == ("partial" if row["on_record"] else "none", None, None)
        gaps = pq.ParquetFile(alone / "gaps" / f"adcode={code}" / "gaps.parquet").read(["category", "record"])
        cells = pq.ParquetFile(alone / "cells" / f"adcode={code}" / "cells.parquet").schema_arrow.metadata
        targets = {target["category"]: target["record"] for target in json.loads(cells[b"service_map"])["targets"]}
        for category, record in zip(*gaps.to_pydict().values(), strict=True):
            assert record == targets[category] == one(alone, code, category)["record"]


def test_where_nothing_that_stands_is_on_record_a_row_says_none_unless_all_is_stated_to_be(country, tmp_path):
    code = country.codes[0]
    given = geopandas.read_parquet(country.home / "facilities.parquet")
    given[given["status"] == "planned"].to_parquet(tmp_path / "promised.parquet")
    facilities = str(tmp_path / "promised.parquet")
    country.run(tmp_path / "out", counties=[code], facilities=facilities)
    nursery, kindergarten = one(tmp_path / "out", code, "nursery"), one(tmp_path / "out", code)
    assert (nursery["record"], nursery["on_record"], nursery["sources"]) == ("none", 0, "[]")
    assert (kindergarten["record"], kindergarten["on_record"]) == ("complete", 0)
    every = one(tmp_path / "out", code, "all")
    assert (every["record"], every["on_record"]) == ("none", 0)
    assert every["promised"] > 0


def test_what_stands_over_the_county_line_is_no_record_of_the_county(country, china, tmp_path):
    code = country.codes[1]
    given = geopandas.read_parquet(country.home / "facilities.parquet")
    within = given.within(china.shape(code))
    one_over = given[(given["status"] == "existing") & (given["category"] == "kindergarten")].iloc[[0]].copy()
    # 30 m over the line, and perhaps so much farther that it serves this side of it.
    edge = china.shape(code).boundary.interpolate(0.3, normalized=True)
    beside = (edge.buffer(0.0003).difference(china.shape(code))).representative_point()
    one_over["geometry"], one_over["uncertainty_m"] = [beside], [20_000.0]
    kept = pd.concat([given[within & (given["status"] == "planned")], one_over])
    kept.to_parquet(tmp_path / "over.parquet")
    country.run(tmp_path / "out", counties=[code], facilities=str(tmp_path / "over.parquet"))
    row = one(tmp_path / "out", code, horizon="existing")
    assert (row["record"], row["on_record"]) == ("none", 0)
    assert row["possible"] > 0


def test_deleting_what_stands_never_raises_a_share_nor_completes_a_record(country, alone, tmp_path):
    given = geopandas.read_parquet(country.home / "facilities.parquet")
    given[given["status"] != "existing"].to_parquet(tmp_path / "promised.parquet")
    codes = country.codes[:6]
    country.run(tmp_path / "out", counties=codes, facilities=str(tmp_path / "promised.parquet"))
    for code in codes:
        for row, before in zip(summary(tmp_path / "out", code), summary(alone, code), strict=True):
            for kind in ("certain", "located", "possible"):
                assert row[kind] <= before[kind]
            assert (row["record"] == "complete") == (before["record"] == "complete")
            assert row["promised"] == before["promised"]


def test_another_statement_asks_again_and_changes_no_figure(country, alone, tmp_path):
    code = country.codes[1]
    country.run(tmp_path, counties=[code])
    assert country.run(tmp_path, counties=[code]).kept == (code,)
    said = (Inventory(area="140100", categories=("kindergarten",), source="名录", date="2026"),)
    assert country.run(tmp_path, counties=[code], inventories=said).done == (code,)
    assert country.run(tmp_path, counties=[code], inventories=said).kept == (code,)
    new, old = one(tmp_path, code), one(alone, code)
    assert (new["record"], new["record_source"], old["record"]) == ("complete", "名录", "partial")
    assert {name: new[name] for name in ("certain", "located", "possible", "gap_people", "on_record")} == {
        name: old[name] for name in ("certain", "located", "possible", "gap_people", "on_record")
    }
    later = (Inventory(area="140100", categories=("kindergarten",), source="名录", date="2027"),)
    assert country.run(tmp_path, counties=[code], inventories=later).done == (code,)
    manifest = json.loads((tmp_path / "manifests" / f"{code}.json").read_text(encoding="utf-8"))
    place = country.kinds.index("kindergarten")
    assert manifest["inputs"]["stated"][place] == [["名录", "2027"]]


@pytest.mark.parametrize(
    ("area", "holds"),
    [("140521", True), ("140500", True), ("140000", True), ("100000", True), ("all", True), ("140522", False),
     ("140400", False), ("410000", False), ("140521100", False)],
)  # fmt: skip
def test_a_statement_of_an_area_holds_for_the_counties_in_it(country, china, area, holds):
    said = (Inventory(area=area, categories=("kindergarten",), source="a", date="b"),)
    told = stated(country.question, china.county("140521"), said)
    assert [bool(found) for found in told] == [holds and kind == "kindergarten" for kind in country.kinds]


def test_where_several_kinds_serve_all_of_them_must_be_stated(country, china):
    kindergarten = next(target for target in country.question.targets if target.category == "kindergarten")
    both = replace(country.question, targets=(replace(kindergarten, codes=("kindergarten", "nursery")),))
    one, other = (
        Inventory(area="140521", categories=(kind,), source=kind, date="2026") for kind in both.targets[0].codes
    )
    county = china.county("140521")
    assert stated(both, county, [one]) == ((),)
    assert stated(both, county, [one, other]) == ((("kindergarten", "2026"), ("nursery", "2026")),)


def ask(country, out, *more):
    given = ["national", country.codes[0], "--facilities", country.home / "facilities.parquet", "--demand",
             country.home / "people", "--out", out, "--workers", "0", "--metres", "600", "--category", "kindergarten",
             "--category", "nursery", *more]  # fmt: skip
    return click.testing.CliRunner().invoke(cli.main, [str(part) for part in given])


def test_the_operator_states_what_the_facilities_are_the_whole_register_of(country, tmp_path):
    code = country.codes[0]
    answer = ask(
        country, tmp_path, "--complete", "kindergarten", "--complete-source", "教育局名录", "--complete-date", "2026"
    )
    assert answer.exit_code == 0, answer.output
    assert "1 of 2 pairs" in answer.output
    assert "按在册记录算" in answer.output
    told = {
        row["category"]: (row["record"], row["record_source"], row["record_date"]) for row in summary(tmp_path, code)
    }
    assert told["kindergarten"] == ("complete", "教育局名录", "2026")
    assert told["nursery"] == told["all"] == ("partial", None, None)
    answer = ask(country, tmp_path, "--complete", "all")
    assert answer.exit_code == 0, answer.output
    assert "2 of 2 pairs" in answer.output
    assert "按在册记录算" not in answer.output
    assert {row["record"] for row in summary(tmp_path, code)} == {"complete"}
    assert "操作者" in one(tmp_path, code)["record_source"]


@pytest.mark.parametrize(
    ("more", "words"),
    [(("--complete", "nonsense"), "no category 'nonsense'"), (("--complete", "museum"), "'museum' is not asked about"),
     (("--complete-source", "x"), "goes with complete")],
)  # fmt: skip
def test_a_statement_that_says_nothing_is_refused(country, tmp_path, more, words):
    answer = ask(country, tmp_path, *more)
    assert answer.exit_code == 2
    assert words in answer.output
