"""Averages over seeds and their uncertainty: interquartile means with stratified bootstrap intervals.

After Agarwal, Schwarzer, Castro, Courville and Bellemare 2021, "Deep reinforcement learning at the edge of the
statistical precipice": the mean of the middle half is robust to a few outliers, and the interval shows how much a few
seeds can tell. Every stratum (a learning rate, say) is resampled on its own. The bootstrap is seeded: the same runs,
the same interval.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

RESAMPLES = 2000
LEVEL = 0.95
SEED = 0
AVERAGE = "interquartile mean over seeds"
INTERVAL = f"{LEVEL:.0%} bootstrap interval"

Values = Float[np.ndarray, "*strata seeds"]


def interquartile_mean(values: Values) -> Float[np.ndarray, "*strata"]:
    """The mean of the middle half along the last axis; NaN counts as infinite."""
    ordered = np.sort(np.where(np.isnan(values), np.inf, values), axis=-1)
    cut = ordered.shape[-1] // 4
    return ordered[..., cut : ordered.shape[-1] - cut].mean(axis=-1)


def resampled(values: Float[np.ndarray, " seeds"], stratum: int = 0) -> Float[np.ndarray, "resamples seeds"]:
    """Bootstrap samples of one stratum's seeds."""
    rng = np.random.default_rng([SEED, stratum])
    return values[rng.integers(len(values), size=(RESAMPLES, len(values)))]


def interval(estimates: Float[np.ndarray, " resamples"]) -> tuple[float, float]:
    """The percentile interval of resampled estimates."""
    low, high = np.quantile(estimates, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    return float(low), float(high)


def summarized(frame: pd.DataFrame, by: Sequence[str], column: str) -> pd.DataFrame:
    """For each group: `n`, the interquartile mean `iqm` of a column over its runs, and its interval `low` to `high`,
    which is NaN where there is only one run.
    """
    rows = []
    for stratum, (key, group) in enumerate(frame.groupby(list(by), sort=True)):
        values = group[column].to_numpy(float)
        low, high = np.nan, np.nan
        if len(values) > 1:
            low, high = interval(interquartile_mean(resampled(values, stratum)))
        rows.append([*key, len(values), float(interquartile_mean(values)), low, high])
    return pd.DataFrame(rows, columns=[*by, "n", "iqm", "low", "high"])
