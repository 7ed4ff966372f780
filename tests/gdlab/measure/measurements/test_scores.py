"""Outputs that are stated, and what they cost."""

import cases
import pytest
from messages import exactly

from gdlab import problems
from gdlab.measure.measurements import Scores
from gdlab.sweeps import configuration

# (a - 0)² of every wrong output, (a - 1)² of the right one
RANKING = {
    "sure_of_9": 4 * 0.01**2 + 3 * 0.02**2 + 0.03**2 + 0.97**2 + 0.97**2,
    "shrug": 9 * 0.1**2 + 0.9**2,
    "torn_between_4_and_9": 2 * 0.01**2 + 4 * 0.02**2 + 0.03**2 + 0.05**2 + 0.5**2 + 0.45**2,
    "sure_of_4": 4 * 0.01**2 + 3 * 0.02**2 + 0.03**2 + 0.04**2 + 0.05**2,
}
SCORES = {
    "shrug": 9 * 0.1**2 + 0.9**2,
    "confident": 3 * 0.01**2 + 3 * 0.02**2 + 0.03**2 + 0.04**2 + 0.05**2 + 0.08**2,
}


@pytest.mark.parametrize(("choice", "costs"), [("ranking", RANKING), ("scores", SCORES)])
def test_stated_outputs_cost_their_squared_distance_from_the_target(choice, costs):
    result = configuration.build([cases.config(f"measurement={choice}", "problem=parabola")]).measure()
    assert result.columns["name"] == list(costs)
    assert result.columns["cost"] == pytest.approx(list(costs.values()), rel=1e-14)
    assert result.final == dict(zip((f"cost_{name}" for name in costs), result.columns["cost"], strict=True))


def test_the_ranking_is_stated_in_its_order():
    result = configuration.build([cases.config("measurement=ranking", "problem=parabola")]).measure()
    assert result.columns["cost"] == sorted(result.columns["cost"], reverse=True)


def test_the_cost_is_quadratic_whatever_the_problems_cost():
    network = cases.network(cost="cross_entropy")
    (cost,) = Scores(outputs={"wrong": [1.0, 0.0]}, target=1)(cases.setting(network)).columns["cost"]
    assert cost == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": -1}, "target must be a whole number of at least 0, got -1"),
        ({"target": 2}, "outputs.even must have more than 2 values, got 2"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=exactly(message)):
        Scores(**{"outputs": {"even": [0.5, 0.5]}, "target": 0, **settings})(cases.setting(problems.Parabola()))
