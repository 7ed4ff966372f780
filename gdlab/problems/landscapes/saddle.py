"""A saddle: a stationary point that is not a minimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdlab.arrays import Costs, Hessians, Theta
from gdlab.problems import PROBLEMS
from gdlab.problems.landscapes.landscape import Box, Landscape, Minima


@PROBLEMS.register("saddle")
@dataclass(frozen=True, kw_only=True)
class Saddle(Landscape):
    r""":math:`C(w) = w_1^2 - w_2^2`: a stationary point at the origin; unbounded below."""

    @property
    def minima(self) -> Minima:
        return np.empty((0, 2))

    @property
    def box(self) -> Box:
        return ((-2.0, 2.0), (-2.0, 2.0))

    def cost(self, theta: Theta) -> Costs:
        return theta[:, 0] ** 2 - theta[:, 1] ** 2

    def gradient(self, theta: Theta, out: Theta) -> None:
        np.multiply(theta, np.array([2.0, -2.0]), out=out)

    def hessian(self, theta: Theta) -> Hessians:
        return np.broadcast_to(np.diag([2.0, -2.0]), (len(theta), 2, 2)).copy()
