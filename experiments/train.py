"""Train: one configuration, one run, tracked; with -m, a sweep of them."""

import os
import re
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from tqdm import tqdm

from gdlab import configuration, tracking
from gdlab.configuration import ConfigurationError
from gdlab.data import DataError
from gdlab.tracking import LiveRun, RunCard, Sweep, TrackingError
from gdlab.trajectory import Recorder, Trajectory, point

KNOWN = (ConfigurationError, DataError, TrackingError, HydraException, OmegaConfBaseException)
UNTOLD = {"experiment", "tracking.uri", "tracking.experiment"}  # overrides that do not tell runs apart
TERMINATED = 128 + signal.SIGTERM
WANTED = "wanted"  # HYDRA_FULL_ERROR was set by the user, who wants tracebacks
SWEEPS: set[Sweep] = set()


@hydra.main(version_base="1.3", config_path="../conf", config_name="train")
def train(composed: DictConfig) -> float:
    """Train one run; returns its final cost."""
    try:
        return run(plain(composed))
    except KNOWN as error:
        if os.environ["HYDRA_FULL_ERROR"] == WANTED:
            raise
        sys.exit(f"error: {one_line(error)}")  # an exception would have Hydra add a report of its own


def run(config: dict[str, Any]) -> float:
    """Build, descend, track; returns the final cost."""
    settings = HydraConfig.get()
    stack = configuration.build([config])
    uri, experiment = config["tracking"]["uri"], config["tracking"]["experiment"]
    tracking.check_place(uri)
    card = run_card(config, stack, run_name(settings.overrides.task))
    sweep = (
        Sweep(uri, experiment, str(Path(settings.sweep.dir).resolve())) if settings.mode == RunMode.MULTIRUN else None
    )
    if sweep:
        SWEEPS.add(sweep)
    live = LiveRun(uri, experiment, card, sweep=sweep and sweep.name)
    try:
        live.wait()
        begun = time.perf_counter()
        trajectory = follow(stack, live)
        seconds = time.perf_counter() - begun
        live.finish(trajectory)
    except TrackingError:
        raise
    except BaseException as error:
        killed = isinstance(error, KeyboardInterrupt | SystemExit)
        live.abort(tracking.KILLED if killed else tracking.FAILED, f"{type(error).__name__}: {error}")
        raise
    print(summary(card, stack, trajectory, seconds))
    if not sweep:
        print(f"see it: mlflow ui --backend-store-uri {uri}, http://127.0.0.1:5000{live.page}")
    return trajectory.final["final_cost"]


def plain(composed: DictConfig) -> dict[str, Any]:
    """A composed configuration as plain mappings, with no section that gdlab does not know."""
    config = cast(dict[str, Any], OmegaConf.to_container(composed, resolve=True, throw_on_missing=True))
    known = {*configuration.SECTIONS, "seed", "tracking"}
    for name in config:
        if name not in known:
            raise ConfigurationError(f"{name} is not a key: a run has {', '.join(sorted(known))}")
    return config


def run_name(overrides: Iterable[str]) -> str:
    """What a run is called: its overrides, each by the last part of its key."""
    told = [text for text in overrides if text.partition("=")[0] not in UNTOLD]
    return " ".join(re.sub(r"^[^=]*[./]", "", text) for text in told) or "defaults"


def run_card(config: dict[str, Any], stack: configuration.Stack, name: str) -> RunCard:
    """What MLflow is told of a run before it begins."""
    data = getattr(stack.problem, "data", None)
    params = configuration.flat({k: v for k, v in config.items() if k != "tracking"})
    return RunCard(
        name=name,
        config=config,
        params={**params, "parameters": stack.problem.parameters},
        key=configuration.key(config),
        dataset=data.facts if data else None,
    )


def follow(stack: configuration.Stack, live: LiveRun) -> Trajectory:
    """Let the run descend, with a progress bar on a terminal."""
    recorder = Recorder(stack.theta)
    with tqdm(total=stack.steps, unit="step", leave=False, disable=not sys.stderr.isatty()) as bar:
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


def summary(card: RunCard, stack: configuration.Stack, trajectory: Trajectory, seconds: float) -> str:
    """A run in one line."""
    final = trajectory.final
    parts = [f"{trajectory.outcome} at step {trajectory.steps} of {stack.steps}", f"cost {final['final_cost']:.6g}"]
    if trajectory.diverged_at is not None:
        parts[0] = f"diverged at step {trajectory.diverged_at}"
    if "final_accuracy" in final:
        parts.append(f"test accuracy {final['final_accuracy']:.2%}")
    return f"{card.name}: {', '.join(parts)} ({seconds:.2f} s)"


def one_line(error: Exception) -> str:
    """An error as a reader of the command line needs it."""
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
