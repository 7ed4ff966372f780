"""A cost that has flattened, and what training on gains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.claims._runs import estimate
from analysis.claims.claim import Claim, Evidence, Finding, judged

if TYPE_CHECKING:
    import pandas as pd

FLAT = 0.02  # of the whole fall so far: the most that twice the steps may have added
LOW = 0.45  # half the cost of the best constant outputs
GAIN = 0.05  # in accuracy


def gain_after_flat(run: pd.DataFrame, most: float) -> float:
    """The gain in test accuracy from the first step at which the cost is flat, and at most `most`, to the last.

    Flat: since half as many steps the cost has fallen by less than FLAT of its fall from the start. NaN if never.
    """
    run = run.sort_values("step")
    steps, costs = run["step"].to_numpy(float), run["cost"].to_numpy(float)
    halfway = costs[np.maximum(np.searchsorted(steps, steps / 2, side="right") - 1, 0)]
    flat = (steps >= 2) & (halfway - costs < FLAT * (costs[0] - costs)) & (costs <= most)
    if not flat[:-1].any():
        return np.nan
    accuracy = run["test_accuracy"].to_numpy(float)
    return float(accuracy[-1] - accuracy[flat.argmax()])


def has_flattened(evidence: Evidence) -> Finding:
    """Expect less than five points of accuracy from training on at the same rate, after the first step at which the
    cost is flat, and after the first at which it is flat and low.

    The limit: only one of the two.
    """
    from analysis.stats import over_seeds

    groups = [run for _, run in evidence.steps.groupby("run_id")]
    first, late = (
        over_seeds.below([gain_after_flat(run, most) for run in groups], GAIN, comparisons=2) for most in (np.inf, LOW)
    )
    return judged(
        f"gain in test accuracy from training on at the same learning rate, less than {GAIN:.0%} expected: "
        f"{estimate(first, '.1%')}, from where the cost is first flat (twice the steps lowered it by less than "
        f"{FLAT:.0%} of its fall so far); {estimate(late, '.1%')}, from where it is flat and below {LOW:g} "
        f"(n = {first.n} seeds)",
        [first.verdict, late.verdict],
        evidence.steps["run_id"],
    )


flattened = Claim(
    name="flattened",
    order=160,
    about="lr_divergence",
    text="A run has converged when its cost has flattened.",
    runs=("optimizer.learning_rate=3.0 stop.max_epochs=40 record.points=40 seed=range(8)",),
    check=has_flattened,
)
