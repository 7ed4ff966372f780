"""Launchers and workers that are killed, and sweeps that are interrupted."""

from __future__ import annotations

import itertools
import signal
import time
from contextlib import AbstractContextManager, nullcontext, suppress

import psutil

from benchmarks.faults import disks
from benchmarks.faults.bench import FILE
from benchmarks.faults.commands import Command
from benchmarks.faults.registry import fault
from benchmarks.faults.trial import Trial

MANY = 50  # runs in the outbox
WORKER_KILLS = 5
MAKING_SECONDS = 0.9  # the time for which a database is in the making
GONE_SECONDS = 10  # within which an interrupted sweep must have ended
SIGNALS = list(itertools.product((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), (False, True)))


@fault("launcher-killed", trials=10, relaunches=True)
def launcher_killed(trial: Trial) -> None:
    """The launcher is killed (-9) at a random moment."""
    _kill_at_random(trial)


@fault("launcher-killed-server", route="server", trials=3, relaunches=True)
def launcher_killed_server(trial: Trial) -> None:
    """The launcher is killed (-9) at a random moment, the store being a server."""
    _kill_at_random(trial)


def _kill_at_random(trial: Trial) -> None:
    usual = trial.bench.undisturbed(trial.sweep, trial.route).seconds
    moment = trial.rng.uniform(0.5, 0.9 * usual)
    sweep = trial.launch()
    trial.hold(moment, sweep)
    _kill(trial, sweep)
    trial.notes.append(f"{trial.finished()} finished at {moment:.1f} s")


@fault("killed-waiting", relaunches=True)
def killed_waiting(trial: Trial) -> None:
    """The file is locked, and the launcher killed (-9) with 50 runs or more waiting in the outbox."""
    sweep = trial.launch()
    trial.in_flight(sweep)
    with disks.locked(trial.database):
        if not trial.wait_until(lambda: trial.in_outbox() >= min(MANY, trial.sweep.runs // 4), sweep):
            trial.problems.append("no runs were seen in the outbox")
        _kill(trial, sweep)
    trial.notes.append(f"{trial.finished()} finished, {trial.in_outbox()} in the outbox")


def _kill(trial: Trial, sweep: Command) -> None:
    sweep.signal(signal.SIGKILL)
    trial.end(sweep)


@fault("workers-killed")
def workers_killed(trial: Trial) -> None:
    """All workers are killed (-9), five times."""
    sweep = trial.launch()
    killed = 0
    for _ in range(WORKER_KILLS):
        if not trial.wait_until(lambda: _busy(sweep), sweep):
            break
        trial.hold(trial.rng.uniform(0.2, 1.5), sweep)
        for worker in sweep.workers():
            with suppress(psutil.Error):
                worker.kill()
                killed += 1
    trial.end(sweep)
    trial.notes.append(f"{killed} workers killed")


def _busy(sweep: Command) -> bool:
    """Whether a worker has imported what it needs and is at work."""
    with suppress(psutil.Error):
        return any(worker.cpu_times().user > 1 for worker in sweep.workers())
    return False


@fault("interrupted-at-first", trials=20, small=True, relaunches=True)
def interrupted_at_first(trial: Trial) -> None:
    """The first sweep in a folder is interrupted while it makes the database: SIGINT and SIGTERM in turn."""
    sweep = trial.launch()
    trial.wait_until(lambda: any("mlflow" in path.name for path in trial.folder.iterdir()), sweep)
    trial.hold(trial.rng.uniform(0, MAKING_SECONDS), sweep)
    _interrupt(trial, sweep, (signal.SIGINT, signal.SIGTERM)[trial.number % 2])


@fault("signals", trials=len(SIGNALS), relaunches=True)
def signals(trial: Trial) -> None:
    """A sweep in flight is interrupted: SIGINT, SIGTERM, SIGHUP, each with the store at hand and locked."""
    _signal_in_flight(trial)


@fault("signals-server", route="server", trials=len(SIGNALS), relaunches=True)
def signals_server(trial: Trial) -> None:
    """A sweep to the server is interrupted: SIGINT, SIGTERM, SIGHUP, each with the server there and gone."""
    _signal_in_flight(trial)


def _signal_in_flight(trial: Trial) -> None:
    number, away = SIGNALS[trial.number]
    sweep = trial.launch()
    trial.in_flight(sweep)
    with _store_away(trial) if away else nullcontext():
        trial.hold(trial.rng.uniform(0.5, 2.0), sweep)
        _interrupt(trial, sweep, number)
    if away:
        trial.notes[-1] += " with the store away"


def _store_away(trial: Trial) -> AbstractContextManager[None]:
    if trial.route == FILE:
        return disks.locked(trial.database)
    trial.bench.server.service.kill()
    return nullcontext()  # it is started again when the trial is over


def _interrupt(trial: Trial, sweep: Command, number: signal.Signals) -> None:
    """Send a signal, and see how fast and with what words the sweep ends."""
    if not sweep.running:
        trial.notes.append("it had ended before")
        return
    begun = time.monotonic()
    sweep.signal(number)
    trial.end(sweep)
    seconds = (sweep.ended or begun) - begun
    trial.notes.append(f"{number.name}: gone in {seconds:.1f} s")
    if seconds > GONE_SECONDS:
        trial.problems.append(f"gone {seconds:.0f} s after {number.name}")
    if not sweep.lines[-1:] or sweep.code != 128 + number:
        trial.problems.append(f"exit code {sweep.code}, {len(sweep.lines)} lines on stderr after {number.name}")
