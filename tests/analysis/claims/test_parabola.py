"""Claims of descent on w²."""

from dataclasses import replace

import numpy as np
import pytest
from evidence import Case, descents

from analysis.claims import FAILS, HOLDS, LIMITED, UNDECIDED
from analysis.claims.parabola import either_side, rates, regrowth, steps_shrink, walk

RATE = "optimizer.learning_rate"
COSTS = [25.0, 16.0, 10.24, 6.5536, 4.194304, 2.68435456, 1.7179869184, 1.099511627776]


def three(fast, border, slow):
    """Runs whose recorded steps come last first, as the claim may not rely on their order."""
    rows = [{RATE: 2.0, "cost": fast}, {RATE: 1.0, "cost": border}, {RATE: 0.001, "cost": slow}]
    evidence = descents(*rows)
    return replace(evidence, steps=evidence.steps[::-1])


FALLING, REGROWN = [4.0, 2.0, 1.0], [4.0, 0.25, 2.0]


def shrinking(w1, norms, seeds=8):
    """A descent on w² and networks, with the norms of their gradients."""
    return descents({"w1": w1}, *({"gradient_norm": norms} for _ in range(seeds)))


CASES = [
    Case(walk, HOLDS, "25 → 16 → 10.24 → 6.554 → 4.194 → 2.684 → 1.718 → 1.1", descents({"cost": COSTS})),
    Case(walk, FAILS, "10.24 → 6.57", descents({"cost": [*COSTS[:3], 6.57, *COSTS[4:]]})),
    Case(walk, FAILS, "25 → 16", descents({"cost": COSTS[:7]})),
    Case(steps_shrink, HOLDS, "step lengths are 1, 0.8, 0.64, holds", shrinking([5.0, 4.0, 3.2, 2.56], FALLING)),
    Case(steps_shrink, HOLDS, "step lengths are 6, 3, holds", shrinking([5.0, -1.0, 2.0], FALLING)),
    Case(steps_shrink, LIMITED, "expected: 3.00 [3.00, 3.00], does not hold", shrinking([5.0, 4.0, 3.2], REGROWN)),
    Case(steps_shrink, FAILS, "step lengths are 1, 1, 0.5, does", shrinking([5.0, 4.0, 3.0, 2.5], REGROWN)),
    Case(steps_shrink, UNDECIDED, "(n = 7 seeds)", shrinking([5.0, 4.0, 3.0, 2.5], FALLING, seeds=7)),
    Case(
        rates,
        HOLDS,
        "η = 2: 25 → 225 → 2025; η = 1: 25 → 25",
        three([25.0, 225.0, 2025.0], [25.0] * 8, [25.0, 24.9001]),
    ),
    Case(rates, FAILS, "25 → 75", three([25.0, 75.0, 2025.0], [25.0] * 8, [25.0, 24.9001])),
    Case(rates, FAILS, "η = 1: 25 → 24", three([25.0, 225.0, 2025.0], [25.0, 24.0] * 4, [25.0, 24.9001])),
    Case(rates, FAILS, "η = 0.001: 25 → 20", three([25.0, 225.0, 2025.0], [25.0] * 8, [25.0, 20.0])),
    Case(
        either_side,
        HOLDS,
        "rises from 0 to 1.08 and falls from 6 to 4.92",
        descents({"w1": [0.0, 0.6, 1.08]}, {"w1": [6.0, 5.4, 4.92]}),
    ),
    Case(either_side, FAILS, "falls from 6 to 3.6", descents({"w1": [0.0, 0.6]}, {"w1": [6.0, 1.0, 3.6]})),
    Case(either_side, FAILS, "rises from 0 to -0.6", descents({"w1": [0.0, -0.6]}, {"w1": [6.0, 5.4]})),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


def test_regrowth_is_the_largest_ratio_to_an_earlier_norm():
    assert regrowth([8.0, 2.0, 4.0, 1.0, 3.0, 0.5]) == 3
    assert regrowth([3.0, 2.0, 1.0]) == 1


def test_a_regrowth_at_the_threshold_holds_in_at_most_5_percent():
    rng, held = np.random.default_rng(0), 0
    evidence = shrinking([5.0, 4.0, 3.2], [4.0, 1.0, 2.0])
    last = (evidence.steps["step"] == 2) & evidence.steps["gradient_norm"].notna()
    for _ in range(60):
        evidence.steps.loc[last, "gradient_norm"] = 2 ** (1 + rng.normal(0, 0.2, last.sum()))
        held += steps_shrink.check(evidence).verdict == HOLDS
    assert held <= 3
