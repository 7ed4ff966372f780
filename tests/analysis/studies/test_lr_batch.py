"""The study of learning rate and batch size, on made-up runs and on real ones."""

import cases
import numpy as np
import pandas as pd
import pytest
from studies import DIGITS, descended, made_up, over, phase_runs

from analysis.columns import BATCH_SIZE
from analysis.errors import StudyError
from analysis.studies.lr_batch import STUDY


@pytest.fixture
def runs():
    return phase_runs()


def test_the_caption_counts(runs):
    (figure,) = STUDY.analyze(runs, None).figures
    assert "2 batch sizes × 3 learning rates × 2 seeds = 12 runs" in figure.caption
    assert "dot where its runs differ" in figure.caption


def test_findings_name_the_best_rate_of_each_batch_size(runs):
    assert STUDY.analyze(runs, None).findings == [
        "The learning rates with the lowest final cost after 20 epochs: η = 1 with batches of 8; η = 1 with the whole "
        "training set.",
        "Batches of 8: lowest final cost 0.25 at η = 1; converging up to η = 1.",
        "The whole training set: lowest final cost 0.65 at η = 1; never converging.",
    ]


def test_equal_steps_and_equal_examples_have_a_figure_each(runs):
    steps = runs.assign(**{"stop.max_steps": 1000.0, "stop.max_epochs": np.nan, "final_cost": runs["final_cost"] / 2})
    result = STUDY.analyze(pd.concat([runs, steps], ignore_index=True), None)
    assert [figure.name for figure in result.figures] == ["lr_batch", "lr_batch_epochs"]
    assert "Equal numbers of steps" in result.figures[0].caption
    assert "Equal numbers of examples" in result.figures[1].caption
    assert all("= 12 runs" in figure.caption for figure in result.figures)
    assert result.findings[0] == (
        "The learning rates with the lowest final cost after 1,000 steps: η = 1 with batches of 8; "
        "η = 1 with the whole training set."
    )
    table = result.tables[0].frame
    assert table["budget"].tolist() == ["1,000 steps"] * 6 + ["20 epochs"] * 6
    assert (table["final cost"][:6] * 2).tolist() == table["final cost"][6:].tolist()


def test_real_runs():
    configs = [
        one
        for batch in ("1", "16", "null")
        for one in over(
            cases.config(*DIGITS, f"problem.batch_size={batch}", "stop=steps", "stop.max_steps=30"), [0.1, 1e4]
        )
    ]
    runs, steps = descended(*configs)
    result = STUDY.analyze(runs, steps)
    assert len(result.figures[0].data) == 6
    table = result.tables[0].frame
    assert table["batch size"].tolist() == ["1", "1", "16", "16", "whole set", "whole set"]
    assert table["final cost"].tolist() == runs["final_cost"].tolist()  # one seed
    assert table["regime"].tolist() == runs["regime"].tolist()
    assert "3 batch sizes × 2 learning rates × 1 seed = 6 runs" in result.figures[0].caption


def test_one_pair_and_nothing_but_exploded_runs():
    runs, _ = made_up({1.0: [np.inf, np.nan]})
    (figure,) = STUDY.analyze(runs, None).figures
    left, right, _ = figure.plot.axes
    assert len(left.patches) == 1 and right.images[0].get_array().tolist() == [[1e300]]


def test_runs_without_batches_are_refused():
    runs, _ = made_up({1.0: [0.5]})
    with pytest.raises(StudyError, match=r"lack.* problem\.batch_size"):
        STUDY.analyze(runs.drop(columns=BATCH_SIZE), None)
