"""What machines read of the pages: Atom feeds, the site map, schema.org descriptions, QR codes.

Addresses in them are absolute, by the host that was asked; ids are permanent and name no host.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

import segno
from flask import request, url_for

from service_map.catalogue import terms
from service_map.store.records import FacilityRecord, PlanRecord, ReleaseChangeRecord
from service_map.web import labels

ATOM = "application/atom+xml"
MAP_SIZE = 40_000
"""Addresses in one file of the site map; the protocol allows 50,000."""

_ODBL = "https://opendatacommons.org/licenses/odbl/1-0/"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One facility in a feed, or one change; ``updated`` is an RFC 3339 time. What is no point has no place."""

    id: str
    title: str
    url: str
    updated: str
    category: str
    category_name: str
    summary: str
    lon: float | None = None
    lat: float | None = None


def absolute(path: str) -> str:
    """Make a path of this site an address with its host."""
    return request.url_root.rstrip("/") + path[len(request.script_root) :]


def entry(record: FacilityRecord, *, plans: Mapping[str, PlanRecord], english: bool) -> FeedEntry:
    """Write a facility for a feed.

    Parameters
    ----------
    record
        The facility.
    plans
        By id, for the day on which the promise was made: a rebuild of the database is no news to a reader.
    english
        In English.
    """
    plan = plans.get(record.plan or "")
    made = record.status_date or (plan.date or str(plan.period[0]) if plan else None)
    category = record.category_en if english else record.category_zh
    cite = record.citations[0] if record.citations else None
    told = [category, record.area_name, labels.state(record.state, stands=record.same_as is not None)]
    told += [labels.due(record.due, record.due_basis)] if record.due else []
    told.append(labels.precision(record.precision, record.uncertainty_m))
    if cite is not None:
        told.append(f"{cite.plan_title} {cite.section or ''}".strip())
    elif record.source_title:
        told.append(record.source_title)
    return FeedEntry(
        id=f"urn:x-service-map:facility:{record.id}",
        title=record.name,
        url=absolute(url_for("pages.facility", facility_id=record.id, lang="en" if english else None)),
        updated=moment(made),
        category=record.category,
        category_name=category,
        summary=" · ".join(told),
        lon=round(record.lon, 6),
        lat=round(record.lat, 6),
    )


def change_entry(record: ReleaseChangeRecord, *, url: str, built: str, english: bool) -> FeedEntry:
    """Write a change of the data for a feed.

    Parameters
    ----------
    record
        The change.
    url
        Page of the facility, requirement or quota; of one that is listed no more it says where it went.
    built
        When the data was built, of which what no release has published yet is news; an RFC 3339 time.
    english
        In English.
    """
    category = record.category_en if english else record.category_zh
    said = [str(labels.RELEASE_CHANGE[record.change]), *_sides(record), category, record.area_name]
    return FeedEntry(
        id=f"urn:x-service-map:change:{record.id}:{(record.after or '').replace(' ', ':')}",
        title=f"{labels.RELEASE_CHANGE[record.change]} · {record.name}",
        url=absolute(url),
        updated=moment(record.release.partition(".")[0]) if record.release else built,
        category=record.category,
        category_name=category,
        summary=" · ".join(said),
    )


def _sides(record: ReleaseChangeRecord) -> list[str]:
    """Say from what to what something changed; of a place the two are no words."""
    if record.change == "moved" or record.before is None or record.after is None:
        return []
    sides = (record.before, record.after)
    if record.change == "status":
        sides = (str(labels.STATUS.get(sides[0], sides[0])), str(labels.STATUS.get(sides[1], sides[1])))
    return [f"{sides[0]} → {sides[1]}"]


def moment(day: str | None) -> str:
    """Make of a year, a month or a day, as far as it is known, the RFC 3339 time at which it begins."""
    parts = (day or "2000").split("T")[0].split("-")
    year, month, number = (*parts, "01", "01")[:3]
    return f"{year}-{month:0>2}-{number:0>2}T00:00:00Z"


def site_map(addresses: Iterable[str]) -> str:
    """Write one file of the site map (sitemaps.org 0.9)."""
    lines = "".join(f"<url><loc>{escape(address)}</loc></url>\n" for address in addresses)
    return f'<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="{_MAPS}">\n{lines}</urlset>\n'


def site_map_index(addresses: Iterable[str]) -> str:
    """Write the list of the site map's files."""
    lines = "".join(f"<sitemap><loc>{escape(address)}</loc></sitemap>\n" for address in addresses)
    return f'<?xml version="1.0" encoding="utf-8"?>\n<sitemapindex xmlns="{_MAPS}">\n{lines}</sitemapindex>\n'


_MAPS = "http://www.sitemaps.org/schemas/sitemap/0.9"


def dataset(*, name: str, description: str, plans: Sequence[PlanRecord], english: bool) -> dict[str, Any]:
    """Describe the data as a schema.org Dataset."""
    years = [year for plan in plans for year in plan.period]
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "name": name,
        "description": description,
        "url": absolute(url_for("pages.home")),
        "inLanguage": "en" if english else "zh-Hans",
        "isAccessibleForFree": True,
        "temporalCoverage": f"{min(years)}/{max(years)}" if years else None,
        "isBasedOn": [{"@type": "CreativeWork", "name": plan.title} for plan in plans],
        "distribution": [
            {
                "@type": "DataDownload",
                "encodingFormat": "application/geo+json",
                "contentUrl": absolute(url_for("pages.home")) + "download/facilities.geojson",
            }
        ],
    }


def place(record: FacilityRecord, *, english: bool) -> dict[str, Any]:
    """Describe a facility as a schema.org Place; a point that stands for a whole county is not told as its position."""
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Place",
        "name": record.name,
        "identifier": record.id,
        "url": absolute(url_for("pages.facility", facility_id=record.id)),
        "additionalType": record.category_en if english else record.category_zh,
        "containedInPlace": {"@type": "AdministrativeArea", "name": record.area_name, "identifier": record.adcode},
    }
    if record.precision in terms.PLACED:
        told["geo"] = {
            "@type": "GeoCircle",
            "geoMidpoint": {
                "@type": "GeoCoordinates",
                "latitude": round(record.lat, 6),
                "longitude": round(record.lon, 6),
            },
            "geoRadius": round(record.uncertainty_m),
        }
    if title := record.plan_title or record.source_title:
        told["subjectOf"] = {"@type": "CreativeWork", "name": title}
    elif record.point_licence.startswith("ODbL"):
        told["license"] = _ODBL
    return told


def qr(address: str) -> bytes:
    """Draw an address as a QR code (ISO/IEC 18004), in SVG, dark on white with the margin that scanners need."""
    drawn = BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", border=4, dark="#16242a", light="#ffffff")
    return drawn.getvalue()
