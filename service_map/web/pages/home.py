"""Home: map and list of facilities as equals, by every filter; and the map alone, for other sites to frame."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from service_map import analysis
from service_map.catalogue import terms, usual
from service_map.catalogue.adcode import COUNTY_DIGITS, city_of, county_of
from service_map.errors import BusyError, OverrunError
from service_map.store import pinyin, queries
from service_map.store.records import FacilityFilter, FacilityRecord, PlanRecord, PromiseFilter
from service_map.web import addresses, feeds, labels, params
from service_map.web.compute import elsewhere_if, part
from service_map.web.cost import searches_much
from service_map.web.pages import choices, frame, gets
from service_map.web.pages.frame import Entry, blueprint
from service_map.web.site import site

PAGE_SIZE = 50
HOMES_SHOWN = 5
NEAR_RINGS_M = (5_000.0, 25_000.0, queries.MAX_METRES)
"""How far nearest first looks: a ring further only where the ring before does not fill the list."""


# States that a sign is drawn with, on the map and in lists.
_SIGNED = ("overdue", *terms.VERIFIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One choice of family or category, with the address that takes it or, when it is taken, gives it up."""

    name: str
    colour: str
    count: int
    current: bool
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaGroup:
    """Neighbouring items of the list that lie in one county, or are known only to one city."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Neighbouring items of the list that are equally sure, by county."""

    words: str
    groups: tuple[AreaGroup, ...]


