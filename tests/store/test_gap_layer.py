"""Gaps of an analysis as a layer: from the command's answer into both databases, and what no answer is."""

import json

import pytest
import shapely
from click.testing import CliRunner

from service_map import store
from service_map.cli import main
from service_map.errors import GeodataError
from service_map.store import features, gap_layer

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[112.1, 35.6], [112.2, 35.6], [112.2, 35.7], [112.1, 35.7], [112.1, 35.6]]],
}


def answer(**question):
    asked = {
        "area": {"adcode": "140521", "name": "沁水县"}, "category": "kindergarten", "category_name": "幼儿园", "metres": 300.0,
        "method": "straight_line", "rule": None, "year": None, "record": "complete", "gap_km2": 2.5,
        "data_version": "abc",
    }  # fmt: skip
    own = {"rank": 1, "zone": None, "area_km2": 2.5, "people": None, "nearest_m": 900.0}
    return {
        "type": "FeatureCollection",
        "gaps": asked | question,
        "features": [{"type": "Feature", "id": "gap-1", "geometry": SQUARE, "properties": own}],
    }


@pytest.fixture
def written(tmp_path):
    def write(*documents):
        paths = []
        for number, document in enumerate(documents):
            paths.append(tmp_path / f"answer{number}.geojson")
            paths[-1].write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        return paths

    return write


def layer(url):
    engine = store.open_readonly(url)
    with engine.connect() as conn:
        found = features.collection(conn, "gaps")
        page = features.page(conn, found, features.FeatureQuery(), limit=1000)
        extent = features.extent(conn, found)
    engine.dispose()
    return [(item.id, item.geometry.normalize().wkt, item.properties) for item in page.items], extent


@pytest.fixture
def place(world, tmp_path, monkeypatch):
    """A folder of open data of its own, and the program that reads it."""
    geodata = world.changed(tmp_path / "geodata")
    url = f"sqlite:///{tmp_path}/map.gpkg"
    monkeypatch.setenv("GEODATA_DIR", str(geodata))
    monkeypatch.setenv("DATABASE_URL", url)

    def run(*arguments):
        done = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert done.exit_code == 0, done.output
        return done.output

    return geodata, url, run


@pytest.mark.postgis
def test_the_gaps_of_the_last_analysis_are_a_layer_of_both_databases(place, postgres, tmp_path):
    geodata, url, run = place
    run("build")
    assert layer(url) == ([], (None, None))
    out = tmp_path / "gaps.geojson"
    run("gaps", "--area", "140521", "--category", "elderly_institution", "--metres", "1000", "--as-recorded", "-o", out)
    answered = json.loads(out.read_bytes())
    assert f" {len(answered['features'])} gaps" in run("import", "gaps", out)
    run("build")
    found, extent = layer(url)
    store.build(postgres.other, geodata=geodata)
    assert layer(postgres.other) == (found, extent)
    assert len(found) == len(answered["features"]) > 100
    for (_, wkt, properties), feature in zip(found, answered["features"], strict=True):
        wanted = shapely.geometry.shape(feature["geometry"])
        assert shapely.from_wkt(wkt).symmetric_difference(wanted).area < 1e-12
        own = feature["properties"]
        for name in ("rank", "name", "area_km2", "people", "homes", "needs_at_least", "needs_by", "nearest_m"):
            assert properties[name] == own[name]
    assert (properties["category"], properties["metres"], properties["adcode"]) == (
        "elderly_institution",
        1000,
        "140521",
    )
    assert properties["data_version"] == answered["gaps"]["data_version"]
    whole = shapely.union_all([shapely.geometry.shape(feature["geometry"]) for feature in answered["features"]])
    assert extent[0] == pytest.approx(whole.bounds, abs=1e-9)


@pytest.mark.postgis
def test_a_gap_of_an_incomplete_record_says_in_every_row_that_it_is_no_true_one(place, postgres, written):
    geodata, url, run = place
    paths = written(answer(), answer(record="partial", metres=500.0), answer(record="none", metres=600.0))
    told = run("import", "gaps", *paths)
    assert "其中 2 块只是按在册记录算的，不是真的缺口" in told
    assert "2 of the record only" in told
    run("build")
    store.build(postgres.other, geodata=geodata)
    for database in (url, postgres.other):
        told = {item[2]["record"]: item[2]["as_recorded"] for item in layer(database)[0]}
        assert told == {"complete": False, "partial": True, "none": True}


