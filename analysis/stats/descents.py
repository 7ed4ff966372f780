"""Double descent: a test cost that falls, rises and falls again as a model grows.

Belkin, Hsu, Ma and Mandal 2019, "Reconciling modern machine-learning practice and the classical bias-variance
trade-off" (PNAS 116): the peak lies at the interpolation threshold, where there are as many parameters as training
examples × outputs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from analysis.stats.students import interval
from analysis.stats.verdicts import FEWEST, UNDECIDED

Table = Float[np.ndarray, "seeds sizes"]

PEAK, NO_PEAK = "a peak", "no peak"
CHOOSING = 3  # one seed in so many chooses, the others test


class Peak(NamedTuple):
    """A peak between two valleys, by their places among the sizes, and what the seeds that test say of it.

    `rise` and `fall` are the mean differences of the cost between the peak and the valley before and after it, with
    the lower and upper ends of their one-sided intervals; `n` is the number of seeds that tested them.
    """

    before: int
    top: int
    after: int
    rise: float
    rise_low: float
    rise_high: float
    fall: float
    fall_low: float
    fall_high: float
    n: int

    @property
    def verdict(self) -> str:
        """A peak if both differences are above 0, no peak if one is below 0."""
        if self.n < FEWEST:
            return UNDECIDED
        if min(self.rise_low, self.fall_low) > 0:
            return PEAK
        return NO_PEAK if min(self.rise_high, self.fall_high) < 0 else UNDECIDED


def peak(costs: Table) -> Peak:
    """The highest peak between two valleys, chosen on the first third of the seeds and tested on the others.

    The hypothesis: the mean cost at the peak exceeds that at both valleys. The test: Student's for the paired
    differences, one-sided at 2.5% each; since both must be found, no peak is found more often than that where one of
    the two is absent (Berger 1982, the intersection-union test).

    Raises
    ------
    ValueError
        If there are fewer than three sizes.

    """
    if costs.shape[1] < 3:
        raise ValueError(f"a peak needs three sizes, got {costs.shape[1]}")
    cut = max(1, len(costs) // CHOOSING)
    before, top, after = highest(costs[:cut].mean(axis=0))
    tested = costs[cut:] if len(costs) > cut else costs
    return Peak(
        before,
        top,
        after,
        *difference(tested[:, top] - tested[:, before]),
        *difference(tested[:, top] - tested[:, after]),
        len(costs) - cut,
    )


def highest(means: Float[np.ndarray, " sizes"]) -> tuple[int, int, int]:
    """The places of a valley, a peak and a valley: the peak that rises most above the higher of its two valleys."""
    tops = range(1, len(means) - 1)
    valleys = [(int(means[:top].argmin()), top, top + 1 + int(means[top + 1 :].argmin())) for top in tops]
    return max(valleys, key=lambda three: means[three[1]] - max(means[three[0]], means[three[2]]))


def difference(values: Float[np.ndarray, " seeds"]) -> tuple[float, float, float]:
    """The mean of paired differences, with Student's interval; NaN ends for one value."""
    return (float(values.mean()), *(interval(values) if len(values) > 1 else (np.nan, np.nan)))


def by_size(runs: pd.DataFrame, column: str) -> tuple[Table, Float[np.ndarray, " sizes"]]:
    """A column of the runs, a row for each seed, and the number of parameters of each of its columns.

    Seeds that lack a size are left out.
    """
    table = runs.pivot_table(index="seed", columns="parameters", values=column).dropna()
    return table.to_numpy(float), table.columns.to_numpy(float)
