"""The 15-minute check of a point: by each clause of the standards, and by each circle that the plans promise there."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from service_map import coverage
from service_map.analysis import answer_form, answers
from service_map.analysis.answer_form import Feature, Report, rule_member
from service_map.analysis.context import Ground, Region, Supply
from service_map.analysis.ladder import brief
from service_map.analysis.record import FARTHEST_M, given_alone, sources_member, state_of, stated_of
from service_map.analysis.region_bound import COARSE_M, away_by_area
from service_map.analysis.threshold import walking
from service_map.catalogue import Inventory, Rule, terms
from service_map.catalogue.adcode import covers
from service_map.catalogue.degrees import LEAST_DEGREE_M
from service_map.errors import InvalidParameterError, UnanswerableError
from service_map.store import FacilityRecord, day_of, queries
from service_map.store.state import state_on

CIRCLE_MINUTES = (5, 10, 15)


_Records = Mapping[str, answers.NearestFacility]
# What a life circle of so many minutes asks for: its own level and those inside it, which do not substitute for it.
_CIRCLE_LEVELS = {5: ("5",), 10: ("10", "5"), 15: ("15", "10", "5", "none")}
_DECIMALS = 7
_TOWNSHIPS = 1_000  # codes of a county: six digits and three of the township
_MOST_RECORDS = 5_000


def check_point(
    ground: Ground,
    lon: float,
    lat: float,
    *,
    minutes: int = 15,
    year: int | None = None,
    profile: str = "adult",
    show: int = 1,
) -> Report:
    """Judge a point by the standards, and by the circles that the plans of its area promise themselves.

    Parameters
    ----------
    ground
        What the answer rests on; only of kinds that it knows to be all on record can a rule be *not met*.
    lon, lat
        WGS 84 degrees.
    minutes
        One of `CIRCLE_MINUTES`.
    year
        What stands by the end of this year; None for everything promised.
    profile
        Whose pace, one of `service_map.catalogue.terms.PROFILE`.
    show
        Facilities named for each rule.

    Returns
    -------
    Report
        A feature a rule, at its nearest facility.

    Raises
    ------
    InvalidParameterError
        When a value cannot be used.
    UnanswerableError
        When the point lies outside the areas of the data.
    """
    if minutes not in _CIRCLE_LEVELS:
        allowed = tuple(str(value) for value in CIRCLE_MINUTES)
        raise InvalidParameterError("minutes", f"应为 {'、'.join(allowed)}", f"is one of {', '.join(allowed)}", allowed)
    around = ground.areas_around(lon, lat)
    if not around:
        raise UnanswerableError(
            "lon",
            "这一点不在数据所及的行政区内，数据中没有设施不能说明问题；行政区见 /api/areas",
            "the point lies outside the areas of the data, so nothing can be concluded there; see /api/areas",
        )
    supply = ground.supply()
    candidates = supply.candidates
    levels = _CIRCLE_LEVELS[minutes]
    local = ground.rules_in(area.adcode for area in around)
    rules = [rule for rule in local if rule.level in levels and (rule.minutes or 0) <= minutes]
    pace = coverage.SPEEDS[profile]
    stated = _stated(ground, lon, lat)
    known = {code: depth for code, (depth, _) in stated.items()} | dict.fromkeys(
        (*ground.complete, *given_alone(ground)), math.inf
    )

    away = coverage.distances((lon, lat), candidates)
    home_area = next((area for area in around if area.level == "county"), around[-1])
    floor = _floor(ground, lon, lat, supply, away)
    home = supply.code // _TOWNSHIPS == int(home_area.adcode) if home_area.level == "county" else None

    def judge(asked: Iterable[Rule], within: Iterable[str]) -> list[coverage.Verdict]:
        return coverage.check(
            (lon, lat), candidates, asked, year=year, complete=known, levels=within, speed=pace,
            network=ground.network, show=show, away=away, floor=floor, home=home,
        )  # fmt: skip

    verdicts = judge(rules, levels)
    whole = minutes == max(CIRCLE_MINUTES)
    # What has a distance, or judges a whole city, says nothing of a point; a kind that no clause judges is told apart.
    kinds = {said.rule.category for said in verdicts}
    unjudged = [rule for rule in local if rule.metres is None and rule.level != "city" and rule.category not in kinds]

    def tell(asked: Iterable[Rule]) -> list[coverage.Apart]:
        return coverage.apart((lon, lat), candidates, asked, year=year, show=show, away=away, floor=floor, home=home)

    aside = tell(unjudged) if whole else []
    promised = _promised_here(ground, [area.adcode for area in around]) if whole else []
    own = {said.rule.id: said for said in judge(promised, terms.RULE_LEVEL.codes)}
    driven = [replace(rule, mode="none") for rule in promised if rule.id not in own]
    by_vehicle = {said.rule.id: said for said in tell(driven)}
    shown: list[coverage.Verdict | coverage.Apart] = [*verdicts, *aside, *own.values(), *by_vehicle.values()]
    records = _facilities(ground, {reach.id for said in shown for reach in (*said.nearest, said.standing) if reach})
    narrowest = Region(adcode=around[-1].adcode, name=around[-1].name, shape=around[-1].geometry)

    def on_record(rule: Rule, metres: float) -> answers.OnRecord:
        codes = (rule.category, *rule.also)
        _, count, sources = state_of(ground, codes, narrowest)
        reaches = min(known.get(code, 0.0) for code in codes)
        state = "complete" if reaches > 0 and reaches >= metres else "partial" if count else "none"
        return {
            "record": state,
            "on_record": count,
            "sources": sources_member(sources),
            "stated": list(stated_of(ground, codes, narrowest)),
        }

    titles = {plan.id: plan.title for plan in ground.plans()}
    plan_circles: list[answers.PlanCircle] = [
        {
            **_plan_circle(ground, rule, own.get(rule.id), by_vehicle.get(rule.id), records=records, titles=titles),
            **on_record(rule, own[rule.id].metres if rule.id in own else 0.0),
        }
        for rule in promised
    ]
    judged: list[answers.Verdict] = [
        {**_verdict(ground, said, records), **on_record(said.rule, said.metres)} for said in verdicts
    ]
    beyond: list[answers.Apart] = [
        {
            **_subject(ground, said.rule),
            **on_record(said.rule, 0.0),
            "text": ground.say(said.told),
            **_closest(said, records),
        }
        for said in aside
    ]
    said_limits = [answer_form.NETWORK if ground.network else answer_form.STRAIGHT, answer_form.IMPRECISE]
    said_limits += answer_form.sizes(said.rule for said in verdicts)
    if any(row["record"] != "complete" for row in judged):
        said_limits.append(answer_form.PARTIAL)
    if year is not None:
        said_limits.append(answer_form.YEARS)
    summary: answers.Circle = {
        "lon": lon,
        "lat": lat,
        "minutes": minutes,
        "year": year,
        "method": "network" if ground.network else "straight_line",
        "area": {"adcode": around[-1].adcode, "name": around[-1].name},
        "walking": walking(ground, profile),
        "summary": {name: sum(said.verdict == name for said in verdicts) for name in terms.VERDICT},
        "verdicts": judged,
        "plan_circles": plan_circles,
        "apart": beyond,
        "promised_in": {"adcode": home_area.adcode, "name": home_area.name},
        "promised": brief(ground, home_area.adcode, list(dict.fromkeys(row["category"] for row in (*judged, *beyond)))),
        "inventories": [
            {
                "area": inventory.area,
                "categories": list(inventory.categories),
                "source": inventory.source,
                "date": inventory.date,
            }
            for inventory in dict.fromkeys(inventory for _, held in stated.values() for inventory in held)
        ],
        "limits": [ground.say(limit) for limit in said_limits],
        "data_version": ground.data_version(),
    }
    return Report(
        kind="circle",
        summary=summary,
        features=tuple(_row(number, row) for number, row in enumerate((*judged, *plan_circles, *beyond), 1)),
        lines=_said(ground, summary),
    )


def _floor(ground: Ground, lon: float, lat: float, supply: Supply, away: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bound from below how far each facility is by the area that holds it, metres; 0 where that says nothing.

    Only what is coarsely known and might else be named is bounded.
    """
    doubt = supply.candidates.uncertainty_m
    low = away - doubt
    vague = (doubt >= COARSE_M) & (low < FARTHEST_M)
    if len(supply.candidates.shape):
        vague &= shapely.is_missing(supply.candidates.shape)  # what is drawn may reach over the border
    return away_by_area(ground, lon, lat, code=np.where(vague, supply.code, 0), away=away, low=low)


