"""What all trials share: servers, started when they are first needed, and undisturbed sweeps to compare with."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Self

from benchmarks.faults import records
from benchmarks.faults.commands import Sweep
from benchmarks.faults.proxy import Proxy, passed
from benchmarks.faults.records import Experiment, Place
from benchmarks.faults.services import MlflowServer, PostgreSQL
from benchmarks.faults.trial import DATABASE, Trial

FILE, SERVER, PROXY, POSTGRESQL = "file", "server", "proxy", "postgresql"


class Undisturbed(NamedTuple):
    """An undisturbed sweep: what it left, and how long its command and its training took."""

    experiment: Experiment
    seconds: float
    training_seconds: float
    lines: int


class Bench:
    """The folder of all trials, and the servers; leaving its context ends them."""

    def __init__(self, folder: Path, runs: int, limit: float, keep: bool, app: str | None) -> None:
        self.folder, self.runs, self.limit, self.keep, self.app = folder, runs, limit, keep, app
        self.stack = ExitStack()
        self.undisturbed_count = 0
        self._undisturbed: dict[tuple[str, str], Undisturbed] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    @cached_property
    def postgresql(self) -> PostgreSQL:
        """The PostgreSQL server."""
        return self.stack.enter_context(PostgreSQL())

    @cached_property
    def server(self) -> MlflowServer:
        """MLflow's server on PostgreSQL."""
        folder = self.folder / "server"
        folder.mkdir()
        return self.stack.enter_context(MlflowServer(self.postgresql.url, folder, app=self.app))

    @cached_property
    def proxy(self) -> Proxy:
        """The proxy before MLflow's server."""
        return self.stack.enter_context(Proxy(self.server.uri))

    def place(self, route: str, work: Path) -> Place:
        """The store of a trial whose commands work in a folder."""
        if route == FILE:
            return Place(f"sqlite:///{DATABASE}", f"sqlite:///{work / DATABASE}")
        if route == POSTGRESQL:
            _ = self.server  # makes the tables
            return Place(self.postgresql.url, self.postgresql.url)
        uri = self.proxy.uri if route == PROXY else self.server.uri
        return Place(uri, self.postgresql.url, self.server.artifacts)

    def free(self) -> None:
        """End every fault of the servers."""
        if "postgresql" in self.__dict__:
            self.postgresql.service.start()
        if "server" in self.__dict__:
            self.server.service.start()
        if "proxy" in self.__dict__:
            self.proxy.rule = passed

    def undisturbed(self, sweep: Sweep, route: str, again: bool = False) -> Undisturbed:
        """An undisturbed sweep to the same kind of store; run once, or once more."""
        if again or (sweep.name, route) not in self._undisturbed:
            self.undisturbed_count += 1
            trial = Trial(self, f"undisturbed-{sweep.name}-{route}", self.undisturbed_count, sweep, route)
            command = trial.end(trial.launch())
            found = records.read(trial.place, trial.experiment, trial.folder)
            if command.code or len(found.finished()) != sweep.runs:
                raise SystemExit(f"error: the undisturbed sweep failed ({route}): {command.stderr[-2000:]}")
            lines = len(command.lines)
            self._undisturbed[sweep.name, route] = Undisturbed(found, command.seconds, found.training_seconds, lines)
            self.discard(trial)
        return self._undisturbed[sweep.name, route]

    def discard(self, trial: Trial) -> None:
        """Stop what a trial has left, and remove its folder."""
        trial.stack.close()
        if not self.keep:
            shutil.rmtree(trial.base, ignore_errors=True)
