"""Frames that studies load: the runs of an experiment, and their recorded steps."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.columns import OPTIMIZER, PROBLEM, RATE, SCHEDULE, is_param
from analysis.errors import StudyError
from analysis.stats.regimes import regimes
from gdlab import tracking

__all__ = ["RATE", "joined", "load", "newest_parent", "require", "runs", "sort_runs"]

RUN_COLUMNS = ("run_id", RATE, "seed", "final_cost", "outcome")
STEP_COLUMNS = ("run_id", "step", "cost", "gradient_norm", "learning_rate")
MERGED = ("run_id", "seed", "outcome", "regime", "start_sharpness")  # into the steps, beside the params
MAY_BE_NAN = ("cost", "final_cost", "gradient_norm")  # a diverged run's result, not a gap
SEEDS = ("seeds.fork_step", "seed", "seeds.init", "seeds.batches", "seeds.fork")
ORDER = {  # choices that are not sorted by name: the simple ones first, unlisted ones last
    PROBLEM: (
        *("parabola", "bowl", "ravine", "double_well", "himmelblau", "rosenbrock", "rastrigin", "saddle", "uv"),
        "network",
    ),
    OPTIMIZER: ("gradient_descent", "momentum", "nesterov", "rmsprop", "adam"),
    SCHEDULE: ("constant", "step", "exponential", "cosine", "warmup_cosine"),
}


def load(uri: str, experiment: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The runs of an experiment, a row each, and their recorded steps, with each run's params and outcome.

    Raises
    ------
    TrackingError
        If the store, the experiment or its finished runs are missing.
    StudyError
        If the runs or their steps lack a column, or values in it.

    """
    return joined(runs(uri, experiment), uri, experiment)


def runs(uri: str, experiment: str) -> pd.DataFrame:
    """The finished runs and measurements of an experiment, sorted by `sort_runs`; raises `TrackingError`."""
    return sort_runs(tracking.runs(uri, experiment))


def joined(runs: pd.DataFrame, uri: str, experiment: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """These runs of an experiment and their recorded steps, in the form and with the errors of `load`."""
    runs = sort_runs(runs)
    steps = tracking.trajectories(runs, uri)
    require(steps, STEP_COLUMNS, f"the steps of experiment {experiment!r}")
    runs = runs.assign(final_cost=runs["final_cost"].fillna(runs["run_id"].map(exact_final_cost(steps))))
    require(runs, RUN_COLUMNS, f"experiment {experiment!r} in {tracking.redacted(uri)}")
    runs = runs.astype({"seed": int})  # tracking reads every number as a float
    runs["regime"] = runs["run_id"].map(regimes(steps))
    if "sharpness" in steps:
        runs["start_sharpness"] = runs["run_id"].map(steps[steps["step"] == 0].set_index("run_id")["sharpness"])
    merged = [name for name in map(str, runs) if name in MERGED or is_param(name)]
    return runs, steps.merge(runs[merged], on="run_id")


def sort_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs sorted by their params, seeds last: which worker finished first makes no difference.

    The index is kept; it numbers the runs from the oldest on.
    """
    params = [name for name in map(str, runs) if is_param(name) or name.startswith("measurement.")]
    last = [name for name in (RATE, *SEEDS) if name in runs]
    first = [name for name in ORDER if name in runs]
    names = [*first, *sorted(set(params) - {*first, *last}), *last]
    if not names:
        return runs
    return runs.loc[pd.DataFrame({name: _ranks(runs[name]) for name in names}).sort_values(names).index]


def newest_parent(runs: pd.DataFrame) -> str | None:
    """The id of the newest sweep that the runs belong to."""
    parents = runs["parent"].dropna().sort_index() if "parent" in runs else runs.iloc[:0]
    return str(parents.iloc[-1]) if len(parents) else None


def require(frame: pd.DataFrame, needed: Sequence[str], subject: str) -> None:
    """Check that a frame has the needed columns, with a value in every row.

    Raises
    ------
    StudyError
        Naming the `subject` and the columns it lacks.

    """
    absent = [name for name in needed if name not in frame]
    if absent:
        raise StudyError(f"{subject} lacks {', '.join(absent)}; this study needs {', '.join(needed)}")
    for name in needed:
        gaps = frame[name].isna() & (name not in MAY_BE_NAN)
        if gaps.any():
            lacking, count = frame.loc[gaps, "run_id"].nunique(), frame["run_id"].nunique()
            raise StudyError(f"{subject}: {lacking} of {count} runs have no {name}")


def exact_final_cost(steps: pd.DataFrame) -> pd.Series:
    """The last recorded cost by run id, with the infinities and NaNs that MLflow's metric leaves out."""
    return steps.drop_duplicates("run_id", keep="last").set_index("run_id")["cost"]


def _ranks(column: pd.Series) -> pd.Series:
    keys = [_sort_key(str(column.name), value) for value in column]
    places = {key: place for place, key in enumerate(sorted(set(keys)))}
    return pd.Series([places[key] for key in keys], column.index)


def _sort_key(name: str, value: Any) -> tuple[int, Any]:
    """A key for values of all kinds: listed choices, numbers, lists of numbers, text, missing values."""
    if value in ORDER.get(name, ()):
        return 0, ORDER[name].index(value)
    if isinstance(value, str):
        return (2, tuple(ast.literal_eval(value))) if value.startswith("[") else (3, value)
    return (4, 0) if pd.isna(value) else (1, float(value))
