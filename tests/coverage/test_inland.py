"""Ways deep inside reached ground are known without a ray, and none that reached ground ends beside is among them."""

import numpy as np

from service_map.coverage.isochrone.inland import inland, near
from service_map.coverage.plane import Pieces

SIDE = 20


def grid(left):
    """Streets 100 m apart, so much of the walk being left at every corner, shape (SIDE * SIDE,)."""
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    xy = np.column_stack((x.ravel(), y.ravel())) * 100.0
    number = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    ends = np.concatenate(
        (
            np.column_stack((number[:, :-1].ravel(), number[:, 1:].ravel())),
            np.column_stack((number[:-1].ravel(), number[1:].ravel())),
        )
    )
    return pieces(xy, ends, left)


def pieces(xy, ends, left, cost=None):
    start, end = xy[ends[:, 0]], xy[ends[:, 1]]
    length = np.linalg.norm(end - start, axis=1)
    cost = np.column_stack((length, length)) if cost is None else cost
    return Pieces(start, end, ends, left[ends], cost)


def with_one_more(town, start, end, left):
    """The town with one more way that meets none."""
    corner = np.array([[town.corner.max() + 1, town.corner.max() + 2]])
    length = float(np.hypot(*np.subtract(end, start)))
    return Pieces(
        np.concatenate((town.start, [start])),
        np.concatenate((town.end, [end])),
        np.concatenate((town.corner, corner)),
        np.concatenate((town.left, [[left, left]])),
        np.concatenate((town.cost, [[length, length]])),
    )


def beside(town, flags, x, y):
    """Flags of the pieces whose middles lie within 100 m of a place."""
    return flags[np.hypot(*((town.start + town.end) / 2 - [x, y]).T) < 100]


def test_all_but_the_outermost_streets_of_a_town_reached_with_room_to_spare_are_inland():
    town = grid(np.full(SIDE * SIDE, 500.0))
    middle = (town.start + town.end) / 2
    outermost = (middle.min(axis=1) == 0) | (middle.max(axis=1) == 100 * (SIDE - 1))
    flags = inland(town, 100.0)
    np.testing.assert_array_equal(flags.all(axis=1), ~outermost)
    assert flags.any(axis=1).all()


def test_streets_beside_a_block_of_which_a_corner_is_hardly_reached_are_not():
    left = np.full(SIDE * SIDE, 500.0)
    left[10 * SIDE + 10] = 450.0
    town = grid(left)
    assert beside(town, inland(town, 100.0), 1_000, 1_000).all()
    left[[10 * SIDE + 10, 10 * SIDE + 11]] = 60.0
    town = grid(left)
    flags = inland(town, 100.0)
    assert not beside(town, flags, 1_050, 1_000).any()
    assert flags.sum() > len(flags)


def test_a_way_within_a_block_that_is_not_reached_keeps_its_streets_from_being_inland():
    town = grid(np.full(SIDE * SIDE, 500.0))
    for start, end in (((1_040.0, 1_040.0), (1_060.0, 1_060.0)), ((1_040.0, 1_050.0), (1_150.0, 1_050.0))):
        flags = inland(with_one_more(town, start, end, -np.inf), 100.0)
        # Of the streets around the block the other side may be.
        assert not beside(town, flags[:-1], 1_050, 1_050).all(axis=1).any()
        assert flags[:-1].sum() > len(flags)
        # One that is reached as well as they are does no harm.
        assert beside(town, inland(with_one_more(town, start, end, 500.0), 100.0)[:-1], 1_050, 1_050).all()


def test_blocks_so_wide_that_nobody_steps_onto_a_way_from_their_middles_are_not():
    town = grid(np.full(SIDE * SIDE, 1_000.0))
    wide = Pieces(town.start * 3, town.end * 3, town.corner, town.left, town.cost * 3)
    assert not inland(wide, 100.0).any()


def test_on_a_way_that_is_walked_one_way_only_what_is_left_at_one_end_says_nothing_of_the_other():
    town = grid(np.full(SIDE * SIDE, 500.0))
    cost = town.cost.copy()
    cost[:, 1] = np.inf
    assert inland(Pieces(town.start, town.end, town.corner, town.left, cost), 100.0).any()
    cost[:, 0] = 480.0
    assert not inland(Pieces(town.start, town.end, town.corner, town.left, cost), 100.0).any()


def test_near_finds_all_that_is_near_and_not_everything():
    rng = np.random.default_rng(1)
    xy = rng.uniform(0, 10_000, (2_000, 2))
    ends = np.arange(2_000).reshape(1_000, 2)
    xy[1::2] = xy[::2] + rng.uniform(-80, 80, (1_000, 2))
    town = pieces(xy, ends, np.zeros(2_000))
    some = np.zeros(1_000, dtype=bool)
    some[:5] = True
    at = np.linspace(0, 1, 9)[:, None, None]
    spots = town.start + at * (town.end - town.start)
    apart = np.linalg.norm(spots[:, None, :, None] - spots[None, :, None, :5], axis=-1).min(axis=(0, 1))
    flags = near(town, some, 200.0)
    assert flags[(apart <= 200).any(axis=1)].all()
    assert flags.sum() < 100


def test_around_ways_that_cross_without_meeting_nothing_is_inland():
    xy = np.array([(0.0, 0.0), (110.0, 0.0), (20.0, 70.0), (100.0, 30.0)])
    ends = np.array([(0, 1), (1, 2), (2, 3), (3, 0)])
    assert not inland(pieces(xy, ends, np.full(4, 500.0)), 100.0).any()
    assert not inland(pieces(xy, ends[:, ::-1], np.full(4, 500.0)), 100.0).any()
    # Uncrossed they close a block.
    ring = np.array([(0, 1), (1, 3), (3, 2), (2, 0)])
    np.testing.assert_array_equal(inland(pieces(xy, ring, np.full(4, 500.0)), 100.0), [[True, False]] * 4)
