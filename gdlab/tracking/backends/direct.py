"""Writing entries to a database and a folder of artifacts, without a server."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gdlab.tracking import artifacts, schema
from gdlab.tracking.backends.backend import Answer, Target
from gdlab.tracking.backends.bulk import RUNS, BulkStore
from gdlab.tracking.backends.experiment import experiment_id
from gdlab.tracking.outbox import Entry, Outbox
from gdlab.tracking.places import local_folder, silence
from gdlab.tracking.uris import TrackingError, database_file

if TYPE_CHECKING:
    from gdlab.tracking.records import RunRecord

ARTIFACT_ROOT = "mlruns"  # beside an SQLite file, or in the working directory, where `mlflow ui` puts it too


class DirectBackend:
    """An experiment in a database, written in bulk."""

    def __init__(self, target: Target) -> None:
        silence()
        self.target = target
        path = database_file(target.uri)
        root = (path.resolve().parent if path else Path.cwd()) / ARTIFACT_ROOT
        if path:
            schema.check_database(target.uri, target.upgrade)
            schema.make_database(path, str(root))
        self.store = BulkStore(target.uri, str(root))
        self.store.check_writable()  # what MLflow writes itself waits for a lock much longer
        if path and (moved := relocate(self.store, root)):
            target.notice(f"the folder was moved: the artifacts of {moved} experiments are now looked for in {root}")
        self.experiment_id = self._experiment()

    def write(self, entry: Entry, outbox: Outbox) -> Answer:
        found = entry.records
        location = self.store.get_experiment(self.experiment_id).artifact_location
        for record in found:
            self._place(entry, record, location)
        superseded = self.store.write_runs(self.experiment_id, found)
        for run_id in superseded:
            if folder := local_folder(f"{location}/{run_id}"):
                shutil.rmtree(folder, ignore_errors=True)
        return Answer(superseded)

    def end(self, notes: Mapping[str, str], status: str) -> None:
        self.store.end_runs(notes, status)

    def close(self) -> None:
        self.store.engine.dispose()

    def _experiment(self) -> str:
        from mlflow.entities import ExperimentTag

        tags = [ExperimentTag(*tag) for tag in self.target.tags.items()]
        return experiment_id(
            self.target,
            self.store.get_experiment_by_name,
            lambda name: self.store.create_experiment(name, tags=tags),
            lambda place, key, value: self.store.set_experiment_tag(place, ExperimentTag(key, value)),
        )

    def _place(self, entry: Entry, record: RunRecord, location: str) -> None:
        """Put a run's artifacts where MLflow looks for them."""
        folder = local_folder(f"{location}/{record.run_id}/artifacts")
        if folder is None:
            if (source := entry.artifacts(record)) is not None:
                from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

                get_artifact_repository(f"{location}/{record.run_id}/artifacts").log_artifacts(str(source))
            return
        artifacts.move(entry.folder_of(record), folder)  # of those that are left from an attempt that was cut off
        if absent := artifacts.lacking(folder, record.files):
            raise TrackingError(f"{folder / absent[0]} is not what was written: {len(absent)} files of a run are lost")


def relocate(store: BulkStore, root: Path) -> int:
    """Correct the artifact locations of experiments whose folder was moved together with the database.

    MLflow stores absolute paths. An experiment was moved if its folder is below `root`, and its location is elsewhere.
    Returns how many were corrected.
    """
    from mlflow.store.tracking.dbmodels.models import SqlExperiment

    experiments: Any = SqlExperiment.__table__
    moved = 0
    with store.engine.begin() as connection:
        rows: Sequence[Any] = connection.execute(
            sa.select(experiments.c.experiment_id, experiments.c.artifact_location)
        ).all()
        for experiment_id, location in rows:
            old, new = local_folder(location or ""), root / str(experiment_id)
            if old is None or old == new or old.parent.name != root.name or not new.is_dir():
                continue
            chosen = experiments.c.experiment_id == experiment_id
            connection.execute(sa.update(experiments).where(chosen).values(artifact_location=str(new)))
            corrected = sa.func.replace(RUNS.c.artifact_uri, f"{location}/", f"{new}/")
            in_experiment = RUNS.c.experiment_id == experiment_id
            connection.execute(sa.update(RUNS).where(in_experiment).values(artifact_uri=corrected))
            moved += 1
    return moved
