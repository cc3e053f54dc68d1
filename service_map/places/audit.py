"""The state of the data: what is promised, how surely it is located, what is doubtful, and what is broken."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from service_map.catalogue import Inventory, categories, inventories, terms
from service_map.catalogue.adcode import COUNTRY, county_of
from service_map.errors import Fault, PlanFileError
from service_map.io import Problem
from service_map.places.existing import load_demand, load_existing
from service_map.places.facility import Facility
from service_map.places.gazetteer import Gazetteer
from service_map.places.links import pairs
from service_map.places.locate import Unresolved, suspected_duplicates, unresolved
from service_map.places.match import Match
from service_map.places.plan_changes import PlanChange, plan_changes
from service_map.places.planned_list import load_listed
from service_map.places.promises import Promise, Requirement, units_of
from service_map.places.retired import Retired
from service_map.places.reviews import REVIEW_FILE, Review, idle_reviews, load_reviews, reviewed
from service_map.places.succession import follow_plans, without_place
from service_map.plans import Commitment, Plan, passage_sha256, passages, read_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What `audit` found.

    Attributes
    ----------
    kinds
        Plan and kind of commitment to their number.
    four
        Plan, and ``facilities``, ``requirements``, ``quotas`` or ``intents``, to their number; a facility that several
        plans promise counts with the plan of its primary citation, and a quota that is a part of another does not.
    doubts
        Codes of `service_map.catalogue.terms.DOUBT` to how many requirements and quotas they are said of.
    precisions
        Promised facilities at each of `service_map.catalogue.terms.PRECISION`.
    statuses
        Promised facilities by status.
    existing
        Existing facilities by source.
    listed
        Facilities that a file lists as planned and no plan promises, by title and source.
    demand
        Residential communities.
    unresolved
        Places that plans name and the gazetteer cannot tell.
    duplicates
        Pairs of ids of promised facilities that may be one.
    matches
        Promised or listed facilities and existing ones that may be the same.
    doubles
        Promised facilities and listed ones that may be the same.
    changes
        Plan that follows another, and one of `service_map.catalogue.terms.CHANGE`, to how many promises.
    doubtful
        What such plans say and nobody can tell whether it is an earlier promise, with the names of those it may be.
    retired
        Ids that were released and stand no more.
    broken
        What must not be: one sentence each, Chinese and English.
    texts
        Plans whose text was compared.
    reviewed
        Plan to how many of its facilities, requirements and quotas were held against its text, and how many there are.
    idle_reviews
        Rows of ``reviewed.csv`` that no longer fit.
    """

    kinds: Mapping[tuple[str, str], int]
    four: Mapping[tuple[str, str], int]
    doubts: Mapping[str, int]
    precisions: Mapping[str, int]
    statuses: Mapping[str, int]
    existing: Mapping[str, int]
    listed: Mapping[str, int]
    demand: int
    unresolved: tuple[Unresolved, ...]
    duplicates: tuple[tuple[str, str], ...]
    matches: tuple[Match, ...]
    doubles: tuple[Match, ...]
    changes: Mapping[tuple[str, str], int]
    doubtful: tuple[tuple[PlanChange, tuple[str, ...]], ...]
    retired: tuple[Retired, ...]
    broken: tuple[str, ...]
    texts: tuple[str, ...]
    reviewed: Mapping[str, tuple[int, int]]
    idle_reviews: tuple[Problem, ...]


