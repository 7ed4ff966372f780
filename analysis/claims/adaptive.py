"""Adaptive optimizers, and the learning rates they can use."""

from __future__ import annotations

from analysis.claims.claim import Claim, Evidence, Finding, NotRunError, judged

PLAIN = "gradient_descent"
ADAPTIVE = ("rmsprop", "adam")


def is_usable_over_more_decades(evidence: Evidence) -> Finding:
    """Expect each of them to have a wider range of usable rates than plain descent, within twice its own best cost and
    within twice the best of all.

    The limit: not all of them have.
    """
    from analysis import words
    from analysis.columns import OPTIMIZER
    from analysis.stats import verdicts
    from analysis.stats.usable import wider

    names = {name: words.spoken(str(name)) for name in evidence.runs[OPTIMIZER].unique()}
    found = wider(evidence.runs, OPTIMIZER, PLAIN, names)
    arms = {name: [item for (_, arm), item in found.items() if arm == name] for name in ADAPTIVE if name in names}
    shown = [item for items in arms.values() for item in items]
    if not shown:
        raise NotRunError("lr_optimizers")
    texts = [
        f"{item.arm}, {item.statistic} {words.estimate(item.value, item.low, item.high, '.2f')}, {item.verdict}"
        for item in shown
    ]
    return judged(
        f"{'; '.join(texts)} (n = {shown[0].n} seeds)",
        [verdicts.combined([item.verdict for item in items]) for items in arms.values()],
        evidence.runs["run_id"],
    )


forgiving = Claim(
    name="forgiving",
    order=220,
    text="Adaptive optimizers are less sensitive to the learning rate.",
    studies=("lr_optimizers",),
    check=is_usable_over_more_decades,
)
