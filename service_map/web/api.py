"""The JSON API: ``/api`` answers questions, ``/download`` hands out files.

A route reads its query by `params`, asks `service_map.store.queries` or `service_map.coverage`, and writes the answer.
What it may take and answer is declared once, in `openapi`.
"""

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from hashlib import blake2b
from typing import Any
from urllib.parse import urlencode

import numpy as np
import orjson
import shapely
from flask import Blueprint, Response, g, request, send_file
from sqlalchemy import Connection

from service_map import coverage
from service_map.catalogue import Rule
from service_map.errors import InvalidParameterError, NotFoundError, UnanswerableError
from service_map.places.facility import PRECISIONS
from service_map.store import (
    AreaRecord,
    CommitmentRecord,
    FacilityFilter,
    FacilityPage,
    FacilityRecord,
    PlanRecord,
    queries,
    read_meta,
)
from service_map.store.adcode import prefix
from service_map.web import geojson, openapi, params, problems
from service_map.web.database import Reading
from service_map.web.site import site

blueprint = Blueprint("api", __name__, url_prefix="/api")
downloads = Blueprint("downloads", __name__, url_prefix="/download")

WALKING_PROFILE = "adult"
DOWNLOAD_PAGE = 1000
"""Facilities that a download holds in memory at once."""

_JSON = "application/json"
# Answers that no database is needed for: they must stand when the data does not.
_WITHOUT_DATA = {"api.openapi_document", "api.problem_kind"}
_READS = {"GET", "HEAD"}
# What a life circle of so many minutes asks for: its own level and those inside it, which do not substitute for it.
_LEVELS = {5: ("5",), 10: ("10", "5"), 15: ("15", "10", "5", "none")}
_VERDICTS = {
    "met": ("满足", "met"),
    "met_if_built": ("建成后满足", "met if built"),
    "not_met": ("不满足", "not met"),
    "cannot_say": ("无法判断", "cannot say"),
}
_PROFILES = {"adult": ("成年人", "adult")}
# A circle of 300 m is 0.00001 of a large county: fewer digits would lose it.
_SHARE_DECIMALS = 9
_PARTS = {"covered": ("已覆盖", "covered"), "gap": ("缺口", "gap")}

_STRAIGHT = (
    "距离为直线距离，不是步行路线",
    "distances are straight lines, not walking routes",
)
_PROMISED_ONLY = (
    "数据只含规划承诺的设施，不含现状设施：数据中没有，不等于当地没有",
    "the data holds only what plans promise, not what already stands: absent here does not mean absent on the ground",
)
_IMPRECISE = (
    "点位按规划用语定位，真实位置在 uncertainty_m 米之内；上下限已计入",
    "points are located by the plan's words, the real site lies within uncertainty_m metres; the bounds allow for it",
)
_LAND = (
    "分母是行政区的土地面积，不是居住用地，也不是人口",
    "the denominator is the area's land, not its residential land and not its people",
)
_ATTRIBUTION = (
    "Service Map：由公开的规划文本提取；出处见各要素的 citation，点位来自谁、以何许可使用，见 sources",
    "Service Map: extracted from published plans; each feature's citation says from where, sources say whose points",
)
_YEARS = (
    "规划多未写明建成年份；限定 year 时，未写年份的不能算作已建成",
    "plans often give no year; with year set, a facility without one cannot be counted on",
)


# ---------------------------------------------------------------- every request


@blueprint.before_request
@downloads.before_request
def _begin() -> Response | None:
    """Open the data for this request, and answer 304 before any work where the reader already has this version."""
    version = ""
    if request.method not in _READS:
        return None
    if request.endpoint not in _WITHOUT_DATA:
        g.stack = ExitStack()
        g.reading = g.stack.enter_context(site().database.reading())
        version = g.reading.version
    language = params.reply_language()
    key = f"{version}\n{site().version}\n{language}\n{request.script_root}{request.full_path}"
    g.tag = blake2b(key.encode(errors="replace"), digest_size=12).hexdigest()
    if request.if_none_match.contains_weak(g.tag):
        return _cacheable(Response(status=304))
    return None


