"""Tracking stores: checking that one can be used, its client, its local files, its errors in one line."""

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

os.environ.setdefault(
    "MLFLOW_DISABLE_TELEMETRY", "true"
)  # before its import, since it would report its use over the network

PORTS = {"http": 80, "https": 443}
ANSWER_SECONDS = 10  # within which a server must answer


class TrackingError(RuntimeError):
    """A tracking store that cannot be used; the message names it and the reason."""


def database_file(uri: str) -> Path | None:
    """The file of an SQLite store."""
    scheme, separator, rest = uri.partition("://")
    return Path(rest.removeprefix("/") or ".") if scheme.startswith("sqlite") and separator else None


def check_place(uri: str, must_exist: bool = False) -> None:
    """Check, before any work, that a store can be reached and written; with `must_exist`, that it exists.

    Raises
    ------
    TrackingError
        If not, or if MLflow does not support `uri`.

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
    """MLflow's id of an experiment; None if it or the store does not exist. Creates nothing."""
    path = database_file(uri)
    if path is not None and not (path.is_file() and path.stat().st_size):
        return None
    with plain_errors(uri):
        check_place(uri)
        found = client(uri).get_experiment_by_name(experiment)
        return str(found.experiment_id) if found else None


@contextmanager
def plain_errors(uri: str) -> Iterator[None]:
    """Turn errors of MLflow, the database or the file system into a `TrackingError` of one line."""
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
    """MLflow's client class, imported with the garbage collector off and then exempt from it, since what MLflow imports
    stays for good; this saves a sixth of a short run's time. MLflow's messages below warnings are silenced.
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
    """The path of a run's artifact on this machine, downloaded if it is elsewhere."""
    folder = local_folder(artifacts)
    if folder is not None:
        return folder / name
    from mlflow.artifacts import download_artifacts

    return Path(download_artifacts(artifact_uri=f"{artifacts}/{name}", tracking_uri=uri))


def local_folder(artifacts: str) -> Path | None:
    """The folder of an artifact URI, if it is on this machine."""
    scheme, separator, rest = artifacts.partition("://")
    if not separator:
        return None if artifacts.startswith("mlflow-artifacts:") else Path(artifacts)
    return Path(rest) if scheme == "file" else None
