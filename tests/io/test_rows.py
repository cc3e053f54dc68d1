"""Rows come out of any table or layer alike: by one way in, with the numbers that a spreadsheet shows."""

import codecs
import json
import shutil
import sqlite3
import struct
import subprocess
import sys
import zipfile
from datetime import date

import forms
import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from pyproj import CRS, Transformer

from service_map import io
from service_map.errors import InvalidParameterError

COLUMNS = {"id": "id", "class": "class", "name": "name", "date": "date"}
TABLE = {"osm_id": ["1", "2"], "fclass": ["school", "park"], "name": ["端氏小学", "沁河公园"]}
POINTS = [(112.511949, 35.667467), (112.18, 35.69)]


def rows(given, *, datum="WGS84", crs=None, layer=None, columns=None, required=("class",), **options):
    asked = io.Asked(datum=datum, crs=crs, layer=layer, columns=columns or {})
    found = []
    for batch in io.read(given, COLUMNS, asked, required=required, **options):
        for index, number in enumerate(batch.numbers):
            cells = {column: texts[index] for column, texts in batch.cells.items() if column in COLUMNS}
            found.append((number, cells, batch.lonlat[index].tolist(), batch.fault(index)))
    return found


def refused(*says, given, **options):
    with pytest.raises(InvalidParameterError) as told:
        rows(given, **options)
    assert "\n" not in str(told.value)
    for text in says:
        assert text in str(told.value)
    return told.value


def said(found):
    return [(cells["id"], cells["class"], cells["name"]) for _, cells, _, _ in found]


EXPECTED = list(zip(*TABLE.values(), strict=True))


# --- forms ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_memory", [False, True])
@pytest.mark.parametrize("form", forms.FORMS)
def test_every_form_gives_the_same_rows_from_the_disk_and_from_memory(tmp_path, form, in_memory):
    path = forms.made(tmp_path, form, TABLE, POINTS)
    if in_memory and form in ("shp", "gdb"):  # are several files each; a form brings them zipped
        path = forms.zipped(tmp_path / "packed.zip", _alone(tmp_path, path))
    given = io.Source(name=path.name, body=path.read_bytes()) if in_memory else path
    found = rows(given)
    assert said(found) == EXPECTED
    np.testing.assert_allclose([point for _, _, point, _ in found], POINTS, atol=1e-7)
    first = 2 if form in ("csv", "xlsx") else 1
    assert [number for number, *_ in found] == [first, first + 1]


def _alone(folder, path):
    packed = folder / "packed"
    packed.mkdir()
    for beside in folder.glob(f"{path.stem}.*"):
        (shutil.copytree if beside.is_dir() else shutil.copy)(beside, packed / beside.name)
    return packed


@pytest.mark.parametrize("form", [form for form in forms.FORMS if form != "kml"])
def test_metres_of_a_projection_become_the_same_degrees(tmp_path, form):
    path = forms.made(tmp_path, form, TABLE, POINTS, crs=forms.METRES)
    found = rows(path, datum=None, crs=f"EPSG:{forms.METRES}")
    np.testing.assert_allclose([point for _, _, point, _ in found], POINTS, atol=1e-7)


def test_no_upload_is_opened_by_a_driver_that_names_other_files(tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("fclass,lon,lat\nschool,112,35\n", encoding="utf-8")
    virtual = f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    piped = json.dumps({"type": "gdal_streamed_alg", "command_line": f"gdal vector read {secret}"})
    for name in ("a.kml", "a.geojson", "a.gpkg", "a.fgb"):
        for body in (virtual, piped, f"<!-- <kml -->{virtual}", f'{{"a": "{"x" * 70_000}", {piped[1:]}'):
            refused(name, given=io.Source(name=name, body=body.encode()))
    packed = tmp_path / "a.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.shp", virtual)
    refused("a.zip", given=io.Source(name="a.zip", body=packed.read_bytes()))


