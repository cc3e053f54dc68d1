"""The OpenAPI 3.1 document of ``/api`` and ``/download``, made from the same declarations that the routes parse with.

Every description is Chinese first and English after it. What the answers hold is written from their types in
`contract`; here stands what no type can say: addresses, what they take, and how they fail.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from service_map import __version__
from service_map.analysis import MOST_BYTES, MOST_POINTS
from service_map.catalogue.messages import Sentence, both, message, sentence
from service_map.store.export import FORMATS
from service_map.web import contract, params, problems, ranking
from service_map.web.schemas import Schemas, described

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
    about
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
    about: Sentence
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
        about=sentence("设施大类与类别：名称、颜色、数量、各定位精度的数量"),
    ),
    Operation(
        path="/api/facilities",
        id="facilities",
        parameters=params.FACILITIES,
        media_type=GEOJSON,
        schema="FacilityCollection",
        errors=("busy",),
        about=sentence("按条件查规划设施，分页"),
    ),
    Operation(
        path="/api/facilities/nearby",
        id="nearby",
        parameters=params.NEARBY,
        media_type=GEOJSON,
        schema="NearbyCollection",
        about=sentence("一点附近的规划设施，由近及远（直线距离）"),
    ),
    Operation(
        path="/api/facilities/<id>",
        id="facility",
        media_type=GEOJSON,
        schema="FacilityFeature",
        errors=("not-found", "gone"),
        moves=True,
        about=sentence("一处设施及其全部出处"),
    ),
    Operation(
        path="/api/promised",
        id="promised",
        parameters=params.PROMISED,
        schema="Promised",
        errors=("busy",),
        about=sentence(
            "一个地区各类设施会有什么：点名的、分到的、普遍要求、数量承诺、意向和在册现有的；"
            "上级规划的和下辖县的都答，不写 area 则合计全部"
        ),
    ),
    Operation(
        path="/api/circle",
        id="circle",
        parameters=params.CIRCLE_CHECK,
        schema="Circle",
        errors=("unanswerable", "busy"),
        post=params.CIRCLE_POST,
        post_schema="Circles",
        about=sentence("一点的生活圈体检：每类必备设施按每条标准、也按当地规划自己的承诺判定；POST 可一次体检自己的点"),
    ),
    Operation(
        path="/api/coverage",
        id="coverage",
        parameters=params.COVERAGE,
        media_type=GEOJSON,
        schema="CoverageCollection",
        errors=("unanswerable", "busy"),
        post=params.COVERAGE_POST,
        about=sentence(
            "一个区域内某类设施的覆盖率、已覆盖范围与缺口，含定位误差的上下限；POST 可带自己的人口点或多边形"
        ),
    ),
    Operation(
        path="/api/gaps",
        id="gaps",
        parameters=params.GAPS,
        media_type=GEOJSON,
        schema="GapCollection",
        errors=("unanswerable", "busy"),
        post=params.GAPS_POST,
        about=sentence(
            "缺口：没有被覆盖的各块，按乡镇、居住小区或 H3 格切开，人多（或小区多、面积大）的在前，各至少还要几处"
        ),
    ),
    Operation(
        path="/api/sites",
        id="sites",
        parameters=params.SITES,
        media_type=GEOJSON,
        schema="SiteCollection",
        errors=("not-found", "unanswerable", "busy"),
        post=params.SITES_POST,
        about=sentence("选址：再建若干处，放在哪里新增覆盖最多，离最优至多差多少"),
    ),
    Operation(
        path="/api/completeness",
        id="completeness",
        parameters=params.COMPLETENESS,
        media_type=GEOJSON,
        schema="CompletenessCollection",
        errors=("unanswerable", "busy"),
        post=params.COMPLETENESS_POST,
        about=sentence("配套完善度：各处满足几条要求，及其分布"),
    ),
    Operation(
        path="/api/ranking",
        id="ranking",
        parameters=ranking.RANKING,
        schema="Ranking",
        errors=("not-found",),
        about=sentence(
            "全国汇总：各省、市、县按覆盖率等排列；现有设施没有说收全的不给数、不排名；没有导入汇总时为 404"
        ),
    ),
    Operation(
        path="/api/areas",
        id="areas",
        parameters=params.AREAS,
        schema="Areas",
        about=sentence("行政区及其驻地"),
    ),
    Operation(
        path="/api/areas/boundaries",
        id="boundaries",
        parameters=params.AREAS,
        media_type=GEOJSON,
        schema="AreaCollection",
        about=sentence("行政区边界；没有边界的不在其内"),
    ),
    Operation(
        path="/api/areas/<adcode>",
        id="area",
        media_type=GEOJSON,
        schema="AreaFeature",
        errors=("not-found",),
        about=sentence("一个行政区及其边界"),
    ),
    Operation(path="/api/plans", id="plans", schema="Plans", about=sentence("数据所出的规划")),
    Operation(
        path="/api/plans/<id>",
        id="plan",
        schema="Plan",
        errors=("not-found",),
        about=sentence("一部规划"),
    ),
    Operation(
        path="/api/plans/<id>/changes",
        id="planChanges",
        parameters=params.PLAN_CHANGES,
        schema="PlanChanges",
        errors=("not-found",),
        about=sentence(
            "一部规划怎样对待它所接续的规划的承诺：延续、有变、取消、新增、没有再提、存疑，前后两处出处都在，分页"
        ),
    ),
    Operation(
        path="/api/changes",
        id="changes",
        parameters=params.RELEASE_CHANGES,
        schema="Changes",
        about=sentence(
            "数据各次发布改动了什么，以及最近一次发布以来的变化：新增、不再列出、位置、状态、到期年份、数量，新的在前，分页；"
            "同样的内容有 Atom：/changes.atom"
        ),
    ),
    Operation(
        path="/api/commitments",
        id="commitments",
        parameters=params.COMMITMENTS,
        schema="Commitments",
        about=sentence("按条件查规划任务，按规划与行号排列，分页"),
    ),
    Operation(
        path="/api/indicators",
        id="indicators",
        parameters=(*params.INDICATORS, params.LIMIT, params.CURSOR),
        schema="Indicators",
        about=sentence("按条件查规划指标：基期值、目标值、约束性与出处；area 上下都算，按规划与行号排列，分页"),
    ),
    Operation(
        path="/api/progress",
        id="progress",
        parameters=params.PROGRESS,
        schema="Progress",
        about=sentence("进展：按行政区和类别，规划提出、已到期、核实建成、开工、未建、取消的各多少，期满未核实的多少"),
    ),
    Operation(
        path="/api/requirements",
        id="requirements",
        parameters=params.REQUIREMENTS,
        schema="Requirements",
        about=sentence("普遍要求：每个县（市、区）、乡镇、社区等都要有的，附各单位的情况与出处，分页；area 也向上查"),
    ),
    Operation(
        path="/api/requirements/<id>",
        id="requirement",
        schema="RequirementItem",
        errors=("not-found", "gone"),
        moves=True,
        about=sentence("一项普遍要求及其各单位"),
    ),
    Operation(
        path="/api/quotas",
        id="quotas",
        parameters=params.QUOTAS,
        schema="Quotas",
        about=sentence("数量承诺：一个地方共多少，其中点名的、剩下的与各分项，附出处，分页；area 也向上查"),
    ),
    Operation(
        path="/api/quotas/<id>",
        id="quota",
        schema="QuotaItem",
        errors=("not-found", "gone"),
        moves=True,
        about=sentence("一项数量承诺及其分项"),
    ),
    Operation(
        path="/api/openapi.json",
        id="openapi",
        schema="OpenApi",
        about=sentence("本文件"),
    ),
    Operation(
        path="/api/problems/<kind>",
        id="problem",
        schema="ProblemKind",
        errors=("not-found",),
        about=sentence("一种错误的说明，即错误回答里 type 的网址"),
    ),
    *(
        Operation(
            path=f"/download/facilities.{chosen.suffix}",
            id=f"download_{chosen.suffix.replace('.', '_')}",
            parameters=params.download(chosen),
            media_type=chosen.media_type,
            schema="FacilityDownload" if chosen.suffix == "geojson" else None,
            about=sentence("下载：全部查询结果，%(format)s", format=chosen.name),
        )
        for chosen in FORMATS.values()
    ),
    Operation(
        path="/download/facilities",
        id="download_negotiated",
        parameters=params.DOWNLOAD,
        answer="303",
        errors=("not-acceptable",),
        about=sentence("下载：按 Accept 转到一种格式"),
    ),
    Operation(
        path="/download/ranking.csv",
        id="download_ranking_csv",
        parameters=ranking.RANKING,
        media_type="text/csv",
        errors=("not-found",),
        about=sentence("下载：各地排名，CSV"),
    ),
    Operation(
        path="/download/ranking.geojson",
        id="download_ranking_geojson",
        parameters=ranking.RANKING,
        media_type=GEOJSON,
        schema="RankingCollection",
        errors=("not-found",),
        about=sentence("下载：各地排名，GeoJSON，界线经简化"),
    ),
    Operation(
        path="/download/indicators.csv",
        id="download_indicators_csv",
        parameters=params.INDICATORS,
        media_type="text/csv",
        about=sentence("下载：规划指标，CSV"),
    ),
    Operation(
        path="/download/indicators.xlsx",
        id="download_indicators_xlsx",
        parameters=params.INDICATORS,
        media_type=FORMATS["xlsx"].media_type,
        about=sentence("下载：规划指标，Excel"),
    ),
    Operation(
        path="/download/progress.csv",
        id="download_progress_csv",
        parameters=params.PROGRESS,
        media_type="text/csv",
        about=sentence("下载：进展，CSV"),
    ),
    Operation(
        path="/download/progress.xlsx",
        id="download_progress_xlsx",
        parameters=params.PROGRESS,
        media_type=FORMATS["xlsx"].media_type,
        about=sentence("下载：进展，Excel"),
    ),
    *(
        Operation(
            path=f"/download/{name}.{suffix}",
            id=f"download_{name}_{suffix}",
            parameters=takes,
            media_type=media_type,
            schema=schema if suffix == "geojson" else None,
            about=sentence(said, format=form),
        )
        for name, takes, schema, said in (
            (
                "requirements",
                params.REQUIREMENT_FILTER,
                "RequirementCollection",
                message("下载：普遍要求，每个单位一行，%(format)s"),
            ),
            ("quotas", params.QUOTA_FILTER, "QuotaCollection", message("下载：数量承诺，%(format)s")),
        )
        for suffix, media_type, form in (
            ("csv", "text/csv", "CSV"),
            ("xlsx", FORMATS["xlsx"].media_type, "Excel"),
            ("geojson", GEOJSON, "GeoJSON"),
        )
    ),
    Operation(
        path="/download/about.json",
        id="download_about",
        parameters=params.DOWNLOAD,
        media_type="application/ld+json",
        schema="About",
        about=sentence("下载文件的说明：来源、许可、引用、日期、字段"),
    ),
    Operation(
        path="/download/service_map.gpkg",
        id="download_database",
        media_type=GEOPACKAGE,
        errors=("not-found",),
        about=sentence("下载：整个数据库（GeoPackage）"),
    ),
)
"""Every address, in the document's order."""

