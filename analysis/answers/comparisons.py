"""Answers to whether some arms are better than a baseline."""

from __future__ import annotations

from collections.abc import Sequence

from analysis import words
from analysis.stats.verdicts import FAILS, FEWEST, HOLDS, UNDECIDED, Verdict


def against(verdicts: Sequence[Verdict], names: Sequence[str], what: str, better: str, worse: str) -> str:
    """Whether the arms, named in the order of their verdicts, are better than a baseline.

    `what` is compared with what, as a phrase; `better` and `worse` what the verdicts say of an arm.
    """
    n = min(item.n for item in verdicts)
    if n < FEWEST:
        return words.sentences(
            f"not decided: {what} was tested on {words.plural(n, 'seed')}, and a verdict needs {FEWEST}"
        )
    found = [item.verdict for item in verdicts]
    lead = "yes" if set(found) == {HOLDS} else "no" if HOLDS not in found and FAILS in found else "some do"
    lead = "not decided" if set(found) == {UNDECIDED} else lead
    texts = []
    for verdict, phrase in ((HOLDS, better), (FAILS, worse), (UNDECIDED, UNDECIDED)):
        arms = [name for name, item in zip(names, found, strict=True) if item == verdict]
        texts += [f"{phrase} for {words.listed(arms)}"] if arms else []
    return words.sentences(f"{lead}: {what} is {'; '.join(texts)} (n = {n} seeds)")
