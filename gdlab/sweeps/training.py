"""Training: stacks of runs in worker processes, or in those of a cluster.

The workers need NumPy and this package; they write nothing.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

from gdlab.machine import machine
from gdlab.results import Result
from gdlab.sweeps.configuration import Config, load_problem, train_stack
from gdlab.sweeps.progress import Listener
from gdlab.sweeps.remote import EngineError
from gdlab.sweeps.stacks import Stacks
from gdlab.sweeps.worker import WorkerProcess

log = logging.getLogger(__name__)

AHEAD = 2  # stacks queued per worker: the one in training and the next, so that a worker never waits for this process
TRIES = 2  # of a stack whose worker dies: one retry

TrainStack = Callable[[Sequence[Config]], Sequence[Result]]


@dataclass(frozen=True)
class Failure:
    """The reason why a run has no result: a message and a traceback."""

    message: str
    traceback: str


@dataclass(frozen=True)
class Delivery:
    """The results of a stack, in the order of `places`, and the machine that it was trained on, as tags."""

    places: Sequence[int]
    outcomes: Sequence[Result | Failure]
    machine: Mapping[str, str] = field(default_factory=dict)


class StackLost(BrokenExecutor):
    """A stack has no result, and so many workers have died of it: none if the connection to them was lost."""

    def __init__(self, message: str, deaths: int) -> None:
        super().__init__(message)
        self.deaths = deaths


@runtime_checkable
class Elastic(Protocol):
    """A maker of executors for stacks that share workers, which come and go."""

    def __call__(self) -> Executor: ...

    def workers(self) -> int:
        """The number of workers now, at least 1."""
        ...


class Trained(NamedTuple):
    """A stack's results, and the machine that they come from, as tags."""

    results: Sequence[Result]
    machine: Mapping[str, str]


def trained_here(train_stack: TrainStack, configs: Sequence[Config]) -> Trained:
    """Train a stack in this process: the call that executors get."""
    return Trained(train_stack(configs), machine())


class Training:
    """Stacks in training; iterating yields each one's results as it ends.

    A run that raises fails alone: its stack is halved until the run is isolated. A stack whose worker dies (killed by
    the system for its memory, say) is retried once, then halved. `on_begin` is called with the places of a stack
    when it is submitted to a worker. `new_executor` makes one worker; it is called `workers` times, and again where one
    has died. If it is `Elastic`, an executor holds one stack, and there are `AHEAD` of them for each of its workers.
    They start at once, and end with `close`.

    Raises
    ------
    EngineError
        If the workers cannot be used; no run has failed, and what is left can be trained later.

    """

    def __init__(
        self,
        configs: Sequence[Config],
        stacks: Stacks,
        *,
        workers: int,
        on_begin: Callable[[Sequence[int]], None] = lambda places: None,
        new_executor: Callable[[], Executor] | None = None,
        train_stack: TrainStack = train_stack,
    ) -> None:
        self._on_begin = on_begin
        self._waiting = deque(_Task(places) for places in stacks)
        self._work = _Work(configs, train_stack)
        self._new_executor = new_executor or WorkerProcess
        self._workers, self._stacks = workers, len(stacks)
        self._lanes: list[_Lane] = []
        self._hand_out()

    def __iter__(self) -> Iterator[Delivery]:
        while any(lane.submitted for lane in self._lanes):
            wait([lane.submitted[0].future for lane in self._lanes if lane.submitted], return_when=FIRST_COMPLETED)
            for lane in self._lanes:
                if lane.submitted and lane.submitted[0].future.done():
                    delivery, again = lane.take()
                    self._waiting.extendleft(reversed(again))
                    self._hand_out()
                    if delivery is not None:
                        yield delivery

    def close(self) -> None:
        """Stop the workers at once."""
        for lane in self._lanes:
            lane.close()

    def _hand_out(self) -> None:
        lanes, ahead = self._workers, AHEAD
        if isinstance(self._new_executor, Elastic):
            lanes, ahead = AHEAD * self._new_executor.workers(), 1
        for number in range(len(self._lanes) + 1, 1 + min(lanes, self._stacks)):
            self._lanes.append(_Lane(number, self._new_executor, self._work))
        room = lanes * ahead - sum(len(lane.submitted) for lane in self._lanes)
        for held in range(ahead):
            for lane in self._lanes:
                if self._waiting and room > 0 and len(lane.submitted) == held:
                    room -= 1
                    task = self._waiting.popleft()
                    if task.fresh:
                        self._on_begin(task.places)
                    lane.give(task)


