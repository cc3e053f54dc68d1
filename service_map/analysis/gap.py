"""The gaps of an area in pieces: what nothing covers, who lives there, and how many more it needs at least."""

from collections.abc import Mapping, Sequence

import numpy as np
import shapely

from service_map import coverage
from service_map.analysis import answers
from service_map.analysis.answer_form import Feature, Report, percent, share
from service_map.analysis.area_coverage import (
    kinds,
    limits,
    living,
    served,
    what_of,
    where,
    zones_member,
    zones_said,
)
from service_map.analysis.context import Ground, Region, choose
from service_map.analysis.record import (
    AS_RECORDED,
    HOW,
    Record,
    record_member,
    record_of,
    record_properties,
)
from service_map.analysis.stock import (
    border_of,
    count_reaching,
    cut_by,
    farthest,
    measured_from,
    possible_cut,
    stand,
)
from service_map.analysis.threshold import Reach, reach_member
from service_map.analysis.zones import zones_of
from service_map.catalogue import terms
from service_map.catalogue.messages import message
from service_map.coverage import Demand

_BY = {"people": message("按人口"), "land": message("按面积")}
_NOT_ADDED = message("各块至少要几处是分别算的，一处可能同时服务相邻两块，不能相加")


def gap_pieces(
    ground: Ground,
    asked: Reach,
    region: Region,
    *,
    year: int | None = None,
    demand: Demand | None = None,
    least_km2: float = 0.01,
    limit: int = 100,
    zones: bool = False,
    by: str | None = None,
) -> Report:
    """Give the pieces of an area that nothing covers, the one that most people live in first.

    Parameters
    ----------
    ground, asked, region, year, demand
        As in `covered_share`.
    least_km2
        Smallest piece without people that is listed.
    limit
        Most pieces listed.
    zones
        Give three more features: what is covered wherever within its uncertainty each facility stands (``certain``),
        what none can cover wherever it stands (``gap``), and what lies between (``uncertain``).
    by
        What the gap is cut by, one of `service_map.catalogue.terms.CUT_BY`; None takes townships where their boundaries
        are known, else H3 cells about as large as a service circle.

    Returns
    -------
    Report
        A feature a piece, as the facilities are located, ranked by people, where none are given by homes on record,
        else by land; ``people`` is None where no people are given.
        ``people_certain`` and ``certain_km2`` are the part of the piece that no facility can cover. The figures of the
        three zones stand in the summary in any case.

    Raises
    ------
    InvalidParameterError
        As in `covered_share`, and when there is no such `by`.
    UnanswerableError
        When the data has nothing to cut by.
    """
    people = living(demand, region)
    stock = stand(ground, asked, year)
    record = record_of(ground, asked.categories, region)
    measured = measured_from(ground, asked, region, choose(stock.supply, stock.does))
    summary: answers.Gaps = {
        **where(region),
        **reach_member(ground, asked),
        **record_member(ground, record, kinds(ground, asked), region.name),
        "year": year,
        "facilities": count_reaching(asked, region, stock.located),
        "area_km2": round(coverage.square_km(region.shape), 4),
        "gap_km2": None,
        "gap_share": None,
        "people_total": None if people is None else round(people.total, 1),
        "people_in_gaps": None,
        "basis": None if people is None else ground.say(people.told),
        "pieces": None,
        "by": None,
        "h3_resolution": None,
        "ranked_by": None,
        "numberReturned": 0,
        "zones": None,
        "measured_from": measured,
        "promised": None if record.ladder is None else list(record.ladder),
        "limits": limits(ground, asked, region, record, measured, year=year, demand=people),
        "data_version": ground.data_version(),
    }
    if not record.told:
        said = (what_of(ground, asked, region), summary["record_basis"]["words"], ground.say(HOW), *summary["limits"])
        return Report(kind="gaps", summary=summary, features=(), lines=said)
    by, parts = zones_of(ground, asked, region, by)
    candidates = stock.supply.candidates
    sure = coverage.choose(candidates, stock.does)
    cut = cut_by(region.shape, asked, coverage.choose(stock.supply.candidates, stock.does))
    certain = cut_by(region.shape, asked, sure, grow=-1) if sure.uncertainty_m.any() else cut
    border = border_of(ground, asked, region, record)
    possible = possible_cut(region.shape, asked, stock, border)
    found = None if people is None else served(asked, stock, people, year, border)
    homes = np.array([(home.lon, home.lat) for home in ground.homes_in(region.shape)], dtype=np.float64)
    pieces = coverage.rank(
        cut, coverage.lay_out(stock.located).lonlat, demand=people, least_km2=least_km2, zones=parts,
        homes=homes if len(homes) else None, widest=farthest(asked),
    )  # fmt: skip
    shown = pieces[:limit]
    never = _never(shown, possible, people, found)
    parted = zones_member(cut, certain.share, possible.share, people, found)
    summary |= {
        "gap_km2": round(cut.gap_km2, 4),
        "gap_share": share(1 - cut.share),
        "people_in_gaps": None if people is None else round(sum(piece.people or 0.0 for piece in pieces), 1),
        "pieces": len(pieces),
        "by": by,
        "h3_resolution": parts.resolution,
        "ranked_by": pieces[0].ranked_by[0] if pieces else None,
        "numberReturned": len(shown),
        "zones": parted,
    }
    features = tuple(
        Feature(
            id=f"gap-{number}",
            geometry=piece.polygon,
            properties={
                "rank": piece.rank,
                "zone": None,
                "name": piece.name,
                **record_properties(record),
                "area_km2": round(piece.km2, 4),
                "certain_km2": round(min(never[number - 1][0], piece.km2), 4),
                "people_certain": None if piece.people is None else round(never[number - 1][1], 1),
                "people": None if piece.people is None else round(piece.people, 1),
                "groups": {name: round(of, 1) for name, of in piece.groups.items()},
                "homes": piece.homes,
                # What is not on record may serve already: nobody knows how many more it takes.
                "needs_at_least": None if record.as_recorded else piece.needs,
                "needs_by": None if record.as_recorded else piece.needs_by,
                "nearest_m": None if piece.metres is None else round(piece.metres, 1),
                "lon": round(piece.lon, 7),
                "lat": round(piece.lat, 7),
            },
        )
        for number, piece in enumerate(shown, 1)
    )
    if zones:
        features += _zone_features(parted, certain, possible, record)
    what, cut_how = what_of(ground, asked, region), ground.choose(*terms.CUT_BY[by].pair)
    lines = [
        summary["record_basis"]["words"],
        *([ground.say(AS_RECORDED)] if record.as_recorded else []),
        ground.say(
            "%(what)s：缺口 %(gap_km2)s km²（%(value)s），%(cut_how)s %(pieces)s 块",
            what=what,
            gap_km2=f"{cut.gap_km2:.2f}",
            value=percent(1 - cut.share),
            cut_how=cut_how,
            pieces=len(pieces),
        ),
        *(_first_said(ground, pieces[0]) if pieces and not record.as_recorded else ()),
    ]
    if people is not None:
        inside = summary["people_in_gaps"]
        lines.append(ground.say("缺口内 %(inside)s 人", inside=f"{inside:.0f}"))
        lines.append(ground.say(people.told))
    lines.append(zones_said(ground, parted))
    return Report(kind="gaps", summary=summary, features=features, lines=(*lines, *summary["limits"]))


