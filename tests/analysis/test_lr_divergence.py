"""The figures of the learning-rate study, asserted against plain pandas."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from analysis import lr_divergence, style

RATE = "optimizer.learning_rate"
COSTS = {0.01: [0.8, 0.9, 0.85], 0.1: [0.05, 0.03, 0.04], 10.0: [1.0, 1.0, 1.0]}
EXPLODED = {0.01: [0.5, 0.4, 0.6], 0.1: [np.inf, np.nan, 0.7], 1.0: [np.inf, 1e30, np.inf]}


def points(ax):
    """Every dot of a panel, with its colour."""
    return [
        (x, y, tuple(dots.get_facecolor()[0][:3])) for dots in ax.collections for x, y in dots.get_offsets().tolist()
    ]


def lines(ax):
    """The lines of a panel that show data: reference lines run across it from 0 to 1."""
    return [line for line in ax.get_lines() if list(line.get_xdata()) != [0, 1]]


def levels(ax):
    """Where a panel's reference lines lie."""
    return sorted(line.get_ydata()[0] for line in ax.get_lines() if list(line.get_xdata()) == [0, 1])


def texts(ax):
    return {text.get_text() for text in ax.texts}


def test_final_shows_every_run_in_its_outcomes_colour(frames):
    runs, _ = frames(COSTS)
    for ax, column in zip(lr_divergence.final(runs).axes, ["final_cost", "final_accuracy"], strict=True):
        colors = runs["outcome"].map(lambda outcome: to_rgba(style.OUTCOMES[outcome].color)[:3])
        drawn = points(ax)
        assert sorted((y, color) for _, y, color in drawn) == sorted(zip(runs[column], colors, strict=True))
        for x, y, _ in drawn:
            nearest = min(COSTS, key=lambda rate, x=x: abs(np.log10(rate / x)))
            assert y in set(runs.loc[runs[RATE] == nearest, column])


def test_runs_that_end_alike_do_not_hide_each_other(frames):
    runs, _ = frames(COSTS)
    dead = [x for x, y, _ in points(lr_divergence.final(runs).axes[0]) if y == 1.0]
    assert len(set(dead)) == 3
    assert np.exp(np.mean(np.log(dead))) == pytest.approx(10.0)  # about their learning rate, not beside it


def test_final_joins_the_medians(frames):
    runs, _ = frames(COSTS)
    for ax, column in zip(lr_divergence.final(runs).axes, ["final_cost", "final_accuracy"], strict=True):
        (line,) = lines(ax)
        medians = runs.groupby(RATE)[column].median()
        assert list(line.get_xdata()) == list(medians.index)
        assert list(line.get_ydata()) == list(medians)
        assert line.get_label() == "median over seeds"


def test_final_has_labels_scales_and_level_lines(frames):
    runs, _ = frames(COSTS)
    figure = lr_divergence.final(runs)
    cost, accuracy = figure.axes
    assert (cost.get_xscale(), cost.get_yscale(), accuracy.get_yscale()) == ("log", "log", "linear")
    assert cost.get_ylabel() == "final training cost"
    assert accuracy.get_ylabel() == "final test accuracy"
    assert accuracy.get_xlabel() == "learning rate η"
    assert levels(cost) == [0.9, 1.0] and levels(accuracy) == [0.1]
    assert texts(cost) == {"shrug 0.90", "dead 1.0"}
    legend = cost.get_legend()
    assert legend.get_title().get_text() == "3 learning rates × 3 seeds = 9 runs"
    assert [text.get_text() for text in legend.get_texts()] == ["budget (6)", "saturated (3)", "median over seeds"]


@pytest.mark.parametrize("change", [{"problem.cost": "cross_entropy"}, {"problem.output": "identity"}])
def test_level_lines_are_of_one_cost_and_output_only(frames, change):
    runs, steps = frames(COSTS)
    assert levels(lr_divergence.final(runs.assign(**change)).axes[0]) == []
    assert levels(lr_divergence.trajectories(steps.assign(**change)).axes[0]) == []
    assert "shrug" not in lr_divergence.final_caption(runs.assign(**change))


