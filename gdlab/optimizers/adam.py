"""Adam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdlab.arrays import Column, PerRun, Rates, Theta, stack_like
from gdlab.checks import columns_in, per_run
from gdlab.defaults import defaults
from gdlab.optimizers import OPTIMIZERS

DEFAULTS = defaults("optimizer", "adam")


@OPTIMIZERS.register("adam")
@dataclass(frozen=True, kw_only=True)
class Adam:
    r"""Momentum and RMSProp combined, with bias correction for both.

    .. math::

        m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
        s \leftarrow \beta_2 s + (1 - \beta_2)\, g^2, \qquad
        \theta \leftarrow \theta - \eta\, \frac{m / (1 - \beta_1^t)}{\sqrt{s / (1 - \beta_2^t)} + \epsilon}

    (Kingma and Ba 2015, algorithm 1.) The first step has length η along every parameter with a gradient.

    It is gradient descent with a moving average of gradients and the preconditioner :math:`P = (1 - \beta_1^t)
    \operatorname{diag}(\sqrt{s / (1 - \beta_2^t)} + \epsilon)`. While P hardly changes it is stable for
    :math:`0 < \eta < \frac{2 (1 + \beta_1)}{(1 - \beta_1) \lambda}`, with :math:`\lambda` the largest eigenvalue of
    :math:`P^{-1} H`: :math:`38 / \lambda` at :math:`\beta_1 = 0.9` (Cohen et al. 2022, section 2).
    """

    learning_rate: PerRun
    beta1: PerRun = DEFAULTS["beta1"]
    beta2: PerRun = DEFAULTS["beta2"]
    epsilon: PerRun = DEFAULTS["epsilon"]

    def __post_init__(self) -> None:
        columns_in(self, learning_rate="(0, inf)", beta1="[0, 1)", beta2="[0, 1)", epsilon="(0, inf)")

    def init(self, theta: Theta) -> AdamState:
        return AdamState(
            mean=stack_like(theta),
            mean_square=stack_like(theta),
            beta1_power=np.ones_like(self.beta1),
            beta2_power=np.ones_like(self.beta2),
            spare=stack_like(theta),
        )

    def update(self, theta: Theta, gradient: Theta, state: AdamState, learning_rate: Rates) -> None:
        """Advance `theta` and `state` in place; overwrites `gradient`."""
        np.multiply(state.beta1_power, self.beta1, state.beta1_power)
        np.multiply(state.beta2_power, self.beta2, state.beta2_power)

        np.multiply(gradient, gradient, state.spare)
        np.multiply(state.spare, 1 - self.beta2, state.spare)
        np.multiply(state.mean_square, self.beta2, state.mean_square)
        np.add(state.mean_square, state.spare, state.mean_square)

        np.multiply(gradient, 1 - self.beta1, gradient)
        np.multiply(state.mean, self.beta1, state.mean)
        np.add(state.mean, gradient, state.mean)

        np.divide(state.mean_square, 1 - state.beta2_power, state.spare)
        np.sqrt(state.spare, state.spare)
        np.add(state.spare, self.epsilon, state.spare)
        np.divide(state.mean, state.spare, gradient)
        np.multiply(gradient, learning_rate / (1 - state.beta1_power), gradient)
        np.subtract(theta, gradient, theta)

    def preconditioner(self, state: AdamState) -> Theta:
        """(1 - β₁ᵗ) (√(s / (1 - β₂ᵗ)) + ε)."""
        return (1 - state.beta1_power) * (np.sqrt(state.mean_square / (1 - state.beta2_power)) + self.epsilon)

    def stability_limit(self, curvature: PerRun) -> Column:
        """2 (1 + β₁) / ((1 - β₁) λ), with λ the curvature of the preconditioned cost."""
        return 2 * (1 + self.beta1) / ((1 - self.beta1) * per_run("curvature", curvature))


@dataclass
class AdamState:
    mean: Theta
    mean_square: Theta
    beta1_power: Column
    beta2_power: Column
    spare: Theta
