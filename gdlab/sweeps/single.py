"""A single run or measurement in this process, tracked live."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from gdlab import tracking
from gdlab.descent.loop import Snapshot
from gdlab.descent.trajectory import Recorder, line
from gdlab.results import Result
from gdlab.sweeps import configuration, key
from gdlab.sweeps.configuration import Stack
from gdlab.sweeps.launch import card
from gdlab.sweeps.plan import Job
from gdlab.tracking import LiveRun, TrackingError

log = logging.getLogger(__name__)


class Tracked(NamedTuple):
    """A result, the seconds it took, and the path of its page in the MLflow UI."""

    result: Result
    seconds: float
    page: str


def run_tracked(
    job: Job,
    uri: str,
    experiment: str,
    *,
    sweep_name: str | None = None,
    on_snapshot: Callable[[Snapshot], None] = lambda snapshot: None,
) -> Tracked:
    """Build a job, train or measure, and track it; `sweep_name` is that of the sweep it is part of.

    Raises
    ------
    ConfigurationError, gdlab.problems.data.DataError, gdlab.tracking.TrackingError
        If the job cannot be built or its run cannot be written. Any other error is noted in the run.

    """
    start = time.perf_counter()
    stack = configuration.build([job.config])
    log.debug("built a run with %d parameters in %.2f s", stack.problem.parameters, time.perf_counter() - start)
    tracking.check_place(uri)
    live = LiveRun(uri, experiment, card(job, key.key(job.config)), sweep=sweep_name)
    try:
        live.wait()
        began = time.perf_counter()
        result = stack.measure() if stack.measurement else _descend(stack, live, on_snapshot)
        seconds = time.perf_counter() - began
        live.finish(result)
        closing = time.perf_counter() - began - seconds
        log.debug("trained in %.2f s; closing the MLflow run took %.2f s", seconds, closing)
    except TrackingError:
        raise
    except BaseException as error:
        killed = isinstance(error, KeyboardInterrupt | SystemExit)
        live.abort(tracking.KILLED if killed else tracking.FAILED, f"{type(error).__name__}: {error}")
        raise
    return Tracked(result, seconds, live.page)


def _descend(stack: Stack, live: LiveRun, on_snapshot: Callable[[Snapshot], None]) -> Result:
    recorder = Recorder(stack.theta, stack.record.path)
    for snapshot in stack.descend():
        recorder.add(snapshot)
        if len(snapshot.rows):
            live.log(line(snapshot, 0))
        on_snapshot(snapshot)
    return recorder.trajectories[0]
