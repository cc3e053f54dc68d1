"""What a run leaves, read by others: GeoParquet by area code, the summary in either database, the ranking on the web."""

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

import declared
import geopandas
import html5lib
import jsonschema
import numpy as np
import program
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
import shapely

from service_map import store, web
from service_map.coverage import square_km
from service_map.errors import GeodataError, InvalidParameterError, NotFoundError
from service_map.settings import load
from service_map.store import ranks, summary


@pytest.fixture(scope="module")
def published(alone, geodata, tmp_path_factory):
    """A GeoPackage built with the country's summary, by the command."""
    home = tmp_path_factory.mktemp("published")
    shutil.copytree(geodata, home / "geodata")
    url = f"sqlite:///{home}/map.gpkg"
    environment = {"GEODATA_DIR": str(home / "geodata"), "DATABASE_URL": url}
    answer = program.run("import", "summary", alone, cwd=home, **environment)
    assert answer.returncode == 0, answer.stderr
    return environment


@pytest.fixture(scope="module")
def postgis(published, postgres_server):
    """The same in PostGIS."""
    postgres_server.sql("postgres", "CREATE DATABASE national")
    postgres_server.sql("national", "CREATE EXTENSION postgis")
    url = f"{postgres_server.url}/national"
    store.build(url, geodata=Path(published["GEODATA_DIR"]))
    return url


@pytest.fixture(params=["gpkg", pytest.param("postgis", marks=pytest.mark.postgis)])
def conn(request, published):
    url = published["DATABASE_URL"] if request.param == "gpkg" else request.getfixturevalue("postgis")
    engine = store.open_readonly(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="module")
def site(published):
    app = web.create_app(load(published))
    app.after_request(declared.check_response)
    return app.test_client()


@pytest.fixture(scope="module")
def rows(alone):
    """Every row of the summary, as the run wrote it."""
    return [
        {**row, "adcode": path.parent.name.removeprefix("adcode=")}
        for path in sorted(alone.glob("summary/*/*.parquet"))
        for row in pq.ParquetFile(path).read().to_pylist()
    ]


# --- files ------------------------------------------------------------------------------------------------------------


def test_the_cells_are_geoparquet_by_area_code_for_geopandas(alone, country):
    found = geopandas.read_parquet(alone / "cells")
    assert len(found) == 40 * 300
    assert set(found["adcode"].astype(str)) == set(country.codes)
    assert found.crs == "OGC:CRS84" or found.crs.to_epsg() == 4326
    assert {"people", "people_60+", "reached", "categories", "metres_kindergarten", "minutes_kindergarten"} <= set(
        found
    )
    assert found.geom_type.eq("Point").all()


def test_gdal_reads_a_countys_gaps(alone, country):
    if shutil.which("ogrinfo") is None:
        pytest.skip("GDAL's programs are not installed: apt-get install gdal-bin")
    formats = subprocess.run(["ogrinfo", "--formats"], capture_output=True, text=True, check=True).stdout
    if "Parquet" not in formats:
        pytest.skip("this GDAL cannot read Parquet; GeoPandas reads it in the test beside this one")
    path = alone / "gaps" / f"adcode={country.codes[0]}" / "gaps.parquet"
    assert "gaps" in subprocess.run(["ogrinfo", path], capture_output=True, text=True, check=True).stdout


def test_the_pieces_of_the_gap_hold_the_people_not_covered(alone, country, china, rows):
    gaps = geopandas.read_parquet(alone / "gaps")
    assert set(gaps["category"]) <= set(country.kinds)
    for code in country.codes[:10]:
        of_county = gaps[gaps["adcode"].astype(str) == code]
        for kind in country.kinds:
            row = next(r for r in rows if (r["adcode"], r["category"], r["horizon"]) == (code, kind, "promised"))
            pieces = of_county[of_county["category"] == kind]
            assert len(pieces) == min(20, row["gaps"])
            assert pieces["people"].is_monotonic_decreasing
            if row["gaps"] <= 20:
                assert pieces["people"].sum() == pytest.approx(row["gap_people"], abs=1e-5)
            else:
                assert pieces["people"].sum() < row["gap_people"]
            # A square at the county line may reach over it, by no more than its own diagonal.
            assert pieces.geometry.within(shapely.buffer(china.shape(code), 0.0142)).all()
            assert np.allclose([square_km(shape) for shape in pieces.geometry], pieces["km2"], rtol=1e-9)
            assert row["gap_people"] == pytest.approx(row["people"] - row["located"], abs=1e-5)


