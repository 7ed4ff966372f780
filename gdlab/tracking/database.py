"""MLflow's database, read without MLflow: an experiment's finished runs in four SELECTs.

SQLAlchemy takes a fifth of a second to import, MLflow seven times as long. This module is imported where it is used.
"""

from __future__ import annotations

import importlib.metadata
import math
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    TableClause,
    and_,
    column,
    create_engine,
    inspect,
    select,
    table,
)
from sqlalchemy.pool import NullPool

from gdlab.tracking.finished import FinishedRun
from gdlab.tracking.names import FINISHED, KIND, RUN_NAME, RUNNING
from gdlab.tracking.places import ANSWER_SECONDS, plain_errors
from gdlab.tracking.schema import REVISIONS
from gdlab.tracking.uris import TrackingError, database_file, redacted

DATABASES = ("sqlite", "postgresql")
LOCKED_SECONDS = 5.0  # for which another program may hold an SQLite file
NORMAL, IMMUTABLE = "mode=rw", "mode=ro&immutable=1"
NEEDS_FILES = ("SQLITE_READONLY_DIRECTORY", "SQLITE_CANTOPEN")  # if a file in WAL mode is in a read-only folder

EXPERIMENTS = table("experiments", *map(column, ("experiment_id", "name", "workspace", "lifecycle_stage")))
RUNS = table(
    "runs",
    *map(column, ("run_uuid", "name", "experiment_id", "artifact_uri", "status", "lifecycle_stage")),
    *map(column, ("start_time", "end_time")),
)
PARAMS, TAGS = (table(name, *map(column, ("run_uuid", "key", "value"))) for name in ("params", "tags"))
METRICS = table("latest_metrics", *map(column, ("run_uuid", "key", "value", "is_nan")))
SCHEMA = table("alembic_version", column("version_num"))


@contextmanager
def connected(uri: str) -> Iterator[Connection | None]:
    """A connection to a store's database that sees it as of one moment, and cannot write.

    It is None if MLflow's client has to be used: if the store is no database, or its schema is the installed MLflow's
    but not one that is read here.

    Raises
    ------
    TrackingError
        If the database cannot be read, or does not hold MLflow's tables, or those of another version.

    """
    if uri.partition("://")[0].partition("+")[0] not in DATABASES:
        yield None
        return
    with plain_errors(uri):
        engine = _engine(uri)
        try:
            with engine.connect() as connection:
                if engine.dialect.name == "sqlite":
                    connection.exec_driver_sql("BEGIN")
                yield connection if _check_schema(connection, uri) else None
        finally:
            engine.dispose()


def experiment_id(connection: Connection, name: str) -> str | None:
    """MLflow's id of an experiment; None if it does not exist."""
    of_this_name = and_(EXPERIMENTS.c.name == name, EXPERIMENTS.c.workspace == "default")
    found = connection.execute(select(EXPERIMENTS.c.experiment_id).where(of_this_name)).scalar()
    return None if found is None else str(found)


def experiment_names(connection: Connection) -> list[str]:
    """The names of the experiments that are not deleted."""
    active = select(EXPERIMENTS.c.name).where(EXPERIMENTS.c.lifecycle_stage == "active")
    return list(connection.execute(active).scalars())


def finished_runs(
    connection: Connection, experiment: str, *, tags: Sequence[str] = (), params: bool = True, since: int = 0
) -> list[FinishedRun]:
    """The finished runs and measurements of an experiment, by its id, in the order of their start.

    Only these `tags` are read, if any are named, and no params if they are not wanted. Runs that ended before `since`,
    in milliseconds since 1970, are left out.
    """
    of_kind_run = select(TAGS.c.run_uuid).where(TAGS.c.key == KIND, TAGS.c.value == "run")
    rule = and_(
        RUNS.c.experiment_id == int(experiment),
        RUNS.c.status == FINISHED,
        RUNS.c.lifecycle_stage == "active",
        RUNS.c.run_uuid.in_(of_kind_run),
        *([RUNS.c.end_time >= since] if since else []),
    )

    def entries(source: TableClause, *more: ColumnElement[bool]) -> Iterable[Any]:
        chosen = source.c.run_uuid.in_(select(RUNS.c.run_uuid).where(rule))
        return connection.execute(select(*source.c).where(chosen, *more))

    info = select(RUNS.c.run_uuid, RUNS.c.name, RUNS.c.artifact_uri, RUNS.c.end_time).where(rule)
    found = {
        run_id: FinishedRun(run_id, name, experiment, artifacts, ended, {}, {}, {})
        for run_id, name, artifacts, ended in connection.execute(info.order_by(RUNS.c.start_time, RUNS.c.run_uuid))
    }
    try:
        for run_id, name, text in entries(TAGS, *([TAGS.c.key.in_(tags)] if tags else [])):
            found[run_id].tags[name] = text
        for run_id, name, text in entries(PARAMS) if params else ():
            found[run_id].params[name] = text
        for run_id, name, value, is_nan in entries(METRICS):
            found[run_id].metrics[name] = math.nan if is_nan else value
    except KeyError as error:
        raise ValueError(f"it is damaged: run {error} is in an index, but not in its table") from None
    return [_checked(run) for run in found.values()]


