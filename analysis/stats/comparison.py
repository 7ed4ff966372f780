"""Arms compared: distances, barriers, disagreement, final cost and accuracy, each with its interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis import words
from analysis.stats.estimates import Estimate, mean, over_pairs, over_runs, spread_over_runs, variance_share
from analysis.stats.minima import BOTH, Arms, Lines, Minima, Square, barriers

POINT, RELABELLED = "a different point?", "different up to relabelling?"
FUNCTION, WORSE, OWED = "a different function?", "a worse minimum?", "owed to what varies?"
FINALS = {"final_cost": ("final cost", ".4f"), "final_accuracy": ("test accuracy", ".2%")}

Row = dict[str, str]


def comparison(arms: Arms, lines: Lines) -> pd.DataFrame:
    """A row for each question and what was measured, with a column for each arm."""

    def of_pairs(square: Callable[[Minima], Square]) -> dict[str, Estimate]:
        return {arm: over_pairs(square(minima)) for arm, minima in arms.items()}

    raw, aligned = ({arm: over_runs(barriers(both[i]), mean) for arm, both in lines.items()} for i in (0, 1))
    rows = [
        _row(POINT, "distance", of_pairs(lambda minima: minima.raw_distances), ".3g"),
        _row(RELABELLED, "distance, aligned", of_pairs(lambda minima: minima.aligned_distances), ".3g"),
        _row(POINT, "barrier", raw, ".3f"),
        _row(RELABELLED, "barrier, aligned", aligned, ".3f"),
        _row(FUNCTION, "test examples answered differently", of_pairs(lambda minima: minima.disagreement), ".2%"),
    ]
    for column, (name, form) in FINALS.items():
        rows += _final_rows({arm: minima.runs[column].to_numpy(float) for arm, minima in arms.items()}, name, form)
    return pd.DataFrame(rows)


def _final_rows(values: Mapping[str, np.ndarray], name: str, form: str) -> list[Row]:
    """The mean and the spread of a final value and, if both seeds vary in one arm, the share of its variance."""
    means = {arm: over_runs(own, mean) for arm, own in values.items()}
    spreads = {arm: spread_over_runs(own) for arm, own in values.items()}
    rows = [_row(WORSE, f"{name}, mean", means, form), _row(WORSE, f"{name}, spread", spreads, form)]
    if BOTH in values:
        shares = {arm: None if arm == BOTH else variance_share(own, values[BOTH]) for arm, own in values.items()}
        rows.append(_row(OWED, f"{name}, variance share", shares, ".2f"))
    return rows


def _row(question: str, measured: str, estimates: Mapping[str, Estimate | None], form: str) -> Row:
    cells = {arm: "" if estimate is None else words.estimate(*estimate, form) for arm, estimate in estimates.items()}
    return {"question": question, "measured": measured, **cells}
