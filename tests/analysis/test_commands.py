"""The five questions as a user asks them on the command line."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import forms
import geopandas
import numpy as np
import openpyxl
import pytest
import shapely
from click.testing import CliRunner
from invented_world import CENTRE, write_world

from service_map import cli, store

PROGRAM = Path(sys.executable).with_name("service-map")
KINDERGARTENS = ("--category", "kindergarten", "--metres", "300")
COUNTY = ("--area", "140521", "--as-recorded")


@pytest.fixture(scope="module")
def home(geodata, tmp_path_factory):
    """A folder with the invented world's data and database."""
    folder = tmp_path_factory.mktemp("home")
    data = write_world(folder / "geodata", geodata)
    (folder / "var").mkdir()
    store.build(f"sqlite:///{folder}/var/service_map.gpkg", geodata=data)
    (folder / "people.csv").write_text(
        f"lon,lat,people\n{CENTRE[0]},{CENTRE[1]},30\n{CENTRE[0] + 0.05},{CENTRE[1]},12\n", encoding="utf-8"
    )
    (folder / "census.csv").write_text("adcode,people,people_60+\n140521,210000,40000\n", encoding="utf-8")
    geopandas.GeoDataFrame(geometry=[shapely.Point(CENTRE).buffer(0.05)], crs=4326).to_file(folder / "here.geojson")
    (folder / "broken.osm.pbf").write_bytes(b"\0\0\0\x0d nothing")
    park = shapely.box(CENTRE[0] + 0.01, CENTRE[1] - 0.002, CENTRE[0] + 0.016, CENTRE[1] + 0.002)
    geopandas.GeoDataFrame({"category": ["park_green"]}, geometry=[park], crs=4326).to_file(folder / "parks.geojson")
    town = shapely.Point(CENTRE).buffer(0.02)
    geopandas.GeoDataFrame(geometry=[town], crs=4326).to_file(folder / "built.geojson")
    bow = shapely.Polygon([(112.1, 35.6), (112.3, 35.8), (112.3, 35.6), (112.1, 35.8)])
    geopandas.GeoDataFrame(geometry=[bow], crs=4326).to_file(folder / "bow.geojson")
    flat = shapely.Polygon([(112, 35.5), (112.5, 36), (112.25, 35.75)])
    geopandas.GeoDataFrame(geometry=[flat], crs=4326).to_file(folder / "flat.geojson")
    (folder / "swapped.csv").write_text(f"lon,lat,people\n{CENTRE[1]},{CENTRE[0]},1\n", encoding="utf-8")
    (folder / "nan.csv").write_text(f"lon,lat,people\nnan,{CENTRE[1]},1\n", encoding="utf-8")
    (folder / "nobody.csv").write_text(f"lon,lat,people\n{CENTRE[0]},{CENTRE[1]},0\n", encoding="utf-8")
    (folder / "far.csv").write_text("lon,lat,people\n100,30,5\n", encoding="utf-8")
    (folder / "double.csv").write_text("adcode,people\n140500,9\n140521,3\n", encoding="utf-8")
    steps = [(CENTRE[0] + step * 0.0005, CENTRE[0] + (step + 1) * 0.0005, step * 3) for step in range(40)]
    (folder / "edges.csv").write_text(
        "from_lon,from_lat,to_lon,to_lat,from_z,to_z\n"
        + "".join(f"{a},{CENTRE[1]},{b},{CENTRE[1]},{z},{z + 3}\n" for a, b, z in steps),
        encoding="utf-8",
    )
    return folder


