"""Frames that studies load: their order, their regimes, and what they must hold."""

import cases
import numpy as np
import pandas as pd
import pytest
from studies import RATE, descended, over

from analysis import frames
from analysis.errors import StudyError


def test_runs_are_sorted_by_their_params_whatever_their_order():
    rows = [
        {"optimizer.name": name, "problem.hidden": hidden, RATE: rate, "seed": seed}
        for name in ("gradient_descent", "adam")
        for hidden in ("[8, 8]", "[16, 16]", None)
        for rate in (0.1, 1.0, 10.0)
        for seed in (0, 1)
    ]
    expected = pd.DataFrame(rows)
    shuffled = expected.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(frames.sort_runs(shuffled), expected)


def test_runs_without_params_stay_as_they_are():
    runs = pd.DataFrame({"run_id": ["b", "a"]})
    assert frames.sort_runs(runs)["run_id"].tolist() == ["b", "a"]


def test_the_newest_sweep_is_that_of_the_newest_run():
    runs = pd.DataFrame({"parent": ["old", "new", None], RATE: [3.0, 2.0, 1.0]})
    assert frames.newest_parent(frames.sort_runs(runs)) == "new"
    assert frames.newest_parent(runs.iloc[[2]]) is None
    assert frames.newest_parent(runs.drop(columns="parent")) is None


def test_missing_columns_and_missing_values_are_named():
    runs = pd.DataFrame({"run_id": ["a", "b"], "seed": [0.0, np.nan], "final_cost": [1.0, np.nan]})
    with pytest.raises(StudyError, match="^these runs lacks outcome; this study needs seed, outcome$"):
        frames.require(runs, ("seed", "outcome"), "these runs")
    with pytest.raises(StudyError, match="^these runs: 1 of 2 runs have no seed$"):
        frames.require(runs, ("seed",), "these runs")
    frames.require(runs, ("final_cost",), "these runs")  # of a diverged run, no gap


def test_steps_have_their_runs_params_and_regime():
    runs, steps = descended(*over(cases.config("experiment=lr_parabola", "record.sharpness=start"), [0.1, 2.0], [0, 1]))
    assert runs["regime"].tolist() == ["converging"] * 2 + ["exploding"] * 2
    merged = steps.drop_duplicates("run_id").set_index("run_id")
    for name in (RATE, "seed", "regime", "start_sharpness"):
        assert merged[name].to_dict() == runs.set_index("run_id")[name].to_dict()
    assert runs["seed"].dtype == int and (runs["start_sharpness"] == 2).all()


def test_the_cost_of_a_diverged_run_is_kept():
    """MLflow has no infinity: the trajectory has."""
    (config,) = over(cases.config("experiment=lr_parabola"), [1e200])
    runs, steps = descended(config)
    last = steps["cost"].iloc[-1]
    assert not np.isfinite(last)
    assert frames.exact_final_cost(steps).tolist() == [pytest.approx(last, nan_ok=True)]
    assert runs["final_cost"].tolist() == [pytest.approx(last, nan_ok=True)]
