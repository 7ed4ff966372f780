"""Final cost and accuracy against the learning rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import describe
from analysis.columns import RATE
from analysis.draw import axes, style
from analysis.stats import averages, stability

CHANCE = (0.1, "chance 0.1")


@style.theme()
def final(runs: pd.DataFrame) -> Figure:
    """Final cost, and test accuracy where there is one, against the learning rate; every run a dot."""
    has_accuracy = "final_accuracy" in runs
    figure = Figure(figsize=(style.COLUMN, 4.8 if has_accuracy else 3.2), layout="constrained")
    count = 1 + has_accuracy
    panels = figure.subplots(count, 1, sharex=True, squeeze=False, height_ratios=[3, 2][:count])[:, 0]
    limits = axes.limits_with_references(runs, "final_cost")
    draw_runs(panels[0], runs.assign(final_cost=axes.clipped(runs["final_cost"], limits)), "final_cost")
    draw_average(panels[0], runs, "final_cost", limits)
    axes.set_cost(panels[0], limits, f"final {describe.cost_name(runs)}")
    axes.draw_references(panels[0], axes.reference_levels(runs))
    if has_accuracy:
        draw_runs(panels[1], runs, "final_accuracy")
        draw_average(panels[1], runs, "final_accuracy", (0, 1))
        axes.draw_references(panels[1], [CHANCE])
        panels[1].set(ylim=(0, 1), ylabel="final test accuracy")
    for ax in panels:
        draw_stability_limit(ax, runs)
    axes.set_learning_rate(panels[-1], runs[RATE])
    title = [describe.counts(runs), *axes.off_scale(runs["final_cost"], limits, runs["run_id"])]
    panels[0].legend(
        loc="lower left",
        bbox_to_anchor=(-0.12, 1.02),
        ncols=2,
        title="\n".join(title),
        alignment="left",
        columnspacing=1.0,
        handletextpad=0.5,
    )
    return figure


def draw_runs(ax: Axes, runs: pd.DataFrame, column: str) -> None:
    """A dot for every run, in its regime's colour and marker, seeds side by side."""
    places = axes.side_by_side(runs[RATE], runs["seed"])
    for regime, mark in style.REGIMES.items():
        rows = runs["regime"] == regime
        if rows.any():
            ax.scatter(
                places[rows],
                runs.loc[rows, column],
                s=np.clip(1200 / len(runs), 4, 15),
                color=mark.color,
                marker=mark.marker,
                edgecolor="white",
                linewidth=0.3,
                alpha=0.85,
                label=f"{regime} ({rows.sum()})",
                clip_on=False,
                zorder=3 + 1 / rows.sum(),  # the rarest on top
            )


def draw_average(ax: Axes, runs: pd.DataFrame, column: str, limits: axes.Limits) -> None:
    """The interquartile mean over seeds and its interval, or the runs themselves where there is one seed."""
    table = averages.summarized(runs, [RATE], column)
    label = averages.AVERAGE if runs["seed"].nunique() > 1 else "one seed"
    ax.plot(table[RATE], axes.clipped(table["iqm"], limits), color=style.INK, linewidth=0.8, label=label, zorder=4)
    if table["low"].notna().any():
        low, high = (axes.clipped(table[end].fillna(table["iqm"]), limits) for end in ("low", "high"))
        ax.fill_between(table[RATE], low, high, color=style.INK, alpha=0.18, linewidth=0, zorder=1)


def draw_stability_limit(ax: Axes, runs: pd.DataFrame) -> None:
    """A line at the median stability limit at the starts, and a band over their range; nothing where none is known."""
    limits = stability.limit_range(runs)
    if limits is None:
        return
    low, median, high = limits
    label = f"{stability.formula(runs)} at the start"
    ax.axvspan(low, high, color=style.FAINT, alpha=0.2, linewidth=0, zorder=0)
    ax.axvline(median, color=style.FAINT, linewidth=0.9, linestyle=(0, (1, 1)), zorder=0, label=label)
