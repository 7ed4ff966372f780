"""The loop: exact walks, how runs end, and that a run in a stack is the run alone."""

import cases
import numpy as np
import pytest

import gdlab
from gdlab import optimizers, problems
from gdlab.arrays import stacked
from gdlab.descent import schedules
from gdlab.descent.loop import dense_at_ends, evenly_spaced, log_spaced
from gdlab.descent.stopping import BUDGET, CONVERGED, DIVERGED, SATURATED
from gdlab.optimizers import OPTIMIZERS
from gdlab.seeds import stream


def walk(learning_rate, steps, start=5.0, center=0.0, **rules):
    """Plain descent on (w - center)², every step recorded."""
    rule = optimizers.GradientDescent(learning_rate=learning_rate)
    parabola = problems.Parabola(center=center, start=[start])
    (run,) = gdlab.run(parabola, rule, stopping=cases.budget(steps, **rules), points=1000)
    return run


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
    ravine, rule = problems.Ravine(condition=10.0), optimizers.GradientDescent(learning_rate=learning_rate)
    runs = gdlab.run(ravine, rule, theta=start, stopping=cases.budget(steps))
    curvature = np.diag(ravine.hessian(start)[0])
    # forty multiplications, each off by one rounding at most
    assert np.allclose(runs.theta, (1 - learning_rate * curvature) ** steps * start, rtol=steps * 1e-15)


def same(one, other):
    """Whether two trajectories are the same to the last bit."""
    assert one.columns.keys() == other.columns.keys()
    for name, values in one.columns.items():
        assert np.array(values).tobytes() == np.array(other.columns[name]).tobytes(), name
    assert one.end.tobytes() == other.end.tobytes()
    assert (one.outcome, one.diverged_at) == (other.outcome, other.diverged_at)
    return True


@pytest.mark.parametrize("rule", OPTIMIZERS)
@pytest.mark.parametrize("own_orders", [False, True])
def test_a_run_in_a_stack_is_the_run_alone(rule, own_orders):
    """Rows with rates so far apart that some leave early, by divergence, while others go on."""
    network = cases.network(
        data=cases.small_data(200, 30), dtype="float32", batch_size=32, activation="relu", output="identity"
    )
    rates = [0.003, 3.0, 0.1, 30.0, 0.03]
    seeds = [0, 1, 2, 3, 4] if own_orders else [6] * 5
    theta = np.stack([network.initial(stream(seed, 0)) for seed in range(5)])
    settings = {"schedule": schedules.Cosine(end=0.1), "stopping": cases.budget(60), "points": 12}
    stack = gdlab.run(network, OPTIMIZERS[rule](learning_rate=rates), theta=theta, seed=seeds, **settings)
    if rule == "gradient_descent":
        assert set(stack.outcomes) == {BUDGET, DIVERGED}
    for start, rate, seed, run in zip(theta, rates, seeds, stack, strict=True):
        alone = gdlab.run(network, OPTIMIZERS[rule](learning_rate=rate), theta=start[None], seed=seed, **settings)
        assert same(run, alone[0])


@pytest.mark.parametrize("landscape", cases.LANDSCAPES, ids=str)
def test_a_run_in_a_stack_is_the_run_alone_on_landscapes(landscape):
    rates = [1e-4, 1e-3, 1e-2, 0.1, 2.0]
    stopping = cases.budget(300, gradient_tolerance=1e-8)
    stack = gdlab.run(landscape, optimizers.Momentum(learning_rate=rates), seed=range(5), stopping=stopping)
    for seed, rate, run in zip(range(5), rates, stack, strict=True):
        alone = gdlab.run(landscape, optimizers.Momentum(learning_rate=rate), seed=seed, stopping=stopping)
        assert same(run, alone[0])


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
    few, many = (
        gdlab.run(network, rule, theta=theta, stopping=cases.budget(40), points=points) for points in (2, 1000)
    )
    assert (theta == before).all()
    assert few.theta.tobytes() == many.theta.tobytes()


