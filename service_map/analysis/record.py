"""How complete the record is of what stands, and so whether a figure may rest on it.

A share, a gap or a rank says as much about what is not on record as about what is. It is given only where the record of
that kind is stated to be complete; elsewhere an answer says what is on record, from whom, and what is promised.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from service_map import coverage
from service_map.analysis import answers
from service_map.analysis.context import Ground, Region, Supply
from service_map.analysis.ladder import ladder, ladder_words
from service_map.catalogue import Inventory, terms
from service_map.catalogue.adcode import COUNTRY, ancestors, covers, prefix
from service_map.catalogue.messages import message
from service_map.errors import InvalidParameterError
from service_map.store import StockFigureRecord, queries

FARTHEST_M = 50_000.0
"""Beyond this the nearest on record says more of the record than of what is near."""

MOST_STATED = 3
"""Figures of plans on what stands that an answer says in words; all are given."""

MOST_NAMED = 10
"""Promised facilities with a place of their own that an answer names; all are counted."""

_STARTS = {"seat": message("政府驻地"), "middle": message("区域中间")}
AS_RECORDED = message("按在册记录算，只供核对记录：没有收录的设施不在内，不是覆盖率，也不是真的缺口")
WITHHELD = message("没有说收全，所以不给覆盖率、缺口和名次。")
HOW = message(
    "确已收全的类别用 complete=（命令行 --complete）说明；要按在册记录算，用 as_recorded=true（命令行 --as-recorded）"
)
BORDER = message("收全的只是所说的地区；界外的设施没有说收全，紧靠边界的地方实际可能更近")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is on record of some kinds in a region.

    Attributes
    ----------
    state
        One of `service_map.catalogue.terms.RECORD`.
    existing
        What stands in the region and is on record.
    sources
        Who says so: title, licence, date ("" where unknown), and how many of them.
    stated
        How many the plans of the area and of those around it say there are.
    inventories
        The statements that the record is complete.
    by
        ``inventory``, ``question`` (the asker says so), ``given`` (the asker's own facilities alone), None where nobody
        says it.
    as_recorded
        True where the asker wants the figures of an incomplete record all the same.
    nearest
        The nearest on record to the seat of the area, or to the middle of the region: name, metres, and from where;
        None where none lies within `FARTHEST_M`.
    placed, wide, around
        Promised facilities in the region with a place of their own; those known to the region's counties or to the
        region itself only; and those known only to an area around it, which may stand there or not.
    named
        The first `MOST_NAMED` of the former: id, name and year.
    ladder
        What the plans give to the area of each of these kinds; None for a polygon.
    """

    state: str
    existing: int
    sources: tuple[tuple[str, str, str, int], ...]
    stated: tuple[answers.Stated, ...]
    inventories: tuple[Inventory, ...]
    by: str | None
    as_recorded: bool
    nearest: answers.Nearest | None
    placed: int
    wide: int
    around: int
    named: tuple[answers.Named, ...]
    ladder: tuple[answers.KindPromised, ...] | None = None

    @property
    def told(self) -> bool:
        """Say whether a share, a gap or a rank may be given."""
        return self.state == "complete" or self.as_recorded


def trusting(ground: Ground, *, complete: Sequence[str] = (), as_recorded: bool = False) -> Ground:
    """Take the asker's word on the record.

    Parameters
    ----------
    ground
        What the answer rests on.
    complete
        Kinds of which the asker knows that every facility that stands is on record.
    as_recorded
        The asker wants the figures of an incomplete record all the same; they are labelled so.

    Returns
    -------
    Ground

    Raises
    ------
    InvalidParameterError
        Field ``complete``: there is no such kind.
    """
    for code in complete:
        if code not in ground.categories:
            raise InvalidParameterError(
                "complete", f"没有类别 {code[:40]!r}", f"there is no category {code[:40]!r}", tuple(ground.categories)
            )
    return replace(ground, complete=tuple(complete), as_recorded=as_recorded)


def _stated(ground: Ground, categories: Sequence[str], region: Region) -> tuple[str | None, tuple[Inventory, ...]]:
    """Say who states that all of some kinds is on record in a region; (None, ()) where nobody does."""
    if set(categories) & given_alone(ground):
        return "given", ()
    if set(categories) <= set(ground.complete):
        return "question", ()
    held: dict[Inventory, None] = {}
    for code in sorted(set(categories) - set(ground.complete)):
        mine = tuple(one for one in ground.inventories if code in one.categories)
        around = tuple(one for one in mine if _holds(one, region))
        if not around and not _together(ground, mine, region):
            return None, ()
        held |= dict.fromkeys(around or [one for one in mine if _touches(ground, one, region)])
    return "inventory", tuple(held)


