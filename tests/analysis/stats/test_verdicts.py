"""Verdicts: the interval, the three values, and how often identical arms are told apart."""

import numpy as np
import pytest
from scipy import stats

from analysis.stats import verdicts
from analysis.stats.verdicts import FAILS, HOLDS, UNDECIDED, Verdict, decided, paired_difference


def verdict(low, high, n=8, threshold=0.0):
    return Verdict(
        arm="a", hypothesis="a", statistic="s", value=(low + high) / 2, low=low, high=high, n=n, threshold=threshold
    ).verdict


def test_a_verdict_is_one_of_three():
    assert verdict(0.1, 0.3) == HOLDS and verdict(-0.3, -0.1) == FAILS and verdict(-0.1, 0.1) == UNDECIDED
    assert verdict(0.1, 0.3, threshold=0.2) == UNDECIDED and verdict(0.1, 0.3, threshold=0.3) == UNDECIDED
    assert verdict(0.1, 0.3, n=7) == UNDECIDED
    assert verdict(np.nan, np.nan) == UNDECIDED


def test_hypotheses_that_must_all_hold():
    assert verdicts.combined([HOLDS, HOLDS]) == HOLDS
    assert verdicts.combined([HOLDS, UNDECIDED]) == UNDECIDED
    assert verdicts.combined([UNDECIDED, FAILS, HOLDS]) == FAILS


@pytest.mark.parametrize("comparisons", [1, 5])
def test_the_interval_of_a_mean_is_students(comparisons):
    values = np.random.default_rng(3).normal(size=9)
    value, *found = paired_difference(values, np.zeros(9), comparisons)
    level = 1 - verdicts.ERROR_RATE / comparisons
    assert found == pytest.approx(stats.t.interval(level, 8, values.mean(), stats.sem(values)), rel=1e-9)
    resampled = values[verdicts.chosen_seeds(9, 20_000)].mean(axis=1)
    error = verdicts.bootstrap_error(resampled, 9)
    assert error == pytest.approx(stats.sem(values), rel=0.02)  # four times 1 / sqrt(2 * 20,000)
    assert list(verdicts.interval(value, error, 9, comparisons)) == pytest.approx(found, abs=0.02 * np.ptp(found))


@pytest.mark.parametrize("n", [1, 7])
def test_few_seeds_have_no_interval(n):
    some = np.arange(n, dtype=float)
    value, *ends = paired_difference(some + 1, some)
    assert value == 1 and np.isnan(ends).all()
    assert np.isnan(verdicts.interval(1.0, verdicts.bootstrap_error(some, n), n)).all()


def test_a_run_that_is_lost_decides_nothing():
    some = np.arange(9.0)
    assert np.isnan(paired_difference(some, np.where(some == 3, np.inf, some))).all()


def test_pairs_share_what_their_seed_does():
    rng = np.random.default_rng(1)
    shared = rng.normal(0, 10, 12)
    value, low, high = paired_difference(shared + 1, shared + rng.normal(0, 0.1, 12))
    assert 0.8 < low < value < high < 1.2


def test_seeds_that_choose_do_not_test():
    choosing, testing = verdicts.split([5, 1, 3, 2, 4, 0, 6, 7, 8, 9, 10, 11])
    assert (choosing, len(testing)) == ([0, 1, 2, 3], verdicts.FEWEST)
    assert verdicts.split([7, 3]) == ([3], [7])


@pytest.mark.parametrize("n", [8, 10, 16])
@pytest.mark.parametrize("noise", ["normal", "skewed"])
def test_identical_arms_are_rarely_told_apart(n, noise):
    """Of 2,000 paired differences with mean 0 at most 5% decide; the standard error is 0.5%."""
    rng = np.random.default_rng([n, noise == "skewed"])
    draw = rng.normal if noise == "normal" else rng.exponential
    differences = draw(size=(2000, n)) - draw(size=(2000, n))
    errors = np.mean([decided(*paired_difference(some, 0 * some)[1:], n) != UNDECIDED for some in differences])
    assert errors <= 0.05 + 3 * 0.005
