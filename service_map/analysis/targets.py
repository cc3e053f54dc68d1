"""What a plan sets itself for so many people, held against what it promises: 0.99 per 1,000 and 5,000 places give 2.47.

What stands at the base (its figure times the people), and the places, beds or ground that the same plan promises, over
the people of its area: that is what the plan's own promises come to of its target. Which indicators are held against
which promises, and over whom, is ``geodata/indicator_kinds.toml``; people come from ``geodata/people.csv``. Nothing
that is not known is guessed: the answer says what is missing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from service_map import catalogue, places, plans
from service_map.analysis.answers import Held
from service_map.analysis.context import Keep
from service_map.catalogue import IndicatorKind
from service_map.catalogue.adcode import covers
from service_map.catalogue.messages import message, said
from service_map.places import People
from service_map.plans import StockFigure
from service_map.store import FacilityFilter, IndicatorFilter, IndicatorRecord, PromiseFilter, queries
from service_map.store.queries import MAX_LIMIT

_STOCK = "stock_figures.csv"
_PER = re.compile(
    r"每(?P<words>[一十百千万]{1,2})|每(?P<digits>\d{1,7})|(?<![\u4e00-\u9fff])(?P<bare>[百千万])人|/(?P<unit>[百千万])人"
)
_OF_SOME = re.compile(r"城[市镇]|农村|县城")
"""A figure for the people of towns alone, whose number no file gives."""

_SIZES = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "十万": 100_000, "百万": 1_000_000}
_ADDS = frozenset(["new", "expand", "continue", "mixed", "unspecified"])
_DECIMALS = 4

_NO_BASE = message("没有基期值，规划也没有说现有多少")
_NO_PEOPLE = message("没有当地的人口；geodata/people.csv 写明以后就能算")
_NO_OLDER = message("没有当地 60 岁及以上的人口；geodata/people.csv 的 people_60 写明以后就能算")
_NO_PROMISE = message("规划没有说一共新增多少")
_NO_TARGET = message("规划的目标不是一个数")
_SUMMED = message("%(count)d 个县（市、区）之和：%(source)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What targets are held against.

    Attributes
    ----------
    kinds
        Kinds of indicators by their codes.
    people
        People of areas by code.
    stock
        What plans say stands already.
    """

    kinds: Mapping[str, IndicatorKind]
    people: Mapping[str, People]
    stock: tuple[StockFigure, ...]


def read_basis(geodata: Path) -> Basis:
    """Read what targets are held against.

    Parameters
    ----------
    geodata
        Folder of the open data.

    Raises
    ------
    GeodataError
        When a file of it is damaged.
    """
    return Basis(
        kinds={kind.code: kind for kind in catalogue.indicator_kinds(geodata)},
        people=places.load_people(geodata),
        stock=tuple(plans.load_stock_figures(geodata / _STOCK)),
    )


@dataclass(frozen=True, slots=True)
class _Counted:
    people: int
    date: str
    source: str


@dataclass(frozen=True, slots=True)
class _Promised:
    id: str
    adcode: str
    category: str
    amount: float
    unit: str


@dataclass(frozen=True, slots=True)
class _Told:
    counted: _Counted | None
    alike: tuple[IndicatorRecord, ...]
    standing: tuple[StockFigure, ...]


def held(record: IndicatorRecord, basis: Basis, *, keep: Keep, language: str) -> Held | None:
    """Hold one indicator against what its plan promises.

    Parameters
    ----------
    record
        The indicator.
    basis
        From `read_basis`.
    keep
        Keeps what many questions need, and asks the database for it.
    language
        ``zh`` or ``en``.

    Returns
    -------
    Held or None
        None for an indicator that is no figure for so many people of a kind that plans promise.
    """
    kind, per = basis.kinds.get(record.kind or ""), _per(record)
    if kind is None or kind.people is None or per is None or _OF_SOME.match(record.name):
        return None
    counted = _people(record.adcode, kind, basis, keep, language)
    found = _promised(record.plan, kind, keep)
    key = plans.indicator_key(record.name)
    every = keep(
        ("indicators", record.plan),
        lambda conn: queries.every_indicator(conn, IndicatorFilter(plans=(record.plan,))),
    )
    stands = (one for one in basis.stock if one.plan == record.plan and one.unit in kind.counted)
    told = _Told(
        counted,
        tuple(one for one in every if plans.indicator_key(one.name) == key),
        tuple(one for one in stands if one.category in kind.categories),
    )
    base, origin, line = _base(record, per, told)
    promised = sum(one.amount for one in found) if found else None
    target = None if record.target is None else plans.measure(record.target, record.unit)[0]
    added = promised / counted.people * per if promised is not None and counted else None
    reached = base + added if base is not None and added is not None else None
    unknown = {
        _NO_BASE: base is None, _NO_OLDER if kind.people == "older" else _NO_PEOPLE: counted is None,
        _NO_PROMISE: promised is None, _NO_TARGET: target is None,
    }  # fmt: skip
    return {
        "kind": kind.code, "kind_name": kind.en if language == "en" else kind.zh, "per": per, "unit": record.unit,
        "base": base, "base_from": origin, "base_line": line,
        "people": counted.people if counted else None, "people_group": kind.people,
        "people_date": counted.date if counted else None, "people_source": counted.source if counted else None,
        "promised": promised, "promises": [one.id for one in found],
        "added": _rounded(added), "reached": _rounded(reached), "target": target,
        "share": _rounded(reached / target) if reached is not None and target else None,
        "needed": _lacking(base, target, counted, per), "short": _lacking(reached, target, counted, per),
        "formula": _formula(base, promised, counted, per),
        "missing": [said(why, language) for why, absent in unknown.items() if absent],
    }  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DECIMALS)


