"""An MLflow experiment as it stands in the database and in its artifacts, and the difference between two of them.

It is read with SQL and from the disk, not through MLflow's client, so that nothing is hidden or put right on the way.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy

UNSTABLE_TAGS = {"gdlab.process", "gdlab.record", "mlflow.parentRunId"}  # name the process, the attempt, the sweep
RUN_COLUMNS = "name, source_type, source_name, source_version, entry_point_name, user_id"
TABLES = {  # all columns but the run's id, timestamps, and ids that are random
    "params": "SELECT run_uuid, key, value FROM params",
    "tags": "SELECT run_uuid, key, value FROM tags",
    "metrics": "SELECT run_uuid, key, step, value, is_nan FROM metrics",
    "latest_metrics": "SELECT run_uuid, key, step, value, is_nan FROM latest_metrics",
    "inputs": "SELECT destination_id, source_type, destination_type, d.name, d.digest, dataset_source_type, "
    "dataset_source, dataset_schema, dataset_profile, t.name, t.value FROM inputs "
    "JOIN datasets d ON dataset_uuid = source_id LEFT JOIN input_tags t USING (input_uuid)",
}
EXAMPLES = 2  # named in a message


@dataclass(frozen=True)
class Place:
    """A tracking store: the URI that commands are given, SQLAlchemy's URL of its database, a server's artifacts."""

    uri: str
    database: str
    artifacts: Path | None = None

    def folder(self, artifact_uri: str, work: Path) -> Path:
        """The folder of a run's artifacts; `work` is the working directory of the commands."""
        scheme, separator, rest = artifact_uri.partition(":")
        if scheme == "mlflow-artifacts" and self.artifacts is not None:
            return self.artifacts / rest.lstrip("/")
        return Path(rest.removeprefix("//")) if separator and scheme == "file" else work / artifact_uri


@dataclass(frozen=True)
class Run:
    """An active run: its rows of each table, sorted, and a digest of each artifact's content."""

    run_id: str
    status: str
    kind: str
    key: str
    parent: str | None
    rows: Mapping[str, Sequence[tuple[Any, ...]]]
    files: Mapping[str, str]


@dataclass(frozen=True)
class Experiment:
    """The active runs of an experiment; the time from the first recorded step of any of its runs to the last one."""

    runs: Sequence[Run]
    training_seconds: float

    def finished(self) -> dict[str, list[Run]]:
        """The finished runs by their key."""
        found = defaultdict(list)
        for run in self.runs:
            if run.kind == "run" and run.status == "FINISHED":
                found[run.key].append(run)
        return found

    def statuses(self) -> Counter[str]:
        """How many runs of any kind have each status."""
        return Counter(run.status for run in self.runs)


