"""Every error that the product raises on purpose.

Each carries one sentence in Chinese and one in English that say what is wrong and what is allowed; the command line
prints both on one line, the web answers in the reader's language. Anything else that reaches the surface is a bug.
"""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import NamedTuple


def nearest_word(text: str, allowed: Collection[str]) -> str | None:
    """Give the allowed value that a misspelt one most resembles; None where none is near.

    Parameters
    ----------
    text
        What was written.
    allowed
        The values it may take.

    Returns
    -------
    str or None
    """
    near = get_close_matches(text[:40], allowed, n=1, cutoff=0.7)
    return near[0] if near else None


class Fault(NamedTuple):
    """What is wrong, told where it is found, for the error that comes to say it.

    Attributes
    ----------
    zh, en
        In both languages, as in the errors below.
    """

    zh: str
    en: str

    @property
    def both(self) -> str:
        """In one line, for whoever has no language."""
        return f"{self.zh} / {self.en}"


class ServiceMapError(Exception):
    """Base of all errors a user can cause or mend.

    Parameters
    ----------
    zh, en
        One sentence each, without a trailing newline.
    """

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")
        self.zh = zh
        self.en = en


class SettingsError(ServiceMapError, ValueError):
    """An environment variable holds a value that cannot be used."""


class GeodataError(ServiceMapError, ValueError):
    """A file under ``geodata/`` is missing, damaged or contradicts another."""


class PlanFileError(ServiceMapError, ValueError):
    """A plan file is empty, binary, too large, or in an encoding that cannot be told."""


class StoreError(ServiceMapError, RuntimeError):
    """The database is missing, damaged, or of another schema version."""


class OutputError(StoreError):
    """A file that was asked for cannot be written."""


class BusyError(ServiceMapError, RuntimeError):
    """As many questions are being worked on as the machine can bear; asking again later helps."""


class OverrunError(ServiceMapError, RuntimeError):
    """An answer took more time or memory than one may, and was given up."""


class GeocoderError(ServiceMapError, RuntimeError):
    """A geocoding service refused, did not answer, or its quota is used up."""


class PartitionError(ServiceMapError, RuntimeError):
    """One county of a national run cannot be computed.

    Parameters
    ----------
    zh, en
        The county and the reason.
    full
        True where the disk has no room left, which no other county will find otherwise.
    """

    def __init__(self, zh: str, en: str, *, full: bool = False) -> None:
        super().__init__(zh, en)
        self.full = full

    def __reduce__(self) -> tuple[object, ...]:
        """Let it travel from a worker to whoever asked."""
        return (_partition_error, (self.zh, self.en, self.full))


def _partition_error(zh: str, en: str, full: bool) -> PartitionError:
    return PartitionError(zh, en, full=full)


class InvalidParameterError(ServiceMapError, ValueError):
    """A request or an option names a value that is not allowed.

    Parameters
    ----------
    field
        The name of the parameter as the user wrote it.
    zh, en
        What is wrong with it.
    allowed
        The allowed values, where they can be listed.
    """

    def __init__(self, field: str, zh: str, en: str, allowed: Iterable[str] = ()) -> None:
        super().__init__(f"{field}：{zh}", f"{field}: {en}")
        self.field = field
        self.allowed = tuple(allowed)


class NotFoundError(ServiceMapError, LookupError):
    """The address is well formed but nothing stands there."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(f"{field}：{zh}", f"{field}: {en}")
        self.field = field


class GoneError(ServiceMapError, LookupError):
    """What stood at this address was published once and stands no more.

    Parameters
    ----------
    field
        The part of the address that named it.
    zh, en
        What became of it.
    successor
        Id of what it has become, or None where nothing did. It may be of another sort: a facility (``f``) that was none
        is a requirement (``r``) or a quota (``q``).
    reason
        Why, one of `service_map.catalogue.terms.REASON`.
    area
        Code of the area in which it stood, or None where that is not on record.
    name, category
        What it was called and the code of its kind, or None where that is not on record.
    date
        Since when it is gone, ``YYYY-MM-DD``.
    """

    def __init__(
        self,
        field: str,
        zh: str,
        en: str,
        *,
        successor: str | None = None,
        reason: str = "dropped",
        area: str | None = None,
        name: str | None = None,
        category: str | None = None,
        date: str = "",
    ) -> None:
        super().__init__(f"{field}：{zh}", f"{field}: {en}")
        self.field = field
        self.successor = successor
        self.reason = reason
        self.area = area
        self.name = name
        self.category = category
        self.date = date


class UnanswerableError(ServiceMapError, ValueError):
    """Every value is well formed and known, yet together they ask what the data cannot answer."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(f"{field}：{zh}", f"{field}: {en}")
        self.field = field