def test_the_layer_and_its_columns_claim_no_certainty_and_say_what_is_no_true_gap(place):
    _, url, run = place
    run("build")
    engine = store.open_readonly(url)
    with engine.connect() as conn:
        found = features.collection(conn, "gaps")
    engine.dispose()
    assert "as_recorded" in found.about.zh
    assert "不是真的缺口" in found.about.zh
    assert "no true gaps" in found.about.en
    assert found.properties["certain_km2"].about.zh == "其中在册的和有落点的承诺都够不到的面积"
    assert not [item.about.zh for item in found.properties.values() if "一定" in item.about.zh]
    assert not [item.about.en for item in found.properties.values() if "surely" in item.about.en]


def test_pieces_that_share_a_rank_are_pieces_of_their_own(written):
    twins = answer()
    twins["features"] = [{**twins["features"][0], "id": f"gap-{number}"} for number in (1, 2)]
    rows = gap_layer.read_answers(written(twins))
    assert [row["rank"] for row in rows] == [1, 1]
    assert len({row["id"] for row in rows}) == 2


def test_the_next_analysis_takes_the_place_of_the_last(written, tmp_path):
    first = gap_layer.read_answers(written(answer()))
    gap_layer.write_gaps(tmp_path / gap_layer.FILE, first)
    assert gap_layer.load_gaps(tmp_path / gap_layer.FILE) == first
    second = gap_layer.read_answers(written(answer(metres=500.0), answer(year=2025)))
    gap_layer.write_gaps(tmp_path / gap_layer.FILE, second)
    assert [row["metres"] for row in gap_layer.load_gaps(tmp_path / gap_layer.FILE)] == [500.0, 300.0]
    assert len({row["id"] for row in second}) == 2


def test_a_folder_without_an_analysis_has_no_gaps(tmp_path):
    assert gap_layer.load_gaps(tmp_path / gap_layer.FILE) == []


def changed(**own):
    document = answer()
    document["features"][0]["properties"] |= own
    return document


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ("{", "JSON"), ("[]", "FeatureCollection"), ('{"type":"FeatureCollection","features":[]}', "gaps"),
        (changed(rank="1"), "rank"), (changed(rank=True), "rank"), (changed(area_km2=None), "area_km2"),
        (changed(area_km2=-1), "area_km2"), (changed(nearest_m="near"), "nearest_m"), (answer(method=3), "method"),
        (answer(year=20.5), "year"), (answer(metres="300"), "metres"),
        ({**answer(), "features": [{"type": "Feature", "properties": {"rank": 1, "area_km2": 1}, "geometry": None}]}, "geometry"),
        ({**answer(), "features": [{**answer()["features"][0], "geometry": {"type": "Point", "coordinates": [1, 2]}}]}, "geometry"),
        ({**answer(), "features": [{**answer()["features"][0], "geometry": {
            "type": "Polygon", "coordinates": [[[5e6, 0], [5e6, 1], [6e6, 0], [5e6, 0]]]}}]}, "geometry"),
        ({**answer(), "features": answer()["features"] * 2}, "id"), ({**answer(), "features": [3]}, "features"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_by_the_name_of_what_is_wrong(written, document, named):
    with pytest.raises(GeodataError) as told:
        gap_layer.read_answers(written(document))
    assert named in told.value.en
    assert told.value.zh.isprintable()


def test_an_answer_that_gives_no_gaps_for_want_of_a_record_is_refused_and_says_how_to_ask(written):
    with pytest.raises(GeodataError, match="--as-recorded"):
        gap_layer.read_answers(written(answer(record="partial", gap_km2=None)))
    with pytest.raises(GeodataError, match="record is one of complete, partial, none"):
        gap_layer.read_answers(written(answer(record="whole")))


def test_two_answers_to_one_question_are_refused(written):
    with pytest.raises(GeodataError, match="same question"):
        gap_layer.read_answers(written(answer(), answer()))


def test_a_damaged_file_stops_the_build_and_the_old_database_stays(place):
    geodata, url, run = place
    run("build")
    (geodata / gap_layer.FILE).write_text('{"type":"FeatureCollection","features":[{}]}', encoding="utf-8")
    done = CliRunner().invoke(main, ["build"])
    assert done.exit_code == 2
    assert gap_layer.FILE in done.output
    assert layer(url)[0] == []
