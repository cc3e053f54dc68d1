"""What every page stands on: one reading of the data a request, and records in the reader's words.

Each page says everything the reader chose in its address; links carry those choices on. What several pages draw
(boundaries, messages of the map, whose data it shows) is made here once for each version of the data.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any

import orjson
import shapely
from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup, escape
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import MultiDict

from service_map import __version__
from service_map.analysis import Ground
from service_map.catalogue.adcode import COUNTY_DIGITS, city_of, covers
from service_map.store import day_of, queries
from service_map.store.records import AreaRecord, FacilityFilter, FacilityRecord, PlanRecord
from service_map.web import addresses, basemap, feeds, figures, labels, params, term
from service_map.web.database import Reading
from service_map.web.language import language
from service_map.web.pages import choices
from service_map.web.params import Parameter
from service_map.web.site import site

blueprint = Blueprint("pages", __name__)

SIMPLIFY_DEGREES = 0.008
"""Tolerance of the boundaries on the map, about 800 m: two pixels at the zoom where a whole county fills a phone."""

_YEAR_S = 31_536_000
_CHINESE = re.compile("[\u2e80-\u9fff\uff00-\uffef\u3000-\u303f]+[0-9\u2e80-\u9fff\uff00-\uffef\u3000-\u303f]*")


@blueprint.before_request
def _begin() -> None:
    if request.endpoint == "pages.vendor":
        return
    g.pages = ExitStack()
    g.pages_reading = g.pages.enter_context(site().database.reading())


@blueprint.teardown_request
def _close(_error: BaseException | None) -> None:
    release()


def release() -> None:
    """Let go of the data, so that a page about its failure asks it nothing more."""
    g.pop("pages_reading", None)
    stack: ExitStack | None = g.pop("pages", None)
    if stack is not None:
        # A server that went away during the request fails its last word too; the answer is made already.
        with suppress(SQLAlchemyError):
            stack.close()


@blueprint.after_app_request
def _keep(response: Response) -> Response:
    """Say how long a browser may keep an answer: a stamped file for good, a page until the data changes."""
    if request.endpoint not in {"static", "pages.vendor"} and request.blueprint != "pages":
        return response
    if response.status_code not in {200, 304} or request.method == "POST":
        response.headers["Cache-Control"] = "no-store"
    elif "v" in request.args:
        response.headers["Cache-Control"] = f"public, max-age={_YEAR_S}, immutable"
    else:
        response.headers["Cache-Control"] = "no-cache"
        if request.blueprint == "pages" and response.status_code == 200 and not response.direct_passthrough:
            if response.get_etag()[0] is None:  # a process that computed it has named it
                response.set_etag(blake2b(response.get_data(), digest_size=12).hexdigest())
            response.make_conditional(request)
    return response


@blueprint.app_context_processor
def _helpers() -> dict[str, Any]:
    """Give templates the functions that make addresses, and the reader's choices."""
    return {
        "to": addresses.to,
        "here": here,
        "without": without,
        "asset": addresses.asset,
        "vendor": addresses.vendor,
        "lang": language(),
        "big": "big" in addresses.lasting(),
        "version": __version__,
        "base_map": found.told() if (found := basemap.base_map(site().settings)) else None,
        # A page about a failure has no data to say it by.
        "term_line": term_words() if is_reading() else None,
        "absolute": feeds.absolute(here()) if request.endpoint else feeds.absolute(addresses.to("pages.home")),
    }


blueprint.add_app_template_filter(labels.distance, "distance")


@blueprint.app_template_filter("plan_kind")
def _plan_kind(code: str) -> str:
    return str(labels.PLAN_KIND[code])


@blueprint.app_template_filter("verdict")
def _verdict(code: str) -> str:
    return str(labels.VERDICT.get(code, ""))


@blueprint.app_template_filter("coordinate")
def coordinate(degrees: float) -> str:
    """Write degrees to about a metre."""
    return f"{degrees:.5f}"


@blueprint.app_template_global()
def english_area(code: str) -> str:
    """Give an area's English name where the reader reads English and the data has it, else nothing."""
    known = areas().get(code) if english() else None
    return known.name_en if known else ""


