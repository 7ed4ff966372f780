"""Minima that are not the lowest."""

from __future__ import annotations

from analysis.claims.claim import RATE, Claim, Evidence, Finding, NotRunError, finding

LANDSCAPES = ("double_well", "rastrigin")


def may_miss_the_lowest(evidence: Evidence) -> Finding:
    """Take the smallest learning rate of each landscape at which nearly every start settles in a minimum."""
    runs = evidence.runs[evidence.runs["fraction_unsettled"] < 0.01]
    slowest = []
    for name in LANDSCAPES:
        here = runs[runs["problem.name"] == name]
        if here.empty:
            raise NotRunError("basins")
        slowest.append(here.loc[here[RATE].idxmin()])
    shares = [
        f"{run['problem.name'].replace('_', ' ')}: {run['fraction_global']:.1%} of {run['starts']:,.0f} starts reach "
        f"the lowest minimum, {run['fraction_local']:.1%} another"
        for run in slowest
    ]
    return finding(
        "; ".join(shares), all(run["fraction_local"] > 0.05 for run in slowest), [run["run_id"] for run in slowest]
    )


local = Claim(
    name="local",
    order=180,
    text="Descent leads to a minimum, but not always to the lowest one.",
    studies=("basins",),
    check=may_miss_the_lowest,
)
