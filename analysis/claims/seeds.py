"""Networks that differ in their seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from analysis.claims._runs import EPOCHS, NETWORKS, estimate
from analysis.claims.claim import SWEEP, Claim, Evidence, Finding, NotRunError

if TYPE_CHECKING:
    from analysis.stats.minima import Minima

PAIRS = 8  # of seeds 0 and 8, 1 and 9, and so on: no seed is in two pairs


def ends_elsewhere(evidence: Evidence) -> Finding:
    """Compare two seeds with one seed in float32 and float64, which differ by rounding alone, in distance after
    relabelling and in predictions.
    """
    from analysis.stats import over_seeds, verdicts

    groups = {str(group.runs["problem.dtype"].iloc[0]): group for group in evidence.networks}
    if len(groups) < 2:
        raise NotRunError(SWEEP)
    values = differences(groups)
    distance, disagreement = (over_seeds.above(seeds - null, 0.0) for seeds, null in values)
    (far, near), (differ, agree) = ((seeds.mean(), null.mean()) for seeds, null in values)
    return Finding(
        measured=f"two seeds end {far:.3g} apart after relabelling, and classify {differ:.1%} of the test examples "
        f"differently; one seed in two precisions {near:.3g} and {agree:.1%}; difference, more than 0 expected: "
        f"{estimate(distance, '.3g')}, and {estimate(disagreement, '.1%')} (n = {distance.n} pairs)",
        verdict=verdicts.combined([distance.verdict, disagreement.verdict]),
        runs=[run for group in groups.values() for run in group.runs["run_id"]],
    )


def differences(groups: Mapping[str, Minima]) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each pair of seeds, and for the first of them in both precisions: distances, and disagreement."""
    from gdlab.measure.geometry import aligned, distances

    single = {int(seed): place for place, seed in enumerate(groups["float32"].runs["seed"])}
    double = {int(seed): place for place, seed in enumerate(groups["float64"].runs["seed"])}
    network, features = groups["float64"].network, groups["float64"].network.data.test_features
    rows = []
    for seed in (seed for seed in sorted(single) if seed in double and seed + PAIRS in single):
        own = groups["float32"].ends[single[seed]].astype(np.float64)
        others = (groups["float32"].ends[single[seed + PAIRS]], groups["float64"].ends[double[seed]])
        classes = network.outputs(own[None], features)[0].argmax(axis=1)
        for other in others:
            moved = aligned(network, other.astype(np.float64), own)
            predicted = network.outputs(moved[None], features)[0].argmax(axis=1)
            rows.append([distances(network, own[None], moved[None])[0, 0], (predicted != classes).mean()])
    table = np.array(rows).reshape(-1, 2, 2)
    return [(table[:, 0, column], table[:, 1, column]) for column in (0, 1)]


two_seeds = Claim(
    name="two_seeds",
    order=190,
    about="seed_minima",
    text="Two runs from different starting points end as different networks: further apart than rounding alone takes "
    "two runs from one start.",
    runs=(NETWORKS, f"problem.dtype=float64 {EPOCHS} optimizer.learning_rate=3.0 seed=range(8)"),
    check=ends_elsewhere,
)
