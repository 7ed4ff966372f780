"""Basins of attraction, against what is known of the landscapes."""

import cases
import numpy as np
import pytest
from messages import exactly

from gdlab import optimizers, problems
from gdlab.arrays import stacked
from gdlab.descent import schedules
from gdlab.measure.measurements.basins import DIVERGED, RIDGE, UNSETTLED, WITHIN, Basins, basins, grid
from gdlab.sweeps import configuration
from gdlab.sweeps.configuration import ConfigurationError

WELL = problems.DoubleWell(tilt=0.3)


def descent(landscape, learning_rate, starts, steps=500):
    """What starts come to: an int for each."""
    rule = optimizers.GradientDescent(learning_rate=learning_rate)
    theta = stacked(np.reshape(np.array(starts, float), (-1, landscape.parameters)), "float64")
    return basins(landscape, theta, rule, schedules.Constant(), cases.budget(steps))


def measured(landscape, learning_rate, starts, steps=500):
    """The measurement as a run of the command makes it."""
    return Basins(starts=starts)(cases.setting(landscape, learning_rate, steps))


def stability(landscape):
    """2 / λ of every minimum."""
    return 2 / np.linalg.eigvalsh(landscape.hessian(landscape.minima))[:, -1]


def slope(landscape, w):
    """Along one axis, the other coordinate being 0."""
    theta, gradient = np.array([[w, 0.0]]), np.empty((1, 2))
    landscape.gradient(theta, gradient)
    return gradient[0, 0]


def hilltop(landscape, low, high):
    """Where the slope along one axis goes from up to down, to the last bit."""
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if slope(landscape, middle) > 0 else (low, middle)
    return min(low, high, key=lambda w: abs(slope(landscape, w)))


def test_grid_holds_the_edges_and_the_last_axis_is_quickest():
    w = grid(problems.Rosenbrock(), 3)
    assert w.tolist() == [[a, b] for a in (-2, 0, 2) for b in (-1, 1, 3)]
    assert grid(WELL, 4)[:, 0] == pytest.approx([-1.8, -0.6, 0.6, 1.8])


def test_the_border_in_the_double_well_is_its_ridge():
    found = measured(WELL, 0.01, 200)
    start, minimum = found.columns["start1"], found.columns["minimum"]
    assert set(minimum) == {0, 1}
    (border,) = np.flatnonzero(np.diff(minimum))
    assert (minimum[: border + 1] == 0).all()
    assert start[border] < WELL.ridge < start[border + 1]
    left = float((start < WELL.ridge).mean())
    assert (found.final["fraction_global"], found.final["fraction_local"]) == pytest.approx((left, 1 - left))


def test_every_start_of_himmelblau_comes_to_one_of_four_minima():
    landscape = problems.Himmelblau()
    found = measured(landscape, 0.005, 20)
    assert found.final["starts"] == len(found.columns["minimum"]) == 400
    assert found.final["minima_reached"] == 4 and found.final["fraction_global"] == 1  # all of them cost 0
    assert found.columns["cost"] == pytest.approx(np.zeros(400), abs=1e-12)
    assert (found.columns["steps"] <= 500).all()


def test_starts_at_minima_come_to_these():
    for landscape in (problems.Himmelblau(), problems.Rastrigin()):
        reached, _, cost = descent(landscape, 0.001, landscape.minima, steps=20)
        assert reached.tolist() == list(range(len(landscape.minima)))
        assert cost == pytest.approx(landscape.cost(landscape.minima))


def test_only_the_lowest_minima_are_global():
    landscape = problems.Rastrigin()
    found = measured(landscape, 0.002, 11)
    centre = np.abs(np.stack([found.columns["start1"], found.columns["start2"]])).max(axis=0) < 0.5
    assert ((found.columns["minimum"] == 0) == centre).all()
    assert found.final["fraction_global"] == pytest.approx(1 / 121)
    assert found.final["fraction_local"] == pytest.approx(120 / 121)


def test_a_start_on_the_ridge_belongs_to_no_minimum():
    near = 0.01
    reached, _, _ = descent(WELL, 0.05, [WELL.ridge - near, WELL.ridge, WELL.ridge + near])
    assert reached.tolist() == [0, RIDGE, 1]


@pytest.mark.parametrize("learning_rate", [0.0005, 0.002, 0.004])
def test_a_start_on_a_saddles_stable_line_belongs_to_no_minimum(learning_rate):
    landscape = problems.Rastrigin()
    top = hilltop(landscape, 0.4, 0.6)
    assert abs(slope(landscape, top)) < 1e-12
    reached, _, _ = descent(landscape, learning_rate, [[top, 0.2], [0.2, top], [top - 0.01, 0.2]])
    assert reached.tolist() == [RIDGE, RIDGE, 0]


def test_no_start_is_counted_twice():
    for learning_rate in (0.001, 0.01, 0.02, 0.1):
        found = measured(problems.Himmelblau(), learning_rate, 9, steps=100)
        shares = [share for name, share in found.final.items() if name.startswith("fraction_")]
        assert len(shares) == 5 and sum(shares) == pytest.approx(1)


@pytest.mark.parametrize("landscape", [WELL, problems.Himmelblau()], ids=["double_well", "himmelblau"])
@pytest.mark.parametrize("factor", [1.2, 3.0, 1e150])
def test_no_start_settles_at_a_rate_above_the_border_of_every_minimum(landscape, factor):
    found = measured(landscape, factor * stability(landscape).max(), 10)
    assert set(found.columns["minimum"]) <= {UNSETTLED, DIVERGED}
    assert found.final["fraction_unsettled"] + found.final["fraction_diverged"] == 1
    assert (factor < 3) or found.final["fraction_diverged"] == 1


def test_a_start_that_explodes_has_diverged_whatever_it_comes_to():
    bowl = problems.Bowl()  # its minimum is the origin
    reached, steps, cost = descent(bowl, 1e200, [[3.0, 4.0], [0.0, 0.0]])
    assert reached.tolist() == [DIVERGED, 0]
    assert not np.isfinite(cost[0]) and steps[0] < 500


def test_starts_that_ran_out_of_steps_are_unsettled():
    reached, steps, _ = descent(WELL, 0.01, [0.5], steps=3)
    assert (reached.tolist(), steps.tolist()) == ([UNSETTLED], [3])


def test_a_minimum_is_reached_within_a_thousandth_of_the_diagonal():
    reach = WITHIN * 3.6
    (minimum,) = WELL.minima[1]
    reached, _, _ = descent(WELL, 1e-9, minimum + np.array([0.99, 1.01, -0.99, -1.01]) * reach, steps=1)
    assert reached.tolist() == [1, UNSETTLED, 1, UNSETTLED]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["problem=saddle"], "measurement=basins needs a landscape that has minima, and the problem is saddle"),
        (["problem/data=digits"], "measurement=basins needs a landscape that has minima, and the problem is network"),
        (
            ["problem=double_well", "measurement.starts=1"],
            "measurement.starts must be a whole number of at least 2, got 1",
        ),
        (
            ["problem=double_well", "+measurement.stars=3"],
            "unknown key measurement.stars; valid keys of measurement: starts; did you mean starts?",
        ),
    ],
)
def test_what_cannot_be_measured_is_said(overrides, message):
    with pytest.raises(ConfigurationError, match=exactly(message)):
        configuration.build([cases.config("measurement=basins", *overrides)])
