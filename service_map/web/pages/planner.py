"""The planner's view: what a category covers of an area, what not, what nobody can say, and where more would help.

It asks `service_map.analysis`, as the interface does, so that page and interface never differ. The figures and tables
are in the page itself; the shapes that the map draws stand in it too, so that one computation serves the whole page,
also for what a reader uploads, of which nothing is kept.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import flask_babel
import orjson
import shapely
from flask import Response, render_template, request, url_for
from shapely.geometry.base import BaseGeometry

from service_map import analysis, coverage
from service_map.analysis import Feature, Ground, Reach, Report
from service_map.catalogue import terms
from service_map.catalogue.messages import sentence
from service_map.coverage import Demand
from service_map.errors import InvalidParameterError
from service_map.io import Asked
from service_map.store import queries
from service_map.web import addresses, cost, labels, params, report
from service_map.web.compute import elsewhere
from service_map.web.pages import choices, frame, upload
from service_map.web.pages.frame import blueprint
from service_map.web.site import site

GAPS_SHOWN = 10
DRAWN_DEGREES = 0.00005
"""Tolerance of the shapes on the map, about 5 m: a pixel at the closest zoom; figures and downloads are exact."""

DRAWN_POINTS = 2_000
"""Most points of a reader's file that the map draws; all are counted."""

HOMES = "homes"
GEOJSON = "application/geo+json"


def _(message: str, **values: object) -> str:
    return str(flask_babel.gettext(message, **values))


