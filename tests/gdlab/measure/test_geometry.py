"""Relabelling, lines and planes, against plain NumPy; on networks of random data."""

import cases
import numpy as np
import pytest

import gdlab
from gdlab import optimizers
from gdlab.measure.geometry import (
    Relabelling,
    aligned,
    barrier,
    centered,
    disjoint_pairs,
    distances,
    distinct_units,
    filter_normalized,
    nearest,
    plane_through,
    principal_plane,
    random_relabelling,
    relabelled,
    straight_line,
    uncentered,
)

ODD = ("sigmoid", "tanh")
ROUNDING = 1e-12  # sums of some hundred terms of order 1


def stirred(network, rng):
    """A network that is random in every weight and bias."""
    return network.initial(rng) + 0.3 * rng.standard_normal(network.parameters)


def cost(network, point):
    return network.evaluate(point[None], network.train)[0][0]


def trained(network, steps=400):
    """The end of a short descent."""
    rule = optimizers.GradientDescent(learning_rate=3.0)
    return gdlab.run(network, rule, stopping=cases.budget(steps), points=2).theta[0]


@pytest.mark.parametrize("activation", [*ODD, "relu"])
def test_relabelling_leaves_the_cost_and_every_answer(activation):
    network = cases.network(hidden=(7, 5), activation=activation)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        point = stirred(network, rng)
        twin = relabelled(network, point, random_relabelling(network, rng))
        assert np.abs(twin - point).max() > 0.1
        assert abs(cost(network, twin) - cost(network, point)) < ROUNDING
        first, second = (network.outputs(theta[None], network.data.test_features) for theta in (point, twin))
        assert np.abs(first - second).max() < ROUNDING


def test_flipping_one_sigmoid_unit_is_what_its_symmetry_says():
    network = cases.network(hidden=(3,))
    point = stirred(network, np.random.default_rng(0))
    flipped = relabelled(network, point, Relabelling([np.arange(3)], [np.array([1.0, -1.0, 1.0])]))
    (W, b), (V, c) = network.layers(point[None].copy())
    c += V[:, :, 1]  # σ(-z) = 1 - σ(z)
    for part in (W[0, 1], b[:, 1:2], V[0, :, 1]):
        part *= -1
    expected = np.concatenate([part.ravel() for part in (W, b, V, c)])
    assert flipped == pytest.approx(expected, abs=ROUNDING)


def test_relu_units_keep_their_signs():
    network = cases.network(hidden=(6, 6), activation="relu")
    signs = random_relabelling(network, np.random.default_rng(0)).signs
    assert all((sign == 1).all() for sign in signs)


@pytest.mark.parametrize("activation", [*ODD, "relu"])
def test_uncentered_undoes_centered(activation):
    network = cases.network(activation=activation)
    theta = np.stack([stirred(network, np.random.default_rng(seed)) for seed in range(3)])
    assert np.abs(uncentered(network, centered(network, theta)) - theta).max() < ROUNDING
    assert (centered(network, theta) != theta).any() == (activation == "sigmoid")


@pytest.mark.parametrize("activation", [*ODD, "relu"])
def test_relabelling_is_an_isometry_of_centered_coordinates(activation):
    network = cases.network(activation=activation)
    rng = np.random.default_rng(3)
    first, second = stirred(network, rng), stirred(network, rng)
    relabelling = random_relabelling(network, rng)
    moved = [relabelled(network, point, relabelling) for point in (first, second)]
    before, after = (centered(network, np.stack(pair)) for pair in ((first, second), moved))
    assert np.linalg.norm(after, axis=1) == pytest.approx(np.linalg.norm(before, axis=1), rel=ROUNDING)
    assert np.linalg.norm(after[0] - after[1]) == pytest.approx(np.linalg.norm(before[0] - before[1]), rel=ROUNDING)


