"""What each person gets of what facilities hold: capacity where every one has it, else facilities, and never a mixture."""

import dataclasses
import json
import math

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from invented_world import CENTRE, FACILITIES, write_world

from service_map import analysis, coverage, store

DEGREE = 111_320 * math.cos(math.radians(CENTRE[1]))
AROUND = shapely.box(CENTRE[0] - 0.05, CENTRE[1] - 0.05, CENTRE[0] + 0.05, CENTRE[1] + 0.05)
HOMES = coverage.points([(CENTRE[0] + metres / DEGREE, CENTRE[1]) for metres in (0, 250, 600)], [100, 200, 50])


def own(metres, **holds):
    return analysis.Own(geometry=shapely.Point(CENTRE[0] + metres / DEGREE, CENTRE[1]), category="nursery", **holds)


def told(ground, brought=(), *, category="nursery", homes=HOMES, metres=300, stock="all"):
    mine = analysis.with_own(ground, brought, stock=stock)
    asked = analysis.reach(mine, category=category, metres=metres)
    region = analysis.region(mine, None, AROUND)
    return analysis.covered_share(mine, asked, region, demand=homes).summary["people"]["catchment"]


@pytest.mark.parametrize(("field", "of"), [("beds", "beds"), ("capacity", "places")])
def test_what_facilities_hold_is_shared_as_worked_out_by_hand(ground, field, of):
    # The first reaches 100 and 200 people: 0.1 each of 30. The second, 500 m on, 200 and 50: 0.04 each of 10. So the
    # homes get 0.1, 0.14 and 0.04. Nobody reaches the third.
    found = told(ground, [own(0, **{field: 30}), own(500, **{field: 10}), own(3_000, **{field: 5})])
    assert (found["of"], found["without_capacity"], found["idle"]) == (of, 0, 5)
    assert found["per_1000_mean"] == pytest.approx((100 * 0.1 + 200 * 0.14 + 50 * 0.04) / 350 * 1000, abs=1e-6)
    assert found["within_mean"] == pytest.approx((100 + 2 * 200 + 50) / 350, abs=1e-4)
    assert f"114.286 {of} for every 1,000 people" in found["said"]
    more = told(ground, [own(0, **{field: 60}), own(500, **{field: 20}), own(3_000, **{field: 5})])
    assert more["per_1000_mean"] == pytest.approx(2 * found["per_1000_mean"], abs=1e-5)


@pytest.mark.parametrize(
    ("brought", "without", "says"),
    [
        ([own(0, beds=30), own(500)], 1, "of 2, 1 are without beds"),
        ([own(0, capacity=30), own(500)], 1, "of 2, 1 are without a capacity"),
        ([own(0), own(500)], 2, "of 2, 2 are without beds or a capacity"),
        # Beds and school places are not added up.
        ([own(0, beds=30), own(500, capacity=10)], 1, "of 2, 1 are without"),
    ],
)
def test_where_one_facility_lacks_it_facilities_are_counted_and_the_answer_says_so(ground, brought, without, says):
    found = told(ground, brought)
    assert (found["of"], found["without_capacity"]) == ("facilities", without)
    # One facility over 300 people, one over 250.
    assert found["per_1000_mean"] == pytest.approx(2 / 350 * 1000, abs=1e-6)
    assert says in found["said"]


def test_a_facility_that_holds_nothing_has_a_capacity(ground):
    found = told(ground, [own(0, beds=0), own(500, beds=25)])
    assert (found["of"], found["without_capacity"]) == ("beds", 0)
    assert found["per_1000_mean"] == pytest.approx(25 / 350 * 1000, abs=1e-6)


def test_no_facility_shares_nothing(ground):
    found = told(ground)
    assert (found["of"], found["per_1000_mean"], found["without_capacity"]) == ("facilities", 0, 0)


