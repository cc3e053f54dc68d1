"""What must hold for any text: no crash, no change by layout, quotes that stand on their line."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service_map.plans import extract, read_text

SAMPLE = """清源市公共服务“十四五”规划

第一章 规划背景

“十三五”期间，全市建成日间照料中心106个。

第二章 主要任务

第一节 养老与托育

到2024年，全市新建区域性养老服务中心六所，改造提升乡镇敬老院15所，每个社区至少建成1个日间照料中心。支持古交、阳曲、娄烦三县各新建公办托育机构2所以上。

第二节 体育与殡葬

“十四五”期间，新建、改扩建体育公园5个以上，全民健身中心2个，健身步道300公里以上。推进清徐、阳曲、娄烦等3个县级殡仪馆建设，实现县级公益性骨灰堂（公墓）全覆盖。

专栏1 重点项目

古交市社会福利院、阳曲县泥屯镇敬老院改造提升项目、幼儿园建设项目（桃园幼儿园、城关镇第二幼儿园）。
"""

FIELDS = (
    "category", "kind", "name", "count", "unit", "at_least", "action", "place", "place_level", "per", "year",
)  # fmt: skip
MARKS = str.maketrans("，；：（）！？“”", ',;:()!?""')
ALPHABET = st.sampled_from(
    [*"，。；：、（）“”《》\n\t #*|-—0123456789一二三十百万年个所座处县市区镇乡村和与等的", "新建", "改扩建", "每个县", "全覆盖", "幼儿园",
     "养老院", "殡仪馆", "公墓", "健身步道", "体育公园", "项目", "专栏1 ", "第一章 ", "序号", "到2025年", "“十四五”末", "[bookmark: _Toc1]", "以上", "榆次", "县城"]
)  # fmt: skip


def facts(text):
    return [tuple(getattr(item, field) for field in FIELDS) for item in extract(text, plan="p")]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=400))
def test_any_text_is_read_without_failing(text):
    extract(text, plan="p")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ALPHABET, max_size=120).map("".join))
def test_any_jumble_of_the_words_of_plans_gives_quotes_that_stand_on_their_line(text):
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    for item in extract(text, plan="p"):
        assert item.quote in lines[item.line - 1]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_blank_lines_between_lines_change_only_line_numbers(data):
    lines = SAMPLE.split("\n")
    for position in data.draw(st.lists(st.integers(0, len(lines)), max_size=8)):
        lines.insert(position, data.draw(st.sampled_from(["", "  ", "\u3000"])))
    assert facts("\n".join(lines)) == facts(SAMPLE)


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_a_page_break_in_a_paragraph_changes_only_line_numbers(data):
    lines = SAMPLE.split("\n")
    number = data.draw(st.sampled_from([index for index, line in enumerate(lines) if line.endswith("。")]))
    line = lines[number]
    cut = data.draw(st.integers(1, len(line) - 1))
    page = data.draw(st.sampled_from(["\n", "\n\n", "\n\n- 12 -\n\n", "\f\n", "\n\n12\n\n"]))
    lines[number] = line[:cut] + page + line[cut:]
    assert facts("\n".join(lines)) == facts(SAMPLE)


def test_half_width_marks_read_as_full_width_ones():
    assert facts(SAMPLE.translate(MARKS)) == facts(SAMPLE)


def test_marks_of_word_processors_and_markdown_are_not_seen():
    lines = SAMPLE.split("\n")
    lines = [f"[bookmark: _Toc77][bookmark: _Toc78]{line}" if line.startswith("第") else line for line in lines]
    lines = [f"**{line}**" if line.startswith("专栏") else line for line in lines]
    text = "\n".join(lines).replace("新建", "新\u00a0建").replace("日间照料", "<b>日间</b>照料")
    assert facts(text) == facts(SAMPLE)


def test_the_same_text_gives_the_same_records_with_the_same_ids():
    assert extract(SAMPLE, plan="p") == extract(SAMPLE, plan="p")


@pytest.mark.plans
def test_page_breaks_and_blank_lines_change_no_record_of_a_real_plan_but_its_line(plan_texts):
    chance = random.Random(5)  # noqa: S311
    text = read_text(plan_texts["jinzhong.txt"])
    lines = text.split("\n")
    before = facts(text)
    long = [index for index, line in enumerate(lines) if len(line) > 80 and "[bookmark" not in line]
    for _ in range(12):
        changed = list(lines)
        for index in sorted(chance.sample(long, 10), reverse=True):
            cut = chance.randrange(1, len(lines[index]) - 1)
            changed[index : index + 1] = [lines[index][:cut], "", lines[index][cut:]]
        assert facts("\n".join(changed)) == before