@blueprint.after_request
@downloads.after_request
def _end(response: Response) -> Response:
    return _cacheable(response) if "tag" in g and response.status_code in {200, 206} else response


@blueprint.teardown_request
@downloads.teardown_request
def _close(_error: BaseException | None) -> None:
    stack: ExitStack | None = g.pop("stack", None)
    if stack is not None:
        stack.close()


def _cacheable(response: Response) -> Response:
    if response.get_etag()[0] is None:
        response.set_etag(g.tag, weak=True)
    # The reader keeps it and asks each time whether it still holds: a rebuild shows at once, no change costs a 304.
    response.headers["Cache-Control"] = "public, no-cache"
    response.headers["Content-Language"] = "en" if params.reply_language() == "en" else "zh-CN"
    response.vary.add("Accept-Language")
    return response


def _reply(payload: Any, media_type: str = _JSON) -> Response:
    return Response(orjson.dumps(payload), content_type=media_type)


def _reading() -> Reading:
    reading: Reading = g.reading
    return reading


def _query(parameters: Collection[params.Parameter]) -> dict[str, Any]:
    params.check_encoding(request.query_string)
    return params.read(request.args, parameters, known=_known)


def _known(name: str) -> Collection[str]:
    """Give the closed sets that the catalogue and the data decide."""
    match name:
        case "category":
            return site().categories
        case "family":
            return site().families
        case "area":
            known = queries.vocabulary(_reading().conn)
            return known.areas.keys() | known.townships
        case _:
            return queries.vocabulary(_reading().conn).plans


def _say(pair: tuple[str, str]) -> str:
    return pair[1] if params.reply_language() == "en" else pair[0]


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
    _query(())
    data = _reading()
    language = params.reply_language()
    return _reply(data.keep(("layers", language), lambda conn: _layers(conn, language)))


