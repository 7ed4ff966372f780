"""Answers about paths on landscapes: a wording for every outcome, which changes when the data do."""

import pandas as pd
import pytest

from analysis.answers import paths
from analysis.columns import OPTIMIZER
from analysis.stats.paths import Paths

FALLING, RISING = (1.0, 0.5, 0.5, 0.1), (1.0, 0.2, 0.3, 0.1)
DOWNHILL = "Downhill all the way with gradient descent: at the rates tried the cost never rises, in 2 of 2 runs."


@pytest.mark.parametrize(
    ("costs", "answer"),
    [
        ([], ""),
        ([("gradient_descent", FALLING)] * 2, DOWNHILL),
        (
            [("gradient_descent", FALLING), ("gradient_descent", RISING)],
            "Downhill with gradient descent, but not all the way: the cost rises at times in 1 of 2 runs.",
        ),
        (
            [("gradient_descent", FALLING)] * 2 + [("adam", RISING), ("momentum", FALLING)],
            f"{DOWNHILL} Other optimizers overshoot: with them the cost rises at times in 1 of 2 runs.",
        ),
        ([("adam", FALLING)], "With other optimizers the cost never rises, in 1 of 1 runs."),
        ([("gradient_descent", (1.0, 0.1, 0.1 + 1e-12)), ("gradient_descent", FALLING)], DOWNHILL),
    ],
)
def test_what_descent_looks_like(costs, answer):
    found = pd.DataFrame({"run_id": map(str, range(len(costs))), OPTIMIZER: [name for name, _ in costs]})
    rows = [
        {"run_id": str(number), "step": step, "cost": cost}
        for number, (_, steps) in enumerate(costs)
        for step, cost in reversed(list(enumerate(steps)))
    ]
    groups = [Paths(None, found, pd.DataFrame(rows))] if costs else []
    assert paths.looks(groups) == answer
