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
from matplotlib.colors import LogNorm, PowerNorm, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D
from PIL import Image

from analysis import axes, minima, study, style, words
from analysis.study import RATE, Drawn, Film, Made, Study, StudyError
from gdlab import configuration, tracking
from gdlab.arrays import stack_like, stacked
from gdlab.geometry import Plane, filter_normalized, principal_plane
from gdlab.landscapes import Landscape
from gdlab.network import Network

RULE, TARGET = "optimizer._target_", "problem._target_"
FINE = 161  # points along each axis of a drawn landscape
COARSE = 41  # and of a network's
FRAMES = 60
LINGER = 8  # frames that the last picture stays for
FRAME_MILLISECONDS = 100
FILM_DOTS = 110  # an inch
WORST = 16
SEED = 0
FILMED = "ravine"


@dataclass(frozen=True)
class Paths:
    """The runs on one landscape."""

    landscape: Landscape
    runs: pd.DataFrame
    steps: pd.DataFrame

    @property
    def name(self) -> str:
        return words.spoken(type(self.landscape).__name__).replace(" ", "_")

    @property
    def spoken(self) -> str:
        return words.landscape(type(self.landscape).__name__)

    def walk(self, run: pd.Series) -> np.ndarray:
        """Where a run was, (steps, parameters)."""
        own = self.steps[self.steps["run_id"] == run["run_id"]].sort_values("step")
        return own[[f"w{i + 1}" for i in range(self.landscape.parameters)]].to_numpy()


def load(uri: str, experiment: str) -> tuple[pd.DataFrame, list[Paths], list[minima.Minima]]:
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
            networks.append(minima.Minima(problem, here, tracking.thetas(here, uri)))
    if not paths and not networks:
        raise StudyError(f"experiment {experiment!r} has no run on a landscape or of a network")
    return runs, paths, networks


def gallery(runs: pd.DataFrame, paths: Sequence[Paths], networks: Sequence[minima.Minima]) -> Made:
    """All pictures that these runs allow."""
    drawn = []
    for part in paths:
        drawn += curve(part) if part.landscape.parameters == 1 else surfaces(part)
    for group in networks:
        drawn += portraits(group)
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
    solid = add_solid(figure, "w₁", "w₂", "√(C - lowest)")
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


def portraits(group: minima.Minima) -> list[Drawn]:
    """A network from all sides: its landscape, what its first layer learnt, where it errs."""
    network, theta = group.network, group.thetas[-1]
    end = theta["end"]
    told = words.sentences(f"run {group.runs['run_name'].iloc[-1]!r}", words.setting(group.runs.iloc[-1:]))
    drawn = []
    plane = filter_normalized(network, end, np.random.default_rng(SEED))
    around, numbers = slice_of(network, plane, np.linspace(-1, 1, COARSE), np.linspace(-1, 1, COARSE))
    drawn.append(
        Drawn(
            name="network_landscape",
            title="The network's landscape about its minimum",
            figure=slice_figure(around, ("first random direction", "second random direction"), None),
            caption=words.sentences(
                f"training cost on two random directions about the end of the run (0, 0), {COARSE} × {COARSE} "
                "points, each unit's part of a direction as long as the unit's own weights (filter normalisation): "
                "at 1, every unit is changed by as much as there is of it"
            )
            + f" {told}",
            data=numbers,
        )
    )
    if "path" in theta:
        try:
            flat, shares = principal_plane(theta["path"])
        except ValueError as error:
            raise StudyError(f"run {group.runs['run_name'].iloc[-1]!r}: {error}; record more points") from None
        places = flat.coordinates(theta["path"])
        margin = 0.3 * np.ptp(places, axis=0)
        x, y = (
            np.linspace(low, high, COARSE)
            for low, high in zip(places.min(axis=0) - margin, places.max(axis=0) + margin, strict=True)
        )
        around, numbers = slice_of(network, flat, x, y)
        names = (f"first component ({shares[0]:.1%})", f"second component ({shares[1]:.1%})")
        drawn.append(
            Drawn(
                name="network_path",
                title="The network's path down its landscape",
                figure=slice_figure(around, names, places),
                caption=words.sentences(
                    f"training cost on the plane in which the run's {len(places)} recorded points vary most, "
                    f"{COARSE} × {COARSE} points, and the path projected onto it, from the black dot to the star; "
                    "the percentages are the shares of the path's variance, about its end, that the axes hold"
                )
                + f" {told}",
                data=numbers,
            )
        )
    drawn += [
        Drawn(
            name="network_first_layer",
            title="What the first layer learnt",
            figure=first_layer(network, end),
            caption=words.sentences(
                "weights into each unit of the first hidden layer, laid out as the picture they look at: blue where "
                "ink lowers the unit's input, red where it raises it; one colour scale for all"
            )
            + f" {told}",
            data=pd.DataFrame(network.layers(end[None])[0][0][0]),
        ),
        Drawn(
            name="network_pixels",
            title="Which pixels matter",
            figure=pixels(network, theta["start"], end),
            caption=words.sentences(
                "size of the gradient of the training cost over the weights of each pixel, before and after "
                "training, on a square-root scale of its own: pixels that are always dark have none"
            )
            + f" {told}",
            data=pd.DataFrame({"before": by_pixel(network, theta["start"]), "after": by_pixel(network, end)}),
        ),
        confusion(network, end, told),
        mistakes(network, end, told),
    ]
    return drawn


