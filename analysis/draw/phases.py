"""Phase diagram: regime and final cost by learning rate and batch size."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from analysis import describe, words
from analysis.columns import BATCH_SIZE, RATE
from analysis.draw import axes, style

MOST_TICKS = 6
NOT_RUN = "#dddddd"


@style.theme()
def phases(runs: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Two maps over the same pairs: the regime, and the final cost."""
    figure = Figure(figsize=(style.PAGE, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    draw_regimes(left, table)
    draw_costs(right, table)
    for ax in (left, right):
        _set_rates(ax, sorted(table[RATE].unique()))
    left.set_title("regime", loc="left")
    right.set_title(f"final {describe.cost_name(runs)}", loc="left")
    regimes = [name for name in style.REGIMES if (table["regime"] == name).any()]
    figure.legend(
        handles=[Patch(color=style.REGIMES[name].color, label=name) for name in regimes],
        loc="outside upper left",
        ncols=len(regimes),
        title=describe.counts(runs, [BATCH_SIZE]),
        alignment="left",
    )
    return figure


def draw_regimes(ax: Axes, table: pd.DataFrame) -> None:
    """A square for each pair in the colour of its regime, with a dot where its runs differ."""
    rates, sizes = sorted(table[RATE].unique()), sorted(table["size"].unique())
    for _, row in table.iterrows():
        x, y = rates.index(row[RATE]), sizes.index(row["size"])
        color = style.REGIMES[row["regime"]].color
        ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=color, edgecolor="white", linewidth=0.6))
        if not row["agree"]:
            ax.plot(x, y, marker="o", ms=2.5, color=style.INK)
    labels = table.drop_duplicates("size").sort_values("size")["label"]
    ax.set(xlim=(-0.5, len(rates) - 0.5), ylim=(-0.5, len(sizes) - 0.5), ylabel="batch size")
    ax.set_yticks(range(len(sizes)), list(labels))


def draw_costs(ax: Axes, table: pd.DataFrame) -> None:
    """The average final cost of each pair on a log scale; what is far above the best has one colour."""
    cost = table.pivot(index="size", columns=RATE, values="iqm").to_numpy()
    finite = cost[np.isfinite(cost)]
    low, high = (finite.min(), min(finite.max(), 1e3 * finite.min())) if finite.size else (0.1, 1.0)
    above = list(style.REGIMES.values())[-1].color
    image = ax.imshow(
        np.ma.masked_invalid(np.where(np.isinf(cost), 1e300, cost)),
        norm=LogNorm(low, max(high, low * 1.01)),
        cmap=style.scale_colors().reversed().with_extremes(bad=NOT_RUN, over=above),
        aspect="auto",
        origin="lower",
    )
    bar = ax.figure.colorbar(image, ax=ax, extend="max" if finite.size < cost.size else "neither")
    axes.plain_ticks(bar.ax.yaxis)


def _set_rates(ax: Axes, rates: list[float]) -> None:
    places = range(0, len(rates), max(1, len(rates) // MOST_TICKS))
    ax.set_xticks(list(places), [words.rate(float(f"{rates[place]:.2g}")) for place in places])
    ax.set_xlabel("learning rate η")
    ax.tick_params(length=0)
