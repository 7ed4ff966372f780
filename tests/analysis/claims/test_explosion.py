"""The claim of learning rates that are too large for a network."""

import numpy as np
import pytest
from evidence import Case, descents

from analysis.claims import FAILS, HOLDS, LIMITED, UNDECIDED
from analysis.claims.explosion import blows_up
from analysis.stats.regimes import CONVERGING, DEAD, EXPLODING

RATES = (0.01, 0.1, 1.0, 10.0)


def ended(sigmoid, identity, seeds=2):
    """Runs by their regimes at RATES; a dead one ends at a cost of 1."""
    kinds = [("sigmoid", sigmoid), ("identity", identity)]
    return descents(
        *(
            {
                "problem.output": output,
                "regime": regime,
                "optimizer.learning_rate": rate,
                "seed": seed,
                "cost": [2.0, 1.5, 1.0],
            }
            for output, regimes in kinds
            for seed in range(seeds)
            for rate, regime in zip(RATES, regimes[seed] if isinstance(regimes[0], tuple) else regimes, strict=True)
        )
    )


CALM, DYING = (CONVERGING,) * 4, (CONVERGING, CONVERGING, DEAD, DEAD)
SPLIT, REVERSED = (CONVERGING, CONVERGING, EXPLODING, EXPLODING), (EXPLODING, EXPLODING, CONVERGING, CONVERGING)
CASES = [
    Case(
        blows_up,
        LIMITED,
        "4 of 8 runs explode; the smallest rate that explodes is 1, the largest that does not 0.1; the exploding run "
        "has the larger rate in 100.0% of pairs",
        ended(DYING, SPLIT),
    ),
    Case(blows_up, LIMITED, "sigmoid outputs: 0 of 8 explode, 4 die at a cost of 1", ended(DYING, SPLIT)),
    Case(blows_up, HOLDS, "sigmoid outputs: 2 of 8 explode", ended((*CALM[:3], EXPLODING), SPLIT)),
    Case(blows_up, FAILS, "identity outputs: 0 of 8 runs explode; none explodes", ended(DYING, CALM)),
    Case(blows_up, UNDECIDED, "1 of 4 runs explode", ended(DYING, (*CALM[:3], EXPLODING), seeds=1)),
    Case(blows_up, UNDECIDED, "in 0.0% of pairs", ended(DYING, REVERSED)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


def test_rests_on_the_runs_that_die_and_on_all_that_may_explode():
    assert blows_up.check(ended(DYING, SPLIT)).runs == [f"run {i}" for i in (2, 3, 6, 7, *range(8, 16))]


def test_explosions_at_random_rates_hold_in_at_most_5_percent():
    rng, evidence = np.random.default_rng(0), ended(CALM, SPLIT, seeds=3)
    held, last = 0, evidence.steps["step"] == 2
    free = last & (evidence.steps["problem.output"] == "identity")
    for _ in range(100):
        evidence.steps.loc[free, "regime"] = np.concatenate([rng.permutation(SPLIT) for _ in range(3)])
        held += blows_up.check(evidence).verdict in (HOLDS, LIMITED)
    assert held <= 5
