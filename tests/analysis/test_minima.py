"""Minima compared in numbers, against plain NumPy."""

import cases
import numpy as np
import pandas as pd
import pytest
from networks import minima, strangers, twins

from analysis import minima as study
from analysis.minima import BOTH, ORDER, START
from gdlab.measure.geometry import straight_line

SIX = np.abs(np.subtract.outer(np.arange(6.0), np.arange(6.0))) ** 1.5  # a distance of runs to each other
UPPER = np.triu_indices(6, 1)


def test_arms_are_what_differs_between_runs():
    made = minima(strangers(12))
    made.runs["seeds.init"] = [0] * 4 + [1, 2, 3, 4] + [1, 2, 3, 5]
    made.runs["seeds.batches"] = [1, 2, 3, 4] + [0] * 4 + [1, 2, 3, 6]  # the last run is of no arm
    arms = study.arms(made)
    assert list(arms) == [START, ORDER, BOTH]
    assert arms[ORDER].runs.index.tolist() == [0, 1, 2, 3]
    assert arms[START].runs.index.tolist() == [4, 5, 6, 7]
    assert arms[BOTH].runs.index.tolist() == [8, 9, 10]
    assert (arms[BOTH].ends == made.ends[8:11]).all()


@pytest.mark.parametrize(("arm", "fixed"), [(START, "seeds.batches"), (ORDER, "seeds.init")])
def test_an_arm_is_told_by_its_seeds_whatever_else_was_launched(arm, fixed):
    made = minima(strangers(4))
    made.runs["seed"] = made.runs[fixed] = 0
    assert [(name, len(part.runs)) for name, part in study.arms(made).items()] == [(arm, 4)]


def test_an_arm_needs_three_runs():
    made = minima(strangers(5))
    made.runs["seeds.batches"] = [1, 2, 3, 0, 0]
    (arm,) = study.arms(made).items()
    assert arm[0] == BOTH and arm[1].runs["seeds.init"].tolist() == [1, 2, 3]


def test_distances_and_disagreement_are_those_of_plain_numpy():
    network = cases.network(activation="tanh")  # whose coordinates are theta itself
    made = minima(strangers(4, network=network), network)
    expected = [[np.linalg.norm(a - b) for b in made.ends] for a in made.ends]
    assert made.raw == pytest.approx(np.array(expected), rel=1e-14)
    answers = network.outputs(made.ends, network.data.test_features).argmax(axis=2)
    for i in range(4):
        for j in range(4):
            assert made.disagreement[i, j] == np.mean(answers[i] != answers[j])
    assert 0 < made.disagreement.max() <= 1


def test_alignment_brings_every_pair_nearer():
    made = minima(strangers(5))
    assert (made.nearer == made.nearer.T).all() and (np.diag(made.nearer) == 0).all()
    pairs = np.triu_indices(5, 1)
    assert (made.nearer[pairs] < made.raw[pairs]).all()


def test_relabelled_twins_are_one_network():
    made = minima(twins(4))
    assert made.raw[np.triu_indices(4, 1)].min() > 1
    assert made.nearer.max() < 1e-12
    assert made.disagreement.max() == 0
    before, after = (np.ptp(made.lines(align=align), axis=1) for align in (False, True))
    assert before.min() > 1e-3  # the cost changes on the way
    assert after.max() < 1e-12


def test_lines_join_disjoint_pairs():
    made = minima(strangers(5))
    lines = made.lines(align=False)
    assert lines.shape == (2, study.POINTS)
    network = made.network
    for line, (i, j) in zip(lines, [(0, 1), (2, 3)], strict=True):
        points = straight_line(made.ends[i], made.ends[j], study.POINTS)
        assert line.tolist() == [network.evaluate(point[None], network.train)[0][0] for point in points]
    aligned = made.lines(align=True)
    assert aligned[:, [0, -1]] == pytest.approx(lines[:, [0, -1]], abs=1e-14)  # ends are as good as before


def test_costs_of_units_far_below_zero():
    network, (point,) = cases.network(), strangers(1)
    made = study.Minima(network, pd.DataFrame(), [{"end": 1e5 * point}, {"end": -1e5 * point}])
    assert np.isfinite(study.costs(network, made.ends)).all()
    assert 0 < made.disagreement[0, 1] <= 1


def test_costs_are_taken_in_parts():
    network = cases.network()
    theta = np.stack(strangers(2 * study.ROWS + 3))
    assert (study.costs(network, theta) == network.evaluate(theta, network.train)[0]).all()


def test_over_pairs_is_the_mean_of_all_pairs_within_its_interval():
    value, low, high = study.over_pairs(SIX)
    assert value == SIX[UPPER].mean()
    assert low < value < high


def test_the_interval_over_pairs_is_that_of_resampled_runs():
    draw, samples = np.random.default_rng(99), []
    for _ in range(4000):
        chosen = draw.integers(6, size=6)
        pairs = [SIX[a, b] for k, a in enumerate(chosen) for b in chosen[k + 1 :] if a != b]
        samples += [np.mean(pairs)] if pairs else []
    low, high = np.quantile(samples, [0.025, 0.975])
    _, *found = study.over_pairs(SIX)
    assert found == pytest.approx([low, high], abs=0.05 * (high - low))  # what another 4,000 draws would differ by


def test_a_run_is_no_pair_with_itself():
    holed = SIX + np.diag(np.full(6, np.nan))
    assert study.over_pairs(holed) == study.over_pairs(SIX)
    assert np.isfinite(study.over_pairs(holed)).all()
    alike = 1 - np.eye(3)
    assert study.over_pairs(alike) == (1, 1, 1)  # three runs: a ninth of the draws are of one run only


def test_intervals_are_the_same_each_time():
    values = np.random.default_rng(0).standard_normal(10)
    assert study.over_pairs(SIX) == study.over_pairs(SIX)
    assert study.over_runs(values, study.spread) == study.over_runs(values, study.spread)
    assert study.variance_share(values, values**2) == study.variance_share(values, values**2)


def test_over_runs_is_the_estimate_within_its_interval():
    values = np.random.default_rng(1).standard_normal(12)
    value, low, high = study.over_runs(values, study.spread)
    assert value == pytest.approx(np.sqrt(((values - values.mean()) ** 2).sum() / 11))
    assert low < value < high


def test_variance_share_is_a_ratio_of_variances():
    draw = np.random.default_rng(2)
    part, whole = draw.standard_normal(20), 2 * draw.standard_normal(30)
    value, low, high = study.variance_share(part, whole)
    assert value == pytest.approx(part.var(ddof=1) / whole.var(ddof=1))
    assert low < value < high
    assert study.variance_share(3 * part, whole) == pytest.approx((9 * value, 9 * low, 9 * high))


def test_variance_shares_of_runs_that_do_not_vary():
    same, some = np.full(4, 0.1), np.array([0.1, 0.2, 0.1, 0.4])
    assert study.variance_share(same, some)[::2] == (0, 0)
    assert study.variance_share(some, same)[0] == np.inf
    assert np.isnan(study.variance_share(same, same)).all()