def test_a_summary_has_a_row_for_each_county_kind_and_year(alone, country):
    table = pyarrow.dataset.dataset(alone / "summary", partitioning="hive").to_table()
    assert table.num_rows == 40 * (6 + 1) * 4
    assert set(table["horizon"].to_pylist()) == {"existing", "by_year", "promised"}
    assert set(table["year"].to_pylist()) == {None, 2022, 2024}


def test_a_later_year_never_covers_less(rows):
    order = {("existing", None): 0, ("by_year", 2022): 1, ("by_year", 2024): 2, ("promised", None): 3}
    series = {}
    for row in rows:
        series.setdefault((row["adcode"], row["category"]), {})[order[row["horizon"], row["year"]]] = row
    for years in series.values():
        for kind in ("located", "possible"):
            figures = [years[place][kind] for place in range(4)]
            assert figures == sorted(figures)


def test_a_county_without_a_network_falls_back_to_straight_lines_and_says_so(country, tmp_path):
    networks = tmp_path / "networks"
    shutil.copytree(country.home / "networks", networks)
    (networks / f"{country.codes[0]}.npz").unlink()
    country.run(tmp_path / "out", counties=country.codes[:2], networks=networks)
    told = {
        code: pq.ParquetFile(tmp_path / "out" / "summary" / f"adcode={code}" / "summary.parquet").read().to_pylist()
        for code in country.codes[:2]
    }
    assert {(row["method"], row["fallback"]) for row in told[country.codes[0]]} == {("straight_line", True)}
    assert {(row["method"], row["fallback"]) for row in told[country.codes[1]]} == {("network", False)}
    manifest = json.loads((tmp_path / "out" / "manifests" / f"{country.codes[0]}.json").read_text(encoding="utf-8"))
    assert manifest["fallback"] is True


@pytest.fixture(scope="module")
def from_database(published, country, tmp_path_factory):
    """The answer for the counties of one city whose facilities are read from the product's own database, by boxes."""
    codes = [code for code in country.codes if code.startswith("1405")]
    out = tmp_path_factory.mktemp("database")
    country.run(out, counties=codes, facilities=published["DATABASE_URL"])
    return out, codes


