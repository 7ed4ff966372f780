"""The cost of outputs stated in the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gdlab.checks import per_run, whole
from gdlab.measure.measurements import MEASUREMENTS
from gdlab.measure.measurements.measurement import ANY_PROBLEM, MeasurementResult, Requirement, Setting
from gdlab.problems.calls import replay
from gdlab.problems.costs import COSTS, OutputLayer
from gdlab.problems.passes import one_hot


@MEASUREMENTS.register("scores")
@dataclass(frozen=True, kw_only=True)
class Scores:
    """The quadratic cost of stated outputs against a one-hot target, whatever the problem's cost.

    `outputs` maps names to lists, and `target` is the correct class. The table and the metrics hold the cost by name.
    """

    requires: ClassVar[Requirement] = ANY_PROBLEM
    outputs: Any
    target: Any

    def __post_init__(self) -> None:
        whole("target", self.target, 0)
        if not isinstance(self.outputs, Mapping) or not self.outputs:
            raise ValueError(f"outputs must map names to lists of numbers, got {self.outputs!r}")
        for name, values in self.outputs.items():
            if isinstance(values, str) or not isinstance(values, Sequence):
                raise ValueError(f"outputs.{name} must be a list of numbers, got {values!r}")
            per_run(f"outputs.{name}", values)
            if len(values) <= self.target:
                raise ValueError(f"outputs.{name} must have more than {self.target} values, got {len(values)}")

    def __call__(self, setting: Setting) -> MeasurementResult:
        costs = {name: score(np.array(values, float), self.target) for name, values in self.outputs.items()}
        final = {f"cost_{name}": cost for name, cost in costs.items()}
        return MeasurementResult(final=final, columns={"name": list(costs), "cost": list(costs.values())})


def score(outputs: np.ndarray, target: int) -> float:
    """The quadratic cost of one example's outputs."""
    z = outputs[None, None].copy()
    targets = one_hot(np.array([target], np.uint8), len(outputs), z.dtype)
    layer = OutputLayer(z, targets, np.empty_like(z), np.empty_like(z), np.empty_like(z), np.ones((1, 1, 1)))
    replay(COSTS["quadratic"].heads["identity"].apply(layer))
    return float(layer.loss.sum())