def test_distances_are_those_of_plain_numpy():
    network = cases.network(activation="tanh")
    theta = np.stack([stirred(network, np.random.default_rng(seed)) for seed in range(4)])
    expected = [[np.linalg.norm(a - b) for b in theta] for a in theta]
    assert distances(network, theta) == pytest.approx(np.array(expected), rel=1e-14)
    assert distances(network, theta[:1], theta[1:]) == pytest.approx(np.array(expected)[:1, 1:], rel=1e-14)
    sigmoid = cases.network()
    assert distances(sigmoid, theta) == pytest.approx(distances(network, centered(sigmoid, theta)), rel=1e-14)


@pytest.mark.parametrize("activation", [*ODD, "relu"])
@pytest.mark.parametrize(("hidden", "trials"), [((16, 16), 100), ((3, 3, 3, 3, 3), 20)])
def test_alignment_recovers_every_relabelling(activation, hidden, trials):
    network = cases.network(hidden=hidden, activation=activation)
    for trial in range(trials):
        rng = np.random.default_rng(trial)
        point = stirred(network, rng)
        twin = relabelled(network, point, random_relabelling(network, rng))
        assert np.abs(aligned(network, twin, point) - point).max() < ROUNDING


@pytest.mark.parametrize("activation", [*ODD, "relu"])
def test_alignment_never_lengthens_a_distance(activation):
    network = cases.network(hidden=(8, 8, 8), activation=activation)
    for trial in range(20):
        rng = np.random.default_rng(trial)
        point, other = stirred(network, rng), stirred(network, rng)
        if trial % 2:  # two runs that are near, with units that next to nothing comes into
            network.layers(point[None])[0][0][...] *= 0.01
            other = point + 0.02 * rng.standard_normal(network.parameters)
        near = aligned(network, other, point)
        before, after = (distances(network, point[None], theta[None])[0, 0] for theta in (other, near))
        assert after <= before * (1 + ROUNDING)
        assert trial % 2 or after < before  # two random runs can always be brought nearer
        assert abs(cost(network, near) - cost(network, other)) < ROUNDING


def test_no_barrier_between_a_network_and_its_relabelled_twin_once_aligned():
    network = cases.network(hidden=(16, 16))
    point = trained(network)
    assert cost(network, point) < network.constant_predictor_cost
    twin = relabelled(network, point, random_relabelling(network, np.random.default_rng(2)))

    def height(end):
        return barrier(network.evaluate(straight_line(point, end, 25), network.train)[0])

    assert height(twin) > 0.01
    assert height(aligned(network, twin, point)) < ROUNDING


def test_straight_line_has_its_ends_and_even_steps():
    start, end = np.array([1.0, -2.0, 0.3]), np.array([0.0, 5.0, 0.7])
    line = straight_line(start, end, 8)
    assert (line[0] == start).all() and (line[-1] == end).all()
    assert np.diff(line, axis=0) == pytest.approx(np.tile((end - start) / 7, (7, 1)))


def test_barrier_of_known_curves():
    t = np.linspace(0, 1, 101)
    bump = 0.7 * np.sin(np.pi * t)
    assert barrier((t - 0.3) ** 2) == 0  # convex
    assert barrier(bump) == pytest.approx(0.7)
    assert barrier(bump + 3 - 2 * t) == pytest.approx(0.7)  # the tilt does not matter
    assert barrier(2 - t) == pytest.approx(0, abs=1e-15)


def test_plane_through_contains_its_points():
    points = np.random.default_rng(0).standard_normal((3, 50))
    plane = plane_through(*points)
    assert plane.axes @ plane.axes.T == pytest.approx(np.eye(2), abs=1e-14)
    places = plane.coordinates(points)
    assert plane.origin + places @ plane.axes == pytest.approx(points, abs=1e-13)
    assert places[0].tolist() == [0, 0]
    assert places[1] == pytest.approx([np.linalg.norm(points[1] - points[0]), 0], abs=1e-13)
    assert places[2, 1] > 0


@pytest.mark.parametrize("third", [[1.0, 2.0, 3.0], [2.0, 3.0, 4.0], [4.0, 5.0, 6.0]], ids=["first", "second", "line"])
def test_points_on_one_line_span_no_plane(third):
    first, second = np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])
    for points in ((first, second, third), (first, third, second), (first, first, third)):
        with pytest.raises(ValueError, match="three points on one line span no plane"):
            plane_through(*map(np.array, points))


