"""Learning rates chosen on some seeds and tested on others."""

import numpy as np
import pandas as pd
import pytest
from studies import RATE

from analysis.stats.tuned import ACCURACY, COST, compared, of_schedules, tuned
from analysis.stats.verdicts import FAILS, HOLDS, UNDECIDED

KEY = "schedule.name"
RATES = np.geomspace(1, 30, 6)
NAMES = ("constant", "step", "exponential", "cosine", "warmup_cosine")
SPOKEN = {name: name for name in NAMES}


def frame(costs):
    """Runs of final costs by arm, (seeds, rates); the accuracy is what is left of 1."""
    rows = [
        {KEY: name, RATE: rate, "seed": seed, COST: grid[seed, place], ACCURACY: 1 - grid[seed, place]}
        for name, grid in costs.items()
        for place, rate in enumerate(RATES)
        for seed in range(len(grid))
    ]
    return pd.DataFrame(rows)


def noise(seeds, rng, names=NAMES):
    """Final costs of arms that differ by chance alone; a seed has a part that all arms share."""
    shared = rng.lognormal(0, 0.1, (seeds, 1))
    return {name: 0.1 * shared * rng.lognormal(0, 0.1, (seeds, len(RATES))) for name in names}


def test_the_learning_rate_is_the_best_of_the_first_third_and_the_runs_are_the_others():
    costs = noise(12, np.random.default_rng(0))
    costs["step"][:4, 2] = 0.01  # the best on the seeds that choose, the worst on the others
    costs["step"][4:, 2] = 9.0
    arms = tuned(frame(costs), KEY)
    assert arms["step"].rate == RATES[2]
    assert arms["step"].runs["seed"].tolist() == list(range(4, 12))
    assert arms["step"].runs[COST].tolist() == [9.0] * 8
    (verdict,) = compared(arms, [("step", "constant")], SPOKEN).values()
    assert (verdict.verdict, verdict.n, verdict.comparisons) == (FAILS, 8, 1)


def test_seeds_that_lack_a_learning_rate_take_no_part():
    runs = frame(noise(12, np.random.default_rng(0)))
    arms = tuned(runs[~((runs["seed"] == 11) & (runs[RATE] == RATES[0]))], KEY)
    assert arms["step"].runs["seed"].tolist() == list(range(3, 11))
    assert tuned(runs[runs["seed"] == 0], KEY) == {}


def test_better_is_lower_cost_and_higher_accuracy():
    costs = noise(12, np.random.default_rng(0))
    costs["cosine"] = costs["constant"] / 2
    arms = tuned(frame(costs), KEY)
    for quantity in (COST, ACCURACY):
        (verdict,) = compared(arms, [("cosine", "constant"), ("cosine", "absent")], SPOKEN, quantity).values()
        assert verdict.verdict == HOLDS and verdict.value == pytest.approx(np.mean(verdict.observed))
    assert verdict.hypothesis == "cosine ends at a higher test accuracy than constant, each at its best learning rate"


def test_identical_schedules_are_rarely_told_apart():
    """In at most 5% of studies of five identical schedules may any verdict decide; 150 of them err by 1.8%."""
    rng, decided = np.random.default_rng(2), 0
    for _ in range(150):
        found = compared(tuned(frame(noise(12, rng)), KEY), of_schedules(NAMES), SPOKEN).values()
        decided += any(verdict.verdict != UNDECIDED for verdict in found)
    assert decided / 150 <= 0.05 + 2 * 0.018
