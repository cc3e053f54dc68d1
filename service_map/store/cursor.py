"""The mark at which a page ends: the key of its last row, so that rows which come or go do not shift the next page."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from service_map.errors import InvalidParameterError

_CHECK = 6
_LONGEST = 1600
_T_co = TypeVar("_T_co", covariant=True)


def write(kind: str, key: Sequence[str | int]) -> str:
    """Write a cursor.

    Parameters
    ----------
    kind
        Which list it belongs to.
    key
        The values that the list is ordered by, of the last row given.

    Returns
    -------
    str
        URL-safe letters; readers need not look inside.
    """
    body = json.dumps([kind, *key], ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_digest(body) + body).decode().rstrip("=")


def read(cursor: str, *, kind: str, types: Sequence[type]) -> list[str | int]:
    """Read a cursor that `write` wrote.

    Parameters
    ----------
    cursor
        As the user sent it.
    kind, types
        Which list it must belong to, and the types of its key.

    Raises
    ------
    InvalidParameterError
        When it is none, was altered, or belongs to another list.
    """
    try:
        if len(cursor) > _LONGEST:
            raise _refusal()
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        body = raw[_CHECK:]
        # The last letter has spare bits; only the spelling that was given counts, so that one page has one address.
        if base64.urlsafe_b64encode(raw).decode().rstrip("=") != cursor:
            raise _refusal()
        # No secret: the key is bound as values and reveals nothing. The check only tells an accident from a cursor.
        if _digest(body) != raw[:_CHECK]:
            raise _refusal()
        found = json.loads(body)
    except (binascii.Error, ValueError) as error:
        if isinstance(error, InvalidParameterError):
            raise
        raise _refusal() from error
    if not isinstance(found, list) or found[:1] != [kind] or [type(part) for part in found[1:]] != list(types):
        raise _refusal()
    return found[1:]


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()[:_CHECK]


def _refusal() -> InvalidParameterError:
    return InvalidParameterError(
        "cursor",
        "不是本接口给出的游标；请从第一页开始",
        "is not a cursor that this list gave; start from the first page",
    )


class Page(Protocol[_T_co]):
    """Some items, and what asks for those that follow."""

    @property
    def items(self) -> tuple[_T_co, ...]:
        """Give the items of this page."""

    @property
    def next_cursor(self) -> str | None:
        """Give the cursor of the next page; None on the last."""


def every(ask: Callable[[str | None], Page[_T_co]]) -> tuple[_T_co, ...]:
    """Give the items of all pages, one page after another.

    Parameters
    ----------
    ask
        Gives the page of a cursor; None for the first.
    """
    page = ask(None)
    found = list(page.items)
    while page.next_cursor is not None:
        page = ask(page.next_cursor)
        found += page.items
    return tuple(found)
