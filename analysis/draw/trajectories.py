"""Cost against the step, a panel for each learning rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import describe, words
from analysis.columns import RATE
from analysis.draw import axes, style

MOST_PANELS = 12


@style.theme()
def trajectories(steps: pd.DataFrame) -> Figure:
    """The recorded cost of every run against the step, in at most MOST_PANELS panels."""
    rates = panel_rates(steps)
    columns = min(3, len(rates))
    rows = -(-len(rates) // columns)
    figure = Figure(figsize=(max(style.COLUMN, 2.4 * columns), 0.6 + 1.35 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    limits = axes.limits_with_references(steps, "cost")
    clipped = steps.assign(cost=axes.clipped(steps["cost"], limits))
    for ax, rate in zip(panels, rates, strict=False):
        draw_costs(ax, clipped[clipped[RATE] == rate])
        axes.set_cost(ax, limits, "")
        for level, _ in axes.reference_levels(steps):
            ax.axhline(level, color=style.FAINT, linewidth=0.6, linestyle=axes.DASHED, zorder=0)
        ax.set_title(f"η = {words.rate(rate)}", loc="left")
    axes.hide(panels[len(rates) :])
    axes.set_step(panels[0], steps["step"].max())
    for ax in panels:
        ax.set_xlabel("")
        ax.label_outer()
        ax.minorticks_off()  # in a dozen panels they would take longer to draw than all else
    figure.supxlabel("step", fontsize=8)
    figure.supylabel(describe.cost_name(steps), fontsize=8)
    handles = [
        panels[0].plot([], [], color=mark.color, marker=mark.marker, ms=3.5, label=name)[0]
        for name, mark in style.REGIMES.items()
        if (steps["regime"] == name).any()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


def draw_costs(ax: Axes, steps: pd.DataFrame) -> None:
    """A line for each run in its regime's colour, its end marked."""
    for (_, regime), run in steps.groupby(["run_id", "regime"], sort=False):
        mark = style.REGIMES[str(regime)]
        ax.plot(run["step"], run["cost"], color=mark.color, linewidth=0.8, alpha=0.8)
        end = run.iloc[[-1]]
        ax.scatter(end["step"], end["cost"], s=9, color=mark.color, marker=mark.marker, clip_on=False, zorder=3)


def panel_rates(steps: pd.DataFrame) -> list[float]:
    """All learning rates, or as many as there are panels: the first, the last and that of the lowest final cost, the
    others evenly chosen.
    """
    rates = np.sort(steps[RATE].unique())
    chosen = np.linspace(0, len(rates) - 1, min(len(rates), MOST_PANELS)).round().astype(int)
    ends = steps.sort_values("step", kind="stable").groupby("run_id").tail(1)
    lowest = ends.groupby(RATE)["cost"].median().reindex(rates).fillna(np.inf).argmin()
    if 0 < lowest < len(rates) - 1:
        inner = chosen[1:-1]
        inner[np.abs(inner - lowest).argmin()] = lowest
    return [float(rates[i]) for i in chosen]
