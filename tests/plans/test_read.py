"""Plan files of the formats and encodings people have, and those that are refused; made by the tools people use."""

import io
import shutil
import subprocess
import tracemalloc
import zipfile
from dataclasses import replace

import docx
import pypdf
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from service_map import settings
from service_map.errors import PlanFileError, SettingsError
from service_map.plans import extract, read_text
from service_map.plans.docx_reader import chinese
from service_map.plans.table_lines import Cell, Grid

SENTENCE = "到2024年，全县新建公办幼儿园12所。\n"
LIMITS = settings.plan_limits({})
MB = 1024 * 1024


def outcome(path):
    """The text of a file, or the message of its refusal; any other exception fails the test."""
    try:
        return read_text(path)
    except PlanFileError as error:
        return error.zh


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_text_reads_the_same_in_every_encoding_that_plans_come_in(tmp_path, encoding, end):
    path = tmp_path / "plan.txt"
    text = (SENTENCE * 20).replace("\n", end)
    path.write_bytes(text.encode(encoding))
    assert read_text(path) == text
    assert len(extract(text, plan="p")) == 20


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "空"),
        (b" \n\r\n ", "空"),
        ("\u3000\n".encode(), "没有文字"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), ".docx"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), ".docx"),
        (bytes(range(256)) * 50, "二进制|认不出|可读"),
        (b"\xff\xfe\x00\xd8\x00", "编码"),
        ("新建".encode() + b"\xff\xff\xff" + "。".encode(), "编码"),
        (("新建幼儿园。" * 40).encode() + ("新建幼儿园。" * 40).encode("utf-16-le"), "可读|编码"),
        (b"PK\x03\x04broken", "损坏"),
        (b"%PDF-1.7 broken", "损坏"),
    ],
)
def test_a_file_that_is_no_plan_is_refused_in_both_languages(tmp_path, data, words):
    path = tmp_path / "plan.txt"
    path.write_bytes(data)
    with pytest.raises(PlanFileError, match=words) as caught:
        read_text(path)
    assert "plan.txt" in caught.value.en


def test_two_encodings_in_one_file_never_give_an_exception_of_another_kind(tmp_path):
    path = tmp_path / "plan.txt"
    path.write_bytes((SENTENCE * 5).encode() + (SENTENCE * 5).encode("gb18030"))
    assert "编码" in outcome(path) or SENTENCE in outcome(path)


@effort(max_examples=150, deadline=None)
@given(
    st.binary(max_size=600), st.sampled_from([b"", b"PK\x03\x04", b"%PDF-1.4\n", b"<html>", b"\xff\xfe", b"\xfe\xff"])
)
def test_any_bytes_are_read_or_refused(tmp_path_factory, data, start):
    path = tmp_path_factory.mktemp("bytes") / "plan.txt"
    path.write_bytes(start + data)
    assert outcome(path).strip()


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(PlanFileError):
        read_text(tmp_path / "none.txt")
    with pytest.raises(PlanFileError):
        read_text(tmp_path)


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "field", "default", "highest"),
    [
        ("PLAN_FILE_MB", "file_mb", 50, 1000),
        ("PLAN_TEXT_MB", "text_mb", 10, 100),
        ("PLAN_UNPACKED_MB", "unpacked_mb", 200, 2000),
        ("PLAN_PAGES", "pages", 2000, 20000),
    ],
)
def test_each_limit_is_a_setting_with_a_default_and_bounds(variable, field, default, highest):
    assert getattr(LIMITS, field) == default
    assert getattr(settings.plan_limits({variable: "7"}), field) == 7
    assert getattr(settings.load({variable: "7"}), variable.lower()) == 7
    for value in ("0", str(highest + 1), "many", "-1", "1.5"):
        with pytest.raises(SettingsError, match=variable):
            settings.load({variable: value})


