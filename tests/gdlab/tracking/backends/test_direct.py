"""Entries written to a database and a folder of artifacts."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
import sqlalchemy as sa
from messages import exactly

from gdlab.tracking import outbox, records
from gdlab.tracking.backends import bulk
from gdlab.tracking.backends.backend import Target
from gdlab.tracking.backends.direct import DirectBackend
from gdlab.tracking.outbox import Outbox
from gdlab.tracking.records import RunCard
from gdlab.tracking.uris import TrackingError


def record(name="a", **texts):
    card = RunCard(name=name, config={}, params={}, key=name)
    ended = records.ended(records.begun(card, records.fixed_id(name), 1), "FINISHED")
    files = {file: len(text) for file, text in texts.items()}
    return replace(ended, tags={**ended.tags, "gdlab.outcome": "budget"}, files=files, unique=True)


def store(backend, found, **texts):
    """Write one run with these texts as its artifacts, by way of an outbox."""
    box = Outbox(outbox.destination(backend.target.uri, "x"))
    folder = box.begin()
    (folder / found.run_id).mkdir()
    for name, text in texts.items():
        (folder / found.run_id / name).write_text(text)
    box.add(folder, [found])
    return backend.write(box.entries()[-1], box)


def opened(folder, notices=None):
    """A backend on the store in a folder."""
    notice = notices.append if notices is not None else lambda text: None
    return DirectBackend(Target(uri=f"sqlite:///{folder}/mlflow.db", experiment="x", tags={"a": "b"}, notice=notice))


def places(folder):
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        return dict(database.execute("SELECT name, artifact_uri FROM runs"))


@pytest.fixture
def _apart(tmp_path, monkeypatch):
    """The outbox is elsewhere."""
    monkeypatch.setenv("GDLAB_OUTBOX", str(tmp_path / "outbox"))


@pytest.mark.usefixtures("_apart")
def test_artifacts_are_put_where_mlflow_looks_for_them_also_in_a_strange_folder(tmp_path, empty_store):
    folder = tmp_path / "it's 100 % ünïcode"
    folder.mkdir()
    shutil.copy(empty_store, folder)
    backend = opened(folder)
    store(backend, record(note="hello"), note="hello")
    place = places(folder)["a"]
    assert place == f"{folder}/mlruns/{backend.experiment_id}/{records.fixed_id('a')}/artifacts"
    assert (folder / place / "note").read_text() == "hello"
    assert backend.store.get_experiment(backend.experiment_id).tags == {"a": "b"}


@pytest.mark.usefixtures("_apart")
def test_a_run_is_not_stored_without_its_artifacts(tmp_path, empty_store):
    shutil.copy(empty_store, tmp_path)
    backend = opened(tmp_path)
    box = Outbox(outbox.destination(backend.target.uri, "x"))
    box.add(box.begin(), [record(note="hello")])
    with pytest.raises(TrackingError, match="is not what was written: 1 files of a run are lost"):
        backend.write(box.entries()[0], box)
    assert places(tmp_path) == {}


@pytest.mark.usefixtures("_apart")
def test_an_attempt_that_is_cut_off_anywhere_is_taken_up_again(tmp_path, empty_store, monkeypatch):
    """The database is locked after the artifacts were moved, or the process ends between two files."""
    shutil.copy(empty_store, tmp_path)
    backend = opened(tmp_path)
    run = record(first="hello", second="again")
    box = Outbox(outbox.destination(backend.target.uri, "x"))
    folder = box.begin()
    (folder / run.run_id).mkdir()
    (folder / run.run_id / "first").write_text("hello")
    (folder / run.run_id / "second").write_text("again")
    box.add(folder, [run])
    (entry,) = box.entries()
    artifacts = tmp_path / "mlruns" / backend.experiment_id / run.run_id / "artifacts"
    artifacts.mkdir(parents=True)
    (entry.folder_of(run) / "first").rename(artifacts / "first")
    with monkeypatch.context() as patched, closing(sqlite3.connect(tmp_path / "mlflow.db")) as other:
        patched.setattr(bulk, "BUSY_MILLISECONDS", 1)
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(sa.exc.OperationalError, match="locked"):
                backend.write(entry, box)
    assert not backend.write(entry, box).superseded
    assert places(tmp_path)["a"] == str(artifacts)
    assert {path.name: path.read_text() for path in artifacts.iterdir()} == {"first": "hello", "second": "again"}


@pytest.mark.usefixtures("_apart")
def test_the_artifacts_of_a_superseded_run_are_not_kept(tmp_path, empty_store):
    shutil.copy(empty_store, tmp_path)
    backend = opened(tmp_path)
    store(backend, record(note="hello"), note="hello")
    second = replace(record(note="again"), run_id=records.fixed_id("another"))
    assert list(store(backend, second, note="again").superseded) == [second.run_id]
    assert [path.name for path in (tmp_path / "mlruns" / backend.experiment_id).iterdir()] == [records.fixed_id("a")]


@pytest.mark.usefixtures("_apart")
def test_a_folder_that_was_moved_keeps_its_artifacts_and_gets_the_new_ones(tmp_path, empty_store):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    shutil.copy(empty_store, old)
    backend = opened(old)
    store(backend, record("a", note="hello"), note="hello")
    backend.close()
    old.rename(new)
    notices = []
    backend = opened(new, notices)
    store(backend, record("b", note="again"), note="again")
    assert notices == [f"the folder was moved: the artifacts of 1 experiments are now looked for in {new}/mlruns"]
    assert not old.exists()
    for name, place in places(new).items():
        assert place == f"{new}/mlruns/{backend.experiment_id}/{records.fixed_id(name)}/artifacts"
        assert (new / place / "note").is_file()
    backend.close()
    opened(new, notices)
    assert len(notices) == 1


@pytest.mark.usefixtures("_apart")
def test_a_deleted_experiment_is_named(tmp_path, empty_store):
    shutil.copy(empty_store, tmp_path)
    backend = opened(tmp_path)
    backend.store.delete_experiment(backend.experiment_id)
    message = f"tracking.experiment=x is deleted in sqlite:///{tmp_path}/mlflow.db: restore it or name another"
    with pytest.raises(TrackingError, match=exactly(message)):
        opened(tmp_path)
