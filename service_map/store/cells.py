"""Text in the cells of a spreadsheet: it stays text, whatever it begins with and whatever is in it."""

import re
from typing import Any

# A spreadsheet that opens a CSV runs a cell that begins so, quoted or not (OWASP, CSV Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# What XML 1.0 (production 2) has no way to write, and the most that a cell of Excel holds.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LONGEST = 32_767


def no_formula(value: Any) -> Any:
    """Return what a cell of a CSV for spreadsheets holds: a text that would be run begins with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def writable(text: str) -> str:
    """Return a text as a workbook can hold it: no character that XML has no way to write, no more than a cell takes."""
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)[:_LONGEST]
