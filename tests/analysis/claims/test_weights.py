"""Claims of single weights."""

import numpy as np
import pandas as pd
import pytest
from evidence import Case, Frames, runs

from analysis.claims import FAILS, HOLDS, LIMITED, UNDECIDED
from analysis.claims.weights import sign_and_size, some_matter


def nudged(tiny, own, seeds=8, count=100):
    """Slopes and changes that agree but for a spread, in each start."""
    tables = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        slope, predicted = rng.standard_normal(count), rng.uniform(0.1, 1, count)
        table = pd.DataFrame({"slope": slope, "rise": slope + tiny * rng.standard_normal(count)})
        table["own_predicted"] = np.where(np.arange(count) < 5, np.nan, predicted)
        table["own_fall"] = table["own_predicted"] + own * rng.standard_normal(count)
        tables.append(table.assign(run_id=f"run {seed}"))
    return Frames(runs=runs(*({} for _ in range(seeds))), tables=pd.concat(tables, ignore_index=True))


def shares(*layers, dark=0.0, seeds=8, spread=0.01):
    rows = [
        {
            **{f"layer_{i}_top_10_percent": share + spread * (seed % 2 * 2 - 1) for i, share in enumerate(layers, 1)},
            **{f"layer_{i}": 1 / 3 for i in (1, 2, 3)},
        }
        for seed in range(seeds)
    ]
    shared = {"dark_weights": 1952.0, "dark_pixels": 122.0, "dark_largest_slope": dark}
    return Frames(runs=runs(*rows, **shared))


CASES = [
    Case(sign_and_size, HOLDS, "for 100.0% [100.0%, 100.0%], holds (above 90% expected)", nudged(1e-3, 1e-3)),
    Case(sign_and_size, LIMITED, "nudges of a weight's own size: ", nudged(1e-3, 5.0)),
    Case(sign_and_size, FAILS, "does not hold (above 0.9)", nudged(5.0, 5.0)),
    Case(sign_and_size, UNDECIDED, "(n = 7 starts)", nudged(1e-3, 1e-3, seeds=7)),
    Case(some_matter, HOLDS, "the 1,952 weights of the 122 pixels", shares(0.8, 0.7, 0.9)),
    Case(some_matter, LIMITED, "layer 2: 40.0% [", shares(0.8, 0.4, 0.9)),
    Case(some_matter, FAILS, "layer 1: 44.0% [", shares(0.44, 0.44, 0.44)),
    Case(some_matter, FAILS, "magnitude 0.001 at most", shares(0.8, 0.7, 0.9, dark=0.001)),
    Case(some_matter, UNDECIDED, "(n = 7 starts)", shares(0.8, 0.7, 0.9, seeds=7)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


def test_slopes_that_say_nothing_never_hold():
    verdicts = []
    evidence = nudged(0, 0)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        for column in ("rise", "own_fall"):
            evidence.tables[column] = rng.standard_normal(len(evidence.tables))
        verdicts.append(sign_and_size.check(evidence).verdict)
    assert not {HOLDS, LIMITED} & set(verdicts)


def test_gradients_of_normal_noise_hold_in_at_most_5_percent():
    rng, held = np.random.default_rng(0), 0
    for _ in range(100):
        squares = np.sort(rng.standard_normal((8, 3, 160)) ** 2)[..., ::-1]
        top = squares[..., :16].sum(axis=-1) / squares.sum(axis=-1)
        evidence = shares(0, 0, 0)
        for layer in range(3):
            evidence.runs[f"layer_{layer + 1}_top_10_percent"] = top[:, layer]
        held += some_matter.check(evidence).verdict in (HOLDS, LIMITED)
    assert held <= 5
