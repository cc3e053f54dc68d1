"""Files in, text out: formats, encodings, limits, and refusals in plain words.

A table of a document comes out as one line a row with tabs between the cells, as `outline` reads tables.
"""

import codecs
import io
import re
import unicodedata
import zipfile
import zlib
from pathlib import Path

from service_map.errors import PlanFileError
from service_map.plans.docx_reader import word_lines
from service_map.plans.html_reader import page_lines
from service_map.plans.outline import RADICALS
from service_map.settings import PlanLimits, plan_limits

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Magic numbers of files that people take for plans: old Office, gzip, images, archives, programs.
_BINARY = tuple(
    bytes.fromhex(magic)
    for magic in ("d0cf11e0", "1f8b", "89504e47", "ffd8ff", "47494638", "52617221", "377abcaf", "7f454c46")
)
# What zipfile and python-docx let through from a file that breaks the format.
_DOCX_DAMAGE = (
    KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError, SyntaxError, NotImplementedError,
    RuntimeError, EOFError, zlib.error, zipfile.BadZipFile,
)  # fmt: skip
# What pypdf lets through from a file that breaks the format.
_PDF_DAMAGE = (KeyError, ValueError, TypeError, AttributeError, RecursionError, IndexError)
_RADICALS = str.maketrans(RADICALS)
_CONTROL_SHARE = 0.01
_MB = 1024 * 1024
# A paragraph of a .docx takes a few times its text in markup.
_MARKUP = 8
# Tags and attributes of a .docx, each of which takes some 110 bytes while it is read; a plan of 300 pages has 200,000.
_MAX_MARKS = 2_000_000
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_-]+)", re.IGNORECASE)
_HTML = re.compile(rb"\s*<(?:!doctype html|html)\b", re.IGNORECASE)


def read_text(path: Path, *, limits: PlanLimits | None = None) -> str:
    """Read a plan file.

    Parameters
    ----------
    path
        ``.txt`` or ``.md`` in UTF-8 (with or without a byte-order mark), GB18030 (so GBK and GB2312 too) or UTF-16;
        ``.docx``; ``.pdf`` with a text layer; ``.html`` or ``.htm``.
    limits
        What a file may cost; None: those of the environment (`settings.plan_limits`).

    Returns
    -------
    str
        The text. For text files it keeps its own line ends, so that line numbers stay those of the source; for other
        formats each paragraph and each table row is a line.

    Raises
    ------
    PlanFileError
        When the file is missing, empty, binary, too large, without a text layer, or in an encoding that cannot be told.
    """
    limits = limits or plan_limits()
    data = _bytes(path, limits)
    name = path.name
    if data.startswith(b"PK\x03\x04"):
        text = _docx(data, name, limits)
    elif data[:1024].lstrip().startswith(b"%PDF"):
        text = _pdf(data, name, limits)
    elif data.startswith(_BINARY):
        raise _binary(name)
    elif path.suffix.lower() in (".html", ".htm") or _HTML.match(data[:512]):
        text = _html(data, name, limits)
    else:
        text = decode(data, name=name)
    if not text.strip():
        raise PlanFileError(f"{name}：文件没有文字", f"{name}: the file holds no text")
    _fits(_size(text), name, limits)
    return text


