"""Figures against the learning rate, asserted against plain pandas and SciPy."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from scipy.stats import trim_mean
from studies import RATE, levels, lines, made_up, points, texts

from analysis import averages, curves, style

COSTS = {0.01: [0.8, 0.9, 0.85, 0.6], 0.1: [0.05, 0.03, 0.04, 0.09], 10.0: [1.0, 1.0, 1.0, 1.0]}
EXPLODED = {0.01: [0.5, 0.4, 0.6], 0.1: [np.inf, np.nan, 0.7], 1.0: [np.inf, 1e30, np.inf]}


def color(regime):
    return to_rgba(style.REGIMES[regime].color)[:3]


def drawn(runs, steps):
    """The two figures of the study, with what goes with them."""
    return curves.against_rate("lr", "The network", runs, steps).drawn


def test_final_shows_every_run_in_its_regimes_colour():
    runs, _ = made_up(COSTS)
    for ax, column in zip(curves.final(runs).axes, ["final_cost", "final_accuracy"], strict=True):
        shown = points(ax)
        assert sorted((y, c) for _, y, c in shown) == sorted(zip(runs[column], runs["regime"].map(color), strict=True))
        for x, y, _ in shown:
            nearest = min(COSTS, key=lambda rate, x=x: abs(np.log10(rate / x)))
            assert y in set(runs.loc[runs[RATE] == nearest, column])


def test_runs_that_end_alike_do_not_hide_each_other():
    runs, _ = made_up(COSTS)
    dead = [x for x, y, _ in points(curves.final(runs).axes[0]) if y == 1.0]
    assert len(set(dead)) == 4
    assert np.exp(np.mean(np.log(dead))) == pytest.approx(10.0)  # about their learning rate, not beside it


def test_final_joins_the_interquartile_means():
    runs, _ = made_up(COSTS)
    for ax, column in zip(curves.final(runs).axes, ["final_cost", "final_accuracy"], strict=True):
        (line,) = lines(ax)
        expected = runs.groupby(RATE)[column].agg(lambda values: trim_mean(values, 0.25))
        assert list(line.get_xdata()) == list(expected.index)
        assert np.allclose(line.get_ydata(), expected, rtol=1e-15)
        assert line.get_label() == "interquartile mean over seeds"


def test_final_has_a_band_of_intervals():
    runs, _ = made_up(COSTS)
    cost = curves.final(runs).axes[0]
    (band,) = [each for each in cost.collections if isinstance(each, PolyCollection)]
    table = averages.summarized(runs, [RATE], "final_cost")
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices.tolist()}
    assert corners == {*zip(table[RATE], table["low"], strict=True), *zip(table[RATE], table["high"], strict=True)}


def test_final_has_labels_scales_and_level_lines():
    runs, _ = made_up(COSTS)
    cost, accuracy = curves.final(runs).axes
    assert (cost.get_xscale(), cost.get_yscale(), accuracy.get_yscale()) == ("log", "log", "linear")
    assert cost.get_ylabel() == "final training cost"
    assert accuracy.get_ylabel() == "final test accuracy"
    assert accuracy.get_xlabel() == "learning rate η"
    assert levels(cost) == [0.9, 1.0] and levels(accuracy) == [0.1]
    assert texts(cost) == ["shrug 0.90", "dead 1.0"]
    legend = cost.get_legend()
    assert legend.get_title().get_text() == "3 learning rates × 4 seeds = 12 runs"
    told = ["crawling (4)", "converging (4)", "saturated (4)", "interquartile mean over seeds"]
    assert [text.get_text() for text in legend.get_texts()] == told


def test_the_border_of_theory_is_drawn_where_it_is_known():
    runs, _ = made_up(COSTS)
    sharp = runs.assign(start_sharpness=np.where(runs["seed"] == 0, 4.0, 10.0))
    for ax in curves.final(sharp).axes:
        (border,) = [line for line in ax.get_lines() if list(line.get_ydata()) == [0, 1]]
        assert list(border.get_xdata()) == [0.2, 0.2]
        (span,) = ax.patches
        assert (span.get_x(), span.get_x() + span.get_width()) == (0.2, 0.5)
    assert "median 0.2; grey: from 0.2 to 0.5 over the starts" in curves.final_caption(sharp)
    assert "2/λ at the start: 0.2 (median), from 0.2 to 0.5" in " ".join(curves.findings(sharp))
    assert not any(ax.patches for ax in curves.final(runs).axes) and "2/λ" not in curves.final_caption(runs)


@pytest.mark.parametrize("change", [{"problem.cost": "cross_entropy"}, {"problem.output": "identity"}])
def test_level_lines_are_of_one_cost_and_output_only(change):
    runs, steps = made_up(COSTS, **change)
    assert levels(curves.final(runs).axes[0]) == []
    assert all(levels(ax) == [] for ax in curves.trajectories(steps).axes)
    assert "shrug" not in curves.final_caption(runs)


def test_exploded_runs_are_at_the_upper_edge_and_counted():
    runs, steps = made_up(EXPLODED)
    cost = curves.final(runs).axes[0]
    edge = cost.get_ylim()[1]
    assert sum(y == edge and c == color("diverged") for _, y, c in points(cost)) == 5
    assert edge < 10  # they do not flatten the others
    note = "at the upper edge: 5 runs far above the rest or not finite"
    assert note in cost.get_legend().get_title().get_text()
    assert note.capitalize() in curves.final_caption(runs)
    assert list(lines(cost)[0].get_ydata()) == [0.5, edge, edge]  # the mean of inf, nan and 0.7 is off the scale too

    panels = curves.trajectories(steps).axes
    ends = [line.get_ydata()[-1] == ax.get_ylim()[1] for ax in panels for line in lines(ax)]
    assert sum(ends) == 5 and len(ends) == 9
    assert note.capitalize() in curves.trajectories_caption(runs, steps)


def test_a_cost_of_zero_is_at_the_lower_edge():
    runs, _ = made_up({0.1: [0.5], 0.5: [0.0]})
    cost = curves.final(runs).axes[0]
    assert min(y for _, y, _ in points(cost)) == cost.get_ylim()[0]
    assert "at the lower edge: 1 run at zero or below" in cost.get_legend().get_title().get_text()


def test_nothing_but_exploded_runs():
    runs, steps = made_up({1.0: [np.nan, np.inf], 10.0: [np.inf, np.inf]})
    for item in drawn(runs, steps):
        assert "4 runs far above the rest or not finite" in item.caption
    assert curves.findings(runs)[0] == "No learning rate has a finite average cost."


def test_trajectories_have_a_panel_for_each_learning_rate():
    _, steps = made_up(COSTS)
    figure = curves.trajectories(steps)
    assert [ax.get_title("left") for ax in figure.axes] == ["η = 0.01", "η = 0.1", "η = 10"]
    assert figure.get_supxlabel() == "step" and figure.get_supylabel() == "training cost"
    for ax, (_, here) in zip(figure.axes, steps.groupby(RATE), strict=True):
        assert ax.get_xscale() == "symlog" and ax.get_yscale() == "log"
        shown = [(list(line.get_xdata()), list(line.get_ydata())) for line in lines(ax)]
        assert sorted(shown) == sorted((list(run["step"]), list(run["cost"])) for _, run in here.groupby("run_id"))


def test_trajectories_are_in_their_regimes_colours_and_their_ends_marked():
    _, steps = made_up(COSTS)
    for ax, regime, last in zip(
        curves.trajectories(steps).axes, ("crawling", "converging", "saturated"), (64, 64, 8), strict=True
    ):
        assert {to_rgba(line.get_color())[:3] for line in lines(ax)} == {color(regime)}
        assert [(x, c) for x, _, c in points(ax)] == [(last, color(regime))] * 4


def test_too_many_learning_rates_are_shown_in_part_and_that_is_said():
    runs, steps = made_up({rate: [0.5, 0.6] for rate in np.geomspace(0.001, 1000, 25)})
    shown = curves.shown_rates(steps)
    assert len(shown) == curves.MOST_PANELS and {0.001, 1000.0} <= set(shown) <= set(runs[RATE])
    assert len(curves.trajectories(steps).axes) == curves.MOST_PANELS
    assert "A panel is a learning rate, 12 of the 25" in curves.trajectories_caption(runs, steps)


def test_step_zero_has_a_place():
    _, steps = made_up(COSTS)
    panel = curves.trajectories(steps).axes[0]
    places = panel.transData.transform([(step, 1) for step in (0, 1, 10, 100)])[:, 0]
    assert all(left < right for left, right in itertools.pairwise(places))
    assert [tick.get_text() for tick in panel.get_xticklabels()] == ["0", "1", "10"]


def test_one_seed():
    runs, steps = made_up({0.1: [0.5], 1.0: [0.1], 10.0: [1.0]})
    final, trajectories = drawn(runs, steps)
    cost = final.figure.axes[0]
    assert sorted(x for x, _, _ in points(cost)) == [0.1, 1.0, 10.0]
    assert lines(cost)[0].get_label() == "one seed"
    assert not any(isinstance(each, PolyCollection) for each in cost.collections)
    assert "One seed: no spread" in final.caption and "One seed: no spread" in trajectories.caption
    assert "interquartile" not in final.caption


def test_one_learning_rate():
    runs, steps = made_up({0.3: [0.5, 0.6]})
    final, trajectories = drawn(runs, steps)
    cost = final.figure.axes[0]
    assert [tick.get_text() for tick in final.figure.axes[1].get_xticklabels()] == ["0.3"]
    assert len(points(cost)) == 2 and list(lines(cost)[0].get_ydata()) == [0.55]
    assert "One learning rate: no line." in final.caption
    assert [ax.get_title("left") for ax in trajectories.figure.axes] == ["η = 0.3"]


def test_no_accuracy_no_panel():
    runs, _ = made_up(COSTS)
    runs = runs.drop(columns=["final_accuracy", "problem.data.name"])
    figure = curves.final(runs)
    assert [ax.get_ylabel() for ax in figure.axes] == ["final cost"]
    assert "accuracy" not in curves.final_caption(runs.assign(regime="diverged")).replace("an accuracy", "")
    assert "final accuracy" not in curves.summary(runs)


def test_caption_says_what_the_params_say():
    runs, steps = made_up(COSTS)
    runs["stop.max_epochs"], runs["problem.batch_size"] = 7.0, None
    for item in drawn(runs, steps):
        assert "3 learning rates × 4 seeds = 12 runs." in item.caption
        assert "budget: 7 epochs" in item.caption
        assert "batch size: the whole training set" in item.caption
        assert "data set: mnist_5k" in item.caption
        assert "network with hidden layers [16, 16] of sigmoid units" in item.caption
        assert "13,002 parameters" in item.caption
        assert "4,000 evenly spaced training examples" in item.caption
        assert "saturated, the gradient has vanished with nothing learnt" in item.caption
        assert "bouncing" not in item.caption  # none is


def test_caption_says_what_else_differs():
    runs, _ = made_up(COSTS)
    runs["optimizer.momentum"] = [0.0] * 7 + [0.9] * 5
    assert "runs differ in them: optimizer.momentum 0 and 0.9" in curves.final_caption(runs)


def test_caption_says_that_runs_are_missing():
    runs, _ = made_up(COSTS)
    told = "11 runs of 3 learning rates × 4 seeds, not one for each combination"
    assert told in curves.final_caption(runs[1:])


def test_summary_against_scipy():
    runs, _ = made_up({**COSTS, 1.0: [0.2, np.inf, 0.4, 0.3]})
    table = curves.summary(runs).set_index("learning rate η")
    for column in ("final_cost", "final_accuracy"):
        expected = runs.groupby(RATE)[column].agg(lambda values: trim_mean(values, 0.25))
        assert np.allclose(table[column.replace("_", " ")], expected, rtol=1e-15)
    assert table.loc[1.0, ["runs", "crawling", "converging", "saturated", "diverged"]].tolist() == [4, 0, 3, 0, 1]
    assert "bouncing" not in table


def test_a_cost_that_is_not_a_number_is_no_reason_to_look_better():
    runs, _ = made_up({1.0: [0.2, np.nan, np.nan]})
    assert curves.summary(runs)["final cost"].tolist() == [np.inf]


def test_findings_name_the_best_and_the_regimes():
    runs, _ = made_up(COSTS)
    table = averages.summarized(runs, [RATE], "final_cost").set_index(RATE)
    cost, accuracy, *regimes = curves.findings(runs)
    sure = f"[{table.loc[0.1, 'low']:.3g}, {table.loc[0.1, 'high']:.3g}]"
    assert cost == f"The lowest final cost is 0.045 {sure}, at η = 0.1 (n = 4)."
    assert accuracy.startswith("The highest final test accuracy is 0.955 [")
    assert regimes == [
        "Crawling: 4 of 12 runs, at η = 0.01.",
        "Converging: 4 of 12 runs, at η = 0.1.",
        "Saturated: 4 of 12 runs, at η = 10.",
    ]


def test_data_beside_the_figures_is_what_they_show():
    runs, steps = made_up(COSTS)
    final, trajectories = drawn(runs, steps)
    assert sorted(final.data["final_cost"]) == sorted(runs["final_cost"])
    assert len(trajectories.data) == len(steps)
    assert RATE in final.data and {RATE, "seed", "step", "cost"} <= set(trajectories.data)


KEY, BEST, RATES = "optimizer.name", 0.3, np.geomspace(0.004, 40, 9)


def valley(steep, best=BEST, rates=RATES, spread=(1.0,), **params):
    """Runs whose final cost is a V on log axes, with its tip at (best, 0.01) and sides of this slope."""
    rates = np.append(rates, best)
    cost = 0.01 * 10 ** (steep * np.abs(np.log10(rates / best)))
    return made_up({rate: [c * factor for factor in spread] for rate, c in zip(rates, cost, strict=True)}, **params)[0]


@pytest.mark.parametrize("steep", [0.5, 1.0, 3.0])
def test_the_width_of_the_usable_range_of_a_valley(steep):
    (row,) = curves.usable(valley(steep), KEY).to_dict("records")
    reach = np.log10(curves.USABLE) / steep
    assert row["best"] == BEST and row["cost"] == pytest.approx(0.01, rel=1e-12)
    assert np.log10(row["to"] / BEST) == pytest.approx(reach, rel=1e-9)
    assert np.log10(BEST / row["from"]) == pytest.approx(reach, rel=1e-9)
    assert row["decades"] == pytest.approx(2 * reach, rel=1e-9)
    assert np.isnan(row["low"]) and np.isnan(row["high"])  # one seed


def test_the_width_has_an_interval_over_seeds():
    same = curves.usable(valley(1.0, spread=[1.0] * 4), KEY).iloc[0]
    assert same["low"] == same["high"] == pytest.approx(same["decades"], rel=1e-12)
    other = curves.usable(valley(1.0, spread=[0.8, 0.9, 1.1, 1.2]), KEY).iloc[0]
    assert other["low"] < other["decades"] < other["high"]
    assert curves.usable(valley(1.0, spread=[0.8, 0.9, 1.1, 1.2]), KEY).iloc[0].equals(other)


def test_a_range_ends_where_the_learning_rates_do_or_runs_are_lost():
    (row,) = curves.usable(valley(0.5, rates=np.array([0.2, 3.0])), KEY).to_dict("records")
    assert row["from"] == 0.2 and row["to"] < 3.0
    lost, _ = made_up({0.1: [np.nan], 0.2: [0.2], 0.4: [0.3], 0.8: [np.inf]})
    (row,) = curves.usable(lost, KEY).to_dict("records")
    assert (row["from"], row["to"]) == (0.2, 0.4)
    nothing, _ = made_up({0.1: [np.inf], 0.2: [np.nan]})
    assert curves.usable(nothing, KEY)["decades"].tolist() == [0]


def two():
    """Two optimizers, of which the second forgives more."""
    narrow = valley(3.0, spread=[0.9, 1.1], **{KEY: "gradient_descent"})
    wide = valley(1.0, best=3.0, spread=[0.8, 1.2], **{KEY: "rmsprop"})
    return pd.concat([narrow, wide.assign(run_id="wide " + wide["run_id"])], ignore_index=True)


SAY = {"gradient_descent": "gradient descent", "rmsprop": "rmsprop"}


def test_sensitivity_shows_every_run_and_every_range():
    runs = two()
    top, bottom = curves.sensitivity(runs, KEY, SAY).axes
    assert sorted(y for _, y, _ in points(top)) == pytest.approx(sorted(runs["final_cost"]), rel=1e-12)
    assert [line.get_label() for line in lines(top)] == ["gradient descent", "rmsprop"]
    for line, (_, here) in zip(lines(top), runs.groupby(KEY), strict=True):
        expected = here.groupby(RATE)["final_cost"].agg(lambda values: trim_mean(values, 0.25))
        assert np.allclose(line.get_ydata(), expected, rtol=1e-12)
    table = curves.usable(runs, KEY)
    bars = [list(line.get_xdata()) for line in bottom.get_lines() if len(line.get_xdata()) == 2]
    assert bars == table[["from", "to"]].to_numpy().tolist()
    assert texts(bottom) == [f"{row.decades:.2f} [{row.low:.2f}, {row.high:.2f}]" for row in table.itertuples()]
    assert [tick.get_text() for tick in bottom.get_yticklabels()] == ["gradient descent", "rmsprop"]
    assert bottom.get_xlabel() == "learning rate η" and top.get_ylabel() == "final training cost"
    told = "40 runs of 2 optimizers × 11 learning rates × 2 seeds, not one for each combination"
    assert told in top.get_legend().get_title().get_text()
    assert told in curves.sensitivity_caption(runs, KEY, "optimizer")
