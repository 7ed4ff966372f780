r"""The quadratic cost of an example x, :math:`C_x = \sum_j (a_j - y_j)^2`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from gdlab.problems.activations.sigmoid import SIGMOID
from gdlab.problems.calls import Calls, Units
from gdlab.problems.costs import COSTS, Cost, Head, OutputLayer
from gdlab.problems.costs.cost import Shares, Targets
from gdlab.problems.costs.softmax import shift_by_largest, softmax_derivative


def identity_head(layer: OutputLayer) -> Calls:
    r"""Outputs a = z; :math:`\partial C_x / \partial z = 2 (a - y)`; the 2 is in `weight`."""
    z, y, loss = layer.z, layer.targets, layer.loss
    yield partial(np.subtract, z, y, loss)
    yield partial(np.multiply, loss, layer.weight, layer.error)
    yield partial(np.multiply, loss, loss, loss)


def sigmoid_head(layer: OutputLayer) -> Calls:
    r"""Outputs a = σ(z); :math:`\partial C_x / \partial z = 2 (a - y)\, a (1 - a)`."""
    yield from SIGMOID.apply(layer.z)
    yield from identity_head(layer)
    yield from SIGMOID.chain(layer.error, layer.z, layer.spare)


def softmax_head(layer: OutputLayer) -> Calls:
    r"""Softmax outputs a; :math:`\partial C_x / \partial z_j = a_j (g_j - \sum_k a_k g_k)` with g = 2 (a - y)."""
    z, error, loss, spare = layer.z, layer.error, layer.loss, layer.spare
    column = loss[..., :1]
    # a = softmax(z)
    yield from shift_by_largest(z, column)
    yield partial(np.exp, z, z)
    yield partial(np.add.reduce, z, axis=-1, keepdims=True, out=column)
    yield partial(np.divide, z, column, z)
    # g and the loss; the column above is part of `loss`, so the loss waits in `spare`
    yield from identity_head(replace(layer, loss=spare))
    # a (g - Σ a g)
    yield partial(np.multiply, error, z, loss)
    yield partial(np.add.reduce, loss, axis=-1, keepdims=True, out=column)
    yield partial(np.subtract, error, column, error)
    yield partial(np.multiply, error, z, error)
    yield partial(np.copyto, loss, spare)


def identity_second(a: Units, y: Targets, dz: Units) -> Units:
    return 2 * dz


def sigmoid_second(a: Units, y: Targets, dz: Units) -> Units:
    slope = a * (1 - a)
    return 2 * slope * dz * (slope + (a - y) * (1 - 2 * a))


def softmax_second(a: Units, y: Targets, dz: Units) -> Units:
    da, g = softmax_derivative(a, dz), 2 * (a - y)
    mean = (a * g).sum(axis=-1, keepdims=True)
    mean_change = (da * g + 2 * a * da).sum(axis=-1, keepdims=True)
    return da * (g - mean) + a * (2 * da - mean_change)


def of_constant_predictor(shares: Shares, output: str) -> float:
    r""":math:`\sum_j p_j (1 - p_j)`, reached by the outputs p: the variance of the targets."""
    return float((shares * (1 - shares)).sum())


QUADRATIC = COSTS.add(
    "quadratic",
    Cost(
        heads={
            "sigmoid": Head(sigmoid_head, 2, sigmoid_second),
            "identity": Head(identity_head, 2, identity_second),
            "softmax": Head(softmax_head, 2, softmax_second),
        },
        of_constant_predictor=of_constant_predictor,
    ),
)