def test_a_file_above_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "plan.txt"
    with path.open("wb") as file:
        file.truncate(50 * MB + 1)
    tracemalloc.start()
    with pytest.raises(PlanFileError, match="50 MB（PLAN_FILE_MB）"):
        read_text(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MB


def test_a_text_above_the_limit_is_refused_and_the_limit_is_that_of_the_environment(tmp_path, monkeypatch):
    path = tmp_path / "plan.txt"
    path.write_bytes(b"a" * (2 * MB))
    assert read_text(path)
    monkeypatch.setenv("PLAN_TEXT_MB", "1")
    with pytest.raises(PlanFileError, match=r"1 MB.*PLAN_TEXT_MB"):
        read_text(path)
    monkeypatch.setenv("PLAN_FILE_MB", "1")
    with pytest.raises(PlanFileError, match="PLAN_FILE_MB"):
        read_text(path)


def test_a_zip_bomb_that_poses_as_a_word_document_is_refused(tmp_path):
    path = tmp_path / "plan.docx"
    for name, size, words in (
        ("word/media/image.png", 200 * MB + 1, "200 MB（PLAN_UNPACKED_MB）"),
        ("word/document.xml", 100 * MB, "80 MB（PLAN_TEXT_MB）"),
    ):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("word/document.xml", b"<x/>") if "media" in name else None
            with archive.open(name, "w") as part:
                for _ in range(0, size, MB):
                    part.write(bytes(MB))
        path.write_bytes(packed.getvalue())
        assert path.stat().st_size < MB
        with pytest.raises(PlanFileError, match=words):
            read_text(path)


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path):
    packed = io.BytesIO()
    document = docx.Document()
    document.add_paragraph(SENTENCE * 2000)
    document.save(packed)
    data = packed.getvalue()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = archive.getinfo("word/document.xml").file_size
    path = tmp_path / "plan.docx"
    path.write_bytes(data.replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little")))
    with pytest.raises(PlanFileError, match="损坏"):
        read_text(path)


def test_another_zip_file_is_refused(tmp_path):
    path = tmp_path / "plan.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "幼儿园")
    with pytest.raises(PlanFileError, match="docx"):
        read_text(path)


@pytest.mark.parametrize("cut", [200, 3000, -400, -30])
def test_a_word_document_cut_short_is_refused(tmp_path, cut):
    path = tmp_path / "plan.docx"
    document = docx.Document()
    document.add_paragraph(SENTENCE)
    document.save(path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(PlanFileError, match="损坏"):
        read_text(path)


# --- Word -------------------------------------------------------------------------------------------------------------


def _word(tmp_path, document):
    path = tmp_path / "plan.docx"
    document.save(path)
    return read_text(path)


def test_a_word_document_keeps_its_paragraphs_and_its_tables_as_rows(tmp_path):
    document = docx.Document()
    document.add_heading("第三章 养老服务")
    document.add_paragraph(SENTENCE.strip())
    table = document.add_table(rows=2, cols=3)
    for row, cells in enumerate(
        [("序号", "名称", "主要内容"), ("1", "养老工程", "每个乡镇至少建设一所区域养老服务中心。")]
    ):
        for column, words in enumerate(cells):
            table.cell(row, column).text = words
    text = _word(tmp_path, document)
    assert "序号\t名称\t主要内容" in text.split("\n")
    found = extract(text, plan="p")
    assert [(item.category, item.kind, item.per, item.section) for item in found] == [
        ("kindergarten", "quota", None, "第三章 养老服务"),
        ("elderly_institution", "coverage", "township", "第三章 养老服务"),
    ]


def test_headings_that_word_numbers_by_itself_show_their_numbers(tmp_path):
    document = docx.Document()
    numbering = document.part.numbering_part.element
    levels = [("chineseCounting", "第%1章 "), ("chineseCounting", "第%2节 "), ("decimal", "%1.%2.%3 ")]
    legal = "<w:isLgl/>"
    shown = "".join(
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{legal * (depth == 2)}<w:lvlText w:val="{text}"/></w:lvl>'
        for depth, (form, text) in enumerate(levels)
    )
    space = nsdecls("w")
    numbering.insert(0, parse_xml(f'<w:abstractNum {space} w:abstractNumId="77">{shown}</w:abstractNum>'))
    numbering.append(parse_xml(f'<w:num {space} w:numId="77"><w:abstractNumId w:val="77"/></w:num>'))
    for depth in range(3):
        style = document.styles[f"Heading {depth + 1}"].element.get_or_add_pPr()
        style.append(parse_xml(f'<w:numPr {space}><w:ilvl w:val="{depth}"/><w:numId w:val="77"/></w:numPr>'))
    for depth, words in [(1, "发展基础"), (1, "主要任务"), (2, "养老服务"), (2, "体育健身"), (3, "公园"), (1, "保障")]:
        document.add_heading(words, depth)
        document.add_paragraph("新建养老院2所。")
    lines = _word(tmp_path, document).split("\n")
    assert lines[::2] == [
        "第一章 发展基础",
        "第二章 主要任务",
        "第一节 养老服务",
        "第二节 体育健身",
        "2.2.1 公园",
        "第三章 保障",
    ]
    # The first chapter looks back: that it does is known only from its heading.
    assert [item.section for item in extract("\n".join(lines), plan="p")][:2] == ["第二章 主要任务", "第一节 养老服务"]


def test_a_heading_without_a_number_is_a_heading_by_its_style(tmp_path):
    document = docx.Document()
    document.add_heading("养老服务", 2)
    document.add_paragraph("新建养老院2所。")
    assert [item.section for item in extract(_word(tmp_path, document), plan="p")] == ["养老服务"]


def test_merged_cells_stand_in_their_column_and_say_a_short_name_again(tmp_path):
    document = docx.Document()
    rows = [
        ("县区", "幼儿园（所）", "养老院（所）"),
        ("清徐县", "3", "2"),
        ("阳曲县", "", "1"),
        ("合计", "3", "3"),
    ]
    table = document.add_table(rows=4, cols=3)
    for row, cells in enumerate(rows):
        for column, words in enumerate(cells):
            table.cell(row, column).text = words
    text = _word(tmp_path, document)
    assert "阳曲县\t-\t1" in text.split("\n")
    assert [(item.category, item.place, item.count) for item in extract(text, plan="p")] == [
        ("kindergarten", "清徐县", 3),
        ("elderly_institution", "清徐县", 2),
        ("elderly_institution", "阳曲县", 1),
    ]
    document = docx.Document()
    table = document.add_table(rows=3, cols=3)
    for row, cells in enumerate(
        [("地点", "项目", "内容"), ("甲镇", "敬老院", "新建敬老院1所。"), ("甲镇", "公墓", "新建公墓1处。")]
    ):
        for column, words in enumerate(cells):
            table.cell(row, column).text = "" if (row, column) == (2, 0) else words
    table.cell(1, 0).merge(table.cell(2, 0))
    table.cell(0, 1).merge(table.cell(0, 2))
    lines = [line for line in _word(tmp_path, document).split("\n") if line]
    assert lines == ["地点\t项目；内容", "甲镇\t敬老院\t新建敬老院1所。", "甲镇\t公墓\t新建公墓1处。"]


def test_a_table_in_a_cell_and_a_box_of_one_cell_keep_their_lines(tmp_path):
    document = docx.Document()
    box = document.add_table(rows=1, cols=1).cell(0, 0)
    box.text = "专栏1 养老工程"
    box.add_paragraph("甲镇敬老院改造提升项目")
    inner = box.add_table(rows=1, cols=2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "乙镇敬老院", "新建床位100张。"
    lines = _word(tmp_path, document).split("\n")
    assert lines[:3] == ["专栏1 养老工程", "甲镇敬老院改造提升项目", "乙镇敬老院\t新建床位100张。"]


def test_what_stands_in_text_boxes_controls_and_insertions_is_read_once_and_what_was_deleted_is_not(tmp_path):
    document = docx.Document()
    space = nsdecls("w")
    content = "<w:txbxContent><w:p><w:r><w:t>新建公墓3处。</w:t></w:r></w:p></w:txbxContent>"
    either = f'<mc:Choice Requires="wps">{content}</mc:Choice><mc:Fallback>{content}</mc:Fallback>'
    inserted = '<w:ins w:id="1" w:author="a"><w:r><w:t>新建体育公园5个。</w:t></w:r></w:ins>'
    deleted = '<w:del w:id="2" w:author="a"><w:r><w:delText>新建殡仪馆1座。</w:delText></w:r></w:del>'
    compatible = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    for element in (
        f'<w:p {space} xmlns:mc="{compatible}"><w:r><mc:AlternateContent>{either}</mc:AlternateContent></w:r></w:p>',
        f"<w:sdt {space}><w:sdtContent><w:p><w:r><w:t>新建养老院2所。</w:t></w:r></w:p></w:sdtContent></w:sdt>",
        f"<w:p {space}>{inserted}{deleted}</w:p>",
    ):
        document.element.body.insert(0, parse_xml(element))
    found = [(item.category, item.count) for item in extract(_word(tmp_path, document), plan="p")]
    assert sorted(found) == [("columbarium_cemetery", 3), ("elderly_institution", 2), ("sports_park", 5)]


def test_a_tab_that_indents_a_paragraph_makes_no_table(tmp_path):
    document = docx.Document()
    document.add_paragraph("\t新建养老院2所。")
    assert _word(tmp_path, document).split("\n")[0] == "新建养老院2所。"


@pytest.mark.parametrize(
    ("value", "shown"), [(1, "一"), (10, "十"), (12, "十二"), (20, "二十"), (99, "九十九"), (100, "100")]
)
def test_chapters_count_in_chinese(value, shown):
    assert chinese(value) == shown


# --- PDF --------------------------------------------------------------------------------------------------------------


def _pdf(path, pages):
    writer = pypdf.PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(width=100, height=100)
    writer.write(path)


def test_a_scanned_pdf_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "scan.pdf"
    _pdf(path, 3)
    with pytest.raises(PlanFileError, match="扫描件"):
        read_text(path)


def test_a_pdf_with_thousands_of_pages_is_refused(tmp_path):
    path = tmp_path / "long.pdf"
    _pdf(path, 5000)
    with pytest.raises(PlanFileError, match=r"5000.*PLAN_PAGES"):
        read_text(path)
    with pytest.raises(PlanFileError, match="扫描件"):
        read_text(path, limits=replace(LIMITS, pages=5000))


def test_a_pdf_with_a_password_is_refused(tmp_path):
    path = tmp_path / "locked.pdf"
    writer = pypdf.PdfWriter()
    writer.add_blank_page(width=100, height=100)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(path)
    with pytest.raises(PlanFileError, match="密码"):
        read_text(path)


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """A plan of three pages that a browser printed to PDF, with its text layer."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no chromium program on this machine to print a PDF")
    folder = tmp_path_factory.mktemp("printed")
    page = "<p>全市新建、改扩建幼儿园12所，建设老年人日间照料中心20个，推进骨灰堂建设。</p><div style='break-after:page'></div>"
    markup = f"<html lang=zh><meta charset=utf-8><h2>第一节 养老</h2>{page * 3}</html>"
    (folder / "plan.html").write_text(markup, encoding="utf-8")
    subprocess.run(
        [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={folder}/home",
         f"--print-to-pdf={folder}/plan.pdf", str(folder / "plan.html")],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return folder / "plan.pdf"


def test_a_pdf_that_a_browser_printed_is_read_character_by_character(printed):
    text = read_text(printed)
    # Browsers write ⼉ and ⽼ for 儿 and 老.
    assert not any("\u2e80" <= char <= "\u2fdf" for char in text)
    found = [(item.category, item.count, item.section) for item in extract(text, plan="p")]
    assert found[:2] == [("kindergarten", 12, "第一节 养老"), ("elderly_day_care", 20, "第一节 养老")]
    assert [item[0] for item in found].count("kindergarten") == 3


def test_a_pdf_cut_short_or_with_broken_streams_is_read_or_refused(printed, tmp_path):
    data = printed.read_bytes()
    path = tmp_path / "plan.pdf"
    for broken in (
        data[: len(data) // 2],
        data[:-200],
        data.replace(b"stream", b"strewn"),
        data.replace(b"/Page", b"/Pige"),
    ):
        path.write_bytes(broken)
        assert "幼儿园" in outcome(path) or "plan.pdf" in outcome(path)


# --- web pages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("encoding", "declared"), [("utf-8", "utf-8"), ("gb18030", "gb2312"), ("gb18030", "GBK")])
def test_a_web_page_gives_its_text_and_its_tables_as_rows(tmp_path, encoding, declared):
    page = (
        f'<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; charset={declared}"><title>规划</title>'
        "<style>p{}</style></head><body>"
        "<h2>第一节 殡葬</h2><p>推进<b>清徐、阳曲</b>2个县级殡仪馆建设。</p><script>var a='幼儿园';</script>"
        "<table><tr><th>序号</th><th>名称</th><th>主要内容</th></tr><tr><td>1</td><td>公墓</td><td><p>新建公益性公墓3处。</p></td></tr></table>"
        "</body></html>"
    )
    path = tmp_path / "plan.html"
    path.write_bytes(page.encode(encoding))
    text = read_text(path)
    assert "var" not in text
    assert [(item.category, item.kind, item.place, item.count) for item in extract(text, plan="p")] == [
        ("funeral_home", "allotment", "清徐", 1),
        ("funeral_home", "allotment", "阳曲", 1),
        ("columbarium_cemetery", "quota", None, 3),
    ]


def test_a_web_page_with_merged_cells_nested_tables_and_open_tags_keeps_its_columns(tmp_path):
    path = tmp_path / "plan.html"
    path.write_text(
        "<html><h2>养老服务</h2><table><thead><tr><th>地点<th colspan=2>项目</thead>"
        "<tr><td rowspan=2>甲镇<td>敬老院<td>新建敬老院1所。<tr><td>公墓<td>新建公墓1处。"
        "<tr><td>乙镇<td><td>改造提升敬老院2所。</table>"
        "<table><tr><td>专栏1<table><tr><td>丙镇<td>新建公墓2处。</table></table>",
        encoding="utf-8",
    )
    assert read_text(path).split("\n") == [
        "## 养老服务",
        "地点\t项目",
        "甲镇\t敬老院\t新建敬老院1所。",
        "甲镇\t公墓\t新建公墓1处。",
        "乙镇\t-\t改造提升敬老院2所。",
        "专栏1",
        "丙镇\t新建公墓2处。",
    ]
    assert {item.section for item in extract(read_text(path), plan="p")} == {"养老服务", "专栏1"}


def test_a_web_page_nested_without_end_is_read(tmp_path):
    path = tmp_path / "plan.html"
    path.write_text("<html>" + "<table><tr><td>" * 3000 + "新建公墓1处。", encoding="utf-8")
    assert [item.category for item in extract(read_text(path), plan="p")] == ["columbarium_cemetery"]


def test_a_long_merged_cell_is_not_said_again():
    grid = Grid()
    for _ in range(2):
        grid.row()
        if len(grid._rows) == 1:
            grid.add(Cell(["新建公墓1处，新建殡仪馆1座。"], rows=2))
        grid.add(Cell(["甲镇"]))
    assert list(grid.lines()) == ["新建公墓1处，新建殡仪馆1座。\t甲镇", "-\t甲镇"]
