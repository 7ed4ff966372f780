"""Values, data and stores that cannot be used: one line that names the key and the rule, and no run opened."""

import numpy as np
import pytest
from commands import count, single_line, train

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
    "problem=random_regression record.sharpness=always": (
        "record.sharpness=always needs a network or a landscape, and the problem is random_regression"
    ),
    "measurement=basins": "measurement=basins needs a landscape that has minima, and the problem is network",
    "optimizer.name=os.system": f"optimizer.name must be one of {OPTIMIZERS}, got 'os.system'",
    "+optimizer.learning_rat=1": (
        "unknown key optimizer.learning_rat; valid keys of optimizer: learning_rate; did you mean learning_rate?"
    ),
    "+colour=red": f"unknown key colour; valid keys: {KEYS}",
    "tracking.uri=sqlite:///nowhere/mlflow.db": (
        "tracking.uri=sqlite:///nowhere/mlflow.db cannot be used: the folder nowhere does not exist"
    ),
    "tracking.uri=mlflow": "tracking.uri must be like sqlite:///mlflow.db or http://host:5000, got 'mlflow'",
    "hydra.launcher.workers=3": "hydra.launcher.workers is for sweeps: add -m",
    "hydra/launcher=basic": "hydra/launcher is for sweeps: add -m",
    "tracking.uri=null": "tracking.uri must be like sqlite:///mlflow.db or http://host:5000, got None",
    "tracking.uri=[a]": "tracking.uri must be like sqlite:///mlflow.db or http://host:5000, got ['a']",
    "dry_run=true tracking.uri=sqlite:////": ("tracking.uri=sqlite://// cannot be used: / is a folder, not a file"),
    "tracking.experiment=5": "tracking.experiment must be a name or null, got 5",
    "problem/data=mnist problem.data.root=[1]": "problem.data.root must be a folder, got [1]",
    "problem.data.without=[1]": (
        "problem.data.without must be a whole number from 0 to 9 (the classes of mnist_5k), got [1]"
    ),
    "stop.max_steps=99999999999999999999999": (
        "stop.max_steps must be a whole number from 1 to 1000000000000000, got 99999999999999999999999"
    ),
    "record.points=100000000000": "record.points must be a whole number from 2 to 1000000, got 100000000000",
    "problem.curvature=${nope} problem=parabola": "problem.curvature refers to ${nope}, which is not a key",
    "hydra.run.dir=/proc/x": "hydra.run.dir=/proc/x cannot be used: No such file or directory",
    "measurement=scores measurement.outputs.shrug=[a]": ("measurement.outputs.shrug must be a finite number, got 'a'"),
    "measurement=batch_gradients measurement.sizes=5": (
        "measurement.sizes must be a list of whole numbers like [1, 16, 256], got 5"
    ),
}
REFUSED_SWEEPS = {
    "hydra.sweep.dir=/proc/x": "hydra.sweep.dir=/proc/x cannot be used: No such file or directory",
    "dry_run=true tracking.uri=sqlite:////": "tracking.uri=sqlite://// cannot be used: / is a folder, not a file",
    "hydra.sweeper.cases=['problem=nope']": (
        "problem is set by hydra.sweeper.cases: change it there, or give other cases"
    ),
    "hydra.sweeper.cases=['seed=1'] hydra.sweeper.search={axis:seed,low:1,high:2}": (
        "seed is set by hydra.sweeper.cases: change it there, or give other cases"
    ),
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


def test_a_network_that_no_memory_holds_is_refused(tmp_path):
    done = train(tmp_path, "problem.hidden=[1000000000]")
    message = "problem.hidden=[1000000000] makes 795,000,000,010 parameters: a run needs 12,720.0 GB of memory or more"
    assert done.returncode == 1
    assert single_line(done.stderr).startswith(f"error: {message}, and ")
    assert not (tmp_path / "mlflow.db").exists()


def test_failures_without_end_are_a_short_line(workplace):
    rates = ",".join(f"-{number}" for number in range(1, 31))
    done = train(workplace, "-m", "problem=parabola", f"optimizer.learning_rate=0.1,{rates}")
    lines = done.stdout.splitlines()
    assert sum(line.startswith("failed: learning_rate=-") for line in lines) == 20
    assert "… and 10 more failed" in lines
    named = "; ".join(f"problem=parabola optimizer.learning_rate=-{number}" for number in range(1, 6))
    assert single_line(done.stderr) == f"error: 30 of 31 runs failed: {named}; and 25 more"


def test_damaged_data_is_named(tmp_path):
    for part in ("train", "t10k"):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte", np.zeros((50, 28, 28)))
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte", np.zeros(50 if part == "train" else 49))
    done = train(tmp_path, "problem/data=mnist", f"problem.data.root={tmp_path}")
    labels = f"{tmp_path}/t10k-labels-idx1-ubyte"
    assert_refused(done, f"{labels} has 49 labels for the 50 images of t10k-images-idx3-ubyte", tmp_path)
