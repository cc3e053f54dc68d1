"""What the standards ask (``geodata/standards.toml``) and what plans promise by themselves (``plan_circles.toml``).

A rule is one clause of one edition of one standard. The same category has several that differ (a kindergarten within
300 m by GB 50180, within 300–500 m by JGJ 39), so an answer names the rule it used and never a bare number.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from service_map.catalogue import terms, tomlfile
from service_map.catalogue.kinds import categories

_FILE = "standards.toml"
_PLAN_FILE = "plan_circles.toml"
_ADCODE = re.compile(r"\d{6}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

# Confidences of what nobody has read in the clause's own words.
_UNREAD = ("secondary", "memory")

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
        One of `terms.RULE_LEVEL`. Levels do not substitute for each other.
    metres, metres_low
        Service radius (服务半径) in metres, at most; and the lower end where the clause gives a range. None where it
        gives no radius.
    minutes
        Minutes of the way, None where the clause gives none.
    mode
        One of `terms.MODE`.
    share, share_new, share_old
        Least share (0–1) that must lie within the radius, for rules that judge a whole city; and where the clause
        tells them apart, that of newly built and of old urban areas. Else None.
    denominator
        What that share is a share of, one of `terms.DENOMINATOR`; None for a rule that asks for no share.
    measured_from
        Where the clause measures from, one of `terms.RULE_MEASURED_FROM`.
    size_low, size_high
        Size of the facilities it means in hectares, the lower end included and the upper not, or None.
    standard, edition, clause
        The citation.
    status
        One of `terms.RULE_STATUS`.
    force
        One of `terms.FORCE`, or None where its words were not seen.
    confidence
        One of `terms.CONFIDENCE`.
    verified
        False where a figure or its clause still has to be checked against the printed standard; always false for what
        is told by others or remembered.
    note_zh, note_en
        What a reader must know beside it, or None.
    source, read_on
        Where it was read, and the day (``2026-11-30``), or None.
    also
        Codes of further categories; a facility of any of them keeps the rule.
    minutes_low
        Lower end of a range of minutes, or None.
    scope
        One of `terms.SCOPE`: whom it is meant for.
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
    share_new: float | None = None
    share_old: float | None = None
    denominator: str | None = None
    measured_from: str = "unstated"
    size_low: float | None = None
    size_high: float | None = None
    force: str | None = None
    source: str | None = None
    read_on: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A life-circle level (生活圈) as a standard defines it.

    Attributes
    ----------
    level
        One of `terms.RULE_LEVEL`.
    zh, en
        What it is called.
    metres, metres_low
        Walking distance in metres, at most; and the lower end of a range. None where the standard gives none.
    minutes
        Minutes on foot, or None.
    people_low, people_high
        Residents it is meant for.
    standard, edition, clause, status, confidence, verified, note_zh, note_en, source, read_on
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
    source: str | None = None
    read_on: str | None = None


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


def usual(asked: Iterable[Rule]) -> dict[str, Rule]:
    """Give for each category the one clause that it is judged by where a question names none.

    What was read in the clause's own words comes before what was not, then what is in force before a draft, what is
    asked before what is only advised, and the surer source; of equals, the first.

    Parameters
    ----------
    asked
        Rules; those without a distance on foot, of a whole city or county, superseded ones and those in force in one
        area only are left out.

    Returns
    -------
    dict of Rule
        By category, in the order in which the categories first appear.
    """
    found: dict[str, Rule] = {}
    for rule in asked:
        if (
            rule.mode not in terms.JUDGED
            or rule.level not in terms.POINT_LEVELS
            or rule.status == "superseded"
            or rule.area
        ):
            continue
        found[rule.category] = min(found.get(rule.category, rule), rule, key=_doubt)
    return found


def distinct(asked: Iterable[Rule]) -> list[Rule]:
    """Keep of rules that ask the same of the same kinds only the best known, so that none is counted twice.

    Parameters
    ----------
    asked
        Rules.

    Returns
    -------
    list of Rule
        In the order given.
    """
    best: dict[tuple[object, ...], Rule] = {}
    for rule in asked:
        # Minutes judge nothing where there are metres.
        far = ("metres", rule.metres) if rule.metres is not None else ("minutes", rule.minutes)
        same = (rule.category, rule.also, rule.level, rule.mode, *far)
        best[same] = min(best.get(same, rule), rule, key=_doubt)
    return list(best.values())


def _doubt(rule: Rule) -> tuple[bool, int, bool, int]:
    status, confidence = terms.RULE_STATUS.codes.index(rule.status), terms.CONFIDENCE.codes.index(rule.confidence)
    return not rule.verified, status, rule.force == "advisory", confidence


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


_SOURCE_KEYS = (
    "standard",
    "edition",
    "clause",
    "status",
    "confidence",
    "verified",
    "note_zh",
    "note_en",
    "source",
    "read_on",
)
_RULE_KEYS = (
    "id",
    "category",
    "also",
    "level",
    "metres",
    "metres_low",
    "minutes",
    "mode",
    "measured_from",
    "size_low",
    "size_high",
    "share",
    "share_new",
    "share_old",
    "denominator",
    "scope",
    "area",
    "force",
    *_SOURCE_KEYS,
)


def _rule(entry: dict[str, Any], kinds: dict[str, str], place: int) -> Rule:
    where = f"{_FILE} rule {entry.get('id', place)}"
    tomlfile.only(entry, _RULE_KEYS, where=where)
    area = tomlfile.optional_text(entry, "area", where=where)
    if area is not None and not _ADCODE.fullmatch(area):
        tomlfile.refuse(where, "area 应为六位行政区划代码", "area takes an area code of six digits")
    identifier = tomlfile.text(entry, "id", where=where)
    if not _ID.fullmatch(identifier):
        tomlfile.refuse(where, "id 只用小写字母、数字和连字符", "an id has lower-case letters, digits and hyphens only")
    rule = Rule(
        id=identifier,
        category=tomlfile.text(entry, "category", where=where, among=kinds),
        level=tomlfile.text(entry, "level", where=where, among=terms.RULE_LEVEL.codes),
        metres=tomlfile.positive(entry, "metres", where=where),
        metres_low=tomlfile.positive(entry, "metres_low", where=where),
        minutes=tomlfile.positive(entry, "minutes", where=where),
        mode=tomlfile.text(entry, "mode", where=where, among=terms.MODE.codes),
        also=_also(entry, kinds, where),
        measured_from=_among(entry, "measured_from", terms.RULE_MEASURED_FROM.codes, where) or "unstated",
        size_low=tomlfile.positive(entry, "size_low", where=where),
        size_high=tomlfile.positive(entry, "size_high", where=where),
        share=tomlfile.positive(entry, "share", where=where),
        share_new=tomlfile.positive(entry, "share_new", where=where),
        share_old=tomlfile.positive(entry, "share_old", where=where),
        denominator=_among(entry, "denominator", terms.DENOMINATOR.codes, where),
        scope=_among(entry, "scope", terms.SCOPE.codes, where) or "all",
        area=area,
        force=_among(entry, "force", terms.FORCE.codes, where),
        **_source(entry, where),
    )
    _refuse_unfit(rule, kinds, where)
    return rule


def _refuse_unfit(rule: Rule, kinds: dict[str, str], where: str) -> None:
    _refuse_range("metres", rule.metres_low, rule.metres, where)
    _refuse_range("minutes", rule.minutes_low, rule.minutes, where)
    if rule.size_high is not None:
        _refuse_range("size", rule.size_low, rule.size_high, where)
    for name, value in (("share", rule.share), ("share_new", rule.share_new), ("share_old", rule.share_old)):
        if value is not None and value > 1:
            tomlfile.refuse(
                where, f"{name} 应在 0 与 1 之间，现为 {value}", f"{name} lies between 0 and 1, not {value}"
            )
    if rule.share is not None and rule.denominator is None:
        tomlfile.refuse(
            where,
            "有 share 就要写 denominator（条文没有说就写 unstated）",
            "a share needs its denominator (unstated where the clause gives none)",
        )
    far = rule.metres is not None or rule.minutes is not None
    # A clause may give a distance by which nothing can be judged here; of a life circle's own level none does.
    if rule.mode == "none" and far and rule.level not in ("city", "county", "none"):
        tomlfile.refuse(
            where, "生活圈各级的米或分钟要有出行方式（mode）", "metres or minutes of a life circle's level need a mode"
        )
    if rule.mode != "none" and not far:
        tomlfile.refuse(where, "没有米也没有分钟，就用 mode = none", "without metres and minutes, mode is none")
    walked = [code for code in (rule.category, *rule.also) if kinds[code] == _NEVER_WALKED]
    if walked and (rule.mode != "none" or far):
        tomlfile.refuse(where, "殡葬设施不设步行半径", "funeral facilities have no walking radius")


def _also(entry: dict[str, Any], kinds: dict[str, str], where: str) -> tuple[str, ...]:
    codes = tomlfile.texts(entry, "also", where=where) if "also" in entry else ()
    for code in codes:
        if code not in kinds:
            tomlfile.refuse(where, f"also 中没有类别 {code!r}", f"also names no category {code!r}")
    return codes


def _among(entry: dict[str, Any], key: str, allowed: tuple[str, ...], where: str) -> str | None:
    return tomlfile.text(entry, key, where=where, among=allowed) if key in entry else None


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
    rule = Rule(
        id=tomlfile.text(entry, "id", where=where),
        category=tomlfile.text(entry, "category", where=where, among=kinds),
        also=_also(entry, kinds, where),
        level=tomlfile.text(entry, "level", where=where, among=terms.RULE_LEVEL.codes),
        metres=tomlfile.positive(entry, "metres", where=where),
        metres_low=None,
        minutes=tomlfile.positive(entry, "minutes", where=where),
        minutes_low=tomlfile.positive(entry, "minutes_low", where=where),
        mode=tomlfile.text(entry, "mode", where=where, among=terms.MODE.codes),
        share=None,
        standard=plan,
        edition="规划文本",
        clause=f"第 {line} 行",
        status="in_force",
        confidence="text",
        verified=True,
        note_zh=tomlfile.optional_text(entry, "note_zh", where=where),
        note_en=tomlfile.optional_text(entry, "note_en", where=where),
        scope=tomlfile.text(entry, "scope", where=where, among=terms.SCOPE.codes),
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
        level=tomlfile.text(entry, "level", where=where, among=terms.RULE_LEVEL.codes),
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
        "status": tomlfile.text(entry, "status", where=where, among=terms.RULE_STATUS.codes),
        "confidence": tomlfile.text(entry, "confidence", where=where, among=terms.CONFIDENCE.codes),
        "verified": tomlfile.flag(entry, "verified", where=where),
        "note_zh": tomlfile.optional_text(entry, "note_zh", where=where),
        "note_en": tomlfile.optional_text(entry, "note_en", where=where),
        "source": tomlfile.optional_text(entry, "source", where=where),
        "read_on": tomlfile.optional_text(entry, "read_on", where=where),
    }
    if source["confidence"] in _UNREAD and source["verified"]:
        tomlfile.refuse(
            where, "转述或凭记忆的数不能算已核", "a figure told by others or from memory cannot be verified"
        )
    if source["read_on"] is not None and not (source["source"] and _DAY.fullmatch(str(source["read_on"]))):
        tomlfile.refuse(
            where, "read_on 应为 2026-11-30 这样的日期，并写明 source", "read_on takes a day, beside a source"
        )
    return source


def _refuse_range(name: str, low: float | None, high: float | None, where: str) -> None:
    if low is not None and (high is None or low >= high):
        tomlfile.refuse(where, f"{name}_low 应小于 {name}", f"{name}_low must be below {name}")


def _refuse_repeated(section: str, key: str, values: list[str], *, file: str = _FILE) -> None:
    for value in values:
        if values.count(value) > 1:
            tomlfile.refuse(f"{file} {section} {value}", f"{key} 重复", f"{key} stands twice")
