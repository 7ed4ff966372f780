r"""Costs of a network's outputs, and the error that backpropagation starts from.

The conventions of the whole project: a cost is the **sum** over the outputs, **averaged** over the examples, and the
quadratic cost carries no ½. So a one-hot "3" against ten outputs of 0.1 costs 0.90, :math:`C(w) = w^2` has slope 2w and
curvature 2, and plain descent on a quadratic of curvature λ is stable exactly for η < 2 / λ.

A head joins an output layer to a cost. From the weighted inputs z of the last layer and the targets y its calls
make, in place,

- in z: the outputs a,
- in `error`: :math:`\partial C / \partial z` for one example times `weight`, in which are the 1 / examples of the
  average and the constant of the derivative, `slope`: the 2 of a square, the 1 of a logarithm;
- in `loss`: what each output adds to its example's cost.

`bend` says, for one example, how :math:`\partial C / \partial z` changes as z begins to move along `dz`: the Hessian of
the cost in z times `dz`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gdlab.activations import ACTIVATIONS, ZERO, Calls, Units

Targets = Float[np.ndarray, "*runs examples units"]
Scalar = Float[np.ndarray, ""]

_sigmoid = ACTIVATIONS["sigmoid"]


class Head(NamedTuple):
    apply: Callable[[Units, Targets, Units, Units, Units, Scalar], Calls]
    slope: float
    bend: Callable[[Units, Targets, Units], Units]


def quadratic_identity(z: Units, y: Targets, error: Units, loss: Units, spare: Units, weight: Scalar) -> Calls:
    r"""Outputs a = z; :math:`C = \sum_j (a_j - y_j)^2`; :math:`\partial C / \partial z = 2 (a - y)`."""
    yield partial(np.subtract, z, y, loss)
    yield partial(np.multiply, loss, weight, error)
    yield partial(np.multiply, loss, loss, loss)


def quadratic_sigmoid(z: Units, y: Targets, error: Units, loss: Units, spare: Units, weight: Scalar) -> Calls:
    r"""Outputs a = σ(z); :math:`C = \sum_j (a_j - y_j)^2`; :math:`\partial C / \partial z = 2 (a - y)\, a (1 - a)`."""
    yield from _sigmoid.apply(z)
    yield from quadratic_identity(z, y, error, loss, spare, weight)
    yield from _sigmoid.chain(error, z, spare)


def quadratic_softmax(z: Units, y: Targets, error: Units, loss: Units, spare: Units, weight: Scalar) -> Calls:
    r"""Outputs a = softmax(z); :math:`\partial C / \partial z_j = a_j (g_j - \sum_k a_k g_k)` with g = 2 (a - y)."""
    column = loss[..., :1]
    yield from _shift_by_largest(z, column)
    yield partial(np.exp, z, z)
    yield partial(np.add.reduce, z, axis=-1, keepdims=True, out=column)
    yield partial(np.divide, z, column, z)
    yield from quadratic_identity(z, y, error, spare, spare, weight)
    yield partial(np.multiply, error, z, loss)
    yield partial(np.add.reduce, loss, axis=-1, keepdims=True, out=column)
    yield partial(np.subtract, error, column, error)
    yield partial(np.multiply, error, z, error)
    yield partial(np.copyto, loss, spare)


def cross_entropy_sigmoid(z: Units, y: Targets, error: Units, loss: Units, spare: Units, weight: Scalar) -> Calls:
    r"""Outputs a = σ(z); :math:`C = -\sum_j y_j \ln a_j + (1 - y_j) \ln(1 - a_j)`.

    :math:`\partial C / \partial z = a - y`. Computed as :math:`\ln(1 + e^{z_j}) - y_j z_j`, which cannot overflow.
    """
    yield partial(np.logaddexp, z, ZERO, loss)
    yield partial(np.multiply, z, y, spare)
    yield partial(np.subtract, loss, spare, loss)
    yield from _sigmoid.apply(z)
    yield partial(np.subtract, z, y, error)
    yield partial(np.multiply, error, weight, error)


def cross_entropy_softmax(z: Units, y: Targets, error: Units, loss: Units, spare: Units, weight: Scalar) -> Calls:
    r"""Outputs a = softmax(z); :math:`C = -\sum_j y_j \ln a_j`; :math:`\partial C / \partial z = a - y`.

    Computed as :math:`y_j (\ln \sum_k e^{z_k} - z_j)` with z shifted by its largest entry, which cannot overflow.
    """
    total, column = error[..., :1], loss[..., :1]
    yield from _shift_by_largest(z, column)
    yield partial(np.exp, z, spare)
    yield partial(np.add.reduce, spare, axis=-1, keepdims=True, out=total)
    yield partial(np.divide, spare, total, spare)
    yield partial(np.log, total, total)
    yield partial(np.subtract, total, z, loss)
    yield partial(np.multiply, loss, y, loss)
    yield partial(np.copyto, z, spare)
    yield partial(np.subtract, z, y, error)
    yield partial(np.multiply, error, weight, error)


def _shift_by_largest(z: Units, column: Float[np.ndarray, "runs examples 1"]) -> Calls:
    yield partial(np.maximum.reduce, z, axis=-1, keepdims=True, out=column)
    yield partial(np.subtract, z, column, z)


def _identity_bend(a: Units, y: Targets, dz: Units) -> Units:
    return 2 * dz


def _sigmoid_bend(a: Units, y: Targets, dz: Units) -> Units:
    slope = a * (1 - a)
    return 2 * slope * dz * (slope + (a - y) * (1 - 2 * a))


def _softmax_bend(a: Units, y: Targets, dz: Units) -> Units:
    da, g = _softmax_slope(a, y, dz), 2 * (a - y)
    mean = (a * g).sum(axis=-1, keepdims=True)
    mean_change = (da * g + 2 * a * da).sum(axis=-1, keepdims=True)
    return da * (g - mean) + a * (2 * da - mean_change)


def _softmax_slope(a: Units, y: Targets, dz: Units) -> Units:
    return a * (dz - (a * dz).sum(axis=-1, keepdims=True))


def _sigmoid_slope(a: Units, y: Targets, dz: Units) -> Units:
    return a * (1 - a) * dz


HEADS = {
    ("quadratic", "identity"): Head(quadratic_identity, 2, _identity_bend),
    ("quadratic", "sigmoid"): Head(quadratic_sigmoid, 2, _sigmoid_bend),
    ("quadratic", "softmax"): Head(quadratic_softmax, 2, _softmax_bend),
    ("cross_entropy", "sigmoid"): Head(cross_entropy_sigmoid, 1, _sigmoid_slope),
    ("cross_entropy", "softmax"): Head(cross_entropy_softmax, 1, _softmax_slope),
}
COSTS = ("quadratic", "cross_entropy")
OUTPUTS = ("sigmoid", "identity", "softmax")
