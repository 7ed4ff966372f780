"""Gradient descent that looks only every so often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdlab.arrays import Column, PerRun, Theta, stack_like
from gdlab.checks import columns_in


@dataclass(frozen=True, kw_only=True)
class Reuse:
    r"""Take `every` steps along one gradient before taking a fresh one; 1 is gradient descent itself.

    .. math:: \theta_{t+1} = \theta_t - \eta \nabla C(\theta_{k \lfloor t / k \rfloor})

    It shows what a gradient is worth away from where it was taken.
    """

    learning_rate: PerRun
    every: PerRun

    def __post_init__(self) -> None:
        columns_in(self, learning_rate="(0, inf)", every="[1, inf)")

    def init(self, theta: Theta) -> ReuseState:
        return ReuseState(self.learning_rate.copy(), stack_like(theta), np.zeros_like(self.every))

    def update(self, theta: Theta, gradient: Theta, state: ReuseState) -> None:
        """Advance `theta` and `state` in place; overwrites `gradient`."""
        np.copyto(state.held, gradient, where=state.age % np.floor(self.every) == 0)
        state.age += 1
        np.multiply(state.held, state.learning_rate, gradient)
        np.subtract(theta, gradient, theta)


@dataclass
class ReuseState:
    learning_rate: Column
    held: Theta
    age: Column
