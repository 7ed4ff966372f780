"""Finished runs written to MLflow's own tables in bulk.

MLflow's client takes some forty statements and 40 ms for a run. The same rows, inserted for all runs of a stack in one
transaction, take about 2 ms a run. `tests/gdlab/tracking/test_bulk.py` compares every row of every table.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from mlflow.store.tracking.dbmodels import models
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from gdlab.tracking import names, records
from gdlab.tracking.records import Finished, RunRecord
from gdlab.tracking.schema import REVISIONS

DIALECTS = ("sqlite", "postgresql")
BUSY_MILLISECONDS = 1000  # for which one attempt waits for a locked SQLite file; whoever calls tries again
IN_ONE_QUERY = 500  # values of an IN (...)
LOCK = 0x67646C6162  # "gdlab": of PostgreSQL's advisory locks, with the experiment's id

RUNS, PARAMS, METRICS, LATEST, TAGS, DATASETS, INPUTS, INPUT_TAGS = (
    model.__table__
    for model in (
        models.SqlRun,
        models.SqlParam,
        models.SqlMetric,
        models.SqlLatestMetric,
        models.SqlTag,
        models.SqlDataset,
        models.SqlInput,
        models.SqlInputTag,
    )
)


class Stored(NamedTuple):
    """A run that is in the database: its status, and whether it was deleted."""

    status: str
    deleted: bool


class BulkStore(SqlAlchemyStore):
    """MLflow's store of a database, with a method that writes many runs at once."""

    @property
    def is_supported(self) -> bool:
        """True where the schema and the kind of database are among those that this was tested with."""
        if self.engine.dialect.name not in DIALECTS:
            return False
        with self.engine.connect() as connection:
            revisions = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all()
        return len(revisions) == 1 and revisions[0] in REVISIONS

    def check_writable(self) -> None:
        """Raise SQLAlchemy's `OperationalError` if another program holds the database for more than a moment."""
        with self.engine.connect() as connection:
            self._begin(connection, 0)
            connection.rollback()

    def write_runs(self, experiment_id: str, found: Sequence[RunRecord]) -> dict[str, Finished]:
        """Write runs of one experiment in one transaction; returns the superseding runs by the ids of the superseded.

        A run that is stored already and has ended stays as it is. A run that is RUNNING is continued. Of the sweeps,
        the newest record counts. A `unique` run is superseded, and not written, if another with its key has finished.
        """
        experiment = self.get_experiment(experiment_id)
        self._check_experiment_is_active(experiment)
        with self.engine.connect() as connection:
            self._begin(connection, int(experiment_id))
            stored = _stored(connection, [record.run_id for record in found])
            superseded = _superseded(connection, int(experiment_id), [r for r in found if r.run_id not in stored])
            new = [r for r in found if r.run_id not in stored and r.run_id not in superseded]
            known = [r for r in found if r.run_id in stored and _continues(r, stored[r.run_id])]
            _insert(connection, RUNS, [_run_row(record, experiment) for record in new])
            for record in known:
                _update(connection, record, stored[record.run_id])
            _insert_details(connection, new)
            _insert_datasets(connection, int(experiment_id), new)
            connection.commit()
        return superseded

    def end_runs(self, notes: Mapping[str, str], status: str) -> None:
        """Give runs another status, and each a note that says why."""
        ended = {"status": status, "end_time": records.milliseconds()}
        with self.engine.connect() as connection:
            self._begin(connection, 0)
            for run_id, note in notes.items():
                connection.execute(sa.update(RUNS).where(RUNS.c.run_uuid == run_id).values(ended))
                connection.execute(sa.delete(TAGS).where(TAGS.c.run_uuid == run_id, TAGS.c.key == names.NOTE))
                _insert(connection, TAGS, [{"key": names.NOTE, "value": note, "run_uuid": run_id}])
            connection.commit()

    def _begin(self, connection: sa.Connection, experiment_id: int) -> None:
        """Begin a transaction that no other of these overlaps, so that a key finishes once."""
        if self.engine.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            lock = sa.func.pg_advisory_xact_lock(LOCK % 2**31, experiment_id)
            connection.execute(sa.select(lock))


