"""A ravine: a quadratic valley, steep across and flat along its floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gdlab.checks import scalars_in
from gdlab.defaults import defaults
from gdlab.problems import PROBLEMS
from gdlab.problems.landscapes.landscape import Box
from gdlab.problems.landscapes.quadratic import Quadratic

DEFAULTS = defaults("problem", "ravine")


@PROBLEMS.register("ravine")
@dataclass(frozen=True, kw_only=True)
class Ravine(Quadratic):
    r""":math:`C(w) = \frac{\lambda}{2} (w_1^2 / \kappa + w_2^2)`: a quadratic valley with condition number κ.

    The steep direction has the curvature λ, so the stability limit is η = 2 / λ for every κ; the flat direction then
    needs of the order of κ steps.
    """

    curvature: Any = DEFAULTS["curvature"]
    condition: Any = DEFAULTS["condition"]

    def __post_init__(self) -> None:
        super().__post_init__()
        scalars_in(self, condition="[1, inf)")

    @property
    def box(self) -> Box:
        return ((-6.0, 6.0), (-3.0, 3.0))

    @property
    def _curvatures(self) -> Float[np.ndarray, 2]:
        return np.array([self.curvature / self.condition, self.curvature])
