"""How a field of a record is declared: its type with its bounds, what it means, and where it is shown.

A record is a frozen dataclass, an answer a ``TypedDict``; either says all there is to say of a field where it declares
it, by `msgspec.Meta` within ``Annotated``. From there come the tables of the database and their data dictionary, the
columns of every download, the properties and queryables of the layers, the schemas of the API, and the check of every
answer by `msgspec.convert`. Nothing is checked where a record is made: tests convert what the interfaces answer.
"""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from msgspec import Meta

from service_map.catalogue.messages import Sentence, meaning
from service_map.catalogue.terms import Terms


def one_of(terms: Terms | tuple[str, ...]) -> Meta:
    """Bound a text to the codes of a closed set, or to some that only one answer has."""
    return Meta(pattern=f"^(?:{'|'.join(terms)})$", extra={"terms": terms})


def keyed(terms: Terms) -> Meta:
    """Bound the keys of a mapping to the codes of a closed set, each of which is there."""
    return Meta(extra={"keys": terms.codes})


def known(what: str) -> Meta:
    """Bound a text to codes that the catalogue names: ``category`` or ``family``."""
    return Meta(extra={"known": what})


def means(
    zh: str,
    *,
    after: str | None = None,
    to: str | None = None,
    short: str | None = None,
    stored: bool = True,
    listed: bool = True,
) -> Meta:
    """Say what a field of a record means.

    Parameters
    ----------
    zh
        As the data dictionary and the schemas say it; the catalogue of translations has the English under ``field``.
    after
        The field behind which tables and files put it; None for its place in the declaration.
    to
        Column of the database that it refers to, such as ``plans.id``.
    short
        Its name where ten characters are the most (a Shapefile); the first ten of its own without it.
    stored
        It is a column of the record's table.
    listed
        It is a column of the downloads, which have the stored ones first.
    """
    about = meaning(zh)
    told = {"about": about, "after": after, "to": to, "short": short, "stored": stored, "listed": listed}
    return Meta(extra=told)


FIRST_YEAR, LAST_YEAR = 1890, 2200
"""Years that anything in the data may name."""

Whole = Annotated[int, Meta(ge=0)]
From1 = Annotated[int, Meta(ge=1)]
Year = Annotated[int, Meta(ge=FIRST_YEAR, le=LAST_YEAR)]
Amount = Annotated[float, Meta(ge=0)]
Metres = Annotated[float, Meta(ge=0)]
Km2 = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Adcode = Annotated[str, Meta(pattern=r"^\d{6}(\d{3})?$")]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Colour = Annotated[str, Meta(pattern="^#[0-9a-f]{6}$")]
CategoryCode = Annotated[str, known("category")]
FamilyCode = Annotated[str, known("family")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a record, as it was declared.

    Attributes
    ----------
    name
        Of the field.
    kind
        ``str``, ``int``, ``float``, ``bool``, or what else it holds.
    optional
        It may be None.
    terms
        The closed set that its values come from, or None.
    about, after, to, short, stored, listed
        As for `means`, ``about`` what it means.
    """

    name: str
    kind: Any
    optional: bool
    terms: Terms | None
    about: Sentence
    after: str | None
    to: str | None
    short: str
    stored: bool
    listed: bool


def unwrap(hint: Any) -> tuple[Any, list[Meta], bool]:
    """Take a type apart.

    Parameters
    ----------
    hint
        As a record declares it.

    Returns
    -------
    kind
        The bare type, a union of several as it stands.
    metas : list of Meta
        What its ``Annotated`` say.
    optional : bool
        Whether None is among its values.
    """
    metas: list[Meta] = []
    optional = False
    while True:
        if get_origin(hint) is Annotated:
            metas += [meta for meta in hint.__metadata__ if isinstance(meta, Meta)]
            hint = hint.__origin__
        elif get_origin(hint) in {Union, types.UnionType} and types.NoneType in get_args(hint):
            optional = True
            rest = [part for part in get_args(hint) if part is not types.NoneType]
            if len(rest) > 1:
                return reduce(or_, rest), metas, optional
            (hint,) = rest
        else:
            return hint, metas, optional


@cache
def fields_of(record: type) -> tuple[Field, ...]:
    """Give the fields of a record in the order of tables and files.

    Parameters
    ----------
    record
        A dataclass whose fields are declared by `means`.
    """
    found: dict[str | None, list[Field]] = {}
    for name, hint in get_type_hints(record, include_extras=True).items():
        kind, metas, optional = unwrap(hint)
        told: dict[str, Any] = {}
        for meta in metas:
            told |= meta.extra or {}
        field = Field(
            name=name, kind=kind, optional=optional, terms=told.get("terms"), about=told["about"],
            after=told["after"], to=told["to"], short=told["short"] or name[:10], stored=told["stored"],
            listed=told["listed"],
        )  # fmt: skip
        found.setdefault(field.after, []).append(field)

    def ordered(after: str | None) -> Iterator[Field]:
        for field in found.get(after, ()):
            yield field
            yield from ordered(field.name)

    return tuple(ordered(None))
