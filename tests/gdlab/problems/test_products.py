from functools import partial

import numpy as np
import pytest

from gdlab.arrays import stack
from gdlab.problems import products
from gdlab.problems.calls import replay
from gdlab.problems.products import (
    LARGEST_PRODUCT,
    LARGEST_RESULT,
    product,
    subtract_product,
    subtracts_at_once,
    tile,
)

SHAPES = [  # examples, features, outputs
    (1, 784, 512),
    (10, 784, 512),
    (32, 784, 100),
    (32, 512, 512),
    (97, 784, 101),
    (104, 784, 16),
    (128, 784, 16),
    (128, 784, 30),
    (128, 784, 512),
    (128, 16, 10),
]


@pytest.fixture(params=[False, True], ids=["general kernels", "small kernels"])
def small_kernels(request, monkeypatch):
    """Both kinds of BLAS, whichever is here: tiles are slow without small kernels, and not wrong."""
    monkeypatch.setattr(products, "has_small_kernels", lambda: request.param)
    return request.param


def layer(rng, runs, examples, features, outputs, own, dtype):
    """A layer's features, weights and errors as a stack has them, and the three products of the passes with them."""
    x = rng.standard_normal((runs, examples, features) if own else (examples, features)).astype(dtype)
    errors = rng.standard_normal((runs, examples, outputs)).astype(dtype)
    theta = stack(runs, outputs * (features + 1), dtype)
    theta[...] = rng.standard_normal(theta.shape)
    weights = theta[:, : outputs * features].reshape(runs, outputs, features)
    return [(x, weights.swapaxes(1, 2)), (errors.swapaxes(1, 2), x), (errors, weights)]


@pytest.mark.usefixtures("small_kernels")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("own", [False, True], ids=["shared examples", "own examples"])
@pytest.mark.parametrize(("examples", "features", "outputs"), SHAPES)
def test_products_are_right(examples, features, outputs, own, dtype):
    rng = np.random.default_rng(0)
    for a, b in layer(rng, 3, examples, features, outputs, own, dtype):
        out = stack(3, a.shape[-2] * b.shape[-1] + 5, dtype)  # between others, as weights are in theta
        calls = list(product(a, b, out[:, :-5].reshape(3, a.shape[-2], b.shape[-1])))
        a *= 2  # calls are recorded before their operands are known
        replay(calls)
        expected = a.astype(np.float64) @ b.astype(np.float64)
        error = np.abs(out[:, :-5].reshape(expected.shape) - expected).max()
        assert error < 8 * np.finfo(dtype).eps * np.sqrt(a.shape[-1]) * np.abs(expected).max()
        assert not out[:, -5:].any()


@pytest.mark.usefixtures("small_kernels")
@pytest.mark.parametrize(("examples", "features", "outputs"), SHAPES)
def test_a_runs_product_does_not_depend_on_the_others(examples, features, outputs):
    for a, b in layer(np.random.default_rng(0), 3, examples, features, outputs, True, "float32"):
        together, alone = np.empty((2, 3, a.shape[-2], b.shape[-1]), np.float32)
        replay(product(a, b, together))
        for run in range(3):
            replay(product(a[run : run + 1], b[run : run + 1], alone[run : run + 1]))
        assert together.tobytes() == alone.tobytes()


AT_ONCE = [(10, 784, 16), (32, 784, 30), (32, 784, 100), (10, 784, 512), (128, 512, 512)]  # examples, features, outputs


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("own", [False, True], ids=["shared examples", "own examples"])
@pytest.mark.parametrize(("examples", "features", "outputs"), AT_ONCE)
def test_a_product_is_subtracted_where_it_is_computed(examples, features, outputs, own, dtype, monkeypatch):
    monkeypatch.setattr(products, "has_small_kernels", lambda: True)
    assert subtracts_at_once(outputs, examples, features)
    rng = np.random.default_rng(0)
    (x, transposed), (errors, _), _ = layer(rng, 3, examples, features, outputs, own, dtype)
    theta = stack(3, transposed[0].size + 5, dtype)
    weights = theta[:, :-5].reshape(3, outputs, features)
    weights[...] = transposed.swapaxes(1, 2)
    expected = weights - (errors.astype(np.float64) @ x)
    replay(subtract_product(weights, errors, x))
    assert np.abs(weights - expected).max() < 8 * np.finfo(dtype).eps * np.sqrt(examples) * np.abs(expected).max()
    assert not theta[:, -5:].any()


@pytest.mark.parametrize("own", [False, True], ids=["shared examples", "own examples"])
@pytest.mark.parametrize(("examples", "features", "outputs"), AT_ONCE)
def test_what_is_subtracted_from_a_run_does_not_depend_on_the_others(examples, features, outputs, own, monkeypatch):
    monkeypatch.setattr(products, "has_small_kernels", lambda: True)
    (x, transposed), (errors, _), _ = layer(np.random.default_rng(0), 3, examples, features, outputs, own, "float32")
    weights = transposed.swapaxes(1, 2)
    alone = weights.copy()
    replay(subtract_product(weights, errors, x))
    for run in range(3):
        of_run = slice(run, run + 1)
        replay(subtract_product(alone[of_run], errors[of_run], x[of_run] if own else x))
    assert weights.tobytes() == alone.tobytes()


def test_where_a_copy_would_be_updated_is_an_error():
    out, a, b = np.zeros((1, 20, 32)).swapaxes(1, 2), np.ones((1, 32, 4)), np.ones((4, 20))
    with pytest.raises(ValueError, match="contiguous"):
        list(subtract_product(out, a, b))


@pytest.mark.parametrize(("examples", "features", "outputs"), SHAPES)
def test_tiles_are_within_the_bounds_of_the_small_kernels(examples, features, outputs, monkeypatch):
    monkeypatch.setattr(products, "has_small_kernels", lambda: True)
    of_weights = partial(tile, transposed=True)
    of_features = partial(tile, transposed=False)
    for kind, rows, terms, columns in [
        (of_weights, examples, features, outputs),
        (of_features, outputs, examples, features),
        (of_features, examples, outputs, features),
    ]:
        height, width = kind(rows, terms, columns)
        assert rows % height == 0 and columns % width == 0
        if (height, width) != (rows, columns):
            assert height * terms * width <= LARGEST_PRODUCT
            assert kind is of_features or height * width <= LARGEST_RESULT


@pytest.mark.parametrize(
    ("rows", "terms", "columns", "tiles"),
    [
        (32, 784, 16, (32, 16)),  # within the bounds
        (32, 784, 100, (32, 25)),
        (10, 784, 512, (10, 64)),
        (97, 784, 101, (97, 101)),  # primes, whose tiles would be slivers
        (128, 784, 512, (128, 512)),  # so large that the general kernels are as fast
        (128, 16, 10, (128, 10)),  # too few terms
    ],
)
def test_only_small_kernels_need_tiles(rows, terms, columns, tiles, small_kernels):
    assert tile(rows, terms, columns, transposed=True) == (tiles if small_kernels else (rows, columns))
