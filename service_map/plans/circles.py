"""A plan's text in, the circles that it promises out: 15-minute fitness circles, service radii, 10-km culture circles.

Such a promise names no facility but a reach, so it is a rule by which the plan itself can be held: minutes or metres,
which kinds keep it, for town or country, by which year, with the line that says so. Which words name which kinds stands
in ``geodata/circle_kinds.toml``. A circle of no nameable kind (“15-minute life circle”) is read by the services that
its own sentence lists, or else left out.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from service_map import settings
from service_map.catalogue import tomlfile
from service_map.catalogue.messages import Name, sentence
from service_map.errors import GeodataError
from service_map.plans.extract import passage_sha256
from service_map.plans.lexicon import Wording, load_wording
from service_map.plans.outline import outline, source_lines
from service_map.plans.sentences import split_sentences

_FILE = "circle_kinds.toml"
_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_NUMBER = r"(?<!\d)\d{1,4}(?:\.\d{1,3})?|[一二两三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九]"
_QUOTES = "[“”\"'‘’]?"
_NAME = r"[\u4e00-\u9fff、和与]{0,14}?"
_CIRCLE = re.compile(
    rf"{_QUOTES}(?:(?P<low>{_NUMBER})(?:-|至|到))?(?P<high>{_NUMBER})(?P<unit>分钟|公里|千米){_QUOTES}(?P<name>{_NAME}){_QUOTES}圈"
)
_RADIUS = re.compile(
    rf"服务半径(?:控制在|不超过|不大于|小于等于|小于|为|在|达到|约|[≤<=]|以内)*(?P<high>{_NUMBER})(?P<unit>公里|千米|米)"
)
_YEAR = re.compile(r"(?<![\d-])(20[2-4]\d)年")
_TOWN = re.compile(r"城市社区|城镇社区|城市|城镇|中心城区|主城区|县城|城区")
_COUNTRY = re.compile(r"农村|乡村|村庄")
_BOTH = re.compile(r"城乡")
# Where the scope of a circle stands: close before it.
_SCOPE_WIDTH = 12
# How far before a service radius the facility that it is of may be named.
_RADIUS_WIDTH = 24
# A radius for these would be an invention: nobody walks there.
_NEVER_WALKED = ("funeral_home", "columbarium_cemetery")
# 已建成…, or a circle that only counts what has been reached (建成15分钟健身圈的社区231个).
_DONE = re.compile(r"已建成|已经|累计|基本实现了|现有|共有|圈的(?:社区|小区|乡镇|街道)[^，。]{0,8}\d")
_METRES = {"公里": 1000.0, "千米": 1000.0, "米": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCircle:
    """One circle that a plan promises: a row of ``geodata/plan_circles.toml``.

    Attributes
    ----------
    id
        Plan, name and line.
    plan, line, passage_sha256
        Its citation: 1-based source line and the SHA-256 (hex) of that line.
    section
        The nearest heading above, None before the first; not part of the row.
    category, also
        Kinds of facility any of which keeps it.
    level, mode, scope
        As in `service_map.catalogue.Rule`.
    metres, minutes_low, minutes
        The plan's own figures; None where it gives none.
    year
        Year by which it is promised, None where the sentence does not say.
    note_zh, note_en
        What it is called.
    """

    id: str
    plan: str
    line: int
    passage_sha256: str
    section: str | None
    category: str
    also: tuple[str, ...]
    level: str
    metres: float | None
    minutes_low: float | None
    minutes: float | None
    mode: str
    scope: str
    year: int | None
    note_zh: str
    note_en: str


@dataclass(frozen=True, slots=True)
class _Kind:
    slug: str
    words: tuple[str, ...]
    category: str
    also: tuple[str, ...]
    mode: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class _Found:
    at: int
    kind: _Kind
    low: float | None
    high: float
    unit: str


@dataclass(frozen=True, slots=True)
class _Cited:
    plan: str
    line: int
    passage_sha256: str
    section: str | None


_Words = tuple[tuple[_Kind, ...], tuple[_Kind, ...], tuple[_Kind, ...]]


def extract_circles(text: str, *, plan: str, geodata: Path | None = None) -> list[PlanCircle]:
    """Read the circles and service radii that a plan promises.

    Never raises, whatever the text.

    Parameters
    ----------
    text
        The plan's text as `service_map.plans.read_text` gives it.
    plan
        The plan's id.
    geodata
        Folder of the word lists; None for that of the settings.

    Returns
    -------
    list of PlanCircle
        In reading order. What a plan reports as reached, or says without a figure, is none.
    """
    folder = settings.load().geodata_dir if geodata is None else geodata
    sources, words = source_lines(text), load_circle_kinds(folder)
    wording = load_wording(folder)
    rows: list[PlanCircle] = []
    used: set[str] = set()
    for passage in outline(text, wording=wording):
        for start, end, _ in split_sentences(passage.text):
            sentence = passage.text[start:end]
            if any(mark in sentence for mark in wording.past_sentences):
                continue
            for found in _in_sentence(sentence, words, wording):
                line = passage.lines[start + found.at]
                cited = _Cited(plan, line, passage_sha256(sources[line - 1]), passage.section)
                row = _row(found, sentence, cited)
                if row.id not in used:
                    used.add(row.id)
                    rows.append(row)
    return sorted(rows, key=lambda row: row.line)


def write_circles(path: Path, circles: Iterable[PlanCircle]) -> None:
    """Write ``plan_circles.toml``.

    Parameters
    ----------
    path
        The file; it is replaced whole.
    circles
        In the order in which they are to stand.
    """
    part = path.with_name(path.name + ".part")
    part.write_text(circles_text(circles), encoding="utf-8")
    part.replace(path)


def load_circles(path: Path) -> list[PlanCircle]:
    """Read ``plan_circles.toml`` back; ``section`` is None.

    Parameters
    ----------
    path
        The file; a missing one holds no circles.

    Returns
    -------
    list of PlanCircle

    Raises
    ------
    GeodataError
        When the file is damaged.
    """
    if not path.exists():
        return []
    blank = dict.fromkeys(("section", "metres", "minutes_low", "minutes", "year"))
    try:
        rows = tomlfile.read(path).get("rule", [])
        return [PlanCircle(**{**blank, **row, "also": tuple(row.get("also", ()))}) for row in rows]
    except (TypeError, AttributeError) as error:
        raise GeodataError(f"数据文件 {path.name} 读不出：{error}", f"cannot read {path.name}: {error}") from error


def circles_text(circles: Iterable[PlanCircle]) -> str:
    """Give the text of ``plan_circles.toml``."""
    return _HEAD + "".join(_toml(circle) for circle in circles)


_HEAD = """\
# 规划自己提出的服务圈：每行一条，注明规划和行号。由 service-map refresh 写出，不手工改；读法见 circle_kinds.toml。
# The circles that the plans themselves promise, one row each, with the plan and the line that says so. Written by
# service-map refresh, never by hand; how they are read stands in circle_kinds.toml.
#
# category/also  这个服务圈由哪些类别的设施来满足（also 与 category 任一即可），是本项目的读法
# metres/minutes 规划原文的数；没有写的不补。minutes_low 为范围的下限
# mode           walk：规划只写分钟、未写出行方式，按步行评价；distance：规划只写距离；vehicle：车辆到达，不作步行评价
# scope          urban 城镇 · rural 农村 · all 未区分
# year           规划写明的完成年份
# passage_sha256 该行文字（UTF-8，不含换行）的 SHA-256
"""


def _in_sentence(sentence: str, words: _Words, wording: Wording) -> Iterator[_Found]:
    kinds, services, stations = words
    matches = sorted((*_CIRCLE.finditer(sentence), *_RADIUS.finditer(sentence)), key=lambda match: match.start("high"))
    for match in matches:
        clause = re.split("[，。；]", sentence[: match.start()])[-1] + sentence[match.start() : match.end() + 16]
        if _DONE.search(clause):
            continue
        high = _value(match["high"])
        low = _value(match["low"]) if "low" in match.re.groupindex and match["low"] else None
        if high is None or high <= 0 or (low is not None and low >= high):
            continue
        at, unit = match.start("low") if low is not None else match.start("high"), match["unit"]
        if match.re is _RADIUS:
            # The radius of what is named before it.
            kind = _served(sentence[: match.start()], stations, wording)
            if kind is not None:
                yield _Found(at, kind, None, high, unit)
            continue
        named = next(iter(_named(kinds, match["name"])), None)
        if named is not None:
            yield _Found(at, named, low, high, unit)
            continue
        if re.fullmatch(r"(?:社区|便民|公共|综合|社会|基本)*(?:生活|活动|服务|公共服务)*", match["name"]):
            before = sentence[: match.start()]
            for kind in _named(services, before):
                yield _Found(at, kind, low, high, unit)


def _served(before: str, stations: tuple[_Kind, ...], wording: Wording) -> _Kind | None:
    """Say what a service radius is of: the station or the facility named last before it."""
    near = before[-_RADIUS_WIDTH:]
    named = _named(stations, near)
    if named:
        return named[0]
    nouns = [token for token in wording.tokens(near) if token.category]
    if not nouns or nouns[-1].category in _NEVER_WALKED:
        return None
    code = str(nouns[-1].category)
    about = sentence("%(noun)s服务半径", noun=Name(nouns[-1].word, code.replace("_", " ")))
    return _Kind(
        slug=f"{code.replace('_', '-')}-radius", words=(), category=code, also=(), mode="distance",
        zh=about.zh, en=about.en,
    )  # fmt: skip


def _named(kinds: tuple[_Kind, ...], text: str) -> list[_Kind]:
    return [kind for kind in kinds if any(word in text for word in kind.words)]


def _row(found: _Found, sentence: str, cited: _Cited) -> PlanCircle:
    kind = found.kind
    before = sentence[: found.at]
    scope = _scope(before[-_SCOPE_WIDTH:])
    minutes = found.high if found.unit == "分钟" else None
    metres = None if minutes is not None else found.high * _METRES[found.unit]
    mode = kind.mode if minutes is not None else "distance"
    radius = kind.slug.endswith(("-station", "-radius"))
    level = "county" if kind.slug.endswith("-station") or mode == "vehicle" else "none"
    if mode == "walk" and minutes in (5, 10, 15):
        level = f"{minutes:g}"
    years = _YEAR.findall(before)
    length = f"{found.high:g}{found.unit}"
    english = f"{minutes:g}-minute" if minutes is not None else f"{(metres or 0) / 1000:g}-km"
    if found.low is not None:
        length, english = f"{found.low:g}—{length}", f"{found.low:g}–{english}"
    place = {"urban": "-urban", "rural": "-rural"}.get(scope, "") if kind.slug == "culture" else ""
    return PlanCircle(
        id=f"{cited.plan}-{kind.slug}{place}-{cited.line}",
        plan=cited.plan,
        line=cited.line,
        passage_sha256=cited.passage_sha256,
        section=cited.section,
        category=kind.category,
        also=kind.also,
        level=level,
        metres=metres,
        minutes_low=found.low,
        minutes=minutes,
        mode=mode,
        scope=scope,
        year=int(years[-1]) if years else None,
        note_zh=kind.zh if radius else f"{length}{kind.zh}",
        note_en=kind.en if radius else f"{english} {kind.en}",
    )


def _scope(before: str) -> str:
    if _BOTH.search(before):
        return "all"
    town, country = (list(pattern.finditer(before)) for pattern in (_TOWN, _COUNTRY))
    if country and (not town or country[-1].start() > town[-1].start()):
        return "rural"
    return "urban" if town else "all"


def _value(text: str) -> float | None:
    if text[0].isdigit():
        return float(text)
    if "十" in text:
        tens, _, ones = text.partition("十")
        return float((_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0))
    return float(_DIGITS[text])


@cache
def load_circle_kinds(geodata: Path) -> _Words:
    """Return which words name which circles, from ``circle_kinds.toml`` of a folder, read once."""
    path = geodata / _FILE
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return (
            tuple(_kind(entry) for entry in document["kind"]),
            tuple(_kind({**document["every_service"], **entry}) for entry in document["service"]),
            tuple(_kind(entry) for entry in document["station"]),
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise GeodataError(f"数据文件 {_FILE} 读不出：{error}", f"cannot read {_FILE}: {error}") from error


def _kind(entry: dict[str, Any]) -> _Kind:
    return _Kind(
        slug=entry["slug"],
        words=tuple(entry["words"]),
        category=entry["category"],
        also=tuple(entry.get("also", ())),
        mode=entry.get("mode", "walk"),
        zh=entry["zh"],
        en=entry["en"],
    )


def _toml(circle: PlanCircle) -> str:
    lines = ["", "[[rule]]", f'id = "{circle.id}"', f'plan = "{circle.plan}"', f"line = {circle.line}"]
    lines.append(f'passage_sha256 = "{circle.passage_sha256}"')
    lines.append(f'category = "{circle.category}"')
    if len(circle.also) > 5:
        lines += ["also = [", *(f'    "{code}",' for code in circle.also), "]"]
    elif circle.also:
        lines.append("also = [" + ", ".join(f'"{code}"' for code in circle.also) + "]")
    lines.append(f'level = "{circle.level}"')
    for name in ("metres", "minutes_low", "minutes"):
        value = getattr(circle, name)
        if value is not None:
            lines.append(f"{name} = {value:g}")
    lines += [f'mode = "{circle.mode}"', f'scope = "{circle.scope}"']
    if circle.year is not None:
        lines.append(f"year = {circle.year}")
    lines += [f'note_zh = "{circle.note_zh}"', f'note_en = "{circle.note_en}"', ""]
    return "\n".join(lines)
