"""Answers about seeds, starts and minima."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from analysis import words
from analysis.stats.estimates import over_pairs
from analysis.stats.minima import BOTH, START, Arms

NEARLY_ALL = 0.995
APART = 0.5  # of the distance from the origin: minima that are farther from each other are said to be different
STEADY = 0.1  # of its mean: a standard deviation below it is said to be small


def decides(arms: Arms) -> str:
    """What differs between runs that differ in their seeds: the point, the predictions, the cost."""
    arm = BOTH if BOTH in arms else next(iter(arms))
    minima = arms[arm]
    apart = over_pairs(minima.raw_distances)[0] / minima.norms.mean()
    spread = minima.runs["final_cost"].std() / minima.runs["final_cost"].mean()
    lead = {
        (True, True): "where descent ends, and hardly how well",
        (True, False): "where descent ends, and how well",
        (False, True): "little",
        (False, False): "how well descent ends, and hardly where",
    }[apart > APART, spread <= STEADY]
    return words.sentences(
        f"{lead}: {len(minima.runs)} runs that differ in {_varied(arm)} end {apart:.2g} times as far from each other "
        f"as from the origin, and disagree on {over_pairs(minima.disagreement)[0]:.1%} of the test examples",
        f"their final costs vary by {spread:.0%} of the mean, one standard deviation",
    )


def _varied(arm: str) -> str:
    return {BOTH: "start and order of mini-batches", START: "their start"}.get(arm, "the order of mini-batches")


def luck(values: np.ndarray, best: pd.DataFrame, needs: pd.DataFrame) -> str:
    """How far accuracy varies with the seed, how lucky the best of n is, and what telling two settings apart takes."""
    top = best.iloc[-1]
    half = needs.loc[(needs["difference"] - 0.5).abs().idxmin()]
    return words.sentences(
        f"{len(values):,} runs that differ in nothing but the seed have a mean test accuracy of {values.mean():.1f}% "
        f"and a standard deviation of {values.std(ddof=1):.1f} points",
        f"the best of {top['n']:,.0f} is {top['expected best'] - values.mean():.1f} points above the mean by luck "
        f"alone, and to tell two settings apart that differ by {half['difference']:g} points takes "
        f"{half['unpaired']:,.0f} seeds of each",
    )


def lowest(table: pd.DataFrame, equal: Collection[str] = ()) -> str:
    """How often descent reaches a lowest minimum, on each landscape at the learning rate that suits best.

    `equal` names the landscapes whose minima are all equally low.
    """
    highest = table.groupby("landscape", sort=False)["fraction_global"].max()
    shares = {
        words.landscape(str(name)) + (", whose minima are equally low" if name in equal else ""): float(share)
        for name, share in highest.items()
    }
    first, *rest = sorted(shares.items(), key=lambda item: -item[1])
    texts = [f"{first[1]:.0%} of the starts on {first[0]}", *(f"{share:.0%} on {name}" for name, share in rest)]
    values = list(shares.values())
    lead = "always" if min(values) >= NEARLY_ALL else "hardly ever" if max(values) <= 1 - NEARLY_ALL else ""
    lead = lead or ("it depends on the landscape" if len(values) > 1 else "not always")
    return words.sentences(
        f"{lead}: at its best learning rate descent reaches a lowest minimum from {words.listed(texts)}"
    )


def random(ends: Mapping[str, tuple[pd.Series, pd.Series, bool]], units: int, layers: int) -> str:
    """Why starts are random: what becomes of units that start equal.

    `ends` has, for each start, the distinct units and the costs at the ends of its runs, and whether its units were all
    distinct at the start.
    """
    equal = {name: own for name, own in ends.items() if not own[2]}
    unequal = {name: own for name, own in ends.items() if own[2]}
    if not equal or not unequal:
        return "Not decided: this takes runs whose units start equal, and runs whose units start different."
    kept = max(own[0].max() for own in equal.values())
    costs = [min(own[1].min() for own in group.values()) for group in (equal, unequal)]
    if kept >= units:
        return words.sentences(
            f"here they need not be: all {units} hidden units ended distinct where they had started equal, through "
            "rounding alone"
        )
    return words.sentences(
        f"because units that start equal stay equal: {units} hidden units ended as {_alike(int(kept), layers)}, "
        f"and the training cost did not fall below {costs[0]:.2g}; from random starts it fell to {costs[1]:.2g}"
    )


def _alike(kept: int, layers: int) -> str:
    """The number of different units that are left."""
    if kept == layers:
        return "copies of one" if layers == 1 else "copies of one in each layer"
    return f"at most {kept} different ones"
