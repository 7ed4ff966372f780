"""Standard normal weights and biases."""

from __future__ import annotations

import numpy as np

from gdlab.problems.initializers import INITIALIZERS, Biases, Weights


@INITIALIZERS.register("standard_normal")
def standard_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> tuple[Weights, Biases]:
    """Weights and biases from N(0, 1), whatever the layer's size; wide layers saturate."""
    return rng.normal(size=(fan_out, fan_in)), rng.normal(size=fan_out)
