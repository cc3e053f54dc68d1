"""The English catalogue is complete and fits the Chinese messages."""

import re

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from service_map.catalogue.messages import CATALOGUES
from service_map.settings import TEMPLATES_DIR

_FUNCTIONS = {
    "_": None,
    "ngettext": (1, 2),
    "_later": None,
    "say": None,
    "message": None,
    "sentence": None,
    "both": None,
}
# Its first text is the message, or the language that a `Sentence` is said in.
_SAID = {"said": None}
# What a field means is looked up apart: the same Chinese may head a page in other words.
_OF_FIELDS = {"means": None, "meaning": None, "_means": None, "_refers": None}
ROOMS = CATALOGUES.parents[1]
_PLACES = re.compile(r"%\(\w+\)[.0-9,]*[sgdf]")


def extracted(folder, methods, functions):
    options = {"**.html": {"encoding": "utf-8", "newstyle_gettext": "true"}}
    for _file, _line, message, _comments, _context in extract_from_dir(
        str(folder), method_map=methods, options_map=options, keywords=functions
    ):
        yield message if isinstance(message, str) else message[0]


@pytest.fixture(scope="module")
def messages():
    """Every message of the templates and the program with its context; a plural one by its first form."""
    return {
        *((None, message) for message in extracted(TEMPLATES_DIR, [("**.html", "jinja2")], _FUNCTIONS)),
        *((None, message) for message in extracted(ROOMS, [("**.py", "python")], _FUNCTIONS)),
        *(("field", message) for message in extracted(ROOMS, [("**.py", "python")], _OF_FIELDS)),
        *((None, message) for message in extracted(ROOMS, [("**.py", "python")], _SAID) if not message.isascii()),
    }


@pytest.fixture(scope="module")
def english():
    with (CATALOGUES / "en" / "LC_MESSAGES" / "messages.po").open("rb") as po:
        catalog = read_po(po, locale="en")
    return {
        (message.context, message.id if isinstance(message.id, str) else message.id[0]): message.string
        if isinstance(message.string, tuple)
        else (message.string,)
        for message in catalog
        if message.id
    }


def test_every_message_has_its_english(messages, english):
    assert len(messages) > 200
    assert [message for message in messages if not all(english.get(message, ("",)))] == []


def test_the_catalogue_holds_nothing_that_is_never_said(messages, english):
    assert set(english) - messages == set()


def test_an_english_message_fills_the_same_places_as_the_chinese(english):
    for (_, message), forms in english.items():
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
