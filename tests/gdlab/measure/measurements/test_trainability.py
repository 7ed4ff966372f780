"""Trainability: pixels alone and in a picture, the verdict, the tiles, the windows."""

from itertools import pairwise

import cases
import numpy as np
import pytest
from messages import exactly

from gdlab.arrays import stack_like
from gdlab.descent.batches import batches
from gdlab.measure.measurements import trainability
from gdlab.measure.measurements.trainability import (
    BEYOND,
    CUTOFF,
    LAST,
    Trainability,
    boundary_point,
    relative_costs,
    runs,
    tile_offset,
    values,
    verdicts,
)
from gdlab.problems import RandomRegression
from gdlab.sweeps import configuration
from gdlab.sweeps.configuration import ConfigurationError

STEPS = 120  # enough for costs beyond BEYOND
SMALL = {"features": 6, "training_examples": 20}
KINDS = [
    {**SMALL, "activation": "relu"},
    {**SMALL, "activation": "identity"},
    {**SMALL, "batch_size": 5},
    {**SMALL, "training_examples": 1},
    SMALL,
]


def measurement(**changes):
    settings = {"axes": "layers", "center_x": 1.5, "center_y": 1.5, "width": 9.0, "zoom": 0}
    return Trainability(**{**settings, "pixels": 12, "stride": 1, "tile": 0, **changes})


def setting(kind=SMALL, steps=STEPS):
    return cases.setting(RandomRegression(**kind), steps=steps)


def to_the_end(given, x, y, axes="layers"):
    """The relative costs of pixels that never leave: every step of every pixel is taken."""
    theta, optimizer = runs(given, axes, x, y)
    gradient, seeds = stack_like(theta), [given.seed] * len(theta)
    oracle = given.problem.oracle(theta, gradient, batches(given.problem, seeds))
    costs = np.empty((STEPS, len(x)))
    with np.errstate(all="ignore"):
        for cost in costs:
            oracle(cost)
            optimizer.update(theta, gradient, None, optimizer.learning_rate)
        relative = costs / costs[0]
        relative[~(relative <= CUTOFF)] = CUTOFF  # a cost that is not a number too
    return np.ascontiguousarray(relative.T)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("axes", ["layers", "offset"])
def test_pixels_that_leave_end_as_those_that_stay(kind, axes):
    given = setting(kind)
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(-2.5, 5.5, 14), np.linspace(-2.5, 5.5, 14)))
    costs, taken = relative_costs(given, axes, x, y)
    expected = to_the_end(given, x, y, axes)
    assert taken < 0.95 * costs.size  # many leave
    assert verdicts(costs).tolist() == verdicts(expected).tolist()
    assert np.array_equal(values(costs), values(expected))


def test_two_pixels_alone_are_those_of_the_picture_bit_for_bit():
    given = cases.setting(RandomRegression(), steps=60)
    picture = measurement(pixels=8)(given).columns
    trained = int(np.flatnonzero(picture["trained"])[-1])
    diverged = int(np.flatnonzero(~picture["trained"])[0])
    for pixel in (trained, diverged):
        alone, _ = relative_costs(given, "layers", picture["x"][[pixel]], picture["y"][[pixel]])
        assert values(alone)[0] == picture["value"][pixel]
        assert verdicts(alone)[0] == picture["trained"][pixel]


