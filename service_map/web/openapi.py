"""The OpenAPI 3.1 document of ``/api`` and ``/download``, made from the same declarations that the routes parse with.

Every description is Chinese first and English after it. Every object in an answer's schema is closed
(``additionalProperties: false``), so that checking an answer against it also finds a member that nobody documented.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service_map import __version__
from service_map.analysis import MOST_BYTES, MOST_POINTS
from service_map.catalogue import terms
from service_map.store import ranks
from service_map.store.export import FORMATS
from service_map.web import params, problems, ranking

JSON = "application/json"
GEOJSON = "application/geo+json"
GEOPACKAGE = "application/geopackage+sqlite3"

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One address of the API.

    Attributes
    ----------
    path
        As Flask writes it.
    id
        ``operationId``.
    zh, en
        What it answers.
    parameters
        What its query takes, besides ``lang``.
    answer
        Status of its good answer.
    media_type, schema
        Of its good answer; ``schema`` is a name under ``components/schemas``, or None for a file.
    errors
        Kinds of problem it can answer, besides those of `_ALWAYS`.
    post
        What its query takes when the caller sends points or a polygon; None where it takes no body.
    post_schema
        Of the good answer to that, where it is another.
    moves
        It can lead elsewhere for good (301).
    """

    path: str
    id: str
    zh: str
    en: str
    parameters: tuple[params.Parameter, ...] = ()
    media_type: str = JSON
    schema: str | None = None
    errors: tuple[str, ...] = ()
    answer: str = "200"
    moves: bool = False
    post: tuple[params.Parameter, ...] | None = None
    post_schema: str | None = None


OPERATIONS = (
    Operation(
        path="/api/layers",
        id="layers",
        schema="Layers",
        zh="设施大类与类别：名称、颜色、数量、各定位精度的数量",
        en="families and categories: names, colour, counts, counts by precision",
    ),
    Operation(
        path="/api/facilities",
        id="facilities",
        parameters=params.FACILITIES,
        media_type=GEOJSON,
        schema="FacilityCollection",
        zh="按条件查规划设施，分页",
        en="promised facilities by filter, in pages",
    ),
    Operation(
        path="/api/facilities/nearby",
        id="nearby",
        parameters=params.NEARBY,
        media_type=GEOJSON,
        schema="NearbyCollection",
        zh="一点附近的规划设施，由近及远（直线距离）",
        en="promised facilities near a point, nearest first (straight line)",
    ),
    Operation(
        path="/api/facilities/<id>",
        id="facility",
        media_type=GEOJSON,
        schema="FacilityFeature",
        errors=("not-found", "gone"),
        moves=True,
        zh="一处设施及其全部出处",
        en="one facility with all its citations",
    ),
    Operation(
        path="/api/circle",
        id="circle",
        parameters=params.CIRCLE_CHECK,
        schema="Circle",
        errors=("unanswerable",),
        post=params.CIRCLE_POST,
        post_schema="Circles",
        zh="一点的生活圈体检：每类必备设施按每条标准、也按当地规划自己的承诺判定；POST 可一次体检自己的点",
        en="the life circle of a point, judged by each clause and by the plans' own circles; POST checks your points",
    ),
    Operation(
        path="/api/coverage",
        id="coverage",
        parameters=params.COVERAGE,
        media_type=GEOJSON,
        schema="CoverageCollection",
        errors=("unanswerable", "busy"),
        post=params.COVERAGE_POST,
        zh="一个区域内某类设施的覆盖率、已覆盖范围与缺口，含定位误差的上下限；POST 可带自己的人口点或多边形",
        en="share of an area covered by a category, the covered and gap polygons, with bounds for imprecise locations;"
        " POST takes people at points or a polygon of yours",
    ),
    Operation(
        path="/api/gaps",
        id="gaps",
        parameters=params.GAPS,
        media_type=GEOJSON,
        schema="GapCollection",
        errors=("unanswerable", "busy"),
        post=params.GAPS_POST,
        zh="缺口：没有被覆盖的各块，按乡镇、居住小区或 H3 格切开，人多（或小区多、面积大）的在前，各至少还要几处",
        en="gaps: what nothing covers, in pieces by township, community or H3 cell, most people (else homes, else land)"
        " first, and how many new ones each needs at least",
    ),
    Operation(
        path="/api/sites",
        id="sites",
        parameters=params.SITES,
        media_type=GEOJSON,
        schema="SiteCollection",
        errors=("not-found", "unanswerable", "busy"),
        post=params.SITES_POST,
        zh="选址：再建若干处，放在哪里新增覆盖最多，离最优至多差多少",
        en="siting: where so many more would cover the most, and how far from the best that can be",
    ),
    Operation(
        path="/api/completeness",
        id="completeness",
        parameters=params.COMPLETENESS,
        media_type=GEOJSON,
        schema="CompletenessCollection",
        errors=("unanswerable", "busy"),
        post=params.COMPLETENESS_POST,
        zh="配套完善度：各处满足几条要求，及其分布",
        en="completeness: how many rules are kept at each place, and the distribution",
    ),
    Operation(
        path="/api/ranking",
        id="ranking",
        parameters=ranking.RANKING,
        schema="Ranking",
        errors=("not-found",),
        zh="全国汇总：各省、市、县按覆盖率等排列；现有设施没有说收全的不给数、不排名；没有导入汇总时为 404",
        en="the national summary: provinces, cities or counties in order, without figures and rank where the record of"
        " what exists is not stated to be complete; 404 where none was imported",
    ),
    Operation(
        path="/api/areas",
        id="areas",
        parameters=params.AREAS,
        schema="Areas",
        zh="行政区及其驻地",
        en="areas and their seats",
    ),
    Operation(
        path="/api/areas/boundaries",
        id="boundaries",
        parameters=params.AREAS,
        media_type=GEOJSON,
        schema="AreaCollection",
        zh="行政区边界；没有边界的不在其内",
        en="boundaries of areas; those without one are left out",
    ),
    Operation(
        path="/api/areas/<adcode>",
        id="area",
        media_type=GEOJSON,
        schema="AreaFeature",
        errors=("not-found",),
        zh="一个行政区及其边界",
        en="one area and its boundary",
    ),
    Operation(
        path="/api/plans", id="plans", schema="Plans", zh="数据所出的规划", en="the plans that the data comes from"
    ),
    Operation(
        path="/api/plans/<id>",
        id="plan",
        schema="Plan",
        errors=("not-found",),
        zh="一部规划",
        en="one plan",
    ),
    Operation(
        path="/api/commitments",
        id="commitments",
        parameters=params.COMMITMENTS,
        schema="Commitments",
        zh="按条件查规划任务，按规划与行号排列，分页",
        en="commitments by filter, in the order of plan and line, in pages",
    ),
    Operation(
        path="/api/openapi.json",
        id="openapi",
        schema="OpenApi",
        zh="本文件",
        en="this document",
    ),
    Operation(
        path="/api/problems/<kind>",
        id="problem",
        schema="ProblemKind",
        errors=("not-found",),
        zh="一种错误的说明，即错误回答里 type 的网址",
        en="what a kind of problem means: where a problem's type points",
    ),
    *(
        Operation(
            path=f"/download/facilities.{chosen.suffix}",
            id=f"download_{chosen.suffix.replace('.', '_')}",
            parameters=params.download(chosen),
            media_type=chosen.media_type,
            schema="FacilityDownload" if chosen.suffix == "geojson" else None,
            zh=f"下载：全部查询结果，{chosen.name}",
            en=f"download: the whole result of a filter as {chosen.name}",
        )
        for chosen in FORMATS.values()
    ),
    Operation(
        path="/download/facilities",
        id="download_negotiated",
        parameters=params.DOWNLOAD,
        answer="303",
        errors=("not-acceptable",),
        zh="下载：按 Accept 转到一种格式",
        en="download: leads to the format that Accept asks for",
    ),
    Operation(
        path="/download/ranking.csv",
        id="download_ranking_csv",
        parameters=ranking.RANKING,
        media_type="text/csv",
        errors=("not-found",),
        zh="下载：各地排名，CSV",
        en="download: the ranking as CSV",
    ),
    Operation(
        path="/download/ranking.geojson",
        id="download_ranking_geojson",
        parameters=ranking.RANKING,
        media_type=GEOJSON,
        schema="RankingCollection",
        errors=("not-found",),
        zh="下载：各地排名，GeoJSON，界线经简化",
        en="download: the ranking as GeoJSON, boundaries simplified",
    ),
    Operation(
        path="/download/about.json",
        id="download_about",
        parameters=params.DOWNLOAD,
        media_type="application/ld+json",
        schema="About",
        zh="下载文件的说明：来源、许可、引用、日期、字段",
        en="what a download is: sources, licences, citation, date, fields",
    ),
    Operation(
        path="/download/service_map.gpkg",
        id="download_database",
        media_type=GEOPACKAGE,
        errors=("not-found",),
        zh="下载：整个数据库（GeoPackage）",
        en="download: the whole database (GeoPackage)",
    ),
)
"""Every address, in the document's order."""