def given_alone(ground: Ground) -> frozenset[str]:
    """Give the kinds of which the asker's own facilities stand instead of the record, as all there is."""
    if ground.given is None or not ground.given_only:
        return frozenset()
    return frozenset(ground.given.candidates.category.tolist())


def _touches(ground: Ground, inventory: Inventory, region: Region) -> bool:
    land = ground.ground_of((inventory.area,))
    return land is not None and coverage.square_km(shapely.intersection(land, region.shape)) > 0


def _holds(inventory: Inventory, region: Region) -> bool:
    whole = inventory.area == COUNTRY
    return whole or (region.adcode is not None and covers(inventory.area, region.adcode))


def _together(ground: Ground, inventories: Sequence[Inventory], region: Region) -> bool:
    """Tell whether the areas of some statements hold the region between them."""
    land = ground.ground_of(tuple(sorted({one.area for one in inventories}))) if inventories else None
    # Boundaries of neighbours need not meet to the last digit: what is left over must be no land, not no area.
    return land is not None and coverage.square_km(shapely.difference(region.shape, land)) < 1e-4 * coverage.square_km(
        region.shape
    )


def state_of(
    ground: Ground, categories: Sequence[str], region: Region
) -> tuple[str, int, tuple[tuple[str, str, str, int], ...]]:
    """Say how complete the record of some kinds is in a region, how many stand there on record, and who says so.

    Parameters
    ----------
    ground, categories, region
        As in `record_of`, of which this is the part that many kinds can be asked at little cost.

    Returns
    -------
    state : str
        One of `service_map.catalogue.terms.RECORD`.
    existing : int
    sources : tuple
        As `Record.sources`.
    """
    supply = ground.supply()

    def inside(_conn: Connection) -> NDArray[np.int64]:
        rows = np.flatnonzero(coverage.in_place(supply.candidates))
        lonlat = supply.candidates.lonlat[rows]
        shapely.prepare(region.shape)
        within: NDArray[np.int64] = rows[shapely.intersects_xy(region.shape, lonlat[:, 0], lonlat[:, 1])]
        return within

    mine = region.adcode is None or ground.given is not None
    every = inside(ground.conn) if mine else ground.keep(("analysis", "stands", region.adcode), inside)
    rows = every[np.isin(supply.candidates.category[every], categories)]
    by, _ = _stated(ground, categories, region)
    state = "complete" if by is not None else "partial" if len(rows) else "none"
    return state, len(rows), _sources(supply, rows)


def stated_of(ground: Ground, categories: Sequence[str], region: Region) -> tuple[answers.Stated, ...]:
    """Give how many of some kinds plans say stand in an area and in those around it, and how many are on record there.

    Parameters
    ----------
    ground, categories, region
        As in `record_of`.

    Returns
    -------
    tuple of Stated
        The narrowest area first; none for a polygon. Figures of one kind may be parts of each other, so they never
        add up.
    """
    if region.adcode is None:
        return ()
    adcode = region.adcode

    def find(conn: Connection) -> tuple[StockFigureRecord, ...]:
        return tuple(one for one in queries.stock_figures(conn, area=adcode) if covers(one.adcode, adcode))

    figures = [one for one in ground.keep(("analysis", "stated", adcode), find) if one.category in categories]
    if not figures:
        return ()
    supply = ground.supply_of({one.category for one in figures})
    stands = coverage.in_place(supply.candidates)

    def on_record(one: StockFigureRecord) -> int:
        digits = prefix(one.adcode)
        inside = supply.code // 10 ** (9 - len(digits)) == int(digits)
        return int((stands & inside & (supply.candidates.category == one.category)).sum())

    return tuple(
        {
            "id": one.id, "area": one.adcode, "area_name": one.area_name, "category": one.category, "noun": one.noun,
            "count": one.count, "unit": one.unit, "measure": one.measure, "year": one.year,
            "cumulated": one.cumulated, "plan": one.plan, "plan_title": one.plan_title, "line": one.line,
            "on_record": on_record(one),
        }
        for one in sorted(figures, key=lambda one: -len(prefix(one.adcode)))
    )  # fmt: skip


