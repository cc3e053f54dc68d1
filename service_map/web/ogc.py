"""OGC API – Features at ``/ogc``: every layer for QGIS, GDAL, ArcGIS and whatever else speaks the standard.

Part 1 (OGC 17-069r4) core, GeoJSON, HTML and OpenAPI 3.0; part 2 (18-058r1) reference systems; part 3 (19-079r2)
queryables and filters in CQL2's basic class, in text and JSON; sorting by part 8's ``sortby``. Pages follow one another
by key, so rows that come or go shift no other. Links take the host that the request came for.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

import numpy as np
import orjson
import shapely
from flask import Blueprint, Response, render_template, request
from pyproj import Transformer

from service_map import __version__
from service_map.catalogue.messages import both, sentence
from service_map.errors import InvalidParameterError
from service_map.store import cql, features
from service_map.store.features import Collection, Feature, FeatureQuery
from service_map.store.geometry import Box
from service_map.web import geojson, params, problems
from service_map.web.compute import elsewhere_if
from service_map.web.cost import searches_much
from service_map.web.params import Parameter
from service_map.web.reading import attach, by_turns, choose, query, reading, say

blueprint = Blueprint("ogc", __name__, url_prefix="/ogc")
attach(blueprint, without={"ogc.conformance"})

JSON, HTML, SCHEMA = "application/json", "text/html", "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
DEFAULT_LIMIT = 100

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
SYSTEMS: Mapping[str, str] = {CRS84: "CRS84", **{f"{_EPSG}{code}": code for code in ("4326", "4490", "3857")}}
"""Reference systems by their address. EPSG's definitions of 4326 and 4490 put latitude first, CRS84 longitude."""

