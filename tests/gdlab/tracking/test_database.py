"""MLflow's database read directly: the same runs as by MLflow's client, wherever the file is and whoever may write."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from messages import exactly
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from gdlab import tracking
from gdlab.tracking import TrackingError, database
from gdlab.tracking.finished import newest_by_key

SCHEMA = "dc11669786a5"
FINISHED = (  # name, key, start
    *(("again", "a", 5000), ("first", "a", 4000), ("nan", "b", 5000)),
    *(("measured", "c", 5000), ("nameless", "d", 3000)),
)


def uri_of(folder):
    return f"sqlite:///{folder}/mlflow.db"


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def add_run(client, experiment, name, status="FINISHED", start=1000, **tags):
    """A run with params and metrics of all kinds."""
    tags = {"gdlab.kind": "run", "gdlab.outcome": "budget", **tags}
    run_id = client.create_run(experiment, start, tags, name).info.run_id
    params = {"seed": "0", "optimizer.learning_rate": "0.1", "problem.start": "[1.0, 2.0]", "note": "None", "ü": "✓"}
    points = [("cost", 2.0, 1), ("cost", 1.0, 2), ("steps", 20.0, 20)]
    if name == "nan":
        params["only.here"] = "1e400"
        points += [("final_cost", np.nan, 0), ("best", np.inf, 0), ("worst", -np.inf, 0)]
    metrics = [Metric(key, value, 1000 + step, step) for key, value, step in points]
    client.log_batch(run_id, metrics, [Param(*item) for item in params.items()], [RunTag("mlflow.note.content", name)])
    if status != "RUNNING":
        client.set_terminated(run_id, status, start + 500)
    return run_id


@pytest.fixture(scope="module")
def store(tmp_path_factory, empty_store):
    """A folder with a store of finished runs, and of others that must not be read."""
    folder = tmp_path_factory.mktemp("database")
    shutil.copy(empty_store, folder)
    client = MlflowClient(uri_of(folder))
    experiment = client.create_experiment("train")
    for name, key, start in FINISHED:
        run_id = add_run(client, experiment, name, start=start, **{"gdlab.key": key})
        parent = {"mlflow.parentRunId": run_id, "gdlab.version": "0.2.0"}
    add_run(client, experiment, "keyless", start=9000, **parent)
    add_run(client, experiment, "failed", "FAILED", **{"gdlab.key": "e"})
    add_run(client, experiment, "running", "RUNNING", **{"gdlab.key": "f"})
    add_run(client, experiment, "parent", **{"gdlab.kind": "sweep"})
    client.delete_run(add_run(client, experiment, "deleted", **{"gdlab.key": "g"}))
    add_run(client, client.create_experiment("other"), "elsewhere", **{"gdlab.key": "a"})
    client.create_experiment("empty")
    client.delete_experiment(client.create_experiment("deleted"))
    with closing(sqlite3.connect(folder / "mlflow.db")) as changed, changed:
        changed.execute("UPDATE runs SET name = '' WHERE name = 'nameless'")  # as MLflow 1 left them
    return folder


@pytest.fixture
def copied(store):
    """A copy of the store in a folder that every user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copy(store / "mlflow.db", folder)
        yield folder
        folder.chmod(0o755)


@contextmanager
def read_only(folder):
    """Take the right to write from a folder and its files, and from root its privileges."""
    for path in (*folder.iterdir(), folder):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.fixture
def by_client(monkeypatch):
    """Read by MLflow's client, as from a schema that is new to gdlab, while the context lasts."""

    @contextmanager
    def context():
        with monkeypatch.context() as patch:
            patch.setattr(database, "REVISIONS", ())
            yield

    return context


def test_the_same_frame_as_by_mlflows_client(store, by_client):
    direct = tracking.runs(uri_of(store), "train")
    with by_client():
        pd.testing.assert_frame_equal(direct, tracking.runs(uri_of(store), "train"), check_exact=True)
    assert sorted(direct["run_name"]) == ["again", "keyless", "measured", "nameless", "nan"]
    assert direct["run_name"].iloc[0] == "nameless" and direct["run_name"].iloc[-1] == "keyless"  # by their start
    run = direct.set_index("run_name").loc["nan"]
    assert np.isnan(run["final_cost"]) and run["best"] == -run["worst"] == np.finfo(float).max
    assert run["only.here"] == np.inf and run["cost"] == 1.0 and run["seed"] == 0


