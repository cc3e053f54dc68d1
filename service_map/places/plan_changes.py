"""What a plan does with the promises of those that it follows: carried over, changed, cancelled, new, silent, in doubt.

Told of what stands in the data by then, so that a change is of the very facility, requirement or quota that others see.
Parts of a number are told with the number. Intentions are no promises, and are told only where one is in doubt.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service_map.catalogue import terms
from service_map.catalogue.adcode import related
from service_map.places.facility import Facility
from service_map.places.gazetteer import Gazetteer
from service_map.places.locate import locate_commitment
from service_map.places.promises import Promise, Quota
from service_map.places.succession import Succession
from service_map.plans import Commitment, Plan, before, label

_SORTS = {"site": "facility", "allotment": "facility", "coverage": "requirement", "quota": "quota", "intent": "intent"}
_SAYS_NOTHING = ("unspecified", "mixed", "continue")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """What one plan does with one promise.

    Attributes
    ----------
    plan
        The plan that follows.
    change, sort
        One of `service_map.catalogue.terms.CHANGE` and ``PROMISE_SORT``.
    item
        Id of the facility, requirement or quota; None for what is in doubt.
    name, category, adcode
        Of it.
    differs
        Values of `service_map.catalogue.terms.DIFFERS`.
    former, commitment
        The commitment of an earlier plan, and that of this one; None where there is none.
    said_before, said
        What each of the two says: ``count``, ``unit``, ``capacity``, ``year``, ``action``.
    candidates
        Of what is in doubt: ids of the promises that it may be.
    """

    plan: str
    change: str
    sort: str
    item: str | None
    name: str
    category: str
    adcode: str
    differs: tuple[str, ...] = ()
    former: Commitment | None = None
    commitment: Commitment | None = None
    said_before: Mapping[str, Any] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()


def plan_changes(
    items: Iterable[Facility | Promise],
    commitments: Iterable[Commitment],
    succession: Succession,
    plans: Mapping[str, Plan],
    gazetteer: Gazetteer,
) -> list[PlanChange]:
    """Tell what each plan that follows another does with the other's promises.

    Parameters
    ----------
    items
        Every facility that a plan promises, every requirement and every quota.
    commitments
        As the plans have them.
    succession, plans, gazetteer
        As for `service_map.places.follow_plans`.

    Returns
    -------
    list of PlanChange
        By plan, in the order of `service_map.catalogue.terms.CHANGE`, then by area, category and id.
    """
    by_id = {commitment.id: commitment for commitment in commitments}
    whole = list(items)
    found: list[PlanChange] = []
    for plan in plans.values():
        if not plan.succeeds:
            continue
        desk = _Desk(plan, plans, by_id, succession, gazetteer)
        found += [change for item in whole if (change := desk.tell(item, whole)) is not None]
        found += desk.doubtful(whole)
    order = terms.CHANGE.codes
    return sorted(
        found,
        key=lambda one: (one.plan, order.index(one.change), one.adcode, one.category, one.item or _id(one.commitment)),
    )


def _id(commitment: Commitment | None) -> str:
    return "" if commitment is None else commitment.id


@dataclass(frozen=True, slots=True)
class _Desk:
    plan: Plan
    plans: Mapping[str, Plan]
    by_id: Mapping[str, Commitment]
    succession: Succession
    gazetteer: Gazetteer

    def tell(self, item: Facility | Promise, whole: Sequence[Facility | Promise]) -> PlanChange | None:
        """Tell what the plan does with one item; None where it has nothing to do with it."""
        former = set(before(self.plan.id, self.plans))
        said = [self.by_id[name] for name in item.commitments if name in self.by_id]
        mine = [one for one in said if one.plan == self.plan.id and one.action != "cancel"]
        theirs = [one for one in said if one.plan in former and one.action != "cancel"]
        if isinstance(item, Quota) and item.part_of is not None:
            return self._part(item, mine, whole)
        if mine and theirs:
            return self._again(item, mine, theirs)
        if mine:
            return self._made("new", item, mine=mine)
        takes = [self.by_id[name] for name, old in self.succession.cancelled.items() if old in item.commitments]
        if theirs and any(one.plan == self.plan.id for one in takes):
            own = [one for one in takes if one.plan == self.plan.id]
            return self._made("cancelled", item, mine=own, theirs=theirs)
        gone = any(one.plan in former and self.plans[one.plan].kind != "draft" for one in takes)
        if theirs and not gone and self.plan.kind != "yearly":
            return self._made("silent", item, theirs=theirs)
        return None

    def doubtful(self, whole: Sequence[Facility | Promise]) -> list[PlanChange]:
        """Tell of what the plan says and nobody can tell whether it is an earlier promise."""
        found = []
        for name, candidates in self.succession.doubts.items():
            one = self.by_id[name]
            if one.plan != self.plan.id:
                continue
            where, _ = locate_commitment(one, self.plans, self.gazetteer)
            ids = [item.id for item in whole if set(candidates) & set(item.commitments)]
            found.append(
                PlanChange(
                    plan=one.plan, change="doubtful", sort=_SORTS[one.kind], item=None, name=label(one),
                    category=one.category, adcode=where.adcode, commitment=one, said=_facts([one]),
                    candidates=tuple(sorted(ids)),
                )
            )  # fmt: skip
        return found

    def _part(self, item: Quota, mine: Sequence[Commitment], whole: Sequence[Facility | Promise]) -> PlanChange | None:
        """Tell of a part only where a list of one year carries out so much of an earlier plan's number."""
        total = next((one for one in whole if one.id == item.part_of), None)
        if not mine or total is None or self.plan.kind != "yearly":
            return None
        theirs = [self.by_id[name] for name in total.commitments if self.by_id[name].plan != self.plan.id]
        return self._made("carried", item, mine=mine, theirs=theirs) if theirs else None

    def _again(self, item: Facility | Promise, mine: Sequence[Commitment], theirs: Sequence[Commitment]) -> PlanChange:
        # A draft between the two changed nothing; a list of one year has so many of a number.
        theirs = [one for one in theirs if self.plans[one.plan].kind != "draft"] or theirs
        now, then = _facts(mine), _facts(theirs)
        compared = ("year",) if self.plan.kind == "yearly" else ("count", "capacity", "year")
        differs = [
            name for name in compared
            if None not in (now[name], then[name]) and now[name] != then[name]
        ]  # fmt: skip
        actions = now["action"], then["action"]
        if actions[0] != actions[1] and actions[0] not in _SAYS_NOTHING and actions[1] not in _SAYS_NOTHING:
            differs.append("action")
        places = [locate_commitment(one[0], self.plans, self.gazetteer)[0].adcode for one in (mine, theirs)]
        if not related(*places):
            differs.append("place")
        return self._made("changed" if differs else "carried", item, mine=mine, theirs=theirs, differs=differs)

    def _made(
        self,
        change: str,
        item: Facility | Promise,
        *,
        mine: Sequence[Commitment] = (),
        theirs: Sequence[Commitment] = (),
        differs: Sequence[str] = (),
    ) -> PlanChange:
        sort = {"f": "facility", "r": "requirement", "q": "quota"}[item.id[0]]
        return PlanChange(
            plan=self.plan.id, change=change, sort=sort, item=item.id, name=item.name, category=item.category,
            adcode=item.adcode, differs=tuple(differs), former=theirs[0] if theirs else None,
            commitment=mine[0] if mine else None, said_before=_facts(theirs), said=_facts(mine),
        )  # fmt: skip


def _facts(said: Sequence[Commitment]) -> dict[str, Any]:
    """Give what commitments of one thing say, the first of each."""
    names = ("count", "unit", "capacity", "capacity_unit", "year")
    found = {name: next((value for one in said if (value := getattr(one, name)) is not None), None) for name in names}
    actions = [one.action for one in said]
    return found | {"action": next((one for one in actions if one != "unspecified"), actions[0] if actions else None)}
