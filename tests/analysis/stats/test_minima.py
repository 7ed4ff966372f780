"""Minima, their distances and the lines between them, against plain NumPy."""

import cases
import numpy as np
import pandas as pd
import pytest
from networks import minima, strangers, twins

from analysis.stats import minima as statistics
from analysis.stats.minima import BOTH, ORDER, START
from gdlab.measure.geometry import aligned, distances, straight_line
from gdlab.measure.matching import matched


def test_arms_are_what_differs_between_runs():
    found = minima(strangers(12))
    found.runs["seeds.init"] = [0] * 4 + [1, 2, 3, 4] + [1, 2, 3, 5]
    found.runs["seeds.batches"] = [1, 2, 3, 4] + [0] * 4 + [1, 2, 3, 6]  # the last run is of no arm
    arms = statistics.arms(found)
    assert list(arms) == [START, ORDER, BOTH]
    assert arms[ORDER].runs.index.tolist() == [0, 1, 2, 3]
    assert arms[START].runs.index.tolist() == [4, 5, 6, 7]
    assert arms[BOTH].runs.index.tolist() == [8, 9, 10]
    assert (arms[BOTH].ends == found.ends[8:11]).all()


@pytest.mark.parametrize(("arm", "fixed"), [(START, "seeds.batches"), (ORDER, "seeds.init")])
def test_an_arm_is_told_by_its_seeds_whatever_else_was_launched(arm, fixed):
    found = minima(strangers(4))
    found.runs["seed"] = found.runs[fixed] = 0
    assert [(name, len(part.runs)) for name, part in statistics.arms(found).items()] == [(arm, 4)]


def test_an_arm_needs_three_runs():
    found = minima(strangers(5))
    found.runs["seeds.batches"] = [1, 2, 3, 0, 0]
    (arm,) = statistics.arms(found).items()
    assert arm[0] == BOTH and arm[1].runs["seeds.init"].tolist() == [1, 2, 3]


def test_distances_and_disagreement_are_those_of_plain_numpy():
    network = cases.network(activation="tanh")  # whose coordinates are theta itself
    found = minima(strangers(4, network=network), network)
    expected = [[np.linalg.norm(a - b) for b in found.ends] for a in found.ends]
    assert found.raw_distances == pytest.approx(np.array(expected), rel=1e-14)
    answers = network.outputs(found.ends, network.data.test_features).argmax(axis=2)
    for i in range(4):
        for j in range(4):
            assert found.disagreement[i, j] == np.mean(answers[i] != answers[j])
    assert 0 < found.disagreement.max() <= 1


def test_alignment_brings_every_pair_nearer():
    found = minima(strangers(5))
    assert (found.aligned_distances == found.aligned_distances.T).all() and (
        np.diag(found.aligned_distances) == 0
    ).all()
    pairs = np.triu_indices(5, 1)
    assert (found.aligned_distances[pairs] < found.raw_distances[pairs]).all()


def test_relabelled_twins_are_one_network():
    found = minima(twins(4))
    assert found.raw_distances[np.triu_indices(4, 1)].min() > 1
    assert found.aligned_distances.max() < 1e-12
    assert found.disagreement.max() == 0
    before, after = (np.ptp(found.lines(align=align), axis=1) for align in (False, True))
    assert before.min() > 1e-3  # the cost changes on the way
    assert after.max() < 1e-12


def test_the_better_of_two_alignments_gives_the_barrier():
    """The barrier after alignment is no higher than after either way of matching units alone."""
    found = minima(strangers(8))
    best = statistics.barriers(found.lines(align=True))
    for match in (aligned, matched):
        ends = [(found.ends[i], match(found.network, found.ends[i + 1], found.ends[i])) for i in range(0, 8, 2)]
        curves = [statistics.costs(found.network, straight_line(*pair, statistics.POINTS)) for pair in ends]
        assert (best <= statistics.barriers(np.array(curves)) + 1e-12).all()


def test_norms_are_distances_from_the_origin_in_the_coordinates_of_distances():
    found = minima(strangers(3))
    assert found.is_recentred
    origin = np.zeros_like(found.ends[:1])
    assert found.norms == pytest.approx(distances(found.network, found.ends, origin)[:, 0], rel=1e-12)
    assert not minima(strangers(3), cases.network(activation="tanh")).is_recentred


def test_lines_join_disjoint_pairs():
    found = minima(strangers(5))
    lines = found.lines(align=False)
    assert lines.shape == (2, statistics.POINTS)
    network = found.network
    for line, (i, j) in zip(lines, [(0, 1), (2, 3)], strict=True):
        points = straight_line(found.ends[i], found.ends[j], statistics.POINTS)
        assert line.tolist() == [network.evaluate(point[None], network.train)[0][0] for point in points]
    after = found.lines(align=True)
    assert after[:, [0, -1]] == pytest.approx(lines[:, [0, -1]], abs=1e-14)  # ends are as good as before


def test_costs_of_units_far_below_zero():
    network, (point,) = cases.network(), strangers(1)
    found = statistics.Minima(network, pd.DataFrame(), [{"end": 1e5 * point}, {"end": -1e5 * point}])
    assert np.isfinite(statistics.costs(network, found.ends)).all()
    assert 0 < found.disagreement[0, 1] <= 1


def test_costs_are_taken_in_parts():
    network = cases.network()
    theta = np.stack(strangers(2 * statistics.ROWS + 3))
    assert (statistics.costs(network, theta) == network.evaluate(theta, network.train)[0]).all()
