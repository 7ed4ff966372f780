"""Final cost and trajectories against the learning rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis import describe, words
from analysis.answers import rates
from analysis.columns import RATE
from analysis.draw import axes
from analysis.draw.final import final
from analysis.draw.trajectories import panel_rates, trajectories
from analysis.items import Figure, StudyResult, Table
from analysis.recipes import captions
from analysis.stats import averages, stability
from analysis.stats.by_rate import by_rate
from analysis.stats.regimes import CONVERGING, EXPLODING, MEANINGS
from analysis.touch.runs import runs_chart

DATA = (RATE, "seed", "regime", "outcome", "final_cost", "final_accuracy", "start_sharpness", "steps")


def against_rate(
    name: str,
    title: str,
    runs: pd.DataFrame,
    steps: pd.DataFrame,
    answer: Callable[[pd.DataFrame], str] = rates.largest,
) -> StudyResult:
    """The answer, figures, table, chart and findings of runs over learning rates; `name` begins the names of the
    items.
    """
    return StudyResult(
        answer=answer(runs),
        findings=findings(runs),
        figures=[
            Figure(
                name=f"{name}_final",
                title=f"{title}: final cost{' and accuracy' if 'final_accuracy' in runs else ''}",
                plot=final(runs),
                caption=final_caption(runs),
                data=runs[[column for column in DATA if column in runs]].sort_values([RATE, "seed"]),
            ),
            Figure(
                name=f"{name}_trajectories",
                title=f"{title}: cost against step",
                plot=trajectories(steps),
                caption=trajectories_caption(runs, steps),
                data=steps[[RATE, "seed", "regime", "step", "cost"]].sort_values([RATE, "seed", "step"]),
            ),
        ],
        tables=[
            Table(
                name=f"{name}_summary",
                title=f"{title}: by learning rate",
                frame=by_rate(runs),
                caption=words.sentences(
                    f"for each learning rate: the number of runs, the number in each regime, and the "
                    f"{averages.AVERAGE} with its {averages.bounds_name(averages.seed_counts(runs, [RATE]))}",
                    describe.regimes(runs),
                ),
            )
        ],
        charts=[runs_chart(name, title, runs, steps)],
    )


def final_caption(runs: pd.DataFrame) -> str:
    """The caption of the final cost and accuracy."""
    seeds, has_accuracy = runs["seed"].nunique(), "final_accuracy" in runs
    limits = axes.limits_with_references(runs, "final_cost")
    return words.sentences(
        f"final {describe.cost_name(runs)}{' and final test accuracy' if has_accuracy else ''} against the learning "
        "rate η",
        describe.counts(runs),
        f"a dot is a run, in the colour of its regime{', seeds side by side' if seeds > 1 else ''}",
        f"line: {averages.AVERAGE}; {captions.band(runs)}"
        if seeds > 1
        else "one seed: no spread, the line joins the runs",
        "" if runs[RATE].nunique() > 1 else "one learning rate: no line",
        captions.stability_limit(runs),
        *axes.off_scale(runs["final_cost"], limits, runs["run_id"]),
        captions.CHANCE if has_accuracy else "",
        *captions.shared(runs),
    )


def trajectories_caption(runs: pd.DataFrame, steps: pd.DataFrame) -> str:
    """The caption of the costs against the step."""
    rates, panels = runs[RATE].nunique(), len(panel_rates(steps))
    left_out = f", {panels} of the {rates}, the best among them" if panels < rates else ""
    limits = axes.limits_with_references(steps, "cost")
    return words.sentences(
        f"{describe.cost_name(steps)} of every run against the step, on log scales; the step axis is linear up to 1",
        describe.counts(runs),
        f"a panel is a learning rate{left_out}; a line is a run, "
        f"measured at up to {steps['step'].nunique()} steps, in the colour of its regime; a marker is at its end",
        "" if runs["seed"].nunique() > 1 else "one seed: no spread",
        *axes.off_scale(steps["cost"], limits, steps["run_id"]),
        *captions.shared(runs),
    )


def findings(runs: pd.DataFrame) -> list[str]:
    """The best learning rates, the regimes and the stability limit, in sentences."""
    costs = averages.summarized(runs, [RATE], "final_cost")
    texts = [_converging(runs), _best(costs, "lowest final cost", costs["iqm"].min())]
    if "final_accuracy" in runs:
        accuracies = averages.summarized(runs, [RATE], "final_accuracy")
        texts.append(_best(accuracies, "highest final test accuracy", accuracies["iqm"].max()))
    texts += [_regime(runs, regime) for regime in MEANINGS if (runs["regime"] == regime).any()]
    if limits := stability.limit_range(runs):
        low, median, high = limits
        spread = f" (median; {low:.3g} to {high:.3g} over the starts)" if low < high else ""
        texts.append(
            f"the stability limit at the start, {stability.formula(runs)}, is {median:.3g}{spread}"
            f"{_beyond(runs, median)}"
        )
    return [words.sentences(text) for text in texts]


def converging_rates(runs: pd.DataFrame) -> pd.Series:
    """The learning rates at which every run converges, in order."""
    every = (runs["regime"] == CONVERGING).groupby(runs[RATE]).all()
    return every.index[every].to_series()


def _converging(runs: pd.DataFrame) -> str:
    """The largest learning rate at which all runs converge, and beyond it the smallest at which none does and one
    explodes.
    """
    rates, n = converging_rates(runs), runs.groupby(RATE).size().min()
    exploding = runs.loc[runs["regime"] == EXPLODING, RATE]
    first = f"; the smallest at which a run exploded is η = {words.rate(exploding.min())}" if len(exploding) else ""
    if rates.empty:
        return f"at no learning rate did all runs converge{first} (n = {n} at each)"
    largest = rates.max()
    any_above = (runs["regime"] == CONVERGING).groupby(runs[RATE]).any()
    none = [rate for rate in any_above.index[~any_above] if rate > largest]
    beyond = f"; at η = {words.rate(min(none))} none did" if none else ""
    text = f"the largest learning rate at which every run converged is η = {words.rate(largest)}"
    return f"{text}{beyond}{first} (n = {n} at each)"


def _beyond(runs: pd.DataFrame, limit: float) -> str:
    """The best and the largest converging learning rate of networks, in units of the limit; empty for landscapes."""
    rates = converging_rates(runs)
    if not captions.sharpness_basis(runs) or rates.empty:
        return ""
    costs = averages.summarized(runs, [RATE], "final_cost")
    best = costs.loc[costs["iqm"].idxmin(), RATE]
    return (
        f"; the best learning rate is {best / limit:.2g} times that, the largest at which every run converged "
        f"{rates.max() / limit:.2g} times"
    )


def _best(table: pd.DataFrame, quantity: str, value: float) -> str:
    if not np.isfinite(value):
        return "no learning rate has a finite average cost"
    row = table[table["iqm"] == value].iloc[0]
    estimate = words.estimate(value, row["low"], row["high"], ".3g", is_range=row["n"] < averages.FEWEST)
    return f"the {quantity} is {estimate}, at η = {words.rate(row[RATE])} (n = {row['n']:.0f})"


def _regime(runs: pd.DataFrame, regime: str) -> str:
    rates = runs.loc[runs["regime"] == regime, RATE]
    return f"{regime}: {len(rates)} of {words.plural(len(runs), 'run')}, {words.rates(rates.min(), rates.max())}"