def test_reading_a_table_loads_neither_pandas_nor_gdal():
    program = (
        "import sys\nfrom service_map import io\n"
        "source = io.Source(name='t.csv', body=b'class,lon,lat\\nschool,112,35\\n')\n"
        "assert list(io.read(source, {'class': 'class'}, io.Asked(datum='WGS84')))\n"
        "print(*(name for name in ('pandas', 'pyogrio', 'pyarrow', 'openpyxl') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("nothing.csv", b""), ("blank.csv", b" \r\n \n"), ("latin.csv", b"\xff\xff\xff"), ("nul.csv", b"a\0b,c\n"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), ("half.csv", codecs.BOM_UTF16_LE + b"\xff\xff\xff"),
        ("bytes.csv", bytes(range(256)) * 9), ("plain.csv", b"a,b\n1,2\n"), ("noclass.csv", b"lon,lat\n1,2\n"),
        ("noplace.csv", b"class\nschool\n"), ("heading.csv", b"class,lon,lat\n"),
        ("bad.geojson", b'{"type": "FeatureCollection", "features": [{'), ("list.geojson", b"[]"),
        ("none.geojson", b'{"type": "FeatureCollection", "features": []}'), ("bad.gpkg", b"no database" * 99),
        ("short.gpkg", b"SQLite format 3\0" + bytes(84)), ("bad.shp", b"no shapes" * 99),
        ("bad.shp", b"\x00\x00\x27\x0a" * 9), ("bad.xlsx", b"no workbook" * 99), ("bad.zip", b"PK\x03\x04 no archive"),
        ("bad.fgb", b"fgb\x03fgb\x00" + b"x" * 99), ("bad.parquet", b"PAR1xxxxPAR1"), ("bad.kml", b"<kml><Folder>"),
        ("form.docx", b"lon,lat\n"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("in_memory", [False, True])
def test_a_file_that_cannot_be_read_is_refused_by_name_on_one_line(tmp_path, name, content, in_memory):
    path = tmp_path / name
    path.write_bytes(content)
    told = refused(name, given=io.Source(name=name, body=content) if in_memory else path)
    assert told.field == "file"
    assert "/proc/" not in str(told)


def test_a_file_that_is_not_there_is_refused_by_its_path(tmp_path):
    refused(str(tmp_path / "none.csv"), given=tmp_path / "none.csv")
    refused(str(tmp_path / "none.gdb"), given=tmp_path / "none.gdb")


# --- text -------------------------------------------------------------------------------------------------------------

TEXT = "编号,类别,名称,经度,纬度\r\n1,school,端氏小学,112.511949,35.667467\r\n2,park,沁河公园,112.18,35.69\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encoding_and_separator_are_found_out(tmp_path, encoding, separator):
    path = tmp_path / "t.csv"
    path.write_bytes(TEXT.replace(",", separator).encode(encoding))
    found = rows(path)
    assert said(found) == EXPECTED
    assert [number for number, *_ in found] == [2, 3]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_first_line_that_says_the_separator_is_no_row(tmp_path, separator):
    path = tmp_path / "t.csv"
    path.write_text(f"sep={separator}\n" + TEXT.replace(",", separator), encoding="utf-8")
    assert [(number, cells["name"]) for number, cells, *_ in rows(path)] == [(2, "端氏小学"), (3, "沁河公园")]


def test_a_name_with_commas_does_not_make_the_comma_the_separator(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("class;name;lon;lat\npark;甲,乙,丙,丁,戊;112.1;35.6\n", encoding="utf-8")
    assert [cells["name"] for _, cells, *_ in rows(path)] == ["甲,乙,丙,丁,戊"]


def test_a_heading_is_found_behind_titles_and_rows_keep_their_numbers(tmp_path):
    path = tmp_path / "t.csv"
    title = "沁水县公共服务设施一览表,,,,\r\n\r\n填表单位：县教育局,,,,\r\n"
    path.write_text(title + TEXT + '\r\n3,park,"丙\n园",112.2,35.7\r\n', encoding="utf-8", newline="")
    found = rows(path)
    assert [(number, cells["id"]) for number, cells, *_ in found] == [(5, "1"), (6, "2"), (8, "3")]


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        ("经度(°)", "纬度(°)"), ("经度（度）", "纬度（度）"), ("Longitude [deg]", "Latitude [deg]"), ("ＬＯＮ", "ＬＡＴ"),
        ("经　度", "纬 度"), ("*经度", "*纬度"), ("经度/°", "纬度/°"), ("lon (WGS84)", "lat (WGS84)"), ("经度\n(必填)", "纬度"),
    ],
)  # fmt: skip
def test_a_heading_is_known_whatever_its_case_width_blanks_and_units(tmp_path, lon, lat):
    path = forms.workbook(tmp_path / "t.xlsx", {"a": [["类别", lon, lat], ["school", 112.18, 35.69]]})
    ((number, _, point, fault),) = rows(path)
    assert (number, point, fault) == (2, [112.18, 35.69], None)


@pytest.mark.parametrize("heading", ["经度(GCJ02)", "经度(百度)", "经度(分)"])
def test_a_unit_that_changes_the_figure_makes_another_column(tmp_path, heading):
    path = forms.workbook(tmp_path / "t.xlsx", {"a": [["类别", heading, "纬度"], ["school", 112.18, 35.69]]})
    refused("lon", heading, given=path)
    assert len(rows(path, columns={"lon": heading})) == 1


def test_a_column_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    path = forms.write(tmp_path / "t.csv", TABLE, POINTS)
    refused("t.csv", "种类", "fclass", given=path, columns={"class": "种类"})
    assert refused("colour", given=path, columns={"colour": "name"}).field == "columns"
    assert [cells["class"] for _, cells, *_ in rows(path, columns={"class": "name"})] == ["端氏小学", "沁河公园"]
    assert "name" not in rows(path, columns={"name": ""})[0][1]


def test_a_short_row_is_kept_and_a_long_one_is_a_fault(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("class,lon,lat\nschool\npark,112,35\npark,甲园,112,35\npark,112,35,,\n", encoding="utf-8")
    faults = [(number, fault and fault.en) for number, _, _, fault in rows(path)]
    assert faults[0][0] == 2
    assert "no coordinates" in faults[0][1]
    assert faults[1] == (3, None)
    assert faults[2] == (4, "has more cells than the heading")
    assert faults[3] == (5, None)


# --- workbooks --------------------------------------------------------------------------------------------------------


def test_cells_are_read_as_a_person_sees_them(tmp_path):
    path = forms.workbook(tmp_path / "t.xlsx", {"a": [
        ["编号", "类别", "名称", "经度", "纬度", "日期"],
        [140521103001234, "school", " 端氏小学 ", 112.511949, 35.667467, date(2024, 6, 1)],
        ["", "park", "", "112.18", 35.69, "2023"],
        [""] * 6,
        [140521.0, "school"],
        [""] * 6,
    ]})  # fmt: skip
    found = rows(path)
    assert [number for number, *_ in found] == [2, 3, 5]
    assert found[0][1] == {"id": "140521103001234", "class": "school", "name": "端氏小学", "date": "2024-06-01"}
    assert found[1][1:3] == ({"id": "", "class": "park", "name": "", "date": "2023"}, [112.18, 35.69])
    assert found[2][1]["id"] == "140521"
    assert np.isnan(found[2][2]).all()


def test_merged_cells_have_their_text_in_every_row_and_a_merged_title_is_no_heading(tmp_path):
    path = forms.workbook(tmp_path / "t.xlsx", {"a": [
        ["沁水县一览表", "", "", ""], ["类别", "名称", "坐标", ""], ["", "", "经度", "纬度"],
        ["幼儿园", "一幼", 112.18, 35.69], ["", "二幼", 112.19, 35.7], ["养老院", "敬老院", 112.2, 35.71],
    ]})  # fmt: skip
    book = openpyxl.load_workbook(path)
    for cells in ("A1:D1", "A2:A3", "B2:B3", "C2:D2", "A4:A5"):
        book.active.merge_cells(cells)
    book.save(path)
    found = rows(path)
    assert [(number, cells["class"]) for number, cells, *_ in found] == [(4, "幼儿园"), (5, "幼儿园"), (6, "养老院")]


def test_empty_and_hidden_sheets_are_nothing_to_choose_from(tmp_path):
    path = forms.workbook(tmp_path / "t.xlsx", {"Sheet1": [["class", "lon", "lat"], ["park", 112, 35]], "Sheet2": [],
                                                "字典": [["park"]]})  # fmt: skip
    book = openpyxl.load_workbook(path)
    book["字典"].sheet_state = "hidden"
    book.save(path)
    ((number, cells, *_),) = rows(path)
    assert (number, cells["class"]) == (2, "park")


@pytest.mark.parametrize("form", forms.SHEETED)
def test_of_several_sheets_or_layers_one_is_named_or_the_error_lists_them(tmp_path, form):
    for at, layer in enumerate(("学校", "公园")):
        some = {name: texts[at : at + 1] for name, texts in TABLE.items()}
        path = forms.made(tmp_path, form, some, POINTS[at : at + 1], layer=layer)
    told = refused("学校", "公园", "--layer", given=path)
    assert set(told.allowed) == {"学校", "公园"}
    assert [cells["name"] for _, cells, *_ in rows(path, layer="公园")] == ["沁河公园"]
    refused("没有", "医院", "学校", given=path, layer="医院")


def test_a_table_as_text_has_no_sheet_to_name(tmp_path):
    refused("--layer", given=forms.write(tmp_path / "t.csv", TABLE, POINTS), layer="Sheet1")


@pytest.mark.parametrize("damage", ["cut", "sheet", "empty"])
def test_a_damaged_workbook_is_refused_in_one_sentence(tmp_path, damage):
    path = forms.workbook(tmp_path / "t.xlsx", {"a": [["类别", "经度", "纬度"], *[["school", 112.18, 35.69]] * 500]})
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
        path.unlink()
        forms.workbook(path, {"a": []})
    refused("t.xlsx", given=path)


# --- layers -----------------------------------------------------------------------------------------------------------


def test_ids_keep_every_digit_though_one_is_missing(tmp_path):
    path = tmp_path / "t.geojson"
    features = [
        {"type": "Feature", "properties": {"id": number, "class": "park"}, "geometry": {"type": "Point", "coordinates": [112, 35]}}
        for number in (9007199254740993, 9007199254740992, None)
    ]  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    assert [cells["id"] for _, cells, *_ in rows(path)] == ["9007199254740993", "9007199254740992", ""]


def test_an_object_where_a_text_should_stand_is_a_fault_of_its_row(tmp_path):
    path = tmp_path / "t.geojson"
    features = [
        {"type": "Feature", "properties": {"class": "park", "name": name}, "geometry": {"type": "Point", "coordinates": [112, 35]}}
        for name in ({"zh": "甲园"}, "乙园", 5)
    ]  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    found = rows(path)
    assert [fault and (fault.row, fault.column) for *_, fault in found] == [(1, "name"), None, None]
    assert found[2][1]["name"] == "5"


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
@pytest.mark.parametrize("label", [None, "UTF-8", "GBK", "ISO-8859-1", "nonsense"])
def test_a_shapefile_is_read_by_what_its_table_holds_whatever_it_says(tmp_path, encoding, label):
    path = forms.made(tmp_path, "shp", TABLE, POINTS, encoding=encoding)
    path.with_suffix(".cpg").unlink()
    if label is not None:
        path.with_suffix(".cpg").write_text(label)
    assert said(rows(path)) == EXPECTED


def test_a_shapefile_in_another_encoding_that_it_names_is_read_by_that(tmp_path):
    path = forms.made(tmp_path, "shp", TABLE | {"name": ["鄉鎮", "衛生所"]}, POINTS, encoding="BIG5")
    assert [cells["name"] for _, cells, *_ in rows(path)] == ["鄉鎮", "衛生所"]


@pytest.mark.parametrize("labelled", [False, True])
def test_a_name_that_is_cut_inside_a_character_is_read_without_it(tmp_path, labelled):
    path = forms.made(tmp_path, "shp", {"class": ["幼儿园"], "name": ["某" * 80]}, POINTS[:1], encoding="UTF-8")
    table = path.with_suffix(".dbf")
    # A field's name has ten bytes, three characters and a third of one.
    content = table.read_bytes().replace(b"class\0\0\0\0\0\0", "学校类别".encode()[:10] + b"\0", 1)
    table.write_bytes(content)
    if not labelled:
        path.with_suffix(".cpg").unlink()
    ((_, cells, *_),) = rows(path, columns={"class": "学校类"})
    assert cells["class"] == "幼儿园"


def test_a_shapefile_without_a_prj_says_its_crs_on_the_command_line(tmp_path):
    path = forms.made(tmp_path, "shp", TABLE, POINTS)
    path.with_suffix(".prj").unlink()
    refused("--crs", "rows.shp", given=path)
    assert said(rows(path, datum=None, crs="EPSG:4490")) == EXPECTED


def test_a_large_shapefile_table_is_told_by_all_of_it(tmp_path):
    names = ["plain"] * 29_999 + ["端氏小学"]
    path = forms.made(tmp_path, "shp", {"class": ["school"] * 30_000, "name": names}, [POINTS[0]] * 30_000,
                      encoding="GB18030")  # fmt: skip
    path.with_suffix(".cpg").unlink()
    assert rows(path)[-1][1]["name"] == "端氏小学"


def test_a_polygon_stands_at_a_point_on_it_that_reaches_over_all_of_it(tmp_path):
    path = tmp_path / "grounds.geojson"
    # A horseshoe, whose centroid lies outside it.
    ring = [(112, 35), (112.01, 35), (112.01, 35.01), (112.009, 35.01), (112.009, 35.001), (112.001, 35.001),
            (112.001, 35.01), (112, 35.01), (112, 35)]  # fmt: skip
    feature = {"type": "Feature", "properties": {"fclass": "park"},
               "geometry": {"type": "Polygon", "coordinates": [ring]}}  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    (batch,) = io.read(path, COLUMNS, io.Asked(datum="WGS84"))
    (point,), (reach,) = batch.lonlat.tolist(), batch.reach_m.tolist()
    assert shapely.Polygon(ring).covers(shapely.Point(point))
    farthest = max(np.hypot((x - point[0]) * 91_287, (y - point[1]) * 110_940) for x, y in ring)
    assert farthest <= reach < 2000
    assert batch.shape(0).equals(shapely.Polygon(ring))


def test_an_empty_geometry_is_a_fault_of_its_row(tmp_path):
    path = tmp_path / "empty.geojson"
    feature = {"type": "Feature", "properties": {"fclass": "park"}, "geometry": None}
    whole = {**feature, "geometry": {"type": "Point", "coordinates": [112, 35]}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature, whole]}), encoding="utf-8")
    (_, _, none, fault), (_, _, point, fine) = rows(path)
    assert np.isnan(none).all()
    assert (fault.row, fault.column, fine, point) == (1, "lon, lat", None, [112, 35])


