"""The English catalogue is complete and fits the Chinese messages."""

import re

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from service_map.catalogue.messages import CATALOGUES
from service_map.settings import TEMPLATES_DIR

_FUNCTIONS = {"_": None, "ngettext": (1, 2), "_later": None, "say": None, "message": None}
ROOMS = CATALOGUES.parents[1]
_PLACES = re.compile(r"%\(\w+\)[sgd]")


@pytest.fixture(scope="module")
def messages():
    """Every message of the templates, the web and the analyses; a plural one by its first form."""
    found = set()
    for folder, methods in (
        (TEMPLATES_DIR, [("**.html", "jinja2")]),
        (ROOMS / "web", [("**.py", "python")]),
        (ROOMS / "analysis", [("**.py", "python")]),
    ):
        options = {"**.html": {"encoding": "utf-8", "newstyle_gettext": "true"}}
        for _file, _line, message, _comments, _context in extract_from_dir(
            str(folder), method_map=methods, options_map=options, keywords=_FUNCTIONS
        ):
            found.add(message if isinstance(message, str) else message[0])
    return found


@pytest.fixture(scope="module")
def english():
    with (CATALOGUES / "en" / "LC_MESSAGES" / "messages.po").open("rb") as po:
        catalog = read_po(po, locale="en")
    return {
        message.id if isinstance(message.id, str) else message.id[0]: message.string
        if isinstance(message.string, tuple)
        else (message.string,)
        for message in catalog
        if message.id
    }


def test_every_message_has_its_english(messages, english):
    assert len(messages) > 200
    assert sorted(message for message in messages if not all(english.get(message, ("",)))) == []


def test_the_catalogue_holds_nothing_that_no_page_says(messages, english):
    assert sorted(set(english) - messages) == []


def test_an_english_message_fills_the_same_places_as_the_chinese(english):
    for message, forms in english.items():
        for form in forms:
            assert sorted(_PLACES.findall(form)) == sorted(_PLACES.findall(message)), message


def test_no_english_message_holds_chinese_but_names(english):
    left = [
        form
        for forms in english.values()
        for form in forms
        if re.search(r"[\u4e00-\u9fff]", form.replace("天地图", ""))
    ]
    assert left == []
