"""The type of an initializer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

Weights = Float[np.ndarray, "outputs features"]
Biases = Float[np.ndarray, " outputs"]
Initializer = Callable[[np.random.Generator, int, int], tuple[Weights, Biases]]
