"""Plans that follow plans: which promise of a plan is which promise of the plans before it.

Each plan is read by itself first; what it promises is then held against what the plans that it follows promised, by the
rules below, the first that finds anything. One candidate is the same thing, several are a doubt:

1. one name in one county, to one family of facility; or one kind in one area, where nothing is named
2. the same where the new text leaves out the county (绵山敬老院 for that of 灵石县)
3. a thing of which the new text says only the kind (续建殡仪馆, 取消殡仪馆1座), where the area has such things
4. names that differ in one letter, or in some that one has more: always a doubt

Where both agree in noun and number they are taken together before others. A doubtful promise is none of its own until
somebody decides by a correction that names its place or its number, so that nothing is promised twice.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from service_map.catalogue import categories
from service_map.catalogue.adcode import county_of, covers, related
from service_map.places.facility import Facility
from service_map.places.gazetteer import Gazetteer
from service_map.places.locate import BEFORE, TELLING, locate, locate_commitment, plain_name
from service_map.places.promises import Promise, Quota, Requirement, quotas, requirements
from service_map.places.status import Status
from service_map.plans import Commitment, Plan, before

_ALREADY = ("continue", "cancel")
_FEWEST_LETTERS = 4
_T = TypeVar("_T", bound=Facility | Promise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """What `follow_plans` found.

    Attributes
    ----------
    commitments
        To be located and counted: those that are an earlier plan's promise repeat its commitment; those that are
        doubtful are left out.
    cancelled
        Commitments that take something back, each with the commitment that promised it.
    doubts
        Commitments of which nobody can tell whether they are an earlier plan's promise, each with the commitments that
        they may be; none for one that takes back what no earlier plan promises.
    """

    commitments: tuple[Commitment, ...]
    cancelled: Mapping[str, str]
    doubts: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Thing:
    """One thing that one plan promises or takes back, with all its commitments in that plan."""

    sort: str
    category: str
    family: str
    adcode: str
    plain: str  # the name that tells it apart in its county; empty where it is called by its kind
    generic: bool  # the name says no more than what kind of thing it is
    whose: bool  # the name says whose it is (市中医院)
    noun: str | None
    count: float | None
    year: int | None
    per: str | None
    part: bool
    lead: Commitment
    commitments: tuple[str, ...]
    cancels: bool


def follow_plans(commitments: Iterable[Commitment], plans: Mapping[str, Plan], gazetteer: Gazetteer) -> Succession:
    """Find which promises of plans that follow others are the others' promises.

    Parameters
    ----------
    commitments
        Of all plans, in any order.
    plans
        What `service_map.plans.load_plans` returned.
    gazetteer
        What `load_gazetteer` returned.

    Returns
    -------
    Succession
        Where no plan follows another the commitments as they were given.

    Raises
    ------
    GeodataError
        When a commitment's plan or category is not known.
    """
    every = tuple(commitments)
    of_plan: dict[str, list[Commitment]] = {}
    for commitment in sorted(every, key=lambda item: (item.plan, item.line, item.id)):
        of_plan.setdefault(commitment.plan, []).append(commitment)
    followers = [name for name in plans if plans[name].succeeds and name in of_plan]
    if not followers:
        return Succession(commitments=every, cancelled={}, doubts={})
    desk = _Desk(plans=plans, gazetteer=gazetteer, of_plan=of_plan)
    # A plan after those that it follows: what those say is settled by then.
    for name in sorted(followers, key=lambda name: (len(before(name, plans)), name)):
        desk.match(name)
    return Succession(
        commitments=tuple(
            desk.read_as.get(item.id, item) for item in every if item.id not in desk.doubts or item.action == "cancel"
        ),
        cancelled=desk.cancelled,
        doubts=desk.doubts,
    )


def without_place(
    succession: Succession, facilities: Iterable[Facility], plans: Mapping[str, Plan], gazetteer: Gazetteer
) -> tuple[list[Requirement], list[Quota]]:
    """Give the requirements and quotas of plans that may follow each other, with what takes them back.

    Parameters
    ----------
    succession, plans, gazetteer
        As `follow_plans` gave and took them.
    facilities
        As `service_map.places.locate` made them of the commitments of `succession`.
    """
    rules = requirements(succession.commitments, plans, gazetteer)
    numbers = quotas(succession.commitments, facilities, plans, gazetteer)
    return with_cancels(rules, succession, plans), with_cancels(numbers, succession, plans)


def with_cancels(items: Iterable[_T], succession: Succession, plans: Mapping[str, Plan]) -> list[_T]:
    """Add to what was promised the citations of what takes it back.

    Parameters
    ----------
    items
        Facilities, requirements or quotas, made of the commitments of `succession`.
    succession, plans
        As `follow_plans` gave and took them.

    Returns
    -------
    list
        In the order given. Requirements and quotas that are taken back say by which plan; facilities have a report of
        it (`cancel_reports`).
    """
    found = []
    for item in items:
        takes = _taking(item, succession, plans)
        if takes:
            item = replace(item, commitments=(*item.commitments, *takes))  # noqa: PLW2901 -- the same thing
            if isinstance(item, Promise):
                item = replace(item, cancelled_by=_plan_of(takes[-1]))  # noqa: PLW2901 -- as above
        found.append(item)
    return found


def cancel_reports(
    items: Iterable[Facility | Promise], succession: Succession, plans: Mapping[str, Plan]
) -> list[Status]:
    """Give a report of its being cancelled for each facility and each number of things that a plan takes back.

    Parameters
    ----------
    items, succession, plans
        As for `with_cancels`.

    Returns
    -------
    list of Status
        Of the plan's day, or of the first year of its term where no day is known. A draft takes nothing back, and what
        a later plan promises again is not taken back either.
    """
    found = []
    for item in items:
        count = item.count if isinstance(item, Quota) else None
        if isinstance(item, Facility) or count is not None:
            for plan in (plans[_plan_of(name)] for name in _taking(item, succession, plans)):
                since = plan.date or str(plan.period[0])
                found.append(
                    Status(facility=item.id, date=since, status="cancelled", source=plan.title, count=count)
                )  # fmt: skip
    return found


def _taking(item: Facility | Promise, succession: Succession, plans: Mapping[str, Plan]) -> list[str]:
    """Give the commitments that take a thing back, those of drafts and those overtaken by a later plan left out."""
    promised = {_plan_of(name) for name in item.commitments if name not in succession.cancelled}
    return [
        name
        for name, old in succession.cancelled.items()
        if old in item.commitments
        and plans[_plan_of(name)].kind != "draft"
        and not any(_plan_of(name) in before(one, plans) and plans[one].kind != "draft" for one in promised)
    ]


def _plan_of(commitment: str) -> str:
    return commitment.rsplit("-", 2)[0]


class _Desk:
    """What is known while one plan after another is held against those before it."""

    def __init__(
        self, *, plans: Mapping[str, Plan], gazetteer: Gazetteer, of_plan: Mapping[str, Sequence[Commitment]]
    ) -> None:
        self._plans, self._gazetteer, self._of_plan = plans, gazetteer, of_plan
        self._things: dict[str, list[_Thing]] = {}
        self._root: dict[str, str] = {}
        self.read_as: dict[str, Commitment] = {}
        self.cancelled: dict[str, str] = {}
        self.doubts: dict[str, tuple[str, ...]] = {}

    def match(self, name: str) -> None:
        """Match what one plan promises with what those before it do."""
        pool = [
            thing for former in before(name, self._plans) for thing in self._of(former)
            if not thing.cancels and thing.lead.id not in self.doubts
        ]  # fmt: skip
        taken: set[str] = set()
        own = self._of(name)
        open_ = list(own)
        for rule in _RULES:
            for exactly in (True, False):
                for thing in list(open_):
                    fitting = [
                        old for old in pool
                        if rule(thing, old) and self._root_of(old) not in taken
                        and (not exactly or (thing.noun == old.noun and thing.count == old.count))
                    ]  # fmt: skip
                    found = {self._root_of(old): old for old in reversed(_narrowed(thing, fitting))}
                    if not found:
                        continue
                    open_.remove(thing)
                    root, old = next(iter(found.items()))
                    if len(found) > 1 or _is_vague(thing, old, rule):
                        self._doubt(thing, found.values())
                        continue
                    if thing.cancels:
                        self.cancelled.update(dict.fromkeys(thing.commitments, old.lead.id))
                    else:
                        taken.add(root)
                        self._same(thing, old, root)
        for thing in open_:
            if thing.cancels:
                self._doubt(thing, ())

    def _root_of(self, thing: _Thing) -> str:
        return self._root.get(thing.lead.id, thing.lead.id)

    def _doubt(self, thing: _Thing, candidates: Iterable[_Thing]) -> None:
        self.doubts.update(dict.fromkeys(thing.commitments, tuple(sorted(old.lead.id for old in candidates))))

    def _same(self, thing: _Thing, old: _Thing, root: str) -> None:
        self._root[thing.lead.id] = root
        first = self.read_as.get(old.lead.id, old.lead)
        part = self._plans[thing.lead.plan].kind == "yearly" and thing.count != old.count and old.sort == "quota"
        for name in thing.commitments:
            made = self._commitment(name)
            if thing.sort != old.sort or (thing.adcode != old.adcode and covers(thing.adcode, old.adcode)):
                made = replace(made, place=first.place, place_level=first.place_level)
            if thing.sort != old.sort:
                made = replace(
                    made, kind=first.kind, per=first.per, name=first.name if first.kind == "site" else None,
                    count=first.count if made.count is None else made.count, unit=made.unit or first.unit,
                )  # fmt: skip
            if made.name is not None and first.name is not None and BEFORE.sub("", made.name) == first.name:
                made = replace(made, name=first.name)
            if part:
                made = replace(made, part_of=old.lead.id)
            elif name == thing.lead.id:
                made = replace(made, repeats=old.lead.id)
            self.read_as[name] = made

    def _commitment(self, name: str) -> Commitment:
        return next(item for item in self._of_plan[_plan_of(name)] if item.id == name)

    def _of(self, name: str) -> list[_Thing]:
        if name not in self._things:
            given = self._of_plan.get(name, ())
            takes = [replace(item, action="unspecified") for item in given if item.action == "cancel"]
            promises = [item for item in given if item.action != "cancel"]
            self._things[name] = [*self._read(promises, cancels=False), *self._read(takes, cancels=True)]
        return self._things[name]

    def _read(self, commitments: Sequence[Commitment], *, cancels: bool) -> Iterator[_Thing]:
        """Give what some commitments of one plan promise, each thing once."""
        facilities = locate(commitments, self._plans, self._gazetteer)
        numbers = quotas(commitments, facilities, self._plans, self._gazetteer)
        rules = requirements(commitments, self._plans, self._gazetteer)
        by_id = {item.id: item for item in commitments}
        items: list[tuple[str, Facility | Promise]] = [
            *(("facility", item) for item in facilities),
            *(("quota", item) for item in numbers),
            *(("requirement", item) for item in rules),
        ]
        for sort, item in items:
            lead = by_id[item.commitments[0]]
            yield self._thing(sort, lead, item.adcode, item.commitments, item, cancels=cancels)
        for one in commitments:
            if one.kind == "intent" and (cancels or one.action in _ALREADY):
                where, _ = locate_commitment(one, self._plans, self._gazetteer)
                yield self._thing("intent", one, where.adcode, (one.id,), None, cancels=cancels)

    def _thing(
        self,
        sort: str,
        lead: Commitment,
        adcode: str,
        commitments: tuple[str, ...],
        item: Facility | Promise | None,
        *,
        cancels: bool,
    ) -> _Thing:
        kind = categories()[lead.category]
        given = lead.name if lead.kind == "site" else None
        plain = plain_name(given, adcode, self._gazetteer) if given else ""
        whose = bool(plain) and not BEFORE.sub("", given or "").startswith(plain)
        generic = plain in kind.words or len(plain) < _FEWEST_LETTERS
        count = item.count if item is not None else lead.count
        return _Thing(
            sort=sort, category=lead.category, family=kind.family, adcode=adcode,
            plain="" if plain == kind.zh or plain in kind.words else plain, generic=generic, whose=whose,
            noun=lead.noun, count=count, year=lead.year, per=item.per if isinstance(item, Requirement) else None,
            part=isinstance(item, Quota) and item.part_of is not None, lead=lead, commitments=commitments,
            cancels=cancels,
        )  # fmt: skip


# --- the rules --------------------------------------------------------------------------------------------------------


def _named_alike(new: _Thing, old: _Thing) -> bool:
    """Rule 1, named: one name in one county; of a general name (中心幼儿园) in one township."""
    return (
        new.plain != "" and (new.plain, new.family) == (old.plain, old.family)
        and county_of(new.adcode) == county_of(old.adcode)
        and (not new.generic or related(new.adcode, old.adcode))
    )  # fmt: skip


def _of_one_kind(new: _Thing, old: _Thing) -> bool:
    """Rule 1, not named: one kind in one area."""
    sorts = {new.sort, old.sort}
    return (
        new.plain == old.plain == "" and new.adcode == old.adcode and _nouns_agree(new, old) and new.per == old.per
        and (sorts in ({"facility"}, {"requirement"}, {"quota"}) or _both_number(new, old))
        and not ((new.part or old.part) and (new.noun != old.noun or new.year is not None or old.year is not None))
    )  # fmt: skip


def _both_number(new: _Thing, old: _Thing) -> bool:
    """Say whether one of the two is a number allotted to a place, and the other a number for that place."""
    if (new.sort, old.sort) == ("quota", "facility"):
        return old.lead.kind == "allotment" or new.count in (None, 1)
    # A site is named by the new text: of an earlier number it may be a part.
    return (new.sort, old.sort) == ("facility", "quota") and new.lead.kind == "allotment"


def _named_without_county(new: _Thing, old: _Thing) -> bool:
    """Rule 2: one name, and one of the texts leaves out the county."""
    return (
        new.plain != "" and (new.plain, new.family) == (old.plain, old.family)
        and county_of(new.adcode) != county_of(old.adcode) and _may_be_there(new, old)
    )  # fmt: skip


def _may_be_there(new: _Thing, old: _Thing) -> bool:
    """Say whether one's area holds the other's, and its name does not say that it is that area's own (市中医院)."""
    if county_of(new.adcode) == county_of(old.adcode):
        return True
    return any(
        covers(county_of(wide.adcode), county_of(narrow.adcode)) and not wide.whose
        for wide, narrow in ((new, old), (old, new))
    )


