"""A parabola in one dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gdlab.checks import scalars_in
from gdlab.defaults import defaults
from gdlab.problems import PROBLEMS
from gdlab.problems.landscapes.landscape import Box, Minima
from gdlab.problems.landscapes.quadratic import Quadratic

DEFAULTS = defaults("problem", "parabola")


@PROBLEMS.register("parabola")
@dataclass(frozen=True, kw_only=True)
class Parabola(Quadratic):
    r""":math:`C(w) = \frac{\lambda}{2} (w - c)^2`; with the default λ = 2, (w - c)²."""

    curvature: Any = DEFAULTS["curvature"]
    center: Any = DEFAULTS["center"]

    def __post_init__(self) -> None:
        super().__post_init__()
        scalars_in(self, center="(-inf, inf)")

    @property
    def minima(self) -> Minima:
        return np.array([[self.center]])

    @property
    def box(self) -> Box:
        return ((self.center - 6.0, self.center + 6.0),)

    @property
    def _curvatures(self) -> Float[np.ndarray, 1]:
        return np.array([self.curvature])
