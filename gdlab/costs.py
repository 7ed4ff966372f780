r"""Costs of a network's outputs, and the error that backpropagation starts from.

The conventions of the whole project: a cost is the **sum** over the outputs, **averaged** over the examples, and the
quadratic cost carries no ½. So a one-hot "3" against ten outputs of 0.1 costs 0.90, :math:`C(w) = w^2` has slope 2w and
curvature 2, and plain descent on a quadratic of curvature λ is stable exactly for η < 2 / λ.

A head joins an output layer to a cost. From the weighted inputs z of the last layer and the targets y it makes,
in place,

- in z: the outputs a,
- in `error`: :math:`\partial C / \partial z` for one example times `weight`, in which are the 1 / examples of the
  average and the constant of the derivative, `slope`: the 2 of a square, the 1 of a logarithm;
- in `loss`: what each output adds to its example's cost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gdlab.activations import ACTIVATIONS, ZERO, Units

Targets = Float[np.ndarray, "*runs examples units"]
Scalar = Float[np.ndarray, ""]

_sigmoid = ACTIVATIONS["sigmoid"]


class Head(NamedTuple):
    apply: Callable[[Units, Targets, Units, Units, Units, Scalar], None]
    slope: float


def quadratic_identity(z: Units, y: Targets, error: Units, loss: Units, spare: Units, weight: Scalar) -> None:
    r"""A = z; :math:`C = \sum_j (a_j - y_j)^2`; :math:`\partial C / \partial z = 2 (a - y)`."""
    np.subtract(z, y, loss)
    np.multiply(loss, weight, error)
    np.multiply(loss, loss, loss)


def quadratic_sigmoid(z: Units, y: Targets, error: Units, loss: Units, spare: Units, weight: Scalar) -> None:
    r"""A = σ(z); :math:`C = \sum_j (a_j - y_j)^2`; :math:`\partial C / \partial z = 2 (a - y)\, a (1 - a)`."""
    _sigmoid.apply(z)
    quadratic_identity(z, y, error, loss, spare, weight)
    _sigmoid.chain(error, z, spare)


def quadratic_softmax(z: Units, y: Targets, error: Units, loss: Units, spare: Units, weight: Scalar) -> None:
    r"""A = softmax(z); :math:`\partial C / \partial z_j = a_j (g_j - \sum_k a_k g_k)` with g = 2 (a - y)."""
    _softmax(z)
    quadratic_identity(z, y, error, loss, spare, weight)
    np.multiply(error, z, spare)
    np.subtract(error, spare.sum(axis=-1, keepdims=True), error)
    np.multiply(error, z, error)


def cross_entropy_sigmoid(z: Units, y: Targets, error: Units, loss: Units, spare: Units, weight: Scalar) -> None:
    r"""A = σ(z); :math:`C = -\sum_j y_j \ln a_j + (1 - y_j) \ln(1 - a_j)`; :math:`\partial C / \partial z = a - y`.

    Computed as :math:`\ln(1 + e^{z_j}) - y_j z_j`, which cannot overflow.
    """
    np.logaddexp(z, ZERO, loss)
    np.multiply(z, y, spare)
    np.subtract(loss, spare, loss)
    _sigmoid.apply(z)
    np.subtract(z, y, error)
    np.multiply(error, weight, error)


def cross_entropy_softmax(z: Units, y: Targets, error: Units, loss: Units, spare: Units, weight: Scalar) -> None:
    r"""A = softmax(z); :math:`C = -\sum_j y_j \ln a_j`; :math:`\partial C / \partial z = a - y`.

    Computed as :math:`y_j (\ln \sum_k e^{z_k} - z_j)` with z shifted by its largest entry, which cannot overflow.
    """
    np.subtract(z, z.max(axis=-1, keepdims=True), z)
    np.exp(z, spare)
    total = spare.sum(axis=-1, keepdims=True)
    np.subtract(np.log(total), z, loss)
    np.multiply(loss, y, loss)
    np.divide(spare, total, z)
    np.subtract(z, y, error)
    np.multiply(error, weight, error)


def _softmax(z: Units) -> None:
    np.subtract(z, z.max(axis=-1, keepdims=True), z)
    np.exp(z, z)
    np.divide(z, z.sum(axis=-1, keepdims=True), z)


HEADS = {
    ("quadratic", "identity"): Head(quadratic_identity, slope=2),
    ("quadratic", "sigmoid"): Head(quadratic_sigmoid, slope=2),
    ("quadratic", "softmax"): Head(quadratic_softmax, slope=2),
    ("cross_entropy", "sigmoid"): Head(cross_entropy_sigmoid, slope=1),
    ("cross_entropy", "softmax"): Head(cross_entropy_softmax, slope=1),
}
COSTS = ("quadratic", "cross_entropy")
OUTPUTS = ("sigmoid", "identity", "softmax")
