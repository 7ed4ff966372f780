"""The plan of a sweep: jobs to reuse, jobs that are invalid, and stacks of the others."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gdlab.blas import one_thread
from gdlab.descent.loop import WATCH
from gdlab.optimizers import Preconditioned
from gdlab.problems.data import DataError
from gdlab.sweeps import configuration, key
from gdlab.sweeps.configuration import Config, ConfigurationError, Stack
from gdlab.sweeps.stacks import Stacks, stacks
from gdlab.sweeps.training import Failure
from gdlab.tracking import Finished

TRACKING_SECONDS = 0.012  # of processor time for a run: launching, its files and MLflow
TRIAL_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Job:
    """A run or measurement to make: its name and its resolved configuration."""

    name: str
    config: Config


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do with each of a sweep's jobs, by their places.

    `duplicates` maps a job to an earlier one with the same key, whose result it gets. `stacks` hold the jobs to train.
    """

    jobs: Sequence[Job]
    keys: Sequence[str]
    reused: Mapping[int, Finished]
    invalid: Mapping[int, Failure]
    duplicates: Mapping[int, int]
    stacks: Stacks
    workers: int


def plan(
    jobs: Sequence[Job],
    finished: Mapping[str, Finished],
    *,
    workers: int,
    rows: int | None,
    resume: bool = True,
    resolve: Callable[[Config], Config] = lambda config: config,
) -> Plan:
    """The plan of these jobs: all are checked, and those whose key is among the finished are reused.

    `resolve` completes a configuration with what it names in the tracking store, or raises as this function does.

    Raises
    ------
    ConfigurationError, gdlab.problems.data.DataError
        The first job's error, if no job at all can be built.

    """
    jobs, keys, invalid = _checked(jobs, resolve)
    first: dict[str, int] = {}
    reused: dict[int, Finished] = {}
    duplicates: dict[int, int] = {}
    for place, job_key in enumerate(keys):
        if place in invalid:
            continue
        if resume and job_key in finished:
            reused[place] = finished[job_key]
        elif job_key in first:
            duplicates[place] = first[job_key]
        else:
            first[job_key] = place
    left = list(first.values())
    return Plan(
        jobs=jobs,
        keys=keys,
        reused=reused,
        invalid=invalid,
        duplicates=duplicates,
        stacks=[[left[i] for i in stack] for stack in stacks([jobs[place].config for place in left], workers, rows)],
        workers=workers,
    )


def _checked(
    jobs: Sequence[Job], resolve: Callable[[Config], Config]
) -> tuple[list[Job], list[str], dict[int, Failure]]:
    """The jobs resolved, the key of each, empty for an invalid one, and the failures of those; raises if all are
    invalid.

    A job is built unless others with the same sections, but for seeds, have been.
    """
    jobs, keys = list(jobs), []
    invalid: dict[int, Failure] = {}
    first_error: Exception | None = None
    sound: set[str] = set()
    for place, job in enumerate(jobs):
        try:
            config = resolve(job.config)
            jobs[place] = job if config is job.config else replace(job, config=config)
            sections = set(_independent_texts(config))
            if sections <= sound:
                configuration.seeds(config)
            else:
                configuration.build([config])
                sound |= sections
            keys.append(key.key(config))
        except (ConfigurationError, DataError, MemoryError) as error:
            invalid[place] = Failure(str(error) or "not enough memory", traceback.format_exc())
            first_error = first_error or error
            keys.append("")
    if first_error is not None and len(invalid) == len(jobs):
        raise first_error
    return jobs, keys, invalid


def _independent_texts(config: Config) -> Iterator[str]:
    """A configuration's sections as texts, those that are checked together as one; without seeds."""
    yield repr([config["problem"], config.get("measurement")])
    yield from (f"{name} {config[name]!r}" for name in ("optimizer", "schedule", "stop", "record"))


def estimate(planned: Plan) -> float:
    """An estimate of a plan's seconds, from a short trial of each kind of stack; measurements are not counted."""
    seconds, costs = 0.0, {}
    for places in planned.stacks:
        configs = [planned.jobs[place].config for place in places]
        if configuration.is_measurement(configs[0]):
            continue
        kind = key.shared(configs[0])
        if kind not in costs:
            costs[kind] = _trial(configuration.build(configs))
        stack = configuration.build(configs[:1])
        step, snapshot = costs[kind]
        seconds += len(places) * (step * stack.steps + snapshot * stack.record.points + TRACKING_SECONDS)
    return seconds / min(planned.workers, max(len(planned.stacks), 1))


def _trial(stack: Stack) -> tuple[float, float]:
    """Seconds per run for a step and for recording one."""
    trial = replace(stack, record=replace(stack.record, points=2, spacing="even", sharpness="never"))
    snapshots = trial.descend()
    previous = next(snapshots)
    began = time.perf_counter()
    steps: list[float] = []
    for snapshot in snapshots:
        now = time.perf_counter()
        if not len(snapshot.rows) or not steps:  # else it has measured, too
            steps.append((now - began) / (snapshot.step - previous.step))
        if sum(steps) * WATCH > TRIAL_SECONDS:
            break
        began, previous = time.perf_counter(), snapshot
    began = time.perf_counter()
    with one_thread(), np.errstate(all="ignore"):
        stack.problem.measure(stack.theta)
        if extra_metrics := stack.record.extra_metrics(stack.problem):
            ones = np.ones(stack.theta.shape) if isinstance(stack.optimizer, Preconditioned) else None
            extra_metrics.at_step(1, stack.theta, ones)
    return float(np.median(steps)) / len(stack.theta), (time.perf_counter() - began) / len(stack.theta)
