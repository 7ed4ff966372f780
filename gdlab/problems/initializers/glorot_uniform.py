"""Glorot and Bengio's uniform weights."""

from __future__ import annotations

import numpy as np

from gdlab.problems.initializers import INITIALIZERS, Biases, Weights


@INITIALIZERS.register("glorot_uniform")
def glorot_uniform(rng: np.random.Generator, fan_in: int, fan_out: int) -> tuple[Weights, Biases]:
    r"""Weights from U(-a, a) with :math:`a = \sqrt{6 / (fan_{in} + fan_{out})}`, biases 0.

    Glorot and Bengio 2010, equation 16.
    """
    limit = (6 / (fan_in + fan_out)) ** 0.5
    return rng.uniform(-limit, limit, (fan_out, fan_in)), np.zeros(fan_out)
