"""Axes that figures share: the learning rate, the step, and a cost that may take any value."""

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

from analysis import words
from analysis.draw import style

TALLEST = 1e6  # times the median cost, or times 1: an exploding run may be at 1e30 and must not flatten the others
MARGIN = 0.5  # decades of learning rate left free at each end
MOST_NAMED = 6  # learning rates with a tick of their own
DASHED = (0, (4, 2))
SHRUG, DEAD = (0.90, "shrug 0.90"), (1.0, "dead 1.0")

Limits = tuple[float, float]


def cost_limits(costs: pd.Series, references: Iterable[float] = ()) -> Limits:
    """The ends of a log axis for these costs, ignoring any that is not finite, not above 0 or far above the rest."""
    finite = costs[np.isfinite(costs) & (costs > 0)]
    visible = [*finite[finite <= TALLEST * max(1.0, finite.median())], *references] or [0.1, 10.0]
    low, high = np.log10(min(visible)), np.log10(max(visible))
    margin = max(0.06 * (high - low), 0.1)
    return float(10 ** (low - margin)), float(10 ** (high + margin))


def reference_levels(runs: pd.DataFrame) -> list[tuple[float, str]]:
    """The costs of two networks that ignore their input, for ten sigmoid outputs under the quadratic cost."""
    if not {"problem.cost", "problem.output"} <= set(runs):
        return []
    bounded = (runs["problem.cost"] == "quadratic") & (runs["problem.output"] == "sigmoid")
    return [SHRUG, DEAD] if bounded.all() else []


def limits_with_references(frame: pd.DataFrame, column: str) -> Limits:
    """The ends of a log axis for a column of costs and the reference levels."""
    return cost_limits(frame[column], [level for level, _ in reference_levels(frame)])


def clipped(costs: pd.Series, limits: Limits) -> pd.Series:
    """Costs moved to the nearest edge where they are off the scale; NaN to the upper edge."""
    return costs.fillna(np.inf).clip(*limits)


def off_scale(costs: pd.Series, limits: Limits, run_ids: pd.Series) -> list[str]:
    """How many runs `clipped` moves to each edge, in words."""
    above, below = run_ids[~(costs <= limits[1])].nunique(), run_ids[costs < limits[0]].nunique()
    notes = [
        (above, f"at the upper edge: {words.plural(above, 'run')} far above the rest or not finite"),
        (below, f"at the lower edge: {words.plural(below, 'run')} at zero or below"),
    ]
    return [note for count, note in notes if count]


def set_cost(ax: Axes, limits: Limits, label: str) -> None:
    """Make the y axis a log axis of costs."""
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
    """Make the x axis a log axis of learning rates, with ticks at the learning rates themselves if they are few."""
    low, high = np.log10(learning_rates.min()), np.log10(learning_rates.max())
    ax.set(xscale="log", xlim=(10 ** (low - MARGIN), 10 ** (high + MARGIN)), xlabel="learning rate η")
    values = sorted(learning_rates.unique())
    if len(values) <= MOST_NAMED:
        ax.xaxis.set_major_locator(FixedLocator(values))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.rate(value)))
        ax.xaxis.set_minor_locator(NullLocator())


def side_by_side(learning_rates: pd.Series, seeds: pd.Series) -> pd.Series:
    """Learning rates moved apart by seed, a little, so that runs with equal results can be counted."""
    exponents = np.log10(learning_rates)
    gaps = np.diff(np.sort(exponents.unique()))
    width = min([0.055 * (np.ptp(exponents) + 2 * MARGIN), *(0.55 * gaps)])
    order = seeds.rank(method="dense") - 1
    shift = width * (order - order.max() / 2) / max(order.max(), 1)
    return learning_rates.mul(10**shift)


def set_step(ax: Axes, last: float) -> None:
    """Make the x axis a log axis of steps that includes step 0: linear up to 1."""
    ax.set_xscale("symlog", linthresh=1, linscale=0.4)
    powers = range(int(np.log10(max(last, 1))) + 1)
    ax.set_xticks([0, *(10**power for power in powers)], minor=False)
    ax.set_xticks([digit * 10**power for power in powers for digit in range(2, 10)], minor=True)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.set(xlim=(-0.15, 1.3 * max(last, 1)), xlabel="step")


def draw_references(ax: Axes, references: Sequence[tuple[float, str]]) -> None:
    """Horizontal lines from the lowest up, each named outside the axes, clear of the data and of each other."""
    for i, (level, name) in enumerate(references):
        ax.axhline(level, color=style.FAINT, linewidth=0.7, linestyle=DASHED, zorder=0)
        is_below = i == 0 and len(references) > 1
        above = "bottom" if len(references) > 1 else "center"
        name_level(ax, level, name, style.FAINT, va="top" if is_below else above)


def name_level(ax: Axes, level: float, name: str, color: str, va: str = "center") -> None:
    """Write a name beside the axes, at a level of y."""
    ax.annotate(
        name,
        (1, level),
        xycoords=("axes fraction", "data"),
        xytext=(3, 0),
        textcoords="offset points",
        va=va,
        fontsize=6.5,
        color=color,
        annotation_clip=False,
    )


def hide(panels: Iterable[Axes]) -> None:
    """Turn off panels that hold nothing."""
    for ax in panels:
        ax.set_axis_off()


def add_solid(figure: Figure, *labels: str) -> Axes3D:
    """A three-dimensional panel on the figure's right half."""
    solid = cast(Axes3D, figure.add_subplot(1, 2, 2, projection="3d"))
    for axis, label in zip((solid.xaxis, solid.yaxis, solid.zaxis), labels, strict=True):
        axis.set_major_locator(MaxNLocator(4))
        axis.set_label_text(label)
    solid.tick_params(labelsize=6, pad=-2)
    solid.set_box_aspect(None, zoom=0.76)
    return solid
