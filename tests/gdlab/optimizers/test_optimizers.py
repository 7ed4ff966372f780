"""Every rule: its equation, its stability limit, and the learning rate that it is given."""

import itertools
from dataclasses import replace

import cases
import numpy as np
import pytest
from messages import exactly

import gdlab
from gdlab import optimizers, problems
from gdlab.arrays import spread
from gdlab.descent.schedules import SCHEDULES
from gdlab.descent.stopping import CONVERGED, DIVERGED
from gdlab.optimizers import OPTIMIZERS, Linear, Preconditioned
from gdlab.seeds import stream


def rule(name, learning_rate, **settings):
    """A registered rule, the rest of its settings as in conf/."""
    return OPTIMIZERS[name](learning_rate=learning_rate, **settings)


def plain(w, gradient, rates):
    for rate in rates:
        yield w
        w -= rate * gradient(w)


def heavy_ball(w, gradient, rates, momentum):
    v = 0.0
    for rate in rates:
        yield w
        v = momentum * v - rate * gradient(w)
        w += v


def look_ahead(w, gradient, rates, momentum):
    """In Nesterov's own variables: theta is the look-ahead point x + βv."""
    x, v = w, 0.0
    for rate in rates:
        yield x + momentum * v
        v = momentum * v - rate * gradient(x + momentum * v)
        x += v


def root_mean_square(w, gradient, rates, decay, epsilon):
    s = 0.0
    for rate in rates:
        yield w
        s = decay * s + (1 - decay) * gradient(w) ** 2
        w -= rate * gradient(w) / (s**0.5 + epsilon)


def two_moments(w, gradient, rates, beta1, beta2, epsilon):
    m = s = 0.0
    for t, rate in enumerate(rates, 1):
        yield w
        m, s = beta1 * m + (1 - beta1) * gradient(w), beta2 * s + (1 - beta2) * gradient(w) ** 2
        w -= rate * (m / (1 - beta1**t)) / ((s / (1 - beta2**t)) ** 0.5 + epsilon)


def held(w, gradient, rates, every):
    for t, rate in enumerate(rates):
        yield w
        if t % every == 0:
            slope = gradient(w)
        w -= rate * slope


