"""The documents as somebody follows them: their blocks of code, and a place where all that they name is at hand."""

import csv
import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import docx
import geopandas
import numpy as np
import rasterio
import shapely
from osm_files import binary

ROOT = Path(__file__).resolve().parents[2]
SITE = re.compile(r"http://(?:127\.0\.0\.1:8000|HOST\b)")
# Above a block that nothing here can run: <!-- not run: why -->
NOT_RUN = re.compile(r"<!-- not run: ((?:(?!-->).)+) -->\n\s*$", re.DOTALL)
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
QINSHUI = (112.187, 35.690)
TOWNSHIP = (112.511949, 35.667467)

# What stands before a document's commands: a wrong status is an error, the pager shows all, who runs it may do it, make says what it would do,
# and a server has served once it is ready.
PRELUDE = """
set -euo pipefail
curl() { command curl --fail-with-body --silent --show-error "$@"; }
less() { cat; }
sudo() { "$@"; }
make() { command make --dry-run -C "$ROOT" "$@"; }
ready() { until command curl -sf "$1/readyz" >/dev/null; do kill -0 "$2"; sleep 0.05; done; }
service-map() {
    # What starts processes of its own, or is one that lasts, is started as it is installed.
    [ "$1" != national ] || { command service-map "$@"; return; }
    [ "$1" = serve ] || { python -S -E "$PROGRAM" "$DOOR" "$@"; return; }
    PORT=$SPARE_PORT COMPUTE_PROCESSES=0 command service-map serve & local server=$!
    ready "http://127.0.0.1:$SPARE_PORT" $server
    kill $server
    wait $server
}
"""
SERVED = """
command service-map serve & site=$!
trap 'kill $site' EXIT
ready "http://127.0.0.1:$PORT" $site
"""


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its language, its text without indentation, and why nothing here can run it."""

    place: str
    language: str
    text: str
    not_run: str | None


def pages():
    """Every document that people read, by its name."""
    paths = [
        path for path in sorted((*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))) if path.name != "CHANGELOG.md"
    ]
    return {str(path.relative_to(ROOT)): path for path in paths}


def blocks(name):
    """The blocks of a document in order."""
    whole = pages()[name].read_text(encoding="utf-8")
    found = []
    for fence in FENCE.finditer(whole):
        text = re.sub(f"^{fence['indent']}", "", fence["text"], flags=re.MULTILINE)
        reason = NOT_RUN.search(whole[: fence.start()])
        place = f"{name}:{whole[: fence.start()].count(chr(10)) + 1}"
        found.append(Block(place, fence["language"], text, reason and " ".join(reason[1].split())))
    return found


def script(name, home, port):
    """One program of bash for all of a document's commands and Python, in their order, in the folder ``home``.

    Python that stands in one section after another is one program; a block without a language behind it is what it prints.
    """
    steps, program, printed = [], [], []

    def close():
        if program:
            (home / f"block{len(steps)}.py").write_text("\n".join(program), encoding="utf-8")
            (home / f"block{len(steps)}.txt").write_text("".join(printed), encoding="utf-8")
            run = f"python block{len(steps)}.py"
            steps.append(f"{run} > printed.txt\ndiff block{len(steps)}.txt printed.txt" if printed else run)
            program.clear()
            printed.clear()

    for block in blocks(name):
        if block.not_run:
            continue
        if block.language == "python":
            program.append(f"# {block.place}\n{block.text}")
        elif not block.language and program:
            printed.append(block.text)
        elif block.language == "sh":
            close()
            steps.append(f"echo '--- {block.place}' >&2\n{block.text}")
    close()
    if not steps:
        return None
    told = "\n".join(steps).replace("/tmp/", f"{home}/tmp/")  # noqa: S108 - put elsewhere
    served = SERVED if SITE.search(told) else ""
    return PRELUDE + served + SITE.sub(f"http://127.0.0.1:{port}", told)


def furnish(home, geodata, database):
    """Lay out in a folder what a checkout holds, and every file that the documents name, small."""
    shutil.copytree(geodata, home / "geodata")
    (home / "var").mkdir()
    (home / "tmp").mkdir()
    shutil.copy(database, home / "var" / "service_map.gpkg")
    (home / ".venv").symlink_to(Path(sys.executable).parents[1])
    _plan(home)
    _register(home)
    _people(home)
    _ways(home)


def _plan(home):
    document = docx.Document()
    document.add_heading("第一章 发展基础", 1)
    document.add_paragraph("“十三五”期间，全县建成敬老院3所。")
    document.add_heading("第二章 主要任务", 1)
    document.add_paragraph("改造提升柳川县足球场。")
    document.add_paragraph("到2024年，新建公办幼儿园4所，每个乡镇至少建成1处公益性公墓。")
    document.add_paragraph("改造提升柳川县体育场。")
    document.add_paragraph("新建甲镇敬老院、乙镇敬老院。")
    (home / "texts").mkdir()
    document.save(home / "柳川县规划.docx")
    shutil.copy(home / "柳川县规划.docx", home / "texts")
    following_plan(home / "柳川县十五五规划.docx")


def following_plan(path):
    """Write the plan that follows that of 柳川县: one promise of each kind of change, and one in doubt."""
    document = docx.Document()
    document.add_heading("第一章 主要任务", 1)
    document.add_paragraph("新建公办幼儿园6所，2028年建成。")
    document.add_paragraph("取消柳川县足球场改造。")
    document.add_paragraph("续建敬老院1所，2027年建成。")
    document.add_paragraph("新建柳川县图书馆。")
    document.save(path)


def _register(home):
    """A register of schools with classes of its own, and facilities for the country's analysis."""
    schools = geopandas.GeoDataFrame(
        {"学校类别": ["公办园", "小学"], "name": ["甲幼儿园", "乙小学"]}, geometry=geopandas.points_from_xy(*zip(QINSHUI, TOWNSHIP, strict=True)),
        crs=4490,
    )  # fmt: skip
    schools.to_file(home / "schools.shp", encoding="gb18030")
    rules = [("公办园", "kindergarten"), ("小学", "primary_school")]
    (home / "classes.toml").write_text(
        "".join(f'[[rule]]\nclass = ["{word}"]\ncategory = "{code}"\n' for word, code in rules), encoding="utf-8"
    )
    points = geopandas.points_from_xy([QINSHUI[0], TOWNSHIP[0]], [QINSHUI[1], TOWNSHIP[1]])
    geopandas.GeoDataFrame({"category": ["kindergarten"] * 2}, geometry=points, crs=4326).to_parquet(
        home / "pois.parquet"
    )

    (home / "pois.csv").write_text("id,class,name,lon,lat\n1,幼儿园,甲幼儿园,112.19,35.69\n", encoding="utf-8")
    promised = json.loads((home / "geodata" / "facilities.geojson").read_text(encoding="utf-8"))["features"][0]["id"]
    (home / "opened.csv").write_text(f"id,status,date,source\n{promised},open,2026-01,市民政局\n", encoding="utf-8")


