"""Products with the Hessian, and its largest eigenvalues."""

import cases
import numpy as np
import pytest

from gdlab import problems
from gdlab.arrays import norm, stack_like, stacked
from gdlab.measure import curvature
from gdlab.measure.curvature import lanczos, preconditioned_sharpness, products, sharpness, top_eigenvalues
from gdlab.seeds import stream

EXACT = 1e-12  # tolerance of an eigenvalue that is to be compared
CLASSIC = {"data": cases.small_data(70, features=784), "hidden": (16, 16), "dtype": "float32"}
SMALL = {"data": cases.small_data(30, features=6, classes=4), "hidden": (5, 3), "dtype": "float64"}


def points(network, runs=3, shift=0.1):
    """Where runs start, their biases moved: a relu unit whose inputs are all 0 would sit on its kink."""
    theta = stacked([network.initial(stream(seed, 0)) for seed in range(runs)], network.dtype)
    for _, b in network.layers(theta):
        b += shift
    return theta


def small_network(**changes):
    return cases.network(**{**SMALL, **changes})


def gradient(network, theta):
    out = stack_like(theta)
    network.evaluate(theta, network.train, out)
    return out


def difference(network, theta, direction):
    """H v by central differences of the exact gradient: errors of h² and of 1e-16 / h."""
    h = 1e-5
    return (gradient(network, theta + h * direction) - gradient(network, theta - h * direction)) / (2 * h)


def dense(network, theta):
    """All of the Hessian at one run's point, by differences: a stack with a row for each column of it."""
    columns = difference(network, stacked([theta] * network.parameters, network.dtype), np.eye(network.parameters))
    return (columns + columns.T) / 2


@pytest.mark.parametrize(("activation", "output", "cost"), cases.NETWORKS)
@pytest.mark.parametrize("examples", [40, curvature.CHUNK + 6])  # one chunk; several and a rest
def test_products_agree_with_differences_of_the_gradient(activation, output, cost, examples):
    network = cases.network(
        data=cases.small_data(examples), activation=activation, output=output, cost=cost, initializer="standard_normal"
    )
    theta, rng = points(network), np.random.default_rng(0)
    product = products(network, network.train)(theta)
    for _ in range(5):
        v = rng.normal(size=theta.shape)
        v /= norm(v)[:, None]
        expected = difference(network, theta, v)
        assert (norm(product(v) - expected) < 1e-6 * norm(expected)).all()


def test_a_product_has_each_parameters_column():
    network = small_network()
    theta = points(network, 1)
    product = products(network, network.train)(theta)
    columns = np.array([product(direction[None])[0] for direction in np.eye(network.parameters)])
    assert np.abs(columns - dense(network, theta[0])).max() < 1e-8 * np.abs(columns).max()
    assert np.abs(columns - columns.T).max() < 1e-13 * np.abs(columns).max()


@pytest.mark.parametrize(("activation", "output", "cost"), cases.NETWORKS)
def test_eigenvalues_are_those_of_the_dense_hessian(activation, output, cost):
    network = small_network(activation=activation, output=output, cost=cost)
    theta = points(network)
    expected = np.array([np.linalg.eigvalsh(dense(network, row))[::-1][:3] for row in theta])
    assert np.allclose(sharpness(network, theta, EXACT), expected[:, 0], rtol=1e-8, atol=0)
    assert np.allclose(top_eigenvalues(network, theta, 3, EXACT), expected, rtol=1e-8, atol=0)


def test_the_default_tolerance_is_kept():
    network = small_network()
    theta = points(network, 7)
    exact = sharpness(network, theta, EXACT)
    error = np.abs(sharpness(network, theta) - exact)
    assert (error <= curvature.TOLERANCE * exact).all()


def test_sharpness_is_over_the_examples_that_are_measured():
    few = small_network(examples=7)
    theta = points(few)
    expected = lanczos(products(few, few.measured[0])(theta), few.parameters, len(theta), tolerance=EXACT)
    assert (sharpness(few, theta, EXACT) == expected[:, 0]).all()
    assert (sharpness(few, theta, EXACT) != sharpness(small_network(), theta, EXACT)).all()


@pytest.mark.parametrize("landscape", cases.LANDSCAPES, ids=str)
def test_eigenvalues_of_landscapes(landscape):
    theta = np.random.default_rng(0).uniform(*np.transpose(landscape.box), (20, landscape.parameters))
    hessians, count = landscape.hessian(theta), landscape.parameters
    values = top_eigenvalues(landscape, theta, count)
    assert np.allclose(values.sum(axis=1), np.trace(hessians, axis1=1, axis2=2), rtol=1e-12)
    assert np.allclose(values.prod(axis=1), np.linalg.det(hessians), rtol=1e-9)
    assert (values[:, 0] == sharpness(landscape, theta)).all() and (np.diff(values) <= 0).all()


def test_the_sharpness_of_quadratics_is_their_curvature():
    for kind in (problems.Parabola, problems.Bowl, problems.Ravine):
        landscape = kind(curvature=3.5)
        theta = np.full((2, landscape.parameters), 0.7)
        assert np.allclose(sharpness(landscape, theta), 3.5, rtol=1e-15)
    assert sharpness(problems.Saddle(), np.zeros((1, 2))) == [2]


def astray(network):
    """Seven points, of which the second and the fourth are equal, and the fifth and the sixth not finite."""
    theta = points(network, 7)
    theta[3] = theta[1]
    theta[4, 5] = np.nan
    theta[5, 0] = np.inf
    return theta


