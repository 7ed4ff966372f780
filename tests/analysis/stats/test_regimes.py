"""Regimes, on descents whose regime is known."""

import cases
import numpy as np
import pandas as pd
import pytest
from studies import DIGITS, over

from analysis.stats.regimes import MEANINGS, ROSE, regimes
from gdlab.descent import stopping
from gdlab.sweeps import configuration


def steps_of(*configs):
    """The steps of these runs, which are numbered."""
    trajectories = [configuration.train_stack([config])[0] for config in configs]
    frames = [pd.DataFrame(trajectory.columns).assign(run_id=i) for i, trajectory in enumerate(trajectories)]
    return pd.concat(frames, ignore_index=True)


def found(*configs):
    return regimes(steps_of(*configs)).sort_index().tolist()


PARABOLA = ("experiment=lr_parabola",)  # from w = 5, 24 steps


@pytest.mark.parametrize(
    ("rate", "regime"),
    [
        (0.001, "little learnt"),  # the cost is 25 · 0.998^48, nine tenths of what it was
        (0.1, "converging"),
        (0.5, "converging"),  # in one step
        (0.9, "converging"),  # leaping over the minimum, lower each time
        (1.0, "bouncing"),  # between 5 and -5
        (1.001, "exploding"),  # slowly: the cost is 25 · 1.002^48, a tenth more than it was
        (2.0, "exploding"),
        (1e200, "exploding"),  # to infinity, in one step
    ],
)
def test_regimes_of_the_parabola(rate, regime):
    (config,) = over(cases.config(*PARABOLA), [rate])
    assert found(config) == [regime]


def test_the_cost_of_an_exploding_run_is_not_a_number_in_the_end():
    (config,) = over(cases.config(*PARABOLA, "record.points=2"), [1e200])  # looked at again after 16 steps
    steps = steps_of(config)
    assert np.isnan(steps["cost"].iloc[-1])
    assert regimes(steps).tolist() == ["exploding"]


def test_half_the_distance_parts_little_from_converging():
    share = 0.5 ** (1 / 48)  # of w after a step: of the cost, half in 24 steps
    slow, quick = over(cases.config(*PARABOLA), [(1 - 1.001 * share) / 2, (1 - 0.999 * share) / 2])
    assert found(slow, quick) == ["little learnt", "converging"]


def test_a_run_that_swings_bounces():
    (config,) = over(cases.config(*PARABOLA, "optimizer=momentum", "optimizer.momentum=0.9"), [0.1])
    steps = steps_of(config)
    rise = (steps["cost"] - np.minimum.accumulate(steps["cost"])).max()
    assert rise > ROSE * steps["cost"][0] and steps["cost"].iloc[-1] < 0.5 * steps["cost"][0]
    assert regimes(steps).tolist() == ["bouncing"]


@pytest.mark.parametrize("rate", [3.0, 10.0])
def test_a_regime_does_not_depend_on_how_often_a_run_is_recorded(rate):
    """The mini-batches' noise adds up over recorded steps; the largest rise above the lowest cost does not."""
    often = ("problem.hidden=[16]", "stop.max_epochs=4", "record.points=200", "record.spacing=even")
    steps = steps_of(*over(cases.config(*DIGITS, *often), [rate], range(2)))
    last = steps["step"].max()
    few = steps[(steps["step"] % 23 == 0) | (steps["step"] == last)]
    some = steps[(steps["step"] % 5 == 0) | (steps["step"] == last)]
    assert regimes(few).equals(regimes(some)) and regimes(some).equals(regimes(steps))


def test_regimes_and_outcomes_share_no_word():
    assert not {*MEANINGS} & {stopping.CONVERGED, stopping.BUDGET, stopping.DIVERGED, stopping.SATURATED}


def test_a_start_in_the_minimum_has_converged():
    config = cases.config(*PARABOLA, "problem.start=[0.0]")
    assert found(config) == ["converging"]


def test_regimes_of_a_network():
    config = cases.config(*DIGITS, "problem.hidden=[16]", "stop.max_epochs=10")
    slow, right, dead = over(config, [1e-4, 1.0, 1e4])
    steps = steps_of(slow, right, dead)
    ends = steps.groupby("run_id")["train_accuracy"].last()
    assert ends[0] < 0.3 and ends[1] > 0.6 and ends[2] < 0.2
    assert regimes(steps).tolist() == ["little learnt", "converging", "dead"]


def test_a_dead_network_is_not_one_that_has_learnt_all():
    """Both have no gradient left."""
    steps = steps_of(*over(cases.config(*DIGITS, "stop.max_epochs=3"), [1e4]))
    learnt = steps.assign(run_id=1, train_accuracy=np.linspace(0.1, 1, len(steps)), cost=np.linspace(1, 0, len(steps)))
    assert regimes(pd.concat([steps, learnt])).to_dict() == {0: "dead", 1: "converging"}


def test_runs_are_told_apart_in_whatever_order_their_steps_stand():
    steps = steps_of(*over(cases.config(*PARABOLA), [0.001, 0.1, 1.0, 2.0]))
    shuffled = steps.sample(frac=1, random_state=0)
    assert regimes(shuffled).sort_index().tolist() == ["little learnt", "converging", "bouncing", "exploding"]


def test_every_regime_is_explained():
    steps = steps_of(*over(cases.config(*PARABOLA), [0.001, 0.1, 1.0, 2.0]))
    assert {*regimes(steps), "dead"} == set(MEANINGS)
