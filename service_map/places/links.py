"""Promised facilities that may stand already, as a list for a person to decide on, and the decisions read back.

What it means that a promised facility is an existing one depends on what the plan promises (`meaning`). A decision
becomes a report of `service_map.places.status`: ``same_as`` with the status that it means, or ``not_same``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pyproj import Geod

from service_map import io
from service_map.catalogue import categories, terms
from service_map.catalogue.adcode import county_of, covers
from service_map.errors import Fault
from service_map.io import Asked, Batch, Problem
from service_map.places.existing import is_date, load_existing, unfinished
from service_map.places.facility import Facility
from service_map.places.gazetteer import Gazetteer
from service_map.places.match import Match, match_existing
from service_map.places.planned_list import load_listed
from service_map.places.retired import load_retired
from service_map.places.status import STATUS_FILE, Said, Status, follow, load_statuses, refused
from service_map.plans import Commitment, Plan

MATCH_COLUMNS = (
    "id", "name", "area", "category", "action", "citation", "existing", "existing_name", "existing_area",
    "existing_source", "existing_date", "how", "distance_m", "status", "accept", "date", "source",
)  # fmt: skip
"""Columns of the list; ``accept``, ``date`` and ``source`` stand empty, to be filled."""

ANSWERS = {"是": True, "yes": True, "y": True, "否": False, "no": False, "n": False}
"""What ``accept`` may hold, whatever its case."""

HOW = {"same": "同名 same name", "similar": "名称相近 similar name"}
"""What a list and a report call each likeness of `Match`."""

_READ = {"id": "facility"} | {column: column for column in ("existing", "status", "accept", "date", "source")}
_FULFILS = ("new", "continue")
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What `read_matches` found.

    Attributes
    ----------
    read, blank
        Rows in the list, and those of which nobody has decided.
    statuses
        One a decision.
    problems
        By row.
    """

    read: int
    blank: int
    statuses: tuple[Status, ...]
    problems: tuple[Problem, ...]


def meaning(promised: Facility, other: Facility, starts: int | None) -> str:
    """Say which status a promised facility has when it is an existing one.

    Parameters
    ----------
    promised
        The promised facility.
    other
        The existing one, or one that a file lists as planned or being built.
    starts
        First year of the plan that promises it; None where no plan does.

    Returns
    -------
    str
        ``under_construction`` where the record or its name says so (建设中), and whatever else a file lists it as.
        ``open`` where building was promised and the record is not older than the plan. Else ``planned``: the thing
        stands, and no record tells whether it was extended, moved or renewed as promised.
    """
    if other.status != "existing":
        return other.status
    if unfinished(other.name)[1]:
        return "under_construction"
    older = starts is not None and other.status_date is not None and int(other.status_date[:4]) < starts
    return "open" if promised.action in _FULFILS and not older else "planned"


def pairs(
    promised: Iterable[Facility], gazetteer: Gazetteer, *, geodata: Path
) -> tuple[tuple[Match, ...], tuple[Match, ...]]:
    """Find which promised facilities may be existing ones, and which others that files list may be promised by a plan.

    Parameters
    ----------
    promised
        What `service_map.places.load_facilities` returned.
    gazetteer
        What `load_gazetteer` returned.
    geodata
        Folder of the tables of what exists, of what files list, and of the decisions made before.

    Returns
    -------
    matches, doubles : tuple of Match
        Without the pairs of which somebody has said that they are not the same.
    """
    facilities = list(promised)
    kinds = categories()
    listed = [
        facility
        for facility in load_listed(geodata)
        if facility.category in kinds and county_of(facility.adcode) in gazetteer.rows
    ]
    retired = load_retired(geodata / "retired.csv")
    apart = refused(follow(load_statuses(geodata / STATUS_FILE), retired))
    matches = match_existing([*facilities, *listed], load_existing(geodata), gazetteer, apart=apart)
    return tuple(matches), tuple(match_existing(facilities, listed, gazetteer, apart=apart))


def settle(facilities: Iterable[Facility], geodata: Path) -> list[Facility]:
    """Put each promised facility where the one stands that it was found to be.

    Parameters
    ----------
    facilities
        What `service_map.places.load_facilities` returned.
    geodata
        Folder of the tables of what exists and of what files list.

    Returns
    -------
    list of Facility
        In the order given. One that is to move (迁建) stays, for the record may be of its old site, and so does one
        whose place is known already.
    """
    given = list(facilities)
    wanted = {facility.same_as for facility in given if facility.same_as}
    if not wanted:
        return given
    others = {other.id: other for other in (*load_listed(geodata), *load_existing(geodata)) if other.id in wanted}
    return [_settled(facility, others.get(facility.same_as or "")) for facility in given]


