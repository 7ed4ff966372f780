"""The base class of all landscapes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gdlab.arrays import Costs, Hessians, Point, Theta, norm
from gdlab.checks import choice, per_run
from gdlab.problems.problem import Batches

Minima = Float[np.ndarray, "minima parameters"]
Box = tuple[tuple[float, float], ...]

DRAWN = 2  # dimensions in which a point can be drawn


@dataclass(frozen=True, kw_only=True)
class Landscape(ABC):
    """A cost in closed form, with its derivatives.


    `start` is the starting point; None draws one from the run's seed, uniformly inside the box.
    """

    start: Any = None
    dtype: Any = "float64"

    training_examples = 1
    batch_size = None
    constant_predictor_cost = None

    @property
    @abstractmethod
    def minima(self) -> Minima:
        """The minima in closed form or to machine precision, global ones first; empty if none is a point."""

    @property
    @abstractmethod
    def box(self) -> Box:
        """(low, high) along each parameter: the region to draw, and to sample starting points from."""

    @abstractmethod
    def cost(self, theta: Theta) -> Costs: ...

    @abstractmethod
    def gradient(self, theta: Theta, out: Theta) -> None:
        """Write the gradient at `theta` to `out`."""

    @abstractmethod
    def hessian(self, theta: Theta) -> Hessians: ...

    def __post_init__(self) -> None:
        choice("dtype", str(self.dtype), ("float32", "float64"))
        object.__setattr__(self, "dtype", np.dtype(self.dtype))
        if self.start is not None:
            point = np.asarray(self.start, object).ravel()
            if len(point) != self.parameters:
                noun = "coordinate" if self.parameters == 1 else "coordinates"
                raise ValueError(f"start must have {self.parameters} {noun}, got {len(point)}: {list(point)}")
            object.__setattr__(self, "start", tuple(per_run("start", point)[:, 0].tolist()))

    @property
    def parameters(self) -> int:
        return len(self.box)

    def initial(self, rng: np.random.Generator) -> Point:
        """The starting point of a run."""
        if self.start is not None:
            return np.array(self.start, self.dtype)
        low, high = np.transpose(self.box)
        return rng.uniform(low, high).astype(self.dtype)

    def oracle(self, theta: Theta, gradient: Theta, batches: Batches) -> LandscapeOracle:
        return LandscapeOracle(self, theta, gradient)

    def measure(self, theta: Theta) -> dict[str, Costs]:
        """The cost, the Euclidean norm of its gradient, and in one or two dimensions the coordinates w1 and w2."""
        gradient = np.empty_like(theta)
        self.gradient(theta, gradient)
        drawn = self.parameters if self.parameters <= DRAWN else 0
        place = {f"w{i}": w.astype(np.float64) for i, w in enumerate(theta.T[:drawn], 1)}
        return {"cost": self.cost(theta), "gradient_norm": norm(gradient), **place}

    def measure_end(self, theta: Theta) -> dict[str, Costs]:
        return {}


@dataclass(frozen=True)
class LandscapeOracle:
    """The cost at the points of a stack; it writes the gradient there, too."""

    landscape: Landscape
    theta: Theta
    gradient: Theta

    def __call__(self, out: Costs) -> None:
        self.landscape.gradient(self.theta, self.gradient)
        out[...] = self.landscape.cost(self.theta)


def symmetric(aa: Costs, ab: Costs, bb: Costs) -> Hessians:
    """Stack of symmetric 2 x 2 matrices from their entries."""
    return np.stack([aa, ab, ab, bb], axis=-1).reshape(-1, 2, 2)
