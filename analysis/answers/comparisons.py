"""Answers to whether some arms are better than a baseline."""

from __future__ import annotations

from collections.abc import Sequence

from analysis import words
from analysis.stats.verdicts import FAILS, FEWEST, HOLDS, UNDECIDED, Verdict


def against(verdicts: Sequence[Verdict], names: Sequence[str], scope: str, better: str, worse: str) -> str:
    """Whether the arms, named in the order of their verdicts, are better than a baseline.

    `scope` says under which condition they are compared; `better` and `worse` what an arm did, in the past tense. It is
    a no only if every arm is worse: an arm that is not decided may be better.
    """
    n = min(item.n for item in verdicts)
    if n < FEWEST:
        return words.sentences(f"not decided: tested on {words.plural(n, 'seed')}, and a verdict needs {FEWEST}")
    found = [item.verdict for item in verdicts]
    if set(found) == {UNDECIDED}:
        return words.sentences(f"not decided: for {words.listed(names)} the difference may be chance (n = {n} seeds)")
    arms = {
        verdict: words.listed([name for name, own in zip(names, found, strict=True) if own == verdict])
        for verdict in (HOLDS, FAILS, UNDECIDED)
    }
    lead = "some do" if arms[HOLDS] else "none is shown to"
    lead = {frozenset([HOLDS]): "yes", frozenset([FAILS]): "no"}.get(frozenset(found), lead)
    texts = [f"{arms[verdict]} {phrase}" for verdict, phrase in ((HOLDS, better), (FAILS, worse)) if arms[verdict]]
    texts += [f"for {arms[UNDECIDED]} it is not decided"] if arms[UNDECIDED] else []
    return words.sentences(f"{lead}: {scope}, {'; '.join(texts)} (n = {n} seeds)")
