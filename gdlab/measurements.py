"""What can be measured of a problem beside a run of it: a table of its own, and the numbers that sum it up.

A measurement is one job of a sweep like any run, tracked like one; its settings are the section `measurement`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple, Protocol, cast, runtime_checkable

import numpy as np

from gdlab.activations import play
from gdlab.arrays import Costs, Theta, norm, stack_like, stacked
from gdlab.batches import stream
from gdlab.checks import scalars_in, whole
from gdlab.costs import HEADS
from gdlab.descent import Problem, descend
from gdlab.geometry import nearest
from gdlab.landscapes import Landscape
from gdlab.network import Examples, Network, one_hot
from gdlab.optimizers import Optimizer
from gdlab.schedules import Schedule
from gdlab.stopping import DIVERGED as OUT
from gdlab.stopping import Stopping
from gdlab.trajectory import Measured

UNSETTLED, DIVERGED, RIDGE = -1, -2, -3  # instead of the number of a minimum
WITHIN = 1e-3  # of the box's diagonal: how near a minimum counts as reached
LOOKS = 101
DIRECTIONS_STREAM = 2  # the third of a seed's random streams
ROWS = 32  # points whose cost is computed at a time
ROUNDING = 1e-6  # of a fall: by how much another must be larger to count as larger
FLAT = 1e-6  # of the largest gradient at the starts: where there is hardly any slope


class Need(NamedTuple):
    """What a measurement asks of its problem: in words, and whether it is so."""

    words: str
    met: Callable[[object], bool]


ANY = Need("any problem", lambda problem: True)
NETWORK = Need("a network", lambda problem: isinstance(problem, Network))
MINIMA = Need("a landscape that has minima", lambda problem: isinstance(problem, Landscape) and len(problem.minima) > 0)


@runtime_checkable
class Measurement(Protocol):
    """Measures something of a problem, at theta where that matters; `seed` decides what is random in it.

    The problem is one that meets `needs`.
    """

    needs: ClassVar[Need]

    def __call__(
        self, problem: Problem, theta: Theta, optimizer: Optimizer, schedule: Schedule, stopping: Stopping, seed: int
    ) -> Measured: ...


@dataclass(frozen=True, kw_only=True)
class Basins:
    """Which minimum descent reaches from each point of a grid over a landscape's box; `starts` points along each axis.

    The table holds each start (`start1`, …), the number of the `minimum` reached in the order of the landscape's
    minima, the `steps` taken and the final `cost`. Three other numbers stand for: UNSETTLED, the budget was spent
    elsewhere; DIVERGED; and RIDGE, the path led over a point with hardly any slope and a downward curvature, so that
    rounding alone has decided where it went, if it went anywhere.
    """

    needs: ClassVar[Need] = MINIMA
    starts: Any

    def __post_init__(self) -> None:
        whole("starts", self.starts, 2)

    def __call__(
        self, problem: Problem, theta: Theta, optimizer: Optimizer, schedule: Schedule, stopping: Stopping, seed: int
    ) -> Measured:
        landscape = cast(Landscape, problem)
        starts = grid(landscape, self.starts)
        reached, steps, cost = basins(landscape, starts, optimizer, schedule, stopping)
        lowest = landscape.cost(landscape.minima)
        best = np.flatnonzero(lowest <= lowest.min() + 1e-9 * (1 + abs(lowest.min())))
        shares = {
            "starts": float(len(starts)),
            "fraction_global": float(np.isin(reached, best).mean()),
            "fraction_local": float(((reached >= 0) & ~np.isin(reached, best)).mean()),
            "fraction_unsettled": float((reached == UNSETTLED).mean()),
            "fraction_diverged": float((reached == DIVERGED).mean()),
            "fraction_ridge": float((reached == RIDGE).mean()),
            "minima_reached": float(len(set(reached[reached >= 0].tolist()))),
        }
        places = {f"start{i}": axis for i, axis in enumerate(starts.T, 1)}
        return Measured(final=shares, columns={**places, "minimum": reached, "steps": steps, "cost": cost})


def grid(landscape: Landscape, count: int) -> Theta:
    """Points over the box of a landscape, so many along each axis, its edges among them; the last axis is quickest."""
    axes = [np.linspace(low, high, count) for low, high in landscape.box]
    return stacked(np.column_stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")]), landscape.dtype)


def basins(
    landscape: Landscape, starts: Theta, optimizer: Optimizer, schedule: Schedule, stopping: Stopping
) -> tuple[np.ndarray, np.ndarray, Costs]:
    """What each start comes to, see `Basins`: the number of a minimum or of a reason, the steps, the final cost."""
    ends = starts.astype(np.float64)
    steps, cost = np.zeros(len(starts), int), np.zeros(len(starts))
    diverged, ridge = np.zeros(len(starts), bool), np.zeros(len(starts), bool)
    flat = FLAT * np.nanmax(landscape.measure(starts)["gradient_norm"])
    for snapshot in descend(
        cast(Problem, landscape),
        starts,
        optimizer,
        schedule=schedule,
        stopping=stopping,
        seeds=np.zeros(len(starts), int).tolist(),
        points=LOOKS,
        spacing="even",
    ):
        rows = snapshot.rows
        if not len(rows):
            continue
        ends[rows], steps[rows], cost[rows] = snapshot.theta, snapshot.step, snapshot.values["cost"]
        diverged[rows] = snapshot.outcomes == OUT
        still = np.flatnonzero(snapshot.values["gradient_norm"] <= flat)
        curved = np.linalg.eigvalsh(landscape.hessian(snapshot.theta[still]))[:, 0] < 0
        ridge[rows[still[curved]]] = True
    diagonal = float(np.linalg.norm(np.subtract(*np.transpose(landscape.box))))
    ends[diverged] = np.inf
    reached = nearest(ends, landscape.minima, WITHIN * diagonal)
    return np.select([ridge, diverged], [RIDGE, DIVERGED], reached), steps, cost


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What given outputs cost against a one-hot target: `outputs` maps names to lists, `target` is the right class.

    The table holds the `name` and `cost` of each, and so do the metrics. The cost is the quadratic one, whatever the
    problem's.
    """

    needs: ClassVar[Need] = ANY
    outputs: Any
    target: Any

    def __post_init__(self) -> None:
        whole("target", self.target, 0)
        for name, values in dict(self.outputs).items():
            if len(values) <= self.target:
                raise ValueError(f"outputs.{name} must have more than {self.target} values, got {len(values)}")

    def __call__(
        self, problem: Problem, theta: Theta, optimizer: Optimizer, schedule: Schedule, stopping: Stopping, seed: int
    ) -> Measured:
        costs = {name: score(np.array(values, float), self.target) for name, values in dict(self.outputs).items()}
        final = {f"cost_{name}": cost for name, cost in costs.items()}
        return Measured(final=final, columns={"name": list(costs), "cost": list(costs.values())})


