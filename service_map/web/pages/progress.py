"""What has become of promises, for planners: by area, and by category, with files of the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext as _

from service_map.catalogue import terms
from service_map.catalogue.adcode import covers
from service_map.store import ProgressRecord
from service_map.store.progress import NUMBERS, progress, total
from service_map.web import addresses, labels, params
from service_map.web.addresses import to
from service_map.web.pages import choices, frame
from service_map.web.pages.frame import blueprint
from service_map.web.site import site


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table: of an area, a category or both, with where it leads."""

    adcode: str | None
    name: str
    href: str | None
    unit: str
    numbers: ProgressRecord


@blueprint.get("/progress")
def progress_page() -> str:
    """Say by area and by category what is due and what has become of it."""
    values = frame.query(choices.PROGRESS)
    found = progress(frame.conn(), params.facility_filter(values))
    facilities = [one for one in found if one.sort == "facility"]
    quotas = [one for one in found if one.sort == "quota"]
    asked: dict[str, Any] = {
        parameter.name: list(value) if isinstance(value, tuple) else value
        for parameter in params.PROGRESS
        if (value := values[parameter.name])
    }
    area = frame.areas().get(values["area"] or "")
    plan = frame.plans().get(values["plan"] or "")
    return render_template(
        "progress.html",
        area=area,
        plan=plan,
        whole=total(facilities),
        by_area=_by_area(facilities, values["area"]),
        by_kind=_by_kind(facilities),
        quotas=_quotas(quotas),
        shown=[(code, str(labels.STATE[code])) for code in NUMBERS if code in terms.STATE and _any(found, code)],
        term=frame.term_words(area=values["area"], plan=values["plan"]),
        day=frame.today().isoformat(),
        area_tree=frame.area_tree(),
        plan_options=[(one.id, one.title) for one in frame.plans().values()],
        chosen=values,
        lasting=tuple(addresses.lasting().items()),
        csv_url=url_for("progress.table", **asked),
        xlsx_url=url_for("progress.sheets", **asked),
        json_url=url_for("api.progress", **asked),
        overdue_url=to("pages.home", state="overdue", **asked),
        overdue_csv=url_for("downloads.facilities_csv", state="overdue", bom="1", **asked),
    )


def _any(found: Iterable[ProgressRecord], code: str) -> bool:
    # Somebody who looks for what is built must see that nothing is.
    return code in terms.VERIFIED or any(getattr(one, code) for one in found)


def _by_area(found: Iterable[ProgressRecord], inside: str | None) -> list[Row]:
    """Add up by county, and under one area by that alone; what is known to a city only stands by itself."""
    groups: dict[str, list[ProgressRecord]] = {}
    for one in found:
        groups.setdefault(one.adcode, []).append(one)
    rows = []
    for adcode, members in groups.items():
        numbers = total(members)
        if numbers is None:
            continue
        known = frame.areas().get(adcode)
        wide = known is not None and known.level == "city" and (inside is None or covers(inside, adcode))
        name = _("（只知道在市内）") if wide else ""
        href = None if wide or adcode == inside else to("pages.progress_page", area=adcode)
        rows.append(Row(adcode=adcode, name=name, href=href, unit="", numbers=numbers))
    return rows


def _by_kind(found: Iterable[ProgressRecord]) -> list[Row]:
    groups: dict[str, list[ProgressRecord]] = {}
    for one in found:
        groups.setdefault(one.category, []).append(one)
    order = {code: place for place, code in enumerate(site().categories)}
    rows = []
    for code in sorted(groups, key=lambda code: order.get(code, len(order))):
        numbers = total(groups[code])
        if numbers is not None:
            rows.append(Row(adcode=None, name=_kind(numbers), href=None, unit="", numbers=numbers))
    return rows


def _quotas(found: Iterable[ProgressRecord]) -> list[Row]:
    return [
        Row(
            adcode=one.adcode, name=f" · {_kind(one)}", href=to("pages.area", adcode=one.adcode), unit=_unit(one.unit),
            numbers=one,
        )
        for one in found
    ]  # fmt: skip


def _unit(unit: str | None) -> str:
    if not frame.english():
        return unit or ""
    return "" if unit is None or unit in terms.MEASURE_WORDS else terms.UNIT_EN.get(unit, unit)


def _kind(one: ProgressRecord) -> str:
    return one.category_en if frame.english() else one.category_zh
