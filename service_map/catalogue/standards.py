"""What the standards ask (``geodata/standards.toml``) and what plans promise by themselves (``plan_circles.toml``).

A rule is one clause of one edition of one standard. The same category has several that differ (a kindergarten within
300 m by GB 50180, within 300–500 m by JGJ 39), so an answer names the rule it used and never a bare number.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from service_map.catalogue import tomlfile
from service_map.catalogue.kinds import categories

_FILE = "standards.toml"
_PLAN_FILE = "plan_circles.toml"
_ADCODE = re.compile(r"\d{6}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

LEVELS = ("15", "10", "5", "block", "city", "county", "none")
"""Life-circle levels in minutes, the street block, the whole city or county, or no level."""

MODES = ("walk", "walk_or_cycle", "distance", "vehicle", "none")
"""How the way is covered: ``distance`` where only metres are given, ``none`` where there is nothing to judge by."""

SCOPES = ("all", "urban", "rural")

RULE_STATUSES = ("in_force", "draft", "superseded")

CONFIDENCES = ("text", "quoted", "secondary", "memory")
"""How a figure is known, surest first: the clause read, the clause quoted word for word, told by others, remembered."""

# A family whose facilities nobody walks to; a radius for it would be an invention.
_NEVER_WALKED = "funeral"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One clause on one category (规则行).

    Attributes
    ----------
    id
        Stable slug, e.g. ``gb50180-kindergarten-5``.
    category
        Code of the category it rules.
    level
        One of `LEVELS`. Levels do not substitute for each other.
    metres, metres_low
        Service radius (服务半径) in metres, at most; and the lower end where the clause gives a range. None where it
        gives no radius.
    minutes
        Minutes of the way, None where the clause gives none.
    mode
        One of `MODES`.
    share
        Least share (0–1) that must lie within the radius, for rules that judge a whole city; else None.
    standard, edition, clause
        The citation.
    status
        One of `RULE_STATUSES`.
    confidence
        One of `CONFIDENCES`.
    verified
        False where a figure or its clause still has to be checked against the printed standard.
    note_zh, note_en
        What a reader must know beside it, or None.
    also
        Codes of further categories; a facility of any of them keeps the rule.
    minutes_low
        Lower end of a range of minutes, or None.
    scope
        One of `SCOPES`: whom it is meant for.
    plan, line, passage_sha256
        For a circle that a plan promises: the plan's id, the 1-based line of its text and the SHA-256 (hex) of that
        line; else None.
    year
        Year by which the plan promises it, or None.
    area
        Code of the area where a local rule is in force; None for one in force everywhere.
    """

    id: str
    category: str
    level: str
    metres: float | None
    metres_low: float | None
    minutes: float | None
    mode: str
    share: float | None
    standard: str
    edition: str
    clause: str
    status: str
    confidence: str
    verified: bool
    note_zh: str | None
    note_en: str | None
    also: tuple[str, ...] = ()
    minutes_low: float | None = None
    scope: str = "all"
    plan: str | None = None
    line: int | None = None
    passage_sha256: str | None = None
    year: int | None = None
    area: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A life-circle level (生活圈) as a standard defines it.

    Attributes
    ----------
    level
        One of `LEVELS`.
    zh, en
        What it is called.
    metres, metres_low
        Walking distance in metres, at most; and the lower end of a range. None where the standard gives none.
    minutes
        Minutes on foot, or None.
    people_low, people_high
        Residents it is meant for.
    standard, edition, clause, status, confidence, verified, note_zh, note_en
        As in `Rule`.
    """

    level: str
    zh: str
    en: str
    metres: float | None
    metres_low: float | None
    minutes: float | None
    people_low: float | None
    people_high: float | None
    standard: str
    edition: str
    clause: str
    status: str
    confidence: str
    verified: bool
    note_zh: str | None
    note_en: str | None


def rules(geodata: Path | None = None) -> tuple[Rule, ...]:
    """Give every rule, in the order of the file.

    Parameters
    ----------
    geodata
        Folder that holds ``standards.toml`` and ``categories.toml``; None for that of the settings.

    Returns
    -------
    tuple of Rule
        Read once a process.

    Raises
    ------
    GeodataError
        When a file is missing, damaged or contradicts itself; the message names the row.
    """
    return _load(tomlfile.folder(geodata))[0]


def plan_rules(geodata: Path | None = None) -> tuple[Rule, ...]:
    """Give the circles that plans themselves promise, as rules with their citation.

    Parameters
    ----------
    geodata
        Folder that holds ``plan_circles.toml`` and ``categories.toml``; None for that of the settings.

    Returns
    -------
    tuple of Rule
        Each with ``plan``, ``line`` and ``passage_sha256``; its standard is the plan, its clause the line.

    Raises
    ------
    GeodataError
        When a file is missing, damaged or contradicts itself; the message names the row.
    """
    return _load_plan_rules(tomlfile.folder(geodata))


def circles(geodata: Path | None = None) -> tuple[Circle, ...]:
    """Give the life-circle levels, widest first as in the file.

    Parameters
    ----------
    geodata
        As in `rules`.

    Returns
    -------
    tuple of Circle

    Raises
    ------
    GeodataError
        As in `rules`.
    """
    return _load(tomlfile.folder(geodata))[1]


@cache
def edge_categories(geodata: Path | None = None) -> frozenset[str]:
    """Give the categories that are entered anywhere along their edge or line: parks, trails, squares.

    Parameters
    ----------
    geodata
        As in `rules`.

    Returns
    -------
    frozenset of str
        Codes; ``edge`` in ``standards.toml``. None where the file does not say.

    Raises
    ------
    GeodataError
        As in `rules`, and when a code is unknown.
    """
    folder = tomlfile.folder(geodata)
    document = tomlfile.read(folder / _FILE)
    codes = tomlfile.texts(document, "edge", where=_FILE) if "edge" in document else ()
    known = categories(folder)
    for code in codes:
        if code not in known:
            tomlfile.refuse(_FILE, f"edge 中没有类别 {code!r}", f"edge names no category {code!r}")
    return frozenset(codes)


@cache
def _load(geodata: Path) -> tuple[tuple[Rule, ...], tuple[Circle, ...]]:
    document = tomlfile.read(geodata / _FILE)
    tomlfile.only(document, ("edge", "rule", "circle"), where=_FILE)
    kinds = {code: kind.family for code, kind in categories(geodata).items()}
    found = [_rule(entry, kinds, place) for place, entry in enumerate(tomlfile.rows(document, "rule", where=_FILE), 1)]
    levels = [_circle(entry, place) for place, entry in enumerate(tomlfile.rows(document, "circle", where=_FILE), 1)]
    _refuse_repeated("rule", "id", [rule.id for rule in found])
    _refuse_repeated("circle", "level", [circle.level for circle in levels])
    return tuple(found), tuple(levels)


_SOURCE_KEYS = ("standard", "edition", "clause", "status", "confidence", "verified", "note_zh", "note_en")


def _rule(entry: dict[str, Any], kinds: dict[str, str], place: int) -> Rule:
    where = f"{_FILE} rule {entry.get('id', place)}"
    keys = ("id", "category", "level", "metres", "metres_low", "minutes", "mode", "share", "area", *_SOURCE_KEYS)
    tomlfile.only(entry, keys, where=where)
    area = tomlfile.optional_text(entry, "area", where=where)
    if area is not None and not _ADCODE.fullmatch(area):
        tomlfile.refuse(where, "area 应为六位行政区划代码", "area takes an area code of six digits")
    identifier = tomlfile.text(entry, "id", where=where)
    if not _ID.fullmatch(identifier):
        tomlfile.refuse(where, "id 只用小写字母、数字和连字符", "an id has lower-case letters, digits and hyphens only")
    rule = Rule(
        id=identifier,
        category=tomlfile.text(entry, "category", where=where, among=kinds),
        level=tomlfile.text(entry, "level", where=where, among=LEVELS),
        metres=tomlfile.positive(entry, "metres", where=where),
        metres_low=tomlfile.positive(entry, "metres_low", where=where),
        minutes=tomlfile.positive(entry, "minutes", where=where),
        mode=tomlfile.text(entry, "mode", where=where, among=MODES),
        share=tomlfile.positive(entry, "share", where=where),
        area=area,
        **_source(entry, where),
    )
    _refuse_unfit(rule, kinds, where)
    return rule


def _refuse_unfit(rule: Rule, kinds: dict[str, str], where: str) -> None:
    _refuse_range("metres", rule.metres_low, rule.metres, where)
    _refuse_range("minutes", rule.minutes_low, rule.minutes, where)
    if rule.share is not None and rule.share > 1:
        tomlfile.refuse(
            where, f"share 应在 0 与 1 之间，现为 {rule.share}", f"share lies between 0 and 1, not {rule.share}"
        )
    if (rule.mode == "none") != (rule.metres is None and rule.minutes is None):
        tomlfile.refuse(
            where,
            "有米或分钟就要有出行方式，没有就用 mode = none",
            "metres or minutes need a mode; without both, mode is none",
        )
    walked = [code for code in (rule.category, *rule.also) if kinds[code] == _NEVER_WALKED]
    if walked and rule.mode != "none":
        tomlfile.refuse(where, "殡葬设施不设步行半径", "funeral facilities have no walking radius")


@cache
def _load_plan_rules(geodata: Path) -> tuple[Rule, ...]:
    document = tomlfile.read(geodata / _PLAN_FILE)
    tomlfile.only(document, ("rule",), where=_PLAN_FILE)
    kinds = {code: kind.family for code, kind in categories(geodata).items()}
    entries = tomlfile.rows(document, "rule", where=_PLAN_FILE)
    found = [_plan_rule(entry, kinds, place) for place, entry in enumerate(entries, 1)]
    _refuse_repeated("rule", "id", [rule.id for rule in found], file=_PLAN_FILE)
    return tuple(found)


_PLAN_KEYS = (
    "id",
    "plan",
    "line",
    "passage_sha256",
    "category",
    "also",
    "level",
    "metres",
    "minutes_low",
    "minutes",
    "mode",
    "scope",
    "year",
    "note_zh",
    "note_en",
)


def _plan_rule(entry: dict[str, Any], kinds: dict[str, str], place: int) -> Rule:
    where = f"{_PLAN_FILE} rule {entry.get('id', place)}"
    tomlfile.only(entry, _PLAN_KEYS, where=where)
    plan, line = tomlfile.text(entry, "plan", where=where), tomlfile.whole(entry, "line", where=where)
    sha256 = tomlfile.text(entry, "passage_sha256", where=where)
    if not _SHA256.fullmatch(sha256):
        tomlfile.refuse(where, "passage_sha256 应为 64 位十六进制", "passage_sha256 takes 64 hexadecimal digits")
    also = tomlfile.texts(entry, "also", where=where) if "also" in entry else ()
    for code in also:
        if code not in kinds:
            tomlfile.refuse(where, f"also 中没有类别 {code!r}", f"also names no category {code!r}")
    rule = Rule(
        id=tomlfile.text(entry, "id", where=where),
        category=tomlfile.text(entry, "category", where=where, among=kinds),
        also=also,
        level=tomlfile.text(entry, "level", where=where, among=LEVELS),
        metres=tomlfile.positive(entry, "metres", where=where),
        metres_low=None,
        minutes=tomlfile.positive(entry, "minutes", where=where),
        minutes_low=tomlfile.positive(entry, "minutes_low", where=where),
        mode=tomlfile.text(entry, "mode", where=where, among=MODES),
        share=None,
        standard=plan,
        edition="规划文本",
        clause=f"第 {line} 行",
        status="in_force",
        confidence="text",
        verified=True,
        note_zh=tomlfile.optional_text(entry, "note_zh", where=where),
        note_en=tomlfile.optional_text(entry, "note_en", where=where),
        scope=tomlfile.text(entry, "scope", where=where, among=SCOPES),
        plan=plan,
        line=line,
        passage_sha256=sha256,
        year=tomlfile.whole(entry, "year", where=where) if "year" in entry else None,
    )
    _refuse_unfit(rule, kinds, where)
    return rule


def _circle(entry: dict[str, Any], place: int) -> Circle:
    where = f"{_FILE} circle {entry.get('level', place)}"
    keys = ("level", "zh", "en", "metres", "metres_low", "minutes", "people_low", "people_high", *_SOURCE_KEYS)
    tomlfile.only(entry, keys, where=where)
    circle = Circle(
        level=tomlfile.text(entry, "level", where=where, among=LEVELS),
        zh=tomlfile.text(entry, "zh", where=where),
        en=tomlfile.text(entry, "en", where=where),
        metres=tomlfile.positive(entry, "metres", where=where),
        metres_low=tomlfile.positive(entry, "metres_low", where=where),
        minutes=tomlfile.positive(entry, "minutes", where=where),
        people_low=tomlfile.positive(entry, "people_low", where=where),
        people_high=tomlfile.positive(entry, "people_high", where=where),
        **_source(entry, where),
    )
    _refuse_range("metres", circle.metres_low, circle.metres, where)
    return circle


def _source(entry: dict[str, Any], where: str) -> dict[str, Any]:
    source = {
        "standard": tomlfile.text(entry, "standard", where=where),
        "edition": tomlfile.text(entry, "edition", where=where),
        "clause": tomlfile.text(entry, "clause", where=where),
        "status": tomlfile.text(entry, "status", where=where, among=RULE_STATUSES),
        "confidence": tomlfile.text(entry, "confidence", where=where, among=CONFIDENCES),
        "verified": tomlfile.flag(entry, "verified", where=where),
        "note_zh": tomlfile.optional_text(entry, "note_zh", where=where),
        "note_en": tomlfile.optional_text(entry, "note_en", where=where),
    }
    if source["confidence"] == "memory" and source["verified"]:
        tomlfile.refuse(where, "凭记忆的数不能算已核", "a figure from memory cannot be verified")
    return source


def _refuse_range(name: str, low: float | None, high: float | None, where: str) -> None:
    if low is not None and (high is None or low >= high):
        tomlfile.refuse(where, f"{name}_low 应小于 {name}", f"{name}_low must be below {name}")


def _refuse_repeated(section: str, key: str, values: list[str], *, file: str = _FILE) -> None:
    for value in values:
        if values.count(value) > 1:
            tomlfile.refuse(f"{file} {section} {value}", f"{key} 重复", f"{key} stands twice")
