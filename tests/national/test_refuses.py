"""What cannot be computed is said at once, in both languages, and names what is wrong."""

import builtins
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click.testing
import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from rasterio import Affine

from service_map import catalogue, cli, national
from service_map.errors import InvalidParameterError, SettingsError
from service_map.national import cluster as clusters
from service_map.national import extra, population
from service_map.national.commands import national as command
from service_map.places import load_gazetteer


@pytest.fixture(scope="module")
def gazetteer():
    return load_gazetteer()


def ask(*given):
    return click.testing.CliRunner().invoke(cli.main, ["national", *map(str, given)])


def basics(country, out):
    return ["--facilities", country.home / "facilities.parquet", "--demand", country.home / "people", "--out", out]


def test_a_missing_extra_is_named(monkeypatch, country, tmp_path):
    real = builtins.__import__

    def without(name, *rest):
        if name.split(".")[0] in {"dask", "distributed", "dask_geopandas"}:
            raise ImportError("No module named " + name, name=name)
        return real(name, *rest)

    monkeypatch.setattr(extra, "import_module", without)
    with pytest.raises(SettingsError, match=r"pip install 'service-map\[national\]'") as error:
        extra.need_all()
    assert "全国计算" in error.value.zh
    answer = ask("140521", *basics(country, tmp_path))
    assert answer.exit_code == 2
    assert "service-map[national]" in answer.output


def test_the_product_starts_without_dask():
    code = (
        "import sys\n"
        "for name in ('dask', 'distributed', 'dask_geopandas', 'bokeh'): sys.modules[name] = None\n"
        "from service_map import cli, web, national\n"
        "from service_map.national import commands\n"
        "print('fine')\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == "fine", answer.stderr


def test_an_unknown_scheduler_is_named_before_any_work(country, tmp_path):
    answer = ask("140521", *basics(country, tmp_path), "--scheduler", "tcp://127.0.0.1:9", "--metres", "500")
    assert not list(tmp_path.rglob("manifests"))
    assert answer.exit_code == 2
    assert "tcp://127.0.0.1:9" in answer.output
    assert "no Dask scheduler answers" in answer.output


@pytest.mark.parametrize("address", ["127.0.0.1:8786", "http://x", "nonsense"])
def test_an_address_that_is_none_is_refused(country, tmp_path, address):
    answer = ask("140521", *basics(country, tmp_path), "--scheduler", address, "--metres", "500")
    assert answer.exit_code == 2
    assert "tcp://host:port" in answer.output


def test_a_worker_of_another_version_is_named_before_any_work(country, tmp_path):
    """A real worker process with a package of its own, which differs by one line."""
    root = Path(national.__file__).resolve().parents[2]
    other = tmp_path / "other"
    shutil.copytree(root / "service_map", other / "service_map", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(root / "geodata", other / "geodata")
    changed = other / "service_map" / "coverage" / "walking.py"
    changed.write_text(changed.read_text(encoding="utf-8") + "\n# another version\n", encoding="utf-8")
    import distributed

    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster:
        worker = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", cluster.scheduler_address, "--nthreads", "1", "--no-dashboard"],
            env={**os.environ, "PYTHONPATH": str(other)}, cwd=tmp_path, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            with distributed.Client(cluster) as client:
                client.wait_for_workers(2, timeout=300)
            with pytest.raises(InvalidParameterError, match="install the same version") as error:
                country.run(tmp_path / "out", workers=None, scheduler=cluster.scheduler_address)
        finally:
            worker.terminate()
            worker.wait(timeout=300)
    assert error.value.field == "scheduler"
    assert not (tmp_path / "out" / "manifests").exists()


def test_a_cluster_without_workers_is_refused(country, tmp_path, monkeypatch):
    import distributed

    monkeypatch.setattr(clusters, "CONNECT_S", 3.0)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as cluster,
        pytest.raises(InvalidParameterError, match="no worker"),
    ):
        country.run(tmp_path, workers=None, scheduler=cluster.scheduler_address)


@pytest.mark.parametrize("code", ["999999", "999", "晋城", "14052", "140521101", ""])
def test_an_area_without_counties_is_named(gazetteer, code):
    with pytest.raises(InvalidParameterError) as error:
        national.counties(gazetteer, [code])
    assert error.value.field == "area"
    assert repr(code) in error.value.zh


def test_the_whole_country_a_province_a_city_and_a_county_are_areas(gazetteer):
    every = national.counties(gazetteer, ["all"])
    assert len(every) == 2891  # of the 2,898 records of the boundaries; the other seven are lines without a code
    assert len({county.adcode for county in every}) == len(every)
    assert len(national.counties(gazetteer, ["140000"])) == 117
    assert [county.adcode for county in national.counties(gazetteer, ["140521", "140500", "140521"])] == [
        "140502", "140521", "140522", "140524", "140525", "140581",
    ]  # fmt: skip
    assert [county.adcode for county in national.counties(gazetteer, ["140202"])] == ["140213"]  # its code before 2018
    assert all(county.province_name for county in every)


def raster(path, *, crs="EPSG:4326", corner=(112.0, 36.0), step=0.01, size=100, value=1.0):
    with rasterio.open(
        path, "w", driver="GTiff", width=size, height=size, count=1, dtype="float32", crs=crs,
        transform=Affine(step, 0, corner[0], 0, -step, corner[1]), nodata=-1.0,
    ) as out:  # fmt: skip
        out.write(np.full((size, size), value, dtype="float32"), 1)
    return path


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"crs": None}, "no coordinate reference system"),
        ({"crs": "EPSG:4326", "corner": (500_000.0, 4_000_000.0), "step": 100.0}, "do not fit its CRS"),
        ({"crs": "EPSG:32649", "corner": (112.0, 36.0)}, "touches no county asked about"),
        ({"crs": "EPSG:4326", "corner": (12.0, 36.0)}, "touches no county asked about"),
    ],
)
def test_a_raster_in_the_wrong_crs_is_refused_before_any_work(country, tmp_path, given, words):
    path = raster(tmp_path / "wrong.tif", **given)
    answer = ask(
        "140521", "--facilities", country.home / "facilities.parquet", "--demand", path, "--out", tmp_path / "out",
        "--metres", "500",
    )  # fmt: skip
    assert answer.exit_code == 2
    assert words in answer.output
    assert "wrong.tif" in answer.output
    assert not (tmp_path / "out").exists()


