"""Stability limits of runs, each from the rule of its own optimizer.

On a quadratic of curvature λ a rule is stable below the learning rate c/λ. The rule knows its c: 2 for gradient
descent. For RMSProp and Adam λ is not the sharpness but the preconditioned sharpness, which is unknown at a start.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from analysis.columns import OPTIMIZER, RATE
from gdlab.optimizers import Optimizer, Preconditioned
from gdlab.sweeps import configuration

SECTION = "optimizer."
SHARPNESS = "start_sharpness"


def rule(run: pd.Series) -> Optimizer:
    """The optimizer of a run, built from its params."""
    params = {str(name).removeprefix(SECTION): value for name, value in run.items() if str(name).startswith(SECTION)}
    return configuration.optimizer({name: value for name, value in params.items() if not pd.isna(value)})


def limit(run: pd.Series, curvature: float) -> float:
    """The learning rate below which a run's rule is stable where the cost has this curvature.

    NaN if that is unknown, the curvature not positive, or the rule one whose limit is that of a preconditioned cost.
    """
    return np.nan if is_preconditioned(run) else own_limit(run, curvature)


def is_preconditioned(run: pd.Series) -> bool:
    """True if the curvature that decides of a run's stability is that of a preconditioned cost."""
    return isinstance(rule(run), Preconditioned)


def own_limit(run: pd.Series, curvature: float) -> float:
    """As `limit`, but with a rule's preconditioner the curvature is that of the preconditioned cost."""
    if not 0 < curvature < np.inf:
        return np.nan
    bound = rule(run).stability_limit(curvature)
    return np.nan if bound is None else float(bound[0, 0])


def start_limits(runs: pd.DataFrame) -> pd.Series:
    """Each run's stability limit at its start, from the sharpness there; NaN where it is unknown."""
    if SHARPNESS not in runs or OPTIMIZER not in runs:
        return pd.Series(np.nan, runs.index)
    limits = [limit(run, curvature) for (_, run), curvature in zip(runs.iterrows(), runs[SHARPNESS], strict=True)]
    return pd.Series(limits, runs.index, dtype=float)


def limit_range(runs: pd.DataFrame) -> tuple[float, float, float] | None:
    """The lowest, the median and the highest stability limit at the starts; None where none is known."""
    limits = start_limits(runs).dropna()
    return (limits.min(), limits.median(), limits.max()) if len(limits) else None


def factors(runs: pd.DataFrame) -> pd.Series:
    """The c of each run's stability limit c/λ, by optimizer settings; NaN where it is unknown."""
    return pd.Series([limit(run, 1.0) for _, run in runs.iterrows()], runs.index, dtype=float)


def critical_sharpness(runs: pd.DataFrame) -> pd.Series:
    """The curvature c/η at which each run's learning rate is its stability limit; NaN where that is unknown."""
    return factors(runs) / runs[RATE]


def formula(runs: pd.DataFrame, over: str = "λ") -> str:
    """The stability limit in symbols: 2/λ or 3.8/λ where it is known and the same for all runs, else c/λ."""
    known = factors(runs).dropna().unique()
    return f"{known[0]:g}/{over}" if len(known) == 1 else f"c/{over}"


def unknown_rules(runs: pd.DataFrame) -> list[str]:
    """Names of the optimizers whose stability limit is unknown."""
    return sorted(runs.loc[factors(runs).isna(), OPTIMIZER].unique())


def may_hold(run: pd.Series, curvatures: Float[np.ndarray, " minima"]) -> Bool[np.ndarray, " minima"]:
    """True for each minimum that a run can rest in; for all of them where the limit of its rule is unknown."""
    bound = None if is_preconditioned(run) else rule(run).stability_limit(list(curvatures))
    return np.ones(len(curvatures), bool) if bound is None else run[RATE] < bound[:, 0]
