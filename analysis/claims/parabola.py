"""Descent on w²: its steps, learning rates that are too large or too small, and both sides of a minimum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from analysis.claims._runs import NETWORKS, estimate
from analysis.claims.claim import RATE, Claim, Evidence, Finding, finding, judged, trajectories
from analysis.stats.verdicts import FAILS, HOLDS

if TYPE_CHECKING:
    import pandas as pd

EVERY_STEP = "stop.max_steps=7 record.points=8 record.spacing=even"
FROM_FIVE = "problem=parabola problem.start=[5.0]"
WALK = f"{FROM_FIVE} optimizer.learning_rate=0.1 {EVERY_STEP}"


def agrees(values: pd.Series, expected: Sequence[float], decimals: int) -> bool:
    """Compare the first values with the expected ones, rounded to so many decimals."""
    return len(values) >= len(expected) and bool(
        np.allclose(values.iloc[: len(expected)], expected, rtol=0, atol=0.5 * 10**-decimals + 1e-12)
    )


def has_these_costs(evidence: Evidence) -> Finding:
    (steps,) = trajectories(evidence)
    return finding(
        " → ".join(f"{cost:.4g}" for cost in steps["cost"]),
        agrees(steps["cost"], [25, 16, 10.24, 6.55, 4.19, 2.68, 1.72, 1.10], 2),
        steps["run_id"],
    )


walk = Claim(
    name="walk",
    order=50,
    about="lr_parabola",
    text="On w², from 5 with η = 0.1, the cost goes 25, 16, 10.24, 6.55, 4.19, 2.68, 1.72, 1.10.",
    runs=(WALK,),
    check=has_these_costs,
)


def regrowth(gradient_norms: Sequence[float]) -> float:
    """The largest ratio of a gradient's norm to an earlier one, 1 at least."""
    norms = np.asarray(gradient_norms, float)
    return float((norms / np.minimum.accumulate(norms)).max())


def has_shrinking_steps(evidence: Evidence) -> Finding:
    """Expect every step on w² to be shorter than the one before, and the network's gradient never to grow again to
    twice an earlier one.

    The limit: only on w².
    """
    from analysis.stats import over_seeds

    walk, *networks = trajectories(evidence)
    lengths = walk["w1"].diff().dropna().abs()
    shrink = HOLDS if (lengths.diff().dropna() < 0).all() else FAILS
    test = over_seeds.below(np.log2([regrowth(steps["gradient_norm"]) for steps in networks]), 1.0)
    return judged(
        f"on w² the step lengths are {', '.join(f'{length:.3g}' for length in lengths)}, {shrink}; on the network the "
        f"gradient grows again after it has shrunk, by this many doublings, less than 1 expected: "
        f"{estimate(test, '.2f')} (n = {test.n} seeds)",
        [shrink, test.verdict],
        evidence.steps["run_id"],
    )


steps_shrink = Claim(
    name="steps_shrink",
    order=60,
    about="lr_parabola",
    text="Steps shrink on their own as the slope flattens: at every step on w², and on the network.",
    runs=(WALK, NETWORKS),
    check=has_shrinking_steps,
)


def explodes_bounces_crawls(evidence: Evidence) -> Finding:
    fast, border, slow = costs = [steps["cost"] for steps in trajectories(evidence)]
    return finding(
        "; ".join(
            f"η = {rate:g}: " + " → ".join(f"{cost:.5g}" for cost in values)
            for rate, values in zip(evidence.runs[RATE], costs, strict=True)
        ),
        agrees(fast, [25, 225, 2025], 6) and agrees(border, [25] * 8, 6) and agrees(slow, [25, 24.9], 3),
        evidence.runs["run_id"],
    )


rates = Claim(
    name="rates",
    order=70,
    about="lr_parabola",
    text="On w², η = 2.0 explodes, η = 1.0 bounces, η = 0.001 crawls.",
    runs=(
        f"{FROM_FIVE} optimizer.learning_rate=2.0 stop.max_steps=2 record.points=3 record.spacing=even",
        f"{FROM_FIVE} optimizer.learning_rate=1.0 {EVERY_STEP}",
        f"{FROM_FIVE} optimizer.learning_rate=0.001 stop.max_steps=1 record.points=2",
    ),
    check=explodes_bounces_crawls,
)


def approaches_from_both_sides(evidence: Evidence) -> Finding:
    rising, falling = (steps["w1"] for steps in trajectories(evidence))
    return finding(
        f"rises from {rising.iloc[0]:g} to {rising.iloc[-1]:.3g} and falls from {falling.iloc[0]:g} to "
        f"{falling.iloc[-1]:.3g}, towards the minimum at 3",
        bool((rising.diff().dropna() > 0).all() and (falling.diff().dropna() < 0).all()),
        evidence.runs["run_id"],
    )


either_side = Claim(
    name="either_side",
    order=80,
    about="lr_parabola",
    text="One rule works on both sides of a minimum: the sign of the slope sets the direction of the step.",
    runs=(
        f"problem=parabola problem.center=3.0 problem.start=[0.0] optimizer.learning_rate=0.1 {EVERY_STEP}",
        f"problem=parabola problem.center=3.0 problem.start=[6.0] optimizer.learning_rate=0.1 {EVERY_STEP}",
    ),
    check=approaches_from_both_sides,
)
