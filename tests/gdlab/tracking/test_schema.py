"""The tables of SQLite files: made whole or not at all, and never changed without being asked to."""

import shutil
import sqlite3
from contextlib import closing

import pytest
from messages import exactly

from gdlab.tracking import schema
from gdlab.tracking.uris import TrackingError


def uri(path):
    return f"sqlite:///{path}"


def pragma(path, name):
    with closing(sqlite3.connect(path)) as database:
        return database.execute(f"PRAGMA {name}").fetchone()[0]


@pytest.fixture(scope="module")
def older(tmp_path_factory):
    """A file with the tables of an MLflow before the last changes of its schema, and an experiment."""
    from alembic import command
    from mlflow.store.db.utils import InitialBase, _get_alembic_config, create_sqlalchemy_engine

    path = tmp_path_factory.mktemp("older") / "mlflow.db"
    engine = create_sqlalchemy_engine(uri(path))
    InitialBase.metadata.create_all(engine)
    config = _get_alembic_config(uri(path))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, OLDER)
    engine.dispose()
    with closing(sqlite3.connect(path)) as database:
        database.execute("INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (7, 'x', 'active')")
        database.commit()
    return path


OLDER = "4465047574b1"  # MLflow 2.16's


def test_a_file_is_made_whole_with_a_log_for_readers_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "it's a % folder" / "mlflow.db"
    path.parent.mkdir()
    schema.make_database(path, str(path.parent / "mlruns"))
    assert schema.revision_of(path) in schema.REVISIONS
    assert pragma(path, "journal_mode") == "wal"
    assert [file.name for file in path.parent.iterdir()] == ["mlflow.db"]
    schema.check_database(uri(path))
    with closing(sqlite3.connect(path)) as database:
        (location,) = database.execute("SELECT artifact_location FROM experiments").fetchone()
    assert location == str(path.parent / "mlruns" / "0")


def test_an_interruption_leaves_no_file(tmp_path, monkeypatch):
    path = tmp_path / "mlflow.db"

    def interrupted(*_):
        assert not path.exists()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("mlflow.store.tracking.sqlalchemy_store.SqlAlchemyStore.__init__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            schema.make_database(path, "mlruns")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_makes_is_not(tmp_path, empty_store):
    path = tmp_path / "mlflow.db"
    abandoned, in_the_making = tmp_path / ".mlflow.db.999999999", tmp_path / ".mlflow.db.1-journal"
    for file in (abandoned, in_the_making):
        file.write_text("")
    schema._remove_abandoned(path)
    assert list(tmp_path.iterdir()) == [in_the_making]


def test_of_two_processes_that_make_a_file_the_first_wins(tmp_path, empty_store, monkeypatch):
    path = tmp_path / "mlflow.db"
    link = schema.os.link

    def second(source, target):
        shutil.copy(empty_store, path)  # by another process, at the last moment
        link(source, target)

    monkeypatch.setattr(schema.os, "link", second)
    schema.make_database(path, "mlruns")
    assert path.read_bytes() == empty_store.read_bytes()
    schema.make_database(path, "mlruns")
    assert path.read_bytes() == empty_store.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["mlflow.db"]


def test_an_empty_file_is_filled(tmp_path):
    path = tmp_path / "mlflow.db"
    path.touch()
    schema.check_database(uri(path))
    schema.make_database(path, "mlruns")
    assert schema.revision_of(path) in schema.REVISIONS


def test_an_older_schema_is_refused_and_not_changed(older):
    before = older.read_bytes()
    message = (
        f"tracking.uri={uri(older)} has the schema of an older MLflow, {OLDER}: "
        "tracking.upgrade=true upgrades it, and keeps a copy"
    )
    with pytest.raises(TrackingError, match=exactly(message)):
        schema.check_database(uri(older))
    assert older.read_bytes() == before


def test_an_older_schema_is_upgraded_where_that_is_asked_for_and_a_copy_kept(older, tmp_path):
    path = tmp_path / "mlflow.db"
    shutil.copy(older, path)
    schema.check_database(uri(path), upgrade=True)
    assert schema.revision_of(path) in schema.REVISIONS
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT experiment_id, name FROM experiments").fetchall() == [(7, "x")]
    assert (tmp_path / f"mlflow.db.{OLDER}").read_bytes() == older.read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_newer_schema_and_tables_of_others_are_refused(tmp_path, empty_store):
    newer = tmp_path / "newer.db"
    shutil.copy(empty_store, newer)
    with closing(sqlite3.connect(newer)) as database:
        database.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
        database.commit()
    another = tmp_path / "another.db"
    with closing(sqlite3.connect(another)) as database:
        database.execute("CREATE TABLE cats (name)")
    remedy = "move the file away, or install the MLflow that made it"
    for path, what in (
        (newer, "a newer schema, ffffffffffff"),
        (another, "tables of another program, or unfinished ones"),
    ):
        for upgrade in (False, True):
            with pytest.raises(TrackingError, match=exactly(f"tracking.uri={uri(path)} has {what}: {remedy}")):
                schema.check_database(uri(path), upgrade)


def test_what_is_no_database_is_refused(tmp_path):
    path = tmp_path / "mlflow.db"
    path.write_bytes(b"SQLite format 3\0" + b"nonsense" * 1000)
    with pytest.raises(
        TrackingError, match="cannot be used: (file is not a database|database disk image is malformed)"
    ):
        schema.check_database(uri(path))
