"""experiments/train.py, end to end: what a run leaves in MLflow, seeds, bad input."""

import math
import shutil
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml
from commands import ROOT, count, single_line, start, train, wait_until
from mlflow import MlflowClient
from mlflow.entities import ViewType

import gdlab
from gdlab.problems.data.idx import write_idx


def client_of(folder):
    return MlflowClient(f"sqlite:///{folder}/mlflow.db")


def all_runs(folder):
    client = client_of(folder)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return client.search_runs(experiments, run_view_type=ViewType.ALL)


def local(folder, run):
    return folder / run.info.artifact_uri


@pytest.fixture(scope="module")
def parabola(tmp_path_factory):
    """The walk of the lessons, tracked."""
    folder = tmp_path_factory.mktemp("parabola")
    arguments = ["problem=parabola", "problem.start=[5.0]", "optimizer.learning_rate=0.1", "stop.max_steps=7"]
    done = train(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_one_summary_line_and_the_link(parabola):
    _, done = parabola
    summary, link = done.stdout.splitlines()
    assert "budget at step 7 of 7, cost 1.09951" in summary
    assert link.startswith(
        "see it: mlflow ui --backend-store-uri sqlite:///mlflow.db, http://127.0.0.1:5000/#/experiments/"
    )
    assert link.endswith("?workflowType=machine_learning")
    assert done.stderr == ""


def test_metric_cost_has_the_lessons_values(parabola):
    folder, _ = parabola
    (run,) = all_runs(folder)
    history = client_of(folder).get_metric_history(run.info.run_id, "cost")
    values = {point.step: point.value for point in history}
    expected = [25, 16, 10.24, 6.5536, 4.194304, 2.68435456, 1.7179869184, 1.099511627776]
    assert list(values) == list(range(8))
    assert np.allclose(list(values.values()), expected, rtol=1e-14)


def test_what_a_run_leaves(parabola):
    folder, _ = parabola
    (run,) = all_runs(folder)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "problem=parabola start=[5.0] learning_rate=0.1 max_steps=7"
    params, tags, metrics = run.data.params, run.data.tags, run.data.metrics
    assert params["optimizer.learning_rate"] == "0.1"
    assert params["problem.start"] == "[5.0]"
    assert params["parameters"] == "1"
    assert params["seed"] == "0"
    assert tags["gdlab.kind"] == "run" and tags["gdlab.outcome"] == "budget"
    assert len(tags["gdlab.key"]) == 32
    assert tags["gdlab.version"] == gdlab.__version__
    assert metrics["final_cost"] == pytest.approx(1.099511627776) and metrics["steps"] == 7
    assert {"cost", "gradient_norm", "learning_rate"} <= metrics.keys()
    assert not {"batch_cost", "epoch", "step"} & metrics.keys()
    frame = pd.read_parquet(local(folder, run) / "trajectory.parquet")
    assert frame["step"].tolist() == list(range(8))
    config = yaml.safe_load((local(folder, run) / "config.yaml").read_text())
    assert config["problem"]["name"] == "parabola"
    with np.load(local(folder, run) / "theta.npz", allow_pickle=False) as theta:
        assert theta["start"].tolist() == [5]
        assert theta["end"] == pytest.approx([5 * 0.8**7])


@pytest.fixture(scope="module")
def networks(tmp_path_factory, empty_store):
    """Seed 0 twice, in two processes, and seed 1."""
    folder = tmp_path_factory.mktemp("networks")
    shutil.copy(empty_store, folder)
    for arguments in (["seed=0"], ["seed=0,1", "resume=false", "-m"]):
        done = train(folder, "stop.max_epochs=1", *arguments)
        assert done.returncode == 0, done.stderr
    runs = [run for run in all_runs(folder) if run.data.tags["gdlab.kind"] == "run"]
    return folder, sorted(runs, key=lambda run: (int(run.data.params["seed"]), run.info.start_time))


def contents(folder, run):
    with np.load(local(folder, run) / "theta.npz", allow_pickle=False) as theta:
        arrays = theta["start"].tobytes() + theta["end"].tobytes()
    return arrays, (local(folder, run) / "trajectory.parquet").read_bytes()


def test_one_seed_in_two_processes_gives_identical_bytes(networks):
    folder, (first, second, other) = networks
    assert contents(folder, first) == contents(folder, second)
    assert contents(folder, first)[0] != contents(folder, other)[0]
    assert contents(folder, first)[1] != contents(folder, other)[1]


def test_a_network_run_records_both_sets(networks):
    folder, (run, *_) = networks
    metrics = run.data.metrics
    expected = {"cost", "batch_cost", "gradient_norm", "learning_rate", "test_cost", "train_accuracy", "test_accuracy"}
    assert expected | {"final_cost", "final_accuracy", "best_accuracy", "steps"} <= metrics.keys()
    assert run.data.params["parameters"] == "13002"
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.name == "mnist_5k"
    assert '"train_examples": 4000' in dataset.dataset.profile
    frame = pd.read_parquet(local(folder, run) / "trajectory.parquet")
    assert math.isnan(frame["batch_cost"][0])
    assert metrics["final_accuracy"] == frame["test_accuracy"].iloc[-1]  # all 1,000 test examples are measured on
    assert metrics["best_accuracy"] == frame["test_accuracy"].max()
    assert metrics["final_cost"] == frame["cost"].iloc[-1] < frame["cost"][0]


def test_a_diverged_run_says_so_and_keeps_its_values(workplace):
    overrides = ["problem=parabola", "problem.start=[5.0]", "optimizer.learning_rate=1e200", "stop.max_steps=5"]
    done = train(workplace, *overrides)
    assert done.returncode == 0, done.stderr
    assert "diverged at step 1" in done.stdout
    (run,) = all_runs(workplace)
    assert run.data.tags["gdlab.outcome"] == "diverged"
    assert run.data.metrics["diverged_at"] == 1
    assert "final_cost" not in run.data.metrics
    assert all(math.isfinite(value) and abs(value) < 1e300 for value in run.data.metrics.values())
    frame = pd.read_parquet(local(workplace, run) / "trajectory.parquet")
    assert math.isinf(frame["cost"].iloc[-1])


def test_a_folder_of_idx_files_is_read(workplace):
    rng = np.random.default_rng(0)
    for part in ("train", "t10k"):
        write_idx(workplace / f"{part}-images-idx3-ubyte", rng.integers(0, 256, (50, 28, 28)))
        write_idx(workplace / f"{part}-labels-idx1-ubyte", rng.integers(0, 10, 50))
    done = train(workplace, "problem/data=mnist", f"problem.data.root={workplace}", "stop.max_epochs=1")
    assert done.returncode == 0, done.stderr
    (run,) = all_runs(workplace)
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.name == "mnist" and '"train_examples": 50' in dataset.dataset.profile


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_is_closed(workplace, number):
    process = start(workplace, "problem=bowl", "stop.max_steps=1000000000", "optimizer.learning_rate=1.0")
    try:
        wait_until(lambda: count(workplace, "FROM metrics"), process)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 128 + number
    assert single_line(errors).endswith(
        ": unfinished runs are marked KILLED; a sweep resumes when it is launched again"
    )
    (run,) = all_runs(workplace)
    assert run.info.status == "KILLED"
    assert client_of(workplace).get_metric_history(run.info.run_id, "cost")  # live: points came before the end


def test_help_and_errors_do_without_mlflow(tmp_path):
    code = (
        "import runpy, sys; sys.argv = ['train.py', *sys.argv[1:]]\n"
        f"sys.path.insert(0, {str(ROOT / 'experiments')!r})\n"
        f"try: runpy.run_path({str(ROOT / 'experiments' / 'train.py')!r}, run_name='__main__')\n"
        "except SystemExit: pass\n"
        "assert not {'mlflow', 'pandas', 'sklearn'} & sys.modules.keys()"
    )
    for arguments in (["--help"], ["optimizer.learning_rate=-1"], ["optimizer=sgdd"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
