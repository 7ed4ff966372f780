"""Sharpness along descent, compared with the sharpness at which the learning rate is the stability limit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.columns import RATE
from analysis.stats.stability import critical_sharpness

CLOSE = 0.03  # of the critical sharpness
LATE = 1 / 6  # of the steps: those after it are compared


def late_sharpness(steps: pd.DataFrame) -> pd.DataFrame:
    """Each run's sharpness at the start and later on, beside the critical sharpness, 2/η for gradient descent."""
    from_step = LATE * steps["step"].max()
    critical = critical_sharpness(steps.drop_duplicates("run_id").set_index("run_id"))
    rows = []
    for (rate, seed, run_id), run in steps.groupby([RATE, "seed", "run_id"]):
        later = run.loc[run["step"] >= from_step, "sharpness"]
        ratio = later / critical[run_id]
        rows.append(
            {
                "η": rate,
                "seed": seed,
                "regime": run["regime"].iloc[0],
                "critical": critical[run_id],
                "at the start": run["sharpness"].iloc[0],
                "median later": later.median(),
                "lowest later": later.min(),
                "highest later": later.max(),
                "close": ((ratio - 1).abs() <= CLOSE).mean() if ratio.notna().any() else np.nan,
                "rises": int((run["cost"].diff() > 0).sum()),
                "final cost": run["cost"].iloc[-1],
            }
        )
    return pd.DataFrame(rows)
