import cases
import numpy as np
import pytest
from messages import exactly

from gdlab.arrays import norm, stack_like, stacked
from gdlab.descent.batches import Shuffled, batches
from gdlab.problems import products
from gdlab.problems.data import load
from gdlab.problems.passes import CHUNK, Examples, one_hot
from gdlab.seeds import stream


def starts(network, runs=3):
    return stacked([network.initial(stream(seed, 0)) for seed in range(runs)], network.dtype)


def cost(network, theta):
    return network.evaluate(theta, network.train)[0]


def gradient(network, theta):
    """What descent would use: the oracle's gradient on the whole training set."""
    out, costs = stack_like(theta), np.empty(len(theta), network.dtype)
    network.oracle(theta, out, batches(network, [0] * len(theta)))(costs)
    return out, costs


@pytest.mark.parametrize(("activation", "output", "cost_name"), cases.NETWORKS)
@pytest.mark.parametrize("examples", [40, 2 * CHUNK + 6])  # one chunk; several and a rest
def test_gradient_agrees_with_central_differences(activation, output, cost_name, examples):
    network = cases.network(
        data=cases.small_data(examples),
        activation=activation,
        output=output,
        cost=cost_name,
        initializer="standard_normal",
    )
    theta = starts(network)
    slope, costs = gradient(network, theta)
    assert np.allclose(costs, cost(network, theta), rtol=1e-13)
    h, rng = 1e-5, np.random.default_rng(0)
    for _ in range(20):
        direction = rng.normal(size=network.parameters)
        direction /= np.linalg.norm(direction)
        rise = (cost(network, theta + h * direction) - cost(network, theta - h * direction)) / (2 * h)
        assert np.abs(rise - slope @ direction).max() < 1e-7 * norm(slope).max()


@pytest.mark.parametrize("examples", [40, 2 * CHUNK + 6])
@pytest.mark.parametrize(("output", "cost_name"), sorted({case[1:] for case in cases.NETWORKS}))
def test_the_oracle_writes_the_gradient_times_each_runs_factor(output, cost_name, examples):
    network = cases.network(data=cases.small_data(examples), output=output, cost=cost_name)
    theta, out = starts(network), stack_like(starts(network))
    plain, costs = gradient(network, theta)
    oracle, again = network.oracle(theta, out, batches(network, [0, 0, 0])), np.empty_like(costs)
    for factors in ([[1.0], [1.0], [1.0]], [[0.5], [3.0], [1e-3]]):
        oracle.factors[...] = factors
        oracle(again)
        assert np.allclose(out, plain * factors, rtol=1e-11, atol=1e-15)
        assert again.tobytes() == costs.tobytes()


@pytest.mark.parametrize("own", [False, True], ids=["one order", "own orders"])
@pytest.mark.parametrize(("hidden", "batch_size"), [((16, 16), 10), ((16, 16), 200), ((100, 80), 10), ((3,), 10)])
def test_an_oracle_that_descends_goes_where_its_gradient_leads(hidden, batch_size, own, monkeypatch):
    monkeypatch.setattr(products, "has_small_kernels", lambda: True)
    network = cases.network(data=load("mnist_5k"), hidden=hidden, batch_size=batch_size)
    theta, descended = starts(network), starts(network)
    gradient, scratch = stack_like(theta), stack_like(theta)
    cost, again = np.empty((2, len(theta)), network.dtype)
    seeds = [0, 1, 2] if own else [0, 0, 0]
    oracle = network.oracle(theta, gradient, batches(network, seeds))
    descending = network.oracle(descended, scratch, batches(network, seeds))
    update = descending.descent()
    at_once = batch_size <= CHUNK and hidden != (3,)
    assert (update is not None) == at_once
    for factors in ([[0.1], [0.2], [0.3]], [[0.5], [3.0], [1e-3]]):
        oracle.factors[...] = descending.factors[...] = factors
        oracle(cost)
        theta -= gradient
        descending(again)
        if update:
            update()
        else:
            descended -= scratch
        assert np.allclose(again, cost, rtol=1e-11)
        assert np.allclose(descended, theta, rtol=1e-11, atol=1e-13)


def test_gradient_of_each_parameter():
    network = cases.network(hidden=(3,))
    theta, h = starts(network, 1), 1e-5
    slope, _ = gradient(network, theta)
    steps = h * np.eye(network.parameters)
    rise = (cost(network, theta + steps) - cost(network, theta - steps)) / (2 * h)
    assert np.abs(rise - slope[0]).max() < 1e-7 * np.abs(slope).max()


