"""Borders of stability: the learning rate at which runs begin to diverge, measured and predicted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis import columns, words
from analysis.columns import OPTIMIZER, PROBLEM, RATE
from analysis.errors import StudyError
from analysis.stats import stability
from gdlab.descent.stopping import DIVERGED

MOMENTUM, RISE = "optimizer.momentum", "stop.diverged_above"
WITHIN_A_CASE = ("seed", RATE)  # what runs of one case differ in, beside their seeds
RATIO = "measured / predicted"
CLOSE = 0.01  # of the prediction
WIDE = 0.05  # a bracket wider than this was not bisected to the end


def measured_borders(runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each case with its bracket, its border and the border predicted, NaN where that is unknown.

    The bracket `holds` to `diverges` reaches from the largest learning rate below the first at which a run diverged to
    that one; the measured border is their geometric mean.

    Raises
    ------
    StudyError
        If no case has runs on both sides of the border.

    """
    rows = [row for case in cases(runs) if (row := _row(case)) is not None]
    if not rows:
        raise StudyError("no case has a run that diverged and one below it that did not: there is no border to show")
    return pd.DataFrame(rows)


def cases(runs: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The runs of each case: they differ in nothing but the learning rate and the seed."""
    always = [name for name in (PROBLEM, OPTIMIZER, MOMENTUM, RISE, "stop.max_steps") if name in runs]
    names = list(dict.fromkeys([*always, *columns.varying(runs, WITHIN_A_CASE)]))
    keys = runs[names].apply(lambda run: " ".join(map(str, run)), axis=1)
    for _, case in runs.groupby(keys, sort=False):
        yield case


def case_name(run: pd.Series) -> str:
    """A case in a few words."""
    name = words.spoken(run[PROBLEM])
    condition = run.get("problem.condition")
    if condition is not None and not pd.isna(condition):
        name += f", κ = {words.number(condition)}"
    if not pd.isna(run.get("problem.activation")):
        name += f", {run['problem.activation']} / {run['problem.output']}"
    optimizer = words.spoken(run[OPTIMIZER])
    return name if optimizer == "gradient descent" else f"{name}, {optimizer}"


def _row(case: pd.DataFrame) -> dict[str, object] | None:
    """A case's row; None where it has no run on either side."""
    first, ordered = case.iloc[0], case.sort_values(RATE)
    diverging = ordered.loc[ordered["outcome"] == DIVERGED, RATE]
    below = ordered.loc[ordered[RATE] < diverging.min(), RATE]
    if not len(below):
        return None
    momentum = first.get(MOMENTUM)
    sharpness = float(case["start_sharpness"].median())
    border = float(np.sqrt(diverging.iloc[0] * below.iloc[-1]))
    predicted = stability.limit(first, sharpness)
    return {
        "case": case_name(first),
        "β": 0.0 if momentum is None or pd.isna(momentum) else momentum,
        "rise": first.get(RISE),
        "λ": sharpness,
        "predicted": predicted,
        "holds": below.iloc[-1],
        "diverges": diverging.iloc[0],
        "measured": border,
        RATIO: border / predicted,
        "runs": len(case),
    }
