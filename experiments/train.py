"""Train: one configuration, one run, tracked; with -m, a sweep of them."""

import math
import os
import re
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from functools import cache, reduce
from pathlib import Path
from typing import Any, cast

import console
import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, InstantiationException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from gdlab import tracking
from gdlab.sweeps import configuration, launch
from gdlab.sweeps.configuration import ConfigurationError
from gdlab.problems.data import DataError
from gdlab.sweeps.launch import Job, Plan, Result
from gdlab.descent.stopping import DIVERGED
from gdlab.tracking import LiveRun, Store, Sweep, TrackingError
from gdlab.descent.trajectory import Recorder, Trajectory, point
from hydra_plugins.stacked_launcher import Composed, stackable

UNTOLD = {
    "experiment",
    "tracking.uri",
    "tracking.experiment",
    "resume",
    "dry_run",
}  # overrides that do not tell runs apart
FLAGS = ("resume", "dry_run")
ABOUT = {"tracking", *FLAGS}  # sections that are no part of a run
OF_SWEEPS = ("hydra.sweeper.", "hydra.launcher.", "hydra/sweeper=", "hydra/launcher=")
TERMINATED = 128 + signal.SIGTERM
WANTED = "wanted"  # HYDRA_FULL_ERROR was set by the user, who wants tracebacks
SWEEPS: set[Sweep] = set()
ROUNDS: defaultdict[Path, list[Result]] = defaultdict(list)  # what the rounds of a sweep came to, by its folder


class RunError(Exception):
    """A run of a sweep came to nothing; the message says why."""


KNOWN = (ConfigurationError, DataError, TrackingError, RunError, HydraException, OmegaConfBaseException)


def run_sweep(
    composed: Sequence[Composed],
    /,
    *,
    folder: Path,
    workers: int,
    rows: int | None,
    begun: Callable[[Sequence[int]], None],
) -> Generator[tuple[int, float | Exception]]:
    """Train all jobs of a sweep together; yields each one's place and its objective, or why it has none."""
    start = time.perf_counter()
    alike = set.intersection(*(set(job.overrides) for job in composed)) if len(composed) > 1 else set()
    jobs = [
        Job(name=run_name(text for text in job.overrides if text not in alike), config=run_part(job.config))
        for job in composed
    ]
    uri, experiment = one_of_all(composed, "tracking", "uri"), one_of_all(composed, "tracking", "experiment")
    resume, dry_run = one_of_all(composed, "resume"), one_of_all(composed, "dry_run")
    store = cache(lambda: Store(uri, experiment))
    looked_at, finished = tracking.milliseconds(), {}
    if tracking.experiment_id(uri, experiment):
        if not dry_run and (count := store().mend()):
            print(f"{count} runs of a killed process were still open: marked KILLED")
        finished = store().finished()
    elif not dry_run:
        tracking.check_place(uri)
    todo = launch.plan(jobs, finished, workers=workers, rows=rows, resume=resume)
    if dry_run:
        foresee(todo)
        yield from ((place, math.nan) for place in range(len(jobs)))
        return
    if todo.found:
        print(f"{len(todo.found)} of {len(jobs)} runs are finished already; resume=false would train them again")
    results: list[Result] = []
    earlier = ROUNDS[folder.resolve()]
    outcomes = launch.run(todo, store, str(folder.resolve()), looked_at=looked_at, earlier=tuple(earlier), begun=begun)
    with closing(outcomes), console.sweep_progress(todo) as bar:
        for result in outcomes:
            results.append(result)
            bar.add(result)
            yield result.place, failure(result) or objective(result.outcome, result.final_cost)
    earlier += results
    print(console.sweep_summary(results, time.perf_counter() - start))
    print(console.see(uri, f"/#/experiments/{store().experiment_id}"))


def objective(outcome: str, final_cost: float) -> float:
    """What a sweeper is told of a run: its final cost, inf if it diverged."""
    return math.inf if outcome == DIVERGED else final_cost


def failure(result: Result) -> RunError | None:
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
        return run(cast(dict[str, Any], config))
    except KNOWN as error:
        if os.environ["HYDRA_FULL_ERROR"] == WANTED:
            raise
        sys.exit(f"error: {one_line(error)}")  # an exception would have Hydra add a report of its own