@pytest.mark.filterwarnings("ignore")
def test_the_answer_equals_that_of_pysal_access(ground):
    access = pytest.importorskip("access", reason="access is not installed (pip install 'service-map[bench]')")
    rng = np.random.default_rng(13)
    offsets = rng.uniform(-2_000, 2_000, 220)
    homes = coverage.points(
        [(CENTRE[0] + metre / DEGREE, CENTRE[1]) for metre in offsets[20:]], rng.integers(1, 90, 200)
    )
    brought = [own(metre, beds=float(beds)) for metre, beds in zip(offsets, rng.integers(10, 300, 20), strict=False)]
    pairs = coverage.pairs([shapely.get_coordinates(one.geometry)[0] for one in brought], homes.lonlat, 500)
    model = access.Access(
        demand_df=pd.DataFrame({"id": np.arange(200), "people": homes.amount}),
        demand_index="id",
        demand_value="people",
        supply_df=pd.DataFrame({"id": np.arange(20), "beds": [one.beds for one in brought]}),
        supply_index="id",
        supply_value=["beds"],
        cost_df=pd.DataFrame({"home": pairs.demand, "site": pairs.facility, "metres": pairs.metres}),
        cost_origin="home",
        cost_dest="site",
        cost_name="metres",
    )
    theirs = model.two_stage_fca(name="a", max_cost=500)["a_beds"].reindex(np.arange(200)).fillna(0).to_numpy()
    mean = float(theirs @ homes.amount / homes.amount.sum()) * 1000
    assert told(ground, brought, homes=homes, metres=500)["per_1000_mean"] == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"count": 120, "unit": "张"}, ("beds", 0, 0)),
        ({"count": 120, "unit": "张", "at_least": True}, ("facilities", 1, 0)),
        ({"count": 120, "unit": "所"}, ("facilities", 1, 0)),
        ({"count": 3.5, "unit": "公里"}, ("facilities", 1, 0)),
        ({"count": 120, "unit": "张", "precision": "county", "uncertainty_m": 60_000.0}, ("facilities", 0, 1)),
    ],
    ids=["beds", "at least", "buildings", "kilometres", "somewhere in the county"],
)
def test_only_a_stated_number_of_beds_on_record_is_a_capacity(geodata, tmp_path, fields, expected):
    of, _without, unplaced = expected
    changed = [dataclasses.replace(FACILITIES[0], **fields), *FACILITIES[1:]]
    folder, url = write_world(tmp_path / "geodata", geodata, changed), f"sqlite:///{tmp_path}/world.gpkg"
    store.build(url, geodata=folder)
    engine = store.open_readonly(url)
    with engine.connect() as conn:
        ground = analysis.trusting(analysis.open_ground(conn, geodata=folder, language="en"), as_recorded=True)
        found = told(ground, category="elderly_institution", metres=3_000)
        both = told(ground, [own(0, beds=30)], category="elderly_institution", metres=3_000)
    engine.dispose()
    assert (found["of"], found["without_capacity"], found["unplaced"]) == expected
    assert ("1 more, known to their county or city only" in found["said"]) == bool(unplaced)
    held = {"beds": 120, "facilities": 1 - unplaced}[of]
    assert found["per_1000_mean"] == pytest.approx(held / 350 * 1000, abs=1e-6)
    assert both["of"] == of  # a nursery of the caller's is of another kind


def test_beds_of_the_callers_join_those_on_record(geodata, tmp_path):
    changed = [dataclasses.replace(FACILITIES[0], count=120, unit="张"), *FACILITIES[1:]]
    folder, url = write_world(tmp_path / "geodata", geodata, changed), f"sqlite:///{tmp_path}/world.gpkg"
    store.build(url, geodata=folder)
    engine = store.open_readonly(url)
    with engine.connect() as conn:
        ground = analysis.trusting(analysis.open_ground(conn, geodata=folder), as_recorded=True)
        home = dataclasses.replace(own(0, beds=30), category="elderly_institution")
        found = told(ground, [home], category="elderly_institution", metres=3_000)
        school = dataclasses.replace(home, beds=None, capacity=30)
        mixed = told(ground, [school], category="elderly_institution", metres=3_000)
    engine.dispose()
    assert (found["of"], found["per_1000_mean"]) == ("beds", pytest.approx(150 / 350 * 1000, abs=1e-6))
    assert "都有床位数" in found["said"]
    assert (mixed["of"], mixed["without_capacity"]) == ("facilities", 1)


@pytest.mark.parametrize("suffix", [".csv", ".geojson", ".gpkg", ".shp"])
def test_the_columns_are_read_from_every_form(tmp_path, suffix):
    path = tmp_path / f"homes{suffix}"
    table = {"capacity": [90.0, None], "beds": [None, 40.0]}
    layer = geopandas.GeoDataFrame(table, geometry=shapely.points([CENTRE, CENTRE]), crs=4326)
    if suffix == ".csv":
        pd.DataFrame({"lon": layer.geometry.x, "lat": layer.geometry.y, "学位": [90, None], "床位": [None, 40]}).to_csv(
            path
        )
    else:
        layer.to_file(path)
    assert [(one.capacity, one.beds) for one in analysis.read_facilities(path)] == [(90, None), (None, 40)]


def test_a_body_says_what_its_facilities_hold():
    point = {"type": "Point", "coordinates": list(CENTRE)}
    body = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": point, "properties": {"role": "facility", "beds": 40, "capacity": None}},
        {"type": "Feature", "geometry": point, "properties": {"role": "facility", "capacity": 90}},
    ]}  # fmt: skip
    read = analysis.read_body(json.dumps(body).encode()).facilities
    assert [(one.capacity, one.beds) for one in read] == [(None, 40), (90, None)]
