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

    runs = evidence.runs[evidence.runs[OPTIMIZER].isin([PLAIN, *ADAPTIVE])]
    names = {name: words.spoken(str(name)) for name in runs[OPTIMIZER].unique()}
    found = wider(runs, OPTIMIZER, PLAIN, names)
    if not found:
        raise NotRunError("lr_optimizers")
    texts = [
        f"{item.arm}, {item.statistic} {words.estimate(item.value, item.low, item.high, '.2f')}, {item.verdict}"
        for item in found
    ]
    arms = {item.arm: [other.verdict for other in found if other.arm == item.arm] for item in found}
    return judged(
        f"{'; '.join(texts)} (n = {found[0].n} seeds)",
        [verdicts.combined(own) for own in arms.values()],
        evidence.runs["run_id"],
    )


forgiving = Claim(
    name="forgiving",
    order=220,
    text="Adaptive optimizers are less sensitive to the learning rate.",
    studies=("lr_optimizers",),
    check=is_usable_over_more_decades,
)
