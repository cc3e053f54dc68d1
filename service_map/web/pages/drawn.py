"""What the maps of the pages draw: boundaries once, and facilities in few bytes, all at once or by view."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from flask import Response

from service_map.catalogue import terms
from service_map.store import clusters, queries
from service_map.store.geometry import Box
from service_map.store.records import FacilityFilter, FacilityRecord
from service_map.web import labels, params
from service_map.web.compute import elsewhere_if
from service_map.web.cost import searches_much
from service_map.web.pages import choices, frame
from service_map.web.pages.frame import blueprint
from service_map.web.site import site

DRAWN_AT_ONCE = 800
"""Facilities that the map takes whole; beyond it it asks for each view: clusters from afar, facilities from near."""

DRAWN_IN_VIEW = 400
"""Facilities of one view that are drawn one by one."""

CLUSTER_PIXELS = 80


@blueprint.get("/boundaries.json")
def boundaries() -> Response:
    """Boundaries and seats for the map, simplified; ``/api/areas/boundaries`` has them in full."""
    made = frame.reading().keep(
        "boundaries", lambda conn: orjson.dumps(frame.boundary_collection(queries.areas(conn, with_geometry=True)))
    )
    return Response(made, mimetype="application/geo+json")


@blueprint.get("/points.json")
@elsewhere_if(lambda: searches_much(frame.reading(), "q"))
def points() -> Response:
    """Facilities for the map in few bytes: all of a filter's where they are few, else those of one view.

    With ``bbox`` and ``zoom`` many are told for that view: rings for what is known only to its county or city, and for
    the rest clusters, or the facilities one by one where they are few.
    """
    values = frame.query(choices.DRAWN)
    wanted, view = replace(params.facility_filter(values), bbox=None), values["bbox"]
    matched = sum(part.count for part in queries.tally(frame.conn(), wanted))
    if matched <= DRAWN_AT_ONCE:
        items = queries.facilities(frame.conn(), wanted, limit=DRAWN_AT_ONCE).items
        return _json({"matched": matched, **_rows(items)})
    body: dict[str, Any] = {"matched": matched, "by_view": True}
    return _json(body if view is None else body | _view(wanted, view, values["zoom"] or 8))


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body), mimetype="application/json")


def _rows(items: Sequence[FacilityRecord]) -> dict[str, Any]:
    """Write facilities for the map: names of the columns once, the few words of their states once, then a row each."""
    english = frame.english()
    said: dict[str, int] = {}
    columns: Mapping[str, Callable[[FacilityRecord], Any]] = {
        "id": lambda record: record.id,
        "name": lambda record: record.name,
        "lon": lambda record: round(record.lon, 5),
        "lat": lambda record: round(record.lat, 5),
        "precision": lambda record: record.precision,
        "radius": lambda record: round(record.uncertainty_m),
        "radius_words": lambda record: labels.distance(record.uncertainty_m),
        "category": lambda record: record.category_en if english else record.category_zh,
        "colour": lambda record: frame.colour(record.category),
        "count": lambda record: labels.count(record.count, record.unit, at_least=record.at_least, english=english),
        "adcode": lambda record: record.adcode,
        "area": lambda record: record.area_name,
        "existing": lambda record: int(record.status == "existing"),
        "state": lambda record: record.state,
        "status": lambda record: said.setdefault(frame.status_words(record), len(said)),
    }
    rows = [[tell(record) for tell in columns.values()] for record in items]
    return {"columns": list(columns), "rows": rows, "statuses": list(said)}


def _view(wanted: FacilityFilter, view: Box, zoom: int) -> dict[str, Any]:
    hues = {code: family.colour for code, family in site().families.items()}
    west, south, east, north = view
    near = replace(wanted, precisions=terms.PLACED)
    # At zoom z the world of 360 degrees is 256 * 2^z pixels wide; a box wider than a screen gets no more cells for it.
    cell = max(CLUSTER_PIXELS * 360 / 256 / 2**zoom, (east - west) / 40, (north - south) / 40, 1e-3)
    found = clusters.clusters(frame.conn(), near, degrees=cell, view=view)
    rings: dict[str, Counter[str]] = {}
    for part in queries.tally(frame.conn(), wanted):
        if part.precision in terms.WIDE:
            rings.setdefault(part.adcode, Counter())[hues.get(part.family, "#5b6b73")] += part.count
    body: dict[str, Any] = {"rings": [[adcode, parts.most_common()] for adcode, parts in rings.items()]}
    if sum(cluster.count for cluster in found) <= DRAWN_IN_VIEW:
        return body | _rows(queries.facilities(frame.conn(), replace(near, bbox=view), limit=2 * DRAWN_IN_VIEW).items)
    body["clusters"] = [[round(cluster.lon, 4), round(cluster.lat, 4), cluster.count] for cluster in found]
    return body