def _people(home):
    """Rasters of people: of a county, and of the province in cells of some 2 km."""
    for name, (west, south, east, north), step in (
        ("population.tif", (111.9, 35.4, 112.8, 36.1), 0.01), ("pop.tif", (110.1, 34.5, 114.7, 40.8), 0.02),
    ):  # fmt: skip
        cells = np.full((round((north - south) / step), round((east - west) / step)), 50, dtype="float32")
        profile = {"driver": "GTiff", "width": cells.shape[1], "height": cells.shape[0], "count": 1, "dtype": "float32",
                   "crs": "EPSG:4326", "transform": rasterio.Affine(step, 0, west, 0, -step, north), "nodata": -1}  # fmt: skip
        with rasterio.open(home / name, "w", **profile) as raster:
            raster.write(cells, 1)
    with (home / "people.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("adcode", "people", "people_60+"), ("140521", 213_000, 41_000), ("140581", 450_000, 80_000)]
        )
    point = shapely.geometry.mapping(shapely.Point(QINSHUI))
    feature = {"type": "Feature", "properties": {"people": 1_200}, "geometry": point}
    (home / "people.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8"
    )


def _ways(home):
    """Streets of a grid, 100 m apart."""
    spots = {1 + row * 12 + column: (column * 100.0, row * 100.0) for row in range(12) for column in range(12)}
    rows = [tuple(1 + row * 12 + column for column in range(12)) for row in range(12)]
    ways = [(ids, {"highway": "residential"}) for ids in (*rows, *zip(*rows, strict=True))]
    binary(home / "shanxi.osm.pbf", spots, ways)
    (home / "networks").mkdir()
    shutil.copy(home / "shanxi.osm.pbf", home / "networks" / "140500.osm.pbf")