@contextmanager
def connected(database: str) -> Iterator[sqlalchemy.Connection]:
    """A connection that only reads."""
    if database.startswith("sqlite:///"):
        database = f"sqlite:///file:{database.removeprefix('sqlite:///')}?mode=ro&uri=true"
    engine = sqlalchemy.create_engine(database, poolclass=sqlalchemy.NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def finished_count(place: Place, experiment: str) -> int:
    """How many keys of an experiment's runs are FINISHED; 0 while there is no such experiment, database or server."""
    query = (
        "SELECT COUNT(DISTINCT k.value) FROM runs r JOIN experiments e USING (experiment_id) JOIN tags t USING "
        "(run_uuid) JOIN tags k USING (run_uuid) WHERE e.name = :name AND r.status = 'FINISHED' AND "
        "r.lifecycle_stage = 'active' AND t.key = 'gdlab.kind' AND t.value = 'run' AND k.key = 'gdlab.key'"
    )
    try:
        with connected(place.database) as connection:
            return int(connection.execute(sqlalchemy.text(query), {"name": experiment}).scalar_one())
    except (sqlalchemy.exc.OperationalError, sqlalchemy.exc.ProgrammingError):
        return 0


def read(place: Place, experiment: str, work: Path) -> Experiment:
    """Read an experiment; empty if it does not exist."""
    try:
        with connected(place.database) as connection:
            return _read(connection, place, experiment, work)
    except (sqlalchemy.exc.OperationalError, sqlalchemy.exc.ProgrammingError):
        return Experiment([], 0.0)


def _read(connection: sqlalchemy.Connection, place: Place, experiment: str, work: Path) -> Experiment:
    def rows(query: str) -> Sequence[Any]:
        return connection.execute(sqlalchemy.text(query), {"name": experiment}).all()

    columns = ", ".join(f"r.{name}" for name in ("status", "artifact_uri", *RUN_COLUMNS.split(", ")))
    own = "FROM runs r JOIN experiments e USING (experiment_id) WHERE e.name = :name AND r.lifecycle_stage = 'active'"
    tables: dict[str, dict[str, list[tuple[Any, ...]]]] = {name: defaultdict(list) for name in TABLES}
    for name, query in TABLES.items():
        run_id = "destination_id" if name == "inputs" else "run_uuid"
        for owner, *values in rows(f"{query} WHERE {run_id} IN (SELECT r.run_uuid {own})"):
            tables[name][owner].append(tuple(values))
    runs = []
    for run_id, status, artifacts, *row in rows(f"SELECT r.run_uuid, {columns} {own}"):
        tags = dict(tables["tags"][run_id])
        stable = {name: sorted(table[run_id], key=repr) for name, table in tables.items()}
        stable["tags"] = [(key, text) for key, text in stable["tags"] if key not in UNSTABLE_TAGS]
        stable["runs"] = [tuple(row)]
        kind, key, parent = (tags.get(name) for name in ("gdlab.kind", "gdlab.key", "mlflow.parentRunId"))
        files = digests(place.folder(artifacts, work)) if status == "FINISHED" else {}
        runs.append(Run(run_id, status, kind or "", key or "", parent, stable, files))
    recorded = "SELECT MIN(timestamp), MAX(timestamp) FROM metrics WHERE key = 'cost'"  # recorded steps only
    ((first, last),) = rows(f"{recorded} AND run_uuid IN (SELECT r.run_uuid {own})")
    return Experiment(runs, (last - first) / 1000 if last else 0.0)


def digests(folder: Path) -> dict[str, str]:
    """A digest of each file in a folder: of a table's columns, of arrays, and of any other file's bytes."""
    return {str(path.relative_to(folder)): _digest(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def _digest(path: Path) -> str:
    """The digest of what a file holds; bit for bit, so that NaN equals NaN and 0 differs from -0."""
    digest = hashlib.sha256()
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                for name in sorted(arrays):
                    digest.update(repr((name, arrays[name].dtype.str, arrays[name].shape)).encode())
                    digest.update(arrays[name].tobytes())
        elif path.suffix == ".parquet":
            import pyarrow.parquet as pq

            table = pq.read_table(path)
            digest.update(repr([(field.name, str(field.type)) for field in table.schema]).encode())
            for column in table.columns:
                digest.update(column.to_numpy().tobytes())
        else:
            digest.update(path.read_bytes())
    except Exception as error:  # zipfile, NumPy and pyarrow each have their own kinds for a damaged file
        return f"unreadable: {type(error).__name__}"
    return digest.hexdigest()


def differences(expected: Experiment, found: Experiment) -> list[str]:
    """What an experiment has lost, doubled or changed, compared with an undisturbed one; empty if nothing."""
    wanted, got = expected.finished(), found.finished()
    problems = []
    for text, keys in (
        ("missing", wanted.keys() - got.keys()),
        ("of no job", got.keys() - wanted.keys()),
        ("FINISHED more than once", {key for key, runs in got.items() if len(runs) > 1}),
    ):
        if keys:
            problems.append(f"{len(keys)} keys {text}")
    if running := found.statuses()["RUNNING"]:
        problems.append(f"{running} RUNNING")
    parents = {run.run_id for run in found.runs if run.kind == "sweep"}
    if strays := [run for runs in got.values() for run in runs if run.parent not in parents]:
        problems.append(f"{len(strays)} runs without their parent")
    return problems + _changed(wanted, got)


def _changed(wanted: Mapping[str, Sequence[Run]], got: Mapping[str, Sequence[Run]]) -> list[str]:
    """Describe what differs in the rows and files of runs that both have."""
    changed: dict[str, list[str]] = defaultdict(list)
    for key in wanted.keys() & got.keys():
        first = wanted[key][0]
        for run in got[key]:
            for table, rows in first.rows.items():
                missing, extra = _without(rows, run.rows[table]), _without(run.rows[table], rows)
                if missing or extra:
                    changed[f"rows of {table}"].append(f"{run.run_id} {missing[:1]} became {extra[:1]}")
            for name in first.files.keys() | run.files.keys():
                if first.files.get(name) != run.files.get(name):
                    changed[name].append(f"{run.run_id} {'changed' if name in run.files else 'missing'}")
    return [f"{len(runs)} runs differ in {what} ({'; '.join(runs[:EXAMPLES])})" for what, runs in changed.items()]


def _without(rows: Sequence[tuple[Any, ...]], others: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return list((Counter(rows) - Counter(others)).elements())
