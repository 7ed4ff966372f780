"""Means of independent values with Student's interval, or of few values with their range."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float

from analysis.stats import verdicts
from analysis.stats.estimates import Estimate
from analysis.stats.verdicts import FEWEST

INTERVAL = f"{1 - verdicts.ERROR_RATE:.0%} interval (Student's t)"

Values = Float[np.ndarray, " n"]


def mean_within(values: Values) -> Estimate:
    """The mean with its interval; of fewer than eight values with their range, of one alone."""
    if len(values) == 1:
        return float(values[0]), np.nan, np.nan
    if len(values) < FEWEST:
        return float(values.mean()), float(values.min()), float(values.max())
    return (float(values.mean()), *interval(values))


def interval(values: Values) -> tuple[float, float]:
    """Student's interval of the mean of two values or more."""
    half = verdicts.margin(float(values.std(ddof=1)) / np.sqrt(len(values)), len(values))
    return float(values.mean()) - half, float(values.mean()) + half


def kinds(counts: Iterable[int]) -> str:
    """The names of what `mean_within` gives for groups of several sizes."""
    found = sorted(set(counts))
    few, many = ([n for n in found if (n < FEWEST) == is_few] for is_few in (True, False))
    texts = [
        f"{name}, n = {sizes[0]}" + (f" to {sizes[-1]}" if len(sizes) > 1 else "")
        for name, sizes in ((INTERVAL, many), ("range", few))
        if sizes
    ]
    return "; ".join(texts)


def kind(n: int) -> str:
    """The name of what `mean_within` gives beside the mean of n values."""
    if n == 1:
        return "n = 1"
    return f"{INTERVAL}, n = {n}" if n >= FEWEST else f"range, n = {n}"
