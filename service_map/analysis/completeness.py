"""How many kinds each place has within reach, and how the people or the land are distributed over that number."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import shapely

from service_map import coverage
from service_map.analysis import answer_form, answers
from service_map.analysis.answer_form import Feature, Report, percent, rule_member, share
from service_map.analysis.card import CIRCLE_MINUTES
from service_map.analysis.context import Ground, Region
from service_map.analysis.inputs import clip
from service_map.analysis.record import AS_RECORDED, HOW, WITHHELD, sources_member, state_of, stated_of
from service_map.analysis.threshold import WAYS, walking
from service_map.catalogue import Rule, distinct, terms
from service_map.coverage import Demand
from service_map.errors import InvalidParameterError

MOST_CELLS = 20_000

MOST_SAMPLED = 200_000
"""Cells of land that the figures rest on; over a network at most `MOST_CELLS`."""

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
        About how many cells of land to give, where no people are given. The figures rest on more: on cells a quarter as
        wide as the smallest radius that is judged by, at most `MOST_SAMPLED`, and say how far they may be off.

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
    states = {rule.id: state_of(ground, (rule.category, *rule.also), region) for rule in judged}
    counted = [rule for rule in judged if ground.as_recorded or states[rule.id][0] == "complete"]
    network = ground.network if way == "walk" else None
    said = [
        answer_form.NETWORK if network is not None else answer_form.STRAIGHT,
        *([AS_RECORDED] if ground.as_recorded and any(state != "complete" for state, _, _ in states.values()) else []),
        *([WITHHELD] if len(counted) < len(judged) else []),
        answer_form.IMPRECISE,
        answer_form.LAND if demand is None else answer_form.PEOPLE,
        *answer_form.sizes(judged),
        *([answer_form.YEARS] if year is not None else []),
        *([answer_form.MENDED] if region.mended else []),
    ]
    summary: answers.Completeness = {
        "area": {"adcode": region.adcode, "name": region.name},
        "mended": region.mended,
        "minutes": None if rules else minutes,
        "year": year,
        "kind": kind,
        "method": "straight_line" if network is None else "network",
        "walking": walking(ground, profile),
        "record": _least([state for state, _, _ in states.values()]),
        "as_recorded": ground.as_recorded,
        "unit": people.unit,
        "basis": ground.say(people.told),
        "total": round(people.total, 4),
        "asked": len(judged),
        "judged": len(counted),
        "mean": None,
        "complete": None,
        "mean_bounds": None,
        "complete_bounds": None,
        "sampled_cells": None,
        "cell_m": None,
        "complete_error": None,
        "distribution": [],
        "rules": [_row(ground, rule, region, states[rule.id]) for rule in judged],
        "cells": len(people.lonlat),
        "limits": [ground.say(limit) for limit in said],
        "data_version": ground.data_version(),
    }
    if not counted:
        return Report(kind="completeness", summary=summary, features=(), lines=_said(ground, summary))
    speed = coverage.SPEEDS[profile]
    sampled = None
    if demand is None:
        most = _most_sampled(ground, way, cells)
        sampled = coverage.land(region.shape, cells=most, radius=_finest(counted, profile))
    each = {
        name: coverage.completeness(
            people if sampled is None else _beside(people, sampled),
            ground.supply().candidates,
            counted,
            kind=name,
            year=year,
            network=network,
            speed=speed,
        )
        for name in terms.BOUND
    }
    found = each[kind]
    # Of some of the kinds asked about, "all of them" would say more than anybody knows.
    whole = len(counted) == len(judged)
    summary |= {
        "mean": None if found.mean is None else round(found.mean, 6),
        "complete": share(found.complete) if whole else None,
        "mean_bounds": {name: None if of.mean is None else round(of.mean, 6) for name, of in each.items()},
        "complete_bounds": {name: share(of.complete) for name, of in each.items()} if whole else None,
        "distribution": [round(float(value), 4) for value in found.distribution],
        "rules": [
            _row(
                ground,
                rule,
                region,
                states[rule.id],
                found=each if rule in counted else None,
                kind=kind,
                sampled=sampled,
            )
            for rule in judged
        ],
    }
    if sampled is not None:
        count = len(sampled.amount)
        summary |= {
            "sampled_cells": count,
            "cell_m": round(float(np.sqrt(sampled.total / count)) * 1000, 1),
            "complete_error": share(coverage.standard_error(found.complete or 0.0, count)),
        }
        summary["limits"] = [*summary["limits"], _sampled_words(ground, summary)]
    shown = len(people.lonlat)
    features = tuple(
        Feature(
            id=f"cell-{number}",
            geometry=shapely.Point(lon, lat),
            properties={
                "kept": kept,
                "kept_low": low,
                "kept_high": high,
                "asked": len(counted),
                "as_recorded": ground.as_recorded,
                "amount": round(amount, 6),
                "unit": people.unit,
            },
        )
        for number, ((lon, lat), kept, low, high, amount) in enumerate(
            zip(
                people.lonlat.tolist(),
                found.count[:shown].tolist(),
                each["certain"].count[:shown].tolist(),
                each["possible"].count[:shown].tolist(),
                people.amount.tolist(),
                strict=True,
            ),
            1,
        )
    )
    return Report(kind="completeness", summary=summary, features=features, lines=_said(ground, summary))


def count_looks(
    ground: Ground,
    region: Region,
    *,
    minutes: int = 15,
    rules: Sequence[str] = (),
    profile: str = "adult",
    way: str | None = None,
    demand: Demand | None = None,
    cells: int = 2_000,
) -> int:
    """Count the places times the rules times the bounds that `completeness_index` would judge.

    Parameters
    ----------
    ground, region, minutes, rules, profile, way, demand, cells
        As for `completeness_index`, which refuses what cannot be used.
    """
    if minutes not in _LEVELS:
        return 0
    states = {
        rule: state_of(ground, (rule.category, *rule.also), region) for rule in _judged(ground, region, minutes, rules)
    }
    counted = [rule for rule, (state, _, _) in states.items() if ground.as_recorded or state == "complete"]
    if not counted:
        return 0
    if demand is not None:
        places = len(demand.lonlat)
    else:
        finest = _finest(counted, profile)
        places = cells + int(min(_most_sampled(ground, way, cells), coverage.land_cells(region.shape, finest)))
    return places * len(counted) * len(terms.BOUND)


def _most_sampled(ground: Ground, way: str | None, cells: int) -> int:
    return max(cells, MOST_SAMPLED if ground.network is None or way != "walk" else MOST_CELLS)


def _finest(counted: Sequence[Rule], profile: str) -> float:
    """Give the smallest radius that is judged by, metres."""
    speed = coverage.SPEEDS[profile]
    return min(rule.metres or (rule.minutes or 0) * 60 * speed / coverage.DETOUR for rule in counted)


def _beside(shown: Demand, sampled: Demand) -> Demand:
    """Put the cells that are shown, weightless, before those that the figures rest on."""
    return replace(
        sampled,
        lonlat=np.concatenate((shown.lonlat, sampled.lonlat)),
        amount=np.concatenate((np.zeros(len(shown.amount)), sampled.amount)),
    )


def _sampled_words(ground: Ground, summary: answers.Completeness) -> str:
    worst = max(row["standard_error"] or 0.0 for row in summary["rules"])
    return ground.say(
        "占比按 %(count)s 个边长约 %(side)s 米的格子的中心算，是抽样：标准误至多 %(worst)s",
        count=summary["sampled_cells"],
        side=f"{summary['cell_m']:.0f}",
        worst=f"{worst:.4%}",
    )


def _least(states: Sequence[str]) -> str:
    """Give the state of several records together: complete only where each is."""
    if all(state == "complete" for state in states):
        return "complete"
    return "none" if all(state == "none" for state in states) else "partial"


def _row(
    ground: Ground,
    rule: Rule,
    region: Region,
    state: tuple[str, int, tuple[tuple[str, str, str, int], ...]],
    *,
    found: Mapping[str, coverage.Completeness] | None = None,
    kind: str = "located",
    sampled: Demand | None = None,
) -> answers.RuleKept:
    def of(name: str) -> float | None:
        return None if found is None else share(found[name].share[rule.id])

    return {
        "rule": rule_member(ground, rule),
        "category_name": ground.named(rule.category),
        "record": state[0],
        "on_record": state[1],
        "sources": sources_member(state[2]),
        "stated": list(stated_of(ground, (rule.category, *rule.also), region)),
        "share": of(kind),
        "share_low": of("certain"),
        "share_high": of("possible"),
        "standard_error": None
        if sampled is None or found is None
        else share(coverage.standard_error(found[kind].share[rule.id] or 0.0, len(sampled.amount))),
    }


def _judged(ground: Ground, region: Region, minutes: int, names: Sequence[str]) -> list[Rule]:
    if names:
        return [ground.rule(name) for name in names]
    levels = _LEVELS[minutes]
    return distinct(
        rule
        for rule in ground.rules_in(() if region.adcode is None else (region.adcode,))
        if rule.mode in terms.JUDGED and rule.level in levels and rule.status != "superseded"
    )


def _said(ground: Ground, summary: answers.Completeness) -> tuple[str, ...]:
    what = f"{summary['area']['name']}"
    if not summary["total"] > 0:
        return (
            what,
            ground.say("区域内没有人口，无从计算"),
        )
    label = [ground.say(AS_RECORDED)] if summary["as_recorded"] and summary["record"] != "complete" else []
    lines = [*label, what]
    if summary["mean"] is not None:
        all_of = summary["complete"]
        kept = ground.say(
            "%(judged)s 条要求平均满足 %(mean)s 条", judged=summary["judged"], mean=f"{summary['mean']:.2f}"
        )
        if all_of is not None:
            kept += ground.say("，全部满足的占 %(share)s", share=percent(all_of))
        lines.append(kept)
    if summary["judged"] < summary["asked"]:
        count = summary["asked"] - summary["judged"]
        lines.append(
            ground.say("另有 %(count)s 条所说的设施没有说收全，不判；%(how)s", count=count, how=ground.say(HOW))
        )
    lines.append(summary["basis"])
    ranked = sorted(summary["rules"], key=lambda row: (row["share"] is None, row["share"] or 0.0))
    on_record = ground.say("在册")
    lines += [
        f"  {percent(row['share'])}  {row['category_name']}  {on_record} {row['on_record']}  [{row['rule']['id']}]"
        for row in ranked
    ]
    return (*lines, *summary["limits"])
