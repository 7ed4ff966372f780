"""Means over independent seeds, tested against a bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from analysis.stats import verdicts
from analysis.stats.verdicts import FAILS, HOLDS


@dataclass(frozen=True, kw_only=True)
class Test:
    """A mean over n seeds with Student's interval, and the verdict on it."""

    value: float
    low: float
    high: float
    n: int
    verdict: str


def above(values: Float[np.ndarray, " seeds"] | Sequence[float], threshold: float, comparisons: int = 1) -> Test:
    """The test of a mean that should exceed a threshold."""
    array = np.asarray(values, float)
    value, low, high = verdicts.paired_difference(array, np.zeros_like(array), comparisons)
    verdict = verdicts.decided(low, high, len(array), threshold)
    return Test(value=value, low=low, high=high, n=len(array), verdict=verdict)


def below(values: Float[np.ndarray, " seeds"] | Sequence[float], threshold: float, comparisons: int = 1) -> Test:
    """The test of a mean that should stay below a threshold."""
    found = above(values, threshold, comparisons)
    verdict = {HOLDS: FAILS, FAILS: HOLDS}.get(found.verdict, found.verdict)
    return Test(value=found.value, low=found.low, high=found.high, n=found.n, verdict=verdict)


def within(values: Float[np.ndarray, " seeds"] | Sequence[float], low: float, high: float) -> Test:
    """The test of a mean that should lie between two thresholds: its whole interval must."""
    lower, upper = above(values, low), below(values, high)
    verdict = verdicts.combined([lower.verdict, upper.verdict])
    return Test(value=lower.value, low=lower.low, high=lower.high, n=lower.n, verdict=verdict)
