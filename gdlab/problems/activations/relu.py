"""The rectified linear unit, max(z, 0)."""

from __future__ import annotations

from functools import partial

import numpy as np

from gdlab.problems.activations import ACTIVATIONS, Activation
from gdlab.problems.calls import ZERO, Calls, Units


def apply(z: Units) -> Calls:
    r""":math:`a = \max(z, 0)`."""
    yield partial(np.maximum, z, ZERO, out=z)


def chain(error: Units, a: Units, spare: Units) -> Calls:
    """Multiply the error by the derivative: 1 above zero, 0 elsewhere, at zero too."""
    yield partial(np.sign, a, spare)
    yield partial(np.multiply, error, spare, error)


RELU = ACTIVATIONS.add(
    "relu", Activation(apply, chain, derivative=np.sign, second_derivative=np.zeros_like, center=None)
)
