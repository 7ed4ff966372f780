"""Hidden units matched by their activations."""

import cases
import numpy as np
import pytest

from gdlab.measure.geometry import random_relabelling, relabelled
from gdlab.measure.matching import matched, matching


def wide_awake(network, rng):
    """A network whose units do not saturate: each correlates with itself alone."""
    return network.initial(rng) + 0.1 * rng.standard_normal(network.parameters)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_matching_recovers_a_relabelling(activation):
    network = cases.network(hidden=(8, 6), activation=activation)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        point = wide_awake(network, rng)
        relabelling = random_relabelling(network, rng)
        twin = relabelled(network, point, relabelling)
        assert matched(network, twin, point) == pytest.approx(point, abs=1e-9)


def test_a_matching_is_one_that_computes_the_same():
    network = cases.network(hidden=(8, 6))
    point, other = (wide_awake(network, np.random.default_rng(seed)) for seed in (1, 2))
    places, signs = matching(network, other, point)
    assert [sorted(layer) for layer in places] == [list(range(8)), list(range(6))]
    assert all(set(layer) <= {-1.0, 1.0} for layer in signs)
    moved = matched(network, other, point)
    features = network.test.features
    before, after = (network.outputs(theta[None], features) for theta in (other, moved))
    assert after == pytest.approx(before, abs=1e-12)  # sums of some hundred terms of order 1


def test_units_that_do_nothing_are_matched_somehow():
    network = cases.network(hidden=(4,))
    point = np.zeros(network.parameters)
    assert sorted(matching(network, point, point).places[0]) == [0, 1, 2, 3]