CONFORMANCE = tuple(
    f"http://www.opengis.net/spec/{name}"
    for name in (
        "ogcapi-common-1/1.0/conf/core",
        "ogcapi-common-2/1.0/conf/collections",
        "ogcapi-features-1/1.0/conf/core",
        "ogcapi-features-1/1.0/conf/geojson",
        "ogcapi-features-1/1.0/conf/html",
        "ogcapi-features-1/1.0/conf/oas30",
        "ogcapi-features-2/1.0/conf/crs",
        "ogcapi-features-3/1.0/conf/queryables",
        "ogcapi-features-3/1.0/conf/queryables-query-parameters",
        "ogcapi-features-3/1.0/conf/filter",
        "ogcapi-features-3/1.0/conf/features-filter",
        "cql2/1.0/conf/cql2-text",
        "cql2/1.0/conf/cql2-json",
        "cql2/1.0/conf/basic-cql2",
        "cql2/1.0/conf/advanced-comparison-operators",
    )
)
_LATITUDE_FIRST = {"4326", "4490"}
_SHOWN = (
    "category_name", "metres", "record", "area_name", "level", "status", "year", "precision", "uncertainty_m", "plan",
    "line", "people", "km2", "area_km2",
)  # fmt: skip
_SHOWN_ZH, _SHOWN_EN = ("category_zh", *_SHOWN), ("category_en", *_SHOWN)
# Beyond this web Mercator is not defined (EPSG guidance note 7-2, method 1024).
_MERCATOR_LATITUDE = 85.06
_MERCATOR_EDGE = math.pi * 6_378_137.0
# A unit of the last decimal of an answer's degrees, a centimetre: a box that was found from an answer or an extent, and
# rounded on its way through another reference system, holds what it was drawn around.
_ROUNDING = 10.0**-geojson.DECIMALS
_SYMBOL = re.compile(r"[A-Za-z0-9_.=-]{1,1600}", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


# ---------------------------------------------------------------- parameters


def _numbers(name: str, text: str) -> tuple[float, ...]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in {4, 6}:
        raise InvalidParameterError(
            name, f"应为四个数（或六个，含高度），现有 {len(parts)} 个", f"takes four or six numbers, not {len(parts)}"
        )
    found = [params.number(name, part) for part in parts]
    # Six numbers bound the height too, which no layer has.
    return tuple(found if len(found) == 4 else [found[0], found[1], found[3], found[4]])


def _system(name: str, text: str) -> str:
    asked = text.strip("<>[] ")
    if asked not in SYSTEMS:
        raise InvalidParameterError(
            name, f"可用：{'、'.join(SYSTEMS)}", f"use one of {', '.join(SYSTEMS)}", tuple(SYSTEMS)
        )
    return SYSTEMS[asked]


def _limit(name: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII) or int(text) < 1:
        raise InvalidParameterError(name, "应为不小于 1 的整数", "takes a whole number from 1 up")
    # Requirement 21 of part 1: more than the most is no error.
    return min(int(text), features.MAX_LIMIT)


def _moment(name: str, text: str) -> int:
    try:
        if _DATE_TIME.fullmatch(text.upper()):
            return datetime.fromisoformat(text.upper()).year
        return date.fromisoformat(text).year if len(text) == 10 else date(int(text), 1, 1).year
    except ValueError:
        raise InvalidParameterError(
            name,
            "应为日期、时刻（RFC 3339），或以 / 隔开的一段，开口写 ..",
            "takes a date or date-time of RFC 3339, or two of them with / between, .. for open",
        ) from None


def _years(name: str, text: str) -> tuple[int | None, int | None]:
    parts = text.split("/")
    if len(parts) == 1:
        year = _moment(name, text)
        return year, year
    if len(parts) != 2:
        raise InvalidParameterError(name, "至多一个 /", "takes one / at most")
    first, last = (None if part in {"", ".."} else _moment(name, part) for part in parts)
    if first is not None and last is not None and first > last:
        raise InvalidParameterError(name, "起始晚于结束", "begins after it ends")
    return first, last


def _sorting(_name: str, text: str) -> tuple[tuple[str, bool], ...]:
    parts = [part.strip() for part in text.split(",")]
    return tuple((part.lstrip("+-"), part.startswith("-")) for part in parts)


def _cursor(name: str, text: str) -> str:
    if not _SYMBOL.fullmatch(text):
        raise InvalidParameterError(name, "不是本接口给出的游标", "not a cursor of this interface")
    return text


FORMAT = Parameter(
    name="f", about=sentence("回答的格式：json 或 html；不写时看 Accept"),
    schema={"type": "string", "enum": ["json", "html"]}, parse=params.choice(("json", "html")),
)  # fmt: skip
LIMIT = Parameter(
    name="limit", about=sentence("每页条数，至多 %(most)d，更多的按此数给", most=features.MAX_LIMIT),
    # No maximum: more than the most is taken as the most, and a schema that named one would call it wrong.
    schema={"type": "integer", "minimum": 1, "default": DEFAULT_LIMIT},
    parse=_limit, default=DEFAULT_LIMIT,
)  # fmt: skip
BBOX = Parameter(
    name="bbox", about=sentence("范围，四个数，边上含 1 厘米；西大于东即跨 180° 经线；没有几何的要素都在其内"),
    schema={"type": "array", "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
            "items": {"type": "number"}},
    parse=_numbers,
)  # fmt: skip
BBOX_CRS = Parameter(
    name="bbox-crs", about=sentence("bbox 的坐标系"),
    schema={"type": "string", "format": "uri", "enum": list(SYSTEMS), "default": CRS84}, parse=_system, default="CRS84",
)  # fmt: skip
CRS = Parameter(
    name="crs", about=sentence("回答的坐标系"),
    schema={"type": "string", "format": "uri", "enum": list(SYSTEMS), "default": CRS84}, parse=_system, default="CRS84",
)  # fmt: skip
DATETIME = Parameter(
    name="datetime", about=sentence("时刻或时段；按年计；没有年份的要素都在其内"),
    schema=params.text_schema(), parse=_years,
)  # fmt: skip
FILTER = Parameter(
    name="filter", about=sentence("CQL2 条件"), schema=params.text_schema(2600), longest=2600,
)  # fmt: skip
FILTER_LANG = Parameter(
    name="filter-lang", about=sentence("条件的语言"),
    schema={"type": "string", "enum": list(cql.LANGUAGES), "default": "cql2-text"},
    parse=params.choice(cql.LANGUAGES), default="cql2-text",
)  # fmt: skip
FILTER_CRS = Parameter(
    name="filter-crs", about=sentence("条件里坐标的坐标系"),
    schema={"type": "string", "format": "uri", "enum": [CRS84], "default": CRS84}, parse=params.choice((CRS84,)),
)  # fmt: skip
SORTBY = Parameter(
    name="sortby", about=sentence("排序的属性，逗号分隔，- 为降序"),
    schema=params.text_schema(), parse=_sorting, default=(),
)  # fmt: skip
CURSOR = Parameter(
    name="cursor", about=sentence("下一页的游标；请直接用 next 的网址"),
    schema={"type": "string", "minLength": 1, "maxLength": 1600, "pattern": f"^{_SYMBOL.pattern}$"}, parse=_cursor,
    longest=1600,
)  # fmt: skip
_ITEMS = (LIMIT, BBOX, BBOX_CRS, CRS, DATETIME, FILTER, FILTER_LANG, FILTER_CRS, SORTBY, CURSOR, FORMAT)
_RESERVED = {parameter.name for parameter in (*_ITEMS, params.LANG)}


def _equal_to(item: features.Property) -> Parameter:
    parse: Callable[[str, str], Any] | None = None
    schema: dict[str, Any] = {"type": item.kind}
    if item.values:
        parse, schema["enum"] = params.choice(tuple(item.values)), list(item.values)
    elif item.kind == "string":
        schema = params.text_schema()
    elif item.kind == "integer":
        parse = params.whole_between(-(2**53), 2**53)
        schema |= {"minimum": -(2**53), "maximum": 2**53}
    elif item.kind == "number":
        parse = params.number
    elif item.kind == "boolean":

        def parse(name: str, text: str) -> bool:
            return params.choice(("true", "false"))(name, text) == "true"

    return Parameter(name=item.name, about=item.about, schema=schema, parse=parse)


def _of_layer(layer: Collection) -> tuple[Parameter, ...]:
    return (*_ITEMS, *(_equal_to(item) for item in layer.properties.values() if item.name not in _RESERVED))


# ---------------------------------------------------------------- answers


def _root() -> str:
    return request.url_root.rstrip("/") + "/ogc"


def _english() -> bool:
    return params.reply_language() == "en"


def _wants_html(values: Mapping[str, Any]) -> bool:
    if values["f"] is not None:
        return bool(values["f"] == "html")
    offered = [JSON, geojson.MEDIA_TYPE, HTML]
    return bool(request.accept_mimetypes) and request.accept_mimetypes.best_match(offered, JSON) == HTML


def _reply(values: Mapping[str, Any], document: Any, template: str, *, media: str = JSON, **more: Any) -> Response:
    if _wants_html(values):
        page = render_template(
            f"ogc/{template}.html", document=document, root=_root(), english=_english(), say=say, here=_here,
            columns=_columns, meant=_meant, **more,
        )  # fmt: skip
        return Response(page, content_type="text/html; charset=utf-8")
    return Response(orjson.dumps(document), content_type=media)


def _columns(layer: Collection) -> list[features.Property]:
    """Choose what a page of features shows of each: what it is, where, since when, and how sure."""
    return [layer.properties[name] for name in (_SHOWN_EN if _english() else _SHOWN_ZH) if name in layer.properties]


def _meant(item: features.Property, value: Any) -> Any:
    """Give a value as a person reads it: one of a closed set by its meaning."""
    if item.kind == "boolean" and value is not None:
        return say("是") if value else say("否")
    zh, _, en = item.values.get(value, "").partition(" / ")
    return choose(zh, en) or value


def _here(**changes: str | None) -> str:
    """Give this address with some parameters changed; None takes one out."""
    kept = [(name, text) for name, text in request.args.items(multi=True) if name not in changes]
    kept += [(name, text) for name, text in changes.items() if text is not None]
    return request.base_url + (f"?{urlencode(kept)}" if kept else "")


def _link(rel: str, href: str, media: str, title: str | None = None) -> dict[str, str]:
    return {"rel": rel, "type": media, "href": href, **({"title": title} if title else {})}


def _this(media: str) -> list[dict[str, str]]:
    return [
        _link("self", _here(f="json"), media, say("本文件")),
        _link("alternate", _here(f="html"), HTML, say("网页")),
    ]


@blueprint.get("/")
def landing() -> Response:
    """Lead to everything else."""
    values = query((FORMAT,))
    root = _root()
    document = {
        "title": say("规划设施地图"),
        "description": say("规划承诺的公共设施及其出处"),
        "links": [
            *_this(JSON),
            _link("service-desc", f"{root}/api", OPENAPI, say("接口说明")),
            _link("service-doc", f"{root}/api?f=html", HTML, say("接口说明")),
            _link("conformance", f"{root}/conformance", JSON, say("符合的标准")),
            _link("data", f"{root}/collections", JSON, say("图层")),
        ],
    }
    return _reply(values, document, "landing")


@blueprint.get("/conformance")
def conformance() -> Response:
    """Say which parts of the standards hold."""
    return _reply(query((FORMAT,)), {"conformsTo": CONFORMANCE}, "conformance")


@blueprint.get("/collections")
def collections() -> Response:
    """List the layers."""
    values = query((FORMAT,))
    layers = features.collections(reading().conn).values()
    document = {"links": _this(JSON), "crs": list(SYSTEMS), "collections": [_collection(layer) for layer in layers]}
    return _reply(values, document, "collections")


@blueprint.get("/collections/<name>")
def collection(name: str) -> Response:
    """Describe one layer."""
    values = query((FORMAT,))
    layer = features.collection(reading().conn, name)
    described = _collection(layer)
    return _reply(values, {**described, "links": [*_this(JSON), *described["links"]]}, "collection")


def _collection(layer: Collection) -> dict[str, Any]:
    box, years = features.extent(reading().conn, layer)
    here = f"{_root()}/collections/{layer.id}"
    extent: dict[str, Any] = {}
    if box is not None:
        extent["spatial"] = {"bbox": [box], "crs": CRS84}
    if years is not None:
        extent["temporal"] = {
            "interval": [[f"{years[0]:04}-01-01T00:00:00Z", f"{years[1]:04}-12-31T23:59:59Z"]],
            "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
        }
    return {
        "id": layer.id,
        "title": say(layer.title),
        "description": say(layer.about),
        "itemType": "feature",
        **({"extent": extent} if extent else {}),
        **({"crs": list(SYSTEMS), "storageCrs": CRS84} if layer.geometry is not None else {"crs": [CRS84]}),
        "links": [
            _link("items", f"{here}/items", geojson.MEDIA_TYPE, say("要素")),
            _link("items", f"{here}/items?f=html", HTML, say("要素")),
            _link(
                "http://www.opengis.net/def/rel/ogc/1.0/queryables", f"{here}/queryables", SCHEMA,
                say("可查询的属性"),
            ),
            # Relations are the same in any case (RFC 8288, section 3.3); Debian 12's GDAL knows this spelling alone.
            _link("describedBy", f"{here}/schema", SCHEMA, say("属性的类型")),
        ],
    }  # fmt: skip


@blueprint.get("/collections/<name>/queryables")
def queryables(name: str) -> Response:
    """Say what a filter on a layer may name."""
    values = query((FORMAT,))
    layer = features.collection(reading().conn, name)
    found = _typed(layer)
    if layer.key.key not in found:
        found = {"id": {"title": "id", "type": "string", "x-ogc-role": "id"}, **found}
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{_root()}/collections/{name}/queryables",
        "type": "object",
        "title": say(layer.title),
        "properties": found,
        "additionalProperties": False,
    }
    return _reply(values, document, "queryables", media=SCHEMA, layer=layer)


