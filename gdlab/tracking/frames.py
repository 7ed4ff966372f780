"""Finished runs as data frames."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import yaml

from gdlab.tracking.artifacts import CONFIG, MEASUREMENT, THETA, TRAJECTORY
from gdlab.tracking.places import TrackingError, check_place, client, local, plain_errors
from gdlab.tracking.provenance import MADE_BY
from gdlab.tracking.store import FINISHED, KEY, KIND, OUTCOME, PARENT, search

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import Run

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

    with plain_errors(uri):
        check_place(uri, must_exist=True)
        store = client(uri)
        found = store.get_experiment_by_name(experiment)
        if found is None:
            names = ", ".join(e.name for e in store.search_experiments()) or "none"
            raise TrackingError(f"experiment {experiment!r} is not in {uri}; its experiments: {names}")
        finished = f"tags.`{KIND}` = 'run' and attributes.status = '{FINISHED}'"
        newest = {run.data.tags[KEY]: run for run in search(store, found.experiment_id, finished)}
    if not newest:
        raise TrackingError(f"experiment {experiment!r} in {uri} has no finished runs")
    return pd.DataFrame([_row(run) for run in newest.values()])


def _row(run: Run) -> dict[str, Any]:
    tags = run.data.tags
    return {
        "final_cost": math.nan,
        **{name: _value(text) for name, text in run.data.params.items()},
        **run.data.metrics,
        **{name: tags.get(name) for name in MADE_BY},
        "run_id": run.info.run_id,
        "run_name": run.info.run_name,
        "outcome": tags[OUTCOME],
        "parent": tags.get(PARENT),
        "artifacts": run.info.artifact_uri,
        "experiment_id": run.info.experiment_id,
    }


def trajectories(found: pd.DataFrame, uri: str) -> pd.DataFrame:
    """Every recorded step of these runs, exact: one row per run and step, with the run's `run_id`.

    Raises
    ------
    TrackingError
        Naming a run whose trajectory cannot be read.

    """
    return _tables(found, uri, TRAJECTORY)


def measurements(found: pd.DataFrame, uri: str) -> pd.DataFrame:
    """The tables of these measurements, with the run's `run_id`; raises as `trajectories` does."""
    return _tables(found, uri, MEASUREMENT)


def thetas(found: pd.DataFrame, uri: str) -> list[dict[str, np.ndarray]]:
    """The thetas of each run: its `start`, its `end`, and its `path`, (points, parameters), where it was recorded.

    Raises
    ------
    TrackingError
        Naming a run whose theta cannot be read.

    """

    def read(path: Path) -> dict[str, np.ndarray]:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)

    return _artifacts(found, uri, THETA, read)


def configurations(found: pd.DataFrame, uri: str) -> list[dict[str, Any]]:
    """The configuration of each run; raises as `thetas` does."""

    def read(path: Path) -> dict[str, Any]:
        config = yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        if not isinstance(config, dict):
            raise ValueError("it holds no configuration")
        return config

    return _artifacts(found, uri, CONFIG, read)


def _tables(found: pd.DataFrame, uri: str, name: str) -> pd.DataFrame:
    import pandas as pd

    frames = _artifacts(found, uri, name, pd.read_parquet)
    return pd.concat(
        [frame.assign(run_id=run_id) for frame, run_id in zip(frames, found["run_id"], strict=True)], ignore_index=True
    )


def _artifacts(found: pd.DataFrame, uri: str, name: str, read: Callable[[Path], T]) -> list[T]:
    """An artifact of each run, read with `read`."""
    contents = []
    for run_id, run_name, artifacts in zip(found["run_id"], found["run_name"], found["artifacts"], strict=True):
        try:
            with plain_errors(uri):
                place = local(uri, artifacts, name)
            contents.append(read(place))
        except Exception as error:  # zipfile, NumPy, pyarrow and yaml each have their own kinds for a damaged file
            reason = " ".join(str(error).split()) or type(error).__name__
            raise TrackingError(f"run {run_name!r} ({run_id}) has no {name}: {reason}") from None
    return contents


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
