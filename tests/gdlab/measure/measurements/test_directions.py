"""Directions at all angles against the negative gradient, on landscapes where their falls are known."""

import cases
import numpy as np
import pytest
from messages import exactly

from gdlab import problems
from gdlab.measure.measurements import Directions
from gdlab.measure.measurements.directions import around


def measured(problem, count=1000, length=0.01, seed=0):
    """The measurement at the problem's start."""
    return Directions(count=count, length=length)(cases.setting(problem, seed=seed))


def test_one_dimension_has_two_directions():
    """Down from w² at 5 over a length h, the cost falls by 10 - h for each unit of it; up, by -10 - h."""
    result = measured(problems.Parabola(start=[5.0]), length=0.5)
    fall, cosine = result.columns["fall"], result.columns["cosine"]
    assert set(cosine) == {-1, 1}
    assert abs((cosine > 0).mean() - 0.5) < 5 * 0.5 / 1000**0.5
    assert np.allclose(fall, np.where(cosine > 0, 9.5, -10.5), rtol=1e-14)
    assert result.final == {
        "directions": 1000,
        "better": 0,
        "fall_steepest": pytest.approx(9.5, rel=1e-14),
        "fall_best_random": pytest.approx(9.5, rel=1e-14),
        "gradient_norm": 10,
    }


def test_falls_in_the_bowl_are_those_of_its_cosines():
    """On |w|² at (3, 4) the cost falls by 10 cos φ - h along a step of length h."""
    result = measured(problems.Bowl(start=[3.0, 4.0]), length=0.25)
    assert np.allclose(result.columns["fall"], 10 * result.columns["cosine"] - 0.25, rtol=0, atol=1e-12)
    assert result.final["fall_steepest"] == pytest.approx(9.75, rel=1e-12)
    assert result.final["fall_best_random"] == max(result.columns["fall"]) < 9.75
    assert result.final["better"] == 0


def test_a_step_too_long_for_the_steepest_direction_leaves_better_ones():
    """Across a ravine, a long step along the negative gradient ends high up the other side."""
    ravine = problems.Ravine(curvature=2.0, condition=20.0, start=[5.0, 1.0])
    short, long = (measured(ravine, length=length).final for length in (0.01, 3.0))
    assert short["better"] == 0
    assert long["better"] > 100 and long["fall_best_random"] > long["fall_steepest"]


@pytest.mark.parametrize("seed", range(3))
def test_angles_are_uniform_in_any_dimension(seed):
    """The distribution function of 2,000 uniform numbers is within 1.95 / √2000 of a straight line, but for a chance of
    0.1% (Kolmogorov).
    """
    count = 2000
    for problem in (problems.Bowl(start=[3.0, 4.0]), cases.network()):
        angles = np.sort(np.arccos(np.clip(measured(problem, count, seed=seed).columns["cosine"], -1, 1)))
        assert np.abs(angles / np.pi - (np.arange(count) + 0.5) / count).max() < 1.95 / count**0.5


def test_directions_are_uniform_about_their_axis():
    """The part across the axis has a mean of 0 in each dimension, and a mean square of 1 / (n - 1) of its length."""
    axis, count, n = np.eye(5)[2], 4000, 5
    steps = around(axis, np.random.default_rng(0), count)
    assert np.allclose(np.linalg.norm(steps, axis=1), 1, rtol=1e-14)
    across = np.delete(steps, 2, axis=1)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    assert np.abs(across.mean(axis=0)).max() < 5 * (1 / (n - 1) / count) ** 0.5
    variance = 2 * (n - 2) / ((n - 1) ** 2 * (n + 1))  # of a squared cosine in n - 1 dimensions
    assert np.abs((across**2).mean(axis=0) - 1 / (n - 1)).max() < 5 * (variance / count) ** 0.5


def test_falls_of_a_network_are_its_slopes_to_first_order():
    """Between a fall over h and the slope along it lies h λ / 2, λ at most the sharpness, which is of order 1 here."""
    result = measured(cases.network(), length=1e-6)
    expected = result.columns["cosine"] * result.final["gradient_norm"]
    assert np.allclose(result.columns["fall"], expected, rtol=0, atol=1e-5)
    assert np.abs(expected).max() > 1e-2
    assert result.final["better"] == 0


def test_the_seed_draws_the_directions():
    first, again, other = (measured(problems.Bowl(start=[3.0, 4.0]), seed=seed).columns["fall"] for seed in (0, 0, 1))
    assert (first == again).all() and (first != other).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 0}, "count must be a whole number of at least 1, got 0"),
        ({"length": 0}, "length must be greater than 0, got 0"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=exactly(message)):
        Directions(**{"count": 1, "length": 1.0, **settings})