def _settled(facility: Facility, other: Facility | None) -> Facility:
    if other is None or facility.action == "relocate" or facility.precision in terms.EXACT:
        return facility
    return replace(
        facility, lon=other.lon, lat=other.lat, precision=other.precision, uncertainty_m=other.uncertainty_m,
        adcode=other.adcode if covers(facility.adcode, other.adcode) else facility.adcode,
        point_source=other.point_source, point_licence=other.point_licence,
    )  # fmt: skip


def match_rows(
    matches: Iterable[Match],
    facilities: Iterable[Facility],
    *,
    commitments: Iterable[Commitment],
    plans: Mapping[str, Plan],
    gazetteer: Gazetteer,
) -> list[dict[str, str]]:
    """Give the pairs as rows of the list.

    Parameters
    ----------
    matches
        What `service_map.places.match_existing` found.
    facilities
        All that the pairs name.
    commitments, plans
        For the citations.
    gazetteer
        For the names of areas.

    Returns
    -------
    list of dict
        Columns `MATCH_COLUMNS`. ``distance_m`` is empty where the promised one is known to its county or city alone.
    """
    known = {facility.id: facility for facility in facilities}
    cited = {commitment.id: commitment for commitment in commitments}
    found = []
    for match in matches:
        promised, other = known[match.promised], known[match.existing]
        metres = ""
        if promised.precision in terms.PLACED:
            metres = f"{_GEOD.inv(promised.lon, promised.lat, other.lon, other.lat)[2]:.0f}"
        found.append(
            dict.fromkeys(MATCH_COLUMNS, "")
            | {
                "id": promised.id, "name": promised.name, "area": _area(promised, gazetteer),
                "category": promised.category, "action": promised.action,
                "citation": _citation(promised, cited, plans), "existing": other.id, "existing_name": other.name,
                "existing_area": _area(other, gazetteer), "existing_source": _source(other),
                "existing_date": other.status_date or "", "how": HOW[match.how], "distance_m": metres,
                "status": meaning(promised, other, _starts(promised, cited, plans)),
            }
        )  # fmt: skip
    return found


def read_matches(
    path: Path,
    promised: Iterable[Facility],
    others: Iterable[Facility],
    *,
    commitments: Iterable[Commitment],
    plans: Mapping[str, Plan],
    before: Iterable[Status] = (),
    columns: Mapping[str, str] | None = None,
    layer: str | None = None,
) -> Decisions:
    """Read the filled list: one decision a row.

    Parameters
    ----------
    path
        A table of one of `service_map.io.FORMS` with the columns ``id``, ``existing`` and ``accept``. An empty ``date``
        is that of the existing one's record. An empty ``source`` is that record's own where the answer is yes; who says
        no must be stated. ``status`` is what `meaning` says where it is empty.
    promised, others
        The promised facilities, and those that they may be.
    commitments, plans
        As for `match_rows`.
    before
        The reports that are kept. A decision that takes an earlier one back must be of a later date.
    columns, layer
        As `service_map.io.Asked` has them.

    Returns
    -------
    Decisions

    Raises
    ------
    InvalidParameterError
        When the file cannot be read at all, or lacks a column.
    """
    kept = tuple(before)
    desk = _Desk(
        promised={facility.id: facility for facility in promised},
        others={facility.id: facility for facility in others},
        cited={commitment.id: commitment for commitment in commitments},
        plans=plans,
        said=Said(kept),
        words=_words(kept),
        linked=_linked(kept),
    )
    read = blank = 0
    found: list[Status] = []
    problems: list[Problem] = []
    asked = Asked(layer=layer, columns=columns or {})
    for batch in io.read(path, _READ, asked, required=("id", "existing", "accept"), place=False):
        read += len(batch)
        for index in range(len(batch)):
            row = {column: batch.column(column)[index] for column in _READ}
            if not row["accept"]:
                blank += 1
                continue
            made = desk.decide(row, _complaint(batch, index))
            if isinstance(made, Problem):
                problems.append(made)
            else:
                found.append(made)
    return Decisions(read=read, blank=blank, statuses=tuple(found), problems=tuple(problems))


def _complaint(batch: Batch, index: int) -> Callable[[str, str, str], Problem]:
    return lambda column, zh, en: batch.problem(index, column, zh, en)


