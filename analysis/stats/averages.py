"""Averages over seeds and their uncertainty: interquartile means with stratified bootstrap intervals.

After Agarwal, Schwarzer, Castro, Courville and Bellemare 2021, "Deep reinforcement learning at the edge of the
statistical precipice": the mean of the middle half is robust to a few outliers, and the interval shows how much a few
seeds can tell. Every stratum (a learning rate, say) is resampled on its own. The bootstrap is seeded: the same runs,
the same interval.

A percentile interval of few values is too narrow: at 95% it covers the truth in 49% of cases for 2 normal values, in
76% for 3 and in 90% for 5. Below `FEWEST` values there is no interval, and the range of the values is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from gdlab.sweeps import cells

FEWEST = cells.FEWEST_FOR_INTERVAL  # values
RESAMPLES = 2000
LEVEL = 0.95
SEED = 0
AVERAGE = "interquartile mean over seeds"
INTERVAL = f"{LEVEL:.0%} bootstrap interval"

Values = Float[np.ndarray, "*strata seeds"]
Bounds = tuple[float, float]


def interquartile_mean(values: Values) -> Float[np.ndarray, "*strata"]:
    """The mean of the middle half along the last axis; NaN counts as infinite."""
    ordered = np.sort(np.where(np.isnan(values), np.inf, values), axis=-1)
    cut = ordered.shape[-1] // 4
    return ordered[..., cut : ordered.shape[-1] - cut].mean(axis=-1)


def resampled(values: Float[np.ndarray, " seeds"], stratum: int = 0) -> Float[np.ndarray, "resamples seeds"]:
    """Bootstrap samples of one stratum's seeds."""
    rng = np.random.default_rng([SEED, stratum])
    return values[rng.integers(len(values), size=(RESAMPLES, len(values)))]


def interval(estimates: Float[np.ndarray, " resamples"]) -> Bounds:
    """The percentile interval of resampled estimates."""
    low, high = np.quantile(estimates, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    return float(low), float(high)


def extent(
    values: Float[np.ndarray, " seeds"], average: Callable[[Values], np.ndarray] = interquartile_mean, stratum: int = 0
) -> Bounds:
    """The interval of an average of independent values; of fewer than FEWEST their range, and NaN of a single one."""
    if len(values) < FEWEST:
        return value_range(values)
    return interval(average(resampled(values, stratum)))


def value_range(values: Float[np.ndarray, " seeds"]) -> Bounds:
    """The smallest and the largest of some values, of which NaN counts as infinite; NaN of fewer than two."""
    if len(values) < 2:
        return np.nan, np.nan
    known = np.where(np.isnan(values), np.inf, values)
    return float(known.min()), float(known.max())


def bounds_name(counts: Iterable[int]) -> str:
    """The name of the bounds that `extent` gives for groups of these sizes."""
    few = [count < FEWEST for count in counts]
    if not any(few):
        return INTERVAL
    return f"range (n below {FEWEST})" if all(few) else f"{INTERVAL}, or its range where n is below {FEWEST}"


def seed_counts(runs: pd.DataFrame, by: Sequence[str]) -> pd.Series:
    """The number of runs of each group."""
    return runs.groupby(list(by), dropna=False).size()


def summarized(frame: pd.DataFrame, by: Sequence[str], column: str) -> pd.DataFrame:
    """For each group: `n`, the interquartile mean `iqm` of a column over its runs, and its bounds `low` to `high`: an
    interval, with fewer than FEWEST runs the range, with one run NaN.
    """
    rows = []
    for stratum, (key, group) in enumerate(frame.groupby(list(by), sort=True)):
        values = group[column].to_numpy(float)
        low, high = extent(values, stratum=stratum)
        rows.append([*key, len(values), float(interquartile_mean(values)), low, high])
    return pd.DataFrame(rows, columns=[*by, "n", "iqm", "low", "high"])
