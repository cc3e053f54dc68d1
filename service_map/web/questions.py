"""The five questions of planners over the web: coverage, circle, gaps, sites, completeness.

Each can be asked of an area of the data with GET, or with the caller's own points or polygon in a POST body (GeoJSON),
of which nothing is stored. `service_map.analysis` answers; this module reads the query and writes the answer.
"""

from typing import Any

import numpy as np
from flask import Response, request

from service_map import analysis
from service_map.analysis import Given, Ground, Region, Report
from service_map.errors import InvalidParameterError, UnanswerableError
from service_map.store import queries
from service_map.web import cost, geojson, params
from service_map.web.api import blueprint
from service_map.web.compute import elsewhere
from service_map.web.reading import choose, ground_of, query, reply

MOST_CHECKED = 100
"""Points of one body that get a card each."""

__all__ = ["blueprint"]


@blueprint.get("/promised")
@elsewhere
def promised() -> Response:
    """Say what an area gets of each kind, by plans and on record."""
    values = query(params.PROMISED)
    ground = ground_of()
    kinds = analysis.kinds_of(ground, values["category"], values["family"])
    return reply(dict(analysis.promised(ground, values["area"], kinds)))


@blueprint.get("/circle")
@elsewhere
def circle() -> Response:
    """Check the life circle of a point."""
    values = query(params.CIRCLE_CHECK)
    return reply(_card(_ground(values), values["lon"], values["lat"], values))


@blueprint.post("/circle")
@elsewhere
def circles() -> Response:
    """Check the life circles of the caller's points."""
    values = query(params.CIRCLE_POST)
    given = _body(values)
    if given.demand is None or given.polygon is not None or given.places is not None:
        raise InvalidParameterError(
            "body",
            "应只含要体检的点，和自己的设施（role: facility）",
            "takes the points to be checked, and facilities of your own (role: facility)",
        )
    points = given.demand.lonlat
    if len(points) > MOST_CHECKED:
        raise InvalidParameterError("body", f"至多 {MOST_CHECKED} 个点", f"takes at most {MOST_CHECKED} points")
    ground = _standing(_ground(values), values, given, None)
    found = [_card(ground, round(lon, 7), round(lat, 7), values) for lon, lat in points.tolist()]
    return _forget(reply({"circles": found, "numberReturned": len(found)}))


def _card(ground: Ground, lon: float, lat: float, values: dict[str, Any]) -> dict[str, Any]:
    return dict(
        analysis.check_point(
            ground,
            lon,
            lat,
            minutes=values["minutes"],
            year=values["year"],
            profile=values["profile"],
        ).summary
    )


@blueprint.route("/coverage", methods=["GET", "POST"])
@elsewhere
def area_coverage() -> Response:
    """Share of an area covered by a category, with the covered and the gap polygons."""
    values, given = _asked(params.COVERAGE, params.COVERAGE_POST)
    ground, asked, region = _settled(_ground(values), values, given)
    _no_places(given)
    field = "body" if given.facilities else "area"
    cost.check_circles(ground, asked, region, by_year=values["by_year"] == "true", field=field)
    found = analysis.covered_share(
        ground, asked, region, year=values["year"], demand=given.demand, by_year=values["by_year"] == "true"
    )
    return _collection(found)


@blueprint.route("/gaps", methods=["GET", "POST"])
@elsewhere
def gaps() -> Response:
    """Pieces of an area that nothing covers, ranked."""
    values, given = _asked(params.GAPS, params.GAPS_POST)
    ground, asked, region = _settled(_ground(values), values, given)
    _no_places(given)
    cost.check_circles(ground, asked, region, field="body" if given.facilities else "area")
    found = analysis.gap_pieces(
        ground,
        asked,
        region,
        year=values["year"],
        demand=given.demand,
        least_km2=values["least_km2"],
        limit=values["limit"],
        zones=values["zones"] == "true",
        by=values["by"],
    )
    return _collection(found)