@pytest.fixture
def ask(home, monkeypatch):
    """Run a command in that folder."""
    monkeypatch.chdir(home)

    def run(*args):
        environment = {"GEODATA_DIR": str(home / "geodata"), "DATABASE_URL": None, "NETWORK": None}
        return CliRunner().invoke(cli.main, args, env=environment, prog_name="service-map")

    return run


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("coverage", *COUNTY, *KINDERGARTENS, "--by-year"), "2024"),
        (("coverage", *COUNTY, *KINDERGARTENS, "--demand", "people.csv"), "30 / 42 人"),
        (("coverage", "--polygon", "here.geojson", "--rule", "jgj39-kindergarten"), "所给多边形"),
        (("coverage", *COUNTY, *KINDERGARTENS, "--census", "census.csv"), "/ 210000 人"),
        (("circle", "112.1872", "35.6903", "--lang", "en"), "met if built"),
        (("gaps", *COUNTY, *KINDERGARTENS, "--demand", "people.csv"), "缺口内 12 人"),
        (
            ("site", *COUNTY, *KINDERGARTENS, "--count", "1", "--demand", "people.csv", "--places", "people.csv"),
            "100.0%",
        ),
        (
            ("site", *COUNTY, "--category", "library", "--minutes", "15", "--commitment", "county-4-000004"),
            "新选 12 处",
        ),
        (("completeness", *COUNTY, "--minutes", "5", "--cells", "100"), "平均满足"),
        (
            ("coverage", *COUNTY, "--rule", "gbt51346-park-small", "--facilities", "parks.geojson"),
            "从设施的边界或线路量起",
        ),
        (
            ("coverage", *COUNTY, *KINDERGARTENS, "--census", "census.csv", "--built", "built.geojson"),
            "按建成区面积分摊",
        ),
        (("gaps", *COUNTY, *KINDERGARTENS, "--demand", "people.csv", "--zones"), "都未覆盖"),
        (("circle", "112.1872", "35.6903", "--facilities", "parks.geojson", "--lang", "en"), "GB/T 51346"),
        (("coverage", *COUNTY, "--category", "kindergarten", "--minutes", "5", "--network", "edges.csv"), "Tobler"),
        (
            (
                "site",
                *COUNTY,
                "--category",
                "library",
                "--minutes",
                "5",
                "--network",
                "edges.csv",
                "--count",
                "1",
                "--demand",
                "people.csv",
            ),
            "步行按路网计",
        ),
        (
            (
                "completeness",
                *COUNTY,
                "--rule",
                "gbt51346-park-small",
                "--facilities",
                "parks.geojson",
                "--demand",
                "people.csv",
            ),
            "平均满足",
        ),
        (("coverage", *COUNTY, *KINDERGARTENS, "--demand", "nobody.csv"), "没有人口"),
        (("coverage", "--polygon", "bow.geojson", *KINDERGARTENS, "--as-recorded"), "自相交"),
        (("coverage", *COUNTY, "--category", "museum", "--metres", "500"), "面积覆盖 0.0%"),
        (("coverage", *COUNTY, "--rule", "qinshui-2021-fitness-395"), "面积覆盖"),
    ],
)
def test_each_question_is_answered_in_words(ask, args, says):
    answer = ask(*args)
    assert answer.exit_code == 0, answer.stderr
    assert says in answer.stdout
    assert answer.stderr == ""


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "csv", "xlsx"])
def test_each_answer_goes_into_a_file(ask, home, suffix):
    for command in ("coverage", "gaps"):
        answer = ask(command, *COUNTY, *KINDERGARTENS, "-o", f"{command}.{suffix}")
        assert answer.exit_code == 0, answer.stderr
        assert (home / f"{command}.{suffix}").stat().st_size > 40


