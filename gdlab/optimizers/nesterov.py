"""Gradient descent with Nesterov's momentum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdlab.arrays import Column, PerRun, Rates, Theta, stack_like
from gdlab.checks import columns_in, per_run
from gdlab.defaults import defaults
from gdlab.optimizers import OPTIMIZERS

DEFAULTS = defaults("optimizer", "nesterov")


@OPTIMIZERS.register("nesterov")
@dataclass(frozen=True, kw_only=True)
class Nesterov:
    r"""Momentum whose gradient is taken at the look-ahead point.

    With x the point of Nesterov's rule :math:`v \leftarrow \beta v - \eta \nabla C(x + \beta v),\; x \leftarrow x + v`,
    theta stands for the look-ahead point :math:`x + \beta v`, so that cost and gradient are those at theta:

    .. math::

        v \leftarrow \beta v - \eta \nabla C(\theta), \qquad
        \theta \leftarrow \theta + \beta v - \eta \nabla C(\theta)

    On a quadratic with curvature :math:`\lambda` it is stable exactly for
    :math:`0 < \eta < \frac{2 (1 + \beta)}{(1 + 2 \beta) \lambda}` (Nesterov 1983; Sutskever, Martens, Dahl and Hinton
    2013, equations 3 and 4, in the variables of Bengio, Boulanger-Lewandowski and Pascanu 2013, equation 7).
    """

    learning_rate: PerRun
    momentum: PerRun = DEFAULTS["momentum"]

    def __post_init__(self) -> None:
        columns_in(self, learning_rate="(0, inf)", momentum="[0, 1)")

    def init(self, theta: Theta) -> NesterovState:
        return NesterovState(stack_like(theta), stack_like(theta))

    def update(self, theta: Theta, gradient: Theta, state: NesterovState, learning_rate: Rates) -> None:
        """Advance `theta` and `state` in place; overwrites `gradient`."""
        np.multiply(gradient, learning_rate, gradient)
        self.update_scaled(theta, gradient, state)

    def update_scaled(self, theta: Theta, scaled_gradient: Theta, state: NesterovState) -> None:
        """Advance `theta` and `state` in place."""
        np.multiply(state.velocity, self.momentum, state.velocity)
        np.subtract(state.velocity, scaled_gradient, state.velocity)
        np.multiply(state.velocity, self.momentum, state.ahead)
        np.subtract(state.ahead, scaled_gradient, state.ahead)
        np.add(theta, state.ahead, theta)

    def stability_limit(self, curvature: PerRun) -> Column:
        """2 (1 + β) / ((1 + 2β) λ)."""
        return 2 * (1 + self.momentum) / ((1 + 2 * self.momentum) * per_run("curvature", curvature))


@dataclass
class NesterovState:
    velocity: Theta
    ahead: Theta
