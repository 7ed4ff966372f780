"""The gradient: its value on a bowl, and the direction it names."""

from __future__ import annotations

import numpy as np

from analysis.claims.claim import RATE, Claim, Evidence, Finding, finding, trajectories

DIRECTIONS, NEAR, TOLERANCE = 10_000, 0.99, 0.02
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
    about="gallery",
    text="On w₁² + w₂² the gradient at (3, 4) is (6, 8), and the cost is 25.",
    runs=(f"{BOWL} optimizer.learning_rate=0.1 stop.max_steps=1 record.points=2",),
    check=is_six_and_eight,
)


def is_steepest(evidence: Evidence) -> Finding:
    """Expect none of 10,000 directions at all angles to beat -∇C, and each to lower the cost by ‖∇C‖ cos φ.

    Noise fails: a hundred of the directions or more are so near to -∇C that an error of 8° in it would show.
    """
    sentences, sound = [], []
    for _, run in evidence.runs.iterrows():
        table = evidence.tables[evidence.tables["run_id"] == run["run_id"]]
        near = int((table["cosine"] > NEAR).sum())
        error = (table["fall"] / run["gradient_norm"] - table["cosine"]).abs().max()
        enough = run["directions"] >= DIRECTIONS and near >= DIRECTIONS / 100
        sound.append(enough and run["better"] == 0 and error < TOLERANCE)
        sentences.append(
            f"{run['problem.name']}: {run['better']:.0f} of {run['directions']:,.0f} directions, {near} of them within "
            f"8° of -∇C, lower the cost by more than -∇C does; the falls over ‖∇C‖ differ from the cosines by "
            f"{error:.2g} at most"
        )
    return finding("; ".join(sentences), all(sound) and len(sound) >= 2, evidence.runs["run_id"])


steepest = Claim(
    name="steepest",
    order=90,
    about="gallery",
    text="No direction lowers the cost faster than the negative gradient, in two dimensions or in 13,002: a short step "
    "lowers it in proportion to the cosine of its angle with -∇C.",
    runs=(f"{BOWL} measurement=directions", "problem.examples=500 measurement=directions"),
    check=is_steepest,
)