@pytest.mark.parametrize("command", ["coverage", "gaps"])
def test_the_table_of_an_answer_that_withholds_its_figures_says_so_first(ask, home, command):
    for suffix in ("csv", "xlsx", "geojson"):
        assert ask(command, "--area", "140521", *KINDERGARTENS, "-o", f"withheld.{suffix}").exit_code == 0
    told = json.loads((home / "withheld.geojson").read_bytes())
    assert told["features"] == []
    basis = told[command]["record_basis"]
    with (home / "withheld.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[:3] == [["name", "value"], ["record", told[command]["record"]], ["record_basis_words", basis["words"]]]
    values = dict(rows)
    assert len(values) == len(rows) > 10
    assert values["record_basis_existing"] == str(basis["existing"])
    assert values["data_version"] == told[command]["data_version"]
    sheet = openpyxl.load_workbook(home / "withheld.xlsx")["summary"]
    assert [list(row) for row in sheet.iter_rows(max_row=3, values_only=True)] == rows[:3]


@pytest.mark.parametrize(
    "args",
    [("coverage", *KINDERGARTENS), ("gaps", *KINDERGARTENS), ("site", *KINDERGARTENS, "--count", "2"), ("completeness",)],
)  # fmt: skip
def test_an_answer_says_how_to_ask_for_what_it_withholds_and_labels_it_before_any_figure(ask, args):
    command, *rest = args
    withheld = ask(command, "--area", "140521", *rest).stdout
    assert "--complete" in withheld
    assert "--as-recorded" in withheld
    label = "按在册记录算，只供核对记录"
    assert label not in withheld
    lines = ask(command, *COUNTY, *rest).stdout.splitlines()
    first = next(place for place, line in enumerate(lines) if label in line)
    assert not any("%" in line or "km²" in line or "平均满足" in line for line in lines[:first])


def test_the_file_says_what_the_web_says(ask, home):
    assert ask("coverage", *COUNTY, *KINDERGARTENS, "-o", "same.geojson").exit_code == 0
    collection = json.loads((home / "same.geojson").read_bytes())
    assert collection["coverage"]["category"] == "kindergarten"
    assert {feature["id"] for feature in collection["features"]} == {"covered", "gap"}


# The transforms that rasterio multiplies by itself warn in affine 3.1; nothing of this project does.
@pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")
def test_people_are_read_from_a_population_raster(ask, home):
    rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed (pip install 'service-map[raster]')")
    pytest.importorskip("rasterio.transform")
    transform = rasterio.transform.from_origin(CENTRE[0] - 0.01, CENTRE[1] + 0.01, 0.002, 0.002)
    options = {"driver": "GTiff", "height": 10, "width": 10, "count": 1, "dtype": "float32"}
    for name, crs in (("pop.tif", "EPSG:4326"), ("nowhere.tif", None)):
        with rasterio.open(home / name, "w", crs=crs, transform=transform, **options) as target:
            target.write(np.full((10, 10), 5, dtype="float32"), 1)
    answer = ask("coverage", *COUNTY, *KINDERGARTENS, "--demand", "pop.tif")
    assert "/ 500 人" in answer.stdout
    refused(ask("coverage", *COUNTY, *KINDERGARTENS, "--demand", "nowhere.tif"), "nowhere.tif")


def refused(answer, *names):
    assert answer.exit_code == 2, answer.stderr
    assert "Traceback" not in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
    for name in names:
        assert name in answer.stderr


@pytest.mark.parametrize(
    ("args", "names"),
    [
        (("coverage", *KINDERGARTENS), ["area"]),
        (("coverage", "--area", "999999", *KINDERGARTENS), ["area", "the data has", "140500 晋城市"]),
        (
            ("coverage", *COUNTY, "--category", "kindergarden", "--metres", "300"),
            ["category", "did you mean kindergarten?"],
        ),
        (("coverage", *COUNTY, "--metres", "300"), ["category"]),
        (("coverage", *COUNTY, "--category", "kindergarten"), ["metres"]),
        (("coverage", *COUNTY, "--category", "kindergarten", "--metres", "0"), ["metres"]),
        (("coverage", *COUNTY, "--category", "kindergarten", "--metres", "-3"), ["metres"]),
        (("coverage", *COUNTY, "--category", "kindergarten", "--metres", "1e9"), ["metres"]),
        (("coverage", *COUNTY, "--category", "kindergarten", "--metres", "nan"), ["metres"]),
        (("coverage", *COUNTY, "--rule", "gb0-nothing"), ["rule"]),
        (("coverage", *COUNTY, "--rule", "jgj124-funeral-home-county"), ["rule"]),
        (("coverage", *COUNTY, *KINDERGARTENS, "--demand", "nowhere.csv"), ["demand", "nowhere.csv"]),
        (("coverage", *COUNTY, *KINDERGARTENS, "--network", "broken.osm.pbf"), ["broken.osm.pbf"]),
        (("coverage", *COUNTY, *KINDERGARTENS, "-o", "answer.pdf"), ["-o"]),
        (("coverage", *COUNTY, *KINDERGARTENS, "--demand", "people.csv", "--census", "census.csv"), ["census"]),
        (("coverage", "--area", "140502", *KINDERGARTENS, "--demand", "people.csv"), ["demand"]),
        (("coverage", *COUNTY, *KINDERGARTENS, "--demand", "swapped.csv"), ["demand", "写反"]),
        (("coverage", *COUNTY, *KINDERGARTENS, "--demand", "nan.csv"), ["demand", "第 2 行"]),
        (("gaps", *COUNTY, *KINDERGARTENS, "--demand", "far.csv"), ["demand", "都不在"]),
        (("coverage", *COUNTY, *KINDERGARTENS, "--census", "double.csv"), ["census", "140521"]),
        (("coverage", *COUNTY, *KINDERGARTENS, "--built", "built.geojson"), ["built"]),
        (("coverage", *COUNTY, *KINDERGARTENS, "--elevation", "dem.tif"), ["elevation"]),
        (("coverage", *COUNTY, *KINDERGARTENS, "--network", "edges.csv", "--elevation", "dem.tif"), ["elevation"]),
        (("coverage", *COUNTY, *KINDERGARTENS, "--stock", "given"), ["stock"]),
        (("circle", "112.1872", "35.6903", "--facilities", "here.geojson"), ["facilities", "category"]),
        (("coverage", *COUNTY, *KINDERGARTENS, "--facilities", "nowhere.geojson"), ["facilities"]),
        (("coverage", "--polygon", "flat.geojson", *KINDERGARTENS), ["area", "没有面积"]),
        (("circle", "nan", "35.6903"), ["lon"]),
        (("gaps", *COUNTY, "--category", "kindergarten", "--metres", "1e9"), ["metres"]),
        (("site", *COUNTY, "--category", "kindergarten", "--metres", "0", "--count", "1"), ["metres"]),
        (("circle", "35.6903", "112.1872"), ["lat"]),
        (("circle", "0", "0"), ["lon"]),
        (("circle", "112.1872", "35.6903", "--minutes", "20"), ["minutes"]),
        (("circle", "112.1872", "35.6903", "--complete", "x"), ["complete"]),
        (("site", *COUNTY, *KINDERGARTENS), ["count"]),
        (("site", *COUNTY, *KINDERGARTENS, "--count", "0"), ["count"]),
        (("site", *COUNTY, *KINDERGARTENS, "--commitment", "x"), ["commitment"]),
        (("completeness", *COUNTY, "--rule", "x"), ["rule"]),
    ],
)
def test_a_wrong_question_is_one_line_that_names_the_field(ask, args, names):
    refused(ask(*args), *names)


def test_a_missing_database_says_how_to_build_it(ask, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(ask("coverage", *COUNTY, *KINDERGARTENS), "service-map build")


def test_the_installed_program_answers_too(home):
    environment = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "NETWORK"}}
    answer = subprocess.run(
        [PROGRAM, "circle", "112.1872", "35.6903"], cwd=home, env=environment | {"GEODATA_DIR": str(home / "geodata")},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert "沁水县 15 min" in answer.stdout
    assert answer.stderr == ""


@pytest.mark.parametrize("form", ["xlsx", "gdb.zip"])
def test_what_a_caller_brings_comes_in_any_form_with_its_sheet_or_layer(ask, tmp_path, form):
    points = [CENTRE, (CENTRE[0] + 0.05, CENTRE[1])]
    for layer in ("小区", "说明"):
        path = str(
            forms.made(tmp_path, form, {"常住": ["30", "12"], "category": ["kindergarten"] * 2}, points, layer=layer)
        )
    people = ("--demand", path, "--column", "people=常住")
    refused = ask("coverage", *COUNTY, *KINDERGARTENS, *people)
    assert refused.exit_code == 2
    assert len(refused.stderr.splitlines()) == 1
    assert all(word in refused.stderr for word in (Path(path).name, "小区", "说明", "--layer"))
    answers = [
        ask("coverage", *COUNTY, *KINDERGARTENS, *people, "--layer", "demand=小区", "-o", str(tmp_path / "a.geojson")),
        ask("coverage", *COUNTY, *KINDERGARTENS, "--facilities", path, "--layer", "小区"),
        ask("site", *COUNTY, *KINDERGARTENS, "--count", "1", "--candidates", path, "--layer", "places=说明"),
    ]
    assert [answer.exit_code for answer in answers] == [0, 0, 0], [answer.output for answer in answers]
    told = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
    assert told["coverage"]["people"]["total"] == 42


def test_a_census_comes_as_a_workbook_too(ask, tmp_path):
    rows = [["沁水县人口"], ["行政区划代码", "常住人口（人）"], [140521, 210000]]
    path = forms.workbook(tmp_path / "census.xlsx", {"Sheet1": rows})
    answer = ask("coverage", *COUNTY, *KINDERGARTENS, "--census", str(path))
    assert answer.exit_code == 0, answer.output


def test_a_table_in_metres_is_brought_with_its_reference_system(ask, tmp_path):
    path = forms.write(tmp_path / "p.csv", {"people": ["30"]}, [CENTRE], crs=forms.METRES)
    assert ask("coverage", *COUNTY, *KINDERGARTENS, "--demand", str(path)).exit_code == 2
    crs = ("--crs", f"demand=EPSG:{forms.METRES}")
    answer = ask("coverage", *COUNTY, *KINDERGARTENS, "--demand", str(path), *crs)
    assert answer.exit_code == 0, answer.output
