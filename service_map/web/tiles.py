"""Vector tiles of the facilities, what describes them (TileJSON 3.0) and a style to draw them with."""

from typing import Any

import orjson
from flask import Blueprint, Response, request

from service_map.catalogue import terms
from service_map.catalogue.messages import both
from service_map.store import features, tiles
from service_map.web import params
from service_map.web.compute import elsewhere_if
from service_map.web.cost import searches_much
from service_map.web.reading import attach, query, reading
from service_map.web.site import site

blueprint = Blueprint("tiles", __name__, url_prefix="/tiles")
attach(blueprint)

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
FILTER = tuple(parameter for parameter in params.FILTER if parameter is not params.BBOX)


@blueprint.get("/<int:z>/<int:x>/<int:y>.mvt")
@elsewhere_if(lambda: searches_much(reading(), "q"))
def tile(z: int, x: int, y: int) -> Response:
    """Give one tile; 204 where nothing lies in it."""
    found = tiles.tile(reading().conn, z, x, y, params.facility_filter(query(FILTER)))
    return Response(found, content_type=MEDIA_TYPE) if found else Response(status=204)


@blueprint.get("/tilejson.json")
def tilejson() -> Response:
    """Describe the tiles."""
    query(FILTER)
    data = reading()
    box, _years = features.extent(data.conn, features.collection(data.conn, tiles.LAYER))
    asked = request.query_string.decode()
    return _json({
        "tilejson": "3.0.0",
        "name": both("规划设施"),
        "scheme": "xyz",
        "tiles": [f"{request.url_root}tiles/{{z}}/{{x}}/{{y}}.mvt" + (f"?{asked}" if asked else "")],
        "minzoom": 0,
        "maxzoom": tiles.ALL_FROM,
        "bounds": box or (-180, -85, 180, 85),
        "vector_layers": [{
            "id": tiles.LAYER,
            "fields": {
                **{name: "Number" if name == "uncertainty_m" else "String" for name in tiles.FIELDS},
                "point_count": "Number",
            },
        }],
    })  # fmt: skip


@blueprint.get("/style.json")
def style() -> Response:
    """Give a style (MapLibre's specification, version 8): the families' colours, hollow where the place is not sure."""
    query(FILTER)
    colours: list[Any] = ["match", ["get", "family"]]
    for code, family in site().families.items():
        colours += [code, family.colour]
    colour = [*colours, "#666666"]
    sure = ["in", ["get", "precision"], ["literal", terms.EXACT]]
    return _json({
        "version": 8,
        "name": both("规划设施"),
        "sources": {"service-map": {"type": "vector", "url": f"{request.url_root}tiles/tilejson.json"}},
        "layers": [{
            "id": "facilities",
            "type": "circle",
            "source": "service-map",
            "source-layer": tiles.LAYER,
            "paint": {
                "circle-color": colour,
                "circle-opacity": ["case", sure, 1, 0],
                "circle-stroke-color": colour,
                "circle-stroke-width": 2,
                "circle-radius": ["interpolate", ["linear"], ["get", "point_count"], 1, 4, 100, 12],
            },
        }],
    })  # fmt: skip


def _json(document: Any) -> Response:
    return Response(orjson.dumps(document), content_type="application/json")
