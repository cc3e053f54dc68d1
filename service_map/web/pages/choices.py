"""Every choice of a reader: each stands in the address of its page, and every link of that page carries it on."""

import re

from service_map.analysis import MOST_SITES
from service_map.catalogue.messages import Sentence, sentence
from service_map.errors import InvalidParameterError
from service_map.io.datum import DATUMS
from service_map.web import params, ranking
from service_map.web.params import Parameter

BIG = Parameter(name="big", about=sentence("大字版"), schema={"type": "string"})
POINT = Parameter(name="point", about=sentence("打开的生活圈卡片"), schema={"type": "string"})


def _position(name: str, text: str) -> tuple[float, float]:
    parts = text.split(",")
    if len(parts) != 2:
        raise InvalidParameterError(
            name, "应为“经度,纬度”，如 112.19,35.69", "takes a longitude and a latitude, such as 112.19,35.69"
        )
    lon, lat = (params.number(name, part.strip()) for part in parts)
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        raise InvalidParameterError(
            name,
            "超出范围：经度 -180 到 180，纬度 -90 到 90",
            "outside the world: longitudes -180 to 180, latitudes -90 to 90",
        )
    return lon, lat


NEAR = Parameter(
    name="near",
    about=sentence("从哪里算起“由近到远”：经度,纬度，WGS 84 度"),
    schema={"type": "string", "pattern": r"^[^,]+,[^,]+$"},
    parse=_position,
)
ZOOM = Parameter(
    name="zoom",
    about=sentence("地图级别"),
    schema={"type": "integer", "minimum": 3, "maximum": 18},
    parse=params.whole_between(3, 18),
)
MORE = Parameter(
    name="count",
    about=sentence("再建几处"),
    schema={"type": "integer", "minimum": 1, "maximum": MOST_SITES},
    parse=params.whole_between(1, MOST_SITES),
)
AS = Parameter(
    name="as",
    about=sentence("不看页面，直接下载"),
    schema={"type": "string", "enum": ["geojson", "xlsx"]},
    parse=params.choice(("geojson", "xlsx")),
)
ALONE = Parameter(
    name="alone",
    about=sentence("1：只算上传的设施，不算本站收录的"),
    schema={"type": "string", "enum": ["1"]},
    parse=params.choice(("1",)),
)
SURE = Parameter(
    name="sure",
    about=sentence("1：这一类现有设施，上传的和在册的合起来已收全"),
    schema={"type": "string", "enum": ["1"]},
    parse=params.choice(("1",)),
)
BY = Parameter(
    name="by",
    about=sentence("按什么计：不写按土地，homes 按在册居住小区"),
    schema={"type": "string", "enum": ["homes"]},
    parse=params.choice(("homes",)),
)
DATUM = Parameter(
    name="datum",
    about=sentence("上传的坐标是哪个坐标系"),
    schema={"type": "string", "enum": list(DATUMS)},
    parse=params.choice(DATUMS),
)


def _layer(name: str, about: Sentence) -> Parameter:
    return Parameter(
        name=name, about=about,
        schema=params.text_schema(),
    )  # fmt: skip


PEOPLE_LAYER = _layer("people_layer", sentence("人口文件的工作表或图层，有几个时"))
FACILITIES_LAYER = _layer("facilities_layer", sentence("设施文件的工作表或图层，有几个时"))
CRS = Parameter(
    name="crs",
    about=sentence("上传的坐标参考系，文件没有写时，如 EPSG:4547"),
    schema=params.text_schema(),
)

HOME = (*params.FACILITIES, NEAR, BIG, POINT)
DRAWN = (*params.FILTER, ZOOM, BIG)
CIRCLE = (*params.CIRCLE_CHECK, BIG)
PAGED = (params.CURSOR, BIG)
PLAN_CHANGES = (params.CHANGE, params.AREA, params.CATEGORIES, *PAGED)
PROGRESS = (*params.PROGRESS, BIG)
_WHEN = re.compile(r"^(existing|promised|by_year-[0-9]{4})$", re.ASCII)


def _when(name: str, text: str) -> str:
    if not _WHEN.fullmatch(text):
        raise InvalidParameterError(
            name, "应为 existing、promised 或 by_year-年份", "is existing, promised or by_year-YEAR"
        )
    return text


WHEN = Parameter(
    name="when",
    about=sentence("时点：existing、promised 或 by_year-2025；表单用"),
    schema={"type": "string", "pattern": _WHEN.pattern},
    parse=_when,
)
RANKING = (*ranking.RANKING, WHEN, BIG)
PLANNER = (params.COVERAGE_AREA, *params.REACH, params.HORIZON, MORE, BY, AS, *params.TRUST, BIG)
UPLOADED = (*PLANNER, ALONE, SURE, DATUM, CRS, PEOPLE_LAYER, FACILITIES_LAYER)
KNOWN = ("lang", *dict.fromkeys(parameter.name for parameter in (*HOME, *CIRCLE, *PLANNER, *RANKING, *PLAN_CHANGES)))