def decode(data: bytes, *, name: str) -> str:
    """Turn bytes into text by byte-order mark, else UTF-8, else GB18030.

    Parameters
    ----------
    data
        The file's bytes.
    name
        What to call the file in an error.

    Returns
    -------
    str

    Raises
    ------
    PlanFileError
        When the bytes are binary or in no encoding that plans come in.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                raise _unknown(name) from None
    if b"\x00" in data[:4096]:
        return _utf16_without_bom(data, name)
    for encoding in ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _readable(text):
            return text
    raise _unknown(name)


def _bytes(path: Path, limits: PlanLimits) -> bytes:
    try:
        size = path.stat().st_size
        if size > limits.file_mb * _MB:
            raise PlanFileError(
                f"{path.name}：文件有 {size / _MB:.1f} MB，上限为 {limits.file_mb} MB（PLAN_FILE_MB）",
                f"{path.name}: the file has {size / _MB:.1f} MB, the limit is {limits.file_mb} MB (PLAN_FILE_MB)",
            )
        data = path.read_bytes()
    except OSError as error:
        raise PlanFileError(
            f"{path}：无法打开（{error.strerror}）", f"{path}: cannot be opened ({error.strerror})"
        ) from None
    if not data.strip():
        raise PlanFileError(f"{path.name}：文件是空的", f"{path.name}: the file is empty")
    return data


def _docx(data: bytes, name: str, limits: PlanLimits) -> str:
    from docx.opc.exceptions import OpcError

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            word = "word/document.xml" in archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise _damaged(name, "docx") from None
    if not word:
        raise _binary(name)
    unpacked = sum(part.file_size for part in parts)
    markup = sum(part.file_size for part in parts if part.filename.endswith((".xml", ".rels")))
    for size, limit, variable in (
        (unpacked, limits.unpacked_mb, "PLAN_UNPACKED_MB"),
        (markup, limits.text_mb * _MARKUP, "PLAN_TEXT_MB"),
    ):
        if size > limit * _MB:
            raise PlanFileError(
                f"{name}：解压后有 {size // _MB} MB，上限为 {limit} MB（{variable}）",
                f"{name}: unpacks to {size // _MB} MB, the limit is {limit} MB ({variable})",
            )
    lines: list[str] = []
    size = 0
    try:
        _few_marks(data, name)
        for line in word_lines(data):
            lines.append(line)
            size += _size(line) + 1
            _fits(size, name, limits)
    except PlanFileError:
        raise
    except (OpcError, *_DOCX_DAMAGE):
        raise _damaged(name, "docx") from None
    return "\n".join(lines)


def _few_marks(data: bytes, name: str) -> None:
    """Count the tags and attributes of a .docx, before anything is built from them, and refuse too many."""
    marks = 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for part in archive.infolist():
            if part.filename.endswith((".xml", ".rels")):
                with archive.open(part) as file:
                    while block := file.read(_MB):
                        marks += block.count(b"<") + block.count(b"=")
    if marks > _MAX_MARKS:
        raise PlanFileError(
            f"{name}：文档的标记（段落、单元格、格式）超过 {_MAX_MARKS // 10_000} 万个，请拆分后再读",
            f"{name}: more than {_MAX_MARKS:,} marks (paragraphs, cells, formats) in the document; split it first",
        )


def _pdf(data: bytes, name: str, limits: PlanLimits) -> str:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        locked, pages = reader.is_encrypted, 0 if reader.is_encrypted else len(reader.pages)
    except (*_PDF_DAMAGE, PyPdfError):
        raise _damaged(name, "pdf") from None
    if locked:
        raise PlanFileError(f"{name}：PDF 有密码，请先去掉", f"{name}: the PDF is encrypted; remove the password first")
    if pages > limits.pages:
        raise PlanFileError(
            f"{name}：PDF 有 {pages} 页，上限为 {limits.pages} 页（PLAN_PAGES）",
            f"{name}: the PDF has {pages} pages, the limit is {limits.pages} (PLAN_PAGES)",
        )
    parts: list[str] = []
    size = 0
    for number in range(pages):
        try:
            parts.append(reader.pages[number].extract_text().translate(_RADICALS))
        except (*_PDF_DAMAGE, PyPdfError):
            raise _damaged(name, "pdf") from None
        size += _size(parts[-1])
        _fits(size, name, limits)
    if size < pages:
        raise PlanFileError(
            f"{name}：PDF 里没有文字（是扫描件），请先做文字识别",
            f"{name}: the PDF holds no text (a scan); run text recognition first",
        )
    return "\n".join(parts)


def _html(data: bytes, name: str, limits: PlanLimits) -> str:
    # Markup takes several times the room of its text; what is unread is let go at once.
    _fits(len(data) // _MARKUP, name, limits)
    declared = _CHARSET.search(data[:4096])
    text = ""
    if declared and not data.startswith(tuple(bom for bom, _ in _BOMS)):
        encoding = declared[1].decode("ascii").lower()
        try:
            text = data.decode("gb18030" if encoding.startswith("gb") else encoding)
        except (LookupError, UnicodeDecodeError):
            text = ""
    return "\n".join(page_lines(text or decode(data, name=name)))


def _utf16_without_bom(data: bytes, name: str) -> str:
    # Chinese text in UTF-16 has zero bytes only where it has ASCII: on the odd bytes when little-endian.
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _readable(text) and sum("\u4e00" <= char <= "\u9fff" for char in text[:4096]) > len(text[:4096]) / 8:
            return text
    raise _binary(name)


def _readable(text: str) -> bool:
    sample = text[:65536]
    odd = sum(1 for char in sample if char not in "\t\n\r\f\v" and unicodedata.category(char) in ("Cc", "Cn", "Co"))
    return odd <= len(sample) * _CONTROL_SHARE


def _size(text: str) -> int:
    """Return the bytes of a text as UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def _fits(size: int, name: str, limits: PlanLimits) -> None:
    if size > limits.text_mb * _MB:
        raise PlanFileError(
            f"{name}：文字超过 {limits.text_mb} MB，请拆分后再读（PLAN_TEXT_MB）",
            f"{name}: more than {limits.text_mb} MB of text; split it first (PLAN_TEXT_MB)",
        )


def _unknown(name: str) -> PlanFileError:
    return PlanFileError(
        f"{name}：认不出编码，请另存为 UTF-8（也可用 GB18030、UTF-16）",
        f"{name}: the encoding cannot be told; save it as UTF-8 (GB18030 and UTF-16 can be read too)",
    )


def _binary(name: str) -> PlanFileError:
    return PlanFileError(
        f"{name}：不是可读的规划文件，可用的格式是 .txt .md .docx .pdf .html",
        f"{name}: not a plan file that can be read; the formats are .txt .md .docx .pdf .html",
    )


def _damaged(name: str, kind: str) -> PlanFileError:
    return PlanFileError(f"{name}：{kind} 文件已损坏", f"{name}: a damaged {kind} file")
