"""Landscapes and what a network has learnt, drawn.

python experiments/train.py -m experiment=gallery
python analysis/landscape.py
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from analysis import axes, portraits, study, style, words
from analysis.minima import Minima
from analysis.study import RATE, Drawn, Film, Made, Study, StudyError
from gdlab import tracking
from gdlab.problems import PROBLEMS
from gdlab.problems.landscapes import Landscape
from gdlab.problems.network import Network
from gdlab.sweeps import configuration

RULE, TARGET = "optimizer.name", "problem.name"
FINE = 161  # points along each axis of a drawn landscape
FRAMES = 60
LINGER = 8  # frames that the last picture stays for
FRAME_MILLISECONDS = 100
FILM_DOTS = 110  # an inch
FILMED = "ravine"


@dataclass(frozen=True)
class Paths:
    """The runs on one landscape."""

    landscape: Landscape
    runs: pd.DataFrame
    steps: pd.DataFrame

    @property
    def name(self) -> str:
        return PROBLEMS.name_of(self.landscape)

    @property
    def spoken(self) -> str:
        return words.landscape(self.name)

    def walk(self, run: pd.Series) -> np.ndarray:
        """Where a run was, (steps, parameters)."""
        own = self.steps[self.steps["run_id"] == run["run_id"]].sort_values("step")
        return own[[f"w{i + 1}" for i in range(self.landscape.parameters)]].to_numpy()


def load(uri: str, experiment: str) -> tuple[pd.DataFrame, list[Paths], list[Minima]]:
    """The runs of an experiment by landscape, and those of networks that kept their path.

    Raises
    ------
    TrackingError, StudyError
        Naming what is missing.

    """
    runs, steps = study.load(uri, experiment)
    groups: dict[str, list[int]] = {}
    configs = tracking.configurations(runs, uri)
    for place, config in enumerate(configs):
        groups.setdefault(repr({**config["problem"], "start": None}), []).append(place)
    paths, networks = [], []
    for places in groups.values():
        problem = cast(object, configuration.problem(configs[places[0]]))
        here = runs.iloc[places].reset_index(drop=True)
        if isinstance(problem, Landscape):
            paths.append(Paths(problem, here, steps[steps["run_id"].isin(here["run_id"])]))
        elif isinstance(problem, Network):
            networks.append(Minima(problem, here, tracking.thetas(here, uri)))
    if not paths and not networks:
        raise StudyError(f"experiment {experiment!r} has no run on a landscape or of a network")
    return runs, paths, networks


def gallery(runs: pd.DataFrame, paths: Sequence[Paths], networks: Sequence[Minima]) -> Made:
    """All pictures that these runs allow."""
    drawn = []
    for part in paths:
        drawn += curve(part) if part.landscape.parameters == 1 else surfaces(part)
    for group in networks:
        drawn += portraits.portraits(group)
    films = [film(part) for part in paths if part.name == FILMED]
    return Made(findings=[], drawn=drawn, films=films)


def curve(part: Paths) -> list[Drawn]:
    """A landscape of one parameter with the walks on it."""
    return [
        Drawn(
            name=f"landscape_{part.name}",
            title=f"Walks on {part.spoken}",
            figure=curve_figure(part),
            caption=words.sentences(
                f"C(w) and {words.plural(len(part.runs), 'run')} on it, every recorded step a dot, from the black "
                "one on; stars: its minima",
                words.setting(part.runs),
            ),
            data=part.steps[["run_id", RATE, "step", "w1", "cost"]],
        )
    ]


@style.theme()
def curve_figure(part: Paths) -> Figure:
    figure = Figure(figsize=(style.COLUMN, 2.6), layout="constrained")
    ax = figure.subplots()
    ((low, high),) = part.landscape.box
    w = np.linspace(low, high, 400)
    ax.plot(w, part.landscape.cost(w[:, None]), color=style.FAINT, linewidth=1)
    for (_, run), color in zip(part.runs.iterrows(), style.CHOICES, strict=False):
        walk = part.walk(run)
        cost = part.landscape.cost(walk)
        ax.plot(walk[:, 0], cost, color=color, marker="o", ms=2.5, linewidth=0.6, label=f"from {walk[0, 0]:g}")
        ax.plot(walk[0, 0], cost[0], color=style.INK, marker="o", ms=4)
    points = part.landscape.minima
    ax.plot(points[:, 0], part.landscape.cost(points), linestyle="", marker="*", ms=8, color="white", mec=style.INK)
    ax.set(xlabel="w", ylabel="C(w)")
    ax.legend()
    return figure


def surfaces(part: Paths) -> list[Drawn]:
    """A landscape of two parameters: contours and surface with the paths of its runs, and the descent in motion."""
    text = words.sentences(
        "left: lines of equal cost, evenly spaced in the square root of its height above the lowest; right: the same "
        "as a surface",
        f"the paths of {words.plural(len(part.runs), 'run')} from one start, the black dot, one for each optimizer; "
        "stars: the minima",
        "paths end at the edge of the picture",
        words.setting(part.runs),
    )
    data = part.steps[["run_id", RULE, RATE, "step", "w1", "w2", "cost"]]
    title = f"Optimizers on {part.spoken}"
    figure = surface_figure(part)
    return [Drawn(name=f"landscape_{part.name}", title=title, figure=figure, caption=text, data=data)]


def heights(part: Paths, count: int = FINE) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A grid over the box and the cost on it."""
    x, y = (np.linspace(low, high, count) for low, high in part.landscape.box)
    across, up = np.meshgrid(x, y)
    cost = part.landscape.cost(np.column_stack([across.ravel(), up.ravel()])).reshape(count, count)
    return x, y, cost