@blueprint.get("/collections/<name>/schema")
def schema(name: str) -> Response:
    """Describe the features of a layer, so that a client need not guess their types from the first that come."""
    values = query((FORMAT,))
    layer = features.collection(reading().conn, name)
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{_root()}/collections/{name}/schema",
        "title": say(layer.title),
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string"},
            # Each may be null where the layer does not know it: GDAL takes plain types alone for those of its fields.
            "properties": {"type": "object", "properties": _typed(layer)},
        },
    }
    if _wants_html(values):
        # For a person the queryables say the same.
        document = {**document, "properties": _typed(layer)}
    return _reply(values, document, "queryables", media=SCHEMA, layer=layer)


def _typed(layer: Collection) -> dict[str, Any]:
    return {
        item.name: {
            "title": say(item.about), "type": item.kind,
            **({"enum": list(item.values)} if item.values else {}),
        }
        for item in layer.properties.values()
    }  # fmt: skip


@blueprint.get("/collections/<name>/items")
@elsewhere_if(lambda: searches_much(reading(), "filter", "sortby", "q"))
def items(name: str) -> Response:
    """Give a page of features."""
    data = reading()
    layer = features.collection(data.conn, name)
    values = query(data.keep(("ogc parameters", name), lambda _conn: _of_layer(layer)))
    wanted = FeatureQuery(
        boxes=None if values["bbox"] is None else _boxes(values["bbox"], values["bbox-crs"]),
        years=values["datetime"],
        equals=tuple(
            (key, values[key]) for key in layer.properties if key not in _RESERVED and values.get(key) is not None
        ),
        filter=values["filter"],
        language=values["filter-lang"],
        sortby=values["sortby"],
    )
    write = _writer(layer, values["crs"])
    with by_turns():
        found = features.page(data.conn, layer, wanted, limit=values["limit"], cursor=values["cursor"])
        written = [write(item) for item in found.items]
    links = _this(geojson.MEDIA_TYPE)
    following = found.next_cursor and _here(cursor=found.next_cursor)
    if following is not None:
        links.append(_link("next", following, geojson.MEDIA_TYPE, say("下一页")))
    links.append(_link("collection", f"{_root()}/collections/{name}", JSON))
    document = {
        "type": "FeatureCollection",
        "numberMatched": found.matched,
        "numberReturned": len(found.items),
        "links": links,
        "features": written,
    }
    response = _reply(
        values, document, "items", media=geojson.MEDIA_TYPE, layer=layer, next=following, kept=_kept(layer, values)
    )
    return _in_system(response, values["crs"])


