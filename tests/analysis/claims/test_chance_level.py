"""The claim of untrained networks."""

import pytest
from evidence import Case, descents

from analysis.claims import FAILS, HOLDS
from analysis.claims.chance_level import chance


def starts(*accuracies):
    """Seeds at two learning rates each, which start alike; only the first steps count."""
    return descents(
        *(
            {"seed": seed, "optimizer.learning_rate": rate, "test_accuracy": [accuracy, 0.97]}
            for rate in (0.1, 1.0)
            for seed, accuracy in enumerate(accuracies)
        )
    )


CASES = [
    Case(chance, HOLDS, "10.0% (range 8.0% to 12.0%) (n = 2 starts)", starts(0.08, 0.12)),
    Case(chance, HOLDS, "10.0% (n = 1 start)", starts(0.1)),
    Case(chance, FAILS, "90.0%", starts(0.9, 0.9)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()
