"""The study of double descent, on made-up runs."""

import numpy as np
import pandas as pd
import pytest
from messages import exactly

from analysis.errors import StudyError
from analysis.studies import studies

STUDY = studies()["double_descent"]
SHAPE = {1000: 0.8, 5000: 0.5, 12000: 1.0, 50000: 0.6}  # test cost by parameters


def frames(seeds=12, shape=SHAPE):
    rng = np.random.default_rng(0)
    runs = pd.DataFrame(
        {
            "run_id": f"{noise}/{size}/{seed}",
            "seed": seed,
            "parameters": size,
            "problem.hidden": f"[{size // 1000}]",
            "problem.data.label_noise": noise,
            "problem.data.train_examples": 1000,
            "optimizer.learning_rate": 0.01,
            "final_cost": 0.0 if size > 10000 else 0.3,
            "final_accuracy": 0.7,
            "outcome": "budget",
            "test_cost": rng.normal(cost if noise else 1e4 / size, 0.01),
        }
        for noise in (0.0, 0.2)
        for size, cost in shape.items()
        for seed in range(seeds)
    )
    end = runs[["run_id", "test_cost"]].assign(step=9, train_accuracy=np.where(runs["parameters"] > 10000, 1.0, 0.6))
    start = end.assign(step=0, test_cost=2.0, train_accuracy=0.1)
    return runs.drop(columns="test_cost"), pd.concat([start, end], ignore_index=True)


def test_the_findings_answer_the_title():
    clean, noisy = STUDY.analyze(*frames()).findings
    assert clean.startswith("No wrong labels: the test cost has no peak between two valleys.")
    assert noisy.startswith("20% wrong labels: the test cost has a peak between two valleys.")
    assert "is at 12,000 parameters, 1.2 times training examples × outputs (10,000)" in noisy
    assert "on the other seeds (n = 8)" in noisy and "fitted to 99% from 12,000 parameters on" in noisy


def test_few_seeds_decide_nothing():
    (_, noisy) = STUDY.analyze(*frames(seeds=1)).findings
    assert "double descent is not decided" in noisy and "on this seed" in noisy


def test_the_figure_shows_the_ends_of_the_runs():
    (figure,) = STUDY.analyze(*frames()).figures
    cost, error, training = figure.plot.axes
    assert [ax.get_ylabel() for ax in (cost, error, training)] == ["test cost", "test error (%)", "training cost"]
    (dashed,) = [line for line in cost.get_lines() if list(line.get_xdata()) == [10000.0, 10000.0]]
    assert dashed.get_linestyle() == "--"
    assert len(figure.data) == 2 * 4 * 12 and figure.data["test_error"].to_numpy() == pytest.approx(30)
    assert "n = 12" in figure.caption


def test_two_sizes_are_too_few():
    two = {size: SHAPE[size] for size in (1000, 5000)}
    with pytest.raises(StudyError, match=exactly("this study needs networks of 3 sizes or more, got 2")):
        STUDY.analyze(*frames(shape=two))