@pytest.mark.parametrize(("settings", "count"), [(CLASSIC, 1), (SMALL, 3)], ids=["classic", "small"])
def test_a_run_in_a_stack_has_what_it_has_alone(settings, count):
    network = cases.network(activation="relu", output="identity", **settings)
    theta = astray(network)
    alone = [top_eigenvalues(network, theta[[row]], count).tobytes() for row in range(len(theta))]
    assert len(set(alone)) == 5  # two are equal, two are not finite
    for rows in (range(7), range(2), [4, 1, 3, 6], [6, 5], [1, 1, 1], [6, 2, 0]):
        together = top_eigenvalues(network, theta[list(rows)], count)
        assert [values.tobytes() for values in together] == [alone[row] for row in rows]


def test_a_stack_too_large_for_memory_is_taken_in_parts(monkeypatch):
    network = small_network()
    theta = astray(network)
    together = top_eigenvalues(network, theta, 2)
    monkeypatch.setattr(curvature, "BYTES", 1)
    assert top_eigenvalues(network, theta, 2).tobytes() == together.tobytes()


def test_runs_that_are_not_finite_have_no_sharpness():
    network = small_network()
    assert np.isnan(sharpness(network, astray(network))).tolist() == [False] * 4 + [True] * 2 + [False]
    theta = np.array([[1.0, 2.0], [np.nan, 0.0], [0.0, -np.inf], [1e300, 0.0], [3.0, 2.0]])
    with np.errstate(over="ignore"):
        for landscape, kept in ((problems.Himmelblau(), [0, 4]), (problems.Bowl(), [0, 3, 4])):
            values = sharpness(landscape, theta)
            assert np.flatnonzero(~np.isnan(values)).tolist() == kept
            assert (values[kept] == sharpness(landscape, theta[kept])).all()


def test_a_point_whose_products_overflow_has_no_sharpness():
    network = small_network(dtype="float32", activation="relu", output="identity")
    theta = points(network)
    expected = sharpness(network, theta[[0, 2]])
    theta[1] = 1e30
    with np.errstate(all="ignore"):
        values = sharpness(network, theta)
    assert np.isnan(values[1])
    assert values[[0, 2]].tolist() == expected.tolist()


def matrix(eigenvalues):
    """A symmetric matrix with these eigenvalues."""
    size = len(eigenvalues)
    Q, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(size, size)))
    return Q * eigenvalues @ Q.T


def top_of(matrices, count, **settings):
    """By `lanczos`, a run for each matrix."""
    matrices = np.array(matrices)
    runs, size, _ = matrices.shape
    return lanczos(lambda v: np.matmul(matrices, v[:, :, None])[:, :, 0], size, runs, count, **settings)


def test_eigenvalues_of_chosen_matrices():
    spectra = [np.linspace(1, 40, 40), np.geomspace(1e-6, 1e3, 40), np.linspace(-100, 5, 40)]
    found = top_of([matrix(spectrum) for spectrum in spectra], 3, tolerance=EXACT)
    for values, spectrum in zip(found, spectra, strict=True):
        assert np.abs(values - spectrum[::-1][:3]).max() < 1e-11 * np.abs(spectrum).max()


def test_spectra_of_few_values():
    """From one start the iteration reaches one vector of each eigenspace: it has to go on from another."""
    assert np.allclose(top_of([np.eye(6), 3 * np.eye(6)], 2), [[1, 1], [3, 3]], rtol=1e-14)
    assert np.allclose(top_of([matrix([5.0, 5.0, 5.0, 1.0, 1.0])], 4), [[5, 5, 5, 1]], rtol=1e-12)
    assert np.allclose(top_of([np.zeros((4, 4))], 1), 0)
    assert np.allclose(top_of([np.diag([2.0])], 1), 2)


def test_an_iteration_that_is_cut_short_has_what_it_reached():
    spectrum = np.linspace(0, 1, 200)
    reached = [top_of([matrix(spectrum)], 1, most_iterations=most)[0, 0] for most in (5, 10, 20, 200)]
    assert (np.diff(reached) > 0).all() and reached[-1] < 1 + 1e-12  # Ritz values approach from below
    assert reached[0] < 0.99


@pytest.mark.parametrize("count", [0, -1, 3])
def test_more_eigenvalues_than_parameters_are_refused(count):
    with pytest.raises(ValueError, match=f"count must be from 1 to the 2 parameters, got {count}"):
        top_eigenvalues(problems.Bowl(), np.ones((1, 2)), count)


def test_preconditioned_sharpness_is_the_largest_eigenvalue_of_the_inverse_times_the_hessian():
    network = small_network(activation="tanh", output="identity")
    theta = points(network)
    scale = np.random.default_rng(0).uniform(0.01, 10, theta.shape)
    found = preconditioned_sharpness(network, theta, scale, tolerance=1e-7)
    for row in range(len(theta)):
        values = np.linalg.eigvals(dense(network, theta[row]) / scale[row][:, None]).real
        assert found[row] == pytest.approx(values.max(), rel=1e-6)  # of the differences
    scale[1, 0] = 0
    found = preconditioned_sharpness(network, theta, scale)
    assert np.isfinite(found).tolist() == [True, False, True]
    ones = preconditioned_sharpness(network, theta, np.ones(theta.shape))
    assert ones == pytest.approx(sharpness(network, theta), rel=1e-12)