@blueprint.get("/collections/<name>/items/<feature_id>")
def item(name: str, feature_id: str) -> Response:
    """Give one feature."""
    values = query((CRS, FORMAT))
    layer = features.collection(reading().conn, name)
    found = features.feature(reading().conn, layer, feature_id)
    links = [*_this(geojson.MEDIA_TYPE), _link("collection", f"{_root()}/collections/{name}", JSON)]
    if name.startswith("facilities"):
        address = f"{request.url_root}facility/{feature_id}"
        links.append(_link("related", address, HTML, say("页面与出处")))
    document = {**_writer(layer, values["crs"])(found), "links": links}
    response = _reply(values, document, "item", media=geojson.MEDIA_TYPE, layer=layer)
    return _in_system(response, values["crs"])


def _kept(layer: Collection, values: Mapping[str, Any]) -> list[str]:
    """Say to a person which features a box or a time does not pick among."""
    told = []
    if values["datetime"] is not None:
        told.append(say("没有年份的要素不受 datetime 取舍，都在其内"))
    if values["bbox"] is not None and (layer.geometry is None or getattr(layer.geometry, "nullable", True)):
        told.append(say("没有几何的要素不受 bbox 取舍，都在其内"))
    return told


def _in_system(response: Response, system: str) -> Response:
    address = next(address for address, name in SYSTEMS.items() if name == system)
    response.headers["Content-Crs"] = f"<{address}>"
    return response


