"""gdlab's own routes of a tracking server, which store many runs with one request.

`mlflow server --app-name gdlab` serves all that MLflow serves and, behind MLflow's own checks of hosts and origins,

    GET  /api/2.0/gdlab/capabilities           whether runs are taken in this way, and the limits
    POST /api/2.0/gdlab/runs?experiment_id=1   a parcel: records of runs, with their artifacts

A parcel that is sent twice is stored once. Only the server's process imports this module.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import mlflow
import sqlalchemy as sa
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2
from mlflow.server import handlers
from mlflow.server.fastapi_app import create_fastapi_app
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.uri import append_to_uri_path, validate_path_is_safe
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import gdlab
from gdlab.tracking import artifacts
from gdlab.tracking.backends import parcel
from gdlab.tracking.backends.bulk import BulkStore
from gdlab.tracking.places import reason
from gdlab.tracking.records import RunRecord

PROTOCOL = 1  # of these two routes and of the records
CAPABILITIES, RUNS = "/api/2.0/gdlab/capabilities", "/api/2.0/gdlab/runs"
MOST_IN_MEMORY = 8 * 2**20  # bytes of a parcel; larger ones are received into a temporary file


def app() -> Starlette:
    """MLflow's application, with these routes before its own."""
    application = create_fastapi_app()
    own = [(CAPABILITIES, capabilities, "GET"), (RUNS, store_runs, "POST")]
    routes = [Route(handlers._add_static_prefix(path), call, methods=[method]) for path, call, method in own]
    application.router.routes[:0] = routes
    return application


async def capabilities(request: Request) -> Response:
    """Answer whether runs are taken here, and how much at once."""
    return await run_in_threadpool(answered, described)


async def store_runs(request: Request) -> Response:
    """Store a parcel; the answer lists the runs that another finished run with their key supersedes."""
    with tempfile.SpooledTemporaryFile(MOST_IN_MEMORY) as body:
        try:
            async for chunk in request.stream():
                body.write(chunk)
                if body.tell() > parcel.MOST_BYTES:
                    return JSONResponse({"message": f"a parcel may have {parcel.MOST_BYTES} bytes"}, 413)
        except ClientDisconnect:
            return Response(status_code=400)  # which nobody reads
        experiment_id = request.query_params.get("experiment_id", "")
        return await run_in_threadpool(answered, lambda: stored(experiment_id, body))


def answered(call: Callable[[], dict[str, Any]]) -> Response:
    """A call's result as the answer, or its error in the form of MLflow's."""
    try:
        return JSONResponse(call())
    except parcel.ParcelError as caught:
        error = MlflowException(str(caught), databricks_pb2.INVALID_PARAMETER_VALUE)
    except (sa.exc.DataError, sa.exc.IntegrityError) as caught:
        error = MlflowException(reason(caught), databricks_pb2.INVALID_PARAMETER_VALUE)
    except (sa.exc.SQLAlchemyError, OSError) as caught:
        error = MlflowException(reason(caught), databricks_pb2.TEMPORARILY_UNAVAILABLE)
    except MlflowException as caught:
        error = caught
    return JSONResponse(json.loads(error.serialize_as_json()), error.get_http_status_code())


def described() -> dict[str, Any]:
    """The answer about capabilities."""
    return {
        "bulk": bulk_store() is not None,
        "protocol": PROTOCOL,
        "version": gdlab.__version__,
        "mlflow": mlflow.__version__,
        "most_bytes": parcel.MOST_BYTES,
    }


def stored(experiment_id: str, body: parcel.File) -> dict[str, Any]:
    """Store a parcel's artifacts, then its runs in one transaction."""
    store = bulk_store()
    if store is None:
        raise MlflowException("runs are not taken in bulk here", databricks_pb2.NOT_IMPLEMENTED)
    if not experiment_id.isdecimal():
        message = f"experiment_id must be a whole number, got {experiment_id!r}"
        raise MlflowException(message, databricks_pb2.INVALID_PARAMETER_VALUE)
    experiment = store.get_experiment(experiment_id)
    with tempfile.TemporaryDirectory(dir=scratch(), prefix=".gdlab-") as folder:
        found = parcel.unpack(body, Path(folder))
        for record in found:
            place(record, Path(folder, record.run_id), artifact_uri(experiment, record.run_id))
    superseded = store.write_runs(experiment_id, found)
    for run_id in superseded:
        remove(artifact_uri(experiment, run_id))
    return {"superseded": {run_id: first._asdict() for run_id, first in superseded.items()}}


@cache
def bulk_store() -> BulkStore | None:
    """The server's database; None if it is none that is written in bulk, or if the server keeps no artifacts."""
    store = handlers._get_tracking_store()
    if type(store) is not SqlAlchemyStore or not handlers._is_serving_proxied_artifacts():
        return None
    bulk = BulkStore(store.db_uri, store.artifact_root_uri)
    return bulk if bulk.is_supported else None


def artifact_uri(experiment: Any, run_id: str) -> str:
    """The address of a run's artifacts, as MLflow makes it."""
    return append_to_uri_path(experiment.artifact_location, run_id, "artifacts")


def scratch() -> Path | None:
    """A folder for files that are received: on the disk of the artifacts, so that they need only be renamed."""
    repository = handlers._get_artifact_repo_mlflow_artifacts()
    if not isinstance(repository, LocalArtifactRepository):
        return None
    folder = Path(repository.artifact_dir)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def place(record: RunRecord, source: Path, uri: str) -> None:
    """Put a run's artifacts where the server keeps them; on this machine, check that all listed are there."""
    repository, path = destination(uri)
    if isinstance(repository, LocalArtifactRepository):
        folder = Path(repository.artifact_dir, path)
        if source.is_dir():
            artifacts.move(source, folder)
        if absent := artifacts.lacking(folder, record.files):
            raise parcel.ParcelError(f"run {record.run_id}: {absent[0]} is not here, or not whole")
    elif source.is_dir():
        repository.log_artifacts(str(source), path)


def remove(uri: str) -> None:
    """Remove the artifacts of a run that is not stored."""
    repository, path = destination(uri)
    if isinstance(repository, LocalArtifactRepository):
        shutil.rmtree(Path(repository.artifact_dir, path).parent, ignore_errors=True)
    else:
        repository.delete_artifacts(path)


def destination(uri: str) -> tuple[Any, str]:
    """The repository that an address leads to through this server, and the path in it."""
    if not handlers._is_servable_proxied_run_artifact_root(uri):
        raise MlflowException("the experiment's artifacts are not kept by this server", databricks_pb2.NOT_IMPLEMENTED)
    path = validate_path_is_safe(handlers._get_proxied_run_artifact_destination_path(uri))
    return handlers._get_artifact_repo_mlflow_artifacts(), path
