"""`hydra/launcher=stacked`: all jobs of a sweep in one call, as stacks in worker processes.

A task function states that it can do so with `@stackable(run_jobs)`, where `run_jobs` takes all jobs and reports the
outcome of each. Any other task runs job by job, as with Hydra's basic launcher.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, JobStatus, filter_overrides
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from hydra_plugins import _internals as internals
from hydra_plugins._composition import Composition, Job

Task = TypeVar("Task", bound=Callable[..., Any])

LOCAL, DASK = ENGINES = ("local", "dask")

log = logging.getLogger("gdlab.launcher")  # under the name that `hydra.verbose=gdlab` shows


class ComposedJob(NamedTuple):
    """A job: its overrides, and its configuration resolved, as plain mappings."""

    overrides: Sequence[str]
    config: dict[str, Any]


class ComposedJobs:
    """The jobs of a launch, each composed when it is read; an invalid one raises."""

    def __init__(self, jobs: "Sequence[_Job]", composition: Composition) -> None:
        self._jobs, self._composition, self._loaded = jobs, composition, composition.loaded

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[ComposedJob]:
        seconds = 0.0
        for job in self._jobs:
            start = time.perf_counter()
            composed = ComposedJob(filter_overrides(job.overrides), job.composed.task())
            seconds += time.perf_counter() - start
            yield composed
        for job in self._jobs[-1:]:
            job.composed.config()  # from which `HydraConfig.get()` reads until the launch ends
        loaded = self._composition.loaded - self._loaded
        log.debug("composed %d jobs in %.2f s, %d of them with Hydra's loader", len(self), seconds, loaded)


class Engine(NamedTuple):
    """Where jobs are worked on: the name of an engine, the address of its scheduler, the number of workers.

    Without an address the workers are processes on this machine; `workers` None is one per core.
    """

    name: str
    address: str | None
    workers: int | None


class RunJobs(Protocol):
    """Runs all jobs of a launch; returns results, which it gets again as `earlier` in the sweep's next round.

    `folder` is the sweep's; `engine` says where to work; `rows` is the most jobs in a stack, None to choose. Once it
    has read all jobs, it calls `begin` with the places of jobs before their work begins, and `end` with each job's
    place and its return value, or the exception that it raised.
    """

    def __call__(
        self,
        jobs: ComposedJobs,
        /,
        *,
        folder: Path,
        engine: Engine,
        rows: int | None,
        earlier: Sequence[Any],
        begin: Callable[[Sequence[int]], None],
        end: Callable[[int, Any], None],
    ) -> Sequence[Any]: ...


def stackable(run_jobs: RunJobs) -> Callable[[Task], Task]:
    """Mark a task function as one of which `run_jobs` runs many jobs at once."""

    def mark(task: Task) -> Task:
        task.run_jobs = run_jobs  # type: ignore[attr-defined]
        return task

    return mark


@dataclass
class StackedLauncherConf:
    """`workers` null is one per core; `rows` null fits the stacks to the cache.

    `engine` dask trains on the workers of the Dask scheduler at `address`, or, if that is null, on this machine's.
    """

    _target_: str = "hydra_plugins.stacked_launcher.StackedLauncher"
    workers: int | None = None
    rows: int | None = None
    engine: str = LOCAL
    address: str | None = None


ConfigStore.instance().store(group="hydra/launcher", name="stacked", node=StackedLauncherConf, provider="gdlab")


class StackedLauncher(Launcher):
    """Launches all jobs of a stackable task in one call, those of others one by one.

    `composes_first` tells the grid sweeper that an invalid job ends the launch before any job has begun.
    """

    def __init__(self, workers: int | None, rows: int | None, engine: str, address: str | None) -> None:
        for name, value in (("workers", workers), ("rows", rows)):
            if value is not None and value < 1:
                raise ValueError(f"hydra.launcher.{name} must be a whole number of at least 1, got {value}")
        if engine not in ENGINES:
            raise ValueError(f"hydra.launcher.engine must be one of {', '.join(ENGINES)}, got {engine}")
        if address == "":
            raise ValueError("hydra.launcher.address must be an address like tcp://host:8786 or null, got ''")
        if address is not None and engine != DASK:
            raise ValueError("hydra.launcher.address is for hydra.launcher.engine=dask: add that, or leave it null")
        if address is not None and workers is not None:
            raise ValueError("hydra.launcher.workers starts workers here: leave it null with hydra.launcher.address")
        self.engine, self.rows = Engine(engine, address, workers), rows
        self.earlier: list[Any] = []

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context, self.task, self.config = hydra_context, task_function, config
        self.composition = Composition(hydra_context.config_loader, config)
        self.run_jobs: RunJobs | None = getattr(task_function, "run_jobs", None)
        self.composes_first = self.run_jobs is not None

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        if self.run_jobs is None:
            return internals.launch_one_by_one(self.context, self.task, self.config, job_overrides, initial_job_idx)
        folder = Path(str(self.config.hydra.sweep.dir))
        folder.mkdir(parents=True, exist_ok=True)  # sweepers write there too
        jobs = [
            _Job(self.composition, overrides, number, self.context, self.task)
            for number, overrides in enumerate(job_overrides, initial_job_idx)
        ]

        def begin(places: Sequence[int]) -> None:
            for place in places:
                jobs[place].begin()

        with internals.hydra_config_restored():
            self.earlier += self.run_jobs(
                ComposedJobs(jobs, self.composition),
                folder=folder,
                engine=self.engine,
                rows=self.rows,
                earlier=tuple(self.earlier),
                begin=begin,
                end=lambda place, outcome: jobs[place].end(outcome),
            )
        return [job.result for job in jobs]


class _Job:
    """One job, from its overrides to its result, with what Hydra promises of it: its folder and its callbacks."""

    def __init__(
        self,
        composition: Composition,
        overrides: Sequence[str],
        number: int,
        context: HydraContext,
        task: TaskFunction,
    ) -> None:
        self.composition, self.overrides, self.number = composition, list(overrides), number
        self.context, self.task = context, task
        self.begun = False
        self.kept: DictConfig | None = None
        self.result = JobReturn(overrides=list(filter_overrides(overrides)), working_dir=str(Path.cwd()))

    @cached_property
    def composed(self) -> Job:
        """The job's configuration."""
        return self.composition.job(self.overrides, self.number)

    def begin(self) -> None:
        """Make the job's folder, with its configuration in it, and notify callbacks."""
        self.begun = True
        self.result.task_name = str(self.composed.setting("job", "name"))
        self.composed.folder.mkdir(parents=True, exist_ok=True)
        subfolder = self.composed.setting("output_subdir")
        if subfolder is not None:
            place = self.composed.folder / str(subfolder)
            place.mkdir(parents=True, exist_ok=True)
            for name, text in self.composed.files().items():
                (place / name).write_text(text, encoding="utf-8")
        if internals.has_callbacks(self.context):
            self.kept = deepcopy(self.composed.config())
            self.result.cfg = OmegaConf.masked_copy(self.kept, [str(name) for name in self.kept if name != "hydra"])
            self.result.hydra_cfg = OmegaConf.masked_copy(self.kept, "hydra")
            self.context.callbacks.on_job_start(config=self.kept, task_function=self.task)

    def end(self, outcome: Any) -> None:
        """Note the job's outcome, in its log file too if it failed, and notify callbacks."""
        failed = isinstance(outcome, Exception)
        self.result.status = JobStatus.FAILED if failed else JobStatus.COMPLETED
        self.result.return_value = outcome
        if failed and self.begun:
            full = "".join(getattr(outcome, "__notes__", ())) or f"{outcome}\n"
            (self.composed.folder / f"{self.result.task_name}.log").write_text(full, encoding="utf-8")
        if self.kept is not None:
            self.context.callbacks.on_job_end(config=self.kept, job_return=self.result)
