"""What a filter means: the values that it may name, how it is refused, and the condition that it is for the database.

A value that the data does not know is refused with `InvalidParameterError` before it reaches the database; every value
that does is bound.
"""

import math
import unicodedata
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from service_map.catalogue import terms
from service_map.catalogue.adcode import ancestors, prefix
from service_map.errors import InvalidParameterError
from service_map.store.database import day_of, stamp
from service_map.store.geometry import Box, point_in_box
from service_map.store.models import Area, Category, Citation, Commitment, Facility, Plan
from service_map.store.pinyin import is_spelt, sound, sounds
from service_map.store.records import CommitmentFilter, FacilityFilter, IndicatorFilter, PromiseFilter
from service_map.store.state import state_at

MAX_LIMIT = 10_000
"""Most rows of one page."""

_T = TypeVar("_T")
_YEARS = range(1900, 2201)
_LONGEST_Q = 100
_MOST_WORDS = 8
_AREAS_TOLD = 8
# Names and areas that one spelt word may mean: enough for a province, and fewer than a statement may bind.
_MOST_HEARD, _MOST_AREAS = 5_000, 200


# --- what the data knows ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The values that a filter may name.

    Attributes
    ----------
    categories, families, plans
        Codes and ids, in the order of the catalogue, each with all the words that name it, for searching.
    areas
        Code to name, for searching too.
    townships
        Codes longer than six digits at which a facility stands, though no area of that code is listed.
    """

    categories: dict[str, str]
    families: dict[str, str]
    plans: dict[str, str]
    areas: dict[str, str]
    townships: frozenset[str]


_MOST_KEPT = 4096
_kept: dict[tuple[str, Hashable], Any] = {}


def once(connection: Connection, key: Hashable, find: Callable[[], _T]) -> _T:
    """Find a thing once for each state of the data: on large data counting costs more than the page itself.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    key
        Names the thing among all that are kept.
    find
        Finds it.
    """
    state = stamp(connection)
    if not state:
        return find()
    found = _kept.get((state, key))
    if found is None:
        # Two threads may both find it: they find the same, and neither waits.
        found = find()
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[state, key] = found
    return cast("_T", found)


def vocabulary(connection: Connection) -> Vocabulary:
    """Give the values that a filter may name, read once for each state of the data.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    """
    return once(connection, "vocabulary", lambda: _vocabulary(connection))


def _vocabulary(connection: Connection) -> Vocabulary:
    named = (Category.zh, Category.en, Category.words, Category.family_zh, Category.family_en)
    kinds = connection.execute(select(Category.code, Category.family, *named).order_by(Category.position)).all()
    plan_titles = connection.execute(select(Plan.id, Plan.title).order_by(Plan.fid)).all()
    area_names = connection.execute(select(Area.adcode, Area.name).order_by(Area.adcode)).all()
    codes = connection.execute(select(Facility.adcode).distinct()).scalars()
    return Vocabulary(
        categories={kind[0]: "\n".join(kind).casefold() for kind in kinds},
        families={kind[1]: "\n".join(kind[-2:]).casefold() for kind in kinds},
        plans={plan_id: title.casefold() for plan_id, title in plan_titles},
        areas={code: name.casefold() for code, name in area_names},
        townships=frozenset(code for code in codes if len(code) > 6),
    )


def check_filter(connection: Connection, wanted: FacilityFilter) -> None:
    """Refuse a filter that names what the data does not know. The queries below call it themselves.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter.

    Raises
    ------
    InvalidParameterError
        Names the parameter as the interface does (``bbox``, ``category``, ``family``, ``area``, ``plan``, ``status``,
        ``state``, ``year``, ``precision``, ``q``) and what is allowed.
    """
    known = vocabulary(connection)
    if wanted.bbox is not None:
        check_box(wanted.bbox)
    check_choices(wanted, known)
    among("status", at_most_one(wanted.status), terms.STATUS.codes)
    among("state", wanted.states, terms.STATE.codes)
    among("precision", (*at_most_one(wanted.precision), *wanted.precisions), terms.PRECISION.codes)
    if wanted.q is not None:
        words(wanted.q)


def check_choices(
    wanted: CommitmentFilter | FacilityFilter | IndicatorFilter | PromiseFilter, known: Vocabulary
) -> None:
    """Refuse a category, family, plan, area or year that the data does not know: every filter may name these."""
    among("category", wanted.categories, known.categories)
    among("family", wanted.families, known.families)
    among("plan", wanted.plans, known.plans)
    if wanted.area is not None:
        check_area(wanted.area, known)
    check_year(wanted.year)


def check_box(box: Box) -> None:
    """Refuse a box that is not one.

    Parameters
    ----------
    box
        West, south, east, north in WGS 84 degrees.

    Raises
    ------
    InvalidParameterError
        When it has not four finite numbers, lies outside the world, or west is not west of east or south of north.
    """
    if len(box) != 4 or not all(isinstance(edge, (int, float)) and math.isfinite(edge) for edge in box):
        raise InvalidParameterError(
            "bbox", "应为四个数：西,南,东,北（WGS 84 度）", "takes four numbers: west,south,east,north (WGS 84 degrees)"
        )
    west, south, east, north = box
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90):
        raise InvalidParameterError(
            "bbox", "经度应在 -180 到 180、纬度应在 -90 到 90 之间", "longitude lies in -180…180 and latitude in -90…90"
        )
    if west > east or south > north:
        raise InvalidParameterError(
            "bbox",
            "次序应为 西,南,东,北，西不大于东、南不大于北；不支持跨越 180° 经线",
            "the order is west,south,east,north with west ≤ east and south ≤ north (not across 180°)",
        )


def among(field: str, values: Collection[str], allowed: Collection[str]) -> None:
    """Refuse, with `InvalidParameterError` for `field`, a value that is not among the allowed ones."""
    for value in values:
        if value not in allowed:
            raise InvalidParameterError(field, f"没有 {shown(value)}", f"there is no {shown(value)}", allowed=allowed)


def at_most_one(value: str | None) -> tuple[str, ...]:
    """Give one value, or none, as a tuple."""
    return () if value is None else (value,)


def shown(value: object) -> str:
    """Quote what the user sent, cut short and without what a log or a terminal would obey."""
    text = str(value)
    return ascii(text[:40]) if not text.isprintable() else repr(text[:40])


def check_area(adcode: str, known: Vocabulary) -> None:
    """Refuse, with `InvalidParameterError` for ``area``, a code that the data does not know."""
    if adcode not in known.areas and adcode not in known.townships:
        cities_first = sorted(known.areas, key=lambda code: (len(code), not code.endswith("00"), code))
        held = [f"{code} {known.areas[code]}" for code in cities_first[:_AREAS_TOLD]]
        raise InvalidParameterError(
            "area",
            f"没有行政区 {shown(adcode)}；数据里有 {'、'.join(held)} 等；全部见网站的 /api/areas",
            f"there is no area {shown(adcode)}; the data has {', '.join(held)} …; all: /api/areas of the site",
            allowed=known.areas,
        )


def check_year(year: int | None) -> None:
    """Refuse, with `InvalidParameterError` for ``year``, what is no year of a plan; None is taken."""
    if year is not None and year not in _YEARS:
        raise InvalidParameterError(
            "year",
            f"应为 {_YEARS.start} 到 {_YEARS.stop - 1} 的年份",
            f"takes a year from {_YEARS.start} to {_YEARS.stop - 1}",
        )


def check_limit(limit: int) -> None:
    """Refuse, with `InvalidParameterError` for ``limit``, what is not a whole number from 1 to `MAX_LIMIT`."""
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_LIMIT:
        raise InvalidParameterError(
            "limit", f"应为 1 到 {MAX_LIMIT} 的整数", f"takes a whole number from 1 to {MAX_LIMIT}"
        )


def words(q: str) -> list[str]:
    """Split what a user typed into words, with full-width letters and digits made plain.

    Raises
    ------
    InvalidParameterError
        For ``q``: too long, too many words, or what cannot be seen.
    """
    # A lone surrogate or NUL can be sent but not stored, and databases choke on either.
    if len(q) > _LONGEST_Q or any(
        unicodedata.category(letter) in {"Cs", "Cc"} for letter in q if letter not in "\t\n\r"
    ):
        raise InvalidParameterError(
            "q", f"至多 {_LONGEST_Q} 个可见字符", f"takes at most {_LONGEST_Q} visible characters"
        )
    words = unicodedata.normalize("NFKC", q).casefold().split()
    if len(words) > _MOST_WORDS:
        raise InvalidParameterError("q", f"至多 {_MOST_WORDS} 个词", f"takes at most {_MOST_WORDS} words")
    return words


# --- conditions -------------------------------------------------------------------------------------------------------


def within(column: Any, adcode: str) -> ColumnElement[bool]:
    """Hold for an area's code and for every code under it; a range, so that the index serves it."""
    start = prefix(adcode)
    return and_(column >= start, column < start[:-1] + chr(ord(start[-1]) + 1))