def run(config: dict[str, Any]) -> float:
    """Build, descend, track; returns the objective."""
    settings = HydraConfig.get()
    if settings.mode == RunMode.RUN and (
        idle := [text for text in settings.overrides.hydra if text.startswith(OF_SWEEPS)]
    ):
        raise ConfigurationError(f"{idle[0].partition('=')[0]} is for sweeps: add -m")
    job = Job(name=run_name(settings.overrides.task), config=run_part(config))
    stack = configuration.build([job.config])
    if config["dry_run"]:
        foresee(launch.plan([job], {}, workers=1, rows=None))
        return math.nan
    uri, experiment = config["tracking"]["uri"], config["tracking"]["experiment"]
    tracking.check_place(uri)
    card = launch.card(job, configuration.key(job.config))
    sweep = (
        Sweep(uri, experiment, str(Path(settings.sweep.dir).resolve())) if settings.mode == RunMode.MULTIRUN else None
    )
    if sweep:
        SWEEPS.add(sweep)
    live = LiveRun(uri, experiment, card, sweep=sweep and sweep.name)
    try:
        live.wait()
        begun = time.perf_counter()
        result = stack.measure() if stack.measurement else follow(stack, live)
        seconds = time.perf_counter() - begun
        live.finish(result)
    except TrackingError:
        raise
    except BaseException as error:
        killed = isinstance(error, KeyboardInterrupt | SystemExit)
        live.abort(tracking.KILLED if killed else tracking.FAILED, f"{type(error).__name__}: {error}")
        raise
    print(console.summary(card.name, result, stack.steps, seconds))
    if not sweep:
        print(console.see(uri, live.page))
    return objective(result.outcome, result.final.get("final_cost", math.nan))


def foresee(todo: Plan) -> None:
    """Print what would be done."""
    print(console.plan_table(todo, launch.estimate(todo)))


def run_part(config: dict[str, Any]) -> dict[str, Any]:
    """What a configuration says of the run itself, with no section that gdlab does not know."""
    for name in FLAGS:
        if not isinstance(config[name], bool):
            raise ConfigurationError(f"{name} must be true or false, got {config[name]!r}")
    known = {*configuration.SECTIONS, "seed", "measurement"}
    for name in config:
        if name not in known | ABOUT:
            raise ConfigurationError(f"{name} is not a key: a run has {', '.join(sorted(known | ABOUT))}")
    return {name: value for name, value in config.items() if name in known}


def one_of_all(jobs: Sequence[Composed], *keys: str) -> Any:
    """A value that all jobs of a sweep must share."""
    texts, value = set(), None
    for job in jobs:
        value = reduce(lambda section, key: section[key], keys, job.config)
        texts.add(str(value))
    if len(texts) > 1:
        raise ConfigurationError(
            f"{'.'.join(keys)} must be the same for all runs of a sweep, got {' and '.join(texts)}"
        )
    return value


def run_name(overrides: Iterable[str]) -> str:
    """What a run is called: its overrides, each by the last part of its key."""
    told = [text for text in overrides if text.partition("=")[0] not in UNTOLD]
    return " ".join(re.sub(r"^[^=]*[./]", "", text) for text in told) or "defaults"


def follow(stack: configuration.Stack, live: LiveRun) -> Trajectory:
    """Let the run descend, with a progress bar on a terminal."""
    recorder = Recorder(stack.theta, stack.record.path)
    with console.progress(stack.steps, " steps") as bar:
        for snapshot in stack.descend():
            recorder.add(snapshot)
            bar.update(snapshot.step - bar.n)
            if len(snapshot.rows):
                line = point(snapshot, 0)
                live.log(line)
                shown = {"cost": line["cost"]}
                if "test_accuracy" in line:
                    shown["accuracy"] = line["test_accuracy"]
                bar.set_postfix(shown)
    return recorder.trajectories[0]


def one_line(error: Exception) -> str:
    """An error as a reader of the command line needs it."""
    if isinstance(error, InstantiationException) and isinstance(error.__cause__, ValueError):
        error = error.__cause__  # what Hydra puts around it names its own classes
    text = " ".join(str(error).split())
    if unknown := re.match(r"Could not override '([^']+)'", text):
        return f"{unknown[1]} is not a key of this configuration; --cfg job shows those there are"
    if absent := re.search(
        r"Could not find '([^']+)/([^'/]+)' Available options in '[^']+': (.*?) Config search path", text
    ):
        return f"{absent[1]}={absent[2]} is not a choice: there are {', '.join(absent[3].split())}"
    return text


def main() -> None:
    """Run the command line; what a person can put right is said in one line."""
    os.environ["HYDRA_FULL_ERROR"] = WANTED if "HYDRA_FULL_ERROR" in os.environ else "1"  # either way Hydra raises
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    status = tracking.FAILED
    try:
        train()
        status = tracking.FINISHED
    except KeyboardInterrupt:
        status = tracking.KILLED
        sys.exit("interrupted: what was running is marked KILLED")
    except SystemExit as stop:
        if stop.code == TERMINATED:
            status = tracking.KILLED
            print("terminated: what was running is marked KILLED", file=sys.stderr)
        raise
    except KNOWN as error:
        if os.environ["HYDRA_FULL_ERROR"] == WANTED:
            raise
        sys.exit(f"error: {one_line(error)}")
    finally:
        for sweep in SWEEPS:
            tracking.close_sweep(sweep, status)


if __name__ == "__main__":
    main()
