"""Tracking stores: whether one can be used now, its client, its local files, its errors in one line."""

from __future__ import annotations

import gc
import logging
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gdlab.tracking import schema, uris
from gdlab.tracking.uris import TrackingError, database_file, redacted

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

os.environ.setdefault(
    "MLFLOW_DISABLE_TELEMETRY", "true"
)  # before its import, since it would report its use over the network

ANSWER_SECONDS = 5  # within which a server must answer, or training begins without it
PAGE = 1000
CREDENTIALS = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
SERVER_SECONDS = "20"  # within which a server must answer a call
REFUSALS = (
    "authentication",
    "does not exist",
    "no pg_hba.conf",
    "permission denied",
)  # of a database, until it is changed


class StoreAwayError(TrackingError):
    """A tracking store that cannot be used just now."""


def check_place(uri: str, must_exist: bool = False) -> None:
    """Check that a store's URI is one, and with `must_exist`, that its file exists. Raises `TrackingError`."""
    path = database_file(uri) if isinstance(uri, str) else None
    if must_exist and path is not None and not path.exists():
        raise TrackingError(f"tracking.uri={redacted(uri)}: {path} does not exist yet; launch a run first")
    uris.check(uri)


def check_writable(uri: str, upgrade: bool = False) -> str:
    """Check that a store can be written; returns why it does not answer just now, or an empty text.

    Raises
    ------
    TrackingError
        If it will not do so until something is changed.

    """
    check_place(uri)
    if (path := database_file(uri)) is not None:
        return _file_trouble(uri, path, upgrade)
    return _server_trouble(uri) if uri.startswith(("http://", "https://")) else _database_trouble(uri)


def _file_trouble(uri: str, path: Path, upgrade: bool) -> str:
    """As `check_writable`, of an SQLite file."""
    if not os.access(path.parent, os.W_OK):
        raise TrackingError(f"tracking.uri={redacted(uri)} cannot be used: the folder is read-only")
    schema.check_database(uri, upgrade)
    return ""


def _server_trouble(uri: str) -> str:
    """As `check_writable`, of a server."""
    try:
        with urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=ANSWER_SECONDS):  # noqa: S310  http(s) only
            return ""
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            raise TrackingError(f"tracking.uri={redacted(uri)} refuses access: set {CREDENTIALS}") from None
        if error.code == 404:
            raise TrackingError(f"tracking.uri={redacted(uri)}: what answers there is no MLflow server") from None
        return f"{redacted(uri)} answers {error.code} {error.reason}"
    except OSError as error:
        cause = getattr(error, "reason", error)
        return f"no server answers at {redacted(uri)} ({getattr(cause, 'strerror', None) or cause})"


def _database_trouble(uri: str) -> str:
    """As `check_writable`, of a database server."""
    import sqlalchemy as sa

    engine = sa.create_engine(uri, connect_args={"connect_timeout": ANSWER_SECONDS})
    try:
        engine.connect().close()
    except sa.exc.OperationalError as error:
        text = reason(error)
        if any(refusal in text for refusal in REFUSALS):
            raise TrackingError(f"tracking.uri={redacted(uri)} cannot be used: {text}") from None
        return f"{redacted(uri)}: {text}"
    finally:
        engine.dispose()
    return ""


@contextmanager
def plain_errors(uri: str) -> Iterator[None]:
    """Turn errors of MLflow, the database or the file system into a `TrackingError` of one line; a `StoreAwayError`, if
    another try may succeed.
    """
    try:
        yield
    except TrackingError:
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("mlflow", "sqlalchemy", "alembic", "requests", "builtins"):
            raise
        if isinstance(error, ImportError | TypeError | AttributeError | NameError | LookupError):
            raise
        kind = StoreAwayError if is_passing(error) else TrackingError
        raise kind(f"tracking.uri={redacted(uri)} cannot be used: {reason(error)}") from error


def is_passing(error: Exception) -> bool:
    """True for an error that another try may not meet; False for one by which a store refuses."""
    if type(error).__module__.startswith("sqlalchemy"):
        return type(error).__name__ == "OperationalError" and not any(text in str(error) for text in REFUSALS)
    status: Any = getattr(error, "get_http_status_code", lambda: 500)()
    return bool(status >= 500 or status in (408, 429))


def reason(error: BaseException) -> str:
    """An error's reason in one line, without passwords."""
    original = getattr(error, "orig", None)  # SQLAlchemy's text goes on with the statement and its values
    first = (str(original or error).strip().splitlines() or [type(error).__name__])[0]
    return redacted(" ".join(first.split()))


@cache
def _mlflow() -> type[MlflowClient]:
    """MLflow's client class, imported with the garbage collector off and then exempt from it, since what MLflow imports
    stays for good; this saves a sixth of a short run's time.
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
    silence()
    return MlflowClient


def silence() -> None:
    """Silence what MLflow logs: it prints errors that it raises, too."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)


def client(uri: str) -> MlflowClient:
    """MLflow's client of a store. Calls to a server are not repeated for minutes: what is not stored is sent again."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", SERVER_SECONDS)
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    return _mlflow()(uri)


def search(client: MlflowClient, experiment_id: str, rule: str) -> Iterator[Run]:
    """All runs of an experiment that match a filter, the oldest first."""
    token = None
    while True:
        page = client.search_runs(
            [experiment_id], rule, max_results=PAGE, order_by=["attributes.start_time ASC"], page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


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
