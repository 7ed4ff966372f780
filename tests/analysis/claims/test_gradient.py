"""Claims of the gradient: its value, its direction."""

import numpy as np
import pandas as pd
import pytest
from evidence import Case, Frames, descents, runs

from analysis.claims import FAILS, HOLDS
from analysis.claims.gradient import bowl, steepest

RATE = "optimizer.learning_rate"


def step(w1, w2, cost=25.0, rate=0.1):
    return descents({RATE: rate, "w1": [3.0, w1], "w2": [4.0, w2], "cost": [cost, 1.0]})


def measured(*slopes, better=(0.0, 0.0), count=10_000, noise=0.0, seed=0):
    """Directions whose falls are a slope times their cosine, and noise."""
    rng = np.random.default_rng(seed)
    names, tables, rows = ("bowl", "network", "ravine"), [], []
    for place, slope in enumerate(slopes):
        cosine = np.cos(rng.uniform(0, np.pi, count))
        fall = 2 * slope * cosine + noise * rng.standard_normal(count)
        tables.append(pd.DataFrame({"fall": fall, "cosine": cosine, "run_id": f"run {place}"}))
        rows.append({"problem.name": names[place], "better": better[place] if not noise else (fall > 2).sum()})
    shared = {"directions": float(count), "gradient_norm": 2.0}
    return Frames(runs=runs(*rows, **shared), tables=pd.concat(tables, ignore_index=True))


CASES = [
    Case(bowl, HOLDS, "gradient (6, 8), cost 25 at (3, 4)", step(2.4, 3.2)),
    Case(bowl, HOLDS, "gradient (6, 8)", step(0.0, 0.0, rate=0.5)),
    Case(bowl, FAILS, "gradient (6, 7)", step(2.4, 3.3)),
    Case(bowl, FAILS, "cost 12.5", step(2.4, 3.2, cost=12.5)),
    Case(steepest, HOLDS, "differ from the cosines by 0.01 at most; network: 0 of 10,000", measured(0.99, 0.99)),
    Case(steepest, FAILS, "network: 1 of 10,000", measured(1.0, 1.0, better=(0.0, 1.0))),
    Case(steepest, FAILS, "differ from the cosines by 0.1 at most", measured(1.0, 0.9)),
    Case(steepest, FAILS, "bowl: 0 of 10,000", measured(1.0)),
    Case(steepest, FAILS, "0 of 9,999", measured(1.0, 1.0, count=9_999)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


def test_falls_that_do_not_depend_on_the_angle_never_hold():
    assert {steepest.check(measured(0.0, 0.0, noise=1.0, seed=seed)).verdict for seed in range(20)} == {FAILS}