def _boxes(numbers: tuple[float, ...], system: str) -> tuple[Box, ...]:
    west, south, east, north = numbers
    if system in _LATITUDE_FIRST:
        west, south, east, north = south, west, north, east
    elif system == "3857":
        # Beyond its edges the projection begins anew on the other side, where a box drawn round the world means none.
        west, east = (min(max(edge, -_MERCATOR_EDGE), _MERCATOR_EDGE) for edge in (west, east))
        (west, east), (south, north) = _mercator().transform([west, east], [south, north], direction="INVERSE")
        west, east = max(west, -180.0), min(east, 180.0)
    fits = all(abs(edge) <= 180 for edge in (west, east)) and all(abs(edge) <= 90 for edge in (south, north))
    if not fits or south > north:
        raise InvalidParameterError(
            "bbox",
            "超出范围或南北颠倒；经度 -180 到 180，纬度 -90 到 90，次序按 bbox-crs 的轴",
            "outside the world, or south above north; the order is that of the axes of bbox-crs",
        )
    if west <= east:
        return (_widened(west, south, east, north),)
    return (_widened(west, south, 180.0, north), _widened(-180.0, south, east, north))


def _widened(west: float, south: float, east: float, north: float) -> Box:
    return (
        max(west - _ROUNDING, -180.0), max(south - _ROUNDING, -90.0),
        min(east + _ROUNDING, 180.0), min(north + _ROUNDING, 90.0),
    )  # fmt: skip


@cache
def _mercator() -> Transformer:
    return Transformer.from_crs(4326, 3857, always_xy=True)


