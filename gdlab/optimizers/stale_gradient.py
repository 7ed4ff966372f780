"""Gradient descent along stale gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdlab.arrays import Column, PerRun, Rates, Theta, stack_like
from gdlab.checks import columns_in, per_run
from gdlab.defaults import defaults
from gdlab.optimizers import OPTIMIZERS

DEFAULTS = defaults("optimizer", "stale_gradient")


@OPTIMIZERS.register("stale_gradient")
@dataclass(frozen=True, kw_only=True)
class StaleGradient:
    r"""Reuse each gradient for `every` steps; 1 is gradient descent.

    .. math:: \theta_{t+1} = \theta_t - \eta \nabla C(\theta_{k \lfloor t / k \rfloor})

    It measures how quickly a gradient goes stale as descent moves away from the point it was computed at.
    """

    learning_rate: PerRun
    every: PerRun = DEFAULTS["every"]

    def __post_init__(self) -> None:
        columns_in(self, learning_rate="(0, inf)", every="[1, inf)")

    def init(self, theta: Theta) -> StaleGradientState:
        return StaleGradientState(stack_like(theta), np.zeros_like(self.every))

    def update(self, theta: Theta, gradient: Theta, state: StaleGradientState, learning_rate: Rates) -> None:
        """Advance `theta` and `state` in place; overwrites `gradient`."""
        np.copyto(state.held, gradient, where=state.age % np.floor(self.every) == 0)
        state.age += 1
        np.multiply(state.held, learning_rate, gradient)
        np.subtract(theta, gradient, theta)

    def stability_limit(self, curvature: PerRun) -> Column:
        """2 / (kλ), with k steps along one gradient: they amount to one step k times as long."""
        return 2 / (np.floor(self.every) * per_run("curvature", curvature))


@dataclass
class StaleGradientState:
    held: Theta
    age: Column
