"""Mini-batch gradient error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from gdlab.arrays import norm, stack_like
from gdlab.checks import whole
from gdlab.measure.measurements import MEASUREMENTS
from gdlab.measure.measurements.measurement import NETWORK, MeasurementResult, Requirement, Setting
from gdlab.problems.network import Network
from gdlab.seeds import MEASUREMENT_STREAM, stream

LARGEST_SIZE, MOST_DRAWS = 1_000_000, 1_000_000


@MEASUREMENTS.register("batch_gradients")
@dataclass(frozen=True, kw_only=True)
class BatchGradients:
    """The relative error of mini-batch gradients as estimates of the gradient over the whole training set.

    For each of `sizes`, `draws` mini-batches are drawn, with replacement so that their examples are independent. The
    table holds each mini-batch's `size` and `error`, the distance between its gradient and the full gradient over the
    norm of the latter. The metrics are the root mean square error by size, and the exponent of its power law in the
    size, fitted by least squares on log scales; theory predicts -1/2.
    """

    requires: ClassVar[Requirement] = NETWORK
    sizes: Any
    draws: Any

    def __post_init__(self) -> None:
        if isinstance(self.sizes, str) or not isinstance(self.sizes, Sequence):
            raise ValueError(f"sizes must be a list of whole numbers like [1, 16, 256], got {self.sizes!r}")
        for size in self.sizes:
            whole("sizes", size, 1, LARGEST_SIZE)
        if len(set(self.sizes)) < 2:
            raise ValueError(f"sizes must be two different whole numbers or more, got {list(self.sizes)}")
        whole("draws", self.draws, 2, MOST_DRAWS)

    def __call__(self, setting: Setting) -> MeasurementResult:
        network = cast(Network, setting.problem)
        draw = stream(setting.seed, MEASUREMENT_STREAM)
        whole_set, estimate = stack_like(setting.theta), stack_like(setting.theta)
        network.evaluate(setting.theta, network.train, whole_set)
        sizes, errors = np.repeat(list(self.sizes), self.draws), []
        for size in sizes:
            chosen = draw.integers(len(network.train.labels), size=size)
            network.evaluate(setting.theta, network.train.at(chosen), estimate)
            errors.append(float(norm(estimate - whole_set)[0] / norm(whole_set)[0]))
        error = np.array(errors)
        typical = {size: float(np.sqrt((error[sizes == size] ** 2).mean())) for size in self.sizes}
        exponent = np.polyfit(np.log(list(typical)), np.log(list(typical.values())), 1)[0]
        return MeasurementResult(
            final={"exponent": float(exponent), **{f"error_{size}": value for size, value in typical.items()}},
            columns={"size": sizes, "error": error},
        )
