"""What a file of facilities holds, whatever its format: the rows, their fields, and what the file says of itself.

Fields of the table formats are those that `service_map.store.records.FacilityRecord` declares: those of the table
``facilities`` of the published GeoPackage, in its order, then ``passage_sha256`` of the primary citation and
``commitments``, the ids of all that promise the facility.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import Any

import numpy as np
from pyproj import Transformer
from sqlalchemy import Connection, select

from service_map.catalogue.fields import fields_of
from service_map.catalogue.messages import Sentence, both, meaning, sentence
from service_map.places import wgs84_to_gcj02
from service_map.store import queries
from service_map.store.conditions import facility_conditions
from service_map.store.database import read_meta
from service_map.store.models import Area, Facility
from service_map.store.records import FacilityFilter, FacilityRecord

LAYER = "facilities"
SYSTEMS: Mapping[str, str] = {
    "4326": "WGS 84 (EPSG:4326)",
    "4490": "CGCS2000 (EPSG:4490)",
    "3857": "WGS 84 / Pseudo-Mercator (EPSG:3857)",
    "gcj02": both("GCJ-02（火星坐标，仅供叠加高德、腾讯底图）"),
}
"""Reference systems of a download by their name in the address; always longitude or easting first."""

PAGE = 1000
"""Facilities that a file holds in memory at once."""

_DECIMALS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of the table formats.

    Attributes
    ----------
    name, short
        Its name, and the one within ten characters that a Shapefile allows.
    kind
        ``text``, ``integer``, ``number`` or ``boolean``.
    about
        What it means.
    values
        The closed set of its values with their meaning, where there is one.
    """

    name: str
    short: str
    kind: str
    about: Sentence
    values: Mapping[str, str] | None = None


_KINDS = {str: "text", int: "integer", float: "number", bool: "boolean"}


def _fields() -> tuple[Field, ...]:
    declared = sorted(
        (field for field in fields_of(FacilityRecord) if field.listed), key=lambda field: not field.stored
    )
    return tuple(
        Field(
            name=field.name, short=field.short, kind=_KINDS.get(field.kind, "text"), about=field.about,
            values=None if field.terms is None else field.terms.meanings(),
        )
        for field in declared
    )  # fmt: skip


FIELDS = _fields()
_VALUES = attrgetter(*(field.name for field in FIELDS))
"""Fields of the table formats, in order."""

DATUM_FIELD = Field(
    name="datum",
    short="datum",
    kind="text",
    about=sentence("坐标系；只在 GCJ-02 的文件和不是 WGS 84 的 CSV、Excel 里有"),
)
_LONLAT = (
    Field(name="lon", short="lon", kind="number", about=meaning("经度，度")),
    Field(name="lat", short="lat", kind="number", about=meaning("纬度，度")),
)
_EASTING = (
    Field(name="x", short="x", kind="number", about=sentence("东坐标，米")),
    Field(name="y", short="y", kind="number", about=sentence("北坐标，米")),
)


def place_fields(system: str) -> tuple[Field, Field]:
    """Give the fields of the two coordinates in a system of `SYSTEMS`, for tables that have no geometry."""
    return _EASTING if system == "3857" else _LONLAT


def layer_name(system: str) -> str:
    """Name the layer: ``facilities``, or a name that says so where its coordinates are shifted."""
    return LAYER if system != "gcj02" else f"{LAYER}_gcj02"


def said_in_rows(system: str, *, bare: bool = False) -> list[str]:
    """Give what each row says of its coordinates in `DATUM_FIELD`; nothing where the field is not needed.

    Parameters
    ----------
    system
        Of `SYSTEMS`. GCJ-02 is always said: it has no code by which a program would know it.
    bare
        The file has no other place to name its reference system: CSV and Excel.
    """
    if system == "gcj02":
        return ["GCJ-02"]
    return [SYSTEMS[system]] if bare and system != "4326" else []


def table_fields(system: str, *, bare: bool = False) -> tuple[Field, ...]:
    """Give the fields of a table; `system` and `bare` as for `said_in_rows`."""
    return (*FIELDS, DATUM_FIELD) if said_in_rows(system, bare=bare) else FIELDS


def dictionary(system: str, *, bare: bool = False) -> list[dict[str, str]]:
    """Give the data dictionary of a table, a row a field; `system` and `bare` as for `said_in_rows`."""
    return [
        {
            "field": field.name, "shapefile": field.short, "type": field.kind,
            "zh": field.about.zh, "en": field.about.en,
            "values": "；".join(f"{value} = {meaning}" for value, meaning in (field.values or {}).items()),
        }
        for field in table_fields(system, bare=bare)
    ]  # fmt: skip


