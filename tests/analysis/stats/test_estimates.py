"""Estimates over runs and over pairs of runs, with their intervals."""

import numpy as np
import pytest

from analysis.stats import estimates

TEN = np.abs(np.subtract.outer(np.arange(10.0), np.arange(10.0))) ** 1.5  # a distance between runs
UPPER = np.triu_indices(10, 1)


def test_over_pairs_is_the_mean_of_all_pairs_within_its_interval():
    value, low, high = estimates.over_pairs(TEN)
    assert value == TEN[UPPER].mean()
    assert low < value < high


def test_the_interval_over_pairs_is_that_of_resampled_runs():
    draw, samples = np.random.default_rng(99), []
    for _ in range(4000):
        chosen = draw.integers(10, size=10)
        pairs = [TEN[a, b] for k, a in enumerate(chosen) for b in chosen[k + 1 :] if a != b]
        samples += [np.mean(pairs)] if pairs else []
    low, high = np.quantile(samples, [0.025, 0.975])
    _, *found = estimates.over_pairs(TEN)
    assert found == pytest.approx([low, high], abs=0.05 * (high - low))  # what another 4,000 draws would differ by


def test_a_run_is_no_pair_with_itself():
    holed = TEN + np.diag(np.full(10, np.nan))
    assert estimates.over_pairs(holed) == estimates.over_pairs(TEN)
    assert np.isfinite(estimates.over_pairs(holed)).all()
    alike = 1 - np.eye(8)
    assert estimates.over_pairs(alike) == (1, 1, 1)


def test_few_runs_have_a_range_and_their_spread_has_nothing():
    values = np.array([3.0, 1.0, 2.0, 5.0, 4.0, 6.0, 9.0])
    assert estimates.over_runs(values, estimates.mean) == (pytest.approx(30 / 7), 1, 9)
    assert estimates.over_pairs(TEN[:7, :7]) == (TEN[:7, :7][np.triu_indices(7, 1)].mean(), 1, 6**1.5)
    for found in (estimates.spread_over_runs(values), estimates.variance_share(values, np.arange(20.0))):
        assert np.isfinite(found[0]) and np.isnan(found[1:]).all()
    assert np.isnan(estimates.over_runs(values[:1], estimates.mean)[1:]).all()


def test_intervals_are_the_same_each_time():
    values = np.random.default_rng(0).standard_normal(10)
    assert estimates.over_pairs(TEN) == estimates.over_pairs(TEN)
    assert estimates.spread_over_runs(values) == estimates.spread_over_runs(values)
    assert estimates.variance_share(values, values**2) == estimates.variance_share(values, values**2)


def test_over_runs_is_the_estimate_within_its_interval():
    values = np.random.default_rng(1).standard_normal(12)
    value, low, high = estimates.spread_over_runs(values)
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
    same, some = np.full(8, 0.1), np.array([0.1, 0.2, 0.1, 0.4] * 2)
    assert estimates.variance_share(same, some)[::2] == (0, 0)
    assert estimates.variance_share(some, same)[0] == np.inf
    assert np.isnan(estimates.variance_share(same, same)).all()
