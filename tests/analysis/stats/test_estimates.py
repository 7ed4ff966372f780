"""Estimates over runs and over pairs of runs, with their intervals."""

import numpy as np
import pytest

from analysis.stats import estimates

SIX = np.abs(np.subtract.outer(np.arange(6.0), np.arange(6.0))) ** 1.5  # a distance between runs
UPPER = np.triu_indices(6, 1)


def test_over_pairs_is_the_mean_of_all_pairs_within_its_interval():
    value, low, high = estimates.over_pairs(SIX)
    assert value == SIX[UPPER].mean()
    assert low < value < high


def test_the_interval_over_pairs_is_that_of_resampled_runs():
    draw, samples = np.random.default_rng(99), []
    for _ in range(4000):
        chosen = draw.integers(6, size=6)
        pairs = [SIX[a, b] for k, a in enumerate(chosen) for b in chosen[k + 1 :] if a != b]
        samples += [np.mean(pairs)] if pairs else []
    low, high = np.quantile(samples, [0.025, 0.975])
    _, *found = estimates.over_pairs(SIX)
    assert found == pytest.approx([low, high], abs=0.05 * (high - low))  # what another 4,000 draws would differ by


def test_a_run_is_no_pair_with_itself():
    holed = SIX + np.diag(np.full(6, np.nan))
    assert estimates.over_pairs(holed) == estimates.over_pairs(SIX)
    assert np.isfinite(estimates.over_pairs(holed)).all()
    alike = 1 - np.eye(3)
    assert estimates.over_pairs(alike) == (1, 1, 1)  # three runs: a ninth of the draws are of one run only


def test_intervals_are_the_same_each_time():
    values = np.random.default_rng(0).standard_normal(10)
    assert estimates.over_pairs(SIX) == estimates.over_pairs(SIX)
    assert estimates.over_runs(values, estimates.spread) == estimates.over_runs(values, estimates.spread)
    assert estimates.variance_share(values, values**2) == estimates.variance_share(values, values**2)


def test_over_runs_is_the_estimate_within_its_interval():
    values = np.random.default_rng(1).standard_normal(12)
    value, low, high = estimates.over_runs(values, estimates.spread)
    assert value == pytest.approx(np.sqrt(((values - values.mean()) ** 2).sum() / 11))
    assert low < value < high


def test_variance_share_is_a_ratio_of_variances():
    draw = np.random.default_rng(2)
    part, whole = draw.standard_normal(20), 2 * draw.standard_normal(30)
    value, low, high = estimates.variance_share(part, whole)
    assert value == pytest.approx(part.var(ddof=1) / whole.var(ddof=1))
    assert low < value < high
    assert estimates.variance_share(3 * part, whole) == pytest.approx((9 * value, 9 * low, 9 * high))


def test_variance_shares_of_runs_that_do_not_vary():
    same, some = np.full(4, 0.1), np.array([0.1, 0.2, 0.1, 0.4])
    assert estimates.variance_share(same, some)[::2] == (0, 0)
    assert estimates.variance_share(some, same)[0] == np.inf
    assert np.isnan(estimates.variance_share(same, same)).all()
