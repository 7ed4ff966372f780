"""The accuracy and the cost of an untrained network."""

from __future__ import annotations

from analysis.claims._runs import NETWORKS, estimate
from analysis.claims.claim import Claim, Evidence, Finding

MOST_ACCURATE, CONSTANT_COST = 0.15, 0.9  # of ten equally frequent digits any constant answer has 10% and at least 0.9


def starts_at_chance_level(evidence: Evidence) -> Finding:
    """Expect a test accuracy below 15%, and a test cost above that of the best constant outputs, ten times 0.1."""
    from analysis.stats import over_seeds, verdicts

    first = evidence.steps[evidence.steps["step"] == 0].drop_duplicates("seed")
    accuracy = over_seeds.below(first["test_accuracy"], MOST_ACCURATE)
    cost = over_seeds.above(first["test_cost"], CONSTANT_COST)
    return Finding(
        measured=f"before the first step: test accuracy {estimate(accuracy, '.1%')} (below {MOST_ACCURATE:.0%}; a "
        f"constant answer has 10%); test cost {estimate(cost, '.3g')} (above {CONSTANT_COST:g}, that of the best "
        f"constant outputs) (n = {accuracy.n} seeds)",
        verdict=verdicts.combined([accuracy.verdict, cost.verdict]),
        runs=first["run_id"].tolist(),
    )


chance = Claim(
    name="chance",
    order=120,
    about="gallery",
    text="Before training, a network does no better than a constant answer, in accuracy or in cost.",
    runs=(NETWORKS,),
    check=starts_at_chance_level,
)
