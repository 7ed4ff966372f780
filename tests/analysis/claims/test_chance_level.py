"""The claim of untrained networks."""

import numpy as np
import pytest
from evidence import Case, descents

from analysis.claims import FAILS, HOLDS, UNDECIDED
from analysis.claims.chance_level import chance


def starts(accuracies, cost=2.5):
    """Seeds of two runs each, which start alike; only the first steps count."""
    return descents(
        *(
            {"seed": seed, "rate": rate, "test_accuracy": [accuracy, 0.97], "test_cost": [cost + 0.01 * seed, 0.1]}
            for rate in (0.1, 1.0)
            for seed, accuracy in enumerate(accuracies)
        )
    )


AT_CHANCE = (0.08, 0.12, 0.1, 0.1, 0.09, 0.11, 0.1, 0.1)
CASES = [
    Case(chance, HOLDS, "test accuracy 10.0% [9.0%, 11.0%], holds (below 15%", starts(AT_CHANCE)),
    Case(chance, UNDECIDED, "not decided", starts(AT_CHANCE[:7])),
    Case(chance, FAILS, "90.0% [90.0%, 90.0%], does not hold", starts([0.9] * 8)),
    Case(chance, FAILS, "does not hold (above 0.9", starts(AT_CHANCE, cost=0.5)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


def test_accuracies_at_the_threshold_hold_in_at_most_5_percent():
    rng, evidence, held = np.random.default_rng(0), starts(AT_CHANCE), 0
    first = evidence.steps["step"] == 0
    for _ in range(200):
        evidence.steps.loc[first, "test_accuracy"] = np.tile(rng.normal(0.15, 0.03, 8), 2)
        held += chance.check(evidence).verdict == HOLDS
    assert held <= 10
