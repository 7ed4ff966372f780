r"""The boundary between what trains and what does not, in the plane of two hyperparameters.

After Sohl-Dickstein 2024, "The boundary of neural network trainability is fractal". A pixel is a run of a stack. With
:math:`v_t` its cost before step t over its first, cut off at `CUTOFF`, it trains if the mean of the last `LAST`
:math:`v_t` is below 1. Its value is :math:`-\sum v_t` if it trains, :math:`\sum 1 / v_t` if it does not.

A pixel leaves its stack when its cost exceeds `BEYOND` times the first or is not a number, and counts from then on as
cut off. That is what it would come to: a parameter that is not a number stays so, and spreads to every cost; and the
weights behind a cost of `BEYOND` are so large that the spacing of float64 alone keeps the cost some 260 decades above
the first. The tests compare pixels with the same pixels trained to the end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple, cast

import numpy as np
from jaxtyping import Bool, Float, Int

from gdlab.arrays import Theta, stacked
from gdlab.checks import choice, scalars_in, whole
from gdlab.descent.loop import Rows, descend
from gdlab.measure.measurements import MEASUREMENTS
from gdlab.measure.measurements.measurement import LAYERED, MeasurementResult, Requirement, Setting
from gdlab.optimizers import Optimizer
from gdlab.problems.layers import Layered, layer_rates
from gdlab.problems.problem import steps_per_epoch

CUTOFF = 1e6  # times the first cost
BEYOND = 1e300  # times the first cost: nothing returns from there
LAST = 20  # steps whose mean decides
TOGETHER = 16  # pixels in a stack: their activations fit a core's cache
LOOKS = 65  # points on a window's diagonal among which its boundary is looked for
DEEPEST = 36  # zooms: beyond them float64 cannot tell pixels apart

Coordinates = Float[np.ndarray, " pixels"]
Values = Float[np.ndarray, " pixels"]
Costs = Float[np.ndarray, "pixels steps"]
Point = tuple[float, float]

_centers: dict[tuple[Any, ...], tuple[object, list[Point]]] = {}


class Window(NamedTuple):
    """A square in the plane of the hyperparameters' decimal logarithms."""

    center: Point
    width: float

    def along(self, axis: int, fractions: Float[np.ndarray, " points"]) -> Float[np.ndarray, " points"]:
        """The coordinates on an axis at these fractions of the width, 0 and 1 at the edges."""
        return self.center[axis] + (fractions - 0.5) * self.width


@MEASUREMENTS.register("trainability")
@dataclass(frozen=True, kw_only=True)
class Trainability:
    """Which pixels of a window train; see this module for the verdict and the value.

    `axes` layers: the learning rate of the first layer against that of the last; layers between have the optimizer's.
    `axes` offset: a number added to the parameters of the first layer at the start, against the learning rate of all
    layers. Window 0 has its centre at `center_x`, `center_y` and `width`, in decimal logarithms; window `zoom` is
    2^zoom times smaller, and is centred on the boundary of the one before, where that crosses the diagonal nearest to
    the centre.

    A window has `pixels` x `pixels` pixels. A job computes one `tile` of `stride`^2, every `stride`-th row and column,
    in such an order that the first tile, the first 4, the first 16 … make an evenly spaced picture of the window.
    """

    requires: ClassVar[Requirement] = LAYERED
    axes: Any
    center_x: Any
    center_y: Any
    width: Any
    zoom: Any
    pixels: Any
    stride: Any
    tile: Any

    def __post_init__(self) -> None:
        choice("axes", self.axes, ("layers", "offset"))
        scalars_in(self, center_x="(-300, 300)", center_y="(-300, 300)", width="(0, 300)")
        whole("zoom", self.zoom, 0, DEEPEST, " (beyond, float64 cannot tell pixels apart)")
        whole("pixels", self.pixels, 2)
        whole("stride", self.stride, 1, self.pixels)
        if self.stride & (self.stride - 1) or self.pixels % self.stride:
            raise ValueError(f"stride must be a power of two that divides pixels={self.pixels}, got {self.stride}")
        whole("tile", self.tile, 0, self.stride**2 - 1, f" (stride={self.stride} makes {self.stride**2} tiles)")

    def __call__(self, setting: Setting) -> MeasurementResult:
        window = self.window(setting)
        row, column = self.places()
        x = window.along(0, (column + 0.5) / self.pixels)
        y = window.along(1, (row + 0.5) / self.pixels)
        costs, pixel_steps = relative_costs(setting, self.axes, x, y)
        trained, value = verdicts(costs), values(costs)
        return MeasurementResult(
            final={
                "fraction_trained": float(trained.mean()),
                "center_x": window.center[0],
                "center_y": window.center[1],
                "window_width": window.width,
                "pixel_steps": float(pixel_steps),
            },
            columns={"row": row, "column": column, "x": x, "y": y, "trained": trained, "value": value},
        )

    def places(self) -> tuple[Int[np.ndarray, " pixels"], Int[np.ndarray, " pixels"]]:
        """The rows and columns of the tile's pixels, from the lower left corner on."""
        row, column = tile_offset(self.tile, self.stride)
        rows, columns = np.meshgrid(
            np.arange(row, self.pixels, self.stride), np.arange(column, self.pixels, self.stride), indexing="ij"
        )
        return rows.ravel(), columns.ravel()

    def window(self, setting: Setting) -> Window:
        """The window of this zoom; the centres of all zooms before it are found first, once for a process."""
        key = (
            *(id(setting.problem), setting.theta.tobytes(), setting.seed, repr(setting.stopping)),
            *(repr(setting.optimizer), repr(setting.schedule)),
            *(self.axes, self.center_x, self.center_y, self.width),
        )
        _, centers = _centers.setdefault(key, (setting.problem, [(self.center_x, self.center_y)]))
        while len(centers) <= self.zoom:
            before = Window(centers[-1], self.width / 2 ** (len(centers) - 1))
            centers.append(boundary_point(setting, self.axes, before))
        return Window(centers[self.zoom], self.width / 2**self.zoom)


