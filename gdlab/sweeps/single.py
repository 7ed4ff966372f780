"""A single run or measurement in this process, tracked live."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import NamedTuple

from gdlab import tracking
from gdlab.descent.loop import Snapshot
from gdlab.descent.trajectory import Recorder, line
from gdlab.problems.network import Network
from gdlab.results import Result
from gdlab.sweeps import configuration, key
from gdlab.sweeps.cards import card
from gdlab.sweeps.configuration import Stack
from gdlab.sweeps.plan import Job
from gdlab.sweeps.starts import resolver
from gdlab.tracking import LiveRun, RunCard, Settings, Store, TrackingError
from gdlab.tracking.settings import NO_MODEL

log = logging.getLogger(__name__)


class Tracked(NamedTuple):
    """A result, the seconds it took, the path of its page in the MLflow UI, and how many records wait in the outbox."""

    result: Result
    seconds: float
    page: str
    waiting: int


def run_tracked(
    job: Job,
    uri: str,
    experiment: str,
    *,
    sweep_name: str | None = None,
    on_snapshot: Callable[[Snapshot], None] = lambda snapshot: None,
    notice: Callable[[str], None] = lambda text: None,
    settings: Settings | None = None,
) -> Tracked:
    """Build a job, train or measure, and track it; `sweep_name` is that of the sweep it is part of.

    `notice` is called with a line about what the user should know of the tracking store; by default the settings
    of tracking are those in conf/.

    Raises
    ------
    ConfigurationError, gdlab.problems.data.DataError, gdlab.tracking.TrackingError
        If the job cannot be built, or the store not be used. Any other error is noted in the run.

    """
    start = time.perf_counter()
    job = replace(job, config=resolver(uri)(job.config))
    stack = configuration.build([job.config])
    log.debug("built a run with %d parameters in %.2f s", stack.problem.parameters, time.perf_counter() - start)
    with closing(Store(uri, experiment, settings, notice=notice)) as store:
        live = LiveRun(store, _card(job, settings), sweep=sweep_name)
        try:
            live.wait()
            began = time.perf_counter()
            result = stack.measure() if stack.measurement else _descend(stack, live, on_snapshot)
            seconds = time.perf_counter() - began
            live.finish(result, _network(stack, store.settings))
            ending = time.perf_counter() - began - seconds
            log.debug("trained in %.2f s; closing the MLflow run took %.2f s", seconds, ending)
        except TrackingError:
            raise
        except BaseException as error:
            killed = isinstance(error, KeyboardInterrupt | SystemExit)
            live.abort(tracking.KILLED if killed else tracking.FAILED, f"{type(error).__name__}: {error}")
            raise
        return Tracked(result, seconds, live.page, store.waiting)


def _descend(stack: Stack, live: LiveRun, on_snapshot: Callable[[Snapshot], None]) -> Result:
    recorder = Recorder(stack.theta, stack.record.path)
    for snapshot in stack.descend():
        recorder.add(snapshot)
        if len(snapshot.rows):
            live.log(line(snapshot, 0))
        live.flush()
        on_snapshot(snapshot)
    return recorder.trajectories[0]


def _card(job: Job, settings: Settings | None) -> RunCard:
    chosen = settings or Settings.default()
    note = {tracking.NOTE: chosen.note} if chosen.note else {}
    return card(job, key.key(job.config), {**chosen.tags, **note})


def _network(stack: Stack, settings: Settings) -> Network | None:
    """The network that is logged as the run's model."""
    trained = stack.measurement is None and settings.log_model != NO_MODEL
    return stack.problem if trained and isinstance(stack.problem, Network) else None
