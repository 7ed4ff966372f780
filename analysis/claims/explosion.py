"""Learning rates that are too large for a network."""

from __future__ import annotations

import numpy as np

from analysis.claims.claim import LIMITED, RATE, Claim, Evidence, Finding
from analysis.stats.verdicts import FAILS, HOLDS, UNDECIDED

SEPARATED = 0.95
CHANCE = 0.05


def explodes_unless_bounded(evidence: Evidence) -> Finding:
    """Expect the runs with identity outputs that explode to have larger rates than the others: in 95% of pairs, which
    must have a chance below 5% if rates did not matter (permutations within each seed).

    The limit: no run with sigmoid outputs explodes, whose cost is bounded.
    """
    from analysis.stats.regimes import DEAD, EXPLODING
    from analysis.stats.separation import permutation_p, separation

    last = evidence.steps.drop_duplicates("run_id", keep="last")
    bounded, free = (last[last["problem.output"] == output] for output in ("sigmoid", "identity"))
    dead = bounded[bounded["regime"] == DEAD]
    explode, rates = (free["regime"] == EXPLODING).to_numpy(), free[RATE].to_numpy(float)
    share = separation(rates, explode)
    chance = permutation_p(rates, explode, free["seed"].to_numpy(int))
    limited = not (bounded["regime"] == EXPLODING).any()
    if chance < CHANCE and share >= SEPARATED:
        verdict = LIMITED if limited else HOLDS
    else:
        verdict = FAILS if not explode.any() or chance < CHANCE else UNDECIDED
    largest = "none explodes" if not explode.any() else f"the smallest rate that explodes is {rates[explode].min():.3g}"
    calm = "" if explode.all() else f", the largest that does not {rates[~explode].max():.3g}"
    pairs = "" if np.isnan(share) else f"; the exploding run has the larger rate in {share:.1%} of pairs"
    return Finding(
        measured=f"identity outputs: {explode.sum()} of {len(free)} runs explode; {largest}{calm}{pairs} (at least "
        f"{SEPARATED:.0%} expected; p = {chance:.2g}, {words_of(free['seed'].nunique())}); sigmoid outputs: "
        f"{(bounded['regime'] == EXPLODING).sum()} of {len(bounded)} explode, {len(dead)} die at a cost of "
        f"{dead['cost'].median():.4g}",
        verdict=verdict,
        runs=list(dict.fromkeys([*dead["run_id"], *free["run_id"]])),
    )


def words_of(seeds: int) -> str:
    from analysis import words

    return f"runs permuted within each of {words.plural(seeds, 'seed')}"


blows_up = Claim(
    name="blows_up",
    order=200,
    text="A learning rate that is too large makes the cost explode.",
    studies=("lr_explosion", "lr_divergence"),
    check=explodes_unless_bounded,
)
