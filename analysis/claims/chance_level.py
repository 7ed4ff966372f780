"""The accuracy of an untrained network."""

from __future__ import annotations

from analysis.claims.claim import Claim, Evidence, Finding, finding


def starts_at_chance_level(evidence: Evidence) -> Finding:
    from analysis import words
    from analysis.stats import averages

    first = evidence.steps[evidence.steps["step"] == 0].drop_duplicates("seed")
    accuracy = first["test_accuracy"].to_numpy(float)
    low, high = averages.extent(accuracy, lambda values: values.mean(axis=-1))
    return finding(
        f"test accuracy before the first step: "
        f"{words.estimate(accuracy.mean(), low, high, '.1%', is_range=len(accuracy) < averages.FEWEST)} "
        f"(n = {words.plural(len(accuracy), 'start')})",
        abs(accuracy.mean() - 0.1) < 0.05,
        first["run_id"],
    )


chance = Claim(
    name="chance",
    order=120,
    text="Before training, a network performs at chance level.",
    studies=("lr_divergence",),
    check=starts_at_chance_level,
)
