"""Every form through every door: taken, or refused in one line that names the file, and the row and column at fault.

``pytest -s tests/test_doors.py`` prints the matrix.
"""

import zipfile
from dataclasses import replace
from io import BytesIO

import forms
import pytest
from werkzeug.datastructures import FileStorage

from service_map import analysis, places
from service_map.errors import InvalidParameterError
from service_map.io import Asked
from service_map.places import Facility, load_classes, load_gazetteer
from service_map.web.pages import upload

# One table that every door can read: a township is named after each of two facilities.
GOOD = {
    "id": ["f000000000001", "f000000000002"], "class": ["kindergarten", "kindergarten"],
    "category": ["kindergarten", "kindergarten"], "name": ["端氏镇", "嘉峰镇"], "code": ["140521103", "140521104"],
    "radius_m": ["5000", "5000"], "uncertainty_m": ["30", "40"], "status": ["planned", "planned"],
    "date": ["2025-01-01", "2025-01-02"], "source": ["某局", "某局"], "people": ["30", "12.5"],
    "existing": ["f0000000000e1", "f0000000000e2"], "accept": ["是", "yes"],
}  # fmt: skip
POINTS = [(112.511949, 35.667467), (112.530621, 35.61066)]


def second(**changed):
    """The table with other cells in its second row."""
    return {name: [texts[0], changed.get(name, texts[1])] for name, texts in GOOD.items()}


CASES = {
    "good": (GOOD, POINTS),
    "empty": ({name: [] for name in GOOD}, []),
    "wrong encoding": (GOOD, POINTS),
    "missing column": ({name: GOOD[name] for name in GOOD if name not in ("id", "class", "category", "name", "people")}, POINTS),
    "bad number": (second(people="many", uncertainty_m="far", radius_m="far", date="soon"), POINTS),
    "swapped": (GOOD, [POINTS[0], POINTS[1][::-1]]),
    "duplicate id": (second(id=GOOD["id"][0], code=GOOD["code"][0], status="open", date=GOOD["date"][0]), POINTS),
    "two layers": (GOOD, POINTS),
}  # fmt: skip

TAKEN = "taken"
EVERY = (
    "facilities",
    "places",
    "locations",
    "statuses",
    "matches",
    "demand",
    "own",
    "candidates",
    "page people",
    "page facilities",
)
"""The doors: the five imports, --demand, --facilities, --candidates, and the two files of the planner's page."""

# What each door says of each case: taken, or words of the refusal; the rows are numbered by the form.
ANSWERS = {
    "good": dict.fromkeys(EVERY, TAKEN),
    "empty": dict.fromkeys(EVERY, "holds no rows"),
    # Of a layer only the texts that mean something are read; of a table all of it.
    "wrong encoding": dict.fromkeys(EVERY, "") | dict.fromkeys(("demand", "candidates", "page people"), TAKEN),
    "missing column": {
        "facilities": "no column class", "places": "no column name", "locations": "no column id",
        "statuses": "no column id", "matches": "no column id", "demand": TAKEN, "own": TAKEN, "candidates": TAKEN, "page people": TAKEN,
        "page facilities": TAKEN,
    },
    "bad number": {
        "facilities": "row 2, uncertainty_m", "places": "row 2, radius_m", "locations": "row 2, date",
        "statuses": "row 2, date", "matches": "row 2, date", "demand": "row 2, people", "own": "row 2, uncertainty_m", "candidates": TAKEN,
        "page people": "row 2, people", "page facilities": "row 2, uncertainty_m",
    },
    "swapped": dict.fromkeys(EVERY, "row 2, lon, lat: longitude and latitude are swapped") | {"statuses": TAKEN, "matches": TAKEN},
    "duplicate id": dict.fromkeys(EVERY, TAKEN) | {
        "facilities": "row 2, id: has the id and class of row 1", "places": "row 2, code: stands in row 1 too",
        "locations": "row 2, id: stands in row 1 too", "statuses": "row 2, status: contradicts an earlier row",
        "matches": "row 2, existing: it is f0000000000e1 already",
    },
    "two layers": dict.fromkeys(EVERY, "several sheets or layers"),
}  # fmt: skip


# Every mark of KML has a name and an id, though they may be empty.
KML_LACKS = {"places": "row 1, name: is empty"} | dict.fromkeys(
    ("locations", "statuses", "matches"), "row 1, id: no such"
)


@pytest.fixture(scope="module")
def gazetteer(geodata):
    return load_gazetteer(geodata)


def promised(number):
    return Facility(
        id=GOOD["id"][number], name=GOOD["name"][number], name_given=True, category="kindergarten", status="planned",
        basis="site", action="new", count=1, unit=None, at_least=False, year=None, adcode="140521",
        lon=POINTS[number][0], lat=POINTS[number][1], precision="county", uncertainty_m=50_000.0, point_source="x",
        point_licence="y", located_by="沁水县", commitments=("p-10-aaaaaa",),
    )  # fmt: skip


SAID = {"source": "某局", "licence": "CC0"}


def of(problems, count):
    """Count what an import takes, or refuse by its first problem as the command line prints it."""
    if problems:
        zh, _, en = str(problems[0]).partition(" / ")
        raise InvalidParameterError("row", zh, en)
    return count


