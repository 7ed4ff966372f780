"""The claim of networks that differ in their seeds."""

import cases
import numpy as np
import pandas as pd
import pytest
from evidence import Case, Frames, endings

from analysis.claims import FAILS, HOLDS, UNDECIDED
from analysis.claims.claim import NotRunError
from analysis.claims.seeds import PAIRS, two_seeds
from gdlab.measure.geometry import random_relabelling, relabelled

NETWORK, DOUBLE = cases.network(dtype="float32"), cases.network()
APART = [5 * DOUBLE.initial(np.random.default_rng(seed)) for seed in range(2 * PAIRS)]


def ended(singles, doubles):
    """The ends of seeds in float32, and of the first of them in float64."""
    groups = [
        endings(network, thetas, *({"seed": seed} for seed in range(len(thetas))), **{"problem.dtype": network.dtype})
        for network, thetas in ((NETWORK, singles), (DOUBLE, doubles))
    ]
    groups[1].runs["run_id"] = [f"double {place}" for place in range(len(doubles))]
    return Frames(runs=pd.concat([group.runs for group in groups]), networks=groups)


def case(verdict, measured, singles, doubles):
    return Case(two_seeds, verdict, measured, ended(singles, doubles))


def near(thetas, seed=0, spread=1e-6):
    rng = np.random.default_rng(seed)
    return [theta + spread * rng.standard_normal(theta.shape) for theta in thetas]


RELABELLED = [
    relabelled(DOUBLE, APART[0], random_relabelling(DOUBLE, np.random.default_rng(seed))) for seed in range(2 * PAIRS)
]
CASES = [
    case(HOLDS, "holds (n = 8 pairs)", APART, near(APART[:PAIRS])),
    case(UNDECIDED, "not decided", [APART[0]] * 16, [APART[0]] * 8),
    case(UNDECIDED, "not decided", near(RELABELLED), near(RELABELLED[:PAIRS], 1)),
    case(UNDECIDED, "(n = 7 pairs)", APART, near(APART[:7])),
    case(FAILS, "does not hold", [APART[0]] * 16, APART[8:]),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


def test_one_precision_is_no_null():
    evidence = ended(APART, APART[:PAIRS])
    with pytest.raises(NotRunError, match="lessons"):
        two_seeds.check(Frames(networks=evidence.networks[:1]))


def test_seeds_that_differ_by_rounding_alone_are_told_apart_in_at_most_5_percent():
    held = 0
    for seed in range(20):
        evidence = ended(near([APART[0]] * 16, seed, 0.3), near([APART[0]] * 8, seed + 100, 0.3))
        held += two_seeds.check(evidence).verdict == HOLDS
    assert held <= 1