def _promised_here(ground: Ground, adcodes: Sequence[str]) -> list[Rule]:
    """Give the circles of plans whose area holds the point."""
    held = {plan.id for plan in ground.plans() if any(covers(plan.adcode, adcode) for adcode in adcodes)}
    return [rule for rule in ground.plan_rules if rule.plan in held]


def _plan_circle(
    ground: Ground,
    rule: Rule,
    said: coverage.Verdict | None,
    driven: coverage.Apart | None,
    *,
    records: _Records,
    titles: Mapping[str, str],
) -> answers.CircleOfPlan:
    citation: answers.PlanCitation = {
        "plan": rule.plan or "",
        "plan_title": titles.get(rule.plan or "", rule.standard),
        "line": rule.line or 0,
        "passage_sha256": rule.passage_sha256 or "",
        "scope": rule.scope,
    }
    if said is not None:
        return {**_verdict(ground, said, records), **citation}
    return {
        **_subject(ground, rule),
        "verdict": "cannot_say",
        "verdict_name": ground.choose(*terms.VERDICT["cannot_say"].pair),
        "text": ground.say("按车辆到达计，没有车行路网，无法判断"),
        "method": None,
        "radius_m": None,
        "radius_from": None,
        "speed_m_s": None,
        "certain": 0,
        "located": 0,
        "possible": 0,
        **_closest(driven, records),
        **citation,
    }


