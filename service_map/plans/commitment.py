"""The record of one thing a plan promises, and its two written forms.

The *full* form holds the passage's words (``quote``) and is what ``service-map extract`` writes. The *shipped* form,
``geodata/commitments.jsonl``, holds no sentence of a plan: the citation (plan, section, line, SHA-256 of the passage)
and a label of at most 30 characters that names and counts the thing.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from service_map.catalogue import categories, terms
from service_map.errors import GeodataError

_MAX_LABEL = 30
_SHIPPED = (
    "id", "plan", "section", "line", "passage_sha256", "label", "category", "kind", "name", "count", "unit", "at_least",
    "action", "place", "place_level", "per", "year", "repeats", "note",
    "noun", "count_max", "capacity", "capacity_unit", "locality", "condition", "share", "part_of",
)  # fmt: skip
_SHORT = {"county": "县区", "school": "校"}
PER_ZH = {code: f"每{_SHORT.get(code, term.zh.partition('（')[0])}" for code, term in terms.PER.items()}
"""What planners call the units of a rule for every unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """One promise of one plan (规划任务).

    Attributes
    ----------
    id
        Stable for the same promise on the same line of the same text: ``<plan>-<line>-<6 hex digits>``.
    plan
        The plan's id in ``geodata/plans.toml``, or the file's stem for a plan that is not listed there.
    line
        1-based line of the source file on which the facility stands.
    quote
        The shortest substring of that line that carries the record; empty in the shipped form.
    passage_sha256
        SHA-256 (hex) of the UTF-8 source line without its line end: what the citation vouches for.
    category, kind, name, count, unit, at_least, action, place, place_level, per, year, section
        As the plan has them. ``kind`` is ``site``, ``allotment``, ``quota``, ``coverage`` or ``intent``;
        ``action`` is ``new``, ``expand``, ``relocate``, ``upgrade``, ``continue``, ``cancel``, ``mixed`` or
        ``unspecified``;
        ``place_level`` is ``plan``, ``county``, ``township``, ``village_or_street`` or ``landmark``.
    repeats
        The id of the earlier record of the same plan that this one states again, else None.
    noun
        The plan's own word for the thing, None where ``name`` holds it.
    count_max
        The upper number of a range (10—15家), else None.
    capacity, capacity_unit
        Places that it has or adds (托位, 学位, 床位, 班, 格位, 墓穴) and their word; of a number of facilities those of
        each. A promise of places alone has no ``count``.
    locality
        The words, at most 30, that say where more narrowly than ``place`` (文昌路以东、湖滨路以南).
    condition
        The words, at most 30, that restrict where the promise holds (30万以上人口的县).
    share
        The fraction of the units that a rule asks for, None for all.
    part_of
        The id of the total that this record is a part of.
    note
        Set where the reading is doubtful: ``per year`` where the number is that of each year, ``count unreadable``
        where more figures stand there than anything that a plan counts has.
    """

    id: str
    plan: str
    line: int
    quote: str
    passage_sha256: str
    category: str
    kind: str
    name: str | None
    count: int | float | None
    unit: str | None
    at_least: bool
    action: str
    place: str | None
    place_level: str
    per: str | None
    year: int | None
    section: str | None
    repeats: str | None = None
    note: str | None = None
    noun: str | None = None
    count_max: int | float | None = None
    capacity: int | float | None = None
    capacity_unit: str | None = None
    locality: str | None = None
    condition: str | None = None
    share: float | None = None
    part_of: str | None = None


def label(commitment: Commitment) -> str:
    """Name and count the thing in at most 30 characters: ``沁水县殡仪馆``, ``全民健身步道 每县区1条以上``.

    Parameters
    ----------
    commitment
        The record.

    Returns
    -------
    str
    """
    kind = categories()[commitment.category]
    thing = commitment.name or kind.zh
    parts = [] if commitment.place is None or commitment.place in thing else [commitment.place]
    if commitment.kind == "coverage":
        parts.append(PER_ZH.get(commitment.per or "", "各地"))
    if commitment.count is not None and commitment.kind != "site":
        parts.append(f"{commitment.count}{commitment.unit or '个'}{'以上' if commitment.at_least else ''}")
    tail = "".join(parts)
    return f"{thing} {tail}"[:_MAX_LABEL] if tail else thing[:_MAX_LABEL]


def label_record(commitment: Commitment) -> dict[str, object]:
    """Return the full form, with the passage's words, as ``service-map extract`` writes it.

    Parameters
    ----------
    commitment
        The record.

    Returns
    -------
    dict
        Every field of `Commitment` and ``core``: whether its family is read first.
    """
    from service_map.catalogue import families

    core = families()[categories()[commitment.category].family].core
    return {**asdict(commitment), "core": core}


def write_commitments(path: Path, commitments: Iterable[Commitment]) -> None:
    """Write the shipped form: one JSON object a line, no sentence of a plan, the same bytes for the same records.

    Parameters
    ----------
    path
        The file to write, ``geodata/commitments.jsonl``.
    commitments
        The records, in the order in which they are written.
    """
    rows = []
    for commitment in commitments:
        fields = {**asdict(commitment), "label": label(commitment)}
        for key in ("name", "section", "noun", "locality", "condition"):
            if fields[key] is not None:
                fields[key] = fields[key][:_MAX_LABEL]
        rows.append(json.dumps({key: fields[key] for key in _SHIPPED}, ensure_ascii=False) + "\n")
    path.write_text("".join(rows), encoding="utf-8", newline="\n")


def load_commitments(path: Path) -> list[Commitment]:
    """Read the shipped form back; ``quote`` is empty.

    Parameters
    ----------
    path
        ``geodata/commitments.jsonl``.

    Returns
    -------
    list of Commitment

    Raises
    ------
    GeodataError
        When the file is missing or a line is not such a record; the message names the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GeodataError(f"{path.name}：无法读取（{error}）", f"{path.name}: cannot be read ({error})") from None
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            fields = json.loads(line)
            fields.pop("label")
            found.append(Commitment(quote="", **fields))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise GeodataError(
                f"{path.name} 第 {number} 行：不是规划任务记录", f"{path.name} line {number}: not a commitment record"
            ) from None
    return found
