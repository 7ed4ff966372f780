"""Servers of the trials' own, on the loopback interface: PostgreSQL with throw-away data, and MLflow."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

START_SECONDS = 300  # within which a server must answer
STOP_SECONDS = 20
ASK_SECONDS = 30
QUIET = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
SUPERUSER = "postgres"


class ServiceError(RuntimeError):
    """A server that cannot be started; the message says why."""


def free_port() -> int:
    """A port of the loopback interface that nothing uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """A server process that can be stopped, killed, and started again on the same port."""

    def __init__(self, name: str, command: list[str], log: Path, answers: Callable[[], bool], user: str | None) -> None:
        self.name, self.command, self.log, self.answers, self.user = name, command, log, answers, user
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, if it does not run, and wait until it answers."""
        if self.process is not None and self.process.poll() is None:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.log.parent,
                env={**os.environ, **QUIET},
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=self.user,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServiceError(f"{self.name} does not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.1)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ask the process to end, and wait for it."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
            self.kill()

    def kill(self) -> None:
        """Kill it and all that it has started: they are a process group."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


class PostgreSQL:
    """A PostgreSQL server with throw-away data; `url` is SQLAlchemy's of its database."""

    def __init__(self) -> None:
        if importlib.util.find_spec("psycopg") is None:
            raise ServiceError("psycopg is not installed: uv pip install 'psycopg[binary]'")
        self.user = SUPERUSER if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        binaries = Path(_output(["pg_config", "--bindir"]))
        self.folder = Path(tempfile.mkdtemp(prefix="gdlab-postgresql-"))
        if self.user:
            shutil.chown(self.folder, self.user)
        data, port = self.folder / "data", free_port()
        make = [str(binaries / "initdb"), "-D", str(data), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-locale"]
        subprocess.run(make, cwd=self.folder, user=self.user, check=True, stdout=subprocess.DEVNULL)
        settings = ["-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        self.url = f"postgresql+psycopg://{SUPERUSER}@127.0.0.1:{port}/postgres"
        ready = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        self.service = Service(
            "PostgreSQL",
            [str(binaries / "postgres"), "-D", str(data), *settings],
            self.folder / "postgresql.log",
            lambda: subprocess.run(ready, cwd="/").returncode == 0,
            self.user,
        )

    def __enter__(self) -> Self:
        self.service.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.service.stop(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)


class MlflowServer:
    """`mlflow server` on a database: `uri` is its address, `artifacts` the folder that it puts artifacts in.

    `app` names a plugin that serves more than MLflow does, as in `mlflow server --app-name`.
    """

    def __init__(self, database: str, folder: Path, workers: int = 2, app: str | None = None) -> None:
        self.artifacts, port = folder / "artifacts", free_port()
        self.uri = f"http://127.0.0.1:{port}"
        stores = ["--backend-store-uri", database, "--artifacts-destination", str(self.artifacts)]
        listen = ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
        plugin = ["--app-name", app] if app else []
        command = [sys.executable, "-m", "mlflow", "server", *plugin, *stores, *listen]
        self.service = Service("MLflow's server", command, folder / "mlflow-server.log", self._answers, None)

    def __enter__(self) -> Self:
        self.artifacts.mkdir(parents=True, exist_ok=True)
        self.service.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.service.stop()

    def _answers(self) -> bool:
        with suppress(OSError):
            self.ask("/api/2.0/mlflow/experiments/search?max_results=1")
            return True
        return False

    def ask(self, path: str, content: bytes | None = None) -> bytes:
        """The server's answer to a GET, or to a POST of this content."""
        request = urllib.request.Request(  # noqa: S310  an address of our own
            self.uri + path, content, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=ASK_SECONDS) as answer:  # noqa: S310
            return bytes(answer.read())


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except OSError as error:
        raise ServiceError(f"{command[0]} cannot be run ({error}): install PostgreSQL's server") from None
