"""Sweeps: plan the jobs, train the missing runs in stacks, write each to MLflow as it is delivered."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import replace
from functools import cache
from typing import Protocol, runtime_checkable

from gdlab import tracking
from gdlab.results import Result
from gdlab.sweeps import configuration
from gdlab.sweeps.configuration import Config
from gdlab.sweeps.plan import Job, Plan, plan
from gdlab.sweeps.summary import ALL_RUNS, FAILED, REUSED, TRAINED, JobResult, note, table
from gdlab.sweeps.training import Delivery, Failure, Training
from gdlab.tracking import Finished, RunCard, Store

log = logging.getLogger(__name__)


@runtime_checkable
class Observer(Protocol):
    """A sweep's observer, in the process that launched it."""

    def planned(self, planned: Plan, closed: int) -> None:
        """The plan is made; `closed` runs that a killed process had left open were marked KILLED."""
        ...

    def began(self, places: Sequence[int]) -> None:
        """Work on these jobs begins."""
        ...

    def finished(self, result: JobResult) -> None:
        """A job has its result."""
        ...


class Silent:
    """An observer that does nothing."""

    def planned(self, planned: Plan, closed: int) -> None:
        """Do nothing."""

    def began(self, places: Sequence[int]) -> None:
        """Do nothing."""

    def finished(self, result: JobResult) -> None:
        """Do nothing."""


def sweep(
    configs: Sequence[Config],
    uri: str,
    experiment: str,
    *,
    names: Sequence[str] | None = None,
    sweep_name: str | None = None,
    workers: int | None = None,
    rows: int | None = None,
    resume: bool = True,
    dry_run: bool = False,
    earlier: Sequence[JobResult] = (),
    observer: Observer | None = None,
) -> list[JobResult]:
    """Train many runs, each tracked in an MLflow experiment; runs that have finished there before are reused.

    Parameters
    ----------
    configs
        Configurations, as `gdlab.config` makes them.
    names
        The runs' names; by default the values in which their configurations differ.
    sweep_name
        Identifies the sweep: its parent run is made when the name is first used, and continued after that.
    workers, rows
        The number of worker processes, by default one per core, and the most runs in a stack, by default as many as
        fit the cache.
    resume, dry_run
        `resume=False` trains finished runs again; `dry_run=True` makes the plan and stops.
    earlier
        The results of this sweep's previous rounds, for its parent run.

    Raises
    ------
    ConfigurationError, gdlab.problems.data.DataError
        If no configuration at all can be built; among others that can, one that cannot fails alone.
    gdlab.tracking.TrackingError
        If the store cannot be used.

    """
    observer = observer or Silent()
    jobs = [Job(name=name, config=config) for name, config in zip(names or differences(configs), configs, strict=True)]
    store = cache(lambda: Store(uri, experiment))
    looked_at, finished, closed = tracking.milliseconds(), {}, 0
    if tracking.experiment_id(uri, experiment):
        closed = 0 if dry_run else store().close_orphans()
        finished = store().finished()
    elif not dry_run:
        tracking.check_place(uri)
    start = time.perf_counter()
    planned = plan(jobs, finished, workers=workers or cores(), rows=rows, resume=resume)
    log.debug(
        "planned %d jobs in %.2f s: %d reused, %d to train, in stacks of %s rows",
        len(jobs),
        time.perf_counter() - start,
        len(planned.reused),
        sum(map(len, planned.stacks)),
        ", ".join(str(len(stack)) for stack in planned.stacks) or "no",
    )
    observer.planned(planned, closed)
    results: list[JobResult] = []
    if not dry_run:
        name = sweep_name or time.strftime(f"%Y-%m-%d %H:%M:%S.{time.time_ns() % 10**9:09}")  # unlike any other's
        outcomes = carry_out(planned, store, name, looked_at=looked_at, earlier=earlier, on_begin=observer.began)
        with closing(outcomes):
            for result in outcomes:
                results.append(result)
                observer.finished(result)
    return results


def carry_out(
    planned: Plan,
    store: Callable[[], Store],
    name: str,
    *,
    looked_at: int,
    earlier: Sequence[JobResult] = (),
    on_begin: Callable[[Sequence[int]], None] = lambda places: None,
    new_executor: Callable[[], Executor] | None = None,
) -> Generator[JobResult]:
    """Carry a plan out and yield the result of each job.

    `name` identifies the sweep; its parent run is created if there is anything to write, and always closed. `store` is
    called once the workers have started. `looked_at` is when finished runs were looked up, in milliseconds since 1970:
    runs that another sweep has finished since then are not written twice. `earlier` are the results of the sweep's
    previous rounds, which the parent run includes.
    """
    yield from (_reused(planned, place, finished) for place, finished in planned.reused.items())
    if not planned.stacks and not planned.invalid:
        return
    configs = [job.config for job in planned.jobs]
    training = Training(configs, planned.stacks, workers=planned.workers, on_begin=on_begin, new_executor=new_executor)
    with closing(training):
        writer = _Writer(planned, store, name, looked_at, earlier)
        with writer:
            for place, failure in planned.invalid.items():
                on_begin([place])
                yield writer.failed(place, failure)
            for delivery in training:
                for result in writer.delivered(delivery):
                    yield result
                    for duplicate in _duplicates(planned, result):
                        on_begin([duplicate.place])
                        yield duplicate


