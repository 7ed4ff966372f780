"""Random directions against the negative gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

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
    """The decrease of the cost along random directions, compared with that along the negative gradient.

    `count` directions are drawn uniformly from the sphere, each a step of `length`. The table holds each direction's
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
        slope = gradient(point)[0]
        downhill = -slope / np.linalg.norm(slope)
        draw = stream(setting.seed, MEASUREMENT_STREAM)
        start = cost(point)[0]
        falls, cosines = [], []
        for begin in range(0, self.count, ROWS):
            steps = draw.standard_normal((min(ROWS, self.count - begin), point.shape[1]))
            steps /= np.linalg.norm(steps, axis=1, keepdims=True)
            falls.append((start - cost(point + self.length * steps)) / self.length)
            cosines.append(steps @ downhill)
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
