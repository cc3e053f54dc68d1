"""The catalogue record at ``/catalog.jsonld`` (DCAT 3, JSON-LD), by which open-data portals harvest the site."""

from typing import Any

import orjson
from flask import Blueprint, Response, request

from service_map.catalogue.messages import Sentence, both, sentence
from service_map.store import data_dictionary, export, queries
from service_map.web.language import LANGUAGES
from service_map.web.reading import attach, query, reading
from service_map.web.site import site

blueprint = Blueprint("dcat", __name__)
attach(blueprint)

_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_MEDIA = "https://www.iana.org/assignments/media-types/"


_PROMISED = {"requirements": sentence("普遍要求"), "quotas": sentence("数量承诺")}


@blueprint.get("/catalog.jsonld")
def catalog() -> Response:
    """Give the record."""
    query(())
    data = reading()
    told = data.keep("about", data_dictionary.about)
    areas = [area for area in queries.areas(data.conn) if area.level == "city"]
    plans = queries.plans(data.conn)
    root = request.url_root.rstrip("/")
    whole = export.FORMATS["gpkg"].media_type
    dataset = {
        "@id": f"{root}/catalog.jsonld#facilities",
        "@type": "dcat:Dataset",
        "dct:title": _texts(sentence("规划设施")),
        "dct:description": told["description"],
        "dct:modified": {"@value": told["dateModified"], "@type": "xsd:dateTime"},
        "dcat:version": told["version"],
        "dct:bibliographicCitation": told["citation"],
        "dct:rights": told["license"],
        "dct:language": ["zh", "en"],
        "dct:conformsTo": {"@id": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"},
        "dct:spatial": [
            {"@type": "dct:Location", "dct:identifier": area.adcode, "locn:geographicName": area.name} for area in areas
        ],
        "dct:temporal": {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": str(min((plan.period[0] for plan in plans), default="")),
            "dcat:endDate": str(max((plan.period[1] for plan in plans), default="")),
        },
        "dct:source": [{"dct:identifier": plan.id, "dct:title": plan.title} for plan in plans],
        "dcat:landingPage": {"@id": f"{root}/about"},
        "dcat:distribution": [
            *(
                _distribution(f"{root}/download/facilities.{chosen.suffix}", chosen.name, chosen.media_type)
                for chosen in export.FORMATS.values()
            ),
            _distribution(f"{root}/download/indicators.csv", both("规划指标，CSV"), "text/csv"),
            _distribution(
                f"{root}/download/indicators.xlsx", both("规划指标，Excel"), export.FORMATS["xlsx"].media_type
            ),
            *(
                [_distribution(f"{root}/download/service_map.gpkg", both("GeoPackage，全部图层"), whole)]
                if site().database.file
                else []
            ),
            {
                "@type": "dcat:Distribution",
                "dct:title": "OGC API – Features",
                "dcat:accessURL": {"@id": f"{root}/ogc/"},
                "dct:conformsTo": {"@id": "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"},
            },
            {
                "@type": "dcat:Distribution",
                "dct:title": "TileJSON",
                "dcat:accessURL": {"@id": f"{root}/tiles/tilejson.json"},
            },
        ],
    }
    document = {
        "@context": _CONTEXT,
        "@id": f"{root}/catalog.jsonld",
        "@type": "dcat:Catalog",
        "dct:title": _texts(sentence("规划设施地图")),
        "foaf:homepage": {"@id": f"{root}/"},
        "dcat:dataset": [dataset, *(_promised(root, name, title) for name, title in _PROMISED.items())],
    }
    return Response(orjson.dumps(document), content_type="application/ld+json")


def _promised(root: str, name: str, title: Sentence) -> dict[str, Any]:
    """Tell of what is promised without a place: files, and the layer of each."""
    forms = (("csv", "CSV", "text/csv"), ("xlsx", "Excel", export.FORMATS["xlsx"].media_type),
             ("geojson", "GeoJSON", "application/geo+json"))  # fmt: skip
    return {
        "@id": f"{root}/catalog.jsonld#{name}",
        "@type": "dcat:Dataset",
        "dct:title": _texts(title),
        "dcat:distribution": [
            *(_distribution(f"{root}/download/{name}.{suffix}", said, kind) for suffix, said, kind in forms),
            {
                "@type": "dcat:Distribution",
                "dct:title": "OGC API – Features",
                "dcat:accessURL": {"@id": f"{root}/ogc/collections/{name}"},
            },
        ],
    }


def _texts(title: Sentence) -> list[dict[str, str]]:
    return [{"@value": title.said(language), "@language": language} for language in LANGUAGES]


def _distribution(address: str, name: str, media_type: str) -> dict[str, Any]:
    return {
        "@type": "dcat:Distribution",
        "dct:title": name,
        "dcat:accessURL": {"@id": address},
        "dcat:downloadURL": {"@id": address},
        "dcat:mediaType": {"@id": _MEDIA + media_type},
    }