def test_facilities_from_a_database_and_from_geoparquet_give_the_same_answer(
    published, from_database, country, tmp_path
):
    """The product's own database against its own download as GeoParquet."""
    exported = program.run(
        "export", "facilities", tmp_path / "all.parquet", "-w", "status=all", cwd=tmp_path, **published
    )
    assert exported.returncode == 0, exported.stderr
    one, codes = from_database
    country.run(tmp_path / "two", counties=codes, facilities=str(tmp_path / "all.parquet"))
    for code in codes:
        for table in ("cells", "gaps", "summary"):
            name = f"{table}/adcode={code}/{table}.parquet"
            assert (one / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.postgis
def test_facilities_come_from_postgis_by_partition_too(from_database, postgis, country, tmp_path):
    one, codes = from_database
    found = country.run(tmp_path / "two", counties=codes, facilities=postgis)
    assert found.facilities > 0
    for code in codes:
        name = f"summary/adcode={code}/summary.parquet"
        assert (one / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


# --- either database --------------------------------------------------------------------------------------------------


def test_either_database_ranks_provinces_cities_and_counties(conn, rows, country):
    has = ranks.offered(conn)
    assert has.categories == ("all", *country.kinds)
    assert has.horizons == (("existing", None), ("by_year", 2022), ("by_year", 2024), ("promised", None))
    assert has.counties == 40
    provinces = ranks.rank(conn)
    assert [area.level for area in provinces] == ["province"] * len(provinces)
    cities = ranks.rank(conn, area="140000", category="kindergarten")
    assert {area.parent for area in cities} == {"140000"}
    counties = ranks.rank(conn, area=cities[0].adcode, category="kindergarten")
    assert sum(area.people for area in counties) == pytest.approx(cities[0].people)
    assert sum(area.located for area in counties) == pytest.approx(cities[0].located)
    for area in counties:
        row = next(
            r for r in rows
            if (r["adcode"], r["category"], r["horizon"]) == (area.adcode, "kindergarten", "promised")
        )  # fmt: skip
        assert (area.people, area.certain, area.located, area.possible) == (
            row["people"], row["certain"], row["located"], row["possible"],
        )  # fmt: skip
        assert area.gaps == row["gaps"]


def test_a_ranking_has_an_order_that_can_be_turned_round(conn):
    for order in ("share", "gap_people", "people", "kinds", "adcode"):
        one = ranks.rank(conn, level="county", order=order, as_recorded=True)
        other = ranks.rank(conn, level="county", order=f"-{order}", as_recorded=True)
        assert [area.rank for area in one] == sorted(area.rank for area in one)
        assert {area.adcode for area in one} == {area.adcode for area in other}
        assert one[0].rank == other[0].rank == 1
    recorded = ranks.rank(conn, level="county", category="kindergarten", as_recorded=True)
    shares = [area.share() for area in recorded]
    assert shares == sorted(shares, reverse=True)
    codes = [area.adcode for area in ranks.rank(conn, level="county", order="adcode", as_recorded=True)]
    assert codes == sorted(codes)


def test_what_is_not_stated_complete_has_no_share_rank_or_gap(conn, country):
    for category, complete in (("all", {"1405"}), ("kindergarten", {"1405", country.codes[0]}), ("nursery", {"1405"})):
        found = ranks.rank(conn, level="county", category=category)
        assert len(found) == 40
        told = [area for area in found if area.rank is not None]
        assert {area.adcode[:4] if area.adcode[:4] == "1405" else area.adcode for area in told} == complete
        assert list(found[: len(told)]) == told
        assert all(area.record == "complete" and area.stated and not area.as_recorded for area in told)
        rest = found[len(told) :]
        assert [area.adcode for area in rest] == sorted(area.adcode for area in rest)
        for area in rest:
            assert {area.certain, area.located, area.possible, area.gap_people, area.gaps, area.kinds_located} == {None}
            assert (area.share(), area.record, area.complete) == (None, "partial", 0)
            assert area.people > 0
            assert {name for name, _ in area.sources} <= {"invented map", "invented register"}


@pytest.mark.parametrize("horizon", [("existing", None), ("by_year", 2022), ("promised", None)])
def test_an_area_has_figures_only_if_the_record_of_every_county_in_it_is_complete(conn, country, rows, horizon):
    kind, year = horizon
    province = next(area for area in ranks.rank(conn, horizon=kind, year=year) if area.adcode == "140000")
    counties = [code for code in country.codes if code.startswith("14")]
    asked = [row for row in rows if (row["category"], row["horizon"], row["year"]) == ("all", kind, year)]
    mine = [row for row in asked if row["adcode"].startswith("14")]
    assert (province.rank, province.share(), province.gap_people) == (None, None, None)
    assert (province.record, province.counties) == ("partial", len(counties))
    assert province.complete == sum(code.startswith("1405") for code in counties)
    assert province.on_record == sum(row["on_record"] for row in mine) > 0
    assert province.promised == sum(row["promised"] for row in mine)
    assert (province.promised > 0) == (kind != "existing")
    city = next(area for area in ranks.rank(conn, area="140000", horizon=kind, year=year) if area.adcode == "140500")
    assert (city.rank, city.record, city.stated) == (1, "complete", (("晋城名录", "2026-09"),))


def test_figures_as_recorded_are_given_when_asked_for_and_say_so(conn, rows):
    found = ranks.rank(conn, level="county", category="kindergarten", as_recorded=True)
    assert [area.rank for area in found] == sorted(area.rank for area in found)
    for area in found:
        row = next(
            r for r in rows if (r["adcode"], r["category"], r["horizon"]) == (area.adcode, "kindergarten", "promised")
        )
        assert (area.certain, area.located, area.possible) == (row["certain"], row["located"], row["possible"])
        assert area.as_recorded == (area.record != "complete") == (row["record"] != "complete")


def test_people_can_be_ordered_by_though_no_rank_is_given(conn):
    found = ranks.rank(conn, level="county", order="people")
    withheld = [area for area in found if area.rank is None]
    assert len(withheld) > 30
    assert found[-1] is withheld[-1]
    people = [area.people for area in withheld]
    assert people == sorted(people, reverse=True)


def test_what_a_summary_does_not_offer_is_refused(conn):
    for wrong, words in [
        ({"category": "museum"}, "museum"), ({"horizon": "soon"}, "soon"), ({"year": 2030, "horizon": "by_year"}, "2030"),
        ({"order": "beauty"}, "beauty"), ({"level": "village"}, "village"), ({"order": "kinds", "category": "nursery"}, "kinds"),
    ]:  # fmt: skip
        with pytest.raises(InvalidParameterError, match=words):
            ranks.rank(conn, **wrong)
    with pytest.raises(NotFoundError):
        ranks.rank(conn, area="650000")


def test_boundaries_are_simplified_together_and_cover_every_level(conn):
    counties = ranks.shapes(conn, [area.adcode for area in ranks.rank(conn, level="county")])
    assert len(counties) == 40
    assert all(shape.is_valid and not shape.is_empty for shape in counties.values())
    province = ranks.shapes(conn, ["140000"])["140000"]
    inside = [shape for code, shape in counties.items() if code.startswith("14")]
    assert province.area == pytest.approx(sum(shape.area for shape in inside), rel=1e-6)


def test_a_rebuild_keeps_the_summary(published, tmp_path):
    url = f"sqlite:///{tmp_path}/again.gpkg"
    store.build(url, geodata=Path(published["GEODATA_DIR"]))
    engine = store.open_readonly(url)
    with engine.connect() as connection:
        assert ranks.offered(connection).counties == 40
    engine.dispose()


def test_half_a_run_is_not_imported(alone, tmp_path, country):
    with pytest.raises(GeodataError, match=r"run\.json"):
        summary.read_run(tmp_path)
    shutil.copytree(alone, tmp_path / "copy")
    path = tmp_path / "copy" / "summary" / f"adcode={country.codes[4]}" / "summary.parquet"
    other = tmp_path / "copy" / "summary" / f"adcode={country.codes[5]}" / "summary.parquet"
    path.write_bytes(other.read_bytes())
    with pytest.raises(GeodataError, match=country.codes[4]):
        summary.read_run(tmp_path / "copy")


def test_a_summary_of_an_earlier_version_is_refused_and_says_what_to_do(published, tmp_path):
    shutil.copytree(published["GEODATA_DIR"], tmp_path / "geodata")
    path = tmp_path / "geodata" / ranks.FILE
    old = pq.read_table(path)
    new = ["record", "on_record", "promised", "sources", "record_source", "record_date"]
    pq.write_table(old.drop_columns(new), path)
    with pytest.raises(GeodataError, match="service-map national again") as error:
        store.build(f"sqlite:///{tmp_path}/map.gpkg", geodata=tmp_path / "geodata")
    assert "旧版" in error.value.zh
    assert ranks.FILE in error.value.zh


# --- the web ----------------------------------------------------------------------------------------------------------


def test_the_interface_answers_as_it_documents(site):
    document = site.get("/api/openapi.json").get_json()
    schemas = {"$defs": document["components"]["schemas"]}

    def check(name, payload):
        text = json.dumps({**schemas, "$ref": f"#/$defs/{name}"}).replace("#/components/schemas/", "#/$defs/")
        jsonschema.validate(payload, json.loads(text))

    for query in ("", "?area=140000", "?level=county&order=-gap_people", "?year=2022&category=kindergarten&lang=en",
                  "?level=county&as_recorded=true"):  # fmt: skip
        answer = site.get(f"/api/ranking{query}")
        assert answer.status_code == 200
        check("Ranking", answer.get_json())
        check("RankingCollection", site.get(f"/download/ranking.geojson{query}").get_json())
    assert site.get("/api/ranking?area=650000").status_code == 404
    assert site.get("/api/ranking?order=beauty").status_code == 400
    assert site.get("/api/ranking?nonsense=1").status_code == 400
    assert site.get("/api/ranking?as_recorded=yes").status_code == 400
    again = site.get("/api/ranking", headers={"If-None-Match": site.get("/api/ranking").headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("query", [
    "area=140500&category=kindergarten&order=gap_people",
    "level=county&category=kindergarten&order=gap_people&as_recorded=true",
])  # fmt: skip
def test_page_interface_and_downloads_say_the_same(site, query):
    told = site.get(f"/api/ranking?{query}").get_json()["ranking"]
    table = list(csv.DictReader(io.StringIO(site.get(f"/download/ranking.csv?{query}").get_data().decode("utf-8-sig"))))
    layer = site.get(f"/download/ranking.geojson?{query}").get_json()["features"]
    page = site.get(f"/ranking?{query}").get_data(as_text=True)
    assert [row["adcode"] for row in told] == [row["adcode"] for row in table]
    assert [row["adcode"] for row in told] == [feature["id"] for feature in layer]
    assert [float(row["gap_people"]) for row in table] == [row["gap_people"] for row in told]
    places = [page.index(f'id="area-{row["adcode"]}"') for row in told]
    assert places == sorted(places)
    for row in told:
        assert row["name"] in page
        assert f"{100 * row['share']:.1f}%".replace(".0%", ".0%") in page


def test_what_is_withheld_is_withheld_everywhere_and_said_in_words(site):
    query = "area=140000&category=kindergarten"
    answer = site.get(f"/api/ranking?{query}").get_json()
    table = list(csv.DictReader(io.StringIO(site.get(f"/download/ranking.csv?{query}").get_data().decode("utf-8-sig"))))
    layer = site.get(f"/download/ranking.geojson?{query}").get_json()
    page = _tree(site, f"/ranking?{query}")
    assert answer["as_recorded"] is layer["as_recorded"] is False
    seen = 0
    for told, line, feature in zip(answer["ranking"], table, layer["features"], strict=True):
        assert feature["properties"] == told
        assert (line["record"], line["as_recorded"]) == (told["record"], "false")
        shown = "".join(next(row for row in page.iter("tr") if row.get("id") == f"area-{told['adcode']}").itertext())
        if told["record"] == "complete":
            assert told["rank"] is not None
            assert told["record_sources"] == ["晋城名录 2026-09"]
            assert "%" in shown
            continue
        seen += 1
        for name in (
            "rank",
            "certain",
            "located",
            "possible",
            "share_low",
            "share",
            "share_high",
            "gap_people",
            "gaps",
        ):
            assert told[name] is None, name
            assert line[name] == "", name
        assert f"在册 {told['on_record']} 处" in shown
        assert f"规划提出 {told['promised']} 处" in shown
        assert all(name in shown for name in told["record_sources"])
        assert "%" not in shown
    assert seen == len(answer["ranking"]) - 1
    assert "as_recorded=true" in next(link for link in _links(page) if "as_recorded" in link)


def test_figures_as_recorded_are_labelled_wherever_they_are_given(site):
    query = "area=140000&category=kindergarten&as_recorded=true"
    answer = site.get(f"/api/ranking?{query}").get_json()
    table = list(csv.DictReader(io.StringIO(site.get(f"/download/ranking.csv?{query}").get_data().decode("utf-8-sig"))))
    layer = site.get(f"/download/ranking.geojson?{query}").get_json()
    assert answer["as_recorded"] is layer["as_recorded"] is True
    assert any("不是覆盖率" in limit for limit in answer["limits"])
    for told, line, feature in zip(answer["ranking"], table, layer["features"], strict=True):
        assert told["as_recorded"] == (told["record"] != "complete") == feature["properties"]["as_recorded"]
        assert (line["record"], line["as_recorded"]) == (told["record"], str(told["as_recorded"]).lower())
        assert told["share"] is not None
    page = _tree(site, f"/ranking?{query}")
    caption = "".join(next(page.iter("caption")).itertext())
    legend = "".join(next(found for found in page.iter("ul") if found.get("class") == "legend").itertext())
    assert "按在册记录算，不是覆盖率" in caption
    assert "按在册记录算，不是覆盖率" in legend
    labelled = [row for row in page.iter("tr") if row.get("id") and "按在册" in "".join(row.itertext())]
    assert len(labelled) == len(answer["ranking"]) - 1
    assert all("as_recorded=true" in link for link in _links(page) if "area=140500" in link)


def test_the_page_leads_from_province_to_city_to_county_and_back_without_a_script(site):
    page = _tree(site, "/ranking")
    province = next(link for link in _links(page) if "area=140000" in link)
    city = next(link for link in _links(_tree(site, province)) if "area=140500" in link)
    last = _tree(site, city)
    names = "".join(last.itertext())
    assert "沁水县" in names
    assert any("area=140000" in link for link in _links(last))
    heads = [cell.get("aria-sort") for cell in last.iter("th") if cell.get("aria-sort")]
    assert heads.count("descending") == 1
    turned = next(link for link in _links(last) if "order=-share" in link)
    assert [cell.get("aria-sort") for cell in _tree(site, turned).iter("th")].count("ascending") == 1


def test_an_answer_says_what_was_judged_and_how_many_counties_it_holds(site):
    told = site.get("/api/ranking?category=kindergarten").get_json(force=True)
    assert told["ranking"][0]["metres"] == [600.0]
    assert "600 米" in told["limits"][0]
    assert "40 个县" in told["limits"][1]
    every = site.get("/api/ranking?lang=en").get_json(force=True)
    assert "6 kinds" in every["limits"][0]
    assert every["limits"][0].replace("“", "") in site.get("/ranking?lang=en").get_data(as_text=True).replace("“", "")


@pytest.mark.parametrize("more", ["", "&as_recorded=true"])
def test_the_page_is_complete_in_english(site, more):
    page = site.get(f"/ranking?area=140000&lang=en{more}").get_data(as_text=True)
    assert "People within reach" in page
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    for element in tree.iter():
        if element.get("lang") == "zh-Hans":
            for part in list(element):
                element.remove(part)
            element.text = ""
    words = "".join(tree.find("body").itertext())
    assert not [mark for mark in words if "\u4e00" <= mark <= "\u9fff"], words


def test_the_page_needs_nothing_from_elsewhere_and_no_inline_script(site):
    answer = site.get("/ranking")
    page = answer.get_data(as_text=True)
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "style=" not in page
    assert "onclick" not in page
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    assert all(script.get("src") for script in tree.iter("script"))


def test_without_a_summary_the_page_says_so_and_the_interface_answers_404(geodata, shipped_database):
    url = f"sqlite:///{shipped_database}"
    client = web.create_app(load({"GEODATA_DIR": str(geodata), "DATABASE_URL": url})).test_client()
    assert "service-map import summary" in client.get("/ranking").get_data(as_text=True)
    assert client.get("/api/ranking").status_code == 404
    assert "/ranking" not in client.get("/").get_data(as_text=True)


def test_the_form_chooses_the_time(site):
    page = site.get("/ranking?category=kindergarten&when=by_year-2022").get_data(as_text=True)
    assert "到 2022 年" in page
    assert site.get("/ranking?when=yesterday").status_code == 400


def _tree(site, address):
    answer = site.get(address)
    assert answer.status_code == 200, address
    return html5lib.parse(answer.get_data(as_text=True), namespaceHTMLElements=False)


def _links(tree):
    return [link.get("href") for link in tree.iter("a") if "/ranking" in (link.get("href") or "")]
