"""Regression on random data: its gradient, its formula in plain words, and a run alone against a stack."""

import numpy as np
import pytest
from messages import exactly

import gdlab
from gdlab.arrays import norm, stack_like, stacked
from gdlab.descent.batches import batches
from gdlab.optimizers import GradientDescent
from gdlab.problems import RandomRegression
from gdlab.problems.layers import layer_rates
from gdlab.seeds import stream

KINDS = [
    {},
    {"activation": "relu"},
    {"activation": "identity", "training_examples": 16},
    {"batch_size": 16},
    {"training_examples": 1},
]
FUNCTIONS = {
    "tanh": lambda z: np.tanh(2**0.5 * z),
    "relu": lambda z: 2**0.5 * np.maximum(z, 0),
    "identity": lambda z: z,
}


def starts(problem, runs=3):
    return stacked([problem.initial(stream(seed, 0)) for seed in range(runs)], problem.dtype)


def called(problem, theta, seeds):
    """The oracle's costs and gradients."""
    gradient, costs = stack_like(theta), np.empty(len(theta))
    problem.oracle(theta, gradient, batches(problem, seeds))(costs)
    return costs, gradient


def by_hand(problem, row, chosen=slice(None)):
    """The cost of one run, one layer after the other: Z = X W / sqrt(n), f, Z / sqrt(n) twice."""
    n = problem.features
    W, w = row[: n * n].reshape(n, n), row[n * n :]
    hidden = FUNCTIONS[problem.activation](problem.inputs[chosen] @ W.T / n**0.5)
    return np.mean((hidden @ w / n**0.5 / n**0.5 - problem.targets[chosen]) ** 2)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_costs_are_those_of_the_formula(kind):
    problem = RandomRegression(**kind)
    theta = starts(problem)
    costs, _ = called(problem, theta, [0, 0, 0])
    expected = [by_hand(problem, row) for row in theta]
    assert costs == pytest.approx(expected, rel=1e-12)
    assert problem.measure(theta)["cost"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_gradient_agrees_with_central_differences_over_the_mini_batch(kind):
    problem = RandomRegression(**kind)
    theta, h = starts(problem), 1e-6
    _, slope = called(problem, theta, [0, 0, 0])
    chosen = slice(None) if problem.batch_size is None else next(batches(problem, [0, 0, 0]))
    rng = np.random.default_rng(0)
    for _ in range(10):
        direction = rng.normal(size=problem.parameters)
        for row, gradient in zip(theta, slope, strict=True):
            ends = [by_hand(problem, row + sign * h * direction, chosen) for sign in (1, -1)]
            assert (ends[0] - ends[1]) / (2 * h) == pytest.approx(gradient @ direction, rel=1e-4, abs=1e-7)
    if problem.batch_size is None:
        assert problem.measure(theta)["gradient_norm"] == pytest.approx(norm(slope), rel=1e-12)


def test_as_many_parameters_as_examples_drawn_from_their_seed():
    problem = RandomRegression()
    assert problem.parameters == problem.training_examples == 272 and problem.layer_parameters == (256, 16)
    assert np.array_equal(problem.inputs, RandomRegression().inputs)
    assert not np.array_equal(problem.inputs, RandomRegression(data_seed=1).inputs)
    assert abs(problem.inputs.std() - 1) < 0.05 and abs(problem.targets.std() - 1) < 0.15


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("own", [False, True], ids=["shared order", "own orders"])
def test_a_run_in_a_stack_is_the_run_alone(kind, own):
    problem = RandomRegression(**kind)
    rates = np.geomspace(1e-2, 1e6, 12)[:, None] * [[1.0, 3.0]]

    def end(rows):
        optimizer = GradientDescent(learning_rate=layer_rates(problem, rates[rows]))
        return [
            (run.end.tobytes(), run.outcome, run.diverged_at)
            for run in gdlab.run(
                problem, optimizer, theta=starts(problem, 12)[rows], max_steps=40, seed=[r if own else 0 for r in rows]
            )
        ]

    together = end(list(range(12)))
    assert {outcome for _, outcome, _ in together} >= {"budget", "diverged"}
    assert together == [end([row])[0] for row in range(12)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": 0}, "features must be a whole number of at least 1, got 0"),
        ({"training_examples": 2.5}, "training_examples must be a whole number of at least 1, got 2.5"),
        ({"activation": "tanhh"}, "activation must be one of tanh, relu, identity, got 'tanhh'; did you mean tanh?"),
        ({"batch_size": 300}, "batch_size must be a whole number from 1 to 272 (the training examples), got 300"),
        ({"dtype": "float16"}, "dtype must be one of float32, float64, got 'float16'; did you mean float64?"),
    ],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(ValueError, match=exactly(message)):
        RandomRegression(**changes)


def test_rates_of_layers_are_spread_over_their_parameters():
    problem = RandomRegression(features=2)
    assert layer_rates(problem, np.array([[1.0, 2.0]])).tolist() == [[1.0] * 4 + [2.0] * 2]
    with pytest.raises(ValueError, match=exactly("rates must have a column for each of 2 layers, got 3 columns")):
        layer_rates(problem, np.ones((1, 3)))


def test_equal_rates_for_all_layers_are_plain_descent_bit_for_bit():
    problem = RandomRegression()
    plain = gdlab.run(problem, GradientDescent(learning_rate=[0.5, 7.0]), max_steps=30, seed=0)
    layered = GradientDescent(learning_rate=layer_rates(problem, np.array([[0.5, 0.5], [7.0, 7.0]])))
    for one, other in zip(plain, gdlab.run(problem, layered, max_steps=30, seed=0), strict=True):
        assert one.end.tobytes() == other.end.tobytes()
