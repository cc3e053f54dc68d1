"""Rows as files to download: CSV with the mark that Excel needs, and workbooks that say what each column means."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import Response

from service_map.catalogue.messages import Sentence
from service_map.store.cells import no_formula
from service_map.store.export import FORMATS


def table(name: str, fields: Mapping[str, Sentence], rows: Iterable[Sequence[Any]]) -> Response:
    """Give rows as CSV.

    Parameters
    ----------
    name
        Of the file, without its suffix.
    fields
        Columns, each with what it means.
    rows
        In the order of the columns.
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(fields)
    writer.writerows([no_formula(value) for value in row] for row in rows)
    response = Response(f"\ufeff{written.getvalue()}", content_type="text/csv; charset=utf-8; header=present")
    return attached(response, f"{name}.csv")


def sheets(name: str, title: str, fields: Mapping[str, Sentence], rows: Iterable[Sequence[Any]]) -> Response:
    """Give rows as a workbook, whose second sheet says what each column means; ``title`` is that of the first.

    For a computing process alone: the writer of spreadsheets weighs too much for a web process.
    """
    from service_map.store.sheets import workbook

    told = ((field, about.zh, about.en) for field, about in fields.items())
    made = workbook({title: [tuple(fields), *rows], "字段 fields": [("field", "zh", "en"), *told]})
    return attached(Response(made, content_type=FORMATS["xlsx"].media_type), f"{name}.xlsx")


def attached(response: Response, name: str) -> Response:
    """Say under which name a file is kept."""
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