@blueprint.app_template_filter("spoken")
def _spoken(text: str) -> Markup:
    """Mark the Chinese names in a sentence of an English page, so that they are read out as what they are."""
    safe = str(escape(text))
    return Markup(_CHINESE.sub(r'<span lang="zh-Hans">\g<0></span>', safe) if english() else safe)  # noqa: S704


def conn() -> Connection:
    """Give this request's transaction, for `service_map.store.queries`."""
    return reading().conn


def reading() -> Reading:
    """Give the data of this request."""
    found: Reading = g.pages_reading
    return found


def is_reading() -> bool:
    """Say whether this request has the data open."""
    return "pages_reading" in g


def english() -> bool:
    """Say whether the reader reads English."""
    return language() == "en"


def ground() -> Ground:
    """Give what an analysis for this request rests on."""
    known = site()
    return Ground(
        conn=conn(),
        categories=known.categories,
        rules=known.rules,
        plan_rules=known.plan_rules,
        language=language(),
        network=known.network,
        keep=reading().keep,
        inventories=known.inventories,
        edges=known.edges,
    )


def query(parameters: Collection[Parameter], texts: MultiDict[str, str] | None = None) -> dict[str, Any]:
    """Read the query like the API does, but as a form sends it (empty means absent), and let unknown names pass.

    Chat programs append parameters of their own to a shared link; the page must still open.

    Parameters
    ----------
    parameters
        What the page takes; ``lang`` is always taken besides.
    texts
        What a form posted; None reads the address.

    Returns
    -------
    dict
        As `service_map.web.params.read`.

    Raises
    ------
    InvalidParameterError
        Naming the parameter and what it allows.
    """
    names = {parameter.name for parameter in parameters} | {"lang"}
    args = (request.args if texts is None else texts).copy()
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
            return areas()
        case "rule":
            return [rule.id for rule in (*site().rules, *site().plan_rules)]
        case _:
            return {plan.id: None for plan in queries.plans(conn())}


def here(**changes: str | None) -> str:
    """Make the address of this page with some choices changed; None takes a choice out."""
    return addresses.here(known=choices.KNOWN, **changes)


def without(*names: str) -> str:
    """Make the address of this page with some choices taken out."""
    return here(**dict.fromkeys(names))


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
    due_words: str
    state: str
    existing: bool


def entry(record: FacilityRecord) -> Entry:
    """Write a facility in the reader's words."""
    in_english = english()
    return Entry(
        id=record.id,
        name=record.name,
        colour=colour(record.category),
        category_name=record.category_en if in_english else record.category_zh,
        area_name=record.area_name,
        in_township=len(record.adcode) > COUNTY_DIGITS,
        status_words=status_words(record),
        count_words=labels.count(record.count, record.unit, at_least=record.at_least, english=in_english),
        precision=record.precision,
        precision_words=labels.precision(record.precision, record.uncertainty_m),
        due_words=labels.due(record.due, record.due_basis),
        state=record.state,
        existing=record.status == "existing",
    )


def colour(category: str) -> str:
    """Give a category's colour, and grey for one that the catalogue no longer knows."""
    found = site().categories.get(category)
    return found.colour if found else "#5b6b73"


def today() -> date:
    """Give the day of this answer."""
    return day_of(conn())


def plans() -> dict[str, PlanRecord]:
    """Give all plans by id."""
    return reading().keep("plans", lambda conn: {plan.id: plan for plan in queries.plans(conn)})


def status_words(record: FacilityRecord) -> str:
    """Say in which state a facility is, by the day of this answer."""
    return labels.state(record.state, stands=record.same_as is not None)


def term_words(*, area: str | None = None, plan: str | None = None) -> str | None:
    """Say in one line that the plans' terms are over and what has been verified; None where none has ended.

    Parameters
    ----------
    area, plan
        Only the plans that concern this area; only this plan.
    """
    told = term.ended(conn(), list(plans().values()), area=area, plan=plan)
    return None if told is None else term.sentence(told)


