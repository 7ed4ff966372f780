"""Sharpness along descent, compared with the sharpness at which the learning rate is the stability limit.

The sharpness that decides is the preconditioned one for a rule with a preconditioner, the sharpness for the others.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.columns import OPTIMIZER, PLAIN, RATE
from analysis.stats import stability

DECIDING, CRITICAL, RATIO = "deciding sharpness", "critical", "ratio"
PRECONDITIONED = "preconditioned_sharpness"
LATE = 1 / 2  # of the steps: those after it are compared
CLOSE = {PLAIN: 0.05}  # of the critical sharpness
CLOSE_OTHERS = 0.1
REACHED = 0.95  # of the critical sharpness


def close(optimizer: str) -> float:
    """The share of the critical sharpness within which a run of an optimizer is at it."""
    return CLOSE.get(optimizer, CLOSE_OTHERS)


def compared(steps: pd.DataFrame) -> pd.DataFrame:
    """The steps with the sharpness that decides, the critical one, c/η, and the ratio of the two."""
    runs = steps.drop_duplicates("run_id").set_index("run_id")
    critical = pd.Series({i: stability.own_limit(run, 1.0) / run[RATE] for i, run in runs.iterrows()}, dtype=float)
    deciding = steps["sharpness"]
    if PRECONDITIONED in steps:
        scaled = pd.Series({i: stability.is_preconditioned(run) for i, run in runs.iterrows()}, dtype=bool)
        deciding = deciding.where(~steps["run_id"].map(scaled), steps[PRECONDITIONED])
    at = steps["run_id"].map(critical)
    return steps.assign(**{DECIDING: deciding, CRITICAL: at, RATIO: deciding / at})


def late_sharpness(steps: pd.DataFrame) -> pd.DataFrame:
    """Each run's sharpness at the start and late, beside the critical sharpness, 2/η for gradient descent.

    The ratios are to the critical sharpness. `reached` is the first recorded step at `REACHED` of it; `settled` is true
    if the median over the steps after the first half is close to it.
    """
    from_step, last = LATE * steps["step"].max(), steps["step"].max()
    rows = []
    for (optimizer, rate, seed, _), run in compared(steps).groupby([OPTIMIZER, RATE, "seed", "run_id"], sort=False):
        later = run.loc[run["step"] >= from_step, RATIO] if run["step"].max() == last else run[RATIO].iloc[:0]
        reached = run.loc[run[RATIO] >= REACHED, "step"]
        started = run[DECIDING].dropna()
        rows.append(
            {
                "optimizer": optimizer,
                "η": rate,
                "seed": seed,
                "outcome": run["outcome"].iloc[0],
                "preconditioned": stability.is_preconditioned(run.iloc[0]),
                CRITICAL: run[CRITICAL].iloc[0],
                "at the start": started.iloc[0] if len(started) else np.nan,
                "reached": reached.iloc[0] if len(reached) else np.nan,
                "median ratio": later.median(),
                "lowest ratio": later.min(),
                "highest ratio": later.max(),
                "settled": bool(abs(later.median() - 1) <= close(optimizer)),
                "rises": int((run["cost"].diff() > 0).sum()),
                "final cost": run["cost"].iloc[-1],
            }
        )
    return pd.DataFrame(rows)