def score(outputs: np.ndarray, target: int) -> float:
    """The quadratic cost of one example's outputs."""
    z = outputs[None, None].copy()
    wanted = one_hot(np.array([target], np.uint8), len(outputs), z.dtype)
    loss = np.empty_like(z)
    play(HEADS["quadratic", "identity"].apply(z, wanted, np.empty_like(z), loss, np.empty_like(z), np.array(1.0)))
    return float(loss.sum())


@dataclass(frozen=True, kw_only=True)
class Directions:
    """How the cost changes along random directions of one length, against the direction of the negative gradient.

    `count` directions, uniform over the sphere, each a step of `length`. The table holds for each the `fall` of the
    cost over the length and the `cosine` of its angle to the negative gradient; the metrics the fall along the negative
    gradient (`fall_steepest`), the largest of the others (`fall_best_random`), how many are larger than the former
    (`better`), and the norm of the gradient, which bounds them all to first order.
    """

    needs: ClassVar[Need] = ANY
    count: Any
    length: Any

    def __post_init__(self) -> None:
        whole("count", self.count, 1)
        scalars_in(self, length="(0, inf)")

    def __call__(
        self, problem: Problem, theta: Theta, optimizer: Optimizer, schedule: Schedule, stopping: Stopping, seed: int
    ) -> Measured:
        point = theta.astype(np.float64)
        cost, gradient = cost_and_gradient(problem)
        slope = gradient(point)[0]
        downhill = -slope / np.linalg.norm(slope)
        draw = stream(seed, DIRECTIONS_STREAM)
        start = cost(point)[0]
        falls, cosines = [], []
        for begin in range(0, self.count, ROWS):
            steps = draw.standard_normal((min(ROWS, self.count - begin), point.shape[1]))
            steps /= np.linalg.norm(steps, axis=1, keepdims=True)
            falls.append((start - cost(point + self.length * steps)) / self.length)
            cosines.append(steps @ downhill)
        fall, steepest = np.concatenate(falls), float((start - cost(point + self.length * downhill))[0] / self.length)
        return Measured(
            final={
                "directions": float(self.count),
                "better": float((fall > steepest + ROUNDING * abs(steepest)).sum()),
                "fall_steepest": steepest,
                "fall_best_random": float(fall.max()),
                "gradient_norm": float(np.linalg.norm(slope)),
            },
            columns={"fall": fall, "cosine": np.concatenate(cosines)},
        )