def test_exploded_runs_are_at_the_upper_edge_and_counted(frames):
    runs, steps = frames(EXPLODED)
    cost = lr_divergence.final(runs).axes[0]
    edge = cost.get_ylim()[1]
    red = to_rgba(style.OUTCOMES["diverged"].color)[:3]
    assert sum(y == edge and color == red for _, y, color in points(cost)) == 5
    assert edge < 10  # they do not flatten the others
    note = "at the upper edge: 5 runs far above the rest or not finite"
    assert note in cost.get_legend().get_title().get_text()
    assert note.capitalize() in lr_divergence.final_caption(runs)
    assert list(lines(cost)[0].get_ydata()) == [0.5, edge, edge]  # the median of inf, nan and 0.7 is off the scale too

    *_, panel, _ = lr_divergence.trajectories(steps).axes
    assert panel.get_title("left") == f"diverged: 5 runs\n{note}"
    assert len(lines(panel)) == 5
    assert all(line.get_ydata()[-1] == panel.get_ylim()[1] for line in lines(panel))


def test_a_cost_of_zero_is_at_the_lower_edge(frames):
    runs, _ = frames({0.1: [0.5], 0.5: [0.0]})
    cost = lr_divergence.final(runs).axes[0]
    assert min(y for _, y, _ in points(cost)) == cost.get_ylim()[0]
    assert "at the lower edge: 1 run at zero or below" in cost.get_legend().get_title().get_text()


def test_nothing_but_exploded_runs(frames):
    runs, steps = frames({1.0: [np.nan, np.inf], 10.0: [np.inf, np.inf]})
    for drawn in lr_divergence.figures(runs, steps):
        assert "4 runs far above the rest or not finite" in drawn.caption
    assert lr_divergence.findings(runs)[0] == "No learning rate has a finite median cost."


def test_trajectories_have_a_panel_for_each_outcome(frames):
    _, steps = frames(COSTS)
    *panels, bar = lr_divergence.trajectories(steps).axes
    assert [panel.get_title("left") for panel in panels] == ["budget: 6 runs", "saturated: 3 runs"]
    assert panels[-1].get_xlabel() == "step" and panels[-1].get_xscale() == "symlog"
    assert {panel.get_ylabel() for panel in panels} == {"training cost"}
    assert bar.get_xlabel() == "learning rate η" and bar.get_xscale() == "log"
    for panel, (_, ended) in zip(panels, steps.groupby("outcome"), strict=True):
        expected = [(list(run["step"]), list(run["cost"])) for _, run in ended.groupby("run_id")]
        drawn = [(list(line.get_xdata()), list(line.get_ydata())) for line in lines(panel)]
        assert sorted(drawn) == sorted(expected)


def test_trajectories_are_coloured_by_learning_rate(frames):
    _, steps = frames(COSTS)
    budget, *_ = lr_divergence.trajectories(steps).axes
    colors = [line.get_color() for line in lines(budget)]
    assert colors[0] == colors[1] == colors[2] != colors[3] == colors[4] == colors[5]


def test_trajectories_mark_and_count_early_ends(frames):
    _, steps = frames(COSTS)
    budget, saturated, _ = lr_divergence.trajectories(steps).axes
    assert points(budget) == []
    amber = to_rgba(style.OUTCOMES["saturated"].color)[:3]
    assert points(saturated) == [(8, 1.0, amber)] * 3
    assert "3 runs" in texts(saturated)


def test_step_zero_has_a_place(frames):
    _, steps = frames(COSTS)
    panel = lr_divergence.trajectories(steps).axes[1]
    places = panel.transData.transform([(step, 1) for step in (0, 1, 10, 100)])[:, 0]
    assert all(left < right for left, right in itertools.pairwise(places))
    assert [tick.get_text() for tick in panel.get_xticklabels()] == ["0", "1", "10"]


