"""He's normal weights."""

from __future__ import annotations

import numpy as np

from gdlab.problems.initializers import INITIALIZERS, Biases, Weights


@INITIALIZERS.register("he_normal")
def he_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> tuple[Weights, Biases]:
    """Weights from N(0, 2 / fan_in), biases 0: for relu (He, Zhang, Ren and Sun 2015, eq. 10)."""
    return rng.normal(0, (2 / fan_in) ** 0.5, (fan_out, fan_in)), np.zeros(fan_out)
