r"""Cost landscapes in one and two dimensions, drawn as easily as descended.

Each maps a stack of points theta (runs, parameters) to costs (runs,), gradients (runs, parameters) and Hessians
(runs, parameters, parameters), all in closed form, and knows its minima and a box worth drawing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gdlab.arrays import Costs, Hessians, Point, Theta, norm
from gdlab.batches import Batches, WholeSet
from gdlab.checks import choice, per_run, scalars_in

Minima = Float[np.ndarray, "minima parameters"]
Box = tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Landscape(ABC):
    """What all landscapes share: where a run starts, and how the loop sees them.

    `start` is the starting point; None draws one from the run's seed, uniformly inside the box.
    """

    start: Any = None
    dtype: Any = "float64"

    steps_per_epoch = 1
    mini_batches = False
    idle_cost = None

    @property
    @abstractmethod
    def minima(self) -> Minima:
        """The minima in closed form or to machine precision, global ones first; empty if unbounded below."""

    @property
    @abstractmethod
    def box(self) -> Box:
        """(low, high) along each parameter: the part worth drawing, where starts are drawn from."""

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

    def batches(self, seeds: Sequence[int]) -> WholeSet:
        return WholeSet()

    def oracle(self, theta: Theta, gradient: Theta, batches: Batches) -> _Everywhere:
        return _Everywhere(self, theta, gradient)

    def measure(self, theta: Theta) -> dict[str, Costs]:
        """The cost and the Euclidean norm of its gradient at each run's point, and where that is: w1 and w2."""
        gradient = np.empty_like(theta)
        self.gradient(theta, gradient)
        place = {f"w{i}": w.astype(np.float64) for i, w in enumerate(theta.T, 1)}
        return {"cost": self.cost(theta), "gradient_norm": norm(gradient), **place}

    def measure_end(self, theta: Theta) -> dict[str, Costs]:
        return {}


@dataclass(frozen=True)
class _Everywhere:
    """A landscape at the points of a stack: the cost, with the gradient written beside it."""

    landscape: Landscape
    theta: Theta
    gradient: Theta

    def __call__(self, out: Costs) -> None:
        self.landscape.gradient(self.theta, self.gradient)
        out[...] = self.landscape.cost(self.theta)


@dataclass(frozen=True, kw_only=True)
class _Quadratic(Landscape):
    """What the quadratics share: `curvature` is the largest eigenvalue of the Hessian, λ, so that plain descent is
    stable exactly for η < 2 / λ.
    """

    curvature: Any = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        scalars_in(self, curvature="(0, inf)")

    @property
    @abstractmethod
    def _curvatures(self) -> Float[np.ndarray, " parameters"]:
        """Along each axis."""

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


@dataclass(frozen=True, kw_only=True)
class Parabola(_Quadratic):
    r""":math:`C(w) = \frac{\lambda}{2} (w - c)^2`; with the curvature λ = 2, as it is unless said otherwise,
    (w - c)².
    """

    center: Any = 0.0

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


@dataclass(frozen=True, kw_only=True)
class Bowl(_Quadratic):
    r""":math:`C(w) = \frac{\lambda}{2} (w_1^2 + w_2^2)`: with λ = 2, at (3, 4) the cost is 25 and the gradient
    (6, 8).
    """

    @property
    def box(self) -> Box:
        return ((-5.0, 5.0), (-5.0, 5.0))

    @property
    def _curvatures(self) -> Float[np.ndarray, 2]:
        return np.array([self.curvature, self.curvature])


@dataclass(frozen=True, kw_only=True)
class Ravine(_Quadratic):
    r""":math:`C(w) = \frac{\lambda}{2} (w_1^2 / \kappa + w_2^2)`: a quadratic valley with condition number κ.

    The steep direction has the curvature λ, so the border of stability stays at η = 2 / λ whatever κ is; the flat one
    then needs of the order of κ steps.
    """

    condition: Any = 20.0

    def __post_init__(self) -> None:
        super().__post_init__()
        scalars_in(self, condition="[1, inf)")

    @property
    def box(self) -> Box:
        return ((-6.0, 6.0), (-3.0, 3.0))

    @property
    def _curvatures(self) -> Float[np.ndarray, 2]:
        return np.array([self.curvature / self.condition, self.curvature])


@dataclass(frozen=True, kw_only=True)
class DoubleWell(Landscape):
    r""":math:`C(w) = (w^2 - 1)^2 + t\,w`: two valleys of unequal depth with a ridge between them.

    For a tilt 0 < t < 8 / (3√3) the global minimum is the left one. Its stationary points are the roots of
    4w³ - 4w + t.
    """

    tilt: Any = 0.3

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
        return _symmetric(12 * a * a + 4 * b - 42, 4 * (a + b), 12 * b * b + 4 * a - 26)


@dataclass(frozen=True, kw_only=True)
class Rosenbrock(Landscape):
    r""":math:`C(w) = (1 - w_1)^2 + s\,(w_2 - w_1^2)^2`: a bent valley with a flat floor (Rosenbrock 1960)."""

    steepness: Any = 100.0

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
        return _symmetric(2 - 4 * s * (b - 3 * a * a), -4 * s * a, np.full_like(a, 2 * s))


@dataclass(frozen=True, kw_only=True)
class Rastrigin(Landscape):
    r""":math:`C(w) = \sum_i w_i^2 + A (1 - \cos 2\pi w_i)`: a bowl full of dimples (Rastrigin 1974).

    One global minimum at the origin; near each other point of the integer grid lies a local one, pulled a
    little towards the origin, as long as the dimples are deep enough to hold it.
    """

    amplitude: Any = 10.0

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


@dataclass(frozen=True, kw_only=True)
class Saddle(Landscape):
    r""":math:`C(w) = w_1^2 - w_2^2`: flat at the origin, which is no minimum; unbounded below."""

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


def _symmetric(aa: Costs, ab: Costs, bb: Costs) -> Hessians:
    """Stack of symmetric 2 x 2 matrices from their entries."""
    return np.stack([aa, ab, ab, bb], axis=-1).reshape(-1, 2, 2)
