"""Ids that were published and stand no more: where each went, so that no link to it ends in nothing.

``geodata/released.csv`` (`service_map.places.releases`) lists what the last release published: facilities, requirements
and quotas. When a later edition of the extractor no longer makes one of them, `retire` writes it into
``geodata/retired.csv``: with a successor where another of its sort now holds the passage that promised it; for a
facility that was none, with the requirement or the quota that its passage really is; without one where no plan promises
it. Ids that were never released are nobody's links and leave no trace. An id rests on what the thing is, so it can come
back, but never as another thing.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date
from pathlib import Path

from service_map.catalogue import csvfile, terms
from service_map.catalogue.adcode import county_of, covers, related
from service_map.errors import GeodataError
from service_map.places.facility import Facility
from service_map.places.promises import Promise, Requirement
from service_map.places.releases import Released, passages
from service_map.plans import Commitment

RETIRED_COLUMNS = ("id", "successor", "date", "reason", "area", "name", "category")

MERGED, RULE, QUOTA, INTENT, DROPPED = terms.REASON.codes
"""Reasons: another is the same thing; what stood there is a requirement, a quota or an intention and no facility; or no
plan's text promises it any more."""

_SORTS = {"f": MERGED, "r": RULE, "q": QUOTA}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """One id that stands no more.

    Attributes
    ----------
    id
        Of a facility (``f``), a requirement (``r``) or a quota (``q``).
    successor
        Id of what it is now, which may be of another sort, or "".
    date
        When it went, ``YYYY-MM-DD``.
    reason
        One of `service_map.catalogue.terms.REASON`.
    area, name, category
        Where it stood and what it was, so that its page can say so whatever is released since.
    """

    id: str
    successor: str
    date: str
    reason: str
    area: str = ""
    name: str = ""
    category: str = ""


def retire(
    before: Iterable[Released],
    now: Iterable[Facility | Promise],
    known: Iterable[Retired],
    *,
    intents: Iterable[Commitment] = (),
    today: date,
) -> list[Retired]:
    """Find where the ids of the last release went.

    Parameters
    ----------
    before
        What the last release published.
    now
        The facilities, requirements and quotas of today.
    known
        Those that had gone already.
    intents
        Commitments that are intentions only.
    today
        The date that newly retired ids get.

    Returns
    -------
    list of Retired
        By id: those known but for ids that have come back, and the new ones. A successor that has gone itself is
        replaced by its own successor.
    """
    present = {item.id: item for item in now}
    holders: dict[str, list[Facility | Promise]] = {}
    for item in present.values():
        for passage in passages(item.commitments):
            holders.setdefault(passage, []).append(item)
    wished = {(passage, intent.category) for intent in intents for passage in passages((intent.id,))}
    found = {entry.id: entry for entry in known if entry.id not in present}
    for old in before:
        if old.id in present:
            continue
        heir = _heir(old, holders)
        if heir == "" and old.id in found and found[old.id].successor:
            found[old.id] = replace(found[old.id], area=old.adcode, name=old.name, category=old.category)
            continue
        reason = _reason(old.id, heir, hoped=any((passage, old.category) in wished for passage in old.passages))
        since = found[old.id].date if old.id in found else today.isoformat()
        found[old.id] = Retired(
            id=old.id, successor=heir, date=since, reason=reason, area=old.adcode, name=old.name, category=old.category
        )
    return sorted((_followed(entry, found, present) for entry in found.values()), key=lambda entry: entry.id)


def _reason(old: str, heir: str, *, hoped: bool = False) -> str:
    if not heir:
        return INTENT if hoped else DROPPED
    return MERGED if heir[0] == old[0] else _SORTS[heir[0]]


def _heir(old: Released, holders: Mapping[str, list[Facility | Promise]]) -> str:
    """Choose what holds most of the passages, of its own sort before another: a line may promise several things."""
    shared: Counter[str] = Counter()
    items: dict[str, Facility | Promise] = {}
    for passage in old.passages:
        for item in holders.get(passage, ()):
            if item.category == old.category and related(item.adcode, old.adcode):
                items[item.id] = item
                shared[item.id] += 1
    near = {name for name, item in items.items() if covers(county_of(old.adcode), item.adcode)}
    own, others = old.id[0], sorted(_SORTS.keys() - {old.id[0]}, reverse=True)
    # What a county had is the county's still; the city's own of the kind is another thing, unless nothing else is left.
    for sort, among in ((own, near), *((other, shared.keys()) for other in others), (own, shared.keys())):
        best = [name for name in sorted(among) if name[0] == sort]
        most = max((shared[name] for name in best), default=0)
        best = [name for name in best if shared[name] == most]
        if best and sort == "r" and own != "r":
            # What stood once in every county was made by the rule for counties, if any there is.
            return _of_counties([items[name] for name in best]) or best[0]
        # Two that hold as much of it are no answer: a reader sent to the wrong one of them would not notice.
        if len(best) == 1:
            return best[0]
    return ""


def _of_counties(rules: Sequence[Facility | Promise]) -> str:
    return next((item.id for item in rules if isinstance(item, Requirement) and item.per in ("county", "district")), "")


def _followed(entry: Retired, found: Mapping[str, Retired], present: Mapping[str, Facility | Promise]) -> Retired:
    successor, seen = entry.successor, {entry.id}
    while successor and successor not in present:
        following = found.get(successor)
        if following is None or successor in seen:
            successor = ""
        else:
            seen.add(successor)
            successor = following.successor
    if successor == entry.successor:
        return entry
    return replace(entry, successor=successor, reason=_reason(entry.id, successor))


def load_retired(path: Path) -> list[Retired]:
    """Read ``retired.csv``; a missing one holds none.

    Raises
    ------
    GeodataError
        When the file cannot be read or a row is wrong; the message names the row, counting the heading as row 1.
    """
    found = []
    for number, row in _read(path):
        entry = Retired(**row)
        fine = _is_id(entry.id) and (not entry.successor or _is_id(entry.successor)) and entry.id != entry.successor
        if fine:
            fine = entry.reason == _reason(entry.id, entry.successor, hoped=entry.reason == INTENT)
            fine = fine and (entry.area.isdigit() or (not entry.area and entry.reason not in (RULE, QUOTA)))
        if not fine or not _is_day(entry.date):
            raise GeodataError(f"{path} 第 {number} 行写法不对", f"{path}, row {number} is malformed")
        found.append(entry)
    return found


def write_retired(path: Path, entries: Iterable[Retired]) -> None:
    """Write ``retired.csv``, by id; replaced as a whole."""
    csvfile.write(
        path, RETIRED_COLUMNS,
        sorted(astuple(entry) for entry in entries),
    )  # fmt: skip


def _is_id(text: str) -> bool:
    return re.fullmatch(r"[frq][0-9a-f]{12}", text) is not None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _read(path: Path) -> list[tuple[int, dict[str, str]]]:
    if not path.exists():
        return []
    return [
        (number, dict.fromkeys(RETIRED_COLUMNS, "") | dict(zip(RETIRED_COLUMNS, row, strict=False)))
        for number, row in csvfile.rows(path, RETIRED_COLUMNS, later=2)
    ]
