r"""Activation functions, worked in place on the weighted inputs z of a layer.

Each is a pair: `apply` turns z into a = f(z); `chain` multiplies an error by the slope f'(z), which all of these
can tell from a alone. Neither allocates: `spare` is a buffer of z's shape to work in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Units = Float[np.ndarray, "*stack examples units"]


class Activation(NamedTuple):
    apply: Callable[[Units], None]
    chain: Callable[[Units, Units, Units], None]


def _sigmoid(z: Units) -> None:
    r""":math:`\sigma(z) = 1 / (1 + e^{-z})`, with exp(-z) left to overflow to inf, which gives the right 0."""
    np.negative(z, out=z)
    np.exp(z, out=z)
    np.add(z, z.dtype.type(1), out=z)
    np.reciprocal(z, out=z)


def _sigmoid_chain(error: Units, a: Units, spare: Units) -> None:
    r""":math:`\sigma' = a (1 - a)`."""
    np.subtract(a.dtype.type(1), a, out=spare)
    np.multiply(spare, a, out=spare)
    np.multiply(error, spare, out=error)


def _tanh(z: Units) -> None:
    np.tanh(z, out=z)


def _tanh_chain(error: Units, a: Units, spare: Units) -> None:
    r""":math:`\tanh' = 1 - a^2`."""
    np.multiply(a, a, out=spare)
    np.subtract(a.dtype.type(1), spare, out=spare)
    np.multiply(error, spare, out=error)


def _relu(z: Units) -> None:
    np.maximum(z, z.dtype.type(0), out=z)


def _relu_chain(error: Units, a: Units, spare: Units) -> None:
    """1 above zero, 0 elsewhere, at zero too."""
    np.sign(a, out=spare)
    np.multiply(error, spare, out=error)


ACTIVATIONS = {
    "sigmoid": Activation(_sigmoid, _sigmoid_chain),
    "tanh": Activation(_tanh, _tanh_chain),
    "relu": Activation(_relu, _relu_chain),
}