@blueprint.route("/sites", methods=["GET", "POST"])
@elsewhere
def sites() -> Response:
    """Where n more would cover the most who are not covered."""
    values, given = _asked(params.SITES, params.SITES_POST)
    ground = _ground(values)
    if (values["count"] is None) == (values["commitment"] is None):
        raise InvalidParameterError(
            "count",
            "count 与 commitment 须且只须给一个",
            "give exactly one of count and commitment",
            ("count", "commitment"),
        )
    commitment = None if values["commitment"] is None else analysis.quota(ground, values["commitment"])
    ground, asked, region = _settled(ground, values, given)
    cost.check_circles(ground, asked, region, field="body" if given.facilities else "area")
    places, source = given.places, "given"
    if places is None and values["places"] == "communities":
        places, source = _communities(ground), "communities"
    found = analysis.choose_sites(
        ground,
        asked,
        region,
        count=values["count"] if commitment is None else int(commitment.count or 0),
        year=values["year"],
        demand=given.demand,
        places=places,
        places_from=source,
        spacing=values["spacing"],
        capacity=values["capacity"],
        exact_seconds=values["exact_s"],
        commitment=commitment,
    )
    return _collection(found)


@blueprint.route("/completeness", methods=["GET", "POST"])
@elsewhere
def completeness() -> Response:
    """How many kinds each place has within reach."""
    values, given = _asked(params.COMPLETENESS, params.COMPLETENESS_POST)
    ground = _ground(values)
    region = _region(ground, values, given)
    ground = _standing(ground, values, given, None)
    _no_places(given)
    names = ("minutes", "profile", "way", "cells")
    asked = {"rules": values["rule"] or (), "demand": given.demand, **{name: values[name] for name in names}}
    field = "area" if region.adcode is not None and given.demand is None else "body"
    cost.check_looks(analysis.count_looks(ground, region, **asked), field=field)
    found = analysis.completeness_index(ground, region, kind=values["kind"], year=values["year"], **asked)
    return _collection(found)


# --- what is asked ----------------------------------------------------------------------------------------------------


def _ground(values: dict[str, Any]) -> Ground:
    ground = ground_of()
    return analysis.trusting(ground, complete=values["complete"], as_recorded=values.get("as_recorded") == "true")


def _asked(get: tuple[params.Parameter, ...], post: tuple[params.Parameter, ...]) -> tuple[dict[str, Any], Given]:
    if request.method != "POST":
        return query(get), Given()
    values = query(post)
    return values, _body(values)


def _body(values: dict[str, Any]) -> Given:
    return analysis.read_body(request.get_data(cache=False), datum=values["datum"])


def _settled(ground: Ground, values: dict[str, Any], given: Given) -> tuple[Ground, analysis.Reach, Region]:
    """Settle what is asked, how far and where, and let the facilities of the body stand."""
    names = ("category", "rule", "metres", "minutes", "profile", "way")
    asked = analysis.reach(ground, **{name: values[name] for name in names})
    region = _region(ground, values, given)
    return _standing(ground, values, given, asked.categories[0]), asked, region


def _region(ground: Ground, values: dict[str, Any], given: Given) -> Region:
    return analysis.region(ground, values["area"], given.polygon)


def _no_places(given: Given) -> None:
    if given.places is not None:
        raise InvalidParameterError(
            "body", "候选点（role: place）只用于 /api/sites", "places (role: place) are for /api/sites only"
        )


def _standing(ground: Ground, values: dict[str, Any], given: Given, category: str | None) -> Ground:
    """Let the facilities of the body stand too, or alone."""
    return analysis.with_own(ground, given.facilities, category=category, stock=values.get("stock", "all"))


def _communities(ground: Ground) -> np.ndarray:
    homes = queries.communities(ground.conn)
    if not homes:
        raise UnanswerableError("places", "数据中没有居住小区", "the data holds no residential communities")
    return np.array([(home.lon, home.lat) for home in homes], dtype=np.float64)


# --- what is answered -------------------------------------------------------------------------------------------------


def _collection(found: Report) -> Response:
    response = reply(analysis.collection(found), geojson.MEDIA_TYPE)
    return _forget(response) if request.method == "POST" else response


def _forget(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = choose("zh-CN", "en")
    response.vary.add("Accept-Language")
    return response
