"""The edge of stability: cost and sharpness along descent on the whole training set (Cohen et al. 2021 and 2022)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import describe, frames, words
from analysis.answers.stability import settles
from analysis.chapters import STEPS
from analysis.columns import OPTIMIZER, PLAIN, RATE
from analysis.draw.sharpness import ratios, sharpness
from analysis.items import Figure, StudyResult, Table
from analysis.recipes import captions
from analysis.stats import stability
from analysis.stats.sharpness import CRITICAL, DECIDING, LATE, RATIO, REACHED, close, compared, late_sharpness
from analysis.study import Study
from analysis.touch.sharpness import sharpness_chart

NAME = "edge_of_stability"


def analyze(runs: pd.DataFrame, steps: pd.DataFrame) -> StudyResult:
    """Cost and sharpness against the step, of gradient descent and of other optimizers, and the sharpness late."""
    frames.require(steps[np.isfinite(steps["cost"])], ("sharpness",), f"experiment {NAME!r}")
    table = late_sharpness(steps)
    is_plain, plain_steps = runs[OPTIMIZER] == PLAIN, steps[steps[OPTIMIZER] == PLAIN]
    return StudyResult(
        answer=settles(table),
        findings=findings(table),
        figures=[figure for figure in (plain_figure(runs, steps), others_figure(runs, steps)) if figure],
        tables=[
            Table(
                name=f"{NAME}_late",
                title="Sharpness late in the run",
                frame=table,
                caption=words.sentences(
                    f"a row is a run; critical: the sharpness at which its learning rate is the stability limit of its "
                    f"rule; the ratios are of the sharpness to it, over the recorded steps after the first {LATE:.0%}",
                    "for RMSProp and Adam it is the preconditioned sharpness, and the start is the first recorded step "
                    "after step 0",
                    f"reached: the first recorded step at {REACHED:.0%} of the critical sharpness",
                    f"settled: the median ratio is within {close(PLAIN):.0%} of 1, or {close('adam'):.0%} for other "
                    "optimizers than gradient descent",
                    "rises: the number of times the cost rose from one recorded step to the next",
                    "no ratios: the run ended before its budget",
                ),
            )
        ],
        charts=[sharpness_chart(NAME, runs[is_plain], plain_steps)] if is_plain.any() else [],
    )


def plain_figure(runs: pd.DataFrame, steps: pd.DataFrame) -> Figure | None:
    """Cost and sharpness of gradient descent, if there is any."""
    runs, steps = runs[runs[OPTIMIZER] == PLAIN], steps[steps[OPTIMIZER] == PLAIN]
    if not len(runs):
        return None
    return Figure(
        name=NAME,
        title="Gradient descent: cost and sharpness against the step",
        plot=sharpness(runs, steps),
        caption=caption(runs, steps),
        data=steps[[RATE, "seed", "step", "cost", "sharpness"]].sort_values([RATE, "seed", "step"]),
    )


def others_figure(runs: pd.DataFrame, steps: pd.DataFrame) -> Figure | None:
    """The sharpness of other optimizers over their limits, if there are any."""
    runs = runs[runs[OPTIMIZER] != PLAIN]
    if not len(runs):
        return None
    steps = compared(steps[steps[OPTIMIZER] != PLAIN])
    if not np.isfinite(steps[RATIO]).any():
        return None
    columns = [OPTIMIZER, RATE, "seed", "step", "cost", DECIDING, CRITICAL, RATIO]
    return Figure(
        name=f"{NAME}_optimizers",
        title="Other optimizers: sharpness over the stability limit",
        plot=ratios(steps),
        caption=words.sentences(
            "sharpness over the sharpness at which the learning rate is the stability limit of the optimizer's rule, "
            "against the step",
            "limits: 2(1 + β)/η with momentum β, 2(1 + β)/((1 + 2β)η) with Nesterov's; 2/η for RMSProp and "
            "2(1 + β₁)/((1 - β₁)η), 38/η at β₁ = 0.9, for Adam, both of the preconditioned sharpness, the largest "
            "eigenvalue of P⁻¹H, which is not defined before the first step",
            f"{words.plural(len(runs), 'run')}, {words.plural(runs['seed'].nunique(), 'seed')}: a line is a run, "
            f"measured at {steps['step'].nunique()} evenly spaced steps",
            f"dashed: the limit; grey: within {close('adam'):.0%} of it; its value is above the panel",
            *(f"{words.spoken(name)}: {_settings(same)}" for name, same in runs.groupby(OPTIMIZER, sort=False)),
            describe.setup_text(runs),
        ),
        data=steps[columns].sort_values([OPTIMIZER, RATE, "seed", "step"]),
    )


def _settings(runs: pd.DataFrame) -> str:
    """The hyperparameters of one optimizer's runs."""
    symbols = {
        RATE: "η",
        "optimizer.momentum": "β",
        "optimizer.decay": "ρ",
        "optimizer.beta1": "β₁",
        "optimizer.beta2": "β₂",
    }
    known = {symbol: describe.values(runs, name) for name, symbol in symbols.items()}
    return ", ".join(f"{symbol} = {value}" for symbol, value in known.items() if value)