def test_a_ring_that_is_no_ring_is_an_empty_geometry_and_not_an_end(tmp_path):
    path = forms.made(tmp_path, "gpkg", TABLE, POINTS)
    # A polygon whose ring has two points, as OpenStreetMap extracts hold some.
    ring = struct.pack("<BIIIdddd", 1, 3, 1, 2, 112.0, 35.0, 112.1, 35.1)
    with sqlite3.connect(path) as database:
        database.create_function("ST_IsEmpty", 1, lambda _shape: False)
        for name in ("MinX", "MaxX", "MinY", "MaxY"):
            database.create_function(f"ST_{name}", 1, lambda _shape: 0.0)
        database.execute("UPDATE rows SET geom = ? WHERE fid = 2", (b"GP\0\1" + struct.pack("<i", 4326) + ring,))
    database.close()
    found = rows(path)
    assert [number for number, *_ in found] == [1, 2]
    assert np.isnan(found[1][2]).all()


def test_a_table_of_a_package_without_geometries_is_read_by_its_columns(tmp_path):
    path = tmp_path / "t.gpkg"
    columns = [np.array(["park"], dtype=object), np.array([112.18]), np.array([35.69])]
    pyogrio.raw.write(path, None, columns, ["class", "lon", "lat"], geometry_type=None, driver="GPKG", layer="plain")
    assert [(cells["class"], point) for _, cells, point, _ in rows(path)] == [("park", [112.18, 35.69])]