@pytest.mark.parametrize("experiment", ["empty", "deleted", "none such"])
def test_the_same_message_as_by_mlflows_client(store, by_client, experiment):
    with pytest.raises(TrackingError) as direct:
        tracking.runs(uri_of(store), experiment)
    with by_client(), pytest.raises(TrackingError, match=exactly(str(direct.value))):
        tracking.runs(uri_of(store), experiment)


def test_runs_of_one_key_are_read_as_the_newest_of_them(store):
    with database.connected(uri_of(store)) as connection:
        runs = database.finished_runs(connection, database.experiment_id(connection, "train"))
    assert [run.name for run in runs if run.tags.get("gdlab.key") == "a"] == ["first", "again"]
    assert list(newest_by_key(runs).values()) == [run for run in runs if run.name != "first"]


def test_only_what_is_asked_for_is_read(store):
    with database.connected(uri_of(store)) as connection:
        experiment = database.experiment_id(connection, "train")
        everything = database.finished_runs(connection, experiment)
        some = database.finished_runs(connection, experiment, tags=("gdlab.key", "gdlab.outcome"), params=False)
        late = database.finished_runs(connection, experiment, since=9500)
    assert [run.run_id for run in some] == [run.run_id for run in everything]
    assert all(set(run.tags) <= {"gdlab.key", "gdlab.outcome"} and not run.params for run in some)
    assert all(len(run.tags) > 3 and len(run.params) > 4 for run in everything)
    assert [run.end_time for run in everything if run.end_time >= 9500] == [run.end_time for run in late] == [9500]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_read_only_file_in_a_read_only_folder(copied, mode):
    with closing(sqlite3.connect(copied / "mlflow.db")) as changed:
        changed.execute(f"PRAGMA journal_mode = {mode}")
    expected, before = tracking.runs(uri_of(copied), "train"), files_of(copied)
    with read_only(copied):
        pd.testing.assert_frame_equal(tracking.runs(uri_of(copied), "train"), expected, check_exact=True)
    assert files_of(copied) == before


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_reading_changes_nothing_and_leaves_nothing_behind(copied, mode):
    with closing(sqlite3.connect(copied / "mlflow.db")) as changed:
        changed.execute(f"PRAGMA journal_mode = {mode}")
    before = files_of(copied)
    with database.connected(uri_of(copied)) as connection:
        database.finished_runs(connection, "1")
        with pytest.raises(sqlite3.OperationalError, match="attempt to write a readonly database"):
            connection.connection.execute("DELETE FROM runs")
    assert files_of(copied) == before


def test_everything_is_read_as_of_one_moment_while_others_write(copied):
    with closing(sqlite3.connect(copied / "mlflow.db")) as other:
        other.execute("PRAGMA journal_mode = wal")
        with database.connected(uri_of(copied)) as connection:
            before = database.finished_runs(connection, "1")
            with other:
                other.execute("DELETE FROM params")
                other.execute("UPDATE runs SET status = 'FAILED'")
            assert database.finished_runs(connection, "1") == before
        with pytest.raises(TrackingError, match="experiment 'train' in .* has no finished runs"):
            tracking.runs(uri_of(copied), "train")


def test_changes_that_cannot_be_merged_in_a_read_only_folder(copied, store):
    with closing(sqlite3.connect(copied / "mlflow.db")) as other:
        other.execute("PRAGMA journal_mode = wal")
        with other:
            other.execute("UPDATE runs SET name = 'changed'")
        files = files_of(copied)
    for name in ("mlflow.db", "mlflow.db-wal"):  # what is left when the program that writes is killed
        (copied / name).write_bytes(files[name])
    path = copied / "mlflow.db"
    message = (
        f"{path} cannot be read in its folder, which is read-only: changes to it are kept in mlflow.db-wal; "
        "copy both to another folder"
    )
    tracking.runs(uri_of(store), "train")  # imports what another user may not read
    with read_only(copied), pytest.raises(TrackingError, match=exactly(message)):
        tracking.runs(uri_of(copied), "train")
    for name in ("mlflow.db", "mlflow.db-wal"):
        (copied / name).chmod(0o644)
    assert set(tracking.runs(uri_of(copied), "train")["run_name"]) == {"changed"}


