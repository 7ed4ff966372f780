"""Estimates over runs and over pairs of runs, each a value with the two ends of its bootstrap interval.

From fewer than `averages.FEWEST` runs there is no interval: an average has the range of its values, a spread nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from analysis.stats import averages

Estimate = tuple[float, float, float]  # the value, and its interval or range from low to high
Values = Float[np.ndarray, "*resamples runs"]


def over_runs(values: Float[np.ndarray, " runs"], average: Callable[[Values], np.ndarray]) -> Estimate:
    """An average over independent values; `average` works along the last axis."""
    return (float(average(values)), *averages.extent(values, average))


def spread_over_runs(values: Float[np.ndarray, " runs"]) -> Estimate:
    """The standard deviation of independent values; its bounds are NaN where they are too few for an interval."""
    if len(values) < averages.FEWEST:
        return float(spread(values)), np.nan, np.nan
    return (float(spread(values)), *averages.interval(spread(averages.resampled(values))))


def over_pairs(square: Float[np.ndarray, "runs runs"]) -> Estimate:
    """The mean over all pairs of runs: runs are resampled, and a run makes no pair with itself."""
    rows, columns = np.triu_indices(len(square), 1)
    mean_of_all = float(square[rows, columns].mean())
    if len(square) < averages.FEWEST:
        return (mean_of_all, *averages.value_range(square[rows, columns]))
    rng = np.random.default_rng(averages.SEED)
    samples = []
    for _ in range(averages.RESAMPLES):
        chosen = rng.integers(len(square), size=len(square))
        first, second = chosen[rows], chosen[columns]
        if (first != second).any():
            samples.append(square[first, second][first != second].mean())
    return (mean_of_all, *averages.interval(np.array(samples)))


def variance_share(some: Float[np.ndarray, " runs"], others: Float[np.ndarray, " others"]) -> Estimate:
    """The variance of some runs over that of others; NaN where neither varies, as are bounds of too few runs."""
    first, second = averages.resampled(some, 1), averages.resampled(others, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        samples = spread(first) ** 2 / spread(second) ** 2
        share = float(spread(some) ** 2 / spread(others) ** 2)
    known = samples[~np.isnan(samples)]
    if min(len(some), len(others)) < averages.FEWEST:
        known = known[:0]
    return (share, *(averages.interval(known) if len(known) else (np.nan, np.nan)))


def mean(values: Values) -> np.ndarray:
    """The mean along the last axis."""
    return values.mean(axis=-1)


def spread(values: Values) -> np.ndarray:
    """The standard deviation along the last axis, with n - 1 in the denominator."""
    return np.std(values, axis=-1, ddof=1)
