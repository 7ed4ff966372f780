"""Claims of the gradient: its value, its direction."""

import pytest
from evidence import Case, Frames, descents, runs

from analysis.claims import FAILS, HOLDS
from analysis.claims.gradient import bowl, steepest

RATE = "optimizer.learning_rate"


def step(w1, w2, cost=25.0, rate=0.1):
    return descents({RATE: rate, "w1": [3.0, w1], "w2": [4.0, w2], "cost": [cost, 1.0]})


def measured(*better, directions=10_000.0):
    names = ("bowl", "network", "ravine")
    rows = [{"problem.name": name, "better": count} for name, count in zip(names, better, strict=False)]
    return Frames(runs=runs(*rows, directions=directions, fall_best_random=0.05, fall_steepest=1.327))


CASES = [
    Case(bowl, HOLDS, "gradient (6, 8), cost 25 at (3, 4)", step(2.4, 3.2)),
    Case(bowl, HOLDS, "gradient (6, 8)", step(0.0, 0.0, rate=0.5)),
    Case(bowl, FAILS, "gradient (6, 7)", step(2.4, 3.3)),
    Case(bowl, FAILS, "cost 12.5", step(2.4, 3.2, cost=12.5)),
    Case(
        steepest,
        HOLDS,
        "bowl: 0 of 10,000 random directions beat -∇C; the best of them lowers the cost by 0.05 per unit of length, "
        "-∇C by 1.327; network: 0 of",
        measured(0.0, 0.0),
    ),
    Case(steepest, FAILS, "network: 1 of 10,000", measured(0.0, 1.0)),
    Case(steepest, FAILS, "bowl: 0 of 10,000", measured(0.0)),
    Case(steepest, FAILS, "0 of 9,999", measured(0.0, 0.0, directions=9_999.0)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()
