"""Shares of the variance in a crossed design."""

import numpy as np
import pandas as pd
import pytest

from analysis.stats import shares


def drawn(rng, deviations, shape=(12, 12)):
    """A crossed design with effects of these standard deviations."""
    start, order, both = deviations
    return rng.normal(0, start, (shape[0], 1)) + rng.normal(0, order, (1, shape[1])) + rng.normal(0, both, shape)


def test_the_mean_squares_are_those_of_a_worked_example():
    """Row means 2, 5; column means 2, 3, 5.5; the residuals are ±0.5, ±0.5, 0 by hand."""
    squares = shares.mean_squares(np.array([[1.0, 1.0, 4.0], [3.0, 5.0, 7.0]]))
    assert squares == pytest.approx((3 * 4.5, 2 * 3.25, 0.5))


def test_the_shares_of_effects_without_noise():
    rng = np.random.default_rng(0)
    found = shares.shares(rng.normal(0, 1, (6, 1)) + np.zeros((6, 5)))
    assert [value for value, _, _ in found.values()] == pytest.approx([1, 0, 0], abs=1e-12)


def test_the_interval_covers_the_true_shares(monkeypatch):
    """In 95% of 300 simulations, within three of their standard errors."""
    monkeypatch.setattr(shares, "DRAWS", 2000)
    rng = np.random.default_rng(3)
    truth = dict(zip(shares.PARTS, np.array([0.5, 0.2, 0.3]), strict=True))
    inside = dict.fromkeys(shares.PARTS, 0)
    for _ in range(300):
        found = shares.shares(drawn(rng, np.sqrt(list(truth.values()))))
        for part, (_, low, high) in found.items():
            inside[part] += low <= truth[part] <= high
    assert min(inside.values()) >= 0.95 * 300 - 3 * np.sqrt(0.95 * 0.05 * 300)


def test_equal_effects_are_rarely_told_apart(monkeypatch):
    """The verdict that start or order decides more, of effects that are equal: at most 5%."""
    monkeypatch.setattr(shares, "DRAWS", 1000)
    rng = np.random.default_rng(4)
    told = 0
    for _ in range(300):
        start, order, _ = shares.shares(drawn(rng, (1, 1, 1))).values()
        told += start[1] > order[2] or order[1] > start[2]
    assert told <= 0.05 * 300


def test_runs_are_laid_out_by_start_and_order():
    runs = pd.DataFrame({"seeds.init": [2, 1, 1, 2], "seeds.batches": [7, 8, 7, 8], "y": [3.0, 2.0, 1.0, 4.0]})
    assert shares.crossed(runs, "y").tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert np.isnan(shares.crossed(runs.iloc[:3], "y")[1, 1])
