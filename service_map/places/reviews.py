"""The record of review (核对): who reads each promise beside the passage that makes it says so, and it is kept.

``geodata/reviewed.csv`` holds a row for each facility, requirement and quota that somebody found right, with a digest
of what was judged: what the record says, and the passages that it cites. A record that is read another way afterwards
is reviewed no more. What is wrong is mended in ``corrections.csv`` alone, and read again.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from service_map import io
from service_map.catalogue import categories, csvfile
from service_map.catalogue.adcode import county_of
from service_map.errors import Fault, GeodataError
from service_map.io import Asked, Problem
from service_map.places.facility import Facility
from service_map.places.gazetteer import Gazetteer
from service_map.places.promises import Promise
from service_map.plans import CORRECTION_COLUMNS, Commitment, Correction, correction_fault, handles

REVIEW_FILE = "reviewed.csv"
REVIEWED_COLUMNS = ("id", "plan", "line", "name", "digest", "date", "verdict")
VERDICTS = ("right", "mended")
"""``right``: as the program reads it; ``mended``: as a row of ``corrections.csv`` sets it."""

REVIEW_COLUMNS = (
    "id", "plan", "line", "section", "passage", "kind", "category", "category_zh", "name", "noun", "area", "place",
    "count", "count_max", "unit", "at_least", "capacity", "capacity_unit", "year", "action", "per", "share",
    "condition", "why", "digest", "verdict", "set", "reason",
)  # fmt: skip
"""Columns of the list; ``verdict``, ``set`` and ``reason`` stand empty, to be filled."""

ANSWERS = {"对": True, "right": True, "错": False, "wrong": False}
"""What ``verdict`` may hold, whatever its case."""

DROP = "drop"
"""In ``set``: the record is to go."""

_FACILITY = ("name", "noun", "category", "basis", "action", "count", "unit", "at_least", "year", "located_by")
_PROMISE = (
    "name", "noun", "category", "action", "count", "count_max", "unit", "at_least", "every_year", "capacity",
    "capacity_unit", "year", "place", "adcode",
)  # fmt: skip
_ONE_SORT = ("per", "share", "condition", "part_of")
_SHOWN = (
    "category", "name", "noun", "place", "count", "count_max", "unit", "at_least", "capacity", "capacity_unit", "year",
    "action", "per", "share", "condition",
)  # fmt: skip
_READ = {column: column for column in ("id", "digest", "verdict", "set", "reason")}
_DIGITS = 12

Record = Facility | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One row of ``reviewed.csv``; ``row`` counts the heading as row 1."""

    id: str
    plan: str
    line: int
    name: str
    digest: str
    date: str
    verdict: str
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What `read_reviews` found.

    Attributes
    ----------
    read, blank
        Rows in the list, and those that nobody has judged.
    reviews
        One a record that is right.
    corrections
        Rows for ``corrections.csv``, by its columns: one for each passage that a wrong record cites.
    problems
        By row.
    """

    read: int
    blank: int
    reviews: tuple[Review, ...]
    corrections: tuple[tuple[str, ...], ...]
    problems: tuple[Problem, ...]


def digest(record: Record, cited: Mapping[str, Commitment]) -> str:
    """Name what a reviewer judges of a record: its fields that a plan gives, and the passages that it cites.

    Status, point and what is counted beside it do not belong to it, nor do lines, which move.

    Parameters
    ----------
    record
        A facility that a plan promises, a requirement or a quota.
    cited
        The commitments by id.

    Returns
    -------
    str
        12 hex digits of SHA-256.
    """
    if isinstance(record, Facility):
        said: dict[str, object] = {name: getattr(record, name) for name in _FACILITY}
        said["area"] = county_of(record.adcode)
    else:
        said = {name: getattr(record, name) for name in _PROMISE}
        said |= {name: getattr(record, name, None) for name in _ONE_SORT}
    said = {name: float(value) if type(value) is int else value for name, value in said.items()}
    said["passages"] = sorted({(item.plan, item.passage_sha256) for item in _commitments(record, cited)})
    text = json.dumps(said, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def reviewed(records: Iterable[Record], reviews: Iterable[Review], cited: Mapping[str, Commitment]) -> dict[str, str]:
    """Give the day on which each record was last found right, by id; a record that says another thing now has none.

    Parameters
    ----------
    records
        Facilities, requirements and quotas.
    reviews
        From `load_reviews`.
    cited
        As for `digest`.
    """
    by_id = {review.id: review for review in reviews}
    return {
        record.id: by_id[record.id].date
        for record in records
        if record.id in by_id and by_id[record.id].digest == digest(record, cited)
    }


def idle_reviews(
    records: Iterable[Record], reviews: Iterable[Review], cited: Mapping[str, Commitment]
) -> list[Problem]:
    """Name the rows of ``reviewed.csv`` that no longer fit: the record has gone, or says another thing now."""
    listed = list(records)
    known = {record.id for record in listed}
    fitting = reviewed(listed, reviews, cited)
    found = []
    for review in reviews:
        if review.id not in fitting:
            which = f"{review.id}（{review.plan} 第 {review.line} 行 {review.name}）"
            why = Fault(f"{which} 核对后有变，须重新核对", f"{review.id} has changed since, to be reviewed again")
            if review.id not in known:
                why = Fault(f"{which} 已不存在", f"{review.id} is no more")
            found.append(Problem(row=review.row, column="id", zh=why.zh, en=why.en, where=REVIEW_FILE))
    return found


def review_rows(
    records: Iterable[Record],
    reviews: Iterable[Review],
    *,
    commitments: Iterable[Commitment],
    gazetteer: Gazetteer,
    passages: Mapping[str, str],
) -> list[dict[str, str]]:
    """Give what is to be reviewed as rows of the list.

    Parameters
    ----------
    records
        Facilities that plans promise, requirements and quotas.
    reviews
        What was reviewed before; records that still say the same are left out.
    commitments
        What the records cite.
    gazetteer
        For the names of areas.
    passages
        Lines of the plans at hand, by their SHA-256.

    Returns
    -------
    list of dict
        Columns `REVIEW_COLUMNS`, by plan and line.
    """
    cited, kinds = {item.id: item for item in commitments}, categories()
    listed = [record for record in records if _commitments(record, cited)]
    fitting, before = reviewed(listed, reviews, cited), {review.id: review for review in reviews}
    rows = []
    for record in listed:
        if record.id in fitting:
            continue
        said = _commitments(record, cited)
        texts = dict.fromkeys(passages[item.passage_sha256] for item in said if item.passage_sha256 in passages)
        area = gazetteer.rows.get(record.adcode) or gazetteer.rows.get(county_of(record.adcode))
        shown = {name: _cell(getattr(record, name, None)) for name in _SHOWN}
        if isinstance(record, Facility):
            shown["place"] = record.located_by
        old = before.get(record.id)
        rows.append(
            dict.fromkeys(REVIEW_COLUMNS, "") | shown
            | {
                "id": record.id, "plan": said[0].plan, "line": str(said[0].line), "section": said[0].section or "",
                "passage": "\n".join(texts), "kind": said[0].kind, "category_zh": kinds[record.category].zh,
                "area": record.adcode if area is None else area.name, "digest": digest(record, cited),
                "why": "" if old is None else Fault(f"{old.date} 核对后有变", f"changed since {old.date}").both,
            }
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row["plan"], int(row["line"]), row["id"]))


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else ""
    return f"{value:g}" if isinstance(value, int | float) else "" if value is None else str(value)


def _commitments(record: Record, cited: Mapping[str, Commitment]) -> list[Commitment]:
    return [cited[name] for name in record.commitments if name in cited]


def read_reviews(
    path: Path,
    records: Iterable[Record],
    *,
    commitments: Iterable[Commitment],
    corrections: Sequence[Correction],
    day: date,
    columns: Mapping[str, str] | None = None,
    layer: str | None = None,
) -> Judged:
    """Read the filled list: one verdict a row.

    Parameters
    ----------
    path
        A table of one of `service_map.io.FORMS` with the columns ``id``, ``digest`` and ``verdict``; of what is wrong
        ``set`` says what is right (as in ``corrections.csv``, or `DROP`) and ``reason`` why.
    records
        As for `review_rows`. A row whose ``digest`` is not the record's own was written before the record changed.
    commitments
        What the records cite.
    corrections
        Those of ``corrections.csv``; a record that one of them made as it is counts as mended.
    day
        When it was judged.
    columns, layer
        As `service_map.io.Asked` has them.

    Returns
    -------
    Judged

    Raises
    ------
    InvalidParameterError
        When the file cannot be read at all, or lacks a column.
    """
    every = list(commitments)
    cited, known = {item.id: item for item in every}, {record.id: record for record in records}
    read = blank = 0
    reviews: list[Review] = []
    mends: list[tuple[str, ...]] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    asked = Asked(layer=layer, columns=columns or {})
    for batch in io.read(path, _READ, asked, required=("id", "digest", "verdict"), place=False):
        read += len(batch)
        for index in range(len(batch)):
            row = {column: batch.column(column)[index] for column in _READ}
            if not row["verdict"]:
                blank += 1
                continue
            fault = _fault(row, known, cited, seen)
            seen.add(row["id"])
            if fault is None and ANSWERS[row["verdict"].casefold()]:
                reviews.append(_review(known[row["id"]], row["digest"], cited, corrections, day))
            elif fault is None:
                made, fault = _mends(known[row["id"]], row, cited, every)
                mends += made
            if fault is not None:
                problems.append(batch.problem(index, *fault))
    return Judged(
        read=read, blank=blank, reviews=tuple(reviews), corrections=tuple(dict.fromkeys(mends)),
        problems=tuple(problems),
    )  # fmt: skip


def _fault(
    row: Mapping[str, str], known: Mapping[str, Record], cited: Mapping[str, Commitment], seen: Collection[str]
) -> tuple[str, str, str] | None:
    record, answer = known.get(row["id"]), ANSWERS.get(row["verdict"].casefold())
    present = record is not None and bool(_commitments(record, cited))
    checks = (
        ("id", present,
         *Fault(f"没有这一项：{row['id'][:20]!r}", f"there is no such record: {row['id'][:20]!r}")),
        ("id", row["id"] not in seen, *Fault("前面已有这一项", "stands above already")),
        ("verdict", answer is not None,
         *Fault(f"应为 {'、'.join(ANSWERS)} 之一，现为 {row['verdict'][:20]!r}",
                f"must be one of {', '.join(ANSWERS)}, not {row['verdict'][:20]!r}")),
        ("digest", record is not None and present and row["digest"] == digest(record, cited),
         *Fault("导出之后这一项有变，请重新导出", "the record has changed since; export the list again")),
        ("set", not (answer and row["set"]),
         *Fault("判为“对”的不用填", "stays empty where the verdict is right")),
        ("set", bool(answer or row["set"]),
         *Fault(f"应写明怎样才对：字段=值，或 {DROP}", f"says what is right: field=value, or {DROP}")),
    )  # fmt: skip
    return next(((column, zh, en) for column, fine, zh, en in checks if not fine), None)


def _review(
    record: Record, judged: str, cited: Mapping[str, Commitment], corrections: Sequence[Correction], day: date
) -> Review:
    said = _commitments(record, cited)
    mended = any(_made(row, item) for row in corrections for item in said)
    return Review(
        id=record.id, plan=said[0].plan, line=said[0].line, name=record.name, digest=judged, date=day.isoformat(),
        verdict=VERDICTS[mended],
    )  # fmt: skip


def _made(correction: Correction, item: Commitment) -> bool:
    """Say whether a correction made a commitment as it is."""
    changes = dict(correction.changes)
    if (correction.plan, correction.line) != (item.plan, item.line) or correction.do == "drop":
        return False
    if changes.setdefault("category", correction.category) != item.category:
        return False
    if correction.do == "add" and correction.name is not None:
        changes.setdefault("name", correction.name)
    return all(getattr(item, name) == value for name, value in changes.items())


def _mends(
    record: Record, row: Mapping[str, str], cited: Mapping[str, Commitment], every: Sequence[Commitment]
) -> tuple[list[tuple[str, ...]], tuple[str, str, str] | None]:
    """Make the rows that correct what a record cites, and say why that cannot be."""
    drop = row["set"].strip().casefold() == DROP
    made: list[tuple[str, ...]] = []
    for item in _commitments(record, cited):
        beside = [other for other in every if (other.plan, other.line, other.category) == (
            item.plan, item.line, item.category,
        )]  # fmt: skip
        handle = next(
            (word for word in handles(item) if not any(word in handles(o) for o in beside if o != item)), None
        )
        if handle is None and len(beside) > 1:
            why = Fault(
                f"{item.plan} 第 {item.line} 行有几条同类记录，分不清，请在 corrections.csv 里写",
                f"several such records stand on line {item.line} of {item.plan}: write it in corrections.csv",
            )
            return [], ("set", why.zh, why.en)
        given = ("drop" if drop else "change", item.plan, str(item.line), item.category, handle or "",
                 "" if drop else row["set"], row["reason"])  # fmt: skip
        fault = correction_fault(dict(zip(CORRECTION_COLUMNS, given, strict=True)))
        if fault is not None:
            return [], ("set", *fault)
        made.append(given)
    return made, None


def load_reviews(path: Path) -> list[Review]:
    """Read ``reviewed.csv``; a missing one holds none.

    Raises
    ------
    GeodataError
        When the file cannot be read or a row is wrong; the message names the row, counting the heading as row 1, and
        what is allowed.
    """
    if not path.exists():
        return []
    found, seen = [], Counter[str]()
    for number, cells in csvfile.rows(path, REVIEWED_COLUMNS):
        given = dict(zip(REVIEWED_COLUMNS, cells, strict=False))
        fault = _damage(cells, given)
        seen[given["id"]] += 1
        if fault is None and seen[given["id"]] > 1:
            fault = ("id", *Fault("前面已有", "stands above already"))
        if fault is not None:
            raise GeodataError(
                f"{path} 第 {number} 行 {fault[0]} {fault[1]}", f"{path}, row {number}, {fault[0]}: {fault[2]}"
            )
        found.append(Review(**{**given, "line": int(given["line"])}, row=number))  # type: ignore[arg-type]
    return found


def _damage(cells: Sequence[str], given: Mapping[str, str]) -> tuple[str, str, str] | None:
    if len(cells) != len(REVIEWED_COLUMNS):
        columns = ",".join(REVIEWED_COLUMNS)
        return "", *Fault(f"应有这些列：{columns}", f"must have the columns {columns}")
    checks = (
        ("id", given["id"][:1] in tuple("frq") and _is_hex(given["id"][1:]),
         *Fault("应为 f、r 或 q 加 12 位十六进制数字", "must be f, r or q and 12 hex digits")),
        ("line", given["line"].isascii() and given["line"].isdigit(), *Fault("应为正整数", "must be a whole number")),
        ("digest", _is_hex(given["digest"]), *Fault("应为 12 位十六进制数字", "must have 12 hex digits")),
        ("date", _is_day(given["date"]), *Fault("应为 YYYY-MM-DD", "must be YYYY-MM-DD")),
        ("verdict", given["verdict"] in VERDICTS,
         *Fault(f"应为 {'、'.join(VERDICTS)} 之一", f"must be one of {', '.join(VERDICTS)}")),
    )  # fmt: skip
    return next(((column, zh, en) for column, fine, zh, en in checks if not fine), None)


def _is_hex(text: str) -> bool:
    return len(text) == _DIGITS and set(text) <= set("0123456789abcdef")


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def write_reviews(path: Path, reviews: Iterable[Review]) -> None:
    """Write ``reviewed.csv``, by plan, line and id; replaced as a whole."""
    ordered = sorted(reviews, key=lambda review: (review.plan, review.line, review.id))
    csvfile.write(path, REVIEWED_COLUMNS, [[getattr(review, name) for name in REVIEWED_COLUMNS] for review in ordered])
