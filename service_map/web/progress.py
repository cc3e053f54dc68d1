"""What has become of promises, in numbers: what ``/api/progress`` answers, and files of it."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response

from service_map.catalogue.fields import fields_of
from service_map.store import ProgressRecord
from service_map.store.progress import progress
from service_map.web import compute, contract, params, row_files
from service_map.web.reading import attach, choose, query, reading

blueprint = Blueprint("progress", __name__, url_prefix="/download")
attach(blueprint)

_FIELDS = {field.name: field.about for field in fields_of(ProgressRecord) if field.listed}


def members() -> dict[str, Any]:
    """Answer a request for progress, in the language of the answer."""
    found = progress(reading().conn, params.facility_filter(query(params.PROGRESS)))
    names = contract.listed(ProgressRecord)
    return {
        "progress": [
            {name: getattr(one, name) for name in names}
            | {"category_name": choose(one.category_zh, one.category_en)}
            for one in found
        ],
        "numberReturned": len(found),
    }  # fmt: skip


@blueprint.get("/progress.csv")
def table() -> Response:
    """Give progress as CSV, with the mark that Excel needs."""
    return row_files.table("progress", _FIELDS, _rows())


@blueprint.get("/progress.xlsx")
@compute.elsewhere
def sheets() -> Response:
    """Give progress as a workbook, whose second sheet says what each column means."""
    return row_files.sheets("progress", "进展 progress", _FIELDS, _rows())


def _rows() -> Iterator[list[Any]]:
    found = progress(reading().conn, params.facility_filter(query(params.PROGRESS)))
    return ([getattr(row, name) for name in _FIELDS] for row in found)
