"""Final cost against the learning rate for several choices, and the range of usable learning rates of each."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import describe, words
from analysis.columns import RATE
from analysis.draw import axes, style
from analysis.stats import averages
from analysis.stats.usable import usable


@style.theme()
def sensitivity(runs: pd.DataFrame, key: str, names: Mapping[str, str]) -> Figure:
    """Final cost against the learning rate for each choice of `key`, and below it the range that is usable."""
    figure = Figure(figsize=(style.PAGE * 0.72, 4.6), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1.1])
    limits = axes.limits_with_references(runs, "final_cost")
    table = usable(runs, key).set_index("choice")
    for place, (choice, color) in enumerate(zip(names, style.CHOICES, strict=False)):
        draw_choice(top, runs[runs[key] == choice], limits, color, names[choice])
        draw_range(bottom, table.loc[choice], -place, color)
    axes.set_cost(top, limits, f"final {describe.cost_name(runs)}")
    axes.draw_references(top, axes.reference_levels(runs))
    title = [describe.counts(runs, [key]), *axes.off_scale(runs["final_cost"], limits, runs["run_id"])]
    top.legend(loc="lower left", bbox_to_anchor=(-0.05, 1.0), ncols=3, title="\n".join(title), alignment="left")
    axes.set_learning_rate(bottom, runs[RATE])
    bottom.set_yticks([-place for place in range(len(names))], list(names.values()))
    bottom.set(ylim=(0.6 - len(names), 0.6), ylabel="usable range\n(width in decades)")
    return figure


def draw_choice(ax: Axes, runs: pd.DataFrame, limits: axes.Limits, color: str, name: str) -> None:
    """The runs of one choice as dots, with the interquartile mean over seeds and its interval."""
    places = axes.side_by_side(runs[RATE], runs["seed"])
    table = averages.summarized(runs, [RATE], "final_cost")
    ax.scatter(places, axes.clipped(runs["final_cost"], limits), s=4, color=color, alpha=0.45, linewidth=0)
    ax.plot(table[RATE], axes.clipped(table["iqm"], limits), color=color, linewidth=1.2, label=name)
    low, high = (axes.clipped(table[end].fillna(table["iqm"]), limits) for end in ("low", "high"))
    ax.fill_between(table[RATE], low, high, color=color, alpha=0.15, linewidth=0)


def draw_range(ax: Axes, row: pd.Series, place: float, color: str) -> None:
    """One choice's usable range as a bar, its best learning rate a dot, its width in decades beside it."""
    ax.plot([row["from"], row["to"]], [place, place], color=color, linewidth=4, solid_capstyle="butt")
    ax.plot(row["best"], place, color="white", marker="o", ms=3, markeredgecolor=color, zorder=3)
    ax.annotate(
        words.estimate(row["decades"], row["low"], row["high"], ".2f"),
        (row["to"], place),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=6.5,
        annotation_clip=False,
    )
