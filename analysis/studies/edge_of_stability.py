"""The edge of stability: cost and sharpness along descent on the whole training set (Cohen et al. 2021)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import describe, frames, words
from analysis.columns import RATE
from analysis.draw.sharpness import sharpness
from analysis.items import Figure, StudyResult, Table
from analysis.recipes import captions
from analysis.stats import stability
from analysis.stats.sharpness import CLOSE, LATE, late_sharpness
from analysis.study import RATES, Study

NAME = "edge_of_stability"


def analyze(runs: pd.DataFrame, steps: pd.DataFrame) -> StudyResult:
    """Cost and sharpness against the step, and the sharpness late in the runs."""
    frames.require(steps[np.isfinite(steps["cost"])], ("sharpness",), f"experiment {NAME!r}")
    table, critical = late_sharpness(steps), stability.formula(runs, "η")
    return StudyResult(
        findings=findings(table, critical),
        figures=[
            Figure(
                name=NAME,
                title="Cost and sharpness against the step",
                plot=sharpness(runs, steps),
                caption=caption(runs, steps),
                data=steps[[RATE, "seed", "step", "cost", "sharpness"]].sort_values([RATE, "seed", "step"]),
            )
        ],
        tables=[
            Table(
                name=f"{NAME}_late",
                title="Sharpness late in the run",
                frame=table.rename(columns={"critical": critical}),
                caption=words.sentences(
                    "a row is a run; the median, lowest and highest sharpness are of the recorded steps after the "
                    f"first {LATE:.0%}",
                    f"close: the share of these steps at which it is within {CLOSE:.0%} of {critical}"
                    if table["critical"].notna().any()
                    else "",
                    "rises: the number of times the cost rose from one recorded step to the next, over the whole run",
                    "empty: the run ended before those steps",
                    captions.unknown_limits(runs),
                ),
            )
        ],
    )


def findings(table: pd.DataFrame, critical: str) -> list[str]:
    """For each learning rate the late sharpness, beside the critical."""
    texts = []
    for rate, rows in table.groupby("η"):
        later = rows.dropna(subset="median later")
        if not len(later):
            texts.append(f"η = {words.rate(rate)}: all {words.plural(len(rows), 'run')} diverged")
            continue
        text = (
            f"η = {words.rate(rate)}: {_diverged(len(rows) - len(later), len(rows))}; the sharpness was "
            f"{rows['at the start'].min():.3g} or more at the start and {later['median later'].median():.4g} later "
            "(median)"
        )
        if later["critical"].nunique() == 1 and later["critical"].notna().all():
            text += (
                f"; {critical} is {later['critical'].iloc[0]:g}, and the sharpness was within {CLOSE:.0%} of it at "
                f"{later['close'].mean():.0%} of the later steps"
            )
        texts.append(text)
    return [words.sentences(text) for text in texts]


def _diverged(count: int, total: int) -> str:
    return f"{count} of {words.plural(total, 'run')} diverged" if count else f"no run diverged (n = {total})"


def caption(runs: pd.DataFrame, steps: pd.DataFrame) -> str:
    """The caption of the figure."""
    return words.sentences(
        f"{describe.cost_name(steps)} and sharpness λ, the largest eigenvalue of its Hessian, against the step, on log "
        "scales",
        describe.counts(runs),
        f"a line is a run, measured at {steps['step'].nunique()} evenly spaced steps, in the colour of its learning "
        "rate",
        f"dashed: {stability.formula(runs, 'η')}, the sharpness at which the learning rate is the stability limit; on "
        "a quadratic of greater curvature descent is unstable"
        if stability.factors(runs).notna().any()
        else "",
        captions.unknown_limits(runs),
        "the lines of runs that diverged leave the panel" if (runs["outcome"] == "diverged").any() else "",
        *captions.shared(runs),
    )


STUDY = Study(
    title="The edge of stability",
    chapter=RATES,
    order=80,
    minutes=3,
    analyze=analyze,
    small=("optimizer.learning_rate=0.1", "seed=0"),
)
