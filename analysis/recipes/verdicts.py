"""Verdicts in sentences, as a table, and as a figure of their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from analysis import words
from analysis.draw.verdicts import forest
from analysis.items import Figure, Table
from analysis.stats.verdicts import ERROR_RATE, FAILS, FEWEST, HOLDS, UNDECIDED, Verdict

Groups = Mapping[str, Sequence[Verdict]]  # by the quantity that a panel shows


def answer(question: str, verdicts: Sequence[Verdict]) -> str:
    """A sentence that sorts the arms of one question by their verdicts."""
    texts = []
    for verdict, lead in ((HOLDS, "yes"), (FAILS, "no"), (UNDECIDED, UNDECIDED)):
        arms = [item.arm for item in verdicts if item.verdict == verdict]
        texts += [f"{lead} for {words.listed(arms)}"] if arms else []
    return words.sentences(f"{question}: {'; '.join(texts)} ({seeds(verdicts)})")


def sentence(verdict: Verdict, form: str, unit: str) -> str:
    """One hypothesis with its verdict, statistic and interval; `unit` is what n counts."""
    estimate = words.estimate(verdict.value, verdict.low, verdict.high, form)
    few = f", of which a verdict needs {FEWEST}" if verdict.n < FEWEST else ""
    return words.sentences(
        f"{verdict.hypothesis}: {verdict.verdict} ({verdict.statistic} {estimate}, threshold {verdict.threshold:g}, "
        f"n = {words.plural(verdict.n, unit)}{few})"
    )


def seeds(verdicts: Sequence[Verdict]) -> str:
    """The number of seeds tested, and how many a verdict needs where they are too few."""
    n = min(item.n for item in verdicts)
    return f"n = {words.plural(n, 'test seed')}" + (f", of which a verdict needs {FEWEST}" if n < FEWEST else "")


def table(name: str, title: str, verdicts: Sequence[Verdict], *parts: str) -> Table:
    """Every verdict with its hypothesis, statistic, interval, threshold and n; `parts` begin the caption."""
    frame = pd.DataFrame(
        {
            "hypothesis": [item.hypothesis for item in verdicts],
            "statistic": [item.statistic for item in verdicts],
            "value": [item.value for item in verdicts],
            "low": [item.low for item in verdicts],
            "high": [item.high for item in verdicts],
            "threshold": [item.threshold for item in verdicts],
            "n": [item.n for item in verdicts],
            "verdict": [item.verdict for item in verdicts],
        }
    )
    return Table(name=name, title=title, frame=frame, caption=words.sentences(*parts, method(verdicts)))


def method(verdicts: Sequence[Verdict]) -> str:
    """How verdicts are reached, as a part of a caption."""
    levels = sorted({(item.level, item.comparisons) for item in verdicts})
    named = words.listed([f"{100 * level:.4g}% for {words.plural(count, 'comparison')}" for level, count in levels])
    return (
        "a hypothesis holds if the interval of its statistic lies above the threshold, does not hold if it lies below, "
        f"and is not decided otherwise or with fewer than {FEWEST} seeds; intervals: Student's, over paired seeds, "
        f"with the error of a width from the bootstrap, at a level of {named} of one quantity, which share a rate of "
        f"errors on identical arms of {ERROR_RATE:.0%}"
    )


def figure(name: str, title: str, groups: Groups, *parts: str) -> Figure:
    """The intervals of all verdicts, a panel for each quantity; `parts` begin the caption."""
    rows = [(quantity, item) for quantity, items in groups.items() for item in items]
    data = pd.DataFrame(
        [
            [quantity, item.arm, place, value, item.value, item.low, item.high, item.verdict]
            for quantity, item in rows
            for place, value in enumerate(item.observed or [float("nan")])
        ],
        columns=["quantity", "arm", "test seed", "of the seed", "value", "low", "high", "verdict"],
    )
    text = (
        "each row is a comparison; small dots: the difference for each test seed alone; marker and bar: the estimate "
        "over all test seeds and its interval, in the colour of the verdict; dashed: no difference, the threshold; "
        "to the right of it the first of the two is better"
    )
    items = [item for _, item in rows]
    caption = words.sentences(*parts, f"{text} ({seeds(items)})", method(items))
    return Figure(name=name, title=title, plot=forest(groups), caption=caption, data=data)
