"""The cost of a network's outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.claims._runs import NETWORKS, estimate
from analysis.claims.claim import Claim, Evidence, Finding, finding
from analysis.stats.verdicts import FAILS, HOLDS

if TYPE_CHECKING:
    from gdlab.arrays import Theta
    from gdlab.problems.network import Network

CORRELATED = 0.5

COSTLIEST_FIRST = ("sure_of_9", "shrug", "torn_between_4_and_9", "sure_of_4")  # outputs for a 4


def is_one_number(evidence: Evidence) -> Finding:
    run = evidence.runs.iloc[-1]
    shrug, confident = run["cost_shrug"], run["cost_confident"]
    return finding(
        f"ten outputs of 0.1 cost {shrug:.4f}, a confident correct prediction {confident:.4f}",
        abs(shrug - 0.90) < 5e-4 and abs(confident - 0.0129) < 5e-5,
        [run["run_id"]],
    )


one_number = Claim(
    name="one_number",
    order=10,
    about="gallery",
    text="A single number measures how wrong a network is: ten outputs of 0.1 cost 0.90, a confident correct "
    "prediction almost 0.",
    runs=("measurement=scores",),
    check=is_one_number,
)


def correlation_of_ranks(network: Network, theta: Theta) -> float:
    """Spearman's correlation, over the test examples that a network gets wrong, of its largest output and its cost."""
    from scipy.stats import rankdata

    data = network.data
    outputs = network.outputs(theta, data.test_features)[0].astype(np.float64)
    wrong = outputs.argmax(axis=1) != data.test_labels
    costs = ((outputs - np.eye(data.classes)[data.test_labels]) ** 2).sum(axis=1)
    if np.ptp(costs[wrong]) == 0 or np.ptp(outputs[wrong].max(axis=1)) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(outputs[wrong].max(axis=1)), rankdata(costs[wrong]))[0, 1])


def rises_with_wrong_confidence(evidence: Evidence) -> Finding:
    """Expect four stated outputs to rank by their confidence, and a rank correlation above 0.5 between the confidence
    of trained networks' wrong predictions and their cost.
    """
    from analysis.stats import over_seeds, verdicts

    costs = evidence.tables.set_index("name")["cost"].reindex(COSTLIEST_FIRST)
    ranked = " > ".join(f"{cost:.3f} ({name.replace('_', ' ')})" for name, cost in costs.items())
    falls = HOLDS if (costs.diff().dropna() < 0).all() else FAILS
    ranks = [
        correlation_of_ranks(group.network, group.ends[[place]])
        for group in evidence.networks
        for place in range(len(group.runs))
    ]
    test = over_seeds.above(ranks, CORRELATED)
    return Finding(
        measured=f"cost of outputs for a 4: {ranked}, {falls}; over the test examples that trained networks get wrong, "
        f"the ranks of confidence and cost correlate at {estimate(test, '.2f')} (above {CORRELATED:g} expected, n = "
        f"{test.n} seeds)",
        verdict=verdicts.combined([falls, test.verdict]),
        runs=evidence.runs["run_id"].tolist(),
    )


ranking = Claim(
    name="ranking",
    order=20,
    about="gallery",
    text="The more confident a network is of the wrong digit, the higher the cost.",
    runs=("measurement=ranking", NETWORKS),
    check=rises_with_wrong_confidence,
)
