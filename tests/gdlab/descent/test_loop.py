"""The loop: exact walks, stability limits, and that a run in a stack is the run alone."""

import cases
import numpy as np
import pytest

import gdlab
from gdlab import optimizers, problems
from gdlab.arrays import spread, stacked
from gdlab.descent import schedules
from gdlab.descent.loop import evenly_spaced, log_spaced
from gdlab.descent.stopping import BUDGET, CONVERGED, DIVERGED, SATURATED
from gdlab.seeds import stream


def follow(problem, theta, optimizer, stopping, schedule=None, seeds=None, points=1000):
    """Trajectories of all runs of a stack."""
    theta = np.asarray(theta, problem.dtype)
    seed = 0 if seeds is None else seeds
    return gdlab.run(problem, optimizer, schedule=schedule, stopping=stopping, seed=seed, theta=theta, points=points)


def walk(learning_rate, steps, start=5.0, center=0.0, **rules):
    """The costs of plain descent on (w - center)²."""
    rule = optimizers.GradientDescent(learning_rate=learning_rate)
    return follow(problems.Parabola(center=center), [[start]], rule, cases.budget(steps, **rules))[0]


def test_the_lessons_walk():
    costs = walk(0.1, 7).columns["cost"]
    assert np.allclose(costs, [25, 16, 10.24, 6.5536, 4.194304, 2.68435456, 1.7179869184, 1.099511627776], rtol=1e-14)


def test_too_large_a_rate_explodes():
    assert walk(2.0, 2).columns["cost"] == [25, 225, 2025]


def test_at_the_border_it_bounces_for_ever():
    run = walk(1.0, 1000)
    assert set(run.columns["cost"]) == {25}
    assert run.outcome == BUDGET
    assert walk(1.0, 1).end.tolist() == [-5]
    assert walk(1.0, 2).end.tolist() == [5]


def test_too_small_a_rate_crawls():
    assert walk(0.001, 1).columns["cost"][1] == pytest.approx(24.90, abs=0.005)


def test_steps_shrink_by_themselves():
    gradients = walk(0.1, 7).columns["gradient_norm"]
    assert (np.diff(gradients) < 0).all()


def test_the_same_shape_around_three():
    assert np.allclose(walk(0.1, 7, start=8.0, center=3.0).columns["cost"], walk(0.1, 7).columns["cost"], rtol=1e-14)


@pytest.mark.parametrize("learning_rate", [0.01, 0.3, 0.99, 1.01])
def test_plain_descent_on_a_quadratic_is_a_power(learning_rate):
    start, steps = np.array([[3.0, -2.0]]), 40
    ravine = problems.Ravine(condition=10.0)
    run = follow(ravine, start, optimizers.GradientDescent(learning_rate=learning_rate), cases.budget(steps))[0]
    curvature = np.diag(ravine.hessian(start)[0])
    # forty multiplications, each off by one rounding at most
    assert np.allclose(run.end, (1 - learning_rate * curvature) ** steps * start[0], rtol=steps * 1e-15)


