"""What no text and no file may do to the reader: fail it, stop it, or make it work more than its length asks."""

import io
import os
import subprocess
import sys
import zipfile

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service_map.errors import PlanFileError
from service_map.plans import extract, read_text
from service_map.plans.circles import extract_circles
from service_map.plans.html_reader import page_lines

WORDS = (
    *"，；。：、（）“”《》【】 \t\n|#-—·…1十百年个所座处县区镇村和与等的在对将从每各甲乙",
    "新建", "改扩建", "建设", "开工建设", "建成通车", "封顶", "改造提升", "以", "为重点", "基础上", "其中", "分别", "依次", "现有", "再建",
    "全覆盖", "每个县", "各乡镇", "至少", "以上", "达到", "标准", "水平", "项目", "工程", "清单", "幼儿园", "小学", "敬老院", "殡仪馆", "健身步道",
    "人民医院", "学校、", "甲村、", "甲镇、", "乙河、", "甲小区、", "棚户区", "老旧小区", "5所", "3公里", "12,000平方米", "1+2个", "到2025年",
    "“十四五”末", "15分钟", "生活圈", "服务半径", "第一章", "一、", "①", "专栏1", "表1", "序号", "名称", "目录", "[bookmark: _", "<b",
)  # fmt: skip
UNITS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("".join)

# What is read line by line or from the whole text has no bound but the text's; a sentence is cut where it gets long.
HANG = """
import sys
from service_map.plans import extract
from service_map.plans.area import find_area
from service_map.plans.circles import extract_circles
from service_map.plans.outline import outline
from service_map.plans.lexicon import load_wording
wording = load_wording()
for piece in sys.argv[1:]:
    text = "新建" + piece * (150_000 // len(piece)) + "所幼儿园"
    find_area(text, list(outline(text, wording=wording)), wording)
    for before, behind in (("", ""), ("新建", "所幼儿园"), ("幼儿园", "")):
        extract(before + piece * (4_000 // len(piece)) + behind, plan="p")
    extract_circles(piece * (4_000 // len(piece)), plan="p")
"""
# Each repeat of each pattern is given what it repeats, over and over, and then a character that nothing expects.
PATTERNS = """
import importlib, pkgutil, random, re
import re._constants as sre
from re import _parser
from service_map import plans
from service_map.plans.area import PlanArea
from service_map.plans.reading.items import ItemReader
from service_map.plans.rules import RuleReader
from service_map.plans.lexicon import load_wording

chance = random.Random(11)

def word(tree):
    return "".join(part(op, value) for op, value in tree)

def part(op, value):
    if op is sre.LITERAL:
        return chr(value)
    if op is sre.IN:
        kind, what = chance.choice([item for item in value if item[0] is not sre.NEGATE])
        digits = what is sre.CATEGORY_DIGIT
        named = chr(what) if kind is sre.LITERAL else chr(chance.choice(what)) if kind is sre.RANGE else "1" if digits else " "
        return "甲" if value[0][0] is sre.NEGATE else named
    if op is sre.BRANCH:
        return word(chance.choice(value[1]))
    if op is sre.SUBPATTERN:
        return word(value[3])
    if op is sre.ATOMIC_GROUP:
        return word(value)
    if op in REPEATS:
        return "".join(word(value[2]) for _ in range(chance.randint(value[0], min(value[1], value[0] + 2))))
    return "甲" if op in (sre.ANY, sre.NOT_LITERAL) else ""

REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)

def repeats(tree):
    for op, value in tree:
        inner = value[2:3] if op in REPEATS else value[1] if op is sre.BRANCH else [value[3]] if op is sre.SUBPATTERN else ()
        inner = [value] if op is sre.ATOMIC_GROUP else value[1:] if op in (sre.ASSERT, sre.ASSERT_NOT) else inner
        if op in REPEATS and value[1] > 30:
            yield value[2]
        for one in inner:
            yield from repeats(one)

modules = [importlib.import_module(info.name) for info in pkgutil.walk_packages(plans.__path__, "service_map.plans.")]
wording = load_wording()
area = PlanArea("甲市", counties=["乙县"], townships=["丙镇"], villages=["丁村"], target_year=None, wording=wording)
values = [value for one in (*modules, wording, area, ItemReader(wording), RuleReader(wording)) for value in vars(one).values()]
values += [pattern for value in values if isinstance(value, (list, tuple)) for item in value for pattern in (item if isinstance(item, tuple) else [item])]
patterns = {value for value in values if isinstance(value, re.Pattern) and isinstance(value.pattern, str)}
tried = 0
for pattern in sorted(patterns, key=lambda pattern: pattern.pattern):
    tree = _parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
    for body in repeats(tree):
        for begin in ("", "", word(tree), word(tree)):
            run = "".join(word(body) for _ in range(12)) or "甲"
            text = begin + run * (800 // len(run)) + "\\ue123"
            pattern.search(text)
            pattern.fullmatch(text)
            tried += 1
print(len(patterns), tried)
"""


