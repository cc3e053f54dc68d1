"""Layers of any form give the same rows."""

import csv
import json
import sqlite3
import struct
import zipfile
from datetime import date

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from pyproj import Transformer

from service_map.errors import InvalidParameterError
from service_map.places.layer import read_layer

ROWS = [("1", "school", "端氏小学", 112.511949, 35.667467), ("2", "park", "沁河公园", 112.18, 35.69)]


def rows_of(path, **options):
    found = []
    for batch in read_layer(path, **options):
        for index, number in enumerate(batch.numbers):
            cells = {column: texts[index] for column, texts in batch.cells.items()}
            found.append((number, cells, batch.lonlat[index].tolist(), float(batch.reach_m[index])))
    return found


def as_csv(path, encoding="utf-8", heading=("osm_id", "fclass", "name", "lon", "lat")):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([heading, *ROWS])
    return path


def written(path, driver, *, crs="EPSG:4326", geometry=True, **options):
    columns = [np.array([row[at] for row in ROWS], dtype=object) for at in range(3)]
    names = ["osm_id", "fclass", "name"]
    if not geometry:
        columns += [np.array([row[at] for row in ROWS]) for at in (3, 4)]
        names += ["lon", "lat"]
    shapes = shapely.to_wkb(shapely.points([row[3:] for row in ROWS])) if geometry else None
    pyogrio.raw.write(
        path, shapes, columns, names, geometry_type="Point" if geometry else None, crs=crs if geometry else None,
        driver=driver, **options,
    )  # fmt: skip
    return path