def slice_of(
    network: Network, plane: Plane, x: np.ndarray, y: np.ndarray
) -> tuple[tuple[np.ndarray, ...], pd.DataFrame]:
    """The training cost on a plane."""
    cost = minima.costs(network, plane.points(x, y)).reshape(len(y), len(x))
    across, up = np.meshgrid(x, y)
    return (x, y, cost), pd.DataFrame({"x": across.ravel(), "y": up.ravel(), "cost": cost.ravel()})


def add_solid(figure: Figure, *labels: str) -> Axes3D:
    """A panel in three dimensions on the figure's right half."""
    solid = cast(Axes3D, figure.add_subplot(1, 2, 2, projection="3d"))
    for axis, label in zip((solid.xaxis, solid.yaxis, solid.zaxis), labels, strict=True):
        axis.set_major_locator(MaxNLocator(4))
        axis.set_label_text(label)
    solid.tick_params(labelsize=6, pad=-2)
    solid.set_box_aspect(None, zoom=0.82)
    return solid


@style.theme()
def slice_figure(surface: tuple[np.ndarray, ...], names: tuple[str, str], path: np.ndarray | None) -> Figure:
    x, y, cost = surface
    figure = Figure(figsize=(style.PAGE, 3.1), layout="constrained")
    flat = figure.add_subplot(1, 2, 1)
    norm, levels = LogNorm(cost.min(), cost.max()), np.geomspace(cost.min(), cost.max(), 25)
    filled = flat.contourf(x, y, cost, levels, norm=norm, cmap=style.scale_colors())
    if path is not None:
        flat.plot(*path.T, color="white", linewidth=1.2, marker="o", ms=2)
        flat.plot(*path[0], color=style.INK, marker="o", ms=5, markeredgecolor="white")
        flat.plot(*path[-1], color="white", marker="*", ms=9, markeredgecolor=style.INK)
    else:
        flat.plot(0, 0, color="white", marker="*", ms=9, markeredgecolor=style.INK)
    flat.set(xlabel=names[0], ylabel=names[1])
    bar = figure.colorbar(filled, ax=flat, label="training cost")
    axes.plain_ticks(bar.ax.yaxis)
    solid = add_solid(figure, names[0].split(" (")[0], names[1].split(" (")[0], "training cost")
    across, up = np.meshgrid(x, y)
    solid.plot_surface(across, up, cost, cmap=style.scale_colors(), linewidth=0, rcount=len(y), ccount=len(x))
    return figure


