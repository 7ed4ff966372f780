"""Sweeps: plan the jobs, train the missing runs in stacks, write each to the outbox as it is delivered."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import replace
from typing import Protocol, runtime_checkable

from gdlab import tracking
from gdlab.sweeps.cards import differences
from gdlab.sweeps.configuration import Config
from gdlab.sweeps.plan import Job, Plan, plan
from gdlab.sweeps.starts import resolver
from gdlab.sweeps.summary import FAILED, REUSED, JobResult
from gdlab.sweeps.training import Delivery, Elastic, Training
from gdlab.sweeps.writing import Sweep, Writer, corrected, reused
from gdlab.tracking import Finished, Settings, Store

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

    def notice(self, text: str) -> None:
        """Something that the user should know about the tracking store; called from another thread, too."""
        ...

    def waiting(self, runs: int) -> None:
        """The command ends, and so many runs wait in the outbox."""
        ...


class Silent:
    """An observer that logs what a user must know, and does nothing else."""

    def planned(self, planned: Plan, closed: int) -> None:
        """Do nothing."""

    def began(self, places: Sequence[int]) -> None:
        """Do nothing."""

    def finished(self, result: JobResult) -> None:
        """Do nothing."""

    def notice(self, text: str) -> None:
        """Log a warning."""
        log.warning("%s", text)

    def waiting(self, runs: int) -> None:
        """Log a warning."""
        log.warning("%d runs wait in %s/ and are sent with the next sweep", runs, tracking.outbox_folder())


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
    settings: Settings | None = None,
    command: str = "",
    new_executor: Callable[[], Executor] | None = None,
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
        The number of worker processes, by default one per core or as many as `new_executor` has, and the most runs in
        a stack, by default as many as fit the cache.
    resume, dry_run
        `resume=False` trains finished runs again; `dry_run=True` makes the plan and stops.
    earlier
        The results of this sweep's previous rounds, for its parent run.
    settings
        Those of tracking; by default those in conf/.
    command
        The command that launches the sweep, for its parent run.
    new_executor
        Makes a worker; by default, a process on this machine. A `gdlab.sweeps.cluster.Cluster` is one whose workers
        are Dask's.

    Raises
    ------
    ConfigurationError, gdlab.problems.data.DataError
        If no configuration at all can be built; among others that can, one that cannot fails alone.
    gdlab.tracking.TrackingError
        If the store cannot be used.
    gdlab.sweeps.remote.EngineError
        If the workers of a cluster cannot be used.

    """
    if workers is None:
        workers = new_executor.workers() if isinstance(new_executor, Elastic) else cores()
    observer = observer or Silent()
    jobs = [Job(name=name, config=config) for name, config in zip(names or differences(configs), configs, strict=True)]
    if dry_run:
        planned = _planned(jobs, tracking.look_up(uri, experiment).finished, workers, rows, resume, resolver(uri))
        observer.planned(planned, 0)
        return []
    store = Store(uri, experiment, settings, notice=observer.notice)
    with closing(store):
        planned = _planned(jobs, store.look_up(), workers, rows, resume, resolver(uri))
        observer.planned(planned, store.closed)
        results: list[JobResult] = []
        name = sweep_name or time.strftime(f"%Y-%m-%d %H:%M:%S.{time.time_ns() % 10**9:09}")  # unlike any other's
        try:
            details = Sweep(name=name, command=command, earlier=earlier, resume=resume)
            outcomes = carry_out(planned, store, details, on_begin=observer.began, new_executor=new_executor)
            with closing(outcomes):
                for result in outcomes:
                    results.append(result)
                    observer.finished(result)
        finally:
            if waiting := store.waiting:
                observer.waiting(waiting)
        return [corrected(store, result) for result in results]


def _planned(
    jobs: Sequence[Job],
    finished: Mapping[str, Finished],
    workers: int,
    rows: int | None,
    resume: bool,
    resolve: Callable[[Config], Config],
) -> Plan:
    start = time.perf_counter()
    planned = plan(jobs, finished, workers=workers, rows=rows, resume=resume, resolve=resolve)
    log.debug(
        "planned %d jobs in %.2f s: %d reused, %d to train, in stacks of %s rows",
        len(jobs),
        time.perf_counter() - start,
        len(planned.reused),
        sum(map(len, planned.stacks)),
        ", ".join(str(len(stack)) for stack in planned.stacks) or "no",
    )
    return planned


def carry_out(
    planned: Plan,
    store: Store,
    details: Sweep,
    *,
    on_begin: Callable[[Sequence[int]], None] = lambda places: None,
    new_executor: Callable[[], Executor] | None = None,
) -> Generator[JobResult]:
    """Carry a plan out and yield the result of each job.

    The sweep's parent run is created if there is anything to write, and always closed. When the generator ends, all has
    been sent, or the store has taken nothing for a while.
    """
    yield from (reused(planned, place, finished) for place, finished in planned.reused.items())
    if not planned.stacks and not planned.invalid:
        return
    configs = [job.config for job in planned.jobs]
    training = Training(configs, planned.stacks, workers=planned.workers, on_begin=on_begin, new_executor=new_executor)
    with closing(training), Writer(planned, store, details) as writer:
        for place, failure in planned.invalid.items():
            on_begin([place])
            yield from writer.delivered(Delivery([place], [failure]))
        for delivery in training:
            for result in writer.delivered(delivery):
                yield result
                for duplicate in _duplicates(planned, result):
                    on_begin([duplicate.place])
                    yield duplicate


def cores() -> int:
    """The number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _duplicates(planned: Plan, result: JobResult) -> Iterator[JobResult]:
    for place, original in planned.duplicates.items():
        if original == result.place:
            how = FAILED if result.failure else REUSED
            yield replace(result, place=place, name=planned.jobs[place].name, how=how)
