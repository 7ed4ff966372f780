"""Networks that differ in their seeds."""

from __future__ import annotations

from analysis.claims.claim import Claim, Evidence, Finding, NotRunError, finding


def ends_elsewhere(evidence: Evidence) -> Finding:
    from analysis.stats.estimates import over_pairs
    from analysis.stats.minima import BOTH, arms

    both = arms(evidence.networks[0]).get(BOTH)
    if both is None:
        raise NotRunError("seed_minima")
    squares = (both.raw_distances, both.aligned_distances, both.disagreement)
    apart, aligned, differ = map(over_pairs, squares)
    return finding(
        f"two runs end {apart[0]:.3g} apart on average, {aligned[0]:.3g} after relabelling, and classify "
        f"{differ[0]:.1%} [{differ[1]:.1%}, {differ[2]:.1%}] of the test examples differently "
        f"(n = {len(both.runs)} seeds)",
        aligned[0] > 0 and differ[1] > 0,
        both.runs["run_id"],
    )


two_seeds = Claim(
    name="two_seeds",
    order=190,
    text="Two runs from different starting points end as different networks.",
    studies=("seed_minima",),
    check=ends_elsewhere,
)
