"""The claim of digits that were missing from the training set."""

import cases
import numpy as np
import pytest
from evidence import Case, Frames, endings

from analysis.claims import FAILS, HOLDS
from analysis.claims.unseen_classes import blind

NETWORK = cases.network()


def always(digit):
    """Parameters of a network that classifies every image as this digit."""
    theta = np.zeros((1, NETWORK.parameters))
    NETWORK.layers(theta)[-1][1][0, digit] = 5.0
    return theta[0]


def trained(*pairs):
    """Networks by the digit left out of training, and the digit that they always predict."""
    groups = [
        endings(NETWORK, [always(predicted)], {"run_id": f"without {digit}", "problem.data.without": float(digit)})
        for digit, predicted in pairs
    ]
    return Frames(runs=groups[0].runs, networks=groups)


SHARE = (NETWORK.data.test_labels == 3).mean()
CASES = [
    Case(blind, HOLDS, f"classify 0.0% of its test images correctly, and {SHARE:.1%} of all", trained((5, 3))),
    Case(blind, FAILS, f"classify 100.0% of its test images correctly, and {SHARE:.1%} of all", trained((3, 3))),
    Case(blind, FAILS, "50.0% of its test images correctly", trained((5, 3), (3, 3))),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()
