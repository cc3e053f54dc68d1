"""The reader's language: Chinese, or English by ``?lang=en``.

The choice lives in the address alone (no cookie, no guess from the browser), so that a link means the same to everybody
who opens it. Messages are Chinese in the source, their English is that of
`service_map.catalogue.messages`.
"""

from babel.support import NullTranslations
from flask import Flask, has_request_context, request
from flask_babel import Babel, Domain, get_locale

from service_map.catalogue.messages import catalogue

LANGUAGES = ("zh", "en")
"""Values of ``lang``; the first is what an address without it means."""


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


class _PoDomain(Domain):  # type: ignore[misc]  # flask_babel carries no types
    """Flask-Babel's message domain, reading ``.po`` where Flask-Babel would want a compiled ``.mo``."""

    def get_translations(self) -> NullTranslations:
        """Return the messages of the request's language."""
        locale = get_locale()
        return catalogue(locale.language) if locale else NullTranslations()


class _PoBabel(Babel):  # type: ignore[misc]
    """Flask-Babel with `_PoDomain`."""

    domain_instance = _PoDomain()
