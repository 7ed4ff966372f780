"""Small disks, read-only files, locked databases and databases that no sweep must touch."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

OLD_REVISION = "0584bdc529eb"  # the schema of MLflow 2
LOCK_SECONDS = 60  # within which the lock must be got


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Lock an SQLite file as another program would that writes to it."""
    with closing(sqlite3.connect(database, timeout=LOCK_SECONDS, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Mount a small disk at a folder; needs root."""
    folder.mkdir(parents=True, exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    try:
        yield
    finally:
        _run("umount", "--lazy", str(folder))


def grow(folder: Path, megabytes: int) -> None:
    """Make a small disk larger."""
    _run("mount", "-o", f"remount,size={megabytes}m", str(folder))


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Make a file read-only: for root, whom no mode stops, by a mount."""
    if os.geteuid() != 0:
        path.chmod(0o444)
        yield
        return
    _run("mount", "--bind", str(path), str(path))
    try:
        _run("mount", "-o", "remount,bind,ro", str(path))
        yield
    finally:
        _run("umount", str(path))


def content(path: Path) -> str:
    """A digest of a file, or the names in a folder."""
    if path.is_dir():
        return " ".join(sorted(entry.name for entry in path.iterdir()))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def older(path: Path) -> None:
    """Make an empty database with the schema of an older MLflow."""
    import sqlalchemy
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config
    from mlflow.store.tracking.dbmodels.initial_models import Base

    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    config = _get_alembic_config(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, OLD_REVISION)
    engine.dispose()


def _text(path: Path) -> None:
    path.write_text("not a database\n" * 1000)


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
        database.commit()


def _of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE notes (text TEXT)")
        database.commit()


def _overwritten(path: Path, start: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xa5" * length)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path], None]] = {
    "a text": _text,
    "cut off": lambda path: os.truncate(path, path.stat().st_size // 2),
    "its header overwritten": lambda path: _overwritten(path, 0, 100),
    "its first page overwritten": lambda path: _overwritten(path, 100, 3900),
    "a folder": _folder,
    "of a newer MLflow": _newer,
    "of another program": _of_another_program,
}


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
