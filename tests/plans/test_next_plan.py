"""The guide for the next plan (docs/next-plan.md), followed to the letter with an invented plan."""

import csv
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import documents
import docx
import program
import pytest

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "next-plan.md").read_text(encoding="utf-8")


def block(language, holding):
    """The one block of the guide in a language that holds some words."""
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL) if holding in text]
    return found


@pytest.fixture
def workplace(geodata, tmp_path):
    """A folder with a copy of the open data and the invented plan as a Word file."""
    shutil.copytree(geodata, tmp_path / "geodata")
    document = docx.Document()
    document.add_heading("第一章 发展基础", 1)
    document.add_paragraph("“十三五”期间，全县建成敬老院3所。")
    document.add_heading("第二章 主要任务", 1)
    document.add_paragraph("改造提升柳川县足球场。")
    document.add_paragraph("到2024年，新建公办幼儿园4所，每个乡镇至少建成1处公益性公墓。建设银龄驿家6个。")
    document.add_paragraph("改造提升柳川县体育场。")
    document.add_paragraph("新建甲镇敬老院、乙镇敬老院。")
    (tmp_path / "texts").mkdir()
    document.save(tmp_path / "texts" / "柳川县规划.docx")
    documents.following_plan(tmp_path / "柳川县十五五规划.docx")
    return tmp_path