def test_the_verdict_is_the_mean_of_the_last_costs_over_the_first():
    costs = np.full((3, 50), 0.5)
    costs[1, -LAST:] = [0.0, 1.9] * (LAST // 2)
    costs[2, -1] = 1 + 0.5 * LAST
    assert verdicts(costs).tolist() == [True, True, False]
    assert values(costs) == pytest.approx([-25.0, -(15 + 0.95 * LAST), 98 + 1 / (1 + 0.5 * LAST)])
    assert BEYOND > CUTOFF


def test_tiles_make_the_whole_picture_and_the_first_of_them_coarser_ones():
    given = setting(steps=30)
    whole = measurement(pixels=8)(given).columns
    tiles = [measurement(pixels=8, stride=4, tile=tile)(given).columns for tile in range(16)]
    places = np.concatenate([tile["row"] * 8 + tile["column"] for tile in tiles])
    assert sorted(places) == list(range(64))
    values_of_tiles = np.empty(64)
    values_of_tiles[places] = np.concatenate([tile["value"] for tile in tiles])
    assert np.array_equal(values_of_tiles, whole["value"])
    assert sorted(tile_offset(tile, 4) for tile in range(4)) == [(0, 0), (0, 2), (2, 0), (2, 2)]


def test_pixels_are_in_the_middle_of_equal_squares():
    columns = measurement(pixels=3, width=6.0)(setting(steps=2)).columns
    assert columns["x"].tolist() == pytest.approx([-0.5, 1.5, 3.5] * 3)
    assert columns["y"].tolist() == pytest.approx([-0.5] * 3 + [1.5] * 3 + [3.5] * 3)


def test_every_window_has_the_boundary_of_the_one_before_in_its_middle():
    given = setting()
    final = [measurement(zoom=zoom, pixels=2)(given).final for zoom in (3, 2, 1, 0)][::-1]
    assert [each["window_width"] for each in final] == [9.0, 4.5, 2.25, 1.125]
    for before, after in pairwise(final):
        half = before["window_width"] / 2 / 64  # between two points that are looked at
        ends = np.array([-half, half])
        costs, _ = relative_costs(given, "layers", after["center_x"] + ends, after["center_y"] + ends)
        assert len(set(verdicts(costs))) == 2
        assert abs(after["center_x"] - before["center_x"]) <= before["window_width"] / 2


def test_a_window_without_boundary_has_no_zoom():
    message = (
        "zoom must be 0, since no boundary crosses the diagonal of the window of width 1 around (-3, -3); or choose "
        "another center_x, center_y or width"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        boundary_point(setting(steps=20), "layers", trainability.Window((-3.0, -3.0), 1.0))


def test_layers_between_the_first_and_the_last_have_the_optimizers_rate():
    given = cases.setting(cases.network(), learning_rate=0.25)
    _, optimizer = runs(given, "layers", np.array([-1.0]), np.array([2.0]))
    assert np.unique(optimizer.learning_rate).tolist() == [0.1, 0.25, 100.0]
    first, between, last = given.problem.layer_parameters
    assert optimizer.learning_rate[0].tolist() == [0.1] * first + [0.25] * between + [100.0] * last


def test_an_offset_moves_the_first_layers_start():
    given = setting()
    theta, optimizer = runs(given, "offset", np.array([0.0]), np.array([-1.0]))
    assert (theta - given.theta).tolist() == pytest.approx(np.array([[1.0] * 36 + [0.0] * 6]))
    assert np.unique(optimizer.learning_rate).tolist() == [0.1]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["problem=bowl"], "measurement=trainability needs a problem with layers, and the problem is bowl"),
        (["measurement.axes=rates"], "measurement.axes must be one of layers, offset, got 'rates'"),
        (["measurement.width=0"], "measurement.width must lie in (0, 300), got 0"),
        (["measurement.stride=3"], "measurement.stride must be a power of two that divides pixels=128, got 3"),
        (
            ["measurement.stride=2", "measurement.tile=4"],
            "measurement.tile must be a whole number from 0 to 3 (stride=2 makes 4 tiles), got 4",
        ),
        (
            ["measurement.zoom=40"],
            "measurement.zoom must be a whole number from 0 to 36 (beyond, float64 cannot tell pixels apart), got 40",
        ),
    ],
)
def test_what_cannot_be_measured_is_said(overrides, message):
    with pytest.raises(ConfigurationError, match=exactly(message)):
        configuration.build([cases.config("problem=random_regression", "measurement=trainability", *overrides)])
