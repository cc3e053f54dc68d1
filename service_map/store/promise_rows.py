"""The rows of requirements and quotas, as a build makes them from the commitments and what the facilities tell."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, or_, select

from service_map import catalogue, places, plans
from service_map.catalogue import terms
from service_map.catalogue.fields import fields_of
from service_map.store.conditions import within
from service_map.store.models import Facility
from service_map.store.records import QuotaRecord, RequirementRecord
from service_map.store.state import due

_NUMBERS = ("count", "count_max", "capacity", "named", "left_over", "share")
_COUNTED = terms.PROMISE_STATE.codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What rows name: plans, families and categories by id and code, and areas (the second argument: who asks).

    ``reviews`` is what was held against the plans' texts.
    """

    plans: Mapping[str, plans.Plan]
    families: Mapping[str, catalogue.Family]
    kinds: Mapping[str, catalogue.Category]
    named: Callable[[str, str], str]
    reviews: Sequence[places.Review] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """Requirements and quotas before a build has seen what stands.

    Attributes
    ----------
    rules
        Each requirement with its units, of which nothing is known yet.
    items
        Every requirement and quota.
    rows
        Rows of their tables, by name; those of requirements lack what is counted of their units.
    context
        As given.
    """

    rules: tuple[tuple[places.Requirement, tuple[places.Unit, ...]], ...]
    items: tuple[places.Promise, ...]
    rows: Mapping[str, list[dict[str, Any]]]
    context: Context


def read(
    followed: places.Succession,
    located: Sequence[places.Facility],
    gazetteer: places.Gazetteer,
    people: Mapping[str, places.People],
    context: Context,
) -> Promised:
    """Make the rows of requirements and quotas.

    Parameters
    ----------
    followed
        What `service_map.places.follow_plans` made of the commitments.
    located
        The facilities of the build.
    gazetteer
        What `service_map.places.load_gazetteer` returned.
    people
        From `service_map.places.load_people`.
    context
        What rows name.
    """
    by_id = {commitment.id: commitment for commitment in followed.commitments}
    asked, numbers = places.without_place(followed, located, context.plans, gazetteer)
    rules = tuple(_with_units(rule, gazetteer, people) for rule in asked)
    every: tuple[places.Promise, ...] = (*(rule for rule, _ in rules), *numbers)
    days = places.reviewed(every, context.reviews, by_id)
    rows: dict[str, list[dict[str, Any]]] = {
        "requirements": [_row(rule, RequirementRecord, by_id, context, days) for rule, _ in rules],
        "quotas": [_row(quota, QuotaRecord, by_id, context, days) for quota in numbers],
        "requirement_units": [
            {
                **asdict(unit), "id": f"{rule.id}-{unit.adcode}", "requirement": rule.id,
                "area_name": context.named(unit.adcode, rule.id),
            }
            for rule, units in rules
            for unit in units
        ],
        "promise_citations": [
            {"promise": item.id, "position": position, "commitment": name}
            for item in every
            for position, name in enumerate(item.commitments)
        ],
        "quota_facilities": [{"quota": item.id, "facility": name} for item in numbers for name in item.facilities],
    }  # fmt: skip
    return Promised(rules=rules, items=every, rows=rows, context=context)


def _row(
    item: places.Promise,
    record: type,
    by_id: Mapping[str, plans.Commitment],
    context: Context,
    days: Mapping[str, str],
) -> dict[str, Any]:
    kind, first = context.kinds[item.category], by_id[item.commitments[0]]
    family = context.families[kind.family]
    year, basis = due(item.year, [context.plans[item.plan].period[1]])
    names = {
        "plan_title": context.plans[item.plan].title, "section": first.section, "line": first.line,
        "reviewed": days.get(item.id),
        "category_zh": kind.zh, "category_en": kind.en, "family": kind.family, "family_zh": family.zh,
        "family_en": family.en, "area_name": context.named(item.adcode, item.id),
        "due": year, "due_basis": basis,
    }  # fmt: skip
    stored = [field.name for field in fields_of(record) if field.stored and field.name not in _COUNTED]
    row: dict[str, Any] = {name: names[name] if name in names else getattr(item, name) for name in stored}
    return row | {name: float(number) for name in _NUMBERS if (number := row.get(name)) is not None}


def _with_units(
    rule: places.Requirement, gazetteer: places.Gazetteer, people: Mapping[str, places.People]
) -> tuple[places.Requirement, tuple[places.Unit, ...]]:
    """Give a requirement with its units, and with the doubts that these bring."""
    codes, doubts = places.units_of(rule, gazetteer)
    units = []
    # Where not all units are on a list the area stands for the others: nobody there is told of nothing.
    for code in (*([] if codes and not doubts else [rule.adcode]), *codes):
        unit = places.Unit(adcode=code, whole=code not in codes)
        if rule.condition is not None and not unit.whole:
            counted = people.get(code)
            unit = replace(
                unit,
                condition_met=places.condition_holds(rule.condition, None if counted is None else counted.people),
                people=None if counted is None else counted.people,
                people_source=None if counted is None else f"{counted.source}, {counted.date}",
            )
        units.append(unit)
    if rule.condition is not None and any(unit.condition_met is None for unit in units):
        doubts = [*doubts, "condition_untold"]
    if any(gazetteer.geometry(code) is None for code in codes):
        doubts = [*doubts, "no_boundary"]
    return replace(rule, doubts=places.with_doubts(rule, doubts)), tuple(units)


def judge(connection: Connection, promised: Promised) -> None:
    """Complete the rows of requirements and of their units by the facilities that the database now holds.

    Parameters
    ----------
    connection
        To the new database, whose table ``facilities`` is filled.
    promised
        From `read`.
    """
    kinds = {rule.category for rule, _ in promised.rules}
    areas = {rule.adcode for rule, _ in promised.rules}
    if not kinds:
        return
    columns = (
        Facility.id, Facility.name, Facility.adcode, Facility.status, Facility.action, Facility.count, Facility.unit,
    )  # fmt: skip
    there: dict[str, list[Any]] = defaultdict(list)
    asked = select(Facility.category, *columns).where(
        Facility.category.in_(sorted(kinds)), or_(*(within(Facility.adcode, code) for code in sorted(areas)))
    )
    for row in connection.execute(asked):
        there[row.category].append(row)
    rows = {row["id"]: row for row in promised.rows["requirement_units"]}
    for (rule, units), told in zip(promised.rules, promised.rows["requirements"], strict=True):
        judged = [places.judge(rule, unit, there[rule.category]) for unit in units]
        for unit in judged:
            rows[f"{rule.id}-{unit.adcode}"].update(asdict(unit))
        counted = Counter(unit.state for unit in judged if not unit.whole)
        told.update({state: counted[state] for state in _COUNTED})