@dataclass(slots=True, kw_only=True)
class _Desk:
    """What is known while the rows come by; ``linked`` and ``words`` hold what was decided of each before."""

    promised: Mapping[str, Facility]
    others: Mapping[str, Facility]
    cited: Mapping[str, Commitment]
    plans: Mapping[str, Plan]
    said: Said
    words: dict[tuple[str, str], tuple[str, bool]]
    linked: dict[str, str]

    def decide(self, row: Mapping[str, str], complain: Callable[[str, str, str], Problem]) -> Status | Problem:
        """Make the report of one row that has an answer."""
        fault = self._fault(row)
        if fault is not None:
            return complain(*fault)
        promised, other = self.promised[row["id"]], self.others[row["existing"]]
        same = ANSWERS[row["accept"].casefold()]
        date = row["date"] or other.status_date or ""
        if same:
            status = row["status"] or meaning(promised, other, _starts(promised, self.cited, self.plans))
            made = Status(
                facility=promised.id, date=date, status=status, source=row["source"] or _source(other),
                same_as=other.id,
            )  # fmt: skip
        else:
            made = Status(facility=promised.id, date=date, status="", source=row["source"], not_same=other.id)
        contradiction = self._contradiction(made, other.id, same=same) or self.said.contradicted(made)
        if contradiction is not None:
            return complain(*contradiction)
        self.said.add(made)
        self.words[promised.id, other.id] = (date, same)
        if same:
            self.linked[promised.id] = other.id
        elif self.linked.get(promised.id) == other.id:
            del self.linked[promised.id]
        return made

    def _fault(self, row: Mapping[str, str]) -> tuple[str, str, str] | None:
        answer = ANSWERS.get(row["accept"].casefold())
        other = self.others.get(row["existing"])
        given = row["date"] or (other.status_date if other is not None else None) or ""
        checks = (
            ("id", row["id"] in self.promised,
             *Fault(f"没有这个规划设施：{row['id']!r}", f"no such promised facility: {row['id']!r}")),
            ("existing", other is not None,
             *Fault(f"没有这个现状设施：{row['existing']!r}", f"no such existing facility: {row['existing']!r}")),
            ("accept", answer is not None,
             *Fault(f"应为 {'、'.join(ANSWERS)} 之一，现为 {row['accept'][:20]!r}",
                    f"must be one of {', '.join(ANSWERS)}, not {row['accept'][:20]!r}")),
            ("status", not answer or not row["status"] or row["status"] in terms.REPORTED,
             *Fault(f"应为 {'、'.join(terms.REPORTED)} 之一", f"must be one of {', '.join(terms.REPORTED)}")),
            ("date", is_date(given),
             *Fault("应为 YYYY、YYYY-MM 或 YYYY-MM-DD", "must be YYYY, YYYY-MM or YYYY-MM-DD")),
            ("source", answer is not False or bool(row["source"]),
             *Fault("应说明是谁判断的", "must say who says so")),
        )  # fmt: skip
        return next(((column, zh, en) for column, fine, zh, en in checks if not fine), None)

    def _contradiction(self, made: Status, other: str, *, same: bool) -> tuple[str, str, str] | None:
        date, before = self.words.get((made.facility, other), ("", same))
        if before is not same and made.date <= date:
            return (
                "date",
                *Fault(f"{date} 的记录说的相反；要改，请给更晚的日期",
                       f"a report of {date} says the opposite; a later date takes it back"),
            )  # fmt: skip
        holder = self.linked.get(made.facility)
        if same and holder not in (None, other):
            return (
                "existing",
                *Fault(f"已认作 {holder}；先对那一处填“否”", f"it is {holder} already; answer no to that one first"),
            )  # fmt: skip
        return None


def _words(kept: Iterable[Status]) -> dict[tuple[str, str], tuple[str, bool]]:
    """Give the latest word on each pair: its date, and whether they are the same."""
    found = {}
    for status in sorted(kept):
        for other, same in ((status.same_as, True), (status.not_same, False)):
            if other:
                found[status.facility, other] = (status.date, same)
    return found


def _linked(kept: Iterable[Status]) -> dict[str, str]:
    statuses = sorted(kept)
    apart = refused(statuses)
    return {
        status.facility: status.same_as
        for status in statuses
        if status.same_as and (status.facility, status.same_as) not in apart
    }


def _starts(facility: Facility, cited: Mapping[str, Commitment], plans: Mapping[str, Plan]) -> int | None:
    first = next((cited[name] for name in facility.commitments if name in cited), None)
    return plans[first.plan].period[0] if first is not None and first.plan in plans else None


def _citation(facility: Facility, cited: Mapping[str, Commitment], plans: Mapping[str, Plan]) -> str:
    first = next((cited[name] for name in facility.commitments if name in cited), None)
    if first is None or first.plan not in plans:
        return f"{facility.source_title or ''} 第 {facility.source_row} 行" if facility.source_row else ""
    return " ".join(part for part in (plans[first.plan].title, first.section, f"第 {first.line} 行") if part)


def _source(facility: Facility) -> str:
    return f"{facility.point_source}（{facility.point_licence}）"


def _area(facility: Facility, gazetteer: Gazetteer) -> str:
    row = gazetteer.rows.get(facility.adcode) or gazetteer.rows.get(county_of(facility.adcode))
    return facility.adcode if row is None else row.name
