r"""Activation functions, worked in place on the weighted inputs z of a layer.

`apply` turns z into a = f(z); `chain` multiplies an error by the slope f'(z), which all of these can
tell from a alone. Nothing is allocated: `spare` is a buffer of z's shape to work in.

These two do not compute but yield the calls that will: at this network's size Python's own time counts, so the calls of
a step are collected once, with their arrays, and then made again and again (`play`). `slope` and `bend` are f'(z) and
f''(z) told from a, for curvature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

Units = Float[np.ndarray, "runs examples units"]
Calls = Iterator[partial[Any]]

ONE = np.ones((), np.float32)  # in float32 it leaves the precision of a float64 stack alone, and is quicker than 1.0
ZERO = np.zeros((), np.float32)


def play(calls: Iterable[partial[Any]]) -> None:
    """Make these calls."""
    for call in calls:
        call()


class Activation(NamedTuple):
    apply: Callable[[Units], Calls]
    chain: Callable[[Units, Units, Units], Calls]
    slope: Callable[[Units], Units]
    bend: Callable[[Units], Units]


def _sigmoid(z: Units) -> Calls:
    r""":math:`\sigma(z) = 1 / (1 + e^{-z})`; exp(-z) is left to overflow to inf, which gives the right 0."""
    yield partial(np.negative, z, z)
    yield partial(np.exp, z, z)
    yield partial(np.add, z, ONE, z)
    yield partial(np.reciprocal, z, z)


def _sigmoid_chain(error: Units, a: Units, spare: Units) -> Calls:
    r""":math:`\sigma' = a (1 - a)`."""
    yield partial(np.subtract, ONE, a, spare)
    yield partial(np.multiply, spare, a, spare)
    yield partial(np.multiply, error, spare, error)


def _tanh(z: Units) -> Calls:
    yield partial(np.tanh, z, z)


def _tanh_chain(error: Units, a: Units, spare: Units) -> Calls:
    r""":math:`\tanh' = 1 - a^2`."""
    yield partial(np.multiply, a, a, spare)
    yield partial(np.subtract, ONE, spare, spare)
    yield partial(np.multiply, error, spare, error)


def _relu(z: Units) -> Calls:
    yield partial(np.maximum, z, ZERO, out=z)


def _relu_chain(error: Units, a: Units, spare: Units) -> Calls:
    """1 above zero, 0 elsewhere, at zero too."""
    yield partial(np.sign, a, spare)
    yield partial(np.multiply, error, spare, error)


ACTIVATIONS = {
    "sigmoid": Activation(_sigmoid, _sigmoid_chain, lambda a: a * (1 - a), lambda a: a * (1 - a) * (1 - 2 * a)),
    "tanh": Activation(_tanh, _tanh_chain, lambda a: 1 - a * a, lambda a: -2 * a * (1 - a * a)),
    "relu": Activation(_relu, _relu_chain, np.sign, np.zeros_like),
}
