"""Cells of a phase diagram: pairs of learning rate and batch size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import words
from analysis.columns import BATCH_SIZE, RATE
from analysis.stats import averages
from analysis.stats.regimes import MEANINGS

WHOLE_SET = "whole set"


def cells(runs: pd.DataFrame) -> pd.DataFrame:
    """For each pair of batch size and learning rate: the regime of most runs and the average final cost."""
    sized = runs.assign(size=runs[BATCH_SIZE].fillna(np.inf))
    table = averages.summarized(sized, ["size", RATE], "final_cost")
    groups = sized.groupby(["size", RATE])["regime"]
    table = table.join(groups.agg(_most_common).rename("regime"), on=["size", RATE])
    table = table.join(groups.nunique().eq(1).rename("agree"), on=["size", RATE])
    return table.assign(label=[WHOLE_SET if np.isinf(size) else words.number(size) for size in table["size"]])


def _most_common(regimes: pd.Series) -> str:
    """The regime of most runs; on a tie the worse."""
    counts = regimes.value_counts()
    return max(counts.index[counts == counts.max()], key=list(MEANINGS).index)
