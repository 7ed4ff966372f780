"""Figures, film and table of trainability, with their captions."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis import describe, words
from analysis.columns import BATCH_SIZE, RATE
from analysis.draw import trainability as draw
from analysis.items import Chart, Figure, Film, Table
from analysis.stats import boundaries
from analysis.stats.averages import INTERVAL
from analysis.stats.boundaries import Picture
from analysis.touch.zoom import zoom_chart

AXES, ZOOM = "measurement.axes", "measurement.zoom"
ACTIVATION, EXAMPLES = "problem.activation", "problem.training_examples"
LABELS = {
    "layers": ("learning rate of the first layer, log₁₀ η₀", "learning rate of the last layer, log₁₀ η₁"),
    "offset": ("offset of the first layer's weights, log₁₀", "learning rate, log₁₀ η"),
}
NETWORK = "network"
PUBLISHED_TEXT = (
    "published: Sohl-Dickstein 2024, arXiv:2402.06184, table 1, for deeper zooms, to places chosen by eye; there "
    "mini-batches are drawn with replacement, and the code adds the offset at every step, not at the start alone"
)
Pictures = Mapping[str, Mapping[int, Picture]]
COLOR_TEXT = (
    "purple trains: the mean of the last 20 costs is below the first cost; orange does not; within a colour the shade "
    "ranks the runs by the sum of their costs (purple) or of their inverse costs (orange), relative to the first and "
    "cut off at 10⁶, darker the slower they train or diverge"
)
DIMENSION_TEXT = (
    "dimension: minus the slope of the logarithm of the number of boxes that hold a part of the boundary against that "
    f"of their size, 1 pixel up to an eighth of the side; median over the windows, with a {INTERVAL} over windows from "
    f"{boundaries.FEWEST_WINDOWS} windows on, else their range; the windows overlap, so that they are not independent"
)
VERDICT_TEXT = (
    f"fractal: all of the deeper half of at least {boundaries.FEWEST_WINDOWS} windows lie above {boundaries.SMOOTH:g}, "
    "which at most 5% of smooth curves do in simulations, since a smooth curve is straight in deep windows; not told "
    "from smooth: none does; not decided: some do, or there are fewer windows"
)


def zoom_figure(runs: pd.DataFrame, pixels: pd.DataFrame, name: str, own: Mapping[int, Picture]) -> Figure:
    """The first condition's windows."""
    axes = axes_of(runs, name)
    return Figure(
        name="trainability_zooms",
        title=f"The boundary of trainability, and zooms into it: {name}",
        plot=draw.zooms(own, LABELS[axes]),
        caption=words.sentences(
            f"each pixel is a run with its own pair of learning rates, {size(own[min(own)])} at the left",
            "the panels at the right are enlargements by the factor above them, each centred on the boundary of the "
            "window before; a black frame is the next window shown",
            COLOR_TEXT,
            steps_text(runs),
            setup(runs, name),
        ),
        data=data(pixels, name),
    )


def condition_figure(runs: pd.DataFrame, pictures: Pictures, by_window: pd.DataFrame) -> Figure:
    """The first and the deepest window of every condition."""
    examples = [f"{name} {describe.values(runs[runs['condition'] == name], EXAMPLES)}" for name in pictures]
    shown = {name: [(zoom, own[zoom]) for zoom in sorted({min(own), max(own)})] for name, own in pictures.items()}
    return Figure(
        name="trainability_conditions",
        title="The boundary under other conditions",
        plot=draw.conditions(shown),
        caption=words.sentences(
            "a column is a condition: its first window, and the deepest enlargement of its boundary",
            "tanh, relu and identity: the hidden units; mini-batches and one training example: of tanh units; offset: "
            "a number added to all weights of the first layer at the start, against the learning rate of both layers",
            f"random examples: {words.listed(examples)}",
            COLOR_TEXT,
            steps_text(runs),
        ),
        data=by_window,
    )


