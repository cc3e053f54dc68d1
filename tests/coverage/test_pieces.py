"""A gap is cut into pieces that are disjoint and make it up, and none is said to need more than would do."""

import numpy as np
import pytest
import shapely
from town import geodesic, place

from service_map.coverage import (
    around_places,
    circles,
    covered,
    cut,
    gap,
    given_zones,
    hexagons,
    needs_at_least,
    points,
    rank,
    square_km,
)
from service_map.errors import InvalidParameterError

COUNTY = shapely.box(112.2, 35.4, 112.5, 35.6)
STOCK = np.random.default_rng(3).uniform((112.2, 35.4), (112.5, 35.6), (60, 2))
HOMES = np.random.default_rng(4).uniform((112.2, 35.4), (112.5, 35.6), (25, 2))


def zones(kind, metres=800):
    if kind == "cell":
        return hexagons(COUNTY, metres)
    if kind == "community":
        return around_places(COUNTY, HOMES, [f"小区{number}" for number in range(len(HOMES))])
    # Three townships, of which two overlap and which leave a corner of the county to none.
    shapes = [
        shapely.box(112.2, 35.4, 112.31, 35.6), shapely.box(112.3, 35.4, 112.6, 35.5),
        shapely.box(112.31, 35.5, 112.45, 35.7),
    ]  # fmt: skip
    return given_zones(shapes, ["东乡", "南镇", "北镇"])


@pytest.mark.parametrize("kind", ["cell", "community", "township"])
@pytest.mark.parametrize("metres", [400, 1_500])
def test_pieces_are_disjoint_and_their_union_is_the_gap(kind, metres):
    left = gap(COUNTY, STOCK, metres).gap
    pieces, zone = cut(left, zones(kind))
    assert len(pieces) > 2
    assert len(np.unique(zone)) == len(zone)
    assert shapely.is_valid(pieces).all()
    assert sum(square_km(piece) for piece in pieces) == pytest.approx(square_km(left), abs=1e-6)
    whole = shapely.union_all(pieces, grid_size=1e-10)
    assert square_km(shapely.symmetric_difference(whole, left, grid_size=1e-10)) < 1e-3
    one, other = shapely.STRtree(pieces).query(pieces, predicate="intersects")
    between = shapely.intersection(pieces[one[one < other]], pieces[other[one < other]])
    assert sum(square_km(shared) for shared in between) < 1e-6


@pytest.mark.parametrize("kind", ["cell", "community", "township", None])
def test_everybody_in_the_gap_is_in_exactly_one_piece(kind):
    rng = np.random.default_rng(5)
    crowd = points(rng.uniform((112.19, 35.39), (112.51, 35.61), (4_000, 2)), rng.integers(1, 9, 4_000).astype(float))
    answer = gap(COUNTY, STOCK, 800)
    pieces = rank(answer, STOCK, demand=crowd, zones=None if kind is None else zones(kind), least_km2=0)
    inside = shapely.intersects_xy(answer.gap, crowd.lonlat[:, 0], crowd.lonlat[:, 1])
    assert sum(piece.people for piece in pieces) == pytest.approx(crowd.amount[inside].sum(), abs=1e-6)
    for piece in pieces[:20]:
        own = shapely.intersects_xy(piece.polygon, crowd.lonlat[:, 0], crowd.lonlat[:, 1])
        assert piece.people == pytest.approx(crowd.amount[own].sum())


def test_corners_that_pieces_share_lose_nobody():
    cells = hexagons(COUNTY, 800)
    corners = np.unique(shapely.get_coordinates(cells.polygon), axis=0)
    corners = corners[shapely.contains_xy(COUNTY, corners[:, 0], corners[:, 1])]
    pieces = rank(gap(COUNTY, [], 800), [], demand=points(corners, 1.0), zones=cells)
    assert sum(piece.people for piece in pieces) == len(corners)


@pytest.mark.parametrize("metres", [100, 300, 1_000, 5_000])
def test_a_cell_is_about_as_large_as_a_service_circle_or_somewhat_larger(metres):
    cells = hexagons(shapely.Point(112.5, 35.5).buffer(metres / 20_000), metres)
    circle = np.pi * (metres / 1_000) ** 2
    size = np.median([square_km(cell) for cell in cells.polygon])
    assert 0.7 * circle < size < 8 * circle
    assert len(set(cells.name)) == len(cells.name) == len(cells.polygon)
    assert {len(name) for name in cells.name} == {15}