def test_measured_gradient_is_the_oracles():
    network = cases.network(data=cases.small_data(3 * CHUNK))
    theta = starts(network)
    slope, _ = gradient(network, theta)
    assert np.allclose(network.measure(theta)["gradient_norm"], norm(slope), rtol=1e-13)


def by_hand(network, theta, features):
    """One example at a time, one run at a time, in plain words: a = f(W a + b)."""
    functions = {
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: z * (z > 0),
        "identity": lambda z: z,
        "softmax": lambda z: np.exp(z) / np.exp(z).sum(),
    }
    answers = np.empty((len(theta), len(features), 10))
    for r, row in enumerate(theta):
        for e, pixels in enumerate(features):
            a, at = pixels * network.data.scale, 0
            for layer, (fan_in, fan_out) in enumerate(zip(network.sizes, network.sizes[1:], strict=False)):
                W = row[at : at + fan_in * fan_out].reshape(fan_out, fan_in)
                b = row[at + W.size : at + W.size + fan_out]
                at += W.size + fan_out
                last = layer == len(network.sizes) - 2
                a = functions[network.output if last else network.activation](W @ a + b)
            answers[r, e] = a
    return answers


@pytest.mark.parametrize(("activation", "output", "cost_name"), cases.NETWORKS)
def test_outputs_and_cost_agree_with_a_plain_computation(activation, output, cost_name):
    network = cases.network(activation=activation, output=output, cost=cost_name, initializer="standard_normal")
    theta = starts(network)
    answers = by_hand(network, theta, network.data.train_features)
    assert np.allclose(network.outputs(theta, network.data.train_features), answers, rtol=1e-12)
    y = network.train.targets
    if cost_name == "quadratic":
        each = ((answers - y) ** 2).sum(axis=2)
    elif output == "softmax":
        each = -(y * np.log(answers)).sum(axis=2)
    else:
        each = -(y * np.log(answers) + (1 - y) * np.log(1 - answers)).sum(axis=2)
    assert np.allclose(cost(network, theta), each.mean(axis=1), rtol=1e-12)


def test_the_classic_network_has_13002_parameters():
    network = cases.network(data=cases.small_data(features=784), hidden=(16, 16))
    assert network.parameters == 13002
    assert network.initial(np.random.default_rng(0)).shape == (13002,)


def identity_network(dtype="float64"):
    """A network that answers with its biases: no hidden layer, weights zero."""
    return cases.network(data=cases.small_data(examples=10, features=1), hidden=(), output="identity", dtype=dtype)


def cost_of_answer(answer, label):
    network = identity_network()
    theta = stacked([np.concatenate([np.zeros(10), answer])], np.float64)
    one = np.array([label], np.uint8)
    return network.evaluate(theta, Examples(np.zeros((1, 1), np.uint8), one_hot(one, 10, np.float64), one))[0][0]


def test_the_lessons_costs_of_a_three():
    """(0.1 - 0)² nine times and (0.1 - 1)² once make 0.90; the confident answer is nearly right."""
    assert cost_of_answer(np.full(10, 0.1), 3) == pytest.approx(0.90, rel=1e-12)
    confident = np.array([0.02, 0.01, 0.05, 0.92, 0.03, 0.02, 0.01, 0.02, 0.03, 0.02])
    expected = 0.02**2 + 0.01**2 + 0.05**2 + 0.08**2 + 0.03**2 + 0.02**2 + 0.01**2 + 0.02**2 + 0.03**2 + 0.02**2
    assert cost_of_answer(confident, 3) == pytest.approx(expected, rel=1e-12)
    assert abs(cost_of_answer(confident, 3) - 0.0129) < 0.001  # the six small ones are not stated
    assert cost_of_answer(np.zeros(10), 3) == 1


def test_constant_predictor_cost_is_that_of_the_best_constant_answer():
    network = cases.network(hidden=(), output="identity", initializer="constant")
    shares = network.train.targets.mean(axis=0)
    theta = stacked([np.concatenate([np.zeros(12 * 10), shares])], np.float64)
    assert network.constant_predictor_cost == pytest.approx(cost(network, theta)[0], rel=1e-12)
    for output in ("sigmoid", "softmax"):
        network = cases.network(hidden=(), output=output, cost="cross_entropy")
        logits = np.log(shares / (1 - shares)) if output == "sigmoid" else np.log(shares)
        theta = stacked([np.concatenate([np.zeros(12 * 10), logits])], np.float64)
        assert network.constant_predictor_cost == pytest.approx(cost(network, theta)[0], rel=1e-12)


