"""Descend: the only loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int
from threadpoolctl import ThreadpoolController

from gdlab.arrays import Column, Costs, Point, Theta, spread, stack_like, stacked, take
from gdlab.batches import Batches
from gdlab.optimizers import Optimizer
from gdlab.schedules import Schedule
from gdlab.stopping import BUDGET, DIVERGED, RUNNING, Outcomes, Stopping, above

WATCH = 16  # steps between looks at the costs passed; a divergence is dated to its very step all the same

Also = Callable[[int, Theta], Mapping[str, Costs]]

one_thread = partial(ThreadpoolController().limit, limits=1, user_api="blas")


@runtime_checkable
class Oracle(Protocol):
    """First-order oracle: the cost at a theta it was given once, which it writes to `out`, its gradient elsewhere."""

    def __call__(self, out: Costs) -> None: ...


@runtime_checkable
class Problem(Protocol):
    """What the loop asks of a cost. `idle_cost` is the best cost without looking at the input, if there is an input."""

    dtype: Any
    parameters: int
    steps_per_epoch: int
    mini_batches: bool
    idle_cost: float | None

    def initial(self, rng: np.random.Generator) -> Point: ...

    def batches(self, seeds: Sequence[int]) -> Batches: ...

    def oracle(self, theta: Theta, gradient: Theta, batches: Batches) -> Oracle: ...

    def measure(self, theta: Theta) -> dict[str, Costs]:
        """What is recorded of a point: `cost`, `gradient_norm`, and what else the problem knows."""
        ...

    def measure_end(self, theta: Theta) -> dict[str, Costs]:
        """What else is worth knowing of the point at which a run ends."""
        ...


@dataclass(frozen=True)
class Snapshot:
    """Some of a stack's runs at one step; none, where the loop only says how far it has come.

    `rows` are the runs' places in the stack as it was at the start, and the first axis of all else. `theta` is valid
    until the loop goes on. `ends` are measured where a run has ended, NaN where it goes on. `diverged_at` is the first
    step with a cost out of bounds, -1 if there is none.
    """

    step: int
    epoch: float
    rows: Int[np.ndarray, " runs"]
    theta: Theta
    values: Mapping[str, Costs]
    ends: Mapping[str, Costs]
    outcomes: Outcomes
    diverged_at: Int[np.ndarray, " runs"]


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
    also: Also | None = None,
) -> Iterator[Snapshot]:
    """Let a stack of runs descend, and yield what they are at the recorded steps.

    About `points` steps are recorded, the first and the last always, and the one at which a run ends. A run
    that has ended leaves the stack; the others go on as if it had never been there, and as if they were alone: a run in
    a stack is bit for bit the run by itself. Divergence is an outcome, not an exception.

    Parameters
    ----------
    theta
        Where each run starts; not changed.
    seeds
        What decides each run's order of mini-batches.
    spacing
        How the recorded steps are spaced, a key of `SPACINGS`.
    also
        What else to record of points at a step, beside what the problem measures.

    """
    steps = stopping.steps(problem.steps_per_epoch)
    recorded = SPACINGS[spacing](steps, points)
    with one_thread():
        stack = _Stack(problem, theta, optimizer, schedule, stopping, seeds, steps, also)
        for here, ahead in pairwise(recorded):
            for step in range(here, ahead, WATCH):
                if step == here or stack.lost:
                    snapshot = stack.look(step, everyone=step == here)
                    yield snapshot
                    stack.keep(snapshot)
                else:
                    yield stack.nothing(step)
                if not len(stack.rows):
                    return
                stack.walk(step, min(step + WATCH, ahead))
        yield stack.look(steps, everyone=True)


def log_spaced(steps: int, points: int) -> list[int]:
    """0, `steps`, and whole numbers between, log-spaced: `points` of them, fewer where they would fall together."""
    return sorted({0, steps, *np.geomspace(1, steps, max(points - 1, 1)).round().astype(int).tolist()})


def evenly_spaced(steps: int, points: int) -> list[int]:
    """`points` whole numbers from 0 to `steps`, evenly spaced; fewer where they would fall together."""
    return sorted(set(np.linspace(0, steps, points).round().astype(int).tolist()))


SPACINGS = {"log": log_spaced, "even": evenly_spaced}


class _Stack:
    """The runs that are still going, and all that belongs to them."""

    def __init__(
        self,
        problem: Problem,
        theta: Theta,
        optimizer: Optimizer,
        schedule: Schedule,
        stopping: Stopping,
        seeds: Sequence[int],
        steps: int,
        also: Also | None,
    ) -> None:
        runs = len(theta)
        self.problem, self.stopping, self.steps, self.also = problem, stopping, steps, also
        self.rows = np.arange(runs)
        self.optimizer = spread(optimizer, runs, theta.dtype)
        self.schedule = spread(schedule, runs, theta.dtype)
        self.theta = stacked(theta, theta.dtype)
        self.state = self.optimizer.init(self.theta)
        self.batches = problem.batches(seeds)
        self.batch_cost = np.full(runs, np.nan)
        self.out_at = np.full(runs, -1)
        self.past: list[tuple[int, dict[str, Costs]]] = []
        self.make_room()

    def make_room(self) -> None:
        self.gradient = stack_like(self.theta)
        self.oracle = self.problem.oracle(self.theta, self.gradient, self.batches)
        self.costs = np.empty((WATCH, len(self.rows)), self.theta.dtype)

    def walk(self, step: int, until: int) -> None:
        """Take the steps from `step` to `until`, at most WATCH: the innermost loop."""
        oracle, update = self.oracle, self.optimizer.update
        theta, gradient, state = self.theta, self.gradient, self.state
        costs = self.costs[: until - step]
        with np.errstate(all="ignore"):
            for i, cost in enumerate(costs):
                if self.schedule.varies:
                    state.learning_rate[...] = self.learning_rate(step + i)
                oracle(cost)
                update(theta, gradient, state)
        self.batch_cost = costs[-1]
        out = above(costs, self.ceiling)
        if out.any():
            self.out_at = np.where(out.any(axis=0) & (self.out_at < 0), step + out.argmax(axis=0), self.out_at)

    def learning_rate(self, step: int) -> Column:
        """The rate of the update that starts from `step`."""
        return self.optimizer.learning_rate * self.schedule.factor(step, self.steps)

    @property
    def lost(self) -> bool:
        """Whether the cost of some run has gone out of bounds."""
        return bool((self.out_at >= 0).any())

    def nothing(self, step: int) -> Snapshot:
        """That the loop has come to this step."""
        none = np.empty(0, np.intp)
        return Snapshot(step, step / self.problem.steps_per_epoch, none, self.theta[:0], {}, {}, none, none)

    def look(self, step: int, everyone: bool) -> Snapshot:
        """Measure the runs, or only those whose cost has gone out of bounds, and judge whether they have ended."""
        which = np.arange(len(self.rows)) if everyone else np.flatnonzero(self.out_at >= 0)
        theta = stacked(self.theta[which], self.theta.dtype)
        with np.errstate(all="ignore"):
            now = self.problem.measure(theta)
            now |= self.also(step, theta) if self.also else {}
        outcomes = np.full(len(which), DIVERGED, dtype="<U9")
        if everyone:
            if step == 0:
                self.start, self.ceiling = now, self.stopping.ceiling(now["cost"])
            outcomes = self.judge(step, now)
        values = {**now, "learning_rate": self.learning_rate(min(step, self.steps - 1))[which, 0].astype(np.float64)}
        if self.problem.mini_batches:
            values["batch_cost"] = self.batch_cost[which].astype(np.float64)
        epoch = step / self.problem.steps_per_epoch
        return Snapshot(
            step, epoch, self.rows[which], theta, values, self.ends(theta, outcomes), outcomes, self.out_at[which]
        )

    def ends(self, theta: Theta, outcomes: Outcomes) -> dict[str, Costs]:
        ended = np.flatnonzero(outcomes != RUNNING)
        if not len(ended):
            return {}
        with np.errstate(all="ignore"):
            measured = self.problem.measure_end(stacked(theta[ended], theta.dtype))
        ends = {name: np.full(len(theta), np.nan) for name in measured}
        for name, values in measured.items():
            ends[name][ended] = values
        return ends

    def judge(self, step: int, now: dict[str, Costs]) -> Outcomes:
        half = [values["cost"] for past_step, values in self.past if past_step <= step / 2]
        halfway_cost = half[-1] if half else np.full(len(self.rows), np.nan)
        self.past.append((step, now))
        out_now = above(now["cost"], self.ceiling) & (self.out_at < 0)
        self.out_at = np.where(out_now, step, self.out_at)
        outcomes = self.stopping.outcomes(now, self.start, halfway_cost, self.problem.idle_cost)
        outcomes[self.out_at >= 0] = DIVERGED
        if step == self.steps:
            outcomes[outcomes == RUNNING] = BUDGET
        return outcomes

    def keep(self, snapshot: Snapshot) -> None:
        """Let the runs that have ended leave."""
        ended = snapshot.rows[snapshot.outcomes != RUNNING]
        if not len(ended):
            return
        kept = np.flatnonzero(~np.isin(self.rows, ended))
        self.rows, self.out_at, self.ceiling = self.rows[kept], self.out_at[kept], self.ceiling[kept]
        self.start = {name: values[kept] for name, values in self.start.items()}
        self.past = [(step, {"cost": values["cost"][kept]}) for step, values in self.past]
        if not len(kept):
            return
        self.theta = stacked(self.theta[kept], self.theta.dtype)
        self.optimizer, self.schedule = take(self.optimizer, kept), take(self.schedule, kept)
        self.state = take(self.state, kept)
        self.batches = self.batches.take(kept)
        self.batch_cost = self.batch_cost[kept]
        self.make_room()
