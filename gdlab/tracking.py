"""MLflow: the only module that knows it. Writes runs, reads them back as data frames.

MLflow takes seconds to import, so it is imported where it is used, and `LiveRun` does all its work in a thread beside
the descent. Metrics are sent in one batch a flush. A value that is not finite is never sent as a metric, since MLflow
stores it as 1.8e308 or sorts it oddly; the exact values are in the run's `trajectory.parquet`.
"""

from __future__ import annotations

import importlib.metadata
import json
import logging
import math
import os
import platform
import queue
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import yaml

import gdlab
from gdlab.trajectory import Trajectory

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient

MOST_METRICS, MOST_PARAMS, LONGEST_PARAM = 1000, 100, 6000  # limits of one log_batch, and of a param's text
FLUSH_SECONDS = 2.0
FINISHED, FAILED, KILLED = "FINISHED", "FAILED", "KILLED"
KIND, KEY, OUTCOME = "gdlab.kind", "gdlab.key", "gdlab.outcome"
SWEEP = "gdlab.sweep"
PARENT = "mlflow.parentRunId"
TRAINING = {"mlflow.experimentKind": "custom_model_development"}  # the UI then shows runs and their curves first
UNLOGGED = {"step", "epoch"}  # columns of a trajectory that are no metrics

MADE_BY = (
    "mlflow.source.git.commit",
    "gdlab.git_dirty",
    "gdlab.version",
    "gdlab.numpy_version",
    "gdlab.mlflow_version",
    "gdlab.python_version",
)

Line = Mapping[str, float | int]  # one recorded step: `step`, `epoch`, and every measured value


class TrackingError(RuntimeError):
    """A tracking store that cannot be used; the message says which and why."""


@dataclass(frozen=True, kw_only=True)
class RunCard:
    """What is known of a run before it begins."""

    name: str
    config: Mapping[str, Any]
    params: Mapping[str, Any]
    key: str
    kind: str = "run"
    parent: str | None = None
    dataset: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class Sweep(NamedTuple):
    """What identifies a sweep: where it is tracked, and the folder of its outputs."""

    uri: str
    experiment: str
    name: str


class Store:
    """One MLflow experiment, to write runs to."""

    def __init__(self, uri: str, experiment: str) -> None:
        with _plain_errors(uri):
            check_place(uri)
            from mlflow import MlflowClient
            from mlflow.exceptions import MlflowException

            _quiet()
            self.client: MlflowClient = MlflowClient(uri)
            found = self.client.get_experiment_by_name(experiment)
            if found is None:
                try:
                    self.experiment_id = self.client.create_experiment(experiment, tags=TRAINING)
                except MlflowException:  # another process was quicker
                    found = self.client.get_experiment_by_name(experiment)
                    if found is None:
                        raise
            if found is not None:
                if found.lifecycle_stage != "active":
                    raise TrackingError(
                        f"tracking.experiment={experiment} is deleted in {uri}: restore it or name another"
                    )
                self.experiment_id = found.experiment_id
        self.uri = uri

    def begin(self, card: RunCard) -> str:
        """Create a run with all that is known of it; returns its id."""
        from mlflow.entities import Param

        tags = {KIND: card.kind, KEY: card.key, **provenance(), **card.tags}
        if card.parent is not None:
            tags[PARENT] = card.parent
        run_id: str = self.client.create_run(self.experiment_id, tags=tags, run_name=card.name).info.run_id
        params = [Param(name, str(value)[:LONGEST_PARAM]) for name, value in card.params.items()]
        for start in range(0, len(params), MOST_PARAMS):
            self.client.log_batch(run_id, params=params[start : start + MOST_PARAMS])
        if card.dataset is not None:
            self.client.log_inputs(run_id, [_dataset_input(card.dataset)])
        return run_id

    def log(self, run_id: str, lines: Sequence[tuple[int, Line]]) -> None:
        """Log recorded steps, each with its time in milliseconds since 1970."""
        from mlflow.entities import Metric

        metrics = [
            Metric(name, value, milliseconds, int(line["step"]))
            for milliseconds, line in lines
            for name, value in line.items()
            if name not in UNLOGGED and math.isfinite(value)
        ]
        for start in range(0, len(metrics), MOST_METRICS):
            self.client.log_batch(run_id, metrics=metrics[start : start + MOST_METRICS])

    def end(self, run_id: str, card: RunCard, trajectory: Trajectory) -> None:
        """Log how a run ended, its files too, and close it."""
        from mlflow.entities import Metric, RunTag

        now = _milliseconds()
        metrics = [
            Metric(name, value, now, trajectory.steps)
            for name, value in trajectory.final.items()
            if math.isfinite(value)
        ]
        self.client.log_batch(run_id, metrics=metrics, tags=[RunTag(OUTCOME, trajectory.outcome)])
        with tempfile.TemporaryDirectory() as folder:
            write_artifacts(Path(folder), card, trajectory)
            self.client.log_artifacts(run_id, folder)
        self.close(run_id, FINISHED)

    def sweep(self, name: str) -> str:
        """The id of the parent run of a sweep, which is made when first asked for."""
        found = self.client.search_runs([self.experiment_id], f"tags.`{SWEEP}` = '{name}'", max_results=1)
        if found:
            return found[0].info.run_id
        tags = {KIND: "sweep", SWEEP: name, **provenance()}
        run_name = f"sweep {' '.join(Path(name).parts[-2:])}"
        run_id: str = self.client.create_run(self.experiment_id, tags=tags, run_name=run_name).info.run_id
        return run_id

    def close(self, run_id: str, status: str, message: str | None = None) -> None:
        if message is not None:
            self.client.set_tag(run_id, "mlflow.note.content", message)
        self.client.set_terminated(run_id, status)


