"""Phases of the learning rate, and the period doubling at the end of training."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.draw import axes, style
from analysis.stats.catapult import CASE, DIVERGING, FINAL, FLATTER, HIGHEST, LIMIT, PEAK, PHASE, C

ROWS = {PEAK: "largest cost\n/ start", FINAL: "final cost\n/ start", FLATTER: "final sharpness\n/ start"}
LOWEST = 1e-3  # of the cost at the start: lower costs lie at the edge
MOST = 1e4
TICKS = (0.5, 1, 2, 4, 8, 16, 32, 64, 128)


@style.theme()
def phases(groups: list[tuple[str, pd.DataFrame]]) -> Figure:
    """Largest cost, final cost and final sharpness over the start against c: a column for each group of cases."""
    figure = Figure(figsize=(style.PAGE, 5.2), layout="constrained")
    panels = figure.subplots(len(ROWS), len(groups), sharex="col", sharey="row", squeeze=False)
    for column, (title, table) in zip(panels.T, groups, strict=True):
        for ax, (quantity, label) in zip(column, ROWS.items(), strict=True):
            draw_cases(ax, table, quantity)
            ax.set(xscale="log", yscale="log")
            if ax is panels[list(ROWS).index(quantity), 0]:
                ax.set_ylabel(label)
        column[-1].set_xlim(table[C].min() / 1.2, table[C].max() * 1.2)
        ticks = [tick for tick in TICKS if table[C].min() / 1.3 <= tick <= table[C].max() * 1.3]
        column[-1].set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        column[-1].set_xticks([], minor=True)
        column[-1].set_xlabel("c = ηλ, λ the sharpness at the start")
        column[0].legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, title=title, alignment="left")
    panels[0, 0].set_ylim(top=MOST)
    panels[1, 0].set_ylim(LOWEST / 2, 2 * MOST)
    return figure


def draw_cases(ax: Axes, table: pd.DataFrame, quantity: str) -> None:
    """A dot for each run, a line through the medians of each learning rate; divergent runs as crosses at the top."""
    for limit in (LIMIT, HIGHEST):
        ax.axvline(limit, color=style.FAINT, linewidth=0.8, linestyle=axes.DASHED, zorder=0)
    ax.axhline(1, color=style.FAINT, linewidth=0.5, zorder=0)
    for (name, runs), color in zip(table.groupby(CASE, sort=False), style.CHOICES, strict=False):
        kept, gone = runs[runs[PHASE] != DIVERGING], runs[runs[PHASE] == DIVERGING]
        low = LOWEST if quantity == FINAL else 0
        ax.scatter(kept[C], kept[quantity].clip(lower=low), s=5, color=color, linewidths=0, alpha=0.7, label=name)
        whole = kept[~kept["η"].isin(gone["η"])]  # the median of those left over would not be that of all
        medians = whole.groupby("η")[[C, quantity]].median().sort_values(C)
        ax.plot(medians[C], medians[quantity].clip(lower=low), color=color, linewidth=0.8)
        if quantity != FLATTER:
            top = np.full(len(gone), 0.97)
            marks = ax.get_xaxis_transform()
            ax.scatter(gone[C], top, s=10, color=color, marker="x", linewidths=0.7, transform=marks)


@style.theme()
def bifurcation(tails: pd.DataFrame, onset: float) -> Figure:
    """The costs of the last steps against c, a dot for each step, a colour for each seed; dashed: the onset."""
    figure = Figure(figsize=(style.PAGE * 0.8, 3.0), layout="constrained")
    ax = figure.subplots()
    for (seed, runs), color in zip(tails.groupby("seed"), style.CHOICES, strict=False):
        ax.scatter(runs[C], runs["cost"], s=2, color=color, linewidths=0, label=f"seed {seed}", rasterized=True)
        ax.axvline(onset * runs["λ"].iloc[0], color=color, linewidth=0.8, linestyle=axes.DASHED, zorder=0)
    ax.set(xlabel="c = ηλ, λ the sharpness at the start", ylabel="cost at the last steps")
    ax.set_ylim(bottom=-0.03 * tails["cost"].max())
    ax.legend(loc="upper left", markerscale=3)
    return figure
