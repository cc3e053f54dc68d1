"""The reader's language: Chinese, or English by ``?lang=en``.

The choice lives in the address alone (no cookie, no guess from the browser), so that a link means the same to everybody
who opens it. Messages are Chinese in the source; the English ones stand in ``translations/en/LC_MESSAGES/messages.po``,
which is read as it is: there is no compiled file that could be forgotten or fall behind.
"""

from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, has_request_context, request
from flask_babel import Babel, Domain, get_locale

LANGUAGES = ("zh", "en")
"""Values of ``lang``; the first is what an address without it means."""

CATALOGUES = Path(__file__).with_name("translations")


def init_language(app: Flask) -> None:
    """Set the application up for Chinese and English.

    Parameters
    ----------
    app
        Gets Flask-Babel's filters and the template functions ``_`` and ``ngettext``.
    """
    _PoBabel(app, default_locale="zh_Hans_CN", default_timezone="Asia/Shanghai", locale_selector=_select)


def language() -> str:
    """Say which language this request is answered in: ``zh`` or ``en``."""
    return request.args["lang"] if has_request_context() and request.args.get("lang") in LANGUAGES else LANGUAGES[0]


def _select() -> str:
    return "en" if language() == "en" else "zh_Hans_CN"


@cache
def _catalogue(locale: str) -> NullTranslations:
    path = CATALOGUES / locale / "LC_MESSAGES" / "messages.po"
    if not path.is_file():
        return NullTranslations()
    with path.open("rb") as po:
        catalog = read_po(po, locale=locale)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


class _PoDomain(Domain):  # type: ignore[misc]  # flask_babel carries no types
    """Flask-Babel's message domain, reading ``.po`` where Flask-Babel would want a compiled ``.mo``."""

    def get_translations(self) -> NullTranslations:
        """Return the messages of the request's language."""
        locale = get_locale()
        return _catalogue(locale.language) if locale else NullTranslations()


class _PoBabel(Babel):  # type: ignore[misc]
    """Flask-Babel with `_PoDomain`."""

    domain_instance = _PoDomain()
