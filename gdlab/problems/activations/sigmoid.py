"""The sigmoid, σ(z) = 1 / (1 + e⁻ᶻ)."""

from __future__ import annotations

from functools import partial

import numpy as np

from gdlab.problems.activations import ACTIVATIONS, Activation
from gdlab.problems.calls import ONE, Calls, Units


def apply(z: Units) -> Calls:
    r""":math:`a = 1 / (1 + e^{-z})`; exp(-z) is left to overflow to inf, which gives the right 0."""
    yield partial(np.negative, z, z)
    yield partial(np.exp, z, z)
    yield partial(np.add, z, ONE, z)
    yield partial(np.reciprocal, z, z)


def chain(error: Units, a: Units, spare: Units) -> Calls:
    r"""Multiply the error by :math:`\sigma' = a (1 - a)`."""
    yield partial(np.subtract, ONE, a, spare)
    yield partial(np.multiply, spare, a, spare)
    yield partial(np.multiply, error, spare, error)


SIGMOID = ACTIVATIONS.add(
    "sigmoid",
    Activation(
        apply,
        chain,
        derivative=lambda a: a * (1 - a),
        second_derivative=lambda a: a * (1 - a) * (1 - 2 * a),
        center=0.5,
    ),
)