def stated_words(ground: Ground, one: answers.Stated) -> str:
    """Say what a plan says stands; beds are no facilities, so none of them are on record.

    Parameters
    ----------
    ground
        For the language.
    one
        From `stated_of`.
    """
    say = ground.say
    when = say("（%(year)s 年末）", year=one["year"]) if one["year"] else ""
    if one["cumulated"]:
        when += say("（累计建成）")
    number, area = f"{one['count']:,}", ground.area_called(one["area"], one["area_name"])
    if one["measure"] == "places":
        return say(
            "规划写明%(area)s有%(noun)s %(number)s %(unit)s%(when)s。",
            area=area, noun=one["noun"], number=number, unit=one["unit"], when=when,
        )  # fmt: skip
    return say(
        "规划写明%(area)s有%(noun)s %(number)s %(unit)s%(when)s，本站收录 %(on_record)s 处。",
        area=area, noun=one["noun"], number=number, unit=one["unit"], when=when,
        on_record=one["on_record"],
    )  # fmt: skip


def sources_member(sources: Sequence[tuple[str, str, str, int]]) -> list[answers.Source]:
    """Write who says what stands, for an answer."""
    return [
        {"title": title, "licence": licence or None, "date": date or None, "count": count}
        for title, licence, date, count in sources
    ]


def record_of(ground: Ground, categories: Sequence[str], region: Region) -> Record:
    """Say what is on record of some kinds in a region, and whether that is all.

    Parameters
    ----------
    ground
        What the answer rests on, with the asker's word (`trusting`).
    categories
        Codes of the kinds, taken together.
    region
        Where.

    Returns
    -------
    Record
    """
    supply = ground.supply_of(categories)
    every = supply.candidates
    shapely.prepare(region.shape)
    inside = np.flatnonzero(shapely.intersects_xy(region.shape, every.lonlat[:, 0], every.lonlat[:, 1]))
    stands, placed = coverage.in_place(every), coverage.placed(every)
    open_ = ~stands & (every.status != "cancelled")
    own = inside[stands[inside]]
    by, inventories = _stated(ground, categories, region)
    near = inside[open_[inside] & placed[inside]]
    vague = supply.code[open_ & ~placed]
    within, above_it = _by_code(ground, region, vague)
    return Record(
        state="complete" if by is not None else "partial" if len(own) else "none",
        existing=len(own),
        sources=_sources(supply, own),
        stated=stated_of(ground, categories, region),
        inventories=inventories,
        by=by,
        as_recorded=ground.as_recorded and by is None,
        nearest=_nearest(ground, region, supply, np.flatnonzero(stands)),
        placed=len(near),
        wide=int(within.sum()),
        around=int(above_it.sum()),
        named=tuple(
            {"id": str(every.id[row]), "name": _name(ground, str(every.id[row])), "year": int(every.year[row]) or None}
            for row in near[:MOST_NAMED]
        ),
        ladder=None if region.adcode is None else tuple(ladder(ground, region.adcode, categories)),
    )


