"""GeoJSON by RFC 7946: facilities, areas and coverage as features.

Coordinates are WGS 84 degrees, longitude first, at seven decimals (about a centimetre), which is finer than any source.
Rings run counter-clockwise outside and clockwise inside (section 3.1.6).
"""

from collections.abc import Iterable, Mapping
from typing import Any

import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from service_map.store import Citation, FacilityRecord

MEDIA_TYPE = "application/geo+json"
DECIMALS = 7


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
    first = record.citations[0] if record.citations else None
    english = language == "en"
    return {
        "type": "Feature",
        "id": record.id,
        "geometry": {"type": "Point", "coordinates": [round(record.lon, DECIMALS), round(record.lat, DECIMALS)]},
        "properties": {
            "name": record.name,
            "name_given": record.name_given,
            "category": record.category,
            "category_zh": record.category_zh,
            "category_en": record.category_en,
            "category_name": record.category_en if english else record.category_zh,
            "family": record.family,
            "family_zh": record.family_zh,
            "family_en": record.family_en,
            "family_name": record.family_en if english else record.family_zh,
            "status": record.status,
            "status_date": record.status_date,
            "status_source": record.status_source,
            "same_as": record.same_as,
            "source_title": record.source_title,
            "source_row": record.source_row,
            "plan": record.plan,
            "plan_title": record.plan_title,
            "section": first and first.section,
            "line": first and first.line,
            "passage_sha256": first and first.passage_sha256,
            "commitments": ";".join(citation.commitment for citation in record.citations),
            "citation": citations[0] if citations else None,
            "citations": citations,
            "precision": record.precision,
            "uncertainty_m": round(record.uncertainty_m, 1),
            "year": record.year,
            "adcode": record.adcode,
            "area_name": record.area_name,
            "count": record.count,
            "unit": record.unit,
            "at_least": record.at_least,
            "action": record.action,
            "basis": record.basis,
            "point_source": record.point_source,
            "point_licence": record.point_licence,
            "located_by": record.located_by,
            **extra,
        },
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
