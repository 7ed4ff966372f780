"""The claim of networks that differ in their seeds."""

import cases
import numpy as np
import pytest
from evidence import Case, Frames, endings

from analysis.claims import FAILS, HOLDS
from analysis.claims.claim import NotRunError
from analysis.claims.seeds import two_seeds
from gdlab.measure.geometry import random_relabelling, relabelled

NETWORK = cases.network()
APART = [5 * NETWORK.initial(np.random.default_rng(seed)) for seed in range(4)]
RELABELLED = [
    relabelled(NETWORK, APART[0], random_relabelling(NETWORK, np.random.default_rng(seed))) for seed in range(4)
]


def ended(thetas):
    """Runs whose start and order of mini-batches come from one seed each."""
    group = endings(NETWORK, thetas, *({"seeds.init": seed, "seeds.batches": seed} for seed in range(len(thetas))))
    return Frames(runs=group.runs, networks=[group])


CASES = [
    Case(two_seeds, HOLDS, "of the test examples differently (n = 4 seeds)", ended(APART)),
    Case(two_seeds, FAILS, "two runs end 0 apart on average, 0 after relabelling", ended(APART[:1] * 4)),
    Case(two_seeds, FAILS, "classify 0.0% [0.0%, 0.0%]", ended(RELABELLED)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


def test_two_runs_are_too_few():
    with pytest.raises(NotRunError, match="seed_minima"):
        two_seeds.check(ended(APART[:2]))
