"""The expected best of n, and the seeds that a comparison needs."""

from itertools import combinations

import numpy as np
import pytest

from analysis.stats import luck

SEVEN = np.array([3.0, 1.0, 4.0, 1.5, 9.0, 2.6, 5.0])


@pytest.mark.parametrize("n", [1, 2, 4, 7])
def test_the_expected_best_is_the_mean_over_all_subsets(n):
    every = [max(chosen) for chosen in combinations(SEVEN, n)]
    assert luck.expected_best(SEVEN, n) == pytest.approx(np.mean(every), rel=1e-12)


def test_the_normal_best_is_known_in_closed_form_for_two_and_three():
    assert luck.normal_best(1) == pytest.approx(0, abs=1e-9)
    assert luck.normal_best(2) == pytest.approx(1 / np.sqrt(np.pi), abs=1e-6)  # the error of the grid
    assert luck.normal_best(3) == pytest.approx(1.5 / np.sqrt(np.pi), abs=1e-6)


def test_the_best_of_n_of_a_normal_sample_is_as_predicted():
    values = np.random.default_rng(1).normal(90, 0.8, 2000)
    table = luck.best_of(values, [1, 10, 100, 500])
    assert table["n"].tolist() == [1, 10, 100]
    assert ((table["low"] < table["normal"]) & (table["normal"] < table["high"])).all()


def test_the_seeds_needed_are_those_of_the_textbook():
    """z: 1.95996 + 0.84162 = 2.80159; 2 × 2.80159² = 15.698 a group for a difference of one standard deviation."""
    assert luck.seeds_needed(1.0, 1.0) == 16
    assert luck.seeds_needed(1.0, 0.1) == 1570
    assert luck.seeds_needed(1.0, 0.1, correlation=0.5) == 785
    assert luck.seeds_needed(1.0, 100.0) == 2


def test_so_many_seeds_have_the_power():
    values = np.random.default_rng(2).normal(90, 0.8, 5000)
    n = luck.seeds_needed(float(values.std(ddof=1)), 0.2)
    assert luck.power(values, n, 0.2) == pytest.approx(luck.POWER, abs=0.03)  # three standard errors of 2,000 trials
    assert luck.power(values, n, 0.0) == pytest.approx(luck.ERROR_RATE, abs=0.015)
