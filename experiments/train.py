"""Train: one configuration, one run, tracked; with -m, a sweep of them."""

import math
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import console
import hydra
import resolvers
import usage_errors
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import gdlab
from gdlab import checks, defaults
from gdlab.problems.data import DataError
from gdlab.sweeps import configuration
from gdlab.sweeps.configuration import ConfigurationError
from gdlab.sweeps.plan import Job, Plan, plan
from gdlab.sweeps.single import run_tracked
from gdlab.sweeps.summary import JobResult
from gdlab.tracking import TrackingError
from hydra_plugins._axes import GEOMSPACE
from hydra_plugins._internals import VERSION_BASE, UsageError, split_command_line
from hydra_plugins.stacked_launcher import ComposedJob, stackable

FLAGS = ("resume", "dry_run")
ABOUT = {"tracking", *FLAGS}  # keys that do not describe the run
UNNAMED = {"experiment", "tracking.uri", "tracking.experiment", *FLAGS}  # keys left out of a run's name
OF_SWEEPS = ("hydra.sweeper.", "hydra.launcher.", "hydra/sweeper=", "hydra/launcher=")
PLANS_AHEAD = ("grid", "basic")  # sweepers that do not choose jobs by the results of others
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM
STOPPED = "unfinished runs are marked KILLED; a sweep resumes when it is launched again"
WANTS_TRACEBACKS = os.environ.get("HYDRA_FULL_ERROR") == "1"


class RunError(Exception):
    """A run of a sweep has no result; the message says why."""


EXPECTED_ERRORS = (
    ConfigurationError,
    DataError,
    TrackingError,
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
        if len({text for job in composed for text in job.overrides if text.startswith("experiment=")}) > 1:
            raise ConfigurationError(usage_errors.ONE_EXPERIMENT)
        study = HydraConfig.get().runtime.choices.get("experiment")
        self.experiment = common_value(composed, "tracking", "experiment") or study or "train"


class SweepConsole:
    """Shows a sweep on the terminal, and passes what happens to its jobs on to Hydra's launcher."""

    def __init__(self, begin: Callable[[Sequence[int]], None], end: Callable[[int, Any], None], dry_run: bool) -> None:
        self.began, self.end, self.dry_run = begin, end, dry_run

    def planned(self, planned: Plan, closed: int) -> None:
        """Print what will be reused, or, in a dry run, the whole plan."""
        if closed:
            print(f"{console.counted(closed, 'run')} left open by a killed process: marked KILLED")
        if self.dry_run:
            print(console.plan_table(planned))
            sweeper = HydraConfig.get().runtime.choices["hydra/sweeper"]
            if sweeper not in PLANS_AHEAD:
                print(f"this is the first batch; hydra/sweeper={sweeper} chooses the next from its results")
                sys.exit()
            for place in range(len(planned.jobs)):
                self.end(place, math.nan)
            return
        if planned.reused:
            print(
                f"{len(planned.reused)} of {console.counted(len(planned.jobs), 'run')} finished before and are reused; "
                "resume=false trains them again"
            )
        self.bar = console.SweepBar(planned)

    def finished(self, result: JobResult) -> None:
        """Advance the bar."""
        self.bar.add(result)
        self.end(result.place, failure(result) or objective(result.outcome, result.final_cost))

    def close(self) -> None:
        """Clear the bar."""
        if hasattr(self, "bar"):
            self.bar.close()


def run_sweep(
    composed: Sequence[ComposedJob],
    /,
    *,
    folder: Path,
    workers: int | None,
    rows: int | None,
    earlier: Sequence[JobResult],
    begin: Callable[[Sequence[int]], None],
    end: Callable[[int, Any], None],
) -> Sequence[JobResult]:
    """Train all jobs of a sweep; `end` takes each one's place and its objective, or why it has none."""
    start = time.perf_counter()
    launch = Launch(composed)
    watching = SweepConsole(begin, end, launch.dry_run)
    try:
        results = gdlab.sweep(
            [job.config for job in launch.jobs],
            launch.uri,
            launch.experiment,
            names=[job.name for job in launch.jobs],
            sweep_name=str(folder.resolve()),
            workers=workers,
            rows=rows,
            resume=launch.resume,
            dry_run=launch.dry_run,
            earlier=earlier,
            observer=watching,
        )
    finally:
        watching.close()
    if not launch.dry_run:
        print(console.sweep_summary(results, time.perf_counter() - start))
        print(console.experiment_link(launch.uri, launch.experiment))
    return results


def objective(outcome: str, final_cost: float) -> float:
    """The number that a sweeper minimizes: a run's final cost, inf if it diverged."""
    return math.inf if outcome == "diverged" else final_cost


def failure(result: JobResult) -> RunError | None:
    """The exception that says why a job has no result, with the traceback as a note; None if it has one."""
    if result.failure is None:
        return None
    error = RunError(result.failure.message)
    error.add_note(result.failure.traceback)
    return error


@hydra.main(config_path="../conf", config_name="train", **VERSION_BASE)
@stackable(run_sweep)
def train(composed: DictConfig) -> float:
    """Train one run; returns its objective."""
    settings = HydraConfig.get()
    try:
        config = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
        return run_one(cast(dict[str, Any], config))
    except EXPECTED_ERRORS as error:
        if WANTS_TRACEBACKS:
            raise
        if settings.mode == RunMode.MULTIRUN:
            print(f"failed: {run_name(settings.overrides.task)}: {error}")
            raise
        raise SystemExit(1) from error  # any other exception would have Hydra add a report of its own


def run_one(config: dict[str, Any]) -> float:
    """Train one run, or show the plan of it; returns its objective."""
    settings = HydraConfig.get()
    of_sweeps = [text.partition("=")[0] for text in settings.overrides.hydra if text.startswith(OF_SWEEPS)]
    of_sweeps += [text for text in settings.overrides.task if text.partition("=")[2].startswith(GEOMSPACE)]
    if of_sweeps and settings.mode == RunMode.RUN:
        raise ConfigurationError(f"{of_sweeps[0]} is for sweeps: add -m")
    launch = Launch([ComposedJob(settings.overrides.task, config)])
    (job,) = launch.jobs
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
        )
    print(console.summary(job.name, tracked.result, steps, tracked.seconds))
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
    tracking = config["tracking"]
    if not isinstance(tracking, dict) or tracking.keys() != {"uri", "experiment"}:
        raise ConfigurationError(f"tracking must be a section with the keys uri, experiment, got {tracking!r}")
    try:
        checks.whole("seed", config["seed"], 0)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    return {name: value for name, value in config.items() if name in known}


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
    named = [text for text in overrides if text.partition("=")[0] not in UNNAMED]
    return " ".join(re.sub(r"^[^=]*[./]", "", text) for text in named) or "defaults"


