"""Plain gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdlab.arrays import Column, PerRun, Rates, Theta
from gdlab.checks import columns_in, per_run
from gdlab.optimizers import OPTIMIZERS


@OPTIMIZERS.register("gradient_descent")
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

    def init(self, theta: Theta) -> None:
        """No state."""

    def update(self, theta: Theta, gradient: Theta, state: None, learning_rate: Rates) -> None:
        """Advance `theta` in place; overwrites `gradient`."""
        np.multiply(gradient, learning_rate, gradient)
        self.update_scaled(theta, gradient, state)

    def update_scaled(self, theta: Theta, scaled_gradient: Theta, state: None) -> None:
        """Advance `theta` in place."""
        np.subtract(theta, scaled_gradient, theta)

    def stability_limit(self, curvature: PerRun) -> Column:
        """2 / λ."""
        return 2 / per_run("curvature", curvature)
