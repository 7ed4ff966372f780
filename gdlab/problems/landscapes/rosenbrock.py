"""Rosenbrock's function: a curved valley."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gdlab.arrays import Costs, Hessians, Theta
from gdlab.checks import scalars_in
from gdlab.defaults import defaults
from gdlab.problems import PROBLEMS
from gdlab.problems.landscapes.landscape import Box, Landscape, Minima, symmetric

DEFAULTS = defaults("problem", "rosenbrock")


@PROBLEMS.register("rosenbrock")
@dataclass(frozen=True, kw_only=True)
class Rosenbrock(Landscape):
    r""":math:`C(w) = (1 - w_1)^2 + s\,(w_2 - w_1^2)^2`: a curved valley with a flat floor (Rosenbrock 1960)."""

    steepness: Any = DEFAULTS["steepness"]

    def __post_init__(self) -> None:
        super().__post_init__()
        scalars_in(self, steepness="(0, inf)")

    @property
    def minima(self) -> Minima:
        return np.ones((1, 2))

    @property
    def box(self) -> Box:
        return ((-2.0, 2.0), (-1.0, 3.0))

    def cost(self, theta: Theta) -> Costs:
        a, b = theta.T
        return (1 - a) ** 2 + self.steepness * (b - a * a) ** 2

    def gradient(self, theta: Theta, out: Theta) -> None:
        a, b = theta.T
        out[:, 0] = -2 * (1 - a) - 4 * self.steepness * a * (b - a * a)
        out[:, 1] = 2 * self.steepness * (b - a * a)

    def hessian(self, theta: Theta) -> Hessians:
        a, b = theta.T
        s = self.steepness
        return symmetric(2 - 4 * s * (b - 3 * a * a), -4 * s * a, np.full_like(a, 2 * s))