def around(column: Any, adcode: str) -> ColumnElement[bool]:
    """Hold for an area's code, for every code under it, and for those of the areas around it."""
    return or_(within(column, adcode), column.in_(ancestors(adcode)))


def saying(q: str | None, columns: Sequence[Any], model: Any, known: Vocabulary) -> list[ColumnElement[bool]]:
    """Hold for rows that say every word of a search: in a column, or in the name of their category or plan."""
    conditions = []
    for word in words(q or ""):
        ways = [column.icontains(word, autoescape=True) for column in columns]
        if kinds := holding(known.categories, word):
            ways.append(model.category.in_(kinds))
        if titled := holding(known.plans, word):
            ways.append(model.plan.in_(titled))
        conditions.append(or_(*ways))
    return conditions


def cited_by(plans: Iterable[str]) -> ColumnElement[bool]:
    """Hold for a facility that any of the plans promises."""
    promised: ColumnElement[bool] = Facility.id.in_(
        select(Citation.facility)
        .join(Commitment, Commitment.id == Citation.commitment)
        .where(Commitment.plan.in_(tuple(plans)))
    )
    return promised


def holding(names: dict[str, str], word: str) -> list[str]:
    """Give the codes whose names hold a word."""
    return [code for code, name in names.items() if word in name]


