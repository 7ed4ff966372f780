"""Arms at their best learning rates, which are chosen on some seeds and tested on the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from analysis.columns import RATE
from analysis.stats import averages, verdicts
from analysis.stats.verdicts import Verdict

COST, ACCURACY = "final_cost", "final_accuracy"
PHRASES = {  # of each quantity: what is better, the difference that is then positive, and the sign that makes it so
    COST: ("a lower training cost", "reduction of the final training cost", -1),
    ACCURACY: ("a higher test accuracy", "gain in final test accuracy", 1),
}

CONSTANT = "constant"
WARM_UP = ("warmup_cosine", "cosine")  # schedules that differ in the warm-up alone

Contrast = tuple[str, str]  # the arm that is tested, and the arm it is compared with


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """An arm at the learning rate that was best on the choosing seeds: its runs on the test seeds, in their order."""

    rate: float
    runs: pd.DataFrame


def tuned(runs: pd.DataFrame, key: str) -> dict[str, Tuned]:
    """Each choice of `key` at the learning rate whose final cost was lowest, by the interquartile mean of the first
    third of the seeds, with its runs on the others.

    Only seeds that ran at every learning rate of every choice take part; without two of them the result is empty.
    """
    pairs = runs.drop_duplicates([key, RATE, "seed"])
    counts = pairs.groupby("seed").size()
    seeds = [int(seed) for seed in counts.index[counts == len(pairs[[key, RATE]].drop_duplicates())]]
    if len(seeds) < 2:
        return {}
    choosing, testing = verdicts.split(seeds)
    found = {}
    for choice, group in pairs.groupby(key, sort=False):
        by_rate = group[group["seed"].isin(choosing)].pivot(index="seed", columns=RATE, values=COST)
        rate = by_rate.columns[best_rate(by_rate.to_numpy(float))]
        chosen = group[(group[RATE] == rate) & group["seed"].isin(testing)].sort_values("seed")
        found[str(choice)] = Tuned(rate=float(rate), runs=chosen)
    return found


def best_rate(costs: Float[np.ndarray, "seeds rates"]) -> int:
    """The place of the learning rate with the lowest interquartile mean over seeds."""
    return int(np.argmin(averages.interquartile_mean(costs.T)))


def of_schedules(arms: Iterable[str]) -> list[Contrast]:
    """Every schedule against the constant rate, and the warm-up apart from the decay that follows it."""
    return [*((arm, CONSTANT) for arm in arms if arm != CONSTANT), WARM_UP]


def compared(
    arms: Mapping[str, Tuned], contrasts: Sequence[Contrast], names: Mapping[str, str], quantity: str = COST
) -> dict[Contrast, Verdict]:
    """A verdict for each contrast whose two arms are there, from the paired differences on the test seeds."""
    better, statistic, sign = PHRASES[quantity]
    present = [contrast for contrast in contrasts if contrast[0] in arms and contrast[1] in arms]
    found = {}
    for arm, baseline in present:
        first, second = (sign * arms[name].runs[quantity].to_numpy(float) for name in (arm, baseline))
        value, low, high = verdicts.paired_difference(first, second, len(present))
        found[arm, baseline] = Verdict(
            arm=f"{names[arm]} against {names[baseline]}",
            hypothesis=f"{names[arm]} ends at {better} than {names[baseline]}, each at its best learning rate",
            statistic=f"{statistic}, mean over seeds",
            value=value,
            low=low,
            high=high,
            n=len(first),
            comparisons=len(present),
            observed=(first - second).tolist(),
        )
    return found
