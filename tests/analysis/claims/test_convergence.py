"""The claim of costs that have flattened."""

import numpy as np
import pytest
from evidence import Case, Frames, descents

from analysis.claims import FAILS, HOLDS, LIMITED, UNDECIDED
from analysis.claims.convergence import GAIN, flattened, gain_after_flat


def trained(costs, accuracies, seeds=8):
    """Runs recorded at steps 0, 1, 2, 4 and so on."""
    rows = [{"seed": seed, "cost": list(costs), "test_accuracy": list(accuracies)} for seed in range(seeds)]
    found = descents(*rows)
    steps = found.steps["step"].map(lambda place: 2 ** (place - 1) if place else 0)
    return Frames(runs=found.runs, steps=found.steps.assign(step=steps))


PLATEAU = (2.5, 1.0, 0.9, 0.9, 0.5, 0.2, 0.1, 0.1, 0.1)
SLOW = (2.5, 1.5, 1.0, 0.6, 0.3, 0.1, 0.1, 0.1, 0.1)
LEARNS = (0.1, 0.1, 0.1, 0.1, 0.5, 0.8, 0.9, 0.9, 0.9)
CASES = [
    Case(flattened, HOLDS, "0.0% [0.0%, 0.0%], holds, from where the cost is first flat", trained(SLOW, LEARNS)),
    Case(
        flattened,
        LIMITED,
        "80.0% [80.0%, 80.0%], does not hold, from where the cost is first flat (twice the steps lowered it by less "
        "than 2% of its fall so far); 0.0% [0.0%, 0.0%], holds, from where it is flat and below 0.45 (n = 8 seeds)",
        trained(PLATEAU, LEARNS),
    ),
    Case(flattened, FAILS, "does not hold", trained(SLOW, (0.1,) * 7 + (0.4, 0.9))),
    Case(flattened, UNDECIDED, "(n = 7 seeds)", trained(SLOW, LEARNS, seeds=7)),
    Case(flattened, UNDECIDED, "nan%, not decided", trained(np.linspace(9, 0, 9), LEARNS)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


def test_the_gain_is_counted_from_the_first_flat_step():
    (_, run), *_ = trained(PLATEAU, LEARNS).steps.groupby("run_id")
    assert gain_after_flat(run, np.inf) == pytest.approx(0.8)
    assert gain_after_flat(run, 0.45) == pytest.approx(0.0)
    assert np.isnan(gain_after_flat(run, 0.05))


def test_gains_at_the_threshold_hold_in_at_most_5_percent():
    rng, evidence, held = np.random.default_rng(0), trained(SLOW, (0.9,) * 9), 0
    last = evidence.steps["step"] == evidence.steps["step"].max()
    for _ in range(60):
        evidence.steps.loc[last, "test_accuracy"] = 0.9 + rng.normal(GAIN, 0.01, last.sum())
        held += flattened.check(evidence).verdict in (HOLDS, LIMITED)
    assert held <= 3