def test_a_raster_in_another_true_crs_answers(country, china, tmp_path):
    county = china.county("140521")
    path = raster(tmp_path / "utm.tif", crs="EPSG:32649", corner=(560_000.0, 4_000_000.0), step=500.0, size=400)
    source = population.Source(path=str(path))
    assert population.check(source, [county]) == ()
    cells = population.read(source, county, population.parts(source, county, 10**9)[0])
    assert 9_000 < len(cells) < 12_500  # 2,655 km² in cells of a quarter of one


def test_a_county_beyond_the_raster_is_named_before_any_work(country, tmp_path):
    path = raster(tmp_path / "part.tif", corner=(111.9, 36.2))
    given = ["--facilities", country.home / "facilities.parquet", "--demand", path, "--out", tmp_path / "out"]
    answer = ask("140521", "140105", *given, "--metres", "500")
    assert answer.exit_code == 2
    assert "140105 小店区" in answer.output
    assert "--skip-empty" in answer.output
    answer = ask("140105", *given, "--metres", "500", "--skip-empty", "--workers", "0")
    assert answer.exit_code == 2
    assert "touches no county asked about" in answer.output
    answer = ask("140521", "140105", *given, "--metres", "500", "--skip-empty", "--workers", "0")
    assert answer.exit_code == 0, answer.output
    assert "1 个无人口略过 left out" in answer.output


def test_a_county_without_people_is_named_and_the_others_are_done(country, tmp_path):
    path = raster(tmp_path / "people.tif", corner=(111.0, 37.0), size=300)
    with rasterio.open(path, "r+") as out:
        values = out.read(1)
        values[:, :130] = 0  # nobody west of 112.3°
        out.write(values, 1)
    given = ["--facilities", country.home / "facilities.parquet", "--demand", path, "--out", tmp_path / "out"]
    answer = ask("140581", "141029", *given, "--metres", "500", "--workers", "0")
    assert answer.exit_code == 1, answer.output
    assert "141029 乡宁县：人口数据里这个县没有人 / the population data holds nobody" in answer.output
    assert "1 个县算好 done" in answer.output


