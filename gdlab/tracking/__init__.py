"""Tracking in MLflow, which only this package uses: writing runs, and reading them back as data frames.

MLflow takes seconds to import, so it is imported where it is used. A non-finite value is never sent as a metric, since
MLflow stores it as 1.8e308 or sorts it oddly; the exact values are in the run's `trajectory.parquet`.
"""

from gdlab.tracking.backends.backend import Target
from gdlab.tracking.frames import attach, commands, configurations, measurements, runs, thetas, trajectories
from gdlab.tracking.leftovers import put_right
from gdlab.tracking.links import address, command_and_address, experiment_page, run_page
from gdlab.tracking.live import LiveRun
from gdlab.tracking.lookup import experiment_id, look_up
from gdlab.tracking.names import CELL, FAILED, FINISHED, KILLED, NOTE, OUTCOME
from gdlab.tracking.outbox import Destination, destinations, waiting
from gdlab.tracking.outbox import root as outbox_folder
from gdlab.tracking.places import StoreAwayError, check_place, check_writable
from gdlab.tracking.points import point
from gdlab.tracking.provenance import MADE_BY
from gdlab.tracking.records import Finished, RunCard, RunRecord, begun, ended, fixed_id, milliseconds, new_id
from gdlab.tracking.settings import Settings
from gdlab.tracking.store import LAST_SECONDS, Store
from gdlab.tracking.uris import HIDDEN, TrackingError, database_file, redacted
from gdlab.tracking.uris import check as check_uri
from gdlab.tracking.views import CELLS as CELLS_VIEW
from gdlab.tracking.views import RUNS as RUNS_VIEW

__all__ = [
    "CELL",
    "CELLS_VIEW",
    "FAILED",
    "FINISHED",
    "HIDDEN",
    "KILLED",
    "LAST_SECONDS",
    "MADE_BY",
    "NOTE",
    "OUTCOME",
    "RUNS_VIEW",
    "Destination",
    "Finished",
    "LiveRun",
    "RunCard",
    "RunRecord",
    "Settings",
    "Store",
    "StoreAwayError",
    "Target",
    "TrackingError",
    "address",
    "attach",
    "begun",
    "check_place",
    "check_uri",
    "check_writable",
    "command_and_address",
    "commands",
    "configurations",
    "database_file",
    "destinations",
    "ended",
    "experiment_id",
    "experiment_page",
    "fixed_id",
    "look_up",
    "measurements",
    "milliseconds",
    "new_id",
    "outbox_folder",
    "point",
    "put_right",
    "redacted",
    "run_page",
    "runs",
    "thetas",
    "trajectories",
    "waiting",
]