def facility_conditions(connection: Connection, wanted: FacilityFilter) -> list[ColumnElement[bool]]:
    """Give the conditions on ``facilities`` that a filter means; all of them must hold.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter.

    Raises
    ------
    InvalidParameterError
        As for `check_filter`.
    """
    check_filter(connection, wanted)
    conditions: list[ColumnElement[bool]] = []
    if wanted.bbox is not None:
        conditions.append(point_in_box(Facility.geom, wanted.bbox))
    for column, values in (
        (Facility.category, wanted.categories),
        (Facility.family, wanted.families),
        (Facility.status, at_most_one(wanted.status)),
        (Facility.precision, at_most_one(wanted.precision)),
        (Facility.precision, wanted.precisions),
    ):
        if values:
            conditions.append(column.in_(values))
    if wanted.promised:
        conditions.append(Facility.status != "existing")
    if wanted.plans:
        conditions.append(cited_by(wanted.plans))
    if wanted.area is not None:
        conditions.append(within(Facility.adcode, wanted.area))
    if wanted.year is not None:
        conditions.append(or_(Facility.due <= wanted.year, Facility.status == "existing"))
    if wanted.states:
        conditions.append(state_at(day_of(connection)).in_(wanted.states))
    known = vocabulary(connection)
    conditions += [_said(connection, word, known) for word in words(wanted.q or "")]
    return conditions


def _said(connection: Connection, word: str, known: Vocabulary) -> ColumnElement[bool]:
    """Hold for a facility whose name, area, category or plan says a word."""
    ways: list[ColumnElement[bool]] = [Facility.name.icontains(word, autoescape=True)]
    # An area's name finds what lies in everything under it, although only the narrowest stands in the row.
    around = {prefix(code): code for code in holding(known.areas, word)}
    ways += [
        within(Facility.adcode, code)
        for start, code in around.items()
        if not any(start != other and start.startswith(other) for other in around)
    ]
    if kinds := holding(known.categories, word):
        ways.append(Facility.category.in_(kinds))
    if titled := holding(known.plans, word):
        ways.append(cited_by(titled))
    if is_spelt(word):
        ways += _sounding(connection, word)
    return or_(*ways)


def _sounding(connection: Connection, word: str) -> list[ColumnElement[bool]]:
    """Hold for a facility whose name, area or category sounds as a word is spelt in pinyin."""
    names = once(connection, "sounds", lambda: sounds(connection.execute(select(Facility.name).distinct()).scalars()))
    areas = once(
        connection, "area-sounds",
        lambda: {code: sound(name) for code, name in connection.execute(select(Area.adcode, Area.name))},
    )  # fmt: skip
    kinds = once(
        connection, "category-sounds",
        lambda: {code: sound(name) for code, name in connection.execute(select(Category.code, Category.zh))},
    )  # fmt: skip
    ways: list[ColumnElement[bool]] = []
    heard = [name for name, reading in names.items() if reading.holds(word)]
    if heard:
        ways.append(Facility.name.in_(heard[:_MOST_HEARD]))
    ways += [within(Facility.adcode, code) for code, reading in areas.items() if reading.holds(word)][:_MOST_AREAS]
    if alike := [code for code, reading in kinds.items() if reading.holds(word)]:
        ways.append(Facility.category.in_(alike))
    return ways


def storable(text: str) -> str:
    """Make any text one that a database takes; one that cannot be stored cannot be found either."""
    return text.encode("utf-8", "replace").decode().replace("\0", "�")


def as_written(value: float | None) -> Any:
    """Give a count as the plan wrote it: 3 and not 3.0."""
    return int(value) if value is not None and float(value).is_integer() else value