def dimension_figure(table: pd.DataFrame, by_window: pd.DataFrame) -> Figure:
    """Dimensions beside the published ones."""
    return Figure(
        name="trainability_dimension",
        title="The dimension of the boundary",
        plot=draw.dimensions(table, by_window),
        caption=words.sentences(
            "left: the dimension of each window against its enlargement, in the colours of the right; right: each "
            "condition's median over its windows with its interval or range, and the published value",
            DIMENSION_TEXT,
            PUBLISHED_TEXT,
            f"dashed line: {boundaries.SMOOTH:g}, which this count of a smooth curve stays below",
        ),
        data=by_window,
    )


def network_figure(runs: pd.DataFrame, pixels: pd.DataFrame, shown: Picture) -> Figure:
    """The network's own boundary."""
    between = describe.values(runs[runs["condition"] == NETWORK], RATE)
    return Figure(
        name="trainability_network",
        title=f"The boundary of a network on {data_name(runs)}",
        plot=draw.plane(shown, LABELS["layers"]),
        caption=words.sentences(
            f"each pixel is a run with its own learning rates of the first and the last layer, {size(shown)}",
            f"the learning rate between them is {between}; the costs are those of mini-batches",
            COLOR_TEXT,
            steps_text(runs),
            setup(runs, NETWORK),
        ),
        data=data(pixels, NETWORK),
    )


def zoom_film(runs: pd.DataFrame, name: str, own: Mapping[int, Picture]) -> Film:
    """A condition's windows in motion."""
    return Film(
        name="trainability_zoom",
        title=f"Into the boundary: {name}",
        gif=draw.film(own),
        caption=words.sentences(
            f"the window narrows from {width(own[min(own)]):.3g} to {width(own[max(own)]):.3g} decades of either "
            "learning rate, around the boundary",
            COLOR_TEXT,
            setup(runs, name),
        ),
    )


def touch_chart(runs: pd.DataFrame, pictures: Pictures) -> Chart:
    """A zoom through the windows of every condition that has several."""
    labels = {name: LABELS[axes_of(runs, name)] for name in pictures}
    return zoom_chart("trainability_touch", pictures, labels, (COLOR_TEXT, steps_text(runs)))


def dimension_table(table: pd.DataFrame) -> Table:
    """The dimensions as a table."""
    return Table(
        name="trainability_dimensions",
        title="Box-counting dimension of the boundary",
        frame=table,
        caption=words.sentences(DIMENSION_TEXT, PUBLISHED_TEXT, VERDICT_TEXT),
    )


def steps_text(runs: pd.DataFrame) -> str:
    """The number of steps of a pixel."""
    return f"{describe.values(runs, 'stop.max_steps')} steps each"


def setup(runs: pd.DataFrame, name: str) -> str:
    """A condition's setup in words."""
    own = runs[runs["condition"] == name]
    if name == NETWORK:
        return describe.setup_text(own)
    examples, features = describe.values(own, EXAMPLES), describe.values(own, "problem.features")
    return (
        f"network with one hidden layer of {features} {describe.values(own, ACTIVATION)} units, no biases, "
        f"{describe.values(own, 'parameters')} parameters, on {examples} random examples; "
        f"{describe.values(own, 'optimizer.name', words.spoken)}, batch size: "
        f"{describe.values(own, BATCH_SIZE, missing='all examples')}, seed {describe.values(own, 'seed')}"
    )


def axes_of(runs: pd.DataFrame, name: str) -> str:
    """The axes of a condition's windows."""
    return str(runs.loc[runs["condition"] == name, AXES].iloc[0])


def data_name(runs: pd.DataFrame) -> str:
    """The data set of the network's runs."""
    return describe.values(runs[runs["condition"] == NETWORK], "problem.data.name")


def data(pixels: pd.DataFrame, name: str) -> pd.DataFrame:
    """The pixels of a condition, to as many digits as a file needs."""
    own = pixels.loc[pixels["condition"] == name, [ZOOM, "x", "y", "value"]]
    return own.round({"x": 9, "y": 9, "value": 4})


def size(shown: Picture) -> str:
    """The number of pixels in words."""
    return f"{len(shown.x)} × {len(shown.y)} pixels"


def width(shown: Picture) -> float:
    """The width of a window in decades."""
    return shown.edges[1] - shown.edges[0]
