"""Sketches of the regimes: what a run's cost does, in a word, a sentence and a small curve."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from analysis.draw import style
from analysis.stats.regimes import BOUNCING, CONVERGING, DEAD, EXPLODING, LITTLE_LEARNT

WIDTH, HEIGHT, MARGIN = 72.0, 36.0, 3.0  # of a sketch, in its own units
STEPS = np.arange(25)

Costs = Float[np.ndarray, " steps"]


class Sketch(NamedTuple):
    """A regime, its meaning, its colour in the figures, and the points of its curve, as SVG has them."""

    name: str
    meaning: str
    color: str
    points: str


def on_parabola(rate: float, steps: int = len(STEPS)) -> Costs:
    """The cost of descent on w² from 1: the distance to the minimum is multiplied by 1 - 2η at every step."""
    return (1 - 2 * rate) ** (2.0 * np.arange(steps))


CURVES: dict[str, tuple[str, Costs]] = {
    LITTLE_LEARNT: ("the cost has hardly begun to fall when the steps run out", on_parabola(0.003)),
    CONVERGING: ("the cost falls, with hardly a rise", on_parabola(0.06)),
    BOUNCING: (
        "the cost rises and falls by turns, or falls far less than its first step promised",
        0.45 + 0.35 * np.where(STEPS % 2, -1, 1) * np.exp(-STEPS / 60) + 0.05 * np.sin(STEPS),
    ),
    EXPLODING: ("the cost grows without bound", np.minimum(0.08 * on_parabola(1.03), 1.05)),
    DEAD: (
        "the gradient has vanished, and nothing has been learnt: all outputs are 0, at a cost of 1.0",
        np.where(STEPS < 2, 1 - 0.3 * STEPS, 0.62),
    ),
}


def sketches() -> list[Sketch]:
    """A sketch of each regime."""
    return [
        Sketch(name, meaning, style.REGIMES[name].color, points(costs)) for name, (meaning, costs) in CURVES.items()
    ]


def points(costs: Costs) -> str:
    """A curve as the points of an SVG polyline; costs from 0 to about 1, the largest at the top."""
    x = np.linspace(MARGIN, WIDTH - MARGIN, len(costs))
    y = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * np.clip(costs, 0, 1)
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
