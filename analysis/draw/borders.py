"""Measured borders of stability over the predicted."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.draw import axes, style
from analysis.stats.borders import CLOSE, RATIO

TICKS = (0.1, 0.2, 0.5, 0.8, 1, 1.25, 2, 5, 10, 20)
LEAST_LIMITS = (0.8, 1.25)


@style.theme()
def borders(table: pd.DataFrame) -> Figure:
    """For each case the bracket of its border over the prediction, on a log scale."""
    figure = Figure(figsize=(style.PAGE * 0.8, 0.9 + 0.23 * len(table)), layout="constrained")
    ax = figure.subplots()
    for place, (_, row) in enumerate(table.iterrows()):
        color = style.CHOICES[0] if abs(row[RATIO] - 1) <= CLOSE else style.CHOICES[1]
        bracket = [row["holds"] / row["predicted"], row["diverges"] / row["predicted"]]
        ax.plot(bracket, [-place, -place], color=color, linewidth=2.5, solid_capstyle="butt")
        ax.plot(row[RATIO], -place, color=color, marker="o", ms=4)
        axes.name_level(ax, -place, f"{row[RATIO]:.3f}", style.INK)
    ax.axvline(1, color=style.FAINT, linewidth=0.8, linestyle=axes.DASHED, zorder=0)
    ax.set_yticks([-place for place in range(len(table))], [_label(row) for _, row in table.iterrows()])
    ax.set(ylim=(0.6 - len(table), 0.6))
    _set_ratio(ax, table[RATIO].min(), table[RATIO].max())
    return figure


def _set_ratio(ax: Axes, low: float, high: float) -> None:
    ax.set(xscale="log", xlabel="measured border / predicted border")
    ax.set_xlim(min(LEAST_LIMITS[0], LEAST_LIMITS[0] * low), max(LEAST_LIMITS[1], LEAST_LIMITS[1] * high))
    left, right = ax.get_xlim()
    ticks = [tick for tick in TICKS if left <= tick <= right]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xticks([], minor=True)


def _label(row: pd.Series) -> str:
    beta = f", β = {row['β']:g}" if row["β"] else ""
    return f"{row['case']}{beta}, λ = {row['λ']:.3g}, rise ×{row['rise']:g}"
