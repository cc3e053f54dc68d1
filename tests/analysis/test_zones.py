"""A gap is cut by township where their boundaries are known, else by cell; or by the nearest community."""

import dataclasses

import pytest
import shapely

from service_map import analysis, coverage
from service_map.errors import InvalidParameterError, UnanswerableError
from service_map.store import AreaRecord, CommunityRecord

REGION = shapely.box(112.0, 35.5, 112.4, 35.7)


def town(number, west, east):
    return AreaRecord(
        adcode=f"140521{number:03}", name=f"第{number}乡", name_en=f"Di{number} Township", level="township", parent="140521",
        lon=None, lat=None,
        source="测试", licence="CC0", facilities=0, geometry=shapely.MultiPolygon([shapely.box(west, 35.4, east, 35.8)]),
    )  # fmt: skip


def home(number, lon):
    return CommunityRecord(
        id=f"c{number}", name=f"小区{number}", adcode="140521", lon=lon, lat=35.6, uncertainty_m=100.0, source="测试",
        licence="CC0", date="2024",
    )  # fmt: skip


def knowing(ground, *, towns=(), homes=()):
    """The same ground, of a database that holds these townships and communities."""
    known = {
        ("analysis", "boundaries"): (list(towns), shapely.STRtree([area.geometry for area in towns])),
        ("analysis", "homes"): tuple(homes),
    }
    ground = analysis.trusting(ground, complete=["library"])
    return dataclasses.replace(ground, keep=lambda key, make: known[key] if key in known else ground.keep(key, make))


def gaps(ground, **more):
    asked = analysis.reach(ground, category="library", metres=1_000)
    return analysis.gap_pieces(ground, asked, analysis.region(ground, None, REGION), **more)


def named(report):
    return {feature.properties["name"]: feature.properties for feature in report.features}


TOWNS = [town(1, 111.9, 112.15), town(2, 112.15, 112.3), town(3, 112.3, 112.5)]


def test_townships_that_cover_the_region_cut_the_gap_by_themselves(ground):
    report = gaps(knowing(ground, towns=TOWNS))
    assert (report.summary["by"], report.summary["h3_resolution"]) == ("township", None)
    assert set(named(report)) == {"第1乡", "第2乡", "第3乡"}
    assert sum(piece["area_km2"] for piece in named(report).values()) == pytest.approx(
        report.summary["gap_km2"], abs=1e-3
    )
    assert named(report)["第3乡"]["needs_at_least"] * 3.1416 >= named(report)["第3乡"]["area_km2"]


def test_townships_that_leave_land_to_none_do_so_only_when_asked_for(ground):
    known = knowing(ground, towns=TOWNS[:2])
    assert gaps(known).summary["by"] == "cell"
    asked = gaps(known, by="township")
    assert set(named(asked)) == {"第1乡", "第2乡", None}


def test_cells_are_named_by_their_index_and_ranked_by_homes_where_five_are_on_record(ground):
    homes = [home(number, 112.05 + number / 1_000) for number in range(5)]
    report = gaps(knowing(ground, homes=homes), limit=10_000)
    assert report.summary["ranked_by"] == "homes"
    first = report.features[0].properties
    assert first["homes"] == max(piece["homes"] for piece in named(report).values()) >= 1
    assert sum(piece["homes"] for piece in named(report).values()) == 5
    assert len(first["name"]) == 15
    few = gaps(knowing(ground, homes=homes[:4]))
    assert few.summary["ranked_by"] == "land"
    assert few.features[0].properties["homes"] is None


def test_communities_have_the_land_that_is_nearest_to_them(ground):
    homes = [home(1, 112.05), home(2, 112.35)]
    report = gaps(knowing(ground, homes=homes), by="community")
    assert set(named(report)) == {"小区1", "小区2"}
    assert named(report)["小区1"]["lon"] < 112.2 < named(report)["小区2"]["lon"]


def test_what_the_data_cannot_cut_by_is_said_by_name(ground):
    known = knowing(ground)
    for by, error in (
        ("township", UnanswerableError),
        ("community", UnanswerableError),
        ("street", InvalidParameterError),
    ):
        with pytest.raises(error) as told:
            gaps(known, by=by)
        assert told.value.field == "by"


def test_people_rank_before_homes_and_need_by_themselves(ground):
    homes = [home(number, 112.05 + number / 1_000) for number in range(5)]
    crowd = coverage.points([(112.3, 35.6), (112.35, 35.6)], [7.0, 7.0])
    report = gaps(knowing(ground, homes=homes), demand=crowd, limit=10_000)
    assert report.summary["ranked_by"] == "people"
    lived = [feature.properties for feature in report.features if feature.properties["people"]]
    assert [piece["rank"] for piece in lived] == [1, 1]
    assert {(piece["needs_at_least"], piece["needs_by"]) for piece in lived} == {(1, "people")}
    assert any("do not add up" in line for line in report.lines)
