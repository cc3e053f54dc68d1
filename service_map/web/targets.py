"""What plans set themselves to reach: ``/api/indicators`` answers programs, ``/download/indicators`` give files.

The pages of plans and areas show the same rows (`service_map.web.pages.targets`).
"""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response

from service_map import analysis
from service_map.analysis.answers import Held
from service_map.catalogue.fields import fields_of
from service_map.store import IndicatorRecord, queries
from service_map.web import compute, contract, params, row_files
from service_map.web.reading import attach, choose, query, reading
from service_map.web.site import site

blueprint = Blueprint("targets", __name__, url_prefix="/download")
attach(blueprint)


def member(record: IndicatorRecord) -> dict[str, Any]:
    """Write an indicator as a member of an answer, in the language of the answer.

    Parameters
    ----------
    record
        From `service_map.store.queries.indicators`.
    """
    told = {name: getattr(record, name) for name in contract.listed(IndicatorRecord)}
    told["category_name"] = None
    if record.category_zh is not None and record.category_en is not None:
        told["category_name"] = choose(record.category_zh, record.category_en)
    told["conflicts"] = record.conflicts.split(";") if record.conflicts else []
    told["held"] = held_of(record)
    if record.passage is None:
        del told["passage"]
    return told


def held_of(record: IndicatorRecord) -> Held | None:
    """Hold an indicator against what its plan promises, in the language of the answer."""
    data = reading()
    return analysis.held(record, site().basis, keep=data.keep, language=params.reply_language())


@blueprint.get("/indicators.csv")
def table() -> Response:
    """Give indicators as CSV, with the mark that Excel needs."""
    return row_files.table("indicators", _FIELDS, _rows())


@blueprint.get("/indicators.xlsx")
@compute.elsewhere
def sheets() -> Response:
    """Give indicators as a workbook, whose second sheet says what each column means."""
    return row_files.sheets("indicators", "规划指标 indicators", _FIELDS, _rows())


_FIELDS = {field.name: field.about for field in fields_of(IndicatorRecord) if field.listed}


def _rows() -> Iterator[list[Any]]:
    found = queries.every_indicator(reading().conn, params.indicator_filter(query(params.INDICATORS)))
    return ([getattr(row, name) for name in _FIELDS] for row in found)
