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
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, InstantiationException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import gdlab
from gdlab.problems.data import DataError
from gdlab.sweeps import configuration
from gdlab.sweeps.configuration import ConfigurationError
from gdlab.sweeps.plan import Job, Plan, plan
from gdlab.sweeps.single import run_tracked
from gdlab.sweeps.summary import JobResult
from gdlab.tracking import TrackingError
from hydra_plugins.stacked_launcher import Composed, stackable

FLAGS = ("resume", "dry_run")
ABOUT = {"tracking", *FLAGS}  # sections that are no part of a run
UNNAMED = {"experiment", "tracking.uri", "tracking.experiment", *FLAGS}  # overrides that are no part of a run's name
OF_SWEEPS = ("hydra.sweeper.", "hydra.launcher.", "hydra/sweeper=", "hydra/launcher=")
TERMINATED = 128 + signal.SIGTERM
WANTS_TRACEBACKS = "HYDRA_FULL_ERROR" in os.environ


class RunError(Exception):
    """A run of a sweep has no result; the message says why."""


EXPECTED_ERRORS = (ConfigurationError, DataError, TrackingError, RunError, HydraException, OmegaConfBaseException)


class Launch:
    """What a command line asks for: jobs, and what is the same for all of them."""

    def __init__(self, composed: Sequence[Composed]) -> None:
        overrides = [set(job.overrides) for job in composed]
        common = set.intersection(*overrides) if len(composed) > 1 else set()
        self.jobs = [
            Job(name=run_name(text for text in job.overrides if text not in common), config=run_section(job.config))
            for job in composed
        ]
        self.resume, self.dry_run = (common_value(composed, name) for name in FLAGS)
        self.uri = common_value(composed, "tracking", "uri")
        study = HydraConfig.get().runtime.choices.get("experiment")
        self.experiment = common_value(composed, "tracking", "experiment") or study or "train"


class SweepConsole:
    """Shows a sweep on the terminal, and passes what happens to its jobs on to Hydra's launcher."""

    def __init__(self, begin: Callable[[Sequence[int]], None], end: Callable[[int, Any], None], dry_run: bool) -> None:
        self.began, self.end, self.dry_run = begin, end, dry_run

    def planned(self, planned: Plan, closed: int) -> None:
        """Print what will be reused, or, in a dry run, the whole plan."""
        if closed:
            print(f"{console.counted(closed, 'run')} of a killed process had been left open: marked KILLED")
        if self.dry_run:
            print(console.plan_table(planned))
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
    composed: Sequence[Composed],
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
    """What a sweeper minimizes: a run's final cost, inf if it diverged."""
    return math.inf if outcome == "diverged" else final_cost


def failure(result: JobResult) -> RunError | None:
    """Why a job has no result, with the traceback as a note."""
    if result.failure is None:
        return None
    error = RunError(result.failure.message)
    error.add_note(result.failure.traceback)
    return error


@hydra.main(version_base="1.3", config_path="../conf", config_name="train")
@stackable(run_sweep)
def train(composed: DictConfig) -> float:
    """Train one run; returns its objective."""
    try:
        config = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
        return run_one(cast(dict[str, Any], config))
    except EXPECTED_ERRORS as error:
        if WANTS_TRACEBACKS:
            raise
        sys.exit(f"error: {one_line(error)}")  # an exception would have Hydra add a report of its own


def run_one(config: dict[str, Any]) -> float:
    """Train one run, or show the plan of it; returns its objective."""
    settings = HydraConfig.get()
    of_sweeps = [text.partition("=")[0] for text in settings.overrides.hydra if text.startswith(OF_SWEEPS)]
    if of_sweeps and settings.mode == RunMode.RUN:
        raise ConfigurationError(f"{of_sweeps[0]} is for sweeps: add -m")
    launch = Launch([Composed(settings.overrides.task, config)])
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
    """What a configuration says of the run itself; raises for a section that is unknown."""
    for name in FLAGS:
        if not isinstance(config[name], bool):
            raise ConfigurationError(f"{name} must be true or false, got {config[name]!r}")
    known = {*configuration.SECTIONS, "seed", "measurement"}
    for name in config:
        if name not in known | ABOUT:
            raise ConfigurationError(f"unknown key {name}; valid keys: {', '.join(sorted(known | ABOUT))}")
    return {name: value for name, value in config.items() if name in known}


def common_value(jobs: Sequence[Composed], *keys: str) -> Any:
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
    """What a run is called: its overrides, each by the last part of its key."""
    named = [text for text in overrides if text.partition("=")[0] not in UNNAMED]
    return " ".join(re.sub(r"^[^=]*[./]", "", text) for text in named) or "defaults"


def one_line(error: Exception) -> str:
    """An error as a reader of the command line needs it."""
    if isinstance(error, InstantiationException) and isinstance(error.__cause__, ValueError):
        error = error.__cause__  # what Hydra puts around it names its own classes
    text = " ".join(str(error).split())
    if unknown := re.match(r"Could not override '([^']+)'", text):
        return f"unknown key {unknown[1]}; --cfg job lists the valid keys"
    if absent := re.search(
        r"Could not find '([^']+)/([^'/]+)' Available options in '[^']+': (.*?) Config search path", text
    ):
        return f"{absent[1]} must be one of {', '.join(absent[3].split())}, got {absent[2]}"
    return text


def main() -> None:
    """Run the command line; an error that the user can fix is reported in one line."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises what goes wrong, and leaves the report to this function
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    resolvers.register()
    try:
        train()
    except KeyboardInterrupt:
        sys.exit("interrupted: what was running is marked KILLED")
    except SystemExit as stop:
        if stop.code == TERMINATED:
            print("terminated: what was running is marked KILLED", file=sys.stderr)
        raise
    except EXPECTED_ERRORS as error:
        if WANTS_TRACEBACKS:
            raise
        sys.exit(f"error: {one_line(error)}")


if __name__ == "__main__":
    main()
