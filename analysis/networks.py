"""Trained networks that studies load: their thetas, those of one architecture together."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, cast

import pandas as pd

from analysis import describe, frames
from analysis.errors import StudyError
from analysis.stats.minima import FEWEST, Minima
from gdlab import tracking
from gdlab.descent.stopping import DIVERGED
from gdlab.problems.network import Network
from gdlab.sweeps import configuration
from gdlab.sweeps.key import OWN_STARTS


def load(uri: str, experiment: str) -> tuple[pd.DataFrame, pd.DataFrame, list[Minima]]:
    """The runs and steps of an experiment, and the runs' networks, those of one architecture together.

    Raises
    ------
    TrackingError, StudyError
        If the experiment or a run's theta is missing, or a run trained no network.

    """
    runs, steps = frames.load(uri, experiment)
    frames.require(runs, ("seeds.init", "seeds.batches"), f"experiment {experiment!r} in {tracking.redacted(uri)}")
    return runs, steps, grouped(runs, uri)


def grouped(runs: pd.DataFrame, uri: str) -> list[Minima]:
    """The networks of these runs, those of one architecture together; raises as `load` does."""
    runs = runs.sort_values(["seeds.init", "seeds.batches"], kind="stable").reset_index(drop=True)
    thetas = tracking.thetas(runs, uri)
    minima = []
    for problem, places in by_problem(runs, uri, ignored=OWN_STARTS):
        if not isinstance(problem, Network):
            raise StudyError(
                f"run {runs['run_name'].iloc[places[0]]!r} is not a network run; this study needs network runs"
            )
        minima.append(Minima(problem, runs.iloc[places].reset_index(drop=True), [thetas[place] for place in places]))
    return minima


def by_problem(runs: pd.DataFrame, uri: str, ignored: Collection[str]) -> Iterator[tuple[Any, list[int]]]:
    """Each problem of these runs, and the places of its runs; the ignored keys of the section may differ."""
    groups: dict[str, list[int]] = {}
    configs = tracking.configurations(runs, uri)
    for place, config in enumerate(configs):
        section = {name: value for name, value in config["problem"].items() if name not in ignored}
        groups.setdefault(repr(section), []).append(place)
    for places in groups.values():
        yield cast(Any, configuration.problem(configs[places[0]])), places


def load_alike(uri: str, experiment: str) -> tuple[pd.DataFrame, pd.DataFrame, Minima]:
    """The same for runs that differ in their seeds alone.

    Raises
    ------
    StudyError
        If runs differ otherwise, one of them diverged, or there are too few.

    """
    runs, steps, groups = load(uri, experiment)
    if len(groups) > 1:
        first, other = (group.runs["run_name"].iloc[0] for group in groups[:2])
        raise StudyError(
            f"experiment {experiment!r} mixes problems: those of run {first!r} and run {other!r} differ; this study "
            "compares runs of one problem"
        )
    if len(runs) < FEWEST:
        raise StudyError(f"experiment {experiment!r} has {len(runs)} finished runs; this study needs {FEWEST} or more")
    varied = {name: text for name, text in describe.differences(runs, ()).items() if not name.startswith("record.")}
    if varied:
        text = "; ".join(f"{name} {values}" for name, values in varied.items())
        raise StudyError(
            f"experiment {experiment!r} mixes runs of {text}; this study compares runs that differ in their seeds alone"
        )
    diverged = groups[0].runs.loc[groups[0].runs["outcome"] == DIVERGED, "run_name"]
    if len(diverged):
        raise StudyError(f"run {diverged.iloc[0]!r} diverged, so it has no minimum to compare")
    return runs, steps, groups[0]