_GAP_COLUMNS = ("rank", "name", "area_km2", "people", "needs_at_least", "nearest_m", "lon", "lat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a reader brought: people or facilities, at points."""

    people: upload.People | None = None
    facilities: upload.Facilities | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What the page says about one question.

    Attributes
    ----------
    covered, gaps, sites
        Answers as the interface gives them; `sites` is None where no more were asked for.
    pieces, zones
        Features of `gaps`: the ranked gaps, and by name the three parts of the land: ``certain`` is covered wherever
        the facilities stand within what is known of them, ``uncertain`` perhaps, ``gap`` surely not.
    rule_words
        The rule in the reader's words, or the distance.
    brought
        What the reader uploaded.
    notice
        What was asked and could not be, in words; None where all could.
    """

    covered: Report
    gaps: Report
    sites: Report | None
    pieces: Sequence[Feature]
    zones: Mapping[str, Feature]
    rule_words: str
    brought: Brought
    notice: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroup:
    """The rules of one category, for the form: id and words of each."""

    name: str
    rules: tuple[tuple[str, str], ...]


@blueprint.get("/planner")
def plan_coverage() -> str | Response:
    """Show the form, and the answer where the address asks a question."""
    # Until both place and kind are chosen the page is a form, whatever else stands in it.
    asked = bool(request.args.get("area")) and any(
        request.args.get(name) for name in ("category", "rule", "metres", "minutes")
    )
    if not asked:
        values: dict[str, Any] = {parameter.name: None for parameter in choices.UPLOADED}
        return _page(values | {"area": request.args.get("area")}, None)
    return _plan_in_address()


@elsewhere
def _plan_in_address() -> str | Response:
    values = _settled(frame.query(choices.PLANNER))
    return _answered(values, _answer(values, Brought()))


@blueprint.post("/planner")
@elsewhere
def plan_with_own() -> str | Response:
    """Answer with the reader's own points; they are read in memory, and nothing of them is kept."""
    form = upload.read_form()
    values = _settled(frame.query(choices.UPLOADED, form.texts))
    if not form.files:
        raise InvalidParameterError(
            "people",
            "没有选文件。请选一个表格或图层文件再算",
            "no file was chosen; choose a table or layer and try again",
        )
    people, facilities = form.files.get("people"), form.files.get("facilities")
    brought = Brought(
        people=upload.read_people(people, _asked(values, "people")) if people else None,
        facilities=upload.read_facilities(facilities, _asked(values, "facilities")) if facilities else None,
        alone=bool(values["alone"]) and facilities is not None,
    )
    return _answered(values, _answer(values, brought))


def _asked(values: Mapping[str, Any], file: str) -> Asked:
    """Say what the form says of one of its files."""
    return Asked(datum=values["datum"], crs=values["crs"], layer=values[f"{file}_layer"])


def _settled(values: dict[str, Any]) -> dict[str, Any]:
    """Settle what a form sends together: a chosen rule says the category and the distance itself."""
    return values | ({"category": None, "metres": None, "minutes": None} if values["rule"] else {})


def _answered(values: Mapping[str, Any], told: Planned) -> str | Response:
    match values["as"]:
        case "geojson":
            return _file(orjson.dumps(_collection(told)), "service-map-coverage.geojson", GEOJSON)
        case "xlsx":
            return _file(_spreadsheet(told), "service-map-coverage.xlsx", report.XLSX)
        case _:
            return _page(values, told)


def _file(body: bytes, name: str, kind: str) -> Response:
    return Response(body, content_type=kind, headers={"Content-Disposition": f"attachment; filename={name}"})


def _page(values: Mapping[str, Any], told: Planned | None) -> str:
    english = frame.english()
    return render_template(
        "planner.html",
        heading=_("覆盖与缺口"),
        values=values,
        told=told,
        covered=told.covered.summary if told else None,
        gap_rows=[feature.properties for feature in told.pieces] if told else [],
        site_rows=[feature.properties for feature in told.sites.features] if told and told.sites else [],
        tiles=_tiles(told) if told else [],
        drawn_when=_named_when(told) if told else "",
        as_recorded=told is not None and told.covered.summary["record_basis"]["as_recorded"],
        unit=_unit(told),
        years=_years(told.covered.summary["years"]) if told else [],
        ways_on=_ways_on(told) if told else [],
        lasting=tuple(addresses.lasting().items()),
        area_tree=frame.area_tree(),
        rule_groups=_rule_groups(english=english),
        category_options=[
            (code, category.en if english else category.zh) for code, category in site().categories.items()
        ],
        profile_options=[(code, str(said)) for code, said in labels.PROFILE.items() if code != "adult"],
        adult=str(labels.PROFILE["adult"]),
        way_options=[("straight", _("直线")), ("walk", _("步行路线"))],
        demand_options=[(HOMES, _("在册居住小区"))],
        year_options=[(year, year) for year in frame.years(queries.plans(frame.conn()))],
        uploaded=",".join(upload.UPLOADED),
        datum_options=[(code, str(said)) for code, said in labels.DATUM.items() if code != "WGS84"],
        downloads=_downloads(told) if told else [],
        drawn=_drawn(told) if told else None,
        points_url=_points_url(values, told) if told and not told.brought.alone else "",
        boundaries_url=frame.boundaries_url(),
        map_words=frame.map_words()
        | {
            "planner_label": _map_label(told) if told else "",
            "new_site": _("建议的新址，第 %(rank)s 名"),
            "gap": _("缺口，第 %(rank)s 名"),
            "own_facility": _("您上传的设施"),
            "own_people": _("您上传的人口点"),
        },
        attribution=frame.attribution(),
    )


def _unit(told: Planned | None) -> str:
    if told is None or told.covered.summary["people"] is None:
        return ""
    if told.brought.people is None:
        return _("小区")
    return _("人") if told.brought.people.counted else _("点")


def _points_url(values: Mapping[str, Any], told: Planned) -> str:
    return url_for(
        "pages.points",
        area=values["area"],
        category=told.covered.summary["categories"],
        status=params.ALL,
        **addresses.lasting(),
        v=frame.stamp(),
    )


def _map_label(told: Planned) -> str:
    """Say what the map shows, for who cannot see it."""
    summary = told.covered.summary
    if summary["share"] is None:
        if told.sites:
            return _("地图：在册的现有设施、规划提出的设施和建议的新址；现有设施没有说收全，哪里走得到没有算")
        return _("地图：在册的现有设施和规划提出的设施；现有设施没有说收全，哪里走得到没有算")
    if summary["record_basis"]["as_recorded"]:
        return _("地图（%(when)s）：在册的走得到、说不准和在册的都走不到的地方；没收录的不知道", when=_named_when(told))
    return _("地图（%(when)s）：一定走得到、说不准和一定走不到的地方", when=_named_when(told))


# ---------------------------------------------------------------- the question


def _answer(values: Mapping[str, Any], brought: Brought) -> Planned:
    ground = frame.ground()
    asked = analysis.reach(
        ground, **{name: values[name] for name in ("category", "rule", "metres", "minutes", "profile", "way")}
    )
    sure = asked.categories if values.get("sure") else ()
    ground = analysis.trusting(
        ground, complete=(*values["complete"], *sure), as_recorded=values["as_recorded"] == "true"
    )
    if brought.facilities is not None:
        ground = analysis.with_own(
            ground,
            brought.facilities.own,
            category=asked.categories[0],
            stock="given" if brought.alone else "all",
        )
    region = analysis.region(ground, values["area"])
    demand = _demand(ground, values, brought)
    notice = None
    if demand is None and values["by"] == HOMES:
        notice = _("这个地区没有在册的居住小区，下面按土地计；也可以上传人口点。")
    year = values["year"]
    field = brought.facilities.name if brought.facilities else "area"
    cost.check_circles(ground, asked, region, by_year=True, field=field)
    sites: Report | None = None
    covered = analysis.covered_share(ground, asked, region, year=year, demand=demand, by_year=True)
    gaps = analysis.gap_pieces(ground, asked, region, year=year, demand=demand, limit=GAPS_SHOWN, zones=True)
    if values["count"]:
        sites = analysis.choose_sites(ground, asked, region, count=values["count"], year=year, demand=demand)
    if notice is not None:
        covered = replace(covered, summary={**covered.summary, "limits": [notice, *covered.summary["limits"]]})
    return Planned(
        covered=covered,
        gaps=gaps,
        pieces=[feature for feature in gaps.features if feature.properties["zone"] is None],
        zones={zone: feature for feature in gaps.features if (zone := feature.properties["zone"]) is not None},
        sites=sites,
        rule_words=_asked_words(asked),
        brought=brought,
        notice=notice,
    )


def _demand(ground: Ground, values: Mapping[str, Any], brought: Brought) -> Demand | None:
    if brought.people is not None:
        return brought.people.demand
    if values["by"] != HOMES:
        return None
    homes = [(home.lon, home.lat) for home in queries.communities(ground.conn, area=values["area"])]
    if not homes:
        return None
    return replace(coverage.points(homes, 1.0), told=sentence("按在册居住小区计，一个小区算一个"))


# ---------------------------------------------------------------- the figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of the answer, for the page and for the spreadsheet.

    Attributes
    ----------
    words
        What it is, of which time, and that it is as recorded where it is.
    value, low, high
        The figure, and its bounds where it is a share.
    text, bounds
        The same for a reader; `bounds` is empty where there are none.
    """

    words: str
    value: float | None
    text: str
    low: float | None = None
    high: float | None = None
    bounds: str = ""


def _when(told: Planned) -> str:
    """Say by when the facilities stand that the map, the zones and the gaps count."""
    year = told.covered.summary["year"]
    return _("规划全部建成后") if year is None else _("到 %(year)s 年", year=year)


def _named_when(told: Planned) -> str:
    return _recorded(told, _when(told))


def _recorded(told: Planned, said: str) -> str:
    """Mark what is said as recorded, where it is."""
    mark = _("按在册")
    return f"{said} · {mark}" if told.covered.summary["record_basis"]["as_recorded"] else said


def _tiles(told: Planned) -> list[list[Figure]]:
    """Give the figures by what exists, then by the time asked for, when plans nobody has verified are kept too."""
    summary = told.covered.summary
    if summary["share"] is None:
        return []
    lead = ("share", "share_low", "share_high")
    asked: dict[str, Any] = {name: summary[name] for name in ("facilities", *lead)}
    if summary["people"] is not None:
        asked |= {f"people_{name}": summary["people"][name] for name in lead}
        asked["people"] = summary["people"]["covered"]
    return [_figures_of(told, _("现有"), summary["years"][0]), _figures_of(told, _when(told), asked)]


def _figures_of(told: Planned, when: str, row: Mapping[str, Any]) -> list[Figure]:
    summary, unit = told.covered.summary, _unit(told)

    def named(what: str) -> str:
        return _recorded(told, f"{what} · {when}")

    def share(what: str, names: str) -> Figure:
        value, low, high = (row[f"{names}{bound}"] for bound in ("share", "share_low", "share_high"))
        if value is None:
            return Figure(words=named(what), value=None, text="—")
        bounds = _("至少 %(low)s，至多 %(high)s", low=_percent(low), high=_percent(high))
        return Figure(words=named(what), value=value, text=_percent(value), low=low, high=high, bounds=bounds)

    def number(what: str, value: float, decimals: int = 0) -> Figure:
        return Figure(words=named(what), value=value, text=f"{value:,.{decimals}f}")

    found = []
    if summary["people"] is not None:
        left = summary["people"]["total"] - row["people"]["located"]
        found += [
            share(_("走得到的（%(unit)s）", unit=unit), "people_"),
            number(_("缺口里的（%(unit)s）", unit=unit), round(left, 1)),
        ]
    return [
        *found,
        share(_("覆盖的土地"), ""),
        number(_("缺口，平方公里"), round(summary["area_km2"] * (1 - row["share"]), 4), 1),
        number(_("算进去的设施"), row["facilities"]),
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%" if 0 < share < 0.001 else f"{100 * share:.1f}%"


# ---------------------------------------------------------------- the answer as the map and as files


def _drawn(told: Planned) -> dict[str, Any]:
    """Give what the map draws: the zones, the ranked gaps and new sites by their place, and the reader's own points."""
    people = told.brought.people
    features = [
        {"type": "Feature", "id": part, "properties": {}, "geometry": _light(zone.geometry)}
        for part, zone in told.zones.items()
        if zone.geometry is not None and not zone.geometry.is_empty
    ]
    return {
        "zones": {"type": "FeatureCollection", "features": features},
        "gaps": _places(told.pieces),
        "sites": _places(told.sites.features) if told.sites else [],
        "facilities": _own_places(told.brought.facilities),
        "people": [] if people is None else people.demand.lonlat[:DRAWN_POINTS].round(5).tolist(),
    }


def _light(geometry: BaseGeometry) -> dict[str, Any]:
    simple = shapely.simplify(geometry, DRAWN_DEGREES)
    return dict(orjson.loads(shapely.to_geojson(shapely.transform(simple, lambda lonlat: lonlat.round(5)))))


def _places(features: Sequence[Feature]) -> list[list[float]]:
    return [
        [feature.properties["rank"], round(feature.properties["lon"], 5), round(feature.properties["lat"], 5)]
        for feature in features
    ]


def _own_places(brought: upload.Facilities | None) -> list[list[Any]]:
    """Give the place of each, and behind it the name and status that the file says."""
    if brought is None:
        return []
    own = brought.own[:DRAWN_POINTS]
    places = shapely.get_coordinates(shapely.point_on_surface([one.geometry for one in own])).round(5).tolist()
    return [[*place, *_own_words(one)] for place, one in zip(places, own, strict=True)]


def _own_words(one: analysis.Own) -> list[str]:
    status = "" if one.status == "existing" else str(labels.STATUS[one.status])
    year = "" if one.year is None else _("到 %(year)s 年", year=one.year)
    said = " · ".join(part for part in (one.name, status, year) if part)
    return [said] if said else []


def _collection(told: Planned) -> dict[str, Any]:
    """Write everything on the screen as one FeatureCollection, whose figures are foreign members."""
    body: dict[str, Any] = {"type": "FeatureCollection"}
    features: list[Any] = []
    for answer in (told.covered, told.gaps, *([told.sites] if told.sites else [])):
        written = analysis.collection(answer)
        features += written["features"]
        body[answer.kind] = written[answer.kind]
    return body | {"features": features}


def _spreadsheet(told: Planned) -> bytes:
    summary = told.covered.summary
    people, least, most = summary["people"], _("至少"), _("至多")
    head = [
        [_("地区"), summary["area"]["name"]],
        [_("类别"), summary["category_name"]],
        [_("按什么算"), told.rule_words],
        [_("折合直线或路程，米"), summary["metres"]],
        [_("到哪一年"), summary["year"] or _("规划期末，全部建成")],
        [_("现有设施的收录"), summary["record_basis"]["words"]],
        *([[_("注意"), analysis.AS_RECORDED[frame.english()]]] if summary["record_basis"]["as_recorded"] else []),
        [_("面积，平方公里"), summary["area_km2"]],
        *([[_("需求合计"), people["total"]]] if people is not None else []),
    ]
    if summary["share"] is None:
        promised = summary["record_basis"]["promised"]
        head += [
            [_("在册的现有设施"), summary["record_basis"]["existing"]],
            [_("规划提出，知道地点或乡镇"), promised["placed"]],
            [_("规划提出，只知道在本县（市）"), promised["wide"]],
            [_("规划提出，只知道在上级市，不一定在这里"), promised["around"]],
        ]
    for figure in (figure for figures in _tiles(told) for figure in figures):
        head.append([figure.words, figure.value])
        if figure.bounds:
            head += [[f"{figure.words} · {least}", figure.low], [f"{figure.words} · {most}", figure.high]]
    tables: list[report.Table] = [
        (_recorded(told, _("概况")), [_("项目"), _("数值")], head),
        (_recorded(told, _("逐年")), *_years_sheet(told)),
        (
            _recorded(told, _("缺口")),
            [
                *(_("名次"), _("名称"), _("平方公里"), _("需求"), _("至少还要几处"), _("到最近一处，米")),
                *(_("东经"), _("北纬")),
            ],
            [[piece.properties[name] for name in _GAP_COLUMNS] for piece in told.pieces],
        ),
    ]
    if told.sites:
        more = _("多覆盖") if summary["record"] == "complete" else _("比在册的多覆盖")
        tables.append(
            (
                _recorded(told, _("建议的新址")),
                [_("名次"), more, _("单位"), _("东经"), _("北纬")],
                [
                    [row["rank"], row["gain"], row["unit"], row["lon"], row["lat"]]
                    for row in (feature.properties for feature in told.sites.features)
                ],
            )
        )
    return report.spreadsheet(tables, notes=summary["limits"])


def _years_sheet(told: Planned) -> tuple[list[str], list[list[Any]]]:
    summary, unit = told.covered.summary, _unit(told)
    least, most = _("至少"), _("至多")
    leads = {"": _("覆盖的土地")} | (
        {} if summary["people"] is None else {"people_": _("走得到的（%(unit)s）", unit=unit)}
    )
    heading = [_("到哪一年"), _("设施")]
    for words_of in leads.values():
        heading += [words_of, f"{words_of} · {least}", f"{words_of} · {most}"]
    bounds = ("share", "share_low", "share_high")
    return heading, [
        [_horizon(row), row["facilities"], *(row[f"{lead}{bound}"] for lead in leads for bound in bounds)]
        for row in summary["years"]
    ]


def _horizon(row: Mapping[str, Any]) -> str:
    if row["horizon"] == "existing":
        return _("现有")
    return str(row["year"]) if row["year"] else _("规划全部建成后")


@dataclass(frozen=True, slots=True, kw_only=True)
class YearRow:
    """What is covered by a year, or by each of some years on end that do not differ."""

    words: str
    facilities: int
    share_low: float | None
    share: float | None
    share_high: float | None


def _years(rows: Sequence[Mapping[str, Any]]) -> list[YearRow]:
    def figures(row: Mapping[str, Any]) -> tuple[Any, ...]:
        # Of the people where there are any, else of the land. What exists and everything promised stand for themselves.
        lead = "people_" if row["people"] else ""
        shares = (row[f"{lead}{bound}"] for bound in ("share_low", "share", "share_high"))
        return (row["horizon"], row["facilities"], *shares)

    found = []
    for (_kind, count, low, at, high), group in groupby(rows, key=figures):
        same = list(group)
        named = [_horizon(row) for row in same]
        told = named[0] if len(named) == 1 else f"{named[0]}–{named[-1]}"
        found.append(YearRow(words=told, facilities=count, share_low=low, share=at, share_high=high))
    return found


def _ways_on(told: Planned) -> list[tuple[str, str]]:
    """Offer what can be asked where the record is not complete: address and words of each; none for an upload."""
    basis, kinds = told.covered.summary["record_basis"], ",".join(told.covered.summary["categories"])
    if told.covered.summary["record"] == "complete" or request.method == "POST":
        return []
    known = (frame.here(complete=kinds, as_recorded=None), _("我确知现有的都在册，给我覆盖率"))
    if basis["as_recorded"]:
        return [known]
    return [(frame.here(as_recorded="true"), _("按在册记录算，只供核对记录")), known]


def _downloads(told: Planned) -> list[tuple[str, str, str]]:
    """Give the files of what is on the screen: address, file name and words of each.

    An answer to a reader's own points has no address, for nothing of it is kept: it stands in the page itself.
    """
    files: Sequence[tuple[str, str]] = (("geojson", "GeoJSON"), ("xlsx", "XLSX"))
    if request.method != "POST":
        return [(frame.here(**{"as": kind}), f"service-map-coverage.{kind}", said) for kind, said in files]
    bodies = {
        "geojson": (GEOJSON, orjson.dumps(_collection(told))),
        "xlsx": (report.XLSX, _spreadsheet(told)),
    }
    return [
        (
            f"data:{bodies[kind][0]};base64,{base64.b64encode(bodies[kind][1]).decode()}",
            f"service-map-coverage.{kind}",
            said,
        )
        for kind, said in files
    ]


# ---------------------------------------------------------------- the form


def _asked_words(asked: Reach) -> str:
    if asked.rule is not None:
        return labels.cited(asked.rule)
    told = _("%(metres)s 米", metres=f"{asked.metres:,.0f}")
    if asked.walking is None:
        return _("直线 %(distance)s", distance=told)
    walking = {
        "profile": asked.walking["profile_name"],
        "speed": f"{asked.walking['speed_m_s']:g}",
        "distance": told,
        "detour": f"{asked.walking['detour']:g}",
    }
    if asked.method == "network":
        return _("按路网步行 %(distance)s（%(profile)s，步速 %(speed)s 米/秒）", **walking)
    return _("步行，折合直线 %(distance)s（%(profile)s，步速 %(speed)s 米/秒，绕行系数 %(detour)s）", **walking)


def _rule_groups(*, english: bool) -> list[RuleGroup]:
    """Give the rules that have a distance, by category."""
    known = site()
    groups = []
    for code, category in known.categories.items():
        rules = [
            (rule.id, labels.cited(rule))
            for rule in (*known.rules, *known.plan_rules)
            if rule.category == code and rule.mode in terms.JUDGED
        ]
        if rules:
            groups.append(RuleGroup(name=category.en if english else category.zh, rules=tuple(rules)))
    return groups