def test_relabelling_hidden_units_leaves_the_cost_alone():
    network = cases.network(initializer="standard_normal")
    theta = starts(network, 1)
    twin = theta.copy()
    order = np.array([4, 2, 0, 1, 3])
    (W, b), (below, _), _ = network.layers(twin)
    (W_from, b_from), (below_from, _), _ = network.layers(theta)
    W[...], b[...], below[...] = W_from[:, order], b_from[:, order], below_from[:, :, order]
    assert (twin != theta).any()
    assert abs(cost(network, twin) - cost(network, theta))[0] < 1e-12


def test_accuracy_counts_the_largest_output():
    network = identity_network()
    theta = stacked([np.concatenate([np.zeros(10), np.eye(10)[7]])], np.float64)
    labels = np.array([7, 7, 1, 2], np.uint8)
    _, accuracy = network.evaluate(theta, Examples.of(np.zeros((4, 1), np.uint8), labels, 10, np.float64))
    assert accuracy == [0.5]


def test_mini_batch_cost_is_that_of_its_examples():
    network = cases.network(batch_size=7)
    theta, costs = starts(network), np.empty(3)
    network.oracle(theta, stack_like(theta), batches(network, [5, 5, 5]))(costs)
    batch = next(Shuffled(40, 7, [5]))
    expected, _ = network.evaluate(theta, Examples(*(part[batch] for part in network.train)))
    assert np.allclose(costs, expected, rtol=1e-13)


def test_a_large_step_overflows_to_the_limits_not_to_nan():
    network = cases.network(dtype="float32", batch_size=10)
    with np.errstate(over="ignore"):
        answers = network.outputs(starts(network) * 1e6, network.data.test_features)
    assert np.isin(answers, [0, 1]).mean() > 0.9
    assert np.isfinite(answers).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cost_name", ["quadratic", "cross_entropy"])
def test_cross_entropy_stays_finite_far_out(dtype, cost_name):
    for output in ("sigmoid", "softmax"):
        network = cases.network(dtype=dtype, output=output, cost=cost_name)
        theta = starts(network) * network.dtype.type(1e4)
        with np.errstate(over="ignore"):
            slope, costs = gradient(network, theta)
        assert np.isfinite(costs).all() and np.isfinite(slope).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden": [0]}, "hidden must be a whole number of at least 1, got 0"),
        ({"hidden": [2.5]}, "hidden must be a whole number of at least 1, got 2.5"),
        ({"hidden": 5}, "hidden must be a list of whole numbers like [16, 16], got 5"),
        ({"activation": "step"}, "activation must be one of relu, sigmoid, tanh, got 'step'"),
        ({"activation": "tan"}, "activation must be one of relu, sigmoid, tanh, got 'tan'; did you mean tanh?"),
        ({"output": "relu"}, "output must be one of identity, sigmoid, softmax, got 'relu'"),
        ({"cost": "hinge"}, "cost must be one of cross_entropy, quadratic, got 'hinge'"),
        (
            {"initializer": "zeros"},
            "initializer must be one of constant, glorot_uniform, he_normal, scaled_normal, scaled_uniform, "
            "standard_normal, got 'zeros'",
        ),
        (
            {"cost": "cross_entropy", "output": "identity"},
            "cost=cross_entropy needs outputs between 0 and 1, got output=identity",
        ),
        ({"batch_size": 0}, "batch_size must be a whole number from 1 to 40 (the training set of small), got 0"),
        ({"batch_size": 41}, "batch_size must be a whole number from 1 to 40 (the training set of small), got 41"),
        ({"examples": 0}, "examples must be a whole number of at least 1, got 0"),
        ({"dtype": "float16"}, "dtype must be one of float32, float64, got 'float16'; did you mean float64?"),
    ],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(ValueError, match=exactly(message)):
        cases.network(**changes)


def test_the_constant_predictor_cost_of_even_digits_is_the_shrugs():
    assert cases.network(data=load("mnist_5k"), hidden=(16, 16)).constant_predictor_cost == pytest.approx(
        0.90, rel=1e-12
    )
