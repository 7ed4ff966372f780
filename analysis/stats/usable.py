"""Usable learning rates: those whose average final cost comes close to the best."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float

from analysis.columns import RATE
from analysis.stats import averages

USABLE = 2.0  # times the best final cost

Rates = Float[np.ndarray, " rates"]


def usable(runs: pd.DataFrame, key: str) -> pd.DataFrame:
    """For each choice of `key` its best learning rate and final cost, and the range about it in which the interquartile
    mean of the final cost is within USABLE times that best, with its width in decades and the width's interval.
    """
    rows = []
    for stratum, (choice, group) in enumerate(runs.groupby(key, sort=False)):
        finals = {rate: same["final_cost"].to_numpy(float) for rate, same in group.groupby(RATE)}
        rates = np.array(list(finals))
        costs = np.array([averages.interquartile_mean(values) for values in finals.values()])
        start, end = span(rates, costs)
        best = int(np.argmin(costs))
        low, high = _width_interval(rates, list(finals.values()), 1000 * stratum)
        rows.append(
            {
                "choice": choice,
                "best": rates[best],
                "cost": costs[best],
                "from": start,
                "to": end,
                "decades": np.log10(end / start),
                "low": low,
                "high": high,
                "seeds": group["seed"].nunique(),
            }
        )
    return pd.DataFrame(rows)


def span(rates: Rates, costs: Rates) -> tuple[float, float]:
    """The ends of the range about the lowest cost that stays within USABLE times it; between two learning rates the
    logarithm of the cost is taken to be linear in that of the rate.
    """
    best = int(np.argmin(costs))
    if not 0 < costs[best] < np.inf:
        return float(rates[best]), float(rates[best])
    level = np.log(USABLE * costs[best])

    def end(direction: int) -> float:
        i = best
        while 0 <= i + direction < len(rates) and np.log(costs[i + direction]) <= level:
            i += direction
        if not 0 <= i + direction < len(rates) or not np.isfinite(costs[i + direction]):
            return float(rates[i])
        inside, outside = np.log(costs[i]), np.log(costs[i + direction])
        share = (level - inside) / (outside - inside)
        return float(rates[i] * (rates[i + direction] / rates[i]) ** share)

    return end(-1), end(1)


def _width_interval(rates: Rates, finals: list[np.ndarray], stratum: int) -> tuple[float, float]:
    """The interval of the width in decades; NaN where a learning rate has only one run."""
    if not all(len(values) > 1 for values in finals):
        return np.nan, np.nan
    samples = [averages.interquartile_mean(averages.resampled(values, stratum + i)) for i, values in enumerate(finals)]
    return averages.interval(np.array([np.ptp(np.log10(span(rates, costs))) for costs in np.transpose(samples)]))
