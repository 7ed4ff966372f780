"""Finished runs as data frames."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gdlab.tracking import reading
from gdlab.tracking.artifacts import CONFIG, MEASUREMENT, THETA, TRAJECTORY
from gdlab.tracking.finished import FinishedRun, finished_run, newest_by_key
from gdlab.tracking.names import COMMAND, FINISHED, KIND, OUTCOME, PARENT
from gdlab.tracking.places import check_place, client, local, plain_errors, search
from gdlab.tracking.provenance import MADE_BY
from gdlab.tracking.uris import TrackingError, database_file, redacted

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

T = TypeVar("T")


def runs(uri: str, experiment: str) -> pd.DataFrame:
    """The finished runs of an experiment, one row each; of runs with the same `gdlab.key`, the newest.

    The columns are the params, numbers as numbers; the metrics, with `final_cost` NaN where it is not finite; the tags
    of `MADE_BY`; and `run_id`, `run_name`, `outcome`, `parent`, `artifacts`, `experiment_id`.

    Raises
    ------
    TrackingError
        If the store cannot be read, or has no such experiment, or the experiment has no finished run.

    """
    import pandas as pd

    finished = newest_by_key(_finished(uri, experiment))
    if not finished:
        raise TrackingError(f"experiment {experiment!r} in {redacted(uri)} has no finished runs")
    value = cache(_value)  # most texts are those of many runs
    return pd.DataFrame([_row(run, value) for run in finished.values()])


def _finished(uri: str, experiment: str) -> list[FinishedRun]:
    """The finished runs of an experiment in the order of their start, from its database or by MLflow's client."""
    from gdlab.tracking import database

    with database.connected(uri) as connection:
        if connection is not None:
            found = database.experiment_id(connection, experiment)
            if found is not None:
                return database.finished_runs(connection, found)
            raise _no_experiment(uri, experiment, database.experiment_names(connection))
    return _finished_by_client(uri, experiment)


def _finished_by_client(uri: str, experiment: str) -> list[FinishedRun]:
    """The same by MLflow's client, for servers and for databases with a schema that is new to gdlab."""
    with plain_errors(uri):
        check_place(uri, must_exist=True)
        store = client(uri)
        found = store.get_experiment_by_name(experiment)
        if found is None:
            raise _no_experiment(uri, experiment, [other.name for other in store.search_experiments()])
        rule = f"tags.`{KIND}` = 'run' and attributes.status = '{FINISHED}'"
        return [finished_run(run) for run in search(store, found.experiment_id, rule)]


def _no_experiment(uri: str, experiment: str, names: list[str]) -> TrackingError:
    known = ", ".join(sorted(names)) or "none"
    return TrackingError(f"experiment {experiment!r} is not in {redacted(uri)}; its experiments: {known}")


def _row(run: FinishedRun, value: Callable[[str], Any]) -> dict[str, Any]:
    return {
        "final_cost": math.nan,
        **{name: value(text) for name, text in sorted(run.params.items())},
        **dict(sorted(run.metrics.items())),
        **{name: run.tags.get(name) for name in MADE_BY},
        "run_id": run.run_id,
        "run_name": run.name,
        "outcome": run.tags.get(OUTCOME),
        "parent": run.tags.get(PARENT),
        "artifacts": run.artifacts,
        "experiment_id": run.experiment_id,
    }


def trajectories(found: pd.DataFrame, uri: str) -> pd.DataFrame:
    """Every recorded step of these runs, exact: one row per run and step, with the run's `run_id`.

    Raises
    ------
    TrackingError
        Naming a run whose trajectory cannot be read.

    """
    return _tables(found, uri, TRAJECTORY, reading.read_steps)


def measurements(found: pd.DataFrame, uri: str) -> pd.DataFrame:
    """The tables of these measurements, with the run's `run_id`; raises as `trajectories` does."""
    return _tables(found, uri, MEASUREMENT, reading.read_table)


def thetas(found: pd.DataFrame, uri: str) -> list[dict[str, np.ndarray]]:
    """The thetas of each run: its `start`, its `end`, and its `path`, (points, parameters), where it was recorded.

    Raises
    ------
    TrackingError
        Naming a run whose theta cannot be read.

    """
    return _artifacts(found, uri, THETA, reading.read_thetas)


def configurations(found: pd.DataFrame, uri: str) -> list[dict[str, Any]]:
    """The configuration of each run; raises as `thetas` does."""
    return _artifacts(found, uri, CONFIG, reading.read_config)


def _tables(found: pd.DataFrame, uri: str, name: str, read: Callable[[Path], pa.Table]) -> pd.DataFrame:
    import pyarrow as pa

    tables = _artifacts(found, uri, name, read)
    frame = pa.concat_tables(tables, promote_options="permissive").to_pandas()
    return frame.assign(run_id=np.repeat(found["run_id"].to_numpy(), [len(table) for table in tables]))


def _artifacts(found: pd.DataFrame, uri: str, name: str, read: Callable[[Path], T]) -> list[T]:
    """An artifact of each run, read with `read`."""
    contents = []
    for run_id, run_name, artifacts in zip(found["run_id"], found["run_name"], found["artifacts"], strict=True):
        try:
            with plain_errors(uri):
                place = _place(uri, artifacts, name)
            contents.append(read(place))
        except Exception as error:  # zipfile, NumPy, pyarrow and yaml each have their own kinds for a damaged file
            reason = " ".join(str(error).split()) or type(error).__name__
            raise TrackingError(f"run {run_name!r} ({run_id}) has no {name}: {reason}") from None
    return contents


def _place(uri: str, artifacts: str, name: str) -> Path:
    """The path of a run's artifact: where MLflow says; else, if the project's folder was moved, beside the database."""
    place, database = local(uri, artifacts, name), database_file(uri)
    if place.exists() or database is None:
        return place
    most = len(place.parts) - 1
    endings = (place.parts[-length:] for length in range(most, 2, -1))  # the last with the run's id and two more
    moved = (database.parent.joinpath(*ending) for ending in endings)
    return next((candidate for candidate in moved if candidate.exists()), place)


def commands(found: pd.DataFrame, uri: str) -> list[str]:
    """The commands that launched the sweeps of these runs, the oldest first; a run without a sweep has none."""
    parents = found["parent"].dropna().drop_duplicates() if "parent" in found else []
    with plain_errors(uri):
        store = client(uri) if len(parents) else None
        texts = [store.get_run(parent).data.tags.get(COMMAND) for parent in parents if store]
    return list(dict.fromkeys(text for text in texts if text))


def attach(uri: str, run_id: str, files: Sequence[Path], folder: str = "figures") -> None:
    """Log files as a run's artifacts, replacing those of the same names."""
    with plain_errors(uri):
        store = client(uri)
        for file in files:
            store.log_artifact(run_id, str(file), folder)


def _value(text: str) -> Any:
    """The value of a param, which MLflow stores as text."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return None if text == "None" else text
