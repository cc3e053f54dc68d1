"""The JSON API: ``/api`` answers questions, ``/download`` hands out files.

A route reads its query by `params`, asks `service_map.store.queries` or `service_map.coverage`, and writes the answer.
What it may take and answer is declared once, in `openapi`.
"""

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from service_map import analysis, coverage
from service_map.analysis import answers
from service_map.catalogue import terms
from service_map.catalogue.adcode import covers
from service_map.catalogue.degrees import LEAST_DEGREE_M
from service_map.catalogue.messages import message
from service_map.errors import GoneError, InvalidParameterError, NotFoundError
from service_map.store import (
    AreaRecord,
    CommitmentRecord,
    FacilityFilter,
    FacilityRecord,
    PlanChangeRecord,
    PlanRecord,
    PromiseRecord,
    QuotaPage,
    ReleaseChangeRecord,
    RequirementPage,
    queries,
    read_meta,
)
from service_map.web import contract, geojson, openapi, params, problems, promised, targets
from service_map.web import progress as progress_files
from service_map.web.compute import elsewhere_if
from service_map.web.cost import searches_much
from service_map.web.reading import (
    IMPRECISE,
    JSON,
    PROMISED_ONLY,
    attach,
    by_turns,
    choose,
    ground_of,
    query,
    reading,
    reply,
    say,
)
from service_map.web.site import site

blueprint = Blueprint("api", __name__, url_prefix="/api")
attach(blueprint, without={"api.openapi_document", "api.problem_kind"})

WALKING_PROFILE = "adult"

_STRAIGHT = message("距离为直线距离，不是步行路线")


def _links(media_type: str, cursor: str | None) -> list[dict[str, str]]:
    # Relative to the site's root (RFC 3986 section 4.2), so that they hold behind any proxy and any host name.
    here = request.script_root + request.path
    asked = list(request.args.items(multi=True))
    links = [{"rel": "self", "href": _address(here, asked), "type": media_type}]
    if cursor is not None:
        kept = [(name, text) for name, text in asked if name != "cursor"]
        links.append({"rel": "next", "href": _address(here, [*kept, ("cursor", cursor)]), "type": media_type})
    return links


