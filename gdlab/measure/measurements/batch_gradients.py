"""Mini-batch gradient error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

import numpy as np

from gdlab.arrays import Theta, stack_like
from gdlab.checks import whole
from gdlab.descent.batches import Shuffled
from gdlab.measure.measurements import MEASUREMENTS
from gdlab.measure.measurements.measurement import NETWORK, MeasurementResult, Requirement, Setting
from gdlab.problems.network import Network
from gdlab.seeds import MEASUREMENT_STREAM, stream

LARGEST_SIZE, MOST_DRAWS = 1_000_000, 1_000_000


@MEASUREMENTS.register("batch_gradients")
@dataclass(frozen=True, kw_only=True)
class BatchGradients:
    """The relative error of mini-batch gradients as estimates of the gradient over the whole training set.

    For each of `sizes`, `draws` mini-batches are drawn as training draws them: each is the first of an epoch, whose
    examples are in random order and do not repeat. Sizes beyond the training set are left out. The table holds
    each mini-batch's `size`; its `error`, the distance between its gradient and the full gradient over the norm of the
    latter; `predicted`, the root of what theory expects of the squared error; and `along`, the part of the gradient
    along the full gradient over the norm of the latter, 1 on average if the estimate is unbiased. For n of N examples
    whose gradients scatter about their mean with the variance S² (with N - 1 in the denominator) theory expects
    S² / n (1 - n / N) (Cochran 1977, "Sampling techniques", theorem 2.2). The metrics are the root mean square error by
    size, and the exponent of its power law in the size, fitted by least squares on log scales.
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
        count = len(network.train.labels)
        gradient = gradient_of(network, setting.theta)
        full = gradient(np.arange(count))
        norm = np.linalg.norm(full)
        scatter = squared_scatter(network, setting.theta, full)
        draw = stream(setting.seed, MEASUREMENT_STREAM)
        sizes, errors, along = np.repeat([size for size in self.sizes if size <= count], self.draws), [], []
        for size in sizes:
            estimate = gradient(next(Shuffled(count, int(size), [int(draw.integers(2**32))])))
            errors.append(float(np.linalg.norm(estimate - full) / norm))
            along.append(float(estimate @ full / norm**2))
        error = np.array(errors)
        typical = {size: float(np.sqrt((error[sizes == size] ** 2).mean())) for size in np.unique(sizes).tolist()}
        inside = [size for size in typical if size < count]  # all examples together have no error
        exponent = np.polyfit(np.log(inside), np.log([typical[size] for size in inside]), 1)[0]
        predicted = np.sqrt(scatter / sizes * (1 - sizes / count)) / norm
        return MeasurementResult(
            final={"exponent": float(exponent), **{f"error_{size}": value for size, value in typical.items()}},
            columns={"size": sizes, "error": error, "predicted": predicted, "along": np.array(along)},
        )


def squared_scatter(network: Network, theta: Theta, full: np.ndarray) -> float:
    """The squared distance of the examples' gradients from their mean, summed and divided by N - 1."""
    count, out = len(network.train.labels), stack_like(theta)
    oracle = replace(network, batch_size=1).oracle(theta, out, Shuffled(count, 1, [0]))  # an epoch: each example once
    cost, total = np.empty(len(theta), out.dtype), 0.0
    for _ in range(count):
        oracle(cost)
        total += float(np.sum((out[0] - full) ** 2))
    return total / max(count - 1, 1)


def gradient_of(network: Network, theta: Theta) -> Callable[[np.ndarray], np.ndarray]:
    """The gradient at a point over the training examples at some places, in float64."""
    out = stack_like(theta)

    def gradient(places: np.ndarray) -> np.ndarray:
        network.evaluate(theta, network.train.at(places), out)
        return out[0].astype(np.float64)

    return gradient