def test_a_style_or_a_table_beside_a_layer_is_no_second_layer(tmp_path):
    path = forms.made(tmp_path, "gpkg", TABLE, POINTS)
    for name in ("layer_styles", "notes"):
        pyogrio.raw.write(path, None, [np.array(["x"], dtype=object)], ["text"], geometry_type=None, driver="GPKG",
                          layer=name, append=True)  # fmt: skip
    assert said(rows(path)) == EXPECTED


# --- coordinates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["112.18", "１１２．１８", "112.18°", "112.18°E", "E112.18", "东经112.18度", "112°10′48″", "112°10'48\"", "112度10分48秒",
     "东经112°10′48″", " 112.18 "],
)  # fmt: skip
def test_coordinates_are_read_as_people_write_them(text):
    np.testing.assert_allclose(io.coordinates([text]), [112.18], atol=1e-9)


@pytest.mark.parametrize(
    "text", ["", "east", "112.18.5", "112,18", "nan", "inf", "1e400", "112°70′", "112°10′72″", "-"]
)
def test_what_is_no_coordinate_is_none(text):
    assert np.isnan(io.coordinates([text])).all()


def test_the_other_half_of_the_world_is_negative():
    np.testing.assert_allclose(io.coordinates(["70.5°W", "33°30′S", "-3"]), [-70.5, -33.5, -3])


