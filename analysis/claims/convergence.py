"""The cost at the end of training."""

from __future__ import annotations

import numpy as np

from analysis.claims.claim import Claim, Evidence, Finding, finding


def has_flattened(evidence: Evidence) -> Finding:
    """Compare the decrease of the cost over the second half of the steps with the whole decrease."""
    from analysis import words

    shares = []
    for _, run in evidence.steps.groupby("run_id"):
        ordered = run.sort_values("step")
        halfway = ordered[ordered["step"] <= ordered["step"].max() / 2]["cost"].iloc[-1]
        start, end = ordered["cost"].iloc[0], ordered["cost"].iloc[-1]
        shares.append((halfway - end) / (start - end))
    median = float(np.median(shares))
    return finding(
        f"the second half of the steps contributes a median of {median:.2%} of the whole decrease in cost "
        f"(n = {words.plural(len(shares), 'run')})",
        median < 0.02,
        evidence.steps["run_id"],
    )


flattened = Claim(
    name="flattened",
    order=160,
    text="A run has converged when its cost has flattened.",
    studies=("seed_minima",),
    check=has_flattened,
)
