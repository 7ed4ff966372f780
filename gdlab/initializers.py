r"""Where a network's descent starts: the weights' first values, by their layer's fan-in and fan-out.

Each function draws one layer's weights (outputs, features) and biases (outputs,).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

Weights = Float[np.ndarray, "outputs features"]
Biases = Float[np.ndarray, " outputs"]
Initializer = Callable[[np.random.Generator, int, int], tuple[Weights, Biases]]


def scaled_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> tuple[Weights, Biases]:
    r"""Weights from N(0, 1 / fan_in), biases 0 (LeCun, Bottou, Orr and Müller 1998, section 4.6)."""
    return rng.normal(0, fan_in**-0.5, (fan_out, fan_in)), np.zeros(fan_out)


def standard_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> tuple[Weights, Biases]:
    """Weights and biases from N(0, 1), whatever the layer's size: it saturates wide layers."""
    return rng.normal(size=(fan_out, fan_in)), rng.normal(size=fan_out)


def glorot_uniform(rng: np.random.Generator, fan_in: int, fan_out: int) -> tuple[Weights, Biases]:
    r"""Weights from U(-a, a) with :math:`a = \sqrt{6 / (fan_{in} + fan_{out})}`, biases 0.

    Glorot and Bengio 2010, equation 16.
    """
    limit = (6 / (fan_in + fan_out)) ** 0.5
    return rng.uniform(-limit, limit, (fan_out, fan_in)), np.zeros(fan_out)


def he_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> tuple[Weights, Biases]:
    """Weights from N(0, 2 / fan_in), biases 0: for relu (He, Zhang, Ren and Sun 2015, eq. 10)."""
    return rng.normal(0, (2 / fan_in) ** 0.5, (fan_out, fan_in)), np.zeros(fan_out)


def constant(rng: np.random.Generator, fan_in: int, fan_out: int) -> tuple[Weights, Biases]:
    """All weights 1 / fan_in, biases 0: the hidden units of a layer start alike, and so stay alike for ever."""
    return np.full((fan_out, fan_in), 1 / fan_in), np.zeros(fan_out)


INITIALIZERS: dict[str, Initializer] = {
    "scaled_normal": scaled_normal,
    "standard_normal": standard_normal,
    "glorot_uniform": glorot_uniform,
    "he_normal": he_normal,
    "constant": constant,
}