def _stored(connection: sa.Connection, run_ids: Sequence[str]) -> dict[str, Stored]:
    columns = sa.select(RUNS.c.run_uuid, RUNS.c.status, RUNS.c.lifecycle_stage)
    rows = _where_in(connection, columns, RUNS.c.run_uuid, run_ids)
    return {row.run_uuid: Stored(row.status, row.lifecycle_stage == "deleted") for row in rows}


def _superseded(connection: sa.Connection, experiment_id: int, found: Sequence[RunRecord]) -> dict[str, Finished]:
    """The finished runs that have the keys of unique ones, by the ids of these."""
    by_key = {record.key: record.run_id for record in found if record.unique}
    key, outcome = TAGS.alias(), TAGS.alias()
    query = (
        sa.select(key.c.value, RUNS.c.run_uuid, outcome.c.value.label("outcome"))
        .join(RUNS, RUNS.c.run_uuid == key.c.run_uuid)
        .join(outcome, sa.and_(outcome.c.run_uuid == RUNS.c.run_uuid, outcome.c.key == names.OUTCOME))
        .where(key.c.key == names.KEY)
        .where(RUNS.c.experiment_id == experiment_id)
        .where(RUNS.c.status == names.FINISHED, RUNS.c.lifecycle_stage == "active")
    )
    superseded = {}
    for first in _where_in(connection, query, key.c.value, list(by_key)):
        metrics = sa.select(LATEST.c.key, LATEST.c.value).where(LATEST.c.run_uuid == first.run_uuid)
        values = {row.key: row.value for row in connection.execute(metrics)}
        superseded[by_key[first.value]] = Finished(first.run_uuid, first.outcome, values)
    return superseded


def _where_in(
    connection: sa.Connection, query: sa.Select[Any], column: sa.ColumnElement[str], values: Sequence[str]
) -> Iterable[Any]:
    for start in range(0, len(values), IN_ONE_QUERY):
        yield from connection.execute(query.where(column.in_(values[start : start + IN_ONE_QUERY])))


def _continues(record: RunRecord, stored: Stored) -> bool:
    return not stored.deleted and (record.kind != names.RUN or stored.status == names.RUNNING)


def _run_row(record: RunRecord, experiment: Any) -> dict[str, Any]:
    return {
        "run_uuid": record.run_id,
        "name": record.name,
        "source_type": "UNKNOWN",
        "source_name": "",
        "entry_point_name": "",
        "user_id": record.tags.get(names.USER, "unknown"),
        "status": record.status,
        "start_time": record.start_time,
        "end_time": record.end_time,
        "deleted_time": None,
        "source_version": "",
        "lifecycle_stage": "active",
        "artifact_uri": f"{experiment.artifact_location.rstrip('/')}/{record.run_id}/artifacts",
        "experiment_id": int(experiment.experiment_id),
    }


def _update(connection: sa.Connection, record: RunRecord, stored: Stored) -> None:
    """Bring a stored run up to date: its status, its tags, new params and points."""
    values: dict[str, Any] = {"status": record.status, "end_time": record.end_time, "name": record.name}
    if record.keeps_failure and stored.status in (names.FAILED, names.KILLED):
        values["status"] = stored.status
    connection.execute(sa.update(RUNS).where(RUNS.c.run_uuid == record.run_id).values(values))
    params = sa.select(PARAMS.c.key).where(PARAMS.c.run_uuid == record.run_id)
    known = set(connection.execute(params).scalars())
    _insert(connection, PARAMS, [row for row in _param_rows(record) if row["key"] not in known])
    tags = _tag_rows(record)
    chosen = sa.and_(TAGS.c.run_uuid == record.run_id, TAGS.c.key.in_([row["key"] for row in tags]))
    connection.execute(sa.delete(TAGS).where(chosen))
    _insert(connection, TAGS, tags)
    _insert_new_points(connection, record)


