"""The 15-minute card of a point: by each rule met, met if the plan is kept, not met, or nobody can say.

It asks `service_map.analysis`, as the interface does, so that card and interface never differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import render_template
from flask_babel import gettext as _

from service_map import analysis
from service_map.catalogue import distinct, terms
from service_map.store import queries
from service_map.store.records import FacilityFilter
from service_map.web import labels
from service_map.web.addresses import to
from service_map.web.compute import elsewhere
from service_map.web.pages import choices, frame, gets
from service_map.web.pages.frame import Entry, blueprint
from service_map.web.site import site

NEAR_METRES = 5_000.0
NEAR_SHOWN = 12
WALKABLE_METRES = 3_000.0
"""Beyond it a walk is not told in minutes."""
TOLD = 3
"""Sentences of what plans promise of a kind beside a facility that is named; the page of the area has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A facility and how far it is, straight line, in words."""

    item: Entry
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What one rule says about the point, in the reader's words.

    Attributes
    ----------
    code, possible
        The verdict, and whether any facility on record may lie within reach.
    metres
        Radius judged by; None where none is.
    far
        Whether the nearest on record surely lies beyond `analysis.FARTHEST_M`, and is not named for that.
    plan
        Id and title of the plan that promises the rule itself; None for a standard.
    standing_id, standing_name, standing_words
        Where nobody can say how near the named one is: the nearest that stands and has a place, and how far it is;
        beyond `analysis.FARTHEST_M` only where it bounds how far the nearest may be.
    words, more, listed
        What the plans of the county and of its city promise of this kind without a place, a sentence each, numbers
        first; where one is named, `TOLD` at most, and how many more there are; the address of the page that tells all
        of it.
    others
        What the other rules of the same category say.
    """

    code: str
    possible: bool
    far: bool
    category: str
    category_name: str
    metres: float | None
    colour: str
    distance_words: str
    minutes_words: str
    facility_id: str | None
    facility_name: str
    facility_words: str
    rule_words: str
    clause: str
    marks: tuple[str, ...]
    plan: tuple[str, str] | None
    standing_id: str | None
    standing_name: str
    standing_words: str
    words: tuple[str, ...] = ()
    more: int = 0
    listed: str = ""
    others: tuple["Check", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictGroup:
    """The categories with one verdict; those that may be within reach before those that are surely not."""

    code: str
    words: str
    meaning: str
    rows: tuple[Check, ...]


@blueprint.get("/circle")
@elsewhere
def circle() -> str:
    """Check a point's 15-minute life circle, and list what was promised around it."""
    values = frame.query(choices.CIRCLE)
    lon, lat = values["lon"], values["lat"]
    ground = analysis.trusting(frame.ground(), complete=values["complete"])
    told = analysis.check_point(
        ground,
        lon,
        lat,
        minutes=values["minutes"],
        year=values["year"],
        profile=values["profile"],
    ).summary
    # What is known only to its county stands at the seat on the map, which says nothing about this point.
    near = [
        (record, metres)
        for record, metres in queries.nearby(frame.conn(), lon, lat, NEAR_METRES, FacilityFilter(promised=True))
        if record.precision not in terms.WIDE
    ][:NEAR_SHOWN]
    county = next((area for area in ground.areas_around(lon, lat) if area.level == "county"), None)
    chosen = [_told(told, check) for check in _by_category(ground, told["verdicts"])]
    wide = FacilityFilter(area=county.adcode, precision="county", promised=True) if county else None
    return render_template(
        "circle.html",
        heading=_("%(minutes)s 分钟生活圈", minutes=values["minutes"]),
        values=values,
        lon=frame.coordinate(lon),
        lat=frame.coordinate(lat),
        county=county,
        term=frame.term_words(area=county.adcode) if county else None,
        wide=queries.facilities(frame.conn(), wide, limit=1).matched if wide else 0,
        walked=told["method"] == "network",
        pace=told["walking"],
        groups=[
            VerdictGroup(
                code=code,
                words=str(said),
                meaning=str(labels.VERDICT_MEANING[code]),
                rows=tuple(sorted(rows, key=lambda check: not check.possible)),
            )
            for code, said in labels.VERDICT.items()
            if (rows := [check for check in chosen if check.code == code])
        ],
        apart=[_told(told, check) for check in _by_category(ground, told["apart"])],
        area_page=_area_page(told),
        promised_in=told["promised_in"]["name"],
        promised=[_check(ground, said) for said in told["plan_circles"]],
        near=[
            Near(item=frame.entry(record), words=labels.apart(metres, record.uncertainty_m, low))
            for (record, metres), low in zip(near, analysis.least_away(ground, lon, lat, near), strict=True)
        ],
        near_metres=NEAR_METRES,
        far_metres=analysis.FARTHEST_M,
        profiles=[(code, str(said)) for code, said in labels.PROFILE.items()],
        minute_options=[(minutes, str(minutes)) for minutes in reversed(analysis.CIRCLE_MINUTES)],
        year_options=[(year, year) for year in frame.years(queries.plans(frame.conn()))],
    )


def _by_category(ground: analysis.Ground, told: Sequence[Mapping[str, Any]]) -> list[Check]:
    """Show a category once, by its first rule in the standards' table; what its other rules say stands beneath.

    Of clauses that ask the same, the best known stands for all.
    """
    kept = {rule.id for rule in distinct(ground.rule(said["rule"]["id"]) for said in told)}
    shown = [said for said in told if "verdict" not in said or said["rule"]["id"] in kept]
    groups: dict[str, list[Check]] = {}
    for said in shown:
        groups.setdefault(said["category"], []).append(_check(ground, said))
    return [replace(first, others=tuple(others)) for first, *others in groups.values()]


def _told(told: Mapping[str, Any], check: Check) -> Check:
    """Add what plans promise of the kind, in short where the card names one of it."""
    (kind,) = analysis.ladder(frame.ground(), told["promised_in"]["adcode"], (check.category,))
    words = gets.numbers_first(kind)
    shown = TOLD if check.facility_id is not None else len(words)
    return replace(
        check,
        words=tuple(words[:shown]),
        more=max(0, len(words) - shown),
        listed=f"{_area_page(told)}#k-{check.category}",
    )


def _area_page(told: Mapping[str, Any]) -> str:
    return to("pages.area", adcode=told["promised_in"]["adcode"])


def _status_words(place: Mapping[str, Any]) -> str:
    return labels.state(place["state"])


def _check(ground: analysis.Ground, said: Mapping[str, Any]) -> Check:
    place, rule = said["facility"], ground.rule(said["rule"]["id"])
    far = place is not None and said["distance_low_m"] > analysis.FARTHEST_M
    if far:
        place = None
    there = []
    if place is not None:
        there = [_status_words(place), str(labels.PRECISION[place["precision"]])]
        if place["due"]:
            there.insert(1, labels.due(place["due"], place["due_basis"]))
    metres, walk, minutes = said["distance_m"], said["walk_m"], said["walk_minutes"]
    distance = ""
    if far:
        distance = ""
    elif walk is not None:
        distance = _("步行 %(distance)s", distance=labels.distance(walk))
    elif metres is not None:
        distance = _distance_words(said)
    near = minutes is not None and (said["distance_high_m"] if walk is None else walk) <= WALKABLE_METRES
    standing = None if place is None else _standing(said)
    return Check(
        code=said.get("verdict", "apart"),
        possible=bool(said.get("possible")),
        far=far,
        category=said["category"],
        category_name=said["category_name"],
        metres=said.get("radius_m"),
        colour=site().categories[said["category"]].colour,
        distance_words=distance,
        minutes_words=_("步行约 %(minutes)s 分钟", minutes=max(1, round(minutes))) if near else "",
        facility_id=place["id"] if place else None,
        facility_name=place["name"] if place else "",
        facility_words=" · ".join(there),
        rule_words=labels.rule(rule),
        # The plan is named beside it.
        clause=rule.clause if rule.plan else labels.clause(rule),
        marks=tuple(labels.marks(rule)),
        plan=(rule.plan, said["plan_title"]) if rule.plan else None,
        standing_id=standing["facility"]["id"] if standing else None,
        standing_name=standing["facility"]["name"] if standing else "",
        standing_words=labels.apart(standing["distance_m"], standing["facility"]["uncertainty_m"]) if standing else "",
    )


def _unsure(said: Mapping[str, Any]) -> bool:
    code: str = said.get("verdict", "cannot_say")
    return code == "cannot_say"


def _distance_words(said: Mapping[str, Any]) -> str:
    """Say how far the named one is; where another surely lies nearer than it may, how far the nearest may be."""
    metres, low, high = said["distance_m"], said["distance_low_m"], said["distance_high_m"]
    within = said["nearest_within_m"]
    if _unsure(said) and within is not None and within < high:
        most = labels.distance(within)
        if low <= 0:
            return str(_("最近的一处说不准有多远，最远 %(high)s", high=most))
        return str(_("最近的一处在 %(low)s到 %(high)s之间", low=labels.distance(low), high=most))
    return labels.bounds(metres, low, high)


def _standing(said: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Give the nearest that stands and has a place, where it is not the one that is named already."""
    found: Mapping[str, Any] | None = said["standing"]
    if not _unsure(said) or found is None or found["facility"]["id"] == said["facility"]["id"]:
        return None
    within = said["nearest_within_m"]
    bounding = within is not None and found["distance_high_m"] <= within
    return found if bounding or found["distance_low_m"] <= analysis.FARTHEST_M else None
