"""Tracking in MLflow, which only this package uses: writing runs, and reading them back as data frames.

MLflow takes seconds to import, so it is imported where it is used. A non-finite value is never sent as a metric, since
MLflow stores it as 1.8e308 or sorts it oddly; the exact values are in the run's `trajectory.parquet`.
"""

from gdlab.tracking.frames import attach, configurations, measurements, runs, thetas, trajectories
from gdlab.tracking.live import LiveRun
from gdlab.tracking.places import TrackingError, check_place, database_file, experiment_id
from gdlab.tracking.provenance import MADE_BY
from gdlab.tracking.store import (
    FAILED,
    FINISHED,
    KILLED,
    Finished,
    RunCard,
    Store,
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
    "TrackingError",
    "attach",
    "check_place",
    "configurations",
    "database_file",
    "experiment_id",
    "measurements",
    "milliseconds",
    "runs",
    "thetas",
    "trajectories",
]
