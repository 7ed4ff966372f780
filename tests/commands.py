"""The commands, as a person types them."""

from __future__ import annotations

import importlib
import os
import runpy
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 300
SECONDS_EACH = 60  # for one of many

_processes = get_context("forkserver")
_processes.set_forkserver_preload(
    ["hydra.main", "mlflow.store.tracking.sqlalchemy_store", "pandas", "scipy", "seaborn"]
)


def train(
    folder: Path, *arguments: str, first: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run experiments/train.py in `folder`."""
    return script(folder, "experiments/train.py", *arguments, first=first, **variables)


def script(
    folder: Path, name: str, *arguments: str, first: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a script in `folder`, in a process of its own: a fork of one that has imported already what takes seconds.

    `first` is a module that the process imports before it runs the script.
    """
    with tempfile.TemporaryDirectory() as place:
        streams = [Path(place, stream) for stream in ("stdout", "stderr")]
        command = [str(ROOT / name), *arguments]
        process = _processes.Process(target=_run, args=(folder, command, variables, streams, first))
        process.start()
        process.join(SECONDS)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{' '.join(command)} takes longer than {SECONDS} seconds")
        stdout, stderr = (file.read_text() for file in streams)
        return subprocess.CompletedProcess(command, process.exitcode, stdout, stderr)


def _run(folder: Path, command: list[str], variables: dict[str, str], streams: list[Path], first: str | None) -> None:
    for stream, file in zip((sys.stdout, sys.stderr), streams, strict=True):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), stream.fileno())
    os.chdir(folder)
    os.environ.update(variables)
    if first is not None:
        importlib.import_module(first)
    sys.argv, sys.path[0] = command, str(Path(command[0]).parent)
    runpy.run_path(command[0], run_name="__main__")


def train_each(folder: Path, lines: Sequence[Sequence[str]]) -> list[subprocess.CompletedProcess[str]]:
    """Run experiments/train.py on each of some command lines, each in a folder of its own below `folder`.

    All of them fork from one process, which has imported what train.py imports.
    """
    places = [folder / str(number) for number in range(len(lines))]
    process = _processes.Process(target=_run_each, args=(places, lines))
    process.start()
    process.join(SECONDS_EACH * len(lines))
    if process.exitcode != 0:
        process.kill()
        raise RuntimeError(f"the process that runs the command lines ended with {process.exitcode}")
    return [
        subprocess.CompletedProcess(
            line,
            int((place / "status").read_text()),
            (place / "stdout").read_text(),
            (place / "stderr").read_text(),
        )
        for place, line in zip(places, lines, strict=True)
    ]


def _run_each(places: Sequence[Path], lines: Sequence[Sequence[str]]) -> None:
    sys.path.insert(0, str(ROOT / "experiments"))
    for name in ("console", "usage_errors", "hydra_plugins.stacked_launcher", "hydra_plugins.grid_sweeper"):
        importlib.import_module(name)
    for place, line in zip(places, lines, strict=True):
        (place / "work").mkdir(parents=True)
        command = [str(ROOT / "experiments" / "train.py"), *line]
        streams = [place / "stdout", place / "stderr"]
        process = get_context("fork").Process(target=_run, args=(place / "work", command, {}, streams, None))
        process.start()
        process.join(SECONDS_EACH)
        if process.exitcode is None:
            process.kill()
            process.join()
        (place / "status").write_text(str(process.exitcode))


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The same in the background, as a process group of its own that heeds Ctrl-C even if this one does not."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "experiments" / "train.py"), *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


def wait_until(fact: Callable[[], Any], process: subprocess.Popen[str], seconds: float = 120) -> None:
    """Wait for something that a process in the background is to bring about."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not come to that"
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.1)


def of_living(processes: Iterable[Any], read: Callable[[Any], Any]) -> list[Any]:
    """What is read of each process that has not ended before it is read."""
    results = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            results.append(read(process))
    return results


def count(folder: Path, query: str) -> int:
    """What the folder's store answers to "SELECT COUNT(*) …"; 0 until it has tables, which MLflow would make."""
    try:
        with closing(sqlite3.connect(f"file:{folder / 'mlflow.db'}?mode=ro", uri=True)) as database:
            return database.execute(f"SELECT COUNT(*) {query}").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def single_line(text: str) -> str:
    """The only line of a text."""
    (line,) = text.strip().splitlines()
    return line
