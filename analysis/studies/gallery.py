"""Gallery: paths of optimizers on landscapes, and portraits of a network."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis import describe, frames, networks, words
from analysis.chapters import DOWNHILL
from analysis.columns import OPTIMIZER, RATE
from analysis.draw import landscapes
from analysis.draw.film import film
from analysis.errors import StudyError
from analysis.items import Figure, Film, StudyResult
from analysis.recipes import portraits
from analysis.stats.minima import Minima
from analysis.stats.paths import Paths
from analysis.study import Study
from gdlab import tracking
from gdlab.problems.landscapes import Landscape
from gdlab.problems.network import Network

FILMED = "ravine"


def load(uri: str, experiment: str) -> tuple[pd.DataFrame, list[Paths], list[Minima]]:
    """The runs of an experiment, those on each landscape, and those of each network.

    Raises
    ------
    TrackingError, StudyError
        If the experiment or a run's theta is missing, or no run is on a landscape or of a network.

    """
    runs, steps = frames.load(uri, experiment)
    paths, minima = [], []
    for problem, places in networks.by_problem(runs, uri, ignored=["start"]):
        group = runs.iloc[places].reset_index(drop=True)
        if isinstance(problem, Landscape):
            paths.append(Paths(problem, group, steps[steps["run_id"].isin(group["run_id"])]))
        elif isinstance(problem, Network):
            minima.append(Minima(problem, group, tracking.thetas(group, uri)))
    if not paths and not minima:
        raise StudyError(f"experiment {experiment!r} has no run on a landscape or of a network")
    return runs, paths, minima


def analyze(runs: pd.DataFrame, paths: Sequence[Paths], minima: Sequence[Minima]) -> StudyResult:
    """Draw each landscape with the paths on it, and each network."""
    figures = [curve(group) if group.landscape.parameters == 1 else surface(group) for group in paths]
    for trained in minima:
        figures += portraits.figures(trained)
    return StudyResult(
        answer=contents(paths, minima),
        findings=[],
        figures=figures,
        films=[descent(group) for group in paths if group.name == FILMED],
    )


def contents(paths: Sequence[Paths], minima: Sequence[Minima]) -> str:
    """What the pictures show."""
    optimizers = {name for group in paths for name in group.runs[OPTIMIZER]}
    parts = []
    if paths:
        places, walkers = words.plural(len(paths), "landscape"), words.plural(len(optimizers), "optimizer")
        parts.append(f"the paths of {walkers} on {places}")
    if minima:
        parts.append(f"{words.plural(len(minima), 'trained network')} from all sides")
    return words.sentences(" and ".join(parts))


def curve(paths: Paths) -> Figure:
    """A landscape of one parameter with the paths on it."""
    text = (
        f"C(w) and the paths of {words.plural(len(paths.runs), 'run')}, with a dot for each recorded step, from the "
        "large one on; stars: minima"
    )
    return Figure(
        name=f"landscape_{paths.name}",
        title=f"Paths on {words.landscape(paths.name)}",
        plot=landscapes.curve(paths),
        caption=words.sentences(text, describe.setup_text(paths.runs)),
        data=paths.steps[["run_id", RATE, "step", "w1", "cost"]],
    )


def surface(paths: Paths) -> Figure:
    """A landscape of two parameters with the paths on it."""
    caption = words.sentences(
        "left: contours of the cost, evenly spaced in the square root of the height above its lowest value; right: the "
        "same as a surface",
        f"the paths of {words.plural(len(paths.runs), 'run')}, one for each optimizer, from the same start (large "
        "dot), cut off where they leave the box; stars: minima",
        describe.setup_text(paths.runs),
    )
    return Figure(
        name=f"landscape_{paths.name}",
        title=f"Optimizers on {words.landscape(paths.name)}",
        plot=landscapes.surface(paths),
        caption=caption,
        data=paths.steps[["run_id", OPTIMIZER, RATE, "step", "w1", "w2", "cost"]],
    )


def descent(paths: Paths) -> Film:
    """The paths on a landscape in motion."""
    name = words.landscape(paths.name)
    text = f"the paths on {name}, step by step; time advances on a log scale"
    return Film(
        name=f"descent_{paths.name}",
        title=f"Descent on {name}, in motion",
        gif=film(paths),
        caption=words.sentences(text, describe.setup_text(paths.runs)),
    )


STUDY = Study(
    title="What does descent look like?",
    chapter=DOWNHILL,
    order=10,
    minutes=0.5,
    load=load,
    analyze=analyze,
)