def _address(path: str, query: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


# ---------------------------------------------------------------- what stands where


@blueprint.get("/layers")
def layers() -> Response:
    """Families and categories with their counts."""
    query(())
    data = reading()
    language = params.reply_language()
    return reply(data.keep(("layers", language), lambda conn: _layers(conn, language)))


def _layers(conn: Connection, language: str) -> dict[str, Any]:
    found = queries.layers(conn, FacilityFilter(promised=True))
    by_precision = {
        name: {
            layer.code: layer.facilities
            for layer in queries.layers(conn, FacilityFilter(precision=name, promised=True))
        }
        for name in terms.PRECISION.codes
    }

    without_place = queries.promised(conn)

    def counts(codes: Collection[str]) -> dict[str, Any]:
        others = {
            name: sum(number for (what, _, code), number in without_place.items() if what == name and code in codes)
            for name in ("requirements", "quotas", "intents")
        }
        return {
            "facilities": sum(layer.facilities for layer in found if layer.code in codes),
            **others,
            "precision": {name: sum(counted[code] for code in codes) for name, counted in by_precision.items()},
        }

    def named(zh: str, en: str) -> dict[str, str]:
        return {"name": en if language == "en" else zh, "zh": zh, "en": en}

    families = []
    for code in dict.fromkeys(layer.family for layer in found):
        members = [layer for layer in found if layer.family == code]
        first = members[0]
        families.append(
            {
                "code": code,
                **named(first.family_zh, first.family_en),
                "colour": first.family_colour,
                "core": first.core,
                **counts({layer.code for layer in members}),
                "categories": [
                    {
                        "code": layer.code,
                        **named(layer.zh, layer.en),
                        "colour": layer.colour,
                        "icon": layer.icon,
                        "planned": layer.planned,
                        **counts({layer.code}),
                    }
                    for layer in members
                ],
            }
        )
    everything = counts({layer.code for layer in found})
    return {"families": families, **everything, "data_version": read_meta(conn).get("data_version", "")}


@blueprint.get("/facilities")
@elsewhere_if(lambda: searches_much(reading(), "q"))
def facilities() -> Response:
    """Give a page of facilities by filter."""
    values = query(params.FACILITIES)
    with by_turns():
        page = queries.facilities(
            reading().conn, params.facility_filter(values), limit=values["limit"], cursor=values["cursor"]
        )
        written = _features(page.items)
    return reply(
        geojson.collection(
            written,
            numberMatched=page.matched,
            numberReturned=len(page.items),
            links=_links(geojson.MEDIA_TYPE, page.next_cursor),
            promised=_promised(values, values["area"]),
        ),
        geojson.MEDIA_TYPE,
    )


def _promised(values: Mapping[str, Any], area: str | None) -> list[answers.Brief]:
    """Say beside a first page of facilities what plans promise there without a place; nothing where all are asked."""
    if values["cursor"] is not None:
        return []
    ground = ground_of()
    asked = analysis.looked_for(
        ground, area=area, categories=values["category"], families=values["family"], q=values["q"]
    )
    if not asked.something:
        return []
    return analysis.brief(ground, asked.area, asked.kinds or site().first_kinds)


def _features(records: Iterable[FacilityRecord]) -> list[dict[str, Any]]:
    language = params.reply_language()
    return [geojson.facility_feature(record, language=language) for record in records]


@blueprint.get("/facilities/nearby")
def nearby() -> Response:
    """Facilities around a point, nearest first."""
    values = query(params.NEARBY)
    lon, lat, limit = values["lon"], values["lat"], values["limit"]
    metres, walking = _reach(values)
    wanted = params.facility_filter(values)
    data = reading()
    offset = _offset(values["cursor"], data.version)
    found = queries.nearby(data.conn, lon, lat, metres, wanted, limit=min(offset + limit + 1, queries.MAX_LIMIT))
    more = len(found) > offset + limit
    shown = found[offset : offset + limit]
    matched = _count_nearby(data.conn, lon, lat, metres, wanted) if more else len(found)
    least = analysis.least_away(ground_of(), lon, lat, shown)
    language = params.reply_language()
    return reply(
        geojson.collection(
            (
                geojson.facility_feature(
                    record,
                    language=language,
                    distance_m=round(distance, 1),
                    distance_low_m=round(low, 1),
                    distance_high_m=round(distance + record.uncertainty_m, 1),
                    within="certain" if distance + record.uncertainty_m <= metres else "possible",
                )
                for (record, distance), low in zip(shown, least, strict=True)
            ),
            numberMatched=matched,
            numberReturned=len(shown),
            links=_links(geojson.MEDIA_TYPE, f"{data.version}.{offset + limit}" if more else None),
            search={
                "lon": lon,
                "lat": lat,
                "metres": round(metres, 1),
                "minutes": values["minutes"],
                "walking": walking,
                "method": "straight_line",
                "limits": [say(_STRAIGHT), say(PROMISED_ONLY), say(IMPRECISE)],
            },
            promised=_promised(values, values["area"] or _county_at(lon, lat)),
        ),
        geojson.MEDIA_TYPE,
    )


def _reach(values: Mapping[str, Any]) -> tuple[float, dict[str, Any] | None]:
    metres, minutes = values["metres"], values["minutes"]
    if (metres is None) == (minutes is None):
        raise InvalidParameterError(
            "metres",
            "metres 与 minutes 须且只须给一个",
            "give either metres or minutes, exactly one",
            ("metres", "minutes"),
        )
    if minutes is None:
        return float(metres), None
    walking = _walking()
    return minutes * 60 * walking["speed_m_s"] / walking["detour"], walking


def _walking() -> dict[str, Any]:
    return {
        "profile": WALKING_PROFILE,
        "profile_name": choose(*terms.PROFILE[WALKING_PROFILE].pair),
        "speed_m_s": coverage.SPEEDS[WALKING_PROFILE],
        "detour": coverage.DETOUR,
    }


def _county_at(lon: float, lat: float) -> str | None:
    around = ground_of().areas_around(lon, lat)
    return next((area.adcode for area in around if area.level == "county"), around[-1].adcode if around else None)


def _offset(cursor: str | None, version: str) -> int:
    """Read a cursor of `nearby`: a rank, which means something only within one version of the data."""
    if cursor is None:
        return 0
    found = re.fullmatch(r"([0-9a-f]+)\.([0-9]{1,6})", cursor)
    if not found or int(found[2]) >= queries.MAX_LIMIT:
        raise InvalidParameterError("cursor", "不是本接口给出的游标", "not a cursor of this interface")
    if found[1] != version:
        raise InvalidParameterError(
            "cursor", "数据已更新，请从第一页重新查起", "the data has changed; start from the first page"
        )
    return int(found[2])


def _count_nearby(conn: Connection, lon: float, lat: float, metres: float, wanted: FacilityFilter) -> int:
    up = metres / LEAST_DEGREE_M
    south, north = max(-90.0, lat - up), min(90.0, lat + up)
    sideways = up / (max(math.cos(math.radians(max(abs(south), abs(north)))), 1e-6))
    west, east = lon - sideways, lon + sideways
    # Across the antimeridian the whole band is looked through: rare, and still right.
    box = (west, south, east, north) if west >= -180 and east <= 180 else (-180.0, south, 180.0, north)
    points = queries.facility_points(conn, replace(wanted, bbox=box))
    return len(coverage.within(points.lonlat, (lon, lat), metres)[0])


@blueprint.get("/facilities/<id>")
def facility(id: str) -> Response:  # noqa: A002  the address's own word
    """One facility with all its citations."""
    query(())
    try:
        record = queries.facility(reading().conn, id)
    except GoneError as gone:
        if gone.successor is None or gone.reason != "merged":
            raise
        address = f"{request.script_root}/api/facilities/{gone.successor}"
        return Response(status=301, headers={"Location": _address(address, list(request.args.items(multi=True)))})
    return reply(geojson.facility_feature(record, language=params.reply_language()), geojson.MEDIA_TYPE)


# ---------------------------------------------------------------- areas, plans, commitments


@blueprint.get("/areas")
def areas() -> Response:
    """List areas and their seats."""
    found = _chosen_areas(with_geometry=False)
    return reply({"areas": [_members(area) for area in found], "numberReturned": len(found)})


@blueprint.get("/areas/boundaries")
def boundaries() -> Response:
    """Boundaries of areas."""
    found = [area for area in _chosen_areas(with_geometry=True) if area.geometry is not None]
    return reply(
        geojson.collection(
            (geojson.feature(area.geometry, _members(area), name=area.adcode) for area in found),
            numberReturned=len(found),
        ),
        geojson.MEDIA_TYPE,
    )


@blueprint.get("/areas/<adcode>")
def area(adcode: str) -> Response:
    """One area and its boundary."""
    query(())
    found = queries.area(reading().conn, adcode)
    return reply(geojson.feature(found.geometry, _members(found), name=found.adcode), geojson.MEDIA_TYPE)


def _chosen_areas(*, with_geometry: bool) -> list[AreaRecord]:
    values = query(params.AREAS)
    around = values["area"]
    found = queries.areas(reading().conn, level=values["level"], with_geometry=with_geometry)
    return [area for area in found if around is None or covers(around, area.adcode)]


def _members(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in contract.listed(record.__class__)}


@blueprint.get("/plans")
def plans() -> Response:
    """List the plans."""
    query(())
    found = queries.plans(reading().conn)
    return reply({"plans": [_plan(plan) for plan in found], "numberReturned": len(found)})


@blueprint.get("/plans/<id>")
def plan(id: str) -> Response:  # noqa: A002  the address's own word
    """One plan."""
    query(())
    return reply(_plan(queries.plan(reading().conn, id)))


def _plan(plan: PlanRecord) -> dict[str, Any]:
    return _members(plan) | {
        "note": plan.note_en if params.reply_language() == "en" else plan.note,
        "kind_name": choose(*terms.PLAN_KIND[plan.kind].pair),
        "succeeds": plan.follows,
    }


@blueprint.get("/plans/<id>/changes")
def plan_changes(id: str) -> Response:  # noqa: A002  the address's own word
    """Give a page of what a plan does with the promises of the plans that it follows."""
    values = query(params.PLAN_CHANGES)
    conn = reading().conn
    page = queries.plan_changes(
        conn, params.plan_change_filter(values, id), limit=values["limit"], cursor=values["cursor"]
    )
    return reply(
        {
            "plan": id,
            "succeeds": queries.plan(conn, id).follows,
            "counts": dict(page.counts),
            "changes": [_plan_change(record) for record in page.items],
            "numberMatched": page.matched,
            "numberReturned": len(page.items),
            "links": _links(JSON, page.next_cursor),
        }
    )


def _plan_change(record: PlanChangeRecord) -> dict[str, Any]:
    return _members(record) | {
        "change_name": choose(*terms.CHANGE[record.change].pair),
        "category_name": choose(record.category_zh, record.category_en),
        "differs": record.differs.split(";") if record.differs else [],
        "candidates": record.candidates.split(";") if record.candidates else [],
    }


@blueprint.get("/commitments")
def commitments() -> Response:
    """Give a page of commitments by filter."""
    values = query(params.COMMITMENTS)
    page = queries.commitments(
        reading().conn, params.commitment_filter(values), limit=values["limit"], cursor=values["cursor"]
    )
    return reply(
        {
            "commitments": [_commitment(record) for record in page.items],
            "numberMatched": page.matched,
            "numberReturned": len(page.items),
            "links": _links(JSON, page.next_cursor),
        }
    )


def _commitment(record: CommitmentRecord) -> dict[str, Any]:
    member = _members(record) | {"category_name": choose(record.category_zh, record.category_en)}
    if record.passage is None:
        del member["passage"]
    return member


@blueprint.get("/indicators")
def indicators() -> Response:
    """Give a page of indicators by filter."""
    values = query((*params.INDICATORS, params.LIMIT, params.CURSOR))
    page = queries.indicators(
        reading().conn, params.indicator_filter(values), limit=values["limit"], cursor=values["cursor"]
    )
    return reply(
        {
            "indicators": [targets.member(record) for record in page.items],
            "numberMatched": page.matched,
            "numberReturned": len(page.items),
            "links": _links(JSON, page.next_cursor),
        }
    )


@blueprint.get("/progress")
def progress() -> Response:
    """Count by area and category what is due and what has become of it."""
    return reply(progress_files.members())


@blueprint.get("/changes")
def changes() -> Response:
    """Give a page of what releases of the data changed, and of what has changed since the last."""
    values = query(params.RELEASE_CHANGES)
    conn = reading().conn
    page = queries.release_changes(
        conn, params.release_change_filter(values), limit=values["limit"], cursor=values["cursor"]
    )
    known = queries.releases(conn)
    return reply(
        {
            "since": values["since"],
            "release": known[0].release if known else None,
            "releases": [_members(one) for one in known[: params.MAX_LIMIT]],
            "counts": dict(page.counts),
            "changes": [_change(record) for record in page.items],
            "numberMatched": page.matched,
            "numberReturned": len(page.items),
            "links": _links(JSON, page.next_cursor),
        }
    )


def _change(record: ReleaseChangeRecord) -> dict[str, Any]:
    return _members(record) | {
        "change_name": choose(*terms.RELEASE_CHANGE[record.change].pair),
        "category_name": choose(record.category_zh, record.category_en),
    }


# ---------------------------------------------------------------- requirements, quotas


@blueprint.get("/requirements")
def requirements() -> Response:
    """Give a page of requirements by filter."""
    values = query(params.REQUIREMENTS)
    page = queries.requirements(
        reading().conn, params.promise_filter(values), limit=values["limit"], cursor=values["cursor"]
    )
    return _promises("requirements", page)


@blueprint.get("/requirements/<id>")
def requirement(id: str) -> Response:  # noqa: A002  the address's own word
    """One requirement with all its units and citations."""
    return _promise("requirements", queries.requirement, id)


@blueprint.get("/quotas")
def quotas() -> Response:
    """Give a page of quotas by filter."""
    values = query(params.QUOTAS)
    page = queries.quotas(reading().conn, params.promise_filter(values), limit=values["limit"], cursor=values["cursor"])
    return _promises("quotas", page)


@blueprint.get("/quotas/<id>")
def quota(id: str) -> Response:  # noqa: A002  the address's own word
    """One quota with its parts, what of it is named, and citations."""
    return _promise("quotas", queries.quota, id)


def _promises(name: str, page: RequirementPage | QuotaPage) -> Response:
    return reply(
        {
            name: [promised.member(record) for record in page.items],
            "numberMatched": page.matched,
            "numberReturned": len(page.items),
            "links": _links(JSON, page.next_cursor),
        }
    )


def _promise(name: str, ask: Callable[[Connection, str], PromiseRecord], promise_id: str) -> Response:
    query(())
    try:
        record = ask(reading().conn, promise_id)
    except GoneError as gone:
        if gone.successor is None or gone.reason != "merged":
            raise
        address = f"{request.script_root}/api/{name}/{gone.successor}"
        return Response(status=301, headers={"Location": _address(address, list(request.args.items(multi=True)))})
    return reply(promised.member(record))


# ---------------------------------------------------------------- the interface itself


@blueprint.get("/openapi.json")
def openapi_document() -> Response:
    """Give the OpenAPI 3.1 document."""
    query(())
    known = site()
    return reply(
        openapi.document(categories=tuple(known.categories), families=tuple(known.families), root=request.script_root)
    )


@blueprint.get("/problems/<kind>")
def problem_kind(kind: str) -> Response:
    """Say what a kind of problem means."""
    query(())
    if kind not in problems.KINDS:
        raise NotFoundError("kind", "没有这种错误", "no such kind of problem")
    found = problems.KINDS[kind]
    return reply(
        {
            "type": f"{request.script_root}/api/problems/{kind}",
            "status": found.status,
            "title": say(found.title),
        }
    )