def told_rows(told: Mapping[str, Any]) -> list[dict[str, str]]:
    """Write what `about` says as rows of ``key`` and ``value``, for files that hold tables alone."""
    rows = []
    for key, value in told.items():
        if key in {"@context", "@type", "variableMeasured"}:
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        rows.append({"key": key, "value": text})
    return rows


_TITLES = {
    "promised": (sentence("规划设施"), sentence("规划文件所承诺的公共服务设施")),
    "existing": (sentence("现状设施"), sentence("已经建成的公共服务设施")),
    "both": (sentence("规划设施与现状设施"), sentence("规划文件所承诺的和已经建成的公共服务设施")),
}


def _holds(wanted: FacilityFilter) -> str:
    if wanted.status == "existing":
        return "existing"
    return "promised" if wanted.promised or wanted.status is not None else "both"


def about(connection: Connection, wanted: FacilityFilter | None = None, *, system: str = "4326") -> dict[str, Any]:
    """Say what a file of facilities is, as schema.org's ``Dataset`` with the dictionary of its fields.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter that the file holds the result of.
    system
        Of `SYSTEMS`.

    Returns
    -------
    dict
        Ready for JSON-LD: title, sources, licences, citation, version, date, reference system, filter and fields.
    """
    meta = read_meta(connection)
    plans = queries.plans(connection)
    conditions = facility_conditions(connection, wanted or FacilityFilter())
    points = connection.execute(
        select(Facility.point_source, Facility.point_licence).where(*conditions).distinct()
    ).all()
    bounds = connection.execute(select(Area.source, Area.licence).distinct()).all()
    built = meta.get("built_at", "")
    fields = table_fields(system, bare=True)
    title, what = _TITLES[_holds(wanted or FacilityFilter())]
    described = sentence("%(what)s，附出处和定位精度；点位不等于确切地址，承诺不等于建成。", what=what)
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "name": title.both,
        "description": f"{described.zh} {described.en}",
        "version": meta.get("data_version", ""),
        "dateModified": built,
        "citation": (
            f"规划设施 Service Map, {meta.get('data_version', '')}, {built[:10]}。"
            f"依据 based on: {'；'.join(f'《{plan.title}》' for plan in plans)}"
        ),
        "isBasedOn": [
            {"@type": "CreativeWork", "identifier": plan.id, "name": plan.title, "url": plan.url} for plan in plans
        ],
        "license": [f"{source}: {licence}" for source, licence in sorted({*map(tuple, points), *map(tuple, bounds)})],
        "coordinates": SYSTEMS[system],
        "filter": {name: value for name, value in asdict(wanted or FacilityFilter()).items() if value},
        "variableMeasured": [
            {"@type": "PropertyValue", "name": field.name, "alternateName": field.short, "description": field.about.zh,
             "descriptionEn": field.about.en, "measurementTechnique": field.kind,
             **({"valueReference": dict(field.values)} if field.values else {})}
            for field in fields
        ],
    }  # fmt: skip


# --- reading ----------------------------------------------------------------------------------------------------------

Placed = tuple[FacilityRecord, float, float]
"""A facility with its two coordinates in the system of the file."""


def pages(connection: Connection, wanted: FacilityFilter, system: str) -> Iterator[list[Placed]]:
    """Give the facilities of a filter, a page of at most `PAGE` after another.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    wanted
        The filter.
    system
        Of `SYSTEMS`: of the coordinates.

    Yields
    ------
    list of Placed
    """
    cursor = None
    while True:
        page = queries.facilities(connection, wanted, limit=PAGE, cursor=cursor)
        if page.items:
            lonlat = np.array([(record.lon, record.lat) for record in page.items])
            xs, ys = _project(lonlat[:, 0], lonlat[:, 1], system)
            yield list(zip(page.items, xs.tolist(), ys.tolist(), strict=True))
        cursor = page.next_cursor
        if cursor is None:
            return


def _project(lon: Any, lat: Any, system: str) -> tuple[Any, Any]:
    if system == "3857":
        return Transformer.from_crs(4326, 3857, always_xy=True).transform(lon, lat)
    if system == "gcj02":
        lon, lat = wgs84_to_gcj02(lon, lat)
    return np.round(lon, _DECIMALS), np.round(lat, _DECIMALS)


def values(record: FacilityRecord) -> list[Any]:
    """Give a facility's values of `FIELDS`, in their order."""
    return [";".join(value) if isinstance(value, tuple) else value for value in _VALUES(record)]
