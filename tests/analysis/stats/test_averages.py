"""Interquartile means and their intervals."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import trim_mean

from analysis.stats import averages
from analysis.stats.averages import interquartile_mean, interval, resampled, summarized


@pytest.mark.parametrize("n", range(1, 13))
def test_the_interquartile_mean_is_scipys_trimmed_mean(n):
    values = np.random.default_rng(n).normal(size=(5, n))
    assert np.allclose(interquartile_mean(values), trim_mean(values, 0.25, axis=1), rtol=1e-12)


def test_a_few_odd_runs_do_not_move_it():
    values = np.array([3.0, 1.0, 2.0, np.inf, 4.0, np.nan, 2.5, 1.5])
    assert interquartile_mean(values) == np.mean([2.0, 2.5, 3.0, 4.0])
    assert interquartile_mean(np.append(values, np.inf)) == np.inf  # three of nine reach into the middle half


def test_what_is_not_a_number_counts_as_infinite():
    assert interquartile_mean(np.array([1.0, np.nan])) == np.inf
    assert interquartile_mean(np.array([np.nan])) == np.inf


def test_resampling_is_seeded_and_differs_between_strata():
    values = np.arange(10.0)
    assert (resampled(values, 3) == resampled(values, 3)).all()
    assert (resampled(values, 3) != resampled(values, 4)).any()
    assert resampled(values).shape == (averages.RESAMPLES, 10) and set(resampled(values).ravel()) == set(values)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """Of small samples a percentile interval is a little too narrow: some of 95% are missing."""
    rng = np.random.default_rng(5)
    covered = [low <= 0 <= high for low, high in (bounds(rng.normal(size=10)) for _ in range(200))]
    assert 0.85 < np.mean(covered) < 0.99


def bounds(values):
    return interval(interquartile_mean(resampled(values)))


def test_the_interval_narrows_with_more_runs():
    rng = np.random.default_rng(0)
    few, many = (np.ptp(bounds(rng.normal(size=n))) for n in (8, 800))
    assert many < few / 5


def test_an_interval_may_reach_to_infinity():
    low, high = bounds(np.array([1.0, 1.1, 0.9, 1.0, np.inf, np.inf]))
    assert np.isfinite(low) and high == np.inf
    assert bounds(np.array([np.inf, np.inf])) == (np.inf, np.inf)


def test_groups_are_summarized_one_by_one():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"a": [1, 2] * 12, "b": ["x"] * 12 + ["y"] * 12, "cost": rng.lognormal(size=24)})
    table = summarized(frame, ["a", "b"], "cost")
    groups = frame.groupby(["a", "b"])["cost"]
    expected = groups.agg(lambda values: trim_mean(values, 0.25)).reset_index()
    pd.testing.assert_frame_equal(table[["a", "b"]], expected[["a", "b"]])
    assert np.allclose(table["iqm"], expected["cost"], rtol=1e-12)
    assert (table["n"] == 6).all()
    assert ((table["low"] < table["iqm"]) & (table["iqm"] < table["high"])).all()
    assert ((table["low"] >= groups.min().to_numpy()) & (table["high"] <= groups.max().to_numpy())).all()
    pd.testing.assert_frame_equal(table, summarized(frame, ["a", "b"], "cost"))


def test_one_run_has_no_interval():
    table = summarized(pd.DataFrame({"a": [1, 2, 2], "cost": [3.0, 4.0, 4.0]}), ["a"], "cost")
    assert table["iqm"].tolist() == [3, 4] and table["n"].tolist() == [1, 2]
    assert table.loc[0, ["low", "high"]].isna().all()
    assert table.loc[1, ["low", "high"]].tolist() == [4, 4]