def tile_offset(tile: int, stride: int) -> tuple[int, int]:
    """The first row and column of a tile: its bits in pairs, the lowest pair for the largest step."""
    row = column = 0
    while stride > 1:
        stride //= 2
        row, column, tile = row + stride * (tile >> 1 & 1), column + stride * (tile & 1), tile >> 2
    return row, column


def boundary_point(setting: Setting, axes: str, window: Window) -> Point:
    """Where the verdict changes nearest to the centre on the diagonal, between two of `LOOKS` points.

    Raises
    ------
    ValueError
        If it does not change there.

    """
    fractions = np.linspace(0, 1, LOOKS)
    trained = verdicts(relative_costs(setting, axes, window.along(0, fractions), window.along(1, fractions))[0])
    changes = np.flatnonzero(trained[1:] != trained[:-1])
    if not len(changes):
        raise ValueError(
            f"zoom must be 0, since no boundary crosses the diagonal of the window of width {window.width:g} around "
            f"({window.center[0]:g}, {window.center[1]:g}); or choose another center_x, center_y or width"
        )
    between = (fractions[changes] + fractions[changes + 1]) / 2
    nearest = between[[np.abs(between - 0.5).argmin()]]
    return float(window.along(0, nearest)[0]), float(window.along(1, nearest)[0])


def relative_costs(setting: Setting, axes: str, x: Coordinates, y: Coordinates) -> tuple[Costs, int]:
    """The costs of every pixel before each step, over its first and at most `CUTOFF`; and how many steps were taken."""
    problem = setting.problem
    stopping = replace(setting.stopping, diverged_above=BEYOND, gradient_tolerance=0.0, cost_tolerance=None)
    costs = np.full((len(x), stopping.steps(steps_per_epoch(problem))), np.inf)
    taken = 0
    for start in range(0, len(x), TOGETHER):
        stack = slice(start, start + TOGETHER)
        theta, optimizer = runs(setting, axes, x[stack], y[stack])

        def keep(
            step: int, rows: Rows, seen: Float[np.ndarray, "steps runs"], block: np.ndarray = costs[stack]
        ) -> None:
            nonlocal taken
            block[rows, step : step + len(seen)] = seen.T
            taken += seen.size

        descent = descend(
            problem,
            theta,
            optimizer,
            schedule=setting.schedule,
            stopping=stopping,
            seeds=[setting.seed] * len(theta),
            points=2,
            on_costs=keep,
        )
        for _ in descent:
            pass
    with np.errstate(all="ignore"):
        relative = costs / costs[:, :1]
        return np.where(relative <= CUTOFF, relative, CUTOFF), taken


def runs(setting: Setting, axes: str, x: Coordinates, y: Coordinates) -> tuple[Theta, Optimizer]:
    """The starting points and the optimizer of the pixels at these coordinates."""
    problem, base = cast(Layered, setting.problem), setting.optimizer
    first, second = 10**x, 10**y
    theta = stacked(np.repeat(setting.theta, len(x), axis=0), setting.theta.dtype)
    rates = np.empty((len(x), len(problem.layer_parameters)))
    if axes == "layers":
        rates[...] = base.learning_rate
        rates[:, 0], rates[:, -1] = first, second
    else:
        theta[:, : problem.layer_parameters[0]] += first[:, None].astype(theta.dtype)
        rates[...] = second[:, None]
    return theta, replace(base, learning_rate=layer_rates(problem, rates))  # type: ignore[type-var]


def verdicts(costs: Costs) -> Bool[np.ndarray, " pixels"]:
    """True for each pixel that trains."""
    return costs[:, -LAST:].mean(axis=1) < 1


def values(costs: Costs) -> Values:
    """The value of each pixel: below 0 where it trains, the lower the slower; above 0 where it does not."""
    with np.errstate(divide="ignore"):
        return np.where(verdicts(costs), -costs.sum(axis=1), (1 / costs).sum(axis=1))
