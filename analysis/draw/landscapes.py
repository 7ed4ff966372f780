"""Landscapes with the paths of runs on them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import Axes3D

from analysis import words
from analysis.columns import OPTIMIZER, RATE
from analysis.draw import axes, style
from analysis.stats.paths import Paths

FINE, COARSE = 161, 61  # points along each axis of the contours and of the surface
LEVELS = 30
WIDEST, STEP = 3.2, 0.55  # the first path is the widest, so that it shows beside what is drawn over it


@style.theme()
def curve(paths: Paths) -> Figure:
    """A landscape of one parameter with the paths on it."""
    figure = Figure(figsize=(style.COLUMN, 2.6), layout="constrained")
    ax = figure.subplots()
    ((low, high),) = paths.landscape.box
    w = np.linspace(low, high, 400)
    ax.plot(w, paths.landscape.cost(w[:, None]), color=style.FAINT, linewidth=1)
    for (_, run), color in zip(paths.runs.iterrows(), style.CHOICES, strict=False):
        path = paths.path(run)
        cost = paths.landscape.cost(path)
        ax.plot(path[:, 0], cost, color=color, marker="o", ms=2.5, linewidth=0.6, label=f"from {path[0, 0]:g}")
        ax.plot(path[0, 0], cost[0], color=style.INK, marker="o", ms=4)
    minima = paths.landscape.minima
    ax.plot(minima[:, 0], paths.landscape.cost(minima), linestyle="", marker="*", ms=8, color="white", mec=style.INK)
    ax.set(xlabel="w", ylabel="C(w)")
    ax.legend()
    return figure


@style.theme()
def surface(paths: Paths) -> Figure:
    """A landscape of two parameters as contours and as a surface, with the paths on both."""
    figure = Figure(figsize=(style.PAGE, 3.3), layout="constrained")
    flat = figure.add_subplot(1, 2, 1)
    draw_contours(flat, paths)
    draw_surface(axes.add_solid(figure, "w₁", "w₂", "√(C - lowest)"), paths)
    handles, labels = flat.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), fontsize="small", columnspacing=1.2)
    return figure


def draw_contours(ax: Axes, paths: Paths) -> None:
    """Contours, the paths and the minima."""
    fill_contours(ax, paths)
    for place, ((_, run), color) in enumerate(zip(paths.runs.iterrows(), style.CHOICES, strict=False)):
        path = paths.inside(paths.path(run))
        label = f"{words.spoken(run[OPTIMIZER])}, η = {words.rate(run[RATE])}"
        ax.plot(*path.T, color=color, linewidth=max(WIDEST - STEP * place, 0.8), label=label)
        ax.plot(*path[-1], color=color, marker="o", ms=3.5, markeredgecolor="white", mew=0.5)
        ax.plot(*path[0], color=style.INK, marker="o", ms=4)
    minima = paths.landscape.minima
    if len(minima):
        ax.plot(*minima.T, linestyle="", marker="*", ms=8, color="white", markeredgecolor=style.INK, mew=0.5)


def fill_contours(ax: Axes, paths: Paths) -> None:
    """Contours that are evenly spaced in the square root of the height above the lowest point."""
    x, y, cost = paths.heights(FINE)
    ax.contourf(x, y, np.sqrt(cost - cost.min()), LEVELS, cmap=style.scale_colors(), alpha=0.55)
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), xlabel="w₁", ylabel="w₂")


def draw_surface(solid: Axes3D, paths: Paths) -> None:
    """The surface of the square root of the height above the lowest point, with the paths on it."""
    x, y, cost = paths.heights(COARSE)
    lowest = cost.min()
    heights = np.sqrt(cost - lowest)
    across, up = np.meshgrid(x, y)
    solid.plot_surface(
        across,
        up,
        heights,
        cmap=style.scale_colors(),
        alpha=0.75,
        linewidth=0,
        rcount=COARSE,
        ccount=COARSE,
        rasterized=True,  # else thousands of facets in a vector file
    )
    for (_, run), color in zip(paths.runs.iterrows(), style.CHOICES, strict=False):
        path = paths.inside(paths.path(run))
        height = np.sqrt(np.maximum(paths.landscape.cost(path) - lowest, 0))
        solid.plot(path[:, 0], path[:, 1], height, color=color, linewidth=1.2, zorder=10)
    solid.view_init(elev=38, azim=-60)
