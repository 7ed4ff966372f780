"""The gradient: its value on a bowl, and the direction it names."""

from __future__ import annotations

import numpy as np

from analysis.claims.claim import RATE, Claim, Evidence, Finding, finding, trajectories

BOWL = "problem=bowl problem.start=[3.0,4.0]"


def is_six_and_eight(evidence: Evidence) -> Finding:
    """Recover the gradient from the first step, θ₀ - θ₁ = η ∇C."""
    (steps,) = trajectories(evidence)
    first, second = steps.iloc[0], steps.iloc[1]
    rate = evidence.runs[RATE].iloc[0]
    gradient = [(first[name] - second[name]) / rate for name in ("w1", "w2")]
    return finding(
        f"gradient ({gradient[0]:.6g}, {gradient[1]:.6g}), cost {first['cost']:g} at "
        f"({first['w1']:g}, {first['w2']:g})",
        np.allclose([*gradient, first["cost"]], [6, 8, 25], rtol=1e-9),
        steps["run_id"],
    )


bowl = Claim(
    name="bowl",
    order=40,
    text="On w₁² + w₂² the gradient at (3, 4) is (6, 8), and the cost is 25.",
    runs=(f"{BOWL} optimizer.learning_rate=0.1 stop.max_steps=1 record.points=2",),
    check=is_six_and_eight,
)


def is_steepest(evidence: Evidence) -> Finding:
    runs = evidence.runs
    comparisons = [
        f"{run['problem.name']}: {run['better']:.0f} of {run['directions']:,.0f} random directions beat -∇C; "
        f"the best of them lowers the cost by {run['fall_best_random']:.6g} per unit of length, "
        f"-∇C by {run['fall_steepest']:.4g}"
        for _, run in runs.iterrows()
    ]
    none_better = (runs["better"] == 0).all() and (runs["directions"] >= 10_000).all()
    return finding("; ".join(comparisons), bool(none_better) and len(runs) >= 2, runs["run_id"])


steepest = Claim(
    name="steepest",
    order=90,
    text="No direction lowers the cost faster than the negative gradient, in two dimensions or in 13,002.",
    runs=(f"{BOWL} measurement=directions", "problem.examples=500 measurement=directions"),
    check=is_steepest,
)
