"""Peaks of a cost between two valleys."""

import numpy as np
import pandas as pd
import pytest

from analysis.stats import descents
from analysis.stats.descents import NO_PEAK, PEAK, UNDECIDED

SHAPE = np.array([0.8, 0.5, 0.6, 1.0, 0.7, 0.55])  # the valleys are at 1 and 5, the peak at 3


def costs(shape, seeds=12, noise=0.05, seed=0):
    return shape + np.random.default_rng(seed).normal(0, noise, (seeds, len(shape)))


def test_the_peak_and_its_valleys():
    assert descents.highest(SHAPE) == (1, 3, 5)
    found = descents.peak(costs(SHAPE))
    assert (found.before, found.top, found.after, found.n) == (1, 3, 5, 8)
    assert found.verdict == PEAK
    assert found.rise == pytest.approx(0.5, abs=0.1) and found.fall == pytest.approx(0.45, abs=0.1)


def test_a_cost_that_only_falls_has_no_peak():
    assert descents.peak(costs(np.linspace(1, 0.2, 6))).verdict == NO_PEAK


def test_few_seeds_decide_nothing():
    assert descents.peak(costs(SHAPE, seeds=10)).verdict == UNDECIDED
    one = descents.peak(costs(SHAPE, seeds=1))
    assert one.verdict == UNDECIDED and one.n == 0 and np.isnan(one.rise_low)


def test_two_sizes_are_too_few():
    with pytest.raises(ValueError, match="a peak needs three sizes, got 2"):
        descents.peak(costs(SHAPE[:2]))


@pytest.mark.parametrize("shape", [np.ones(8), np.array([1.0, 0.5, 1, 1, 1, 1, 1, 1])], ids=["flat", "no descent"])
def test_a_peak_is_rarely_seen_where_there_is_none(shape):
    rng = np.random.default_rng(5)
    tables = [shape + rng.normal(0, 0.1, (12, 8)) for _ in range(400)]
    assert sum(descents.peak(table).verdict == PEAK for table in tables) <= 0.05 * 400


def test_seeds_that_lack_a_size_are_left_out():
    runs = pd.DataFrame({"seed": [0, 0, 1], "parameters": [20, 10, 10], "test_cost": [2.0, 1.0, 3.0]})
    table, sizes = descents.by_size(runs, "test_cost")
    assert table.tolist() == [[1.0, 2.0]] and sizes.tolist() == [10, 20]
