"""Directions at all angles against the negative gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from gdlab.checks import scalars_in, whole
from gdlab.measure.measurements import MEASUREMENTS
from gdlab.measure.measurements.gradients import cost_and_gradient
from gdlab.measure.measurements.measurement import ANY_PROBLEM, MeasurementResult, Requirement, Setting
from gdlab.seeds import MEASUREMENT_STREAM, stream

ROWS = 32  # points whose cost is computed at a time
MOST_DIRECTIONS = 100_000_000  # that fit in memory
ROUNDING = 1e-6  # of a fall: by how much another must be larger to count as larger


@MEASUREMENTS.register("directions")
@dataclass(frozen=True, kw_only=True)
class Directions:
    """The decrease of the cost along other directions, compared with that along the negative gradient.

    `count` directions are drawn, each a step of `length`. Their angles with the negative gradient are uniform between
    0 and π, and at each angle they are uniform about it: of directions uniform over the sphere, in thousands of
    dimensions, none is near the negative gradient. The table holds each direction's
    `fall`, the decrease of the cost over the length, and the `cosine` of its angle with the negative gradient. The
    metrics are the fall along the negative gradient (`fall_steepest`), the largest of the others (`fall_best_random`),
    the number of directions that beat the negative gradient (`better`), and the gradient norm, a first-order bound.
    """

    requires: ClassVar[Requirement] = ANY_PROBLEM
    count: Any
    length: Any

    def __post_init__(self) -> None:
        whole("count", self.count, 1, MOST_DIRECTIONS)
        scalars_in(self, length="(0, inf)")

    def __call__(self, setting: Setting) -> MeasurementResult:
        point = setting.theta.astype(np.float64)
        cost, gradient = cost_and_gradient(setting.problem)
        slope = gradient(point)
        downhill = -slope / np.linalg.norm(slope)
        draw = stream(setting.seed, MEASUREMENT_STREAM)
        start = cost(point)[0]
        falls, cosines = [], []
        for begin in range(0, self.count, ROWS):
            steps = around(downhill[0], draw, min(ROWS, self.count - begin))
            falls.append((start - cost(point + self.length * steps)) / self.length)
            cosines.append(steps @ downhill[0])
        fall, steepest = np.concatenate(falls), float((start - cost(point + self.length * downhill))[0] / self.length)
        return MeasurementResult(
            final={
                "directions": float(self.count),
                "better": float((fall > steepest + ROUNDING * abs(steepest)).sum()),
                "fall_steepest": steepest,
                "fall_best_random": float(fall.max()),
                "gradient_norm": float(np.linalg.norm(slope)),
            },
            columns={"fall": fall, "cosine": np.concatenate(cosines)},
        )


def around(
    axis: Float[np.ndarray, " parameters"], draw: np.random.Generator, count: int
) -> Float[np.ndarray, "directions parameters"]:
    """Unit vectors at angles uniform between 0 and π from a unit vector; in one dimension, it or its opposite."""
    angles = draw.uniform(0, np.pi, (count, 1))
    across = draw.standard_normal((count, len(axis)))
    across -= (across @ axis)[:, None] * axis
    norms = np.linalg.norm(across, axis=1, keepdims=True)
    across /= np.where(norms > 0, norms, 1)
    steps = np.cos(angles) * axis + np.sin(angles) * across
    return steps / np.linalg.norm(steps, axis=1, keepdims=True)
