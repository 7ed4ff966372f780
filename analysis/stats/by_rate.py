"""Runs summarized by learning rate."""

from __future__ import annotations

import pandas as pd

from analysis.columns import RATE
from analysis.stats import averages
from analysis.stats.regimes import MEANINGS


def by_rate(runs: pd.DataFrame) -> pd.DataFrame:
    """For each learning rate the number of runs, the runs of each regime, and averages with their intervals."""
    table = pd.crosstab(runs[RATE], runs["regime"]).reindex(columns=list(MEANINGS), fill_value=0)
    table = table.loc[:, table.any()]
    table.insert(0, "runs", runs.groupby(RATE).size())
    for column in ("final_cost", "final_accuracy"):
        if column in runs:
            average = averages.summarized(runs, [RATE], column).set_index(RATE)
            quantity = column.removeprefix("final_")
            heads = [f"final {quantity}", f"{quantity} low", f"{quantity} high"]
            table[heads] = average[["iqm", "low", "high"]]
    return table.rename_axis(columns=None, index="learning rate η").reset_index()
