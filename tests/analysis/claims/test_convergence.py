"""The claim of costs that have flattened."""

import pytest
from evidence import Case, descents

from analysis.claims import FAILS, HOLDS
from analysis.claims.convergence import flattened

CASES = [
    Case(
        flattened,
        HOLDS,
        "a median of 1.00% of the whole decrease in cost (n = 3 runs)",
        descents(
            {"cost": [1.0, 0.5, 0.01, 0.01, 0.0]}, {"cost": [1.0, 0.6, 0.3, 0.1, 0.0]}, {"cost": [2.0, 0.0, 0.0, 0.0]}
        ),
    ),
    Case(flattened, FAILS, "a median of 50.00%", descents({"cost": [4.0, 3.0, 2.0, 1.0, 0.0]})),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()
