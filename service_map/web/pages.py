"""The pages: what people read, in Chinese or English, complete without JavaScript and without the map.

Each address says everything the reader chose. A page asks `service_map.store.queries` and hands plain records to a
template; the map's script gets compact JSON of the same records from ``/points.json`` and ``/boundaries.json``.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from http import HTTPStatus
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely
from flask import Blueprint, Flask, Response, abort, g, redirect, render_template, request, send_from_directory, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response as BaseResponse

from service_map import __version__, coverage
from service_map.catalogue import Rule
from service_map.errors import GoneError, InvalidParameterError, SettingsError
from service_map.places.facility import PRECISIONS, STATUSES
from service_map.store import queries
from service_map.store.geometry import Box
from service_map.store.records import (
    AreaRecord,
    CommitmentFilter,
    CommitmentRecord,
    FacilityFilter,
    FacilityRecord,
    PlanRecord,
)
from service_map.web import basemap, feeds, figures, links, params, planner, report, words
from service_map.web.database import Reading
from service_map.web.language import language
from service_map.web.params import Parameter
from service_map.web.problems import Problem
from service_map.web.site import site

blueprint = Blueprint("pages", __name__)

PAGE_SIZE = 50
PLAN_PAGE_SIZE = 100
DRAWN_AT_ONCE = 2_000
"""Facilities that the map takes whole; beyond it it asks for each view: clusters from afar, facilities from near."""

DRAWN_IN_VIEW = 400
"""Facilities of one view that are drawn one by one."""

FEED_SIZE = 100
MAX_QR_PATH = 1_500
CLUSTER_PIXELS = 80
KEPT_CELL_DEGREES = 0.1
"""Cells at least so large are counted once for all views; smaller ones for each view."""

NEAR_METRES = 5_000.0
ALTERNATIVE_METRES = 30_000.0
NEAR_SHOWN = 12
ALTERNATIVES_SHOWN = 5
AREA_GROUP_SHOWN = 8
COUNTY_DIGITS = 6
WIDE = ("county", "city")
"""Precisions whose point is a seat of government and not a place."""

PLACED = tuple(code for code in PRECISIONS if code not in WIDE)
"""Precisions whose point is near the place."""

WALKABLE_METRES = 3_000.0
"""Beyond it a walk is not told in minutes."""

SIMPLIFY_DEGREES = 0.008
"""Tolerance of the boundaries on the map, about 800 m: two pixels at the zoom where a whole county fills a phone."""

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_YEAR_S = 31_536_000
_BIG = Parameter(name="big", zh="大字版", en="large type", schema={"type": "string"})
_POINT = Parameter(name="point", zh="打开的生活圈卡片", en="the open card", schema={"type": "string"})
_ZOOM = Parameter(
    name="zoom",
    zh="地图级别",
    en="zoom of the map",
    schema={"type": "integer", "minimum": 3, "maximum": 18},
    parse=params.whole_between(3, 18),
)
_HOME = (*params.FACILITIES, _BIG, _POINT)
_CIRCLE = (*params.CIRCLE_CHECK, _BIG)
_PAGED = (params.CURSOR, _BIG)
_PLANNER = (*planner.FORM, _BIG)
_KNOWN = ("lang", *dict.fromkeys(parameter.name for parameter in (*_HOME, *_CIRCLE, *_PLANNER)))


# ---------------------------------------------------------------- every request


@blueprint.before_request
def _begin() -> None:
    if request.endpoint == "pages.vendor":
        return
    g.pages = ExitStack()
    g.pages_reading = g.pages.enter_context(site().database.reading())


@blueprint.teardown_request
def _close(_error: BaseException | None) -> None:
    stack: ExitStack | None = g.pop("pages", None)
    if stack is not None:
        stack.close()


@blueprint.after_app_request
def _keep(response: Response) -> Response:
    """Say how long a browser may keep an answer: a stamped file for good, a page until the data changes."""
    if request.endpoint not in {"static", "pages.vendor"} and request.blueprint != "pages":
        return response
    if response.status_code not in {200, 304}:
        response.headers["Cache-Control"] = "no-store"
    elif "v" in request.args:
        response.headers["Cache-Control"] = f"public, max-age={_YEAR_S}, immutable"
    else:
        response.headers["Cache-Control"] = "no-cache"
        if request.blueprint == "pages" and response.status_code == 200 and not response.direct_passthrough:
            response.set_etag(blake2b(response.get_data(), digest_size=12).hexdigest())
            response.make_conditional(request)
    return response


@blueprint.app_context_processor
def _helpers() -> dict[str, Any]:
    """Give templates the functions that make addresses, and the reader's choices."""
    return {
        "to": links.to,
        "here": partial(links.here, known=_KNOWN),
        "without": partial(links.without, known=_KNOWN),
        "asset": links.asset,
        "vendor": links.vendor,
        "lang": language(),
        "big": "big" in links.lasting(),
        "version": __version__,
        "base_map": found.told() if (found := basemap.base_map(site().settings)) else None,
        "absolute": feeds.absolute(links.here(known=_KNOWN))
        if request.endpoint
        else feeds.absolute(links.to("pages.home")),
    }


blueprint.add_app_template_filter(words.distance, "distance")


@blueprint.app_template_filter("verdict")
def _verdict(code: str) -> str:
    return str(words.VERDICT.get(code, ""))


@blueprint.app_template_filter("coordinate")
def _coordinate(degrees: float) -> str:
    return f"{degrees:.5f}"


def _conn() -> Connection:
    return _reading().conn


def _reading() -> Reading:
    reading: Reading = g.pages_reading
    return reading


def _english() -> bool:
    return language() == "en"