def _verdict(ground: Ground, said: coverage.Verdict, records: _Records) -> answers.Judged:
    return {
        **_subject(ground, said.rule),
        "verdict": said.verdict,
        "verdict_name": ground.choose(*terms.VERDICT[said.verdict].pair),
        "text": ground.say(said.told),
        "method": said.method,
        "radius_m": round(said.metres, 1),
        "radius_from": said.metres_from,
        "speed_m_s": said.speed,
        "certain": said.certain,
        "located": said.located,
        "possible": said.possible,
        **_closest(said, records),
    }


def _subject(ground: Ground, rule: Rule) -> answers.Subject:
    return {
        "category": rule.category,
        "category_name": ground.named(rule.category),
        "family": ground.categories[rule.category].family,
        "rule": rule_member(ground, rule),
    }


def _closest(said: coverage.Verdict | coverage.Apart | None, records: _Records) -> answers.Closest:
    if said is None or not said.nearest:
        return {
            "distance_m": None,
            "distance_low_m": None,
            "distance_high_m": None,
            "walk_m": None,
            "walk_minutes": None,
            "measured_from": None,
            "facility": None,
            "nearest": [],
            "nearest_within_m": None,
            "standing": None,
        }
    each = [_near(reach, records) for reach in said.nearest]
    return {
        **each[0],
        "nearest": each,
        "nearest_within_m": round(said.within_m, 1) if math.isfinite(said.within_m) else None,
        "standing": _near(said.standing, records) if said.standing else None,
    }


def _near(reach: coverage.Reach, records: _Records) -> answers.NearFacility:
    return {**_away(reach), "facility": records[reach.id]}


def _away(reach: coverage.Reach) -> answers.Away:
    return {
        "distance_m": round(reach.metres, 1),
        "distance_low_m": round(reach.metres_low, 1),
        "distance_high_m": round(reach.metres_high, 1),
        "walk_m": None if reach.walk_metres is None else round(reach.walk_metres, 1),
        # A distance that nobody walks (funeral facilities) has no minutes.
        "walk_minutes": round(reach.minutes, 1) if math.isfinite(reach.minutes) else None,
        "measured_from": reach.measured_from,
    }


def _facilities(ground: Ground, ids: Iterable[str]) -> dict[str, answers.NearestFacility]:
    """Describe facilities: those on record, and the caller's own."""
    wanted = set(ids)
    own = {name: _own(ground, name) for name in wanted & ground.brought.keys()}
    recorded = _records(ground, wanted - own.keys())
    return own | {
        name: {
            "id": record.id,
            "name": record.name,
            "lon": round(record.lon, _DECIMALS),
            "lat": round(record.lat, _DECIMALS),
            "status": record.status,
            "year": record.year,
            "due": record.due,
            "due_basis": record.due_basis,
            "state": record.state,
            "precision": record.precision,
            "uncertainty_m": round(record.uncertainty_m, 1),
            "plan": record.plan,
            "plan_title": record.plan_title,
        }
        for name, record in recorded.items()
    }


