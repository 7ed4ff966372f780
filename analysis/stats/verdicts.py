"""Verdicts: a hypothesis about a statistic, its interval over seeds, and what the two decide.

A verdict is *holds* if the whole interval lies above the threshold, *does not hold* if it lies below, and *not decided*
if the threshold lies inside or fewer than `FEWEST` seeds were tested. What is tuned (a learning rate) is chosen on
other seeds than those that are tested: the best of many noisy averages is lower than any of them is.

The interval is Student's, of the paired differences where the statistic is their mean, and else with the standard error
of the paired bootstrap (Hesterberg 2015, "What teachers should know about the bootstrap", section 3.2): percentile
intervals of 8 to 16 values err too often, the more so the smaller the error rate that is asked for.
Several comparisons on one quantity share the 5% (Bonferroni): so often at most are any identical arms told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from gdlab.sweeps import cells

HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "not decided"
FEWEST = cells.FEWEST_FOR_INTERVAL  # test seeds
ERROR_RATE = 0.05
SEED = 0

Bounds = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A hypothesis, `statistic > threshold`, and the statistic's value and interval over `n` seeds.

    Parameters
    ----------
    arm
        Names what is tested, on figures.
    hypothesis
        A sentence that holds if the statistic exceeds the threshold.
    statistic
        The quantity in words, with its unit.
    value, low, high
        The estimate and its interval; NaN where there is none.
    threshold
        The largest value for which the hypothesis is false.
    n
        The number of seeds tested.
    comparisons
        The number of verdicts that share the rate of errors.
    observed
        The statistic of each seed alone, where it has one.

    """

    arm: str
    hypothesis: str
    statistic: str
    value: float
    low: float
    high: float
    n: int
    threshold: float = 0.0
    comparisons: int = 1
    observed: Sequence[float] = ()

    @property
    def verdict(self) -> str:
        """One of HOLDS, FAILS and UNDECIDED."""
        return decided(self.low, self.high, self.n, self.threshold)

    @property
    def level(self) -> float:
        """The level of the interval."""
        return 1 - ERROR_RATE / self.comparisons


def decided(low: float, high: float, n: int, threshold: float = 0.0) -> str:
    """The verdict on an interval."""
    if n < FEWEST:
        return UNDECIDED
    return HOLDS if low > threshold else FAILS if high < threshold else UNDECIDED


def combined(verdicts: Sequence[str]) -> str:
    """The verdict on hypotheses that must all hold: it fails if one of them does."""
    return FAILS if FAILS in verdicts else UNDECIDED if UNDECIDED in verdicts else HOLDS


def chosen_seeds(n: int, resamples: int) -> Int[np.ndarray, "resamples seeds"]:
    """The rows that each bootstrap sample takes; the same for the same number of seeds."""
    return np.random.default_rng([SEED, n]).integers(n, size=(resamples, n))


def bootstrap_error(estimates: Float[np.ndarray, " resamples"], n: int) -> float:
    """The standard error of a statistic of n seeds, from its resampled estimates; of a mean it is s / √n."""
    return float(np.sqrt(n / (n - 1)) * estimates.std()) if n > 1 else np.nan


def interval(value: float, error: float, n: int, comparisons: int = 1) -> Bounds:
    """Student's interval of a statistic of n seeds with this standard error; NaN of fewer than FEWEST seeds."""
    if n < FEWEST:
        return np.nan, np.nan
    half = margin(error, n, comparisons)
    return value - half, value + half


def margin(error: float, n: int, comparisons: int = 1) -> float:
    """Half the width of Student's interval of a statistic of n values with this standard error."""
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 1 - ERROR_RATE / comparisons / 2)) * error


def paired_difference(
    first: Float[np.ndarray, " seeds"], second: Float[np.ndarray, " seeds"], comparisons: int = 1
) -> tuple[float, float, float]:
    """The mean of first minus second, seed by seed, with its interval; NaN where a value is not finite."""
    difference, n = first - second, len(first)
    if not np.isfinite(difference).all():
        return np.nan, np.nan, np.nan
    error = float(difference.std(ddof=1) / np.sqrt(n)) if n > 1 else np.nan
    return (float(difference.mean()), *interval(float(difference.mean()), error, n, comparisons))


def split(seeds: Sequence[int]) -> tuple[list[int], list[int]]:
    """The seeds on which a setting is chosen, the first third but at least one, and those on which it is tested.

    Of 12 seeds 4 choose and 8 test, which is enough for a verdict.
    """
    ordered = sorted(seeds)
    cut = max(1, len(ordered) // 3)
    return ordered[:cut], ordered[cut:]
