"""Functions shared by the heads with softmax outputs."""

from __future__ import annotations

from functools import partial

import numpy as np
from jaxtyping import Float

from gdlab.problems.calls import Calls, Units


def shift_by_largest(z: Units, column: Float[np.ndarray, "runs examples 1"]) -> Calls:
    """Subtract each example's largest entry, which leaves the softmax unchanged and keeps the exponentials finite."""
    yield partial(np.maximum.reduce, z, axis=-1, keepdims=True, out=column)
    yield partial(np.subtract, z, column, z)


def softmax_derivative(a: Units, dz: Units) -> Units:
    """The directional derivative of a = softmax(z) along `dz`."""
    return a * (dz - (a * dz).sum(axis=-1, keepdims=True))
