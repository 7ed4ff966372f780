"""Stability limits of runs, from their optimizers' rules."""

import numpy as np
import pandas as pd
import pytest
from studies import RATE

from analysis.stats import stability

RUNS = pd.DataFrame(
    {
        "optimizer.name": ["gradient_descent", "momentum", "nesterov", "rmsprop", "adam"],
        "optimizer.momentum": [np.nan, 0.9, 0.9, np.nan, np.nan],
        RATE: 0.1,
        "start_sharpness": 4.0,
    }
)


def test_each_run_has_the_limit_of_its_rule():
    limits = stability.start_limits(RUNS).to_numpy()
    assert limits[:3] == pytest.approx([2 / 4, 2 * 1.9 / 4, 2 * 1.9 / 2.8 / 4])
    assert np.isnan(limits[3:]).all()
    assert stability.limit_range(RUNS) == pytest.approx((2 * 1.9 / 2.8 / 4, 0.5, 0.95))


def test_no_limit_where_the_curvature_or_the_rule_is_unknown():
    assert stability.limit_range(RUNS.assign(start_sharpness=[np.nan, -1.0, 0.0, 4.0, 4.0])) is None
    assert stability.limit_range(RUNS.drop(columns="start_sharpness")) is None


def test_the_critical_sharpness_is_that_at_which_the_rate_is_the_limit():
    critical = stability.critical_sharpness(RUNS)
    for (_, run), curvature in zip(RUNS.iloc[:3].iterrows(), critical, strict=False):
        assert stability.limit(run, curvature) == pytest.approx(run[RATE], rel=1e-12)
    assert critical[3:].isna().all()


def test_the_formula_is_that_of_all_runs_or_none():
    assert stability.formula(RUNS.iloc[[0, 4]]) == "2/λ"
    assert stability.formula(RUNS.iloc[[1]], "η") == "3.8/η"
    assert stability.formula(RUNS) == "c/λ"
    assert stability.unknown_rules(RUNS) == ["adam", "rmsprop"]


@pytest.mark.parametrize(("place", "held"), [(0, [True, False]), (1, [True, True]), (4, [True, True])])
def test_a_run_rests_in_a_minimum_that_is_not_too_sharp(place, held):
    assert stability.may_hold(RUNS.iloc[place], np.array([19.0, 21.0])).tolist() == held


def test_with_a_preconditioner_the_limit_is_of_the_preconditioned_cost_only():
    """2/λ for RMSProp and 38/λ for Adam, of the preconditioned sharpness; of the sharpness itself there is none."""
    assert [stability.is_preconditioned(RUNS.iloc[place]) for place in range(5)] == [False] * 3 + [True] * 2
    own = [stability.own_limit(RUNS.iloc[place], 4.0) for place in range(5)]
    assert own[:3] == [stability.limit(RUNS.iloc[place], 4.0) for place in range(3)]
    assert own[3:] == pytest.approx([2 / 4, 38 / 4])
    assert np.isnan([stability.limit(RUNS.iloc[place], 4.0) for place in (3, 4)]).all()
