"""A plan's text in, its indicators out: 每千人口托位数 0.99 in 2020, 4.5 by 2025, expected.

Plans set themselves numbers to be held against: tables of main indicators with a figure of the base year and one of
the target year, and sentences (到2025年人均体育场地面积达到2.6平方米). An indicator is no promise of a facility. Where
a plan gives two figures for one thing, both are read, each with its line.
"""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from service_map.catalogue import csvfile
from service_map.errors import GeodataError
from service_map.plans.extract import passage_sha256
from service_map.plans.indicator_row import Row, clip, figure, words
from service_map.plans.indicator_sentences import sentence_rows
from service_map.plans.indicator_tables import read_tables
from service_map.plans.lexicon import load_wording
from service_map.plans.outline import outline, source_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One figure that a plan sets itself: a row of ``geodata/indicators.csv``.

    Attributes
    ----------
    id
        Plan, line and an ordinal where the line is shared.
    plan, line, passage_sha256
        Its citation: 1-based source line of its name and the SHA-256 (hex) of that line.
    section
        The field that the table names beside it, or the nearest heading; None before the first.
    name, unit
        What is measured, and in what; ``unit`` None where the plan gives none.
    base, base_year, base_words
        Where it stood: the number, None where the cell holds none; the year; the cell as it stands, None where empty.
    target, target_year, target_words
        Where it shall stand, likewise; the year None where a sentence says none.
    bound
        ``at_least`` or ``at_most`` where the plan says so of the target, else None.
    binding
        ``binding`` (约束性), ``expected`` (预期性), or None where it is not said.
    note
        What a footnote of the table says of it; None without one.
    form
        ``table`` or ``sentence``.
    """

    id: str
    plan: str
    line: int
    passage_sha256: str
    section: str | None
    name: str
    unit: str | None
    base: float | None
    base_year: int | None
    base_words: str | None
    target: float | None
    target_year: int | None
    target_words: str | None
    bound: str | None
    binding: str | None
    note: str | None
    form: str


def extract_indicators(
    text: str, *, plan: str, since: int | None = None, geodata: Path | None = None
) -> list[Indicator]:
    """Read the indicators of a plan's tables and sentences.

    Never raises, whatever the text.

    Parameters
    ----------
    text
        The plan's text as `service_map.plans.read_text` gives it.
    plan
        The plan's id.
    since
        First year of the plan's term: a sentence about an earlier year tells of the past. None where it is not known.
    geodata
        Folder of the word lists; None for that of the settings.

    Returns
    -------
    list of Indicator
        In reading order; those of tables and of sentences may give one thing twice, and then may differ.
    """
    wording, sources = load_wording(geodata), source_lines(text)
    rows, notes = read_tables([_canonical(line) for line in text.split("\n")])
    taken = notes | {row.line for row in rows}
    for passage in outline(text, wording=wording):
        if passage.role == "body" and passage.lines[0] not in taken:
            rows += sentence_rows(passage, wording, since)
    found: list[Indicator] = []
    seen: dict[int, int] = {}
    for row in sorted(rows, key=lambda one: one.line):
        seen[row.line] = seen.get(row.line, 0) + 1
        ordinal = f"-{seen[row.line]}" if seen[row.line] > 1 else ""
        found.append(_indicator(row, f"{plan}-{row.line}-indicator{ordinal}", plan, sources[row.line - 1]))
    return found


_BARS = re.compile(r"^\s*\|.*\|\s*$")
_RULE = re.compile(r"[|\s:\-]+")


def _canonical(line: str) -> str:
    """Give a line one kind of bracket and sign, no spaces beside Chinese, and tabs where a table has bars."""
    line = line.rstrip("\r").translate(_SIGNS).replace("**", "")
    if _BARS.match(line):
        line = "" if _RULE.fullmatch(line) else line.strip().strip("|").replace("|", "\t")
    return re.sub(r"(?<=[\u4e00-\u9fff（）])[ \u00a0]+|[ \u00a0]+(?=[\u4e00-\u9fff（）])", "", line)


_SIGNS = str.maketrans({"(": "（", ")": "）", "％": "%", "\u3000": " ", "︰": "：", "﹪": "%"})


def _indicator(row: Row, name: str, plan: str, source: str) -> Indicator:
    base, target = figure(row.base, row.unit), figure(row.target, row.unit)
    said = row.form == "sentence"
    return Indicator(
        id=name, plan=plan, line=row.line, passage_sha256=passage_sha256(source),
        section=clip(row.section) if row.section else None, name=clip(row.name.strip()),
        unit=row.unit if said else row.unit or target.unit or base.unit,
        base=base.value, base_year=row.base_year, base_words=words(row.base),
        target=target.value, target_year=row.target_year, target_words=words(row.target), bound=target.bound,
        binding=row.binding, note=clip(row.note) if row.note else None, form=row.form,
    )  # fmt: skip


_COLUMNS = tuple(field.name for field in fields(Indicator))


def write_indicators(path: Path, found: Iterable[Indicator]) -> None:
    """Write ``indicators.csv``: one row an indicator, in the order given, replaced as a whole."""
    csvfile.write(path, _COLUMNS, (list(asdict(row).values()) for row in found))


def load_indicators(path: Path) -> list[Indicator]:
    """Read ``indicators.csv`` back; a missing file holds none.

    Raises
    ------
    GeodataError
        When the file is damaged; the message names the row.
    """
    if not path.exists():
        return []
    return [_read(path, number, dict(zip(_COLUMNS, row, strict=False))) for number, row in csvfile.rows(path, _COLUMNS)]


def _read(path: Path, number: int, row: dict[str, str]) -> Indicator:
    try:
        return Indicator(
            id=row["id"], plan=row["plan"], line=int(row["line"]), passage_sha256=row["passage_sha256"],
            section=row["section"] or None, name=row["name"], unit=row["unit"] or None,
            base=_number(row["base"]), base_year=_whole(row["base_year"]), base_words=row["base_words"] or None,
            target=_number(row["target"]), target_year=_whole(row["target_year"]),
            target_words=row["target_words"] or None, bound=row["bound"] or None, binding=row["binding"] or None,
            note=row["note"] or None, form=row["form"],
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise GeodataError(
            f"{path.name} 第 {number} 行读不出：{error}", f"cannot read row {number} of {path.name}: {error}"
        ) from error


def _number(cell: str) -> float | None:
    if not cell:
        return None
    value = float(cell)
    return int(value) if value.is_integer() else value


def _whole(cell: str) -> int | None:
    return int(cell) if cell else None