def _query(parameters: Collection[Parameter]) -> dict[str, Any]:
    """Read the query like the API does, but as a form sends it (empty means absent), and let unknown names pass.

    Chat programs append parameters of their own to a shared link; the page must still open.
    """
    names = {parameter.name for parameter in parameters} | {"lang"}
    args = request.args.copy()
    for name in [name for name in args if name not in names]:
        args.poplist(name)
    return params.read(args, parameters, known=_known, blank="absent")


def _known(name: str) -> Collection[str]:
    match name:
        case "category":
            return site().categories
        case "family":
            return site().families
        case "area":
            return _areas()
        case "rule":
            return planner.rule_ids()
        case _:
            return {plan.id: None for plan in queries.plans(_conn())}


# ---------------------------------------------------------------- records as the reader sees them


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A facility in the reader's words; see `FacilityRecord` for what the fields mean."""

    id: str
    name: str
    colour: str
    category_name: str
    area_name: str
    in_township: bool
    status_words: str
    count_words: str
    precision: str
    precision_words: str
    year: int | None
    existing: bool


def _entry(record: FacilityRecord) -> Entry:
    english = _english()
    return Entry(
        id=record.id,
        name=record.name,
        colour=_colour(record.category),
        category_name=record.category_en if english else record.category_zh,
        area_name=record.area_name,
        in_township=len(record.adcode) > COUNTY_DIGITS,
        status_words=str(words.STATUS[record.status]),
        count_words=words.count(record.count, record.unit, at_least=record.at_least, english=english),
        precision=record.precision,
        precision_words=words.precision(record.precision, record.uncertainty_m),
        year=record.year,
        existing=record.status == "existing",
    )


def _colour(category: str) -> str:
    found = site().categories.get(category)
    return found.colour if found else "#5b6b73"


