"""Files in, text out: encodings, limits, and refusals in plain words."""

import codecs
import unicodedata
from pathlib import Path

from service_map.errors import PlanFileError

MAX_BYTES = 50 * 1024 * 1024
"""A plan is some hundred kilobytes; anything above this many bytes is not one."""

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Magic numbers of files that people take for text.
_BINARY = (
    b"PK\x03\x04",
    b"%PDF",
    b"\xd0\xcf\x11\xe0",
    b"\x1f\x8b",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"Rar!",
    b"7z\xbc\xaf",
)
_CONTROL_SHARE = 0.01


def read_text(path: Path) -> str:
    """Read a plan file.

    Parameters
    ----------
    path
        A ``.txt`` or ``.md`` file in UTF-8 (with or without a byte-order mark), GB18030 (so GBK and GB2312 too) or
        UTF-16.

    Returns
    -------
    str
        The text with its own line ends, so that line numbers stay those of the source.

    Raises
    ------
    PlanFileError
        When the file is missing, empty, binary, larger than `MAX_BYTES`, or in an encoding that cannot be told.
    """
    data = _bytes(path)
    if data.startswith(_BINARY):
        raise PlanFileError(
            f"{path.name}：不是文本文件，可用的格式是 .txt 和 .md",
            f"{path.name}: not a text file; .txt and .md can be read",
        )
    text = decode(data, name=path.name)
    if not text.strip():
        raise PlanFileError(f"{path.name}：文件没有文字", f"{path.name}: the file holds no text")
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


def _utf16_without_bom(data: bytes, name: str) -> str:
    # Chinese text in UTF-16 has zero bytes only where it has ASCII: on the odd bytes when little-endian.
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _readable(text) and any("\u4e00" <= char <= "\u9fff" for char in text[:4096]):
            return text
    raise PlanFileError(f"{name}：是二进制文件，不是文本", f"{name}: a binary file, not text")


def _readable(text: str) -> bool:
    sample = text[:65536]
    odd = sum(1 for char in sample if char not in "\t\n\r\f\v" and unicodedata.category(char) in ("Cc", "Cn", "Co"))
    return odd <= len(sample) * _CONTROL_SHARE


def _unknown(name: str) -> PlanFileError:
    return PlanFileError(
        f"{name}：认不出编码，请另存为 UTF-8（也可用 GB18030、UTF-16）",
        f"{name}: the encoding cannot be told; save it as UTF-8 (GB18030 and UTF-16 can be read too)",
    )
