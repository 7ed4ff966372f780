"""Claims of the cost of outputs."""

import cases
import numpy as np
import pandas as pd
import pytest
from evidence import Case, Frames, endings, runs
from scipy.stats import spearmanr

from analysis.claims import FAILS, HOLDS, UNDECIDED
from analysis.claims.cost import CORRELATED, COSTLIEST_FIRST, correlation_of_ranks, one_number, ranking

NETWORK = cases.network()


def scores(shrug, confident):
    return Frames(runs=runs({"cost_shrug": shrug, "cost_confident": confident}))


def costs(*values, theta, seeds=8):
    """Costs of stated outputs, and trained networks that are confident or not."""
    group = endings(NETWORK, [theta] * seeds, *({"seed": seed} for seed in range(seeds)))
    table = pd.DataFrame({"name": COSTLIEST_FIRST, "cost": values}).sample(frac=1, random_state=0)
    return Frames(runs=group.runs, tables=table, networks=[group])


def confident():
    """A point at which every prediction is of class 0, with a confidence that varies; all other outputs are small."""
    theta = 20 * NETWORK.initial(np.random.default_rng(0))[None]
    weights, biases = NETWORK.layers(theta)[-1]
    weights[:, 1:], biases[:, 1:], biases[:, 0] = 0, -30, 0
    return theta[0]


CONFIDENT = confident()
CASES = [
    Case(one_number, HOLDS, "0.1 cost 0.9000, a confident correct prediction 0.0129", scores(0.9, 0.0129)),
    Case(one_number, FAILS, "0.1 cost 0.4500", scores(0.45, 0.0129)),
    Case(one_number, FAILS, "prediction 0.0650", scores(0.9, 0.065)),
    Case(
        ranking,
        HOLDS,
        "1.900 (sure of 9) > 0.900 (shrug) > 0.500 (torn between 4 and 9) > 0.010 (sure of 4), holds",
        costs(1.9, 0.9, 0.5, 0.01, theta=CONFIDENT),
    ),
    Case(ranking, FAILS, "0.400 (shrug) > 0.500 (torn", costs(1.9, 0.4, 0.5, 0.01, theta=CONFIDENT)),
    Case(ranking, FAILS, "0.900 (sure of 9) > 0.900 (shrug)", costs(0.9, 0.9, 0.5, 0.01, theta=CONFIDENT)),
    Case(ranking, FAILS, "correlate at 0.00", costs(1.9, 0.9, 0.5, 0.01, theta=0 * CONFIDENT)),
    Case(ranking, UNDECIDED, "n = 7 seeds", costs(1.9, 0.9, 0.5, 0.01, theta=CONFIDENT, seeds=7)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_verdict(case):
    case.check()


def test_ranks_of_confidence_and_cost_correlate_as_scipy_says():
    outputs = NETWORK.outputs(CONFIDENT[None], NETWORK.data.test_features)[0]
    wrong = outputs.argmax(axis=1) != NETWORK.data.test_labels
    costs = [sum((out - np.eye(10)[label]) ** 2) for out, label in zip(outputs, NETWORK.data.test_labels, strict=True)]
    expected = spearmanr(outputs[wrong].max(axis=1), np.array(costs)[wrong]).statistic
    assert correlation_of_ranks(NETWORK, CONFIDENT[None]) == pytest.approx(expected)


def test_correlations_at_the_threshold_hold_in_at_most_5_percent(monkeypatch):
    rng, evidence, held = np.random.default_rng(0), costs(1.9, 0.9, 0.5, 0.01, theta=CONFIDENT), 0
    monkeypatch.setattr("analysis.claims.cost.correlation_of_ranks", lambda *_: rng.normal(CORRELATED, 0.1))
    for _ in range(200):
        held += ranking.check(evidence).verdict == HOLDS
    assert held <= 10
