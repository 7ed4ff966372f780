"""Cost and sharpness along descent."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import describe, words
from analysis.columns import OPTIMIZER, RATE
from analysis.draw import axes, style
from analysis.stats import stability
from analysis.stats.regimes import EXPLODING
from analysis.stats.sharpness import CRITICAL, RATIO, close

SPIKE = 20  # times the median sharpness: higher values do not stretch the axis
HIGHEST = 1.3  # of the critical sharpness: where the axis of ratios ends at least


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


@style.theme()
def ratios(steps: pd.DataFrame) -> Figure:
    """The sharpness that decides over the critical one against the step: a panel for each optimizer, a line for each
    run; dashed: the stability limit; grey: what is close to it.
    """
    optimizers = list(steps[OPTIMIZER].unique())
    figure = Figure(figsize=(style.PAGE, 2.4), layout="constrained")
    panels = figure.subplots(1, len(optimizers), sharex=True, sharey=True, squeeze=False)[0]
    for ax, optimizer, color in zip(panels, optimizers, style.CHOICES, strict=False):
        same = steps[steps[OPTIMIZER] == optimizer]
        for _, run in same.groupby("run_id", sort=False):
            ax.plot(run["step"], run[RATIO], color=color, linewidth=0.7)
        ax.axhspan(1 - close(optimizer), 1 + close(optimizer), color=style.FAINT, alpha=0.15, linewidth=0, zorder=0)
        ax.axhline(1, color=style.INK, linewidth=0.8, linestyle=axes.DASHED, zorder=0)
        levels = [words.number(float(f"{value:.4g}")) for value in sorted(same[CRITICAL].unique())]
        kind = "preconditioned, " if stability.is_preconditioned(same.iloc[0]) else ""
        ax.set_title(f"{words.spoken(optimizer)}\n{kind}limit: {words.listed(levels)}")
        ax.set(xlabel="step")
    highest = max(HIGHEST, min(2.0, 1.05 * steps[RATIO].quantile(0.999)))
    panels[0].set(ylabel="sharpness / limit", ylim=(0, highest), xlim=(0, max(1, steps["step"].max())))
    return figure


def draw_critical(ax: Axes, runs: pd.DataFrame, bounds: axes.Limits, color: str) -> None:
    """Dashed lines at the sharpness at which the learning rate is the stability limit, for each rule that has one."""
    for factor in stability.factors(runs).dropna().unique():
        level = factor / runs[RATE].iloc[0]
        if bounds[0] < level < bounds[1]:
            ax.axhline(level, color=color, linewidth=0.9, linestyle=axes.DASHED, zorder=0)
            axes.name_level(ax, level, f"{factor:g}/η = {level:.4g}", color)


def _label(rate: float, steps: pd.DataFrame) -> str:
    regimes = steps.drop_duplicates("run_id")["regime"]
    diverged = int((regimes == EXPLODING).sum())
    return f"η = {words.rate(rate)}" + (f" ({diverged} of {len(regimes)} diverged)" if diverged else "")
