"""A sweep: many runs, put into stacks, and the stacks into worker processes.

Any run in a stack is bit for bit the run alone, so a stack may be cut anywhere: to fill the workers, to fit a cache, or
to find the one run that brings a worker down. The workers need NumPy and this package; they write nothing.
"""

from __future__ import annotations

import traceback
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from itertools import chain, pairwise

from gdlab import configuration
from gdlab.configuration import Config
from gdlab.trajectory import Measured, Recorder, Trajectory
from gdlab.worker import WorkerProcess

CACHE = 2**22  # bytes that a stack's steps go through: a core's part of a last-level cache
FEW = 8  # rows below which a step costs mostly Python's time: better mixed orders of mini-batches than fewer rows
MOST = 1024
AHEAD = 2  # stacks a worker holds: the one it trains and the next, so that it never waits for this process
TRIES = 2

Stacks = list[list[int]]  # places of runs in the sweep
TrainStack = Callable[[Sequence[Config]], Sequence[Trajectory | Measured]]


@dataclass(frozen=True)
class Failure:
    """Why a run has no result, in one line and in full."""

    message: str
    traceback: str


@dataclass(frozen=True)
class Delivery:
    """A stack that has come to its end; `outcomes` stand in the order of `places`."""

    places: Sequence[int]
    outcomes: Sequence[Trajectory | Measured | Failure]


def stacks(configs: Sequence[Config], workers: int, rows: int | None = None) -> Stacks:
    """The places of the runs that descend together, at most `rows` in a stack.

    Left to itself a stack is as large as fits the cache, as long as every worker has two, or one where there are few
    runs. Runs that share their order of mini-batches stay together: their examples are gathered once for all.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for place, config in enumerate(configs):
        alone = f" {place}" if configuration.measures(config) else ""
        groups[configuration.shared(config) + alone].append(place)
    largest = rows or max(min(FEW, -(-len(configs) // workers)), -(-len(configs) // (2 * workers)))
    result = []
    for places in groups.values():
        for together in _by_order(configs, places):
            own = len({configuration.order_seed(configs[place]) for place in together}) > 1
            fit = rows or max(1, CACHE // configuration.row_bytes(configs[places[0]], own))
            result += _even_parts(together, min(fit, largest, MOST))
    return result


class Training:
    """Stacks in training; iterating yields each as it ends.

    A run that raises takes only itself down: its stack is halved until the run is alone. So is a stack whose worker
    dies (killed by the system for its memory, say), after a second try. `begun` is told the places of a stack when it
    is given to a worker. `new_executor` makes one worker; it is asked for `workers` of them, and for another where one
    has died. The workers begin at once, and end with `close`.
    """

    def __init__(
        self,
        configs: Sequence[Config],
        parts: Stacks,
        *,
        workers: int,
        begun: Callable[[Sequence[int]], None] = lambda places: None,
        new_executor: Callable[[], Executor] | None = None,
        train_stack: TrainStack | None = None,
    ) -> None:
        self._begun = begun
        self._waiting = deque(_Task(places) for places in parts)
        work = _Work(configs, train_stack or descend)
        self._lanes = [_Lane(new_executor or WorkerProcess, work) for _ in range(min(workers, len(parts)))]
        self._hand_out()

    def __iter__(self) -> Iterator[Delivery]:
        while any(lane.given for lane in self._lanes):
            wait([lane.given[0].future for lane in self._lanes if lane.given], return_when=FIRST_COMPLETED)
            for lane in self._lanes:
                if lane.given and lane.given[0].future.done():
                    delivery, again = lane.take()
                    self._waiting.extendleft(reversed(again))
                    self._hand_out()
                    if delivery is not None:
                        yield delivery

    def close(self) -> None:
        """End the workers, whatever they are doing."""
        for lane in self._lanes:
            lane.close()

    def _hand_out(self) -> None:
        for held in range(AHEAD):
            for lane in self._lanes:
                if self._waiting and len(lane.given) == held:
                    task = self._waiting.popleft()
                    if task.fresh:
                        self._begun(task.places)
                    lane.give(task)


def descend(configs: Sequence[Config]) -> Sequence[Trajectory | Measured]:
    """What a worker does: build a stack, let it descend, return its trajectories; or measure."""
    stack = configuration.build(configs)
    if stack.measurement:
        return [stack.measure()]
    recorder = Recorder(stack.theta, stack.record.path)
    for snapshot in stack.descend():
        recorder.add(snapshot)
    return recorder.trajectories


def _by_order(configs: Sequence[Config], places: Sequence[int]) -> list[list[int]]:
    """Runs with one order of mini-batches together; those that would be too few, all in one."""
    by_seed: dict[int | None, list[int]] = defaultdict(list)
    for place in places:
        by_seed[configuration.order_seed(configs[place])].append(place)
    many = [group for group in by_seed.values() if len(group) >= FEW]
    few = list(chain.from_iterable(group for group in by_seed.values() if len(group) < FEW))
    return [*many, few] if few else many


def _even_parts(places: Sequence[int], most: int) -> Stacks:
    """As few parts as have at most so many places, of sizes that differ by one at most."""
    count = -(-len(places) // most)
    ends = [len(places) * i // count for i in range(count + 1)]
    return [list(places[start:end]) for start, end in pairwise(ends)]


@dataclass
class _Task:
    """A stack to train, and how many workers have died of it; `fresh` if no worker has been given it or its whole."""

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
class _Given:
    task: _Task
    future: Future[Sequence[Trajectory | Measured]]


class _Lane:
    """One worker and the stacks it has been given, in their order."""

    def __init__(self, new_executor: Callable[[], Executor], work: _Work) -> None:
        self.new_executor, self.work = new_executor, work
        self.given: deque[_Given] = deque()
        self.executor = new_executor()

    def give(self, task: _Task) -> None:
        task.fresh = False
        configs = [self.work.configs[place] for place in task.places]
        self.given.append(_Given(task, self.executor.submit(self.work.train_stack, configs)))

    def take(self) -> tuple[Delivery | None, list[_Task]]:
        """What has become of the first stack, and the tasks that are to be done in its stead."""
        first = self.given.popleft()
        task = first.task
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
        """Take a new worker for one that has died, and give it what the old one held but had not begun."""
        self.close()
        self.executor = self.new_executor()
        held = [given.task for given in self.given]
        self.given.clear()
        for task in held:
            self.give(task)

    def close(self) -> None:
        """End the worker, whatever it is doing."""
        self.executor.shutdown(wait=False, cancel_futures=True)


def _failure(error: Exception) -> Failure:
    if isinstance(error, BrokenExecutor):
        return Failure(f"{error}, {TRIES} times, while it trained this run alone", f"{error}\n")
    told = "".join(getattr(error, "__notes__", None) or traceback.format_exception(error))
    return Failure(f"{type(error).__name__}: {error}", told)