def _layers(conn: Connection, language: str) -> dict[str, Any]:
    found = queries.layers(conn)
    by_precision = {
        name: {layer.code: layer.facilities for layer in queries.layers(conn, FacilityFilter(precision=name))}
        for name in PRECISIONS
    }

    def counts(codes: Collection[str]) -> dict[str, Any]:
        return {
            "facilities": sum(layer.facilities for layer in found if layer.code in codes),
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
def facilities() -> Response:
    """Give a page of facilities by filter."""
    values = _query(params.FACILITIES)
    page = queries.facilities(
        _reading().conn, params.facility_filter(values), limit=values["limit"], cursor=values["cursor"]
    )
    return _reply(
        geojson.collection(
            _features(page.items),
            numberMatched=page.matched,
            numberReturned=len(page.items),
            links=_links(geojson.MEDIA_TYPE, page.next_cursor),
        ),
        geojson.MEDIA_TYPE,
    )


def _features(records: Iterable[FacilityRecord]) -> list[dict[str, Any]]:
    language = params.reply_language()
    return [geojson.facility_feature(record, language=language) for record in records]


@blueprint.get("/facilities/nearby")
def nearby() -> Response:
    """Facilities around a point, nearest first."""
    values = _query(params.NEARBY)
    lon, lat, limit = values["lon"], values["lat"], values["limit"]
    metres, walking = _reach(values)
    wanted = params.facility_filter(values)
    data = _reading()
    offset = _offset(values["cursor"], data.version)
    found = queries.nearby(data.conn, lon, lat, metres, wanted, limit=min(offset + limit + 1, queries.MAX_LIMIT))
    more = len(found) > offset + limit
    shown = found[offset : offset + limit]
    matched = _count_nearby(data.conn, lon, lat, metres, wanted) if more else len(found)
    language = params.reply_language()
    return _reply(
        geojson.collection(
            (
                geojson.facility_feature(
                    record,
                    language=language,
                    **_distance(distance, record.uncertainty_m),
                    within="certain" if distance + record.uncertainty_m <= metres else "possible",
                )
                for record, distance in shown
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
                "limits": [_say(_STRAIGHT), _say(_PROMISED_ONLY), _say(_IMPRECISE)],
            },
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
        "profile_name": _say(_PROFILES[WALKING_PROFILE]),
        "speed_m_s": coverage.SPEEDS[WALKING_PROFILE],
        "detour": coverage.DETOUR,
    }


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
    # A degree of latitude is nowhere shorter than 110.5 km, one of longitude at the equator than 111.3 km.
    south, north = max(-90.0, lat - metres / 110_500), min(90.0, lat + metres / 110_500)
    sideways = metres / (111_300 * max(math.cos(math.radians(max(abs(south), abs(north)))), 1e-6))
    west, east = lon - sideways, lon + sideways
    # Across the antimeridian the whole band is looked through: rare, and still right.
    box = (west, south, east, north) if west >= -180 and east <= 180 else (-180.0, south, 180.0, north)
    points = queries.facility_points(conn, replace(wanted, bbox=box))
    return len(coverage.within(points.lonlat, (lon, lat), metres)[0])


def _distance(metres: float, uncertainty_m: float) -> dict[str, float]:
    return {
        "distance_m": round(metres, 1),
        "distance_low_m": round(max(0.0, metres - uncertainty_m), 1),
        "distance_high_m": round(metres + uncertainty_m, 1),
    }


@blueprint.get("/facilities/<id>")
def facility(id: str) -> Response:  # noqa: A002  the address's own word
    """One facility with all its citations."""
    _query(())
    record = queries.facility(_reading().conn, id)
    return _reply(geojson.facility_feature(record, language=params.reply_language()), geojson.MEDIA_TYPE)


# ---------------------------------------------------------------- analyses


@blueprint.get("/circle")
def circle() -> Response:
    """Check the life circle of a point."""
    values = _query(params.CIRCLE_CHECK)
    data = _reading()
    lon, lat, minutes, year = values["lon"], values["lat"], values["minutes"], values["year"]
    around = _areas_around(data, lon, lat)
    if not around:
        raise UnanswerableError(
            "lon",
            "这一点不在数据所及的行政区内，数据中没有设施不能说明问题；行政区见 /api/areas",
            "the point lies outside the areas of the data, so nothing can be concluded there; see /api/areas",
        )
    candidates = data.keep("candidates", _candidates)
    levels = _LEVELS[minutes]
    rules = [
        rule for rule in site().rules if rule.level in levels and (rule.minutes is None or rule.minutes <= minutes)
    ]
    verdicts = coverage.check((lon, lat), candidates, rules, year=year, levels=levels, show=1)
    aside = coverage.apart((lon, lat), candidates, site().rules, year=year, show=1) if minutes == 15 else []
    reaches = [reach for verdict in verdicts for reach in verdict.nearest]
    reaches += [reach for answer in aside for reach in answer.nearest]
    nearest = _records(data, {reach.id for reach in reaches})
    limits = [_STRAIGHT, _PROMISED_ONLY, _IMPRECISE, *([_YEARS] if year is not None else [])]
    return _reply(
        {
            "lon": lon,
            "lat": lat,
            "minutes": minutes,
            "year": year,
            "method": "straight_line",
            "area": {"adcode": around[-1].adcode, "name": around[-1].name},
            "walking": _walking(),
            "summary": {name: sum(answer.verdict == name for answer in verdicts) for name in coverage.VERDICTS},
            "verdicts": [_verdict(answer, nearest) for answer in verdicts],
            "apart": [
                {**_subject(answer.rule), "text": _say((answer.zh, answer.en)), **_closest(answer.nearest, nearest)}
                for answer in aside
            ],
            "limits": [_say(limit) for limit in limits],
            "data_version": data.keep("meta", read_meta).get("data_version", ""),
        }
    )


def _candidates(conn: Connection) -> coverage.Candidates:
    points = queries.facility_points(conn)
    return coverage.Candidates(
        lonlat=points.lonlat,
        category=points.category,
        uncertainty_m=points.uncertainty_m,
        status=points.status,
        year=np.nan_to_num(points.year, nan=0).astype(np.int64),
        id=points.id,
    )


def _areas_around(data: Reading, lon: float, lat: float) -> list[AreaRecord]:
    """Areas whose boundary holds a point, widest first; all of them where no boundary is known."""
    bounded, tree = data.keep("boundaries", _boundaries)
    point = shapely.Point(lon, lat)
    found = [bounded[index] for index in tree.query(point, predicate="intersects")]
    return sorted(found, key=lambda area: (len(prefix(area.adcode)), area.adcode))


def _boundaries(conn: Connection) -> tuple[list[AreaRecord], shapely.STRtree]:
    bounded = [area for area in queries.areas(conn, with_geometry=True) if area.geometry is not None]
    shapes = [area.geometry for area in bounded]
    shapely.prepare(shapes)
    return bounded, shapely.STRtree(shapes)


def _records(data: Reading, ids: Iterable[str]) -> dict[str, FacilityRecord]:
    seen: dict[str, FacilityRecord] = data.keep("records", lambda _conn: {})
    if len(seen) > 5_000:
        seen.clear()
    found = {}
    for name in ids:
        found[name] = seen[name] = seen.get(name) or queries.facility(data.conn, name)
    return found


def _verdict(answer: coverage.Verdict, nearest: Mapping[str, FacilityRecord]) -> dict[str, Any]:
    return {
        **_subject(answer.rule),
        "verdict": answer.verdict,
        "verdict_name": _say(_VERDICTS[answer.verdict]),
        "text": _say((answer.zh, answer.en)),
        "radius_m": round(answer.metres, 1),
        "radius_from": answer.metres_from,
        "certain": answer.certain,
        "possible": answer.possible,
        **_closest(answer.nearest, nearest),
    }


def _subject(rule: Rule) -> dict[str, Any]:
    category = site().categories[rule.category]
    return {
        "category": category.code,
        "category_name": _say((category.zh, category.en)),
        "family": category.family,
        "rule": _rule(rule),
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "category": rule.category,
        "level": rule.level,
        "metres": rule.metres,
        "metres_low": rule.metres_low,
        "minutes": rule.minutes,
        "mode": rule.mode,
        "share": rule.share,
        "standard": rule.standard,
        "edition": rule.edition,
        "clause": rule.clause,
        "status": rule.status,
        "confidence": rule.confidence,
        "verified": rule.verified,
        "note": rule.note_en if params.reply_language() == "en" else rule.note_zh,
    }


def _closest(found: tuple[coverage.Reach, ...], records: Mapping[str, FacilityRecord]) -> dict[str, Any]:
    if not found:
        return {"distance_m": None, "distance_low_m": None, "distance_high_m": None, "facility": None}
    reach, record = found[0], records[found[0].id]
    return {
        **_distance(reach.metres, record.uncertainty_m),
        "facility": {
            "id": record.id,
            "name": record.name,
            "lon": round(record.lon, geojson.DECIMALS),
            "lat": round(record.lat, geojson.DECIMALS),
            "status": record.status,
            "year": record.year,
            "precision": record.precision,
            "uncertainty_m": round(record.uncertainty_m, 1),
            "plan": record.plan,
            "plan_title": record.plan_title,
        },
    }


@blueprint.get("/coverage")
def area_coverage() -> Response:
    """Share of an area covered by a category, with the covered and the gap polygons."""
    values = _query(params.COVERAGE)
    data = _reading()
    area, code, metres, year = _bounded_area(data, values["area"]), values["category"], values["metres"], values["year"]
    found = list(_every(data.conn, FacilityFilter(categories=(code,))))
    found = [record for record in found if record.status != "cancelled"]
    counted = [record for record in found if year is None or _stands_by(record, year)]
    # One that no plan dates may stand by then or not: it belongs to the upper bound alone.
    undated = [record for record in found if year is not None and record.year is None and record not in counted]
    shape = area.geometry
    cut = coverage.gap(shape, [(record.lon, record.lat) for record in counted], metres)
    low, high = _bounds(shape, counted, [*counted, *undated], metres, cut)
    category = site().categories[code]
    limits = [_STRAIGHT, _PROMISED_ONLY, _IMPRECISE, _LAND, *([_YEARS] if year is not None else [])]
    return _reply(
        geojson.collection(
            [
                geojson.feature(
                    geometry,
                    {"part": part, "name": _say(_PARTS[part]), "area_km2": km2, "share": share},
                    name=part,
                )
                for part, geometry, km2, share in (
                    ("covered", cut.covered, round(cut.covered_km2, 4), round(cut.share, _SHARE_DECIMALS)),
                    ("gap", cut.gap, round(cut.gap_km2, 4), round(1 - cut.share, _SHARE_DECIMALS)),
                )
            ],
            coverage={
                "area": {"adcode": area.adcode, "name": area.name},
                "category": code,
                "category_name": _say((category.zh, category.en)),
                "metres": metres,
                "year": year,
                "method": "straight_line",
                "denominator": "land_area",
                "facilities": cut.facilities,
                "area_km2": round(cut.area_km2, 4),
                "covered_km2": round(cut.covered_km2, 4),
                "gap_km2": round(cut.gap_km2, 4),
                "share": round(cut.share, _SHARE_DECIMALS),
                "share_low": round(low, _SHARE_DECIMALS),
                "share_high": round(high, _SHARE_DECIMALS),
                "rules": [_rule(rule) for rule in site().rules if rule.category == code],
                "limits": [_say(limit) for limit in limits],
                "data_version": data.keep("meta", read_meta).get("data_version", ""),
            },
        ),
        geojson.MEDIA_TYPE,
    )


def _stands_by(record: FacilityRecord, year: int) -> bool:
    return record.status in {"existing", "open"} or (record.year is not None and record.year <= year)


def _bounded_area(data: Reading, adcode: str) -> AreaRecord:
    try:
        area = queries.area(data.conn, adcode)
    except NotFoundError:
        # A township that a facility stands in, though the data holds no record of it.
        area = None
    if area is None or area.geometry is None:
        raise UnanswerableError(
            "area",
            "这个行政区没有边界数据，算不了覆盖率",
            "the data has no boundary of this area, so no share can be computed",
        )
    return area


def _bounds(
    shape: shapely.Geometry,
    sure: list[FacilityRecord],
    possible: list[FacilityRecord],
    metres: float,
    cut: coverage.Coverage,
) -> tuple[float, float]:
    """Bound the covered share, given that each facility may stand anywhere within its uncertainty.

    At least what every position covers: the circle less the uncertainty. At most what any position covers, and no more
    than the circles' own surface, for a facility stands in one place only.
    """
    certain = _share(shape, [record for record in sure if record.uncertainty_m < metres], metres, cut, grow=-1)
    anywhere = _share(shape, possible, metres, cut, grow=1)
    surface = sum(_surface_km2(record, metres) for record in possible)
    exact = all(record.uncertainty_m == 0 for record in possible)
    highest = anywhere if exact else min(anywhere, surface / cut.area_km2)
    # The circles are drawn with corners: rounding must not put a bound on the wrong side of the figure it bounds.
    return min(certain, cut.share), max(highest, cut.share)


def _share(
    shape: shapely.Geometry, records: list[FacilityRecord], metres: float, cut: coverage.Coverage, *, grow: int
) -> float:
    if not records:
        return 0.0
    centres = [(record.lon, record.lat) for record in records]
    union = shapely.union_all(coverage.circles(centres, [metres + grow * record.uncertainty_m for record in records]))
    return min(1.0, coverage.square_km(shapely.intersection(shape, union)) / cut.area_km2)


def _surface_km2(record: FacilityRecord, metres: float) -> float:
    """Most land that one record can cover: so many circles, or a strip along a trail; unbounded for "at least"."""
    if record.at_least:
        return math.inf
    disc = math.pi * (metres / 1000) ** 2
    if record.unit == "公里":
        return disc + 2 * metres / 1000 * record.count
    return disc * max(1.0, record.count)


def _every(conn: Connection, wanted: FacilityFilter) -> Iterator[FacilityRecord]:
    cursor = None
    while True:
        page = queries.facilities(conn, wanted, limit=DOWNLOAD_PAGE, cursor=cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


# ---------------------------------------------------------------- areas, plans, commitments


@blueprint.get("/areas")
def areas() -> Response:
    """List areas and their seats."""
    found = _chosen_areas(with_geometry=False)
    return _reply({"areas": [_area(area) for area in found], "numberReturned": len(found)})


@blueprint.get("/areas/boundaries")
def boundaries() -> Response:
    """Boundaries of areas."""
    found = [area for area in _chosen_areas(with_geometry=True) if area.geometry is not None]
    return _reply(
        geojson.collection(
            (geojson.feature(area.geometry, _area(area), name=area.adcode) for area in found), numberReturned=len(found)
        ),
        geojson.MEDIA_TYPE,
    )


@blueprint.get("/areas/<adcode>")
def area(adcode: str) -> Response:
    """One area and its boundary."""
    _query(())
    found = queries.area(_reading().conn, adcode)
    return _reply(geojson.feature(found.geometry, _area(found), name=found.adcode), geojson.MEDIA_TYPE)


def _chosen_areas(*, with_geometry: bool) -> list[AreaRecord]:
    values = _query(params.AREAS)
    start = prefix(values["area"]) if values["area"] else ""
    found = queries.areas(_reading().conn, level=values["level"], with_geometry=with_geometry)
    return [area for area in found if area.adcode.startswith(start)]


def _area(area: AreaRecord) -> dict[str, Any]:
    return {
        "adcode": area.adcode,
        "name": area.name,
        "level": area.level,
        "parent": area.parent,
        "lon": area.lon,
        "lat": area.lat,
        "facilities": area.facilities,
        "source": area.source,
        "licence": area.licence,
    }


@blueprint.get("/plans")
def plans() -> Response:
    """List the plans."""
    _query(())
    found = queries.plans(_reading().conn)
    return _reply({"plans": [_plan(plan) for plan in found], "numberReturned": len(found)})


@blueprint.get("/plans/<id>")
def plan(id: str) -> Response:  # noqa: A002  the address's own word
    """One plan."""
    _query(())
    return _reply(_plan(queries.plan(_reading().conn, id)))


def _plan(plan: PlanRecord) -> dict[str, Any]:
    return {
        "id": plan.id,
        "title": plan.title,
        "issuer": plan.issuer,
        "number": plan.number,
        "date": plan.date,
        "period_start": plan.period[0],
        "period_end": plan.period[1],
        "adcode": plan.adcode,
        "area_name": plan.area_name,
        "sha256": plan.sha256,
        "url": plan.url,
        "note": plan.note_en if params.reply_language() == "en" else plan.note,
        "commitments": plan.commitments,
        "facilities": plan.facilities,
    }


@blueprint.get("/commitments")
def commitments() -> Response:
    """Give a page of commitments by filter."""
    values = _query(params.COMMITMENTS)
    page = queries.commitments(
        _reading().conn, params.commitment_filter(values), limit=values["limit"], cursor=values["cursor"]
    )
    return _reply(
        {
            "commitments": [_commitment(record) for record in page.items],
            "numberMatched": page.matched,
            "numberReturned": len(page.items),
            "links": _links(_JSON, page.next_cursor),
        }
    )


def _commitment(record: CommitmentRecord) -> dict[str, Any]:
    member = {
        "id": record.id,
        "plan": record.plan,
        "plan_title": record.plan_title,
        "section": record.section,
        "line": record.line,
        "passage_sha256": record.passage_sha256,
        "label": record.label,
        "category": record.category,
        "category_name": _say((record.category_zh, record.category_en)),
        "family": record.family,
        "kind": record.kind,
        "name": record.name,
        "count": record.count,
        "unit": record.unit,
        "at_least": record.at_least,
        "action": record.action,
        "place": record.place,
        "place_level": record.place_level,
        "per": record.per,
        "year": record.year,
        "repeats": record.repeats,
        "note": record.note,
        "facilities": record.facilities,
    }
    if record.passage is not None:
        member["passage"] = record.passage
    return member


# ---------------------------------------------------------------- the interface itself


@blueprint.get("/openapi.json")
def openapi_document() -> Response:
    """Give the OpenAPI 3.1 document."""
    _query(())
    known = site()
    return _reply(
        openapi.document(categories=tuple(known.categories), families=tuple(known.families), root=request.script_root)
    )


@blueprint.get("/problems/<kind>")
def problem_kind(kind: str) -> Response:
    """Say what a kind of problem means."""
    _query(())
    if kind not in problems.KINDS:
        raise NotFoundError("kind", "没有这种错误", "no such kind of problem")
    found = problems.KINDS[kind]
    return _reply(
        {
            "type": f"{request.script_root}/api/problems/{kind}",
            "status": found.status,
            "title": _say((found.zh, found.en)),
        }
    )


# ---------------------------------------------------------------- downloads


@downloads.get("/facilities.geojson")
def facilities_geojson() -> Response:
    """Hand out the whole result of a filter, page by page, so that its size does not matter."""
    values = _query(params.FILTER)
    wanted = params.facility_filter(values)
    language = params.reply_language()
    stack = ExitStack()
    try:
        # The request's own reading ends before the last byte is sent; this one lasts as long as the answer.
        data = stack.enter_context(site().database.reading())
        first = queries.facilities(data.conn, wanted, limit=DOWNLOAD_PAGE)
        members = {
            "name": "facilities",
            "numberMatched": first.matched,
            "data_version": read_meta(data.conn).get("data_version", ""),
            "attribution": _say(_ATTRIBUTION),
            "limits": [_say(_PROMISED_ONLY), _say(_IMPRECISE)],
        }
        response = Response(_stream(data.conn, wanted, first, members, language), content_type=geojson.MEDIA_TYPE)
    except BaseException:
        stack.close()
        raise
    response.call_on_close(stack.close)
    response.headers["Content-Disposition"] = "attachment; filename=facilities.geojson"
    return response


def _stream(
    conn: Connection, wanted: FacilityFilter, page: FacilityPage, members: Mapping[str, Any], language: str
) -> Iterator[bytes]:
    head = orjson.dumps({"type": "FeatureCollection", **members})
    yield head[:-1] + b',"features":['
    licences: dict[tuple[str, str], None] = {}
    separator = b"\n"
    while True:
        for record in page.items:
            licences[record.point_source, record.point_licence] = None
            yield separator + orjson.dumps(geojson.facility_feature(record, language=language))
            separator = b",\n"
        if page.next_cursor is None:
            break
        page = queries.facilities(conn, wanted, limit=DOWNLOAD_PAGE, cursor=page.next_cursor)
    # Whose points these are is known only at the end.
    sources = [{"source": source, "licence": licence} for source, licence in sorted(licences)]
    yield b'\n],"sources":' + orjson.dumps(sources) + b"}\n"


@downloads.get("/service_map.gpkg")
def geopackage() -> Response:
    """Hand out the whole database, where it is a file."""
    _query(())
    path = site().database.file
    if path is None:
        raise NotFoundError(
            "service_map.gpkg",
            "本站的数据在数据库服务器上，没有 GeoPackage 文件可下载",
            "this site's data stands on a database server; there is no GeoPackage file",
        )
    return send_file(
        path.absolute(),
        mimetype=openapi.GEOPACKAGE,
        as_attachment=True,
        download_name="service_map.gpkg",
        conditional=True,
        etag=g.tag,
    )