def test_a_small_radius_in_a_large_area_is_cut_into_no_more_cells_than_can_be_read():
    cells = hexagons(shapely.box(110, 34, 114, 38), 50)
    assert 1_000 < len(cells.name) < 25_000


def test_a_piece_is_named_after_the_nearest_community_and_twins_count_once():
    spots = place([(0, 0), (2_000, 0), (0, 0)])
    area = shapely.box(*place([(-1_000, -1_000)])[0], *place([(3_000, 1_000)])[0])
    pieces = rank(gap(area, [], 500), [], zones=around_places(area, spots, ["甲", "乙", "丙"]), homes=spots)
    assert {piece.name: piece.homes for piece in pieces} == {"甲": 2, "乙": 1}
    for piece in pieces:
        away = geodesic([[piece.lon, piece.lat]], spots)[0]
        assert away.argmin() == {"甲": 0, "乙": 1}[piece.name]
    alone = around_places(area, spots[:1], ["甲"])
    assert [piece.name for piece in rank(gap(area, [], 500), [], zones=alone)] == ["甲"]


def test_pieces_alike_share_a_rank():
    answer = gap(COUNTY, STOCK, 800)
    pieces = rank(answer, STOCK, zones=hexagons(COUNTY, 800), homes=HOMES)
    homes = [piece.homes for piece in pieces]
    assert homes == sorted(homes, reverse=True)
    assert [piece.rank for piece in pieces] == [1 + sum(other > mine for other in homes) for mine in homes]
    assert {piece.ranked_by[0] for piece in pieces} == {"homes"}
    by_land = rank(answer, STOCK, zones=hexagons(COUNTY, 800))
    assert by_land[0].ranked_by == ("land", round(max(piece.km2 for piece in by_land), 4))


@pytest.mark.parametrize("seed", range(8))
def test_a_piece_needs_no_more_than_a_greedy_cover_takes(seed):
    rng = np.random.default_rng(seed)
    metres, homes = float(rng.choice([200, 400, 900])), place(rng.uniform(0, 3_000, (rng.integers(1, 60), 2)))
    needs, by = needs_at_least(9.0, homes, metres)
    open_, taken = np.ones(len(homes), dtype=bool), 0
    while open_.any():
        reach = geodesic(homes, homes) <= metres
        open_ &= ~reach[(reach & open_).sum(axis=1).argmax()]
        taken += 1
    assert 1 <= needs <= taken
    assert by == "people"


def test_land_needs_at_least_as_many_circles_as_its_surface_holds():
    town = shapely.box(*place([(0, 0)])[0], *place([(2_000, 2_000)])[0])
    (piece,) = rank(gap(town, [], 500), [])
    assert (piece.needs, piece.needs_by) == (int(np.ceil(4 / (np.pi * 0.25))), "land")
    x, y = np.meshgrid(np.arange(350, 2_000, 700), np.arange(350, 2_000, 700))
    grid = place(np.column_stack((x.ravel(), y.ravel())))
    assert shapely.union_all(circles(grid, 500)).covers(town)
    assert piece.needs <= len(grid)
    assert needs_at_least(np.pi * 0.25, None, 500) == (1, "land")
    # Nobody lives there: nobody needs anything.
    assert needs_at_least(4.0, np.empty((0, 2)), 500) == (0, "people")


def test_needs_of_people_hold_for_the_pieces_of_a_gap():
    crowd = points(HOMES, 1.0)
    answer = gap(COUNTY, STOCK, 800)
    pieces = rank(answer, STOCK, demand=crowd, zones=hexagons(COUNTY, 800), least_km2=0)
    lost = HOMES[~covered(STOCK, HOMES, 800)]
    assert sum(piece.needs for piece in pieces) <= len(lost)
    assert all(piece.needs == 0 for piece in pieces if piece.people == 0)
    assert all(piece.needs >= 1 for piece in pieces if piece.people)


def test_cells_of_no_radius_are_refused():
    with pytest.raises(InvalidParameterError) as error:
        hexagons(COUNTY, 0)
    assert error.value.field == "metres"