class _Writer:
    """A writer of delivered results to MLflow, under the sweep's parent run."""

    def __init__(
        self, planned: Plan, store: Callable[[], Store], name: str, looked_at: int, earlier: Sequence[JobResult]
    ) -> None:
        self.plan, self.open, self.name, self.looked_at, self.earlier = planned, store, name, looked_at, earlier
        self.finished_elsewhere: dict[str, Finished] = {}
        self.results: list[JobResult] = []

    def __enter__(self) -> None:
        self.store = self.open()
        with self.store.alone():
            self.parent = self.store.sweep(self.name)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        reused = [_reused(self.plan, place, finished) for place, finished in self.plan.reused.items()]
        results = [*self.earlier, *reused, *self.results]
        status = tracking.FAILED if any(result.failure for result in results) else tracking.FINISHED
        if kind is not None:
            status = tracking.FAILED if issubclass(kind, Exception) else tracking.KILLED
        with self.store.alone():
            self.store.add_text(self.parent, ALL_RUNS, table(results))
            self.store.close(self.parent, status, note(results, len(self.earlier) + len(self.plan.jobs)))

    def delivered(self, delivery: Delivery) -> list[JobResult]:
        """Write a stack's results, except those that another sweep has written meanwhile."""
        now = tracking.milliseconds()
        with self.store.alone():
            self.finished_elsewhere |= self.store.finished_elsewhere(self.parent, self.looked_at)
            self.looked_at = now
            return [
                self._result(place, outcome) for place, outcome in zip(delivery.places, delivery.outcomes, strict=True)
            ]

    def failed(self, place: int, failure: Failure) -> JobResult:
        """Write a job that has no result."""
        with self.store.alone():
            return self._failed(place, failure)

    def _result(self, place: int, outcome: Result | Failure) -> JobResult:
        job_key = self.plan.keys[place]
        if job_key in self.finished_elsewhere:
            result = _reused(self.plan, place, self.finished_elsewhere[job_key])
        elif isinstance(outcome, Failure):
            return self._failed(place, outcome)
        else:
            run_id = self.store.write(self._card(place), outcome)
            result = JobResult(
                place=place,
                name=self.plan.jobs[place].name,
                how=TRAINED,
                run_id=run_id,
                outcome=outcome.outcome,
                final=outcome.final,
            )
        self.results.append(result)
        return result

    def _failed(self, place: int, failure: Failure) -> JobResult:
        run_id = self.store.write_failure(self._card(place), failure.message, failure.traceback)
        result = JobResult(place=place, name=self.plan.jobs[place].name, how=FAILED, run_id=run_id, failure=failure)
        self.results.append(result)
        return result

    def _card(self, place: int) -> RunCard:
        return replace(card(self.plan.jobs[place], self.plan.keys[place]), parent=self.parent)


def card(job: Job, job_key: str) -> RunCard:
    """What is logged of a run before it starts; only its configuration, if it has no key."""
    params = configuration.flat(job.config)
    if not job_key:
        return RunCard(name=job.name, config=job.config, params=params, key=job_key)
    problem = configuration.problem(job.config)
    data = getattr(problem, "data", None)
    return RunCard(
        name=job.name,
        config=job.config,
        params={**params, "parameters": problem.parameters},
        key=job_key,
        dataset=data.facts if data else None,
    )


def differences(configs: Sequence[Config]) -> list[str]:
    """A name for each configuration, made of the keys in which configurations differ and their values."""
    flats = [configuration.flat(config) for config in configs]
    keys = dict.fromkeys(name for flat in flats for name in flat)
    differing = [name for name in keys if _differs(name, flats)]
    seeds = {"seeds.init", "seeds.batches"} if "seed" in differing else set()
    return [
        " ".join(f"{_label(name)}={flat[name]}" for name in differing if name in flat and name not in seeds)
        or "defaults"
        for flat in flats
    ]


def _differs(key: str, flats: Sequence[Config]) -> bool:
    """Whether configurations state several values for a key, or some choose by it and others have no such section."""
    values = [repr(flat[key]) for flat in flats if key in flat]
    return len(set(values)) > 1 or (key.endswith(".name") and len(values) < len(flats))


def _label(key: str) -> str:
    """The last part of a key; of `optimizer.name`, `optimizer`."""
    return key.removesuffix(".name").rpartition(".")[2]


def cores() -> int:
    """The number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _duplicates(planned: Plan, result: JobResult) -> Iterator[JobResult]:
    for place, original in planned.duplicates.items():
        if original == result.place:
            how = FAILED if result.failure else REUSED
            yield replace(result, place=place, name=planned.jobs[place].name, how=how)


def _reused(planned: Plan, place: int, finished: Finished) -> JobResult:
    return JobResult(
        place=place,
        name=planned.jobs[place].name,
        how=REUSED,
        run_id=finished.run_id,
        outcome=finished.outcome,
        final=finished.metrics,
    )
