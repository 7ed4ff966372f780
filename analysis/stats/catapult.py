"""Phases of the learning rate in units of the sharpness at the start, c = ηλ, each run by its own λ."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import words
from analysis.columns import HIDDEN, PROBLEM, RATE
from gdlab.descent.stopping import DIVERGED

LAZY, CATAPULT, ABOVE, DIVERGING = "lazy", "catapult", "ends above", "divergent"
PHASES = (LAZY, CATAPULT, ABOVE, DIVERGING)
LIMIT, HIGHEST = 2.0, 4.0  # of c: the stability limit, and where a wide linear network diverges
C, CASE, PHASE, PERIOD = "c", "case", "phase", "period"
PEAK, FINAL, FLATTER = "largest cost / start", "final cost / start", "final sharpness / start"
TARGET = "problem.target"
ROUNDING = 1e-6  # of the cost at the start: a rise that counts
PERIODIC = 1e-2  # of the largest cost: the difference up to which two costs are the same
CONVERGED = 1e-6  # of the cost at the start: differences below it do not count
PERIODS = (1, 2, 4, 8)
TAIL = 32  # last recorded steps, one by one


def phases(runs: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """A row for each run: its case, c, phase, and the cost and sharpness over those at its start.

    It is divergent if its outcome is; `ends above` if the cost does, above its start; a catapult if the cost rose above
    its start and came back; else lazy.
    """
    costs = steps.sort_values("step").groupby("run_id")["cost"]
    start, peak, end = (costs.agg(how).reindex(runs["run_id"]).to_numpy() for how in ("first", "max", "last"))
    diverged = (runs["outcome"] == DIVERGED).to_numpy()
    ends = costs.apply(lambda cost: period(cost.to_numpy()[-TAIL:], CONVERGED * cost.iloc[0]))
    over = (1 + ROUNDING) * start
    table = pd.DataFrame(
        {
            "run_id": runs["run_id"].to_numpy(),
            CASE: [case(run) for _, run in runs.iterrows()],
            "seed": runs["seed"].to_numpy(),
            "η": runs[RATE].to_numpy(),
            "λ": runs["start_sharpness"].to_numpy(),
            C: (runs[RATE] * runs["start_sharpness"]).to_numpy(),
            PHASE: np.select([diverged, end > over, peak > over], [DIVERGING, ABOVE, CATAPULT], LAZY),
            PEAK: np.where(diverged, np.inf, peak / start),
            FINAL: np.where(diverged, np.inf, end / start),
            FLATTER: np.where(diverged, np.nan, runs["final_sharpness"] / runs["start_sharpness"]),
            PERIOD: np.where(diverged, 0, ends.reindex(runs["run_id"]).to_numpy()),
        }
    )
    return table.sort_values([CASE, "seed", C], kind="stable", key=lambda column: column.map(_order(column)))


def _order(column: pd.Series) -> dict[object, object]:
    """Cases in the order in which they occur; numbers by size."""
    return {value: place if column.name == CASE else value for place, value in enumerate(column.unique())}


def case(run: pd.Series) -> str:
    """The problem of a run in a few words."""
    if HIDDEN in run and not pd.isna(run[HIDDEN]):
        return f"width {str(run[HIDDEN]).strip('[]')}"
    target = run.get(TARGET)
    name = "linear network" if run[PROBLEM] == "uv" else words.spoken(run[PROBLEM])
    return name + ("" if target is None or pd.isna(target) else f", y = {target:g}")


def period(costs: np.ndarray, floor: float = 0.0) -> int:
    """The period of the last costs: the first of `PERIODS` after which they repeat, 0 if none; differences up to
    `floor` do not count.
    """
    if not np.isfinite(costs).all():
        return 0
    same = max(PERIODIC * np.abs(costs).max(), floor)
    found = (p for p in PERIODS if len(costs) > p and np.abs(costs[p:] - costs[:-p]).max() <= same)
    return next(found, 0)


def boundaries(table: pd.DataFrame) -> pd.DataFrame:
    """For each case: the runs of each phase, the c at which phases begin and end, the share of catapults that end
    flatter than they started.
    """
    rows = []
    for name, runs in table.groupby(CASE, sort=False):
        rose, kept = runs[runs[PHASE] == CATAPULT], runs[runs[PHASE] != DIVERGING]
        diverged = runs.loc[runs[PHASE] == DIVERGING, C]
        rows.append(
            {
                CASE: name,
                **{phase: int((runs[PHASE] == phase).sum()) for phase in PHASES},
                "seeds": runs["seed"].nunique(),
                "λ, median": runs["λ"].median(),
                "lowest c of a catapult": rose[C].min(),
                "largest c of a lazy run": runs.loc[runs[PHASE] == LAZY, C].max(),
                "largest c that did not diverge": kept[C].max(),
                "lowest c that diverged": diverged.min(),
                "catapults that end flatter": (rose[FLATTER] < 1).mean(),
                "their sharpness / start, median": rose[FLATTER].median(),
            }
        )
    return pd.DataFrame(rows)
