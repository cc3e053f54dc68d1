"""What the product says, in the reader's language: one catalogue of translations for pages, answers and reports.

Messages are Chinese in the source and are looked up by themselves. Their English stands in
``translations/en/LC_MESSAGES/messages.po``, which is read as it is: there is no compiled file that could be forgotten
or fall behind. Names of closed sets stand in `service_map.catalogue.terms`, those of categories in their table. What is
always said in both languages (errors, data dictionary, descriptions of the interfaces) has its pair where it stands.
"""

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


def said(zh: str, language: str, **values: object) -> str:
    """Say a message in a language.

    Parameters
    ----------
    zh
        The message.
    language
        ``zh`` or ``en``.
    values
        What stands in its places, ``%(name)s``.
    """
    words = zh if language == "zh" else catalogue(language).gettext(zh)
    return words % values if values else words


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
