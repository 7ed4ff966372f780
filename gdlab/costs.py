r"""Costs of a network's outputs, and the error that backpropagation starts from.

The conventions of the whole project: a cost is the **sum** over the outputs, **averaged** over the examples, and the
quadratic cost carries no ½. So a one-hot "3" against ten outputs of 0.1 costs 0.90, :math:`C(w) = w^2` has slope 2w and
curvature 2, and plain descent on a quadratic of curvature λ is stable exactly for η < 2 / λ.

A head joins an output layer to a cost. From the weighted inputs z of the last layer and the targets y it makes, in place,

- in z: the outputs a,
- in `error`: :math:`\partial C / \partial z`, with the `per_example` = 1 / examples of the average in it,
- in `loss`: what each output adds to its example's cost.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from gdlab.activations import ACTIVATIONS, Units

Targets = Float[np.ndarray, "*runs examples units"]
Head = Callable[[Units, Targets, Units, Units, Units, float], None]

_sigmoid = ACTIVATIONS["sigmoid"]


def quadratic_identity(z: Units, y: Targets, error: Units, loss: Units, spare: Units, per_example: float) -> None:
    r"""a = z; :math:`C = \sum_j (a_j - y_j)^2`; :math:`\partial C / \partial z = 2 (a - y)`."""
    np.subtract(z, y, out=loss)
    np.multiply(loss, 2 * per_example, out=error)
    np.multiply(loss, loss, out=loss)


def quadratic_sigmoid(z: Units, y: Targets, error: Units, loss: Units, spare: Units, per_example: float) -> None:
    r"""a = σ(z); :math:`C = \sum_j (a_j - y_j)^2`; :math:`\partial C / \partial z = 2 (a - y)\, a (1 - a)`."""
    _sigmoid.apply(z)
    quadratic_identity(z, y, error, loss, spare, per_example)
    _sigmoid.chain(error, z, spare)


def quadratic_softmax(z: Units, y: Targets, error: Units, loss: Units, spare: Units, per_example: float) -> None:
    r"""a = softmax(z); :math:`\partial C / \partial z_j = a_j (g_j - \sum_k a_k g_k)` with g = 2 (a - y)."""
    _softmax(z)
    quadratic_identity(z, y, error, loss, spare, per_example)
    np.multiply(error, z, out=spare)
    np.subtract(error, np.add.reduce(spare, axis=-1, keepdims=True), out=error)
    np.multiply(error, z, out=error)


def cross_entropy_sigmoid(z: Units, y: Targets, error: Units, loss: Units, spare: Units, per_example: float) -> None:
    r"""a = σ(z); :math:`C = -\sum_j y_j \ln a_j + (1 - y_j) \ln(1 - a_j)`; :math:`\partial C / \partial z = a - y`.

    Computed as :math:`\ln(1 + e^{z_j}) - y_j z_j`, which cannot overflow.
    """
    np.logaddexp(0.0, z, out=loss)
    np.multiply(z, y, out=spare)
    np.subtract(loss, spare, out=loss)
    _sigmoid.apply(z)
    np.subtract(z, y, out=error)
    np.multiply(error, per_example, out=error)


def cross_entropy_softmax(z: Units, y: Targets, error: Units, loss: Units, spare: Units, per_example: float) -> None:
    r"""a = softmax(z); :math:`C = -\sum_j y_j \ln a_j`; :math:`\partial C / \partial z = a - y`.

    Computed as :math:`y_j (\ln \sum_k e^{z_k} - z_j)` with z shifted by its largest entry, which cannot overflow.
    """
    np.subtract(z, z.max(axis=-1, keepdims=True), out=loss)
    np.exp(loss, out=spare)
    np.subtract(np.log(np.add.reduce(spare, axis=-1, keepdims=True)), loss, out=loss)
    np.multiply(loss, y, out=loss)
    _softmax(z)
    np.subtract(z, y, out=error)
    np.multiply(error, per_example, out=error)


def _softmax(z: Units) -> None:
    np.subtract(z, z.max(axis=-1, keepdims=True), out=z)
    np.exp(z, out=z)
    np.divide(z, np.add.reduce(z, axis=-1, keepdims=True), out=z)


HEADS: dict[tuple[str, str], Head] = {
    ("quadratic", "identity"): quadratic_identity,
    ("quadratic", "sigmoid"): quadratic_sigmoid,
    ("quadratic", "softmax"): quadratic_softmax,
    ("cross_entropy", "sigmoid"): cross_entropy_sigmoid,
    ("cross_entropy", "softmax"): cross_entropy_softmax,
}
COSTS = ("quadratic", "cross_entropy")
OUTPUTS = ("sigmoid", "identity", "softmax")
