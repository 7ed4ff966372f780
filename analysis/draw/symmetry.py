"""Distinct hidden units and the cost against the step."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from analysis import describe
from analysis.draw import axes, style


@style.theme()
def symmetry(table: pd.DataFrame, units: int) -> Figure:
    """The number of distinct units, out of `units`, above the training cost; a line is a run, its colour its start."""
    figure = Figure(figsize=(style.COLUMN, 4.2), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True)
    limits = axes.cost_limits(table["cost"])
    for place, ((name, group), color) in enumerate(zip(table.groupby("start"), style.CHOICES, strict=False)):
        width = max(2.4 - 0.7 * place, 0.9)  # so that a line shows beside one that is drawn over it
        for number, (_, run) in enumerate(group.groupby("run_id")):
            label = f"{name} (n = {group['run_id'].nunique()})" if number == 0 else None
            top.plot(run["step"], run["distinct units"], color=color, linewidth=width, label=label, clip_on=False)
            bottom.plot(run["step"], axes.clipped(run["cost"], limits), color=color, linewidth=width)
    top.set(ylabel="distinct hidden units", ylim=(0, units))
    axes.set_cost(bottom, limits, describe.cost_name(table))
    axes.set_step(bottom, table["step"].max())
    top.legend(loc="lower left", bbox_to_anchor=(-0.05, 1.02), title="start and precision", alignment="left")
    return figure