def test_seeds_decide_the_order():
    network = cases.network(batch_size=5)
    theta = network.initial(stream(0, 0))[None]
    rule = optimizers.GradientDescent(learning_rate=0.5)
    zero, same_zero, one = gdlab.run(network, rule, theta=theta, stopping=cases.budget(20), seed=[0, 0, 1])
    assert same(zero, same_zero)
    assert zero.end.tobytes() != one.end.tobytes()


def test_constant_weights_keep_hidden_units_alike_for_ever_and_random_ones_do_not():
    for initializer, distinct in (("constant", 1), ("scaled_normal", 5)):
        network = cases.network(initializer=initializer, batch_size=5)
        runs = gdlab.run(network, optimizers.GradientDescent(learning_rate=1.0), stopping=cases.budget(200))
        assert np.abs(runs.theta - runs.start).max() > 0.1
        for weights, _ in network.layers(runs.theta)[:-1]:
            units = np.unique(weights[0].round(12), axis=0)
            assert len(units) == min(distinct, weights.shape[1])


def test_a_dead_network_is_called_saturated():
    network = cases.network(dtype="float32", batch_size=5)
    rule = optimizers.GradientDescent(learning_rate=1e4)
    (run,) = gdlab.run(network, rule, stopping=cases.budget(100, gradient_tolerance=1e-6))
    assert run.outcome == SATURATED
    assert run.final["final_cost"] >= network.constant_predictor_cost


def test_a_network_that_has_learnt_all_is_called_converged():
    network = cases.network(data=cases.small_data(4, 6), hidden=(8,), output="identity")
    rule = optimizers.Momentum(learning_rate=0.05, momentum=0.9)
    (run,) = gdlab.run(network, rule, stopping=cases.budget(20_000, gradient_tolerance=1e-4), points=60)
    assert run.outcome == CONVERGED
    assert run.final["final_cost"] < 0.01 * network.constant_predictor_cost


def test_flat_cost_ends_a_run():
    rule = optimizers.GradientDescent(learning_rate=0.05)
    well = problems.DoubleWell(start=[-1.7])
    (run,) = gdlab.run(well, rule, stopping=cases.budget(10_000, cost_tolerance=1e-3), points=60)
    assert run.outcome == CONVERGED
    assert run.steps < 1000
    assert run.final["final_cost"] == pytest.approx(well.cost(well.minima)[0], rel=1e-3)
    bouncing = walk(1.0, 200, cost_tolerance=1e-3)
    assert bouncing.outcome == BUDGET  # its cost is flat, but it has not settled


def test_recorded_learning_rate_is_the_schedules():
    (run,) = gdlab.run(
        problems.Bowl(start=[1.0, 1.0]),
        optimizers.GradientDescent(learning_rate=0.2),
        schedule=schedules.Exponential(end=0.01),
        stopping=cases.budget(10),
    )
    expected = [0.2 * 0.01 ** (min(step, 9) / 10) for step in range(11)]
    assert np.allclose(run.columns["learning_rate"], expected, rtol=1e-12)
    rates = np.array(expected[:10])
    assert np.allclose(run.end, np.prod(1 - 2 * rates), rtol=1e-12)


def test_batch_cost_is_the_mini_batchs_and_cost_is_not():
    network = cases.network(batch_size=5)
    (run,) = gdlab.run(network, optimizers.GradientDescent(learning_rate=0.1), stopping=cases.budget(8))
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


def test_steps_dense_at_both_ends():
    steps = dense_at_ends(300, 96)
    assert steps[:32] == list(range(32)) and steps[-32:] == list(range(269, 301))
    assert 85 <= len(steps) <= 98 and steps == sorted(set(steps))
    for count in (1, 2, 5, 40):
        assert dense_at_ends(count, 96) == list(range(count + 1))
    assert dense_at_ends(10, 2) == [0, 1, 10]


def test_evenly_spaced_steps():
    assert evenly_spaced(24, 25) == list(range(25))
    assert evenly_spaced(3000, 61) == list(range(0, 3001, 50))
    assert evenly_spaced(3, 20) == [0, 1, 2, 3]
    steps = evenly_spaced(1000, 7)
    assert len(steps) == 7 and steps[0] == 0 and steps[-1] == 1000
    assert np.ptp(np.diff(steps)) <= 1