class ReadyWorkers:
    """Worker processes that start before there is work for them.

    Called, it returns one of them, or a new one if none is left: a `new_executor`. `close` ends those that are left.
    `on_steps` is called, in the workers' threads, with the number of steps that one has trained since its last call.
    """

    def __init__(self, count: int) -> None:
        self.on_steps: Listener = lambda steps: None
        self._idle = [self._started() for _ in range(count)]

    def __call__(self) -> WorkerProcess:
        return self._idle.pop() if self._idle else self._started()

    def _started(self) -> WorkerProcess:
        return WorkerProcess(lambda steps: self.on_steps(steps))

    def load(self, config: Config) -> None:
        """Have the workers load a configuration's data, once it is on this machine; errors are left to the plan."""
        with suppress(Exception):
            load_problem(config)
            for worker in self._idle:
                worker.submit(load_problem, config)

    def keep(self, count: int) -> None:
        """End those that are left but for `count`."""
        while len(self._idle) > count:
            self._idle.pop().shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """End those that are left."""
        self.keep(0)


@dataclass
class _Task:
    """A stack to train, and how many workers have died of it; `fresh` until it is first submitted, whole."""

    places: Sequence[int]
    deaths: int = 0
    fresh: bool = True

    def halves(self) -> list[_Task]:
        middle = len(self.places) // 2
        return [_Task(self.places[:middle], fresh=False), _Task(self.places[middle:], fresh=False)]


@dataclass(frozen=True)
class _Work:
    configs: Sequence[Config]
    train_stack: TrainStack


@dataclass(frozen=True)
class _Submitted:
    task: _Task
    future: Future[Trained]


class _Lane:
    """One worker and the stacks submitted to it, in their order."""

    def __init__(self, number: int, new_executor: Callable[[], Executor], work: _Work) -> None:
        self.number, self.new_executor, self.work = number, new_executor, work
        self.submitted: deque[_Submitted] = deque()
        self.executor = new_executor()

    def give(self, task: _Task) -> None:
        task.fresh = False
        if not self.submitted:
            self.idle_until = time.perf_counter()
        configs = [self.work.configs[place] for place in task.places]
        self.submitted.append(_Submitted(task, self.executor.submit(trained_here, self.work.train_stack, configs)))

    def take(self) -> tuple[Delivery | None, list[_Task]]:
        """The first stack's results, or None and the tasks that replace it."""
        first = self.submitted.popleft()
        task = first.task
        now, began = time.perf_counter(), self.idle_until
        self.idle_until = now
        first_job, last_job, runs = min(task.places), max(task.places), len(task.places)
        log.debug("worker %d: %d runs of jobs %d to %d, %.2f s", self.number, runs, first_job, last_job, now - began)
        try:
            trained = first.future.result()
            return Delivery(task.places, trained.results, trained.machine), []
        except EngineError:
            raise
        except BrokenExecutor as error:
            self._replace()
            task.deaths += error.deaths if isinstance(error, StackLost) else 1
            if task.deaths < TRIES:
                return None, [task]
            reason: Exception = error
        except Exception as error:
            reason = error
        if len(task.places) > 1:
            return None, task.halves()
        return Delivery(task.places, [_failure(reason, task.deaths)]), []

    def _replace(self) -> None:
        """Replace a dead worker, and resubmit the stacks that it had not started."""
        self.close()
        self.executor = self.new_executor()
        held = [submitted.task for submitted in self.submitted]
        self.submitted.clear()
        for task in held:
            self.give(task)

    def close(self) -> None:
        """Stop the worker at once."""
        self.executor.shutdown(wait=False, cancel_futures=True)


def _failure(error: Exception, deaths: int) -> Failure:
    if isinstance(error, BrokenExecutor):
        return Failure(f"{error}, {deaths} times, while it trained this run alone", f"{error}\n")
    full = "".join(getattr(error, "__notes__", None) or traceback.format_exception(error))
    return Failure(f"{type(error).__name__}: {error}", full)
