"""The claim of learning rates that are too large for a network."""

import pytest
from evidence import Case, descents

from analysis.claims import FAILS, HOLDS, LIMITED
from analysis.claims.explosion import blows_up


def ended(sigmoid, identity):
    """Runs by their regimes; a dead one ends at a cost of 1."""
    regimes = [("sigmoid", regime) for regime in sigmoid] + [("identity", regime) for regime in identity]
    return descents(
        *({"problem.output": output, "regime": regime, "cost": [2.0, 1.5, 1.0]} for output, regime in regimes)
    )


DEAD, EXPLODING, CONVERGING = "dead", "exploding", "converging"
CASES = [
    Case(
        blows_up,
        LIMITED,
        "sigmoid outputs: 0 of 3 runs explode, 2 die at a cost of 1; identity outputs: 1 of 2 explode",
        ended([DEAD, DEAD, CONVERGING], [EXPLODING, CONVERGING]),
    ),
    Case(
        blows_up,
        HOLDS,
        "sigmoid outputs: 1 of 2 runs explode",
        ended([DEAD, EXPLODING], [EXPLODING]),
    ),
    Case(blows_up, FAILS, "identity outputs: 0 of 2 explode", ended([DEAD], [CONVERGING, DEAD])),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


def test_rests_on_the_runs_that_die_and_on_all_that_may_explode():
    evidence = ended([DEAD, CONVERGING], [EXPLODING, CONVERGING])
    assert blows_up.check(evidence).runs == ["run 0", "run 2", "run 3"]
