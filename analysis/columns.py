"""Names of the columns that frames of runs and of their recorded steps share."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gdlab.sweeps.configuration import SECTIONS

RATE = "optimizer.learning_rate"
OPTIMIZER = "optimizer.name"
PLAIN = "gradient_descent"  # among the values of OPTIMIZER
SCHEDULE = "schedule.name"
PROBLEM = "problem.name"
BATCH_SIZE = "problem.batch_size"
HIDDEN = "problem.hidden"


def is_param(name: str) -> bool:
    """True for a column that comes from the configuration."""
    return name.partition(".")[0] in SECTIONS


def varying(runs: pd.DataFrame, ignored: Sequence[str] = ()) -> list[str]:
    """The params that runs differ in, but for the seeds of their parts and those that are ignored."""
    names = [name for name in map(str, runs) if is_param(name) and not name.startswith("seeds.")]
    return [name for name in names if name not in ignored and runs[name].nunique(dropna=False) > 1]
