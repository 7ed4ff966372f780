"""Train: one configuration, one run, tracked; with -m, a sweep of them."""

import interruptions  # noqa: F401  first: Ctrl-C is heeded while the others are imported

# isort: split
import installation  # noqa: F401

# isort: split
import math
import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import command
import console
import engines
import hydra
import usage_errors
from engines import Workers
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from sweep_console import RunError, SweepConsole, objective

import gdlab
from gdlab import checks, defaults, tracking
from gdlab.problems.data import DataError
from gdlab.sweeps import configuration
from gdlab.sweeps.configuration import ConfigurationError
from gdlab.sweeps.plan import Job, plan
from gdlab.sweeps.remote import EngineError
from gdlab.sweeps.single import run_tracked
from gdlab.sweeps.starts import resolver
from gdlab.sweeps.summary import JobResult
from gdlab.tracking import Settings, TrackingError
from gdlab.tracking.settings import PLACES
from hydra_plugins._axes import GEOMSPACE
from hydra_plugins._internals import VERSION_BASE, UsageError
from hydra_plugins.stacked_launcher import ComposedJob, ComposedJobs, Engine, stackable

DATA = "GDLAB_PROBLEM_DATA"  # the default data set
FLAGS = ("resume", "dry_run")
ABOUT = {"tracking", *FLAGS}  # keys that do not describe the run
TRACKING = ("uri", *defaults.file("train")["tracking"])
UNNAMED = {"experiment", *ABOUT}  # keys left out of a run's name, with those inside
OF_SWEEPS = ("hydra.sweeper", "hydra.launcher", "hydra/sweeper=", "hydra/launcher=")

EXPECTED_ERRORS = (
    ConfigurationError,
    DataError,
    TrackingError,
    EngineError,
    RunError,
    UsageError,
    HydraException,
    OmegaConfBaseException,
)


class Launch:
    """The jobs that a command line asks for, and the settings that they share."""

    def __init__(self, composed: Sequence[ComposedJob]) -> None:
        overrides = [set(job.overrides) for job in composed]
        common = set.intersection(*overrides) if len(composed) > 1 else set()
        self.jobs = [
            Job(name=run_name(text for text in job.overrides if text not in common), config=run_section(job.config))
            for job in composed
        ]
        self.resume, self.dry_run = (common_value(composed, name) for name in FLAGS)
        self.uri = common_value(composed, "tracking", "uri")
        tracking.check_uri(self.uri)
        if len({text for job in composed for text in job.overrides if text.startswith("experiment=")}) > 1:
            raise ConfigurationError(usage_errors.ONE_EXPERIMENT)
        study = HydraConfig.get().runtime.choices.get("experiment")
        self.experiment = common_value(composed, "tracking", "experiment") or study or "train"
        self.settings = settings(composed[0].config["tracking"])


def run_sweep(
    composed: ComposedJobs,
    /,
    *,
    folder: Path,
    engine: Engine,
    rows: int | None,
    earlier: Sequence[JobResult],
    begin: Callable[[Sequence[int]], None],
    end: Callable[[int, Any], None],
) -> Sequence[JobResult]:
    """Train all jobs of a sweep; `end` takes each one's place and its objective, or why it has none."""
    with launched(composed, engine) as (launch, workers):
        start = time.perf_counter()
        watching = SweepConsole(begin, end, launch.dry_run, workers)
        try:
            results = gdlab.sweep(
                [job.config for job in launch.jobs],
                launch.uri,
                launch.experiment,
                names=[job.name for job in launch.jobs],
                sweep_name=str(folder.resolve()),
                workers=engine.workers,
                rows=rows,
                resume=launch.resume,
                dry_run=launch.dry_run,
                earlier=earlier,
                observer=watching,
                settings=launch.settings,
                command=tracking.redacted(launching()),
                new_executor=workers,
            )
        finally:
            watching.close()
            if watching.unsent:
                print(console.unsent(watching.unsent), file=sys.stderr)
    if not launch.dry_run:
        print(console.sweep_summary(results, time.perf_counter() - start))
        if watching.unsent:
            sys.exit(1)
        if address := console.sweep_link(launch.uri, launch.experiment, [job.config for job in launch.jobs]):
            print(address)
    return results


def launching() -> str:
    """The command line, with the environment's data set, and without the mode that the experiment's file sets."""
    data = os.environ.get(DATA)
    prefix = [f"{DATA}={data}"] if data else []
    arguments = sys.argv[1:]
    if arguments and command.experiment_mode(arguments[:-1]) == arguments[-1:]:
        arguments.pop()
    return " ".join([*prefix, shlex.join(["python", "experiments/train.py", *arguments])])


@contextmanager
def launched(composed: ComposedJobs, engine: Engine) -> Iterator[tuple[Launch, Workers]]:
    """A sweep's jobs, and workers that get ready while all but the first are composed."""
    jobs = iter(composed)
    first = next(jobs)
    with closing(engines.workers(engine, 0 if first.config.get("dry_run") else len(composed))) as workers:
        launch = Launch([first, *jobs])
        workers.load(launch.jobs[0].config)
        yield launch, workers


