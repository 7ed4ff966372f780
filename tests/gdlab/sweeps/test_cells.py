"""Cells: runs that differ only in their seeds, summarized."""

import math

import numpy as np
import pytest

import gdlab
from gdlab.sweeps import cells
from gdlab.sweeps.summary import TRAINED, JobResult


def result(place, cost, accuracy=0.9, outcome="budget"):
    final = {"final_cost": cost, "final_accuracy": accuracy, "steps": 7.0}
    return JobResult(place=place, name=str(place), how=TRAINED, outcome=outcome, final=final)


def test_runs_that_differ_only_in_their_seeds_are_a_cell():
    rates = (0.1, 0.2)
    configs = [
        gdlab.config("bowl", {"name": "gradient_descent", "learning_rate": rate}, seed=seed)
        for rate in rates
        for seed in range(3)
    ]
    alone = gdlab.config("bowl", {"name": "gradient_descent", "learning_rate": 0.3})
    found = cells.cells([*configs, alone, gdlab.config("bowl", alone["optimizer"], seeds={"init": 5})])
    assert [cell.places for cell in found] == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert [cell.config["optimizer"]["learning_rate"] for cell in found] == [*rates, 0.3]
    assert all("seed" not in cell.config and "seeds" not in cell.config for cell in found)


def test_the_metrics_of_a_few_runs_are_their_mean_and_their_range():
    costs = [0.5, 0.1, 0.3]
    summary = cells.metrics([result(place, cost) for place, cost in enumerate(costs)])
    assert summary["n"] == 3 and summary["outcome.budget"] == 3
    assert summary["final_cost"] == pytest.approx(0.3)
    assert (summary["final_cost.low"], summary["final_cost.high"]) == (0.1, 0.5)
    assert summary["steps"] == 7 and "steps.low" not in summary and "final_cost.n" not in summary
    assert "the range of the runs, n = 3" in cells.note([result(place, cost) for place, cost in enumerate(costs)])


def test_the_interval_is_the_same_in_blocks_as_at_once(monkeypatch):
    values = np.random.default_rng(0).normal(size=50)
    at_once = cells.extent(values)
    monkeypatch.setattr(cells, "MOST_VALUES", 333)
    assert cells.extent(values) == at_once


def test_eight_runs_have_a_bootstrap_interval_that_covers_the_interquartile_mean():
    costs = np.random.default_rng(3).normal(size=12)
    results = [result(place, float(cost)) for place, cost in enumerate(costs)]
    summary = cells.metrics(results)
    assert summary["final_cost.iqm"] == pytest.approx(np.sort(costs)[3:-3].mean())
    low, high = summary["final_cost.low"], summary["final_cost.high"]
    assert costs.min() < low < summary["final_cost.iqm"] < high < costs.max()
    assert cells.metrics(results) == summary
    assert "95% bootstrap interval of the interquartile mean, n = 12" in cells.note(results)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    """Of 400 cells of 10 normal runs; the percentile bootstrap of so few is known to cover somewhat less than 95%."""
    rng = np.random.default_rng(0)
    covered = [low <= 0 <= high for low, high in (cells.extent(rng.normal(size=10)) for _ in range(400))]
    assert 0.85 < np.mean(covered) < 0.97


def test_what_diverged_is_counted_and_not_averaged():
    results = [result(0, 1.0), result(1, math.inf, outcome="diverged"), result(2, math.nan, outcome="diverged")]
    summary = cells.metrics(results)
    assert summary["final_cost"] == 1.0 and summary["final_cost.n"] == 1 and summary["n"] == 3
    assert summary["outcome.diverged"] == 2
    assert all(math.isfinite(value) for value in summary.values())
    assert cells.note(results).startswith("3 runs that differ in their seeds only: 2 diverged, 1 budget.")
