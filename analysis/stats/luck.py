"""The luck of a seed: the expected best of n runs, and how many seeds a comparison of two settings needs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from analysis.stats import averages

Values = Float[np.ndarray, " runs"]

ERROR_RATE, POWER = 0.05, 0.80
RESAMPLES = 500
TRIALS = 2000
LEAST_RATIO = 10  # times n that a sample must hold: its own best tells little about the best of nearly all of it


def expected_best(values: Float[np.ndarray, "*resamples runs"], n: int) -> Float[np.ndarray, "*resamples"]:
    r"""The mean, over all subsets of n values, of their largest: the best of n runs drawn without replacement.

    .. math:: \binom{N}{n}^{-1} \sum_{i=n}^{N} \binom{i-1}{n-1} x_{(i)}

    with the values in ascending order (Dodge, Gururangan, Card, Schwartz and Smith 2019 draw with replacement; without
    it, the estimate of the expectation is unbiased: Tang, Lee, Xin, Liu, Yu and Lin 2020).
    """
    from scipy.special import gammaln

    ordered = np.sort(values, axis=-1)
    total = ordered.shape[-1]
    i = np.arange(n, total + 1)
    log_weights = gammaln(i) - gammaln(i - n + 1) - gammaln(n)
    log_all = gammaln(total + 1) - gammaln(total - n + 1) - gammaln(n + 1)
    return ordered[..., n - 1 :] @ np.exp(log_weights - log_all)


def normal_best(n: int) -> float:
    """The expected largest of n standard normal values, by numerical integration over its density."""
    from scipy.special import ndtr

    z = np.linspace(-9, 9, 18_001)
    density = n * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * ndtr(z) ** (n - 1)
    return float(np.trapezoid(z * density, z))


def best_of(values: Values, counts: Sequence[int]) -> pd.DataFrame:
    """For each n the expected best of n, its bootstrap interval, and the prediction for normally distributed values.

    Counts above a tenth of the runs are left out.
    """
    rng = np.random.default_rng(averages.SEED)
    samples = np.sort(values[rng.integers(len(values), size=(RESAMPLES, len(values)))], axis=1)
    rows = []
    for n in [count for count in counts if LEAST_RATIO * count <= len(values)]:
        low, high = averages.interval(expected_best(samples, n))
        normal = values.mean() + values.std(ddof=1) * normal_best(n)
        rows.append([n, float(expected_best(values, n)), low, high, float(normal)])
    return pd.DataFrame(rows, columns=["n", "expected best", "low", "high", "normal"])


def seeds_needed(deviation: float, difference: float, correlation: float | None = None) -> int:
    r"""The seeds of each of two settings that resolve a difference of their means, with a two-sided test at 5%.

    .. math:: n = 2 (1 - \rho) \left( \frac{z_{1-\alpha/2} + z_{1-\beta}}{\delta / \sigma} \right)^2

    for a power 1 - β of 80% (Chow, Shao and Wang 2008, "Sample size calculations in clinical research", sections 3.1
    and 3.2): σ is the standard deviation over seeds, ρ the correlation of two settings run with the same seed, None
    for two settings with seeds of their own.
    """
    from scipy.special import ndtri

    both = ndtri(1 - ERROR_RATE / 2) + ndtri(POWER)
    variance = 2 * deviation**2 * (1 - (correlation or 0.0))
    return max(2, int(np.ceil(variance * (both / difference) ** 2)))


def power(values: Values, n: int, difference: float) -> float:
    """The share of comparisons that find a difference: n runs drawn from the sample against n others, shifted by it.

    Welch's two-sided t test at 5%; the seeded trials draw with replacement.
    """
    from scipy.special import stdtrit

    rng = np.random.default_rng([averages.SEED, n])
    drawn = values[rng.integers(len(values), size=(TRIALS, 2, n))]
    mean, variance = drawn.mean(axis=2), drawn.var(axis=2, ddof=1) / n
    error = np.sqrt(variance.sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = variance.sum(axis=1) ** 2 / ((variance**2).sum(axis=1) / (n - 1))
        found = np.abs(mean[:, 0] + difference - mean[:, 1]) > stdtrit(freedom, 1 - ERROR_RATE / 2) * error
    return float(found.mean())