def as_xlsx(path):
    """A workbook as Excel writes it: numbers as numbers, words in a table of shared strings."""
    words = ["编号", "类别", "名称", "经度", "纬度", *[row[at] for row in ROWS for at in (1, 2)]]
    strings = "".join(f"<si><t>{word}</t></si>" for word in words)
    cell = [[f'<c r="{"ABCDE"[at]}1" t="s"><v>{at}</v></c>' for at in range(5)]]
    for number, row in enumerate(ROWS, start=2):
        at = 5 + 2 * (number - 2)
        cell.append(
            [
                f'<c r="A{number}"><v>{row[0]}</v></c>', f'<c r="B{number}" t="s"><v>{at}</v></c>',
                f'<c r="C{number}" t="s"><v>{at + 1}</v></c>', f'<c r="D{number}"><v>{row[3]}</v></c>',
                f'<c r="E{number}"><v>{row[4]}</v></c>',
            ]
        )  # fmt: skip
    lines = "".join(f'<row r="{number}">{"".join(cells)}</row>' for number, cells in enumerate(cell, start=1))
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{sheet}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{sheet}.worksheet+xml"/>'
            f'<Override PartName="/xl/sharedStrings.xml" ContentType="{sheet}.sharedStrings+xml"/></Types>')  # fmt: skip
        book.writestr("_rels/.rels", f'<Relationships xmlns="{package}/relationships">'
            f'<Relationship Id="r1" Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>')  # fmt: skip
        book.writestr("xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{relation}"><sheets>'
            '<sheet name="设施" sheetId="1" r:id="r1"/></sheets></workbook>')  # fmt: skip
        book.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships">'
            f'<Relationship Id="r1" Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="r2" Type="{relation}/sharedStrings" Target="sharedStrings.xml"/></Relationships>')  # fmt: skip
        book.writestr("xl/worksheets/sheet1.xml",
                      f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>')  # fmt: skip
        book.writestr("xl/sharedStrings.xml", f'<sst xmlns="{main}">{strings}</sst>')
    return path


def as_pbf(path):
    """An OpenStreetMap extract of two nodes, written by its specification."""

    def varint(value):
        out = b""
        while value > 127:
            out += bytes([value & 127 | 128])
            value >>= 7
        return out + bytes([value])

    def field(number, value):
        if isinstance(value, int):
            return varint(number << 3) + varint(value)
        return varint(number << 3 | 2) + varint(len(value)) + value

    def block(kind, content):
        blob = field(1, content) + field(2, len(content))
        header = field(1, kind) + field(3, len(blob))
        return struct.pack(">I", len(header)) + header + blob

    words = [b"", b"amenity", b"leisure", b"name", *[text.encode() for row in ROWS for text in row[1:3]]]
    nodes = b""
    for number, row in enumerate(ROWS):
        place = b"".join(field(at, round(value * 1e7) * 2) for at, value in ((8, row[4]), (9, row[3])))
        keys, values = bytes([1 + number, 3]), bytes([4 + 2 * number, 5 + 2 * number])
        nodes += field(1, field(1, int(row[0]) * 2) + field(2, keys) + field(3, values) + place)
    table = field(1, b"".join(field(1, word) for word in words))
    path.write_bytes(block(b"OSMHeader", field(4, b"OsmSchema-V0.6")) + block(b"OSMData", table + field(2, nodes)))
    return path


def as_osm_xml(path):
    nodes = "".join(
        f'<node id="{row[0]}" lon="{row[3]}" lat="{row[4]}" version="1"><tag k="{key}" v="{row[1]}"/>'
        f'<tag k="name" v="{row[2]}"/></node>'
        for row, key in zip(ROWS, ("amenity", "leisure"), strict=True)
    )
    path.write_text(f'<?xml version="1.0"?><osm version="0.6">{nodes}</osm>', encoding="utf-8")
    return path


MAKERS = {
    "utf-8.csv": as_csv,
    "marked.csv": lambda path: as_csv(path, "utf-8-sig"),
    "gb18030.csv": lambda path: as_csv(path, "gb18030"),
    "chinese.csv": lambda path: as_csv(path, "gb18030", ("编号", "类别", "名称", "经度", "纬度")),
    "book.xlsx": as_xlsx,
    "gdal.xlsx": lambda path: written(path, "XLSX", geometry=False),
    "layer.geojson": lambda path: written(path, "GeoJSON"),
    "layer.gpkg": lambda path: written(path, "GPKG"),
    "cgcs2000.gpkg": lambda path: written(path, "GPKG", crs="EPSG:4490"),
    "utf-8.shp": lambda path: written(path, "ESRI Shapefile", encoding="UTF-8"),
    "gb18030.shp": lambda path: written(path, "ESRI Shapefile", encoding="GB18030"),
    "extract.osm.pbf": as_pbf,
    "extract.osm": as_osm_xml,
}


@pytest.mark.parametrize("name", MAKERS)
def test_every_form_gives_the_same_rows(tmp_path, name):
    found = rows_of(MAKERS[name](tmp_path / name))
    assert [(cells["id"], cells["class"], cells["name"]) for _, cells, _, _ in found] == [row[:3] for row in ROWS]
    assert np.allclose([point for _, _, point, _ in found], [row[3:] for row in ROWS], atol=1e-7)
    first = 2 if name.endswith((".csv", ".xlsx")) else 1
    assert [number for number, *_ in found] == [first, first + 1]


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
def test_a_shapefile_that_does_not_say_its_encoding_is_read_by_what_it_holds(tmp_path, encoding):
    path = written(tmp_path / "old.shp", "ESRI Shapefile", encoding=encoding)
    path.with_suffix(".cpg").unlink()
    assert [cells["name"] for _, cells, _, _ in rows_of(path)] == [row[2] for row in ROWS]


def test_a_layer_in_metres_is_turned_into_degrees(tmp_path):
    path = tmp_path / "metres.gpkg"
    there = Transformer.from_crs(4326, 32649, always_xy=True)
    points = shapely.points([there.transform(*row[3:]) for row in ROWS])
    pyogrio.raw.write(path, shapely.to_wkb(points), [np.array(["school", "park"], dtype=object)], ["class"],
                      geometry_type="Point", crs="EPSG:32649", driver="GPKG")  # fmt: skip
    assert np.allclose([point for _, _, point, _ in rows_of(path)], [row[3:] for row in ROWS], atol=1e-7)


def test_a_polygon_stands_at_a_point_on_it_that_reaches_over_all_of_it(tmp_path):
    path = tmp_path / "grounds.geojson"
    # A horseshoe, whose centroid lies outside it.
    ring = [(112, 35), (112.01, 35), (112.01, 35.01), (112.009, 35.01), (112.009, 35.001), (112.001, 35.001),
            (112.001, 35.01), (112, 35.01), (112, 35)]  # fmt: skip
    feature = {"type": "Feature", "properties": {"fclass": "park"},
               "geometry": {"type": "Polygon", "coordinates": [ring]}}  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    ((_, _, point, reach),) = rows_of(path)
    assert shapely.Polygon(ring).covers(shapely.Point(point))
    farthest = max(np.hypot((x - point[0]) * 91_287, (y - point[1]) * 110_940) for x, y in ring)
    assert farthest <= reach < 2000


def test_an_empty_geometry_has_no_place(tmp_path):
    path = tmp_path / "empty.geojson"
    feature = {"type": "Feature", "properties": {"fclass": "park"}, "geometry": None}
    whole = {**feature, "geometry": {"type": "Point", "coordinates": [112, 35]}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature, whole]}), encoding="utf-8")
    (_, _, none, _), (_, _, point, _) = rows_of(path)
    assert np.isnan(none).all()
    assert point == [112, 35]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("nothing.csv", b""),
        ("latin.csv", b"\xff\xff\xff"),
        ("nul.csv", b"a\0b,c\n"),
        ("plain.csv", b"a,b\n1,2\n"),
        ("noclass.csv", b"lon,lat\n1,2\n"),
        ("bad.geojson", b'{"type": "FeatureCollection", "features": [{'),
        ("bad.gpkg", b"no database" * 99),
        ("bad.shp", b"no shapes" * 99),
        ("bad.xlsx", b"no workbook" * 99),
        ("bad.osm.pbf", b"no extract" * 99),
        ("form.txt", b"lon,lat\n"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidParameterError) as caught:
        rows_of(tmp_path / name)
    assert caught.value.field in ("file", "columns")


