"""Answers about the size of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    named = f"after alignment it is {chain} for hidden layers {layers}"
    lead = {
        HOLDS: f"yes: {named}"
        if aligned["barrier"].is_monotonic_decreasing
        else f"on the whole, but not at every width: {named}",
        FAILS: f"no, it rises: {named}",
        UNDECIDED: f"not decided: {named}, but "
        + (f"a verdict needs {FEWEST} pairs" if verdict.n < FEWEST else "the difference may be chance"),
    }[verdict.verdict]
    return words.sentences(f"{lead} (n = {words.plural(verdict.n, 'pair')})")


def decided(siblings: Mapping[str, tuple[Sequence[float], Sequence[str]]], budget: float, pairs: int) -> str:
    """From which step on children of one run end in one valley; `siblings` has each width's steps and verdicts, of
    `pairs` pairs of children or more.
    """
    first = {width: forks.stable_from(*found) for width, found in siblings.items()}
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
    return words.sentences(
        f"{lead}: two copies of a run end in one valley although they see different mini-batches {words.listed(texts)}",
        f"not decided for hidden layers {words.listed(open_)}" if open_ else "",
    )


def _named(names: Sequence[str], known: Sequence[str]) -> str:
    """Some widths in words: all of many by the first and the last."""
    return words.listed(names) if len(names) < len(known) or len(names) < MANY else f"{names[0]} to {names[-1]}"


def descends_twice(found: Sequence[tuple[str, str, float, float]]) -> str:
    """Whether the test cost has a peak, for each share of wrong labels: its name, the verdict, the parameters at the
    peak, and their ratio to training examples × outputs.
    """
    verdicts = [verdict for _, verdict, _, _ in found]
    texts = [
        f"{name} the test cost peaks at {parameters:,.0f} parameters, {ratio:.2g} times training examples × outputs"
        for name, verdict, parameters, ratio in found
        if verdict == PEAK
    ]
    for verdict, says in (
        (NO_PEAK, "the test cost has no peak between two valleys"),
        (UNDECIDED, "a peak is neither shown nor excluded"),
    ):
        names = [name for name, own, _, _ in found if own == verdict]
        texts += [f"{says} {words.listed(names)}"] if names else []
    return words.sentences(f"{_lead({*verdicts})}: {'; '.join(texts)}")


def _lead(verdicts: set[str]) -> str:
    """What verdicts on a peak are together; what is not decided counts neither for nor against one."""
    if verdicts == {PEAK}:
        return "yes"
    if PEAK in verdicts:
        return "it depends on the labels" if NO_PEAK in verdicts else "in part"
    return "no" if verdicts == {NO_PEAK} else UNDECIDED if verdicts == {UNDECIDED} else "not shown"