@pytest.mark.parametrize(
    ("point", "words"),
    [((35.69, 112.18), "swapped"), (("", ""), "no coordinates"), (("east", "35"), "lon is not a number: 'east'"),
     ((512.1, 35.6), "outside longitude")],
)  # fmt: skip
def test_a_wrong_place_is_a_fault_of_its_row(tmp_path, point, words):
    path = forms.workbook(tmp_path / "t.xlsx", {"a": [["class", "lon", "lat"], ["park", 112, 35], ["park", *point]]})
    (*_, fine), (*_, fault) = rows(path)
    assert fine is None
    assert (fault.row, fault.column, fault.where) == (3, "lon, lat", "t.xlsx")
    assert words in fault.en


def test_a_table_in_metres_that_says_no_crs_is_told_so_at_once(tmp_path):
    path = forms.write(tmp_path / "t.csv", TABLE, POINTS, crs=forms.METRES)
    refused("--crs", "t.csv", given=path)


def test_northing_as_x_is_told_and_can_be_said(tmp_path):
    path = tmp_path / "t.csv"
    east, north = Transformer.from_crs(4490, forms.METRES, always_xy=True).transform(*POINTS[0])
    path.write_text(f"class,X,Y\npark,{north},{east}\n", encoding="utf-8")
    crs = f"EPSG:{forms.METRES}"
    assert "easting and northing are swapped" in rows(path, datum=None, crs=crs)[0][3].en
    ((_, _, point, fault),) = rows(path, datum=None, crs=crs, columns={"lon": "Y", "lat": "X"})
    assert fault is None
    np.testing.assert_allclose(point, POINTS[0], atol=1e-7)


