"""Slices of a network's landscape: contours, surfaces, and the minima and paths on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from analysis.draw import axes, style
from analysis.stats.slices import Points, Slice

LEVELS = 25
LINES = 3  # a contour line every so many levels


@style.theme()
def three_minima(surface: Slice, seeds: Sequence[int]) -> Figure:
    """The plane through three minima, named by their seeds, with the paths that led there."""
    figure = Figure(figsize=(style.PAGE * 0.72, 4.2), layout="constrained")
    ax = figure.subplots()
    levels = fill_contours(ax, surface)
    ax.contour(
        surface.x, surface.y, surface.cost, levels[::LINES], colors=style.LIGHT_ON_DATA, linewidths=0.4, alpha=0.6
    )
    colors = style.CHOICES[1::2]
    for path, color in zip(surface.paths, colors, strict=False):
        ax.plot(*path.T, color=style.LIGHT_ON_DATA, linewidth=2.2, alpha=0.8)
        ax.plot(*path.T, color=color, linewidth=1.2, marker="o", ms=1.8)
    for point, seed, color in zip(surface.points, seeds, colors, strict=False):
        ax.plot(*point, marker="*", ms=11, color=color, markeredgecolor=style.LIGHT_ON_DATA, clip_on=False)
        name = f"seed {seed}"
        ax.annotate(name, point, xytext=(7, 5), textcoords="offset points", color=style.LIGHT_ON_DATA, fontsize=8)
    ax.set(xlabel="along the line from the first minimum to the second", ylabel="across it, towards the third")
    ax.set_aspect("equal")
    return figure


@style.theme()
def contours_and_surface(surface: Slice, names: tuple[str, str]) -> Figure:
    """A slice as contours, with the path or the end of the run, and as a surface; the axes have these names."""
    figure = Figure(figsize=(style.PAGE, 3.1), layout="constrained")
    flat = figure.add_subplot(1, 2, 1)
    fill_contours(flat, surface)
    for path in surface.paths:
        draw_path(flat, path)
    flat.plot(*surface.points[-1], color=style.LIGHT_ON_DATA, marker="*", ms=9, markeredgecolor=style.DARK_ON_DATA)
    flat.set(xlabel=names[0], ylabel=names[1])
    solid = axes.add_solid(figure, *(name.partition(" (")[0] for name in names), "training cost")
    across, up = np.meshgrid(surface.x, surface.y)
    rows, columns = surface.cost.shape
    shape = {"rcount": rows, "ccount": columns, "rasterized": True}  # else thousands of facets in a vector file
    solid.plot_surface(across, up, surface.cost, cmap=style.scale_colors(), linewidth=0, **shape)
    return figure


def fill_contours(ax: Axes, surface: Slice) -> np.ndarray:
    """Contours on a log scale of the cost, with their colour bar; returns the levels."""
    low, high = surface.cost.min(), surface.cost.max()
    levels = np.geomspace(low, high, LEVELS)
    filled = ax.contourf(surface.x, surface.y, surface.cost, levels, norm=LogNorm(low, high), cmap=style.scale_colors())
    bar = ax.figure.colorbar(filled, ax=ax, label="training cost")
    axes.plain_ticks(bar.ax.yaxis)
    return levels


def draw_path(ax: Axes, path: Points) -> None:
    """A path, from a black dot on."""
    ax.plot(*path.T, color=style.LIGHT_ON_DATA, linewidth=1.2, marker="o", ms=2)
    ax.plot(*path[0], color=style.DARK_ON_DATA, marker="o", ms=5, markeredgecolor=style.LIGHT_ON_DATA)