def audit(
    commitments: Sequence[Commitment],
    facilities: Sequence[Facility],
    plans: Mapping[str, Plan],
    gazetteer: Gazetteer,
    *,
    geodata: Path,
    retired: Sequence[Retired] = (),
    plans_dir: Path | None = None,
) -> Audit:
    """Look the data through.

    Parameters
    ----------
    commitments, facilities, plans, retired
        What stands in ``geodata/``.
    gazetteer
        What `load_gazetteer` returned.
    geodata
        Folder of the tables of what exists.
    plans_dir
        Folder with the plan texts; each citation's passage is then hashed and compared.

    Returns
    -------
    Audit

    Raises
    ------
    GeodataError
        When a table of what exists, or what is stated of it in ``inventories.toml``, cannot be read.
    """
    existing = list(load_existing(geodata))
    listed = load_listed(geodata)
    ids = {facility.id for facility in (*facilities, *listed)}
    standing = {facility.id for facility in existing}
    named_ids = {facility.id for facility in listed}
    broken = _broken(commitments, facilities, plans, gazetteer)
    kinds = categories()
    # What points at nothing is reported as that, and cannot be compared.
    sound = [item for item in facilities if item.category in kinds and county_of(item.adcode) in gazetteer.rows]
    broken += [
        Fault(
            f"设施 {facility.id} 的类别 {facility.category} 不存在",
            f"facility {facility.id}: no category {facility.category}",
        ).both
        for facility in (*existing, *listed)
        if facility.category not in kinds
    ]
    broken += [
        Fault(
            f"标识 {name} 既属规划设施又属现状设施", f"the id {name} is a promised facility's and an existing one's"
        ).both
        for name in sorted(ids & standing)
    ]
    broken += [
        Fault(
            f"设施 {facility.id} 的 same_as 指向不存在的 {facility.same_as}",
            f"facility {facility.id}: same_as names {facility.same_as}, which does not exist",
        ).both
        for facility in facilities
        if facility.same_as is not None and facility.same_as not in standing | named_ids
    ]
    whole = [item for item in commitments if item.plan in plans and item.category in kinds]
    followed = follow_plans(whole, plans, gazetteer)
    rules, numbers = without_place(followed, facilities, plans, gazetteer)
    every: list[Facility | Promise] = [*sound, *rules, *numbers]
    told = plan_changes(every, whole, followed, plans, gazetteer)
    names = {item.id: item.name for item in every}
    published = ids | {item.id for item in (*rules, *numbers)}
    broken += [
        Fault(
            f"retired.csv 中 {entry.id} 的去向 {entry.successor} 不存在",
            f"retired.csv: the successor {entry.successor} of {entry.id} does not exist",
        ).both
        for entry in retired
        if entry.successor and entry.successor not in published
    ]
    broken += [
        Fault(f"retired.csv 中的 {entry.id} 仍在使用", f"retired.csv: {entry.id} is in use").both
        for entry in retired
        if entry.id in published
    ]
    broken += unknown_areas(inventories(geodata), gazetteer)
    texts: list[str] = []
    if plans_dir is not None:
        texts, faults = _compare(commitments, plans, plans_dir)
        broken += faults
    matches, doubles = pairs(sound, gazetteer, geodata=geodata)
    records: list[Facility | Promise] = [*facilities, *rules, *numbers]
    cited = {item.id: item for item in commitments}
    reviews = load_reviews(geodata / REVIEW_FILE)
    return Audit(
        kinds=Counter((commitment.plan, commitment.kind) for commitment in commitments),
        four=Counter(
            [
                *((facility.commitments[0].rsplit("-", 2)[0], "facilities") for facility in facilities),
                *((rule.plan, "requirements") for rule in rules),
                *((number.plan, "quotas") for number in numbers if number.part_of is None),
                *((item.plan, "intents") for item in commitments if item.kind == "intent"),
            ]
        ),
        doubts=Counter(code for item in (*rules, *numbers) for code in _doubts(item, gazetteer)),
        precisions={name: sum(facility.precision == name for facility in facilities) for name in terms.PRECISION.codes},
        statuses=Counter(facility.status for facility in facilities),
        existing=Counter(facility.point_source for facility in existing),
        listed=Counter(f"{facility.source_title}（{facility.point_source}）" for facility in listed),
        demand=len(load_demand(geodata)),
        unresolved=tuple(unresolved([item for item in commitments if item.plan in plans], plans, gazetteer)),
        duplicates=tuple(suspected_duplicates(facilities)),
        matches=matches,
        doubles=doubles,
        changes=Counter((one.plan, one.change) for one in told),
        doubtful=tuple(
            (one, tuple(names[name] for name in one.candidates)) for one in told if one.change == "doubtful"
        ),
        retired=tuple(retired),
        broken=tuple(broken),
        texts=tuple(texts),
        reviewed=_reviewed(records, reviews, cited),
        idle_reviews=tuple(idle_reviews(records, reviews, cited)),
    )


def _reviewed(
    records: Sequence[Facility | Promise], reviews: Sequence[Review], cited: Mapping[str, Commitment]
) -> dict[str, tuple[int, int]]:
    days = reviewed(records, reviews, cited)
    of, done = Counter[str](), Counter[str]()
    for record in records:
        plan = next((cited[name].plan for name in record.commitments if name in cited), "")
        of[plan] += 1
        done[plan] += record.id in days
    return {plan: (done[plan], number) for plan, number in sorted(of.items())}


def _doubts(item: Promise, gazetteer: Gazetteer) -> list[str]:
    units = units_of(item, gazetteer)[1] if isinstance(item, Requirement) else []
    return [*(item.doubts.split(";") if item.doubts else ()), *units]


