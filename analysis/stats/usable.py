"""Usable learning rates: those whose average final cost comes close to the best.

The range is measured at two levels of the cost: at a multiple of an arm's own best, which says how far its learning
rate may be off, and at the same multiple of the best of all arms, since an arm that learns badly everywhere comes close
to its own best everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float

from analysis.columns import RATE
from analysis.stats import averages, verdicts
from analysis.stats.verdicts import Verdict

USABLE = 2.0  # times the best final cost
RESAMPLES = 2000
OWN, COMMON = "its own best", "the best of all"
LEVELS = {OWN: "decades", COMMON: "common"}  # the columns of the width

Rates = Float[np.ndarray, " rates"]
Curves = Float[np.ndarray, "*samples rates"]
Grid = Float[np.ndarray, "seeds rates"]


def usable(runs: pd.DataFrame, key: str) -> pd.DataFrame:
    """For each choice of `key` its best learning rate and final cost, and the range about it in which the interquartile
    mean of the final cost is within USABLE times that best, with its width in decades and the bounds of the width: an
    interval over seeds, of fewer than FEWEST the range. `common` is the width within USABLE times the best of all.
    """
    groups = dict(iter(runs.groupby(key, sort=False)))
    averaged = {choice: _averages(group) for choice, group in groups.items()}
    best_of_all = min(costs.min() for _, costs in averaged.values())
    rows = []
    for choice, group in groups.items():
        rates, costs = averaged[choice]
        start, end = (float(ends) for ends in span(rates, costs, USABLE * costs.min()))
        best = int(np.argmin(costs))
        seeds = complete(group)
        low, high = _width_bounds(rates, seeds)
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
                "common": float(widths(rates, costs, USABLE * best_of_all)),
                "seeds": len(seeds),
            }
        )
    return pd.DataFrame(rows)


def wider(runs: pd.DataFrame, key: str, baseline: str, names: Mapping[str, str]) -> dict[tuple[str, str], Verdict]:
    """For each level and each other choice a verdict on whether its usable range is wider than the baseline's.

    The seeds that ran at every learning rate of every choice are resampled together. The verdicts of one level share
    the rate of errors.
    """
    grids = {choice: complete(group) for choice, group in runs.groupby(key, sort=False)}
    if baseline not in grids or len(grids) < 2:
        return {}
    seeds = sorted(set.intersection(*(set(grid.index) for grid in grids.values())))
    rates = {choice: grid.columns.to_numpy(float) for choice, grid in grids.items()}
    costs = {choice: grid.loc[seeds].to_numpy(float) for choice, grid in grids.items()}
    others = [choice for choice in grids if choice != baseline]
    samples = _width_samples(rates, costs) if len(seeds) else {}
    return {
        (level, other): _verdict(level, other, baseline, samples, len(seeds), len(others), names)
        for level in LEVELS
        for other in others
    }


def _verdict(
    level: str,
    other: str,
    baseline: str,
    samples: Mapping[str, Mapping[str, np.ndarray]],
    n: int,
    comparisons: int,
    names: Mapping[str, str],
) -> Verdict:
    """The verdict on one choice at one level, from the widths of all samples; the first is of the seeds themselves."""
    value, low, high, observed = np.nan, np.nan, np.nan, []
    if samples:
        difference = samples[other][level] - samples[baseline][level]
        value, observed, resampled = float(difference[0]), difference[1 : n + 1].tolist(), difference[n + 1 :]
        low, high = verdicts.interval(value, verdicts.bootstrap_error(resampled, n), n, comparisons)
    return Verdict(
        arm=f"{names[other]} against {names[baseline]}",
        hypothesis=f"the usable range of {names[other]} is wider than that of {names[baseline]}, within {USABLE:g} "
        f"times {level}",
        statistic=f"usable range within {USABLE:g} times {level}: gain in decades",
        value=value,
        low=low,
        high=high,
        n=n,
        comparisons=comparisons,
        observed=observed,
    )


def _width_samples(rates: Mapping[str, Rates], costs: Mapping[str, Grid]) -> dict[str, dict[str, np.ndarray]]:
    """The widths of all arms at both levels: of the average over all seeds, of each seed, and of resampled seeds."""
    n = len(next(iter(costs.values())))
    chosen = verdicts.chosen_seeds(n, RESAMPLES)
    averaged = {
        arm: np.concatenate(
            [
                averages.interquartile_mean(grid.T)[None],
                np.where(np.isnan(grid), np.inf, grid),
                averages.interquartile_mean(np.moveaxis(grid[chosen], 1, 2)),
            ]
        )
        for arm, grid in costs.items()
    }
    best_of_all = np.min([curves.min(axis=-1) for curves in averaged.values()], axis=0)
    return {
        arm: {
            OWN: widths(rates[arm], curves, USABLE * curves.min(axis=-1)),
            COMMON: widths(rates[arm], curves, USABLE * best_of_all),
        }
        for arm, curves in averaged.items()
    }


def widths(rates: Rates, costs: Curves, level: Float[np.ndarray, "*samples"]) -> Float[np.ndarray, "*samples"]:
    """The widths in decades of the ranges of `span`, 0 where no cost is within the level."""
    start, end = span(rates, costs, level)
    return np.log10(end / start)


def span(
    rates: Rates, costs: Curves, level: Float[np.ndarray, "*samples"]
) -> tuple[Float[np.ndarray, "*samples"], Float[np.ndarray, "*samples"]]:
    """The ends of the range about the lowest cost in which the cost stays within a level.

    Between two learning rates the logarithm of the cost is taken to be linear in that of the rate; a range without a
    cost inside, or whose lowest cost is not positive and finite, is the learning rate of the lowest cost alone.
    """
    costs, level = np.atleast_2d(costs), np.atleast_1d(level)[:, None]
    best = costs.argmin(axis=1)
    lowest = costs.min(axis=1, keepdims=True)
    valid = (lowest > 0) & np.isfinite(lowest) & (lowest <= level)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs, limit = np.log(costs), np.log(level)
    inside = logs <= limit
    ends = [_end(np.log(rates), logs, limit[:, 0], inside, best, direction) for direction in (-1, 1)]
    alone = np.log(rates)[best]
    start, end = (np.exp(np.where(valid[:, 0], edge, alone)) for edge in ends)
    shape = np.shape(level)[:1] if len(level) > 1 else ()
    return start.reshape(shape), end.reshape(shape)


def _end(
    places: Rates, logs: Curves, limit: np.ndarray, inside: np.ndarray, best: np.ndarray, direction: int
) -> np.ndarray:
    """The logarithm of the rate at which each curve crosses its level, in one direction from its lowest point."""
    count, rows = len(places), np.arange(len(logs))
    index = np.arange(count)
    beyond = index > best[:, None] if direction > 0 else index < best[:, None]
    outside = beyond & ~inside
    first = outside.argmax(axis=1) if direction > 0 else count - 1 - outside[:, ::-1].argmax(axis=1)
    last = np.where(outside.any(axis=1), first - direction, count - 1 if direction > 0 else 0)
    crossed = np.clip(last + direction, 0, count - 1)
    near, far = logs[rows, last], logs[rows, crossed]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (limit - near) / (far - near)
        interpolated = places[last] + share * (places[crossed] - places[last])
    return np.where(outside.any(axis=1) & np.isfinite(far), interpolated, places[last])


def complete(group: pd.DataFrame) -> pd.DataFrame:
    """The final cost by seed and learning rate, of the seeds that ran at every rate; infinite where it is NaN."""
    costs = group.assign(final_cost=group["final_cost"].fillna(np.inf))
    return costs.pivot_table(index="seed", columns=RATE, values="final_cost", aggfunc="first").dropna()


def _averages(group: pd.DataFrame) -> tuple[Rates, Rates]:
    finals = {rate: same["final_cost"].to_numpy(float) for rate, same in group.groupby(RATE)}
    return np.array(list(finals)), np.array([averages.interquartile_mean(values) for values in finals.values()])


def _width_bounds(rates: Rates, seeds: pd.DataFrame) -> tuple[float, float]:
    """The bounds of the width in decades over seeds, which are resampled together at all rates."""
    grid = seeds.to_numpy(float)
    if len(grid) < averages.FEWEST:
        return averages.value_range(widths(rates, grid, USABLE * grid.min(axis=1))) if len(grid) > 1 else (np.nan,) * 2
    curves = averages.interquartile_mean(np.moveaxis(grid[verdicts.chosen_seeds(len(grid), RESAMPLES)], 1, 2))
    return averages.interval(widths(rates, curves, USABLE * curves.min(axis=1)))
