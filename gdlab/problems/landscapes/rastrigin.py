"""Rastrigin's function: a bowl full of local minima."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gdlab.arrays import Costs, Hessians, Theta
from gdlab.checks import scalars_in
from gdlab.defaults import defaults
from gdlab.problems import PROBLEMS
from gdlab.problems.landscapes.landscape import Box, Landscape, Minima

DEFAULTS = defaults("problem", "rastrigin")


@PROBLEMS.register("rastrigin")
@dataclass(frozen=True, kw_only=True)
class Rastrigin(Landscape):
    r""":math:`C(w) = \sum_i w_i^2 + A (1 - \cos 2\pi w_i)`: a bowl with a grid of dimples (Rastrigin 1974).

    One global minimum at the origin; near each other point of the integer grid lies a local one, pulled a
    little towards the origin, as long as the dimples are deep enough to hold it.
    """

    amplitude: Any = DEFAULTS["amplitude"]

    def __post_init__(self) -> None:
        super().__post_init__()
        scalars_in(self, amplitude="[1, inf)")

    @property
    def minima(self) -> Minima:
        axis = np.arange(-5.0, 6.0)
        for _ in range(50):
            slope, curvature = self._along_axis(axis)
            axis = axis - slope / curvature
        a, b = np.meshgrid(axis, axis, indexing="ij")
        grid = np.column_stack([a.ravel(), b.ravel()])
        inside = grid[(np.abs(grid) <= 5.12).all(axis=1)]
        return inside[np.argsort(self.cost(inside), kind="stable")]

    @property
    def box(self) -> Box:
        return ((-5.12, 5.12), (-5.12, 5.12))

    def _along_axis(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        turn = 2 * np.pi
        slope = 2 * w + self.amplitude * turn * np.sin(turn * w)
        return slope, 2 + self.amplitude * turn**2 * np.cos(turn * w)

    def cost(self, theta: Theta) -> Costs:
        a, b = theta.T
        turn = 2 * np.pi
        return a * a + b * b + self.amplitude * (2 - np.cos(turn * a) - np.cos(turn * b))

    def gradient(self, theta: Theta, out: Theta) -> None:
        out[...] = self._along_axis(theta)[0]

    def hessian(self, theta: Theta) -> Hessians:
        return self._along_axis(theta)[1][:, :, None] * np.eye(2)