def _own(ground: Ground, name: str) -> answers.NearestFacility:
    one = ground.brought[name]
    point = shapely.point_on_surface(one.geometry)
    return {
        "id": name,
        "name": one.name or ground.say("所给设施"),
        "lon": round(point.x, _DECIMALS),
        "lat": round(point.y, _DECIMALS),
        "status": one.status,
        "year": one.year,
        "due": one.year,
        "due_basis": None if one.year is None else "stated",
        "state": state_on(one.status, one.year, day_of(ground.conn)),
        "precision": "site",
        "uncertainty_m": round(one.uncertainty_m, 1),
        "plan": None,
        "plan_title": None,
    }


def _stated(ground: Ground, lon: float, lat: float) -> dict[str, tuple[float, tuple[Inventory, ...]]]:
    """Say for each category within how many metres of the point its inventory is stated to be complete, and by whom.

    Over the border of the area stands what nobody has listed: the statement holds as far as the border is away.
    """
    found: dict[str, tuple[float, tuple[Inventory, ...]]] = {}
    for code in dict.fromkeys(code for inventory in ground.inventories for code in inventory.categories):
        held = tuple(inventory for inventory in ground.inventories if code in inventory.categories)
        shape = ground.ground_of(tuple(sorted({inventory.area for inventory in held})))
        if shape is None or not shapely.intersects_xy(shape, lon, lat):
            continue
        # Degrees to metres by the shorter of the two: the border is at least so far away.
        degrees = float(shapely.distance(shapely.boundary(shape), shapely.Point(lon, lat)))
        found[code] = (degrees * LEAST_DEGREE_M * math.cos(math.radians(min(abs(lat) + 1, 89))), held)
    return found


def _records(ground: Ground, ids: Iterable[str]) -> dict[str, FacilityRecord]:
    seen: dict[str, FacilityRecord] = ground.keep(("analysis", "records"), lambda _conn: {})
    if len(seen) > _MOST_RECORDS:
        seen.clear()
    found = {}
    for name in ids:
        found[name] = seen[name] = seen.get(name) or queries.facility(ground.conn, name)
    return found


def _row(number: int, said: Mapping[str, Any]) -> Feature:
    facility, rule = said["facility"], said["rule"]
    return Feature(
        id=f"{number}",
        geometry=None if facility is None else shapely.Point(facility["lon"], facility["lat"]),
        properties={
            "rule": rule["id"],
            "category": said["category"],
            "category_name": said["category_name"],
            "record": said["record"],
            "on_record": said["on_record"],
            "verdict": said.get("verdict"),
            "verdict_name": said.get("verdict_name"),
            "text": said["text"],
            "radius_m": said.get("radius_m"),
            "distance_m": said["distance_m"],
            "distance_low_m": said["distance_low_m"],
            "distance_high_m": said["distance_high_m"],
            "walk_m": said["walk_m"],
            "walk_minutes": said["walk_minutes"],
            "measured_from": said["measured_from"],
            "facility": None if facility is None else facility["id"],
            "facility_name": None if facility is None else facility["name"],
            "facility_status": None if facility is None else facility["status"],
            "precision": None if facility is None else facility["precision"],
            "standard": rule["standard"],
            "edition": rule["edition"],
            "clause": rule["clause"],
            "status": rule["status"],
            "force": rule["force"],
            "confidence": rule["confidence"],
            "verified": rule["verified"],
            "passage_sha256": rule["passage_sha256"],
        },
    )


def _said(ground: Ground, summary: answers.Circle) -> tuple[str, ...]:
    counts = ground.say("，").join(
        f"{ground.choose(*terms.VERDICT[name].pair)} {count}" for name, count in summary["summary"].items()
    )
    lines = [f"{summary['area']['name']} {summary['minutes']} min: {counts}"]
    for said in (*summary["verdicts"], *summary["plan_circles"]):
        rule = said["rule"]
        source = " · ".join((f"{rule['standard']} {rule['clause']}", *answer_form.rule_marks(ground, rule)))
        lines.append(f"  {said['verdict_name']}  {said['category_name']}  {said['text']}  [{source}]")
    return (*lines, *summary["limits"])