def shell(workplace, script):
    """Do a block of the guide as somebody does who copies it."""
    environment = {
        **os.environ, "GEODATA_DIR": str(workplace / "geodata"), "PATH": f"{program.SCRIPT.parent}:{os.environ['PATH']}",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=workplace,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(workplace, *args):
    where = {"GEODATA_DIR": str(workplace / "geodata"), "DATABASE_URL": f"sqlite:///{workplace}/map.gpkg"}
    answer = program.run(*args, cwd=workplace, **where)
    assert answer.returncode == 0, answer.stderr
    return answer


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_guide_leads_from_the_file_to_the_database(workplace):
    data, plan = workplace / "geodata", "texts/柳川县规划.docx"
    # 一: every option that the guide names is one of the program's.
    shown = run(workplace, "extract", "--help").stdout
    assert set(re.findall(r"--[a-z]+", block("sh", "--explain | less"))) <= set(re.findall(r"--[a-z]+", shown))
    text = run(workplace, "extract", plan, "--text").stdout
    assert "\n5\t到2024年" in text
    # 二
    assert "银龄驿家" not in "".join(
        re.findall("类别.*", run(workplace, "extract", plan, "--explain", "--line", "5").stdout)
    )
    entry = data / "categories.toml"
    words = re.search(r"\[categories\.elderly_community\].*?words = \[", entry.read_text(encoding="utf-8"), re.DOTALL)[
        0
    ]
    edit(entry, words, words + '"银龄驿家", ')
    assert "elderly_community ← “银龄驿家”" in run(workplace, "extract", plan, "--explain", "--line", "5").stdout
    # 四 and 五
    (data / "corrections.csv").write_text(
        block("csv", "do,plan,line,category,name,set,reason\ndrop"), encoding="gb18030"
    )
    shell(workplace, block("sh", "[liuchuan-2021]"))
    before = (data / "commitments.jsonl").read_text(encoding="utf-8")
    circles = (data / "plan_circles.toml").read_bytes()
    told = run(workplace, "refresh", "--plans", "texts/", "--keep")
    assert "不再适用" not in told.stderr
    assert "已不适用" not in told.stderr
    after = (data / "commitments.jsonl").read_text(encoding="utf-8")
    assert after.startswith(before)
    assert (data / "plan_circles.toml").read_bytes() == circles
    new = [json.loads(line) for line in after[len(before) :].splitlines()]
    kept = [(item["category"], item["count"], item["unit"], item["place"]) for item in new]
    assert sorted(kept, key=str) == [
        ("columbarium_cemetery", 1, "处", None),
        ("elderly_community", 6, "个", None),
        ("elderly_institution", 1, None, "乙镇"),
        ("elderly_institution", 1, None, "甲镇"),
        ("football_field", 1, None, "柳川县"),
        ("kindergarten", 3, "所", None),
        ("trail", 20, "公里", "甲镇"),
    ]
    # 六: one is right, one is wrong, and is right when it is mended.
    shown = run(workplace, "import", "reviews", "--help").stdout + run(workplace, "export", "reviews", "--help").stdout
    assert set(re.findall(r"--[a-z]+", block("sh", "export reviews"))) - {"--keep"} <= set(
        re.findall(r"--[a-z]+", shown)
    )
    assert judge(workplace, elderly_community=("对", ""), trail=("错", "count=30")) == 7
    assert "corrections.csv" in run(workplace, "import", "reviews", "todo.csv").stderr
    run(workplace, "refresh", "--plans", "texts/", "--keep")
    assert judge(workplace, trail=("right", "")) == 6
    run(workplace, "import", "reviews", "todo.csv")
    said = run(workplace, "check").stdout
    assert "  liuchuan-2021 2 / 7\n" in said
    with (data / "reviewed.csv").open(encoding="utf-8") as file:
        noted = {row["name"]: row["verdict"] for row in csv.DictReader(file) if row["plan"] == "liuchuan-2021"}
    assert noted == {"银龄驿家6个": "right", "健身步道30公里": "mended"}
    run(workplace, "build", "--plans", "texts")
    assert (workplace / "map.gpkg").exists()


def judge(workplace, **verdicts):
    """Export what is to be reviewed, fill in what is said of some categories, and say how many rows there are."""
    run(workplace, "export", "reviews", "todo.csv", "--plans", "texts/", "--plan", "liuchuan-2021")
    path = workplace / "todo.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["passage"] for row in rows)
    for row in rows:
        row["verdict"], row["set"] = verdicts.get(row["category"], ("", ""))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def test_the_commands_for_places_take_what_the_guide_says(workplace):
    with (workplace / "townships.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("名称", "代码", "经度", "纬度"), ("甲镇", "140521199", "112.2", "35.7")])
    command = next(line for line in re.findall(r"`(service-map import places [^`]*)`", GUIDE))
    assert "1 行可用" in run(workplace, *command.split()[1:]).stderr
    run(workplace, "export", "locations", "todo.csv")
    header = (workplace / "todo.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    filled = re.search(r"fill in (.*?);", GUIDE)[1]
    assert set(re.findall("[a-z]{3,}", filled.replace(" and ", " "))) <= set(header.split(","))
    assert "--datum" in run(workplace, "import", "locations", "--help").stdout


def test_a_plan_that_follows_is_taken_in_by_the_guides_own_blocks(workplace):
    data = workplace / "geodata"
    shell(workplace, block("sh", "[liuchuan-2021]"))
    run(workplace, "refresh", "--plans", "texts/", "--keep")
    before = {one["id"] for one in json.loads((data / "facilities.geojson").read_text(encoding="utf-8"))["features"]}
    # 七: the plan is listed, read and held against the one before; one of its promises may be either of two.
    said = shell(workplace, block("sh", "[liuchuan-2026]"))
    for words in ("有变 changed 1", "取消 cancelled 1", "新增 new 1", "没有再提 silent 4", "存疑 doubtful 1"):
        assert f"liuchuan-2026 {words}" in said
    assert "第 4 行" in said
    assert "甲镇敬老院、乙镇敬老院" in said or "乙镇敬老院、甲镇敬老院" in said
    corrections = data / "corrections.csv"
    row = block("csv", "change,liuchuan-2026").splitlines()[1]
    corrections.write_text(f"{corrections.read_text(encoding='utf-8').rstrip()}\n{row}\n", encoding="utf-8")
    run(workplace, "refresh", "--plans", "texts/", "--keep")
    said = run(workplace, "check").stdout
    assert "存疑 doubtful" not in said
    after = json.loads((data / "facilities.geojson").read_text(encoding="utf-8"))["features"]
    assert before < {one["id"] for one in after}
    now = {one["properties"]["name"]: one["properties"] for one in after if one["properties"]["adcode"] == "140521"}
    assert (now["甲镇敬老院"]["year"], now["甲镇敬老院"]["action"]) == (2027, "continue")
    assert now["乙镇敬老院"]["year"] is None
    assert now["柳川县足球场"]["status"] == "cancelled"
    # 八
    run(workplace, "refresh", "--plans", "texts/", "--keep", "--release")
    changes = (data / "changes.csv").read_text(encoding="utf-8")
    assert "柳川县图书馆" in changes
    run(workplace, "build")
    assert (workplace / "map.gpkg").exists()
