"""Launch a sweep: look up what is finished, train the rest in stacks, write each run to MLflow as it is delivered."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np

from gdlab import configuration, sweep, tracking
from gdlab.configuration import Config, ConfigurationError
from gdlab.data import DataError
from gdlab.sweep import Delivery, Failure, Stacks, Training
from gdlab.tracking import Finished, RunCard, Store
from gdlab.trajectory import Measured, Trajectory

ALL = "runs.md"
FOUND, TRAINED, FAILED = "found", "trained", "failed"
TRACKING_SECONDS = 0.05  # of processor time for a run: launching, its files and MLflow
TRIAL_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Job:
    """A run to be: what it is called and its configuration, resolved."""

    name: str
    config: Config


@dataclass(frozen=True, kw_only=True)
class Result:
    """What has become of a job: found finished, trained, or failed."""

    place: int
    name: str
    how: str
    run_id: str = ""
    outcome: str = ""
    final: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None

    @property
    def final_cost(self) -> float:
        """NaN where it is not finite, as MLflow does not keep it."""
        return self.final.get("final_cost", math.nan)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done about a sweep's jobs, by their places.

    `twins` are jobs that state again what another job does; they get its result. `parts` are the stacks of the rest.
    """

    jobs: Sequence[Job]
    keys: Sequence[str]
    found: Mapping[int, Finished]
    impossible: Mapping[int, Failure]
    twins: Mapping[int, int]
    parts: Stacks
    workers: int


def plan(
    jobs: Sequence[Job], finished: Mapping[str, Finished], *, workers: int, rows: int | None, resume: bool = True
) -> Plan:
    """Check every job, leave out those whose key has finished, and put the others into stacks.

    Raises
    ------
    ConfigurationError, gdlab.data.DataError
        If no job at all can be built: what is wrong with the first.

    """
    keys: list[str] = []
    first: dict[str, int] = {}
    found: dict[int, Finished] = {}
    impossible: dict[int, Failure] = {}
    twins: dict[int, int] = {}
    reason: Exception | None = None
    for place, job in enumerate(jobs):
        try:
            configuration.build([job.config])
            key = configuration.key(job.config)
        except (ConfigurationError, DataError, MemoryError) as error:
            impossible[place] = Failure(str(error) or "not enough memory", traceback.format_exc())
            reason = reason or error
            key = ""
        keys.append(key)
        if not key:
            continue
        if resume and key in finished:
            found[place] = finished[key]
        elif key in first:
            twins[place] = first[key]
        else:
            first[key] = place
    if reason is not None and len(impossible) == len(jobs):
        raise reason
    left = list(first.values())
    parts = sweep.stacks([jobs[place].config for place in left], workers, rows)
    return Plan(
        jobs=jobs,
        keys=keys,
        found=found,
        impossible=impossible,
        twins=twins,
        parts=[[left[i] for i in part] for part in parts],
        workers=workers,
    )


def run(
    todo: Plan,
    store: Callable[[], Store],
    name: str,
    *,
    looked_at: int,
    earlier: Sequence[Result] = (),
    begun: Callable[[Sequence[int]], None] = lambda places: None,
    new_executor: Callable[[], Executor] | None = None,
) -> Generator[Result]:
    """Carry a plan out and yield the result of each job.

    `name` identifies the sweep, whose parent run is made where there is anything to write, and closed whatever happens.
    `store` is asked for once the workers have begun; `looked_at` is when finished runs were looked up, in milliseconds
    since 1970: what another sweep has finished since then is not written a second time. `earlier` are the results of
    the sweep's rounds before this one, if it goes round by round: the parent run tells of all.
    """
    yield from (_found(todo, place, finished) for place, finished in todo.found.items())
    if not todo.parts and not todo.impossible:
        return
    configs = [job.config for job in todo.jobs]
    copies: dict[int, list[int]] = {}
    for twin, place in todo.twins.items():
        copies.setdefault(place, []).append(twin)
    training = Training(configs, todo.parts, workers=todo.workers, begun=begun, new_executor=new_executor)
    with closing(training):
        writer = _Writer(todo, store, name, looked_at, earlier)
        with writer:
            for place, failure in todo.impossible.items():
                begun([place])
                yield writer.impossible(place, failure)
            for delivery in training:
                for result in writer.delivered(delivery):
                    yield result
                    for twin in copies.get(result.place, ()):
                        begun([twin])
                        how = FAILED if result.failure else FOUND
                        yield replace(result, place=twin, name=todo.jobs[twin].name, how=how)


class _Writer:
    """Writes what is delivered to MLflow, under the sweep's parent run."""

    def __init__(
        self, todo: Plan, store: Callable[[], Store], name: str, looked_at: int, earlier: Sequence[Result]
    ) -> None:
        self.todo, self.open, self.name, self.looked_at, self.earlier = todo, store, name, looked_at, earlier
        self.news: dict[str, Finished] = {}
        self.results: list[Result] = []

    def __enter__(self) -> None:
        self.store = self.open()
        with self.store.alone():
            self.parent = self.store.sweep(self.name)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        found = [_found(self.todo, place, finished) for place, finished in self.todo.found.items()]
        results = [*self.earlier, *found, *self.results]
        status = tracking.FAILED if any(result.failure for result in results) else tracking.FINISHED
        if kind is not None:
            status = tracking.FAILED if issubclass(kind, Exception) else tracking.KILLED
        with self.store.alone():
            self.store.add_text(self.parent, ALL, table(results))
            self.store.close(self.parent, status, note(results, len(self.earlier) + len(self.todo.jobs)))

    def delivered(self, delivery: Delivery) -> list[Result]:
        now = tracking.milliseconds()
        with self.store.alone():
            self.news |= self.store.news(self.parent, self.looked_at)
            self.looked_at = now
            return [
                self._result(place, outcome) for place, outcome in zip(delivery.places, delivery.outcomes, strict=True)
            ]

    def impossible(self, place: int, failure: Failure) -> Result:
        with self.store.alone():
            return self._failed(place, failure)

    def _result(self, place: int, outcome: Trajectory | Measured | Failure) -> Result:
        key = self.todo.keys[place]
        if key in self.news:
            result = _found(self.todo, place, self.news[key])
        elif isinstance(outcome, Failure):
            return self._failed(place, outcome)
        else:
            run_id = self.store.write(self._card(place), outcome)
            result = Result(
                place=place,
                name=self.todo.jobs[place].name,
                how=TRAINED,
                run_id=run_id,
                outcome=outcome.outcome,
                final=outcome.final,
            )
        self.results.append(result)
        return result

    def _failed(self, place: int, failure: Failure) -> Result:
        run_id = self.store.write_failure(self._card(place), failure.message, failure.traceback)
        result = Result(place=place, name=self.todo.jobs[place].name, how=FAILED, run_id=run_id, failure=failure)
        self.results.append(result)
        return result

    def _card(self, place: int) -> RunCard:
        return replace(card(self.todo.jobs[place], self.todo.keys[place]), parent=self.parent)


