"""Nudges of single parameters, against plain differences of the cost."""

from dataclasses import replace

import cases
import numpy as np
import pytest
from messages import exactly

from gdlab.measure.measurements import Slopes
from gdlab.measure.measurements.slopes import top_share

NUDGE = 1e-4
DARK = [2, 7, 11]  # pixels


@pytest.fixture
def network():
    """A network on images of which three pixels are 0 throughout the training set, though not in the test set."""
    data = cases.small_data()
    features = data.train_features.copy()
    features[:, DARK] = 0
    return cases.network(data=replace(data, train_features=features))


def measured(network, count, seed=0):
    return Slopes(count=count, nudge=NUDGE)(cases.setting(network, seed=seed))


def cost(network, theta):
    return network.evaluate(theta, network.train)[0]


def test_slopes_and_rises_are_those_of_each_parameter(network):
    """More nudges than parameters are asked for: every parameter is nudged once."""
    parameters = network.parameters
    table = measured(network, count=10**6).columns
    assert sorted(table["parameter"]) == list(range(parameters))
    theta, h = cases.setting(network).theta, 1e-5
    step = np.eye(parameters)[table["parameter"]]
    central = (cost(network, theta + h * step) - cost(network, theta - h * step)) / (2 * h)
    # errors of order h² and of 1e-16 / h
    assert np.allclose(table["slope"], central, rtol=0, atol=1e-9)
    forward = (cost(network, theta + NUDGE * step) - cost(network, theta)) / NUDGE
    assert np.allclose(table["rise"], forward, rtol=0, atol=1e-11)  # roundings of 1e-16 over the nudge
    assert np.abs(central).max() > 1e-2


def test_metrics_sum_the_table_up(network):
    result = measured(network, count=10**6)
    slope, rise = result.columns["slope"], result.columns["rise"]
    agreeing = sum((s > 0) == (r > 0) and (s < 0) == (r < 0) for s, r in zip(slope, rise, strict=True))
    assert result.final["agreeing_signs"] == agreeing / network.parameters
    assert 0.99 < result.final["correlation"] <= 1  # a nudge so small sees next to no curvature
    assert result.final["correlation"] == pytest.approx(
        np.cov(rise, slope)[0, 1] / rise.std(ddof=1) / slope.std(ddof=1)
    )
    squares = sorted((slope**2).tolist(), reverse=True)
    for percent, count in ((1, 1), (10, 13)):  # of 139 parameters
        assert result.final[f"top_{percent}_percent"] == pytest.approx(sum(squares[:count]) / sum(squares))


def test_nudges_of_a_weights_own_size_go_against_its_slope(network):
    table = measured(network, count=10**6).columns
    theta = cases.setting(network).theta
    for place in (0, 1, 50, network.parameters - 1):
        parameter, slope = table["parameter"][place], table["slope"][place]
        moved = theta.copy()
        moved[0, parameter] -= np.sign(slope) * np.abs(theta[0, parameter])
        if slope == 0 or theta[0, parameter] == 0:
            assert np.isnan(table["own_fall"][place])
        else:
            assert table["own_fall"][place] == pytest.approx((cost(network, theta) - cost(network, moved))[0], rel=1e-6)
            assert table["own_predicted"][place] == pytest.approx(abs(slope * theta[0, parameter]))


def test_shares_of_layers_and_within_them(network):
    result = measured(network, count=10**6)
    slope = np.empty(network.parameters)
    slope[result.columns["parameter"]] = result.columns["slope"]
    for place, (weights, _) in enumerate(network.layers(slope[None]), 1):
        squares = sorted((weights[weights != 0] ** 2).tolist(), reverse=True)
        assert result.final[f"layer_{place}"] == pytest.approx((weights**2).sum() / (slope**2).sum())
        top = sum(squares[: len(squares) // 10]) / sum(squares)
        assert result.final[f"layer_{place}_top_10_percent"] == pytest.approx(top)


def test_the_largest_tenth_of_normal_numbers_has_44_percent_of_the_squares():
    assert top_share(np.random.default_rng(0).standard_normal(10**5), 10) == pytest.approx(0.44, abs=0.01)


def test_weights_of_dark_pixels_have_no_slope(network):
    result = measured(network, count=10**6)
    first_layer = 5 * 12
    dark = np.isin(result.columns["parameter"] % 12, DARK) & (result.columns["parameter"] < first_layer)
    assert result.final["dark_pixels"] == 3
    assert result.final["dark_weights"] == dark.sum() == 15
    assert result.final["dark_largest_slope"] == 0
    assert (result.columns["slope"][dark] == 0).all() and (result.columns["rise"][dark] == 0).all()


def test_a_pixel_that_lights_up_is_not_dark():
    final = measured(cases.network(), count=3).final
    assert (final["dark_pixels"], final["dark_weights"], final["dark_largest_slope"]) == (0, 0, 0)


def test_parameters_are_drawn_in_proportion_to_their_slopes_and_a_tenth_evenly(network):
    """Of the first of each seed's draws, which are independent; five standard errors are allowed."""
    seeds, slope = 400, np.empty(network.parameters)
    whole = measured(network, count=10**6).columns
    slope[whole["parameter"]] = np.abs(whole["slope"])
    chance = 0.9 * slope / slope.sum() + 0.1 / network.parameters
    setting = cases.setting(network)
    drawn = [Slopes(count=3, nudge=NUDGE)(replace(setting, seed=seed)).columns["parameter"][0] for seed in range(seeds)]
    for group in (np.argsort(slope)[-5:], np.argsort(slope)[:70], np.flatnonzero(slope == 0)):
        expected = chance[group].sum()
        assert abs(np.isin(drawn, group).mean() - expected) < 5 * (expected * (1 - expected) / seeds) ** 0.5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 2}, "count must be a whole number of at least 3, got 2"),
        ({"nudge": -1}, "nudge must be greater than 0, got -1"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=exactly(message)):
        Slopes(**{"count": 3, "nudge": 1.0, **settings})