LIMITS = {
    "gradient_descent": (lambda rate: optimizers.GradientDescent(learning_rate=rate), 1.0),
    "momentum": (lambda rate: optimizers.Momentum(learning_rate=rate, momentum=0.8), 1.8),
    "nesterov": (lambda rate: optimizers.Nesterov(learning_rate=rate, momentum=0.8), 1.8 / 2.6),
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("curvature", [0.5, 2.0, 8.0])
def test_stability_limit_on_a_quadratic(name, curvature):
    rule, limit_times_half_curvature = LIMITS[name]
    limit, parabola = limit_times_half_curvature * 2 / curvature, problems.Parabola(curvature=curvature)
    rules = {"gradient_tolerance": 1e-6}
    below, above = (
        follow(parabola, [[5.0]], rule(share * limit), cases.budget(20_000, **rules), points=40)[0]
        for share in (0.99, 1.01)
    )
    assert below.outcome == CONVERGED
    assert above.outcome == DIVERGED


@pytest.mark.parametrize("curvature", [0.25, 2.0, 8.0])  # powers of 2, so that 2 / λ is exact
@pytest.mark.parametrize("kind", [problems.Parabola, problems.Bowl, problems.Ravine])
def test_plain_descent_is_stable_exactly_below_two_over_the_curvature(kind, curvature):
    landscape, border = kind(curvature=curvature), 2 / curvature
    start = [0.0] * (landscape.parameters - 1) + [3.0]  # along the steepest direction
    rates = [(1 - 1e-9) * border, border, (1 + 1e-9) * border]
    rule = optimizers.GradientDescent(learning_rate=rates)
    costs = [run.columns["cost"] for run in follow(landscape, [start] * 3, rule, cases.budget(20))]
    assert [np.sign(np.diff(each)).tolist() for each in costs] == [[-1] * 20, [0] * 20, [1] * 20]


@pytest.mark.parametrize("optimizer", [optimizers.Momentum, optimizers.Nesterov])
def test_zero_momentum_is_plain_descent_bit_for_bit(optimizer):
    network = cases.network(batch_size=5)
    theta = [network.initial(stream(0, 0))]
    plain = follow(network, theta, optimizers.GradientDescent(learning_rate=0.7), cases.budget(50))[0]
    other = follow(network, theta, optimizer(learning_rate=0.7, momentum=0.0), cases.budget(50))[0]
    assert plain.end.tobytes() == other.end.tobytes()


def test_adams_first_step_has_the_length_of_the_rate():
    adam = optimizers.Adam(learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-12)
    run = follow(problems.Bowl(), [[3.0, -400.0]], adam, cases.budget(1))[0]
    assert np.allclose(run.end, [3.0 - 0.01, -400 + 0.01], rtol=1e-12)


def by_equation(name, g, steps):
    """Adam and RMSProp on C = g w, whose gradient is always g, straight from their equations."""
    w, m, s = 0.0, 0.0, 0.0
    for t in range(1, steps + 1):
        if name == "rmsprop":
            s = 0.9 * s + 0.1 * g**2
            w -= 0.01 * g / (s**0.5 + 1e-8)
        else:
            m, s = 0.9 * m + 0.1 * g, 0.99 * s + 0.01 * g**2
            w -= 0.01 * (m / (1 - 0.9**t)) / ((s / (1 - 0.99**t)) ** 0.5 + 1e-8)
    return w


@pytest.mark.parametrize("name", ["rmsprop", "adam"])
def test_adaptive_rules_follow_their_equations(name):
    rule = {
        "rmsprop": optimizers.RMSProp(learning_rate=0.01, decay=0.9, epsilon=1e-8),
        "adam": optimizers.Adam(learning_rate=0.01, beta1=0.9, beta2=0.99, epsilon=1e-8),
    }[name]
    rule, theta, gradients = spread(rule, 2, np.float64), np.zeros((2, 1)), np.array([[3.0], [-0.5]])
    state = rule.init(theta)
    for _ in range(25):
        rule.update(theta, gradients.copy(), state)
    assert np.allclose(theta[:, 0], [by_equation(name, g, 25) for g in (3.0, -0.5)], rtol=1e-13)


ALL_RULES = {
    "gradient_descent": lambda rates: optimizers.GradientDescent(learning_rate=rates),
    "momentum": lambda rates: optimizers.Momentum(learning_rate=rates, momentum=0.9),
    "nesterov": lambda rates: optimizers.Nesterov(learning_rate=rates, momentum=0.9),
    "rmsprop": lambda rates: optimizers.RMSProp(learning_rate=rates, decay=0.9, epsilon=1e-8),
    "adam": lambda rates: optimizers.Adam(learning_rate=rates, beta1=0.9, beta2=0.999, epsilon=1e-8),
}


def same(one, other):
    """Whether two trajectories are the same to the last bit."""
    assert one.columns.keys() == other.columns.keys()
    for name, values in one.columns.items():
        assert np.array(values).tobytes() == np.array(other.columns[name]).tobytes(), name
    assert one.end.tobytes() == other.end.tobytes()
    assert (one.outcome, one.diverged_at) == (other.outcome, other.diverged_at)
    return True


@pytest.mark.parametrize("rule", ALL_RULES)
@pytest.mark.parametrize("own_orders", [False, True])
def test_a_run_in_a_stack_is_the_run_alone(rule, own_orders):
    """Rows with rates so far apart that some leave early, by divergence, while others go on."""
    network = cases.network(
        data=cases.small_data(200, 30), dtype="float32", batch_size=32, activation="relu", output="identity"
    )
    rates = [0.003, 3.0, 0.1, 30.0, 0.03]
    seeds = [0, 1, 2, 3, 4] if own_orders else [6] * 5
    theta = [network.initial(stream(seed, 0)) for seed in range(5)]
    schedule, stopping = schedules.Cosine(end=0.1), cases.budget(60)
    stack = follow(network, theta, ALL_RULES[rule](rates), stopping, schedule, seeds, points=12)
    if rule == "gradient_descent":
        assert {run.outcome for run in stack} == {BUDGET, DIVERGED}
    for start, rate, seed, run in zip(theta, rates, seeds, stack, strict=True):
        alone = follow(network, [start], ALL_RULES[rule](rate), stopping, schedule, [seed], points=12)[0]
        assert same(run, alone)


@pytest.mark.parametrize("landscape", cases.LANDSCAPES, ids=str)
def test_a_run_in_a_stack_is_the_run_alone_on_landscapes(landscape):
    theta = [landscape.initial(stream(seed, 0)) for seed in range(5)]
    rates = [1e-4, 1e-3, 1e-2, 0.1, 2.0]
    stopping = cases.budget(300, gradient_tolerance=1e-8)
    stack = follow(landscape, theta, ALL_RULES["momentum"](rates), stopping, points=20)
    for start, rate, run in zip(theta, rates, stack, strict=True):
        assert same(run, follow(landscape, [start], ALL_RULES["momentum"](rate), stopping, points=20)[0])


def test_divergence_is_dated_to_its_step():
    run = walk(2.0, 1000, diverged_above=1e3)
    assert run.outcome == DIVERGED
    assert run.diverged_at == 4  # 25 · 9^t exceeds 25 · 1000 first at t = 4
    assert run.columns["step"][-1] < 32


def test_divergence_to_infinity_is_kept_as_it_is():
    run = walk(1e200, 5, diverged_above=1e308)
    assert run.outcome == DIVERGED
    assert not np.isfinite(run.final["final_cost"])


def test_start_is_not_changed_and_evaluation_leaves_the_orders_alone():
    network = cases.network(batch_size=5)
    theta = stacked([network.initial(stream(0, 0))], network.dtype)
    before = theta.copy()
    rule = optimizers.GradientDescent(learning_rate=0.5)
    few, many = (follow(network, theta, rule, cases.budget(40), points=points)[0] for points in (2, 1000))
    assert (theta == before).all()
    assert few.end.tobytes() == many.end.tobytes()


def test_seeds_decide_the_order():
    network = cases.network(batch_size=5)
    theta = [network.initial(stream(0, 0))] * 3
    rule = optimizers.GradientDescent(learning_rate=0.5)
    zero, same_zero, one = follow(network, theta, rule, cases.budget(20), seeds=[0, 0, 1])
    assert same(zero, same_zero)
    assert zero.end.tobytes() != one.end.tobytes()


def test_constant_weights_keep_hidden_units_alike_for_ever_and_random_ones_do_not():
    for initializer, distinct in (("constant", 1), ("scaled_normal", 5)):
        network = cases.network(initializer=initializer, batch_size=5)
        start = network.initial(stream(0, 0))
        end = follow(network, [start], optimizers.GradientDescent(learning_rate=1.0), cases.budget(200))[0].end
        assert np.abs(end - start).max() > 0.1
        for weights, _ in network.layers(end[None])[:-1]:
            units = np.unique(weights[0].round(12), axis=0)
            assert len(units) == min(distinct, weights.shape[1])


def test_a_dead_network_is_called_saturated():
    network = cases.network(dtype="float32", batch_size=5)
    run = follow(
        network,
        [network.initial(stream(0, 0))],
        optimizers.GradientDescent(learning_rate=1e4),
        cases.budget(100, gradient_tolerance=1e-6),
    )[0]
    assert run.outcome == SATURATED
    assert run.final["final_cost"] >= network.constant_predictor_cost


def test_a_network_that_has_learnt_all_is_called_converged():
    network = cases.network(data=cases.small_data(4, 6), hidden=(8,), output="identity")
    rule = optimizers.Momentum(learning_rate=0.05, momentum=0.9)
    run = follow(
        network, [network.initial(stream(0, 0))], rule, cases.budget(20_000, gradient_tolerance=1e-4), points=60
    )[0]
    assert run.outcome == CONVERGED
    assert run.final["final_cost"] < 0.01 * network.constant_predictor_cost


def test_flat_cost_ends_a_run():
    rule = optimizers.GradientDescent(learning_rate=0.05)
    well = problems.DoubleWell()
    run = follow(well, [[-1.7]], rule, cases.budget(10_000, cost_tolerance=1e-3), points=60)[0]
    assert run.outcome == CONVERGED
    assert run.steps < 1000
    assert run.final["final_cost"] == pytest.approx(well.cost(well.minima)[0], rel=1e-3)
    bouncing = follow(
        problems.Parabola(),
        [[5.0]],
        optimizers.GradientDescent(learning_rate=1.0),
        cases.budget(200, cost_tolerance=1e-3),
    )[0]
    assert bouncing.outcome == BUDGET  # its cost is flat, but it has not settled


def test_recorded_learning_rate_is_the_schedules():
    schedule = schedules.Exponential(end=0.01)
    run = follow(
        problems.Bowl(), [[1.0, 1.0]], optimizers.GradientDescent(learning_rate=0.2), cases.budget(10), schedule
    )[0]
    expected = [0.2 * 0.01 ** (min(step, 9) / 10) for step in range(11)]
    assert np.allclose(run.columns["learning_rate"], expected, rtol=1e-12)
    rates = np.array(expected[:10])
    assert np.allclose(run.end, np.prod(1 - 2 * rates), rtol=1e-12)


def test_batch_cost_is_the_mini_batchs_and_cost_is_not():
    network = cases.network(batch_size=5)
    run = follow(
        network, [network.initial(stream(0, 0))], optimizers.GradientDescent(learning_rate=0.1), cases.budget(8)
    )[0]
    assert np.isnan(run.columns["batch_cost"][0])
    assert not np.isclose(run.columns["batch_cost"][1], run.columns["cost"][0], rtol=1e-6)
    assert "batch_cost" not in walk(0.1, 3).columns


def test_log_spaced_steps():
    assert log_spaced(7, 20) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert log_spaced(1, 2) == [0, 1]
    steps = log_spaced(180_000, 20)
    assert steps[0] == 0 and steps[-1] == 180_000 and len(steps) <= 20
    ratios = np.diff(np.log(steps[8:]))
    assert ratios.max() / ratios.min() < 1.01


def test_evenly_spaced_steps():
    assert evenly_spaced(24, 25) == list(range(25))
    assert evenly_spaced(3000, 61) == list(range(0, 3001, 50))
    assert evenly_spaced(3, 20) == [0, 1, 2, 3]
    steps = evenly_spaced(1000, 7)
    assert len(steps) == 7 and steps[0] == 0 and steps[-1] == 1000
    assert np.ptp(np.diff(steps)) <= 1