def _lacking(stands: float | None, target: float | None, counted: _Counted | None, per: int) -> float | None:
    """Give how many more it takes from where it stands to the target."""
    if stands is None or target is None or counted is None:
        return None
    return max(0.0, round((target - stands) * counted.people / per, 1))


def _per(record: IndicatorRecord) -> int | None:
    """Say for how many people the figure is: 每千人 1,000, 人均 1; None where it is for none."""
    match = _PER.search(f"{record.name}/{record.unit or ''}".replace("/个/", "/"))
    if match is None:
        return 1 if "人均" in record.name or (record.unit or "").endswith("/人") else None
    if match["digits"]:
        return int(match["digits"]) or None
    return _SIZES.get(match["words"] or match["bare"] or match["unit"])


def _people(adcode: str, kind: IndicatorKind, basis: Basis, keep: Keep, language: str) -> _Counted | None:
    """Give the people of an area, or the sum of its counties where the number of every one is known."""
    own = _of(basis.people.get(adcode), kind)
    if own is not None:
        return own
    levels = keep("codes of counties", lambda known: [area.adcode for area in queries.areas(known, level="county")])
    inside = [code for code in levels if code != adcode and covers(adcode, code)]
    found = [_of(basis.people.get(code), kind) for code in inside]
    whole = [one for one in found if one is not None]
    if not whole or len(whole) < len(inside):
        return None
    source = "；".join(sorted({one.source for one in whole}))
    summed = said(_SUMMED, language, None, count=len(whole), source=source)
    return _Counted(sum(one.people for one in whole), min(one.date for one in whole), summed)


def _of(known: People | None, kind: IndicatorKind) -> _Counted | None:
    if known is None:
        return None
    number = known.people_60 if kind.people == "older" else known.people
    return _Counted(number, known.date, known.source) if number else None


def _base(record: IndicatorRecord, per: int, told: _Told) -> tuple[float | None, str | None, int | None]:
    """Give where it stood: the plan's figure for it or for the same thing, else what stands over the people."""
    for one in (record, *told.alike):
        if one.base is not None:
            return plans.measure(one.base, one.unit)[0], "indicator", one.line
    if len(told.standing) == 1 and told.counted is not None:
        (only,) = told.standing
        return round(only.count / told.counted.people * per, _DECIMALS), "stock_figure", only.line
    return None, None, None


def _promised(plan: str, kind: IndicatorKind, keep: Keep) -> list[_Promised]:
    every = keep(("promised amounts", plan), lambda known: _amounts(known, plan))
    return [one for one in every if one.category in kind.categories and one.unit in kind.counted]


def _amounts(conn: Connection, plan: str) -> Sequence[_Promised]:
    """Give what a plan promises by number: its quotas that are part of none, and facilities that belong to no quota."""
    found: list[_Promised] = []
    within: set[str] = set()
    cursor: str | None = None
    while True:
        page = queries.quotas(conn, PromiseFilter(plans=(plan,)), limit=MAX_LIMIT, cursor=cursor)
        for one in page.items:
            within.update(one.facilities)
            if one.part_of is not None or one.action not in _ADDS or one.cancelled_by or one.plan != plan:
                continue
            for amount, unit in ((one.capacity, one.capacity_unit), (one.count, one.unit)):
                if amount is not None and unit:
                    found.append(_Promised(one.id, one.adcode, one.category, amount, unit))
        cursor = page.next_cursor
        if cursor is None:
            break
    while True:
        wanted = FacilityFilter(plans=(plan,), promised=True)
        listed = queries.facilities(conn, wanted, limit=MAX_LIMIT, cursor=cursor)
        found += [
            _Promised(one.id, one.adcode, one.category, one.count, one.unit)
            for one in listed.items
            if one.id not in within and one.count and one.unit and one.action in _ADDS and one.status != "cancelled"
        ]
        cursor = listed.next_cursor
        if cursor is None:
            return found


def _formula(base: float | None, promised: float | None, counted: _Counted | None, per: int) -> str | None:
    """Write how it is computed, with the numbers; None where a part of it is not known."""
    if counted is None or promised is None:
        return None
    people, scale = f"{counted.people:,}", "" if per == 1 else f" × {per:,}"
    if base is None:
        return f"{promised:,.10g} ÷ {people}{scale} = {promised / counted.people * per:.3g}"
    divided = "" if per == 1 else f" ÷ {per:,}"
    reached = base + promised / counted.people * per
    return f"({base:g} × {people}{divided} + {promised:,.10g}) ÷ {people}{scale} = {reached:.2f}"