def _areas() -> dict[str, AreaRecord]:
    return _reading().keep("areas", lambda conn: {area.adcode: area for area in queries.areas(conn)})


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """A city with its counties, each with how many facilities are promised there."""

    adcode: str
    name: str
    count: int
    counties: tuple["County", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class County:
    """A county with how many facilities are promised there."""

    adcode: str
    name: str
    count: int


def _area_tree() -> tuple[City, ...]:
    return _reading().keep("area-tree", _make_area_tree)


def _make_area_tree(conn: Connection) -> tuple[City, ...]:
    areas = sorted(_areas().values(), key=lambda area: area.adcode)
    number: Counter[str] = Counter()
    for part in queries.tally(conn, FacilityFilter(promised=True)):
        # A city's own code counts what is known to the city alone, so its sum stands under four digits.
        number[part.adcode] += part.count
        number[part.adcode[:4]] += part.count
    return tuple(
        City(
            adcode=city.adcode,
            name=city.name,
            count=number[city.adcode[:4]],
            counties=tuple(
                County(adcode=area.adcode, name=area.name, count=number[area.adcode])
                for area in areas
                if area.level == "county" and area.adcode[:4] == city.adcode[:4]
            ),
        )
        for city in areas
        if city.level == "city"
    )


def _boundary_collection(records: Sequence[AreaRecord]) -> dict[str, Any]:
    """Write the boundaries for the map: simplified together, so that neighbours still share their border."""
    counties = [area for area in records if area.level == "county" and area.geometry is not None]
    shapes = shapely.coverage_simplify([area.geometry for area in counties], SIMPLIFY_DEGREES)
    features = [_boundary(area, shape) for area, shape in zip(counties, shapes, strict=True)]
    for city in records:
        if city.level == "city":
            inside = [shape for area, shape in zip(counties, shapes, strict=True) if area.adcode[:4] == city.adcode[:4]]
            outline = shapely.coverage_union_all(inside) if inside else city.geometry
            if outline is not None:
                features.append(_boundary(city, outline))
    return {"type": "FeatureCollection", "features": features}


def _boundary(area: AreaRecord, shape: Any) -> dict[str, Any]:
    geometry = shapely.set_precision(shape, 0.001)
    return {
        "type": "Feature",
        "properties": {"adcode": area.adcode, "name": area.name, "level": area.level, "lon": area.lon, "lat": area.lat},
        "geometry": orjson.loads(shapely.to_geojson(shapely.orient_polygons(geometry))),
    }


# ---------------------------------------------------------------- home


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
    areas = _areas()

    def named(adcode: str) -> str:
        codes = (f"{adcode[:4]}00", adcode)
        return " ".join(dict.fromkeys(areas[code].name for code in codes if code in areas))

    def sureness(record: FacilityRecord) -> str:
        return record.precision if record.precision in WIDE else "placed"

    return [
        Tier(
            words=str(words.SURENESS[code]),
            groups=tuple(
                AreaGroup(name=named(adcode), entries=tuple(_entry(record) for record in inside))
                for adcode, inside in groupby(records, key=lambda record: record.adcode[:COUNTY_DIGITS])
            ),
        )
        for code, records in groupby(items, key=sureness)
    ]


@blueprint.get("/")
def home() -> str:
    """Map and list of facilities, by filter."""
    values = _query(_HOME)
    wanted = params.facility_filter(values)
    page = queries.facilities(_conn(), wanted, limit=PAGE_SIZE, cursor=values["cursor"], surest_first=True)
    families, categories = _chips(values, wanted)
    plans = queries.plans(_conn())
    by_status = _by_status()
    total = sum(number for code, number in by_status.items() if code != "existing")
    narrowed = ("area", "plan", "year", "status", "precision")
    chosen = {name: values[name] for name in ("q", "family", "category", *narrowed)}
    here = partial(links.here, known=_KNOWN)
    lasting = tuple(links.lasting().items())
    return render_template(
        "home.html",
        heading=_("地图和清单"),
        chosen=chosen,
        kept=[*lasting, *((name, code) for name in ("family", "category") for code in values[name] or ())],
        lasting=lasting,
        families=families,
        categories=categories,
        taken=_taken(values, plans),
        filtered=any(chosen.values()),
        cleared=links.to("pages.home"),
        area_tree=_area_tree(),
        # The menu ends at counties; a township comes by a link and must survive the next use of the form.
        township=_areas().get(values["area"] or "") if len(values["area"] or "") > COUNTY_DIGITS else None,
        plan_options=[(plan.id, plan.title) for plan in plans],
        year_options=[(year, year) for year in _years(plans)],
        status_options=[
            *((code, str(words.STATUS[code])) for code in STATUSES if by_status[code] or code == "planned"),
            *([(params.ALL, _("规划的和现有的"))] if by_status["existing"] else []),
        ],
        precision_options=[(code, str(words.PRECISION[code])) for code in PRECISIONS],
        total=total,
        existing_total=by_status["existing"],
        existing_shown=values["status"] in {"existing", params.ALL},
        with_existing=here(status=params.ALL, cursor=None),
        attribution=_attribution(),
        plan_count=len(plans),
        matched=page.matched,
        tiers=_by_sureness(page.items),
        first_page=here(cursor=None) if values["cursor"] else None,
        next_page=here(cursor=page.next_cursor) if page.next_cursor else None,
        geojson_url=url_for("downloads.facilities_geojson", **_filter_query(values)),
        points_url=url_for("pages.points", **_filter_query(values), **dict(lasting), v=_reading().version),
        boundaries_url=_boundaries_url(),
        map_words=_map_words(),
        dataset=feeds.dataset(
            name=_("规划设施地图"),
            description=_("城市和县的规划答应建设的公共设施：在哪里、什么时候、哪一份规划的哪一节写着。"),
            plans=plans,
            english=_english(),
        ),
        **_share(values),
    )


def _share(values: Mapping[str, Any]) -> dict[str, str]:
    """Give the addresses by which a view is handed on: scanned, subscribed to, put into another page."""
    asked, lasting = _filter_query(values), links.lasting()
    embed = url_for("pages.embed", **asked, **lasting)
    frame = f'<iframe src="{feeds.absolute(embed)}" width="100%" height="480" title="{_("规划设施地图")}"></iframe>'
    return {
        "qr_url": url_for("pages.qr", path=links.here(known=_KNOWN)),
        "embed_url": embed,
        "embed_code": frame,
        "feed_url": url_for("pages.feed", **asked, **lasting),
    }


@blueprint.get("/embed")
def embed() -> str:
    """Give the map alone, for other sites to frame; `security` lets them do that here and nowhere else."""
    values = _query((*params.FILTER, _BIG))
    asked, lasting = _filter_query(values), links.lasting()
    return render_template(
        "embed.html",
        heading=_("地图"),
        matched=sum(part.count for part in queries.tally(_conn(), params.facility_filter(values))),
        area=values["area"],
        home_url=url_for("pages.home", **asked, **lasting),
        points_url=url_for("pages.points", **asked, **lasting, v=_reading().version),
        boundaries_url=_boundaries_url(),
        map_words=_map_words(),
        attribution=_attribution(),
    )


@blueprint.get("/qr.svg")
def qr() -> Response:
    """Draw the address of a page of this site, and of no other, as a QR code."""
    path = request.args.get("path", "/")
    # A path by RFC 3986: it begins with one slash, for two would name another host.
    if not path.startswith("/") or path.startswith(("//", "/\\")) or not path.isprintable() or len(path) > MAX_QR_PATH:
        raise InvalidParameterError("path", "应为本站的路径，以 / 开头", "takes a path of this site, beginning with /")
    return Response(feeds.qr(feeds.absolute(path)), mimetype="image/svg+xml")


@blueprint.get("/feed.atom")
def feed() -> Response:
    """Every search as an Atom feed (RFC 4287); for an area it is the search of that area."""
    values = _query((*params.FILTER, _BIG))
    known = {plan.id: plan for plan in queries.plans(_conn())}
    items = queries.facilities(_conn(), params.facility_filter(values), limit=FEED_SIZE, surest_first=True).items
    entries = [feeds.entry(item, plans=known, english=_english()) for item in items]
    asked = _filter_query(values)
    chosen = " ".join(
        str(word) for name, value in asked.items() for word in (value if isinstance(value, list) else [value])
    )
    xml = render_template(
        "feed.xml",
        title=f"{_('规划设施地图')} {chosen}".strip(),
        self_url=feeds.absolute(url_for("pages.feed", **asked, **links.lasting())),
        page_url=feeds.absolute(url_for("pages.home", **asked, **links.lasting())),
        updated=max((entry.updated for entry in entries), default=feeds.moment(None)),
        entries=entries,
    )
    return Response(xml, mimetype=feeds.ATOM)


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Tell crawlers where the site map is, and to leave the map's data and the drawn codes alone."""
    paths = ("pages.points", "pages.boundaries", "pages.qr", "pages.embed")
    closed = "".join(f"Disallow: {url_for(name)}\n" for name in paths)
    where = feeds.absolute(url_for("pages.sitemap"))
    return Response(f"User-agent: *\n{closed}Sitemap: {where}\n", mimetype="text/plain")


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """List the files of the site map."""
    count = math.ceil(len(_mapped()) / feeds.MAP_SIZE)
    parts = [feeds.absolute(url_for("pages.sitemap_part", part=part)) for part in range(count)]
    return Response(feeds.site_map_index(parts), mimetype="application/xml")


@blueprint.get("/sitemap/<int:part>.xml")
def sitemap_part(part: int) -> Response:
    """List every page of its own: areas, plans, promised facilities."""
    paths = _mapped()[part * feeds.MAP_SIZE : (part + 1) * feeds.MAP_SIZE]
    if not paths:
        abort(HTTPStatus.NOT_FOUND)
    return Response(feeds.site_map(feeds.absolute(path) for path in paths), mimetype="application/xml")


def _mapped() -> list[str]:
    return _reading().keep(("mapped", request.script_root), _make_mapped)


def _make_mapped(conn: Connection) -> list[str]:
    return [
        *(url_for(f"pages.{name}") for name in ("home", "areas", "plans", "about")),
        *(url_for("pages.plan", plan_id=plan.id) for plan in queries.plans(conn)),
        *(url_for("pages.area", adcode=area.adcode) for area in queries.areas(conn) if area.level != "township"),
        *(
            url_for("pages.facility", facility_id=str(facility_id))
            for facility_id in queries.facility_points(conn, FacilityFilter(promised=True)).id
        ),
    ]


def _by_status() -> Counter[str]:
    return _reading().keep("by-status", _count_by_status)


def _count_by_status(conn: Connection) -> Counter[str]:
    found: Counter[str] = Counter()
    for part in queries.tally(conn):
        found[part.status] += part.count
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One choice that narrows the list, with the address that gives it up."""

    words: str
    name_is_chinese: bool
    href: str


def _taken(values: Mapping[str, Any], plans: Sequence[PlanRecord]) -> list[Taken]:
    told: dict[str, tuple[str, bool]] = {}
    if values["area"]:
        known = _areas().get(values["area"])
        told["area"] = (known.name if known else values["area"], True)
    if values["plan"]:
        titles = {plan.id: plan.title for plan in plans}
        told["plan"] = (titles[values["plan"]], True)
    if values["year"]:
        told["year"] = (_("到 %(year)s 年", year=values["year"]), False)
    if values["status"]:
        told["status"] = (str(words.STATUS.get(values["status"], _("规划的和现有的"))), False)
    if values["precision"]:
        told["precision"] = (str(words.PRECISION[values["precision"]]), False)
    return [
        Taken(words=said, name_is_chinese=chinese, href=links.without(name, "cursor", known=_KNOWN))
        for name, (said, chinese) in told.items()
    ]


def _years(plans: Sequence[PlanRecord]) -> range:
    years = [year for plan in plans for year in plan.period]
    return range(min(years), max(years) + 1) if years else range(0)


def _filter_query(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the filter as a query again, for the map's points and the download."""
    return {
        parameter.name: list(value) if isinstance(value, tuple) else value
        for parameter in params.FILTER
        if parameter is not params.BBOX and (value := values.get(parameter.name))
    }


def _chips(values: Mapping[str, Any], wanted: FacilityFilter) -> tuple[list[Chip], list[Chip]]:
    """Count families and categories under all other choices, so that a number says what a click will show."""
    layers = queries.layers(_conn(), replace(wanted, categories=(), families=()))
    categories = site().categories
    taken = set(values["category"] or ())
    open_families = set(values["family"] or ()) | {categories[code].family for code in taken}
    by_family: Counter[str] = Counter()
    for layer in layers:
        by_family[layer.family] += layer.facilities
    here = partial(links.here, known=_KNOWN, cursor=None)
    families = [
        Chip(
            name=family.en if _english() else family.zh,
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
            name=layer.en if _english() else layer.zh,
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


def _map_words() -> dict[str, str]:
    """Give the map's script its messages in the reader's language; it holds none of its own."""
    return {
        "map_label": _("地图。点一处地方，看那里的 15 分钟生活圈"),
        "place_label": _("地图：这处设施可能在的范围"),
        "zoom_in": _("放大"),
        "zoom_out": _("缩小"),
        "hint": _("点地图上任意一点，看那里的 15 分钟生活圈。"),
        "keys": _("方向键移动地图，加减号缩放，回车检查地图正中。"),
        "within": _("约在%(area)s范围，画在政府驻地旁"),
        "within_label": _("约在%(area)s范围，%(count)s 处"),
        "township": _("约在此镇（街道）范围，误差 %(radius)s以内"),
        "near": _("误差 %(radius)s以内"),
        "see_all": _("在清单里看这 %(count)s 处"),
        "checking": _("正在检查……"),
        "locating": _("正在定位……"),
        "denied": _("没有得到定位许可。可以直接点地图，或在页面下方输入经纬度。"),
        "not_located": _("没有定到位。可以直接点地图，或在页面下方输入经纬度。"),
        "outside": _("您的位置不在收录的市县之内，附近可能没有数据。"),
        "offline": _("连不上服务器，现在看到的还是上一次的结果。请稍后再试。"),
        "cluster": _("这一带 %(count)s 处，打开就放大"),
        "upto": _("到 %(year)s 年"),
        "any_year": _("不限年份"),
        "no_points": _("地图上的设施没有取到，清单仍然完整。"),
        "no_areas": _("界线没有取到，设施仍画在地图上。"),
        "close": _("关闭"),
    }


def _attribution() -> str:
    """Name on the map whose boundaries and points it shows."""
    told = _("界线 天地图，乡镇 Vonng/adcode CC BY 4.0")
    return f"{told} · © OpenStreetMap, ODbL" if _by_status()["existing"] else told


def _boundaries_url() -> str:
    return url_for("pages.boundaries", v=_reading().version)


@blueprint.get("/boundaries.json")
def boundaries() -> Response:
    """Boundaries and seats for the map, simplified; ``/api/areas/boundaries`` has them in full."""
    made = _reading().keep(
        "boundaries", lambda conn: orjson.dumps(_boundary_collection(queries.areas(conn, with_geometry=True)))
    )
    return Response(made, mimetype="application/geo+json")


@blueprint.get("/points.json")
def points() -> Response:
    """Facilities for the map in few bytes: all of a filter's where they are few, else those of one view.

    With ``bbox`` and ``zoom`` it answers for that view: rings for what is known only to its county or city, and for the
    rest clusters, or the facilities one by one where they are few.
    """
    values = _query((*params.FILTER, _ZOOM, _BIG))
    wanted = params.facility_filter(values)
    if values["bbox"] is not None:
        return _json(_view(replace(wanted, bbox=None), values["bbox"], values["zoom"] or 8))
    parts = queries.tally(_conn(), wanted)
    matched = sum(part.count for part in parts)
    if matched > DRAWN_AT_ONCE:
        return _json({"matched": matched, "by_view": True})
    items = queries.facilities(_conn(), wanted, limit=DRAWN_AT_ONCE).items
    return _json({"matched": matched, **_rows(items)})


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body), mimetype="application/json")


def _rows(items: Sequence[FacilityRecord]) -> dict[str, Any]:
    """Write facilities for the map: names of the columns once, then a row each."""
    english = _english()
    columns: Mapping[str, Callable[[FacilityRecord], Any]] = {
        "id": lambda record: record.id,
        "name": lambda record: record.name,
        "lon": lambda record: round(record.lon, 5),
        "lat": lambda record: round(record.lat, 5),
        "precision": lambda record: record.precision,
        "radius": lambda record: round(record.uncertainty_m),
        "radius_words": lambda record: words.distance(record.uncertainty_m),
        "category": lambda record: record.category_en if english else record.category_zh,
        "colour": lambda record: _colour(record.category),
        "count": lambda record: words.count(record.count, record.unit, at_least=record.at_least, english=english),
        "adcode": lambda record: record.adcode,
        "area": lambda record: record.area_name,
        "existing": lambda record: int(record.status == "existing"),
    }
    return {"columns": list(columns), "rows": [[tell(record) for tell in columns.values()] for record in items]}


def _view(wanted: FacilityFilter, view: Box, zoom: int) -> dict[str, Any]:
    hues = {code: family.colour for code, family in site().families.items()}
    west, south, east, north = view
    near = replace(wanted, precisions=PLACED)
    # At zoom z the world of 360 degrees is 256 * 2^z pixels wide; a box wider than a screen gets no more cells for it.
    cell = max(CLUSTER_PIXELS * 360 / 256 / 2**zoom, (east - west) / 40, (north - south) / 40, 1e-3)
    if cell >= KEPT_CELL_DEGREES:
        found = [
            cluster
            for cluster in queries.clusters(_conn(), near, cell_degrees=min(cell, 10.0))
            if west <= cluster.lon <= east and south <= cluster.lat <= north
        ]
    else:
        found = list(queries.clusters(_conn(), replace(near, bbox=view), cell_degrees=cell))
    rings: dict[str, Counter[str]] = {}
    for part in queries.tally(_conn(), wanted):
        if part.precision in WIDE:
            rings.setdefault(part.adcode, Counter())[hues.get(part.family, "#5b6b73")] += part.count
    body: dict[str, Any] = {"rings": [[adcode, parts.most_common()] for adcode, parts in rings.items()]}
    if sum(cluster.count for cluster in found) <= DRAWN_IN_VIEW:
        return body | _rows(queries.facilities(_conn(), replace(near, bbox=view), limit=2 * DRAWN_IN_VIEW).items)
    body["clusters"] = [[round(cluster.lon, 4), round(cluster.lat, 4), cluster.count] for cluster in found]
    return body


# ---------------------------------------------------------------- one facility


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A facility and how far it is, straight line, in words."""

    item: Entry
    words: str


@blueprint.get("/facility/<facility_id>")
def facility(facility_id: str) -> str | BaseResponse:
    """One facility: what, where, how sure, when, and who promises it."""
    _query((_BIG,))
    try:
        record = queries.facility(_conn(), facility_id)
    except GoneError as gone:
        if gone.successor is None:
            raise
        return redirect(links.to("pages.facility", facility_id=gone.successor), 301)
    plans = {plan.id: plan for plan in queries.plans(_conn())}
    near = queries.nearby(
        _conn(), record.lon, record.lat, ALTERNATIVE_METRES, FacilityFilter(categories=(record.category,)),
        limit=ALTERNATIVES_SHOWN + 1,
    )  # fmt: skip
    others = [(other, metres) for other, metres in near if other.id != record.id]
    area = next((code for code in (record.adcode, record.adcode[:6]) if code in _areas()), None)
    plan = plans.get(record.plan or "")
    return render_template(
        "facility.html",
        item=_entry(record),
        record=record,
        family_name=record.family_en if _english() else record.family_zh,
        area=area,
        action_words=str(words.ACTION[record.action]),
        precision_words=str(words.PRECISION[record.precision]),
        basis_words=str(words.BASIS[record.basis]),
        period=plan.period if plan else None,
        citations=[(cite, plans.get(cite.plan)) for cite in record.citations],
        near=[
            Near(item=_entry(other), words=words.apart(metres, record.uncertainty_m + other.uncertainty_m))
            for other, metres in others[:ALTERNATIVES_SHOWN]
        ],
        near_metres=ALTERNATIVE_METRES,
        place_ld=feeds.place(record, english=_english()),
        place={
            "id": record.id, "name": record.name, "lon": record.lon, "lat": record.lat, "precision": record.precision,
            "radius": record.uncertainty_m, "colour": _colour(record.category), "adcode": record.adcode,
            "area": record.area_name, "existing": record.status == "existing",
        },
        geojson_url=url_for("api.facility", id=record.id),
        boundaries_url=_boundaries_url(),
        map_words=_map_words(),
        attribution=_attribution(),
    )  # fmt: skip


# ---------------------------------------------------------------- the 15-minute card


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What one rule says about the point, in the reader's words."""

    code: str
    category_name: str
    colour: str
    distance_words: str
    minutes_words: str
    facility_id: str | None
    facility_name: str
    facility_words: str
    sentence: str
    rule_words: str
    clause: str
    verified: bool
    others: tuple["Check", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictGroup:
    """The categories with one verdict."""

    code: str
    words: str
    meaning: str
    rows: tuple[Check, ...]


@blueprint.get("/circle")
def circle() -> str:
    """Check a point's 15-minute life circle, and list what is planned around it."""
    values = _query(_CIRCLE)
    lon, lat = values["lon"], values["lat"]
    candidates = _reading().keep("candidates", _candidates)
    rules = site().rules
    records: dict[str, FacilityRecord] = {}
    verdicts = coverage.check(
        (lon, lat), candidates, rules, year=values["year"], levels=_levels(values["minutes"]), show=1
    )
    checks = [
        _check(said.rule, said.nearest, said.verdict, said.en if _english() else said.zh, records=records)
        for said in verdicts
    ]
    far = [
        _check(said.rule, said.nearest, "apart", said.en if _english() else said.zh, records=records)
        for said in coverage.apart((lon, lat), candidates, rules, year=values["year"], show=1)
    ]
    chosen = [_main_check(list(rows)) for _category, rows in groupby(checks, key=lambda check: check.category_name)]
    # What is known only to its county stands at the seat on the map, which says nothing about this point.
    near = [
        (record, metres)
        for record, metres in queries.nearby(_conn(), lon, lat, NEAR_METRES, FacilityFilter(promised=True))
        if record.precision not in WIDE
    ][:NEAR_SHOWN]
    county = _county_of(lon, lat)
    wide = (
        queries.facilities(
            _conn(), FacilityFilter(area=county.adcode, precision="county", promised=True), limit=1
        ).matched
        if county
        else 0
    )
    return render_template(
        "circle.html",
        heading=_("15 分钟生活圈"),
        lon=_coordinate(lon),
        lat=_coordinate(lat),
        county=county,
        wide=wide,
        groups=[
            VerdictGroup(code=code, words=str(said), meaning=str(words.VERDICT_MEANING[code]), rows=rows)
            for code, said in words.VERDICT.items()
            if (rows := tuple(check for check in chosen if check.code == code))
        ],
        apart=[_main_check(list(rows)) for _category, rows in groupby(far, key=lambda check: check.category_name)],
        near=[Near(item=_entry(record), words=words.apart(metres, record.uncertainty_m)) for record, metres in near],
        near_metres=NEAR_METRES,
    )


def _levels(minutes: int) -> tuple[str, ...]:
    """Give the levels inside a life circle of so many minutes; a rule without a level belongs to each."""
    return (*(level for level in ("15", "10", "5") if int(level) <= minutes), "none")


def _candidates(conn: Connection) -> coverage.Candidates:
    points = queries.facility_points(conn)
    return coverage.Candidates(
        lonlat=points.lonlat,
        category=points.category,
        uncertainty_m=points.uncertainty_m,
        status=points.status,
        year=np.nan_to_num(points.year).astype(np.int64),
        id=points.id,
    )


def _check(
    rule: Rule, nearest: Sequence[coverage.Reach], code: str, sentence: str, *, records: dict[str, FacilityRecord]
) -> Check:
    reach = nearest[0] if nearest else None
    record = None
    if reach is not None:
        record = records.get(reach.id) or records.setdefault(reach.id, queries.facility(_conn(), reach.id))
    category = site().categories[rule.category]
    said = []
    if record is not None:
        said = [str(words.STATUS[record.status]), str(words.PRECISION[record.precision])]
        if record.year:
            said.insert(1, _("到 %(year)s 年", year=record.year))
    walked = reach is not None and math.isfinite(reach.minutes) and reach.metres_high <= WALKABLE_METRES
    return Check(
        code=code,
        category_name=category.en if _english() else category.zh,
        colour=category.colour,
        distance_words=words.bounds(reach.metres, reach.metres_low, reach.metres_high) if reach else "",
        minutes_words=_("步行约 %(minutes)s 分钟", minutes=max(1, round(reach.minutes))) if reach and walked else "",
        facility_id=record.id if record else None,
        facility_name=record.name if record else "",
        facility_words=" · ".join(said),
        sentence=sentence,
        rule_words=words.rule(rule),
        clause=words.clause(rule),
        verified=rule.verified,
    )


def _main_check(rows: list[Check]) -> Check:
    """Show a category once, by its first rule in the standards' table; what its other rules say stands beneath."""
    return replace(rows[0], others=tuple(rows[1:]))


def _county_of(lon: float, lat: float) -> AreaRecord | None:
    """Find the county that holds the point, by its boundary; None outside the data."""
    counties = _reading().keep(
        "counties",
        lambda conn: [area for area in queries.areas(conn, level="county", with_geometry=True) if area.geometry],
    )
    point = shapely.Point(lon, lat)
    return next((area for area in counties if area.geometry is not None and area.geometry.covers(point)), None)


# ---------------------------------------------------------------- plans


@blueprint.get("/plans")
def plans() -> str:
    """All plans."""
    _query((_BIG,))
    return render_template("plans.html", plans=queries.plans(_conn()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A commitment in the reader's words, with the facilities that stand for it on the map."""

    id: str
    label: str
    line: int
    passage: str | None
    category_name: str
    kind_words: str
    count_words: str
    place: str | None
    year: int | None
    again: bool
    facilities: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What stands under one heading of a plan."""

    title: str | None
    rows: tuple[Promise, ...]


@blueprint.get("/plan/<plan_id>")
def plan(plan_id: str) -> str:
    """Everything that one plan promises, in its own order."""
    values = _query(_PAGED)
    record = queries.plan(_conn(), plan_id)
    page = queries.commitments(
        _conn(), CommitmentFilter(plans=(record.id,)), limit=PLAN_PAGE_SIZE, cursor=values["cursor"]
    )
    names = _reading().keep(
        ("names", record.id),
        lambda conn: {
            item.id: item.name
            for item in queries.facilities(conn, FacilityFilter(plans=(record.id,)), limit=queries.MAX_LIMIT).items
        },
    )
    promises = [_promise(item, names) for item in page.items]
    titles = [item.section for item in page.items]
    sections = [
        Section(title=title, rows=tuple(promise for _title, promise in pairs))
        for title, pairs in groupby(zip(titles, promises, strict=True), key=lambda pair: pair[0])
    ]
    here = partial(links.here, known=_KNOWN)
    return render_template(
        "plan.html",
        plan=record,
        note=record.note_en if _english() and record.note_en else record.note,
        sections=sections,
        kinds=_kind_rows(_reading().keep(("kinds", record.id), lambda conn: figures.plan_kinds(conn, record.id))),
        first_page=here(cursor=None) if values["cursor"] else None,
        next_page=here(cursor=page.next_cursor) if page.next_cursor else None,
    )


def _promise(record: CommitmentRecord, names: Mapping[str, str]) -> Promise:
    english = _english()
    return Promise(
        id=record.id,
        label=record.label,
        line=record.line,
        passage=record.passage,
        category_name=record.category_en if english else record.category_zh,
        kind_words=str(words.KIND[record.kind]),
        count_words=words.count(record.count, record.unit, at_least=record.at_least, english=english),
        place=record.place,
        year=record.year,
        again=record.repeats is not None,
        facilities=tuple((code, names[code]) for code in record.facilities if code in names),
    )


# ---------------------------------------------------------------- areas


@blueprint.get("/areas")
def areas() -> str:
    """All cities and counties."""
    _query((_BIG,))
    return render_template("areas.html", area_tree=_area_tree())


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyGroup:
    """The facilities of one family in an area, the surest of them shown."""

    family: str
    name: str
    colour: str
    count: int
    entries: tuple[Entry, ...]


@blueprint.get("/area/<adcode>")
def area(adcode: str) -> str:
    """Promises in one area: by category, by year, how surely, beside its neighbours."""
    _query((_BIG,))
    record = queries.area(_conn(), adcode)
    told = _area_figures(record)
    inside = FacilityFilter(area=record.adcode, promised=True)
    groups = [
        FamilyGroup(
            family=family.code,
            name=family.name,
            colour=family.colour,
            count=family.count,
            entries=tuple(
                _entry(item)
                for item in queries.facilities(
                    _conn(), replace(inside, families=(family.code,)), limit=AREA_GROUP_SHOWN, surest_first=True
                ).items
            ),
        )
        for family in told.families
    ]
    seat = None if record.lon is None or record.lat is None else (_coordinate(record.lon), _coordinate(record.lat))
    return render_template(
        "area.html",
        area=record,
        parent=_areas().get(record.parent or ""),
        counties=next((city.counties for city in _area_tree() if city.adcode == record.adcode), ()),
        told=told,
        kinds=_kind_rows(told.kinds),
        groups=groups,
        seat=seat,
        feed_url=links.to("pages.feed", area=record.adcode),
        geojson_url=url_for("downloads.facilities_geojson", area=record.adcode),
    )


def _area_figures(record: AreaRecord) -> figures.AreaFigures:
    english = _english()
    return _reading().keep(
        ("figures", record.adcode, english),
        lambda conn: figures.area_figures(conn, record, areas=_areas(), families=site().families, english=english),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """How many commitments are of one kind, in the reader's words, and how many of them stand on the map."""

    words: str
    count: int
    mapped: int


def _kind_rows(kinds: Sequence[figures.KindFigure]) -> list[KindRow]:
    return [KindRow(words=str(words.KIND[kind.kind]), count=kind.count, mapped=kind.mapped) for kind in kinds]


# ---------------------------------------------------------------- the planner's view


@blueprint.get("/planner")
def plan_coverage() -> str:
    """Covered, gap and uncertain zones of one category in one area, and where more would help."""
    # Until both place and kind are chosen the page is a form, whatever else stands in it.
    asked = bool(request.args.get("area")) and any(request.args.get(name) for name in ("category", "rule", "metres"))
    values: dict[str, Any] = {parameter.name: None for parameter in planner.FORM}
    values |= planner.settled(_query(_PLANNER)) if asked else {"area": request.args.get("area")}
    told = planner.answer(_reading(), values, language=language()) if asked else None
    english, lasting = _english(), links.lasting()
    spoken: dict[str, Any] = {"lang": language()}
    question = planner.asked(values)
    counted = told.covered["categories"] if told else []
    return render_template(
        "planner.html",
        heading=_("覆盖与缺口"),
        values=values,
        told=told,
        lasting=tuple(lasting.items()),
        area_tree=_area_tree(),
        rule_groups=planner.rule_groups(english=english),
        category_options=[
            (code, category.en if english else category.zh) for code, category in site().categories.items()
        ],
        way_options=[("straight", _("直线")), ("walk", _("步行路线"))],
        year_options=[(year, year) for year in _years(queries.plans(_conn()))],
        coverage_url=url_for("api.area_coverage", **question, **spoken) if told else "",
        gaps_url=url_for("api.gaps", **question, **spoken) if told else "",
        sites_url=url_for("api.sites", **planner.asked(values, "count"), **spoken) if told and told.sites else "",
        points_url=url_for(
            "pages.points", area=values["area"], category=counted, status=params.ALL, **lasting, v=_reading().version
        )
        if told
        else "",
        boundaries_url=_boundaries_url(),
        map_words=_map_words()
        | {"planner_label": _("地图：走得到的、走不到的和说不准的地方"), "new_site": _("建议的新址，第 %(rank)s 名")},
        attribution=_attribution(),
    )


# ---------------------------------------------------------------- the report


@blueprint.get("/area/<adcode>/report.html")
def area_report(adcode: str) -> Response:
    """Everything about an area in one file that opens without a network; a download, so that no policy bends for it."""
    _query((_BIG,))
    body = report.as_html(_report_contents(adcode))
    return _download(body.encode(), f"service-map-{adcode}.html", "text/html; charset=utf-8")


@blueprint.get("/area/<adcode>/report.xlsx")
def area_report_xlsx(adcode: str) -> Response:
    """Give the figures of the report as a spreadsheet."""
    _query((_BIG,))
    return _download(report.as_xlsx(_report_contents(adcode)), f"service-map-{adcode}.xlsx", XLSX)


def _download(body: bytes, name: str, kind: str) -> Response:
    response = Response(body, content_type=kind)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def _report_contents(adcode: str) -> report.Contents:
    record = queries.area(_conn(), adcode)
    inside = FacilityFilter(area=record.adcode, promised=True)
    found: list[FacilityRecord] = []
    cursor: str | None = None
    while True:
        page = queries.facilities(_conn(), inside, limit=queries.MAX_LIMIT, cursor=cursor, surest_first=True)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    concerned = queries.commitments(_conn(), CommitmentFilter(area=record.adcode), limit=queries.MAX_LIMIT).items
    drawn = _reading().keep("shapes", lambda conn: _boundary_collection(queries.areas(conn, with_geometry=True)))
    own = record.adcode[:4] if record.level == "city" else record.adcode[:COUNTY_DIGITS]
    shapes = [feature for feature in drawn["features"] if feature["properties"]["adcode"].startswith(own)]
    return report.Contents(
        area=record,
        figures=_area_figures(record),
        facilities=found,
        unmapped=[item for item in concerned if not item.facilities],
        boundaries={"type": "FeatureCollection", "features": shapes or drawn["features"]},
        colours={code: category.colour for code, category in site().categories.items()},
        english=_english(),
        version=_reading().version,
        made=datetime.now(UTC).date().isoformat(),
    )


def save_report(app: Flask, adcode: str, output: Path, *, language: str = "zh") -> tuple[Path, Path]:
    """Write an area's report and its spreadsheet beside it, for the command line.

    Parameters
    ----------
    app
        From `service_map.web.create_app`.
    adcode
        The area's code.
    output
        The HTML file; the spreadsheet gets its name with ``.xlsx``.
    language
        ``zh`` or ``en``.

    Returns
    -------
    tuple of Path
        The two files.

    Raises
    ------
    NotFoundError
        When there is no area of that code.
    StoreError
        When the database is missing or damaged.
    SettingsError
        When a file cannot be written.
    """
    with app.test_request_context(f"/areas?lang={language}"):
        app.preprocess_request()
        contents = _report_contents(adcode)
        files = {output: report.as_html(contents).encode(), output.with_suffix(".xlsx"): report.as_xlsx(contents)}
    for path, body in files.items():
        try:
            path.write_bytes(body)
        except OSError as error:
            raise SettingsError(
                f"-o：无法写入 {path}：{error.strerror}", f"-o: cannot write {path}: {error.strerror}"
            ) from error
    return output, output.with_suffix(".xlsx")


# ---------------------------------------------------------------- about, Leaflet's files, errors


@blueprint.get("/about")
def about() -> str:
    """Explain what the data is and is not, where it comes from, and how to read it."""
    _query((_BIG,))
    return render_template("about.html", plans=queries.plans(_conn()))


@blueprint.get("/vendor/leaflet/<path:file>")
def vendor(file: str) -> Response:
    """Leaflet's own files from the package that brought them; nothing is fetched from another host."""
    return send_from_directory(links.VENDOR_DIR, file)


def error_page(problem: Problem) -> Response:
    """Tell a problem to a person: what happened, what is allowed, what to do next.

    Parameters
    ----------
    problem
        What went wrong.

    Returns
    -------
    Response
        With the problem's status and headers.
    """
    html = render_template(
        "error.html",
        heading=problem.title(language()),
        words=problem.detail(language()),
        allowed=problem.allowed,
        advice=_advice(problem),
        status=problem.status,
    )
    response = Response(html, status=problem.status)
    response.headers.extend(dict(problem.headers))
    response.headers["Cache-Control"] = "no-store"
    return response


def _advice(problem: Problem) -> list[str]:
    match problem.kind:
        case "gone":
            return [_("这个标识不会再给别的设施用。按名称或地区，可以查到现在的设施。")]
        case "not-found":
            return [
                _("检查网址有没有抄错或被截断。"),
                _("这处设施可能已经并入另一处，或者新一版数据里没有了：按名称或地区再查一次。"),
            ]
        case "invalid-parameter" | "bad-request" | "address-too-long" | "unanswerable":
            return [_("网址里有一个值用不上，把它改掉或删掉再打开。"), _("也可以回到首页重新选条件。")]
        case "unavailable":
            return [
                _("过一会儿再打开；您什么也不用改。"),
                _("如果您是管理员：数据库缺失或损坏，请运行 service-map build 重建。"),
            ]
        case _:
            return [_("过一会儿再试一次。如果还是这样，请把网址告诉管理员。")]