def findings(table: pd.DataFrame) -> list[str]:
    """The runs that settled at the limit, first of gradient descent, then rate by rate and rule by rule."""
    plain = table[table["optimizer"] == PLAIN]
    texts = [_verdict(plain)] if len(plain) else []
    texts += [
        _sentence(optimizer, rate, rows) for (optimizer, rate), rows in table.groupby(["optimizer", "η"], sort=False)
    ]
    return [words.sentences(text) for text in texts]


def _verdict(plain: pd.DataFrame) -> str:
    below = plain[plain["at the start"] < plain[CRITICAL]]
    if not len(below):
        return "no run of gradient descent started below the stability limit 2/η: these runs show no rise to it"
    return (
        f"{int(below['settled'].sum())} of {words.plural(len(below), 'run')} of gradient descent that started with a "
        f"sharpness below 2/η settled within {close(PLAIN):.0%} of it (the median over the last half of the steps), at "
        f"{words.plural(below.loc[below['settled'], 'η'].nunique(), 'learning rate')}"
    )


def _sentence(optimizer: str, rate: float, rows: pd.DataFrame) -> str:
    name = f"{words.spoken(optimizer)} at η = {words.rate(rate)}"
    ended = rows["median ratio"].isna()
    if ended.all():
        diverged = int((rows["outcome"] == "diverged").sum())
        return f"{name}: no run reached its last step (n = {len(rows)}; {diverged} diverged)"
    kept = rows[~ended]
    kind = "preconditioned " if kept["preconditioned"].all() else ""
    below = int((kept["at the start"] < kept[CRITICAL]).sum())
    reached = kept["reached"].dropna()
    when = f", reached {REACHED:.0%} of it at step {reached.median():.0f} (median)" if len(reached) else ""
    return (
        f"{name}: the {kind}sharpness started at {_range(kept['at the start'])}, below the limit of "
        f"{_number(kept[CRITICAL].iloc[0])} in {below} of {words.plural(len(kept), 'run')}{when}, and over the last "
        f"half was {_range(kept['median ratio'])} times it; {kept['settled'].sum()} of {len(kept)} within "
        f"{close(optimizer):.0%}" + (f"; {int(ended.sum())} of {len(rows)} ended early" if ended.any() else "")
    )


def _range(values: pd.Series) -> str:
    """The median of runs and their range."""
    if len(values) == 1:
        return _number(values.iloc[0])
    return f"{_number(values.median())} (range {_number(values.min())} to {_number(values.max())})"


def _number(value: float) -> str:
    """A number in four digits, without an exponent."""
    return words.number(float(f"{value:.4g}"))


def caption(runs: pd.DataFrame, steps: pd.DataFrame) -> str:
    """The caption of the figure of gradient descent."""
    return words.sentences(
        f"{describe.cost_name(steps)} and sharpness λ, the largest eigenvalue of its Hessian, against the step, on log "
        "scales",
        describe.counts(runs),
        f"a line is a run, measured at {steps['step'].nunique()} evenly spaced steps, in the colour of its learning "
        "rate",
        f"dashed: {stability.formula(runs, 'η')}, the sharpness at which the learning rate is the stability limit; on "
        "a quadratic of greater curvature descent is unstable",
        "the lines of runs that diverged leave the panel" if (runs["outcome"] == "diverged").any() else "",
        *captions.shared(runs),
    )


STUDY = Study(
    title="Does the sharpness settle at the stability limit?",
    chapter=STEPS,
    order=40,
    minutes=1,
    analyze=analyze,
    small=(
        "hydra.sweeper.cases=["
        "'optimizer=gradient_descent optimizer.learning_rate=0.06,0.08,0.1',"
        "'optimizer=momentum optimizer.learning_rate=0.1 optimizer.momentum=0.5',"
        "'optimizer=nesterov optimizer.learning_rate=0.04',"
        "'optimizer=rmsprop optimizer.learning_rate=0.0002 optimizer.decay=0.99',"
        "'optimizer=adam optimizer.learning_rate=0.003']",
        "seed=0",
    ),
)
