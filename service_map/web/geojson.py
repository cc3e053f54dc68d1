"""GeoJSON by RFC 7946: facilities, areas and coverage as features.

Coordinates are WGS 84 degrees, longitude first, at seven decimals (about a centimetre), which is finer than any source.
Rings run counter-clockwise outside and clockwise inside (section 3.1.6).
"""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from service_map.catalogue.fields import fields_of
from service_map.store import Citation, FacilityRecord

MEDIA_TYPE = "application/geo+json"
DECIMALS = 7
_PROPERTIES = tuple(field.name for field in fields_of(FacilityRecord) if field.listed and field.name != "id")
_VALUES = attrgetter(*_PROPERTIES)


def facility_feature(record: FacilityRecord, *, language: str, **extra: Any) -> dict[str, Any]:
    """Write a facility as a feature.

    Parameters
    ----------
    record
        The facility with its citations.
    language
        ``zh`` or ``en``: of the category's and family's names. Names of facilities and plans are as the plan has them.
    extra
        Further properties, such as a distance.

    Returns
    -------
    dict
        A Feature whose ``id`` is the facility's permanent id. Its properties are the fields of every other format, the
        names in the reader's language, and the citations whole.
    """
    citations = [citation_member(citation) for citation in record.citations]
    english = language == "en"
    properties = dict(zip(_PROPERTIES, _VALUES(record), strict=True))
    properties["category_name"] = record.category_en if english else record.category_zh
    properties["family_name"] = record.family_en if english else record.family_zh
    properties["uncertainty_m"] = round(record.uncertainty_m, 1)
    properties["commitments"] = ";".join(record.commitments)
    properties["citation"] = citations[0] if citations else None
    properties["citations"] = citations
    properties.update(extra)
    return {
        "type": "Feature",
        "id": record.id,
        "geometry": {"type": "Point", "coordinates": [round(record.lon, DECIMALS), round(record.lat, DECIMALS)]},
        "properties": properties,
    }


def citation_member(citation: Citation) -> dict[str, Any]:
    """Write one citation; ``passage`` stands in it only where the operator's database holds the plan's words."""
    member: dict[str, Any] = {
        "plan": citation.plan,
        "plan_title": citation.plan_title,
        "section": citation.section,
        "line": citation.line,
        "passage_sha256": citation.passage_sha256,
        "commitment": citation.commitment,
        "label": citation.label,
        "url": citation.url,
    }
    if citation.passage is not None:
        member["passage"] = citation.passage
    return member


def geometry_member(geometry: BaseGeometry | None) -> dict[str, Any] | None:
    """Write a geometry, or None for none or an empty one."""
    if geometry is None or geometry.is_empty:
        return None
    # transform() keeps every vertex where set_precision() would also repair and merge.
    rounded = shapely.transform(geometry, lambda lonlat: lonlat.round(DECIMALS))
    return dict(mapping(shapely.orient_polygons(rounded)))


def feature(geometry: BaseGeometry | None, properties: Mapping[str, Any], *, name: str) -> dict[str, Any]:
    """Write any other feature; ``name`` becomes its ``id``."""
    return {"type": "Feature", "id": name, "geometry": geometry_member(geometry), "properties": dict(properties)}


def collection(features: Iterable[Mapping[str, Any]], **members: Any) -> dict[str, Any]:
    """Write a FeatureCollection with foreign members (RFC 7946 section 6.1) before its features."""
    return {"type": "FeatureCollection", **members, "features": list(features)}
