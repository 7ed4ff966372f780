"""Trainability: which learning rates train a network, and zooms into their boundary."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis import frames, words
from analysis.answers.stability import ragged
from analysis.chapters import STEPS
from analysis.columns import BATCH_SIZE, PROBLEM
from analysis.items import StudyResult
from analysis.recipes import trainability as recipe
from analysis.recipes.trainability import ACTIVATION, AXES, EXAMPLES, NETWORK, ZOOM, Pictures
from analysis.stats import boundaries
from analysis.stats.boundaries import Dimension, Picture
from analysis.study import Study
from gdlab import tracking

NEEDED = ("run_id", PROBLEM, AXES, ZOOM, "fraction_trained")
PUBLISHED = {  # Sohl-Dickstein 2024, arXiv:2402.06184, table 1
    "tanh": 1.66,
    "relu": 1.20,
    "identity": 1.17,
    "mini-batches of 16": 1.55,
    "one training example": 1.41,
    "offset": 1.98,
}


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
        return "one training example"
    return str(run[ACTIVATION])


def analyze(runs: pd.DataFrame, pixels: pd.DataFrame) -> StudyResult:
    """Figures of the windows, a film of the zooms, and each condition's dimension beside the published one."""
    pictures = windows(pixels)
    random = {name: own for name, own in pictures.items() if name != NETWORK}
    table, by_window = dimensions(random)
    figures, films = [], []
    zoomed = {name: own for name, own in random.items() if len(own) > 1}
    if random:
        main = max(random, key=lambda name: len(random[name]) > 1)  # the first that has zooms, if one has
        figures += [recipe.zoom_figure(runs, pixels, main, random[main])]
        if len(random) > 1:
            figures.append(recipe.condition_figure(runs, random, by_window))
        if table["dimension"].notna().any():
            figures.append(recipe.dimension_figure(table, by_window))
        if len(random[main]) > 1:
            films.append(recipe.zoom_film(runs, main, random[main]))
    if NETWORK in pictures:
        figures.append(recipe.network_figure(runs, pixels, pictures[NETWORK][0]))
    return StudyResult(
        answer=ragged(table),
        findings=findings(table, by_window, runs, pictures),
        figures=figures,
        films=films,
        tables=[recipe.dimension_table(table)] if random else [],
        charts=[recipe.touch_chart(runs, zoomed)] if zoomed else [],
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
        by_window += [window_row(name, zoom, own[zoom], value) for zoom, value in values.items()]
        found = boundaries.over_windows(np.array(list(values.values())))
        rows.append(row(name, own, found))
    return pd.DataFrame(rows, columns=COLUMNS), pd.DataFrame(by_window, columns=WINDOW_COLUMNS)


WINDOW_COLUMNS = ["condition", "zoom", "left", "right", "low", "high", "fraction_trained", "dimension"]
COLUMNS = ["condition", "windows", "pixels", "dimension", "low", "high", "interval", "verdict", "published"]


def window_row(name: str, zoom: int, shown: Picture, value: float) -> dict[str, object]:
    """A window's row: its edges, in decimal logarithms, the share that trains, and its dimension."""
    edges = dict(zip(("left", "right", "low", "high"), shown.edges, strict=True))
    trained = float((shown.value < 0).mean())
    return {"condition": name, "zoom": zoom, **edges, "fraction_trained": trained, "dimension": value}


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


def findings(table: pd.DataFrame, by_window: pd.DataFrame, runs: pd.DataFrame, pictures: Pictures) -> list[str]:
    """The answer for each condition, with its evidence."""
    texts = []
    for verdict, opening in (
        ("fractal", "Enlarged, the boundary does not become a smooth curve, for"),
        ("not told from smooth", "Where it was enlarged, the boundary is not told from a smooth curve for"),
        ("not decided", "Not decided for"),
    ):
        rows = table[table["verdict"] == verdict]
        named = [f"{r['condition']} ({estimate(r)})" for _, r in rows.iterrows()]
        if named:
            texts.append(f"{opening} {words.listed(named)}")
    if ends := [text for _, own in by_window.groupby("condition", sort=False) if (text := change(own))]:
        texts.append(f"the dimension depends on the enlargement: {words.listed(ends)}")
    if len(both := table.dropna(subset=["dimension", "published"])) > 1:
        inside = both[(both["low"] <= both["published"]) & (both["published"] <= both["high"])]
        texts.append(
            f"the published dimension lies in the interval or range of {len(inside)} of {len(both)} conditions; "
            f"the largest difference is {(both['dimension'] - both['published']).abs().max():.2f}"
        )
    if NETWORK in pictures:
        share = (pictures[NETWORK][0].value < 0).mean()
        texts.append(
            f"the network on {recipe.data_name(runs)} trains at {share:.0%} of the pairs of learning rates shown"
        )
    return [words.sentences(text) for text in texts]


def change(own: pd.DataFrame) -> str:
    """A condition's dimension in its widest and in its deepest window; empty if it has one window."""
    known = own.dropna(subset=["dimension"])
    if len(known) < 2:
        return ""
    wide, deep = known.iloc[0], known.iloc[-1]
    rise = f"{wide['dimension']:.2f} at ×{2 ** wide['zoom']:,} and {deep['dimension']:.2f} at ×{2 ** deep['zoom']:,}"
    return f"{rise} for {wide['condition']}"


def estimate(row: pd.Series) -> str:
    """A dimension with its interval or range, and the number of windows."""
    if np.isnan(row["dimension"]):
        return "too few boundary pixels"
    bounds = f"{'95% interval' if row['interval'] == '95%' else 'range'} {row['low']:.2f} to {row['high']:.2f}"
    return f"{row['dimension']:.2f}, {bounds}, {words.plural(int(row['windows']), 'window')}"


STUDY = Study(
    title="Is the boundary of trainability fractal?",
    chapter=STEPS,
    order=60,
    minutes=22,
    small=(
        "hydra.sweeper.cases=["
        "'measurement.zoom=0 measurement.pixels=256 measurement.stride=8 measurement.tile=range(4)',"
        "'problem.activation=identity problem.training_examples=16 measurement.pixels=128 measurement.zoom=0,8 "
        "measurement.tile=range(1)']",
    ),
    load=load,
    analyze=analyze,
)
