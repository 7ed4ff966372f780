"""Where runs are tracked: whether a place can be used, its client and its files, its errors in one line."""

from __future__ import annotations

import gc
import logging
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from mlflow import MlflowClient

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # before its import: it would report its use over the network

PORTS = {"http": 80, "https": 443}
ANSWER_SECONDS = 10  # within which a server must answer


class TrackingError(RuntimeError):
    """A tracking store that cannot be used; the message says which and why."""


def database_file(uri: str) -> Path | None:
    """The file of an SQLite store."""
    scheme, separator, rest = uri.partition("://")
    return Path(rest.removeprefix("/") or ".") if scheme.startswith("sqlite") and separator else None


def check_place(uri: str, must_exist: bool = False) -> None:
    """See that a store on this machine can be written (or, with `must_exist`, that it is there), before the work.

    Raises
    ------
    TrackingError
        If not, or if `uri` is none that MLflow knows.

    """
    scheme, separator, _ = uri.partition("://")
    path = database_file(uri)
    if path is not None:
        if must_exist and not path.exists():
            raise TrackingError(f"tracking.uri={uri}: {path} does not exist yet; launch a run first")
        try:
            with closing(sqlite3.connect(path)) as database:
                database.execute("PRAGMA schema_version")
            if not os.access(path, os.W_OK):
                raise PermissionError("it is read-only")
        except (sqlite3.Error, OSError) as error:
            raise TrackingError(f"tracking.uri={uri} cannot be used: {error}") from None
    elif separator and scheme in PORTS:
        server = urlsplit(uri)
        try:
            address = server.hostname or "", server.port or PORTS[scheme]
            socket.create_connection(address, ANSWER_SECONDS).close()
        except (OSError, ValueError) as error:
            raise TrackingError(f"tracking.uri={uri}: no server answers there ({error})") from None
    elif not separator or scheme not in ("file", "postgresql", "mysql", "mssql", "postgresql+psycopg"):
        raise TrackingError(f"tracking.uri must be like sqlite:///mlflow.db or http://host:5000, got {uri!r}")


def experiment_id(uri: str, experiment: str) -> str | None:
    """MLflow's id of an experiment; None where it or the store is not there. Looks without making anything."""
    path = database_file(uri)
    if path is not None and not (path.is_file() and path.stat().st_size):
        return None
    with plain_errors(uri):
        check_place(uri)
        found = client(uri).get_experiment_by_name(experiment)
        return str(found.experiment_id) if found else None


@contextmanager
def plain_errors(uri: str) -> Iterator[None]:
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


@cache
def _mlflow() -> type[MlflowClient]:
    """The class of its clients. What MLflow imports stays for good, so the garbage collector is spared it,
    a sixth of the time that a short run takes; and what it says about making its tables is left out.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        from mlflow import MlflowClient
        from mlflow.store.tracking import sqlalchemy_store  # noqa: F401  it would be imported a moment later
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return MlflowClient


def client(uri: str) -> MlflowClient:
    """MLflow's client of a store."""
    return _mlflow()(uri)


def local(uri: str, artifacts: str, name: str) -> Path:
    """A run's artifact as a file here, fetched if the store is elsewhere."""
    folder = local_folder(artifacts)
    if folder is not None:
        return folder / name
    from mlflow.artifacts import download_artifacts

    return Path(download_artifacts(artifact_uri=f"{artifacts}/{name}", tracking_uri=uri))


def local_folder(artifacts: str) -> Path | None:
    """A place of artifacts, if it is on this machine."""
    scheme, separator, rest = artifacts.partition("://")
    if not separator:
        return None if artifacts.startswith("mlflow-artifacts:") else Path(artifacts)
    return Path(rest) if scheme == "file" else None