@style.theme()
def surface_figure(part: Paths) -> Figure:
    figure = Figure(figsize=(style.PAGE, 3.3), layout="constrained")
    flat = figure.add_subplot(1, 2, 1)
    draw_contours(flat, part)
    solid = axes.add_solid(figure, "w₁", "w₂", "√(C - lowest)")
    x, y, cost = heights(part, 61)
    across, up = np.meshgrid(x, y)
    low = cost.min()
    scaled = np.sqrt(cost - low)
    solid.plot_surface(across, up, scaled, cmap=style.scale_colors(), alpha=0.75, linewidth=0, rcount=61, ccount=61)
    for (_, run), color in zip(part.runs.iterrows(), style.CHOICES, strict=False):
        walk = inside(part, part.walk(run))
        height = np.sqrt(np.maximum(part.landscape.cost(walk) - low, 0))
        solid.plot(walk[:, 0], walk[:, 1], height, color=color, linewidth=1.2, zorder=10)
    solid.view_init(elev=38, azim=-60)
    figure.legend(*flat.get_legend_handles_labels(), loc="outside upper center", ncols=len(part.runs))
    return figure


def draw_contours(ax: Axes, part: Paths, until: int | None = None) -> None:
    """Contours, and the paths up to one of their steps."""
    x, y, cost = heights(part)
    ax.contourf(x, y, np.sqrt(cost - cost.min()), 30, cmap=style.scale_colors(), alpha=0.55)
    for (_, run), color in zip(part.runs.iterrows(), style.CHOICES, strict=False):
        walk = inside(part, part.walk(run)[:until])
        name = words.spoken(run[RULE])
        ax.plot(*walk.T, color=color, linewidth=1.1, marker="o", ms=1.6, label=f"{name}, η = {run[RATE]:g}")
        ax.plot(*walk[-1], color=color, marker="o", ms=3.5, markeredgecolor="white", mew=0.5)
        ax.plot(*walk[0], color=style.INK, marker="o", ms=4)
    points = part.landscape.minima
    if len(points):
        ax.plot(*points.T, linestyle="", marker="*", ms=8, color="white", markeredgecolor=style.INK, mew=0.5)
    (left, right), (low, high) = part.landscape.box
    ax.set(xlim=(left, right), ylim=(low, high), xlabel="w₁", ylabel="w₂")


def inside(part: Paths, walk: np.ndarray) -> np.ndarray:
    """A path until it leaves the box."""
    low, high = np.transpose(part.landscape.box)
    out = np.flatnonzero(~((walk >= low) & (walk <= high)).all(axis=1))
    return walk[: max(out[0], 1)] if len(out) else walk


@style.theme()
def film(part: Paths) -> Film:
    """The descents in motion."""
    figure = Figure(figsize=(style.COLUMN, 3.1), layout="constrained", dpi=FILM_DOTS)
    canvas = FigureCanvasAgg(figure)
    ax = figure.subplots()
    x, y, cost = heights(part)
    ax.contourf(x, y, np.sqrt(cost - cost.min()), 30, cmap=style.scale_colors(), alpha=0.55)
    walks = [inside(part, part.walk(run)) for _, run in part.runs.iterrows()]
    lines = [
        ax.plot([], [], color=color, linewidth=1.1, marker="o", ms=1.6, label=words.spoken(run[RULE]), animated=True)[0]
        for (_, run), color in zip(part.runs.iterrows(), style.CHOICES, strict=False)
    ]
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), xlabel="w₁", ylabel="w₂")
    ax.legend(loc="upper right", fontsize=5)
    steps = np.sort(part.steps["step"].unique())
    title = ax.set_title(f"step {steps[-1]:,.0f}", loc="left", animated=True)
    canvas.draw()
    still = canvas.copy_from_bbox(figure.bbox)

    def frame(end: int) -> Image.Image:
        canvas.restore_region(still)
        title.set_text(f"step {steps[end - 1]:,.0f}")
        for line, walk in zip(lines, walks, strict=True):
            line.set_data(*walk[:end].T)
        for artist in (*lines, title):
            ax.draw_artist(artist)
        return Image.fromarray(np.array(canvas.buffer_rgba())).convert("RGB")

    first, *others = map(frame, np.unique(np.geomspace(1, len(steps), FRAMES).round().astype(int)))
    durations = [*[FRAME_MILLISECONDS] * len(others), FRAME_MILLISECONDS * (1 + LINGER)]
    data = io.BytesIO()
    first.save(data, "GIF", save_all=True, append_images=others, duration=durations, loop=0)
    return Film(
        name=f"descent_{part.name}",
        title=f"Descent on {part.spoken}, in motion",
        data=data.getvalue(),
        caption=words.sentences(
            f"the paths of the picture of {part.spoken}, step by step; time runs on a log scale",
            words.setting(part.runs),
        ),
    )


STUDIES = (
    Study(
        name="gallery",
        title="Gallery",
        question="Landscapes, the paths of optimizers on them, and a network from all sides.",
        make=gallery,
        load=load,
    ),
)


def main() -> None:
    study.draw(STUDIES, __doc__)


if __name__ == "__main__":
    study.exit_plainly(main)
