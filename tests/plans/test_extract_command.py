"""The command `extract` as a planner runs it: explained, corrected, in batches, on a terminal."""

import json
import os
import pty
import shutil
import subprocess
from pathlib import Path

import docx
import program
import pypdf
import pytest

PLAN = "第一章 养老服务\n新建甲镇敬老院建设项目。到2025年，每个乡镇至少建成1处公墓。\n依托县文化馆，开展文化活动。\n"
HEADER = "do,plan,line,category,name,set,reason\n"


def run(*args, cwd, **environment):
    return program.run("extract", *args, cwd=cwd, **environment)


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.txt"
    path.write_text(PLAN, encoding="utf-8")
    return path


def test_explain_shows_the_rule_the_passage_and_the_words_of_each_field(plan):
    answer = run(plan, "--explain", cwd=plan.parent)
    assert answer.returncode == 0, answer.stderr
    told = answer.stdout
    for words in ("2 + 甲镇敬老院", "规则 写出名称", "原文 新建甲镇敬老院建设项目。", "名称 甲镇敬老院 ← “甲镇敬老院”",
                  "每 每乡镇 ← “每个乡镇”", "章节 第一章 养老服务 ← “第一章 养老服务”（第 1 行）", "3 - 文化馆", "未取 已有的设施"):  # fmt: skip
        assert words in told


@pytest.mark.parametrize(("line", "words"), [(2, "2 + 甲镇敬老院"), (3, "3 - 文化馆"), (1, "没有设施词"), (4, "空行")])
def test_explain_says_what_is_on_one_line(plan, line, words):
    answer = run(plan, "--explain", "--line", line, cwd=plan.parent)
    assert answer.returncode == 0, answer.stderr
    assert words in answer.stdout
    heads = [shown for shown in answer.stdout.splitlines() if not shown.startswith(" ")]
    assert all(head.startswith(f"{line} ") for head in heads)


def test_a_line_that_the_plan_does_not_have_is_refused(plan):
    answer = run(plan, "--explain", "--line", 99, cwd=plan.parent)
    assert answer.returncode == 2
    assert "99" in answer.stderr
    assert "Traceback" not in answer.stderr
    for wrong in (["--line", "2"], ["--json"], ["--explain", "--line", "0"]):
        assert run(plan, *wrong, cwd=plan.parent).returncode == 2


def test_explain_as_json_gives_each_field_its_words_and_lines(plan):
    answer = run(plan, "--explain", "--json", cwd=plan.parent)
    found = [json.loads(line) for line in answer.stdout.splitlines()]
    rule = next(item for item in found if item["commitment"] and item["commitment"]["kind"] == "coverage")
    assert rule["words"]["per"] == [{"line": 2, "text": "每个乡镇"}]
    assert rule["words"]["section"] == [{"line": 1, "text": "第一章 养老服务"}]
    lines = PLAN.split("\n")
    assert all(
        words["text"] in lines[words["line"] - 1]
        for item in found
        for field in item["words"].values()
        for words in field
    )
    assert any(item["rejected"] for item in found)


def test_corrections_are_respected_by_extract_and_those_that_no_longer_apply_are_told(plan, tmp_path):
    table = tmp_path / "corrections.csv"
    table.write_text(
        HEADER + "drop,plan,2,elderly_institution,甲镇敬老院,,已建成\n"
        "add,plan,3,library,县图书馆,,漏\n"
        "change,plan,2,kindergarten,,count=3,没有这条\n"
        "drop,other,9,kindergarten,,,另一规划\n",
        encoding="utf-8",
    )
    answer = run(plan, "--corrections", table, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    found = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [(record["category"], record["kind"]) for record in found] == [
        ("columbarium_cemetery", "coverage"),
        ("library", "site"),
    ]
    assert "第 4 行已不适用" in answer.stderr
    assert "第 2 行" not in answer.stderr
    assert "第 5 行" not in answer.stderr
    explained = run(plan, "--explain", "--corrections", table, cwd=tmp_path)
    assert "第 2 行 drop 2 elderly_institution：生效" in explained.stderr
    assert "第 4 行 change 2 kindergarten：不适用" in explained.stderr


def test_the_corrections_beside_the_open_data_are_respected_without_being_named(plan, geodata, tmp_path):
    data = Path(shutil.copytree(geodata, tmp_path / "geodata"))
    rows = "drop,plan,2,elderly_institution,,,\ndrop,plan,2,columbarium_cemetery,,,\n"
    (data / "corrections.csv").write_text(HEADER + rows, encoding="utf-8")
    assert run(plan, cwd=tmp_path, GEODATA_DIR=str(data)).stdout == ""
    (data / "corrections.csv").write_text(HEADER + "drop,plan,zwei,elderly_institution,,,\n", encoding="utf-8")
    answer = run(plan, cwd=tmp_path, GEODATA_DIR=str(data))
    assert answer.returncode == 2
    assert "第 2 行 line" in answer.stderr


@pytest.fixture
def batch(plan, tmp_path):
    """Good and bad files of every format, in the order in which they are given."""
    document = docx.Document()
    document.add_paragraph("新建公墓3处。")
    document.save(tmp_path / "good.docx")
    scan = pypdf.PdfWriter()
    scan.add_blank_page(width=100, height=100)
    scan.write(tmp_path / "scan.pdf")
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 99)
    (tmp_path / "bomb.docx").write_bytes(b"PK\x03\x04" + bytes(99))
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(51 * 2**20)
    (tmp_path / "good.html").write_text("<html><meta charset=utf-8><p>新建体育公园5个。", encoding="utf-8")
    names = [
        "empty.txt",
        "plan.txt",
        "scan.pdf",
        "binary.txt",
        "good.docx",
        "bomb.docx",
        "huge.txt",
        "none.txt",
        "good.html",
    ]
    return [tmp_path / name for name in names]


def test_bad_files_in_a_batch_do_not_stop_the_others_and_the_exit_code_says_so(batch, tmp_path):
    answer = run(*batch, "-o", tmp_path / "out.jsonl", cwd=tmp_path)
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    complaints = answer.stderr.strip().splitlines()
    bad = ["empty.txt", "scan.pdf", "binary.txt", "bomb.docx", "huge.txt", "none.txt"]
    assert len(complaints) == len(bad)
    assert all(name in line for name, line in zip(bad, complaints, strict=True))
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {record["category"] for record in found} == {"elderly_institution", "columbarium_cemetery", "sports_park"}
    good = [path for path in batch if path.name not in bad]
    assert run(*good, cwd=tmp_path).returncode == 0


def test_a_batch_on_a_terminal_shows_how_far_it_is_and_elsewhere_is_silent(batch, tmp_path):
    main, side = pty.openpty()
    command = [program.SCRIPT, "extract", *map(str, batch), "-o", str(tmp_path / "out.jsonl")]
    with subprocess.Popen(command, cwd=tmp_path, stderr=side, stdout=subprocess.DEVNULL) as process:
        os.close(side)
        shown = b""
        while True:
            try:
                piece = os.read(main, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
    os.close(main)
    text = shown.decode("utf-8", "replace")
    assert process.returncode == 2
    assert "100%" in text
    assert "good.docx" in text
    # Complaints come behind the bar, each on a line of its own.
    assert text.index("100%") < text.index("service-map: ")
    assert text.count("\nservice-map: ") == 6
    assert "%" not in run(*batch, cwd=tmp_path).stderr
