"""What the product says, in the reader's language: one catalogue of translations for pages, answers and reports.

Messages are Chinese in the source and are looked up by themselves. Their English stands in
``translations/en/LC_MESSAGES/messages.po``, which is read as it is: there is no compiled file that could be forgotten
or fall behind. Names of closed sets stand in `service_map.catalogue.terms`, those of categories in their table. Only
errors have both languages where they are raised. What is always said in both (the data dictionary, descriptions of the
interfaces) is put together here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.support import NullTranslations

CATALOGUES = Path(__file__).with_name("translations")


def message(zh: str) -> str:
    """Mark a sentence that is said elsewhere, so that the catalogue is known to need it."""
    return zh


def said(zh: str, language: str, context: str | None = None, /, **values: object) -> str:
    """Say a message in a language.

    Parameters
    ----------
    zh
        The message.
    language
        ``zh`` or ``en``.
    context
        ``field`` of what a field of a record means, which may be said otherwise elsewhere; the catalogue's ``msgctxt``.
    values
        What stands in its places, ``%(name)s``.
    """
    if language == "zh" or not zh:
        words = zh
    elif context is None:
        words = catalogue(language).gettext(zh)
    else:
        words = str(catalogue(language).pgettext(context, zh))
    return words % values if values else words


@dataclass(frozen=True, slots=True)
class Name:
    """A name that a table of the data holds in both languages, to stand within a sentence."""

    zh: str
    en: str

    def said(self, language: str) -> str:
        """Say it in ``zh`` or ``en``."""
        return self.en if language == "en" else self.zh


@dataclass(frozen=True, slots=True)
class Sentence:
    """A message with what stands in its places, to be said in the language of whoever comes to read it.

    Attributes
    ----------
    message
        In Chinese, as the catalogue knows it.
    values
        By the names of its places; another sentence or a `Name` among them is said first.
    context
        As for `said`.
    """

    message: str
    values: Mapping[str, object] = field(default_factory=dict, hash=False)
    context: str | None = None

    def said(self, language: str) -> str:
        """Say it in ``zh`` or ``en``."""
        values = {
            name: value.said(language) if isinstance(value, Sentence | Name) else value
            for name, value in self.values.items()
        }
        return said(self.message, language, self.context, **values)

    @property
    def zh(self) -> str:
        """In Chinese."""
        return self.said("zh")

    @property
    def en(self) -> str:
        """In English."""
        return self.said("en")

    @property
    def both(self) -> str:
        """In both languages, with a stroke between them."""
        return f"{self.zh} / {self.en}"

    def also(self, other: "Sentence") -> "Sentence":
        """Add a sentence behind it, as another part of the same."""
        return sentence("%(first)s；%(then)s", first=self, then=other)


def sentence(zh: str, **values: object) -> Sentence:
    """Make a sentence of a message and what stands in its places."""
    return Sentence(zh, values)


def both(zh: str, **values: object) -> str:
    """Say a message in both languages, with a stroke between them."""
    return sentence(zh, **values).both


def meaning(zh: str) -> Sentence:
    """Make the sentence that says what a field of a record means."""
    return Sentence(zh, context="field")


@cache
def catalogue(locale: str) -> "NullTranslations":
    """Give the messages of a language; none for Chinese, which is their own."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po
    from babel.support import NullTranslations, Translations

    path = CATALOGUES / locale / "LC_MESSAGES" / "messages.po"
    if not path.is_file():
        return NullTranslations()
    with path.open("rb") as po:
        read = read_po(po, locale=locale)
    compiled = BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return Translations(compiled)
