"""The error of mini-batch gradients, against the gradients of single examples."""

import cases
import numpy as np
import pandas as pd
import pytest
from messages import exactly

from gdlab.arrays import stack_like
from gdlab.measure.measurements import BatchGradients

SIZES, DRAWS = [1, 4, 16, 32], 400


def measured(network, sizes=SIZES, draws=DRAWS, seed=0):
    result = BatchGradients(sizes=sizes, draws=draws)(cases.setting(network, seed=seed))
    return result, pd.DataFrame(result.columns)


def example_gradients(network):
    """The gradient of each example of the training set, at the start."""
    theta = cases.setting(network).theta
    gradients = []
    for index in range(len(network.train.labels)):
        gradient = stack_like(theta)
        network.evaluate(theta, network.train.at(np.array([index])), gradient)
        gradients.append(gradient[0])
    return np.array(gradients)


def test_mini_batches_of_one_have_the_errors_of_single_examples():
    network = cases.network()
    gradients = example_gradients(network)
    whole = gradients.mean(axis=0)
    possible = np.linalg.norm(gradients - whole, axis=1) / np.linalg.norm(whole)
    errors = measured(network)[1].query("size == 1")["error"]
    nearest = np.abs(errors.to_numpy()[:, None] - possible).argmin(axis=1)
    assert np.allclose(errors, possible[nearest], rtol=1e-10)
    assert len(set(nearest)) == len(possible)  # 400 draws miss one of 40 with a chance of 0.2%, and seed 0 does not


def test_the_squared_error_falls_with_the_size_from_the_variance_of_the_gradients():
    """Examples that do not repeat: the mean of |g_B - g|² is S² / B (1 - B / N). Five standard errors are allowed."""
    network = cases.network()
    gradients = example_gradients(network)
    whole = gradients.mean(axis=0)
    examples = len(gradients)
    variance = ((gradients - whole) ** 2).sum() / (examples - 1) / (whole**2).sum()
    table = measured(network)[1]
    for size, group in table.groupby("size"):
        squares, expected = group["error"] ** 2, variance / size * (1 - size / examples)
        assert np.allclose(group["predicted"] ** 2, expected, rtol=1e-9)
        assert abs(squares.mean() - expected) < 5 * squares.std() / DRAWS**0.5
        assert squares.std() / DRAWS**0.5 < 0.1 * squares.mean()  # the errors are small enough to tell sizes apart


def test_metrics_sum_the_table_up():
    result, table = measured(cases.network())
    assert table["size"].tolist() == np.repeat(SIZES, DRAWS).tolist()
    typical = table.groupby("size")["error"].apply(lambda errors: np.sqrt(np.mean(errors**2)))
    assert {size: result.final[f"error_{size}"] for size in SIZES} == pytest.approx(typical.to_dict(), rel=1e-12)
    slope = np.polyfit(np.log(SIZES), np.log(typical.to_numpy()), 1)[0]
    assert result.final["exponent"] == pytest.approx(slope, rel=1e-9) and slope < -0.55  # steeper than without an end


def test_estimates_are_unbiased_and_the_whole_set_is_exact():
    network = cases.network()
    result, table = measured(network, sizes=[1, 8, 40, 64])
    assert set(table["size"]) == {1, 8, 40}
    for size, along in table.groupby("size")["along"]:
        assert abs(along.mean() - 1) <= 5 * along.std() / DRAWS**0.5 + 1e-12
        assert size < 40 or np.allclose(along, 1, rtol=1e-12)
    assert result.final["error_40"] < 1e-12


def test_the_seed_draws_the_mini_batches():
    network = cases.network(batch_size=5)
    first, again, other = (measured(network, draws=2, seed=seed)[1]["error"] for seed in (0, 0, 1))
    assert (first == again).all() and (first != other).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sizes": [1, 0]}, "sizes must be a whole number of at least 1, got 0"),
        ({"sizes": [4, 4]}, "sizes must be two different whole numbers or more, got [4, 4]"),
        ({"draws": 1}, "draws must be a whole number of at least 2, got 1"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=exactly(message)):
        BatchGradients(**{"sizes": [1, 2], "draws": 2, **settings})
