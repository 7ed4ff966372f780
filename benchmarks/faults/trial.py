"""One trial of a fault: a folder of its own, the commands launched in it, and what was seen of them."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.faults import records
from benchmarks.faults.commands import SYNC, TRAIN, Command, Sweep

if TYPE_CHECKING:
    from benchmarks.faults.bench import Bench

POLL_SECONDS, STORE_POLL_SECONDS = 0.05, 0.5  # between two looks, at the processes and at the store
OUTBOX = "outbox"
MOST_LINES = 4  # on stderr: the store is away, it is back, so many runs wait, the command was interrupted
DATABASE = "mlflow.db"
EXPECTED_FILES = {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", "mlruns", "multirun", "outputs"}


class Trial:
    """A trial: its working folder, the store that its commands use, and what happened.

    `problems` are what must not be, `notes` what is worth knowing. What is given to `stack` is undone at the very end,
    after the store has been read.
    """

    def __init__(self, bench: Bench, name: str, number: int, sweep: Sweep, route: str) -> None:
        self.bench, self.number, self.sweep, self.route = bench, number, sweep, route
        self.experiment = f"{name}-{number}"
        self.rng = random.Random(self.experiment)  # noqa: S311
        self.base = bench.folder / self.experiment
        self.folder, self.logs = self.base / "work", self.base / "logs"
        for folder in (self.folder, self.logs):
            folder.mkdir(parents=True)
        self.place = bench.place(route, self.folder)
        self.commands: list[Command] = []
        self.remedies: list[str] = []
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.stack = ExitStack()

    @property
    def database(self) -> Path:
        """The file of an SQLite store."""
        return self.folder / DATABASE

    @property
    def folders(self) -> list[Path]:
        """The working directories of its commands."""
        return list(dict.fromkeys([self.folder, *(command.folder for command in self.commands)]))

    def launch(
        self,
        *overrides: str,
        name: str = "sweep",
        folder: Path | None = None,
        sweep: Sweep | None = None,
        experiment: str | None = None,
    ) -> Command:
        """Start a sweep, by default the trial's own."""
        arguments = [str(TRAIN), "-m", *(sweep or self.sweep).overrides, *overrides]
        arguments += [f"tracking.uri={self.place.uri}", f"tracking.experiment={experiment or self.experiment}"]
        return self._start(name, arguments, folder or self.folder)

    def sync(self, folder: Path) -> Command:
        """Start the command that sends what waits."""
        return self._start("sync", [str(SYNC)], folder)

    def _start(self, name: str, arguments: list[str], folder: Path) -> Command:
        folder.mkdir(exist_ok=True)
        command = Command(name, arguments, folder, self.logs / f"{len(self.commands)}-{name}")
        self.stack.callback(command.stop)
        self.commands.append(command)
        return command

    def end(self, command: Command) -> Command:
        """Wait for a command's end; one that takes too long is stopped."""
        if not command.wait(self.bench.limit):
            command.stop()
            self.problems.append(f"{command.name} did not end in {self.bench.limit:.0f} s")
        if left := command.left_over():
            self.problems.append(f"{left} processes outlived {command.name}")
        if "Traceback" in command.stderr + command.stdout or len(command.lines) > MOST_LINES:
            self.problems.append(f"{command.name} printed {len(command.lines)} lines on stderr")
        return command

    def wait_until(self, fact: Callable[[], object], command: Command, every: float = POLL_SECONDS) -> bool:
        """Wait for a fact; False if the command ends first, or it takes too long."""
        deadline = time.monotonic() + self.bench.limit
        while not fact():
            if not command.running or time.monotonic() > deadline:
                return bool(fact())
            time.sleep(every)
        return True

    def in_flight(self, command: Command, share: float = 0.1) -> None:
        """Wait until a share of the runs is in the store, so that the rest is under way."""
        if not self.wait_until(lambda: self.finished() >= share * self.sweep.runs, command, STORE_POLL_SECONDS):
            self.problems.append(f"{command.name} was not seen in flight")

    def hold(self, seconds: float, command: Command) -> None:
        """Leave things as they are for a while, or until the command ends."""
        command.wait(seconds)

    def finished(self) -> int:
        """How many runs are FINISHED in the store."""
        return records.finished_count(self.place, self.experiment)

    def in_outbox(self) -> int:
        """How many finished runs wait in the outboxes."""
        keys = set()
        for place in (path for folder in self.folders for path in (folder / OUTBOX).glob("*/*/*/records.json")):
            with suppress(FileNotFoundError):  # it has been sent meanwhile
                for record in json.loads(place.read_text()):
                    if record["status"] == "FINISHED" and record["tags"]["gdlab.kind"] == "run":
                        keys.add(record["tags"]["gdlab.key"])
        return len(keys)

    def recover(self, relaunches: bool) -> None:
        """Do what it takes to finish: send what waits, then launch again; `relaunches` says that this may be needed."""
        self.bench.free()
        for folder in self.folders:
            if SYNC.exists() and (folder / OUTBOX).exists():
                self._remedy(self.sync(folder))
        for _ in range(3):
            if self.is_complete():
                return
            before = self.finished()
            command = self._remedy(self.launch(name="relaunch"))
            if not relaunches and before < self.sweep.runs:
                self.problems.append(f"{self.sweep.runs - before} runs were lost and trained again")
            elif (command.trained or 0) > self.sweep.runs - before:
                self.problems.append(f"a relaunch trained {command.trained}, {self.sweep.runs - before} were missing")

    def _remedy(self, command: Command) -> Command:
        """Wait for a command that should finish the sweep."""
        self.remedies.append(command.name)
        self.end(command)
        if command.code:
            self.problems.append(f"{command.name} ended with exit code {command.code}: {' '.join(command.lines[-1:])}")
        return command

    def is_complete(self) -> bool:
        """Whether all runs are FINISHED, none RUNNING, and nothing waits."""
        found = records.read(self.place, self.experiment, self.folder)
        waits = any((folder / OUTBOX).exists() for folder in self.folders)
        return len(found.finished()) >= self.sweep.runs and not found.statuses()["RUNNING"] and not waits

    def strangers(self) -> list[str]:
        """Files and folders in the working directories that no sweep leaves."""
        return sorted({path.name for folder in self.folders for path in folder.iterdir()} - EXPECTED_FILES)