EQUATIONS = [  # in plain numbers, one parameter of one run: the points that a rule visits at these learning rates
    ("gradient_descent", plain, {}),
    ("momentum", heavy_ball, {"momentum": 0.9}),
    ("nesterov", look_ahead, {"momentum": 0.9}),
    ("rmsprop", root_mean_square, {"decay": 0.9, "epsilon": 1e-8}),
    ("adam", two_moments, {"beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8}),
    ("stale_gradient", held, {"every": 1}),
    ("stale_gradient", held, {"every": 2}),
    ("stale_gradient", held, {"every": 5}),
]


def test_every_rule_has_its_equation_here():
    assert {name for name, _, _ in EQUATIONS} == set(OPTIMIZERS)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("name", "equation", "settings"), EQUATIONS)
def test_a_rule_follows_its_equation_at_the_rates_of_every_schedule(name, equation, settings, schedule):
    """On the double well, whose gradient is 4w³ - 4w + t, on the way to its minima."""
    steps, rates, starts, shape = 30, [0.001, 0.01, 0.02], [1.7, -1.7, 0.2], SCHEDULES[schedule]()
    runs = gdlab.run(
        problems.DoubleWell(tilt=0.3),
        rule(name, rates, **settings),
        schedule=shape,
        theta=np.array(starts)[:, None],
        stopping=cases.budget(steps),
        points=steps + 1,
        spacing="even",
    )
    factors = [shape.factor(step, steps).item() for step in range(steps + 1)]
    for run, start, rate in zip(runs, starts, rates, strict=True):
        scheduled = [rate * factor for factor in factors]
        expected = list(equation(start, lambda w: 4 * w**3 - 4 * w + 0.3, scheduled, **settings))
        # some ten roundings a step, of numbers of order 1; far from minima no gradient is so small that they would grow
        assert np.allclose(run.columns["w1"], expected, rtol=0, atol=1e-13)
        assert abs(expected[-1] - start) > 1e-3


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_schedule_is_the_rule_restated_at_each_step_bit_for_bit(name, schedule):
    """A rule that read its own learning rate, which no schedule changes, would go elsewhere."""
    steps, landscape, shape = 30, problems.Himmelblau(), SCHEDULES[schedule]()
    theta = np.stack([landscape.initial(stream(seed, 0)) for seed in range(3)])
    rates = np.array([[1e-3], [3e-3], [5e-3]])
    runs = gdlab.run(landscape, rule(name, rates), schedule=shape, theta=theta, stopping=cases.budget(steps))
    base, gradient = spread(rule(name, rates), 3, np.float64), np.empty_like(theta)
    state = base.init(theta)
    for step in range(steps):
        scheduled = rates * shape.factor(step, steps)
        landscape.gradient(theta, gradient)
        replace(base, learning_rate=scheduled).update(theta, gradient, state, scheduled)
    assert runs.theta.tobytes() == theta.tobytes()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_is_taken_at_the_rate_given_to_it_and_at_no_other(name):
    ends = {}
    for base, rate in itertools.product((0.5, 0.1), (0.5, 0.1)):
        stepping, theta = spread(rule(name, base), 1, np.float64), np.array([[1.0, -2.0]])
        state = stepping.init(theta)
        for _ in range(3):
            stepping.update(theta, np.array([[3.0, 0.5]]), state, np.array([[rate]]))
        ends[base, rate] = theta.tobytes()
    assert ends[0.5, 0.1] == ends[0.1, 0.1] != ends[0.5, 0.5] == ends[0.1, 0.5]


# The settings that a stability limit depends on, those at which it is that of plain descent among them.
DECIDING = {
    "momentum": {"momentum": [0.0, 0.5, 0.9]},
    "nesterov": {"momentum": [0.0, 0.5, 0.9]},
    "stale_gradient": {"every": [1, 2, 5]},
}
PRECONDITIONED = [name for name in OPTIMIZERS if isinstance(rule(name, 1.0), Preconditioned)]
LIMITED = [name for name in OPTIMIZERS if name not in PRECONDITIONED]


def test_rules_with_a_step_for_each_parameter_have_a_preconditioner():
    assert PRECONDITIONED == ["adam", "rmsprop"]
    assert all(rule(name, 1.0).stability_limit(1.0) is not None for name in OPTIMIZERS)


HELD = {"rmsprop": {"decay": 1 - 1e-15}, "adam": {"beta1": [0.0, 0.5, 0.9], "beta2": 1 - 1e-15}}


@pytest.mark.parametrize(("name", "settings"), HELD.items())
def test_with_a_preconditioner_at_rest_the_limit_is_that_of_the_preconditioned_curvature(name, settings):
    """On a quadratic of two curvatures, with the mean squares of gradients held: the cost falls below, and rises above.

    The steeper curvature is not the steeper one once it is preconditioned.
    """
    curvatures, held = np.array([[8.0, 0.5]]), np.array([[40.0, 0.01]]) ** 2
    runs = len(settings.get("beta1", [0]))
    for share in (0.99, 1.01):
        stepping = spread(rule(name, 1.0, **settings), runs, np.float64)
        theta = np.ones((runs, 2))
        state = stepping.init(theta)
        state.mean_square[...] = held
        if name == "adam":  # late, where no bias is left
            state.beta1_power[...] = state.beta2_power[...] = 0
        steepest = (curvatures / stepping.preconditioner(state)).max(axis=1)
        assert steepest == pytest.approx(0.5 / 0.01, rel=1e-5)
        rate = share * stepping.stability_limit(steepest)
        for _ in range(3000):
            stepping.update(theta, curvatures * theta, state, rate)
            state.mean_square[...] = held
        assert (np.abs(theta[:, 1]) < 1e-3).all() if share < 1 else (np.abs(theta[:, 1]) > 10).all()


def test_the_limits_of_rules_with_a_preconditioner():
    """2 / λ for RMSProp, 38 / λ for Adam at β₁ = 0.9 (Cohen et al. 2022)."""
    assert rule("rmsprop", 1.0).stability_limit(4.0).item() == 0.5
    assert rule("adam", 1.0, beta1=0.9).stability_limit(4.0).item() == pytest.approx(38 / 4)


@pytest.mark.parametrize("curvature", [0.5, 2.0, 8.0])
@pytest.mark.parametrize("name", LIMITED)
def test_descent_converges_just_below_the_stability_limit_and_diverges_just_above(name, curvature):
    settings = DECIDING.get(name, {})
    limit = rule(name, 1.0, **settings).stability_limit(curvature)
    assert limit.shape == (max(map(len, settings.values()), default=1), 1)
    stopping = cases.budget(20_000, gradient_tolerance=1e-6)
    for share, outcome in ((0.99, CONVERGED), (1.01, DIVERGED)):
        runs = gdlab.run(
            problems.Parabola(curvature=curvature, start=[5.0]),
            rule(name, share * limit, **settings),
            stopping=stopping,
            points=40,
        )
        assert runs.outcomes == [outcome] * len(limit)


@pytest.mark.parametrize("name", LIMITED)
def test_a_stability_limit_is_that_of_plain_descent_where_the_rule_is(name):
    """Each run has its own curvature, and its own setting: the first is that of plain descent."""
    settings = {setting: values[0] for setting, values in DECIDING.get(name, {}).items()}
    limits = rule(name, 1.0, **settings).stability_limit([0.5, 2.0, 8.0])
    assert limits.tolist() == [[4.0], [1.0], [0.25]]


@pytest.mark.parametrize("curvature", [0.25, 2.0, 8.0])  # powers of 2, so that 2 / λ is exact
@pytest.mark.parametrize("kind", [problems.Parabola, problems.Bowl, problems.Ravine])
def test_plain_descent_is_stable_exactly_below_two_over_the_curvature(kind, curvature):
    landscape, border = kind(curvature=curvature), 2 / curvature
    steepest = np.eye(landscape.parameters)[[-1]]
    runs = gdlab.run(
        landscape,
        optimizers.GradientDescent(learning_rate=[(1 - 1e-9) * border, border, (1 + 1e-9) * border]),
        theta=3 * steepest,
        stopping=cases.budget(20),
    )
    assert [set(np.sign(np.diff(run.columns["cost"]))) for run in runs] == [{-1}, {0}, {1}]


PLAIN = {  # settings at which another rule is plain descent
    "momentum": {"momentum": 0.0},
    "nesterov": {"momentum": 0.0},
    "stale_gradient": {"every": 1},
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_rule_with_nothing_to_remember_is_plain_descent(name):
    """Bit for bit, where both multiply the learning rate at the same place."""
    network = cases.network(batch_size=5)
    plain, other = (
        gdlab.run(network, stepping, stopping=cases.budget(50))
        for stepping in (rule("gradient_descent", 0.7), rule(name, 0.7, **PLAIN[name]))
    )
    if hasattr(OPTIMIZERS[name], "update_scaled"):
        assert plain.theta.tobytes() == other.theta.tobytes()
    assert np.allclose(plain.theta, other.theta, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["gradient_descent", "momentum", "nesterov"])
def test_a_rule_takes_the_same_step_whoever_multiplies_by_the_learning_rate(name):
    """A network multiplies its errors by the rate; by a rate for each parameter, all of them equal, it cannot."""
    assert isinstance(rule(name, 0.1), Linear)
    network, rates = cases.network(batch_size=5), np.array([[0.3], [0.7]])
    once, each = (
        gdlab.run(network, rule(name, rate), schedule=SCHEDULES["cosine"](), seed=[1, 2], stopping=cases.budget(50))
        for rate in (rates, np.repeat(rates, network.parameters, axis=1))
    )
    assert np.allclose(once.theta, each.theta, rtol=0, atol=1e-13)
    assert np.abs(once.theta - network.initial(stream(1, 0))).max() > 0.01


def test_a_stale_gradient_on_a_quadratic_has_a_closed_form():
    """After n whole cycles of k steps and j more: w = (1 - kηλ)ⁿ (1 - jηλ) w₀."""
    steps, rate, curvature, every = 23, 0.03, 2.0, [1, 2, 3, 5, 50]
    runs = gdlab.run(
        problems.Parabola(curvature=curvature, start=[5.0]),
        optimizers.StaleGradient(learning_rate=rate, every=every),
        stopping=cases.budget(steps),
        points=steps + 1,
        spacing="even",
    )
    cycle, step = np.divmod(np.arange(steps + 1)[:, None], every)
    expected = (1 - np.array(every) * rate * curvature) ** cycle * (1 - step * rate * curvature) * 5.0
    visited = np.array([run.columns["w1"] for run in runs]).T
    assert np.allclose(visited, expected, rtol=0, atol=5 * steps * 2e-16)  # a rounding of numbers up to 5 each step


def test_a_stale_gradient_is_that_of_one_mini_batch():
    """Three steps along the gradient of the first mini-batch are one step of plain descent three times as long."""
    network = cases.network(batch_size=5)
    stale = gdlab.run(
        network, optimizers.StaleGradient(learning_rate=0.25, every=3), stopping=cases.budget(3), path=True, points=4
    )
    plain = gdlab.run(network, optimizers.GradientDescent(learning_rate=0.75), stopping=cases.budget(1))
    assert np.allclose(stale.theta, plain.theta, rtol=0, atol=1e-15)
    first, second, third = np.diff(np.array(stale[0].path), axis=0)
    assert np.abs(first).max() > 1e-3
    assert np.allclose(first, second, rtol=0, atol=1e-15) and np.allclose(first, third, rtol=0, atol=1e-15)


def test_steps_along_one_gradient_are_counted_in_whole_numbers():
    cut, whole = (
        gdlab.run(
            problems.Bowl(start=[3.0, 4.0]),
            optimizers.StaleGradient(learning_rate=0.1, every=every),
            stopping=cases.budget(9),
        )
        for every in (2.9, 2)
    )
    assert cut.theta.tobytes() == whole.theta.tobytes()


def test_adams_first_step_has_the_length_of_the_rate():
    adam = optimizers.Adam(learning_rate=0.01, epsilon=1e-12)
    run = gdlab.run(problems.Bowl(start=[3.0, -400.0]), adam, stopping=cases.budget(1))
    assert np.allclose(run.theta, [[3.0 - 0.01, -400 + 0.01]], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("gradient_descent", {"learning_rate": 0}, "learning_rate must be greater than 0, got 0"),
        ("momentum", {"momentum": [0.5, 1.0]}, "momentum must lie in [0, 1), got 1"),
        ("nesterov", {"momentum": -0.1}, "momentum must lie in [0, 1), got -0.1"),
        ("rmsprop", {"decay": 1}, "decay must lie in [0, 1), got 1"),
        ("adam", {"epsilon": 0}, "epsilon must be greater than 0, got 0"),
        ("adam", {"beta2": "high"}, "beta2 must be a finite number, got 'high'"),
        ("stale_gradient", {"every": 0.5}, "every must be at least 1, got 0.5"),
    ],
)
def test_bad_settings_are_named(name, settings, message):
    with pytest.raises(ValueError, match=exactly(message)):
        rule(name, **{"learning_rate": 0.1, **settings})
