"""A linear network with one hidden layer and one example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gdlab.arrays import Costs, Hessians, Theta
from gdlab.checks import scalars_in, whole
from gdlab.defaults import defaults
from gdlab.problems import PROBLEMS
from gdlab.problems.landscapes.landscape import Box, Landscape, Minima

DEFAULTS = defaults("problem", "uv")
MOST_WIDTH = 1000  # the Hessian has 4 n² entries


@PROBLEMS.register("uv")
@dataclass(frozen=True, kw_only=True)
class UV(Landscape):
    r""":math:`C(u, v) = (u \cdot v / \sqrt n - y)^2 / 2`, theta = (u, v): a linear network of width n on one example.

    With r the residual :math:`u \cdot v / \sqrt n - y`, the gradient is :math:`r (v, u) / \sqrt n`, and the Hessian
    :math:`(v, u)(v, u)^\top / n + r / \sqrt n \begin{pmatrix} 0 & 1 \\ 1 & 0 \end{pmatrix}`. The minima, r = 0, are a
    manifold, on which the sharpness is :math:`(|u|^2 + |v|^2) / n \ge 2 |y| / \sqrt n`. Starts drawn from the box have
    coordinates of mean 0 and variance 1.

    With λ the sharpness at the start, a wide network with y = 0 converges at ηλ < 2 as a quadratic does, at 2 < ηλ < 4
    after a rise of the cost, to a flatter point, and diverges above (Lewkowycz, Bahri, Dyer, Sohl-Dickstein and Gur-Ari
    2020, section 2).
    """

    width: Any = DEFAULTS["width"]
    target: Any = DEFAULTS["target"]

    def __post_init__(self) -> None:
        whole("width", self.width, 1, MOST_WIDTH)
        super().__post_init__()
        scalars_in(self, target="(-inf, inf)")

    @property
    def minima(self) -> Minima:
        """None of them is a point."""
        return np.empty((0, self.parameters))

    @property
    def box(self) -> Box:
        return ((-(3**0.5), 3**0.5),) * (2 * self.width)

    def residual(self, theta: Theta) -> Costs:
        """The output minus the target."""
        return (theta[:, : self.width] * theta[:, self.width :]).sum(axis=1) / self.width**0.5 - self.target

    def cost(self, theta: Theta) -> Costs:
        residual = self.residual(theta)
        return residual * residual / 2

    def gradient(self, theta: Theta, out: Theta) -> None:
        slope = (self.residual(theta) / self.width**0.5)[:, None]
        np.multiply(theta[:, self.width :], slope, out[:, : self.width])
        np.multiply(theta[:, : self.width], slope, out[:, self.width :])

    def hessian(self, theta: Theta) -> Hessians:
        swapped = np.concatenate([theta[:, self.width :], theta[:, : self.width]], axis=1)
        result = swapped[:, :, None] * swapped[:, None] / self.width
        u, v = np.arange(self.width), np.arange(self.width, 2 * self.width)
        bend = (self.residual(theta) / self.width**0.5)[:, None]
        result[:, u, v] += bend
        result[:, v, u] += bend
        return result
