"""Uniform weights and biases scaled by the fan-in."""

from __future__ import annotations

import numpy as np

from gdlab.problems.initializers import INITIALIZERS, Biases, Weights


@INITIALIZERS.register("scaled_uniform")
def scaled_uniform(rng: np.random.Generator, fan_in: int, fan_out: int) -> tuple[Weights, Biases]:
    r"""Weights and biases from U(-a, a) with :math:`a = fan_{in}^{-1/2}`: the default of PyTorch's linear layers."""
    limit = fan_in**-0.5
    return rng.uniform(-limit, limit, (fan_out, fan_in)), rng.uniform(-limit, limit, fan_out)
