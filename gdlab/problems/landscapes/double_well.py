"""Two valleys of unequal depth in one dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gdlab.arrays import Costs, Hessians, Theta
from gdlab.checks import scalars_in
from gdlab.defaults import defaults
from gdlab.problems import PROBLEMS
from gdlab.problems.landscapes.landscape import Box, Landscape, Minima

DEFAULTS = defaults("problem", "double_well")


@PROBLEMS.register("double_well")
@dataclass(frozen=True, kw_only=True)
class DoubleWell(Landscape):
    r""":math:`C(w) = (w^2 - 1)^2 + t\,w`: two valleys of unequal depth with a ridge between them.

    For a tilt 0 < t < 8 / (3√3) the global minimum is the left one. Its stationary points are the roots of
    4w³ - 4w + t.
    """

    tilt: Any = DEFAULTS["tilt"]

    def __post_init__(self) -> None:
        super().__post_init__()
        scalars_in(self, tilt=f"(0, {8 / 27**0.5:.6g})")

    @property
    def _stationary(self) -> Float[np.ndarray, 3]:
        w = np.sort(np.roots([4.0, 0.0, -4.0, self.tilt]).real)
        for _ in range(3):  # Newton, from `roots`' 1e-15 or so to the last bit
            w -= (4 * w**3 - 4 * w + self.tilt) / (12 * w**2 - 4)
        return w

    @property
    def minima(self) -> Minima:
        return self._stationary[[0, 2], None]

    @property
    def ridge(self) -> float:
        """The local maximum: the border between the two basins."""
        return float(self._stationary[1])

    @property
    def box(self) -> Box:
        return ((-1.8, 1.8),)

    def cost(self, theta: Theta) -> Costs:
        w = theta[:, 0]
        return (w * w - 1) ** 2 + self.tilt * w

    def gradient(self, theta: Theta, out: Theta) -> None:
        out[...] = 4 * theta * (theta * theta - 1) + self.tilt

    def hessian(self, theta: Theta) -> Hessians:
        return (12 * theta * theta - 4)[:, :, None]
