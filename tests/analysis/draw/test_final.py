"""Final cost and accuracy against the learning rate, against plain pandas and SciPy."""

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from scipy.stats import trim_mean
from studies import COSTS, EXPLODED, RATE, levels, lines, made_up, points, texts

from analysis.draw import style
from analysis.draw.final import final
from analysis.draw.trajectories import trajectories
from analysis.stats import averages


def color(regime):
    return to_rgba(style.REGIMES[regime].color)[:3]


def test_final_shows_every_run_in_its_regimes_colour():
    runs, _ = made_up(COSTS)
    for ax, column in zip(final(runs).axes, ["final_cost", "final_accuracy"], strict=True):
        shown = points(ax)
        assert sorted((y, c) for _, y, c in shown) == sorted(zip(runs[column], runs["regime"].map(color), strict=True))
        for x, y, _ in shown:
            nearest = min(COSTS, key=lambda rate, x=x: abs(np.log10(rate / x)))
            assert y in set(runs.loc[runs[RATE] == nearest, column])


def test_runs_that_end_alike_do_not_hide_each_other():
    runs, _ = made_up(COSTS)
    dead = [x for x, y, _ in points(final(runs).axes[0]) if y == 1.0]
    assert len(set(dead)) == 4
    assert np.exp(np.mean(np.log(dead))) == pytest.approx(10.0)  # about their learning rate, not beside it


def test_final_joins_the_interquartile_means():
    runs, _ = made_up(COSTS)
    for ax, column in zip(final(runs).axes, ["final_cost", "final_accuracy"], strict=True):
        (line,) = lines(ax)
        expected = runs.groupby(RATE)[column].agg(lambda values: trim_mean(values, 0.25))
        assert list(line.get_xdata()) == list(expected.index)
        assert np.allclose(line.get_ydata(), expected, rtol=1e-15)
        assert line.get_label() == "interquartile mean over seeds"


def test_final_has_a_band_of_intervals():
    runs, _ = made_up(COSTS)
    cost = final(runs).axes[0]
    (band,) = [artist for artist in cost.collections if isinstance(artist, PolyCollection)]
    table = averages.summarized(runs, [RATE], "final_cost")
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices.tolist()}
    assert corners == {*zip(table[RATE], table["low"], strict=True), *zip(table[RATE], table["high"], strict=True)}


def test_final_has_labels_scales_and_level_lines():
    runs, _ = made_up(COSTS)
    cost, accuracy = final(runs).axes
    assert (cost.get_xscale(), cost.get_yscale(), accuracy.get_yscale()) == ("log", "log", "linear")
    assert cost.get_ylabel() == "final training cost"
    assert accuracy.get_ylabel() == "final test accuracy"
    assert accuracy.get_xlabel() == "learning rate η"
    assert levels(cost) == [0.9, 1.0] and levels(accuracy) == [0.1]
    assert texts(cost) == ["shrug 0.90", "dead 1.0"]
    legend = cost.get_legend()
    assert legend.get_title().get_text() == "3 learning rates × 4 seeds = 12 runs"
    labels = ["little learnt (4)", "converging (4)", "dead (4)", "interquartile mean over seeds"]
    assert [text.get_text() for text in legend.get_texts()] == labels


def test_the_stability_limit_is_drawn_where_it_is_known():
    runs, _ = made_up(COSTS)
    sharp = runs.assign(start_sharpness=np.where(runs["seed"] == 0, 4.0, 10.0))
    for ax in final(sharp).axes:
        (line,) = [line for line in ax.get_lines() if list(line.get_ydata()) == [0, 1]]
        assert list(line.get_xdata()) == [0.2, 0.2] and line.get_label() == "2/λ at the start"
        (span,) = ax.patches
        assert (span.get_x(), span.get_x() + span.get_width()) == (0.2, 0.5)
    for unknown in (runs, sharp.assign(**{"optimizer.name": "adam"})):
        assert not any(ax.patches for ax in final(unknown).axes)


def test_the_stability_limit_is_that_of_the_rule():
    runs, _ = made_up(COSTS, **{"optimizer.name": "momentum", "optimizer.momentum": 0.9})
    ax = final(runs.assign(start_sharpness=4.0)).axes[0]
    (line,) = [line for line in ax.get_lines() if list(line.get_ydata()) == [0, 1]]
    assert line.get_xdata()[0] == pytest.approx(0.95) and line.get_label() == "3.8/λ at the start"


@pytest.mark.parametrize("change", [{"problem.cost": "cross_entropy"}, {"problem.output": "identity"}])
def test_level_lines_are_of_one_cost_and_output_only(change):
    runs, steps = made_up(COSTS, **change)
    assert levels(final(runs).axes[0]) == []
    assert all(levels(ax) == [] for ax in trajectories(steps).axes)


NOTE = "at the upper edge: 5 runs far above the rest or not finite"


def test_exploded_runs_are_at_the_upper_edge_and_counted():
    runs, _ = made_up(EXPLODED)
    cost = final(runs).axes[0]
    edge = cost.get_ylim()[1]
    assert sum(y == edge and c == color("exploding") for _, y, c in points(cost)) == 5
    assert edge < 10  # they do not flatten the others
    assert NOTE in cost.get_legend().get_title().get_text()
    assert list(lines(cost)[0].get_ydata()) == [0.5, edge, edge]  # the mean of inf, nan and 0.7 is off the scale too


def test_a_cost_of_zero_is_at_the_lower_edge():
    runs, _ = made_up({0.1: [0.5], 0.5: [0.0]})
    cost = final(runs).axes[0]
    assert min(y for _, y, _ in points(cost)) == cost.get_ylim()[0]
    assert "at the lower edge: 1 run at zero or below" in cost.get_legend().get_title().get_text()


def test_one_seed():
    runs, _ = made_up({0.1: [0.5], 1.0: [0.1], 10.0: [1.0]})
    cost = final(runs).axes[0]
    assert sorted(x for x, _, _ in points(cost)) == [0.1, 1.0, 10.0]
    assert lines(cost)[0].get_label() == "one seed"
    assert not any(isinstance(artist, PolyCollection) for artist in cost.collections)


def test_one_learning_rate():
    runs, _ = made_up({0.3: [0.5, 0.6]})
    cost, accuracy = final(runs).axes
    assert [tick.get_text() for tick in accuracy.get_xticklabels()] == ["0.3"]
    assert len(points(cost)) == 2 and list(lines(cost)[0].get_ydata()) == [0.55]


def test_no_accuracy_no_panel():
    runs, _ = made_up(COSTS)
    figure = final(runs.drop(columns=["final_accuracy", "problem.data.name"]))
    assert [ax.get_ylabel() for ax in figure.axes] == ["final cost"]
