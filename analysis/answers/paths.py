"""Answers about paths on landscapes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis import words
from analysis.columns import OPTIMIZER, PLAIN
from analysis.stats.paths import Paths

ROUNDING = 1e-9  # of the cost at the start: a rise by less is none


def looks(paths: Sequence[Paths]) -> str:
    """Whether descent goes down at every step: in runs of plain gradient descent, and of others."""
    rises = pd.concat([_rises(group) for group in paths]) if paths else pd.DataFrame({OPTIMIZER: [], "rises": []})
    plain = rises.loc[rises[OPTIMIZER] == PLAIN, "rises"]
    others = rises.loc[rises[OPTIMIZER] != PLAIN, "rises"]
    return words.sentences(_plain(int(plain.sum()), len(plain)), _others(int(others.sum()), len(others)))


def _plain(rising: int, runs: int) -> str:
    if not runs:
        return ""
    if not rising:
        return (
            f"downhill all the way with gradient descent: at the rates tried the cost never rises, in {runs} of {runs} "
            "runs"
        )
    return f"downhill with gradient descent, but not all the way: the cost rises at times in {rising} of {runs} runs"


def _others(rising: int, runs: int) -> str:
    if not runs:
        return ""
    if not rising:
        return f"with other optimizers the cost never rises, in {runs} of {runs} runs"
    return f"other optimizers overshoot: with them the cost rises at times in {rising} of {runs} runs"


def _rises(group: Paths) -> pd.DataFrame:
    """For each run of a landscape, its optimizer, and True if its cost rises between two recorded steps."""
    steps = group.steps.sort_values(["run_id", "step"], kind="stable").groupby("run_id")["cost"]
    largest = steps.agg(lambda cost: cost.diff().max() > ROUNDING * abs(cost.iloc[0]))
    return pd.DataFrame(
        {OPTIMIZER: group.runs[OPTIMIZER].to_numpy(), "rises": largest[group.runs["run_id"]].to_numpy()}
    )