_ALWAYS = ("invalid-parameter", "too-large", "address-too-long", "internal", "unavailable")
_PATH_PARAMETERS: Mapping[str, tuple[str, str, Schema]] = {
    "/api/facilities/<id>": (
        "设施的永久代号",
        "permanent id of the facility",
        {"type": "string", "pattern": "^f[0-9a-f]{12}$"},
    ),
    "/api/areas/<adcode>": ("行政区代码", "area code", {"type": "string", "pattern": r"^\d{6}(\d{3})?$"}),
    "/api/plans/<id>": ("规划代号", "plan id", {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}),
    "/api/problems/<kind>": ("错误种类", "kind of problem", {"type": "string", "enum": list(problems.KINDS)}),
}


def document(*, categories: tuple[str, ...], families: tuple[str, ...], root: str = "") -> dict[str, Any]:
    """Make the document.

    Parameters
    ----------
    categories, families
        Codes of the catalogue: the values that ``category`` and ``family`` allow.
    root
        Path under which the application is mounted, without a trailing slash.

    Returns
    -------
    dict
        An OpenAPI 3.1.1 document.
    """
    closed = {"category": categories, "family": families}
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Service Map 规划设施 API",
            "version": __version__,
            "summary": "规划承诺的公共设施及其出处 / every public facility that plans promise, with its citation",
            "description": (
                "坐标为 WGS 84（EPSG:4326），经度在前。数据含规划承诺的设施，以及很不完整的现状设施"
                "（status=existing）。错误按 RFC 9457 回答。\n\n"
                "Coordinates are WGS 84 (EPSG:4326), longitude first. The data holds what plans promise "
                "and, far from complete, what stands already (status=existing). Errors are told by RFC 9457."
            ),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": root or "/"}],
        "tags": [
            {"name": "api", "description": _text("查询", "queries")},
            {"name": "download", "description": _text("下载", "downloads")},
        ],
        "paths": {_template(operation.path): _item(operation, closed) for operation in OPERATIONS},
        "components": {
            "schemas": _schemas(categories, families),
            "responses": {kind: _problem_response(kind) for kind in problems.KINDS},
            "headers": {
                "ETag": {
                    "description": _text("随数据版本而变", "changes with the version of the data"),
                    "schema": {"type": "string"},
                },
            },
        },
    }