class LiveRun:
    """One run, written to MLflow from a thread of its own while the descent goes on.

    `sweep` names the sweep that the run is part of; the first of its runs makes the parent.
    """

    def __init__(self, uri: str, experiment: str, card: RunCard, sweep: str | None = None) -> None:
        self.uri, self.experiment, self.card, self.sweep = uri, experiment, card, sweep
        self.run_id = self.experiment_id = ""
        self._lines: queue.SimpleQueue[tuple[int, Line] | None] = queue.SimpleQueue()
        self._ending: Callable[[Store], None] = lambda store: None
        self._error: BaseException | None = None
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._work, name="mlflow", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait until the run is open; raises what has gone wrong.

        A busy descent beside it would hold the thread up: its import reads thousands of files, and must win the
        interpreter back after each.
        """
        self._begun.wait()
        if self._error is not None:
            raise self._error

    @property
    def page(self) -> str:
        """The run's place in the MLflow UI."""
        return f"/#/experiments/{self.experiment_id}/runs/{self.run_id}"

    def log(self, line: Line) -> None:
        """Take a recorded step; raises what has gone wrong in the thread."""
        if self._error is not None:
            raise self._error
        self._lines.put((_milliseconds(), line))

    def finish(self, trajectory: Trajectory) -> None:
        """Write what is left and close the run as FINISHED."""
        self._end(lambda store: store.end(self.run_id, self.card, trajectory))

    def abort(self, status: str, message: str) -> None:
        """Close the run as FAILED or KILLED, with a note that says why."""
        self._end(lambda store: store.close(self.run_id, status, message))

    def _end(self, ending: Callable[[Store], None]) -> None:
        self._ending = ending
        self._lines.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            with _plain_errors(self.uri):
                store = Store(self.uri, self.experiment)
                self.experiment_id = store.experiment_id
                if self.sweep is not None:
                    self.card = replace(self.card, parent=store.sweep(self.sweep))
                self.run_id = store.begin(self.card)
                self._begun.set()
                while self._flush(store):
                    pass
                self._ending(store)
        except BaseException as error:  # handed to the thread that asks
            self._error = error
            self._begun.set()

    def _flush(self, store: Store) -> bool:
        """Log the lines of the next seconds; False when the last has come."""
        lines, until = [], time.monotonic() + FLUSH_SECONDS
        more = True
        while more and (left := until - time.monotonic()) > 0:
            with suppress(queue.Empty):
                line = self._lines.get(timeout=left)
                more = line is not None
                if line is not None:
                    lines.append(line)
        store.log(self.run_id, lines)
        return more


def runs(uri: str, experiment: str) -> pd.DataFrame:
    """The finished runs of an experiment, one row each: the newest for each `gdlab.key`.

    Columns are the params and metrics under their own names, params as numbers where they are numbers, `final_cost` NaN
    where it is not finite; the tags of `MADE_BY`; and `run_id`, `run_name`, `outcome`, `parent`, `artifacts`.

    Raises
    ------
    TrackingError
        If the store cannot be read or there is no such experiment, or it holds no finished run.

    """
    import pandas as pd

    with _plain_errors(uri):
        check_place(uri, must_exist=True)
        from mlflow import MlflowClient

        _quiet()
        client = MlflowClient(uri)
        found = client.get_experiment_by_name(experiment)
        if found is None:
            names = ", ".join(e.name for e in client.search_experiments()) or "none"
            raise TrackingError(f"experiment {experiment!r} is not in {uri}, which has {names}")
        rows, seen, token = [], set(), None
        while True:
            page = client.search_runs(
                [found.experiment_id],
                f"tags.`{KIND}` = 'run' and attributes.status = '{FINISHED}'",
                max_results=1000,
                order_by=["attributes.start_time DESC"],
                page_token=token,
            )
            for run in page:
                tags = run.data.tags
                if tags[KEY] in seen:
                    continue
                seen.add(tags[KEY])
                rows.append(
                    {"final_cost": math.nan}
                    | {name: _value(text) for name, text in run.data.params.items()}
                    | run.data.metrics
                    | {name: tags.get(name) for name in MADE_BY}
                    | {"run_id": run.info.run_id, "run_name": run.info.run_name, "outcome": tags[OUTCOME]}
                    | {"parent": tags.get(PARENT), "artifacts": run.info.artifact_uri}
                )
            token = page.token
            if not token:
                break
    if not rows:
        raise TrackingError(f"experiment {experiment!r} in {uri} has no finished runs")
    return pd.DataFrame(rows[::-1])


