"""Faults of the SQLite file and of the disk."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.faults import disks
from benchmarks.faults.bench import FILE
from benchmarks.faults.commands import SMALL
from benchmarks.faults.registry import fault
from benchmarks.faults.services import MlflowServer
from benchmarks.faults.trial import Trial

LOCKED_SECONDS = 90
UI_SECONDS = 1.0  # between two looks of the UI
ARTIFACTS_MEGABYTES, EVERYTHING_MEGABYTES, ENOUGH_MEGABYTES = 8, 16, 400


@fault("locked", on_time=True)
def locked(trial: Trial) -> None:
    """Another program locks the SQLite file for 90 s."""
    sweep = trial.launch()
    trial.in_flight(sweep)
    with disks.locked(trial.database):
        trial.hold(LOCKED_SECONDS, sweep)
    trial.end(sweep)


@fault("artifacts-full", root=True, on_time=True)
def artifacts_full(trial: Trial) -> None:
    """The disk of the artifacts is full (8 MB), and enlarged after the sweep."""
    _fill(trial, trial.folder / "mlruns", ARTIFACTS_MEGABYTES)


@fault("disk-full", root=True, relaunches=True)
def disk_full(trial: Trial) -> None:
    """The disk of everything is full (16 MB), and enlarged after the sweep."""
    _fill(trial, trial.folder, EVERYTHING_MEGABYTES)


def _fill(trial: Trial, folder: Path, megabytes: int) -> None:
    megabytes = max(2, megabytes * trial.sweep.runs // 200)
    trial.stack.enter_context(disks.small_disk(folder, megabytes))
    sweep = trial.end(trial.launch())
    if not sweep.code:
        trial.problems.append("the disk was large enough")
    disks.grow(folder, ENOUGH_MEGABYTES)


@fault("corrupt", small=True, trials=len(disks.DAMAGES), compared=False)
def corrupt(trial: Trial) -> None:
    """The database is damaged, or no database of this MLflow: one line, and nothing is changed."""
    name, damage = list(disks.DAMAGES.items())[trial.number]
    trial.notes.append(f"database {name}")
    trial.end(trial.launch(name="before"))
    damage(trial.database)
    _must_refuse(trial)


@fault("read-only", small=True, compared=False)
def read_only(trial: Trial) -> None:
    """The database is read-only: one line, and nothing is changed; a dry run may read it."""
    trial.end(trial.launch(name="before"))
    trial.stack.enter_context(disks.read_only(trial.database))
    _must_refuse(trial, even_dry_runs=False)


@fault("older", small=True, compared=False)
def older(trial: Trial) -> None:
    """The database has the schema of an older MLflow: one line, and nothing is changed; a dry run may read it."""
    disks.older(trial.database)
    _must_refuse(trial, even_dry_runs=False)


def _must_refuse(trial: Trial, even_dry_runs: bool = True) -> None:
    """See that a sweep of other jobs is refused in one line, and that neither it nor a dry run changes the database."""
    before, copy = disks.content(trial.database), trial.base / "copy"
    if trial.database.is_file():
        shutil.copy(trial.database, copy)
    for name, overrides in (("dry run", ["dry_run=true"]), ("sweep", [])):
        command = trial.end(trial.launch("stop.max_steps=8", *overrides, name=name))
        if not command.code and (name == "sweep" or even_dry_runs):
            trial.problems.append(f"the {name} was not refused")
        if len(command.lines) != bool(command.code):
            trial.problems.append(f"{name}: exit code {command.code}, {len(command.lines)} lines on stderr")
        trial.notes += command.lines[-1:]
        if disks.content(trial.database) != before:
            trial.problems.append(f"the {name} changed the database")
            shutil.copy(copy, trial.database)


@fault("two-sweeps")
def two_sweeps(trial: Trial) -> None:
    """Two equal sweeps at once in one folder, with a UI open."""
    _two(trial, trial.folder)


@fault("two-sweeps-server", route="server")
def two_sweeps_server(trial: Trial) -> None:
    """Two equal sweeps at once through the server, from two folders."""
    _two(trial, trial.folder.with_name("other"))


@fault("two-sweeps-postgresql", route="postgresql")
def two_sweeps_postgresql(trial: Trial) -> None:
    """Two equal sweeps at once in one PostgreSQL database without MLflow's server, from two folders."""
    _two(trial, trial.folder.with_name("other"))


def _two(trial: Trial, other: Path) -> None:
    """Launch the sweep twice; where the store is a file, look at it in a UI meanwhile."""
    ui = _open_ui(trial) if trial.route == FILE else None
    sweeps = [trial.launch(folder=folder) for folder in (trial.folder, other)]
    for sweep in sweeps:
        while ui is not None and sweep.running:
            ui.ask("/ajax-api/2.0/mlflow/runs/search", b'{"experiment_ids": ["0", "1", "2"], "max_results": 100}')
            trial.hold(UI_SECONDS, sweep)
        trial.end(sweep)
    trial.notes.append(f"trained {' + '.join(str(sweep.trained) for sweep in sweeps)}")


def _open_ui(trial: Trial) -> MlflowServer:
    trial.end(trial.launch(name="before", sweep=SMALL, experiment="before"))
    folder = trial.base / "ui"
    folder.mkdir()
    return trial.stack.enter_context(MlflowServer(f"sqlite:///{trial.database}", folder, workers=1))
