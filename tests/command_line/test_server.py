"""`make server`: PostgreSQL and MLflow on one machine, started, used, moved to, stopped."""

import argparse
import itertools
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import postgres
import psutil
import pytest
import serve
from commands import ROOT, of_living, script, single_line, train
from messages import exactly
from mlflow import MlflowClient
from servers import free_port
from stores import children_of, launched_here

SWEEP = ["-m", "problem=parabola", "stop.max_steps=3", "optimizer.learning_rate=0.1,0.2", "seed=0,1"]


@pytest.fixture(scope="module")
def public_folder():
    """A folder that every user may enter, as pytest's own are not: root leaves PostgreSQL to another."""
    try:
        postgres.binaries(postgres.Cluster.of(Path("none")))
        postgres._account()
    except postgres.PostgresError as error:
        pytest.skip(str(error))
    with tempfile.TemporaryDirectory(prefix="gdlab-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def running(public_folder):
    """A server's process, its address, and the line that it prints."""
    port = free_port()
    command = [sys.executable, str(ROOT / "experiments" / "serve.py"), f"--port={port}"]
    process = subprocess.Popen(command, cwd=public_folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process, f"http://127.0.0.1:{port}", process.stdout.readline()
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@pytest.fixture
def address(running):
    return running[1]


def test_it_says_in_one_line_how_to_use_it(running, public_folder):
    _, address, line = running
    launch = f"python experiments/train.py -m tracking=server tracking.uri={address} …"
    assert line == f"{address} serves {public_folder}/server; to use it: {launch}; Ctrl-C stops it\n"


def test_the_password_is_in_its_file_only(running, public_folder):
    process, _, line = running
    file = public_folder / "server" / "password"
    password = file.read_text().strip().rpartition(":")[2]
    assert len(password) >= 32 and stat.S_IMODE(file.stat().st_mode) == 0o600
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    shown = of_living(family, lambda member: " ".join(member.cmdline()) + str(member.environ()))
    assert len(shown) > 3 and not any(password in text for text in shown)
    logs = [path.read_text() for path in file.parent.glob("*.log")]
    assert len(logs) == 2 and not any(password in text for text in [line, *logs])


def test_the_database_listens_on_no_port(running):
    process, address, _ = running
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    connections = itertools.chain(*of_living(family, lambda member: member.net_connections("inet")))
    ports = [connection.laddr for connection in connections if connection.status == psutil.CONN_LISTEN]
    assert {f"http://{ip}:{port}" for ip, port in ports} == {address}


def test_a_second_one_is_refused(running, public_folder, address):
    again = script(public_folder, "experiments/serve.py")
    assert again.returncode == 1
    assert single_line(again.stderr) == f"error: a server runs on {public_folder}/server already: {address}"
    port = address.rpartition(":")[2]
    elsewhere = script(public_folder, "experiments/serve.py", "--folder=other", f"--port={port}")
    message = f"error: --port={port} cannot be used (Address already in use): choose another"
    assert single_line(elsewhere.stderr) == message


def test_a_sweep_is_logged_there(running, address, tmp_path):
    done = train(tmp_path, *SWEEP, "tracking=server", MLFLOW_TRACKING_URI=address)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "mlflow.db").exists() and not (tmp_path / "outbox").exists()
    client = MlflowClient(address)
    (parent,) = client.search_runs([client.get_experiment_by_name("train").experiment_id], "tags.`gdlab.kind`='sweep'")
    children = client.search_runs([parent.info.experiment_id], "tags.`gdlab.kind`='run'")
    assert {run.info.status for run in children} == {"FINISHED"} and len(children) == 4
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    names = {item.path for item in client.list_artifacts(children[0].info.run_id)}
    assert names == {"config.yaml", "trajectory.parquet", "theta.npz"}
    again = train(tmp_path, *SWEEP, "tracking=server", MLFLOW_TRACKING_URI=address)
    assert again.stdout.startswith("4 of 4 runs finished before and are reused")


def test_the_runs_of_a_file_are_moved_there(running, address, public_folder, here):
    launched_here(here, "problem=bowl", "stop.max_steps=3", seeds=2)
    (lost, _) = children_of(here)
    (here / lost.info.artifact_uri / "theta.npz").unlink()
    client = MlflowClient(f"sqlite:///{here}/mlflow.db")
    strange = client.create_run(lost.info.experiment_id)
    client.set_terminated(strange.info.run_id)
    open_run = client.create_run(lost.info.experiment_id, tags={"gdlab.kind": "run"})
    client.rename_experiment(lost.info.experiment_id, "moved")
    for _ in range(2):
        done = script(here, "experiments/move.py", f"--to={address}")
        assert (done.returncode, done.stdout) == (1, "moved: 3 runs on the server\n")  # with the sweep, and its cell
        assert sorted(done.stderr.splitlines()) == sorted(
            [
                f"moved: run {strange.info.run_id} is left out: it is not one of gdlab's",
                f"moved: run {lost.info.run_id} is left out: it lacks {lost.info.artifact_uri}/theta.npz",
            ]
        )
    there = MlflowClient(address)
    experiment = there.get_experiment_by_name("moved")
    assert experiment.tags == client.get_experiment_by_name("moved").tags
    moved = {run.info.run_id: run for run in there.search_runs([experiment.experiment_id])}
    left = [run for run in client.search_runs([lost.info.experiment_id]) if run.info.run_id in moved]
    assert len(left) == len(moved) == 3 and open_run.info.run_id not in moved
    for run in left:
        assert_equal(run, moved[run.info.run_id])
        folder = public_folder / "server" / "artifacts" / experiment.experiment_id / run.info.run_id / "artifacts"
        assert contents(folder) == contents(Path(run.info.artifact_uri))


def assert_equal(here, there):
    """Two stores have the same of a run."""
    assert here.data.to_dictionary() == there.data.to_dictionary()
    own = ("artifact_uri", "experiment_id")
    assert {k: v for k, v in dict(here.info).items() if k not in own} == {
        k: v for k, v in dict(there.info).items() if k not in own
    }
    assert [entry.to_dictionary() for entry in here.inputs.dataset_inputs] == [
        entry.to_dictionary() for entry in there.inputs.dataset_inputs
    ]


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_signal_stops_it_and_its_data_stay(running, public_folder):
    process, address, _ = running
    family = psutil.Process(process.pid).children(recursive=True)
    runs = len(MlflowClient(address).search_runs([MlflowClient(address).get_experiment_by_name("train").experiment_id]))
    process.send_signal(signal.SIGTERM)
    assert process.stdout.read() == "stopped\n"
    assert process.wait() == 0
    assert not psutil.wait_procs(family, timeout=10)[1]
    assert not (public_folder / "server" / "running.json").exists()
    import psycopg

    cluster = postgres.Cluster.of(public_folder / "server")
    with postgres.running(cluster) as (_, place):
        address = cluster.uri(place).replace("+psycopg", "")
        with psycopg.connect(address, passfile=str(cluster.password)) as database:
            (count,) = database.execute(
                "SELECT COUNT(*) FROM runs JOIN experiments USING (experiment_id) WHERE experiments.name = 'train'"
            ).fetchone()
    assert count == runs > 4


def test_a_cluster_without_its_password_is_refused(public_folder):
    data = public_folder / "forgotten" / "postgresql"
    data.mkdir(parents=True)
    message = f"{data.parent}/password is missing: the database in {data} needs it"
    with (
        pytest.raises(postgres.PostgresError, match=exactly(message)),
        postgres.running(postgres.Cluster.of(data.parent)),
    ):
        pass


def test_a_cluster_of_another_version_is_refused(public_folder):
    data = public_folder / "old" / "postgresql"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")
    with pytest.raises(postgres.PostgresError, match=rf"^{data} was made by PostgreSQL 9, and installed is \d+"):
        postgres.binaries(postgres.Cluster.of(data.parent))


def test_without_postgresql_it_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "PLACES", ())
    with pytest.raises(postgres.PostgresError, match=exactly(f"PostgreSQL is not installed: {postgres.INSTALL}")):
        postgres.binaries(postgres.Cluster.of(tmp_path))


def test_without_its_driver_it_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setattr(serve.importlib.util, "find_spec", lambda name: None)
    options = argparse.Namespace(folder=tmp_path, port=1, workers=1, upgrade=False)
    with pytest.raises(serve.ServerError, match=exactly("psycopg is not installed: pip install 'psycopg[binary]'")):
        serve.serve(options)


def test_what_a_killed_server_left_running_is_stopped(tmp_path):
    note = tmp_path / "running.json"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as left:
        serve.keep(note, "http://127.0.0.1:1", left)
        serve.end_left_over(note)
        assert not psutil.pid_exists(left.pid)
    serve.end_left_over(note)  # none of them runs any more


def test_a_process_that_only_has_the_number_is_left_alone(tmp_path):
    note = tmp_path / "running.json"
    note.write_text(json.dumps({"address": "", "processes": [[os.getpid(), 0.0]]}))
    serve.end_left_over(note)