@dataclass(frozen=True, kw_only=True)
class Slopes:
    """What nudging one parameter does to the cost, against its entry of the gradient.

    `count` parameters are drawn, those that matter most among them likelier (in proportion to the size of their slope,
    and a tenth evenly). Each is nudged up by `nudge`. The table holds each `parameter`, its `slope` and the `rise` of
    the cost over the nudge; the metrics how often their signs agree and the correlation of the two. `top_1_percent` and
    `top_10_percent` are the shares of the squared gradient that so many parameters hold; `dark_weights` counts those of
    pixels that are 0 in all training examples, and `dark_largest_slope` is the largest slope among these.
    """

    needs: ClassVar[Need] = NETWORK
    count: Any
    nudge: Any

    def __post_init__(self) -> None:
        whole("count", self.count, 3)
        scalars_in(self, nudge="(0, inf)")

    def __call__(
        self, problem: Problem, theta: Theta, optimizer: Optimizer, schedule: Schedule, stopping: Stopping, seed: int
    ) -> Measured:
        network = cast(Network, problem)
        point = theta.astype(np.float64)
        cost, gradient = cost_and_gradient(problem)
        slope = gradient(point)[0]
        shares = 0.9 * np.abs(slope) / np.abs(slope).sum() + 0.1 / len(slope)
        count = min(self.count, len(slope))
        which = stream(seed, DIRECTIONS_STREAM).choice(len(slope), count, replace=False, p=shares)
        nudged = np.repeat(point, count, axis=0)
        nudged[np.arange(count), which] += self.nudge
        rise = (cost(nudged) - cost(point)[0]) / self.nudge
        first = network.layers(slope[None])[0][0][0]
        dark = ~network.data.train_features.any(axis=0)
        ordered = np.sort(slope**2)[::-1]
        shares = {
            f"top_{percent}_percent": float(ordered[: len(ordered) * percent // 100].sum() / ordered.sum())
            for percent in (1, 10)
        }
        return Measured(
            final={
                "agreeing_signs": float((np.sign(rise) == np.sign(slope[which])).mean()),
                "correlation": float(np.corrcoef(rise, slope[which])[0, 1]),
                **shares,
                "dark_pixels": float(dark.sum()),
                "dark_weights": float(dark.sum() * len(first)),
                "dark_largest_slope": float(np.abs(first[:, dark]).max(initial=0)),
            },
            columns={"parameter": which, "slope": slope[which], "rise": rise},
        )


@dataclass(frozen=True, kw_only=True)
class BatchGradients:
    """How far the gradient of a mini-batch is from that of the whole training set.

    For each of `sizes`, `draws` mini-batches, drawn with replacement so that their examples are independent. The table
    holds the `size` and the relative `error` of each: the distance of the two gradients over the norm of the whole one.
    The metrics: the root mean square error by size, and the exponent of its fall with the size, fitted by least squares
    on log scales; theory has -1/2.
    """

    needs: ClassVar[Need] = NETWORK
    sizes: Any
    draws: Any

    def __post_init__(self) -> None:
        for size in self.sizes:
            whole("sizes", size, 1)
        if len(set(self.sizes)) < 2:
            raise ValueError(f"sizes must be two different whole numbers or more, got {list(self.sizes)}")
        whole("draws", self.draws, 2)

    def __call__(
        self, problem: Problem, theta: Theta, optimizer: Optimizer, schedule: Schedule, stopping: Stopping, seed: int
    ) -> Measured:
        network = cast(Network, problem)
        draw = stream(seed, DIRECTIONS_STREAM)
        whole_set, estimate = stack_like(theta), stack_like(theta)
        network.evaluate(theta, network.train, whole_set)
        sizes, errors = np.repeat(list(self.sizes), self.draws), []
        for size in sizes:
            chosen = draw.integers(len(network.train.labels), size=size)
            network.evaluate(theta, Examples(*(part[chosen] for part in network.train)), estimate)
            errors.append(float(norm(estimate - whole_set)[0] / norm(whole_set)[0]))
        error = np.array(errors)
        typical = {size: float(np.sqrt((error[sizes == size] ** 2).mean())) for size in self.sizes}
        exponent = np.polyfit(np.log(list(typical)), np.log(list(typical.values())), 1)[0]
        return Measured(
            final={"exponent": float(exponent), **{f"error_{size}": value for size, value in typical.items()}},
            columns={"size": sizes, "error": error},
        )


def cost_and_gradient(problem: Problem) -> tuple[Callable[[Theta], Costs], Callable[[Theta], Theta]]:
    """The cost and its gradient at many points in float64; a network's over the examples that `measure` looks at."""
    known = cast(Network | Landscape, problem)
    if isinstance(known, Landscape):
        landscape = known

        def slope(theta: Theta) -> Theta:
            out = np.empty_like(theta)
            landscape.gradient(theta, out)
            return out

        return landscape.cost, slope
    exact = replace(known, dtype="float64")
    examples = exact.measured[0]

    def gradient(theta: Theta) -> Theta:
        out = stack_like(theta)
        exact.evaluate(theta, examples, out)
        return out

    return lambda theta: exact.evaluate(theta, examples)[0], gradient


MEASUREMENTS: Sequence[type[Any]] = (Basins, Scores, Directions, Slopes, BatchGradients)
