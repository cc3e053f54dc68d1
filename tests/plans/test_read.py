"""Plan files of the formats and encodings people have, and those that are refused."""

import io
import zipfile

import docx
import pypdf
import pytest

from service_map.errors import PlanFileError
from service_map.plans import extract, read, read_text

SENTENCE = "到2024年，全县新建公办幼儿园12所。\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_text_reads_the_same_in_every_encoding_that_plans_come_in(tmp_path, encoding):
    path = tmp_path / "plan.txt"
    path.write_bytes((SENTENCE * 20).encode(encoding))
    assert read_text(path) == SENTENCE * 20


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "空"),
        (b" \n\r\n ", "空"),
        ("\u3000\n".encode(), "没有文字"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), ".docx"),
        (bytes(range(256)) * 50, "二进制|认不出|可读"),
        (b"\xff\xfe\x00\xd8\x00", "编码"),
        ("新建".encode() + b"\xff\xff\xff" + "。".encode(), "编码"),
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


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(PlanFileError):
        read_text(tmp_path / "none.txt")
    with pytest.raises(PlanFileError):
        read_text(tmp_path)


def test_a_file_above_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "plan.txt"
    with path.open("wb") as file:
        file.truncate(read.MAX_BYTES + 1)
    with pytest.raises(PlanFileError, match="50 MB"):
        read_text(path)
    path.write_bytes(b"a" * (read.MAX_TEXT + 1))
    with pytest.raises(PlanFileError, match="10 MB"):
        read_text(path)


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
    path = tmp_path / "plan.docx"
    document.save(path)
    text = read_text(path)
    assert "序号\t名称\t主要内容" in text.split("\n")
    found = extract(text, plan="p")
    assert [(item.category, item.kind, item.per, item.section) for item in found] == [
        ("kindergarten", "quota", None, "第三章 养老服务"),
        ("elderly_institution", "coverage", "township", "第三章 养老服务"),
    ]


def test_a_zip_bomb_that_poses_as_a_word_document_is_refused(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(read.MAX_UNPACKED + 1))
    path = tmp_path / "plan.docx"
    path.write_bytes(packed.getvalue())
    assert path.stat().st_size < 1_000_000
    with pytest.raises(PlanFileError, match="200 MB"):
        read_text(path)


def test_another_zip_file_is_refused(tmp_path):
    path = tmp_path / "plan.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "幼儿园")
    with pytest.raises(PlanFileError, match="docx"):
        read_text(path)


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
    _pdf(path, read.MAX_PAGES + 1)
    with pytest.raises(PlanFileError, match="2001"):
        read_text(path)


def test_a_pdf_with_a_text_layer_is_read(tmp_path):
    path = tmp_path / "plan.pdf"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length 52>>stream\nBT /F 12 Tf 20 100 Td (PLAN 2025 KINDERGARTEN) Tj ET\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    data = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    data += b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(data),
    )
    path.write_bytes(data)
    assert "KINDERGARTEN" in read_text(path)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_web_page_gives_its_text_and_its_tables_as_rows(tmp_path, encoding):
    page = (
        f"<!DOCTYPE html><html><head><meta charset={encoding}><title>规划</title><style>p{{}}</style></head><body>"
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
