"""Sharpness along descent, against 2/η."""

import cases
import numpy as np
import pytest
from studies import DIGITS, RATE, descended, lines, made_up, over, texts

from analysis import edge
from analysis.study import StudyError

RATES, SEEDS = [0.05, 0.2, 30.0], [0, 1]


@pytest.fixture(scope="module")
def frames():
    """Small networks on their whole training set, of which those at the largest rate explode."""
    config = cases.config("experiment=edge_of_stability", *DIGITS, "stop.max_steps=24", "record.points=13")
    return descended(*over(config, RATES, SEEDS))


def test_every_run_is_drawn_above_and_below(frames):
    runs, steps = frames
    top, bottom = edge.picture(runs, steps).axes
    assert len(lines(top)) == len(runs) == 6
    for line, (_, run) in zip(lines(top), steps.groupby([RATE, "seed"]), strict=True):
        assert list(line.get_xdata()) == run["step"].tolist()
        within = run["cost"].between(*top.get_ylim()).to_numpy()
        assert np.array(line.get_ydata())[within].tolist() == run["cost"][within].tolist()
    bounds = bottom.get_ylim()
    for line, (_, run) in zip(lines(bottom), steps.groupby([RATE, "seed"]), strict=False):
        seen = run[run["sharpness"].between(*bounds)]
        assert list(line.get_xdata()) == seen["step"].tolist()
        assert list(line.get_ydata()) == seen["sharpness"].tolist()


def test_colours_labels_and_borders(frames):
    runs, steps = frames
    top, bottom = edge.picture(runs, steps).axes
    assert len({line.get_color() for line in lines(top)}) == 3
    assert top.get_ylabel() == "training cost" and bottom.get_ylabel() == "sharpness λ"
    assert bottom.get_xlabel() == "step" and {top.get_yscale(), bottom.get_yscale()} == {"log"}
    low, high = bottom.get_ylim()
    within = [rate for rate in RATES if low < 2 / rate < high]
    assert texts(bottom) == [f"2/η = {2 / rate:g}" for rate in within] and within
    dashed = [line.get_ydata()[0] for line in bottom.get_lines() if list(line.get_xdata()) == [0, 1]]
    assert dashed == [2 / rate for rate in within]
    legend = top.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["η = 0.05", "η = 0.2", "η = 30 (2 of 2 diverged)"]
    assert "3 learning rates × 2 seeds = 6 runs" in legend.get_title().get_text()
    assert "3 learning rates × 2 seeds = 6 runs" in edge.caption(runs, steps)
    assert "measured at 13 evenly spaced steps" in edge.caption(runs, steps)


def test_the_table_against_plain_pandas(frames):
    _, steps = frames
    table = edge.late(steps)
    assert len(table) == 6
    for (_, row), ((rate, seed), run) in zip(table.iterrows(), steps.groupby([RATE, "seed"]), strict=True):
        late = run.loc[run["step"] >= 4, "sharpness"]  # a sixth of 24 steps
        assert (row["η"], row["seed"], row["2/η"]) == (rate, seed, 2 / rate)
        assert row["at the start"] == run["sharpness"].iloc[0]
        assert row["final cost"] == run["cost"].iloc[-1] or np.isnan(row["final cost"])
        assert row["rises"] == sum(b > a for a, b in zip(run["cost"], run["cost"].iloc[1:], strict=False))
        if len(late):
            assert [row["lowest later"], row["highest later"]] == [late.min(), late.max()]
            assert row["median later"] == np.median(late)
            assert row["close"] == np.mean(np.abs(late * rate / 2 - 1) <= 0.03)
        else:
            assert np.isnan(row[["median later", "close"]].astype(float)).all()


def test_a_quadratic_stays_where_it_is():
    """Its sharpness is 2, whatever is done: at η = 1 it is exactly 2/η."""
    config = cases.config("experiment=lr_parabola", "record.sharpness=always")
    runs, steps = descended(*over(config, [0.5, 1.0]))
    table = edge.late(steps).set_index("η")
    assert table.loc[1.0, ["2/η", "median later", "close"]].tolist() == [2, 2, 1]
    assert table.loc[0.5, "close"] == 0 or np.isnan(table.loc[0.5, "close"])
    told = edge.findings(edge.late(steps), runs)
    assert "η = 1: 1 of 1 run did not diverge" in told[-1] and "within 3% of it for 100% of the later steps" in told[-1]


def test_runs_that_all_explode_are_told(frames):
    runs, steps = frames
    assert edge.findings(edge.late(steps), runs)[-1] == "η = 30: all 2 runs diverged."


def test_runs_without_sharpness_are_refused():
    with pytest.raises(StudyError, match="the steps of these runs lacks sharpness: this study needs sharpness"):
        edge.edge(*made_up({0.1: [0.5]}))