def test_one_seed(frames):
    runs, steps = frames({0.1: [0.5], 1.0: [0.1], 10.0: [1.0]})
    final, trajectories = lr_divergence.figures(runs, steps)
    cost = final.figure.axes[0]
    assert sorted(x for x, _, _ in points(cost)) == [0.1, 1.0, 10.0]
    assert lines(cost)[0].get_label() == "one seed"
    assert "One seed: no spread" in final.caption and "One seed: no spread" in trajectories.caption
    assert "median" not in final.caption


def test_one_learning_rate(frames):
    runs, steps = frames({0.3: [0.5, 0.6]})
    final, trajectories = lr_divergence.figures(runs, steps)
    cost = final.figure.axes[0]
    assert [tick.get_text() for tick in final.figure.axes[1].get_xticklabels()] == ["0.3"]
    assert len(points(cost)) == 2 and list(lines(cost)[0].get_ydata()) == [0.55]
    assert "One learning rate: no line." in final.caption
    assert "One learning rate: one colour." in trajectories.caption


def test_no_accuracy_no_panel(frames):
    runs, _ = frames(COSTS)
    runs = runs.drop(columns=["final_accuracy", "problem.data.name"])
    figure = lr_divergence.final(runs)
    assert [ax.get_ylabel() for ax in figure.axes] == ["final cost"]
    assert "accuracy" not in lr_divergence.final_caption(runs)
    assert "median_final_accuracy" not in lr_divergence.summary(runs)


def test_caption_says_what_the_params_say(frames):
    runs, steps = frames(COSTS)
    runs["stop.max_epochs"], runs["problem.batch_size"] = 7.0, None
    for drawn in lr_divergence.figures(runs, steps):
        assert "3 learning rates × 3 seeds = 9 runs." in drawn.caption
        assert "budget: 7 epochs" in drawn.caption
        assert "batch size: the whole training set" in drawn.caption
        assert "data set: mnist_5k" in drawn.caption
        assert "network with hidden layers [16, 16] of sigmoid units" in drawn.caption
        assert "13,002 parameters" in drawn.caption
        assert "4,000 evenly spaced training examples" in drawn.caption


def test_caption_says_what_else_differs(frames):
    runs, _ = frames(COSTS)
    runs["optimizer.momentum"] = [0.0] * 5 + [0.9] * 4
    assert "runs differ in them: optimizer.momentum 0 and 0.9" in lr_divergence.final_caption(runs)


def test_caption_says_that_runs_are_missing(frames):
    runs, _ = frames(COSTS)
    assert "8 runs of 3 learning rates × 3 seeds, not one for each pair" in lr_divergence.final_caption(runs[1:])


def test_summary_against_pandas(frames):
    runs, _ = frames({**COSTS, 1.0: [0.2, np.inf, 0.4]})
    table = lr_divergence.summary(runs).set_index(RATE)
    assert list(table["median_final_cost"]) == list(runs.groupby(RATE)["final_cost"].median())
    assert list(table["median_final_accuracy"]) == list(runs.groupby(RATE)["final_accuracy"].median())
    assert table.loc[1.0, ["runs", "converged", "budget", "saturated", "diverged"]].tolist() == [3, 0, 2, 0, 1]


def test_a_cost_that_is_not_a_number_is_no_reason_to_look_better(frames):
    runs, _ = frames({1.0: [0.2, np.nan, np.nan]})
    assert lr_divergence.summary(runs)["median_final_cost"].tolist() == [np.inf]


def test_findings_name_the_best_and_the_lost(frames):
    runs, _ = frames(COSTS)
    assert lr_divergence.findings(runs) == [
        "The lowest median final cost is 0.04, at η = 0.1.",
        "The highest median final test accuracy is 0.96, at η = 0.1.",
        "Saturated: 3 of 9 runs, at η = 10.",
    ]


def test_data_beside_the_figures_is_what_they_show(frames):
    runs, steps = frames(COSTS)
    final, trajectories = lr_divergence.figures(runs, steps)
    assert final.data["final_cost"].tolist() == runs["final_cost"].tolist()
    assert len(trajectories.data) == len(steps)
    assert isinstance(final.data, pd.DataFrame) and RATE in trajectories.data
