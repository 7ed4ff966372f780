"""Basins of attraction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from gdlab.arrays import Costs, Theta, stacked
from gdlab.checks import whole
from gdlab.descent.loop import descend
from gdlab.descent.schedules import Schedule
from gdlab.descent.stopping import DIVERGED as DIVERGED_RUN
from gdlab.descent.stopping import Stopping
from gdlab.measure.geometry import nearest
from gdlab.measure.measurements import MEASUREMENTS
from gdlab.measure.measurements.measurement import LANDSCAPE_WITH_MINIMA, MeasurementResult, Requirement, Setting
from gdlab.optimizers import Optimizer
from gdlab.problems.landscapes import Landscape
from gdlab.problems.problem import Problem

UNSETTLED, DIVERGED, RIDGE = -1, -2, -3  # in place of the index of a minimum
WITHIN = 1e-3  # of the box's diagonal: the distance within which a minimum counts as reached
LOOKS = 101
MOST_STARTS = 3000  # along an axis; in two dimensions their paths take some 2 GB
FLAT = 1e-6  # of the largest gradient norm at the starts: below it the gradient counts as vanishing


@MEASUREMENTS.register("basins")
@dataclass(frozen=True, kw_only=True)
class Basins:
    """The minimum that descent reaches from each point of a grid over a landscape's box; `starts` points per axis.

    The table holds each starting point (`start1`, …), the index of the `minimum` reached, the `steps` taken and the
    final `cost`. In place of an index there may be UNSETTLED, the budget ran out elsewhere; DIVERGED; or RIDGE, the
    path crossed a point with a vanishing gradient and negative curvature, where rounding decides the direction.
    """

    requires: ClassVar[Requirement] = LANDSCAPE_WITH_MINIMA
    starts: Any

    def __post_init__(self) -> None:
        whole("starts", self.starts, 2, MOST_STARTS)

    def __call__(self, setting: Setting) -> MeasurementResult:
        landscape = cast(Landscape, setting.problem)
        starts = grid(landscape, self.starts)
        reached, steps, cost = basins(landscape, starts, setting.optimizer, setting.schedule, setting.stopping)
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
        return MeasurementResult(final=shares, columns={**places, "minimum": reached, "steps": steps, "cost": cost})


def grid(landscape: Landscape, count: int) -> Theta:
    """A grid over a landscape's box, `count` points per axis, its edges included; the last axis varies fastest."""
    axes = [np.linspace(low, high, count) for low, high in landscape.box]
    return stacked(np.column_stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")]), landscape.dtype)


def basins(
    landscape: Landscape, starts: Theta, optimizer: Optimizer, schedule: Schedule, stopping: Stopping
) -> tuple[np.ndarray, np.ndarray, Costs]:
    """Each starting point's minimum, or the reason why it reached none (see `Basins`), its steps and its final cost."""
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
        diverged[rows] = snapshot.outcomes == DIVERGED_RUN
        still = np.flatnonzero(snapshot.values["gradient_norm"] <= flat)
        curved = np.linalg.eigvalsh(landscape.hessian(snapshot.theta[still]))[:, 0] < 0
        ridge[rows[still[curved]]] = True
    diagonal = float(np.linalg.norm(np.subtract(*np.transpose(landscape.box))))
    ends[diverged] = np.inf
    reached = nearest(ends, landscape.minima, WITHIN * diagonal)
    return np.select([ridge, diverged], [RIDGE, DIVERGED], reached), steps, cost
