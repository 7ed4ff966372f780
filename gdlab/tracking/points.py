"""Points of parameter space that finished runs have kept."""

from __future__ import annotations

import numpy as np

from gdlab.tracking.frames import thetas, trajectories
from gdlab.tracking.names import FINISHED
from gdlab.tracking.places import check_place, client, plain_errors
from gdlab.tracking.uris import TrackingError, redacted

MOST_NAMED = 10  # steps in a message


def point(uri: str, run_id: str, step: int | None = None) -> tuple[np.ndarray, int]:
    """Theta (parameters,) of a run at a step, and that step; None is the run's last.

    A run keeps its start and its end, and with `record.path` the recorded steps between.

    Raises
    ------
    TrackingError
        If there is no such run, if it has not finished, or has kept no theta at this step.

    """
    import pandas as pd

    found = pd.DataFrame([_finished(uri, run_id)])
    (kept,) = thetas(found, uri)
    steps = [int(value) for value in trajectories(found, uri)["step"]]
    known = dict(zip(steps, kept["path"], strict=True)) if "path" in kept else {}
    known |= {steps[0]: kept["start"], steps[-1]: kept["end"]}
    at = steps[-1] if step is None else step
    if at not in known:
        names = ", ".join(map(str, sorted(known))) if len(known) <= MOST_NAMED else f"{len(known)} steps, not {at}"
        hint = "" if "path" in kept else "; with record.path=true a run keeps all recorded steps"
        raise TrackingError(f"run {run_id!r} has kept theta at step {names}{hint}")
    return known[at], at


def _finished(uri: str, run_id: str) -> dict[str, str]:
    """The id, the name and the place of the artifacts of a run."""
    from gdlab.tracking import database

    check_place(uri, must_exist=True)
    with database.connected(uri) as connection:
        found = _run_by_client(uri, run_id) if connection is None else database.run(connection, run_id)
    if found is None:
        raise TrackingError(f"there is no run {run_id!r} in {redacted(uri)}")
    name, artifacts, status = found
    if status != FINISHED:
        raise TrackingError(f"run {run_id!r} is {status}, not {FINISHED}")
    return {"run_id": run_id, "run_name": name, "artifacts": artifacts}


def _run_by_client(uri: str, run_id: str) -> tuple[str, str, str] | None:
    from mlflow.exceptions import MlflowException

    with plain_errors(uri):
        try:
            run = client(uri).get_run(run_id)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise
        return run.info.run_name, run.info.artifact_uri, run.info.status
