"""The claim of units that start alike."""

import cases
import numpy as np
import pytest
from evidence import Case, Frames, endings, runs

from analysis.claims import FAILS, HOLDS, LIMITED
from analysis.claims.claim import NotRunError
from analysis.claims.symmetry import symmetry

NETWORK = cases.network()  # 5 and 4 hidden units
RANDOM = [NETWORK.initial(np.random.default_rng(seed)) for seed in (1, 2)]
ALIKE = np.full(NETWORK.parameters, 0.1)
BROKEN = np.where(np.arange(NETWORK.parameters) == 0, 0.2, ALIKE)  # one unit differs in a weight


def ended(**thetas):
    """Ends of runs by initializer and precision."""
    groups = []
    for start, ends in thetas.items():
        initializer, dtype = start.rsplit("_", 1)
        row = {"problem.initializer": initializer, "problem.dtype": dtype}
        groups.append(endings(NETWORK, ends, *[row] * len(ends)))
    return Frames(runs=runs({}), networks=groups)


CASES = [
    Case(
        symmetry,
        HOLDS,
        "constant, float64: 2 to 2 (n = 1); scaled normal, float32: 9 to 9 (n = 2)",
        ended(constant_float64=[ALIKE], scaled_normal_float32=RANDOM),
    ),
    Case(
        symmetry,
        LIMITED,
        "constant, float32: 2 to 3 (n = 2)",
        ended(constant_float64=[ALIKE], constant_float32=[ALIKE, BROKEN], scaled_normal_float32=RANDOM),
    ),
    Case(
        symmetry,
        FAILS,
        "constant, float64: 3 to 3",
        ended(constant_float64=[BROKEN], scaled_normal_float32=RANDOM),
    ),
    Case(
        symmetry,
        FAILS,
        "scaled normal, float32: 2 to 9",
        ended(constant_float64=[ALIKE], scaled_normal_float32=[ALIKE, *RANDOM]),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


@pytest.mark.parametrize("evidence", [ended(constant_float64=[ALIKE]), ended(scaled_normal_float32=RANDOM)])
def test_one_kind_of_start_is_no_comparison(evidence):
    with pytest.raises(NotRunError, match="symmetry"):
        symmetry.check(evidence)
