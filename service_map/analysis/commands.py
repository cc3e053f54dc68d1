"""The five questions on the command line; `service_map.cli` adds these commands to its own."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from service_map import settings, store
from service_map.analysis.answer_file import check_format, write_report
from service_map.analysis.answer_form import Report
from service_map.analysis.area_coverage import covered_share
from service_map.analysis.card import CIRCLE_MINUTES, check_point
from service_map.analysis.completeness import completeness_index
from service_map.analysis.context import Ground, Region, open_ground, region
from service_map.analysis.gap import gap_pieces
from service_map.analysis.inputs import (
    clip,
    read_built,
    read_census,
    read_demand,
    read_facilities,
    read_network,
    read_places,
    read_polygon,
)
from service_map.analysis.record import trusting
from service_map.analysis.scenario import CAPACITIES, STOCKS, with_own
from service_map.analysis.sites import PLACE_SOURCES, choose_sites, quota
from service_map.analysis.threshold import WAYS, reach
from service_map.catalogue import terms
from service_map.catalogue.adcode import related
from service_map.coverage import Demand
from service_map.errors import Fault, InvalidParameterError
from service_map.io import DATUMS, Asked
from service_map.store import queries

_F = TypeVar("_F", bound=Callable[..., Any])
_Step = Callable[[str], None]
_FILE = click.Path(path_type=Path, dir_okay=False)


def _options(*made: Callable[[_F], _F]) -> Callable[[_F], _F]:
    def decorate(command: _F) -> _F:
        for option in reversed(made):
            command = option(command)
        return command

    return decorate


_ANSWER = _options(
    click.option("--year", type=int, help="只算到这一年年底建成的 What stands by the end of this year."),
    click.option("--network", type=_FILE, help="路网：.osm.pbf、.npz 或边表 .csv、.parquet Ways to walk."),
    click.option("--elevation", type=_FILE, help="高程栅格，给路网加坡度 Raster of heights: slopes for --network."),
    click.option(
        "--facilities", type=_FILE, help="自己的设施：点、线、面 Facilities of your own: points, lines or grounds."
    ),
    click.option(
        "--stock",
        type=click.Choice(STOCKS),
        default="all",
        help="all 与在册的一起算，given 只算自己的 Beside those on record, or instead of them.",
    ),
    click.option(
        "--complete", multiple=True, help="现有设施已收全的类别，可多次 Category whose existing are all on record."
    ),
    click.option(
        "--as-recorded", is_flag=True, help="没收全也按在册记录给数字 Figures of an incomplete record too, labelled so."
    ),
    click.option(
        "--crs",
        multiple=True,
        metavar="[OPTION=]EPSG:N",
        help="坐标参考系，文件没有写时 Reference system, where the file does not say it; of one: demand=EPSG:4547.",
    ),
    click.option(
        "--layer",
        multiple=True,
        metavar="[OPTION=]NAME",
        help="工作表或图层，有几个时 Sheet or layer, where a file has several; of one file: demand=NAME.",
    ),
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="COLUMN=NAME",
        help="哪一列叫什么，如 people=常住 What a column is called, such as people=POP.",
    ),
    click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", help="语言 Language of the answer."),
    click.option("-o", "--output", type=_FILE, help="写入 .geojson .gpkg .csv .xlsx File to write, by its ending."),
)
_WHERE = _options(
    click.option("--area", help="行政区代码 Area code."),
    click.option("--polygon", type=_FILE, help="自己的多边形 A polygon of your own, instead of --area."),
    click.option("--demand", type=_FILE, help="人口：栅格、表格、图层 People: raster, table or layer."),
    click.option("--people", help="人口列名 Column of the people in --demand."),
    click.option(
        "--census", type=_FILE, help="分县或分乡镇普查表：adcode,people Census figures by county or township."
    ),
    click.option("--built", type=_FILE, help="建成区面图层，普查人口按它分摊 Built-up land to spread --census over."),
    click.option("--datum", type=click.Choice(DATUMS), help="所给坐标的坐标系，缺省按 WGS84 Datum of what you give."),
    click.option("--band", type=int, help="栅格波段，有几个时必须说明 Band of a raster, where it has several."),
)
_REACH = _options(
    click.option("--category", help="设施类别代码 Category code."),
    click.option("--rule", help="规则代号 Id of a clause, or of a circle that a plan promises."),
    click.option("--metres", type=float, help="服务半径，米 Service radius."),
    click.option("--minutes", type=float, help="步行分钟 Minutes on foot."),
    click.option("--profile", type=click.Choice(terms.PROFILE.codes), default="adult", help="步行者 Who walks."),
    click.option("--way", type=click.Choice(WAYS), help="直线或步行 A straight line, or on foot."),
)


@click.command()
@_WHERE
@_REACH
@_ANSWER
@click.option("--by-year", is_flag=True, help="逐年 For each year of the plans too.")
def coverage(*, by_year: bool, output: Path | None, **given: Any) -> None:
    """覆盖率：按面积，给了人口则也按人。Which share of an area is covered, by land and by people.

    \b
    service-map coverage --area 140521 --category kindergarten --metres 300
    service-map coverage --area 140500 --rule gb50180-kindergarten-5 --demand pop.tif -o covered.gpkg
    """  # noqa: D301  (\b is click's own mark for lines that stay as they are)
    with _asking(given, output) as (opened, step):
        asked, where = reach(opened, **_of(given, _REACH_NAMES)), _region(opened, given)
        ground = _with_own(opened, given, asked.categories[0])
        demand = _demand(ground, where, given, step)
        step("coverage")
        found = covered_share(ground, asked, where, year=given["year"], demand=demand, by_year=by_year)
        _finish(found, output, step)


@click.command()
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@click.option("--minutes", type=int, default=max(CIRCLE_MINUTES), help="5、10 或 15 The circle's minutes.")
@click.option("--profile", type=click.Choice(terms.PROFILE.codes), default="adult", help="步行者 Who walks.")
@click.option("--datum", type=click.Choice(DATUMS), help="--facilities 的坐标系，缺省按 WGS84 Datum of --facilities.")
@click.option(
    "--show", type=click.IntRange(1, 20), default=1, help="每条列几处设施 Facilities looked at for each rule."
)
@_ANSWER
def circle(*, output: Path | None, **given: Any) -> None:
    """一点的 15 分钟生活圈体检。Check the life circle of a point (WGS 84, longitude first).

    \b
    service-map circle 112.187 35.690 -o card.xlsx
    """  # noqa: D301
    with _asking(given, output) as (opened, step):
        for name, value, most in (("lon", given["lon"], 180), ("lat", given["lat"], 90)):
            if not abs(value) <= most:
                raise InvalidParameterError(
                    name, f"应在 -{most} 到 {most} 之间，先经度后纬度", f"lies in -{most}…{most}; longitude comes first"
                )
        step("circle")
        ground = _with_own(opened, given, None)
        found = check_point(ground, given["lon"], given["lat"],
                            **_of(given, ("minutes", "year", "profile", "show")))  # fmt: skip
        _finish(found, output, step)


@click.command()
@_WHERE
@_REACH
@_ANSWER
@click.option("--least-km2", type=float, default=0.01, help="不列更小且无人的缺口 Smallest gap without people listed.")
@click.option("--limit", type=click.IntRange(min=1), default=10_000, help="最多列几块 Most gaps listed.")
@click.option(
    "--zones", is_flag=True, help="另给三个区：一定覆盖、说不定、一定未覆盖 The certain, uncertain and gap zones too."
)
@click.option(
    "--by", type=click.Choice(terms.CUT_BY.codes), help="按乡镇、最近的居住小区或 H3 格切开 What to cut the gap by."
)
def gaps(*, output: Path | None, least_km2: float, limit: int, zones: bool, by: str | None, **given: Any) -> None:
    """缺口：没有覆盖到的各块，人多的在前。The pieces that nothing covers, the one with most people first.

    \b
    service-map gaps --area 140521 --category elderly_community --metres 1000 --census people.csv -o gaps.geojson
    """  # noqa: D301
    with _asking(given, output) as (opened, step):
        asked, where = reach(opened, **_of(given, _REACH_NAMES)), _region(opened, given)
        ground = _with_own(opened, given, asked.categories[0])
        demand = _demand(ground, where, given, step)
        step("gaps")
        found = gap_pieces(
            ground,
            asked,
            where,
            year=given["year"],
            demand=demand,
            least_km2=least_km2,
            limit=limit,
            zones=zones,
            by=by,
        )  # fmt: skip
        _finish(found, output, step)


@click.command()
@_WHERE
@_REACH
@_ANSWER
@click.option("--count", type=int, help="新选几处 How many new sites.")
@click.option("--commitment", help="规划任务代号，按其数量选址 Commitment whose number is to be placed, for --count.")
@click.option("--places", "--candidates", "places", help="候选点：grid、communities 或文件 Candidate places: grid, "
              "communities or a file.", default="grid")  # fmt: skip
@click.option("--spacing", type=float, help="最小间距，米 Least metres between new ones and to existing ones.")
@click.option("--capacity", type=float, help="每处服务多少人 People that one can take.")
@click.option("--exact-s", type=click.FloatRange(min=0), default=5.0, help="求证最优的秒数 Seconds to prove the best.")
def site(*, output: Path | None, places: str, **given: Any) -> None:
    """选址：再建若干处放在哪里，离最优差多少。Where so many more would cover the most, and how far from the best.

    \b
    service-map site --area 140521 --category kindergarten --metres 300 --count 38 --demand pop.tif -o sites.gpkg
    """  # noqa: D301
    with _asking(given, output) as (opened, step):
        if (given["count"] is None) == (given["commitment"] is None):
            raise InvalidParameterError(
                "count", "--count 与 --commitment 须且只须给一个", "give exactly one of --count and --commitment"
            )
        commitment = None if given["commitment"] is None else quota(opened, given["commitment"])
        asked, where = reach(opened, **_of(given, _REACH_NAMES)), _region(opened, given)
        ground = _with_own(opened, given, asked.categories[0])
        demand = _demand(ground, where, given, step)
        candidates, source = _places(ground.conn, places, _asked(given, "places"))
        step("site")
        found = choose_sites(
            ground, asked, where, count=given["count"] if commitment is None else int(commitment.count or 0),
            year=given["year"], demand=demand, places=candidates, places_from=source, spacing=given["spacing"],
            capacity=given["capacity"], exact_seconds=given["exact_s"], commitment=commitment,
        )  # fmt: skip
        _finish(found, output, step)


@click.command()
@_WHERE
@_ANSWER
@click.option("--minutes", type=int, default=max(CIRCLE_MINUTES), help="5、10 或 15 The circle's minutes.")
@click.option("--rule", "rules", multiple=True, help="规则代号，可多次 Rule to judge by; may be repeated.")
@click.option(
    "--kind", type=click.Choice(terms.BOUND.codes), default="located", help="按哪种覆盖计 Which reach to count by."
)
@click.option("--profile", type=click.Choice(terms.PROFILE.codes), default="adult", help="步行者 Who walks.")
@click.option("--way", type=click.Choice(WAYS), help="直线或步行 A straight line, or on foot.")
@click.option("--cells", type=int, default=2_000, help="没有人口时把土地分成几格 Cells of land where nobody is given.")
def completeness(*, output: Path | None, **given: Any) -> None:
    """配套完善度：各处满足几条要求，及其分布。How many rules are kept at each place, and the distribution.

    \b
    service-map completeness --area 140521 --minutes 15 --demand pop.tif -o cells.gpkg
    """  # noqa: D301
    with _asking(given, output) as (opened, step):
        where = _region(opened, given)
        ground = _with_own(opened, given, None)
        demand = _demand(ground, where, given, step)
        step("completeness")
        found = completeness_index(
            ground, where, demand=demand,
            **_of(given, ("minutes", "rules", "kind", "year", "profile", "way", "cells")),
        )  # fmt: skip
        _finish(found, output, step)


COMMANDS = (coverage, circle, gaps, site, completeness)

_REACH_NAMES = ("category", "rule", "metres", "minutes", "profile", "way")
_STEPS = 4


@contextmanager
def _asking(given: dict[str, Any], output: Path | None) -> Iterator[tuple[Ground, _Step]]:
    """Open the data, with a bar of the steps for whoever watches."""
    if output is not None:
        check_format(output)
    config = settings.load()
    engine = store.open_readonly(config.database_url)
    path = given["network"] or config.network
    with click.progressbar(length=_STEPS, file=sys.stderr, hidden=not sys.stderr.isatty(), show_pos=True) as bar:

        def step(label: str) -> None:
            bar.label = label
            bar.update(1)

        try:
            step("network" if path else "database")
            if path is None and given["elevation"] is not None:
                raise InvalidParameterError("elevation", "只给路网加坡度，还须 --network", "is for a --network only")
            network = None if path is None else read_network(path, elevation=given["elevation"])
            with engine.connect() as conn:
                ground = open_ground(conn, geodata=config.geodata_dir, language=given["lang"], network=network)
                yield trusting(ground, complete=given["complete"], as_recorded=given["as_recorded"]), step
        finally:
            engine.dispose()


def _of(given: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: given[name] for name in names}


# The columns that each file of a caller's may have, by the option that brings it.
_READ = {
    "demand": ("lon", "lat", "people"),
    "census": ("adcode", "people"),
    "facilities": ("lon", "lat", "category", "name", "status", "year", "uncertainty_m", *CAPACITIES),
    "places": ("lon", "lat"),
    "polygon": (),
    "built": (),
}


def _asked(given: Mapping[str, Any], option: str) -> Asked:
    """Say what the command line says of the file of one option: what names another option is not of it."""
    columns: dict[str, str] = {}
    for text in given["columns"]:
        column, equals, name = text.partition("=")
        if not equals or not any(column in known for known in _READ.values()):
            allowed = tuple(dict.fromkeys(name for known in _READ.values() for name in known))
            zh, en = Fault(
                f"应为 列=名称，列可为 {'、'.join(allowed)}",
                f"takes COLUMN=NAME, with one of {', '.join(allowed)}",
            )
            raise InvalidParameterError("column", zh, en, allowed)
        if column in _READ[option]:
            columns[column] = name
    if option in ("demand", "census") and given.get("people") is not None:
        columns["people"] = given["people"]
    place = option != "census"
    return Asked(
        datum=given.get("datum") if place else None,
        crs=_said_of(option, given["crs"]) if place else None,
        layer=_said_of(option, given["layer"]),
        columns=columns,
    )


def _said_of(option: str, texts: Sequence[str]) -> str | None:
    """Give what is said of the file of an option by its name, else what is said of every file."""
    parts = [text.partition("=") for text in texts]
    own = [name for of, _, name in parts if of == option and name]
    every = [text for text, (of, _, name) in zip(texts, parts, strict=True) if not (name and of in _READ)]
    return next(iter((*own, *every)), None)


def _region(ground: Ground, given: dict[str, Any]) -> Region:
    polygon = None if given["polygon"] is None else read_polygon(given["polygon"], _asked(given, "polygon"))
    return region(ground, given["area"], polygon)


def _demand(ground: Ground, where: Region, given: dict[str, Any], step: _Step) -> Demand | None:
    if given["demand"] is not None and given["census"] is not None:
        raise InvalidParameterError("census", "--demand 与 --census 只给一个", "give --demand or --census, not both")
    step("demand")
    if given["demand"] is not None:
        return read_demand(given["demand"], _asked(given, "demand"), area=where.shape, band=given["band"])
    if given["census"] is not None:
        zones, seats = _zones(ground.conn, where)
        built = None if given["built"] is None else read_built(given["built"], _asked(given, "built"))
        homes = _homes(ground.conn)
        return clip(
            read_census(
                given["census"], zones, homes=homes, built=built, seats=seats, asked=_asked(given, "census")
            ),
            where.shape,
        )  # fmt: skip
    if given["built"] is not None:
        raise InvalidParameterError("built", "只用于 --census", "is for a --census only")
    return None


def _zones(conn: Connection, where: Region) -> tuple[dict[str, Any], dict[str, tuple[float, float]]]:
    """Give the boundaries of the counties and townships that the question touches, and the seats of the others."""
    zones, seats = {}, {}
    for area in queries.areas(conn, with_geometry=True):
        if area.level not in ("county", "township"):
            continue
        if where.adcode is not None and not related(where.adcode, area.adcode):
            continue
        if area.geometry is not None:
            zones[area.adcode] = area.geometry
        elif area.lon is not None and area.lat is not None:
            seats[area.adcode] = (area.lon, area.lat)
    return zones, seats


def _with_own(ground: Ground, given: dict[str, Any], category: str | None) -> Ground:
    path = given["facilities"]
    brought = () if path is None else read_facilities(path, _asked(given, "facilities"))
    return with_own(ground, brought, category=category, stock=given["stock"])


def _homes(conn: Connection) -> dict[str, NDArray[np.float64]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for row in queries.communities(conn):
        found.setdefault(row.adcode, []).append((row.lon, row.lat))
    return {code: np.array(points, dtype=np.float64) for code, points in found.items()}


def _places(conn: Connection, named: str, asked: Asked) -> tuple[NDArray[np.float64] | None, str]:
    if named == PLACE_SOURCES[0]:
        return None, named
    if named == PLACE_SOURCES[1]:
        homes = list(_homes(conn).values())
        if not homes:
            raise InvalidParameterError("places", "数据中没有居住小区", "the data holds no residential communities")
        return np.concatenate(homes), named
    return read_places(Path(named), asked), "given"


def _finish(found: Report, output: Path | None, step: _Step) -> None:
    step("write")
    if output is not None:
        write_report(found, output)
    click.echo("\n".join(found.lines))
