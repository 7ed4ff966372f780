"""Films: descents in motion, as animated GIFs."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from analysis import words
from analysis.columns import OPTIMIZER
from analysis.draw import style
from analysis.draw.landscapes import fill_contours
from analysis.stats.paths import Paths

FRAMES = 60
LINGER = 8  # frames that the last picture stays for
FRAME_MILLISECONDS = 100
DOTS = 110  # an inch


@style.theme()
def film(paths: Paths) -> bytes:
    """The descents on a landscape of two parameters, on a log scale of time."""
    return animated(list(frames(paths)), FRAME_MILLISECONDS, FRAME_MILLISECONDS * (1 + LINGER))


def animated(pictures: Sequence[Image.Image], milliseconds: int, last_milliseconds: int) -> bytes:
    """A GIF of these pictures, each for so long, that starts again at its end."""
    first, *others = pictures
    durations = [*[milliseconds] * len(others), last_milliseconds]
    gif = io.BytesIO()
    first.save(gif, "GIF", save_all=True, append_images=others, duration=durations, loop=0)
    return gif.getvalue()


def frames(paths: Paths) -> Iterator[Image.Image]:
    """The frames one by one: the background is drawn once, the paths and the step over it."""
    figure = Figure(figsize=(style.COLUMN, 3.1), layout="constrained", dpi=DOTS)
    canvas = FigureCanvasAgg(figure)
    ax = figure.subplots()
    fill_contours(ax, paths)
    lines = add_lines(ax, paths)
    ax.legend(loc="upper right", fontsize=5)
    steps = np.sort(paths.steps["step"].unique())
    title = ax.set_title(f"step {steps[-1]:,.0f}", loc="left", animated=True)
    canvas.draw()
    background = canvas.copy_from_bbox(figure.bbox)
    points = [paths.inside(paths.path(run)) for _, run in paths.runs.iterrows()]
    for count in np.unique(np.geomspace(1, len(steps), FRAMES).round().astype(int)):
        canvas.restore_region(background)
        title.set_text(f"step {steps[count - 1]:,.0f}")
        for line, path in zip(lines, points, strict=True):
            line.set_data(*path[:count].T)
        for artist in (*lines, title):
            ax.draw_artist(artist)
        yield Image.fromarray(np.array(canvas.buffer_rgba())).convert("RGB")


def add_lines(ax: Axes, paths: Paths) -> list[Line2D]:
    """A line for each run, still empty."""
    return [
        ax.plot(
            [], [], color=color, linewidth=1.1, marker="o", ms=1.6, label=words.spoken(run[OPTIMIZER]), animated=True
        )[0]
        for (_, run), color in zip(paths.runs.iterrows(), style.CHOICES, strict=False)
    ]