def _checked(run: FinishedRun) -> FinishedRun:
    """A run with its name; raises ValueError if it holds what MLflow does not write, as a damaged file can."""
    texts = (run.artifacts, *run.tags, *run.params, *run.params.values(), *run.metrics)
    if {*map(type, texts)} - {str} or {*map(type, run.metrics.values())} - {float}:
        raise ValueError(f"it is damaged: the rows of run {run.run_id} have values of the wrong types")
    return run if run.name else run._replace(name=run.tags.get(RUN_NAME))


def run(connection: Connection, run_id: str) -> tuple[str, str, str] | None:
    """The name, the place of the artifacts and the status of a run that is not deleted; None if there is none."""
    rule = and_(RUNS.c.run_uuid == run_id, RUNS.c.lifecycle_stage == "active")
    row = connection.execute(select(RUNS.c.name, RUNS.c.artifact_uri, RUNS.c.status).where(rule)).first()
    return None if row is None else (row.name, row.artifact_uri, row.status)


def running_runs(connection: Connection, experiment: str) -> dict[str, dict[str, str]]:
    """The tags of an experiment's runs that are RUNNING, by the runs' ids."""
    joined = RUNS.join(TAGS, TAGS.c.run_uuid == RUNS.c.run_uuid)
    rule = and_(RUNS.c.experiment_id == int(experiment), RUNS.c.status == RUNNING, RUNS.c.lifecycle_stage == "active")
    tags: dict[str, dict[str, str]] = {}
    for row in connection.execute(select(RUNS.c.run_uuid, TAGS.c.key, TAGS.c.value).select_from(joined).where(rule)):
        tags.setdefault(row.run_uuid, {})[row.key] = row.value
    return tags


def _engine(uri: str) -> Engine:
    path = database_file(uri)
    if path is not None:
        if not path.exists():
            raise TrackingError(f"tracking.uri={redacted(uri)}: {path} does not exist yet; launch a run first")
        return create_engine("sqlite://", creator=lambda: _opened(path), poolclass=NullPool)
    try:
        return create_engine(
            uri,
            poolclass=NullPool,
            connect_args={"connect_timeout": ANSWER_SECONDS},
            execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
        )
    except ModuleNotFoundError as error:
        raise TrackingError(f"tracking.uri={redacted(uri)} needs the Python package {error.name}: install it") from None


def _opened(path: Path) -> sqlite3.Connection:
    """Open an SQLite file for reading, also where nothing can be written.

    A file in WAL mode has two more beside it while it is open. SQLite removes them only if it may write, so that
    `mode=ro` would leave them; the connection is kept from writing by `query_only`. In a folder where they cannot be
    made, SQLite must be told that nobody writes (`immutable`), which is true if there are no changes beside the file.
    """
    for mode in (NORMAL, IMMUTABLE):
        database = sqlite3.connect(f"file:{quote(str(path))}?{mode}", LOCKED_SECONDS, isolation_level=None, uri=True)
        try:
            database.execute("PRAGMA query_only = ON")
            database.execute("SELECT 1 FROM sqlite_master").fetchall()
            break
        except sqlite3.OperationalError as error:
            database.close()
            if mode == IMMUTABLE or error.sqlite_errorname not in NEEDS_FILES:
                raise
            _check_merged(path)
    return database


def _check_merged(path: Path) -> None:
    """Check that no changes to an SQLite file are kept in one beside it, as they are while it is written."""
    for changes in (Path(f"{path}-wal"), Path(f"{path}-journal")):
        if changes.exists() and changes.stat().st_size:
            raise TrackingError(
                f"{path} cannot be read in its folder, which is read-only: changes to it are kept in {changes.name}; "
                "copy both to another folder"
            )


def _check_schema(connection: Connection, uri: str) -> bool:
    """Check that MLflow's tables can be read: True if it is done here, False if by the installed MLflow only."""
    if not inspect(connection).has_table(SCHEMA.name):
        raise TrackingError(f"tracking.uri={redacted(uri)} holds no tables of MLflow; launch a run first")
    schema = ", ".join(connection.execute(select(SCHEMA.c.version_num)).scalars()) or "none"
    if schema in REVISIONS:
        return True
    known = _known_schemas()
    if schema == known[0]:
        return False
    name, version = redacted(uri), importlib.metadata.version("mlflow")
    remedy = f"back it up, then run mlflow db upgrade {name}" if schema in known else "install the MLflow that made it"
    raise TrackingError(
        f"tracking.uri={name} has the database schema {schema}, but MLflow {version} expects {known[0]}: {remedy}"
    )


def _known_schemas() -> list[str]:
    """The schemas that the installed MLflow can upgrade, its own first."""
    import mlflow
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(Path(mlflow.__file__).parent / "store" / "db_migrations"))
    return [script.revision for script in scripts.walk_revisions()]
