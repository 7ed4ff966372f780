"""Answers about the size of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from analysis import words
from analysis.stats import forks
from analysis.stats.descents import NO_PEAK, PEAK
from analysis.stats.minima import ALIGNED
from analysis.stats.verdicts import FAILS, FEWEST, HOLDS, UNDECIDED, Verdict

MANY = 4  # widths
EARLY = 0.05  # of the steps


def falls(verdict: Verdict | None, averaged: pd.DataFrame) -> str:
    """Whether the barrier between aligned minima falls with the width."""
    aligned = averaged[averaged["pairs are"] == ALIGNED].sort_values("parameters")
    chain = " → ".join(f"{value:.2g}" for value in aligned["barrier"])
    layers = words.listed([f"({name})" for name in aligned["hidden layers"]])
    if verdict is None:
        return "Not decided: all networks have one width."
    named = f"after alignment it is at most {chain} for hidden layers {layers}"
    lead = {
        HOLDS: f"yes: {named}"
        if aligned["barrier"].is_monotonic_decreasing
        else f"on the whole, but not at every width: {named}",
        FAILS: f"no, it rises: {named}",
        UNDECIDED: f"not decided: {named}, but "
        + (f"a verdict needs {FEWEST} pairs" if verdict.n < FEWEST else "the difference may be chance"),
    }[verdict.verdict]
    return words.sentences(f"{lead} (n = {words.plural(verdict.n, 'pair')})")


def decided(
    siblings: Mapping[str, tuple[Sequence[float], Sequence[str], Sequence[float]]], budget: float, pairs: int
) -> str:
    """From which step on children of one run end in one valley.

    `siblings` has each width's steps, the verdicts on them and the mean shares of test examples, in percent, on which
    two children that parted there disagree; `pairs` is the fewest pairs of children at a step.
    """
    first = {width: forks.stable_from(steps, verdicts) for width, (steps, verdicts, _) in siblings.items()}
    known = {width: step for width, step in first.items() if step is not None}
    open_ = [f"({width})" for width in first if width not in known]
    if pairs < FEWEST:
        return words.sentences(
            f"not decided: each step has {words.plural(pairs, 'pair')} of copies, and a verdict needs {FEWEST}"
        )
    if not known:
        return words.sentences(
            "not by any step that was tried: two copies of a run that see different mini-batches from then on are "
            "not shown to end in one valley"
        )
    lead = "by the start" if not any(known.values()) else ""
    lead = lead or ("early" if max(known.values()) <= EARLY * budget else "during training")
    widths: dict[float, list[str]] = {}
    for width, step in known.items():
        widths.setdefault(step, []).append(f"({width})")
    texts = [
        f"from {f'step {step:,.0f} of {budget:,.0f}' if step else 'the first step'} on, with hidden layers "
        f"{_named(names, list(known))}"
        for step, names in widths.items()
    ]
    apart = max(shares[steps.index(known[width])] for width, (steps, _, shares) in siblings.items() if width in known)
    return words.sentences(
        f"the valley, {lead}: two copies of a run end in one although they see different mini-batches "
        f"{words.listed(texts)}",
        f"their predictions may still differ, on up to {apart:.2g}% of the test examples",
        f"not decided for hidden layers {words.listed(open_)}" if open_ else "",
    )


def _named(names: Sequence[str], known: Sequence[str]) -> str:
    """Some widths in words: all of many by the first and the last."""
    return words.listed(names) if len(names) < len(known) or len(names) < MANY else f"{names[0]} to {names[-1]}"


class Course(NamedTuple):
    """The course of the test cost over the sizes, for a share of wrong labels.

    `parameters` are those at the peak, and `ratio` is theirs to training examples × outputs; `lowest` and `last` are
    the lowest mean cost, and that of the largest network.
    """

    name: str
    verdict: str
    parameters: float
    ratio: float
    lowest: float
    last: float


def descends_twice(courses: Sequence[Course]) -> str:
    """Whether the test cost has a peak, for each share of wrong labels."""
    verdicts = {course.verdict for course in courses}
    peaks = [
        f"{course.name} the test cost peaks at {course.parameters:,.0f} parameters, {course.ratio:.2g} times training "
        "examples × outputs"
        for course in courses
        if course.verdict == PEAK
    ]
    none = [
        f"{course.name} it has no peak between two valleys, and is {course.lowest:.2g} at its lowest and "
        f"{course.last:.2g} at the largest size"
        for course in courses
        if course.verdict == NO_PEAK
    ]
    names = [course.name for course in courses if course.verdict == UNDECIDED]
    open_ = [f"a peak is neither shown nor excluded {words.listed(names)}"] if names else []
    return words.sentences(f"{_lead(verdicts)}: {'; '.join([*peaks, *none, *open_])}")


def _lead(verdicts: set[str]) -> str:
    """What verdicts on a peak are together; what is not decided counts neither for nor against one."""
    if verdicts == {PEAK}:
        return "yes"
    if PEAK in verdicts:
        return "it depends on the labels" if NO_PEAK in verdicts else "in part"
    return "no" if verdicts == {NO_PEAK} else UNDECIDED if verdicts == {UNDECIDED} else "not shown"
