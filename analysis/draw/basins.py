"""Basins of attraction: starts in the colour of the minimum that descent from them reaches."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from jaxtyping import Bool
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis import words
from analysis.columns import RATE
from analysis.draw import axes, style
from analysis.stats import stability
from gdlab.measure.measurements.basins import DIVERGED, RIDGE, UNSETTLED
from gdlab.problems.landscapes import Landscape

REASONS = {
    UNSETTLED: ("not at rest", "#bbbbbb"),
    DIVERGED: ("diverged", style.DARK_ON_DATA),
    RIDGE: ("on a ridge", style.LIGHT_ON_DATA),
}
OFFSET = -min(REASONS)  # from the numbers of minima and reasons to places in the colormap

Held = Bool[np.ndarray, " minima"]


@style.theme()
def basins(runs: pd.DataFrame, starts: pd.DataFrame, landscapes: Mapping[str, Landscape]) -> Figure:
    """A map for each learning rate, with the share of starts that end in a global minimum."""
    is_flat = landscapes[runs["run_id"].iloc[0]].parameters == 1
    columns = 1 if is_flat else min(3, len(runs))
    rows = -(-len(runs) // columns)
    size = (style.COLUMN * 1.3, 1.2 + 0.55 * rows) if is_flat else (2.4 * columns, 2.45 * rows + 0.3)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for ax, (_, run) in zip(panels, runs.iterrows(), strict=False):
        landscape, own = landscapes[run["run_id"]], starts[starts["run_id"] == run["run_id"]]
        (draw_strip if is_flat else draw_map)(ax, own, landscape, held_minima(landscape, run))
        ax.set_title(f"η = {words.rate(run[RATE])}: {run['fraction_global']:.1%} global", loc="left")
    axes.hide(panels[len(runs) :])
    figure.supxlabel("w" if is_flat else "w₁", fontsize=8)
    if not is_flat:
        figure.supylabel("w₂", fontsize=8)
    add_legend(figure, starts.loc[starts["run_id"].isin(runs["run_id"]), "minimum"])
    return figure


def held_minima(landscape: Landscape, run: pd.Series) -> Held:
    """True for each minimum that is not too sharply curved for the run to rest in, as far as is known."""
    return stability.may_hold(run, np.linalg.eigvalsh(landscape.hessian(landscape.minima))[:, -1])


def add_legend(figure: Figure, minima: pd.Series) -> None:
    """A legend of the reasons why starts reached no minimum, where there are any."""
    found = [reason for reason in REASONS if (minima == reason).any()]
    if found:
        handles = [Patch(facecolor=REASONS[r][1], edgecolor=style.INK, label=REASONS[r][0]) for r in found]
        figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))


def colors(landscape: Landscape) -> ListedColormap:
    """A colour for each reason, then one for each minimum: a few distinct ones, or many from near the global to far."""
    count = len(landscape.minima)
    reasons = [REASONS[reason][1] for reason in sorted(REASONS)]
    if count <= len(style.CHOICES):
        return ListedColormap([*reasons, *style.CHOICES[:count]])
    far = np.linalg.norm(landscape.minima - landscape.minima[0], axis=1)
    scale = mpl.colormaps["cividis"]
    shades = [scale(0.9 - 0.8 * distance / far.max()) for distance in far]
    return ListedColormap([*reasons, style.CHOICES[1], *shades[1:]])


def draw_map(ax: Axes, starts: pd.DataFrame, landscape: Landscape, held: Held) -> None:
    """A map of two parameters: a cell for each start; dots at the minima, crosses at those that cannot hold."""
    (left, right), (low, high) = landscape.box
    square = starts.pivot(index="start2", columns="start1", values="minimum").to_numpy()
    a, b = (right - left) / (square.shape[1] - 1) / 2, (high - low) / (square.shape[0] - 1) / 2
    ax.imshow(
        square + OFFSET,
        origin="lower",
        extent=(left - a, right + a, low - b, high + b),  # a start is in the middle of its cell
        cmap=colors(landscape),
        vmin=-0.5,
        vmax=OFFSET + len(landscape.minima) - 0.5,
        interpolation="nearest",
        aspect="equal",
    )
    minima = landscape.minima
    ax.plot(
        *minima[held].T,
        linestyle="",
        marker=".",
        ms=4,
        color=style.LIGHT_ON_DATA,
        markeredgecolor=style.DARK_ON_DATA,
        mew=0.3,
    )
    ax.plot(*minima[~held].T, linestyle="", marker="x", ms=3.5, color=style.DARK_ON_DATA, mew=0.8)


def draw_strip(ax: Axes, starts: pd.DataFrame, landscape: Landscape, held: Held) -> None:
    """The curve of a landscape of one parameter, each start on it in its colour."""
    scale, w = colors(landscape), starts["start1"].to_numpy()
    shades = [scale(int(minimum) + OFFSET) for minimum in starts["minimum"]]
    ax.scatter(w, landscape.cost(w[:, None]), s=3, c=shades, linewidth=0, rasterized=True)  # thousands of dots
    for chosen, marker, color in ((held, "o", "white"), (~held, "x", style.INK)):
        minima = landscape.minima[chosen]
        ax.plot(minima[:, 0], landscape.cost(minima), linestyle="", marker=marker, ms=4, color=color, mec=style.INK)
    ax.set_yticks([])
    ax.set_ylabel("C(w)")
