"""The claim of learning rates that decay."""

import pytest
from evidence import Case, Frames, runs

from analysis.claims import FAILS, HOLDS, LIMITED
from analysis.claims.claim import NotRunError
from analysis.claims.schedules import schedule

NEAR = (0.99, 0.995, 1.0, 1.005, 1.01)  # seeds, as factors
FAR = (0.5, 0.6, 1.0, 1.4, 1.5)


def sweep(costs, factors=NEAR):
    """Final costs by schedule and learning rate."""
    return Frames(
        runs=runs(
            *(
                {"schedule.name": name, "optimizer.learning_rate": rate, "final_cost": cost * factor}
                for (name, rate), cost in costs.items()
                for factor in factors
            )
        )
    )


LOWER = {("constant", 1.0): 0.2, ("constant", 3.0): 0.1, ("step", 3.0): 0.3, ("warmup_cosine", 9.0): 0.08}
CASES = [
    Case(
        schedule,
        HOLDS,
        "of the best schedule, warmup cosine from η = 9: 0.08 [0.0795, 0.0807] (n = 5 seeds each)",
        sweep(LOWER),
    ),
    Case(schedule, HOLDS, "best constant rate, η = 3: 0.1 [", sweep(LOWER)),
    Case(schedule, LIMITED, "0.08 [", sweep(LOWER, FAR)),
    Case(schedule, FAILS, "of the best schedule, cosine", sweep({("constant", 1.0): 0.1, ("cosine", 1.0): 0.12})),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


@pytest.mark.parametrize("name", ["constant", "cosine"])
def test_one_schedule_is_no_comparison(name):
    with pytest.raises(NotRunError, match="lr_schedules"):
        schedule.check(sweep({(name, 1.0): 0.1}))
