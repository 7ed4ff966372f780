"""Mistakes on the command line: one line that says what is wrong and what to write, and no run opened."""

import numpy as np
import pytest
from commands import count, train

from gdlab.problems.data.idx import write_idx

KEYS = (
    "valid keys: dry_run, experiment, measurement, optimizer, problem, record, resume, schedule, seed, seeds, stop, "
    "tracking"
)
SECTIONS = KEYS.replace("experiment, ", "")  # what a run's configuration has
OPTIMIZERS = "adam, gradient_descent, momentum, nesterov, rmsprop, stale_gradient"
PROBLEMS = "bowl, double_well, himmelblau, network, parabola, rastrigin, ravine, rosenbrock, saddle"
FORM = "geomspace:START:STOP:COUNT, like geomspace:0.001:1000:25, with positive ends and a count of at least 2"

VALUES = {
    "optimizer.learning_rate=-1": "optimizer.learning_rate must be greater than 0, got -1",
    "optimizer.learning_rate=abc": "optimizer.learning_rate must be a finite number, got 'abc'",
    "seed=abc": "seed must be a whole number of at least 0, got 'abc'",
    "problem=parabola problem.start=[1,2]": "problem.start must have 1 coordinate, got 2: [1, 2]",
    "problem/data=digits problem.batch_size=1438": (
        "problem.batch_size must be a whole number from 1 to 1437 (the training set of digits), got 1438"
    ),
    "resume=no": "resume must be true or false, got 'no'",
    "dry_run=off": "dry_run must be true or false, got 'off'",
    "measurement=basins": "measurement=basins needs a landscape that has minima, and the problem is network",
    "optimizer.name=os.system": f"optimizer.name must be one of {OPTIMIZERS}, got 'os.system'",
    "record=always": "record must be a section with the keys points, spacing, sharpness, path, got 'always'",
    "tracking=off": "tracking must be a section with the keys uri, experiment, got 'off'",
    "~schedule": "schedule is missing, and must not be removed",
}
CHOICES = {
    "optimizer=sgdd": f"optimizer must be one of {OPTIMIZERS}, got sgdd",
    "optimizer=null": f"optimizer must be one of {OPTIMIZERS}, got null",
    "problem=null": f"problem must be one of {PROBLEMS}, got null",
    "problem.data=mnist": (
        "problem.data must be a section with the keys name, root, without, got 'mnist'; "
        "did you mean problem/data=mnist?"
    ),
}
NAMES = {
    "optimizer.learning_rat=1": (
        "unknown key optimizer.learning_rat; valid keys of optimizer: learning_rate, name; "
        "did you mean optimizer.learning_rate?"
    ),
    "+optimizer.learning_rat=1": (
        "unknown key optimizer.learning_rat; valid keys of optimizer: learning_rate; did you mean learning_rate?"
    ),
    "+colour=red": f"unknown key colour; {SECTIONS}",
    "lr=0.1": f"unknown key lr; {KEYS}; did you mean optimizer.learning_rate?",
    "optimiser=adam": f"unknown key optimiser; {KEYS}; did you mean optimizer=adam?",
    "data=mnist": f"unknown key data; {KEYS}; did you mean problem/data=mnist?",
    "dry-run=true": f"unknown key dry-run; {KEYS}; did you mean dry_run?",
    "--experiment x": "unknown option --experiment; did you mean experiment=x?",
}
PLACES = {
    "tracking.uri=sqlite:///nowhere/mlflow.db": (
        "tracking.uri=sqlite:///nowhere/mlflow.db cannot be used: unable to open database file"
    ),
    "tracking.uri=mlflow": "tracking.uri must be like sqlite:///mlflow.db or http://host:5000, got 'mlflow'",
    "tracking.uri=http://127.0.0.1:1": (
        "tracking.uri=http://127.0.0.1:1: no server answers there ([Errno 111] Connection refused)"
    ),
}
OF_SWEEPS = {
    "hydra.launcher.workers=3": "hydra.launcher.workers is for sweeps: add -m",
    "hydra/launcher=basic": "hydra/launcher is for sweeps: add -m",
    "optimizer.learning_rate=geomspace:0.01:100:9": (
        "optimizer.learning_rate=geomspace:0.01:100:9 is for sweeps: add -m"
    ),
}
SWEEPS = {
    "optimizer.learning_rate=-1,-2": "optimizer.learning_rate must be greater than 0, got -1",
    "tracking.experiment=a,b": "tracking.experiment must be the same for all runs of a sweep, got a and b",
    "experiment=lr_parabola,basins": "a sweep has one experiment: launch one after the other",
    "seed=range(0)": "seed=range(0) has no values to sweep over",
    "seed=0,1 hydra.launcher.workers=0": "hydra.launcher.workers must be a whole number of at least 1, got 0",
    "optimizer.learning_rate=geomspace:1:2": f"optimizer.learning_rate must be {FORM}, got geomspace:1:2",
    "optimizer=adam,sgdd": f"optimizer must be one of {OPTIMIZERS}, got sgdd",
    "seed=0,1 hydra.sweeper.zip=[[seed,x]]": "hydra.sweeper.zip names x, which this sweep does not vary",
    "hydra.sweeper.zip=[a,b]": (
        "hydra.sweeper.zip must be a list of lists of keys, like [[seed,problem.batch_size]], got [a,b]"
    ),
    "hydra.sweeper.search={axis:seed,low:0,high:1}": "hydra.sweeper.search.low must be greater than 0, got 0",
    "hydra.sweeper.search={axis:seed}": "hydra.sweeper.search needs low and high, between which to search",
    "hydra.sweeper.search={axis:seed,low:little,high:1}": (
        "hydra.sweeper.search={axis:seed,low:little,high:1}: "
        "Value 'little' of type 'str' could not be converted to Float"
    ),
}
MISTAKES = VALUES | CHOICES | NAMES | PLACES | OF_SWEEPS


def assert_refused(done, message, folder):
    """It failed with this line, said nothing else, and opened no run."""
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"error: {message}\n")
    assert not count(folder, "FROM runs")


@pytest.mark.parametrize("arguments", MISTAKES)
def test_a_mistake_is_one_line_that_says_what_to_write(arguments, tmp_path):
    assert_refused(train(tmp_path, *arguments.split()), MISTAKES[arguments], tmp_path)


@pytest.mark.parametrize("arguments", SWEEPS)
def test_a_mistake_in_a_sweep_is_one_line_too(arguments, tmp_path):
    assert_refused(train(tmp_path, "-m", "problem=parabola", *arguments.split()), SWEEPS[arguments], tmp_path)


def test_an_unparsable_override_is_named(tmp_path):
    done = train(tmp_path, "optimizer.learning_rate=[1")
    assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: cannot parse optimizer.learning_rate=[1: ")


def test_an_experiment_that_is_not_there_is_answered_with_those_that_are(tmp_path):
    done = train(tmp_path, "experiment=lr_parabole")
    assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: experiment must be one of basins, ")
    assert ", lr_parabola, " in done.stderr and "got lr_parabole" in done.stderr


def test_damaged_data_is_named(tmp_path):
    for part in ("train", "t10k"):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte", np.zeros((50, 28, 28)))
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte", np.zeros(50 if part == "train" else 49))
    done = train(tmp_path, "problem/data=mnist", f"problem.data.root={tmp_path}")
    labels = f"{tmp_path}/t10k-labels-idx1-ubyte"
    assert_refused(done, f"{labels} has 49 labels for the 50 images of t10k-images-idx3-ubyte", tmp_path)
