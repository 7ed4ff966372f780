"""Distinct hidden units over a descent, by initializer and precision."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis import describe, frames, networks, words
from analysis.answers.seeds import random as why_random
from analysis.chapters import ENDS
from analysis.draw.symmetry import symmetry
from analysis.errors import StudyError
from analysis.items import Figure, StudyResult
from analysis.stats.minima import Minima
from analysis.study import Study
from gdlab.measure.geometry import distinct_units

INITIALIZER, PRECISION = "problem.initializer", "problem.dtype"


def analyze(runs: pd.DataFrame, steps: pd.DataFrame, groups: Sequence[Minima]) -> StudyResult:
    """Count the distinct hidden units of every run at every recorded step."""
    frames.require(runs, (INITIALIZER, PRECISION), "these runs")
    table = steps.merge(counts(steps, groups), on=["run_id", "step"])
    table["start"] = table[INITIALIZER].map(words.spoken) + ", " + table[PRECISION].astype(str)
    hidden = groups[0].network.hidden
    units, layers = sum(hidden), len(hidden)
    caption = words.sentences(
        f"number of distinct hidden units, out of {units}, and training cost against the step; two units of a layer "
        "count as one if their biases and all their incoming and outgoing weights agree to within a millionth of the "
        "run's largest parameter",
        f"each line is a run (n = {len(runs)}), coloured by its initializer and precision; units that start equal "
        "separate only through rounding errors",
        describe.setup_text(runs),
    )
    figure = Figure(
        name="symmetry",
        title="Units that start equal",
        plot=symmetry(table, units),
        caption=caption,
        data=table[["start", "seed", "step", "cost", "distinct units"]],
    )
    return StudyResult(
        answer=why_random({str(start): ends(group, units) for start, group in table.groupby("start")}, units, layers),
        findings=[finding(str(start), group, units) for start, group in table.groupby("start")],
        figures=[figure],
    )


def ends(steps: pd.DataFrame, units: int) -> tuple[pd.Series, pd.Series, bool]:
    """The distinct units and the costs at the ends of the runs of one start; True if all units start distinct."""
    ordered = steps.sort_values("step")
    last = ordered.drop_duplicates("run_id", keep="last")
    return (
        last["distinct units"],
        last["cost"],
        bool((ordered.drop_duplicates("run_id")["distinct units"] == units).all()),
    )


def counts(steps: pd.DataFrame, groups: Sequence[Minima]) -> pd.DataFrame:
    """The number of distinct units of each run at each recorded step.

    Raises
    ------
    StudyError
        If a run's path was not recorded.

    """
    tables = []
    for group in groups:
        for (_, run), theta in zip(group.runs.iterrows(), group.thetas, strict=True):
            if "path" not in theta:
                raise StudyError(
                    f"run {run['run_name']!r} has no path in its theta.npz; launch it with record.path=true"
                )
            recorded = sorted(steps.loc[steps["run_id"] == run["run_id"], "step"])
            units = distinct_units(group.network, theta["path"])
            tables.append(pd.DataFrame({"run_id": run["run_id"], "step": recorded, "distinct units": units}))
    return pd.concat(tables)


def finding(start: str, steps: pd.DataFrame, units: int) -> str:
    """The distinct units and the cost at the ends of the runs of one start, in a sentence."""
    distinct, cost, _ = ends(steps, units)
    return words.sentences(
        f"{start}: at the end, {between(distinct, '.0f')} of {units} hidden units are distinct, at a training cost of "
        f"{between(cost, '.3g')} (n = {len(cost)})"
    )


def between(values: pd.Series, form: str) -> str:
    """The range of some values: 2 to 32, or 2 alone."""
    low, high = f"{values.min():{form}}", f"{values.max():{form}}"
    return low if low == high else f"{low} to {high}"


STUDY = Study(
    title="Why are starts random?",
    chapter=ENDS,
    order=30,
    minutes=1,
    load=networks.load,
    analyze=analyze,
    small=("seed=range(2)",),
)
