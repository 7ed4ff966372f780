"""Cost and sharpness along descent."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import describe, words
from analysis.columns import RATE
from analysis.draw import axes, style
from analysis.stats import stability
from analysis.stats.regimes import EXPLODING

SPIKE = 20  # times the median sharpness: higher values do not stretch the axis


@style.theme()
def sharpness(runs: pd.DataFrame, steps: pd.DataFrame) -> Figure:
    """Cost over sharpness; a colour for each learning rate, a line for each run; dashed: the stability limit."""
    figure = Figure(figsize=(style.PAGE * 0.72, 4.6), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True)
    limits = axes.cost_limits(steps["cost"])
    positive = steps["sharpness"].where(steps["sharpness"] > 0)
    bounds = axes.cost_limits(positive[positive < SPIKE * positive.median()])
    for rate, color in zip(sorted(steps[RATE].unique()), style.CHOICES, strict=False):
        same = steps[steps[RATE] == rate]
        label = _label(rate, same)
        for run_id, run in same.groupby("run_id", sort=False):
            cost, visible = axes.clipped(run["cost"], limits), run[run["sharpness"].between(*bounds)]
            is_first = run_id == same["run_id"].iloc[0]
            top.plot(run["step"], cost, color=color, linewidth=0.8, label=label if is_first else None)
            bottom.plot(visible["step"], visible["sharpness"], color=color, linewidth=0.8)
        draw_critical(bottom, runs[runs[RATE] == rate], bounds, color)
    axes.set_cost(top, limits, describe.cost_name(steps))
    axes.set_cost(bottom, bounds, "sharpness λ")
    bottom.set(xlabel="step", xlim=(0, max(1, steps["step"].max())))
    title = [describe.counts(runs), *axes.off_scale(steps["cost"], limits, steps["run_id"])]
    top.legend(loc="lower left", bbox_to_anchor=(-0.05, 1.0), ncols=3, title="\n".join(title), alignment="left")
    return figure


def draw_critical(ax: Axes, runs: pd.DataFrame, bounds: axes.Limits, color: str) -> None:
    """Dashed lines at the sharpness at which the learning rate is the stability limit, for each rule that has one."""
    for factor in stability.factors(runs).dropna().unique():
        level = factor / runs[RATE].iloc[0]
        if bounds[0] < level < bounds[1]:
            ax.axhline(level, color=color, linewidth=0.9, linestyle=axes.DASHED, zorder=0)
            axes.name_level(ax, level, f"{factor:g}/η = {level:g}", color)


def _label(rate: float, steps: pd.DataFrame) -> str:
    regimes = steps.drop_duplicates("run_id")["regime"]
    diverged = int((regimes == EXPLODING).sum())
    return f"η = {words.rate(rate)}" + (f" ({diverged} of {len(regimes)} diverged)" if diverged else "")