def test_other_inputs_that_cannot_be_used_are_named(country, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    geopandas.GeoDataFrame({"kind": ["x"]}, geometry=[shapely.Point(112, 36)], crs=4326).to_parquet(
        tmp_path / "no.parquet"
    )
    good = {"--facilities": country.home / "facilities.parquet", "--demand": country.home / "people",
            "--out": tmp_path / "out", "--metres": 500}  # fmt: skip
    for change, words in [
        ({"--facilities": tmp_path / "none.parquet"}, "no such GeoParquet"),
        ({"--facilities": tmp_path / "no.parquet"}, "category"),
        ({"--facilities": "sqlite:////nowhere/map.gpkg"}, "service-map build"),
        ({"--demand": tmp_path / "none"}, "no such file or folder"),
        ({"--demand": tmp_path / "file"}, "must be a raster"),
        ({"--demand": tmp_path / "empty"}, "140521 沁水县"),
        ({"--demand": tmp_path / "empty", "--skip-empty": None}, "nobody of any county"),
        ({"--networks": tmp_path / "none"}, "no such folder"),
        ({"--networks": tmp_path / "empty"}, "140521.npz"),
        ({"--out": tmp_path / "file"}, "cannot write"),
        ({"--metres": -1}, "above 0"),
        ({"--category": "nonsense"}, "no category"),
        ({"--year": 20}, "year"),
        ({"--minutes": 15}, "at most one"),
        ({"--memory": "lots", "--workers": "2"}, "1GB"),
    ]:
        given = [part for name, value in {**good, **change}.items() for part in (name, value) if part is not None]
        answer = ask("140521", *given)
        assert answer.exit_code == 2, (change, answer.output)
        assert words in answer.output, (change, answer.output)


def test_a_disk_without_room_is_refused_before_any_work(country, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10**9, 10**9 - 10**6, 10**6))
    with pytest.raises(SettingsError, match="1 MB left"):
        country.run(tmp_path)


def test_a_check_alone_writes_nothing(country, tmp_path):
    answer = ask("140521", *basics(country, tmp_path / "out"), "--metres", "500", "--dry-run")
    assert answer.exit_code == 0, answer.output
    assert "可以开算 ready" in answer.output
    assert not (tmp_path / "out").exists()


def test_every_option_says_what_it_is_in_both_languages():
    for option in command.params:
        if getattr(option, "help", None):
            assert any("\u4e00" <= mark <= "\u9fff" for mark in option.help), option.name
            assert any(mark.isascii() and mark.isalpha() for mark in option.help), option.name


def test_each_category_is_judged_by_the_clause_best_known():
    rules, categories = catalogue.rules(), catalogue.categories()
    found = {target.category: target for target in national.question(rules, categories).targets}
    assert {code: target.rule for code, target in found.items()} == {
        code: rule.id for code, rule in catalogue.usual(rules).items()
    }
    assert found["kindergarten"].rule == "jgj39-kindergarten"
    assert found["trail"].minutes == 15
    assert found["trail"].speed == 3.3
    assert "funeral_home" not in found
    one = national.question(rules, categories, by_rules=["gb50437-elderly-service-centre-15"]).targets[0]
    assert (one.category, one.metres) == ("elderly_community", 1000)
    with pytest.raises(InvalidParameterError, match="no rule with a distance"):
        national.question(rules, categories, wanted=["museum"])
    with pytest.raises(InvalidParameterError, match="two rules"):
        national.question(rules, categories, by_rules=["gb50180-kindergarten-5", "jgj39-kindergarten"])
    walk = national.question(rules, categories, wanted=["museum"], minutes=15, profile="elderly").targets[0]
    assert walk.reach(network=True) == 720
    assert walk.reach(network=False) == pytest.approx(720 / 1.3)
