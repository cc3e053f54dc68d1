"""Files in, text out: formats, encodings, limits, and refusals in plain words.

A table of a document comes out as one line a row with tabs between the cells, as `outline` reads tables.
"""

import codecs
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree.ElementTree import ParseError

from service_map.errors import PlanFileError

MAX_BYTES = 50 * 1024 * 1024
"""Larger files of any format are refused; a plan is some hundred kilobytes."""
MAX_TEXT = 10 * 1024 * 1024
"""Longest text that is read, in bytes of a text file or characters of a document."""
MAX_UNPACKED = 200 * 1024 * 1024
"""Most bytes that a .docx may unpack to, so that no zip bomb fills the memory."""
MAX_PAGES = 2000
"""Most pages of a PDF."""

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Magic numbers of files that people take for plans: old Office, gzip, images, archives, programs.
_BINARY = tuple(
    bytes.fromhex(magic)
    for magic in ("d0cf11e0", "1f8b", "89504e47", "ffd8ff", "47494638", "52617221", "377abcaf", "7f454c46")
)
# What pypdf lets through from a file that breaks the format.
_PDF_DAMAGE = (KeyError, ValueError, TypeError, AttributeError, RecursionError, IndexError)
_CONTROL_SHARE = 0.01
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_-]+)", re.IGNORECASE)
_BLOCKS = frozenset(
    ["article", "blockquote", "br", "caption", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4", "h5", "h6"]
).union(
    ["header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul"]
)
_HTML = re.compile(rb"\s*<(?:!doctype html|html)\b", re.IGNORECASE)
_UNREAD = frozenset(["script", "style", "head", "noscript", "template", "svg"])


def read_text(path: Path) -> str:
    """Read a plan file.

    Parameters
    ----------
    path
        ``.txt`` or ``.md`` in UTF-8 (with or without a byte-order mark), GB18030 (so GBK and GB2312 too) or UTF-16;
        ``.docx``; ``.pdf`` with a text layer; ``.html`` or ``.htm``.

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
    data = _bytes(path)
    name = path.name
    if data.startswith(b"PK\x03\x04"):
        text = _docx(data, name)
    elif data[:1024].lstrip().startswith(b"%PDF"):
        text = _pdf(data, name)
    elif data.startswith(_BINARY):
        raise _binary(name)
    elif path.suffix.lower() in (".html", ".htm") or _HTML.match(data[:512]):
        text = _html(data, name)
    else:
        _fits(len(data), name)
        text = decode(data, name=name)
    if not text.strip():
        raise PlanFileError(f"{name}：文件没有文字", f"{name}: the file holds no text")
    _fits(len(text), name)
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


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PlanFileError(
                f"{path.name}：文件有 {size // 1048576} MB，上限为 {MAX_BYTES // 1048576} MB",
                f"{path.name}: the file has {size // 1048576} MB, the limit is {MAX_BYTES // 1048576} MB",
            )
        data = path.read_bytes()
    except OSError as error:
        raise PlanFileError(
            f"{path}：无法打开（{error.strerror}）", f"{path}: cannot be opened ({error.strerror})"
        ) from None
    if not data.strip():
        raise PlanFileError(f"{path.name}：文件是空的", f"{path.name}: the file is empty")
    return data


def _docx(data: bytes, name: str) -> str:
    from docx import Document
    from docx.opc.exceptions import OpcError
    from docx.table import Table

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
            word = "word/document.xml" in archive.namelist()
    except zipfile.BadZipFile:
        raise _damaged(name, "docx") from None
    if not word:
        raise _binary(name)
    if unpacked > MAX_UNPACKED:
        raise PlanFileError(
            f"{name}：解压后有 {unpacked // 1048576} MB，上限为 {MAX_UNPACKED // 1048576} MB",
            f"{name}: unpacks to {unpacked // 1048576} MB, the limit is {MAX_UNPACKED // 1048576} MB",
        )
    try:
        document = Document(io.BytesIO(data))
        lines: list[str] = []
        for block in document.iter_inner_content():
            lines.extend(_docx_rows(block) if isinstance(block, Table) else [block.text.replace("\n", "")])
    except (OpcError, KeyError, ValueError, ParseError, SyntaxError, zipfile.BadZipFile):
        raise _damaged(name, "docx") from None
    return "\n".join(lines)


def _docx_rows(table: object) -> Iterator[str]:
    for row in table.rows:  # type: ignore[attr-defined]
        cells: list[str] = []
        seen = None
        for cell in row.cells:
            # A merged cell is given once for every column it spans.
            if cell._tc is not seen:  # noqa: SLF001 - the library offers no other identity of a cell
                cells.append(" ".join(cell.text.split()))
            seen = cell._tc  # noqa: SLF001
        yield "\t".join(cells)


def _pdf(data: bytes, name: str) -> str:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        locked, pages = reader.is_encrypted, 0 if reader.is_encrypted else len(reader.pages)
    except (*_PDF_DAMAGE, PyPdfError):
        raise _damaged(name, "pdf") from None
    if locked:
        raise PlanFileError(f"{name}：PDF 有密码，请先去掉", f"{name}: the PDF is encrypted; remove the password first")
    if pages > MAX_PAGES:
        raise PlanFileError(
            f"{name}：PDF 有 {pages} 页，上限为 {MAX_PAGES} 页",
            f"{name}: the PDF has {pages} pages, the limit is {MAX_PAGES}",
        )
    parts: list[str] = []
    size = 0
    for number in range(pages):
        try:
            parts.append(reader.pages[number].extract_text())
        except (*_PDF_DAMAGE, PyPdfError):
            raise _damaged(name, "pdf") from None
        size += len(parts[-1])
        _fits(size, name)
    if size < pages:
        raise PlanFileError(
            f"{name}：PDF 里没有文字（是扫描件），请先做文字识别",
            f"{name}: the PDF holds no text (a scan); run text recognition first",
        )
    return "\n".join(parts)


class _Page(HTMLParser):
    """Collects the text of a page: blocks as lines, cells behind tabs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unread = 0
        self._cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _UNREAD:
            self._unread += 1
        elif tag == "tr":
            self._cells = 0
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append("\t" if self._cells else "")
            self._cells += 1
        elif tag in _BLOCKS and not self._cells:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNREAD:
            self._unread = max(0, self._unread - 1)
        elif tag in ("tr", "table"):
            self._cells = 0
            self.parts.append("\n")
        elif tag in _BLOCKS and not self._cells:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.parts.append(re.sub(r"\s+", " ", data))


def _html(data: bytes, name: str) -> str:
    _fits(len(data), name)
    declared = _CHARSET.search(data[:4096])
    text = ""
    if declared and not data.startswith(tuple(bom for bom, _ in _BOMS)):
        encoding = declared[1].decode("ascii").lower()
        try:
            text = data.decode("gb18030" if encoding.startswith("gb") else encoding)
        except (LookupError, UnicodeDecodeError):
            text = ""
    page = _Page()
    page.feed(text or decode(data, name=name))
    page.close()
    lines = (line.strip(" ") for line in "".join(page.parts).split("\n"))
    return "\n".join(line for line in lines if line.strip())


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


def _fits(size: int, name: str) -> None:
    if size > MAX_TEXT:
        raise PlanFileError(
            f"{name}：文字超过 {MAX_TEXT // 1048576} MB，请拆分后再读",
            f"{name}: more than {MAX_TEXT // 1048576} MB of text; split it first",
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
