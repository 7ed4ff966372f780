"""RMSProp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdlab.arrays import Column, PerRun, Rates, Theta, stack_like
from gdlab.checks import columns_in, per_run
from gdlab.defaults import defaults
from gdlab.optimizers import OPTIMIZERS

DEFAULTS = defaults("optimizer", "rmsprop")


@OPTIMIZERS.register("rmsprop")
@dataclass(frozen=True, kw_only=True)
class RMSProp:
    r"""Divide each parameter's step by the running root mean square of its gradient.

    .. math::

        s \leftarrow \rho s + (1 - \rho)\, g^2, \qquad
        \theta \leftarrow \theta - \eta\, \frac{g}{\sqrt{s} + \epsilon}, \qquad g = \nabla C(\theta)

    (Tieleman and Hinton 2012, lecture 6.5.) It is gradient descent with the preconditioner
    :math:`P = \operatorname{diag}(\sqrt{s} + \epsilon)`; while P hardly changes it is stable for
    :math:`0 < \eta < 2 / \lambda`, with :math:`\lambda` the largest eigenvalue of :math:`P^{-1} H` (Cohen et al. 2022,
    section 2).
    """

    learning_rate: PerRun
    decay: PerRun = DEFAULTS["decay"]
    epsilon: PerRun = DEFAULTS["epsilon"]

    def __post_init__(self) -> None:
        columns_in(self, learning_rate="(0, inf)", decay="[0, 1)", epsilon="(0, inf)")

    def init(self, theta: Theta) -> RMSPropState:
        return RMSPropState(stack_like(theta), stack_like(theta))

    def update(self, theta: Theta, gradient: Theta, state: RMSPropState, learning_rate: Rates) -> None:
        """Advance `theta` and `state` in place; overwrites `gradient`."""
        np.multiply(gradient, gradient, state.spare)
        np.multiply(state.spare, 1 - self.decay, state.spare)
        np.multiply(state.mean_square, self.decay, state.mean_square)
        np.add(state.mean_square, state.spare, state.mean_square)
        np.sqrt(state.mean_square, state.spare)
        np.add(state.spare, self.epsilon, state.spare)
        np.divide(gradient, state.spare, gradient)
        np.multiply(gradient, learning_rate, gradient)
        np.subtract(theta, gradient, theta)

    def preconditioner(self, state: RMSPropState) -> Theta:
        """√s + ε."""
        return np.sqrt(state.mean_square) + self.epsilon

    def stability_limit(self, curvature: PerRun) -> Column:
        """2 / λ, with λ the curvature of the preconditioned cost."""
        return 2 / per_run("curvature", curvature)


@dataclass
class RMSPropState:
    mean_square: Theta
    spare: Theta
