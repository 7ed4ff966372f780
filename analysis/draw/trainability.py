"""Pictures of trainability: windows, zooms and conditions side by side, dimensions, and a film of the zooms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from analysis.draw import style
from analysis.draw.film import animated
from analysis.stats.boundaries import SMOOTH, Picture, equalized

COLORS = mpl.colormaps["PuOr_r"]  # distinct to colour-blind readers, in print too: the two sides differ in hue
TRAINED, DIVERGED = COLORS(0.12), COLORS(0.88)
PER_OCTAVE = 4  # frames in which a window doubles
SIDE = 216  # pixels of a frame
FRAME_MILLISECONDS, LAST_MILLISECONDS = 120, 1500
SHADES = 48  # of a film: fewer make smaller files
ZOOMS = 6  # small panels beside the large one


@style.theme()
def zooms(pictures: Mapping[int, Picture], labels: tuple[str, str]) -> Figure:
    """Window 0 at the left, and the windows after it at the right; a frame is the next window."""
    deeper = [zoom for zoom in sorted(pictures) if zoom > min(pictures)]
    shown = [deeper[i] for i in np.linspace(0, len(deeper) - 1, min(ZOOMS, len(deeper))).round().astype(int)]
    columns = max(1, -(-len(shown) // 2))
    figure = Figure(figsize=(3.3 + 1.3 * columns * bool(shown), 3.2), layout="constrained")
    grid = figure.add_gridspec(2, 2 + columns * bool(shown))
    ax = figure.add_subplot(grid[:, :2])
    show(ax, pictures[min(pictures)])
    ax.set(xlabel=labels[0], ylabel=labels[1])
    for place, zoom in enumerate(shown):
        panel = figure.add_subplot(grid[divmod(place, columns)[0], 2 + place % columns])
        frame(ax, pictures[zoom])
        show(panel, pictures[zoom], ticks=2)
        panel.set_title(f"×{2 ** (zoom - min(pictures)):,}", loc="left")
        ax = panel
    add_legend(figure)
    return figure


@style.theme()
def conditions(pictures: Mapping[str, Sequence[tuple[int, Picture]]]) -> Figure:
    """A column for each condition: its first window above its deepest one."""
    rows = max(len(windows) for windows in pictures.values())
    columns = len(pictures)
    figure = Figure(figsize=(min(style.PAGE, 0.5 + 1.6 * columns), 0.8 + 1.05 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for column, (name, windows) in zip(grid.T, pictures.items(), strict=True):
        for ax, (zoom, shown) in zip(column, windows, strict=False):
            show(ax, shown, ticks=2)
            ax.set_title(f"{name}\n×{2**zoom:,}" if ax is column[0] else f"×{2**zoom:,}", loc="left", fontsize=6)
            ax.tick_params(labelsize=5)
        for ax in column[len(windows) :]:
            ax.set_axis_off()
    figure.supxlabel("log₁₀ η₀ (offset: log₁₀ of the offset)", fontsize=7)
    figure.supylabel("log₁₀ η₁ (offset: log₁₀ η)", fontsize=7)
    add_legend(figure)
    return figure


@style.theme()
def plane(shown: Picture, labels: tuple[str, str]) -> Figure:
    """One window."""
    figure = Figure(figsize=(style.COLUMN, 3.3), layout="constrained")
    ax = figure.subplots()
    show(ax, shown)
    ax.set(xlabel=labels[0], ylabel=labels[1])
    add_legend(figure)
    return figure


@style.theme()
def dimensions(table: pd.DataFrame, windows: pd.DataFrame) -> Figure:
    """Each window's dimension against its enlargement; each condition's median with its interval, and the published."""
    figure = Figure(figsize=(style.PAGE, 1.5 + 0.2 * len(table)), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=False)
    places = np.arange(len(table))[::-1]
    for place, color, marker, (_, row) in zip(places, style.CHOICES, "osD^vPX", table.iterrows(), strict=False):
        own = windows[(windows["condition"] == row["condition"]) & windows["dimension"].notna()]
        left.plot(own["zoom"], own["dimension"], color=color, marker=marker, ms=3, lw=0.9)
        right.plot([row["low"], row["high"]], [place, place], color=color, lw=1.4)
        right.plot([row["dimension"]], [place], color=color, marker=marker, ms=4.5)
        right.plot([row["published"]], [place], ls="", marker="|", ms=9, mew=1.6, color=style.INK)
    left.axhline(SMOOTH, color=style.FAINT, lw=0.7, ls=(0, (4, 2)))
    right.axvline(SMOOTH, color=style.FAINT, lw=0.7, ls=(0, (4, 2)))
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    left.set(xlabel="enlargement, log₂", ylabel="box-counting dimension", ylim=(0.9, 2.05))
    right.set_yticks(places, table["condition"])
    right.set(xlabel="box-counting dimension", ylim=(-0.6, len(table) - 0.4), xlim=(0.9, 2.05))
    right.plot([], [], ls="-", marker="o", ms=4.5, lw=1.4, color=style.FAINT, label="median over windows")
    right.plot([], [], ls="", marker="|", ms=9, mew=1.6, color=style.INK, label="published")
    figure.legend(loc="outside upper right", ncols=2)
    return figure


@style.theme()
def film(pictures: Mapping[int, Picture]) -> bytes:
    """The zooms in motion, from the widest window to the deepest."""
    frames = [Image.fromarray(pixels) for pixels in zoom_frames(pictures)]
    return animated(frames, FRAME_MILLISECONDS, LAST_MILLISECONDS)


def zoom_frames(pictures: Mapping[int, Picture]) -> Iterator[UInt8[np.ndarray, "side side 3"]]:
    """The frames: between two windows the wider one is seen through an ever smaller frame, with the deeper one in its
    middle; the scale of the shades passes from that of the wider one to that of the deeper one.
    """
    order = sorted(pictures)
    for zoom, after in pairwise(order):
        both, octaves = (pictures[zoom], pictures[after]), after - zoom
        scales = [[equalized(shown.value, by.value) for shown in both] for by in both]
        for step in range(PER_OCTAVE * octaves):
            time = step / (PER_OCTAVE * octaves)
            narrowed = (1 - 2.0 ** (-octaves * time)) / (1 - 2.0**-octaves)  # evenly in the logarithm of the width
            edges = tuple(a + narrowed * (b - a) for a, b in zip(both[0].edges, both[1].edges, strict=True))
            shades = [(1 - time) * wide + time * deep for wide, deep in zip(*scales, strict=True)]
            yield view(edges, list(zip(both, shades, strict=True)))
    last = pictures[order[-1]]
    yield view(last.edges, [(last, equalized(last.value))])


def view(edges: tuple[float, ...], layers: Sequence[tuple[Picture, np.ndarray]]) -> UInt8[np.ndarray, "side side 3"]:
    """The colours seen in a frame with these edges: each layer's nearest pixel, later layers over earlier ones."""
    left, right, low, high = edges
    x = left + (np.arange(SIDE) + 0.5) / SIDE * (right - left)
    y = low + (np.arange(SIDE) + 0.5) / SIDE * (high - low)
    seen = np.zeros((SIDE, SIDE))
    for shown, shade in layers:
        a, b, c, d = shown.edges
        column = np.floor((x - a) / (b - a) * shade.shape[1]).astype(int)
        row = np.floor((y - c) / (d - c) * shade.shape[0]).astype(int)
        inside_x, inside_y = (column >= 0) & (column < shade.shape[1]), (row >= 0) & (row < shade.shape[0])
        seen[np.ix_(inside_y, inside_x)] = shade[np.ix_(row[inside_y], column[inside_x])]
    few = np.round(seen[::-1] * SHADES) / SHADES
    return (COLORS((few + 1) / 2)[..., :3] * 255).round().astype(np.uint8)


def show(ax: Axes, shown: Picture, ticks: int = 5) -> AxesImage:
    """Draw a window's pixels, with the logarithms on its axes."""
    ax.set_box_aspect(1)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(ticks))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
    return ax.imshow(
        equalized(shown.value),
        origin="lower",
        extent=shown.edges,
        cmap=COLORS,
        vmin=-1,
        vmax=1,
        interpolation="nearest",
        aspect="auto",
    )


def frame(ax: Axes, inner: Picture) -> None:
    """Mark where another window lies."""
    left, right, low, high = inner.edges
    ax.add_patch(Rectangle((left, low), right - left, high - low, fill=False, edgecolor=style.DARK_ON_DATA, lw=0.8))


def add_legend(figure: Figure) -> None:
    """The two colours, by name."""
    handles = [Patch(facecolor=TRAINED, label="trains"), Patch(facecolor=DIVERGED, label="does not train")]
    figure.legend(handles=handles, loc="outside upper center", ncols=2)
