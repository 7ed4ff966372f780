"""Axes that studies share: the learning rate, the step, and a cost that may be anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from mpl_toolkits.mplot3d import Axes3D

from analysis import style
from analysis.words import plural

TALLEST = 1e6  # times the median cost, or times 1: an exploding run may be at 1e30 and must not flatten the others
BESIDE = 0.5  # decades of learning rate left free at each end
Limits = tuple[float, float]


def cost_limits(costs: pd.Series, references: Iterable[float] = ()) -> Limits:
    """The ends of a log axis for these costs, leaving out any that is not finite, not above 0 or far above the rest."""
    finite = costs[np.isfinite(costs) & (costs > 0)]
    shown = [*finite[finite <= TALLEST * max(1.0, finite.median())], *references] or [0.1, 10.0]
    low, high = np.log10(min(shown)), np.log10(max(shown))
    margin = max(0.06 * (high - low), 0.1)
    return float(10 ** (low - margin)), float(10 ** (high + margin))


def placed(costs: pd.Series, limits: Limits) -> pd.Series:
    """Costs where an axis can show them: outside the limits at its edge, and one that is not a number at the upper."""
    return costs.fillna(np.inf).clip(*limits)


def off_scale(costs: pd.Series, limits: Limits, run_ids: pd.Series) -> list[str]:
    """How many runs `placed` shows at each edge and not at their cost, in words."""
    above, below = run_ids[~(costs <= limits[1])].nunique(), run_ids[costs < limits[0]].nunique()
    notes = [
        (above, f"at the upper edge: {plural(above, 'run')} far above the rest or not finite"),
        (below, f"at the lower edge: {plural(below, 'run')} at zero or below"),
    ]
    return [note for count, note in notes if count]


def set_cost(ax: Axes, limits: Limits, label: str) -> None:
    ax.set(yscale="log", ylim=limits, ylabel=label)
    decades = np.log10(limits[1] / limits[0])
    if decades < 4:
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if decades > 1 else (1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_formatter(NullFormatter())


def plain_ticks(axis: Axis) -> None:
    """A few plain numbers along a log axis."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def set_learning_rate(ax: Axes, learning_rates: pd.Series) -> None:
    low, high = np.log10(learning_rates.min()), np.log10(learning_rates.max())
    ax.set(xscale="log", xlim=(10 ** (low - BESIDE), 10 ** (high + BESIDE)), xlabel="learning rate η")
    name_few(ax.xaxis, learning_rates)


def name_few(axis: Axis, learning_rates: pd.Series) -> None:
    """Name the learning rates themselves and not decades, where they are few."""
    few = sorted(learning_rates.unique())
    if len(few) <= 6:
        axis.set_major_locator(FixedLocator(few))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(NullLocator())


def side_by_side(learning_rates: pd.Series, seeds: pd.Series) -> pd.Series:
    """Learning rates moved apart by seed, a little, so that runs that end alike can be counted."""
    exponents = np.log10(learning_rates)
    gaps = np.diff(np.sort(exponents.unique()))
    width = min([0.055 * (np.ptp(exponents) + 2 * BESIDE), *(0.55 * gaps)])
    order = seeds.rank(method="dense") - 1
    shift = width * (order - order.max() / 2) / max(order.max(), 1)
    return learning_rates.mul(10**shift)


def set_step(ax: Axes, last: float) -> None:
    """Steps on a log axis that has a place for step 0: linear up to 1."""
    ax.set_xscale("symlog", linthresh=1, linscale=0.4)
    powers = range(int(np.log10(max(last, 1))) + 1)
    ax.set_xticks([0, *(10**power for power in powers)], minor=False)
    ax.set_xticks([digit * 10**power for power in powers for digit in range(2, 10)], minor=True)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.set(xlim=(-0.15, 1.3 * max(last, 1)), xlabel="step")


def draw_references(ax: Axes, references: Sequence[tuple[float, str]]) -> None:
    """Level lines from the lowest up, named outside the axes, where no data can be, and apart from each other."""
    for i, (level, name) in enumerate(references):
        ax.axhline(level, color=style.FAINT, linewidth=0.7, linestyle=(0, (4, 2)), zorder=0)
        below = i == 0 and len(references) > 1
        ax.annotate(
            name,
            (1, level),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            va="top" if below else "bottom" if len(references) > 1 else "center",
            fontsize=6.5,
            color=style.FAINT,
        )


def add_solid(figure: Figure, *labels: str) -> Axes3D:
    """A panel in three dimensions on the figure's right half."""
    solid = cast(Axes3D, figure.add_subplot(1, 2, 2, projection="3d"))
    for axis, label in zip((solid.xaxis, solid.yaxis, solid.zaxis), labels, strict=True):
        axis.set_major_locator(MaxNLocator(4))
        axis.set_label_text(label)
    solid.tick_params(labelsize=6, pad=-2)
    solid.set_box_aspect(None, zoom=0.76)
    return solid
