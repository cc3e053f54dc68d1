"""Every query parameter: its name, what it allows, how its text becomes a value, and how that fails.

One declaration serves the parser, the error message and the OpenAPI document, so that none of them can say what another
does not do. A parameter that is unknown, given twice where one is wanted, too long, or not text is refused, never
ignored: a filter that is silently dropped answers a question that nobody asked.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from unicodedata import category
from urllib.parse import unquote_to_bytes

from flask import g, request
from werkzeug.datastructures import MultiDict

from service_map import coverage
from service_map.analysis import MOST_CELLS, MOST_SITES, PLACE_SOURCES, STOCKS, WAYS
from service_map.catalogue import terms
from service_map.catalogue.messages import Name, Sentence, sentence
from service_map.errors import Fault, InvalidParameterError, nearest_word
from service_map.io.datum import DATUMS
from service_map.store import (
    CommitmentFilter,
    FacilityFilter,
    IndicatorFilter,
    PlanChangeFilter,
    PromiseFilter,
    ReleaseChangeFilter,
)
from service_map.store.data_dictionary import SYSTEMS
from service_map.store.export import Format
from service_map.web.language import LANGUAGES

MAX_TEXT = 400
"""Characters of the longest value that is read at all."""

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
MAX_METRES = 100_000.0
MAX_MINUTES = 120.0
FIRST_YEAR, LAST_YEAR = 1990, 2100
CIRCLE_MINUTES = (5, 10, 15)
MAX_Q = 64
# As many values as a sentence can list; more stand in the member "allowed" alone.
_FEW = 12
ALL = "all"
"""Value of ``status`` that asks for promised and existing facilities alike."""
LEVELS = ("city", "county", "township")

Known = Callable[[str], Collection[str]]
"""The values of a closed set that the data decides (``area``, ``category``, ``family``, ``plan``), by its name."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_CURSOR = re.compile(r"[A-Za-z0-9_.=-]{1,400}", re.ASCII)
_RELEASE = re.compile(r"\d{4}-\d\d-\d\d(\.\d{1,3})?", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One query parameter.

    Attributes
    ----------
    name
        As it stands in the address.
    about
        What it means, for the OpenAPI document.
    schema
        JSON Schema of one value.
    parse
        Turns ``(parameter's name, text)`` into the value or raises `InvalidParameterError`. None where `known` decides.
    known
        Name of the closed set that holds its values, where the data decides them.
    many
        It may be repeated, and each value may be a comma-separated list.
    required
        It must be given.
    default
        The value where it is not given.
    longest
        Characters of the longest value that is read at all.
    """

    name: str
    about: Sentence
    schema: Mapping[str, Any] = field(hash=False)
    parse: Callable[[str, str], Any] | None = None
    known: str | None = None
    many: bool = False
    required: bool = False
    default: Any = None
    longest: int = MAX_TEXT


def read(
    args: MultiDict[str, str], parameters: Collection[Parameter], *, known: Known, blank: str = "refuse"
) -> dict[str, Any]:
    """Parse the query of a request.

    Parameters
    ----------
    args
        The query's names and texts.
    parameters
        What the address takes; ``lang`` is always taken besides.
    known
        Gives the closed sets that the data decides. Asked only for those that the query names.
    blank
        ``"refuse"`` an empty value, or take it as ``"absent"``, as an HTML form sends the fields left empty.

    Returns
    -------
    dict
        A value for each parameter's name: the parsed one (a tuple where ``many``) or the default.

    Raises
    ------
    InvalidParameterError
        Naming the parameter and what it allows.
    """
    takes = {parameter.name: parameter for parameter in (*parameters, LANG)}
    for name in args:
        if name not in takes:
            raise _unknown(name, takes)
    return {
        name: _value(args.getlist(name), parameter, known, blank)
        if name in args or parameter.required
        else parameter.default
        for name, parameter in takes.items()
    }


def check_encoding(query: bytes) -> None:
    """Refuse a query whose bytes are not UTF-8, which Werkzeug would hand on with the percent signs left in.

    Parameters
    ----------
    query
        The raw query string.

    Raises
    ------
    InvalidParameterError
        Naming the parameter.
    """
    for pair in query.split(b"&"):
        try:
            unquote_to_bytes(pair).decode()
        except UnicodeDecodeError:
            name = unquote_to_bytes(pair.partition(b"=")[0]).decode(errors="replace")
            raise InvalidParameterError(shown(name), "不是 UTF-8 文本", "is not UTF-8 text") from None


def reply_language() -> str:
    """Say which language a program is answered in: ``lang``, else ``Accept-Language``, else Chinese.

    Never fails, because it also serves the message that says ``lang`` itself is wrong.
    """
    if "reply_language" not in g:
        asked = request.args.get("lang")
        if asked not in LANGUAGES:
            asked = request.accept_languages.best_match(LANGUAGES, default=LANGUAGES[0]) or LANGUAGES[0]
        g.reply_language = asked
    return str(g.reply_language)


def facility_filter(values: Mapping[str, Any]) -> FacilityFilter:
    """Make the store's filter of what `read` returned for `FILTER`; absent names filter nothing.

    What stands already is no promise of a plan: it is found only by ``status=existing`` or ``all``, or by its state.
    """
    status, states = values.get("status"), values.get("state") or ()
    return FacilityFilter(
        bbox=values.get("bbox"),
        categories=values.get("category") or (),
        families=values.get("family") or (),
        area=values.get("area"),
        plans=_at_most_one(values.get("plan")),
        status=None if status == ALL else status,
        states=states,
        promised=status is None and "existing" not in states,
        year=values.get("year"),
        precision=values.get("precision"),
        q=values.get("q"),
    )


def commitment_filter(values: Mapping[str, Any]) -> CommitmentFilter:
    """Make the store's filter of what `read` returned for `COMMITMENTS`."""
    return CommitmentFilter(
        plans=_at_most_one(values["plan"]),
        categories=values["category"] or (),
        families=values["family"] or (),
        kind=values["kind"],
        area=values["area"],
        year=values["year"],
        q=values["q"],
    )


def indicator_filter(values: Mapping[str, Any]) -> IndicatorFilter:
    """Make the store's filter of what `read` returned for `INDICATORS`."""
    return IndicatorFilter(
        area=values["area"],
        plans=_at_most_one(values["plan"]),
        categories=values["category"] or (),
        families=values["family"] or (),
        binding=values["binding"],
        form=values["form"],
        year=values["year"],
        q=values["q"],
    )


def plan_change_filter(values: Mapping[str, Any], plan: str) -> PlanChangeFilter:
    """Make the store's filter of what `read` returned for `PLAN_CHANGES`, for one plan."""
    return PlanChangeFilter(
        plan=plan,
        change=values["change"],
        area=values["area"],
        categories=values["category"] or (),
        families=values["family"] or (),
    )


def release_change_filter(values: Mapping[str, Any]) -> ReleaseChangeFilter:
    """Make the store's filter of what `read` returned for `RELEASE_CHANGES`."""
    return ReleaseChangeFilter(
        since=values["since"],
        change=values.get("change"),
        area=values["area"],
        categories=values["category"] or (),
        families=values["family"] or (),
    )


def promise_filter(values: Mapping[str, Any]) -> PromiseFilter:
    """Make the store's filter of what `read` returned for `REQUIREMENTS` or `QUOTAS`."""
    return PromiseFilter(
        area=values["area"],
        categories=values["category"] or (),
        families=values["family"] or (),
        plans=_at_most_one(values["plan"]),
        per=values.get("per"),
        state=values.get("state"),
        year=values["year"],
        q=values["q"],
    )


def _at_most_one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def text_schema(longest: int = MAX_TEXT) -> dict[str, Any]:
    """Say in a schema what every text is held to: not empty, no control characters, no longer than is read."""
    control = r"\u0000-\u001f\u007f-\u009f"
    return {
        "type": "string",
        "minLength": 1,
        "maxLength": longest,
        "pattern": rf"^[^{control}]*[^\s{control}][^{control}]*$",
    }


def shown(text: str) -> str:
    """Make a user's text fit to stand in a message: short, on one line, no control characters."""
    clean = "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in text[:41])
    return f"{clean[:40]}…" if len(text) > 40 else clean


def _value(texts: list[str], parameter: Parameter, known: Known, blank: str) -> Any:
    name = parameter.name
    if blank == "absent":
        texts = [text for text in texts if text.strip()]
    if not texts:
        if parameter.required:
            raise InvalidParameterError(name, "缺少这个参数", "this parameter is required", _listed(parameter))
        return parameter.default
    for text in texts:
        _check_text(name, text, parameter.longest)
    if not parameter.many:
        if len(texts) > 1:
            raise InvalidParameterError(
                name, f"只能给一次，现给了 {len(texts)} 次", f"may be given once, not {len(texts)} times"
            )
        return _one(texts[0], parameter, known)
    parts = [part.strip() for text in texts for part in text.split(",")]
    # dict keeps the order and drops what is said twice, so that equal questions become equal filters.
    return tuple(dict.fromkeys(_one(part, parameter, known) for part in parts))


def _check_text(name: str, text: str, longest: int) -> None:
    if not text.strip():
        raise InvalidParameterError(name, "值为空；不用就不要写这个参数", "is empty; leave the parameter out instead")
    if len(text) > longest:
        raise InvalidParameterError(
            name, f"不能超过 {longest} 个字符，现有 {len(text)} 个", f"at most {longest} characters, not {len(text)}"
        )
    # A full-width space, as Chinese keyboards type it, is neither printable to Python nor a control character.
    if any(category(mark) in {"Cc", "Cs"} for mark in text):
        raise InvalidParameterError(name, "含有控制字符", "holds control characters")


def _one(text: str, parameter: Parameter, known: Known) -> Any:
    if parameter.known is None:
        return parameter.parse(parameter.name, text) if parameter.parse else text
    allowed = known(parameter.known)
    if text in allowed:
        return text
    raise _not_one_of(parameter.name, text, tuple(allowed))


def _unknown(name: str, takes: Mapping[str, Parameter]) -> InvalidParameterError:
    zh, en = _hint(name, takes)
    return InvalidParameterError(
        shown(name),
        f"没有这个参数{zh}可用：{'、'.join(takes)}",
        f"no such parameter{en}use {', '.join(takes)}",
        tuple(takes),
    )


def _not_one_of(name: str, text: str, allowed: tuple[str, ...]) -> InvalidParameterError:
    zh, en = _hint(text, allowed)
    few = len(allowed) <= _FEW
    return InvalidParameterError(
        name,
        f"没有“{shown(text)}”{zh}" + (f"可用：{'、'.join(allowed)}" if few else "可用的值见 allowed"),
        f"no such value {shown(text)!r}{en}" + (f"use {', '.join(allowed)}" if few else "the values are in 'allowed'"),
        allowed,
    )


def _hint(text: str, allowed: Collection[str]) -> tuple[str, str]:
    near = nearest_word(text, allowed)
    return Fault(f"，是不是 {near}？", f"; did you mean {near}? ") if near else ("，", "; ")


def _listed(parameter: Parameter) -> tuple[str, ...]:
    return tuple(str(value) for value in parameter.schema.get("enum", ()))


def choice(values: Collection[str]) -> Callable[[str, str], str]:
    """Make a parser of one out of some words."""

    def parse(name: str, text: str) -> str:
        if text not in values:
            raise _not_one_of(name, text, tuple(values))
        return text

    return parse


def number(name: str, text: str) -> float:
    """Parse a decimal number."""
    # float() alone would also take "nan", "inf", "1_000" and full-width digits.
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise InvalidParameterError(
            name,
            f"应为十进制数，如 112.19，现为“{shown(text)}”",
            f"takes a decimal number such as 112.19, not {shown(text)!r}",
        )
    return value


def _between(low: float, high: float, *, unit: Fault) -> Callable[[str, str], float]:
    def parse(name: str, text: str) -> float:
        value = number(name, text)
        if not low <= value <= high:
            raise InvalidParameterError(
                name,
                f"应在 {low:g} 到 {high:g} {unit.zh}之间，现为 {shown(text)}",
                f"must be from {low:g} to {high:g} {unit.en}, not {shown(text)}",
            )
        return value

    return parse


def whole_between(low: int, high: int) -> Callable[[str, str], int]:
    """Make a parser of whole numbers from `low` to `high`."""

    def parse(name: str, text: str) -> int:
        if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
            raise InvalidParameterError(
                name,
                f"应为 {low} 到 {high} 的整数，现为“{shown(text)}”",
                f"takes a whole number from {low} to {high}, not {shown(text)!r}",
            )
        return int(text)

    return parse


def _whole_of(values: Collection[int]) -> Callable[[str, str], int]:
    allowed = tuple(str(value) for value in values)

    def parse(name: str, text: str) -> int:
        if text not in allowed:
            raise _not_one_of(name, text, allowed)
        return int(text)

    return parse


def _bbox(name: str, text: str) -> tuple[float, float, float, float]:
    """Parse ``west,south,east,north`` in WGS 84 degrees (RFC 7946 section 5), without the antimeridian."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4:
        raise InvalidParameterError(
            name,
            f"应为四个数“西,南,东,北”（WGS 84 度），现有 {len(parts)} 个",
            f"takes four numbers west,south,east,north in WGS 84 degrees, not {len(parts)}",
        )
    west, south, east, north = (number(name, part) for part in parts)
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90):
        raise InvalidParameterError(
            name,
            "超出范围：经度 -180 到 180，纬度 -90 到 90，次序为“西,南,东,北”",
            "outside the world: longitudes -180 to 180, latitudes -90 to 90, in the order west,south,east,north",
        )
    if south > north:
        raise InvalidParameterError(
            name,
            f"南界 {south:g} 大于北界 {north:g}；次序为“西,南,东,北”",
            f"south {south:g} is above north {north:g}; the order is west,south,east,north",
        )
    if west > east:
        raise InvalidParameterError(
            name,
            f"西界 {west:g} 大于东界 {east:g}；跨 180° 经线的范围请分成两次查询",
            f"west {west:g} is beyond east {east:g}; ask for a box across the antimeridian in two halves",
        )
    return west, south, east, north


def _search(name: str, text: str) -> str:
    words = " ".join(text.split())
    if len(words) > MAX_Q:
        raise InvalidParameterError(name, f"最多 {MAX_Q} 个字符", f"at most {MAX_Q} characters")
    return words


def _identifier(name: str, text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,96}", text):
        raise InvalidParameterError(
            name, "不是任务代号；见 /api/commitments", "no id of a commitment; see /api/commitments"
        )
    return text


def _release(name: str, text: str) -> str:
    if not _RELEASE.fullmatch(text):
        raise InvalidParameterError(
            name,
            "应为发布的名称，或年-月-日，如 2026-12-01",
            "takes the name of a release, or a day such as 2026-12-01",
        )
    return text


def _cursor(name: str, text: str) -> str:
    if not _CURSOR.fullmatch(text):
        raise InvalidParameterError(
            name,
            "不是本接口给出的游标；请用上一页 links 里 next 的网址",
            "not a cursor of this interface; follow the link 'next'",
        )
    return text


def _years(about: Sentence) -> Parameter:
    return Parameter(
        name="year",
        about=about,
        schema={"type": "integer", "minimum": FIRST_YEAR, "maximum": LAST_YEAR},
        parse=whole_between(FIRST_YEAR, LAST_YEAR),
    )


LANG = Parameter(
    name="lang",
    about=sentence("回答的语言：zh 中文（默认）、en 英文；不写时看 Accept-Language"),
    schema={"type": "string", "enum": list(LANGUAGES)},
    parse=choice(LANGUAGES),
)
BBOX = Parameter(
    name="bbox",
    about=sentence("范围“西,南,东,北”，WGS 84 度；不能跨 180° 经线"),
    schema={"type": "string", "pattern": r"^[^,]+,[^,]+,[^,]+,[^,]+$", "examples": ["112.0,35.5,112.6,36.0"]},
    parse=_bbox,
)
CATEGORIES = Parameter(
    name="category",
    about=sentence("设施类别代码，可重复，也可用逗号分隔；代码见 /api/layers"),
    schema={"type": "string"},
    known="category",
    many=True,
)
FAMILIES = Parameter(
    name="family",
    about=sentence("设施大类代码，可重复，也可用逗号分隔"),
    schema={"type": "string"},
    known="family",
    many=True,
)
AREA = Parameter(
    name="area",
    about=sentence("行政区代码（六位或九位），含其下各级；见 /api/areas"),
    schema={"type": "string", "pattern": r"^\d{6}(\d{3})?$", "examples": ["140521"]},
    known="area",
)
PLAN = Parameter(
    name="plan",
    about=sentence("规划代号；见 /api/plans"),
    schema={"type": "string", "pattern": r"^[A-Za-z0-9_.-]{1,64}$"},
    known="plan",
)
STATUS = Parameter(
    name="status",
    about=sentence("建设状态；不写只查规划承诺的，existing 为现状设施（没有规划出处），all 为全部"),
    schema={"type": "string", "enum": [*terms.STATUS.codes, ALL]},
    parse=choice((*terms.STATUS.codes, ALL)),
)
STATE = Parameter(
    name="state",
    about=sentence(
        "截至当天的状态，可重复，也可用逗号分隔：overdue 期满未核实的，not_due 未到期的，其余是有人核实过的"
    ),
    schema={"type": "string", "enum": list(terms.STATE.codes)},
    parse=choice(terms.STATE.codes),
    many=True,
)
YEAR = _years(
    sentence("在这一年或之前到期：规划写明的年份，没有写明的按规划期末"),
)
PRECISION = Parameter(
    name="precision",
    about=sentence("定位精度"),
    schema={"type": "string", "enum": list(terms.PRECISION.codes)},
    parse=choice(terms.PRECISION.codes),
)
Q = Parameter(
    name="q",
    about=sentence("要找的词，空格隔开；名称、行政区、类别或规划标题中须都有，最多 %(most)d 字", most=MAX_Q),
    schema=text_schema(MAX_Q),
    parse=_search,
)
LIMIT = Parameter(
    name="limit",
    about=sentence("每页条数"),
    schema={"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    parse=whole_between(1, MAX_LIMIT),
    default=DEFAULT_LIMIT,
)
CURSOR = Parameter(
    name="cursor",
    about=sentence("上一页给出的游标；请直接用 links 里 next 的网址"),
    schema={"type": "string", "pattern": rf"^{_CURSOR.pattern}$"},
    parse=_cursor,
)
LON = Parameter(
    name="lon",
    about=sentence("经度，WGS 84 度（不是 GCJ-02）"),
    schema={"type": "number", "minimum": -180, "maximum": 180, "examples": [112.187]},
    parse=_between(-180, 180, unit=Fault("度", "degrees")),
    required=True,
)
LAT = Parameter(
    name="lat",
    about=sentence("纬度，WGS 84 度（不是 GCJ-02）"),
    schema={"type": "number", "minimum": -90, "maximum": 90, "examples": [35.69]},
    parse=_between(-90, 90, unit=Fault("度", "degrees")),
    required=True,
)
_METRES = {"type": "number", "minimum": 1, "maximum": MAX_METRES}
METRES = Parameter(
    name="metres",
    about=sentence("直线距离，米；与 minutes 二选一"),
    schema=_METRES,
    parse=_between(1, MAX_METRES, unit=Fault("米", "metres")),
)
MINUTES = Parameter(
    name="minutes",
    about=sentence("步行分钟数，按回答中写明的步速折成直线米；与 metres 二选一"),
    schema={"type": "number", "minimum": 1, "maximum": MAX_MINUTES},
    parse=_between(1, MAX_MINUTES, unit=Fault("分钟", "minutes")),
)
RADIUS = Parameter(
    name="metres",
    about=sentence("服务半径，米；way=walk 时为步行距离。与 minutes、rule 三选一"),
    schema={**_METRES, "examples": [1000]},
    parse=METRES.parse,
)
CIRCLE = Parameter(
    name="minutes",
    about=sentence("生活圈的分钟数"),
    schema={"type": "integer", "enum": list(CIRCLE_MINUTES), "default": 15},
    parse=_whole_of(CIRCLE_MINUTES),
    default=15,
)
CATEGORY = Parameter(
    name="category",
    about=sentence("一个设施类别代码；给了 rule 时可不写"),
    schema={"type": "string"},
    known="category",
)
COVERAGE_AREA = Parameter(
    name="area",
    about=sentence("行政区代码；须有边界。请求体里有多边形时不写"),
    schema=AREA.schema,
    known="area",
)
HORIZON = _years(
    sentence("只算在这一年或之前到期的：规划写明的年份，没有写明的按规划期末；不写则全算"),
)
KIND = Parameter(
    name="kind",
    about=sentence("规划任务的类型"),
    schema={"type": "string", "enum": list(terms.KIND.codes)},
    parse=choice(terms.KIND.codes),
)
BINDING = Parameter(
    name="binding",
    about=sentence("指标是约束性还是预期性"),
    schema={"type": "string", "enum": list(terms.BINDING.codes)},
    parse=choice(terms.BINDING.codes),
)
FORM = Parameter(
    name="form",
    about=sentence("指标出自指标表还是正文"),
    schema={"type": "string", "enum": list(terms.FORM.codes)},
    parse=choice(terms.FORM.codes),
)
CHANGE = Parameter(
    name="change",
    about=sentence("怎样对待前一规划的承诺"),
    schema={"type": "string", "enum": list(terms.CHANGE.codes)},
    parse=choice(terms.CHANGE.codes),
)
SINCE = Parameter(
    name="since",
    about=sentence("哪次发布或哪天之后的变化：发布的名称（如 2026-12-01、2026-12-01.2）或年-月-日；不写则全部"),
    schema={"type": "string", "pattern": rf"^{_RELEASE.pattern}$", "examples": ["2026-12-01"]},
    parse=_release,
)
RELEASE_CHANGE = Parameter(
    name="change",
    about=sentence("哪一种变化"),
    schema={"type": "string", "enum": list(terms.RELEASE_CHANGE.codes)},
    parse=choice(terms.RELEASE_CHANGE.codes),
)
AREA_EITHER = replace(
    AREA, about=sentence("行政区代码（六位或九位）：在其中的、在其下各级的，也有上级规划对它的；见 /api/areas")
)
PER = Parameter(
    name="per",
    about=sentence("对每个什么的要求"),
    schema={"type": "string", "enum": list(terms.PER.codes)},
    parse=choice(terms.PER.codes),
)
PROMISE_STATE = Parameter(
    name="state",
    about=sentence("至少有一个单位（写了 area 时，是其中的或其上的）处于这种情况"),
    schema={"type": "string", "enum": list(terms.PROMISE_STATE.codes)},
    parse=choice(terms.PROMISE_STATE.codes),
)
LEVEL = Parameter(
    name="level",
    about=sentence("行政级别"),
    schema={"type": "string", "enum": list(LEVELS)},
    parse=choice(LEVELS),
)

RULE = Parameter(
    name="rule",
    about=sentence("规则代号：标准条文（如 gb50180-kindergarten-5）或规划自己承诺的服务圈；与 metres、minutes 三选一"),
    schema={"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "examples": ["gb50180-kindergarten-5"]},
    known="rule",
)
RULES = Parameter(
    name="rule",
    about=sentence("规则代号，可重复，也可用逗号分隔；不写则用该生活圈级别的全部条文"),
    schema={"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
    known="rule",
    many=True,
)
WALK = Parameter(
    name="minutes",
    about=sentence("步行分钟数；有路网按路网，没有则按直线乘绕行系数"),
    schema={"type": "number", "minimum": 1, "maximum": MAX_MINUTES},
    parse=_between(1, MAX_MINUTES, unit=Fault("分钟", "minutes")),
)
PROFILE = Parameter(
    name="profile",
    about=sentence(
        "步行者：%(walkers)s",
        walkers=Name(
            "；".join(
                f"{code} {walker.zh} {coverage.SPEEDS[code]:.1f} 米/秒" for code, walker in terms.PROFILE.items()
            ),
            "; ".join(
                f"{code}, {walker.en}, {coverage.SPEEDS[code]:.1f} m/s" for code, walker in terms.PROFILE.items()
            ),
        ),
    ),
    schema={"type": "string", "enum": list(terms.PROFILE.codes), "default": "adult"},
    parse=choice(terms.PROFILE.codes),
    default="adult",
)
WAY = Parameter(
    name="way",
    about=sentence("straight 直线、walk 步行；不写时米按直线、分钟按步行"),
    schema={"type": "string", "enum": list(WAYS)},
    parse=choice(WAYS),
)


def _switch(name: str, about: Sentence) -> Parameter:
    """Declare what is asked for with ``true``."""
    return Parameter(
        name=name,
        about=sentence("true：%(about)s", about=about),
        schema={"type": "string", "enum": ["true", "false"], "default": "false"},
        parse=choice(("true", "false")),
        default="false",
    )


BY_YEAR = _switch(
    "by_year",
    sentence("另给现有、规划期内各年、全部承诺的覆盖率"),
)
DATUM = Parameter(
    name="datum",
    about=sentence("请求体坐标的坐标系"),
    schema={"type": "string", "enum": list(DATUMS), "default": "WGS84"},
    parse=choice(DATUMS),
    default="WGS84",
)
COMPLETE = Parameter(
    name="complete",
    about=sentence(
        "现有设施确已收全的类别，可重复，也可用逗号分隔；只有收全的类别才给覆盖率、缺口和名次，才可能判“不满足”"
    ),
    schema={"type": "string"},
    known="category",
    many=True,
    default=(),
)
AS_RECORDED = _switch(
    "as_recorded",
    sentence("没有收全的类别也按在册记录给数字，并注明；只供核对记录，不是覆盖率"),
)
STOCK = Parameter(
    name="stock",
    about=sentence('all 请求体里的设施（"role": "facility"）与在册的一起算，given 只算请求体里的'),
    schema={"type": "string", "enum": list(STOCKS), "default": "all"},
    parse=choice(STOCKS),
    default="all",
)
ZONES = _switch(
    "zones",
    sentence("另给三个区的面：一定覆盖 certain、说不定 uncertain、一定未覆盖 gap"),
)
LEAST = Parameter(
    name="least_km2",
    about=sentence("不列出小于这个面积且无人的缺口，平方公里"),
    schema={"type": "number", "minimum": 0, "maximum": 10_000, "default": 0.01},
    parse=_between(0, 10_000, unit=Fault("平方公里", "square kilometres")),
    default=0.01,
)
CUT_BY = Parameter(
    name="by",
    about=sentence(
        "缺口按什么切开：township 乡镇，community 最近的在册居住小区，cell 六边形格子（H3）；"
        "不给则有乡镇边界按乡镇，没有按格子"
    ),
    schema={"type": "string", "enum": list(terms.CUT_BY)},
    parse=choice(terms.CUT_BY.codes),
)
PIECES = Parameter(
    name="limit",
    about=sentence("最多列出几块缺口"),
    schema={"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    parse=whole_between(1, MAX_LIMIT),
    default=DEFAULT_LIMIT,
)
COUNT = Parameter(
    name="count",
    about=sentence("新选几处；与 commitment 二选一"),
    schema={"type": "integer", "minimum": 1, "maximum": MOST_SITES, "examples": [10]},
    parse=whole_between(1, MOST_SITES),
)
COMMITMENT = Parameter(
    name="commitment",
    about=sentence("规划任务代号：按它的数量选址；见 /api/commitments"),
    schema={"type": "string", "pattern": r"^[A-Za-z0-9_.-]{1,96}$"},
    parse=_identifier,
)
SPACING = Parameter(
    name="spacing",
    about=sentence("新址之间、新址与已有设施之间的最小距离，米"),
    schema={"type": "number", "minimum": 1, "maximum": MAX_METRES},
    parse=_between(1, MAX_METRES, unit=Fault("米", "metres")),
)
CAPACITY = Parameter(
    name="capacity",
    about=sentence("每处新址能服务多少人；只在给出人口时可用"),
    schema={"type": "number", "minimum": 1, "maximum": 1e9},
    parse=_between(1, 1e9, unit=Fault("人", "people")),
)
PLACES = Parameter(
    name="places",
    about=sentence('候选点：grid 网格（默认），communities 在册居住小区；请求体里有 "role": "place" 的点时用那些点'),
    schema={"type": "string", "enum": list(PLACE_SOURCES), "default": "grid"},
    parse=choice(PLACE_SOURCES),
    default="grid",
)
SECONDS = Parameter(
    name="exact_s",
    about=sentence("给 HiGHS 证明最优的时间，秒；0 不证明"),
    schema={"type": "number", "minimum": 0, "maximum": 10, "default": 1},
    parse=_between(0, 10, unit=Fault("秒", "seconds")),
    default=1.0,
)
REACH_KIND = Parameter(
    name="kind",
    about=sentence("按哪种覆盖计：certain 一定、located 按点位、possible 可能"),
    schema={"type": "string", "enum": list(terms.BOUND.codes), "default": "located"},
    parse=choice(terms.BOUND.codes),
    default="located",
)
CELLS = Parameter(
    name="cells",
    about=sentence("没有给人口时，返回大约几格土地；占比另按更细的格子算（sampled_cells），并说明标准误"),
    schema={"type": "integer", "minimum": 1, "maximum": MOST_CELLS, "default": 2000},
    parse=whole_between(1, MOST_CELLS),
    default=2000,
)

FILTER = (BBOX, CATEGORIES, FAMILIES, AREA, PLAN, STATUS, STATE, YEAR, PRECISION, Q)
"""What picks facilities; the same on every address that lists them."""

SYSTEM = Parameter(
    name="crs",
    about=sentence(
        "坐标系：4326 WGS 84（默认）、4490 CGCS2000、3857 网络墨卡托、gcj02 火星坐标（图层名与 datum 字段会注明）。"
        "GeoJSON、GeoJSON Lines、KML 文件里无处注明坐标系，只有 4326；CSV、Excel 由 datum 字段注明"
    ),
    schema={"type": "string", "enum": list(SYSTEMS), "default": "4326"},
    parse=choice(SYSTEMS),
    default="4326",
)
BOM = Parameter(
    name="bom",
    about=sentence("1：供 Excel：文件以 UTF-8 的字节顺序标记开头；会被当作公式的文字前加撇号"),
    schema={"type": "string", "enum": ["0", "1"], "default": "0"},
    parse=choice(("0", "1")),
    default="0",
)
DOWNLOAD = (*FILTER, SYSTEM)


def download(chosen: Format) -> tuple[Parameter, ...]:
    """Give what the download of a format takes; `service_map.store.export.check` refuses a ``crs`` that it has not."""
    system = replace(SYSTEM, schema={**SYSTEM.schema, "enum": list(chosen.systems)})
    return (*FILTER, system, *((BOM,) if chosen.suffix == "csv" else ()))


FACILITIES = (*FILTER, LIMIT, CURSOR)
NEARBY = (LON, LAT, METRES, MINUTES, *FILTER[1:], LIMIT, CURSOR)
CIRCLE_CHECK = (LON, LAT, CIRCLE, HORIZON, PROFILE, COMPLETE)
CIRCLE_POST = (CIRCLE, HORIZON, PROFILE, COMPLETE, STOCK, DATUM)
REACH = (CATEGORY, RULE, RADIUS, WALK, PROFILE, WAY)
TRUST = (COMPLETE, AS_RECORDED)
COVERAGE = (COVERAGE_AREA, *REACH, HORIZON, BY_YEAR, *TRUST)
COVERAGE_POST = (*COVERAGE, STOCK, DATUM)
GAPS = (COVERAGE_AREA, *REACH, HORIZON, CUT_BY, LEAST, PIECES, ZONES, *TRUST)
GAPS_POST = (*GAPS, STOCK, DATUM)
SITES = (COVERAGE_AREA, *REACH, HORIZON, COUNT, COMMITMENT, SPACING, CAPACITY, PLACES, SECONDS, *TRUST)
SITES_POST = (*SITES, STOCK, DATUM)
COMPLETENESS = (COVERAGE_AREA, CIRCLE, RULES, REACH_KIND, HORIZON, PROFILE, WAY, CELLS, *TRUST)
COMPLETENESS_POST = (*COMPLETENESS, STOCK, DATUM)
PROMISED = (AREA, CATEGORIES, FAMILIES)
PROGRESS = (AREA, PLAN, CATEGORIES, FAMILIES)
COMMITMENTS = (PLAN, CATEGORIES, FAMILIES, KIND, AREA, YEAR, Q, LIMIT, CURSOR)
INDICATORS = (AREA, PLAN, CATEGORIES, FAMILIES, BINDING, FORM, YEAR, Q)
QUOTA_FILTER = (AREA_EITHER, CATEGORIES, FAMILIES, PLAN, YEAR, Q)
QUOTAS = (*QUOTA_FILTER, LIMIT, CURSOR)
REQUIREMENT_FILTER = (*QUOTA_FILTER, PER, PROMISE_STATE)
REQUIREMENTS = (*REQUIREMENT_FILTER, LIMIT, CURSOR)
PLAN_CHANGES = (CHANGE, AREA, CATEGORIES, FAMILIES, LIMIT, CURSOR)
RELEASE_CHANGE_FEED = (SINCE, AREA, CATEGORIES, FAMILIES)
RELEASE_CHANGES = (*RELEASE_CHANGE_FEED, RELEASE_CHANGE, LIMIT, CURSOR)
AREAS = (AREA, LEVEL)