def frame_of(path, **asked):
    (batch,) = io.read(path, COLUMNS, io.Asked(**asked))
    return batch


@pytest.mark.parametrize(("crs", "most"), [(4610, 127), (4214, 105)])
def test_an_older_datum_is_transformed_and_what_is_unsure_is_added(tmp_path, crs, most):
    batch = frame_of(forms.made(tmp_path, "gpkg", TABLE, POINTS, crs=crs))
    assert batch.accuracy_m.tolist() == [most, most]
    assert f"{most} m" in batch.frame.told.en
    assert f"{most} 米" in batch.frame.told.zh


def test_where_an_operation_is_published_it_is_taken_with_its_own_accuracy(tmp_path):
    ordos = (108.5, 37.0)  # EPSG has a transformation from Beijing 1954 for the Ordos basin
    batch = frame_of(forms.made(tmp_path, "gpkg", TABLE, [ordos, POINTS[0]], crs=4214))
    assert batch.accuracy_m.tolist() == [1, 105]
    moved = Transformer.from_crs(4214, 4326, always_xy=True).transform(*ordos)
    np.testing.assert_allclose(batch.lonlat[0], moved, atol=1e-5)
    assert np.hypot(*(batch.lonlat[0] - ordos)) > 2e-4


@pytest.mark.parametrize(
    ("crs", "datum"), [(4610, "WGS84"), (4610, "CGCS2000"), (4214, "GCJ02"), (4490, "GCJ02"), (forms.METRES, "BD09")]
)
def test_a_file_that_contradicts_the_stated_datum_is_refused(tmp_path, crs, datum):
    path = forms.made(tmp_path, "gpkg", TABLE, POINTS, crs=crs)
    assert refused(CRS(crs).name, datum, given=path, datum=datum).field == "datum"