def run(program, *arguments):
    """Run a program that ends within seconds unless some work in it grows without bound."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, check=True, text=True, timeout=600,
        env={**os.environ, "PYTHONHASHSEED": "0"},  # sets of words join to the same patterns each time
    ).stdout  # fmt: skip


def word_file(path, body):
    """Write a .docx whose body begins with this markup."""
    plain = io.BytesIO()
    docx.Document().save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            data = source.read(part)
            if part.filename == "word/document.xml":
                data = data.replace(b"<w:body>", b"<w:body>" + body.encode(), 1)
            target.writestr(part.filename, data)
    return path


@settings(max_examples=40)
@given(UNITS, st.integers(1, 60), st.sampled_from(["", "新建", "对", "专栏1\n", "序号\t名称\n"]), UNITS)
def test_whatever_is_said_over_and_over_is_read_and_every_record_stands_inside_its_line(unit, times, before, behind):
    text = f"{before}{unit * times}{behind}\n{unit}新建幼儿园5所。"
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    for record in extract(text, plan="p"):
        assert record.quote in lines[record.line - 1]
    extract_circles(text, plan="p")


@settings(max_examples=20)
@given(unit=UNITS, before=st.sampled_from(["", "新建", "对", "专栏1\n", "序号\t名称\n"]))
def test_four_times_as_much_of_anything_makes_four_times_the_work(calls_of, unit, before):
    extract(before + unit, plan="p")
    short, long = (before + unit * (size // len(unit) + 1) for size in (2_000, 8_000))
    assert calls_of(lambda: extract(long, plan="p")) < 5 * calls_of(lambda: extract(short, plan="p")) + 2_000


def test_a_line_of_nothing_but_spaces_marks_figures_or_brackets_does_not_stop_the_reader():
    run(HANG, " ", "\t", "\u3000", "（", "（各", "、（各", "）", "“", "《", "、", "，", "：", "-", "1", "1,000,", "一", "千",
        "[bookmark:", "<", "<b", "|", "2025年 ", "甲村、", "开工建设", "建成通车", "封顶", "将", "学校、", "沿甲江和")  # fmt: skip


def test_no_pattern_of_the_grammar_can_cut_one_text_in_ever_more_ways():
    patterns, tried = map(int, run(PATTERNS).split())
    assert patterns > 180
    assert tried > 500


@pytest.mark.parametrize("figures", [10, 400, 900])
@pytest.mark.parametrize("place", ["新建{}所幼儿园。", "新建幼儿园{}所。"])
def test_more_figures_than_anything_counts_give_a_record_without_a_count_that_says_so(place, figures):
    (record,) = extract(place.format("9" * figures), plan="p")
    assert (record.kind, record.category, record.count) == ("intent", "kindergarten", None)
    assert record.note == "count unreadable"


@pytest.mark.parametrize(
    "text",
    [
        "以{}个乡镇为单位新建幼儿园。", "新建{}+{}所幼儿园。", "新建1.{}所幼儿园。", "新建{}万套安置房。", "新建1,{}所幼儿园。", "{}分钟健身圈。",
        "服务半径{}米的幼儿园。", "县区\t幼儿园（所）\n甲县\t{}\n", "指标\t单位\t2025年\n幼儿园\t所\t{}\n", "幼儿园（所）\t{}\t{}\n",
        "序号\t项目名称\t建设规模\n1\t甲幼儿园\t{}所\n", "每{}个村建1所幼儿园。",
    ],
)  # fmt: skip
def test_endless_figures_fail_nowhere(text):
    said = text.replace("{}", "9" * 5000)
    for record in extract(said, plan="p"):
        assert record.count is None or record.count < 10**14
    extract_circles(said, plan="p")


def test_a_small_word_file_of_millions_of_empty_paragraphs_is_refused_in_words(tmp_path):
    path = word_file(tmp_path / "plan.docx", "<w:p/>" * 2_000_000)
    assert path.stat().st_size < 100_000
    with pytest.raises(PlanFileError, match=r"plan\.docx：.*200 万个.*marks"):
        read_text(path)


def test_empty_paragraphs_among_others_are_only_lines(tmp_path):
    said = "<w:p><w:r><w:t>新建幼儿园5所。</w:t></w:r></w:p>"
    text = read_text(word_file(tmp_path / "plan.docx", "<w:p/>" * 50_000 + said))
    assert [(record.line, record.count) for record in extract(text, plan="p")] == [(50_001, 5)]


def test_boxes_within_boxes_are_read_once_each(tmp_path):
    said = "<w:p><w:r><w:t>新建幼儿园{}所。</w:t></w:r></w:p>"
    body = said.format(1)
    for number in range(2, 13):
        box = f"<w:p><w:r><w:pict><w:txbxContent>{body}</w:txbxContent></w:pict></w:r></w:p>"
        body = box + said.format(number)
    text = read_text(word_file(tmp_path / "plan.docx", body))
    assert sorted(record.count for record in extract(text, plan="p")) == list(range(1, 13))


def test_a_row_of_a_hundred_thousand_cells_costs_a_look_at_each(tmp_path, calls_of):
    row = "<w:tbl><w:tr>{}<w:tc><w:p/></w:tc></w:tr></w:tbl><w:p><w:r><w:t>新建幼儿园5所。</w:t></w:r></w:p>"
    few, many = (word_file(tmp_path / f"{cells}.docx", row.format("<w:tc/>" * cells)) for cells in (5_000, 20_000))
    assert calls_of(lambda: read_text(many)) < 5 * calls_of(lambda: read_text(few))


def test_a_text_that_is_too_long_is_called_so_in_a_word_file_too(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAN_TEXT_MB", "1")
    said = f"<w:p><w:r><w:t>{'新' * 1000}</w:t></w:r></w:p>"
    with pytest.raises(PlanFileError, match="PLAN_TEXT_MB"):
        read_text(word_file(tmp_path / "plan.docx", said * 400))


@pytest.mark.parametrize("markup", ["<!--", "<a ", "<a b='", "<a/", "<", "</", "<td rowspan=1000>甲", "<![CDATA["])
def test_markup_that_never_ends_does_not_stop_the_reader(markup):
    lines = run(
        "import sys; from service_map.plans.html_reader import page_lines;"
        "print(*page_lines('<p>新建幼儿园5所。</p><table><tr>' + sys.argv[1] * 40_000))",
        markup,
    )
    assert lines.startswith("新建幼儿园5所。")


def test_a_cell_that_spans_a_thousand_rows_fills_no_more_than_a_table_can_mean():
    cells = "<td rowspan=1000>甲</td>" * 100
    rows = page_lines(f"<table><tr>{cells}{'<tr>' * 900}<tr><td>新建</td><td>幼儿园</td></table>")
    assert rows[1] == rows[0] == "\t".join(["甲"] * 100)
    assert rows[-1] == "新建\t幼儿园"
    assert sum(row.count("甲") for row in rows) < 25_000
