"""Values, data and stores that cannot be used: one line that names the key and the rule, and no run opened."""

import numpy as np
import pytest
from commands import count, train

from gdlab import optimizers
from gdlab.problems.data.idx import write_idx

OPTIMIZERS = ", ".join(optimizers.OPTIMIZERS)
KEYS = "dry_run, measurement, optimizer, problem, record, resume, schedule, seed, seeds, stop, tracking"
FORM = "geomspace:START:STOP:COUNT, like geomspace:0.001:1000:25, with positive ends and a count of at least 2"

REFUSED = {
    "optimizer.learning_rate=-1": "optimizer.learning_rate must be greater than 0, got -1",
    "optimizer.learning_rate=abc": "optimizer.learning_rate must be a finite number, got 'abc'",
    "problem=parabola problem.start=[1,2]": "problem.start must have 1 coordinate, got 2: [1, 2]",
    "problem/data=digits problem.batch_size=1438": (
        "problem.batch_size must be a whole number from 1 to 1437 (the training set of digits), got 1438"
    ),
    "problem.hidden=[0]": "problem.hidden must be a whole number of at least 1, got 0",
    "resume=no": "resume must be true or false, got 'no'",
    "dry_run=off": "dry_run must be true or false, got 'off'",
    "measurement=basins": "measurement=basins needs a landscape that has minima, and the problem is network",
    "optimizer.name=os.system": f"optimizer.name must be one of {OPTIMIZERS}, got 'os.system'",
    "+optimizer.learning_rat=1": (
        "unknown key optimizer.learning_rat; valid keys of optimizer: learning_rate; did you mean learning_rate?"
    ),
    "+colour=red": f"unknown key colour; valid keys: {KEYS}",
    "tracking.uri=sqlite:///nowhere/mlflow.db": (
        "tracking.uri=sqlite:///nowhere/mlflow.db cannot be used: unable to open database file"
    ),
    "tracking.uri=mlflow": "tracking.uri must be like sqlite:///mlflow.db or http://host:5000, got 'mlflow'",
    "tracking.uri=http://127.0.0.1:1": (
        "tracking.uri=http://127.0.0.1:1: no server answers there ([Errno 111] Connection refused)"
    ),
    "hydra.launcher.workers=3": "hydra.launcher.workers is for sweeps: add -m",
    "hydra/launcher=basic": "hydra/launcher is for sweeps: add -m",
}
REFUSED_SWEEPS = {
    "optimizer.learning_rate=-1,-2": "optimizer.learning_rate must be greater than 0, got -1",
    "tracking.experiment=a,b": "tracking.experiment must be the same for all runs of a sweep, got a and b",
    "seed=0,1 hydra.launcher.workers=0": "hydra.launcher.workers must be a whole number of at least 1, got 0",
    "optimizer.learning_rate=geomspace:1:2": f"optimizer.learning_rate must be {FORM}, got geomspace:1:2",
    "seed=0,1 hydra.sweeper.zip=[[seed,x]]": "hydra.sweeper.zip names x, which this sweep does not vary",
    "hydra.sweeper.search={axis:seed,low:0,high:1}": "hydra.sweeper.search.low must be greater than 0, got 0",
    "hydra.sweeper.search={axis:seed}": "hydra.sweeper.search needs low and high, between which to search",
    "hydra.sweeper.search={axis:seed,low:little,high:1}": (
        "hydra.sweeper.search={axis:seed,low:little,high:1}: "
        "Value 'little' of type 'str' could not be converted to Float"
    ),
}


def assert_refused(done, message, folder):
    """It failed with this line, said nothing else, and opened no run."""
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"error: {message}\n")
    assert not count(folder, "FROM runs")


@pytest.mark.parametrize("arguments", REFUSED)
def test_what_cannot_be_run_is_said_in_one_line(arguments, tmp_path):
    assert_refused(train(tmp_path, *arguments.split()), REFUSED[arguments], tmp_path)


@pytest.mark.parametrize("arguments", REFUSED_SWEEPS)
def test_what_cannot_be_swept_is_said_in_one_line(arguments, tmp_path):
    assert_refused(train(tmp_path, "-m", "problem=parabola", *arguments.split()), REFUSED_SWEEPS[arguments], tmp_path)


def test_damaged_data_is_named(tmp_path):
    for part in ("train", "t10k"):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte", np.zeros((50, 28, 28)))
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte", np.zeros(50 if part == "train" else 49))
    done = train(tmp_path, "problem/data=mnist", f"problem.data.root={tmp_path}")
    labels = f"{tmp_path}/t10k-labels-idx1-ubyte"
    assert_refused(done, f"{labels} has 49 labels for the 50 images of t10k-images-idx3-ubyte", tmp_path)
