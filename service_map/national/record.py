"""What is on record of a county: of which kinds all that stands is stated to be, how many stand there, who says so.

A share, a rank or a gap of people says as much of what is not on record as of what is. A run computes them all the
same, and its files say how complete the record is that they rest on.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from service_map import coverage
from service_map.catalogue import Inventory
from service_map.catalogue.adcode import covers
from service_map.errors import InvalidParameterError
from service_map.national.county import ALL, County
from service_map.national.question import Question
from service_map.national.supply import Taken

MOST_SOURCES = 10
"""Sources of the record that a row names, those of most facilities first."""

Stated = tuple[tuple[str, str], ...]
"""Who states that the record is complete, and of when; empty where nobody does."""

_OPERATOR = "本次计算的操作者声明 stated by whoever ran it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is on record of a kind, or of all kinds together, in a county.

    Attributes
    ----------
    state
        ``complete`` where it is stated so; else ``partial``, or ``none`` where nothing that stands is on record in the
        county itself, whatever its neighbours have.
    on_record
        How many stand in the county and are on record.
    promised
        For each horizon, how many more the plans promise there by then.
    sources
        Who says that they stand, and how many of them.
    stated
        Who states that the record is complete.
    """

    state: str
    on_record: int
    promised: tuple[int, ...]
    sources: tuple[tuple[str, int], ...]
    stated: Stated


def whole_register(
    question: Question, categories: Iterable[str], known: Collection[str], *, source: str = "", date: str = ""
) -> tuple[Inventory, ...]:
    """Take the operator's word that a run's facilities are the whole register of some kinds, in every county asked.

    Parameters
    ----------
    question
        What is asked.
    categories
        Codes of the kinds; `ALL` for every kind asked about.
    known
        Codes of the catalogue.
    source, date
        Whose register it is, and of when.

    Returns
    -------
    tuple of Inventory
        One, of the area `ALL`; none where no kind is named.

    Raises
    ------
    InvalidParameterError
        When the question does not ask about a kind, or a source is named and no kind.
    """
    asked = dict.fromkeys(code for target in question.targets for code in target.codes)
    given = tuple(dict.fromkeys(categories))
    for code in given:
        if code != ALL and code not in asked:
            unknown = code not in known
            raise InvalidParameterError(
                "complete",
                f"没有类别 {code!r}" if unknown else f"没有问到类别 {code!r}",
                f"there is no category {code!r}" if unknown else f"the category {code!r} is not asked about",
                (ALL, *asked),
            )
    if not given:
        if source or date:
            raise InvalidParameterError(
                "complete-source", "要和 complete 一起给", "goes with complete, which names the kinds"
            )
        return ()
    codes = tuple(asked) if ALL in given else given
    return (Inventory(area=ALL, categories=codes, source=source or _OPERATOR, date=date),)


def stated(question: Question, county: County, inventories: Sequence[Inventory]) -> tuple[Stated, ...]:
    """Say for each target who states that every facility of it that stands in a county is on record.

    Parameters
    ----------
    question, county
        What is asked, and where.
    inventories
        Statements, of the county or of an area around it.

    Returns
    -------
    tuple of Stated
        Where several categories serve a target, all of them must be stated.
    """
    here = [one for one in inventories if one.area == ALL or covers(one.area, county.adcode)]
    found: list[Stated] = []
    for target in question.targets:
        by_code = [[one for one in here if code in one.categories] for code in target.codes]
        told = dict.fromkeys((one.source, one.date) for held in by_code for one in held)
        found.append(tuple(told) if all(by_code) else ())
    return tuple(found)


def records(
    question: Question, county: County, taken: Taken, kinds: Sequence[str], said: Sequence[Stated]
) -> tuple[Record, ...]:
    """Count what is on record of each target, and of all of them together.

    Parameters
    ----------
    question, county
        What is asked, and where.
    taken, kinds
        The facilities of the county and its halo, and the codes that `Taken.kind` counts by.
    said
        From `stated`.

    Returns
    -------
    tuple of Record
        One a target, in their order; the last of all kinds together, complete where each is.
    """
    of = np.array([[code in target.codes for code in kinds] for target in question.targets], dtype=np.int64)
    of = np.concatenate((of, of.max(axis=0, keepdims=True)))
    every = taken.candidates
    stands = coverage.in_place(every)
    shape = county.shape
    shapely.prepare(shape)
    inside = shapely.contains_xy(shape, every.lonlat[:, 0], every.lonlat[:, 1])
    here = of @ _counts(taken, stands & inside, len(kinds))
    promised = []
    for horizon in question.horizons:
        _, does = coverage.horizon(every, horizon.year)
        more = does & ~stands & inside if horizon.kind != "existing" else np.zeros_like(stands)
        promised.append(of @ _counts(taken, more, len(kinds)).sum(axis=1))
    together = tuple(dict.fromkeys(one for told in said for one in told)) if all(said) else ()
    return tuple(
        Record(
            state="complete" if told else "partial" if here[row].any() else "none",
            on_record=int(here[row].sum()),
            promised=tuple(int(number[row]) for number in promised),
            sources=_sources(taken.sources, here[row]),
            stated=told,
        )
        for row, told in enumerate((*said, together))
    )


def _counts(taken: Taken, rows: NDArray[np.bool_], kinds: int) -> NDArray[np.int64]:
    """Count facilities by kind and source, shape (kinds, sources)."""
    sources = max(1, len(taken.sources))
    place = taken.kind[rows] * sources + taken.source[rows]
    return np.bincount(place, minlength=kinds * sources).reshape(kinds, sources)


def _sources(names: Sequence[str], counts: NDArray[np.int64]) -> tuple[tuple[str, int], ...]:
    found = [(name, int(count)) for name, count in zip(names, counts.tolist(), strict=False) if name and count]
    return tuple(sorted(found, key=lambda one: (-one[1], one[0]))[:MOST_SOURCES])
