"""Himmelblau's function: four equal minima."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdlab.arrays import Costs, Hessians, Theta
from gdlab.problems import PROBLEMS
from gdlab.problems.landscapes.landscape import Box, Landscape, Minima, symmetric


@PROBLEMS.register("himmelblau")
@dataclass(frozen=True, kw_only=True)
class Himmelblau(Landscape):
    r""":math:`C(w) = (w_1^2 + w_2 - 11)^2 + (w_1 + w_2^2 - 7)^2`: four minima, all of cost 0 (Himmelblau 1972)."""

    @property
    def minima(self) -> Minima:
        w = np.array(
            [
                [3.0, 2.0],
                [-2.805118086952745, 3.131312518250573],
                [-3.779310253377747, -3.283185991286170],
                [3.584428340330492, -1.848126526964404],
            ]
        )
        gradient = np.empty_like(w)
        self.gradient(w, gradient)
        return w - np.linalg.solve(self.hessian(w), gradient[..., None])[..., 0]

    @property
    def box(self) -> Box:
        return ((-6.0, 6.0), (-6.0, 6.0))

    def cost(self, theta: Theta) -> Costs:
        a, b = theta.T
        return (a * a + b - 11) ** 2 + (a + b * b - 7) ** 2

    def gradient(self, theta: Theta, out: Theta) -> None:
        a, b = theta.T
        first, second = a * a + b - 11, a + b * b - 7
        out[:, 0] = 4 * a * first + 2 * second
        out[:, 1] = 2 * first + 4 * b * second

    def hessian(self, theta: Theta) -> Hessians:
        a, b = theta.T
        return symmetric(12 * a * a + 4 * b - 42, 4 * (a + b), 12 * b * b + 4 * a - 26)
