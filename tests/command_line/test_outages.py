"""Sweeps and runs whose tracking store is away, and what is done afterwards."""

import sqlite3
from contextlib import closing

import pytest
from commands import script, single_line, train
from stores import children_of, parents_of, results_of

SWEEP = ["-m", "problem=parabola", "stop.max_steps=5", "optimizer.learning_rate=0.1,0.2", "seed=0,1"]
IMPATIENT = "tracking.patience=0.5"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, empty_store):
    """What the sweep leaves when nothing is in its way."""
    folder = tmp_path_factory.mktemp("undisturbed")
    done = train(folder, *SWEEP)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return results_of(folder)


def sync(folder):
    return script(folder, "experiments/sync.py")


def test_a_sweep_into_a_locked_file_is_kept_and_sent_later(workplace, undisturbed):
    with closing(sqlite3.connect(workplace / "mlflow.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = train(workplace, *SWEEP, "tracking.patience=4")
        assert done.returncode == 1
        notice, waiting = done.stderr.strip().splitlines()
        assert notice.startswith("tracking: nothing can be logged now: database is locked; training goes on")
        assert waiting == "4 runs waiting in outbox/; to send: python experiments/sync.py"
        assert "4 runs: 4 trained" in done.stdout
        failed = sync(workplace)
        assert failed.returncode == 1 and single_line(failed.stderr).startswith("error: train: ")
        assert "database is locked" in failed.stderr
    sent = sync(workplace)
    assert (sent.returncode, sent.stdout, sent.stderr) == (0, "train: 7 runs sent to sqlite:///mlflow.db\n", "")
    assert results_of(workplace) == undisturbed
    (parent,) = parents_of(workplace)
    assert parent.info.status == "FINISHED" and not (workplace / "outbox").exists()
    again = sync(workplace)
    assert (again.returncode, again.stdout) == (0, "nothing waits in outbox/\n")


def test_what_waits_is_sent_by_the_next_sweep_and_not_trained_again(workplace, undisturbed):
    with closing(sqlite3.connect(workplace / "mlflow.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert train(workplace, *SWEEP, IMPATIENT).returncode == 1
    done = train(workplace, *SWEEP)
    assert done.returncode == 0, done.stderr
    assert "4 runs: 0 trained, 4 reused" in done.stdout
    assert results_of(workplace) == undisturbed and not (workplace / "outbox").exists()


def test_a_run_without_a_server_is_kept(tmp_path):
    done = train(tmp_path, "problem=parabola", "stop.max_steps=5", "tracking.uri=http://127.0.0.1:1", IMPATIENT)
    assert done.returncode == 1 and "cost" in done.stdout
    first, *_, last = done.stderr.strip().splitlines()
    assert first.startswith("tracking: no server answers at http://127.0.0.1:1 (Connection refused); training goes on")
    assert last == "1 run waiting in outbox/; to send: python experiments/sync.py"
    failed = sync(tmp_path)
    assert single_line(failed.stderr) == "error: train: no server answers at http://127.0.0.1:1 (Connection refused)"


def test_a_finished_run_that_lost_an_artifact_is_trained_again(workplace):
    assert train(workplace, *SWEEP).returncode == 0
    damaged = children_of(workplace)[0]
    (workplace / damaged.info.artifact_uri / "theta.npz").unlink()
    done = train(workplace, *SWEEP)
    assert "4 runs: 1 trained, 3 reused" in done.stdout
    statuses = sorted(run.info.status for run in children_of(workplace))
    assert statuses == ["FAILED", *["FINISHED"] * 4]
    assert len(results_of(workplace)) == 4
