"""The training loop; there is no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from gdlab.arrays import Costs, Rates, Theta, distinct, spread, stack_like, stacked, take
from gdlab.blas import one_thread
from gdlab.descent.batches import Forks, batches
from gdlab.descent.schedules import Schedule
from gdlab.descent.stopping import BUDGET, DIVERGED, RUNNING, Outcomes, Stopping, out_of_bounds
from gdlab.optimizers import Linear, Optimizer, Preconditioned
from gdlab.optimizers.gradient_descent import GradientDescent
from gdlab.problems.problem import Descending, Problem, Scaling, steps_per_epoch

WATCH = 16  # steps between checks of the costs; a divergence is still dated to the exact step

Rows = Int[np.ndarray, " runs"]
OnCosts = Callable[[int, Rows, Float[np.ndarray, "steps runs"]], None]


@runtime_checkable
class ExtraMetrics(Protocol):
    """Metrics recorded in addition to the problem's, for each of a stack's points.

    `preconditioner` is the diagonal by which the optimizer divides its steps there, one for each point: 0 before the
    first step, None for a rule that has none.
    """

    def at_step(self, step: int, theta: Theta, preconditioner: Theta | None) -> Mapping[str, Costs]:
        """The metrics of points at a recorded step."""
        ...

    def at_end(self, theta: Theta, preconditioner: Theta | None) -> Mapping[str, Costs]:
        """The metrics measured once, where runs have ended."""
        ...


@dataclass(frozen=True)
class Snapshot:
    """Some of a stack's runs at one step; none, where the loop only reports its progress.

    `rows` are the runs' places in the initial stack, and index the first axis of all other arrays. `theta` is valid
    until the loop continues. `ends` are measured where a run has ended, NaN elsewhere. `diverged_at` is the first step
    with a cost out of bounds, -1 if there is none.
    """

    step: int
    epoch: float
    rows: Rows
    theta: Theta
    values: Mapping[str, Costs]
    ends: Mapping[str, Costs]
    outcomes: Outcomes
    diverged_at: Rows


def descend(
    problem: Problem,
    theta: Theta,
    optimizer: Optimizer,
    *,
    schedule: Schedule,
    stopping: Stopping,
    seeds: Sequence[int],
    points: int,
    spacing: str = "log",
    extra_metrics: ExtraMetrics | None = None,
    on_costs: OnCosts | None = None,
    forks: Forks | None = None,
) -> Iterator[Snapshot]:
    """Train a stack of runs, and yield a snapshot at each recorded step.

    About `points` steps are recorded, the first and the last always, and the one at which a run ends. A run
    that has ended leaves the stack, and the others continue unchanged: a run in a stack is bit for bit the same as the
    run alone. Divergence is an outcome, not an exception.

    Parameters
    ----------
    theta
        The starting points; not modified.
    seeds
        A seed per run for the order of its mini-batches.
    spacing
        The spacing of the recorded steps, a key of `SPACINGS`.
    extra_metrics
        Called at the recorded steps and at the ends of runs; what it returns is recorded with the problem's metrics.
    on_costs
        Called every few steps with the first of them, the places of the runs in the stack, and the oracle's cost of
        each run before each of these steps; the array is overwritten later.
    forks
        For each run a change of the order of its mini-batches at some step, or None; by default none.

    """
    steps = stopping.steps(steps_per_epoch(problem))
    with one_thread():
        active = _ActiveRuns(problem, theta, optimizer, schedule, stopping, seeds, steps, extra_metrics, forks)
        for recorded, next_recorded in pairwise(SPACINGS[spacing](steps, points)):
            for step in range(recorded, next_recorded, WATCH):
                if step == recorded or active.any_diverged:
                    snapshot = active.snapshot(step, everyone=step == recorded)
                    yield snapshot
                    active.remove_ended(snapshot)
                else:
                    yield active.progress(step)
                if not len(active.rows):
                    return
                active.advance(step, min(step + WATCH, next_recorded))
                if on_costs:
                    on_costs(step, active.rows, active.last_costs)
        yield active.snapshot(steps, everyone=True)


def log_spaced(steps: int, points: int) -> list[int]:
    """0, `steps`, and whole numbers between, log-spaced: `points` of them, fewer where some coincide."""
    return sorted({0, steps, *np.geomspace(1, steps, max(points - 1, 1)).round().astype(int).tolist()})


def evenly_spaced(steps: int, points: int) -> list[int]:
    """`points` whole numbers from 0 to `steps`, evenly spaced; fewer where some coincide."""
    return sorted(set(np.linspace(0, steps, points).round().astype(int).tolist()))


def dense_at_ends(steps: int, points: int) -> list[int]:
    """About `points` whole numbers: a third from 0 on and a third up to `steps`, one by one; log-spaced between."""
    third = max(points // 3, 1)
    first, last = min(third - 1, steps), max(steps - third + 1, 0)
    between = np.geomspace(max(first, 1), max(last, 1), max(points - 2 * third, 0) + 2).round().astype(int)
    return sorted({*range(first + 1), *between.tolist(), *range(last, steps + 1)})


SPACINGS = {"log": log_spaced, "even": evenly_spaced, "ends": dense_at_ends}


class _ActiveRuns:
    """The runs of a stack that have not ended, with their state."""

    def __init__(
        self,
        problem: Problem,
        theta: Theta,
        optimizer: Optimizer,
        schedule: Schedule,
        stopping: Stopping,
        seeds: Sequence[int],
        steps: int,
        extra_metrics: ExtraMetrics | None,
        forks: Forks | None,
    ) -> None:
        runs = len(theta)
        self.problem, self.stopping, self.steps, self.extra_metrics = problem, stopping, steps, extra_metrics
        self.steps_per_epoch = steps_per_epoch(problem)
        self.rows = np.arange(runs)
        self.optimizer = spread(optimizer, runs, theta.dtype)
        self.schedule = spread(schedule, runs, theta.dtype)
        self.theta = stacked(theta, theta.dtype)
        self.state = self.optimizer.init(self.theta)
        self.batches = batches(problem, seeds, forks)
        self.batch_cost = np.full(runs, np.nan)
        self.diverged_at = np.full(runs, -1)
        points, which = distinct(self.theta)
        self.at_start = {
            name: values[which] for name, values in self.measured(0, points, np.arange(len(points))).items()
        }
        self.ceiling = stopping.ceiling(self.at_start["cost"])
        self.costs_recorded: list[tuple[int, Costs]] = []
        self.allocate()

    def allocate(self) -> None:
        """Allocate the arrays whose shape depends on the number of runs.

        If rule and problem allow it, the learning rate is kept in the oracle's factors, which multiply the gradient,
        and plain descent is left to the oracle.
        """
        rule, rate = self.optimizer, self.optimizer.learning_rate
        kind: type = type(rule)
        self.gradient = stack_like(self.theta)
        self.oracle = self.problem.oracle(self.theta, self.gradient, self.batches)
        if isinstance(rule, Linear) and isinstance(self.oracle, Scaling) and rate.shape == self.oracle.factors.shape:
            self.learning_rate = self.oracle.factors
            at_once = None
            if kind is GradientDescent and isinstance(self.oracle, Descending):
                at_once = self.oracle.descent()
            self.update = at_once or partial(rule.update_scaled, self.theta, self.gradient, self.state)
        else:
            self.learning_rate = np.empty_like(rate)
            self.update = partial(rule.update, self.theta, self.gradient, self.state, self.learning_rate)
        self.learning_rate[...] = rate
        self.costs = np.empty((WATCH, len(self.rows)), self.theta.dtype)

    def advance(self, step: int, until: int) -> None:
        """Take the steps from `step` to `until`, at most WATCH of them: the innermost loop."""
        oracle, update, learning_rate, varies = self.oracle, self.update, self.learning_rate, self.schedule.varies
        costs = self.costs[: until - step]
        with np.errstate(all="ignore"):
            for i, cost in enumerate(costs):
                if varies:
                    learning_rate[...] = self.scheduled_rate(step + i)
                oracle(cost)
                update()
        self.last_costs, self.batch_cost = costs, costs[-1]
        out = out_of_bounds(costs, self.ceiling)
        if out.any():
            first = step + out.argmax(axis=0)
            self.diverged_at = np.where(out.any(axis=0) & (self.diverged_at < 0), first, self.diverged_at)

    def scheduled_rate(self, step: int) -> Rates:
        """The learning rate of the update that starts from `step`."""
        return self.optimizer.learning_rate * self.schedule.factor(step, self.steps)

    @property
    def any_diverged(self) -> bool:
        """True if the cost of some run is out of bounds."""
        return bool((self.diverged_at >= 0).any())

    def progress(self, step: int) -> Snapshot:
        """A snapshot without runs: the loop has reached this step."""
        none = np.empty(0, np.intp)
        return Snapshot(step, step / self.steps_per_epoch, none, self.theta[:0], {}, {}, none, none)

    def snapshot(self, step: int, everyone: bool) -> Snapshot:
        """A snapshot of all runs, with their outcomes, or only of those whose cost is out of bounds."""
        which = np.arange(len(self.rows)) if everyone else np.flatnonzero(self.diverged_at >= 0)
        theta = stacked(self.theta[which], self.theta.dtype)
        metrics = self.at_start if step == 0 else self.measured(step, theta, which)
        outcomes = self.outcomes(step, metrics) if everyone else np.full(len(which), DIVERGED, dtype="<U9")
        rate = self.scheduled_rate(min(step, self.steps - 1))[which, 0]
        values = {**metrics, "learning_rate": rate.astype(np.float64)}
        if self.problem.batch_size is not None:
            values["batch_cost"] = self.batch_cost[which].astype(np.float64)
        return Snapshot(
            step,
            step / self.steps_per_epoch,
            self.rows[which],
            theta,
            values,
            self.measured_ends(step, theta, which, outcomes),
            outcomes,
            self.diverged_at[which],
        )

    def measured(self, step: int, theta: Theta, which: Rows) -> dict[str, Costs]:
        """The problem's metrics and the extra metrics, at the points of the runs `which`."""
        with np.errstate(all="ignore"):
            extra: Mapping[str, Costs] = {}
            if self.extra_metrics:
                extra = self.extra_metrics.at_step(step, theta, self.preconditioner(step, theta, which))
            return {**self.problem.measure(theta), **extra}

    def preconditioner(self, step: int, theta: Theta, which: Rows) -> Theta | None:
        """The optimizer's preconditioner at the points of the runs `which`; 0 before the first step."""
        if not isinstance(self.optimizer, Preconditioned):
            return None
        if step == 0:
            return np.zeros(theta.shape)
        return self.optimizer.preconditioner(self.state)[which]

    def measured_ends(self, step: int, theta: Theta, which: Rows, outcomes: Outcomes) -> dict[str, Costs]:
        """The metrics measured once, at a run's end; NaN for runs that have not ended, empty if none has."""
        ended = np.flatnonzero(outcomes != RUNNING)
        if not len(ended):
            return {}
        points = stacked(theta[ended], theta.dtype)
        with np.errstate(all="ignore"):
            measured = dict(self.problem.measure_end(points))
            if self.extra_metrics:
                preconditioner = self.preconditioner(step, points, which[ended])
                measured |= self.extra_metrics.at_end(points, preconditioner)
        ends = {name: np.full(len(theta), np.nan) for name in measured}
        for name, values in measured.items():
            ends[name][ended] = values
        return ends

    def outcomes(self, step: int, metrics: dict[str, Costs]) -> Outcomes:
        """Each run's outcome at this step, RUNNING for those that continue."""
        halfway = [costs for recorded, costs in self.costs_recorded if recorded <= step / 2]
        halfway_cost = halfway[-1] if halfway else np.full(len(self.rows), np.nan)
        self.costs_recorded.append((step, metrics["cost"]))
        out_now = out_of_bounds(metrics["cost"], self.ceiling) & (self.diverged_at < 0)
        self.diverged_at = np.where(out_now, step, self.diverged_at)
        outcomes = self.stopping.outcomes(metrics, self.at_start, halfway_cost, self.problem.constant_predictor_cost)
        outcomes[self.diverged_at >= 0] = DIVERGED
        if step == self.steps:
            outcomes[outcomes == RUNNING] = BUDGET
        return outcomes

    def remove_ended(self, snapshot: Snapshot) -> None:
        """Remove the runs that have ended."""
        ended = snapshot.rows[snapshot.outcomes != RUNNING]
        if not len(ended):
            return
        kept = np.flatnonzero(~np.isin(self.rows, ended))
        self.rows, self.diverged_at, self.ceiling = self.rows[kept], self.diverged_at[kept], self.ceiling[kept]
        self.at_start = {name: values[kept] for name, values in self.at_start.items()}
        self.costs_recorded = [(step, costs[kept]) for step, costs in self.costs_recorded]
        if not len(kept):
            return
        self.theta = stacked(self.theta[kept], self.theta.dtype)
        self.optimizer, self.schedule = take(self.optimizer, kept), take(self.schedule, kept)
        self.state = None if self.state is None else take(self.state, kept)
        self.batches = self.batches.take(kept)
        self.batch_cost = self.batch_cost[kept]
        self.allocate()
