"""The claim of learning rates that decay."""

import pytest
from evidence import Case, Frames, runs

from analysis.claims import FAILS, HOLDS, LIMITED, UNDECIDED
from analysis.claims.claim import NotRunError
from analysis.claims.schedules import schedule

NEAR = (0.001, -0.001, 0.002, -0.002)  # added to the cost, seed by seed, in turn
FAR = (0.2, -0.2, 0.15, -0.15)


def sweep(costs, offsets=NEAR, seeds=12):
    """Final costs by schedule and learning rate."""
    return Frames(
        runs=runs(
            *(
                {
                    "schedule.name": name,
                    "optimizer.learning_rate": rate,
                    "seed": seed,
                    "final_cost": cost + (place + 1) * offsets[seed % len(offsets)],
                }
                for place, ((name, rate), cost) in enumerate(costs.items())
                for seed in range(seeds)
            )
        )
    )


CONSTANT = {("constant", 1.0): 0.3, ("constant", 3.0): 0.2}
LOWER, HIGHER = {("cosine", 1.0): 0.25, ("cosine", 3.0): 0.1}, {("cosine", 1.0): 0.4, ("cosine", 3.0): 0.35}
WARM = {("warmup_cosine", 1.0): 0.05, ("warmup_cosine", 3.0): 0.01}
STEP = {("step", 1.0): 0.3, ("step", 3.0): 0.2}
CASES = [
    Case(schedule, HOLDS, "the best constant rate, η = 3, ends at a training cost of 0.2", sweep(CONSTANT | LOWER)),
    Case(schedule, HOLDS, "cosine against constant 0.1 [", sweep(CONSTANT | LOWER | WARM)),
    Case(schedule, LIMITED, "step against constant", sweep(CONSTANT | LOWER | STEP)),
    Case(schedule, UNDECIDED, "not decided (n = 8 test seeds)", sweep(CONSTANT | LOWER, FAR)),
    Case(schedule, UNDECIDED, "not decided (n = 6 test seeds)", sweep(CONSTANT | LOWER, seeds=9)),
    Case(schedule, FAILS, "cosine against constant -0.15", sweep(CONSTANT | HIGHER | WARM)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


@pytest.mark.parametrize("name", ["constant", "cosine", "warmup_cosine"])
def test_one_schedule_is_no_comparison(name):
    with pytest.raises(NotRunError, match="lr_schedules"):
        schedule.check(sweep({(name, 1.0): 0.1}))
