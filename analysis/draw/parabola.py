"""Descent on a parabola, drawn on the parabola."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import words
from analysis.columns import RATE
from analysis.draw import axes, style

PLACE = "w1"
CURVATURE, CENTER = "problem.curvature", "problem.center"
REACH = 1.35  # times the distance of the start from the minimum: how far the parabola is drawn


@style.theme()
def on_parabola(steps: pd.DataFrame, runs: pd.DataFrame) -> Figure:
    """A panel for each run: the parabola, and the run's steps on it; in the last panel, their costs."""
    columns = min(3, len(runs) + 1)
    rows = -(-(len(runs) + 1) // columns)
    figure = Figure(figsize=(max(style.COLUMN, 2.4 * columns), 2.3 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    limits = axes.cost_limits(steps["cost"])
    last = panels[len(runs)]
    for ax, (_, run) in zip(panels, runs.iterrows(), strict=False):
        path = steps[steps["run_id"] == run["run_id"]].sort_values("step")
        draw_path(ax, path, run)
        cost = axes.clipped(path["cost"], limits)
        last.plot(path["step"], cost, color=style.REGIMES[run["regime"]].color, linewidth=1, clip_on=False)
    axes.hide(panels[len(runs) + 1 :])
    axes.set_cost(last, limits, "C(w)")
    last.set(xlabel="step", xlim=(0, max(1, steps["step"].max())))
    last.set_title("the cost of these runs", loc="left")
    return figure


def draw_path(ax: Axes, path: pd.DataFrame, run: pd.Series) -> None:
    """The steps of one run on its parabola, from the black dot on."""
    center, curvature = run[CENTER], run[CURVATURE]
    reach = REACH * abs(path[PLACE].iloc[0] - center) or 1.0
    w = np.linspace(center - reach, center + reach, 200)
    top = curvature / 2 * reach**2
    ax.plot(w, curvature / 2 * (w - center) ** 2, color=style.FAINT, linewidth=0.8, zorder=0)
    mark = style.REGIMES[run["regime"]]
    ax.plot(path[PLACE], path["cost"], color=mark.color, linewidth=0.7, marker="o", ms=3, zorder=2)
    ax.plot(path[PLACE].iloc[0], path["cost"].iloc[0], color=style.INK, marker="o", ms=4, zorder=3)
    ax.set(xlim=(center - reach, center + reach), ylim=(-0.05 * top, top), xlabel="w", ylabel="C(w)")
    outside = int((~((path[PLACE] - center).abs() <= reach)).sum())
    count = words.plural(int(path["step"].max()), "step") + (f", {outside} outside the panel" if outside else "")
    ax.set_title(f"{run['kind']}: η = {words.rate(run[RATE])}\n{count}", loc="left")