def _writer(layer: Collection, system: str) -> Callable[[Feature], dict[str, Any]]:
    """Make what writes features of a layer in a reference system."""
    decimals = 3 if system == "3857" else geojson.DECIMALS

    def project(lonlat: Any) -> Any:
        if system in _LATITUDE_FIRST:
            return lonlat[:, ::-1]
        if system == "3857":
            lat = np.clip(lonlat[:, 1], -_MERCATOR_LATITUDE, _MERCATOR_LATITUDE)
            return np.column_stack(_mercator().transform(lonlat[:, 0], lat))
        return lonlat

    def point(place: tuple[float, float]) -> dict[str, Any]:
        x, y = project(np.array([place]))[0].tolist() if system == "3857" else place
        pair = [round(y, decimals), round(x, decimals)] if system in _LATITUDE_FIRST else [
            round(x, decimals), round(y, decimals)
        ]  # fmt: skip
        return {"type": "Point", "coordinates": pair}

    def write(found: Feature) -> dict[str, Any]:
        geometry: dict[str, Any] | None = None
        if layer.point and found.geometry is not None:
            geometry = point(found.geometry)
        elif isinstance(found.geometry, shapely.Geometry) and not found.geometry.is_empty:
            oriented = shapely.orient_polygons(found.geometry)
            moved = shapely.transform(oriented, lambda lonlat: project(lonlat).round(decimals))
            geometry = dict(shapely.geometry.mapping(moved))
        return {"type": "Feature", "id": found.id, "geometry": geometry, "properties": found.properties}

    return write


# ---------------------------------------------------------------- the interface itself


@blueprint.get("/api")
def api() -> Response:
    """Define the interface by OpenAPI 3.0."""
    values = query((FORMAT,))
    layers = features.collections(reading().conn)
    return _reply(values, _definition(layers), "api", media=OPENAPI)


def _definition(layers: Mapping[str, Collection]) -> dict[str, Any]:
    paths: dict[str, Any] = {
        "/": _operation("landing", both("首页"), (FORMAT,), schema="Landing"),
        "/api": _operation("api", both("本文件"), (FORMAT,), media=OPENAPI),
        "/conformance": _operation("conformance", both("符合的标准"), (FORMAT,), schema="Conformance"),
        "/collections": _operation("collections", both("图层"), (FORMAT,), schema="Collections"),
    }
    for name, layer in layers.items():
        here, title = f"/collections/{name}", layer.title.both
        paths[here] = _operation(f"describe_{name}", title, (FORMAT,), schema="Collection")
        paths[f"{here}/queryables"] = _operation(
            f"queryables_{name}", title, (FORMAT,), media=SCHEMA, schema="Queryables"
        )
        paths[f"{here}/schema"] = _operation(f"schema_{name}", title, (FORMAT,), media=SCHEMA)
        paths[f"{here}/items"] = _operation(
            f"items_{name}", title, _of_layer(layer), media=geojson.MEDIA_TYPE, schema="FeatureCollection"
        )
        one = _operation(f"item_{name}", title, (CRS, FORMAT), media=geojson.MEDIA_TYPE, schema="Feature")
        one["get"]["parameters"].insert(
            0, {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}}
        )
        one["get"]["responses"]["404"] = {"$ref": "#/components/responses/problem"}
        paths[f"{here}/items/{{featureId}}"] = one
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Service Map 规划设施 OGC API – Features",
            "version": __version__,
            "license": {"name": "MIT"},
        },
        "servers": [{"url": _root()}],
        "paths": paths,
        "components": {
            "schemas": _SCHEMAS,
            "responses": {
                "problem": {
                    "description": both("出错"),
                    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            },
        },
    }


