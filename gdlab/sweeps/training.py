"""Training: stacks of runs in worker processes.

The workers need NumPy and this package; they write nothing.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass

from gdlab.results import Result
from gdlab.sweeps.configuration import Config, load_problem, train_stack
from gdlab.sweeps.progress import Listener
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
    """The results of a stack, in the order of `places`."""

    places: Sequence[int]
    outcomes: Sequence[Result | Failure]


class Training:
    """Stacks in training; iterating yields each one's results as it ends.

    A run that raises fails alone: its stack is halved until the run is isolated. A stack whose worker dies (killed by
    the system for its memory, say) is retried once, then halved. `on_begin` is called with the places of a stack
    when it is submitted to a worker. `new_executor` makes one worker; it is called `workers` times, and again where one
    has died. The workers start at once, and end with `close`.
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
        work = _Work(configs, train_stack)
        lanes = range(1, 1 + min(workers, len(stacks)))
        self._lanes = [_Lane(number, new_executor or WorkerProcess, work) for number in lanes]
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
        for held in range(AHEAD):
            for lane in self._lanes:
                if self._waiting and len(lane.submitted) == held:
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
    future: Future[Sequence[Result]]


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
        self.submitted.append(_Submitted(task, self.executor.submit(self.work.train_stack, configs)))

    def take(self) -> tuple[Delivery | None, list[_Task]]:
        """The first stack's results, or None and the tasks that replace it."""
        first = self.submitted.popleft()
        task = first.task
        now, began = time.perf_counter(), self.idle_until
        self.idle_until = now
        first_job, last_job, runs = min(task.places), max(task.places), len(task.places)
        log.debug("worker %d: %d runs of jobs %d to %d, %.2f s", self.number, runs, first_job, last_job, now - began)
        try:
            return Delivery(task.places, first.future.result()), []
        except BrokenExecutor as error:
            self._replace()
            task.deaths += 1
            if task.deaths < TRIES:
                return None, [task]
            reason: Exception = error
        except Exception as error:
            reason = error
        if len(task.places) > 1:
            return None, task.halves()
        return Delivery(task.places, [_failure(reason)]), []

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


def _failure(error: Exception) -> Failure:
    if isinstance(error, BrokenExecutor):
        return Failure(f"{error}, {TRIES} times, while it trained this run alone", f"{error}\n")
    full = "".join(getattr(error, "__notes__", None) or traceback.format_exception(error))
    return Failure(f"{type(error).__name__}: {error}", full)
