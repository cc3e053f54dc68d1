"""The rows of the plans' indicators, as a build makes them from ``indicators.csv`` and ``indicator_kinds.toml``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service_map import catalogue, plans
from service_map.errors import GeodataError

FILE = "indicators.csv"
KINDS = "indicator_kinds.toml"


def read(
    geodata: Path,
    listed: Mapping[str, plans.Plan],
    categories: Mapping[str, catalogue.Category],
    *,
    areas: Mapping[str, str],
    passages: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Give the rows of the table ``indicators``.

    Parameters
    ----------
    geodata
        Folder of the open data.
    listed
        The plans by their ids.
    categories
        The kinds of facility by their codes.
    areas
        Names of areas by their codes; each plan's is among them.
    passages
        The plans' lines by the SHA-256 of each, where the operator has the texts.

    Returns
    -------
    list of dict
        In the order of plan, line and reading.

    Raises
    ------
    GeodataError
        When a file is damaged, or a row names a plan that is not listed or an id twice.
    """
    found = plans.load_indicators(geodata / FILE)
    kinds = catalogue.indicator_kinds(geodata)
    seen: set[str] = set()
    for one in found:
        if one.plan not in listed:
            raise GeodataError(
                f"{FILE} {one.id}：plan 指向不存在的 {one.plan!r}",
                f"{FILE} {one.id}: plan names {one.plan!r}, which is unknown",
            )
        if one.id in seen:
            raise GeodataError(f"{FILE} {one.id}：出现两次", f"{FILE} {one.id}: stands twice")
        seen.add(one.id)
    apart = plans.disagreements(found, {plan.id: plan.period[1] for plan in listed.values()})
    rows = []
    for one in sorted(found, key=lambda item: (item.plan, item.line)):
        plan, kind = listed[one.plan], catalogue.indicator_kind(one.name, kinds)
        rows.append(
            {
                "id": one.id, "plan": one.plan, "adcode": plan.adcode, "area_name": areas[plan.adcode],
                "form": one.form, "section": one.section, "line": one.line, "passage_sha256": one.passage_sha256,
                "passage": passages.get(one.passage_sha256), "name": one.name, "unit": one.unit,
                "base": _float(one.base), "base_year": one.base_year, "base_words": one.base_words,
                "target": _float(one.target), "target_year": one.target_year, "target_words": one.target_words,
                "due": one.target_year or plan.period[1], "bound": one.bound, "binding": one.binding,
                "note": one.note, "kind": kind.code if kind else None,
                "category": kind.category if kind else None,
                "family": categories[kind.category].family if kind else None,
                "conflicts": ";".join(apart.get(one.id, ())) or None,
            }
        )  # fmt: skip
    return rows


def _float(number: float | None) -> float | None:
    return None if number is None else float(number)
