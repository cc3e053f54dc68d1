"""What plans promise without a place: requirements and quotas as members of answers, and as files to download.

A file of requirements has a row for each of their units; their boundaries stand in the GeoJSON alone.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import Blueprint, Response
from sqlalchemy import Connection

from service_map.catalogue import terms
from service_map.catalogue.fields import fields_of
from service_map.catalogue.messages import Sentence
from service_map.store import (
    PromiseFilter,
    PromiseRecord,
    QuotaRecord,
    RequirementRecord,
    RequirementUnit,
    queries,
)
from service_map.web import compute, contract, geojson, params, row_files
from service_map.web.reading import attach, choose, query, reading, reply

blueprint = Blueprint("promised", __name__, url_prefix="/download")
attach(blueprint)

_UNIT = "unit_"


def member(record: PromiseRecord) -> dict[str, Any]:
    """Write a requirement or a quota as a member of an answer, in the language of the answer.

    Parameters
    ----------
    record
        From `service_map.store.queries`: its fields, its words, and what hangs on it.
    """
    doubts = record.doubts.split(";") if record.doubts else []
    told = _listed(record) | {
        "category_name": choose(record.category_zh, record.category_en),
        "family_name": choose(record.family_zh, record.family_en),
        "doubts": doubts,
        "doubts_words": [choose(*terms.DOUBT[code].pair) for code in doubts],
        "citations": [geojson.citation_member(citation) for citation in record.citations],
    }
    if isinstance(record, RequirementRecord):
        per, units = choose(*terms.PER[record.per].pair), [_unit(unit) for unit in record.units]
        return told | {"per_name": per, "units": units}
    assert isinstance(record, QuotaRecord)  # noqa: S101 - there are these two
    return told | {"facilities": record.facilities, "parts": record.parts}


def _listed(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in contract.listed(record.__class__)}


def _unit(unit: RequirementUnit) -> dict[str, Any]:
    return _listed(unit) | {"state_name": choose(*terms.PROMISE_STATE[unit.state].pair)}


# --- files ------------------------------------------------------------------------------------------------------------


def _fields(record: type, before: str = "") -> dict[str, Sentence]:
    return {f"{before}{field.name}": field.about for field in fields_of(record) if field.listed}


_OF_UNIT = {name: about for name, about in _fields(RequirementUnit, _UNIT).items() if name != f"{_UNIT}requirement"}
_FIELDS: Mapping[str, Mapping[str, Sentence]] = {
    "requirements": {**_fields(RequirementRecord), **_OF_UNIT},
    "quotas": _fields(QuotaRecord),
}
_TITLES = {"requirements": "普遍要求 requirements", "quotas": "数量承诺 quotas"}


@blueprint.get("/requirements.csv")
def requirements_table() -> Response:
    """Give requirements as CSV, a row a unit."""
    return row_files.table("requirements", _FIELDS["requirements"], _rows("requirements"))


@blueprint.get("/requirements.xlsx")
@compute.elsewhere
def requirements_sheets() -> Response:
    """Give requirements as a workbook, a row a unit."""
    return row_files.sheets("requirements", _TITLES["requirements"], _FIELDS["requirements"], _rows("requirements"))


@blueprint.get("/requirements.geojson")
def requirements_map() -> Response:
    """Give requirements as GeoJSON, a feature a unit."""
    return _map("requirements")


@blueprint.get("/quotas.csv")
def quotas_table() -> Response:
    """Give quotas as CSV."""
    return row_files.table("quotas", _FIELDS["quotas"], _rows("quotas"))


@blueprint.get("/quotas.xlsx")
@compute.elsewhere
def quotas_sheets() -> Response:
    """Give quotas as a workbook."""
    return row_files.sheets("quotas", _TITLES["quotas"], _FIELDS["quotas"], _rows("quotas"))


@blueprint.get("/quotas.geojson")
def quotas_map() -> Response:
    """Give quotas as GeoJSON, each with the boundary of its area."""
    return _map("quotas")


def _map(name: str) -> Response:
    rows = [dict(zip(_FIELDS[name], row, strict=True)) for row in _rows(name)]
    shapes = {area.adcode: area.geometry for area in queries.areas(reading().conn, with_geometry=True)}
    unit = _UNIT if name == "requirements" else ""
    features = (geojson.feature(shapes.get(row[f"{unit}adcode"]), row, name=row[f"{unit}id"]) for row in rows)
    told = reply(geojson.collection(features, numberReturned=len(rows)), geojson.MEDIA_TYPE)
    return row_files.attached(told, f"{name}.geojson")


def _rows(name: str) -> Iterator[list[Any]]:
    """Give the rows of a file, by its columns."""
    wanted = params.promise_filter(query(params.REQUIREMENT_FILTER if name == "requirements" else params.QUOTA_FILTER))
    conn = reading().conn
    if name == "quotas":
        for quota in _every(conn, queries.quotas, wanted):
            yield _values(quota)
        return
    for rule in _every(conn, queries.requirements, wanted):
        for unit in rule.units:
            told = [getattr(unit, field.removeprefix(_UNIT)) for field in _OF_UNIT]
            yield [*_values(rule), *told]


def _every(conn: Connection, ask: Callable[..., Any], wanted: PromiseFilter) -> Iterator[Any]:
    cursor: str | None = None
    while True:
        page = ask(conn, wanted, limit=params.MAX_LIMIT, cursor=cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _values(record: PromiseRecord) -> list[Any]:
    return [";".join(value) if isinstance(value, tuple) else value for value in _listed(record).values()]