def _kind_without_county(new: _Thing, old: _Thing) -> bool:
    """Rule 3: the new text says the kind alone, and the area has such a thing."""
    one = new.count in (None, 1) or new.count == old.count
    return (
        new.plain == "" and old.sort == "facility" and not new.whose and new.sort != "requirement" and not new.part
        and covers(new.adcode, old.adcode) and _nouns_agree(new, old) and one
        and (new.sort == "facility" or new.cancels or new.lead.action in _ALREADY or new.count == 1)
        and (new.adcode != old.adcode or new.sort == "intent" or new.cancels or old.plain != "")
    )  # fmt: skip


def _nearly_named(new: _Thing, old: _Thing) -> bool:
    """Rule 4: names that differ in one letter, or in one run of letters more, none of which tells two things apart."""
    shorter, longer = sorted((new.plain, old.plain), key=len)
    if new.category != old.category or len(shorter) < _FEWEST_LETTERS or new.generic or old.generic:
        return False
    if not _may_be_there(new, old):
        return False
    if len(shorter) == len(longer):
        apart = {letter for pair in zip(shorter, longer, strict=True) if pair[0] != pair[1] for letter in pair}
        return len(apart) == len("一字") and not apart & TELLING
    # The longer is the shorter with one run of letters more, wherever it stands.
    pairs = zip(shorter, longer, strict=False)
    begins = next((at for at, (one, other) in enumerate(pairs) if one != other), len(shorter))
    more = longer[begins : begins + len(longer) - len(shorter)]
    return longer == shorter[:begins] + more + shorter[begins:] and not set(more) & TELLING


_RULES: tuple[Callable[[_Thing, _Thing], bool], ...] = (
    _named_alike, _of_one_kind, _named_without_county, _kind_without_county, _nearly_named,
)  # fmt: skip


def _nouns_agree(new: _Thing, old: _Thing) -> bool:
    if new.category != old.category:
        return False
    return new.noun is None or old.noun is None or new.noun in old.noun or old.noun in new.noun


def _is_vague(new: _Thing, old: _Thing, rule: Callable[[_Thing, _Thing], bool]) -> bool:
    """Say whether one that is to be built may be the only one of its kind that was promised, or another one."""
    if rule is _nearly_named:
        return True
    already = new.cancels or new.lead.action in _ALREADY
    return rule is _kind_without_county and not already and (new.sort == "quota" or old.plain != "")


def _narrowed(thing: _Thing, fitting: Sequence[_Thing]) -> list[_Thing]:
    """Leave of several candidates those of the same sort, noun, part and number, as far as any are."""
    left = list(fitting)
    for name in ("sort", "part", "noun", "count"):
        left = [old for old in left if getattr(old, name) == getattr(thing, name)] or left
    return left