@style.theme()
def first_layer(network: Network, theta: np.ndarray) -> Figure:
    weights = network.layers(theta[None])[0][0][0]
    columns = min(8, len(weights))
    rows = -(-len(weights) // columns)
    figure = Figure(figsize=(style.PAGE, 0.85 * rows + 0.2), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    most = np.abs(weights).max()
    for ax, unit in zip(panels, weights, strict=False):
        image = ax.imshow(unit.reshape(network.data.shape), cmap="RdBu_r", norm=TwoSlopeNorm(0, -most, most))
    for ax in panels:
        ax.set_axis_off()
    figure.colorbar(image, ax=panels, label="weight", shrink=0.8)
    return figure


def by_pixel(network: Network, theta: np.ndarray) -> np.ndarray:
    """The norm of the training cost's gradient over each pixel's weights."""
    point = stacked(theta[None], network.dtype)
    gradient = stack_like(point)
    network.evaluate(point, network.train, gradient)
    return np.sqrt((network.layers(gradient)[0][0][0] ** 2).sum(axis=0))


@style.theme()
def pixels(network: Network, start: np.ndarray, end: np.ndarray) -> Figure:
    figure = Figure(figsize=(style.PAGE * 0.7, 2.3), layout="constrained")
    for ax, theta, name in zip(figure.subplots(1, 2), (start, end), ("before training", "after training"), strict=True):
        size = by_pixel(network, theta).reshape(network.data.shape)
        image = ax.imshow(size, cmap=style.scale_colors(), norm=PowerNorm(0.5))
        ax.set_title(name, loc="left")
        ax.set_axis_off()
        figure.colorbar(image, ax=ax, label="‖∂C/∂w‖ of a pixel")
    return figure


@style.theme()
def confusion(network: Network, theta: np.ndarray, told: str) -> Drawn:
    """What is taken for what."""
    data = network.data
    answers = network.outputs(theta[None], data.test_features)[0].argmax(axis=1)
    counts = np.zeros((data.classes, data.classes), int)
    np.add.at(counts, (data.test_labels, answers), 1)
    figure = Figure(figsize=(style.COLUMN, 3.2), layout="constrained")
    ax = figure.subplots()
    wrong = np.ma.masked_array(counts, np.eye(data.classes, dtype=bool))
    ax.imshow(wrong, cmap="Oranges", vmin=0)
    for i, j in np.ndindex(counts.shape):
        if counts[i, j]:
            dark = i != j and counts[i, j] > 0.6 * wrong.max()
            ax.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=6, color="white" if dark else style.INK)
    ax.set(xlabel="answer", ylabel="digit", xticks=range(data.classes), yticks=range(data.classes))
    ax.tick_params(length=0)
    return Drawn(
        name="network_confusion",
        title="What is taken for what",
        figure=figure,
        caption=words.sentences(
            f"how many of the {len(answers):,} test pictures of each digit got each answer; colour: the wrong ones"
        )
        + f" {told}",
        data=pd.DataFrame(counts),
    )


@style.theme()
def mistakes(network: Network, theta: np.ndarray, told: str) -> Drawn:
    """The test pictures with the highest cost."""
    data = network.data
    outputs = network.outputs(theta[None], data.test_features)[0].astype(np.float64)
    cost = ((outputs - network.test.targets) ** 2).sum(axis=1)
    worst = np.argsort(-cost, kind="stable")[:WORST]
    figure = Figure(figsize=(style.PAGE, 2.5), layout="constrained")
    for ax, i in zip(figure.subplots(2, WORST // 2).ravel(), worst, strict=True):
        ax.imshow(data.test_features[i].reshape(data.shape), cmap="gray_r")
        ax.set_title(f"{data.test_labels[i]}, not {outputs[i].argmax()}\ncost {cost[i]:.2f}", loc="left")
        ax.set_axis_off()
    return Drawn(
        name="network_mistakes",
        title="The digits it gets most wrong",
        figure=figure,
        caption=words.sentences(
            f"the {WORST} test pictures of the highest cost, with the digit, the network's answer and the cost of its "
            "outputs"
        )
        + f" {told}",
        data=pd.DataFrame(
            {
                "picture": worst,
                "digit": data.test_labels[worst],
                "answer": outputs[worst].argmax(axis=1),
                "cost": cost[worst],
            }
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
