"""Copying the runs of a database, with their artifacts, to a server that stores them in bulk."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gdlab.tracking import artifacts, names
from gdlab.tracking.backends.backend import Target
from gdlab.tracking.backends.bulk import DATASETS, INPUTS, METRICS, PARAMS, RUNS, TAGS, BulkStore
from gdlab.tracking.backends.connection import connect
from gdlab.tracking.backends.remote import RemoteBackend
from gdlab.tracking.places import check_place, check_writable, local_folder, plain_errors
from gdlab.tracking.records import RunRecord
from gdlab.tracking.uris import TrackingError, redacted

ENDED = (names.FINISHED, names.FAILED, names.KILLED)
AT_ONCE = 50  # runs that are read, and sent, together

INPUT_DATASETS = sa.select(DATASETS, INPUTS.c.destination_id).join(
    INPUTS, INPUTS.c.source_id == DATASETS.c.dataset_uuid
)
DETAILS: Sequence[tuple[sa.Select[Any], sa.ColumnElement[str]]] = (
    *((sa.select(table), table.c.run_uuid) for table in (PARAMS, METRICS, TAGS)),
    (INPUT_DATASETS, INPUTS.c.destination_id),
)


@dataclass(frozen=True)
class StoredRun:
    """A run as it is stored: its record, the folder of its artifacts, and why it cannot be copied; empty if it can."""

    record: RunRecord
    folder: Path | None
    trouble: str


@dataclass(frozen=True)
class Moved:
    """What became of an experiment's runs: how many the server has now, and why others were left out, by their ids."""

    experiment: str
    runs: int
    left_out: Mapping[str, str]


def move(uri: str, to: str) -> Iterator[Moved]:
    """Copy the runs of a database to a server, one experiment after another.

    They keep their ids, and a run that the server has already stays as it is there: a move can be repeated.

    Raises
    ------
    TrackingError
        If the database cannot be read, or the server does not store runs in bulk.

    """
    check_place(uri, must_exist=True)
    for place in (uri, to):
        if trouble := check_writable(place):
            raise TrackingError(trouble)
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    with plain_errors(uri):
        store = BulkStore(uri, "mlruns")
        if not store.is_supported:
            raise TrackingError(f"tracking.uri={redacted(uri)} cannot be read: it is of another version of MLflow")
        experiments = store.search_experiments()
    for experiment in sorted(experiments, key=lambda experiment: int(experiment.experiment_id)):
        parts = stored_runs(store, experiment.experiment_id)
        if (first := next(parts, None)) is not None:
            with plain_errors(to):
                yield _copy(experiment, chain([first], parts), to)
    store.engine.dispose()


def _copy(experiment: Any, parts: Iterable[Sequence[StoredRun]], to: str) -> Moved:
    """Copy an experiment's runs, and those of its tags that it has not at its new place."""
    target = Target(uri=to, experiment=experiment.name, tags=experiment.tags)
    backend = connect(target)
    if not isinstance(backend, RemoteBackend):
        raise TrackingError(f"{redacted(to)} does not store runs in bulk: start it with make server")
    count, left_out = 0, dict[str, str]()
    for part in parts:
        whole = [run for run in part if not run.trouble]
        left_out |= {run.record.run_id: run.trouble for run in part if run.trouble}
        folders = {run.record.run_id: run.folder for run in whole if run.folder is not None and run.folder.is_dir()}
        backend.send([run.record for run in whole], folders)
        count += len(whole)
    backend.close()
    return Moved(experiment.name, count, left_out)


def stored_runs(store: BulkStore, experiment_id: str) -> Iterator[list[StoredRun]]:
    """The runs of an experiment that have ended and are not deleted, the oldest first, some at a time."""
    with store.engine.connect() as connection:
        rows = connection.execute(_ended(experiment_id).order_by(RUNS.c.start_time, RUNS.c.run_uuid)).all()
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            ids = [row.run_uuid for row in part]
            details = [_by_run(connection, query, column, ids) for query, column in DETAILS]
            yield [_run(row, *(found[row.run_uuid] for found in details)) for row in part]


def _ended(experiment_id: str) -> sa.Select[Any]:
    active = sa.and_(RUNS.c.experiment_id == int(experiment_id), RUNS.c.lifecycle_stage == "active")
    return sa.select(RUNS).where(active, RUNS.c.status.in_(ENDED))


def _by_run(
    connection: sa.Connection, query: sa.Select[Any], column: sa.ColumnElement[str], ids: Sequence[str]
) -> Mapping[str, Sequence[Any]]:
    """The rows that belong to some runs, by the id of their run, which is in a column."""
    found: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(query.where(column.in_(ids))):
        found[row._mapping[column]].append(row)
    return found


def _run(row: Any, params: Sequence[Any], metrics: Sequence[Any], tags: Sequence[Any], datasets: Any) -> StoredRun:
    texts = {tag.key: tag.value for tag in tags if tag.key != names.RUN_NAME}
    folder = local_folder(row.artifact_uri)
    record = RunRecord(
        run_id=row.run_uuid,
        name=row.name,
        status=row.status,
        start_time=row.start_time,
        end_time=row.end_time,
        params={param.key: param.value for param in params},
        metrics=[(point.key, point.value, point.timestamp, point.step) for point in metrics if not point.is_nan],
        tags=texts,
        dataset=_dataset(datasets),
        files=artifacts.sizes(folder) if folder is not None else {},
    )
    return StoredRun(record, folder, _trouble(record, folder))


def _dataset(datasets: Sequence[Any]) -> dict[str, Any] | None:
    """What gdlab knew of the data set that it logged as a run's input."""
    for row in datasets:
        facts = json.loads(row.dataset_profile or "{}")
        if isinstance(facts, dict) and "digest" in facts:
            return {"name": row.name, **facts}
    return None


def _trouble(record: RunRecord, folder: Path | None) -> str:
    if names.KIND not in record.tags:
        return "is not one of gdlab's"
    if folder is None:
        return "has its artifacts on another machine"
    listed = json.loads(record.tags.get(names.FILES, "{}"))
    absent = artifacts.lacking(folder, listed)
    if not absent and record.kind == names.RUN and record.status == names.FINISHED and not record.files:
        absent = [artifacts.CONFIG]
    return f"lacks {folder / absent[0]}" if absent else ""