def bring_facilities(path, gazetteer, layer):
    found = places.import_facilities(
        path, datum="WGS84", layer=layer, date="2024", within=("140521",), output=None, classes=load_classes(None),
        gazetteer=gazetteer, **SAID,
    )  # fmt: skip
    return of(found.problems, found.taken + found.planned)


def bring_places(path, gazetteer, layer):
    found = places.import_places(path, datum="WGS84", layer=layer, gazetteer=gazetteer, **SAID)
    return of(found.problems, len(found.places))


def bring_locations(path, gazetteer, layer):
    made = (promised(0), promised(1))
    found = places.import_locations(path, made, datum="WGS84", layer=layer, gazetteer=gazetteer)
    return of(found.problems, len(found.locations))


def bring_statuses(path, _gazetteer, layer):
    found, problems = places.read_statuses(path, known=set(GOOD["id"]), layer=layer)
    return of(problems, len(found))


def bring_matches(path, _gazetteer, layer):
    made = (promised(0), promised(1))
    others = [replace(one, id=name) for one, name in zip(made, GOOD["existing"], strict=True)]
    found = places.read_matches(path, made, others, commitments=(), plans={}, layer=layer)
    return of(found.problems, len(found.statuses))


def uploaded(path):
    return FileStorage(BytesIO(path.read_bytes() if path.is_file() else b"x"), filename=path.name)


DOORS = {
    "facilities": bring_facilities,
    "places": bring_places,
    "locations": bring_locations,
    "statuses": bring_statuses,
    "matches": bring_matches,
    "demand": lambda path, _, layer: len(analysis.read_demand(path, Asked(layer=layer)).lonlat),
    "own": lambda path, _, layer: len(analysis.read_facilities(path, Asked(layer=layer))),
    "candidates": lambda path, _, layer: len(analysis.read_places(path, Asked(layer=layer))),
    "page people": lambda path, _, layer: upload.read_people(uploaded(path), Asked(layer=layer)).count,
    "page facilities": lambda path, _, layer: upload.read_facilities(uploaded(path), Asked(layer=layer)).count,
}


def ask(door, path, gazetteer, layer=None):
    """Bring a file to a door: how many rows it took, or what it said."""
    told = None
    try:
        return DOORS[door](path, gazetteer, layer)
    except InvalidParameterError as error:
        told = error
    assert "\n" not in str(told)
    assert path.name in str(told), f"{door}: {told}"
    return told.en


def spoil(folder, path):
    """Put bytes that are no text in any encoding in the place of a name and of a source."""

    def spoiled(content):
        for text in (GOOD["name"][0], GOOD["source"][0]):
            written = text.encode(), "".join(f"&#{ord(letter)};" for letter in text).encode()
            for right in written:
                content = content.replace(right, b"\xff" * len(right))
        return content

    if path.suffix in (".zip", ".xlsx"):
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, spoiled(content))
    else:
        for file in path.iterdir() if path.is_dir() else folder.glob(f"{path.stem}.*"):
            file.write_bytes(spoiled(file.read_bytes()))


@pytest.fixture(scope="module", autouse=True)
def heading():
    print(f"\n{'form':9}{'case':16}" + "".join(f"{door:17}" for door in EVERY))  # noqa: T201 - the matrix


@pytest.mark.parametrize("form", forms.FORMS)
@pytest.mark.parametrize("case", CASES)
def test_every_door_takes_a_form_or_says_in_one_line_why_not(gazetteer, tmp_path, form, case):
    columns, points = CASES[case]
    layers = ("学校", "其他") if case == "two layers" and form in forms.SHEETED else (None,)
    for layer in layers:
        path = forms.made(tmp_path, form, columns, points, layer=layer)
    if case == "wrong encoding":
        spoil(tmp_path, path)
    shown = []
    for door in EVERY:
        wanted, found = ANSWERS[case][door], ask(door, path, gazetteer)
        if case == "two layers" and len(layers) == 1:
            wanted = TAKEN
        if case == "wrong encoding" and form in ("csv", "xlsx", "kml"):
            wanted = ""
        if (case, form) == ("missing column", "kml"):
            wanted = KML_LACKS.get(door, wanted)
        if door.startswith("page") and form in ("shp", "gdb"):
            wanted = "as a ZIP"
        words = wanted.replace("row 2", "row 3").replace("row 1", "row 2") if form in ("csv", "xlsx") else wanted
        if wanted == TAKEN:
            assert found == len(points), f"{door}: {found}"
        else:
            assert isinstance(found, str), f"{door} took {found} rows"
            assert words in found, f"{door}: {found}"
        if len(layers) > 1:
            assert wanted == "as a ZIP" or all(layer in found for layer in layers)
            assert wanted == "as a ZIP" or ask(door, path, gazetteer, layers[0]) == len(points)
        shown.append(words or "refused")
    print(f"{form:9}{case:16}" + "".join(f"{text[:16]:17}" for text in shown))  # noqa: T201 - the matrix


def test_the_files_that_a_form_may_be_are_all_tried():
    """No form is read that this matrix leaves out; .tsv and .txt are CSV, .json is GeoJSON, .xlsm is XLSX."""
    from service_map.io import FORMS

    tried = {f".{form.rsplit('.', 1)[-1]}" for form in forms.FORMS}
    assert set(FORMS) - tried == {".tsv", ".txt", ".json", ".xlsm"}
