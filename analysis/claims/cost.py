"""The cost of a network's outputs."""

from __future__ import annotations

from analysis.claims.claim import Claim, Evidence, Finding, finding

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
    text="A single number measures how wrong a network is: ten outputs of 0.1 cost 0.90, a confident correct "
    "prediction almost 0.",
    runs=("measurement=scores",),
    check=is_one_number,
)


def rises_with_wrong_confidence(evidence: Evidence) -> Finding:
    costs = evidence.tables.set_index("name")["cost"].reindex(COSTLIEST_FIRST)
    ranked = " > ".join(f"{cost:.3f} ({name.replace('_', ' ')})" for name, cost in costs.items())
    falls = costs.diff().dropna() < 0
    return finding(f"cost of outputs for a 4: {ranked}", bool(falls.all()), evidence.runs["run_id"])


ranking = Claim(
    name="ranking",
    order=20,
    text="The more confident a network is of the wrong digit, the higher the cost.",
    runs=("measurement=ranking",),
    check=rises_with_wrong_confidence,
)
