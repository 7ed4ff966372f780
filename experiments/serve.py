"""Run an MLflow server on PostgreSQL, on this machine and for it alone, until Ctrl-C.

All it keeps is in one folder: the database, the artifacts, two logs. Started again, it goes on with them.
"""

from __future__ import annotations

import installation  # noqa: F401

# isort: split
import argparse
import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import postgres
import psutil
from filelock import FileLock, Timeout

from gdlab.options import Parser
from gdlab.tracking.provenance import CLOCK_SECONDS

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
HOST, PORT = "127.0.0.1", 5000
WORKERS = 1  # processes of MLflow's server, of some 300 MB each
START_SECONDS, STOP_SECONDS, LEFT_OVER_SECONDS, PAUSE = 180, 20, 60, 0.2
OF_CLIENTS = {"MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"}
UVICORN = "--no-access-log --log-level warning --timeout-graceful-shutdown 10"
LAUNCH = "python experiments/train.py -m tracking=server"


class ServerError(RuntimeError):
    """The server cannot run; the message says why."""


def main() -> None:
    """Run the server until it is stopped; an error that the user can fix is reported in one line."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
            signal.signal(number, stopped)
    options = parsed()
    try:
        serve(options)
    except (ServerError, postgres.PostgresError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("stopped", flush=True)


def parsed() -> argparse.Namespace:
    """The command line's options."""
    parser = Parser(__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="the server's port (%(default)s)")
    parser.add_argument("--folder", type=Path, default=Path("server"), help="where all is kept (%(default)s)")
    parser.add_argument("--workers", type=int, default=WORKERS, help="processes of MLflow's server (%(default)s)")
    parser.add_argument("--upgrade", action="store_true", help="bring the tables of an older MLflow up to date")
    options = parser.parse_args()
    if options.workers < 1:
        parser.error(f"--workers must be at least 1, got {options.workers}")
    return options


def stopped(*_: object) -> NoReturn:
    """End as Ctrl-C does; while what runs is being stopped, further signals are ignored."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def serve(options: argparse.Namespace) -> None:
    """Run PostgreSQL and MLflow's server on a folder, until either ends or this process is interrupted."""
    folder, port = options.folder.resolve(), options.port
    if importlib.util.find_spec("psycopg") is None:
        raise ServerError("psycopg is not installed: pip install 'psycopg[binary]'")
    with alone(folder) as note:
        end_left_over(note)
        check_port(port)
        cluster, log, address = postgres.Cluster.of(folder), folder / "mlflow.log", f"http://{HOST}:{port}"
        with contextlib.ExitStack() as stack:
            stack.callback(note.unlink, missing_ok=True)
            database, place = stack.enter_context(postgres.running(cluster))
            keep(note, address, database)
            uri, environment = cluster.uri(place), mlflow_environment(cluster)
            if options.upgrade:
                upgrade(uri, environment, log)
            said_before = log.stat().st_size if log.exists() else 0
            environment["MLFLOW_BACKEND_STORE_URI"] = uri
            server = stack.enter_context(mlflow_server(folder, environment, port, options.workers))
            keep(note, address, database, server)
            wait_until_it_answers(address, server, log, said_before)
            elsewhere = "" if port == PORT else f" tracking.uri={address}"
            print(f"{address} serves {folder}; to use it: {LAUNCH}{elsewhere} …; Ctrl-C stops it", flush=True)
            watch({"PostgreSQL": (database, cluster.log), "MLflow": (server, log)})


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[Path]:
    """Lock a folder, made on first use, against another server; gives the file that says what runs on it."""
    lock, note = FileLock(folder / "lock", blocking=False), folder / "running.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        address = json.loads(note.read_text())["address"] if note.exists() else "it is starting or stopping"
        raise ServerError(f"a server runs on {folder} already: {address}") from None
    except OSError as error:
        raise ServerError(f"--folder={folder} cannot be used: {error.strerror}") from None
    try:
        yield note
    finally:
        lock.release()


def keep(note: Path, address: str, *processes: subprocess.Popen[bytes]) -> None:
    """Write down what runs, for a second server, and for the next one should this process be killed."""
    started = [(process.pid, psutil.Process(process.pid).create_time()) for process in processes]
    unfinished = note.with_suffix(".new")
    unfinished.write_text(json.dumps({"address": address, "processes": started}))
    unfinished.replace(note)


def end_left_over(note: Path) -> None:
    """Stop what a server that was killed has left running."""
    if not note.exists():
        return
    left = []
    for pid, created in json.loads(note.read_text())["processes"]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if abs(process.create_time() - created) <= CLOCK_SECONDS:
                process.send_signal(signal.SIGINT)
                left.append(process)
    _, alive = psutil.wait_procs(left, LEFT_OVER_SECONDS)
    if alive:
        raise ServerError(f"process {alive[0].pid}, of a server that was killed, does not end: kill it")


def check_port(port: int) -> None:
    """Raise if another program has the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that has just ended leaves it waiting
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ServerError(f"--port={port} cannot be used ({reason}): choose another") from None


def mlflow_environment(cluster: postgres.Cluster) -> dict[str, str]:
    """The environment of MLflow's processes: the database's password, and nothing that tracking does not need."""
    return {name: value for name, value in os.environ.items() if name not in OF_CLIENTS} | {
        "PGPASSFILE": str(cluster.password),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def upgrade(uri: str, environment: dict[str, str], log: Path) -> None:
    """Bring the database's tables up to date with the installed MLflow."""
    with log.open("ab") as output:
        command = [sys.executable, "-m", "mlflow", "db", "upgrade", uri]
        done = subprocess.run(command, env=environment, stdout=output, stderr=output, check=False)
    if done.returncode:
        raise ServerError(f"the tables cannot be upgraded: see {log}")


@contextlib.contextmanager
def mlflow_server(
    folder: Path, environment: dict[str, str], port: int, workers: int
) -> Iterator[subprocess.Popen[bytes]]:
    """MLflow's server, with gdlab's own routes."""
    artifacts = ("--serve-artifacts", "--artifacts-destination", str(folder / "artifacts"))
    options = ("--host", HOST, "--port", str(port), "--workers", str(workers), "--uvicorn-opts", UVICORN)
    command = [sys.executable, "-m", "mlflow", "server", "--app-name", "gdlab", *artifacts, *options]
    with (folder / "mlflow.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what did not end of itself
        process.wait()


def wait_until_it_answers(address: str, process: subprocess.Popen[bytes], log: Path, said_before: int) -> None:
    """Wait until MLflow's server answers."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):  # noqa: S310  # this machine's http
                return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None or time.monotonic() > deadline:
                old = b"out-of-date database schema" in log.read_bytes()[said_before:]
                remedy = "its tables are those of an older MLflow: copy the folder, then add --upgrade"
                raise ServerError(f"MLflow's server does not start: {remedy if old else f'see {log}'}") from None
        time.sleep(PAUSE)


def watch(processes: dict[str, tuple[subprocess.Popen[bytes], Path]]) -> NoReturn:
    """Raise when one of these processes ends."""
    while True:
        for name, (process, log) in processes.items():
            if process.poll() is not None:
                raise ServerError(f"{name} has ended with exit code {process.returncode}: see {log}")
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
