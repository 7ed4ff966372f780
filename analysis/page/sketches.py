"""Small pictures of the words that figures use: what a run's cost does, and what its network and its numbers are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from analysis.draw import style
from analysis.stats.regimes import BOUNCING, CONVERGING, DEAD, EXPLODING, LITTLE_LEARNT

WIDTH, HEIGHT, MARGIN = 72.0, 36.0, 4.0  # of a sketch, in its own units
STEPS = 24
INK, FAINT, ACCENT = "var(--ink)", "var(--faint)", "var(--link)"  # colours of the page

Costs = Float[np.ndarray, " steps"]
Slope = Callable[[float], float]
Place = tuple[float, float]  # in units of the sketch's drawing area, from its lower left


class Line(NamedTuple):
    """A line of a sketch: its points, as SVG has them, and its colour."""

    points: str
    color: str


class Sketch(NamedTuple):
    """A word, its meaning, and the lines of its picture."""

    name: str
    meaning: str
    lines: Sequence[Line]


class Walk(NamedTuple):
    """Descent on a function of one parameter: the function, its slope, the start and the learning rate."""

    cost: Callable[[float], float]
    slope: Slope
    start: float
    rate: float

    def costs(self) -> Costs:
        """The cost at the start and after each step."""
        w, costs = self.start, []
        for _ in range(STEPS + 1):
            costs.append(self.cost(w))
            w -= self.rate * self.slope(w)
        return np.array(costs)


def on_parabola(rate: float) -> Walk:
    """Descent on w² from 1."""
    return Walk(lambda w: w**2, lambda w: 2 * w, 1.0, rate)


DOUBLE_WELL = Walk(lambda w: (w**2 - 1) ** 2, lambda w: 4 * w * (w**2 - 1), 0.3, 0.36)  # two minima, a hill between
UNIT = Walk(lambda w: (max(w, 0.0) - 1) ** 2, lambda w: 2 * (w - 1) * (w > 0), 2.5, 1.0)  # a relu unit that should be 1

WALKS: dict[str, tuple[str, Walk]] = {
    LITTLE_LEARNT: ("less than half the way was covered", on_parabola(0.003)),
    CONVERGING: ("at least half the way, with hardly a rise in cost", on_parabola(0.06)),
    BOUNCING: ("the cost rises again, or falls far less than promised", DOUBLE_WELL),
    EXPLODING: ("the cost grows without bound", on_parabola(1.03)),
    DEAD: ("the gradient has vanished, and nothing was learnt", UNIT),
}


def sketches() -> list[Sketch]:
    """The regimes, each with the cost of a walk that is one, step by step; then the other words."""
    regimes = [
        Sketch(name, meaning, [_curve(np.arange(STEPS + 1), walk.costs(), style.REGIMES[name].color)])
        for name, (meaning, walk) in WALKS.items()
    ]
    return [*regimes, *_words()]


def _words() -> list[Sketch]:
    w = np.linspace(-1, 1, 41)
    narrow, wide = np.minimum(9 * w**2, 1.0), 0.9 * w**2
    wells = np.array([DOUBLE_WELL.cost(1.35 * x) for x in w])
    return [
        Sketch(
            "shrug",
            "a network whose ten outputs are all 0.1: cost 0.90; if they are all 0: cost 1.0",
            [_line([(x, 0.0), (x, 0.3)], ACCENT) for x in np.linspace(0.05, 0.95, 10)],
        ),
        Sketch(
            "sharpness λ",
            "the largest curvature of the cost: high in a narrow valley",
            [_curve(w, wide, FAINT), _line([*zip((w + 1) / 2, narrow, strict=True)], ACCENT)],
        ),
        Sketch(
            "stability limit 2/λ",
            "at larger learning rates, descent on a parabola leaves its minimum",
            [_curve(w, wide, FAINT), _line([(0.1, 0.58), (0.92, 0.64), (0.04, 0.76), (0.98, 0.9)], ACCENT)],
        ),
        Sketch(
            "barrier",
            "the height of the cost on the straight line from one minimum to another",
            [_curve(w, wells, FAINT), _line([(0.5, 0.0), (0.5, 1.0)], ACCENT)],
        ),
        Sketch(
            "[a, b]",
            "a 95% interval; fewer than eight seeds give a range, and no verdict",
            [_line([(0.2, 0.5), (0.8, 0.5)], ACCENT), *(_line([(x, 0.3), (x, 0.7)], ACCENT) for x in (0.2, 0.5, 0.8))],
        ),
    ]


def _curve(x: Float[np.ndarray, " points"], y: Float[np.ndarray, " points"], color: str) -> Line:
    """A curve as wide as the sketch, from 0 or its lowest point to its highest."""
    low = min(y.min(), 0.0)
    return _line([*zip((x - x.min()) / np.ptp(x), (y - low) / (y.max() - low), strict=True)], color)


def _line(places: Sequence[Place], color: str) -> Line:
    width, height = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    return Line(" ".join(f"{MARGIN + x * width:.1f},{HEIGHT - MARGIN - y * height:.1f}" for x, y in places), color)
