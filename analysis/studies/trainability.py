"""Trainability: which learning rates train a network, and zooms into their boundary."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis import describe, frames, words
from analysis.columns import BATCH_SIZE, PROBLEM, RATE
from analysis.draw import trainability as draw
from analysis.items import Figure, Film, StudyResult, Table
from analysis.stats import boundaries
from analysis.stats.averages import INTERVAL
from analysis.stats.boundaries import Dimension, Picture
from analysis.study import RATES, Study
from gdlab import tracking

AXES, ZOOM = "measurement.axes", "measurement.zoom"
ACTIVATION, EXAMPLES = "problem.activation", "problem.training_examples"
NEEDED = ("run_id", PROBLEM, AXES, ZOOM, "fraction_trained")
LABELS = {
    "layers": ("learning rate of the first layer, log₁₀ η₀", "learning rate of the last layer, log₁₀ η₁"),
    "offset": ("offset of the first layer's weights, log₁₀", "learning rate, log₁₀ η"),
}
NETWORK = "network"
PUBLISHED = {  # Sohl-Dickstein 2024, arXiv:2402.06184, table 1
    "tanh": 1.66,
    "relu": 1.20,
    "identity": 1.17,
    "mini-batches of 16": 1.55,
    "one example": 1.41,
    "offset": 1.98,
}
SOURCE = "Sohl-Dickstein 2024, arXiv:2402.06184, table 1"

Pictures = Mapping[str, Mapping[int, Picture]]


def load(uri: str, experiment: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The measurements of an experiment, and their pixels, with each one's condition and zoom.

    Raises
    ------
    TrackingError
        If the store, the experiment or its finished runs are missing.
    StudyError
        If a run has no share of pixels that train.

    """
    runs = frames.runs(uri, experiment)
    frames.require(runs, NEEDED, f"experiment {experiment!r} in {tracking.redacted(uri)}")
    runs = runs.assign(condition=[condition(run) for _, run in runs.iterrows()])
    pixels = tracking.measurements(runs, uri)
    return runs, pixels.merge(runs[["run_id", "condition", ZOOM]], on="run_id")


def condition(run: pd.Series) -> str:
    """The setting that a window shares with its zooms, in a word or two; the published ones are in `PUBLISHED`."""
    if run[PROBLEM] == NETWORK:
        return NETWORK
    if run[AXES] == "offset":
        return "offset"
    if BATCH_SIZE in run and not pd.isna(run[BATCH_SIZE]):
        return f"mini-batches of {words.number(run[BATCH_SIZE])}"
    if run[EXAMPLES] == 1:
        return "one example"
    return str(run[ACTIVATION])


def analyze(runs: pd.DataFrame, pixels: pd.DataFrame) -> StudyResult:
    """Figures of the windows, a film of the zooms, and each condition's dimension beside the published one."""
    pictures = windows(pixels)
    random = {name: own for name, own in pictures.items() if name != NETWORK}
    table, by_window = dimensions(random)
    figures, films = [], []
    if random:
        main = max(random, key=lambda name: len(random[name]) > 1)  # the first that has zooms, if one has
        figures += [zoom_figure(runs, pixels, main, random[main])]
        if len(random) > 1:
            figures.append(condition_figure(runs, pixels, random))
        if table["dimension"].notna().any():
            figures.append(dimension_figure(table, by_window))
        if len(random[main]) > 1:
            films.append(zoom_film(runs, main, random[main]))
    if NETWORK in pictures:
        figures.append(network_figure(runs, pixels, pictures[NETWORK][0]))
    return StudyResult(
        findings=findings(table, runs, pictures),
        figures=figures,
        films=films,
        tables=[dimension_table(table)] if random else [],
    )


def windows(pixels: pd.DataFrame) -> dict[str, dict[int, Picture]]:
    """The pictures of each condition by zoom, in the order of the published table, the network last."""
    order = [*PUBLISHED, *sorted(set(pixels["condition"]) - {*PUBLISHED, NETWORK}), NETWORK]
    found: dict[str, dict[int, Picture]] = {}
    for name in order:
        own = pixels[pixels["condition"] == name]
        for zoom, group in own.groupby(ZOOM):
            found.setdefault(name, {})[int(zoom)] = boundaries.picture(group)
    return found


def dimensions(pictures: Pictures) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row for each condition, and one for each of its windows."""
    rows, by_window = [], []
    for name, own in pictures.items():
        values = {zoom: boundaries.dimension(shown) for zoom, shown in own.items()}
        by_window += [{"condition": name, "zoom": zoom, "dimension": value} for zoom, value in values.items()]
        found = boundaries.over_windows(np.array(list(values.values())))
        rows.append(row(name, own, found))
    return pd.DataFrame(rows, columns=COLUMNS), pd.DataFrame(by_window, columns=["condition", "zoom", "dimension"])


COLUMNS = ["condition", "windows", "pixels", "dimension", "low", "high", "interval", "verdict", "published"]


def row(name: str, own: Mapping[int, Picture], found: Dimension) -> dict[str, object]:
    """A condition's row of the table."""
    sides = sorted({len(shown.x) for shown in own.values()})
    return {
        "condition": name,
        "windows": found.windows,
        "pixels": " and ".join(f"{side} × {side}" for side in sides),
        "dimension": found.value,
        "low": found.low,
        "high": found.high,
        "interval": "95%" if found.is_interval else "range",
        "verdict": found.verdict,
        "published": PUBLISHED.get(name, np.nan),
    }


