"""Entries of the gradient: what the slope of a single weight says, and which weights matter."""

from __future__ import annotations

from analysis.claims.claim import Claim, Evidence, Finding, finding

SLOPES = "measurement=slopes"


def predicts_the_change(evidence: Evidence) -> Finding:
    run = evidence.runs.iloc[-1]
    return finding(
        f"of {len(evidence.tables)} weights nudged one at a time, {run['agreeing_signs']:.1%} change the cost in the "
        f"direction that their slope predicts; change and slope correlate at {run['correlation']:.6f}",
        run["agreeing_signs"] > 0.99 and run["correlation"] > 0.999,
        [run["run_id"]],
    )


sign_and_size = Claim(
    name="sign_and_size",
    order=100,
    text="The sign of a weight's slope says which way to change it, its size how much that matters.",
    runs=(SLOPES,),
    check=predicts_the_change,
)


def is_concentrated(evidence: Evidence) -> Finding:
    run = evidence.runs.iloc[-1]
    return finding(
        f"before training, 1% of the weights carry {run['top_1_percent']:.1%} of the squared gradient, 10% carry "
        f"{run['top_10_percent']:.1%}; the {run['dark_weights']:,.0f} weights of the {run['dark_pixels']:.0f} pixels "
        f"that are always dark have slopes of magnitude {run['dark_largest_slope']:g} at most",
        run["top_10_percent"] > 0.5 and run["dark_largest_slope"] == 0,
        [run["run_id"]],
    )


some_matter = Claim(
    name="some_matter",
    order=110,
    text="Some weights matter far more than others, and those of pixels that are always dark do not matter at all.",
    runs=(SLOPES,),
    check=is_concentrated,
)
