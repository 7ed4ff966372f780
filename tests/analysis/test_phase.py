"""Learning rate against batch size, on made-up runs and on real ones."""

import cases
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from scipy.stats import trim_mean
from studies import DIGITS, RATE, descended, made_up, over

from analysis import phase, style
from analysis.study import StudyError

COSTS = {
    8.0: {0.1: [0.6, 0.4], 1.0: [0.3, 0.2], 10.0: [0.4, np.inf]},
    np.nan: {0.1: [0.8, 0.9], 1.0: [0.7, 0.6], 10.0: [1.0, 1.0]},
}


@pytest.fixture
def runs():
    """Two batch sizes, the whole set among them, at three learning rates, with two seeds."""
    parts = [made_up(costs, **{"problem.batch_size": size})[0] for size, costs in COSTS.items()]
    return pd.concat([part.assign(run_id=part["run_id"] + f"/{i}") for i, part in enumerate(parts)], ignore_index=True)


def test_cells_against_plain_pandas(runs):
    table = phase.cells(runs)
    assert table["label"].tolist() == ["8"] * 3 + ["whole set"] * 3
    groups = runs.fillna({phase.BATCH: np.inf}).groupby([phase.BATCH, RATE])
    assert table["n"].tolist() == groups.size().tolist()
    with np.errstate(invalid="ignore"):
        assert np.allclose(table["iqm"], groups["final_cost"].agg(lambda values: trim_mean(values, 0.25)))
    assert table["agree"].tolist() == (groups["regime"].nunique() == 1).tolist()


def test_a_cell_has_the_regime_of_most_of_its_runs_the_worse_on_a_tie(runs):
    assert phase.cells(runs)["regime"].tolist() == [
        "converging",  # and crawling
        "converging",
        "diverged",  # and converging
        "crawling",
        "crawling",
        "saturated",
    ]


def test_every_cell_is_drawn(runs):
    table = phase.cells(runs)
    left, right, _ = phase.picture(runs, table).axes
    squares = {(patch.get_x() + 0.5, patch.get_y() + 0.5): patch.get_facecolor() for patch in left.patches}
    order = [(x, y) for y in range(2) for x in range(3)]
    assert squares == {
        at: to_rgba(style.REGIMES[regime].color) for at, regime in zip(order, table["regime"], strict=True)
    }
    dots = [(line.get_xdata()[0], line.get_ydata()[0]) for line in left.get_lines()]
    assert dots == [at for at, agree in zip(order, table["agree"], strict=True) if not agree] == [(0, 0), (2, 0)]
    (image,) = right.images
    shown = np.asarray(image.get_array()).ravel()
    finite = np.isfinite(table["iqm"])
    assert shown[finite].tolist() == table["iqm"][finite].tolist()
    assert (shown[~finite] > image.norm.vmax).all()  # in the colour of what is over the scale


def test_a_pair_that_was_not_run_is_left_empty(runs):
    table = phase.cells(runs[~((runs[RATE] == 1.0) & runs[phase.BATCH].isna())])
    left, right, _ = phase.picture(runs, table).axes
    assert len(left.patches) == 5
    assert right.images[0].get_array().mask.tolist() == [[False] * 3, [False, True, False]]


def test_labels_and_counts(runs):
    table = phase.cells(runs)
    figure = phase.picture(runs, table)
    left, right, bar = figure.axes
    assert left.get_xlabel() == right.get_xlabel() == "learning rate η"
    assert left.get_ylabel() == "batch size"
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["8", "whole set"]
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["0.1", "1", "10"]
    assert right.get_title("left") == "final training cost"
    assert bar.get_yscale() == "log"
    size = "2 batch sizes × 3 learning rates × 2 seeds = 12 runs"
    assert figure.legends[0].get_title().get_text() == size
    assert size in phase.caption(runs, table) and "a dot where its runs differ" in phase.caption(runs, table)


def test_findings_name_the_best_rate_of_each_batch_size(runs):
    assert phase.findings(phase.cells(runs)) == [
        "Batches of 8: lowest final cost 0.25 at η = 1, converging up to η = 1.",
        "The whole set: lowest final cost 0.65 at η = 1, at no rate converging.",
    ]


def test_real_runs():
    configs = [
        one
        for batch in ("1", "16", "null")
        for one in over(
            cases.config(*DIGITS, f"problem.batch_size={batch}", "stop=steps", "stop.max_steps=30"), [0.1, 1e4]
        )
    ]
    runs, steps = descended(*configs)
    made = phase.diagram(runs, steps)
    assert len(made.drawn[0].data) == 6
    table = made.tables[0].frame
    assert table["batch size"].tolist() == ["1", "1", "16", "16", "whole set", "whole set"]
    assert table["final cost"].tolist() == runs["final_cost"].tolist()  # one seed
    assert table["regime"].tolist() == runs["regime"].tolist()
    assert "3 batch sizes × 2 learning rates × 1 seed = 6 runs" in made.drawn[0].caption


def test_one_pair_and_nothing_but_exploded_runs():
    runs, _ = made_up({1.0: [np.inf, np.nan]})
    (item,) = phase.diagram(runs, None).drawn
    left, right, _ = item.figure.axes
    assert len(left.patches) == 1 and right.images[0].get_array().tolist() == [[1e300]]


def test_runs_without_batches_are_refused():
    runs, _ = made_up({1.0: [0.5]})
    with pytest.raises(StudyError, match=r"these runs lacks problem.batch_size: this study needs problem.batch_size"):
        phase.diagram(runs.drop(columns=phase.BATCH), None)
