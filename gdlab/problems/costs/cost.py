r"""The interface of a cost: a head for each output layer that it is defined for, which computes outputs and cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gdlab.problems.calls import Calls, Units

Targets = Float[np.ndarray, "*runs examples units"]
Shares = Float[np.ndarray, " classes"]
Weight = Float[np.ndarray, "#runs 1 1"]


@dataclass(frozen=True)
class OutputLayer:
    r"""The arrays of the last layer, all but `targets` and `weight` of the shape of z.

    A head reads z, the weighted inputs, and the targets y, and writes

    - to z: the outputs a;
    - to `error`: :math:`\partial C_x / \partial z` of each example x, divided by the head's `slope`, times `weight`;
    - to `loss`: each output's contribution to its example's cost.

    `weight` is the product of the `slope`, the 1 / examples of the average, and the factor of each run. `spare` is
    scratch memory.
    """

    z: Units
    targets: Targets
    error: Units
    loss: Units
    spare: Units
    weight: Weight


class Head(NamedTuple):
    r"""`apply` records the calls of an output layer and a cost together.

    `slope` is the constant of the cost's derivative: the 2 of a square, the 1 of a logarithm.
    `second_derivative(a, y, dz)` is, for each example, the Hessian of the cost in z times `dz`.
    """

    apply: Callable[[OutputLayer], Calls]
    slope: float
    second_derivative: Callable[[Units, Targets, Units], Units]


class Cost(NamedTuple):
    """A cost: `heads` maps the output layers it is defined for, `sigmoid`, `identity`, `softmax`, to a head.

    `of_constant_predictor(shares, output)` is the lowest cost that an output layer reaches without looking at the
    input, where `shares` are the classes' shares of the examples.
    """

    heads: Mapping[str, Head]
    of_constant_predictor: Callable[[Shares, str], float]