def unknown_areas(stated: Sequence[Inventory], gazetteer: Gazetteer) -> list[str]:
    """Name the rows of ``inventories.toml`` that speak of an area there is not, and so of nothing.

    Parameters
    ----------
    stated
        The rows, in the order of the file.
    gazetteer
        What `load_gazetteer` returned. It holds every county; of townships only those that plans name, so a township's
        code is known by its county.

    Returns
    -------
    list of str
        One sentence a row, Chinese and English.
    """
    known = {code for code, row in gazetteer.rows.items() if row.level in ("province", "city", "county")}
    # A code that is no row of its own may still hold some: 110100, 419000.
    known |= {f"{code[:end]}{'0' * (6 - end)}" for code in known for end in (2, 4)} | {COUNTRY}
    broken = []
    for place, row in enumerate(stated, 1):
        if county_of(row.area) in known:
            continue
        now = gazetteer.former_codes.get(row.area)
        why = Fault("数据中没有这个行政区", "there is no such area in the data")
        if now is not None:
            why = Fault(f"是旧代码，现为 {now}", f"is a former code, now {now}")
        broken.append(
            Fault(
                f"inventories.toml 第 {place} 条 area {row.area}：{why.zh}",
                f"inventory {place}, area {row.area}: {why.en}",
            ).both
        )
    return broken


def _broken(
    commitments: Sequence[Commitment],
    facilities: Sequence[Facility],
    plans: Mapping[str, Plan],
    gazetteer: Gazetteer,
) -> list[str]:
    kinds, known = categories(), {commitment.id for commitment in commitments}
    broken = []
    for commitment in commitments:
        if commitment.plan not in plans:
            broken.append(
                Fault(
                    f"任务 {commitment.id} 的规划 {commitment.plan} 未登记",
                    f"commitment {commitment.id}: the plan {commitment.plan} is not listed",
                ).both
            )
        if commitment.category not in kinds:
            broken.append(
                Fault(
                    f"任务 {commitment.id} 的类别 {commitment.category} 不存在",
                    f"commitment {commitment.id}: no category {commitment.category}",
                ).both
            )
        if commitment.repeats is not None and commitment.repeats not in known:
            broken.append(
                Fault(
                    f"任务 {commitment.id} 重申的 {commitment.repeats} 不存在",
                    f"commitment {commitment.id} repeats {commitment.repeats}, which does not exist",
                ).both
            )
    for facility in facilities:
        broken += [
            Fault(f"设施 {facility.id} 的出处 {name} 不存在", f"facility {facility.id}: no citation {name}").both
            for name in facility.commitments
            if name not in known
        ]
        if county_of(facility.adcode) not in gazetteer.rows:
            broken.append(
                Fault(
                    f"设施 {facility.id} 的行政区 {facility.adcode} 不存在",
                    f"facility {facility.id}: no area {facility.adcode}",
                ).both
            )
        if facility.category not in kinds:
            broken.append(
                Fault(
                    f"设施 {facility.id} 的类别 {facility.category} 不存在",
                    f"facility {facility.id}: no category {facility.category}",
                ).both
            )
    return broken


def _compare(
    commitments: Sequence[Commitment], plans: Mapping[str, Plan], plans_dir: Path
) -> tuple[list[str], list[str]]:
    """Hash each cited line of each text at hand and compare it with the citation."""
    compared, broken = [], []
    for plan in plans.values():
        path = plans_dir / plan.file
        if not path.is_file():
            broken.append(Fault(f"{plan.id}：没有文本 {plan.file}", f"{plan.id}: there is no text {plan.file}").both)
            continue
        try:
            lines = passages(read_text(path))
        except PlanFileError as error:
            broken.append(str(error))
            continue
        compared.append(plan.id)
        if hashlib.sha256(path.read_bytes()).hexdigest() != plan.sha256:
            broken.append(Fault(f"{plan.id}：文本不是登记的那一份", f"{plan.id}: the text is not the listed one").both)
        for commitment in commitments:
            if commitment.plan == plan.id:
                line = lines.get(commitment.line)
                if line is None or passage_sha256(line) != commitment.passage_sha256:
                    broken.append(
                        Fault(
                            f"任务 {commitment.id} 的原文与出处不符（第 {commitment.line} 行）",
                            f"commitment {commitment.id}: line {commitment.line} is not the passage that it cites",
                        ).both
                    )
    return compared, broken
