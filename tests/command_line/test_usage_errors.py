"""Mistakes on the command line: one line each, which says how to correct it."""

import importlib.util
import signal

import pytest
from commands import single_line, start, train, wait_until

from gdlab.optimizers import OPTIMIZERS

TOP = "dry_run, experiment, measurement, optimizer, problem, record, resume, schedule, seed, seeds, stop, tracking"
RULES = ", ".join(OPTIMIZERS)
MISTAKES = {
    "lr=0.1": f"unknown key lr; valid keys: {TOP}; did you mean optimizer.learning_rate?",
    "learning_rate=0.1": f"unknown key learning_rate; valid keys: {TOP}; did you mean optimizer.learning_rate?",
    "optimizer.lr=0.1": "unknown key optimizer.lr; valid keys of optimizer: learning_rate, name; "
    "did you mean optimizer.learning_rate?",
    "optimizer=adam optimizer.beta=0.5": "unknown key optimizer.beta; valid keys of optimizer: beta1, beta2, epsilon, "
    "learning_rate, name; did you mean optimizer.beta2?",
    "optimiser=adam": f"unknown key optimiser; valid keys: {TOP}; did you mean optimizer=adam?",
    "data=mnist": f"unknown key data; valid keys: {TOP}; did you mean problem/data=mnist?",
    "dry-run=true": f"unknown key dry-run; valid keys: {TOP}; did you mean dry_run?",
    "~seeds.ini": "unknown key seeds.ini; valid keys of seeds: batches, fork, fork_step, init; did you mean "
    "seeds.init?",
    "hydra.launcher.worker=3": "unknown key hydra.launcher.worker; valid keys of hydra.launcher: address, engine, "
    "rows, workers; did you mean hydra.launcher.workers?",
    "problem=parabola problem/data=mnist": "problem/data does not apply to this configuration; valid keys of problem: "
    "center, curvature, dtype, name, start",
    "problem.data=mnist": "problem.data must be a section with the keys name, root, without, train_examples, "
    "label_noise, noise_seed, got 'mnist'; "
    "did you mean problem/data=mnist?",
    "optimizer=adm": f"optimizer must be one of {RULES}, got adm; did you mean adam?",
    "-m optimizer=adm,adam": f"optimizer must be one of {RULES}, got adm; did you mean adam?",
    "optimizer=null": f"optimizer must be one of {RULES}, got null",
    "stop=null": "stop must be one of epochs, steps, got null",
    "=3": "=3 has no key: write key=value",
    "optimizer": "cannot parse optimizer: write key=value",
    "~schedule": "schedule must not be removed",
    "record=always": "record must be a section with the keys points, spacing, sharpness, path, got 'always'",
    "tracking=off": "tracking must be one of server, sqlite, got off",
    "tracking=sever": "tracking must be one of server, sqlite, got sever; did you mean server?",
    "~tracking.uri": "tracking.uri must not be removed",
    "seed=abc": "seed must be a whole number of at least 0, got 'abc'",
    "seed=geomspace:1:100:3": "seed=geomspace:1:100:3 is for sweeps: add -m",
    "optimizer.learning_rate=0.1,1": "optimizer.learning_rate=0.1,1 has several values: add -m to sweep over them, or "
    "write [0.1,1] for a list",
    "sed=0,1": f"unknown key sed; valid keys: {TOP}; did you mean seed?",
    "optimizer=adam,rmsprop": "optimizer=adam,rmsprop has several values: add -m to sweep over them",
    "seed=range(3)": "seed=range(3) has several values: add -m",
    "-m seed=range(0)": "seed=range(0) has no values to sweep over",
    "-m seed=0,1 hydra.sweeper.zip=[a,b]": "hydra.sweeper.zip must be a list of lists of keys, like "
    "[[seed,problem.batch_size]], got [a,b]",
    "-m seed=0,1 hydra.launcher.workers=abc": "hydra.launcher.workers=abc: Value 'abc' of type 'str' could not be "
    "converted to Integer",
    "-m experiment=lr_parabola,basins": "a sweep has one experiment: launch one after the other",
    "--experiment lr_parabola": "unknown option --experiment; did you mean experiment=lr_parabola?",
    "--multirn seed=0,1": "unknown option --multirn; did you mean --multirun?",
    "-x": "unknown option -x",
    "~tracking": "tracking.uri must not be removed",
    "~seed": "seed must not be removed: seeds.init refers to it",
    "record=null": "record must be a section with the keys points, spacing, sharpness, path, got None",
    "optimizer=[1]": f"optimizer must be one of {RULES}, got [1]",
    "schedule==cosine": "cannot parse schedule==cosine: write key=value",
    "problem.hidden=[16": "cannot parse problem.hidden=[16: ] is missing",
    "problem.hidden=16]": "cannot parse problem.hidden=16]: one ] too many",
    "problem.data.name='mnist": "cannot parse problem.data.name='mnist: ' is missing",
    "problem.hidden={}": "problem.hidden must be a list, got {}",
    "hydra.run.dir=null": "hydra.run.dir must not be null",
    "+stop=steps": "stop is chosen already: write stop=…",
    "-m hydra.launcher._target_=os.system": "hydra.launcher._target_ must not be set: choose by name, like "
    "hydra/launcher=basic",
    "-m --cfg job": "Only one of --run, --multirun, --cfg, --info and --shell_completion can be specified",
}


@pytest.mark.parametrize("arguments", MISTAKES)
def test_a_mistake_is_one_line(arguments, tmp_path):
    done = train(tmp_path, *arguments.split())
    assert done.returncode != 0
    assert done.stdout == ""
    assert single_line(done.stderr) == f"error: {MISTAKES[arguments]}"
    assert not (tmp_path / "mlflow.db").exists()


def test_a_mistake_can_have_its_traceback(tmp_path):
    done = train(tmp_path, "lr=0.1", HYDRA_FULL_ERROR="1")
    assert done.returncode != 0
    assert "Traceback" in done.stderr and "Could not override 'lr'" in done.stderr


def test_a_sweeper_that_is_not_installed_says_how_to_install_it(tmp_path):
    if importlib.util.find_spec("hydra_plugins.hydra_optuna_sweeper"):
        pytest.skip("it is installed")
    done = train(tmp_path, "-m", "hydra/sweeper=optuna")
    assert single_line(done.stderr).endswith("got optuna; to install it: pip install hydra-optuna-sweeper")


def test_a_failing_job_leaves_the_others_of_the_basic_launcher_alone(workplace):
    done = train(workplace, "-m", "problem=parabola", "optimizer.learning_rate=0.1,-1,0.2", "hydra/launcher=basic")
    assert done.returncode != 0
    assert single_line(done.stderr) == "error: 1 of 3 runs failed: problem=parabola optimizer.learning_rate=-1"
    lines = [line for line in done.stdout.splitlines() if "HYDRA" not in line]
    assert lines[0].startswith("problem=parabola learning_rate=0.1: converged")
    assert lines[1].startswith("failed: problem=parabola learning_rate=-1: optimizer.learning_rate must be greater")
    assert lines[2].startswith("problem=parabola learning_rate=0.2: converged")


def test_ctrl_c_has_the_shells_exit_status(workplace):
    process = start(workplace, "problem=bowl", "stop.max_steps=1000000000", "optimizer.learning_rate=1.0")
    try:
        wait_until((workplace / "outputs").exists, process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 128 + signal.SIGINT
    assert single_line(errors).startswith("interrupted: unfinished runs are marked KILLED; a sweep resumes when")
