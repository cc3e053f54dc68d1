"""How many kinds each place has within reach, and how the people or the land are distributed over that number."""

from collections.abc import Sequence
from typing import Any

import shapely

from service_map import coverage
from service_map.analysis import report
from service_map.analysis.area import stock_limit
from service_map.analysis.asked import WAYS, walking
from service_map.analysis.card import CIRCLE_MINUTES
from service_map.analysis.given import clip
from service_map.analysis.ground import Ground, Region
from service_map.analysis.report import Feature, Report, percent, rule_member, share
from service_map.catalogue import JUDGED, Rule, distinct
from service_map.coverage import Demand
from service_map.errors import InvalidParameterError

KINDS = ("certain", "located", "possible")
MOST_CELLS = 20_000

_LEVELS = {5: ("5",), 10: ("10", "5"), 15: ("15", "10", "5")}


def completeness_index(
    ground: Ground,
    region: Region,
    *,
    minutes: int = 15,
    rules: Sequence[str] = (),
    kind: str = "located",
    year: int | None = None,
    profile: str = "adult",
    way: str | None = None,
    demand: Demand | None = None,
    cells: int = 2_000,
) -> Report:
    """Count at every place how many rules are kept.

    Parameters
    ----------
    ground, region, year, demand
        As in `service_map.analysis.covered_share`; without people the land itself is judged.
    minutes
        Level of the life circle, one of `CIRCLE_MINUTES`: every rule in force or drafted of it and of those inside it;
        what two standards ask alike counts once.
    rules
        Ids of the rules to judge by instead.
    kind
        ``certain``, ``located`` or ``possible``.
    profile
        Whose pace, for rules in minutes.
    way
        ``walk`` measures every rule over the network where there is one; else rules in metres are straight lines.
    cells
        About how many cells of land, where no people are given.

    Returns
    -------
    Report
        A feature a cell or point.

    Raises
    ------
    InvalidParameterError
        When a value cannot be used.
    """
    if minutes not in _LEVELS:
        allowed = tuple(str(value) for value in CIRCLE_MINUTES)
        raise InvalidParameterError("minutes", f"应为 {'、'.join(allowed)}", f"is one of {', '.join(allowed)}", allowed)
    if not 1 <= cells <= MOST_CELLS:
        raise InvalidParameterError("cells", f"应为 1 到 {MOST_CELLS}", f"takes 1 to {MOST_CELLS}")
    if way is not None and way not in WAYS:
        raise InvalidParameterError("way", "应为 straight 或 walk", "is straight or walk", WAYS)
    people = coverage.land(region.shape, cells=cells) if demand is None else clip(demand, region.shape)
    judged = _judged(ground, region, minutes, rules)
    supply = ground.supply()
    network = ground.network if way == "walk" else None
    each = {
        name: coverage.completeness(
            people, supply.candidates, judged, kind=name, year=year, network=network, speed=coverage.SPEEDS[profile]
        )
        for name in KINDS
    }
    found = each[kind]
    said = [
        report.NETWORK if network is not None else report.STRAIGHT,
        stock_limit(supply),
        report.IMPRECISE,
        report.LAND if demand is None else report.PEOPLE,
        *report.sizes(judged),
        *([report.YEARS] if year is not None else []),
        *([report.MENDED] if region.mended else []),
    ]
    asked = len(found.rules)
    summary: dict[str, Any] = {
        "area": {"adcode": region.adcode, "name": region.name},
        "mended": region.mended,
        "minutes": None if rules else minutes,
        "year": year,
        "kind": kind,
        "method": found.method,
        "walking": walking(ground, profile),
        "unit": people.unit,
        "basis": ground.say(people.zh, people.en),
        "total": round(people.total, 4),
        "asked": asked,
        "mean": None if found.mean is None else round(found.mean, 6),
        "complete": share(found.complete),
        "mean_bounds": {name: None if of.mean is None else round(of.mean, 6) for name, of in each.items()},
        "complete_bounds": {name: share(of.complete) for name, of in each.items()},
        "distribution": [round(float(value), 4) for value in found.distribution],
        "rules": [
            {
                "rule": rule_member(ground, rule),
                "category_name": ground.named(rule.category),
                "share": share(found.share[rule.id]),
                "share_low": share(each["certain"].share[rule.id]),
                "share_high": share(each["possible"].share[rule.id]),
            }
            for rule in found.rules
        ],
        "cells": len(people.lonlat),
        "limits": [ground.say(*pair) for pair in said],
        "data_version": ground.data_version(),
    }
    features = tuple(
        Feature(
            id=f"cell-{number}",
            geometry=shapely.Point(lon, lat),
            properties={
                "kept": kept,
                "kept_low": low,
                "kept_high": high,
                "asked": asked,
                "amount": round(amount, 6),
                "unit": people.unit,
            },
        )
        for number, ((lon, lat), kept, low, high, amount) in enumerate(
            zip(
                people.lonlat.tolist(),
                found.count.tolist(),
                each["certain"].count.tolist(),
                each["possible"].count.tolist(),
                people.amount.tolist(),
                strict=True,
            ),
            1,
        )
    )
    return Report(kind="completeness", summary=summary, features=features, lines=_said(ground, summary))


def _judged(ground: Ground, region: Region, minutes: int, names: Sequence[str]) -> list[Rule]:
    if names:
        return [ground.rule(name) for name in names]
    levels = _LEVELS[minutes]
    return distinct(
        rule
        for rule in ground.rules_in(() if region.adcode is None else (region.adcode,))
        if rule.mode in JUDGED and rule.level in levels and rule.status != "superseded"
    )


def _said(ground: Ground, summary: dict[str, Any]) -> tuple[str, ...]:
    what = f"{summary['area']['name']}"
    if summary["mean"] is None:
        return (
            what,
            ground.say("区域内没有人口，无从计算", "nobody lives in the area, so there is nothing to compute"),
        )
    lines = [
        ground.say(
            f"{what}：{summary['asked']} 条要求平均满足 {summary['mean']:.2f} 条，"
            f"全部满足的占 {percent(summary['complete'])}",
            f"{what}: {summary['mean']:.2f} of {summary['asked']} rules kept on average, all of them for"
            f" {percent(summary['complete'])}",
        )
    ]
    lines.append(summary["basis"])
    ranked = sorted(summary["rules"], key=lambda row: row["share"])
    lines += [f"  {percent(row['share'])}  {row['category_name']}  [{row['rule']['id']}]" for row in ranked]
    return (*lines, *summary["limits"])
