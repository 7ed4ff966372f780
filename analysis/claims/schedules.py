"""Schedules of the learning rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.claims.claim import RATE, Claim, Evidence, Finding, NotRunError, finding

if TYPE_CHECKING:
    import pandas as pd


def beats_constant(evidence: Evidence) -> Finding:
    """Compare the best schedule with the best constant rate, each at the learning rate of its lowest final cost.

    The limit: their intervals overlap.
    """
    from analysis.stats import averages

    best = {}
    for name, runs in evidence.runs.groupby("schedule.name"):
        table = averages.summarized(runs, [RATE], "final_cost")
        best[str(name).replace("_", " ")] = table.loc[table["iqm"].idxmin()]
    constant = best.pop("constant", None)
    if constant is None or not best:
        raise NotRunError("lr_schedules")
    name, decaying = min(best.items(), key=lambda item: float(item[1]["iqm"]))
    return finding(
        f"final cost of the best constant rate, η = {constant[RATE]:g}: {with_interval(constant)}; of the best "
        f"schedule, {name} from η = {decaying[RATE]:g}: {with_interval(decaying)} "
        f"(n = {decaying['n']:.0f} seeds each)",
        decaying["iqm"] < constant["iqm"],
        evidence.runs["run_id"],
        limited=not decaying["high"] < constant["low"],
    )


def with_interval(row: pd.Series) -> str:
    return f"{row['iqm']:.3g} [{row['low']:.3g}, {row['high']:.3g}]"


schedule = Claim(
    name="schedule",
    order=210,
    text="A decaying learning rate beats the best constant one.",
    studies=("lr_schedules",),
    check=beats_constant,
)