def _item(operation: Operation, closed: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    item = {"get": _operation(operation, closed)}
    if operation.post is None:
        return item
    schema = operation.post_schema or operation.schema
    content = {operation.media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    asked = [_parameter(parameter, closed) for parameter in (*operation.post, params.LANG)]
    # What a caller sends is answered and forgotten: no tag, nothing that could be "not modified".
    answers = {code: answer for code, answer in item["get"]["responses"].items() if code not in {"200", "304"}}
    item["post"] = {
        **item["get"],
        "operationId": f"{operation.id}_of_yours",
        "parameters": asked,
        "requestBody": {
            "required": True,
            "description": _text(
                f"GeoJSON，至多 {MOST_BYTES} 字节、{MOST_POINTS} 个点；不保存",
                f"GeoJSON, at most {MOST_BYTES} bytes and {MOST_POINTS} points; nothing is stored",
            ),
            "content": {kind: {"schema": {"$ref": "#/components/schemas/Body"}} for kind in (GEOJSON, JSON)},
        },
        "responses": {"200": {"description": _text(operation.zh, operation.en), "content": content}, **answers},
    }
    return item


def _operation(operation: Operation, closed: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    parameters = [_parameter(parameter, closed) for parameter in (*operation.parameters, params.LANG)]
    if operation.path in _PATH_PARAMETERS:
        zh, en, schema = _PATH_PARAMETERS[operation.path]
        name = operation.path.rpartition("<")[2].rstrip(">")
        parameters.insert(
            0, {"name": name, "in": "path", "required": True, "description": _text(zh, en), "schema": schema}
        )
    good: dict[str, Any] = {"description": _text(operation.zh, operation.en)}
    if operation.schema:
        good["content"] = {operation.media_type: {"schema": {"$ref": f"#/components/schemas/{operation.schema}"}}}
        good["headers"] = {"ETag": {"$ref": "#/components/headers/ETag"}}
    elif operation.answer == "200":
        good["content"] = {operation.media_type: {}}
    answers: dict[str, Any] = {operation.answer: good, "304": {"description": _text("没有变化", "not modified")}}
    if operation.path.startswith(("/download/facilities.", "/download/service_map.")):
        part = _text("文件的一段", "a range of the file")
        answers["206"] = {"description": part, "content": {operation.media_type: {}}}
        answers["416"] = {"$ref": "#/components/responses/no-such-range"}
    if operation.moves:
        answers["301"] = {"description": _text("已并入另一处，见 Location", "is another one now: see Location")}
    for kind in (*_ALWAYS, *operation.errors):
        answers[str(problems.KINDS[kind].status)] = {"$ref": f"#/components/responses/{kind}"}
    return {
        "operationId": operation.id,
        "tags": [operation.path.split("/")[1]],
        "summary": _text(operation.zh, operation.en),
        "parameters": parameters,
        "responses": dict(sorted(answers.items())),
    }


def _parameter(parameter: params.Parameter, closed: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    schema = dict(parameter.schema)
    if parameter.known is not None and parameter.known in closed:
        schema["enum"] = list(closed[parameter.known])
    if parameter.many:
        # A repeated parameter; a comma-separated list is taken besides, which OpenAPI cannot say at the same time.
        schema = {"type": "array", "items": schema, "minItems": 1}
    described: dict[str, Any] = {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": _text(parameter.zh, parameter.en),
        "schema": schema,
    }
    if parameter.many:
        described |= {"style": "form", "explode": True}
    return described


def _problem_response(kind: str) -> dict[str, Any]:
    names = problems.KINDS[kind]
    response: dict[str, Any] = {
        "description": _text(names.zh, names.en),
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if kind == "unavailable":
        response["headers"] = {
            "Retry-After": {"description": _text("秒", "seconds"), "schema": {"type": "integer"}},
        }
    return response


def _template(path: str) -> str:
    return path.replace("<", "{").replace(">", "}")


def _text(zh: str, en: str) -> str:
    return f"{zh}\n\n{en[:1].upper()}{en[1:]}"


# ---------------------------------------------------------------- schemas

_STRING: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_NUMBER: Schema = {"type": "number"}
_NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
_WHOLE: Schema = {"type": "integer", "minimum": 0}
_YEAR_OR_NULL: Schema = {
    "type": ["integer", "null"],
    "minimum": params.FIRST_YEAR - 100,
    "maximum": params.LAST_YEAR + 100,
}
_FLAG: Schema = {"type": "boolean"}
_METRES: Schema = {"type": "number", "minimum": 0}
_METRES_OR_NULL: Schema = {"type": ["number", "null"], "minimum": 0}
_KM2: Schema = {"type": "number", "minimum": 0}
_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_COLOUR: Schema = {"type": "string", "pattern": "^#[0-9a-f]{6}$"}
_ADCODE: Schema = {"type": "string", "pattern": r"^\d{6}(\d{3})?$"}
_SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_TEXTS: Schema = {"type": "array", "items": _STRING}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _array(items: Schema) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _closed(properties: Mapping[str, Schema], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _either(schema: Schema) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _enum(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def _feature(geometry: Schema, properties: Schema) -> dict[str, Any]:
    return _closed({"type": {"const": "Feature"}, "id": _STRING, "geometry": geometry, "properties": properties})


def _collection(features: Schema, **members: Schema) -> dict[str, Any]:
    return _closed({"type": {"const": "FeatureCollection"}, **members, "features": _array(features)})


def _schemas(categories: tuple[str, ...], families: tuple[str, ...]) -> dict[str, Any]:
    category, family = _enum(*categories), _enum(*families)
    paging = {"numberMatched": _WHOLE, "numberReturned": _WHOLE, "links": _array(_ref("Link"))}
    nearby = {
        "distance_m": _METRES,
        "distance_low_m": _METRES,
        "distance_high_m": _METRES,
        "within": _enum("certain", "possible"),
    }
    subject = {"category": category, "category_name": _STRING, "family": family, "rule": _ref("Rule")}
    closest = {
        "distance_m": _METRES_OR_NULL,
        "distance_low_m": _METRES_OR_NULL,
        "distance_high_m": _METRES_OR_NULL,
        "walk_m": _METRES_OR_NULL,
        "walk_minutes": _NUMBER_OR_NULL,
        "measured_from": {"enum": ["edge", "point", None]},
        "facility": _either(_ref("NearestFacility")),
        "nearest": _array(_ref("NearFacility")),
    }
    facility = _facility_properties(category, family)
    return {
        "Problem": _closed(
            {
                "type": {"type": "string", "format": "uri-reference"},
                "title": _STRING,
                "status": {"type": "integer"},
                "detail": _STRING,
                "instance": {"type": "string", "format": "uri-reference"},
                "field": _STRING,
                "allowed": _TEXTS,
            },
            optional=("field", "allowed"),
        ),
        "About": {"type": "object", "required": ["@context", "@type", "name", "license", "citation", "dateModified"]},
        "ProblemKind": _closed({"type": _STRING, "status": {"type": "integer"}, "title": _STRING}),
        "OpenApi": {"type": "object", "required": ["openapi", "info", "paths"]},
        "Link": _closed(
            {"rel": _enum("self", "next"), "href": {"type": "string", "format": "uri-reference"}, "type": _STRING}
        ),
        "Point": _closed(
            {
                "type": {"const": "Point"},
                "coordinates": {
                    "type": "array",
                    "minItems": 2,
                    "maxItems": 2,
                    "prefixItems": [
                        {"type": "number", "minimum": -180, "maximum": 180},
                        {"type": "number", "minimum": -90, "maximum": 90},
                    ],
                },
            }
        ),
        "Surface": _closed({"type": _enum("Polygon", "MultiPolygon"), "coordinates": {"type": "array", "minItems": 1}}),
        "ByPrecision": _closed(dict.fromkeys(terms.PRECISION.codes, _WHOLE)),
        "Layers": _closed(
            {
                "families": _array(_ref("LayerFamily")),
                "facilities": _WHOLE,
                "precision": _ref("ByPrecision"),
                "data_version": _STRING,
            }
        ),
        "LayerFamily": _closed(
            {
                "code": family,
                "name": _STRING,
                "zh": _STRING,
                "en": _STRING,
                "colour": _COLOUR,
                "core": _FLAG,
                "facilities": _WHOLE,
                "precision": _ref("ByPrecision"),
                "categories": _array(_ref("LayerCategory")),
            }
        ),
        "LayerCategory": _closed(
            {
                "code": category,
                "name": _STRING,
                "zh": _STRING,
                "en": _STRING,
                "colour": _COLOUR,
                "icon": _STRING,
                "planned": {"type": "number", "minimum": 0},
                "facilities": _WHOLE,
                "precision": _ref("ByPrecision"),
            }
        ),
        "Citation": _closed(
            {
                "plan": _STRING,
                "plan_title": _STRING,
                "section": _TEXT_OR_NULL,
                "line": {"type": "integer", "minimum": 1},
                "passage_sha256": _SHA256,
                "commitment": _STRING,
                "label": _STRING,
                "url": _TEXT_OR_NULL,
                "passage": _STRING,
            },
            optional=("passage",),
        ),
        "FacilityFeature": _feature(_ref("Point"), _closed(facility)),
        "NearbyFeature": _feature(_ref("Point"), _closed(facility | nearby)),
        "FacilityCollection": _collection(_ref("FacilityFeature"), **paging),
        "FacilityDownload": _collection(
            _ref("FacilityFeature"),
            name=_STRING,
            numberMatched=_WHOLE,
            data_version=_STRING,
            attribution=_STRING,
            limits=_TEXTS,
            metadata=_ref("About"),
            sources=_array(_closed({"source": _STRING, "licence": _STRING})),
        ),
        "NearbyCollection": _collection(_ref("NearbyFeature"), **paging, search=_ref("Search")),
        "Search": _closed(
            {
                "lon": _NUMBER,
                "lat": _NUMBER,
                "metres": _METRES,
                "minutes": _NUMBER_OR_NULL,
                "walking": _either(_ref("Walking")),
                "method": _enum("straight_line"),
                "limits": _TEXTS,
            }
        ),
        "Walking": _closed(
            {
                "profile": _STRING,
                "profile_name": _STRING,
                "speed_m_s": _NUMBER,
                "detour": {"type": "number", "minimum": 1},
            }
        ),
        "Rule": _closed(
            {
                "id": _STRING,
                "category": category,
                "also": _array(category),
                "level": _enum(*terms.RULE_LEVEL),
                "metres": _METRES_OR_NULL,
                "metres_low": _METRES_OR_NULL,
                "minutes": _NUMBER_OR_NULL,
                "minutes_low": _NUMBER_OR_NULL,
                "mode": _STRING,
                "measured_from": _enum(*terms.RULE_MEASURED_FROM),
                "size_low": _NUMBER_OR_NULL,
                "size_high": _NUMBER_OR_NULL,
                "share": _NUMBER_OR_NULL,
                "share_new": _NUMBER_OR_NULL,
                "share_old": _NUMBER_OR_NULL,
                "denominator": {"enum": [*terms.DENOMINATOR, None]},
                "scope": _enum(*terms.SCOPE),
                "standard": _STRING,
                "edition": _STRING,
                "clause": _STRING,
                "status": _enum(*terms.RULE_STATUS),
                "force": {"enum": [*terms.FORCE, None]},
                "confidence": _enum(*terms.CONFIDENCE),
                "verified": _FLAG,
                "note": _TEXT_OR_NULL,
                "plan": _TEXT_OR_NULL,
                "line": {"type": ["integer", "null"], "minimum": 1},
                "passage_sha256": _either(_SHA256),
                "year": _YEAR_OR_NULL,
                "area": _either(_ADCODE),
                "source": _TEXT_OR_NULL,
                "read_on": {"type": ["string", "null"], "format": "date"},
            }
        ),
        "Circles": _closed({"circles": _array(_ref("Circle")), "numberReturned": _WHOLE}),
        "Circle": _closed(
            {
                "lon": _NUMBER,
                "lat": _NUMBER,
                "minutes": {"type": "integer", "enum": list(params.CIRCLE_MINUTES)},
                "year": _YEAR_OR_NULL,
                "method": _enum("straight_line", "network"),
                "area": _ref("AreaName"),
                "walking": _ref("Walking"),
                "apart": _array(_ref("Apart")),
                "summary": _closed(dict.fromkeys(terms.VERDICT, _WHOLE)),
                "verdicts": _array(_ref("Verdict")),
                "plan_circles": _array(_ref("PlanCircle")),
                "inventories": _array(_ref("Inventory")),
                "limits": _TEXTS,
                "data_version": _STRING,
            }
        ),
        "Inventory": _closed({"area": _ADCODE, "categories": _array(category), "source": _STRING, "date": _STRING}),
        "NearFacility": _closed(
            {
                "distance_m": _METRES,
                "distance_low_m": _METRES,
                "distance_high_m": _METRES,
                "walk_m": _METRES_OR_NULL,
                "walk_minutes": _NUMBER_OR_NULL,
                "measured_from": _enum("edge", "point"),
                "facility": _ref("NearestFacility"),
            }
        ),
        "AreaName": _closed({"adcode": _either(_ADCODE), "name": _STRING}),
        "Verdict": _closed({**subject, **_verdict_properties(), **closest, **_ON_RECORD}),
        "PlanCircle": _closed(
            {
                **subject,
                **_verdict_properties(),
                **closest,
                **_ON_RECORD,
                "plan": _STRING,
                "plan_title": _STRING,
                "line": {"type": "integer", "minimum": 1},
                "passage_sha256": _SHA256,
                "scope": _enum(*terms.SCOPE),
            }
        ),
        "Apart": _closed({**subject, "text": _STRING, **closest, **_ON_RECORD}),
        "NearestFacility": _closed(
            {
                "id": _STRING,
                "name": _STRING,
                "lon": _NUMBER,
                "lat": _NUMBER,
                "status": _enum(*terms.STATUS.codes),
                "year": _YEAR_OR_NULL,
                "precision": _enum(*terms.PRECISION.codes),
                "uncertainty_m": _METRES,
                "plan": _TEXT_OR_NULL,
                "plan_title": _TEXT_OR_NULL,
            }
        ),
        "CoverageCollection": _collection(_ref("CoverageFeature"), coverage=_ref("Coverage")),
        "CoverageFeature": _feature(
            _either(_ref("Surface")),
            _closed(
                {**_OF_RECORD, "part": _enum("covered", "gap"), "name": _STRING, "area_km2": _KM2, "share": _SHARE}
            ),
        ),
        **_analysis_schemas(category),
        "Area": _closed(_area_properties()),
        "Areas": _closed({"areas": _array(_ref("Area")), "numberReturned": _WHOLE}),
        **_ranking_schemas(),
        "AreaFeature": _feature(_either(_ref("Surface")), _ref("Area")),
        "AreaCollection": _collection(_ref("AreaFeature"), numberReturned=_WHOLE),
        "Plan": _closed(
            {
                "id": _STRING,
                "title": _STRING,
                "issuer": _TEXT_OR_NULL,
                "number": _TEXT_OR_NULL,
                "date": _TEXT_OR_NULL,
                "period_start": {"type": "integer"},
                "period_end": {"type": "integer"},
                "adcode": _ADCODE,
                "area_name": _STRING,
                "sha256": _SHA256,
                "url": _TEXT_OR_NULL,
                "note": _TEXT_OR_NULL,
                "commitments": _WHOLE,
                "facilities": _WHOLE,
            }
        ),
        "Plans": _closed({"plans": _array(_ref("Plan")), "numberReturned": _WHOLE}),
        "Commitment": _closed(
            {
                "id": _STRING,
                "plan": _STRING,
                "plan_title": _STRING,
                "section": _TEXT_OR_NULL,
                "line": {"type": "integer", "minimum": 1},
                "passage_sha256": _SHA256,
                "label": _STRING,
                "category": category,
                "category_name": _STRING,
                "family": family,
                "kind": _enum(*terms.KIND),
                "name": _TEXT_OR_NULL,
                "count": _NUMBER_OR_NULL,
                "unit": _TEXT_OR_NULL,
                "at_least": _FLAG,
                "action": _STRING,
                "place": _TEXT_OR_NULL,
                "place_level": _STRING,
                "per": _TEXT_OR_NULL,
                "year": _YEAR_OR_NULL,
                "repeats": _TEXT_OR_NULL,
                "note": _TEXT_OR_NULL,
                "facilities": _TEXTS,
                "passage": _STRING,
            },
            optional=("passage",),
        ),
        "Commitments": _closed({"commitments": _array(_ref("Commitment")), **paging}),
    }


def _verdict_properties() -> dict[str, Schema]:
    return {
        "verdict": _enum(*terms.VERDICT),
        "verdict_name": _STRING,
        "text": _STRING,
        "method": {"enum": ["straight_line", "network", None]},
        "radius_m": _METRES_OR_NULL,
        "radius_from": {"enum": ["rule", "minutes", None]},
        "speed_m_s": _NUMBER_OR_NULL,
        "certain": _WHOLE,
        "located": _WHOLE,
        "possible": _WHOLE,
    }


_RECORD = _enum(*terms.RECORD)
_SOURCE = _closed({"title": _STRING, "licence": _TEXT_OR_NULL, "date": _TEXT_OR_NULL, "count": _WHOLE})
_ON_RECORD = {"record": _RECORD, "on_record": _WHOLE, "sources": _array(_SOURCE)}
_OF_RECORD = {"record": _RECORD, "as_recorded": _FLAG}


def _analysis_schemas(category: Schema) -> dict[str, Any]:
    number = {"type": "number", "minimum": 0}
    number_or_null: Schema = {"type": ["number", "null"], "minimum": 0}
    share_or_null: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
    groups: Schema = {"type": "object", "additionalProperties": number}
    where = {"area": _ref("AreaName"), "mended": _FLAG}
    asked = {
        "category": category,
        "category_name": _STRING,
        "categories": _array(category),
        "metres": _METRES,
        "method": _enum(*terms.METHOD),
        "walking": _either(_ref("Walking")),
        "rule": _either(_ref("Rule")),
        "year": _YEAR_OR_NULL,
        "record": _RECORD,
        "record_basis": _ref("RecordBasis"),
    }
    km2_or_null, bounds_or_null = _either(_KM2), _either(_ref("PeopleBounds"))
    end = {"limits": _TEXTS, "data_version": _STRING}
    return {
        "Body": {
            "type": "object",
            "required": ["type"],
            "description": _text(
                "FeatureCollection、Feature 或几何（RFC 7946）。点是人口：属性 people（缺省 1）、people_组名；"
                '"role": "place" 的点是候选点；"role": "facility" 的点、线、面是自己的设施（属性 category、name、'
                "status、year、uncertainty_m、capacity 学位或座位数、beds 床位数）；其余多边形是所问的区域",
                "a FeatureCollection, Feature or geometry (RFC 7946). Points are people: property people (1 if absent),"
                ' people_NAME for a group; points with "role": "place" are candidate places; points, lines and polygons'
                ' with "role": "facility" are facilities of your own (category, name, status, year, uncertainty_m,'
                " capacity in places or seats, beds); other polygons are the area",
            ),
            "properties": {
                "type": _enum(
                    "FeatureCollection",
                    "Feature",
                    "Point",
                    "MultiPoint",
                    "Polygon",
                    "MultiPolygon",
                    "LineString",
                    "MultiLineString",
                )
            },
        },
        "Zones": _closed(dict.fromkeys(terms.ZONE, _ref("Zone"))),
        "Zone": _closed({"km2": _KM2, "share": _SHARE, "people": number_or_null, "groups": groups}),
        "RecordBasis": _closed(
            {
                "existing": _WHOLE,
                "sources": _array(_SOURCE),
                "stated_by": {"enum": ["inventory", "question", "given", None]},
                "inventories": _array(_ref("Inventory")),
                "as_recorded": _FLAG,
                "nearest": _either(
                    _closed({"id": _STRING, "name": _STRING, "metres": number, "from": _enum("seat", "middle")})
                ),
                "promised": _closed(
                    {
                        "placed": _WHOLE,
                        "wide": _WHOLE,
                        "around": _WHOLE,
                        "named": _array(_closed({"id": _STRING, "name": _STRING, "year": _YEAR_OR_NULL})),
                    }
                ),
                "words": _STRING,
            }
        ),
        "MeasuredFrom": _closed({"edge": _WHOLE, "point": _WHOLE}),
        "PeopleBounds": _closed({"certain": number, "located": number, "possible": number}),
        "Coverage": _closed(
            {
                **where,
                **asked,
                "denominator": _enum("land_area"),
                "facilities": _WHOLE,
                "area_km2": _KM2,
                "covered_km2": km2_or_null,
                "gap_km2": km2_or_null,
                "share": share_or_null,
                "share_low": share_or_null,
                "share_high": share_or_null,
                "people": _either(_ref("People")),
                "zones": _either(_ref("Zones")),
                "measured_from": _either(_ref("MeasuredFrom")),
                "years": _either(_array(_ref("YearOfCoverage"))),
                "unlocated": _either(_ref("Unlocated")),
                "rules": _array(_ref("Rule")),
                **end,
            }
        ),
        "People": _closed(
            {
                "unit": _enum("people"),
                "basis": _STRING,
                "points": _WHOLE,
                "total": number,
                "covered": bounds_or_null,
                "built": bounds_or_null,
                "share_low": share_or_null,
                "share": share_or_null,
                "share_high": share_or_null,
                "groups": {
                    "type": "object",
                    "additionalProperties": _closed(
                        {
                            "total": number,
                            "covered": bounds_or_null,
                            "share_low": share_or_null,
                            "share": share_or_null,
                            "share_high": share_or_null,
                        }
                    ),
                },
                "nearest_m": _either(
                    _closed(
                        {
                            "mean": number_or_null,
                            "median": number_or_null,
                            "worst_tenth": number_or_null,
                            "worst_from": number_or_null,
                            "unreached": number,
                            "groups": {"type": "object", "additionalProperties": number_or_null},
                        }
                    )
                ),
                "catchment": _either(
                    _closed(
                        {
                            "method": _enum(*terms.METHOD),
                            "within_mean": number,
                            "of": _enum("beds", "places", "facilities"),
                            "per_1000_mean": number,
                            "idle": number,
                            "without_capacity": _WHOLE,
                            "unplaced": _WHOLE,
                            "said": _STRING,
                        }
                    )
                ),
                "said": _STRING,
            }
        ),
        "YearOfCoverage": _closed(
            {
                "year": _YEAR_OR_NULL,
                "horizon": _enum(*terms.HORIZON),
                "facilities": _WHOLE,
                "share_low": share_or_null,
                "share": share_or_null,
                "share_high": share_or_null,
                "people": bounds_or_null,
                "people_share_low": share_or_null,
                "people_share": share_or_null,
                "people_share_high": share_or_null,
            }
        ),
        "Unlocated": _closed(
            {
                "matched": _WHOLE,
                "above": _WHOLE,
                "commitments": _array(
                    _closed(
                        {
                            "id": _STRING,
                            "plan": _STRING,
                            "plan_title": _STRING,
                            "above": _FLAG,
                            "line": {"type": "integer", "minimum": 1},
                            "label": _STRING,
                            "kind": _enum(*terms.KIND),
                            "count": _NUMBER_OR_NULL,
                            "unit": _TEXT_OR_NULL,
                            "at_least": _FLAG,
                            "year": _YEAR_OR_NULL,
                        }
                    )
                ),
            }
        ),
        "GapCollection": _collection(_ref("GapFeature"), gaps=_ref("Gaps")),
        "GapFeature": _feature(
            _either(_ref("Surface")),
            _closed(
                {
                    **_OF_RECORD,
                    "rank": {"type": ["integer", "null"], "minimum": 1},
                    "zone": {"enum": [*terms.ZONE, None]},
                    # Of a township, of the nearest community, or the index of an H3 cell.
                    "name": _TEXT_OR_NULL,
                    "area_km2": _KM2,
                    "certain_km2": _either(_KM2),
                    "people_certain": number_or_null,
                    "people": number_or_null,
                    "groups": groups,
                    "homes": {"type": ["integer", "null"], "minimum": 0},
                    "needs_at_least": {"type": ["integer", "null"], "minimum": 0},
                    "needs_by": {"enum": ["people", "land", None]},
                    "nearest_m": number_or_null,
                    "lon": _NUMBER_OR_NULL,
                    "lat": _NUMBER_OR_NULL,
                }
            ),
        ),
        "Gaps": _closed(
            {
                **where,
                **asked,
                "facilities": _WHOLE,
                "area_km2": _KM2,
                "gap_km2": km2_or_null,
                "gap_share": share_or_null,
                "people_total": number_or_null,
                "people_in_gaps": number_or_null,
                "basis": _TEXT_OR_NULL,
                "pieces": _either(_WHOLE),
                "by": {"enum": [*terms.CUT_BY, None]},
                "h3_resolution": {"type": ["integer", "null"], "minimum": 0, "maximum": 15},
                "ranked_by": {"enum": ["people", "homes", "land", None]},
                "numberReturned": _WHOLE,
                "zones": _either(_ref("Zones")),
                "measured_from": _either(_ref("MeasuredFrom")),
                "unlocated": _either(_ref("Unlocated")),
                **end,
            }
        ),
        "SiteCollection": _collection(_ref("SiteFeature"), sites=_ref("Sites")),
        "SiteFeature": _feature(
            _ref("Point"),
            _closed(
                {
                    **_OF_RECORD,
                    "rank": {"type": "integer", "minimum": 1},
                    "gain": number,
                    "unit": _enum("people", "km2"),
                    "nearest_existing_m": number_or_null,
                    "lon": _NUMBER,
                    "lat": _NUMBER,
                }
            ),
        ),
        "Sites": _closed(
            {
                **where,
                **asked,
                "count": {"type": "integer", "minimum": 1},
                "commitment": _either(
                    _closed(
                        {
                            "id": _STRING,
                            "plan": _STRING,
                            "line": {"type": "integer", "minimum": 1},
                            "label": _STRING,
                            "count": _NUMBER,
                            "passage_sha256": _SHA256,
                        }
                    )
                ),
                "spacing_m": number_or_null,
                "capacity": number_or_null,
                "places": _WHOLE,
                "places_from": _enum("grid", "communities", "given"),
                "unit": _enum("people", "km2"),
                # What is to be covered: people, the land near homes on record, or all land.
                "ground": _closed(
                    {
                        "kind": _enum("people", "homes", "land"),
                        "homes": {"type": ["integer", "null"], "minimum": 1},
                        "within_m": number_or_null,
                        "km2": _either(_KM2),
                    }
                ),
                "basis": _STRING,
                "facilities": _WHOLE,
                "uncertain": _WHOLE,
                "total": number,
                "already": number_or_null,
                "added": number,
                "share_before": share_or_null,
                "share_after": share_or_null,
                "before": bounds_or_null,
                "after": bounds_or_null,
                "bound": number_or_null,
                "gap": share_or_null,
                "proven": _FLAG,
                "algorithm": _enum("greedy_swap", "greedy_capacity", "highs", "disjoint"),
                "solver": _STRING,
                **end,
            }
        ),
        "CompletenessCollection": _collection(_ref("CompletenessFeature"), completeness=_ref("Completeness")),
        "CompletenessFeature": _feature(
            _ref("Point"),
            _closed(
                {
                    "kept": _WHOLE,
                    "kept_low": _WHOLE,
                    "kept_high": _WHOLE,
                    "asked": _WHOLE,
                    "as_recorded": _FLAG,
                    "amount": number,
                    "unit": _enum("people", "km2"),
                }
            ),
        ),
        "Completeness": _closed(
            {
                **where,
                "minutes": {"enum": [*params.CIRCLE_MINUTES, None]},
                "year": _YEAR_OR_NULL,
                "kind": _enum(*terms.BOUND),
                "method": _enum("straight_line", "network"),
                "walking": _ref("Walking"),
                "unit": _enum("people", "km2"),
                "basis": _STRING,
                "total": number,
                "record": _RECORD,
                "as_recorded": _FLAG,
                "asked": _WHOLE,
                "judged": _WHOLE,
                "mean": number_or_null,
                "complete": share_or_null,
                "mean_bounds": _either(_closed(dict.fromkeys(terms.BOUND, number_or_null))),
                "complete_bounds": _either(_closed(dict.fromkeys(terms.BOUND, share_or_null))),
                "distribution": _array(number),
                "rules": _array(
                    _closed(
                        {
                            "rule": _ref("Rule"),
                            "category_name": _STRING,
                            **_ON_RECORD,
                            "share": share_or_null,
                            "share_low": share_or_null,
                            "share_high": share_or_null,
                            "standard_error": share_or_null,
                        }
                    )
                ),
                "cells": _WHOLE,
                # Null where people are given, and where nothing is judged.
                "sampled_cells": {"type": ["integer", "null"], "minimum": 1},
                "cell_m": number_or_null,
                "complete_error": share_or_null,
                **end,
            }
        ),
    }


def _facility_properties(category: Schema, family: Schema) -> dict[str, Schema]:
    return {
        "name": _STRING,
        "name_given": _FLAG,
        "category": category,
        "category_zh": _STRING,
        "category_en": _STRING,
        "category_name": _STRING,
        "family": family,
        "family_zh": _STRING,
        "family_en": _STRING,
        "family_name": _STRING,
        "status": _enum(*terms.STATUS.codes),
        "status_date": _TEXT_OR_NULL,
        "status_source": _TEXT_OR_NULL,
        "same_as": _TEXT_OR_NULL,
        # Of one that a file lists as planned and no plan promises: its citation, with point_source and status_date.
        "source_title": _TEXT_OR_NULL,
        "source_row": {"type": ["integer", "null"], "minimum": 1},
        # Null and empty for what no plan promises: its source is point_source.
        "plan": _TEXT_OR_NULL,
        "plan_title": _TEXT_OR_NULL,
        # Of the primary citation, as in the formats that know tables alone.
        "section": _TEXT_OR_NULL,
        "line": {"type": ["integer", "null"], "minimum": 1},
        "passage_sha256": _TEXT_OR_NULL,
        "commitments": _STRING,
        "citation": _either(_ref("Citation")),
        "citations": _array(_ref("Citation")),
        "precision": _enum(*terms.PRECISION.codes),
        "uncertainty_m": _METRES,
        "year": _YEAR_OR_NULL,
        "adcode": _ADCODE,
        "area_name": _STRING,
        "count": _NUMBER,
        "unit": _TEXT_OR_NULL,
        "at_least": _FLAG,
        "action": _STRING,
        "basis": _STRING,
        "point_source": _STRING,
        "point_licence": _STRING,
        "located_by": _STRING,
    }


def _ranking_schemas() -> dict[str, Schema]:
    number = {"type": "number", "minimum": 0}
    share = {"type": ["number", "null"], "minimum": 0, "maximum": 1.000001}
    kinds = {"type": ["number", "null"], "minimum": 0}
    level = _enum(*ranks.LEVELS)
    withheld = {"type": ["number", "null"], "minimum": 0}
    ranked = {
        "rank": {"type": ["integer", "null"], "minimum": 1}, "adcode": _ADCODE, "name": _STRING, "level": level,
        "parent": _ADCODE, "counties": _WHOLE, "people": number, "record": _enum(*terms.RECORD),
        "as_recorded": _FLAG, "counties_complete": _WHOLE, "on_record": _WHOLE, "promised": _WHOLE,
        "record_sources": _TEXTS, "certain": withheld, "located": withheld, "possible": withheld, "share_low": share,
        "share": share, "share_high": share, "gap_people": withheld, "gaps": {"type": ["integer", "null"]},
        "kinds_low": kinds, "kinds": kinds, "kinds_high": kinds,
        "methods": _array(_enum(*terms.METHOD)), "fallback": _WHOLE, "metres": _array(number),
        "rules": _TEXTS,
    }  # fmt: skip
    horizon, year = _enum(*terms.HORIZON), {"type": ["integer", "null"]}
    around = _closed({"adcode": _ADCODE, "name": _STRING, "level": level, "parent": _ADCODE})
    offered = {
        "categories": _array(_STRING), "horizons": _array(_closed({"horizon": horizon, "year": year})),
        "counties": _WHOLE,
    }  # fmt: skip
    return {
        "Ranked": _closed(ranked),
        "Ranking": _closed({
            "ranking": _array(_ref("Ranked")), "numberReturned": _WHOLE, "area": _either(around), "category": _STRING,
            "category_name": _STRING, "horizon": horizon, "year": year, "order": _STRING, "as_recorded": _FLAG,
            "offered": _closed(offered), "limits": _array(_STRING), "data_version": _STRING,
        }),
        "RankingFeature": _feature(_either(_ref("Surface")), _ref("Ranked")),
        "RankingCollection": _collection(
            _ref("RankingFeature"), numberReturned=_WHOLE, category=_STRING, horizon=horizon, year=year,
            as_recorded=_FLAG, boundaries=_STRING,
        ),
    }  # fmt: skip


def _area_properties() -> dict[str, Schema]:
    return {
        "adcode": _ADCODE,
        "name": _STRING,
        "level": _enum(*params.LEVELS),
        "parent": _TEXT_OR_NULL,
        "lon": _NUMBER_OR_NULL,
        "lat": _NUMBER_OR_NULL,
        "facilities": _WHOLE,
        "source": _STRING,
        "licence": _STRING,
    }
