"""MLflow: the only package that knows it. Writes runs, reads them back as data frames.

MLflow takes seconds to import, so it is imported where it is used. A value that is not finite is never sent as a
metric, since MLflow stores it as 1.8e308 or sorts it oddly; the exact values are in the run's `trajectory.parquet`.
"""

from gdlab.tracking.frames import attach, configurations, measurements, runs, thetas, trajectories
from gdlab.tracking.live import LiveRun
from gdlab.tracking.places import TrackingError, check_place, database_file, experiment_id
from gdlab.tracking.store import (
    FAILED,
    FINISHED,
    KILLED,
    MADE_BY,
    Finished,
    RunCard,
    Store,
    Sweep,
    close_sweep,
    milliseconds,
)

__all__ = [
    "FAILED",
    "FINISHED",
    "KILLED",
    "MADE_BY",
    "Finished",
    "LiveRun",
    "RunCard",
    "Store",
    "Sweep",
    "TrackingError",
    "attach",
    "check_place",
    "close_sweep",
    "configurations",
    "database_file",
    "experiment_id",
    "measurements",
    "milliseconds",
    "runs",
    "thetas",
    "trajectories",
]