@hydra.main(config_path="../conf", config_name="train", **VERSION_BASE)
@stackable(run_sweep)
def train(composed: DictConfig) -> float:
    """Train one run; returns its objective."""
    settings = HydraConfig.get()
    try:
        config = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
        return run_one(cast(dict[str, Any], config))
    except EXPECTED_ERRORS as error:
        if settings.mode == RunMode.MULTIRUN and not command.WANTS_TRACEBACKS:
            print(f"failed: {run_name(settings.overrides.task)}: {error}")
        raise


def run_one(config: dict[str, Any]) -> float:
    """Train one run, or show the plan of it; returns its objective."""
    settings = HydraConfig.get()
    of_sweeps = [text.partition("=")[0] for text in settings.overrides.hydra if text.startswith(OF_SWEEPS)]
    of_sweeps += [text for text in settings.overrides.task if text.partition("=")[2].startswith(GEOMSPACE)]
    if of_sweeps and settings.mode == RunMode.RUN:
        raise ConfigurationError(f"{of_sweeps[0]} is for sweeps: add -m")
    launch = Launch([ComposedJob(settings.overrides.task, config)])
    job = replace(launch.jobs[0], config=resolver(launch.uri)(launch.jobs[0].config))
    if launch.dry_run:
        print(console.plan_table(plan([job], {}, workers=1, rows=None)))
        return math.nan
    is_job = settings.mode == RunMode.MULTIRUN
    sweep_name = str(Path(settings.sweep.dir).resolve()) if is_job else None
    steps = configuration.build([job.config]).steps
    with console.progress(steps, " steps") as bar:
        tracked = run_tracked(
            job,
            launch.uri,
            launch.experiment,
            sweep_name=sweep_name,
            on_snapshot=lambda snapshot: console.show_snapshot(bar, snapshot),
            notice=console.notice,
            settings=launch.settings,
        )
    print(console.summary(job.name, tracked.result, steps, tracked.seconds))
    if tracked.waiting:
        print(console.unsent(1), file=sys.stderr)
        raise SystemExit(1)
    if not is_job:
        print(console.link(launch.uri, tracked.page))
    return objective(tracked.result.outcome, tracked.result.final.get("final_cost", math.nan))


def run_section(config: dict[str, Any]) -> dict[str, Any]:
    """The part of a configuration that describes the run; raises for sections that are unknown, missing or invalid."""
    required = {*configuration.SECTIONS, "seed"}
    known = {*required, "measurement"}
    for name in config:
        if name not in known | ABOUT:
            raise ConfigurationError(f"unknown key {name}; valid keys: {', '.join(sorted(known | ABOUT))}")
    for name in sorted(required | ABOUT):
        if name not in config:
            raise ConfigurationError(f"{name} must not be removed")
    for name in FLAGS:
        if not isinstance(config[name], bool):
            raise ConfigurationError(f"{name} must be true or false, got {config[name]!r}")
    check_tracking(config["tracking"])
    try:
        checks.whole("seed", config["seed"], 0)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    return {name: value for name, value in config.items() if name in known}


def check_tracking(section: Any) -> None:
    """Check the keys of the section `tracking`, and its experiment."""
    if not isinstance(section, dict):
        raise ConfigurationError(f"tracking must be a section with the keys {', '.join(TRACKING)}, got {section!r}")
    for name in TRACKING:
        if name not in section:
            raise ConfigurationError(f"tracking.{name} must not be removed")
    for name in section:
        if name not in TRACKING:
            raise ConfigurationError(f"unknown key tracking.{name}; valid keys of tracking: {', '.join(TRACKING)}")
    if (name := section["experiment"]) is not None and not (isinstance(name, str) and name):
        raise ConfigurationError(f"tracking.experiment must be a name or null, got {name!r}")


def settings(section: dict[str, Any]) -> Settings:
    """The settings in the section `tracking`."""
    try:
        return Settings(**{name: value for name, value in section.items() if name not in PLACES})
    except ValueError as error:
        raise ConfigurationError(f"tracking.{error}") from None


def common_value(jobs: Sequence[ComposedJob], *keys: str) -> Any:
    """A value that all jobs of a sweep must share."""
    values = []
    for job in jobs:
        value: Any = job.config
        for key in keys:
            value = value[key]
        values.append(value)
    different = sorted(set(map(str, values)))
    if len(different) > 1:
        raise ConfigurationError(
            f"{'.'.join(keys)} must be the same for all runs of a sweep, got {' and '.join(different)}"
        )
    return values[0]


def run_name(overrides: Iterable[str]) -> str:
    """A run's name: its overrides, each with the last part of its key."""
    named = [text for text in overrides if re.split(r"[.=]", text.lstrip("+~"))[0] not in UNNAMED]
    return " ".join(re.sub(r"^[^=]*[./]", "", text) for text in named) or "defaults"


if __name__ == "__main__":
    command.run(train, EXPECTED_ERRORS)