def stamp() -> str:
    """Name what an answer that a browser keeps for good depends on: the data, and the day."""
    return reading().version


def areas() -> dict[str, AreaRecord]:
    """Give all areas by code, without their boundaries."""
    return reading().keep("areas", lambda conn: {area.adcode: area for area in queries.areas(conn)})


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


def area_tree() -> tuple[City, ...]:
    """Give the cities with their counties."""
    return reading().keep("area-tree", _make_area_tree)


def _make_area_tree(conn: Connection) -> tuple[City, ...]:
    known = sorted(areas().values(), key=lambda area: area.adcode)
    number: Counter[str] = Counter()
    for part in queries.tally(conn, FacilityFilter(promised=True)):
        for code in {part.adcode, city_of(part.adcode)}:
            number[code] += part.count
    return tuple(
        City(
            adcode=city.adcode,
            name=city.name,
            count=number[city.adcode],
            counties=tuple(
                County(adcode=area.adcode, name=area.name, count=number[area.adcode])
                for area in known
                if area.level == "county" and covers(city.adcode, area.adcode)
            ),
        )
        for city in known
        if city.level == "city"
    )


def boundary_collection(records: Sequence[AreaRecord]) -> dict[str, Any]:
    """Write the boundaries for the map: simplified together, so that neighbours still share their border."""
    counties = [area for area in records if area.level == "county" and area.geometry is not None]
    shapes = shapely.coverage_simplify([area.geometry for area in counties], SIMPLIFY_DEGREES)
    features = [_boundary(area, shape) for area, shape in zip(counties, shapes, strict=True)]
    for city in records:
        if city.level == "city":
            inside = [shape for area, shape in zip(counties, shapes, strict=True) if covers(city.adcode, area.adcode)]
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


def unplaced() -> Counter[str]:
    """Count what plans promise without a place: ``requirements``, ``quotas`` and ``intents``."""
    found: Counter[str] = Counter()
    for (sort, _plan, _kind), number in queries.promised(conn()).items():
        found[sort] += number
    return found


def by_status() -> Counter[str]:
    """Count the facilities of each status."""
    return reading().keep("by-status", _count_by_status)


def _count_by_status(conn: Connection) -> Counter[str]:
    found: Counter[str] = Counter()
    for part in queries.tally(conn):
        found[part.status] += part.count
    return found


def by_state() -> Counter[str]:
    """Count what plans and lists promise by its state on the day."""
    return reading().keep("by-state", _count_by_state)


def _count_by_state(conn: Connection) -> Counter[str]:
    found: Counter[str] = Counter()
    for part in queries.tally(conn, FacilityFilter(promised=True)):
        found[part.state] += part.count
    return found


def years(plans: Sequence[PlanRecord]) -> range:
    """Give the years of the plans' periods, first to last."""
    found = [year for plan in plans for year in plan.period]
    return range(min(found), max(found) + 1) if found else range(0)


def filter_query(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the filter as a query again, for the map's points and the download."""
    return {
        parameter.name: list(value) if isinstance(value, tuple) else value
        for parameter in params.FILTER
        if parameter is not params.BBOX and (value := values.get(parameter.name))
    }


def map_words() -> dict[str, str]:
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


def attribution() -> str:
    """Name on the map whose boundaries and points it shows."""
    told = _("界线 天地图，乡镇 Vonng/adcode CC BY 4.0")
    return f"{told} · © OpenStreetMap, ODbL" if by_status()["existing"] else told


def boundaries_url() -> str:
    """Give the address of the map's boundaries; it changes with the data."""
    return url_for("pages.boundaries", v=reading().version)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """How many commitments are of one kind, in the reader's words, and how many of them stand on the map."""

    words: str
    count: int
    mapped: int


def kind_rows(kinds: Sequence[figures.KindFigure]) -> list[KindRow]:
    """Write the kinds of commitments in the reader's words."""
    return [KindRow(words=str(labels.KIND[kind.kind]), count=kind.count, mapped=kind.mapped) for kind in kinds]
