"""The hyperbolic tangent."""

from __future__ import annotations

from functools import partial

import numpy as np

from gdlab.problems.activations import ACTIVATIONS, Activation
from gdlab.problems.calls import ONE, Calls, Units


def apply(z: Units) -> Calls:
    r""":math:`a = \tanh z`."""
    yield partial(np.tanh, z, z)


def chain(error: Units, a: Units, spare: Units) -> Calls:
    r"""Multiply the error by :math:`\tanh' = 1 - a^2`."""
    yield partial(np.multiply, a, a, spare)
    yield partial(np.subtract, ONE, spare, spare)
    yield partial(np.multiply, error, spare, error)


TANH = ACTIVATIONS.add(
    "tanh",
    Activation(
        apply,
        chain,
        derivative=lambda a: 1 - a * a,
        second_derivative=lambda a: -2 * a * (1 - a * a),
        center=0.0,
    ),
)