_ALWAYS = ("invalid-parameter", "too-large", "address-too-long", "internal", "unavailable")
_PATH_PARAMETERS: Mapping[str, tuple[Sentence, Schema]] = {
    "/api/facilities/<id>": (sentence("设施的永久代号"), {"type": "string", "pattern": "^f[0-9a-f]{12}$"}),
    "/api/areas/<adcode>": (sentence("行政区代码"), {"type": "string", "pattern": r"^\d{6}(\d{3})?$"}),
    "/api/requirements/<id>": (sentence("普遍要求的永久代号"), {"type": "string", "pattern": "^r[0-9a-f]{12}$"}),
    "/api/quotas/<id>": (sentence("数量承诺的永久代号"), {"type": "string", "pattern": "^q[0-9a-f]{12}$"}),
    "/api/plans/<id>/changes": (sentence("规划代号"), {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}),
    "/api/plans/<id>": (sentence("规划代号"), {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}),
    "/api/problems/<kind>": (sentence("错误种类"), {"type": "string", "enum": list(problems.KINDS)}),
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
            "summary": both("规划承诺的公共设施及其出处"),
            "description": described(
                sentence(
                    "坐标为 WGS 84（EPSG:4326），经度在前。数据含规划承诺的设施，以及很不完整的现状设施"
                    "（status=existing）。错误按 RFC 9457 回答。"
                )
            ),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": root or "/"}],
        "tags": [
            {"name": "api", "description": described(sentence("查询"))},
            {"name": "download", "description": described(sentence("下载"))},
        ],
        "paths": {_template(operation.path): _item(operation, closed) for operation in OPERATIONS},
        "components": {
            "schemas": _schemas(categories, families),
            "responses": {kind: _problem_response(kind) for kind in problems.KINDS},
            "headers": {
                "ETag": {
                    "description": described(sentence("随数据版本而变")),
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
            "description": described(
                sentence("GeoJSON，至多 %(bytes)d 字节、%(points)d 个点；不保存", bytes=MOST_BYTES, points=MOST_POINTS)
            ),
            "content": {kind: {"schema": {"$ref": "#/components/schemas/Body"}} for kind in (GEOJSON, JSON)},
        },
        "responses": {"200": {"description": described(operation.about), "content": content}, **answers},
    }
    return item


def _operation(operation: Operation, closed: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    parameters = [_parameter(parameter, closed) for parameter in (*operation.parameters, params.LANG)]
    if operation.path in _PATH_PARAMETERS:
        about, schema = _PATH_PARAMETERS[operation.path]
        name = operation.path.partition("<")[2].partition(">")[0]
        parameters.insert(
            0, {"name": name, "in": "path", "required": True, "description": described(about), "schema": schema}
        )
    good: dict[str, Any] = {"description": described(operation.about)}
    if operation.schema:
        good["content"] = {operation.media_type: {"schema": {"$ref": f"#/components/schemas/{operation.schema}"}}}
        good["headers"] = {"ETag": {"$ref": "#/components/headers/ETag"}}
    elif operation.answer == "200":
        good["content"] = {operation.media_type: {}}
    answers: dict[str, Any] = {operation.answer: good, "304": {"description": described(sentence("没有变化"))}}
    if operation.path.startswith(("/download/facilities.", "/download/service_map.")):
        part = described(sentence("文件的一段"))
        answers["206"] = {"description": part, "content": {operation.media_type: {}}}
        answers["416"] = {"$ref": "#/components/responses/no-such-range"}
    if operation.moves:
        answers["301"] = {"description": described(sentence("已并入另一处，见 Location"))}
    for kind in (*_ALWAYS, *operation.errors):
        answers[str(problems.KINDS[kind].status)] = {"$ref": f"#/components/responses/{kind}"}
    return {
        "operationId": operation.id,
        "tags": [operation.path.split("/")[1]],
        "summary": described(operation.about),
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
    written: dict[str, Any] = {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": described(parameter.about),
        "schema": schema,
    }
    if parameter.many:
        written |= {"style": "form", "explode": True}
    return written


def _problem_response(kind: str) -> dict[str, Any]:
    names = problems.KINDS[kind]
    response: dict[str, Any] = {
        "description": described(names.title),
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if kind == "unavailable":
        response["headers"] = {
            "Retry-After": {"description": described(sentence("秒")), "schema": {"type": "integer"}},
        }
    return response


def _template(path: str) -> str:
    return path.replace("<", "{").replace(">", "}")


# ---------------------------------------------------------------- schemas

_BODY: Schema = {
    "type": "object",
    "required": ["type"],
    "anyOf": [{"required": ["coordinates"]}, {"required": ["geometry"]}, {"required": ["features"]}],
    "description": described(
        sentence(
            "FeatureCollection、Feature 或几何（RFC 7946）。点是人口：属性 people（缺省 1）、people_组名；"
            '"role": "place" 的点是候选点；"role": "facility" 的点、线、面是自己的设施（属性 category、name、'
            "status、year、uncertainty_m、capacity 学位或座位数、beds 床位数）；其余多边形是所问的区域"
        ),
    ),
    "properties": {
        "type": {
            "type": "string",
            "enum": [
                "FeatureCollection",
                "Feature",
                "Point",
                "MultiPoint",
                "Polygon",
                "MultiPolygon",
                "LineString",
                "MultiLineString",
            ],
        }
    },
}
# Members in other vocabularies than ours: these may say more than what must be there.
_OPEN: dict[str, dict[str, Any]] = {
    "About": {"type": "object", "required": ["@context", "@type", "name", "license", "citation", "dateModified"]},
    "OpenApi": {"type": "object", "required": ["openapi", "info", "paths"]},
}


@cache
def _schemas(categories: tuple[str, ...], families: tuple[str, ...]) -> dict[str, Any]:
    schemas = Schemas({"category": categories, "family": families}, components=dict(_OPEN))
    for kind in contract.ANSWERS.values():
        schemas.of(kind)
    return schemas.components | {"Body": _BODY}