def _insert_new_points(connection: sa.Connection, record: RunRecord) -> None:
    """Insert points, except those that are there, and bring the latest metrics up to date."""
    points = sa.select(METRICS.c.key, METRICS.c.value, METRICS.c.timestamp, METRICS.c.step)
    known = {tuple(row) for row in connection.execute(points.where(METRICS.c.run_uuid == record.run_id))}
    _insert(connection, METRICS, [row for row in _metric_rows(record) if _point(row) not in known])
    stored = {row.key: row for row in connection.execute(sa.select(LATEST).where(LATEST.c.run_uuid == record.run_id))}
    for row in _latest_rows(record):
        last = stored.get(row["key"])
        if last is None:
            _insert(connection, LATEST, [row])
        elif (row["step"], row["timestamp"], row["value"]) > (last.step, last.timestamp, last.value):
            chosen = sa.and_(LATEST.c.run_uuid == record.run_id, LATEST.c.key == row["key"])
            connection.execute(sa.update(LATEST).where(chosen).values(row))


def _insert_details(connection: sa.Connection, new: Sequence[RunRecord]) -> None:
    for table, rows in (
        (PARAMS, _param_rows),
        (TAGS, _tag_rows),
        (METRICS, _metric_rows),
        (LATEST, _latest_rows),
    ):
        _insert(connection, table, [row for record in new for row in rows(record)])


def _param_rows(record: RunRecord) -> list[dict[str, Any]]:
    return [{"key": name, "value": value, "run_uuid": record.run_id} for name, value in record.params.items()]


def _tag_rows(record: RunRecord) -> list[dict[str, Any]]:
    tags = {**record.tags, names.RUN_NAME: record.name}
    return [{"key": name, "value": value, "run_uuid": record.run_id} for name, value in tags.items()]


def _metric_rows(record: RunRecord) -> list[dict[str, Any]]:
    return [_metric_row(record.run_id, point) for point in dict.fromkeys(record.metrics)]


def _latest_rows(record: RunRecord) -> list[dict[str, Any]]:
    return [_metric_row(record.run_id, point) for point in record.latest.values()]


def _metric_row(run_id: str, point: records.Point) -> dict[str, Any]:
    name, value, milliseconds, step = point
    return {
        "key": name,
        "value": value,
        "timestamp": milliseconds,
        "step": step,
        "is_nan": False,
        "run_uuid": run_id,
    }


def _point(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["key"], row["value"], row["timestamp"], row["step"]


def _insert_datasets(connection: sa.Connection, experiment_id: int, new: Sequence[RunRecord]) -> None:
    """Insert each run's data set as its input, and the data sets that are not there yet."""
    ids: dict[tuple[str, str], str] = {}
    inputs, input_tags = [], []
    for record in new:
        if record.dataset is None:
            continue
        row = records.dataset_row(record.dataset)
        identity = row["name"], row["digest"]
        if identity not in ids:
            ids[identity] = _dataset_id(connection, experiment_id, row)
        edge = uuid.uuid4().hex
        inputs.append(
            {
                "input_uuid": edge,
                "source_type": "DATASET",
                "source_id": ids[identity],
                "destination_type": "RUN",
                "destination_id": record.run_id,
            }
        )
        input_tags.append({"input_uuid": edge, "name": "mlflow.data.context", "value": "training"})
    _insert(connection, INPUTS, inputs)
    _insert(connection, INPUT_TAGS, input_tags)


def _dataset_id(connection: sa.Connection, experiment_id: int, row: Mapping[str, str]) -> str:
    query = sa.select(DATASETS.c.dataset_uuid).where(
        DATASETS.c.experiment_id == experiment_id, DATASETS.c.name == row["name"], DATASETS.c.digest == row["digest"]
    )
    known: str | None = connection.execute(query).scalar()
    if known is not None:
        return known
    new = uuid.uuid4().hex
    values = {
        "dataset_uuid": new,
        "experiment_id": experiment_id,
        "name": row["name"],
        "digest": row["digest"],
        "dataset_source_type": row["source_type"],
        "dataset_source": row["source"],
        "dataset_profile": row["profile"],
    }
    _insert(connection, DATASETS, [values])
    return new


def _insert(connection: sa.Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)
