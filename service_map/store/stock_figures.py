"""How many of each kind the plans say stand already: the rows of a build, and who asks for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, or_, select

from service_map import plans
from service_map.catalogue import Category
from service_map.catalogue.adcode import ancestors
from service_map.catalogue.fields import fields_of
from service_map.errors import GeodataError
from service_map.store.conditions import as_written, within
from service_map.store.models import StockFigure
from service_map.store.records import StockFigureRecord

FILE = "stock_figures.csv"

_COLUMNS = [StockFigure.__table__.c[field.name] for field in fields_of(StockFigureRecord)]


def stock_rows(
    geodata: Path, listed: Mapping[str, plans.Plan], categories: Mapping[str, Category], areas: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Give the rows of the table ``stock_figures``.

    Parameters
    ----------
    geodata
        Folder of the open data.
    listed, categories
        The plans by their ids, and the kinds of facility by their codes.
    areas
        Names of areas by their codes; each plan's is among them.

    Returns
    -------
    list of dict
        In the order of the file.

    Raises
    ------
    GeodataError
        When the file is damaged, or a row names a plan or a kind that is not known or an id twice.
    """
    rows: dict[str, dict[str, Any]] = {}
    for one in plans.load_stock_figures(geodata / FILE):
        for field, value, known in (("plan", one.plan, listed), ("category", one.category, categories)):
            if value not in known:
                raise GeodataError(
                    f"{FILE} {one.id}：{field} 指向不存在的 {value!r}",
                    f"{FILE} {one.id}: {field} names {value!r}, which is unknown",
                )
        if one.id in rows:
            raise GeodataError(f"{FILE} {one.id}：出现两次", f"{FILE} {one.id}: stands twice")
        plan = listed[one.plan]
        rows[one.id] = {
            "id": one.id, "plan": plan.id, "plan_title": plan.title, "adcode": plan.adcode,
            "area_name": areas[plan.adcode], "line": one.line, "passage_sha256": one.passage_sha256,
            "category": one.category, "noun": one.noun, "count": float(one.count), "unit": one.unit,
            "measure": one.measure, "year": one.year, "cumulated": one.cumulated,
        }  # fmt: skip
    return list(rows.values())


def stock_figures(connection: Connection, *, area: str) -> tuple[StockFigureRecord, ...]:
    """Give what plans say stands in an area, in the areas around it and in those within it.

    Parameters
    ----------
    connection
        From `service_map.store.open_readonly`.
    area
        Code of an area.

    Returns
    -------
    tuple of StockFigureRecord
        The widest area first, then by category, the greatest number first: numbers of one kind are parts of each other
        or say the same twice, and never add up.
    """
    table = StockFigure.__table__.c
    found = connection.execute(
        select(*_COLUMNS)
        .where(or_(within(table.adcode, area), table.adcode.in_(tuple(ancestors(area)))))
        .order_by(table.adcode, table.category, table.count.desc(), table.id)
    ).mappings()
    return tuple(StockFigureRecord(**{**row, "count": as_written(row["count"])}) for row in found)
