"""The base class of quadratic landscapes."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gdlab.arrays import Costs, Hessians, Theta
from gdlab.checks import scalars_in
from gdlab.problems.landscapes.landscape import Landscape, Minima


@dataclass(frozen=True, kw_only=True)
class Quadratic(Landscape):
    """A quadratic; `curvature` is λ, the largest eigenvalue of its Hessian: plain descent is stable exactly for
    η < 2 / λ.
    """

    curvature: Any

    def __post_init__(self) -> None:
        super().__post_init__()
        scalars_in(self, curvature="(0, inf)")

    @property
    @abstractmethod
    def _curvatures(self) -> Float[np.ndarray, " parameters"]:
        """The curvature along each axis."""

    @property
    def minima(self) -> Minima:
        return np.zeros((1, self.parameters))

    def cost(self, theta: Theta) -> Costs:
        return (0.5 * self._curvatures * (theta - self.minima) ** 2).sum(axis=1)

    def gradient(self, theta: Theta, out: Theta) -> None:
        np.subtract(theta, self.minima, out=out)
        out *= self._curvatures

    def hessian(self, theta: Theta) -> Hessians:
        return np.broadcast_to(np.diag(self._curvatures), (len(theta), *2 * [self.parameters])).copy()