def experiment_mode(overrides: Sequence[str]) -> list[str]:
    """`hydra.mode`, where the chosen experiment's file sets it: Hydra 1.4 does not look there."""
    chosen = [text.partition("=")[2] for text in overrides if text.startswith("experiment=")]
    if not chosen or any(text.startswith("hydra.mode=") for text in overrides):
        return []
    try:
        mode = defaults.file(f"experiment/{chosen[-1]}").get("hydra", {}).get("mode")
    except FileNotFoundError:
        return []  # Hydra says so better
    return [f"hydra.mode={mode}"] if mode else []


def main() -> None:
    """Run the command line; an error that the user can fix is reported in one line."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises what goes wrong, and leaves the report to this function
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    resolvers.register()
    overrides: list[str] = []
    try:
        options, overrides = split_command_line(sys.argv[1:])
        sys.argv[1:] = [*options, *overrides, *experiment_mode(overrides)]
        train()
    except KeyboardInterrupt:
        print(f"interrupted: {STOPPED}", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except SystemExit as stop:
        if isinstance(stop.__cause__, Exception):
            sys.exit(f"error: {usage_errors.one_line(stop.__cause__, overrides)}")
        if stop.code == TERMINATED:
            print(f"terminated: {STOPPED}", file=sys.stderr)
        raise
    except Exception as error:
        if WANTS_TRACEBACKS or not (isinstance(error, EXPECTED_ERRORS) or usage_errors.is_refused(error)):
            raise
        sys.exit(f"error: {usage_errors.one_line(error, overrides)}")


if __name__ == "__main__":
    main()
