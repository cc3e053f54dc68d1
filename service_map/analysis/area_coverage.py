"""Coverage of an area: by land, and by people where the caller brings some; by year; in three zones."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from service_map import coverage
from service_map.analysis import answer_form, answers
from service_map.analysis.answer_form import Feature, Report, percent, rule_member, share
from service_map.analysis.catchment import catchment
from service_map.analysis.context import Ground, Region, choose
from service_map.analysis.inputs import clip
from service_map.analysis.record import (
    AS_RECORDED,
    HOW,
    Record,
    record_limits,
    record_member,
    record_of,
    record_properties,
)
from service_map.analysis.stock import (
    Stock,
    border_of,
    bounds_of,
    count_reaching,
    cut_by,
    measured_from,
    near,
    stand,
)
from service_map.analysis.threshold import Reach, reach_member
from service_map.catalogue import terms
from service_map.catalogue.adcode import related
from service_map.catalogue.messages import message
from service_map.coverage import Demand

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MOST_YEARS = 15

_HORIZONS = {"existing": message("现有"), "promised": message("全部承诺")}
_FARTHEST_WALK_M = 50_000.0


def covered_share(
    ground: Ground,
    asked: Reach,
    region: Region,
    *,
    year: int | None = None,
    demand: Demand | None = None,
    by_year: bool = False,
) -> Report:
    """Say which part of an area is covered.

    Parameters
    ----------
    ground
        What the answer rests on.
    asked
        Which kinds, and how far.
    region
        Where.
    year
        What stands by the end of this year; None for everything promised.
    demand
        People; what lies outside the region is left out, and the answer says so.
    by_year
        Answer for every year of the plans too, for what exists already, and for everything promised.

    Returns
    -------
    Report
        Features ``covered`` and ``gap``.

    Raises
    ------
    InvalidParameterError
        When the reach cannot be used or all demand lies outside.
    """
    people = living(demand, region)
    stock = stand(ground, asked, year)
    record = record_of(ground, asked.categories, region)
    measured = measured_from(ground, asked, region, choose(stock.supply, stock.does))
    summary: answers.Coverage = {
        **where(region),
        **reach_member(ground, asked),
        **record_member(ground, record, kinds(ground, asked), region.name),
        "year": year,
        "denominator": "land_area",
        "facilities": count_reaching(asked, region, stock.located),
        "area_km2": round(coverage.square_km(region.shape), 4),
        "covered_km2": None,
        "gap_km2": None,
        "share": None,
        "share_low": None,
        "share_high": None,
        "zones": None,
        "people": None if people is None else _crowd(ground, people),
        "measured_from": measured,
        "years": _years(ground, asked, region, people, record) if by_year else None,
        "promised": None if record.ladder is None else list(record.ladder),
        "rules": [
            rule_member(ground, rule)
            for rule in ground.rules_in(() if region.adcode is None else (region.adcode,))
            if rule.category in asked.categories
        ],
        "limits": limits(ground, asked, region, record, measured, year=year, demand=people),
        "data_version": ground.data_version(),
    }
    if not record.told:
        return Report(kind="coverage", summary=summary, features=(), lines=_said(ground, asked, region, summary))
    cut = cut_by(region.shape, asked, coverage.choose(stock.supply.candidates, stock.does))
    border = border_of(ground, asked, region, record)
    low, high, anywhere = bounds_of(region.shape, asked, stock, cut, border)
    found = None if people is None else served(asked, stock, people, year, border)
    summary |= {
        "covered_km2": round(cut.covered_km2, 4),
        "gap_km2": round(cut.gap_km2, 4),
        "share": share(cut.share),
        "share_low": share(low),
        "share_high": share(high),
        "people": _people(ground, asked, region, stock, people, found=found),
        "zones": zones_member(cut, low, anywhere, people, found),
    }
    names = {"covered": message("已覆盖"), "gap": message("缺口")}
    parts = (("covered", cut.covered, cut.covered_km2, cut.share), ("gap", cut.gap, cut.gap_km2, 1 - cut.share))
    return Report(
        kind="coverage",
        summary=summary,
        features=tuple(
            Feature(
                id=part,
                geometry=geometry,
                properties={
                    "part": part,
                    "name": ground.say(names[part]).lower(),
                    **record_properties(record),
                    "area_km2": round(km2, 4),
                    "share": share(of),
                },
            )
            for part, geometry, km2, of in parts
        ),
        lines=_said(ground, asked, region, summary),
    )


def limits(
    ground: Ground,
    asked: Reach,
    region: Region,
    record: Record,
    measured: answers.MeasuredFrom | None,
    *,
    year: int | None,
    demand: Demand | None,
) -> list[str]:
    """Say what the figures rest on and what they cannot say; `measured` is of `measured_from`."""
    way = {"straight_line": answer_form.STRAIGHT, "detour": answer_form.DETOUR, "network": answer_form.NETWORK}[
        asked.method
    ]
    said = [way, *record_limits(record), answer_form.IMPRECISE, answer_form.UNLOCATED]
    if asked.method == "network":
        said.append(answer_form.AROUND_WAYS)
        if asked.network is not None and asked.network.sloped:
            said.append(answer_form.SLOPED)
    if measured is not None:
        said.append(answer_form.FROM_POINT if measured["point"] else answer_form.FROM_EDGE)
    said += _own_measure(asked, demand)
    if year is not None:
        said.append(answer_form.YEARS)
    if region.mended:
        said.append(answer_form.MENDED)
    return [ground.say(limit) for limit in said]


def _own_measure(asked: Reach, demand: Demand | None) -> list[str]:
    """Say in what the figures differ from what a standard or an official rate would give."""
    said = [answer_form.LAND, *([answer_form.PEOPLE] if demand is not None and demand.unit == "people" else [])]
    if asked.minutes is not None:
        said.append(answer_form.PACE)
    if asked.rule is not None:
        if asked.walking is not None and asked.rule.metres is not None:
            said.append(answer_form.WALKED_RADIUS)
        said += answer_form.sizes([asked.rule])
    return said


def what_of(ground: Ground, asked: Reach, region: Region) -> str:
    """Name a question."""
    return f"{region.name} {ground.named(asked.categories[0])} {asked.metres:.0f} m"


def kinds(ground: Ground, asked: Reach) -> str:
    """Name the kinds asked about."""
    return ground.say("、").join(ground.named(code) for code in asked.categories)


def living(demand: Demand | None, region: Region) -> Demand | None:
    """Keep the demand within a region."""
    return None if demand is None else clip(demand, region.shape)


def where(region: Region) -> answers.Where:
    """Write a region for an answer."""
    return {"area": {"adcode": region.adcode, "name": region.name}, "mended": region.mended}


# --- people -----------------------------------------------------------------------------------------------------------


def served(
    asked: Reach, stock: Stock, demand: Demand, year: int | None, border: BaseGeometry | None
) -> coverage.Served:
    """Count who is served; who lives close to a border beyond which the record ends may be served from over there."""
    found = coverage.served(demand, stock.supply.candidates, asked.metres, year=year, network=asked.network)
    if border is None:
        return found
    shapely.prepare(border)
    near = shapely.intersects_xy(border, demand.lonlat[:, 0], demand.lonlat[:, 1])
    possible = found.possible | near
    more = possible & ~found.possible

    def raised(bounds: coverage.Bounds, amount: Floats) -> coverage.Bounds:
        return replace(bounds, possible=bounds.possible + float(amount[more].sum()))

    return replace(
        found,
        possible=possible,
        covered=raised(found.covered, demand.amount),
        built=replace(found.built, possible=min(found.total, found.built.possible + float(demand.amount[near].sum()))),
        groups={name: (total, raised(bounds, demand.groups[name])) for name, (total, bounds) in found.groups.items()},
    )


def _crowd(ground: Ground, demand: Demand) -> answers.People:
    """Say who lives there, and nothing of what reaches them."""
    return {
        "unit": demand.unit,
        "basis": demand.basis,
        "points": len(demand.lonlat),
        "total": round(demand.total, 1),
        "covered": None,
        "built": None,
        "share_low": None,
        "share": None,
        "share_high": None,
        "groups": {
            name: {
                "total": round(float(of.sum()), 1),
                "covered": None,
                "share_low": None,
                "share": None,
                "share_high": None,
            }
            for name, of in demand.groups.items()
        },
        "nearest_m": None,
        "catchment": None,
        "said": ground.say(demand.told),
    }


def _people(
    ground: Ground,
    asked: Reach,
    region: Region,
    stock: Stock,
    demand: Demand | None,
    *,
    found: coverage.Served | None,
) -> answers.People | None:
    if demand is None or found is None:
        return None
    sure = stock.located
    if asked.network is not None:
        laid = coverage.lay_out(sure)
        away = coverage.walk_metres(asked.network, laid.lonlat, demand.lonlat, metres=_FARTHEST_WALK_M)
        away[coverage.inside(laid, demand.lonlat)] = 0.0
    else:
        away, _ = coverage.nearest_edge(sure, demand.lonlat)
    fair = coverage.equity(demand, away)
    return {
        **_crowd(ground, demand),
        "covered": _bounds_member(found.covered),
        "built": _bounds_member(found.built),
        "share_low": share(found.share("certain")),
        "share": share(found.share()),
        "share_high": share(found.share("possible")),
        "groups": {
            name: {"total": round(total, 1), "covered": _bounds_member(bounds), **_shares(total, bounds)}
            for name, (total, bounds) in found.groups.items()
        },
        "nearest_m": {
            "mean": _metres(fair.mean),
            "median": _metres(fair.median),
            "worst_tenth": _metres(fair.worst_tenth),
            "worst_from": _metres(fair.worst_from),
            "unreached": round(fair.unreached, 1),
            "groups": {name: _metres(of) for name, of in fair.groups.items()},
        },
        "catchment": catchment(ground, asked, near(asked, region, stock), demand),
        "said": ground.say(found.told),
    }


# --- zones ------------------------------------------------------------------------------------------------------------


def zones_member(
    cut: coverage.Coverage, low: float, high: float, demand: Demand | None, found: coverage.Served | None
) -> dict[str, answers.Zone]:
    """Give land and people of what is certainly covered, of what certainly is not, and of what lies between."""
    least, most = min(low, cut.share), max(high, cut.share)
    shares = {"certain": least, "uncertain": most - least, "gap": 1 - most}
    flags: dict[str, Flags] = {}
    if found is not None:
        flags = {"certain": found.certain, "uncertain": found.possible & ~found.certain, "gap": ~found.possible}
    return {
        name: {
            "km2": round(of * cut.area_km2, 4),
            "share": share(max(0.0, of)) or 0.0,
            "people": None if demand is None else round(float(demand.amount[flags[name]].sum()), 1),
            "groups": {}
            if demand is None
            else {group: round(float(people[flags[name]].sum()), 1) for group, people in demand.groups.items()},
        }
        for name, of in shares.items()
    }


def zones_said(ground: Ground, zones: Mapping[str, answers.Zone]) -> str:
    """Say how the land, and the people, are parted into the three zones."""

    def told(name: str) -> str:
        people = zones[name]["people"]
        held = "" if people is None else ground.say("、%(people)s 人", people=f"{people:.0f}")
        return f"{ground.choose(*terms.ZONE[name].pair)} {percent(zones[name]['share'])}{held}"

    return ground.say("；").join(told(name) for name in terms.ZONE)


def _shares(total: float, bounds: coverage.Bounds) -> answers.Shares:
    def of(amount: float) -> float | None:
        return share(amount / total) if total > 0 else None

    return {"share_low": of(bounds.certain), "share": of(bounds.located), "share_high": of(bounds.possible)}


def _bounds_member(bounds: coverage.Bounds) -> answers.PeopleBounds:
    return {
        "certain": round(bounds.certain, 1),
        "located": round(bounds.located, 1),
        "possible": round(bounds.possible, 1),
    }


def _metres(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


# --- years ------------------------------------------------------------------------------------------------------------


def _years(
    ground: Ground, asked: Reach, region: Region, demand: Demand | None, record: Record
) -> list[answers.YearOfCoverage]:
    """Answer for what exists already, for each year of the plans, and for everything promised.

    What is counted is what reaches into the region; shares, of land and of people, only where the record allows them.
    """
    border = border_of(ground, asked, region, record) if record.told else None
    known: dict[bytes, answers.YearFigures] = {}
    found: list[answers.YearOfCoverage] = []
    for year in ("existing", *_plan_years(ground, region), "promised"):
        horizon = year if isinstance(year, int) else None
        stock = stand(ground, asked, horizon)
        if year == "existing":
            standing = coverage.in_place(stock.supply.candidates) & stock.may
            stock = Stock(stock.supply, standing, standing)
        key = stock.may.tobytes() + stock.does.tobytes()
        if key not in known:
            known[key] = _horizon(asked, region, stock, demand, horizon, border=border, told=record.told)
        found.append({"year": horizon, "horizon": "by_year" if isinstance(year, int) else str(year), **known[key]})
    return found


def _horizon(
    asked: Reach,
    region: Region,
    stock: Stock,
    demand: Demand | None,
    year: int | None,
    *,
    border: BaseGeometry | None,
    told: bool,
) -> answers.YearFigures:
    row: answers.YearFigures = {
        "facilities": count_reaching(asked, region, stock.located),
        "share_low": None,
        "share": None,
        "share_high": None,
        "people": None,
        "people_share_low": None,
        "people_share": None,
        "people_share_high": None,
    }
    if not told:
        return row
    cut = cut_by(region.shape, asked, coverage.choose(stock.supply.candidates, stock.does))
    low, high, _ = bounds_of(region.shape, asked, stock, cut, border)
    row |= {"share_low": share(low), "share": share(cut.share), "share_high": share(high)}
    if demand is not None:
        counted = Stock(choose(stock.supply, stock.may), stock.may[stock.may], stock.does[stock.may])
        found = served(asked, counted, demand, year, border)
        row["people"] = _bounds_member(found.covered)
        of = _shares(demand.total, found.covered)
        row["people_share_low"], row["people_share"], row["people_share_high"] = (
            of["share_low"], of["share"], of["share_high"],
        )  # fmt: skip
    return row


def _plan_years(ground: Ground, region: Region) -> Sequence[int]:
    plans = [plan for plan in ground.plans() if region.adcode is None or related(region.adcode, plan.adcode)]
    if not plans:
        return range(0)
    first, last = min(plan.period[0] for plan in plans), max(plan.period[1] for plan in plans)
    return range(max(first, last - MOST_YEARS + 1), last + 1)


# --- words ------------------------------------------------------------------------------------------------------------


def _said(ground: Ground, asked: Reach, region: Region, summary: answers.Coverage) -> tuple[str, ...]:
    what = what_of(ground, asked, region)
    lines = [what, summary["record_basis"]["words"]]
    if summary["share"] is None:
        lines.append(ground.say(HOW))
    else:
        lines += _said_figures(ground, summary)
    for row in summary["years"] or ():
        horizon = row["horizon"]
        name = row["year"] or ground.say(_HORIZONS[horizon])
        lead, unit = ("people_", ground.say("人口").lower()) if row["people"] else ("", ground.say("面积"))
        of = ground.say("%(facilities)s 处设施", facilities=row["facilities"])
        if row["share"] is None:
            lines.append(f"  {name}: {of}")
            continue
        figures: Mapping[str, Any] = row
        low, at, high = (percent(figures[f"{lead}{bound}"]) for bound in ("share_low", "share", "share_high"))
        lines.append(f"  {name}: {of}, {unit} {at} ({low} – {high})")
    return (*lines, *summary["limits"])


def _said_figures(ground: Ground, summary: answers.Coverage) -> list[str]:
    low, at, high = (percent(summary[name]) for name in ("share_low", "share", "share_high"))
    lines = [ground.say(AS_RECORDED)] if summary["record_basis"]["as_recorded"] else []
    lines.append(
        ground.say(
            "面积覆盖 %(at)s（至少 %(low)s，至多 %(high)s），%(facilities)s 处设施",
            at=at,
            low=low,
            high=high,
            facilities=summary["facilities"],
        )
    )
    people = summary["people"]
    if people is None:
        return lines
    covered = people["covered"]
    if people["total"] <= 0 or covered is None:
        return [
            *lines,
            ground.say("区域内没有人口，无从计算人口覆盖率"),
            people["said"],
        ]
    lines.append(
        ground.say(
            "人口覆盖 %(share)s：%(located)s / %(total)s 人（至少 %(certain)s，至多 %(possible)s）",
            share=percent(people["share"]),
            located=f"{covered['located']:.0f}",
            total=f"{people['total']:.0f}",
            certain=f"{covered['certain']:.0f}",
            possible=f"{covered['possible']:.0f}",
        )
    )
    lines += [
        f"  {name}: {percent(of['share'])} ({percent(of['share_low'])} – {percent(of['share_high'])})"
        for name, of in people["groups"].items()
    ]
    return [*lines, people["said"], *([people["catchment"]["said"]] if people["catchment"] else [])]