def _first_said(ground: Ground, piece: coverage.Gap) -> tuple[str, ...]:
    name, least = piece.name or "", piece.needs
    by = ground.say(_BY[piece.needs_by])
    return (
        ground.say(
            "排第一的 %(name)s %(km2)s km²，%(by)s至少还要 %(least)s 处才够",
            name=name,
            km2=f"{piece.km2:.2f}",
            by=by,
            least=least,
        ),
        ground.say(_NOT_ADDED),
    )


def _zone_features(
    zones: Mapping[str, answers.Zone], certain: coverage.Coverage, possible: coverage.Coverage, record: Record
) -> tuple[Feature, ...]:
    between = shapely.difference(possible.covered, certain.covered)
    shapes = {
        "certain": certain.covered,
        "uncertain": coverage.surface(between),
        "gap": possible.gap,
    }
    features = []
    for name, geometry in shapes.items():
        inside = None if geometry.is_empty else shapely.point_on_surface(geometry)
        features.append(
            Feature(
                id=f"zone-{name}",
                geometry=geometry,
                properties={
                    "rank": None,
                    "zone": name,
                    "name": None,
                    **record_properties(record),
                    "area_km2": zones[name]["km2"],
                    "certain_km2": None,
                    "people_certain": None,
                    "people": zones[name]["people"],
                    "groups": zones[name]["groups"],
                    **dict.fromkeys(("homes", "needs_at_least", "needs_by")),
                    "nearest_m": None,
                    "lon": None if inside is None else round(inside.x, 7),
                    "lat": None if inside is None else round(inside.y, 7),
                },
            )
        )
    return tuple(features)


def _never(
    pieces: Sequence[coverage.Gap], possible: coverage.Coverage, demand: Demand | None, found: coverage.Served | None
) -> list[tuple[float, float]]:
    """Square kilometres and people of each piece that no facility can cover, wherever it stands."""
    shapes = np.array([piece.polygon for piece in pieces], dtype=object)
    if not len(shapes):
        return []
    lands = [coverage.square_km(part) for part in shapely.intersection(shapes, possible.gap)]
    if demand is None or found is None:
        return [(land, 0.0) for land in lands]
    rows = np.flatnonzero(~found.possible)
    point, piece = shapely.STRtree(shapes).query(shapely.points(demand.lonlat[rows]), predicate="intersects")
    _, first = np.unique(point, return_index=True)
    held = np.bincount(piece[first], demand.amount[rows][point[first]], minlength=len(shapes))
    return list(zip(lands, held.tolist(), strict=True))
