"""Walks on quadratics: the landscapes and the learning rates to choose from; the page computes the steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis import words
from analysis.items import RANGE, WALKS, Chart, Control
from gdlab.arrays import Point
from gdlab.problems.landscapes.bowl import Bowl
from gdlab.problems.landscapes.parabola import Parabola
from gdlab.problems.landscapes.quadratic import Quadratic
from gdlab.problems.landscapes.ravine import Ravine

MOST_STEPS = 60
RATES = (
    *(0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8),
    *(0.85, 0.9, 0.95, 0.99, 1.0, 1.01, 1.05, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 1.95, 2.0, 2.1),
)
MOMENTA = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
FIRST = {"rate": 0.9, "momentum": 0.0, "steps": 20}


def landscapes() -> dict[str, tuple[Quadratic, Point]]:
    """The quadratics by their names, each with its start."""
    return {
        "w²": (Parabola(), np.array([5.0])),
        "bowl": (Bowl(), np.array([3.0, 4.0])),
        "ravine, κ = 20": (Ravine(), np.array([-5.0, 2.0])),
    }


def walks_chart(name: str) -> Chart:
    """The landscapes with controls for the learning rate, the momentum and the number of steps."""
    problems = landscapes()
    return Chart(
        name=name,
        title="Walk down a quadratic",
        kind=WALKS,
        spec={"steps": MOST_STEPS},
        alternative=(
            "A landscape with the path of gradient descent on it, and the cost of each step below. The sliders set the "
            "learning rate, the momentum and the number of steps; the text below says what happens."
        ),
        caption=words.sentences(
            "the page itself computes these steps, v ← βv - η∇C(w), w ← w + v; the large dot is the start, every other "
            "dot a step; the ravine is 20 times as steep across as along",
            "β = 0 is plain gradient descent; descent is stable exactly for η < 2(1 + β)/λ, with λ the largest "
            "curvature (Polyak 1964, section 2)",
        ),
        controls=[
            Control(
                parameter="landscape",
                label="landscape",
                values=[described(*problem) for problem in problems.values()],
                texts=list(problems),
            ),
            slider("rate", "learning rate η", RATES),
            slider("momentum", "momentum β", MOMENTA),
            slider("steps", "steps", range(1, MOST_STEPS + 1)),
        ],
    )


def described(problem: Quadratic, start: Point) -> dict[str, Any]:
    """A quadratic as the script takes it: its curvatures along the axes, its minimum, a start and the box shown."""
    (center,) = problem.minima
    return {
        "curvatures": np.diag(problem.hessian(start[None])[0]).tolist(),
        "center": center.tolist(),
        "start": start.tolist(),
        "box": [list(edges) for edges in problem.box],
    }


def slider(parameter: str, label: str, values: Any) -> Control:
    """A slider over numbers."""
    texts = [f"{value:g}" for value in values]
    return Control(
        parameter=parameter,
        label=label,
        values=list(values),
        texts=texts,
        start=list(values).index(FIRST[parameter]),
        kind=RANGE,
    )
