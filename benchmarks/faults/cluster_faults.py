"""Faults of a Dask cluster; the undisturbed sweep that is compared with is one of worker processes."""

from __future__ import annotations

import signal

from benchmarks.faults.cluster import DaskCluster
from benchmarks.faults.registry import fault
from benchmarks.faults.trial import Trial

WORKERS = 3
CUT_SECONDS = 10
LINES_OF_A_LOSS = 1  # on stderr, when the scheduler is gone


@fault("dask", route="server")
def dask(trial: Trial) -> None:
    """Of three Dask workers one is killed (-9), one with its nanny; one joins; the launcher's line is cut for 10 s."""
    cluster = _cluster(trial)
    sweep = trial.launch(*cluster.overrides)
    trial.in_flight(sweep)
    cluster.kill_worker(0)
    trial.in_flight(sweep, 0.3)
    cluster.workers[1].kill()
    cluster.join()
    trial.in_flight(sweep, 0.5)
    cluster.line.cut()
    trial.hold(CUT_SECONDS, sweep)
    cluster.line.mend()
    trial.end(sweep)


@fault("dask-scheduler", route="server", relaunches=True)
def dask_scheduler(trial: Trial) -> None:
    """The Dask scheduler is killed (-9); launching again, on this machine alone, finishes the sweep."""
    cluster = _cluster(trial)
    sweep = trial.launch(*cluster.overrides)
    trial.in_flight(sweep)
    cluster.scheduler.kill()
    trial.end(sweep)
    trial.notes.append(" ".join(sweep.lines))
    if len(sweep.lines) != LINES_OF_A_LOSS:
        trial.problems.append(f"{len(sweep.lines)} lines on stderr")


@fault("dask-taken-up", relaunches=True)
def dask_taken_up(trial: Trial) -> None:
    """A sweep is launched on this machine and killed (-9), and launched again on a Dask cluster."""
    sweep = trial.launch()
    trial.in_flight(sweep, 0.3)
    sweep.signal(signal.SIGKILL)
    trial.end(sweep)
    before = trial.finished()
    again = trial.end(trial.launch(*_cluster(trial).overrides, name="on Dask"))
    trial.notes.append(f"{before} finished before, {again.trained} trained on Dask")


def _cluster(trial: Trial) -> DaskCluster:
    folder = trial.base / "dask"
    folder.mkdir()
    return trial.stack.enter_context(DaskCluster(folder, WORKERS))