def trajectories(found: pd.DataFrame, uri: str) -> pd.DataFrame:
    """Every recorded step of the given runs, exact, one row per run and step, with the run's `run_id`.

    Raises
    ------
    TrackingError
        Naming a run whose trajectory is missing.

    """
    import pandas as pd

    frames = []
    for run_id, run_name, artifacts in zip(found["run_id"], found["run_name"], found["artifacts"], strict=True):
        try:
            with _plain_errors(uri):
                frame = pd.read_parquet(_local(uri, artifacts, "trajectory.parquet"))
        except (TrackingError, OSError) as error:
            raise TrackingError(f"run {run_name!r} ({run_id}) has no trajectory.parquet: {error}") from None
        frames.append(frame.assign(run_id=run_id))
    return pd.concat(frames, ignore_index=True)


def check_place(uri: str, must_exist: bool = False) -> None:
    """See that a store on this machine can be written (or, with `must_exist`, that it is there), before the work.

    Raises
    ------
    TrackingError
        If not, or if `uri` is none that MLflow knows.

    """
    scheme, separator, rest = uri.partition("://")
    if scheme.startswith("sqlite") and separator:
        path = Path(rest.removeprefix("/") or ".")
        if must_exist and not path.exists():
            raise TrackingError(f"tracking.uri={uri}: {path} does not exist yet; launch a run first")
        try:
            with closing(sqlite3.connect(path)) as database:
                database.execute("PRAGMA schema_version")
            if not os.access(path, os.W_OK):
                raise PermissionError("it is read-only")
        except (sqlite3.Error, OSError) as error:
            raise TrackingError(f"tracking.uri={uri} cannot be used: {error}") from None
    elif not separator or scheme not in ("http", "https", "file", "postgresql", "mysql", "mssql", "postgresql+psycopg"):
        raise TrackingError(f"tracking.uri must be like sqlite:///mlflow.db or http://host:5000, got {uri!r}")


def close_sweep(sweep: Sweep, status: str) -> None:
    """Close a sweep's parent run, if it has come to have one."""
    with suppress(TrackingError):
        store = Store(sweep.uri, sweep.experiment)
        store.close(store.sweep(sweep.name), status)


def write_artifacts(folder: Path, card: RunCard, trajectory: Trajectory) -> None:
    """The run's files: its configuration, its exact trajectory, theta at the start and at the end."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    (folder / "config.yaml").write_text(yaml.safe_dump(dict(card.config), sort_keys=False))
    pq.write_table(pa.table(trajectory.columns), folder / "trajectory.parquet")
    np.savez(folder / "theta.npz", start=trajectory.start, end=trajectory.end)


@cache
def provenance() -> dict[str, str]:
    """Tags that say what code made a run, and with which versions."""
    tags = {f"gdlab.{name}_version": importlib.metadata.version(name) for name in ("numpy", "mlflow")}
    tags |= {"gdlab.version": gdlab.__version__, "gdlab.python_version": platform.python_version()}
    root = Path(gdlab.__file__).parents[1]
    with suppress(OSError, subprocess.SubprocessError):
        git = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        commit = subprocess.run(git, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
        tags["mlflow.source.git.commit"] = commit.removesuffix("-dirty")
        tags["gdlab.git_dirty"] = str(commit.endswith("-dirty")).lower()
    return tags


@contextmanager
def _plain_errors(uri: str) -> Iterator[None]:
    """Turn what MLflow, the database or the file system raise into one line."""
    try:
        yield
    except TrackingError:
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("mlflow", "sqlalchemy", "requests", "builtins"):
            raise
        if isinstance(error, ImportError | TypeError | AttributeError | NameError | LookupError):
            raise
        reason = " ".join(str(error).split("\n")[0].split())
        raise TrackingError(f"tracking.uri={uri} cannot be used: {reason}") from error


def _quiet() -> None:
    """Leave out what MLflow says about making its own tables."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _local(uri: str, artifacts: str, name: str) -> Path:
    """A run's artifact as a file here, fetched if the store is elsewhere."""
    scheme, separator, rest = artifacts.partition("://")
    if not separator:
        return Path(artifacts) / name
    if scheme == "file":
        return Path(rest) / name
    from mlflow.artifacts import download_artifacts

    return Path(download_artifacts(artifact_uri=f"{artifacts}/{name}", tracking_uri=uri))


def _dataset_input(facts: Mapping[str, Any]) -> Any:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(
        name=facts["name"],
        digest=facts["digest"][:36],
        source_type="local",
        source=json.dumps({"loader": f"gdlab.data.load({facts['name']!r})"}),
        profile=json.dumps({name: value for name, value in facts.items() if name != "name"}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def _value(text: str) -> Any:
    """A param as it was in the configuration."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return None if text == "None" else text


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