@pytest.mark.parametrize("crs", [4326, 4490, forms.METRES, 32649])
@pytest.mark.parametrize("datum", ["WGS84", "CGCS2000"])
def test_the_two_datums_that_are_equal_on_a_map_contradict_nothing(tmp_path, crs, datum):
    path = forms.made(tmp_path, "gpkg", TABLE, POINTS, crs=crs)
    np.testing.assert_allclose(frame_of(path, datum=datum).lonlat, POINTS, atol=1e-7)


def test_a_layer_in_degrees_may_hold_what_no_reference_system_names(tmp_path):
    shifted = [io.wgs84_to_gcj02(*point) for point in POINTS]
    path = forms.made(tmp_path, "gpkg", TABLE, shifted)
    np.testing.assert_allclose(frame_of(path, datum="GCJ02").lonlat, POINTS, atol=2e-7)


def test_a_crs_that_contradicts_the_files_own_is_refused(tmp_path):
    path = forms.made(tmp_path, "gpkg", TABLE, POINTS)
    assert refused("WGS 84", "EPSG:4610", given=path, datum=None, crs="EPSG:4610").field == "crs"
    assert len(rows(path, datum=None, crs="EPSG:4326")) == 2


@pytest.mark.parametrize("crs", ["nonsense", "EPSG:1", "EPSG:5773"])
def test_a_crs_that_is_none_is_refused(tmp_path, crs):
    refused(given=forms.write(tmp_path / "t.csv", TABLE, POINTS), datum=None, crs=crs)


def test_a_local_system_is_told_on_one_line(tmp_path):
    path = forms.made(tmp_path, "shp", TABLE, POINTS)
    wkt = 'LOCAL_CS["某市地方坐标系",UNIT["Meter",1.0],AXIS["East",EAST],AXIS["North",NORTH]]'
    path.with_suffix(".prj").write_text(wkt, encoding="utf-8")
    refused("某市地方坐标系", "rows.shp", given=path)


def test_without_a_datum_a_table_is_refused_or_taken_as_wgs_84_and_said_so(tmp_path):
    path = forms.write(tmp_path / "t.csv", TABLE, POINTS)
    assert refused("GCJ02", given=path, datum=None).field == "datum"
    assert refused("GCJ02", given=path, datum="NAD27").field == "datum"
    (batch,) = io.read(path, COLUMNS, io.Asked(), must=False)
    assert "taken as WGS 84" in batch.frame.told.en
