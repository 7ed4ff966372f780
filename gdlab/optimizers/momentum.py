"""Gradient descent with heavy-ball momentum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdlab.arrays import Column, PerRun, Rates, Theta, stack_like
from gdlab.checks import columns_in, per_run
from gdlab.defaults import defaults
from gdlab.optimizers import OPTIMIZERS

DEFAULTS = defaults("optimizer", "momentum")


@OPTIMIZERS.register("momentum")
@dataclass(frozen=True, kw_only=True)
class Momentum:
    r"""Gradient descent with momentum: a velocity that accumulates past gradients.

    .. math:: v \leftarrow \beta v - \eta \nabla C(\theta), \qquad \theta \leftarrow \theta + v

    On a quadratic with curvature :math:`\lambda` it is stable exactly for :math:`0 < \eta < 2 (1 + \beta) / \lambda`
    (Polyak 1964, section 2).
    """

    learning_rate: PerRun
    momentum: PerRun = DEFAULTS["momentum"]

    def __post_init__(self) -> None:
        columns_in(self, learning_rate="(0, inf)", momentum="[0, 1)")

    def init(self, theta: Theta) -> MomentumState:
        return MomentumState(stack_like(theta))

    def update(self, theta: Theta, gradient: Theta, state: MomentumState, learning_rate: Rates) -> None:
        """Advance `theta` and `state` in place; overwrites `gradient`."""
        np.multiply(gradient, learning_rate, gradient)
        self.update_scaled(theta, gradient, state)

    def update_scaled(self, theta: Theta, scaled_gradient: Theta, state: MomentumState) -> None:
        """Advance `theta` and `state` in place."""
        np.multiply(state.velocity, self.momentum, state.velocity)
        np.subtract(state.velocity, scaled_gradient, state.velocity)
        np.add(theta, state.velocity, theta)

    def stability_limit(self, curvature: PerRun) -> Column:
        """2 (1 + β) / λ."""
        return 2 * (1 + self.momentum) / per_run("curvature", curvature)


@dataclass
class MomentumState:
    velocity: Theta
