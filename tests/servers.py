"""MLflow's server with gdlab's routes, on an SQLite file, in a process of its own."""

from __future__ import annotations

import os
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commands import _processes

START_SECONDS = 120


@contextmanager
def server(folder: Path, most_bytes: int) -> Iterator[str]:
    """The address of a server on the folder's mlflow.db, which takes parcels of so many bytes; its log is there."""
    port = free_port()
    process = _processes.Process(target=_serve, args=(folder, port, most_bytes))
    process.start()
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_SECONDS
        while not answers(address):
            assert process.is_alive() and time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.join()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(address: str) -> bool:
    """True if a server is up."""
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=10):
            return True
    except OSError:
        return False


def _serve(folder: Path, port: int, most_bytes: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        os.dup2(os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream.fileno())
    os.chdir(folder)
    import uvicorn  # first: MLflow then knows that it is a server
    from mlflow.server import constants

    os.environ[constants.BACKEND_STORE_URI_ENV_VAR] = f"sqlite:///{folder}/mlflow.db"
    os.environ[constants.ARTIFACT_ROOT_ENV_VAR] = "mlflow-artifacts:/"
    os.environ[constants.ARTIFACTS_DESTINATION_ENV_VAR] = str(folder / "artifacts")
    os.environ[constants.SERVE_ARTIFACTS_ENV_VAR] = "true"

    from gdlab.tracking import server as routes
    from gdlab.tracking.backends import parcel

    parcel.MOST_BYTES = most_bytes
    uvicorn.run(routes.app(), host="127.0.0.1", port=port, log_level="warning")