def _by_code(ground: Ground, region: Region, codes: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which of the areas that facilities are known to lie in the region, and which lie around it.

    The point of such a facility is a seat of government and says nothing of where it stands.
    """
    mine = [region.adcode] if region.adcode is not None else ground.counties_on(region.shape)
    within, around = np.zeros(len(codes), dtype=np.bool_), np.zeros(len(codes), dtype=np.bool_)
    for code in mine:
        digits = prefix(code)
        within |= codes // 10 ** (9 - len(digits)) == int(digits)
        around |= np.isin(codes, [int(above.ljust(9, "0")) for above in ancestors(code)])
    return within, around & ~within


def _sources(supply: Supply, rows: NDArray[np.int64]) -> tuple[tuple[str, str, str, int], ...]:
    counts = np.bincount(supply.source[rows], minlength=len(supply.sources)) if len(rows) else np.zeros(0, dtype=int)
    found = [(*supply.sources[row], int(counts[row])) for row in np.flatnonzero(counts)]
    return tuple(sorted(found, key=lambda one: (-one[3], one)))


def _nearest(ground: Ground, region: Region, supply: Supply, rows: NDArray[np.int64]) -> answers.Nearest | None:
    if not len(rows):
        return None
    start, lon, lat = _start(ground, region)
    metres, index = coverage.nearest_edge(coverage.choose(supply.candidates, rows), np.array([[lon, lat]]))
    if metres[0] > FARTHEST_M:
        return None
    name = str(supply.candidates.id[rows[index[0]]])
    return {"id": name, "name": _name(ground, name), "metres": round(float(metres[0]), 1), "from": start}


def _start(ground: Ground, region: Region) -> tuple[str, float, float]:
    if region.adcode is not None:
        area = queries.area(ground.conn, region.adcode)
        if area.lon is not None and area.lat is not None:
            return "seat", area.lon, area.lat
    middle = shapely.point_on_surface(region.shape)
    return "middle", middle.x, middle.y


def _name(ground: Ground, name: str) -> str:
    own = ground.brought.get(name)
    if own is not None:
        return own.name or ground.say("所给设施")
    return queries.facility(ground.conn, name).name


def record_member(ground: Ground, record: Record, what: str, where: str) -> answers.RecordMember:
    """Write a record for an answer: ``record``, and ``record_basis`` with what it rests on and a sentence.

    Parameters
    ----------
    ground
        For the language.
    record
        From `record_of`.
    what, where
        Names of the kind and of the region.
    """
    return {
        "record": record.state,
        "record_basis": {
            "existing": record.existing,
            "sources": sources_member(record.sources),
            "stated": list(record.stated),
            "stated_by": record.by,
            "inventories": [
                {"area": one.area, "categories": list(one.categories), "source": one.source, "date": one.date}
                for one in record.inventories
            ],
            "as_recorded": record.as_recorded,
            "nearest": record.nearest,
            "promised": {
                "placed": record.placed,
                "wide": record.wide,
                "around": record.around,
                "named": list(record.named),
            },
            "words": (" " if ground.language == "en" else "").join(record_words(ground, record, what, where)),
        },
    }


def record_words(ground: Ground, record: Record, what: str, where: str) -> list[str]:
    """Say what is on record, from whom, the nearest of it, and what is promised: a sentence each.

    Parameters
    ----------
    ground, record, what, where
        As in `record_member`.
    """
    said = existing_words(ground, record, what, where)
    said += _promised(ground, record) if record.ladder is None else ladder_words(ground, record.ladder)
    if not record.told:
        said.append(ground.say(WITHHELD))
    return said


def existing_words(ground: Ground, record: Record, what: str, where: str) -> list[str]:
    """Say what stands on record, from whom, and the nearest of it.

    Parameters
    ----------
    ground, record, what, where
        As in `record_member`.
    """
    said = [_on_record(ground, record, what, where)]
    if record.state != "complete":
        said += [stated_words(ground, one) for one in record.stated[:MOST_STATED]]
    if record.nearest is not None and record.state != "complete":
        start = record.nearest["from"]
        said.append(
            ground.say(
                "离%(start)s最近的一处在册：%(name)s，直线 %(far)s 公里。",
                start=ground.say(_STARTS[start]),
                name=record.nearest["name"],
                far=f"{record.nearest['metres'] / 1000:.1f}",
            )
        )
    elif record.nearest is None and record.state == "none":
        said.append(ground.say("%(far)s 公里以内也没有在册的。", far=f"{FARTHEST_M / 1000:g}"))
    return said


def _promised(ground: Ground, record: Record) -> list[str]:
    """Say what is promised in a polygon: what is known to the counties that it touches may lie beyond it."""
    say, both = ground.say, record.placed + record.wide
    if not both:
        return [say("规划没有提出落在这里的。")]
    said = [
        say(
            "规划提出 %(both)s 处：%(placed)s 处知道地点或乡镇，%(wide)s 处只知道在县或市。",
            both=both,
            placed=record.placed,
            wide=record.wide,
        )
    ]
    if record.around:
        said.append(say("另有 %(around)s 处只知道在上级市，是否落在这里不知道。", around=record.around))
    return said


def _on_record(ground: Ground, record: Record, what: str, where: str) -> str:
    say = ground.say
    named = say("、").join(" ".join(part for part in (title, date) if part) for title, _, date, _ in record.sources)
    count = say("%(where)s在册的现有%(what)s %(existing)s 处", where=where, what=what, existing=record.existing)
    if named:
        count += say("（%(named)s）", named=named)
    match record.by:
        case "inventory":
            by = say("、").join(f"{one.source} {one.date}" for one in record.inventories)
            return say("%(count)s，已收全：%(by)s。", count=count, by=by)
        case "question":
            return say("%(count)s，提问者说已收全。", count=count)
        case "given":
            return say("只按所给设施算：%(count)s。", count=count)
        case _ if record.state == "none":
            return say("%(count)s，没有收录。", count=count)
        case _:
            state = ground.choose(*terms.RECORD[record.state].pair)
            return say("%(count)s，%(state)s。", count=count, state=state)


def record_limits(record: Record) -> list[str]:
    """Give what an answer must say of its record among its limits."""
    if record.as_recorded:
        return [AS_RECORDED]
    return [BORDER] if record.by == "inventory" else []


def record_properties(record: Record) -> answers.OfRecord:
    """Give what each feature of an answer says of its record, so that a file cut in pieces still says it."""
    return {"record": record.state, "as_recorded": record.as_recorded}
