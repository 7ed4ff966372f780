"""Pairs of siblings, and the verdict on a step."""

import cases
import networks
import numpy as np
import pytest

from analysis.stats import forks
from analysis.stats.forks import STABLE, UNDECIDED, UNSTABLE
from gdlab.measure.geometry import barrier, straight_line


def family(parents=2, steps=(0, 5)):
    """Children of parents: at the last step the two are one point."""
    network = cases.network(batch_size=4)
    ends, keys = [], []
    for parent in range(parents):
        for step in steps:
            pair = networks.strangers(2, seed=10 * parent + step, network=network)
            for fork in (1, 2):
                ends.append(pair[0] if step == max(steps) else pair[fork - 1])
                keys.append((parent, step, fork))
    group = networks.minima(ends, network)
    init, step, fork = np.transpose(keys)
    runs = group.runs.assign(**{"seeds.init": init, forks.STEP: step, forks.FORK: fork, "steps": 5.0})
    return type(group)(network, runs, group.thetas)


def test_siblings_are_compared_and_unrelated_runs():
    group = family()
    table = forks.parted(group)
    assert table["pair"].tolist() == [forks.SIBLINGS] * 4 + [forks.RAW, forks.ALIGNED]
    same = table[table["step"] == 5]
    assert same[list(forks.MEASURES)].to_numpy() == pytest.approx(0, abs=1e-12)
    costs = group.network.evaluate(straight_line(group.ends[0], group.ends[1], forks.POINTS), group.network.train)[0]
    assert table["cost barrier"][0] == pytest.approx(barrier(costs))
    outputs = group.network.outputs(group.ends[:2], group.network.data.test_features).argmax(axis=2)
    assert table["disagreement"][0] == pytest.approx(100 * (outputs[0] != outputs[1]).mean())
    assert set(table["width"]) == {"5, 4"} and set(table["budget"]) == {5.0}


def test_unrelated_runs_differ_in_parent_and_fork():
    group = family(parents=4)
    keys = group.runs[["seeds.init", forks.STEP, forks.FORK]].to_numpy()
    for first, second in forks.unrelated(group.runs):
        assert keys[first, 0] != keys[second, 0] and keys[first, 2] != keys[second, 2]
        assert keys[first, 1] == keys[second, 1] == 0
    assert len(forks.unrelated(group.runs)) == 2


def test_the_verdict_needs_eight_pairs_and_an_interval_on_one_side():
    spread = np.linspace(-0.5, 0.5, 8)
    assert forks.verdict(1 + spread) == STABLE
    assert forks.verdict(3 + spread) == UNSTABLE
    assert forks.verdict(2 + spread) == UNDECIDED
    assert forks.verdict(1 + spread[:7]) == UNDECIDED
    assert forks.verdict(np.zeros(8)) == STABLE


def test_a_verdict_at_the_threshold_is_rarely_given():
    """Of barriers whose mean is the threshold, either verdict is wrong: at most 5% of them."""
    rng = np.random.default_rng(6)
    given = [forks.verdict(rng.normal(forks.THRESHOLD, 1, 8)) != UNDECIDED for _ in range(1000)]
    assert sum(given) <= 0.05 * 1000 + 2 * np.sqrt(0.05 * 0.95 * 1000)  # two standard errors of the simulation


def test_the_step_from_which_all_are_stable():
    verdicts = [UNSTABLE, STABLE, UNDECIDED, STABLE, STABLE]
    assert forks.stable_from([0, 1, 2, 3, 4], verdicts) == 3
    assert forks.stable_from([0, 1], [STABLE, UNSTABLE]) is None
    assert forks.unstable_until([0, 1, 2, 3, 4], verdicts) == 0
    assert forks.unstable_until([0], [STABLE]) is None
