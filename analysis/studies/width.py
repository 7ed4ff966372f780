"""Barriers between minima of networks of several widths."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis import describe, networks, words
from analysis.answers.sizes import falls as answer
from analysis.chapters import SIZES
from analysis.columns import HIDDEN
from analysis.draw.minima import by_width
from analysis.errors import StudyError
from analysis.items import Figure, StudyResult, Table
from analysis.recipes.minima import UPPER_BOUND
from analysis.recipes.verdicts import sentence
from analysis.stats import averages, estimates, verdicts
from analysis.stats.minima import ALIGNED, POINTS, Minima, barriers_by_width
from analysis.stats.verdicts import Verdict
from analysis.study import Study

TITLE = "Barriers between minima by width"


def analyze(runs: pd.DataFrame, steps: pd.DataFrame, groups: Sequence[Minima]) -> StudyResult:
    """Measure the barrier between minima of networks of each width."""
    for group in groups:
        if len(group.runs) < 2:
            raise StudyError(f"run {group.runs['run_name'].iloc[0]!r} is the only one of its shape; a pair needs two")
    table = barriers_by_width(groups)
    averaged, verdict = averages_by_width(table), falls(table)
    caption = words.sentences(
        f"barrier of the training cost on the straight line between two minima, at {POINTS} points, for disjoint pairs "
        f"of runs; mean with its {averages.bounds_name(averaged['pairs'])}",
        UPPER_BOUND,
        describe.counts(runs, [HIDDEN]),
        describe.setup_text(runs),
    )
    return StudyResult(
        answer=answer(verdict, averaged),
        findings=[
            *([sentence(verdict, ".3f", "pair")] if verdict else []),
            *(finding(row) for _, row in averaged.iterrows()),
        ],
        figures=[Figure(name="width", title=TITLE, plot=by_width(table), caption=caption, data=table)],
        tables=[Table(name="width_barriers", title=TITLE, frame=averaged, caption=caption)],
    )


def averages_by_width(table: pd.DataFrame) -> pd.DataFrame:
    """The mean barrier of each width, as they are and aligned, with its interval."""
    keys = ["hidden layers", "parameters", "pairs are"]
    rows = [
        [*key, len(group), *estimates.over_runs(group["barrier"].to_numpy(), estimates.mean)]
        for key, group in table.groupby(keys, sort=False)
    ]
    return pd.DataFrame(rows, columns=[*keys, "pairs", "barrier", "low", "high"])


def falls(table: pd.DataFrame) -> Verdict | None:
    """A verdict on whether the barrier between aligned minima is lower at the largest network than at the smallest.

    None for one width.
    """
    groups = [group for _, group in table[table["pairs are"] == ALIGNED].groupby("parameters")]
    if len(groups) < 2:
        return None
    narrow, wide = groups[0], groups[-1]
    count = min(len(narrow), len(wide))
    first, second = (group["barrier"].to_numpy(float)[:count] for group in (narrow, wide))
    value, low, high = verdicts.paired_difference(first, second)
    return Verdict(
        arm="widest against narrowest",
        hypothesis=f"the barrier between aligned minima is lower with hidden layers {wide['hidden layers'].iloc[0]} "
        f"than with {narrow['hidden layers'].iloc[0]}",
        statistic="reduction of the barrier, mean over pairs of the same seeds",
        value=value,
        low=low,
        high=high,
        n=count,
        observed=(first - second).tolist(),
    )


def finding(row: pd.Series) -> str:
    """The mean barrier of one width in a sentence."""
    is_range = row["pairs"] < averages.FEWEST
    barrier = words.estimate(row["barrier"], row["low"], row["high"], ".3f", is_range=is_range)
    return words.sentences(
        f"hidden layers {row['hidden layers']}: the barrier between minima, {row['pairs are']}, is {barrier} "
        f"(n = {row['pairs']} pairs)"
    )


STUDY = Study(
    title="Does the barrier between minima fall with the width?",
    chapter=SIZES,
    order=10,
    minutes=1,
    load=networks.load,
    analyze=analyze,
    small=("problem.hidden=[8,8],[16,16],[32,32]", "seed=range(4)"),
)
