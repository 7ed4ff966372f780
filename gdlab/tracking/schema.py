"""The tables of a database: making them for a new SQLite file, and refusing those of another version of MLflow."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from urllib.parse import quote

import psutil

from gdlab.tracking.uris import TrackingError, database_file, redacted

REVISIONS = ("dc11669786a5",)  # of MLflow's schema, with which bulk writing and reading were tested
OPEN_SECONDS = 5.0  # for which opening waits while another program writes


def check_database(uri: str, upgrade: bool = False) -> None:
    """Check that an SQLite file can be written, and that its tables are those of the installed MLflow.

    Raises
    ------
    TrackingError
        If not; with `upgrade`, tables of an older version are upgraded first, and the file as it was is kept beside it.

    """
    path = database_file(uri)
    if path is None or not path.exists() or path.stat().st_size == 0:
        return
    try:
        revision = revision_of(path)
    except sqlite3.Error as error:
        if "locked" in str(error):
            return  # it is in use: its schema is checked again when it is opened
        raise TrackingError(f"tracking.uri={redacted(uri)} cannot be used: {error}") from None
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise TrackingError(f"tracking.uri={redacted(uri)} cannot be used: it is read-only")
    if revision in REVISIONS:
        return
    newest, known = _revisions()
    if revision == newest:
        return
    if revision is None or revision not in known:
        what = "tables of another program, or unfinished ones" if revision is None else f"a newer schema, {revision}"
        raise TrackingError(
            f"tracking.uri={redacted(uri)} has {what}: move the file away, or install the MLflow that made it"
        )
    if not upgrade:
        raise TrackingError(
            f"tracking.uri={redacted(uri)} has the schema of an older MLflow, {revision}: "
            "tracking.upgrade=true upgrades it, and keeps a copy"
        )
    _upgrade(path, revision)


def revision_of(path: Path) -> str | None:
    """The revision of the schema in an SQLite file; None if it has no such thing. Raises `sqlite3.Error`."""
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=OPEN_SECONDS)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"alembic_version", "runs"} <= tables:
            return None
        rows = database.execute("SELECT version_num FROM alembic_version").fetchall()
        return str(rows[0][0]) if len(rows) == 1 else None


def make_database(path: Path, artifact_root: str) -> None:
    """Make an SQLite file with MLflow's tables, unless there is one.

    It is made under another name and then linked, so that an interruption leaves no half of it, and that of two
    processes one succeeds. The write-ahead log lets programs read while one writes.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    if path.exists() and path.stat().st_size > 0:
        return
    _remove_abandoned(path)
    making = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        store = SqlAlchemyStore(f"sqlite:///{making}", artifact_root)
        store.engine.dispose()
        with closing(sqlite3.connect(making)) as database:
            database.execute("PRAGMA journal_mode = WAL")
        if path.exists() and path.stat().st_size == 0:
            path.unlink()
        with suppress(FileExistsError):  # another process was faster
            os.link(making, path)
    finally:
        for leftover in path.parent.glob(f"{making.name}*"):
            leftover.unlink(missing_ok=True)


def _remove_abandoned(path: Path) -> None:
    """Remove what processes left that were killed while they made this file."""
    for leftover in path.parent.glob(f".{path.name}.*"):
        number = leftover.name.removeprefix(f".{path.name}.").partition("-")[0]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            leftover.unlink(missing_ok=True)


@cache
def _revisions() -> tuple[str, set[str]]:
    """The revision that the installed MLflow has, and all that it can upgrade to it; loading them takes two seconds."""
    import mlflow.store.db_migrations as migrations
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(Path(migrations.__path__[0])))
    return str(script.get_current_head()), {revision.revision for revision in script.walk_revisions()}


def _upgrade(path: Path, revision: str) -> None:
    """Upgrade a copy of an SQLite file and put it in the file's place; the file is kept as `<name>.<revision>`."""
    from mlflow.store.db.utils import _upgrade_db, create_sqlalchemy_engine

    copy, kept = path.with_name(f".{path.name}.{os.getpid()}"), path.with_name(f"{path.name}.{revision}")
    with closing(sqlite3.connect(path)) as database, closing(sqlite3.connect(copy)) as target:
        database.backup(target)
    try:
        engine = create_sqlalchemy_engine(f"sqlite:///{copy}")
        _upgrade_db(engine)
        engine.dispose()
        shutil.copy2(path, kept)
        copy.replace(path)
    finally:
        copy.unlink(missing_ok=True)
