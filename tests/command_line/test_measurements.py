"""Measurements, end to end: tracked like runs, the same wherever they are made, reused like runs."""

import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from commands import train
from mlflow import MlflowClient

from gdlab.sweeps import configuration

BASINS = ("problem=double_well", "measurement=basins", "measurement.starts=21", "stop.max_steps=300")
SWEEP = ("-m", *BASINS, "optimizer.learning_rate=0.01,0.1")


@pytest.fixture(scope="module")
def launched(tmp_path_factory, empty_store):
    """Two measurements, and what the command said."""
    folder = tmp_path_factory.mktemp("basins")
    shutil.copy(empty_store, folder)
    done = train(folder, *SWEEP)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_a_measurement_is_tracked_like_a_run(launched):
    folder, _ = launched
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("train")
    runs = client.search_runs([experiment.experiment_id], "tags.`gdlab.kind` = 'run'")
    assert [(run.info.status, run.data.tags["gdlab.outcome"]) for run in runs] == [("FINISHED", "measured")] * 2
    assert {run.data.params["optimizer.learning_rate"] for run in runs} == {"0.01", "0.1"}
    for run in runs:
        table = pd.read_parquet(folder / run.info.artifact_uri / "measurement.parquet")
        assert list(table) == ["start1", "minimum", "steps", "cost"]
        assert table["start1"].tolist() == pytest.approx(np.linspace(-1.8, 1.8, 21))
        assert run.data.metrics == {
            "starts": 21,
            "fraction_global": (table["minimum"] == 0).mean(),
            "fraction_local": (table["minimum"] == 1).mean(),
            "fraction_unsettled": 0,
            "fraction_diverged": 0,
            "fraction_ridge": 0,
            "minima_reached": table["minimum"].nunique(),
        }
        kept = {path.name for path in (folder / run.info.artifact_uri).iterdir()}
        assert kept == {"config.yaml", "measurement.parquet"}


def test_a_sweep_of_measurements_ends_with_a_table_of_their_metrics(launched):
    _, done = launched
    lines = done.stdout.splitlines()
    assert lines[0].split()[:4] == ["run", "outcome", "starts", "fraction_global"]
    assert sorted(line.split()[:3] for line in lines[1:3]) == [
        [f"learning_rate={rate}", "measured", "21"] for rate in (0.01, 0.1)
    ]
    assert lines[3].startswith("2 runs: 2 trained (")


def test_a_measurement_is_the_same_in_a_worker_and_here(launched):
    folder, _ = launched
    paths = list(folder.glob("mlruns/**/measurement.parquet"))
    assert len(paths) == 2
    for path in paths:
        made_from = yaml.safe_load(path.with_name("config.yaml").read_text())
        here = configuration.build([made_from]).measure()
        pd.testing.assert_frame_equal(pd.read_parquet(path), pd.DataFrame(here.columns), check_exact=True)


def test_measurements_are_reused_when_launched_again(launched):
    folder, _ = launched
    done = train(folder, *SWEEP)
    assert done.stdout.startswith("2 of 2 runs finished before and are reused; resume=false trains them again\n")
    assert "2 runs: 0 trained, 2 reused (" in done.stdout
    assert len(list(folder.glob("mlruns/**/measurement.parquet"))) == 2


def test_a_single_measurement_says_its_metrics_in_one_line(workplace):
    done = train(workplace, *BASINS, "optimizer.learning_rate=0.01")
    assert done.returncode == 0, done.stderr
    line, _ = done.stdout.splitlines()
    assert ": starts 21, fraction_global 0.5" in line and line.endswith(" s)")
