"""Schedules of the learning rate."""

from __future__ import annotations

from analysis.claims.claim import Claim, Evidence, Finding, NotRunError, judged

DECAYING = ("step", "exponential", "cosine")  # from the first step on, without a warm-up


def beats_constant(evidence: Evidence) -> Finding:
    """Compare each decay with the constant rate, each at a learning rate chosen on other seeds than those tested.

    The limit: not all decays beat it.
    """
    from analysis import words
    from analysis.columns import SCHEDULE
    from analysis.stats.tuned import CONSTANT, compared, of_schedules, tuned

    arms = tuned(evidence.runs, SCHEDULE)
    verdicts = compared(arms, of_schedules(arms), {name: words.spoken(name) for name in arms})
    found = [verdict for (name, other), verdict in verdicts.items() if name in DECAYING and other == CONSTANT]
    if not found:
        raise NotRunError("lr_schedules")
    texts = [f"{item.arm} {words.estimate(item.value, item.low, item.high, '.2g')}, {item.verdict}" for item in found]
    constant = arms[CONSTANT]
    return judged(
        f"the best constant rate, η = {words.rate(constant.rate)}, ends at a training cost of "
        f"{constant.runs['final_cost'].mean():.3g}; gain of each decay at its best rate: {'; '.join(texts)} "
        f"(n = {found[0].n} test seeds)",
        [item.verdict for item in found],
        evidence.runs["run_id"],
    )


schedule = Claim(
    name="schedule",
    order=210,
    text="A decaying learning rate beats the best constant one, in training cost.",
    studies=("lr_schedules",),
    check=beats_constant,
)
