"""Constant weights."""

from __future__ import annotations

import numpy as np

from gdlab.problems.initializers import INITIALIZERS, Biases, Weights


@INITIALIZERS.register("constant")
def constant(rng: np.random.Generator, fan_in: int, fan_out: int) -> tuple[Weights, Biases]:
    """All weights 1 / fan_in, biases 0: the hidden units of a layer start equal, and stay equal."""
    return np.full((fan_out, fan_in), 1 / fan_in), np.zeros(fan_out)