def card(job: Job, key: str) -> RunCard:
    """What MLflow is told of a run before it begins; no more than its configuration, if it has no key."""
    params = configuration.flat(job.config)
    if not key:
        return RunCard(name=job.name, config=job.config, params=params, key=key)
    problem = configuration.problem(job.config)
    data = getattr(problem, "data", None)
    return RunCard(
        name=job.name,
        config=job.config,
        params={**params, "parameters": problem.parameters},
        key=key,
        dataset=data.facts if data else None,
    )


def estimate(todo: Plan) -> float:
    """Seconds that a plan will take, from a short trial of one stack of each kind; measurements not counted."""
    seconds, costs = 0.0, {}
    for part in todo.parts:
        configs = [todo.jobs[place].config for place in part]
        if configuration.measures(configs[0]):
            continue
        kind = configuration.shared(configs[0])
        if kind not in costs:
            costs[kind] = _trial(configuration.build(configs))
        stack = configuration.build(configs[:1])
        step, look = costs[kind]
        seconds += len(part) * (step * stack.steps + look * stack.record.points + TRACKING_SECONDS)
    return seconds / min(todo.workers, max(len(todo.parts), 1))


def _trial(stack: configuration.Stack) -> tuple[float, float]:
    """Seconds for a run's step and for the measuring of a recorded one, by least squares over a short descent."""
    spans, seconds = [], []
    begun, before, looked = time.perf_counter(), 0, True
    end = begun + TRIAL_SECONDS
    for snapshot in stack.descend():
        now = time.perf_counter()
        looked = len(snapshot.rows) > 0
        spans.append([snapshot.step - before, float(looked)])
        seconds.append(now - begun)
        begun, before = time.perf_counter(), snapshot.step
        if now > end and len(spans) > 2:
            break
    step, look = np.maximum(np.linalg.lstsq(np.array(spans), np.array(seconds), rcond=None)[0], 0)
    return float(step) / len(stack.theta), float(look) / len(stack.theta)


def table(results: Sequence[Result]) -> str:
    """Results as a Markdown table, the best first."""
    head, *rows = cells(ranked(results))
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, ["---"] * len(head), *rows])


def cells(results: Sequence[Result]) -> list[list[str]]:
    """A table of results in words: the heads of its columns, then a line for each."""
    measured = dict.fromkeys(name for result in results if "steps" not in result.final for name in result.final)
    rows = [
        [
            result.name,
            result.failure.message if result.failure else result.outcome,
            f"{result.final['steps']:.0f}" if "steps" in result.final else "",
            "" if result.failure or "steps" not in result.final else f"{result.final_cost:.6g}",
            f"{result.final['final_accuracy']:.2%}" if "final_accuracy" in result.final else "",
            *(f"{result.final[name]:.4g}" if name in result.final else "" for name in measured),
        ]
        for result in results
    ]
    heads = ["run", "outcome", "steps", "final cost", "test accuracy", *measured]
    told = [i for i, head in enumerate(heads) if head in ("run", "outcome") or any(row[i] for row in rows)]
    return [[row[i] for i in told] for row in [heads, *rows]]


def ranked(results: Sequence[Result]) -> list[Result]:
    """The highest final accuracy first, or, where there is none, the lowest final cost; what failed at the end."""

    def rank(result: Result) -> tuple[bool, float, float]:
        cost = result.final_cost
        return bool(result.failure), -result.final.get("final_accuracy", 0.0), math.inf if math.isnan(cost) else cost

    return sorted(results, key=rank)


def note(results: Sequence[Result], jobs: int) -> str:
    """What a sweep came to, for its parent run: counts, the best run, a table of the best and of what failed."""
    best = ranked(results)
    counts = {how: sum(result.how == how for result in results) for how in (TRAINED, FOUND, FAILED)}
    told = ", ".join(f"{count} {how}" for how, count in counts.items() if count)
    lines = [f"{jobs} jobs: {told or 'none done'}."]
    if best and not best[0].failure:
        lines += ["", f"Best: {best[0].name}."]
    failed = [result for result in best if result.failure]
    shown = best[: 20 - min(len(failed), 10)] + failed[:10] if len(best) > 20 else best
    return "\n".join([*lines, "", table(shown), f"All of them: `{ALL}` among the artifacts."])


def _found(todo: Plan, place: int, finished: Finished) -> Result:
    return Result(
        place=place,
        name=todo.jobs[place].name,
        how=FOUND,
        run_id=finished.run_id,
        outcome=finished.outcome,
        final=finished.metrics,
    )
