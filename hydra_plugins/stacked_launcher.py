"""`hydra/launcher=stacked`: all jobs of a sweep in one call of the task, as stacks in worker processes.

A task that can do that says so: `@stackable(together)` above the task function, where `together` takes all jobs and
reports what becomes of each. Any other task runs job by job, as with Hydra's basic launcher.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobRuntime, JobStatus, configure_log, filter_overrides, setup_globals
from omegaconf import DictConfig, OmegaConf, open_dict

from hydra_plugins._composition import Composition

Task = TypeVar("Task", bound=Callable[..., Any])


class Composed(NamedTuple):
    """A job: its overrides, and its configuration resolved, as plain mappings."""

    overrides: Sequence[str]
    config: dict[str, Any]


class Together(Protocol):
    """Does all the jobs; returns results, which it is given again as `earlier` in the sweep's next round.

    `folder` is the sweep's; `workers` how many processes to use, None for one a core; `rows` the most jobs in a stack,
    None to choose. It calls `begin` with the places of jobs before their work begins, and `end` with each job's place
    and its return value, or the exception that it raised.
    """

    def __call__(
        self,
        jobs: Sequence[Composed],
        /,
        *,
        folder: Path,
        workers: int | None,
        rows: int | None,
        earlier: Sequence[Any],
        begin: Callable[[Sequence[int]], None],
        end: Callable[[int, Any], None],
    ) -> Sequence[Any]: ...


def stackable(together: Together) -> Callable[[Task], Task]:
    """Say of a task function that `together` does many of its jobs at once."""

    def mark(task: Task) -> Task:
        task.together = together  # type: ignore[attr-defined]
        return task

    return mark


@dataclass
class StackedLauncherConf:
    """`workers` None is one a core; `rows` None fits the stacks to the cache."""

    _target_: str = "hydra_plugins.stacked_launcher.StackedLauncher"
    workers: int | None = None
    rows: int | None = None


ConfigStore.instance().store(group="hydra/launcher", name="stacked", node=StackedLauncherConf, provider="gdlab")


class StackedLauncher(BasicLauncher):
    """Launches all jobs in one call of a stackable task, others one by one."""

    def __init__(self, workers: int | None = None, rows: int | None = None) -> None:
        super().__init__()
        for name, value in (("workers", workers), ("rows", rows)):
            if value is not None and value < 1:
                raise ValueError(f"hydra.launcher.{name} must be a whole number of at least 1, got {value}")
        self.workers, self.rows = workers, rows
        self.earlier: list[Any] = []

    def together(self) -> Together | None:
        """What does all jobs at once, if the task has that."""
        return getattr(self.task_function, "together", None)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        together = self.together()
        if together is None:
            return super().launch(job_overrides, initial_job_idx)
        setup_globals()
        task = self.task_function
        assert self.config is not None and self.hydra_context is not None and task is not None
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        composition = Composition(self.hydra_context.config_loader, self.config)
        jobs = [
            _Job(composition, overrides, number, self.hydra_context.callbacks.callbacks)
            for number, overrides in enumerate(job_overrides, initial_job_idx)
        ]
        before = HydraConfig.instance().cfg

        def begin(places: Sequence[int]) -> None:
            for place in places:
                jobs[place].begin(task)

        def end(place: int, outcome: Any) -> None:
            jobs[place].end(outcome)

        try:
            self.earlier += together(
                [Composed(filter_overrides(job.overrides), job.plain()) for job in jobs],
                folder=Path(str(self.config.hydra.sweep.dir)),
                workers=self.workers,
                rows=self.rows,
                earlier=tuple(self.earlier),
                begin=begin,
                end=end,
            )
        finally:
            HydraConfig.instance().cfg = before
        return [job.result for job in jobs]


class _Job:
    """One job, from its overrides to its result, with what Hydra promises of it: its folder, its callbacks."""

    def __init__(
        self, composition: Composition, overrides: Sequence[str], number: int, callbacks: Sequence[Any]
    ) -> None:
        self.composition, self.overrides, self.number, self.callbacks = composition, list(overrides), number, callbacks
        self.folder: Path | None = None
        self.begun = False
        self.result = JobReturn(overrides=list(filter_overrides(overrides)), working_dir=str(Path.cwd()))

    def config(self) -> DictConfig:
        """The job's whole configuration, in force until the next job asks for its own."""
        config = self.composition.config(self.overrides, self.number)
        HydraConfig.instance().cfg = config  # type: ignore[assignment]  # `set_config` would copy it
        if self.folder is None:
            self.folder = (Path(str(config.hydra.sweep.dir)) / str(config.hydra.sweep.subdir)).absolute()
        with open_dict(config.hydra.runtime):
            config.hydra.runtime.output_dir = str(self.folder)
        return config

    def plain(self) -> dict[str, Any]:
        config = self.config()
        return {str(name): _plain(config[name]) for name in config if name != "hydra"}

    def begin(self, task: Callable[..., Any]) -> None:
        """Make the job's folder, with its configuration in it."""
        self.begun = True
        config = self.config()
        self.result.task_name = JobRuntime.instance().get("name")
        assert self.folder is not None
        self.folder.mkdir(parents=True, exist_ok=True)
        if config.hydra.output_subdir is not None:
            place = self.folder / config.hydra.output_subdir
            place.mkdir(parents=True, exist_ok=True)
            for name, text in self.composition.files(config).items():
                (place / name).write_text(text, encoding="utf-8")
        if self.callbacks:
            self.kept = deepcopy(config)
            self.result.cfg = OmegaConf.masked_copy(self.kept, [str(name) for name in self.kept if name != "hydra"])
            self.result.hydra_cfg = OmegaConf.masked_copy(self.kept, "hydra")
            for callback in self.callbacks:
                callback.on_job_start(config=self.kept, task_function=task)

    def end(self, outcome: Any) -> None:
        """Note what became of the job, in its log too if it failed."""
        failed = isinstance(outcome, Exception)
        self.result.status = JobStatus.FAILED if failed else JobStatus.COMPLETED
        self.result.return_value = outcome
        if not self.begun:
            return
        if failed and self.folder is not None:
            full = "".join(getattr(outcome, "__notes__", ())) or f"{outcome}\n"
            (self.folder / f"{self.result.task_name}.log").write_text(full, encoding="utf-8")
        for callback in self.callbacks:
            callback.on_job_end(config=self.kept, job_return=self.result)


def _plain(node: Any) -> Any:
    return OmegaConf.to_container(node, resolve=True, throw_on_missing=True) if OmegaConf.is_config(node) else node