def test_a_column_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    path = as_csv(tmp_path / "table.csv")
    with pytest.raises(InvalidParameterError, match="fclass"):
        rows_of(path, columns={"class": "种类"})
    with pytest.raises(InvalidParameterError, match="colour"):
        rows_of(path, columns={"colour": "name"})
    assert [cells["class"] for _, cells, _, _ in rows_of(path, columns={"class": "name"})] == ["端氏小学", "沁河公园"]


def test_a_short_row_is_kept_with_its_number(tmp_path):
    path = tmp_path / "short.csv"
    path.write_text("fclass,lon,lat\nschool\npark,112,35\n", encoding="utf-8")
    (first, _, none, _), (second, _, point, _) = rows_of(path)
    assert (first, second, point) == (2, 3, [112, 35])
    assert np.isnan(none).all()


def workbook(path, *rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_a_workbooks_numbers_dates_and_gaps_are_read_as_a_person_sees_them(tmp_path):
    path = workbook(
        tmp_path / "t.xlsx", ["编号", "类别", "名称", "经度", "纬度", "日期"],
        [7, "school", " 端氏小学 ", 112.511949, 35.667467, date(2024, 6, 1)],
        [None, "park", None, "112.18", 35.69, "2023"],
        [None] * 6,
        ["x", "school"],
        [None] * 6,
    )  # fmt: skip
    found = rows_of(path)
    assert [number for number, *_ in found] == [2, 3, 4, 5]
    assert found[0][1] == {"id": "7", "class": "school", "name": "端氏小学", "date": "2024-06-01"}
    assert found[1][1] == {"id": "", "class": "park", "name": "", "date": "2023"}
    assert found[1][2] == [112.18, 35.69]
    assert np.isnan(found[3][2]).all()


@pytest.mark.parametrize("damage", ["cut", "sheet", "empty"])
def test_a_damaged_workbook_is_refused_in_one_sentence(tmp_path, damage):
    path = workbook(tmp_path / "t.xlsx", ["类别", "经度", "纬度"], *[["school", 112.18, 35.69]] * 500)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:2000])
    elif damage == "sheet":
        with zipfile.ZipFile(path) as book:
            parts = {name: book.read(name) for name in book.namelist()}
        parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"][:700]
        with zipfile.ZipFile(path, "w") as book:
            for name, content in parts.items():
                book.writestr(name, content)
    else:
        workbook(path)
    with pytest.raises(InvalidParameterError) as caught:
        rows_of(path)
    assert "\n" not in str(caught.value)


def test_of_an_openstreetmap_extract_only_what_may_be_a_facility_is_read(tmp_path):
    path = as_osm_xml(tmp_path / "t.osm")
    more = '<node id="9" lon="112.2" lat="35.7" version="1"><tag k="highway" v="crossing"/></node></osm>'
    path.write_text(path.read_text(encoding="utf-8").replace("</osm>", more), encoding="utf-8")
    assert [cells["id"] for _, cells, _, _ in rows_of(path)] == ["1", "2"]


def test_a_large_shapefile_table_is_told_by_all_of_it(tmp_path):
    columns = [np.array(["school"] * 30_000, dtype=object), np.array(["plain"] * 29_999 + ["端氏小学"], dtype=object)]
    shapes = shapely.to_wkb(shapely.points(np.full(30_000, 112.18), np.full(30_000, 35.69)))
    pyogrio.raw.write(tmp_path / "t.shp", shapes, columns, ["class", "name"], geometry_type="Point", crs="EPSG:4326",
                      driver="ESRI Shapefile", encoding="GB18030")  # fmt: skip
    (tmp_path / "t.cpg").unlink()
    assert rows_of(tmp_path / "t.shp")[-1][1]["name"] == "端氏小学"


def test_a_ring_that_is_no_ring_is_an_empty_geometry_and_not_an_end(tmp_path):
    path = written(tmp_path / "t.gpkg", "GPKG")
    # A polygon whose ring has two points, as OpenStreetMap extracts hold some.
    ring = struct.pack("<BIIIdddd", 1, 3, 1, 2, 112.0, 35.0, 112.1, 35.1)
    with sqlite3.connect(path) as database:
        database.create_function("ST_IsEmpty", 1, lambda _shape: False)
        for name in ("MinX", "MaxX", "MinY", "MaxY"):
            database.create_function(f"ST_{name}", 1, lambda _shape: 0.0)
        database.execute("UPDATE t SET geom = ? WHERE fid = 2", (b"GP\0\1" + struct.pack("<i", 4326) + ring,))
    database.close()
    found = rows_of(path)
    assert [number for number, *_ in found] == [1, 2]
    assert np.isnan(found[1][2]).all()
