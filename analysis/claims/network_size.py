"""The number of parameters of a network."""

from __future__ import annotations

from analysis.claims.claim import Claim, Evidence, Finding, finding


def counts_parameters(evidence: Evidence) -> Finding:
    run = evidence.runs.iloc[-1]
    count = int(run["parameters"])
    return finding(f"{count:,} parameters", count == 13_002, [run["run_id"]])


parameters = Claim(
    name="parameters",
    order=30,
    about="gallery",
    text="A 784-16-16-10 network has 13,002 weights and biases.",
    runs=("problem.data.without=null",),
    check=counts_parameters,
)
