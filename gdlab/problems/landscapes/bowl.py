"""A round bowl in two dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gdlab.defaults import defaults
from gdlab.problems import PROBLEMS
from gdlab.problems.landscapes.landscape import Box
from gdlab.problems.landscapes.quadratic import Quadratic

DEFAULTS = defaults("problem", "bowl")


@PROBLEMS.register("bowl")
@dataclass(frozen=True, kw_only=True)
class Bowl(Quadratic):
    r""":math:`C(w) = \frac{\lambda}{2} (w_1^2 + w_2^2)`: with λ = 2, at (3, 4) the cost is 25 and the gradient
    (6, 8).
    """

    curvature: Any = DEFAULTS["curvature"]

    @property
    def box(self) -> Box:
        return ((-5.0, 5.0), (-5.0, 5.0))

    @property
    def _curvatures(self) -> Float[np.ndarray, 2]:
        return np.array([self.curvature, self.curvature])
