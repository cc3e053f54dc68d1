"""One facility: what, where, how sure, when, in which state, who promises it, and what stands nearest instead."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from flask import render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from service_map.catalogue import terms
from service_map.catalogue.adcode import county_of
from service_map.errors import GoneError
from service_map.store import queries
from service_map.store.records import FacilityFilter, FacilityRecord
from service_map.web import feeds, labels, term
from service_map.web.history import history
from service_map.web.pages import choices, frame, promises
from service_map.web.pages.frame import Entry, blueprint
from service_map.web.site import site

ALTERNATIVE_RINGS_M = (30_000.0, queries.MAX_METRES)
"""How far the nearest others are looked for: further only where there is none within the first ring."""

ALTERNATIVES_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A facility and how far it is, straight line, in words."""

    item: Entry
    words: str


@blueprint.get("/facility/<facility_id>")
def facility(facility_id: str) -> str | BaseResponse:
    """One facility: what, where, how sure, when, and who promises it."""
    frame.query((choices.BIG,))
    try:
        record = queries.facility(frame.conn(), facility_id)
    except GoneError as gone:
        return promises.moved(gone)
    plans = frame.plans()
    near: list[tuple[FacilityRecord, float]] = []
    for metres in ALTERNATIVE_RINGS_M:
        near = queries.nearby(
            frame.conn(), record.lon, record.lat, metres, FacilityFilter(categories=(record.category,)),
            limit=ALTERNATIVES_SHOWN + 1,
        )  # fmt: skip
        if len(near) > 1:
            break
    others = [(other, metres) for other, metres in near if other.id != record.id]
    area = next((code for code in (record.adcode, county_of(record.adcode)) if code in frame.areas()), None)
    plan = plans.get(record.plan or "")
    return render_template(
        "facility.html",
        item=frame.entry(record),
        record=record,
        term=term.of_facility(record),
        waiting=record.state in terms.UNVERIFIED and record.same_as is None,
        family_name=record.family_en if frame.english() else record.family_zh,
        area=area,
        action_words=str(labels.ACTION[record.action]),
        precision_words=str(labels.PRECISION[record.precision]),
        basis_words=str(labels.BASIS[record.basis]),
        period=plan.period if plan else None,
        events=[
            (event, str(labels.EVENT[event.kind]))
            for event in history(record, plans=plans, geodata=site().settings.geodata_dir, day=frame.today())
        ],
        report_link=_report_link(record),
        citations=[(cite, plans.get(cite.plan)) for cite in record.citations],
        near=[
            Near(item=frame.entry(other), words=labels.apart(metres, record.uncertainty_m + other.uncertainty_m))
            for other, metres in others[:ALTERNATIVES_SHOWN]
        ],
        near_metres=ALTERNATIVE_RINGS_M[-1],
        promises=queries.promises_of(frame.conn(), record.id) if record.status == "existing" else (),
        place_ld=feeds.place(record, english=frame.english()),
        place={
            "id": record.id, "name": record.name, "lon": record.lon, "lat": record.lat, "precision": record.precision,
            "radius": record.uncertainty_m, "colour": frame.colour(record.category), "adcode": record.adcode,
            "area": record.area_name, "existing": record.status == "existing",
        },
        geojson_url=url_for("api.facility", id=record.id),
        boundaries_url=frame.boundaries_url(),
        map_words=frame.map_words(),
        attribution=frame.attribution(),
    )  # fmt: skip


def _report_link(record: FacilityRecord) -> str | None:
    """Make the address by which an error here is reported: a letter begun, or the operator's form; None without one."""
    where = site().settings.report_url
    if where is None:
        return None
    page = feeds.absolute(url_for("pages.facility", facility_id=record.id))
    if not where.startswith("mailto:"):
        # The form may take both where it names them, and as fields of its address where it does not.
        if "{id}" in where or "{url}" in where:
            return where.replace("{id}", quote(record.id)).replace("{url}", quote(page, safe=""))
        return f"{where}{'&' if '?' in where else '?'}{urlencode({'id': record.id, 'url': page})}"
    subject = _("报错：%(name)s（%(id)s）", name=record.name, id=record.id)
    body = _("哪里不对：\n\n\n应该是：\n\n\n依据：\n\n\n设施标识：%(id)s\n网址：%(url)s", id=record.id, url=page)
    return f"{where}?subject={quote(subject)}&body={quote(body)}"
