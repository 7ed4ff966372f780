"""The style of figures: sizes, fonts and palette; and files with the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import seaborn as sns
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure

from analysis.stats.regimes import BOUNCING, CONVERGING, DEAD, EXPLODING, LITTLE_LEARNT

COLUMN, PAGE = 3.5, 7.2  # a paper's column and page, in inches: figures are drawn at the size they are printed in
DOTS = 200  # an inch of PNG
PAPER, INK, FAINT, BLACK = "#ffffff", "#222222", "#6b6b6b", "#000000"
TICKS, GRID = "#262626", "#cccccc"  # seaborn's, of ticks and of legends' and solids' lines
PANES = ("#f2f2f2", "#ececec", "#e6e6e6")  # matplotlib's, behind a solid
# The colours above follow the page into the dark; what is drawn on data, whose colours stay, has one of these.
LIGHT_ON_DATA, DARK_ON_DATA = "#fefefe", "#212121"


class Mark(NamedTuple):
    """A colour and a marker, either of which identifies a regime."""

    color: str
    marker: str


REGIMES = {  # Okabe and Ito's colours (2008), distinct to colour-blind readers
    LITTLE_LEARNT: Mark("#56B4E9", "v"),
    CONVERGING: Mark("#009E73", "o"),
    BOUNCING: Mark("#CC79A7", "s"),
    DEAD: Mark("#E69F00", "D"),
    EXPLODING: Mark("#D55E00", "X"),
}
CHOICES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", BLACK)  # for anything else

THEME = {
    **sns.axes_style("ticks"),
    **sns.plotting_context("paper"),
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 7,
    "font.family": "DejaVu Sans",  # ships with matplotlib
    "font.size": 8,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.title_fontsize": 7,
    "svg.hashsalt": "gdlab",  # without a salt the ids in an SVG file are random
    "text.color": INK,
    "xtick.labelsize": 7,
    "xtick.major.size": 3,
    "xtick.major.width": 0.6,
    "xtick.minor.size": 1.5,
    "xtick.minor.width": 0.4,
    "ytick.labelsize": 7,
    "ytick.major.size": 3,
    "ytick.major.width": 0.6,
    "ytick.minor.size": 1.5,
    "ytick.minor.width": 0.4,
}


@contextmanager
def theme() -> Iterator[None]:
    """A context with the theme; `@theme()` decorates a function that draws."""
    with mpl.rc_context(THEME):
        yield


def scale_colors() -> Colormap:
    """A perceptually uniform colormap: viridis without its yellow end, which is lost on white paper."""
    viridis = mpl.colormaps["viridis"]
    return ListedColormap([viridis(i) for i in range(round(0.88 * viridis.N))], "viridis_dark")


@theme()
def save(figure: Figure, stem: Path) -> list[Path]:
    """Write a figure as PNG and SVG, the same bytes each time; returns the two files."""
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")  # a new layout for each file would move things by a hair
    png, svg = stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.svg")
    figure.savefig(png, dpi=DOTS)
    figure.savefig(svg, dpi=DOTS, metadata={"Date": None})
    return [png, svg]