def with_schema(folder, schema):
    with closing(sqlite3.connect(folder / "mlflow.db")) as changed, changed:
        changed.execute("UPDATE alembic_version SET version_num = ?", (schema,))


@pytest.mark.parametrize(
    ("schema", "remedy"),
    [
        ("1b5f0d9ad7c1", "back it up, then run mlflow db upgrade {uri}"),
        ("0123456789ab", "install the MLflow that made it"),
    ],
    ids=["older", "unknown"],
)
def test_a_database_of_another_schema_is_refused_and_left_as_it_is(copied, schema, remedy):
    import mlflow

    with_schema(copied, schema)
    before, uri = files_of(copied), uri_of(copied)
    message = (
        f"tracking.uri={uri} has the database schema {schema}, but MLflow {mlflow.__version__} expects {SCHEMA}: "
        + remedy.format(uri=uri)
    )
    with pytest.raises(TrackingError, match=exactly(message)):
        tracking.runs(uri, "train")
    assert files_of(copied) == before


@pytest.mark.parametrize("content", [b"", None], ids=["empty", "another program's"])
def test_a_database_without_mlflows_tables(tmp_path, content):
    path = tmp_path / "mlflow.db"
    if content is None:
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("CREATE TABLE runs (run_uuid TEXT)")
    else:
        path.write_bytes(content)
    before, uri = files_of(tmp_path), uri_of(tmp_path)
    with pytest.raises(
        TrackingError, match=exactly(f"tracking.uri={uri} holds no tables of MLflow; launch a run first")
    ):
        tracking.runs(uri, "train")
    assert files_of(tmp_path) == before


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (
            "UPDATE params SET key = x'ff' WHERE key = 'seed'",
            "it is damaged: the rows of run .* have values of the wrong types",
        ),
        (
            "UPDATE latest_metrics SET value = 'words'",
            "it is damaged: the rows of run .* have values of the wrong types",
        ),
        ("DROP TABLE params", "no such table: params"),
    ],
)
def test_a_damaged_database_is_named_in_one_line(copied, damage, reason):
    with closing(sqlite3.connect(copied / "mlflow.db")) as changed, changed:
        changed.execute(damage)
    with pytest.raises(TrackingError, match=rf"\Atracking.uri={uri_of(copied)} cannot be used: .*{reason}\Z"):
        tracking.runs(uri_of(copied), "train")


def test_a_missing_driver_is_named():
    message = "tracking.uri=postgresql+pg8000://nobody@127.0.0.1/none needs the Python package pg8000: install it"
    with pytest.raises(TrackingError, match=exactly(message)):
        tracking.runs("postgresql+pg8000://nobody@127.0.0.1/none", "train")


def test_runs_are_read_without_importing_mlflow(store):
    code = (
        "import sys, gdlab; "
        f"print(len(gdlab.runs({uri_of(store)!r}, 'train')), [name for name in sys.modules if name == 'mlflow'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "5 []\n", done.stderr


def test_artifacts_are_found_in_a_project_that_was_moved(store, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    shutil.copy(store / "mlflow.db", old)
    runs = tracking.runs(uri_of(old), "train")
    with closing(sqlite3.connect(old / "mlflow.db")) as changed, changed:
        changed.execute("UPDATE runs SET artifact_uri = ? || run_uuid || '/artifacts'", (f"{old}/mlruns/1/",))
    for run_id in runs["run_id"]:
        folder = old / "mlruns" / "1" / run_id / "artifacts"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"step": [0], "cost": [25.0]}), folder / "trajectory.parquet")
    before = tracking.trajectories(tracking.runs(uri_of(old), "train"), uri_of(old))
    old.rename(new)
    runs = tracking.runs(uri_of(new), "train")
    pd.testing.assert_frame_equal(tracking.trajectories(runs, uri_of(new)), before)
    lost = runs["artifacts"].iloc[2]
    assert lost.startswith(f"{old}/")
    shutil.rmtree(new / "mlruns" / "1" / runs["run_id"].iloc[2])
    with pytest.raises(TrackingError, match=rf"has no trajectory.parquet: .*{lost}"):
        tracking.trajectories(runs, uri_of(new))
    assert not old.exists()
