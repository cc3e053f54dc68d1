"""How many townships, towns and streets an area has, from ``geodata/townships.csv`` (optional).

The table of places holds only those that plans name: what is asked of every township can be told of these alone, and
beside them stands of how many they are.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from service_map.catalogue import csvfile
from service_map.catalogue.adcode import county_of, covers
from service_map.errors import GeodataError
from service_map.places.existing import is_date
from service_map.places.gazetteer import Gazetteer

TOWNSHIPS_FILE = "townships.csv"
_COLUMNS = ("adcode", "townships", "date", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Townships:
    """How many an area has (乡、镇、街道), and who says so, of when."""

    count: int
    source: str


def load_townships(geodata: Path) -> dict[str, Townships]:
    """Read how many townships each county has.

    Parameters
    ----------
    geodata
        Folder that may hold the file: code of the county, number, date, source.

    Returns
    -------
    dict of str to Townships
        By code of the county; empty where there is no file.

    Raises
    ------
    GeodataError
        When the file cannot be read or a row is wrong; the message names the row, counting the heading as row 1.
    """
    path = geodata / TOWNSHIPS_FILE
    if not path.exists():
        return {}
    found: dict[str, Townships] = {}
    for number, cells in csvfile.rows(path, _COLUMNS):
        row = dict(zip(_COLUMNS, cells, strict=False))
        fine = len(cells) == len(_COLUMNS) and re.fullmatch(r"\d{6}", row["adcode"]) and row["source"]
        if not fine or not re.fullmatch(r"\d{1,4}", row["townships"]) or not is_date(row["date"]):
            raise GeodataError(
                f"{path} 第 {number} 行应为六位代码、个数、日期、来源",
                f"{path}, row {number}: a code of six digits, a number, a date and a source are needed",
            )
        if row["adcode"] in found:
            raise GeodataError(
                f"{path} 第 {number} 行 adcode {row['adcode']} 出现两次",
                f"{path}, row {number}, adcode: {row['adcode']} stands twice",
            )
        found[row["adcode"]] = Townships(count=int(row["townships"]), source=f"{row['source']}，{row['date']}")
    return found


def townships_in(adcode: str, known: dict[str, Townships], gazetteer: Gazetteer) -> Townships | None:
    """Give how many townships an area has; of a city only where that is known of each of its counties.

    Parameters
    ----------
    adcode
        Code of a city or county; any other area has none.
    known
        From `load_townships`.
    gazetteer
        Which counties there are.
    """
    if len(adcode) > len(county_of(adcode)):
        return None
    counties = [code for code, row in gazetteer.rows.items() if row.level == "county" and covers(adcode, code)]
    if not counties or not known.keys() >= set(counties):
        return None
    sources = dict.fromkeys(known[code].source for code in sorted(counties))
    return Townships(count=sum(known[code].count for code in counties), source="；".join(sources))
