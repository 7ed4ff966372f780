"""Normal weights scaled by the fan-in."""

from __future__ import annotations

import numpy as np

from gdlab.problems.initializers import INITIALIZERS, Biases, Weights


@INITIALIZERS.register("scaled_normal")
def scaled_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> tuple[Weights, Biases]:
    r"""Weights from N(0, 1 / fan_in), biases 0 (LeCun, Bottou, Orr and Müller 1998, section 4.6)."""
    return rng.normal(0, fan_in**-0.5, (fan_out, fan_in)), np.zeros(fan_out)