def test_points_and_coordinates_of_a_plane_invert_each_other():
    plane = plane_through(*np.random.default_rng(1).standard_normal((3, 20)))
    x, y = np.linspace(-2, 3, 4), np.linspace(0, 1, 3)
    places = plane.coordinates(plane.points(x, y))
    assert places == pytest.approx(np.array([[a, b] for b in y for a in x]), abs=1e-13)


def test_principal_plane_is_that_of_the_covariance():
    rng = np.random.default_rng(4)
    span = np.linalg.qr(rng.standard_normal((30, 2)))[0].T
    path = rng.standard_normal((12, 2)) * [3, 1] @ span + rng.standard_normal(30)
    plane, shares = principal_plane(path)
    assert shares.sum() == pytest.approx(1)
    assert plane.origin + plane.coordinates(path) @ plane.axes == pytest.approx(path, abs=1e-12)
    away = path - path[-1]
    values, vectors = np.linalg.eigh(away.T @ away)
    assert shares == pytest.approx(values[[-1, -2]] / values.sum())
    assert np.abs(plane.axes @ vectors[:, [-1, -2]]) == pytest.approx(np.eye(2), abs=1e-12)


def test_principal_plane_holds_less_of_a_path_that_leaves_it():
    path = np.random.default_rng(5).standard_normal((12, 30))
    shares = principal_plane(path)[1]
    assert 0 < shares[1] <= shares[0] and shares.sum() < 0.9


@pytest.mark.parametrize("steps", [[0, 1], [0, 0, 0], [0, 1, 2, 5]])
def test_a_path_on_one_line_spans_no_plane(steps):
    path = np.array(steps)[:, None] * np.ones(30) + 7.0
    with pytest.raises(ValueError, match="a path on one line spans no plane"):
        principal_plane(path)


def test_filter_normalized_directions_are_orthogonal_and_as_long_as_the_weights_unit_by_unit():
    network = cases.network(hidden=(6, 5))
    point = stirred(network, np.random.default_rng(0))
    plane = filter_normalized(network, point, np.random.default_rng(1))
    first, second = plane.axes
    assert (plane.origin == point).all()
    assert abs(first @ second) < ROUNDING * np.linalg.norm(point) ** 2
    for axis in plane.axes:
        for (W, b), (V, c) in zip(network.layers(axis[None]), network.layers(point[None]), strict=True):
            lengths, wanted = (np.linalg.norm(np.column_stack(unit), axis=1) for unit in ((W[0], b[0]), (V[0], c[0])))
            assert lengths == pytest.approx(wanted, rel=ROUNDING)


def test_distinct_units_of_networks_made_by_hand():
    network = cases.network(hidden=(4, 3))
    alike, random = np.full(network.parameters, 0.5), stirred(network, np.random.default_rng(0))
    pair = random.copy()
    (W, b), (V, _), _ = network.layers(pair[None])
    W[0, 3], b[0, 3], V[0, :, 3] = W[0, 1], b[0, 1], V[0, :, 1]
    a_hair, apart = pair.copy(), pair.copy()
    a_hair[0] += 1e-8
    network.layers(a_hair[None])[0][0][0, 3, 0] += 1e-8  # of weights of order 1
    network.layers(apart[None])[1][0][0, 2, 3] += 1e-3  # only what goes out of it
    assert distinct_units(network, np.stack([alike, random, pair, a_hair, apart])).tolist() == [2, 7, 6, 6, 7]


def test_nearest_is_the_nearest_within_reach():
    minima = np.array([[0.0, 0.0], [1.0, 0.0]])
    points = np.array([[0.1, 0.0], [0.9, 0.05], [0.5, 0.4], [np.inf, 0.0]])
    assert nearest(points, minima, 0.2).tolist() == [0, 1, -1, -1]


@pytest.mark.parametrize("count", [0, 1, 2, 5, 8])
def test_disjoint_pairs_hold_every_run_once_at_most(count):
    pairs = disjoint_pairs(count)
    runs = [run for pair in pairs for run in pair]
    assert len(pairs) == count // 2
    assert len(set(runs)) == len(runs) and set(runs) <= set(range(count))
