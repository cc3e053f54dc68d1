"""The figures that plans set themselves, as the pages of plans and areas show them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from service_map import analysis, plans
from service_map.analysis.answers import Held
from service_map.catalogue.adcode import covers
from service_map.store import IndicatorFilter, IndicatorRecord, PlanRecord, queries
from service_map.web import labels
from service_map.web.language import language
from service_map.web.pages import frame
from service_map.web.site import site

# What a sentence says around its figure: the table's column says it once.
_VERBS = re.compile(
    r"^(?:力争|总体|分别|全部)*(?:达到?|提[高升][到至]|增[加长]?[到至]|保持在|稳定在|控制在|保持)(?=[约\d])"
)
MOST_ON_AREA = 8
MOST_OPEN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure for one thing: what it says, by when, and the lines that say it."""

    id: str
    words: str
    year: int
    stated: bool
    binding: str
    lines: tuple[int, ...]
    passage: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing that a plan measures: from where it starts, and what it shall be; several figures contradict."""

    name: str
    unit: str | None
    section: str | None
    base: str | None
    base_year: int | None
    note: str | None
    figures: tuple[Figure, ...]
    held: Held | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What one plan sets itself, its core kinds first; the reasons why figures for so many people are not held."""

    plan: PlanRecord
    rows: tuple[Target, ...]
    open: int
    missing: tuple[str, ...]


def of_plan(record: PlanRecord, *, most: int = MOST_OPEN) -> Targets | None:
    """Give what a plan sets itself; None for one that sets nothing.

    Parameters
    ----------
    record
        The plan.
    most
        How many rows are shown unfolded.
    """
    return frame.reading().keep(("targets", record.id, most, language()), lambda conn: _of_plan(conn, record, most))


def _of_plan(conn: Connection, record: PlanRecord, most: int) -> Targets | None:
    found = queries.every_indicator(conn, IndicatorFilter(plans=(record.id,)))
    if not found:
        return None
    core = {code for code, family in site().families.items() if family.core}
    groups = sorted(_groups(found), key=lambda group: (group[0].family not in core, group[0].form != "table"))
    targets = tuple(_target(group) for group in groups)
    apart = [one.held for one in targets if one.held and not one.held["formula"]]
    reasons = dict.fromkeys(why for one in apart for why in one["missing"])
    return Targets(plan=record, rows=targets, open=min(most, len(targets)), missing=tuple(reasons))


def of_area(adcode: str) -> list[Targets]:
    """Give what the plans of an area, and of the areas around it, set themselves; the area's own first."""
    concerned = [plan for plan in frame.plans().values() if covers(plan.adcode, adcode)]
    concerned.sort(key=lambda plan: -len(plan.adcode.rstrip("0")))
    found = (of_plan(plan, most=MOST_ON_AREA) for plan in concerned)
    return [one for one in found if one is not None]


def _groups(found: Sequence[IndicatorRecord]) -> list[list[IndicatorRecord]]:
    """Put together what says one thing of one year, tables before sentences, in reading order."""

    def key(one: IndicatorRecord) -> tuple[str, int, str]:
        return plans.indicator_key(one.name), one.due, plans.measure(1, one.unit)[1] or ""

    groups: dict[tuple[str, int, str], list[IndicatorRecord]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return [sorted(group, key=lambda one: (one.form != "table", one.line)) for group in groups.values()]


def _target(group: Sequence[IndicatorRecord]) -> Target:
    first = group[0]
    based = next((one for one in group if one.base_words), first)

    def said(one: IndicatorRecord) -> float | str:
        return plans.measure(one.target, one.unit)[0] if one.target is not None else one.target_words or ""

    alike: dict[float | str, list[IndicatorRecord]] = {}
    for one in group:
        alike.setdefault(said(one), []).append(one)
    return Target(
        name=first.name, unit=first.unit, section=first.section, base=based.base_words, base_year=based.base_year,
        note=next((one.note for one in group if one.note), None),
        figures=tuple(_figure(same) for same in alike.values()),
        held=analysis.held(first, site().basis, keep=frame.reading().keep, language=language()),
    )  # fmt: skip


def _figure(same: Sequence[IndicatorRecord]) -> Figure:
    first = same[0]
    return Figure(
        id=first.id, words=_VERBS.sub("", first.target_words or ""), year=first.due,
        stated=any(one.target_year for one in same),
        binding=str(labels.BINDING[first.binding]) if first.binding else "",
        lines=tuple(dict.fromkeys(one.line for one in same)), passage=first.passage,
    )  # fmt: skip
