"""People of areas, from ``geodata/people.csv`` (optional): what conditions and per-capita targets are held against."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from service_map.errors import GeodataError
from service_map.places.existing import is_date

PEOPLE_FILE = "people.csv"
PEOPLE_COLUMNS = ("adcode", "people", "date", "source")
OLDER_COLUMN = "people_60"
"""May stand behind the others: how many of them are 60 years old or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """How many people an area has, of when (``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``), and who counted them.

    ``people_60`` are those of 60 years and more, None where nobody says.
    """

    adcode: str
    people: int
    date: str
    source: str
    people_60: int | None = None


def load_people(geodata: Path) -> dict[str, People]:
    """Read the people of areas.

    Parameters
    ----------
    geodata
        Folder that may hold ``people.csv`` (UTF-8, columns `PEOPLE_COLUMNS`, and `OLDER_COLUMN` behind them or not).

    Returns
    -------
    dict of str to People
        By code of the area; empty where there is no file.

    Raises
    ------
    GeodataError
        When the file cannot be read or a row is wrong; the message names the row, counting the heading as row 1.
    """
    path = geodata / PEOPLE_FILE
    if not path.exists():
        return {}
    found: dict[str, People] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = tuple(reader.fieldnames or ())
            if columns not in (PEOPLE_COLUMNS, (*PEOPLE_COLUMNS, OLDER_COLUMN)):
                heading = ",".join(PEOPLE_COLUMNS)
                raise GeodataError(
                    f"{path} 的表头应为 {heading}，后面可加 {OLDER_COLUMN}",
                    f"the heading of {path} must be {heading}, and may have {OLDER_COLUMN} behind it",
                )
            for number, row in enumerate(reader, start=2):
                if len([cell for cell in row.values() if cell is not None]) != len(columns):
                    raise _fault(path, number, columns[-1], "列数与表头不同", "there are not as many cells as columns")
                people = _people(path, number, row)
                if people.adcode in found:
                    raise _fault(path, number, "adcode", f"{people.adcode} 出现两次", f"{people.adcode} stands twice")
                found[people.adcode] = people
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GeodataError(f"无法读取 {path}：{error}", f"cannot read {path}: {error}") from error
    return found


def _people(path: Path, number: int, row: dict[str, str]) -> People:
    if not re.fullmatch(r"\d{6}(?:\d{3})?", row["adcode"]):
        raise _fault(path, number, "adcode", "应为 6 位或 9 位代码", "must have six or nine digits")
    if not re.fullmatch(r"\d{1,10}", row["people"]):
        raise _fault(path, number, "people", "应为不小于 0 的整数", "must be a whole number not below 0")
    if not is_date(row["date"]):
        raise _fault(path, number, "date", "应为年、年-月或年-月-日", "must be a year, a month or a day")
    if not row["source"]:
        raise _fault(path, number, "source", "缺少", "is missing")
    older = row.get(OLDER_COLUMN, "")
    if older and (not re.fullmatch(r"\d{1,10}", older) or int(older) > int(row["people"])):
        raise _fault(
            path, number, OLDER_COLUMN,
            "应为不大于 people 的整数，或留空", "must be a whole number not above people, or empty",
        )  # fmt: skip
    return People(
        adcode=row["adcode"], people=int(row["people"]), date=row["date"], source=row["source"],
        people_60=int(older) if older else None,
    )  # fmt: skip


def _fault(path: Path, number: int, field: str, zh: str, en: str) -> GeodataError:
    return GeodataError(f"{path} 第 {number} 行 {field} {zh}", f"{path}, row {number}, {field}: {en}")