_SCHEMAS: Mapping[str, Any] = {
    "Problem": {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string"},
            "field": {"type": "string"},
            "allowed": {"type": "array", "items": {"type": "string"}},
        },
    },
    "Object": {"type": "object"},
    "Link": {
        "type": "object",
        "required": ["rel", "type", "href"],
        "properties": {name: {"type": "string"} for name in ("rel", "type", "href", "title")},
        "additionalProperties": False,
    },
    "Links": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Link"}},
    "Landing": {
        "type": "object",
        "required": ["title", "description", "links"],
        "properties": {
            "title": {"type": "string"},
            "description": {"type": "string"},
            "links": {"$ref": "#/components/schemas/Links"},
        },
        "additionalProperties": False,
    },
    "Conformance": {
        "type": "object",
        "required": ["conformsTo"],
        "properties": {"conformsTo": {"type": "array", "items": {"type": "string", "format": "uri"}}},
        "additionalProperties": False,
    },
    "Collection": {
        "type": "object",
        "required": ["id", "title", "description", "itemType", "crs", "links"],
        "properties": {
            "id": {"type": "string"},
            "title": {"type": "string"},
            "description": {"type": "string"},
            "itemType": {"type": "string", "enum": ["feature"]},
            "extent": {
                "type": "object",
                "properties": {
                    "spatial": {
                        "type": "object",
                        "required": ["bbox", "crs"],
                        "properties": {
                            "bbox": {
                                "type": "array",
                                "items": {"type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "number"}},
                            },
                            "crs": {"type": "string", "enum": [CRS84]},
                        },
                    },
                    "temporal": {
                        "type": "object",
                        "required": ["interval", "trs"],
                        "properties": {
                            "interval": {
                                "type": "array",
                                "items": {
                                    "type": "array",
                                    "minItems": 2,
                                    "maxItems": 2,
                                    "items": {"type": "string", "format": "date-time"},
                                },
                            },
                            "trs": {"type": "string"},
                        },
                    },
                },
                "additionalProperties": False,
            },
            "crs": {"type": "array", "items": {"type": "string", "enum": list(SYSTEMS)}},
            "storageCrs": {"type": "string", "enum": [CRS84]},
            "links": {"$ref": "#/components/schemas/Links"},
        },
        "additionalProperties": False,
    },
    "Collections": {
        "type": "object",
        "required": ["links", "crs", "collections"],
        "properties": {
            "links": {"$ref": "#/components/schemas/Links"},
            "crs": {"type": "array", "items": {"type": "string", "enum": list(SYSTEMS)}},
            "collections": {"type": "array", "items": {"$ref": "#/components/schemas/Collection"}},
        },
        "additionalProperties": False,
    },
    "Queryables": {
        "type": "object",
        "required": ["$schema", "$id", "type", "properties"],
        "properties": {
            "$schema": {"type": "string", "format": "uri"},
            "$id": {"type": "string", "format": "uri"},
            "type": {"type": "string", "enum": ["object"]},
            "title": {"type": "string"},
            "properties": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "required": ["title", "type"],
                    "properties": {
                        "title": {"type": "string"},
                        "type": {"type": "string", "enum": ["string", "integer", "number", "boolean"]},
                        "enum": {"type": "array", "items": {"type": "string"}},
                        "x-ogc-role": {"type": "string"},
                    },
                    "additionalProperties": False,
                },
            },
            "additionalProperties": {"type": "boolean"},
        },
        "additionalProperties": False,
    },
    "Feature": {
        "type": "object",
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string"},
            "geometry": {
                "type": "object",
                "nullable": True,
                "required": ["type", "coordinates"],
                "properties": {
                    "type": {"type": "string", "enum": ["Point", "Polygon", "MultiPolygon"]},
                    "coordinates": {"type": "array", "items": {}},
                },
            },
            "properties": {"type": "object"},
            "links": {"$ref": "#/components/schemas/Links"},
        },
    },
    "FeatureCollection": {
        "type": "object",
        "required": ["type", "features", "links", "numberMatched", "numberReturned"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "numberMatched": {"type": "integer", "minimum": 0},
            "numberReturned": {"type": "integer", "minimum": 0},
            "links": {"$ref": "#/components/schemas/Links"},
            "features": {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
        },
    },
}


def _operation(
    name: str, summary: str, parameters: tuple[Parameter, ...], *, media: str = JSON, schema: str = "Object"
) -> dict[str, Any]:
    problem = {"$ref": "#/components/responses/problem"}
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "parameters": [
                {
                    "name": parameter.name,
                    "in": "query",
                    "required": False,
                    "description": parameter.about.both,
                    "schema": parameter.schema,
                    "style": "form",
                    "explode": False,
                }
                for parameter in (*parameters, params.LANG)
            ],
            "responses": {
                "200": {
                    "description": summary,
                    "content": {
                        media: {"schema": {"$ref": f"#/components/schemas/{schema}"}},
                        HTML: {"schema": {"type": "string"}},
                    },
                },
                "400": problem,
                "413": problem,
                "414": problem,
                "429": problem,
                "500": problem,
                "503": problem,
            },
        }
    }
