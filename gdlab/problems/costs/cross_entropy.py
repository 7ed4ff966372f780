r"""The cross-entropy, :math:`C = -\sum_j y_j \ln a_j`; over sigmoid outputs :math:`- (1 - y_j) \ln(1 - a_j)` too."""

from __future__ import annotations

from functools import partial

import numpy as np

from gdlab.problems.activations.sigmoid import SIGMOID
from gdlab.problems.calls import ZERO, Calls, Units
from gdlab.problems.costs import COSTS, Cost, Head, OutputLayer
from gdlab.problems.costs.cost import Shares, Targets
from gdlab.problems.costs.softmax import shift_by_largest, softmax_derivative


def sigmoid_head(layer: OutputLayer) -> Calls:
    r"""Outputs a = σ(z); :math:`C = -\sum_j y_j \ln a_j + (1 - y_j) \ln(1 - a_j)`.

    :math:`\partial C / \partial z = a - y`. Computed as :math:`\ln(1 + e^{z_j}) - y_j z_j`, which cannot overflow.
    """
    z, y, error, loss, spare = layer.z, layer.targets, layer.error, layer.loss, layer.spare
    # the loss, while z is still z
    yield partial(np.logaddexp, z, ZERO, loss)
    yield partial(np.multiply, z, y, spare)
    yield partial(np.subtract, loss, spare, loss)
    # a = σ(z), a - y
    yield from SIGMOID.apply(z)
    yield partial(np.subtract, z, y, error)
    yield partial(np.multiply, error, layer.weight, error)


def softmax_head(layer: OutputLayer) -> Calls:
    r"""Softmax outputs a; :math:`C = -\sum_j y_j \ln a_j`; :math:`\partial C / \partial z = a - y`.

    Computed as :math:`y_j (\ln \sum_k e^{z_k} - z_j)` with z shifted by its largest entry, which cannot overflow.
    """
    z, y, error, loss, spare = layer.z, layer.targets, layer.error, layer.loss, layer.spare
    total, column = error[..., :1], loss[..., :1]
    # a = softmax(z), in `spare`
    yield from shift_by_largest(z, column)
    yield partial(np.exp, z, spare)
    yield partial(np.add.reduce, spare, axis=-1, keepdims=True, out=total)
    yield partial(np.divide, spare, total, spare)
    # the loss, while z is still z
    yield partial(np.log, total, total)
    yield partial(np.subtract, total, z, loss)
    yield partial(np.multiply, loss, y, loss)
    # a - y
    yield partial(np.copyto, z, spare)
    yield partial(np.subtract, z, y, error)
    yield partial(np.multiply, error, layer.weight, error)


def sigmoid_second(a: Units, y: Targets, dz: Units) -> Units:
    return a * (1 - a) * dz


def softmax_second(a: Units, y: Targets, dz: Units) -> Units:
    return softmax_derivative(a, dz)


def of_constant_predictor(shares: Shares, output: str) -> float:
    """The entropy of the classes, reached by outputs equal to their shares; over sigmoid outputs, each output's own."""
    shares = shares[shares > 0]
    entropy = -(shares * np.log(shares)).sum()
    if output == "sigmoid":
        rest = 1 - shares[shares < 1]
        entropy -= (rest * np.log(rest)).sum()
    return float(entropy)


CROSS_ENTROPY = COSTS.add(
    "cross_entropy",
    Cost(
        heads={"sigmoid": Head(sigmoid_head, 1, sigmoid_second), "softmax": Head(softmax_head, 1, softmax_second)},
        of_constant_predictor=of_constant_predictor,
    ),
)
