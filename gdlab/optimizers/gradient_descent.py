"""Plain gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdlab.arrays import Column, PerRun, Theta
from gdlab.checks import columns_in


@dataclass(frozen=True, kw_only=True)
class GradientDescent:
    r"""Step against the gradient.

    .. math:: \theta \leftarrow \theta - \eta \nabla C(\theta)

    On a quadratic with curvature :math:`\lambda` it is stable exactly for :math:`0 < \eta < 2 / \lambda` (Cauchy 1847;
    Nesterov 2018, section 1.2.3).
    """

    learning_rate: PerRun

    def __post_init__(self) -> None:
        columns_in(self, learning_rate="(0, inf)")

    def init(self, theta: Theta) -> GradientDescentState:
        return GradientDescentState(self.learning_rate.copy())

    def update(self, theta: Theta, gradient: Theta, state: GradientDescentState) -> None:
        """Advance `theta` in place; overwrites `gradient`."""
        np.multiply(gradient, state.learning_rate, gradient)
        np.subtract(theta, gradient, theta)


@dataclass
class GradientDescentState:
    learning_rate: Column
