r"""Activation functions, worked in place on the weighted inputs z of a layer.

Each is a pair: `apply` turns z into a = f(z); `chain` multiplies an error by the slope f'(z), which all of these can
tell from a alone. Nothing is allocated: `spare` is a buffer of z's shape to work in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Units = Float[np.ndarray, "runs examples units"]

ONE = np.ones((), np.float32)  # in float32 it leaves the precision of a float64 stack alone, and is quicker than 1.0
ZERO = np.zeros((), np.float32)


class Activation(NamedTuple):
    apply: Callable[[Units], object]
    chain: Callable[[Units, Units, Units], object]


def _sigmoid(z: Units) -> None:
    r""":math:`\sigma(z) = 1 / (1 + e^{-z})`; exp(-z) is left to overflow to inf, which gives the right 0."""
    np.negative(z, z)
    np.exp(z, z)
    np.add(z, ONE, z)
    np.reciprocal(z, z)


def _sigmoid_chain(error: Units, a: Units, spare: Units) -> None:
    r""":math:`\sigma' = a (1 - a)`."""
    np.subtract(ONE, a, spare)
    np.multiply(spare, a, spare)
    np.multiply(error, spare, error)


def _tanh(z: Units) -> None:
    np.tanh(z, z)


def _tanh_chain(error: Units, a: Units, spare: Units) -> None:
    r""":math:`\tanh' = 1 - a^2`."""
    np.multiply(a, a, spare)
    np.subtract(ONE, spare, spare)
    np.multiply(error, spare, error)


def _relu(z: Units) -> None:
    np.maximum(z, ZERO, out=z)


def _relu_chain(error: Units, a: Units, spare: Units) -> None:
    """1 above zero, 0 elsewhere, at zero too."""
    np.sign(a, spare)
    np.multiply(error, spare, error)


ACTIVATIONS = {
    "sigmoid": Activation(_sigmoid, _sigmoid_chain),
    "tanh": Activation(_tanh, _tanh_chain),
    "relu": Activation(_relu, _relu_chain),
}
