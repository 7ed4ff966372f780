"""Learning rates that are too large for a network."""

from __future__ import annotations

from analysis.claims.claim import Claim, Evidence, Finding, finding


def explodes_unless_bounded(evidence: Evidence) -> Finding:
    """Expect some runs with identity outputs to explode.

    The limit: no run with sigmoid outputs does, whose cost is bounded.
    """
    from analysis.stats.regimes import DEAD, EXPLODING

    last = evidence.steps.drop_duplicates("run_id", keep="last")
    bounded, free = (last[last["problem.output"] == output] for output in ("sigmoid", "identity"))
    dead = bounded[bounded["regime"] == DEAD]
    bounded_explode, free_explode = ((runs["regime"] == EXPLODING).sum() for runs in (bounded, free))
    return finding(
        f"sigmoid outputs: {bounded_explode} of {len(bounded)} runs explode, {len(dead)} die at a cost of "
        f"{dead['cost'].median():.4g}; identity outputs: {free_explode} of {len(free)} explode",
        free_explode > 0,
        [*dead["run_id"], *free["run_id"]],
        limited=bounded_explode == 0,
    )


blows_up = Claim(
    name="blows_up",
    order=200,
    text="A learning rate that is too large makes the cost explode.",
    studies=("lr_explosion", "lr_divergence"),
    check=explodes_unless_bounded,
)