def findings(table: pd.DataFrame, runs: pd.DataFrame, pictures: Pictures) -> list[str]:
    """The answer for each condition, with its evidence."""
    texts = []
    for verdict, opening in (
        ("fractal", "The boundary is ragged in every enlargement: its dimension is above that of a smooth curve for"),
        ("not told from smooth", "The boundary cannot be told from a smooth curve for"),
        ("not decided", "Not decided for"),
    ):
        rows = table[table["verdict"] == verdict]
        named = [f"{r['condition']} ({estimate(r)})" for _, r in rows.iterrows()]
        if named:
            texts.append(f"{opening} {words.listed(named)}")
    if len(both := table.dropna(subset=["dimension", "published"])) > 1:
        inside = both[(both["low"] <= both["published"]) & (both["published"] <= both["high"])]
        texts.append(
            f"the published dimension lies in the interval or range of {len(inside)} of {len(both)} conditions; "
            f"the largest difference is {(both['dimension'] - both['published']).abs().max():.2f}"
        )
    if NETWORK in pictures:
        share = (pictures[NETWORK][0].value < 0).mean()
        texts.append(f"the network on {data_name(runs)} trains at {share:.0%} of the pairs of learning rates shown")
    return [words.sentences(text) for text in texts]


def estimate(row: pd.Series) -> str:
    """A dimension with its interval or range, and the number of windows."""
    if np.isnan(row["dimension"]):
        return "too few boundary pixels"
    bounds = f"{'95% interval' if row['interval'] == '95%' else 'range'} {row['low']:.2f} to {row['high']:.2f}"
    return f"{row['dimension']:.2f}, {bounds}, {words.plural(int(row['windows']), 'window')}"


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


def condition_figure(runs: pd.DataFrame, pixels: pd.DataFrame, pictures: Pictures) -> Figure:
    """The first and the deepest window of every condition."""
    shown = {name: [(zoom, own[zoom]) for zoom in sorted({min(own), max(own)})] for name, own in pictures.items()}
    others = pixels[pixels["condition"].isin(list(pictures))]
    return Figure(
        name="trainability_conditions",
        title="The boundary under other conditions",
        plot=draw.conditions(shown),
        caption=words.sentences(
            "a column is a condition: its first window, and the deepest enlargement of its boundary",
            "tanh, relu and identity: the hidden units; mini-batches and one example: of tanh units; offset: a number "
            "added to all weights of the first layer at the start, against the learning rate of both layers",
            COLOR_TEXT,
            steps_text(runs),
        ),
        data=others[["condition", ZOOM, "x", "y", "value"]],
    )


def dimension_figure(table: pd.DataFrame, by_window: pd.DataFrame) -> Figure:
    """Dimensions beside the published ones."""
    return Figure(
        name="trainability_dimension",
        title="The dimension of the boundary",
        plot=draw.dimensions(table, by_window),
        caption=words.sentences(
            DIMENSION_TEXT,
            f"published: {SOURCE}",
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


def dimension_table(table: pd.DataFrame) -> Table:
    """The dimensions as a table."""
    return Table(
        name="trainability_dimensions",
        title="Box-counting dimension of the boundary",
        frame=table,
        caption=words.sentences(DIMENSION_TEXT, f"published: {SOURCE}", VERDICT_TEXT),
    )


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
    f"fractal: the interval lies above {boundaries.SMOOTH:g}, which smooth curves stay below in at least 95% of "
    "simulations with as many windows; not decided: the interval contains it, or there are too few windows"
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
    """The pixels of a condition."""
    return pixels.loc[pixels["condition"] == name, [ZOOM, "x", "y", "trained", "value"]]


def size(shown: Picture) -> str:
    """The number of pixels in words."""
    return f"{len(shown.x)} × {len(shown.y)} pixels"


def width(shown: Picture) -> float:
    """The width of a window in decades."""
    return shown.edges[1] - shown.edges[0]


STUDY = Study(
    title="Is the boundary of trainability fractal?",
    chapter=RATES,
    order=90,
    minutes=16,
    small=(
        "hydra.sweeper.cases=["
        "'measurement.zoom=0 measurement.pixels=256 measurement.stride=8 measurement.tile=range(4)',"
        "'problem.activation=identity problem.training_examples=16 measurement.pixels=128 measurement.zoom=0,4,8 "
        "measurement.tile=range(1)']",
    ),
    load=load,
    analyze=analyze,
)