def _by_sureness(items: Sequence[FacilityRecord]) -> list[Tier]:
    areas = frame.areas()

    def named(adcode: str) -> str:
        codes = (city_of(adcode), adcode)
        return " ".join(dict.fromkeys(areas[code].name for code in codes if code in areas))

    def sureness(record: FacilityRecord) -> str:
        return record.precision if record.precision in terms.WIDE else "placed"

    return [
        Tier(
            words=str(labels.SURENESS[code]),
            groups=tuple(
                AreaGroup(name=named(adcode), entries=tuple(frame.entry(record) for record in inside))
                for adcode, inside in groupby(records, key=lambda record: county_of(record.adcode))
            ),
        )
        for code, records in groupby(items, key=sureness)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What the list shows: tiers by sureness and area, or what is nearest to the reader.

    Attributes
    ----------
    tiers
        The list by sureness; empty where it goes by distance.
    nearest
        Facilities with their distance in words, the nearest first; empty where it goes by sureness.
    unplaced
        How many of the matched are known only to their county or city, so that nearness says nothing of them.
    matched, first_page, next_page
        All together; addresses of the other pages of the list.
    """

    tiers: Sequence[Tier]
    nearest: Sequence[tuple[Entry, str]]
    unplaced: int
    matched: int
    first_page: str | None
    next_page: str | None


def _listed(values: Mapping[str, Any], wanted: FacilityFilter) -> Listed:
    if values["near"] is not None:
        return _nearest_first(values, wanted)
    page = queries.facilities(frame.conn(), wanted, limit=PAGE_SIZE, cursor=values["cursor"], surest_first=True)
    return Listed(
        tiers=_by_sureness(page.items),
        nearest=(),
        unplaced=0,
        matched=page.matched,
        first_page=frame.here(cursor=None) if values["cursor"] else None,
        next_page=frame.here(cursor=page.next_cursor) if page.next_cursor else None,
    )


def _nearest_first(values: Mapping[str, Any], wanted: FacilityFilter) -> Listed:
    """List what lies near by its distance; a page further is a page longer, up to what a request may ask for."""
    lon, lat = values["near"]
    shown = values["limit"] if "limit" in request.args else PAGE_SIZE
    placed = replace(wanted, precisions=terms.PLACED)
    found: list[tuple[FacilityRecord, float]] = []
    for metres in NEAR_RINGS_M:
        found = queries.nearby(frame.conn(), lon, lat, metres, placed, limit=min(shown + 1, queries.MAX_LIMIT))
        if len(found) > shown:
            break
    least = analysis.least_away(frame.ground(), lon, lat, found[:shown])
    parts = queries.tally(frame.conn(), wanted)
    longer = min(shown + PAGE_SIZE, queries.MAX_LIMIT)
    return Listed(
        tiers=(),
        nearest=[
            (frame.entry(record), labels.apart(metres, record.uncertainty_m, low))
            for (record, metres), low in zip(found[:shown], least, strict=True)
        ],
        unplaced=sum(part.count for part in parts if part.precision in terms.WIDE),
        matched=sum(part.count for part in parts),
        first_page=None,
        next_page=frame.here(limit=str(longer)) if len(found) > shown and longer > shown else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """What an empty list says, besides what plans promise without a place.

    Attributes
    ----------
    words
        That nothing meets the choices, by what was looked for.
    existing
        What exists on record of the one kind in the one area asked for; "" where more or less than that is asked for,
        the area has no boundary, or it could not be computed now.
    planner
        Address of the page that tells more of it; None where no clause states a distance for the kind.
    """

    words: str
    existing: str
    planner: str | None


def _nothing(values: Mapping[str, Any], asked: analysis.LookedFor) -> Nothing:
    match values["status"]:
        case "existing":
            words = _("没有符合这些条件的在册现有设施。")
        case params.ALL:
            words = _("没有符合这些条件的设施，规划的和现有的都没有。")
        case _:
            words = _("没有符合这些条件的规划设施。")
    if asked.area is None or len(asked.kinds) != 1:
        return Nothing(words=words, existing="", planner=None)
    try:
        existing = part(partial(_existing, asked.area, asked.kinds[0]), version=frame.reading().version)
    except (BusyError, OverrunError):
        existing = ""
    rule = usual(site().rules).get(asked.kinds[0])
    planner = None
    if rule is not None and rule.metres is not None:
        planner = addresses.to("pages.plan_coverage", area=asked.area, rule=rule.id)
    return Nothing(words=words, existing=existing, planner=planner)


def _existing(area: str, kind: str) -> str:
    stands = analysis.promised(frame.ground(), area, (kind,))["kinds"][0]["existing"]
    return "" if stands is None else (" " if frame.english() else "").join(stands["words"])


def _asked(values: Mapping[str, Any]) -> analysis.LookedFor:
    """Understand what is looked for; near a place, in its county."""
    ground, area = frame.ground(), values["area"]
    if area is None and values["near"] is not None:
        around = ground.areas_around(*values["near"])
        area = next((one.adcode for one in around if one.level == "county"), None)
    return analysis.looked_for(
        ground, area=area, categories=values["category"], families=values["family"], q=values["q"]
    )


def _meant(values: Mapping[str, Any], asked: analysis.LookedFor) -> Mapping[str, Any]:
    """Choose by the area and the kinds that the words name, where no facility holds the words themselves."""
    if not values["q"] or values["near"] is not None or asked.unknown or not asked.something:
        return values
    if any(part.count for part in queries.tally(frame.conn(), params.facility_filter(values))):
        return values
    return {**values, "q": None, "area": asked.area, "family": None, "category": asked.kinds or None}


def _understood(meant: Mapping[str, Any]) -> tuple[str, str]:
    """Name the area, "" where it is everywhere, and the kinds by which the words were understood."""
    area = frame.areas().get(meant["area"] or "")
    return "" if area is None else area.name, ("、" if not frame.english() else ", ").join(_kinds(meant))


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A residential community that a search names, with the addresses of what is near it and of its card."""

    name: str
    area_name: str
    near: str
    circle: str


def _homes(q: str | None) -> list[Home]:
    """Find the communities (居民小区) that hold every word of a search, by their characters or by how they sound."""
    asked = (q or "").lower().split()
    if not asked:
        return []
    known = frame.reading().keep("communities", queries.communities)

    def read_aloud(_conn: Connection) -> dict[str, pinyin.Sound]:
        return pinyin.sounds(home.name for home in known)

    heard = frame.reading().keep("community-sounds", read_aloud) if any(map(pinyin.is_spelt, asked)) else {}
    found = [
        home
        for home in known
        if all(word in home.name.lower() or (pinyin.is_spelt(word) and heard[home.name].holds(word)) for word in asked)
    ]
    areas = frame.areas()
    return [
        Home(
            name=home.name,
            area_name=areas[home.adcode].name if home.adcode in areas else "",
            near=addresses.to("pages.home", near=f"{home.lon:.4f},{home.lat:.4f}"),
            circle=addresses.to("pages.circle", lon=frame.coordinate(home.lon), lat=frame.coordinate(home.lat)),
        )
        for home in found[:HOMES_SHOWN]
    ]


@blueprint.get("/")
@elsewhere_if(lambda: searches_much(frame.reading(), "q"))
def home() -> str:
    """Map and list of facilities, by filter; nearest first where the address says from where."""
    values = frame.query(choices.HOME)
    asked = _asked(values)
    meant = _meant(values, asked)
    wanted = params.facility_filter(meant)
    listed = _listed(meant, wanted)
    families, categories = _chips(values, wanted)
    plans = queries.plans(frame.conn())
    by_status = frame.by_status()
    total = sum(number for code, number in by_status.items() if code != "existing")
    listed_only = queries.listed_only(frame.conn())
    narrowed = ("area", "plan", "year", "status", "state", "precision")
    chosen = {name: values[name] for name in ("q", "family", "category", *narrowed)}
    lasting = tuple(addresses.lasting().items())
    return render_template(
        "home.html",
        heading=_("地图和清单"),
        chosen=chosen,
        kept=[
            *lasting,
            *((("near", request.args["near"]),) if values["near"] else ()),
            *((name, code) for name in ("family", "category") for code in values[name] or ()),
        ],
        lasting=lasting,
        families=families,
        categories=categories,
        taken=_taken(values, plans),
        filtered=any(chosen.values()),
        cleared=addresses.to("pages.home"),
        area_tree=frame.area_tree(),
        # The menu ends at counties; a township comes by a link and must survive the next use of the form.
        township=frame.areas().get(values["area"] or "") if len(values["area"] or "") > COUNTY_DIGITS else None,
        plan_options=[(plan.id, plan.title) for plan in plans],
        year_options=[(year, year) for year in frame.years(plans)],
        # What `state` says more closely is asked for by an old address alone.
        status_options=[
            (code, _status_words(code))
            for code in (*terms.STATUS.codes, params.ALL)
            if code == values["status"] or (by_status["existing"] and code in {"existing", params.ALL})
        ],
        state_options=_state_options(values),
        legend=[(code, str(labels.STATE[code])) for code in _SIGNED if frame.by_state()[code]],
        overdue=frame.by_state()["overdue"],
        precision_options=[(code, str(labels.PRECISION[code])) for code in terms.PRECISION.codes],
        planned=total - listed_only,
        listed_only=listed_only,
        unplaced=frame.unplaced(),
        quotas_with_parts=queries.quotas(frame.conn(), PromiseFilter(), limit=1).matched,
        existing_total=by_status["existing"],
        existing_shown=values["status"] in {"existing", params.ALL},
        with_existing=frame.here(status=params.ALL, cursor=None),
        attribution=frame.attribution(),
        plan_count=len(plans),
        listed=listed,
        understood=_understood(meant) if meant is not values and listed.matched else None,
        answers=asked.something or bool(values["q"]),
        map_area=asked.area if values["near"] is None else values["area"],
        nothing=None if listed.matched else _nothing(values, asked),
        beside=gets.beside(asked) if asked.something and values["cursor"] is None else None,
        homes=_homes(values["q"]),
        everywhere=frame.without("near", "limit") if values["near"] else None,
        geojson_url=url_for("downloads.facilities_geojson", **frame.filter_query(meant)),
        points_url=url_for("pages.points", **frame.filter_query(meant), **dict(lasting), v=frame.stamp()),
        boundaries_url=frame.boundaries_url(),
        map_words=frame.map_words(),
        dataset=feeds.dataset(
            name=_("规划设施地图"),
            description=_("城市和县的规划答应建设的公共设施：在哪里、什么时候、哪一份规划的哪一节写着。"),
            plans=plans,
            english=frame.english(),
        ),
        **_share(values),
    )


def _status_words(code: str) -> str:
    """Say what a choice of status shows."""
    return str(_("规划的和现有的") if code == params.ALL else labels.STATUS[code])


def _state_options(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give the states that any promise has, with how many, and what an address asks for besides."""
    counted = frame.by_state()
    chosen = ",".join(values["state"] or ())
    several = [] if not chosen or chosen in counted else [(chosen, _state_words(values))]
    return [
        *((code, f"{labels.STATE[code]} {counted[code]:,}") for code in terms.STATE.codes if counted[code]),
        *several,
    ]


def _state_words(values: Mapping[str, Any]) -> str:
    return str(_("、")).join(str(labels.STATE[code]) for code in values["state"])


def _share(values: Mapping[str, Any]) -> dict[str, str]:
    """Give the addresses by which a view is handed on: scanned, subscribed to, put into another page."""
    asked, lasting = frame.filter_query(values), addresses.lasting()
    embed = url_for("pages.embed", **asked, **lasting)
    code = f'<iframe src="{feeds.absolute(embed)}" width="100%" height="480" title="{_("规划设施地图")}"></iframe>'
    return {
        "qr_url": url_for("pages.qr", path=frame.here()),
        "embed_url": embed,
        "embed_code": code,
        "feed_url": url_for("pages.feed", **asked, **lasting),
    }


@blueprint.get("/embed")
def embed() -> str:
    """Give the map alone, for other sites to frame; `security` lets them do that here and nowhere else."""
    values = frame.query((*params.FILTER, choices.BIG))
    asked, lasting = frame.filter_query(values), addresses.lasting()
    return render_template(
        "embed.html",
        heading=_("地图"),
        matched=sum(part.count for part in queries.tally(frame.conn(), params.facility_filter(values))),
        area=values["area"],
        place=frame.areas()[values["area"]].name if values["area"] in frame.areas() else None,
        kinds=_kinds(values),
        status=_status_words(values["status"]) if values["status"] else None,
        term=frame.term_words(area=values["area"], plan=values["plan"]),
        home_url=url_for("pages.home", **asked, **lasting),
        points_url=url_for("pages.points", **asked, **lasting, v=frame.stamp()),
        boundaries_url=frame.boundaries_url(),
        map_words=frame.map_words(),
        attribution=frame.attribution(),
    )


def _kinds(values: Mapping[str, Any]) -> list[str]:
    """Name the families and categories asked for."""
    families, categories = site().families, site().categories
    return [
        *(families[code].en if frame.english() else families[code].zh for code in values["family"] or ()),
        *(categories[code].en if frame.english() else categories[code].zh for code in values["category"] or ()),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One choice that narrows the list, with the address that gives it up."""

    words: str
    name_is_chinese: bool
    href: str


def choice_words(values: Mapping[str, Any], plans: Iterable[PlanRecord]) -> dict[str, tuple[str, bool]]:
    """Name by parameter what narrows a list, kinds and words aside, and tell whether the name is Chinese."""
    told: dict[str, tuple[str, bool]] = {}
    if values["area"]:
        known = frame.areas().get(values["area"])
        told["area"] = (known.name if known else values["area"], True)
    if values["plan"]:
        titles = {plan.id: plan.title for plan in plans}
        told["plan"] = (titles[values["plan"]], True)
    if values["year"]:
        told["year"] = (_("到 %(year)s 年", year=values["year"]), False)
    if values["status"]:
        told["status"] = (_status_words(values["status"]), False)
    if values["state"]:
        told["state"] = (_state_words(values), False)
    if values["precision"]:
        told["precision"] = (str(labels.PRECISION[values["precision"]]), False)
    return told


def _taken(values: Mapping[str, Any], plans: Sequence[PlanRecord]) -> list[Taken]:
    return [
        Taken(words=said, name_is_chinese=chinese, href=frame.without(name, "cursor"))
        for name, (said, chinese) in choice_words(values, plans).items()
    ]


def _chips(values: Mapping[str, Any], wanted: FacilityFilter) -> tuple[list[Chip], list[Chip]]:
    """Count families and categories under all other choices, so that a number says what a click will show."""
    layers = queries.layers(frame.conn(), replace(wanted, categories=(), families=()))
    categories = site().categories
    taken = set(values["category"] or ())
    open_families = set(values["family"] or ()) | {categories[code].family for code in taken}
    by_family: Counter[str] = Counter()
    for layer in layers:
        by_family[layer.family] += layer.facilities
    here = partial(frame.here, cursor=None)
    families = [
        Chip(
            name=family.en if frame.english() else family.zh,
            colour=family.colour,
            count=by_family[code],
            current=code in open_families,
            href=here(category=None, family=None if code in open_families else code),
        )
        for code, family in site().families.items()
        if by_family[code] or code in open_families
    ]
    fine = [
        Chip(
            name=layer.en if frame.english() else layer.zh,
            colour=layer.colour,
            count=layer.facilities,
            current=layer.code in taken,
            # Giving up the category goes back to its family, not to everything.
            href=here(category=None, family=layer.family)
            if layer.code in taken
            else here(category=layer.code, family=None),
        )
        for layer in layers
        if layer.family in open_families and (layer.facilities or layer.code in taken)
    ]
    return families, fine
